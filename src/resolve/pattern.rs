//! Shell patterns (`*`, `?`, `[…]`, `+(…)` and its kin) against known text.

use std::collections::BTreeSet;

/// Patterns that look at much text from every place of it are given up on (characters).
const SEARCH_LIMIT: usize = 1 << 13;
/// Patterns within patterns.
const DEPTH_LIMIT: usize = 30;

/// A pattern, ready to match.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    elements: Vec<Element>,
    /// The elements from the last to the first, to match from the end.
    backwards: Vec<Element>,
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
        };
        let elements = reader.sequence(false);
        Self {
            backwards: reversed(&elements),
            elements,
        }
    }

    /// Whether the pattern matches the whole text.
    #[must_use]
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        ends(&self.elements, &text, 0).contains(&text.len())
    }

    /// Whether what it matches depends on what one character is, which the locale decides.
    #[must_use]
    pub(super) fn counts_characters(&self) -> bool {
        !self
            .elements
            .iter()
            .all(|element| matches!(element, Element::Character(_) | Element::Many))
    }

    /// `text` without the shortest or longest prefix that matches.
    #[must_use]
    pub(super) fn remove_prefix<'a>(&self, text: &'a str, longest: bool) -> &'a str {
        let characters: Vec<char> = text.chars().collect();
        let found = ends(&self.elements, &characters, 0);
        let count = if longest { found.last() } else { found.first() };
        let count = count.copied().unwrap_or_default();
        let bytes: usize = characters.iter().take(count).map(|c| c.len_utf8()).sum();
        text.get(bytes..).unwrap_or(text)
    }

    /// `text` without the shortest or longest suffix that matches.
    #[must_use]
    pub(super) fn remove_suffix<'a>(&self, text: &'a str, longest: bool) -> &'a str {
        let characters: Vec<char> = text.chars().rev().collect();
        let found = ends(&self.backwards, &characters, 0);
        let count = if longest { found.last() } else { found.first() };
        let count = count.copied().unwrap_or_default();
        let bytes: usize = characters.iter().take(count).map(|c| c.len_utf8()).sum();
        text.get(..text.len().saturating_sub(bytes)).unwrap_or(text)
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
        let plain = |element: &Element| matches!(element, Element::Character(_));
        if characters.len() > SEARCH_LIMIT && !self.elements.iter().all(plain) {
            return None;
        }
        if self.elements.is_empty() && anchor.is_none() {
            return Some(text.to_owned());
        }
        if anchor == Some('%') {
            let reverse: Vec<char> = characters.iter().rev().copied().collect();
            let Some(count) = ends(&self.backwards, &reverse, 0).last().copied() else {
                return Some(text.to_owned());
            };
            let (head, matched) = characters.split_at_checked(characters.len() - count)?;
            let mut result: String = head.iter().collect();
            push_replacement(&mut result, replacement, matched);
            return Some(result);
        }
        let mut result = String::new();
        let mut at = 0;
        loop {
            let found = ends(&self.elements, &characters, at).last().copied();
            match found {
                // Matches of nothing between characters are bash's own affair.
                Some(end) if end == at && all && !characters.is_empty() => return None,
                Some(end) if end > at || at == 0 => {
                    push_replacement(&mut result, replacement, characters.get(at..end)?);
                    at = end;
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

/// Where a match that begins at `start` may end.
fn ends(elements: &[Element], text: &[char], start: usize) -> BTreeSet<usize> {
    let mut places = BTreeSet::from([start]);
    for element in elements {
        let Some(first) = places.first().copied() else {
            return places;
        };
        places = match element {
            Element::Many => (first..=text.len()).collect(),
            Element::Group { kind, alternatives } => group(*kind, alternatives, text, &places),
            one => places
                .iter()
                .filter(|at| {
                    text.get(**at)
                        .is_some_and(|character| fits(one, *character))
                })
                .map(|at| at + 1)
                .collect(),
        };
    }
    places
}

fn group(
    kind: char,
    alternatives: &[Vec<Element>],
    text: &[char],
    places: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let once = |from: &BTreeSet<usize>| -> BTreeSet<usize> {
        from.iter()
            .flat_map(|at| alternatives.iter().map(move |inner| (inner, *at)))
            .flat_map(|(inner, at)| ends(inner, text, at))
            .collect()
    };
    match kind {
        '?' => places | &once(places),
        '@' => once(places),
        '!' => places
            .iter()
            .flat_map(|at| {
                let not = once(&BTreeSet::from([*at]));
                (*at..=text.len()).filter(move |end| !not.contains(end))
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
                found.extend(&fresh);
                fresh = once(&fresh);
            }
            found
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
            assert_eq!(pattern(text).matches(subject), expected, "{text} {subject}");
        }
    }

    #[test]
    fn parts_are_removed_and_replaced() {
        assert_eq!(pattern("*/").remove_prefix("a/b/c", false), "b/c");
        assert_eq!(pattern("*/").remove_prefix("a/b/c", true), "c");
        assert_eq!(pattern(".*").remove_suffix("a.tar.gz", false), "a.tar");
        assert_eq!(pattern(".*").remove_suffix("a.tar.gz", true), "a");
        assert_eq!(pattern("+([0-9])").remove_suffix("foo123", true), "foo");
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
