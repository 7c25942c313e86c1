//! From a challenge to an approval, or to the reason why there is none.
//!
//! Owns the ways in which a person's yes can reach a command: an approval given before, the
//! approval of the command that this one is part of, or an answer typed right here. There is no
//! other: no flag, no variable, no code that an agent could repeat.

use nix::unistd::getpid;

use super::Failure;
use super::audit::{Audit, Event, Record};
use super::exec::Recorded;
use super::hold::Found;
use super::inside::Inside;
use super::plan::{Entry, Plan};
use super::process::{self, Processes};
use super::provenance::{Doubt, Requester, Trusted, trusted};
use super::request::{Request, Requests, Status};
use super::state::State;
use super::tty::{self, Patience, Refused, Terminal};
use super::verdict::Challenge;
use crate::report::{self, Report};

/// How a yes arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Typed here, at the person's own terminal.
    Terminal,
    /// Typed into `guard approve`, for the request with this id.
    Request(String),
    /// Given for the command that this one is part of.
    Part(Option<String>),
}

/// A challenge that was met.
#[derive(Debug)]
#[must_use]
pub struct Approved {
    challenge: Challenge,
    channel: Channel,
}

/// What became of a challenge.
#[derive(Debug)]
#[must_use]
pub enum Answer {
    Approved(Box<Approved>),
    /// It waits for `guard approve`.
    Parked(Box<Request>),
    Refused(Refusal),
}

/// A no. Holds no plan.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// At the prompt.
    Prompt(Refused),
    /// In `guard approve --deny`.
    Declined { id: String, reason: Option<String> },
}

impl Refusal {
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Prompt(refused) => format!("guard: {refused}; nothing ran"),
            Self::Declined { id, reason } => report::agent::declined(id, reason.as_deref()),
        }
    }
}

impl Challenge {
    /// Looks for a yes in each place where one may be, and asks for one otherwise.
    pub fn answer(self, state: &State, patience: &Patience) -> Result<Answer, Failure> {
        let pid = getpid().as_raw();
        let challenge = match self.found(state, pid)? {
            Found::Approved(approved) => return Ok(Answer::Approved(approved)),
            Found::Nothing(challenge) => *challenge,
        };
        if let Some(mut terminal) = own_terminal(pid) {
            return challenge.prompt(state, &mut terminal, patience);
        }
        let request = challenge.park(state, pid)?;
        Ok(match request.status {
            Status::Waiting => Answer::Parked(Box::new(request)),
            Status::Declined(reason) => Answer::Refused(Refusal::Declined {
                id: request.id,
                reason,
            }),
        })
    }

    /// Looks for a yes that was given before, to this command or to one that it is part of.
    pub(super) fn found(self, state: &State, pid: i32) -> Result<Found, Failure> {
        let approved =
            |challenge: Self, channel| Ok(Found::Approved(Box::new(challenge.by(channel))));
        if let Some(approval) = Requests::in_state(state).take(&self.digest) {
            return approved(self, Channel::Request(approval.id));
        }
        match super::grant::covers(state, &self.report, &process::System, pid)? {
            Some(request) => approved(self, Channel::Part(request)),
            None => Ok(Found::Nothing(Box::new(self))),
        }
    }

    pub(super) fn by(self, channel: Channel) -> Approved {
        Approved {
            challenge: self,
            channel,
        }
    }

    fn prompt(
        self,
        state: &State,
        terminal: &mut Terminal,
        patience: &Patience,
    ) -> Result<Answer, Failure> {
        match tty::ask(terminal, &self.report, &self.phrase, patience) {
            Ok(()) => {
                let record = self.record(Event::Approved).note("typed at the terminal");
                let _written = Audit::in_state(state).append(&record)?;
                Ok(Answer::Approved(Box::new(self.by(Channel::Terminal))))
            }
            Err(refused) => {
                let record = self.record(Event::Refused).note(refused.to_string());
                let _written = Audit::in_state(state).append(&record)?;
                Ok(Answer::Refused(Refusal::Prompt(refused)))
            }
        }
    }

    /// Leaves a request for `guard approve`.
    pub(super) fn park(&self, state: &State, pid: i32) -> Result<Request, Failure> {
        let requester = Requester::of(&process::System, pid);
        let requester = match self.plan.draft.entry {
            Entry::Supervised => requester.map(|requester| requester.supervised(&process::System)),
            Entry::Shell | Entry::Shim | Entry::Direct => requester,
        };
        let request = Requests::in_state(state).park(self, requester)?;
        let record = self.record(Event::Asked).request(&request.id);
        let _written = Audit::in_state(state).append(&record)?;
        Ok(request)
    }

