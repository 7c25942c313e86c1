//! awk: a program of rules, each for the records that its pattern selects.
//!
//! Owns the order in which the rules run, and awk's functions on texts.

mod lexer;
mod parser;

use super::evaluate::Evaluator;
use super::preload;
use super::scripts;
use super::tree::{
    Binding, Expression, ExpressionKind, Pattern, Program, Statement, StatementKind,
};
use super::value::{Arguments, Value};
use super::{Invocation, Language};
use crate::call::Findings;
use crate::location::{Location, Span};
use parser::Parts;

pub(super) static AWK: Language = Language {
    name: "awk",
    parse,
    inline: &[],
    module_option: None,
    preload: preload::NONE,
    directory_main: &[],
    literals: ["1", "0", ""],
    empty_is_true: false,
    list_is_text: false,
    keys_are_members: false,
    missing_is_null: false,
    super_is_called: false,
    environment: "ENVIRON",
    arguments_with_interpreter: false,
    property: |_| false,
    module: |_, _| None,
    constant,
    member: |_, _, _, _| None,
    method,
    fold,
    operate: |_, _, _, _, _| None,
    print: |_, _| None,
    truth: looks_false,
};

/// gawk's own libraries, none of which loses anything.
const LIBRARIES: &[&str] = &[
    "filefuncs",
    "fnmatch",
    "fork",
    "inplace",
    "intdiv",
    "ordchr",
    "readdir",
    "readfile",
    "revoutput",
    "revtwoway",
    "rwarray",
    "time",
];

/// A text that is zero is false; a number that stands in a text is not told from one.
pub(super) fn looks_false(value: &Value) -> Option<bool> {
    match value {
        Value::Text(text) if text.exact() == Some("0") => Some(false),
        _ => None,
    }
}

/// A library that is loaded is native code, unless it is gawk's own.
pub(super) fn library(name: &str, place: &Location, findings: &mut Findings) {
    if !LIBRARIES.contains(&name) {
        findings.opaque(format!("awk loads a library: {name}"), place);
    }
}

fn parse(text: &str) -> Program {
    let mut parts = Parts::default();
    let whole = Span::new(0, text.len());
    if parser::parse(text, &mut parts).is_none() {
        return Program {
            holes: vec![whole],
            ..Program::default()
        };
    }
    let mut holes = Vec::new();
    let strange = parts
        .libraries
        .iter()
        .any(|library| !LIBRARIES.contains(&library.as_str()));
    let included = parts.includes.iter().any(|file| file.contains('/'));
    if parts.open || strange || included {
        holes.push(whole);
    }
    let unknown = || Expression::unknown(whole, Vec::new());
    let record = |at: Span| -> Statement {
        let name = Expression::new(at, ExpressionKind::Name("$0".to_owned()));
        Expression::new(
            at,
            ExpressionKind::Assign {
                target: Box::new(Pattern::target(name)),
                binding: Binding::Nearest,
                operator: None,
                value: Box::new(Expression::unknown(at, Vec::new())),
            },
        )
        .into()
    };
    let mut body = parts.functions;
    body.extend(parts.begin);
    if !parts.main.is_empty() {
        let mut rules = vec![record(whole)];
        rules.extend(parts.main);
        body.push(Statement::new(
            whole,
            StatementKind::While {
                condition: unknown(),
                update: Vec::new(),
                body: rules,
                first: false,
            },
        ));
    }
    if !parts.end.is_empty() {
        body.push(record(whole));
        body.extend(parts.end);
    }
    Program {
        body,
        holes,
        cut: false,
    }
}

fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    match path {
        "ARGV" => {
            let items = evaluator
                .arguments
                .iter()
                .cloned()
                .map(Value::Text)
                .collect();
            Some(evaluator.list(items, false))
        }
        "SUBSEP" => Some(Value::text("\u{1c}")),
        "OFS" | "FS" => Some(Value::text(" ")),
        "ORS" | "RS" => Some(Value::text("\n")),
        "FILENAME" => Some(Value::unknown("FILENAME")),
        _ => {
            let name = path.strip_prefix("ENVIRON.")?;
            Some(scripts::variable(evaluator, name))
        }
    }
}

fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    // `@f(…)`.
    let called = receiver.exact().filter(|_| name == "()")?.to_owned();
    let function = match evaluator.lookup(&called) {
        Some(function @ Value::Function(_)) => function,
        _ => evaluator.library_name(&called),
    };
    Some(evaluator.apply(&function, arguments, span))
}

fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let given = &call.arguments.positional;
    let first = given.first();
    Some(match call.path {
        "@" => {
            let function = first?.clone();
            let arguments = Arguments {
                positional: given.get(1..).unwrap_or_default().to_vec(),
                ..Arguments::default()
            };
            if function.exact().is_none() {
                evaluator.opaque(
                    format!(
                        "which function is called is known only then: {}",
                        evaluator.shown(span)
                    ),
                    span,
                );
                return Some(evaluator.unknown(span));
            }
            evaluator.apply(&function, &arguments, span)
        }
        // gawk's own names for connections.
        "print |" | "getline |" => match first? {
            Value::Text(text) if text.known_prefix().starts_with("/inet") => Value::Null,
            _ => return None,
        },
        "print" | "printf" if given.is_empty() => {
            evaluator.print_unseen();
            Value::Null
        }
        "print" => {
            let texts = ["OFS", "ORS"].map(|name| {
                let value = evaluator.library_name(name);
                value.exact().map(str::to_owned)
            });
            match texts {
                [Some(between), Some(end)] => evaluator.print(given, &between, &end),
                _ => evaluator.print_unseen(),
            }
            Value::Null
        }
        "printf" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            let text = scripts::formatted(evaluator, first?, &rest, span);
            evaluator.print(&[text], "", "");
            Value::Null
        }
        "tolower" => evaluator.lift(first?, span, |text| Some(Value::text(text.to_lowercase()))),
        "toupper" => evaluator.lift(first?, span, |text| Some(Value::text(text.to_uppercase()))),
        "length" => match first?.exact() {
            #[expect(clippy::cast_precision_loss, reason = "texts are short")]
            Some(text) => Value::Number(text.chars().count() as f64),
            None => evaluator.unknown(span),
        },
        "sprintf" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            scripts::formatted(evaluator, first?, &rest, span)
        }
        "substr" => {
            // awk counts from one.
            let start = Value::Number(given.get(1)?.number()? - 1.0);
            scripts::substring(evaluator, first?, &start, given.get(2), span)
        }
        "sub" | "gsub" => {
            let (from, to) = (
                first?.exact()?.to_owned(),
                given.get(1)?.exact()?.to_owned(),
            );
            let all = call.path == "gsub";
            let plain = !from.contains(|letter: char| ".[]{}()*+?^$|\\".contains(letter))
                && !from.is_empty()
                && !to.contains(['&', '\\']);
            if !plain {
                return Some(evaluator.unknown(span));
            }
            let target = given.get(2)?.clone();
            evaluator.lift(&target, span, |text| {
                let count = if all { usize::MAX } else { 1 };
                Some(Value::text(text.replacen(&from, &to, count)))
            })
        }
        "split" => {
            let between = given.get(2).and_then(Value::exact);
            let Some(text) = first?.exact().map(str::to_owned) else {
                let item = evaluator.unknown(span);
                return Some(evaluator.list(vec![item], true));
            };
            let pieces: Vec<String> = match between {
                Some("") => text.chars().map(String::from).collect(),
                Some(" ") => text.split_whitespace().map(str::to_owned).collect(),
                Some(between) => text.split(between).map(str::to_owned).collect(),
                None => return Some(evaluator.unknown(span)),
            };
            let pairs = pieces
                .into_iter()
                .enumerate()
                .map(|(at, piece)| ((at + 1).to_string(), Value::text(piece)));
            let pairs = pairs.collect();
            evaluator.map(pairs, false)
        }
        _ => return None,
    })
}
