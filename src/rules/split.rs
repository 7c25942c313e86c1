//! How `env -S` takes one text apart: quotes, escapes and variables of its own.

use crate::resolve::Text;

/// The words of the text; `None` where env would not run it.
pub(super) fn split(text: &str, variable: impl Fn(&str) -> Text) -> Option<Vec<Text>> {
    let mut words = Vec::new();
    let mut word: Option<Text> = None;
    let mut quote = None;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..)?;
        match letter {
            '\'' | '"' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            letter if quote == Some(letter) => quote = None,
            letter if quote.is_none() && letter.is_ascii_whitespace() => words.extend(word.take()),
            '#' if quote.is_none() && word.is_none() => break,
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = rest.get(escaped.len_utf8()..)?;
                let read = match (quote, escaped) {
                    (Some('\''), '\\' | '\'') => escaped,
                    (Some('\''), other) => {
                        word.get_or_insert_default().push_known("\\");
                        other
                    }
                    (None, '_') => {
                        words.extend(word.take());
                        continue;
                    }
                    (Some(_), '_') => ' ',
                    (None, 'c') => break,
                    (_, 'f') => '\x0c',
                    (_, 'n') => '\n',
                    (_, 'r') => '\r',
                    (_, 't') => '\t',
                    (_, 'v') => '\x0b',
                    (_, '#' | '$' | '\\' | '"' | '\'') => escaped,
                    _ => return None,
                };
                let word = word.get_or_insert_default();
                word.push_known(read.encode_utf8(&mut [0; 4]));
            }
            '$' if quote != Some('\'') => {
                let (name, after) = rest.strip_prefix('{')?.split_once('}')?;
                word.get_or_insert_default().append(variable(name));
                rest = after;
            }
            other => {
                let word = word.get_or_insert_default();
                word.push_known(other.encode_utf8(&mut [0; 4]));
            }
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `env -S` itself made of them.
    #[test]
    fn a_text_is_taken_apart_as_env_does() {
        for (text, words) in [
            ("bash -c 'rm x'", Some(vec!["bash", "-c", "rm x"])),
            (r"a 'b\'c\\d\n'", Some(vec!["a", r"b'c\d\n"])),
            (r#"x\_y "q\_r" a\tb"#, Some(vec!["x", "y", "q r", "a\tb"])),
            ("a${V}b '${V}' #c", Some(vec!["avb", "${V}"])),
            ("a '' b#c", Some(vec!["a", "", "b#c"])),
            (r"a\ b", None),
            ("a 'b", None),
            ("a $V", None),
        ] {
            let found = split(text, |_| Text::known("v"));
            let found = found.map(|words| {
                let words = words
                    .iter()
                    .map(|word| word.exact().unwrap_or("?").to_owned());
                words.collect::<Vec<_>>()
            });
            let words = words.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(found, words, "{text}");
        }
    }
}
