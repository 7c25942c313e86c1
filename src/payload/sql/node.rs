//! Small questions to the syntax tree.

use std::ops::Range;

use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, ast, ast::AstNode};

/// The bytes of what is written: without blanks and comments around it, or the semicolon.
pub(super) fn range(node: &SyntaxNode) -> Range<usize> {
    let whole = node.text_range();
    let written =
        |token: &SyntaxToken| !token.kind().is_trivia() && token.kind() != SyntaxKind::SEMICOLON;
    let inside = |token: &SyntaxToken| whole.contains_range(token.text_range());
    let mut first = node.first_token();
    while let Some(token) = first
        .clone()
        .filter(|token| inside(token) && !written(token))
    {
        first = token.next_token();
    }
    let mut last = node.last_token();
    while let Some(token) = last
        .clone()
        .filter(|token| inside(token) && !written(token))
    {
        last = token.prev_token();
    }
    match (first.filter(inside), last.filter(inside)) {
        (Some(first), Some(last)) => {
            usize::from(first.text_range().start())..usize::from(last.text_range().end())
        }
        _ => usize::from(whole.start())..usize::from(whole.end()),
    }
}

pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    child(node, kind).is_some()
}

pub(super) fn has_descendant(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants().any(|below| below.kind() == kind)
}

pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens()
        .any(|element| element.kind() == kind)
}

/// A name as PostgreSQL folds it: `Public.Users` is `public.users`, `"Users"` is `Users`.
pub(super) fn folded(node: &SyntaxNode) -> String {
    node.descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia())
        .map(|token| fold(token.text()))
        .collect()
}

pub(super) fn fold(name: &str) -> String {
    match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

/// The names of the objects that a statement is about: the first references in it, not those in
/// its `ON`, `FROM` or argument parts.
pub(super) fn objects(statement: &SyntaxNode) -> Vec<String> {
    let mut names = Vec::new();
    for child in statement.children() {
        let kind = format!("{:?}", child.kind());
        if kind == "ON_RELATION" || kind == "USING_CLAUSE" || kind == "FROM_CLAUSE" {
            continue;
        }
        if kind.ends_with("_NAME_REF") || kind.ends_with("_REF") {
            names.push(folded(&child));
        } else if kind.ends_with("_SIG") {
            names.extend(child.children().next().map(|name| folded(&name)));
        } else if kind.ends_with("_LIST")
            || matches!(
                kind.as_str(),
                "RELATION_NAME" | "TABLE_RELATION_NAME" | "ROLE_REF" | "TABLE_AND_COLUMNS"
            )
        {
            names.extend(objects(&child));
        }
    }
    names
}

/// The characters that a string literal stands for.
pub(super) fn literal(node: &SyntaxNode) -> Option<String> {
    let literal = ast::Literal::cast(node.clone())?;
    Some(literal.decoded_value()?.text().to_owned())
}
