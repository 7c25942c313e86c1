//! Functions that click and Typer make commands of: they are called with the program's arguments.
//!
//! Owns what their decorators and a function's own parameters declare. A command is the library's
//! name [`COMMAND`], bound to the function and its decorators.

use std::rc::Rc;

use crate::location::Span;
use crate::program::Invocation;
use crate::program::arguments::{Declared, fill};
use crate::program::evaluate::Evaluator;
use crate::program::value::{Arguments, Bound, Closure, Name, Value};
use crate::resolve::Text;

const COMMAND: &str = "click.Command";
/// What `@cli.command()` is, where `cli` is a group.
const OF_GROUP: &str = "click.Group().command()";

/// What a decorator of click or Typer makes of a function, and what a command does when called.
pub(super) fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let given = &call.arguments.positional;
    match call.path {
        "click.command" | "click.command()" | "click.group" | "click.group()"
        | "click.option()" | "click.argument()" => Some(declare(given.first()?, call.name)),
        OF_GROUP | "typer.Typer().command" | "typer.Typer().command()" => {
            let command = declare(given.first()?, call.name);
            let named = call.name.calls.last()?;
            let mut keywords = named.keywords.iter();
            let keyword = keywords.find(|(name, _)| name == "name");
            let name = keyword.map(|(_, name)| name).or(named.positional.first());
            let name = match name.and_then(Value::exact) {
                Some(name) => name.to_owned(),
                None => closure_of(&command)?
                    .function
                    .name
                    .clone()?
                    .replace('_', "-"),
            };
            evaluator.commands.push((name, command.clone()));
            Some(command)
        }
        COMMAND | "typer.run" | "typer.Typer()" => {
            let words = evaluator.arguments.iter().skip(1).cloned().collect();
            run(evaluator, given, words, call.span);
            Some(Value::Null)
        }
        _ => None,
    }
}

/// `cli.command` and `cli.group` of a command that is a group.
pub(super) fn method(receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
    closure_of(receiver).filter(|_| matches!(name, "command" | "group"))?;
    Some(Value::Name(Rc::new(Name {
        path: OF_GROUP.to_owned(),
        calls: vec![Rc::default(), Rc::new(arguments.clone())],
    })))
}

/// The function of a command.
fn closure_of(command: &Value) -> Option<Rc<Closure>> {
    match command {
        Value::Function(closure) => Some(Rc::clone(closure)),
        Value::Bound(bound) => match &**bound {
            Bound::Partial {
                function: Value::Name(name),
                first,
            } if name.path == COMMAND => closure_of(first.positional.first()?),
            _ => None,
        },
        _ => None,
    }
}

/// The function as a command, with one more decorator; the last of them stands first.
fn declare(function: &Value, decorator: &Rc<Name>) -> Value {
    let mut first = match function {
        Value::Bound(bound) => match &**bound {
            Bound::Partial { first, .. } if closure_of(function).is_some() => first.clone(),
            _ => return function.clone(),
        },
        _ => Arguments {
            positional: vec![function.clone()],
            ..Arguments::default()
        },
    };
    first
        .positional
        .insert(1, Value::Name(Rc::clone(decorator)));
    Value::Bound(Rc::new(Bound::Partial {
        function: Value::name(COMMAND),
        first,
    }))
}

/// Calls a command with the words of the command line: one of a group by its name, the only one
/// without.
fn run(evaluator: &mut Evaluator<'_>, command: &[Value], words: Vec<Text>, span: Span) {
    let is_group = command.first().is_none_or(|function| {
        closure_of(function).is_none()
            || command
                .iter()
                .any(|one| matches!(one, Value::Name(name) if name.path.starts_with("click.group")))
    });
    if !is_group {
        call(evaluator, command, words, span);
        return;
    }
    let known = evaluator.commands.clone();
    let named = words.iter().enumerate().find_map(|(at, word)| {
        let word = word.exact()?;
        let (_, command) = known.iter().find(|(name, _)| name == word)?;
        Some((at, command))
    });
    let chosen = match (named, known.as_slice()) {
        (Some((at, command)), _) => Some((at + 1, command)),
        (None, [(_, only)]) => Some((0, only)),
        (None, _) => None,
    };
    if let Some((at, Value::Bound(bound))) = chosen
        && let Bound::Partial { first, .. } = &**bound
    {
        let words = words.get(at..).unwrap_or_default().to_vec();
        call(evaluator, &first.positional, words, span);
    }
}

fn call(evaluator: &mut Evaluator<'_>, command: &[Value], words: Vec<Text>, span: Span) {
    let Some((function, decorators)) = command.split_first() else {
        return;
    };
    let mut declared: Option<Vec<Declared>> = Some(Vec::new());
    let mut by_signature = true;
    for decorator in decorators {
        let Value::Name(name) = decorator else {
            continue;
        };
        by_signature &= !name.path.starts_with("click.");
        let one = match (name.path.as_str(), name.calls.last()) {
            ("click.option()", Some(call)) => option(call),
            ("click.argument()", Some(call)) => argument(call),
            _ => continue,
        };
        declared = declared.zip(one).map(|(mut all, one)| {
            all.extend(one);
            all
        });
    }
    if by_signature && let Some(closure) = closure_of(function) {
        declared = of_signature(evaluator, &closure);
    }
    let members = declared.and_then(|declared| fill(evaluator, declared, words, span));
    let arguments = Arguments {
        open: members.is_none(),
        keywords: members.unwrap_or_default(),
        ..Arguments::default()
    };
    evaluator.apply(function, &arguments, span);
}

