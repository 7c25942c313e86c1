//! PHP: its grammar, its values and the parts of its library that only compute.

mod lower;

use std::path::PathBuf;

use super::awk::looks_false;
use super::evaluate::Evaluator;
use super::preload;
use super::texts::{letter, split_path};
use super::value::{Arguments, Value};
use super::{Invocation, Language, scripts, texts};
use crate::location::Span;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};

pub(super) static PHP: Language = Language {
    name: "php",
    parse: lower::parse,
    inline: &[],
    module_option: None,
    preload: preload::NONE,
    directory_main: &[],
    literals: ["1", "", ""],
    empty_is_true: false,
    list_is_text: false,
    keys_are_members: false,
    missing_is_null: false,
    super_is_called: false,
    environment: "$_ENV",
    arguments_with_interpreter: false,
    property: |_| false,
    module,
    constant,
    member: |_, _, _, _| None,
    method,
    fold,
    operate: |_, _, _, _, _| None,
    print: |_, _| None,
    truth: looks_false,
};

/// What `include` and `require` read.
fn module(evaluator: &Evaluator<'_>, name: &str) -> Option<(PathBuf, String)> {
    scripts::beside(evaluator, name, &[""])
}

fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "$argv" | "$_SERVER.argv" => {
            let items = evaluator
                .arguments
                .iter()
                .cloned()
                .map(Value::Text)
                .collect();
            evaluator.list(items, false)
        }
        "__FILE__" => match &evaluator.unit.path {
            Some(path) => Value::text(path.to_string_lossy()),
            None => Value::text("Command line code"),
        },
        "__DIR__" => match evaluator.unit.path.as_ref().and_then(|path| path.parent()) {
            Some(path) => Value::text(path.to_string_lossy()),
            None => Value::text("."),
        },
        "PHP_EOL" => Value::text("\n"),
        "DIRECTORY_SEPARATOR" => Value::text("/"),
        "PATH_SEPARATOR" => Value::text(":"),
        "PHP_BINARY" => Value::text("php"),
        "PHP_OS_FAMILY" | "PHP_OS" => Value::text("Linux"),
        "FILE_APPEND" => Value::text("FILE_APPEND"),
        "LOCK_EX" => Value::text("LOCK_EX"),
        _ => {
            let name = path
                .strip_prefix("$_ENV.")
                .or_else(|| path.strip_prefix("$_SERVER."))?;
            if name.contains(['.', '(']) {
                return None;
            }
            scripts::variable(evaluator, name)
        }
    })
}

fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    if name != "()" {
        return None;
    }
    let function = named(evaluator, receiver, span)?;
    Some(evaluator.apply(&function, arguments, span))
}

/// The function that a text names, or a pair of an object and a method.
fn named(evaluator: &mut Evaluator<'_>, value: &Value, span: Span) -> Option<Value> {
    match value {
        Value::Text(text) => {
            let called = text.exact()?.trim_start_matches('\\').to_lowercase();
            if let Some((class, method)) = called.split_once("::") {
                let class = text.exact()?.get(..class.len())?.to_owned();
                let class = evaluator
                    .lookup(&class)
                    .unwrap_or_else(|| Value::name(class));
                return Some(evaluator.member(&class, method, span));
            }
            match evaluator.lookup(&called) {
                Some(function) => Some(function),
                None => Some(evaluator.library_name(&called)),
            }
        }
        Value::List(_) => {
            let (items, _) = evaluator.items(value, true, span);
            let [object, method] = items.as_slice() else {
                return None;
            };
            let method = method.exact()?.to_lowercase();
            let object = match object.exact() {
                Some(class) => {
                    let class = class.to_owned();
                    evaluator
                        .lookup(&class)
                        .unwrap_or_else(|| Value::name(class))
                }
                None => object.clone(),
            };
            Some(evaluator.member(&object, &method, span))
        }
        Value::OneOf(values) => {
            let values = values.to_vec();
            let found: Vec<Value> = values
                .iter()
                .filter_map(|value| named(evaluator, value, span))
                .collect();
            found.into_iter().reduce(Value::or)
        }
        Value::Function(_) | Value::Name(_) | Value::Bound(_) | Value::Instance(_) => {
            Some(value.clone())
        }
        _ => None,
    }
}

