//! A place in a statement, and the clauses that several statements share.

use std::ops::Range;

use super::token::{Kind, Token};
use crate::effect::Reversibility;
use crate::payload::sql::Dialect;
use crate::payload::sql::judgement::Act;
use crate::payload::sql::source::is_hole;

/// A statement, read from front to back.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) at: usize,
    pub(super) dialect: Dialect,
}

impl<'t> Reader<'t> {
    pub(super) const fn new(tokens: &'t [Token], dialect: Dialect) -> Self {
        Self {
            tokens,
            at: 0,
            dialect,
        }
    }

    pub(super) fn is_mysql(&self) -> bool {
        self.dialect == Dialect::Mysql
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn rest(&self) -> &'t [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// The bytes of the whole statement.
    pub(super) fn range(&self) -> Range<usize> {
        let start = self.tokens.first().map_or(0, |token| token.range.start);
        let end = self.tokens.last().map_or(0, |token| token.range.end);
        start..end
    }

    /// The next token's word; empty if it is none.
    pub(super) fn word(&self) -> &'t str {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => &token.text,
            _ => "",
        }
    }

    pub(super) fn next_word(&mut self) -> &'t str {
        let word = self.word();
        self.at += 1;
        word
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(word));
        self.at += usize::from(found);
        found
    }

    /// Skips any number of these words.
    pub(super) fn skip(&mut self, words: &[&str]) {
        while words.contains(&self.word()) {
            self.at += 1;
        }
    }

    /// A name, perhaps with the schema before it: `app.users`.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = self.part()?;
        while self.eat(".") {
            name.push('.');
            match self.part() {
                Some(part) => name.push_str(&part),
                None => break,
            }
        }
        Some(name)
    }

    fn part(&mut self) -> Option<String> {
        let token = self.peek()?;
        // MySQL takes a string for some names, `*` stands in privileges, SQLite takes a string.
        let fits = token.is_name() || token.kind == Kind::Text || token.is("*");
        self.at += usize::from(fits);
        fits.then(|| token.text.clone())
    }

    /// Names between commas.
    pub(super) fn names(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.name().into_iter().collect();
        while self.eat(",") {
            names.extend(self.name());
        }
        names
    }

    pub(super) fn skip_if_exists(&mut self) {
        if self.eat("if") {
            self.skip(&["not", "exists"]);
        }
    }

    /// The rest, cut at the commas that stand in no brackets.
    pub(super) fn items(&self) -> Vec<&'t [Token]> {
        let mut depth = 0usize;
        self.rest()
            .split(|token| {
                if token.is("(") {
                    depth += 1;
                } else if token.is(")") {
                    depth = depth.saturating_sub(1);
                }
                depth == 0 && token.is(",")
            })
            .collect()
    }

    /// Whether these words stand in the rest one after the other, in no brackets.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.find(words).is_some()
    }

    /// Where these words stand in the rest, in no brackets.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        let rest = self.rest();
        let mut depth = 0usize;
        (0..rest.len()).find(|index| {
            let token = rest.get(*index);
            if token.is_some_and(|token| token.is("(")) {
                depth += 1;
            } else if token.is_some_and(|token| token.is(")")) {
                depth = depth.saturating_sub(1);
            }
            let here = rest.get(*index..*index + words.len());
            depth == 0
                && here
                    .is_some_and(|here| here.iter().zip(words).all(|(token, word)| token.is(word)))
        })
    }

    /// Which rows the statement takes, in words; `None` if it takes none.
    pub(super) fn rows(&self) -> Option<String> {
        let limit = self.find(&["limit"]);
        let count = limit.and_then(|at| self.rest().get(at + 1));
        if count.is_some_and(|count| count.text == "0") {
            return None;
        }
        let Some(at) = self.find(&["where"]) else {
            return Some("every row".to_owned());
        };
        let ends = ["order", "limit", "returning"];
        let condition = self.rest().get(at + 1..).unwrap_or_default();
        let end = condition
            .iter()
            .position(|token| ends.iter().any(|end| token.is(end)));
        let condition = condition.get(..end.unwrap_or(condition.len()));
        let condition = condition.unwrap_or_default();
        let shown = shown(condition);
        let words: Vec<&str> = condition.iter().map(|token| token.text.as_str()).collect();
        match words.as_slice() {
            ["0" | "false"] => None,
            ["1" | "true"] => Some("every row (its condition is always true)".to_owned()),
            [one, "=", other]
                if condition
                    .iter()
                    .all(|token| matches!(token.kind, Kind::Number | Kind::Symbol)) =>
            {
                (one == other).then(|| "every row (its condition is always true)".to_owned())
            }
            _ => Some(format!("the rows WHERE {shown}")),
        }
    }

    /// An act of the statement on an object.
    pub(super) fn act(
        &self,
        rule: &'static str,
        action: &'static str,
        kind: &'static str,
        name: Option<String>,
        reversibility: Reversibility,
        summary: String,
    ) -> Act {
        Act {
            rule,
            action,
            kind: kind.into(),
            name,
            reversibility,
            summary,
            also_lost: Vec::new(),
            instead: None,
            // Whatever MySQL does to an object commits first.
            transactional: !self.is_mysql(),
            range: self.range(),
        }
    }

    /// Where an unknown part may be any clause: it stands where no name or value is due.
    pub(super) fn open(&self) -> Option<Range<usize>> {
        let mut before: Option<&Token> = None;
        for token in self.tokens {
            let due = match before {
                None => false,
                Some(before) => match before.kind {
                    Kind::Word => !is_hole(&before.text) && DUE.contains(&before.text.as_str()),
                    Kind::Symbol => !matches!(before.text.as_str(), ")" | "]"),
                    Kind::Name | Kind::Text | Kind::Number => false,
                },
            };
            if token.kind == Kind::Word && is_hole(&token.text) && !due {
                return Some(token.range.clone());
            }
            before = Some(token);
        }
        None
    }
}

