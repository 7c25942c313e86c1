//! The parts of Python's library that only compute.

use std::rc::Rc;

use super::{arguments, commands, method, path_text, paths};
use crate::location::Span;
use crate::program::Invocation;
use crate::program::evaluate::Evaluator;
use crate::program::texts::{decoded, everything, letter, normal_path, pattern, split_path};
use crate::program::value::{Arguments, Bound, Value};
use crate::resolve::Text;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};

/// Lines of a file that a loop goes through one by one.
const LINES: usize = 64;

/// Methods of a map, which are no variables of the environment.
const OF_MAPS: &[&str] = &[
    "clear",
    "copy",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];

/// Names that stand for a value.
pub(super) fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "__name__" if evaluator.unit.is_main => Value::text("__main__"),
        "__name__" => Value::text("module"),
        "__file__" => {
            let path = evaluator.unit.path.clone()?;
            Value::text(path.to_string_lossy())
        }
        "os.sep" | "os.path.sep" => Value::text("/"),
        "os.linesep" => Value::text("\n"),
        "os.curdir" => Value::text("."),
        "os.pardir" => Value::text(".."),
        "os.name" => Value::text("posix"),
        "os.devnull" => Value::text("/dev/null"),
        "sys.argv" => {
            let items = evaluator
                .arguments
                .iter()
                .cloned()
                .map(Value::Text)
                .collect();
            evaluator.list(items, false)
        }
        "sys.executable" => Value::text("python3"),
        "string.ascii_lowercase" => Value::text(('a'..='z').collect::<String>()),
        "string.ascii_uppercase" => Value::text(('A'..='Z').collect::<String>()),
        "string.ascii_letters" => Value::text(('a'..='z').chain('A'..='Z').collect::<String>()),
        "string.digits" => Value::text("0123456789"),
        "tempfile.tempdir" => Value::text("/tmp"),
        _ => {
            let name = path.strip_prefix("os.environ.")?;
            if name.contains(['.', '(']) || OF_MAPS.contains(&name) {
                return None;
            }
            evaluator
                .variable(name)
                .unwrap_or_else(|| Value::unknown(format!("${name}")))
        }
    })
}

/// Calls that are known by their value.
pub(super) fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    if let Some(operation) = call.path.strip_prefix("pathlib.Path().") {
        return of_path(evaluator, operation, call);
    }
    commands::fold(evaluator, call)
        .or_else(|| printing(evaluator, call))
        .or_else(|| builtin(evaluator, call))
        .or_else(|| of_os(evaluator, call))
        .or_else(|| decoding(evaluator, call))
        .or_else(|| others(evaluator, call))
}

