//! Functions that commander and yargs call with the program's arguments.
//!
//! A chain of calls (`program.argument('<path>').option('-f, --force').action(run)`) carries what
//! each of them was given, so the last one sees all that was declared.

use crate::location::Span;
use crate::program::Invocation;
use crate::program::arguments::{Declared, fill};
use crate::program::evaluate::Evaluator;
use crate::program::value::{Arguments, Name, Value};
use crate::resolve::Text;

pub(super) fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let library = call.path.split(['.', '(']).next()?;
    match (library, call.path.rsplit('.').next()?) {
        ("commander", "action") => {
            action(evaluator, call);
            Some(evaluator.result_of(call.name, call.arguments))
        }
        (library, "parse" | "parseSync") if library.starts_with("yargs") => {
            parsed(evaluator, call.name, call.span)
        }
        _ => None,
    }
}

/// `yargs(…).argv`.
pub(super) fn member(
    evaluator: &mut Evaluator<'_>,
    object: &Value,
    name: &str,
    span: Span,
) -> Option<Value> {
    match object {
        Value::Name(library) if name == "argv" && library.path.starts_with("yargs") => {
            parsed(evaluator, library, span)
        }
        _ => None,
    }
}

/// The calls of a chain: the method's name, and what it was given.
fn chain(name: &Name) -> Vec<(&str, &Arguments)> {
    let called = name
        .path
        .split('.')
        .filter_map(|part| part.strip_suffix("()"));
    called.zip(name.calls.iter().map(|call| &**call)).collect()
}

/// The words after the program's own name.
fn words(evaluator: &Evaluator<'_>) -> Vec<Text> {
    evaluator.arguments.iter().skip(2).cloned().collect()
}

/// `.action(function)`: it gets the arguments in order, then the options.
fn action(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) {
    let Some(function) = call.arguments.positional.first() else {
        return;
    };
    let mut words = words(evaluator);
    let mut declared: Vec<Declared> = Vec::new();
    let mut known = true;
    for (method, given) in chain(call.name) {
        let text = given.positional.first().and_then(Value::exact);
        match (method, text) {
            ("command", Some(usage)) => {
                let mut parts = usage.split_whitespace();
                let name = parts.next().unwrap_or_default();
                // Another command of the program is asked for.
                let Some(at) = words.iter().position(|word| word.exact() == Some(name)) else {
                    return;
                };
                words.drain(..=at);
                declared = parts.map(argument).collect();
            }
            ("argument" | "arguments", Some(usage)) => {
                declared.extend(usage.split_whitespace().map(argument));
            }
            ("option" | "requiredOption", Some(usage)) => {
                let mut option = option(usage);
                option.default = given.positional.get(2).cloned();
                declared.push(option);
            }
            ("argument" | "arguments" | "option" | "requiredOption" | "command", None) => {
                known = false;
            }
            _ => {}
        }
    }
    let order: Vec<String> = declared
        .iter()
        .filter(|declared| declared.names.is_empty())
        .map(|declared| declared.member.clone())
        .collect();
    let members = known
        .then(|| fill(evaluator, declared, words, call.span))
        .flatten();
    let mut arguments = Arguments {
        open: members.is_none(),
        ..Arguments::default()
    };
    if let Some(members) = members {
        let (own, options): (Vec<_>, Vec<_>) = members
            .into_iter()
            .partition(|(name, _)| order.contains(name));
        arguments.positional = own.into_iter().map(|(_, value)| value).collect();
        arguments.positional.push(evaluator.map(options, false));
    }
    evaluator.apply(function, &arguments, call.span);
}

/// `<path>`, `[path]`, `<paths...>`.
fn argument(usage: &str) -> Declared {
    let name = usage.trim_matches(['<', '>', '[', ']']);
    let mut declared = Declared::positional(name.trim_end_matches("..."));
    if name.ends_with("...") {
        declared.take_all();
    }
    if usage.starts_with('[') {
        declared.least = 0;
    }
    declared
}

/// `-f, --force`, `-o, --out <file>`, `--no-color`.
fn option(usage: &str) -> Declared {
    let words: Vec<&str> = usage
        .split([' ', ',', '|'])
        .filter(|w| !w.is_empty())
        .collect();
    let names = words.iter().filter(|word| word.starts_with('-'));
    let names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
    let long = names.iter().max_by_key(|name| name.len());
    let long = long
        .map(|name| name.trim_start_matches('-'))
        .unwrap_or_default();
    let takes = words.iter().any(|word| word.starts_with(['<', '[']));
    let mut declared = Declared::option(names.clone(), &camel_case(long.trim_start_matches("no-")));
    if !takes {
        let action = if long.starts_with("no-") {
            "store_false"
        } else {
            "store_true"
        };
        action.clone_into(&mut declared.action);
        declared.take(0);
    }
    declared
}

/// `dry-run` is `dryRun`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &first.into_iter().collect::<String>() + letters.as_str()
    })
}

/// What yargs makes of the words: options by their names, the others as `_`.
fn parsed(evaluator: &mut Evaluator<'_>, name: &Name, span: Span) -> Option<Value> {
    let chain: Vec<(String, Option<Value>)> = chain(name)
        .into_iter()
        .filter(|(method, _)| matches!(*method, "option" | "options" | "boolean" | "command"))
        .map(|(method, given)| {
            let named = given.positional.first().and_then(Value::exact);
            let named = named.filter(|_| matches!(method, "option" | "boolean"));
            let said = match method {
                "boolean" => Some(Value::Boolean(true)),
                _ => given.positional.get(1).cloned(),
            };
            Some((named?.to_owned(), said))
        })
        .collect::<Option<_>>()?;
    let mut declared = Vec::new();
    for (name, said) in chain {
        let pairs = said.as_ref().and_then(|said| evaluator.pairs(said));
        let pairs = pairs.map(|(pairs, _)| pairs).unwrap_or_default();
        let pair = |name: &str| {
            pairs
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, v)| v)
        };
        let is_flag = matches!(said, Some(Value::Boolean(true)))
            || pair("type").and_then(Value::exact) == Some("boolean");
        let alias = pair("alias").and_then(Value::exact);
        let names = [Some(name.as_str()), alias]
            .into_iter()
            .flatten()
            .map(|name| {
                let dashes = if name.len() == 1 { "-" } else { "--" };
                format!("{dashes}{name}")
            });
        let mut option = Declared::option(names.collect(), &camel_case(&name));
        option.default = pair("default").cloned();
        if is_flag {
            "store_true".clone_into(&mut option.action);
            option.take(0);
        }
        declared.push(option);
    }
    let mut rest = Declared::positional("_");
    rest.take_all();
    declared.push(rest);
    let words = words(evaluator);
    let members = fill(evaluator, declared, words, span)?;
    Some(evaluator.map(members, false))
}
