//! Shell patterns (`*`, `?`, `[…]`, `+(…)` and its kin) against known text.

use std::cell::Cell;
use std::collections::BTreeSet;

/// Steps of one match. Groups within groups, and patterns that are tried from every place of a
/// text, would take many more: then it is not known whether they match.
const STEP_LIMIT: usize = 1 << 18;
/// A text does not grow beyond this when it is changed (bytes).
const LENGTH_LIMIT: usize = 4 << 20;
/// Patterns within patterns.
const DEPTH_LIMIT: usize = 30;

/// A pattern, ready to match.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    elements: Vec<Element>,
    /// The elements from the last to the first, to match from the end.
    backwards: Vec<Element>,
    /// Steps that were taken.
    work: Cell<usize>,
}

/// One use of a pattern on a text.
struct Search<'t> {
    text: &'t [char],
    left: Cell<usize>,
}

#[derive(Clone, Debug)]
enum Element {
    Character(char),
    Any,
    Many,
    Bracket {
        negated: bool,
        members: Vec<Member>,
    },
    /// `?(…)` and its kin: how often one of the alternatives may stand there.
    Group {
        kind: char,
        alternatives: Vec<Vec<Element>>,
    },
}

#[derive(Clone, Debug)]
enum Member {
    Range(char, char),
    Class(String),
}

/// What replaces a match: `None` stands for the match itself (`&`).
pub(super) type Replacement = Vec<Option<String>>;

impl Pattern {
    /// Reads a pattern. In it, a backslash quotes the next character; `groups` says whether
    /// `+(…)` is special.
    #[must_use]
    pub(super) fn new(text: &str, groups: bool, fold: bool) -> Self {
        let characters: Vec<char> = if fold {
            text.chars().flat_map(char::to_lowercase).collect()
        } else {
            text.chars().collect()
        };
        let mut reader = Reader {
            characters: &characters,
            at: 0,
            groups,
            depth: 0,
            unclosed: BTreeSet::new(),
            brackets_end: characters.iter().rposition(|c| *c == ']').unwrap_or(0),
        };
        let elements = reader.sequence(false);
        Self {
            backwards: reversed(&elements),
            elements,
            work: Cell::default(),
        }
    }

    /// The steps that were taken since this was asked last.
    pub(super) fn work(&self) -> usize {
        self.work.take()
    }

    /// What `look` finds in a text; `None` where it takes too long.
    fn search<T>(&self, text: &[char], look: impl FnOnce(&Search<'_>) -> T) -> Option<T> {
        let search = Search {
            text,
            left: Cell::new(STEP_LIMIT),
        };
        let found = look(&search);
        let left = search.left.get();
        self.work.set(self.work.get() + STEP_LIMIT - left);
        (left > 0).then_some(found)
    }

    /// Whether the pattern matches the whole text; `None` where it would take too long.
    #[must_use]
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        self.search(&text, |search| {
            search.ends(&self.elements, 0).contains(&text.len())
        })
    }

    /// Whether what it matches depends on what one character is, which the locale decides.
    #[must_use]
    pub(super) fn counts_characters(&self) -> bool {
        !self
            .elements
            .iter()
            .all(|element| matches!(element, Element::Character(_) | Element::Many))
    }

