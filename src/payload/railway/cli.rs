//! What `railway` reads or starts beyond its command tree: documents, patches, commands.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::inspect::{self, Judgement};
use crate::call::{Call, Findings, Nested};
use crate::context;
use crate::effect::{Effect, Reversibility, RuleId, Target};
use crate::location::Location;
use crate::payload::graphql;
use crate::payload::holes::{Holes, has_hole};
use crate::payload::json;
use crate::resolve::{Argument, Origin, Stdin, Text};

/// Variables that `railway run` and `railway shell` fill in from the environment they name.
const REMOTE: &[&str] = &[
    "DATABASE_URL",
    "DATABASE_PUBLIC_URL",
    "DATABASE_PRIVATE_URL",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "MYSQL_URL",
    "MYSQLHOST",
    "REDIS_URL",
    "REDISHOST",
    "MONGO_URL",
    "MONGOHOST",
];

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command: Vec<&str> = call.args.command.iter().map(String::as_str).collect();
    match command.as_slice() {
        ["api"] => api(call, findings),
        ["connect"] => connect(call, findings),
        ["run"] => run(call, findings),
        ["shell"] => shell(call, findings),
        ["environment", "edit"] => edit(call, findings),
        _ => {}
    }
    raise(call, findings);
}

/// Telling Railway that no agent calls switches its own guard off.
fn raise(call: &Call<'_>, findings: &mut Findings) {
    let told = ["RAILWAY_CALLER", "RAILWAY_AGENT"].iter().any(|name| {
        let set_here = call
            .command
            .environment
            .source(name)
            .contains("this command");
        set_here && call.command.variable(call.world, name).is_some()
    });
    if !told {
        return;
    }
    for effect in &mut findings.effects {
        if let Reversibility::Recoverable { from, .. } = &effect.reversibility {
            let perhaps = Some(from.clone()).filter(|from| !from.is_empty());
            effect.reversibility = Reversibility::Irreversible { perhaps };
        }
    }
}

/// The known text of standard input, or why it is not known.
fn stdin(call: &Call<'_>, holes: &Holes) -> Result<String, String> {
    match &call.command.stdin {
        Stdin::Empty => Ok(String::new()),
        Stdin::Text(text) => Ok(holes.render(text)),
        Stdin::File(path) => call.world.read(path).map_err(|error| error.to_string()),
        Stdin::Inherited => Err("it reads standard input".to_owned()),
        Stdin::Unknown(source) => Err(format!("it reads what `{source}` prints")),
    }
}

/// A file's text; `-` is standard input.
fn file(call: &Call<'_>, holes: &Holes, path: &str) -> Result<String, String> {
    if path == "-" {
        return stdin(call, holes);
    }
    let unknown = || format!("the file {} cannot be read", holes.display(path));
    if has_hole(path) || call.command.elsewhere.is_some() {
        return Err(unknown());
    }
    let path = call.command.directory.join(path).ok_or_else(unknown)?;
    call.world.read(&path).map_err(|error| error.to_string())
}

/// `railway api`: a document as argument, file or standard input.
fn api(call: &Call<'_>, findings: &mut Findings) {
    let holes = Holes::default();
    let place = &call.command.location;
    let rendered = |argument: &Argument| holes.render(&argument.value);
    let document = match (call.args.operands.first(), call.args.option("--file")) {
        (Some(query), _) => Ok(rendered(query)),
        (None, Some(path)) => file(call, &holes, &rendered(path)),
        (None, None) => stdin(call, &holes),
    };
    let document = match document {
        Ok(document) => document,
        Err(reason) => return findings.opaque(format!("railway api: {reason}"), place),
    };
    let mut variables = match call.args.option("--variables").map(rendered) {
        Some(given) => {
            let text = match given.strip_prefix('@') {
                Some(path) => file(call, &holes, path),
                None => Ok(given),
            };
            let text = text.unwrap_or_else(|reason| holes.mark(&reason));
            serde_json::from_str(&json::prepare(&text)).unwrap_or_else(|_| {
                let hole = if has_hole(&text) {
                    text
                } else {
                    holes.mark("--variables")
                };
                Value::String(hole)
            })
        }
        None => Value::Object(Map::new()),
    };
    for (option, typed) in [("--var", true), ("--raw-var", false)] {
        for pair in call.args.all(option).map(rendered) {
            if let (Some((name, text)), Value::Object(map)) = (pair.split_once('='), &mut variables)
            {
                let parsed = serde_json::from_str(text).ok().filter(|_| typed);
                let value = parsed.unwrap_or_else(|| Value::String(text.to_owned()));
                map.insert(name.to_owned(), value);
            }
        }
    }
    let operation = call.args.option("--operation-name").map(rendered);
    let is_body =
        document.trim_start().starts_with("{\"") || document.trim_start().starts_with('[');
    let reading = if is_body {
        graphql::read_body(&document, &holes)
    } else {
        graphql::read_document(&document, &variables, operation.as_deref(), &holes)
    };
    super::judge(call, &holes, &reading, None, findings);
}

