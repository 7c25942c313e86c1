//! `guard rules lint`: what a pack should do better.

use annotate_snippets::Level;
use clap::Args;

use super::super::{print, say};
use super::{EXIT_FOUND, chosen, refuse, render, scene};
use crate::packs::lint::lint;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Packs, by name or by file; all of them if none is given
    packs: Vec<String>,
}

pub(super) fn run(options: &Options) -> u8 {
    let packs = match chosen(&options.packs) {
        Ok(packs) => packs,
        Err(message) => return refuse(&message),
    };
    let mut found = 0;
    for loaded in &packs {
        let (complaints, level) = match &loaded.pack {
            Ok(pack) => match scene(loaded) {
                Ok(scene) => (lint(&loaded.text, pack, &scene), Level::WARNING),
                Err(message) => return refuse(&message),
            },
            Err(complaints) => (complaints.clone(), Level::ERROR),
        };
        found += complaints.len();
        print(&render(&complaints, loaded, &level));
    }
    say(&format!("{found} found in {} packs", packs.len()));
    if found > 0 { EXIT_FOUND } else { 0 }
}
