//! Whether this kernel, and who runs guard, allow supervision.
//!
//! Owns the trial: a process that is thrown away tries each thing that a supervisor needs.

#![allow(unsafe_code, reason = "fork(2)")]

use std::fs::File;
use std::io::{self, Read, Write};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid, pipe};

use super::enter::{leave, prctl};
use super::filter::{self, Scope};
use super::memory;

/// Something for the trial to find in the memory of another process.
static MARK: u64 = 0x6775_6172_6420_3121;

/// Tries it; the error is for a person.
pub fn probe() -> Result<(), String> {
    trial().unwrap_or_else(|error| Err(format!("a process for a trial cannot be made: {error}")))
}

fn trial() -> io::Result<Result<(), String>> {
    let (from_trial, to_parent) = pipe()?;
    let (from_parent, to_trial) = pipe()?;
    // SAFETY: guard is single-threaded, so the child may go on as if nothing had happened.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            drop((from_trial, to_trial));
            let tried = install();
            let status = tried.map_or_else(|error| error.raw_os_error().unwrap_or(1), |()| 0);
            let told = File::from(to_parent).write_all(&status.to_ne_bytes());
            if told.is_ok() {
                // Until the parent has looked.
                let _ = File::from(from_parent).read(&mut [0]);
            }
            leave(0);
        }
        ForkResult::Parent { child } => child,
    };
    drop((to_parent, from_parent));
    let mut status = [0; 4];
    let told = File::from(from_trial).read_exact(&mut status);
    let address = &raw const MARK as u64;
    let seen = memory::number(child.as_raw(), address);
    drop(to_trial);
    // It ends by itself.
    let _ = waitpid(child, None);
    told?;
    Ok(match (i32::from_ne_bytes(status), seen) {
        (0, Ok(value)) if value == MARK => Ok(()),
        (0, _) => Err("the memory of what is supervised cannot be read (see \
             /proc/sys/kernel/yama/ptrace_scope: 0 and 1 allow it)"
            .to_owned()),
        (errno, _) => Err(why(errno)),
    })
}

fn install() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    let program = filter::program(Scope {
        files: true,
        supervisor: getpid().as_raw(),
    });
    filter::install(&program)?;
    Ok(())
}

fn why(errno: i32) -> String {
    match errno {
        libc::EBUSY => {
            "somebody supervises this process already: a container's runtime, or another \
                        tool of this kind"
                .to_owned()
        }
        libc::EINVAL => {
            "the kernel is older than 5.19, or without seccomp's notifications".to_owned()
        }
        _ => format!(
            "seccomp's notifications are refused here: {}",
            io::Error::from_raw_os_error(errno)
        ),
    }
}
