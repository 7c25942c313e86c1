//! The tokens of an awk program, by POSIX and by gawk's extensions.
//!
//! Owns where a `/` begins a regular expression and how a string's escapes are read.

/// One token, with where it begins in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A string, its escapes read.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// What stands between the slashes.
    Regex(String),
    /// A name that is neither a keyword nor called at once.
    Name(String),
    /// A name directly before its `(`: a user's function, called or defined.
    Called(String),
    /// A keyword, or a built-in function's name.
    Word(&'static str),
    /// An operator or a bracket.
    Mark(&'static str),
    Newline,
    End,
}

/// Keywords of the grammar.
const KEYWORDS: &[&str] = &[
    "BEGIN",
    "BEGINFILE",
    "END",
    "ENDFILE",
    "break",
    "case",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "exit",
    "for",
    "func",
    "function",
    "getline",
    "if",
    "in",
    "next",
    "nextfile",
    "print",
    "printf",
    "return",
    "switch",
    "while",
];

/// Built-in functions, which need no `(` directly behind their names.
const BUILTINS: &[&str] = &[
    "and",
    "asort",
    "asorti",
    "atan2",
    "bindtextdomain",
    "close",
    "compl",
    "cos",
    "dcgettext",
    "dcngettext",
    "exp",
    "fflush",
    "gensub",
    "gsub",
    "index",
    "int",
    "isarray",
    "length",
    "log",
    "lshift",
    "match",
    "mkbool",
    "mktime",
    "or",
    "patsplit",
    "rand",
    "rshift",
    "sin",
    "split",
    "sprintf",
    "sqrt",
    "srand",
    "strftime",
    "strtonum",
    "sub",
    "substr",
    "system",
    "systime",
    "tolower",
    "toupper",
    "typeof",
    "xor",
];

/// Longest first.
const MARKS: &[&str] = &[
    "**=", "**", "|&", "||", "&&", "==", "<=", ">=", "!=", "!~", "++", "--", "+=", "-=", "*=",
    "/=", "%=", "^=", ">>", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^",
    "!", ">", "<", "|", "?", ":", "~", "$", "=", "@",
];

/// Whether the name is a built-in function's.
pub(super) fn is_builtin(word: &str) -> bool {
    BUILTINS.contains(&word)
}

/// The tokens of the text, the last one [`Kind::End`]; `None` where no token begins.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        found: Vec::new(),
    };
    lexer.read()?;
    Some(lexer.found)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let end = self.at;
        self.found.push(Token { kind, start, end });
    }

    fn read(&mut self) -> Option<()> {
        loop {
            let start = self.at;
            let Some(letter) = self.rest().chars().next() else {
                self.push(Kind::End, start);
                return Some(());
            };
            if let Some(continued) = ["\\\n", "\\\r\n"]
                .iter()
                .find(|continued| self.rest().starts_with(**continued))
            {
                self.at += continued.len();
                continue;
            }
            match letter {
                '\n' => {
                    self.at += 1;
                    self.push(Kind::Newline, start);
                }
                ' ' | '\t' | '\r' | '\u{c}' | '\u{b}' => self.at += 1,
                '#' => {
                    let line = self.rest().find('\n');
                    self.at = line.map_or(self.text.len(), |length| start + length);
                }
                '"' => {
                    let text = self.string()?;
                    self.push(Kind::Text(text), start);
                }
                '/' if !self.after_operand() => {
                    let regex = self.regex()?;
                    self.push(Kind::Regex(regex), start);
                }
                '0'..='9' => self.number(),
                '.' if self.rest().get(1..).is_some_and(|rest| {
                    rest.starts_with(|letter: char| letter.is_ascii_digit())
                }) =>
                {
                    self.number();
                }
                '_' | 'a'..='z' | 'A'..='Z' => self.word(),
                _ => {
                    let mark = MARKS.iter().find(|mark| self.rest().starts_with(**mark))?;
                    self.at += mark.len();
                    self.push(Kind::Mark(mark), start);
                }
            }
        }
    }

    /// Whether the last token ends an operand, so that a `/` divides.
    fn after_operand(&self) -> bool {
        self.found.last().is_some_and(|token| match &token.kind {
            Kind::Text(_) | Kind::Number(_) | Kind::Regex(_) | Kind::Name(_) => true,
            Kind::Word(word) => is_builtin(word) || *word == "getline",
            Kind::Mark(mark) => matches!(*mark, ")" | "]" | "++" | "--" | "$"),
            Kind::Called(_) | Kind::Newline | Kind::End => false,
        })
    }

    fn number(&mut self) {
        let start = self.at;
        let hex = ["0x", "0X"]
            .iter()
            .any(|mark| self.rest().starts_with(mark));
        let mut length = if hex { 2 } else { 0 };
        let mut exponent = false;
        for letter in self.rest().chars().skip(length) {
            let belongs = match letter {
                '0'..='9' => true,
                'a'..='f' | 'A'..='F' if hex => true,
                '.' if !hex => true,
                'e' | 'E' if !exponent => {
                    exponent = true;
                    self.exponent(start + length)
                }
                '+' | '-' => self
                    .text
                    .get(..start + length)
                    .is_some_and(|before| !hex && before.ends_with(['e', 'E'])),
                _ => false,
            };
            if !belongs {
                break;
            }
            length += 1;
        }
        self.at = start + length;
        let number = self.text.get(start..self.at).unwrap_or_default();
        self.push(Kind::Number(number.to_owned()), start);
    }

    /// Whether an exponent stands here: `1e3`, but not the name in `1 else`.
    fn exponent(&self, at: usize) -> bool {
        let rest = self.text.get(at + 1..).unwrap_or_default();
        rest.trim_start_matches(['+', '-'])
            .starts_with(|letter: char| letter.is_ascii_digit())
    }

    fn word(&mut self) {
        let start = self.at;
        let length = self
            .rest()
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':')
            .unwrap_or(self.rest().len());
        let word = self.rest().get(..length).unwrap_or_default();
        // `a::b` is a name of gawk's namespaces; one colon belongs to a conditional or a case.
        let single = word.match_indices(':').map(|(at, _)| at).find(|at| {
            let before = at.checked_sub(1).and_then(|at| word.as_bytes().get(at));
            before != Some(&b':') && word.as_bytes().get(at + 1) != Some(&b':')
        });
        let word = single.and_then(|at| word.get(..at)).unwrap_or(word);
        let word = word.trim_end_matches(':').to_owned();
        self.at += word.len();
        let known = KEYWORDS
            .iter()
            .chain(BUILTINS)
            .find(|known| **known == word);
        let kind = match known {
            Some(known) => Kind::Word(known),
            None if self.rest().starts_with('(') => Kind::Called(word),
            None => Kind::Name(word),
        };
        self.push(kind, start);
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let letter = self.next()?;
            match letter {
                '"' => return Some(text),
                '\\' => self.escape(&mut text)?,
                other => text.push(other),
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest().chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let letter = self.next()?;
        let plain = match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\n' => return Some(()),
            'x' => self.code(16, 2).unwrap_or('x'),
            '0'..='7' => {
                self.at -= 1;
                self.code(8, 3)?
            }
            other => other,
        };
        text.push(plain);
        Some(())
    }

    /// A character by its code, of at most so many digits.
    fn code(&mut self, radix: u32, most: usize) -> Option<char> {
        let digits: String = self
            .rest()
            .chars()
            .take(most)
            .take_while(|letter| letter.is_digit(radix))
            .collect();
        self.at += digits.len();
        u32::from_str_radix(&digits, radix)
            .ok()
            .and_then(char::from_u32)
    }

    fn regex(&mut self) -> Option<String> {
        self.at += 1;
        let mut regex = String::new();
        let mut bracket = false;
        loop {
            let letter = self.next()?;
            match letter {
                '/' if !bracket => return Some(regex),
                '\n' => return None,
                '\\' => {
                    regex.push('\\');
                    regex.push(self.next()?);
                    continue;
                }
                '[' if !bracket => {
                    bracket = true;
                    regex.push('[');
                    // A `]` that stands first is a member of the set.
                    for first in ['^', ']'] {
                        if self.rest().starts_with(first) {
                            regex.push(first);
                            self.at += 1;
                        }
                    }
                    continue;
                }
                ']' => bracket = false,
                _ => {}
            }
            regex.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_divides_after_an_operand_only() {
        let regexes = |text: &str| {
            tokens(text).map(|tokens| {
                tokens
                    .into_iter()
                    .filter_map(|token| match token.kind {
                        Kind::Regex(regex) => Some(regex),
                        _ => None,
                    })
                    .collect::<Vec<_>>()
            })
        };
        for (text, found) in [
            ("/a\\/b/ { print }", vec!["a\\/b"]),
            ("{ print $1 / 2 / x }", vec![]),
            ("$1 ~ /x/ && !/[/]/", vec!["x", "[/]"]),
            ("{ n = (a) / b / c }", vec![]),
            ("{ sub(/[]/]/, \"\") }", vec!["[]/]"]),
        ] {
            let found = found.into_iter().map(str::to_owned).collect();
            assert_eq!(regexes(text), Some(found), "{text}");
        }
    }

    #[test]
    fn escapes_are_read_in_strings() {
        let text = |source: &str| match tokens(source)?.into_iter().next()?.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        };
        for (source, expected) in [
            ("\"\\162\\x6d\"", Some("rm")),
            ("\"a\\\nb\"", Some("ab")),
            ("\"\\\"\\/\\q\"", Some("\"/q")),
            ("\"open", None),
        ] {
            assert_eq!(text(source).as_deref(), expected, "{source}");
        }
    }
}