    /// `text` without the shortest or longest prefix that matches; `None` where it would take too
    /// long.
    #[must_use]
    pub(super) fn remove_prefix<'a>(&self, text: &'a str, longest: bool) -> Option<&'a str> {
        let characters: Vec<char> = text.chars().collect();
        text.get(self.matched(&self.elements, &characters, longest)?..)
    }

    /// `text` without the shortest or longest suffix that matches; `None` where it would take too
    /// long.
    #[must_use]
    pub(super) fn remove_suffix<'a>(&self, text: &'a str, longest: bool) -> Option<&'a str> {
        let characters: Vec<char> = text.chars().rev().collect();
        let matched = self.matched(&self.backwards, &characters, longest)?;
        text.get(..text.len().checked_sub(matched)?)
    }

    /// How many bytes at the start of a text match.
    fn matched(&self, elements: &[Element], text: &[char], longest: bool) -> Option<usize> {
        let found = self.search(text, |search| search.ends(elements, 0))?;
        let count = if longest { found.last() } else { found.first() };
        let matched = text.iter().take(count.copied().unwrap_or_default());
        Some(matched.map(|character| character.len_utf8()).sum())
    }

    /// `${text/pattern/replacement}` and its forms; `None` where it would take too long.
    #[must_use]
    pub(super) fn replace(
        &self,
        text: &str,
        replacement: &Replacement,
        all: bool,
        anchor: Option<char>,
    ) -> Option<String> {
        let characters: Vec<char> = text.chars().collect();
        if self.elements.is_empty() && anchor.is_none() {
            return Some(text.to_owned());
        }
        if anchor == Some('%') {
            let reverse: Vec<char> = characters.iter().rev().copied().collect();
            let found = self.search(&reverse, |search| search.ends(&self.backwards, 0))?;
            let Some(count) = found.last().copied() else {
                return Some(text.to_owned());
            };
            let (head, matched) = characters.split_at_checked(characters.len() - count)?;
            let mut result: String = head.iter().collect();
            push_replacement(&mut result, replacement, matched);
            return Some(result);
        }
        let replaced = |search: &Search<'_>| self.replaced(search, replacement, all, anchor);
        self.search(&characters, replaced)?
    }

    fn replaced(
        &self,
        search: &Search<'_>,
        replacement: &Replacement,
        all: bool,
        anchor: Option<char>,
    ) -> Option<String> {
        let characters = search.text;
        let mut result = String::new();
        let mut at = 0;
        loop {
            let found = search.ends(&self.elements, at).last().copied();
            match found {
                // Matches of nothing between characters are bash's own affair.
                Some(end) if end == at && all && !characters.is_empty() => return None,
                Some(end) if end > at || at == 0 => {
                    push_replacement(&mut result, replacement, characters.get(at..end)?);
                    at = end;
                    if result.len() > LENGTH_LIMIT {
                        return None;
                    }
                    if !all || anchor.is_some() || at >= characters.len() {
                        break;
                    }
                }
                _ if anchor.is_some() => break,
                _ => {
                    let Some(character) = characters.get(at) else {
                        break;
                    };
                    result.push(*character);
                    at += 1;
                }
            }
        }
        result.extend(characters.get(at..).unwrap_or_default());
        Some(result)
    }
}

fn push_replacement(result: &mut String, replacement: &Replacement, matched: &[char]) {
    for piece in replacement {
        match piece {
            Some(text) => result.push_str(text),
            None => result.extend(matched),
        }
    }
}

fn reversed(elements: &[Element]) -> Vec<Element> {
    let turn = |element: &Element| match element {
        Element::Group { kind, alternatives } => Element::Group {
            kind: *kind,
            alternatives: alternatives.iter().map(|inner| reversed(inner)).collect(),
        },
        other => other.clone(),
    };
    elements.iter().rev().map(turn).collect()
}

