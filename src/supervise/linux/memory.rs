//! What lies in a waiting process: its memory, its directory, its files.
//!
//! Owns these looks. What was read counts only if the call still waits afterwards.

#![allow(
    unsafe_code,
    reason = "process_vm_readv(2), pidfd_open(2) and pidfd_getfd(2) have no safe wrappers"
)]

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The longest argument list that is read; the kernel's own limit is below it (bytes).
const LONGEST: usize = 8 << 20;

/// A page's size at least divides this on every architecture that is supported.
const PAGE: u64 = 4096;

/// Reads what lies at an address of a thread's process, as much as there is of it up to the
/// buffer's length.
fn read(thread: i32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0)),
        iov_len: buffer.len(),
    };
    // SAFETY: the kernel writes at most `buffer.len()` bytes to the buffer, and checks the other
    // process's addresses itself.
    let done =
        unsafe { libc::process_vm_readv(thread, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(done).map_err(|_| io::Error::last_os_error())
}

/// The C string at an address.
pub(super) fn string(thread: i32, address: u64) -> io::Result<OsString> {
    let mut bytes = Vec::new();
    let mut at = address;
    let mut block = [0_u8; 4096];
    loop {
        // Never across a page that may not be there.
        let rest = usize::try_from(PAGE - at % PAGE).unwrap_or(1);
        let part = block.get_mut(..rest).unwrap_or_default();
        let length = read(thread, at, part)?;
        let part = part.get(..length).unwrap_or_default();
        if let Some(end) = part.iter().position(|&byte| byte == 0) {
            bytes.extend_from_slice(part.get(..end).unwrap_or_default());
            return Ok(OsString::from_vec(bytes));
        }
        bytes.extend_from_slice(part);
        at = at.wrapping_add(length as u64);
        if length == 0 || bytes.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// The list of C strings that a NULL ends, as execve(2) takes it; NULL itself is an empty one.
pub(super) fn strings(thread: i32, address: u64) -> io::Result<Vec<OsString>> {
    let mut words = Vec::new();
    let mut length = 0;
    if address == 0 {
        return Ok(words);
    }
    for pointer in pointers(thread, address)? {
        let word = string(thread, pointer)?;
        length += word.len() + 1;
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        words.push(word);
    }
    Ok(words)
}

fn pointers(thread: i32, address: u64) -> io::Result<Vec<u64>> {
    let mut pointers = Vec::new();
    let mut at = address;
    let mut block = [0_u8; 4096];
    loop {
        let rest = usize::try_from(PAGE - at % PAGE).unwrap_or(8).max(8);
        let part = block.get_mut(..rest).unwrap_or_default();
        let length = read(thread, at, part)?;
        let (whole, _) = part.get(..length).unwrap_or_default().as_chunks::<8>();
        if whole.is_empty() || pointers.len() * 8 > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        for bytes in whole {
            match u64::from_ne_bytes(*bytes) {
                0 => return Ok(pointers),
                pointer => pointers.push(pointer),
            }
        }
        at = at.wrapping_add(whole.len() as u64 * 8);
    }
}

/// A number at an address.
pub(super) fn number(thread: i32, address: u64) -> io::Result<u64> {
    let mut bytes = [0; 8];
    if read(thread, address, &mut bytes)? < bytes.len() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(u64::from_ne_bytes(bytes))
}

/// A path that a call names, relative to a directory descriptor of the caller's
/// (`AT_FDCWD` for its working directory).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As the caller would find it, absolute.
    pub(super) path: PathBuf,
    /// As the caller wrote it, if it is relative to its working directory.
    pub(super) written: PathBuf,
    /// Where the supervisor finds it.
    pub(super) here: PathBuf,
}

/// The working directory of a thread.
pub(super) fn directory(thread: i32) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/{thread}/cwd"))
}

/// Finds the path that a call names.
pub(super) fn named(thread: i32, base: i32, path: &OsStr) -> io::Result<Named> {
    let path = Path::new(path);
    if path.is_absolute() {
        let own = own_files(thread, path);
        return Ok(Named {
            here: own.unwrap_or_else(|| under_root(thread, path)),
            path: path.to_owned(),
            written: path.to_owned(),
        });
    }
    let (link, written) = if base == libc::AT_FDCWD {
        (format!("/proc/{thread}/cwd"), Some(path.to_owned()))
    } else {
        (format!("/proc/{thread}/fd/{base}"), None)
    };
    let above = std::fs::read_link(&link)?;
    let whole = if path.as_os_str().is_empty() {
        above
    } else {
        above.join(path)
    };
    Ok(Named {
        here: if path.as_os_str().is_empty() {
            link.into()
        } else {
            Path::new(&link).join(path)
        },
        written: written.unwrap_or_else(|| whole.clone()),
        path: whole,
    })
}

/// The file that a descriptor of the caller's is open on.
pub(super) fn descriptor(thread: i32, descriptor: i32) -> io::Result<Named> {
    let here = PathBuf::from(format!("/proc/{thread}/fd/{descriptor}"));
    let path = std::fs::read_link(&here)?;
    Ok(Named {
        written: path.clone(),
        path,
        here,
    })
}

/// A descriptor of a process, as one of the supervisor's own.
pub(super) fn borrow(process: i32, descriptor: i32) -> io::Result<OwnedFd> {
    let process = handle(process)?;
    // SAFETY: numbers only.
    made(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0) })
}

/// A process, as a descriptor that becomes readable when it ends.
pub(super) fn handle(process: i32) -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    made(unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) })
}

/// The descriptor that a call has made.
fn made(descriptor: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(descriptor) {
        // SAFETY: the kernel has just made it, and nobody else knows of it.
        Ok(descriptor) if descriptor >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `/proc/self` and `/dev/fd` mean the caller, not the supervisor.
fn own_files(thread: i32, path: &Path) -> Option<PathBuf> {
    let process = PathBuf::from(format!("/proc/{thread}"));
    if let Ok(rest) = path.strip_prefix("/dev/fd") {
        return Some(process.join("fd").join(rest));
    }
    let standard = ["stdin", "stdout", "stderr"];
    let number = standard
        .iter()
        .position(|name| path == Path::new("/dev").join(name));
    if let Some(number) = number {
        return Some(process.join("fd").join(number.to_string()));
    }
    ["/proc/self", "/proc/thread-self"]
        .iter()
        .find_map(|own| Some(process.join(path.strip_prefix(own).ok()?)))
}

/// An absolute path below the caller's root, which is most often the supervisor's own.
fn under_root(thread: i32, path: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{thread}/root"));
    match std::fs::read_link(&root) {
        Ok(real) if real == Path::new("/") && same_mounts(thread) => path.to_owned(),
        _ => root.join(path.strip_prefix("/").unwrap_or(path)),
    }
}

/// Whether a thread sees the mounts that the supervisor sees.
fn same_mounts(thread: i32) -> bool {
    same_namespace(thread, "mnt")
}

/// Whether a thread's rights are those of the same users as the supervisor's.
pub(super) fn same_users(thread: i32) -> bool {
    same_namespace(thread, "user")
}

fn same_namespace(thread: i32, kind: &str) -> bool {
    let space = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/{kind}")).ok();
    space(&thread.to_string()) == space("self")
}

/// What `/proc/THREAD/status` says under a name.
pub(super) fn status(thread: i32, name: &str) -> Option<u64> {
    let text = std::fs::read(format!("/proc/{thread}/status")).ok()?;
    text.split(|&byte| byte == b'\n').find_map(|line| {
        let line = OsStr::from_bytes(line).to_str()?;
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        value.trim().parse().ok()
    })
}
