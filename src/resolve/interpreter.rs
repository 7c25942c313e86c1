//! The interpreter: walks the tree as the shell would, over abstract values.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::builtins::normalized;
use super::command::{Argument, Command, Directory, Stdin};
use super::expand::Field;
use super::pure;
use super::redirection::Io;
use super::source::{Origin, Source};
use super::state::{Function, State, Value};
use super::text::{Part, Text};
use crate::location::Location;
use crate::shell::{
    self, AndOrOperator, AssignmentValue, Compound, CompoundKind, Node, Piece, RedirectionTarget,
    Script, SimpleCommand, Word,
};
use crate::world::{Overlay, World};

/// Nested calls, substitutions and sourced files.
const DEPTH_LIMIT: usize = 40;
/// Compound commands within compound commands, through every text that is followed: a bound on the
/// stack.
const NESTING_LIMIT: usize = 200;
/// Commands looked at in one text; a bound on loops within loops.
const STEP_LIMIT: usize = 100_000;
/// Iterations of a loop over known words that are walked one by one.
const UNROLL_LIMIT: usize = 50;
/// Known output longer than this is not kept (bytes).
const OUTPUT_LIMIT: usize = 1 << 20;
/// Output of more known and unknown parts than this is not kept, either.
const OUTPUT_PARTS: usize = 256;

/// Gets what the interpreter finds, in the order in which the shell would run it.
pub(crate) trait Sink {
    /// `nesting` is how deep the command stands, for texts that it starts in turn.
    fn command(&mut self, command: Command, nesting: usize);
    fn opaque(&mut self, reason: String, location: Location);
}

pub(super) struct Interpreter<'w> {
    pub(super) world: &'w Overlay<'w>,
    pub(super) sink: &'w mut dyn Sink,
    pub(super) state: State,
    pub(super) source: Rc<Source>,
    pub(super) elsewhere: Option<Rc<str>>,
    pub(super) depth: usize,
    pub(super) nesting: usize,
    pub(super) steps: usize,
    /// Above 0 where a command may not run, or may fail without ending the script.
    pub(super) conditional: usize,
    pub(super) errexit: bool,
    /// The shell that guard stands in for, not one that a command starts.
    pub(super) outermost: bool,
    /// Descriptors that the text itself opens.
    pub(super) opened: BTreeSet<u32>,
    /// The command that is being expanded: a place for what has none of its own.
    pub(super) current: Location,
}

