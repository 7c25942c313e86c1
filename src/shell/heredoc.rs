//! Here-documents: their bodies stand after the line that announces them.

use std::cell::OnceCell;
use std::rc::Rc;

use super::ast::{Piece, Word};
use super::parser::{Failure, Parser};

/// A here-document whose operator has been read and whose body has not.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) delimiter: String,
    /// Any character of the delimiter was quoted: the body is taken as it stands.
    pub(super) quoted: bool,
    /// `<<-`
    pub(super) strip_tabs: bool,
    pub(super) body: Rc<OnceCell<Word>>,
}

impl Parser<'_> {
    /// Reads the bodies of all here-documents announced on the line that has just ended.
    pub(super) fn here_document_bodies(&mut self) -> Result<(), Failure> {
        for pending in std::mem::take(&mut self.pending) {
            let word = self.here_document_body(&pending)?;
            // Each here-document is announced once and read once.
            let _ = pending.body.set(word);
        }
        Ok(())
    }

    fn here_document_body(&mut self, pending: &Pending) -> Result<Word, Failure> {
        let start = self.position;
        let mut text = String::new();
        let end = loop {
            if self.position >= self.end {
                // bash takes the end of the input for the delimiter, with a warning.
                break self.position;
            }
            let line_start = self.position;
            let line_end = self.find_byte(b'\n', line_start).unwrap_or(self.end);
            let mut line = self.slice(line_start, line_end);
            if pending.strip_tabs {
                line = line.trim_start_matches('\t');
            }
            self.position = (line_end + 1).min(self.end);
            if line == pending.delimiter {
                break line_start;
            }
            // Inside `$(…)` the delimiter may be followed by the closing parenthesis.
            text.push_str(line);
            if line_end < self.end {
                text.push('\n');
            }
        };
        let span = self.span(start, end);
        if pending.quoted {
            let verbatim = self.slice(start, end) == text;
            let offset = if verbatim { self.offset(start) } else { None };
            let source = Rc::from(text.as_str());
            return Ok(Word {
                pieces: vec![Piece::Quoted { text, offset }],
                span,
                source,
            });
        }
        let source: Rc<str> = Rc::from(text.as_str());
        let pieces = if pending.strip_tabs {
            // Offsets inside a body that lost its tabs mean nothing in the source.
            let mut inner = self.nested(&text, self.span(start, end));
            inner.here_document_pieces()?
        } else {
            let after = self.position;
            let outer_end = self.end;
            self.position = start;
            self.end = end;
            let pieces = self.here_document_pieces();
            self.position = after;
            self.end = outer_end;
            pieces?
        };
        Ok(Word {
            pieces,
            span,
            source,
        })
    }
}
