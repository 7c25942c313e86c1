//! Methods of Python's texts, lists and maps, and its formats.

use super::{commands, paths};
use crate::location::Span;
use crate::program::evaluate::Evaluator;
use crate::program::texts;
use crate::program::value::{Arguments, Item, Value};
use crate::resolve::Text;
use crate::resolve::decode::hex as decode_hex;

/// Methods of `pathlib.Path` that a text does not have.
const OF_PATHS: &[&str] = &[
    "exists",
    "glob",
    "is_dir",
    "is_file",
    "iterdir",
    "joinpath",
    "mkdir",
    "open",
    "read_text",
    "rename",
    "resolve",
    "rglob",
    "rmdir",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
];

pub(super) fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    match receiver {
        // Only a path has these: an annotation or a library made the text one.
        Value::Text(_) if OF_PATHS.contains(&name) => {
            let path = evaluator.member(&paths(receiver), name, span);
            Some(evaluator.apply(&path, arguments, span))
        }
        Value::Text(text) => of_text(evaluator, text, name, arguments, span),
        Value::List(id) => of_list(evaluator, *id, name, arguments, span),
        Value::Map(_) => of_map(evaluator, receiver, name, arguments, span),
        Value::Bound(_) => commands::method(receiver, name, arguments),
        _ => None,
    }
}

