//! tox: the commands of its environments.

use std::rc::Rc;

use super::document::{self, Node, Value};
use super::{File, directory, find, start, unseen, with_arguments};
use crate::call::{Call, Findings};
use crate::resolve::{Argument, Command, Directory, Part, Text};

/// Settings within settings.
const DEPTH: usize = 8;

/// Judges a tox by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.operands.first().is_some_and(|word| {
        matches!(
            word.value.exact(),
            Some("list" | "l" | "config" | "c" | "quickstart" | "q" | "depends" | "de" | "man")
        )
    }) {
        return;
    }
    let Some(from) = directory(call, &["--root"]) else {
        unseen(call, findings);
        return;
    };
    let given = args.option("--conf").and_then(|word| word.value.exact());
    let names = ["tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"];
    let names = given.as_ref().map_or(&names[..], std::slice::from_ref);
    let Some((file, settings)) = settings(&from, names, call, findings) else {
        return;
    };
    let mut by = call.command.clone();
    by.directory = Directory::Known(file.directory().to_owned());
    let dashes = args.dashes.unwrap_or(args.operands.len());
    let run = Run {
        settings: &settings,
        posargs: args.operands.get(dashes..).unwrap_or_default(),
        file: &file,
        by: &by,
    };
    let named: Vec<String> = args
        .all("-e")
        .flat_map(|word| match word.value.exact() {
            Some(names) => names.split(',').map(str::to_owned).collect(),
            // Whichever it is: all of them.
            None => vec!["ALL".to_owned()],
        })
        .collect();
    let names = if named.is_empty() {
        run.listed()
    } else {
        named
    };
    let everything = names.iter().any(|name| name == "ALL");
    for (section, node) in settings.entries() {
        let own = section.strip_prefix("testenv:");
        let is_asked = match own {
            // It stands for every environment without commands of its own.
            None => section == "testenv",
            Some(own) => everything || names.iter().any(|name| name == own),
        };
        if is_asked {
            for key in ["commands_pre", "commands", "commands_post"] {
                if let Some(lines) = node.get(key) {
                    run.commands(lines, node, findings);
                }
            }
        }
    }
}

/// The first of these files that has settings of tox, in the nearest directory.
fn settings(
    from: &std::path::Path,
    names: &[&str],
    call: &Call<'_>,
    findings: &mut Findings,
) -> Option<(File, Rc<Node>)> {
    names.iter().find_map(|name| {
        let file = find(from, &[name], call, findings)?;
        if !name.ends_with(".toml") {
            let node = document::ini(&file.text);
            let is_tox = node.get("testenv").is_some() || node.get("tox").is_some();
            return is_tox.then(|| (file, Rc::new(node)));
        }
        let whole = document::toml(&file.text)?;
        let own = whole.at(&["tool", "tox"]).unwrap_or(&whole);
        if let Some(legacy) = own.get("legacy_tox_ini").and_then(|node| node.text()) {
            let node = Rc::new(document::ini(legacy));
            return Some((file, node));
        }
        own.get("env_run_base").or_else(|| own.get("env"))?;
        Some((file, Rc::new(sections(own))))
    })
}

/// The tables of `tox.toml` under the names that `tox.ini` has for them.
fn sections(own: &Node) -> Node {
    let mut sections = vec![("tox".to_owned(), Rc::new(own.clone()))];
    if let Some(base) = own.get("env_run_base") {
        sections.push(("testenv".to_owned(), Rc::clone(base)));
    }
    let named = own.get("env").map_or(&[][..], |node| node.entries());
    let named = named.iter();
    sections.extend(named.map(|(name, node)| (format!("testenv:{name}"), Rc::clone(node))));
    Node {
        line: own.line,
        value: Value::Map(sections),
    }
}

struct Run<'a> {
    settings: &'a Node,
    /// What stands behind `--`.
    posargs: &'a [Argument],
    file: &'a File,
    by: &'a Command,
}

