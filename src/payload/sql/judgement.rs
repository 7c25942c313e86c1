//! What one statement would do, before it is known whether its transaction is kept.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::effect::Reversibility;

/// One thing that a statement does to the database or its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) rule: &'static str,
    pub(super) action: &'static str,
    pub(super) kind: Cow<'static, str>,
    /// As PostgreSQL would fold it, with its schema if that is given.
    pub(super) name: Option<String>,
    pub(super) reversibility: Reversibility,
    pub(super) summary: String,
    pub(super) also_lost: Vec<String>,
    pub(super) instead: Option<String>,
    /// Whether a ROLLBACK takes it back.
    pub(super) transactional: bool,
    pub(super) range: Range<usize>,
}

/// How a statement moves the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Begin,
    Commit { chain: bool },
    Rollback { chain: bool },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
}

/// Shell text that the server would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unseen {
    pub(super) reason: String,
    pub(super) range: Range<usize>,
}

/// What a statement leaves behind for later ones of the same session to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Definition {
    Function(String, Arc<Judgement>),
    Prepared(String, Arc<Judgement>),
    /// What runs with each change of a table.
    Trigger(String, Arc<Judgement>),
    /// A table that is gone with the session anyway.
    Temporary(String),
}

/// Something stored that a statement runs; what it does is looked up in the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) stored: Stored,
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Function,
    Procedure,
    Prepared,
    /// A trigger's function: it runs with later statements, and is asked about only if it is known.
    Trigger,
}

/// One statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) range: Range<usize>,
    pub(super) acts: Vec<Act>,
    pub(super) unseen: Vec<Unseen>,
    pub(super) control: Option<Control>,
    pub(super) programs: Vec<Program>,
    pub(super) definitions: Vec<Definition>,
    pub(super) uses: Vec<Use>,
    /// The client sends data after it (`COPY … FROM STDIN`).
    pub(super) reads_data: bool,
    /// Code in it commits or rolls back by itself.
    pub(super) ends_transactions: bool,
}

impl Judgement {
    pub(super) fn unseen(&mut self, reason: impl Into<String>, range: Range<usize>) {
        self.unseen.push(Unseen {
            reason: reason.into(),
            range,
        });
    }

    /// Takes over what a nested text does; its ranges mean nothing out here.
    pub(super) fn absorb(&mut self, inner: &Self, range: &Range<usize>) {
        self.acts.extend(inner.acts.iter().cloned().map(|act| Act {
            range: range.clone(),
            ..act
        }));
        for unseen in &inner.unseen {
            self.unseen(unseen.reason.clone(), range.clone());
        }
        for program in &inner.programs {
            self.programs.push(Program {
                text: program.text.clone(),
                range: range.clone(),
            });
        }
        self.ends_transactions |= inner.ends_transactions;
        for used in &inner.uses {
            self.uses.push(Use {
                range: range.clone(),
                ..used.clone()
            });
        }
    }
}
