//! Programs that turn their input, or the files they name, into their output.

use super::{Directory, Part, Stdin, Text};
use super::{decode, line};
use crate::resolve::regex::{Match, Regex, Syntax};
use crate::world::Overlay;

/// What a program makes of its whole input.
type Transform<'w> = Box<dyn Fn(&str) -> Option<String> + 'w>;
/// An option and its value.
type Flag<'w> = (&'w str, &'w str);

/// The output; `None` where it is not known, or the program is none of these.
pub(super) fn output(
    base: &str,
    words: &[&str],
    stdin: &Stdin,
    directory: &Directory,
    world: &Overlay<'_>,
) -> Option<Text> {
    let input = |files: &[&str]| {
        let text = input(files, stdin, directory, world)?;
        // What programs for lines of text make of a NUL, each decides for itself.
        let lines = !matches!(base, "cat" | "tee" | "base64" | "xxd" | "tr" | "wc");
        let holds = |part: &Part| matches!(part, Part::Known(known) if known.contains('\0'));
        (!lines || !text.parts().iter().any(holds)).then_some(text)
    };
    if LINES.contains(&base) {
        let text = input(&[])?;
        return Some(Text::known(line::filtered(base, words, text.exact()?)?));
    }
    let (flags, operands) = options(base, words)?;
    let flags = flags.as_slice();
    let transform: Transform<'_> = match (base, flags) {
        // What they pass on may be known in part.
        ("cat", [] | [("-u", _)]) => return input(&operands),
        ("tee", _) => return input(&[]),
        ("base64", [("-d" | "-D" | "--decode", _)]) => {
            Box::new(|text| String::from_utf8(decode::base64(text)?).ok())
        }
        ("base64", flags) if has(flags, "-d") && has(flags, "-i") => Box::new(|text| {
            let letters = text.chars();
            let letters = letters.filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c));
            String::from_utf8(decode::base64(&letters.collect::<String>())?).ok()
        }),
        ("base64", []) => Box::new(|text| Some(decode::to_base64(text.as_bytes(), 76))),
        ("base64", [("-w", "0")]) => Box::new(|text| Some(decode::to_base64(text.as_bytes(), 0))),
        (
            "xxd",
            [("-r", _), ("-p" | "-ps" | "-plain", _)]
            | [("-p" | "-ps" | "-plain", _), ("-r", _)]
            | [("-rp" | "-pr", _)],
        ) => Box::new(|text| String::from_utf8(decode::hex(text)?).ok()),
        ("xxd", [("-p", _)]) => Box::new(|text| Some(decode::to_hex(text.as_bytes()))),
        ("tr", flags) => {
            let text = input(&[])?;
            let translated = decode::translate(flags, &operands, text.exact()?)?;
            return Some(Text::known(translated));
        }
        ("rev", []) => Box::new(|text| {
            let reversed = text.split_inclusive('\n').map(|line| {
                let body = line.strip_suffix('\n').unwrap_or(line);
                let end = line.get(body.len()..).unwrap_or_default();
                body.chars().rev().collect::<String>() + end
            });
            Some(reversed.collect())
        }),
        // The last line may lack its end, and then runs into the next.
        ("tac", []) => Box::new(|text| {
            let whole = text.is_empty() || text.ends_with('\n');
            whole.then(|| text.split_inclusive('\n').rev().collect())
        }),
        ("head", flags) => take(flags, true)?,
        ("tail", flags) => take(flags, false)?,
        ("cut", flags) => cut(flags)?,
        ("wc", [(flag @ ("-l" | "-c" | "-w"), _)]) if operands.is_empty() => {
            let flag = *flag;
            Box::new(move |text| {
                let count = match flag {
                    "-l" => text.matches('\n').count(),
                    "-c" => text.len(),
                    _ => text.split_ascii_whitespace().count(),
                };
                Some(format!("{count}\n"))
            })
        }
        ("sort", flags) => {
            let reversed = has(flags, "-r");
            let once = has(flags, "-u");
            Box::new(move |text| sorted(text, reversed, once))
        }
        ("openssl", [("base64", _), rest @ ..]) => openssl(rest)?,
        ("uniq", []) if operands.is_empty() => Box::new(|text| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.dedup();
            Some(lines.iter().map(|line| format!("{line}\n")).collect())
        }),
        ("paste", [("-s", _), ("-d", separator)]) if separator.len() < 2 => {
            let separator = (*separator).to_owned();
            Box::new(move |text| Some(text.lines().collect::<Vec<_>>().join(&separator) + "\n"))
        }
        ("grep", flags) => {
            let (pattern, files) = operands.split_first()?;
            // Several files are named in what is printed.
            let text = input(files).filter(|_| files.len() < 2)?;
            return Some(Text::known(grep(flags, pattern, text.exact()?)?));
        }
        ("sed", flags) => {
            let (program, files) = operands.split_first()?;
            let text = input(files)?;
            return Some(Text::known(sed(flags, program, text.exact()?)?));
        }
        _ => return None,
    };
    let text = input(&operands)?;
    Some(Text::known(transform(text.exact()?)?))
}

