//! PowerShell: its grammar, its values and the parts of its library that only compute.

mod lower;

use super::evaluate::Evaluator;
use super::preload;
use super::texts::{letter, normal_path};
use super::value::{Arguments, Item, Value};
use super::{Invocation, Kind, Language, scripts, start, texts};
use crate::call::{Call, Findings};
use crate::location::Span;
use crate::payload::cmd;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};
use crate::resolve::{Argument, Origin, Stdin, Text};
use crate::rules::origin_of;

pub(super) static POWERSHELL: Language = Language {
    name: "powershell",
    parse: lower::parse,
    inline: &[],
    module_option: None,
    preload: preload::NONE,
    directory_main: &[],
    literals: ["True", "False", ""],
    empty_is_true: false,
    list_is_text: false,
    keys_are_members: true,
    missing_is_null: true,
    super_is_called: false,
    environment: "$env",
    arguments_with_interpreter: false,
    property: |_| false,
    module: |_, _| None,
    constant,
    member,
    method,
    fold,
    operate: |_, _, _, _, _| None,
    print: |evaluator, value| match value {
        Value::List(_) => {
            let (items, open) = evaluator.known_items(value)?;
            let mut text = Text::empty();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_known(" ");
                }
                text.append(evaluator.to_text(item));
            }
            if open {
                text.append(Text::unknown("…"));
            }
            Some(text)
        }
        _ => None,
    },
    truth: |_| None,
};

/// Judges a PowerShell by its argv.
pub(crate) fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let mut words = call.command.argv.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        let Some(text) = word.value.exact() else {
            if !word.value.known_prefix().is_empty() || word.splits {
                inline(
                    &rest(word, words),
                    &Origin::Place(word.location.clone()),
                    call,
                    findings,
                );
                return;
            }
            let reason = format!(
                "what PowerShell runs is known only then: {}",
                word.value.display()
            );
            findings.opaque(reason, &word.location);
            return;
        };
        let lower = text.to_lowercase();
        let Some(option) = lower.strip_prefix(['-', '/']).filter(|_| text != "-") else {
            // Windows PowerShell takes a command here, the later one a file.
            if lower.ends_with(".ps1") {
                file(word, words.cloned().collect(), call, findings);
            } else {
                inline(
                    &rest(word, words),
                    &Origin::Place(word.location.clone()),
                    call,
                    findings,
                );
            }
            return;
        };
        let option = option.trim_start_matches('-');
        let is = |name: &str| !option.is_empty() && name.starts_with(option);
        if is("command") || option == "commandwithargs" || option == "cwa" {
            let Some(first) = words.next() else { return };
            if first.value.exact() == Some("-") {
                from_stdin(call, findings);
                return;
            }
            let origin = if words.peek().is_none() {
                origin_of(first)
            } else {
                Origin::Place(first.location.clone())
            };
            inline(&rest(first, words), &origin, call, findings);
            return;
        }
        if option == "e" || option == "ec" || (is("encodedcommand") && option.len() > 1) {
            let Some(encoded) = words.next() else { return };
            let decoded = encoded.value.exact().and_then(decode_base64).map(|bytes| {
                let units: Vec<u16> = bytes
                    .chunks_exact(2)
                    .map(|pair| u16::from(pair[0]) | u16::from(pair[1]) << 8)
                    .collect();
                String::from_utf16_lossy(&units)
            });
            match decoded {
                Some(text) => {
                    let origin = Origin::Place(encoded.location.clone());
                    inline(&Text::known(text), &origin, call, findings);
                }
                None => {
                    let reason = "PowerShell text that is encoded, and cannot be decoded";
                    findings.opaque(reason, &encoded.location);
                }
            }
            return;
        }
        if is("file") {
            if let Some(named) = words.next() {
                file(named, words.cloned().collect(), call, findings);
            }
            return;
        }
        let switch = [
            "noprofile",
            "noninteractive",
            "nologo",
            "noexit",
            "sta",
            "mta",
            "login",
            "interactive",
        ];
        let short = ["nop", "noni", "nol", "noe", "i", "l"];
        if is("version") && option.len() < 8 && option != "version"
            || matches!(option, "v" | "version" | "help" | "h" | "?")
        {
            return;
        }
        if !switch.iter().any(|name| is(name)) && !short.contains(&option) {
            // Any other takes a value.
            words.next();
        }
    }
    from_stdin(call, findings);
}

