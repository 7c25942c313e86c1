//! Whether a `WHERE` bounds anything.

use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

use super::node::{child, folded, has, literal};

/// What is known of a condition without looking at the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Always,
    Never,
    Depends,
}

impl Truth {
    const fn known(value: bool) -> Self {
        if value { Self::Always } else { Self::Never }
    }

    const fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Depends => Self::Depends,
        }
    }

    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, Self::Always) => Self::Always,
            _ => Self::Depends,
        }
    }
}

pub(super) fn truth(expression: &SyntaxNode) -> Truth {
    use SyntaxKind as K;
    match expression.kind() {
        K::PAREN_EXPR => expression
            .children()
            .next()
            .map_or(Truth::Depends, |inner| truth(&inner)),
        K::LITERAL => match folded(expression).trim_matches('\'') {
            "true" | "t" | "yes" | "on" | "1" => Truth::Always,
            "false" | "f" | "no" | "off" | "0" | "null" => Truth::Never,
            _ => Truth::Depends,
        },
        K::CAST_EXPR => expression
            .children()
            .next()
            .map_or(Truth::Depends, |inner| truth(&inner)),
        K::PREFIX_EXPR if first_word(expression) == "not" => expression
            .children()
            .next()
            .map_or(Truth::Depends, |inner| truth(&inner).not()),
        K::BIN_EXPR => binary(expression),
        K::CALL_EXPR => exists(expression),
        _ => Truth::Depends,
    }
}

fn first_word(node: &SyntaxNode) -> String {
    node.first_token()
        .map(|token| token.text().to_lowercase())
        .unwrap_or_default()
}

fn binary(expression: &SyntaxNode) -> Truth {
    let operands: Vec<SyntaxNode> = expression.children().collect();
    let (Some(left), Some(right)) = (operands.first(), operands.last()) else {
        return Truth::Depends;
    };
    match operator(expression).as_str() {
        "and" => truth(left).and(truth(right)),
        "or" if complementary(left, right) => Truth::Always,
        "or" => truth(left).not().and(truth(right).not()).not(),
        "=" | ">=" | "<=" | "is not distinct from" if same(left, right) => {
            // `id = id` leaves out nulls only.
            Truth::Always
        }
        "<>" | "!=" | "<" | ">" | "is distinct from" if same(left, right) => Truth::Never,
        "=" => equal(left, right),
        "<>" | "!=" => equal(left, right).not(),
        "like" | "ilike" if folded(right) == "'%'" => Truth::Always,
        "in" if is_column_of_itself(left, right) => Truth::Always,
        _ => Truth::Depends,
    }
}

/// The operator between the operands, in lower case.
fn operator(expression: &SyntaxNode) -> String {
    let operands: Vec<SyntaxNode> = expression.children().collect();
    let (Some(left), Some(right)) = (operands.first(), operands.last()) else {
        return String::new();
    };
    let (left, right) = (left.text_range().end(), right.text_range().start());
    expression
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| {
            token.text_range().start() >= left
                && token.text_range().end() <= right
                && !token.kind().is_trivia()
        })
        .fold(String::new(), |operator, token| {
            let word = token.text().to_lowercase();
            let joint = operator.is_empty() || !word.starts_with(|c: char| c.is_ascii_alphabetic());
            if joint {
                operator + &word
            } else {
                format!("{operator} {word}")
            }
        })
}

fn same(left: &SyntaxNode, right: &SyntaxNode) -> bool {
    !matches!(left.kind(), SyntaxKind::CALL_EXPR) && folded(left) == folded(right)
}

/// Two constants of the same plain spelling; `1 = 1.0` is left to the server.
fn equal(left: &SyntaxNode, right: &SyntaxNode) -> Truth {
    let number = |node: &SyntaxNode| node.text().to_string().trim().parse::<u64>().ok();
    let string = |node: &SyntaxNode| {
        let plain = node.text().to_string().trim().starts_with('\'');
        plain.then(|| literal(node)).flatten()
    };
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        Truth::known(left == right)
    } else if let (Some(left), Some(right)) = (string(left), string(right)) {
        Truth::known(left == right)
    } else {
        Truth::Depends
    }
}

