//! Words: quotes, parameters and substitutions.

use std::rc::Rc;

use super::ast::{Hole, Operator, Parameter, Piece, Script, Subscript, Word};
use super::dialect::ZshOption;
use super::parser::{Failure, Parser, is_name};

/// Where a run of pieces ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A metacharacter of the shell.
    Metacharacter,
    /// The `}` of `${…}`; `quoted` when the whole stands in double quotes.
    Brace {
        quoted: bool,
        slash: bool,
        colon: bool,
    },
    /// `"`
    DoubleQuote,
    /// `"` of a string in the braces of a parameter that is quoted itself: any backslash quotes.
    InnerQuote,
    /// The end of the range, where double quotes are characters: a here-document.
    HereDocument,
    /// The end of the range, where they are not: an arithmetic expression, or a subscript, in which
    /// single quotes are none, either.
    Expression { subscript: bool },
    /// A blank outside parentheses: the right side of `=~`.
    Blank,
}

impl Until {
    /// Whether what is read counts as quoted: no splitting, no patterns.
    const fn quotes(self) -> bool {
        match self {
            Self::DoubleQuote | Self::InnerQuote | Self::HereDocument | Self::Expression { .. } => {
                true
            }
            Self::Brace { quoted, .. } => quoted,
            Self::Metacharacter | Self::Blank => false,
        }
    }
}

/// Collects pieces, joining neighbouring characters of the same kind.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    text: String,
    offset: Option<usize>,
    quoted: bool,
    open: bool,
}

impl Pieces {
    fn push_char(&mut self, text: &str, at: Option<usize>, quoted: bool) {
        let continues = self.open
            && self.quoted == quoted
            && match (self.offset, at) {
                (Some(start), Some(at)) => start + self.text.len() == at,
                (None, None) => true,
                _ => false,
            };
        if !continues {
            self.flush();
            self.offset = at;
            self.quoted = quoted;
            self.open = true;
        }
        self.text.push_str(text);
    }

    fn flush(&mut self) {
        if self.open {
            let text = std::mem::take(&mut self.text);
            let offset = self.offset;
            self.pieces.push(if self.quoted {
                Piece::Quoted { text, offset }
            } else {
                Piece::Literal { text, offset }
            });
            self.open = false;
        }
    }

    pub(super) fn push(&mut self, piece: Piece) {
        self.flush();
        self.pieces.push(piece);
    }

    pub(super) fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.pieces
    }
}

