//! From a text or an argv to an [`Assessment`]: parse, resolve, ask the rules, and follow what
//! a command hands on, in the order in which it would run.
//!
//! Owns the loop between `resolve` and `rules`. Never decides.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::rc::Rc;

use crate::call::{Findings, Nested};
use crate::context::files::{self, Loss};
use crate::effect::{Assessment, Effect, Opaque, Tier};
use crate::location::{Location, Span};
use crate::printed;
use crate::resolve::{
    self, Argument, Command, Content, Directory, Environment, Origin, RedirectionKind, Sink, Start,
    Stdin, Text, Written, base_name,
};
use crate::rules;
use crate::shell::Dialect;
use crate::world::{Overlay, World};

/// Shells within shells, wrappers within wrappers.
const DEPTH_LIMIT: usize = 24;
/// Commands judged for one text: a bound on what nested texts can multiply to.
const COMMAND_LIMIT: usize = 200_000;

/// What is to be judged, as guard was started with it.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Shell text, with `$0`, `$1` ….
    Script {
        text: String,
        name: String,
        arguments: Vec<String>,
        interactive: bool,
        dialect: Dialect,
    },
    /// A program and its arguments.
    Argv(Vec<String>),
}

impl Subject {
    /// Shell text as `bash -c` gets it.
    pub fn script(text: impl Into<String>) -> Self {
        Self::Script {
            text: text.into(),
            name: "bash".to_owned(),
            arguments: Vec::new(),
            interactive: false,
            dialect: Dialect::BASH,
        }
    }

    /// The text that spans in the assessment point into.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Script { text, .. } => text.clone(),
            Self::Argv(argv) => argv_text(argv).0,
        }
    }
}

/// An argv as a person would type it, and where each word stands in it.
fn argv_text(argv: &[String]) -> (String, Vec<Span>) {
    let mut text = String::new();
    let mut spans = Vec::new();
    for word in argv {
        if !text.is_empty() {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(&shell_words::quote(word));
        spans.push(Span::new(start, text.len()));
    }
    (text, spans)
}

/// Who looks on while what is judged runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onlooker {
    /// Nobody: what cannot be seen in the text will not be seen.
    Nobody,
    /// The supervisor: each program that the text starts here waits for it, with the argv that it
    /// really has. So what is not known of such a command is no question yet. It is one in what no
    /// program of its own does (a call to an API inside of a script), what happens on another
    /// machine, and what is left for others to run later.
    Supervisor,
}

/// Judges what would run. `stdin` is what the text or program would read.
///
/// Law: a pack that was added can only add. So where one had a say, the same is judged without any,
/// and what that finds counts, too.
pub fn assess(subject: &Subject, stdin: Stdin, world: &dyn World) -> Assessment {
    assess_under(Onlooker::Nobody, subject, stdin, world)
}

/// [`assess`], for what somebody looks on at.
pub fn assess_under(
    onlooker: Onlooker,
    subject: &Subject,
    stdin: Stdin,
    world: &dyn World,
) -> Assessment {
    seeing(onlooker, subject, stdin, world, None).0
}

/// Every command that would be judged, in order, with what is found.
pub fn commands_of(
    subject: &Subject,
    stdin: Stdin,
    world: &dyn World,
) -> (Vec<Command>, Assessment) {
    let (found, seen) = seeing(Onlooker::Nobody, subject, stdin, world, Some(Vec::new()));
    (seen.unwrap_or_default(), found)
}

fn seeing(
    onlooker: Onlooker,
    subject: &Subject,
    stdin: Stdin,
    world: &dyn World,
    seen: Option<Vec<Command>>,
) -> (Assessment, Option<Vec<Command>>) {
    let _watch = world.watch();
    let joined = Overlay::new(world);
    let (mut found, seen) = follow(onlooker, subject, stdin.clone(), &joined, seen);
    if joined.used_added() {
        let (floor, _) = follow(
            onlooker,
            subject,
            stdin,
            &Overlay::without_packs(world),
            None,
        );
        found.join(floor, |program| {
            world.packs().program(base_name(program)).next().is_some()
        });
    }
    found.notes.sort_unstable();
    found.notes.dedup();
    found
        .notes
        .splice(0..0, world.packs().notes().iter().cloned());
    (found, seen)
}

