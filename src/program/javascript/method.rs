//! Members and methods of JavaScript's texts, lists, maps and functions.

use std::rc::Rc;

use crate::location::Span;
use crate::program::evaluate::Evaluator;
use crate::program::evaluate::sliced;
use crate::program::texts::decoded;
use crate::program::value::{Arguments, Bound, Item, Value};
use crate::resolve::Text;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};

pub(super) fn member(
    evaluator: &mut Evaluator<'_>,
    object: &Value,
    name: &str,
    span: Span,
) -> Option<Value> {
    #[expect(clippy::cast_precision_loss, reason = "a length")]
    let count = |count: usize| Some(Value::Number(count as f64));
    match (object, name) {
        (Value::Text(text), "length") => match text.exact() {
            Some(text) => count(text.encode_utf16().count()),
            None => Some(evaluator.unknown(span)),
        },
        (Value::List(_), "length") => match evaluator.known_items(object) {
            Some((items, false)) => count(items.len()),
            _ => Some(evaluator.unknown(span)),
        },
        (Value::Name(library), _) if library.path == "super" => evaluator.base_method(name, span),
        // `(() => {}).constructor` makes functions of texts.
        (Value::Function(_) | Value::Bound(_), "constructor") => Some(Value::name("Function")),
        (Value::Text(_) | Value::List(_) | Value::Map(_), "constructor") => {
            Some(Value::name("Object"))
        }
        (Value::Name(library), "constructor") if library.path == "Object" => {
            Some(Value::name("Function"))
        }
        // A module by its default is the module.
        (Value::Name(library), "default") if library.calls.is_empty() => Some(object.clone()),
        (Value::Class(class), "default") => {
            let known = class.members.names.borrow().contains_key("default");
            let exports = ["module.exports", "exports"];
            let names = class.members.names.borrow();
            let exported = exports.iter().find_map(|name| names.get(*name).copied());
            drop(names);
            match (
                known,
                exported.and_then(|id| evaluator.store.get(id)).cloned(),
            ) {
                (false, Some(Item::Variable(Some(value)))) => Some(value),
                _ => None,
            }
        }
        (Value::Class(class), name) => exported(evaluator, class, name, span),
        _ => None,
    }
}

/// What a module beside the program gives by this name (`module.exports = {…}`, `exports.x = …`).
fn exported(
    evaluator: &mut Evaluator<'_>,
    class: &Rc<crate::program::value::ClassValue>,
    name: &str,
    span: Span,
) -> Option<Value> {
    let names = class.members.names.borrow();
    let whole = names.get("module.exports").copied();
    let part = names
        .get(&format!("module.exports.{name}"))
        .or_else(|| names.get(&format!("exports.{name}")))
        .copied();
    drop(names);
    let get = |evaluator: &Evaluator<'_>, id: Option<usize>| match evaluator.store.get(id?)? {
        Item::Variable(value) => value.clone(),
        _ => None,
    };
    if let Some(value) = get(evaluator, part) {
        return Some(value);
    }
    let whole = get(evaluator, whole)?;
    Some(evaluator.member(&whole, name, span))
}

pub(super) fn method(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    if let Some(value) = of_function(evaluator, receiver, name, arguments, span) {
        return Some(value);
    }
    match receiver {
        Value::Text(text) => of_text(evaluator, text, name, arguments, span),
        Value::List(id) => of_list(evaluator, *id, name, arguments, span),
        _ => None,
    }
    .or_else(|| of_promise(evaluator, receiver, name, arguments, span))
}