/// What writes to the standard output, and to the standard error, which nothing reads.
fn printing(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let given = &call.arguments.positional;
    match call.path {
        "print" => {
            let keyword = |name: &str| {
                let mut keywords = call.arguments.keywords.iter();
                keywords.find(|(given, _)| given == name)
            };
            if let Some((_, file)) = keyword("file") {
                let errors = matches!(file, Value::Name(name) if name.path == "sys.stderr");
                return errors.then_some(Value::Null);
            }
            let text = |name: &str, otherwise: &str| match keyword(name) {
                Some((_, value)) => value.exact().map(str::to_owned),
                None => Some(otherwise.to_owned()),
            };
            // Whether a number is whole is not told from how it is written.
            let numbers = given.iter().any(|value| value.number().is_some());
            match (text("sep", " "), text("end", "\n")) {
                (Some(between), Some(end)) if !numbers && !call.arguments.open => {
                    evaluator.print(given, &between, &end);
                }
                _ => evaluator.print_unseen(),
            }
        }
        "sys.stdout.write" | "sys.stdout.buffer.write" => evaluator.print(given, "", ""),
        "sys.stderr.write" | "sys.stdout.flush" | "sys.stderr.flush" => {}
        _ => return None,
    }
    Some(Value::Null)
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn builtin(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let one = || call.arguments.positional.first().cloned();
    let two = || call.arguments.positional.get(1).cloned();
    Some(match call.path {
        "str" | "os.fspath" | "os.fsdecode" | "os.fsencode" => match one() {
            Some(value @ Value::List(_)) => {
                let (items, _) = evaluator.items(&value, true, span);
                bytes(evaluator, &items, span)
            }
            Some(value) => {
                let texts = evaluator.texts(&value).into_iter().map(Value::Text);
                texts.reduce(Value::or)?
            }
            None => Value::text(""),
        },
        "bytes" | "bytearray" | "memoryview" => match one() {
            Some(value @ (Value::List(_) | Value::Map(_))) => {
                let (items, open) = evaluator.items(&value, true, span);
                if open {
                    return Some(evaluator.unknown(span));
                }
                bytes(evaluator, &items, span)
            }
            Some(value) => value,
            None => Value::text(""),
        },
        "bytes.fromhex" | "bytearray.fromhex" => {
            evaluator.lift(&one()?, span, |text| decoded(decode_hex(text)))
        }
        "bytes.decode" | "str.encode" => one()?,
        "str.join" | "str.format" | "str.replace" | "str.upper" | "str.lower" | "str.strip"
        | "str.maketrans" => {
            let (receiver, rest) = call.arguments.positional.split_first()?;
            let name = call.path.strip_prefix("str.")?;
            let mut arguments = Arguments {
                positional: rest.to_vec(),
                ..call.arguments.clone()
            };
            if name == "maketrans" {
                arguments.positional.insert(0, receiver.clone());
                return method::method(evaluator, &Value::text(""), name, &arguments, span);
            }
            return method::method(evaluator, receiver, name, &arguments, span);
        }
        "chr" => match one()?.number().and_then(letter) {
            Some(letter) => Value::text(letter.to_string()),
            None => evaluator.unknown(span),
        },
        "ord" => evaluator.lift(&one()?, span, |text| {
            let mut letters = text.chars();
            let code = u32::from(letters.next()?);
            letters
                .next()
                .is_none()
                .then_some(Value::Number(f64::from(code)))
        }),
        "int" => match (one()?, two()) {
            (Value::Number(number), None) => Value::Number(number.trunc()),
            (value, base) => {
                let base = base.map_or(Some(10.0), |base| base.number())?;
                evaluator.lift(&value, span, |text| integer(text, base))
            }
        },
        "float" => match one()? {
            Value::Number(number) => Value::Number(number),
            value => evaluator.lift(&value, span, |text| {
                text.trim().parse().ok().map(Value::Number)
            }),
        },
        "bool" => match evaluator.truth(&one()?) {
            Some(truth) => Value::Boolean(truth),
            None => evaluator.unknown(span),
        },
        "len" => length(evaluator, &one()?, span),
        "list" | "tuple" | "set" | "frozenset" | "iter" | "collections.deque" => match one() {
            Some(value) => {
                let (items, open) = evaluator.items(&value, true, span);
                evaluator.list(items, open)
            }
            None => evaluator.list(Vec::new(), false),
        },
        "next" => {
            let (items, _) = evaluator.items(&one()?, true, span);
            match items.into_iter().reduce(Value::or) {
                Some(item) => item,
                None => evaluator.unknown(span),
            }
        }
        "dict" | "collections.OrderedDict" => {
            let (mut pairs, open) = match one() {
                Some(value) => match evaluator.pairs(&value) {
                    Some(found) => found,
                    None => (pairs_of(evaluator, &value, span).unwrap_or_default(), true),
                },
                None => (Vec::new(), false),
            };
            pairs.extend(call.arguments.keywords.iter().cloned());
            evaluator.map(pairs, open || call.arguments.open)
        }
        "sorted" => sorted(evaluator, &one()?, call.arguments, span),
        "reversed" => {
            let (mut items, open) = evaluator.items(&one()?, true, span);
            items.reverse();
            evaluator.list(items, open)
        }
        "range" => range(evaluator, call),
        "enumerate" => {
            let (items, open) = evaluator.items(&one()?, true, span);
            let start = call
                .argument(1, "start")
                .and_then(Value::number)
                .unwrap_or(0.0);
            let mut pairs = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a short list")]
                let at = Value::Number(start + index as f64);
                pairs.push(evaluator.list(vec![at, item], false));
            }
            evaluator.list(pairs, open)
        }
        "zip" | "itertools.zip_longest" => zip(evaluator, call),
        "itertools.chain" => {
            let mut all = Vec::new();
            let mut open = call.arguments.open;
            for value in &call.arguments.positional {
                let (items, more) = evaluator.items(value, true, span);
                all.extend(items);
                open |= more;
            }
            evaluator.list(all, open)
        }
        "map"
        | "itertools.starmap"
        | "filter"
        | "concurrent.futures.ThreadPoolExecutor().map"
        | "concurrent.futures.ProcessPoolExecutor().map"
        | "multiprocessing.Pool().map"
        | "multiprocessing.Pool().imap"
        | "multiprocessing.Pool().starmap"
        | "multiprocessing.pool.ThreadPool().map" => mapped(evaluator, call)?,
        "functools.reduce" => {
            let (items, open) = evaluator.items(&two()?, true, span);
            let mut items = items.into_iter();
            let mut value = match call.arguments.positional.get(2) {
                Some(first) => first.clone(),
                None => items.next()?,
            };
            for item in items {
                let arguments = Arguments {
                    positional: vec![value, item],
                    ..Arguments::default()
                };
                value = evaluator.apply(&one()?, &arguments, span);
            }
            if open { evaluator.unknown(span) } else { value }
        }
        "any" | "all" => {
            let (items, open) = evaluator.items(&one()?, true, span);
            let wanted = call.path == "any";
            let truths: Vec<_> = items.iter().map(|item| evaluator.truth(item)).collect();
            if truths.contains(&Some(wanted)) {
                Value::Boolean(wanted)
            } else if open || truths.contains(&None) {
                evaluator.unknown(span)
            } else {
                Value::Boolean(!wanted)
            }
        }
        "getattr" | "object.__getattribute__" => {
            let object = one()?;
            let names = two()?;
            let mut found: Option<Value> = None;
            for name in evaluator.texts(&names) {
                let value = match (name.exact(), &object) {
                    (Some(name), _) => {
                        let name = name.to_owned();
                        evaluator.member(&object, &name, span)
                    }
                    (None, Value::Name(library)) => evaluator.extended(&Rc::clone(library), "?"),
                    (None, _) => evaluator.unknown(span),
                };
                found = Some(match found {
                    Some(known) => known.or(value),
                    None => value,
                });
            }
            found?
        }
        "setattr" => {
            let key = evaluator.to_text(&two()?);
            let value = call
                .arguments
                .positional
                .get(2)
                .cloned()
                .unwrap_or(Value::Null);
            evaluator.put(&one()?, key.exact(), value);
            Value::Null
        }
        "vars"
        | "operator.index"
        | "asyncio.run"
        | "asyncio.create_task"
        | "asyncio.ensure_future"
        | "asyncio.get_event_loop().run_until_complete"
        | "asyncio.new_event_loop().run_until_complete"
        | "typing.cast"
        | "copy.copy"
        | "copy.deepcopy" => one()?,
        "__import__" | "importlib.import_module" | "importlib.__import__" => {
            let name = one()?;
            imported(evaluator, &name, span)
        }
        "functools.partial" => {
            let (function, rest) = call.arguments.positional.split_first()?;
            Value::Bound(Rc::new(Bound::Partial {
                function: function.clone(),
                first: Arguments {
                    positional: rest.to_vec(),
                    ..call.arguments.clone()
                },
            }))
        }
        "operator.methodcaller()" | "operator.attrgetter()" => {
            let given = call.receiver()?.clone();
            let (name, rest) = given.positional.split_first()?;
            let member = evaluator.member(&one()?, name.exact()?, span);
            if call.path == "operator.attrgetter()" {
                return Some(member);
            }
            let arguments = Arguments {
                positional: rest.to_vec(),
                ..given.clone()
            };
            evaluator.apply(&member, &arguments, span)
        }
        "compile" => one()?,
        "format" => match two() {
            Some(Value::Text(specifier)) if specifier.is_empty() => one()?,
            None => one()?,
            _ => evaluator.unknown(span),
        },
        "repr" | "ascii" => evaluator.unknown(span),
        "sys.exit" | "exit" | "quit" | "os._exit" | "os.abort" => {
            evaluator.exit();
            Value::Null
        }
        _ => return None,
    })
}

