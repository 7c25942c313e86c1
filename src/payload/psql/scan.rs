//! How psql cuts its input into statements and meta-commands.
//!
//! Owns the rules of psqlscan: quotes, nested comments, parentheses, `BEGIN ATOMIC`, variables.
//! Runs nothing and knows no command.

use std::ops::Range;

use super::variables::{Value, Variables, quoted, reference};
use crate::payload::sql::{Lexeme, Sent, Source, lexeme};

/// Substituted variables may hold references of their own; psql stops only at itself.
const MAX_SUBSTITUTIONS: usize = 1_000;
const MAX_BYTES: usize = 1 << 20;

/// What the scanner stopped at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The query buffer is to be sent.
    Statement,
    /// A backslash that starts a meta-command; the position is behind it.
    Backslash,
    End,
}

/// An input text on its way through psql.
pub(super) struct Scanner {
    pub(super) source: Source,
    /// The text, with variables replaced as they are met.
    text: String,
    at: usize,
    /// The statement that is being collected.
    buffer: String,
    /// Where its first byte stands in `text`.
    start: Option<usize>,
    /// Whether its bytes are not those of the source.
    changed: bool,
    /// How many bytes longer `text` has become before `at` than the source is.
    drift: isize,
    substitutions: usize,
    parentheses: usize,
    /// Open `BEGIN`s and `CASE`s of a function body that is no string.
    begins: usize,
    /// The first words of the statement, in lower case.
    words: Vec<String>,
    /// Where the line ends after which data for COPY follows, and where the data ends.
    data: Option<(usize, usize)>,
    pub(super) single_line: bool,
}

impl Scanner {
    pub(super) fn new(source: Source, single_line: bool) -> Self {
        Self {
            text: source.text().to_owned(),
            source,
            at: 0,
            buffer: String::new(),
            start: None,
            changed: false,
            drift: 0,
            substitutions: 0,
            parentheses: 0,
            begins: 0,
            words: Vec::new(),
            data: None,
            single_line,
        }
    }

    /// Scans on to the next stop.
    pub(super) fn next(&mut self, variables: &Variables) -> Stop {
        while self.at < self.text.len() {
            if self.skip_data() {
                continue;
            }
            let (kind, end) = lexeme(&self.text, self.at);
            // A token never runs into the data that COPY takes.
            let end = self
                .data
                .map_or(end, |(line_end, _)| end.min(line_end.max(self.at + 1)));
            match kind {
                Lexeme::Space => {
                    let ends_line = self.single_line
                        && self.parentheses == 0
                        && self.begins == 0
                        && self
                            .text
                            .get(self.at..end)
                            .is_some_and(|space| space.contains('\n'));
                    if self.start.is_some() {
                        self.take(end);
                    } else {
                        self.at = end;
                    }
                    if ends_line && self.start.is_some() {
                        return Stop::Statement;
                    }
                    continue;
                }
                // psql drops comments before the first word.
                Lexeme::Comment if self.start.is_none() => {
                    self.at = end;
                    continue;
                }
                Lexeme::Symbol(b'\\') => {
                    self.at += 1;
                    if self
                        .text
                        .get(self.at..)
                        .is_some_and(|rest| rest.starts_with(';'))
                    {
                        // `\;` joins statements into one message.
                        self.begin();
                        self.at += 1;
                        self.buffer.push(';');
                        self.changed = true;
                        self.words.clear();
                        continue;
                    }
                    return Stop::Backslash;
                }
                Lexeme::Symbol(b':') => {
                    if self.substitute(variables) {
                        continue;
                    }
                    // `::` must not be read as two colons.
                    let double = self
                        .text
                        .get(self.at + 1..)
                        .is_some_and(|rest| rest.starts_with(':'));
                    self.begin();
                    self.take(if double { self.at + 2 } else { end });
                    continue;
                }
                Lexeme::Symbol(b'(') => self.parentheses += 1,
                Lexeme::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
                Lexeme::Symbol(b';') if self.parentheses == 0 && self.begins == 0 => {
                    self.begin();
                    self.take(end);
                    return Stop::Statement;
                }
                Lexeme::Word => self.word(end),
                _ => {}
            }
            self.begin();
            self.take(end);
        }
        Stop::End
    }

    fn begin(&mut self) {
        if self.start.is_none() {
            self.start = Some(self.at);
        }
    }

    fn take(&mut self, end: usize) {
        let end = end.min(self.text.len());
        if let Some(piece) = self.text.get(self.at..end) {
            self.buffer.push_str(piece);
        }
        self.at = end;
    }