/// `railway connect`: a database's own shell on standard input.
fn connect(call: &Call<'_>, findings: &mut Findings) {
    if call.args.flag("--tunnel-only") || matches!(call.command.stdin, Stdin::Empty) {
        return;
    }
    let name = call.args.operands.first();
    let name = name.map_or_else(|| "the linked database".into(), |name| name.value.display());
    let lower = name.to_ascii_lowercase();
    // Railway gives a database the name of its kind; others have shells that guard cannot read.
    let is_postgres = ["postgres", "pg", "timescale"]
        .iter()
        .any(|kind| lower.contains(kind));
    let is_readable = matches!(call.command.stdin, Stdin::Text(_) | Stdin::File(_));
    if is_postgres && is_readable {
        let psql = Argument::known("psql", call.command.location.clone());
        let command = with_remote_variables(call, vec![psql]);
        findings.nested.push(Nested::Command(Box::new(command)));
        return;
    }
    let reason = format!("railway connect opens a shell on {name} that runs its standard input");
    findings.opaque(reason, &call.command.location);
}

/// The command with the variables of the environment that `railway` reads.
fn with_remote_variables(call: &Call<'_>, argv: Vec<Argument>) -> crate::resolve::Command {
    let place = context::railway::place(call);
    let name = place
        .environment
        .as_deref()
        .unwrap_or("the linked environment");
    let mut command = call.command.clone();
    command.argv = argv;
    command.environment.uncertain = true;
    for variable in REMOTE {
        let source = format!("{variable} of Railway's {name}");
        command
            .environment
            .set(variable, Some(Text::unknown(source)));
    }
    if let Some(environment) = place.environment {
        let value = Some(Text::known(environment));
        command.environment.set("RAILWAY_ENVIRONMENT_NAME", value);
    }
    command.redirections.clear();
    command
}

/// `railway run CMD`: a command of this machine that acts on the remote databases.
fn run(call: &Call<'_>, findings: &mut Findings) {
    let argv = call.args.operands.clone();
    if !argv.is_empty() {
        let command = with_remote_variables(call, argv);
        findings.nested.push(Nested::Command(Box::new(command)));
    }
}

/// `railway shell`: a shell of this machine that reads standard input.
fn shell(call: &Call<'_>, findings: &mut Findings) {
    if matches!(call.command.stdin, Stdin::Empty) {
        return;
    }
    let shell = Argument::known("bash", call.command.location.clone());
    let command = with_remote_variables(call, vec![shell]);
    findings.nested.push(Nested::Command(Box::new(command)));
}

/// Shell text that Railway runs on its own machines.
pub(super) fn remote_shell(call: &Call<'_>, text: Text, location: &Location, on: &str) -> Nested {
    let mut by = call.command.clone();
    by.elsewhere = Some(Rc::from(on));
    by.stdin = Stdin::Empty;
    by.redirections.clear();
    by.environment.clear();
    by.environment.uncertain = true;
    Nested::Shell {
        text,
        origin: Origin::Place(location.clone()),
        arguments: Vec::new(),
        by: Box::new(by),
        shell: "bash".into(),
    }
}

/// `railway environment edit`: a patch as triples or as JSON on standard input.
fn edit(call: &Call<'_>, findings: &mut Findings) {
    let holes = Holes::default();
    let triples: Vec<Vec<String>> = call
        .args
        .options
        .iter()
        .filter(|given| given.name == "--service-config")
        .map(|given| {
            given
                .values
                .iter()
                .map(|value| holes.render(&value.value))
                .collect()
        })
        .collect();
    let has_variables = call.args.option("--service-variable").is_some();
    let undo = "applying the former configuration";
    let judgement = if triples.is_empty() && !has_variables {
        match stdin(call, &holes) {
            Ok(text) if text.trim().is_empty() => return,
            Ok(text) => {
                let patch = serde_json::from_str(&json::prepare(&text));
                inspect::patch(Some(&patch.unwrap_or(Value::String(text))), undo)
            }
            Err(reason) => {
                let reason = format!("railway environment edit: {reason}");
                return findings.opaque(reason, &call.command.location);
            }
        }
    } else {
        let mut patch = Map::new();
        for triple in triples {
            let [service, path, value] = triple.as_slice() else {
                continue;
            };
            let value =
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            let last = path.rsplit('.').next().unwrap_or(path).to_owned();
            let service = patch
                .entry(service.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(service) = service {
                service.insert(last, value);
            }
        }
        inspect::patch(Some(&Value::Object(patch)), undo)
    };
    let Judgement::Class(reversibility, detail) = judgement else {
        return;
    };
    let reversibility = if call.args.flag("--stage") {
        Reversibility::Recoverable {
            from: "discarding the staged changes".to_owned(),
            within: None,
        }
    } else {
        reversibility
    };
    let place = context::railway::place(call);
    let named = place.facts.get("environment").cloned();
    let mut target = Target::new("environment", named);
    target.environment = place.facts.get("project").cloned();
    target.tier = place.tier;
    let summary = "applies a patch to the configuration of the environment";
    findings.effects.push(Effect {
        rule: RuleId::new("railway", "environment-edit"),
        action: "apply".into(),
        target,
        reversibility,
        summary: match detail {
            Some(detail) => format!("{summary}: {detail}"),
            None => summary.to_owned(),
        },
        also_lost: Vec::new(),
        evidence: place.evidence,
        instead: Some("railway environment edit --stage".to_owned()),
        location: call.command.location.clone(),
    });
}
