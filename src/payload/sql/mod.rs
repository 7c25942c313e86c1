//! SQL statements: what each would lose.
//!
//! Owns SQL text, wherever it comes from: psql, a driver in a script, a cloud API. Knows nothing of
//! how it is sent, and never decides. [`assess`] is for whoever has a text that a server will run
//! as one message; [`Session`] for whoever sends several.

mod body;
mod condition;
mod dialect;
mod function;
mod judgement;
mod node;
mod object;
mod scan;
mod session;
mod source;
mod statement;
mod tree;
mod words;

pub use dialect::Dialect;
pub use scan::{Lexeme, Quote, lexeme};
pub use session::{Sent, Session};
pub use source::{Source, is_hole};
pub use words::{Stop, statement_end};

use crate::call::Findings;
use crate::context::Place;
use crate::resolve::{Command, Origin, Text};

/// What a server would do with a text that it gets as one message, on a connection of its own.
///
/// `origin` says where the text stands in what the user wrote, `place` which database it goes to,
/// `by` which command sends it. Unknown parts of the text may stand where a value or a name can;
/// anywhere else the text is opaque.
pub fn assess(
    dialect: Dialect,
    text: &Text,
    origin: Origin,
    place: Place,
    by: &Command,
) -> Findings {
    let source = Source::new(text, origin);
    let mut findings = Findings::default();
    let mut session = Session::of(dialect, by, place);
    session.message(&source, source.text(), &Sent::From(0), &mut findings);
    session.reconnect(None, &mut findings);
    findings
}

/// Whether a text may switch `standard_conforming_strings` off: then quotes end elsewhere than
/// guard thinks.
#[must_use]
pub fn changes_strings(text: &str) -> bool {
    const NAME: &str = "standard_conforming_strings";
    let text = text.to_lowercase();
    text.match_indices(NAME).any(|(at, _)| {
        let rest = text.get(at + NAME.len()..).unwrap_or_default();
        let value = rest.trim_start_matches(['"', '\'', '=', ',', ' ', '\t', '\n']);
        let value = value.strip_prefix("to").unwrap_or(value);
        let value = value.trim_start_matches(['"', '\'', ' ', '\t', '\n']);
        let said = value.len() < rest.len() && !rest.trim().is_empty() && !value.is_empty();
        said && !["on", "true", "1", "yes", ";", "default"]
            .iter()
            .any(|on| value.starts_with(on))
    })
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

#[cfg(test)]
mod tests {
    use super::changes_strings;

    #[test]
    fn only_switching_strings_off_counts() {
        for (text, changes) in [
            ("SET standard_conforming_strings = on;", false),
            ("SET standard_conforming_strings TO 'on'", false),
            ("SHOW standard_conforming_strings;", false),
            ("SHOW standard_conforming_strings", false),
            ("SET standard_conforming_strings = off", true),
            ("set Standard_Conforming_Strings to false", true),
            (
                "SELECT set_config('standard_conforming_strings', 'off', false)",
                true,
            ),
            ("-c standard_conforming_strings=off", true),
            ("SELECT 1", false),
        ] {
            assert_eq!(changes_strings(text), changes, "{text}");
        }
    }
}
