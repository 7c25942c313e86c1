//! The parts of the library of node, bun and deno that only compute.

use std::rc::Rc;

use super::method::{buffer, of_function, of_promise};
use crate::program::Invocation;
use crate::program::evaluate::Evaluator;
use crate::program::texts::{decoded, everything, letter, normal_path, split_path};
use crate::program::value::{Arguments, Name, Value};
use crate::resolve::decode::base64 as decode_base64;
use crate::resolve::{Directory, Text};

/// Names that stand for a value.
pub(super) fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "process.argv" => {
            let items = evaluator
                .arguments
                .iter()
                .cloned()
                .map(Value::Text)
                .collect();
            evaluator.list(items, false)
        }
        "Deno.args" | "Bun.argv" => {
            let skipped = if path == "Deno.args" { 2 } else { 0 };
            let items = evaluator.arguments.iter().skip(skipped).cloned();
            let items = items.map(Value::Text).collect();
            evaluator.list(items, false)
        }
        "__filename" | "import.meta.filename" | "import.meta.path" => {
            let path = evaluator.unit.path.clone()?;
            Value::text(path.to_string_lossy())
        }
        "__dirname" | "import.meta.dirname" | "import.meta.dir" => match &evaluator.unit.path {
            Some(path) => Value::text(path.parent()?.to_string_lossy()),
            None => Value::text("."),
        },
        "import.meta.url" => {
            let path = evaluator.unit.path.clone()?;
            Value::text(format!("file://{}", path.display()))
        }
        "path.sep" => Value::text("/"),
        "process.platform" => Value::text("linux"),
        "process.execPath" => Value::text("node"),
        "os.EOL" => Value::text("\n"),
        "NaN" | "Infinity" => Value::unknown(path),
        _ => {
            let name = path.strip_prefix("process.env.")?;
            if name.contains(['.', '(']) {
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
    printing(evaluator, call)
        .or_else(|| super::commands::fold(evaluator, call))
        .or_else(|| on_any(evaluator, call))
        .or_else(|| builtin(evaluator, call))
        .or_else(|| of_node(evaluator, call))
        .or_else(|| of_paths(evaluator, call))
}

/// What writes to the standard output, and to the standard error, which nothing reads.
fn printing(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let given = &call.arguments.positional;
    match call.path {
        "console.log" | "console.info" | "console.debug" => {
            // A `%` in the first may be a place for the next.
            let format = given.len() > 1
                && given
                    .first()
                    .is_some_and(|first| first.exact().is_none_or(|first| first.contains('%')));
            if format || call.arguments.open {
                evaluator.print_unseen();
            } else {
                evaluator.print(given, " ", "\n");
            }
        }
        "process.stdout.write" => match given.first() {
            Some(text) => evaluator.print(std::slice::from_ref(text), "", ""),
            None => evaluator.print_unseen(),
        },
        "console.error" | "console.warn" | "process.stderr.write" => {}
        _ => return None,
    }
    Some(Value::Null)
}

/// What a file of JSON beside the program holds.
fn data(evaluator: &mut Evaluator<'_>, name: &str) -> Option<Value> {
    let (path, text) = super::module(evaluator, name)?;
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let json = serde_json::from_str(&text).ok().filter(|_| is_json)?;
    Some(evaluator.json_value(&json))
}

/// Methods that everything has.
fn on_any(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let (receiver, name) = call.path.rsplit_once('.')?;
    if receiver == "Reflect" {
        return None;
    }
    let receiver = Value::Name(Rc::new(Name {
        path: receiver.to_owned(),
        calls: call.name.calls.clone(),
    }));
    of_function(evaluator, &receiver, name, call.arguments, call.span)
        .or_else(|| of_promise(evaluator, &receiver, name, call.arguments, call.span))
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn builtin(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let one = || call.arguments.positional.first().cloned();
    let two = || call.arguments.positional.get(1).cloned();
    Some(match call.path {
        "require"
        | "import"
        | "module.require"
        | "process.getBuiltinModule"
        | "module.createRequire()"
        | "process.binding" => {
            let name = one()?;
            evaluator
                .texts(&name)
                .into_iter()
                .map(|text| match text.exact() {
                    Some(name) => {
                        let name = name.strip_prefix("node:").unwrap_or(name).to_owned();
                        match data(evaluator, &name) {
                            Some(value) => value,
                            None => evaluator.imported(&name, span),
                        }
                    }
                    None => evaluator.unknown(span),
                })
                .reduce(Value::or)?
        }
        "String" | "Buffer" => {
            let texts = evaluator.texts(&one()?).into_iter().map(Value::Text);
            texts.reduce(Value::or)?
        }
        "String.fromCharCode" | "String.fromCodePoint" => {
            let letters: Option<String> = call
                .arguments
                .positional
                .iter()
                .map(|code| code.number().and_then(letter))
                .collect();
            match letters {
                Some(letters) if !call.arguments.open => Value::text(letters),
                _ => evaluator.unknown(span),
            }
        }
        "String.raw.tagged" => one()?,
        "Buffer.from" => buffer(evaluator, &one()?, two().as_ref(), span),
        "Buffer.concat" => {
            let (items, open) = evaluator.items(&one()?, false, span);
            if open {
                return Some(evaluator.unknown(span));
            }
            evaluator.joined(&items)
        }
        "TextDecoder().decode" | "TextEncoder().encode" => {
            let value = one()?;
            buffer(evaluator, &value, None, span)
        }
        "Uint8Array.from" | "Uint8Array" | "Array.from" if call.arguments.positional.len() == 1 => {
            match one()? {
                value @ Value::Text(_) if call.path != "Array.from" => value,
                value => {
                    let (items, open) = evaluator.items(&value, false, span);
                    evaluator.list(items, open)
                }
            }
        }
        "Array.from" | "Uint8Array.from" => {
            let (items, open) = evaluator.items(&one()?, false, span);
            let function = two()?;
            let mut found = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a short list")]
                let index = Value::Number(index as f64);
                let given = Arguments {
                    positional: vec![item, index],
                    ..Arguments::default()
                };
                found.push(evaluator.apply(&function, &given, span));
            }
            evaluator.list(found, open)
        }
        "Array" | "Array.of" => {
            evaluator.list(call.arguments.positional.clone(), call.arguments.open)
        }
        "Set" | "Map" => match one() {
            Some(value) => {
                let (items, open) = evaluator.items(&value, false, span);
                evaluator.list(items, open)
            }
            None => return None,
        },
        "atob" => evaluator.lift(&one()?, span, |text| decoded(decode_base64(text))),
        "decodeURIComponent" | "decodeURI" | "unescape" => evaluator.lift(&one()?, span, |text| {
            Some(Value::text(crate::payload::http::url::percent_decode(
                text, false,
            )))
        }),
        "parseInt" | "Number" => match one()? {
            Value::Number(number) => Value::Number(number),
            value => {
                let base = two().map_or(Some(10.0), |base| base.number())?;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a small base"
                )]
                let base = (2.0..=36.0).contains(&base).then_some(base as u32)?;
                evaluator.lift(&value, span, |text| {
                    #[expect(clippy::cast_precision_loss, reason = "a small number")]
                    i64::from_str_radix(text.trim(), base)
                        .ok()
                        .filter(|number| number.abs() < 1 << 53)
                        .map(|number| Value::Number(number as f64))
                })
            }
        },
        "JSON.parse" => {
            let text = evaluator.to_text(&one()?);
            match serde_json::from_str::<serde_json::Value>(&evaluator.holes.render(&text)) {
                Ok(json) => evaluator.json_value(&json),
                Err(_) => evaluator.unknown(span),
            }
        }
        "JSON.stringify" => Value::Text(evaluator.json(&one()?)),
        "Object.keys" | "Object.values" | "Object.entries" => {
            let (pairs, open) = evaluator.pairs(&one()?)?;
            let mut items = Vec::new();
            for (key, value) in pairs {
                items.push(match call.path {
                    "Object.keys" => Value::text(key),
                    "Object.values" => value,
                    _ => evaluator.list(vec![Value::text(key), value], false),
                });
            }
            evaluator.list(items, open)
        }
        "Object.assign" => {
            let target = one()?;
            for source in call.arguments.positional.iter().skip(1) {
                let pairs = evaluator.pairs(source).map(|(pairs, _)| pairs);
                for (key, value) in pairs.into_iter().flatten() {
                    evaluator.put(&target, Some(&key), value);
                }
            }
            target
        }
        "Object.freeze" | "Promise.resolve" | "Promise.all" | "Promise.allSettled"
        | "util.promisify" | "util.callbackify" | "structuredClone" | "Object" => one()?,
        "Reflect.apply" => {
            let listed = call.arguments.positional.get(2)?.clone();
            let (items, open) = evaluator.items(&listed, false, span);
            let given = Arguments {
                positional: items,
                keywords: Vec::new(),
                open,
            };
            evaluator.apply(&one()?, &given, span)
        }
        "Reflect.get" => {
            let key = two()?;
            evaluator.index(&one()?, &key, span)
        }
        "Promise" => {
            let resolve = Value::name("resolve");
            evaluator.call_back(vec![one()?], &[resolve.clone(), resolve], span);
            return None;
        }
        "Function" | "AsyncFunction" => {
            let (text, names) = call.arguments.positional.split_last()?;
            let names: Vec<String> = names
                .iter()
                .filter_map(Value::exact)
                .flat_map(|names| names.split(','))
                .map(|name| name.trim().to_owned())
                .collect();
            match evaluator.to_text(text).exact() {
                Some(text) => evaluator.function_of(text, &names, span),
                None => return None,
            }
        }
        "process.exit" | "Deno.exit" | "process.abort" | "process.reallyExit" => {
            evaluator.exit();
            Value::Null
        }
        _ => return None,
    })
}

