//! `guard approve`: what waits, and a person's answer to it.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use clap::Args;
use jiff::Timestamp;

use super::{print, say};
use crate::gate::{
    self, EXIT_REFUSED, Failure, Outcome, Patience, Request, Requests, State, answer_request,
};
use crate::report::one_line;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The request, as guard named it to the agent; without it, lists what waits
    id: Option<String>,
    /// Refuses the request, so that the same command is stopped at once when it is run again
    #[arg(long, requires = "id")]
    deny: bool,
    /// With --deny: why, told to the agent
    #[arg(long, value_name = "TEXT", requires = "deny")]
    reason: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let state = State::open()?;
    let requests = Requests::in_state(&state);
    let Some(id) = &options.id else {
        return list(&state, &requests);
    };
    let Some(request) = requests.find(id) else {
        say(&format!(
            "guard: no request `{}` waits in `{}`\n\
             hint: `guard approve` lists what waits; running the command again makes a new request",
            one_line(id),
            one_line(&state.root().display().to_string())
        ));
        return Ok(EXIT_REFUSED);
    };
    if options.deny {
        gate::decline_request(&state, &request, options.reason.as_deref())?;
        say(&format!("guard: request {} is refused", request.id));
        return Ok(0);
    }
    answer(&state, &request)
}

fn list(state: &State, requests: &Requests) -> Result<u8, Failure> {
    let waiting = requests.waiting();
    match waiting.as_slice() {
        [] => {
            say("guard: nothing waits for approval");
            Ok(0)
        }
        [one] if io::stdin().is_terminal() && io::stdout().is_terminal() => answer(state, one),
        several => {
            let mut text = String::new();
            for request in several {
                line(&mut text, request, Timestamp::now());
            }
            print(&text);
            say("guard: `guard approve ID` shows one of them and takes your answer");
            Ok(0)
        }
    }
}

fn line(text: &mut String, request: &Request, now: Timestamp) {
    let minutes = (request.expires.as_second() - now.as_second()).max(0) / 60;
    let command: String = one_line(&request.report.text).chars().take(120).collect();
    let asks = one_line(&request.phrase);
    let id = &request.id;
    let _ = writeln!(
        text,
        "{id}  {asks}\n       {command}\n       waits {minutes} min more"
    );
}

fn answer(state: &State, request: &Request) -> Result<u8, Failure> {
    match answer_request(state, request, &Patience::default())? {
        Outcome::Approved => {
            say(&format!(
                "guard: {} is approved; the identical command runs once within five minutes",
                request.id
            ));
            Ok(0)
        }
        Outcome::Refused(refused) => {
            say(&format!(
                "guard: {refused}; {} waits on, `guard approve --deny {}` refuses it for good",
                request.id, request.id
            ));
            Ok(EXIT_REFUSED)
        }
        Outcome::Distrusted(doubt) => {
            say(&format!(
                "guard: an approval from here does not count: {doubt}\n\
                 hint: a person runs `guard approve {}` in a terminal window that the agent has \
                 nothing to do with",
                request.id
            ));
            Ok(EXIT_REFUSED)
        }
    }
}
