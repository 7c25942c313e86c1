//! References: `$(NAME)`, `$(NAME:a=b)`, `$@`, and the ways that a value may turn out.

use std::collections::BTreeMap;

use super::Make;
use super::variable::{Body, Origin, Variable, reference_length};
use super::words;
use crate::resolve::Text;

/// Ways through one text that are told apart.
const WAYS: usize = 16;
/// References within references.
const DEPTH: usize = 64;
/// A bound on what references can multiply to; about one step for each 32 bytes made.
const STEPS: usize = 100_000;

/// The choices on one way through a text, where something may be this or that.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// What is taken, of how many.
    taken: Vec<(usize, usize)>,
    next: usize,
    /// A variable has one value on one way.
    by_name: BTreeMap<String, usize>,
    /// Too many ways: what may be this or that is unknown.
    pub(super) over: bool,
}

impl Choices {
    /// The choice here, of `of`.
    pub(super) fn take(&mut self, of: usize) -> usize {
        if self.taken.len() <= self.next {
            self.taken.push((0, of));
        }
        let taken = self.taken.get(self.next).map_or(0, |(taken, _)| *taken);
        self.next += 1;
        taken
    }

    fn of_variable(&mut self, name: &str, of: usize) -> usize {
        if let Some(taken) = self.by_name.get(name) {
            return *taken;
        }
        let taken = self.take(of);
        self.by_name.insert(name.to_owned(), taken);
        taken
    }

    /// Goes on to the next way; false after the last.
    fn advance(&mut self) -> bool {
        self.next = 0;
        self.by_name.clear();
        while let Some((taken, of)) = self.taken.pop() {
            if taken + 1 < of {
                self.taken.push((taken + 1, of));
                return true;
            }
        }
        false
    }
}

