//! `guard setup`: the links through which guard is started as a shell or as another program.
//!
//! Owns two directories under the prefix, and nothing else: `lib/guard/shells` and
//! `lib/guard/shims`. Never touches a file there that is no link to guard.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Args;
use thiserror::Error;

use super::{added_packs, print, say};
use crate::gate::{EXIT_FAILED, Failure};
use crate::invocation::ShellName;
use crate::packs::Packs;
use crate::sys::{LINKS_MARKER, Lookup, links_prefix};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where guard is installed; its program is DIR/bin/guard
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
    /// Removes the links instead
    #[arg(long)]
    remove: bool,
}

#[derive(Debug, Error)]
enum SetupError {
    #[error("guard cannot tell where it is installed; say `--prefix DIR`, with guard in DIR/bin")]
    NoPrefix,
    #[error("there is no guard at `{}`", .0.display())]
    NoProgram(PathBuf),
    #[error("`{}` is no link to guard; move it away first", .0.display())]
    Foreign(PathBuf),
    #[error("`{}`: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    Ok(match setup(options) {
        Ok(text) => {
            print(&text);
            0
        }
        Err(error) => {
            say(&format!("guard: {error}"));
            EXIT_FAILED
        }
    })
}

fn setup(options: &Options) -> Result<String, SetupError> {
    let prefix = match &options.prefix {
        Some(prefix) => std::path::absolute(prefix).map_err(at(prefix))?,
        None => links_prefix().ok_or(SetupError::NoPrefix)?,
    };
    let program = prefix.join("bin/guard");
    let directories = prefix.join("lib/guard");
    let shells = Links::new(directories.join("shells"), &program);
    let shims = Links::new(directories.join("shims"), &program);
    if options.remove {
        shells.remove()?;
        shims.remove()?;
        // Whatever else somebody put there stays.
        let _ = fs::remove_dir(&directories);
        return Ok(String::new());
    }
    if !program.is_file() {
        return Err(SetupError::NoProgram(program));
    }
    shells.make(&installed_shells())?;
    shims.make(&shimmed_programs())?;
    Ok(format!(
        "{}\n{}\n",
        shells.directory.display(),
        shims.directory.display()
    ))
}

/// The shells to stand in for. One that is not installed gets no link: an agent that prefers it
/// would find a shell that cannot start.
fn installed_shells() -> BTreeSet<String> {
    let Ok(lookup) = Lookup::new(std::env::var_os("PATH")) else {
        return BTreeSet::new();
    };
    ShellName::ALL
        .into_iter()
        .filter(|shell| lookup.shell(*shell).is_ok())
        .map(|shell| shell.as_str().to_owned())
        .collect()
}

/// The programs that packs name as worth a shim. Shells have links of their own, off `PATH`:
/// there they would come between every script and its interpreter.
fn shimmed_programs() -> BTreeSet<String> {
    let added = added_packs();
    Packs::built_in()
        .shims()
        .chain(added.shims())
        .filter(|program| {
            ShellName::ALL
                .iter()
                .all(|shell| shell.as_str() != *program)
        })
        .map(str::to_owned)
        .collect()
}

/// A directory of links to one guard.
struct Links<'p> {
    directory: PathBuf,
    program: &'p Path,
}

impl<'p> Links<'p> {
    fn new(directory: PathBuf, program: &'p Path) -> Self {
        Self { directory, program }
    }

    /// Makes exactly these links. What was there for another name goes; nothing is touched before
    /// it is certain that nothing foreign is in the way.
    fn make(&self, names: &BTreeSet<String>) -> Result<(), SetupError> {
        fs::create_dir_all(&self.directory).map_err(at(&self.directory))?;
        for name in names {
            let link = self.directory.join(name);
            if fs::symlink_metadata(&link).is_ok() && !self.is_ours(&link) {
                return Err(SetupError::Foreign(link));
            }
        }
        let marker = self.directory.join(LINKS_MARKER);
        fs::write(&marker, "").map_err(at(&marker))?;
        for link in self.ours() {
            let keep = link
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| names.contains(name));
            if !keep {
                fs::remove_file(&link).map_err(at(&link))?;
            }
        }
        for name in names {
            let link = self.directory.join(name);
            if fs::symlink_metadata(&link).is_err() {
                symlink(self.program, &link).map_err(at(&link))?;
            }
        }
        Ok(())
    }

    fn remove(&self) -> Result<(), SetupError> {
        for link in self.ours() {
            fs::remove_file(&link).map_err(at(&link))?;
        }
        let marker = self.directory.join(LINKS_MARKER);
        match fs::remove_file(&marker) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&marker)(error)),
            _ => {
                let _ = fs::remove_dir(&self.directory);
                Ok(())
            }
        }
    }

    fn ours(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| self.is_ours(path))
            .collect()
    }

    fn is_ours(&self, link: &Path) -> bool {
        fs::read_link(link).is_ok_and(|target| target == self.program)
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> SetupError {
    let path = path.to_owned();
    move |source| SetupError::File {
        path: path.clone(),
        source,
    }
}
