//! Calls that wait in a supervised process, and leave for them to go on.
//!
//! Owns the only way to a [`Permit`]. What is judged gets one as everything else that runs does:
//! allowed by the policy or approved by a person, and recorded. What is not judged needs a
//! [`Reason`].

use std::path::{Path, PathBuf};

use super::approve::Approved;
use super::audit::{Audit, Event, Record};
use super::plan::Plan;
use super::request::{Request, Requests, Status};
use super::state::State;
use super::verdict::{Challenge, Verdict, judge};
use super::{Channel, Failure};
use crate::effect::Assessment;
use crate::policy::{Decision, Policy};
use crate::report::{self, Report};

/// Leave for one call of one supervised process to go on.
#[derive(Debug)]
#[must_use]
pub struct Permit(());

/// Why a call is nothing to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The call will fail: there is no such file, or it is no program.
    Missing,
    /// Guard's own program: what it becomes is another call.
    Guard,
    /// The file is empty, another name keeps it, or it is no regular file.
    NothingInIt,
    /// The file came into being below this supervisor.
    Newborn,
    /// What this program does was judged, and let run, when it started.
    Settled,
    /// A person approved that everything here goes.
    Approved,
    /// No pack says that it loses anything, and nothing of it is hidden.
    Harmless,
    /// What starts is ended before its first instruction.
    Ends,
}

impl Permit {
    pub(in crate::gate) const fn new() -> Self {
        Self(())
    }

    pub const fn unjudged(_: Reason) -> Self {
        Self(())
    }
}

/// What becomes of a call that was judged.
#[derive(Debug)]
#[must_use]
pub enum Ruling {
    /// It goes on: nobody has to be asked.
    Allowed(Permit),
    /// It goes on by a person's yes.
    Approved(Permit),
    Held(Box<Held>),
    /// No; what to tell the caller.
    Refused(String),
}

/// A call that waits for a person.
#[derive(Debug)]
#[must_use]
pub struct Held {
    challenge: Challenge,
    request: Request,
    process: i32,
}

/// Decides about a call of this process, which waits in it.
pub fn rule(plan: Plan, policy: &Policy, state: &State, process: i32) -> Result<Ruling, Failure> {
    match judge(plan, policy) {
        Verdict::Allow(cleared) => {
            if !cleared.report().is_plain() {
                let record =
                    Record::of(Event::Allowed, cleared.report()).entry(cleared.plan.draft.entry);
                let _written = Audit::in_state(state).append(&record)?;
            }
            Ok(Ruling::Allowed(Permit::new()))
        }
        Verdict::Confirm(challenge) => match challenge.found(state, process)? {
            Found::Approved(approved) => permit(*approved, state, process).map(Ruling::Approved),
            Found::Nothing(challenge) => hold(*challenge, state, process),
        },
        Verdict::Deny(denial) => Ok(Ruling::Refused(denial.record(state)?.message)),
    }
}

/// A yes that was given before, or nothing.
#[derive(Debug)]
pub(super) enum Found {
    Approved(Box<Approved>),
    Nothing(Box<Challenge>),
}

fn permit(approved: Approved, state: &State, process: i32) -> Result<Permit, Failure> {
    approved.record(state)?.resume(process)
}

fn hold(challenge: Challenge, state: &State, process: i32) -> Result<Ruling, Failure> {
    let request = challenge.park(state, process)?;
    Ok(match &request.status {
        Status::Declined(reason) => {
            Ruling::Refused(report::agent::declined(&request.id, reason.as_deref()))
        }
        Status::Waiting => Ruling::Held(Box::new(Held {
            challenge,
            request,
            process,
        })),
    })
}

/// Whether somebody would have to be asked about this.
#[must_use]
pub fn would_ask(assessment: &Assessment, policy: &Policy, cwd: &Path) -> bool {
    Report::new("", cwd, assessment, policy).verdict > Decision::Allow
}

impl Held {
    /// The paths that were shown, and the command.
    #[must_use]
    pub fn shown(&self) -> (Vec<PathBuf>, String) {
        let draft = &self.challenge.plan.draft;
        (draft.paths(), draft.text.clone())
    }

    /// Looks whether a person has answered by now.
    pub fn look(self, state: &State) -> Result<Ruling, Failure> {
        let requests = Requests::in_state(state);
        if let Some(approval) = requests.take(self.challenge.digest()) {
            let approved = self.challenge.by(Channel::Request(approval.id));
            return permit(approved, state, self.process).map(Ruling::Approved);
        }
        match requests.status(self.challenge.digest()) {
            Some(Status::Declined(reason)) => Ok(Ruling::Refused(report::agent::declined(
                &self.request.id,
                reason.as_deref(),
            ))),
            _ => Ok(Ruling::Held(Box::new(self))),
        }
    }

    /// What to tell the caller that is not kept waiting any longer; the request stays.
    #[must_use]
    pub fn expire(self) -> String {
        report::agent::waiting(&self.request.notice())
    }
}
