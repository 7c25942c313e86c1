//! Which shell's rules a text follows.
//!
//! Owns the differences between shells, as questions that the parser and the resolver ask.

use std::fmt;

/// A shell's own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Bash,
    /// ksh and mksh, which bash took its extensions from.
    Ksh,
    /// dash and the ash family: POSIX and little more.
    Posix,
    /// Whatever `/bin/sh` is: [`Dialect::readings`] says what it may be.
    Sh,
    Zsh,
    Fish,
    /// csh and tcsh.
    Csh,
    /// Any other program that is a shell by name only (nushell, xonsh, elvish).
    Foreign,
}

/// The rules that a text follows: the shell's, as its options leave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    shell: Shell,
    options: Options,
}

/// What zsh's options change, as far as it decides what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZshOption {
    ShWordSplit,
    GlobSubst,
    KshArrays,
    ExtendedGlob,
    InteractiveComments,
    RcQuotes,
    IgnoreBraces,
    Equals,
    RcExpandParam,
    BraceCcl,
    Aliases,
    ShGlob,
    KshGlob,
    CshNullCmd,
    ShNullCmd,
    PromptSubst,
    BareGlobQual,
    NoGlob,
    BsdEcho,
    AutoCd,
    PosixBuiltins,
}

/// zsh's names for its options, without case and underscores.
const NAMES: &[(&str, ZshOption)] = &[
    ("shwordsplit", ZshOption::ShWordSplit),
    ("globsubst", ZshOption::GlobSubst),
    ("ksharrays", ZshOption::KshArrays),
    ("extendedglob", ZshOption::ExtendedGlob),
    ("interactivecomments", ZshOption::InteractiveComments),
    ("rcquotes", ZshOption::RcQuotes),
    ("ignorebraces", ZshOption::IgnoreBraces),
    ("equals", ZshOption::Equals),
    ("rcexpandparam", ZshOption::RcExpandParam),
    ("braceccl", ZshOption::BraceCcl),
    ("aliases", ZshOption::Aliases),
    ("shglob", ZshOption::ShGlob),
    ("kshglob", ZshOption::KshGlob),
    ("cshnullcmd", ZshOption::CshNullCmd),
    ("shnullcmd", ZshOption::ShNullCmd),
    ("promptsubst", ZshOption::PromptSubst),
    ("promptsubs", ZshOption::PromptSubst),
    ("bareglobqual", ZshOption::BareGlobQual),
    ("bsdecho", ZshOption::BsdEcho),
    ("autocd", ZshOption::AutoCd),
    ("posixbuiltins", ZshOption::PosixBuiltins),
];

/// Options that are on, and those of which it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    on: u32,
    unsure: u32,
}

impl Options {
    const fn with(self, option: ZshOption) -> Self {
        Self {
            on: self.on | bit(option),
            unsure: self.unsure,
        }
    }
}

const fn bit(option: ZshOption) -> u32 {
    1 << option as u32
}

/// zsh as it starts.
const NATIVE: Options = Options { on: 0, unsure: 0 }
    .with(ZshOption::Equals)
    .with(ZshOption::Aliases)
    .with(ZshOption::BareGlobQual)
    .with(ZshOption::InteractiveComments);

/// zsh under `emulate sh` or by the name of `sh`.
const EMULATED: Options = Options { on: 0, unsure: 0 }
    .with(ZshOption::ShWordSplit)
    .with(ZshOption::GlobSubst)
    .with(ZshOption::KshArrays)
    .with(ZshOption::Aliases)
    .with(ZshOption::InteractiveComments)
    .with(ZshOption::ShGlob)
    .with(ZshOption::ShNullCmd)
    .with(ZshOption::BsdEcho)
    .with(ZshOption::PosixBuiltins);

impl Dialect {
    pub const BASH: Self = Self::plain(Shell::Bash);
    pub const POSIX: Self = Self::plain(Shell::Posix);
    pub const ZSH: Self = Self {
        shell: Shell::Zsh,
        options: NATIVE,
    };

    const fn plain(shell: Shell) -> Self {
        Self {
            shell,
            options: Options { on: 0, unsure: 0 },
        }
    }

    /// What a text may be read as: `sh` alone does not say which shell it is. `real` is the name
    /// of the program that `/bin/sh` is on the machine that reads it, if that is known.
    #[must_use]
    pub fn readings(self, real: Option<&str>) -> Vec<Self> {
        match (self.shell, real.map(Self::from)) {
            (Shell::Sh, Some(real)) if real.shell != Shell::Sh => vec![real.as_sh()],
            (Shell::Sh, _) => vec![Self::BASH, Self::POSIX],
            _ => vec![self],
        }
    }

    /// The same shell as it behaves by the name of `sh`.
    #[must_use]
    pub const fn as_sh(self) -> Self {
        match self.shell {
            Shell::Zsh => Self {
                options: EMULATED,
                ..self
            },
            _ => self,
        }
    }

