//! From the tokens of an awk program to its tree, by POSIX's grammar and gawk's extensions.
//!
//! Never guesses: a text that is not awk has no tree. What awk says in signs is a call by that
//! name: `print >` and `print |` of what is written to, `getline <` of what is read.

use std::rc::Rc;

use super::lexer::{Kind, Token, is_builtin, tokens};
use crate::location::Span;
use crate::payload::holes;
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Expression, ExpressionKind, Function, Operator, Parameter,
    ParameterKind, Pattern, Role, Statement, StatementKind,
};

/// Expressions and statements within each other: a bound on the stack.
const NESTING_LIMIT: usize = 60;

/// A program, in the parts that awk runs one after another.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) functions: Vec<Statement>,
    pub(super) begin: Vec<Statement>,
    /// For each record.
    pub(super) main: Vec<Statement>,
    pub(super) end: Vec<Statement>,
    /// `@include "f"`.
    pub(super) includes: Vec<String>,
    /// `@load "f"`.
    pub(super) libraries: Vec<String>,
    /// A text that only the shell knows stands where code does.
    pub(super) open: bool,
}

/// Adds the rules and functions of this text, if it is a program.
pub(super) fn parse(text: &str, parts: &mut Parts) -> Option<()> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        nesting: 0,
        prints: false,
    };
    parser.program(parts)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    /// Within the arguments of a `print`, where `>` is a redirection.
    prints: bool,
}

const ASSIGNMENTS: &[(&str, Option<Operator>)] = &[
    ("=", None),
    // Numbers are added, whatever they are written as: see where it is read.
    ("+=", Some(Operator::Add)),
    ("-=", Some(Operator::Subtract)),
    ("*=", Some(Operator::Multiply)),
    ("/=", Some(Operator::Divide)),
    ("%=", Some(Operator::Remainder)),
    ("^=", Some(Operator::Power)),
    ("**=", Some(Operator::Power)),
];

