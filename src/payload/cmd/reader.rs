//! The grammar of the Windows command interpreter: carets, quotes, operators, groups.
//!
//! Reads one line, or one group of lines, after its percent signs were replaced.

use super::expand::Letter;

/// Groups within groups.
const NESTING_LIMIT: usize = 60;

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Its words with their quotes, and what it is redirected to.
    Simple {
        words: Vec<Word>,
        redirections: Vec<Redirection>,
    },
    /// `( … )`, with what the group is redirected to.
    Group {
        body: Vec<Node>,
        redirections: Vec<Redirection>,
    },
    /// `a | b`.
    Pipe(Vec<Node>),
    If {
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    For {
        options: Vec<Word>,
        variable: char,
        set: Vec<Letter>,
        body: Vec<Node>,
    },
}

/// A word as it is written, with its quotes and without its carets.
pub(super) type Word = Vec<Letter>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirection {
    pub(super) append: bool,
    pub(super) reads: bool,
    pub(super) target: Word,
}

/// The commands of a line; `None` where cmd would not read it either.
pub(super) fn read(line: &[Letter]) -> Option<Vec<Node>> {
    let mut reader = Reader {
        line,
        at: 0,
        nesting: 0,
    };
    let nodes = reader.list(false)?;
    (reader.at >= line.len()).then_some(nodes)
}

