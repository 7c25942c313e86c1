//! Declarations of flags, options and commands, as packs write them.
//!
//! Owns their spelling: `-y/--yes`, `--[no-]dry-run`, `--config:3`, `--ids:*`, `--color:?`,
//! `--limit:0-1`. Used
//! by the check of packs and by the reader of argvs; must stay free of every other module but
//! the schema.

use std::borrow::Cow;

use super::schema::{Cli, CommandGrammar};

/// How many words an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// None: a flag.
    Flag,
    /// This many.
    Values(usize),
    /// Every word up to the next option.
    Rest,
    /// Every word up to a `;`, whatever it looks like: a command of its own (`fd -x`).
    Command,
    /// One, and only in the same word: `--color=always`.
    Attached,
    /// One, in the same word or the next if that is no option.
    Optional,
}

/// One declared flag or option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// Every spelling, with its dashes and without `[no-]`; the last is the canonical one.
    pub names: Vec<Cow<'a, str>>,
    pub negatable: bool,
    pub arity: Arity,
}

impl<'a> Declaration<'a> {
    /// Reads a flag (`-y/--yes`, `--[no-]color`).
    pub fn flag(text: &'a str) -> Result<Self, String> {
        Self::read(text, Arity::Flag)
    }

    /// Reads an option with values (`-e/--environment`, `--set:2`).
    pub fn option(text: &'a str) -> Result<Self, String> {
        let (names, arity) = match text.rsplit_once(':') {
            None => (text, Arity::Values(1)),
            Some((names, "*")) => (names, Arity::Rest),
            Some((names, ";")) => (names, Arity::Command),
            Some((names, "?")) => (names, Arity::Attached),
            Some((names, "0-1")) => (names, Arity::Optional),
            Some((names, count)) => match count.parse() {
                Ok(count @ 1..=9) => (names, Arity::Values(count)),
                _ => {
                    return Err(format!(
                        "`{text}`: what follows `:` is 1 to 9, `0-1`, `*`, `;` or `?`"
                    ));
                }
            },
        };
        Self::read(names, arity)
    }

    fn read(text: &'a str, arity: Arity) -> Result<Self, String> {
        let mut names = Vec::new();
        for name in text.split('/') {
            let assignment = name.ends_with('=') && !name.starts_with('-');
            let bare = name.trim_start_matches('-');
            if !(name.starts_with('-') || assignment) || bare.is_empty() || bare == "[no-]" {
                return Err(format!("`{text}`: `{name}` is no flag or option"));
            }
            names.push(match name.split_once("[no-]") {
                Some((dashes, rest)) => Cow::Owned(format!("{dashes}{rest}")),
                None => Cow::Borrowed(name),
            });
        }
        Ok(Self {
            names,
            negatable: text.contains("[no-]"),
            arity,
        })
    }

    /// The name that rules use.
    #[must_use]
    pub fn canonical(&self) -> &str {
        self.names.last().map_or("", |name| name)
    }
}

/// The declarations of one level: the program's own, or a command's.
pub fn declarations<'a>(
    flags: &'a [String],
    options: &'a [String],
) -> impl Iterator<Item = Result<Declaration<'a>, String>> {
    let flags = flags.iter().map(|text| Declaration::flag(text));
    let options = options.iter().map(|text| Declaration::option(text));
    flags.chain(options)
}

/// The words of a command path.
pub fn words(path: &str) -> impl Iterator<Item = &str> {
    path.split_ascii_whitespace()
}

/// Whether a rule's path (`volume delete`, `volume *`, `*`) covers a command.
#[must_use]
pub fn covers(pattern: &str, command: &[String]) -> bool {
    let mut command = command.iter();
    for word in words(pattern) {
        if word == "*" {
            return true;
        }
        if command.next().map(String::as_str) != Some(word) {
            return false;
        }
    }
    command.next().is_none()
}

/// The paths of the commands that one declaration describes.
pub fn paths(node: &CommandGrammar) -> impl Iterator<Item = &String> + Clone {
    std::iter::once(&node.path).chain(&node.also)
}

/// The declared commands of a CLI whose path is exactly this.
pub fn nodes<'a, 'b>(
    cli: &'a Cli,
    path: &'b [String],
) -> impl Iterator<Item = &'a CommandGrammar> + use<'a, 'b> {
    cli.command
        .iter()
        .filter(move |node| paths(node).any(|own| words(own).eq(path.iter().map(String::as_str))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read() {
        let yes = Declaration::flag("-y/--yes").unwrap();
        assert_eq!(yes.canonical(), "--yes");
        assert_eq!(yes.names, ["-y", "--yes"]);
        let dry = Declaration::flag("--[no-]dry-run").unwrap();
        assert_eq!((dry.canonical(), dry.negatable), ("--dry-run", true));
        for (text, arity) in [
            ("-e/--environment", Arity::Values(1)),
            ("--set:2", Arity::Values(2)),
            ("--ids:*", Arity::Rest),
            ("--exec:;", Arity::Command),
            ("--color:?", Arity::Attached),
            ("--limit:0-1", Arity::Optional),
            ("of=", Arity::Values(1)),
        ] {
            assert_eq!(Declaration::option(text).unwrap().arity, arity, "{text}");
        }
        assert!(Declaration::flag("yes").is_err());
        assert!(Declaration::flag("--").is_err());
        assert!(Declaration::option("--x:0").is_err());
    }

    #[test]
    fn a_path_covers_commands() {
        let command = ["volume".to_owned(), "delete".to_owned()];
        for (pattern, yes) in [
            ("volume delete", true),
            ("volume *", true),
            ("*", true),
            ("volume", false),
            ("volume delete all", false),
        ] {
            assert_eq!(covers(pattern, &command), yes, "{pattern}");
        }
    }
}
