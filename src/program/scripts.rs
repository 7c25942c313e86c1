//! What Ruby, Perl, PHP and awk share: formats, packed texts, calls of each item of a list, and
//! how a one-liner's options make the program of it.

use std::path::PathBuf;

use super::evaluate::Evaluator;
use super::texts;
use super::value::{Arguments, Item, Value};
use super::{Kind, Language, awk, perl, php, ruby, start};
use crate::call::{Call, Findings};
use crate::location::Span;
use crate::resolve::decode::{base64 as decode_base64, hex as decode_hex};
use crate::resolve::{Argument, Origin, Part, Text};
use crate::rules::origin_of;

/// Items that a range gives.
const RANGE: f64 = 256.0;

pub(crate) fn analyze_ruby(call: &Call<'_>, findings: &mut Findings) {
    one_liner(&ruby::RUBY, &["-e"], call, findings, |text| {
        wrapped(text, "while gets\n", "\nend")
    });
}

pub(crate) fn analyze_perl(call: &Call<'_>, findings: &mut Findings) {
    one_liner(&perl::PERL, &["-e", "-E"], call, findings, |text| {
        wrapped(text, "while (<>) {\n", "\n;}")
    });
}

pub(crate) fn analyze_php(call: &Call<'_>, findings: &mut Findings) {
    let options = [
        "--process-begin",
        "--run",
        "--process-code",
        "--process-end",
    ];
    one_liner(&php::PHP, &options, call, findings, Clone::clone);
}

/// The text of every option that holds program text is one program; `-n` and `-p` put it into a
/// loop over the input.
fn one_liner(
    language: &'static Language,
    options: &[&str],
    call: &Call<'_>,
    findings: &mut Findings,
    looped: fn(&Text) -> Text,
) {
    super::preload::load(language, call, findings);
    if call
        .args
        .options
        .iter()
        .any(|option| options.contains(&option.name.as_str()))
    {
        super::unseen_options(call, findings);
    }
    let given: Vec<&Argument> = call
        .args
        .options
        .iter()
        .filter(|option| options.contains(&option.name.as_str()))
        .flat_map(|option| &option.values)
        .collect();
    let loops = call.args.flag("-n") || call.args.flag("-p");
    let arguments = || -> Vec<Text> {
        let operands = call.args.operands.iter();
        let operands = operands.map(|operand| operand.value.clone());
        std::iter::once(Text::known("-e")).chain(operands).collect()
    };
    match given.as_slice() {
        [] => super::analyze(language, call, findings),
        [only] if !loops => {
            let origin = origin_of(only);
            start(
                &only.value,
                origin,
                Kind::Inline,
                None,
                arguments(),
                language,
                call,
                findings,
            );
        }
        [first, ..] => {
            let mut text = Text::empty();
            for piece in &given {
                text.append(piece.value.clone());
                text.push_known("\n");
            }
            if loops {
                text = looped(&text);
            }
            let origin = Origin::Place(first.location.clone());
            start(
                &text,
                origin,
                Kind::Inline,
                None,
                arguments(),
                language,
                call,
                findings,
            );
        }
    }
}

fn wrapped(text: &Text, before: &str, after: &str) -> Text {
    let mut whole = Text::known(before);
    whole.append(text.clone());
    whole.push_known(after);
    whole
}

/// Judges an awk: its options' text and files are one program.
pub(crate) fn analyze_awk(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.flag("--sandbox") {
        return;
    }
    let mut program = Text::empty();
    let mut place = call.command.location.clone();
    let mut origin = None;
    // `-v x=y` is an assignment before anything runs.
    let mut assignments = Text::empty();
    let mut assign = |argument: &Argument| {
        let prefix = argument.value.known_prefix();
        let Some((name, value)) = prefix.split_once('=') else {
            return false;
        };
        let is_name = name
            .starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !is_name {
            return false;
        }
        assignments.push_known(&format!("BEGIN {{ {name} = \""));
        assignments.push_known(&value.replace('"', "\\\"").replace('\n', "\\n"));
        for part in argument.value.parts().iter().skip(1) {
            match part {
                Part::Known(text) | Part::Glob(text) => {
                    assignments.push_known(&text.replace('"', "\\\"").replace('\n', "\\n"));
                }
                other @ Part::Unknown(_) => assignments.push(other.clone()),
            }
        }
        assignments.push_known("\" }\n");
        true
    };
    for given in args.all("--assign") {
        assign(given);
    }
    let mut written = false;
    for option in &args.options {
        match (option.name.as_str(), option.values.first()) {
            ("--source", Some(text)) => {
                program.append(text.value.clone());
                program.push_known("\n");
                place = text.location.clone();
                written = true;
            }
            ("--file" | "--exec" | "--include", Some(file)) => {
                written |= option.name != "--include";
                let path = file
                    .value
                    .exact()
                    .and_then(|path| call.command.directory.join(path));
                let text = path.and_then(|path| call.world.read(&path).ok());
                match text.filter(|_| call.command.elsewhere.is_none()) {
                    Some(text) => {
                        program.push_known(&text);
                        program.push_known("\n");
                        place = file.location.clone();
                    }
                    None if option.name == "--include" => {}
                    None => {
                        let shown = file.value.display();
                        let reason = format!("the awk program `{shown}` cannot be read");
                        findings.opaque(reason, &file.location);
                    }
                }
            }
            _ => {}
        }
    }
    for library in args.all("--load") {
        awk::library(
            library.value.display().as_ref(),
            &library.location,
            findings,
        );
    }
    let mut operands = args.operands.iter();
    if !written {
        let Some(text) = operands.next() else {
            return;
        };
        program = text.value.clone();
        place = text.location.clone();
        origin = Some(origin_of(text));
    }
    let mut arguments = vec![Text::known("awk")];
    for operand in operands {
        // `x=y` among the files is assigned when its turn comes.
        assign(operand);
        arguments.push(operand.value.clone());
    }
    let origin = match origin {
        Some(origin) if assignments.is_empty() => origin,
        _ => Origin::Place(place),
    };
    assignments.append(program);
    start(
        &assignments,
        origin,
        Kind::Inline,
        None,
        arguments,
        &awk::AWK,
        call,
        findings,
    );
}

