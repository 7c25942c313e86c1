//! tmux: several commands on one line, and commands inside of commands.
//!
//! Owns their separation, and the keys that are typed into a shell. What a window runs is in the
//! pack.

use crate::call::{Call, Findings, Nested};
use crate::context::Place;
use crate::resolve::{Argument, Origin, Stdin, Text};
use crate::rules;
use crate::rules::schema::Embedded;
use crate::shell::Dialect;

use super::embedded;

/// Judges what the pack's grammar cannot say.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command: Vec<&str> = call.args.command.iter().map(String::as_str).collect();
    let operands = &call.args.operands;
    for file in call.args.all("-f") {
        embedded::judge_file(
            Embedded::Tmux,
            file,
            Place::default(),
            call.command,
            call.world,
            findings,
        );
    }
    following(call, findings);
    match command.as_slice() {
        ["source-file" | "source"] => {
            for file in operands {
                embedded::judge_file(
                    Embedded::Tmux,
                    file,
                    Place::default(),
                    call.command,
                    call.world,
                    findings,
                );
            }
        }
        ["if-shell"] => {
            if let Some(condition) = operands.first().filter(|_| !call.args.flag("-F")) {
                shell(condition.value.clone(), condition, call, findings);
            }
            for inner in operands.iter().skip(1).take(2) {
                inside(inner, call, findings);
            }
        }
        ["bind-key" | "bind" | "set-hook" | "confirm-before" | "confirm"] => {
            if let Some(inner) = operands.last() {
                inside(inner, call, findings);
            }
        }
        ["send-keys"] => keys(call, findings),
        _ => {}
    }
}

/// `tmux new -d \; run-shell CMD`: a word of `;`, or one that ends in it, ends a command.
fn following(call: &Call<'_>, findings: &mut Findings) {
    let argv = &call.command.argv;
    let ends = |word: &Argument| word.value.exact().is_some_and(|word| word.ends_with(';'));
    let Some(at) = argv.iter().position(ends) else {
        return;
    };
    let rest = argv.get(at + 1..).unwrap_or_default();
    if let (Some(program), false) = (argv.first(), rest.is_empty()) {
        let mut next = call.command.clone();
        next.redirections = Vec::new();
        next.argv = std::iter::once(program.clone())
            .chain(rest.iter().cloned())
            .collect();
        findings.nested.push(Nested::Command(Box::new(next)));
    }
}

/// A word that holds a command of tmux.
fn inside(word: &Argument, call: &Call<'_>, findings: &mut Findings) {
    let mut text = Text::known("tmux ");
    text.append(word.value.clone());
    if !word.value.is_empty() {
        shell(text, word, call, findings);
    }
}

/// What is typed: words as they are, but for those that name keys.
fn keys(call: &Call<'_>, findings: &mut Findings) {
    let mut text = Text::empty();
    let literal = call.args.flag("-l");
    for word in &call.args.operands {
        match word.value.exact() {
            Some("Enter" | "C-m" | "KPEnter" | "C-j") if !literal => text.push_known("\n"),
            Some("Space") if !literal => text.push_known(" "),
            Some(key) if !literal && is_key(key) => {}
            _ => text.append(word.value.clone()),
        }
    }
    if let (Some(first), false) = (call.args.operands.first(), text.is_empty()) {
        shell(text, first, call, findings);
    }
}

fn is_key(word: &str) -> bool {
    const KEYS: &[&str] = &[
        "Up", "Down", "Left", "Right", "Tab", "BTab", "BSpace", "Escape", "Home", "End", "DC",
        "IC", "NPage", "PPage", "PageUp", "PageDown",
    ];
    let chord = ["C-", "M-", "S-", "^"].iter().any(|start| {
        word.strip_prefix(start)
            .is_some_and(|rest| rest.chars().count() == 1)
    });
    chord
        || KEYS.contains(&word)
        || (word.starts_with('F') && word.get(1..).is_some_and(|n| n.parse::<u8>().is_ok()))
}

fn shell(text: Text, word: &Argument, call: &Call<'_>, findings: &mut Findings) {
    let mut by = call.command.clone();
    by.redirections = Vec::new();
    by.stdin = Stdin::Empty;
    let origin = if text == word.value {
        rules::origin_of(word)
    } else {
        Origin::Place(word.location.clone())
    };
    findings.nested.push(Nested::Shell {
        text,
        origin,
        arguments: Vec::new(),
        by: Box::new(by),
        shell: Dialect::from("sh"),
    });
}
