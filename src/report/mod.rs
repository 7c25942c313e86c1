//! One value from which everything that a person or a program reads is rendered.
//!
//! Owns the words. Never decides: it gets the decisions together with the facts.

pub mod agent;
pub mod json;
mod rewrite;
mod secrets;
pub mod text;
mod visible;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::effect::{Assessment, Class, Effect, Opaque, Tier};
use crate::location::{Location, Span};
use crate::policy::{Decision, Policy, Ruling};

pub use rewrite::Rewritten;
pub use secrets::redact;
pub use visible::{is_hidden, one_line, visible};

/// What one command does, what was decided about each part, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The command as it was written. Every `start` and `end` is a byte offset into it.
    pub text: String,
    pub cwd: String,
    pub verdict: Decision,
    pub class: Class,
    pub effects: Vec<Item>,
    pub opaque: Vec<Hole>,
    /// Programs that no pack describes.
    pub unlisted: Vec<String>,
    pub unlisted_decision: Decision,
    pub unlisted_policy: Option<String>,
    /// What a person should know about guard itself.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One effect, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub rule: String,
    pub action: String,
    pub class: Class,
    pub decision: Decision,
    /// Which layer of the policy decided, if it was not the built-in one.
    pub policy: Option<String>,
    pub kind: String,
    /// The environment and the name, as in `production/pg-data`.
    pub target: String,
    /// Whether the name itself is known, or only what kind of thing it is.
    pub named: bool,
    pub tier: Tier,
    pub summary: String,
    pub undo: Option<String>,
    pub also_lost: Vec<String>,
    pub evidence: Vec<Fact>,
    pub instead: Option<String>,
    pub start: usize,
    pub end: usize,
    /// `scripts/wipe.sh:12`, if it stands in a file that the command runs.
    pub file: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub fact: String,
    pub value: String,
    pub source: String,
}

/// A part that guard cannot see into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    pub reason: String,
    pub decision: Decision,
    pub policy: Option<String>,
    pub start: usize,
    pub end: usize,
    pub file: Option<String>,
}

impl Report {
    #[must_use]
    pub fn new(text: &str, cwd: &Path, assessment: &Assessment, policy: &Policy) -> Self {
        let effects: Vec<Item> = assessment
            .effects
            .iter()
            .map(|effect| Item::new(effect, policy.effect(effect, cwd)))
            .collect();
        let opaque: Vec<Hole> = assessment
            .opaque
            .iter()
            .map(|opaque| Hole::new(opaque, policy.opaque(opaque, text, cwd)))
            .collect();
        let unknown = policy.unlisted();
        let unlisted: Vec<String> = assessment
            .unlisted
            .iter()
            .map(|unlisted| unlisted.program.to_string())
            .collect();
        let verdict = effects
            .iter()
            .map(|item| item.decision)
            .chain(opaque.iter().map(|hole| hole.decision))
            .chain((!unlisted.is_empty()).then_some(unknown.decision))
            .max()
            .unwrap_or(Decision::Allow);
        Self {
            text: text.to_owned(),
            cwd: cwd.to_string_lossy().into_owned(),
            verdict,
            class: assessment.class(),
            effects,
            opaque,
            unlisted,
            unlisted_decision: unknown.decision,
            unlisted_policy: unknown.why,
            notes: assessment.notes.clone(),
        }
    }

    /// Whether nothing at all would be changed, as far as the packs know.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.verdict == Decision::Allow && self.class == Class::ReadOnly
    }

    /// The effects that somebody must answer for, worst first: the stricter decision, then the
    /// worse class, then the place that matters more.
    #[must_use]
    pub fn asked(&self) -> Vec<&Item> {
        let mut asked: Vec<&Item> = self
            .effects
            .iter()
            .filter(|item| item.decision > Decision::Allow)
            .collect();
        asked.sort_by_key(|item| std::cmp::Reverse((item.decision, item.class, item.tier)));
        asked
    }

    /// The parts that cannot be seen and that somebody must answer for.
    pub fn asked_opaque(&self) -> impl Iterator<Item = &Hole> {
        self.opaque
            .iter()
            .filter(|hole| hole.decision > Decision::Allow)
    }

    /// The programs that no pack describes, if somebody must answer for them.
    #[must_use]
    pub fn asked_unlisted(&self) -> &[String] {
        if self.unlisted_decision > Decision::Allow {
            &self.unlisted
        } else {
            &[]
        }
    }

    /// What the layers of the policy decided otherwise than the built-in one, each once.
    #[must_use]
    pub fn policy(&self) -> Vec<&str> {
        let items = self.effects.iter().map(|item| &item.policy);
        let holes = self.opaque.iter().map(|hole| &hole.policy);
        let unlisted = Some(&self.unlisted_policy).filter(|_| !self.unlisted.is_empty());
        let mut said: Vec<&str> = Vec::new();
        for one in items.chain(holes).chain(unlisted).flatten() {
            if !said.contains(&one.as_str()) {
                said.push(one);
            }
        }
        said
    }

    /// The same without secrets: what may be written to disk. The marks still stand where they
    /// stood.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let clean = |text: &String| redact(text).into_text();
        let command = redact(&self.text);
        let mut report = self.clone();
        for item in &mut report.effects {
            let span = command.map(Span::new(item.start, item.end));
            (item.start, item.end) = (span.start, span.end);
            item.target = clean(&item.target);
            item.summary = clean(&item.summary);
            item.instead = item.instead.as_ref().map(clean);
            item.undo = item.undo.as_ref().map(clean);
            item.also_lost = item.also_lost.iter().map(clean).collect();
            for fact in &mut item.evidence {
                fact.value = clean(&fact.value);
            }
        }
        for hole in &mut report.opaque {
            let span = command.map(Span::new(hole.start, hole.end));
            (hole.start, hole.end) = (span.start, span.end);
            hole.reason = clean(&hole.reason);
        }
        report.text = command.into_text();
        report
    }
}