impl Make<'_> {
    /// What `run` gives on each way through, without repeats.
    pub(super) fn each_way<T: PartialEq>(&mut self, run: impl Fn(&mut Self) -> T) -> Vec<T> {
        let outer = std::mem::take(&mut self.choices);
        let mut found = Vec::new();
        for _ in 0..WAYS {
            let one = run(self);
            if !found.contains(&one) {
                found.push(one);
            }
            if !self.choices.advance() {
                self.choices = outer;
                return found;
            }
        }
        self.choices = Choices {
            over: true,
            ..Choices::default()
        };
        let one = run(self);
        self.choices = outer;
        vec![one]
    }

    /// Every text that this may expand to.
    pub(super) fn expansions(&mut self, text: &str) -> Vec<Text> {
        self.each_way(|make| make.expand(text))
    }

    /// The text with its references replaced, on one way.
    pub(super) fn expand(&mut self, text: &str) -> Text {
        if !text.contains('$') {
            return Text::known(text);
        }
        if !self.charge(1 + text.len() / 32) || self.depth >= DEPTH {
            return Text::unknown(shortened(text));
        }
        self.depth += 1;
        let mut expanded = Text::empty();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_known(rest.get(..at).unwrap_or_default());
            rest = rest.get(at..).unwrap_or_default();
            let length = reference_length(rest);
            let reference = rest.get(1..length).unwrap_or_default();
            rest = rest.get(length..).unwrap_or_default();
            match reference.chars().next() {
                None => {}
                Some('$') => expanded.push_known("$"),
                Some(open @ ('(' | '{')) => {
                    let close = if open == '(' { ')' } else { '}' };
                    let inner = reference.get(1..).unwrap_or_default();
                    let inner = inner.strip_suffix(close).unwrap_or(inner);
                    let value = self.reference(inner, open, close);
                    expanded.append(value);
                }
                Some(_) => {
                    let value = self.value(reference);
                    expanded.append(value);
                }
            }
        }
        expanded.push_known(rest);
        self.depth -= 1;
        let made: usize = expanded.exact().map_or(0, str::len);
        self.charge(made / 32);
        expanded
    }

    /// Counts work; false once it is too much.
    pub(super) fn charge(&mut self, steps: usize) -> bool {
        let before = self.steps;
        self.steps = self.steps.saturating_add(steps);
        if before < STEPS && self.steps >= STEPS {
            let place = self.place.clone();
            self.findings
                .opaque("this makefile does more than guard can follow", &place);
        }
        self.steps < STEPS
    }

    fn reference(&mut self, inner: &str, open: char, close: char) -> Text {
        if let Some(value) = self.function(inner, open, close) {
            return value;
        }
        let whole = self.expand(inner);
        let Some(whole) = whole.exact().map(str::to_owned) else {
            return Text::unknown(format!("$({})", whole.display()));
        };
        match whole.split_once(':') {
            Some((name, substitution)) if substitution.contains('=') && !name.is_empty() => {
                let (from, to) = substitution.split_once('=').unwrap_or_default();
                let value = self.value(name);
                words::map(&value, |word| {
                    Some(if from.contains('%') {
                        words::substituted(from, to, word)
                    } else {
                        match word.strip_suffix(from) {
                            Some(stem) => format!("{stem}{to}"),
                            None => word.to_owned(),
                        }
                    })
                })
            }
            _ => self.value(&whole),
        }
    }

    /// What the variable of that name stands for, on one way.
    pub(super) fn value(&mut self, name: &str) -> Text {
        match self.body(name) {
            Some(Body::Simple(text)) => text,
            Some(Body::Recursive(raw)) => self.expand(&raw),
            None => Text::empty(),
        }
    }

    /// What was set, on one way; `None` if the variable is not.
    pub(super) fn body(&mut self, name: &str) -> Option<Body> {
        let scoped = self.scopes.iter().rev().find_map(|scope| scope.get(name));
        if let Some(body) = scoped {
            return Some(body.clone());
        }
        if let Some(part) = self.part_of_automatic(name) {
            return Some(Body::Simple(part));
        }
        let environment = self.inherited(name);
        let seen = |variable: &&Variable| !(variable.private && self.in_recipe);
        if let Some(variable) = self.variables.get(name).filter(seen) {
            let strong = self.settings.strong_environment && variable.origin < Origin::Strong;
            if !strong || environment.is_none() {
                let count = variable.bodies.len();
                let one = variable.bodies.first().cloned();
                if count <= 1 {
                    return one;
                }
                if self.choices.over {
                    return Some(Body::Simple(Text::unknown(format!("$({name})"))));
                }
                let taken = self.choices.of_variable(name, count);
                let variable = self.variables.get(name)?;
                return variable.bodies.get(taken).cloned().or(one);
            }
        }
        environment.map(Body::Simple)
    }

    /// A variable that make takes from its environment.
    fn inherited(&self, name: &str) -> Option<Text> {
        if matches!(
            name,
            "SHELL" | "MAKEFLAGS" | "MAKELEVEL" | "MAKEFILES" | "CURDIR" | "MAKE"
        ) {
            return None;
        }
        let value = self.by.environment.get(self.call.world, name);
        let unsure = self.by.environment.uncertain && value.is_none();
        if unsure && self.variables.get(name).is_none() {
            return Some(Text::unknown(format!("${name}")));
        }
        value
    }

    /// `$(@D)`, `$(<F)`: the directories or the file names of an automatic variable.
    fn part_of_automatic(&self, name: &str) -> Option<Text> {
        let (whole, directories) = match (name.strip_suffix('D'), name.strip_suffix('F')) {
            (Some(whole), _) => (whole, true),
            (_, Some(whole)) => (whole, false),
            _ => return None,
        };
        if !matches!(whole, "@" | "<" | "^" | "+" | "?" | "*" | "%") {
            return None;
        }
        let scope = self.scopes.iter().rev().find_map(|scope| scope.get(whole));
        let Some(Body::Simple(value)) = scope else {
            return None;
        };
        Some(words::map(value, |word| {
            Some(if directories {
                let directory = words::directory(word);
                let bare = directory.trim_end_matches('/');
                if bare.is_empty() { "/" } else { bare }.to_owned()
            } else {
                words::file(word).to_owned()
            })
        }))
    }
}

/// A text as the source of what is not known.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
