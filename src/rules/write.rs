//! The files that a command writes, and what they hold then, as a pack says it.
//!
//! Owns the pairing of destinations with sources. Never judges what is written.

use std::path::Path;

use super::condition::{Facts, Truth};
use super::schema::{Source, Write, WriteSource};
use super::target::{self, Named};
use crate::call::{Call, Findings};
use crate::context::Place;
use crate::resolve::{Argument, Content, Stdin, Text, Written, normalized};

pub(super) fn note(write: &Write, call: &Call<'_>, findings: &mut Findings) {
    let targets = target::first(&write.to, call, &Place::default());
    let facts = Facts {
        args: call.args,
        command: call.command,
        world: call.world,
    };
    let adds = facts.any_flag(&write.append) == Truth::Yes;
    let contents = match &write.from {
        WriteSource::Sources => sources(write, call, &targets, false),
        WriteSource::Targets => sources(write, call, &targets, true),
        WriteSource::Stdin => vec![input(call); targets.len()],
        WriteSource::OptionOrStdin(name) => {
            let given = call.args.option(name).map(|file| copy(file, call));
            vec![given.unwrap_or_else(|| input(call)); targets.len()]
        }
        WriteSource::Unknown => {
            let program = call.command.program().unwrap_or("the command");
            vec![Content::Whole(Text::unknown(format!("what {program} writes"))); targets.len()]
        }
    };
    for (Named { text, location }, content) in targets.into_iter().zip(contents) {
        findings.written.push(Written {
            path: text,
            content: match content {
                Content::Whole(text) if adds => Content::Added(text),
                other => other,
            },
            location,
        });
    }
}

/// One source for each destination; none if it is not known which goes where.
fn sources(write: &Write, call: &Call<'_>, targets: &[Named], links: bool) -> Vec<Content> {
    let operands = &call.args.operands;
    let into = write.to.iter().any(|source| match source {
        Source::Destinations(option) => call.args.option(option).is_some(),
        _ => false,
    });
    let sources = match operands.split_last() {
        Some((_, sources)) if !into => sources,
        _ => operands,
    };
    if sources.len() != targets.len() {
        return Vec::new();
    }
    let found = sources.iter().zip(targets).map(|(source, target)| {
        let above = target
            .text
            .exact()
            .and_then(|path| Path::new(path).parent());
        match (source.value.exact(), above.filter(|_| links)) {
            (Some(path), Some(above)) => {
                let path = above.join(path);
                copy(
                    &Argument::known(path.to_string_lossy(), source.location.clone()),
                    call,
                )
            }
            _ => copy(source, call),
        }
    });
    found.collect()
}

fn copy(file: &Argument, call: &Call<'_>) -> Content {
    match file.value.exact() {
        Some("/dev/stdin") => input(call),
        Some(path) => call.command.directory.join(path).map_or_else(
            || Content::Whole(Text::unknown(path)),
            |path| Content::CopyOf(normalized(&path)),
        ),
        None => Content::Whole(Text::unknown(file.value.display())),
    }
}

fn input(call: &Call<'_>) -> Content {
    Content::Whole(match &call.command.stdin {
        Stdin::Text(text) => text.clone(),
        Stdin::Empty => Text::empty(),
        Stdin::File(path) => match call.world.read(path) {
            Ok(text) if call.command.elsewhere.is_none() => Text::known(text),
            _ => Text::unknown(path.to_string_lossy()),
        },
        Stdin::Inherited => Text::unknown("standard input"),
        Stdin::Unknown(source) => Text::unknown(source.clone()),
    })
}
