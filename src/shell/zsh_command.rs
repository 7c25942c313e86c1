//! zsh's compound commands: loops without `do`, conditions in braces, functions without names.

use std::rc::Rc;

use super::ast::{ArmEnd, CaseArm, CompoundKind, Node, Word};
use super::parser::{Failure, Parser, Stop};

impl Parser<'_> {
    /// A compound command that zsh reads otherwise than bash; `None` for all others.
    pub(super) fn zsh_compound(&mut self) -> Result<Option<CompoundKind>, Failure> {
        let start = self.position;
        if self.peek() == Some(b'(') && self.empty_parentheses() {
            return self.anonymous().map(Some);
        }
        // No blank is needed after it: there is no brace expansion in the program word.
        if self.peek() == Some(b'{') {
            let mut list = self.brace_group(start)?;
            let after = self.position;
            self.skip_blanks();
            if self.take_reserved("always") {
                self.skip_newlines()?;
                list.extend(self.brace_group(start)?);
            } else {
                self.position = after;
            }
            return Ok(Some(CompoundKind::Group(list)));
        }
        let Some(word) = self.reserved() else {
            return Ok(None);
        };
        if ![
            "if", "while", "until", "for", "select", "foreach", "repeat", "case",
        ]
        .contains(&word)
        {
            return Ok(None);
        }
        self.position += word.len();
        Ok(Some(match word {
            "if" => self.zsh_if(start)?,
            "while" | "until" => {
                let condition = self.list(&Stop::Words(&["do"]))?;
                let body = self.zsh_body(start, false)?;
                CompoundKind::Loop {
                    condition,
                    until: word == "until",
                    body,
                }
            }
            "repeat" => {
                self.skip_blanks();
                let Some(count) = self.word()? else {
                    return self.failure("syntax error: `repeat` needs a number", start);
                };
                let body = self.zsh_body(start, false)?;
                CompoundKind::Repeat { count, body }
            }
            "case" => self.zsh_case(start)?,
            _ => self.zsh_for(start, word)?,
        }))
    }

    /// `{ … }` from its brace on.
    fn brace_group(&mut self, start: usize) -> Result<Vec<Node>, Failure> {
        if self.peek() != Some(b'{') {
            return self.failure("syntax error: `{` is missing", start);
        }
        self.position += 1;
        let list = self.list(&Stop::Words(&["}"]))?;
        self.expect_reserved("}", start)?;
        Ok(list)
    }

    /// `() { … } arguments`, from after the parentheses.
    fn anonymous(&mut self) -> Result<CompoundKind, Failure> {
        self.skip_newlines()?;
        let body = Rc::new(self.deeper(Self::command)?);
        let arguments = self.words_of_line()?;
        Ok(CompoundKind::Anonymous { body, arguments })
    }

    /// What stands after `function`: names, a body, or arguments of a function without a name.
    pub(super) fn zsh_function(&mut self, start: usize) -> Result<Node, Failure> {
        let mut names = Vec::new();
        loop {
            self.skip_blanks();
            if self.peek() == Some(b'{') {
                break;
            }
            if self.peek() == Some(b'(') && self.empty_parentheses() {
                return self.function(names, start);
            }
            if self.peek() == Some(b'\n') && !names.is_empty() {
                self.skip_newlines()?;
                break;
            }
            match self.word()? {
                Some(word) if word.source.starts_with('-') => {}
                Some(word) => names.push(Self::function_name(&word)),
                None => return self.failure("syntax error in a function definition", start),
            }
        }
        if names.is_empty() {
            let kind = self.anonymous()?;
            return Ok(Node::Compound(super::ast::Compound {
                kind,
                redirections: self.redirections()?,
                span: self.span(start, self.position),
            }));
        }
        self.function(names, start)
    }

    /// A function's name as it stands there, without its quotes.
    pub(super) fn function_name(word: &Word) -> String {
        word.source.replace(['\'', '"', '\\'], "")
    }

    fn zsh_if(&mut self, start: usize) -> Result<CompoundKind, Failure> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.list(&Stop::Words(&["then"]))?;
            self.skip_blanks();
            if self.take_reserved("then") {
                let body = self.list(&Stop::Words(&["elif", "else", "fi"]))?;
                branches.push((condition, body));
                if self.take_reserved("elif") {
                    continue;
                }
                if self.take_reserved("else") {
                    otherwise = self.list(&Stop::Words(&["fi"]))?;
                }
                self.expect_reserved("fi", start)?;
                break;
            }
            if condition.is_empty() || self.position >= self.end {
                return self.failure("syntax error: `then` is missing", start);
            }
            if self.peek() != Some(b'{') {
                branches.push((condition, vec![self.and_or()?]));
                break;
            }
            branches.push((condition, self.brace_group(start)?));
            let after = self.position;
            self.skip_blanks();
            if self.take_reserved("elif") {
                continue;
            }
            if self.take_reserved("else") {
                self.skip_blanks();
                if self.peek() == Some(b'{') {
                    otherwise = self.brace_group(start)?;
                } else {
                    otherwise = self.list(&Stop::Words(&["fi"]))?;
                    self.expect_reserved("fi", start)?;
                }
            } else {
                self.position = after;
            }
            break;
        }
        Ok(CompoundKind::If {
            branches,
            otherwise,
        })
    }

    /// `do …; done`, `{ … }`, `…; end` after csh's own words, or a single command.
    fn zsh_body(&mut self, start: usize, csh: bool) -> Result<Vec<Node>, Failure> {
        loop {
            self.skip_newlines()?;
            if self.peek() != Some(b';') || self.peek_at(1) == Some(b';') {
                break;
            }
            self.position += 1;
        }
        if self.take_reserved("do") {
            let body = self.list(&Stop::Words(&["done"]))?;
            self.expect_reserved("done", start)?;
            return Ok(body);
        }
        if self.peek() == Some(b'{') {
            return self.brace_group(start);
        }
        if csh {
            let body = self.list(&Stop::Words(&["end"]))?;
            self.expect_reserved("end", start)?;
            return Ok(body);
        }
        Ok(vec![self.and_or()?])
    }

    fn zsh_for(&mut self, start: usize, keyword: &str) -> Result<CompoundKind, Failure> {
        let csh = keyword == "foreach";
        self.skip_blanks();
        if self.looking_at("((") {
            let header = self.arithmetic_header(start)?;
            let body = self.zsh_body(start, csh)?;
            return Ok(header.with_body(body));
        }
        let mut variables = Vec::new();
        let mut words = None;
        loop {
            self.skip_blanks();
            if !variables.is_empty() {
                let before = self.position;
                self.skip_newlines()?;
                if self.take_reserved("in") {
                    words = Some(self.words_of_line()?);
                    break;
                }
                self.position = before;
                if self.peek() == Some(b'(') {
                    self.position += 1;
                    words = Some(self.words_in_parentheses(start)?);
                    break;
                }
            }
            let rest = self.rest();
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default();
            if name.is_empty() || name == "do" {
                break;
            }
            variables.push(name.to_owned());
            self.position += length;
        }
        if variables.is_empty() {
            return self.failure("syntax error: a loop needs a variable", start);
        }
        let body = self.zsh_body(start, csh)?;
        Ok(CompoundKind::For {
            variables,
            words,
            select: keyword == "select",
            body,
        })
    }

    pub(super) fn words_of_line(&mut self) -> Result<Vec<Word>, Failure> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.word()? {
                Some(word) => words.push(word),
                None => return Ok(words),
            }
        }
    }

    fn words_in_parentheses(&mut self, start: usize) -> Result<Vec<Word>, Failure> {
        let mut words = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.peek() == Some(b')') {
                self.position += 1;
                return Ok(words);
            }
            match self.word()? {
                Some(word) => words.push(word),
                None => return self.failure("syntax error in the words of a loop", start),
            }
        }
    }

    fn zsh_case(&mut self, start: usize) -> Result<CompoundKind, Failure> {
        self.skip_blanks();
        let Some(subject) = self.word()? else {
            return self.failure("syntax error: `case` needs a word", start);
        };
        self.skip_newlines()?;
        if self.peek() == Some(b';') {
            self.position += 1;
            self.skip_newlines()?;
        }
        let braces = self.peek() == Some(b'{');
        if braces {
            self.position += 1;
        } else if !self.take_reserved("in") {
            return self.failure("syntax error: `in` is missing", start);
        }
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.peek() == Some(b';') {
                self.position += 1;
                continue;
            }
            if self.take_reserved(if braces { "}" } else { "esac" }) {
                return Ok(CompoundKind::Case { subject, arms });
            }
            if self.position >= self.end {
                return self.failure("syntax error: `esac` is missing", start);
            }
            let patterns = self.zsh_patterns(start)?;
            let body = self.list(&Stop::Arm)?;
            const ENDS: &[(&str, ArmEnd)] = &[
                (";;", ArmEnd::Stop),
                (";&", ArmEnd::Fall),
                (";|", ArmEnd::Test),
            ];
            let found = ENDS.iter().find(|(token, _)| self.looking_at(token));
            let (token, end) = found.copied().unwrap_or(("", ArmEnd::Stop));
            self.position += token.len();
            arms.push(CaseArm {
                patterns,
                body,
                end,
            });
        }
    }

    /// The patterns of an arm, with its closing parenthesis.
    fn zsh_patterns(&mut self, start: usize) -> Result<Vec<Word>, Failure> {
        // `(a|b)` around all of them; in `(a|b)*)` the parentheses are a part of the pattern.
        if self.peek() == Some(b'(') {
            let opened = self.position;
            self.position += 1;
            let depth = self.depth;
            if let Ok(words) = self.alternatives(start)
                && matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b';' | b'{'))
            {
                let after = self.position;
                self.skip_blanks();
                if !matches!(self.peek(), Some(b')' | b'|')) {
                    self.position = after;
                    return Ok(words);
                }
            }
            self.depth = depth;
            self.position = opened;
            // `(a b)`: with blanks, which only parentheses allow.
            if let Ok(Some(word)) = self.word() {
                self.skip_blanks();
                if !matches!(self.peek(), Some(b')' | b'|')) {
                    return Ok(vec![word]);
                }
            }
            self.depth = depth;
            self.position = opened;
        }
        self.alternatives(start)
    }

    fn alternatives(&mut self, start: usize) -> Result<Vec<Word>, Failure> {
        let mut patterns = Vec::new();
        loop {
            self.skip_newlines()?;
            // An empty alternative: `(|a)`.
            if let Some(word) = self.word()? {
                patterns.push(word);
            } else if !matches!(self.peek(), Some(b'|' | b')')) {
                return self.failure("syntax error in a `case` pattern", start);
            }
            self.skip_blanks();
            match self.peek() {
                Some(b'|') => self.position += 1,
                Some(b')') => {
                    self.position += 1;
                    return Ok(patterns);
                }
                _ => return self.failure("syntax error in a `case` pattern", start),
            }
        }
    }

    /// `<1-9>`, `<->`: a number in a pattern.
    pub(super) fn at_numeric_glob(&self) -> bool {
        let Some(rest) = self.rest().strip_prefix('<') else {
            return false;
        };
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let rest = rest.get(digits(rest)..).unwrap_or_default();
        let Some(rest) = rest.strip_prefix('-') else {
            return false;
        };
        rest.get(digits(rest)..)
            .is_some_and(|rest| rest.starts_with('>'))
    }

    /// Whether the `}` here ends a command: no brace of this word is open and the word ends here.
    pub(super) fn at_closing_brace(&self, braces: usize) -> bool {
        braces == 0
            && match self.peek_at(1) {
                None => true,
                Some(next) => next.is_ascii_whitespace() || b";&|()<>}".contains(&next),
            }
    }
}
