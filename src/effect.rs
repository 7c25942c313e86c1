//! What a command does to the world, and whether that can be taken back.
//!
//! Owns the vocabulary that every stage shares. Never decides anything: `gate::verdict` does.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::location::{Location, Span};

/// The class of an effect, ordered from harmless to final. The way back stands beside it, in
/// [`Reversibility`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    ReadOnly,
    Reversible,
    Recoverable,
    Irreversible,
}

impl Class {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Reversible => "reversible",
            Self::Recoverable => "recoverable",
            Self::Irreversible => "irreversible",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether, and how, an effect can be taken back. The way back is part of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reversibility {
    /// Nothing to take back.
    ReadOnly,
    /// One command brings it back.
    Reversible { undo: String },
    /// A copy brings it back, perhaps only for a time (`within`, such as `48 h`).
    Recoverable {
        from: String,
        within: Option<String>,
    },
    /// Nothing that guard knows of brings it back for certain. A documented grace period is
    /// shown as a possibility, never as a promise.
    Irreversible { perhaps: Option<String> },
}

impl Reversibility {
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::ReadOnly => Class::ReadOnly,
            Self::Reversible { .. } => Class::Reversible,
            Self::Recoverable { .. } => Class::Recoverable,
            Self::Irreversible { .. } => Class::Irreversible,
        }
    }

    /// The way back in words, if there is one.
    #[must_use]
    pub fn undo(&self) -> Option<String> {
        match self {
            Self::ReadOnly => None,
            Self::Reversible { undo } => Some(undo.clone()).filter(|text| !text.is_empty()),
            Self::Recoverable {
                from,
                within: Some(window),
            } => Some(format!("{from} (within {window})")),
            Self::Recoverable { from, within: None } => {
                Some(from.clone()).filter(|text| !text.is_empty())
            }
            Self::Irreversible { perhaps } => {
                perhaps.as_ref().map(|text| format!("possibly: {text}"))
            }
        }
    }
}

/// How much a place matters. `Unknown` ranks just below `Production`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    Local,
    Development,
    Staging,
    Unknown,
    Production,
}

impl Tier {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Unknown => "unknown",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `pack/rule`, such as `railway/volume-delete`: what the user sees and can look up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    pub pack: Cow<'static, str>,
    pub rule: Cow<'static, str>,
}

impl RuleId {
    pub fn new(pack: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self {
            pack: pack.into(),
            rule: rule.into(),
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pack, self.rule)
    }
}

/// A fact about the target and where it was found: `environment` = `production`, from
/// `flag -e` or `environment variable RAILWAY_TOKEN` or `file ~/.railway/config.json`.
/// A value is never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    pub fact: Cow<'static, str>,
    pub value: String,
    pub source: String,
}

/// What would be lost or changed, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// `volume`, `table`, `bucket`, `path` …
    pub kind: Cow<'static, str>,
    /// The resolved name. When only the literal argument is known, that; when nothing is, `None`.
    pub name: Option<String>,
    /// The environment, host, account or database that the name lives in, outermost last, as the
    /// person must type it before the name (`production`).
    pub environment: Option<String>,
    pub tier: Tier,
}

impl Target {
    pub fn new(kind: impl Into<Cow<'static, str>>, name: Option<String>) -> Self {
        Self {
            kind: kind.into(),
            name,
            environment: None,
            tier: Tier::Unknown,
        }
    }
}

/// `production/pg-data`: what a person types to approve.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(environment) = &self.environment {
            write!(f, "{environment}/")?;
        }
        f.write_str(self.name.as_deref().unwrap_or(&self.kind))
    }
}

/// One thing that a command does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    pub rule: RuleId,
    /// A verb for the report: `delete`, `overwrite`, `run` …
    pub action: Cow<'static, str>,
    pub target: Target,
    pub reversibility: Reversibility,
    /// One sentence, lower case, no final period: `deletes the volume and every backup of it`.
    pub summary: String,
    /// What goes with it: `every backup of the volume`.
    pub also_lost: Vec<String>,
    pub evidence: Vec<Evidence>,
    /// A safer command, ready to paste.
    pub instead: Option<String>,
    pub location: Location,
}

impl Effect {
    /// Whether it is about files of this machine.
    #[must_use]
    pub fn is_on_files(&self) -> bool {
        self.target.tier == Tier::Local
            && self.target.environment.is_none()
            && matches!(&*self.target.kind, "file" | "path" | "directory")
    }
}

/// Why guard cannot see what would run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opaque {
    /// For a person: `the program is known only when the command runs: $CMD`.
    pub reason: String,
    pub location: Location,
}

/// A program that no pack describes. It runs, and is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    pub program: Rc<str>,
    pub location: Location,
}

/// Everything guard found out about one command text. `opaque` and `unlisted` are no effects:
/// they cannot be mistaken for "safe".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Assessment {
    pub effects: Vec<Effect>,
    pub opaque: Vec<Opaque>,
    pub unlisted: Vec<Unlisted>,
    /// What a person should know about guard itself: a pack that is broken, a long program that
    /// was not followed to its end.
    pub notes: Vec<String>,
}

impl Assessment {
    /// Adds what another judgement of the same text found. Nothing is taken away, but that a
    /// program is not listed which `lists` says is described after all.
    pub fn join(&mut self, other: Self, lists: impl Fn(&str) -> bool) {
        let effects: HashSet<&Effect> = self.effects.iter().collect();
        let more = other.effects.into_iter();
        let more: Vec<Effect> = more.filter(|effect| !effects.contains(effect)).collect();
        self.effects.extend(more);
        let opaque: HashSet<&Opaque> = self.opaque.iter().collect();
        let more = other.opaque.into_iter();
        let more: Vec<Opaque> = more.filter(|hole| !opaque.contains(hole)).collect();
        self.opaque.extend(more);
        for unlisted in other.unlisted {
            let known = lists(&unlisted.program)
                || self
                    .unlisted
                    .iter()
                    .any(|own| own.program == unlisted.program);
            if !known {
                self.unlisted.push(unlisted);
            }
        }
    }

    /// An assessment that says only that nothing could be seen.
    pub fn unseen(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let location = Location::from(Span::default());
        Self {
            opaque: vec![Opaque { reason, location }],
            ..Self::default()
        }
    }

    /// Adds what the same command does under another of its names. The same effect on the same
    /// target counts once, wherever it stands in the text.
    pub fn add_names(&mut self, other: Self) {
        for effect in other.effects {
            let is_known = self
                .effects
                .iter()
                .any(|own| own.rule == effect.rule && own.target == effect.target);
            if !is_known {
                self.effects.push(effect);
            }
        }
        for hole in other.opaque {
            if !self.opaque.iter().any(|own| own.reason == hole.reason) {
                self.opaque.push(hole);
            }
        }
    }

    /// The worst class; what cannot be seen counts as irreversible.
    #[must_use]
    pub fn class(&self) -> Class {
        if !self.opaque.is_empty() {
            return Class::Irreversible;
        }
        self.effects
            .iter()
            .map(|effect| effect.reversibility.class())
            .max()
            .unwrap_or(Class::ReadOnly)
    }
}
