//! The object that `guard check` prints: a stable interface.

use serde::Serialize;

use super::Report;
use crate::effect::{Class, Tier};
use crate::policy::Decision;

/// One checked command. `start` and `end` are byte offsets into it.
#[derive(Debug, Serialize)]
pub struct Check<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    pub verdict: Decision,
    pub reversibility: Class,
    pub effects: Vec<CheckedEffect<'a>>,
    pub opaque: Vec<CheckedOpaque<'a>>,
    pub unlisted: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub notes: &'a [String],
}

#[derive(Debug, Serialize)]
pub struct CheckedEffect<'a> {
    pub rule: &'a str,
    pub reversibility: Class,
    pub target: &'a str,
    pub decision: Decision,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'a str>,
    pub tier: Tier,
    pub summary: &'a str,
    pub undo: Option<&'a str>,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Serialize)]
pub struct CheckedOpaque<'a> {
    pub reason: &'a str,
    pub start: usize,
    pub end: usize,
}

impl<'a> Check<'a> {
    #[must_use]
    pub fn new(id: Option<&'a str>, report: &'a Report) -> Self {
        let effects = report.effects.iter().map(|item| CheckedEffect {
            rule: &item.rule,
            reversibility: item.class,
            target: &item.target,
            decision: item.decision,
            policy: item.policy.as_deref(),
            tier: item.tier,
            summary: &item.summary,
            undo: item.undo.as_deref(),
            start: item.start,
            end: item.end,
        });
        let opaque = report.opaque.iter().map(|hole| CheckedOpaque {
            reason: &hole.reason,
            start: hole.start,
            end: hole.end,
        });
        Self {
            id,
            verdict: report.verdict,
            reversibility: report.class,
            effects: effects.collect(),
            opaque: opaque.collect(),
            unlisted: &report.unlisted,
            notes: &report.notes,
        }
    }
}