impl Search<'_> {
    /// Where a match that begins at `start` may end.
    fn ends(&self, elements: &[Element], start: usize) -> BTreeSet<usize> {
        let mut places = BTreeSet::from([start]);
        for element in elements {
            let Some(first) = places.first().copied() else {
                return places;
            };
            if !self.step(places.len()) {
                return BTreeSet::new();
            }
            places = match element {
                Element::Many => self.from(first),
                Element::Group { kind, alternatives } => self.group(*kind, alternatives, &places),
                one => places
                    .iter()
                    .filter(|at| {
                        self.text
                            .get(**at)
                            .is_some_and(|character| fits(one, *character))
                    })
                    .map(|at| at + 1)
                    .collect(),
            };
        }
        places
    }

    /// Takes so many steps; false where there are no more.
    fn step(&self, count: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(count));
        self.left.get() > 0
    }

    /// Every place from one on.
    fn from(&self, first: usize) -> BTreeSet<usize> {
        let places = first..=self.text.len();
        match self.step(places.clone().count()) {
            true => places.collect(),
            false => BTreeSet::new(),
        }
    }

    fn group(
        &self,
        kind: char,
        alternatives: &[Vec<Element>],
        places: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let once = |from: &BTreeSet<usize>| -> BTreeSet<usize> {
            from.iter()
                .flat_map(|at| alternatives.iter().map(move |inner| (inner, *at)))
                .flat_map(|(inner, at)| self.ends(inner, at))
                .collect()
        };
        match kind {
            '?' => places | &once(places),
            '@' => once(places),
            '!' => places
                .iter()
                .flat_map(|at| {
                    let not = once(&BTreeSet::from([*at]));
                    let mut others = self.from(*at);
                    others.retain(|end| !not.contains(end));
                    others
                })
                .collect(),
            _ => {
                let mut found = if kind == '*' {
                    places.clone()
                } else {
                    BTreeSet::new()
                };
                let mut fresh = once(places);
                while !fresh.is_subset(&found) {
                    fresh.retain(|place| !found.contains(place));
                    found.extend(&fresh);
                    fresh = once(&fresh);
                }
                found
            }
        }
    }
}

fn fits(element: &Element, character: char) -> bool {
    match element {
        Element::Character(expected) => *expected == character,
        Element::Any => true,
        Element::Bracket { negated, members } => {
            let within = |member: &Member| match member {
                Member::Range(from, to) => (*from..=*to).contains(&character),
                Member::Class(class) => in_class(class, character),
            };
            members.iter().any(within) != *negated
        }
        Element::Many | Element::Group { .. } => false,
    }
}

