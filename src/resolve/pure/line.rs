//! Programs that look at their input line by line, as `awk` does, and what else prints a text that
//! stands in its arguments.

use super::decode;
use crate::resolve::regex::{Regex, Syntax};

/// What a program prints that is given no input; `None` where that is not known.
pub(super) fn spoken(base: &str, words: &[&str]) -> Option<String> {
    match (base, words) {
        ("expr", [text, ":", pattern]) => matched(text, pattern),
        ("expr", [left, sign, right]) => {
            let (left, right): (i64, i64) = (left.parse().ok()?, right.parse().ok()?);
            let value = match *sign {
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                "%" => left.checked_rem(right)?,
                _ => return None,
            };
            Some(format!("{value}\n"))
        }
        ("date", [format]) => {
            let text = format.strip_prefix('+')?;
            (!text.contains('%')).then(|| format!("{text}\n"))
        }
        ("jq", [flags, filter]) if flags.starts_with('-') && flags.contains('n') => {
            let raw = match *flags {
                "-n" => false,
                "-nr" | "-rn" => true,
                _ => return None,
            };
            let text: String = serde_json::from_str(filter).ok()?;
            (!filter.contains("\\(")).then(|| {
                if raw {
                    text + "\n"
                } else {
                    format!("{filter}\n")
                }
            })
        }
        _ => None,
    }
}

/// `expr TEXT : PATTERN`: the first group, or how long the match is.
fn matched(text: &str, pattern: &str) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let regex = Regex::new(&format!("^{pattern}"), Syntax::Basic, false)?;
    let subject = regex.subject(text)?;
    let has_group = pattern.contains("\\(");
    let printed = match regex.find(&subject, 0)? {
        Some(found) if has_group => {
            let group = found.groups?.into_iter().next()??;
            text.get(group)?.to_owned()
        }
        Some(found) => found.whole.len().to_string(),
        None if has_group => String::new(),
        None => "0".to_owned(),
    };
    Some(printed + "\n")
}

/// What a program makes of its input; `words` are its arguments without files.
pub(super) fn filtered(base: &str, words: &[&str], text: &str) -> Option<String> {
    match (base, words) {
        ("awk" | "gawk" | "mawk", ["-F", separator, program]) if separator.len() == 1 => {
            awk(program, Some(separator), text)
        }
        ("awk" | "gawk" | "mawk", [flag, program]) => {
            let separator = flag.strip_prefix("-F").filter(|given| given.len() == 1)?;
            awk(program, Some(separator), text)
        }
        ("awk" | "gawk" | "mawk", [program]) => awk(program, None, text),
        ("fold", words) => fold(words, text),
        ("base32", ["-d" | "--decode"]) => String::from_utf8(decode::base32(text)?).ok(),
        ("dc", []) => {
            let text = text.trim_end().strip_prefix('[')?.strip_suffix("]P")?;
            (!text.contains(['[', ']'])).then(|| text.to_owned())
        }
        _ => None,
    }
}

/// `{print $N}`, and what prints every line.
fn awk(program: &str, separator: Option<&str>, text: &str) -> Option<String> {
    let program: String = program
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let inside = match program.as_str() {
        "1" => "",
        other => other
            .strip_prefix('{')?
            .strip_suffix('}')?
            .trim_end_matches(';')
            .strip_prefix("print")?,
    };
    let mut printed = String::new();
    for line in text.lines() {
        let fields: Vec<&str> = match separator {
            Some(" ") | None => line.split_ascii_whitespace().collect(),
            Some(separator) => line.split(separator).collect(),
        };
        let field = match inside {
            "" | "$0" => line,
            "$NF" => fields.last().copied().unwrap_or_default(),
            field => {
                let number: usize = field.strip_prefix('$')?.parse().ok()?;
                fields
                    .get(number.checked_sub(1)?)
                    .copied()
                    .unwrap_or_default()
            }
        };
        printed.push_str(field);
        printed.push('\n');
    }
    Some(printed)
}

fn fold(words: &[&str], text: &str) -> Option<String> {
    let width = match words {
        [] => "80",
        ["-w", width] => width,
        [word] => word.strip_prefix("-w")?,
        _ => return None,
    };
    let width: usize = width.parse().ok().filter(|width| *width > 0)?;
    if !text.is_ascii() || text.contains(['\t', '\x08', '\r']) {
        return None;
    }
    let mut printed = String::new();
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        for (index, letter) in body.chars().enumerate() {
            if index > 0 && index % width == 0 {
                printed.push('\n');
            }
            printed.push(letter);
        }
        printed.push_str(line.get(body.len()..)?);
    }
    Some(printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the programs themselves printed.
    #[test]
    fn lines_are_turned_as_the_programs_do() {
        for (words, input, printed) in [
            (&["awk", "{print $2}"][..], "x  rm y\n", "rm\n"),
            (&["awk", "-F:", "{ print $NF }"], "a:b\n", "b\n"),
            (&["awk", "1"], "a\nb", "a\nb\n"),
            (&["fold", "-w3"], "abcdefgh\n", "abc\ndef\ngh\n"),
            (&["base32", "-d"], "OJWQ====\n", "rm"),
            (&["dc"], "[rm]P\n", "rm"),
        ] {
            let found = filtered(words[0], &words[1..], input);
            assert_eq!(found.as_deref(), Some(printed), "{words:?}");
        }
        for (words, printed) in [
            (&["expr", "xrm", ":", "x\\(.*\\)"][..], Some("rm\n")),
            (&["expr", "abc", ":", "ab"], Some("2\n")),
            (&["expr", "2", "+", "3"], Some("5\n")),
            (&["date", "+rm"], Some("rm\n")),
            (&["date", "+%s"], None),
            (&["jq", "-nr", "\"rm\""], Some("rm\n")),
        ] {
            assert_eq!(
                spoken(words[0], &words[1..]).as_deref(),
                printed,
                "{words:?}"
            );
        }
    }
}