/// Judges a text as a shell's `-c` gets it, and gives every command that was judged, in order.
pub fn commands(text: &str, dialect: Dialect, world: &dyn World) -> (Vec<Command>, Assessment) {
    let subject = Subject::Script {
        text: text.to_owned(),
        name: dialect.to_string(),
        arguments: Vec::new(),
        interactive: false,
        dialect,
    };
    commands_of(&subject, Stdin::Inherited, world)
}

fn follow(
    onlooker: Onlooker,
    subject: &Subject,
    stdin: Stdin,
    overlay: &Overlay<'_>,
    seen: Option<Vec<Command>>,
) -> (Assessment, Option<Vec<Command>>) {
    let mut judge = Judge {
        world: overlay,
        found: Assessment::default(),
        noted: Noted::default(),
        depth: 0,
        nesting: 0,
        commands: 0,
        programs: BTreeSet::new(),
        seen,
        onlooker,
        who: Who::Started,
    };
    let directory = Directory::Known(overlay.cwd().to_owned());
    match subject {
        Subject::Script {
            text,
            name,
            arguments,
            interactive,
            dialect,
        } => {
            overlay.hand(text);
            let start = Start {
                dialect: *dialect,
                name: Text::known(name.clone()),
                arguments: Some(
                    arguments
                        .iter()
                        .map(|text| Text::known(text.clone()))
                        .collect(),
                ),
                environment: Environment::default(),
                directory,
                stdin,
                elsewhere: None,
                interactive: *interactive,
                nesting: 0,
            };
            let place = Location::from(Span::new(0, text.len()));
            let text = Text::known(text.clone());
            judge.walk(&text, Origin::Verbatim { offset: 0 }, &place, start);
        }
        Subject::Argv(argv) => {
            let (text, spans) = argv_text(argv);
            let argv = argv
                .iter()
                .zip(spans)
                .map(|(word, span)| {
                    // Plain, or in single quotes without any inside: it stands there as it is.
                    let verbatim = match span.end - span.start {
                        written if written == word.len() => Some(span.start),
                        written if written == word.len() + 2 => Some(span.start + 1),
                        _ => None,
                    };
                    Argument {
                        verbatim,
                        ..Argument::known(word.clone(), span.into())
                    }
                })
                .collect();
            let command = Command {
                argv,
                environment: Environment::default(),
                directory,
                stdin,
                redirections: Vec::new(),
                location: Span::new(0, text.len()).into(),
                elsewhere: None,
            };
            judge.who = Who::Itself;
            judge.command(command, 0);
        }
    }
    (judge.found, judge.seen)
}

/// What was found, to say it only once.
#[derive(Default)]
struct Noted {
    effects: HashSet<Effect>,
    opaque: HashSet<Opaque>,
    programs: BTreeSet<Rc<str>>,
}

struct Judge<'w> {
    world: &'w Overlay<'w>,
    found: Assessment,
    noted: Noted,
    depth: usize,
    /// How deep the command stands that is judged.
    nesting: usize,
    commands: usize,
    /// Program files that were followed. Where no earlier command of the text writes one, somebody
    /// keeps it to be run: what guard cannot fold in it is no question, only what it is seen to
    /// lose.
    programs: BTreeSet<Rc<Path>>,
    /// Every command that was judged, where somebody wants to know.
    seen: Option<Vec<Command>>,
    onlooker: Onlooker,
    who: Who,
}

/// Who does what is judged at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The process that the judgement is about.
    Itself,
    /// A process that it starts, here.
    Started,
    /// Somebody who is not below it: on another machine, or later.
    Another,
}

