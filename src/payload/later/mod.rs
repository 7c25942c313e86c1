//! What is left in a file for another program to run later: a shell's start-up files, git's hooks
//! and settings, crontabs, units, and what ssh, editors and agents run by their settings.
//!
//! Owns which files these are, and the way from what is written there to what will run. Never
//! decides. A file of a person's that a command only reads is that person's.

mod formats;
mod places;

pub(super) use self::formats::ssh_config;

use std::path::{Path, PathBuf};

use self::places::Format;
use super::{embedded, git};
use crate::call::{Findings, Nested};
use crate::context::Place;
use crate::location::Location;
use crate::resolve::{
    Argument, Command, Content, Directory, Environment, Origin, Part, Stdin, Text, Written,
    base_name, normalized,
};
use crate::rules;
use crate::shell::Dialect;
use crate::world::{ReadError, World};

/// Judges what a command writes as what will run, if something runs what stands in that file.
pub(crate) fn left_to_run(written: &Written, by: &Command, world: &dyn World) -> Findings {
    let mut findings = Findings::default();
    let path = written.path.exact().filter(|_| by.elsewhere.is_none());
    let Some(path) = path.and_then(|path| by.directory.join(path)) else {
        return findings;
    };
    let path = normalized(&path);
    left_at(&path, written, world, 0, &mut findings);
    findings
}

/// Directories within directories that are copied.
const DEPTH: usize = 6;
/// Names in one that are looked at.
const NAMES: usize = 200;

fn left_at(
    path: &Path,
    written: &Written,
    world: &dyn World,
    depth: usize,
    findings: &mut Findings,
) {
    if let Content::CopyOf(directory) = &written.content
        && depth < DEPTH
        && let Some((names, more)) = world.list(directory, NAMES)
    {
        // Only in a directory of which all is run, one of a great many counts.
        if more && places::runs_all(path, world) {
            let reason = format!("`{}` gets more files than guard looks at", path.display());
            findings.opaque(reason, &written.location);
        }
        for name in names {
            let inner = Written {
                content: Content::CopyOf(directory.join(&name)),
                ..written.clone()
            };
            left_at(&path.join(&name), &inner, world, depth + 1, findings);
        }
        return;
    }
    if let Content::Whole(text) = &written.content
        && text.exact().is_none()
        && places::runs_all(path, world)
    {
        let reason = format!(
            "what will run from `{}`: {}",
            path.display(),
            text.display()
        );
        findings.opaque(reason, &written.location);
        return;
    }
    left_in(path, written, world, findings);
}

fn left_in(path: &Path, written: &Written, world: &dyn World, findings: &mut Findings) {
    let Some(format) = places::format(path, world) else {
        return;
    };
    let mut left = Left {
        path,
        place: &written.location,
        world,
        within: matches!(written.content, Content::Within(_)),
        source: None,
        findings,
    };
    match &written.content {
        Content::Whole(text) | Content::Added(text) | Content::Within(text) => {
            left.read(format, text);
        }
        Content::CopyOf(file) => {
            left.source = Some(file.clone());
            match world.read(file) {
                Ok(text) => left.read(format, &Text::known(text)),
                // Nothing is copied, or a program that is no text.
                Err(ReadError::Missing(_) | ReadError::NotText(_) | ReadError::NotRegular(_)) => {}
                Err(error) => {
                    let reason = format!("what `{}` will run: {error}", path.display());
                    left.findings.opaque(reason, &written.location);
                }
            }
        }
    }
}

/// One file, and what will run from it.
struct Left<'a> {
    path: &'a Path,
    place: &'a Location,
    world: &'a dyn World,
    /// Only a part of the file is known, and not what stands before it.
    within: bool,
    /// The file that it is a copy of.
    source: Option<PathBuf>,
    findings: &'a mut Findings,
}