impl Item {
    fn new(effect: &Effect, ruling: Ruling) -> Self {
        Self {
            rule: effect.rule.to_string(),
            action: effect.action.to_string(),
            class: effect.reversibility.class(),
            decision: ruling.decision,
            policy: ruling.why,
            kind: effect.target.kind.to_string(),
            target: effect.target.to_string(),
            named: effect.target.name.is_some(),
            tier: ruling.tier,
            summary: effect.summary.clone(),
            undo: effect.reversibility.undo(),
            also_lost: effect.also_lost.clone(),
            evidence: effect
                .evidence
                .iter()
                .map(|evidence| Fact {
                    fact: evidence.fact.to_string(),
                    value: evidence.value.clone(),
                    source: evidence.source.clone(),
                })
                .collect(),
            instead: effect.instead.clone(),
            start: effect.location.span.start,
            end: effect.location.span.end,
            file: file_line(&effect.location),
        }
    }
}

impl Hole {
    fn new(opaque: &Opaque, ruling: Ruling) -> Self {
        Self {
            reason: opaque.reason.clone(),
            decision: ruling.decision,
            policy: ruling.why,
            start: opaque.location.span.start,
            end: opaque.location.span.end,
            file: file_line(&opaque.location),
        }
    }
}

fn file_line(location: &Location) -> Option<String> {
    location
        .file
        .as_ref()
        .map(|file| format!("{}:{}", file.path.display(), file.line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::{Reversibility, RuleId, Target};

    const PIECES: &[&str] = &[
        "rm",
        " ",
        "  ",
        "\t",
        "\n",
        "'",
        "\"",
        "\\",
        "\\\"",
        "$",
        "$(",
        ")",
        "`",
        "é",
        "日",
        "\u{202e}",
        "\u{1b}[2K",
        "\r",
        "\0",
        "token",
        "=",
        ":",
        "://",
        "@",
        "Authorization: Bearer ",
        "--password",
        "-u a:b",
        "curl",
        "mysql -p",
        "sk-",
        "0123456789abcdef",
        "PRIVATE KEY-----",
        ";",
        "{\"secret\":",
        "x",
    ];

    /// Texts that are the same in every run.
    fn texts(count: usize) -> impl Iterator<Item = (String, Vec<usize>)> {
        let mut seed = 1_u64;
        let mut next = move |limit: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap_or(0) % limit
        };
        (0..count).map(move |_| {
            let length = next(24);
            let text: String = (0..length).map(|_| PIECES[next(PIECES.len())]).collect();
            let numbers = (0..6).map(|_| next(text.len() + 4)).collect();
            (text, numbers)
        })
    }

    #[test]
    fn no_text_and_no_span_breaks_a_report() {
        for (text, numbers) in texts(1500) {
            let location = |at: usize| Location {
                span: Span::new(numbers[at], numbers[at + 1]),
                file: None,
            };
            let effect = Effect {
                rule: RuleId::new("pack", text.clone()),
                action: "delete".into(),
                target: Target::new("thing", Some(text.clone())),
                reversibility: crate::effect::Reversibility::Irreversible { perhaps: None },
                summary: text.clone(),
                also_lost: vec![text.clone()],
                evidence: Vec::new(),
                instead: Some(text.clone()),
                location: location(0),
            };
            let harmless = Effect {
                reversibility: Reversibility::Reversible { undo: text.clone() },
                location: location(2),
                ..effect.clone()
            };
            let assessment = Assessment {
                effects: vec![effect, harmless],
                opaque: vec![Opaque {
                    reason: text.clone(),
                    location: location(4),
                }],
                unlisted: Vec::new(),
                notes: Vec::new(),
            };
            let report = Report::new(&text, Path::new("/"), &assessment, &Policy::builtin());
            let stored = report.redacted();
            for report in [&report, &stored] {
                for shown in [
                    text::question(report, &crate::gate::phrase(report), text::Style::Plain),
                    agent::denied(report),
                ] {
                    let hidden = shown.chars().find(|c| *c != '\n' && is_hidden(*c));
                    assert_eq!(hidden, None, "{text:?}: {shown}");
                }
            }
            for item in &stored.effects {
                assert!(item.start.max(item.end) <= stored.text.len(), "{text:?}");
            }
        }
    }
}