impl Judge<'_> {
    fn walk(&mut self, text: &Text, origin: Origin, place: &Location, start: Start) {
        let world = self.world;
        let who = self.who_acts(start.elsewhere.is_some());
        let outer = std::mem::replace(&mut self.who, who);
        resolve::walk(text, origin, place, start, world, self);
        self.who = outer;
    }

    fn who_acts(&self, elsewhere: bool) -> Who {
        match self.who {
            Who::Another => Who::Another,
            _ if elsewhere => Who::Another,
            who => who,
        }
    }

    /// Whether the supervisor will see for itself what is not known here.
    fn is_seen_later(&self) -> bool {
        self.onlooker == Onlooker::Supervisor && self.who == Who::Started
    }

    fn nested(&mut self, nested: Nested, is_call: bool) {
        let outer = self.who;
        if outer == Who::Itself && !is_call {
            self.who = Who::Started;
        }
        self.follow_nested(nested);
        self.who = outer;
    }

    fn follow_nested(&mut self, nested: Nested) {
        match nested {
            Nested::Command(command) => self.command(*command, self.nesting),
            Nested::Shell {
                text,
                origin,
                arguments,
                by,
                shell,
            } => {
                let place = by.location.clone();
                // What stands for `$0` may become more words than one.
                let zero = arguments.first();
                let several = zero.is_some_and(|zero| zero.splits || zero.value.has_glob());
                let mut words = arguments.into_iter();
                let name = words.next().map_or_else(
                    || {
                        by.argv
                            .first()
                            .map(|word| word.value.clone())
                            .unwrap_or_default()
                    },
                    |word| match several {
                        true => Text::unknown(word.value.display()),
                        false => word.value,
                    },
                );
                let positional = |word: Argument| match word.splits {
                    true => word.value.several(),
                    false => word.value,
                };
                let mut start = Start {
                    dialect: shell,
                    name,
                    arguments: (!several).then(|| words.map(positional).collect()),
                    environment: by.environment,
                    directory: by.directory,
                    stdin: by.stdin,
                    elsewhere: by.elsewhere,
                    interactive: false,
                    nesting: self.nesting + 1,
                };
                let mut readings = shell.readings(self.real_sh(&start).as_deref());
                if let [one, other] = readings.as_slice()
                    && resolve::reads_alike(&text, *one, *other)
                {
                    readings.truncate(1);
                }
                for dialect in readings {
                    start.dialect = dialect;
                    self.walk(&text, origin.clone(), &place, start.clone());
                }
            }
        }
    }

    /// The name of the program that `/bin/sh` is where a shell starts.
    fn real_sh(&self, start: &Start) -> Option<String> {
        if start.elsewhere.is_some() {
            return None;
        }
        let real = self.world.canonical(Path::new("/bin/sh"))?;
        Some(real.file_name()?.to_str()?.to_owned())
    }

    fn note(&mut self, effect: Effect) {
        if self.noted.effects.insert(effect.clone()) {
            self.found.effects.push(effect);
        }
    }
}

impl Sink for Judge<'_> {
    fn command(&mut self, command: Command, nesting: usize) {
        self.commands += 1;
        if self.depth >= DEPTH_LIMIT || self.commands > COMMAND_LIMIT {
            self.limit(
                "commands are nested too deeply to follow".to_owned(),
                command.location,
            );
            return;
        }
        if let Some(seen) = &mut self.seen {
            seen.push(command.clone());
        }
        self.depth += 1;
        let who = self.who_acts(command.elsewhere.is_some());
        let outer_who = std::mem::replace(&mut self.who, who);
        let outer = std::mem::replace(&mut self.nesting, nesting);
        let findings = rules::judge(&command, self.world);
        let mut written = command
            .redirections
            .iter()
            .filter(|redirection| !matches!(redirection.kind, RedirectionKind::Read))
            .map(|redirection| redirection.path.exact())
            .peekable();
        if findings.only_looks && written.peek().is_none() {
            // It changes nothing.
        } else if findings.only_looks
            && written.all(|path| path.is_some_and(|path| command.directory.join(path).is_some()))
        {
            // What it changes is what it writes, which is noted.
            self.world.touch_written();
        } else {
            self.world.touch();
        }
        self.take(findings, &command);
        self.nesting = outer;
        self.who = outer_who;
        self.depth -= 1;
    }

    fn written(&mut self, written: Written, by: Command, nesting: usize) {
        let outer = std::mem::replace(&mut self.nesting, nesting);
        self.left(&written, &by);
        self.nesting = outer;
    }

    fn opaque(&mut self, reason: String, location: Location) {
        if !self.is_kept(&location) {
            self.note_opaque(reason, location);
        }
    }

    fn limit(&mut self, reason: String, location: Location) {
        self.note_opaque(reason, location);
    }

    fn printed(&mut self, command: &Command) -> Option<Text> {
        printed::by(command, self.world)
    }
}

