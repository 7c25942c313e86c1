//! guard's own command line. Starts as a shell or a shim never get here.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

/// guard's own failure, as opposed to a refusal or the child's status.
pub const FAILED: u8 = 125;

#[derive(Debug, Parser)]
#[command(
    name = "guard",
    version,
    about,
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
enum Command {}

/// Runs one of guard's own subcommands; returns the exit status.
pub fn run(argv: &[OsString]) -> u8 {
    match Cli::try_parse_from(argv) {
        Ok(Cli { command: None }) => {
            let _ = Cli::command().print_help();
            FAILED
        }
        Ok(Cli {
            command: Some(command),
        }) => match command {},
        Err(error) => {
            let status = if error.use_stderr() { FAILED } else { 0 };
            let _ = error.print();
            status
        }
    }
}
