//! What a shell that a command starts would run: `bash -lc TEXT name args`.
//!
//! Owns the way from an argv that may be known only in part to the text, the script or the input
//! that is followed. How a shell reads its options is `invocation`'s.

use std::path::Path;

use crate::call::{Call, Findings, Nested};
use crate::invocation::{Flavor, Input, ShellLine, Startup};
use crate::resolve::{Argument, Command, base_name};
use crate::rules;
use crate::shell::Dialect;
use crate::world::ReadError;

/// Stands for a word that is not known. No shell takes it for an option.
const UNKNOWN: &str = "\u{fffc}";

/// Judges a shell by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command = call.command;
    let Some(shell) = command.program().map(base_name) else {
        return;
    };
    // A shell that guard stands in for nowhere is read by bash's rules, which most took over.
    let flavor = Flavor::of(Path::new(shell)).unwrap_or(Flavor::Bash);
    let mut words = Vec::new();
    for word in &command.argv {
        match word.value.exact().filter(|_| !word.splits) {
            Some(text) => words.push(text),
            None if word.value.known_prefix().starts_with(['-', '+']) => {
                let reason = format!(
                    "how {shell} is started is known only when it runs: {}",
                    word.value.display()
                );
                findings.unread(reason, &word.location);
                return;
            }
            None => words.push(UNKNOWN),
        }
    }
    let line = match ShellLine::read(flavor, &words) {
        Ok(line) => line,
        Err(error) => {
            findings.unread(
                format!("how {shell} is started: {error}"),
                &command.location,
            );
            return;
        }
    };
    let mut by = command.clone();
    by.redirections = Vec::new();
    start_up_files(line.dialect(shell), &line, &by, call, findings);
    follow(line.dialect(shell), &line, by, call, findings);
}

fn follow(shell: Dialect, line: &ShellLine, by: Command, call: &Call<'_>, findings: &mut Findings) {
    let argv = &call.command.argv;
    let from = |index: usize| argv.get(index..).unwrap_or_default();
    // `$0`, then `$1` and on.
    let arguments = || {
        let zero = argv.get(line.zero).cloned();
        zero.into_iter()
            .chain(from(line.parameters).iter().cloned())
            .collect::<Vec<_>>()
    };
    match line.input {
        Input::Nothing => {}
        Input::Text(index) => text(shell, argv.get(index), arguments(), by, findings),
        Input::TextThenStdin(index) => {
            text(shell, argv.get(index), arguments(), by.clone(), findings);
            rules::script_from_stdin(shell, arguments(), &by, call.world, findings);
        }
        Input::Script(index) => rules::script(shell, from(index), &by, call.world, findings),
        Input::Stdin => rules::script_from_stdin(shell, arguments(), &by, call.world, findings),
    }
}

fn text(
    shell: Dialect,
    text: Option<&Argument>,
    arguments: Vec<Argument>,
    by: Command,
    findings: &mut Findings,
) {
    let Some(text) = text else { return };
    if text.splits {
        let reason = format!(
            "the text that {shell} runs is not known: {}",
            text.value.display()
        );
        findings.unread(reason, &text.location);
        return;
    }
    findings.nested.push(Nested::Shell {
        text: text.value.clone(),
        origin: rules::origin_of(text),
        arguments,
        by: Box::new(by),
        shell,
    });
}

/// `--rcfile f`, and the file that a variable names, where the command itself says which: what a
/// person's own environment names is that person's.
fn start_up_files(
    shell: Dialect,
    line: &ShellLine,
    by: &Command,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let command = call.command;
    for file in line.startup(line.is_interactive([false; 3])) {
        match file {
            Startup::Given(index) => {
                let file = command.argv.get(index..=index).unwrap_or_default();
                rules::script(shell, file, by, call.world, findings);
            }
            Startup::Variable(name) => {
                let inherited = call.world.env(name);
                let value = command.variable(call.world, name).filter(|file| {
                    !file.is_empty()
                        && (file.exact().is_none() || file.exact() != inherited.as_deref())
                });
                if let Some(value) = value {
                    let file = Argument {
                        value,
                        splits: false,
                        verbatim: None,
                        location: command.location.clone(),
                    };
                    rules::script(shell, &[file], by, call.world, findings);
                }
            }
            Startup::Home(name) => at_home(shell, &[name], by, call, findings),
            Startup::FirstInHome(names) => at_home(shell, names, by, call, findings),
            Startup::System(_) => {}
        }
    }
}

/// The first of these files in a home directory that the text itself chose.
fn at_home(shell: Dialect, names: &[&str], by: &Command, call: &Call<'_>, findings: &mut Findings) {
    let own = |name: &str| {
        let value = call.command.variable(call.world, name);
        value.filter(|value| value.exact() != call.world.env(name).as_deref())
    };
    let moved = own("ZDOTDIR").filter(|_| shell.is_zsh());
    let Some(home) = moved.or_else(|| own("HOME")) else {
        return;
    };
    let home = home
        .exact()
        .and_then(|home| call.command.directory.join(home));
    let Some(home) = home.filter(|_| by.elsewhere.is_none()) else {
        return;
    };
    let files = names.iter().map(|name| home.join(name));
    let there = files.into_iter().find(|file| {
        let read = call.world.read(file);
        !matches!(read, Err(ReadError::Missing(_)))
    });
    if let Some(file) = there {
        let location = call.command.location.clone();
        let file = Argument::known(file.to_string_lossy(), location);
        rules::script(shell, &[file], by, call.world, findings);
    }
}
