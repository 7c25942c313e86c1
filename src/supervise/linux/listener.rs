//! The calls that wait, as the kernel announces them, and the answers to them.
//!
//! Owns the descriptor. A call goes on only with a [`Permit`], and those are the gate's to give.

#![allow(
    unsafe_code,
    reason = "ioctl(2) on a seccomp listener has no safe wrapper"
)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use libc::{c_long, seccomp_notif, seccomp_notif_resp};

use crate::gate::Permit;

/// One call that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notification {
    id: u64,
    /// The thread that called, as the supervisor sees it; 0 if it cannot.
    pub(super) thread: i32,
    pub(super) call: c_long,
    pub(super) arguments: [u64; 6],
}

/// The supervisor's end.
#[derive(Debug)]
pub(super) struct Listener(OwnedFd);

impl Listener {
    pub(super) fn new(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// The next call that waits; `None` if it no longer does.
    pub(super) fn receive(&self) -> io::Result<Option<Notification>> {
        // SAFETY: all zeros is a value of this structure of numbers, and what the kernel expects.
        let mut raw: seccomp_notif = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: the request writes one structure of this type, at a place that is one.
        let done = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &raw mut raw,
            )
        };
        if done != 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                // Killed meanwhile, or interrupted.
                Some(libc::ENOENT | libc::EINTR) => Ok(None),
                _ => Err(error),
            };
        }
        Ok(Some(Notification {
            id: raw.id,
            thread: raw.pid.cast_signed(),
            call: c_long::from(raw.data.nr),
            arguments: raw.data.args,
        }))
    }

    /// Whether the caller still waits: only then is what was read of it its own.
    pub(super) fn is_waiting(&self, notification: &Notification) -> bool {
        let id = notification.id;
        // SAFETY: the request reads one number of this type.
        let done = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
                &raw const id,
            )
        };
        done == 0
    }

    /// Lets the call go on.
    pub(super) fn resume(&self, notification: &Notification, _permit: Permit) {
        self.answer(notification, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    }

    /// Fails the call with this error number.
    pub(super) fn refuse(&self, notification: &Notification, errno: i32) {
        self.answer(notification, -errno, 0);
    }

    fn answer(&self, notification: &Notification, error: i32, flags: libc::c_ulong) {
        let mut raw = seccomp_notif_resp {
            id: notification.id,
            val: 0,
            error,
            flags: u32::try_from(flags).unwrap_or(0),
        };
        // A caller that was killed meanwhile needs no answer.
        // SAFETY: the request reads one structure of this type.
        let _ = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &raw mut raw,
            )
        };
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