impl Run<'_> {
    /// The environments that run where none is named.
    fn listed(&self) -> Vec<String> {
        let keys = ["envlist", "env_list"];
        let list = keys
            .iter()
            .find_map(|key| self.settings.at(&["tox", key]))
            .map(Node::texts)
            .unwrap_or_default();
        let names = list.iter().flat_map(|line| line.split([',', ' ']));
        names.map(|name| name.trim().to_owned()).collect()
    }

    fn commands(&self, lines: &Node, section: &Node, findings: &mut Findings) {
        let mut by = self.by.clone();
        for key in ["changedir", "change_dir"] {
            let Some(path) = section.get(key).and_then(|node| node.texts().pop()) else {
                continue;
            };
            let path = self.substituted(&path, 0);
            by.directory = match path.exact().and_then(|path| by.directory.join(path)) {
                Some(path) => Directory::Known(path),
                None => Directory::Unknown(path.display().into_owned()),
            };
        }
        let set = section.get("setenv").or_else(|| section.get("set_env"));
        for line in set.map(|node| node.texts()).unwrap_or_default() {
            if let Some((name, value)) = line.split_once('=') {
                let value = self.substituted(value.trim(), 0);
                by.environment.set(name.trim(), Some(value));
            }
        }
        let mut pending: Option<(usize, String)> = None;
        let one = lines.text().map(|text| (lines.line, text.to_owned()));
        let all = lines.items().iter().map(|item| {
            // A list of words, or a text.
            let text = match item.text() {
                Some(text) => text.to_owned(),
                None => shell_words::join(item.texts()),
            };
            (item.line, text)
        });
        for (number, text) in one.into_iter().chain(all) {
            let (number, whole) = match pending.take() {
                Some((first, before)) => (first, format!("{before} {text}")),
                None => (number, text),
            };
            match whole.strip_suffix('\\') {
                Some(before) => pending = Some((number, before.to_owned())),
                None => self.command(&whole, number, &by, findings),
            }
        }
    }

    fn command(&self, line: &str, number: usize, by: &Command, findings: &mut Findings) {
        let line = without_factors(line.trim());
        let line = line.trim_start_matches(['-', '!']).trim_start();
        // Another section's commands.
        if let Some(other) = line
            .strip_prefix("{[")
            .and_then(|rest| rest.strip_suffix('}'))
            && let Some((section, key)) = other.split_once(']')
        {
            if let Some((node, lines)) = self
                .settings
                .get(section)
                .and_then(|node| Some((node, node.get(key)?)))
                && !lines.texts().iter().any(|text| text.contains(line))
            {
                self.commands(lines, node, findings);
            }
            return;
        }
        let text = self.substituted(line, 0);
        let place = self.file.place(number, &self.by.location);
        start(by, &["sh", "-c"], &text, &place, findings);
    }

    /// `{posargs:default}`, `{toxinidir}`, `{[section]key}`, `{env:NAME:default}`.
    fn substituted(&self, text: &str, depth: usize) -> Text {
        let mut whole = Text::empty();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            whole.push_known(before);
            let end = closing(after);
            let name = after.get(..end).unwrap_or(after);
            rest = after.get(end + 1..).unwrap_or_default();
            let (head, default) = name.split_once(':').unwrap_or((name, ""));
            let value = match head {
                "posargs" if self.posargs.is_empty() => self.substituted(default, depth + 1),
                "posargs" => with_arguments("", self.posargs),
                "toxinidir" | "tox_root" => Text::known(self.file.directory().to_string_lossy()),
                "/" => Text::known("/"),
                ":" => Text::known(":"),
                _ => match head.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                    Some((section, key)) if depth < DEPTH => {
                        let lines = self.settings.at(&[section, key]).map(Node::texts);
                        match lines {
                            Some(lines) => self.substituted(&lines.join(" "), depth + 1),
                            None => unknown(name),
                        }
                    }
                    _ => unknown(name),
                },
            };
            whole.append(value);
        }
        whole.push_known(rest);
        whole
    }
}

fn unknown(name: &str) -> Text {
    let mut text = Text::empty();
    text.push(Part::Unknown(format!("{{{name}}}")));
    text
}

/// The place of the bracket that closes one that was opened before the text.
fn closing(text: &str) -> usize {
    let mut open = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    text.len()
}

/// A line without the conditions before it: `py311,!lint: command`.
fn without_factors(line: &str) -> &str {
    let is_factor = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ',' | '!' | '.');
    match line.split_once(": ") {
        Some((factors, rest)) if !factors.is_empty() && factors.chars().all(is_factor) => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_conditions() {
        assert_eq!(closing("posargs:{toxinidir}/x} y"), 21);
        assert_eq!(closing("never"), 5);
        assert_eq!(without_factors("py311,!lint: pytest -q"), "pytest -q");
        assert_eq!(without_factors("pytest -k 'a: b'"), "pytest -k 'a: b'");
    }
}