impl Judge<'_> {
    fn note_opaque(&mut self, reason: String, location: Location) {
        if self.is_seen_later() {
            return;
        }
        let opaque = Opaque { reason, location };
        if self.noted.opaque.insert(opaque.clone()) {
            self.found.opaque.push(opaque);
        }
    }

    /// Whether this stands in a program that is kept in a file.
    fn is_kept(&self, location: &Location) -> bool {
        location.file.as_ref().is_some_and(|file| {
            self.programs.contains(file.path.as_path()) && !self.world.is_written(&file.path)
        })
    }

    /// Notes what a command does, and follows what it starts.
    fn take(&mut self, findings: Findings, by: &Command) {
        self.programs.extend(findings.programs);
        self.found.notes.extend(findings.notes);
        let is_kept = self.is_kept(&by.location);
        for effect in findings.effects {
            let is_local = effect.target.tier == Tier::Local;
            let unnamed = is_local && (is_kept || self.is_seen_later()) && is_guessed(&effect, by);
            let unmade = is_local && self.is_seen(&effect) && self.is_unmade(&effect, by);
            if !unnamed && !unmade {
                self.note(effect);
            }
        }
        for Opaque { reason, location } in findings.opaque.into_iter().filter(|_| !is_kept) {
            self.note_opaque(reason, location);
        }
        let is_seen = self.onlooker == Onlooker::Supervisor && self.who != Who::Another;
        let unread = findings.unread.into_iter();
        for Opaque { reason, location } in unread.filter(|_| !is_kept && !is_seen) {
            self.note_opaque(reason, location);
        }
        for unlisted in findings.unlisted {
            if self.noted.programs.insert(Rc::clone(&unlisted.program)) {
                self.found.unlisted.push(unlisted);
            }
        }
        for nested in findings.nested {
            self.nested(nested, findings.calls);
        }
        for written in findings.written {
            self.write(&written, by);
            self.left(&written, by);
        }
    }

    /// Whether the supervisor sees the moment of a loss: a program that starts for it, or a call of
    /// the process itself that takes a file away.
    fn is_seen(&self, effect: &Effect) -> bool {
        self.is_seen_later()
            || (self.onlooker == Onlooker::Supervisor
                && self.who == Who::Itself
                && effect.is_on_files())
    }

    /// Whether what is lost is one path that is not on the disk now, or in a directory that is not
    /// known: what the text itself makes first is looked at when it goes.
    fn is_unmade(&self, effect: &Effect, by: &Command) -> bool {
        // Making a file of guard's own is no loss of it.
        let name = effect.target.name.as_deref();
        let name = name.filter(|name| !name.contains(['*', '?', '[', '{']));
        name.is_some_and(|name| {
            let path = by.directory.join(name);
            let text = Text::known(name);
            path.is_none_or(|path| !self.world.is_on_disk(&path))
                && files::loss(&text, &by.directory, self.world) != Loss::Guard
        })
    }

    /// A later command of the same text finds what this one writes. It may not run, or may fail:
    /// what was there before counts too.
    fn write(&self, written: &Written, by: &Command) {
        let path = written
            .path
            .exact()
            .and_then(|path| by.directory.join(path));
        let Some(path) = path.filter(|_| by.elsewhere.is_none()) else {
            return;
        };
        match &written.content {
            Content::Whole(text) => self.world.write(&path, text.exact(), false, false),
            Content::Added(text) => self.world.write(&path, text.exact(), true, false),
            Content::Within(_) | Content::CopyOf(_) => {}
        }
    }

    /// What is left in a file for a shell, git, cron or an editor to run later is judged as run.
    fn left(&mut self, written: &Written, by: &Command) {
        if self.depth >= DEPTH_LIMIT {
            return;
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.who, Who::Another);
        let findings = rules::left_to_run(written, by, self.world);
        self.take(findings, by);
        self.who = outer;
        self.depth -= 1;
    }
}

/// Whether what is lost is named by a word of the command that is not known.
fn is_guessed(effect: &Effect, by: &Command) -> bool {
    let Some(name) = &effect.target.name else {
        return by.argv.iter().any(|word| word.value.has_unknown());
    };
    let words = by.argv.iter().map(|word| &word.value);
    let paths = by.redirections.iter().map(|redirection| &redirection.path);
    let naming = words.chain(paths).filter(|word| {
        let shown = word.display();
        let above = name.strip_suffix(&*shown);
        above.is_some_and(|above| above.is_empty() || above.ends_with('/'))
    });
    let mut naming = naming.peekable();
    naming.peek().is_some() && naming.all(Text::has_unknown)
}
