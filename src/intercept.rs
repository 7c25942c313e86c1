//! The whole pipeline, from how guard was started to what it becomes.
//!
//! Owns the order of the stages. Judges nothing itself, and replaces this process only through
//! the gate.

#![allow(clippy::disallowed_methods, reason = "PATH finds the real program")]

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::cli;
use crate::effect::{Assessment, Opaque};
use crate::gate::{self, Draft, EXIT_FAILED, EXIT_REFUSED, Entry, Inside, Plan, State, Stopped};
use crate::invocation::{Flavor, Input, ShellLine, ShellName, Start, Startup, scaffolding};
use crate::judge::{Onlooker, Subject, assess_under};
use crate::location::{Location, Span};
use crate::packs;
use crate::policy::{Places, Policy};
use crate::resolve::{Stdin, Text};
use crate::supervise::{self, Supervisor};
use crate::sys::{self, Lookup, LookupError, Patience, Peek, Real, Unseen};
use crate::world::{PathStatus, System, World};

/// Scripts on standard input longer than this are not read to their end (bytes).
const STDIN_LIMIT: usize = 1 << 20;

/// How long guard waits for the first byte that a program other than a shell might read.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// Runs guard as it was started; returns the exit status. Returning at all means that guard did
/// not become another program.
#[must_use]
pub fn run(argv: Vec<OsString>) -> u8 {
    let stopped = match Start::of(&argv) {
        None => Stopped {
            code: EXIT_FAILED,
            message: "guard: started without argv[0]".to_owned(),
        },
        Some(Start::Own) => return cli::run(argv),
        Some(start) => intercept(start, argv).unwrap_or_else(Stopped::from),
    };
    // Nobody may be left to read it; the status says the same.
    let _ = writeln!(std::io::stderr(), "{}", stopped.message);
    stopped.code
}

/// Finds what would run, judges it, and takes it through the gate.
fn intercept(start: Start, argv: Vec<OsString>) -> Result<Stopped, Trouble> {
    let directories = packs::directories(|name| std::env::var_os(name));
    let packs = Rc::new(packs::open(&directories, State::packs));
    let world = System::new(sys::working_directory()).with_packs(Rc::clone(&packs));
    let lookup = Lookup::new(std::env::var_os("PATH"))?;
    if let Some(inside) = Inside::find() {
        return below_supervisor(inside, start, argv, &lookup);
    }
    let policy = Policy::read(&Places::of(world.cwd()), Timestamp::now());
    let onlooker = match &start {
        Start::Direct { .. } | Start::DirectScript { .. } => onlooker(&policy)?,
        Start::Shell(_) | Start::Shim { .. } | Start::Own => Onlooker::Nobody,
    };
    let scene = Scene {
        world: &world,
        onlooker,
    };
    let job = match start {
        Start::Shell(name) => shell(&lookup, name, argv, Entry::Shell, scene)?,
        Start::DirectScript { argv } => {
            shell(&lookup, ShellName::Bash, argv, Entry::Direct, scene)?
        }
        Start::Shim { program } => {
            let real = lookup.find(&program)?;
            let judged = [&[program], argv.get(1..).unwrap_or_default()].concat();
            program_job(real, argv, &judged, Entry::Shim, scene)?
        }
        Start::Direct { argv } => {
            let real = direct(&lookup, &argv)?;
            let judged = argv.clone();
            program_job(real, argv, &judged, Entry::Direct, scene)?
        }
        Start::Own => return Err(Trouble::Own),
    };
    if world.packs().is_damaged()
        && let Some(place) = State::packs()
    {
        packs::discard(&place);
    }
    let draft = Draft {
        entry: job.entry,
        program: job.real.path,
        argv: job.argv,
        path: job.path,
        cwd: world.cwd().to_owned(),
        scaffolding: scaffolding(&job.text),
        text: job.text,
        assessment: job.assessment,
    };
    let supervisor = match onlooker {
        Onlooker::Supervisor => Some(
            Supervisor::new(packs, policy.clone(), draft.paths()).map_err(Trouble::Supervisor)?,
        ),
        Onlooker::Nobody => None,
    };
    Ok(gate::pass(Plan::new(draft, &world), &policy, supervisor))
}

