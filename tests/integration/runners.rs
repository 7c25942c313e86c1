//! What a runner's file would lose is asked about with that file and the line that says it; other
//! tasks of the same file are not.

use std::fs;

use guard::judge::{self, Subject};
use guard::resolve::Stdin;
use guard::world::System;

use crate::cases;

/// Files, a command that loses something, the line that says so, and one that loses nothing.
const CASES: &str = include_str!("../corpus/runners/places.txt");

struct Case {
    files: Vec<(String, String)>,
    command: String,
    place: String,
    harmless: String,
}

fn read() -> Vec<Case> {
    let cases = CASES.split("\n----\n").map(|text| {
        let mut case = Case {
            files: Vec::new(),
            command: String::new(),
            place: String::new(),
            harmless: String::new(),
        };
        for line in text.lines() {
            if let Some(path) = line.strip_prefix(">>> ") {
                case.files.push((path.to_owned(), String::new()));
            } else if let Some(command) = line.strip_prefix("$ ") {
                command.clone_into(&mut case.command);
            } else if let Some(place) = line.strip_prefix("at ") {
                place.clone_into(&mut case.place);
            } else if let Some(command) = line.strip_prefix("but ") {
                command.clone_into(&mut case.harmless);
            } else if let Some((_, text)) = case.files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        case
    });
    cases.collect()
}

#[test]
fn each_runner_names_file_and_line() {
    let mut wrong = Vec::new();
    for case in read() {
        // Not below /tmp, where deletions are nobody's loss.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = home.path();
        for (path, text) in &case.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        cases::fill(root, &["data/a"]);
        let world = System::with_environment(
            root.to_owned(),
            [("HOME", root.to_str().unwrap()), ("PATH", "/usr/bin:/bin")],
        );
        let subject = Subject::script(&*case.command);
        let found = judge::assess(&subject, Stdin::Inherited, &world);
        let places: Vec<String> = found
            .effects
            .iter()
            .filter(|effect| {
                effect
                    .target
                    .name
                    .as_deref()
                    .is_some_and(|name| name.contains("data"))
            })
            .filter_map(|effect| {
                let at = effect.location.file.as_ref()?;
                let path = at.path.strip_prefix(root).unwrap_or(&at.path);
                Some(format!("{}:{}", path.display(), at.line))
            })
            .collect();
        if !places.contains(&case.place) {
            wrong.push(format!(
                "`{}` should be at {}: {places:?}, opaque {:?}",
                case.command, case.place, found.opaque
            ));
        }
        let harmless = Subject::script(&*case.harmless);
        let asked = cases::questions(&harmless, Stdin::Inherited, root, &[]);
        if !asked.is_empty() {
            wrong.push(format!("`{}` asks: {asked:?}", case.harmless));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
