//! make's functions: `$(patsubst …)`, `$(shell …)`, `$(call …)`.

use std::collections::{BTreeMap, BTreeSet};

use super::Make;
use super::expand::shortened;
use super::variable::{Body, find_outside};
use super::words;
use crate::context::glob;
use crate::resolve::{Part, Redirection, RedirectionKind, Text};
use crate::world::PathStatus;

/// The functions, with how many arguments each takes; 0 is any number.
const FUNCTIONS: &[(&str, usize)] = &[
    ("abspath", 1),
    ("addprefix", 2),
    ("addsuffix", 2),
    ("and", 0),
    ("basename", 1),
    ("call", 0),
    ("dir", 1),
    ("error", 1),
    ("eval", 1),
    ("file", 2),
    ("filter", 2),
    ("filter-out", 2),
    ("findstring", 2),
    ("firstword", 1),
    ("flavor", 1),
    ("foreach", 3),
    ("guile", 1),
    ("if", 3),
    ("info", 1),
    ("intcmp", 5),
    ("join", 2),
    ("lastword", 1),
    ("let", 3),
    ("notdir", 1),
    ("or", 0),
    ("origin", 1),
    ("patsubst", 3),
    ("realpath", 1),
    ("shell", 1),
    ("sort", 1),
    ("strip", 1),
    ("subst", 3),
    ("suffix", 1),
    ("value", 1),
    ("warning", 1),
    ("wildcard", 1),
    ("word", 2),
    ("wordlist", 3),
    ("words", 1),
];

/// Iterations of a `foreach`, and files that a `wildcard` names.
const LIST_LIMIT: usize = 4000;

/// The arguments of a function as they stand, apart at commas outside of brackets.
fn arguments(text: &str, most: usize, open: char, close: char) -> Vec<&str> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
        } else if letter == ',' && depth == 0 && (most == 0 || found.len() + 1 < most) {
            found.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    found.push(text.get(start..).unwrap_or_default());
    found
}

