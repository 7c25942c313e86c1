//! Shell patterns (`*`, `?`, `[…]`) against known text.

/// Whether the pattern matches the whole text. In `pattern`, a backslash quotes the next
/// character.
#[must_use]
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches_from(&pattern, &text)
}

/// Iterative with one level of backtracking: linear in practice, quadratic at worst.
fn matches_from(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => bracket(pattern, p, text.get(t).copied().unwrap_or_default()),
            Some('\\') => (pattern.get(p + 1) == text.get(t)).then_some(2),
            Some(character) => (Some(character) == text.get(t)).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                t += 1;
            }
            (None, Some((star_p, star_t))) => {
                p = star_p + 1;
                t = star_t + 1;
                star = Some((star_p, star_t + 1));
            }
            (None, None) => return false,
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

/// The length of the bracket expression at `at` if the character is in it; a `[` that never
/// closes is an ordinary character.
fn bracket(pattern: &[char], at: usize, character: char) -> Option<usize> {
    let mut index = at + 1;
    let negated = matches!(pattern.get(index), Some('!' | '^'));
    if negated {
        index += 1;
    }
    let first = index;
    let mut found = false;
    loop {
        match pattern.get(index) {
            None => return (character == '[').then_some(1),
            Some(']') if index > first => break,
            Some('[') if pattern.get(index + 1) == Some(&':') => {
                let close = (index + 2..pattern.len()).find(|i| pattern.get(*i) == Some(&':'))?;
                let class: String = pattern.get(index + 2..close)?.iter().collect();
                found |= in_class(&class, character);
                index = close + 2;
            }
            Some(start) => {
                if pattern.get(index + 1) == Some(&'-')
                    && pattern.get(index + 2).is_some_and(|end| *end != ']')
                {
                    let end = pattern.get(index + 2).copied().unwrap_or_default();
                    found |= (*start..=end).contains(&character);
                    index += 3;
                } else {
                    found |= *start == character;
                    index += 1;
                }
            }
        }
    }
    (found != negated).then_some(index + 1 - at)
}

fn in_class(class: &str, character: char) -> bool {
    match class {
        "alpha" => character.is_alphabetic(),
        "digit" => character.is_ascii_digit(),
        "alnum" => character.is_alphanumeric(),
        "upper" => character.is_uppercase(),
        "lower" => character.is_lowercase(),
        "space" => character.is_whitespace(),
        "punct" => character.is_ascii_punctuation(),
        "xdigit" => character.is_ascii_hexdigit(),
        "blank" => matches!(character, ' ' | '\t'),
        _ => false,
    }
}

/// `text` without the shortest or longest prefix that matches.
#[must_use]
pub(super) fn remove_prefix<'a>(text: &'a str, pattern: &str, longest: bool) -> &'a str {
    let ends = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()]);
    let fits = |end: &usize| {
        text.get(..*end)
            .is_some_and(|prefix| matches(pattern, prefix))
    };
    let found = if longest {
        ends.collect::<Vec<_>>().into_iter().rev().find(fits)
    } else {
        ends.into_iter().find(fits)
    };
    found.and_then(|end| text.get(end..)).unwrap_or(text)
}

/// `text` without the shortest or longest suffix that matches.
#[must_use]
pub(super) fn remove_suffix<'a>(text: &'a str, pattern: &str, longest: bool) -> &'a str {
    let starts = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()]);
    let fits = |start: &usize| {
        text.get(*start..)
            .is_some_and(|suffix| matches(pattern, suffix))
    };
    let found = if longest {
        starts.into_iter().find(fits)
    } else {
        starts.collect::<Vec<_>>().into_iter().rev().find(fits)
    };
    found.and_then(|start| text.get(..start)).unwrap_or(text)
}

/// `${text/pattern/replacement}` and its forms.
#[must_use]
pub(super) fn replace(
    text: &str,
    pattern: &str,
    replacement: &str,
    all: bool,
    anchor: Option<char>,
) -> String {
    let mut result = String::new();
    let mut at = 0;
    while at <= text.len() {
        let Some(rest) = text.get(at..) else { break };
        let length = if anchor == Some('#') && at > 0 {
            None
        } else {
            longest_match(rest, pattern, anchor == Some('%'))
        };
        match length {
            Some(length) if length > 0 || rest.is_empty() && anchor.is_some() => {
                result.push_str(replacement);
                at += length;
                if !all || length == 0 {
                    result.push_str(text.get(at..).unwrap_or_default());
                    return result;
                }
            }
            _ => {
                let Some(character) = rest.chars().next() else {
                    break;
                };
                result.push(character);
                at += character.len_utf8();
            }
        }
    }
    result
}

fn longest_match(text: &str, pattern: &str, to_end: bool) -> Option<usize> {
    if to_end {
        return matches(pattern, text).then_some(text.len());
    }
    let ends: Vec<usize> = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()])
        .collect();
    ends.into_iter().rev().find(|end| {
        text.get(..*end)
            .is_some_and(|prefix| matches(pattern, prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_the_shell() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[[:digit:]]*", "7up", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("*.tar.*", "a.tar.gz", true),
            ("[", "[", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn parts_are_removed_and_replaced() {
        assert_eq!(remove_prefix("a/b/c", "*/", false), "b/c");
        assert_eq!(remove_prefix("a/b/c", "*/", true), "c");
        assert_eq!(remove_suffix("a.tar.gz", ".*", false), "a.tar");
        assert_eq!(remove_suffix("a.tar.gz", ".*", true), "a");
        assert_eq!(replace("xay", "a", "b", false, None), "xby");
        assert_eq!(replace("aXaXa", "X", "-", true, None), "a-a-a");
        assert_eq!(replace("abc", "a", "r", false, Some('#')), "rbc");
        assert_eq!(replace("abc", "c", "m", false, Some('%')), "abm");
    }
}
