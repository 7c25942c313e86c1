//! Code inside statements: `DO` blocks, function bodies, SQL text built by expressions.

use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, ast, ast::AstNode};

use super::judgement::Judgement;
use super::node::{child, folded, has, literal, range};
use super::scan::{Lexeme, lexeme};
use super::source::{VALUE, is_hole};
use super::statement::{query, read};
use super::tree::with_tree;

/// Texts within texts (a function that defines a function …) are read this deep.
const MAX_DEPTH: usize = 6;

pub(super) fn judge_do(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    let language = child(node, SyntaxKind::DO_LANGUAGE).map(|language| language_of(&language));
    match language.as_deref() {
        None | Some("plpgsql") => {}
        Some(other) => {
            return found.unseen(
                format!("the block runs {other} code on the server"),
                range(node),
            );
        }
    }
    let body = ast::Do::cast(node.clone()).and_then(|block| block.plpgsql());
    let Some(body) = body else {
        return found.unseen("the DO block cannot be read", range(node));
    };
    if depth >= MAX_DEPTH {
        return found.unseen("code nested deeper than guard reads", range(node));
    }
    let mut inner = Judgement::default();
    plpgsql(&body.syntax(), depth + 1, &mut inner);
    found.absorb(&inner, &range(node));
}

/// What calling the function would do.
pub(super) fn judge_function(node: &SyntaxNode, depth: usize) -> Judgement {
    use SyntaxKind as K;
    let mut inner = Judgement::default();
    let whole = range(node);
    if let Some(body) = child(node, K::ATOMIC_BODY) {
        for statement in body.children() {
            read(&statement, depth, &mut inner);
        }
        return inner;
    }
    let Some(options) = child(node, K::FUNC_OPTION_LIST) else {
        inner.unseen("the function has no body that guard can read", whole);
        return inner;
    };
    if let Some(returned) = child(&options, K::RETURN_STMT) {
        query(&returned, depth, &mut inner);
        return inner;
    }
    let language = child(&options, K::LANGUAGE_FUNC_OPTION).map(|option| language_of(&option));
    let text = child(&options, K::AS_FUNC_OPTION)
        .and_then(|option| option.descendants().find_map(|part| literal(&part)));
    match (language.as_deref(), text) {
        (Some("sql"), Some(text)) => judge_text(&text, depth, &mut inner),
        (Some("plpgsql"), _) => {
            let body = ast::CreateFunction::cast(node.clone())
                .and_then(|function| function.plpgsql())
                .or_else(|| ast::CreateProcedure::cast(node.clone())?.plpgsql());
            match body {
                Some(body) if depth < MAX_DEPTH => {
                    plpgsql(&body.syntax(), depth + 1, &mut inner);
                }
                _ => inner.unseen("the function's body cannot be read", whole),
            }
        }
        (Some("internal"), _) => {}
        (language, _) => inner.unseen(
            format!(
                "the function runs {} code on the server",
                language.unwrap_or("unknown")
            ),
            whole,
        ),
    }
    inner
}

fn language_of(option: &SyntaxNode) -> String {
    child(option, SyntaxKind::LANGUAGE_REF)
        .map(|name| folded(&name))
        .or_else(|| option.descendants().find_map(|part| literal(&part)))
        .map(|name| name.trim_matches('\'').to_lowercase())
        .unwrap_or_default()
}

/// Judges a text of its own, one nesting further down.
fn judge_text(text: &str, depth: usize, found: &mut Judgement) {
    if depth >= MAX_DEPTH {
        return found.unseen("SQL nested deeper than guard reads", 0..0);
    }
    let judged = with_tree(text, |tree| {
        let mut inner = Judgement::default();
        if !tree.errors.is_empty() {
            inner.unseen("SQL text inside it cannot be read", 0..0);
        }
        if tree.open.is_some() {
            inner.unseen(super::session::OPEN, 0..0);
        }
        for statement in tree.root.children() {
            read(&statement, depth + 1, &mut inner);
        }
        inner
    });
    match judged {
        Ok(inner) => found.absorb(&inner, &(0..0)),
        Err(reason) => found.unseen(reason, 0..0),
    }
}