fn imported(evaluator: &mut Evaluator<'_>, name: &Value, span: Span) -> Value {
    evaluator
        .texts(name)
        .into_iter()
        .map(|text| match text.exact() {
            Some(name) => {
                let name = name.to_owned();
                evaluator.imported(&name, span)
            }
            None => evaluator.unknown(span),
        })
        .reduce(Value::or)
        .unwrap_or(Value::Null)
}

fn integer(text: &str, base: f64) -> Option<Value> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small whole base"
    )]
    let base = base as u32;
    if !(2..=36).contains(&base) {
        return None;
    }
    let text = text.trim();
    let digits = text
        .strip_prefix("0x")
        .filter(|_| base == 16)
        .unwrap_or(text);
    let number = i64::from_str_radix(digits, base).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
    (number.abs() < 1 << 53).then_some(Value::Number(number as f64))
}

fn length(evaluator: &mut Evaluator<'_>, value: &Value, span: Span) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "a length")]
    let count = |count: usize| Value::Number(count as f64);
    match value {
        Value::Text(text) => match text.exact() {
            Some(text) => count(text.chars().count()),
            None => evaluator.unknown(span),
        },
        Value::List(_) => match evaluator.known_items(value) {
            Some((items, false)) => count(items.len()),
            _ => evaluator.unknown(span),
        },
        Value::Map(_) => match evaluator.pairs(value) {
            Some((pairs, false)) => count(pairs.len()),
            _ => evaluator.unknown(span),
        },
        _ => evaluator.unknown(span),
    }
}

