//! Simple commands: from the words to what is run.

use std::rc::Rc;

use super::builtins::normalized;
use super::command::{Argument, Command, Redirection, Stdin};
use super::control::uncertain;
use super::interpreter::{Interpreter, STEP_LIMIT};
use super::pure;
use super::redirection::Io;
use super::state::{Function, State, Value};
use super::text::Text;
use crate::location::Location;
use crate::shell::{self, AssignmentValue, Piece, RedirectionTarget, SimpleCommand, Word};

impl Interpreter<'_> {
    pub(super) fn simple(&mut self, command: &SimpleCommand) -> Text {
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
        self.line = self.source.line(command.span);
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
            if let Some(program) = self.null_command(command) {
                let stdin = io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone());
                let argv = vec![Argument::known(program, location.clone())];
                let output = self.run(argv, &io, stdin, location);
                return self.deliver(output, &io);
            }
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
                "declare"
                    | "typeset"
                    | "local"
                    | "export"
                    | "readonly"
                    | "integer"
                    | "float"
                    | "private"
            )
        });
        if declares {
            self.declare_maps(command);
        }
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
                let output = self.printed(&name, &argv).unwrap_or_else(|| {
                    pure::output(&argv, &stdin, &self.state.directory, self.world)
                });
                self.emit(argv, io, stdin, location);
                output
            }
        }
    }

    /// What zsh runs for redirections alone.
    fn null_command(&self, command: &SimpleCommand) -> Option<String> {
        let dialect = self.state.dialect;
        if command.redirections.is_empty()
            || !command.assignments.is_empty()
            || !dialect.has_null_command()
        {
            return None;
        }
        let reads = matches!(
            command.redirections.as_slice(),
            [redirection] if redirection.operator == shell::RedirectionOperator::Input
        );
        let named = |name: &str, otherwise: &str| {
            let value = self.scalar(name);
            let value = value.as_ref().and_then(Text::exact);
            value.map_or(Some(otherwise.to_owned()), |value| {
                (!value.is_empty()).then(|| value.to_owned())
            })
        };
        if reads {
            named("READNULLCMD", "more")
        } else {
            named("NULLCMD", "cat")
        }
    }

    /// A program that an earlier command copied or linked is called by the name it came from.
    fn name_original(&self, argv: &mut [Argument]) {
        let Some(first) = argv.first_mut().filter(|first| !first.splits) else {
            return;
        };
        let Some(name) = first.value.exact() else {
            return;
        };
        let directories = match name.contains('/') {
            true => Text::empty(),
            false => match self.state.environment.get(self.world, "PATH") {
                Some(search) => search,
                None => return,
            },
        };
        let original = directories.known_prefix().split(':').find_map(|directory| {
            let path = self.directory().join(directory)?.join(name);
            self.world.original(&normalized(&path))
        });
        if let Some(original) = original {
            first.value = Text::known(original.to_string_lossy());
        }
    }

    fn call(&mut self, function: &Function, argv: &[Argument], stdin: Stdin) -> Text {
        let rest = argv.get(1..).unwrap_or_default();
        let known = !rest.iter().any(|argument| argument.splits);
        let arguments = known.then(|| rest.iter().map(|a| a.value.clone()).collect());
        let outer_arguments = std::mem::replace(&mut self.state.arguments, arguments);
        let outer_name = self.state.name.clone();
        if self.state.dialect.names_functions()
            && let Some(name) = argv.first()
        {
            self.state.name = name.value.clone();
        }
        let outer_source = std::mem::replace(&mut self.source, Rc::clone(&function.source));
        let outer_stdin = std::mem::replace(&mut self.state.stdin, stdin);
        let body = Rc::clone(&function.body);
        let output = self.deeper(|shell| shell.node(&body));
        self.state.arguments = outer_arguments;
        self.state.name = outer_name;
        self.state.stdin = outer_stdin;
        self.source = outer_source;
        output
    }

    /// Hands a command to the sink.
    pub(super) fn emit(&mut self, argv: Vec<Argument>, io: &Io, stdin: Stdin, location: Location) {
        let command = self.command(argv, io.redirections.clone(), stdin, location);
        self.sink.command(command, self.nesting);
    }

    /// A command as this shell would start it now.
    pub(super) fn command(
        &self,
        argv: Vec<Argument>,
        redirections: Vec<Redirection>,
        stdin: Stdin,
        location: Location,
    ) -> Command {
        Command {
            argv,
            environment: self.state.environment.clone(),
            directory: self.directory(),
            stdin,
            redirections,
            location,
            elsewhere: self.elsewhere.clone(),
        }
    }
}
