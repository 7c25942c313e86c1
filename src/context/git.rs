//! What git knows of a path: whether its content is kept, and whether it is ignored.
//!
//! Owns the reading of `.gitignore` files and of the index. Never runs git: its hooks and
//! configuration could run anything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::world::{Entry, EntryKind, PathStatus, World};

/// Indexes longer than this are not read.
const INDEX_LIMIT: u64 = 64 << 20;

/// A file in the index, as it was when git last looked.
#[derive(Clone, Copy, Debug)]
struct Kept {
    modified: (i64, i64),
    length: u32,
    mode: u32,
    /// Its content is the object database's: no conflict, not merely announced.
    stored: bool,
}

/// A git work tree.
#[derive(Debug)]
pub struct WorkTree {
    pub root: PathBuf,
    /// Where this work tree's index and `HEAD` are.
    pub directory: PathBuf,
    /// `None` if it cannot be read: then nothing is known to be kept.
    index: Option<Index>,
    rules: RefCell<BTreeMap<PathBuf, Rc<Gitignore>>>,
}

#[derive(Debug)]
struct Index {
    files: BTreeMap<Vec<u8>, Kept>,
    written: (i64, i64),
}

impl WorkTree {
    /// The work tree that a canonical path lies in.
    #[must_use]
    pub fn of(path: &Path, world: &dyn World) -> Option<Self> {
        let (root, directory) = Self::place(path, world)?;
        Some(Self {
            index: Index::read(&directory, world),
            root,
            directory,
            rules: RefCell::default(),
        })
    }

    /// The root of the work tree around a path, and its repository; nothing of it is read.
    #[must_use]
    pub fn place(path: &Path, world: &dyn World) -> Option<(PathBuf, PathBuf)> {
        path.ancestors().find_map(|root| {
            let dot_git = root.join(".git");
            let directory = match world.status(&dot_git) {
                PathStatus::Directory => dot_git,
                // A linked work tree, or a submodule.
                PathStatus::File { .. } => {
                    let text = world.read(&dot_git).ok()?;
                    root.join(text.strip_prefix("gitdir:")?.trim())
                }
                PathStatus::Missing | PathStatus::Special | PathStatus::Unreadable => return None,
            };
            Some((root.to_owned(), directory))
        })
    }

    fn relative<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.root)
            .ok()
            .filter(|path| !path.as_os_str().is_empty() && !path.starts_with(".git"))
    }

    /// Whether git may have anything at or below this path; true if that is not known.
    #[must_use]
    pub fn may_track(&self, path: &Path) -> bool {
        let (Some(index), Some(relative)) = (&self.index, self.relative(path)) else {
            return true;
        };
        let name = bytes_of(relative);
        let mut below = name.clone();
        below.push(b'/');
        index.files.contains_key(&name)
            || index
                .files
                .range(below.clone()..)
                .next()
                .is_some_and(|(path, _)| path.starts_with(&below))
    }

    /// Whether anything is tracked here at all. Where nothing is, guard may not see the
    /// repository that the command would find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index
            .as_ref()
            .is_none_or(|index| index.files.is_empty())
    }

    /// Whether git has exactly what this file holds now, by the test that git itself makes
    /// first: the file's size and times are those of the index.
    #[must_use]
    pub fn keeps(&self, path: &Path, entry: &Entry) -> bool {
        let (Some(index), Some(relative)) = (&self.index, self.relative(path)) else {
            return false;
        };
        let Some(kept) = index.files.get(&bytes_of(relative)) else {
            return false;
        };
        let mode = match (entry.kind, entry.executable) {
            (EntryKind::File, true) => 0o100_755,
            (EntryKind::File, false) => 0o100_644,
            (EntryKind::Link, _) => 0o120_000,
            (EntryKind::Directory | EntryKind::Other, _) => return false,
        };
        kept.stored
            && kept.mode == mode
            && kept.modified == entry.modified
            && u64::from(kept.length) == entry.length
            // Changed in the moment the index was written, it could look unchanged.
            && kept.modified < index.written
    }

    /// The tracked files that differ from what git has, at most `limit`; `None` if the index
    /// cannot be read.
    #[must_use]
    pub fn changed(&self, world: &dyn World, limit: usize) -> Option<Vec<PathBuf>> {
        let index = self.index.as_ref()?;
        let changed = index.files.keys().filter_map(|name| {
            let path = self.root.join(path_of(name)?);
            // A file that is gone has nothing left to lose.
            let entry = world.entry(&path)?;
            (!self.keeps(&path, &entry)).then_some(path)
        });
        Some(changed.take(limit).collect())
    }

    /// Whether git ignores the path, itself or with a directory above it.
    #[must_use]
    pub fn ignores(&self, path: &Path, world: &dyn World) -> bool {
        let Some(relative) = self.relative(path) else {
            return false;
        };
        let mut here = self.root.clone();
        relative.components().any(|component| {
            here.push(component);
            let is_directory = here != path || world.status(&here) == PathStatus::Directory;
            self.ignores_entry(&here, is_directory, world)
        })
    }

    /// The nearest file that says anything about the entry decides.
    fn ignores_entry(&self, path: &Path, is_directory: bool, world: &dyn World) -> bool {
        let directories = path.ancestors().skip(1);
        let mut files: Vec<(PathBuf, PathBuf)> = directories
            .take_while(|directory| directory.starts_with(&self.root))
            .map(|directory| (directory.to_owned(), directory.join(".gitignore")))
            .collect();
        let common = common_directory(&self.directory, world);
        files.push((self.root.clone(), common.join("info/exclude")));
        let configured = world.env("XDG_CONFIG_HOME").map(PathBuf::from);
        let configured = configured.or_else(|| Some(world.home()?.join(".config")));
        if let Some(directory) = configured {
            files.push((self.root.clone(), directory.join("git/ignore")));
        }
        for (root, file) in files {
            let matched = self.rules(&root, file, world);
            let matched = matched.matched(path, is_directory);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }

    fn rules(&self, root: &Path, file: PathBuf, world: &dyn World) -> Rc<Gitignore> {
        if let Some(known) = self.rules.borrow().get(&file) {
            return Rc::clone(known);
        }
        let mut builder = GitignoreBuilder::new(root);
        for line in world.read(&file).unwrap_or_default().lines() {
            // A line that cannot be read ignores nothing.
            let _ = builder.add_line(None, line);
        }
        let rules = Rc::new(builder.build().unwrap_or_else(|_| Gitignore::empty()));
        self.rules.borrow_mut().insert(file, Rc::clone(&rules));
        rules
    }
}