fn first(arguments: &Arguments) -> Option<&Value> {
    arguments.positional.first()
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn of_text(
    evaluator: &mut Evaluator<'_>,
    text: &Text,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let receiver = Value::Text(text.clone());
    // These keep what is known around the unknown parts.
    match name {
        "encode" | "decode" => {
            let codec = first(arguments)
                .and_then(Value::exact)
                .unwrap_or("utf-8")
                .to_owned();
            return Some(decode(evaluator, &receiver, &codec, span));
        }
        "tobytes" | "strip" | "rstrip" | "lstrip" | "casefold" | "expandtabs"
            if text.exact().is_none() && arguments.positional.is_empty() =>
        {
            return Some(receiver);
        }
        "join" => {
            let listed = first(arguments)?.clone();
            let (items, open) = evaluator.items(&listed, true, span);
            let mut parts = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    parts.push(receiver.clone());
                }
                parts.push(item);
            }
            if open {
                parts.push(evaluator.unknown(span));
            }
            return Some(evaluator.joined(&parts));
        }
        "format" | "format_map" => return Some(braces(evaluator, text, arguments, span)),
        "hex" if arguments.positional.is_empty() => {
            return Some(evaluator.lift(&receiver, span, |text| {
                let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                Some(Value::text(digits))
            }));
        }
        "fromhex" => {
            let digits = first(arguments)?.clone();
            return Some(evaluator.lift(&digits, span, |text| texts::decoded(decode_hex(text))));
        }
        _ => {}
    }
    let Some(known) = text.exact().map(str::to_owned) else {
        return Some(match name {
            // A part of what is not known: lists of it, or a test on it.
            "split" | "rsplit" | "splitlines" => {
                let item = evaluator.unknown(span);
                evaluator.list(vec![item], true)
            }
            _ => evaluator.unknown(span),
        });
    };
    let known = known.as_str();
    let given = |at: usize| arguments.positional.get(at);
    let word = |at: usize| given(at).and_then(Value::exact);
    let truth = |truth: bool| Some(Value::Boolean(truth));
    let any_of = |value: &Value, test: &dyn Fn(&str) -> bool, evaluator: &mut Evaluator<'_>| {
        let (items, open) = match value {
            Value::List(_) => evaluator.items(value, true, span),
            other => (vec![other.clone()], false),
        };
        let mut certain = !open;
        for item in &items {
            match item.exact() {
                Some(text) if test(text) => return Some(Value::Boolean(true)),
                Some(_) => {}
                None => certain = false,
            }
        }
        certain.then_some(Value::Boolean(false))
    };
    let letters_of = |set: Option<&str>| -> Vec<char> {
        set.map_or_else(
            || " \t\r\n\x0b\x0c".chars().collect(),
            |set| set.chars().collect(),
        )
    };
    Some(match name {
        "strip" => Value::text(known.trim_matches(letters_of(word(0)).as_slice())),
        "lstrip" => Value::text(known.trim_start_matches(letters_of(word(0)).as_slice())),
        "rstrip" => Value::text(known.trim_end_matches(letters_of(word(0)).as_slice())),
        "upper" => Value::text(known.to_uppercase()),
        "lower" | "casefold" => Value::text(known.to_lowercase()),
        "swapcase" => {
            let swapped = known.chars().map(|letter| {
                if letter.is_uppercase() {
                    letter.to_lowercase().to_string()
                } else {
                    letter.to_uppercase().to_string()
                }
            });
            Value::text(swapped.collect::<String>())
        }
        "capitalize" => {
            let mut letters = known.chars();
            let first = letters
                .next()
                .map(|letter| letter.to_uppercase().to_string());
            Value::text(first.unwrap_or_default() + &letters.as_str().to_lowercase())
        }
        "replace" => {
            let with = evaluator.to_text(given(1)?);
            let from = word(0)?;
            let limit = given(2).and_then(Value::number);
            match (with.exact(), limit) {
                (Some(with), None) => Value::text(known.replace(from, with)),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count"
                )]
                (Some(with), Some(limit)) => {
                    Value::text(known.replacen(from, with, limit.max(0.0) as usize))
                }
                (None, _) => {
                    // What is put in keeps its unknown parts.
                    let mut pieces = Vec::new();
                    for (index, piece) in known.split(from).enumerate() {
                        if index > 0 {
                            pieces.push(Value::Text(with.clone()));
                        }
                        pieces.push(Value::text(piece));
                    }
                    evaluator.joined(&pieces)
                }
            }
        }
        "split" | "rsplit" => {
            let limit = given(1).and_then(Value::number);
            let separator = match given(0) {
                None | Some(Value::Null) => None,
                Some(value) => Some(value.exact()?),
            };
            let pieces: Vec<&str> = match (separator, limit) {
                (None, None) => known.split_whitespace().collect(),
                (Some(separator), None) if !separator.is_empty() => {
                    known.split(separator).collect()
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count"
                )]
                (Some(separator), Some(limit)) if !separator.is_empty() && limit >= 0.0 => {
                    let count = limit as usize + 1;
                    if name == "split" {
                        known.splitn(count, separator).collect()
                    } else {
                        let mut pieces: Vec<&str> = known.rsplitn(count, separator).collect();
                        pieces.reverse();
                        pieces
                    }
                }
                _ => return Some(evaluator.unknown(span)),
            };
            evaluator.text_list(pieces)
        }
        "splitlines" => evaluator.text_list(known.lines()),
        "partition" => {
            let separator = word(0)?;
            let (before, middle, after) = match known.split_once(separator) {
                Some((before, after)) => (before, separator, after),
                None => (known, "", ""),
            };
            evaluator.text_list([before, middle, after])
        }
        "rpartition" => {
            let separator = word(0)?;
            let (before, middle, after) = match known.rsplit_once(separator) {
                Some((before, after)) => (before, separator, after),
                None => ("", "", known),
            };
            evaluator.text_list([before, middle, after])
        }
        "removeprefix" => Value::text(known.strip_prefix(word(0)?).unwrap_or(known)),
        "removesuffix" => Value::text(known.strip_suffix(word(0)?).unwrap_or(known)),
        "startswith" => {
            return any_of(given(0)?, &|prefix| known.starts_with(prefix), evaluator);
        }
        "endswith" => return any_of(given(0)?, &|suffix| known.ends_with(suffix), evaluator),
        "isdigit" | "isnumeric" | "isdecimal" => {
            return truth(!known.is_empty() && known.chars().all(char::is_numeric));
        }
        "isalpha" => return truth(!known.is_empty() && known.chars().all(char::is_alphabetic)),
        "translate" => {
            let (pairs, _) = evaluator.pairs(given(0)?)?;
            let mut pieces = Vec::new();
            for letter in known.chars() {
                let code = u32::from(letter).to_string();
                let letter = letter.to_string();
                let found = pairs.iter().find(|(key, _)| *key == code || *key == letter);
                pieces.push(match found {
                    Some((_, Value::Number(code))) => {
                        Value::text(texts::letter(*code)?.to_string())
                    }
                    Some((_, Value::Null)) => Value::text(""),
                    Some((_, value)) => value.clone(),
                    None => Value::text(letter),
                });
            }
            evaluator.joined(&pieces)
        }
        "maketrans" => {
            let (from, to) = (word(0)?, word(1)?);
            let pairs = from.chars().zip(to.chars());
            let pairs = pairs.map(|(from, to)| (from.to_string(), Value::text(to.to_string())));
            let pairs = pairs.collect();
            evaluator.map(pairs, false)
        }
        "zfill" => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small width"
            )]
            let width = given(0)?.number()?.clamp(0.0, 1000.0) as usize;
            Value::text(format!("{known:0>width$}"))
        }
        _ => return None,
    })
}

