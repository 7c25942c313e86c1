//! `ifeq … else … endif`: which lines count, and what is set after them where that is not known.

use super::function::sides;
use super::read::Reader;
use super::variable::{Body, Variables};
use crate::resolve::Text;

/// Whether something is so, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Maybe,
}

/// A conditional that is open.
pub(super) struct Frame {
    /// Its lines count.
    active: bool,
    /// Whether an earlier branch was taken.
    taken: Truth,
    /// What was set before it, if a branch may not be taken.
    before: Option<Variables>,
    /// What is set at the end of each branch that may be taken.
    ends: Vec<Variables>,
}

impl Reader<'_, '_> {
    pub(super) fn is_active(&self) -> bool {
        self.frames.iter().all(|frame| frame.active)
    }

    /// Whether the lines here may not count.
    pub(super) fn is_doubtful(&self) -> bool {
        let doubts = self.frames.iter().any(|frame| frame.before.is_some());
        doubts || self.make.doubts > 0
    }

    /// Follows `ifeq … else … endif`; false if the line is none of them.
    pub(super) fn conditional(&mut self, line: &str) -> bool {
        let (word, rest) = line
            .split_once(|c: char| c.is_ascii_whitespace() || c == '(')
            .map_or((line, ""), |(word, _)| {
                (word, line.get(word.len()..).unwrap_or_default().trim())
            });
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let active = self.is_active();
                let truth = if active {
                    self.condition(word, rest)
                } else {
                    Truth::No
                };
                self.frames.push(Frame {
                    active: true,
                    taken: Truth::No,
                    before: None,
                    ends: Vec::new(),
                });
                if active {
                    self.branch(truth);
                } else if let Some(frame) = self.frames.last_mut() {
                    // Nothing in it counts, whichever branch.
                    frame.active = false;
                    frame.taken = Truth::Yes;
                }
                true
            }
            "else" => {
                self.end_branch();
                let open = self.frames.last().is_some_and(|f| f.taken != Truth::Yes);
                if open {
                    let (word, rest) = rest
                        .split_once(|c: char| c.is_ascii_whitespace() || c == '(')
                        .map_or((rest, ""), |(word, _)| {
                            (word, rest.get(word.len()..).unwrap_or_default().trim())
                        });
                    let truth = if word.starts_with("if") {
                        self.condition(word, rest)
                    } else {
                        Truth::Yes
                    };
                    self.branch(truth);
                }
                true
            }
            "endif" => {
                self.end_branch();
                if let Some(mut frame) = self.frames.pop() {
                    if let Some(before) = frame.before.filter(|_| frame.taken != Truth::Yes) {
                        frame.ends.push(before);
                    }
                    let mut ends = frame.ends.into_iter();
                    if let Some(first) = ends.next() {
                        self.make.variables = first;
                        for end in ends {
                            self.make.variables.join(&end);
                        }
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// Opens a branch of the innermost conditional.
    fn branch(&mut self, truth: Truth) {
        let variables = self.make.variables.clone();
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        frame.active = truth != Truth::No;
        match truth {
            Truth::Yes => frame.taken = Truth::Yes,
            Truth::Maybe => {
                frame.taken = Truth::Maybe;
                frame.before.get_or_insert(variables);
            }
            Truth::No => {}
        }
    }

    fn end_branch(&mut self) {
        let variables = self.make.variables.clone();
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.active
            && let Some(before) = &frame.before
        {
            frame.ends.push(variables);
            self.make.variables = before.clone();
        }
        frame.active = false;
    }

    fn condition(&mut self, word: &str, rest: &str) -> Truth {
        let negated = word.starts_with("ifn");
        let rest = rest.to_owned();
        let found = if word.ends_with("def") {
            self.make.each_way(|make| {
                let name = make.expand(&rest);
                let name = name.exact()?.trim().to_owned();
                match make.body(&name) {
                    Some(Body::Recursive(raw)) => Some(!raw.is_empty()),
                    Some(Body::Simple(text)) if text.has_unknown() => None,
                    Some(Body::Simple(text)) => Some(!text.is_empty()),
                    None => Some(false),
                }
            })
        } else {
            self.make.each_way(|make| {
                let (left, right) = sides(&rest)?;
                let (left, right) = (make.expand(left), make.expand(right));
                match (left.exact(), right.exact()) {
                    (Some(left), Some(right)) => Some(left == right),
                    _ => may_be_equal(&left, &right),
                }
            })
        };
        let truth = match found.as_slice() {
            [Some(true)] => Truth::Yes,
            [Some(false)] => Truth::No,
            _ => Truth::Maybe,
        };
        match truth {
            Truth::Yes if negated => Truth::No,
            Truth::No if negated => Truth::Yes,
            other => other,
        }
    }
}

/// Whether two texts are the same on every way, or on none; `None` if that is not known.
fn may_be_equal(left: &Text, right: &Text) -> Option<bool> {
    let starts_apart = |unknown: &Text, known: &Text| {
        let prefix = unknown.known_prefix();
        known
            .exact()
            .is_some_and(|known| !known.starts_with(prefix))
    };
    (starts_apart(left, right) || starts_apart(right, left)).then_some(false)
}
