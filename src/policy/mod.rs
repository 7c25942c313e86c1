//! What guard does about a fact: allow, ask a person, or refuse.
//!
//! Owns the decisions, and nothing else: rules state facts, the policy states what follows from
//! them. It is made of layers that join to the strictest, so no layer grants what another one
//! withholds. What a person, or root, excepts by name is the one thing that runs unasked though
//! guard's own table would ask.

mod file;
mod layer;
mod places;
mod show;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use file::Invalid;
pub use layer::{Dropped, Exception, Finding, Layer, Origin, TierPattern};
pub use places::Places;
pub use show::{Asked, Shown, show};

use crate::effect::{Class, Effect, Opaque, Tier};

/// Ordered from lenient to strict: joining two is taking the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Allow,
    Confirm,
    Deny,
}

impl Decision {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Confirm => "confirm",
            Self::Deny => "deny",
        }
    }
}

/// The decisions for one class of effects, by how much the place matters. `None` states nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// On this machine, or in a place named for development.
    pub development: Option<Decision>,
    /// Staging, and every place that guard does not know.
    pub staging: Option<Decision>,
    pub production: Option<Decision>,
}

impl Row {
    #[must_use]
    pub const fn all(decision: Decision) -> Self {
        Self {
            development: Some(decision),
            staging: Some(decision),
            production: Some(decision),
        }
    }

    const fn at(&self, tier: Tier) -> Option<Decision> {
        match tier {
            Tier::Local | Tier::Development => self.development,
            Tier::Staging | Tier::Unknown => self.staging,
            Tier::Production => self.production,
        }
    }
}

/// What one layer states: a row for each class, one cell for what cannot be seen, one for programs
/// that no pack describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    pub reversible: Row,
    pub recoverable: Row,
    pub irreversible: Row,
    pub opaque: Option<Decision>,
    pub unlisted: Option<Decision>,
}

impl Table {
    /// What holds where nobody configured anything. `Deny` is no built-in answer: a person can
    /// always be asked.
    #[must_use]
    pub const fn builtin() -> Self {
        Self {
            reversible: Row::all(Decision::Allow),
            recoverable: Row {
                development: Some(Decision::Allow),
                staging: Some(Decision::Confirm),
                production: Some(Decision::Confirm),
            },
            irreversible: Row::all(Decision::Confirm),
            opaque: Some(Decision::Confirm),
            unlisted: Some(Decision::Allow),
        }
    }

    /// The same answer to everything that changes something.
    const fn all(decision: Decision) -> Self {
        Self {
            reversible: Row::all(decision),
            recoverable: Row::all(decision),
            irreversible: Row::all(decision),
            opaque: Some(decision),
            unlisted: Some(decision),
        }
    }

    /// Reading takes nothing from anybody: no layer can make it a question.
    const fn class(&self, class: Class, tier: Tier) -> Option<Decision> {
        match class {
            Class::ReadOnly => None,
            Class::Reversible => self.reversible.at(tier),
            Class::Recoverable => self.recoverable.at(tier),
            Class::Irreversible => self.irreversible.at(tier),
        }
    }
}

/// What a layer says of supervision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Supervision {
    /// How long a call waits for a person before it is refused and can be run again (seconds).
    pub hold: Option<u64>,
    /// Where there can be no supervisor, nothing runs that should have one.
    pub require: bool,
}

/// How long a call waits where nobody says otherwise: agents give up on a command after one or two
/// minutes.
const HOLD: Duration = Duration::from_secs(60);

/// The layers that hold for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    layers: Vec<Layer>,
}

/// What follows from a fact, and what said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Ruling {
    pub decision: Decision,
    /// How much the place matters, by the layers that say so.
    pub tier: Tier,
    /// Which layer decided, if it was not the built-in table.
    pub why: Option<String>,
}

impl Policy {
    /// The built-in layer alone.
    #[must_use]
    pub fn builtin() -> Self {
        Self::of([])
    }

    /// The built-in layer, and these.
    pub fn of(layers: impl IntoIterator<Item = Layer>) -> Self {
        Self {
            layers: std::iter::once(Layer::builtin()).chain(layers).collect(),
        }
    }

