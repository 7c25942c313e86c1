//! What a shell knows while it runs: variables, functions, directory.

use std::rc::Rc;

use super::alias::{Aliases, join_aliases, same_aliases};
use super::command::{Directory, Environment, Stdin};
use super::options::{Options, ShellOption};
use super::source::{Origin, Source};
use super::text::Text;
use crate::location::Location;
use crate::shared_map::SharedMap;
use crate::shell::{Dialect, Node};
use crate::world::World;

/// More values than this for one variable are not told apart.
const VALUES_LIMIT: usize = 8;
/// Nor are more definitions of one function.
const FUNCTIONS_LIMIT: usize = 4;
/// References to references that are followed.
const REFERENCE_LIMIT: usize = 8;

/// What a variable may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Unset,
    Scalar(Text),
    /// One of these: it was set on different ways through the script.
    OneOf(Vec<Text>),
    /// Indexed array, by index.
    Array(SharedMap<i64, Text>),
    /// Associative array.
    Map(SharedMap<String, Text>),
}

impl Value {
    pub(super) fn unknown(name: &str) -> Self {
        Self::Scalar(Text::unknown(format!("${name}")))
    }

    pub(super) fn list(texts: impl IntoIterator<Item = Text>) -> Self {
        Self::Array((0..).zip(texts).collect())
    }

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
        let (Some(mut texts), Some(others)) = (self.texts(), other.texts()) else {
            return Self::unknown(name);
        };
        for text in others {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        match texts.as_slice() {
            _ if texts.len() > VALUES_LIMIT => Self::unknown(name),
            _ => Self::OneOf(texts),
        }
    }
}

/// What `declare` says of a variable besides its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) exported: bool,
    /// `-i`: what is assigned is an arithmetic expression.
    pub(super) integer: bool,
    /// `-l`, `-u`: what is assigned changes its case.
    pub(super) lower: bool,
    pub(super) upper: bool,
    /// `-n`: the value is the name of another variable.
    pub(super) reference: bool,
    pub(super) readonly: bool,
    /// It may be an associative array, where its value is not known.
    pub(super) keyed: bool,
    /// The others are not what they are on every way: what is assigned may be changed or not.
    pub(super) unsure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) value: Value,
    pub(super) attributes: Attributes,
}

pub(super) type Variables = SharedMap<String, Variable>;

#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) body: Rc<Node>,
    pub(super) source: Rc<Source>,
}

/// One and the same definition, not one that reads alike.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Function {}

/// What a name calls: each of these may be its body.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) bodies: Vec<Function>,
    /// The aliases that were there when it was read.
    pub(super) aliases: Rc<Aliases>,
    /// Whether the name is a function on every way.
    pub(super) certain: bool,
    /// Whether a bash that is started imports it.
    pub(super) exported: bool,
}

impl Definition {
    /// As another shell imports it, unless what is between them takes it away (`sudo`).
    pub(super) fn imported(&self) -> Self {
        Self {
            aliases: Rc::default(),
            certain: false,
            ..self.clone()
        }
    }
}

/// The same bodies, as certainly.
impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.certain == other.certain
            && self.exported == other.exported
            && self.bodies == other.bodies
    }
}

impl Eq for Definition {}

/// When a trap may run, besides at the end of the shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moments {
    /// A function or a sourced file ends.
    pub(super) on_return: bool,
    /// A command fails.
    pub(super) on_failure: bool,
    pub(super) any_time: bool,
}

/// Text that a shell runs when a signal comes or when it ends.
#[derive(Debug)]
pub(super) struct Trap {
    pub(super) text: Text,
    /// Which of all that were set it is.
    pub(super) number: usize,
    pub(super) moments: Moments,
    pub(super) origin: Origin,
    pub(super) location: Location,
    /// The variables that it sets at any time.
    pub(super) sets: Vec<String>,
}

