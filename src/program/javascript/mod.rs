//! JavaScript and TypeScript: their grammars, their values and the parts of the library of node,
//! bun and deno that only compute.

mod commands;
mod library;
mod lower;
mod method;

use std::path::PathBuf;

use super::Language;
use super::evaluate::Evaluator;
use super::preload::Preload;
use super::texts::normal_path;

pub(crate) static JAVASCRIPT: Language = Language {
    name: "javascript",
    parse: lower::parse,
    inline: &["--eval", "--print"],
    module_option: None,
    preload: Preload {
        options: &[
            ("--require", "require(\"", "\")"),
            ("--import", "import \"", "\""),
            ("--loader", "import \"", "\""),
            ("--experimental-loader", "import \"", "\""),
        ],
        search: ("", ""),
        separator: None,
        settings: "",
    },
    directory_main: &["index.js"],
    literals: ["true", "false", "undefined"],
    empty_is_true: true,
    list_is_text: true,
    keys_are_members: true,
    missing_is_null: true,
    super_is_called: false,
    environment: "process.env",
    arguments_with_interpreter: true,
    property: |_| false,
    module,
    constant: library::constant,
    member: |evaluator, object, name, span| {
        commands::member(evaluator, object, name, span)
            .or_else(|| method::member(evaluator, object, name, span))
    },
    method: method::method,
    fold: library::fold,
    operate: |_, _, _, _, _| None,
    print: |_, _| None,
    truth: |_| None,
};

/// A module that lies beside the program: only a path names one.
fn module(evaluator: &Evaluator<'_>, name: &str) -> Option<(PathBuf, String)> {
    if !name.starts_with('.') && !name.starts_with('/') {
        return None;
    }
    let base = match &evaluator.unit.path {
        Some(path) => path.parent()?.join(name),
        None => evaluator.directory().join(name)?,
    };
    let base = normal_path(&base.to_string_lossy());
    [
        "",
        ".js",
        ".ts",
        ".mjs",
        ".cjs",
        ".tsx",
        ".json",
        "/index.js",
        "/index.ts",
    ]
    .into_iter()
    .find_map(|ending| {
        let path = PathBuf::from(format!("{base}{ending}"));
        let text = evaluator.call.world.read(&path).ok()?;
        Some((path, text))
    })
}
