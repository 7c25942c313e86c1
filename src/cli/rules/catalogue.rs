//! `guard rules catalogue`: every rule, as a page to read.

use clap::Args;

use super::super::print;
use super::{chosen, refuse};
use crate::packs::Layer;
use crate::packs::catalogue;
use crate::packs::library::{self, Loaded};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Packs, by name or by file; those that are part of guard if none is given
    packs: Vec<String>,
}

pub(super) fn run(options: &Options) -> u8 {
    let packs = if options.packs.is_empty() {
        library::built_in()
    } else {
        match chosen(&options.packs) {
            Ok(packs) => packs,
            Err(message) => return refuse(&message),
        }
    };
    let broken = packs.iter().find(|pack| pack.good().is_none());
    if let Some(pack) = broken.filter(|pack| pack.origin.layer != Layer::BuiltIn) {
        return refuse(&format!(
            "the pack `{}` is broken; `guard rules lint` says where",
            pack.name
        ));
    }
    let good: Vec<_> = packs.iter().filter_map(Loaded::good).collect();
    print(&catalogue::render(&good));
    0
}
