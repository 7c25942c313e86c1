//! The parser against others: `bash -n` says what is valid, tree-sitter-bash what the commands are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::shell::{Dialect, parse};

use crate::names::Names;

/// The names of the commands that tree-sitter sees; `None` where it sees an error.
fn second_opinion(parser: &mut tree_sitter::Parser, text: &str) -> Option<BTreeSet<String>> {
    let tree = parser.parse(text, None)?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut names = BTreeSet::new();
    let mut nodes = vec![tree.root_node()];
    while let Some(node) = nodes.pop() {
        // A word that goes on behind the name was cut in two.
        let after = text.as_bytes().get(node.end_byte());
        let whole = after.is_none_or(|byte| b" \t\n;&|()<>\"}".contains(byte));
        if node.kind() == "command_name" && whole {
            names.insert(text.get(node.byte_range())?.to_owned());
        }
        let mut cursor = node.walk();
        nodes.extend(node.children(&mut cursor));
    }
    Some(names)
}

/// Whether tree-sitter may be wrong about it: reserved words, file descriptors, assignments, and
/// text that it does not unescape (in backquotes).
fn is_misread(name: &str) -> bool {
    let reserved = [
        "time", "coproc", "{", "}", "fi", "done", "do", "then", "else", "while", "if",
    ];
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    reserved.contains(&name)
        || !name.chars().all(plain)
        || name.bytes().all(|byte| byte.is_ascii_digit())
}

fn bash_accepts_text(text: &str) -> bool {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    bash_accepts(file.path())
}

fn bash_accepts(path: &Path) -> bool {
    let check = Command::new("bash")
        .args(["-O", "extglob", "-n"])
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    check.is_ok_and(|status| status.success())
}

/// Shell scripts that the system's packages brought, or what `GUARD_SCRIPTS` names: a directory
/// that tools/corpus/fetch.py filled.
fn collected_scripts() -> Vec<PathBuf> {
    let given = std::env::var_os("GUARD_SCRIPTS");
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = match &given {
        Some(directory) => vec![PathBuf::from(directory)],
        None => ["/usr/bin", "/usr/sbin", "/usr/share", "/usr/lib", "/etc"]
            .map(PathBuf::from)
            .to_vec(),
    };
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(directory) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file() && (given.is_some() || may_be_script(&path)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn may_be_script(path: &Path) -> bool {
    let named = path
        .extension()
        .is_some_and(|extension| extension == "sh" || extension == "bash");
    let program = path.extension().is_none()
        && path.parent().is_some_and(|parent| {
            ["bin", "sbin", "init.d"]
                .iter()
                .any(|name| parent.ends_with(name))
        });
    (named || program) && path.metadata().is_ok_and(|data| data.len() < 200_000)
}

/// Whether the first line asks for a shell whose grammar is bash's, or asks for nothing.
fn is_for_bash(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let asks = first.starts_with("#!");
    let shell = (first.ends_with("sh") || first.contains("sh "))
        && !["zsh", "tclsh", "ksh", "csh", "fish"]
            .iter()
            .any(|other| first.contains(other));
    shell && asks
}

/// What became of the scripts of one worker.
#[derive(Default)]
struct Reading {
    read: usize,
    holes: Vec<String>,
    unseen: Vec<String>,
    bytes: usize,
    slowest: Option<(f64, PathBuf)>,
}

impl Reading {
    fn read(&mut self, path: &Path, parser: &mut tree_sitter::Parser) {
        let Ok(text) = fs::read_to_string(path) else {
            return;
        };
        if !is_for_bash(&text) {
            return;
        }
        let start = std::time::Instant::now();
        let script = parse(&text, Dialect::BASH);
        let took = start.elapsed().as_secs_f64() * 1e9 / (text.len().max(20_000) as f64);
        if self
            .slowest
            .as_ref()
            .is_none_or(|(slowest, _)| took > *slowest)
        {
            self.slowest = Some((took, path.to_owned()));
        }
        self.bytes += text.len();
        if let Some(hole) = script.holes.first() {
            if bash_accepts(path) {
                let (file, at) = (path.display(), hole.span.start);
                self.holes
                    .push(format!("{file}: {} at byte {at}", hole.reason));
            }
            return;
        }
        self.read += 1;
        let names = Names::of(&script);
        let others = second_opinion(parser, &text).unwrap_or_default();
        for name in others.difference(&names).filter(|name| !is_misread(name)) {
            self.unseen.push(format!("{}: {name}", path.display()));
        }
    }

    fn join(&mut self, other: Self) {
        self.read += other.read;
        self.bytes += other.bytes;
        self.holes.extend(other.holes);
        self.unseen.extend(other.unseen);
        let slower = |(time, _): &(f64, PathBuf)| {
            self.slowest
                .as_ref()
                .is_none_or(|(slowest, _)| time > slowest)
        };
        if other.slowest.as_ref().is_some_and(slower) {
            self.slowest = other.slowest;
        }
    }
}

#[test]
fn what_bash_accepts_is_read_without_a_hole() {
    let paths = collected_scripts();
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let mut reading = Reading::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = paths
            .chunks(paths.len().div_ceil(workers).max(1))
            .map(|paths| {
                scope.spawn(move || {
                    let mut parser = tree_sitter::Parser::new();
                    parser
                        .set_language(&tree_sitter_bash::LANGUAGE.into())
                        .unwrap();
                    let mut reading = Reading::default();
                    paths
                        .iter()
                        .for_each(|path| reading.read(path, &mut parser));
                    reading
                })
            })
            .collect();
        for part in parts {
            reading.join(part.join().unwrap());
        }
    });
    let Reading {
        read,
        holes,
        unseen,
        bytes,
        slowest,
    } = reading;
    eprintln!(
        "{read} scripts read, {bytes} bytes; {} that bash accepts have holes; slowest (ns a byte): {slowest:?}",
        holes.len()
    );
    assert!(read > 50, "there are scripts to read: {read}");
    assert!(
        holes.is_empty(),
        "{} of {read}:\n{}",
        holes.len(),
        holes.join("\n")
    );
    assert!(
        unseen.is_empty(),
        "{} names:\n{}",
        unseen.len(),
        unseen.join("\n")
    );
}

