//! The syntax of curl's configuration files.

use super::curl::{Item, URL};
use crate::location::Location;

/// The short options that decide what is sent, or whose value must not be taken for one.
const SHORT: &[(char, &str)] = &[
    ('d', "data"),
    ('X', "request"),
    ('H', "header"),
    ('F', "form"),
    ('T', "upload-file"),
    ('G', "get"),
    ('I', "head"),
    ('K', "config"),
    ('g', "globoff"),
    ('x', "proxy"),
    ('u', "user"),
    ('o', "output"),
    (':', "next"),
];

/// The options of a configuration file, all at the place that names it.
pub(super) fn items(text: &str, location: &Location) -> Vec<Item> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with('#') {
                return None;
            }
            let end = line
                .find(|c: char| c.is_whitespace() || c == '=' || c == ':')
                .filter(|at| *at > 0)
                .unwrap_or(line.len());
            let (name, rest) = line.split_at(end);
            let (name, attached) = option_name(name);
            let value =
                rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=' || c == ':');
            let value = if attached.is_empty() {
                unquote(value)
            } else {
                attached
            };
            let (name, negated) = match name.strip_prefix("no-") {
                Some(plain) if matches!(plain, "get" | "head" | "globoff") => (plain, true),
                _ => (name.as_str(), false),
            };
            let name = match name {
                "url" => URL.to_owned(),
                "data-ascii" => "--data".to_owned(),
                name => format!("--{name}"),
            };
            Some(Item {
                name,
                negated,
                value,
                location: location.clone(),
            })
        })
        .collect()
}

/// The long name of an option, and the value that is attached to a short one.
fn option_name(word: &str) -> (String, String) {
    if let Some(long) = word.strip_prefix("--") {
        return (long.to_owned(), String::new());
    }
    let Some(short) = word.strip_prefix('-') else {
        return (word.to_owned(), String::new());
    };
    let mut chars = short.chars();
    let letter = chars.next();
    let known = SHORT.iter().find(|(known, _)| Some(*known) == letter);
    match known {
        Some((_, name)) => ((*name).to_owned(), chars.as_str().to_owned()),
        None => (short.to_owned(), String::new()),
    }
}

/// A value ends at white space unless it is quoted; then `\"`, `\\`, `\t`, `\n`, `\r`, `\v` count.
fn unquote(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        return value.get(..end).unwrap_or(value).to_owned();
    };
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('t') => text.push('\t'),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('v') => text.push('\u{b}'),
                Some(other) => text.push(other),
                None => {}
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_every_spelling() {
        let text = "# comment\nurl = \"http://h/a\"\n data=x\\y\n-H \"A: \\\"b\\\"\"\n-XPOST\n\
                    --json: {\"a\":1}\nnext\nno-get\nsilent\n";
        let items: Vec<(String, String)> = items(text, &Location::default())
            .into_iter()
            .map(|item| (item.name, item.value))
            .collect();
        let expected = [
            ("--url", "http://h/a"),
            ("--data", "x\\y"),
            ("--header", "A: \"b\""),
            ("--request", "POST"),
            ("--json", "{\"a\":1}"),
            ("--next", ""),
            ("--get", ""),
            ("--silent", ""),
        ];
        let expected: Vec<(String, String)> = expected
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(items, expected);
    }
}
