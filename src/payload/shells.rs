//! How shells read their own options: what `bash -lc TEXT name args` would run.
//!
//! Owns the option parsing of bash, which zsh, dash and ksh share where it matters.

use std::rc::Rc;

use crate::resolve::{Argument, Command};
use crate::rules::{self, Call, Findings, Nested};

/// What a shell was started to run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Start {
    /// `-c`: the first operand is the text.
    command: bool,
    /// `-s`: standard input, whatever operands there are.
    stdin: bool,
    /// `-n`: read, never run.
    no_exec: bool,
    interactive: bool,
    /// `--help`, `--version`.
    informs: bool,
    /// A start-up file that is named.
    start_up: Option<Argument>,
    operands: Vec<Argument>,
    /// A word among the options that is not known.
    unclear: Option<Argument>,
}

const LONG_WITH_VALUE: &[&str] = &["init-file", "rcfile"];

/// Judges a shell by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command = call.command;
    let Some(shell) = command
        .program()
        .map(|path| path.rsplit('/').next().unwrap_or(path))
    else {
        return;
    };
    let start = read(command.argv.get(1..).unwrap_or_default());
    if start.informs || (start.no_exec && !start.interactive) {
        return;
    }
    if let Some(word) = &start.unclear {
        let reason = format!(
            "how {shell} is started is known only when it runs: {}",
            word.value.display()
        );
        findings.opaque(reason, &word.location);
        return;
    }
    let mut by = command.clone();
    by.redirections = Vec::new();
    start_up_files(shell, &start, &by, call, findings);
    if start.command {
        text(shell, &start.operands, by, findings);
    } else if start.stdin || start.operands.is_empty() {
        rules::script_from_stdin(shell, start.operands, &by, call.world, findings);
    } else {
        rules::script(shell, &start.operands, &by, call.world, findings);
    }
}

fn text(shell: &str, operands: &[Argument], by: Command, findings: &mut Findings) {
    let Some((text, arguments)) = operands.split_first() else {
        return;
    };
    if text.splits {
        let reason = format!(
            "the text that {shell} runs is not known: {}",
            text.value.display()
        );
        findings.opaque(reason, &text.location);
        return;
    }
    let arguments = if arguments.is_empty() {
        vec![Argument::known(shell, text.location.clone())]
    } else {
        arguments.to_vec()
    };
    findings.nested.push(Nested::Shell {
        text: text.value.clone(),
        origin: rules::origin_of(text),
        arguments,
        by: Box::new(by),
        shell: Rc::from(shell),
    });
}

/// `--rcfile f`, and `BASH_ENV`, which a bash that runs text or a script reads first.
fn start_up_files(
    shell: &str,
    start: &Start,
    by: &Command,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    if let Some(file) = &start.start_up {
        rules::script(shell, std::slice::from_ref(file), by, call.world, findings);
    }
    let variable = call.command.variable(call.world, "BASH_ENV");
    let inherited = call.world.env("BASH_ENV");
    if let Some(file) = variable.filter(|file| shell == "bash" && !file.is_empty())
        && file.exact() != inherited.as_deref()
    {
        let file = Argument {
            value: file,
            verbatim: None,
            splits: false,
            location: call.command.location.clone(),
        };
        rules::script(shell, &[file], by, call.world, findings);
    }
}

fn read(words: &[Argument]) -> Start {
    let mut start = Start::default();
    let mut next = 0;
    while let Some(word) = words.get(next) {
        let prefix = word.value.known_prefix();
        let Some(text) = word.value.exact().filter(|_| !word.splits) else {
            // After `-c` comes the text, which may be anything.
            if prefix.starts_with(['-', '+']) || (word.splits && !start.command) {
                start.unclear = Some(word.clone());
            }
            break;
        };
        if text == "--" || text == "-" {
            next += 1;
            break;
        }
        if !text.starts_with(['-', '+']) {
            break;
        }
        next += 1;
        match text.strip_prefix("--") {
            Some(long) => next += long_option(long, words.get(next), &mut start),
            None => next += cluster(text, words.get(next), &mut start),
        }
    }
    start.operands = words.get(next..).unwrap_or_default().to_vec();
    start
}

/// Reads a long option; how many further words it takes.
fn long_option(name: &str, next: Option<&Argument>, start: &mut Start) -> usize {
    let (name, attached) = match name.split_once('=') {
        Some((name, _)) => (name, true),
        None => (name, false),
    };
    match name {
        "help" | "version" => start.informs = true,
        // zsh and fish know these as words.
        "command" => start.command = true,
        "no-execute" => start.no_exec = true,
        "interactive" => start.interactive = true,
        _ => {}
    }
    if LONG_WITH_VALUE.contains(&name) && !attached {
        start.start_up = next.cloned();
        return 1;
    }
    0
}

/// Reads `-lc`, `+x`, `-euo`; how many further words it takes.
fn cluster(text: &str, next: Option<&Argument>, start: &mut Start) -> usize {
    let on = text.starts_with('-');
    if on && LONG_WITH_VALUE.contains(&text.trim_start_matches('-')) {
        start.start_up = next.cloned();
        return 1;
    }
    let mut taken = 0;
    for letter in text.chars().skip(1) {
        match letter {
            'c' if on => start.command = true,
            's' if on => start.stdin = true,
            'n' => start.no_exec = on,
            'i' => start.interactive = on,
            'o' | 'O' => {
                taken += 1;
                let name = next.and_then(|word| word.value.exact());
                if name == Some("noexec") {
                    start.no_exec = on;
                }
            }
            _ => {}
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;

    fn words(line: &str) -> Vec<Argument> {
        line.split_ascii_whitespace()
            .map(|word| Argument::known(word, Location::default()))
            .collect()
    }

    #[test]
    fn the_text_is_found_as_bash_finds_it() {
        for (line, operand) in [
            ("-c TEXT", "TEXT"),
            ("-lc TEXT a b", "TEXT"),
            ("-c -l TEXT", "TEXT"),
            ("-l -c TEXT", "TEXT"),
            ("-e -c TEXT", "TEXT"),
            ("-o pipefail -c TEXT", "TEXT"),
            ("-euo pipefail -c TEXT", "TEXT"),
            ("-O extglob -c TEXT", "TEXT"),
            ("+O extglob -c TEXT", "TEXT"),
            ("--norc -c TEXT", "TEXT"),
            ("--noprofile --norc -ic TEXT", "TEXT"),
            ("--init-file f -c TEXT", "TEXT"),
            ("-c -- TEXT", "TEXT"),
            ("-c -o pipefail TEXT", "TEXT"),
        ] {
            let start = read(&words(line));
            assert!(start.command, "{line}");
            let first = start.operands.first().and_then(|word| word.value.exact());
            assert_eq!(first, Some(operand), "{line}");
        }
    }

    #[test]
    fn scripts_and_standard_input_are_told_apart() {
        let start = read(&words("-x script.sh -c"));
        assert!(!start.command);
        assert_eq!(start.operands.len(), 2);
        assert!(read(&words("-s a b")).stdin);
        assert!(read(&words("-n script.sh")).no_exec);
        assert!(read(&words("-o noexec script.sh")).no_exec);
        assert!(read(&words("--version")).informs);
    }
}
