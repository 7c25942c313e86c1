//! Ruby: its grammar, its values and the parts of its library that only compute.

mod lower;

use std::path::PathBuf;
use std::rc::Rc;

pub(super) use lower::{dedent, first_line_only};

use super::evaluate::Evaluator;
use super::preload::Preload;
use super::texts::{letter, split_path};
use super::tree::Operator;
use super::value::{Arguments, Name, Value};
use super::{Invocation, Language, scripts, texts};
use crate::location::Span;
use crate::resolve::Text;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};

pub(crate) static RUBY: Language = Language {
    name: "ruby",
    parse: lower::parse,
    inline: &[],
    module_option: None,
    preload: Preload {
        options: &[("-r", "load \"", "\"")],
        search: ("RUBYLIB", "-I"),
        separator: None,
        settings: "",
    },
    directory_main: &[],
    literals: ["true", "false", ""],
    empty_is_true: true,
    list_is_text: false,
    keys_are_members: false,
    missing_is_null: false,
    super_is_called: false,
    environment: "ENV",
    arguments_with_interpreter: false,
    property: |_| false,
    module,
    constant,
    member,
    method,
    fold,
    operate,
    print: |_, value| path_text(value),
    truth,
};

/// Only `nil` and `false` are false.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => Some(true),
        _ => None,
    }
}

/// What `require_relative` and `load` read.
fn module(evaluator: &Evaluator<'_>, name: &str) -> Option<(PathBuf, String)> {
    scripts::beside(evaluator, name, &["", ".rb"])
}

/// The text of a `Pathname`.
fn path_text(value: &Value) -> Option<Text> {
    let Value::Name(name) = value else {
        return None;
    };
    if !matches!(name.path.as_str(), "Pathname.new()" | "Pathname()") {
        return None;
    }
    match name.calls.first()?.positional.first()? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "ARGV" => scripts::given(evaluator),
        "__FILE__" | "$0" | "$PROGRAM_NAME" => match &evaluator.unit.path {
            Some(path) => Value::text(path.to_string_lossy()),
            None => Value::text("-e"),
        },
        "File.SEPARATOR" | "File.Separator" => Value::text("/"),
        "File.NULL" => Value::text("/dev/null"),
        "$," | "$/" => Value::text("\n"),
        _ => {
            let name = path.strip_prefix("ENV.")?;
            if name.contains(['.', '(']) || !name.chars().any(char::is_uppercase) {
                return None;
            }
            scripts::variable(evaluator, name)
        }
    })
}

fn operate(
    evaluator: &mut Evaluator<'_>,
    operator: Operator,
    left: &Value,
    right: &Value,
    span: Span,
) -> Option<Value> {
    match (operator, left) {
        (Operator::Remainder, Value::Text(_)) => {
            let arguments = match right {
                Value::List(_) => evaluator.items(right, true, span).0,
                other => vec![other.clone()],
            };
            Some(scripts::formatted(evaluator, left, &arguments, span))
        }
        (Operator::Multiply, Value::List(_)) if right.exact().is_some() => {
            Some(scripts::join(evaluator, left, right, span))
        }
        (Operator::Add | Operator::Divide, _) if path_text(left).is_some() => {
            let joined = evaluator.join_paths(&[left.clone(), right.clone()]);
            Some(paths(&joined))
        }
        _ => None,
    }
}

/// A class is made by calling it.
fn member(_: &mut Evaluator<'_>, object: &Value, name: &str, _: Span) -> Option<Value> {
    (matches!(object, Value::Class(_)) && name == "new").then(|| object.clone())
}

/// A `Pathname` of each of these texts.
fn paths(value: &Value) -> Value {
    let made = value.alternatives().iter().map(|value| {
        let arguments = Arguments {
            positional: vec![value.clone()],
            ..Arguments::default()
        };
        Value::Name(Rc::new(Name {
            path: "Pathname.new()".to_owned(),
            calls: vec![Rc::new(arguments)],
        }))
    });
    made.reduce(Value::or).unwrap_or(Value::Null)
}

