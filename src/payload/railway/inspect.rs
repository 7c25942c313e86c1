//! Mutations whose arguments decide what they do.
//!
//! What is not known counts as the worst it can be.

use serde_json::{Map, Value};

use crate::effect::Reversibility;
use crate::payload::holes::has_hole;
use crate::payload::json;

/// What the arguments of a mutation make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Nothing,
    Opaque,
    /// The class, and what exactly decided it.
    Class(Reversibility, Option<String>),
}

impl Judgement {
    pub(super) fn recoverable(from: String) -> Self {
        Self::Class(Reversibility::Recoverable { from, within: None }, None)
    }

    pub(super) fn irreversible(undo: String) -> Self {
        let perhaps = Some(undo).filter(|undo| !undo.is_empty());
        Self::Class(Reversibility::Irreversible { perhaps }, None)
    }

    fn irreversible_because(detail: String) -> Self {
        Self::Class(Reversibility::Irreversible { perhaps: None }, Some(detail))
    }
}

/// Decides by the arguments, in the way that the table names.
pub(super) fn judge(how: &str, arguments: &Map<String, Value>, undo: &str) -> Judgement {
    let input = arguments.get("input");
    let member = |name: &str| input.and_then(|input| input.get(name));
    let open = input.is_none_or(is_open);
    match how {
        "patch" => patch(arguments.get("patch"), undo),
        "change-set" => patch(input, undo),
        "staged" => {
            Judgement::irreversible_because("what is staged cannot be seen from here".to_owned())
        }
        "replace" => match member("replace") {
            _ if open => Judgement::irreversible_because("its input is not known".to_owned()),
            None | Some(Value::Bool(false) | Value::Null) => {
                Judgement::recoverable(undo.to_owned())
            }
            Some(_) => Judgement::irreversible_because(
                "`replace` deletes every variable that is not named".to_owned(),
            ),
        },
        "state" => match member("state") {
            _ if open => Judgement::irreversible_because("its input is not known".to_owned()),
            Some(Value::String(state))
                if has_hole(state) || state.to_ascii_uppercase().starts_with("DELET") =>
            {
                Judgement::irreversible_because("its state becomes deleted".to_owned())
            }
            _ => Judgement::recoverable(undo.to_owned()),
        },
        "command" => Judgement::recoverable(undo.to_owned()),
        // The command itself is judged.
        "exec" => Judgement::Nothing,
        _ => Judgement::Opaque,
    }
}

/// The shell commands that a mutation makes run.
pub(super) fn commands(field: &str, arguments: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut take = |value: Option<&Value>| match value {
        Some(Value::String(text)) => found.push(text.clone()),
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            found.extend(texts.map(str::to_owned));
        }
        _ => {}
    };
    match field {
        "sandboxExec" => take(arguments.get("command")),
        "serviceInstanceUpdate" => {
            for name in ["startCommand", "preDeployCommand"] {
                take(arguments.get("input").and_then(|input| input.get(name)));
            }
        }
        _ => {}
    }
    found
}

/// A patch of an environment's configuration: `isDeleted` and `null` delete.
pub(super) fn patch(patch: Option<&Value>, undo: &str) -> Judgement {
    let Some(patch) = patch.filter(|patch| !patch.is_null()) else {
        return Judgement::recoverable(undo.to_owned());
    };
    if let Value::String(text) = patch
        && let Ok(parsed @ (Value::Object(_) | Value::Array(_))) =
            serde_json::from_str(&json::prepare(text))
    {
        return self::patch(Some(&parsed), undo);
    }
    if is_open(patch) {
        return Judgement::irreversible_because("what it changes is not known".to_owned());
    }
    let mut deleted = Vec::new();
    deletions(patch, &mut Vec::new(), &mut deleted);
    if deleted.is_empty() {
        Judgement::recoverable(undo.to_owned())
    } else {
        Judgement::irreversible_because(format!("it deletes {}", deleted.join(", ")))
    }
}