/// Walks a PL/pgSQL tree: every SQL statement and expression in it may run, whatever the branch.
fn plpgsql(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    let mut open: Vec<SyntaxNode> = vec![node.clone()];
    while let Some(node) = open.pop() {
        match node.kind() {
            K::ERROR => unread(&node, depth, found),
            K::PLPGSQL_DYN_EXECUTE_STMT
            | K::PLPGSQL_FOR_DYN_STMT
            | K::PLPGSQL_OPEN_EXECUTE
            | K::PLPGSQL_RETURN_QUERY_EXECUTE_STMT => {
                let text = child(&node, K::PLPGSQL_EXPR);
                for part in node.children().filter(|part| Some(part) != text.as_ref()) {
                    open.push(part);
                }
                let expression = text
                    .as_ref()
                    .and_then(|text| text.descendants().find(|part| part.kind() == K::TARGET))
                    .and_then(|target| target.children().next());
                match expression {
                    Some(expression) => {
                        // The calls that build the text run too.
                        query(&expression, depth, found);
                        dynamic(&expression, depth, found);
                    }
                    None => found.unseen("the text of an EXECUTE cannot be read", 0..0),
                }
            }
            K::PLPGSQL_COMMIT_STMT | K::PLPGSQL_ROLLBACK_STMT => {
                // It ends its own transactions: nothing of it can be taken back from outside.
                found.ends_transactions = true;
            }
            K::PLPGSQL_DO_STMT => {
                for inner in node.children() {
                    read(&inner, depth, found);
                }
            }
            kind if is_plpgsql(kind) => open.extend(node.children()),
            K::TARGET_LIST => query(&node, depth, found),
            kind if is_type_or_name(kind) => {}
            _ => read(&node, depth, found),
        }
    }
}

fn is_plpgsql(kind: SyntaxKind) -> bool {
    format!("{kind:?}").starts_with("PLPGSQL")
}

fn is_type_or_name(kind: SyntaxKind) -> bool {
    let name = format!("{kind:?}");
    name.ends_with("_TYPE")
        || name.ends_with("_REF")
        || name.ends_with("NAME")
        || name == "LITERAL"
        || name == "COLLATE"
        || name == "ARG_LIST"
}

/// A statement that the PL/pgSQL parser does not take is mostly a query with an `INTO` in it:
/// without its `INTO` it is plain SQL.
fn unread(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    let text = without_into(node.text().to_string().trim().trim_end_matches(';'));
    let first = text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if matches!(
        first.as_str(),
        "select" | "with" | "insert" | "update" | "delete" | "merge" | "perform"
    ) {
        return judge_text(&text, depth, found);
    }
    found.unseen("a part of the PL/pgSQL code cannot be read", 0..0);
}

/// Removes `INTO [STRICT] target, …` where PL/pgSQL allows it; the `INTO` of an INSERT stays.
fn without_into(text: &str) -> String {
    let mut kept = String::new();
    let (mut at, mut depth, mut previous) = (0, 0usize, String::new());
    while at < text.len() {
        let (kind, end) = lexeme(text, at);
        let word = text.get(at..end).unwrap_or_default();
        match kind {
            Lexeme::Symbol(b'(') => depth += 1,
            Lexeme::Symbol(b')') => depth = depth.saturating_sub(1),
            Lexeme::Word
                if word.eq_ignore_ascii_case("into")
                    && depth == 0
                    && !matches!(previous.as_str(), "insert" | "merge") =>
            {
                at = end_of_targets(text, end);
                continue;
            }
            _ => {}
        }
        if !matches!(kind, Lexeme::Space | Lexeme::Comment) {
            previous = word.to_lowercase();
        }
        kept.push_str(word);
        at = end;
    }
    kept
}

/// Where the list of `INTO` targets ends: names, dots, indexes and commas.
fn end_of_targets(text: &str, start: usize) -> usize {
    let (mut at, mut wants_name) = (start, true);
    while at < text.len() {
        let (kind, end) = lexeme(text, at);
        let word = text.get(at..end).unwrap_or_default();
        match kind {
            Lexeme::Space | Lexeme::Comment => {}
            Lexeme::Word if wants_name => wants_name = word.eq_ignore_ascii_case("strict"),
            Lexeme::Quoted { .. } if wants_name => wants_name = false,
            Lexeme::Symbol(b',' | b'.') => wants_name = true,
            Lexeme::Symbol(b'[' | b']') | Lexeme::Number => {}
            _ => return at,
        }
        at = end;
    }
    at
}