#[test]
fn a_second_parser_sees_no_other_commands() {
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .unwrap();
    let scripts: Vec<String> = crate::oracle::corpus()
        .into_iter()
        .flat_map(|(_, scripts)| scripts)
        .collect();
    let lines = include_str!("../corpus/ordinary.txt").lines();
    let mut unseen = Vec::new();
    for text in scripts.iter().map(String::as_str).chain(lines) {
        let script = parse(text, Dialect::BASH);
        if !script.holes.is_empty() {
            // Where bash reads quotes twice, what comes of it is left open on purpose.
            let mut reasons = script.holes.iter().map(|hole| hole.reason.as_str());
            let on_purpose = reasons.all(|reason| reason == "quotes that the shell reads twice");
            assert!(
                on_purpose || !bash_accepts_text(text),
                "{text}: {:?}",
                script.holes
            );
            continue;
        }
        let names = Names::of(&script);
        let others = second_opinion(&mut parser, text).unwrap_or_default();
        // A line that goes on in the middle of a word is two words for tree-sitter.
        let broken = text.contains("\\\n");
        for name in others
            .difference(&names)
            .filter(|name| !broken && !is_misread(name))
        {
            unseen.push(format!("{text}: {name}"));
        }
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

/// zsh's own functions and completions, and those below `GUARD_ZSH_SCRIPTS`.
fn zsh_functions() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from("/usr/share/zsh"), PathBuf::from("/etc/zsh")];
    // Others may be brought along, such as zsh's own tests.
    directories.extend(std::env::var_os("GUARD_ZSH_SCRIPTS").map(PathBuf::from));
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_zsh_accepts_is_read_without_a_hole() {
    let (mut read, mut holes) = (0, Vec::new());
    for path in zsh_functions() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        read += 1;
        if let Some(hole) = parse(&text, Dialect::ZSH).holes.first() {
            let accepts = Command::new("zsh")
                .arg("-fn")
                .arg(&path)
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if accepts.is_ok_and(|status| status.success()) {
                let line = text
                    .get(..hole.span.start)
                    .unwrap_or_default()
                    .lines()
                    .count();
                holes.push(format!("{}:{line}: {}", path.display(), hole.reason));
            }
        }
    }
    assert!(read > 500, "there are functions to read: {read}");
    assert!(
        holes.is_empty(),
        "{} of {read}:\n{}",
        holes.len(),
        holes.join("\n")
    );
}
