//! Commands, lists and redirections: the grammar above words.

use std::cell::OnceCell;
use std::rc::Rc;

use super::ast::{
    AndOrOperator, ArmEnd, Assignment, AssignmentValue, CaseArm, Compound, CompoundKind, Hole,
    Node, Piece, Redirection, RedirectionOperator, RedirectionTarget, Script, SimpleCommand, Word,
};
use super::dialect::Dialect;
use super::foreign::parse_plain;
use super::heredoc::Pending;
use crate::location::Span;

/// Deeper nesting than this is a hole: real scripts stay far below, and the stack is finite.
const DEPTH_LIMIT: usize = 120;

/// Reads a whole script. Never fails: what cannot be read is a hole.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> Script {
    if dialect.is_foreign() {
        return parse_plain(text, dialect);
    }
    let mut parser = Parser::new(text, dialect);
    let mut script = Script::default();
    let read = parser.list_into(&mut script.list, &Stop::End);
    script.groups = std::mem::take(&mut parser.groups);
    let hole = match read {
        Ok(()) if parser.position >= parser.end => return script,
        Ok(()) => {
            let byte = parser.slice(parser.position, parser.position + 1);
            Failure {
                reason: format!("syntax error near `{byte}`"),
                at: parser.position,
            }
        }
        Err(failure) => failure,
    };
    let span = Span::new(hole.at.min(parser.unread), text.len());
    script.holes.push(Hole {
        reason: hole.reason,
        span,
    });
    script
}

/// Why and where reading stopped.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) at: usize,
}

/// What ends a list.
pub(super) enum Stop {
    End,
    Parenthesis,
    Words(&'static [&'static str]),
    /// `;;`, `;&`, `;;&` or `esac`.
    Arm,
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) dialect: Dialect,
    pub(super) position: usize,
    /// Exclusive; lowered while a part of the text is read on its own.
    pub(super) end: usize,
    pub(super) depth: usize,
    pub(super) pending: Vec<Pending>,
    /// Up to here whole commands have been read.
    unread: usize,
    /// Set when `text` is not the source itself (backquotes): offsets in it mean nothing, and all
    /// of it stands for this place.
    pub(super) detached: Option<Span>,
    /// Within a here-document, outside of its substitutions: single quotes are characters there.
    pub(super) in_here_document: bool,
    /// Where patterns began that bash reads only with an option.
    pub(super) groups: Vec<usize>,
    /// Substitutions in double quotes around the position.
    pub(super) in_quotes: usize,
}

/// The three expressions of `for ((a; b; c))`.
pub(super) struct Header {
    start: Word,
    condition: Word,
    step: Word,
}

impl Header {
    pub(super) fn with_body(self, body: Vec<Node>) -> CompoundKind {
        CompoundKind::ArithmeticFor {
            start: self.start,
            condition: self.condition,
            step: self.step,
            body,
        }
    }
}

const RESERVED_ENDS: &[&str] = &["then", "do", "done", "fi", "elif", "else", "esac", "}"];

/// Builtins whose operands may be assignments with arrays.
pub(crate) const DECLARATIONS: &[&str] = &[
    "declare", "typeset", "local", "export", "readonly", "integer", "float", "private",
];

