//! Guard's own subcommands: one file each, and the clap definition that leads to them.
//!
//! Owns words and exit statuses. Never judges, and never reaches around the gate.

mod approve;
mod log;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::gate::{EXIT_FAILED, Failure};

#[derive(Debug, Parser)]
#[command(name = "guard", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what waits for approval, and takes the answer
    Approve(approve::Options),
    /// Shows the audit log, or checks that nobody changed it
    Log(log::Options),
}

/// Runs one of guard's own subcommands.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Without a terminal to write to there is only the status left.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(EXIT_FAILED)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let result = match cli.command {
        Command::Approve(options) => approve::run(&options),
        Command::Log(options) => log::run(&options),
    };
    result.unwrap_or_else(|failure| fail(&failure))
}

fn fail(failure: &Failure) -> ExitCode {
    say(&format!("guard: {failure}"));
    ExitCode::from(EXIT_FAILED)
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