/// Letters, or their codes, as a text.
pub(super) fn bytes(evaluator: &mut Evaluator<'_>, items: &[Value], span: Span) -> Value {
    let mut found = Vec::new();
    for item in items {
        match item {
            Value::Number(code) if (0.0..256.0).contains(code) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked to be a byte"
                )]
                found.push(*code as u8);
            }
            Value::Text(text) => match text.exact() {
                Some(text) => found.extend(text.bytes()),
                None => return evaluator.unknown(span),
            },
            _ => return evaluator.unknown(span),
        }
    }
    decoded(Some(found)).unwrap_or_else(|| evaluator.unknown(span))
}

fn pairs_of(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    span: Span,
) -> Option<Vec<(String, Value)>> {
    let (items, _) = evaluator.items(value, true, span);
    items
        .iter()
        .map(|item| {
            let (pair, _) = evaluator.known_items(item)?;
            let (key, value) = (pair.first()?, pair.get(1)?);
            Some((evaluator.to_text(key).exact()?.to_owned(), value.clone()))
        })
        .collect()
}

/// A sorted list, if it is known what it is sorted by.
pub(super) fn sorted(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    arguments: &Arguments,
    span: Span,
) -> Value {
    let (mut items, open) = evaluator.items(value, true, span);
    let texts: Option<Vec<String>> = items
        .iter()
        .map(|item| item.exact().map(str::to_owned))
        .collect();
    match texts {
        Some(mut texts) if arguments.keywords.is_empty() => {
            texts.sort();
            items = texts.into_iter().map(Value::text).collect();
            evaluator.list(items, open)
        }
        // In another order: each may be any of them.
        _ => match items.clone().into_iter().reduce(Value::or) {
            Some(any) if items.len() > 1 => {
                let items = items.iter().map(|_| any.clone()).collect();
                evaluator.list(items, open)
            }
            _ => evaluator.list(items, open),
        },
    }
}

