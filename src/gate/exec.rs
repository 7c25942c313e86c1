//! The one place where guard becomes the program that it was asked to run.
//!
//! Owns that step and its transparency: the same argv with `argv[0]` as it was, environment,
//! descriptors, signal mask and dispositions, and umask.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::getpid;

use super::approve::Approved;
use super::audit::Written;
use super::grant;
use super::hold::Permit;
use super::plan::Plan;
use super::state::State;
use super::verdict::Cleared;
use super::{EXIT_NOT_FOUND, EXIT_REFUSED, Failure, Stopped};
use crate::supervise::Supervisor;

/// A plan that may run and whose record is written.
#[derive(Debug)]
#[must_use]
pub struct Recorded {
    plan: Plan,
    /// What to leave for the guards of inner commands, if a person approved this one.
    grant: Option<(State, grant::Grant)>,
}

impl Recorded {
    /// `None` stands for the one case that [`Cleared::record`] documents.
    pub(in crate::gate) fn cleared(cleared: Cleared, _written: Option<Written>) -> Self {
        Self {
            plan: cleared.plan,
            grant: None,
        }
    }

    pub(in crate::gate) fn approved(approved: Approved, state: &State, _written: Written) -> Self {
        let grant = grant::Grant::of(&approved);
        Self {
            plan: approved.into_plan(),
            grant: Some((state.clone(), grant)),
        }
    }

    /// Becomes the program, under a supervisor if there is one to be. Comes back only if that is
    /// not possible.
    pub fn exec(self, supervisor: Option<Supervisor>) -> Stopped {
        if let Some((state, grant)) = &self.grant
            && let Err(failure) = self.ready(state, grant)
        {
            return failure.into();
        }
        if let Some(supervisor) = supervisor
            && let Err(error) = supervisor.enter()
        {
            return Failure::Unsupervised(error).into();
        }
        let draft = self.plan.draft;
        become_program(&draft.program, &draft.argv, draft.path.as_deref())
    }

    /// Leave for the call of a supervised process that waits for this.
    pub(in crate::gate) fn resume(self, process: i32) -> Result<Permit, Failure> {
        if let Some((state, grant)) = &self.grant {
            self.plan.unchanged()?;
            grant.write(state, process)?;
        }
        Ok(Permit::new())
    }

    fn ready(&self, state: &State, grant: &grant::Grant) -> Result<(), Failure> {
        self.plan.unchanged()?;
        let cwd = &self.plan.draft.cwd;
        if directory(cwd) != directory(Path::new(".")) || directory(cwd).is_none() {
            return Err(Failure::Changed(cwd.clone()));
        }
        grant.write(state, getpid().as_raw())
    }
}

/// Becomes the program, with `path` in place of guard's own `PATH`. Comes back only if that is not
/// possible.
pub(super) fn become_program(program: &Path, argv: &[OsString], path: Option<&OsStr>) -> Stopped {
    let words: Result<Vec<CString>, _> = argv
        .iter()
        .map(|argument| CString::new(argument.as_bytes()))
        .collect();
    let (Ok(words), Ok(file)) = (words, CString::new(program.as_os_str().as_bytes())) else {
        return Failure::Nul.into();
    };
    let environment = path.map(with_path);
    let error = replace(&file, &words, environment.as_deref());
    let name = argv.first().map_or(program.as_os_str(), |name| name);
    failed(name, program, error)
}

fn directory(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Guard's own environment with another `PATH`.
fn with_path(path: &OsStr) -> Vec<CString> {
    std::env::vars_os()
        .filter(|(name, _)| name != "PATH")
        .chain([(OsString::from("PATH"), path.to_owned())])
        .filter_map(|(mut line, value)| {
            line.push("=");
            line.push(value);
            // Variables came in as C strings, and a path in one holds no NUL either.
            CString::new(line.into_encoded_bytes()).ok()
        })
        .collect()
}

fn replace(program: &CString, argv: &[CString], environment: Option<&[CString]>) -> Errno {
    let execute = |program: &CString, argv: &[CString]| match environment {
        None => nix::unistd::execv(program, argv),
        Some(environment) => nix::unistd::execve(program, argv, environment),
    };
    let Err(error) = execute(program, argv);
    if error != Errno::ENOEXEC {
        return error;
    }
    // A script without `#!`: a shell reads it, as every shell and execvp(3) do.
    let shell = c"/bin/sh";
    let mut words = vec![shell.to_owned(), program.clone()];
    words.extend(argv.iter().skip(1).cloned());
    let Err(error) = execute(&shell.to_owned(), &words);
    error
}

/// What a shell would say, with its exit status.
fn failed(name: &OsStr, program: &Path, error: Errno) -> Stopped {
    let missing = error == Errno::ENOENT && !program.exists();
    let reason = match error {
        _ if missing => "command not found".to_owned(),
        Errno::ENOENT => "its interpreter does not exist".to_owned(),
        other => other.desc().to_owned(),
    };
    Stopped {
        code: if missing {
            EXIT_NOT_FOUND
        } else {
            EXIT_REFUSED
        },
        message: format!("guard: {}: {reason}", PathBuf::from(name).display()),
    }
}

/// Says something on stderr although the command goes on.
pub(super) fn warn(message: &str) {
    // Nobody listens: then nobody needs to know.
    let _ = writeln!(io::stderr().lock(), "{message}");
}
