//! Packs at run time: which there are, where each comes from, and how a program is found in them.
//!
//! Owns the built-in set, and the sets that a machine or a person adds. A set only answers what is
//! known of a program; that an added pack can never take a question away is `judge`'s: it judges
//! with and without them, and joins.

mod cache;
pub mod catalogue;
mod compiled;
mod directory;
pub mod examples;
pub mod library;
pub mod lint;
pub mod lock;
pub mod source;

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::rules::schema::{self, Api, Cli, Pack};

pub use cache::{discard, open, read};
pub use compiled::{Compiled, Entry, checksum, compile};
pub use directory::{Directory, directories};

/// Where a pack comes from, from what is most trusted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Embedded in guard.
    BuiltIn,
    /// Put there by who keeps the machine.
    Managed,
    /// Put there by the person.
    User,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built-in",
            Self::Managed => "managed",
            Self::User => "user",
        })
    }
}

/// Where a pack was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub layer: Layer,
    pub path: PathBuf,
}

/// The packs that guard embeds: name, file and text.
pub struct Source {
    pub name: &'static str,
    pub file: &'static str,
    pub text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The text of every embedded pack, in the order of their names.
#[must_use]
pub const fn sources() -> &'static [Source] {
    SOURCES
}

/// A set of packs that programs are looked up in.
#[derive(Debug)]
pub struct Packs {
    compiled: Compiled,
    decoded: Vec<OnceLock<Option<Box<Cli>>>>,
    decoded_apis: Vec<OnceLock<Option<Box<Api>>>>,
    /// Where each comes from; empty for the built-in ones.
    origins: Vec<Origin>,
    /// What a person should know: a pack that is broken, and what stands in for it.
    notes: Vec<String>,
}

impl Packs {
    const fn empty() -> Self {
        Self {
            compiled: Compiled::empty(),
            decoded: Vec::new(),
            decoded_apis: Vec::new(),
            origins: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn new(compiled: Compiled, origins: Vec<Origin>, notes: Vec<String>) -> Self {
        let decoded = (0..compiled.clis()).map(|_| OnceLock::new()).collect();
        let decoded_apis = (0..compiled.apis()).map(|_| OnceLock::new()).collect();
        Self {
            compiled,
            decoded,
            decoded_apis,
            origins,
            notes,
        }
    }

    /// These packs, as if they were added.
    pub fn of(packs: Vec<Pack>) -> Result<Self, String> {
        let compiled = compile(packs).map_err(|error| error.to_string())?;
        Ok(Self::new(
            Compiled::in_memory(compiled),
            Vec::new(),
            Vec::new(),
        ))
    }

    /// The packs that are part of guard.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Packs> = OnceLock::new();
        BUILT_IN.get_or_init(|| Self::new(Compiled::embedded(COMPILED), Vec::new(), Vec::new()))
    }

    /// No packs.
    #[must_use]
    pub fn none() -> &'static Self {
        static NONE: Packs = Packs::empty();
        &NONE
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.compiled.packs().next().is_none()
    }

    /// What these packs say of a program's base name.
    pub fn program<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Entry> + 'a {
        self.compiled.program(name)
    }

    /// The CLIs that a launcher (`npx`, `uvx`) starts for a package name.
    pub fn package<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.compiled.package(name)
    }

    /// A CLI and the name of its pack; `None` if what was compiled is damaged.
    #[must_use]
    pub fn cli(&self, index: usize) -> Option<(&str, &Cli)> {
        let cell = self.decoded.get(index)?;
        let cli = cell.get_or_init(|| self.compiled.cli(index).map(Box::new));
        let pack = self.compiled.pack(self.compiled.pack_of(index)?)?;
        Some((pack, cli.as_deref()?))
    }

    /// Every pattern of hosts, with the API that it belongs to.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.compiled.hosts()
    }

    /// An API and the name of its pack; `None` if what was compiled is damaged.
    #[must_use]
    pub fn api(&self, index: usize) -> Option<(&str, &Api)> {
        let cell = self.decoded_apis.get(index)?;
        let api = cell.get_or_init(|| self.compiled.api(index).map(Box::new));
        let pack = self.compiled.pack(self.compiled.pack_of_api(index)?)?;
        Some((pack, api.as_deref()?))
    }

    /// The pack that says this: its name, and where it comes from if it was added.
    #[must_use]
    pub fn origin(&self, entry: Entry) -> Option<(&str, Option<&Origin>)> {
        let index = match entry {
            Entry::ReadOnly(pack) | Entry::Reversible(pack) => pack,
            Entry::Cli(cli) => self.compiled.pack_of(cli)?,
        };
        Some((self.compiled.pack(index)?, self.origins.get(index)))
    }

    /// Where the pack of an API comes from, if it was added.
    #[must_use]
    pub fn api_origin(&self, index: usize) -> Option<&Origin> {
        self.origins.get(self.compiled.pack_of_api(index)?)
    }

    /// The names of the packs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.compiled.packs()
    }

    /// Every program that these packs describe, sorted.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.compiled.programs()
    }

    /// The programs for which a PATH shim is worth it, sorted.
    pub fn shims(&self) -> impl Iterator<Item = &str> {
        self.compiled.shims()
    }

    /// What a person should know about these packs, a line each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether some CLI or API that was asked for could not be decoded.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        let cells = self.decoded.iter();
        let apis = self.decoded_apis.iter();
        cells
            .map(|cell| cell.get().is_some_and(Option::is_none))
            .chain(apis.map(|cell| cell.get().is_some_and(Option::is_none)))
            .any(|damaged| damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_cli_decodes_and_is_found_by_its_programs() {
        let packs = Packs::built_in();
        let mut count = 0;
        for (name, entry) in packs.programs() {
            let found: Vec<Entry> = packs.program(name).collect();
            assert_eq!(found, [entry], "{name}");
            if let Entry::Cli(index) = entry {
                let (_, cli) = packs.cli(index).unwrap();
                assert!(cli.programs.iter().any(|program| program == name));
            }
            count += 1;
        }
        assert!(count > 1000, "{count}");
        assert_eq!(packs.program("no such program").count(), 0);
        assert_eq!(packs.program("").count(), 0);
        assert_eq!(Packs::none().program("rm").count(), 0);
        assert!(packs.shims().any(|program| program == "rm"));
    }
}
