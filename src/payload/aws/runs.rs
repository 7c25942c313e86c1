//! Operations that run what they are given: SQL, PartiQL, shell commands on other machines.
//!
//! Owns where in the call that text stands. Never judges the text itself.

use std::rc::Rc;

use super::Request;
use super::model::Operation;
use super::operation;
use super::query::{self, Dialect};
use crate::call::{Findings, Nested};
use crate::location::Location;
use crate::payload::holes::Holes;
use crate::payload::sql;
use crate::resolve::{Argument, Command, Environment, Origin, Stdin, Text};

/// Judges what the operation runs; false if it is none of these.
pub(super) fn hand_on(
    operation: &Operation,
    request: &Request<'_>,
    findings: &mut Findings,
) -> bool {
    let Some((option, what)) = payload(operation.service, operation.name) else {
        return sessions(operation, request, findings);
    };
    let texts = texts(option, request);
    if texts.is_empty() {
        findings.opaque(
            format!(
                "what `aws {} {}` would run is not in the command",
                operation.service, operation.name
            ),
            &request.call.command.location,
        );
        return true;
    }
    for (text, location) in texts {
        match what {
            What::Sql => statements(&text, &location, request, findings),
            What::Query(dialect) => {
                queries(dialect, &text, &location, operation, request, findings);
            }
            What::Shell => shell(&text, &location, "bash", request, findings),
        }
    }
    true
}

enum What {
    /// Aurora's and Redshift's: PostgreSQL's grammar.
    Sql,
    Query(Dialect),
    Shell,
}

/// The option that holds what is run.
fn payload(service: &str, operation: &str) -> Option<(&'static str, What)> {
    Some(match (service, operation) {
        ("rds-data", "execute-statement" | "batch-execute-statement")
        | ("redshift-data", "execute-statement") => ("sql", What::Sql),
        ("rds-data", "execute-sql") => ("sql-statements", What::Sql),
        ("redshift-data", "batch-execute-statement") => ("sqls", What::Sql),
        ("athena", "start-query-execution") => ("query-string", What::Query(Dialect::Athena)),
        ("dynamodb", "execute-statement") => ("statement", What::Query(Dialect::PartiQl)),
        ("dynamodb", "batch-execute-statement") => ("statements", What::Query(Dialect::PartiQl)),
        ("dynamodb", "execute-transaction") => {
            ("transact-statements", What::Query(Dialect::PartiQl))
        }
        ("neptunedata", "execute-open-cypher-query") => {
            ("open-cypher-query", What::Query(Dialect::Cypher))
        }
        ("neptune-graph", "execute-query") => ("query-string", What::Query(Dialect::Cypher)),
        ("neptunedata", "execute-gremlin-query" | "execute-gremlin-profile-query") => {
            ("gremlin-query", What::Query(Dialect::Gremlin))
        }
        ("ecs", "execute-command") | ("emr", "ssh") => ("command", What::Shell),
        _ => return None,
    })
}

/// The texts of an option, each with where it was written.
fn texts(option: &str, request: &Request<'_>) -> Vec<(Text, Location)> {
    let whole = &request.call.command.location;
    let given = request.inputs.read.values(option);
    let all = request.inputs.texts(option);
    all.into_iter()
        .enumerate()
        .map(|(index, text)| {
            let place = given.get(index).map_or(whole, |word| &word.location);
            (text, place.clone())
        })
        .collect()
}

fn statements(text: &Text, location: &Location, request: &Request<'_>, findings: &mut Findings) {
    let mut place = request.place();
    let database = [
        "database",
        "cluster-identifier",
        "workgroup-name",
        "resource-arn",
    ]
    .into_iter()
    .find_map(|option| request.inputs.texts(option).into_iter().next());
    if let Some(database) = database {
        let database = database.display();
        place.tier = operation::tier_of(&place, Some(&database));
        place.environment = Some(match place.environment.take() {
            Some(environment) => format!("{environment}/{database}"),
            None => database.into_owned(),
        });
    }
    let origin = Origin::Place(location.clone());
    let dialect = sql::Dialect::of_text(text);
    let found = sql::assess(dialect, text, origin, place, request.call.command);
    findings.effects.extend(found.effects);
    findings.opaque.extend(found.opaque);
    findings.unlisted.extend(found.unlisted);
    findings.nested.extend(found.nested);
}

fn queries(
    dialect: Dialect,
    text: &Text,
    location: &Location,
    operation: &Operation,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    let statements = match dialect {
        Dialect::PartiQl => query::partiql_statements(text),
        _ => vec![text.clone()],
    };
    for statement in statements {
        for judged in query::judge(dialect, &statement) {
            match judged {
                query::Judged::Opaque(reason) => findings.opaque(reason, location),
                query::Judged::Effect { kind, what, name } => {
                    let place = request.place();
                    let mut effect = operation::effect(operation, kind, name, &place, location);
                    effect.summary = what;
                    effect.target.kind = "table".into();
                    findings.effects.push(effect);
                }
            }
        }
    }
}

