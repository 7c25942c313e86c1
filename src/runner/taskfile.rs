//! go-task: the tasks of a `Taskfile.yml`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::document::{self, Node, Value};
use super::tasks::templated;
use super::{File, directory, find, quoted, read, start, unseen};
use crate::call::{Call, Findings};
use crate::resolve::{self, Argument, Command, Directory, Text};

const NAMES: &[&str] = &[
    "Taskfile.yml",
    "taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "taskfile.dist.yml",
    "Taskfile.dist.yaml",
    "taskfile.dist.yaml",
];
/// Tasks that one command line brings up, and files that they come from.
const TASKS: usize = 256;
const FILES: usize = 64;
/// Tasks within tasks.
const DEPTH: usize = 32;

type Variables = BTreeMap<String, Text>;

/// A Taskfile, with the tasks of those that it includes under their names.
struct Taskfile {
    file: Rc<File>,
    content: Rc<Node>,
    /// What its tasks are called by: `docs:` for an included one.
    prefix: String,
    directory: Directory,
}

/// Judges a `task` by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let Some(directory) = directory(call, &["--dir"]) else {
        unseen(call, findings);
        return;
    };
    let named = call
        .args
        .option("--taskfile")
        .and_then(|word| word.value.exact());
    let found = match named {
        Some(name) => read(directory.join(name), call, findings),
        None => find(&directory, NAMES, call, findings),
    };
    let Some(file) = found else { return };
    let mut run = Run {
        call,
        findings,
        files: Vec::new(),
        command_line: Variables::new(),
        active: BTreeSet::new(),
        left: TASKS,
    };
    let home = Directory::Known(file.directory().to_owned());
    run.load(file, String::new(), home);
    let mut names = Vec::new();
    let argv = call.command.argv.as_slice();
    let dashes = argv
        .iter()
        .position(|word| word.value.exact() == Some("--"));
    let rest = dashes.and_then(|at| argv.get(at + 1..)).unwrap_or_default();
    let mut arguments = Text::empty();
    for word in rest {
        if !arguments.is_empty() {
            arguments.push_known(" ");
        }
        arguments.append(quoted(word));
    }
    run.command_line.insert("CLI_ARGS".to_owned(), arguments);
    for word in call
        .args
        .operands
        .iter()
        .filter(|word| !rest.contains(word))
    {
        match word.value.known_prefix().split_once('=') {
            Some((name, value)) => {
                let mut text = Text::known(value);
                for part in word.value.parts().iter().skip(1) {
                    text.push(part.clone());
                }
                run.command_line.insert(name.to_owned(), text);
            }
            None => names.push(word.clone()),
        }
    }
    if names.is_empty() {
        names.push(Argument::known("default", call.command.location.clone()));
    }
    for word in names {
        match word.value.exact().filter(|_| !word.splits) {
            Some(name) => run.task(name, &Variables::new()),
            None => {
                let reason = format!(
                    "which task runs is known only then: {}",
                    word.value.display()
                );
                run.findings.opaque(reason, &word.location);
            }
        }
    }
}

struct Run<'a> {
    call: &'a Call<'a>,
    findings: &'a mut Findings,
    files: Vec<Rc<Taskfile>>,
    command_line: Variables,
    active: BTreeSet<String>,
    left: usize,
}