struct Reader<'l> {
    line: &'l [Letter],
    at: usize,
    nesting: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> Option<char> {
        match self.line.get(self.at + count)? {
            Letter::Known(letter) => Some(*letter),
            Letter::Unknown(_) => None,
        }
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|letter| matches!(letter, ' ' | '\t' | ',' | ';' | '=' | '\u{a0}'))
        {
            self.at += 1;
        }
    }

    /// Commands up to the end, or to the `)` of a group.
    fn list(&mut self, grouped: bool) -> Option<Vec<Node>> {
        if self.nesting >= NESTING_LIMIT {
            return None;
        }
        self.nesting += 1;
        let mut nodes = Vec::new();
        loop {
            while self.peek().is_some_and(|letter| {
                matches!(letter, ' ' | '\t' | '\n' | '&' | '@' | ',' | ';' | '=')
            }) || self.is_or()
            {
                self.at += 1;
            }
            if self.at >= self.line.len() || (grouped && self.peek() == Some(')')) {
                self.nesting -= 1;
                return Some(nodes);
            }
            if !grouped && self.take(')') {
                // After a label: the rest of the line is not read.
                while self.peek().is_some_and(|letter| letter != '\n') {
                    self.at += 1;
                }
                continue;
            }
            let first = self.command(grouped)?;
            let mut piped = vec![first];
            self.spaces();
            while self.peek() == Some('|') && self.ahead(1) != Some('|') {
                self.at += 1;
                self.blanks();
                piped.push(self.command(grouped)?);
                self.spaces();
            }
            nodes.push(match piped.len() {
                1 => piped.pop()?,
                _ => Node::Pipe(piped),
            });
        }
    }

    fn is_or(&self) -> bool {
        self.peek() == Some('|') && self.ahead(1) == Some('|')
            || (self.peek() == Some('|')
                && self.at > 0
                && self.line.get(self.at - 1) == Some(&Letter::Known('|')))
    }

    fn spaces(&mut self) {
        while self
            .peek()
            .is_some_and(|letter| matches!(letter, ' ' | '\t'))
        {
            self.at += 1;
        }
    }

    fn command(&mut self, grouped: bool) -> Option<Node> {
        self.blanks();
        while self.take('@') {
            self.blanks();
        }
        if self.take('(') {
            let body = self.list(true)?;
            if !self.take(')') {
                return None;
            }
            let mut redirections = Vec::new();
            self.redirections(&mut redirections, grouped)?;
            return Some(Node::Group { body, redirections });
        }
        let start = self.at;
        let word = self.keyword();
        match word.as_str() {
            "rem" => {
                while self.peek().is_some_and(|letter| letter != '\n')
                    || matches!(self.line.get(self.at), Some(Letter::Unknown(_)))
                {
                    self.at += 1;
                }
                return Some(Node::Group {
                    body: Vec::new(),
                    redirections: Vec::new(),
                });
            }
            "if" => return self.condition(grouped),
            "for" => {
                if let Some(found) = self.repeat(grouped) {
                    return Some(found);
                }
            }
            _ => {}
        }
        self.at = start;
        self.simple(grouped)
    }

    /// The next word if it is a plain name, in small letters.
    fn keyword(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek() {
            if letter == '^' && self.ahead(1).is_some() {
                self.at += 1;
                continue;
            }
            if !letter.is_ascii_alphabetic() {
                break;
            }
            word.push(letter.to_ascii_lowercase());
            self.at += 1;
        }
        let ends = self
            .peek()
            .is_none_or(|letter| matches!(letter, ' ' | '\t' | '/' | '(' | '\n' | ',' | ';' | '='));
        if ends { word } else { String::new() }
    }

    fn condition(&mut self, grouped: bool) -> Option<Node> {
        loop {
            self.blanks();
            let before = self.at;
            let word = self.word(grouped)?;
            let text = plain(&word).to_lowercase();
            match text.as_str() {
                "/i" | "not" => {}
                "exist" | "defined" | "errorlevel" | "cmdextversion" => {
                    self.blanks();
                    self.word(grouped)?;
                    break;
                }
                _ => {
                    // `a == b` or `a equ b`.
                    self.at = before;
                    self.side(grouped)?;
                    self.spaces();
                    if self.take('=') {
                        self.take('=');
                    } else {
                        self.word(grouped)?;
                    }
                    self.blanks();
                    self.side(grouped)?;
                    break;
                }
            }
        }
        let then = self.governed(grouped)?;
        let before = self.at;
        self.spaces();
        while grouped && self.take('\n') {
            self.spaces();
        }
        let start = self.at;
        let mut otherwise = Vec::new();
        if self.keyword() == "else" {
            otherwise = self.governed(grouped)?;
        } else {
            self.at = if start == before { start } else { before };
        }
        Some(Node::If { then, otherwise })
    }

    /// One side of a comparison: a `=` ends it.
    fn side(&mut self, grouped: bool) -> Option<()> {
        let mut quoted = false;
        while let Some(letter) = self.line.get(self.at) {
            match letter {
                Letter::Known('"') => quoted = !quoted,
                Letter::Known(' ' | '\t' | '=' | '\n' | '&' | '|') if !quoted => break,
                Letter::Known('(' | ')') if !quoted && grouped => break,
                _ => {}
            }
            self.at += 1;
        }
        Some(())
    }

    /// What an `if` or a `do` governs: a group, or all that follows on the line.
    fn governed(&mut self, grouped: bool) -> Option<Vec<Node>> {
        self.blanks();
        if self.nesting >= NESTING_LIMIT {
            return None;
        }
        self.nesting += 1;
        let first = self.command(grouped)?;
        self.nesting -= 1;
        Some(vec![first])
    }

    /// `for [options] %i in (set) do command`.
    fn repeat(&mut self, grouped: bool) -> Option<Node> {
        let mut options = Vec::new();
        let variable = loop {
            self.spaces();
            let word = self.word(grouped)?;
            if word.is_empty() {
                return None;
            }
            let text = plain(&word);
            if let Some(name) = text.strip_prefix('%') {
                break name.trim_start_matches('%').chars().next()?;
            }
            options.push(word);
        };
        self.spaces();
        if self.keyword() != "in" {
            return None;
        }
        self.spaces();
        if !self.take('(') {
            return None;
        }
        let start = self.at;
        let mut quoted: Option<char> = None;
        loop {
            match self.line.get(self.at)? {
                Letter::Known(letter @ ('"' | '\'' | '`')) => match quoted {
                    Some(open) if open == *letter => quoted = None,
                    None => quoted = Some(*letter),
                    Some(_) => {}
                },
                Letter::Known(')') if quoted.is_none() => break,
                _ => {}
            }
            self.at += 1;
        }
        let set = self.line.get(start..self.at)?.to_vec();
        self.at += 1;
        self.spaces();
        if self.keyword() != "do" {
            return None;
        }
        let body = self.governed(grouped)?;
        Some(Node::For {
            options,
            variable,
            set,
            body,
        })
    }

    fn simple(&mut self, grouped: bool) -> Option<Node> {
        let mut words = Vec::new();
        let mut redirections = Vec::new();
        loop {
            if words.is_empty() {
                self.blanks();
            } else {
                self.spaces();
            }
            if self.redirection(&mut redirections, grouped)? {
                continue;
            }
            match self.peek() {
                None if self.at >= self.line.len() => break,
                Some('\n' | '&' | '|') => break,
                Some(')') if grouped => break,
                _ => {
                    let word = if words.is_empty() {
                        self.name(grouped)?
                    } else {
                        self.word_up_to(grouped, false)?
                    };
                    if word.is_empty() {
                        return None;
                    }
                    words.push(word);
                }
            }
        }
        Some(Node::Simple {
            words,
            redirections,
        })
    }

    fn redirections(&mut self, found: &mut Vec<Redirection>, grouped: bool) -> Option<()> {
        self.spaces();
        while self.redirection(found, grouped)? {
            self.spaces();
        }
        Some(())
    }

    /// `>`, `2>`, `>>`, `<`, `2>&1`; whether one stood here.
    fn redirection(&mut self, found: &mut Vec<Redirection>, grouped: bool) -> Option<bool> {
        let digit = self.peek().is_some_and(|letter| letter.is_ascii_digit())
            && matches!(self.ahead(1), Some('>' | '<'));
        if !digit && !matches!(self.peek(), Some('>' | '<')) {
            return Some(false);
        }
        self.at += usize::from(digit);
        let reads = self.peek() == Some('<');
        self.at += 1;
        let append = !reads && self.take('>');
        if self.take('&') {
            self.at += 1;
            return Some(true);
        }
        self.blanks();
        let target = self.word(grouped)?;
        found.push(Redirection {
            append,
            reads,
            target,
        });
        Some(true)
    }

    /// A command's name also ends where its switches begin: `del/q`.
    fn name(&mut self, grouped: bool) -> Option<Word> {
        let word = self.word(grouped)?;
        let text = plain(&word);
        let builtin = text
            .find(['/', '.', ':', '\\', '('])
            .filter(|at| super::is_builtin(text.get(..*at).unwrap_or_default()));
        if let Some(at) = builtin {
            let length = text.get(..at).map_or(0, |name| name.chars().count());
            // Back to where the switch stands; the name held no caret before it.
            let whole = word.len();
            self.at -= whole - length;
            return Some(word.into_iter().take(length).collect());
        }
        Some(word)
    }

    fn word(&mut self, grouped: bool) -> Option<Word> {
        self.word_up_to(grouped, true)
    }

    /// A word with its quotes; carets are read. Commas part words, but belong to the arguments of
    /// a program.
    fn word_up_to(&mut self, grouped: bool, commas: bool) -> Option<Word> {
        let mut word = Vec::new();
        let mut quoted = false;
        while let Some(letter) = self.line.get(self.at) {
            match letter {
                Letter::Known('"') => {
                    quoted = !quoted;
                    word.push(letter.clone());
                }
                Letter::Known('^') if !quoted => {
                    self.at += 1;
                    match self.line.get(self.at) {
                        Some(Letter::Known('\n')) | None => continue,
                        Some(escaped) => word.push(escaped.clone()),
                    }
                }
                Letter::Known(' ' | '\t' | '&' | '|' | '<' | '>') if !quoted => break,
                Letter::Known(',' | ';' | '=') if !quoted && commas => break,
                Letter::Known('\n') => break,
                Letter::Known(')') if !quoted && grouped => break,
                _ => word.push(letter.clone()),
            }
            self.at += 1;
        }
        Some(word)
    }
}

/// The known letters of a word, up to what is not known.
pub(super) fn plain(word: &[Letter]) -> String {
    word.iter()
        .map_while(|letter| match letter {
            Letter::Known(letter) => Some(*letter),
            Letter::Unknown(_) => None,
        })
        .collect()
}
