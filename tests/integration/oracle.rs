//! Real bash is the oracle: every argv that it executes is among the commands that guard
//! resolved, or guard said that it could not see.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use guard::resolve::{Argument, Part, Text};
use guard::shell::Dialect;
use guard::world::System;

/// Programs that scripts of the corpus call. Each writes its argv down instead of doing it.
const RECORDED: &[&str] = &[
    "rm",
    "prog",
    "git",
    "psql",
    "aws",
    "railway",
    "curl",
    "find",
    "xargs",
    "ls",
    "cp",
    "mv",
    "sudo",
    "env",
    "make",
    "true-prog",
    "r",
    "echo-prog",
    "kubectl",
    "docker",
];

/// Real programs that scripts compute with; their own argv is no matter.
const REAL: &[&str] = &[
    "cat", "base64", "xxd", "tr", "rev", "head", "tail", "tee", "basename", "dirname", "mkdir",
    "seq", "sed", "cut", "sort",
];

fn recorder(bin: &Path) {
    // A file for each call: stages of a pipeline run at the same time.
    let script = "#!/bin/bash\nprintf '%s\\0' \"${0##*/}\" \"$@\" > \"$GUARD_TEST_RECORD/$$\"\n";
    for name in RECORDED {
        let path = bin.join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for name in REAL {
        for directory in ["/usr/bin", "/bin"] {
            let real = Path::new(directory).join(name);
            if real.exists() {
                let _ = std::os::unix::fs::symlink(real, bin.join(name));
                break;
            }
        }
    }
}

fn executed(script: &str, directory: &Path, bin: &Path) -> Vec<Vec<String>> {
    let record = directory.with_extension("record");
    fs::create_dir(&record).unwrap();
    let status = Command::new("/bin/bash")
        .arg0("bash")
        .args(["-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", bin)
        .env("HOME", directory)
        .env("GUARD_TEST_RECORD", &record)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok(), "bash must be there");
    let mut calls = Vec::new();
    for entry in fs::read_dir(&record).unwrap() {
        let recorded = fs::read_to_string(entry.unwrap().path()).unwrap();
        // What still runs in the background may not have written yet.
        if let Some(words) = recorded.strip_suffix('\0') {
            calls.push(words.split('\0').map(str::to_owned).collect());
        }
    }
    calls
}

/// Whether the text may be this string.
fn fits(text: &Text, word: &str) -> bool {
    fn parts(parts: &[Part], word: &str) -> bool {
        match parts.split_first() {
            None => word.is_empty(),
            Some((Part::Known(known), rest)) => word
                .strip_prefix(known.as_str())
                .is_some_and(|word| parts_of(rest, word)),
            Some((Part::Glob(_) | Part::Unknown(_), rest)) => word
                .char_indices()
                .map(|(index, _)| index)
                .chain([word.len()])
                .any(|index| parts_of(rest, &word[index..])),
        }
    }
    fn parts_of(rest: &[Part], word: &str) -> bool {
        parts(rest, word)
    }
    parts(text.parts(), word)
}

fn covers(resolved: &[Argument], executed: &[String]) -> bool {
    match (resolved.split_first(), executed.split_first()) {
        (None, None) => true,
        (Some((argument, rest)), _) if argument.splits || argument.value.has_glob() => {
            (0..=executed.len()).any(|count| covers(rest, &executed[count..]))
        }
        (Some((argument, rest)), Some((word, words))) => {
            fits(&argument.value, word) && covers(rest, words)
        }
        _ => false,
    }
}

/// The scripts of a corpus file: apart by lines of `----`.
fn corpus(text: &str) -> Vec<&str> {
    text.split("\n----\n")
        .map(|script| script.trim_matches('\n'))
        .filter(|s| !s.is_empty())
        .collect()
}

#[test]
fn bash_executes_nothing_that_guard_does_not_see() {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    recorder(&bin);
    let mut differences = Vec::new();
    let mut opaque_ones = BTreeSet::new();
    let scripts = corpus(include_str!("../corpus/scripts.txt"));
    assert!(
        scripts.len() > 100,
        "the corpus is there: {}",
        scripts.len()
    );
    for (index, script) in scripts.iter().enumerate() {
        let directory = root.path().join(format!("case-{index}"));
        fs::create_dir(&directory).unwrap();
        let world = System::with_environment(
            directory.clone(),
            [
                ("HOME", directory.to_str().unwrap()),
                ("PATH", bin.to_str().unwrap()),
            ],
        );
        let (resolved, opaque) = guard::judge::commands(script, Dialect::BASH, &world);
        for argv in executed(script, &directory, &bin) {
            let seen = resolved.iter().any(|command| {
                let base = command
                    .program()
                    .map(|program| program.rsplit('/').next().unwrap_or(program).to_owned());
                let mut words = command.argv.clone();
                if let (Some(base), Some(first)) = (base, words.first_mut()) {
                    first.value = Text::known(base);
                }
                covers(&words, &argv)
            });
            if !seen && opaque.is_empty() {
                let shown: Vec<Vec<String>> = resolved
                    .iter()
                    .map(|command| {
                        command
                            .argv
                            .iter()
                            .map(|word| word.value.display().into_owned())
                            .collect()
                    })
                    .collect();
                differences.push(format!(
                    "{script}\n  bash ran: {argv:?}\n  guard saw: {shown:?}"
                ));
            }
        }
        if !opaque.is_empty() {
            opaque_ones.insert(*script);
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n\n")
    );
    // Saying "opaque" to everything would pass, too.
    assert!(
        opaque_ones.len() * 20 < scripts.len(),
        "too much is opaque: {opaque_ones:#?}"
    );
}
