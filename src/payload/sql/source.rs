//! SQL text with the places that its bytes stand for.

use std::ops::Range;
use std::rc::Rc;

use crate::location::{FileLine, Location, Span};
use crate::resolve::{Argument, Text};
use crate::rules::Origin;

/// What stands for an unknown part while the text is read: an identifier nobody uses, so that it
/// passes as a value, a column or a name, and as nothing else.
const HOLE: &str = "guard_hole_";

/// A text as far as it is known, rendered so that a parser can read around its holes.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    /// The source (`$ID`) of each unknown part.
    holes: Vec<String>,
    origin: Origin,
}

impl Source {
    #[must_use]
    pub fn new(text: &Text, origin: Origin) -> Self {
        let mut holes = Vec::new();
        let text = text.render(|_, source| {
            holes.push(source.to_owned());
            hole(holes.len() - 1)
        });
        Self {
            text,
            holes,
            origin,
        }
    }

    /// The value of one word of an argv.
    #[must_use]
    pub fn of_argument(argument: &Argument) -> Self {
        Self::new(&argument.value, origin_of(argument))
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Stands for a value that only psql will know (`:name` after `\gset`).
    pub fn add_hole(&mut self, source: &str) -> String {
        self.holes.push(source.to_owned());
        hole(self.holes.len() - 1)
    }

    /// As a person should see it: holes by their source.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        // The highest index first, so that `…_1_` cannot eat a part of `…_10_`.
        self.holes
            .iter()
            .enumerate()
            .rev()
            .fold(text.to_owned(), |shown, (index, source)| {
                shown.replace(&hole(index), source)
            })
    }

    /// Where a part of the text stands in what the user wrote.
    #[must_use]
    pub fn location(&self, range: &Range<usize>) -> Location {
        match &self.origin {
            Origin::Verbatim { offset } => {
                Span::new(offset + range.start, offset + range.end).into()
            }
            Origin::Place(location) => location.clone(),
            Origin::File { path, place } => {
                let before = self.text.as_bytes().get(..range.start).unwrap_or_default();
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                Location {
                    span: *place,
                    file: Some(Rc::new(FileLine {
                        path: path.to_path_buf(),
                        line,
                    })),
                }
            }
        }
    }
}

/// Whether a name stands for something that is known only when it runs.
#[must_use]
pub fn is_hole(name: &str) -> bool {
    name.contains(HOLE)
}

fn hole(index: usize) -> String {
    format!("{HOLE}{index}_")
}

/// The bytes of an argument that is quoted as a whole, or not at all, stand in the user's text as
/// they are; anything else is shown by the whole word.
fn origin_of(argument: &Argument) -> Origin {
    let span = argument.location.span;
    let written = span.end.saturating_sub(span.start);
    match argument.value.exact() {
        Some(value) if argument.location.file.is_none() && value.is_ascii() => {
            match written.checked_sub(value.len()) {
                Some(0) => Origin::Verbatim { offset: span.start },
                Some(2) => Origin::Verbatim {
                    offset: span.start + 1,
                },
                _ => Origin::Place(argument.location.clone()),
            }
        }
        _ => Origin::Place(argument.location.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_names_and_show_their_source() {
        let mut text = Text::known("SELECT * FROM t WHERE id = ");
        text.append(Text::unknown("$ID"));
        let source = Source::new(&text, Origin::Verbatim { offset: 0 });
        assert!(is_hole(source.text()));
        assert_eq!(
            source.shown(source.text()),
            "SELECT * FROM t WHERE id = $ID"
        );
    }

    #[test]
    fn a_quoted_argument_keeps_its_offsets() {
        let quoted = Argument::known("DROP", Span::new(8, 14).into());
        let location = Source::of_argument(&quoted).location(&(1..3));
        assert_eq!(location.span, Span::new(10, 12));
        let escaped = Argument::known("DROP", Span::new(8, 20).into());
        let location = Source::of_argument(&escaped).location(&(1..3));
        assert_eq!(location.span, Span::new(8, 20));
    }

    #[test]
    fn a_file_gives_lines() {
        let origin = Origin::File {
            path: std::path::Path::new("/a.sql").into(),
            place: Span::new(0, 4),
        };
        let source = Source::new(&Text::known("a\nb\nc"), origin);
        let location = source.location(&(4..5));
        assert_eq!(location.file.map(|file| file.line), Some(3));
    }
}