/// `b.decode(codec)`, `codecs.decode(t, codec)`.
pub(super) fn decode(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    codec: &str,
    span: Span,
) -> Value {
    match codec.replace('-', "_").to_ascii_lowercase().as_str() {
        "rot13" | "rot_13" => {
            evaluator.lift(value, span, |text| Some(Value::text(texts::rot13(text))))
        }
        "hex" | "hex_codec" => evaluator.lift(value, span, |text| texts::decoded(decode_hex(text))),
        "base64" | "base64_codec" => evaluator.lift(value, span, |text| {
            texts::decoded(crate::resolve::decode::base64(text))
        }),
        "utf_8" | "utf8" | "ascii" | "latin_1" | "latin1" | "iso_8859_1" | "utf_8_sig" => {
            value.clone()
        }
        _ => evaluator.unknown(span),
    }
}

/// `'%s' % value`.
pub(super) fn percent(
    evaluator: &mut Evaluator<'_>,
    format: &Text,
    value: &Value,
    span: Span,
) -> Value {
    let Some(format) = format.exact().map(str::to_owned) else {
        return evaluator.unknown(span);
    };
    let given = evaluator
        .known_items(value)
        .map(|(items, _)| items.to_vec());
    let mut items = given.unwrap_or_else(|| vec![value.clone()]).into_iter();
    let named = evaluator.pairs(value).map(|(pairs, _)| pairs);
    let mut parts = Vec::new();
    let mut letters = format.chars().peekable();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            plain.push(letter);
            continue;
        }
        if letters.next_if_eq(&'%').is_some() {
            plain.push('%');
            continue;
        }
        let mut name = None;
        if letters.next_if_eq(&'(').is_some() {
            let found: String = letters
                .by_ref()
                .take_while(|letter| *letter != ')')
                .collect();
            name = Some(found);
        }
        let mut flags = String::new();
        while letters
            .peek()
            .is_some_and(|letter| !letter.is_alphabetic() && *letter != '%')
        {
            flags.extend(letters.next());
        }
        let conversion = letters.next();
        let item = match (&name, &named) {
            (Some(name), Some(pairs)) => {
                let found = pairs.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone())
            }
            _ => items.next(),
        };
        parts.push(Value::text(std::mem::take(&mut plain)));
        parts.push(match (item, conversion, flags.is_empty()) {
            (Some(item), Some('s' | 'd' | 'i'), true) => item,
            (Some(Value::Number(code)), Some('c'), true) => texts::letter(code)
                .map_or_else(|| evaluator.unknown(span), |l| Value::text(l.to_string())),
            (Some(item), Some('c'), true) => item,
            _ => evaluator.unknown(span),
        });
    }
    parts.push(Value::text(plain));
    evaluator.joined(&parts)
}

/// `'{} {name}'.format(…)`.
fn braces(
    evaluator: &mut Evaluator<'_>,
    format: &Text,
    arguments: &Arguments,
    span: Span,
) -> Value {
    let Some(format) = format.exact().map(str::to_owned) else {
        return evaluator.unknown(span);
    };
    let mut parts = Vec::new();
    let mut next = 0;
    let mut rest = format.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at(at);
        parts.push(Value::text(before));
        if tail.starts_with("{{") || tail.starts_with("}}") {
            parts.push(Value::text(tail.get(..1).unwrap_or_default()));
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        let Some((field, after)) = tail.get(1..).unwrap_or_default().split_once('}') else {
            return evaluator.unknown(span);
        };
        rest = after;
        let (field, specified) = match field.split_once([':', '!']) {
            Some((field, _)) => (field, true),
            None => (field, false),
        };
        let (head, path) = match field.find(['.', '[']) {
            Some(at) => field.split_at(at),
            None => (field, ""),
        };
        let mut value = if head.is_empty() {
            next += 1;
            arguments.positional.get(next - 1).cloned()
        } else if let Ok(at) = head.parse::<usize>() {
            arguments.positional.get(at).cloned()
        } else {
            let mut keywords = arguments.keywords.iter();
            let found = keywords
                .find(|(name, _)| name == head)
                .map(|(_, value)| value.clone());
            found.or_else(|| {
                let (pairs, _) = evaluator.pairs(arguments.positional.first()?)?;
                pairs
                    .into_iter()
                    .find(|(name, _)| name == head)
                    .map(|(_, value)| value)
            })
        };
        if let (false, Some(object)) = (path.is_empty(), &value) {
            let key = path.trim_matches(['.', '[', ']']);
            value = if path.starts_with('[') {
                let key = key
                    .parse::<f64>()
                    .map_or_else(|_| Value::text(key), Value::Number);
                Some(evaluator.index(&object.clone(), &key, span))
            } else {
                Some(evaluator.member(&object.clone(), key, span))
            };
        }
        parts.push(match value {
            Some(value) if !specified => value,
            _ => evaluator.unknown(span),
        });
    }
    parts.push(Value::text(rest));
    evaluator.joined(&parts)
}