/// Functions of texts that take nothing else.
fn of_text(text: &str, name: &str) -> Option<Value> {
    Some(match name {
        "strrev" => Value::text(text.chars().rev().collect::<String>()),
        "str_rot13" => Value::text(texts::rot13(text)),
        "strtolower" | "mb_strtolower" => Value::text(text.to_lowercase()),
        "strtoupper" | "mb_strtoupper" => Value::text(text.to_uppercase()),
        "ucfirst" | "lcfirst" => {
            let mut letters = text.chars();
            let first = letters.next()?;
            let first = if name == "ucfirst" {
                first.to_uppercase().to_string()
            } else {
                first.to_lowercase().to_string()
            };
            Value::text(first + letters.as_str())
        }
        "base64_decode" => texts::decoded(decode_base64(text))?,
        "hex2bin" => texts::decoded(decode_hex(text))?,
        "urldecode" | "rawurldecode" => {
            let mut bytes = Vec::new();
            let mut rest = text.bytes();
            while let Some(byte) = rest.next() {
                match byte {
                    b'%' => {
                        let digits = [rest.next()?, rest.next()?];
                        let digits = std::str::from_utf8(&digits).ok()?.to_owned();
                        bytes.push(u8::from_str_radix(&digits, 16).ok()?);
                    }
                    b'+' if name == "urldecode" => bytes.push(b' '),
                    other => bytes.push(other),
                }
            }
            texts::decoded(Some(bytes))?
        }
        "trim" => Value::text(text.trim()),
        "ltrim" => Value::text(text.trim_start()),
        "rtrim" | "chop" => Value::text(text.trim_end()),
        "stripslashes" => Value::text(text.replace('\\', "")),
        "ord" => Value::Number(f64::from(*text.as_bytes().first()?)),
        "strlen" => Value::Number(f64::from(u32::try_from(text.len()).ok()?)),
        "hexdec" => Value::Number(f64::from(u32::from_str_radix(text, 16).ok()?)),
        "octdec" => Value::Number(f64::from(u32::from_str_radix(text, 8).ok()?)),
        "bindec" => Value::Number(f64::from(u32::from_str_radix(text, 2).ok()?)),
        "basename" => Value::text(split_path(text).1),
        "dirname" => {
            let (directory, _) = split_path(text);
            Value::text(if directory.is_empty() { "." } else { directory })
        }
        _ => return None,
    })
}

const OF_TEXT: &[&str] = &[
    "strrev",
    "str_rot13",
    "strtolower",
    "mb_strtolower",
    "strtoupper",
    "mb_strtoupper",
    "ucfirst",
    "lcfirst",
    "base64_decode",
    "hex2bin",
    "urldecode",
    "rawurldecode",
    "trim",
    "ltrim",
    "rtrim",
    "chop",
    "stripslashes",
    "ord",
    "strlen",
    "hexdec",
    "octdec",
    "bindec",
    "basename",
    "dirname",
];

