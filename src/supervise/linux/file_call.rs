//! A file that is about to be taken away, or emptied, or replaced.
//!
//! Owns the reading of those calls. What they do is put as the command that does the same, so that
//! nothing about files, git and disks is said twice.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::exec_call::descriptor;
use super::listener::Notification;
use super::memory::{self, Named};
use crate::judge::Subject;

/// What happens to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Its name goes.
    Unlink,
    /// What it holds goes, as by a redirection.
    Overwrite,
    /// What it holds goes, or the end of it.
    Truncate,
    /// Another file takes its name.
    Replace { by: Named },
    /// Something is added to it.
    Append,
    /// Nothing goes: this gets its name, or another one.
    Link { to: OsString },
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) act: Act,
    /// The file that loses.
    pub(super) file: Named,
}

/// What a file is, before the call.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) metadata: Metadata,
    /// The call takes nothing that somebody could miss.
    pub(super) holds_nothing: bool,
}

/// renameat2(2) flags that leave everything somewhere.
const KEEPING: u64 = libc::RENAME_NOREPLACE as u64 | libc::RENAME_EXCHANGE as u64;

/// Reads the call; `None` if it takes nothing away.
pub(super) fn read(notification: &Notification) -> io::Result<Option<Touch>> {
    let thread = notification.thread;
    let [first, second, third, fourth, fifth, _] = notification.arguments;
    let here = libc::AT_FDCWD;
    let named = |base: i32, path: u64| -> io::Result<Named> {
        memory::named(thread, base, &memory::string(thread, path)?)
    };
    let of = |act, file| Ok(Some(Touch { act, file }));
    let opened = |flags: u64| {
        let has = |flag: i32| flags & u64::from(flag.cast_unsigned()) != 0;
        match (has(libc::O_TRUNC), has(libc::O_APPEND)) {
            (true, _) => Some(Act::Overwrite),
            (_, true) => Some(Act::Append),
            _ => None,
        }
    };
    match notification.call {
        libc::SYS_unlinkat => of(Act::Unlink, named(descriptor(first), second)?),
        libc::SYS_renameat2 if fifth & KEEPING != 0 => {
            let to = named(descriptor(first), second)?.path.into_os_string();
            of(Act::Link { to }, named(descriptor(third), fourth)?)
        }
        libc::SYS_renameat | libc::SYS_renameat2 => {
            let by = named(descriptor(first), second)?;
            of(Act::Replace { by }, named(descriptor(third), fourth)?)
        }
        libc::SYS_truncate => of(Act::Truncate, named(here, first)?),
        libc::SYS_ftruncate | libc::SYS_fallocate => of(
            Act::Truncate,
            memory::descriptor(thread, descriptor(first))?,
        ),
        libc::SYS_openat => match opened(third) {
            Some(act) => of(act, named(descriptor(first), second)?),
            None => Ok(None),
        },
        libc::SYS_openat2 => {
            // `struct open_how` begins with the flags.
            match opened(memory::number(thread, third)?) {
                Some(act) => of(act, named(descriptor(first), second)?),
                None => Ok(None),
            }
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink => of(Act::Unlink, named(here, first)?),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => {
            let by = named(here, first)?;
            of(Act::Replace { by }, named(here, second)?)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => of(Act::Overwrite, named(here, first)?),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => match opened(second) {
            Some(act) => of(act, named(here, first)?),
            None => Ok(None),
        },
        libc::SYS_linkat => {
            let to = named(descriptor(first), second)?.path.into_os_string();
            of(Act::Link { to }, named(descriptor(third), fourth)?)
        }
        libc::SYS_symlinkat => {
            let to = memory::string(thread, first)?;
            of(Act::Link { to }, named(descriptor(second), third)?)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_link | libc::SYS_symlink => {
            let to = memory::string(thread, first)?;
            of(Act::Link { to }, named(here, second)?)
        }
        other => Err(io::Error::other(format!("call {other} is not expected"))),
    }
}

/// Whether a call only takes a name away, or gives another one.
pub(super) fn is_of_names(call: libc::c_long) -> bool {
    #[cfg(target_arch = "x86_64")]
    if matches!(call, libc::SYS_unlink | libc::SYS_link | libc::SYS_symlink) {
        return true;
    }
    matches!(
        call,
        libc::SYS_unlinkat | libc::SYS_linkat | libc::SYS_symlinkat
    )
}

impl Touch {
    /// Whether the call leaves everything where it is.
    pub(super) const fn takes_nothing(&self) -> bool {
        matches!(self.act, Act::Append | Act::Link { .. })
    }

    /// What the file is now; `None` if there is none, and so nothing is lost.
    pub(super) fn found(&self, thread: i32) -> io::Result<Option<Found>> {
        let metadata = match self.act {
            Act::Overwrite | Act::Truncate | Act::Append => fs::metadata(&self.file.here),
            Act::Unlink | Act::Replace { .. } | Act::Link { .. } => {
                fs::symlink_metadata(&self.file.here)
            }
        };
        match metadata {
            Ok(metadata) => Ok(Some(self.describe(metadata))),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                // The kernel says the same to the caller, if it has no rights of its own.
                io::ErrorKind::PermissionDenied if memory::same_users(thread) => Ok(None),
                _ => Err(error),
            },
        }
    }

    fn describe(&self, metadata: Metadata) -> Found {
        // A name goes, the content stays under another one.
        let other_name =
            metadata.nlink() > 1 && matches!(self.act, Act::Unlink | Act::Replace { .. });
        Found {
            holds_nothing: !metadata.is_file() || metadata.len() == 0 || other_name,
            metadata,
        }
    }

    /// What does the same, under the name that the caller uses; `None` if that is not UTF-8 text.
    pub(super) fn subject(&self) -> Option<Subject> {
        let path = self.file.written.to_str()?.to_owned();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let mut command: Vec<String> = match &self.act {
            Act::Unlink => words(&["rm", "--"]),
            Act::Overwrite => {
                return Some(Subject::script(format!(
                    ": > {}",
                    shell_words::quote(&path)
                )));
            }
            Act::Append => {
                return Some(Subject::script(format!(
                    ": >> {}",
                    shell_words::quote(&path)
                )));
            }
            Act::Link { to } => words(&["ln", "-T", "--", to.to_str()?]),
            Act::Truncate => words(&["truncate", "-s", "0", "--"]),
            Act::Replace { by } => {
                let by = by.written.to_str()?;
                words(&["mv", "-T", "--", by])
            }
        };
        command.push(path);
        Some(Subject::Argv(command))
    }

    /// Everything below a directory, for a program that goes on from file to file.
    pub(super) fn below(directory: &Path) -> Option<Subject> {
        let words = ["rm", "-r", "--", directory.to_str()?];
        Some(Subject::Argv(words.map(str::to_owned).to_vec()))
    }
}
