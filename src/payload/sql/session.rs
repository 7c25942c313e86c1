//! One session with a server: which statements are kept, and which are rolled back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::judgement::{Act, Control, Definition, Judgement, Stored, Use};
use super::source::Source;
use super::tree::with_tree;
use super::{Dialect, function_name_parts, statement, words};
use crate::call::{Findings, Nested};
use crate::context::Place;
use crate::effect::{Effect, Opaque, Reversibility, RuleId, Target};
use crate::location::Location;
use crate::resolve::{Command, Origin};

pub(super) const OPEN: &str =
    "a part of the SQL statement itself is known only when the command runs";
/// Functions that call functions are followed this deep.
const MAX_CALLS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// Each statement commits by itself.
    None,
    /// Several statements in one message: one transaction until the message ends.
    Implicit,
    /// Since `BEGIN`.
    Explicit,
}

/// An effect that waits for its transaction's end.
struct Pending {
    effect: Effect,
    transactional: bool,
}

/// A session, fed with messages in the order in which the client sends them.
pub struct Session<'a> {
    /// The command that sends them.
    by: &'a Command,
    place: Place,
    dialect: Dialect,
    block: Block,
    pending: Vec<Pending>,
    /// Names, and how many effects were pending when they were set.
    savepoints: Vec<(String, usize)>,
    functions: BTreeMap<String, Arc<Judgement>>,
    prepared: BTreeMap<String, Arc<Judgement>>,
    /// Temporary tables, as long as it is certain that the names mean them: if a statement before
    /// had failed, this one would not run.
    temporary: BTreeSet<String>,
    /// What is already among the findings: long scripts repeat themselves.
    reported: BTreeSet<(String, String, String)>,
    /// psql's AUTOCOMMIT.
    pub autocommit: bool,
    /// psql's ON_ERROR_STOP.
    pub stops_at_errors: bool,
    /// Set in branches that may not run: nothing there may be taken to begin or undo anything.
    pub uncertain: bool,
}

impl<'a> Session<'a> {
    #[must_use]
    pub fn new(by: &'a Command, place: Place) -> Self {
        Self::of(Dialect::Postgres, by, place)
    }

    #[must_use]
    pub fn of(dialect: Dialect, by: &'a Command, place: Place) -> Self {
        Self {
            by,
            place,
            dialect,
            block: Block::None,
            pending: Vec::new(),
            savepoints: Vec::new(),
            functions: BTreeMap::new(),
            prepared: BTreeMap::new(),
            temporary: BTreeSet::new(),
            reported: BTreeSet::new(),
            stops_at_errors: false,
            autocommit: true,
            uncertain: false,
        }
    }

    /// Opens a transaction as `psql -1` does.
    pub fn begin(&mut self) {
        self.block = Block::Explicit;
    }

    /// Commits what is open.
    pub fn commit(&mut self, findings: &mut Findings) {
        self.end_block();
        for pending in std::mem::take(&mut self.pending) {
            self.report(pending.effect, findings);
        }
    }

    fn end_block(&mut self) {
        self.savepoints.clear();
        self.block = Block::None;
        if !self.stops_at_errors {
            self.temporary.clear();
        }
    }

    fn report(&mut self, effect: Effect, findings: &mut Findings) {
        let class = effect.reversibility.class();
        let what = format!("{} {class}", effect.rule);
        let key = (what, effect.target.to_string(), effect.summary.clone());
        if self.reported.insert(key) {
            findings.effects.push(effect);
        }
    }

    /// Ends the session, or moves it to another server: what is open is rolled back.
    pub fn reconnect(&mut self, place: Option<Place>, findings: &mut Findings) {
        if self.uncertain {
            self.commit(findings);
        }
        self.roll_back_to(0, findings);
        self.end_block();
        self.temporary.clear();
        self.prepared.clear();
        if let Some(place) = place {
            self.place = place;
        }
    }