/// Whether what is started by name can be supervised. Where it cannot, that is said: then only the
/// text of the command is judged.
fn onlooker(policy: &Policy) -> Result<Onlooker, Trouble> {
    match supervise::probe() {
        Ok(()) => Ok(Onlooker::Supervisor),
        Err(reason) if policy.requires_supervision() => Err(Trouble::Supervisor(format!(
            "the policy requires supervision, and there can be none: {reason}"
        ))),
        Err(reason) => {
            let _ = writeln!(
                std::io::stderr(),
                "guard: not supervised: {reason}; only the command itself is judged, and what it \
                 starts through guard's shells and shims"
            );
            Ok(Onlooker::Nobody)
        }
    }
}

/// Below a supervisor, guard only becomes the program: that is judged there.
fn below_supervisor(
    inside: Inside,
    start: Start,
    argv: Vec<OsString>,
    lookup: &Lookup,
) -> Result<Stopped, Trouble> {
    let (real, argv) = match start {
        Start::Shell(name) => (lookup.shell(name)?.0, argv),
        Start::DirectScript { argv } => (lookup.shell(ShellName::Bash)?.0, argv),
        Start::Shim { program } => (lookup.find(&program)?, argv),
        Start::Direct { argv } => (direct(lookup, &argv)?, argv),
        Start::Own => return Err(Trouble::Own),
    };
    Ok(inside.exec(&real.path, &argv))
}

fn direct(lookup: &Lookup, argv: &[OsString]) -> Result<Real, LookupError> {
    lookup.find(argv.first().map_or(OsStr::new(""), |word| word))
}

/// What a judgement is made in.
#[derive(Clone, Copy)]
struct Scene<'a> {
    world: &'a System,
    onlooker: Onlooker,
}

impl Scene<'_> {
    fn assess(self, subject: &Subject, stdin: Stdin) -> Assessment {
        assess_under(self.onlooker, subject, stdin, self.world)
    }
}

/// What would run, and what is known of it.
struct Job {
    entry: Entry,
    real: Real,
    argv: Vec<OsString>,
    /// What a person's shell gets as `PATH`: guard's shims first.
    path: Option<OsString>,
    text: String,
    assessment: Assessment,
}

/// Nothing can run, or nothing may: standard input is no longer what it was.
#[derive(Debug, Error)]
enum Trouble {
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error("{0}; nothing ran")]
    Stdin(Unseen),
    #[error("{0}; nothing ran")]
    Supervisor(String),
    #[error("guard's own subcommands are not intercepted")]
    Own,
}

impl From<Trouble> for Stopped {
    fn from(trouble: Trouble) -> Self {
        let code = match &trouble {
            Trouble::Lookup(error) => error.status(),
            Trouble::Stdin(_) => EXIT_REFUSED,
            Trouble::Own | Trouble::Supervisor(_) => EXIT_FAILED,
        };
        Self {
            code,
            message: format!("guard: {trouble}"),
        }
    }
}

/// A program that is no shell of guard's: its argv is judged.
fn program_job(
    real: Real,
    argv: Vec<OsString>,
    judged: &[OsString],
    entry: Entry,
    scene: Scene<'_>,
) -> Result<Job, Trouble> {
    let (text, assessment) = match texts(judged) {
        Ok(words) => {
            let subject = Subject::Argv(words);
            let assessment = with_stdin(&subject, scene)?;
            (subject.text(), assessment)
        }
        Err(reason) => unseen(judged, reason),
    };
    Ok(Job {
        entry,
        real,
        argv,
        path: None,
        text,
        assessment,
    })
}