/// Calls a function for each item of a list, and gives what it gives.
pub(super) fn each(
    evaluator: &mut Evaluator<'_>,
    items: &Value,
    function: &Value,
    span: Span,
) -> Value {
    let (items, open) = evaluator.items(items, true, span);
    let mut found = Vec::new();
    let mut values = items;
    if open && values.is_empty() {
        values.push(evaluator.unknown(span));
    }
    for item in values {
        let arguments = Arguments {
            positional: vec![item],
            ..Arguments::default()
        };
        found.push(evaluator.apply(function, &arguments, span));
    }
    evaluator.list(found, open)
}

/// The items of a list as one text, with this between them.
pub(super) fn join(
    evaluator: &mut Evaluator<'_>,
    items: &Value,
    between: &Value,
    span: Span,
) -> Value {
    let (items, open) = evaluator.items(items, true, span);
    let mut parts = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            parts.push(between.clone());
        }
        // Lists in it are joined, too.
        let item = match item {
            Value::List(_) => join(evaluator, &item, between, span),
            other => other,
        };
        parts.push(item);
    }
    if open {
        parts.push(evaluator.unknown(span));
    }
    evaluator.joined(&parts)
}

/// A list of values in the other order; a text letter by letter.
pub(super) fn reversed(evaluator: &mut Evaluator<'_>, value: &Value, span: Span) -> Value {
    match value {
        Value::List(_) => {
            let (mut items, open) = evaluator.items(value, true, span);
            items.reverse();
            evaluator.list(items, open)
        }
        _ => evaluator.lift(value, span, |text| {
            Some(Value::text(text.chars().rev().collect::<String>()))
        }),
    }
}

/// `first..last`.
pub(super) fn range(
    evaluator: &mut Evaluator<'_>,
    first: &Value,
    last: &Value,
    span: Span,
) -> Value {
    let letter = |value: &Value| {
        let mut letters = value.exact()?.chars();
        let letter = letters.next()?;
        letters.next().is_none().then_some(letter)
    };
    let items: Vec<Value> = match (first.number(), last.number(), letter(first), letter(last)) {
        (Some(first), Some(last), _, _) if (0.0..RANGE).contains(&(last - first)) => {
            let mut at = first;
            let mut items = Vec::new();
            while at <= last {
                items.push(Value::Number(at));
                at += 1.0;
            }
            items
        }
        (_, _, Some(first), Some(last)) => (first..=last)
            .map(|letter| Value::text(letter.to_string()))
            .collect(),
        _ => {
            let item = evaluator.unknown(span);
            return evaluator.list(vec![item], true);
        }
    };
    evaluator.list(items, false)
}

/// Takes an item off a list: the first one, or the last.
pub(super) fn take(evaluator: &mut Evaluator<'_>, list: &Value, first: bool, span: Span) -> Value {
    let Value::List(id) = list else {
        return evaluator.unknown(span);
    };
    let mut taken = None;
    let mut unsure = true;
    if let Some(Item::List { items, open }) = evaluator.store.change(*id) {
        unsure = *open;
        if !items.is_empty() {
            taken = Some(if first {
                items.remove(0)
            } else {
                items.remove(items.len() - 1)
            });
        }
    }
    match taken {
        Some(value) if first || !unsure => value,
        Some(value) => value.or(evaluator.unknown(span)),
        None if unsure => evaluator.unknown(span),
        None => Value::Null,
    }
}

