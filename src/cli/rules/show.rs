//! `guard rules show`: everything that a pack says of one rule.

use std::fmt::Write;

use clap::Args;

use super::super::print;
use super::{all, refuse};
use crate::packs::library::Loaded;
use crate::packs::{catalogue, examples};
use crate::rules::document::nearest;
use crate::rules::schema::Rule;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The id that guard prints: `railway/volume-delete`
    id: String,
}

pub(super) fn run(options: &Options) -> u8 {
    let (packs, _) = all();
    let ids = |loaded: &Loaded| -> Vec<String> {
        let rules = loaded.good().into_iter().flat_map(examples::rules);
        rules.map(|rule| id(loaded, rule)).collect()
    };
    let mut text = String::new();
    for loaded in &packs {
        for rule in loaded.good().into_iter().flat_map(examples::rules) {
            if id(loaded, rule) == options.id {
                show(&mut text, loaded, rule);
            }
        }
    }
    if text.is_empty() {
        let known: Vec<String> = packs.iter().flat_map(ids).collect();
        let near = nearest(&options.id, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?"));
        let near = near.unwrap_or_default();
        return refuse(&format!("there is no rule `{}`{near}", options.id));
    }
    print(&text);
    0
}

fn id(loaded: &Loaded, rule: &Rule) -> String {
    format!("{}/{}", loaded.name, rule.id)
}

fn show(text: &mut String, loaded: &Loaded, rule: &Rule) {
    let line = at_line(loaded, rule);
    let _ = writeln!(text, "{}", id(loaded, rule));
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<10} {value}");
        }
    };
    field("summary", &rule.summary);
    field("class", catalogue::class(rule.class));
    field("action", &format!("{} {}", rule.action, rule.target.kind));
    field("command", &rule.command.join(", "));
    field("also lost", &rule.also_lost.join(", "));
    field("way back", rule.undo.as_deref().unwrap_or(""));
    field("within", rule.within.as_deref().unwrap_or(""));
    field("safer", rule.instead.as_deref().unwrap_or(""));
    field("source", &rule.source);
    let path = loaded.origin.path.display();
    field(
        "from",
        &format!("{} pack, {path}:{line}", loaded.origin.layer),
    );
    for (examples, name) in [(&rule.matches, "fires on"), (&rule.no_match, "but not on")] {
        for example in examples {
            field(name, &example.replace('\n', "\n             "));
        }
    }
}

/// The line where the rule's id stands.
fn at_line(loaded: &Loaded, rule: &Rule) -> usize {
    let quoted = format!("\"{}\"", rule.id);
    let mut lines = loaded.text.lines();
    let at = lines.position(|line| line.trim_start().starts_with("id") && line.contains(&quoted));
    at.map_or(1, |index| index + 1)
}