impl Make<'_> {
    /// The value of a reference that is a call of a function; `None` if it is a variable's.
    pub(super) fn function(&mut self, inner: &str, open: char, close: char) -> Option<Text> {
        let (name, rest) = inner.split_once([' ', '\t'])?;
        let at = FUNCTIONS
            .binary_search_by_key(&name, |(known, _)| known)
            .ok()?;
        let (name, most) = FUNCTIONS.get(at)?;
        let raw = arguments(rest.trim_start(), *most, open, close);
        let source = || Text::unknown(shortened(&format!("$({inner})")));
        Some(match *name {
            "if" => self.choose(&raw),
            "or" => self.first_of(&raw),
            "and" => self.all_of(&raw),
            "foreach" => self.for_each(&raw).unwrap_or_else(source),
            "call" => self.call_function(&raw),
            // Older makes do not have them, and take them for variables.
            "let" | "intcmp" if self.choices.take(2) == 1 => Text::empty(),
            "let" => self.bind(&raw),
            "intcmp" => self.compare(&raw),
            _ => {
                let given: Vec<Text> = raw.iter().map(|text| self.expand(text)).collect();
                self.apply(name, &given).unwrap_or_else(source)
            }
        })
    }

    /// A function of expanded arguments; `None` if its value is not known.
    fn apply(&mut self, name: &str, given: &[Text]) -> Option<Text> {
        let last = given.last().cloned().unwrap_or_default();
        let exact = |index: usize| given.get(index).and_then(Text::exact).map(str::to_owned);
        Some(match name {
            "shell" => {
                let text = given.first().cloned().unwrap_or_default();
                return Some(self.shell(&text));
            }
            "eval" => {
                let text = given.first().cloned().unwrap_or_default();
                self.evaluate(&text);
                Text::empty()
            }
            "file" => {
                self.write_file(given.first()?);
                Text::empty()
            }
            "guile" => {
                let place = self.place.clone();
                self.findings.opaque(
                    "make runs a program in Guile, which guard does not read",
                    &place,
                );
                return None;
            }
            "info" | "warning" | "error" => Text::empty(),
            "subst" => {
                let (from, to) = (exact(0)?, exact(1)?);
                let mut text = Text::empty();
                for part in last.parts() {
                    match part {
                        Part::Known(known) if !from.is_empty() => {
                            text.push_known(&known.replace(&from, &to));
                        }
                        Part::Known(known) => text.push_known(&format!("{known}{to}")),
                        other => text.push(other.clone()),
                    }
                }
                text
            }
            "patsubst" => {
                let (from, to) = (exact(0)?, exact(1)?);
                words::map(&last, |word| {
                    Some(words::substituted(from.trim(), to.trim_start(), word))
                })
            }
            "strip" => words::join(words::words(&last)),
            "findstring" => {
                let (wanted, text) = (exact(0)?, exact(1)?);
                let found = text.contains(&wanted);
                Text::known(if found { wanted } else { String::new() })
            }
            "filter" | "filter-out" => {
                let patterns = exact(0)?;
                let keeps = name == "filter";
                words::map(&last, |word| {
                    let mut patterns = patterns.split_ascii_whitespace();
                    let fits = patterns.any(|pattern| words::stem(pattern, word).is_some());
                    (fits == keeps).then(|| word.to_owned())
                })
            }
            "sort" => {
                let all = words::words(&last);
                let known: BTreeSet<&str> = all.iter().filter_map(Text::exact).collect();
                let known = known.into_iter().map(Text::known);
                let others = all.iter().filter(|word| word.exact().is_none()).cloned();
                words::join(known.chain(others))
            }
            "word" => {
                let index: usize = exact(0)?.trim().parse().ok()?;
                return nth(&last, index);
            }
            "firstword" => return nth(&last, 1),
            "lastword" => {
                let all = words::words(&last);
                match all.last() {
                    Some(word) => Text::known(word.exact()?),
                    None => Text::empty(),
                }
            }
            "wordlist" => {
                let from: usize = exact(0)?.trim().parse().ok()?;
                let to: usize = exact(1)?.trim().parse().ok()?;
                let all = last.exact()?;
                let all = all.split_ascii_whitespace();
                let some = all.skip(from.saturating_sub(1));
                let some = some.take((to + 1).saturating_sub(from));
                words::join(some.map(Text::known))
            }
            "words" => Text::known(last.exact()?.split_ascii_whitespace().count().to_string()),
            "dir" => words::map(&last, |word| Some(words::directory(word))),
            "notdir" => words::map(&last, |word| Some(words::file(word).to_owned())),
            "suffix" => words::map(&last, |word| words::suffix(word).map(str::to_owned)),
            "basename" => words::map(&last, |word| {
                let suffix = words::suffix(word).unwrap_or_default();
                Some(word.strip_suffix(suffix).unwrap_or(word).to_owned())
            }),
            "addprefix" => {
                let affix = given.first()?;
                words::join(words::words(&last).into_iter().map(|word| {
                    let mut text = affix.clone();
                    text.append(word);
                    text
                }))
            }
            "addsuffix" => {
                let affix = given.first()?;
                words::join(words::words(&last).into_iter().map(|mut word| {
                    word.append(affix.clone());
                    word
                }))
            }
            "join" => {
                let (left, right) = (exact(0)?, exact(1)?);
                let mut left = left.split_ascii_whitespace();
                let mut right = right.split_ascii_whitespace();
                let mut joined = Vec::new();
                loop {
                    let (one, other) = (left.next(), right.next());
                    if one.is_none() && other.is_none() {
                        break words::join(joined);
                    }
                    let pair = [one.unwrap_or_default(), other.unwrap_or_default()].concat();
                    joined.push(Text::known(pair));
                }
            }
            "wildcard" => return self.wildcard(last.exact()?),
            "abspath" | "realpath" => {
                let here = self.directory.to_string_lossy().into_owned();
                let world = self.call.world;
                words::map(&last, |word| {
                    let path = words::absolute(&here, word);
                    if name == "abspath" {
                        return Some(path);
                    }
                    let path = std::path::Path::new(&path);
                    let there = world.status(path) != PathStatus::Missing;
                    let real = world.canonical(path).filter(|_| there)?;
                    Some(real.to_string_lossy().into_owned())
                })
            }
            "value" => match self.body(&exact(0)?) {
                Some(Body::Recursive(raw)) => Text::known(raw.as_ref()),
                Some(Body::Simple(text)) => text,
                None => Text::empty(),
            },
            "origin" => {
                let name = exact(0)?;
                let set = self
                    .variables
                    .get(&name)
                    .map(|variable| variable.origin.name());
                let inherited = set.is_none() && self.body(&name).is_some();
                Text::known(set.unwrap_or(if inherited {
                    "environment"
                } else {
                    "undefined"
                }))
            }
            "flavor" => match self.body(&exact(0)?) {
                Some(Body::Recursive(_)) => Text::known("recursive"),
                Some(Body::Simple(_)) => Text::known("simple"),
                None => Text::known("undefined"),
            },
            _ => return None,
        })
    }

    /// Whether a condition holds, on one way: a text that is not empty.
    fn holds(&mut self, condition: &Text) -> bool {
        if condition.exact().is_some() {
            return !condition.is_empty();
        }
        let known = condition.parts().iter().any(|part| match part {
            Part::Known(text) => !text.trim().is_empty(),
            Part::Glob(_) | Part::Unknown(_) => false,
        });
        known || self.choices.take(2) == 0
    }

    fn choose(&mut self, raw: &[&str]) -> Text {
        let condition = self.expand(raw.first().copied().unwrap_or_default().trim());
        let taken = if self.holds(&condition) { 1 } else { 2 };
        self.expand(raw.get(taken).copied().unwrap_or_default())
    }

    fn first_of(&mut self, raw: &[&str]) -> Text {
        for text in raw {
            let value = self.expand(text.trim());
            if self.holds(&value) {
                return value;
            }
        }
        Text::empty()
    }

    fn all_of(&mut self, raw: &[&str]) -> Text {
        let mut last = Text::empty();
        for text in raw {
            last = self.expand(text.trim());
            if !self.holds(&last) {
                return Text::empty();
            }
        }
        last
    }

    /// `$(intcmp a,b,less,equal,greater)`.
    fn compare(&mut self, raw: &[&str]) -> Text {
        let mut number = |index: usize| -> Option<i64> {
            let text = self.expand(raw.get(index).copied().unwrap_or_default());
            text.exact()?.trim().parse().ok()
        };
        let taken = match (number(0), number(1)) {
            (Some(left), Some(right)) if left < right => 2,
            (Some(left), Some(right)) if left == right => 3,
            (Some(_), Some(_)) => 4.min(raw.len().saturating_sub(1)),
            _ => 2 + self.choices.take(3),
        };
        self.expand(raw.get(taken).copied().unwrap_or_default())
    }

    fn for_each(&mut self, raw: &[&str]) -> Option<Text> {
        let name = self.expand(raw.first()?);
        let name = name.exact()?.trim().to_owned();
        let list = self.expand(raw.get(1)?);
        let list = words::words(&list);
        let body = raw.get(2)?;
        if list.len() > LIST_LIMIT {
            self.charge(usize::MAX / 4);
            return None;
        }
        let mut made = Vec::new();
        for word in list {
            let scope = BTreeMap::from([(name.clone(), Body::Simple(word))]);
            self.scopes.push(scope);
            made.push(self.expand(body));
            self.scopes.pop();
        }
        Some(words::join(made))
    }

    /// `$(let names,list,text)`.
    fn bind(&mut self, raw: &[&str]) -> Text {
        let names = self.expand(raw.first().copied().unwrap_or_default());
        let names: Vec<String> = names
            .display()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        let list = self.expand(raw.get(1).copied().unwrap_or_default());
        let mut list = words::words(&list).into_iter();
        let mut scope = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let value = if index + 1 == names.len() {
                words::join(list.by_ref())
            } else {
                list.next().unwrap_or_default()
            };
            scope.insert(name.clone(), Body::Simple(value));
        }
        self.scopes.push(scope);
        let value = self.expand(raw.get(2).copied().unwrap_or_default());
        self.scopes.pop();
        value
    }

    fn call_function(&mut self, raw: &[&str]) -> Text {
        let given: Vec<Text> = raw.iter().map(|text| self.expand(text)).collect();
        let Some(name) = given.first().and_then(Text::exact) else {
            return Text::unknown("$(call …)");
        };
        let name = name.trim().to_owned();
        if FUNCTIONS
            .binary_search_by_key(&name.as_str(), |(known, _)| known)
            .is_ok()
        {
            let rest = given.get(1..).unwrap_or_default();
            return self
                .apply(&name, rest)
                .unwrap_or_else(|| Text::unknown(format!("$({name} …)")));
        }
        let Some(body) = self.body(&name) else {
            return Text::empty();
        };
        let mut scope = BTreeMap::new();
        // What is not given is empty, not the outer call's.
        for index in 0..10.max(given.len()) {
            let value = given.get(index).cloned().unwrap_or_default();
            scope.insert(index.to_string(), Body::Simple(value));
        }
        self.scopes.push(scope);
        let value = match body {
            Body::Recursive(raw) => self.expand(&raw),
            Body::Simple(text) => text,
        };
        self.scopes.pop();
        value
    }

    /// `$(wildcard …)`: what is there now; unknown where it may change before it is looked at.
    fn wildcard(&mut self, patterns: &str) -> Option<Text> {
        if !self.call.world.is_untouched() {
            return None;
        }
        let mut found = Vec::new();
        for pattern in patterns.split_ascii_whitespace() {
            let names = glob::names(pattern, &self.directory, self.call.world)?;
            found.extend(names.into_iter().map(Text::known));
        }
        // A recipe that ran before may have made one.
        if self.has_run && found.is_empty() || found.len() > LIST_LIMIT {
            return None;
        }
        self.charge(found.len());
        Some(words::join(found))
    }

    /// `$(file >name,text)` writes as a redirection does.
    fn write_file(&mut self, operation: &Text) {
        let shown = operation.display();
        let (kind, rest) = match (shown.strip_prefix(">>"), shown.strip_prefix('>')) {
            (Some(rest), _) => (RedirectionKind::Append, rest),
            (_, Some(rest)) => (RedirectionKind::Truncate { clobber: true }, rest),
            _ => return,
        };
        let path = match operation.exact() {
            Some(_) => Text::known(rest.trim()),
            None => Text::unknown(rest.trim()),
        };
        let mut command = self.command(Vec::new());
        command.redirections = vec![Redirection {
            kind,
            path,
            location: self.place.clone(),
        }];
        self.start(command);
    }
}

