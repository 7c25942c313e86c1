//! Programs that start several scripts of `package.json`, or several commands, at once.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::document::Node;
use super::{CLIMB, directory, document, find, read, start};
use crate::call::{Call, Findings, Nested};
use crate::context::glob;
use crate::resolve::{Argument, Directory, Text, base_name};

/// `concurrently "npm:build-*" "tsc -w"`: each operand is a shell text.
pub fn concurrently(call: &Call<'_>, findings: &mut Findings) {
    for word in &call.args.operands {
        let known = word.value.exact().unwrap_or_default();
        let script = known.split_once(':').filter(|(manager, _)| {
            matches!(*manager, "npm" | "pnpm" | "yarn" | "bun" | "deno" | "node")
        });
        let text = match script {
            Some(("deno", script)) => Text::known(format!("deno task {script}")),
            Some(("node", script)) => Text::known(format!("npm run {script}")),
            Some((manager, script)) => Text::known(format!("{manager} run {script}")),
            None => word.value.clone(),
        };
        start(call.command, &["sh", "-c"], &text, &word.location, findings);
    }
}

/// `run-s clean build:*`, `npm-run-all --parallel a b`: each operand names a script and its
/// arguments.
pub fn run_all(call: &Call<'_>, findings: &mut Findings) {
    for word in &call.args.operands {
        let mut text = Text::known("npm run ");
        text.append(word.value.clone());
        start(call.command, &["sh", "-c"], &text, &word.location, findings);
    }
}

/// turbo, nx and lerna: scripts of that name in every package of the workspace.
pub fn monorepo(call: &Call<'_>, findings: &mut Findings) {
    let operands = &call.args.operands;
    let words: Vec<&str> = operands
        .iter()
        .filter_map(|word| word.value.exact())
        .collect();
    let mut tasks: Vec<String> = Vec::new();
    let named = call.args.all("--targets").chain(call.args.all("--target"));
    let named = named.filter_map(|word| word.value.exact());
    match (call.command.program().map(base_name), words.as_slice()) {
        (Some("turbo"), ["run", rest @ ..]) | (Some("turbo"), rest) => {
            tasks.extend(rest.iter().map(|task| (*task).to_owned()));
            depended_on(&mut tasks, call, findings);
        }
        (Some("lerna"), ["run", rest @ ..]) => {
            let names = rest.iter().flat_map(|names| names.split(','));
            tasks.extend(names.map(str::to_owned));
        }
        (Some("nx"), ["run", task, ..]) => tasks.extend(task.split(':').nth(1).map(str::to_owned)),
        (Some("nx"), ["run-many" | "affected", rest @ ..]) => {
            let names = named.flat_map(|names| names.split(','));
            tasks.extend(names.chain(rest.iter().copied()).map(str::to_owned));
        }
        (Some("nx"), [task, ..]) => tasks.push((*task).to_owned()),
        _ => {}
    }
    if call.command.program().map(base_name) == Some("nx") {
        let project = words.iter().skip_while(|word| **word == "run");
        let project = project
            .filter_map(|word| Some(word.split_once(':')?.0))
            .next();
        targets(&mut tasks, project, call, findings);
    }
    for task in tasks {
        // `web#build` is one package's.
        let task = task.rsplit('#').next().unwrap_or(&task);
        let mut command = call.command.clone();
        command.redirections = Vec::new();
        let words = ["npm", "run", task, "--workspaces", "--if-present"];
        let place = &call.command.location;
        command.argv = words
            .map(|word| Argument::known(word, place.clone()))
            .to_vec();
        findings.nested.push(Nested::Command(Box::new(command)));
    }
}

/// What `turbo.json` says must run before a task.
fn depended_on(tasks: &mut Vec<String>, call: &Call<'_>, findings: &mut Findings) {
    let Some(directory) = call.command.directory.known() else {
        return;
    };
    let file = find(directory, &["turbo.json", "turbo.jsonc"], call, findings);
    let Some(settings) = file.and_then(|file| document::json(&document::plain_json(&file.text)))
    else {
        return;
    };
    let Some(known) = settings.get("tasks").or_else(|| settings.get("pipeline")) else {
        return;
    };
    let mut seen: BTreeSet<String> = tasks.iter().cloned().collect();
    let mut at = 0;
    while let Some(task) = tasks.get(at).cloned() {
        at += 1;
        let before = known.at(&[&task, "dependsOn"]).map(|node| node.texts());
        for name in before.unwrap_or_default() {
            let name = name.trim_start_matches('^').to_owned();
            if !name.starts_with('$') && seen.insert(name.clone()) {
                tasks.push(name);
            }
        }
    }
}

/// Where the projects of an nx workspace lie.
const PROJECTS: &[&str] = &[
    "project.json",
    "*/project.json",
    "*/*/project.json",
    "*/*/*/project.json",
];

/// Commands that nx's own settings name for these targets, and what comes before them.
fn targets(
    tasks: &mut Vec<String>,
    project: Option<&str>,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let Some(root) = directory(call, &["--cwd"]) else {
        return;
    };
    let root = root
        .ancestors()
        .take(CLIMB)
        .find(|above| call.world.read(&above.join("nx.json")).is_ok())
        .map_or(root.clone(), Path::to_owned);
    let mut projects = Vec::new();
    for pattern in PROJECTS {
        for path in glob::names(pattern, &root, call.world).unwrap_or_default() {
            let file = read(root.join(path), call, findings);
            let node = file.as_ref().and_then(|file| document::json(&file.text));
            if let (Some(file), Some(node)) = (file, node) {
                projects.push((file, node));
            }
        }
    }
    let mut at = 0;
    while let Some(task) = tasks.get(at).cloned() {
        let asked_for = at == 0;
        at += 1;
        for (file, node) in &projects {
            let name = node.get("name").and_then(|node| node.text());
            // What another one depends on may be any project's.
            if asked_for && project.is_some() && name.is_some() && project != name {
                continue;
            }
            let Some(target) = node.at(&["targets", &task]) else {
                continue;
            };
            let before = target.get("dependsOn").map(|node| node.items());
            for one in before.unwrap_or_default() {
                let one = one.text().or_else(|| one.get("target")?.text());
                let one = one.unwrap_or_default().trim_start_matches('^').to_owned();
                if !tasks.contains(&one) {
                    tasks.push(one);
                }
            }
            let mut by = call.command.clone();
            let home = target.at(&["options", "cwd"]).and_then(Node::text);
            by.directory = Directory::Known(root.join(home.unwrap_or_default()));
            let several = target.at(&["options", "commands"]).map(Node::items);
            let several = several.unwrap_or_default().iter().map(Rc::as_ref);
            let one = [
                target.get("command").map(Rc::as_ref),
                target.at(&["options", "command"]),
            ];
            for command in one.into_iter().flatten().chain(several) {
                let command = command.get("command").map_or(command, Rc::as_ref);
                if let Some(text) = command.text() {
                    let place = file.place(command.line, &call.command.location);
                    start(&by, &["sh", "-c"], &Text::known(text), &place, findings);
                }
            }
        }
    }
}
