//! Where something stands in a pack's text, and what is said of it.
//!
//! Owns complaints and their places. Must stay free of every other module.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a pack, and where (a range of bytes of its text).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub span: Range<usize>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Complaint {
    /// Line and column of its beginning, counted from 1.
    #[must_use]
    pub fn position(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// `FILE:LINE:COLUMN: message; help`.
    #[must_use]
    pub fn line(&self, file: impl fmt::Display, text: &str) -> String {
        let (line, column) = self.position(text);
        let help = self.help.as_ref().map(|help| format!("; {help}"));
        let help = help.unwrap_or_default();
        format!("{file}:{line}:{column}: {}{help}", self.message)
    }

    /// What the TOML reader or the types say.
    #[must_use]
    pub fn of(error: &toml::de::Error, text: &str) -> Self {
        let message = error.message().trim_end().replace('\n', "; ");
        Self {
            span: error.span().unwrap_or(0..text.len().min(1)),
            help: suggestion(&message),
            message,
        }
    }
}

/// The known name that an unknown one was meant to be: the first name in the message is the one
/// that was written, the others those that were expected.
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    nearest(written, quoted).map(|name| did_you_mean(&name))
}

/// The question that offers a name.
#[must_use]
pub fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// The name that is most like this one, if any is.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, known)| known.to_owned())
}

/// A place in the document: keys and positions from its root on.
#[derive(Clone, Debug)]
pub struct At<'a> {
    above: Option<&'a At<'a>>,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Key(Cow<'static, str>),
    Index(usize),
}

impl<'a> At<'a> {
    /// A key of the document itself.
    #[must_use]
    pub const fn root(key: &'static str) -> Self {
        Self {
            above: None,
            step: Step::Key(Cow::Borrowed(key)),
        }
    }

    #[must_use]
    pub const fn key(&'a self, key: &'static str) -> Self {
        Self {
            above: Some(self),
            step: Step::Key(Cow::Borrowed(key)),
        }
    }

    #[must_use]
    pub const fn index(&'a self, index: usize) -> Self {
        Self {
            above: Some(self),
            step: Step::Index(index),
        }
    }

    fn steps(&self) -> Vec<&Step> {
        let mut steps = self.above.map(Self::steps).unwrap_or_default();
        steps.push(&self.step);
        steps
    }
}

/// A pack's text with the places of its values.
pub struct Document<'t>(Spanned<DeTable<'t>>);

impl<'t> Document<'t> {
    pub fn read(text: &'t str) -> Result<Self, Complaint> {
        DeTable::parse(text)
            .map(Self)
            .map_err(|error| Complaint::of(&error, text))
    }

    /// Where this stands, or what would hold it.
    #[must_use]
    pub fn span(&self, at: &At<'_>) -> Range<usize> {
        let mut span = 0..0;
        let mut table = Some(self.0.get_ref());
        let mut array = None;
        for step in at.steps() {
            let value: Option<&Spanned<DeValue<'_>>> = match step {
                Step::Key(key) => table.and_then(|table| table.get(key.as_ref())),
                Step::Index(index) => {
                    array.and_then(|array: &toml::de::DeArray<'_>| array.get(*index))
                }
            };
            let Some(value) = value else {
                return span;
            };
            span = value.span();
            table = value.get_ref().as_table();
            array = value.get_ref().as_array();
        }
        span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_text_is_found_by_keys_and_positions() {
        let text = "a = 1\n[[b]]\nc = [\"x\", \"y\"]\n[[b]]\nd = { e = \"z\" }\n";
        let document = Document::read(text).unwrap();
        let b = At::root("b");
        for (at, found) in [
            (b.index(0).key("c").index(1), "\"y\""),
            (b.index(1).key("d").key("e"), "\"z\""),
            (At::root("a"), "1"),
        ] {
            assert_eq!(&text[document.span(&at)], found);
        }
        let nowhere = document.span(&b.index(1).key("f"));
        assert_eq!(&text[nowhere], "[[b]]");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        let known = ["class", "command", "source"];
        for (name, offered) in [
            ("clas", Some("class")),
            ("comand", Some("command")),
            ("soruce", Some("source")),
            ("kind", None),
        ] {
            assert_eq!(nearest(name, known).as_deref(), offered, "{name}");
        }
    }
}
