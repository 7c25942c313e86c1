//! What the tests share that run each case of a corpus for real, in a directory of its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::Report;
use guard::resolve::Stdin;
use guard::world::System;

/// Makes the directory a repository. Otherwise what lies in it would be ignored output of the
/// repository around it.
pub(crate) fn repository(root: &Path) {
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(root)
        .status();
    assert!(made.unwrap().success());
}

/// Writes the files of which no copy exists.
pub(crate) fn fill(root: &Path, precious: &[&str]) {
    repository(root);
    for file in precious {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "the only copy\n").unwrap();
    }
}

/// The questions that a subject would raise in this directory, which is also the home, with these
/// variables besides.
pub(crate) fn questions(
    subject: &Subject,
    stdin: Stdin,
    root: &Path,
    variables: &[(&str, &str)],
) -> Vec<String> {
    let usual = [
        ("HOME", root.to_str().unwrap()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ];
    let variables = usual.iter().chain(variables).copied();
    let world = System::with_environment(root.to_owned(), variables);
    let assessment = assess(subject, stdin, &world);
    let report = Report::new(&subject.text(), root, &assessment, &Policy::builtin());
    if report.verdict == Decision::Allow {
        return Vec::new();
    }
    let asked = report.asked();
    let effects = asked.iter().map(|item| item.rule.clone());
    let opaque = report.asked_opaque().map(|hole| hole.reason.clone());
    effects.chain(opaque).collect()
}

/// Looks at the cases, a few at a time; nothing may be wrong about any.
pub(crate) fn nothing_is_wrong<C: Sync>(cases: &[C], wrong: impl Fn(&C) -> Vec<String> + Sync) {
    let next = AtomicUsize::new(0);
    let found: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut found = Vec::new();
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        found.extend(wrong(case));
                    }
                    found
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(
        found.is_empty(),
        "{} answers for {} cases are wrong:\n{}",
        found.len(),
        cases.len(),
        found.join("\n\n")
    );
}
