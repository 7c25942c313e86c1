//! Compound commands: which ways a script may take, and what is known after each.

use std::rc::Rc;

use super::command::Directory;
use super::expand::Field;
use super::interpreter::{Interpreter, append_output, piped};
use super::state::{State, Value};
use super::text::Text;
use crate::shell::{
    AndOrOperator, Compound, CompoundKind, Node, RedirectionOperator, RedirectionTarget, Word,
};

/// Iterations of a loop over known words that are walked one by one.
const UNROLL_LIMIT: usize = 50;

impl Interpreter<'_> {
    pub(super) fn pipeline(&mut self, stages: &[Node]) -> Text {
        if let [stage] = stages {
            return self.node(stage);
        }
        let mut output = Text::empty();
        for (index, stage) in stages.iter().enumerate() {
            let input = std::mem::take(&mut output);
            let last = index + 1 == stages.len();
            if last && self.state.dialect.keeps_last_stage() {
                let outer = std::mem::replace(&mut self.state.stdin, piped(input));
                output = self.deeper(|shell| shell.node(stage));
                self.state.stdin = outer;
                return output;
            }
            output = self.subshell(|shell| {
                if index > 0 {
                    shell.state.stdin = piped(input);
                }
                shell.node(stage)
            });
            if !last && self.state.dialect.is_zsh() && redirects_output(stage) {
                output = Text::unknown("what goes to a file and a pipe at once");
            }
        }
        output
    }

    pub(super) fn and_or(&mut self, left: &Node, operator: AndOrOperator, right: &Node) -> Text {
        let before = self.state.clone();
        let mut output = self.node(left);
        match operator {
            AndOrOperator::And => {
                // The right side runs only if the left did not fail.
                let doubt = self.state.directory_if_cd_failed.take();
                self.conditional += 1;
                let text = self.node(right);
                self.conditional -= 1;
                append_output(&mut output, text);
                if doubt.is_some() && !self.errexit {
                    self.state.directory_if_cd_failed = doubt;
                }
            }
            AndOrOperator::Or => {
                let mut after_left = std::mem::replace(&mut self.state, before);
                self.conditional += 1;
                let text = self.node(right);
                self.conditional -= 1;
                append_output(&mut output, text);
                if leaves(right) {
                    after_left.directory_if_cd_failed = None;
                    self.state = after_left;
                } else {
                    let after_right = std::mem::replace(&mut self.state, after_left);
                    self.state.join(&after_right, self.world);
                }
            }
        }
        output
    }

    pub(super) fn compound(&mut self, compound: &Compound) -> Text {
        let outer_stdin = self.state.stdin.clone();
        let io = self.redirections(&compound.redirections);
        if !io.redirections.is_empty() {
            let location = self.source.locate(compound.span);
            self.emit(Vec::new(), &io, self.state.stdin.clone(), location);
        }
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
        }
        let output = self.compound_kind(&compound.kind);
        self.state.stdin = outer_stdin;
        self.deliver(output, &io)
    }

    fn compound_kind(&mut self, kind: &CompoundKind) -> Text {
        match kind {
            CompoundKind::Subshell(list) => self.subshell(|shell| shell.list(list)),
            CompoundKind::Group(list) => self.list(list),
            CompoundKind::If {
                branches,
                otherwise,
            } => self.if_clause(branches, otherwise),
            CompoundKind::Loop { condition, body } => self.repeat(|shell| {
                let mut output = shell.list(condition);
                append_output(&mut output, shell.list(body));
                output
            }),
            CompoundKind::For {
                variables,
                words,
                body,
            } => self.for_loop(variables, words.as_deref(), body),
            CompoundKind::ArithmeticFor { header, body } => {
                let _ = self.value(header);
                self.assigned_in(header);
                self.repeat(|shell| shell.list(body))
            }
            CompoundKind::Case { subject, arms } => {
                let _ = self.value(subject);
                let before = self.state.clone();
                let mut after = before.clone();
                let mut output = Text::empty();
                self.conditional += 1;
                for arm in arms {
                    self.state = before.clone();
                    for pattern in &arm.patterns {
                        let _ = self.value(pattern);
                    }
                    append_output(&mut output, self.list(&arm.body));
                    if !arm.body.last().is_some_and(leaves) {
                        after.join(&self.state, self.world);
                    }
                }
                self.conditional -= 1;
                self.state = after;
                uncertain(output, "case")
            }
            CompoundKind::Test(words) => {
                for word in words {
                    let _ = self.value(word);
                }
                Text::empty()
            }
            CompoundKind::Arithmetic(expression) => {
                let _ = self.value(expression);
                self.assigned_in(expression);
                Text::empty()
            }
            CompoundKind::Anonymous { body, arguments } => {
                let words = arguments.iter().flat_map(|word| self.fields(word));
                let fields: Vec<Field> = words.collect();
                self.call_anonymous(body, fields)
            }
            CompoundKind::Coproc(node) => self.subshell(|shell| shell.node(node)),
        }
    }

    fn if_clause(&mut self, branches: &[(Vec<Node>, Vec<Node>)], otherwise: &[Node]) -> Text {
        let mut output = Text::empty();
        let mut after: Vec<State> = Vec::new();
        self.conditional += 1;
        for (condition, body) in branches {
            append_output(&mut output, self.list(condition));
            let before = self.state.clone();
            // The body runs only if the condition did not fail.
            self.state.directory_if_cd_failed = None;
            append_output(&mut output, self.list(body));
            let state = std::mem::replace(&mut self.state, before);
            if !body.last().is_some_and(leaves) {
                after.push(state);
            }
        }
        append_output(&mut output, self.list(otherwise));
        self.conditional -= 1;
        if otherwise.last().is_some_and(leaves)
            && let Some(state) = after.pop()
        {
            self.state = state;
        }
        for state in after {
            self.state.join(&state, self.world);
        }
        uncertain(output, "if")
    }

    /// A loop whose number of rounds is not known: a first round with what is known, a second
    /// with everything that the first changed unknown.
    fn repeat(&mut self, mut round: impl FnMut(&mut Self) -> Text) -> Text {
        let before = self.state.clone();
        self.conditional += 1;
        let output = self.deeper(&mut round);
        if !Rc::ptr_eq(&before.variables, &self.state.variables)
            || before.directory != self.state.directory
        {
            let names: Vec<String> = self
                .state
                .variables
                .iter()
                .filter(|(name, variable)| before.variables.get(*name) != Some(variable))
                .map(|(name, _)| name.clone())
                .collect();
            for name in names {
                let unknown = Value::Scalar(Text::unknown(format!("${name}")));
                self.state.set(self.world, &name, unknown);
            }
            if before.directory != self.state.directory {
                self.state.directory = Directory::Unknown("a directory that a loop changes".into());
            }
            let _ = self.deeper(&mut round);
        }
        self.conditional -= 1;
        self.state.join(&before, self.world);
        uncertain(output, "a loop")
    }

    fn for_loop(&mut self, variables: &[String], words: Option<&[Word]>, body: &[Node]) -> Text {
        let fields: Option<Vec<Field>> = match words {
            Some(words) => Some(words.iter().flat_map(|word| self.fields(word)).collect()),
            None => self.state.arguments.clone().map(|arguments| {
                let field = |text| Field {
                    text,
                    ..Field::default()
                };
                arguments.into_iter().map(field).collect()
            }),
        };
        let certain = fields
            .as_ref()
            .filter(|fields| fields.len() <= UNROLL_LIMIT)
            .filter(|fields| !fields.iter().any(|field| field.splits));
        if let Some(fields) = certain {
            let mut output = Text::empty();
            for round in fields.chunks(variables.len().max(1)) {
                for (index, variable) in variables.iter().enumerate() {
                    let text = round.get(index).map(|field| field.text.clone());
                    let value = Value::Scalar(text.unwrap_or_default());
                    self.state.set(self.world, variable, value);
                }
                let text = self.deeper(|shell| shell.list(body));
                append_output(&mut output, text);
            }
            return output;
        }
        let unknown = |variable: &str| Text::unknown(format!("${variable}"));
        let values: Vec<(&String, Value)> = variables
            .iter()
            .map(|variable| {
                let value = match &fields {
                    Some(fields) if fields.len() <= 8 && variables.len() == 1 => Value::OneOf(
                        fields
                            .iter()
                            .map(|field| {
                                if field.splits {
                                    unknown(variable)
                                } else {
                                    field.text.clone()
                                }
                            })
                            .collect(),
                    ),
                    _ => Value::Scalar(unknown(variable)),
                };
                (variable, value)
            })
            .collect();
        self.repeat(|shell| {
            for (variable, value) in &values {
                shell.state.set(shell.world, variable, value.clone());
            }
            shell.list(body)
        })
    }
}

