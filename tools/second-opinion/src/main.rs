//! guard's parser of bash beside brush-parser, over a directory of scripts.
//!
//!     cd tools/second-opinion && cargo run -- DIRECTORY
//!
//! `tools/corpus/fetch.py` fills one. Printed is each script that one of the two reads and the
//! other does not, with what `bash -n` says of it, and each command that brush-parser sees outside
//! of words and guard's tree does not have.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::{env, fs, process, thread};

use brush_parser::ast::{
    AndOr, AndOrList, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, Pipeline,
    SimpleCommand,
};
use brush_parser::{Parser, ParserOptions};
use guard::shell::{Dialect, parse};

#[path = "../../../tests/integration/names.rs"]
mod names;

/// A parser that goes down with every bracket needs much of it.
const STACK: usize = 512 << 20;

fn main() {
    let Some(directory) = env::args_os().nth(1) else {
        eprintln!("usage: second-opinion DIRECTORY");
        process::exit(2);
    };
    let mut scripts = Vec::new();
    collect(Path::new(&directory), &mut scripts);
    scripts.sort();
    let run = move || compare(&scripts);
    let worker = thread::Builder::new().stack_size(STACK).spawn(run);
    if worker.map(thread::JoinHandle::join).is_err() {
        process::exit(1);
    }
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[derive(Default)]
struct Count {
    scripts: usize,
    both: usize,
    neither: usize,
    only_guard: usize,
    only_brush: usize,
    wrong: usize,
    unseen: usize,
}

fn compare(scripts: &[PathBuf]) {
    let mut count = Count::default();
    for path in scripts {
        let Some(text) = fs::read_to_string(path)
            .ok()
            .filter(|text| is_for_bash(text))
        else {
            continue;
        };
        count.scripts += 1;
        let mine = parse(&text, Dialect::BASH);
        let theirs =
            Parser::new(BufReader::new(text.as_bytes()), &ParserOptions::default()).parse_program();
        let file = path.display();
        match (mine.holes.first(), theirs) {
            (None, Ok(program)) => {
                count.both += 1;
                let mut seen = BTreeSet::new();
                for list in &program.complete_commands {
                    walk(list, &mut seen);
                }
                for name in seen.difference(&names::Names::of(&mine)) {
                    count.unseen += 1;
                    println!("unseen: {file}: {name}");
                }
            }
            (Some(_), Err(_)) => count.neither += 1,
            (None, Err(error)) => {
                count.only_guard += 1;
                let valid = bash_accepts(path);
                count.wrong += usize::from(!valid);
                println!("only guard reads it, bash: {valid}: {file}: {error}");
            }
            (Some(hole), Ok(_)) => {
                count.only_brush += 1;
                let valid = bash_accepts(path);
                count.wrong += usize::from(valid);
                println!(
                    "only brush reads it, bash: {valid}: {file}: {}",
                    hole.reason
                );
            }
        }
    }
    println!(
        "{} scripts: both read {}, neither {}, only guard {}, only brush-parser {}; bash decides \
         against guard on {}; {} commands that only brush-parser sees",
        count.scripts,
        count.both,
        count.neither,
        count.only_guard,
        count.only_brush,
        count.wrong,
        count.unseen
    );
}

/// By the first line: sh or bash.
fn is_for_bash(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let shell = first
        .split(['/', ' '])
        .find(|word| matches!(*word, "sh" | "bash"));
    first.starts_with("#!") && shell.is_some()
}

fn bash_accepts(path: &Path) -> bool {
    let check = Process::new("bash")
        .args(["-O", "extglob", "-n"])
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    check.is_ok_and(|status| status.success())
}

fn walk(list: &CompoundList, seen: &mut BTreeSet<String>) {
    for item in &list.0 {
        and_or(&item.0, seen);
    }
}

fn and_or(list: &AndOrList, seen: &mut BTreeSet<String>) {
    pipeline(&list.first, seen);
    for next in &list.additional {
        let (AndOr::And(stages) | AndOr::Or(stages)) = next;
        pipeline(stages, seen);
    }
}

fn pipeline(stages: &Pipeline, seen: &mut BTreeSet<String>) {
    for stage in &stages.seq {
        command(stage, seen);
    }
}

fn command(stage: &Command, seen: &mut BTreeSet<String>) {
    match stage {
        Command::Simple(simple) => self::simple(simple, seen),
        Command::Compound(inner, _) => compound(inner, seen),
        Command::Function(function) => compound(&function.body.0, seen),
        Command::ExtendedTest(..) => {}
    }
}

fn simple(command: &SimpleCommand, seen: &mut BTreeSet<String>) {
    if let Some(name) = &command.word_or_name {
        seen.insert(name.value.clone());
    }
    let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
    let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0);
    for item in prefix.chain(suffix) {
        if let CommandPrefixOrSuffixItem::ProcessSubstitution(_, inner) = item {
            walk(&inner.list, seen);
        }
    }
}

fn compound(inner: &CompoundCommand, seen: &mut BTreeSet<String>) {
    match inner {
        CompoundCommand::Arithmetic(_) => {}
        CompoundCommand::ArithmeticForClause(round) => walk(&round.body.list, seen),
        CompoundCommand::BraceGroup(group) => walk(&group.list, seen),
        CompoundCommand::Subshell(group) => walk(&group.list, seen),
        CompoundCommand::ForClause(round) => walk(&round.body.list, seen),
        CompoundCommand::CaseClause(choice) => {
            for list in choice.cases.iter().filter_map(|arm| arm.cmd.as_ref()) {
                walk(list, seen);
            }
        }
        CompoundCommand::IfClause(choice) => {
            walk(&choice.condition, seen);
            walk(&choice.then, seen);
            for other in choice.elses.iter().flatten() {
                other.condition.iter().for_each(|list| walk(list, seen));
                walk(&other.body, seen);
            }
        }
        CompoundCommand::WhileClause(round) | CompoundCommand::UntilClause(round) => {
            walk(&round.0, seen);
            walk(&round.1.list, seen);
        }
        CompoundCommand::Coprocess(beside) => command(&beside.body, seen),
    }
}