/// A shell: what it would read is judged.
fn shell(
    lookup: &Lookup,
    name: ShellName,
    argv: Vec<OsString>,
    entry: Entry,
    scene: Scene<'_>,
) -> Result<Job, Trouble> {
    let (real, flavor) = lookup.shell(name)?;
    let mut path = None;
    let (text, mut assessment) = match ShellLine::read(flavor, &argv) {
        Err(error) => unseen(&argv, error.to_string()),
        Ok(line) => {
            let interactive = line.is_interactive(sys::terminals());
            if interactive && line.input == Input::Stdin {
                path = shims_first(lookup);
            }
            let (text, mut assessment) = shell_input(&line, name, &argv, interactive, scene)?;
            startup(&mut assessment, &line, interactive, scene);
            (text, assessment)
        }
    };
    clip(&mut assessment, text.len());
    Ok(Job {
        entry,
        real,
        argv,
        path,
        text,
        assessment,
    })
}

/// Judges what a shell's command line makes it read.
fn shell_input(
    line: &ShellLine,
    name: ShellName,
    argv: &[OsString],
    interactive: bool,
    scene: Scene<'_>,
) -> Result<(String, Assessment), Trouble> {
    let words = match texts(argv) {
        Ok(words) => words,
        Err(reason) => return Ok(unseen(argv, reason)),
    };
    let word = |index: usize| words.get(index).cloned().unwrap_or_default();
    let parameters = words.get(line.parameters..).unwrap_or_default().to_vec();
    let script = |text: String| Subject::Script {
        text,
        name: word(line.zero),
        arguments: parameters.clone(),
        interactive,
        dialect: line.dialect(line.flavor.name()),
    };
    let rest = |why: &str| Stdin::Unknown(why.to_owned());
    match line.input {
        Input::Text(index) => {
            let subject = script(word(index));
            let assessment = with_stdin(&subject, scene)?;
            Ok((subject.text(), assessment))
        }
        Input::Script(index) => {
            let mut run = vec![name.as_str().to_owned()];
            run.push(script_path(&word(index), line.flavor, scene.world));
            run.extend(parameters);
            let subject = Subject::Argv(run);
            let assessment = with_stdin(&subject, scene)?;
            Ok((subject.text(), assessment))
        }
        Input::Stdin | Input::TextThenStdin(_) => {
            let before = match line.input {
                Input::TextThenStdin(index) => word(index) + "\n",
                _ => String::new(),
            };
            // The supervisor sees each program that such a script starts.
            let peek = match scene.onlooker {
                Onlooker::Supervisor => Peek::Nothing,
                Onlooker::Nobody => sys::peek(STDIN_LIMIT, Patience::default()),
            };
            match peek {
                Peek::Bytes(bytes) => match source(bytes) {
                    Ok(text) => {
                        let subject = script(before + &text);
                        let stdin = rest("the rest of the script on standard input");
                        let assessment = scene.assess(&subject, stdin);
                        Ok((subject.text(), assessment))
                    }
                    Err(reason) => Ok(unseen(argv, reason)),
                },
                // A person types here; guard sees each program that has a shim.
                Peek::Terminal | Peek::Nothing => {
                    let subject = script(before);
                    let assessment = scene.assess(&subject, Stdin::Inherited);
                    Ok((argv_text(&words), assessment))
                }
                Peek::Unseen(unseen) => Err(Trouble::Stdin(unseen)),
            }
        }
        Input::Nothing => Ok((argv_text(&words), Assessment::default())),
    }
}

/// Judges a subject; standard input is looked at only if something that is hidden, or would be
/// lost, depends on it.
fn with_stdin(subject: &Subject, scene: Scene<'_>) -> Result<Assessment, Trouble> {
    let unread = scene.assess(subject, Stdin::Inherited);
    if unread.opaque.is_empty() && unread.effects.is_empty() {
        return Ok(unread);
    }
    let empty = scene.assess(subject, Stdin::Empty);
    if empty.opaque == unread.opaque && empty.effects == unread.effects {
        return Ok(unread);
    }
    let patience = Patience {
        first: Some(FIRST_BYTE),
        ..Patience::default()
    };
    match sys::peek(STDIN_LIMIT, patience) {
        Peek::Bytes(bytes) => {
            scene.world.remember_input(&String::from_utf8_lossy(&bytes));
            Ok(match source(bytes) {
                Ok(text) => scene.assess(subject, Stdin::Text(Text::known(text))),
                Err(_) => unread,
            })
        }
        Peek::Nothing => Ok(empty),
        Peek::Terminal => Ok(unread),
        Peek::Unseen(unseen) => Err(Trouble::Stdin(unseen)),
    }
}

