//! Simple commands: from the words to what is run.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::alias::with_aliases;
use super::builtins::normalized;
use super::command::{Argument, Command, Redirection, Stdin, base_name};
use super::control::uncertain;
use super::expand::Field;
use super::interpreter::{ENTRY_WORK, Interpreter, PARSE_WORK, Running, append_output};
use super::options::ShellOption;
use super::pattern::Pattern;
use super::pure;
use super::redirection::Io;
use super::source::{Origin, Source};
use super::state::{Definition, Function, Leave, Stages, State, Value};
use super::text::Text;
use crate::location::Location;
use crate::shell::{self, AssignmentValue, Node, Piece, RedirectionTarget, SimpleCommand, Word};
use crate::world::{PathStatus, World};

/// Programs that read some of their input and leave the rest to the next: what is left is not
/// known.
const READS_IN_PART: &[&str] = &[
    "head", "dd", "sed", "awk", "gawk", "mawk", "python", "python3", "perl", "ruby", "node", "php",
    "bash", "sh", "dash", "zsh", "ksh", "line", "busybox", "toybox", "xxd", "od", "env", "sudo",
    "timeout", "nice", "nohup", "time", "stdbuf", "xargs", "more", "less",
];

/// A function that calls itself is followed so often with what is known.
const RECURSION_LIMIT: usize = 4;

/// Programs that are many, by the name that they are called by.
const MULTI_CALL: &[&str] = &["busybox", "toybox", "coreutils"];

/// A directory of more programs than that is not looked through.
const NAMES: usize = 8192;

/// A command is looked at with so many combinations of values.
const ALTERNATIVES_LIMIT: usize = 64;