/// Quotes a word that is written like an assignment.
fn keep_together(word: &mut Word) {
    let name = word.source.split_once('=').map(|(name, _)| name);
    if !name.is_some_and(super::is_name) {
        return;
    }
    for piece in &mut word.pieces {
        match piece {
            Piece::Literal { text, offset } => {
                *piece = Piece::Quoted {
                    text: std::mem::take(text),
                    offset: *offset,
                };
            }
            Piece::Parameter { quoted, .. }
            | Piece::Command { quoted, .. }
            | Piece::Arithmetic { quoted, .. } => *quoted = true,
            Piece::Quoted { .. } | Piece::Process { .. } => {}
        }
    }
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            position: 0,
            end: text.len(),
            depth: 0,
            pending: Vec::new(),
            unread: 0,
            detached: None,
            in_here_document: false,
            groups: Vec::new(),
            in_quotes: 0,
        }
    }

    /// A parser for text that was taken out of the source and changed.
    pub(super) fn nested(&self, text: &'a str, place: Span) -> Self {
        Self {
            depth: self.depth,
            detached: Some(place),
            ..Self::new(text, self.dialect)
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.detached.unwrap_or(Span::new(start, end))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text
            .get(start..end.min(self.text.len()))
            .unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.slice(self.position, self.end)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.position + ahead;
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    pub(super) fn looking_at(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    pub(super) fn find_byte(&self, byte: u8, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes().get(from..self.end)?;
        bytes
            .iter()
            .position(|found| *found == byte)
            .map(|index| from + index)
    }

    pub(super) fn offset(&self, at: usize) -> Option<usize> {
        self.detached.is_none().then_some(at)
    }

    pub(super) fn failure<T>(&self, reason: impl Into<String>, at: usize) -> Result<T, Failure> {
        Err(Failure {
            reason: reason.into(),
            at,
        })
    }

    /// Counts one level of nesting while `read` runs.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.depth >= DEPTH_LIMIT {
            return self.failure("nested too deeply to follow", self.position);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Blanks, line continuations and a comment; not newlines.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.position += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.position += 2,
                Some(b'#') if self.dialect.has_comments() => {
                    self.position = self.find_byte(b'\n', self.position).unwrap_or(self.end);
                }
                _ => break,
            }
        }
    }

    pub(super) fn newline(&mut self) -> Result<(), Failure> {
        self.position += 1;
        self.here_document_bodies()
    }

    pub(super) fn skip_newlines(&mut self) -> Result<(), Failure> {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Newlines, and the `;` that zsh takes for one.
    fn skip_separators(&mut self) -> Result<(), Failure> {
        self.skip_newlines()?;
        while self.dialect.is_zsh() && self.peek() == Some(b';') && !self.at_arm_end() {
            self.position += 1;
            self.skip_newlines()?;
        }
        Ok(())
    }

    /// The unquoted word at the position, if it could be a reserved word.
    pub(super) fn reserved(&self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| " \t\n;&|<>()".contains(c))
            .unwrap_or(rest.len());
        // A line that goes on behind the word.
        let length = rest
            .get(..length + 1)
            .filter(|word| word.ends_with("\\\n"))
            .map_or(length, |word| word.len() - 2);
        let word = rest.get(..length);
        // zsh gives up a brace at the end: `fi}`.
        let word = match word.and_then(|word| word.strip_suffix('}')) {
            Some(head) if self.dialect.is_zsh() && !head.is_empty() => Some(head),
            _ => word,
        };
        word.filter(|word| {
            !word.is_empty()
                && (matches!(*word, "{" | "}" | "!" | "[[")
                    || word.bytes().all(|byte| byte.is_ascii_lowercase()))
        })
    }

    pub(super) fn take_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved() == Some(word);
        if found {
            self.position += word.len();
        }
        found
    }

    pub(super) fn expect_reserved(&mut self, word: &str, opened: usize) -> Result<(), Failure> {
        self.skip_newlines()?;
        if self.take_reserved(word) {
            return Ok(());
        }
        self.failure(format!("syntax error: `{word}` is missing"), opened)
    }

    pub(super) fn script_until_parenthesis(&mut self) -> Result<Script, Failure> {
        let outer = std::mem::take(&mut self.in_here_document);
        let script = self.deeper(|parser| {
            let mut list = Vec::new();
            parser.list_into(&mut list, &Stop::Parenthesis)?;
            Ok(Script {
                list,
                ..Script::default()
            })
        });
        self.in_here_document = outer;
        script
    }

    /// All of the text that is left, for what stands in backquotes.
    pub(super) fn script_until_end(&mut self) -> Result<Script, Failure> {
        self.deeper(|parser| {
            let mut list = Vec::new();
            parser.list_into(&mut list, &Stop::End)?;
            if parser.position < parser.end {
                return parser.failure("syntax error", parser.position);
            }
            Ok(Script {
                list,
                groups: std::mem::take(&mut parser.groups),
                ..Script::default()
            })
        })
    }

    /// A list up to the closing brace of `${ …; }`.
    pub(super) fn script_until_brace(&mut self) -> Result<Script, Failure> {
        let opened = self.position;
        self.deeper(|parser| {
            let list = parser.list(&Stop::Words(&["}"]))?;
            parser.expect_reserved("}", opened)?;
            Ok(Script {
                list,
                ..Script::default()
            })
        })
    }

    pub(super) fn list(&mut self, stop: &Stop) -> Result<Vec<Node>, Failure> {
        let mut list = Vec::new();
        self.list_into(&mut list, stop)?;
        Ok(list)
    }

    fn at_stop(&self, stop: &Stop) -> bool {
        match stop {
            Stop::End => false,
            Stop::Parenthesis => self.peek() == Some(b')'),
            Stop::Words(words) => self.reserved().is_some_and(|word| words.contains(&word)),
            Stop::Arm => {
                self.at_arm_end()
                    || self.reserved() == Some("esac")
                    || (self.dialect.is_zsh() && self.reserved() == Some("}"))
            }
        }
    }

    /// `;;`, `;&`, and zsh's `;|`.
    fn at_arm_end(&self) -> bool {
        self.looking_at(";;")
            || self.looking_at(";&")
            || (self.dialect.is_zsh() && self.looking_at(";|"))
    }

    /// Appends to `list` as it goes, so that what was read before a failure is kept.
    fn list_into(&mut self, list: &mut Vec<Node>, stop: &Stop) -> Result<(), Failure> {
        loop {
            if self.depth == 0 {
                self.unread = self.position;
            }
            self.skip_newlines()?;
            if self.dialect.is_zsh() && self.peek() == Some(b';') && !self.at_arm_end() {
                self.position += 1;
                continue;
            }
            if self.position >= self.end || self.at_stop(stop) {
                return Ok(());
            }
            if matches!(self.peek(), Some(b')')) {
                return Ok(());
            }
            let node = self.and_or()?;
            self.skip_blanks();
            match self.peek() {
                Some(b'&') => {
                    self.position += 1;
                    // zsh's `&|` and `&!` disown the job, too.
                    if self.dialect.is_zsh() && matches!(self.peek(), Some(b'|' | b'!')) {
                        self.position += 1;
                    }
                    list.push(Node::Background(Box::new(node)));
                }
                Some(b';') if !self.at_arm_end() => {
                    self.position += 1;
                    list.push(node);
                }
                Some(b'\n' | b')') | None => list.push(node),
                Some(_) if self.at_stop(stop) => list.push(node),
                // `if [[ … ]] { … }`: what follows is for the caller to expect.
                Some(_) if self.dialect.is_zsh() => {
                    list.push(node);
                    return Ok(());
                }
                Some(_) => {
                    list.push(node);
                    return self.failure("syntax error", self.position);
                }
            }
        }
    }

    pub(super) fn and_or(&mut self) -> Result<Node, Failure> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let operator = if self.looking_at("&&") {
                AndOrOperator::And
            } else if self.looking_at("||") {
                AndOrOperator::Or
            } else if rest.is_empty() {
                return Ok(first);
            } else {
                let first = Box::new(first);
                return Ok(Node::AndOr { first, rest });
            };
            self.position += 2;
            self.skip_separators()?;
            rest.push((operator, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Node, Failure> {
        let mut negated = false;
        loop {
            self.skip_blanks();
            if self.take_reserved("!") || (self.looking_at("!(") && self.take_byte()) {
                negated = !negated;
                self.skip_blanks();
                let alone = matches!(self.peek(), None | Some(b'\n' | b';' | b')' | b'}'));
                if self.dialect.is_zsh() && alone {
                    return Ok(Node::Simple(SimpleCommand::default()));
                }
            } else if self.dialect.has_extensions() && self.take_reserved("time") {
                self.skip_blanks();
                for option in ["-p", "--"] {
                    if self.looking_at(option)
                        && matches!(self.peek_at(2), None | Some(b' ' | b'\t' | b'\n'))
                    {
                        self.position += 2;
                        self.skip_blanks();
                    }
                }
                if matches!(self.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')')) {
                    return Ok(Node::Simple(SimpleCommand::default()));
                }
            } else {
                break;
            }
        }
        let mut stages = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'|') || self.looking_at("||") {
                break;
            }
            self.position += if self.looking_at("|&") { 2 } else { 1 };
            self.skip_separators()?;
            stages.push(self.command()?);
        }
        match (stages.len(), negated) {
            (1, false) => Ok(stages.remove(0)),
            _ => Ok(Node::Pipeline { stages, negated }),
        }
    }

    fn take_byte(&mut self) -> bool {
        self.position += 1;
        true
    }

    pub(super) fn command(&mut self) -> Result<Node, Failure> {
        self.skip_blanks();
        let start = self.position;
        if let Some(mut kind) = self.deeper(Self::compound)? {
            let mut redirections = self.redirections()?;
            if let CompoundKind::Anonymous { arguments, .. } = &mut kind {
                // Redirections may stand between them.
                loop {
                    let words = self.words_of_line()?;
                    let more = self.redirections()?;
                    if words.is_empty() && more.is_empty() {
                        break;
                    }
                    arguments.extend(words);
                    redirections.extend(more);
                }
            }
            let span = self.span(start, self.position);
            return Ok(Node::Compound(Compound {
                kind,
                redirections,
                span,
            }));
        }
        if self.dialect.has_extensions() && self.take_reserved("function") {
            if self.dialect.is_zsh() {
                return self.zsh_function(start);
            }
            self.skip_blanks();
            let name = self.word()?.ok_or(Failure {
                reason: "syntax error: `function` needs a name".to_owned(),
                at: start,
            })?;
            self.skip_blanks();
            if self.looking_at("(") {
                self.position += 1;
                self.skip_blanks();
                if !self.looking_at(")") {
                    return self.failure("syntax error in a function definition", start);
                }
                self.position += 1;
            }
            return self.function(vec![name.source.to_string()], start);
        }
        self.simple(start)
    }

    pub(super) fn function(&mut self, names: Vec<String>, start: usize) -> Result<Node, Failure> {
        self.skip_newlines()?;
        let body = self.deeper(Self::command)?;
        if !matches!(body, Node::Compound(_)) && !self.dialect.is_zsh() {
            return self.failure("syntax error in a function definition", start);
        }
        let span = self.span(start, self.position);
        Ok(Node::Function {
            names,
            body: Rc::new(body),
            span,
        })
    }

    fn compound(&mut self) -> Result<Option<CompoundKind>, Failure> {
        let start = self.position;
        if self.dialect.is_zsh()
            && let Some(kind) = self.zsh_compound()?
        {
            return Ok(Some(kind));
        }
        if self.peek() == Some(b'(') {
            return self.parenthesis().map(Some);
        }
        let Some(word) = self.reserved() else {
            return Ok(None);
        };
        if RESERVED_ENDS.contains(&word) {
            return self.failure(format!("syntax error near `{word}`"), start);
        }
        if ![
            "{", "if", "while", "until", "for", "select", "case", "[[", "coproc",
        ]
        .contains(&word)
            || !self.dialect.has_extensions() && ["select", "[[", "coproc"].contains(&word)
        {
            return Ok(None);
        }
        self.position += word.len();
        Ok(Some(match word {
            "{" => {
                let list = self.list(&Stop::Words(&["}"]))?;
                self.expect_reserved("}", start)?;
                CompoundKind::Group(list)
            }
            "if" => self.if_clause(start)?,
            "while" | "until" => {
                let condition = self.list(&Stop::Words(&["do"]))?;
                let until = word == "until";
                let body = self.do_group(start)?;
                CompoundKind::Loop {
                    condition,
                    until,
                    body,
                }
            }
            "for" | "select" => self.for_clause(start, word == "select")?,
            "case" => self.case_clause(start)?,
            "[[" => CompoundKind::Test(self.test(start)?),
            _ => self.coproc()?,
        }))
    }

    /// `(…)` or `((…))`. bash tries arithmetic first and falls back to nested subshells.
    fn parenthesis(&mut self) -> Result<CompoundKind, Failure> {
        let start = self.position;
        if self.dialect.has_extensions()
            && self.looking_at("((")
            && let Some(end) = self.arithmetic_end(start + 2)
        {
            let expression = self.expression(start + 2, end)?;
            self.position = end + 2;
            return Ok(CompoundKind::Arithmetic(expression));
        }
        self.position += 1;
        let list = self.list(&Stop::Parenthesis)?;
        if self.peek() != Some(b')') {
            return self.failure("syntax error: `)` is missing", start);
        }
        self.position += 1;
        Ok(CompoundKind::Subshell(list))
    }

    fn if_clause(&mut self, start: usize) -> Result<CompoundKind, Failure> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.list(&Stop::Words(&["then"]))?;
            self.expect_reserved("then", start)?;
            let body = self.list(&Stop::Words(&["elif", "else", "fi"]))?;
            branches.push((condition, body));
            if self.take_reserved("elif") {
                continue;
            }
            if self.take_reserved("else") {
                otherwise = self.list(&Stop::Words(&["fi"]))?;
            }
            self.expect_reserved("fi", start)?;
            return Ok(CompoundKind::If {
                branches,
                otherwise,
            });
        }
    }

    fn do_group(&mut self, start: usize) -> Result<Vec<Node>, Failure> {
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.position += 1;
        }
        self.skip_newlines()?;
        if self.take_reserved("{") {
            let body = self.list(&Stop::Words(&["}"]))?;
            self.expect_reserved("}", start)?;
            return Ok(body);
        }
        self.expect_reserved("do", start)?;
        let body = self.list(&Stop::Words(&["done"]))?;
        self.expect_reserved("done", start)?;
        Ok(body)
    }

    fn for_clause(&mut self, start: usize, select: bool) -> Result<CompoundKind, Failure> {
        self.skip_blanks();
        if self.looking_at("((") {
            let header = self.arithmetic_header(start)?;
            let body = self.do_group(start)?;
            return Ok(header.with_body(body));
        }
        let Some(variable) = self.word()? else {
            return self.failure("syntax error: a loop needs a variable", start);
        };
        self.skip_newlines()?;
        let words = if self.take_reserved("in") {
            let mut words = Vec::new();
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(word) => words.push(word),
                    None => break,
                }
            }
            Some(words)
        } else {
            None
        };
        let body = self.do_group(start)?;
        Ok(CompoundKind::For {
            variables: vec![variable.source.to_string()],
            words,
            select,
            body,
        })
    }

    /// `((start; condition; step))`
    pub(super) fn arithmetic_header(&mut self, start: usize) -> Result<Header, Failure> {
        let open = self.position + 2;
        let Some(end) = self.arithmetic_end(open) else {
            return self.failure("syntax error: `))` is missing", start);
        };
        let (first, second) = self.semicolons(open, end);
        let header = Header {
            start: self.expression(open, first)?,
            condition: self.expression((first + 1).min(end), second)?,
            step: self.expression((second + 1).min(end), end)?,
        };
        self.position = end + 2;
        Ok(header)
    }

    /// Where the two semicolons of `for ((a; b; c))` are.
    fn semicolons(&self, from: usize, to: usize) -> (usize, usize) {
        let find = |from: usize| {
            let found = self.find_byte(b';', from.min(to));
            found.filter(|at| *at < to).unwrap_or(to)
        };
        let first = find(from);
        (first, find(first + 1))
    }

    fn case_clause(&mut self, start: usize) -> Result<CompoundKind, Failure> {
        self.skip_blanks();
        let Some(subject) = self.word()? else {
            return self.failure("syntax error: `case` needs a word", start);
        };
        self.expect_reserved("in", start)?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take_reserved("esac") {
                return Ok(CompoundKind::Case { subject, arms });
            }
            if self.peek() == Some(b'(') {
                self.position += 1;
            }
            let patterns = self.case_patterns(start)?;
            let body = self.list(&Stop::Arm)?;
            const ENDS: &[(&str, ArmEnd)] = &[
                (";;&", ArmEnd::Test),
                (";;", ArmEnd::Stop),
                (";&", ArmEnd::Fall),
            ];
            let found = ENDS.iter().find(|(token, _)| self.looking_at(token));
            let (token, end) = found.copied().unwrap_or(("", ArmEnd::Stop));
            self.position += token.len();
            arms.push(CaseArm {
                patterns,
                body,
                end,
            });
            if self.position >= self.end {
                return self.failure("syntax error: `esac` is missing", start);
            }
        }
    }

    fn case_patterns(&mut self, start: usize) -> Result<Vec<Word>, Failure> {
        let mut patterns = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.word()? {
                Some(word) => patterns.push(word),
                None => return self.failure("syntax error in a `case` pattern", start),
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

    fn coproc(&mut self) -> Result<CompoundKind, Failure> {
        self.skip_blanks();
        let start = self.position;
        // `coproc NAME { …; }`: the name stands only before a compound command.
        let mut found = None;
        if !self.dialect.is_zsh()
            && let Some(name) = self.word()?
        {
            let plain = name
                .source
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            self.skip_blanks();
            let opens = self.peek() == Some(b'(')
                || self.reserved().is_some_and(|word| {
                    ["{", "if", "while", "until", "for", "case", "[["].contains(&word)
                });
            if plain && opens {
                found = Some(name.source.to_string());
            } else {
                self.position = start;
            }
        }
        let mut body = self.deeper(Self::command)?;
        if let Node::Simple(command) = &mut body
            && let Some(word) = command.words.get_mut(1)
            && !self.dialect.is_zsh()
        {
            // Where the command of a name would begin, bash reads an assignment, and does not
            // split it.
            keep_together(word);
        }
        let body = Box::new(body);
        Ok(CompoundKind::Coproc { name: found, body })
    }

    pub(super) fn redirections(&mut self) -> Result<Vec<Redirection>, Failure> {
        let mut found = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirection()? {
                Some(redirection) => found.push(redirection),
                None => return Ok(found),
            }
        }
    }

    fn simple(&mut self, start: usize) -> Result<Node, Failure> {
        let mut command = SimpleCommand::default();
        let mut end = start;
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                command.redirections.push(redirection);
                end = self.position;
                continue;
            }
            let declares = command
                .words
                .first()
                .is_some_and(|word| DECLARATIONS.contains(&word.source.as_ref()));
            let at = self.position;
            if (command.words.is_empty() || declares)
                && let Some(assignment) = self.assignment(declares)?
            {
                end = self.position;
                if declares {
                    command
                        .words
                        .push(declared(&assignment, self.slice(at, end)));
                }
                command.assignments.push(assignment);
                continue;
            }
            let Some(word) = self.word()? else { break };
            end = self.position;
            command.words.push(word);
            let names = self.dialect.is_zsh() || command.words.len() == 1;
            if names && command.assignments.is_empty() && command.redirections.is_empty() {
                let before = self.position;
                self.skip_blanks();
                if self.peek() == Some(b'(') && self.empty_parentheses() {
                    let names = command.words.iter().map(Self::function_name).collect();
                    return self.function(names, start);
                }
                self.position = before;
            }
        }
        if end == start {
            let near = self
                .rest()
                .chars()
                .next()
                .map_or("the end".to_owned(), String::from);
            return self.failure(format!("syntax error near `{near}`"), start);
        }
        command.span = Span::new(start, end);
        Ok(Node::Simple(command))
    }

    pub(super) fn empty_parentheses(&mut self) -> bool {
        let before = self.position;
        self.position += 1;
        self.skip_blanks();
        if self.peek() == Some(b')') {
            self.position += 1;
            return true;
        }
        self.position = before;
        false
    }

    /// `name=…`, `name+=…`, `name[…]=…` at the position. A declaration builtin's operand is read
    /// here only when it is an array, else as the ordinary word that it is.
    fn assignment(&mut self, arrays_only: bool) -> Result<Option<Assignment>, Failure> {
        let start = self.position;
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let Some(name) = rest.get(..length).filter(|name| is_name(name)) else {
            return Ok(None);
        };
        let mut at = start + length;
        let mut subscript = None;
        if self.text.as_bytes().get(at) == Some(&b'[') && at < self.end {
            let Some(close) = self.bracket_end(at + 1) else {
                return Ok(None);
            };
            subscript = Some((at + 1, close));
            at = close + 1;
        }
        let append = self.slice(at, at + 2) == "+=";
        if append {
            at += 1;
        }
        if at >= self.end || self.slice(at, at + 1) != "=" {
            return Ok(None);
        }
        at += 1;
        let array = at < self.end && self.slice(at, at + 1) == "(";
        if arrays_only && !array {
            return Ok(None);
        }
        let subscript = match subscript {
            Some((from, to)) => Some(Box::new(self.subscript(from, to)?)),
            None => None,
        };
        self.position = at;
        let value = if array {
            self.position += 1;
            AssignmentValue::Array(self.array_elements(start)?)
        } else {
            let empty = Word {
                span: self.span(at, at),
                ..Word::default()
            };
            AssignmentValue::Scalar(self.word()?.unwrap_or(empty))
        };
        let span = self.span(start, self.position);
        Ok(Some(Assignment {
            name: name.to_owned(),
            subscript,
            append,
            value,
            span,
        }))
    }

    fn array_elements(&mut self, start: usize) -> Result<Vec<(Option<Word>, Word)>, Failure> {
        let mut elements = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.peek() == Some(b')') {
                self.position += 1;
                return Ok(elements);
            }
            let mut key = None;
            if self.peek() == Some(b'[')
                && let Some(close) = self.bracket_end(self.position + 1)
                && self.slice(close + 1, close + 2) == "="
            {
                key = Some(self.subscript(self.position + 1, close)?);
                self.position = close + 2;
            }
            match self.word()? {
                Some(word) => elements.push((key, word)),
                None if key.is_some() => elements.push((key, Word::default())),
                None => return self.failure("syntax error in an array", start),
            }
        }
    }

    fn redirection(&mut self) -> Result<Option<Redirection>, Failure> {
        let start = self.position;
        if self.dialect.is_zsh() && self.at_numeric_glob() {
            return Ok(None);
        }
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // Only bash takes more than one digit for a descriptor.
        if digits > 1 && !self.dialect.has_long_descriptors() {
            return Ok(None);
        }
        let braced = if self.dialect.has_extensions() && rest.starts_with('{') {
            rest.find('}').map_or(0, |close| {
                if rest.get(1..close).is_some_and(is_name) {
                    close + 1
                } else {
                    0
                }
            })
        } else {
            0
        };
        let prefix = digits.max(braced);
        let Some(operators) = rest.get(prefix..) else {
            return Ok(None);
        };
        let zsh: &[_] = if self.dialect.is_zsh() {
            ZSH_OPERATORS
        } else {
            &[]
        };
        let Some((token, operator)) = zsh.iter().chain(OPERATORS).find(|(token, _)| {
            operators.starts_with(token)
                && (prefix == 0 || !token.starts_with('&'))
                && (self.dialect.has_extensions() || !matches!(*token, "<<<" | "&>" | "&>>"))
        }) else {
            return Ok(None);
        };
        // `<(` and `>(` begin a word, unless a redirection has its target there.
        if self.dialect.has_extensions()
            && matches!(*token, "<" | ">")
            && operators.get(1..).is_some_and(|rest| rest.starts_with('('))
        {
            return Ok(None);
        }
        let descriptor = rest.get(..digits).and_then(|digits| digits.parse().ok());
        let variable = rest
            .get(1..braced.saturating_sub(1))
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        self.position += prefix + token.len();
        self.skip_blanks();
        let target = if *operator == RedirectionOperator::HereDocument {
            self.here_document(*token == "<<-", start)?
        } else {
            match self.word()? {
                Some(word) => RedirectionTarget::Word(word),
                None => return self.failure("syntax error: a redirection needs a target", start),
            }
        };
        let span = self.span(start, self.position);
        Ok(Some(Redirection {
            descriptor,
            variable,
            operator: *operator,
            target,
            span,
        }))
    }

    fn here_document(
        &mut self,
        strip_tabs: bool,
        start: usize,
    ) -> Result<RedirectionTarget, Failure> {
        let Some(word) = self.word()? else {
            return self.failure("syntax error: a here-document needs a delimiter", start);
        };
        let quoted = word.source.contains(['\'', '"', '\\']);
        let mut delimiter = String::new();
        for piece in &word.pieces {
            match piece {
                Piece::Literal { text, .. } | Piece::Quoted { text, .. } => {
                    delimiter.push_str(text)
                }
                Piece::Parameter { .. }
                | Piece::Command { .. }
                | Piece::Process { .. }
                | Piece::Arithmetic { .. } => {
                    // No expansion happens in a delimiter: it is taken as it is written.
                    delimiter = word.source.replace(['\'', '"', '\\'], "");
                    break;
                }
            }
        }
        let body = Rc::new(OnceCell::new());
        self.pending.push(Pending {
            delimiter,
            quoted,
            strip_tabs,
            body: Rc::clone(&body),
        });
        Ok(RedirectionTarget::HereDocument(body))
    }
}

