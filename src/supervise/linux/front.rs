//! The process that the caller knows: it passes signals on to the program, and the program's
//! status to the caller.

#![allow(unsafe_code, reason = "signals at the end of a process")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use super::enter::leave;

/// What the supervisor says of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is about to start, as this process.
    Started(i32),
    Exited(i32),
    /// A signal ended it.
    Ended(i32),
    /// A signal stopped it.
    Stopped(i32),
}

const LENGTH: usize = 5;

pub(super) fn tell(report: &mut File, news: News) -> io::Result<()> {
    let (kind, value) = match news {
        News::Started(value) => (1, value),
        News::Exited(value) => (2, value),
        News::Ended(value) => (3, value),
        News::Stopped(value) => (4, value),
    };
    let [a, b, c, d] = value.to_ne_bytes();
    let message: [u8; LENGTH] = [kind, a, b, c, d];
    report.write_all(&message)
}

/// The next news; `None` if the supervisor is gone.
fn hear(report: &mut File) -> Option<News> {
    let mut message = [0; LENGTH];
    report.read_exact(&mut message).ok()?;
    let [kind, a, b, c, d] = message;
    let value = i32::from_ne_bytes([a, b, c, d]);
    Some(match kind {
        1 => News::Started(value),
        2 => News::Exited(value),
        3 => News::Ended(value),
        _ => News::Stopped(value),
    })
}

/// Stays until the program ends, and ends as it did. Every signal is blocked; `mask` is what was
/// blocked before.
pub(super) fn stay(mut report: File, mask: SigSet) -> ! {
    let Ok(signals) = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC) else {
        leave(super::FAILED)
    };
    let mut program = None;
    loop {
        let mut ready = [
            PollFd::new(report.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        if poll(&mut ready, PollTimeout::NONE).is_err() {
            continue;
        }
        let [news, signal] =
            ready.map(|ready| ready.revents().is_some_and(|events| !events.is_empty()));
        if signal {
            pass_on(&signals, program);
        }
        if !news {
            continue;
        }
        match hear(&mut report) {
            Some(News::Started(pid)) => program = Some(Pid::from_raw(pid)),
            Some(News::Exited(status)) => leave(u8::try_from(status & 0xff).unwrap_or(0)),
            Some(News::Ended(signal)) => end_by(signal),
            Some(News::Stopped(signal)) => {
                stop(signal, &mask);
                // Whoever continued this process meant the program.
                send(program, Signal::SIGCONT);
            }
            None => {
                let _ = writeln!(
                    io::stderr(),
                    "guard: the supervisor has ended, so nothing below it can start or delete \
                     anything any more"
                );
                send(program, Signal::SIGKILL);
                leave(super::FAILED);
            }
        }
    }
}

fn send(program: Option<Pid>, signal: Signal) {
    if let Some(program) = program {
        // It may have ended.
        let _ = kill(program, signal);
    }
}

/// What was sent to this process alone is for the program; what the kernel sends (keys, a changed
/// window) it sends to the whole group, the program included.
fn pass_on(signals: &SignalFd, program: Option<Pid>) {
    let Ok(Some(received)) = signals.read_signal() else {
        return;
    };
    let from_kernel = received.ssi_code == libc::SI_KERNEL;
    let Ok(signal) = i32::try_from(received.ssi_signo)
        .map_err(|_| nix::errno::Errno::EINVAL)
        .and_then(Signal::try_from)
    else {
        return;
    };
    if !from_kernel && signal != Signal::SIGCHLD {
        send(program, signal);
    }
}

/// Stops as the program did.
fn stop(signal: i32, mask: &SigSet) {
    let Ok(signal) = Signal::try_from(signal) else {
        return;
    };
    let mut this = SigSet::empty();
    this.add(signal);
    let own = Pid::this();
    let _ = kill(own, signal);
    if !mask.contains(signal) {
        // It arrives here, and this process stops until it is continued.
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&this), None);
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&this), None);
    }
}

/// Ends by the same signal, without a core of guard's own.
fn end_by(signal: i32) -> ! {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: numbers only; the action for the signal becomes the system's own, and then it is
    // sent to this process.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
    leave(u8::try_from(128 + signal).unwrap_or(255))
}
