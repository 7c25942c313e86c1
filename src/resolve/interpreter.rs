//! The interpreter: walks the tree as the shell would, over abstract values.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::builtins::Seen;
use super::command::{Command, Directory, Stdin, Written};
use super::control::uncertain;
use super::options::ShellOption;
use super::source::{Origin, Source};
use super::state::{Function, Leave, Stages, State, Value};
use super::text::{Part, Text};
use crate::location::{Location, Span};
use crate::shell::{self, Node, Script};
use crate::world::{Overlay, World};

/// Nested calls, substitutions and sourced files.
pub(super) const DEPTH_LIMIT: usize = 40;
/// Compound commands within compound commands, through every text that is followed: a bound on the
/// stack.
const NESTING_LIMIT: usize = 200;
/// What one command costs at least, in the unit of [`World::spend`].
const COMMAND_WORK: usize = 2048;
/// What one word, element or variable costs that is made, copied or compared.
pub(super) const ENTRY_WORK: usize = 64;
/// What one byte costs that is parsed.
pub(super) const PARSE_WORK: usize = 16;
/// Known output longer than this is not kept (bytes).
const OUTPUT_LIMIT: usize = 1 << 20;
/// Output of more known and unknown parts than this is not kept, either.
const OUTPUT_PARTS: usize = 256;

/// Gets what the interpreter finds, in the order in which the shell would run it.
pub(crate) trait Sink {
    /// `nesting` is how deep the command stands, for texts that it starts in turn.
    fn command(&mut self, command: Command, nesting: usize);
    /// A redirection of `by` gave a file its content.
    fn written(&mut self, written: Written, by: Command, nesting: usize);
    fn opaque(&mut self, reason: String, location: Location);
    /// What guard does not look at any more, wherever it stands.
    fn limit(&mut self, reason: String, location: Location) {
        self.opaque(reason, location);
    }
    /// What a program prints that starts another one, as far as that is known.
    fn printed(&mut self, _command: &Command) -> Option<Text> {
        None
    }
}

/// A function that runs.
pub(super) struct Running {
    pub(super) body: Rc<Node>,
    /// The state that covers whatever it may begin with when it calls itself.
    pub(super) covering: Option<Box<State>>,
}

pub(super) struct Interpreter<'w> {
    pub(super) world: &'w Overlay<'w>,
    pub(super) sink: &'w mut dyn Sink,
    pub(super) state: State,
    pub(super) source: Rc<Source>,
    pub(super) elsewhere: Option<Rc<str>>,
    pub(super) depth: usize,
    pub(super) nesting: usize,
    /// Nothing more is looked at, which was said.
    pub(super) over: bool,
    /// Commands that were walked.
    pub(super) commands: usize,
    /// Those of them that were walked again, in later rounds of a loop.
    pub(super) repeated: usize,
    /// How many values the command that is expanded is looked at with.
    pub(super) alternatives: usize,
    /// Above 0 where a failure is looked at, so that `set -e` does not end the script.
    pub(super) tested: usize,
    /// How many functions and sourced files are being run.
    pub(super) calls: usize,
    /// How many of these are functions.
    pub(super) functions: usize,
    /// What they are called, the innermost last: `FUNCNAME`.
    pub(super) names: Vec<Text>,
    /// Their bodies, and for one that calls itself without end in sight what it began with.
    pub(super) running: Vec<Running>,
    /// How many loops stand around the command, within its function.
    pub(super) loops: usize,
    /// Ways through the script that left for the end of a loop, a function or the script.
    pub(super) departed: Vec<State>,
    /// Above 0 where somebody reads what is printed.
    pub(super) captured: usize,
    /// Whether a command substitution ran in the command that is expanded.
    pub(super) substituted: bool,
    /// How many unknown parts there were in texts that ran.
    pub(super) holes: usize,
    /// How many traps were set.
    pub(super) traps: usize,
    /// What each trap found when it was last followed.
    pub(super) seen: Vec<Seen>,
    /// Whether a trap's text runs.
    pub(super) in_trap: bool,
    /// `$?` before the builtin that runs.
    pub(super) last_status: Option<u8>,
    /// Which of the shadowed variables are the running function's.
    pub(super) scope: usize,
    /// The shell that guard stands in for, not one that a command starts.
    pub(super) outermost: bool,
    /// The line of the text in which the last command stands that may be an alias.
    pub(super) line: usize,
    /// The line where what was read together with it begins: a command, a function.
    pub(super) read_from: usize,
    /// Descriptors that the text itself opens.
    pub(super) opened: BTreeSet<u32>,
    /// The command that is being expanded: a place for what has none of its own.
    pub(super) current: Location,
}

