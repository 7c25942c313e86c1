//! `guard.toml` as it is written.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use thiserror::Error;

use super::{Decision, Row, Supervision, Table};
use crate::effect::Tier;

/// Why a file is no policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    #[error("{0}")]
    Format(String),
    #[error("`schema = {0}` is not known to this guard; it reads `schema = 1`")]
    Schema(u32),
    #[error("`{0}` is no rule: a rule is named `PACK/RULE`, all rules of a pack `PACK/*`")]
    Rule(String),
    #[error("an exception is for one rule, not for `{0}`; `[[observe]]` takes several")]
    Several(String),
    #[error(
        "an exception is for a `rule` on a `target`, or for what is `opaque` in a `command`, each as \
         guard prints it"
    )]
    Finding,
    #[error("the {what} for `{rule}` has no {missing}: say who may be asked about it, and why")]
    Missing {
        what: &'static str,
        rule: String,
        missing: &'static str,
    },
    #[error("`expires = {0}` is no date: write `2027-01-31` or `2027-01-31T12:00:00Z`")]
    Date(String),
    #[error(
        "a `[[tier]]` needs at least one pattern in `where`, such as `host = [\"*.example.com\"]`"
    )]
    Nowhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    schema: u32,
    #[serde(default)]
    decisions: Decisions,
    #[serde(default)]
    pub supervision: Supervision,
    #[serde(default)]
    pub tier: Vec<TierEntry>,
    #[serde(default)]
    pub rule: Vec<RuleEntry>,
    #[serde(default)]
    pub exception: Vec<ExceptionEntry>,
    #[serde(default)]
    pub observe: Vec<ObserveEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Decisions {
    reversible: Option<Cells>,
    recoverable: Option<Cells>,
    irreversible: Option<Cells>,
    opaque: Option<Decision>,
    unlisted: Option<Decision>,
}

/// One decision for all places, or one for each.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a decision (allow, confirm, deny) or a table of them by tier \
                                (development, staging, production)"
)]
enum Cells {
    All(Decision),
    Each(Each),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Each {
    development: Option<Decision>,
    staging: Option<Decision>,
    production: Option<Decision>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TierEntry {
    pub is: Tier,
    pub r#where: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleEntry {
    pub rule: String,
    pub decision: Decision,
    #[serde(default)]
    pub tier: Vec<Tier>,
    #[serde(default)]
    pub reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExceptionEntry {
    #[serde(default)]
    pub rule: Option<String>,
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default)]
    pub opaque: Option<String>,
    #[serde(default)]
    pub command: Option<String>,
    #[serde(default)]
    pub directory: Option<String>,
    pub reason: String,
    pub owner: String,
    pub expires: toml::value::Datetime,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ObserveEntry {
    pub rule: String,
    pub reason: String,
    pub owner: String,
    pub expires: toml::value::Datetime,
}

impl File {
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let file: Self = toml::from_str(text)
            .map_err(|error| Invalid::Format(error.to_string().trim_end().to_owned()))?;
        if file.schema != 1 {
            return Err(Invalid::Schema(file.schema));
        }
        for entry in &file.tier {
            if entry.r#where.values().all(Vec::is_empty) {
                return Err(Invalid::Nowhere);
            }
        }
        Ok(file)
    }

    pub(super) fn table(&self) -> Table {
        let row = |cells: Option<Cells>| match cells {
            None => Row::default(),
            Some(Cells::All(decision)) => Row::all(decision),
            Some(Cells::Each(each)) => Row {
                development: each.development,
                staging: each.staging,
                production: each.production,
            },
        };
        Table {
            reversible: row(self.decisions.reversible),
            recoverable: row(self.decisions.recoverable),
            irreversible: row(self.decisions.irreversible),
            opaque: self.decisions.opaque,
            unlisted: self.decisions.unlisted,
        }
    }
}

/// The moment from which on it does not hold: a date holds to its end, in UTC.
pub(super) fn end(expires: &toml::value::Datetime) -> Result<Timestamp, Invalid> {
    let text = expires.to_string();
    let invalid = || Invalid::Date(text.clone());
    if expires.time.is_none() {
        let date: Date = text.parse().map_err(|_| invalid())?;
        let next = date.checked_add(1.day()).map_err(|_| invalid())?;
        let zoned = next.to_zoned(TimeZone::UTC).map_err(|_| invalid())?;
        return Ok(zoned.timestamp());
    }
    if expires.offset.is_some() {
        return text.parse().map_err(|_| invalid());
    }
    let local: DateTime = text.parse().map_err(|_| invalid())?;
    let zoned = local.to_zoned(TimeZone::UTC).map_err(|_| invalid())?;
    Ok(zoned.timestamp())
}
