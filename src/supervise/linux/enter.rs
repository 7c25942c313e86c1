//! From one process to three: the front that the caller knows, the supervisor, and the program.
//!
//! ```text
//! caller ─ front ─ supervisor ─ program ─ …
//! ```
//!
//! The front keeps guard's process id, and passes signals and the status on. The supervisor is
//! above everything that the program starts, and adopts what outlives its parent, so that the
//! kernel lets it read their memory under every setting of Yama that lets anybody; its session is
//! its own, so that no signal to the front's group ends it. The program has the front's session,
//! process group, terminal and descriptors.

#![allow(unsafe_code, reason = "fork(2) and prctl(2)")]

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, setsid};

use super::filter::{self, Scope};
use super::front;
use super::listener::Listener;
use crate::gate::Failure;

/// What the supervisor starts with.
pub(super) struct Post {
    pub(super) listener: Listener,
    pub(super) front: Pid,
    pub(super) program: Pid,
    /// Where the front listens for what becomes of the program.
    pub(super) report: File,
}

/// Divides this process. Comes back in the program only, with every call of [`Scope`] trapped from
/// then on; `begin` and `watch` are the supervisor's whole life: nothing runs before `begin` is
/// done.
pub(super) fn divide<T>(
    files: bool,
    begin: impl FnOnce() -> Result<T, Failure>,
    watch: impl FnOnce(Post, T),
) -> io::Result<()> {
    let (listen, report) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    let front = getpid();
    let mut before = SigSet::empty();
    sigprocmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut before),
    )?;
    // SAFETY: guard is single-threaded, so the child may go on as if nothing had happened.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => {
            drop(report);
            undumpable();
            front::stay(File::from(listen), before);
        }
        ForkResult::Child => {
            drop(listen);
            let place = supervise(files, front, File::from(report), &before, begin, watch)?;
            if place.is_child {
                return Ok(());
            }
            leave(0)
        }
    }
}

/// Whether this is the program or the supervisor at its end.
struct Place {
    is_child: bool,
}

fn supervise<T>(
    files: bool,
    front: Pid,
    report: File,
    mask: &SigSet,
    begin: impl FnOnce() -> Result<T, Failure>,
    watch: impl FnOnce(Post, T),
) -> io::Result<Place> {
    prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    // SAFETY: as above, this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(ours);
            drop(report);
            become_child(files, theirs, mask)?;
            Ok(Place { is_child: true })
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            match take_post(front, child, report, ours, begin) {
                Ok((post, begun)) => watch(post, begun),
                // The program waits for an acknowledgement that never comes, and says so.
                Err(_) => leave(super::FAILED),
            }
            Ok(Place { is_child: false })
        }
    }
}

/// The program's side: nothing runs before the supervisor has the listener in its hands.
fn become_child(files: bool, channel: OwnedFd, mask: &SigSet) -> io::Result<()> {
    let mut channel = File::from(channel);
    let mut go = [0];
    channel.read_exact(&mut go)?;
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    let code = filter::program(Scope {
        files,
        supervisor: getppid().as_raw(),
    });
    let listener = filter::install(&code)?;
    // SAFETY: the kernel has just made this descriptor for us.
    let listener = unsafe { OwnedFd::from_raw_fd(listener) };
    let sent = [listener.as_raw_fd()];
    sendmsg::<()>(
        channel.as_raw_fd(),
        &[IoSlice::new(&[1])],
        &[ControlMessage::ScmRights(&sent)],
        MsgFlags::empty(),
        None,
    )?;
    channel.read_exact(&mut go)?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(mask), None)?;
    Ok(())
}

/// The supervisor's side: away from the caller's session, terminal and descriptors.
fn take_post<T>(
    front: Pid,
    program: Pid,
    report: File,
    channel: OwnedFd,
    begin: impl FnOnce() -> Result<T, Failure>,
) -> io::Result<(Post, T)> {
    setsid()?;
    undumpable();
    std::env::set_current_dir("/")?;
    let report = apart_from_standard(report)?;
    let mut channel = apart_from_standard(File::from(channel))?;
    only(&[report.as_raw_fd(), channel.as_raw_fd()])?;
    let begun = begin().map_err(io::Error::other)?;
    channel.write_all(&[1])?;
    let listener = receive(&channel)?;
    let mut report = report;
    front::tell(&mut report, front::News::Started(program.as_raw()))?;
    channel.write_all(&[1])?;
    let post = Post {
        listener: Listener::new(listener),
        front,
        program,
        report,
    };
    Ok((post, begun))
}

/// Guard fills closed standard descriptors before it opens anything, so no file of its own is one.
fn apart_from_standard(file: File) -> io::Result<File> {
    if file.as_raw_fd() > 2 {
        Ok(file)
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// Closes every descriptor but these; standard ones become `/dev/null`. Whoever reads what the
/// program writes must find its end when the program ends.
fn only(kept: &[RawFd]) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    for standard in 0..3 {
        // SAFETY: standard descriptors belong to nobody in particular here; nothing else uses them.
        if unsafe { libc::dup2(null.as_raw_fd(), standard) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    drop(null);
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let mut from = 3;
    for descriptor in kept {
        close_between(from, descriptor - 1)?;
        from = descriptor + 1;
    }
    close_between(from, RawFd::MAX)
}

fn close_between(first: RawFd, last: RawFd) -> io::Result<()> {
    if first > last {
        return Ok(());
    }
    // SAFETY: the supervisor uses none of these descriptors, and the values that own some of them
    // are never dropped: it ends by `_exit`.
    let done = unsafe { libc::close_range(first.cast_unsigned(), last.cast_unsigned(), 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn receive(channel: &File) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!(RawFd);
    let message = recvmsg::<()>(
        channel.as_raw_fd(),
        &mut data,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = control
            && let Some(&descriptor) = descriptors.first()
        {
            // SAFETY: the kernel has just made this descriptor for us.
            return Ok(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Nobody of the same user may look into this process, or take its descriptors.
fn undumpable() {
    // Where it fails, the filter still refuses what it names.
    let _ = prctl(libc::PR_SET_DUMPABLE, 0);
}

pub(super) fn prctl(what: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: these requests take numbers only.
    if unsafe { libc::prctl(what, value, zero, zero, zero) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Ends this process without running what belongs to the program that it was forked from.
pub(super) fn leave(status: u8) -> ! {
    // SAFETY: always allowed.
    unsafe { libc::_exit(libc::c_int::from(status)) }
}
