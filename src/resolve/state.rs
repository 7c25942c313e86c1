//! What a shell knows while it runs: variables, functions, directory.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::alias::Aliases;
use super::command::{Directory, Environment, Stdin};
use super::source::Source;
use super::text::Text;
use crate::shell::{Dialect, Node};
use crate::world::World;

/// More values than this for one variable are not told apart.
const VALUES_LIMIT: usize = 8;

/// What a variable may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Unset,
    Scalar(Text),
    /// One of these: it was set on different ways through the script.
    OneOf(Vec<Text>),
    /// Indexed array, in order.
    Array(Vec<Text>),
    /// Associative array.
    Map(BTreeMap<String, Text>),
}

impl Value {
    fn texts(&self) -> Option<Vec<Text>> {
        match self {
            Self::Scalar(text) => Some(vec![text.clone()]),
            Self::OneOf(texts) => Some(texts.clone()),
            Self::Unset => Some(vec![Text::empty()]),
            Self::Array(_) | Self::Map(_) => None,
        }
    }

    /// Either this or that.
    fn join(&self, other: &Self, name: &str) -> Self {
        if self == other {
            return self.clone();
        }
        let unknown = || Self::Scalar(Text::unknown(format!("${name}")));
        let (Some(mut texts), Some(others)) = (self.texts(), other.texts()) else {
            return unknown();
        };
        for text in others {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.len() > VALUES_LIMIT {
            unknown()
        } else {
            Self::OneOf(texts)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) value: Value,
    pub(super) exported: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) body: Rc<Node>,
    pub(super) source: Rc<Source>,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// The rules of the shell, as its options leave them.
    pub(super) dialect: Dialect,
    pub(super) variables: Rc<BTreeMap<String, Variable>>,
    pub(super) environment: Environment,
    pub(super) functions: Rc<BTreeMap<String, Function>>,
    pub(super) aliases: Rc<Aliases>,
    pub(super) expand_aliases: bool,
    /// `$0`.
    pub(super) name: Text,
    /// `$1` …; `None` when even their number is not known.
    pub(super) arguments: Option<Vec<Text>>,
    pub(super) directory: Directory,
    /// Where the shell still is if the last `cd` failed.
    pub(super) directory_if_cd_failed: Option<Directory>,
    pub(super) stdin: Stdin,
}

impl State {
    pub(super) fn variable(&self, world: &dyn World, name: &str) -> Option<Value> {
        match self.variables.get(name) {
            Some(variable) => Some(variable.value.clone()),
            None => self.environment.get(world, name).map(Value::Scalar),
        }
    }

    pub(super) fn set(&mut self, world: &dyn World, name: &str, value: Value) {
        let exported = match self.variables.get(name) {
            Some(variable) => variable.exported,
            None => self.environment.get(world, name).is_some(),
        };
        self.bind(name, value, exported);
    }

    pub(super) fn export(&mut self, world: &dyn World, name: &str) {
        let value = self.variable(world, name).unwrap_or(Value::Unset);
        self.bind(name, value, true);
    }

    fn bind(&mut self, name: &str, value: Value, exported: bool) {
        if exported {
            let text = match &value {
                Value::Unset => None,
                Value::Scalar(text) => Some(text.clone()),
                Value::OneOf(_) | Value::Array(_) | Value::Map(_) => {
                    Some(Text::unknown(format!("${name}")))
                }
            };
            self.environment.set(name, text);
        }
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), Variable { value, exported });
    }

    /// Only for one command: `NAME=value command`.
    pub(super) fn with_assignment(&mut self, name: &str, value: Value) {
        self.bind(name, value, true);
    }

    /// The state after one of two ways through the script.
    pub(super) fn join(&mut self, other: &Self, world: &dyn World) {
        if !Rc::ptr_eq(&self.variables, &other.variables) {
            let names: Vec<String> = self
                .variables
                .keys()
                .chain(other.variables.keys())
                .cloned()
                .collect();
            for name in names {
                let ours = self.variable(world, &name).unwrap_or(Value::Unset);
                let theirs = other.variable(world, &name).unwrap_or(Value::Unset);
                if ours != theirs {
                    let joined = ours.join(&theirs, &name);
                    self.set(world, &name, joined);
                }
            }
        }
        self.dialect = self.dialect.join(other.dialect);
        if self.directory != other.directory {
            self.directory_if_cd_failed = Some(other.directory.clone());
        }
        if self.arguments != other.arguments {
            self.arguments = None;
        }
        if !Rc::ptr_eq(&self.functions, &other.functions) {
            let ours = Rc::make_mut(&mut self.functions);
            for (name, function) in other.functions.iter() {
                ours.entry(name.clone()).or_insert_with(|| function.clone());
            }
        }
    }
}
