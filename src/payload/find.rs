//! The expression of `find`.
//!
//! Owns its reading: start paths, tests that narrow what is found, and the actions that delete,
//! write or run. Never judges what `-exec` runs: that goes back to the rules.

use std::path::Path;

use crate::call::{Call, Findings, Nested};
use crate::effect::Effect;
use crate::location::Location;
use crate::resolve::{Argument, Command, Part, Text};
use crate::rules;
use crate::world::PathStatus;

/// Primaries that take one word.
const ONE_WORD: &[&str] = &[
    "-amin",
    "-anewer",
    "-atime",
    "-cmin",
    "-cnewer",
    "-context",
    "-ctime",
    "-files0-from",
    "-flags",
    "-fstype",
    "-gid",
    "-group",
    "-ilname",
    "-iname",
    "-inum",
    "-ipath",
    "-iregex",
    "-iwholename",
    "-links",
    "-lname",
    "-maxdepth",
    "-mindepth",
    "-mmin",
    "-mtime",
    "-name",
    "-newer",
    "-newerXY",
    "-path",
    "-perm",
    "-printf",
    "-regex",
    "-regextype",
    "-samefile",
    "-size",
    "-type",
    "-uid",
    "-used",
    "-user",
    "-wholename",
    "-xattr",
    "-xtype",
];

/// Actions that write a file: the words they take, the file first.
const WRITES: &[(&str, usize)] = &[
    ("-fls", 1),
    ("-fprint", 1),
    ("-fprint0", 1),
    ("-fprintf", 2),
];

/// Judges a `find` by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let words = call.command.argv.get(1..).unwrap_or_default();
    let mut expression = Expression::new(words);
    while expression.step(call, findings) {}
}

struct Expression<'a> {
    words: &'a [Argument],
    next: usize,
    starts: Vec<&'a Argument>,
    /// The last `-name` before here, as long as every test must hold.
    name: Option<&'a Argument>,
    /// Only empty files and directories are found.
    empty: bool,
    /// `-o`, `!` or `,` stands somewhere: a test says nothing about what is found.
    branches: bool,
}

impl<'a> Expression<'a> {
    fn new(words: &'a [Argument]) -> Self {
        let text = |word: &'a Argument| word.value.known_prefix();
        let mut next = 0;
        while let Some(word) = words.get(next) {
            next += match text(word) {
                "-H" | "-L" | "-P" => 1,
                "-D" => 2,
                level if level.starts_with("-O") => 1,
                _ => break,
            };
        }
        let starts: Vec<&Argument> = words
            .iter()
            .skip(next)
            .take_while(|word| !is_expression(text(word)))
            .collect();
        next += starts.len();
        let branches = words.iter().skip(next).any(|word| {
            matches!(
                text(word),
                "-o" | "-or" | "!" | "-not" | "," | "(" | ")" | "-files0-from"
            )
        });
        Self {
            words,
            next,
            starts,
            name: None,
            empty: false,
            branches,
        }
    }

    fn take(&mut self) -> Option<&'a Argument> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    /// Reads one primary; false at the end.
    fn step(&mut self, call: &Call<'_>, findings: &mut Findings) -> bool {
        let Some(word) = self.take() else {
            return false;
        };
        let Some(name) = word.value.exact() else {
            // An unquoted list of tests may hold any action, and what has an operand is one.
            let operand = self.words.get(self.next).map(|word| &word.value);
            let operand = operand.and_then(Text::exact);
            let takes_one = operand.is_some_and(|operand| !is_expression(operand));
            if (word.splits || takes_one) && word.value.has_unknown() {
                let reason = format!(
                    "part of find's expression is not known: {}",
                    word.value.display()
                );
                findings.opaque(reason, &word.location);
            }
            return true;
        };
        match name {
            "-delete" => self.delete(word, call, findings),
            "-exec" | "-execdir" | "-ok" | "-okdir" => self.run(word, call, findings),
            "-name" => {
                self.name = self.take().filter(|_| !self.branches);
            }
            "-empty" => self.empty = !self.branches,
            _ if ONE_WORD.contains(&name) || name.starts_with("-newer") => {
                self.take();
            }
            _ => {
                if let Some((_, count)) = WRITES.iter().find(|(action, _)| *action == name) {
                    let file = self.take();
                    self.next += count - 1;
                    write(file, call, findings);
                }
            }
        }
        true
    }

