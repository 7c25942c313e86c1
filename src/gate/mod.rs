//! The trusted part: from a plan to the program that runs, or to the reason why nothing did.
//!
//! Owns the verdict, the question to a person, approvals, the audit log and `exec`. The types
//! carry the promise, each moved into the next:
//!
//! ```text
//! Plan ─ judge ─▶ Verdict ─┬─ Cleared ──────────────────────────────┐
//!                          ├─ Challenge ─ answer ─▶ Approved ───────┴─ record ─▶ Recorded ─┬─ exec
//!                          └─ Denial                                                  Permit ─┘
//! ```
//!
//! Their constructors are visible in here only. So running without approval, running without an
//! audit record, using an approval twice or running another plan than the one shown cannot be
//! written outside of this directory. Must never be reached around: nothing else in the crate
//! replaces this process.

#![allow(
    clippy::disallowed_methods,
    reason = "the gate keeps requests, approvals and the audit log"
)]

mod approve;
pub mod audit;
mod digest;
mod exec;
#[cfg(test)]
mod fixture;
mod grant;
mod hold;
mod inside;
mod phrase;
mod plan;
mod process;
mod provenance;
mod request;
mod state;
mod tty;
mod verdict;

use std::path::PathBuf;

use thiserror::Error;

use crate::policy::Policy;
use crate::report;
use crate::supervise::Supervisor;

pub use approve::{Answer, Approved, Channel, Outcome, Refusal, answer_request, decline_request};
pub use digest::Digest;
pub use exec::Recorded;
pub use hold::{Held, Permit, Reason, Ruling, rule, would_ask};
pub use inside::{Entered, Inside};
pub use phrase::phrase;
pub use plan::{Draft, Entry, Plan};
pub use process::{Incarnation, Process, Processes};
pub use provenance::{Doubt, doubts};
pub use request::{Request, Requests, Status};
pub use state::State;
pub use tty::{Patience, Refused};
pub use verdict::{Challenge, Cleared, Denial, Verdict, judge};

/// Guard itself failed before anything ran.
pub const EXIT_FAILED: u8 = 125;
/// Refused, waiting for a person, or found but not executable.
pub const EXIT_REFUSED: u8 = 126;
/// There is no such program.
pub const EXIT_NOT_FOUND: u8 = 127;

/// Why guard itself could not do its part. Whatever it was asked to run has not run.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("no home directory is known, so requests and the audit log have no place; set HOME")]
    Homeless,
    #[error("guard's state directory `{}` cannot be used: {source}", path.display())]
    State {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("guard's state directory `{}` belongs to another user", .0.display())]
    Foreign(PathBuf),
    #[error("the audit log `{}` cannot be written: {source}", path.display())]
    Audit {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the audit log `{}` cannot be read: {source}", path.display())]
    Log {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}` changed after the command was judged; run it again", .0.display())]
    Changed(PathBuf),
    #[error("an argument of the command contains a NUL byte")]
    Nul,
    #[error("the command cannot be supervised: {0}")]
    Unsupervised(std::io::Error),
}

/// Nothing was executed, or `exec` itself failed: what to say, on stderr, and how to exit.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Stopped {
    pub code: u8,
    pub message: String,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self {
            code: EXIT_FAILED,
            message: format!("guard: {failure}; nothing ran"),
        }
    }
}

/// The agent that started this process, if one did, or the supervisor above it: what a person decides
/// is not theirs to change.
#[must_use]
pub fn agent_above() -> Option<Doubt> {
    if Inside::find().is_some() {
        return Some(Doubt::Supervised);
    }
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    provenance::agent_above(&process::System, own)
}

/// Whether a program of this name is a coding agent.
#[must_use]
pub fn is_agent(name: &str) -> bool {
    provenance::is_agent(name)
}

/// Takes a plan through the gate. Comes back only if the program does not run.
pub fn pass(plan: Plan, policy: &Policy, supervisor: Option<Supervisor>) -> Stopped {
    run(plan, policy, supervisor).unwrap_or_else(Stopped::from)
}

fn run(plan: Plan, policy: &Policy, supervisor: Option<Supervisor>) -> Result<Stopped, Failure> {
    match judge(plan, policy) {
        Verdict::Allow(cleared) => Ok(cleared.record(State::open())?.exec(supervisor)),
        Verdict::Confirm(challenge) => {
            let state = State::open()?;
            match challenge.answer(&state, &Patience::default())? {
                Answer::Approved(approved) => Ok(approved.record(&state)?.exec(supervisor)),
                Answer::Parked(request) => Ok(Stopped {
                    code: EXIT_REFUSED,
                    message: report::agent::waiting(&request.notice()),
                }),
                Answer::Refused(reason) => Ok(Stopped {
                    code: EXIT_REFUSED,
                    message: reason.message(),
                }),
            }
        }
        Verdict::Deny(denial) => denial.record(&State::open()?),
    }
}
