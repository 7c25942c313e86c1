//! Perl: its grammar, its values and the parts of its library that only compute.

mod lower;

use std::path::PathBuf;

use super::awk::looks_false;
use super::evaluate::Evaluator;
use super::preload::Preload;
use super::texts::{letter, split_path};
use super::value::{Arguments, Value};
use super::{Invocation, Language, scripts, texts};
use crate::location::Span;
use crate::resolve::decode::base64 as decode_base64;
use crate::resolve::{Part, Text};

pub(super) static PERL: Language = Language {
    name: "perl",
    parse: lower::parse,
    inline: &[],
    module_option: None,
    preload: Preload {
        options: &[
            ("-M", "use ", ";"),
            ("-m", "use ", ";"),
            ("-d", "use Devel:", ";"),
        ],
        search: ("PERL5LIB", "-I"),
        separator: Some('='),
        settings: "",
    },
    directory_main: &[],
    literals: ["1", "", ""],
    empty_is_true: false,
    list_is_text: false,
    keys_are_members: false,
    missing_is_null: false,
    super_is_called: false,
    environment: "%ENV",
    arguments_with_interpreter: false,
    property: |_| false,
    module,
    constant,
    member: |_, _, _, _| None,
    method,
    fold,
    operate: |_, _, _, _, _| None,
    print: |_, value| temporary(value),
    truth: looks_false,
};

