//! From the AST to the commands as the kernel would see them.
//!
//! Owns expansion, functions, builtins and nested shell text. Never knows what a command means.

mod alias;
mod arithmetic;
mod assignment;
mod brace;
mod builtins;
mod command;
mod condition;
mod control;
mod descriptor;
mod expand;
mod interpreter;
mod options;
mod parameter;
mod pattern;
mod pure;
mod redirection;
mod regex;
mod simple;
mod source;
mod state;
mod substitution;
mod text;
mod transform;
mod zsh_assignment;
mod zsh_parameter;
mod zsh_word;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::location::{Location, Span};
use crate::shared_map::SharedMap;
use crate::shell::{self, Dialect};
use crate::world::{Overlay, World};
pub(crate) use builtins::normalized;
pub use command::{
    Argument, Command, Content, Directory, Environment, Redirection, RedirectionKind, Stdin,
    Written, base_name,
};
pub(crate) use descriptor::is_standard_input;
pub(crate) use interpreter::Sink;
use interpreter::{Interpreter, append_output};
use options::Options;
pub(crate) use pure::decode;
pub use source::Origin;
pub(crate) use source::Source;
use state::{Leave, Stages, State};
pub use text::{Part, Text};

/// The shell that reads a text, as it starts.
#[derive(Clone, Debug)]
pub struct Start {
    /// Whose rules the text follows.
    pub dialect: Dialect,
    /// `$0`.
    pub name: Text,
    /// `$1` …; `None` when they are not known.
    pub arguments: Option<Vec<Text>>,
    pub environment: Environment,
    pub directory: Directory,
    pub stdin: Stdin,
    /// Set when the shell runs on another machine or in a container.
    pub elsewhere: Option<Rc<str>>,
    /// An interactive shell expands aliases.
    pub interactive: bool,
    /// How deep the shell itself stands in other texts.
    pub nesting: usize,
}

/// Whether two shells certainly run the same commands for a text.
pub(crate) fn reads_alike(text: &Text, one: Dialect, other: Dialect) -> bool {
    text.exact().is_some_and(|text| {
        // Braces, and backslashes that `echo` may read, are expanded and not parsed.
        !text.contains(['{', '\\'])
            && !text.contains("alias")
            && shell::parse(text, one) == shell::parse(text, other)
    })
}

/// Walks a shell text as the shell would and gives each command to `sink`, in order. Returns what
/// it prints, as far as that is known.
pub(crate) fn walk(
    text: &Text,
    origin: Origin,
    place: &Location,
    start: Start,
    world: &Overlay<'_>,
    sink: &mut dyn Sink,
) -> Text {
    let mut environment = start.environment;
    let mut functions = environment.take_functions();
    if !start.dialect.imports_functions() {
        functions = SharedMap::default();
    }
    let zsh = start.dialect.is_zsh();
    let arguments = start
        .arguments
        .filter(|words| !zsh || !words.iter().any(Text::is_several));
    let state = State {
        dialect: start.dialect,
        options: Options::start(start.interactive || start.dialect.expands_aliases()),
        variables: SharedMap::default(),
        shadowed: Rc::default(),
        volatile: Rc::default(),
        traps: Rc::default(),
        environment,
        functions,
        aliases: Rc::default(),
        disabled: Rc::default(),
        hashed: SharedMap::default(),
        name: start.name,
        arguments: arguments.map(Rc::from),
        directory: start.directory,
        directory_if_cd_failed: None,
        way_back: None,
        directories: Some(Rc::default()),
        stdin: start.stdin,
        input_shared: false,
        status: Some(0),
        stages: Stages::Unknown,
        last_argument: None,
        left: None,
        option_at: Some(0),
    };
    let mut interpreter = Interpreter {
        world,
        sink,
        state,
        source: Source::new("", Origin::Place(Span::default().into())),
        elsewhere: start.elsewhere,
        depth: 0,
        nesting: start.nesting,
        over: false,
        commands: 0,
        repeated: 0,
        alternatives: 1,
        tested: 0,
        calls: 0,
        functions: 0,
        names: Vec::new(),
        running: Vec::new(),
        loops: 0,
        departed: Vec::new(),
        captured: 0,
        substituted: false,
        holes: 0,
        traps: 0,
        seen: Vec::new(),
        in_trap: false,
        last_status: None,
        scope: 0,
        outermost: start.nesting == 0,
        line: 0,
        read_from: 0,
        opened: BTreeSet::new(),
        current: place.clone(),
    };
    let mut output = interpreter.unsure_text(text, origin, place, "the shell");
    interpreter.arrive(0, Leave::Exit);
    let printed = interpreter.run_traps(0);
    append_output(&mut output, printed);
    output
}

/// What a program prints that only computes, as far as its input is known.
pub(crate) fn program_output(command: &Command, world: &Overlay<'_>) -> Text {
    pure::output(&command.argv, &command.stdin, &command.directory, world)
}

/// What a shell that runs a text (`sh -c TEXT`) prints, as far as it is known without running it.
/// Nothing that it starts is judged.
pub(crate) fn printed(shell: &Command, world: &dyn World) -> Text {
    struct Nobody;
    impl Sink for Nobody {
        fn command(&mut self, _command: Command, _nesting: usize) {}
        fn written(&mut self, _written: Written, _by: Command, _nesting: usize) {}
        fn opaque(&mut self, _reason: String, _location: Location) {}
    }
    let unknown = || Text::unknown("a command");
    let [program, flags, text] = shell.argv.as_slice() else {
        return unknown();
    };
    let program = program.value.exact().map(base_name);
    // `-c`, with what stops at an error or at a name that is not set.
    let is_text = |flags: &str| {
        let letters = flags.strip_prefix('-').unwrap_or_default();
        letters.contains('c') && letters.chars().all(|letter| "ceu".contains(letter))
    };
    if !matches!(program, Some("sh" | "bash" | "dash")) || !flags.value.exact().is_some_and(is_text)
    {
        return unknown();
    }
    let Some(text) = text.value.exact() else {
        return unknown();
    };
    let overlay = Overlay::new(world);
    let start = Start {
        dialect: Dialect::BASH,
        name: Text::known("sh"),
        arguments: Some(Vec::new()),
        environment: shell.environment.clone(),
        directory: shell.directory.clone(),
        stdin: shell.stdin.clone(),
        elsewhere: shell.elsewhere.clone(),
        interactive: false,
        nesting: 0,
    };
    let place = Origin::Place(shell.location.clone());
    let text = Text::known(text);
    walk(&text, place, &shell.location, start, &overlay, &mut Nobody)
}