/// The words from here on, as PowerShell joins them.
fn rest<'w>(first: &Argument, words: impl Iterator<Item = &'w Argument>) -> Text {
    let mut text = first.value.clone();
    for word in words {
        text.push_known(" ");
        text.append(word.value.clone());
    }
    text
}

fn inline(text: &Text, origin: &Origin, call: &Call<'_>, findings: &mut Findings) {
    // What is read is not quite what is written.
    let same = text
        .exact()
        .is_some_and(|text| lower::normalized(text) == text);
    let origin = if same {
        origin.clone()
    } else {
        Origin::Place(call.command.location.clone())
    };
    start(
        text,
        origin,
        Kind::Inline,
        None,
        Vec::new(),
        &POWERSHELL,
        call,
        findings,
    );
}

fn from_stdin(call: &Call<'_>, findings: &mut Findings) {
    let place = &call.command.location;
    match &call.command.stdin {
        Stdin::Text(text) => {
            inline(text, &Origin::Place(place.clone()), call, findings);
        }
        Stdin::Unknown(source) => {
            let reason = format!("it runs the program that `{source}` prints");
            findings.opaque(reason, place);
        }
        Stdin::File(path) => match call.world.read(path) {
            Ok(text) => inline(
                &Text::known(text),
                &Origin::Place(place.clone()),
                call,
                findings,
            ),
            Err(error) => {
                findings.opaque(format!("a script that guard cannot read: {error}"), place);
            }
        },
        Stdin::Inherited | Stdin::Empty => {}
    }
}

fn file(named: &Argument, rest: Vec<Argument>, call: &Call<'_>, findings: &mut Findings) {
    if call.command.elsewhere.is_some() {
        return;
    }
    let name = named.value.exact().map(|name| name.replace('\\', "/"));
    let path = name.and_then(|name| call.command.directory.join(&name));
    let Some(path) = path else { return };
    let Ok(text) = call.world.read(&path) else {
        return;
    };
    let arguments = rest.into_iter().map(|word| word.value).collect();
    let origin = Origin::Place(named.location.clone());
    start(
        &Text::known(text),
        origin,
        Kind::File,
        Some(path),
        arguments,
        &POWERSHELL,
        call,
        findings,
    );
}

fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "$args" => {
            let items = evaluator
                .arguments
                .iter()
                .cloned()
                .map(Value::Text)
                .collect();
            evaluator.list(items, false)
        }
        "$pwd" | "$psscriptroot" => Value::text("."),
        "$home" => scripts::variable(evaluator, "HOME"),
        "$pid" => Value::unknown("$PID"),
        "$env:temp" | "$env:tmp" => Value::text("/tmp"),
        "$env:comspec" => Value::text("cmd.exe"),
        "io.path.directoryseparatorchar" => Value::text("/"),
        "environment.newline" => Value::text("\n"),
        "string.empty" => Value::text(""),
        _ => {
            let name = path.strip_prefix("$env:")?;
            match evaluator.variable(&name.to_uppercase()) {
                Some(value) => value,
                None => scripts::variable(evaluator, name),
            }
        }
    })
}

/// A file that was found is its path.
fn member(_: &mut Evaluator<'_>, object: &Value, name: &str, _: Span) -> Option<Value> {
    match (object, name) {
        (Value::Text(_), "fullname" | "name" | "pspath" | "path" | "basename" | "source") => {
            Some(object.clone())
        }
        (Value::List(_), "fullname" | "name" | "pspath" | "path") => Some(object.clone()),
        _ => None,
    }
}

fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let first = arguments.positional.first();
    Some(match name {
        "()" => {
            let called = receiver.exact()?.to_lowercase();
            let function = evaluator.lookup(&called);
            let function = function.unwrap_or_else(|| {
                // A cmdlet, or a program.
                Value::name(called.clone())
            });
            if matches!(function, Value::Name(_)) && !called.contains('-') {
                let words = evaluator.list(
                    std::iter::once(receiver.clone())
                        .chain(arguments.positional.iter().cloned())
                        .collect(),
                    arguments.open,
                );
                let alias = lower::canonical(&called);
                let function = match alias {
                    Some(cmdlet) => Value::name(cmdlet),
                    None => {
                        let arguments = Arguments {
                            positional: vec![words],
                            ..Arguments::default()
                        };
                        return Some(evaluator.apply(&Value::name("program"), &arguments, span));
                    }
                };
                return Some(evaluator.apply(&function, arguments, span));
            }
            evaluator.apply(&function, arguments, span)
        }
        "tolower" | "tolowerinvariant" => evaluator.lift(receiver, span, |text| {
            Some(Value::text(text.to_lowercase()))
        }),
        "toupper" | "toupperinvariant" => evaluator.lift(receiver, span, |text| {
            Some(Value::text(text.to_uppercase()))
        }),
        "trim" => evaluator.lift(receiver, span, |text| Some(Value::text(text.trim()))),
        "tostring" => Value::Text(evaluator.to_text(receiver)),
        "replace" => {
            let (from, to) = (
                first?.exact()?.to_owned(),
                arguments.positional.get(1)?.exact()?.to_owned(),
            );
            evaluator.lift(receiver, span, |text| {
                Some(Value::text(text.replace(&from, &to)))
            })
        }
        "substring" => scripts::substring(
            evaluator,
            receiver,
            first?,
            arguments.positional.get(1),
            span,
        ),
        "insert" => {
            let (at, added) = (
                first?.number()?,
                arguments.positional.get(1)?.exact()?.to_owned(),
            );
            evaluator.lift(receiver, span, |text| {
                let mut letters: Vec<char> = text.chars().collect();
                let at = letter_index(at, letters.len())?;
                letters.splice(at..at, added.chars());
                Some(Value::text(letters.into_iter().collect::<String>()))
            })
        }
        "tochararray" => {
            let letters: Vec<String> = receiver.exact()?.chars().map(String::from).collect();
            evaluator.text_list(letters.iter().map(String::as_str))
        }
        "split" => {
            let between = first?.exact()?.to_owned();
            let pieces: Vec<String> = receiver
                .exact()?
                .split(between.as_str())
                .map(str::to_owned)
                .collect();
            evaluator.text_list(pieces.iter().map(String::as_str))
        }
        "delete" | "moveto" | "copyto" if matches!(receiver, Value::Text(_)) => {
            let path = format!("io.file.{}", name.trim_end_matches("to"));
            let mut positional = vec![receiver.clone()];
            positional.extend(arguments.positional.iter().cloned());
            let arguments = Arguments {
                positional,
                ..Arguments::default()
            };
            evaluator.apply(&Value::name(path), &arguments, span)
        }
        _ => return None,
    })
}

fn letter_index(at: f64, length: usize) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a small whole number"
    )]
    let at = (at >= 0.0 && at.fract() == 0.0 && at < 1e6).then_some(at as usize)?;
    (at <= length).then_some(at)
}

