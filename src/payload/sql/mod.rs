//! PostgreSQL statements: what each would lose.
//!
//! Owns SQL text, wherever it comes from: psql, a driver in a script, a cloud API. Knows nothing of
//! how it is sent, and never decides. [`assess`] is for whoever has a text that a server will run
//! as one message; [`Session`] for whoever sends several.

mod body;
mod condition;
mod function;
mod judgement;
mod node;
mod object;
mod scan;
mod session;
mod source;
mod statement;
mod tree;

pub use scan::{Lexeme, Quote, lexeme};
pub use session::{Sent, Session};
pub use source::{Source, is_hole};

use crate::context::Place;
use crate::resolve::{Command, Origin, Text};
use crate::rules::Findings;

/// What a server would do with a text that it gets as one message, on a connection of its own.
///
/// `origin` says where the text stands in what the user wrote, `place` which database it goes to,
/// `by` which command sends it. Unknown parts of the text may stand where a value or a name can;
/// anywhere else the text is opaque.
pub fn assess(text: &Text, origin: Origin, place: Place, by: &Command) -> Findings {
    let source = Source::new(text, origin);
    let mut findings = Findings::default();
    let mut session = Session::new(by, place);
    session.message(&source, source.text(), &Sent::From(0), &mut findings);
    session.reconnect(None, &mut findings);
    findings
}

/// The statements that a query builds as its result (`SELECT format('DROP TABLE %I', name) …`);
/// `None` if they cannot be told from its text.
#[must_use]
pub fn generated(query: &str) -> Option<Vec<String>> {
    tree::with_tree(query, |tree| {
        let mut statements = tree.root.children();
        let found = statements.next().and_then(|query| body::generated(&query));
        found.filter(|_| statements.next().is_none() && tree.errors.is_empty())
    })
    .ok()
    .flatten()
}

/// A function's name without its schema: calls find it by the search path.
fn function_name_parts(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
