//! Tables of tasks in a project's settings: poe, pdm, hatch, rye, pixi, pipenv, mise, deno,
//! composer and cargo.
//!
//! One reader for all: a task is a text for the shell, a list of them, or a table that names what
//! comes first, what runs, and where.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::document::{self, Node, Value};
use super::{CLIMB, File, directory, read, start, unseen, with_arguments};
use crate::call::{Call, Findings, Nested};
use crate::resolve::{Argument, Command, Directory, Part, Text, base_name};

/// Tasks that one command line brings up.
const TASKS: usize = 256;
/// Tasks within tasks.
const DEPTH: usize = 16;

/// Where a program finds its tasks: files, and the keys that lead to the table; `*` is any key.
const TABLES: &[(&str, &[&str], &[&str])] = &[
    (
        "poe",
        &["pyproject.toml", "poe_tasks.toml"],
        &["tool", "poe", "tasks"],
    ),
    ("pdm", &["pyproject.toml"], &["tool", "pdm", "scripts"]),
    ("rye", &["pyproject.toml"], &["tool", "rye", "scripts"]),
    (
        "hatch",
        &["pyproject.toml"],
        &["tool", "hatch", "envs", "*", "scripts"],
    ),
    ("hatch", &["hatch.toml"], &["envs", "*", "scripts"]),
    ("pixi", &["pixi.toml"], &["tasks"]),
    ("pixi", &["pyproject.toml"], &["tool", "pixi", "tasks"]),
    ("pipenv", &["Pipfile"], &["scripts"]),
    (
        "mise",
        &[
            "mise.toml",
            ".mise.toml",
            "mise.local.toml",
            ".mise/config.toml",
            ".config/mise.toml",
        ],
        &["tasks"],
    ),
    ("deno", &["deno.json", "deno.jsonc"], &["tasks"]),
    ("deno", &["package.json"], &["scripts"]),
    ("composer", &["composer.json"], &["scripts"]),
    (
        "cargo",
        &[".cargo/config.toml", ".cargo/config"],
        &["alias"],
    ),
];

/// Where mise looks for tasks that are files.
const TASK_FILES: &[&str] = &[
    "mise-tasks",
    ".mise-tasks",
    "mise/tasks",
    ".mise/tasks",
    ".config/mise/tasks",
];

/// What a manager's own commands bring up.
const EVENTS: &[(&str, &str, &[&str])] = &[
    (
        "composer",
        "install",
        &[
            "pre-install-cmd",
            "pre-autoload-dump",
            "post-autoload-dump",
            "post-install-cmd",
        ],
    ),
    (
        "composer",
        "update",
        &[
            "pre-update-cmd",
            "pre-autoload-dump",
            "post-autoload-dump",
            "post-update-cmd",
        ],
    ),
    (
        "composer",
        "dump-autoload",
        &["pre-autoload-dump", "post-autoload-dump"],
    ),
    ("pdm", "install", &["pre_install", "post_install"]),
    ("pdm", "lock", &["pre_lock", "post_lock"]),
    ("pdm", "build", &["pre_build", "post_build"]),
    ("pdm", "publish", &["pre_publish", "post_publish"]),
];

/// Judges a runner whose tasks stand in a table.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let Some(program) = call.command.program().map(base_name) else {
        return;
    };
    let args = call.args;
    let given = args.unknown_command.iter().chain(&args.operands);
    let mut words: Vec<Argument> = given.cloned().collect();
    if args.unknown_command.is_some() && args.operands.first() == args.unknown_command.as_ref() {
        words.remove(0);
    }
    let first = words.first().and_then(|word| word.value.exact());
    let verb = args.command.last().map(String::as_str);
    let mut names: Vec<Argument> = Vec::new();
    let runs = matches!(
        verb,
        None | Some("run" | "run-script" | "task" | "tasks" | "r")
    );
    if runs {
        names.extend(words.first().cloned());
    }
    let events = EVENTS
        .iter()
        .filter(|(of, command, _)| *of == program && verb.or(first) == Some(*command));
    let place = &call.command.location;
    let events = events.flat_map(|(_, _, names)| names.iter());
    if !args.flag("--no-scripts") {
        names.extend(events.map(|name| Argument::known(*name, place.clone())));
    }
    if names.is_empty() {
        return;
    }
    let arguments = words.get(1..).unwrap_or_default();
    if program == "mise" {
        task_files(&names, arguments, call, findings);
    }
    let tables = tables(program, call, findings);
    let mut run = Run {
        call,
        program,
        tables: &tables,
        findings,
        active: BTreeSet::new(),
        left: TASKS,
    };
    for word in &names {
        match word.value.exact().filter(|_| !word.splits) {
            Some(name) => {
                let name = name
                    .rsplit(':')
                    .next()
                    .filter(|_| program == "hatch")
                    .unwrap_or(name);
                for name in [&format!("pre_{name}"), name, &format!("post_{name}")] {
                    let own = arguments
                        .iter()
                        .filter(|word| word.value.exact() != Some("--"));
                    let own: Vec<Argument> = own.cloned().collect();
                    let own = if runs { own.as_slice() } else { &[] };
                    run.task(name, own);
                }
            }
            None if !tables.is_empty() => {
                let reason = format!(
                    "which task runs is known only then: {}",
                    word.value.display()
                );
                run.findings.opaque(reason, &word.location);
            }
            None => {}
        }
    }
}

