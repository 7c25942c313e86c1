//! `guard rules explain`: how each command of a text is read, and why a rule applies or not.

use std::fmt::Write;

use clap::Args;

use super::super::{added_packs, print, say};
use crate::gate::EXIT_FAILED;
use crate::judge::{Subject, commands_of};
use crate::packs::Layer;
use crate::resolve::Stdin;
use crate::rules::explain::{ByPack, Explained, Reading, Request, explain};
use crate::world::System;

#[derive(Debug, Args)]
#[command(
    override_usage = "guard rules explain [--json] [--all] -c SCRIPT\n       \
                      guard rules explain [--json] [--all] -- COMMAND [ARGUMENT]..."
)]
pub(super) struct Options {
    /// One JSON object for each command
    #[arg(long)]
    json: bool,
    /// Show the rules of other commands of the program, too
    #[arg(long)]
    all: bool,
    /// Read shell text, as `bash -c` would get it
    #[arg(short = 'c', value_name = "SCRIPT", conflicts_with = "command")]
    script: Option<String>,
    /// The program, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(options: Options) -> u8 {
    let subject = match options.script {
        Some(script) => Subject::script(script),
        None if !options.command.is_empty() => Subject::Argv(options.command),
        None => {
            say("guard: nothing to explain; pass `-c SCRIPT` or `-- COMMAND`");
            return EXIT_FAILED;
        }
    };
    let Ok(cwd) = std::env::current_dir() else {
        say("guard: the current directory cannot be found");
        return EXIT_FAILED;
    };
    let world = System::new(cwd).with_packs(added_packs());
    let (commands, _) = commands_of(&subject, Stdin::Inherited, &world);
    let mut text = String::new();
    for command in &commands {
        let explained = explain(command, &world);
        if options.json {
            text.push_str(&serde_json::to_string(&explained).unwrap_or_default());
            text.push('\n');
        } else {
            show(&mut text, &explained, options.all);
        }
    }
    print(&text);
    0
}

fn show(text: &mut String, explained: &Explained, all: bool) {
    let _ = writeln!(text, "{}", explained.command);
    let Some(program) = &explained.program else {
        let _ = writeln!(text, "  its program is known only when it runs");
        return;
    };
    if explained.packs.is_empty() {
        let _ = writeln!(text, "  no pack describes `{program}`");
    }
    for ByPack {
        pack,
        layer,
        listed,
        readings,
    } in &explained.packs
    {
        let layer = added(*layer);
        let _ = match listed {
            Some(listed) => writeln!(text, "  pack {pack}{layer}: `{program}` is {listed}"),
            None => writeln!(text, "  pack {pack}{layer}"),
        };
        for (index, reading) in readings.iter().enumerate() {
            if readings.len() > 1 {
                let _ = writeln!(text, "  reading {} of {}", index + 1, readings.len());
            }
            show_reading(text, reading, all);
        }
    }
}

fn show_reading(text: &mut String, reading: &Reading, all: bool) {
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "    {name:<10} {value}");
        }
    };
    field("command", &reading.command.join(" "));
    field("unknown", reading.unknown_command.as_deref().unwrap_or(""));
    field("options", &reading.options.join(", "));
    field("operands", &reading.operands.join(" "));
    if reading.uncertain {
        field(
            "uncertain",
            "a word is not in the grammar: what follows it may be read otherwise",
        );
    }
    let mut hidden = 0_usize;
    for tried in &reading.rules {
        if !all && !tried.applies && tried.because.starts_with("it is for ") {
            hidden += 1;
            continue;
        }
        let mark = if tried.applies { "applies" } else { "not" };
        field(mark, &format!("{}: {}", tried.rule, tried.because));
    }
    if hidden > 0 {
        field(
            "not",
            &format!("{hidden} rules of other commands (--all shows them)"),
        );
    }
    for request in &reading.requests {
        show_request(text, request);
    }
}

fn show_request(text: &mut String, request: &Request) {
    let Request { method, url, apis } = request;
    let _ = writeln!(text, "    request    {method} {url}");
    if apis.is_empty() {
        let _ = writeln!(text, "      no pack describes its server");
    }
    for api in apis {
        let (pack, layer) = (&api.pack, added(api.layer));
        let _ = match api.listed {
            Some(listed) => writeln!(text, "      pack {pack}{layer}: it is {listed}"),
            None => writeln!(text, "      pack {pack}{layer}"),
        };
        for tried in &api.rules {
            let mark = if tried.applies { "applies" } else { "not" };
            let _ = writeln!(text, "        {mark:<10} {}: {}", tried.rule, tried.because);
        }
        if api.rules.is_empty() {
            let _ = writeln!(text, "        no rule is for it");
        }
    }
}

/// Where a pack comes from, if it is not part of guard.
fn added(layer: Layer) -> String {
    match layer {
        Layer::BuiltIn => String::new(),
        layer => format!(" ({layer})"),
    }
}
