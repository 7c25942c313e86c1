//! A shell's command line, read as the shell itself would read it.
//!
//! Answers are indices into the argv that was read, so that the same reader serves an argv that
//! is only partly known: the caller looks up what stands at the index.

use std::ffi::OsStr;
use std::path::Path;

use thiserror::Error;

use super::{bash, dash, zsh};
use crate::shell::Dialect;

/// Whose rules a command line follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    Bash,
    /// dash, and the ash family that parses its command line alike.
    Dash,
    Zsh,
}

impl Flavor {
    /// The name of the shell that brought these rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Dash => "dash",
            Self::Zsh => "zsh",
        }
    }

    /// The flavor of a real shell by the name of its file, symlinks resolved (`sh` → `dash`).
    #[must_use]
    pub fn of(program: &Path) -> Option<Self> {
        let name = program.file_name()?.to_str()?;
        let base = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        Some(match base {
            "bash" | "rbash" => Self::Bash,
            "zsh" | "rzsh" => Self::Zsh,
            "dash" | "ash" | "busybox" | "sh" => Self::Dash,
            _ => return None,
        })
    }
}

/// What the shell would execute. The numbers are indices into its argv.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The text of `-c`.
    Text(usize),
    /// dash's `-s -c TEXT`: the text, then what stands on its standard input.
    TextThenStdin(usize),
    /// A script file, as it was written.
    Script(usize),
    Stdin,
    /// Nothing is executed: `--version`, or text that is only checked (`-n`).
    Nothing,
}

/// Why a command line could not be read. The real shell may still know the option.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LineError {
    #[error("`{0}` is no option of this shell that guard knows")]
    UnknownOption(String),
    #[error("`{0}` needs a value")]
    MissingValue(String),
    #[error("there is no argv[0]")]
    Empty,
}

/// A shell's command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellLine {
    pub flavor: Flavor,
    pub input: Input,
    /// Index of the word that becomes `$0`.
    pub zero: usize,
    /// Index of the word that becomes `$1`; it may lie past the end.
    pub parameters: usize,
    pub login: bool,
    /// `-i` was given. A shell that reads a terminal is interactive without it: see
    /// [`ShellLine::is_interactive`].
    pub interactive: bool,
    /// It behaves as `sh`: by name, `--posix` or `--emulate sh`.
    pub posix: bool,
    /// `-p`: startup files named by variables are not read.
    pub privileged: bool,
    /// `--noprofile`.
    pub no_profile: bool,
    /// `--norc`, zsh's `-f`.
    pub no_rc: bool,
    /// Index of the file given by `--rcfile` or `--init-file`.
    pub rc_file: Option<usize>,
    /// Options set (`true`) or unset, in order, by their long names or single letters.
    pub settings: Vec<(String, bool)>,
}

impl ShellLine {
    /// Reads `argv`, argv[0] included.
    pub fn read<Word: AsRef<OsStr>>(flavor: Flavor, argv: &[Word]) -> Result<Self, LineError> {
        let words: Vec<&OsStr> = argv.iter().map(AsRef::as_ref).collect();
        let Some(program) = words.first() else {
            return Err(LineError::Empty);
        };
        let line = Self::new(flavor, program);
        match flavor {
            Flavor::Bash => bash::read(line, &words),
            Flavor::Dash => dash::read(line, &words),
            Flavor::Zsh => zsh::read(line, &words),
        }
    }

    fn new(flavor: Flavor, program: &OsStr) -> Self {
        Self {
            flavor,
            input: Input::Stdin,
            zero: 0,
            parameters: 1,
            login: program.as_encoded_bytes().starts_with(b"-"),
            interactive: false,
            posix: flavor != Flavor::Dash && super::basename(program) == "sh",
            privileged: false,
            no_profile: false,
            no_rc: false,
            rc_file: None,
            settings: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, name: impl Into<String>, on: bool) {
        self.settings.push((name.into(), on));
    }

    /// Whether an option stands set at the end of the command line.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.settings
            .iter()
            .rev()
            .find(|(set, _)| set == name)
            .is_some_and(|(_, on)| *on)
    }

    /// The rules that the shell reads its text by. `name` is the shell's own.
    #[must_use]
    pub fn dialect(&self, name: &str) -> Dialect {
        let dialect = Dialect::from(name);
        if !dialect.is_zsh() {
            return dialect;
        }
        let started = if self.posix {
            dialect.as_sh()
        } else if self.interactive {
            dialect.with_option("interactivecomments", false)
        } else {
            dialect
        };
        self.settings.iter().fold(started, |dialect, (name, on)| {
            let name = match name.as_str() {
                "y" => "shwordsplit",
                "P" => "rcexpandparam",
                "I" => "ignorebraces",
                "F" => "noglob",
                "k" => "interactivecomments",
                other => other,
            };
            dialect.with_option(name, *on)
        })
    }

    /// Whether the shell would talk to a person, given which of its standard input, output and
    /// error are terminals.
    #[must_use]
    pub fn is_interactive(&self, terminals: [bool; 3]) -> bool {
        if self.interactive {
            return true;
        }
        let [stdin, stdout, stderr] = terminals;
        match (self.input, self.flavor) {
            (Input::Stdin, Flavor::Bash) => stdin && stderr,
            (Input::Stdin, Flavor::Zsh) => stdin,
            (Input::Stdin | Input::TextThenStdin(_), Flavor::Dash) => stdin && stdout,
            _ => false,
        }
    }
}

/// A word as an error shows it.
pub(super) fn shown(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}
