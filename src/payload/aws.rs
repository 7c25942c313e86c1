//! AWS: the CLI's command lines, and the same operations on the wire.
//!
//! Owns how `aws` reads its argv, the table of operations, and what each would lose. Where an
//! operation runs SQL or shell text, that text is handed on. Never decides.

mod alias;
mod argv;
mod configure;
mod inputs;
pub mod model;
mod operation;
mod query;
mod runs;
mod s3;
pub mod wire;

use self::argv::{Read, take_word};
use self::inputs::Inputs;
use self::model::{Kind, Service};
use crate::call::{Call, Findings};
use crate::context::{Place, aws as context};
use crate::resolve::Argument;

/// Aliases that lead to aliases.
const ALIAS_LIMIT: usize = 8;

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let words = call.command.argv.get(1..).unwrap_or_default().to_vec();
    let mut globals = argv::globals(words);
    let words = std::mem::take(&mut globals.rest);
    run(call, globals, words, &mut Vec::new(), findings);
}

/// Judges what stands after the global options. `aliases` are those that led here.
fn run(
    call: &Call<'_>,
    globals: Read,
    mut words: Vec<Argument>,
    aliases: &mut Vec<String>,
    findings: &mut Findings,
) {
    if globals.given("version").is_some() {
        return;
    }
    let Some(word) = take_word(&mut words) else {
        return;
    };
    let Some(name) = known(&word, "service", findings) else {
        return;
    };
    if name == "help" {
        return;
    }
    if !aliases.contains(&name) && aliases.len() < ALIAS_LIMIT {
        match alias::of_service(&name, call, findings) {
            alias::Found::Words(value) => {
                let mut inner = argv::globals(value);
                let mut rest = std::mem::take(&mut inner.rest);
                rest.append(&mut words);
                inner.options.splice(0..0, globals.options);
                aliases.push(name);
                run(call, inner, rest, aliases, findings);
                return;
            }
            alias::Found::Shell(text) => {
                alias::hand_on(&text, &words, call, findings);
                return;
            }
            alias::Found::Nothing => {}
        }
    }
    service(call, &globals, &name, words, findings);
}

/// Judges one service's command.
fn service(
    call: &Call<'_>,
    globals: &Read,
    name: &str,
    mut words: Vec<Argument>,
    findings: &mut Findings,
) {
    if matches!(name, "login" | "logout") {
        return;
    }
    let Some(word) = take_word(&mut words) else {
        if name == "configure" {
            configure::interactive(call, findings);
        }
        return;
    };
    let Some(mut operation) = known(&word, "operation", findings) else {
        return;
    };
    match alias::of_operation(name, &operation, call, findings) {
        alias::Found::Words(mut value) => {
            value.append(&mut words);
            words = value;
            let Some(inner) =
                take_word(&mut words).and_then(|word| known(&word, "operation", findings))
            else {
                return;
            };
            operation = inner;
        }
        alias::Found::Shell(text) => {
            alias::hand_on(&text, &words, call, findings);
            return;
        }
        alias::Found::Nothing => {}
    }
    let only_help = matches!(words.as_slice(), [word] if word.value.exact() == Some("help"));
    if matches!(operation.as_str(), "help" | "wait") || only_help {
        return;
    }
    let block = model::service(name);
    let found = find(block, &mut operation, &mut words);
    let options = argv::options(words, found.as_ref());
    let request = Request {
        call,
        globals,
        service: name,
        inputs: &Inputs::new(&options, call),
    };
    match (name, &found) {
        ("s3", _) => s3::judge(&operation, &request, findings),
        ("configure", _) => configure::judge(&operation, &request, findings),
        (_, Some(found)) => operation::judge(found, &request, findings),
        (_, None) => operation::judge_unlisted(&operation, &request, findings),
    }
}

/// The operation, with its second word if it has one (`credential-helper get`).
fn find(
    block: Option<Service>,
    name: &mut String,
    words: &mut Vec<Argument>,
) -> Option<model::Operation> {
    let block = block?;
    if let Some(second) = words.first().and_then(|word| word.value.exact()) {
        let longer = format!("{name} {second}");
        if let Some(found) = block
            .operation(&longer)
            .filter(|found| found.name == longer)
        {
            words.remove(0);
            *name = longer;
            return Some(found);
        }
    }
    // The CLI takes only its own spelling; others are for code.
    block
        .operation(name)
        .filter(|found| found.name == name.as_str())
}

/// A word that must be known for anything to be known.
fn known(word: &Argument, what: &str, findings: &mut Findings) -> Option<String> {
    let name = word.value.exact().filter(|_| !word.splits);
    if name.is_none() {
        let reason = format!(
            "which {what} of aws would be called is known only when the command runs: {}",
            word.value.display()
        );
        findings.opaque(reason, &word.location);
    }
    name.map(str::to_owned)
}

/// One call of one operation, with all that was said about it.
struct Request<'a> {
    call: &'a Call<'a>,
    globals: &'a Read,
    service: &'a str,
    inputs: &'a Inputs<'a>,
}

impl Request<'_> {
    fn place(&self) -> Place {
        let value = |name: &str| self.globals.value(name).map(|argument| &argument.value);
        context::locate(
            &context::Named {
                profile: value("profile"),
                region: value("region"),
                endpoint: value("endpoint-url"),
                service: self.service,
            },
            self.call.command,
            self.call.world,
        )
    }
}

impl Kind {
    /// Whether nothing needs to be said about it.
    const fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly)
    }
}
