//! What each CLI's grammar allows to be written, and no rule's example has: other flags, other
//! order, abbreviations, aliases, launchers, wrappers.
//!
//! `tests/corpus/families/NAME.txt`: one line is `ask` or `run`, a tab, and a command.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use guard::judge::Subject;
use guard::resolve::Stdin;

use crate::cases;

/// A repository with committed work, work that is not, and what is only here.
fn workspace(root: &Path) {
    for (path, text) in [
        ("README.md", "# shop\n"),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "dist/\ntarget/\n"),
        (
            "package.json",
            "{\"name\":\"shop\",\"version\":\"1.0.0\"}\n",
        ),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    cases::repository(root);
    for arguments in [
        &["add", "--all"][..],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "-qm",
            "first",
        ],
    ] {
        let git = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .status();
        assert!(git.unwrap().success(), "git {arguments:?}");
    }
    for path in ["keep.txt", "data/a", "data/b"] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "the only copy\n").unwrap();
    }
    fs::write(root.join("src/main.rs"), "fn main() { work() }\n").unwrap();
}

struct Case {
    place: String,
    asks: bool,
    command: String,
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/families");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for (index, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{name}:{}", index + 1);
            let (decision, command) = line.split_once('\t').unwrap_or_else(|| panic!("{place}"));
            let asks = match decision {
                "ask" => true,
                "run" => false,
                other => panic!("{place}: {other}"),
            };
            cases.push(Case {
                place,
                asks,
                command: command.to_owned(),
            });
        }
    }
    cases
}

#[test]
fn every_spelling_gets_the_verdict_of_what_it_does() {
    // Not below /tmp, where deletions are nobody's loss.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = home.path().join("shop");
    fs::create_dir(&root).unwrap();
    workspace(&root);
    let home = home.path().to_str().unwrap().to_owned();
    cases::nothing_is_wrong(&cases(), |case| {
        let subject = Subject::script(case.command.as_str());
        let asked = cases::questions(&subject, Stdin::Empty, &root, &[("HOME", &home)]);
        if asked.is_empty() == case.asks {
            return vec![format!("{}: {} {asked:?}", case.place, case.command)];
        }
        Vec::new()
    });
}

/// They would show nothing that the examples do not.
#[test]
fn no_case_is_an_example_of_a_rule() {
    let packs = guard::packs::library::built_in();
    let rules = packs
        .iter()
        .filter_map(|loaded| loaded.good())
        .flat_map(|pack| &pack.cli)
        .flat_map(|cli| &cli.rule);
    let examples: BTreeSet<&str> = rules
        .flat_map(|rule| rule.matches.iter().chain(&rule.no_match))
        .map(String::as_str)
        .collect();
    let known: Vec<_> = cases()
        .into_iter()
        .filter(|case| examples.contains(case.command.as_str()))
        .map(|case| format!("{}: {}", case.place, case.command))
        .collect();
    assert!(known.is_empty(), "{known:#?}");
}