/// Judges the SQL text that an expression yields: literals, `||`, `format(…)`. Parts that are
/// values when it runs are holes; a text of holes alone cannot be seen.
pub(super) fn dynamic(expression: &SyntaxNode, depth: usize, found: &mut Judgement) {
    match built(expression) {
        Some(text) if !is_hole(text.split_whitespace().next().unwrap_or(VALUE)) => {
            judge_text(&text, depth, found);
        }
        _ => found.unseen(
            "it runs SQL text that is built when it runs",
            range(expression),
        ),
    }
}

/// The statements that a query yields as the cells of its result, for `\gexec`; `None` if they
/// are not built from literals.
pub(super) fn generated(query: &SyntaxNode) -> Option<Vec<String>> {
    let clause = child(query, SyntaxKind::SELECT_CLAUSE)?;
    let targets = child(&clause, SyntaxKind::TARGET_LIST)?;
    targets
        .children()
        .map(|target| {
            let text = built(&target.children().next()?)?;
            let first = text.split_whitespace().next()?;
            (!is_hole(first)).then_some(text)
        })
        .collect()
}

fn built(expression: &SyntaxNode) -> Option<String> {
    use SyntaxKind as K;
    match expression.kind() {
        K::LITERAL => literal(expression),
        K::PAREN_EXPR | K::CAST_EXPR => built(&expression.children().next()?),
        K::BIN_EXPR if is_concatenation(expression) => {
            let parts: Vec<SyntaxNode> = expression.children().collect();
            let text = |part: &SyntaxNode| built(part).unwrap_or_else(|| VALUE.to_owned());
            Some(text(parts.first()?) + &text(parts.last()?))
        }
        K::CALL_EXPR => {
            let name = folded(&child(expression, K::NAME_REF)?);
            let arguments: Vec<SyntaxNode> = child(expression, K::ARG_LIST)?
                .children()
                .filter_map(|argument| argument.children().next())
                .collect();
            match name.as_str() {
                "format" => Some(formatted(&built(arguments.first()?)?)),
                "concat" => Some(
                    arguments
                        .iter()
                        .map(|part| built(part).unwrap_or_else(|| VALUE.to_owned()))
                        .collect(),
                ),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_concatenation(expression: &SyntaxNode) -> bool {
    child(expression, SyntaxKind::CUSTOM_OP)
        .is_some_and(|operator| operator.text().to_string().trim() == "||")
        || !has(expression, SyntaxKind::CUSTOM_OP)
            && expression
                .children_with_tokens()
                .filter_map(SyntaxElement::into_token)
                .filter(|token| token.kind() == SyntaxKind::PIPE)
                .count()
                == 2
}

/// The text of `format(…)` with its `%I`, `%L`, `%s`, `%1$I` as holes.
fn formatted(format: &str) -> String {
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        for next in characters.by_ref() {
            match next {
                '%' => text.push('%'),
                'I' | 's' => text.push_str(VALUE),
                'L' => {
                    text.push('\'');
                    text.push_str(VALUE);
                    text.push('\'');
                }
                _ => continue,
            }
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn into_is_taken_out_of_queries() {
        for (text, expected) in [
            ("SELECT a INTO v FROM t", "SELECT a  FROM t"),
            (
                "SELECT a, b INTO STRICT r.x, y[1] FROM t",
                "SELECT a, b  FROM t",
            ),
            (
                "INSERT INTO t VALUES (1) RETURNING id INTO v",
                "INSERT INTO t VALUES (1) RETURNING id ",
            ),
            (
                "SELECT (SELECT 1 INTO x) FROM t",
                "SELECT (SELECT 1 INTO x) FROM t",
            ),
            ("SELECT 'a INTO b' INTO v", "SELECT 'a INTO b' "),
        ] {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(&without_into(text)), words(expected), "{text}");
        }
    }

    #[test]
    fn format_keeps_its_literal_text() {
        assert_eq!(
            formatted("DROP TABLE %I.%1$I -- 5%%"),
            "DROP TABLE guard_hole_value_.guard_hole_value_ -- 5%"
        );
    }
}
