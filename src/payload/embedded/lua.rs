//! Lua: calls of `os` and `io` that run programs, delete files or write them.
//!
//! Calls are followed that name their function and have a text for an argument; what could call
//! them in any other way is opaque.

use super::Reading;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// Functions that give others a way to run a text, or to reach a function by a computed name.
const HIDING: &[&str] = &[
    "load",
    "loadstring",
    "loadfile",
    "loadlib",
    "_G",
    "_ENV",
    "getfenv",
    "setfenv",
    "debug",
    "ffi",
    "rawget",
    "posix",
    "lfs",
    "luv",
];

pub(super) fn read(text: &str, found: &mut Reading<'_>) {
    let tokens = tokens(text);
    for at in 0..tokens.len() {
        let rest = tokens.get(at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        // A field of something else is not the library.
        if before == Some(&Token::Sign('.')) || before == Some(&Token::Sign(':')) {
            continue;
        }
        let Some(Token::Name(name)) = rest.first() else {
            continue;
        };
        match name.as_str() {
            "os" | "io" => library(name, rest, found),
            "dofile" => match argument(rest.get(1..).unwrap_or_default()) {
                Some(path) => found.file(crate::rules::schema::Embedded::Lua, &path),
                None => found.opaque("`dofile` runs a file that is known only then".to_owned()),
            },
            hiding if HIDING.contains(&hiding) => {
                found.opaque(format!(
                    "what `{hiding}` reaches is known only when it runs"
                ));
            }
            _ => {}
        }
    }
}

/// `os.NAME(…)` or `io.NAME(…)`.
fn library(module: &str, tokens: &[Token], found: &mut Reading<'_>) {
    let unknown = |found: &mut Reading<'_>, name: &str| {
        found.opaque(format!(
            "what `{module}{name}` gets is known only when it runs"
        ));
    };
    let [_, Token::Sign('.'), Token::Name(name), rest @ ..] = tokens else {
        // `local o = os`, `os["execute"]`.
        if !matches!(tokens.get(1), Some(Token::Sign('='))) {
            unknown(found, "");
        }
        return;
    };
    let shown = format!(".{name}");
    let given = argument(rest);
    match (module, name.as_str()) {
        ("os", "execute") | ("io", "popen") => match given {
            Some(text) => found.shell(&text),
            None => unknown(found, &shown),
        },
        ("os", "remove") => match given {
            Some(path) => found.deletes(&path),
            None => unknown(found, &shown),
        },
        ("os", "rename") => match (given, second(rest)) {
            (Some(from), Some(to)) => {
                found.argv(&["mv".to_owned(), "-f".to_owned(), "--".to_owned(), from, to]);
            }
            _ => unknown(found, &shown),
        },
        ("io", "open") => match (given, second(rest)) {
            (Some(path), Some(mode)) if mode.starts_with('w') => found.writes(&path),
            (_, Some(mode)) if mode.starts_with(['r', 'a']) => {}
            (Some(_), None) if !rest.contains(&Token::Sign(',')) => {}
            _ => unknown(found, &shown),
        },
        ("io", "output") => match given {
            Some(path) => found.writes(&path),
            None if matches!(rest, [Token::Sign('('), Token::Sign(')'), ..]) => {}
            None => unknown(found, &shown),
        },
        _ => {}
    }
}

/// The first argument of a call, if it is text alone: `("a" .. "b")`, `"a"`.
fn argument(tokens: &[Token]) -> Option<String> {
    match tokens {
        [Token::Text(text), ..] => Some(text.clone()),
        [Token::Sign('('), rest @ ..] => joined(rest).map(|(text, _)| text),
        _ => None,
    }
}

fn second(tokens: &[Token]) -> Option<String> {
    let [Token::Sign('('), rest @ ..] = tokens else {
        return None;
    };
    let (_, rest) = joined(rest)?;
    let [Token::Sign(','), rest @ ..] = rest else {
        return None;
    };
    joined(rest).map(|(text, _)| text)
}