fn in_class(class: &str, character: char) -> bool {
    match class {
        "alpha" => character.is_alphabetic(),
        "digit" => character.is_ascii_digit(),
        "alnum" => character.is_alphanumeric(),
        "upper" => character.is_uppercase(),
        "lower" => character.is_lowercase(),
        "space" => character.is_whitespace(),
        "punct" => character.is_ascii_punctuation(),
        "xdigit" => character.is_ascii_hexdigit(),
        "blank" => matches!(character, ' ' | '\t'),
        "cntrl" => character.is_control(),
        "print" => !character.is_control(),
        "graph" => !character.is_control() && !character.is_whitespace(),
        "word" => character.is_alphanumeric() || character == '_',
        _ => false,
    }
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    groups: bool,
    depth: usize,
    /// Where groups begin that are never closed.
    unclosed: BTreeSet<usize>,
    /// No bracket expression is closed from here on.
    brackets_end: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    /// Up to the end, or to the `|` or `)` of the group that it stands in.
    fn sequence(&mut self, inside: bool) -> Vec<Element> {
        let mut elements = Vec::new();
        while let Some(character) = self.peek(0) {
            if inside && matches!(character, '|' | ')') {
                break;
            }
            if self.groups
                && "?*+@!".contains(character)
                && self.peek(1) == Some('(')
                && self.depth < DEPTH_LIMIT
                && !self.unclosed.contains(&self.at)
                && let Some(group) = self.group(character)
            {
                elements.push(group);
                continue;
            }
            self.at += 1;
            elements.push(match character {
                '*' => Element::Many,
                '?' => Element::Any,
                '[' => self.bracket().unwrap_or(Element::Character('[')),
                '\\' => {
                    let quoted = self.peek(0);
                    self.at += usize::from(quoted.is_some());
                    Element::Character(quoted.unwrap_or('\\'))
                }
                other => Element::Character(other),
            });
        }
        elements
    }

    /// `None`, and nothing read, if it is never closed.
    fn group(&mut self, kind: char) -> Option<Element> {
        let start = self.at;
        self.at += 2;
        self.depth += 1;
        let mut alternatives = Vec::new();
        loop {
            alternatives.push(self.sequence(true));
            let end = self.peek(0);
            self.at += 1;
            match end {
                Some('|') => {}
                Some(_) => break,
                None => {
                    self.at = start;
                    self.unclosed.insert(start);
                    self.depth -= 1;
                    return None;
                }
            }
        }
        self.depth -= 1;
        Some(Element::Group { kind, alternatives })
    }

    /// A bracket expression after its `[`; `None`, and nothing read, if it is never closed.
    fn bracket(&mut self) -> Option<Element> {
        let start = self.at;
        if start > self.brackets_end {
            return None;
        }
        let found = self.bracket_members();
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn bracket_members(&mut self) -> Option<Element> {
        let negated = matches!(self.peek(0), Some('!' | '^'));
        self.at += usize::from(negated);
        let first = self.at;
        let mut members = Vec::new();
        loop {
            match self.peek(0)? {
                ']' if self.at > first => {
                    self.at += 1;
                    return Some(Element::Bracket { negated, members });
                }
                '[' if self.peek(1) == Some(':') => {
                    let rest = self.characters.get(self.at + 2..)?;
                    let length = rest.iter().position(|c| *c == ':')?;
                    members.push(Member::Class(rest.get(..length)?.iter().collect()));
                    self.at += length + 4;
                }
                _ => {
                    let from = self.member()?;
                    let ranges = self.peek(0) == Some('-') && self.peek(1)? != ']';
                    let to = if ranges {
                        self.at += 1;
                        self.member()?
                    } else {
                        from
                    };
                    members.push(Member::Range(from, to));
                }
            }
        }
    }

    fn member(&mut self) -> Option<char> {
        if self.peek(0)? == '\\' {
            self.at += 1;
        }
        let member = self.peek(0)?;
        self.at += 1;
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, true, false)
    }

    #[test]
    fn patterns_match_as_in_the_shell() {
        for (text, subject, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[[:digit:]]*", "7up", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("*.tar.*", "a.tar.gz", true),
            ("[", "[", true),
            ("+([0-9])", "123", true),
            ("+([0-9])", "", false),
            ("!(a|b)", "c", true),
            ("!(a|b)", "b", false),
            ("@(foo|ba?)x", "barx", true),
            ("a?(b)c", "ac", true),
            ("*(ab|c)d", "abcabd", true),
            ("+(a", "+(a", true),
        ] {
            assert_eq!(
                pattern(text).matches(subject),
                Some(expected),
                "{text} {subject}"
            );
        }
    }

    #[test]
    fn parts_are_removed_and_replaced() {
        assert_eq!(pattern("*/").remove_prefix("a/b/c", false), Some("b/c"));
        assert_eq!(pattern("*/").remove_prefix("a/b/c", true), Some("c"));
        assert_eq!(
            pattern(".*").remove_suffix("a.tar.gz", false),
            Some("a.tar")
        );
        assert_eq!(pattern(".*").remove_suffix("a.tar.gz", true), Some("a"));
        assert_eq!(
            pattern("+([0-9])").remove_suffix("foo123", true),
            Some("foo")
        );
        let replace = |text: &str, found: &str, by: &str, all, anchor| {
            let by = vec![Some(by.to_owned())];
            pattern(found).replace(text, &by, all, anchor).unwrap()
        };
        assert_eq!(replace("xay", "a", "b", false, None), "xby");
        assert_eq!(replace("aXaXa", "X", "-", true, None), "a-a-a");
        assert_eq!(replace("abc", "a", "r", false, Some('#')), "rbc");
        assert_eq!(replace("abc", "c", "m", false, Some('%')), "abm");
        assert_eq!(replace("abc", "", "m", false, Some('%')), "abcm");
        assert_eq!(replace("abc", "", "m", false, Some('#')), "mabc");
        let around = vec![Some("[".to_owned()), None, Some("]".to_owned())];
        let found = pattern("b").replace("abc", &around, false, None);
        assert_eq!(found.as_deref(), Some("a[b]c"));
    }
}
