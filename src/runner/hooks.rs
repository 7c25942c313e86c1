//! Managers of git hooks that are told to run them: pre-commit and lefthook.

use super::document::{self, Node};
use super::{File, directory, find, start, unseen};
use crate::call::{Call, Findings};
use crate::resolve::{Command, Directory, Part, Text};

/// `pre-commit run [HOOK]`: the hooks that the project itself describes.
pub fn pre_commit(call: &Call<'_>, findings: &mut Findings) {
    let words: Vec<&str> = call
        .args
        .operands
        .iter()
        .map(|word| word.value.exact().unwrap_or_default())
        .collect();
    let only = match words.as_slice() {
        [] | ["run"] => None,
        ["run", hook, ..] => Some(*hook).filter(|hook| !hook.is_empty()),
        _ => return,
    };
    let names = [".pre-commit-config.yaml", ".pre-commit-config.yml"];
    let given = call.args.option("--config");
    let given = given.and_then(|word| word.value.exact());
    let names = given.as_ref().map_or(&names[..], std::slice::from_ref);
    let Some((file, settings, by)) = read(names, call, findings) else {
        return;
    };
    let repositories = settings.get("repos").map(|node| node.items());
    let own = repositories
        .unwrap_or_default()
        .iter()
        .filter(|repository| repository.get("repo").and_then(|node| node.text()) == Some("local"));
    for hook in own.flat_map(|repository| repository.get("hooks").map_or(&[][..], |h| h.items())) {
        let value = |key: &str| hook.get(key).and_then(|node| node.text());
        let id = value("id").or_else(|| value("alias"));
        let stages = hook
            .get("stages")
            .map(|node| node.texts())
            .unwrap_or_default();
        let staged = stages.iter().any(|stage| stage.contains("commit"));
        let runs = match only {
            Some(only) => id == Some(only),
            None => stages.is_empty() || staged || call.args.option("--hook-stage").is_some(),
        };
        let Some(entry) = hook.get("entry").filter(|_| runs) else {
            continue;
        };
        let mut text = Text::known(entry.text().unwrap_or_default());
        for argument in hook
            .get("args")
            .map(|node| node.texts())
            .unwrap_or_default()
        {
            text.push_known(" ");
            text.push_known(&shell_words::quote(&argument));
        }
        if value("pass_filenames") != Some("false") {
            text.push_known(" ./");
            text.push(Part::Unknown("the files of the commit".to_owned()));
        }
        let place = file.place(entry.line, &call.command.location);
        start(&by, &["sh", "-c"], &text, &place, findings);
    }
}

/// `lefthook run HOOK`: what its settings say for that hook.
pub fn lefthook(call: &Call<'_>, findings: &mut Findings) {
    let words: Vec<&str> = call
        .args
        .operands
        .iter()
        .map(|word| word.value.exact().unwrap_or_default())
        .collect();
    let ["run", hook, ..] = words.as_slice() else {
        return;
    };
    let names = [
        "lefthook.yml",
        "lefthook.yaml",
        ".lefthook.yml",
        ".lefthook.yaml",
        ".config/lefthook.yml",
    ];
    let Some((file, settings, by)) = read(&names, call, findings) else {
        return;
    };
    let Some(hook) = settings.get(hook) else {
        return;
    };
    let commands = hook.get("commands").map_or(&[][..], |node| node.entries());
    for (_, command) in commands {
        lefthook_job(command, &file, &by, call, findings, 0);
    }
    for job in hook.get("jobs").map_or(&[][..], |node| node.items()) {
        lefthook_job(job, &file, &by, call, findings, 0);
    }
}

/// Groups of jobs within groups.
const DEPTH: usize = 16;

fn lefthook_job(
    job: &Node,
    file: &File,
    by: &Command,
    call: &Call<'_>,
    findings: &mut Findings,
    depth: usize,
) {
    let mut by = by.clone();
    if let Some(root) = job.get("root").and_then(|node| node.text())
        && let Some(path) = by.directory.join(root)
    {
        by.directory = Directory::Known(path);
    }
    for key in ["run", "files"] {
        let Some(node) = job.get(key) else { continue };
        let text = placed(node.text().unwrap_or_default());
        let place = file.place(node.line, &call.command.location);
        start(&by, &["sh", "-c"], &text, &place, findings);
    }
    let group = job.get("group").and_then(|group| group.get("jobs"));
    if depth < DEPTH {
        for job in group.map_or(&[][..], |node| node.items()) {
            lefthook_job(job, file, &by, call, findings, depth + 1);
        }
    }
}

/// A text in which `{staged_files}` and its like are files that are not known.
fn placed(text: &str) -> Text {
    let mut whole = Text::empty();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let name = after.split('}').next().unwrap_or_default();
        let is_files = name.ends_with("files");
        whole.push_known(before);
        if is_files {
            whole.push_known("./");
            whole.push(Part::Unknown(format!("{{{name}}}")));
            rest = after.get(name.len() + 1..).unwrap_or_default();
        } else {
            whole.push_known("{");
            rest = after;
        }
    }
    whole.push_known(rest);
    whole
}

/// The settings, and a command where they lie.
fn read(
    names: &[&str],
    call: &Call<'_>,
    findings: &mut Findings,
) -> Option<(File, std::rc::Rc<Node>, Command)> {
    let Some(from) = directory(call, &[]) else {
        unseen(call, findings);
        return None;
    };
    let file = find(&from, names, call, findings)?;
    let settings = document::yaml(&file.text)?;
    let mut by = call.command.clone();
    by.directory = Directory::Known(file.directory().to_owned());
    Some((file, settings, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_commit_are_not_known() {
        let text = placed("prettier {staged_files} | awk '{print}'");
        assert_eq!(text.known_prefix(), "prettier ./");
        assert!(text.has_unknown());
        assert_eq!(placed("awk '{print}'").exact(), Some("awk '{print}'"));
    }
}
