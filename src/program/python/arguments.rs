//! What `argparse` makes of the program's arguments.
//!
//! Follows parsers without sub-commands as far as they are declared with known names; anything
//! else is not known.

use crate::program::Invocation;
use crate::program::arguments::{Declared, fill};
use crate::program::evaluate::Evaluator;
use crate::program::value::{Arguments, Value};
use crate::resolve::Text;

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
    let all = all.filter(|all| !all.is_empty())?;
    let words: Vec<Text> = evaluator.arguments.iter().skip(1).cloned().collect();
    let members = fill(evaluator, all, words, call.span)?;
    Some(evaluator.record(members, call.span))
}
