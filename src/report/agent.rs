//! What an agent reads when it is stopped.
//!
//! Owns these words. They name the class of the act and not only the command, because agents take
//! a bare "denied" for an invitation to find another way; they say that this is no malfunction,
//! because they debug what looks like one; and they leave the rest of the task open. They never
//! hold anything that would let an agent answer in the place of a person.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::json;

use super::{Item, Report, is_hidden, one_line};

/// A request as an agent gets to see it.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    pub id: &'a str,
    /// Without secrets.
    pub report: &'a Report,
    pub expires: Timestamp,
}

/// At most this many effects are told one by one.
const TOLD: usize = 8;

/// The command waits for a person.
#[must_use]
pub fn waiting(notice: &Notice<'_>) -> String {
    let Notice {
        id,
        report,
        expires,
    } = *notice;
    let mut text = String::from(
        "guard: STOPPED, waiting for a person. This is policy working as intended, not an error. \
         Nothing ran.\n",
    );
    what(&mut text, report);
    let _ = write!(
        text,
        "Do not run this again yet, and do not reach the same end another way (a script, an API, \
         another tool or path).\n\
         Other work is not affected: go on with the rest of the task, or stop if you cannot.\n\
         Tell the user: \"Guard asks for your approval. In a terminal of your own, run: guard \
         approve {id}\"\n\
         Only the user can do that. Once they say that it is approved, run the identical command \
         once, within five minutes.\n"
    );
    safer(&mut text, report);
    machine(
        &mut text,
        report,
        json!({
            "v": 1,
            "verdict": "pending",
            "id": id,
            "expires": expires.to_string(),
            "retry": "after-approval",
        }),
    );
    text
}

/// The policy lets nobody run it from here.
#[must_use]
pub fn denied(report: &Report) -> String {
    let mut text = String::from(
        "guard: STOPPED. The policy does not allow this, with or without approval. This is policy \
         working as intended, not an error. Nothing ran.\n",
    );
    what(&mut text, report);
    text.push_str(
        "Do not run this again, and do not reach the same end another way (a script, an API, \
         another tool or path).\n\
         Other work is not affected: go on with the rest of the task, or tell the user that this \
         step is not possible.\n",
    );
    safer(&mut text, report);
    machine(
        &mut text,
        report,
        json!({"v": 1, "verdict": "denied", "retry": "never"}),
    );
    text
}

/// A person said no to this request.
#[must_use]
pub fn declined(id: &str, reason: Option<&str>) -> String {
    let reason = reason.map_or_else(String::new, |reason| {
        format!(" They say: {}", one_line(reason))
    });
    let machine = json!({"v": 1, "verdict": "declined", "id": id, "retry": "never"});
    format!(
        "guard: REFUSED by the user (request {id}).{reason}\n\
         Nothing ran. Do not run this again, and do not reach the same end another way. Go on \
         with the rest of the task, or ask the user how to proceed.\n\
         GUARD {machine}"
    )
}

fn what(text: &mut String, report: &Report) {
    let asked = report.asked();
    for item in asked.iter().take(TOLD) {
        let _ = writeln!(
            text,
            "What  {}: {} ({}; {})",
            one_line(&item.target),
            one_line(&item.summary),
            item.class,
            item.tier,
        );
        let _ = writeln!(text, "Rule  {}", one_line(&item.rule));
    }
    for hole in report.asked_opaque().take(TOLD) {
        let _ = writeln!(
            text,
            "What  guard cannot see what would run: {}",
            one_line(&hole.reason)
        );
    }
    for program in report.asked_unlisted().iter().take(TOLD) {
        let _ = writeln!(text, "What  no rule describes `{}`", one_line(program));
    }
    for said in report.policy() {
        let _ = writeln!(text, "Policy  {}", one_line(said));
    }
    let told = asked.len().min(TOLD) + report.asked_opaque().count().min(TOLD);
    let more = (asked.len() + report.asked_opaque().count()).saturating_sub(told);
    if more > 0 {
        let _ = writeln!(text, "      and {more} more");
    }
    for note in report.notes.iter().take(TOLD) {
        let _ = writeln!(text, "Note  {}", one_line(note));
    }
}

fn safer(text: &mut String, report: &Report) {
    let mut told: Vec<&str> = Vec::new();
    for instead in report
        .asked()
        .iter()
        .filter_map(|item| item.instead.as_deref())
    {
        if !told.contains(&instead) && told.len() < 3 {
            told.push(instead);
            let _ = writeln!(text, "Safer: {}", one_line(instead));
        }
    }
}

/// One line for programs, always the last.
fn machine(text: &mut String, report: &Report, mut line: serde_json::Value) {
    let asked = report.asked();
    line["class"] = json!(report.class);
    line["rules"] = json!(asked.iter().map(|item| &item.rule).collect::<Vec<_>>());
    line["targets"] = json!(
        asked
            .iter()
            .map(|item: &&Item| &item.target)
            .collect::<Vec<_>>()
    );
    let _ = write!(text, "GUARD {}", escaped(&line.to_string()));
}

/// The same JSON with every hiding character as an escape; they can stand in strings only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Class;
    use crate::policy::Decision;

    #[test]
    fn the_last_line_is_json_with_nothing_hidden() {
        let report = Report {
            text: "rm".to_owned(),
            cwd: "/".to_owned(),
            verdict: Decision::Confirm,
            class: Class::Irreversible,
            effects: Vec::new(),
            opaque: Vec::new(),
            unlisted: Vec::new(),
            unlisted_decision: Decision::Allow,
            unlisted_policy: None,
            notes: Vec::new(),
        };
        let notice = Notice {
            id: "K7Q2M",
            report: &report,
            expires: Timestamp::UNIX_EPOCH,
        };
        let text = waiting(&notice);
        let line = text
            .lines()
            .last()
            .and_then(|line| line.strip_prefix("GUARD "));
        let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
        assert_eq!(line["id"], "K7Q2M");
        assert_eq!(line["verdict"], "pending");
        assert!(text.contains("guard approve K7Q2M"));
        assert_eq!(
            escaped("{\"a\":\"\u{202e}\u{e0041}\"}"),
            r#"{"a":"\u202e\udb40\udc41"}"#
        );
    }
}