fn of_list(
    evaluator: &mut Evaluator<'_>,
    id: usize,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let list = Value::List(id);
    let given = first(arguments).cloned();
    match name {
        "append" | "add" | "appendleft" | "push" => {
            evaluator.extend(id, vec![given?], arguments.open);
            Some(Value::Null)
        }
        "extend" | "update" => {
            let (items, open) = evaluator.items(&given?, true, span);
            evaluator.extend(id, items, open);
            Some(Value::Null)
        }
        "copy" => {
            let (items, open) = evaluator.items(&list, true, span);
            Some(evaluator.list(items, open))
        }
        "insert" => {
            let value = arguments.positional.get(1)?.clone();
            let at = given?.number();
            if let Some(Item::List { items, open }) = evaluator.store.change(id) {
                if at == Some(0.0) {
                    items.insert(0, value);
                } else {
                    items.push(value);
                    *open = true;
                }
            }
            Some(Value::Null)
        }
        "pop" | "popleft" => {
            let unknown = evaluator.unknown(span);
            let Some(Item::List { items, open }) = evaluator.store.change(id) else {
                return None;
            };
            let from_start =
                name == "popleft" || given.as_ref().and_then(Value::number) == Some(0.0);
            let taken = match (from_start, items.is_empty()) {
                (_, true) => None,
                (true, false) => Some(items.remove(0)),
                (false, false) => items.pop(),
            };
            Some(match taken {
                Some(taken) if !*open => taken,
                Some(taken) => taken.or(unknown),
                None => unknown,
            })
        }
        "reverse" => {
            if let Some(Item::List { items, .. }) = evaluator.store.change(id) {
                items.reverse();
            }
            Some(Value::Null)
        }
        "clear" => {
            if let Some(Item::List { items, open }) = evaluator.store.change(id) {
                items.clear();
                *open = false;
            }
            Some(Value::Null)
        }
        "sort" => {
            let sorted = super::library::sorted(evaluator, &list, arguments, span);
            let (sorted, sure) = evaluator.items(&sorted, true, span);
            if let Some(Item::List { items, open }) = evaluator.store.change(id) {
                *items = sorted;
                *open = sure;
            }
            Some(Value::Null)
        }
        // `bytes([…]).decode()`, a list of letters that is a text.
        "decode" => {
            let (items, open) = evaluator.items(&list, true, span);
            (!open).then(|| super::library::bytes(evaluator, &items, span))
        }
        "remove" | "discard" => {
            if let Some(Item::List { items, .. }) = evaluator.store.change(id)
                && let Some(at) = items
                    .iter()
                    .position(|item| item.same(&given.clone().unwrap_or(Value::Null)))
            {
                items.remove(at);
            }
            Some(Value::Null)
        }
        _ => None,
    }
}

fn of_map(
    evaluator: &mut Evaluator<'_>,
    map: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let (pairs, open) = evaluator.pairs(map)?;
    match name {
        "get" | "pop" | "setdefault" => {
            let key = evaluator.to_text(first(arguments)?);
            let default = arguments.positional.get(1).cloned().unwrap_or(Value::Null);
            let Some(key) = key.exact() else {
                let any = pairs.into_iter().map(|(_, value)| value);
                return Some(any.fold(default, Value::or));
            };
            let found = pairs.into_iter().find(|(known, _)| known == key);
            match found {
                Some((_, value)) => Some(value),
                None => {
                    if name == "setdefault" {
                        evaluator.put(map, Some(key), default.clone());
                    }
                    Some(if open {
                        default.or(evaluator.unknown(span))
                    } else {
                        default
                    })
                }
            }
        }
        "items" => {
            let mut items = Vec::new();
            for (key, value) in pairs {
                items.push(evaluator.list(vec![Value::text(key), value], false));
            }
            Some(evaluator.list(items, open))
        }
        "keys" => {
            let keys = pairs.into_iter().map(|(key, _)| Value::text(key)).collect();
            Some(evaluator.list(keys, open))
        }
        "values" => {
            let values = pairs.into_iter().map(|(_, value)| value).collect();
            Some(evaluator.list(values, open))
        }
        "copy" => Some(evaluator.map(pairs, open)),
        "update" => {
            let more = first(arguments).and_then(|more| evaluator.pairs(more));
            let more = more.map(|(pairs, _)| pairs).unwrap_or_default();
            for (key, value) in more.into_iter().chain(arguments.keywords.clone()) {
                evaluator.put(map, Some(&key), value);
            }
            Some(Value::Null)
        }
        _ => None,
    }
}
