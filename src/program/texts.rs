//! What every language does with texts, lists and paths, without effects.

use super::Evaluator;
use super::value::Value;
use crate::location::Span;
use crate::resolve::{Part, Text};

impl Evaluator<'_> {
    /// Computes on each text that the value may be, as far as it is known.
    pub(crate) fn lift(
        &mut self,
        value: &Value,
        span: Span,
        compute: impl Fn(&str) -> Option<Value>,
    ) -> Value {
        let unknown = self.unknown(span);
        self.texts(value)
            .iter()
            .map(|text| {
                text.exact()
                    .and_then(&compute)
                    .unwrap_or_else(|| unknown.clone())
            })
            .reduce(Value::or)
            .unwrap_or(unknown)
    }

    /// Joins each path with each of these.
    pub(crate) fn join_paths(&mut self, parts: &[Value]) -> Value {
        let mut found = vec![Text::empty()];
        for part in parts {
            let texts = self.texts(part);
            found = found
                .iter()
                .flat_map(|known| texts.iter().map(|text| join_path(known, text)))
                .take(16)
                .collect();
        }
        found
            .into_iter()
            .map(Value::Text)
            .reduce(Value::or)
            .unwrap_or(Value::Null)
    }

    /// The text of a file, if it is known.
    pub(crate) fn file_text(&self, path: &Value) -> Option<String> {
        let path = self.to_text(path);
        let path = self.directory().join(path.exact()?)?;
        self.call.world.read(&path).ok()
    }

    /// A variable as the program finds it.
    pub(crate) fn variable(&self, name: &str) -> Option<Value> {
        let changed = self.pairs(&Value::Map(self.environment));
        let changed = changed.and_then(|(pairs, _)| pairs.into_iter().find(|(key, _)| key == name));
        if let Some((_, value)) = changed {
            return Some(value);
        }
        let found = self.call.command.variable(self.call.world, name)?;
        Some(Value::Text(found))
    }

    /// What standard input holds, read to its end.
    pub(crate) fn standard_input(&self) -> Value {
        match &self.call.command.stdin {
            crate::resolve::Stdin::Text(text) if !self.reads_stdin => Value::Text(text.clone()),
            crate::resolve::Stdin::File(path) => match self.call.world.read(path) {
                Ok(text) => Value::text(text),
                Err(_) => Value::unknown("standard input"),
            },
            crate::resolve::Stdin::Empty => Value::text(""),
            _ => Value::unknown("standard input"),
        }
    }

    /// A list of texts.
    pub(crate) fn text_list<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Value {
        let items = texts.into_iter().map(Value::text).collect();
        self.list(items, false)
    }

    /// A value out of JSON text.
    pub(crate) fn json_value(&mut self, json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Boolean(*truth),
            serde_json::Value::Number(number) => match number.as_f64() {
                Some(number) => Value::Number(number),
                None => Value::unknown(number.to_string()),
            },
            serde_json::Value::String(text) => Value::Text(self.holes.restore(text)),
            serde_json::Value::Array(items) => {
                let items = items.iter().map(|item| self.json_value(item)).collect();
                self.list(items, false)
            }
            serde_json::Value::Object(pairs) => {
                let pairs = pairs.iter();
                let pairs = pairs.map(|(key, value)| (key.clone(), self.json_value(value)));
                let pairs = pairs.collect();
                self.map(pairs, false)
            }
        }
    }
}

/// One path below another, as `os.path.join` does; an absolute one stands alone.
pub(crate) fn join_path(base: &Text, part: &Text) -> Text {
    if base.is_empty() || part.known_prefix().starts_with('/') {
        return part.clone();
    }
    if part.is_empty() {
        return base.clone();
    }
    let mut joined = base.clone();
    let ends = matches!(base.parts().last(), Some(Part::Known(text)) if text.ends_with('/'));
    if !ends {
        joined.push_known("/");
    }
    joined.append(part.clone());
    joined
}

/// `.` and `..` taken out of a path.
pub(crate) fn normal_path(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    match (absolute, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}

/// The directory of a path and its last component.
pub(crate) fn split_path(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
        None => ("", trimmed),
    }
}

/// A path with a pattern in it, as the paths that it fits.
pub(crate) fn pattern(text: &str) -> Text {
    let mut found = Text::empty();
    for (index, part) in text.split('/').enumerate() {
        if index > 0 {
            found.push_known("/");
        }
        if part.contains(['*', '?', '[']) {
            found.push(Part::Glob(part.to_owned()));
        } else {
            found.push_known(part);
        }
    }
    found
}

/// Everything in a directory, or at any depth below it.
pub(crate) fn everything(deep: bool) -> Text {
    let mut text = Text::empty();
    text.push(Part::Glob(if deep { "**/*" } else { "*" }.to_owned()));
    text
}

/// Bytes as a text, if they are one.
pub(crate) fn decoded(bytes: Option<Vec<u8>>) -> Option<Value> {
    String::from_utf8(bytes?).ok().map(Value::text)
}

pub(crate) fn rot13(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='m' | 'A'..='M' => char::from_u32(u32::from(letter) + 13).unwrap_or(letter),
            'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(letter) - 13).unwrap_or(letter),
            other => other,
        })
        .collect()
}

/// The letter of a code.
pub(crate) fn letter(code: f64) -> Option<char> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a small whole number"
    )]
    let code =
        (code.fract() == 0.0 && (0.0..1_114_112.0).contains(&code)).then_some(code as u32)?;
    char::from_u32(code)
}

/// A number as Perl and Ruby write it.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|letter| *letter != '_').collect();
    let radix = |from: usize, radix: u32| i64::from_str_radix(plain.get(from..)?, radix).ok();
    let whole = match plain.get(..2) {
        Some("0x" | "0X") => radix(2, 16),
        Some("0b" | "0B") => radix(2, 2),
        Some("0o" | "0O") => radix(2, 8),
        _ if plain.len() > 1 && plain.starts_with('0') && !plain.contains('.') => radix(1, 8),
        _ => return plain.trim_end_matches('.').parse().ok(),
    };
    #[allow(clippy::cast_precision_loss, reason = "numbers of programs are small")]
    whole.map(|whole| whole as f64)
}

/// In single quotes a backslash escapes itself and the quote.
pub(super) fn unquoted(source: &str) -> String {
    let mut text = String::new();
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\\'
            && let Some(next) = letters.next_if(|next| matches!(next, '\\' | '\''))
        {
            text.push(next);
        } else {
            text.push(letter);
        }
    }
    text
}
