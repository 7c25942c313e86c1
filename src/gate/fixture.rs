//! Plans to test with.

use std::path::Path;

use super::plan::{Draft, Entry, Plan};
use super::verdict::{Challenge, Verdict, judge};
use crate::effect::{Assessment, Effect, Evidence, Reversibility, RuleId, Target, Tier};
use crate::location::{Location, Span};
use crate::policy::Policy;
use crate::world::{System, World};

pub(super) fn loss(rule: &'static str, name: &str) -> Effect {
    Effect {
        rule: RuleId::new("railway", rule),
        action: "delete".into(),
        target: Target {
            environment: Some("production".to_owned()),
            tier: Tier::Production,
            ..Target::new("volume", Some(name.to_owned()))
        },
        reversibility: Reversibility::Irreversible { perhaps: None },
        summary: "deletes the volume and every backup of it".to_owned(),
        also_lost: vec!["every backup of the volume".to_owned()],
        evidence: vec![Evidence {
            fact: "environment".into(),
            value: "production".to_owned(),
            source: "flag -e".to_owned(),
        }],
        instead: Some("railway volume backup create".to_owned()),
        location: Location::from(Span::new(0, 22)),
    }
}

pub(super) fn draft(cwd: &Path, effects: Vec<Effect>) -> Draft {
    Draft {
        entry: Entry::Shell,
        program: "/bin/sh".into(),
        path: None,
        argv: ["sh", "-c", "railway volume delete -v pg-data"]
            .map(Into::into)
            .to_vec(),
        cwd: cwd.to_owned(),
        text: "railway volume delete -v pg-data".to_owned(),
        assessment: Assessment {
            effects,
            ..Assessment::default()
        },
        scaffolding: Vec::new(),
    }
}

/// A world that has read these files.
pub(super) fn world(cwd: &Path, files: &[&str]) -> System {
    let world = System::new(cwd.to_owned());
    for file in files {
        let _ = world.read(&cwd.join(file));
    }
    world
}

pub(super) fn challenge(draft: Draft, world: &dyn World) -> Challenge {
    match judge(Plan::new(draft, world), &Policy::builtin()) {
        Verdict::Confirm(challenge) => challenge,
        other => panic!("not a question: {other:?}"),
    }
}
