//! What a command prints that only starts another one, or runs a program in its arguments: `env A=b
//! CMD`, `bash -c TEXT`, `xargs CMD`, `python3 -c TEXT`.
//!
//! Owns which programs these are. Nothing that they start is judged here: that is done where the
//! command itself is.

use crate::call::Nested;
use crate::location::Location;
use crate::resolve::{self, Command, Sink, Start, Text, Written, base_name};
use crate::rules;
use crate::world::{Overlay, World};

/// Programs whose output is that of the one that they start.
const STARTERS: &[&str] = &[
    "env", "nice", "ionice", "nohup", "timeout", "stdbuf", "setsid", "chrt", "busybox", "toybox",
    "xargs", "bash", "sh", "dash", "ash",
];
/// Interpreters whose programs' output is followed, by how their names begin.
const INTERPRETERS: &[&str] = &[
    "awk", "bun", "deno", "gawk", "mawk", "nawk", "node", "perl", "php", "pypy", "python", "ruby",
];
/// Starters that start starters.
const DEPTH: usize = 6;

/// What the command prints, if it is a starter and that is known.
pub(crate) fn by(command: &Command, world: &dyn World) -> Option<Text> {
    started(command, world, 0)
}

fn started(command: &Command, world: &dyn World, depth: usize) -> Option<Text> {
    let program = command.program().map(base_name)?;
    if depth >= DEPTH || command.elsewhere.is_some() {
        return None;
    }
    if INTERPRETERS.iter().any(|name| program.starts_with(name)) {
        let printed = rules::judge(command, world).printed;
        return printed.filter(|printed| !printed.has_unknown());
    }
    if !STARTERS.contains(&program) {
        return None;
    }
    let mut findings = rules::judge(command, world);
    let only = findings
        .nested
        .pop()
        .filter(|_| findings.nested.is_empty())?;
    let overlay = Overlay::new(world);
    match only {
        Nested::Command(inner) => started(&inner, world, depth + 1)
            .or_else(|| Some(resolve::program_output(&inner, &overlay))),
        Nested::Shell {
            text,
            origin,
            arguments,
            by,
            shell,
        } => {
            let readings = shell.readings(None);
            let dialect = match readings.as_slice() {
                [only] => *only,
                [one, other] if resolve::reads_alike(&text, *one, *other) => *one,
                _ => return None,
            };
            let splits = arguments.iter().any(|word| word.splits);
            let mut words = arguments.into_iter().map(|word| word.value);
            let name = words.next().unwrap_or_else(|| Text::known(program));
            let place = by.location.clone();
            let start = Start {
                dialect,
                name,
                arguments: (!splits).then(|| words.collect()),
                environment: by.environment,
                directory: by.directory,
                stdin: by.stdin,
                elsewhere: by.elsewhere,
                interactive: false,
                nesting: 1,
            };
            let mut silent = Silent { world, depth };
            Some(resolve::walk(
                &text,
                origin,
                &place,
                start,
                &overlay,
                &mut silent,
            ))
        }
    }
}

/// Judges nothing.
struct Silent<'w> {
    world: &'w dyn World,
    depth: usize,
}

impl Sink for Silent<'_> {
    fn command(&mut self, _command: Command, _nesting: usize) {}
    fn written(&mut self, _written: Written, _by: Command, _nesting: usize) {}
    fn opaque(&mut self, _reason: String, _location: Location) {}
    fn printed(&mut self, command: &Command) -> Option<Text> {
        started(command, self.world, self.depth + 1)
    }
}
