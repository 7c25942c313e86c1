//! psql's own variables, and how a text refers to them.

use std::collections::BTreeMap;

/// What is known of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Known(String),
    /// Set by something that only runs later (`\gset`, a backtick).
    Unknown,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, Value>,
    /// After `\gset` any name may have been set.
    any: bool,
}

/// A reference in a text: `:name`, `:'name'`, `:"name"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) name: &'a str,
    pub(super) quote: Option<char>,
    /// How many bytes it takes, from the colon on.
    pub(super) length: usize,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.values.remove(name);
    }

    pub(super) fn set_any(&mut self) {
        self.any = true;
    }

    pub(super) fn get(&self, name: &str) -> Option<Value> {
        if self.any {
            return Some(Value::Unknown);
        }
        self.values.get(name).cloned()
    }

    /// Whether a switch such as AUTOCOMMIT is off; what is not known is not.
    pub(super) fn is_off(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Known(value)) => {
                let value = value.to_ascii_lowercase();
                !value.is_empty()
                    && ("off".starts_with(&value) && value != "o"
                        || "false".starts_with(&value)
                        || "no".starts_with(&value)
                        || value == "0")
            }
            _ => false,
        }
    }

    /// Whether a switch such as SINGLELINE is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Known(_)) => !self.is_off(name),
            Some(Value::Unknown) | None => false,
        }
    }
}

/// The reference that begins with the colon at the start of `text`, if it is one.
pub(super) fn reference(text: &str) -> Option<Reference<'_>> {
    let rest = text.strip_prefix(':')?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let name_start = usize::from(quote.is_some());
    let name = rest.get(name_start..)?;
    let end = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    let closed =
        quote.is_none_or(|quote| name.get(end..).is_some_and(|tail| tail.starts_with(quote)));
    if end == 0 || !closed {
        return None;
    }
    Some(Reference {
        name: name.get(..end)?,
        quote,
        length: 1 + name_start * 2 + end,
    })
}

/// The value as psql writes it into the text.
pub(super) fn quoted(value: &str, quote: Option<char>) -> String {
    match quote {
        Some('\'') if value.contains('\\') => {
            format!(" E'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
        }
        Some(quote) => {
            let doubled = format!("{quote}{quote}");
            format!("{quote}{}{quote}", value.replace(quote, &doubled))
        }
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_casts_and_slices() {
        for (text, expected) in [
            (":x", Some(("x", None, 2))),
            (":'x' y", Some(("x", Some('\''), 4))),
            (":\"x_1\"", Some(("x_1", Some('"'), 6))),
            (":2]", Some(("2", None, 2))),
            ("::int", None),
            (":'x", None),
            (": x", None),
            (":", None),
            (":{?x}", None),
        ] {
            let found = reference(text).map(|found| (found.name, found.quote, found.length));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn switches_are_read_as_psql_reads_them() {
        for (value, off) in [
            ("off", true),
            ("OFF", true),
            ("0", true),
            ("false", true),
            ("f", true),
            ("on", false),
            ("1", false),
            ("o", false),
            ("", false),
        ] {
            let mut variables = Variables::default();
            variables.set("AUTOCOMMIT", Value::Known(value.into()));
            assert_eq!(variables.is_off("AUTOCOMMIT"), off, "{value}");
        }
        assert!(!Variables::default().is_off("AUTOCOMMIT"));
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(quoted("a'b", Some('\'')), "'a''b'");
        assert_eq!(quoted("a\"b", Some('"')), "\"a\"\"b\"");
        assert_eq!(quoted("a\\b", Some('\'')), " E'a\\\\b'");
        assert_eq!(quoted("a'b", None), "a'b");
    }
}
