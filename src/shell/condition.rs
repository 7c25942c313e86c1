//! `[[ … ]]`: the grammar of conditions.

use super::ast::{Condition, Word};
use super::parser::{Failure, Parser};

const BINARY: &[&str] = &[
    "=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef",
];

impl Parser<'_> {
    /// After `[[`, up to and with `]]`.
    pub(super) fn test(&mut self, start: usize) -> Result<Condition, Failure> {
        let condition = self.disjunction(start)?;
        self.skip_newlines()?;
        if !self.looking_at("]]") {
            return self.failure("syntax error: `]]` is missing", start);
        }
        self.position += 2;
        Ok(condition)
    }

    fn disjunction(&mut self, start: usize) -> Result<Condition, Failure> {
        let left = self.conjunction(start)?;
        self.skip_newlines()?;
        if !self.looking_at("||") {
            return Ok(left);
        }
        self.position += 2;
        let right = self.deeper(|parser| parser.disjunction(start))?;
        Ok(Condition::Or(Box::new(left), Box::new(right)))
    }

    fn conjunction(&mut self, start: usize) -> Result<Condition, Failure> {
        let left = self.negation(start)?;
        self.skip_newlines()?;
        if !self.looking_at("&&") {
            return Ok(left);
        }
        self.position += 2;
        let right = self.deeper(|parser| parser.conjunction(start))?;
        Ok(Condition::And(Box::new(left), Box::new(right)))
    }

    fn negation(&mut self, start: usize) -> Result<Condition, Failure> {
        self.skip_newlines()?;
        if self.take_reserved("!") {
            let inner = self.deeper(|parser| parser.negation(start))?;
            return Ok(Condition::Not(Box::new(inner)));
        }
        if self.peek() == Some(b'(') {
            self.position += 1;
            let inner = self.deeper(|parser| parser.disjunction(start))?;
            self.skip_newlines()?;
            if self.peek() != Some(b')') {
                return self.failure("syntax error: `)` is missing in `[[`", start);
            }
            self.position += 1;
            return Ok(inner);
        }
        let left = self.condition_word(start)?;
        self.skip_newlines()?;
        let unary = left.source.len() == 2
            && left.source.starts_with('-')
            && !self.looking_at("]]")
            && !self.looking_at("&&")
            && !self.looking_at("||")
            && self.peek() != Some(b')');
        if unary && self.binary_operator().is_none() {
            let operand = self.condition_word(start)?;
            return Ok(Condition::Unary(left.source.to_string(), operand));
        }
        let Some(operator) = self.binary_operator() else {
            if self.dialect.is_zsh() {
                return self.module_condition(left, start);
            }
            return Ok(Condition::Word(left));
        };
        self.position += operator.len();
        self.skip_blanks();
        let right = if operator == "=~" {
            self.regular_expression()?
        } else {
            self.condition_word(start)?
        };
        Ok(Condition::Binary(left, operator.to_owned(), right))
    }

    /// A condition that zsh's modules bring: an operator of several letters, before its operands
    /// or between them.
    fn module_condition(&mut self, first: Word, start: usize) -> Result<Condition, Failure> {
        let mut condition = None;
        let mut last = first;
        loop {
            self.skip_newlines()?;
            let ends = ["]]", "&&", "||", ")"]
                .iter()
                .any(|end| self.looking_at(end));
            if ends || self.position >= self.end {
                return Ok(condition.unwrap_or(Condition::Word(last)));
            }
            let word = self.condition_word(start)?;
            // What it comes to is known only when it runs.
            let pair = Condition::Binary(last, "-module".to_owned(), word.clone());
            condition = Some(match condition {
                Some(before) => Condition::And(Box::new(before), Box::new(pair)),
                None => pair,
            });
            last = word;
        }
    }

    fn condition_word(&mut self, start: usize) -> Result<Word, Failure> {
        let groups = self.groups.len();
        let word = self.word()?;
        // Patterns that need no option here.
        self.groups.truncate(groups);
        match word {
            Some(word) => Ok(word),
            None if self.position >= self.end => {
                self.failure("syntax error: `]]` is missing", start)
            }
            None => self.failure("syntax error in `[[`", self.position),
        }
    }

    fn binary_operator(&self) -> Option<&'static str> {
        let rest = self.rest();
        for operator in ["=~", "<", ">"] {
            if rest.starts_with(operator) && !rest.starts_with("<(") && !rest.starts_with(">(") {
                return Some(operator);
            }
        }
        let ends = |operator: &&&str| {
            rest.strip_prefix(**operator)
                .is_some_and(|after| after.starts_with([' ', '\t', '\n', '\\']))
        };
        BINARY.iter().find(ends).copied()
    }
}