impl Trap {
    /// Whether it runs the same text at the same times.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.location == other.location && self.text == other.text && self.moments == other.moments
    }
}

/// Why nothing more of a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Out of so many loops.
    Break(usize),
    Continue(usize),
    Return,
    /// What is left of the line: where an error in an expansion leads.
    Line,
    /// What is left of the text: where one leads that cannot be read.
    Text,
    Exit,
}

/// What `PIPESTATUS` says of the last pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stages {
    /// It was one command: its status is `$?`.
    One,
    /// The status of each, as far as it is known.
    Many(Rc<[Option<u8>]>),
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// The rules of the shell, as its options leave them.
    pub(super) dialect: Dialect,
    pub(super) options: Options,
    pub(super) variables: Variables,
    /// What the variables were that a function made its own; `None` where there was none.
    pub(super) shadowed: Rc<Vec<(String, Option<Variable>)>>,
    /// Variables that a trap may set at any time.
    pub(super) volatile: Rc<Vec<String>>,
    pub(super) traps: Rc<Vec<Rc<Trap>>>,
    pub(super) environment: Environment,
    pub(super) functions: SharedMap<String, Definition>,
    pub(super) aliases: Rc<Aliases>,
    /// Builtins that `enable -n` took away.
    pub(super) disabled: Rc<Vec<String>>,
    /// Files that names stand for, whatever `PATH` says (`hash -p`).
    pub(super) hashed: SharedMap<String, Text>,
    /// `$0`.
    pub(super) name: Text,
    /// `$1` …; `None` when even their number is not known.
    pub(super) arguments: Option<Rc<[Text]>>,
    pub(super) directory: Directory,
    /// Where the shell still is if the last `cd` failed.
    pub(super) directory_if_cd_failed: Option<Directory>,
    /// Where `cd -` leads, whether or not the last `cd` worked.
    pub(super) way_back: Option<Directory>,
    /// What `popd` goes back to, the last first; `None` when it is not known.
    pub(super) directories: Option<Rc<Vec<Directory>>>,
    pub(super) stdin: Stdin,
    /// Whether a command has run that shares the shell's input and may have read it.
    pub(super) input_shared: bool,
    /// `$?`, as far as it is known.
    pub(super) status: Option<u8>,
    pub(super) stages: Stages,
    /// `$_`, as far as it is known.
    pub(super) last_argument: Option<Text>,
    /// Set once nothing that follows runs.
    pub(super) left: Option<Leave>,
    /// Where in the current word `getopts` is, as far as it is known.
    pub(super) option_at: Option<usize>,
}

impl State {
    /// The name that a reference stands for in the end; `None` if it is not known.
    pub(super) fn target(&self, name: &str) -> Option<String> {
        let mut name = name.to_owned();
        for _ in 0..REFERENCE_LIMIT {
            match self.variables.get(&name) {
                Some(variable) if variable.attributes.reference => match &variable.value {
                    Value::Scalar(text) => name = text.exact()?.to_owned(),
                    // A reference to nothing yet is the variable itself.
                    Value::Unset => return Some(name),
                    Value::OneOf(_) | Value::Array(_) | Value::Map(_) => return None,
                },
                _ => return Some(name),
            }
        }
        None
    }

    pub(super) fn variable(&self, world: &dyn World, name: &str) -> Option<Value> {
        match self.variables.get(name) {
            Some(_) if self.volatile.iter().any(|volatile| volatile == name) => {
                Some(Value::unknown(name))
            }
            Some(variable) => Some(variable.value.clone()),
            None => self.environment.get(world, name).map(Value::Scalar),
        }
    }

    pub(super) fn attributes(&self, world: &dyn World, name: &str) -> Attributes {
        match self.variables.get(name) {
            Some(variable) => variable.attributes,
            None => Attributes {
                exported: self.environment.get(world, name).is_some(),
                ..Attributes::default()
            },
        }
    }

