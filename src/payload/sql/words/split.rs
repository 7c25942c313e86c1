//! Where a statement ends.

use super::token::{Kind, Lexer, Token, Versioned};
use crate::payload::sql::Dialect;

/// Follows one statement from its first token on, and knows its end: a `;` that is not inside of
/// the body of a trigger or a stored program.
#[derive(Default)]
struct Boundary {
    count: usize,
    creates: bool,
    /// Whether it has a body, as soon as that is known.
    has_body: Option<bool>,
    depth: usize,
    /// The token before was `END`, perhaps of an `END IF`.
    after_end: bool,
    /// The token before, and the one before that, end a statement of the body: `; END`.
    closing: u8,
    before: Option<(Kind, u8)>,
}

impl Boundary {
    /// Whether the statement ends with this token.
    fn ends(&mut self, token: &Token, dialect: Dialect) -> bool {
        let word = if token.kind == Kind::Word {
            token.text.as_str()
        } else {
            ""
        };
        let is_end = token.is(";");
        match self.count {
            0 => self.creates = word == "create",
            1 if word == "not" && dialect == Dialect::Mysql => {
                self.has_body = Some(self.depth == 1);
            }
            _ => {}
        }
        if self.creates && self.has_body.is_none() {
            self.has_body = match word {
                "trigger" => Some(true),
                "procedure" | "function" | "event" | "package" => Some(dialect == Dialect::Mysql),
                "table" | "view" | "index" | "database" | "schema" | "user" | "role" | "server"
                | "sequence" => Some(false),
                _ => None,
            };
        }
        let ended = match dialect {
            Dialect::Sqlite => is_end && (self.has_body != Some(true) || self.closing == 2),
            _ => {
                self.follow(word);
                is_end && (self.has_body != Some(true) || self.depth == 0)
            }
        };
        self.closing = match word {
            "end" if self.closing == 1 => 2,
            _ if is_end => 1,
            _ => 0,
        };
        self.before = Some((token.kind, token.text.bytes().next().unwrap_or(0)));
        self.count += 1;
        ended
    }

    fn follow(&mut self, word: &str) {
        let after_end = std::mem::take(&mut self.after_end);
        // `NEW.begin`, `x = begin`: a column.
        let is_column = matches!(self.before, Some((Kind::Symbol, symbol))
            if !matches!(symbol, b';' | b')' | b':'));
        match word {
            "if" | "loop" | "while" | "repeat" | "for" if after_end => self.depth += 1,
            "case" if after_end => {}
            "begin" | "case" if !is_column || word == "case" => self.depth += 1,
            "end" if !is_column => {
                self.depth = self.depth.saturating_sub(1);
                self.after_end = true;
            }
            _ => {}
        }
    }
}

/// The statements among these tokens, without what separates them.
pub(super) fn statements(tokens: &[Token], dialect: Dialect) -> Vec<&[Token]> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        let mut boundary = Boundary::default();
        let end = rest
            .iter()
            .position(|token| boundary.ends(token, dialect))
            // A body that does not end is none.
            .or_else(|| rest.iter().position(|token| token.is(";")))
            .unwrap_or(rest.len());
        let (statement, after) = rest.split_at(end);
        if !statement.is_empty() {
            found.push(statement);
        }
        rest = after.get(1..).unwrap_or_default();
    }
    found
}

/// Why a client stops reading a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its delimiter.
    Delimiter,
    /// A backslash, with which a command of the mysql client begins.
    Backslash,
    /// The end of the text.
    End,
}

/// How far the statement at `start` goes as a client reads it, why it ends there, and where the
/// next one begins. A client with a `delimiter` of its own knows no bodies.
#[must_use]
pub fn statement_end(
    dialect: Dialect,
    text: &str,
    start: usize,
    delimiter: Option<&str>,
) -> (usize, Stop, usize) {
    let mut boundary = Boundary::default();
    for token in Lexer::new(dialect, text, start, Versioned::Runs) {
        let (from, to) = (token.range.start, token.range.end);
        if matches!(token.kind, Kind::Word | Kind::Symbol)
            && let Some(mark) = delimiter.filter(|mark| !mark.is_empty())
        {
            // `END$$` ends with it, though `$` may stand in a word.
            let piece = text.as_bytes().get(from..to + mark.len() - 1);
            let piece = piece.or(text.as_bytes().get(from..)).unwrap_or_default();
            let mut places = piece.windows(mark.len());
            if let Some(at) = places.position(|place| place == mark.as_bytes()) {
                return (from + at, Stop::Delimiter, from + at + mark.len());
            }
            if token.is("\\") {
                return (from, Stop::Backslash, to);
            }
        } else if delimiter.is_none() && boundary.ends(&token, dialect) {
            return (from, Stop::Delimiter, to);
        }
    }
    (text.len(), Stop::End, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, dialect: Dialect) -> usize {
        let tokens: Vec<Token> = Lexer::new(dialect, text, 0, Versioned::Runs).collect();
        statements(&tokens, dialect).len()
    }

    #[test]
    fn bodies_hold_their_statements() {
        for (text, mysql, sqlite) in [
            ("a; b;; c", 3, 3),
            (
                "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END; SELECT 1",
                2,
                2,
            ),
            (
                "CREATE PROCEDURE p() BEGIN IF a THEN SELECT CASE b WHEN 1 THEN 2 END; END IF; END; b",
                2,
                4,
            ),
            ("CREATE TABLE event (a int); b", 2, 2),
            // Its body does not end: each statement counts.
            (
                "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.begin = 1; DROP TABLE y",
                2,
                2,
            ),
            (
                "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE; END; DROP TABLE t",
                3,
                2,
            ),
            ("BEGIN; DELETE FROM t; COMMIT", 3, 3),
            ("BEGIN NOT ATOMIC DELETE FROM t; END; b", 2, 3),
        ] {
            assert_eq!(count(text, Dialect::Mysql), mysql, "{text}");
            assert_eq!(count(text, Dialect::Sqlite), sqlite, "{text}");
        }
    }

    #[test]
    fn a_client_ends_at_its_delimiter() {
        for (text, delimiter, expected) in [
            ("a; b", ";", (1, Stop::Delimiter, 2)),
            ("a ';' \"$$\" END$$ b", "$$", (14, Stop::Delimiter, 16)),
            ("a // b", "//", (2, Stop::Delimiter, 4)),
            ("a \\! rm", ";", (2, Stop::Backslash, 3)),
            ("a", ";", (1, Stop::End, 1)),
        ] {
            let found = statement_end(Dialect::Mysql, text, 0, Some(delimiter));
            assert_eq!(found, expected, "{text}");
        }
    }
}