/// The block that a call is given.
fn block(arguments: &Arguments) -> Option<Value> {
    let mut keywords = arguments.keywords.iter();
    let block = keywords.find(|(name, _)| name == "&block");
    block.map(|(_, value)| value.clone())
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let first = arguments.positional.first();
    let known = |arguments: &Arguments, at: usize| {
        arguments
            .positional
            .get(at)
            .and_then(Value::exact)
            .map(str::to_owned)
    };
    Some(match name {
        "()" => {
            let called = receiver.exact()?.to_owned();
            let function = evaluator.library_name(&called);
            evaluator.apply(&function, arguments, span)
        }
        "to_s" | "to_str" | "to_path" | "to_sym" | "strip" | "chomp" | "lstrip" | "rstrip" if matches!(receiver, Value::Text(text) if text.exact().is_none()) => {
            receiver.clone()
        }
        "to_s" | "to_str" | "inspect" if first.is_none() => {
            Value::Text(evaluator.to_text(receiver))
        }
        "to_a" | "to_ary" | "entries" if matches!(receiver, Value::List(_)) => receiver.clone(),
        "tap" => {
            let block = block(arguments)?;
            apply(evaluator, &block, receiver, span);
            receiver.clone()
        }
        "then" | "yield_self" => {
            let block = block(arguments)?;
            apply(evaluator, &block, receiver, span)
        }
        "each" | "map" | "collect" | "flat_map" | "each_with_index" | "each_entry"
        | "filter_map" | "each_char" | "reverse_each" | "map!" | "each_slice" | "each_pair"
        | "each_value"
            if matches!(receiver, Value::List(_) | Value::Map(_) | Value::OneOf(_)) =>
        {
            let block = block(arguments)?;
            let found = scripts::each(evaluator, receiver, &block, span);
            if name.starts_with("each") {
                receiver.clone()
            } else {
                found
            }
        }
        "select" | "reject" | "filter" | "find_all" | "sort_by" | "grep" | "uniq" | "compact"
        | "sort" | "shuffle" | "select!" | "reject!"
            if matches!(receiver, Value::List(_)) =>
        {
            if let Some(block) = block(arguments) {
                scripts::each(evaluator, receiver, &block, span);
            }
            receiver.clone()
        }
        "inject" | "reduce" | "sum" if matches!(receiver, Value::List(_)) => {
            let between = Value::text("");
            let plus = known(arguments, 0).is_none_or(|operator| operator == "+");
            if block(arguments).is_some() || !plus {
                return None;
            }
            scripts::join(evaluator, receiver, &between, span)
        }
        "times" => {
            let count = receiver.number()?;
            let block = block(arguments)?;
            let items = scripts::range(
                evaluator,
                &Value::Number(0.0),
                &Value::Number(count - 1.0),
                span,
            );
            scripts::each(evaluator, &items, &block, span)
        }
        "join" if matches!(receiver, Value::List(_)) => {
            let between = first.cloned().unwrap_or_else(|| Value::text(""));
            scripts::join(evaluator, receiver, &between, span)
        }
        "pack" => scripts::packed(evaluator, first?, receiver, span),
        "unpack1" => scripts::unpacked(evaluator, first?, receiver, span),
        "unpack" => {
            let text = scripts::unpacked(evaluator, first?, receiver, span);
            evaluator.list(vec![text], false)
        }
        "reverse" | "reverse!" => scripts::reversed(evaluator, receiver, span),
        "shift" => scripts::take(evaluator, receiver, true, span),
        "pop" => scripts::take(evaluator, receiver, false, span),
        "first" if matches!(receiver, Value::List(_)) && first.is_none() => {
            evaluator.index(receiver, &Value::Number(0.0), span)
        }
        "last" if matches!(receiver, Value::List(_)) && first.is_none() => {
            evaluator.index(receiver, &Value::Number(-1.0), span)
        }
        "fetch" | "dig" | "[]" | "slice" | "at" if arguments.positional.len() == 1 => {
            evaluator.index(receiver, &first?.clone(), span)
        }
        "[]" | "slice" | "byteslice" => scripts::substring(
            evaluator,
            receiver,
            first?,
            arguments.positional.get(1),
            span,
        ),
        "push" | "append" | "<<" if matches!(receiver, Value::List(_)) => {
            let Value::List(id) = receiver else {
                return None;
            };
            evaluator.extend(*id, arguments.positional.clone(), arguments.open);
            receiver.clone()
        }
        "concat" | "flatten" | "to_set"
            if matches!(receiver, Value::List(_)) && first.is_none() =>
        {
            receiver.clone()
        }
        "<<" | "concat" | "+" | "prepend" if matches!(receiver, Value::Text(_)) => {
            let mut parts = vec![receiver.clone()];
            parts.extend(arguments.positional.iter().cloned());
            if name == "prepend" {
                parts.reverse();
            }
            evaluator.joined(&parts)
        }
        "values" | "keys" if matches!(receiver, Value::Map(_)) => {
            let (pairs, open) = evaluator.pairs(receiver)?;
            let items = pairs.into_iter();
            let items = items.map(|(key, value)| {
                if name == "keys" {
                    Value::text(key)
                } else {
                    value
                }
            });
            let items = items.collect();
            evaluator.list(items, open)
        }
        "chr" if receiver.number().is_some() => {
            let letter = receiver.number().and_then(letter)?;
            Value::text(letter.to_string())
        }
        "shellescape" => scripts::quoted(evaluator, receiver),
        "split" | "chars" | "lines" | "bytes" | "codepoints" => {
            let Some(text) = receiver.exact().map(str::to_owned) else {
                let item = evaluator.unknown(span);
                return Some(evaluator.list(vec![item], true));
            };
            let between = known(arguments, 0);
            match (name, between.as_deref()) {
                ("chars", _) | ("split", Some("")) => {
                    let letters: Vec<String> = text.chars().map(String::from).collect();
                    evaluator.text_list(letters.iter().map(String::as_str))
                }
                ("bytes" | "codepoints", _) => {
                    let codes = text
                        .chars()
                        .map(|letter| Value::Number(f64::from(u32::from(letter))));
                    let codes = codes.collect();
                    evaluator.list(codes, false)
                }
                ("split", Some(between)) if between != " " => {
                    evaluator.text_list(text.split(between))
                }
                ("split", _) if first.is_none() => evaluator.text_list(text.split_whitespace()),
                ("lines", _) => evaluator.text_list(text.split_inclusive('\n')),
                _ => {
                    let item = evaluator.unknown(span);
                    evaluator.list(vec![item], true)
                }
            }
        }
        "shellsplit" => {
            let words = shell_words::split(receiver.exact()?).ok()?;
            evaluator.text_list(words.iter().map(String::as_str))
        }
        "encode" | "force_encoding" | "scrub" | "unicode_normalize" | "b" | "dump" => {
            receiver.clone()
        }
        _ => {
            receiver.exact()?;
            let (one, two) = (known(arguments, 0), known(arguments, 1));
            let count = arguments.positional.len();
            return Some(evaluator.lift(receiver, span, |text| {
                of_text(text, name, one.as_deref(), two.as_deref(), count)
            }));
        }
    })
}