    pub(super) fn set(&mut self, world: &dyn World, name: &str, value: Value) {
        let mut attributes = self.attributes(world, name);
        let exports = self.options.get(ShellOption::AllExport);
        let unsure = exports.is_none() && !attributes.exported;
        attributes.exported |= exports == Some(true);
        self.bind(name, value, attributes);
        if unsure {
            let unknown = Text::unknown(format!("${name}"));
            self.environment.set(name, Some(unknown));
        }
    }

    /// Gives a variable other attributes and keeps its value.
    pub(super) fn declare(&mut self, world: &dyn World, name: &str, attributes: Attributes) {
        let value = self.variable(world, name).unwrap_or(Value::Unset);
        self.bind(name, value, attributes);
    }

    pub(super) fn bind(&mut self, name: &str, value: Value, mut attributes: Attributes) {
        if name == "PATH" {
            // The shell looks for everything again.
            self.hashed = SharedMap::default();
        }
        if attributes.exported {
            let text = match &value {
                Value::Unset => None,
                Value::Scalar(text) => Some(text.clone()),
                Value::OneOf(_) | Value::Array(_) | Value::Map(_) => {
                    Some(Text::unknown(format!("${name}")))
                }
            };
            self.environment.set(name, text);
        }
        // Whatever it is given, an associative array stays one.
        let known = matches!(value, Value::Map(_) | Value::Unset);
        let before = self.variables.get(name);
        let map = before.is_some_and(|before| matches!(before.value, Value::Map(_)));
        attributes.keyed = !known && (attributes.keyed || map);
        let variable = Variable { value, attributes };
        self.variables.insert(name.to_owned(), variable);
    }

    /// `unset`: the variable, its attributes and what a program would see of it.
    pub(super) fn unset(&mut self, world: &dyn World, name: &str) {
        if self.environment.get(world, name).is_some() {
            self.environment.set(name, None);
        }
        self.bind(name, Value::Unset, Attributes::default());
    }

    /// A variable of the function that runs: what it was comes back when the function returns.
    pub(super) fn shadow(&mut self, name: &str) {
        let before = self.variables.get(name).cloned();
        Rc::make_mut(&mut self.shadowed).push((name.to_owned(), before));
    }

    /// Gives back what functions made their own since there were `kept` such variables.
    pub(super) fn unshadow(&mut self, world: &dyn World, kept: usize) {
        while self.shadowed.len() > kept {
            let Some((name, before)) = Rc::make_mut(&mut self.shadowed).pop() else {
                return;
            };
            if name == "OPTIND" {
                self.option_at = None;
            }
            let own = self.variables.remove(&name);
            match before {
                Some(variable) => self.bind(&name, variable.value, variable.attributes),
                None => {
                    if own.is_some_and(|own| own.1.attributes.exported) {
                        self.environment
                            .set(&name, world.env(&name).map(Text::known));
                    }
                }
            }
        }
    }

    /// Only for one command: `NAME=value command`.
    pub(super) fn with_assignment(&mut self, name: &str, value: Value) {
        let attributes = Attributes {
            exported: true,
            ..Attributes::default()
        };
        self.bind(name, value, attributes);
    }

    pub(super) fn define(&mut self, name: &str, function: Function) {
        let known = self.functions.get(name);
        let exported = known.is_some_and(|known| known.exported);
        let definition = Definition {
            bodies: vec![function],
            aliases: Rc::clone(&self.aliases),
            certain: true,
            exported: exported || self.options.may(ShellOption::AllExport),
        };
        self.functions.insert(name.to_owned(), definition);
    }

    /// Forgets what every variable holds.
    pub(super) fn forget_variables(&mut self, world: &dyn World) {
        let names: Vec<String> = self.variables.keys().cloned().collect();
        for name in names {
            let attributes = self.attributes(world, &name);
            if !attributes.readonly {
                self.bind(&name, Value::unknown(&name), attributes);
            }
        }
        self.environment.uncertain = true;
    }

