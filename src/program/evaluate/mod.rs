//! Walks a program as its interpreter would, over values that are known only in part.
//!
//! Owns statements and scopes: branches are joined, loops over known items are walked item by
//! item, any other loop once with what is known and once with everything unknown that the first
//! round changed. Never knows what a call of a library means: that is in the packs.

mod emit;
mod expression;
mod function;
mod output;
mod pattern;
mod task;

use std::path::PathBuf;
use std::rc::Rc;

use super::Language;
use super::tree::{Binding, Class, Expression, Import, Imported, Pattern, Program, Statement};
use super::tree::{ExpressionKind, Function, Parameter, ParameterKind, Role, StatementKind};
use super::value::{
    Arguments, Changes, ClassValue, Id, Item, Scope, ScopeKind, Store, Unit, Value,
};
use crate::call::{Call, Findings};
use crate::location::{Location, Span};
use crate::payload::holes::Holes;
use crate::resolve::{Directory, Origin, Source, Text};
pub(super) use expression::sliced;
pub(crate) use task::Asked;
use task::Tasks;

/// Statements and expressions that are walked with everything known; beyond it loops are not
/// walked item by item any more, nor functions again.
const STEPS: usize = 20_000;
/// Beyond this the program is not followed to its end.
const STEP_LIMIT: usize = 400_000;
/// What a step costs, in the unit of [`World::spend`](crate::world::World::spend).
const STEP_WORK: usize = 128;
/// More items of one list are not kept.
const LIST_LIMIT: usize = 10_000;
/// Forms within forms within calls.
const DEPTH_LIMIT: usize = 220;
/// Rounds of one loop that are walked with what is known.
const ROUNDS: usize = 300;
/// A longer file is not asked about because it was not followed to its end (bytes).
const LONG: usize = 1 << 14;
/// A source is shown up to here (bytes).
const SHOWN: usize = 60;

/// What comes after a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flow {
    #[default]
    Next,
    Continue,
    Break,
    Return,
    Throw,
    Exit,
}

/// One function being walked, or the program itself.
#[derive(Default)]
pub(super) struct Frame {
    returned: Option<Value>,
    yielded: Option<Id>,
    class: Option<Rc<ClassValue>>,
    this: Option<Value>,
    function: Option<*const Function>,
}

pub(crate) struct Evaluator<'a> {
    pub(super) language: &'static Language,
    pub(super) call: &'a Call<'a>,
    pub(super) findings: &'a mut Findings,
    pub(super) holes: &'a Holes,
    pub(super) store: Store,
    pub(super) scope: Rc<Scope>,
    pub(super) unit: Rc<Unit>,
    /// The program's arguments, its own name first.
    pub(super) arguments: Vec<Text>,
    /// A program that is written down only to be run, and not one that is kept in a file: what
    /// is handed to others is taken to be called.
    pub(super) is_inline: bool,
    /// Standard input is the program itself.
    pub(super) reads_stdin: bool,
    /// Variables that the program changes for what it starts.
    pub(super) environment: Id,
    /// Where it stands: a text, as `chdir` leaves it.
    directory: Id,
    /// What it printed: a text.
    printed: Id,
    frames: Vec<Frame>,
    flow: Flow,
    /// How many `try` blocks would see what is thrown here.
    tries: usize,
    steps: usize,
    depth: usize,
    cut: bool,
    modules: Vec<(PathBuf, Value)>,
    /// What a runner asks of the program, where one reads it.
    tasks: Option<Tasks>,
    /// The arguments that the program says it takes, as it declared each.
    pub(super) declared: Vec<Arguments>,
    /// Commands that one of these arguments names.
    pub(super) commands: Vec<(String, Value)>,
}

/// What a program is run with.
pub(crate) struct Run<'a> {
    pub(crate) text: String,
    pub(crate) origin: Origin,
    pub(crate) path: Option<PathBuf>,
    pub(crate) arguments: Vec<Text>,
    pub(crate) is_inline: bool,
    pub(crate) reads_stdin: bool,
    pub(crate) holes: &'a Holes,
    pub(crate) asked: Option<Asked>,
}