/// The directory that linked work trees share.
fn common_directory(directory: &Path, world: &dyn World) -> PathBuf {
    match world.read(&directory.join("commondir")) {
        Ok(text) => directory.join(text.trim()),
        Err(_) => directory.to_owned(),
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

fn path_of(name: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(name).ok().map(PathBuf::from)
}

impl Index {
    fn read(directory: &Path, world: &dyn World) -> Option<Self> {
        let path = directory.join("index");
        if world.status(&path) == PathStatus::Missing {
            // Nothing was ever added.
            return Some(Self {
                files: BTreeMap::new(),
                written: (0, 0),
            });
        }
        let entry = world.entry(&path)?;
        let bytes = world.bytes(&path, INDEX_LIMIT)?;
        // Object names of another length shift every field.
        let config = common_directory(directory, world).join("config");
        let config = world.read(&config).unwrap_or_default().to_ascii_lowercase();
        if config.contains("objectformat") && config.contains("sha256") {
            return None;
        }
        Some(Self {
            files: files(&bytes)?,
            written: entry.modified,
        })
    }
}

/// The entries of an index of version 2 to 4 (gitformat-index).
fn files(bytes: &[u8]) -> Option<BTreeMap<Vec<u8>, Kept>> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.take(4)? != b"DIRC" {
        return None;
    }
    let version = reader.number()?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut files = BTreeMap::new();
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..reader.number()? {
        let start = reader.at;
        let (kept, long) = reader.entry()?;
        if long && version < 3 {
            return None;
        }
        if version == 4 {
            let drop = reader.offset()?;
            name.truncate(name.len().checked_sub(drop)?);
            name.extend_from_slice(reader.until_nul()?);
        } else {
            name = reader.until_nul()?.to_vec();
            // Entries are padded to eight bytes; one NUL of it is read already.
            let length = reader.at - start;
            reader.take((8 - length % 8) % 8)?;
        }
        files.insert(name.clone(), kept);
    }
    // A split index keeps most of its entries in another file.
    reader.has_no_link().then_some(files)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn until_nul(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Some(taken)
    }

    /// The offset encoding of pack files.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = *self.take(1)?.first()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            value = value.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
        }
        Some(value)
    }

    /// The fixed part of an entry, and whether it has extended flags.
    fn entry(&mut self) -> Option<(Kept, bool)> {
        self.take(8)?;
        let modified = (i64::from(self.number()?), i64::from(self.number()?));
        self.take(8)?;
        let mode = self.number()?;
        self.take(8)?;
        let length = self.number()?;
        self.take(20)?;
        let flags = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        let long = flags & 0x4000 != 0;
        let more = if long {
            u16::from_be_bytes(self.take(2)?.try_into().ok()?)
        } else {
            0
        };
        let in_conflict = flags & 0x3000 != 0;
        let announced = more & 0x2000 != 0;
        let kept = Kept {
            modified,
            length,
            mode,
            stored: !in_conflict && !announced,
        };
        Some((kept, long))
    }

    fn has_no_link(&mut self) -> bool {
        // The rest is extensions and a checksum of 20 bytes.
        while self.bytes.len().saturating_sub(self.at) > 20 {
            let Some(name) = self.take(4) else {
                return false;
            };
            if name == b"link" {
                return false;
            }
            let Some(length) = self.number() else {
                return false;
            };
            if self.take(length as usize).is_none() {
                return false;
            }
        }
        true
    }
}
