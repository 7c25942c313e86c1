//! Every example of every pack, through the whole pipeline.

use std::fs;
use std::path::Path;

use guard::effect::Assessment;
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::rules::check;
use guard::rules::schema::{Pack, Rule, RuleClass};
use guard::world::System;

use crate::cases;

pub(crate) fn packs() -> Vec<Pack> {
    let mut files: Vec<_> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| check::read(&fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

/// An empty repository outside the temporary directories.
fn place() -> tempfile::TempDir {
    let place = tempfile::Builder::new()
        .prefix("packs-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .unwrap();
    cases::repository(place.path());
    // A file of somebody's work, for what overwrites one.
    fs::write(place.path().join("Cargo.toml"), "[package]\n").unwrap();
    place
}

fn judged(example: &str, place: &Path) -> Assessment {
    let world = System::new(place.to_owned());
    assess(&Subject::script(example), Stdin::Empty, &world)
}

fn fires(pack: &Pack, rule: &Rule, found: &Assessment) -> bool {
    if rule.class == RuleClass::Opaque {
        return found
            .opaque
            .iter()
            .any(|opaque| opaque.reason == rule.summary);
    }
    found
        .effects
        .iter()
        .any(|effect| effect.rule.pack == pack.pack.name && effect.rule.rule == rule.id)
}

#[test]
fn each_rule_fires_on_its_examples_and_on_no_counterexample() {
    let place = place();
    let mut wrong = Vec::new();
    for pack in packs() {
        for rule in pack.cli.iter().flat_map(|cli| &cli.rule) {
            for (examples, expected) in [(&rule.matches, true), (&rule.no_match, false)] {
                for example in examples {
                    let found = judged(example, place.path());
                    if fires(&pack, rule, &found) != expected {
                        let verb = if expected { "does not fire" } else { "fires" };
                        wrong.push(format!(
                            "{}/{} {verb} on: {example}",
                            pack.pack.name, rule.id
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