/// Texts put together, up to the end of the argument.
fn joined(tokens: &[Token]) -> Option<(String, &[Token])> {
    let mut text = String::new();
    let mut rest = tokens;
    while let [Token::Text(piece), after @ ..] = rest {
        text.push_str(piece);
        rest = after;
        match rest {
            [Token::Sign('.'), Token::Sign('.'), more @ ..] => rest = more,
            [Token::Sign(')' | ','), ..] => return Some((text, rest)),
            _ => return None,
        }
    }
    None
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = match long(comment) {
                Some((_, after)) => after,
                None => comment
                    .find('\n')
                    .and_then(|end| comment.get(end..))
                    .unwrap_or(""),
            };
            continue;
        }
        if let Some((inside, after)) = long(rest) {
            let inside = inside.strip_prefix('\n').unwrap_or(inside);
            found.push(Token::Text(inside.to_owned()));
            rest = after;
            continue;
        }
        if matches!(letter, '"' | '\'') {
            let (inside, after) = quoted(rest.get(1..).unwrap_or(""), letter);
            // An escape that is no letter's is left to nobody's guess.
            found.push(inside.map_or(Token::Sign('?'), Token::Text));
            rest = after;
            continue;
        }
        let length = rest
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .unwrap_or(rest.len());
        if length > 0 {
            let (name, after) = rest.split_at(length);
            found.push(Token::Name(name.to_owned()));
            rest = after;
            continue;
        }
        if !letter.is_whitespace() {
            found.push(Token::Sign(letter));
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or("");
    }
    found
}

/// `[[…]]`, `[==[…]==]`.
fn long(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let level = inner.len() - inner.trim_start_matches('=').len();
    let inside = inner.get(level..)?.strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    inside.split_once(&end)
}

/// A text in quotes, and what follows; no text where an escape is not read.
fn quoted(text: &str, quote: char) -> (Option<String>, &str) {
    let mut bytes: Option<Vec<u8>> = Some(Vec::new());
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            let after = text.get(at + 1..).unwrap_or("");
            return (bytes.and_then(|bytes| String::from_utf8(bytes).ok()), after);
        }
        if letter != '\\' {
            if let Some(bytes) = &mut bytes {
                bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes());
            }
            continue;
        }
        let Some((at, escape)) = letters.next() else {
            break;
        };
        let after = text.get(at + 1..).unwrap_or("");
        let mut code = |digits: usize, radix: u32, skip: usize| {
            let digits = after.get(..digits).filter(|digits| !digits.is_empty());
            let digits = digits.or(Some(text.get(at..at + 1)?).filter(|_| radix == 10))?;
            let code = u8::from_str_radix(digits, radix).ok()?;
            letters.by_ref().take(skip).for_each(drop);
            Some(code)
        };
        let escaped = match escape {
            'n' => Some(b'\n'),
            't' => Some(b'\t'),
            'r' => Some(b'\r'),
            '\\' | '"' | '\'' | '\n' => u8::try_from(u32::from(escape)).ok(),
            'x' => code(2, 16, 2),
            digit if digit.is_ascii_digit() => {
                let count = text
                    .get(at..)
                    .unwrap_or("")
                    .chars()
                    .take(3)
                    .take_while(char::is_ascii_digit)
                    .count();
                let code = text
                    .get(at..at + count)
                    .and_then(|digits| digits.parse().ok());
                letters
                    .by_ref()
                    .take(count.saturating_sub(1))
                    .for_each(drop);
                code
            }
            _ => None,
        };
        match (escaped, &mut bytes) {
            (Some(byte), Some(bytes)) => bytes.push(byte),
            _ => bytes = None,
        }
    }
    (None, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_kind_are_read() {
        let text = "a.b('x\\'y', \"\\65\\x42\\n\", [[long]], [=[ ]] ]=]) -- end\n--[[ c ]] f";
        let texts: Vec<String> = tokens(text)
            .into_iter()
            .filter_map(|token| match token {
                Token::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        assert_eq!(texts, ["x'y", "AB\n", "long", " ]] "]);
        assert_eq!(
            argument(&tokens("('rm ' .. \"x\")")),
            Some("rm x".to_owned())
        );
        assert_eq!(argument(&tokens("(a .. \"x\")")), None);
    }
}