/// Texts out of a list of letters' codes: `C`, `c`, `U`, `W`; hexadecimal digits: `H`; texts.
pub(super) fn packed(
    evaluator: &mut Evaluator<'_>,
    template: &Value,
    items: &Value,
    span: Span,
) -> Value {
    let Some(kind) = template
        .exact()
        .and_then(|template| template.chars().next())
    else {
        return evaluator.unknown(span);
    };
    let (items, open) = evaluator.items(items, true, span);
    if open {
        return evaluator.unknown(span);
    }
    match kind {
        'C' | 'c' | 'U' | 'W' => {
            let letters: Option<String> = items
                .iter()
                .map(|item| {
                    let code = item.number().or_else(|| item.exact()?.parse().ok())?;
                    texts::letter(code)
                })
                .collect();
            letters.map_or_else(|| evaluator.unknown(span), Value::text)
        }
        'H' => match items.first() {
            Some(digits) => evaluator.lift(digits, span, |text| texts::decoded(decode_hex(text))),
            None => Value::text(""),
        },
        'A' | 'a' | 'Z' => match items.as_slice() {
            [only] => only.clone(),
            _ => evaluator.unknown(span),
        },
        'm' => match items.first() {
            Some(text) => evaluator.lift(text, span, |text| {
                Some(Value::text(base64_text(text.as_bytes())))
            }),
            None => Value::text(""),
        },
        _ => evaluator.unknown(span),
    }
}

/// The text that a packed text holds: `m` is base64, `H` hexadecimal digits, `u` uuencoded.
pub(super) fn unpacked(
    evaluator: &mut Evaluator<'_>,
    template: &Value,
    text: &Value,
    span: Span,
) -> Value {
    match template
        .exact()
        .and_then(|template| template.chars().next())
    {
        Some('m') => evaluator.lift(text, span, |text| texts::decoded(decode_base64(text))),
        Some('u') => evaluator.lift(text, span, |text| texts::decoded(uudecoded(text))),
        Some('H') => evaluator.lift(text, span, |text| {
            let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            Some(Value::text(digits))
        }),
        Some('A' | 'a' | 'Z') => text.clone(),
        _ => evaluator.unknown(span),
    }
}

fn base64_text(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or_default();
            let letter = LETTERS.get(index).copied().unwrap_or(b'A');
            text.push(if at <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

fn uudecoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        let mut letters = line
            .bytes()
            .map(|byte| u32::from(byte.wrapping_sub(32) & 63));
        let Some(length) = letters.next() else {
            continue;
        };
        let mut of_line: Vec<u8> = Vec::new();
        let sextets: Vec<u32> = letters.collect();
        for chunk in sextets.chunks(4) {
            let sextet = |at: usize| chunk.get(at).copied().unwrap_or_default();
            let bits = sextet(0) << 18 | sextet(1) << 12 | sextet(2) << 6 | sextet(3);
            for shift in [16, 8, 0] {
                of_line.push(u8::try_from(bits >> shift & 255).ok()?);
            }
        }
        of_line.truncate(usize::try_from(length).ok()?);
        bytes.extend(of_line);
    }
    Some(bytes)
}

/// `sprintf`: texts, numbers and letters in their places.
pub(super) fn formatted(
    evaluator: &mut Evaluator<'_>,
    format: &Value,
    arguments: &[Value],
    span: Span,
) -> Value {
    let Some(format) = format.exact().map(str::to_owned) else {
        return evaluator.unknown(span);
    };
    let mut parts: Vec<Value> = Vec::new();
    let mut text = String::new();
    let mut next = 0;
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        if letters.next_if_eq(&'%').is_some() {
            text.push('%');
            continue;
        }
        let mut modifiers = String::new();
        while let Some(modifier) =
            letters.next_if(|letter| letter.is_ascii_digit() || "-+ 0#.$*l'".contains(*letter))
        {
            modifiers.push(modifier);
        }
        let Some(conversion) = letters.next() else {
            break;
        };
        let position = modifiers
            .split_once('$')
            .and_then(|(at, _)| at.parse::<usize>().ok());
        let at = match position {
            Some(position) => position.saturating_sub(1),
            None => {
                next += 1;
                next - 1
            }
        };
        parts.push(Value::text(std::mem::take(&mut text)));
        let plain = modifiers.is_empty() || position.is_some();
        let value = arguments.get(at).cloned();
        let value = match (conversion, value) {
            ('s' | 'd' | 'i' | 'u' | 'v', Some(value)) if plain => value,
            ('c', Some(value)) => match value.number().and_then(texts::letter) {
                Some(letter) => Value::text(letter.to_string()),
                None => value,
            },
            ('x', Some(Value::Number(number)))
                if plain && number >= 0.0 && number.fract() == 0.0 =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and not negative"
                )]
                let whole = number as u64;
                Value::text(format!("{whole:x}"))
            }
            _ => evaluator.unknown(span),
        };
        parts.push(value);
    }
    parts.push(Value::text(text));
    evaluator.joined(&parts)
}

