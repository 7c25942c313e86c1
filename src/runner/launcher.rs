//! Programs that start several scripts of `package.json`, or several commands, at once.

use std::collections::BTreeSet;

use super::{document, find, start};
use crate::call::{Call, Findings, Nested};
use crate::resolve::{Argument, Text, base_name};

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