/// Longest first.
const OPERATORS: &[(&str, RedirectionOperator)] = &[
    ("<<<", RedirectionOperator::HereString),
    ("<<-", RedirectionOperator::HereDocument),
    ("&>>", RedirectionOperator::AppendOutputAndError),
    ("<<", RedirectionOperator::HereDocument),
    ("<>", RedirectionOperator::ReadWrite),
    ("<&", RedirectionOperator::DuplicateInput),
    (">>", RedirectionOperator::Append),
    (">|", RedirectionOperator::Clobber),
    (">&", RedirectionOperator::DuplicateOutput),
    ("&>", RedirectionOperator::OutputAndError),
    ("<", RedirectionOperator::Input),
    (">", RedirectionOperator::Output),
];

/// zsh's own, which end in a `!` or `|` that overrides `noclobber`.
const ZSH_OPERATORS: &[(&str, RedirectionOperator)] = &[
    ("&>>|", RedirectionOperator::AppendOutputAndError),
    ("&>>!", RedirectionOperator::AppendOutputAndError),
    (">>&|", RedirectionOperator::AppendOutputAndError),
    (">>&!", RedirectionOperator::AppendOutputAndError),
    (">>&", RedirectionOperator::AppendOutputAndError),
    (">>|", RedirectionOperator::Append),
    (">>!", RedirectionOperator::Append),
    ("&>|", RedirectionOperator::OutputAndError),
    ("&>!", RedirectionOperator::OutputAndError),
    (">&|", RedirectionOperator::OutputAndError),
    (">&!", RedirectionOperator::OutputAndError),
    (">!", RedirectionOperator::Clobber),
];

/// The word that stands in the argv of a declaration builtin for an array assignment.
fn declared(assignment: &Assignment, source: &str) -> Word {
    let text = assignment.name.clone();
    Word {
        pieces: vec![Piece::Quoted { text, offset: None }],
        span: assignment.span,
        source: Rc::from(source),
    }
}

/// A name as POSIX defines it.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
