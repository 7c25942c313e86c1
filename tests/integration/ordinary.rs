//! What agents do all day asks nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use guard::effect::Class;
use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::Report;
use guard::resolve::Stdin;
use guard::world::System;

/// A repository like many others: sources that are committed, output that is ignored.
fn workspace(root: &Path) {
    for (path, text) in [
        ("README.md", "# shop\n"),
        (
            "package.json",
            "{\"name\":\"shop\",\"scripts\":{\"build\":\"tsc\",\"test\":\"jest\",\
             \"clean\":\"rm -rf dist coverage node_modules/.cache\",\"dev\":\"vite\",\"lint\":\"eslint .\",\
             \"wipe\":\"rm -rf data keep.txt\"}}\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
        (
            "Makefile",
            "VERSION := $(shell git describe --tags)\nall: build test\nbuild:\n\tmkdir -p build && cp src/main.rs build/\n\
             test: build\n\tpytest -k $(VERSION)\nclean:\n\t$(RM) -r build dist *.pyc\nwipe:\n\trm -rf data keep.txt\n",
        ),
        ("data.csv", "a,b\n"),
        (
            ".gitignore",
            "node_modules/\ndist/\nbuild/\ncoverage/\ntarget/\n.venv/\n__pycache__/\n",
        ),
        ("node_modules/x/index.js", "1\n"),
        ("dist/index.js", "1\n"),
        ("build/out.o", "1\n"),
        ("coverage/lcov.info", "1\n"),
        ("target/debug/shop", "1\n"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "--quiet",
            "--message=first",
        ],
    ] {
        let git = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .status()
            .unwrap();
        assert!(git.success(), "git {arguments:?}");
    }
}

#[test]
fn ordinary_commands_run_unasked() {
    // Not below /tmp, where deletions are nobody's loss.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = home.path().join("shop");
    fs::create_dir(&root).unwrap();
    workspace(&root);
    let commands: Vec<&str> = include_str!("../corpus/ordinary.txt").lines().collect();
    assert!(
        commands.len() > 300,
        "the corpus is there: {}",
        commands.len()
    );
    let mut asked = Vec::new();
    for command in &commands {
        let variables = [
            ("HOME", home.path().to_str().unwrap()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("DATABASE_URL", "postgres://app@localhost/app_dev"),
        ];
        let world = System::with_environment(root.clone(), variables);
        let assessment = assess(&Subject::script(*command), Stdin::Empty, &world);
        let report = Report::new(command, &root, &assessment, &Policy::builtin());
        if report.verdict != Decision::Allow {
            let rules: Vec<_> = report
                .asked()
                .iter()
                .map(|item| item.rule.clone())
                .collect();
            let holes: Vec<_> = report
                .asked_opaque()
                .map(|hole| hole.reason.clone())
                .collect();
            asked.push(format!("{command}  {rules:?} {holes:?}"));
        }
    }
    assert!(
        asked.is_empty(),
        "{} of {} ask:\n{}",
        asked.len(),
        commands.len(),
        asked.join("\n")
    );
}

/// What agents write, or could, to lose the same thing without its name on the line.
#[test]
fn every_known_way_round_is_asked_about() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = home.path().join("shop");
    fs::create_dir(&root).unwrap();
    workspace(&root);
    fs::create_dir(root.join("data")).unwrap();
    for file in ["data/a", "keep.txt"] {
        fs::write(root.join(file), "the only copy\n").unwrap();
    }
    let variables = [
        ("HOME", home.path().to_str().unwrap()),
        ("PATH", "/usr/bin:/bin"),
    ];
    let ways = include_str!("../corpus/ways_round.txt").split("\n----\n");
    let missed: Vec<&str> = ways
        .filter(|way| {
            let world = System::with_environment(root.clone(), variables);
            assess(&Subject::script(*way), Stdin::Empty, &world).class() != Class::Irreversible
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_way_to_start_a_shell_is_followed_or_asked_about() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    workspace(home.path());
    let world = || System::with_environment(home.path().to_owned(), [("PATH", "/usr/bin:/bin")]);
    let missed: Vec<&str> = include_str!("../corpus/shells.txt")
        .lines()
        .filter(|line| {
            assess(&Subject::script(*line), Stdin::Empty, &world()).class() != Class::Irreversible
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
    for harmless in [
        "bash --version",
        "bash -n script.sh",
        "bash -c 'echo rm x'",
        "bash -lc 'ls | wc -l'",
        "bash -c ''",
    ] {
        let assessment = assess(&Subject::script(harmless), Stdin::Empty, &world());
        assert_eq!(
            assessment.class(),
            Class::ReadOnly,
            "{harmless}: {assessment:#?}"
        );
    }
}
