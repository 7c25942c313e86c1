//! What programs print that only compute: their output is known when their input is.

use super::command::{Argument, Directory, Stdin, base_name};
use super::text::{Part, Text};
use crate::world::World;

/// The standard output of a command, as far as it is known without running it.
pub(super) fn output(
    argv: &[Argument],
    stdin: &Stdin,
    directory: &Directory,
    world: &dyn World,
) -> Text {
    let shown = || {
        let words: Vec<_> = argv
            .iter()
            .map(|argument| argument.value.display())
            .collect();
        Text::unknown(words.join(" "))
    };
    let Some(program) = argv.first().and_then(|word| word.value.exact()) else {
        return shown();
    };
    let base = base_name(program);
    let operands = argv.get(1..).unwrap_or_default();
    if matches!(
        base,
        "true"
            | "false"
            | ":"
            | "cd"
            | "export"
            | "mkdir"
            | "test"
            | "["
            | "set"
            | "shopt"
            | "unset"
            | "sleep"
            | "touch"
            | "kill"
    ) {
        return Text::empty();
    }
    if base == "echo" {
        return echo(operands);
    }
    let words: Option<Vec<&str>> = operands
        .iter()
        .map(|operand| operand.value.exact().filter(|_| !operand.splits))
        .collect();
    let Some(words) = words else { return shown() };
    let computed = match base {
        "printf" => printf(&words),
        "pwd" => directory
            .known()
            .map(|path| format!("{}\n", path.display())),
        "basename" => words.first().map(|path| {
            let name = path
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let suffix = words.get(1).copied().unwrap_or_default();
            format!("{}\n", name.strip_suffix(suffix).unwrap_or(name))
        }),
        "dirname" => words.first().map(|path| {
            let parent = path
                .trim_end_matches('/')
                .rsplit_once('/')
                .map_or(".", |(head, _)| head);
            format!("{}\n", if parent.is_empty() { "/" } else { parent })
        }),
        "cat" | "tee" | "base64" | "xxd" | "tr" | "rev" | "head" | "tail" | "tac" | "nl" => {
            return filter(base, &words, stdin, directory, world).unwrap_or_else(shown);
        }
        _ => None,
    };
    computed.map_or_else(shown, Text::known)
}

fn echo(operands: &[Argument]) -> Text {
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
    let mut text = Text::empty();
    for (index, operand) in rest.iter().enumerate() {
        if index > 0 {
            text.push_known(" ");
        }
        for part in operand.value.parts() {
            match part {
                Part::Known(known) if escapes => text.push_known(&crate::shell::ansi_c(known)),
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

/// `printf FORMAT ARGUMENTS…`; `None` for a conversion that is not plain.
fn printf(words: &[&str]) -> Option<String> {
    let words = match words {
        ["--", rest @ ..] => rest,
        _ => words,
    };
    let (format, arguments) = words.split_first()?;
    let mut arguments = arguments.iter();
    let mut printed = String::new();
    // The format is used again while arguments are left.
    loop {
        let before = arguments.len();
        printed.push_str(&printf_once(format, &mut arguments)?);
        if arguments.len() == 0 || arguments.len() == before || printed.len() > 1 << 16 {
            return Some(printed);
        }
    }
}

fn printf_once(format: &str, arguments: &mut std::slice::Iter<'_, &str>) -> Option<String> {
    let mut printed = String::new();
    let mut plain = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                plain.push('\\');
                plain.extend(characters.next());
            }
            '%' => {
                printed.push_str(&crate::shell::ansi_c(&std::mem::take(&mut plain)));
                let argument = |arguments: &mut std::slice::Iter<'_, &str>| {
                    arguments.next().copied().unwrap_or_default().to_owned()
                };
                match characters.next()? {
                    '%' => printed.push('%'),
                    's' => printed.push_str(&argument(arguments)),
                    'b' => printed.push_str(&crate::shell::ansi_c(&argument(arguments))),
                    'd' | 'i' => {
                        let number: i64 = argument(arguments).parse().ok()?;
                        printed.push_str(&number.to_string());
                    }
                    'c' => printed.extend(argument(arguments).chars().next()),
                    'x' => {
                        let number: i64 = argument(arguments).parse().ok()?;
                        printed.push_str(&format!("{number:x}"));
                    }
                    'o' => {
                        let number: i64 = argument(arguments).parse().ok()?;
                        printed.push_str(&format!("{number:o}"));
                    }
                    'q' => printed.push_str(&shell_words::quote(&argument(arguments))),
                    _ => return None,
                }
            }
            other => plain.push(other),
        }
    }
    printed.push_str(&crate::shell::ansi_c(&plain));
    Some(printed)
}

