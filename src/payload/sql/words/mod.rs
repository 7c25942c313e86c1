//! MySQL's and SQLite's statements, read by their words: which verb, which names, which clauses.
//!
//! Their grammars begin every statement with a word of a closed list, so that no tree is needed to
//! tell what is lost.

mod clause;
mod object;
mod split;
mod statement;
mod token;

use super::Dialect;
use super::judgement::Judgement;
pub use split::{Stop, statement_end};
use token::{Lexer, Token, Versioned};

/// Longer texts are not read (bytes).
const MAX_BYTES: usize = 8 << 20;

/// One way to read a text.
pub(super) struct Reading {
    pub(super) statements: Vec<Judgement>,
    /// Whether a server may read it otherwise.
    pub(super) uncertain: bool,
}

/// Every way in which a server may read a text: they differ by `/*!80000 … */`.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Vec<Reading>, String> {
    if text.len() > MAX_BYTES {
        return Err("the SQL text is longer than guard reads".to_owned());
    }
    let mut readings = Vec::new();
    for versioned in [Versioned::Runs, Versioned::OldRuns] {
        let mut lexer = Lexer::new(dialect, text, 0, versioned);
        let tokens: Vec<Token> = lexer.by_ref().collect();
        let statements = split::statements(&tokens, dialect);
        let statements = statements
            .into_iter()
            .map(|statement| statement::judge(statement, dialect, 0));
        readings.push(Reading {
            statements: statements.collect(),
            uncertain: lexer.doubtful,
        });
        if !lexer.doubtful {
            break;
        }
    }
    Ok(readings)
}

/// Whether every statement begins with a word of this dialect.
pub(super) fn reads(text: &str, dialect: Dialect) -> bool {
    let tokens: Vec<Token> = Lexer::new(dialect, text, 0, Versioned::Runs).collect();
    let statements = split::statements(&tokens, dialect);
    statements
        .iter()
        .all(|statement| statement::is_known(statement, dialect))
}

#[cfg(test)]
mod tests;
