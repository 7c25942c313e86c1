//! The world as the judging stages may see it: files, variables and users, behind one trait.
//!
//! Owns every look at the system before a verdict. Never writes, and never runs anything.

mod overlay;
mod system;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::packs::Packs;
use crate::sys::Watch;

pub use overlay::Overlay;
pub use system::{Births, System};

/// Files longer than this are not read to the end: what they hold is opaque (bytes).
const READ_LIMIT: u64 = 1 << 20;

/// The name of standard input among the files that were read; no path can be it, since files are
/// read by absolute paths.
pub const INPUT: &str = "standard input";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStatus {
    Missing,
    File {
        length: u64,
    },
    Directory,
    /// A device, a pipe or a socket.
    Special,
    /// It may be there: looking was refused.
    Unreadable,
}

/// Why a file's content is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    #[error("`{0}` does not exist")]
    Missing(PathBuf),
    #[error("`{0}` is not a regular file")]
    NotRegular(PathBuf),
    #[error("`{0}` is larger than guard reads ({READ_LIMIT} bytes)")]
    TooLarge(PathBuf),
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(PathBuf, String),
    #[error("`{0}` is not UTF-8 text")]
    NotText(PathBuf),
}

/// What a directory entry is, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Directory,
    Link,
    Other,
}

/// The facts about a directory entry by which git tells whether a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    pub length: u64,
    /// Seconds and nanoseconds.
    pub modified: (i64, i64),
    pub executable: bool,
}

/// What the judging stages may ask. Every answer may decide an effect, so an implementation
/// remembers the files it read: an approval is bound to their contents.
pub trait World {
    /// A variable of guard's own environment, if it is set and valid UTF-8.
    fn env(&self, name: &str) -> Option<String>;
    /// The directory that guard was started in.
    fn cwd(&self) -> &Path;
    /// The home directory of the user.
    fn home(&self) -> Option<PathBuf> {
        self.env("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
    }
    /// The home directory of the user that guard runs as, from the user database: what `HOME` says
    /// may be anybody's wish.
    fn account_home(&self) -> Option<PathBuf> {
        None
    }
    /// The home directory of a named user (`~name`), from the user database.
    fn home_of(&self, user: &str) -> Option<PathBuf>;
    /// The name of the user that guard runs as, from the user database.
    fn user(&self) -> Option<String>;
    /// The text of a regular file.
    fn read(&self, path: &Path) -> Result<String, ReadError>;
    fn status(&self, path: &Path) -> PathStatus;
    /// The path with every symlink and `..` resolved. A last component that does not exist is
    /// kept; a missing directory above it gives `None`.
    fn canonical(&self, path: &Path) -> Option<PathBuf>;
    /// Notes work that is done for the text that is judged, in bytes that are made or looked at:
    /// false once it is more than is done for any text.
    fn spend(&self, _work: usize) -> bool {
        true
    }

    /// What ends guard where a judgement does not end, as long as it is held.
    fn watch(&self) -> Option<Watch> {
        None
    }

    /// The names in a directory, sorted; at most `limit`, and whether there were more.
    fn list(&self, path: &Path, limit: usize) -> Option<(Vec<String>, bool)>;
    /// The directory entry at this path, links not followed.
    fn entry(&self, path: &Path) -> Option<Entry>;
    /// The bytes of a regular file of at most `limit`. Not remembered: for facts that are looked
    /// at again before anything runs, such as git's index.
    fn bytes(&self, path: &Path, limit: u64) -> Option<Vec<u8>>;
    /// The files read so far, in order of their paths, with what they held.
    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)>;
    /// Where a path leads through a link that an earlier command of the same text makes.
    fn linked(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
    /// Whether this entry itself (not what lies in it) came into being below the supervisor.
    fn is_new(&self, _path: &Path) -> bool {
        false
    }
    /// Whether an earlier command of the same text writes this file.
    fn is_written(&self, _path: &Path) -> bool {
        false
    }
    /// The packs that were added to those that are part of guard.
    fn packs(&self) -> &Packs {
        Packs::none()
    }
    /// Notes that an added pack had a say.
    fn note_added(&self) {}
    /// Whether the text that is judged gives a file of this name its content.
    fn makes(&self, _name: &str) -> bool {
        false
    }
    /// Whether the disk is certainly as it will be: no earlier command of the same text may have
    /// changed it. Then a script that is not there cannot run.
    fn is_untouched(&self) -> bool {
        true
    }
    /// Whether earlier commands changed no files but those that [`World::is_written`] names.
    fn is_accounted_for(&self) -> bool {
        true
    }
}