impl Interpreter<'_> {
    pub(super) fn simple(&mut self, command: &SimpleCommand) -> Text {
        self.current = self.source.locate(command.span);
        if !self.spend_command() {
            return Text::unknown("…");
        }
        self.line = self.source.line(command.span);
        if let Some(replaced) = self.alias(command) {
            return replaced;
        }
        if let Some((name, texts)) = self.several_values(command) {
            return self.with_each(command, &name, texts);
        }
        let mut output = self.simple_with_values(command);
        append_output(&mut output, self.signalled());
        output
    }

    /// A variable that may hold several values: the command is looked at with each, or, where
    /// several such variables make too many, with a value that is not known.
    fn with_each(&mut self, command: &SimpleCommand, name: &str, texts: Vec<Text>) -> Text {
        let world = self.world;
        let attributes = self.state.attributes(world, name);
        if self.alternatives * texts.len() > ALTERNATIVES_LIMIT {
            let unknown = Value::unknown(name);
            self.state.bind(name, unknown.clone(), attributes);
            let output = self.simple(command);
            if self.state.variable(world, name) == Some(unknown) {
                self.state.bind(name, Value::OneOf(texts), attributes);
            }
            return output;
        }
        let outer = self.alternatives;
        self.alternatives *= texts.len();
        let mut output = Text::empty();
        let before = self.state.clone();
        let mut after: Option<State> = None;
        // What is empty may not be set at all.
        let unset = texts.iter().any(Text::is_empty).then_some(Value::Unset);
        for value in texts.into_iter().map(Value::Scalar).chain(unset) {
            self.state = before.clone();
            self.state.bind(name, value, attributes);
            output = self.on_a_way(|shell| shell.simple(command));
            if let Some(after) = after.take() {
                self.merge(after);
            }
            after = Some(std::mem::replace(&mut self.state, before.clone()));
        }
        self.state = after.unwrap_or(before);
        self.alternatives = outer;
        uncertain(output, &format!("${name}"))
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
        let location = self.current.clone();
        self.substituted = false;
        let declares = command
            .words
            .first()
            .is_some_and(|word| shell::DECLARATIONS.contains(&word.source.as_ref()));
        // `set -k`: assignments count wherever they stand.
        let keyword = self.state.options.has(ShellOption::Keyword);
        let mut argv = Vec::new();
        let mut keywords = Vec::new();
        for (index, word) in command.words.iter().enumerate() {
            let at = self.source.locate(word.span);
            if index > 0
                && (declares || keyword)
                && let Some(name) = assigned_name(word)
            {
                if declares {
                    argv.extend(self.declared_words(word, name).into_iter().map(|field| {
                        Argument {
                            value: field.text,
                            splits: field.splits,
                            verbatim: None,
                            location: at.clone(),
                        }
                    }));
                } else {
                    let value = self.declared_word(word, name);
                    keywords.push((name.to_owned(), value.after(name.len() + 1)));
                }
                continue;
            }
            argv.extend(self.fields(word).into_iter().map(|field| Argument {
                value: field.text,
                splits: field.splits,
                verbatim: field.verbatim,
                location: at.clone(),
            }));
        }
        let made: usize = argv.iter().map(|word| word.value.length()).sum();
        if !self.spend(made + argv.len() * ENTRY_WORK) {
            return Text::unknown("…");
        }
        if argv.is_empty() {
            for assignment in &command.assignments {
                self.assign(assignment);
            }
            self.state.stages = Stages::One;
            self.state.last_argument = Some(Text::empty());
            let io = self.redirections(&command.redirections);
            // A substitution gives its own status.
            if !self.substituted {
                self.state.status = Some(0);
            }
            if let Some(program) = self.null_command(command) {
                let stdin = io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone());
                let argv = vec![Argument::known(program, location.clone())];
                let output = self.run(argv, &io, stdin, location);
                return self.deliver(output, &io);
            }
            if !io.redirections.is_empty() {
                self.state.status = None;
                self.emit(Vec::new(), &io, self.state.stdin.clone(), location);
                return self.deliver(Text::empty(), &io);
            }
            return Text::empty();
        }
        if declares && self.state.dialect.is_zsh() {
            let output = self.run_redirected(argv, command, location);
            self.declare_maps(command);
            for assignment in &command.assignments {
                self.assign(assignment);
            }
            return output;
        }
        if declares {
            let arrays = self.declared_arrays(command, &argv);
            let output = self.run_redirected(argv, command, location);
            self.state.last_argument = None;
            for (name, value) in arrays {
                self.declare_array(&name, value);
            }
            return output;
        }
        let kept = self.state.shadowed.len();
        let mut exported = Vec::new();
        for assignment in &command.assignments {
            if let AssignmentValue::Scalar(word) = &assignment.value {
                let mut value = match self.scalar(&assignment.name) {
                    Some(before) if assignment.append => before,
                    _ => Text::empty(),
                };
                value.append(self.assigned_value(word));
                exported.push(self.lend(&assignment.name, value));
            }
        }
        for (name, value) in keywords {
            exported.push(self.lend(&name, value));
        }
        let io = if exported.is_empty() || command.redirections.is_empty() {
            self.redirected(&argv, command)
        } else {
            // What the assignments are for is the command, and not its redirections.
            let lent: Vec<(String, Option<Text>)> = exported
                .iter()
                .map(|(name, _)| (name.clone(), self.scalar(name)))
                .collect();
            self.take_back(kept, std::mem::take(&mut exported));
            let io = self.redirected(&argv, command);
            for (name, value) in lent {
                let value = value.unwrap_or_else(|| Text::unknown(format!("${name}")));
                exported.push(self.lend(&name, value));
            }
            io
        };
        let output = self.run_with(argv, &io, location);
        self.take_back(kept, exported);
        output
    }

    /// Sets a variable for one command; gives what brings the environment back.
    fn lend(&mut self, name: &str, value: Text) -> (String, Option<Option<Text>>) {
        self.hook(name, &value);
        let change = self.state.environment.change(name);
        self.state.shadow(name);
        self.state.with_assignment(name, Value::Scalar(value));
        (name.to_owned(), change)
    }

    /// Ends what [`Self::lend`] began since there were so many shadowed variables.
    fn take_back(&mut self, kept: usize, exported: Vec<(String, Option<Option<Text>>)>) {
        let world = self.world;
        self.state.unshadow(world, kept);
        for (name, change) in exported.into_iter().rev() {
            self.state.environment.restore(&name, change);
        }
    }

    /// The assignments to `name` that a word of a declaration stands for: braces make several.
    fn declared_words(&mut self, word: &Word, name: &str) -> Vec<Field> {
        let words = match self.braces(word) {
            Some(words) => words,
            None => return vec![self.unknown_word(word)],
        };
        let declared = words.into_iter().map(|pieces| {
            let word = Word {
                pieces,
                span: word.span,
                source: Rc::clone(&word.source),
            };
            Field {
                text: self.declared_word(&word, name),
                ..Field::default()
            }
        });
        declared.collect()
    }

    /// The value of a word that is an assignment to `name`, with the name before it.
    fn declared_word(&mut self, word: &Word, name: &str) -> Text {
        let Some((Piece::Literal { text, .. }, rest)) = word.pieces.split_first() else {
            return self.assigned_value(word);
        };
        let Some((head, value)) = text.split_at_checked(name.len() + 1) else {
            return self.assigned_value(word);
        };
        let value = Piece::Literal {
            text: value.to_owned(),
            offset: None,
        };
        let value = Word {
            pieces: std::iter::once(value).chain(rest.iter().cloned()).collect(),
            span: word.span,
            source: Rc::clone(&word.source),
        };
        let mut text = Text::known(head);
        text.append(self.assigned_value(&value));
        text
    }

    fn run_redirected(
        &mut self,
        argv: Vec<Argument>,
        command: &SimpleCommand,
        location: Location,
    ) -> Text {
        let io = self.redirected(&argv, command);
        self.run_with(argv, &io, location)
    }

    /// Expands the redirections of a command.
    fn redirected(&mut self, argv: &[Argument], command: &SimpleCommand) -> Io {
        let before = (!command.redirections.is_empty()).then(|| self.state.clone());
        let io = self.redirections(&command.redirections);
        if let Some(before) = before
            && !before.variables.is_shared_with(&self.state.variables)
            && !self.runs_itself(argv)
        {
            // A program's redirections are expanded in a process of its own.
            self.join_with(&before);
        }
        io
    }

    fn run_with(&mut self, argv: Vec<Argument>, io: &Io, location: Location) -> Text {
        let stdin = io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone());
        let stages = self.stages_after(&argv);
        let last = argv.last().filter(|word| !word.splits);
        // Of an assignment, `alias` leaves the name alone, as declarations do.
        let assigns = argv
            .first()
            .is_some_and(|word| word.value.exact() == Some("alias"));
        let last = last.filter(|_| !assigns).map(|word| word.value.clone());
        let argv_words: Vec<Option<String>> = match io.stdout {
            Some(Some(_)) => argv
                .iter()
                .map(|word| {
                    word.value
                        .exact()
                        .filter(|_| !word.splits)
                        .map(str::to_owned)
                })
                .collect(),
            _ => Vec::new(),
        };
        let output = self.run(argv, io, stdin, location);
        self.state.last_argument = last.filter(|last| !last.has_glob());
        if let Some(stages) = stages {
            self.state.stages = stages;
        }
        if !io.redirections.is_empty() {
            // A file may not open.
            self.state.status = None;
        }
        if let Some((from, to)) = self.copied_whole(&argv_words, io) {
            self.world.copy(&from, &to);
            return Text::empty();
        }
        self.deliver(output, io)
    }

    /// `cat FILE > OTHER`, where what it holds is not known: a copy.
    fn copied_whole(&self, words: &[Option<String>], io: &Io) -> Option<(PathBuf, PathBuf)> {
        let ([Some(program), Some(from)], Some(Some((to, false)))) = (words, &io.stdout) else {
            return None;
        };
        if base_name(program) != "cat" || from.starts_with('-') || self.elsewhere.is_some() {
            return None;
        }
        let from = self.directory().join(from)?;
        let to = self.directory().join(to.exact()?)?;
        let certain = self.world.is_certain()
            && matches!(self.world.status(&from), PathStatus::File { .. })
            && self.world.text(&from).is_none();
        certain.then(|| (normalized(&from), normalized(&to)))
    }

    /// What `PIPESTATUS` says after a command; `None` where what runs in it says so.
    fn stages_after(&self, argv: &[Argument]) -> Option<Stages> {
        let name = argv.first().and_then(|word| word.value.exact());
        match name {
            Some("eval" | "." | "source" | "command" | "builtin" | "exec") | None => {
                Some(Stages::Unknown)
            }
            Some(name) if self.state.functions.contains_key(name) => None,
            Some(_) => Some(Stages::One),
        }
    }

    /// Whether the shell starts no process for an argv: a function or a builtin.
    fn runs_itself(&self, argv: &[Argument]) -> bool {
        let name = argv.first().and_then(|word| word.value.exact());
        let function = name.and_then(|name| self.state.functions.get(name));
        function.is_some_and(|function| function.certain) || self.is_builtin(argv)
    }

    /// Runs an argv: a function, a builtin that the interpreter itself must follow, or a command.
    pub(super) fn run(
        &mut self,
        argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: Location,
    ) -> Text {
        let Some(first) = argv.first() else {
            return Text::empty();
        };
        let Some(name) = first
            .value
            .exact()
            .filter(|_| !first.splits)
            .map(str::to_owned)
        else {
            if let Some(found) = self.found_by_pattern(&argv) {
                return self.run(found, io, stdin, location);
            }
            self.emit(argv, io, stdin, location);
            self.state.status = None;
            // It may be a builtin that sets what it likes.
            self.state.environment.uncertain = true;
            return Text::unknown("a program that is not known");
        };
        let known = self.state.functions.get(&name).cloned();
        let Some(definition) = known.or_else(|| self.imported(&name)) else {
            return self.run_named(&name, argv, io, stdin, location);
        };
        if !io.redirections.is_empty() {
            self.emit(Vec::new(), io, Stdin::Empty, location.clone());
        }
        let outer = Rc::clone(&self.state.aliases);
        let inner = with_aliases(&outer, &definition.aliases);
        self.state.aliases = Rc::clone(&inner);
        let output = self.run_definition(&name, &definition, argv, io, stdin, location);
        if Rc::ptr_eq(&self.state.aliases, &inner) {
            self.state.aliases = outer;
        }
        output
    }

    /// A function that bash imports from the variable of this name in its environment.
    fn imported(&mut self, name: &str) -> Option<Definition> {
        if !self.state.dialect.imports_functions() {
            return None;
        }
        let variable = exported_name(name);
        let value = self.state.environment.get(self.world, &variable)?;
        let Some(body) = value.exact() else {
            let reason = format!("`{name}` is a function that is known only when it runs");
            self.sink.opaque(reason, self.current.clone());
            return None;
        };
        if !body.starts_with("() {") || !self.spend(body.len() * PARSE_WORK) {
            return None;
        }
        let text = format!("{name} {body}");
        let script = shell::parse(&text, self.state.dialect);
        let [Node::Function { body, .. }] = script.list.as_slice() else {
            return None;
        };
        let function = Function {
            body: Rc::clone(body),
            source: Source::new(&text, Origin::Place(self.current.clone())),
        };
        let definition = Definition {
            bodies: vec![function],
            aliases: Rc::default(),
            certain: false,
            exported: true,
        };
        self.state
            .functions
            .insert(name.to_owned(), definition.clone());
        Some(definition)
    }

    /// Calls each function that a name may stand for.
    fn run_definition(
        &mut self,
        name: &str,
        definition: &Definition,
        argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: Location,
    ) -> Text {
        if let ([function], true) = (definition.bodies.as_slice(), definition.certain) {
            return self.call(function, &argv, io.stdin.clone());
        }
        let before = self.state.clone();
        let mut after: Option<State> = None;
        let mut output = Text::empty();
        for function in definition.bodies.iter().map(Some).chain([None]) {
            if function.is_none() && definition.certain {
                break;
            }
            let text = self.on_a_way(|shell| match function {
                Some(function) => shell.call(function, &argv, io.stdin.clone()),
                None => {
                    let (argv, stdin) = (argv.clone(), stdin.clone());
                    shell.run_named(name, argv, io, stdin, location.clone())
                }
            });
            append_output(&mut output, text);
            if let Some(after) = after.take() {
                self.merge(after);
            }
            after = Some(std::mem::replace(&mut self.state, before.clone()));
        }
        self.state = after.unwrap_or(before);
        uncertain(output, "a function")
    }

    /// Runs a builtin or a program.
    pub(super) fn run_named(
        &mut self,
        name: &str,
        mut argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: Location,
    ) -> Text {
        if self.is_enabled(name)
            && let Some(output) = self.builtin(name, &argv, io, &stdin, &location)
        {
            return output;
        }
        self.name_original(&mut argv);
        let output = self
            .printed(name, &argv)
            .or_else(|| self.is_silent(&argv).then(Text::empty))
            .or_else(|| self.started(&argv, io, &stdin, &location))
            .unwrap_or_else(|| self.computed(&argv, &stdin));
        self.shares_input(&argv, io);
        let edited = self.edited_unseen(name, &argv);
        self.emit(argv, io, stdin, location);
        for path in edited {
            self.world.write(&path, None, false, true);
        }
        output
    }

    /// What a program prints that only computes.
    pub(super) fn computed(&self, argv: &[Argument], stdin: &Stdin) -> Text {
        let mut argv = argv.to_vec();
        if self.state.options.may(ShellOption::NullGlob) {
            // A pattern may become no word at all.
            for word in argv.iter_mut().filter(|word| word.value.has_glob()) {
                word.value = Text::unknown(word.value.display());
                word.splits = true;
            }
        }
        pure::output(&argv, stdin, &self.state.directory, self.world)
    }

    /// What a program prints that starts another one, if somebody reads it.
    fn started(
        &mut self,
        argv: &[Argument],
        io: &Io,
        stdin: &Stdin,
        location: &Location,
    ) -> Option<Text> {
        if self.captured == 0 && !matches!(io.stdout, Some(Some(_))) {
            return None;
        }
        let command = self.command(argv.to_vec(), Vec::new(), stdin.clone(), location.clone());
        self.sink.printed(&command)
    }

    /// After a program that has the shell's own input: it may have read some of it.
    fn shares_input(&mut self, argv: &[Argument], io: &Io) {
        if io.stdin.is_some() || self.is_builtin(argv) {
            return;
        }
        self.state.input_shared = true;
        let name = argv.first().and_then(|word| word.value.exact());
        if name.is_none_or(|name| name.contains('/') || READS_IN_PART.contains(&name))
            && !matches!(self.state.stdin, Stdin::Inherited | Stdin::Empty)
            && !matches!(&self.state.stdin, Stdin::Text(text) if text.is_empty())
        {
            self.state.stdin = Stdin::Unknown("an input that was read in part".to_owned());
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

    /// A program that an earlier command copied or linked is called by the name it came from, one
    /// that the shell was told the file of, by that file.
    pub(super) fn name_original(&self, argv: &mut [Argument]) {
        let Some(first) = argv.first_mut().filter(|first| !first.splits) else {
            return;
        };
        let hashed = first
            .value
            .exact()
            .and_then(|name| self.state.hashed.get(name));
        if let Some(file) = hashed {
            first.value = file.clone();
        }
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
            let called = base_name(name);
            let is = |program: &Path, name: &str| {
                let program = program.file_name().and_then(|program| program.to_str());
                program.is_some_and(|program| program.starts_with(name))
            };
            // A program that is many does what it is called.
            let applet = MULTI_CALL
                .iter()
                .any(|name| is(&original, name) && !called.starts_with(name));
            let program = match applet {
                true => original.with_file_name(called),
                false => original,
            };
            first.value = Text::known(program.to_string_lossy());
        }
    }

    /// A program that a pattern names (`/usr/bin/l[s]`): the first of the files that it matches, the
    /// others come before its arguments.
    fn found_by_pattern(&self, argv: &[Argument]) -> Option<Vec<Argument>> {
        let (first, rest) = argv.split_first()?;
        if !first.value.has_glob() || first.value.has_unknown() || self.elsewhere.is_some() {
            return None;
        }
        let shown = first.value.display();
        let (directory, pattern) = shown.rsplit_once('/')?;
        if directory.contains(['*', '?', '[', '\\']) || pattern.starts_with('.') {
            return None;
        }
        let path = self.directory().join(&format!("{directory}/"))?;
        if !self.world.is_untouched() && !path.starts_with("/usr") && !path.starts_with("/bin") {
            return None;
        }
        let (names, false) = self.world.list(&path, NAMES)? else {
            return None;
        };
        let pattern = Pattern::new(
            pattern,
            self.state.options.get(ShellOption::ExtGlob)?,
            false,
        );
        let mut found = Vec::new();
        for name in names.iter().filter(|name| !name.starts_with('.')) {
            if pattern.matches(name)? {
                found.push(name);
            }
        }
        // The order is the locale's: only what is first in every one of them is certain.
        found.sort();
        let key = |name: &str| -> String {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let lead = found.first()?;
        if found.iter().skip(1).any(|name| key(name) <= key(lead)) {
            return None;
        }
        let words = found.iter().map(|name| Argument {
            value: Text::known(format!("{directory}/{name}")),
            splits: false,
            verbatim: None,
            location: first.location.clone(),
        });
        Some(words.chain(rest.iter().cloned()).collect())
    }

    fn call(&mut self, function: &Function, argv: &[Argument], stdin: Option<Stdin>) -> Text {
        let rest = argv.get(1..).unwrap_or_default();
        let arguments = self.positional(rest);
        let outer_arguments = std::mem::replace(&mut self.state.arguments, arguments);
        let outer_name = self.state.name.clone();
        if self.state.dialect.names_functions()
            && let Some(name) = argv.first()
        {
            self.state.name = name.value.clone();
        }
        let outer_source = std::mem::replace(&mut self.source, Rc::clone(&function.source));
        let outer_stdin = stdin.map(|stdin| {
            let shared = std::mem::take(&mut self.state.input_shared);
            (std::mem::replace(&mut self.state.stdin, stdin), shared)
        });
        let body = Rc::clone(&function.body);
        if let Some(covering) = self.covering(&body) {
            let known = covering.defines_as(&self.state);
            if !known {
                self.give_up("calls go too deep to follow");
            }
            self.state.forget_all(self.world);
            (self.state.arguments, self.state.name) = (outer_arguments, outer_name);
            self.source = outer_source;
            return Text::unknown("a function that calls itself");
        }
        let covering = self.recurs(&body);
        let kept = self.state.shadowed.len();
        let outer_scope = std::mem::replace(&mut self.scope, kept);
        let outer_line = std::mem::replace(&mut self.read_from, self.source.line(body.span()));
        self.functions += 1;
        let name = argv.first().map(|word| word.value.clone());
        self.names.push(name.unwrap_or_default());
        let covers = covering.is_some();
        self.running.push(Running {
            body: Rc::clone(&body),
            covering,
        });
        let traps = self.traps;
        let mut output = self.returning(|shell| shell.deeper(|shell| shell.node(&body)));
        append_output(&mut output, self.returned(traps));
        let ran = self.running.pop();
        if covers
            && let Some(covering) = ran.and_then(|ran| ran.covering)
            && !covering.defines_as(&self.state)
        {
            self.give_up("calls go too deep to follow");
        }
        self.names.pop();
        self.functions -= 1;
        self.read_from = outer_line;
        let world = self.world;
        self.state.unshadow(world, kept);
        self.scope = outer_scope;
        self.state.arguments = outer_arguments;
        self.state.name = outer_name;
        if let Some((stdin, shared)) = outer_stdin {
            self.state.stdin = stdin;
            self.state.input_shared = shared;
        }
        self.source = outer_source;
        output
    }

    /// The words of a command as positional parameters. One that splits stands for any number.
    pub(super) fn positional(&self, words: &[Argument]) -> Option<Rc<[Text]>> {
        if self.state.dialect.is_zsh() && words.iter().any(|word| word.splits) {
            return None;
        }
        let texts = words.iter().map(|word| match word.splits {
            true => word.value.clone().several(),
            false => word.value.clone(),
        });
        Some(texts.collect())
    }

    /// What covers another call of a function that is being followed with everything unknown.
    fn covering(&self, body: &Rc<Node>) -> Option<&State> {
        let mut running = self.running.iter().rev();
        let found = running.find(|running| Rc::ptr_eq(&running.body, body))?;
        found.covering.as_deref()
    }

    /// For a function that has called itself so often that it is followed once more only, with
    /// everything unknown: any further call begins with no more than that.
    fn recurs(&mut self, body: &Rc<Node>) -> Option<Box<State>> {
        let running = self.running.iter();
        let count = running.filter(|running| Rc::ptr_eq(&running.body, body));
        (count.count() >= RECURSION_LIMIT).then(|| {
            self.state.forget_all(self.world);
            self.state.arguments = None;
            Box::new(self.state.clone())
        })
    }

    /// Runs what `return` ends: a function or a sourced file.
    pub(super) fn returning(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        let mark = self.departed.len();
        let loops = std::mem::take(&mut self.loops);
        self.calls += 1;
        let output = run(self);
        self.calls -= 1;
        self.loops = loops;
        self.arrive(mark, Leave::Return);
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
            environment: self.state.environment.with_functions(&self.state.functions),
            directory: self.directory(),
            stdin,
            redirections,
            location,
            elsewhere: self.elsewhere.clone(),
        }
    }
}

/// The variable in which a bash gives a function to those that it starts.
pub(super) fn exported_name(function: &str) -> String {
    format!("BASH_FUNC_{function}%%")
}

/// The name in a word that is written like an assignment.
fn assigned_name(word: &Word) -> Option<&str> {
    let (name, _) = word.source.split_once('=')?;
    let plain = name.strip_suffix('+').unwrap_or(name);
    let plain = plain.split_once('[').map_or(plain, |(name, _)| name);
    shell::is_name(plain).then_some(name)
}
