//! What really started, against what was judged.
//!
//! Owns the answer to a caller whose other threads, or whose parent, change its memory between the
//! judgement and the kernel's own reading of it. The process is stopped once, after the kernel has
//! made its new image and before that runs its first instruction: the image is private, and nobody
//! else can write to it. sudo's `intercept_verify` does the same with a tracer that stays.

#![allow(unsafe_code, reason = "ptrace(2) with PTRACE_SEIZE options")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::exec_call::Start;

/// What a process must have become.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Device and inode of the file.
    pub(super) image: (u64, u64),
    argv: Vec<OsString>,
    /// The kernel starts an interpreter for it, with the file among its arguments.
    is_script: bool,
}

/// The processes between their judgement and their first instruction; `None` for those that are
/// to end before it.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<i32, Option<Expected>>);

/// What was found at the first stop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This is nobody who was waited for.
    Another,
    /// It is what was judged, or nothing has started.
    Fits,
    /// It is something else, and was ended.
    Ended(i32),
    /// It was to end, and did.
    Refused,
}

impl Pending {
    /// Sees to it that this process stops once it has become what it is about to become. Its call
    /// still waits. Where somebody inside traces it already, only that one sees it.
    pub(super) fn expect(&mut self, thread: i32, process: i32, expected: Expected) {
        self.stop(thread, process, Some(expected));
    }

    /// Sees to it that this process ends once it has become what it is about to become; `false` if
    /// that cannot be.
    pub(super) fn end(&mut self, thread: i32, process: i32) -> bool {
        self.stop(thread, process, None)
    }

    fn stop(&mut self, thread: i32, process: i32, expected: Option<Expected>) -> bool {
        let end_with_us = if expected.is_none() {
            libc::PTRACE_O_EXITKILL
        } else {
            0
        };
        let options = libc::PTRACE_O_TRACEEXEC | end_with_us;
        // SAFETY: numbers only; the thread waits in its call.
        let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, thread, 0_usize, options) };
        if seized != 0 {
            return false;
        }
        // So that it also stops if the call fails, and is let go of.
        // SAFETY: numbers only.
        let _ = unsafe { libc::ptrace(libc::PTRACE_INTERRUPT, thread, 0_usize, 0_usize) };
        if thread != process {
            self.0.insert(thread, expected.clone());
        }
        self.0.insert(process, expected);
        true
    }

    /// Takes a stop, or an end, that waitpid(2) has told of.
    pub(super) fn take(&mut self, status: WaitStatus) -> Outcome {
        let Some(pid) = status.pid().map(Pid::as_raw) else {
            return Outcome::Another;
        };
        if !self.0.contains_key(&pid) {
            return Outcome::Another;
        }
        match status {
            WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_EXEC) => {
                let outcome = match self.0.remove(&pid).flatten() {
                    Some(expected) if expected.fits(pid) => Outcome::Fits,
                    Some(_) => Outcome::Ended(pid),
                    None => Outcome::Refused,
                };
                if outcome != Outcome::Fits {
                    end(pid);
                }
                release(pid);
                outcome
            }
            WaitStatus::PtraceEvent(..) | WaitStatus::Stopped(..) => {
                // Nothing has started.
                if matches!(self.0.remove(&pid), Some(None)) {
                    end(pid);
                }
                release(pid);
                Outcome::Fits
            }
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                self.0.remove(&pid);
                Outcome::Another
            }
            _ => Outcome::Another,
        }
    }
}

/// Before its next instruction.
fn end(pid: i32) {
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

fn release(pid: i32) {
    // It may have been killed meanwhile.
    // SAFETY: numbers only.
    let _ = unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0_usize, 0_usize) };
}

impl Expected {
    pub(super) fn of(start: &Start) -> Self {
        Self {
            image: start.image.id(),
            argv: start.argv.clone(),
            is_script: start.image.is_script,
        }
    }

    fn fits(&self, process: i32) -> bool {
        let Ok(cmdline) = fs::read(format!("/proc/{process}/cmdline")) else {
            return false;
        };
        let Ok(image) = fs::metadata(format!("/proc/{process}/exe")) else {
            return false;
        };
        let mut words: Vec<&[u8]> = cmdline.split(|&byte| byte == 0).collect();
        words.pop();
        let wanted: Vec<&[u8]> = self.argv.iter().map(|word| word.as_bytes()).collect();
        if (image.dev(), image.ino()) == self.image {
            // The kernel gives a program without any argument an empty one.
            return words == wanted || (wanted.is_empty() && words == [b"".as_slice()]);
        }
        let rest = wanted.get(1..).unwrap_or_default();
        self.is_script && words.len() > wanted.len() && words.ends_with(rest)
    }
}