    /// `CREATE FUNCTION … BEGIN ATOMIC … END`: semicolons inside do not end the statement.
    fn word(&mut self, end: usize) {
        let word = self
            .text
            .get(self.at..end)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let first: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let defines = matches!(
            first.as_slice(),
            ["create", "function" | "procedure", ..]
                | ["create", "or", "replace", "function" | "procedure", ..]
        );
        if defines && self.parentheses == 0 {
            match word.as_str() {
                "begin" => self.begins += 1,
                "case" if self.begins > 0 => self.begins += 1,
                "end" => self.begins = self.begins.saturating_sub(1),
                _ => {}
            }
        }
        if self.words.len() < 4 {
            self.words.push(word);
        }
    }

    /// Replaces the variable reference at the position. False if there is none.
    fn substitute(&mut self, variables: &Variables) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(reference) = reference(rest) else {
            return false;
        };
        let (length, quote) = (reference.length, reference.quote);
        let value = match variables.get(reference.name) {
            None => return false,
            Some(Value::Known(value)) => quoted(&value, quote),
            Some(Value::Unknown) => {
                let shown = format!(":{}", reference.name);
                quoted(&self.source.add_hole(&shown), quote)
            }
        };
        self.substitutions += 1;
        if self.substitutions > MAX_SUBSTITUTIONS || self.text.len() + value.len() > MAX_BYTES {
            return false;
        }
        self.begin();
        self.changed = true;
        if quote.is_some() {
            // A quoted value is one token: nothing in it is looked at again.
            self.buffer.push_str(&value);
            self.at += length;
            return true;
        }
        self.text.replace_range(self.at..self.at + length, &value);
        let signed = |length: usize| isize::try_from(length).unwrap_or(0);
        self.drift += signed(value.len()) - signed(length);
        if let Some((line_end, data_end)) = &mut self.data {
            *line_end = (*line_end + value.len()).saturating_sub(length);
            *data_end = (*data_end + value.len()).saturating_sub(length);
        }
        true
    }

    /// The collected message, and where it stands.
    pub(super) fn take_message(&mut self) -> Option<(String, Sent)> {
        let start = self.start.take()?;
        let text = std::mem::take(&mut self.buffer);
        let changed = std::mem::take(&mut self.changed) || self.drift != 0;
        let range = self.original(start)..self.original(self.at).max(self.original(start));
        self.reset();
        let sent = if changed {
            Sent::As(range)
        } else {
            Sent::From(start)
        };
        Some((text, sent))
    }

    /// Forgets the collected message (`\r`).
    pub(super) fn reset(&mut self) {
        self.buffer.clear();
        self.start = None;
        self.changed = false;
        self.parentheses = 0;
        self.begins = 0;
        self.words.clear();
    }

    /// An offset in the source for one in the text; near enough for a report.
    fn original(&self, at: usize) -> usize {
        let shifted = isize::try_from(at).unwrap_or(isize::MAX) - self.drift;
        usize::try_from(shifted)
            .unwrap_or(0)
            .min(self.source.text().len())
    }

    /// Marks what follows this line as data for COPY, up to `\.`.
    pub(super) fn expect_data(&mut self) {
        let from = self.data.map_or(self.at, |(_, end)| end.max(self.at));
        let rest = self.text.get(from..).unwrap_or_default();
        let line_end = match self.data {
            // More data follows the data that is already known.
            Some((line_end, _)) => line_end,
            None => rest
                .find('\n')
                .map_or(self.text.len(), |length| from + length + 1),
        };
        let data_start = self.data.map_or(line_end, |(_, end)| end);
        let mut end = data_start;
        for line in self
            .text
            .get(data_start..)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            end += line.len();
            if line.trim_end_matches(['\n', '\r']) == "\\." {
                break;
            }
        }
        self.data = Some((line_end, end));
    }

    fn skip_data(&mut self) -> bool {
        match self.data {
            Some((line_end, data_end)) if self.at >= line_end => {
                self.at = data_end.max(self.at).min(self.text.len());
                self.data = None;
                true
            }
            _ => false,
        }
    }

    /// The rest of the line after the position, which moves behind it.
    pub(super) fn rest_of_line(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        line
    }

    /// The name of the meta-command at the position. `\!` and its like need no space after them.
    pub(super) fn command_name(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut name: String = rest
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '\\')
            .collect();
        if name.starts_with('!') {
            "!".clone_into(&mut name);
        }
        if name.is_empty() && rest.starts_with('\\') {
            "\\".clone_into(&mut name);
        }
        self.at += name.len();
        name
    }

    /// Where a meta-command that began at `start` stands.
    pub(super) fn range_from(&self, start: usize) -> Range<usize> {
        self.original(start)..self.original(self.at)
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(prefix))
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next argument of a meta-command, up to the end of the line or the next backslash.
    pub(super) fn argument(&mut self, variables: &Variables) -> Option<Word> {
        self.skip_blanks();
        let mut word = Word::default();
        let mut any = false;
        while let Some(character) = self.peek() {
            match character {
                c if c.is_whitespace() => break,
                '\\' if !any && word.text.is_empty() => return None,
                '\\' => break,
                '\'' => self.single_quoted(&mut word),
                '`' => self.backtick(&mut word, variables),
                ':' => {
                    if !self.variable(&mut word, variables) {
                        word.text.push(':');
                        self.at += 1;
                    }
                }
                '"' => self.double_quoted(&mut word),
                other => {
                    word.text.push(other);
                    self.at += other.len_utf8();
                }
            }
            any = true;
        }
        any.then_some(word)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|c| c.is_whitespace() && c != '\n') {
            self.at += 1;
        }
    }

    /// Behind an optional `\\`, which ends a meta-command.
    pub(super) fn end_command(&mut self) {
        self.skip_blanks();
        if self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with("\\\\"))
        {
            self.at += 2;
        }
    }

    fn single_quoted(&mut self, word: &mut Word) {
        self.at += 1;
        while let Some(character) = self.peek() {
            self.at += character.len_utf8();
            match character {
                '\'' if self.peek() == Some('\'') => {
                    self.at += 1;
                    word.text.push('\'');
                }
                '\'' => return,
                '\\' => self.escape(word),
                other => word.text.push(other),
            }
        }
    }

    fn escape(&mut self, word: &mut Word) {
        let Some(character) = self.peek() else { return };
        self.at += character.len_utf8();
        match character {
            'n' => word.text.push('\n'),
            't' => word.text.push('\t'),
            'r' => word.text.push('\r'),
            'b' => word.text.push('\u{8}'),
            'f' => word.text.push('\u{c}'),
            '0'..='7' => {
                let mut code = character.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit;
                    self.at += 1;
                }
                word.text.extend(char::from_u32(code & 0xff));
            }
            'x' => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                        break;
                    };
                    code = code * 16 + digit;
                    self.at += 1;
                }
                word.text.extend(char::from_u32(code));
            }
            other => word.text.push(other),
        }
    }

    fn double_quoted(&mut self, word: &mut Word) {
        self.at += 1;
        while let Some(character) = self.peek() {
            self.at += character.len_utf8();
            if character == '"' {
                return;
            }
            word.text.push(character);
        }
    }

    /// `` `command` `` runs in a shell; its output is the argument.
    fn backtick(&mut self, word: &mut Word, variables: &Variables) {
        self.at += 1;
        let mut command = Word::default();
        while let Some(character) = self.peek() {
            if character == '`' {
                self.at += 1;
                break;
            }
            if character != ':' || !self.variable(&mut command, variables) {
                command.text.push(character);
                self.at += character.len_utf8();
            }
        }
        word.unknown = true;
        word.shell.push(command.text);
    }

    fn variable(&mut self, word: &mut Word, variables: &Variables) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(":{?") {
            let length = rest.find('}').map_or(rest.len(), |end| end + 1);
            self.at += length;
            word.text.push_str("TRUE");
            return true;
        }
        let Some(reference) = reference(rest) else {
            return false;
        };
        let length = reference.length;
        match variables.get(reference.name) {
            None => return false,
            Some(Value::Known(value)) => word.text.push_str(&quoted(&value, reference.quote)),
            Some(Value::Unknown) => {
                let shown = format!(":{}", reference.name);
                word.text.push_str(&self.source.add_hole(&shown));
                word.unknown = true;
            }
        }
        self.at += length;
        true
    }
}

