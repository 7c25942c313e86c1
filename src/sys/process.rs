//! Standard descriptors and terminals.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsRawFd, IntoRawFd};

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
