//! From argv to the program that guard becomes: the whole pipeline.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use crate::cli;
use crate::config::Policy;
use crate::context::System;
use crate::effect::{Assessment, Opaque};
use crate::gate::{self, Draft, EXIT_FAILED, Entry, Plan, Stopped};
use crate::invocation::{Input, ShellLine, ShellName, Start};
use crate::judge::{self, Subject};
use crate::location::Span;
use crate::resolve::{Stdin, Text};
use crate::sys::{self, Lookup, LookupError, Peek, Real};

/// Standard input longer than this is not judged (bytes).
const STDIN_LIMIT: usize = 1 << 20;

/// Runs guard as it was started; returns the exit status. Returning at all means that guard did
/// not become another program.
#[must_use]
pub fn run(argv: Vec<OsString>) -> u8 {
    let Some(start) = Start::of(&argv) else {
        return say(EXIT_FAILED, "guard: started without argv[0]; nothing ran");
    };
    let request = match start {
        Start::Own => return cli::run(&argv),
        Start::Shell(name) => shell(name, argv, Entry::Shell),
        Start::DirectScript { argv } => shell(ShellName::Bash, argv, Entry::Direct),
        Start::Shim { program } => program_named(&program, argv, Entry::Shim),
        Start::Direct { argv } => {
            let program = argv.first().cloned().unwrap_or_default();
            program_named(&program, argv, Entry::Direct)
        }
    };
    let Stopped { code, message } = match request {
        Ok(request) => intercept(request),
        Err(error) => Stopped {
            code: error.status(),
            message: format!("guard: {error}"),
        },
    };
    say(code, &message)
}

fn say(status: u8, message: &str) -> u8 {
    // Nobody may be left to read it; the status says the same.
    let _ = writeln!(std::io::stderr(), "{message}");
    status
}

/// The pipeline, once it is known what would run. Comes back only if it did not.
fn intercept(request: Request) -> Stopped {
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd,
        Err(error) => {
            let message =
                format!("guard: the current directory cannot be found: {error}; nothing ran");
            return Stopped {
                code: EXIT_FAILED,
                message,
            };
        }
    };
    let world = System::new(cwd.clone());
    let assessment = request.assess(&world);
    let draft = Draft {
        entry: request.entry,
        program: request.real.path,
        scaffolding: scaffolding(&request.text),
        text: request.text,
        argv: request.argv,
        environment: request.environment,
        cwd,
        assessment,
    };
    gate::pass(Plan::new(draft, &world), &Policy::builtin())
}

/// What would run, and what of it is judged.
struct Request {
    entry: Entry,
    real: Real,
    argv: Vec<OsString>,
    /// Set for a person's shell: guard's shims stand first on its `PATH`.
    environment: Option<Vec<(OsString, OsString)>>,
    judged: Judged,
    /// As a person gets to see it.
    text: String,
}

enum Judged {
    Subject(Subject),
    /// Nothing runs unless a person types it.
    Nothing,
    Unseen(String),
}

impl Request {
    fn assess(&self, world: &System) -> Assessment {
        let whole = Span::new(0, self.text.len());
        match &self.judged {
            Judged::Nothing => Assessment::default(),
            Judged::Unseen(reason) => Assessment {
                opaque: vec![Opaque {
                    reason: reason.clone(),
                    location: whole.into(),
                }],
                ..Assessment::default()
            },
            Judged::Subject(subject) => {
                let assessment = judge::assess(subject, Stdin::Inherited, world);
                if assessment.opaque.is_empty() {
                    return assessment;
                }
                // What cannot be seen may stand on standard input. Only now is it worth a look:
                // most commands never read it, and a look waits for its end.
                match sys::peek(STDIN_LIMIT) {
                    Peek::Terminal | Peek::Unseen(_) => assessment,
                    Peek::Nothing => judge::assess(subject, Stdin::Empty, world),
                    Peek::Bytes(bytes) => match String::from_utf8(bytes) {
                        Ok(text) => judge::assess(subject, Stdin::Text(Text::known(text)), world),
                        Err(_) => assessment,
                    },
                }
            }
        }
    }
}

