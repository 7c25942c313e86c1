//! `echo`, `printf` and `seq`: what they are given, as they write it.

use super::{Argument, Part, Text};

/// More than this is not printed (bytes, or numbers).
const LIMIT: usize = 1 << 16;

/// Who reads the escapes: each knows others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Echo,
    Format,
    /// An argument of `%b`.
    Argument,
}

pub(super) fn echo(operands: &[Argument]) -> Text {
    let (mut newline, mut escapes) = (true, false);
    let mut rest = operands;
    while let Some((first, others)) = rest.split_first() {
        let Some(flags) = first.value.exact().and_then(|text| text.strip_prefix('-')) else {
            break;
        };
        if flags.is_empty() || !flags.chars().all(|c| "neE".contains(c)) {
            break;
        }
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = others;
    }
    // What may become no word at all lets the next be one.
    let vanishing = rest.iter().take_while(|operand| vanishes(operand)).count();
    let first = rest.get(vanishing).filter(|_| vanishing > 0);
    if first.is_some_and(|first| first.value.known_prefix().starts_with('-')) {
        return Text::unknown("echo");
    }
    // What is known only in part may be an option, too.
    if let Some(flags) = rest
        .first()
        .and_then(|first| first.value.known_prefix().strip_prefix('-'))
        && rest
            .first()
            .is_some_and(|first| first.value.exact().is_none())
        && flags.chars().all(|c| "neE".contains(c))
    {
        return Text::unknown("echo");
    }
    let mut text = Text::empty();
    let mut certain = false;
    for operand in rest {
        // It has no blank of its own, either.
        let vanishes = vanishes(operand);
        if certain && !vanishes {
            text.push_known(" ");
        }
        certain |= !vanishes;
        for part in operand.value.parts() {
            match part {
                Part::Known(known) if escapes => {
                    let Some((decoded, stops)) = unescaped(known, Escapes::Echo) else {
                        text.push(Part::Unknown(known.clone()));
                        continue;
                    };
                    text.push_known(&decoded);
                    if stops {
                        return text;
                    }
                }
                // A pattern that matches nothing stays as it is; what it matches is not known.
                Part::Glob(pattern) => text.push(Part::Unknown(pattern.clone())),
                other => text.push(other.clone()),
            }
        }
    }
    if newline {
        text.push_known("\n");
    }
    text
}

/// Whether a word may become none at all.
fn vanishes(operand: &Argument) -> bool {
    let full = |part: &Part| !matches!(part, Part::Unknown(_));
    operand.splits && !operand.value.parts().iter().any(full)
}

/// `printf FORMAT ARGUMENTS…`; `None` for a conversion that is not plain.
pub(super) fn printf(operands: &[Argument]) -> Option<Text> {
    let operands = match operands.split_first() {
        Some((first, rest)) if first.value.exact() == Some("--") => rest,
        _ => operands,
    };
    let (format, arguments) = operands.split_first()?;
    let format = format.value.exact().filter(|_| !format.splits)?;
    if let Some((before, after)) = format.split_once("%q")
        && (before.to_owned() + after).trim().is_empty()
    {
        return quoted_words(before, arguments, after);
    }
    // A pattern may become any number of words.
    if format.starts_with('-')
        || arguments
            .iter()
            .any(|word| word.splits || word.value.has_glob())
    {
        return None;
    }
    let mut arguments = arguments.iter().map(|argument| &argument.value);
    let mut printed = Text::empty();
    let mut length = 0;
    // The format is used again while arguments are left.
    loop {
        let before = arguments.len();
        if printf_once(format, &mut arguments, &mut printed)? || arguments.len() == 0 {
            return Some(printed);
        }
        length += format.len();
        if arguments.len() == before || length > LIMIT {
            return (arguments.len() == before).then_some(printed);
        }
    }
}

/// `printf '%q ' WORDS…`: each word quoted, with these blanks around it. `None` where it is not known
/// whether there is one at all.
fn quoted_words(before: &str, words: &[Argument], after: &str) -> Option<Text> {
    let several = |word: &Argument| word.splits || word.value.has_glob();
    if words.iter().all(several) && !words.is_empty() {
        return None;
    }
    let mut printed = Text::empty();
    if words.is_empty() {
        printed.push_known(&format!("{before}''{after}"));
    }
    for word in words {
        printed.push_known(before);
        match word.value.exact().and_then(quoted) {
            Some(quoted) if !word.splits => printed.push_known(&quoted),
            _ if several(word) => printed.append(Text::quoted(word.value.display()).several()),
            _ => printed.append(Text::quoted(word.value.display())),
        }
        printed.push_known(after);
    }
    Some(printed)
}

