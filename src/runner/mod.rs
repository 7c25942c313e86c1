//! Files that name commands for a runner: makefiles, `package.json`, justfiles and their like.
//!
//! Owns finding in them what a runner would start, with the line that says so. Never judges: what
//! it finds is handed on as commands.

pub mod direnv;
mod document;
pub mod generate;
pub mod hooks;
pub mod just;
pub mod launcher;
pub mod make;
pub mod ninja;
pub mod node;
pub mod procfile;
pub mod program;
pub mod taskfile;
pub mod tasks;
pub mod tox;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::call::{Call, Findings, Nested};
use crate::effect::Unlisted;
use crate::location::{FileLine, Location};
use crate::resolve::{Argument, Command, Directory, Environment, Part, Text};
use crate::world::ReadError;

/// Directories above the one where a runner is started that it looks in.
const CLIMB: usize = 32;

/// A shell text with a variable for each part that is not known, set in the environment: a value
/// that a program prints is a value for the shell, too, and no text to run.
fn known_text(text: &Text, environment: &mut Environment) -> Text {
    let mut sources = Vec::new();
    let known = text.render(|index, source| {
        sources.push(source.to_owned());
        format!("${{__guard_value_{index}}}")
    });
    for (index, source) in sources.into_iter().enumerate() {
        let name = format!("__guard_value_{index}");
        environment.set(&name, Some(Text::unknown(source)));
    }
    Text::known(known)
}

/// Where a runner looks for its file: the directory that one of these options names, or the one
/// that it is started in; nothing where that is not known, or not here.
fn directory(call: &Call<'_>, options: &[&str]) -> Option<PathBuf> {
    let mut directory = call.command.directory.clone();
    for given in options.iter().flat_map(|name| call.args.all(name)) {
        let path = given.value.exact().and_then(|path| directory.join(path));
        directory = Directory::Known(path?);
    }
    let known = directory.known().map(Path::to_owned);
    known.filter(|_| call.command.elsewhere.is_none())
}

/// Notes a runner whose file cannot be looked at from here: as a program that no pack describes.
fn unseen(call: &Call<'_>, findings: &mut Findings) {
    if let Some(word) = call.command.argv.first() {
        findings.unlisted.push(Unlisted {
            program: word.value.display().into(),
            location: word.location.clone(),
        });
    }
}

/// A file that a runner reads.
#[derive(Clone, Debug)]
struct File {
    path: Rc<Path>,
    text: String,
}

impl File {
    /// The directory that it lies in.
    fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// A line of it, for a runner that the command at this place starts.
    fn place(&self, line: usize, command: &Location) -> Location {
        Location {
            span: command.span,
            file: Some(Rc::new(FileLine {
                path: self.path.to_path_buf(),
                line,
            })),
        }
    }
}

/// Reads one file. What is not there runs nothing, unless an earlier command makes it.
fn read(path: PathBuf, call: &Call<'_>, findings: &mut Findings) -> Option<File> {
    match call.world.read(&path) {
        Ok(text) => Some(File {
            path: Rc::from(path),
            text,
        }),
        Err(ReadError::Missing(_)) => None,
        Err(error) => {
            let reason = format!("a file of commands that guard cannot read: {error}");
            findings.opaque(reason, &call.command.location);
            None
        }
    }
}

/// The first of these files in a directory, or in the nearest one above that has any.
fn find(from: &Path, names: &[&str], call: &Call<'_>, findings: &mut Findings) -> Option<File> {
    let holes = findings.opaque.len();
    for directory in from.ancestors().take(CLIMB) {
        for name in names {
            let found = read(directory.join(name), call, findings);
            if found.is_some() || findings.opaque.len() > holes {
                return found;
            }
        }
    }
    if !call.world.is_untouched() {
        unseen(call, findings);
    }
    None
}

/// Starts a shell text of a file: `sh -c TEXT name arguments`.
fn start(by: &Command, shell: &[&str], text: &Text, place: &Location, findings: &mut Findings) {
    let mut command = Command {
        location: place.clone(),
        redirections: Vec::new(),
        ..by.clone()
    };
    let text = known_text(text, &mut command.environment);
    let words = shell.iter().map(|word| Text::known(*word)).chain([text]);
    command.argv = words
        .map(|value| Argument {
            value,
            splits: false,
            verbatim: None,
            location: place.clone(),
        })
        .collect();
    findings.nested.push(Nested::Command(Box::new(command)));
}

/// A word as a shell reads it back.
fn quoted(word: &Argument) -> Text {
    if let Some(known) = word.value.exact() {
        return Text::known(shell_words::quote(known));
    }
    let mut text = Text::empty();
    let quote = if word.splits { "" } else { "\"" };
    text.push_known(quote);
    for part in word.value.parts() {
        match part {
            Part::Known(known) => {
                let mut escaped = String::new();
                for letter in known.chars() {
                    if matches!(letter, '"' | '\\' | '$' | '`') {
                        escaped.push('\\');
                    }
                    escaped.push(letter);
                }
                text.push_known(&escaped);
            }
            Part::Glob(pattern) => text.push(Part::Unknown(pattern.clone())),
            other => text.push(other.clone()),
        }
    }
    text.push_known(quote);
    text
}

/// A text with words appended as arguments.
fn with_arguments(text: &str, words: &[Argument]) -> Text {
    let mut whole = Text::known(text);
    for word in words {
        whole.push_known(" ");
        whole.append(quoted(word));
    }
    whole
}
