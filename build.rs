//! Checks every pack under `rules/` and compiles it to bytes that the program embeds.
//!
//! One blob per CLI, and sorted indexes of program and package names: a look-up is a binary
//! search, and only the CLI that is met is decoded.

#![allow(
    clippy::disallowed_methods,
    reason = "packs are read when guard is built"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error, fs};

#[path = "src/rules/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod schema;

#[path = "src/rules/grammar.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod grammar;

#[path = "src/rules/document.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod document;

#[path = "src/rules/check.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod check;

#[path = "src/program/pack.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod program;

type Error = Box<dyn error::Error>;

/// What a program name stands for, as an expression of `rules::store`.
type Index = BTreeMap<String, String>;

#[derive(Default)]
struct Tables {
    clis: String,
    count: usize,
    programs: Index,
    packages: Index,
    shims: Vec<String>,
}

fn main() -> Result<(), Error> {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    link_for_a_quick_start(&out)?;
    let mut tables = Tables::default();
    for file in &packs("rules")? {
        let source = fs::read_to_string(file)?;
        let pack = check::read(&source).map_err(|complaints| {
            let lines = complaints.iter().map(|it| it.line(file.display(), &source));
            lines.collect::<Vec<_>>().join("\n")
        })?;
        tables.add(file, pack, &out)?;
    }
    tables.write(&out)?;
    programs(&out)
}

/// The TOML files of a directory, sorted.
fn packs(directory: &str) -> Result<Vec<PathBuf>, Error> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    Ok(files)
}

/// What the calls of each language do, one blob for each.
fn programs(out: &Path) -> Result<(), Error> {
    let mut text = "static LIBRARIES: &[(&str, &[u8])] = &[\n".to_owned();
    for file in packs("rules/program")? {
        let source = fs::read_to_string(&file)?;
        let pack = program::read(&source)
            .map_err(|complaints| format!("{}: {}", file.display(), complaints.join("\n")))?;
        let path = out.join(format!("program-{}.postcard", pack.language));
        fs::write(&path, postcard::to_stdvec(&pack)?)?;
        writeln!(text, "    ({:?}, include_bytes!({path:?})),", pack.language)?;
    }
    text.push_str("];\n");
    fs::write(out.join("programs.rs"), text)?;
    Ok(())
}

/// guard is started once for each command, so its start-up is most of its cost.
///
/// At a fixed address the loader has no relocations to make (7,500 otherwise, spread over many
/// pages). Only its own user ever feeds guard anything, so a layout that nobody can guess would
/// protect nothing. The unwinder comes from the compiler's static libgcc instead of the shared one,
/// which is one library less to load, and asks the processor for its features at each start (a trap
/// in a virtual machine).
fn link_for_a_quick_start(out: &Path) -> Result<(), Error> {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bin=guard=-no-pie");
        // Rust names the shared library itself; a linker script of that name is found first.
        let libraries = out.join("link");
        fs::create_dir_all(&libraries)?;
        fs::write(libraries.join("libgcc_s.so"), "GROUP ( -lgcc_eh -lgcc )\n")?;
        println!("cargo:rustc-link-arg-bin=guard=-L{}", libraries.display());
    }
    Ok(())
}

impl Tables {
    fn add(&mut self, file: &Path, pack: schema::Pack, out: &Path) -> Result<(), Error> {
        let name = pack.pack.name;
        for program in pack.read_only {
            claim(
                &mut self.programs,
                file,
                program,
                "Entry::ReadOnly".to_owned(),
            )?;
        }
        for program in pack.reversible {
            claim(
                &mut self.programs,
                file,
                program,
                "Entry::Reversible".to_owned(),
            )?;
        }
        for mut cli in pack.cli {
            let index = self.count;
            for program in &cli.programs {
                let entry = format!("Entry::Cli({index})");
                claim(&mut self.programs, file, program.clone(), entry)?;
            }
            for package in &cli.packages {
                claim(&mut self.packages, file, package.clone(), index.to_string())?;
            }
            if cli.shim {
                self.shims.extend(cli.programs.iter().cloned());
            }
            // The examples are for tests, which read the packs themselves.
            for rule in &mut cli.rule {
                rule.matches.clear();
                rule.no_match.clear();
            }
            let blob = format!("cli-{index}.postcard");
            fs::write(out.join(&blob), postcard::to_stdvec(&cli)?)?;
            let path = out.join(&blob);
            writeln!(self.clis, "    ({name:?}, include_bytes!({path:?})),")?;
            self.count += 1;
        }
        Ok(())
    }

    fn write(mut self, out: &Path) -> Result<(), Error> {
        let mut text = String::new();
        writeln!(text, "static CLIS: &[(&str, &[u8])] = &[\n{}];", self.clis)?;
        writeln!(text, "static PROGRAMS: &[(&str, Entry)] = &[")?;
        for (program, entry) in &self.programs {
            writeln!(text, "    ({program:?}, {entry}),")?;
        }
        writeln!(text, "];\nstatic PACKAGES: &[(&str, usize)] = &[")?;
        for (package, index) in &self.packages {
            writeln!(text, "    ({package:?}, {index}),")?;
        }
        self.shims.sort();
        self.shims.dedup();
        writeln!(text, "];\nstatic SHIMS: &[&str] = &{:?};", self.shims)?;
        writeln!(text, "const COUNT: usize = {};", self.count)?;
        fs::write(out.join("packs.rs"), text)?;
        Ok(())
    }
}

/// A name belongs to one CLI only: two packs that describe it would contradict each other.
fn claim(index: &mut Index, file: &Path, name: String, entry: String) -> Result<(), Error> {
    match index.insert(name.clone(), entry.clone()) {
        Some(other) if other != entry => Err(format!(
            "{}: `{name}` is described by another pack too",
            file.display()
        )
        .into()),
        _ => Ok(()),
    }
}