/// A path of Windows, and the patterns in it, as this machine has them.
fn path(value: &Value, evaluator: &mut Evaluator<'_>) -> Value {
    match value {
        Value::List(_) => {
            let (items, open) = evaluator.items(value, true, Span::default());
            let items = items.iter().map(|item| path(item, evaluator)).collect();
            evaluator.list(items, open)
        }
        Value::Text(text) => Value::Text(cmd::path(text)),
        other => other.clone(),
    }
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    /// Cmdlets and methods that take paths.
    const OF_PATHS: &[&str] = &[
        "remove-item",
        "clear-content",
        "set-content",
        "add-content",
        "out-file",
        "move-item",
        "rename-item",
        "copy-item",
        "new-item",
        "tee-object",
        ">",
        ">>",
        "export-csv",
        "export-clixml",
        "io.file.delete",
        "io.directory.delete",
        "io.file.writealltext",
        "io.file.writealllines",
        "io.file.writeallbytes",
        "io.file.create",
        "io.file.move",
        "io.file.copy",
        "io.directory.move",
        "clear-item",
        "get-childitem",
        "get-item",
        "set-location",
        "push-location",
    ];
    let span = call.span;
    let given = &call.arguments.positional;
    let first = given.first();
    let keyword = |name: &str| {
        let mut keywords = call.arguments.keywords.iter();
        keywords
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    let windows = |value: &Value| match value {
        Value::Text(text) => text.exact().is_some_and(|text| {
            text.contains(['\\', '*', '?']) || text.as_bytes().get(1) == Some(&b':')
        }),
        _ => false,
    };
    if OF_PATHS.contains(&call.path) {
        let mut texts: Vec<Value> = given.clone();
        texts.extend(
            call.arguments
                .keywords
                .iter()
                .map(|(_, value)| value.clone()),
        );
        let any = texts.iter().any(|value| match value {
            Value::List(_) => evaluator
                .known_items(value)
                .is_some_and(|(items, _)| items.iter().any(windows)),
            value => windows(value),
        });
        if any {
            let positional = given.iter().map(|value| path(value, evaluator)).collect();
            let keywords = call.arguments.keywords.iter();
            let keywords = keywords
                .map(|(name, value)| (name.clone(), path(value, evaluator)))
                .collect();
            let arguments = Arguments {
                positional,
                keywords,
                open: call.arguments.open,
            };
            return Some(evaluator.apply(&Value::name(call.path), &arguments, span));
        }
    }
    Some(match call.path {
        "get-childitem" => {
            let at = keyword("path").or_else(|| first.cloned());
            let deep = keyword("recurse").is_some();
            let filter = keyword("filter").or_else(|| keyword("include"));
            let found = match (
                at,
                filter.and_then(|filter| filter.exact().map(str::to_owned)),
            ) {
                (Some(at), filter) => {
                    if matches!(&at, Value::Text(text) if text.has_glob()) && !deep {
                        at
                    } else {
                        let inner = match filter {
                            Some(filter) => Value::Text(texts::pattern(&filter)),
                            None => Value::Text(texts::everything(deep)),
                        };
                        evaluator.join_paths(&[at, inner])
                    }
                }
                (None, Some(filter)) => Value::Text(texts::pattern(&filter)),
                (None, None) => Value::Text(texts::everything(deep)),
            };
            evaluator.list(vec![found], false)
        }
        "get-item" | "resolve-path" | "convert-path" | "get-itemproperty" => {
            keyword("path").or_else(|| first.cloned())?
        }
        "select-object" | "sort-object" | "tee-object" if keyword("filepath").is_none() => {
            keyword("inputobject").unwrap_or(Value::Null)
        }
        "write-output" | "write-host" => match first {
            Some(only) if given.len() == 1 => only.clone(),
            _ => evaluator.list(given.clone(), call.arguments.open),
        },
        "join-path" => {
            let (base, below) = (
                keyword("path").or_else(|| first.cloned())?,
                keyword("childpath").or_else(|| given.last().cloned())?,
            );
            evaluator.join_paths(&[base, below])
        }
        "io.path.combine" => evaluator.join_paths(given),
        "io.path.gettemppath" => Value::text("/tmp/"),
        "io.path.gettempfilename" | "new-temporaryfile" => scripts::temporary(),
        "-join" => {
            let between = given.get(1).cloned().unwrap_or_else(|| Value::text(""));
            scripts::join(evaluator, first?, &between, span)
        }
        "string.join" => scripts::join(evaluator, &given.get(1)?.clone(), first?, span),
        "string.concat" => {
            let list = evaluator.list(given.clone(), false);
            scripts::join(evaluator, &list, &Value::text(""), span)
        }
        "-split" => {
            let text = first?.exact()?.to_owned();
            match given.get(1).and_then(Value::exact) {
                None => evaluator.text_list(text.split_whitespace()),
                Some(between) => {
                    let between = between.to_owned();
                    evaluator.text_list(text.split(between.as_str()))
                }
            }
        }
        "-f" | "string.format" => {
            let rest = match given.get(1) {
                Some(list @ Value::List(_)) => evaluator.items(&list.clone(), true, span).0,
                _ => given.get(1..).unwrap_or_default().to_vec(),
            };
            placed(evaluator, first?, &rest, span)
        }
        "-replace" => {
            let (from, to) = match given.get(1)? {
                list @ Value::List(_) => {
                    let (items, _) = evaluator.items(&list.clone(), true, span);
                    (
                        items.first()?.exact()?.to_owned(),
                        items
                            .get(1)
                            .and_then(Value::exact)
                            .unwrap_or_default()
                            .to_owned(),
                    )
                }
                only => (only.exact()?.to_owned(), String::new()),
            };
            if from.contains(|letter: char| ".[]{}()*+?^$|\\".contains(letter)) || to.contains('$')
            {
                return Some(evaluator.unknown(span));
            }
            evaluator.lift(first?, span, |text| {
                Some(Value::text(text.replace(&from, &to)))
            })
        }
        ".." => scripts::range(evaluator, first?, given.get(1)?, span),
        "[char]" | "[convert]" => match first?.number().and_then(letter) {
            Some(letter) => Value::text(letter.to_string()),
            None => first?.clone(),
        },
        "[char[]]" => match first? {
            list @ Value::List(_) => {
                let (items, open) = evaluator.items(&list.clone(), true, span);
                let items = items
                    .into_iter()
                    .map(|item| match item.number().and_then(letter) {
                        Some(letter) => Value::text(letter.to_string()),
                        None => item,
                    })
                    .collect();
                evaluator.list(items, open)
            }
            text => {
                let letters: Vec<String> = text.exact()?.chars().map(String::from).collect();
                evaluator.text_list(letters.iter().map(String::as_str))
            }
        },
        "[string]" => Value::Text(evaluator.to_text(first?)),
        "[scriptblock].create" | "scriptblock.create" => {
            let text = first?.clone();
            Value::Bound(std::rc::Rc::new(super::value::Bound::Partial {
                function: Value::name("invoke-expression"),
                first: Arguments {
                    positional: vec![text],
                    ..Arguments::default()
                },
            }))
        }
        path if path.starts_with('[') => first?.clone(),
        "convert.frombase64string" => {
            evaluator.lift(first?, span, |text| texts::decoded(decode_base64(text)))
        }
        "convert.fromhexstring" => {
            evaluator.lift(first?, span, |text| texts::decoded(decode_hex(text)))
        }
        path if path.starts_with("text.encoding.") && path.ends_with(".getstring") => evaluator
            .lift(first?, span, |text| {
                Some(Value::text(text.replace('\0', "")))
            }),
        "array.reverse" => {
            if let Value::List(id) = first?
                && let Some(Item::List { items, .. }) = evaluator.store.change(*id)
            {
                items.reverse();
            }
            Value::Null
        }
        "set-location" | "push-location" => {
            let to = keyword("path").or_else(|| first.cloned())?;
            let to = evaluator.to_text(&to);
            evaluator.enter_directory(&to);
            Value::Null
        }
        "set-variable" | "new-variable" => {
            let name = keyword("name")
                .or_else(|| first.cloned())?
                .exact()?
                .to_lowercase();
            let value = keyword("value").or_else(|| given.get(1).cloned())?;
            evaluator.bind(&format!("${name}"), value, super::tree::Binding::Nearest);
            Value::Null
        }
        "get-variable" => {
            let name = keyword("name")
                .or_else(|| first.cloned())?
                .exact()?
                .to_lowercase();
            evaluator.lookup(&format!("${name}"))?
        }
        "set-alias" | "new-alias" => {
            let name = keyword("name")
                .or_else(|| first.cloned())?
                .exact()?
                .to_lowercase();
            let value = keyword("value").or_else(|| given.get(1).cloned())?;
            evaluator.bind(&name, value, super::tree::Binding::Nearest);
            Value::Null
        }
        "get-command" | "gcm" => keyword("name").or_else(|| first.cloned())?,
        "get-content" => {
            let file = keyword("path").or_else(|| first.cloned())?;
            match evaluator.file_text(&file) {
                Some(text) => Value::text(text),
                None => evaluator.unknown(span),
            }
        }
        "program" => {
            // A script that is here, or a function whose name is an alias.
            let (items, _) = evaluator.known_items(first?)?;
            let named = items.first()?.exact()?.replace('\\', "/");
            // Quotes within an argument do not reach cmd as they stand: a path may end at them.
            let to_cmd = matches!(named.to_lowercase().as_str(), "cmd" | "cmd.exe");
            if to_cmd
                && items
                    .iter()
                    .any(|item| evaluator.to_text(item).display().contains('"'))
            {
                let shown = evaluator.shown(span);
                evaluator.opaque(
                    format!("PowerShell may change the quotes of what cmd is given: {shown}"),
                    span,
                );
                return Some(evaluator.unknown(span));
            }
            let arguments = Arguments {
                positional: items.get(1..).unwrap_or_default().to_vec(),
                ..Arguments::default()
            };
            if let Some(bound) = evaluator.lookup(&named.to_lowercase()) {
                return Some(match bound {
                    Value::Text(_) => method(evaluator, &bound, "()", &arguments, span)?,
                    other => evaluator.apply(&other, &arguments, span),
                });
            }
            if !named.to_lowercase().ends_with(".ps1") {
                return None;
            }
            let path = evaluator.directory().join(&normal_path(&named))?;
            let text = evaluator.call.world.read(&path).ok()?;
            evaluator.module(path, text, span)
        }
        "exit" => {
            evaluator.exit();
            Value::Null
        }
        path if lower::deletes(path) => {
            let known = [
                "remove-item",
                "clear-content",
                "remove-itemproperty",
                "clear-item",
                "clear-disk",
                "clear-recyclebin",
                "clear-eventlog",
            ];
            if known.contains(&path) {
                return None;
            }
            let shown = evaluator.shown(span);
            evaluator.opaque(
                format!("a command that deletes, which no pack knows: {shown}"),
                span,
            );
            evaluator.unknown(span)
        }
        _ => return None,
    })
}

/// `"{0}{1}" -f a, b`.
fn placed(evaluator: &mut Evaluator<'_>, format: &Value, given: &[Value], span: Span) -> Value {
    let Some(format) = format.exact().map(str::to_owned) else {
        return evaluator.unknown(span);
    };
    let mut parts = Vec::new();
    let mut rest = format.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        parts.push(Value::text(before));
        if let Some(after) = after.strip_prefix('{') {
            parts.push(Value::text("{"));
            rest = after;
            continue;
        }
        let Some((index, after)) = after.split_once('}') else {
            break;
        };
        let value = index
            .parse::<usize>()
            .ok()
            .and_then(|index| given.get(index).cloned());
        parts.push(value.unwrap_or_else(|| Value::unknown(index)));
        rest = after;
    }
    parts.push(Value::text(rest.replace("}}", "}")));
    evaluator.joined(&parts)
}
