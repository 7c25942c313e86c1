//! `guard policy`: the layers, and what they come to.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::gate::EXIT_FAILED;
use crate::policy::{Places, Policy, show};
use crate::sys;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows each layer that holds here, what was dropped of it, and the result
    #[command(
        after_help = "Layers, from the strongest: /etc/guard/guard.toml (root's), ~/.config/guard/guard.toml \
                      (yours), guard.toml in this directory and above it, and the file that \
                      GUARD_POLICY names. The strictest answer wins; only the first two may except \
                      anything.\n\n\
                      Exits with 125 if a layer cannot be read."
    )]
    Show(Show),
}

#[derive(Debug, Args)]
struct Show {
    /// Only what concerns this rule (`git/push-force`)
    #[arg(long, value_name = "RULE")]
    why: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> u8 {
    let Command::Show(options) = &options.command;
    let places = Places::of(&sys::working_directory());
    let policy = Policy::read(&places, Timestamp::now());
    let shown = show(&policy, &places, options.why.as_deref());
    if options.json {
        match serde_json::to_string_pretty(&shown) {
            Ok(text) => super::print(&format!("{text}\n")),
            Err(error) => {
                super::say(&format!("guard: the policy cannot be written: {error}"));
                return EXIT_FAILED;
            }
        }
    } else {
        super::print(&shown.text());
    }
    if shown.layers.iter().any(|layer| layer.broken.is_some()) {
        return EXIT_FAILED;
    }
    0
}