/// `x IS NULL OR x IS NOT NULL`.
fn complementary(left: &SyntaxNode, right: &SyntaxNode) -> bool {
    let parts = |node: &SyntaxNode| {
        let subject = node.children().next().map(|subject| folded(&subject));
        let whole = folded(node);
        let null = whole.ends_with("isnull") || whole.ends_with("isnotnull");
        (
            null.then_some(subject).flatten(),
            whole.ends_with("isnotnull"),
        )
    };
    let ((left, left_not), (right, right_not)) = (parts(left), parts(right));
    left.is_some() && left == right && left_not != right_not
}

/// `EXISTS (SELECT 1)`: a query without tables always has its row.
fn exists(call: &SyntaxNode) -> Truth {
    use SyntaxKind as K;
    let select = child(call, K::EXISTS_FN).and_then(|exists| child(&exists, K::SELECT));
    match select {
        Some(select)
            if !has(&select, K::FROM_CLAUSE)
                && !has(&select, K::WHERE_CLAUSE)
                && !has(&select, K::LIMIT_CLAUSE) =>
        {
            Truth::Always
        }
        _ => Truth::Depends,
    }
}

/// `id IN (SELECT id FROM t)` where the statement is about `t` too.
fn is_column_of_itself(left: &SyntaxNode, right: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    let Some(select) = child(right, K::SELECT) else {
        return false;
    };
    let bounded = [
        K::WHERE_CLAUSE,
        K::LIMIT_CLAUSE,
        K::HAVING_CLAUSE,
        K::OFFSET_CLAUSE,
        K::FETCH_CLAUSE,
    ]
    .into_iter()
    .any(|clause| has(&select, clause));
    let column = select
        .descendants()
        .find(|part| part.kind() == K::TARGET)
        .map(|target| folded(&target));
    let inner = select
        .descendants()
        .find(|part| part.kind() == K::RELATION_NAME_REF)
        .map(|table| folded(&table));
    let outer = left
        .ancestors()
        .find(|part| matches!(part.kind(), K::DELETE | K::UPDATE))
        .and_then(|statement| super::node::objects(&statement).into_iter().next());
    !bounded && inner.is_some() && inner == outer && column == Some(folded(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(condition: &str) -> Truth {
        let text = format!("DELETE FROM t WHERE {condition}");
        super::super::tree::with_tree(&text, |tree| {
            assert!(tree.errors.is_empty(), "{text}");
            tree.root
                .descendants()
                .find(|node| node.kind() == SyntaxKind::WHERE_CLAUSE)
                .and_then(|clause| clause.children().next())
                .map(|expression| truth(&expression))
        })
        .unwrap()
        .unwrap()
    }

    #[test]
    fn conditions_that_bound_nothing() {
        for condition in [
            "TRUE",
            "true",
            "'t'",
            "'yes'::boolean",
            "NOT FALSE",
            "NOT (1 = 2)",
            "1=1",
            "1 = 1",
            "'a' = 'a'",
            "2 <> 3",
            "id = id",
            "t.id = t.id",
            "id IS NOT DISTINCT FROM id",
            "(TRUE)",
            "((1=1))",
            "id = 7 OR TRUE",
            "id = 7 OR 1=1",
            "TRUE AND 1=1",
            "id IS NULL OR id IS NOT NULL",
            "id IS NOT NULL OR id IS NULL",
            "EXISTS (SELECT 1)",
            "id IN (SELECT id FROM t)",
            "name LIKE '%'",
            "name ILIKE '%'",
        ] {
            assert_eq!(of(condition), Truth::Always, "{condition}");
        }
    }

    #[test]
    fn conditions_that_take_nothing() {
        for condition in [
            "FALSE",
            "1=0",
            "1 = 2",
            "NOT TRUE",
            "NULL",
            "id = 7 AND FALSE",
            "id <> id",
        ] {
            assert_eq!(of(condition), Truth::Never, "{condition}");
        }
    }

    #[test]
    fn conditions_that_depend() {
        for condition in [
            "id = 7",
            "id > 0",
            "id = 7 AND TRUE",
            "id = 7 OR FALSE",
            "name LIKE 'a%'",
            "id IN (SELECT id FROM u)",
            "id IN (SELECT id FROM t WHERE x)",
            "id IN (SELECT id FROM t LIMIT 1)",
            "id IN (1, 2)",
            "EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
            "random() = random()",
            "a IS NULL OR b IS NOT NULL",
            "NOT deleted",
            "active",
        ] {
            assert_eq!(of(condition), Truth::Depends, "{condition}");
        }
    }
}
