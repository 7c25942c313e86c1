//! Whether an answer comes from a place that the agent does not command.
//!
//! Owns that judgement. A terminal proves no person: agents make pseudoterminals. So an answer
//! counts only if no agent is anywhere above the one who answers, if the other side of the
//! terminal is not held from inside the tree that asked, and if it is another session than the
//! one that asked. What remains possible, and is documented: a terminal multiplexer or another
//! process of the user, outside of the agent's tree, that the agent can make type.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::process::{Incarnation, Process, Processes, ancestry, pseudoterminal};

/// Variables that agents set for what they start.
const MARKS: &[&str] = &[
    "AI_AGENT",
    "AUGMENT_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "CLINE_ACTIVE",
    "CODEX_CI",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_THREAD_ID",
    "COPILOT_AGENT",
    "COPILOT_CLI",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "GOOSE_TERMINAL",
    "GROK_AGENT",
    "OPENCODE",
    "OPENCODE_CLIENT",
    "QWEN_CODE",
    "VSCODE_AGENT",
];

/// Agents by the name of their process.
const AGENTS: &[&str] = &[
    "aider",
    "claude",
    "cline",
    "codex",
    "codex-linux-san",
    "copilot",
    "crush",
    "cursor-agent",
    "droid",
    "gemini",
    "goose",
    "opencode",
    "qwen",
];

/// Programs that hold a pseudoterminal to record or to feed it, not for a person to look at.
const RECORDERS: &[&str] = &[
    "autoexpect",
    "empty",
    "expect",
    "script",
    "socat",
    "ttyrec",
    "unbuffer",
];

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    pub id: Incarnation,
    /// The topmost process that belongs to the agent.
    pub root: Incarnation,
    pub root_name: String,
    pub session: i32,
    pub leader: Option<Incarnation>,
}

impl Requester {
    /// Looks upwards from the process that asks. `None` where processes cannot be seen.
    #[must_use]
    pub fn of(processes: &dyn Processes, pid: i32) -> Option<Self> {
        let chain = ancestry(processes, pid);
        let own = chain.first()?;
        let leader = chain
            .iter()
            .find(|process| own.session != 0 && process.id.pid == own.session)
            .map(|process| process.id);
        let agent = chain
            .iter()
            .rfind(|process| marks(processes, process).is_some());
        let same_session = chain
            .iter()
            .take_while(|process| own.session != 0 && process.session == own.session)
            .last();
        let root = agent.or(same_session).unwrap_or(own);
        Some(Self {
            id: own.id,
            root: root.id,
            root_name: root.name.clone(),
            session: own.session,
            leader,
        })
    }

    fn contains(&self, process: &Process) -> bool {
        process.id == self.root || process.id == self.id || Some(process.id) == self.leader
    }
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing can be seen of the processes on this system.
    Blind,
    NoTerminal,
    /// Standard input is not the terminal.
    Redirected,
    /// An agent's variable, or an agent, at or above the one who answers.
    Agent {
        process: String,
        mark: String,
    },
    /// The one who answers was started by the one who asked.
    Descendant {
        root: String,
    },
    SameSession,
    /// The pseudoterminal is held by somebody below the one who asked.
    HeldInside {
        holder: String,
    },
    /// A program sits between the person and this terminal.
    Recorder {
        holder: String,
    },
    /// A pseudoterminal was made below another terminal.
    Nested {
        below: String,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blind => f.write_str(
                "this system does not show who started whom, so guard cannot tell a person \
                 from an agent",
            ),
            Self::NoTerminal => f.write_str("there is no terminal here"),
            Self::Redirected => f.write_str("standard input is not this terminal"),
            Self::Agent { process, mark } => {
                write!(f, "`{process}` above this command is an agent's ({mark})")
            }
            Self::Descendant { root } => {
                write!(
                    f,
                    "this command was started by `{root}`, which asked for it"
                )
            }
            Self::SameSession => {
                f.write_str("this is the terminal session that the request came from")
            }
            Self::HeldInside { holder } => write!(
                f,
                "this terminal is held by `{holder}`, which belongs to the agent that asked"
            ),
            Self::Recorder { holder } => write!(
                f,
                "this terminal is held by `{holder}`, which can type in the place of a person"
            ),
            Self::Nested { below } => write!(
                f,
                "`{below}` made this terminal inside another one, so it could type in the place \
                 of a person"
            ),
        }
    }
}

