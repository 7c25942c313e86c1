//! The supervisor, on Linux.

mod enter;
mod exec_call;
mod file_call;
mod filter;
mod front;
mod input;
mod listener;
mod memory;
mod probe;
mod process;
mod verify;
mod watch;

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::rc::Rc;

use crate::gate::{Entered, State};
use crate::packs::Packs;
use crate::policy::Policy;
pub use probe::probe;
use watch::Brief;

/// Guard itself failed.
const FAILED: u8 = crate::gate::EXIT_FAILED;

/// A supervisor that is ready to begin.
pub struct Supervisor(Brief);

impl Supervisor {
    /// Prepares supervision; the error says why there can be none.
    pub fn new(packs: Rc<Packs>, policy: Policy, approved: Vec<PathBuf>) -> Result<Self, String> {
        let state = State::open().map_err(|failure| failure.to_string())?;
        let guard = std::fs::metadata("/proc/self/exe").map_err(|error| error.to_string())?;
        let guard = (guard.dev(), guard.ino());
        Ok(Self(Brief::new(packs, policy, state, approved, guard)))
    }

    /// Comes back in the process that is to become the program, below a supervisor.
    pub(crate) fn enter(self) -> io::Result<()> {
        let state = self.0.state.clone();
        enter::divide(
            true,
            || Entered::this(&state),
            |post, entered| {
                watch::watch(post, self.0, entered);
            },
        )
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supervisor")
    }
}
