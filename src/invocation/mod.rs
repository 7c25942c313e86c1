//! How guard was started: as a shell, as a program on `PATH`, or by its own name.
//!
//! Owns the reading of guard's own argv, and each shell's own option parsing. Never judges, never
//! looks at the world: what a shell would read is data for the judging stages.

mod bash;
mod dash;
mod envelope;
mod shell_line;
mod startup;
mod zsh;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub use envelope::scaffolding;
pub use shell_line::{Flavor, Input, LineError, ShellLine};
pub use startup::Startup;

/// A shell that guard can stand in for, by the name of the link it was started through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellName {
    Bash,
    Dash,
    Sh,
    Zsh,
}

impl ShellName {
    pub const ALL: [Self; 4] = [Self::Bash, Self::Dash, Self::Sh, Self::Zsh];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Dash => "dash",
            Self::Sh => "sh",
            Self::Zsh => "zsh",
        }
    }

    fn of(name: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|shell| shell.as_str() == name)
    }
}

/// What guard was started as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Through a link named like a shell. The whole argv is for the real one.
    Shell(ShellName),
    /// Through a link named like any other program. The whole argv is for the real one.
    Shim { program: OsString },
    /// `guard -- CMD [ARG…]`: the program and its arguments.
    Direct { argv: Vec<OsString> },
    /// `guard -c SCRIPT [NAME [ARG…]]`: what bash would get, `bash` first.
    DirectScript { argv: Vec<OsString> },
    /// One of guard's own subcommands, options included; empty when none was given.
    Own,
}

impl Start {
    /// Reads argv. An empty argv is nobody's: `None`.
    #[must_use]
    pub fn of(argv: &[OsString]) -> Option<Self> {
        let (program, arguments) = argv.split_first()?;
        let name = basename(program);
        if name != "guard" {
            return Some(match ShellName::of(name) {
                Some(shell) => Self::Shell(shell),
                None => Self::Shim {
                    program: name.to_owned(),
                },
            });
        }
        Some(match arguments.split_first() {
            Some((first, rest)) if first == "--" && !rest.is_empty() => Self::Direct {
                argv: rest.to_vec(),
            },
            Some((first, rest)) if first == "-c" && !rest.is_empty() => {
                let mut argv = vec![OsString::from("bash"), OsString::from("-c")];
                // The text of `-c` may look like an option; bash must not take it for one.
                argv.push(OsString::from("--"));
                argv.extend_from_slice(rest);
                Self::DirectScript { argv }
            }
            _ => Self::Own,
        })
    }
}

/// The last component of argv[0], without the `-` that marks a login shell.
fn basename(program: &OsStr) -> &OsStr {
    let bytes = program.as_bytes();
    let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
    OsStr::from_bytes(name.strip_prefix(b"-").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(words: &[&str]) -> Option<Start> {
        Start::of(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_name_decides() {
        let shim = |program: &str| {
            Some(Start::Shim {
                program: program.into(),
            })
        };
        assert_eq!(start(&["bash"]), Some(Start::Shell(ShellName::Bash)));
        assert_eq!(start(&["-bash"]), Some(Start::Shell(ShellName::Bash)));
        assert_eq!(
            start(&["/x/y/sh", "-c", "ls"]),
            Some(Start::Shell(ShellName::Sh))
        );
        assert_eq!(start(&["./zsh"]), Some(Start::Shell(ShellName::Zsh)));
        assert_eq!(start(&["-/bin/dash"]), Some(Start::Shell(ShellName::Dash)));
        assert_eq!(start(&["/opt/x/railway", "up"]), shim("railway"));
        assert_eq!(start(&["-psql"]), shim("psql"));
        assert_eq!(start(&["guard-bash"]), shim("guard-bash"));
        assert_eq!(start(&["bash/"]), shim(""));
        assert_eq!(start(&[]), None);
    }

    #[test]
    fn guard_by_its_own_name() {
        assert_eq!(start(&["guard"]), Some(Start::Own));
        assert_eq!(start(&["guard", "--"]), Some(Start::Own));
        assert_eq!(start(&["guard", "-c"]), Some(Start::Own));
        assert_eq!(start(&["guard", "check", "--", "ls"]), Some(Start::Own));
        assert_eq!(
            start(&["/usr/bin/guard", "--", "-x", "--", "ls"]),
            Some(Start::Direct {
                argv: vec!["-x".into(), "--".into(), "ls".into()]
            })
        );
        assert_eq!(
            start(&["guard", "-c", "-l", "name", "a"]),
            Some(Start::DirectScript {
                argv: ["bash", "-c", "--", "-l", "name", "a"]
                    .map(OsString::from)
                    .to_vec()
            })
        );
    }
}
