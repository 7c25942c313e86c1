//! `guard rules list`: which rules there are, and which packs are broken.

use std::fmt::Write;

use annotate_snippets::Level;
use clap::Args;
use serde::Serialize;

use super::super::{added_packs, print, say};
use super::{EXIT_FOUND, all, render};
use crate::packs::{Layer, catalogue};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only rules whose id, program, server or summary contains this
    pattern: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    rule: String,
    class: &'static str,
    layer: Layer,
    file: String,
    /// The programs that the rule is for, or the servers.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    programs: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hosts: &'a [String],
    summary: &'a str,
}

pub(super) fn run(options: &Options) -> u8 {
    let (packs, _) = all();
    let wanted = options.pattern.as_deref().unwrap_or("").to_lowercase();
    let mut text = String::new();
    let mut broken = false;
    let mut found = 0_usize;
    for loaded in &packs {
        let pack = match &loaded.pack {
            Ok(pack) => pack,
            Err(complaints) => {
                broken = true;
                say(render(complaints, loaded, &Level::ERROR).trim_end());
                continue;
            }
        };
        let none: &[String] = &[];
        let clis = pack.cli.iter().map(|cli| (&cli.rule, &*cli.programs, none));
        let apis = pack.api.iter().map(|api| (&api.rule, none, &*api.hosts));
        for (rules, programs, hosts) in clis.chain(apis) {
            for rule in rules {
                let id = format!("{}/{}", pack.pack.name, rule.id);
                let all = [&id, &rule.summary]
                    .into_iter()
                    .chain(programs)
                    .chain(hosts);
                if !all
                    .into_iter()
                    .any(|text| text.to_lowercase().contains(&wanted))
                {
                    continue;
                }
                found += 1;
                let line = Line {
                    rule: id,
                    class: class(rule.class),
                    layer: loaded.origin.layer,
                    file: loaded.origin.path.display().to_string(),
                    programs,
                    hosts,
                    summary: &rule.summary,
                };
                if options.json {
                    text.push_str(&serde_json::to_string(&line).unwrap_or_default());
                    text.push('\n');
                } else {
                    let Line {
                        rule,
                        class,
                        layer,
                        summary,
                        ..
                    } = line;
                    let _ = writeln!(text, "{rule:<40} {class:<12} {layer:<8} {summary}");
                }
            }
        }
    }
    print(&text);
    // What stands in for a broken pack is known where packs are compiled.
    for note in added_packs().notes() {
        broken = true;
        say(&format!("guard: {note}"));
    }
    if !options.json {
        let files = packs.len();
        say(&format!("{found} rules; {files} packs"));
    }
    if broken { EXIT_FOUND } else { 0 }
}

/// The class in one word.
fn class(class: crate::rules::schema::RuleClass) -> &'static str {
    let words = catalogue::class(class);
    words.split(',').next().unwrap_or(words)
}
