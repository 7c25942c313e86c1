//! The `guard` program.
//!
//! It has a C `main`: Rust's own would ignore SIGPIPE and open closed standard descriptors before
//! the first line here, and the program that guard becomes has to find both as they were.

#![no_main]
#![allow(unsafe_code, reason = "a C main gets raw pointers")]

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

/// guard's own failure.
const FAILED: c_int = 125;

fn failed(what: &str, error: &std::io::Error) -> c_int {
    // Nobody may be left to read it; the status says the same.
    let _ = writeln!(std::io::stderr(), "guard: {what}: {error}; nothing ran");
    FAILED
}

/// Where the program starts.
///
/// # Safety
/// Called once, by the C runtime, with an argument vector of `argc` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let words: Vec<OsString> = (0..usize::try_from(argc).unwrap_or(0))
        .map(|index| {
            // SAFETY: the C runtime passes `argc` pointers to NUL-terminated strings, which stay
            // valid and unchanged for as long as the process runs.
            let word = unsafe { CStr::from_ptr(*argv.add(index)) };
            OsStr::from_bytes(word.to_bytes()).to_owned()
        })
        .collect();
    if let Err(error) = guard::sys::hold_standard_descriptors() {
        return failed("/dev/null", &error);
    }
    let run = || std::panic::catch_unwind(|| c_int::from(guard::run(words)));
    match guard::sys::on_own_stack(run) {
        // The panic hook has printed what happened; nothing was executed.
        Ok(outcome) => outcome.unwrap_or(FAILED),
        Err(error) => failed("no memory for a stack", &error),
    }
}
