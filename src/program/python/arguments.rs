//! What `argparse` makes of the program's arguments.
//!
//! Follows parsers without sub-commands as far as they are declared with known names; anything
//! else is not known.

use crate::location::Span;
use crate::program::Invocation;
use crate::program::evaluate::Evaluator;
use crate::program::value::{Arguments, Value};
use crate::resolve::Text;

/// One `add_argument`.
struct Declared {
    /// `-o`, `--output`; none of a positional argument.
    names: Vec<String>,
    /// The member that holds its value.
    member: String,
    action: String,
    /// How many words it takes: at least, at most.
    least: usize,
    most: usize,
    is_list: bool,
    default: Option<Value>,
    constant: Option<Value>,
    /// What it is made of each word.
    kind: Option<Value>,
    given: Option<Value>,
}

/// Reads one `add_argument`; nothing if its names are not known.
fn declared(call: &Arguments) -> Option<Declared> {
    if call.open {
        return None;
    }
    let names: Option<Vec<String>> = call
        .positional
        .iter()
        .map(|name| name.exact().map(str::to_owned))
        .collect();
    let names = names.filter(|names| !names.is_empty())?;
    let keyword = |name: &str| {
        let mut keywords = call.keywords.iter();
        keywords.find(|(given, _)| given == name).map(|(_, v)| v)
    };
    let is_option = names.iter().all(|name| name.starts_with('-'));
    let long = names.iter().find(|name| name.starts_with("--"));
    let member = match keyword("dest") {
        Some(member) => member.exact()?.to_owned(),
        None => long
            .or(names.first())?
            .trim_start_matches('-')
            .replace('-', "_"),
    };
    let action = match keyword("action") {
        Some(action) => action.exact()?.to_owned(),
        None => "store".to_owned(),
    };
    let (least, most, is_list) = match keyword("nargs") {
        _ if !matches!(action.as_str(), "store" | "append" | "extend") => (0, 0, false),
        None => (1, 1, false),
        Some(Value::Number(count)) if (1.0..64.0).contains(count) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is small and positive"
            )]
            let count = *count as usize;
            (count, count, true)
        }
        Some(count) => match count.exact()? {
            "?" => (0, 1, false),
            "*" => (0, usize::MAX, true),
            "+" => (1, usize::MAX, true),
            _ => return None,
        },
    };
    Some(Declared {
        names: if is_option { names } else { Vec::new() },
        member,
        action,
        least,
        most,
        is_list,
        default: keyword("default").cloned(),
        constant: keyword("const").cloned(),
        kind: keyword("type").cloned(),
        given: None,
    })
}

