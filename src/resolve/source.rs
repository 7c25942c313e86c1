//! From offsets in a text that is run to places in the text of the user.

use std::path::Path;
use std::rc::Rc;

use crate::location::{FileLine, Location, Span};

/// Where a text that is run stands in the text of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Byte `n` of the text is byte `offset + n` of the user's text.
    Verbatim { offset: usize },
    /// All of it stands for this place.
    Place(Location),
    /// The content of a file: spans show the place that started it, lines are the file's.
    File { path: Rc<Path>, place: Span },
}

/// A text that is run, with what is needed to say where in it something stands.
#[derive(Debug)]
pub(crate) struct Source {
    origin: Origin,
    /// Where each line starts.
    line_starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(text: &str, origin: Origin) -> Rc<Self> {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(index, _)| index + 1))
            .collect();
        Rc::new(Self {
            origin,
            line_starts,
        })
    }

    /// The line that something stands in, counted from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        self.line_starts
            .partition_point(|start| *start <= span.start)
    }

    /// Whether the text is a file's; `None` where it may have come from an input.
    pub(super) fn is_file(&self) -> Option<bool> {
        match &self.origin {
            Origin::Verbatim { .. } => Some(false),
            Origin::Place(_) => None,
            Origin::File { .. } => Some(true),
        }
    }

    pub(crate) fn locate(&self, span: Span) -> Location {
        match &self.origin {
            Origin::Verbatim { offset } => Span::new(span.start + offset, span.end + offset).into(),
            Origin::Place(location) => location.clone(),
            Origin::File { path, place } => {
                let line = self.line(span);
                let file = FileLine {
                    path: path.to_path_buf(),
                    line,
                };
                Location {
                    span: *place,
                    file: Some(Rc::new(file)),
                }
            }
        }
    }

    /// Where byte `offset` of this text stands in the user's, if it stands there unchanged.
    pub(super) fn verbatim(&self, offset: usize) -> Option<usize> {
        match &self.origin {
            Origin::Verbatim { offset: base } => Some(base + offset),
            Origin::Place(_) | Origin::File { .. } => None,
        }
    }
}
