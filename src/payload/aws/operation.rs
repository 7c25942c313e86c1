//! What one operation would lose, with the options it is called with.

use std::borrow::Cow;

use super::Request;
use super::inputs::{Inputs, Truth};
use super::model::{Kind, Operation, Shape, kind_of_verb};
use super::runs;
use crate::call::Findings;
use crate::context::aws::account_of_arn;
use crate::context::{Place, tier};
use crate::effect::{Effect, Evidence, Reversibility, RuleId, Target, Tier};
use crate::location::Location;
use crate::resolve::Text;

/// Names shown one by one; more are one effect.
const NAME_LIMIT: usize = 16;

pub(super) fn judge(operation: &Operation, request: &Request<'_>, findings: &mut Findings) {
    let inputs = request.inputs;
    if makes_no_call(inputs) {
        return;
    }
    outputs(operation, request, findings);
    let kind = kind(operation, inputs);
    if kind.is_read_only() || is_help(operation, inputs) {
        return;
    }
    if runs::hand_on(operation, request, findings) {
        return;
    }
    let location = &request.call.command.location;
    if kind == Kind::Opaque {
        findings.opaque(
            format!(
                "what `aws {} {}` sets off is known only to AWS",
                operation.service, operation.name
            ),
            location,
        );
        return;
    }
    let place = request.place();
    let kind = kind.at(place.tier);
    for name in names(operation, inputs) {
        findings
            .effects
            .push(effect(operation, kind, name, &place, location));
    }
}

/// An operation that the table does not have: newer than guard, or a slip.
pub(super) fn judge_unlisted(operation: &str, request: &Request<'_>, findings: &mut Findings) {
    if makes_no_call(request.inputs) {
        return;
    }
    let location = &request.call.command.location;
    match kind_of_verb(operation) {
        Kind::ReadOnly => {}
        Kind::Irreversible => {
            let named = request.inputs.read.options.iter().find_map(|given| {
                let value = given.values.first()?;
                Some(value.value.display().into_owned())
            });
            let place = request.place();
            findings.effects.push(Effect {
                rule: RuleId::new("aws", "unknown-operation"),
                action: Cow::Owned(operation.to_owned()),
                target: aimed("object", named, &place),
                reversibility: Reversibility::Irreversible { perhaps: None },
                summary: format!(
                    "`{} {operation}` is not in guard's table, and its name says that it \
                     destroys something",
                    request.service
                ),
                also_lost: Vec::new(),
                evidence: place.evidence,
                instead: None,
                location: location.clone(),
            });
        }
        _ => findings.opaque(
            format!(
                "`aws {} {operation}` is not in guard's table of operations",
                request.service
            ),
            location,
        ),
    }
}

/// `--generate-cli-skeleton` prints a template and stops.
fn makes_no_call(inputs: &Inputs<'_>) -> bool {
    inputs
        .read
        .given("generate-cli-skeleton")
        .is_some_and(|given| !given.doubtful)
}

fn is_help(operation: &Operation, inputs: &Inputs<'_>) -> bool {
    let takes_operands = operation
        .options()
        .any(|(_, shape)| shape == Shape::Operand);
    !takes_operands
        && matches!(inputs.read.rest.as_slice(), [word] if word.value.exact() == Some("help"))
}

/// The class of this very call: what lowers it must be certain, what raises it need not be.
pub(super) fn kind(operation: &Operation, inputs: &Inputs<'_>) -> Kind {
    let is_dry = operation
        .options()
        .any(|(name, shape)| name == "dry-run" && shape == Shape::Flag)
        && inputs.has("dry-run") == Truth::Yes;
    if is_dry {
        return Kind::ReadOnly;
    }
    let mut kind = operation.kind;
    for (to, condition) in operation.changes() {
        if to.rank() < kind.rank() && inputs.holds(condition) == Truth::Yes {
            kind = to;
        }
    }
    for (to, condition) in operation.changes() {
        let raises = to.rank() > operation.kind.rank() && to.rank() > kind.rank();
        if raises && inputs.holds(condition) != Truth::No {
            kind = to;
        }
    }
    kind
}

/// The local file that a streaming answer overwrites.
fn outputs(operation: &Operation, request: &Request<'_>, findings: &mut Findings) {
    let streams = operation
        .options()
        .any(|(_, shape)| shape == Shape::Operand);
    if !streams {
        return;
    }
    for word in &request.inputs.read.rest {
        if !word.value.known_prefix().starts_with("--") {
            super::s3::overwrite_local(&word.value, None, &word.location, request, findings);
        }
    }
}

/// One name for each thing that is acted on; `None` when nothing names it.
fn names(operation: &Operation, inputs: &Inputs<'_>) -> Vec<Option<String>> {
    let mut outer: Vec<String> = Vec::new();
    let mut each: Vec<String> = Vec::new();
    for option in operation.targets() {
        let texts: Vec<String> = inputs
            .texts(option)
            .iter()
            .flat_map(listed)
            .filter_map(|text| plain(&text))
            .collect();
        match texts.as_slice() {
            [] => {}
            [one] => outer.push(one.clone()),
            _ => each = texts,
        }
    }
    let prefix = outer.join("/");
    if each.is_empty() {
        return vec![(!prefix.is_empty()).then_some(prefix)];
    }
    let join = |name: String| match prefix.as_str() {
        "" => name,
        prefix => format!("{prefix}/{name}"),
    };
    if each.len() > NAME_LIMIT {
        return vec![Some(join(each.join(",")))];
    }
    each.into_iter().map(|name| Some(join(name))).collect()
}

