//! Parsing within bounds: no text can exhaust the stack.
//!
//! squawk's parser and tree recurse with the nesting of the text, and a stack overflow would abort
//! guard. So the nesting is measured first, on the lexical level, and what is deep is parsed on a
//! thread with a stack that holds the most that is let through.

use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind, SyntaxNode, ast::AstNode};

use super::scan::{Lexeme, Quote, lexeme};
use super::source::is_hole;

/// Longer texts are not read (bytes).
const MAX_BYTES: usize = 1 << 20;
/// Brackets, CASE and BEGIN within each other.
const MAX_NESTED: usize = 500;
/// Words and operators that follow each other without a comma between them: `a + b + c …` makes
/// a tree as deep as it is long.
const MAX_CHAIN: usize = 3_000;
/// What stays below these is parsed where we stand; it needs less than 1 MB of stack.
const SHALLOW: Nesting = Nesting {
    brackets: 12,
    chain: 120,
};
const STACK: usize = 64 << 20;

/// An upper bound for how deep the parser recurses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Nesting {
    brackets: usize,
    chain: usize,
}

impl Nesting {
    fn within(self, limit: Self) -> bool {
        self.brackets <= limit.brackets && self.chain <= limit.chain
    }

    fn join(&mut self, other: Self) {
        self.brackets = self.brackets.max(other.brackets);
        self.chain = self.chain.max(other.chain);
    }
}

/// A statement list as PostgreSQL's grammar reads it.
pub(super) struct Tree {
    pub(super) root: SyntaxNode,
    /// Where the grammar does not hold, as byte offsets, in order.
    pub(super) errors: Vec<usize>,
    /// Where an unknown part decides what the statement is, not only which value or object.
    pub(super) open: Option<std::ops::Range<usize>>,
}

/// Parses a text and looks at its tree; the tree cannot leave `look`. The error is for a person.
pub(super) fn with_tree<R: Send>(
    text: &str,
    look: impl FnOnce(&Tree) -> R + Send,
) -> Result<R, String> {
    if text.len() > MAX_BYTES {
        return Err("the SQL text is longer than guard reads".to_owned());
    }
    let nesting = nesting(text, true);
    let limit = Nesting {
        brackets: MAX_NESTED,
        chain: MAX_CHAIN,
    };
    if !nesting.within(limit) {
        return Err("the SQL text is nested deeper than guard reads".to_owned());
    }
    if nesting.within(SHALLOW) && text.len() < 8192 {
        return Ok(parse(text, look));
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || parse(text, look))
            .map_err(|error| format!("no thread to read the SQL text on: {error}"))?
            .join()
            .map_err(|_| "the SQL text cannot be read: its parser failed".to_owned())
    })
}

fn parse<R>(text: &str, look: impl FnOnce(&Tree) -> R) -> R {
    let parsed = SourceFile::parse(text);
    let errors = parsed
        .errors()
        .iter()
        .map(|error| usize::from(error.range().start()))
        .collect();
    let root = parsed.tree().syntax().clone();
    let open = open_structure(&root);
    look(&Tree { root, errors, open })
}

/// An unknown part reads as a name. Where a name is an alias that needs no `AS`
/// (`DELETE FROM t $REST`), it may be any clause instead.
fn open_structure(root: &SyntaxNode) -> Option<std::ops::Range<usize>> {
    root.descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| is_hole(token.text()))
        .find(|token| {
            let alias = token.parent().is_some_and(|parent| {
                matches!(
                    parent.kind(),
                    SyntaxKind::TABLE_ALIAS | SyntaxKind::COLUMN_NAME
                )
            });
            let mut before = token.prev_token();
            while let Some(trivia) = before.clone().filter(|token| token.kind().is_trivia()) {
                before = trivia.prev_token();
            }
            let bare = before.is_none_or(|before| before.kind() != SyntaxKind::AS_KW);
            let defined = token
                .parent_ancestors()
                .any(|node| matches!(node.kind(), SyntaxKind::COLUMN | SyntaxKind::ADD_COLUMN));
            alias && bare && !defined
        })
        .map(|token| token.text_range().into())
}

