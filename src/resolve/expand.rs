//! Words → fields: tilde, parameter, command and arithmetic expansion, then splitting.

use std::rc::Rc;

use super::brace;
use super::interpreter::{ENTRY_WORK, Interpreter};
use super::options::ShellOption;
use super::parameter::Expansion;
use super::pattern::{Pattern, Replacement};
use super::state::Leave;
use super::text::{Part, Text};
use super::zsh_word::{ValueRules, ZshPattern, combined};
use crate::shell::{Operator, Piece, Word};
use crate::world::World;

/// One field that a word becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) text: Text,
    pub(super) splits: bool,
    pub(super) verbatim: Option<usize>,
}

/// Which tildes of a word stand for a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tildes {
    None,
    First,
    AfterColons,
}

/// Collects the fields of one word.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    current: Text,
    /// Something that makes a field even if it is empty has been seen (quotes, characters).
    started: bool,
    /// A quoted list without elements has been seen: it takes the quotes around it with it.
    vanishes: bool,
    /// Whether quoted lists were seen in the word: as many fields, and as one.
    lists: bool,
    joins: bool,
    splits: bool,
    /// The word is one expansion, and nothing stands before or behind it.
    alone: bool,
}

impl Fields {
    fn push(&mut self, part: Part) {
        self.current.push(part);
        self.started = true;
    }

    fn end_field(&mut self) {
        if self.started {
            let mut text = std::mem::take(&mut self.current);
            let full = |part: &Part| matches!(part, Part::Known(_) | Part::Glob(_));
            if self.vanishes && !text.parts().iter().any(full) {
                // Which quotes are around the list is not seen here.
                text.push(Part::Unknown("\"$@\"".to_owned()));
                self.splits = true;
            }
            self.done.push(Field {
                text,
                splits: self.splits,
                verbatim: None,
            });
        }
        self.started = false;
        self.vanishes = false;
        self.splits = false;
    }

    /// Unquoted text from an expansion: split at `separators`, patterns live.
    fn push_split(&mut self, text: &Text, rules: &ValueRules) {
        for part in text.parts() {
            match (part, &rules.separators) {
                (Part::Known(known), Some(separators)) => {
                    self.push_known_split(known, separators, rules.patterns);
                }
                (Part::Known(known), None) => {
                    self.push(Part::Unknown(known.clone()));
                    self.splits = true;
                }
                (Part::Glob(_), _) => self.push(part.clone()),
                (Part::Unknown(_), _) => {
                    self.push(part.clone());
                    self.splits = true;
                }
            }
        }
    }

    /// Blanks among the separators count together, and with the other separator among them.
    fn push_known_split(&mut self, text: &str, separators: &str, globs: bool) {
        let separates = |c: char| separators.contains(c);
        let blank = |c: char| separates(c) && matches!(c, ' ' | '\t' | '\n');
        let mut rest = text;
        loop {
            let end = rest.find(separates).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            if !piece.is_empty() {
                push_pattern(&mut self.current, piece, globs);
                self.started = true;
            }
            if after.is_empty() {
                return;
            }
            let mut next = after.trim_start_matches(blank);
            if let Some(separator) = next.chars().next().filter(|c| separates(*c)) {
                self.started = true;
                next = next
                    .get(separator.len_utf8()..)
                    .unwrap_or_default()
                    .trim_start_matches(blank);
            }
            self.end_field();
            rest = next;
        }
    }

    fn finish(mut self) -> Vec<Field> {
        self.end_field();
        if self.lists && self.joins {
            // Then bash splits what it has joined, in some of the forms.
            return vec![Field {
                text: Text::unknown("\"$@$*\""),
                splits: true,
                verbatim: None,
            }];
        }
        self.done
    }
}

