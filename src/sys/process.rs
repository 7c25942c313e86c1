//! Standard descriptors and the last step of every allowed start: becoming the real program.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{execv, execve};

/// Fills standard descriptors that are closed, so that no file guard opens can become one of
/// them and get what is written to "standard error". What fills them closes again on exec: the
/// real program finds them closed, as they were.
pub fn hold_standard_descriptors() -> io::Result<()> {
    loop {
        let file = File::open("/dev/null")?;
        if file.as_raw_fd() > 2 {
            return Ok(());
        }
        // The lowest free number is a standard one: it stays open, for as long as guard runs.
        let _held = file.into_raw_fd();
    }
}

/// Which of standard input, output and error are terminals.
#[must_use]
pub fn terminals() -> [bool; 3] {
    [
        io::stdin().is_terminal(),
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    ]
}

/// Replaces this process by `program`. Everything else stays as it was given to guard: argv[0]
/// included, the environment unless one is passed, descriptors, signals, mask and terminal.
/// Returns only when that failed.
pub fn become_program(
    program: &Path,
    argv: &[OsString],
    environment: Option<&[(OsString, OsString)]>,
) -> io::Error {
    match attempt(program, argv, environment) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn attempt(
    program: &Path,
    argv: &[OsString],
    environment: Option<&[(OsString, OsString)]>,
) -> io::Result<std::convert::Infallible> {
    let program = c_string(program.as_os_str())?;
    let argv = argv
        .iter()
        .map(|word| c_string(word))
        .collect::<io::Result<Vec<_>>>()?;
    let outcome = match environment {
        None => execv(&program, &argv),
        Some(variables) => {
            let variables = variables
                .iter()
                .map(|(name, value)| {
                    let mut line = name.clone().into_vec();
                    line.push(b'=');
                    line.extend_from_slice(value.as_bytes());
                    CString::new(line).map_err(io::Error::from)
                })
                .collect::<io::Result<Vec<_>>>()?;
            execve(&program, &argv, &variables)
        }
    };
    outcome.map_err(|errno: Errno| io::Error::from(errno))
}

fn c_string(word: &OsStr) -> io::Result<CString> {
    CString::new(word.as_bytes()).map_err(io::Error::from)
}
