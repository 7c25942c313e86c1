//! The `guard` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    guard::cli::run(std::env::args_os())
}
