//! Options of `set` and `shopt` that change what a text does.

/// Those that the resolver asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShellOption {
    AllExport,
    BraceExpand,
    ErrExit,
    ExpandAliases,
    ExtGlob,
    Keyword,
    LastPipe,
    NoCaseMatch,
    NoGlob,
    NoUnset,
    PatsubReplacement,
    PipeFail,
    Posix,
    DotGlob,
    NullGlob,
}

/// Their names, and the letter that `set` has for them.
const NAMES: &[(&str, Option<char>, ShellOption)] = &[
    ("allexport", Some('a'), ShellOption::AllExport),
    ("braceexpand", Some('B'), ShellOption::BraceExpand),
    ("errexit", Some('e'), ShellOption::ErrExit),
    ("expand_aliases", None, ShellOption::ExpandAliases),
    ("extglob", None, ShellOption::ExtGlob),
    ("keyword", Some('k'), ShellOption::Keyword),
    ("lastpipe", None, ShellOption::LastPipe),
    ("nocasematch", None, ShellOption::NoCaseMatch),
    ("noglob", Some('f'), ShellOption::NoGlob),
    ("nounset", Some('u'), ShellOption::NoUnset),
    ("patsub_replacement", None, ShellOption::PatsubReplacement),
    ("pipefail", None, ShellOption::PipeFail),
    ("posix", None, ShellOption::Posix),
    ("dotglob", None, ShellOption::DotGlob),
    ("nullglob", None, ShellOption::NullGlob),
];

/// Which are on, and of which it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    on: u16,
    unsure: u16,
}

const fn bit(option: ShellOption) -> u16 {
    1 << option as u16
}

impl Options {
    /// As a shell starts.
    pub(super) const fn start(aliases: bool) -> Self {
        let mut options = Self {
            on: bit(ShellOption::PatsubReplacement) | bit(ShellOption::BraceExpand),
            unsure: 0,
        };
        options.set(ShellOption::ExpandAliases, aliases);
        options
    }

    pub(super) const fn set(&mut self, option: ShellOption, on: bool) {
        self.unsure &= !bit(option);
        if on {
            self.on |= bit(option);
        } else {
            self.on &= !bit(option);
        }
    }

    /// By its name, for `set -o` and `shopt`; one that decides nothing is left out.
    pub(super) fn set_named(&mut self, name: &str, on: bool) {
        if let Some((.., option)) = NAMES.iter().find(|(known, ..)| *known == name) {
            self.set(*option, on);
        }
    }

    /// By its letter, for `set -e`.
    pub(super) fn set_letter(&mut self, letter: char, on: bool) {
        let found = NAMES.iter().find(|(_, known, _)| *known == Some(letter));
        if let Some((.., option)) = found {
            self.set(*option, on);
        }
    }

    /// Certainly on.
    pub(super) const fn has(self, option: ShellOption) -> bool {
        self.on & bit(option) != 0 && self.unsure & bit(option) == 0
    }

    /// On, or perhaps on.
    pub(super) const fn may(self, option: ShellOption) -> bool {
        (self.on | self.unsure) & bit(option) != 0
    }

    /// On or off; `None` if it is not known.
    pub(super) const fn get(self, option: ShellOption) -> Option<bool> {
        if self.unsure & bit(option) != 0 {
            return None;
        }
        Some(self.on & bit(option) != 0)
    }

    /// After one of two ways through a script.
    pub(super) const fn join(mut self, other: Self) -> Self {
        self.unsure |= other.unsure | (self.on ^ other.on);
        self
    }

    /// When they were changed in a way that cannot be seen.
    pub(super) const fn forget(&mut self) {
        self.unsure = u16::MAX;
    }
}