fn has(flags: &[Flag<'_>], name: &str) -> bool {
    flags.iter().any(|(flag, _)| *flag == name)
}

/// The options, each with its value, and what is left; `None` for one that is not known.
fn options<'w>(base: &str, words: &[&'w str]) -> Option<(Vec<Flag<'w>>, Vec<&'w str>)> {
    let (single, valued) = match base {
        "cat" => ("u", ""),
        "tee" => ("ai", ""),
        "base64" => ("dDi", "w"),
        "xxd" => return Some(xxd_options(words)),
        "openssl" => return openssl_options(words),
        "sort" => ("ru", ""),
        "tr" => ("dcCs", ""),
        "rev" | "tac" => ("", ""),
        "head" | "tail" => ("q", "nc"),
        "cut" => ("s", "dfcb"),
        "wc" => ("lcw", ""),
        "uniq" => ("", ""),
        "paste" => ("s", "d"),
        "sed" => ("nEr", ""),
        "grep" => ("EFivoqc", ""),
        _ => return None,
    };
    let mut flags = Vec::new();
    let mut operands = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            operands.push(*word);
            continue;
        };
        if *word == "--" {
            operands.extend(rest);
            break;
        }
        if *word == "--decode" && base == "base64" {
            flags.push((*word, ""));
            continue;
        }
        // `head -5`
        if matches!(base, "head" | "tail") && letters.bytes().all(|byte| byte.is_ascii_digit()) {
            flags.push(("-n", letters));
            continue;
        }
        let mut at = 0;
        while let Some(letter) = letters.get(at..at + 1) {
            let flag = FLAGS.iter().find(|flag| flag.ends_with(letter))?;
            at += 1;
            if valued.contains(letter) {
                let value = match letters.get(at..).filter(|value| !value.is_empty()) {
                    Some(value) => value,
                    None => rest.next()?,
                };
                flags.push((*flag, value));
                break;
            }
            if !single.contains(letter) {
                return None;
            }
            flags.push((*flag, ""));
        }
    }
    Some((flags, operands))
}

/// Programs that are looked at with all of their arguments, and without files.
const LINES: &[&str] = &["awk", "gawk", "mawk", "fold", "base32", "dc"];

/// Every flag of one letter that is understood somewhere.
const FLAGS: &[&str] = &[
    "-u", "-a", "-i", "-d", "-D", "-w", "-c", "-C", "-s", "-q", "-n", "-f", "-b", "-l", "-E", "-r",
    "-F", "-v", "-o",
];

