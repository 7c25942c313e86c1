//! `source`: a file that runs in this very shell.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::location::Location;
use crate::resolve::command::{Argument, Stdin};
use crate::resolve::descriptor::is_standard_input;
use crate::resolve::interpreter::{Interpreter, append_output};
use crate::resolve::redirection::Io;
use crate::resolve::source::Origin;
use crate::resolve::text::Text;
use crate::world::{ReadError, World};

impl Interpreter<'_> {
    pub(in crate::resolve) fn source_file(
        &mut self,
        operands: &[Argument],
        io: &Io,
        location: &Location,
    ) -> Text {
        self.emit_redirections(io, location);
        let operands = match operands.first() {
            Some(first) if first.value.exact() == Some("--") => {
                operands.get(1..).unwrap_or_default()
            }
            _ => operands,
        };
        let Some(file) = operands.first() else {
            return Text::empty();
        };
        if file.value.exact().is_some_and(is_standard_input) {
            let stdin = io.stdin.clone();
            return match stdin.unwrap_or_else(|| self.state.stdin.clone()) {
                Stdin::Text(text) => {
                    self.unsure_text(&text, Origin::Place(location.clone()), location, "source")
                }
                Stdin::Empty => Text::empty(),
                Stdin::Inherited | Stdin::File(_) | Stdin::Unknown(_) => {
                    let reason = "`source` runs what comes on standard input";
                    self.sink.opaque(reason.to_owned(), location.clone());
                    Text::unknown("a sourced file")
                }
            };
        }
        let path = file.value.exact().and_then(|path| {
            self.on_own_path(path)
                .or_else(|| self.directory().join(path))
        });
        let Some(path) = path else {
            let reason = format!(
                "`source` runs a file that is known only when it runs: {}",
                file.value.display()
            );
            self.sink.opaque(reason, location.clone());
            return Text::unknown("a sourced file");
        };
        if self.elsewhere.is_some() {
            self.sink.opaque(
                "`source` runs a file on another machine".to_owned(),
                location.clone(),
            );
            return Text::unknown("a sourced file");
        }
        // Unless this very text writes them.
        if self.is_start_up_file(&path) && !self.world.is_written(&path) {
            self.state.environment.uncertain = true;
            return Text::empty();
        }
        let outer_arguments = self.state.arguments.clone();
        let mut given = None;
        if let Some(rest) = operands.get(1..).filter(|rest| !rest.is_empty()) {
            self.state.arguments = self.positional(rest);
            given = Some(self.state.arguments.clone());
        }
        let output = match self.world.read(&path) {
            Ok(text) => {
                let origin = Origin::File {
                    path: Rc::from(path.as_path()),
                    place: location.span,
                };
                self.names.push(Text::known("source"));
                let mut output = self.returning(|shell| shell.text(&text, origin));
                append_output(&mut output, self.returned(0));
                self.names.pop();
                output
            }
            // The shell finds nothing to run, either.
            Err(ReadError::Missing(_)) => Text::empty(),
            Err(error) => {
                self.sink.opaque(
                    format!("`source` runs a file that {}", because(&error)),
                    location.clone(),
                );
                Text::unknown("a sourced file")
            }
        };
        // What the file itself sets stays set; what it was given does not.
        if let Some(given) = given {
            self.state.arguments =
                outer_arguments.filter(|_| given.is_some() && self.state.arguments == given);
        }
        output
    }

    /// `. name` finds the file on `PATH` first. What lies there of the system's is no matter.
    fn on_own_path(&self, name: &str) -> Option<PathBuf> {
        let search = self.state.environment.get(self.world, "PATH")?;
        let inherited = self.world.env("PATH");
        if name.contains('/') || search.exact() == inherited.as_deref() {
            return None;
        }
        search
            .known_prefix()
            .split(':')
            .filter_map(|directory| Some(self.directory().join(directory)?.join(name)))
            .find(|path| self.world.read(path).is_ok())
    }

    /// A person's start-up files, and the system's, run in every login shell: they are not judged
    /// when they are read, but when something is written into them.
    fn is_start_up_file(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let home = self.world.home();
        let own = path.parent() == home.as_deref() && START_UP.iter().any(|file| *file == name);
        let systems = [
            "/etc/profile",
            "/etc/bash.bashrc",
            "/etc/bashrc",
            "/etc/zshrc",
        ];
        own || systems.iter().any(|file| path == Path::new(file))
    }
}

fn because(error: &ReadError) -> String {
    match error {
        ReadError::Missing(path) => format!("does not exist: `{}`", path.display()),
        ReadError::NotRegular(path) => format!("is no regular file: `{}`", path.display()),
        ReadError::TooLarge(path) => format!("is too large to read: `{}`", path.display()),
        ReadError::Unreadable(path, why) => format!("cannot be read: `{}`: {why}", path.display()),
        ReadError::NotText(path) => format!("is not text: `{}`", path.display()),
    }
}

/// What shells read from the home directory when they start.
const START_UP: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
];
