//! From a tree-sitter tree to the common tree: what every language's lowering needs.
//!
//! Owns the bounds: how much text is read, how long the parser may work, how deep the tree may be.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::tree::{Expression, Program, Statement};
use crate::location::Span;

/// A longer program is not read (bytes).
const LENGTH_LIMIT: usize = 1 << 20;
/// Forms within forms.
const DEPTH_LIMIT: usize = 120;
/// Rounds of the parser for each byte, and for an empty text: error recovery may try much.
const ROUNDS: (usize, usize) = (1, 20_000);

/// A text being lowered: what it says where, and how deep the walk is.
pub(crate) struct Lowering<'t> {
    pub(crate) text: &'t str,
    program: Program,
    depth: usize,
}

/// Reads `text` by the first of these grammars that fits, and lowers its root.
pub(crate) fn read(
    text: &str,
    grammars: &[fn() -> tree_sitter::Language],
    lower: fn(&mut Lowering<'_>, Node<'_>) -> Vec<Statement>,
) -> Program {
    let mut chosen: Option<Tree> = None;
    for grammar in grammars {
        let Some(tree) = parsed(text, &grammar()) else {
            continue;
        };
        let fits = !tree.root_node().has_error();
        if fits || chosen.is_none() {
            chosen = Some(tree);
        }
        if fits {
            break;
        }
    }
    let Some(tree) = chosen else {
        return Program {
            cut: true,
            ..Program::default()
        };
    };
    let mut lowering = Lowering {
        text,
        program: Program::default(),
        depth: 0,
    };
    let body = lower(&mut lowering, tree.root_node());
    Program {
        body,
        ..lowering.program
    }
}

/// The tree of a text; nothing if it is too long, or takes too long.
fn parsed(text: &str, grammar: &tree_sitter::Language) -> Option<Tree> {
    let mut parser = Parser::new();
    if text.len() > LENGTH_LIMIT || parser.set_language(grammar).is_err() {
        return None;
    }
    let bytes = text.as_bytes();
    let mut rounds = bytes.len() * ROUNDS.0 + ROUNDS.1;
    let mut progress = |_: &_| match rounds.checked_sub(1) {
        Some(left) => {
            rounds = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut chunk = |at: usize, _| bytes.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut chunk, None, Some(options))
}

impl<'t> Lowering<'t> {
    /// The text of a node.
    pub(crate) fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a node's field, if it has one.
    pub(crate) fn field(&self, node: Node<'_>, name: &str) -> Option<&'t str> {
        node.child_by_field_name(name).map(|child| self.text(child))
    }

    /// Notes that the grammar could not read what stands here.
    pub(crate) fn hole(&mut self, node: Node<'_>) {
        self.program.holes.push(span(node));
    }

    /// Goes one form deeper; nothing, and a note of it, where the limit is.
    pub(crate) fn deeper<T: Default>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH_LIMIT {
            self.program.cut = true;
            return T::default();
        }
        self.depth += 1;
        let lowered = lower(self);
        self.depth -= 1;
        lowered
    }

    /// Enters a form; false, and a note of it, where the limit is. Whoever enters leaves.
    pub(crate) fn enter(&mut self) -> bool {
        if self.depth >= DEPTH_LIMIT {
            self.program.cut = true;
            return false;
        }
        self.depth += 1;
        true
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Each named child, comments left out, lowered as an expression.
    pub(crate) fn parts(
        &mut self,
        node: Node<'_>,
        lower: fn(&mut Self, Node<'_>) -> Expression,
    ) -> Vec<Expression> {
        let children = children(node);
        children
            .into_iter()
            .map(|child| lower(self, child))
            .collect()
    }
}

/// Where a node stands.
pub(crate) fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// The named children, without comments.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra() || child.is_error())
        .collect()
}

/// Visits a node and all below it, from the first to the last.
pub(crate) fn each<'n>(root: Node<'n>, visit: &mut dyn FnMut(Node<'n>)) {
    let mut cursor = root.walk();
    loop {
        visit(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// Every child of this field.
pub(crate) fn fields<'n>(node: Node<'n>, name: &str) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor)
        .filter(Node::is_named)
        .collect()
}
