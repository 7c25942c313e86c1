//! The commands of a syntax tree, by their first words: what another parser's can be compared with.

use std::collections::BTreeSet;

use guard::shell::{
    AssignmentValue, CompoundKind, Condition, Node, Operator, Piece, RedirectionTarget, Script,
    Subscript, Word,
};

/// The first words of all commands in a tree, as they are written.
#[derive(Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    pub(crate) fn of(script: &Script) -> BTreeSet<String> {
        let mut names = Self::default();
        names.script(script);
        names.0
    }

    fn list(&mut self, list: &[Node]) {
        for node in list {
            self.node(node);
        }
    }

    fn script(&mut self, script: &Script) {
        self.list(&script.list);
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Simple(command) => {
                if let Some(first) = command.words.first() {
                    self.0.insert(first.source.to_string());
                }
                command.words.iter().for_each(|word| self.word(word));
                for assignment in &command.assignments {
                    assignment.subscript.iter().for_each(|word| self.word(word));
                    match &assignment.value {
                        AssignmentValue::Scalar(word) => self.word(word),
                        AssignmentValue::Array(elements) => {
                            elements.iter().for_each(|(_, word)| self.word(word));
                        }
                    }
                }
                self.redirections(&command.redirections);
            }
            Node::Pipeline { stages, .. } => self.list(stages),
            Node::AndOr { first, rest } => {
                self.node(first);
                rest.iter().for_each(|(_, node)| self.node(node));
            }
            Node::Background(node) => self.node(node),
            Node::Function { body, .. } => self.node(body),
            Node::Compound(compound) => {
                self.redirections(&compound.redirections);
                self.compound(&compound.kind);
            }
        }
    }

    fn compound(&mut self, kind: &CompoundKind) {
        match kind {
            CompoundKind::Subshell(list) | CompoundKind::Group(list) => self.list(list),
            CompoundKind::If {
                branches,
                otherwise,
            } => {
                for (condition, body) in branches {
                    self.list(condition);
                    self.list(body);
                }
                self.list(otherwise);
            }
            CompoundKind::Loop {
                condition, body, ..
            } => {
                self.list(condition);
                self.list(body);
            }
            CompoundKind::For { words, body, .. } => {
                words.iter().flatten().for_each(|word| self.word(word));
                self.list(body);
            }
            CompoundKind::ArithmeticFor {
                start,
                condition,
                step,
                body,
            } => {
                for word in [start, condition, step] {
                    self.word(word);
                }
                self.list(body);
            }
            CompoundKind::Case { subject, arms } => {
                self.word(subject);
                for arm in arms {
                    arm.patterns.iter().for_each(|word| self.word(word));
                    self.list(&arm.body);
                }
            }
            CompoundKind::Test(condition) => self.condition(condition),
            CompoundKind::Arithmetic(word) => self.word(word),
            CompoundKind::Coproc { body, .. } => self.node(body),
            CompoundKind::Repeat { count, body } => {
                self.word(count);
                self.list(body);
            }
            CompoundKind::Anonymous { body, arguments } => {
                self.node(body);
                arguments.iter().for_each(|word| self.word(word));
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Word(word) | Condition::Unary(_, word) => self.word(word),
            Condition::Binary(left, _, right) => {
                self.word(left);
                self.word(right);
            }
            Condition::Not(inner) => self.condition(inner),
            Condition::And(left, right) | Condition::Or(left, right) => {
                self.condition(left);
                self.condition(right);
            }
        }
    }

    fn redirections(&mut self, redirections: &[guard::shell::Redirection]) {
        for redirection in redirections {
            match &redirection.target {
                RedirectionTarget::Word(word) => self.word(word),
                RedirectionTarget::HereDocument(body) => {
                    if let Some(word) = body.get() {
                        self.word(word);
                    }
                }
            }
        }
    }

    fn word(&mut self, word: &Word) {
        for piece in &word.pieces {
            match piece {
                Piece::Command { list, .. } | Piece::Process { list, .. } => self.script(list),
                Piece::Arithmetic { expression, .. } => self.word(expression),
                Piece::Parameter { parameter, .. } => {
                    if let Some(Subscript::Index(word)) = &parameter.subscript {
                        self.word(word);
                    }
                    self.operator(&parameter.operator);
                }
                Piece::Literal { .. } | Piece::Quoted { .. } => {}
            }
        }
    }

    fn operator(&mut self, operator: &Operator) {
        match operator {
            Operator::Default { word, .. }
            | Operator::Assign { word, .. }
            | Operator::Error { word, .. }
            | Operator::Alternative { word, .. }
            | Operator::Set { word }
            | Operator::Other { word } => self.word(word),
            Operator::RemovePrefix { pattern, .. }
            | Operator::RemoveSuffix { pattern, .. }
            | Operator::Case { pattern, .. }
            | Operator::Exclude { pattern } => self.word(pattern),
            Operator::Replace {
                pattern,
                replacement,
                ..
            } => {
                self.word(pattern);
                self.word(replacement);
            }
            Operator::Substring { offset, length } => {
                self.word(offset);
                length.iter().for_each(|word| self.word(word));
            }
            Operator::None | Operator::Transform(_) | Operator::Names => {}
        }
    }
}