    /// Forgets all that a function may change besides what names mean.
    pub(super) fn forget_all(&mut self, world: &dyn World) {
        self.forget_variables(world);
        self.options.forget();
        self.directory = Directory::Unknown("a directory that a function changes".to_owned());
        self.directory_if_cd_failed = None;
        self.way_back = None;
        self.directories = None;
        self.stdin = Stdin::Unknown("an input that was read in part".to_owned());
        self.status = None;
        self.stages = Stages::Unknown;
        self.last_argument = None;
        self.option_at = None;
    }

    /// Whether names mean the same in another state.
    pub(super) fn defines_as(&self, other: &Self) -> bool {
        self.functions == other.functions
            && same_aliases(&self.aliases, &other.aliases)
            && self.disabled == other.disabled
            && self.hashed == other.hashed
            && self.dialect == other.dialect
            && self.traps.len() == other.traps.len()
            && self.volatile == other.volatile
    }

    /// The state after one of two ways through the script. Says how many variables and functions
    /// differ between them.
    pub(super) fn join(&mut self, other: &Self, world: &dyn World) -> usize {
        let variables = self.join_variables(other, world);
        self.dialect = self.dialect.join(other.dialect);
        self.options = self.options.join(other.options);
        if self.directory != other.directory {
            self.directory_if_cd_failed = Some(other.directory.clone());
        } else if self.directory_if_cd_failed.is_none() {
            self.directory_if_cd_failed
                .clone_from(&other.directory_if_cd_failed);
        }
        if self.way_back != other.way_back {
            self.way_back = None;
        }
        if self.directories != other.directories {
            self.directories = None;
        }
        if self.stages != other.stages {
            self.stages = Stages::Unknown;
        }
        if self.last_argument != other.last_argument {
            self.last_argument = None;
        }
        self.join_hashed(other);
        if self.arguments != other.arguments {
            self.arguments = None;
        }
        if self.stdin != other.stdin {
            self.stdin = Stdin::Unknown("an input that was read in part".to_owned());
        }
        self.input_shared |= other.input_shared;
        if self.status != other.status {
            self.status = None;
        }
        if self.option_at != other.option_at {
            self.option_at = None;
        }
        if self.shadowed.len() < other.shadowed.len() {
            self.shadowed = Rc::clone(&other.shadowed);
        }
        if self.volatile != other.volatile {
            let ours = Rc::make_mut(&mut self.volatile);
            ours.extend(other.volatile.iter().cloned());
            ours.sort_unstable();
            ours.dedup();
        }
        if self.disabled != other.disabled {
            // What is enabled on one of the ways is followed.
            let theirs = Rc::clone(&other.disabled);
            Rc::make_mut(&mut self.disabled).retain(|name| theirs.contains(name));
        }
        for trap in other.traps.iter() {
            if !self.traps.iter().any(|ours| ours.is_same(trap)) {
                Rc::make_mut(&mut self.traps).push(Rc::clone(trap));
            }
        }
        join_aliases(&mut self.aliases, &other.aliases);
        variables + self.join_functions(other)
    }