    /// Judges one message of a server's own dialect.
    pub fn message(
        &mut self,
        source: &Source,
        text: &str,
        at: &Sent,
        findings: &mut Findings,
    ) -> usize {
        if self.dialect == Dialect::Postgres {
            return self.postgres_message(source, text, at, findings);
        }
        match words::read(text, self.dialect) {
            Ok(readings) => {
                for reading in readings {
                    let uncertain = self.uncertain;
                    self.uncertain |= reading.uncertain;
                    // Each statement commits by itself, also if a message holds several.
                    for statement in &reading.statements {
                        let locate = |range: &Range<usize>| at.location(source, range);
                        self.statement(statement, source, &locate, findings);
                    }
                    self.uncertain = uncertain;
                }
            }
            Err(reason) => findings.opaque(reason, &at.location(source, &(0..text.len()))),
        }
        0
    }

    /// Judges one message: the statements of `text`, which the server runs as one transaction if
    /// they are several. `text` may differ from its place in `source` (psql's variables); then
    /// `at` is the range that it stands for, else the offset of its start.
    /// Returns how many of its statements read data that the client sends.
    fn postgres_message(
        &mut self,
        source: &Source,
        text: &str,
        at: &Sent,
        findings: &mut Findings,
    ) -> usize {
        let judged = with_tree(text, |tree| {
            let mut found: Vec<Judgement> = tree
                .root
                .children()
                .map(|node| statement::judge(&node, 0))
                .collect();
            mark_errors(&mut found, &tree.errors, text);
            if let Some(open) = &tree.open
                && let Some(last) = found.last_mut()
            {
                last.unseen(OPEN, open.clone());
            }
            found
        });
        let statements = match judged {
            Ok(statements) => statements,
            Err(reason) => {
                findings.opaque(reason, &at.location(source, &(0..text.len())));
                return 0;
            }
        };
        if super::changes_strings(text) {
            findings.opaque(
                "it may change how the server reads strings",
                &at.location(source, &(0..text.len())),
            );
        }
        self.open_message(&statements);
        let mut reads = 0;
        for statement in &statements {
            reads += usize::from(statement.reads_data);
            let locate = |range: &Range<usize>| at.location(source, range);
            self.statement(statement, source, &locate, findings);
        }
        if self.block == Block::Implicit {
            self.commit(findings);
        }
        reads
    }

    /// psql sends `BEGIN` by itself when AUTOCOMMIT is off; the server opens an implicit
    /// transaction for several statements in one message.
    fn open_message(&mut self, statements: &[Judgement]) {
        if self.block != Block::None {
            return;
        }
        if !self.autocommit
            && statements
                .iter()
                .any(|statement| statement.control.is_none())
        {
            self.block = Block::Explicit;
        } else if statements.len() > 1 {
            self.block = Block::Implicit;
        }
    }

    fn statement(
        &mut self,
        judged: &Judgement,
        source: &Source,
        locate: &dyn Fn(&Range<usize>) -> Location,
        findings: &mut Findings,
    ) {
        if let Some(control) = &judged.control {
            return self.control(control, findings);
        }
        self.collect(judged, source, locate, 0, findings);
        for definition in &judged.definitions {
            match definition {
                Definition::Function(name, body) => {
                    let name = function_name_parts(name).to_owned();
                    self.functions.insert(name, Arc::clone(body));
                }
                Definition::Trigger(name, body) => {
                    let known = self.functions.entry(name.clone()).or_default();
                    Arc::make_mut(known).absorb(body, &(0..0));
                }
                Definition::Prepared(name, inner) => {
                    self.prepared.insert(name.clone(), Arc::clone(inner));
                }
                Definition::Temporary(name) => {
                    let certain = self.block != Block::None || self.stops_at_errors;
                    if certain && !self.uncertain {
                        self.temporary.insert(name.clone());
                    }
                }
            }
        }
        if judged.ends_transactions || self.block == Block::None {
            self.commit(findings);
        }
    }