/// Programs that turn their input, or the files they name, into their output.
fn filter(
    base: &str,
    words: &[&str],
    stdin: &Stdin,
    directory: &Directory,
    world: &dyn World,
) -> Option<Text> {
    let mut files = Vec::new();
    let mut flags = Vec::new();
    for word in words {
        if word.len() > 1 && word.starts_with('-') {
            flags.push(*word);
        } else {
            files.push(*word);
        }
    }
    // `tr`'s operands are no files, `tee`'s are written.
    let reads_files = !matches!(base, "tr" | "tee");
    // The values of `-n 5` would be taken for files.
    let flags_with_values =
        matches!(base, "head" | "tail") && flags.iter().any(|flag| matches!(*flag, "-n" | "-c"));
    let input = if reads_files && !flags_with_values && !files.is_empty() && files != ["-"] {
        let mut text = String::new();
        for file in &files {
            text.push_str(&world.read(&directory.join(file)?).ok()?);
        }
        Text::known(text)
    } else {
        read_input(stdin, world)?
    };
    if base == "cat" && flags.iter().all(|flag| *flag == "-u") || base == "tee" {
        return Some(input);
    }
    let input = input.exact()?;
    let text = match base {
        "base64" => {
            if !flags
                .iter()
                .any(|flag| matches!(*flag, "-d" | "-D" | "--decode" | "-di" | "-id"))
            {
                return None;
            }
            String::from_utf8(decode_base64(input)?).ok()?
        }
        "xxd" => {
            let joined: String = flags.concat();
            if !(joined.contains('r') && joined.contains('p')) {
                return None;
            }
            String::from_utf8(decode_hex(input)?).ok()?
        }
        "tr" => translate(words, input)?,
        "rev" => input
            .lines()
            .map(|line| line.chars().rev().chain(['\n']).collect::<String>())
            .collect(),
        "tac" => {
            let mut lines: Vec<&str> = input.lines().collect();
            lines.reverse();
            lines.iter().map(|line| format!("{line}\n")).collect()
        }
        "head" => {
            let count = line_count(words)?;
            input
                .lines()
                .take(count)
                .map(|line| format!("{line}\n"))
                .collect()
        }
        "tail" => {
            let lines: Vec<&str> = input.lines().collect();
            let from = lines.len().saturating_sub(line_count(words)?);
            lines
                .get(from..)?
                .iter()
                .map(|line| format!("{line}\n"))
                .collect()
        }
        _ => return None,
    };
    Some(Text::known(text))
}

fn read_input(stdin: &Stdin, world: &dyn World) -> Option<Text> {
    match stdin {
        Stdin::Text(text) => Some(text.clone()),
        Stdin::File(path) => world.read(path).ok().map(Text::known),
        Stdin::Empty => Some(Text::empty()),
        Stdin::Inherited | Stdin::Unknown(_) => None,
    }
}

fn line_count(words: &[&str]) -> Option<usize> {
    match words {
        [] => Some(10),
        ["-n", count] => count.parse().ok(),
        [flag] => flag
            .strip_prefix("-n")
            .or_else(|| flag.strip_prefix('-'))?
            .parse()
            .ok(),
        _ => None,
    }
}

pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok())
        .collect()
}

/// `tr SET1 SET2`, `tr -d SET1`.
fn translate(words: &[&str], input: &str) -> Option<String> {
    match words {
        ["-d", set] => {
            let set = character_set(set)?;
            Some(input.chars().filter(|c| !set.contains(c)).collect())
        }
        [from, to] if !from.starts_with('-') => {
            let (from, to) = (character_set(from)?, character_set(to)?);
            let last = *to.last()?;
            Some(
                input
                    .chars()
                    .map(|c| match from.iter().rposition(|found| *found == c) {
                        Some(index) => to.get(index).copied().unwrap_or(last),
                        None => c,
                    })
                    .collect(),
            )
        }
        _ => None,
    }
}

fn character_set(set: &str) -> Option<Vec<char>> {
    let set = match set {
        "[:upper:]" => "A-Z".to_owned(),
        "[:lower:]" => "a-z".to_owned(),
        "[:digit:]" => "0-9".to_owned(),
        "[:space:]" => " \t\n\r".to_owned(),
        other if other.contains("[:") => return None,
        other => crate::shell::ansi_c(other),
    };
    let characters: Vec<char> = set.chars().collect();
    let mut expanded = Vec::new();
    let mut index = 0;
    while let Some(start) = characters.get(index) {
        match (characters.get(index + 1), characters.get(index + 2)) {
            (Some('-'), Some(end)) => {
                expanded.extend(*start..=*end);
                index += 3;
            }
            _ => {
                expanded.push(*start);
                index += 1;
            }
        }
        if expanded.len() > 1000 {
            return None;
        }
    }
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_text_is_computed() {
        assert_eq!(
            printf(&["%s-%s\\n", "a", "b", "c"]).as_deref(),
            Some("a-b\nc-\n")
        );
        assert_eq!(printf(&["\\x72\\155"]).as_deref(), Some("rm"));
        assert_eq!(decode_base64("cm0gLXJm\n").as_deref(), Some(&b"rm -rf"[..]));
        assert_eq!(decode_hex("726d").as_deref(), Some(&b"rm"[..]));
        assert_eq!(translate(&["a-z", "b-za"], "ql").as_deref(), Some("rm"));
    }
}