fn range(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Value {
    /// Longer ranges are not listed.
    const LENGTH: usize = 4096;
    let bounds: Option<Vec<f64>> = call
        .arguments
        .positional
        .iter()
        .map(Value::number)
        .collect();
    let (start, end, step) = match bounds.as_deref() {
        Some([end]) => (0.0, *end, 1.0),
        Some([start, end]) => (*start, *end, 1.0),
        Some([start, end, step]) if *step != 0.0 => (*start, *end, *step),
        _ => {
            let any = evaluator.unknown(call.span);
            return evaluator.list(vec![any], true);
        }
    };
    let mut items = Vec::new();
    let mut at = start;
    while (step > 0.0 && at < end) || (step < 0.0 && at > end) {
        if items.len() >= LENGTH {
            let any = evaluator.unknown(call.span);
            items.push(any);
            return evaluator.list(items, true);
        }
        items.push(Value::Number(at));
        at += step;
    }
    evaluator.list(items, false)
}

fn zip(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Value {
    let mut columns = Vec::new();
    let mut open = call.arguments.open;
    for value in &call.arguments.positional {
        let (items, more) = evaluator.items(value, true, call.span);
        open |= more;
        columns.push(items);
    }
    let shortest = columns.iter().map(Vec::len).min().unwrap_or(0);
    let mut rows = Vec::new();
    for index in 0..shortest {
        let row = columns
            .iter()
            .filter_map(|column| column.get(index))
            .cloned();
        let row = row.collect();
        rows.push(evaluator.list(row, false));
    }
    evaluator.list(rows, open)
}

/// `map(f, xs, ys)`; `filter` keeps what may be kept.
fn mapped(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let (function, lists) = call.arguments.positional.split_first()?;
    let spread = call.path.ends_with("starmap");
    let columns: Vec<(Vec<Value>, bool)> = lists
        .iter()
        .map(|list| evaluator.items(list, true, call.span))
        .collect();
    let open = columns.iter().any(|(_, open)| *open);
    let shortest = columns.iter().map(|(items, _)| items.len()).min()?;
    let mut found = Vec::new();
    for index in 0..shortest {
        let row: Vec<Value> = columns
            .iter()
            .filter_map(|(items, _)| items.get(index))
            .cloned()
            .collect();
        let positional = match row.first() {
            Some(first) if spread => evaluator.items(first, true, call.span).0,
            _ => row.clone(),
        };
        let arguments = Arguments {
            positional,
            ..Arguments::default()
        };
        if call.path != "filter" {
            found.push(evaluator.apply(function, &arguments, call.span));
            continue;
        }
        let kept = match function {
            Value::Null => row.first().cloned()?,
            function => evaluator.apply(function, &arguments, call.span),
        };
        if evaluator.truth(&kept) != Some(false) {
            found.extend(row.into_iter().next());
        }
    }
    Some(evaluator.list(found, open || call.path == "filter"))
}

fn of_os(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let one = || call.arguments.positional.first().cloned();
    Some(match call.path {
        "os.path.join" => evaluator.join_paths(&call.arguments.positional),
        "os.path.abspath" | "os.path.realpath" | "os.path.normpath" => {
            let directory = evaluator.directory();
            let absolute = call.path != "os.path.normpath";
            let value = one()?;
            known_or(evaluator, &value, |text| {
                let path = match directory.join(text) {
                    Some(path) if absolute => path.to_string_lossy().into_owned(),
                    _ => text.to_owned(),
                };
                Value::text(normal_path(&path))
            })
        }
        "os.path.expanduser" => expanded(evaluator, &one()?),
        "os.path.expandvars" => evaluator.lift(&one()?, span, |text| {
            (!text.contains('$')).then(|| Value::text(text))
        }),
        "os.path.basename" => evaluator.lift(&one()?, span, |text| {
            Some(Value::text(text.rsplit('/').next().unwrap_or(text)))
        }),
        "os.path.dirname" => {
            let value = one()?;
            match &value {
                Value::Text(text) if text.exact().is_none() => super::parent_of(text),
                _ => evaluator.lift(&value, span, |text| {
                    Some(Value::text(text.rsplit_once('/').map_or(
                        "",
                        |(parent, _)| {
                            if parent.is_empty() { "/" } else { parent }
                        },
                    )))
                }),
            }
        }
        "os.path.splitext" => {
            let text = evaluator.to_text(&one()?);
            match text.exact() {
                Some(path) => {
                    let (_, name) = split_path(path);
                    let dot = name.rfind('.').filter(|at| *at > 0);
                    let length = dot.map_or(0, |at| name.len() - at);
                    let (root, suffix) = path.split_at(path.len() - length);
                    evaluator.text_list([root, suffix])
                }
                None => {
                    let unknown = evaluator.unknown(span);
                    evaluator.list(vec![unknown.clone(), unknown], false)
                }
            }
        }
        "os.path.split" => {
            let text = evaluator.to_text(&one()?);
            match text.exact() {
                Some(path) => {
                    let (parent, name) = split_path(path);
                    evaluator.text_list([parent, name])
                }
                None => return Some(evaluator.unknown(span)),
            }
        }
        "os.getcwd" | "os.getcwdb" | "pathlib.Path.cwd" => {
            let value = match evaluator.directory() {
                crate::resolve::Directory::Known(path) => Value::text(path.to_string_lossy()),
                crate::resolve::Directory::Unknown(source) => Value::unknown(source),
            };
            if call.path == "pathlib.Path.cwd" {
                paths(&value)
            } else {
                value
            }
        }
        "pathlib.Path.home" => paths(&expanded(evaluator, &Value::text("~"))),
        "os.chdir" => {
            let to = evaluator.to_text(&one()?);
            evaluator.enter_directory(&to);
            Value::Null
        }
        // It is left again at the end of a block, which is not followed.
        "invoke.Context().cd" | "nox.Session().chdir" | "nox.Session().cd" => {
            let to = evaluator.to_text(&one()?);
            evaluator.enter_directory(&Text::unknown(to.display()));
            Value::Null
        }
        "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault" => {
            let name = evaluator.to_text(&one()?);
            let default = call.arguments.positional.get(1).cloned();
            let Some(name) = name.exact() else {
                return Some(evaluator.unknown(span));
            };
            match evaluator.variable(name) {
                Some(value) => value,
                None => match default {
                    Some(default) if !evaluator.call.command.environment.uncertain => default,
                    Some(default) => default.or(Value::unknown(format!("${name}"))),
                    None => Value::unknown(format!("${name}")),
                },
            }
        }
        "os.environ.update" | "os.putenv" => {
            let environment = Value::Map(evaluator.environment);
            let mut pairs = match call.path {
                "os.putenv" => {
                    let name = evaluator.to_text(&one()?);
                    let value = call.arguments.positional.get(1).cloned();
                    vec![(name.exact()?.to_owned(), value?)]
                }
                _ => {
                    let given = one().and_then(|given| evaluator.pairs(&given));
                    given.map(|(pairs, _)| pairs).unwrap_or_default()
                }
            };
            pairs.extend(call.arguments.keywords.iter().cloned());
            for (name, value) in pairs {
                evaluator.put(&environment, Some(&name), value);
            }
            Value::Null
        }
        "os.listdir" => evaluator.list(vec![Value::Text(everything(false))], false),
        "os.scandir" => {
            let base = one().unwrap_or_else(|| Value::text("."));
            let inside = evaluator.join_paths(&[base, Value::Text(everything(false))]);
            let entries = paths(&inside);
            evaluator.list(vec![entries], false)
        }
        "os.walk" => {
            let base = one()?;
            let below = {
                let mut text = Text::empty();
                text.push(crate::resolve::Part::Glob("**".to_owned()));
                evaluator.join_paths(&[base.clone(), Value::Text(text)])
            };
            let mut rows = Vec::new();
            for root in [base, below] {
                let names = vec![Value::Text(everything(false))];
                let directories = evaluator.list(names.clone(), false);
                let files = evaluator.list(names, false);
                rows.push(evaluator.list(vec![root, directories, files], false));
            }
            evaluator.list(rows, false)
        }
        "glob.glob" | "glob.iglob" => {
            let found = known_or(evaluator, &one()?, |text| Value::Text(pattern(text)));
            evaluator.list(vec![found], false)
        }
        "open().read" => {
            let path = call.receiver()?.positional.first()?.clone();
            match evaluator.file_text(&path) {
                Some(text) => Value::text(text),
                None => evaluator.unknown(span),
            }
        }
        "open().__iter__" | "open().readlines" => {
            let path = call.receiver()?.positional.first()?.clone();
            let text = evaluator.file_text(&path)?;
            let lines = text.split_inclusive('\n').take(LINES + 1);
            let mut lines: Vec<Value> = lines.map(Value::text).collect();
            let open = lines.len() > LINES;
            lines.truncate(LINES);
            if open {
                lines.push(evaluator.unknown(span));
            }
            evaluator.list(lines, open)
        }
        "collections.namedtuple" => {
            let fields = call.argument(1, "field_names")?.clone();
            let names = match fields.exact() {
                Some(text) => text
                    .split([',', ' ', '\n', '\t'])
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect(),
                None => {
                    let (items, _) = evaluator.known_items(&fields)?;
                    let names = items.iter().map(|item| item.exact().map(str::to_owned));
                    names.collect::<Option<Vec<String>>>()?
                }
            };
            evaluator.record_class(names, span)
        }
        "argparse.ArgumentParser().parse_args" => return arguments::parse(evaluator, call),
        path if path.starts_with("argparse.") && path.ends_with(".add_argument") => {
            // What a sub-command takes comes after it, and a file's own parser is one of several.
            let one = path.matches("ArgumentParser").count() == 1 && !path.contains("add_parser");
            let declared = if one {
                call.arguments.clone()
            } else {
                Arguments {
                    open: true,
                    ..Arguments::default()
                }
            };
            evaluator.declared.push(declared);
            Value::Null
        }
        "input" | "raw_input" => {
            let text = evaluator.standard_input();
            evaluator.lift(&text, span, |text| Some(Value::text(text.lines().next()?)))
        }
        "sys.stdin.read" | "sys.stdin.buffer.read" => evaluator.standard_input(),
        "sys.stdin.readline" => {
            let text = evaluator.standard_input();
            evaluator.lift(&text, span, |text| {
                Some(Value::text(text.split_inclusive('\n').next()?))
            })
        }
        "tempfile.mkdtemp" | "tempfile.mktemp" | "tempfile.gettempdir" => temporary(),
        "tempfile.mkstemp" => {
            evaluator.list(vec![Value::unknown("a descriptor"), temporary()], false)
        }
        "tempfile.TemporaryDirectory" => temporary(),
        _ => return None,
    })
}

/// A path of its own among the temporary files.
fn temporary() -> Value {
    Value::Text(Text::unknown("$(mktemp -d)"))
}

/// The value for what is known, and what is not known as it stands.
fn known_or(evaluator: &mut Evaluator<'_>, value: &Value, known: impl Fn(&str) -> Value) -> Value {
    evaluator
        .texts(value)
        .into_iter()
        .map(|text| match text.exact() {
            Some(path) => known(path),
            None => Value::Text(text),
        })
        .reduce(Value::or)
        .unwrap_or(Value::Null)
}

/// `~` and `~name` at the start of a path.
fn expanded(evaluator: &mut Evaluator<'_>, value: &Value) -> Value {
    let home = evaluator
        .variable("HOME")
        .map(|home| evaluator.to_text(&home));
    let texts = evaluator.texts(value).into_iter();
    let expanded = texts.map(|text| {
        let Some(rest) = text.known_prefix().strip_prefix('~') else {
            return Value::Text(text);
        };
        let (user, after) = rest
            .split_once('/')
            .map_or((rest, ""), |(user, _)| (user, "/"));
        let start = if user.is_empty() {
            home.clone()
        } else {
            let home = evaluator.call.world.home_of(user);
            home.map(|home| Text::known(home.to_string_lossy()))
        };
        let mut path = start.unwrap_or_else(|| Text::unknown(format!("~{user}")));
        path.push_known(after);
        path.push_known(rest.get(user.len() + after.len()..).unwrap_or_default());
        for part in text.parts().iter().skip(1) {
            path.push(part.clone());
        }
        Value::Text(path)
    });
    expanded.reduce(Value::or).unwrap_or(Value::Null)
}

fn decoding(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let one = || call.arguments.positional.first().cloned();
    Some(match call.path {
        "base64.b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.standard_b64decode"
        | "base64.decodebytes"
        | "binascii.a2b_base64" => {
            evaluator.lift(&one()?, span, |text| decoded(decode_base64(text)))
        }
        "base64.b16decode" | "binascii.unhexlify" | "binascii.a2b_hex" => {
            evaluator.lift(&one()?, span, |text| decoded(decode_hex(text)))
        }
        "codecs.decode" | "codecs.encode" => {
            let codec = call
                .argument(1, "encoding")
                .and_then(Value::exact)
                .unwrap_or("utf-8");
            // Only a cipher that is its own inverse can be encoded here.
            if call.path == "codecs.encode" && !codec.to_ascii_lowercase().starts_with("rot") {
                return Some(evaluator.unknown(span));
            }
            let codec = codec.to_owned();
            method::decode(evaluator, &one()?, &codec, span)
        }
        "urllib.parse.unquote" | "urllib.parse.unquote_plus" => {
            evaluator.lift(&one()?, span, |text| {
                Some(Value::text(crate::payload::http::url::percent_decode(
                    text, false,
                )))
            })
        }
        "html.unescape" => evaluator.lift(&one()?, span, |text| {
            (!text.contains('&')).then(|| Value::text(text))
        }),
        "json.loads" => {
            let text = evaluator.to_text(&one()?);
            match serde_json::from_str::<serde_json::Value>(&evaluator.holes.render(&text)) {
                Ok(json) => evaluator.json_value(&json),
                Err(_) => evaluator.unknown(span),
            }
        }
        "json.dumps" | "ujson.dumps" | "orjson.dumps" => Value::Text(evaluator.json(&one()?)),
        "json.load" => {
            let Some(Value::Name(file)) = one() else {
                return Some(evaluator.unknown(span));
            };
            let path = file
                .calls
                .first()
                .and_then(|call| call.positional.first())
                .cloned();
            let text = path
                .filter(|_| file.path == "open()")
                .and_then(|path| evaluator.file_text(&path));
            match text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) {
                Some(json) => evaluator.json_value(&json),
                None => evaluator.unknown(span),
            }
        }
        _ => return None,
    })
}

fn others(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let one = || call.arguments.positional.first().cloned();
    Some(match call.path {
        "pathlib.Path" => match call.arguments.positional.as_slice() {
            [] => paths(&Value::text(".")),
            parts => paths(&evaluator.join_paths(parts)),
        },
        "shlex.split" => {
            let text = evaluator.to_text(&one()?);
            match text.exact().and_then(|text| shell_words::split(text).ok()) {
                Some(words) => evaluator.text_list(words.iter().map(String::as_str)),
                None => evaluator.unknown(span),
            }
        }
        "shlex.quote" => {
            let text = evaluator.to_text(&one()?);
            match text.exact() {
                Some(text) => Value::text(shell_words::quote(text)),
                None => {
                    let mut quoted = Text::known("'");
                    quoted.append(text);
                    quoted.push_known("'");
                    Value::Text(quoted)
                }
            }
        }
        "shlex.join" => {
            let (items, open) = evaluator.items(&one()?, true, span);
            let words: Option<Vec<&str>> = items.iter().map(Value::exact).collect();
            match words {
                Some(words) if !open => Value::text(shell_words::join(words)),
                _ => evaluator.unknown(span),
            }
        }
        "random.choice" | "secrets.choice" => {
            let (items, _) = evaluator.items(&one()?, true, span);
            items.into_iter().reduce(Value::or)?
        }
        "random.sample" | "random.choices" => {
            let (items, _) = evaluator.items(&one()?, true, span);
            evaluator.list(items, false)
        }
        _ => return None,
    })
}

/// Methods of a path that give a path.
fn of_path(evaluator: &mut Evaluator<'_>, operation: &str, call: &Invocation<'_>) -> Option<Value> {
    let receiver = Value::Name(Rc::new(crate::program::value::Name {
        path: "pathlib.Path()".to_owned(),
        calls: call.name.calls.clone(),
    }));
    let path = path_text(&receiver)?;
    let base = Value::Text(path.clone());
    let one = || call.arguments.positional.first().cloned();
    Some(match operation {
        "joinpath" => {
            let mut parts = vec![base];
            parts.extend(call.arguments.positional.iter().cloned());
            paths(&evaluator.join_paths(&parts))
        }
        "expanduser" => paths(&expanded(evaluator, &base)),
        "resolve" | "absolute" => {
            let directory = evaluator.directory();
            let made = known_or(evaluator, &base, |text| {
                let path = directory.join(text);
                let path = path.map_or_else(
                    || text.to_owned(),
                    |path| path.to_string_lossy().into_owned(),
                );
                Value::text(normal_path(&path))
            });
            paths(&made)
        }
        "as_posix" | "__str__" | "__fspath__" => base,
        "with_name" | "with_suffix" | "with_stem" => {
            let given = one()?;
            let given = given.exact().map(str::to_owned);
            let Some((given, path)) = given.zip(path.exact()) else {
                return Some(paths(&Value::unknown(path.display())));
            };
            let (parent, name) = split_path(path);
            let (stem, suffix) = match name.rfind('.') {
                Some(at) if at > 0 => name.split_at(at),
                _ => (name, ""),
            };
            let name = match operation {
                "with_name" => given,
                "with_suffix" => format!("{stem}{given}"),
                _ => format!("{given}{suffix}"),
            };
            let parent = parent.to_owned();
            paths(&evaluator.join_paths(&[Value::text(parent), Value::text(name)]))
        }
        "glob" | "rglob" => {
            let found = known_or(evaluator, &one()?, |text| {
                let mut found = Text::empty();
                if operation == "rglob" {
                    found.push(crate::resolve::Part::Glob(format!("**/{text}")));
                } else {
                    found = pattern(text);
                }
                Value::Text(found)
            });
            let joined = evaluator.join_paths(&[base, found]);
            let each = paths(&joined);
            evaluator.list(vec![each], false)
        }
        "iterdir" => {
            let joined = evaluator.join_paths(&[base, Value::Text(everything(false))]);
            let each = paths(&joined);
            evaluator.list(vec![each], false)
        }
        "read_text" | "read_bytes" => match evaluator.file_text(&base) {
            Some(text) => Value::text(text),
            None => evaluator.unknown(call.span),
        },
        _ => return None,
    })
}