fn keyword<'a>(call: &'a Arguments, name: &str) -> Option<&'a Value> {
    let mut keywords = call.keywords.iter();
    keywords.find(|(given, _)| given == name).map(|(_, v)| v)
}

fn is_set(call: &Arguments, name: &str) -> bool {
    matches!(keyword(call, name), Some(Value::Boolean(true)))
}

/// `--force/--no-force`, `-f`, `force`: the names of an option that says yes, of one that says no,
/// and of the parameter.
fn names(call: &Arguments) -> Option<(Vec<String>, Vec<String>, String)> {
    let (mut on, mut off, mut member) = (Vec::new(), Vec::new(), None);
    for name in &call.positional {
        let name = name.exact()?;
        match name.split_once('/') {
            Some((yes, no)) => {
                on.push(yes.trim().to_owned());
                off.push(no.trim().to_owned());
            }
            None if name.starts_with('-') => on.push(name.to_owned()),
            None => member = Some(name.to_owned()),
        }
    }
    let long = on.iter().max_by_key(|name| name.len());
    let own = long.map(|name| {
        name.trim_start_matches('-')
            .replace('-', "_")
            .to_lowercase()
    });
    Some((on, off, member.or(own)?))
}

fn option(call: &Arguments) -> Option<Vec<Declared>> {
    let (on, off, member) = names(call).filter(|_| !call.open)?;
    let is_flag = is_set(call, "is_flag") || !off.is_empty();
    let counts = match keyword(call, "nargs") {
        None => 1,
        Some(_) => return None,
    };
    let mut declared = Declared::option(on, &member);
    declared.default = keyword(call, "default").cloned();
    if is_flag {
        "store_true".clone_into(&mut declared.action);
    } else if is_set(call, "multiple") {
        "append".clone_into(&mut declared.action);
    }
    declared.take(if is_flag { 0 } else { counts });
    if off.is_empty() {
        return Some(vec![declared]);
    }
    let mut no = Declared::option(off, &member);
    "store_no".clone_into(&mut no.action);
    no.take(0);
    // The first of a name counts.
    Some(vec![no, declared])
}

fn argument(call: &Arguments) -> Option<Vec<Declared>> {
    let name = call.positional.first()?.exact().filter(|_| !call.open)?;
    let mut declared = Declared::positional(&name.to_lowercase());
    declared.default = keyword(call, "default").cloned();
    match keyword(call, "nargs").map(Value::number) {
        None => {}
        Some(Some(-1.0)) => declared.take_all(),
        Some(_) => return None,
    }
    if matches!(keyword(call, "required"), Some(Value::Boolean(false))) {
        declared.least = 0;
    }
    Some(vec![declared])
}

/// What Typer reads from a function's own parameters.
fn of_signature(evaluator: &mut Evaluator<'_>, closure: &Closure) -> Option<Vec<Declared>> {
    let mut all = Vec::new();
    for parameter in &closure.function.parameters {
        let name = parameter.name.clone()?;
        let default = parameter.default.as_ref();
        let default = default.map(|default| evaluator.expression(default));
        let said = match &default {
            Some(Value::Name(said)) => match said.path.as_str() {
                "typer.Argument()" | "typer.Option()" => said.calls.last().cloned(),
                _ => None,
            },
            _ => None,
        };
        let is_argument = match &default {
            None => true,
            Some(Value::Name(said)) => said.path == "typer.Argument()",
            Some(_) => false,
        };
        // `...` is no value.
        let value = match &said {
            Some(call) => call.positional.first().cloned(),
            None => default,
        };
        if is_argument {
            let mut declared = Declared::positional(&name);
            declared.least = usize::from(value.is_none());
            declared.default = value;
            all.push(declared);
            continue;
        }
        let given: Vec<Value> = said
            .iter()
            .flat_map(|call| call.positional.iter().skip(1).cloned())
            .collect();
        let long = format!("--{}", name.replace('_', "-"));
        let is_flag = matches!(value, Some(Value::Boolean(_)));
        let call = Arguments {
            positional: match given.is_empty() {
                true if is_flag => {
                    let no = long.replacen("--", "--no-", 1);
                    vec![Value::text(format!("{long}/{no}")), Value::text(&*name)]
                }
                true => vec![Value::text(long), Value::text(&*name)],
                false => given.into_iter().chain([Value::text(&*name)]).collect(),
            },
            keywords: [
                ("is_flag".to_owned(), Value::Boolean(is_flag)),
                ("default".to_owned(), value.unwrap_or(Value::Null)),
            ]
            .into(),
            open: false,
        };
        all.extend(option(&call)?);
    }
    Some(all)
}