const COMPARISONS: &[(&str, Operator)] = &[
    ("<", Operator::Less),
    ("<=", Operator::LessOrEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
];

impl Parser {
    fn kind(&self) -> &Kind {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> &Kind {
        self.tokens
            .get(self.at + count)
            .map_or(&Kind::End, |token| &token.kind)
    }

    fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.start)
    }

    /// From `start` to the end of the last token taken.
    fn span(&self, start: usize) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        Span::new(start, last.map_or(start, |token| token.end))
    }

    fn expression_at(&self, start: usize, kind: ExpressionKind) -> Expression {
        Expression::new(self.span(start), kind)
    }

    fn unknown(&self, start: usize, parts: Vec<Expression>) -> Expression {
        Expression::unknown(self.span(start), parts)
    }

    /// A call of what has this name, or sign.
    fn call(&self, start: usize, name: &str, arguments: Vec<Expression>) -> Expression {
        let span = self.span(start);
        let function = Expression::new(span, ExpressionKind::Name(name.to_owned()));
        let arguments = arguments.into_iter().map(|value| Argument {
            value,
            kind: ArgumentKind::Positional,
        });
        Expression::new(
            span,
            ExpressionKind::Call {
                function: Box::new(function),
                arguments: arguments.collect(),
            },
        )
    }

    fn is_mark(&self, mark: &str) -> bool {
        matches!(self.kind(), Kind::Mark(found) if *found == mark)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(found) if *found == word)
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn mark(&mut self, mark: &str) -> Option<()> {
        self.take_mark(mark).then_some(())
    }

    fn newlines(&mut self) {
        while matches!(self.kind(), Kind::Newline) {
            self.at += 1;
        }
    }

    /// Newlines and semicolons between items.
    fn separators(&mut self) {
        while matches!(self.kind(), Kind::Newline) || self.is_mark(";") {
            self.at += 1;
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.nesting >= NESTING_LIMIT {
            return None;
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }

    fn program(&mut self, parts: &mut Parts) -> Option<()> {
        // What only the shell knows is code, where nothing else is.
        let is_hole = |token: &Token| matches!(&token.kind, Kind::Name(name) if holes::starts_with_hole(name));
        let begins = |token: Option<&Token>| {
            token.is_none_or(|token| {
                matches!(token.kind, Kind::Newline | Kind::Mark(";" | "{" | "}"))
            })
        };
        let ends = |token: Option<&Token>| {
            token.is_none_or(|token| {
                matches!(
                    token.kind,
                    Kind::End | Kind::Newline | Kind::Mark(";" | "{" | "}")
                )
            })
        };
        parts.open |= self.tokens.iter().enumerate().any(|(at, token)| {
            is_hole(token)
                && begins(at.checked_sub(1).and_then(|at| self.tokens.get(at)))
                && ends(self.tokens.get(at + 1))
        });
        self.separators();
        while *self.kind() != Kind::End {
            self.item(parts)?;
            self.separators();
        }
        Some(())
    }

    fn item(&mut self, parts: &mut Parts) -> Option<()> {
        if self.is_mark("@") && matches!(self.ahead(2), Kind::Text(_)) {
            return self.directive(parts);
        }
        let start = self.start();
        if self.take_word("function") || self.take_word("func") {
            let function = self.function(start)?;
            parts.functions.push(function);
            return Some(());
        }
        if self.take_word("BEGIN") {
            let body = self.block()?;
            parts.begin.extend(body);
            return Some(());
        }
        if self.take_word("END") {
            let body = self.block()?;
            parts.end.extend(body);
            return Some(());
        }
        let mut patterns = Vec::new();
        if !self.take_word("BEGINFILE") && !self.take_word("ENDFILE") && !self.is_mark("{") {
            patterns.push(self.expression()?);
            if self.take_mark(",") {
                self.newlines();
                patterns.push(self.expression()?);
            }
        }
        let condition = match patterns.pop() {
            Some(only) if patterns.is_empty() => only,
            Some(last) => {
                patterns.push(last);
                self.unknown(start, patterns)
            }
            None => self.unknown(start, Vec::new()),
        };
        // Without a body the record is printed.
        let then = if self.is_mark("{") {
            self.block()?
        } else {
            Vec::new()
        };
        parts.main.push(Statement::new(
            self.span(start),
            StatementKind::Branch {
                condition,
                then,
                otherwise: Vec::new(),
            },
        ));
        Some(())
    }

    /// `@include "f"`, `@load "f"`, `@namespace "n"`.
    fn directive(&mut self, parts: &mut Parts) -> Option<()> {
        let (Kind::Name(word), Kind::Text(text)) = (self.ahead(1).clone(), self.ahead(2).clone())
        else {
            return None;
        };
        match word.as_str() {
            "include" => parts.includes.push(text),
            "load" => parts.libraries.push(text),
            "namespace" => {}
            _ => return None,
        }
        self.at += 3;
        Some(())
    }

    fn function(&mut self, start: usize) -> Option<Statement> {
        let name = match self.kind().clone() {
            Kind::Name(name) | Kind::Called(name) => name,
            // A program for other implementations may define what gawk has.
            Kind::Word(name) if is_builtin(name) => name.to_owned(),
            _ => return None,
        };
        self.at += 1;
        self.mark("(")?;
        let mut parameters = Vec::new();
        self.newlines();
        while !self.take_mark(")") {
            let Kind::Name(parameter) = self.kind().clone() else {
                return None;
            };
            let at = self.start();
            self.at += 1;
            let name = self.expression_at(at, ExpressionKind::Name(parameter));
            // Those that are not given are local variables, and hold nothing yet.
            let nothing = self.expression_at(at, ExpressionKind::Text(String::new()));
            parameters.push(Parameter {
                pattern: Pattern::target(name),
                name: None,
                default: Some(nothing),
                kind: ParameterKind::Positional,
            });
            self.newlines();
            if self.take_mark(",") {
                self.newlines();
            }
        }
        self.newlines();
        let body = self.block()?;
        let span = self.span(start);
        let function = Function {
            name: Some(name),
            parameters,
            body,
            decorators: Vec::new(),
            closed: false,
            detached: false,
            role: Role::Plain,
            implicit_return: false,
            span,
        };
        Some(Statement::new(
            span,
            StatementKind::Function(Rc::new(function)),
        ))
    }

    fn block(&mut self) -> Option<Vec<Statement>> {
        self.newlines();
        self.mark("{")?;
        let mut statements = Vec::new();
        self.separators();
        while !self.take_mark("}") {
            self.statement(&mut statements)?;
            self.separators();
        }
        Some(statements)
    }

    /// One statement, or the statements of a block.
    fn statement(&mut self, found: &mut Vec<Statement>) -> Option<()> {
        self.deeper(|parser| parser.any_statement(found))
    }

    fn any_statement(&mut self, found: &mut Vec<Statement>) -> Option<()> {
        if self.is_mark("{") {
            found.extend(self.block()?);
            return Some(());
        }
        if self.take_mark(";") {
            return Some(());
        }
        let start = self.start();
        let Kind::Word(word) = *self.kind() else {
            return self.simple_statement(found);
        };
        let kind = match word {
            "if" => {
                self.at += 1;
                let condition = self.parenthesized()?;
                let then = self.body()?;
                // A semicolon or a newline may stand before `else`.
                let before = self.at;
                self.separators();
                let mut otherwise = Vec::new();
                if self.take_word("else") {
                    otherwise = self.body()?;
                } else {
                    self.at = before;
                }
                StatementKind::Branch {
                    condition,
                    then,
                    otherwise,
                }
            }
            "while" => {
                self.at += 1;
                let condition = self.parenthesized()?;
                // `do … while (…)` ends here.
                let body = self.body()?;
                loops(condition, Vec::new(), body, false)
            }
            "do" => {
                self.at += 1;
                let body = self.body()?;
                self.separators();
                if !self.take_word("while") {
                    return None;
                }
                let condition = self.parenthesized()?;
                loops(condition, Vec::new(), body, true)
            }
            "for" => {
                self.at += 1;
                self.for_statement(start, found)?
            }
            "switch" => {
                self.at += 1;
                self.switch(found)?
            }
            _ => return self.simple_statement(found),
        };
        found.push(Statement::new(self.span(start), kind));
        Some(())
    }

    fn parenthesized(&mut self) -> Option<Expression> {
        self.mark("(")?;
        let inner = self.expression()?;
        self.mark(")")?;
        Some(inner)
    }

    /// What a condition governs.
    fn body(&mut self) -> Option<Vec<Statement>> {
        self.newlines();
        let mut statements = Vec::new();
        self.statement(&mut statements)?;
        Some(statements)
    }

    fn for_statement(&mut self, at: usize, found: &mut Vec<Statement>) -> Option<StatementKind> {
        self.mark("(")?;
        if let (Kind::Name(name), Kind::Word("in"), Kind::Name(array), Kind::Mark(")")) = (
            self.ahead(0).clone(),
            self.ahead(1),
            self.ahead(2).clone(),
            self.ahead(3),
        ) {
            self.at += 4;
            let target = self.expression_at(at, ExpressionKind::Name(name));
            let over = self.expression_at(at, ExpressionKind::Name(array));
            return Some(StatementKind::For {
                target: Pattern::target(target),
                binding: Binding::Nearest,
                over,
                keys: true,
                body: self.body()?,
            });
        }
        if !self.is_mark(";") {
            found.push(self.simple()?);
        }
        self.mark(";")?;
        self.newlines();
        let condition = if self.is_mark(";") {
            self.unknown(at, Vec::new())
        } else {
            self.expression()?
        };
        self.mark(";")?;
        self.newlines();
        let mut update = Vec::new();
        if !self.is_mark(")")
            && let StatementKind::Expression(step) = self.simple()?.kind
        {
            update.push(step);
        }
        self.mark(")")?;
        let body = self.body()?;
        Some(loops(condition, update, body, false))
    }

    fn switch(&mut self, found: &mut Vec<Statement>) -> Option<StatementKind> {
        found.push(self.parenthesized()?.into());
        self.newlines();
        self.mark("{")?;
        let mut arms = Vec::new();
        self.separators();
        while !self.take_mark("}") {
            if self.take_word("case") {
                self.take_mark("-");
                found.push(self.primary()?.into());
            } else if !self.take_word("default") {
                return None;
            }
            self.mark(":")?;
            let mut arm = Vec::new();
            self.separators();
            while !(self.is_word("case") || self.is_word("default") || self.is_mark("}")) {
                self.statement(&mut arm)?;
                self.separators();
            }
            // A `break` leaves the switch, which each arm does here.
            arm.retain(|statement| !matches!(statement.kind, StatementKind::Break));
            arms.push(arm);
        }
        Some(StatementKind::Alternatives(arms))
    }

    fn simple_statement(&mut self, found: &mut Vec<Statement>) -> Option<()> {
        found.push(self.simple()?);
        let ended = matches!(self.kind(), Kind::Newline | Kind::End)
            || self.is_mark(";")
            || self.is_mark("}");
        self.take_mark(";");
        ended.then_some(())
    }

    fn simple(&mut self) -> Option<Statement> {
        let start = self.start();
        let Kind::Word(word) = *self.kind() else {
            return self.expression().map(Statement::from);
        };
        let kind = match word {
            "print" | "printf" => {
                self.at += 1;
                StatementKind::Expression(self.print(word, start)?)
            }
            "delete" => {
                self.at += 1;
                let parts = vec![self.primary()?];
                StatementKind::Expression(self.unknown(start, parts))
            }
            "return" => {
                self.at += 1;
                StatementKind::Return(self.optional()?.pop())
            }
            "exit" => {
                // The END rules still run.
                self.at += 1;
                let parts = self.optional()?;
                StatementKind::Expression(self.unknown(start, parts))
            }
            "next" | "nextfile" | "continue" => {
                self.at += 1;
                StatementKind::Continue
            }
            "break" => {
                self.at += 1;
                StatementKind::Break
            }
            _ => return self.expression().map(Statement::from),
        };
        Some(Statement::new(self.span(start), kind))
    }

    /// One expression, or none.
    fn optional(&mut self) -> Option<Vec<Expression>> {
        if self.starts_operand() || self.is_mark("-") || self.is_mark("+") {
            return Some(vec![self.expression()?]);
        }
        Some(Vec::new())
    }

    fn print(&mut self, name: &str, start: usize) -> Option<Expression> {
        let outer = std::mem::replace(&mut self.prints, true);
        let mut printed = self.optional()?;
        while !printed.is_empty() && self.take_mark(",") {
            self.newlines();
            printed.push(self.expression()?);
        }
        let sink = [
            (">", "print >"),
            (">>", "print >>"),
            ("|", "print |"),
            ("|&", "print |"),
        ]
        .into_iter()
        .find(|(mark, _)| self.take_mark(mark));
        let written = match sink {
            Some((_, sink)) => {
                let to = self.concatenation()?;
                self.call(start, sink, vec![to])
            }
            None => {
                self.prints = outer;
                return Some(self.call(start, name, printed));
            }
        };
        self.prints = outer;
        printed.push(written);
        Some(self.unknown(start, printed))
    }

    fn expression(&mut self) -> Option<Expression> {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Option<Expression> {
        let start = self.start();
        let condition = self.either()?;
        if !self.take_mark("?") {
            return Some(condition);
        }
        self.newlines();
        let then = self.expression()?;
        self.newlines();
        self.mark(":")?;
        self.newlines();
        let otherwise = self.expression()?;
        Some(self.expression_at(
            start,
            ExpressionKind::Conditional {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            },
        ))
    }

    /// Operands with one operator between them.
    fn chain(
        &mut self,
        mark: &str,
        operator: Operator,
        operand: fn(&mut Self) -> Option<Expression>,
    ) -> Option<Expression> {
        let start = self.start();
        let first = operand(self)?;
        if !self.is_mark(mark) {
            return Some(first);
        }
        let mut operands = vec![first];
        while self.take_mark(mark) {
            self.newlines();
            operands.push(operand(self)?);
        }
        Some(self.expression_at(start, ExpressionKind::Binary { operator, operands }))
    }

    fn either(&mut self) -> Option<Expression> {
        self.chain("||", Operator::Or, Self::both)
    }

    fn both(&mut self) -> Option<Expression> {
        self.chain("&&", Operator::And, Self::membership)
    }

    fn membership(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut left = self.matching()?;
        while self.take_word("in") {
            let Kind::Name(_) = self.kind() else {
                return None;
            };
            self.at += 1;
            left = self.unknown(start, vec![left]);
        }
        Some(left)
    }

    fn matching(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut left = self.comparison()?;
        while self.take_mark("~") || self.take_mark("!~") {
            let right = self.comparison()?;
            left = self.unknown(start, vec![left, right]);
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Expression> {
        let start = self.start();
        let left = self.piped()?;
        let operator = if !self.prints && self.take_mark(">") {
            Some(Operator::Greater)
        } else {
            let found = COMPARISONS.iter().find(|(mark, _)| self.take_mark(mark));
            found.map(|(_, operator)| *operator)
        };
        let Some(operator) = operator else {
            return Some(left);
        };
        let operands = vec![left, self.piped()?];
        Some(self.expression_at(start, ExpressionKind::Binary { operator, operands }))
    }

    /// `command | getline`.
    fn piped(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut left = self.concatenation()?;
        while (self.is_mark("|") || self.is_mark("|&"))
            && matches!(self.ahead(1), Kind::Word("getline"))
        {
            self.at += 2;
            let into = self.lvalue()?;
            let line = self.call(start, "getline |", vec![left]);
            left = self.read(start, line, into);
        }
        Some(left)
    }

    /// A line that is read into a variable, or into the record.
    fn read(&self, start: usize, line: Expression, into: Option<Expression>) -> Expression {
        let line = self.unknown(start, vec![line]);
        let into = into.unwrap_or_else(|| self.record(start));
        let assigned = self.assign(start, into, None, line);
        self.unknown(start, vec![assigned])
    }

    fn record(&self, start: usize) -> Expression {
        self.expression_at(start, ExpressionKind::Name("$0".to_owned()))
    }

    fn assign(
        &self,
        start: usize,
        target: Expression,
        operator: Option<Operator>,
        value: Expression,
    ) -> Expression {
        self.expression_at(
            start,
            ExpressionKind::Assign {
                target: Box::new(Pattern::target(target)),
                binding: Binding::Nearest,
                operator,
                value: Box::new(value),
            },
        )
    }

    fn concatenation(&mut self) -> Option<Expression> {
        let start = self.start();
        let first = self.sum()?;
        if !self.starts_operand() || self.is_word("getline") {
            return Some(first);
        }
        let mut operands = vec![first];
        while self.starts_operand() && !self.is_word("getline") {
            operands.push(self.sum()?);
        }
        Some(self.expression_at(
            start,
            ExpressionKind::Binary {
                operator: Operator::Concatenate,
                operands,
            },
        ))
    }

    /// Whether the next token begins an operand that no sign precedes.
    fn starts_operand(&self) -> bool {
        match self.kind() {
            Kind::Text(_) | Kind::Number(_) | Kind::Regex(_) | Kind::Name(_) | Kind::Called(_) => {
                true
            }
            Kind::Word(word) => is_builtin(word) || *word == "getline",
            Kind::Mark(mark) => matches!(*mark, "(" | "$" | "!" | "++" | "--" | "@"),
            Kind::Newline | Kind::End => false,
        }
    }

    fn sum(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut left = self.product()?;
        loop {
            if self.take_mark("+") {
                // Numbers are added, whatever they are written as.
                let right = self.product()?;
                let right = self.expression_at(start, ExpressionKind::Negative(Box::new(right)));
                left = self.binary(start, Operator::Subtract, left, right);
            } else if self.take_mark("-") {
                let right = self.product()?;
                left = self.binary(start, Operator::Subtract, left, right);
            } else {
                return Some(left);
            }
        }
    }

    fn binary(
        &self,
        start: usize,
        operator: Operator,
        left: Expression,
        right: Expression,
    ) -> Expression {
        let operands = vec![left, right];
        self.expression_at(start, ExpressionKind::Binary { operator, operands })
    }

    fn product(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut left = self.signed()?;
        loop {
            let operator = if self.take_mark("*") {
                Operator::Multiply
            } else if self.take_mark("/") {
                Operator::Divide
            } else if self.take_mark("%") {
                Operator::Remainder
            } else {
                return Some(left);
            };
            let right = self.signed()?;
            left = self.binary(start, operator, left, right);
        }
    }

    fn signed(&mut self) -> Option<Expression> {
        let start = self.start();
        if self.take_mark("!") {
            let inner = Box::new(self.deeper(Self::signed)?);
            return Some(self.expression_at(start, ExpressionKind::Not(inner)));
        }
        if self.take_mark("-") {
            let inner = Box::new(self.deeper(Self::signed)?);
            return Some(self.expression_at(start, ExpressionKind::Negative(inner)));
        }
        if self.take_mark("+") {
            let inner = self.deeper(Self::signed)?;
            return Some(self.unknown(start, vec![inner]));
        }
        let base = self.primary()?;
        if self.take_mark("^") || self.take_mark("**") {
            let exponent = self.deeper(Self::signed)?;
            return Some(self.binary(start, Operator::Power, base, exponent));
        }
        Some(base)
    }

    fn primary(&mut self) -> Option<Expression> {
        self.deeper(Self::any_primary)
    }

    fn any_primary(&mut self) -> Option<Expression> {
        let start = self.start();
        let kind = self.kind().clone();
        self.at += 1;
        match kind {
            Kind::Text(text) => Some(self.expression_at(start, ExpressionKind::Text(text))),
            Kind::Number(number) => Some(match number.parse() {
                Ok(number) => self.expression_at(start, ExpressionKind::Number(number)),
                Err(_) => self.unknown(start, Vec::new()),
            }),
            Kind::Regex(_) => Some(self.unknown(start, Vec::new())),
            Kind::Name(_) => {
                self.at -= 1;
                let target = self.variable()?;
                self.assigned(start, target)
            }
            Kind::Called(name) => {
                let arguments = self.arguments()?;
                Some(self.call(start, &name, arguments))
            }
            Kind::Word("getline") => self.getline(start),
            Kind::Word(name) if is_builtin(name) => self.builtin(start, name),
            Kind::Mark("$") => {
                let target = self.field(start)?;
                self.assigned(start, target)
            }
            Kind::Mark("++" | "--") => {
                let target = self.lvalue()??;
                Some(self.changed(start, target))
            }
            Kind::Mark("@") => self.indirect(start),
            Kind::Mark("(") => self.group(start),
            // A sign after `$` or an operator: `$-1`.
            Kind::Mark("-" | "+" | "!") => {
                let parts = vec![self.primary()?];
                Some(self.unknown(start, parts))
            }
            Kind::Mark(_) | Kind::Word(_) | Kind::Newline | Kind::End => None,
        }
    }

    fn builtin(&mut self, start: usize, name: &str) -> Option<Expression> {
        if !self.is_mark("(") {
            // `length` alone is that of the record.
            return (name == "length").then(|| self.unknown(start, Vec::new()));
        }
        // A regular expression is a text to these, and not a question about the record.
        let pattern = usize::from(name == "split") * 2;
        let pattern = match self.ahead(1) {
            Kind::Regex(regex) if pattern == 0 => Some((pattern, regex.clone())),
            _ => None,
        };
        let mut arguments = self.arguments()?;
        if let Some((at, regex)) = pattern
            && let Some(argument) = arguments.get_mut(at)
            && !regex.contains(|letter: char| ".[]{}()*+?^$|\\".contains(letter))
        {
            argument.kind = ExpressionKind::Text(regex);
        }
        let target = match name {
            "sub" | "gsub" => {
                if arguments.len() == 2 {
                    arguments.push(self.record(start));
                }
                arguments.get(2).cloned()
            }
            "split" | "asort" | "asorti" | "patsplit" => arguments
                .get(usize::from(!name.starts_with("asort")))
                .cloned(),
            "match" => arguments.get(2).cloned(),
            _ => None,
        };
        let call = self.call(start, name, arguments);
        let Some(target) = target.filter(is_assignable) else {
            return Some(call);
        };
        // They change what they are given.
        let assigned = self.assign(start, target, None, call);
        Some(self.unknown(start, vec![assigned]))
    }

    fn group(&mut self, start: usize) -> Option<Expression> {
        let prints = std::mem::replace(&mut self.prints, false);
        self.newlines();
        let mut inner = vec![self.expression()?];
        while self.take_mark(",") {
            self.newlines();
            inner.push(self.expression()?);
        }
        self.newlines();
        self.mark(")")?;
        self.prints = prints;
        if inner.len() == 1 {
            return inner.pop();
        }
        Some(self.unknown(start, inner))
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        self.mark("(")?;
        let prints = std::mem::replace(&mut self.prints, false);
        let mut arguments = Vec::new();
        self.newlines();
        while !self.take_mark(")") {
            arguments.push(self.expression()?);
            self.newlines();
            if self.take_mark(",") {
                self.newlines();
            } else if !self.is_mark(")") {
                return None;
            }
        }
        self.prints = prints;
        Some(arguments)
    }

    /// `@name(…)`, which calls what the variable names, or gawk's constant `@/regex/`.
    fn indirect(&mut self, start: usize) -> Option<Expression> {
        match self.kind().clone() {
            Kind::Regex(_) => {
                self.at += 1;
                Some(self.unknown(start, Vec::new()))
            }
            Kind::Called(variable) => {
                self.at += 1;
                let mut arguments = self.arguments()?;
                let named = self.expression_at(start, ExpressionKind::Name(variable));
                arguments.insert(0, named);
                Some(self.call(start, "@", arguments))
            }
            _ => None,
        }
    }

    /// A variable or an element of an array.
    fn variable(&mut self) -> Option<Expression> {
        let start = self.start();
        let Kind::Name(name) = self.kind().clone() else {
            return None;
        };
        self.at += 1;
        let mut found = self.expression_at(start, ExpressionKind::Name(name));
        let prints = std::mem::replace(&mut self.prints, false);
        // gawk has arrays of arrays.
        while self.take_mark("[") {
            let mut keys = vec![self.expression()?];
            while self.take_mark(",") {
                self.newlines();
                keys.push(self.expression()?);
            }
            self.mark("]")?;
            let index = match keys.pop() {
                Some(key) if keys.is_empty() => key,
                last => {
                    keys.extend(last);
                    self.unknown(start, keys)
                }
            };
            let (object, index) = (Box::new(found), Box::new(index));
            found = self.expression_at(start, ExpressionKind::Index { object, index });
        }
        self.prints = prints;
        Some(found)
    }

    /// What follows a `$`.
    fn field(&mut self, start: usize) -> Option<Expression> {
        let index = if self.take_mark("++") || self.take_mark("--") {
            let target = self.lvalue()??;
            self.changed(start, target)
        } else if matches!(self.kind(), Kind::Name(_)) {
            self.variable()?
        } else if self.take_mark("$") {
            self.deeper(|parser| parser.field(start))?
        } else {
            self.primary()?
        };
        if matches!(index.kind, ExpressionKind::Number(number) if number == 0.0) {
            return Some(self.record(start));
        }
        Some(self.unknown(start, vec![index]))
    }

    /// What may follow what can be assigned to.
    fn assigned(&mut self, start: usize, target: Expression) -> Option<Expression> {
        if self.take_mark("++") || self.take_mark("--") {
            return Some(self.changed(start, target));
        }
        let Some((_, operator)) = ASSIGNMENTS.iter().find(|(mark, _)| self.take_mark(mark)) else {
            return Some(target);
        };
        self.newlines();
        let value = self.expression()?;
        if !is_assignable(&target) {
            // A field: the record is another one then.
            let record = self.record(start);
            let value = self.unknown(start, vec![target, value]);
            return Some(self.assign(start, record, None, value));
        }
        if *operator == Some(Operator::Add) {
            let value = self.expression_at(start, ExpressionKind::Negative(Box::new(value)));
            return Some(self.assign(start, target, Some(Operator::Subtract), value));
        }
        Some(self.assign(start, target, *operator, value))
    }

    /// `x++`: a number that is not followed.
    fn changed(&self, start: usize, target: Expression) -> Expression {
        if !is_assignable(&target) {
            return self.unknown(start, vec![target]);
        }
        let value = self.unknown(start, vec![target.clone()]);
        self.assign(start, target, None, value)
    }

    #[allow(
        clippy::option_option,
        reason = "the outer one is a failure to read, the inner one what may be left out"
    )]
    fn lvalue(&mut self) -> Option<Option<Expression>> {
        let start = self.start();
        match self.kind() {
            Kind::Name(_) => self.variable().map(Some),
            Kind::Mark("$") => {
                self.at += 1;
                self.field(start).map(Some)
            }
            _ => Some(None),
        }
    }

    fn getline(&mut self, start: usize) -> Option<Expression> {
        let into = self.lvalue()?;
        let line = if self.take_mark("<") {
            self.primary()?
        } else {
            self.unknown(start, Vec::new())
        };
        Some(self.read(start, line, into))
    }
}

fn is_assignable(target: &Expression) -> bool {
    matches!(
        target.kind,
        ExpressionKind::Name(_) | ExpressionKind::Index { .. }
    )
}

fn loops(
    condition: Expression,
    update: Vec<Expression>,
    body: Vec<Statement>,
    first: bool,
) -> StatementKind {
    StatementKind::While {
        condition,
        update,
        body,
        first,
    }
}
