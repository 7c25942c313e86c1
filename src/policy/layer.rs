//! One layer: what one file, or guard itself, states.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::file::{self, File, Invalid};
use super::{Decision, Supervision, Table};
use crate::effect::{Effect, Opaque, RuleId, Tier};
use crate::wildcard::fits;

/// Who a layer is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Compiled in.
    Builtin,
    /// Root's, for everybody on this machine.
    Managed,
    /// The person's own, in the home directory that the user database names.
    User,
    /// In the directory, or above it: an agent's to write.
    Project,
    /// Named by a variable, or under another home directory than the user database's: an agent's
    /// to set.
    Environment,
}

impl Origin {
    /// Whether it may except, observe, and call a place less important than its name suggests.
    #[must_use]
    pub const fn may_relax(self) -> bool {
        matches!(self, Self::Managed | Self::User)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "built-in",
            Self::Managed => "managed",
            Self::User => "user",
            Self::Project => "project",
            Self::Environment => "environment",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub origin: Origin,
    /// The file; `None` for the built-in layer.
    pub path: Option<PathBuf>,
    pub table: Table,
    pub supervision: Supervision,
    pub tiers: Vec<TierPattern>,
    pub rules: Vec<Stated>,
    pub exceptions: Vec<Exception>,
    /// What the file says and what does not hold.
    pub dropped: Vec<Dropped>,
    /// Why nothing of the file could be read.
    pub broken: Option<String>,
}

/// A place, by what is known of it, and how much it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierPattern {
    pub is: Tier,
    /// Patterns by the name of a fact (`host`, `account`, `branch` …); one of each must fit.
    pub facts: BTreeMap<String, Vec<String>>,
}

/// A decision for one rule, or for all of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub rule: RulePattern,
    pub decision: Decision,
    /// Only in these tiers; in all if there is none.
    pub tiers: Vec<Tier>,
    pub reason: Option<String>,
}

/// What runs unasked though guard's own table asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub finding: Finding,
    /// Only in this directory, or below it.
    pub directory: Option<PathBuf>,
    pub reason: String,
    pub owner: String,
    pub until: Timestamp,
}

/// What is excepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// One rule on one target, as guard prints it (`staging/uploads`).
    Target { rule: RulePattern, target: String },
    /// Rules that are only observed.
    Observed(RulePattern),
    /// A part that cannot be seen, by the reason that guard prints and the whole text of the
    /// command: another text, or one more such part, is another matter.
    Opaque { reason: String, command: String },
}

impl Finding {
    /// The rules that it is about.
    pub(super) const fn rule(&self) -> Option<&RulePattern> {
        match self {
            Self::Target { rule, .. } | Self::Observed(rule) => Some(rule),
            Self::Opaque { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target { rule, target } => write!(f, "{rule} on {target}"),
            Self::Observed(rule) => write!(f, "{rule}"),
            Self::Opaque { reason, command } => write!(f, "`{command}`, where {reason}"),
        }
    }
}

/// `pack/rule`, or `pack/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePattern {
    pack: String,
    rule: Option<String>,
}

/// An entry that does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    pub what: String,
    pub why: String,
}

impl Layer {
    pub(super) fn builtin() -> Self {
        Self {
            table: Table::builtin(),
            ..Self::empty(Origin::Builtin, None)
        }
    }

    fn empty(origin: Origin, path: Option<PathBuf>) -> Self {
        Self {
            origin,
            path,
            table: Table::default(),
            supervision: Supervision::default(),
            tiers: Vec::new(),
            rules: Vec::new(),
            exceptions: Vec::new(),
            dropped: Vec::new(),
            broken: None,
        }
    }

    /// A layer of which nothing can be told but that it is there. Whoever may relax may also have
    /// refused something: there nothing that changes anything runs until the file is put right.
    /// Anybody else's can at most have asked for more.
    pub(super) fn unreadable(origin: Origin, path: &Path, reason: String) -> Self {
        let decision = if origin.may_relax() {
            Decision::Deny
        } else {
            Decision::Confirm
        };
        Self {
            table: Table::all(decision),
            broken: Some(reason),
            ..Self::empty(origin, Some(path.to_owned()))
        }
    }

    /// The layer that a file's text states at this time.
    #[must_use]
    pub fn parse(origin: Origin, path: &Path, text: &str, now: Timestamp) -> Self {
        Self::read(origin, path, text, now)
            .unwrap_or_else(|invalid| Self::unreadable(origin, path, invalid.to_string()))
    }

