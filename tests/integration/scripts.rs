//! One-liners and script files in Ruby, Perl, PHP, awk and PowerShell, as shell commands: each is
//! run for real in a directory of its own, where its interpreter is installed, and what it lost is
//! compared with the verdict.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use guard::judge::Subject;
use guard::resolve;

use crate::cases;

/// What must still be there, and begin with this.
const PRECIOUS: &[&str] = &["data/a", "keep.txt"];

fn is_lost(root: &Path) -> bool {
    PRECIOUS.iter().any(|file| {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        !text.starts_with("the only copy\n")
    })
}

fn is_installed(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|directory| Path::new(directory).join(program).exists())
}

/// What is wrong about a command that loses something, or does not.
fn wrong(command: &str, loses: bool, interpreters: &[&str]) -> Vec<String> {
    // Not below /tmp, where deletions are nobody's loss.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = home.path();
    cases::fill(root, PRECIOUS);
    let mut wrong = Vec::new();
    let subject = Subject::script(command);
    let questions = cases::questions(&subject, resolve::Stdin::Empty, root, &[]);
    if questions.is_empty() == loses {
        wrong.push(format!("{questions:?}\n{command}"));
    }
    let is_there = |name: &&&str| command.contains(**name);
    let needed: Vec<&&str> = interpreters.iter().filter(is_there).collect();
    if needed.is_empty() || !needed.iter().all(|name| is_installed(name)) {
        return wrong;
    }
    let output = Command::new("bash")
        .args(["-c", command])
        .current_dir(root)
        .env("HOME", root)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if is_lost(root) != loses {
        let said = String::from_utf8_lossy(&output.stderr);
        wrong.push(format!("really, loses: {loses}:\n{command}\n{said}"));
    }
    wrong
}

/// The corpus holds what loses something, then, after `====`, what does not.
fn check(corpus: &str, interpreters: &[&str], at_least: usize) {
    let (losing, keeping) = corpus.trim_end().split_once("\n====\n").unwrap();
    let losing = losing.split("\n----\n").map(|command| (command, true));
    let keeping = keeping.split("\n----\n").map(|command| (command, false));
    let cases: Vec<(&str, bool)> = losing.chain(keeping).collect();
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    cases::nothing_is_wrong(&cases, |(command, loses)| {
        wrong(command, *loses, interpreters)
    });
}

#[test]
fn ruby_is_seen_as_it_runs() {
    check(include_str!("../corpus/programs/ruby.txt"), &["ruby"], 90);
}

#[test]
fn perl_is_seen_as_it_runs() {
    check(include_str!("../corpus/programs/perl.txt"), &["perl"], 90);
}

#[test]
fn php_is_seen_as_it_runs() {
    check(include_str!("../corpus/programs/php.txt"), &["php"], 90);
}

#[test]
fn awk_is_seen_as_it_runs() {
    let awks = ["gawk", "mawk", "original-awk", "busybox", "awk"];
    check(include_str!("../corpus/programs/awk.txt"), &awks, 90);
}

/// No PowerShell is at hand to run: the cases are its documentation's.
#[test]
fn powershell_is_seen_as_it_is_documented() {
    check(include_str!("../corpus/programs/powershell.txt"), &[], 90);
}