/// Proof that nothing speaks against an answer from here.
#[derive(Debug)]
#[must_use]
pub(super) struct Trusted(());

/// Judges the place that a process answers from. With a requester, the place must be outside of
/// its tree, too.
pub(super) fn trusted(
    processes: &dyn Processes,
    pid: i32,
    requester: Option<&Requester>,
) -> Result<Trusted, Doubt> {
    doubts(processes, pid, requester).map_or(Ok(Trusted(())), Err)
}

/// The first reason, if any, not to take an answer from this process.
#[must_use]
pub fn doubts(processes: &dyn Processes, pid: i32, requester: Option<&Requester>) -> Option<Doubt> {
    let chain = ancestry(processes, pid);
    let Some(own) = chain.first() else {
        return Some(Doubt::Blind);
    };
    if own.terminal == 0 {
        return Some(Doubt::NoTerminal);
    }
    // Being inside of the asking tree is the clearest thing that can be said, so it comes first.
    if let Some(requester) = requester {
        if chain.iter().any(|process| requester.contains(process)) {
            let root = requester.root_name.clone();
            return Some(if own.session == requester.session && own.session != 0 {
                Doubt::SameSession
            } else {
                Doubt::Descendant { root }
            });
        }
        if own.session == requester.session && own.session != 0 {
            return Some(Doubt::SameSession);
        }
    }
    marked(processes, &chain)
        .or_else(|| nested(&chain))
        .or_else(|| held(processes, own, requester))
}

fn marked(processes: &dyn Processes, chain: &[Process]) -> Option<Doubt> {
    chain.iter().find_map(|process| {
        marks(processes, process).map(|mark| Doubt::Agent {
            process: process.name.clone(),
            mark,
        })
    })
}

/// What makes a process an agent's, if anything does. Whose environment cannot be seen belongs to
/// another user, and no agent of this one can have started it.
fn marks(processes: &dyn Processes, process: &Process) -> Option<String> {
    if AGENTS.contains(&process.name.as_str()) {
        return Some(format!("a program named {}", process.name));
    }
    processes
        .variables(process.id.pid)?
        .into_iter()
        .find(|name| MARKS.contains(&name.as_str()))
        .map(|name| format!("{name} is set"))
}

/// A terminal whose line of ancestors belongs to another terminal was made below that one.
fn nested(chain: &[Process]) -> Option<Doubt> {
    let own = chain.first()?.terminal;
    chain
        .iter()
        .find(|process| process.terminal != own && process.terminal != 0)
        .map(|process| Doubt::Nested {
            below: process.name.clone(),
        })
}

fn held(processes: &dyn Processes, own: &Process, requester: Option<&Requester>) -> Option<Doubt> {
    let terminal = pseudoterminal(own.terminal)?;
    let above_requester = requester
        .map(|requester| ancestry(processes, requester.root.pid))
        .unwrap_or_default();
    processes
        .holders(terminal)
        .into_iter()
        .find_map(|pid| doubtful_holder(processes, pid, requester, &above_requester))
}

fn doubtful_holder(
    processes: &dyn Processes,
    pid: i32,
    requester: Option<&Requester>,
    above_requester: &[Process],
) -> Option<Doubt> {
    let chain = ancestry(processes, pid);
    let holder = chain.first()?;
    let name = holder.name.clone();
    if RECORDERS.contains(&name.as_str()) {
        return Some(Doubt::Recorder { holder: name });
    }
    if marked(processes, &chain).is_some() {
        return Some(Doubt::HeldInside { holder: name });
    }
    let requester = requester?;
    // One terminal program or multiplexer often holds the agent's terminal and the person's.
    let holds_both = above_requester
        .iter()
        .skip(1)
        .any(|process| process.id == holder.id);
    let inside = chain.iter().any(|process| requester.contains(process))
        || (holder.session == requester.session && holder.session != 0);
    (inside && !holds_both).then_some(Doubt::HeldInside { holder: name })
}
