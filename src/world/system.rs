//! The real system.

#![allow(
    clippy::disallowed_methods,
    reason = "this is where the world is looked at"
)]

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use crate::sys::{self, Watch};

use super::{Entry, EntryKind, INPUT, PathStatus, READ_LIMIT, ReadError, World};
use crate::packs::Packs;

/// What came into being below a supervisor.
#[derive(Debug)]
pub struct Births {
    /// When it began.
    pub since: SystemTime,
    /// Files that took the place of another one since, by device and inode: what they hold was
    /// not all made here.
    pub replaced: RefCell<HashSet<(u64, u64)>>,
}

impl Births {
    /// Whether this is new. Where the file system does not say, it is not.
    #[must_use]
    pub fn has(&self, metadata: &fs::Metadata) -> bool {
        metadata.created().is_ok_and(|born| born >= self.since)
            && !self
                .replaced
                .borrow()
                .contains(&(metadata.dev(), metadata.ino()))
    }
}

/// The real system.
#[derive(Debug)]
pub struct System {
    cwd: PathBuf,
    environment: BTreeMap<String, String>,
    read: RefCell<BTreeMap<PathBuf, Result<String, ReadError>>>,
    account_home: OnceCell<Option<PathBuf>>,
    packs: Option<Rc<Packs>>,
    births: Option<Rc<Births>>,
}

impl System {
    /// The world as this process sees it, from the given directory.
    #[must_use]
    pub fn new(cwd: PathBuf) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            cwd,
            environment,
            read: RefCell::default(),
            account_home: OnceCell::new(),
            packs: None,
            births: None,
        }
    }

    /// The same world, with packs that were added.
    #[must_use]
    pub fn with_packs(self, packs: impl Into<Rc<Packs>>) -> Self {
        Self {
            packs: Some(packs.into()),
            ..self
        }
    }

    /// The same world, seen by a supervisor.
    #[must_use]
    pub fn with_births(self, births: Rc<Births>) -> Self {
        Self {
            births: Some(births),
            ..self
        }
    }

    /// The real system, with these variables in place of this process's own.
    #[must_use]
    pub fn with_environment<'a>(
        cwd: PathBuf,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let environment = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            cwd,
            environment,
            read: RefCell::default(),
            account_home: OnceCell::new(),
            packs: None,
            births: None,
        }
    }

    /// Remembers what was found on standard input, as one of the files that were read.
    pub fn remember_input(&self, content: &str) {
        self.read
            .borrow_mut()
            .insert(PathBuf::from(INPUT), Ok(content.to_owned()));
    }

    fn read_uncached(path: &Path) -> Result<String, ReadError> {
        if path == Path::new("/dev/null") {
            return Ok(String::new());
        }
        let unreadable =
            |error: std::io::Error| ReadError::Unreadable(path.to_owned(), error.to_string());
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                ReadError::Missing(path.to_owned())
            }
            _ => unreadable(error),
        })?;
        // Opening a pipe or a device could block, or change it.
        if !metadata.is_file() {
            return Err(ReadError::NotRegular(path.to_owned()));
        }
        let file = fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(READ_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(ReadError::TooLarge(path.to_owned()));
        }
        String::from_utf8(bytes).map_err(|_| ReadError::NotText(path.to_owned()))
    }
}

impl World for System {
    fn watch(&self) -> Option<Watch> {
        Watch::start()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn cwd(&self) -> &Path {
        &self.cwd
    }

    fn account_home(&self) -> Option<PathBuf> {
        self.account_home.get_or_init(sys::account_home).clone()
    }

    fn is_new(&self, path: &Path) -> bool {
        let metadata = || fs::symlink_metadata(path).ok();
        self.births
            .as_ref()
            .is_some_and(|births| metadata().is_some_and(|metadata| births.has(&metadata)))
    }

    fn packs(&self) -> &Packs {
        self.packs.as_deref().unwrap_or_else(|| Packs::none())
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        nix::unistd::User::from_name(user)
            .ok()
            .flatten()
            .map(|user| user.dir)
    }

    fn user(&self) -> Option<String> {
        nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map(|user| user.name)
    }

    fn read(&self, path: &Path) -> Result<String, ReadError> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let content = Self::read_uncached(path);
        self.read
            .borrow_mut()
            .insert(path.to_owned(), content.clone());
        content
    }

    fn status(&self, path: &Path) -> PathStatus {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => PathStatus::File {
                length: metadata.len(),
            },
            Ok(metadata) if metadata.is_dir() => PathStatus::Directory,
            Ok(_) => PathStatus::Special,
            Err(error) => match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                    PathStatus::Missing
                }
                _ => PathStatus::Unreadable,
            },
        }
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        if let Ok(canonical) = fs::canonicalize(path) {
            return Some(canonical);
        }
        let name = path.file_name()?;
        let parent = fs::canonicalize(path.parent()?).ok()?;
        Some(parent.join(name))
    }

    fn list(&self, path: &Path, limit: usize) -> Option<(Vec<String>, bool)> {
        let mut names: Vec<String> = fs::read_dir(path)
            .ok()?
            // A name that is no UTF-8 stays in the list, as one that nothing is known of.
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .take(limit + 1)
            .collect();
        let more = names.len() > limit;
        names.truncate(limit);
        names.sort_unstable();
        Some((names, more))
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let kind = match metadata.file_type() {
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_dir() => EntryKind::Directory,
            kind if kind.is_symlink() => EntryKind::Link,
            _ => EntryKind::Other,
        };
        Some(Entry {
            kind,
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            executable: metadata.mode() & 0o100 != 0,
        })
    }

    fn bytes(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        let metadata = fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > limit {
            return None;
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(path).ok()?;
        file.take(limit + 1).read_to_end(&mut bytes).ok()?;
        Some(bytes).filter(|bytes| bytes.len() as u64 <= limit)
    }

    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.read
            .borrow()
            .iter()
            .map(|(path, content)| {
                let bytes = match content {
                    Ok(text) => text.clone().into_bytes(),
                    Err(error) => error.to_string().into_bytes(),
                };
                (path.clone(), bytes)
            })
            .collect()
    }
}
