//! The directory where requests, approvals, grants and the audit log are kept.
//!
//! Owns their modes (nobody else may look) and that every file appears, changes and goes at once:
//! several guards work in here at the same time. Another process of the same user could write
//! here too; that is what guard does not protect against.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Failure, process, provenance};
use crate::sys;

/// Where state lies in a home directory.
const STATE: &str = ".local/state";

/// How long to wait for another guard.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Requests,
    Approvals,
    Grants,
    Supervisors,
}

impl Area {
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Approvals => "approvals",
            Self::Grants => "grants",
            Self::Supervisors => "supervisors",
        }
    }
}

/// Guard's own directory, known to be ours alone.
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
}

impl State {
    /// `$XDG_STATE_HOME/guard`, or `~/.local/state/guard`.
    ///
    /// Below an agent the variables count as the agent got them, not as it sets them for what it
    /// starts: where approvals are looked for is not its to say.
    pub fn open() -> Result<Self, Failure> {
        let account = sys::account_home();
        let usual = account.as_ref().map(|home| home.join(STATE));
        let mut base = base(&|name| std::env::var_os(name), account.clone());
        if base != usual {
            let own = i32::try_from(std::process::id()).unwrap_or(0);
            if let Some(agent) = provenance::agent(&process::System, own) {
                let given = process::environment(agent).unwrap_or_default();
                base = self::base(&|name| given.get(OsStr::new(name)).cloned(), account);
            }
        }
        Self::at(base.ok_or(Failure::Homeless)?.join("guard"))
    }

    /// The given directory, made if it is not there.
    pub fn at(root: PathBuf) -> Result<Self, Failure> {
        let failed = |source| Failure::State {
            path: root.clone(),
            source,
        };
        let metadata = match fs::metadata(&root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_directory(&root).map_err(failed)?;
                fs::metadata(&root).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        if metadata.uid() != nix::unistd::geteuid().as_raw() {
            return Err(Failure::Foreign(root));
        }
        if metadata.mode() & 0o077 != 0 {
            fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(Self { root })
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where compiled packs are kept; `None` where no state can be.
    #[must_use]
    pub fn packs() -> Option<PathBuf> {
        let state = Self::open().ok()?;
        Some(state.root.join("packs"))
    }

    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.root.join("audit.jsonl")
    }

    pub(super) fn path(&self, area: Area, name: &str) -> PathBuf {
        self.root.join(area.name()).join(name)
    }

    /// Puts a file there unless there is one already; says whether it did.
    pub(super) fn create(&self, area: Area, name: &str, content: &[u8]) -> Result<bool, Failure> {
        let path = self.path(area, name);
        self.written(area, content, |temporary| {
            match fs::hard_link(temporary, &path) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// Puts a file there, in place of one that may be there.
    pub(super) fn replace(&self, area: Area, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.path(area, name);
        self.written(area, content, |temporary| fs::rename(temporary, &path))
    }

    /// Takes a file away and returns what it held. Of several that try, one gets it.
    pub(super) fn take(&self, area: Area, name: &str) -> Option<Vec<u8>> {
        let taken = self.path(area, &temporary_name());
        fs::rename(self.path(area, name), &taken).ok()?;
        let content = fs::read(&taken).ok();
        let removed = fs::remove_file(&taken);
        // What could not be used up may not be used.
        removed.ok().and(content)
    }

    pub(super) fn read(&self, area: Area, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(area, name)).ok()
    }

    pub(super) fn remove(&self, area: Area, name: &str) {
        // Gone already is as good.
        let _ = fs::remove_file(self.path(area, name));
    }

    /// Keeps others out of an area until the returned file is closed.
    pub(super) fn locked(&self, area: Area) -> Result<File, Failure> {
        let directory = self.root.join(area.name());
        let locked = make_directory(&directory).and_then(|()| {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(directory.join(".lock"))?;
            lock(&file)?;
            Ok(file)
        });
        locked.map_err(|source| Failure::State {
            path: directory,
            source,
        })
    }

    pub(super) fn list(&self, area: Area) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(area.name())) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort_unstable();
        names
    }

    /// Writes the content under a name that nobody looks for, then lets `place` give it its own.
    fn written<T>(
        &self,
        area: Area,
        content: &[u8],
        place: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T, Failure> {
        let directory = self.root.join(area.name());
        let temporary = directory.join(temporary_name());
        let result = make_directory(&directory)
            .and_then(|()| {
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&temporary)
            })
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| place(&temporary));
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&temporary);
        result.map_err(|source| Failure::State {
            path: directory,
            source,
        })
    }
}

/// Where state lies, by these variables or in the account's home.
fn base(variable: &dyn Fn(&str) -> Option<OsString>, account: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(variable(name)?);
        path.is_absolute().then_some(path)
    };
    let home = || Some(absolute("HOME").or(account)?.join(STATE));
    absolute("XDG_STATE_HOME").or_else(home)
}

/// Waits for an exclusive lock, but not for ever: its holder may have been stopped.
pub(super) fn lock(file: &File) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_micros(200));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "another process has held its lock for five seconds",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(".{}-{count}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(directory.path().join("guard")).unwrap();
        (directory, state)
    }

    #[test]
    fn only_the_owner_may_look() {
        let (directory, state) = state();
        state.create(Area::Requests, "a", b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&directory.path().join("guard")), 0o700);
        assert_eq!(mode(&directory.path().join("guard/requests")), 0o700);
        assert_eq!(mode(&state.path(Area::Requests, "a")), 0o600);
        let open = directory.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        State::at(open.clone()).unwrap();
        assert_eq!(mode(&open), 0o700);
    }

    #[test]
    fn the_first_one_wins_and_only_one_takes() {
        let (_directory, state) = state();
        assert!(state.create(Area::Approvals, "a", b"first").unwrap());
        assert!(!state.create(Area::Approvals, "a", b"second").unwrap());
        let taken: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| state.take(Area::Approvals, "a")))
                .collect();
            workers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        assert_eq!(taken.iter().flatten().count(), 1);
        assert_eq!(taken.into_iter().flatten().next().unwrap(), b"first");
        assert!(state.list(Area::Approvals).is_empty());
        let left = fs::read_dir(state.root.join("approvals")).unwrap().count();
        assert_eq!(left, 0, "no temporary file is left");
    }
}
