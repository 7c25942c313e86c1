//! The lexical level of PostgreSQL's SQL: where quotes, comments and words begin and end.
//!
//! Shared by the splitter of psql and by the bounds that keep the parser's recursion safe.

/// What stands at a position of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lexeme {
    Space,
    Comment,
    /// `'…'`, `E'…'`, `"…"`, `$tag$…$tag$`; the content lies between the two offsets.
    Quoted {
        quote: Quote,
        content: (usize, usize),
    },
    Word,
    Number,
    /// One character, given by its first byte.
    Symbol(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    String,
    /// `E'…'`: backslash escapes.
    Escape,
    Identifier,
    Dollar,
}

/// The lexeme at `start` and where it ends. `start` must be inside the text, on a boundary.
#[must_use]
pub fn lexeme(text: &str, start: usize) -> (Lexeme, usize) {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let first = at(start);
    match first {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => (
            Lexeme::Space,
            end_while(bytes, start, |b| b.is_ascii_whitespace() || b == 0x0b),
        ),
        b'-' if at(start + 1) == b'-' => (Lexeme::Comment, end_while(bytes, start, |b| b != b'\n')),
        b'/' if at(start + 1) == b'*' => (Lexeme::Comment, end_of_block_comment(bytes, start)),
        b'\'' => quoted(bytes, start, start + 1, Quote::String),
        b'"' => quoted(bytes, start, start + 1, Quote::Identifier),
        b'e' | b'E' if at(start + 1) == b'\'' => quoted(bytes, start, start + 2, Quote::Escape),
        b'u' | b'U' if at(start + 1) == b'&' && at(start + 2) == b'\'' => {
            quoted(bytes, start, start + 3, Quote::String)
        }
        b'u' | b'U' if at(start + 1) == b'&' && at(start + 2) == b'"' => {
            quoted(bytes, start, start + 3, Quote::Identifier)
        }
        b'$' => dollar(text, start),
        b'0'..=b'9' => (
            Lexeme::Number,
            end_while(bytes, start, |b| {
                b.is_ascii_alphanumeric() || b == b'.' || b == b'_'
            }),
        ),
        _ if is_word_start(first) => (
            Lexeme::Word,
            end_while(bytes, start, |b| {
                is_word_start(b) || b.is_ascii_digit() || b == b'$'
            }),
        ),
        _ => (Lexeme::Symbol(first), start + 1),
    }
}

const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn end_while(bytes: &[u8], start: usize, inside: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .skip(start)
        .position(|byte| !inside(*byte))
        .map_or(bytes.len(), |length| start + length)
}

/// Block comments nest in PostgreSQL.
fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut index = start;
    while let Some(pair) = bytes.get(index..index + 2) {
        match pair {
            b"/*" => {
                depth += 1;
                index += 2;
            }
            b"*/" => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    bytes.len()
}

fn quoted(bytes: &[u8], _start: usize, content: usize, quote: Quote) -> (Lexeme, usize) {
    let mark = if quote == Quote::Identifier {
        b'"'
    } else {
        b'\''
    };
    let mut index = content;
    while let Some(byte) = bytes.get(index) {
        if *byte == b'\\' && quote == Quote::Escape {
            index += 2;
        } else if *byte == mark {
            if bytes.get(index + 1) == Some(&mark) {
                index += 2;
            } else {
                let content = (content, index);
                return (Lexeme::Quoted { quote, content }, index + 1);
            }
        } else {
            index += 1;
        }
    }
    let content = (content.min(bytes.len()), bytes.len());
    (Lexeme::Quoted { quote, content }, bytes.len())
}

/// `$$…$$`, `$tag$…$tag$`, or a lone `$` (a parameter such as `$1`).
fn dollar(text: &str, start: usize) -> (Lexeme, usize) {
    let bytes = text.as_bytes();
    let tag_end = end_while(bytes, start + 1, |b| is_word_start(b) || b.is_ascii_digit());
    let starts_with_digit = bytes.get(start + 1).is_some_and(u8::is_ascii_digit);
    if starts_with_digit || bytes.get(tag_end) != Some(&b'$') {
        return (Lexeme::Symbol(b'$'), start + 1);
    }
    let content = tag_end + 1;
    let Some(tag) = text.get(start..content) else {
        return (Lexeme::Symbol(b'$'), start + 1);
    };
    let (content, end) = match text.get(content..).and_then(|rest| rest.find(tag)) {
        Some(length) => ((content, content + length), content + length + tag.len()),
        None => ((content, bytes.len()), bytes.len()),
    };
    let quote = Quote::Dollar;
    (Lexeme::Quoted { quote, content }, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut at = 0;
        let mut found = Vec::new();
        while at < text.len() {
            let (kind, end) = lexeme(text, at);
            assert!(end > at, "no progress in {text:?}");
            if !matches!(kind, Lexeme::Space | Lexeme::Comment) {
                found.push(&text[at..end]);
            }
            at = end;
        }
        found
    }

    #[test]
    fn quotes_and_comments_end_where_postgres_ends_them() {
        for (text, expected) in [
            ("a 'b;''c' d", vec!["a", "'b;''c'", "d"]),
            ("E'a\\'b' c", vec!["E'a\\'b'", "c"]),
            ("'a\\' b", vec!["'a\\'", "b"]),
            ("\"a;\"\"b\" c", vec!["\"a;\"\"b\"", "c"]),
            ("$$a;b$$ c", vec!["$$a;b$$", "c"]),
            ("$x$ $$ $y$ $x$ c", vec!["$x$ $$ $y$ $x$", "c"]),
            ("$1 $2", vec!["$", "1", "$", "2"]),
            ("a$b$c", vec!["a$b$c"]),
            ("a -- b;c\nd", vec!["a", "d"]),
            ("a /* b /* c */ ; */ d", vec!["a", "d"]),
            ("a /* b", vec!["a"]),
            ("'open", vec!["'open"]),
            ("$$open", vec!["$$open"]),
            ("E'\\", vec!["E'\\"]),
            ("U&'d\\0061' x", vec!["U&'d\\0061'", "x"]),
            ("été = 1", vec!["été", "=", "1"]),
            ("1.5e3;", vec!["1.5e3", ";"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
