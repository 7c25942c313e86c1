//! Words that a command takes from its standard input (`xargs`).
//!
//! Owns their reading: blanks and quotes, lines, NULs, and the mark that a line replaces.

use crate::call::Call;
use crate::location::Location;
use crate::resolve::{Argument, Part, Stdin, Text};
use crate::world::World;

/// More items than this are treated as not known: each would be judged by itself.
const ITEMS: usize = 256;

/// The items of the input as the commands get them, if every one of them is known.
pub(super) fn groups(call: &Call<'_>, stdin: &Stdin, by_line: bool) -> Option<Vec<Vec<String>>> {
    let text = text(call, stdin)?;
    if let Some(lines) = given(call, &["-L", "-l", "--max-lines"]) {
        return by_lines(&text, lines?);
    }
    let items = items(call, &text, by_line)?;
    let most = match given(call, &["--max-args"]) {
        _ if by_line => 1,
        Some(most) => most?,
        None => items.len(),
    };
    if items.is_empty() {
        return Some(vec![items]);
    }
    Some(items.chunks(most).map(<[_]>::to_vec).collect())
}

/// The number that the last of these options is given; the inner `None` if it is not known.
fn given(call: &Call<'_>, names: &[&str]) -> Option<Option<usize>> {
    let mut options = call.args.options.iter().rev();
    let given = options.find(|option| names.contains(&option.name.as_str()))?;
    Some(match given.values.first() {
        Some(value) => value
            .value
            .exact()
            .and_then(|text| text.parse().ok())
            .filter(|number| *number > 0),
        None => Some(1),
    })
}

/// The words of so many lines each. A blank at the end of a line joins it to the next one: that
/// is not followed.
fn by_lines(text: &str, count: usize) -> Option<Vec<Vec<String>>> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() > ITEMS || lines.iter().any(|line| line.ends_with([' ', '\t'])) {
        return None;
    }
    lines
        .chunks(count)
        .map(|lines| quoted_words(&lines.join("\n")))
        .collect()
}

fn items(call: &Call<'_>, text: &str, by_line: bool) -> Option<Vec<String>> {
    let items = if call.args.flag("--null") {
        split(text, '\0')
    } else if let Some(delimiter) = call.args.option("--delimiter") {
        split(text, delimiter_of(delimiter.value.exact()?)?)
    } else if by_line {
        text.lines()
            .map(|line| line.trim_start().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    } else {
        quoted_words(text)?
    };
    Some(items).filter(|items| items.len() <= ITEMS)
}

fn text(call: &Call<'_>, stdin: &Stdin) -> Option<String> {
    let world: &dyn World = call.world;
    if let Some(file) = call.args.option("--arg-file") {
        let path = call.command.directory.join(file.value.exact()?)?;
        return world.read(&path).ok();
    }
    match stdin {
        Stdin::Empty => Some(String::new()),
        Stdin::Text(text) => text.exact().map(str::to_owned),
        Stdin::File(path) if call.command.elsewhere.is_none() => world.read(path).ok(),
        Stdin::File(_) | Stdin::Inherited | Stdin::Unknown(_) => None,
    }
}

fn delimiter_of(text: &str) -> Option<char> {
    match text {
        "\\n" => Some('\n'),
        "\\0" => Some('\0'),
        "\\t" => Some('\t'),
        _ => {
            let mut letters = text.chars();
            letters.next().filter(|_| letters.next().is_none())
        }
    }
}

fn split(text: &str, delimiter: char) -> Vec<String> {
    text.split_terminator(delimiter)
        .map(str::to_owned)
        .collect()
}

/// As xargs reads by default: blanks separate, quotes and a backslash hold together.
fn quoted_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let held = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some(end) if end == letter => break,
                        Some(inner) => held.push(inner),
                        None => return None,
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            blank if blank.is_ascii_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// The argvs that the items give; one with a hole when they are not known.
pub(super) fn filled(
    words: &[Argument],
    mark: Option<&str>,
    groups: Option<Vec<Vec<String>>>,
    hole: &str,
    place: &Location,
) -> Vec<Vec<Argument>> {
    match (mark, groups) {
        (None, Some(groups)) => groups
            .into_iter()
            .map(|items| {
                let added = items
                    .into_iter()
                    .map(|item| Argument::known(item, place.clone()));
                words.iter().cloned().chain(added).collect()
            })
            .collect(),
        (None, None) => {
            let hole = Argument {
                value: Text::unknown(hole),
                verbatim: None,
                splits: true,
                location: place.clone(),
            };
            vec![words.iter().cloned().chain([hole]).collect()]
        }
        (Some(mark), Some(groups)) => groups
            .into_iter()
            .flatten()
            .map(|item| with(words, mark, &Part::Known(item)))
            .collect(),
        (Some(mark), None) => vec![with(words, mark, &Part::Unknown(mark.to_owned()))],
    }
}

fn with(words: &[Argument], mark: &str, item: &Part) -> Vec<Argument> {
    words
        .iter()
        .map(|word| Argument {
            value: replaced(&word.value, mark, item),
            verbatim: None,
            ..word.clone()
        })
        .collect()
}

/// The text with each mark in its known parts replaced.
pub(crate) fn replaced(text: &Text, mark: &str, by: &Part) -> Text {
    let mut filled = Text::empty();
    for part in text.parts() {
        match part {
            Part::Known(known) if !mark.is_empty() => {
                for (index, piece) in known.split(mark).enumerate() {
                    if index > 0 {
                        filled.push(by.clone());
                    }
                    filled.push_known(piece);
                }
            }
            other => filled.push(other.clone()),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_xargs_reads_them() {
        for (text, words) in [
            ("a b\nc\n", Some(vec!["a", "b", "c"])),
            ("'a b' \"c d\" e\\ f", Some(vec!["a b", "c d", "e f"])),
            ("", Some(vec![])),
            ("''", Some(vec![""])),
            ("don't", None),
        ] {
            let words = words.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(quoted_words(text), words, "{text}");
        }
    }

    #[test]
    fn a_mark_is_replaced_wherever_it_stands() {
        let text = replaced(
            &Text::known("mv {} {}.bak"),
            "{}",
            &Part::Known("x".to_owned()),
        );
        assert_eq!(text.exact(), Some("mv x x.bak"));
    }
}