/// Whether `\c` ends it all.
fn printf_once<'t>(
    format: &str,
    arguments: &mut impl Iterator<Item = &'t Text>,
    printed: &mut Text,
) -> Option<bool> {
    let empty = Text::empty();
    let mut rest = format;
    loop {
        let at = rest.find('%').unwrap_or(rest.len());
        let (plain, conversion) = rest.split_at(at);
        printed.push_known(&unescaped(plain, Escapes::Format)?.0);
        let Some(conversion) = conversion.strip_prefix('%') else {
            return Some(false);
        };
        let end = conversion.find(|c: char| !"-.0123456789".contains(c))?;
        let (modifiers, after) = conversion.split_at(end);
        let (modifiers, precision) = match modifiers.split_once('.') {
            Some((modifiers, digits)) => (modifiers, Some(digits)),
            None => (modifiers, None),
        };
        let letter = after.chars().next()?;
        rest = after.get(letter.len_utf8()..)?;
        if letter == '%' && modifiers.is_empty() {
            printed.push_known("%");
            continue;
        }
        let argument = arguments.next().unwrap_or(&empty);
        if letter == 's' && modifiers.is_empty() && precision.is_none() {
            printed.append(argument.clone());
            continue;
        }
        if letter == 'q'
            && modifiers.is_empty()
            && precision.is_none()
            && argument.exact().is_none()
        {
            printed.append(Text::quoted(argument.display()));
            continue;
        }
        let argument = argument.exact()?;
        let converted = match letter {
            's' => match precision {
                Some("") => String::new(),
                Some(digits) if argument.is_ascii() => {
                    argument.chars().take(digits.parse().ok()?).collect()
                }
                Some(_) => return None,
                None => argument.to_owned(),
            },
            _ if precision.is_some() => return None,
            'b' => {
                let (text, stops) = unescaped(argument, Escapes::Argument)?;
                if stops {
                    printed.push_known(&text);
                    return Some(true);
                }
                text
            }
            // Of nothing, the first character is a NUL.
            // One byte, whatever the locale says; a NUL, where there is none.
            'c' => {
                let first = argument.chars().next().unwrap_or('\0');
                first.is_ascii().then(|| first.to_string())?
            }
            'd' | 'i' => integer(argument)?.to_string(),
            'x' => format!("{:x}", integer(argument)?),
            'X' => format!("{:X}", integer(argument)?),
            'o' => format!("{:o}", integer(argument)?),
            'q' => quoted(argument)?,
            _ => return None,
        };
        printed.push_known(&padded(converted, modifiers, letter)?);
    }
}

