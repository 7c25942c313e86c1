//! One command, read by its CLI's grammar, and what is found out about it.
//!
//! Owns the values that pass between `rules`, `context` and `payload`. Never judges.

use std::path::Path;
use std::rc::Rc;

use crate::effect::{Effect, Opaque, Reversibility, RuleId, Target, Tier, Unlisted};
use crate::location::Location;
use crate::resolve::{Argument, Command, Origin, Text, Written};
use crate::shell::Dialect;
use crate::world::World;

/// An argv read as its CLI reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// The canonical path of the sub-command: `["volume", "delete"]`.
    pub command: Vec<String>,
    /// Flags and options in the order given, under their canonical names.
    pub options: Vec<GivenOption>,
    pub operands: Vec<Argument>,
    /// How many operands stand before the `--` that ends the options, if there is one.
    pub dashes: Option<usize>,
    /// Words that the grammar does not know (an undeclared flag, a word of unknown length). What
    /// stands after them is not certain, so a condition on it can only be `maybe`.
    pub uncertain: Vec<Location>,
    /// How many of the options and operands stand before the first such word.
    pub certain_options: usize,
    pub certain_operands: usize,
    /// Some word is not known and may be, or hold, any option: `$FLAGS`.
    pub open: bool,
    /// A word at a sub-command's place that the tree does not have.
    pub unknown_command: Option<Argument>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenOption {
    /// The canonical (last declared) name, with its dashes: `--volume`.
    pub name: String,
    /// `--no-…` of a `--[no-]…` flag.
    pub negated: bool,
    /// Empty for a flag.
    pub values: Vec<Argument>,
    pub location: Location,
}

impl Args {
    /// The last value given for an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Argument> {
        self.options
            .iter()
            .rev()
            .find(|given| given.name == name)?
            .values
            .first()
    }

    /// Every value given for an option, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Argument> {
        self.options
            .iter()
            .filter(move |given| given.name == name)
            .flat_map(|given| &given.values)
    }

    /// Whether a flag is given and its last spelling does not negate it.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.options
            .iter()
            .rev()
            .find(|given| given.name == name)
            .is_some_and(|given| !given.negated)
    }
}

/// One command on its way through the rules: what an analyzer gets to see.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub command: &'a Command,
    pub args: &'a Args,
    pub world: &'a dyn World,
    /// The pack's name, for rule ids.
    pub pack: &'a str,
}

impl Call<'_> {
    /// An irreversible effect on this machine, or where the command runs: what an analyzer fills in.
    #[must_use]
    pub fn loss(
        &self,
        rule: &'static str,
        action: &'static str,
        kind: &'static str,
        name: Option<String>,
    ) -> Effect {
        let mut target = Target::new(kind, name);
        target.tier = Tier::Local;
        target.environment = self.command.elsewhere.as_deref().map(str::to_owned);
        Effect {
            rule: RuleId::new(self.pack.to_owned(), rule),
            action: action.into(),
            target,
            reversibility: Reversibility::Irreversible { perhaps: None },
            summary: String::new(),
            also_lost: Vec::new(),
            evidence: Vec::new(),
            instead: None,
            location: self.command.location.clone(),
        }
    }
}

/// Something a command starts or runs, for the resolver to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nested {
    /// A command whose words are known as words (`sudo rm -rf x`). Judged again as it stands.
    Command(Box<Command>),
    /// Shell source text, run with this command's environment, directory and input.
    Shell {
        text: Text,
        origin: Origin,
        /// `$0`, `$1` …
        arguments: Vec<Argument>,
        /// The command that starts it, for environment, directory, stdin and `elsewhere`.
        by: Box<Command>,
        /// The shell that reads it.
        shell: Dialect,
    },
}

/// What the rules found out about one command.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub effects: Vec<Effect>,
    pub opaque: Vec<Opaque>,
    /// Shell text that cannot be seen. Whatever it is, each command of it has to start.
    pub unread: Vec<Opaque>,
    pub unlisted: Vec<Unlisted>,
    pub nested: Vec<Nested>,
    /// The files that the command writes, beyond its redirections.
    pub written: Vec<Written>,
    /// The program files that were followed, with every module beside them.
    pub programs: Vec<Rc<Path>>,
    /// What a person should know of programs that were not followed to their end.
    pub notes: Vec<String>,
    /// The command is a program whose own calls are among `nested`: no other program makes them.
    pub calls: bool,
    /// The command changes nothing, whatever its arguments.
    pub only_looks: bool,
    /// What a program in another language prints, where its text was followed.
    pub printed: Option<Text>,
}

impl Findings {
    /// Notes that the shell text that the command runs cannot be seen. `reason` is for a person.
    pub fn unread(&mut self, reason: impl Into<String>, location: &Location) {
        self.unread.push(Opaque {
            reason: reason.into(),
            location: location.clone(),
        });
    }

    /// Notes that part of the command cannot be seen. `reason` is for a person.
    pub fn opaque(&mut self, reason: impl Into<String>, location: &Location) {
        self.opaque.push(Opaque {
            reason: reason.into(),
            location: location.clone(),
        });
    }
}
