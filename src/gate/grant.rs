//! What an approved command leaves for the guards of its inner commands.
//!
//! Owns the rule which of them need not ask again. `exec` keeps the process id, so a grant is
//! bound to the process that the approved program runs as. A guard below it finds the grant by
//! walking up its ancestors, and passes if every effect that it would ask about was shown: the
//! same rule on the same target, once for each time it was shown. A loop that does more than was
//! shown, a name that was not known before, or another reason for not seeing: these ask again.
//! An inner guard that passes leaves a grant of its own, for the shells and shims below it.

use std::fs::File;

use serde::{Deserialize, Serialize};

use super::Failure;
use super::approve::Approved;
use super::process::{self, Incarnation, Processes, ancestry};
use super::state::{Area, State};
use crate::report::Report;

/// One thing that was shown and approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shown {
    Effect { rule: String, target: String },
    Opaque { reason: String },
    Program { name: String },
}

impl Shown {
    fn asked(report: &Report) -> Vec<Self> {
        let effects = report.asked().into_iter().map(|item| Self::Effect {
            rule: item.rule.clone(),
            target: item.target.clone(),
        });
        let opaque = report.asked_opaque().map(|hole| Self::Opaque {
            reason: hole.reason.clone(),
        });
        let programs = report
            .asked_unlisted()
            .iter()
            .map(|name| Self::Program { name: name.clone() });
        effects.chain(opaque).chain(programs).collect()
    }
}

/// The approved things that the guards below one process may still use up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Grant {
    request: Option<String>,
    boot: String,
    left: Vec<Shown>,
}

impl Grant {
    pub(super) fn of(approved: &Approved) -> Self {
        Self {
            request: approved.request().map(str::to_owned),
            boot: process::boot(),
            // Redacted on both sides, so that they compare, and nothing secret is written.
            left: Shown::asked(&approved.report().redacted()),
        }
    }

    /// Leaves the grant with a process that is about to become the approved program.
    pub(super) fn write(&self, state: &State, process: i32) -> Result<(), Failure> {
        let Some(own) = process::System.process(process).map(|process| process.id) else {
            // Nobody below could find it: inner commands ask.
            return Ok(());
        };
        let _locked = lock(state)?;
        sweep(state, &self.boot);
        let mut grant = self.clone();
        // The last command of an approved script often takes the process over.
        if let Some(earlier) = load(state, own, &self.boot) {
            grant.left.extend(earlier.left);
        }
        save(state, own, &grant)
    }
}

/// Uses up what a report asks for from the grant of an ancestor, nearest first. Gives back the
/// request that was approved.
pub(super) fn covers(
    state: &State,
    report: &Report,
    processes: &dyn Processes,
    pid: i32,
) -> Result<Option<Option<String>>, Failure> {
    if state.list(Area::Grants).is_empty() {
        return Ok(None);
    }
    let asked = Shown::asked(&report.redacted());
    let boot = process::boot();
    let _locked = lock(state)?;
    for ancestor in ancestry(processes, pid) {
        let Some(mut grant) = load(state, ancestor.id, &boot) else {
            continue;
        };
        if let Some(left) = without(&grant.left, &asked) {
            grant.left = left;
            save(state, ancestor.id, &grant)?;
            return Ok(Some(grant.request));
        }
    }
    Ok(None)
}

/// What is left after each of these is used once; `None` if one is not there.
fn without(left: &[Shown], asked: &[Shown]) -> Option<Vec<Shown>> {
    let mut left = left.to_vec();
    for shown in asked {
        let at = left.iter().position(|other| other == shown)?;
        left.swap_remove(at);
    }
    Some(left)
}

fn load(state: &State, id: Incarnation, boot: &str) -> Option<Grant> {
    let grant: Grant = serde_json::from_slice(&state.read(Area::Grants, &id.to_string())?).ok()?;
    (grant.boot == boot).then_some(grant)
}

fn save(state: &State, id: Incarnation, grant: &Grant) -> Result<(), Failure> {
    let content = serde_json::to_vec(grant).unwrap_or_default();
    state.replace(Area::Grants, &id.to_string(), &content)
}

/// Removes what belongs to processes that are gone.
fn sweep(state: &State, boot: &str) {
    for file in state.list(Area::Grants) {
        let id: Option<Incarnation> = file.parse().ok();
        let alive = id.is_some_and(|id| {
            let process = process::System.process(id.pid);
            process.is_some_and(|process| process.id == id) && load(state, id, boot).is_some()
        });
        if !alive {
            state.remove(Area::Grants, &file);
        }
    }
}

/// Held until the file is closed.
fn lock(state: &State) -> Result<File, Failure> {
    state.locked(Area::Grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(rule: &str, target: &str) -> Shown {
        Shown::Effect {
            rule: rule.to_owned(),
            target: target.to_owned(),
        }
    }

    #[test]
    fn each_shown_thing_is_good_for_one_use() {
        let drop = effect("psql/drop-table", "db/a");
        let other = effect("psql/drop-table", "db/b");
        let unseen = Shown::Opaque {
            reason: "the text is made when it runs: $X".to_owned(),
        };
        let shown = [drop.clone(), drop.clone(), unseen.clone()];
        let left = without(&shown, std::slice::from_ref(&drop)).unwrap();
        assert_eq!(left.len(), 2);
        let left = without(&left, &[unseen.clone(), drop.clone()]).unwrap();
        assert!(left.is_empty());
        assert_eq!(without(&left, std::slice::from_ref(&drop)), None);
        for asked in [
            vec![other],
            vec![drop.clone(), drop.clone(), drop],
            vec![unseen.clone(), unseen],
            vec![effect("psql/truncate", "db/a")],
        ] {
            assert_eq!(without(&shown, &asked), None, "{asked:?}");
        }
        assert_eq!(without(&shown, &[]), Some(shown.to_vec()));
    }
}