/// Walks a program and notes what it would do; gives the names of tasks that were asked for and
/// are not in it.
pub(crate) fn run(
    run: Run<'_>,
    language: &'static Language,
    call: &Call<'_>,
    findings: &mut Findings,
) -> Vec<String> {
    let program = (language.parse)(&run.text);
    let unit = Rc::new(Unit {
        source: Source::new(&run.text, run.origin),
        text: run.text,
        path: run.path,
        is_main: true,
    });
    let mut store = Store::default();
    let directory = match &call.command.directory {
        Directory::Known(path) => Text::known(path.to_string_lossy()),
        Directory::Unknown(source) => Text::unknown(source.clone()),
    };
    let directory = store.add(Item::Variable(Some(Value::Text(directory))));
    let environment = store.add(Item::Map {
        pairs: Vec::new(),
        open: false,
    });
    let printed = store.add(Item::Variable(Some(Value::Text(Text::empty()))));
    let mut evaluator = Evaluator {
        language,
        call,
        findings,
        holes: run.holes,
        store,
        scope: Scope::new(ScopeKind::Program, None),
        unit,
        arguments: run.arguments,
        is_inline: run.is_inline,
        reads_stdin: run.reads_stdin,
        environment: environment.unwrap_or_default(),
        directory: directory.unwrap_or_default(),
        printed: printed.unwrap_or_default(),
        frames: vec![Frame::default()],
        flow: Flow::Next,
        tries: 0,
        steps: 0,
        depth: 0,
        cut: false,
        modules: Vec::new(),
        tasks: run.asked.map(Tasks::new),
        declared: Vec::new(),
        commands: Vec::new(),
    };
    evaluator.program(&program);
    evaluator.run_tasks();
    evaluator.say_limits();
    let output = evaluator.output();
    let printed = &mut evaluator.findings.printed;
    printed.get_or_insert_default().append(output);
    evaluator
        .tasks
        .map(|tasks| tasks.missing)
        .unwrap_or_default()
}