impl Parser<'_> {
    /// The word at the position; `None` at a metacharacter or the end.
    pub(super) fn word(&mut self) -> Result<Option<Word>, Failure> {
        let start = self.position;
        let pieces = self.pieces(Until::Metacharacter)?;
        if self.position == start {
            return Ok(None);
        }
        Ok(Some(self.finish_word(pieces, start, self.position)))
    }

    pub(super) fn finish_word(&self, pieces: Vec<Piece>, start: usize, end: usize) -> Word {
        Word {
            pieces,
            span: self.span(start, end),
            source: Rc::from(self.slice(start, end)),
        }
    }

    /// The right side of `=~`, where parentheses and `|` are ordinary.
    pub(super) fn regular_expression(&mut self) -> Result<Word, Failure> {
        let start = self.position;
        let pieces = self.pieces(Until::Blank)?;
        Ok(self.finish_word(pieces, start, self.position))
    }

    /// The text from `start` to `end` as if in double quotes: arithmetic. Leaves the position at
    /// `end`.
    pub(super) fn expression(&mut self, start: usize, end: usize) -> Result<Word, Failure> {
        self.range(start, end, Until::Expression { subscript: false })
    }

    /// The text between the brackets of an array's element, as [`Parser::expression`].
    pub(super) fn subscript(&mut self, start: usize, end: usize) -> Result<Word, Failure> {
        self.range(start, end, Until::Expression { subscript: true })
    }

    fn range(&mut self, start: usize, end: usize, until: Until) -> Result<Word, Failure> {
        let outer = std::mem::replace(&mut self.end, end);
        self.position = start;
        let pieces = self.deeper(|parser| parser.pieces(until));
        self.end = outer;
        self.position = end;
        Ok(self.finish_word(pieces?, start, end))
    }

    pub(super) fn here_document_pieces(&mut self) -> Result<Vec<Piece>, Failure> {
        let outer = std::mem::replace(&mut self.in_here_document, true);
        let pieces = self.pieces(Until::HereDocument);
        self.in_here_document = outer;
        pieces
    }

    fn pieces(&mut self, until: Until) -> Result<Vec<Piece>, Failure> {
        let mut found = Pieces::default();
        let quoted = until.quotes();
        let mut parentheses = 0_usize;
        let mut braces = 0_usize;
        let start = self.position;
        while let Some(byte) = self.peek() {
            match until {
                Until::Metacharacter => match byte {
                    b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                    b'<' if self.dialect.is_zsh() && self.at_numeric_glob() => {
                        while self.peek().is_some_and(|byte| byte != b'>') {
                            self.copy_char(&mut found, false);
                        }
                        self.copy_char(&mut found, false);
                        continue;
                    }
                    b'=' if self.at_temporary_file(start) => {
                        let piece = self.process_substitution(false)?;
                        found.push(piece);
                        continue;
                    }
                    b'<' | b'>'
                        if self.peek_at(1) == Some(b'(') && self.dialect.has_extensions() =>
                    {
                        let piece = self.process_substitution(byte == b'>')?;
                        found.push(piece);
                        continue;
                    }
                    b'<' | b'>' => break,
                    b'(' if self.extended_glob(&found) || self.group_in_word() => {
                        self.copy_extended_glob(&mut found)?;
                        continue;
                    }
                    b'(' => break,
                    b'{' => braces += 1,
                    b'}' if self.dialect.is_zsh() && self.at_closing_brace(braces) => break,
                    b'}' => braces = braces.saturating_sub(1),
                    _ => {}
                },
                Until::Brace { slash, colon, .. } => match byte {
                    b'{' if self.dialect.is_zsh() && !quoted => braces += 1,
                    b'}' if braces > 0 => braces -= 1,
                    b'}' => break,
                    b'/' if slash => break,
                    b':' if colon && parentheses == 0 => break,
                    b'(' if colon => parentheses += 1,
                    b')' if colon => parentheses = parentheses.saturating_sub(1),
                    _ => {}
                },
                Until::DoubleQuote | Until::InnerQuote if byte == b'"' => break,
                Until::Blank => match byte {
                    b' ' | b'\t' | b'\n' if parentheses == 0 => break,
                    b'(' => parentheses += 1,
                    b')' => parentheses = parentheses.saturating_sub(1),
                    _ => {}
                },
                Until::DoubleQuote
                | Until::InnerQuote
                | Until::HereDocument
                | Until::Expression { .. } => {}
            }
            match byte {
                b'\\' => self.backslash(&mut found, until),
                b'\'' if !quoted || until == (Until::Expression { subscript: true }) => {
                    self.single_quotes(&mut found)?;
                }
                // In `"${x#'a'}"` they quote.
                b'\'' if self.pairs_quotes(until) => self.paired_quotes(&mut found)?,
                b'"' if self.pairs_quotes(until) => {
                    self.quotes_until(Until::InnerQuote, &mut found)?;
                }
                b'"' if until != Until::HereDocument => self.double_quotes(&mut found)?,
                b'$' if self.looking_at("$'") && self.reads_ansi_quotes(until) => {
                    let start = self.position;
                    let text = self.ansi_quotes()?;
                    let twice = quoted && is_live(&text)
                        || self.in_quotes > 0 && (is_live(&text) || text.contains('\\'));
                    if twice && !self.dialect.is_zsh() {
                        return self.failure("quotes that the shell reads twice", start);
                    }
                    found.push(Piece::Quoted { text, offset: None });
                }
                b'$' => self.dollar(&mut found, quoted)?,
                b'`' => {
                    let piece = self.backquotes(quoted)?;
                    found.push(piece);
                }
                _ => self.copy_char(&mut found, quoted),
            }
        }
        if matches!(until, Until::DoubleQuote | Until::InnerQuote) && self.peek() != Some(b'"') {
            return self.failure("a double quote is not closed", self.position);
        }
        Ok(found.finish())
    }

    fn copy_char(&mut self, found: &mut Pieces, quoted: bool) {
        let at = self.position;
        let Some(character) = self.rest().chars().next() else {
            return;
        };
        self.position += character.len_utf8();
        found.push_char(self.slice(at, self.position), self.offset(at), quoted);
    }

    fn backslash(&mut self, found: &mut Pieces, until: Until) {
        let at = self.position;
        let Some(next) = self.slice(at + 1, self.end).chars().next() else {
            self.copy_char(found, until.quotes());
            return;
        };
        let escapes = match until {
            Until::Metacharacter | Until::Blank | Until::InnerQuote => true,
            Until::Brace { quoted: false, .. } => true,
            Until::Brace { quoted: true, .. } => {
                matches!(next, '$' | '`' | '"' | '\\' | '\n' | '}')
            }
            Until::DoubleQuote => matches!(next, '$' | '`' | '"' | '\\' | '\n'),
            Until::HereDocument => matches!(next, '$' | '`' | '\\' | '\n'),
            Until::Expression { .. } => matches!(next, '$' | '`' | '\\' | '\n' | '"'),
        };
        if !escapes {
            self.copy_char(found, until.quotes());
            return;
        }
        self.position = at + 1 + next.len_utf8();
        if next != '\n' {
            let text = self.slice(at + 1, self.position);
            found.push_char(text, self.offset(at + 1), true);
        }
    }

    fn single_quotes(&mut self, found: &mut Pieces) -> Result<(), Failure> {
        let start = self.position + 1;
        let Some(close) = self.find_byte(b'\'', start) else {
            return self.failure("a single quote is not closed", self.position);
        };
        self.position = close + 1;
        let text = self.slice(start, close).to_owned();
        found.push(Piece::Quoted {
            text,
            offset: self.offset(start),
        });
        if self.peek() == Some(b'\'') && self.dialect.has(ZshOption::RcQuotes) {
            found.push_char("'", None, true);
        }
        Ok(())
    }

    /// Whether the single quotes of `"${x:-'a'}"` are characters that stand in pairs.
    fn pairs_quotes(&self, until: Until) -> bool {
        matches!(until, Until::Brace { quoted: true, .. })
            && self.dialect.has_extensions()
            && !self.dialect.is_zsh()
    }

    /// The shell looks for the other one of the pair first, so that no brace between them closes
    /// the parameter. Then it reads both as characters, and what is between them as in double
    /// quotes.
    fn paired_quotes(&mut self, found: &mut Pieces) -> Result<(), Failure> {
        let opened = self.position;
        let Some(close) = self.find_byte(b'\'', opened + 1) else {
            return self.failure("a single quote is not closed", opened);
        };
        let text = self.slice(opened + 1, close);
        if text.contains('"') {
            if text.contains(['$', '`', '\\']) {
                return self.failure("quotes that the shell reads twice", opened);
            }
            let text = format!("'{}'", text.replace('"', ""));
            found.push(Piece::Quoted { text, offset: None });
            self.position = close + 1;
            return Ok(());
        }
        self.copy_char(found, true);
        let outer = std::mem::replace(&mut self.end, close);
        let pieces = self.deeper(|parser| parser.pieces(Until::HereDocument));
        self.end = outer;
        for piece in pieces? {
            found.push(piece);
        }
        self.copy_char(found, true);
        Ok(())
    }

    pub(super) fn double_quotes(&mut self, found: &mut Pieces) -> Result<(), Failure> {
        self.quotes_until(Until::DoubleQuote, found)
    }

    fn quotes_until(&mut self, until: Until, found: &mut Pieces) -> Result<(), Failure> {
        let opened = self.position;
        self.position += 1;
        let pieces = self
            .deeper(|parser| parser.pieces(until))
            .map_err(|failure| {
                if failure.reason.starts_with("a double quote") {
                    Failure {
                        reason: failure.reason,
                        at: opened,
                    }
                } else {
                    failure
                }
            })?;
        self.position += 1;
        if pieces.is_empty() {
            found.push(Piece::Quoted {
                text: String::new(),
                offset: None,
            });
        }
        for piece in pieces {
            found.push(piece);
        }
        Ok(())
    }

    /// Whether the `(` here belongs to `?(…)`, `*(…)`, `+(…)`, `@(…)`, `!(…)`.
    fn extended_glob(&self, found: &Pieces) -> bool {
        self.dialect.has_extensions()
            && found.open
            && !found.quoted
            && found.text.ends_with(['?', '*', '+', '@', '!'])
    }

    /// Whether the `(` here is an alternative or a qualifier of a pattern, as zsh has them
    /// anywhere in a word.
    fn group_in_word(&self) -> bool {
        self.dialect.is_zsh()
            && self.peek_at(1) != Some(b')')
            && self.dialect.option(ZshOption::ShGlob) != Some(true)
    }

    fn copy_extended_glob(&mut self, found: &mut Pieces) -> Result<(), Failure> {
        let opened = self.position;
        if !self.dialect.is_zsh() {
            self.groups.push(self.span(opened, opened).start);
        }
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => {
                    self.backslash(found, Until::Metacharacter);
                    continue;
                }
                b'\'' => {
                    self.single_quotes(found)?;
                    continue;
                }
                b'"' => {
                    self.double_quotes(found)?;
                    continue;
                }
                b'$' => {
                    self.dollar(found, false)?;
                    continue;
                }
                _ => {}
            }
            self.copy_char(found, false);
            if depth == 0 {
                return Ok(());
            }
        }
        self.failure("a pattern is not closed", opened)
    }

    fn process_substitution(&mut self, output: bool) -> Result<Piece, Failure> {
        let start = self.position;
        self.position += 2;
        let list = self.substituted(start)?;
        let source = Rc::from(self.slice(start, self.position));
        Ok(Piece::Process {
            list,
            output,
            source,
        })
    }

    /// The list up to and with the closing parenthesis.
    fn substituted(&mut self, start: usize) -> Result<Rc<Script>, Failure> {
        let script = self.script_until_parenthesis()?;
        if self.peek() != Some(b')') {
            return self.failure("syntax error: `)` is missing", start);
        }
        self.position += 1;
        Ok(Rc::new(script))
    }

    pub(super) fn dollar(&mut self, found: &mut Pieces, quoted: bool) -> Result<(), Failure> {
        let start = self.position;
        if self.dialect.is_zsh()
            && let Some(piece) = self.zsh_dollar(quoted)?
        {
            found.push(piece);
            return Ok(());
        }
        let piece = match self.peek_at(1) {
            Some(b'(') => {
                if self.peek_at(2) == Some(b'(')
                    && let Some(end) = self.arithmetic_end(start + 3)
                {
                    self.arithmetic(start, start + 3..end, end + 2, quoted)?
                } else {
                    self.position += 2;
                    self.in_quotes += usize::from(quoted);
                    let list = self.substituted(start);
                    self.in_quotes -= usize::from(quoted);
                    let source = Rc::from(self.slice(start, self.position));
                    Piece::Command {
                        list: list?,
                        quoted,
                        source,
                    }
                }
            }
            Some(b'[') if self.dialect.has_extensions() => match self.bracket_end(start + 2) {
                Some(end) => self.arithmetic(start, start + 2..end, end + 1, quoted)?,
                None => return self.failure("`$[` is not closed", start),
            },
            Some(b'{') => self.braced_parameter(quoted)?,
            Some(b'\'') if !quoted && self.dialect.has_extensions() => {
                let text = self.ansi_quotes()?;
                Piece::Quoted { text, offset: None }
            }
            Some(b'"') if !quoted && self.dialect.has_locale_quotes() => {
                self.position += 1;
                return self.double_quotes(found);
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                self.position = start + 1;
                plain(&self.name_across_lines(), quoted)
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => {
                self.position += 2;
                plain(self.slice(start + 1, start + 2), quoted)
            }
            _ if self.slice(start + 1, self.end).starts_with("\\\n") => {
                return self.failure("a line ends behind a `$`", start);
            }
            _ => {
                self.copy_char(found, quoted);
                return Ok(());
            }
        };
        found.push(piece);
        Ok(())
    }

    /// The name at the position. A line may end within it.
    fn name_across_lines(&mut self) -> String {
        let mut name = String::new();
        loop {
            let rest = self.rest();
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            name.push_str(rest.get(..length).unwrap_or_default());
            self.position += length;
            let continued = self.rest().trim_start_matches("\\\n");
            let skipped = self.rest().len() - continued.len();
            if skipped == 0
                || !continued.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            {
                return name;
            }
            self.position += skipped;
        }
    }

    fn arithmetic(
        &mut self,
        start: usize,
        range: std::ops::Range<usize>,
        after: usize,
        quoted: bool,
    ) -> Result<Piece, Failure> {
        let expression = Box::new(self.expression(range.start, range.end)?);
        self.position = after;
        Ok(Piece::Arithmetic {
            expression,
            quoted,
            source: Rc::from(self.slice(start, after)),
        })
    }

    /// Whether `$'…'` quotes in the braces of a parameter, even where those are quoted.
    fn reads_ansi_quotes(&self, until: Until) -> bool {
        matches!(until, Until::Brace { quoted, .. } if !(quoted && self.in_here_document))
            && self.dialect.has_extensions()
    }

    /// The text of `$'…'`.
    fn ansi_quotes(&mut self) -> Result<String, Failure> {
        let start = self.position + 2;
        let mut at = start;
        loop {
            match self.text.as_bytes().get(at).filter(|_| at < self.end) {
                Some(b'\\') => at += 2,
                Some(b'\'') => break,
                Some(_) => at += 1,
                None => return self.failure("a quote `$'` is not closed", self.position),
            }
        }
        let text = ansi_c(self.slice(start, at));
        self.position = at + 1;
        Ok(text)
    }

    pub(super) fn backquotes(&mut self, quoted: bool) -> Result<Piece, Failure> {
        let start = self.position;
        let mut text = String::new();
        let mut at = start + 1;
        loop {
            let Some(character) = self.slice(at, self.end).chars().next() else {
                return self.failure("a backquote is not closed", start);
            };
            at += character.len_utf8();
            match character {
                '`' => break,
                '\\' => match self.slice(at, self.end).chars().next() {
                    Some(next @ ('\\' | '`' | '$')) => {
                        text.push(next);
                        at += 1;
                    }
                    Some('"') if quoted => {
                        text.push('"');
                        at += 1;
                    }
                    _ => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        self.position = at;
        let place = self.span(start, at);
        // bash reads it only when it is run: what is wrong in there ends nothing else.
        let list = self
            .nested(&text, place)
            .script_until_end()
            .unwrap_or_else(|failure| Script {
                holes: vec![Hole {
                    reason: failure.reason,
                    span: place,
                }],
                ..Script::default()
            });
        Ok(Piece::Command {
            list: Rc::new(list),
            quoted,
            source: Rc::from(self.slice(start, at)),
        })
    }

    fn braced_parameter(&mut self, quoted: bool) -> Result<Piece, Failure> {
        let start = self.position;
        self.position += 2;
        // `${ command; }` and `${| command; }` run in the current shell (bash 5.3, ksh).
        if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'|')) {
            self.position += 1;
            let list = Rc::new(self.script_until_brace()?);
            let source = Rc::from(self.slice(start, self.position));
            return Ok(Piece::Command {
                list,
                quoted,
                source,
            });
        }
        let parameter = self.deeper(|parser| parser.parameter(start, quoted))?;
        Ok(Piece::Parameter {
            parameter: Box::new(parameter),
            quoted,
        })
    }

    fn parameter(&mut self, start: usize, quoted: bool) -> Result<Parameter, Failure> {
        let length = self.peek() == Some(b'#')
            && !matches!(
                self.peek_at(1),
                Some(b'}' | b':' | b'%' | b'=' | b'+' | b'/') | None
            )
            && !(matches!(self.peek_at(1), Some(b'-' | b'?' | b'#'))
                && self.peek_at(2) != Some(b'}'));
        if length {
            self.position += 1;
        }
        let indirect = self.peek() == Some(b'!')
            && self
                .peek_at(1)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_@*#?-".contains(&byte))
            && self.peek_at(1) != Some(b'}');
        if indirect {
            self.position += 1;
        }
        let name = self.parameter_name();
        if name.is_empty() {
            return self.failure("this parameter expansion cannot be read", start);
        }
        let subscript = self.parameter_subscript(start)?;
        let operator = if length {
            Operator::None
        } else {
            self.operator(indirect, quoted, start)?
        };
        if self.peek() != Some(b'}') {
            return self.failure("this parameter expansion cannot be read", start);
        }
        self.position += 1;
        let source = Rc::from(self.slice(start, self.position));
        Ok(Parameter {
            name,
            subscript,
            indirect,
            length,
            operator,
            source,
            zsh: None,
        })
    }

    fn parameter_name(&mut self) -> String {
        let rest = self.rest();
        let length = match rest.as_bytes().first() {
            Some(byte) if byte.is_ascii_digit() => {
                rest.bytes().take_while(u8::is_ascii_digit).count()
            }
            Some(byte) if b"@*#?-$!".contains(byte) => 1,
            _ => {
                let length = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                if rest.get(..length).is_some_and(is_name) {
                    length
                } else {
                    0
                }
            }
        };
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.position += length;
        name
    }

    fn parameter_subscript(&mut self, start: usize) -> Result<Option<Subscript>, Failure> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        let Some(close) = self.bracket_end(self.position + 1) else {
            return self.failure("a subscript is not closed", start);
        };
        let subscript = match self.slice(self.position + 1, close) {
            "@" => Subscript::At,
            "*" => Subscript::Star,
            _ => Subscript::Index(Box::new(self.subscript(self.position + 1, close)?)),
        };
        self.position = close + 1;
        Ok(Some(subscript))
    }

    pub(super) fn operator(
        &mut self,
        indirect: bool,
        quoted: bool,
        start: usize,
    ) -> Result<Operator, Failure> {
        let colon = self.peek() == Some(b':');
        let symbol = if colon { self.peek_at(1) } else { self.peek() };
        if let Some(symbol @ (b'-' | b'=' | b'?' | b'+')) = symbol {
            self.position += if colon { 2 } else { 1 };
            let word = self.operand(Until::Brace {
                quoted,
                slash: false,
                colon: false,
            })?;
            return Ok(match symbol {
                b'-' => Operator::Default { colon, word },
                b'=' => Operator::Assign { colon, word },
                b'?' => Operator::Error { colon, word },
                _ => Operator::Alternative { colon, word },
            });
        }
        if colon {
            self.position += 1;
            let offset = self.operand(Until::Brace {
                quoted,
                slash: false,
                colon: true,
            })?;
            let mut length = None;
            if self.peek() == Some(b':') {
                self.position += 1;
                length = Some(self.operand(Until::Brace {
                    quoted,
                    slash: false,
                    colon: false,
                })?);
            }
            return Ok(Operator::Substring { offset, length });
        }
        let pattern = Until::Brace {
            quoted: false,
            slash: false,
            colon: false,
        };
        let Some(symbol) = self.peek() else {
            return Ok(Operator::None);
        };
        let doubled = self.peek_at(1) == Some(symbol);
        Ok(match symbol {
            b'#' | b'%' => {
                self.position += if doubled { 2 } else { 1 };
                let pattern = self.operand(pattern)?;
                if symbol == b'#' {
                    Operator::RemovePrefix {
                        longest: doubled,
                        pattern,
                    }
                } else {
                    Operator::RemoveSuffix {
                        longest: doubled,
                        pattern,
                    }
                }
            }
            b'/' => self.replacement()?,
            b'^' | b',' | b'~' => {
                self.position += if doubled { 2 } else { 1 };
                let pattern = self.operand(pattern)?;
                Operator::Case {
                    symbol: char::from(symbol),
                    all: doubled,
                    pattern,
                }
            }
            b'@' | b'*' if indirect && self.peek_at(1) == Some(b'}') => {
                self.position += 1;
                Operator::Names
            }
            b'@' => {
                let transform = self.slice(self.position + 1, self.end).chars().next();
                let Some(transform) = transform.filter(char::is_ascii_alphabetic) else {
                    return self.failure("this parameter expansion cannot be read", start);
                };
                self.position += 2;
                Operator::Transform(transform)
            }
            _ => Operator::None,
        })
    }

    fn replacement(&mut self) -> Result<Operator, Failure> {
        self.position += 1;
        let all = self.peek() == Some(b'/');
        let mut anchor = None;
        if all {
            self.position += 1;
        } else if let Some(byte @ (b'#' | b'%')) = self.peek() {
            anchor = Some(char::from(byte));
            self.position += 1;
        }
        // The first character after `//` is the pattern's, even a slash.
        let slash = all && self.peek() == Some(b'/');
        self.position += usize::from(slash);
        let mut pattern = self.operand(Until::Brace {
            quoted: false,
            slash: true,
            colon: false,
        })?;
        if slash {
            let text = "/".to_owned();
            pattern
                .pieces
                .insert(0, Piece::Quoted { text, offset: None });
        }
        // Quotes count in it, whether the whole is quoted or not.
        let replacement = if self.peek() == Some(b'/') {
            self.position += 1;
            self.operand(Until::Brace {
                quoted: false,
                slash: false,
                colon: false,
            })?
        } else {
            Word::default()
        };
        Ok(Operator::Replace {
            all,
            anchor,
            pattern,
            replacement,
        })
    }

    pub(super) fn operand(&mut self, until: Until) -> Result<Word, Failure> {
        let start = self.position;
        let pieces = self.deeper(|parser| parser.pieces(until))?;
        Ok(self.finish_word(pieces, start, self.position))
    }

    /// Where the `))` that closes arithmetic begins, from just after `((`; `None` if the
    /// parentheses do not close as arithmetic does, so that it is a nested subshell.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = from;
        let bytes = self.text.as_bytes();
        while at < self.end {
            match bytes.get(at)? {
                b'\\' => at += 1,
                b'\'' => at = self.find_byte(b'\'', at + 1)?,
                b'"' => at = self.double_quote_end(at + 1)?,
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' => {
                    return (bytes.get(at + 1) == Some(&b')') && at + 1 < self.end).then_some(at);
                }
                b';' if depth > 0 => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn double_quote_end(&self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < self.end {
            match bytes.get(at)? {
                b'\\' => at += 1,
                b'"' => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Where the `]` that closes a subscript is, from just after `[`.
    pub(super) fn bracket_end(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = from;
        let bytes = self.text.as_bytes();
        while at < self.end {
            match bytes.get(at)? {
                b'\\' => at += 1,
                b'\'' => at = self.find_byte(b'\'', at + 1)?,
                b'"' => at = self.double_quote_end(at + 1)?,
                b'[' | b'(' | b'{' => depth += 1,
                b')' | b'}' => depth = depth.checked_sub(1)?,
                b']' if depth == 0 => return Some(at),
                b']' => depth -= 1,
                b'\n' | b';' if depth == 0 => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }
}

/// Whether a text that bash puts between double quotes instead of `$'…'`, to read it there once more,
/// is more than its characters.
fn is_live(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let special = match character {
            '$' | '`' | '"' | '\'' | '}' => true,
            '\\' => characters
                .peek()
                .is_none_or(|next| "$`\"\\}\n".contains(*next)),
            _ => false,
        };
        if special {
            return true;
        }
    }
    false
}

fn plain(name: &str, quoted: bool) -> Piece {
    let parameter = Parameter {
        name: name.to_owned(),
        subscript: None,
        indirect: false,
        length: false,
        operator: Operator::None,
        source: Rc::from(format!("${name}")),
        zsh: None,
    };
    Piece::Parameter {
        parameter: Box::new(parameter),
        quoted,
    }
}

/// The text of `$'…'` without its quotes. What would be a NUL ends it, as in bash.
pub(crate) fn ansi_c(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            push(&mut bytes, character);
            continue;
        }
        let mut look = rest.clone();
        let Some(escape) = look.next() else {
            bytes.push(b'\\');
            break;
        };
        rest = look;
        match escape {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'e' | 'E' => bytes.push(27),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' | '\'' | '"' | '?' => push(&mut bytes, escape),
            'x' => match digits(&mut rest, 16, 2) {
                Some(value) => bytes.push(low_byte(value)),
                None => bytes.extend(b"\\x"),
            },
            'u' | 'U' => {
                let limit = if escape == 'u' { 4 } else { 8 };
                match digits(&mut rest, 16, limit).and_then(char::from_u32) {
                    Some(value) => push(&mut bytes, value),
                    None => {
                        bytes.push(b'\\');
                        push(&mut bytes, escape);
                    }
                }
            }
            'c' => {
                if let Some(control) = rest.next() {
                    bytes.push(low_byte(u32::from(control) & 0x1f));
                }
            }
            '0'..='7' => {
                let mut value = escape.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let mut look = rest.clone();
                    let Some(digit) = look.next().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    value = value * 8 + digit;
                    rest = look;
                }
                bytes.push(low_byte(value));
            }
            other => {
                bytes.push(b'\\');
                push(&mut bytes, other);
            }
        }
    }
    if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(nul);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn push(bytes: &mut Vec<u8>, character: char) {
    let mut buffer = [0; 4];
    bytes.extend(character.encode_utf8(&mut buffer).as_bytes());
}

fn low_byte(value: u32) -> u8 {
    u8::try_from(value & 0xff).unwrap_or_default()
}

fn digits(rest: &mut std::str::Chars<'_>, radix: u32, limit: usize) -> Option<u32> {
    let mut value = None;
    for _ in 0..limit {
        let mut look = rest.clone();
        let Some(digit) = look.next().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        value = Some(
            value
                .unwrap_or(0_u32)
                .wrapping_mul(radix)
                .wrapping_add(digit),
        );
        *rest = look;
    }
    value
}