    fn read(origin: Origin, path: &Path, text: &str, now: Timestamp) -> Result<Self, Invalid> {
        let file = File::parse(text)?;
        let mut layer = Self {
            table: file.table(),
            supervision: file.supervision,
            ..Self::empty(origin, Some(path.to_owned()))
        };
        for entry in file.rule {
            layer.rules.push(Stated {
                rule: RulePattern::parse(&entry.rule)?,
                decision: entry.decision,
                tiers: entry.tier,
                reason: entry.reason,
            });
        }
        layer.tiers = file
            .tier
            .into_iter()
            .map(|entry| TierPattern {
                is: entry.is,
                facts: entry.r#where,
            })
            .collect();
        for entry in file.exception {
            let finding = match (entry.rule, entry.target, entry.opaque, entry.command) {
                (Some(name), Some(target), None, None) => {
                    let rule = RulePattern::parse(&name)?;
                    if rule.rule.is_none() {
                        return Err(Invalid::Several(name));
                    }
                    Finding::Target { rule, target }
                }
                (None, None, Some(reason), Some(command)) => Finding::Opaque { reason, command },
                _ => return Err(Invalid::Finding),
            };
            let exception = Exception {
                finding,
                directory: entry.directory.map(PathBuf::from),
                reason: entry.reason,
                owner: entry.owner,
                until: file::end(&entry.expires)?,
            };
            layer.except("exception", exception, now)?;
        }
        for entry in file.observe {
            let observed = Exception {
                finding: Finding::Observed(RulePattern::parse(&entry.rule)?),
                directory: None,
                reason: entry.reason,
                owner: entry.owner,
                until: file::end(&entry.expires)?,
            };
            layer.except("observe", observed, now)?;
        }
        Ok(layer)
    }

    fn except(&mut self, what: &'static str, it: Exception, now: Timestamp) -> Result<(), Invalid> {
        for (value, missing) in [(&it.reason, "reason"), (&it.owner, "owner")] {
            if value.trim().is_empty() {
                return Err(Invalid::Missing {
                    what,
                    rule: it.finding.to_string(),
                    missing,
                });
            }
        }
        let why = if !self.origin.may_relax() {
            Some(format!("{}: this layer can only tighten", self.origin))
        } else if it.until <= now {
            Some(format!("expired {}", it.until))
        } else {
            None
        };
        match why {
            Some(why) => self.dropped.push(Dropped {
                what: format!("{what} {}", it.scope()),
                why,
            }),
            None => self.exceptions.push(it),
        }
        Ok(())
    }

    /// The entry by which this layer lets an effect pass.
    pub(super) fn exception(&self, effect: &Effect, cwd: &Path) -> Option<&Exception> {
        self.excepted(cwd, |finding| match finding {
            Finding::Target { rule, target } => {
                let is_named = effect.target.name.is_some();
                rule.fits(&effect.rule) && is_named && *target == effect.target.to_string()
            }
            Finding::Observed(rule) => rule.fits(&effect.rule),
            Finding::Opaque { .. } => false,
        })
    }

    /// The entry by which this layer lets a part of this text pass that cannot be seen.
    pub(super) fn seen(&self, opaque: &Opaque, text: &str, cwd: &Path) -> Option<&Exception> {
        self.excepted(cwd, |finding| match finding {
            Finding::Opaque { reason, command } => *reason == opaque.reason && command == text,
            Finding::Target { .. } | Finding::Observed(_) => false,
        })
    }

    fn excepted(&self, cwd: &Path, is: impl Fn(&Finding) -> bool) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| {
            let directory = exception.directory.as_ref();
            is(&exception.finding) && directory.is_none_or(|directory| cwd.starts_with(directory))
        })
    }

    /// What this layer decides about the rule of an effect, and why.
    pub(super) fn stated(
        &self,
        effect: &Effect,
        tier: Tier,
    ) -> impl Iterator<Item = (Decision, Option<&str>)> {
        self.rules
            .iter()
            .filter(move |stated| {
                stated.rule.fits(&effect.rule)
                    && (stated.tiers.is_empty() || stated.tiers.contains(&tier))
            })
            .map(|stated| (stated.decision, stated.reason.as_deref()))
    }

    /// How much this layer says that the place of an effect matters.
    pub(super) fn tier(&self, effect: &Effect) -> Option<Tier> {
        self.tiers
            .iter()
            .filter(|pattern| pattern.fits(effect))
            .map(|pattern| pattern.is)
            .max()
    }

    /// The sentence that a person reads; nothing for the built-in layer.
    pub(super) fn says(&self, decision: Decision, reason: Option<&str>) -> Option<String> {
        let path = self.path.as_ref()?;
        let origin = self.origin;
        let why = match (&self.broken, reason) {
            (Some(broken), _) => format!(", which cannot be read: {broken}"),
            (None, Some(reason)) => format!(": {reason}"),
            (None, None) => String::new(),
        };
        let verb = decision.as_str();
        Some(format!(
            "{verb}, by the {origin} policy `{}`{why}",
            path.display()
        ))
    }
}