impl Run<'_> {
    /// Reads what a file includes, too.
    fn load(&mut self, file: File, prefix: String, directory: Directory) {
        let place = self.call.command.location.clone();
        if self.files.len() >= FILES {
            self.findings
                .opaque("these Taskfiles include more than guard reads", &place);
            return;
        }
        let Some(content) = document::yaml(&file.text) else {
            return;
        };
        let file = Rc::new(file);
        self.files.push(Rc::new(Taskfile {
            file: Rc::clone(&file),
            content: Rc::clone(&content),
            prefix: prefix.clone(),
            directory,
        }));
        let includes = content.get("includes");
        for (name, node) in includes.map_or(&[][..], |node| node.entries()) {
            let path = node.text().or_else(|| node.get("taskfile")?.text());
            let Some(path) = path.filter(|path| !path.contains("{{")) else {
                continue;
            };
            let mut path = file.directory().join(path);
            if path.extension().is_none() {
                path.push("Taskfile.yml");
            }
            let inner = match node.get("dir").and_then(|node| node.text()) {
                Some(dir) => Directory::Known(file.directory().join(dir)),
                None => Directory::Known(file.directory().to_owned()),
            };
            if let Some(found) = read(path, self.call, self.findings) {
                self.load(found, format!("{prefix}{name}:"), inner);
            }
        }
    }

    fn task(&mut self, name: &str, given: &Variables) {
        let name = name.trim_start_matches(':');
        for taskfile in self.files.clone() {
            let Some(own) = name.strip_prefix(taskfile.prefix.as_str()) else {
                continue;
            };
            let tasks = taskfile.content.get("tasks");
            let called = |(key, node): &&(String, Rc<Node>)| {
                let aliases = node.get("aliases").map(|node| node.texts());
                key == own || aliases.is_some_and(|all| all.iter().any(|one| one == own))
                    // `start:*` takes any name.
                    || (key.contains('*') && super::node::fits(key, own))
            };
            let found = tasks.and_then(|tasks| tasks.entries().iter().find(called));
            if let Some((_, node)) = found {
                self.run(name, node, &taskfile, given);
            }
        }
    }

    fn run(&mut self, name: &str, node: &Node, taskfile: &Taskfile, given: &Variables) {
        if self.active.contains(name) {
            return;
        }
        let place = self.call.command.location.clone();
        let Some(left) = self
            .left
            .checked_sub(1)
            .filter(|_| self.active.len() < DEPTH)
        else {
            self.findings
                .opaque("these tasks start more than guard follows", &place);
            return;
        };
        self.left = left;
        self.active.insert(name.to_owned());
        let mut by = self.call.command.clone();
        by.directory = taskfile.directory.clone();
        let mut variables = Variables::from([
            ("TASK".to_owned(), Text::known(name)),
            (
                "ROOT_DIR".to_owned(),
                Text::known(taskfile.file.directory().to_string_lossy()),
            ),
            (
                "TASKFILE_DIR".to_owned(),
                Text::known(taskfile.file.directory().to_string_lossy()),
            ),
        ]);
        self.set(taskfile.content.get("vars"), &mut variables, &by, taskfile);
        variables.extend(given.clone());
        self.set(node.get("vars"), &mut variables, &by, taskfile);
        variables.extend(given.clone());
        variables.extend(self.command_line.clone());
        for env in [taskfile.content.get("env"), node.get("env")]
            .into_iter()
            .flatten()
        {
            let mut set = Variables::new();
            self.set(Some(env), &mut set, &by, taskfile);
            for (name, value) in set {
                by.environment.set(&name, Some(value));
            }
        }
        if let Some(directory) = node.get("dir").and_then(|node| node.text()) {
            let directory = expanded(directory, &variables);
            by.directory = match directory.exact().and_then(|path| by.directory.join(path)) {
                Some(path) => Directory::Known(path),
                None => Directory::Unknown(directory.display().into_owned()),
            };
        }
        let prefix = name
            .rfind(':')
            .map_or("", |at| name.get(..=at).unwrap_or_default());
        let prefix = if taskfile.prefix.is_empty() {
            ""
        } else {
            prefix
        };
        // Checks are commands, too.
        for key in ["preconditions", "status", "if"] {
            if let Some(checks) = node.get(key) {
                let one = checks.text().map(|text| (text, checks.line));
                let all = checks.items().iter().filter_map(|item| {
                    let text = item.text().or_else(|| item.get("sh")?.text())?;
                    Some((text, item.line))
                });
                for (text, line) in one.into_iter().chain(all) {
                    self.shell(text, line, &variables, &by, taskfile);
                }
            }
        }
        for key in ["deps", "cmds", "cmd"] {
            if let Some(steps) = node.get(key) {
                self.steps(steps, &variables, &by, taskfile, prefix, key == "deps");
            }
        }
        if !matches!(node.value, Value::Map(_)) {
            self.steps(node, &variables, &by, taskfile, prefix, false);
        }
        self.active.remove(name);
    }

    fn steps(
        &mut self,
        node: &Node,
        variables: &Variables,
        by: &Command,
        taskfile: &Taskfile,
        prefix: &str,
        names: bool,
    ) {
        match &node.value {
            Value::Null => {}
            Value::Scalar(name) if names => {
                self.task(&format!("{prefix}{name}"), &Variables::new())
            }
            Value::Scalar(text) => self.shell(text, node.line, variables, by, taskfile),
            Value::List(items) => {
                for item in items {
                    self.steps(item, variables, by, taskfile, prefix, names);
                }
            }
            Value::Map(_) => {
                let mut variables = variables.clone();
                if let Some(list) = node.get("for") {
                    let name = list
                        .get("as")
                        .and_then(|node| node.text())
                        .unwrap_or("ITEM");
                    let items = list.texts();
                    let value = match items.as_slice() {
                        [] => vec![Text::unknown("{{.ITEM}}")],
                        known => known.iter().map(Text::known).collect(),
                    };
                    for value in value {
                        variables.insert(name.to_owned(), value);
                        self.step(node, &variables, by, taskfile, prefix);
                    }
                    return;
                }
                self.step(node, &variables, by, taskfile, prefix);
            }
        }
    }

    /// `{cmd: …}`, `{task: …, vars: …}`, `{defer: …}`.
    fn step(
        &mut self,
        node: &Node,
        variables: &Variables,
        by: &Command,
        taskfile: &Taskfile,
        prefix: &str,
    ) {
        if let Some(text) = node.get("cmd").and_then(|node| node.text()) {
            self.shell(text, node.line, variables, by, taskfile);
        }
        if let Some(name) = node.get("task").and_then(|node| node.text()) {
            let mut given = Variables::new();
            let vars = node.get("vars");
            for (key, value) in vars.map_or(&[][..], |node| node.entries()) {
                if let Some(value) = value.text() {
                    given.insert(key.clone(), expanded(value, variables));
                }
            }
            let name = expanded(name, variables);
            match name.exact() {
                Some(name) if name.starts_with(':') => self.task(name, &given),
                Some(name) => self.task(&format!("{prefix}{name}"), &given),
                None => {
                    let place = taskfile.file.place(node.line, &by.location);
                    let reason = format!("which task runs is known only then: {}", name.display());
                    self.findings.opaque(reason, &place);
                }
            }
        }
        if let Some(deferred) = node.get("defer") {
            self.steps(deferred, variables, by, taskfile, prefix, false);
        }
    }

    fn shell(
        &mut self,
        text: &str,
        line: usize,
        variables: &Variables,
        by: &Command,
        taskfile: &Taskfile,
    ) {
        let text = expanded(text, variables);
        let place = taskfile.file.place(line, &self.call.command.location);
        start(by, &["bash", "-c"], &text, &place, self.findings);
    }

    /// Adds variables: texts, or what a command prints.
    fn set(
        &mut self,
        vars: Option<&Rc<Node>>,
        variables: &mut Variables,
        by: &Command,
        taskfile: &Taskfile,
    ) {
        for (name, node) in vars.map_or(&[][..], |node| node.entries()) {
            let value = match (node.text(), node.get("sh").and_then(|node| node.text())) {
                (Some(text), _) => expanded(text, variables),
                (None, Some(text)) => {
                    self.shell(text, node.line, variables, by, taskfile);
                    let words = ["bash", "-c"].map(Text::known).into_iter();
                    let argv = words.chain([expanded(text, variables)]);
                    let argv = argv.map(|value| Argument {
                        value,
                        splits: false,
                        verbatim: None,
                        location: by.location.clone(),
                    });
                    let shell = Command {
                        argv: argv.collect(),
                        ..by.clone()
                    };
                    match resolve::printed(&shell, self.call.world).exact() {
                        Some(known) => Text::known(known.trim_end_matches('\n')),
                        None => Text::unknown(format!("{{{{.{name}}}}}")),
                    }
                }
                (None, None) => Text::unknown(format!("{{{{.{name}}}}}")),
            };
            variables.insert(name.clone(), value);
        }
    }
}

/// A text with `{{.NAME}}` as the variables have it; every other template is not known.
fn expanded(text: &str, variables: &Variables) -> Text {
    templated(text, |expression| {
        let expression = expression.trim_matches('-').trim();
        let name = expression.strip_prefix('.')?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // What nobody has set is empty, unless the environment has it.
        is_name.then(|| {
            variables
                .get(name)
                .cloned()
                .unwrap_or_else(|| Text::unknown(format!("{{{{.{name}}}}}")))
        })
    })
}
