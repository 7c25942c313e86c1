//! The abstract value of a string: what is known of it before it runs.

use std::borrow::Cow;
use std::rc::Rc;

/// A piece of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Exactly these characters.
    Known(String),
    /// An unquoted pattern (`*.o`) that the shell replaces by the paths it matches.
    Glob(String),
    /// Characters that only the shell will know, with the source text that yields them (`$ID`).
    Unknown(String),
}

/// A string as far as it is known. Unknown is a value, never a default. Copies share the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// `None` for no parts; never empty.
    parts: Option<Rc<Vec<Part>>>,
}

/// A value longer than this is not known any more (bytes): `a=$a$a` doubles with every line.
const LENGTH_LIMIT: usize = 4 << 20;
/// How such a value is shown. Nothing is added to it any more.
const VERY_LONG: &str = "a very long value";
/// Nor is one of more pieces.
const PARTS_LIMIT: usize = 4096;

impl Text {
    #[must_use]
    pub const fn empty() -> Self {
        Self { parts: None }
    }

    pub fn known(text: impl Into<String>) -> Self {
        let mut value = Self::empty();
        value.push_known(&text.into());
        value
    }

    /// A text of which nothing is known but the source (`$ID`) that yields it.
    pub fn unknown(source: impl Into<String>) -> Self {
        Self {
            parts: Some(Rc::new(vec![Part::Unknown(source.into())])),
        }
    }

    pub fn push_known(&mut self, text: &str) {
        if text.is_empty() || self.is_very_long() {
            return;
        }
        match self.parts().last() {
            Some(Part::Known(last)) if last.len() + text.len() > LENGTH_LIMIT => self.forget(),
            Some(Part::Known(_)) => {
                if let Some(Part::Known(last)) = self.parts_mut().last_mut() {
                    last.push_str(text);
                }
            }
            _ => self.push_part(Part::Known(text.to_owned())),
        }
    }

    fn parts_mut(&mut self) -> &mut Vec<Part> {
        Rc::make_mut(self.parts.get_or_insert_default())
    }

    fn push_part(&mut self, part: Part) {
        if self.parts().len() >= PARTS_LIMIT {
            self.forget();
        } else if !self.is_very_long() {
            self.parts_mut().push(part);
        }
    }

    fn is_very_long(&self) -> bool {
        matches!(self.parts(), [Part::Unknown(source)] if source == VERY_LONG)
    }

    /// Gives up on a value that has grown beyond all use.
    fn forget(&mut self) {
        *self = Self::unknown(VERY_LONG);
    }

    pub fn push(&mut self, part: Part) {
        match part {
            Part::Known(text) => self.push_known(&text),
            other @ (Part::Glob(_) | Part::Unknown(_)) => self.push_part(other),
        }
    }

    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        for part in other.parts() {
            self.push(part.clone());
        }
    }

    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.parts.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The bytes of all parts.
    pub(crate) fn length(&self) -> usize {
        let length = |part: &Part| {
            let (Part::Known(text) | Part::Glob(text) | Part::Unknown(text)) = part;
            text.len()
        };
        self.parts().iter().map(length).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_none()
    }

    /// The string, if every character of it is known.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        match self.parts() {
            [] => Some(""),
            [Part::Known(text)] => Some(text),
            _ => None,
        }
    }

    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.parts()
            .iter()
            .any(|part| matches!(part, Part::Unknown(_)))
    }

    #[must_use]
    pub fn has_glob(&self) -> bool {
        self.parts()
            .iter()
            .any(|part| matches!(part, Part::Glob(_)))
    }

    /// Text that is not known but for its being quoted for a shell, as `${x@Q}` and `printf %q` do.
    /// The mark behind it is a part without a source, which nothing else has.
    pub(super) fn quoted(source: impl Into<String>) -> Self {
        let mut text = Self::unknown(source);
        text.push_part(Part::Unknown(String::new()));
        text
    }

    /// Any number of words, of which no more is known than this of one: an element of a list that
    /// stands for them. It counts as a pattern, which may become any number of words, too.
    #[must_use]
    pub(crate) fn several(mut self) -> Self {
        self.push_part(Part::Glob(String::new()));
        self
    }

    /// Whether this is what [`Self::several`] gives.
    pub(super) fn is_several(&self) -> bool {
        matches!(self.parts().last(), Some(Part::Glob(pattern)) if pattern.is_empty())
    }

    /// What is known of one of the words.
    pub(super) fn of_one(&self) -> Self {
        let several = usize::from(self.is_several());
        let mut text = Self::empty();
        for part in self.parts().iter().rev().skip(several).rev() {
            text.push(part.clone());
        }
        text
    }

    /// The known characters before the first part that is not.
    #[must_use]
    pub fn known_prefix(&self) -> &str {
        match self.parts().first() {
            Some(Part::Known(text)) => text,
            Some(Part::Glob(_) | Part::Unknown(_)) | None => "",
        }
    }

    /// The text with its patterns as they are written.
    pub(super) fn without_globs(&self) -> Self {
        let mut text = Self::empty();
        for part in self.parts() {
            text.push(match part {
                Part::Glob(pattern) => Part::Known(pattern.clone()),
                other => other.clone(),
            });
        }
        text
    }

    /// The text without its first `length` bytes, which are known.
    #[must_use]
    pub fn after(&self, length: usize) -> Self {
        let mut rest = Self::known(self.known_prefix().get(length..).unwrap_or_default());
        let known = matches!(self.parts().first(), Some(Part::Known(_)));
        for part in self.parts().iter().skip(usize::from(known)) {
            rest.push(part.clone());
        }
        rest
    }

    /// As a person should see it: known text as it is, unknown parts by their source.
    #[must_use]
    pub fn display(&self) -> Cow<'_, str> {
        if let Some(text) = self.exact() {
            return Cow::Borrowed(text);
        }
        let mut shown = String::new();
        for part in self.parts() {
            let (Part::Known(text) | Part::Glob(text) | Part::Unknown(text)) = part;
            shown.push_str(text);
        }
        Cow::Owned(shown)
    }

    /// The text with every unknown part replaced by `placeholder(index, source)`, so that a
    /// language inside it can still be read around the holes.
    pub fn render(&self, mut placeholder: impl FnMut(usize, &str) -> String) -> String {
        let mut rendered = String::new();
        let mut index = 0;
        for part in self.parts() {
            match part {
                Part::Known(text) | Part::Glob(text) => rendered.push_str(text),
                Part::Unknown(source) => {
                    rendered.push_str(&placeholder(index, source));
                    index += 1;
                }
            }
        }
        rendered
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::known(text)
    }
}
