//! Compilers: programs that they start in their own place, and what becomes of a source that the
//! same text has written.
//!
//! A program that a person keeps is built and run all day; nothing is asked about it. One that a
//! text writes, builds and runs in one go is nobody's yet: it is read for the names of calls by
//! which programs delete, write or start something. Never judges what is compiled.

use std::path::{Path, PathBuf};

use crate::call::{Call, Findings, Nested};
use crate::resolve::{Argument, Content, Stdin, Text, Written, base_name};

/// Names in a source that have a way to files or programs, or hide one.
const CALLS: &[&str] = &[
    // C and C++
    "system",
    "popen",
    "exec",
    "fork",
    "spawn",
    "syscall",
    "unlink",
    "remove",
    "rmdir",
    "rename",
    "truncate",
    "creat",
    "fopen",
    "freopen",
    "ofstream",
    "fstream",
    "open(",
    "openat",
    "filesystem",
    "asm",
    "dlopen",
    "dlsym",
    "##",
    "incbin",
    "mmap",
    "include \"",
    // Rust
    "Command",
    "std::fs",
    "fs::",
    "File::",
    "OpenOptions",
    "libc",
    "extern",
    "include!",
    "include_bytes",
    // Go
    "os.",
    "ioutil",
    "plugin",
    "unsafe",
];

/// Endings of what a compiler reads.
const SOURCES: &[&str] = &[
    "c", "h", "cc", "cpp", "cxx", "C", "m", "mm", "s", "S", "rs", "go", "f", "f90", "d", "zig",
    "o", "a",
];

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    wrapper(call, findings);
    let sources = sources(call);
    let Some(seen) = sources.iter().find_map(|source| dangerous(source, call)) else {
        return;
    };
    let program = call.command.program().map_or("", base_name);
    let runs = call.args.command.iter().any(|word| word == "run") || call.args.flag("-run");
    if runs {
        let reason = format!("{program} compiles and runs what this text writes: {seen}");
        findings.opaque(reason, &call.command.location);
        return;
    }
    let place = &call.command.location;
    let named = call.args.option("-o").map(|name| name.value.clone());
    let stem = |path: &PathBuf| {
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Text::known(stem.unwrap_or_default())
    };
    let made = named.unwrap_or_else(|| match (program, sources.first()) {
        ("rustc" | "go", Some(first)) => stem(first),
        (_, Some(first)) if call.args.flag("-c") => {
            let mut object = stem(first);
            object.push_known(".o");
            object
        }
        _ => Text::known("a.out"),
    });
    findings.written.push(Written {
        path: made,
        content: Content::Whole(Text::unknown(format!("a program that holds {seen}"))),
        location: place.clone(),
    });
}

/// `gcc -wrapper sh,-c,TEXT` starts each of its own programs by this one.
fn wrapper(call: &Call<'_>, findings: &mut Findings) {
    for given in call.args.all("-wrapper") {
        let Some(words) = given.value.exact() else {
            let shown = given.value.display();
            findings.opaque(
                format!("gcc starts what is known only then: {shown}"),
                &given.location,
            );
            continue;
        };
        let mut inner = call.command.clone();
        inner.redirections = Vec::new();
        inner.argv = words
            .split(',')
            .map(|word| Argument::known(word, given.location.clone()))
            .collect();
        // What it is told to start by it comes after.
        let rest = Argument {
            splits: true,
            ..Argument::known("", given.location.clone())
        };
        let is_shell = words.split(',').any(|word| word == "-c");
        if !is_shell {
            inner.argv.push(Argument {
                value: Text::unknown("what gcc starts"),
                ..rest
            });
        }
        findings.nested.push(Nested::Command(Box::new(inner)));
    }
}

fn sources(call: &Call<'_>) -> Vec<PathBuf> {
    let operands = call
        .args
        .operands
        .iter()
        .filter_map(|word| word.value.exact());
    let paths = operands.filter_map(|path| call.command.directory.join(path));
    paths
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| SOURCES.contains(&ending)) || call.world.is_written(path)
        })
        .collect()
}

/// What stands in a source that this text writes, if that has a way to files or programs.
fn dangerous(path: &Path, call: &Call<'_>) -> Option<String> {
    let in_text = |text: &str| {
        let found = CALLS.iter().find(|name| text.contains(*name));
        found.map(|name| format!("`{name}`"))
    };
    if path.ends_with("-") {
        return match &call.command.stdin {
            Stdin::Text(text) if text.exact().is_some() => in_text(text.exact()?),
            Stdin::Text(_) | Stdin::Unknown(_) => Some("text that is known only then".to_owned()),
            Stdin::File(_) | Stdin::Inherited | Stdin::Empty => None,
        };
    }
    if !call.world.is_written(path) {
        return None;
    }
    match call.world.read(path) {
        Ok(text) => in_text(&text),
        Err(_) => Some(format!("`{}`", path.display())),
    }
}
