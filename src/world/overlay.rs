//! The world as a command line would leave it for its later commands.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Entry, PathStatus, READ_LIMIT, ReadError, World};
use crate::packs::Packs;

/// What is read for one text, all in all (bytes): scripts that start each other must end.
const HANDED_LIMIT: usize = 32 << 20;

/// Work for one text, all in all, in bytes of text that are made or looked at: what loops, calls
/// and values that double multiply must end.
const WORK_LIMIT: usize = 64 << 20;
/// And more of it for each byte that is judged, up to so many bytes.
const WORK_BY_BYTE: usize = 256;
const WORK_BYTES: usize = 2 << 20;

/// What a file holds that the text writes; `None` is what cannot be known.
#[derive(Clone)]
struct Held {
    /// On the way on which it was written.
    content: Option<String>,
    /// Which way that is.
    way: usize,
    /// All that it may hold where the script is not on that way any more: every command of it
    /// counts.
    any: Option<String>,
}

/// The way that every script takes.
const CERTAIN: usize = 0;

/// Files that earlier commands of the same text write, over the real world. Nothing is written.
pub struct Overlay<'w> {
    world: &'w dyn World,
    /// The packs that were added, if they count.
    packs: &'w Packs,
    /// Whether one of them had a say.
    added: Cell<bool>,
    written: RefCell<BTreeMap<PathBuf, Held>>,
    /// The ways through the text that are being followed, the innermost last.
    ways: RefCell<Vec<usize>>,
    /// How many ways were followed.
    followed: Cell<usize>,
    /// Directories that are there once an earlier command has run.
    made: RefCell<BTreeSet<PathBuf>>,
    /// Whether a command ran that may have changed the disk, and whether one did that may have
    /// changed what nobody noted.
    touched: Cell<bool>,
    disturbed: Cell<bool>,
    /// What was written since the last command that may have changed anything.
    fresh: RefCell<BTreeSet<PathBuf>>,
    /// Bytes of files that were handed out.
    handed: Cell<usize>,
    /// Work that was done.
    work: Cell<usize>,
    /// What was copied, moved or linked, by its new path.
    copies: RefCell<BTreeMap<PathBuf, PathBuf>>,
    /// Names of files that the text writes in directories that are not known.
    unplaced: RefCell<BTreeSet<String>>,
    /// Links alone, with where they lead.
    links: RefCell<BTreeMap<PathBuf, PathBuf>>,
}

impl<'w> Overlay<'w> {
    /// Whether there is something at this path, whatever the text does first.
    #[must_use]
    pub fn is_on_disk(&self, path: &Path) -> bool {
        self.world.entry(path).is_some()
    }

    #[must_use]
    pub fn new(world: &'w dyn World) -> Self {
        Self {
            world,
            packs: world.packs(),
            added: Cell::default(),
            written: RefCell::default(),
            ways: RefCell::default(),
            followed: Cell::default(),
            made: RefCell::default(),
            touched: Cell::default(),
            disturbed: Cell::default(),
            fresh: RefCell::default(),
            handed: Cell::default(),
            work: Cell::default(),
            copies: RefCell::default(),
            unplaced: RefCell::default(),
            links: RefCell::default(),
        }
    }

    /// The same world as if no pack had been added.
    #[must_use]
    pub fn without_packs(world: &'w dyn World) -> Self {
        Self {
            packs: Packs::none(),
            ..Self::new(world)
        }
    }

    /// Whether an added pack had a say.
    #[must_use]
    pub fn used_added(&self) -> bool {
        self.added.get()
    }

    /// Notes text that is given to be judged.
    pub fn hand(&self, text: &str) {
        self.handed
            .set(self.handed.get().saturating_add(text.len()));
    }

    /// A way begins that the script may take or not: what is written on it is certain only there.
    pub fn enter(&self) {
        self.followed.set(self.followed.get() + 1);
        self.ways.borrow_mut().push(self.followed.get());
    }

    /// It ends.
    pub fn leave(&self) {
        self.ways.borrow_mut().pop();
    }

    fn is_on(&self, way: usize) -> bool {
        way == CERTAIN || self.ways.borrow().contains(&way)
    }

