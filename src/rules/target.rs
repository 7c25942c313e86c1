//! What a rule's target is called on this command line.
//!
//! Owns the reading of `Source`s. Never looks at the disk beyond asking whether a destination is
//! a directory.

use super::condition::position;
use super::schema::{Source, TargetSource};
use crate::call::{Args, Call};
use crate::context::Place;
use crate::location::Location;
use crate::resolve::{Argument, Part, Text};
use crate::world::PathStatus;

/// A value on its way to be a target, and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) text: Text,
    pub(super) location: Location,
}

impl From<&Argument> for Named {
    fn from(word: &Argument) -> Self {
        Self {
            text: word.value.clone(),
            location: word.location.clone(),
        }
    }
}

/// The targets in order; empty if the command line names none.
#[must_use]
pub(super) fn names(target: &TargetSource, call: &Call<'_>, place: &Place) -> Vec<Named> {
    let found = first(&target.name, call, place);
    if target.each {
        found
    } else {
        found.into_iter().take(1).collect()
    }
}

/// The values of the first source that has any.
#[must_use]
pub(super) fn first(sources: &[Source], call: &Call<'_>, place: &Place) -> Vec<Named> {
    sources
        .iter()
        .map(|source| values(source, call, place))
        .find(|values| !values.is_empty())
        .unwrap_or_default()
}

fn values(source: &Source, call: &Call<'_>, place: &Place) -> Vec<Named> {
    let args = call.args;
    let here = |text: Text| Named {
        text,
        location: call.command.location.clone(),
    };
    match source {
        Source::Option(name) => args.all(name).map(Named::from).collect(),
        Source::Operand(index) => position(*index, args.operands.len())
            .and_then(|at| args.operands.get(at))
            .map(Named::from)
            .into_iter()
            .collect(),
        Source::Operands(from) => {
            let from = position(*from, args.operands.len()).unwrap_or(args.operands.len());
            args.operands.iter().skip(from).map(Named::from).collect()
        }
        Source::OperandsButLast(from) => {
            let but_last = args.operands.len().saturating_sub(1);
            let operands = args.operands.iter().take(but_last);
            operands.skip(*from as usize).map(Named::from).collect()
        }
        Source::Destinations(option) => destinations(option, call),
        Source::Env(name) => {
            let value = call.command.variable(call.world, name);
            value.map(here).into_iter().collect()
        }
        Source::Context(fact) => place
            .facts
            .get(fact.as_str())
            .map(|value| here(Text::known(value)))
            .into_iter()
            .collect(),
        Source::Literal(text) => vec![here(Text::known(text))],
        Source::Join { of, with } => joined(of, with, call, place).into_iter().collect(),
    }
}

/// The first value of each source, with this text between them; the last one says where it stands.
fn joined(of: &[Source], with: &str, call: &Call<'_>, place: &Place) -> Option<Named> {
    let mut whole: Option<Named> = None;
    for source in of {
        let part = values(source, call, place).into_iter().next()?;
        whole = Some(match whole {
            None => part,
            Some(mut before) => {
                before.text.push_known(with);
                before.text.append(part.text);
                before.location = part.location;
                before
            }
        });
    }
    whole
}

fn destinations(option: &str, call: &Call<'_>) -> Vec<Named> {
    let Args { operands, .. } = call.args;
    if let Some(directory) = call.args.option(option).filter(|_| !option.is_empty()) {
        return operands
            .iter()
            .map(|operand| inside(directory, operand))
            .collect();
    }
    let Some((last, sources)) = operands.split_last() else {
        return Vec::new();
    };
    if sources.is_empty() {
        // `ln -sf TARGET` makes a link of the same name here.
        return Vec::new();
    }
    if !is_directory(call, &last.value) {
        return vec![Named::from(last)];
    }
    sources.iter().map(|source| inside(last, source)).collect()
}

/// The path that a source gets inside a directory.
fn inside(directory: &Argument, source: &Argument) -> Named {
    let mut text = directory.value.clone();
    if !matches!(text.exact(), Some(path) if path.ends_with('/')) {
        text.push_known("/");
    }
    let whole = source.value.display();
    let name = whole.trim_end_matches('/').rsplit('/').next();
    let name = name.unwrap_or(&whole);
    if source.value.exact().is_some() {
        text.push_known(name);
    } else if source.value.has_unknown() {
        // Only the base name is taken, so whatever it is, it is some name in there.
        text.push(Part::Glob("*".to_owned()));
    } else {
        text.push(Part::Glob(name.to_owned()));
    }
    Named {
        text,
        location: directory.location.clone(),
    }
}

fn is_directory(call: &Call<'_>, path: &Text) -> bool {
    let Some(path) = path.exact() else {
        return false;
    };
    if call.command.elsewhere.is_some() {
        return false;
    }
    call.command
        .directory
        .join(path)
        .is_some_and(|path| call.world.status(&path) == PathStatus::Directory)
}