fn program_named(
    program: &OsString,
    argv: Vec<OsString>,
    entry: Entry,
) -> Result<Request, LookupError> {
    let real = Lookup::new(std::env::var_os("PATH"))?.find(program)?;
    let mut words = lossy(&argv);
    if entry == Entry::Shim
        && let Some(first) = words.first_mut()
    {
        // The link's own path says nothing; its name does.
        *first = program.to_string_lossy().into_owned();
    }
    let subject = Subject::Argv(words);
    let text = subject.text();
    let judged = if argv.iter().all(|word| word.to_str().is_some()) {
        Judged::Subject(subject)
    } else {
        Judged::Unseen("an argument is not UTF-8 text".to_owned())
    };
    Ok(Request {
        entry,
        real,
        argv,
        environment: None,
        judged,
        text,
    })
}

fn lossy(argv: &[OsString]) -> Vec<String> {
    argv.iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

fn shell(name: ShellName, argv: Vec<OsString>, entry: Entry) -> Result<Request, LookupError> {
    let (real, flavor) = Lookup::new(std::env::var_os("PATH"))?.shell(name)?;
    let mut words = lossy(&argv);
    if let Some(first) = words.first_mut() {
        *first = name.as_str().to_owned();
    }
    let whole = Subject::Argv(words.clone());
    let request = |judged, text, environment| Request {
        entry,
        real: real.clone(),
        argv: argv.clone(),
        environment,
        judged,
        text,
    };
    if argv.iter().any(|word| word.to_str().is_none()) {
        let reason = "an argument is not UTF-8 text".to_owned();
        return Ok(request(Judged::Unseen(reason), whole.text(), None));
    }
    let line = match ShellLine::read(flavor, &argv) {
        Ok(line) => line,
        Err(error) => {
            return Ok(request(
                Judged::Unseen(error.to_string()),
                whole.text(),
                None,
            ));
        }
    };
    let interactive = line.is_interactive(sys::terminals());
    let script = |text: String| Subject::Script {
        text,
        name: words.get(line.zero).cloned().unwrap_or_default(),
        arguments: words.get(line.parameters..).unwrap_or_default().to_vec(),
        interactive: line.interactive,
    };
    Ok(match line.input {
        Input::Nothing => request(Judged::Nothing, whole.text(), None),
        Input::Text(index) => {
            let text = words.get(index).cloned().unwrap_or_default();
            request(Judged::Subject(script(text.clone())), text, None)
        }
        Input::Script(_) => request(Judged::Subject(whole.clone()), whole.text(), None),
        Input::Stdin | Input::TextThenStdin(_) if interactive && sys::terminals()[0] => {
            request(Judged::Nothing, whole.text(), Some(with_shims()))
        }
        Input::Stdin | Input::TextThenStdin(_) => {
            let before = match line.input {
                Input::TextThenStdin(index) => words.get(index).cloned().unwrap_or_default() + "\n",
                _ => String::new(),
            };
            match sys::peek(STDIN_LIMIT) {
                Peek::Nothing => request(Judged::Subject(script(before.clone())), before, None),
                Peek::Terminal => {
                    let reason = "the shell reads its commands from a terminal".to_owned();
                    request(Judged::Unseen(reason), whole.text(), None)
                }
                Peek::Unseen(why) => request(Judged::Unseen(why.to_string()), whole.text(), None),
                Peek::Bytes(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => {
                        let text = before + &text;
                        request(Judged::Subject(script(text.clone())), text, None)
                    }
                    Err(_) => {
                        let reason = "standard input is not UTF-8 text".to_owned();
                        request(Judged::Unseen(reason), whole.text(), None)
                    }
                },
            }
        }
    })
}

/// The environment with guard's shims first on `PATH`, for a shell that a person types into.
fn with_shims() -> Vec<(OsString, OsString)> {
    let shims = sys::shim_directory();
    std::env::vars_os()
        .map(|(name, value)| match &shims {
            Some(shims) if name == "PATH" => (name, prepended(shims, value)),
            _ => (name, value),
        })
        .collect()
}

fn prepended(shims: &PathBuf, path: OsString) -> OsString {
    if std::env::split_paths(&path).any(|directory| directory == *shims) {
        return path;
    }
    let mut prepended = shims.clone().into_os_string();
    prepended.push(":");
    prepended.push(path);
    prepended
}

/// Parts of a text that an agent's harness makes anew for each command and that decide nothing:
/// `/tmp/claude-4f1c-cwd`, where Claude Code has the directory noted.
fn scaffolding(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| word.contains("/claude-") && word.ends_with("-cwd"))
        .map(str::to_owned)
        .collect()
}