    /// Takes up the effects of a statement and of what it calls.
    fn collect(
        &mut self,
        judged: &Judgement,
        source: &Source,
        locate: &dyn Fn(&Range<usize>) -> Location,
        calls: usize,
        findings: &mut Findings,
    ) {
        for act in &judged.acts {
            let mut effect = self.effect(act, source, locate(&act.range));
            if let Some(why) = self.place.facts.get("disposable") {
                effect.reversibility = Reversibility::Reversible { undo: why.clone() };
            }
            if act
                .name
                .as_ref()
                .is_some_and(|name| self.is_temporary(name))
            {
                effect.reversibility = Reversibility::Reversible {
                    undo: "the table is temporary".into(),
                };
            }
            self.pending.push(Pending {
                effect,
                transactional: act.transactional && !judged.ends_transactions,
            });
        }
        for unseen in &judged.unseen {
            findings.opaque.push(Opaque {
                reason: unseen.reason.clone(),
                location: locate(&unseen.range),
            });
        }
        for program in &judged.programs {
            let location = locate(&program.range);
            findings
                .nested
                .push(self.server_shell(&program.text, source, &location));
        }
        for used in &judged.uses {
            let location = locate(&used.range);
            let at = |_: &Range<usize>| location.clone();
            match self.stored(used) {
                None if used.stored == Stored::Trigger => {}
                Some(body) if calls < MAX_CALLS => {
                    self.collect(&body, source, &at, calls + 1, findings);
                }
                _ => findings.opaque(unknown(used, source), &location),
            }
        }
    }

    /// Whether a table, or the table of a column, was made by this session for itself.
    fn is_temporary(&self, name: &str) -> bool {
        let table = name.split('.').next().unwrap_or(name);
        self.temporary.contains(name) || name.contains('.') && self.temporary.contains(table)
    }

    fn stored(&self, used: &Use) -> Option<Arc<Judgement>> {
        match used.stored {
            Stored::Prepared => self.prepared.get(&used.name).cloned(),
            Stored::Function | Stored::Procedure | Stored::Trigger => {
                self.functions.get(function_name_parts(&used.name)).cloned()
            }
        }
    }

    fn control(&mut self, control: &Control, findings: &mut Findings) {
        match control {
            // In a branch that may not run, neither its begin nor its rollback can be counted on.
            Control::Begin if self.uncertain => {}
            Control::Rollback { .. } | Control::RollbackTo(_) if self.uncertain => {}
            Control::Begin => self.block = Block::Explicit,
            Control::Commit { chain } => {
                self.commit(findings);
                self.chain(*chain);
            }
            Control::Rollback { chain } => {
                self.roll_back_to(0, findings);
                self.end_block();
                self.temporary.clear();
                self.chain(*chain);
            }
            Control::Savepoint(_) if self.uncertain => {}
            Control::Savepoint(name) => self.savepoints.push((name.clone(), self.pending.len())),
            Control::Release(name) => {
                if let Some(index) = self.savepoint(name) {
                    self.savepoints.truncate(index);
                }
            }
            Control::RollbackTo(name) => {
                if let Some(index) = self.savepoint(name)
                    && self.block != Block::None
                {
                    let pending = self
                        .savepoints
                        .get(index)
                        .map_or(0, |(_, pending)| *pending);
                    self.savepoints.truncate(index + 1);
                    self.roll_back_to(pending, findings);
                }
            }
        }
    }

    fn chain(&mut self, chain: bool) {
        if chain {
            self.block = Block::Explicit;
        }
    }

    fn savepoint(&self, name: &str) -> Option<usize> {
        self.savepoints.iter().rposition(|(set, _)| set == name)
    }

    /// Everything after the first `kept` pending effects is taken back, except for what no
    /// rollback reaches.
    fn roll_back_to(&mut self, kept: usize, findings: &mut Findings) {
        for pending in self.pending.split_off(kept.min(self.pending.len())) {
            let mut effect = pending.effect;
            if pending.transactional {
                effect.summary = format!("{}, and is rolled back", effect.summary);
                effect.reversibility = Reversibility::Reversible {
                    undo: "the transaction is rolled back".into(),
                };
                effect.also_lost.clear();
            }
            self.report(effect, findings);
        }
    }

