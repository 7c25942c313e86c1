//! zsh's parameter expansion: flags, prefixes, nested expansions, subscripts and modifiers.

use std::rc::Rc;

use super::ast::{Operator, Parameter, Piece, Word, ZshExpansion, ZshFlag};
use super::dialect::ZshOption;
use super::parser::{Failure, Parser};
use super::word::{Pieces, Until};

/// Letters that stand after a colon and change a value: `:t`, `:h`, `:s/a/b/` …
const MODIFIERS: &[u8] = b"aAcehlpPqQrstuxgfFwW&";

/// Flags that take an argument between delimiters.
const WITH_ARGUMENT: &[char] = &['g', 'j', 's', 'I', 'Z', '_', 'l', 'r'];

impl Parser<'_> {
    /// `$name[1]:t`, `$#name`, `$+name`, `$=name` …; `None` for what is as in bash.
    pub(super) fn zsh_dollar(&mut self, quoted: bool) -> Result<Option<Piece>, Failure> {
        let start = self.position;
        if self.peek_at(1) == Some(b'{') {
            self.position += 2;
            let parameter = self.deeper(|parser| parser.zsh_braced(start, quoted))?;
            return Ok(Some(Piece::Parameter {
                parameter: Box::new(parameter),
                quoted,
            }));
        }
        let mut zsh = ZshExpansion::default();
        let mut length = false;
        let mut at = 1;
        loop {
            let next = self.peek_at(at + 1);
            let doubled = next == self.peek_at(at);
            let name_at = |ahead: usize| {
                self.peek_at(ahead)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_@*".contains(&byte))
            };
            let named = name_at(at + 1)
                || next.is_some_and(|byte| b"=~^#+".contains(&byte)) && name_at(at + 2);
            match self.peek_at(at) {
                Some(b'#') if named => length = true,
                Some(b'+') if named => zsh.is_set = true,
                Some(byte @ (b'=' | b'~' | b'^')) if named || doubled && name_at(at + 2) => {
                    zsh.prefix(byte, !doubled);
                    at += usize::from(doubled);
                }
                _ => break,
            }
            at += 1;
        }
        self.position = start + at;
        let name = self.zsh_name();
        if name.is_empty() {
            self.position = start;
            return Ok(None);
        }
        if self.dialect.lists_arrays() != Some(false) {
            self.zsh_subscripts(&mut zsh)?;
        }
        while self.peek() == Some(b':') && self.at_modifier() {
            self.position += 1;
            let modifier = self.modifier(quoted, &mut 0);
            zsh.modifiers.push(modifier);
        }
        Ok(Some(Piece::Parameter {
            parameter: Box::new(Parameter {
                name,
                subscript: None,
                indirect: false,
                length,
                operator: Operator::None,
                source: Rc::from(self.slice(start, self.position)),
                zsh: Some(Box::new(zsh)),
            }),
            quoted,
        }))
    }

    /// `${…}` from after its brace.
    fn zsh_braced(&mut self, start: usize, quoted: bool) -> Result<Parameter, Failure> {
        let mut zsh = ZshExpansion::default();
        if self.peek() == Some(b'(') {
            self.position += 1;
            zsh.flags = self.zsh_flags(start)?;
        }
        let mut length = false;
        loop {
            let next = self.peek_at(1);
            match self.peek() {
                Some(byte @ (b'=' | b'~' | b'^')) => {
                    let doubled = next == Some(byte);
                    zsh.prefix(byte, !doubled);
                    self.position += 1 + usize::from(doubled);
                }
                Some(b'+')
                    if next.is_some_and(|byte| {
                        byte.is_ascii_alphanumeric() || b"_$@*".contains(&byte)
                    }) =>
                {
                    zsh.is_set = true;
                    self.position += 1;
                }
                Some(b'#')
                    if next.is_some_and(|byte| {
                        byte.is_ascii_alphanumeric() || b"_@*$\"=~^!(".contains(&byte)
                    }) || (matches!(next, Some(b'-' | b'?' | b'#'))
                        && self.peek_at(2) == Some(b'}')) =>
                {
                    length = true;
                    self.position += 1;
                }
                _ => break,
            }
        }
        let mut name = String::new();
        let nested = self.looking_at("${")
            || self.looking_at("$(")
            || matches!(self.peek(), Some(b'"' | b'`'));
        if nested {
            zsh.nested = Some(self.nested_expansion(quoted)?);
        } else {
            name = self.zsh_name();
        }
        self.zsh_subscripts(&mut zsh)?;
        let operator = self.zsh_operator(&mut zsh, quoted, start)?;
        if self.peek() != Some(b'}') {
            return self.failure("this parameter expansion cannot be read", start);
        }
        self.position += 1;
        Ok(Parameter {
            name,
            subscript: None,
            indirect: false,
            length,
            operator,
            source: Rc::from(self.slice(start, self.position)),
            zsh: Some(Box::new(zsh)),
        })
    }

    /// The one expansion that stands where a name would.
    fn nested_expansion(&mut self, quoted: bool) -> Result<Word, Failure> {
        let start = self.position;
        let mut found = Pieces::default();
        match self.peek() {
            Some(b'"') => self.double_quotes(&mut found)?,
            Some(b'`') => {
                let piece = self.backquotes(quoted)?;
                found.push(piece);
            }
            _ => self.dollar(&mut found, quoted)?,
        }
        Ok(self.finish_word(found.finish(), start, self.position))
    }

    fn zsh_name(&mut self) -> String {
        let rest = self.rest();
        let first = rest.bytes().next();
        let length = match first {
            Some(byte) if byte.is_ascii_digit() => {
                rest.bytes().take_while(u8::is_ascii_digit).count()
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len()),
            Some(byte) if b"@*#?-$!".contains(&byte) => 1,
            _ => 0,
        };
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.position += length;
        name
    }

    fn zsh_subscripts(&mut self, zsh: &mut ZshExpansion) -> Result<(), Failure> {
        while self.peek() == Some(b'[')
            && let Some(close) = self.bracket_end(self.position + 1)
        {
            let word = self.expression(self.position + 1, close)?;
            zsh.subscripts.push(word);
            self.position = close + 1;
        }
        Ok(())
    }

    /// The flags up to the closing parenthesis.
    fn zsh_flags(&mut self, start: usize) -> Result<Vec<ZshFlag>, Failure> {
        let mut flags: Vec<ZshFlag> = Vec::new();
        loop {
            let Some(letter) = self.rest().chars().next() else {
                return self.failure("the flags of an expansion are not closed", start);
            };
            self.position += letter.len_utf8();
            if letter == ')' {
                return Ok(flags);
            }
            let mut arguments = Vec::new();
            if WITH_ARGUMENT.contains(&letter) {
                let Some(open) = self.rest().chars().next() else {
                    return self.failure("the flags of an expansion are not closed", start);
                };
                // `l` and `r` may have up to three.
                let most = if matches!(letter, 'l' | 'r') { 3 } else { 1 };
                while arguments.len() < most && self.rest().starts_with(open) {
                    let Some(argument) = self.delimited() else {
                        return self.failure("the flags of an expansion are not closed", start);
                    };
                    arguments.push(argument);
                }
            }
            flags.push(ZshFlag { letter, arguments });
        }
    }

    /// What stands between the delimiter at the position and its partner.
    fn delimited(&mut self) -> Option<String> {
        let open = self.rest().chars().next()?;
        let from = self.position + open.len_utf8();
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        let length = self.slice(from, self.end).find(close)?;
        self.position = from + length + close.len_utf8();
        Some(self.slice(from, from + length).to_owned())
    }

    fn zsh_operator(
        &mut self,
        zsh: &mut ZshExpansion,
        quoted: bool,
        start: usize,
    ) -> Result<Operator, Failure> {
        let word = |parser: &mut Self| {
            parser.operand(Until::Brace {
                quoted,
                slash: false,
                colon: false,
            })
        };
        while self.looking_at("\\\n") {
            self.position += 2;
        }
        if self.looking_at("\\:") {
            self.position += 1;
        }
        if self.looking_at("::=") {
            self.position += 3;
            return Ok(Operator::Set { word: word(self)? });
        }
        if self.peek() == Some(b':') {
            match self.peek_at(1) {
                Some(b'#') => {
                    self.position += 2;
                    let pattern = word(self)?;
                    return Ok(Operator::Exclude { pattern });
                }
                Some(b'|' | b'*' | b'^' | b'/') => {
                    self.position += 2;
                    return Ok(Operator::Other { word: word(self)? });
                }
                _ => {}
            }
        }
        let mut braces = 0;
        while self.peek() == Some(b':') && self.at_modifier() {
            self.position += 1;
            let modifier = self.modifier(quoted, &mut braces);
            zsh.modifiers.push(modifier);
        }
        match self.peek() {
            Some(b'^' | b',' | b'@' | b'~') => {
                self.failure("this parameter expansion cannot be read", start)
            }
            _ => self.operator(false, quoted, start),
        }
    }

    fn at_modifier(&self) -> bool {
        let Some(letter) = self.peek_at(1) else {
            return false;
        };
        MODIFIERS.contains(&letter)
            && !(letter == b's'
                && self
                    .peek_at(2)
                    .is_none_or(|byte| byte.is_ascii_whitespace() || byte == b'}'))
    }

    /// One modifier from its letter on, as it is written.
    /// `braces` counts those that the modifiers before it left open.
    fn modifier(&mut self, quoted: bool, braces: &mut usize) -> String {
        let start = self.position;
        while matches!(self.peek(), Some(b'g' | b'f' | b'w')) {
            self.position += 1;
        }
        if matches!(self.peek(), Some(b'F' | b'W')) {
            self.position += 1;
            let _ = self.delimited();
        }
        let letter = self.peek();
        self.position += self.rest().chars().next().map_or(0, char::len_utf8);
        if letter == Some(b's') {
            let delimiter = self.rest().chars().next().unwrap_or('/');
            let mut left = 3;
            while left > 0 {
                let Some(next) = self.rest().chars().next() else {
                    break;
                };
                match next {
                    '{' => *braces += 1,
                    '}' if *braces > 0 => *braces -= 1,
                    '}' => break,
                    _ => {}
                }
                if !quoted && next.is_ascii_whitespace() || quoted && next == '"' {
                    break;
                }
                self.position += next.len_utf8();
                if next == '\\' {
                    self.position += self.rest().chars().next().map_or(0, char::len_utf8);
                } else if next == delimiter {
                    left -= 1;
                }
            }
        } else {
            while self.peek().is_some_and(|byte| byte.is_ascii_digit())
                && matches!(letter, Some(b'h' | b't'))
            {
                self.position += 1;
            }
        }
        self.slice(start, self.position).to_owned()
    }

    /// `=(…)` at the start of a word: a file with what the list prints.
    pub(super) fn at_temporary_file(&self, start: usize) -> bool {
        self.dialect.is_zsh()
            && self.position == start
            && self.looking_at("=(")
            && self.dialect.option(ZshOption::ShGlob) != Some(true)
    }
}

impl ZshExpansion {
    fn prefix(&mut self, byte: u8, on: bool) {
        match byte {
            b'=' => self.split = Some(on),
            b'~' => self.pattern = Some(on),
            _ => self.combine = Some(on),
        }
    }
}
