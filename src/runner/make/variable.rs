//! make's variables: what they may hold, and which setting of one stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::resolve::Text;

/// More values than this for one variable are not told apart.
const VALUES_LIMIT: usize = 8;

/// What was set, as it stands until it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Expanded each time it is used (`=`).
    Recursive(Rc<str>),
    /// Expanded where it was set (`:=`).
    Simple(Text),
}

/// Who set a variable; a later one overrides an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Default,
    Environment,
    File,
    /// The environment under `-e`.
    Strong,
    CommandLine,
    Override,
}

impl Origin {
    /// As `$(origin NAME)` says it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Strong => "environment override",
            Self::CommandLine => "command line",
            Self::Override => "override",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// What it may hold: several when it was set on different ways through the file.
    pub(super) bodies: Vec<Body>,
    pub(super) origin: Origin,
    pub(super) export: Option<bool>,
    /// Recipes do not see it.
    pub(super) private: bool,
}

impl Variable {
    pub(super) fn new(body: Body, origin: Origin) -> Self {
        Self {
            bodies: vec![body],
            origin,
            export: None,
            private: false,
        }
    }
}

/// Every variable by its name. Shared, because conditionals keep what was before them.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(Rc<BTreeMap<String, Variable>>);

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    pub(super) fn insert(&mut self, name: &str, variable: Variable) {
        Rc::make_mut(&mut self.0).insert(name.to_owned(), variable);
    }

    pub(super) fn remove(&mut self, name: &str) {
        Rc::make_mut(&mut self.0).remove(name);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.0.iter()
    }

    /// Either these or those.
    pub(super) fn join(&mut self, other: &Self) {
        if Rc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let undefined = || Variable::new(Body::Simple(Text::empty()), Origin::Default);
        let mut changed = Vec::new();
        for (name, theirs) in other.iter() {
            match self.get(name) {
                Some(own) if own == theirs => {}
                own => {
                    let own = own.cloned().unwrap_or_else(undefined);
                    changed.push((name.clone(), either(own, theirs, name)));
                }
            }
        }
        for (name, own) in self.iter() {
            if other.get(name).is_none() {
                changed.push((name.clone(), either(own.clone(), &undefined(), name)));
            }
        }
        let all = Rc::make_mut(&mut self.0);
        all.extend(changed);
    }
}

fn either(mut own: Variable, other: &Variable, name: &str) -> Variable {
    for body in &other.bodies {
        if !own.bodies.contains(body) {
            own.bodies.push(body.clone());
        }
    }
    if own.bodies.len() > VALUES_LIMIT {
        own.bodies = vec![Body::Simple(Text::unknown(format!("$({name})")))];
    }
    own.origin = own.origin.max(other.origin);
    own.export = own.export.or(other.export);
    own
}

/// How an assignment sets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`
    Recursive,
    /// `:=`, `::=`, `:::=`
    Simple,
    /// `+=`
    Append,
    /// `?=`
    IfUndefined,
    /// `!=`: what a command prints.
    Shell,
}

/// `NAME op value`, if the text is an assignment: the name, not expanded, and the rest.
pub(super) fn assignment(text: &str) -> Option<(&str, Operator, &str)> {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut blank = false;
    let mut end = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..)?;
        let operator = [
            (":::=", Operator::Simple),
            ("::=", Operator::Simple),
            (":=", Operator::Simple),
            ("+=", Operator::Append),
            ("?=", Operator::IfUndefined),
            ("!=", Operator::Shell),
            ("=", Operator::Recursive),
        ]
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign));
        if let Some((sign, operator)) = operator {
            let name = text.get(..end)?;
            let value = rest.get(sign.len()..)?;
            return (!name.is_empty()).then_some((name, operator, value.trim_start()));
        }
        match byte {
            b':' | b'#' => return None,
            b' ' | b'\t' => blank = true,
            _ if blank => return None,
            b'$' => {
                at += reference_length(rest);
                end = at;
                continue;
            }
            _ => {}
        }
        at += 1;
        if !blank {
            end = at;
        }
    }
    None
}

/// The length of the reference (`$x`, `$(…)`, `${…}`) that a text starts with.
pub(super) fn reference_length(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    let (open, close) = match letters.next() {
        Some((_, '(')) => ('(', ')'),
        Some((_, '{')) => ('{', '}'),
        Some((at, other)) => return at + other.len_utf8(),
        None => return text.len(),
    };
    let mut depth = 1_usize;
    for (at, letter) in letters {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return at + letter.len_utf8();
            }
        }
    }
    text.len()
}

/// Where a letter stands outside of every reference.
pub(super) fn find_outside(text: &str, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'$' {
            at += reference_length(text.get(at..)?);
            continue;
        }
        if wanted(*byte) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_told_from_rules() {
        for (text, found) in [
            ("A = b", Some(("A", Operator::Recursive, "b"))),
            ("A:=b c ", Some(("A", Operator::Simple, "b c "))),
            ("A ::= b", Some(("A", Operator::Simple, "b"))),
            ("A+=b", Some(("A", Operator::Append, "b"))),
            ("A ?= b", Some(("A", Operator::IfUndefined, "b"))),
            ("A != ls", Some(("A", Operator::Shell, "ls"))),
            (
                "$(x)_FLAGS = 1",
                Some(("$(x)_FLAGS", Operator::Recursive, "1")),
            ),
            ("$(a:b=c) = 1", Some(("$(a:b=c)", Operator::Recursive, "1"))),
            ("all: A = b", None),
            ("all: b", None),
            ("a b = c", None),
            ("= c", None),
            ("$(call f,a=b)", None),
        ] {
            assert_eq!(assignment(text), found, "{text}");
        }
    }
}