    /// `emulate NAME`: zsh takes on the options of another shell, by its first letter.
    #[must_use]
    pub fn emulating(self, name: &str) -> Self {
        match (self.shell, name.chars().next()) {
            (Shell::Zsh, Some('s' | 'k' | 'b' | 'c')) => self.as_sh(),
            (Shell::Zsh, _) => Self::ZSH,
            _ => self,
        }
    }

    /// With an option set by name, as `setopt` and `-o` do; case, underscores and a leading `no`
    /// count as they do in zsh. Options that change nothing that decides are taken, too.
    #[must_use]
    pub fn with_option(self, name: &str, on: bool) -> Self {
        let plain: String = name
            .chars()
            .filter(|letter| !matches!(letter, '_' | '-'))
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let find = |name: &str| {
            NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, option)| *option)
        };
        if plain == "noglob" || plain == "glob" {
            return self.set(ZshOption::NoGlob, on == (plain == "noglob"));
        }
        match (find(&plain), plain.strip_prefix("no").and_then(find)) {
            (Some(option), _) => self.set(option, on),
            (None, Some(option)) => self.set(option, !on),
            (None, None) => self,
        }
    }

    fn set(mut self, option: ZshOption, on: bool) -> Self {
        self.options.unsure &= !bit(option);
        if on {
            self.options.on |= bit(option);
        } else {
            self.options.on &= !bit(option);
        }
        self
    }

    /// When options were changed that cannot be seen.
    #[must_use]
    pub fn unsure(mut self) -> Self {
        self.options.unsure = u32::MAX;
        self
    }

    /// After one of two ways through a script.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.options.unsure |= other.options.unsure | (self.options.on ^ other.options.on);
        self
    }

    /// Whether a zsh option is on; `None` where it is not known.
    #[must_use]
    pub const fn option(self, option: ZshOption) -> Option<bool> {
        if self.options.unsure & bit(option) != 0 {
            return None;
        }
        Some(self.options.on & bit(option) != 0)
    }

    /// Certainly on.
    #[must_use]
    pub fn has(self, option: ZshOption) -> bool {
        self.option(option) == Some(true)
    }

    /// zsh's grammar: short loops, flags in `${(…)x}`, qualifiers in patterns.
    #[must_use]
    pub const fn is_zsh(self) -> bool {
        matches!(self.shell, Shell::Zsh)
    }

    /// What POSIX leaves out and bash, ksh and zsh share: `[[`, `((`, `function`, `$'…'`, `<<<`,
    /// `<(…)`, `&>`, arrays.
    #[must_use]
    pub const fn has_extensions(self) -> bool {
        matches!(self.shell, Shell::Bash | Shell::Ksh | Shell::Zsh)
    }

    /// Whether `$"…"` is `"…"` in another language; the `$` stays elsewhere.
    #[must_use]
    pub const fn has_locale_quotes(self) -> bool {
        matches!(self.shell, Shell::Bash)
    }

    /// Whether `#` begins a comment.
    #[must_use]
    pub fn has_comments(self) -> bool {
        !self.is_zsh() || self.has(ZshOption::InteractiveComments)
    }

    /// Whether a descriptor may have several digits: `12>file`.
    #[must_use]
    pub const fn has_long_descriptors(self) -> bool {
        matches!(self.shell, Shell::Bash)
    }

    /// A language of its own: only what is as plain as in every shell is read.
    #[must_use]
    pub const fn is_foreign(self) -> bool {
        matches!(self.shell, Shell::Fish | Shell::Csh | Shell::Foreign)
    }

    #[must_use]
    pub const fn is_csh(self) -> bool {
        matches!(self.shell, Shell::Csh)
    }

    /// The shell whose syntax a text may have been written in that this one rejects. What dash
    /// rejects it does not run; but that it is dash may be wrong on the day.
    #[must_use]
    pub const fn lenient(self) -> Option<Self> {
        match self.shell {
            Shell::Posix => Some(Self::BASH),
            _ => None,
        }
    }

    #[must_use]
    pub const fn expands_braces(self) -> bool {
        match self.shell {
            Shell::Posix => false,
            Shell::Zsh => !matches!(self.option(ZshOption::IgnoreBraces), Some(true)),
            _ => true,
        }
    }

    /// Whether `{1..3}` is a sequence; `None` where one shell of the name expands it and another
    /// does not.
    #[must_use]
    pub const fn expands_sequences(self) -> Option<bool> {
        match self.shell {
            Shell::Ksh => None,
            _ => Some(self.expands_braces()),
        }
    }

    /// Whether unquoted values are split into words; `None` where it is not known.
    #[must_use]
    pub const fn splits_words(self) -> Option<bool> {
        match self.shell {
            Shell::Zsh => self.option(ZshOption::ShWordSplit),
            Shell::Fish => Some(false),
            _ => Some(true),
        }
    }

    /// Whether unquoted values are patterns; `None` where it is not known.
    #[must_use]
    pub const fn globs_values(self) -> Option<bool> {
        match self.shell {
            Shell::Zsh => self.option(ZshOption::GlobSubst),
            _ => Some(true),
        }
    }

    /// Whether `$array` is all of its elements, and its first is number 1.
    #[must_use]
    pub const fn lists_arrays(self) -> Option<bool> {
        match self.shell {
            Shell::Zsh => match self.option(ZshOption::KshArrays) {
                Some(on) => Some(!on),
                None => None,
            },
            _ => Some(false),
        }
    }

    /// Whether a script's aliases are expanded in a shell that talks to nobody.
    #[must_use]
    pub const fn expands_aliases(self) -> bool {
        matches!(self.shell, Shell::Zsh | Shell::Posix | Shell::Ksh)
    }

    /// Whether a redirection without a command runs one (`cat`).
    #[must_use]
    pub const fn has_null_command(self) -> bool {
        match (
            self.shell,
            self.option(ZshOption::ShNullCmd),
            self.option(ZshOption::CshNullCmd),
        ) {
            (Shell::Zsh, sh, csh) => !matches!(sh, Some(true)) && !matches!(csh, Some(true)),
            _ => false,
        }
    }

    /// Whether `$0` is a function's name while it runs.
    #[must_use]
    pub const fn names_functions(self) -> bool {
        matches!(self.shell, Shell::Zsh)
    }

    /// Whether functions come with the environment.
    #[must_use]
    pub const fn imports_functions(self) -> bool {
        matches!(self.shell, Shell::Bash)
    }

    /// Whether `echo` reads backslashes without `-e`.
    #[must_use]
    pub fn echo_escapes(self) -> bool {
        match self.shell {
            Shell::Posix => true,
            Shell::Zsh => !self.has(ZshOption::BsdEcho),
            _ => false,
        }
    }

    /// Whether the last command of a pipeline runs in the shell itself; `None` where one shell of
    /// the name does and another does not.
    #[must_use]
    pub const fn keeps_last_stage(self) -> Option<bool> {
        match self.shell {
            Shell::Zsh => Some(true),
            Shell::Ksh => None,
            _ => Some(false),
        }
    }
}

