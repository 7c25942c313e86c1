//! Looking at standard input without taking anything from it.
//!
//! After a look, descriptor 0 yields the very bytes that it would have yielded before.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};
use nix::unistd::{Whence, dup2_stdin, lseek};
use thiserror::Error;

/// How long a pipe may stay silent.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Before its first byte; `None` waits as long as the program itself would.
    pub first: Option<Duration>,
    /// Between that and its end.
    pub between: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: None,
            between: Duration::from_secs(10),
        }
    }
}

/// What a look at standard input found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peek {
    /// Everything up to its end.
    Bytes(Vec<u8>),
    /// A person, or a program that poses as one: nothing is there before it is typed.
    Terminal,
    /// Closed, or a descriptor that cannot be read from.
    Nothing,
    Unseen(Unseen),
}

/// Why standard input could not be looked at to its end. What was read may be lost: the program
/// must not run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unseen {
    #[error("standard input is longer than guard reads ({0} bytes)")]
    TooLong(usize),
    #[error("standard input is a pipe that stays open; pass the commands with `-c` or in a file")]
    Open,
    #[error("standard input is a device")]
    Device,
    #[error("standard input cannot be read: {0}")]
    Unreadable(String),
}

/// Looks at standard input, up to `limit` bytes.
#[must_use]
pub fn peek(limit: usize, patience: Patience) -> Peek {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Peek::Terminal;
    }
    let Ok(status) = fstat(stdin.as_fd()) else {
        return Peek::Nothing;
    };
    let kind = SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits());
    let seen = match kind {
        SFlag::S_IFREG => regular(stdin.as_fd(), limit),
        SFlag::S_IFIFO | SFlag::S_IFSOCK => stream(stdin.as_fd(), limit, patience),
        SFlag::S_IFCHR if is_null(status.st_rdev) => return Peek::Nothing,
        _ => Err(Unseen::Device),
    };
    match seen {
        Ok(bytes) => Peek::Bytes(bytes),
        Err(unseen) => Peek::Unseen(unseen),
    }
}

/// Whether a device is `/dev/null`, by its number.
fn is_null(device: nix::libc::dev_t) -> bool {
    nix::sys::stat::stat("/dev/null").is_ok_and(|null| null.st_rdev == device)
}

/// A file is read where it stands; its offset does not move.
fn regular(stdin: BorrowedFd<'_>, limit: usize) -> Result<Vec<u8>, Unseen> {
    let unreadable = |error: io::Error| Unseen::Unreadable(error.to_string());
    let start = lseek(stdin, 0, Whence::SeekCur).map_err(|errno| unreadable(errno.into()))?;
    let start = u64::try_from(start).unwrap_or_default();
    let file = File::from(stdin.try_clone_to_owned().map_err(unreadable)?);
    let mut bytes = Vec::new();
    let mut block = [0; 16 * 1024];
    loop {
        match file.read_at(&mut block, start + bytes.len() as u64) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend(block.iter().take(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
        if bytes.len() > limit {
            return Err(Unseen::TooLong(limit));
        }
    }
}

/// A stream is read to its end and replaced by one that holds the same.
fn stream(stdin: BorrowedFd<'_>, limit: usize, patience: Patience) -> Result<Vec<u8>, Unseen> {
    let unreadable = |error: io::Error| Unseen::Unreadable(error.to_string());
    let mut source = File::from(stdin.try_clone_to_owned().map_err(unreadable)?);
    let mut bytes = Vec::new();
    let mut block = [0; 16 * 1024];
    loop {
        let silence = if bytes.is_empty() {
            patience.first
        } else {
            Some(patience.between)
        };
        if !wait(source.as_fd(), silence).map_err(unreadable)? {
            return Err(Unseen::Open);
        }
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(read) => bytes.extend(block.iter().take(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Non-blocking, and somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(unreadable(error)),
        }
        if bytes.len() > limit {
            return Err(Unseen::TooLong(limit));
        }
    }
    let refill = refill(&bytes).map_err(unreadable)?;
    dup2_stdin(refill).map_err(|errno| unreadable(errno.into()))?;
    Ok(bytes)
}

/// Waits until there is something to read, or the end; `false` if there is neither in time.
fn wait(stream: BorrowedFd<'_>, silence: Option<Duration>) -> io::Result<bool> {
    let timeout = match silence {
        None => PollTimeout::NONE,
        Some(silence) => PollTimeout::try_from(silence).unwrap_or(PollTimeout::MAX),
    };
    loop {
        let mut fds = [PollFd::new(stream, PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(ready) => return Ok(ready > 0),
            Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// A pipe with these bytes in it and its writing end closed, so that the program finds a pipe
/// where it had one. What is more than a pipe holds goes to a nameless file.
fn refill(bytes: &[u8]) -> io::Result<OwnedFd> {
    let (reader, writer) = nix::unistd::pipe()?;
    if holds(&writer, bytes.len()) {
        File::from(writer).write_all(bytes)?;
        return Ok(reader);
    }
    nameless(bytes)
}

/// Whether so much can be written to a new pipe without a reader.
#[cfg(target_os = "linux")]
fn holds(pipe: &OwnedFd, length: usize) -> bool {
    use nix::fcntl::{FcntlArg, fcntl};
    let size = |argument| {
        fcntl(pipe, argument)
            .ok()
            .and_then(|size| usize::try_from(size).ok())
    };
    if size(FcntlArg::F_GETPIPE_SZ).is_some_and(|size| length <= size) {
        return true;
    }
    i32::try_from(length)
        .ok()
        .and_then(|wanted| size(FcntlArg::F_SETPIPE_SZ(wanted)))
        .is_some_and(|size| length <= size)
}

#[cfg(not(target_os = "linux"))]
fn holds(_pipe: &OwnedFd, length: usize) -> bool {
    length <= 16 * 1024
}

fn nameless(bytes: &[u8]) -> io::Result<OwnedFd> {
    let path = std::env::temp_dir().join(format!("guard-stdin-{}", std::process::id()));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    file.write_all(bytes)?;
    lseek(file.as_fd(), 0, Whence::SeekSet)?;
    debug_assert!(file.as_raw_fd() > 2);
    Ok(file.into())
}