    /// Notes that a command writes a file. `certain` is false when the command may fail: then what
    /// was there before may be there still.
    pub fn write(&self, path: &Path, content: Option<&str>, append: bool, certain: bool) {
        let path = self.key(path);
        let mut way = self.ways.borrow().last().copied().unwrap_or(CERTAIN);
        if !certain {
            self.enter();
            way = self.followed.get();
            self.leave();
        }
        // Taken out, to add to it in place: a long script may add to one file in every line.
        let written = self.written.borrow_mut().remove(&path);
        let before = written.unwrap_or_else(|| {
            let content = match way == CERTAIN && !append {
                true => None,
                false => match self.read(&path) {
                    Ok(text) => Some(text),
                    Err(ReadError::Missing(_)) => Some(String::new()),
                    Err(_) => None,
                },
            };
            Held {
                any: content.clone().filter(|_| way != CERTAIN),
                content,
                way: CERTAIN,
            }
        });
        self.spend(content.map_or(0, str::len));
        let here = self.is_on(before.way);
        let added = |text: Option<String>, apart: bool| {
            let (mut text, content) = (text?, content?);
            if apart && !text.is_empty() {
                text.push('\n');
            }
            text.push_str(content);
            Some(text).filter(|text| text.len() as u64 <= READ_LIMIT)
        };
        let earlier = match before.way {
            CERTAIN => before.content.clone().filter(|_| way != CERTAIN),
            _ => before.any,
        };
        let after = Held {
            // What it may hold is added to, and stays doubtful.
            way: if append && !here { before.way } else { way },
            content: match append {
                true => added(before.content.filter(|_| here), false),
                false => content.map(str::to_owned),
            },
            any: added(earlier, !append),
        };
        self.fresh.borrow_mut().insert(path.clone());
        self.written.borrow_mut().insert(path, after);
    }

    /// Notes that a command writes a file of this name, nobody knows where.
    pub fn write_somewhere(&self, name: &str) {
        self.unplaced.borrow_mut().insert(name.to_owned());
    }

    /// What a file certainly holds when it is read now; `None` where an earlier command of the
    /// same text may have changed it.
    #[must_use]
    pub fn text(&self, path: &Path) -> Option<String> {
        let disturbed = self.disturbed.get() || !self.world.is_untouched();
        let settled = !disturbed || self.is_fresh(path);
        if settled && self.is_written(path) {
            return self.given(path);
        }
        self.read(path).ok().filter(|_| settled)
    }

    /// What this text itself gave a file to hold, where that is certain.
    #[must_use]
    pub fn given(&self, path: &Path) -> Option<String> {
        let written = self.written.borrow();
        let held = written.get(&self.key(path))?;
        held.content.clone().filter(|_| self.is_on(held.way))
    }

    /// Whether what is followed now runs in any case.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let ways = self.ways.borrow();
        ways.last().is_none_or(|way| *way == CERTAIN)
    }

    fn is_fresh(&self, path: &Path) -> bool {
        let fresh = self.fresh.borrow();
        !fresh.is_empty() && fresh.contains(&self.key(path))
    }

    /// Notes that a command ran that may have changed the disk.
    pub fn touch(&self) {
        self.touched.set(true);
        self.disturbed.set(true);
        self.fresh.borrow_mut().clear();
    }

    /// Notes that a command ran that changed nothing but the files that it is noted to write.
    pub fn touch_written(&self) {
        self.touched.set(true);
    }

    /// Notes `cp FROM TO` and its kin.
    pub fn copy(&self, from: &Path, to: &Path) {
        let to = match self.status(to) {
            PathStatus::Directory => to.join(from.file_name().unwrap_or_default()),
            _ => to.to_owned(),
        };
        let to = self.key(&to);
        let from = self.key(from);
        // What this text wrote is copied as it is now; a link shows what is written later, too.
        let content = self.written.borrow().get(&from).cloned();
        if let Some(content) = content {
            self.written.borrow_mut().insert(to.clone(), content);
        }
        if to != from {
            self.copies.borrow_mut().insert(to, from);
        }
    }

    /// Notes `ln FROM TO`: what is written to one is written to the other.
    pub fn link(&self, from: &Path, to: &Path) {
        self.copy(from, to);
        let to = self.key(to);
        self.links.borrow_mut().insert(to, from.to_owned());
    }

    /// What the program at this path really is: the file that it was copied from or is a link to.
    #[must_use]
    pub fn original(&self, program: &Path) -> Option<PathBuf> {
        let copies = self.copies.borrow();
        // Each command is looked for, in every directory of `PATH`, and few texts copy anything.
        if copies.is_empty() {
            return None;
        }
        let mut found = copies.get(&self.key(program)).cloned()?;
        for _ in 0..8 {
            match copies.get(&found) {
                Some(before) if *before != found => found = before.clone(),
                _ => break,
            }
        }
        Some(found)
    }

    /// Notes `mkdir`. It counts only where it cannot well fail: nothing of that name is there, and
    /// what is above it is a directory (with `-p`, the nearest thing above that is there).
    pub fn make_directory(&self, path: &Path, parents: bool) {
        let above = path.parent().into_iter().flat_map(Path::ancestors);
        let firm = above
            .take(if parents { usize::MAX } else { 1 })
            .map(|above| {
                if self.is_made(above) {
                    PathStatus::Directory
                } else {
                    self.status(above)
                }
            })
            .find(|status| *status != PathStatus::Missing);
        if self.status(path) == PathStatus::Missing && firm == Some(PathStatus::Directory) {
            self.made.borrow_mut().insert(path.to_owned());
        }
    }

    /// Whether an earlier command has made this directory, or one below it.
    #[must_use]
    pub fn is_made(&self, path: &Path) -> bool {
        self.made.borrow().iter().any(|made| made.starts_with(path))
    }

    /// The path below which files are kept that are written in a directory.
    fn directory_key(&self, path: &Path) -> PathBuf {
        let made = path.components().collect::<PathBuf>();
        match self.is_made(&made) {
            true => made,
            false => self.key(&made),
        }
    }

    /// Symlinks must not hide that two names are one file.
    fn key(&self, path: &Path) -> PathBuf {
        // Guard's own descriptors are others than those of the command.
        if path.starts_with("/dev/fd") {
            return path.to_owned();
        }
        self.world
            .canonical(path)
            .unwrap_or_else(|| path.to_owned())
    }
}

