//! A text with some of its parts replaced, which still knows where each mark has gone.
//!
//! Owns that bookkeeping. Never chooses what to replace.

use std::ops::Range;

use crate::location::Span;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    /// Where the replaced part stood in the original.
    original: Range<usize>,
    /// Where its replacement stands.
    rewritten: Range<usize>,
}

/// The result of replacing parts of a text from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    text: String,
    edits: Vec<Edit>,
}

impl Rewritten {
    /// Replaces each given range, in order; ranges that overlap an earlier one, or do not lie on
    /// character boundaries, are left as they are.
    pub(super) fn new(original: &str, replacements: Vec<(Range<usize>, String)>) -> Self {
        let mut result = Self::default();
        let mut done = 0;
        for (range, replacement) in replacements {
            let Some(before) = original.get(done..range.start) else {
                continue;
            };
            if original.get(range.clone()).is_none() {
                continue;
            }
            result.text.push_str(before);
            let start = result.text.len();
            result.text.push_str(&replacement);
            done = range.end;
            result.edits.push(Edit {
                original: range,
                rewritten: start..result.text.len(),
            });
        }
        result
            .text
            .push_str(original.get(done..).unwrap_or_default());
        result
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// Where a span of the original now stands. A mark inside a replaced part covers all of its
    /// replacement: it may grow, it never gets lost.
    #[must_use]
    pub fn map(&self, span: Span) -> Span {
        Span::new(self.offset(span.start, false), self.offset(span.end, true))
    }

    fn offset(&self, offset: usize, end: bool) -> usize {
        let after = self
            .edits
            .partition_point(|edit| edit.original.start < offset);
        let Some(edit) = after.checked_sub(1).and_then(|last| self.edits.get(last)) else {
            return offset.min(self.text.len());
        };
        if offset < edit.original.end {
            return if end {
                edit.rewritten.end
            } else {
                edit.rewritten.start
            };
        }
        (edit.rewritten.end + (offset - edit.original.end)).min(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_their_text() {
        let rewritten = Rewritten::new(
            "a SECRET b SECRET c",
            vec![(2..8, "***".into()), (11..17, "0123456789".into())],
        );
        assert_eq!(rewritten.text(), "a *** b 0123456789 c");
        for (original, expected) in [
            ((0, 1), "a"),
            ((0, 2), "a "),
            ((0, 5), "a ***"),
            ((2, 8), "***"),
            ((4, 6), "***"),
            ((9, 10), "b"),
            ((9, 11), "b "),
            ((11, 17), "0123456789"),
            ((18, 19), "c"),
            ((0, 19), "a *** b 0123456789 c"),
        ] {
            let span = rewritten.map(Span::new(original.0, original.1));
            assert_eq!(
                rewritten.text().get(span.start..span.end),
                Some(expected),
                "{original:?}"
            );
        }
    }

    #[test]
    fn offsets_outside_the_text_stay_within_it() {
        let rewritten = Rewritten::new("ab", vec![(5..9, "x".into()), (0..1, "é".into())]);
        assert_eq!(rewritten.text(), "éb");
        let span = rewritten.map(Span::new(7, 99));
        assert_eq!((span.start, span.end), (3, 3));
    }
}