    pub(super) fn record(&self, event: Event) -> Record {
        Record::of(event, &self.report)
            .entry(self.plan.draft.entry)
            .digest(&self.digest)
    }
}

impl Approved {
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    #[must_use]
    pub fn report(&self) -> &Report {
        &self.challenge.report
    }

    pub(super) fn request(&self) -> Option<&str> {
        match &self.channel {
            Channel::Terminal => None,
            Channel::Request(id) => Some(id),
            Channel::Part(id) => id.as_deref(),
        }
    }

    pub(super) fn into_plan(self) -> Plan {
        self.challenge.plan
    }

    /// Writes to the audit log that it runs, and by whose yes.
    pub fn record(self, state: &State) -> Result<Recorded, Failure> {
        let event = match self.channel {
            Channel::Terminal | Channel::Request(_) => Event::Ran,
            Channel::Part(_) => Event::Covered,
        };
        let mut record = self.challenge.record(event);
        if let Some(id) = self.request() {
            record = record.request(id);
        }
        let written = Audit::in_state(state).append(&record)?;
        Ok(Recorded::approved(self, state, written))
    }
}

/// The terminal to ask at, if it is a person's own: nothing speaks against the place, guard is in
/// its foreground, and it is in line mode. A program that has taken the terminal over to draw on
/// it would read the answer away.
fn own_terminal(pid: i32) -> Option<Terminal> {
    let Trusted { .. } = trusted(&process::System, pid, None).ok()?;
    Terminal::open().ok()?.in_foreground()?.in_line_mode()
}

/// What became of `guard approve ID`.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    Approved,
    /// The name was not typed.
    Refused(Refused),
    /// An answer from here does not count.
    Distrusted(Doubt),
}

/// Shows a waiting request to the person at this terminal, and records the answer. The request
/// goes on waiting unless the answer is yes.
pub fn answer_request(
    state: &State,
    request: &Request,
    patience: &Patience,
) -> Result<Outcome, Failure> {
    let audit = Audit::in_state(state);
    let record = |event| {
        Record::of(event, &request.report)
            .request(&request.id)
            .digest(&request.digest)
    };
    let (mut terminal, trusted) = match place(request.requester.as_ref()) {
        Ok(place) => place,
        Err(doubt) => {
            let _written = audit.append(&record(Event::Distrusted).note(doubt.to_string()))?;
            return Ok(Outcome::Distrusted(doubt));
        }
    };
    match tty::ask(&mut terminal, &request.report, &request.phrase, patience) {
        Ok(()) => {
            let _written = audit.append(&record(Event::Approved).note("typed in guard approve"))?;
            Requests::in_state(state).approve(request, trusted)?;
            Ok(Outcome::Approved)
        }
        Err(refused) => {
            let _written = audit.append(&record(Event::Refused).note(refused.to_string()))?;
            Ok(Outcome::Refused(refused))
        }
    }
}

/// The terminal of the one who answers, and proof that it may be asked there.
fn place(requester: Option<&Requester>) -> Result<(Terminal, Trusted), Doubt> {
    if Inside::find().is_some() {
        return Err(Doubt::Supervised);
    }
    let pid = getpid().as_raw();
    let trusted = trusted(&process::System, pid, requester)?;
    let terminal = Terminal::open().map_err(|_| Doubt::NoTerminal)?;
    let own = process::System.process(pid).ok_or(Doubt::Blind)?;
    if !tty::stdin_is(own.terminal) {
        return Err(Doubt::Redirected);
    }
    let terminal = terminal.in_foreground().ok_or(Doubt::NoTerminal)?;
    Ok((terminal, trusted))
}

/// Records that a person refused a request. Saying no is safe from anywhere.
pub fn decline_request(
    state: &State,
    request: &Request,
    reason: Option<&str>,
) -> Result<(), Failure> {
    let mut record = Record::of(Event::Refused, &request.report)
        .request(&request.id)
        .digest(&request.digest);
    if let Some(reason) = reason {
        record = record.note(reason);
    }
    let _written = Audit::in_state(state).append(&record)?;
    Requests::in_state(state).decline(request, reason)
}
