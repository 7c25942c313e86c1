//! The lexical level of MySQL's and SQLite's SQL.

use std::ops::Range;

use crate::payload::sql::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::payload::sql) enum Kind {
    Word,
    /// An identifier in quotes.
    Name,
    /// A string.
    Text,
    Number,
    Symbol,
}

/// A word in small letters, the content of what is quoted, or one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::payload::sql) struct Token {
    pub(in crate::payload::sql) kind: Kind,
    pub(in crate::payload::sql) text: String,
    pub(in crate::payload::sql) range: Range<usize>,
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol) && self.text == word
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }
}

/// What a server does with `/*!80000 … */`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versioned {
    Runs,
    /// What no server of today is too old for runs; the rest is a comment.
    OldRuns,
}

/// Every server that is still in use is at least this one (MySQL's way to write a version).
const OLDEST: u32 = 50_700;

/// Tokens of a text from an offset on.
pub(super) struct Lexer<'t> {
    pub(super) dialect: Dialect,
    pub(super) text: &'t str,
    pub(super) at: usize,
    versioned: Versioned,
    /// How many `/*!` are open.
    open: usize,
    /// Whether the two readings of versioned comments differ.
    pub(super) doubtful: bool,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(
        dialect: Dialect,
        text: &'t str,
        at: usize,
        versioned: Versioned,
    ) -> Self {
        Self {
            dialect,
            text,
            at,
            versioned,
            open: 0,
            doubtful: false,
        }
    }

    fn byte(&self, index: usize) -> u8 {
        self.text.as_bytes().get(index).copied().unwrap_or(0)
    }

    fn end_while(&self, start: usize, inside: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().iter().skip(start);
        let length = rest.take_while(|byte| inside(**byte)).count();
        start + length
    }

    fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where the blank or comment at the position ends; `None` if there is none.
    fn blank(&mut self) -> Option<usize> {
        let at = self.at;
        let is_mysql = self.dialect == Dialect::Mysql;
        match (self.byte(at), self.byte(at + 1)) {
            (byte, _) if byte.is_ascii_whitespace() || byte == 0x0b => Some(at + 1),
            // To MySQL, `a--b` is a sum.
            (b'-', b'-') if !is_mysql || self.byte(at + 2) <= b' ' => {
                Some(self.end_while(at, |byte| byte != b'\n'))
            }
            (b'#', _) if is_mysql => Some(self.end_while(at, |byte| byte != b'\n')),
            (b'*', b'/') if self.open > 0 => {
                self.open -= 1;
                Some(at + 2)
            }
            (b'/', b'*') => Some(self.comment(at)),
            _ => None,
        }
    }

    fn comment(&mut self, at: usize) -> usize {
        let maria = usize::from(self.byte(at + 2) == b'M' && self.byte(at + 3) == b'!');
        let runs = self.byte(at + 2 + maria) == b'!' && self.dialect == Dialect::Mysql;
        if runs {
            let start = at + 3 + maria;
            let end = self.end_while(start, |byte| byte.is_ascii_digit());
            let version: u32 = self.slice(start..end).parse().unwrap_or(0);
            let doubtful = maria > 0 || version > OLDEST;
            self.doubtful |= doubtful;
            if !doubtful || self.versioned == Versioned::Runs {
                self.open += 1;
                return end;
            }
        }
        match self.text.get(at + 2..).and_then(|rest| rest.find("*/")) {
            Some(length) => at + 2 + length + 2,
            None => self.text.len(),
        }
    }

    /// The content of a quoted token, and where it ends.
    fn quoted(&self, start: usize, close: u8, escapes: bool) -> (String, usize) {
        let mut content = Vec::new();
        let mut index = start;
        while index < self.text.len() {
            let byte = self.byte(index);
            if byte == b'\\' && escapes {
                content.push(match self.byte(index + 1) {
                    b'n' => b'\n',
                    b't' => b'\t',
                    other => other,
                });
                index += 2;
            } else if byte == close {
                if self.byte(index + 1) != close || close == b']' {
                    return (String::from_utf8_lossy(&content).into_owned(), index + 1);
                }
                content.push(byte);
                index += 2;
            } else {
                content.push(byte);
                index += 1;
            }
        }
        let content = String::from_utf8_lossy(&content).into_owned();
        (content, self.text.len())
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while self.at < self.text.len() {
            let Some(end) = self.blank() else { break };
            self.at = end;
        }
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let is_mysql = self.dialect == Dialect::Mysql;
        let first = self.byte(start);
        let (kind, text, end) = match first {
            b'\'' => {
                let (text, end) = self.quoted(start + 1, first, is_mysql);
                (Kind::Text, text, end)
            }
            b'"' if is_mysql => {
                let (text, end) = self.quoted(start + 1, first, true);
                (Kind::Text, text, end)
            }
            b'"' | b'`' => {
                let (text, end) = self.quoted(start + 1, first, false);
                (Kind::Name, text, end)
            }
            b'[' if !is_mysql => {
                let (text, end) = self.quoted(start + 1, b']', false);
                (Kind::Name, text, end)
            }
            b'0'..=b'9' => {
                let end = self.end_while(start, |byte| is_inside(byte) || byte == b'.');
                let text = self.slice(start..end);
                // MySQL's names may begin with a digit.
                let digits = text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.');
                let is_number = !is_mysql || digits || text.starts_with("0x");
                let kind = if is_number { Kind::Number } else { Kind::Word };
                (kind, text.to_lowercase(), end)
            }
            _ if is_inside(first) => {
                let end = self.end_while(start, is_inside);
                (Kind::Word, self.slice(start..end).to_lowercase(), end)
            }
            _ => (Kind::Symbol, char::from(first).to_string(), start + 1),
        };
        self.at = end;
        Some(Token {
            kind,
            text,
            range: start..end,
        })
    }
}

const fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, dialect: Dialect) -> Vec<String> {
        let lexer = Lexer::new(dialect, text, 0, Versioned::Runs);
        lexer.map(|token| token.text).collect()
    }

    #[test]
    fn mysql_ends_quotes_and_comments_as_mysql_does() {
        for (text, expected) in [
            ("a 'b\\';c''d' e", vec!["a", "b';c'd", "e"]),
            ("\"a;b\" `c``d`", vec!["a;b", "c`d"]),
            ("a -- b;\nc", vec!["a", "c"]),
            ("a--1", vec!["a", "-", "-", "1"]),
            ("a # b\nc", vec!["a", "c"]),
            ("a /* b */ c", vec!["a", "c"]),
            ("/*!50003 DROP */ a*/", vec!["drop", "a", "*", "/"]),
            ("/*! a /* b */ c */ d", vec!["a", "c", "d"]),
            ("2*/*c*/3", vec!["2", "*", "3"]),
            ("2nd 0x1F 1.5", vec!["2nd", "0x1f", "1.5"]),
            ("'open", vec!["open"]),
            ("'\\", vec!["\0"]),
            ("/* open", vec![]),
        ] {
            assert_eq!(words(text, Dialect::Mysql), expected, "{text}");
        }
    }

    #[test]
    fn sqlite_knows_four_quotes_and_no_escapes() {
        for (text, expected) in [
            ("'a\\' b", vec!["a\\", "b"]),
            ("\"a\" `b` [c;d] x'00'", vec!["a", "b", "c;d", "x", "00"]),
            ("a--b\nc # d", vec!["a", "c", "#", "d"]),
            ("/*! a */ b", vec!["b"]),
            ("[open", vec!["open"]),
        ] {
            assert_eq!(words(text, Dialect::Sqlite), expected, "{text}");
        }
    }
}
