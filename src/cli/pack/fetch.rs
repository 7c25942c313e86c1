//! Gets pack files from a source, with the system's git and curl.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Trouble;
use crate::packs::source::Source;

/// A pack file is not longer than this (bytes).
const LONGEST: u64 = 4 << 20;

/// A pack as it was found, not yet read.
pub(super) struct Fetched {
    /// The file's name without its ending.
    pub name: String,
    pub text: Vec<u8>,
    pub signature: Option<Vec<u8>>,
}

/// Every pack that the source holds.
pub(super) fn fetch(source: &Source) -> Result<Vec<Fetched>, Trouble> {
    match source {
        Source::Path(path) => read(path),
        Source::Git {
            url,
            commit,
            directory,
        } => {
            let scratch = Scratch::new()?;
            let clone = scratch.0.join("packs");
            git(
                &scratch.0,
                ["clone", "--quiet", "--no-checkout", url.as_str()],
                &clone,
            )?;
            let commit = commit.as_str();
            git(&clone, ["checkout", "--quiet", "--detach", commit], "--")?;
            let root = directory
                .as_ref()
                .map_or(clone.clone(), |below| clone.join(below));
            let whole = std::fs::canonicalize(&clone).map_err(Trouble::of(&clone))?;
            let root = std::fs::canonicalize(&root).map_err(Trouble::of(&root))?;
            if !root.starts_with(&whole) {
                return Err(Trouble::Said(format!(
                    "`{}` leads out of the repository",
                    directory.as_deref().unwrap_or_default()
                )));
            }
            read(&root)
        }
        Source::Https { url, sha256 } => {
            let scratch = Scratch::new()?;
            let file = scratch.0.join("pack");
            curl(url, &file)?;
            let text = std::fs::read(&file).map_err(Trouble::of(&file))?;
            let found = crate::packs::lock::sha256(&text);
            if found != *sha256 {
                return Err(Trouble::Said(format!(
                    "`{url}` does not hold what it should: its SHA-256 value is {found}"
                )));
            }
            let signature = scratch.0.join("signature");
            let signature = curl(&format!("{url}.sig"), &signature)
                .ok()
                .and_then(|()| std::fs::read(&signature).ok());
            let name = url.rsplit('/').next().unwrap_or_default();
            let name = name.split('?').next().unwrap_or_default();
            Ok(vec![Fetched {
                name: name.strip_suffix(".toml").unwrap_or(name).to_owned(),
                text,
                signature,
            }])
        }
    }
}

/// The pack in a file, or every one in a directory.
fn read(path: &Path) -> Result<Vec<Fetched>, Trouble> {
    let metadata = std::fs::metadata(path).map_err(Trouble::of(path))?;
    if !metadata.is_dir() {
        return Ok(vec![one(path)?]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(Trouble::of(path))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension() == Some(OsStr::new("toml")) && file.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Trouble::Said(format!(
            "there is no pack in `{}`: no `NAME.toml`",
            path.display()
        )));
    }
    files.iter().map(|file| one(file)).collect()
}

fn one(file: &Path) -> Result<Fetched, Trouble> {
    let length = std::fs::metadata(file).map_err(Trouble::of(file))?.len();
    if length > LONGEST {
        return Err(Trouble::Said(format!(
            "`{}` is larger than a pack may be ({LONGEST} bytes)",
            file.display()
        )));
    }
    let stem = file.file_stem().unwrap_or_default();
    let mut signature = file.as_os_str().to_owned();
    signature.push(".sig");
    Ok(Fetched {
        name: stem.to_string_lossy().into_owned(),
        text: std::fs::read(file).map_err(Trouble::of(file))?,
        signature: std::fs::read(signature).ok(),
    })
}

/// Runs git with nothing of a person's settings that could run a program, and no question.
fn git<'a>(
    directory: &Path,
    arguments: impl IntoIterator<Item = &'a str>,
    last: impl AsRef<OsStr>,
) -> Result<(), Trouble> {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "protocol.allow=never",
        ])
        .args([
            "-c",
            "protocol.https.allow=always",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .arg(last)
        .env("GIT_TERMINAL_PROMPT", "0");
    run(command)
}

fn curl(url: &str, file: &Path) -> Result<(), Trouble> {
    let mut command = Command::new("curl");
    command
        .args(["--fail", "--silent", "--show-error", "--location"])
        .args(["--proto", "=https", "--max-time", "60", "--max-filesize"])
        .arg(LONGEST.to_string())
        .arg("--output")
        .arg(file)
        .arg("--")
        .arg(url);
    run(command)
}

/// Runs a program to its end; what it said is the reason if it failed.
pub(super) fn run(mut command: Command) -> Result<(), Trouble> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        Trouble::Said(format!(
            "`{program}` cannot be run: {error}; is it installed?"
        ))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    Err(Trouble::Said(if said.is_empty() {
        format!("`{program}` failed: {}", output.status)
    } else {
        format!("`{program}` failed: {said}")
    }))
}

/// A directory for one fetch, removed after it.
pub(super) struct Scratch(pub PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, Trouble> {
        let base = std::env::temp_dir();
        let made = nix::unistd::mkdtemp(&base.join("guard-pack-XXXXXX"));
        made.map(Self).map_err(|error| {
            Trouble::Said(format!(
                "no directory can be made in `{}`: {error}",
                base.display()
            ))
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left there is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