impl Interpreter<'_> {
    pub(super) fn script(&mut self, script: &Script) -> Text {
        let mark = self.departed.len();
        let output = self.lines(script);
        if self.departed.len() > mark {
            self.arrive(mark, Leave::Text);
        }
        for hole in &script.holes {
            let location = self.source.locate(hole.span);
            self.sink.opaque(hole.reason.clone(), location);
        }
        output
    }

    /// A whole text, line by line: an error in an expansion ends one of them.
    fn lines(&mut self, script: &Script) -> Text {
        let mut list = script.list.as_slice();
        let mark = self.departed.len();
        let outer = self.read_from;
        let mut output = Text::empty();
        while !list.is_empty() {
            let together = list.windows(2).take_while(|pair| {
                let [one, next] = pair else { return false };
                let end = one.span().end;
                self.source.line(next.span()) <= self.source.line(Span::new(end, end))
            });
            let (line, rest) = list.split_at((together.count() + 1).min(list.len()));
            self.read_from = line
                .first()
                .map_or(outer, |node| self.source.line(node.span()));
            if !self.reads_groups(script, line) {
                self.may_fail(&[Leave::Text]);
            }
            append_output(&mut output, self.list(line));
            if self.departed.len() > mark {
                self.line_ends(mark);
            }
            if self.state.left.is_some() {
                break;
            }
            list = rest;
        }
        self.read_from = outer;
        output
    }

    /// Whether the shell certainly reads the patterns in some lines of a script that only an option
    /// makes patterns.
    fn reads_groups(&self, script: &Script, line: &[Node]) -> bool {
        let (Some(first), Some(last)) = (line.first(), line.last()) else {
            return true;
        };
        let within = first.span().start..last.span().end;
        self.state.options.has(ShellOption::ExtGlob)
            || !script.groups.iter().any(|at| within.contains(at))
    }

    /// Joins the ways on which an error ended the line, wherever in a function that was.
    fn line_ends(&mut self, mark: usize) {
        let (world, kept) = (self.world, self.state.shadowed.len());
        for state in self.departed.iter_mut().skip(mark) {
            if state.left == Some(Leave::Line) {
                state.unshadow(world, kept);
            }
        }
        self.arrive(mark, Leave::Line);
    }

    /// An error in an expansion, which ends the line or, in a subshell and in some assignments,
    /// the shell. That it is one is not certain: the script goes on, too.
    pub(super) fn may_fail(&mut self, leads: &[Leave]) {
        for leave in leads {
            let mut state = self.state.clone();
            state.left = Some(*leave);
            state.status = Some(1);
            self.departed.push(state);
        }
    }

    /// Parses and runs a text in the current shell.
    pub(super) fn text(&mut self, text: &str, origin: Origin) -> Text {
        if !self.spend(text.len() * PARSE_WORK) {
            return Text::unknown("…");
        }
        let script = shell::parse(text, self.state.dialect);
        let outer = std::mem::replace(&mut self.source, Source::new(text, origin));
        let dialect = self.state.dialect;
        let lenient = dialect
            .lenient()
            .filter(|_| !script.holes.is_empty())
            .map(|lenient| (lenient, shell::parse(text, lenient)))
            .filter(|(_, script)| script.holes.is_empty());
        let output = match lenient {
            Some((lenient, whole)) => {
                self.subshell(|shell| shell.list(&script.list));
                self.state.dialect = lenient;
                let output = self.deeper(|shell| shell.script(&whole));
                self.state.dialect = dialect;
                output
            }
            None => self.deeper(|shell| shell.script(&script)),
        };
        self.source = outer;
        output
    }

    /// Notes work that is done for this text, and stops where it is more than is followed. Says
    /// whether it goes on.
    pub(super) fn spend(&mut self, work: usize) -> bool {
        if !self.world.spend(work) {
            self.give_up("this script does more than guard can follow");
        }
        !self.over
    }

    /// Notes a command that is walked.
    pub(super) fn spend_command(&mut self) -> bool {
        self.commands += 1;
        self.spend(COMMAND_WORK)
    }

    pub(super) fn is_spent(&self) -> bool {
        self.over
    }

    /// Looks at nothing more, and says so: once is enough, and what runs away must end.
    pub(super) fn give_up(&mut self, reason: &str) {
        if !self.over {
            let location = self.current.clone();
            self.sink.limit(reason.to_owned(), location);
            self.over = true;
        }
    }

    /// Bounds the depth; beyond it what would run is opaque.
    pub(super) fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        if self.depth >= DEPTH_LIMIT {
            self.give_up("calls go too deep to follow");
            return Text::unknown("a deep call");
        }
        self.depth += 1;
        let output = run(self);
        self.depth -= 1;
        output
    }

    /// Follows a way that the script may take or not.
    pub(super) fn on_a_way<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.world.enter();
        let found = run(self);
        self.world.leave();
        found
    }

    /// What the shell may run at some other time, or never: it changes nothing here.
    pub(super) fn aside(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        self.on_a_way(|shell| shell.subshell(run))
    }

    /// Runs where a failure is looked at.
    pub(super) fn testing<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.tested += 1;
        let found = run(self);
        self.tested -= 1;
        found
    }

    /// Runs in a subshell: what it changes is forgotten.
    pub(super) fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        let before = self.state.clone();
        let (mark, loops, traps) = (self.departed.len(), self.loops, self.traps);
        let mut output = self.deeper(run);
        let certain = self.departed.len() == mark;
        if self.traps > traps {
            self.arrive(mark, Leave::Exit);
            let printed = self.run_traps(traps);
            append_output(&mut output, printed);
        }
        self.departed.truncate(mark);
        self.loops = loops;
        let inner = std::mem::replace(&mut self.state, before);
        self.state.status = inner.status.filter(|_| certain);
        // What it read, nobody else can read again.
        self.state.stdin = inner.stdin;
        self.state.input_shared = inner.input_shared;
        if certain {
            return output;
        }
        if self.state.input_shared {
            self.state.stdin = Stdin::Unknown("an input that was read in part".to_owned());
        }
        uncertain(output, "a shell that may end before")
    }

    pub(super) fn list(&mut self, list: &[Node]) -> Text {
        let mut output = Text::empty();
        for node in list {
            if self.over {
                return Text::unknown("…");
            }
            let text = self.node(node);
            append_output(&mut output, text);
            if self.state.left.is_some() {
                break;
            }
        }
        output
    }

    pub(super) fn node(&mut self, node: &Node) -> Text {
        if self.nesting >= NESTING_LIMIT {
            self.give_up("commands are nested too deeply to follow");
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
            Node::Pipeline { stages, negated } => self.pipeline(stages, *negated),
            Node::AndOr { .. } => self.and_or(node),
            Node::Background(node) => {
                let stdin = self.state.stdin.clone();
                let output = self.subshell(|shell| shell.node(node));
                // It reads when it likes, unless the shell gives it nothing to read.
                if self.state.stdin != stdin {
                    self.state.stdin = Stdin::Unknown("an input that is shared".to_owned());
                }
                self.state.status = Some(0);
                self.state.stages = Stages::Unknown;
                output
            }
            Node::Compound(compound) => self.compound(compound),
            Node::Function { names, body, .. } => {
                let function = Function {
                    body: Rc::clone(body),
                    source: Rc::clone(&self.source),
                };
                for name in names {
                    self.define(name, function.clone());
                }
                self.state.status = Some(0);
                Text::empty()
            }
        }
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
        let Some(name) = self.state.target(name) else {
            return Some(Text::unknown(format!("${name}")));
        };
        match self.state.variable(self.world, &name)? {
            Value::Scalar(text) => Some(text),
            Value::Unset => None,
            Value::Array(elements) => match elements.get(&0) {
                Some(text) if text.is_several() => Some(Text::unknown(format!("${name}"))),
                found => found.cloned(),
            },
            Value::OneOf(_) | Value::Map(_) => Some(Text::unknown(format!("${name}"))),
        }
    }
}

pub(super) fn append_output(output: &mut Text, text: Text) {
    if output.length() > OUTPUT_LIMIT || output.parts().len() > OUTPUT_PARTS {
        *output = Text::unknown("a long output");
    } else {
        output.append(text);
    }
}

pub(super) fn piped(text: Text) -> Stdin {
    match text.parts() {
        [Part::Unknown(source)] => Stdin::Unknown(source.clone()),
        _ => Stdin::Text(text),
    }
}
