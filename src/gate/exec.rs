//! The one place where guard becomes the program that it was asked to run.
//!
//! Owns that step and its transparency: the same argv with `argv[0]` as it was, environment,
//! descriptors, signal mask and dispositions, and umask.

use std::ffi::{CString, OsStr};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::approve::Approved;
use super::audit::Written;
use super::grant;
use super::plan::Plan;
use super::state::State;
use super::verdict::Cleared;
use super::{EXIT_NOT_FOUND, EXIT_REFUSED, Failure, Stopped};

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

    /// Becomes the program. Comes back only if that is not possible.
    pub fn exec(self) -> Stopped {
        if let Some((state, grant)) = &self.grant
            && let Err(failure) = self.ready(state, grant)
        {
            return failure.into();
        }
        let draft = self.plan.draft;
        let argv: Result<Vec<CString>, _> = draft
            .argv
            .iter()
            .map(|argument| CString::new(argument.as_bytes()))
            .collect();
        let (Ok(argv), Ok(program)) = (argv, CString::new(draft.program.as_os_str().as_bytes()))
        else {
            return Failure::Nul.into();
        };
        let error = replace(&program, &argv);
        let name = draft.argv.first().map_or_else(
            || draft.program.as_os_str().to_owned(),
            std::borrow::ToOwned::to_owned,
        );
        failed(&name, &draft.program, error)
    }

    fn ready(&self, state: &State, grant: &grant::Grant) -> Result<(), Failure> {
        self.plan.unchanged()?;
        let cwd = &self.plan.draft.cwd;
        if directory(cwd) != directory(Path::new(".")) || directory(cwd).is_none() {
            return Err(Failure::Changed(cwd.clone()));
        }
        grant.write(state)
    }
}

fn directory(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn replace(program: &CString, argv: &[CString]) -> Errno {
    sigpipe::restore();
    let Err(error) = nix::unistd::execv(program, argv);
    if error != Errno::ENOEXEC {
        return error;
    }
    // A script without `#!`: a shell reads it, as every shell and execvp(3) do.
    let shell = c"/bin/sh";
    let mut words = vec![shell.to_owned(), program.clone()];
    words.extend(argv.iter().skip(1).cloned());
    let Err(error) = nix::unistd::execv(shell, &words);
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

/// Rust starts every program with SIGPIPE ignored and forgets what it was before. The program
/// must find what guard found.
mod sigpipe {
    #![expect(
        unsafe_code,
        reason = "the disposition must be read before Rust's start-up code changes it"
    )]

    use std::sync::atomic::{AtomicBool, Ordering};

    static WAS_IGNORED: AtomicBool = AtomicBool::new(false);

    #[cfg(target_os = "linux")]
    extern "C" fn look() {
        // SAFETY: sigaction(2) with a null new action only reads, into a structure of ours that
        // is large enough; zero is a valid value for each of its fields.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action) == 0 {
                WAS_IGNORED.store(action.sa_sigaction == libc::SIG_IGN, Ordering::Relaxed);
            }
        }
    }

    /// Run by the loader before `main`.
    #[cfg(target_os = "linux")]
    #[used]
    // SAFETY: the section holds pointers to functions without arguments; this is one.
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    pub(super) fn restore() {
        // A static of a library that nothing mentions may be left out of the program.
        #[cfg(target_os = "linux")]
        std::hint::black_box(&LOOK);
        if !WAS_IGNORED.load(Ordering::Relaxed) {
            // SAFETY: the default action is no function of ours that could be called.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        }
    }
}
