//! Shell text that a command runs from a file or from its standard input.
//!
//! Owns finding and reading it. Never looks into it: the resolver does.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::lookup;
use super::matcher::is_system;
use crate::call::{Findings, Nested};
use crate::resolve::Origin;
use crate::resolve::{Argument, Command, Stdin, Text, base_name, is_standard_input};
use crate::shell::Dialect;
use crate::world::{PathStatus, ReadError, World};

/// Runs `words[0]` as a script of this shell, with the rest as its arguments.
pub(crate) fn run(
    shell: Dialect,
    words: &[Argument],
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let Some(file) = words.first() else {
        return;
    };
    let Some(name) = file.value.exact().filter(|_| !file.splits) else {
        let reason = format!(
            "the script is known only when it runs: {}",
            file.value.display()
        );
        findings.unread(reason, &file.location);
        return;
    };
    if is_standard_input(name) {
        from_stdin(shell, words.to_vec(), by, world, findings);
        return;
    }
    if let Some(machine) = &by.elsewhere {
        findings.unread(
            format!("the script `{name}` is on {machine}"),
            &file.location,
        );
        return;
    }
    let Some(path) = by.directory.join(name) else {
        let reason = format!("the directory that holds the script `{name}` is not known");
        findings.unread(reason, &file.location);
        return;
    };
    match world.read(&path) {
        Ok(text) => findings.nested.push(Nested::Shell {
            text: Text::known(text),
            origin: Origin::File {
                path: Rc::from(path),
                place: file.location.span,
            },
            arguments: words.to_vec(),
            by: Box::new(by.clone()),
            shell,
        }),
        // The shell finds nothing to run, either.
        Err(ReadError::Missing(_)) if world.is_untouched() => {}
        Err(error) => findings.unread(
            format!("a script that guard cannot read: {error}"),
            &file.location,
        ),
    }
}

/// Runs what standard input holds as a script of this shell.
pub(crate) fn from_stdin(
    shell: Dialect,
    arguments: Vec<Argument>,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let place = &by.location;
    let nested = |text: Text, origin: Origin| {
        let mut by = Box::new(by.clone());
        // The script is the input; what it starts may read on, but finds nothing to run.
        by.stdin = Stdin::Empty;
        Nested::Shell {
            text,
            origin,
            arguments: arguments.clone(),
            by,
            shell,
        }
    };
    match &by.stdin {
        Stdin::Empty => {}
        Stdin::Text(text) => {
            let origin = Origin::Place(place.clone());
            findings.nested.push(nested(text.clone(), origin));
        }
        Stdin::File(path) => match world.read(path) {
            Ok(text) => {
                let origin = Origin::File {
                    path: Rc::from(path.as_path()),
                    place: place.span,
                };
                findings.nested.push(nested(Text::known(text), origin));
            }
            Err(error) => {
                findings.unread(format!("a script that guard cannot read: {error}"), place);
            }
        },
        Stdin::Inherited => findings.unread(
            format!("{shell} would run commands from a standard input that guard does not see"),
            place,
        ),
        Stdin::Unknown(source) => findings.unread(
            format!("{shell} would run what is known only when it runs: the output of {source}"),
            place,
        ),
    }
}

/// Follows the file that the program word names, if it is a script whose interpreter has a
/// pack; false if it is not.
pub(super) fn follow(
    command: &Command,
    program: &str,
    world: &dyn World,
    findings: &mut Findings,
) -> bool {
    let Some(word) = command.argv.first().filter(|_| command.elsewhere.is_none()) else {
        return false;
    };
    let Some(path) = locate(command, program, world) else {
        // It may be one that the line itself has written.
        let unsure = program.contains('/') && is_script_name(program) && !world.is_untouched()
            || may_be_made(command, program, world);
        if unsure {
            let reason = format!("the directory that holds the script `{program}` is not known");
            findings.unread(reason, &word.location);
        }
        return unsure;
    };
    let text = match world.read(&path) {
        Ok(text) => text,
        // A script that the line itself writes first; what is built first is not read either,
        // but it is no shell text.
        Err(ReadError::Missing(_)) if is_script_name(program) && !world.is_untouched() => {
            let reason = format!("the script `{program}` is not there to read");
            findings.unread(reason, &word.location);
            return true;
        }
        Err(ReadError::Unreadable(_, why)) => {
            let reason = format!("the program `{program}` cannot be read: {why}");
            findings.unread(reason, &word.location);
            return true;
        }
        Err(_) => return false,
    };
    // Without a first line that says otherwise, a shell runs the text itself.
    let interpreter = interpreter(&text).unwrap_or_else(|| vec!["sh".to_owned()]);
    let Some(name) = interpreter.first() else {
        return false;
    };
    if !lookup::is_known(base_name(name), world) {
        return false;
    }
    let place = &word.location;
    let mut argv: Vec<Argument> = interpreter
        .iter()
        .map(|text| Argument::known(text.as_str(), place.clone()))
        .collect();
    // The kernel hands the path on as it was called.
    let called = if program.contains('/') {
        program.to_owned()
    } else {
        path.to_string_lossy().into_owned()
    };
    argv.push(Argument::known(called, place.clone()));
    argv.extend(command.argv.iter().skip(1).cloned());
    let mut inner = command.clone();
    inner.argv = argv;
    inner.redirections = Vec::new();
    findings.nested.push(Nested::Command(Box::new(inner)));
    true
}