/// Shell text that runs on another machine.
fn shell(
    text: &Text,
    location: &Location,
    shell: &str,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    let inputs = request.inputs;
    let machine = [
        "task",
        "instance-ids",
        "targets",
        "target",
        "cluster-id",
        "cluster",
    ]
    .into_iter()
    .find_map(|option| {
        inputs
            .texts(option)
            .first()
            .map(|text| text.display().into_owned())
    })
    .unwrap_or_else(|| format!("a machine of {}", request.service));
    let mut by: Command = request.call.command.clone();
    by.elsewhere = Some(Rc::from(machine));
    by.environment = Environment::default();
    by.environment.clear();
    by.stdin = Stdin::Empty;
    findings.nested.push(Nested::Shell {
        text: text.clone(),
        origin: Origin::Place(location.clone()),
        arguments: Vec::<Argument>::new(),
        by: Box::new(by),
        shell: shell.into(),
    });
}

/// Systems Manager: the document decides what the parameters mean.
fn sessions(operation: &Operation, request: &Request<'_>, findings: &mut Findings) -> bool {
    if operation.service != "ssm" || !matches!(operation.name, "send-command" | "start-session") {
        return false;
    }
    let documents = request.inputs.texts("document-name");
    let document = documents.first().map(Text::display).unwrap_or_default();
    let (member, name) = match document.as_ref() {
        "AWS-RunShellScript" => ("commands", "sh"),
        "AWS-RunPowerShellScript" => ("commands", "powershell"),
        "AWS-StartInteractiveCommand" | "AWS-StartNonInteractiveCommand" => ("command", "sh"),
        // Opening a port to this machine changes nothing there.
        "AWS-StartPortForwardingSession"
        | "AWS-StartPortForwardingSessionToRemoteHost"
        | "AWS-StartSSHSession" => return true,
        _ => return false,
    };
    let commands = commands(member, request);
    if commands.is_empty() {
        findings.opaque(
            format!("the commands for {document} cannot be read from --parameters"),
            &request.call.command.location,
        );
    }
    let whole = &request.call.command.location;
    let mut script = Text::empty();
    for command in commands {
        if !script.is_empty() {
            script.push_known("\n");
        }
        script.append(command);
    }
    if !script.is_empty() {
        let place = request
            .inputs
            .read
            .value("parameters")
            .map_or(whole, |word| &word.location);
        shell(&script, place, name, request, findings);
    }
    true
}

/// `--parameters` is JSON (`{"commands":["…"]}`) or shorthand (`commands=a,b`, `commands=["a"]`).
fn commands(member: &str, request: &Request<'_>) -> Vec<Text> {
    let holes = Holes::default();
    request
        .inputs
        .texts("parameters")
        .iter()
        .flat_map(|text| parameter(member, &holes.render(text)))
        .map(|text| holes.restore(&text))
        .collect()
}

fn parameter(member: &str, text: &str) -> Vec<String> {
    let listed = |value: &serde_json::Value| -> Vec<String> {
        match value {
            serde_json::Value::Array(items) => items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect(),
            serde_json::Value::String(text) => vec![text.clone()],
            _ => Vec::new(),
        }
    };
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        return value.get(member).map(listed).unwrap_or_default();
    }
    let start = format!("{member}=");
    let Some(at) = text.find(&start) else {
        return Vec::new();
    };
    let value = text.get(at + start.len()..).unwrap_or("").trim();
    if let Ok(list) = serde_json::from_str::<serde_json::Value>(value) {
        return listed(&list);
    }
    let inner = value
        .strip_prefix('[')
        .map_or(value, |rest| rest.trim_end_matches(']'));
    // Shorthand splits at commas outside quotes; joined again, nothing that runs is lost.
    vec![unquoted(inner)]
}

/// Shorthand values without the quotes around them.
fn unquoted(text: &str) -> String {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (None, '"' | '\'') if item.trim().is_empty() => {
                quote = Some(letter);
                item.clear();
            }
            (Some(open), close) if open == close => quote = None,
            (None, ',') => items.push(std::mem::take(&mut item)),
            _ => item.push(letter),
        }
    }
    items.push(item);
    items.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_every_notation() {
        for text in [
            r#"{"commands":["rm -rf /data"]}"#,
            r#"commands=["rm -rf /data"]"#,
            "commands=rm -rf /data",
            "commands='rm -rf /data'",
            r#"executionTimeout=60,commands="rm -rf /data""#,
        ] {
            assert_eq!(parameter("commands", text), ["rm -rf /data"], "{text}");
        }
        assert_eq!(parameter("commands", "commands=ls,pwd"), ["ls\npwd"]);
        assert!(parameter("commands", "workingDirectory=/x").is_empty());
    }
}