    fn effect(&self, act: &Act, source: &Source, location: Location) -> Effect {
        // Databases, roles and slots belong to the server, not to the database of the session.
        let of_server = matches!(
            act.kind.as_ref(),
            "database"
                | "role"
                | "tablespace"
                | "replication slot"
                | "server"
                | "setting"
                | "server file"
        );
        let environment = if of_server {
            self.place
                .facts
                .get("server")
                .cloned()
                .or_else(|| self.place.environment.clone())
        } else {
            self.place.environment.clone()
        };
        let mut tier = self.place.tier;
        if act.kind == "database"
            && let Some(name) = &act.name
        {
            tier = tier.max(crate::context::postgres::named_tier(name, tier));
        }
        Effect {
            rule: RuleId::new(self.dialect.pack(), act.rule),
            action: act.action.into(),
            target: Target {
                kind: act.kind.clone(),
                name: act.name.as_deref().map(|name| source.shown(name)),
                environment,
                tier,
            },
            reversibility: act.reversibility.clone(),
            summary: source.shown(&act.summary),
            also_lost: act
                .also_lost
                .iter()
                .map(|lost| source.shown(lost))
                .collect(),
            evidence: self.place.evidence.clone(),
            instead: act.instead.clone(),
            location,
        }
    }

    /// A program of `COPY … PROGRAM` runs on the database server, as the server's user.
    fn server_shell(&self, text: &str, source: &Source, location: &Location) -> Nested {
        let mut by = self.by.clone();
        let server = self
            .place
            .facts
            .get("server")
            .map_or("the database server", String::as_str);
        by.elsewhere = Some(format!("database server {server}").into());
        by.environment.clear();
        by.stdin = crate::resolve::Stdin::Unknown("rows of COPY".into());
        by.redirections.clear();
        Nested::Shell {
            text: source.text_with_holes(text),
            origin: Origin::Place(location.clone()),
            arguments: Vec::new(),
            by: Box::new(by),
            shell: "sh".into(),
        }
    }
}

/// Where the text of a message stands in its source.
#[derive(Clone, Debug)]
pub enum Sent {
    /// Verbatim, from this offset on.
    From(usize),
    /// Changed on the way: it stands for this range.
    As(Range<usize>),
}

impl Sent {
    fn location(&self, source: &Source, range: &Range<usize>) -> Location {
        match self {
            Self::From(offset) => source.location(&(offset + range.start..offset + range.end)),
            Self::As(whole) => source.location(whole),
        }
    }
}

fn unknown(used: &Use, source: &Source) -> String {
    let name = source.shown(&used.name);
    match used.stored {
        Stored::Prepared => format!("what the prepared statement `{name}` does cannot be seen"),
        Stored::Procedure => format!("what the procedure `{name}` does cannot be seen"),
        Stored::Function | Stored::Trigger => {
            format!("`{name}` is a function that guard does not know: what it does cannot be seen")
        }
    }
}

/// Errors of the grammar outside of the nodes that already say so.
fn mark_errors(found: &mut Vec<Judgement>, errors: &[usize], text: &str) {
    const REASON: &str = "the SQL text cannot be read as PostgreSQL would";
    let marked = found
        .iter()
        .any(|judged| judged.unseen.iter().any(|unseen| unseen.reason == REASON));
    if let Some(first) = errors.first()
        && !marked
    {
        let mut judged = Judgement::default();
        judged.unseen(REASON, (*first).min(text.len())..text.len());
        found.push(judged);
    }
    // One complaint for a run of tokens that make no statement is enough.
    for pair in (1..found.len()).rev() {
        let is_error = |judged: &Judgement| {
            judged.acts.is_empty()
                && !judged.unseen.is_empty()
                && judged.unseen.iter().all(|unseen| unseen.reason == REASON)
        };
        if found.get(pair).is_some_and(is_error) && found.get(pair - 1).is_some_and(is_error) {
            found.remove(pair);
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
