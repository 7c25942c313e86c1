//! `guard check`: the verdict on a command, without running it. A stable interface.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gate::{EXIT_FAILED, EXIT_REFUSED};
use crate::judge::{self, Subject};
use crate::policy::{Decision, Places, Policy};
use crate::report::json::Check;
use crate::report::{Report, text};
use crate::resolve::Stdin;
use crate::world::System;

#[derive(Debug, Args)]
#[command(
    override_usage = "guard check [--json] -c SCRIPT\n       guard check [--json] -- COMMAND [ARGUMENT]...\n       guard check --batch",
    after_help = "Exits with 0 if the command would run unasked, with 126 if a person would be \
                  asked, and with 125 if guard itself failed.\n\n\
                  With --batch, each line of standard input is an object {\"id\", \"cmd\", \"cwd\"?}; \
                  each line of standard output is its answer, in the same order."
)]
pub(super) struct Options {
    /// Print the verdict as one JSON object
    #[arg(long)]
    json: bool,
    /// Judge shell text, as `bash -c` would get it
    #[arg(short = 'c', value_name = "SCRIPT", conflicts_with_all = ["command", "batch"])]
    script: Option<String>,
    /// Judge one command for each line of standard input
    #[arg(long, conflicts_with = "command")]
    batch: bool,
    /// The program to judge, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(options: Options) -> u8 {
    if options.batch {
        return batch(io::stdin().lock(), io::stdout().lock());
    }
    let subject = match options.script {
        Some(script) => Subject::script(script),
        None if !options.command.is_empty() => Subject::Argv(options.command),
        None => {
            super::say("guard: nothing to check; pass `-c SCRIPT`, `-- COMMAND` or `--batch`");
            return EXIT_FAILED;
        }
    };
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd,
        Err(error) => {
            super::say(&format!(
                "guard: the current directory cannot be found: {error}"
            ));
            return EXIT_FAILED;
        }
    };
    let report = report(&subject, cwd);
    if options.json {
        match serde_json::to_string(&Check::new(None, &report)) {
            Ok(line) => super::print(&format!("{line}\n")),
            Err(error) => {
                super::say(&format!("guard: the verdict cannot be written: {error}"));
                return EXIT_FAILED;
            }
        }
    } else {
        super::print(&(text::render(&report, text::Style::Plain) + "\n"));
    }
    match report.verdict {
        Decision::Allow => 0,
        Decision::Confirm | Decision::Deny => EXIT_REFUSED,
    }
}

fn report(subject: &Subject, cwd: PathBuf) -> Report {
    let world = System::new(cwd.clone()).with_packs(super::added_packs());
    let assessment = judge::assess(subject, Stdin::Inherited, &world);
    let policy = Policy::read(&Places::of(&cwd), Timestamp::now());
    Report::new(&subject.text(), &cwd, &assessment, &policy)
}

#[derive(Debug, Deserialize)]
struct Line {
    id: serde_json::Value,
    cmd: String,
    cwd: Option<PathBuf>,
}

/// The answer to a line that could not be judged.
#[derive(Debug, Serialize)]
struct Failed {
    id: serde_json::Value,
    error: String,
}

/// The answer to one that could.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: serde_json::Value,
    #[serde(flatten)]
    check: Check<'a>,
}

fn batch(mut input: impl BufRead, mut output: impl Write) -> u8 {
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return 0,
            Ok(_) => {}
            Err(error) => {
                super::say(&format!("guard: standard input cannot be read: {error}"));
                return EXIT_FAILED;
            }
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut answer = answer(&line);
        answer.push('\n');
        if output
            .write_all(answer.as_bytes())
            .and_then(|()| output.flush())
            .is_err()
        {
            // The reader has gone.
            return EXIT_FAILED;
        }
    }
}

fn answer(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let failed = |id, error: String| {
        serde_json::to_string(&Failed { id, error })
            .unwrap_or_else(|_| r#"{"id":null,"error":"the answer cannot be written"}"#.to_owned())
    };
    let line: Line = match serde_json::from_str(&text) {
        Ok(line) => line,
        Err(error) => {
            let id = serde_json::from_str::<serde_json::Value>(&text)
                .ok()
                .and_then(|value| value.get("id").cloned())
                .unwrap_or_default();
            return failed(id, format!("this line cannot be read: {error}"));
        }
    };
    let cwd = match line.cwd.map_or_else(std::env::current_dir, Ok) {
        Ok(cwd) => cwd,
        Err(error) => return failed(line.id, format!("no current directory: {error}")),
    };
    // One command that guard cannot cope with must not keep the others from their answers.
    let judged = std::panic::catch_unwind(|| report(&Subject::script(line.cmd), cwd));
    let Ok(report) = judged else {
        return failed(
            line.id,
            "guard failed on this command; please report it".to_owned(),
        );
    };
    let answer = Answer {
        id: line.id.clone(),
        check: Check::new(None, &report),
    };
    serde_json::to_string(&answer).unwrap_or_else(|error| failed(line.id, error.to_string()))
}
