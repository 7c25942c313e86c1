//! `guard completions SHELL`: what a shell needs to complete guard's own command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The shell to write completions for
    shell: Shell,
}

pub(super) fn run(options: &Options) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut super::Cli::command(),
        "guard",
        &mut script,
    );
    super::print(&String::from_utf8_lossy(&script));
    0
}
