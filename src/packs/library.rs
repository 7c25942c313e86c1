//! Packs as people look at them: each with its text, where it comes from, and what is wrong.
//!
//! Owns the reading of whole packs, for guard's own subcommands and for tests.

use std::path::{Path, PathBuf};

use super::cache::{read, read_text};
use super::directory::{self, Directory};
use super::{Layer, Origin, sources};
use crate::rules::check;
use crate::rules::document::Complaint;
use crate::rules::schema::Pack;

/// One pack file.
#[derive(Debug)]
pub struct Loaded {
    /// What the file is called, without its ending.
    pub name: String,
    pub origin: Origin,
    pub text: String,
    pub pack: Result<Pack, Vec<Complaint>>,
}

impl Loaded {
    /// The pack, if nothing is wrong with it.
    #[must_use]
    pub fn good(&self) -> Option<&Pack> {
        self.pack.as_ref().ok()
    }
}

/// The packs that are part of guard.
#[must_use]
pub fn built_in() -> Vec<Loaded> {
    let each = sources().iter().map(|source| Loaded {
        name: source.name.to_owned(),
        origin: Origin {
            layer: Layer::BuiltIn,
            path: source.file.into(),
        },
        text: source.text.to_owned(),
        pack: check::read(source.text),
    });
    each.collect()
}

/// The packs of these directories, and what cannot be looked at.
#[must_use]
pub fn added(directories: &[Directory]) -> (Vec<Loaded>, Vec<String>) {
    let (listing, notes) = directory::list(directories);
    let each = listing.packs.into_iter().map(|file| {
        let name = file.name();
        loaded(name, file.origin)
    });
    (each.collect(), notes)
}

/// The pack in this file.
#[must_use]
pub fn file(path: &Path) -> Loaded {
    let stem = path.file_stem();
    let name = stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let origin = Origin {
        layer: Layer::User,
        path: PathBuf::from(path),
    };
    loaded(name, origin)
}

fn loaded(name: String, origin: Origin) -> Loaded {
    let (text, pack) = match read_text(&origin.path) {
        Ok(text) => {
            let pack = read(&name, &text);
            (text, pack)
        }
        Err(error) => {
            let complaint = Complaint {
                span: 0..0,
                message: format!("it cannot be read: {error}"),
                help: None,
            };
            (String::new(), Err(vec![complaint]))
        }
    };
    Loaded {
        name,
        origin,
        text,
        pack,
    }
}