/// `parse_args()`: an object with what each declared argument gets.
pub(super) fn parse(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    if !call.arguments.positional.is_empty() || !call.arguments.keywords.is_empty() {
        return None;
    }
    let calls = std::mem::take(&mut evaluator.declared);
    let all: Option<Vec<Declared>> = calls.iter().map(declared).collect();
    evaluator.declared = calls;
    let mut all = all.filter(|all| !all.is_empty())?;
    let words: Vec<Text> = evaluator.arguments.iter().skip(1).cloned().collect();
    let mut rest: Vec<Text> = Vec::new();
    let mut words = words.into_iter().peekable();
    let is_option = |word: &Text| {
        let prefix = word.known_prefix();
        prefix.starts_with('-') && prefix.len() > 1
    };
    while let Some(word) = words.next() {
        if !is_option(&word) {
            rest.push(word);
            continue;
        }
        let known = word.known_prefix();
        if known == "--" {
            rest.extend(words.by_ref());
            break;
        }
        let (name, attached) = match known.split_once('=') {
            Some((name, _)) if name.starts_with("--") => (name, Some(word.after(name.len() + 1))),
            _ if known.starts_with("--") => (word.exact()?, None),
            // `-ofile` is `-o file`.
            _ => {
                let length = known
                    .chars()
                    .nth(1)
                    .map_or(1, |letter| 1 + letter.len_utf8());
                let value = word.after(length);
                (known.get(..length)?, (!value.is_empty()).then_some(value))
            }
        };
        // A beginning is enough, if it is the beginning of one only.
        let fits = |declared: &&mut Declared| declared.names.iter().any(|known| known == name);
        let begins = |declared: &&mut Declared| {
            name.starts_with("--") && declared.names.iter().any(|known| known.starts_with(name))
        };
        let exact = all.iter().any(|declared| {
            let mut names = declared.names.iter();
            names.any(|known| known == name)
        });
        let option = if exact {
            all.iter_mut().find(fits)
        } else {
            all.iter_mut().find(begins)
        }?;
        if attached.is_some() && option.most == 0 {
            return None;
        }
        let mut values: Vec<Text> = attached.into_iter().collect();
        if values.is_empty() {
            while values.len() < option.most {
                match words.next_if(|next| !is_option(next)) {
                    Some(value) => values.push(value),
                    None => break,
                }
            }
        }
        give(evaluator, option, values, call.span);
    }
    give_rest(evaluator, &mut all, rest, call.span);
    let members = all.into_iter().map(|declared| {
        let value = match (declared.given, declared.action.as_str()) {
            (Some(given), _) => given,
            (None, "store_true") => Value::Boolean(false),
            (None, "store_false") => Value::Boolean(true),
            (None, _) => declared.default.unwrap_or(Value::Null),
        };
        (declared.member, value)
    });
    let members = members.collect();
    Some(evaluator.record(members, call.span))
}

/// The words that no option took go to the positional arguments, in order.
fn give_rest(evaluator: &mut Evaluator<'_>, all: &mut [Declared], rest: Vec<Text>, span: Span) {
    let least = |declared: &[&mut Declared]| -> usize {
        declared.iter().map(|declared| declared.least).sum()
    };
    let mut rest = rest.into_iter();
    let mut positional: Vec<&mut Declared> = all
        .iter_mut()
        .filter(|declared| declared.names.is_empty())
        .collect();
    while !positional.is_empty() {
        let declared = positional.remove(0);
        // As many as the ones behind it leave.
        let count = rest.len().saturating_sub(least(&positional));
        let values: Vec<Text> = rest.by_ref().take(count.min(declared.most)).collect();
        if values.is_empty() && declared.least == 0 && !declared.is_list {
            continue;
        }
        if values.len() < declared.least {
            // The program ends here, with a word about its use.
            declared.given = Some(Value::unknown(&*declared.member));
            continue;
        }
        give(evaluator, declared, values, span);
    }
}

fn give(evaluator: &mut Evaluator<'_>, declared: &mut Declared, values: Vec<Text>, span: Span) {
    let mut made: Vec<Value> = Vec::new();
    for value in values {
        let value = Value::Text(value);
        made.push(match &declared.kind {
            Some(kind) => {
                let arguments = Arguments {
                    positional: vec![value],
                    ..Arguments::default()
                };
                evaluator.apply(&kind.clone(), &arguments, span)
            }
            None => value,
        });
    }
    let value = match declared.action.as_str() {
        "store_true" => Value::Boolean(true),
        "store_false" => Value::Boolean(false),
        "store" if declared.is_list => evaluator.list(made, false),
        "store" => match (made.pop(), &declared.constant) {
            (Some(value), _) => value,
            (None, Some(constant)) => constant.clone(),
            (None, None) => Value::Null,
        },
        "store_const" => declared.constant.clone().unwrap_or(Value::Null),
        "append" | "extend" => {
            let mut all = match &declared.given {
                Some(before) => evaluator.items(before, true, span).0,
                None => Vec::new(),
            };
            all.extend(made);
            evaluator.list(all, false)
        }
        _ => Value::unknown(&*declared.member),
    };
    declared.given = Some(value);
}