/// A method of a known text with known texts.
fn of_text(
    text: &str,
    name: &str,
    one: Option<&str>,
    two: Option<&str>,
    count: usize,
) -> Option<Value> {
    let bare = name.trim_end_matches('!');
    Some(match (bare, one, two) {
        ("upcase", ..) => Value::text(text.to_uppercase()),
        ("downcase", ..) => Value::text(text.to_lowercase()),
        ("swapcase", ..) => Value::text(
            text.chars()
                .map(|letter| {
                    if letter.is_uppercase() {
                        letter.to_ascii_lowercase()
                    } else {
                        letter.to_ascii_uppercase()
                    }
                })
                .collect::<String>(),
        ),
        ("capitalize", ..) => {
            let mut letters = text.chars();
            let first = letters
                .next()
                .map(|letter| letter.to_uppercase().to_string());
            Value::text(first.unwrap_or_default() + &letters.as_str().to_lowercase())
        }
        ("strip", ..) => Value::text(text.trim()),
        ("lstrip", ..) => Value::text(text.trim_start()),
        ("rstrip", ..) => Value::text(text.trim_end()),
        ("chomp", None, _) if count == 0 => Value::text(text.trim_end_matches(['\n', '\r'])),
        ("chomp" | "delete_suffix", Some(end), _) => {
            Value::text(text.strip_suffix(end).unwrap_or(text))
        }
        ("delete_prefix", Some(start), _) => Value::text(text.strip_prefix(start).unwrap_or(text)),
        ("chop", ..) => {
            let end = text.char_indices().next_back().map_or(0, |(at, _)| at);
            Value::text(text.get(..end).unwrap_or_default())
        }
        ("gsub", Some(from), Some(to)) => Value::text(text.replace(from, to)),
        ("sub", Some(from), Some(to)) => Value::text(text.replacen(from, to, 1)),
        ("tr", Some(from), Some(to)) => Value::text(scripts::transliterated(text, from, to, false)),
        ("delete", Some(from), _) => Value::text(scripts::transliterated(text, from, "", true)),
        ("hex", ..) => {
            let digits = text.trim_start_matches("0x");
            Value::Number(f64::from(u32::from_str_radix(digits, 16).ok()?))
        }
        ("oct", ..) => Value::Number(f64::from(u32::from_str_radix(text, 8).ok()?)),
        ("to_i", ..) => Value::Number(f64::from(text.trim().parse::<i32>().ok()?)),
        ("ord", ..) => Value::Number(f64::from(u32::from(text.chars().next()?))),
        ("length" | "size", ..) => {
            Value::Number(f64::from(u32::try_from(text.chars().count()).ok()?))
        }
        ("empty?", ..) => Value::Boolean(text.is_empty()),
        ("start_with?", Some(start), _) => Value::Boolean(text.starts_with(start)),
        ("end_with?", Some(end), _) => Value::Boolean(text.ends_with(end)),
        ("include?", Some(part), _) => Value::Boolean(text.contains(part)),
        _ => return None,
    })
}

