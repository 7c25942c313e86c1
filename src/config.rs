//! What guard does about a fact: allow, ask a person, or refuse.
//!
//! Owns the decisions, and nothing else: rules state facts, the policy states what follows from
//! them. Layers join to the strictest, so no layer can ever grant what another one withholds.

use serde::{Deserialize, Serialize};

use crate::effect::{Class, Effect, Tier};

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

/// The decisions for one class of effects, by how much the place matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// On this machine, or in a place named for development.
    pub development: Decision,
    /// Staging, and every place that guard does not know.
    pub staging: Decision,
    pub production: Decision,
}

impl Row {
    #[must_use]
    pub const fn all(decision: Decision) -> Self {
        Self {
            development: decision,
            staging: decision,
            production: decision,
        }
    }

    const fn at(&self, tier: Tier) -> Decision {
        match tier {
            Tier::Local | Tier::Development => self.development,
            Tier::Staging | Tier::Unknown => self.staging,
            Tier::Production => self.production,
        }
    }

    fn join(self, other: Self) -> Self {
        Self {
            development: self.development.max(other.development),
            staging: self.staging.max(other.staging),
            production: self.production.max(other.production),
        }
    }
}

/// The whole table: one row for each class, one for what cannot be seen, one for programs that no
/// pack describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub reversible: Row,
    pub recoverable: Row,
    pub irreversible: Row,
    pub opaque: Decision,
    pub unlisted: Decision,
}

impl Policy {
    /// What holds where nobody configured anything. `Deny` is no built-in answer: a person can
    /// always be asked.
    #[must_use]
    pub const fn builtin() -> Self {
        Self {
            reversible: Row::all(Decision::Allow),
            recoverable: Row {
                development: Decision::Allow,
                staging: Decision::Confirm,
                production: Decision::Confirm,
            },
            irreversible: Row::all(Decision::Confirm),
            opaque: Decision::Confirm,
            unlisted: Decision::Allow,
        }
    }

    /// The stricter of both, cell by cell.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            reversible: self.reversible.join(other.reversible),
            recoverable: self.recoverable.join(other.recoverable),
            irreversible: self.irreversible.join(other.irreversible),
            opaque: self.opaque.max(other.opaque),
            unlisted: self.unlisted.max(other.unlisted),
        }
    }

    #[must_use]
    pub fn effect(&self, effect: &Effect) -> Decision {
        let tier = effect.target.tier;
        match effect.reversibility.class() {
            // Reading takes nothing from anybody: no layer can make it a question.
            Class::ReadOnly => Decision::Allow,
            Class::Reversible => self.reversible.at(tier),
            Class::Recoverable => self.recoverable.at(tier),
            Class::Irreversible => self.irreversible.at(tier),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::builtin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::{Reversibility, RuleId, Target};

    fn effect(reversibility: Reversibility, tier: Tier) -> Effect {
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

    #[test]
    fn the_built_in_table_is_the_documented_one() {
        use Decision::{Allow, Confirm};
        let recoverable = || Reversibility::Recoverable {
            from: "a snapshot".into(),
            within: None,
        };
        let undo = || Reversibility::Reversible { undo: "x".into() };
        let gone = || Reversibility::Irreversible { perhaps: None };
        for (tier, expected) in [
            (Tier::Local, [Allow, Allow, Allow, Confirm]),
            (Tier::Development, [Allow, Allow, Allow, Confirm]),
            (Tier::Staging, [Allow, Allow, Confirm, Confirm]),
            (Tier::Unknown, [Allow, Allow, Confirm, Confirm]),
            (Tier::Production, [Allow, Allow, Confirm, Confirm]),
        ] {
            let decided = [Reversibility::ReadOnly, undo(), recoverable(), gone()]
                .map(|reversibility| Policy::builtin().effect(&effect(reversibility, tier)));
            assert_eq!(decided, expected, "{tier}");
        }
    }

    #[test]
    fn joining_only_tightens() {
        let lenient = Policy {
            irreversible: Row::all(Decision::Allow),
            opaque: Decision::Allow,
            unlisted: Decision::Deny,
            ..Policy::builtin()
        };
        let joined = Policy::builtin().join(lenient);
        assert_eq!(joined.irreversible, Row::all(Decision::Confirm));
        assert_eq!(joined.opaque, Decision::Confirm);
        assert_eq!(joined.unlisted, Decision::Deny);
    }
}
