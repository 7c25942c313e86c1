//! Where in the text that a person wrote something stands.

use std::path::PathBuf;
use std::rc::Rc;

/// Byte offsets into the command text as it was given to guard; `end` is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A line of a file that a command runs, such as `scripts/wipe.sh:12`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileLine {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
}

/// A place: always a span of the outermost text, and the line of a followed file if the thing
/// itself stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    pub span: Span,
    pub file: Option<Rc<FileLine>>,
}

impl From<Span> for Location {
    fn from(span: Span) -> Self {
        Self { span, file: None }
    }
}
