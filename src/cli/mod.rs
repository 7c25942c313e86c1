//! Guard's own subcommands: one file each, and the clap definition that leads to them.
//!
//! Owns words and exit statuses. Never judges, and never reaches around the gate.

mod approve;
mod check;
mod log;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, Parser, Subcommand};

use crate::gate::{EXIT_FAILED, Failure};

#[derive(Debug, Parser)]
#[command(
    name = "guard",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true,
    override_usage = "guard -- COMMAND [ARGUMENT]...\n       guard -c SCRIPT [NAME [ARGUMENT]...]\n       guard SUBCOMMAND",
    after_help = "Started through a link named like a shell or another program, guard stands in \
                  for it: it judges what would run and becomes the real one."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what waits for approval, and takes the answer
    Approve(approve::Options),
    /// Judges a command without running it
    Check(check::Options),
    /// Shows the audit log, or checks that nobody changed it
    Log(log::Options),
}

/// Runs one of guard's own subcommands; gives the exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    let command = match Cli::try_parse_from(arguments) {
        Ok(Cli {
            command: Some(command),
        }) => command,
        Ok(Cli { command: None }) => {
            // Without a terminal to write to there is only the status left.
            let _ = Cli::command().print_help();
            return EXIT_FAILED;
        }
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { EXIT_FAILED } else { 0 };
        }
    };
    let result = match command {
        Command::Approve(options) => approve::run(&options),
        Command::Check(options) => Ok(check::run(options)),
        Command::Log(options) => log::run(&options),
    };
    result.unwrap_or_else(|failure| fail(&failure))
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
