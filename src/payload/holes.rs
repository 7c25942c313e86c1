//! Texts with unknown parts, made readable for parsers.
//!
//! Each unknown part becomes an identifier-like placeholder that survives JSON, URL and GraphQL
//! decoding. Owns that mapping and nothing else. A text that already holds such a word is taken
//! for unknown there: it errs to asking.

use std::cell::RefCell;

use crate::resolve::{Part, Text};

const MARK: &str = "guardhole";

/// The sources of the unknown parts met so far.
#[derive(Debug, Default)]
pub struct Holes {
    sources: RefCell<Vec<String>>,
}

impl Holes {
    /// A new placeholder for what this source yields.
    pub fn mark(&self, source: &str) -> String {
        let mut sources = self.sources.borrow_mut();
        sources.push(source.to_owned());
        format!("{MARK}{}x", sources.len() - 1)
    }

    /// The text with a placeholder for each unknown part. A pattern stands for itself: bash
    /// leaves it so when no path matches, and no URL is a path.
    pub fn render(&self, text: &Text) -> String {
        text.render(|_, source| self.mark(source))
    }

    /// The text again, as a person should see it: `$ID` for a placeholder.
    pub fn display(&self, rendered: &str) -> String {
        self.restore(rendered).display().into_owned()
    }

    /// The abstract text that was rendered.
    pub fn restore(&self, rendered: &str) -> Text {
        let sources = self.sources.borrow();
        let mut text = Text::empty();
        let mut rest = rendered;
        while let Some((start, end)) = first_hole(rest) {
            let (before, hole) = (rest.get(..start), rest.get(start..end));
            text.push_known(before.unwrap_or(""));
            let source = hole
                .and_then(|hole| hole.get(MARK.len()..hole.len() - 1))
                .and_then(|index| sources.get(index.parse::<usize>().ok()?));
            text.push(Part::Unknown(
                source.map_or_else(|| "?".to_owned(), Clone::clone),
            ));
            rest = rest.get(end..).unwrap_or("");
        }
        text.push_known(rest);
        text
    }
}

/// Whether a placeholder stands in this text.
#[must_use]
pub fn has_hole(rendered: &str) -> bool {
    first_hole(rendered).is_some()
}

/// Whether the text begins with a placeholder.
#[must_use]
pub fn starts_with_hole(rendered: &str) -> bool {
    hole_at_start(rendered).is_some()
}

/// Where the placeholder at the very start ends, if one is there.
#[must_use]
pub fn hole_at_start(text: &str) -> Option<usize> {
    let tail = text.strip_prefix(MARK)?;
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    let ends = digits > 0 && tail.as_bytes().get(digits) == Some(&b'x');
    ends.then_some(MARK.len() + digits + 1)
}

/// Where the first placeholder stands, in bytes.
#[must_use]
pub fn first_hole(rendered: &str) -> Option<(usize, usize)> {
    let mut marks = rendered.match_indices(MARK);
    marks.find_map(|(start, _)| {
        let length = hole_at_start(rendered.get(start..)?)?;
        Some((start, start + length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rendered_comes_back() {
        let mut text = Text::known("a-");
        text.push(Part::Unknown("$ID".to_owned()));
        text.push_known("-guardhole");
        text.push(Part::Unknown("$(date)".to_owned()));
        let holes = Holes::default();
        let rendered = holes.render(&text);
        assert!(has_hole(&rendered));
        assert!(!starts_with_hole(&rendered));
        assert_eq!(holes.restore(&rendered), text);
        assert_eq!(holes.display(&rendered), "a-$ID-guardhole$(date)");
    }

    #[test]
    fn a_word_that_only_looks_like_a_placeholder_is_unknown() {
        let holes = Holes::default();
        assert!(has_hole("guardhole7x"));
        assert!(holes.restore("guardhole7x").has_unknown());
        assert!(!has_hole("guardhole guardholex guardhole12"));
    }
}