fn of_node(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let one = || call.arguments.positional.first().cloned();
    Some(match call.path {
        "process.cwd" | "Deno.cwd" => match evaluator.directory() {
            Directory::Known(path) => Value::text(path.to_string_lossy()),
            Directory::Unknown(source) => Value::unknown(source),
        },
        "process.chdir" | "Deno.chdir" => {
            let to = evaluator.to_text(&one()?);
            evaluator.enter_directory(&to);
            Value::Null
        }
        "Deno.env.get" => {
            let name = evaluator.to_text(&one()?);
            let name = name.exact()?;
            evaluator
                .variable(name)
                .unwrap_or_else(|| Value::unknown(format!("${name}")))
        }
        "os.homedir" => evaluator
            .variable("HOME")
            .unwrap_or_else(|| Value::unknown("the home directory")),
        "os.tmpdir" => Value::text("/tmp"),
        "fs.mkdtempSync" | "fs/promises.mkdtemp" => {
            let prefix = one()?;
            // Letters and digits, as `$RANDOM` is.
            evaluator.joined(&[prefix, Value::unknown("$RANDOM")])
        }
        "Deno.makeTempDir"
        | "Deno.makeTempDirSync"
        | "Deno.makeTempFile"
        | "Deno.makeTempFileSync"
        | "tmp.dirSync"
        | "tmp.tmpNameSync" => Value::Text(Text::unknown("$(mktemp -d)")),
        "fs.readFileSync"
        | "fs/promises.readFile"
        | "Deno.readTextFile"
        | "Deno.readTextFileSync"
        | "Bun.file().text"
        | "fs.promises.readFile" => {
            let path = if call.path == "Bun.file().text" {
                call.receiver()?.positional.first()?.clone()
            } else {
                one()?
            };
            // `/dev/stdin` or the descriptor 0.
            if path.number() == Some(0.0) || path.exact() == Some("/dev/stdin") {
                return Some(evaluator.standard_input());
            }
            match evaluator.file_text(&path) {
                Some(text) => Value::text(text),
                None => evaluator.unknown(call.span),
            }
        }
        "fs.readdirSync"
        | "fs/promises.readdir"
        | "Deno.readDirSync"
        | "Deno.readDir"
        | "fs.globSync"
        | "glob.sync"
        | "glob.globSync"
        | "fast-glob.sync"
        | "globby.globbySync" => {
            if call.path.contains("glob") {
                let text = evaluator.to_text(&one()?);
                let fits = match text.exact() {
                    Some(text) => Value::Text(crate::program::texts::pattern(text)),
                    None => evaluator.unknown(call.span),
                };
                return Some(evaluator.list(vec![fits], false));
            }
            let options = call
                .arguments
                .positional
                .get(1)
                .and_then(|o| evaluator.pairs(o));
            let options = options.map(|(pairs, _)| pairs).unwrap_or_default();
            let deep = options.iter().any(|(name, _)| name == "recursive");
            let entry = Value::Text(everything(deep));
            let typed = options.iter().any(|(name, _)| name == "withFileTypes");
            if typed || call.path.starts_with("Deno") {
                let base = one()?;
                let pairs = vec![("name".to_owned(), entry), ("parentPath".to_owned(), base)];
                let entry = evaluator.map(pairs, true);
                return Some(evaluator.list(vec![entry], false));
            }
            evaluator.list(vec![entry], false)
        }
        _ => return None,
    })
}

