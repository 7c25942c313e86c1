//! What guard costs and asks over a collection of real commands.
//!
//!     cargo bench --bench commands -- FILE.jsonl [DIRECTORY]
//!
//! Each line of the file is an object with `cmd`. Each command is judged alone, as if it was started
//! in the directory (by default a new, empty one). Printed are the median, the 99th percentile and
//! the longest time of one judgement, in microseconds, best of five rounds; then how many commands
//! ask, apart those that only files can settle; then each of the others. Without a file, the
//! commands of `tests/corpus/ordinary.txt` are used.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reads its corpus and prints what it measured"
)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::{Report, one_line};
use guard::resolve::Stdin;
use guard::world::System;

const ROUNDS: usize = 5;

/// What a person's question about these turns on is in the files: whether they are there, whether
/// git holds them, what a script that is not there says.
const FILES: &[&str] = &["directory", "file", "path", "uncommitted changes"];

fn main() {
    let mut given = std::env::args().skip(1).filter(|word| word != "--bench");
    let commands = match given.next() {
        Some(file) => from_jsonl(&fs::read_to_string(&file).expect("the file can be read")),
        None => include_str!("../tests/corpus/ordinary.txt")
            .lines()
            .map(str::to_owned)
            .collect(),
    };
    let empty = tempfile::tempdir().expect("a new directory can be made");
    let directory = given
        .next()
        .map_or_else(|| empty.path().to_owned(), PathBuf::from);

    let mut times: Vec<Duration> = commands
        .iter()
        .map(|command| fastest(command, &directory))
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len() - 1));
    let micros = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
    println!(
        "{} commands: median {:.1} µs, 99th percentile {:.1} µs, longest {:.1} µs",
        commands.len(),
        micros(at(50)),
        micros(at(99)),
        micros(times.last()),
    );

    let (mut files, mut others) = (0, Vec::new());
    for command in &commands {
        let report = report(command, &directory);
        if report.verdict == Decision::Allow {
            continue;
        }
        if turns_on_files(&report) {
            files += 1;
        } else {
            others.push((command, reasons(&report)));
        }
    }
    let share = |part: usize| 100.0 * part as f64 / commands.len() as f64;
    println!(
        "{} ask ({:.2} %): {files} turn on files, {} on something else ({:.2} %)",
        files + others.len(),
        share(files + others.len()),
        others.len(),
        share(others.len()),
    );
    for (command, reasons) in others {
        println!("  {reasons}\n      {}", one_line(command));
    }
}

fn from_jsonl(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line.get("cmd")?.as_str().map(str::to_owned))
        .collect()
}

/// The shortest of a few judgements: what else the machine does is not the command's cost.
fn fastest(command: &str, directory: &Path) -> Duration {
    let subject = Subject::script(command);
    let judged = || {
        let world = System::new(directory.to_owned());
        let start = Instant::now();
        let _ = black_box(assess(black_box(&subject), Stdin::Empty, &world));
        start.elapsed()
    };
    (0..ROUNDS).map(|_| judged()).min().unwrap_or_default()
}

fn report(command: &str, directory: &Path) -> Report {
    let world = System::new(directory.to_owned());
    let assessment = assess(&Subject::script(command), Stdin::Empty, &world);
    Report::new(command, directory, &assessment, &Policy::builtin())
}

fn turns_on_files(report: &Report) -> bool {
    report
        .asked()
        .iter()
        .all(|item| FILES.contains(&item.kind.as_str()))
        && report
            .asked_opaque()
            .all(|hole| hole.reason.contains("not there") || hole.reason.contains("not exist"))
}

fn reasons(report: &Report) -> String {
    let rules = report
        .asked()
        .iter()
        .map(|item| item.rule.clone())
        .collect::<Vec<_>>();
    let holes = report.asked_opaque().map(|hole| hole.reason.clone());
    rules
        .into_iter()
        .chain(holes)
        .collect::<Vec<_>>()
        .join("; ")
}
