//! Every rule of some packs, as a page to read.
//!
//! Owns the words of the catalogue. A rule's anchor is the id that guard prints.

use std::fmt::Write;

use super::examples;
use crate::rules::schema::{Pack, Rule, RuleClass};

/// The page, in Markdown.
#[must_use]
pub fn render(packs: &[&Pack]) -> String {
    let count: usize = packs.iter().map(|pack| examples::rules(pack).count()).sum();
    let mut page = format!(
        "# The rules\n\n{count} rules in {} packs. Made by `guard rules catalogue`, from what the \
         packs say; a rule is found by the id that guard prints.\n\n",
        packs.len()
    );
    for pack in packs {
        let header = &pack.pack;
        let programs: usize = pack.cli.iter().map(|cli| cli.programs.len()).sum();
        let listed = pack.read_only.len() + pack.reversible.len();
        let rules = examples::rules(pack).count();
        let _ = writeln!(
            page,
            "- [{name}](#{name}): {summary} ({rules} rules, {} programs)",
            programs + listed,
            name = header.name,
            summary = plain(&header.summary),
        );
    }
    for pack in packs {
        let header = &pack.pack;
        let _ = write!(page, "\n## {}\n\n{}", header.name, plain(&header.summary));
        if !header.docs.is_empty() {
            let _ = write!(page, " · <{}>", header.docs);
        }
        page.push('\n');
        for rule in examples::rules(pack) {
            entry(&mut page, &header.name, rule);
        }
    }
    page
}

fn entry(page: &mut String, pack: &str, rule: &Rule) {
    let id = &rule.id;
    let _ = write!(
        page,
        "\n### <a id=\"{pack}/{id}\"></a>{pack}/{id}\n\n**{}** · {} {}: {}",
        class(rule.class),
        plain(&rule.action),
        plain(&rule.target.kind),
        plain(&rule.summary),
    );
    page.push_str("\n\n");
    let within = rule
        .within
        .as_ref()
        .map(|within| format!(" (within {within})"));
    let within = within.unwrap_or_default();
    let undo = rule.undo.as_ref().map(|undo| format!("{undo}{within}"));
    let lost = Some(rule.also_lost.join(", ")).filter(|lost| !lost.is_empty());
    for (what, text) in [
        ("also lost", lost),
        ("way back", undo),
        ("safer", rule.instead.clone()),
        ("source", Some(rule.source.clone())),
    ] {
        if let Some(text) = text {
            let _ = writeln!(page, "- {what}: {}", plain(&text));
        }
    }
    page.push_str("\n```sh\n");
    for (examples, mark) in [(&rule.matches, ""), (&rule.no_match, "   # not this")] {
        for example in examples {
            let shown = example.replace("```", "` ` `");
            // What has several lines would be marked inside of its last one.
            let mark = if shown.contains('\n') { "" } else { mark };
            let _ = writeln!(page, "{}{mark}", shown.trim_end());
        }
    }
    page.push_str("```\n");
}

/// The class in words.
#[must_use]
pub const fn class(class: RuleClass) -> &'static str {
    match class {
        RuleClass::ReadOnly => "read-only",
        RuleClass::Reversible => "reversible",
        RuleClass::Recoverable => "recoverable",
        RuleClass::Irreversible => "irreversible",
        RuleClass::Opaque => "opaque",
        RuleClass::Path => "irreversible, unless the disk says otherwise",
        RuleClass::Overwrite => "irreversible, unless nothing was there",
        RuleClass::Move => "a move, irreversible where guard loses its own files",
    }
}

/// Text that Markdown takes as it is.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '*' | '_' | '[' | ']' | '|' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter => plain.push(letter),
        }
    }
    plain
}