/// As printf reads a number: decimal, octal, hexadecimal, or a character behind a quote.
fn integer(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    if let Some(character) = text.strip_prefix(['\'', '"']) {
        return character.chars().next().map(|c| i64::from(u32::from(c)));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) => i64::from_str_radix(digits, 16).ok()?,
        None if digits.len() > 1 && digits.starts_with('0') => {
            i64::from_str_radix(digits, 8).ok()?
        }
        None => digits.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

/// Filled up to a width: `%5s`, `%-5s`, `%05d`.
fn padded(text: String, modifiers: &str, letter: char) -> Option<String> {
    if modifiers.is_empty() {
        return Some(text);
    }
    let left = modifiers.starts_with('-');
    let digits = modifiers.trim_start_matches('-');
    let zero = digits.starts_with('0') && letter != 's' && letter != 'c';
    let width: usize = digits.trim_start_matches('0').parse().unwrap_or(0);
    if width > LIMIT || digits.contains('-') || !text.is_ascii() || matches!(letter, 'b' | 'q') {
        return None;
    }
    Some(if left {
        format!("{text:<width$}")
    } else if zero {
        match text.strip_prefix('-') {
            Some(digits) => format!("-{digits:0>width$}", width = width.saturating_sub(1)),
            None => format!("{text:0>width$}"),
        }
    } else {
        format!("{text:>width$}")
    })
}

/// `%q`: every character that means something to the shell behind a backslash.
fn quoted(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("''".to_owned());
    }
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return None;
    }
    let mut quoted = String::new();
    for (index, character) in text.chars().enumerate() {
        let special = match character {
            '#' | '~' => index == 0,
            '=' | ':' => text.contains('~'),
            other => " '\"\\|&;()<>!{}*[]?^$`,".contains(other),
        };
        if special {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    // A tilde behind `=` or `:` is quoted, too.
    (!text.contains("=~") && !text.contains(":~")).then_some(quoted)
}

/// The text with its escapes read, and whether `\c` ends it; `None` if it is no text.
fn unescaped(text: &str, by: Escapes) -> Option<(String, bool)> {
    if !text.contains('\\') {
        return Some((text.to_owned(), false));
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let Some((escape, after)) = after.split_first().filter(|_| *byte == b'\\') else {
            bytes.push(*byte);
            continue;
        };
        rest = after;
        match escape {
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'e' | b'E' => bytes.push(27),
            b'f' => bytes.push(12),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(11),
            b'\\' => bytes.push(b'\\'),
            b'\'' | b'"' | b'?' if by == Escapes::Format => bytes.push(*escape),
            b'c' if by != Escapes::Format => return Some((String::from_utf8(bytes).ok()?, true)),
            b'x' => match number(&mut rest, 16, 2) {
                Some(value) => bytes.push(u8::try_from(value).ok()?),
                None => bytes.extend(b"\\x"),
            },
            b'u' | b'U' => {
                let most = if *escape == b'u' { 4 } else { 8 };
                match number(&mut rest, 16, most).map(char::from_u32) {
                    Some(value) => bytes.extend(value?.to_string().as_bytes()),
                    None => bytes.extend([b'\\', *escape]),
                }
            }
            b'0' if by != Escapes::Format => {
                let value = number(&mut rest, 8, 3).unwrap_or(0);
                bytes.push(u8::try_from(value & 0xff).ok()?);
            }
            b'0'..=b'7' if by != Escapes::Echo => {
                rest = text.as_bytes().get(text.len() - rest.len() - 1..)?;
                let value = number(&mut rest, 8, 3)?;
                bytes.push(u8::try_from(value & 0xff).ok()?);
            }
            other => bytes.extend([b'\\', *other]),
        }
    }
    Some((String::from_utf8(bytes).ok()?, false))
}

fn number(rest: &mut &[u8], radix: u32, most: usize) -> Option<u32> {
    let mut value = None;
    for _ in 0..most {
        let Some((digit, after)) = rest.split_first() else {
            break;
        };
        let Some(digit) = char::from(*digit).to_digit(radix) else {
            break;
        };
        value = Some(value.unwrap_or(0_u32).wrapping_mul(radix) + digit);
        *rest = after;
    }
    value
}

/// `seq LAST`, `seq FIRST LAST`, `seq FIRST STEP LAST`, in whole numbers.
pub(super) fn sequence(words: &[&str]) -> Option<String> {
    let (before, after, words) = match words {
        ["-f", format, words @ ..] => {
            let (before, after) = format.split_once("%g")?;
            (!before.contains('%') && !after.contains('%')).then_some((before, after, words))?
        }
        words => ("", "", words),
    };
    let numbers: Vec<i64> = words
        .iter()
        .map(|word| {
            word.parse()
                .ok()
                .filter(|_| *word == "0" || !word.starts_with(['0', '+']))
        })
        .collect::<Option<_>>()?;
    let (first, step, last) = match numbers.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] if *step != 0 => (*first, *step, *last),
        _ => return None,
    };
    let mut printed = String::new();
    let mut at = first;
    while if step > 0 { at <= last } else { at >= last } {
        // Larger ones have an exponent.
        if at.abs() >= 1_000_000 && !(before.is_empty() && after.is_empty()) {
            return None;
        }
        printed.push_str(&format!("{before}{at}{after}\n"));
        if printed.len() > LIMIT {
            return None;
        }
        at = at.checked_add(step)?;
    }
    Some(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;

    fn arguments(words: &[&str]) -> Vec<Argument> {
        words
            .iter()
            .map(|word| Argument::known(*word, Location::default()))
            .collect()
    }

    /// What bash itself printed.
    #[test]
    fn text_is_printed_as_bash_does() {
        for (words, text) in [
            (&["%s-%s\\n", "a", "b", "c"][..], "a-b\nc-\n"),
            (&["\\x72\\155"], "rm"),
            (&["%s\\0", "a b", "c"], "a b\0c\0"),
            (
                &["%5s|%-5s|%03d|%x", "ab", "cd", "7", "255"],
                "   ab|cd   |007|ff",
            ),
            (&["%d %d %d", "010", "0x10", "'A"], "8 16 65"),
            (&["%b|%s", "a\\tb\\101", "\\t"], "a\tbA|\\t"),
            (&["%b", "a\\cb"], "a"),
            (&["\\\"\\c"], "\"\\c"),
            (&["%q %q", "a b", "~x"], "a\\ b \\~x"),
            (&["x", "a", "b"], "x"),
            (&["%c", "xyz"], "x"),
            (&["%05d|%5d", "-3", "-3"], "-0003|   -3"),
            (&["%.2s|%4.1s", "rmzz", "xyz"], "rm|   x"),
        ] {
            let printed = printf(&arguments(words)).unwrap_or_default();
            assert_eq!(printed.exact(), Some(text), "{words:?}");
        }
        for (words, text) in [
            (&["-e", "a\\tb", "\\0101\\101"][..], "a\tb A\\101\n"),
            (&["-ne", "a\\cb", "c"], "a"),
            (&["-n", "-e", "\\\""], "\\\""),
            (&["-x", "a"], "-x a\n"),
        ] {
            assert_eq!(echo(&arguments(words)).exact(), Some(text), "{words:?}");
        }
        assert_eq!(sequence(&["2", "2", "6"]).as_deref(), Some("2\n4\n6\n"));
        assert_eq!(sequence(&["3", "1"]).as_deref(), Some(""));
        assert_eq!(
            sequence(&["-f", "a%gb", "2"]).as_deref(),
            Some("a1b\na2b\n")
        );
        assert_eq!(sequence(&["-f", "%03g", "2"]), None);
    }
}