/// Adds what the startup file named by a variable would do. A person's own startup files are
/// theirs: they are not judged.
fn startup(assessment: &mut Assessment, line: &ShellLine, interactive: bool, scene: Scene<'_>) {
    let world = scene.world;
    for file in line.startup(interactive) {
        let Startup::Variable(name) = file else {
            continue;
        };
        let Some(value) = world.env(name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let plain = !value.contains(['$', '`', '\\', '~']);
        if plain && world.status(Path::new(&value)) == PathStatus::Missing {
            continue;
        }
        // The shell expands the value as if it stood in double quotes.
        let text = format!(". \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let found = scene.assess(&Subject::script(text), Stdin::Inherited);
        assessment.effects.extend(found.effects);
        assessment.opaque.extend(found.opaque);
        assessment.unlisted.extend(found.unlisted);
    }
}

/// Keeps every place inside of the text that is shown: what a startup file does stands elsewhere.
fn clip(assessment: &mut Assessment, length: usize) {
    let clip = |location: &mut Location| {
        location.span.end = location.span.end.min(length);
        location.span.start = location.span.start.min(location.span.end);
    };
    for effect in &mut assessment.effects {
        clip(&mut effect.location);
    }
    for opaque in &mut assessment.opaque {
        clip(&mut opaque.location);
    }
    for unlisted in &mut assessment.unlisted {
        clip(&mut unlisted.location);
    }
}

/// Where the shell finds a script: in the current directory, then (bash) on `PATH`.
fn script_path(word: &str, flavor: Flavor, world: &System) -> String {
    let here = world.cwd().join(word);
    let found = if word.contains('/')
        || world.status(&here) != PathStatus::Missing
        || flavor != Flavor::Bash
    {
        None
    } else {
        world.env("PATH").and_then(|path| {
            path.split(':')
                .map(|directory| Path::new(directory).join(word))
                .find(|candidate| matches!(world.status(candidate), PathStatus::File { .. }))
        })
    };
    match found {
        Some(path) => path.to_string_lossy().into_owned(),
        // A name that looks like an option is a name here: options are over.
        None if word.starts_with(['-', '+']) => format!("./{word}"),
        None => word.to_owned(),
    }
}

/// `PATH` with this installation's shims in front.
fn shims_first(lookup: &Lookup) -> Option<OsString> {
    let mut path = sys::shim_directory()?.into_os_string();
    path.push(":");
    path.push(lookup.path());
    Some(path)
}

/// Shell source, as text that can be judged.
fn source(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.contains(&0) {
        return Err("standard input holds NUL bytes, which shells skip or not".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "standard input is not UTF-8 text".to_owned())
}

fn texts(argv: &[OsString]) -> Result<Vec<String>, String> {
    argv.iter()
        .enumerate()
        .map(|(index, word)| {
            word.to_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("argument {index} is not UTF-8 text"))
        })
        .collect()
}

fn argv_text(words: &[String]) -> String {
    Subject::Argv(words.to_vec()).text()
}

/// An assessment that says only that nothing could be seen.
fn unseen(argv: &[OsString], reason: String) -> (String, Assessment) {
    let words: Vec<String> = argv
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let text = argv_text(&words);
    let location = Location::from(Span::new(0, text.len()));
    let assessment = Assessment {
        opaque: vec![Opaque { reason, location }],
        ..Assessment::default()
    };
    (text, assessment)
}
