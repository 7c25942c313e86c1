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

#[path = "src/packs/compiled.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod compiled;

#[path = "src/program/pack.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod program;

type Error = Box<dyn error::Error>;

fn main() -> Result<(), Error> {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    link_for_a_quick_start(&out)?;
    packs(&out)?;
    programs(&out)
}

/// Every pack, compiled, with its own text for whoever wants to read it.
fn packs(out: &Path) -> Result<(), Error> {
    let mut read = Vec::new();
    let mut sources = String::new();
    let mut programs = BTreeMap::new();
    let mut format = String::new();
    for file in files("rules")? {
        let source = fs::read_to_string(&file)?;
        let pack = check::read(&source).map_err(|complaints| {
            let lines = complaints.iter().map(|it| it.line(file.display(), &source));
            lines.collect::<Vec<_>>().join("\n")
        })?;
        for name in names(&pack) {
            if let Some(other) = programs.insert(name.clone(), file.clone()) {
                // Two packs that describe one name would contradict each other.
                let (file, other) = (file.display(), other.display());
                return Err(format!("{file}: `{name}` is described by {other}, too").into());
            }
        }
        let name = &pack.pack.name;
        let path = fs::canonicalize(&file)?;
        let shown = file.display().to_string();
        writeln!(
            sources,
            "    Source {{ name: {name:?}, file: {shown:?}, text: include_str!({path:?}) }},"
        )?;
        format.push_str(name);
        read.push(pack);
    }
    let path = out.join("packs.bin");
    fs::write(&path, compiled::compile(read)?)?;
    for file in [
        "rules/schema",
        "rules/check",
        "rules/grammar",
        "packs/compiled",
    ] {
        let file = format!("src/{file}.rs");
        println!("cargo:rerun-if-changed={file}");
        format.push_str(&fs::read_to_string(file)?);
    }
    let format = compiled::checksum(format.as_bytes());
    let text = format!(
        "static COMPILED: &[u8] = include_bytes!({path:?});\n\
         static SOURCES: &[Source] = &[\n{sources}];\n\
         const FORMAT: u64 = {format};\n"
    );
    fs::write(out.join("packs.rs"), text)?;
    Ok(())
}

/// Every program and package that a pack describes.
fn names(pack: &schema::Pack) -> impl Iterator<Item = String> {
    let listed = pack.read_only.iter().chain(&pack.reversible);
    let programs = pack.cli.iter().flat_map(|cli| &cli.programs);
    let packages = pack.cli.iter().flat_map(|cli| &cli.packages);
    let packages = packages.map(|package| format!("package {package}"));
    listed.chain(programs).cloned().chain(packages)
}

/// The TOML files of a directory, sorted.
fn files(directory: &str) -> Result<Vec<PathBuf>, Error> {
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
    for file in files("rules/program")? {
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