    /// Reads every layer that holds in the directory of these places.
    #[must_use]
    pub fn read(places: &Places, now: Timestamp) -> Self {
        Self::of(places.layers(now))
    }

    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What follows from an effect of a command that runs in this directory.
    pub fn effect(&self, effect: &Effect, cwd: &Path) -> Ruling {
        let tier = self.tier(effect);
        let class = effect.reversibility.class();
        let mut ruling = Ruling {
            decision: Decision::Allow,
            tier,
            why: None,
        };
        if class == Class::ReadOnly {
            return ruling;
        }
        let lifted = self
            .layers
            .iter()
            .find_map(|layer| Some((layer, layer.exception(effect, cwd)?)));
        for layer in &self.layers {
            let own = layer.exception(effect, cwd).is_some();
            if own || (layer.origin == Origin::Builtin && lifted.is_some()) {
                continue;
            }
            let table = layer.table.class(class, tier);
            let stated = table
                .map(|decision| (decision, None))
                .into_iter()
                .chain(layer.stated(effect, tier));
            for (decision, reason) in stated {
                if decision > ruling.decision {
                    ruling.decision = decision;
                    ruling.why = layer.says(decision, reason);
                }
            }
        }
        if let Some((layer, exception)) = lifted.filter(|_| ruling.decision == Decision::Allow) {
            ruling.why = Some(exception.says(layer));
        }
        ruling
    }

    /// What follows from a part that cannot be seen, of a text that runs in this directory.
    pub fn opaque(&self, opaque: &Opaque, text: &str, cwd: &Path) -> Ruling {
        let excepts = |layer: &&Layer| layer.seen(opaque, text, cwd).is_some();
        let lifted = self.layers.iter().find(excepts);
        let holds = |layer: &Layer| {
            !(excepts(&layer) || (layer.origin == Origin::Builtin && lifted.is_some()))
        };
        let mut ruling = self.cell(holds, |table| table.opaque);
        if let Some(layer) = lifted.filter(|_| ruling.decision == Decision::Allow) {
            let exception = layer.seen(opaque, text, cwd);
            ruling.why = exception.map(|exception| exception.says(layer));
        }
        ruling
    }

    /// What follows from a program that no pack describes.
    pub fn unlisted(&self) -> Ruling {
        self.cell(|_| true, |table| table.unlisted)
    }

    /// The strictest of one cell of the layers that hold.
    fn cell(
        &self,
        holds: impl Fn(&Layer) -> bool,
        cell: impl Fn(&Table) -> Option<Decision>,
    ) -> Ruling {
        let mut ruling = Ruling {
            decision: Decision::Allow,
            tier: Tier::Unknown,
            why: None,
        };
        for layer in self.layers.iter().filter(|layer| holds(layer)) {
            if let Some(decision) = cell(&layer.table).filter(|it| *it > ruling.decision) {
                ruling.decision = decision;
                ruling.why = layer.says(decision, None);
            }
        }
        ruling
    }

    /// How long a supervised call waits for a person: the shortest that a layer says.
    #[must_use]
    pub fn hold(&self) -> Duration {
        let stated = self
            .layers
            .iter()
            .filter_map(|layer| layer.supervision.hold);
        stated.min().map_or(HOLD, Duration::from_secs)
    }

    /// Whether what should be supervised may not run where that is not possible.
    #[must_use]
    pub fn requires_supervision(&self) -> bool {
        self.layers.iter().any(|layer| layer.supervision.require)
    }