/// xxd's letters are not taken apart.
fn xxd_options<'w>(words: &[&'w str]) -> (Vec<Flag<'w>>, Vec<&'w str>) {
    let (flags, operands): (Vec<&str>, Vec<&str>) = words
        .iter()
        .partition(|word| word.len() > 1 && word.starts_with('-'));
    (flags.into_iter().map(|flag| (flag, "")).collect(), operands)
}

/// `openssl base64 -d -A` and `openssl enc -d -base64 -A`, which are one: no file is named.
fn openssl_options<'w>(words: &[&'w str]) -> Option<(Vec<Flag<'w>>, Vec<&'w str>)> {
    let flags = match words {
        ["base64", flags @ ..] => flags,
        ["enc", flags @ ..] if flags.iter().any(|flag| matches!(*flag, "-base64" | "-a")) => flags,
        _ => return None,
    };
    let flags = flags
        .iter()
        .filter(|flag| !matches!(**flag, "-base64" | "-a"));
    let flags = std::iter::once("base64").chain(flags.copied());
    Some((flags.map(|flag| (flag, "")).collect(), Vec::new()))
}

fn openssl(flags: &[Flag<'_>]) -> Option<Transform<'static>> {
    let one_line = match flags {
        [("-d", _)] => false,
        [("-d", _), ("-A", _)] | [("-A", _), ("-d", _)] => true,
        _ => return None,
    };
    Some(Box::new(move |text| {
        // Without `-A`, it reads lines as it would write them.
        let fits = one_line || text.ends_with('\n') && text.lines().all(|line| line.len() <= 64);
        String::from_utf8(decode::base64(text).filter(|_| fits)?).ok()
    }))
}

/// Sorted lines, where every order that a locale may have is the same.
fn sorted(text: &str, reversed: bool, once: bool) -> Option<String> {
    let letters = |line: &str| -> String {
        let letters = line.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    };
    // Signs come before digits, and those before letters; among signs the order differs.
    let ranks = |line: &str| -> Vec<char> {
        let rank = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        };
        line.chars().map(rank).collect()
    };
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    if once {
        lines.dedup();
    }
    let certain = text.is_ascii()
        && lines.iter().zip(lines.iter().skip(1)).all(|(one, next)| {
            one == next || (letters(one) < letters(next) && ranks(one) < ranks(next))
        });
    if reversed {
        lines.reverse();
    }
    certain.then(|| lines.iter().map(|line| format!("{line}\n")).collect())
}

fn input(
    files: &[&str],
    stdin: &Stdin,
    directory: &Directory,
    world: &Overlay<'_>,
) -> Option<Text> {
    if !files.is_empty() && files != ["-"] {
        let mut text = String::new();
        for file in files {
            text.push_str(&world.text(&directory.join(file)?)?);
        }
        return Some(Text::known(text));
    }
    match stdin {
        Stdin::Text(text) => Some(text.clone()),
        Stdin::File(path) => world.text(path).map(Text::known),
        Stdin::Empty => Some(Text::empty()),
        Stdin::Inherited | Stdin::Unknown(_) => None,
    }
}

/// What `head` (`first`) or `tail` leaves: lines, or bytes.
fn take(flags: &[Flag<'_>], first: bool) -> Option<Transform<'static>> {
    let (bytes, count) = match flags {
        [] => (false, "10"),
        [("-n", count)] => (false, *count),
        [("-c", count)] => (true, *count),
        _ => return None,
    };
    // `head -n -2`: all but the last two; `tail -n +2`: from the second on.
    let (rest, digits) = match count.strip_prefix(if first { '-' } else { '+' }) {
        Some(digits) => (true, digits),
        None => (false, count),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: usize = digits.parse().ok()?;
    Some(Box::new(move |text| {
        let pieces: Vec<&str> = if bytes {
            text.split_inclusive(|_| true).collect()
        } else {
            text.split_inclusive('\n').collect()
        };
        if bytes && !text.is_ascii() {
            return None;
        }
        let split = match (first, rest) {
            (true, false) => count,
            (true, true) | (false, false) => pieces.len().saturating_sub(count),
            (false, true) => count.saturating_sub(1),
        };
        let (head, tail) = pieces.split_at(split.min(pieces.len()));
        Some(if first { head } else { tail }.concat())
    }))
}

fn cut(flags: &[Flag<'_>]) -> Option<Transform<'static>> {
    let mut separator = "\t".to_owned();
    let mut fields = None;
    let mut bytes = None;
    let mut only = false;
    for (flag, value) in flags {
        match *flag {
            "-d" if value.len() == 1 => separator = (*value).to_owned(),
            "-f" => fields = Some(ranges(value)?),
            "-c" | "-b" => bytes = Some(ranges(value)?),
            "-s" => only = true,
            _ => return None,
        }
    }
    let chosen = |ranges: &[(usize, usize)], index: usize| {
        let place = index + 1;
        ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&place))
    };
    match (fields, bytes) {
        (Some(ranges), None) => Some(Box::new(move |text| {
            let mut printed = String::new();
            for line in text.lines() {
                if !line.contains(&separator) {
                    if !only {
                        printed.push_str(line);
                        printed.push('\n');
                    }
                    continue;
                }
                let kept: Vec<&str> = line
                    .split(&separator)
                    .enumerate()
                    .filter(|(index, _)| chosen(&ranges, *index))
                    .map(|(_, field)| field)
                    .collect();
                printed.push_str(&kept.join(&separator));
                printed.push('\n');
            }
            Some(printed)
        })),
        (None, Some(ranges)) => Some(Box::new(move |text| {
            if !text.is_ascii() {
                return None;
            }
            let cut = text.lines().map(|line| {
                let kept = line.chars().enumerate();
                let kept = kept.filter(|(index, _)| chosen(&ranges, *index));
                kept.map(|(_, character)| character)
                    .chain(['\n'])
                    .collect::<String>()
            });
            Some(cut.collect())
        })),
        _ => None,
    }
}

/// `1,3-5,7-`
fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    text.split(',')
        .map(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let from = if from.is_empty() {
                1
            } else {
                from.parse().ok()?
            };
            let to = if to.is_empty() {
                usize::MAX
            } else {
                to.parse().ok()?
            };
            (from > 0 && from <= to && range != "-").then_some((from, to))
        })
        .collect()
}

/// One command of sed: `s`, `y`, or a line by its number.
fn sed(flags: &[Flag<'_>], program: &str, text: &str) -> Option<String> {
    let quiet = flags.iter().any(|(flag, _)| *flag == "-n");
    if let Some(rest) = program.strip_prefix('s').filter(|_| !quiet) {
        let extended = flags.iter().any(|(flag, _)| matches!(*flag, "-E" | "-r"));
        let syntax = if extended {
            Syntax::Extended
        } else {
            Syntax::Basic
        };
        return substitute(rest, syntax, text);
    }
    if let Some(rest) = program.strip_prefix("y/") {
        let mut parts = rest.split('/');
        let (from, to) = (parts.next()?, parts.next()?);
        let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
        if from.len() != to.len() || from.contains(&'\\') || to.contains(&'\\') || quiet {
            return None;
        }
        let change = |c: char| match from.iter().position(|found| *found == c) {
            Some(index) => to.get(index).copied().unwrap_or(c),
            None => c,
        };
        return (parts.next() == Some("") && parts.next().is_none())
            .then(|| text.chars().map(change).collect());
    }
    let command = program.chars().last()?;
    let line: usize = program
        .strip_suffix(command)?
        .parse()
        .ok()
        .filter(|line| *line > 0)?;
    let lines = text.split_inclusive('\n').enumerate();
    Some(match (command, quiet) {
        ('p', true) => lines
            .filter(|(index, _)| index + 1 == line)
            .map(|(_, line)| line)
            .collect(),
        ('d', false) => lines
            .filter(|(index, _)| index + 1 != line)
            .map(|(_, line)| line)
            .collect(),
        ('q', false) => lines.take(line).map(|(_, line)| line).collect(),
        _ => return None,
    })
}

/// What stands behind the `s` of sed: `/from/to/flags`.
fn substitute(command: &str, syntax: Syntax, text: &str) -> Option<String> {
    let separator = command
        .chars()
        .next()
        .filter(|c| c.is_ascii_punctuation() && *c != '\\')?;
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut characters = command.chars().skip(1);
    while let Some(character) = characters.next() {
        if character == separator {
            parts.push(std::mem::take(&mut part));
        } else {
            match (character, characters.clone().next()) {
                // The separator itself; it may be special elsewhere.
                ('\\', Some(escaped)) if escaped == separator => {
                    if !"/,:;@%#!~=_\"'<>".contains(separator) {
                        return None;
                    }
                }
                ('\\', _) => {
                    part.push(character);
                }
                _ => {
                    part.push(character);
                    continue;
                }
            }
            part.push(characters.next()?);
        }
    }
    parts.push(part);
    let [pattern, replacement, options] = parts.as_slice() else {
        return None;
    };
    let all = match options.as_str() {
        "" => false,
        "g" => true,
        _ => return None,
    };
    // An empty pattern is the last one.
    if pattern.is_empty() {
        return None;
    }
    let regex = Regex::new(pattern, syntax, false)?;
    let mut printed = String::new();
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let subject = regex.subject(body)?;
        let mut at = 0;
        while let Some(found) = regex.find(&subject, at)? {
            // Matches of nothing stand between characters, each sed has its own idea which.
            if found.whole.is_empty() && all {
                return None;
            }
            printed.push_str(body.get(at..found.whole.start)?);
            replace(replacement, &found, body, &mut printed)?;
            at = found.whole.end;
            if !all {
                break;
            }
        }
        printed.push_str(line.get(at..)?);
    }
    Some(printed)
}

/// Adds what stands for a match: `&` is the match, `\1` its first group.
fn replace(replacement: &str, found: &Match, line: &str, printed: &mut String) -> Option<()> {
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        match character {
            '&' => printed.push_str(line.get(found.whole.clone())?),
            '\\' => match characters.next()? {
                'n' => printed.push('\n'),
                't' => printed.push('\t'),
                digit @ '1'..='9' => {
                    let index = usize::try_from(digit.to_digit(10)?).ok()?.checked_sub(1)?;
                    if let Some(range) = found.groups.as_ref()?.get(index)? {
                        printed.push_str(line.get(range.clone())?);
                    }
                }
                letter if letter.is_ascii_alphanumeric() => return None,
                other => printed.push(other),
            },
            other => printed.push(other),
        }
    }
    Some(())
}

/// `grep PATTERN`: the lines that match.
fn grep(flags: &[Flag<'_>], pattern: &str, text: &str) -> Option<String> {
    let has = |flag: &str| flags.iter().any(|(known, _)| *known == flag);
    if has("-q") {
        return Some(String::new());
    }
    let syntax = match has("-E") {
        true => Syntax::Extended,
        false => Syntax::Basic,
    };
    let fixed = has("-F");
    let regex = match fixed {
        true => None,
        false => Some(Regex::new(pattern, syntax, has("-i"))?),
    };
    if fixed && has("-i") {
        return None;
    }
    let (mut printed, mut count) = (String::new(), 0);
    for line in text.lines() {
        let subject = match &regex {
            Some(regex) => Some(regex.subject(line)?),
            None => None,
        };
        let mut at = 0;
        let mut hit = false;
        loop {
            let found = match (&regex, &subject) {
                (Some(regex), Some(subject)) => regex.find(subject, at)?.map(|found| found.whole),
                _ => line.get(at..)?.find(pattern).map(|start| {
                    let start = at + start;
                    start..start + pattern.len()
                }),
            };
            let Some(found) = found else { break };
            hit = true;
            if !has("-o") {
                break;
            }
            // One of nothing at the end is no match that is printed; elsewhere each grep has its own
            // idea.
            if found.is_empty() && found.end == line.len() {
                break;
            }
            if found.is_empty() {
                return None;
            }
            printed.push_str(line.get(found.clone())?);
            printed.push('\n');
            at = found.end;
        }
        if hit != has("-v") {
            count += 1;
            if !has("-o") {
                printed.push_str(line);
                printed.push('\n');
            }
        }
    }
    if has("-c") {
        return Some(format!("{count}\n"));
    }
    (!(has("-o") && has("-v"))).then_some(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::System;

    /// What the programs themselves printed.
    #[test]
    fn input_is_turned_as_the_programs_do() {
        let system = System::with_environment("/".into(), []);
        let world = Overlay::new(&system);
        for (command, input, printed) in [
            ("head -n 1", "a\nb\n", "a\n"),
            ("head -1", "a", "a"),
            ("head -n -1", "a\nb\nc\n", "a\nb\n"),
            ("head -c 2", "abc", "ab"),
            ("tail -n +2", "a\nb\nc\n", "b\nc\n"),
            ("tail -1", "a\nb\n", "b\n"),
            ("tail -c2", "abc", "bc"),
            ("cut -d: -f2", "a:b:c\nx\n", "b\nx\n"),
            ("cut -d : -f 2- -s", "a:b:c\nx\n", "b:c\n"),
            ("cut -c1-2,4", "abcd\n", "abd\n"),
            ("rev", "ab\ncd", "ba\ndc"),
            ("tac", "a\nb\n", "b\na\n"),
            ("sed s/a/b/", "aa\naa\n", "ba\nba\n"),
            ("sed s,a,x,g", "aa", "xx"),
            ("sed s/a.b/c/", "axb\n", "c\n"),
            (r"sed s/\(a\)\(b*\)/\2&/g", "abba", "bbabba"),
            ("sed -E s/[aeiou]+/-/g", "boat\n", "b-t\n"),
            ("grep -v a", "a\nb\n", "b\n"),
            ("grep -c -i B", "a\nb\n", "1\n"),
            ("grep -o [a-z]*b", "1ab cb\n", "ab\ncb\n"),
            ("sed -n 2p", "a\nb\n", "b\n"),
            ("sed 1d", "a\nb\n", "b\n"),
            ("sed y/ab/xy/", "abc\n", "xyc\n"),
            ("wc -l", "a\nb", "1\n"),
            ("wc -c", "é", "2\n"),
            ("paste -sd,", "a\nb\n", "a,b\n"),
            ("uniq", "a\na\nb\n", "a\nb\n"),
            ("base64", "rm", "cm0=\n"),
            ("base64 -d", "cm0=\n", "rm"),
            ("xxd -p", "rm", "726d\n"),
            ("xxd -r -p", "726d\n", "rm"),
            ("tr a-z A-Z", "abc", "ABC"),
            ("tr -d [:space:]", "a b\n", "ab"),
            ("tr -s ab", "aabbcc", "abcc"),
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let (base, words) = words.split_first().unwrap_or((&"", &[]));
            let stdin = Stdin::Text(Text::known(input));
            let directory = Directory::Known("/".into());
            let found = output(base, words, &stdin, &directory, &world).unwrap_or_default();
            assert_eq!(found.exact(), Some(printed), "{command}");
        }
        for command in [
            "head -n x",
            r"sed s/\(a\)\1/c/",
            "grep [",
            "sed -i s/a/b/",
            "cut -f1 -x",
            "tail -f",
            "base64 -w",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let (base, words) = words.split_first().unwrap_or((&"", &[]));
            let stdin = Stdin::Text(Text::known("a\n"));
            let directory = Directory::Known("/".into());
            let found = output(base, words, &stdin, &directory, &world);
            assert_eq!(found, None, "{command}");
        }
    }
}
