//! Which CLI a name stands for: in the packs that are part of guard, then in those that were added.
//!
//! Owns the order. Every use of an added pack is noted here, so that it is judged without it, too.

use crate::packs::{Entry, Packs};
use crate::world::World;

/// What the packs that were added say of a program.
pub(super) fn added(name: &str, world: &dyn World) -> Vec<Entry> {
    let found: Vec<Entry> = world.packs().program(name).collect();
    if !found.is_empty() {
        world.note_added();
    }
    found
}

/// What is part of guard says of a program.
pub(super) fn built_in(name: &str) -> Option<Entry> {
    Packs::built_in().program(name).next()
}

/// Whether any pack describes a program.
pub(crate) fn is_known(name: &str, world: &dyn World) -> bool {
    built_in(name).is_some() || !added(name, world).is_empty()
}

/// The program that a package brings, by its name; `None` where that is the package's own.
pub(crate) fn of_package(package: &str, world: &dyn World) -> Option<String> {
    let of = |packs: &Packs, index: usize| {
        let (_, cli) = packs.cli(index)?;
        cli.programs.first().cloned()
    };
    if let Some(index) = Packs::built_in().package(package).next() {
        return of(Packs::built_in(), index);
    }
    let own = package.rsplit('/').next().unwrap_or(package);
    if built_in(own).is_some() {
        return None;
    }
    let index = world.packs().package(package).next()?;
    world.note_added();
    of(world.packs(), index)
}