/// `call`, `apply` and `bind`.
pub(super) fn of_function(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    if !matches!(
        receiver,
        Value::Function(_) | Value::Bound(_) | Value::Class(_) | Value::Name(_)
    ) {
        return None;
    }
    let rest = Arguments {
        positional: arguments.positional.get(1..).unwrap_or_default().to_vec(),
        ..arguments.clone()
    };
    match name {
        "call" => Some(evaluator.apply(receiver, &rest, span)),
        "apply" => {
            let listed = arguments.positional.get(1).cloned().unwrap_or(Value::Null);
            let (items, open) = evaluator.items(&listed, false, span);
            let given = Arguments {
                positional: items,
                keywords: Vec::new(),
                open,
            };
            Some(evaluator.apply(receiver, &given, span))
        }
        "bind" => Some(Value::Bound(Rc::new(Bound::Partial {
            function: receiver.clone(),
            first: rest,
        }))),
        _ => None,
    }
}

/// A value that is awaited by `then` is there at once.
pub(super) fn of_promise(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    match name {
        "then" => {
            let mut found: Option<Value> = None;
            for function in &arguments.positional {
                let given = vec![receiver.clone()];
                let value = evaluator.call_later(function, &given, span);
                found = Some(match found {
                    Some(known) => known.or(value),
                    None => value,
                });
            }
            Some(found.unwrap_or_else(|| receiver.clone()))
        }
        "catch" | "finally" => {
            for function in &arguments.positional {
                evaluator.call_back(vec![function.clone()], &[], span);
            }
            Some(receiver.clone())
        }
        _ => None,
    }
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
    let given = |at: usize| arguments.positional.get(at);
    match name {
        "toString" | "valueOf" | "normalize" => {
            return match given(0).and_then(Value::exact) {
                Some("base64" | "hex") => Some(evaluator.unknown(span)),
                _ => Some(receiver),
            };
        }
        "concat" => {
            let mut parts = vec![receiver];
            parts.extend(arguments.positional.iter().cloned());
            return Some(evaluator.joined(&parts));
        }
        "trim" | "trimEnd" | "trimStart" if text.exact().is_none() => return Some(receiver),
        _ => {}
    }
    let Some(known) = text.exact().map(str::to_owned) else {
        return Some(match name {
            "split" => {
                let item = evaluator.unknown(span);
                evaluator.list(vec![item], true)
            }
            _ => evaluator.unknown(span),
        });
    };
    let letters: Vec<char> = known.chars().collect();
    let word = |at: usize| given(at).and_then(Value::exact);
    let number = |at: usize| given(at).and_then(Value::number);
    let at = |index: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked not to be negative"
        )]
        (index >= 0.0)
            .then(|| letters.get(index as usize))
            .flatten()
            .copied()
    };
    let part = |start: Option<f64>, end: Option<f64>| {
        let found: String = sliced(&letters, start, end, None).into_iter().collect();
        Value::text(found)
    };
    Some(match name {
        "trim" => Value::text(known.trim()),
        "trimEnd" | "trimRight" => Value::text(known.trim_end()),
        "trimStart" | "trimLeft" => Value::text(known.trim_start()),
        "toUpperCase" | "toLocaleUpperCase" => Value::text(known.to_uppercase()),
        "toLowerCase" | "toLocaleLowerCase" => Value::text(known.to_lowercase()),
        "charAt" | "at" => at(number(0).unwrap_or(0.0))
            .map_or_else(|| Value::text(""), |letter| Value::text(letter.to_string())),
        "charCodeAt" | "codePointAt" => match at(number(0).unwrap_or(0.0)) {
            Some(letter) => Value::Number(f64::from(u32::from(letter))),
            None => evaluator.unknown(span),
        },
        "slice" => part(number(0), number(1)),
        "substring" => {
            let (start, end) = (
                number(0).unwrap_or(0.0).max(0.0),
                number(1).map(|end| end.max(0.0)),
            );
            match end {
                Some(end) if end < start => part(Some(end), Some(start)),
                end => part(Some(start), end),
            }
        }
        "substr" => {
            let start = number(0).unwrap_or(0.0);
            part(Some(start), number(1).map(|length| start + length))
        }
        "split" => match word(0) {
            Some("") => {
                let letters: Vec<String> = letters.iter().map(char::to_string).collect();
                evaluator.text_list(letters.iter().map(String::as_str))
            }
            Some(separator) => evaluator.text_list(known.split(separator)),
            None if given(0).is_none() => evaluator.text_list([known.as_str()]),
            None => {
                let item = evaluator.unknown(span);
                evaluator.list(vec![item], true)
            }
        },
        "replace" | "replaceAll" => {
            let from = word(0)?;
            let with = evaluator.to_text(given(1)?);
            let mut pieces = Vec::new();
            let limit = if name == "replace" { 2 } else { usize::MAX };
            for (index, piece) in known.splitn(limit, from).enumerate() {
                if index > 0 {
                    pieces.push(Value::Text(with.clone()));
                }
                pieces.push(Value::text(piece));
            }
            evaluator.joined(&pieces)
        }
        "repeat" => {
            let count = number(0)?;
            if !(0.0..10_000.0).contains(&count) {
                return Some(evaluator.unknown(span));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked above"
            )]
            Value::text(known.repeat(count as usize))
        }
        "startsWith" => Value::Boolean(known.starts_with(word(0)?)),
        "endsWith" => Value::Boolean(known.ends_with(word(0)?)),
        "includes" => Value::Boolean(known.contains(word(0)?)),
        "tagged" => return None,
        _ => return None,
    })
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn of_list(
    evaluator: &mut Evaluator<'_>,
    id: usize,
    name: &str,
    arguments: &Arguments,
    span: Span,
) -> Option<Value> {
    let list = Value::List(id);
    let (items, open) = evaluator.items(&list, false, span);
    let given = |at: usize| arguments.positional.get(at);
    let number = |at: usize| given(at).and_then(Value::number);
    Some(match name {
        "push" => {
            evaluator.extend(id, arguments.positional.clone(), arguments.open);
            Value::Null
        }
        "unshift" => {
            let more = arguments.positional.clone();
            if let Some(Item::List { items, .. }) = evaluator.store.change(id) {
                items.splice(0..0, more);
            }
            Value::Null
        }
        "pop" | "shift" => {
            let unknown = evaluator.unknown(span);
            let Some(Item::List { items, open }) = evaluator.store.change(id) else {
                return None;
            };
            let taken = match (name, items.is_empty()) {
                (_, true) => None,
                ("shift", false) => Some(items.remove(0)),
                (_, false) => items.pop(),
            };
            match taken {
                Some(taken) if !*open => taken,
                Some(taken) => taken.or(unknown),
                None => Value::Null,
            }
        }
        "map" | "forEach" | "flatMap" | "some" | "every" | "find" | "filter" | "findIndex" => {
            let function = given(0)?.clone();
            let mut found = Vec::new();
            let mut kept = Vec::new();
            let rounds: Vec<Value> = if open {
                let unknown = evaluator.unknown(span);
                items.iter().cloned().chain([unknown]).collect()
            } else {
                items.clone()
            };
            for (index, item) in rounds.into_iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a short list")]
                let index = Value::Number(index as f64);
                let given = Arguments {
                    positional: vec![item.clone(), index, list.clone()],
                    ..Arguments::default()
                };
                let value = evaluator.apply(&function, &given, span);
                if evaluator.truth(&value) != Some(false) {
                    kept.push(item);
                }
                found.push(value);
            }
            match name {
                "map" => evaluator.list(found, open),
                "flatMap" => {
                    let mut flat = Vec::new();
                    for value in found {
                        match value {
                            Value::List(_) => flat.extend(evaluator.items(&value, false, span).0),
                            value => flat.push(value),
                        }
                    }
                    evaluator.list(flat, open)
                }
                "filter" => evaluator.list(kept, true),
                "find" => kept.into_iter().reduce(Value::or).unwrap_or(Value::Null),
                "forEach" => Value::Null,
                _ => evaluator.unknown(span),
            }
        }
        "reduce" | "reduceRight" => {
            let function = given(0)?.clone();
            let mut rest = items;
            if name == "reduceRight" {
                rest.reverse();
            }
            let mut rest = rest.into_iter();
            let mut value = match given(1) {
                Some(first) => first.clone(),
                None => rest.next()?,
            };
            for item in rest {
                let given = Arguments {
                    positional: vec![value, item],
                    ..Arguments::default()
                };
                value = evaluator.apply(&function, &given, span);
            }
            if open { evaluator.unknown(span) } else { value }
        }
        "join" | "toString" => {
            let separator = given(0).cloned().unwrap_or_else(|| Value::text(","));
            let mut parts = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    parts.push(separator.clone());
                }
                parts.push(item);
            }
            if open {
                parts.push(evaluator.unknown(span));
            }
            // A list of codes is a buffer.
            evaluator.joined(&parts)
        }
        "concat" => {
            let mut all = items;
            let mut more = open;
            for value in &arguments.positional {
                match value {
                    Value::List(_) => {
                        let (items, open) = evaluator.items(value, false, span);
                        all.extend(items);
                        more |= open;
                    }
                    value => all.push(value.clone()),
                }
            }
            evaluator.list(all, more)
        }
        "slice" => {
            let items = sliced(&items, number(0), number(1), None);
            evaluator.list(items, open)
        }
        "splice" => {
            let removed = sliced(
                &items,
                number(0),
                number(0).zip(number(1)).map(|(a, b)| a + b),
                None,
            );
            if let Some(Item::List { open, .. }) = evaluator.store.change(id) {
                *open = true;
            }
            evaluator.list(removed, open)
        }
        "reverse" | "toReversed" => {
            let mut reversed = items;
            reversed.reverse();
            if name == "reverse"
                && let Some(Item::List { items, .. }) = evaluator.store.change(id)
            {
                items.clone_from(&reversed);
                return Some(list);
            }
            evaluator.list(reversed, open)
        }
        "sort" | "toSorted" | "values" | "keys" | "fill" => list,
        "flat" => {
            let mut flat = Vec::new();
            let mut more = open;
            for value in items {
                match value {
                    Value::List(_) => {
                        let (items, open) = evaluator.items(&value, false, span);
                        flat.extend(items);
                        more |= open;
                    }
                    value => flat.push(value),
                }
            }
            evaluator.list(flat, more)
        }
        "entries" => {
            let mut pairs = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a short list")]
                let index = Value::Number(index as f64);
                pairs.push(evaluator.list(vec![index, item], false));
            }
            evaluator.list(pairs, open)
        }
        "at" => {
            let at = given(0)?.clone();
            evaluator.index(&list, &at, span)
        }
        "includes" => match given(0) {
            Some(item) if items.iter().any(|known| known.same(item)) => Value::Boolean(true),
            Some(Value::Text(item))
                if !open
                    && item.exact().is_some()
                    && items.iter().all(|known| known.exact().is_some()) =>
            {
                Value::Boolean(false)
            }
            _ => evaluator.unknown(span),
        },
        _ => return None,
    })
}

/// `Buffer.from(text, encoding)`, as the text that it holds.
pub(super) fn buffer(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    encoding: Option<&Value>,
    span: Span,
) -> Value {
    if let Value::List(_) = value {
        let (items, open) = evaluator.items(value, false, span);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be bytes"
        )]
        let bytes: Option<Vec<u8>> = items
            .iter()
            .map(|item| {
                let code = item.number()?;
                (0.0..256.0).contains(&code).then_some(code as u8)
            })
            .collect();
        return match decoded(bytes) {
            Some(text) if !open => text,
            _ => evaluator.unknown(span),
        };
    }
    match encoding {
        None | Some(Value::Null) => value.clone(),
        Some(encoding) => match encoding.exact() {
            Some("base64" | "base64url") => {
                evaluator.lift(value, span, |text| decoded(decode_base64(text)))
            }
            Some("hex") => evaluator.lift(value, span, |text| decoded(decode_hex(text))),
            Some("utf8" | "utf-8" | "latin1" | "ascii" | "binary") => value.clone(),
            _ => evaluator.unknown(span),
        },
    }
}