impl Left<'_> {
    fn read(&mut self, format: Format, text: &Text) {
        match format {
            Format::Shell(shell) => self.text(values_known(text), shell),
            Format::Script => {
                let file = self.source.as_deref().unwrap_or(self.path);
                program(file, text, &self.starter(), self.place, self.findings);
            }
            Format::GitConfig => self.git_config(text),
            Format::Embedded(language) => {
                let by = self.starter();
                embedded::judge(
                    language,
                    text,
                    self.place,
                    Place::default(),
                    &by,
                    self.world,
                    self.findings,
                );
            }
            Format::Crontab { user } => {
                for command in formats::crontab(text, user) {
                    self.shell(command);
                }
            }
            Format::Keys(keys) => {
                for command in formats::keys(text, keys) {
                    self.shell(command);
                }
            }
            Format::SshConfig => {
                for command in formats::ssh_config(text) {
                    self.shell(command);
                }
            }
            Format::AuthorizedKeys => {
                for command in formats::authorized_keys(text) {
                    self.shell(command);
                }
            }
            Format::Apt => {
                for command in formats::apt(text) {
                    self.shell(command);
                }
            }
            Format::Settings => {
                for command in formats::settings(text) {
                    self.shell(command);
                }
            }
        }
    }

    /// The command that will run it: of its variables and its directory little is known.
    fn starter(&self) -> Command {
        let name = self.path.display();
        let above = self.path.ancestors();
        let repository = above
            .skip(1)
            .find(|path| {
                path.file_name()
                    .is_some_and(|name| name == ".git" || name == ".husky")
            })
            .and_then(Path::parent);
        Command {
            argv: vec![Argument::known(name.to_string(), self.place.clone())],
            environment: Environment::default(),
            directory: repository.map_or_else(
                || Directory::Unknown(format!("where `{name}` is run")),
                |root| Directory::Known(root.to_owned()),
            ),
            stdin: Stdin::Empty,
            redirections: Vec::new(),
            location: self.place.clone(),
            elsewhere: None,
        }
    }

    fn shell(&mut self, text: Text) {
        self.text(text, "sh");
    }

    fn text(&mut self, text: Text, shell: &str) {
        self.findings.nested.push(Nested::Shell {
            text,
            origin: Origin::Place(self.place.clone()),
            arguments: Vec::new(),
            by: Box::new(self.starter()),
            shell: Dialect::from(shell),
        });
    }

    fn git_config(&mut self, text: &Text) {
        let section = match self.world.read(self.path) {
            Ok(before) if self.source.is_none() => git::config::last_section(&before),
            _ => None,
        };
        let starter = self.starter();
        for setting in git::config::settings(text, section) {
            let runs = if self.within {
                setting.may_run()
            } else {
                setting.runs()
            };
            if let Some(runs) = runs {
                git::follow(&runs, self.place, &starter, self.world, self.findings);
            }
        }
    }
}

/// Judges a program that is started as a file, by its first line: `text` is what `file` holds.
pub(super) fn program(
    file: &Path,
    text: &Text,
    by: &Command,
    place: &Location,
    findings: &mut Findings,
) {
    let mut by = by.clone();
    let name = Argument::known(file.to_string_lossy(), place.clone());
    let interpreter = rules::interpreter(text.known_prefix()).unwrap_or_default();
    let shell = interpreter.first().map_or("sh", |word| base_name(word));
    if matches!(shell, "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash") {
        findings.nested.push(Nested::Shell {
            text: text.clone(),
            origin: Origin::Place(place.clone()),
            arguments: vec![name],
            by: Box::new(by),
            shell: Dialect::from(shell),
        });
        return;
    }
    let words = interpreter.into_iter();
    by.argv = words
        .map(|word| Argument::known(word, place.clone()))
        .chain([name])
        .collect();
    findings.nested.push(Nested::Command(Box::new(by)));
}

/// The text with its unknown parts taken for plain words where they are values of assignments:
/// `export PATH=$DIR:…`.
fn values_known(text: &Text) -> Text {
    let mut known = Text::empty();
    let mut line = String::new();
    for part in text.parts() {
        match part {
            Part::Known(text) => {
                match text.rsplit_once('\n') {
                    Some((_, last)) => last.clone_into(&mut line),
                    None => line.push_str(text),
                }
                known.push(part.clone());
            }
            Part::Unknown(_) | Part::Glob(_) if is_in_value(&line) => {
                line.push_str("value");
                known.push_known("value");
            }
            Part::Unknown(_) | Part::Glob(_) => known.push(part.clone()),
        }
    }
    known
}

fn is_in_value(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with('#') {
        return true;
    }
    let assignment = [
        "export ",
        "declare -x ",
        "set -gx ",
        "set -x ",
        "fish_add_path ",
    ]
    .iter()
    .find_map(|word| line.strip_prefix(word))
    .unwrap_or(line);
    let name = assignment.split(['=', ' ']).next().unwrap_or_default();
    name.len() < assignment.len()
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (assignment.len() < line.len() || assignment.get(name.len()..=name.len()) == Some("="))
        && !assignment.contains([';', '&', '|', '`'])
        && !assignment.contains("$(")
}
