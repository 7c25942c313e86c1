//! Texts that nobody wrote: what the corpora hold, broken in many ways. Reading and judging them
//! must not fail, must say of every byte what it is, and must end.

use std::time::{Duration, Instant};

use guard::judge::{Subject, assess};
use guard::location::Span;
use guard::resolve::Stdin;
use guard::shell::{Dialect, Node, parse};
use guard::world::System;

use crate::oracle::{Random, corpus, setting};

/// Longer than any single text takes, on a busy machine and unoptimized.
const BOUND: Duration = Duration::from_secs(10);

/// What is put into texts: everything that opens, closes or turns something.
const TOKENS: &[&str] = &[
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "$'",
    "${",
    "}",
    "{",
    "((",
    "))",
    "$((",
    "[[",
    "]]",
    "<<E\n",
    "\nE\n",
    "<<<",
    "<(",
    ">(",
    "|",
    "||",
    "&&",
    "&",
    ";",
    ";;",
    ";&",
    "\n",
    "\\\n",
    "\\",
    "#",
    "!",
    "*",
    "?",
    "[",
    "]",
    "~",
    "$",
    "$@",
    "${x:-",
    "${x//",
    "${!",
    "=",
    "+=",
    "=(",
    "if ",
    "then ",
    "fi",
    "for ",
    "do ",
    "done",
    "case ",
    " in ",
    "esac",
    "function ",
    "() ",
    "eval ",
    "coproc ",
    "time ",
    "\u{e9}",
    "\u{1F600}",
    "\0",
    "\r",
    "\t",
    "{a,b}",
    "{1..9}",
    "x=$x$x",
    "select ",
    "until ",
    "bash -c ",
];

/// The spans of the commands at the top of a script.
fn spans(nodes: &[Node], found: &mut Vec<Span>) {
    for node in nodes {
        match node {
            Node::Simple(command) => found.push(command.span),
            Node::Compound(compound) => found.push(compound.span),
            Node::Function { span, .. } => found.push(*span),
            Node::Pipeline { stages, .. } => spans(stages, found),
            Node::AndOr { first, rest } => {
                spans(std::slice::from_ref(first), found);
                for (_, node) in rest {
                    spans(std::slice::from_ref(node), found);
                }
            }
            Node::Background(node) => spans(std::slice::from_ref(node), found),
        }
    }
}

/// The bytes that stand in no command and no hole; what is there must mean nothing.
fn unaccounted(text: &str) -> Option<String> {
    let script = parse(text, Dialect::BASH);
    let mut found = Vec::new();
    spans(&script.list, &mut found);
    found.extend(script.holes.iter().map(|hole| hole.span));
    let mut covered = vec![false; text.len()];
    for span in found {
        assert!(
            span.start <= span.end && span.end <= text.len(),
            "{span:?}: {text:?}"
        );
        covered[span.start..span.end].fill(true);
    }
    let left: Vec<u8> = text
        .bytes()
        .zip(covered)
        .map(|(byte, covered)| if covered { b' ' } else { byte })
        .collect();
    let left = String::from_utf8_lossy(&left).replace("\\\n", " ");
    let words = left
        .lines()
        .map(|line| line.find('#').map_or(line, |at| &line[..at]))
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || ";&|!".contains(c)))
        .filter(|word| !matches!(*word, "" | "time" | "-p" | "--"));
    let words: Vec<&str> = words.collect();
    // The bodies of here-documents stand behind the line that asks for them.
    (!words.is_empty() && !text.contains("<<")).then(|| words.join(" "))
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mutated(seeds: &[String], random: &mut Random) -> String {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        let from = boundary(&text, random.below(text.len() + 1));
        let to = boundary(&text, (from + random.below(12)).min(text.len()));
        match random.below(6) {
            0 => text.replace_range(from..to, ""),
            1 | 2 => text.insert_str(from, random.pick(TOKENS)),
            3 => {
                let piece = text[from..to].repeat(1 + random.below(5));
                text.insert_str(from, &piece);
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                let at = boundary(other, random.below(other.len() + 1));
                text.insert_str(from, &other[at..]);
            }
            _ => text.replace_range(from..to, random.pick(TOKENS)),
        }
        if text.len() > 4000 {
            text.truncate(boundary(&text, 4000));
        }
    }
    text
}

#[test]
fn texts_that_nobody_wrote_are_read_and_judged() {
    let seed = setting("GUARD_MUTATION_SEED", 5);
    let seconds = setting("GUARD_MUTATION_SECONDS", 5);
    let mut random = Random::new(seed);
    let lines = include_str!("../corpus/ordinary.txt")
        .lines()
        .chain(include_str!("../corpus/ways_round.txt").lines());
    let mut seeds: Vec<String> = lines.map(str::to_owned).collect();
    for (_, scripts) in corpus() {
        seeds.extend(scripts);
    }
    let directory = tempfile::tempdir().unwrap();
    let world = System::with_environment(
        directory.path().to_owned(),
        [("HOME", "/home/nobody-there"), ("PATH", "/usr/bin:/bin")],
    );
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_secs(seconds) || count < 300 {
        count += 1;
        let text = mutated(&seeds, &mut random);
        assert_eq!(
            unaccounted(&text),
            None,
            "seed {seed}, text {count}: {text:?}"
        );
        let subject = match count % 4 {
            0 => Subject::Argv(vec!["sh".into(), "-c".into(), text.clone()]),
            1 => Subject::Argv(vec!["zsh".into(), "-lc".into(), text.clone()]),
            _ => Subject::script(text.clone()),
        };
        let begun = Instant::now();
        let assessment = assess(&subject, Stdin::Inherited, &world);
        assert!(
            begun.elapsed() < BOUND,
            "seed {seed}, text {count}: {text:?}"
        );
        let shown = subject.text();
        let effects = assessment.effects.iter().map(|effect| &effect.location);
        let opaque = assessment.opaque.iter().map(|opaque| &opaque.location);
        for location in effects.chain(opaque) {
            let span = location.span;
            assert!(
                shown.get(span.start..span.end).is_some(),
                "{span:?} of seed {seed}, text {count}: {shown:?}"
            );
        }
    }
    eprintln!("GUARD_MUTATION_SEED={seed} GUARD_MUTATION_SECONDS={seconds}: {count} texts");
}
