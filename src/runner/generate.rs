//! `go generate`: the commands that stand in `//go:generate` lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::{File, directory, unseen};
use crate::call::{Call, Findings, Nested};
use crate::resolve::{Argument, Directory, Text};
use crate::world::{EntryKind, ReadError};

/// Files and directories that are looked at.
const FILES: usize = 20_000;
/// Directories within directories.
const DEPTH: usize = 32;

/// Judges `go generate`.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    if call.args.flag("-n") {
        return;
    }
    let Some(home) = directory(call, &["-C"]) else {
        unseen(call, findings);
        return;
    };
    let mut walk = Walk {
        call,
        findings,
        left: FILES,
    };
    if call.args.operands.is_empty() {
        walk.directory(&home, false, 0);
    }
    for word in &call.args.operands {
        let Some(named) = word.value.exact().filter(|_| !word.splits) else {
            let reason = format!(
                "what go generates is known only when it runs: {}",
                word.value.display()
            );
            walk.findings.opaque(reason, &word.location);
            continue;
        };
        if named.ends_with(".go") {
            walk.file(&home.join(named));
        } else if let Some(base) = named.strip_suffix("...") {
            walk.directory(&home.join(base.trim_end_matches('/')), true, 0);
        } else {
            walk.directory(&home.join(named), false, 0);
        }
    }
}

struct Walk<'a> {
    call: &'a Call<'a>,
    findings: &'a mut Findings,
    left: usize,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, deep: bool, depth: usize) {
        let Some((names, more)) = self.call.world.list(path, self.left) else {
            return;
        };
        if more || names.len() > self.left || depth > DEPTH {
            let reason = "there are more Go files than guard reads";
            self.findings.opaque(reason, &self.call.command.location);
            return;
        }
        self.left -= names.len();
        for name in names {
            let inner = path.join(&name);
            if name.ends_with(".go") {
                self.file(&inner);
                continue;
            }
            let left_out = name.starts_with(['.', '_'])
                || matches!(name.as_str(), "vendor" | "testdata" | "node_modules");
            let entry = self.call.world.entry(&inner).filter(|_| deep && !left_out);
            if entry.is_some_and(|entry| entry.kind == EntryKind::Directory) {
                self.directory(&inner, true, depth + 1);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let text = match self.call.world.read(path) {
            Ok(text) => text,
            Err(ReadError::Missing(_)) => return,
            Err(_) => {
                unseen(self.call, self.findings);
                return;
            }
        };
        let package = text.lines().find_map(|line| line.strip_prefix("package "));
        let package = package.unwrap_or_default().trim().to_owned();
        let file = File {
            path: Rc::from(path),
            text,
        };
        let mut short: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (index, line) in file.text.lines().enumerate() {
            let Some(directive) = line.strip_prefix("//go:generate ") else {
                continue;
            };
            let number = index + 1;
            let mut words = words(directive);
            if let [first, name, rest @ ..] = words.as_slice()
                && first == "-command"
            {
                short.insert(name.clone(), rest.to_vec());
                continue;
            }
            if let Some(stands_for) = words.first().and_then(|first| short.get(first)) {
                words.splice(..1, stands_for.clone());
            }
            let mut command = self.call.command.clone();
            command.redirections = Vec::new();
            command.location = file.place(number, &self.call.command.location);
            command.directory = Directory::Known(file.directory().to_owned());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            for (variable, value) in [
                ("GOFILE", name.into_owned()),
                ("GOLINE", number.to_string()),
                ("GOPACKAGE", package.clone()),
                ("DOLLAR", "$".to_owned()),
            ] {
                command.environment.set(variable, Some(Text::known(value)));
            }
            let argv = words.iter().map(|word| Argument {
                value: self.expanded(word, &command),
                splits: false,
                verbatim: None,
                location: command.location.clone(),
            });
            command.argv = argv.collect();
            self.findings
                .nested
                .push(Nested::Command(Box::new(command)));
        }
    }

    /// A word with `$NAME` and `${NAME}` as the command has them.
    fn expanded(&self, word: &str, command: &crate::resolve::Command) -> Text {
        let mut whole = Text::empty();
        let mut rest = word;
        while let Some((before, after)) = rest.split_once('$') {
            whole.push_known(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, after) = match after.strip_prefix('{') {
                Some(braced) => braced.split_once('}').unwrap_or((braced, "")),
                None => {
                    let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                    after.split_at_checked(end).unwrap_or((after, ""))
                }
            };
            match (name, command.variable(self.call.world, name)) {
                (_, Some(value)) => whole.append(value),
                ("GOOS" | "GOARCH" | "GOROOT", None) => {
                    whole.append(Text::unknown(format!("${name}")));
                }
                _ => {}
            }
            rest = after;
        }
        whole.push_known(rest);
        whole
    }
}

/// Words between blanks; those in double quotes hold blanks and escapes.
fn words(directive: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = directive.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (mut word, mut end) = (String::new(), quoted.len());
                let mut letters = quoted.char_indices();
                while let Some((at, letter)) = letters.next() {
                    match letter {
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        '\\' => word.extend(letters.next().map(|(_, next)| match next {
                            'n' => '\n',
                            't' => '\t',
                            other => other,
                        })),
                        other => word.push(other),
                    }
                }
                (word, quoted.get(end..).unwrap_or_default())
            }
            None => {
                let end = rest.find([' ', '\t']).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (word.to_owned(), after)
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_is_split_at_blanks() {
        assert_eq!(
            words("sh -c \"rm -rf x && \\\"y\\\"\"  z"),
            ["sh", "-c", "rm -rf x && \"y\"", "z"]
        );
    }
}