    /// What is found, as patterns: one below each start path.
    fn found(&self, call: &Call<'_>) -> Vec<Argument> {
        let here = Argument::known(".", call.command.location.clone());
        let starts = if self.starts.is_empty() {
            vec![&here]
        } else {
            self.starts.clone()
        };
        starts
            .into_iter()
            .map(|start| {
                let file = start
                    .value
                    .exact()
                    .and_then(|path| call.command.directory.join(path));
                let is_file = |path: &Path| {
                    call.world.is_written(path)
                        || matches!(call.world.status(path), PathStatus::File { .. })
                };
                if call.command.elsewhere.is_none() && file.is_some_and(|path| is_file(&path)) {
                    // Nothing is below it.
                    return Argument {
                        verbatim: None,
                        ..start.clone()
                    };
                }
                let mut value = start.value.clone();
                if !matches!(value.exact(), Some(path) if path.ends_with('/')) {
                    value.push_known("/");
                }
                let name = self.name.and_then(|name| name.value.exact());
                value.push(Part::Glob(format!("**/{}", name.unwrap_or("*"))));
                Argument {
                    value,
                    verbatim: None,
                    splits: true,
                    location: start.location.clone(),
                }
            })
            .collect()
    }

    fn delete(&self, word: &Argument, call: &Call<'_>, findings: &mut Findings) {
        if self.empty {
            return;
        }
        for found in self.found(call) {
            let mut effect = effect(call, "find-delete", "delete", &found.value, &word.location);
            "deletes everything that find finds".clone_into(&mut effect.summary);
            if rules::deletion(&found.value, call, &mut effect) {
                findings.effects.push(effect);
            }
        }
    }

    /// `-exec CMD … ;` or `-exec CMD … {} +`.
    fn run(&mut self, word: &Argument, call: &Call<'_>, findings: &mut Findings) {
        let mut argv: Vec<Argument> = Vec::new();
        while let Some(word) = self.take() {
            match word.value.exact() {
                Some(";") => break,
                Some("+") if argv.last().is_some_and(is_place) => break,
                _ => argv.push(word.clone()),
            }
        }
        if argv.is_empty() {
            findings.opaque("find runs a command that is not there", &word.location);
            return;
        }
        let found = self.found(call);
        let argv = argv
            .iter()
            .enumerate()
            .flat_map(|(index, word)| match word.value.exact() {
                // A program that is found is known only then.
                Some("{}") if index > 0 => found.clone(),
                _ => vec![Argument {
                    value: rules::replaced(&word.value, "{}", &Part::Unknown("{}".to_owned())),
                    verbatim: None,
                    ..word.clone()
                }],
            })
            .collect();
        let by = call.command;
        let command = Command {
            argv,
            environment: by.environment.clone(),
            directory: by.directory.clone(),
            stdin: by.stdin.clone(),
            redirections: Vec::new(),
            location: by.location.clone(),
            elsewhere: by.elsewhere.clone(),
        };
        findings.nested.push(Nested::Command(Box::new(command)));
    }
}

fn is_place(word: &Argument) -> bool {
    word.value.exact() == Some("{}")
}

fn is_expression(text: &str) -> bool {
    (text.starts_with('-') && text.len() > 1) || matches!(text, "(" | ")" | "!" | ",")
}

/// `-fprint FILE` empties the file.
fn write(file: Option<&Argument>, call: &Call<'_>, findings: &mut Findings) {
    let Some(file) = file else {
        return;
    };
    let mut effect = effect(call, "find-write", "overwrite", &file.value, &file.location);
    "empties the file and writes what find finds".clone_into(&mut effect.summary);
    if rules::overwriting(&file.value, call, &mut effect) {
        findings.effects.push(effect);
    }
}

fn effect(
    call: &Call<'_>,
    rule: &'static str,
    action: &'static str,
    path: &Text,
    location: &Location,
) -> Effect {
    Effect {
        instead: Some("the same find with -print in place of what deletes".to_owned()),
        location: location.clone(),
        ..call.loss(rule, action, "path", Some(path.display().into_owned()))
    }
}
