//! SQL text with the places that its bytes stand for.

use std::ops::Range;
use std::rc::Rc;

use crate::location::{FileLine, Location, Span};
use crate::resolve::{Argument, Origin, Part, Text};

/// What stands for an unknown part while the text is read: an identifier nobody uses, so that it
/// passes as a value, a column or a name, and as nothing else.
const HOLE: &str = "guard_hole_";
/// Stands for a value that only the server will know, in SQL text that it builds itself.
pub(super) const VALUE: &str = "guard_hole_value_";

/// A text as far as it is known, rendered so that a parser can read around its holes.
#[derive(Clone, Debug)]
pub struct Source {
    // Shared, because psql keeps one source for all the messages that it cuts from it.
    text: Rc<str>,
    /// Where each line of a file starts.
    lines: Rc<[usize]>,
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
        let lines = match &origin {
            Origin::File { .. } => std::iter::once(0)
                .chain(text.match_indices('\n').map(|(index, _)| index + 1))
                .collect(),
            Origin::Verbatim { .. } | Origin::Place(_) => Rc::default(),
        };
        Self {
            text: text.into(),
            lines,
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
            .fold(text.replace(VALUE, "…"), |shown, (index, source)| {
                shown.replace(&hole(index), source)
            })
    }

    /// The abstract value of a piece of the text: holes become unknown parts again.
    #[must_use]
    pub fn text_with_holes(&self, text: &str) -> Text {
        let mut value = Text::empty();
        let mut rest = text;
        while let Some(start) = rest.find(HOLE) {
            let (before, from) = rest.split_at(start);
            value.push_known(before);
            let mark: String = from
                .chars()
                .skip(HOLE.len())
                .take_while(|c| *c != '_')
                .collect();
            let source = mark
                .parse()
                .ok()
                .and_then(|index: usize| self.holes.get(index));
            let shown = source.map_or("…", String::as_str);
            value.push(Part::Unknown(shown.to_owned()));
            rest = from.get(HOLE.len() + mark.len() + 1..).unwrap_or_default();
        }
        value.push_known(rest);
        value
    }

    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
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
                let line = self.lines.partition_point(|start| *start <= range.start);
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

fn origin_of(argument: &Argument) -> Origin {
    match argument.verbatim {
        Some(offset) => Origin::Verbatim { offset },
        None => Origin::Place(argument.location.clone()),
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
