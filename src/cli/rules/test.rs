//! `guard rules test`: the examples of packs, through the whole pipeline.

use std::io::{self, IsTerminal, Write};

use annotate_snippets::Level;
use clap::Args;
use serde::Serialize;

use super::super::{print, say};
use super::{EXIT_FOUND, chosen, refuse, render, scene};
use crate::packs::examples;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Packs, by name or by file; all of them if none is given
    packs: Vec<String>,
    /// One JSON object for each example
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    rule: String,
    example: &'a str,
    fires: bool,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(super) fn run(options: &Options) -> u8 {
    let packs = match chosen(&options.packs) {
        Ok(packs) => packs,
        Err(message) => return refuse(&message),
    };
    let shows_progress = !options.json && io::stderr().is_terminal();
    let (mut run, mut failed) = (0_usize, 0_usize);
    for loaded in &packs {
        let pack = match &loaded.pack {
            Ok(pack) => pack,
            Err(complaints) => {
                failed += 1;
                say(render(complaints, loaded, &Level::ERROR).trim_end());
                continue;
            }
        };
        let scene = match scene(loaded) {
            Ok(scene) => scene,
            Err(message) => return refuse(&message),
        };
        for rule in examples::rules(pack) {
            let id = format!("{}/{}", pack.pack.name, rule.id);
            if shows_progress {
                let _ = write!(io::stderr(), "\r\x1b[K{run} {id}");
            }
            let mut wrong = Vec::new();
            for example in examples::of(pack, rule) {
                run += 1;
                let why = example.check(&scene).err();
                if options.json {
                    let line = Line {
                        rule: id.clone(),
                        example: example.source,
                        fires: example.fires,
                        ok: why.is_none(),
                        why: why.clone(),
                    };
                    let line = serde_json::to_string(&line).unwrap_or_default();
                    print(&format!("{line}\n"));
                }
                wrong.extend(why);
            }
            if shows_progress {
                let _ = write!(io::stderr(), "\r\x1b[K");
            }
            failed += wrong.len();
            if !options.json {
                let state = if wrong.is_empty() { "ok" } else { "FAILED" };
                print(&format!("{id} ... {state}\n"));
                for why in wrong {
                    print(&format!("  {why}\n"));
                }
            }
        }
    }
    if !options.json {
        say(&format!("{run} examples, {failed} failed"));
    }
    if failed > 0 { EXIT_FOUND } else { 0 }
}
