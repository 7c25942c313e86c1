//! Guard's own subcommands: one file each, and the clap definition that leads to them.
//!
//! Owns words and exit statuses. Never judges, and never reaches around the gate.

#![allow(
    clippy::disallowed_methods,
    reason = "subcommands act for the person who calls them"
)]

mod approve;
mod check;
mod completions;
mod log;
mod pack;
mod policy;
mod rules;
mod setup;
mod status;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Parser, Subcommand};

use crate::gate::{EXIT_FAILED, Failure, State};
use crate::packs::{self, Packs};

#[derive(Debug, Parser)]
#[command(
    name = "guard",
    version,
    about,
    max_term_width = 100,
    override_usage = "guard -- COMMAND [ARGUMENT]...\n       \
                      guard -c SCRIPT [NAME [ARGUMENT]...]\n       \
                      guard SUBCOMMAND [OPTION]...",
    after_help = "Started through a link named like a shell or another program, guard stands in \
                  for it: it judges what would run, and becomes the real one."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what waits for approval, and takes the answer
    Approve(approve::Options),
    /// Judges a command without running it
    Check(check::Options),
    /// Prints completions for a shell
    Completions(completions::Options),
    /// Shows the audit log, or checks that nobody changed it
    Log(log::Options),
    /// Adds, updates, checks and signs packs that are shared
    Pack(pack::Options),
    /// Shows what guard decides about which facts, and who said so
    Policy(policy::Options),
    /// Shows, explains, tests and starts rules
    Rules(rules::Options),
    /// Makes guard's links: shells, and programs to put first on PATH
    Setup(setup::Options),
    /// Shows which of guard's layers hold here, and why others do not
    Status(status::Options),
}

/// Runs one of guard's own subcommands; returns the exit status.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Without a terminal to write to there is only the status left.
            let _ = error.print();
            return if error.use_stderr() { EXIT_FAILED } else { 0 };
        }
    };
    let result = match cli.command {
        Command::Approve(options) => approve::run(&options),
        Command::Check(options) => Ok(check::run(options)),
        Command::Completions(options) => Ok(completions::run(&options)),
        Command::Log(options) => log::run(&options),
        Command::Pack(options) => Ok(pack::run(&options)),
        Command::Policy(options) => Ok(policy::run(&options)),
        Command::Rules(options) => rules::run(options),
        Command::Setup(options) => setup::run(&options),
        Command::Status(options) => Ok(status::run(&options)),
    };
    result.unwrap_or_else(|failure| fail(&failure))
}

/// The packs that were added on this machine.
fn added_packs() -> Packs {
    packs::open(
        &packs::directories(|name| std::env::var_os(name)),
        State::packs,
    )
}

fn fail(failure: &Failure) -> u8 {
    say(&format!("guard: {failure}"));
    EXIT_FAILED
}

/// One message on stderr.
fn say(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Output that somebody may cut short with `head`.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