impl From<&str> for Dialect {
    /// By the name of a shell's program. A name that is no shell's is read by bash's rules.
    fn from(name: &str) -> Self {
        let base = name.rsplit('/').next().unwrap_or(name);
        let base = base.strip_prefix('-').unwrap_or(base);
        let base = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        match base {
            "sh" => Self::plain(Shell::Sh),
            "dash" | "ash" | "busybox" => Self::POSIX,
            "zsh" | "rzsh" => Self::ZSH,
            "ksh" | "mksh" | "pdksh" | "lksh" | "oksh" => Self::plain(Shell::Ksh),
            "fish" => Self::plain(Shell::Fish),
            "csh" | "tcsh" => Self::plain(Shell::Csh),
            "nu" | "xonsh" | "elvish" => Self::plain(Shell::Foreign),
            _ => Self::BASH,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.shell {
            Shell::Bash => "bash",
            Shell::Ksh => "ksh",
            Shell::Posix => "dash",
            Shell::Sh => "sh",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Csh => "csh",
            Shell::Foreign => "a shell of its own language",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_as_in_zsh() {
        for (name, on, splits) in [
            ("shwordsplit", true, Some(true)),
            ("SH_WORD_SPLIT", true, Some(true)),
            ("sh-word-split", true, Some(true)),
            ("no_sh_word_split", false, Some(true)),
            ("NOSHWORDSPLIT", true, Some(false)),
            ("globsubst", true, Some(false)),
        ] {
            let dialect = Dialect::ZSH.with_option(name, on);
            assert_eq!(dialect.splits_words(), splits, "{name} {on}");
        }
        // `nomatch` is no `match` that is off.
        assert_eq!(Dialect::ZSH.with_option("nomatch", false), Dialect::ZSH);
    }

    #[test]
    fn what_differs_on_two_ways_is_not_known() {
        let split = Dialect::ZSH.with_option("shwordsplit", true);
        let joined = split.join(Dialect::ZSH);
        assert_eq!(joined.splits_words(), None);
        assert_eq!(joined.globs_values(), Some(false));
        assert_eq!(Dialect::ZSH.unsure().lists_arrays(), None);
    }

    #[test]
    fn sh_is_what_it_is_on_the_machine() {
        let sh = Dialect::from("/bin/sh");
        assert_eq!(sh.readings(Some("dash")), [Dialect::POSIX]);
        assert_eq!(sh.readings(Some("bash")), [Dialect::BASH]);
        assert_eq!(sh.readings(Some("zsh")), [Dialect::ZSH.as_sh()]);
        assert_eq!(sh.readings(None), [Dialect::BASH, Dialect::POSIX]);
        assert_eq!(Dialect::ZSH.readings(Some("dash")), [Dialect::ZSH]);
    }

    #[test]
    fn emulation_takes_on_another_shells_rules() {
        assert_eq!(Dialect::ZSH.emulating("sh").splits_words(), Some(true));
        assert_eq!(Dialect::ZSH.emulating("ksh").lists_arrays(), Some(false));
        assert_eq!(Dialect::ZSH.as_sh().emulating("zsh"), Dialect::ZSH);
        assert_eq!(Dialect::BASH.emulating("zsh"), Dialect::BASH);
    }
}
