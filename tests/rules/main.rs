//! Every rule of every pack is a test of its own: its examples, through the whole pipeline.
//!
//! `cargo test --test rules railway/` runs those of one pack. The catalogue is checked here, too:
//! `UPDATE=1 cargo test --test rules the_catalogue` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up must fail"
)]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use guard::packs::examples::{self, Scene};
use guard::packs::{catalogue, library};
use guard::rules::schema::Pack;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let packs: Vec<Arc<Pack>> = library::built_in()
        .into_iter()
        .map(|loaded| Arc::new(loaded.pack.expect("guard was built with it")))
        .collect();
    let mut trials = vec![{
        let packs = packs.clone();
        Trial::test("the_catalogue_is_what_the_packs_say", move || {
            the_catalogue(&packs)
        })
    }];
    for pack in &packs {
        for (index, rule) in examples::rules(pack).enumerate() {
            let name = format!("{}/{}", pack.pack.name, rule.id);
            let pack = Arc::clone(pack);
            trials.push(Trial::test(name, move || holds(&pack, index)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every example of the rule at this place of the pack.
fn holds(pack: &Pack, index: usize) -> Result<(), Failed> {
    let scene = Scene::new(Vec::new())?;
    let rule = examples::rules(pack)
        .nth(index)
        .ok_or("there is no such rule")?;
    let wrong: Vec<String> = examples::of(pack, rule)
        .filter_map(|example| example.check(&scene).err())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("\n").into())
}

fn the_catalogue(packs: &[Arc<Pack>]) -> Result<(), Failed> {
    let packs: Vec<&Pack> = packs.iter().map(AsRef::as_ref).collect();
    let made = catalogue::render(&packs);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/README.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &made)?;
    }
    if std::fs::read_to_string(path).ok().as_deref() != Some(made.as_str()) {
        return Err("it is not; run: UPDATE=1 cargo test --test rules the_catalogue".into());
    }
    let anchors: BTreeSet<&str> = made
        .split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let ids = packs.iter().flat_map(|pack| {
        let name = &pack.pack.name;
        examples::rules(pack).map(move |rule| format!("{name}/{}", rule.id))
    });
    for id in ids {
        if !anchors.contains(id.as_str()) {
            return Err(format!("`{id}` has no anchor").into());
        }
    }
    Ok(())
}