/// Whether the value, as a whole, is not known.
fn is_open(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn deletions(value: &Value, path: &mut Vec<String>, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let gone = match value {
                    Value::Null => true,
                    Value::Bool(true) => key == "isDeleted",
                    Value::String(text) => {
                        (key == "isDeleted" && text != "false")
                            || (matches!(
                                key.as_str(),
                                "action" | "op" | "type" | "kind" | "operation"
                            ) && super::destroys(text))
                    }
                    _ => false,
                };
                if gone && key == "isDeleted" {
                    found.push(path.join("."));
                    continue;
                }
                path.push(key.clone());
                if gone || has_hole(key) {
                    found.push(path.join("."));
                } else {
                    deletions(value, path, found);
                }
                path.pop();
            }
        }
        Value::Array(list) => {
            for value in list {
                deletions(value, path, found);
            }
        }
        // `"services": $PATCH`: whole parts that nobody can see.
        Value::String(text) if path.len() < 3 && has_hole(text) => found.push(path.join(".")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Class;
    use serde_json::json;

    fn class(how: &str, arguments: Value) -> Class {
        let Value::Object(arguments) = arguments else {
            panic!("no object")
        };
        match judge(how, &arguments, "") {
            Judgement::Class(reversibility, _) => reversibility.class(),
            Judgement::Nothing => Class::ReadOnly,
            Judgement::Opaque => Class::Irreversible,
        }
    }

    #[test]
    fn the_arguments_decide() {
        let (recoverable, irreversible) = (Class::Recoverable, Class::Irreversible);
        for (how, arguments, expected) in [
            (
                "patch",
                json!({"patch": {"services": {"s": {"deploy": {"region": "x"}}}}}),
                recoverable,
            ),
            (
                "patch",
                json!({"patch": {"services": {"s": {"isDeleted": true}}}}),
                irreversible,
            ),
            (
                "patch",
                json!({"patch": {"services": {"s": {"isDeleted": false}}}}),
                recoverable,
            ),
            (
                "patch",
                json!({"patch": {"volumes": {"v": null}}}),
                irreversible,
            ),
            (
                "patch",
                json!({"patch": {"services": {"s": {"variables": {"A": null}}}}}),
                irreversible,
            ),
            ("patch", json!({"patch": "guardhole0x"}), irreversible),
            (
                "patch",
                json!({"patch": {"services": "guardhole0x"}}),
                irreversible,
            ),
            (
                "patch",
                json!({"patch": {"services": {"s": {"isDeleted": "guardhole0x"}}}}),
                irreversible,
            ),
            (
                "patch",
                json!({"patch": "{\"volumes\":{\"v\":{\"isDeleted\":true}}}"}),
                irreversible,
            ),
            ("patch", json!({}), recoverable),
            (
                "change-set",
                json!({"input": {"changes": [{"action": "delete", "id": "x"}]}}),
                irreversible,
            ),
            (
                "change-set",
                json!({"input": {"changes": [{"action": "create"}]}}),
                recoverable,
            ),
            ("staged", json!({"environmentId": "e"}), irreversible),
            ("replace", json!({"input": {"replace": true}}), irreversible),
            ("replace", json!({"input": {"replace": false}}), recoverable),
            ("replace", json!({"input": {"variables": {}}}), recoverable),
            (
                "replace",
                json!({"input": {"replace": "guardhole0x"}}),
                irreversible,
            ),
            ("replace", json!({"input": "guardhole0x"}), irreversible),
            (
                "state",
                json!({"input": {"state": "DELETED"}}),
                irreversible,
            ),
            ("state", json!({"input": {"mountPath": "/x"}}), recoverable),
            (
                "command",
                json!({"input": {"startCommand": "x"}}),
                recoverable,
            ),
        ] {
            assert_eq!(class(how, arguments.clone()), expected, "{how} {arguments}");
        }
    }
}