fn nth(text: &Text, index: usize) -> Option<Text> {
    let all = words::words(text);
    let before = all.get(..index)?;
    if before.iter().any(|word| word.exact().is_none()) {
        return None;
    }
    before.last().cloned().or_else(|| Some(Text::empty()))
}

/// The two sides of `ifeq (a,b)` or `ifeq "a" 'b'`.
pub(super) fn sides(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('(') {
        let inner = inner.strip_suffix(')')?;
        let at = find_outside(inner, |byte| byte == b',')?;
        let (left, right) = inner.split_at(at);
        return Some((left.trim_end(), right.get(1..)?.trim_start()));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (left, rest) = text.get(1..)?.split_once(quote)?;
    let rest = rest.trim();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (right, _) = rest.get(1..)?.split_once(quote)?;
    Some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn arguments_stand_between_commas_outside_of_brackets() {
        assert_eq!(
            arguments("a,$(b c,d),e", 0, '(', ')'),
            ["a", "$(b c,d)", "e"]
        );
        assert_eq!(arguments("a,b,c", 2, '(', ')'), ["a", "b,c"]);
    }

    #[test]
    fn comparisons_have_two_sides() {
        assert_eq!(sides("(a, b)"), Some(("a", "b")));
        assert_eq!(sides("($(f x,y),)"), Some(("$(f x,y)", "")));
        assert_eq!(sides("\"a\" 'b'"), Some(("a", "b")));
        assert_eq!(sides("a b"), None);
    }
}
