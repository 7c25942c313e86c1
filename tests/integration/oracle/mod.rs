//! Real bash is the oracle: every argv that it executes is among the commands that guard
//! resolved, or guard said that it could not see.

mod compare;
mod generator;
pub(crate) mod random;
mod runners;
mod sandbox;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use guard::shell::Dialect;
use guard::world::System;

use compare::{Outcome, compare};
use generator::Generator;
pub(crate) use random::Random;
use sandbox::Sandbox;

/// Runs a script under guard and under its shell, in the same directory; `None` if it does not end.
fn outcome(script: &str, shell: &str, sandbox: &mut Sandbox) -> Option<Outcome> {
    let directory = sandbox.prepare();
    outcome_of(script, shell, &directory, sandbox)
}

/// The same in a directory that was prepared before.
fn outcome_of(
    script: &str,
    shell: &str,
    directory: &Path,
    sandbox: &mut Sandbox,
) -> Option<Outcome> {
    let bin = sandbox.bin();
    let world = System::with_environment(
        directory.to_owned(),
        [
            ("HOME", directory.to_str().unwrap()),
            ("PATH", bin.to_str().unwrap()),
            ("LANG", "C.UTF-8"),
            ("TMPDIR", bin.with_file_name("tmp").to_str().unwrap()),
        ],
    );
    let (resolved, assessment) = guard::judge::commands(script, Dialect::from(shell), &world);
    let mut executed = sandbox.run(script, shell)?;
    // npm is a program of node's, which its first line starts.
    executed.retain(|call| {
        let script = call.argv.get(1).map(String::as_str).unwrap_or_default();
        !(call.program == "node" && script.ends_with("/npm"))
    });
    Some(compare(&resolved, assessment.opaque, &executed))
}

/// What became of many scripts.
#[derive(Default)]
struct Tally {
    scripts: usize,
    dropped: usize,
    opaque: Vec<String>,
    calls: usize,
    words: usize,
    inexact: usize,
    /// By script.
    differences: BTreeMap<String, String>,
}

impl Tally {
    fn add(&mut self, script: &str, outcome: Option<Outcome>) {
        self.scripts += 1;
        let Some(outcome) = outcome else {
            self.dropped += 1;
            return;
        };
        if let Some(opaque) = outcome.opaque.first() {
            self.opaque.push(format!("{}\n{script}", opaque.reason));
        }
        self.calls += outcome.calls;
        self.words += outcome.words;
        self.inexact += outcome.inexact;
        if let Some(difference) = outcome.difference() {
            self.differences.insert(script.to_owned(), difference);
        }
    }

    fn join(&mut self, other: Self) {
        self.scripts += other.scripts;
        self.dropped += other.dropped;
        self.opaque.extend(other.opaque);
        self.calls += other.calls;
        self.words += other.words;
        self.inexact += other.inexact;
        self.differences.extend(other.differences);
    }

    fn shown(&self) -> String {
        let pairs = self.differences.iter();
        pairs
            .map(|(script, difference)| format!("{script}\n{difference}\n\n"))
            .collect()
    }

    /// Why scripts are opaque, the most frequent reason first.
    fn reasons(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for opaque in &self.opaque {
            let reason = opaque.lines().next().unwrap_or_default();
            *counts.entry(reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let lines = counts.iter().take(40);
        lines
            .map(|(reason, count)| format!("{count:6} {reason}\n"))
            .collect()
    }

    /// Out of a hundred scripts, how many are opaque.
    fn opaque_share(&self) -> f64 {
        share(self.opaque.len(), self.scripts)
    }

    fn report(&self, what: &str) {
        eprintln!(
            "{what}: {} scripts, {} dropped; the shell ran {} programs with {} words, of which {} \
             ({:.1} %) are known only in part; opaque: {} ({:.1} %); silent differences: {}",
            self.scripts,
            self.dropped,
            self.calls,
            self.words,
            self.inexact,
            share(self.inexact, self.words),
            self.opaque.len(),
            self.opaque_share(),
            self.differences.len(),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Runs scripts on every processor.
fn run_all<S: AsRef<str> + Sync>(scripts: &[S], shell: &str) -> Tally {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut sandbox = Sandbox::new();
                    let mut tally = Tally::default();
                    while let Some(script) =
                        scripts.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    {
                        let script = script.as_ref();
                        tally.add(script, outcome(script, shell, &mut sandbox));
                    }
                    tally
                })
            })
            .collect();
        for thread in threads {
            tally.join(thread.join().unwrap());
        }
    });
    tally
}

/// The scripts that were written by hand, file by file: apart by lines of `----`.
pub(crate) fn corpus() -> Vec<(PathBuf, Vec<String>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/scripts");
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let scripts = text
                .split("\n----\n")
                .map(|script| script.trim_matches('\n').to_owned())
                .filter(|script| !script.is_empty())
                .collect();
            (path, scripts)
        })
        .collect()
}

#[test]
fn bash_executes_nothing_that_guard_does_not_see() {
    let scripts: Vec<String> = corpus()
        .into_iter()
        .flat_map(|(_, scripts)| scripts)
        .collect();
    assert!(
        scripts.len() > 150,
        "the corpus is there: {}",
        scripts.len()
    );
    let tally = run_all(&scripts, "bash");
    tally.report("hand-made");
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.shown()
    );
    assert_eq!(tally.dropped, 0, "every script of the corpus ends");
    // Saying "opaque" to everything would pass, too. Part of the corpus is written to hide.
    assert!(
        tally.opaque_share() < 8.0,
        "too much is opaque: {:#?}",
        tally.opaque
    );
}

