//! From a plan and the policy to one of three ways on.

use super::Stopped;
use super::audit::{Audit, Event, Record};
use super::digest::Digest;
use super::exec::Recorded;
use super::phrase::phrase;
use super::plan::Plan;
use super::state::State;
use super::{EXIT_REFUSED, Failure};
use crate::policy::{Decision, Policy};
use crate::report::{self, Report};

/// What becomes of a plan. Each variant holds what may be done with it: a denial holds no plan.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    Allow(Cleared),
    Confirm(Challenge),
    Deny(Denial),
}

/// A plan that the policy lets run unasked.
#[derive(Debug)]
#[must_use]
pub struct Cleared {
    pub(in crate::gate) plan: Plan,
    pub(in crate::gate) report: Report,
}

/// A plan that only a person can let run.
#[derive(Debug)]
#[must_use]
pub struct Challenge {
    pub(in crate::gate) plan: Plan,
    pub(in crate::gate) report: Report,
    pub(in crate::gate) phrase: String,
    pub(in crate::gate) digest: Digest,
}

/// The policy lets nobody run it from here.
#[derive(Debug)]
#[must_use]
pub struct Denial {
    report: Report,
}

/// Decides, by the policy alone.
pub fn judge(plan: Plan, policy: &Policy) -> Verdict {
    let draft = &plan.draft;
    let report = Report::new(&draft.text, &draft.cwd, &draft.assessment, policy);
    match report.verdict {
        Decision::Allow => Verdict::Allow(Cleared { plan, report }),
        Decision::Confirm => Verdict::Confirm(Challenge {
            phrase: phrase(&report.redacted()),
            digest: plan.digest(),
            plan,
            report,
        }),
        Decision::Deny => Verdict::Deny(Denial { report }),
    }
}

impl Cleared {
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Writes the decision to the audit log.
    ///
    /// Without a log nothing runs, with one exception that is made on purpose: a command that
    /// changes nothing (`df`, `ls`, `git status`) runs, with a warning. A person whose disk is
    /// full needs just these to make room, and there is no loss that the log would have to
    /// account for.
    pub fn record(self, state: Result<State, Failure>) -> Result<Recorded, Failure> {
        let entry = self.plan.draft.entry;
        let record = Record::of(Event::Allowed, &self.report).entry(entry);
        let written = state.and_then(|state| Audit::in_state(&state).append(&record));
        match written {
            Ok(proof) => Ok(Recorded::cleared(self, Some(proof))),
            Err(failure) if self.report.is_plain() => {
                super::exec::warn(&format!(
                    "guard: {failure}; only what changes nothing runs until it can"
                ));
                Ok(Recorded::cleared(self, None))
            }
            Err(failure) => Err(failure),
        }
    }
}

impl Challenge {
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the person has to type.
    #[must_use]
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Denial {
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Writes the refusal to the audit log, and says what to tell the caller.
    pub fn record(self, state: &State) -> Result<Stopped, Failure> {
        let record = Record::of(Event::Denied, &self.report);
        let _written = Audit::in_state(state).append(&record)?;
        Ok(Stopped {
            code: EXIT_REFUSED,
            message: report::agent::denied(&self.report.redacted()),
        })
    }
}
