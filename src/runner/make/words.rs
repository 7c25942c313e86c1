//! Lists of words and patterns with `%`, over texts that may be known only in part.

use crate::resolve::{Part, Text};

/// The words of a text. One with an unknown part may be several, or none.
pub(super) fn words(text: &Text) -> Vec<Text> {
    let mut found = Vec::new();
    let mut word = Text::empty();
    for part in text.parts() {
        match part {
            Part::Known(known) => {
                let mut rest = known.as_str();
                while let Some(at) = rest.find(|c: char| c.is_ascii_whitespace()) {
                    word.push_known(rest.get(..at).unwrap_or_default());
                    if !word.is_empty() {
                        found.push(std::mem::take(&mut word));
                    }
                    rest = rest.get(at + 1..).unwrap_or_default();
                }
                word.push_known(rest);
            }
            other => word.push(other.clone()),
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

pub(super) fn join(words: impl IntoIterator<Item = Text>) -> Text {
    let mut text = Text::empty();
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            text.push_known(" ");
        }
        text.append(word);
    }
    text
}

/// A text without blanks at its ends.
pub(super) fn trimmed(text: Text) -> Text {
    let count = text.parts().len();
    let mut trimmed = Text::empty();
    for (index, part) in text.parts().iter().enumerate() {
        match part {
            Part::Known(known) => {
                let mut known = known.as_str();
                if index == 0 {
                    known = known.trim_start();
                }
                if index + 1 == count {
                    known = known.trim_end();
                }
                trimmed.push_known(known);
            }
            other => trimmed.push(other.clone()),
        }
    }
    trimmed
}

/// Each known word as `each` makes it; others stay.
pub(super) fn map(text: &Text, mut each: impl FnMut(&str) -> Option<String>) -> Text {
    join(
        words(text)
            .into_iter()
            .filter_map(|word| match word.exact().map(str::to_owned) {
                Some(known) => each(&known).map(Text::known),
                None => Some(word),
            }),
    )
}

/// What `%` stands for, if the word fits the pattern.
pub(super) fn stem<'w>(pattern: &str, word: &'w str) -> Option<&'w str> {
    match pattern.split_once('%') {
        Some((before, after)) => {
            let rest = word.strip_prefix(before)?;
            rest.strip_suffix(after)
        }
        None => (pattern == word).then_some(""),
    }
}

/// The pattern with the stem in place of its first `%`.
pub(super) fn fill(pattern: &str, stem: &str) -> String {
    pattern.replacen('%', stem, 1)
}

/// `$(patsubst pattern,replacement,word)`.
pub(super) fn substituted(pattern: &str, replacement: &str, word: &str) -> String {
    match stem(pattern, word) {
        Some(stem) if pattern.contains('%') => fill(replacement, stem),
        Some(_) => replacement.to_owned(),
        None => word.to_owned(),
    }
}

/// The directory of a name with its slash: `./` if it has none.
pub(super) fn directory(name: &str) -> String {
    match name.rfind('/') {
        Some(at) => name.get(..=at).unwrap_or_default().to_owned(),
        None => "./".to_owned(),
    }
}

pub(super) fn file(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// `.c` of `src/a.c`.
pub(super) fn suffix(name: &str) -> Option<&str> {
    let file = file(name);
    file.rfind('.').and_then(|at| file.get(at..))
}

/// A path without `.`, `..` and doubled slashes, by its text alone.
pub(super) fn absolute(directory: &str, name: &str) -> String {
    let joined = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    };
    let mut kept: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_an_unknown_part_stays_one() {
        let mut text = Text::known(" a  b");
        text.push(Part::Unknown("$(x)".to_owned()));
        text.push_known(".o c ");
        let found = words(&text);
        let shown: Vec<_> = found.iter().map(|word| word.display()).collect();
        assert_eq!(shown, ["a", "b$(x).o", "c"]);
    }

    #[test]
    fn patterns_and_paths() {
        assert_eq!(substituted("%.c", "%.o", "src/a.c"), "src/a.o");
        assert_eq!(substituted("a", "b", "a"), "b");
        assert_eq!(substituted("%.c", "x", "a.c"), "x");
        assert_eq!(absolute("/w", "a/../b//./c"), "/w/b/c");
        assert_eq!((directory("a"), file("d/a")), ("./".to_owned(), "a"));
        assert_eq!(suffix("src.d/foo"), None);
    }
}