/// Starts the files that have these names: `build:web` is `build/web`.
fn task_files(
    names: &[Argument],
    arguments: &[Argument],
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let Some(directory) = directory(call, &["--cd"]) else {
        return;
    };
    for word in names {
        let Some(name) = word.value.exact().map(|name| name.replace(':', "/")) else {
            continue;
        };
        for above in directory.ancestors().take(CLIMB) {
            let places = TASK_FILES.iter();
            let paths = places.map(|place| above.join(place).join(&name));
            let mut found = paths.filter(|path| call.world.read(path).is_ok());
            if let Some(path) = found.next() {
                let mut command = call.command.clone();
                command.redirections = Vec::new();
                command.directory = Directory::Known(above.to_owned());
                let path = Argument::known(path.to_string_lossy(), word.location.clone());
                let given = arguments.iter().cloned();
                command.argv = std::iter::once(path).chain(given).collect();
                findings.nested.push(Nested::Command(Box::new(command)));
                return;
            }
        }
    }
}

/// Tables of one file.
struct Tables {
    file: File,
    nodes: Vec<Rc<Node>>,
}

/// Every table that the program reads, in the nearest directory that has any.
fn tables(program: &str, call: &Call<'_>, findings: &mut Findings) -> Vec<Tables> {
    let options = [
        "--directory",
        "--working-dir",
        "--project",
        "--cwd",
        "-C",
        "--cd",
    ];
    let Some(directory) = directory(call, &options) else {
        unseen(call, findings);
        return Vec::new();
    };
    for above in directory.ancestors().take(CLIMB) {
        let mut found = Vec::new();
        for (_, files, path) in TABLES.iter().filter(|(of, ..)| *of == program) {
            for name in *files {
                let Some(file) = read(above.join(name), call, findings) else {
                    continue;
                };
                let node = if name.ends_with(".json") || name.ends_with(".jsonc") {
                    document::json(&document::plain_json(&file.text))
                } else {
                    document::toml(&file.text)
                };
                let nodes = node
                    .map(|node| follow(&Rc::new(node), path))
                    .unwrap_or_default();
                if !nodes.is_empty() {
                    found.push(Tables { file, nodes });
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    if !call.world.is_untouched() {
        unseen(call, findings);
    }
    Vec::new()
}

fn follow(node: &Rc<Node>, path: &[&str]) -> Vec<Rc<Node>> {
    match path.split_first() {
        None => vec![Rc::clone(node)],
        Some((&"*", rest)) => {
            let all = node.entries().iter();
            all.flat_map(|(_, node)| follow(node, rest)).collect()
        }
        Some((key, rest)) => node
            .get(key)
            .map(|node| follow(node, rest))
            .unwrap_or_default(),
    }
}

struct Run<'a> {
    call: &'a Call<'a>,
    program: &'a str,
    tables: &'a [Tables],
    findings: &'a mut Findings,
    /// Tasks that are being followed.
    active: BTreeSet<String>,
    left: usize,
}

impl Run<'_> {
    /// Runs a task with these arguments; false if there is none of that name.
    fn task(&mut self, name: &str, arguments: &[Argument]) -> bool {
        let mut found = false;
        let tables = self.tables;
        for Tables { file, nodes } in tables {
            for node in nodes.iter().filter_map(|table| table.get(name)) {
                found = true;
                if self.active.contains(name) {
                    continue;
                }
                let Some(left) = self
                    .left
                    .checked_sub(1)
                    .filter(|_| self.active.len() < DEPTH)
                else {
                    let place = self.call.command.location.clone();
                    self.findings
                        .opaque("these tasks start more than guard follows", &place);
                    return true;
                };
                self.left = left;
                self.active.insert(name.to_owned());
                let mut by = self.call.command.clone();
                by.directory = Directory::Known(file.directory().to_owned());
                self.node(node, arguments, &by, file);
                self.active.remove(name);
            }
        }
        found
    }

    fn node(&mut self, node: &Node, arguments: &[Argument], by: &Command, file: &File) {
        match &node.value {
            Value::Null => {}
            Value::Scalar(text) => self.text(text, node.line, arguments, by, file),
            // An alias is one command, whole or in words.
            Value::List(_) if self.program == "cargo" => {
                let text = shell_words::join(node.texts());
                self.text(&text, node.line, arguments, by, file);
            }
            Value::List(items) => {
                for item in items {
                    self.step(item, arguments, by, file);
                }
            }
            Value::Map(entries) => {
                let by = self.settled(node, by);
                for key in [
                    "pre",
                    "deps",
                    "depends",
                    "depends-on",
                    "depends_on",
                    "dependencies",
                ] {
                    if let Some(before) = node.get(key) {
                        self.steps(before, &by, file);
                    }
                }
                for (key, value) in entries {
                    match (key.as_str(), &value.value) {
                        ("cmd" | "command", Value::List(_)) => {
                            let words = value.texts();
                            let text = shell_words::join(words);
                            self.text(&text, value.line, arguments, &by, file);
                        }
                        ("cmd" | "command" | "shell" | "run" | "sh", _) if !self.is_shell(key) => {
                            self.node(value, arguments, &by, file);
                        }
                        (
                            "sequence" | "composite" | "chain" | "parallel" | "ref" | "task"
                            | "depends_post" | "post",
                            _,
                        ) => self.steps(value, &by, file),
                        ("file", Value::Scalar(path)) => {
                            self.text(path, value.line, arguments, &by, file);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Where `shell` names a shell, and not a text for it.
    fn is_shell(&self, key: &str) -> bool {
        key == "shell" && self.program == "mise"
    }

    fn steps(&mut self, node: &Node, by: &Command, file: &File) {
        match &node.value {
            Value::List(items) => {
                for item in items {
                    self.step(item, &[], by, file);
                }
            }
            Value::Map(_) => self.node(node, &[], by, file),
            Value::Scalar(_) | Value::Null => self.step(node, &[], by, file),
        }
    }

    /// One of several: the name of a task, or what a task is.
    fn step(&mut self, node: &Node, arguments: &[Argument], by: &Command, file: &File) {
        let named = node.text().and_then(|text| {
            let mut words = text.split_ascii_whitespace();
            let name = words.next()?;
            let given = words.map(|word| Argument::known(word, by.location.clone()));
            Some((name.to_owned(), given.collect::<Vec<_>>()))
        });
        match named {
            Some((name, given)) if self.task(&name, &given) => {}
            _ => self.node(node, arguments, by, file),
        }
    }

    /// The command with the directory and the variables that a task sets.
    fn settled(&self, node: &Node, by: &Command) -> Command {
        let mut by = by.clone();
        for key in ["cwd", "dir", "working_dir"] {
            if let Some(directory) = node.get(key).and_then(|node| node.text()) {
                by.directory = match by.directory.join(directory) {
                    Some(path) if !directory.contains(['{', '$']) => Directory::Known(path),
                    _ => Directory::Unknown(directory.to_owned()),
                };
            }
        }
        if let Some(env) = node.get("env") {
            for (name, value) in env.entries() {
                if let Some(value) = value.text() {
                    by.environment.set(name, Some(self.templated(value)));
                }
            }
        }
        by
    }

    /// A text for the shell, with what this program replaces in it.
    fn text(&mut self, text: &str, line: usize, arguments: &[Argument], by: &Command, file: &File) {
        let place = file.place(line, &self.call.command.location);
        let mut text = text;
        let whole;
        if self.program == "composer" {
            if let Some(rest) = text.strip_prefix('@') {
                let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
                match word {
                    "php" | "composer" => text = rest,
                    "putenv" => return,
                    _ => {
                        let given = after.split_ascii_whitespace();
                        let given = given.map(|word| Argument::known(word, place.clone()));
                        let given: Vec<Argument> = given.chain(arguments.iter().cloned()).collect();
                        self.task(word, &given);
                        return;
                    }
                }
            }
            // A method of a class: PHP, from the project's own files.
            if text.contains("::") && !text.contains(' ') {
                return;
            }
        }
        if self.program == "hatch" {
            text = text.strip_prefix("- ").unwrap_or(text);
            let name = text
                .split_ascii_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned();
            if !self.active.contains(&name) && self.task(&name, &[]) {
                return;
            }
            if let Some((before, after)) = text.split_once("{args") {
                let (_, after) = after.split_once('}').unwrap_or_default();
                let given = with_arguments(before.trim_end(), arguments);
                whole = format!("{}{after}", given.display());
                let text = self.templated(&whole);
                start(by, &["sh", "-c"], &text, &place, self.findings);
                return;
            }
        }
        let mut whole = Text::empty();
        if self.program == "cargo" {
            whole.push_known("cargo ");
        }
        whole.append(self.templated(text));
        whole.append(with_arguments("", arguments));
        start(by, &["sh", "-c"], &whole, &place, self.findings);
    }

    /// `{{…}}` is known only to the program.
    fn templated(&self, text: &str) -> Text {
        if !matches!(self.program, "mise" | "pixi") {
            return Text::known(text);
        }
        templated(text, |_| None)
    }
}

/// A text with each `{{expression}}` as `value` gives it, or not known.
pub(super) fn templated(text: &str, mut value: impl FnMut(&str) -> Option<Text>) -> Text {
    let mut whole = Text::empty();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        whole.push_known(before);
        let (expression, after) = after.split_once("}}").unwrap_or((after, ""));
        match value(expression.trim()) {
            Some(value) => whole.append(value),
            None => whole.push(Part::Unknown(format!("{{{{{expression}}}}}"))),
        }
        rest = after;
    }
    whole.push_known(rest);
    whole
}
