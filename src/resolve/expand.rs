//! Words → fields: tilde, parameter, command and arithmetic expansion, then splitting.

use super::brace;
use super::interpreter::Interpreter;
use super::parameter::Expansion;
use super::text::{Part, Text};
use super::zsh_word::{ZshPattern, combined};
use crate::shell::{Piece, Word};
use crate::world::World;

/// One field that a word becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) text: Text,
    pub(super) splits: bool,
    pub(super) verbatim: Option<usize>,
}

/// Collects the fields of one word.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    current: Text,
    /// Something that makes a field even if it is empty has been seen (quotes, characters).
    started: bool,
    splits: bool,
    /// Values are patterns.
    patterns: bool,
}

impl Fields {
    fn push(&mut self, part: Part) {
        self.current.push(part);
        self.started = true;
    }

    fn end_field(&mut self) {
        if self.started {
            let text = std::mem::take(&mut self.current);
            self.done.push(Field {
                text,
                splits: self.splits,
                verbatim: None,
            });
        }
        self.started = false;
        self.splits = false;
    }

    /// Unquoted text from an expansion: split at `separators`, patterns live.
    fn push_split(&mut self, text: &Text, separators: Option<&str>) {
        for part in text.parts() {
            match part {
                Part::Known(known) => match separators {
                    Some(separators) => self.push_known_split(known, separators),
                    None => {
                        self.push(Part::Unknown(known.clone()));
                        self.splits = true;
                    }
                },
                Part::Glob(_) => self.push(part.clone()),
                Part::Unknown(_) => {
                    self.push(part.clone());
                    self.splits = true;
                }
            }
        }
    }

    fn push_known_split(&mut self, text: &str, separators: &str) {
        let mut rest = text;
        loop {
            let end = rest
                .find(|c: char| separators.contains(c))
                .unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            if !piece.is_empty() {
                if self.patterns {
                    push_pattern(&mut self.current, piece);
                } else {
                    self.current.push_known(piece);
                }
                self.started = true;
            }
            let Some(separator) = after.chars().next() else {
                return;
            };
            if !separator.is_ascii_whitespace() {
                self.started = true;
            }
            self.end_field();
            rest = after.get(separator.len_utf8()..).unwrap_or_default();
        }
    }

    fn finish(mut self) -> Vec<Field> {
        self.end_field();
        self.done
    }
}

/// Unquoted characters: those from the last slash before a pattern character on are a pattern.
pub(super) fn push_pattern(text: &mut Text, characters: &str) {
    let Some(first) = characters.find(['*', '?', '[']) else {
        text.push_known(characters);
        return;
    };
    let bracket_only = !characters.contains(['*', '?']);
    if bracket_only
        && !characters
            .get(first..)
            .is_some_and(|rest| rest.contains(']'))
    {
        text.push_known(characters);
        return;
    }
    let start = characters
        .get(..first)
        .and_then(|head| head.rfind('/'))
        .map_or(0, |at| at + 1);
    text.push_known(characters.get(..start).unwrap_or_default());
    text.push(Part::Glob(
        characters.get(start..).unwrap_or_default().to_owned(),
    ));
}

