//! `guard log`: what was decided, by whom, and whether the record of it is whole.

use std::fmt::Write;

use clap::Args;

use super::{print, say};
use crate::gate::audit::{Audit, Line};
use crate::gate::{Failure, State};
use crate::report::one_line;

/// The chain does not hold.
const EXIT_BROKEN: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// How many entries, counted from the newest
    #[arg(short, long, default_value_t = 20, value_name = "N")]
    number: usize,
    /// One JSON object a line, as they are stored
    #[arg(long)]
    json: bool,
    /// Follows the chain of hashes and says which line breaks it
    #[arg(long, conflicts_with_all = ["json", "number"])]
    verify: bool,
}

pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let audit = Audit::in_state(&State::open()?);
    let unreadable = |source| Failure::Log {
        path: audit.path().to_owned(),
        source,
    };
    if options.verify {
        return audit.verify().map(verified).map_err(unreadable);
    }
    let lines = audit.last(options.number).map_err(unreadable)?;
    let mut text = String::new();
    for line in &lines {
        if options.json {
            text.push_str(&serde_json::to_string(line).unwrap_or_default());
            text.push('\n');
        } else {
            entry(&mut text, line);
        }
    }
    print(&text);
    Ok(0)
}

fn verified(result: Result<crate::gate::audit::Verified, crate::gate::audit::Broken>) -> u8 {
    match result {
        Ok(verified) => {
            print(&format!(
                "{} entries, unbroken; the last one's SHA-256 is {}\n",
                verified.lines, verified.head
            ));
            0
        }
        Err(broken) => {
            say(&format!("guard: the audit log is broken: {broken}"));
            EXIT_BROKEN
        }
    }
}

fn entry(text: &mut String, line: &Line) {
    let time = line.time.strftime("%Y-%m-%d %H:%M:%SZ");
    let command: String = one_line(&line.command).chars().take(200).collect();
    let _ = write!(text, "{time}  {:<10}  {command}", line.event.as_str());
    if !line.targets.is_empty() {
        let targets: Vec<String> = line.targets.iter().map(|t| one_line(t)).collect();
        let _ = write!(text, "  [{}]", targets.join(", "));
    }
    if let Some(request) = &line.request {
        let _ = write!(text, "  {request}");
    }
    if let Some(note) = &line.note {
        let _ = write!(text, "  ({})", one_line(note));
    }
    text.push('\n');
}