    /// The state with which another round of a loop may start that began with `before`: what
    /// the round changed is not known. False if `before` covers all that it changed.
    pub(super) fn widen(&mut self, before: &Self, world: &dyn World) -> bool {
        // What a round finds unknown covers whatever it leaves.
        let (mut changed, mut forgotten) = (Vec::new(), Vec::new());
        for name in self.variables.differences(&before.variables) {
            let known = before.variables.get(name);
            let attributes = self.variables.get(name).map(|own| own.attributes);
            if let Some(variable) = known.filter(|known| {
                known.value == Value::unknown(name) && attributes == Some(known.attributes)
            }) {
                forgotten.push((name.clone(), variable.clone()));
            }
            let covered = self.variables.get(name).is_none_or(|variable| {
                known.is_some_and(|known| {
                    known.attributes == variable.attributes
                        && (known.value == variable.value || known.value == Value::unknown(name))
                })
            });
            if !covered {
                changed.push(name.clone());
            }
        }
        let unknown = |directory: &Directory| matches!(directory, Directory::Unknown(_));
        if self.directory != before.directory {
            self.directory = Directory::Unknown("a directory that a loop changes".to_owned());
            self.directory_if_cd_failed = None;
        }
        let moved = self.directory != before.directory && !unknown(&before.directory);
        let stdin = self.stdin != before.stdin && !matches!(before.stdin, Stdin::Unknown(_));
        if unknown(&before.directory) {
            self.directory.clone_from(&before.directory);
            self.directory_if_cd_failed = None;
        }
        self.join(before, world);
        if unknown(&self.directory) {
            self.directory_if_cd_failed = None;
        }
        // All that may hold, as the next round finds it.
        for (name, variable) in forgotten {
            self.bind(&name, variable.value, variable.attributes);
        }
        for name in &changed {
            let attributes = self.attributes(world, name);
            self.bind(name, Value::unknown(name), attributes);
        }
        !changed.is_empty()
            || moved
            || stdin
            || self.arguments != before.arguments
            || self.options != before.options
            || self.dialect != before.dialect
            || self.option_at != before.option_at
            || self.volatile != before.volatile
            || !same_aliases(&self.aliases, &before.aliases)
            || self.disabled != before.disabled
            || self.hashed != before.hashed
            || self.directories != before.directories
            || self.last_argument != before.last_argument
            || self.traps.len() != before.traps.len()
            || self.functions != before.functions
    }

    fn join_variables(&mut self, other: &Self, world: &dyn World) -> usize {
        let ours = self.variables.clone();
        let differing = ours.differences(&other.variables);
        for name in &differing {
            let name = name.as_str();
            let mut attributes = self.attributes(world, name);
            let others = other.attributes(world, name);
            let mine = self.variable(world, name).unwrap_or(Value::Unset);
            let yours = other.variable(world, name).unwrap_or(Value::Unset);
            let mut joined = mine.join(&yours, name);
            // What an attribute does to a value cannot be half done.
            let changing = |attributes: Attributes| Attributes {
                exported: false,
                keyed: false,
                ..attributes
            };
            if changing(attributes) != changing(others) {
                attributes.unsure = true;
                joined = Value::unknown(name);
                attributes.reference |= others.reference;
            }
            attributes.exported |= others.exported;
            attributes.keyed |= others.keyed || matches!(yours, Value::Map(_));
            self.bind(name, joined, attributes);
        }
        differing.len()
    }

    /// What a name stands for on one way only, or otherwise on another, is not known.
    fn join_hashed(&mut self, other: &Self) {
        let before = self.hashed.clone();
        for name in before.differences(&other.hashed) {
            let file = Text::unknown(format!("the file that `hash -p` names for {name}"));
            self.hashed.insert(name.clone(), file);
        }
    }

    fn join_functions(&mut self, other: &Self) -> usize {
        let before = self.functions.clone();
        let differing = before.differences(&other.functions);
        for name in &differing {
            let name = name.as_str();
            let (ours, theirs) = (before.get(name), other.functions.get(name));
            let Some(mut joined) = ours.or(theirs).cloned() else {
                continue;
            };
            joined.certain = ours.is_some_and(|ours| ours.certain)
                && theirs.is_some_and(|theirs| theirs.certain);
            joined.exported |= theirs.is_some_and(|theirs| theirs.exported);
            for body in theirs.iter().flat_map(|theirs| &theirs.bodies) {
                if !joined.bodies.contains(body) && joined.bodies.len() < FUNCTIONS_LIMIT {
                    joined.bodies.push(body.clone());
                }
            }
            self.functions.insert(name.to_owned(), joined);
        }
        differing.len()
    }
}
