//! `guard policy`: the layers, and what they come to.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::rules;
use crate::effect::Class;
use crate::gate::EXIT_FAILED;
use crate::packs::examples;
use crate::policy::{Asked, Places, Policy, show};
use crate::rules::schema::RuleClass;
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
    /// Only what concerns this rule (`git/push-force`), and what it comes to
    #[arg(long, value_name = "RULE")]
    why: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> u8 {
    let Command::Show(options) = &options.command;
    let cwd = sys::working_directory();
    let places = Places::of(&cwd);
    let policy = Policy::read(&places, Timestamp::now());
    let classes = options.why.as_deref().map(classes);
    let asked = options.why.as_deref().zip(classes.as_deref());
    let asked = asked.map(|(rule, classes)| Asked { rule, classes });
    let shown = show(&policy, &places, &cwd, asked.as_ref());
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

/// What a rule may find: what its pack says, or anything, where the state decides.
fn classes(id: &str) -> Vec<Class> {
    let rules = rules::all().0;
    let found = rules.iter().find_map(|loaded| {
        let pack = loaded.good()?;
        let (name, rule) = id.split_once('/')?;
        let mut rules = examples::rules(pack).filter(|known| known.id == rule);
        rules
            .next()
            .filter(|_| pack.pack.name == name)
            .map(|rule| rule.class)
    });
    match found {
        Some(RuleClass::ReadOnly) => vec![Class::ReadOnly],
        Some(RuleClass::Reversible) => vec![Class::Reversible],
        Some(RuleClass::Recoverable) => vec![Class::Recoverable],
        Some(RuleClass::Irreversible | RuleClass::Move) => vec![Class::Irreversible],
        Some(RuleClass::Path | RuleClass::Overwrite) => {
            vec![Class::Recoverable, Class::Irreversible]
        }
        Some(RuleClass::Opaque) | None => {
            vec![Class::Reversible, Class::Recoverable, Class::Irreversible]
        }
    }
}
