//! Finding the real program behind a link to guard.
//!
//! By what a file is, never by its name: a candidate that is guard itself is passed over, and so
//! is every directory of guard's links, this installation's or another's.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use thiserror::Error;

use crate::invocation::{Flavor, ShellName};

/// The name of the empty file that marks a directory of links to guard.
pub const LINKS_MARKER: &str = ".guard-links";

/// Where a shell is looked for when `PATH` has none.
const SHELL_DIRECTORIES: [&str; 3] = ["/bin", "/usr/bin", "/usr/local/bin"];

#[derive(Debug, Error)]
pub enum LookupError {
    #[error("guard cannot find its own program file: {0}")]
    Myself(std::io::Error),
    #[error("{}: command not found", .0.to_string_lossy())]
    NotFound(OsString),
    #[error(
        "{}: command not found: only guard's own link has this name on PATH; is the program installed?",
        .0.to_string_lossy()
    )]
    OnlyGuard(OsString),
    #[error("{}: permission denied", .0.to_string_lossy())]
    NotExecutable(OsString),
    #[error("{}: guard does not know the command line of this shell", .0.display())]
    UnknownShell(PathBuf),
}

impl LookupError {
    /// The exit status that a shell gives for it.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Myself(_) => 125,
            Self::NotFound(_) | Self::OnlyGuard(_) => 127,
            Self::NotExecutable(_) | Self::UnknownShell(_) => 126,
        }
    }
}

/// A real program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    /// As it was found, symlinks not resolved: what is executed.
    pub path: PathBuf,
}

/// A search of `PATH` that never finds guard.
#[derive(Debug)]
pub struct Lookup {
    myself: (u64, u64),
    path: OsString,
}

/// What a candidate turned out to be.
enum Candidate {
    Missing,
    Guard,
    NotExecutable,
    Program,
}

impl Lookup {
    /// A search of the given `PATH`. An unset one is searched as the C library would.
    pub fn new(path: Option<OsString>) -> Result<Self, LookupError> {
        let myself = fs::metadata("/proc/self/exe")
            .or_else(|_| fs::metadata(std::env::current_exe()?))
            .map_err(LookupError::Myself)?;
        Ok(Self {
            myself: (myself.dev(), myself.ino()),
            path: path.unwrap_or_else(|| "/bin:/usr/bin".into()),
        })
    }

    /// The `PATH` that is searched.
    #[must_use]
    pub fn path(&self) -> &OsStr {
        &self.path
    }

    /// The program that `name` stands for. A name with a slash is a path, and is guard's own
    /// only as one of its links: then the program of that name is meant.
    pub fn find(&self, name: &OsStr) -> Result<Real, LookupError> {
        if !name.as_bytes().contains(&b'/') {
            return self.search(name, &[]);
        }
        match self.candidate(Path::new(name)) {
            Candidate::Program => Ok(Real { path: name.into() }),
            Candidate::Missing => Err(LookupError::NotFound(name.to_owned())),
            Candidate::NotExecutable => Err(LookupError::NotExecutable(name.to_owned())),
            Candidate::Guard => {
                let base = Path::new(name).file_name().unwrap_or_default();
                let directories: &[&str] = if ShellName::ALL.iter().any(|s| s.as_str() == base) {
                    &SHELL_DIRECTORIES
                } else {
                    &[]
                };
                self.search(base, directories)
            }
        }
    }

    /// The real shell behind a link of that name, and how it reads its command line.
    pub fn shell(&self, name: ShellName) -> Result<(Real, Flavor), LookupError> {
        let real = self.search(OsStr::new(name.as_str()), &SHELL_DIRECTORIES)?;
        let flavor = fs::canonicalize(&real.path)
            .ok()
            .as_deref()
            .and_then(Flavor::of)
            .ok_or_else(|| LookupError::UnknownShell(real.path.clone()))?;
        Ok((real, flavor))
    }

    fn search(&self, name: &OsStr, fallback: &[&str]) -> Result<Real, LookupError> {
        let mut guard = false;
        let mut refused = false;
        if name.is_empty() || name == "." || name == ".." {
            return Err(LookupError::NotFound(name.to_owned()));
        }
        let directories = self
            .path
            .as_bytes()
            .split(|&byte| byte == b':')
            .map(|directory| match directory {
                // POSIX: an empty entry is the current directory.
                b"" => Path::new("."),
                _ => Path::new(OsStr::from_bytes(directory)),
            })
            .chain(fallback.iter().map(Path::new));
        for directory in directories {
            let path = directory.join(name);
            match self.candidate(&path) {
                Candidate::Missing => {}
                Candidate::Guard => guard = true,
                Candidate::NotExecutable => refused = true,
                Candidate::Program => return Ok(Real { path }),
            }
        }
        Err(if refused {
            LookupError::NotExecutable(name.to_owned())
        } else if guard {
            LookupError::OnlyGuard(name.to_owned())
        } else {
            LookupError::NotFound(name.to_owned())
        })
    }

    fn candidate(&self, path: &Path) -> Candidate {
        let Ok(metadata) = fs::metadata(path) else {
            return Candidate::Missing;
        };
        if !metadata.is_file() {
            return Candidate::Missing;
        }
        if (metadata.dev(), metadata.ino()) == self.myself {
            return Candidate::Guard;
        }
        if path
            .parent()
            .is_some_and(|directory| directory.join(LINKS_MARKER).exists())
        {
            return Candidate::Guard;
        }
        match access(path, AccessFlags::X_OK) {
            Ok(()) => Candidate::Program,
            Err(_) => Candidate::NotExecutable,
        }
    }
}