/// The items of a list that is written as one word: JSON, or blanks between them.
fn listed(text: &Text) -> Vec<Text> {
    let Some(known) = text.exact() else {
        return vec![text.clone()];
    };
    if known.starts_with('[')
        && let Ok(serde_json::Value::Array(items)) = serde_json::from_str(known)
    {
        return items
            .iter()
            .map(|item| {
                Text::known(
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned),
                )
            })
            .collect();
    }
    if known.trim_start().starts_with('{') {
        return vec![text.clone()];
    }
    known
        .split('\n')
        .filter(|item| !item.is_empty())
        .map(Text::known)
        .collect()
}

/// A name as a person can type it; nothing for a structure.
fn plain(text: &Text) -> Option<String> {
    let shown = text.display();
    let shown = shown.trim();
    let is_structure = shown.starts_with(['{', '[']) || shown.contains(['=', '\n']);
    if shown.is_empty() || shown.len() > 256 || is_structure {
        return None;
    }
    Some(shown.to_owned())
}

fn aimed(kind: &str, name: Option<String>, place: &Place) -> Target {
    let mut target = Target::new(kind.to_owned(), name);
    target.tier = tier_of(place, target.name.as_deref());
    target.environment.clone_from(&place.environment);
    target
}

/// How much the target matters: what the place says, and what its own name says. The more
/// important of the two wins; only a local endpoint is certain by itself.
pub(super) fn tier_of(place: &Place, name: Option<&str>) -> Tier {
    let named = name.map_or(Tier::Unknown, tier::of_name);
    match (place.tier, named) {
        (Tier::Local, _) => Tier::Local,
        (Tier::Unknown, Tier::Local) => Tier::Unknown,
        (Tier::Unknown, other) | (other, Tier::Unknown) => other,
        (left, right) => left.max(right),
    }
}

/// An effect of this operation on this name.
pub(super) fn effect(
    operation: &Operation,
    kind: Kind,
    name: Option<String>,
    place: &Place,
    location: &Location,
) -> Effect {
    let (verb, noun) = words(operation.name);
    let mut evidence = place.evidence.clone();
    let mut target = aimed(&noun, name, place);
    if let Some(account) = target.name.as_deref().and_then(account_of_arn) {
        evidence.retain(|known| known.fact != "account");
        evidence.push(Evidence {
            fact: "account".into(),
            value: account.to_owned(),
            source: "the ARN in the command".to_owned(),
        });
        if target.tier != Tier::Local && !place.facts.contains_key("profile") {
            target.environment = Some(account.to_owned());
        }
    }
    Effect {
        rule: RuleId::new("aws", format!("{}-{}", operation.service, operation.name)),
        action: Cow::Owned(verb.to_owned()),
        summary: summary(kind, verb, &noun),
        also_lost: lost(operation, kind),
        reversibility: reversibility(operation, kind),
        target,
        evidence,
        instead: None,
        location: location.clone(),
    }
}

fn reversibility(operation: &Operation, kind: Kind) -> Reversibility {
    let way_back = operation.way_back;
    match kind {
        Kind::ReadOnly => Reversibility::ReadOnly,
        Kind::Reversible => Reversibility::Reversible {
            undo: way_back.to_owned(),
        },
        Kind::Recoverable => Reversibility::Recoverable {
            from: match way_back {
                "" => "the previous settings, if they are known".to_owned(),
                known => known.to_owned(),
            },
            within: None,
        },
        Kind::Irreversible | Kind::Opaque | Kind::Money | Kind::Exposure | Kind::External => {
            Reversibility::Irreversible {
                perhaps: (!way_back.is_empty()).then(|| way_back.to_owned()),
            }
        }
    }
}

fn lost(operation: &Operation, kind: Kind) -> Vec<String> {
    let says = matches!(
        kind,
        Kind::Irreversible | Kind::Recoverable | Kind::Exposure | Kind::Money | Kind::External
    );
    if says && !operation.loses.is_empty() {
        vec![operation.loses.to_owned()]
    } else {
        Vec::new()
    }
}

fn summary(kind: Kind, verb: &str, noun: &str) -> String {
    let does = third_person(verb);
    let sentence = if noun.is_empty() {
        does
    } else {
        format!("{does} the {noun}")
    };
    match kind {
        Kind::Money => format!("{sentence}: a purchase or a long commitment"),
        Kind::Exposure => format!("{sentence}: opens it to others, and what was seen stays seen"),
        Kind::External => format!("{sentence}: a message that cannot be called back"),
        _ => sentence,
    }
}

/// `batch-delete-image` deletes an image.
fn words(operation: &str) -> (&str, String) {
    let rest = ["batch-", "admin-", "bulk-"]
        .iter()
        .find_map(|prefix| operation.strip_prefix(prefix))
        .unwrap_or(operation);
    let (verb, noun) = rest.split_once('-').unwrap_or((rest, ""));
    (verb, noun.replace('-', " "))
}

fn third_person(verb: &str) -> String {
    let is_hissing = ["s", "sh", "ch", "x", "z", "o"]
        .iter()
        .any(|end| verb.ends_with(end));
    match verb.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if is_hissing => format!("{verb}es"),
        _ => format!("{verb}s"),
    }
}
