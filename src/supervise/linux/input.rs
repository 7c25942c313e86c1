//! The standard input of a program that is about to start, without taking anything from it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use super::memory;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Longer input is not looked at to its end (bytes).
const LIMIT: usize = 1 << 20;

/// How long the one who writes the input is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// All of it.
    Bytes(Vec<u8>),
    /// Nothing ever comes.
    Nothing,
    /// A person may type here.
    Terminal,
    /// More may come, or it cannot be looked at.
    Unknown,
}

/// Looks at a process's descriptor 0.
pub(super) fn peek(process: i32) -> Input {
    look(process).unwrap_or(Input::Unknown)
}

fn look(process: i32) -> io::Result<Input> {
    let path = format!("/proc/{process}/fd/0");
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Input::Nothing),
        Err(error) => return Err(error),
    };
    let kind = metadata.file_type();
    if kind.is_file() {
        return regular(process, &path);
    }
    if kind.is_fifo() {
        let pipe = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)?;
        return stream(&pipe, tee);
    }
    if kind.is_socket() {
        return stream(&memory::borrow(process, 0)?, peek_socket);
    }
    Ok(if fs::read_link(&path)?.as_os_str() == "/dev/null" {
        Input::Nothing
    } else if kind.is_char_device() {
        Input::Terminal
    } else {
        Input::Unknown
    })
}

/// A file, from where the caller has read it to.
fn regular(process: i32, path: &str) -> io::Result<Input> {
    let notes = fs::read_to_string(format!("/proc/{process}/fdinfo/0"))?;
    let position = notes
        .lines()
        .find_map(|line| line.strip_prefix("pos:")?.trim().parse().ok())
        .unwrap_or(0);
    let file = File::open(path)?;
    let mut bytes = vec![0; LIMIT + 1];
    let mut length = 0;
    while length < bytes.len() {
        let rest = bytes.get_mut(length..).unwrap_or_default();
        match file.read_at(rest, position + length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    bytes.truncate(length);
    Ok(if length > LIMIT {
        Input::Unknown
    } else {
        Input::Bytes(bytes)
    })
}

/// Waits until whoever writes has closed its end, and copies what lies there.
fn stream(
    source: &impl AsFd,
    copy: impl Fn(&dyn AsRawFd) -> io::Result<Vec<u8>>,
) -> io::Result<Input> {
    let until = Instant::now() + PATIENCE;
    // Of a socket, one direction may end before the other.
    let ends = PollFlags::POLLHUP | PollFlags::from_bits_retain(libc::POLLRDHUP);
    loop {
        let mut ready = [PollFd::new(source.as_fd(), ends)];
        poll(&mut ready, PollTimeout::from(10_u8))?;
        let closed = ready.iter().any(|ready| {
            let events = ready.revents().unwrap_or(PollFlags::empty());
            events.intersects(ends)
        });
        if closed {
            let bytes = copy(&source.as_fd())?;
            return Ok(if bytes.len() > LIMIT {
                Input::Unknown
            } else {
                Input::Bytes(bytes)
            });
        }
        if Instant::now() >= until {
            return Ok(Input::Unknown);
        }
    }
}

/// What lies in a pipe; it stays there.
#[allow(unsafe_code, reason = "tee(2) has no safe wrapper")]
fn tee(source: &dyn AsRawFd) -> io::Result<Vec<u8>> {
    let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    let size = i32::try_from(LIMIT).unwrap_or(i32::MAX);
    // Where so much is not allowed, less is copied, and what is not whole is not known.
    let _ = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETPIPE_SZ(size));
    // SAFETY: descriptors and numbers only.
    let copied = unsafe {
        libc::tee(
            source.as_raw_fd(),
            writer.as_raw_fd(),
            LIMIT,
            libc::SPLICE_F_NONBLOCK,
        )
    };
    drop(writer);
    let mut bytes = Vec::new();
    if copied > 0 {
        File::from(reader).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What lies in a socket; it stays there.
fn peek_socket(source: &dyn AsRawFd) -> io::Result<Vec<u8>> {
    use nix::sys::socket::{MsgFlags, recv};
    let mut bytes = vec![0; LIMIT + 1];
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    let length = match recv(source.as_raw_fd(), &mut bytes, flags) {
        Ok(length) => length,
        Err(nix::errno::Errno::EAGAIN) => 0,
        Err(errno) => return Err(errno.into()),
    };
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_is_looked_at_stays_there() {
        let mut child = Command::new("sh")
            .args(["-c", "sleep 0.3; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let thread = i32::try_from(child.id()).unwrap();
        assert_eq!(peek(thread), Input::Unknown);
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"drop table a;").unwrap();
        drop(input);
        assert_eq!(peek(thread), Input::Bytes(b"drop table a;".to_vec()));
        assert_eq!(peek(thread), Input::Bytes(b"drop table a;".to_vec()));
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"drop table a;");
    }
}