/// Whether a command's output goes to a file, too, where it is piped: zsh gives it to both.
fn redirects_output(node: &Node) -> bool {
    let redirections = match node {
        Node::Simple(command) => &command.redirections,
        Node::Compound(compound) => &compound.redirections,
        _ => return false,
    };
    redirections.iter().any(|redirection| {
        redirection.descriptor.unwrap_or(1) == 1
            && !matches!(
                redirection.operator,
                RedirectionOperator::Input
                    | RedirectionOperator::HereDocument
                    | RedirectionOperator::HereString
                    | RedirectionOperator::DuplicateInput
                    | RedirectionOperator::DuplicateOutput
            )
            && !matches!(&redirection.target, RedirectionTarget::Word(word) if word.source.as_ref() == "/dev/null")
    })
}

/// Whether control never comes past this node.
fn leaves(node: &Node) -> bool {
    match node {
        Node::Simple(command) => command.words.first().is_some_and(|word| {
            matches!(
                word.source.as_ref(),
                "exit" | "return" | "break" | "continue"
            )
        }),
        Node::Compound(Compound {
            kind: CompoundKind::Group(list),
            ..
        }) => list.last().is_some_and(leaves),
        Node::AndOr {
            left,
            operator: AndOrOperator::And,
            right,
        } => leaves(left) || leaves(right),
        Node::AndOr { .. }
        | Node::Pipeline { .. }
        | Node::Background(_)
        | Node::Compound(_)
        | Node::Function { .. } => false,
    }
}

/// Output that depends on which way was taken: known only if there is none.
pub(super) fn uncertain(output: Text, what: &str) -> Text {
    if output.is_empty() {
        output
    } else {
        Text::unknown(format!("the output of {what}"))
    }
}
