//! Python: its grammar, its values and the parts of its library that only compute.

mod arguments;
mod commands;
mod library;
mod lower;
mod method;

use std::path::PathBuf;
use std::rc::Rc;

use super::Language;
use super::evaluate::Evaluator;
use super::preload::Preload;
use super::texts;
use super::tree::Operator;
use super::value::{Arguments, Name, Value};
use crate::location::Span;
use crate::resolve::Text;

pub(crate) static PYTHON: Language = Language {
    name: "python",
    parse: lower::parse,
    inline: &["-c"],
    module_option: Some("--module"),
    preload: Preload {
        options: &[],
        search: ("PYTHONPATH", ""),
        separator: None,
        settings: "import sitecustomize\nimport usercustomize\n",
    },
    directory_main: &["__main__.py"],
    literals: ["True", "False", "None"],
    empty_is_true: false,
    list_is_text: false,
    keys_are_members: false,
    missing_is_null: false,
    super_is_called: true,
    environment: "os.environ",
    arguments_with_interpreter: false,
    property: |path| matches!(path, "property" | "functools.cached_property"),
    module,
    constant: library::constant,
    member,
    method: method::method,
    fold: library::fold,
    operate,
    print: |_, value| path_text(value),
    truth: |_| None,
};

/// A module that lies beside the program.
fn module(evaluator: &Evaluator<'_>, name: &str) -> Option<(PathBuf, String)> {
    let directory = match &evaluator.unit.path {
        Some(path) => path.parent()?.to_owned(),
        None => evaluator.directory().known()?.to_owned(),
    };
    let name = name.trim_start_matches('.').replace('.', "/");
    let directories = std::iter::once(directory).chain(evaluator.module_directories());
    directories
        .map(|directory| directory.join(&name))
        .flat_map(|base| [base.with_extension("py"), base.join("__init__.py")])
        .find_map(|path| {
            let text = evaluator.call.world.read(&path).ok()?;
            Some((path, text))
        })
}

/// The text of a `pathlib.Path`.
fn path_text(value: &Value) -> Option<Text> {
    let Value::Name(name) = value else {
        return None;
    };
    if name.path != "pathlib.Path()" {
        return None;
    }
    match name.calls.first()?.positional.first()? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// A `pathlib.Path` of each of these texts.
fn paths(value: &Value) -> Value {
    let made = value.alternatives().iter().map(|value| {
        let arguments = Arguments {
            positional: vec![value.clone()],
            ..Arguments::default()
        };
        Value::Name(Rc::new(Name {
            path: "pathlib.Path()".to_owned(),
            calls: vec![Rc::new(arguments)],
        }))
    });
    made.reduce(Value::or).unwrap_or(Value::Null)
}

fn member(evaluator: &mut Evaluator<'_>, object: &Value, name: &str, span: Span) -> Option<Value> {
    match object {
        Value::Name(library) if library.path == "super()" => evaluator.base_method(name, span),
        Value::Name(library) if library.path == "globals()" || library.path == "locals()" => {
            Some(match evaluator.lookup(name) {
                Some(value) => value,
                None => evaluator.library_name(name),
            })
        }
        Value::Name(_) => {
            let path = path_text(object)?;
            let exact = path.exact();
            let part = |part: Option<&str>| match part {
                Some(part) => Value::text(part),
                None => Value::unknown(path.display()),
            };
            let name_of = exact.map(|path| texts::split_path(path).1);
            Some(match name {
                "parent" => match exact.map(texts::split_path) {
                    Some(("", _)) => paths(&Value::text(".")),
                    Some((parent, _)) => paths(&Value::text(parent)),
                    None => paths(&parent_of(&path)),
                },
                "name" => part(name_of),
                "stem" => part(name_of.map(|name| match name.rsplit_once('.') {
                    Some((stem, _)) if !stem.is_empty() => stem,
                    _ => name,
                })),
                "suffix" => part(name_of.map(|name| match name.rfind('.') {
                    Some(at) if at > 0 => name.get(at..).unwrap_or_default(),
                    _ => "",
                })),
                "parts" => match exact {
                    Some(path) => {
                        evaluator.text_list(path.split('/').filter(|part| !part.is_empty()))
                    }
                    None => evaluator.unknown(span),
                },
                _ => return None,
            })
        }
        _ => None,
    }
}

/// The directory of a path that is known only in part.
fn parent_of(path: &Text) -> Value {
    let mut parts = path.parts().to_vec();
    let last = parts.pop();
    let mut parent = Text::empty();
    for part in parts {
        parent.push(part);
    }
    let whole = match last {
        // `a/*`: what is before the last slash, if the pattern is one component.
        Some(crate::resolve::Part::Glob(glob)) => !glob.contains('/'),
        _ => false,
    };
    let prefix = parent.exact().and_then(|parent| parent.strip_suffix('/'));
    match prefix {
        Some(parent) if whole => Value::text(parent),
        _ => Value::unknown(path.display()),
    }
}

fn operate(
    evaluator: &mut Evaluator<'_>,
    operator: Operator,
    left: &Value,
    right: &Value,
    span: Span,
) -> Option<Value> {
    match operator {
        Operator::Divide if path_text(left).is_some() || path_text(right).is_some() => {
            let joined = evaluator.join_paths(&[left.clone(), right.clone()]);
            Some(paths(&joined))
        }
        Operator::Remainder => match left {
            Value::Text(format) => Some(method::percent(evaluator, format, right, span)),
            _ => None,
        },
        // Flags by their names.
        Operator::BitOr if matches!((left, right), (Value::Name(_), Value::Name(_))) => {
            let (Value::Name(left), Value::Name(right)) = (left, right) else {
                return None;
            };
            Some(Value::name(format!("{}|{}", left.path, right.path)))
        }
        // A byte of a text is a number.
        Operator::BitXor | Operator::BitAnd | Operator::BitOr | Operator::Subtract => {
            let code = |value: &Value| {
                let mut letters = value.exact()?.chars();
                let code = f64::from(u32::from(letters.next()?));
                letters.next().is_none().then_some(Value::Number(code))
            };
            let (one, other) = (code(left), code(right));
            if one.is_none() && other.is_none() {
                return None;
            }
            let left = one.unwrap_or_else(|| left.clone());
            let right = other.unwrap_or_else(|| right.clone());
            (left.number().is_some() && right.number().is_some())
                .then(|| evaluator.operate(operator, &left, &right, span))
        }
        _ => None,
    }
}