/// Words after which a name or a value is due.
const DUE: &[&str] = &[
    "add",
    "after",
    "all",
    "analyze",
    "and",
    "as",
    "attach",
    "begin",
    "between",
    "binary",
    "by",
    "call",
    "case",
    "change",
    "check",
    "collate",
    "column",
    "comment",
    "commit",
    "constraint",
    "database",
    "default",
    "delimiter",
    "desc",
    "describe",
    "detach",
    "distinct",
    "div",
    "do",
    "else",
    "end",
    "engine",
    "escape",
    "event",
    "except",
    "execute",
    "exists",
    "for",
    "from",
    "full",
    "function",
    "glob",
    "grant",
    "having",
    "identified",
    "ignore",
    "in",
    "index",
    "infile",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "kill",
    "like",
    "limit",
    "match",
    "mod",
    "modify",
    "not",
    "of",
    "offset",
    "on",
    "or",
    "outfile",
    "over",
    "partition",
    "password",
    "pragma",
    "prepare",
    "procedure",
    "references",
    "regexp",
    "release",
    "rename",
    "replace",
    "returning",
    "rlike",
    "role",
    "savepoint",
    "schema",
    "select",
    "set",
    "show",
    "table",
    "tables",
    "tablespace",
    "then",
    "to",
    "trigger",
    "truncate",
    "union",
    "update",
    "use",
    "user",
    "using",
    "vacuum",
    "value",
    "values",
    "view",
    "when",
    "where",
    "while",
    "window",
    "with",
    "xor",
];

/// Tokens for one line of a report.
pub(super) fn shown(tokens: &[Token]) -> String {
    const LONGEST: usize = 24;
    let mut text = String::new();
    for (index, token) in tokens.iter().take(LONGEST).enumerate() {
        let glued = matches!(token.text.as_str(), "." | "," | ")" | "(")
            || tokens
                .get(index.wrapping_sub(1))
                .is_some_and(|before| matches!(before.text.as_str(), "." | "("));
        if index > 0 && !glued {
            text.push(' ');
        }
        match token.kind {
            Kind::Text => {
                text.push('\'');
                text.push_str(&token.text);
                text.push('\'');
            }
            _ => text.push_str(&token.text),
        }
    }
    if tokens.len() > LONGEST {
        text.push('…');
    }
    text
}

pub(super) const LOST: Reversibility = Reversibility::Irreversible { perhaps: None };

pub(super) fn undone_by(how: &str) -> Reversibility {
    Reversibility::Reversible { undo: how.into() }
}

pub(super) fn recovered_from(what: &str) -> Reversibility {
    Reversibility::Recoverable {
        from: what.into(),
        within: None,
    }
}

pub(super) const DEFINITION: &str = "its definition, if it is kept elsewhere (migrations)";