fn is_script_name(program: &str) -> bool {
    let extension = Path::new(program).extension();
    extension.is_some_and(|extension| extension == "sh" || extension == "bash")
}

/// The file of a program: where its path says, or on `PATH` below the workspace. What is installed
/// elsewhere is a tool, and is known by its name or not at all: a version manager's shims are
/// scripts, too, and what they run cannot be followed.
fn locate(command: &Command, program: &str, world: &dyn World) -> Option<PathBuf> {
    if program.contains('/') {
        return command.directory.join(program);
    }
    let search = command.variable(world, "PATH")?;
    let inherited = world.env("PATH").unwrap_or_default();
    let own = |directory: &Path| {
        // What this very text puts on PATH is meant to be run.
        let is_inherited = inherited
            .split(':')
            .any(|known| Path::new(known) == directory);
        if !is_inherited && !is_system(&format!("{}/", directory.display())) {
            return true;
        }
        let below = directory.strip_prefix(world.cwd());
        // `~/.pyenv/shims` and `node_modules/.bin` are tools' own, wherever the workspace is.
        let a_tools = |part: &std::ffi::OsStr| {
            part.as_encoded_bytes().starts_with(b".") || part == "node_modules"
        };
        below.is_ok_and(|below| !below.iter().any(a_tools))
    };
    search
        .known_prefix()
        .split(':')
        .filter_map(|directory| command.directory.join(directory))
        .filter(|directory| own(directory))
        .map(|directory| directory.join(program))
        .find(|path| {
            matches!(world.status(path), PathStatus::File { .. })
                || (!world.is_untouched() && world.read(path).is_ok())
        })
}

/// Whether a file in a directory that this very text puts on `PATH` takes the place of a program
/// of that name.
pub(super) fn is_shadowed(command: &Command, program: &str, world: &dyn World) -> bool {
    let search = command.variable(world, "PATH");
    let inherited = world.env("PATH");
    !program.contains('/')
        && command.elsewhere.is_none()
        && search.is_some_and(|search| search.exact() != inherited.as_deref())
        && locate(command, program, world).map_or_else(
            || may_be_made(command, program, world),
            |path| !is_system(&path.to_string_lossy()),
        )
}

/// Whether a program that is not found may be a file that this very text made, in a directory that
/// is not known.
fn may_be_made(command: &Command, program: &str, world: &dyn World) -> bool {
    let known = match command.variable(world, "PATH") {
        _ if program.contains('/') => command.directory.known().is_some(),
        Some(search) => search.exact().is_some_and(|search| {
            let mut directories = search.split(':');
            directories.all(|directory| command.directory.join(directory).is_some())
        }),
        None => false,
    };
    !known && world.makes(base_name(program))
}

/// The interpreter and its arguments by the first line: `#!/usr/bin/env -S bash -e`.
pub(crate) fn interpreter(text: &str) -> Option<Vec<String>> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_ascii_whitespace().map(str::to_owned).peekable();
    let program = words.next()?;
    let mut found = vec![program];
    if base_name(found.first()?) == "env" {
        if words.peek().is_some_and(|word| word == "-S") {
            words.next();
        }
        let mut words = words.skip_while(|word| word.contains('='));
        found = vec![words.next()?];
        found.extend(words);
        return Some(found);
    }
    found.extend(words);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_interpreter() {
        for (text, words) in [
            ("#!/bin/bash -e\nls", Some(vec!["/bin/bash", "-e"])),
            ("#! /usr/bin/env bash\n", Some(vec!["bash"])),
            (
                "#!/usr/bin/env -S A=1 bash -eu\n",
                Some(vec!["bash", "-eu"]),
            ),
            ("ls\n", None),
            ("#!\n", None),
        ] {
            let words = words.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(interpreter(text), words, "{text}");
        }
    }
}
