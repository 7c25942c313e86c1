//! Brace expansion: `{a,b}`, `{1..5}`, before any other expansion.

use std::ops::Range;
use std::rc::Rc;

use crate::shell::{Parameter, Piece, Word};

/// More words than this are not made.
const LIMIT: usize = 1000;
/// No sequence is written in more characters: three numbers and the dots.
const SEQUENCE_LENGTH: usize = 80;

/// A character of the word, or a piece that braces do not look into.
#[derive(Clone, Debug)]
enum Token {
    Char(char),
    Piece(Piece),
}

impl Token {
    /// Between `Z` and `a` stands a backslash, which quotes what comes after it.
    fn of_sequence(character: char) -> Self {
        match character {
            '\\' => Self::Piece(Piece::Quoted {
                text: String::new(),
                offset: None,
            }),
            other => Self::Char(other),
        }
    }
}

/// The words that `word` becomes; `None` if there would be too many.
pub(super) fn expand(word: &Word) -> Option<Vec<Vec<Piece>>> {
    let candidate = word
        .pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Literal { text, .. } if text.contains('{')));
    if !candidate {
        return Some(vec![word.pieces.clone()]);
    }
    let mut tokens = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal { text, .. } => tokens.extend(text.chars().map(Token::Char)),
            other => tokens.push(Token::Piece(other.clone())),
        }
    }
    let braces = Braces {
        closes: closes(&tokens),
        tokens,
    };
    let words = braces.expand(0..braces.tokens.len(), 0)?;
    if words.len() == 1 {
        return Some(vec![word.pieces.clone()]);
    }
    words
        .into_iter()
        // Nothing at all, not even quotes: no word.
        .filter(|tokens| !tokens.is_empty())
        .map(pieces)
        .collect()
}

/// The pieces of one word. Braces are expanded before anything else, as text: `$x{a,b}` is `$xa`
/// and `$xb`. `None` for an expansion that only comes to be by that.
fn pieces(tokens: Vec<Token>) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    // Where it passes between the cases, a sequence has a quote for what follows.
    let opens = |token: &Token| matches!(token, Token::Char('`'));
    if tokens.iter().rev().skip(1).any(opens) {
        return None;
    }
    for token in tokens {
        match token {
            Token::Char(character) if is_name_part(character) && text.is_empty() => {
                match pieces.last_mut().and_then(plain_name) {
                    Some(parameter) => {
                        parameter.name.push(character);
                        parameter.source = Rc::from(format!("${}", parameter.name));
                    }
                    None => text.push(character),
                }
            }
            Token::Char(character) => {
                if text.ends_with('$')
                    && (is_name_part(character) || "({[@*#?-$!".contains(character))
                {
                    return None;
                }
                text.push(character);
            }
            Token::Piece(piece) => {
                if !text.is_empty() {
                    pieces.push(Piece::Literal {
                        text: std::mem::take(&mut text),
                        offset: None,
                    });
                }
                pieces.push(piece);
            }
        }
    }
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal { text, offset: None });
    }
    Some(pieces)
}

fn is_name_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The parameter of an unquoted `$name`, which more characters make another name.
fn plain_name(piece: &mut Piece) -> Option<&mut Parameter> {
    let Piece::Parameter {
        parameter,
        quoted: false,
    } = piece
    else {
        return None;
    };
    let named = parameter
        .source
        .strip_prefix('$')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
    named.then_some(&mut **parameter)
}

fn is_char(token: &Token, wanted: char) -> bool {
    matches!(token, Token::Char(found) if *found == wanted)
}

/// A word and, for each `{` in it, where its `}` is.
struct Braces {
    tokens: Vec<Token>,
    closes: Vec<Option<usize>>,
}

/// The braces that are open at one depth.
#[derive(Default)]
struct Open {
    /// Nothing has been seen that lets them close.
    waiting: Vec<usize>,
    /// A comma or dots have been seen.
    ready: Vec<usize>,
}

/// Where each brace closes, as bash looks for it: at the first `}` of its depth behind a comma or
/// dots. A `}` before these is a character to it, though one that ends the depth.
fn closes(tokens: &[Token]) -> Vec<Option<usize>> {
    let mut closes = vec![None; tokens.len()];
    let mut outer: Vec<Open> = Vec::new();
    let mut open = Open::default();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Char(character) = token else {
            continue;
        };
        let is_next = |ahead: usize, wanted: char| {
            let next = tokens.get(at + ahead);
            next.is_some_and(|next| is_char(next, wanted))
        };
        match character {
            '{' => {
                let inner = Open {
                    waiting: vec![at],
                    ready: Vec::new(),
                };
                outer.push(std::mem::replace(&mut open, inner));
            }
            '}' => {
                for open in open.ready.drain(..) {
                    if let Some(close) = closes.get_mut(open) {
                        *close = Some(at);
                    }
                }
                if let Some(mut before) = outer.pop() {
                    if before.waiting.len() < open.waiting.len() {
                        std::mem::swap(&mut before.waiting, &mut open.waiting);
                    }
                    before.waiting.append(&mut open.waiting);
                    open = before;
                }
            }
            ',' => open.ready.append(&mut open.waiting),
            '.' if is_next(1, '.') && !is_next(2, '}') => open.ready.append(&mut open.waiting),
            _ => {}
        }
    }
    closes
}