impl World for Overlay<'_> {
    fn env(&self, name: &str) -> Option<String> {
        self.world.env(name)
    }

    fn cwd(&self) -> &Path {
        self.world.cwd()
    }

    fn packs(&self) -> &Packs {
        self.packs
    }

    fn note_added(&self) {
        self.added.set(true);
        self.world.note_added();
    }

    fn home(&self) -> Option<PathBuf> {
        self.world.home()
    }

    fn account_home(&self) -> Option<PathBuf> {
        self.world.account_home()
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        self.world.home_of(user)
    }

    fn user(&self) -> Option<String> {
        self.world.user()
    }

    fn read(&self, path: &Path) -> Result<String, ReadError> {
        if !self.written.borrow().is_empty()
            && let Some(held) = self.written.borrow().get(&self.key(path))
        {
            let text = match self.is_on(held.way) {
                true => &held.content,
                false => &held.any,
            };
            return text.clone().ok_or_else(|| {
                let reason = "an earlier command writes it".to_owned();
                ReadError::Unreadable(path.to_owned(), reason)
            });
        }
        if !self.copies.borrow().is_empty()
            && let Some(original) = self.original(path)
        {
            return match self.written.borrow().contains_key(&original) {
                true => self.read(&original),
                false => self.world.read(&original),
            };
        }
        let text = self.world.read(path)?;
        self.hand(&text);
        if self.handed.get() > HANDED_LIMIT {
            let reason = "this line reads more than guard follows".to_owned();
            return Err(ReadError::Unreadable(path.to_owned(), reason));
        }
        Ok(text)
    }

    fn status(&self, path: &Path) -> PathStatus {
        // What an earlier command creates is no loss when a later one overwrites it, so only the
        // real disk counts.
        self.world.status(path)
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        self.world.canonical(path)
    }

    fn list(&self, path: &Path, limit: usize) -> Option<(Vec<String>, bool)> {
        let listed = self.world.list(path, limit);
        let below = self.directory_key(path);
        let written = self.written.borrow();
        let made = self.made.borrow();
        let names = written
            .keys()
            .chain(made.iter())
            .filter_map(|file| file.strip_prefix(&below).ok()?.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned());
        let mut names: BTreeSet<String> = names.collect();
        if listed.is_none() && names.is_empty() && !made.contains(&below) {
            return None;
        }
        let (known, more) = listed.unwrap_or_default();
        names.extend(known);
        let more = more || names.len() > limit;
        Some((names.into_iter().take(limit).collect(), more))
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        self.world.entry(path)
    }

    fn spend(&self, work: usize) -> bool {
        self.work.set(self.work.get().saturating_add(work));
        self.work.get() <= WORK_LIMIT + WORK_BY_BYTE * self.handed.get().min(WORK_BYTES)
    }

    fn bytes(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        self.world.bytes(path, limit)
    }

    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.world.files_read()
    }

    fn is_new(&self, path: &Path) -> bool {
        self.world.is_new(path)
    }

    fn is_written(&self, path: &Path) -> bool {
        let written = self.written.borrow();
        !written.is_empty() && written.contains_key(&self.key(path))
    }

    fn makes(&self, name: &str) -> bool {
        let (written, copies) = (self.written.borrow(), self.copies.borrow());
        let mut files = written.keys().chain(copies.keys());
        files.any(|file| file.file_name().is_some_and(|known| known == name))
            || self.unplaced.borrow().contains(name)
    }

    fn linked(&self, path: &Path) -> Option<PathBuf> {
        let links = self.links.borrow();
        if links.is_empty() {
            return None;
        }
        let path = self.key(path);
        path.ancestors().find_map(|link| {
            let to = links.get(link)?;
            let below = path.strip_prefix(link).ok()?;
            Some(if below.as_os_str().is_empty() {
                to.clone()
            } else {
                to.join(below)
            })
        })
    }

    fn is_untouched(&self) -> bool {
        !self.touched.get() && self.world.is_untouched()
    }

    fn is_accounted_for(&self) -> bool {
        !self.disturbed.get() && self.world.is_accounted_for()
    }
}
