//! The stack that guard works on.
//!
//! Owns its size. Whoever starts guard chooses how large the stack of a new process may be
//! (`ulimit -s`); a text that is deep, but within what guard follows, must not end it without a
//! word there.

#![allow(unsafe_code, reason = "memory for a stack, and the move to it")]

use std::io;
use std::ptr;

/// More than the deepest text takes that guard follows, unoptimized. Only what is touched is
/// ever backed by memory.
const SIZE: usize = 64 << 20;

/// Below the stack: touching it ends the process, where anything else would overwrite data.
const FENCE: usize = 64 << 10;

/// Does the work on a stack of guard's own, in the same thread. The work must not panic.
pub fn on_own_stack<R>(work: impl FnOnce() -> R) -> io::Result<R> {
    let whole = SIZE + FENCE;
    // SAFETY: a new mapping at an address of the system's choice replaces nothing.
    let base = unsafe {
        libc::mmap(
            ptr::null_mut(),
            whole,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: these are the lowest pages of the mapping above, which nothing uses yet.
    if unsafe { libc::mprotect(base, FENCE, libc::PROT_NONE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: base and size are those of the mapping, both multiples of a page; it stays for as
    // long as the process does, and ends in pages that cannot be touched.
    Ok(unsafe { psm::on_stack(base.cast(), whole, work) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_of(levels: usize) -> usize {
        let frame = std::hint::black_box([levels; 128]);
        match levels {
            0 => 0,
            _ => depth_of(levels - 1) + frame[0] / levels,
        }
    }

    #[test]
    fn what_a_small_stack_would_not_hold_fits() {
        // Some 30 MiB, on a thread that has two.
        let levels = 25_000;
        assert_eq!(on_own_stack(|| depth_of(levels)).unwrap(), levels);
    }
}