impl Interpreter<'_> {
    pub(super) fn script(&mut self, script: &Script) -> Text {
        let output = self.list(&script.list);
        for hole in &script.holes {
            let location = self.source.locate(hole.span);
            self.sink.opaque(hole.reason.clone(), location);
        }
        output
    }

    /// Parses and runs a text in the current shell.
    pub(super) fn text(&mut self, text: &str, origin: Origin) -> Text {
        let script = shell::parse(text);
        let outer = std::mem::replace(&mut self.source, Source::new(text, origin));
        let output = self.deeper(|shell| shell.script(&script));
        self.source = outer;
        output
    }

    /// Bounds the depth; beyond it what would run is opaque.
    pub(super) fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        if self.depth >= DEPTH_LIMIT {
            if self.steps < STEP_LIMIT {
                let location = self.current.clone();
                self.sink
                    .opaque("calls go too deep to follow".to_owned(), location);
                // Once is enough, and a runaway recursion must end.
                self.steps = STEP_LIMIT;
            }
            return Text::unknown("a deep call");
        }
        self.depth += 1;
        let output = run(self);
        self.depth -= 1;
        output
    }

    /// Runs in a subshell: what it changes is forgotten.
    pub(super) fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        let before = self.state.clone();
        let output = self.deeper(run);
        self.state = before;
        output
    }

    fn list(&mut self, list: &[Node]) -> Text {
        let mut output = Text::empty();
        for node in list {
            if self.steps >= STEP_LIMIT {
                // It was said that no more is looked at.
                return Text::unknown("…");
            }
            let text = self.node(node);
            append_output(&mut output, text);
        }
        output
    }

    pub(super) fn node(&mut self, node: &Node) -> Text {
        if self.nesting >= NESTING_LIMIT {
            if self.steps < STEP_LIMIT {
                let location = self.current.clone();
                self.sink.opaque(
                    "commands are nested too deeply to follow".to_owned(),
                    location,
                );
                self.steps = STEP_LIMIT;
            }
            return Text::unknown("a deep command");
        }
        self.nesting += 1;
        let output = self.node_within_limits(node);
        self.nesting -= 1;
        output
    }

    fn node_within_limits(&mut self, node: &Node) -> Text {
        match node {
            Node::Simple(command) => self.simple(command),
            Node::Pipeline { stages, .. } => self.pipeline(stages),
            Node::AndOr {
                left,
                operator,
                right,
            } => self.and_or(left, *operator, right),
            Node::Background(node) => self.subshell(|shell| shell.node(node)),
            Node::Compound(compound) => self.compound(compound),
            Node::Function { name, body, .. } => {
                let function = Function {
                    body: Rc::clone(body),
                    source: Rc::clone(&self.source),
                };
                Rc::make_mut(&mut self.state.functions).insert(name.clone(), function);
                Text::empty()
            }
        }
    }

    fn pipeline(&mut self, stages: &[Node]) -> Text {
        if let [stage] = stages {
            return self.node(stage);
        }
        let mut output = Text::empty();
        for (index, stage) in stages.iter().enumerate() {
            let input = std::mem::take(&mut output);
            output = self.subshell(|shell| {
                if index > 0 {
                    shell.state.stdin = piped(input);
                }
                shell.node(stage)
            });
        }
        output
    }

    fn and_or(&mut self, left: &Node, operator: AndOrOperator, right: &Node) -> Text {
        let before = self.state.clone();
        let mut output = self.node(left);
        match operator {
            AndOrOperator::And => {
                // The right side runs only if the left did not fail.
                let doubt = self.state.directory_if_cd_failed.take();
                self.conditional += 1;
                let text = self.node(right);
                self.conditional -= 1;
                append_output(&mut output, text);
                if doubt.is_some() && !self.errexit {
                    self.state.directory_if_cd_failed = doubt;
                }
            }
            AndOrOperator::Or => {
                let mut after_left = std::mem::replace(&mut self.state, before);
                self.conditional += 1;
                let text = self.node(right);
                self.conditional -= 1;
                append_output(&mut output, text);
                if leaves(right) {
                    after_left.directory_if_cd_failed = None;
                    self.state = after_left;
                } else {
                    let after_right = std::mem::replace(&mut self.state, after_left);
                    self.state.join(&after_right, self.world);
                }
            }
        }
        output
    }

    fn compound(&mut self, compound: &Compound) -> Text {
        let outer_stdin = self.state.stdin.clone();
        let io = self.redirections(&compound.redirections);
        if !io.redirections.is_empty() {
            let location = self.source.locate(compound.span);
            self.emit(Vec::new(), &io, self.state.stdin.clone(), location);
        }
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
        }
        let output = self.compound_kind(&compound.kind);
        self.state.stdin = outer_stdin;
        self.deliver(output, &io)
    }

    fn compound_kind(&mut self, kind: &CompoundKind) -> Text {
        match kind {
            CompoundKind::Subshell(list) => self.subshell(|shell| shell.list(list)),
            CompoundKind::Group(list) => self.list(list),
            CompoundKind::If {
                branches,
                otherwise,
            } => self.if_clause(branches, otherwise),
            CompoundKind::Loop { condition, body } => self.repeat(|shell| {
                let mut output = shell.list(condition);
                append_output(&mut output, shell.list(body));
                output
            }),
            CompoundKind::For {
                variable,
                words,
                body,
            } => self.for_loop(variable, words.as_deref(), body),
            CompoundKind::ArithmeticFor { header, body } => {
                let _ = self.value(header);
                self.assigned_in(header);
                self.repeat(|shell| shell.list(body))
            }
            CompoundKind::Case { subject, arms } => {
                let _ = self.value(subject);
                let before = self.state.clone();
                let mut after = before.clone();
                let mut output = Text::empty();
                self.conditional += 1;
                for arm in arms {
                    self.state = before.clone();
                    for pattern in &arm.patterns {
                        let _ = self.value(pattern);
                    }
                    append_output(&mut output, self.list(&arm.body));
                    if !arm.body.last().is_some_and(leaves) {
                        after.join(&self.state, self.world);
                    }
                }
                self.conditional -= 1;
                self.state = after;
                uncertain(output, "case")
            }
            CompoundKind::Test(words) => {
                for word in words {
                    let _ = self.value(word);
                }
                Text::empty()
            }
            CompoundKind::Arithmetic(expression) => {
                let _ = self.value(expression);
                self.assigned_in(expression);
                Text::empty()
            }
            CompoundKind::Coproc(node) => self.subshell(|shell| shell.node(node)),
        }
    }

    fn if_clause(&mut self, branches: &[(Vec<Node>, Vec<Node>)], otherwise: &[Node]) -> Text {
        let mut output = Text::empty();
        let mut after: Vec<State> = Vec::new();
        self.conditional += 1;
        for (condition, body) in branches {
            append_output(&mut output, self.list(condition));
            let before = self.state.clone();
            // The body runs only if the condition did not fail.
            self.state.directory_if_cd_failed = None;
            append_output(&mut output, self.list(body));
            let state = std::mem::replace(&mut self.state, before);
            if !body.last().is_some_and(leaves) {
                after.push(state);
            }
        }
        append_output(&mut output, self.list(otherwise));
        self.conditional -= 1;
        if otherwise.last().is_some_and(leaves)
            && let Some(state) = after.pop()
        {
            self.state = state;
        }
        for state in after {
            self.state.join(&state, self.world);
        }
        uncertain(output, "if")
    }

    /// A loop whose number of rounds is not known: a first round with what is known, a second
    /// with everything that the first changed unknown.
    fn repeat(&mut self, mut round: impl FnMut(&mut Self) -> Text) -> Text {
        let before = self.state.clone();
        self.conditional += 1;
        let output = self.deeper(&mut round);
        if !Rc::ptr_eq(&before.variables, &self.state.variables)
            || before.directory != self.state.directory
        {
            let names: Vec<String> = self
                .state
                .variables
                .iter()
                .filter(|(name, variable)| before.variables.get(*name) != Some(variable))
                .map(|(name, _)| name.clone())
                .collect();
            for name in names {
                let unknown = Value::Scalar(Text::unknown(format!("${name}")));
                self.state.set(self.world, &name, unknown);
            }
            if before.directory != self.state.directory {
                self.state.directory = Directory::Unknown("a directory that a loop changes".into());
            }
            let _ = self.deeper(&mut round);
        }
        self.conditional -= 1;
        self.state.join(&before, self.world);
        uncertain(output, "a loop")
    }

    fn for_loop(&mut self, variable: &str, words: Option<&[Word]>, body: &[Node]) -> Text {
        let fields: Option<Vec<Field>> = match words {
            Some(words) => Some(words.iter().flat_map(|word| self.fields(word)).collect()),
            None => self.state.arguments.clone().map(|arguments| {
                let field = |text| Field {
                    text,
                    ..Field::default()
                };
                arguments.into_iter().map(field).collect()
            }),
        };
        let unknown = || Text::unknown(format!("${variable}"));
        let certain = fields
            .as_ref()
            .filter(|fields| fields.len() <= UNROLL_LIMIT)
            .filter(|fields| !fields.iter().any(|field| field.splits));
        if let Some(fields) = certain {
            let mut output = Text::empty();
            for field in fields {
                self.state
                    .set(self.world, variable, Value::Scalar(field.text.clone()));
                let text = self.deeper(|shell| shell.list(body));
                append_output(&mut output, text);
            }
            return output;
        }
        let values = match fields {
            Some(fields) if fields.len() <= 8 => Value::OneOf(
                fields
                    .into_iter()
                    .map(|field| if field.splits { unknown() } else { field.text })
                    .collect(),
            ),
            _ => Value::Scalar(unknown()),
        };
        self.repeat(|shell| {
            shell.state.set(shell.world, variable, values.clone());
            shell.list(body)
        })
    }

    pub(super) fn command_substitution(&mut self, list: &Script, source: &str) -> Text {
        let output = self.subshell(|shell| {
            let printed = shell.script(list);
            shell.read_file(list).unwrap_or(printed)
        });
        let mut trimmed = trim_newlines(output);
        // Output that is not known is shown as the substitution that it is.
        if trimmed.has_unknown() {
            let mut named = Text::empty();
            for part in trimmed.parts() {
                named.push(match part {
                    Part::Unknown(_) => Part::Unknown(source.to_owned()),
                    other => other.clone(),
                });
            }
            trimmed = named;
        }
        trimmed
    }

    /// `$(< file)`: a redirection alone gives what the file holds.
    fn read_file(&mut self, list: &Script) -> Option<Text> {
        let [Node::Simple(command)] = list.list.as_slice() else {
            return None;
        };
        if !command.words.is_empty() || command.redirections.is_empty() {
            return None;
        }
        let unknown = Text::unknown("a file");
        Some(match self.redirections(&command.redirections).stdin? {
            Stdin::Text(text) => text,
            Stdin::Empty => Text::empty(),
            Stdin::File(path) if self.elsewhere.is_none() => {
                self.world.read(&path).map_or(unknown, Text::known)
            }
            Stdin::File(_) | Stdin::Inherited | Stdin::Unknown(_) => unknown,
        })
    }

    pub(super) fn process_substitution(
        &mut self,
        list: &Script,
        output: bool,
        source: &str,
    ) -> Text {
        self.subshell(|shell| {
            if output {
                shell.state.stdin = Stdin::Unknown(source.to_owned());
            }
            shell.script(list)
        });
        Text::unknown(source)
    }

    fn simple(&mut self, command: &SimpleCommand) -> Text {
        self.steps += 1;
        if self.steps == STEP_LIMIT {
            let location = self.source.locate(command.span);
            self.sink.opaque(
                "this script does more than guard can follow".to_owned(),
                location,
            );
        }
        if self.steps >= STEP_LIMIT {
            return Text::unknown("…");
        }
        if let Some(replaced) = self.alias(command) {
            return replaced;
        }
        // A variable that may hold several values: the command is looked at with each.
        if let Some((name, texts)) = self.several_values(command) {
            let mut output = Text::empty();
            let before = self.state.clone();
            let mut after: Option<State> = None;
            for text in texts {
                self.state = before.clone();
                self.state.set(self.world, &name, Value::Scalar(text));
                output = self.simple(command);
                match &mut after {
                    Some(after) => after.join(&self.state, self.world),
                    None => after = Some(self.state.clone()),
                }
            }
            self.state = after.unwrap_or(before);
            return uncertain(output, &format!("${name}"));
        }
        self.simple_with_values(command)
    }

    fn several_values(&self, command: &SimpleCommand) -> Option<(String, Vec<Text>)> {
        let mut found = None;
        let mut look = |word: &Word| {
            for piece in &word.pieces {
                if let Piece::Parameter { parameter, .. } = piece
                    && let Some(Value::OneOf(texts)) = self
                        .state
                        .variables
                        .get(&parameter.name)
                        .map(|variable| &variable.value)
                {
                    found = Some((parameter.name.clone(), texts.clone()));
                }
            }
        };
        command.words.iter().for_each(&mut look);
        for assignment in &command.assignments {
            if let AssignmentValue::Scalar(word) = &assignment.value {
                look(word);
            }
        }
        for redirection in &command.redirections {
            if let RedirectionTarget::Word(word) = &redirection.target {
                look(word);
            }
        }
        found
    }

    fn simple_with_values(&mut self, command: &SimpleCommand) -> Text {
        let location = self.source.locate(command.span);
        self.current = location.clone();
        let mut argv = Vec::new();
        for word in &command.words {
            let at = self.source.locate(word.span);
            argv.extend(self.fields(word).into_iter().map(|field| Argument {
                value: field.text,
                splits: field.splits,
                verbatim: field.verbatim,
                location: at.clone(),
            }));
        }
        if argv.is_empty() {
            for assignment in &command.assignments {
                self.assign(assignment);
            }
            let io = self.redirections(&command.redirections);
            if !io.redirections.is_empty() {
                self.emit(Vec::new(), &io, self.state.stdin.clone(), location);
                return self.deliver(Text::empty(), &io);
            }
            return Text::empty();
        }
        let before = (!command.assignments.is_empty()).then(|| {
            (
                Rc::clone(&self.state.variables),
                self.state.environment.clone(),
            )
        });
        let declares = command.words.first().is_some_and(|word| {
            matches!(
                word.source.as_ref(),
                "declare" | "typeset" | "local" | "export" | "readonly"
            )
        });
        for assignment in &command.assignments {
            if declares {
                self.assign(assignment);
            } else if let AssignmentValue::Scalar(word) = &assignment.value {
                let value = self.value(word);
                self.hook(&assignment.name, &value);
                self.state
                    .with_assignment(&assignment.name, Value::Scalar(value));
            }
        }
        let io = self.redirections(&command.redirections);
        let stdin = io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone());
        let output = self.run(argv, &io, stdin, location);
        if let Some((variables, environment)) = before.filter(|_| !declares) {
            self.state.variables = variables;
            self.state.environment = environment;
        }
        self.deliver(output, &io)
    }

    /// Runs an argv: a function, a builtin that the interpreter itself must follow, or a command.
    pub(super) fn run(
        &mut self,
        mut argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: Location,
    ) -> Text {
        self.name_original(&mut argv);
        let Some(first) = argv.first() else {
            return Text::empty();
        };
        let Some(name) = first
            .value
            .exact()
            .filter(|_| !first.splits)
            .map(str::to_owned)
        else {
            self.emit(argv, io, stdin, location);
            return Text::unknown("a program that is not known");
        };
        if let Some(function) = self.state.functions.get(&name).cloned() {
            if !io.redirections.is_empty() {
                self.emit(Vec::new(), io, Stdin::Empty, location);
            }
            return self.call(&function, &argv, stdin);
        }
        match self.builtin(&name, &argv, io, &stdin, &location) {
            Some(output) => output,
            None => {
                let output = pure::output(&argv, &stdin, &self.state.directory, self.world);
                self.emit(argv, io, stdin, location);
                output
            }
        }
    }

    /// A program that an earlier command copied or linked is called by the name it came from.
    fn name_original(&self, argv: &mut [Argument]) {
        let Some(first) = argv.first_mut().filter(|first| !first.splits) else {
            return;
        };
        let path = first
            .value
            .exact()
            .filter(|name| name.contains('/'))
            .and_then(|name| self.directory().join(name));
        if let Some(original) = path.and_then(|path| self.world.original(&normalized(&path))) {
            first.value = Text::known(original.to_string_lossy());
        }
    }

    fn call(&mut self, function: &Function, argv: &[Argument], stdin: Stdin) -> Text {
        let rest = argv.get(1..).unwrap_or_default();
        let known = !rest.iter().any(|argument| argument.splits);
        let arguments = known.then(|| rest.iter().map(|a| a.value.clone()).collect());
        let outer_arguments = std::mem::replace(&mut self.state.arguments, arguments);
        let outer_source = std::mem::replace(&mut self.source, Rc::clone(&function.source));
        let outer_stdin = std::mem::replace(&mut self.state.stdin, stdin);
        let body = Rc::clone(&function.body);
        let output = self.deeper(|shell| shell.node(&body));
        self.state.arguments = outer_arguments;
        self.state.stdin = outer_stdin;
        self.source = outer_source;
        output
    }

    /// Hands a command to the sink.
    pub(super) fn emit(&mut self, argv: Vec<Argument>, io: &Io, stdin: Stdin, location: Location) {
        let command = Command {
            argv,
            environment: self.state.environment.clone(),
            directory: self.directory(),
            stdin,
            redirections: io.redirections.clone(),
            location,
            elsewhere: self.elsewhere.clone(),
        };
        self.sink.command(command, self.nesting);
    }

    /// The directory, unless an earlier `cd` may have failed.
    pub(super) fn directory(&self) -> Directory {
        match &self.state.directory_if_cd_failed {
            None => self.state.directory.clone(),
            Some(_) => Directory::Unknown("a directory that depends on whether `cd` works".into()),
        }
    }

    pub(super) fn working_directory(&self) -> Text {
        match self.directory() {
            Directory::Known(path) => Text::known(path.to_string_lossy()),
            Directory::Unknown(_) => Text::unknown("$PWD"),
        }
    }

    pub(super) fn scalar(&self, name: &str) -> Option<Text> {
        match self.state.variable(self.world, name)? {
            Value::Scalar(text) => Some(text),
            Value::Unset => None,
            Value::Array(texts) => texts.first().cloned(),
            Value::OneOf(_) | Value::Map(_) => Some(Text::unknown(format!("${name}"))),
        }
    }

    fn alias(&mut self, command: &SimpleCommand) -> Option<Text> {
        if !self.state.expand_aliases || self.state.aliases.is_empty() {
            return None;
        }
        let word = command.words.first()?;
        let text = self.state.aliases.get(word.source.as_ref())?.clone();
        let mut source = text;
        for word in command.words.get(1..)? {
            source.push(' ');
            source.push_str(&word.source);
        }
        let mut script = shell::parse(&source);
        if let [Node::Simple(first), ..] = script.list.as_mut_slice() {
            first
                .redirections
                .extend(command.redirections.iter().cloned());
            first
                .assignments
                .splice(0..0, command.assignments.iter().cloned());
        }
        // An alias is not expanded again inside itself.
        let outer = Rc::clone(&self.state.aliases);
        Rc::make_mut(&mut self.state.aliases).remove(word.source.as_ref());
        let place = Origin::Place(self.source.locate(command.span));
        let outer_source = std::mem::replace(&mut self.source, Source::new(&source, place));
        let output = self.deeper(|shell| shell.script(&script));
        self.source = outer_source;
        self.state.aliases = outer;
        Some(output)
    }
}