impl TierPattern {
    fn fits(&self, effect: &Effect) -> bool {
        self.facts.iter().all(|(fact, patterns)| {
            let known = effect.evidence.iter();
            let mut values = known
                .filter(|evidence| evidence.fact == *fact)
                .map(|evidence| evidence.value.as_str())
                .chain(
                    effect
                        .target
                        .environment
                        .as_deref()
                        .filter(|_| fact == "environment"),
                )
                .chain(
                    effect
                        .target
                        .name
                        .as_deref()
                        .filter(|_| effect.target.kind == *fact),
                );
            values.any(|value| patterns.iter().any(|pattern| fits(pattern, value)))
        })
    }
}

impl Exception {
    /// What it covers, as it is shown.
    #[must_use]
    pub fn scope(&self) -> String {
        let mut scope = self.finding.to_string();
        if let Some(directory) = &self.directory {
            scope = format!("{scope} in {}", directory.display());
        }
        scope
    }

    pub(super) fn says(&self, layer: &Layer) -> String {
        let verb = match self.finding {
            Finding::Observed(_) => "only observed",
            Finding::Target { .. } | Finding::Opaque { .. } => "excepted",
        };
        let origin = layer.origin;
        let (owner, reason, until) = (&self.owner, &self.reason, self.until);
        format!("{verb} by the {origin} policy until {until} ({owner}: {reason})")
    }
}

impl RulePattern {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::Rule(text.to_owned());
        let (pack, rule) = text.split_once('/').ok_or_else(invalid)?;
        let plain = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if !plain(pack) || !(rule == "*" || plain(rule)) {
            return Err(invalid());
        }
        Ok(Self {
            pack: pack.to_owned(),
            rule: (rule != "*").then(|| rule.to_owned()),
        })
    }

    fn fits(&self, id: &RuleId) -> bool {
        self.pack == id.pack && self.rule.as_ref().is_none_or(|rule| *rule == id.rule)
    }

    /// Whether this names the rule `pack/rule`.
    pub(super) fn names(&self, id: &str) -> bool {
        let (pack, rule) = id.split_once('/').unwrap_or((id, "*"));
        self.fits(&RuleId::new(pack.to_owned(), rule.to_owned()))
    }
}

impl fmt::Display for RulePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pack, self.rule.as_deref().unwrap_or("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let now = Timestamp::UNIX_EPOCH;
        for (text, expected) in [
            ("schema = 2\n", "`schema = 2` is not known"),
            ("", "missing field `schema`"),
            (
                "schema = 1\n[decisions]\nopaque = 'ask'\n",
                "unknown variant `ask`",
            ),
            (
                "schema = 1\n[decisions]\nirreversible = { prod = 'deny' }\n",
                "a decision (allow",
            ),
            (
                "schema = 1\n[[rule]]\nrule = 'git'\ndecision = 'deny'\n",
                "`git` is no rule",
            ),
            (
                "schema = 1\n[[tier]]\nis = 'production'\nwhere = {}\n",
                "at least one pattern",
            ),
            (
                "schema = 1\n[[exception]]\nrule = 'git/*'\ntarget = 'x'\nreason = 'r'\nowner = 'o'\nexpires = 2030-01-01\n",
                "for one rule",
            ),
            (
                "schema = 1\n[[exception]]\nrule = 'git/x'\ntarget = 'x'\nreason = ' '\nowner = 'o'\nexpires = 2030-01-01\n",
                "has no reason",
            ),
            (
                "schema = 1\n[[exception]]\nrule = 'git/x'\ntarget = 'x'\nreason = 'r'\nowner = 'o'\nexpires = 07:32:00\n",
                "is no date",
            ),
        ] {
            let layer = Layer::parse(Origin::User, Path::new("/g.toml"), text, now);
            let broken = layer.broken.unwrap_or_default();
            assert!(broken.contains(expected), "{text}: {broken}");
        }
    }
}