impl Evaluator<'_> {
    /// Walks a text of its own: the program, what it evaluates, a module.
    fn program(&mut self, program: &Program) {
        self.note_holes(program);
        self.block(&program.body);
    }

    /// Says that the program was not followed to its end. In a file that somebody keeps this is no
    /// question where the file is long, as what a bundler makes is.
    fn say_limits(&mut self) {
        if !self.cut {
            return;
        }
        let reason = "the program is too long or nested too deeply to follow";
        match &self.unit.path {
            Some(path) if self.unit.text.len() > LONG && !self.call.world.is_written(path) => {
                let note = format!("{}: {reason} to its end", path.display());
                self.findings.notes.push(note);
            }
            _ => self.opaque(reason, Span::default()),
        }
    }

    fn note_holes(&mut self, program: &Program) {
        self.cut |= program.cut;
        if let Some(hole) = program.holes.first() {
            self.print_unseen();
            let shown = self.shown(*hole);
            let reason = format!("guard cannot read this part of the program: {shown}");
            self.unfolded(reason, *hole);
        }
    }

    /// Walks another text in the scope that is current now, and gives what it comes to.
    pub(super) fn evaluate(&mut self, text: &str, span: Span) -> Value {
        let (unit, program) = self.read(text, span);
        let outer = std::mem::replace(&mut self.unit, unit);
        let value = self.deeper(|this| {
            this.note_holes(&program);
            this.last_value(&program.body)
        });
        self.unit = outer;
        value.unwrap_or_else(|| self.unknown(span))
    }

    /// A function whose body is this text.
    pub(super) fn function_of(&mut self, text: &str, names: &[String], span: Span) -> Value {
        let (unit, program) = self.read(text, span);
        self.note_holes(&program);
        let parameters = names.iter().map(|name| {
            let target = Expression::new(span, ExpressionKind::Name(name.clone()));
            Parameter {
                pattern: Pattern::Target(Box::new(target)),
                name: Some(name.clone()),
                default: None,
                kind: ParameterKind::Positional,
            }
        });
        let function = Function {
            name: None,
            parameters: parameters.collect(),
            body: program.body,
            decorators: Vec::new(),
            closed: false,
            detached: false,
            role: Role::Plain,
            implicit_return: false,
            span,
        };
        let outer = std::mem::replace(&mut self.unit, unit);
        let value = self.closure(&Rc::new(function));
        self.unit = outer;
        value
    }

    fn read(&self, text: &str, span: Span) -> (Rc<Unit>, Program) {
        let unit = Unit {
            source: Source::new(text, Origin::Place(self.locate(span))),
            text: text.to_owned(),
            path: self.unit.path.clone(),
            is_main: self.unit.is_main,
        };
        (Rc::new(unit), (self.language.parse)(text))
    }

    /// Statements in a row, and what the last comes to, if it is an expression.
    fn last_value(&mut self, statements: &[Statement]) -> Value {
        match statements.split_last() {
            Some((last, rest)) => {
                self.block(rest);
                if let (Flow::Next, StatementKind::Expression(last)) = (self.flow, &last.kind) {
                    return self.expression(last);
                }
                self.block(std::slice::from_ref(last));
                Value::Null
            }
            None => Value::Null,
        }
    }

    /// A module that stands beside the program: walked once, and known by what it binds.
    pub(super) fn module(&mut self, path: PathBuf, text: String, span: Span) -> Value {
        if let Some((_, known)) = self.modules.iter().find(|(known, _)| *known == path) {
            return known.clone();
        }
        let place = self.locate(span).span;
        self.findings.programs.push(Rc::from(path.as_path()));
        let program = (self.language.parse)(&text);
        let unit = Rc::new(Unit {
            source: Source::new(
                &text,
                Origin::File {
                    path: Rc::from(path.as_path()),
                    place,
                },
            ),
            text,
            path: Some(path.clone()),
            is_main: false,
        });
        let scope = Scope::new(ScopeKind::Program, None);
        let value = Value::Class(plain_class(Vec::new(), Rc::clone(&scope), span));
        // It may import the program again, or itself.
        self.modules.push((path, value.clone()));
        let outer = (
            std::mem::replace(&mut self.unit, unit),
            std::mem::replace(&mut self.scope, scope),
            std::mem::replace(&mut self.is_inline, false),
        );
        self.frames.push(Frame::default());
        self.deeper(|this| this.program(&program));
        self.frames.pop();
        (self.unit, self.scope, self.is_inline) = outer;
        self.flow = Flow::Next;
        value
    }

    /// A class whose instances are made of these fields.
    pub(super) fn record_class(&self, fields: Vec<String>, span: Span) -> Value {
        let members = Scope::new(ScopeKind::Class, None);
        Value::Class(plain_class(fields, members, span))
    }

    /// An object with these members.
    pub(super) fn record(&mut self, members: Vec<(String, Value)>, span: Span) -> Value {
        let class = plain_class(Vec::new(), Scope::new(ScopeKind::Class, None), span);
        match self.store.add(Item::Instance { class, members }) {
            Some(id) => Value::Instance(id),
            None => self.unknown(span),
        }
    }

    /// How many modules beside the program were read.
    pub(super) fn module_count(&self) -> usize {
        self.modules.len()
    }

    /// Goes one form deeper; nothing where the limit is.
    pub(super) fn deeper<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.steps += 1;
        if self.depth >= DEPTH_LIMIT || self.steps > STEP_LIMIT || !self.spend(STEP_WORK) {
            self.cut = true;
            return None;
        }
        self.depth += 1;
        let walked = walk(self);
        self.depth -= 1;
        Some(walked)
    }

    /// Notes work for the text that the program is part of.
    pub(super) fn spend(&self, work: usize) -> bool {
        self.call.world.spend(work)
    }

    /// Whether there is time left to walk everything with what is known.
    pub(super) const fn is_fresh(&self) -> bool {
        self.steps < STEPS
    }

    pub(super) fn locate(&self, span: Span) -> Location {
        self.unit.source.locate(self.inside(span))
    }

    /// A grammar that gets a last line's end with the text may see something there.
    fn inside(&self, span: Span) -> Span {
        let end = self.unit.text.len();
        Span::new(span.start.min(end), span.end.min(end))
    }

    /// What stands at a place of the program, for a person.
    pub(super) fn shown(&self, span: Span) -> String {
        let span = self.inside(span);
        let text = self.unit.text.get(span.start..span.end).unwrap_or("?");
        let text = self.holes.display(text);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
            None => line,
        }
    }

    pub(super) fn unknown(&self, span: Span) -> Value {
        Value::unknown(self.shown(span))
    }

    /// Where the program stands now.
    pub(super) fn directory(&self) -> Directory {
        match self.store.get(self.directory) {
            Some(Item::Variable(Some(Value::Text(text)))) => match text.exact() {
                Some(path) => Directory::Known(PathBuf::from(path)),
                None => Directory::Unknown(text.display().into_owned()),
            },
            _ => Directory::Unknown("the program's directory".to_owned()),
        }
    }

    /// `chdir`.
    pub(super) fn enter_directory(&mut self, to: &Text) {
        let entered = match to.exact().map(|path| self.directory().join(path)) {
            Some(Some(path)) => Text::known(path.to_string_lossy()),
            _ => Text::unknown(to.display().into_owned()),
        };
        if let Some(place) = self.store.change(self.directory) {
            *place = Item::Variable(Some(Value::Text(entered)));
        }
    }

    // Scopes.

    /// The place of a name as it is seen from here.
    fn find(&self, name: &str) -> Option<Id> {
        let mut scope = Some(Rc::clone(&self.scope));
        let mut within_function = false;
        let mut closed = false;
        while let Some(here) = scope {
            // A class's names are not seen from its methods.
            let hidden = (here.kind == ScopeKind::Class && within_function)
                || (closed && here.kind != ScopeKind::Program);
            if !hidden && let Some(id) = here.names.borrow().get(name) {
                return Some(*id);
            }
            within_function |= matches!(here.kind, ScopeKind::Function | ScopeKind::Closed);
            closed |= here.kind == ScopeKind::Closed;
            scope = here.parent.clone();
        }
        None
    }

    pub(super) fn lookup(&self, name: &str) -> Option<Value> {
        match self.store.get(self.find(name)?) {
            Some(Item::Variable(value)) => value.clone(),
            _ => None,
        }
    }

    /// The scope that a binding of this name goes to.
    fn scope_for(&self, name: &str, binding: Binding) -> Rc<Scope> {
        if binding == Binding::Block {
            return Rc::clone(&self.scope);
        }
        let mut scope = Rc::clone(&self.scope);
        if binding == Binding::Nearest {
            loop {
                if scope.names.borrow().contains_key(name) {
                    return scope;
                }
                match scope.parent.clone() {
                    Some(parent) => scope = parent,
                    None => return scope,
                }
            }
        }
        let mut global = None;
        loop {
            if scope.kind != ScopeKind::Block {
                match (global, scope.outer.borrow().get(name)) {
                    (None, None) => return Rc::clone(&scope),
                    (None, Some(to_program)) => global = Some(*to_program),
                    (Some(true), _) if scope.kind == ScopeKind::Program => {
                        return Rc::clone(&scope);
                    }
                    (Some(false), _) if scope.names.borrow().contains_key(name) => {
                        return Rc::clone(&scope);
                    }
                    _ => {}
                }
            }
            match scope.parent.clone() {
                Some(parent) => scope = parent,
                None => return scope,
            }
        }
    }

    pub(super) fn bind(&mut self, name: &str, value: Value, binding: Binding) {
        let scope = self.scope_for(name, binding);
        self.bind_in(&scope, name, value);
    }

    pub(super) fn bind_in(&mut self, scope: &Scope, name: &str, value: Value) {
        let known = scope.names.borrow().get(name).copied();
        let id = match known {
            Some(id) => id,
            None => {
                let Some(id) = self.store.add(Item::Variable(None)) else {
                    self.cut = true;
                    return;
                };
                scope.names.borrow_mut().insert(name.to_owned(), id);
                id
            }
        };
        if let Some(place) = self.store.change(id) {
            *place = Item::Variable(Some(value));
        }
    }

    pub(super) fn within<T>(&mut self, scope: Rc<Scope>, walk: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope, scope);
        let walked = walk(self);
        self.scope = outer;
        walked
    }

    pub(super) fn list(&mut self, mut items: Vec<Value>, mut open: bool) -> Value {
        self.shorten(&mut items, &mut open);
        match self.store.add(Item::List { items, open }) {
            Some(id) => Value::List(id),
            None => Value::unknown("one of very many lists"),
        }
    }

    /// Keeps a list within its limit.
    pub(super) fn shorten(&self, items: &mut Vec<Value>, open: &mut bool) {
        self.spend(items.len() * STEP_WORK);
        if items.len() > LIST_LIMIT {
            items.truncate(LIST_LIMIT);
            *open = true;
        }
    }

    pub(super) fn map(&mut self, pairs: Vec<(String, Value)>, open: bool) -> Value {
        match self.store.add(Item::Map { pairs, open }) {
            Some(id) => Value::Map(id),
            None => Value::unknown("one of very many maps"),
        }
    }

    // Ways.

    /// Walks a way that may not be gone, or not alone.
    fn way<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> (T, Flow, Changes) {
        self.store.enter();
        let before = std::mem::take(&mut self.flow);
        let walked = walk(self);
        let flow = std::mem::replace(&mut self.flow, before);
        (walked, flow, self.store.leave())
    }

    /// Joins ways one of which is gone. One that ends the program says nothing of what is next.
    fn join(&mut self, ways: Vec<(Flow, Changes)>) {
        let flow = ways.iter().map(|(flow, _)| *flow).min();
        let lost = |flow: Flow| flow == Flow::Exit || (flow == Flow::Throw && self.tries == 0);
        let count = ways.len();
        let kept: Vec<Changes> = ways
            .into_iter()
            .filter(|(flow, _)| !lost(*flow))
            .map(|(_, changes)| changes)
            .collect();
        let ends = kept.len() < count;
        self.store.join(kept);
        if ends {
            // What that way printed may be all.
            self.print_unseen();
        }
        self.flow = self.flow.max(flow.unwrap_or_default());
    }

    /// Tries each of these; what it gives is either's.
    pub(super) fn alternatives<T>(
        &mut self,
        walks: impl IntoIterator<Item = T>,
        mut walk: impl FnMut(&mut Self, T) -> Value,
    ) -> Value {
        let mut value: Option<Value> = None;
        let mut ways = Vec::new();
        for item in walks {
            let (found, flow, changes) = self.way(|this| walk(this, item));
            if flow < Flow::Throw {
                value = Some(match value {
                    Some(known) => known.or(found),
                    None => found,
                });
            }
            ways.push((flow, changes));
        }
        self.join(ways);
        value.unwrap_or(Value::Null)
    }

    // Statements.

    /// Statements in a row, in the scope that is current.
    pub(super) fn block(&mut self, statements: &[Statement]) {
        for statement in statements {
            if let StatementKind::Function(function) = &statement.kind
                && let Some(name) = &function.name
                && function.decorators.is_empty()
            {
                let value = self.closure(function);
                self.bind(name, value, Binding::Function);
            }
        }
        for statement in statements {
            if self.flow != Flow::Next {
                break;
            }
            self.deeper(|this| this.statement(statement));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.expression(expression);
            }
            StatementKind::Function(function) => {
                // The bare ones are bound before anything runs.
                if let (Some(name), false) = (&function.name, function.decorators.is_empty()) {
                    let value = self.closure(function);
                    let value = self.decorated(&function.decorators, value);
                    self.bind(name, value, Binding::Function);
                }
            }
            StatementKind::Class(class) => {
                let value = self.class(class);
                if let Some(name) = &class.name {
                    let value = self.decorated(&class.decorators, value);
                    self.bind(name, value, Binding::Function);
                }
            }
            StatementKind::Import(import) => self.import(import, statement.span),
            StatementKind::Branch {
                condition,
                then,
                otherwise,
            } => self.branch(condition, then, otherwise),
            StatementKind::Alternatives(ways) => self.choose(ways),
            StatementKind::For {
                target,
                binding,
                over,
                keys,
                body,
            } => self.for_each(target, *binding, over, *keys, body),
            StatementKind::While {
                condition,
                update,
                body,
                first,
            } => self.repeat(condition, update, body, *first),
            StatementKind::Try {
                body,
                handlers,
                finally,
            } => self.attempt(body, handlers, finally),
            StatementKind::With { items, body } => self.with(items, body),
            StatementKind::Block(statements) => {
                let scope = Scope::new(ScopeKind::Block, Some(Rc::clone(&self.scope)));
                self.within(scope, |this| this.block(statements));
            }
            StatementKind::Return(value) => {
                let value = value.as_ref().map_or(Value::Null, |v| self.expression(v));
                self.give(value);
                self.flow = self.flow.max(Flow::Return);
            }
            StatementKind::Throw(value) => {
                if let Some(value) = value {
                    self.expression(value);
                }
                self.flow = self.flow.max(Flow::Throw);
            }
            StatementKind::Break => self.flow = self.flow.max(Flow::Break),
            StatementKind::Continue => self.flow = self.flow.max(Flow::Continue),
            StatementKind::Outer { names, global } => {
                let mut scope = Rc::clone(&self.scope);
                while scope.kind == ScopeKind::Block {
                    match scope.parent.clone() {
                        Some(parent) => scope = parent,
                        None => break,
                    }
                }
                let names = names.iter().map(|name| (name.clone(), *global));
                scope.outer.borrow_mut().extend(names);
            }
        }
    }

    /// Adds to what the function gives.
    pub(super) fn give(&mut self, value: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.returned = Some(match frame.returned.take() {
                Some(known) => known.or(value),
                None => value,
            });
        }
    }

    pub(super) fn exit(&mut self) {
        self.flow = Flow::Exit;
    }

    fn branch(&mut self, condition: &Expression, then: &[Statement], otherwise: &[Statement]) {
        let value = self.expression(condition);
        match self.truth(&value) {
            Some(true) => self.block_scope(then),
            Some(false) => self.block_scope(otherwise),
            None => {
                let mut ways = Vec::new();
                for body in [then, otherwise] {
                    let ((), flow, changes) = self.way(|this| this.block_scope(body));
                    ways.push((flow, changes));
                }
                self.join(ways);
            }
        }
    }

    fn block_scope(&mut self, statements: &[Statement]) {
        let scope = Scope::new(ScopeKind::Block, Some(Rc::clone(&self.scope)));
        self.within(scope, |this| this.block(statements));
    }

    fn choose(&mut self, ways: &[Vec<Statement>]) {
        let mut tried = vec![(Flow::Next, Changes::new())];
        for body in ways {
            let ((), flow, changes) = self.way(|this| this.block_scope(body));
            // `break` leaves the `switch`.
            let flow = if flow == Flow::Break {
                Flow::Next
            } else {
                flow
            };
            tried.push((flow, changes));
        }
        self.join(tried);
    }

    fn for_each(
        &mut self,
        target: &Pattern,
        binding: Binding,
        over: &Expression,
        keys: bool,
        body: &[Statement],
    ) {
        let value = self.expression(over);
        let (items, open) = self.items(&value, keys, over.span);
        let scope = Scope::new(ScopeKind::Block, Some(Rc::clone(&self.scope)));
        self.within(scope, |this| {
            let walked = items.len().min(if this.is_fresh() { ROUNDS } else { 1 });
            for item in items.iter().take(walked) {
                this.assign(target, item.clone(), binding);
                this.block_scope(body);
                if this.left_loop() {
                    return;
                }
            }
            if !open && walked == items.len() {
                return;
            }
            let rest = items
                .into_iter()
                .skip(walked)
                .reduce(Value::or)
                .unwrap_or_else(|| this.unknown(over.span));
            this.rounds(over.span, |this| {
                this.assign(target, rest.clone(), binding);
                this.block_scope(body);
            });
        });
    }

    /// Whether the round just walked was the last; `continue` and `break` end here.
    fn left_loop(&mut self) -> bool {
        match self.flow {
            Flow::Next => false,
            Flow::Continue => {
                self.flow = Flow::Next;
                false
            }
            Flow::Break => {
                self.flow = Flow::Next;
                true
            }
            Flow::Return | Flow::Throw | Flow::Exit => true,
        }
    }

    /// Rounds of which nobody knows how many there are, if any.
    fn rounds(&mut self, span: Span, mut round: impl FnMut(&mut Self)) {
        let source: Rc<str> = Rc::from(self.shown(span));
        let ((), flow, changes) = self.way(&mut round);
        if changes.is_empty() {
            return;
        }
        let ended = flow >= Flow::Return;
        self.join(vec![
            (Flow::Next, Changes::new()),
            (Flow::Next, changes.clone()),
        ]);
        if ended {
            return;
        }
        self.store.widen(&changes, &source);
        let ((), _, changes) = self.way(&mut round);
        self.join(vec![(Flow::Next, Changes::new()), (Flow::Next, changes)]);
    }

    fn repeat(
        &mut self,
        condition: &Expression,
        update: &[Expression],
        body: &[Statement],
        first: bool,
    ) {
        let mut asked = !first;
        for _ in 0..ROUNDS {
            if asked {
                let value = self.expression(condition);
                match self.truth(&value) {
                    Some(false) => return,
                    Some(true) if self.is_fresh() => {}
                    _ => break,
                }
            }
            asked = true;
            self.block_scope(body);
            if self.left_loop() {
                return;
            }
            for expression in update {
                self.expression(expression);
            }
            // `while (true)` that never changes anything is walked no more than any other.
            if matches!(condition.kind, ExpressionKind::Boolean(true)) {
                break;
            }
        }
        self.rounds(condition.span, |this| {
            this.block_scope(body);
            for expression in update {
                this.expression(expression);
            }
            this.expression(condition);
        });
    }

    fn attempt(
        &mut self,
        body: &[Statement],
        handlers: &[(Option<Pattern>, Vec<Statement>)],
        finally: &[Statement],
    ) {
        self.tries += 1;
        let ((), flow, changes) = self.way(|this| this.block_scope(body));
        self.tries -= 1;
        let done = (flow, changes.clone());
        if handlers.is_empty() {
            self.join(vec![done]);
        } else {
            // It may have been thrown anywhere.
            let mut ways = Vec::new();
            if flow != Flow::Throw {
                ways.push(done);
            }
            for (name, handler) in handlers {
                let ((), flow, changes) = self.way(|this| {
                    this.store.join(vec![Changes::new(), changes.clone()]);
                    if let Some(name) = name {
                        let thrown = Value::unknown("what was thrown");
                        this.assign(name, thrown, Binding::Function);
                    }
                    this.block_scope(handler);
                });
                ways.push((flow, changes));
            }
            self.join(ways);
        }
        let flow = std::mem::take(&mut self.flow);
        self.block_scope(finally);
        self.flow = self.flow.max(flow);
    }

    fn with(&mut self, items: &[(Expression, Option<Pattern>)], body: &[Statement]) {
        let mut entered = Vec::new();
        for (expression, target) in items {
            let value = self.expression(expression);
            let inner = self.entered(&value, expression.span);
            if let Some(target) = target {
                self.assign(target, inner, Binding::Function);
            }
            entered.push((value, expression.span));
        }
        self.block(body);
        let flow = std::mem::take(&mut self.flow);
        for (value, span) in entered.into_iter().rev() {
            self.left(&value, span);
        }
        self.flow = self.flow.max(flow);
    }

    fn import(&mut self, import: &Import, span: Span) {
        let module = self.imported(&import.module, span);
        match &import.names {
            Imported::Module(name) => self.bind(name, module, Binding::Function),
            Imported::Names(names) => {
                for (name, here) in names {
                    let value = self.member(&module, name, span);
                    self.bind(here, value, Binding::Function);
                }
            }
            Imported::All => match &module {
                Value::Class(class) => {
                    let names: Vec<(String, Id)> = class
                        .members
                        .names
                        .borrow()
                        .iter()
                        .map(|(name, id)| (name.clone(), *id))
                        .collect();
                    for (name, id) in names {
                        if let Some(Item::Variable(Some(value))) = self.store.get(id).cloned() {
                            self.bind(&name, value, Binding::Function);
                        }
                    }
                }
                Value::Name(name) => self.starred(&name.path),
                _ => {}
            },
            Imported::Nothing => {}
        }
    }

    /// Binds every name of a library that matters (`from shutil import *`).
    fn starred(&mut self, module: &str) {
        let names: Vec<String> = self.language.pack().members(module).collect();
        for name in names {
            let value = self.library_name(&format!("{module}.{name}"));
            self.bind(&name, value, Binding::Function);
        }
    }

    /// What a module's name stands for: one beside the program, or a library. What a module
    /// imports itself is taken for a library, unless this text writes it: one level is followed of
    /// what somebody keeps.
    pub(super) fn imported(&mut self, module: &str, span: Span) -> Value {
        match (self.language.module)(self, module) {
            Some((path, text)) if self.unit.is_main || self.call.world.is_written(&path) => {
                if self.module_count() < super::MODULES {
                    return self.module(path, text, span);
                }
                let note = format!("{}: one of more modules than guard reads", path.display());
                self.findings.notes.push(note);
                self.library_name(module)
            }
            _ => self.library_name(module),
        }
    }

    fn class(&mut self, class: &Rc<Class>) -> Value {
        let bases: Vec<Value> = class.bases.iter().map(|b| self.expression(b)).collect();
        let members = Scope::new(ScopeKind::Class, Some(Rc::clone(&self.scope)));
        let value = Rc::new(ClassValue {
            class: Rc::clone(class),
            bases,
            members: Rc::clone(&members),
        });
        let around = self
            .frames
            .last_mut()
            .and_then(|frame| frame.class.replace(Rc::clone(&value)));
        self.within(members, |this| this.block(&class.body));
        if let Some(frame) = self.frames.last_mut() {
            frame.class = around;
        }
        Value::Class(value)
    }

    /// The methods of a class that run without a call that could be seen.
    pub(super) fn implicit_methods(&self, class: &ClassValue) -> Vec<String> {
        let methods = class.class.body.iter().filter_map(|statement| {
            let StatementKind::Function(function) = &statement.kind else {
                return None;
            };
            function
                .name
                .clone()
                .filter(|_| function.role == Role::Implicit)
        });
        methods.collect()
    }
}

/// A class that no program wrote.
fn plain_class(fields: Vec<String>, members: Rc<Scope>, span: Span) -> Rc<ClassValue> {
    let class = Class {
        name: None,
        bases: Vec::new(),
        body: Vec::new(),
        constructor: "",
        explicit_self: false,
        fields,
        decorators: Vec::new(),
        span,
    };
    Rc::new(ClassValue {
        class: Rc::new(class),
        bases: Vec::new(),
        members,
    })
}