/// An object that stands for a temporary file is its name.
fn temporary(value: &Value) -> Option<Text> {
    match value {
        Value::Name(name) if name.path == "File::Temp.new()" => match scripts::temporary() {
            Value::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// What `do FILE` and `require "file"` read.
fn module(evaluator: &Evaluator<'_>, name: &str) -> Option<(PathBuf, String)> {
    scripts::beside(evaluator, name, &[""])
}

fn constant(evaluator: &mut Evaluator<'_>, path: &str) -> Option<Value> {
    Some(match path {
        "@ARGV" => scripts::given(evaluator),
        "$0" | "__FILE__" => match &evaluator.unit.path {
            Some(path) => Value::text(path.to_string_lossy()),
            None => Value::text("-e"),
        },
        "$^X" => Value::text("perl"),
        "$^O" => Value::text("linux"),
        "$/" => Value::text("\n"),
        // Where the program is not started by perl, a shell would set it.
        "$running_under_some_shell" | "$running_under_some_shell_" => Value::Null,
        "@INC" | "%INC" => Value::unknown(path),
        _ => {
            let name = path.strip_prefix("%ENV.")?;
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
    Some(match (name, receiver) {
        ("()", _) => {
            // A symbolic reference: only the program's own functions are called so.
            let called = receiver.exact()?.trim_start_matches("main::").to_owned();
            match evaluator.lookup(&called) {
                Some(function @ Value::Function(_)) => evaluator.apply(&function, arguments, span),
                _ => {
                    let function = evaluator.library_name(&called);
                    evaluator.apply(&function, arguments, span)
                }
            }
        }
        ("shift", Value::List(_)) => scripts::take(evaluator, receiver, true, span),
        ("pop", Value::List(_)) => scripts::take(evaluator, receiver, false, span),
        ("push" | "unshift", Value::List(id)) => {
            evaluator.extend(*id, arguments.positional.clone(), arguments.open);
            Value::Null
        }
        _ => return None,
    })
}

fn fold(evaluator: &mut Evaluator<'_>, call: &Invocation<'_>) -> Option<Value> {
    let span = call.span;
    let given = &call.arguments.positional;
    let first = given.first();
    let name = match call.path {
        "File::Temp.new().filename" => call.path,
        path => path.rsplit("::").next().unwrap_or(path),
    };
    Some(match name {
        "print" | "say" => {
            // What stands between and after may be set.
            let set = ["$,", "$\\"];
            let set = set.iter().any(|name| evaluator.lookup(name).is_some());
            if set || given.is_empty() || call.arguments.open {
                evaluator.print_unseen();
            } else {
                let end = if name == "say" { "\n" } else { "" };
                evaluator.print(given, "", end);
            }
            Value::Number(1.0)
        }
        "join" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            let rest = evaluator.list(rest, call.arguments.open);
            scripts::join(evaluator, &rest, first?, span)
        }
        "reverse" => match given.as_slice() {
            [only] if !call.arguments.open => scripts::reversed(evaluator, only, span),
            _ => {
                let list = evaluator.list(given.clone(), call.arguments.open);
                scripts::reversed(evaluator, &list, span)
            }
        },
        "sprintf" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            scripts::formatted(evaluator, first?, &rest, span)
        }
        "lc" | "fc" => evaluator.lift(first?, span, |text| Some(Value::text(text.to_lowercase()))),
        "uc" => evaluator.lift(first?, span, |text| Some(Value::text(text.to_uppercase()))),
        "lcfirst" | "ucfirst" => evaluator.lift(first?, span, |text| {
            let mut letters = text.chars();
            let first = letters.next()?;
            let first = if name == "lcfirst" {
                first.to_lowercase().to_string()
            } else {
                first.to_uppercase().to_string()
            };
            Some(Value::text(first + letters.as_str()))
        }),
        "chr" => {
            let code = first?.number().or_else(|| first?.exact()?.parse().ok());
            match code.and_then(letter) {
                Some(letter) => Value::text(letter.to_string()),
                None => evaluator.unknown(span),
            }
        }
        "ord" => match first?.exact().and_then(|text| text.chars().next()) {
            Some(letter) => Value::Number(f64::from(u32::from(letter))),
            None => evaluator.unknown(span),
        },
        "hex" => match first?
            .exact()
            .map(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16))
        {
            Some(Ok(number)) => Value::Number(f64::from(number)),
            _ => evaluator.unknown(span),
        },
        "substr" if given.len() <= 3 => {
            scripts::substring(evaluator, first?, given.get(1)?, given.get(2), span)
        }
        "pack" => {
            let rest = given.get(1..).unwrap_or_default().to_vec();
            let rest = evaluator.list(rest, call.arguments.open);
            scripts::packed(evaluator, first?, &rest, span)
        }
        "unpack" => scripts::unpacked(evaluator, first?, given.get(1)?, span),
        "decode_base64" => evaluator.lift(first?, span, |text| texts::decoded(decode_base64(text))),
        "split" => {
            let text = given.get(1)?.exact().map(str::to_owned);
            match (first?.exact().map(str::to_owned), text) {
                (Some(between), Some(text)) if between == " " => {
                    evaluator.text_list(text.split_whitespace())
                }
                (Some(between), Some(text)) if between.is_empty() => {
                    let letters: Vec<String> = text.chars().map(String::from).collect();
                    evaluator.text_list(letters.iter().map(String::as_str))
                }
                (Some(between), Some(text))
                    if !between.contains(|letter: char| ".[]{}()*+?^$|\\".contains(letter)) =>
                {
                    evaluator.text_list(text.split(between.as_str()))
                }
                _ => {
                    let item = evaluator.unknown(span);
                    evaluator.list(vec![item], true)
                }
            }
        }
        "glob" | "bsd_glob" => scripts::globbed(evaluator, first?, span),
        "keys" | "values" | "sort" | "uniq" => {
            let list = match first {
                Some(Value::List(_) | Value::Map(_)) if given.len() == 1 => first?.clone(),
                _ => evaluator.list(given.clone(), call.arguments.open),
            };
            let (items, open) = evaluator.items(&list, name != "values", span);
            evaluator.list(items, open)
        }
        "catfile" | "catdir" => {
            let parts = if call.path.contains('.') || call.path.contains("::") {
                given.clone()
            } else {
                given
                    .get(usize::from(call.path.contains("Spec"))..)?
                    .to_vec()
            };
            evaluator.join_paths(&parts)
        }
        "basename" => evaluator.lift(first?, span, |path| Some(Value::text(split_path(path).1))),
        "dirname" => evaluator.lift(first?, span, |path| {
            let (directory, _) = split_path(path);
            Some(Value::text(if directory.is_empty() {
                "."
            } else {
                directory
            }))
        }),
        // What it opens, if that is known: a file that is read, as far as it is not.
        "open two" => match first? {
            Value::Text(text) if text.exact().is_some() => return None,
            Value::Text(text) => {
                let piped = matches!(
                    text.parts().last(),
                    Some(Part::Known(last)) if last.trim_end().ends_with('|')
                );
                if piped || text.known_prefix().trim_start().starts_with(['|', '>']) {
                    return None;
                }
                Value::Null
            }
            _ => Value::Null,
        },
        "File::Temp.new().filename" => scripts::temporary(),
        "tempdir" | "tempfile" | "tmpdir" | "mkdtemp" => scripts::temporary(),
        "shell_quote" => scripts::quoted(evaluator, first?),
        "chdir" => {
            let to = evaluator.to_text(first?);
            evaluator.enter_directory(&to);
            Value::Boolean(true)
        }
        "cwd" | "getcwd" => Value::text("."),
        "find" | "finddepth" => {
            let callback = match first? {
                Value::Map(_) => {
                    let (pairs, _) = evaluator.pairs(first?)?;
                    pairs.into_iter().find(|(key, _)| key == "wanted")?.1
                }
                other => other.clone(),
            };
            evaluator.call_back(vec![callback], &[], span);
            Value::Null
        }
        "exit" => {
            evaluator.exit();
            Value::Null
        }
        _ => return None,
    })
}