/// Unquoted characters: those from the last slash before a pattern character on are a pattern.
pub(super) fn push_pattern(text: &mut Text, characters: &str, globs: bool) {
    let special = characters.find(['*', '?', '[']).or_else(|| {
        let group = |token: &&str| characters.contains(*token);
        ["+(", "@(", "!("]
            .iter()
            .find(|t| group(t))
            .and_then(|t| characters.find(*t))
    });
    let Some(first) = special.filter(|_| globs) else {
        text.push_known(characters);
        return;
    };
    let bracket_only = !characters.contains(['*', '?', '(']);
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
        let Some(words) = self.braces(word) else {
            return vec![self.unknown_word(word)];
        };
        if let [pieces] = words.as_slice() {
            return self.expand_pieces(pieces);
        }
        if !self.spend(words.len() * ENTRY_WORK) {
            return Vec::new();
        }
        words
            .iter()
            .flat_map(|pieces| self.expand_pieces(pieces))
            .collect()
    }

    /// The words that braces make of one; `None` if they are not known.
    pub(super) fn braces(&self, word: &Word) -> Option<Vec<Vec<Piece>>> {
        let expands = match self.state.options.get(ShellOption::BraceExpand) {
            Some(on) => on && self.state.dialect.expands_braces(),
            None if word.source.contains('{') => {
                return brace::expand(word).filter(|words| words.len() == 1);
            }
            None => false,
        };
        if !expands {
            return Some(vec![word.pieces.clone()]);
        }
        let sequence = word.source.contains('{') && word.source.contains("..");
        let sure = self.state.dialect.expands_sequences().is_some();
        brace::expand(word).filter(|_| sure || !sequence)
    }

    /// A word that may become any number of fields. What is in it runs all the same.
    pub(super) fn unknown_word(&mut self, word: &Word) -> Field {
        // A sequence may bring a quote that nothing closes.
        self.may_fail(&[Leave::Line, Leave::Exit]);
        self.expand_pieces(&word.pieces);
        Field {
            text: Text::unknown(word.source.as_ref()),
            splits: true,
            verbatim: None,
        }
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
        let globs = !self.state.options.has(ShellOption::NoGlob);
        if let [Piece::Literal { text, offset } | Piece::Quoted { text, offset }] = pieces {
            let quoted = matches!(pieces, [Piece::Quoted { .. }]);
            if text.is_empty() && !quoted {
                return Vec::new();
            }
            if quoted || !(text.starts_with('~') || text.contains("=~")) {
                let value = if quoted {
                    self.literal(text)
                } else {
                    let mut value = Text::empty();
                    push_pattern(&mut value, text, globs);
                    value
                };
                let verbatim = offset.and_then(|offset| self.source.verbatim(offset));
                return vec![Field {
                    splits: value.is_several(),
                    text: value.of_one(),
                    verbatim,
                }];
            }
        }
        let mut fields = Fields {
            alone: pieces.len() == 1,
            ..Fields::default()
        };
        self.push_pieces(pieces, false, &mut fields);
        fields.finish()
    }

    /// Expands pieces into fields. `operand`: they stand after `:-`, so that what is not quoted is
    /// split like any other value.
    fn push_pieces(&mut self, pieces: &[Piece], operand: bool, fields: &mut Fields) {
        let globs = !self.state.options.has(ShellOption::NoGlob);
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Literal { text, .. } => {
                    let rules = self.value_rules(None);
                    let mut rest = text.as_str();
                    // A prefix that goes on in the next piece is none.
                    let ends = text.contains('/') || pieces.len() == 1;
                    if index == 0 && ends {
                        let (home, after) = self.tilde(text);
                        if let Some(home) = home {
                            fields.current.append(home);
                            fields.started = true;
                        }
                        rest = after;
                    }
                    if operand {
                        fields.push_split(&Text::known(rest), &rules);
                        continue;
                    }
                    // bash expands a tilde in whatever looks like an assignment.
                    let assigned = (index == 0)
                        .then(|| rest.split_once("=~"))
                        .flatten()
                        .filter(|(name, _)| crate::shell::is_name(name));
                    if let Some((name, _)) = assigned {
                        let (head, tail) = rest.split_at(name.len() + 1);
                        fields.current.push_known(head);
                        let (home, after) = self.tilde(tail);
                        fields.current.append(home.unwrap_or_default());
                        rest = after;
                    }
                    push_pattern(&mut fields.current, rest, globs);
                    fields.started = true;
                }
                Piece::Quoted { text, .. } => {
                    let value = self.literal(text);
                    fields.current.append(value.of_one());
                    fields.splits |= value.is_several();
                    fields.started = true;
                }
                Piece::Parameter { parameter, quoted } => {
                    let expansion = self.parameter(parameter, *quoted);
                    let rules = self.value_rules(Some(parameter));
                    let expansion = if rules.combines && pieces.len() > 1 {
                        combined(expansion, &parameter.source)
                    } else {
                        expansion
                    };
                    self.push_expansion(fields, expansion, *quoted, &rules);
                }
                Piece::Command {
                    list,
                    quoted,
                    source,
                } => {
                    let output = self.command_substitution(list, source);
                    // What a command prints is split in zsh, too.
                    let rules = ValueRules {
                        separators: self.field_separators(),
                        ..self.value_rules(None)
                    };
                    self.push_expansion(fields, Expansion::Scalar(output), *quoted, &rules);
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
                Piece::Arithmetic {
                    expression,
                    quoted,
                    source,
                } => {
                    let text = self.arithmetic(expression, source);
                    // A number is one word, unless digits separate words.
                    let plain = self.field_separators().is_some_and(|found| {
                        !found.contains(|c: char| c.is_ascii_digit() || c == '-')
                    });
                    let rules = self.value_rules(None);
                    self.push_expansion(fields, Expansion::Scalar(text), *quoted || plain, &rules);
                }
            }
        }
    }

    fn push_expansion(
        &mut self,
        fields: &mut Fields,
        expansion: Expansion,
        quoted: bool,
        rules: &ValueRules,
    ) {
        match expansion {
            Expansion::Operand(word) => {
                fields.started |= quoted;
                let alone = fields.alone;
                fields.alone &= word.pieces.len() == 1;
                self.push_pieces(&word.pieces, !quoted, fields);
                fields.alone = alone;
            }
            // Of no word at all, what stands around it becomes one.
            Expansion::List(texts) | Expansion::Star(texts)
                if !fields.alone && texts.iter().any(Text::is_several) =>
            {
                let shown = self.join(&texts, false);
                fields.push(Part::Unknown(shown.display().into_owned()));
                fields.splits = true;
            }
            Expansion::Scalar(text) if quoted => {
                fields.current.append(text);
                fields.started = true;
            }
            Expansion::Scalar(text) => fields.push_split(&text, rules),
            Expansion::Star(texts) if quoted => {
                let joined = self.join(&texts, true);
                fields.joins |= texts.len() > 1;
                fields.current.append(joined);
                fields.started = true;
            }
            // bash joins them and splits the whole; a blank makes no difference.
            Expansion::List(texts) | Expansion::Star(texts)
                if !quoted
                    && self.state.dialect.has_extensions()
                    && !self.state.dialect.is_zsh()
                    && let Some(first) = rules.first_separator() =>
            {
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        fields.push_split(&Text::known(first), rules);
                    }
                    fields.push_split(&text.of_one(), rules);
                    fields.splits |= text.is_several();
                }
            }
            Expansion::List(texts) | Expansion::Star(texts) => {
                let count = texts.len();
                fields.vanishes |= quoted && count == 0;
                fields.lists |= quoted;
                for (index, text) in texts.into_iter().enumerate() {
                    fields.started |= quoted;
                    if quoted {
                        fields.current.append(text.of_one());
                    } else {
                        fields.push_split(&text.of_one(), rules);
                    }
                    fields.splits |= text.is_several();
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

    /// The value of a word where no splitting happens: here-documents, `case`.
    pub(super) fn value(&mut self, word: &Word) -> Text {
        self.unsplit(word, Tildes::First)
    }

    /// The value of an assignment: tildes after colons are expanded, too.
    pub(super) fn assigned_value(&mut self, word: &Word) -> Text {
        self.unsplit(word, Tildes::AfterColons)
    }

    /// The value of a word in the list of an associative array: tildes are characters there.
    pub(super) fn listed_value(&mut self, word: &Word) -> Text {
        self.unsplit(word, Tildes::None)
    }

    fn unsplit(&mut self, word: &Word, tildes: Tildes) -> Text {
        let mut text = Text::empty();
        for (index, piece) in word.pieces.iter().enumerate() {
            match piece {
                Piece::Literal {
                    text: characters, ..
                } => {
                    let mut first = index == 0 && tildes != Tildes::None;
                    let parts: Vec<&str> = match tildes {
                        Tildes::AfterColons => characters.split_inclusive(':').collect(),
                        Tildes::None | Tildes::First => vec![characters.as_str()],
                    };
                    for part in parts {
                        // A prefix that goes on in the next piece is none.
                        let ends = part.contains('/')
                            || tildes == Tildes::AfterColons && part.ends_with(':')
                            || word.pieces.len() == index + 1;
                        let (home, rest) = match first && ends {
                            true => self.tilde(part),
                            false => (None, part),
                        };
                        text.append(home.unwrap_or_default());
                        text.push_known(rest);
                        first = true;
                    }
                }
                Piece::Quoted {
                    text: characters, ..
                } => text.append(self.literal(characters).of_one()),
                Piece::Parameter { parameter, .. } => {
                    let expansion = self.parameter(parameter, true);
                    let changed =
                        parameter.indirect || !matches!(parameter.operator, Operator::None);
                    // What stands between them then depends on where the word is.
                    let separators = self.field_separators();
                    let blank = separators.is_some_and(|found| found.starts_with(' '));
                    let joined = match &expansion {
                        Expansion::List(texts) if texts.len() > 1 && changed && !blank => {
                            Text::unknown(parameter.source.as_ref())
                        }
                        _ => self.joined(expansion),
                    };
                    text.append(joined);
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
                Piece::Arithmetic {
                    expression, source, ..
                } => {
                    let value = self.arithmetic(expression, source);
                    text.append(value);
                }
            }
        }
        text
    }

    /// A word as a pattern of a parameter expansion; `None` if it is not known.
    pub(super) fn pattern(&mut self, word: &Word) -> Option<Pattern> {
        let text = self.pattern_text(word)?;
        let groups = self.state.options.get(ShellOption::ExtGlob);
        let groups = groups.or_else(|| (!text.contains('(')).then_some(false))?;
        let fold = self.state.options.get(ShellOption::NoCaseMatch)?;
        Some(Pattern::new(&text, groups, fold))
    }

    /// The text of a word as a pattern: quoted characters are escaped. `None` if not known.
    pub(super) fn pattern_text(&mut self, word: &Word) -> Option<String> {
        let mut pattern = Some(String::new());
        for (index, piece) in word.pieces.iter().enumerate() {
            // What stands behind a piece that is not known is expanded all the same.
            let found = self.pattern_piece(piece, index == 0);
            pattern = pattern
                .zip(found)
                .map(|(pattern, found)| pattern + found.as_str());
        }
        pattern
    }

    fn pattern_piece(&mut self, piece: &Piece, first: bool) -> Option<String> {
        let mut pattern = String::new();
        {
            let (text, quoted) = match piece {
                Piece::Literal { text, .. } if first && text.starts_with('~') => {
                    let (home, rest) = self.tilde(text);
                    escape_pattern(home.unwrap_or_default().exact()?, &mut pattern);
                    (Text::known(rest), false)
                }
                // Groups, numbers and what else zsh has in patterns are not matched here.
                Piece::Literal { text, .. }
                    if self.state.dialect.is_zsh()
                        && text.contains(['(', '|', '<', '^', '#', '~']) =>
                {
                    return None;
                }
                Piece::Literal { text, .. } => (Text::known(text.as_str()), false),
                Piece::Quoted { text, .. } => (self.literal(text), true),
                Piece::Parameter { parameter, quoted } => {
                    match self.parameter(parameter, *quoted) {
                        Expansion::Operand(word) if !quoted => {
                            return self.pattern_text(&word);
                        }
                        expansion => (self.joined(expansion), *quoted),
                    }
                }
                Piece::Command {
                    list,
                    quoted,
                    source,
                } => (self.command_substitution(list, source), *quoted),
                Piece::Process { .. } => return None,
                Piece::Arithmetic {
                    expression, source, ..
                } => (self.arithmetic(expression, source), false),
            };
            if quoted {
                escape_pattern(text.exact()?, &mut pattern);
            } else {
                pattern.push_str(text.exact()?);
            }
        }
        Some(pattern)
    }

    /// What replaces a match: an `&` that is not quoted stands for the match, if `live`.
    pub(super) fn replacement(&mut self, word: &Word, live: bool) -> Option<Replacement> {
        let mut found = Replacement::new();
        let mut known = true;
        for (index, piece) in word.pieces.iter().enumerate() {
            let single = Word {
                pieces: vec![piece.clone()],
                span: word.span,
                source: Rc::clone(&word.source),
            };
            let text = if index == 0 {
                self.value(&single)
            } else {
                self.unsplit_rest(&single)
            };
            let Some(text) = text.exact() else {
                known = false;
                continue;
            };
            let quoted = match piece {
                Piece::Quoted { .. } => true,
                Piece::Parameter { quoted, .. } | Piece::Command { quoted, .. } => *quoted,
                Piece::Literal { .. } | Piece::Process { .. } | Piece::Arithmetic { .. } => false,
            };
            if quoted || !live {
                found.push(Some(text.to_owned()));
                continue;
            }
            if text.contains('\\') {
                known = false;
                continue;
            }
            for (index, part) in text.split('&').enumerate() {
                if index > 0 {
                    found.push(None);
                }
                found.push(Some(part.to_owned()));
            }
        }
        known.then_some(found)
    }

    fn unsplit_rest(&mut self, word: &Word) -> Text {
        match word.pieces.as_slice() {
            [Piece::Literal { text, .. }] => Text::known(text.as_str()),
            _ => self.value(word),
        }
    }

    /// Expands a leading `~`: the home directory, and what is left of the characters.
    fn tilde<'t>(&self, characters: &'t str) -> (Option<Text>, &'t str) {
        let Some(after) = characters.strip_prefix('~') else {
            return (None, characters);
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
            "-" => self.scalar("OLDPWD"),
            user => match self.world.home_of(user) {
                Some(home) => Some(Text::known(home.to_string_lossy())),
                None => self.zsh_named_directory(user),
            },
        };
        match home {
            Some(home) => (Some(home), rest),
            None => (None, characters),
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
        if !character.is_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
}