#[expect(clippy::too_many_lines, reason = "one table")]
fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let given = &call.arguments.positional;
    let first = given.first();
    if OF_TEXT.contains(&call.path) && given.len() == 1 {
        return Some(evaluator.lift(first?, span, |text| of_text(text, call.path)));
    }
    Some(match call.path {
        "echo" | "print" => {
            evaluator.print(given, "", "");
            Value::Number(1.0)
        }
        "chr" => match first?.number().and_then(letter) {
            Some(letter) => Value::text(letter.to_string()),
            None => evaluator.unknown(span),
        },
        "implode" | "join" => match (first?, given.get(1)) {
            (list @ Value::List(_), between) => {
                let between = between.cloned().unwrap_or_else(|| Value::text(""));
                scripts::join(evaluator, &list.clone(), &between, span)
            }
            (between, Some(list)) => {
                scripts::join(evaluator, &list.clone(), &between.clone(), span)
            }
            _ => return None,
        },
        "explode" => match (first?.exact(), given.get(1)?.exact()) {
            (Some(between), Some(text)) if !between.is_empty() => {
                let pieces: Vec<String> = text.split(between).map(str::to_owned).collect();
                evaluator.text_list(pieces.iter().map(String::as_str))
            }
            _ => {
                let item = evaluator.unknown(span);
                evaluator.list(vec![item], true)
            }
        },
        "str_split" if given.len() == 1 => {
            let letters: Vec<String> = first?.exact()?.chars().map(String::from).collect();
            evaluator.text_list(letters.iter().map(String::as_str))
        }
        "str_replace" | "str_ireplace" => {
            let (Some(from), Some(to)) = (first?.exact(), given.get(1)?.exact()) else {
                return Some(evaluator.unknown(span));
            };
            let (from, to) = (from.to_owned(), to.to_owned());
            evaluator.lift(&given.get(2)?.clone(), span, |text| {
                Some(Value::text(text.replace(&from, &to)))
            })
        }
        "strtr" => {
            let (from, to) = (
                given.get(1)?.exact()?.to_owned(),
                given.get(2)?.exact()?.to_owned(),
            );
            evaluator.lift(first?, span, |text| {
                Some(Value::text(scripts::transliterated(
                    text, &from, &to, false,
                )))
            })
        }
        "str_repeat" => {
            let times = given.get(1)?.clone();
            let text = first?.clone();
            evaluator.operate(super::tree::Operator::Multiply, &text, &times, span)
        }
        "substr" | "mb_substr" => {
            scripts::substring(evaluator, first?, given.get(1)?, given.get(2), span)
        }
        "sprintf" | "vsprintf" => {
            let rest = match given.get(1) {
                Some(list @ Value::List(_)) if call.path == "vsprintf" => {
                    evaluator.items(&list.clone(), true, span).0
                }
                _ => given.get(1..).unwrap_or_default().to_vec(),
            };
            scripts::formatted(evaluator, first?, &rest, span)
        }
        "pack" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            let rest = evaluator.list(rest, call.arguments.open);
            scripts::packed(evaluator, first?, &rest, span)
        }
        "array_reverse" => scripts::reversed(evaluator, first?, span),
        "range" => scripts::range(evaluator, first?, given.get(1)?, span),
        "array_values" | "array_unique" | "array_filter" | "iterator_to_array" | "array_keys" => {
            if let Some(callback) = given.get(1)
                && let Some(function) = named(evaluator, &callback.clone(), span)
            {
                scripts::each(evaluator, &first?.clone(), &function, span);
            }
            let list = first?.clone();
            let (items, open) = evaluator.items(&list, call.path == "array_keys", span);
            evaluator.list(items, open)
        }
        "array_merge" => {
            let mut all = Vec::new();
            let mut unsure = call.arguments.open;
            for list in given.clone() {
                let (items, open) = evaluator.items(&list, false, span);
                all.extend(items);
                unsure |= open;
            }
            evaluator.list(all, unsure)
        }
        "array_shift" => scripts::take(evaluator, first?, true, span),
        "array_pop" => scripts::take(evaluator, first?, false, span),
        "array_map"
        | "array_walk"
        | "array_walk_recursive"
        | "usort"
        | "uasort"
        | "uksort"
        | "array_reduce"
        | "preg_replace_callback"
        | "iterator_apply"
        | "ob_start" => {
            // The function stands first or second.
            let (function, list) = match call.path {
                "array_map" => (first?, given.get(1)),
                "preg_replace_callback" => (given.get(1)?, given.get(2)),
                "ob_start" => (first?, None),
                _ => (given.get(1)?, first),
            };
            let (function, list) = (function.clone(), list.cloned());
            let Some(function) = named(evaluator, &function, span) else {
                return Some(unseen(evaluator, span));
            };
            match list {
                Some(list @ (Value::List(_) | Value::Map(_) | Value::OneOf(_))) => {
                    scripts::each(evaluator, &list, &function, span)
                }
                list => {
                    evaluator.call_back(vec![function], &[list.unwrap_or(Value::Null)], span);
                    let item = evaluator.unknown(span);
                    evaluator.list(vec![item], true)
                }
            }
        }
        "call_user_func"
        | "call_user_func_array"
        | "forward_static_call"
        | "register_shutdown_function"
        | "register_tick_function"
        | "spl_autoload_register" => {
            let Some(function) = named(evaluator, &first?.clone(), span) else {
                return Some(unseen(evaluator, span));
            };
            let rest = match given.get(1) {
                Some(list @ Value::List(_)) if call.path.ends_with("array") => {
                    evaluator.items(&list.clone(), true, span)
                }
                _ => (
                    given.get(1..).unwrap_or_default().to_vec(),
                    call.arguments.open,
                ),
            };
            let arguments = Arguments {
                positional: rest.0,
                open: rest.1,
                ..Arguments::default()
            };
            evaluator.apply(&function, &arguments, span)
        }
        "ReflectionFunction().invoke"
        | "ReflectionFunction().invokeargs"
        | "Closure.fromcallable" => {
            let inner = call.receiver().and_then(|call| call.positional.first());
            let inner = inner.or(first)?.clone();
            let Some(function) = named(evaluator, &inner, span) else {
                return Some(unseen(evaluator, span));
            };
            if call.path.starts_with("Closure") {
                return Some(function);
            }
            evaluator.apply(&function, call.arguments, span)
        }
        "glob" => scripts::globbed(evaluator, first?, span),
        "scandir" => {
            let item = Value::Text(texts::everything(false));
            evaluator.list(vec![item], false)
        }
        "getenv" => match first.and_then(Value::exact) {
            Some(name) => scripts::variable(evaluator, name),
            None => evaluator.unknown(span),
        },
        "chdir" => {
            let to = evaluator.to_text(first?);
            evaluator.enter_directory(&to);
            Value::Boolean(true)
        }
        "getcwd" => Value::text("."),
        "realpath" => first?.clone(),
        "sys_get_temp_dir" => Value::text("/tmp"),
        "tempnam" | "tmpfile" => scripts::temporary(),
        "escapeshellarg" => scripts::quoted(evaluator, first?),
        "escapeshellcmd" | "strval" => first?.clone(),
        "define" => {
            let constant = first?.exact()?.to_owned();
            let value = given.get(1)?.clone();
            evaluator.bind(&constant, value, super::tree::Binding::Nearest);
            Value::Boolean(true)
        }
        "constant" => {
            let constant = first?.exact()?.to_owned();
            match evaluator.lookup(&constant) {
                Some(value) => value,
                None => evaluator.library_name(&constant),
            }
        }
        "include" => {
            let file = first?.exact()?.to_owned();
            evaluator.imported(&file, span);
            Value::Boolean(true)
        }
        "exit" | "die" => {
            evaluator.exit();
            Value::Null
        }
        _ => return None,
    })
}

/// A function that is named only then.
fn unseen(evaluator: &mut Evaluator<'_>, span: Span) -> Value {
    let shown = evaluator.shown(span);
    evaluator.unfolded(
        format!("which function is called is known only when the program runs: {shown}"),
        span,
    );
    evaluator.unknown(span)
}
