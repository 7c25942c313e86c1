//! Whether this process is below a supervisor, and what guard does then: nothing of its own.
//!
//! Owns the list of supervisors, and the way on for guards below one. What such a guard becomes is
//! a call that its supervisor sees, judges and records, so that nothing is asked twice.

use std::ffi::OsString;
use std::path::Path;

use super::exec;
use super::process::{self, Incarnation, Processes, ancestry};
use super::state::{Area, State};
use super::{Failure, Stopped};

/// Proof that a supervisor looks on.
#[derive(Debug)]
pub struct Inside(());

impl Inside {
    /// Looks for a supervisor above this process.
    #[must_use]
    pub fn find() -> Option<Self> {
        if !is_filtered() {
            return None;
        }
        let state = State::open().ok()?;
        let known = state.list(Area::Supervisors);
        let own = i32::try_from(std::process::id()).ok()?;
        let boot = process::boot();
        ancestry(&process::System, own)
            .into_iter()
            .skip(1)
            .any(|above| {
                let name = above.id.to_string();
                known.contains(&name)
                    && state.read(Area::Supervisors, &name).as_deref() == Some(boot.as_bytes())
            })
            .then_some(Self(()))
    }

    /// Becomes the program: the supervisor judges that. Comes back only if it does not.
    pub fn exec(self, program: &Path, argv: &[OsString]) -> Stopped {
        exec::become_program(program, argv, None)
    }
}

/// The list entry of a supervisor, for as long as it lives.
#[derive(Debug)]
pub struct Entered {
    state: State,
    name: String,
}

impl Entered {
    /// Enters this process, which is a supervisor.
    pub fn this(state: &State) -> Result<Self, Failure> {
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let name = process::System
            .process(own)
            .map(|process| process.id.to_string())
            .unwrap_or_default();
        sweep(state);
        state.replace(Area::Supervisors, &name, process::boot().as_bytes())?;
        Ok(Self {
            state: state.clone(),
            name,
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.state.remove(Area::Supervisors, &self.name);
    }
}

/// Removes those that were ended before they could do so.
fn sweep(state: &State) {
    for name in state.list(Area::Supervisors) {
        let id: Option<Incarnation> = name.parse().ok();
        let alive = id.and_then(|id| process::System.process(id.pid));
        if alive.map(|process| process.id) != id || id.is_none() {
            state.remove(Area::Supervisors, &name);
        }
    }
}

/// Whether the kernel filters this process's calls: without that there is no supervisor, and
/// nothing more is looked at.
fn is_filtered() -> bool {
    process::System
        .filters(i32::try_from(std::process::id()).unwrap_or(0))
        .is_some_and(|filters| filters > 0)
}
