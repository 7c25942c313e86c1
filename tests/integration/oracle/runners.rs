//! Real runners are the oracle for the files that they run: every program that `make` starts is
//! among guard's commands, or guard said that it could not see. A runner that is not installed is
//! no oracle.

use std::fs;
use std::path::Path;

use super::sandbox::{Sandbox, installed};
use super::{Tally, outcome_of};

/// The cases of a corpus: files, each after a line `>>> path`, then a command after `$ `.
fn cases(corpus: &str) -> Vec<(Vec<(String, String)>, String)> {
    let cases = corpus.split("\n----\n").map(|case| {
        let mut files: Vec<(String, String)> = Vec::new();
        let mut command: Option<String> = None;
        for line in case.lines() {
            if let Some(command) = &mut command {
                command.push('\n');
                command.push_str(line);
            } else if let Some(path) = line.strip_prefix(">>> ") {
                files.push((path.to_owned(), String::new()));
            } else if let Some(first) = line.strip_prefix("$ ") {
                command = Some(first.to_owned());
            } else if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        (files, command.expect(case))
    });
    cases.collect()
}

/// Runs every case of a corpus under guard and for real.
fn run(name: &str, corpus: &str) -> Tally {
    let mut sandbox = Sandbox::new();
    let mut tally = Tally::default();
    for (files, command) in cases(corpus) {
        let directory = sandbox.prepare();
        let mut shown = String::new();
        for (path, text) in files {
            let at = directory.join(&path);
            fs::create_dir_all(at.parent().unwrap_or(Path::new("/"))).unwrap();
            fs::write(at, &text).unwrap();
            shown += &format!(">>> {path}\n{text}");
        }
        shown += &command;
        tally.add(
            &shown,
            outcome_of(&command, "bash", &directory, &mut sandbox),
        );
    }
    tally.report(name);
    eprintln!("{}", tally.reasons());
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.shown()
    );
    tally
}

#[test]
fn make_executes_nothing_that_guard_does_not_see() {
    let tally = run("makefiles", include_str!("../../corpus/runners/make.txt"));
    assert!(
        tally.scripts >= 100,
        "the corpus is there: {}",
        tally.scripts
    );
    // Saying "opaque" to everything would pass, too.
    assert!(tally.opaque_share() < 3.0, "{:#?}", tally.opaque);
}

#[test]
fn npm_executes_nothing_that_guard_does_not_see() {
    let tally = run("npm", include_str!("../../corpus/runners/npm.txt"));
    assert!(
        tally.scripts >= 20,
        "the corpus is there: {}",
        tally.scripts
    );
    assert!(tally.opaque.is_empty(), "{:#?}", tally.opaque);
}

/// A runner that need not be installed: `least` cases, none of which is opaque.
fn optional(runner: &str, corpus: &str, least: usize) {
    if installed(runner).is_none() {
        eprintln!("{runner} is not installed");
        return;
    }
    let tally = run(runner, corpus);
    assert!(
        tally.scripts >= least,
        "the corpus is there: {}",
        tally.scripts
    );
    assert!(tally.opaque.is_empty(), "{:#?}", tally.opaque);
}

#[test]
fn just_executes_nothing_that_guard_does_not_see() {
    optional("just", include_str!("../../corpus/runners/just.txt"), 25);
}

#[test]
fn ninja_executes_nothing_that_guard_does_not_see() {
    optional("ninja", include_str!("../../corpus/runners/ninja.txt"), 4);
}

#[test]
fn rake_executes_nothing_that_guard_does_not_see() {
    optional("rake", include_str!("../../corpus/runners/rake.txt"), 3);
}

#[test]
fn invoke_executes_nothing_that_guard_does_not_see() {
    optional("invoke", include_str!("../../corpus/runners/invoke.txt"), 1);
}
