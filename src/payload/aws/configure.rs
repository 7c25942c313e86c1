//! `aws configure`: settings that decide where later commands act.

use std::borrow::Cow;

use super::Request;
use crate::call::{Call, Findings};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};

/// Settings whose old value cannot be read again from anywhere else.
const SECRETS: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
];

pub(super) fn judge(command: &str, request: &Request<'_>, findings: &mut Findings) {
    let operands = &request.inputs.read.rest;
    let known = |index: usize| operands.get(index).and_then(|word| word.value.exact());
    match command {
        "set" => {
            let name = known(0).unwrap_or("a setting");
            // `profile.name.key` names a key, too.
            let key = name.rsplit('.').next().unwrap_or(name);
            let class = if SECRETS.contains(&key) {
                Reversibility::Recoverable {
                    from: "a new access key, if the old one is kept nowhere else".to_owned(),
                    within: None,
                }
            } else {
                Reversibility::Reversible {
                    undo: format!("aws configure set {name} <the previous value>"),
                }
            };
            findings.effects.push(effect(name, class, request.call));
        }
        "import" | "add-model" | "sso" | "sso-session" | "mfa-login" => {
            let class = Reversibility::Reversible {
                undo: "remove the profile or model from ~/.aws".to_owned(),
            };
            findings.effects.push(effect(command, class, request.call));
        }
        "list" | "get" | "list-profiles" | "export-credentials" => {}
        _ => super::operation::judge_unlisted(command, request, findings),
    }
}

/// `aws configure` asks at the terminal.
pub(super) fn interactive(call: &Call<'_>, findings: &mut Findings) {
    let class = Reversibility::Reversible {
        undo: "aws configure, with the previous values".to_owned(),
    };
    findings.effects.push(effect("profile", class, call));
}

fn effect(name: &str, reversibility: Reversibility, call: &Call<'_>) -> Effect {
    let mut target = Target::new("setting", Some(name.to_owned()));
    target.tier = Tier::Local;
    Effect {
        rule: RuleId::new("aws", "configure"),
        action: Cow::Borrowed("configure"),
        target,
        reversibility,
        summary: "changes which account or region later aws commands act on".to_owned(),
        also_lost: Vec::new(),
        evidence: Vec::new(),
        instead: None,
        location: call.command.location.clone(),
    }
}
