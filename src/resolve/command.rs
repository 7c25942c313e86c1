//! A simple command as the kernel would see it, as far as that is known.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::state::Definition;
use super::text::Text;
use crate::location::Location;
use crate::shared_map::SharedMap;
use crate::world::World;

/// One word of an argv, with where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub value: Text,
    /// Whether this one word may become several, or none, when the shell expands it
    /// (`$LIST`, `"$@"` of unknown length, `*.o`).
    pub splits: bool,
    /// Where the value stands, unchanged, in the user's text: spans inside a text that is run
    /// (`bash -c '…'`) are mapped back by it.
    pub verbatim: Option<usize>,
    pub location: Location,
}

impl Argument {
    pub fn known(text: impl Into<String>, location: Location) -> Self {
        Self {
            value: Text::known(text),
            splits: false,
            verbatim: None,
            location,
        }
    }
}

/// Variables as the command would find them: changes over the world's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `None` marks a variable that was unset.
    changes: SharedMap<String, Option<Text>>,
    /// `env -i`: nothing of the world's environment is left.
    cleared: bool,
    /// What the shell that starts the command calls by a name: a bash imports what is exported.
    functions: SharedMap<String, Definition>,
    /// Set when variables may have been set that guard could not see (a sourced file that could
    /// not be read, another machine).
    pub uncertain: bool,
}

impl Environment {
    /// The value that the command would see; `None` if the variable is certainly unset or not
    /// known to be set.
    #[must_use]
    pub fn get(&self, world: &dyn World, name: &str) -> Option<Text> {
        match self.changes.get(name) {
            Some(change) => change.clone(),
            None if self.cleared => None,
            None => world.env(name).map(Text::known),
        }
    }

    /// Where [`Environment::get`] finds a variable, in words for [`crate::effect::Evidence`].
    #[must_use]
    pub fn source(&self, name: &str) -> String {
        if self.changes.contains_key(name) {
            format!("{name} set in this command")
        } else {
            format!("environment variable {name}")
        }
    }

    pub fn set(&mut self, name: &str, value: Option<Text>) {
        self.changes.insert(name.to_owned(), value);
    }

    /// What is changed of a variable, to put it back later.
    pub(super) fn change(&self, name: &str) -> Option<Option<Text>> {
        self.changes.get(name).cloned()
    }

    pub(super) fn restore(&mut self, name: &str, change: Option<Option<Text>>) {
        match change {
            Some(change) => self.set(name, change),
            None => {
                self.changes.remove(name);
            }
        }
    }

    /// The functions that a shell exports, for one that it starts.
    pub(super) fn take_functions(&mut self) -> SharedMap<String, Definition> {
        std::mem::take(&mut self.functions)
            .iter()
            .filter(|(_, function)| function.exported)
            .map(|(name, function)| (name.clone(), function.imported()))
            .collect()
    }

    /// Says which functions the shell has that starts the command.
    pub(super) fn with_functions(&self, functions: &SharedMap<String, Definition>) -> Self {
        Self {
            functions: functions.clone(),
            ..self.clone()
        }
    }

    /// Forgets everything (`env -i`, or a shell on another machine).
    pub fn clear(&mut self) {
        self.changes = SharedMap::default();
        self.functions = SharedMap::default();
        self.cleared = true;
    }
}

/// The directory a command runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    Known(PathBuf),
    /// `cd "$SOMEWHERE"`: shown by its source.
    Unknown(String),
}

impl Directory {
    /// `path` as seen from here; `None` if it is relative and this directory is not known.
    /// Does not touch the disk and keeps `..` as it stands.
    #[must_use]
    pub fn join(&self, path: &str) -> Option<PathBuf> {
        if path.starts_with('/') {
            return Some(PathBuf::from(path));
        }
        match self {
            Self::Known(directory) => Some(directory.join(path)),
            Self::Unknown(_) => None,
        }
    }

    #[must_use]
    pub fn known(&self) -> Option<&Path> {
        match self {
            Self::Known(path) => Some(path),
            Self::Unknown(_) => None,
        }
    }
}

/// What a command reads as its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// Guard's own: a terminal, a pipe or a file that guard must not read.
    Inherited,
    /// `/dev/null`, or closed.
    Empty,
    /// A here-document, a here-string, or what a pure command before the pipe prints.
    Text(Text),
    /// `< file`: the path as it was written, resolved against the directory.
    File(PathBuf),
    /// A pipe from a program whose output cannot be known, shown by its source.
    Unknown(String),
}

/// How a redirection opens what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectionKind {
    Read,
    /// `>` or `>|` (`clobber`) or `&>`: truncates what is there.
    Truncate {
        clobber: bool,
    },
    Append,
    ReadWrite,
}

/// A redirection to a file. Duplications (`2>&1`), here-documents and `/dev/null` never get here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    pub kind: RedirectionKind,
    pub path: Text,
    pub location: Location,
}

/// What a file holds once a command has written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// This text and nothing else.
    Whole(Text),
    /// What it held, and this text after it.
    Added(Text),
    /// What it held, with this text somewhere in it (`sed -i`).
    Within(Text),
    /// What this file holds.
    CopyOf(PathBuf),
}

/// A file that a command writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: Text,
    pub content: Content,
    pub location: Location,
}

/// A simple command after expansion. `argv` may be empty: redirections alone (`> file`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub argv: Vec<Argument>,
    pub environment: Environment,
    pub directory: Directory,
    pub stdin: Stdin,
    pub redirections: Vec<Redirection>,
    /// The whole command.
    pub location: Location,
    /// Set for what runs on another machine or in a container (`ssh host …`): its name. Files,
    /// variables and directories of this machine say nothing about it.
    pub elsewhere: Option<Rc<str>>,
}

impl Command {
    /// The program word, if it is exactly known.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        self.argv
            .first()
            .filter(|word| !word.splits)
            .and_then(|word| word.value.exact())
    }

    /// A variable as this command would see it.
    #[must_use]
    pub fn variable(&self, world: &dyn World, name: &str) -> Option<Text> {
        self.environment.get(world, name)
    }
}

/// A path names its last component: `/bin/rm` is `rm`.
#[must_use]
pub fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}