/// Whether control never comes past this node.
fn leaves(node: &Node) -> bool {
    match node {
        Node::Simple(command) => command.words.first().is_some_and(|word| {
            matches!(
                word.source.as_ref(),
                "exit" | "return" | "break" | "continue"
            )
        }),
        Node::Compound(Compound {
            kind: CompoundKind::Group(list),
            ..
        }) => list.last().is_some_and(leaves),
        Node::AndOr {
            left,
            operator: AndOrOperator::And,
            right,
        } => leaves(left) || leaves(right),
        Node::AndOr { .. }
        | Node::Pipeline { .. }
        | Node::Background(_)
        | Node::Compound(_)
        | Node::Function { .. } => false,
    }
}

fn append_output(output: &mut Text, text: Text) {
    let length: usize = output
        .parts()
        .iter()
        .map(|part| match part {
            Part::Known(text) | Part::Glob(text) | Part::Unknown(text) => text.len(),
        })
        .sum();
    if length > OUTPUT_LIMIT || output.parts().len() > OUTPUT_PARTS {
        *output = Text::unknown("a long output");
    } else {
        output.append(text);
    }
}

/// Output that depends on which way was taken: known only if there is none.
fn uncertain(output: Text, what: &str) -> Text {
    if output.is_empty() {
        output
    } else {
        Text::unknown(format!("the output of {what}"))
    }
}

pub(super) fn piped(text: Text) -> Stdin {
    match text.parts() {
        [Part::Unknown(source)] => Stdin::Unknown(source.clone()),
        _ => Stdin::Text(text),
    }
}

fn trim_newlines(text: Text) -> Text {
    let mut parts: Vec<Part> = text.parts().to_vec();
    if let Some(Part::Known(last)) = parts.last_mut() {
        let kept = last.trim_end_matches('\n').len();
        last.truncate(kept);
    }
    let mut trimmed = Text::empty();
    for part in parts {
        trimmed.push(part);
    }
    trimmed
}