impl Interpreter<'_> {
    /// All fields of a word as an argument of a command.
    pub(super) fn fields(&mut self, word: &Word) -> Vec<Field> {
        if !self.state.dialect.expands_braces() {
            return self.expand_pieces(&word.pieces);
        }
        let Some(words) = brace::expand(word) else {
            let text = Text::unknown(word.source.as_ref());
            return vec![Field {
                text,
                splits: true,
                verbatim: None,
            }];
        };
        if let [pieces] = words.as_slice() {
            return self.expand_pieces(pieces);
        }
        words
            .iter()
            .flat_map(|pieces| self.expand_pieces(pieces))
            .collect()
    }

    fn expand_pieces(&mut self, pieces: &[Piece]) -> Vec<Field> {
        if self.state.dialect.is_zsh() {
            match self.zsh_pattern(pieces) {
                ZshPattern::Plain => {}
                ZshPattern::Rewritten(pieces) => return self.expand_plain(&pieces),
                ZshPattern::Unknown(text) => {
                    return vec![Field {
                        text,
                        splits: true,
                        verbatim: None,
                    }];
                }
            }
        }
        self.expand_plain(pieces)
    }

    pub(super) fn expand_plain(&mut self, pieces: &[Piece]) -> Vec<Field> {
        if let [Piece::Literal { text, offset } | Piece::Quoted { text, offset }] = pieces {
            let quoted = matches!(pieces, [Piece::Quoted { .. }]);
            if quoted || !text.starts_with('~') {
                let mut value = Text::empty();
                if quoted {
                    value.push_known(text);
                } else {
                    push_pattern(&mut value, text);
                }
                let verbatim = offset.and_then(|offset| self.source.verbatim(offset));
                return vec![Field {
                    text: value,
                    splits: false,
                    verbatim,
                }];
            }
        }
        let separators = self.field_separators();
        let mut fields = Fields::default();
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Literal { text, .. } => {
                    let rest = if index == 0 {
                        self.tilde(text, &mut fields)
                    } else {
                        text
                    };
                    push_pattern(&mut fields.current, rest);
                    fields.started = true;
                }
                Piece::Quoted { text, .. } => {
                    fields.current.push_known(text);
                    fields.started = true;
                }
                Piece::Parameter { parameter, quoted } => {
                    let expansion = self.parameter(parameter, *quoted);
                    let rules = self.value_rules(parameter);
                    let expansion = if rules.combines && pieces.len() > 1 {
                        combined(expansion, &parameter.source)
                    } else {
                        expansion
                    };
                    fields.patterns = rules.patterns;
                    push_expansion(&mut fields, expansion, *quoted, rules.separators.as_deref());
                }
                Piece::Command {
                    list,
                    quoted,
                    source,
                } => {
                    let output = self.command_substitution(list, source);
                    let expansion = Expansion::Scalar(output);
                    fields.patterns = self.state.dialect.globs_values() != Some(false);
                    push_expansion(&mut fields, expansion, *quoted, separators.as_deref());
                }
                Piece::Process {
                    list,
                    output,
                    source,
                } => {
                    let text = self.process_substitution(list, *output, source);
                    fields.current.append(text);
                    fields.started = true;
                }
                Piece::Arithmetic { expression, source } => {
                    let text = self.arithmetic(expression, source);
                    fields.current.append(text);
                    fields.started = true;
                }
            }
        }
        fields.finish()
    }

    /// The value of a word where no splitting happens: assignments, here-documents, `case`.
    pub(super) fn value(&mut self, word: &Word) -> Text {
        let mut text = Text::empty();
        for (index, piece) in word.pieces.iter().enumerate() {
            match piece {
                Piece::Literal {
                    text: characters, ..
                } => {
                    let mut fields = Fields::default();
                    let rest = if index == 0 {
                        self.tilde(characters, &mut fields)
                    } else {
                        characters
                    };
                    text.append(fields.current);
                    text.push_known(rest);
                }
                Piece::Quoted {
                    text: characters, ..
                } => text.push_known(characters),
                Piece::Parameter { parameter, .. } => {
                    let expansion = self.parameter(parameter, true);
                    text.append(expansion.joined());
                }
                Piece::Command { list, source, .. } => {
                    let output = self.command_substitution(list, source);
                    text.append(output);
                }
                Piece::Process {
                    list,
                    output,
                    source,
                } => {
                    let path = self.process_substitution(list, *output, source);
                    text.append(path);
                }
                Piece::Arithmetic { expression, source } => {
                    let value = self.arithmetic(expression, source);
                    text.append(value);
                }
            }
        }
        text
    }

    /// The value of a word as a pattern: quoted characters are escaped. `None` if not known.
    pub(super) fn pattern(&mut self, word: &Word) -> Option<String> {
        let mut pattern = String::new();
        for piece in &word.pieces {
            match piece {
                // Groups, numbers and what else zsh has in patterns are not matched here.
                Piece::Literal { text, .. }
                    if self.state.dialect.is_zsh()
                        && text.contains(['(', '|', '<', '^', '#', '~']) =>
                {
                    return None;
                }
                Piece::Literal { text, .. } => pattern.push_str(text),
                Piece::Quoted { text, .. } => escape_pattern(text, &mut pattern),
                Piece::Parameter { parameter, quoted } => {
                    let value = self.parameter(parameter, *quoted).joined();
                    let text = value.exact()?;
                    if *quoted {
                        escape_pattern(text, &mut pattern);
                    } else {
                        pattern.push_str(text);
                    }
                }
                Piece::Command {
                    list,
                    quoted,
                    source,
                } => {
                    let value = self.command_substitution(list, source);
                    let text = value.exact()?;
                    if *quoted {
                        escape_pattern(text, &mut pattern);
                    } else {
                        pattern.push_str(text);
                    }
                }
                Piece::Process { .. } => return None,
                Piece::Arithmetic { expression, source } => {
                    pattern.push_str(self.arithmetic(expression, source).exact()?);
                }
            }
        }
        Some(pattern)
    }

    /// Expands a leading `~`, and gives what is left of the characters.
    fn tilde<'t>(&self, characters: &'t str, fields: &mut Fields) -> &'t str {
        let Some(after) = characters.strip_prefix('~') else {
            return characters;
        };
        let end = after.find(['/', ':']).unwrap_or(after.len());
        let (user, rest) = after.split_at(end);
        let home = match user {
            "" => match self.scalar("HOME") {
                Some(home) => Some(home),
                None => self
                    .world
                    .home()
                    .map(|home| Text::known(home.to_string_lossy())),
            },
            "+" => Some(self.working_directory()),
            "-" => Some(Text::unknown("~-")),
            user => match self.world.home_of(user) {
                Some(home) => Some(Text::known(home.to_string_lossy())),
                None => self.zsh_named_directory(user),
            },
        };
        match home {
            Some(home) => {
                fields.current.append(home);
                fields.started = true;
                rest
            }
            None => characters,
        }
    }

    /// The characters that split fields; `None` when they are not known.
    pub(super) fn field_separators(&self) -> Option<String> {
        match self.scalar("IFS") {
            None => Some(" \t\n".to_owned()),
            Some(text) => text.exact().map(str::to_owned),
        }
    }
}

fn escape_pattern(text: &str, pattern: &mut String) {
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
}

fn push_expansion(
    fields: &mut Fields,
    expansion: Expansion,
    quoted: bool,
    separators: Option<&str>,
) {
    match expansion {
        Expansion::Scalar(text) | Expansion::Joined(text) if quoted => {
            fields.current.append(text);
            fields.started = true;
        }
        Expansion::Scalar(text) | Expansion::Joined(text) => fields.push_split(&text, separators),
        Expansion::List(texts) => {
            let count = texts.len();
            for (index, text) in texts.into_iter().enumerate() {
                if quoted {
                    fields.current.append(text);
                    fields.started = true;
                } else {
                    fields.push_split(&text, separators);
                }
                if index + 1 < count {
                    fields.end_field();
                }
            }
        }
        Expansion::Unset => fields.started |= quoted,
        Expansion::UnknownList(source) => {
            fields.push(Part::Unknown(source));
            fields.splits = true;
        }
    }
}