fn of_paths(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let operation = call
        .path
        .strip_prefix("path.posix.")
        .or_else(|| call.path.strip_prefix("path."))?;
    let one = || call.arguments.positional.first().cloned();
    Some(match operation {
        "join" | "resolve" => {
            let mut parts = call.arguments.positional.clone();
            if operation == "join" {
                // Each stands below the one before, absolute or not.
                for part in parts.iter_mut().skip(1) {
                    if let Some(text) = part.exact() {
                        *part = Value::text(text.trim_start_matches('/'));
                    }
                }
            } else if let Directory::Known(path) = evaluator.directory() {
                parts.insert(0, Value::text(path.to_string_lossy()));
            }
            let joined = evaluator.join_paths(&parts);
            normalised(evaluator, &joined)
        }
        "normalize" => normalised(evaluator, &one()?),
        "dirname" => evaluator.lift(&one()?, span, |text| {
            let (parent, _) = split_path(text);
            Some(Value::text(if parent.is_empty() { "." } else { parent }))
        }),
        "basename" => {
            let ending = call.arguments.positional.get(1).and_then(Value::exact);
            let ending = ending.unwrap_or_default().to_owned();
            evaluator.lift(&one()?, span, |text| {
                let (_, name) = split_path(text);
                Some(Value::text(
                    name.strip_suffix(ending.as_str()).unwrap_or(name),
                ))
            })
        }
        "extname" => evaluator.lift(&one()?, span, |text| {
            let (_, name) = split_path(text);
            let at = name.rfind('.').filter(|at| *at > 0);
            Some(Value::text(
                at.and_then(|at| name.get(at..)).unwrap_or_default(),
            ))
        }),
        _ => return None,
    })
}

fn normalised(evaluator: &mut Evaluator<'_>, value: &Value) -> Value {
    evaluator
        .texts(value)
        .into_iter()
        .map(|text| match text.exact() {
            Some(path) => Value::text(normal_path(path)),
            None => Value::Text(text),
        })
        .reduce(Value::or)
        .unwrap_or(Value::Null)
}