fn apply(evaluator: &mut Evaluator<'_>, function: &Value, argument: &Value, span: Span) -> Value {
    let arguments = Arguments {
        positional: vec![argument.clone()],
        ..Arguments::default()
    };
    evaluator.apply(function, &arguments, span)
}

fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let given = &call.arguments.positional;
    let first = given.first();
    Some(match call.path {
        "puts" | "$stdout.puts" | "STDOUT.puts" => {
            for text in given {
                match text.exact() {
                    Some(line) if line.ends_with('\n') => {
                        evaluator.print(std::slice::from_ref(text), "", "");
                    }
                    _ => evaluator.print(std::slice::from_ref(text), "", "\n"),
                }
            }
            if given.is_empty() {
                evaluator.print(&[], "", "\n");
            }
            Value::Null
        }
        "print" | "$stdout.print" | "STDOUT.print" | "$stdout.write" | "STDOUT.write"
            if !given.is_empty() =>
        {
            evaluator.print(given, "", "");
            Value::Null
        }
        "warn" | "$stderr.puts" | "STDERR.puts" => Value::Null,
        "File.join" => evaluator.join_paths(given),
        "File.expand_path" | "File.absolute_path" | "File.realpath" => match given.as_slice() {
            [only] => only.clone(),
            [part, base, ..] => evaluator.join_paths(&[base.clone(), part.clone()]),
            [] => return None,
        },
        "File.dirname" => evaluator.lift(first?, span, |path| {
            let (directory, _) = split_path(path);
            Some(Value::text(if directory.is_empty() {
                "."
            } else {
                directory
            }))
        }),
        "File.basename" => {
            evaluator.lift(first?, span, |path| Some(Value::text(split_path(path).1)))
        }
        "Dir.glob" | "Dir.[]" => {
            let found = scripts::globbed(evaluator, first?, span);
            match block(call.arguments) {
                Some(block) => scripts::each(evaluator, &found, &block, span),
                None => found,
            }
        }
        "Pathname.glob" | "Pathname.new().glob" | "Pathname.new().children" => {
            let found = match call.path {
                "Pathname.new().children" => Value::Text(texts::everything(false)),
                _ => scripts::globbed(evaluator, first?, span),
            };
            let below = call
                .receiver()
                .and_then(|call| call.positional.first())
                .cloned();
            let (items, _) = match &found {
                Value::List(_) => evaluator.items(&found, true, span),
                other => (vec![other.clone()], false),
            };
            let mut made = Vec::new();
            for item in items {
                let item = match &below {
                    Some(below) => evaluator.join_paths(&[below.clone(), item]),
                    None => item,
                };
                made.push(paths(&item));
            }
            let found = evaluator.list(made, false);
            match block(call.arguments) {
                Some(block) => scripts::each(evaluator, &found, &block, span),
                None => found,
            }
        }
        "Pathname.new().join" | "Pathname.new()./" => {
            let mut parts = vec![call.receiver()?.positional.first()?.clone()];
            parts.extend(given.iter().cloned());
            let joined = evaluator.join_paths(&parts);
            paths(&joined)
        }
        "Pathname.new().to_s" | "Pathname.new().to_path" | "Pathname.new().to_str" => {
            call.receiver()?.positional.first()?.clone()
        }
        "Pathname.new().expand_path" | "Pathname.new().realpath" | "Pathname.new().cleanpath" => {
            paths(call.receiver()?.positional.first()?)
        }
        "Dir.children" | "Dir.entries" | "Dir.each_child" | "Dir.foreach" => {
            let item = Value::Text(texts::everything(false));
            let found = evaluator.list(vec![item], false);
            match block(call.arguments) {
                Some(block) => scripts::each(evaluator, &found, &block, span),
                None => found,
            }
        }
        "Dir.pwd" | "Dir.getwd" => Value::text("."),
        "Dir.tmpdir" => Value::text("/tmp"),
        "Dir.mktmpdir" | "Tempfile.create" | "Tempfile.new" | "Tempfile.open" => {
            let made = scripts::temporary();
            match block(call.arguments) {
                Some(block) => apply(evaluator, &block, &made, span),
                None => made,
            }
        }
        "Dir.chdir" => {
            let before = evaluator.directory();
            let to = evaluator.to_text(first?);
            evaluator.enter_directory(&to);
            match block(call.arguments) {
                Some(block) => {
                    let value = apply(evaluator, &block, first?, span);
                    let back = match before {
                        crate::resolve::Directory::Known(path) => {
                            Text::known(path.to_string_lossy())
                        }
                        crate::resolve::Directory::Unknown(source) => Text::unknown(source),
                    };
                    evaluator.enter_directory(&back);
                    value
                }
                None => Value::Null,
            }
        }
        "Array" | "String" => match first? {
            Value::List(_) => first?.clone(),
            value if call.path == "Array" => {
                let value = value.clone();
                evaluator.list(vec![value], false)
            }
            value => Value::Text(evaluator.to_text(value)),
        },
        "Integer" => first?.clone(),
        "format" | "sprintf" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            scripts::formatted(evaluator, first?, &rest, span)
        }
        "Base64.decode64" | "Base64.strict_decode64" | "Base64.urlsafe_decode64" => {
            evaluator.lift(first?, span, |text| texts::decoded(decode_base64(text)))
        }
        "Shellwords.escape" | "Shellwords.shellescape" => scripts::quoted(evaluator, first?),
        "Shellwords.split" | "Shellwords.shellsplit" => {
            let words = shell_words::split(first?.exact()?).ok()?;
            evaluator.text_list(words.iter().map(String::as_str))
        }
        "Shellwords.join" | "Shellwords.shelljoin" => {
            let (items, open) = evaluator.items(first?, true, span);
            let words: Vec<Value> = items
                .iter()
                .map(|item| scripts::quoted(evaluator, item))
                .collect();
            let words = evaluator.list(words, open);
            scripts::join(evaluator, &words, &Value::text(" "), span)
        }
        "ENV.fetch" | "ENV.[]" | "ENV.delete" => {
            let name = first?.exact()?.to_owned();
            match (evaluator.variable(&name), given.get(1)) {
                (Some(value), _) => value,
                (None, Some(default)) => default.clone().or(Value::unknown(format!("${name}"))),
                (None, None) => Value::unknown(format!("${name}")),
            }
        }
        "exit" | "exit!" | "abort" => {
            evaluator.exit();
            Value::Null
        }
        "loop" | "fork" | "Thread.new" | "Thread.start" | "catch" | "at_exit" | "BEGIN" => {
            let function = block(call.arguments)?;
            evaluator.call_back(vec![function], &[], span);
            evaluator.unknown(span)
        }
        "hex" => evaluator.lift(first?, span, |text| texts::decoded(decode_hex(text))),
        _ => return None,
    })
}