/// Measures the text and, since function bodies are parsed with it, the strings in it.
fn nesting(text: &str, with_strings: bool) -> Nesting {
    let mut most = Nesting::default();
    // The length of the chain in each open bracket, the outermost first.
    let mut chains = vec![0usize];
    let mut total = 0usize;
    let mut at = 0;
    while at < text.len() {
        let (kind, end) = lexeme(text, at);
        let word = text.get(at..end).unwrap_or_default();
        match kind {
            Lexeme::Space | Lexeme::Comment => {
                at = end;
                continue;
            }
            Lexeme::Symbol(b'(' | b'[') => chains.push(0),
            Lexeme::Symbol(b')' | b']') => total -= close(&mut chains),
            Lexeme::Word if opens(word) => chains.push(0),
            Lexeme::Word if word.eq_ignore_ascii_case("end") => total -= close(&mut chains),
            Lexeme::Symbol(b',') => total -= chains.last_mut().map_or(0, std::mem::take),
            Lexeme::Symbol(b';') => {
                chains.truncate(1);
                total = 0;
                chains.fill(0);
            }
            Lexeme::Quoted { quote, content } if with_strings && quote != Quote::Identifier => {
                let content = text.get(content.0..content.1).unwrap_or_default();
                let mut inner = nesting(content, false);
                if quote == Quote::Escape {
                    // Escapes may spell brackets.
                    inner.brackets += content.matches('\\').count();
                }
                most.join(inner);
            }
            _ => {}
        }
        if let Some(chain) = chains.last_mut() {
            *chain += 1;
            total += 1;
        }
        most.join(Nesting {
            brackets: chains.len() - 1,
            chain: total,
        });
        at = end;
    }
    most
}

fn opens(word: &str) -> bool {
    ["case", "begin", "if", "loop"]
        .iter()
        .any(|opening| word.eq_ignore_ascii_case(opening))
}

/// Closes the innermost bracket and gives the length of its chain. An `END` that closes nothing
/// must not make the text look flatter than it is.
fn close(chains: &mut Vec<usize>) -> usize {
    if chains.len() > 1 {
        chains.pop().unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stack that the shallow path may count on: guard's own is 8 MB, a test's 2 MB.
    fn on_a_small_stack(text: String) {
        std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(move || parse(&text, |tree| tree.errors.len()))
            .unwrap()
            .join()
            .unwrap();
    }

    fn shapes(depth: usize) -> Vec<String> {
        vec![
            format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth)),
            format!("SELECT {}1{}", "ARRAY[".repeat(depth), "]".repeat(depth)),
            format!("SELECT {}1{}", "(SELECT ".repeat(depth), ")".repeat(depth)),
            format!("SELECT * FROM {}t{}", "(".repeat(depth), ")".repeat(depth)),
            format!("SELECT {}1", "f(".repeat(depth)),
            format!(
                "SELECT {}1{}",
                "CASE WHEN ".repeat(depth),
                " THEN 1 END".repeat(depth)
            ),
        ]
    }

    fn chains(length: usize) -> Vec<String> {
        vec![
            format!("SELECT {}1", "NOT ".repeat(length)),
            format!("SELECT {}1", "- ".repeat(length)),
            format!("SELECT 1{}", "+1".repeat(length / 2)),
            format!("SELECT 1{}", "^1".repeat(length / 2)),
            format!("SELECT 1 WHERE a{}", " AND a".repeat(length / 2)),
            format!("{}SELECT 1", "EXPLAIN ".repeat(length)),
            format!("{}SELECT 1", "PREPARE p AS ".repeat(length / 3)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(length / 3)),
            format!("SELECT * FROM t{}", " JOIN t".repeat(length / 2)),
            format!("SELECT a{}", "::int".repeat(length / 3)),
            format!("SELECT a{}", ".a".repeat(length / 2)),
            format!("SELECT a{}", "[1]".repeat(length / 3)),
        ]
    }

    #[test]
    fn the_shallow_path_needs_little_stack() {
        for text in shapes(SHALLOW.brackets)
            .into_iter()
            .chain(chains(SHALLOW.chain - 2))
        {
            on_a_small_stack(text);
        }
    }

    #[test]
    fn the_deepest_that_is_let_through_fits_the_large_stack() {
        for text in shapes(MAX_NESTED - 1)
            .into_iter()
            .chain(chains(MAX_CHAIN - 4))
        {
            let start: String = text.chars().take(40).collect();
            assert!(
                with_tree(&text, |tree| tree.errors.len()).is_ok(),
                "{start}"
            );
        }
    }

    #[test]
    fn what_is_deeper_is_refused() {
        for text in shapes(100_000).into_iter().chain(chains(100_000)) {
            let start: String = text.chars().take(40).collect();
            assert!(with_tree(&text, |_| ()).is_err(), "{start}");
        }
        let body = format!(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT {} $$",
            "(".repeat(5000)
        );
        assert!(with_tree(&body, |_| ()).is_err());
        let escaped = format!(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS E'SELECT {}'",
            "\\x28".repeat(5000)
        );
        assert!(with_tree(&escaped, |_| ()).is_err());
        assert!(with_tree(&" ".repeat(MAX_BYTES + 1), |_| ()).is_err());
    }

    #[test]
    fn long_flat_texts_are_read() {
        let rows: Vec<String> = (0..20_000).map(|row| format!("({row}, -1, 'x')")).collect();
        let insert = format!("INSERT INTO t VALUES {}", rows.join(", "));
        assert!(with_tree(&insert, |tree| tree.errors.is_empty()).unwrap());
        let many = "SELECT 1 + 1;\n".repeat(20_000);
        assert!(with_tree(&many, |tree| tree.errors.is_empty()).unwrap());
    }
}