    /// How much the place of an effect matters. Layers that may relax replace what the name
    /// suggests; every other one can only raise it.
    fn tier(&self, effect: &Effect) -> Tier {
        let of = |trusted: bool| {
            self.layers
                .iter()
                .filter(|layer| layer.origin.may_relax() == trusted)
                .filter_map(|layer| layer.tier(effect))
                .max()
        };
        let stated = of(true).unwrap_or(effect.target.tier);
        of(false).map_or(stated, |tier| stated.max(tier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::{Reversibility, RuleId, Target};

    pub(super) fn effect(reversibility: Reversibility, tier: Tier) -> Effect {
        Effect {
            rule: RuleId::new("pack", "rule"),
            action: "delete".into(),
            target: Target {
                tier,
                ..Target::new("thing", Some("x".into()))
            },
            reversibility,
            summary: "deletes it".into(),
            also_lost: Vec::new(),
            evidence: Vec::new(),
            instead: None,
            location: crate::location::Location::default(),
        }
    }

    fn gone() -> Reversibility {
        Reversibility::Irreversible { perhaps: None }
    }

    fn layer(origin: Origin, text: &str) -> Layer {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        Layer::parse(origin, Path::new("/x/guard.toml"), text, now)
    }

    fn decided(policy: &Policy, effect: &Effect) -> Decision {
        policy.effect(effect, Path::new("/srv/shop")).decision
    }

    #[test]
    fn the_built_in_table_is_the_documented_one() {
        use Decision::{Allow, Confirm};
        let recoverable = || Reversibility::Recoverable {
            from: "a snapshot".into(),
            within: None,
        };
        let undo = || Reversibility::Reversible { undo: "x".into() };
        for (tier, expected) in [
            (Tier::Local, [Allow, Allow, Allow, Confirm]),
            (Tier::Development, [Allow, Allow, Allow, Confirm]),
            (Tier::Staging, [Allow, Allow, Confirm, Confirm]),
            (Tier::Unknown, [Allow, Allow, Confirm, Confirm]),
            (Tier::Production, [Allow, Allow, Confirm, Confirm]),
        ] {
            let found = [Reversibility::ReadOnly, undo(), recoverable(), gone()]
                .map(|reversibility| decided(&Policy::builtin(), &effect(reversibility, tier)));
            assert_eq!(found, expected, "{tier}");
        }
    }

    #[test]
    fn layers_join_to_the_strictest() {
        let lenient = "schema = 1\n[decisions]\nirreversible = 'allow'\nopaque = 'allow'\n";
        let strict = "schema = 1\n[decisions]\nirreversible = { production = 'deny' }\nunlisted = 'confirm'\n";
        for (origins, expected) in [
            ([Origin::User, Origin::Project], Decision::Deny),
            ([Origin::Project, Origin::Managed], Decision::Deny),
        ] {
            let policy = Policy::of([layer(origins[0], lenient), layer(origins[1], strict)]);
            assert_eq!(
                decided(&policy, &effect(gone(), Tier::Production)),
                expected
            );
            assert_eq!(
                decided(&policy, &effect(gone(), Tier::Staging)),
                Decision::Confirm
            );
            let opaque = policy.opaque(&hole("r"), "x", Path::new("/"));
            assert_eq!(opaque.decision, Decision::Confirm);
            assert_eq!(policy.unlisted().decision, Decision::Confirm);
        }
    }

    const EXCEPTION: &str = "schema = 1\n[[exception]]\nrule = 'pack/rule'\ntarget = 'x'\n\
        reason = 'scratch'\nowner = 'ann'\nexpires = 2026-07-01\n";

    #[test]
    fn an_exception_lifts_the_built_in_answer_and_no_other() {
        let lost = effect(gone(), Tier::Production);
        let excepted = layer(Origin::User, EXCEPTION);
        assert_eq!(
            decided(&Policy::of([excepted.clone()]), &lost),
            Decision::Allow
        );
        let managed = "schema = 1\n[[rule]]\nrule = 'pack/*'\ndecision = 'deny'\nreason = 'no'\n";
        let managed = layer(Origin::Managed, managed);
        let joined = Policy::of([managed, excepted.clone()]);
        assert_eq!(decided(&joined, &lost), Decision::Deny);
        let mut other = lost.clone();
        other.target.name = Some("y".into());
        assert_eq!(decided(&Policy::of([excepted]), &other), Decision::Confirm);
        // What the layer itself says of everything does not hold for what it excepts.
        let own = EXCEPTION.replacen("1\n", "1\n[decisions]\nirreversible = 'deny'\n", 1);
        assert_eq!(
            decided(&Policy::of([layer(Origin::User, &own)]), &lost),
            Decision::Allow
        );
    }

    fn hole(reason: &str) -> Opaque {
        Opaque {
            reason: reason.to_owned(),
            location: crate::location::Location::default(),
        }
    }

    #[test]
    fn what_cannot_be_seen_is_excepted_by_its_reason_in_one_text() {
        let text = "schema = 1\n[[exception]]\nopaque = 'it is $X'\ncommand = 'run \"$X\"'\n\
            directory = '/work'\nreason = 'r'\nowner = 'ann'\nexpires = 2026-07-01\n";
        let decided = |origin, reason, text: &str, cwd| {
            let policy = Policy::of([layer(origin, text)]);
            policy
                .opaque(&hole(reason), "run \"$X\"", Path::new(cwd))
                .decision
        };
        let user = Origin::User;
        assert_eq!(decided(user, "it is $X", text, "/work/a"), Decision::Allow);
        assert_eq!(decided(user, "it is $Y", text, "/work"), Decision::Confirm);
        assert_eq!(decided(user, "it is $X", text, "/"), Decision::Confirm);
        let other = text.replace("run ", "rum ");
        assert_eq!(
            decided(user, "it is $X", &other, "/work"),
            Decision::Confirm
        );
        let project = Origin::Project;
        assert_eq!(
            decided(project, "it is $X", text, "/work"),
            Decision::Confirm
        );
        let mixed = text.replace("command =", "rule = 'a/b'\ncommand =");
        assert_eq!(decided(user, "it is $X", &mixed, "/work"), Decision::Deny);
    }

    #[test]
    fn who_may_not_relax_cannot() {
        let lost = effect(gone(), Tier::Production);
        for origin in [Origin::Project, Origin::Environment] {
            let excepted = layer(origin, EXCEPTION);
            assert_eq!(excepted.dropped.len(), 1);
            assert_eq!(decided(&Policy::of([excepted]), &lost), Decision::Confirm);
        }
        let expired = layer(Origin::User, &EXCEPTION.replace("2026-07", "2026-05"));
        assert_eq!(expired.dropped.len(), 1);
        assert_eq!(decided(&Policy::of([expired]), &lost), Decision::Confirm);
    }

    #[test]
    fn a_layer_that_cannot_be_read_lets_nothing_change() {
        let undo = effect(Reversibility::Reversible { undo: "x".into() }, Tier::Local);
        for (origin, expected) in [
            (Origin::Managed, Decision::Deny),
            (Origin::User, Decision::Deny),
            (Origin::Project, Decision::Confirm),
            (Origin::Environment, Decision::Confirm),
        ] {
            let policy = Policy::of([layer(origin, "schema = 1\n[decisons]\n")]);
            assert_eq!(decided(&policy, &undo), expected);
            assert_eq!(
                decided(&policy, &effect(Reversibility::ReadOnly, Tier::Local)),
                Decision::Allow
            );
        }
    }

    #[test]
    fn tiers_follow_the_patterns_of_those_who_may_say() {
        let text =
            "schema = 1\n[[tier]]\nis = 'development'\nwhere = { environment = ['shop-*'] }\n";
        let mut made = effect(
            Reversibility::Recoverable {
                from: "x".into(),
                within: None,
            },
            Tier::Production,
        );
        made.target.environment = Some("shop-7".into());
        let user = Policy::of([layer(Origin::User, text)]);
        assert_eq!(user.effect(&made, Path::new("/")).tier, Tier::Development);
        assert_eq!(decided(&user, &made), Decision::Allow);
        let project = Policy::of([layer(Origin::Project, text)]);
        assert_eq!(project.effect(&made, Path::new("/")).tier, Tier::Production);
        let raised = text.replace("development", "production");
        made.target.tier = Tier::Development;
        let project = Policy::of([layer(Origin::Project, &raised)]);
        assert_eq!(decided(&project, &made), Decision::Confirm);
    }
}
