//! A bound on the processor's time that one judgement may take.
//!
//! What guard does itself is counted where it is done (`World::spend`), and tree-sitter asks between
//! its steps whether to go on. But a grammar's scanner is a program in C that nobody can ask: one
//! that loops would hold the command for ever. So a timer of this thread's own time runs beside a
//! judgement, and ends guard before anything was executed.

#![allow(unsafe_code, reason = "a timer, and the signal that it sends")]

use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

/// Far more than the longest text takes that guard follows, unoptimized.
const LIMIT: Duration = Duration::from_secs(30);
const MESSAGE: &[u8] =
    b"guard: judging this takes more of the processor's time than it may; nothing ran\n";
/// guard's own failure.
const FAILED: libc::c_int = 125;
/// What the kernel itself sends when a process has used up its time.
const SIGNAL: libc::c_int = libc::SIGXCPU;

/// Ends guard, with a message, if it is still held when this thread's time is used up.
#[derive(Debug)]
pub struct Watch {
    timer: libc::timer_t,
    action: libc::sigaction,
    mask: libc::sigset_t,
}

extern "C" fn end(_signal: libc::c_int) {
    // SAFETY: both may be called in a signal's handler; the message is static.
    unsafe {
        libc::write(2, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::_exit(FAILED);
    }
}

impl Watch {
    /// Begins to watch; `None` where the system has no timer left.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::with_limit(LIMIT)
    }

    fn with_limit(limit: Duration) -> Option<Self> {
        let mut timer = MaybeUninit::<libc::timer_t>::uninit();
        // SAFETY: all zeros is a valid event; the fields that count are set below.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = SIGNAL;
        // SAFETY: both pointers are to values that live for the call.
        let made = unsafe {
            libc::timer_create(
                libc::CLOCK_THREAD_CPUTIME_ID,
                &raw mut event,
                timer.as_mut_ptr(),
            )
        };
        if made != 0 {
            return None;
        }
        // SAFETY: the call above succeeded, so it wrote the timer.
        let timer = unsafe { timer.assume_init() };
        // SAFETY: all zeros is a valid action and a valid, empty set; the handler only does what a
        // handler may, and each pointer is to a value that lives for its call.
        let (action, mask) = unsafe {
            let mut ours: libc::sigaction = MaybeUninit::zeroed().assume_init();
            ours.sa_sigaction = end as *const () as libc::sighandler_t;
            let mut before: libc::sigaction = MaybeUninit::zeroed().assume_init();
            libc::sigaction(SIGNAL, &raw const ours, &raw mut before);
            let mut set: libc::sigset_t = MaybeUninit::zeroed().assume_init();
            libc::sigaddset(&raw mut set, SIGNAL);
            let mut mask: libc::sigset_t = MaybeUninit::zeroed().assume_init();
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, &raw mut mask);
            (before, mask)
        };
        let watch = Self {
            timer,
            action,
            mask,
        };
        let zero = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let value = libc::itimerspec {
            it_interval: zero,
            it_value: libc::timespec {
                tv_sec: libc::time_t::try_from(limit.as_secs()).ok()?,
                tv_nsec: libc::c_long::from(limit.subsec_nanos()),
            },
        };
        // SAFETY: the timer exists until it is dropped; the value lives for the call.
        let set = unsafe { libc::timer_settime(timer, 0, &raw const value, ptr::null_mut()) };
        (set == 0).then_some(watch)
    }
}

impl Drop for Watch {
    /// Everything is again as guard found it, for the program that it becomes.
    fn drop(&mut self) {
        // SAFETY: the timer was made by `with_limit` and is deleted once; what is put back is what
        // the system gave.
        unsafe {
            libc::timer_delete(self.timer);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.mask, ptr::null_mut());
            libc::sigaction(SIGNAL, &raw const self.action, ptr::null_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    #[ignore = "a role: it is run by the test below, and does not return"]
    fn endless() {
        let _watch = Watch::with_limit(Duration::from_millis(50)).unwrap();
        loop {
            std::hint::black_box(0);
        }
    }

    #[test]
    fn what_never_ends_is_ended_with_a_word() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "--ignored", "--nocapture"]);
        let output = child.arg("sys::watch::tests::endless").output().unwrap();
        assert_eq!(output.status.code(), Some(FAILED));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("nothing ran"), "{said}");
    }

    #[test]
    fn what_ends_in_time_is_left_alone() {
        drop(Watch::with_limit(Duration::from_millis(20)).unwrap());
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_millis(60) {
            std::hint::black_box(0);
        }
    }
}