/// An argument of a meta-command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether a part of it is known only when it runs.
    pub(super) unknown: bool,
    /// Shell commands that run to make it.
    pub(super) shell: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{Origin, Text};

    fn pieces(text: &str, set: &[(&str, &str)]) -> Vec<String> {
        let mut variables = Variables::default();
        for (name, value) in set {
            variables.set(name, Value::Known((*value).to_owned()));
        }
        let source = Source::new(&Text::known(text), Origin::Verbatim { offset: 0 });
        let mut scanner = Scanner::new(source, false);
        let mut found = Vec::new();
        loop {
            match scanner.next(&variables) {
                Stop::Statement => {
                    let (message, _) = scanner.take_message().unwrap();
                    if message.to_lowercase().contains("from stdin") {
                        scanner.expect_data();
                    }
                    found.push(message);
                }
                Stop::Backslash => {
                    let name = scanner.command_name();
                    let mut line = format!("\\{name}");
                    while let Some(word) = scanner.argument(&variables) {
                        line.push(' ');
                        line.push_str(&word.text);
                        for shell in &word.shell {
                            line.push_str(&format!("`{shell}`"));
                        }
                    }
                    scanner.end_command();
                    found.push(line);
                }
                Stop::End => {
                    found.extend(
                        scanner
                            .take_message()
                            .map(|(message, _)| message.trim().to_owned()),
                    );
                    return found;
                }
            }
        }
    }

    #[test]
    fn input_is_cut_as_psql_cuts_it() {
        for (text, expected) in [
            ("a; b;", vec!["a;", "b;"]),
            ("a;b", vec!["a;", "b"]),
            ("a 'x;y' b;", vec!["a 'x;y' b;"]),
            ("a E'x\\';y' b; c", vec!["a E'x\\';y' b;", "c"]),
            ("a 'x\\'; b", vec!["a 'x\\';", "b"]),
            ("a \"x;y\";", vec!["a \"x;y\";"]),
            ("a $$x;y$$; b", vec!["a $$x;y$$;", "b"]),
            ("a $t$ $$;$$ ; $t$;", vec!["a $t$ $$;$$ ; $t$;"]),
            ("a -- x;y\n; b", vec!["a -- x;y\n;", "b"]),
            (
                "a /* x; /* y; */ z; */ b;",
                vec!["a /* x; /* y; */ z; */ b;"],
            ),
            ("-- x\na;", vec!["a;"]),
            ("a (b; c); d", vec!["a (b; c);", "d"]),
            ("a \\; b; c", vec!["a ; b;", "c"]),
            (
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END; SELECT 2;",
                vec![
                    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END;",
                    "SELECT 2;",
                ],
            ),
            ("BEGIN; a; END;", vec!["BEGIN;", "a;", "END;"]),
            ("\\d t\na;", vec!["\\d t", "a;"]),
            ("\\x \\\\ a;", vec!["\\x", "a;"]),
            ("\\x \\timing\na", vec!["\\x", "\\timing", "a"]),
            ("\\echo 'a\\'b' \"c d\"", vec!["\\echo a'b c d"]),
            ("\\set x `ls -l`", vec!["\\set x `ls -l`"]),
            (
                "COPY t FROM STDIN;\nDROP TABLE t;\n\\.\nSELECT 1;",
                vec!["COPY t FROM STDIN;", "SELECT 1;"],
            ),
            (
                "COPY t FROM STDIN; DELETE FROM u;\n1\n\\.\nSELECT 1;",
                vec!["COPY t FROM STDIN;", "DELETE FROM u;", "SELECT 1;"],
            ),
            (
                "COPY t FROM STDIN;\nDROP TABLE t;\n",
                vec!["COPY t FROM STDIN;"],
            ),
            (
                "COPY t FROM STDIN;\n\\.\nSELECT 1;",
                vec!["COPY t FROM STDIN;", "SELECT 1;"],
            ),
            ("SELECT a[1:2], b::int;", vec!["SELECT a[1:2], b::int;"]),
            ("", vec![]),
            (";", vec![";"]),
        ] {
            assert_eq!(pieces(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn variables_are_replaced_outside_of_quotes() {
        let set = [
            ("x", "DROP"),
            ("y", "a'b"),
            ("z", "1; DROP TABLE t"),
            ("self", ":self"),
        ];
        for (text, expected) in [
            (":x TABLE t;", vec!["DROP TABLE t;"]),
            (
                "SELECT ':x', \":x\", $$:x$$;",
                vec!["SELECT ':x', \":x\", $$:x$$;"],
            ),
            ("SELECT :'y';", vec!["SELECT 'a''b';"]),
            ("SELECT :\"y\";", vec!["SELECT \"a'b\";"]),
            ("SELECT :z;", vec!["SELECT 1;", "DROP TABLE t;"]),
            ("SELECT a::x;", vec!["SELECT a::x;"]),
            ("SELECT :unset;", vec!["SELECT :unset;"]),
            ("\\echo :x", vec!["\\echo DROP"]),
        ] {
            assert_eq!(pieces(text, &set), expected, "{text}");
        }
        assert!(!pieces("SELECT :self;", &set).is_empty());
    }

    #[test]
    fn single_line_mode_ends_statements_at_newlines() {
        let source = Source::new(
            &Text::known("a\nb (\n) c\n"),
            Origin::Verbatim { offset: 0 },
        );
        let mut scanner = Scanner::new(source, true);
        let variables = Variables::default();
        let mut found = Vec::new();
        while scanner.next(&variables) == Stop::Statement {
            found.push(scanner.take_message().unwrap().0);
        }
        assert_eq!(found, ["a\n", "b (\n) c\n"]);
    }
}