impl Braces {
    fn expand(&self, within: Range<usize>, depth: usize) -> Option<Vec<Vec<Token>>> {
        if depth > 20 {
            return None;
        }
        for open in within.clone() {
            let close = self.closes.get(open).copied().flatten();
            let Some(close) = close.filter(|close| *close < within.end) else {
                continue;
            };
            // `{}` in front is no brace.
            let inner = self.tokens.get(open + 1..close)?;
            if open == within.start && inner.first().is_some_and(|next| is_char(next, '}')) {
                continue;
            }
            let alternatives = if inner.iter().any(|token| is_char(token, ',')) {
                let mut items = Vec::new();
                let mut from = open + 1;
                for end in self.commas(open, close).into_iter().chain([close]) {
                    items.extend(self.expand(from..end, depth + 1)?);
                    from = end + 1;
                }
                items
            } else {
                match sequence(inner) {
                    Some(items) => items,
                    None => vec![self.tokens.get(open..=close)?.to_vec()],
                }
            };
            let tails = self.expand(close + 1..within.end, depth + 1)?;
            if alternatives.len().checked_mul(tails.len())? > LIMIT {
                return None;
            }
            let head = self.tokens.get(within.start..open)?;
            let mut words = Vec::new();
            for alternative in &alternatives {
                for tail in &tails {
                    words.push([head, alternative, tail].concat());
                }
            }
            return Some(words);
        }
        Some(vec![self.tokens.get(within)?.to_vec()])
    }

    /// The commas between two braces that stand in no others.
    fn commas(&self, open: usize, close: usize) -> Vec<usize> {
        let mut commas = Vec::new();
        let mut depth = 0_usize;
        for at in open + 1..close {
            match self.tokens.get(at) {
                Some(Token::Char('{')) => depth += 1,
                Some(Token::Char('}')) => depth = depth.saturating_sub(1),
                Some(Token::Char(',')) if depth == 0 => commas.push(at),
                _ => {}
            }
        }
        commas
    }
}

/// `1..5`, `a..e`, `01..10..3`.
fn sequence(tokens: &[Token]) -> Option<Vec<Vec<Token>>> {
    if tokens.len() > SEQUENCE_LENGTH {
        return None;
    }
    let text: String = tokens
        .iter()
        .map(|token| match token {
            Token::Char(character) => Some(*character),
            Token::Piece(_) => None,
        })
        .collect::<Option<_>>()?;
    let mut parts = text.split("..");
    let (from, to, step) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let step: i64 = step.map_or(Some(1), |step| step.parse().ok())?;
    let step = step.unsigned_abs().max(1);
    let items: Vec<String> = if let (Ok(from_number), Ok(to_number)) =
        (from.parse::<i64>(), to.parse::<i64>())
    {
        let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
        let width = if padded(from) || padded(to) {
            from.len().max(to.len())
        } else {
            0
        };
        numbers(from_number, to_number, step)?
            .into_iter()
            .map(|number| format!("{number:0width$}"))
            .collect()
    } else {
        let (from, to) = (single(from)?, single(to)?);
        numbers(i64::from(u32::from(from)), i64::from(u32::from(to)), step)?
            .into_iter()
            .filter_map(|code| char::from_u32(u32::try_from(code).ok()?))
            .map(String::from)
            .collect()
    };
    Some(
        items
            .into_iter()
            .map(|item| item.chars().map(Token::of_sequence).collect())
            .collect(),
    )
}

fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let character = characters.next().filter(char::is_ascii_alphabetic)?;
    characters.next().is_none().then_some(character)
}

fn numbers(from: i64, to: i64, step: u64) -> Option<Vec<i64>> {
    if from.abs_diff(to) / step > LIMIT as u64 {
        return None;
    }
    let step = i64::try_from(step).ok()?;
    let mut items = Vec::new();
    let mut at = from;
    while (from <= to && at <= to) || (from > to && at >= to) {
        items.push(at);
        at = if from <= to {
            at.checked_add(step)?
        } else {
            at.checked_sub(step)?
        };
    }
    Some(items)
}