/// A part of a text, from a place that may count from the end.
pub(super) fn substring(
    evaluator: &mut Evaluator<'_>,
    text: &Value,
    start: &Value,
    length: Option<&Value>,
    span: Span,
) -> Value {
    let (Some(start), Some(text)) = (start.number(), text.exact()) else {
        return evaluator.unknown(span);
    };
    let letters: Vec<char> = text.chars().collect();
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let count = letters.len() as f64;
    let start = if start < 0.0 {
        (start + count).max(0.0)
    } else {
        start
    };
    let end = match length.map(Value::number) {
        None => count,
        Some(Some(length)) if length < 0.0 => count + length,
        Some(Some(length)) => start + length,
        Some(None) => return evaluator.unknown(span),
    };
    let found = super::evaluate::sliced(&letters, Some(start), Some(end.max(start)), None);
    Value::text(found.into_iter().collect::<String>())
}

/// `tr/a-z/b-za/` of a known text.
pub(super) fn transliterated(text: &str, from: &str, to: &str, delete: bool) -> String {
    let expand = |set: &str| -> Vec<char> {
        let letters: Vec<char> = set.chars().collect();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(letter) = letters.get(at) {
            match (letters.get(at + 1), letters.get(at + 2)) {
                (Some('-'), Some(last)) if letter <= last => {
                    found.extend(*letter..=*last);
                    at += 3;
                }
                _ => {
                    found.push(*letter);
                    at += 1;
                }
            }
        }
        found
    };
    let (from, to) = (expand(from), expand(to));
    text.chars()
        .filter_map(
            |letter| match from.iter().position(|known| *known == letter) {
                None => Some(letter),
                Some(_) if delete && to.is_empty() => None,
                Some(at) => Some(to.get(at).or(to.last()).copied().unwrap_or(letter)),
            },
        )
        .collect()
}

/// A word as a shell reads it back.
pub(super) fn quoted(evaluator: &mut Evaluator<'_>, value: &Value) -> Value {
    let texts = evaluator.texts(value);
    let quoted = texts.into_iter().map(|text| match text.exact() {
        Some(known) => Value::text(shell_words::quote(known)),
        None => {
            let mut whole = Text::known("\"");
            whole.append(text);
            whole.push_known("\"");
            Value::Text(whole)
        }
    });
    quoted.reduce(Value::or).unwrap_or(Value::Null)
}

/// A path of its own among the temporary files.
pub(super) fn temporary() -> Value {
    Value::text("/tmp/tmp.XXXXXXXXXX")
}

/// The paths that a pattern fits.
pub(super) fn globbed(evaluator: &mut Evaluator<'_>, pattern: &Value, span: Span) -> Value {
    let patterns = match pattern {
        Value::List(_) => evaluator.items(pattern, true, span).0,
        other => vec![other.clone()],
    };
    let mut found = Vec::new();
    for pattern in patterns {
        for text in evaluator.texts(&pattern) {
            match text.exact() {
                Some(known) => found.extend(
                    known
                        .split_whitespace()
                        .map(|word| Value::Text(texts::pattern(word))),
                ),
                None => found.push(Value::Text(text)),
            }
        }
    }
    evaluator.list(found, false)
}

/// The file that a program reads as a part of itself, under the first of these endings that is there.
pub(super) fn beside(
    evaluator: &Evaluator<'_>,
    name: &str,
    endings: &[&str],
) -> Option<(PathBuf, String)> {
    let beside = match &evaluator.unit.path {
        Some(path) => path.parent()?.to_owned(),
        None => evaluator.directory().join("")?,
    };
    let directories = std::iter::once(beside).chain(evaluator.module_directories());
    directories.into_iter().find_map(|directory| {
        let base = texts::normal_path(&directory.join(name).to_string_lossy());
        endings.iter().find_map(|ending| {
            let path = PathBuf::from(format!("{base}{ending}"));
            let text = evaluator.call.world.read(&path).ok()?;
            Some((path, text))
        })
    })
}

/// What the program is called with, without its own name.
pub(super) fn given(evaluator: &mut Evaluator<'_>) -> Value {
    let items = evaluator
        .arguments
        .iter()
        .skip(1)
        .cloned()
        .map(Value::Text)
        .collect();
    evaluator.list(items, false)
}

/// What all of them hold as a map of variables, if the path names one.
pub(super) fn variable(evaluator: &Evaluator<'_>, name: &str) -> Value {
    evaluator
        .variable(name)
        .unwrap_or_else(|| Value::unknown(format!("${name}")))
}