/// The corpus of another shell; which share of it may be opaque. A shell that is not there is no
/// oracle.
fn other_shell(shell: &'static str, corpus: &str, at_least: usize, opaque: f64) {
    if !Path::new("/bin").join(shell).exists() {
        eprintln!("{shell} is not installed");
        return;
    }
    let scripts: Vec<&str> = corpus
        .split("\n----\n")
        .map(|script| script.trim_matches('\n'))
        .filter(|script| !script.is_empty())
        .collect();
    assert!(scripts.len() >= at_least, "the corpus: {}", scripts.len());
    let tally = run_all(&scripts, shell);
    tally.report(shell);
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.shown()
    );
    assert_eq!(tally.dropped, 0, "every script of the corpus ends");
    assert!(
        tally.opaque_share() < opaque,
        "too much is opaque: {:#?}",
        tally.opaque
    );
}

#[test]
fn zsh_executes_nothing_that_guard_does_not_see() {
    let corpus = include_str!("../../corpus/dialects/zsh.txt");
    other_shell("zsh", corpus, 200, 10.0);
}

#[test]
fn dash_executes_nothing_that_guard_does_not_see() {
    let corpus = include_str!("../../corpus/dialects/dash.txt");
    other_shell("dash", corpus, 80, 10.0);
}

#[test]
fn other_shells_execute_nothing_that_guard_does_not_see() {
    let corpora = [
        (
            "ksh",
            include_str!("../../corpus/dialects/ksh.txt"),
            20,
            20.0,
        ),
        (
            "mksh",
            include_str!("../../corpus/dialects/ksh.txt"),
            20,
            20.0,
        ),
        // Little of these is read at all.
        (
            "fish",
            include_str!("../../corpus/dialects/fish.txt"),
            20,
            70.0,
        ),
        (
            "tcsh",
            include_str!("../../corpus/dialects/tcsh.txt"),
            20,
            70.0,
        ),
    ];
    for (shell, corpus, at_least, opaque) in corpora {
        other_shell(shell, corpus, at_least, opaque);
    }
}

#[test]
fn functions_of_the_environment_are_followed() {
    let place = tempfile::tempdir().unwrap();
    let function = "() { rm -rf \"$1\"/cache\n}";
    let world = System::with_environment(
        place.path().to_owned(),
        [("PATH", "/usr/bin:/bin"), ("BASH_FUNC_clean%%", function)],
    );
    let removes = |script: &str| {
        let (resolved, _) = guard::judge::commands(script, Dialect::BASH, &world);
        resolved.iter().any(|command| {
            let words = command.argv.iter().map(|word| word.value.exact());
            words.eq(["rm", "-rf", "data/cache"].map(Some))
        })
    };
    assert!(removes("clean data"));
    assert!(removes("bash -c 'clean data'"));
    assert!(removes("find . -name x -exec bash -c 'clean data' ';'"));
    assert!(!removes("env -i bash -c 'clean data'"));
    assert!(!removes("dash -c 'clean data'"));
    assert!(!removes("unset -f clean; clean data"));
}

/// A number from the environment.
pub(crate) fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| {
        value.parse().unwrap_or_else(|_| panic!("{name}={value}"))
    })
}

#[test]
fn bash_executes_nothing_else_of_what_a_grammar_gives() {
    let seed = setting("GUARD_ORACLE_SEED", 33);
    let count = setting("GUARD_ORACLE_COUNT", 800);
    eprintln!("GUARD_ORACLE_SEED={seed} GUARD_ORACLE_COUNT={count}");
    let mut seeds = Random::new(seed);
    let trees: Vec<_> = (0..count)
        .map(|_| Generator::new(seeds.next()).script())
        .collect();
    let scripts: Vec<String> = trees.iter().map(tree::Tree::render).collect();
    let tally = run_all(&scripts, "bash");
    tally.report("generated");
    eprintln!("{}", tally.reasons());
    if let Ok(wanted) = std::env::var("GUARD_ORACLE_OPAQUE") {
        for opaque in tally.opaque.iter().filter(|text| {
            let reason = text.lines().next().unwrap_or_default();
            reason.contains(&wanted)
        }) {
            eprintln!("{opaque}\n----");
        }
    }
    let mut sandbox = Sandbox::new();
    let shown: Vec<String> = trees
        .iter()
        .filter(|tree| tally.differences.contains_key(&tree.render()))
        .take(setting("GUARD_ORACLE_SHOWN", 10).try_into().unwrap())
        .map(|tree| {
            let mut differs = |script: &str| {
                outcome(script, "bash", &mut sandbox)
                    .is_some_and(|outcome| outcome.difference().is_some())
            };
            let small = tree.shrink(300, &mut differs).render();
            let difference =
                outcome(&small, "bash", &mut sandbox).and_then(|outcome| outcome.difference());
            format!("{small}\n{}", difference.unwrap_or_default())
        })
        .collect();
    eprintln!("{}", shown.join("\n----\n"));
    assert!(
        tally.differences.is_empty(),
        "{} of {} scripts differ:\n{}",
        tally.differences.len(),
        tally.scripts,
        shown.join("\n----\n")
    );
    assert!(
        tally.dropped * 100 < tally.scripts,
        "too many do not end: {}",
        tally.dropped
    );
    assert!(
        tally.opaque_share() < 10.0,
        "too much is opaque: {}",
        tally.reasons()
    );
}
