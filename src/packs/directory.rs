//! Directories of pack files: what lies there, whose it is, and how a change of it shows.
//!
//! Owns the list of directories and the look at each. Reads no pack.

#![allow(
    clippy::disallowed_methods,
    reason = "packs are found before anything is judged"
)]

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{Layer, Origin};
use crate::sys;

/// Where packs that who keeps the machine has put there are found.
const MANAGED: &str = "/etc/guard/packs";

/// A directory whose `NAME.toml` files are packs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub layer: Layer,
    pub path: PathBuf,
}

/// The directories that count on this machine: `/etc/guard/packs`, the person's by the account's
/// home, and those that variables name besides. A variable that is changed can so only add one.
#[must_use]
pub fn directories(variable: impl Fn(&str) -> Option<OsString>) -> Vec<Directory> {
    listed(sys::account_home(), variable)
}

fn listed(account: Option<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Vec<Directory> {
    let absolute = |name: &str| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let homes = [account, absolute("HOME")].map(|home| Some(home?.join(".config")));
    let mut found = vec![Directory {
        layer: Layer::Managed,
        path: MANAGED.into(),
    }];
    for base in homes
        .into_iter()
        .chain([absolute("XDG_CONFIG_HOME")])
        .flatten()
    {
        let path = base.join("guard/packs");
        if found.iter().all(|known| known.path != path) {
            let layer = Layer::User;
            found.push(Directory { layer, path });
        }
    }
    found
}

/// What tells one state of a file from another: the kernel changes the last one with every
/// change of the content, the owner or the mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Whether the file was last changed before this moment, counted from 1970.
    pub(super) fn is_before(&self, moment: Duration) -> bool {
        let seconds = u64::try_from(self.changed.0).unwrap_or(0);
        let nanos = u32::try_from(self.changed.1).unwrap_or(0);
        Duration::new(seconds, nanos) < moment
    }
}

/// A file that should be a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) origin: Origin,
    /// `None` if it cannot be looked at.
    pub(super) stamp: Option<Stamp>,
}

impl Listed {
    /// The file's name without its ending: what the pack must be called.
    pub(super) fn name(&self) -> String {
        let stem = self.origin.path.file_stem();
        stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    }
}

/// What lies in the directories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    /// Every pack file, in order.
    pub(super) packs: Vec<Listed>,
    /// The locks beside them: what should lie there.
    pub(super) locks: Vec<Listed>,
}

impl Listing {
    pub(super) fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.locks.is_empty()
    }

    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut Listed> {
        self.packs.iter_mut().chain(&mut self.locks)
    }
}

/// Looks at the directories; what cannot be looked at is said.
pub(super) fn list(directories: &[Directory]) -> (Listing, Vec<String>) {
    let mut listing = Listing::default();
    let mut notes = Vec::new();
    for Directory { layer, path } in directories {
        let lock = Lock::path(path);
        if let Ok(stamp) = stamp(&lock) {
            listing.locks.push(Listed {
                stamp: Some(stamp),
                origin: Origin {
                    layer: *layer,
                    path: lock,
                },
            });
        }
        let names = match names(path) {
            Ok(names) => names,
            Err(error) if is_nothing(&error) => continue,
            Err(error) => {
                let shown = path.display();
                notes.push(format!(
                    "the packs in `{shown}` cannot be looked at: {error}"
                ));
                continue;
            }
        };
        for name in names {
            let path = path.join(name);
            listing.packs.push(Listed {
                stamp: stamp(&path).ok(),
                origin: Origin {
                    layer: *layer,
                    path,
                },
            });
        }
    }
    (listing, notes)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let path = Path::new(&name);
        let is_pack = path.extension().is_some_and(|ending| ending == "toml");
        if is_pack && !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        length: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// Why a managed pack is not really one: others than root may change it.
pub(super) fn managed_by_others(origin: &Origin) -> bool {
    let ours = |path: &Path| {
        fs::metadata(path).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0)
    };
    let directory = origin.path.parent().unwrap_or(Path::new("/"));
    origin.layer == Layer::Managed && !(ours(&origin.path) && ours(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_can_only_add_a_directory() {
        let with = |xdg: Option<&str>| -> Vec<PathBuf> {
            let variable = |name: &str| match name {
                "HOME" => Some("/home/me".into()),
                "XDG_CONFIG_HOME" => xdg.map(OsString::from),
                _ => None,
            };
            let found = listed(Some("/home/me".into()), variable).into_iter();
            found.map(|directory| directory.path).collect()
        };
        let plain = with(None);
        assert_eq!(
            plain,
            [
                Path::new(MANAGED),
                Path::new("/home/me/.config/guard/packs")
            ]
        );
        assert_eq!(with(Some("/home/me/.config")), plain);
        assert_eq!(with(Some("relative")), plain);
        let more = with(Some("/elsewhere"));
        assert!(plain.iter().all(|path| more.contains(path)));
        assert_eq!(more.len(), 3);
    }
}
