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

/// What scripts run in. One that holds a pseudoterminal and has outlived its parent is how a
/// script hides where it came from; the terminals that are written in these languages are
/// children of something that lives.
const INTERPRETERS: &[&str] = &[
    "bun", "deno", "lua", "node", "perl", "php", "python", "ruby", "tclsh",
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
    /// How many seccomp filters look at it, if a supervisor is above it.
    #[serde(default)]
    pub filters: u32,
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
        let agent = topmost(processes, &chain);
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
            filters: 0,
        })
    }

    /// The same, for one that a supervisor looks at.
    #[must_use]
    pub fn supervised(self, processes: &dyn Processes) -> Self {
        let filters = processes.filters(self.id.pid).unwrap_or(0);
        Self { filters, ..self }
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
    /// The one who answers is below a supervisor.
    Supervised,
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
            Self::Supervised => f.write_str(
                "this command runs below a supervisor, where an agent may have started it",
            ),
            Self::Nested { below } => write!(
                f,
                "`{below}` made this terminal inside another one, so it could type in the place \
                 of a person"
            ),
        }
    }
}

/// The topmost process that is an agent's.
fn topmost<'c>(processes: &dyn Processes, chain: &'c [Process]) -> Option<&'c Process> {
    let mut chain = chain.iter();
    chain.rfind(|process| marks(processes, process).is_some())
}

/// The process by which the agent at or above this one began, if there is one.
#[must_use]
pub(super) fn agent(processes: &dyn Processes, pid: i32) -> Option<i32> {
    let chain = ancestry(processes, pid);
    Some(topmost(processes, &chain)?.id.pid)
}

/// Whether a program of this name is a coding agent. npm installs some on every system as Windows
/// would have them called.
pub(super) fn is_agent(name: &str) -> bool {
    AGENTS.contains(&name.strip_suffix(".exe").unwrap_or(name))
}

/// The agent at or above a process, if there is one.
#[must_use]
pub(super) fn agent_above(processes: &dyn Processes, pid: i32) -> Option<Doubt> {
    let chain = ancestry(processes, pid);
    chain.iter().find_map(|process| {
        Some(Doubt::Agent {
            process: process.name.clone(),
            mark: marks(processes, process)?,
        })
    })
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
        if requester.filters > 0
            && processes
                .filters(pid)
                .is_none_or(|own| own >= requester.filters)
        {
            return Some(Doubt::Supervised);
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
    if is_agent(&process.name) {
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
    let interpreted = INTERPRETERS.iter().any(|program| name.starts_with(program));
    if interpreted && is_orphan(&chain) {
        return Some(Doubt::Recorder { holder: name });
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

/// Whether a process's parent has left it to the first process of the system or of the session.
fn is_orphan(chain: &[Process]) -> bool {
    chain
        .get(1)
        .is_none_or(|parent| parent.id.pid == 1 || parent.name == "systemd")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(pid, parent, session, terminal, name, variable)`
    type Row = (i32, i32, i32, u32, &'static str, &'static str);

    /// A person's desktop with an agent in its first terminal.
    const DESKTOP: &[Row] = &[
        (1, 0, 1, 0, "systemd", ""),
        (10, 1, 10, 0, "terminal", ""),
        (20, 10, 20, 1, "bash", ""),
        (30, 20, 20, 1, "claude", ""),
        (40, 30, 40, 0, "bash", "CLAUDECODE"),
        (41, 40, 40, 0, "guard", "CLAUDECODE"),
        (50, 10, 50, 2, "zsh", ""),
        (51, 50, 50, 2, "guard", ""),
    ];

    #[derive(Default)]
    struct Table {
        rows: Vec<Row>,
        /// Who holds which terminal.
        holders: Vec<(u32, i32)>,
    }

    impl Table {
        fn desktop(more: &[Row], holders: &[(u32, i32)]) -> Self {
            Self {
                rows: DESKTOP.iter().chain(more).copied().collect(),
                holders: [(1, 10), (2, 10)].iter().chain(holders).copied().collect(),
            }
        }
    }

    impl Processes for Table {
        fn process(&self, pid: i32) -> Option<Process> {
            let row = self.rows.iter().find(|row| row.0 == pid)?;
            Some(Process {
                id: Incarnation {
                    pid,
                    start: u64::from(pid.unsigned_abs()),
                },
                parent: row.1,
                session: row.2,
                terminal: match row.3 {
                    0 => 0,
                    number => 136 << 8 | u64::from(number),
                },
                name: row.4.to_owned(),
            })
        }

        fn variables(&self, pid: i32) -> Option<Vec<String>> {
            let row = self.rows.iter().find(|row| row.0 == pid)?;
            Some(vec!["HOME".to_owned(), row.5.to_owned()])
        }

        fn holders(&self, terminal: u32) -> Vec<i32> {
            let held = self.holders.iter().filter(|(held, _)| *held == terminal);
            held.map(|(_, pid)| *pid).collect()
        }
    }

    fn judged(table: &Table, requester: i32, approver: i32) -> Option<Doubt> {
        let requester = Requester::of(table, requester).unwrap();
        doubts(table, approver, Some(&requester))
    }

    #[test]
    fn a_person_at_another_window_is_believed() {
        let table = Table::desktop(&[], &[]);
        assert_eq!(Requester::of(&table, 41).unwrap().root.pid, 30);
        assert_eq!(judged(&table, 41, 51), None);
        assert_eq!(doubts(&table, 51, None), None);
    }

    #[test]
    fn a_terminal_whose_holder_cannot_be_seen_is_believed() {
        let mut table = Table::desktop(&[], &[]);
        table.holders.clear();
        assert_eq!(judged(&table, 41, 51), None);
    }

    #[test]
    fn the_multiplexer_that_holds_both_windows_is_believed() {
        let table = Table::desktop(
            &[
                (60, 1, 60, 0, "tmux: server", ""),
                (61, 60, 61, 3, "bash", ""),
                (62, 61, 61, 3, "codex", ""),
                (63, 62, 63, 0, "sh", "CODEX_CI"),
                (64, 60, 64, 4, "bash", ""),
                (65, 64, 64, 4, "guard", ""),
            ],
            &[(3, 60), (4, 60)],
        );
        assert_eq!(judged(&table, 63, 65), None);
    }

    #[test]
    fn an_agent_above_is_not_believed() {
        let table = Table::desktop(
            &[
                (70, 40, 70, 0, "script", "CLAUDECODE"),
                (71, 70, 71, 5, "guard", ""),
                (80, 10, 80, 6, "bash", "GEMINI_CLI"),
                (81, 80, 80, 6, "guard", ""),
            ],
            &[(5, 70), (6, 10)],
        );
        // Whoever asked.
        assert!(matches!(
            doubts(&table, 71, None),
            Some(Doubt::Agent { .. })
        ));
        assert!(matches!(
            doubts(&table, 81, None),
            Some(Doubt::Agent { .. })
        ));
        assert!(matches!(judged(&table, 41, 81), Some(Doubt::Agent { .. })));
    }

    #[test]
    fn nobody_below_the_one_who_asked_is_believed() {
        // An agent that sets no variable and has no known name.
        let table = Table::desktop(
            &[
                (90, 10, 90, 7, "bash", ""),
                (91, 90, 90, 7, "homemade", ""),
                (92, 91, 90, 7, "guard", ""),
                (93, 91, 93, 0, "python3", ""),
                (94, 93, 94, 8, "guard", ""),
                (95, 90, 90, 7, "guard", ""),
            ],
            &[(7, 10), (8, 93)],
        );
        assert_eq!(Requester::of(&table, 92).unwrap().root.pid, 90);
        assert!(matches!(
            judged(&table, 92, 94),
            Some(Doubt::Descendant { .. })
        ));
        assert!(matches!(judged(&table, 92, 95), Some(Doubt::SameSession)));
        assert_eq!(judged(&table, 92, 51), None);
    }

    #[test]
    fn a_terminal_made_inside_is_not_believed_although_its_maker_has_left() {
        let table = Table::desktop(
            &[
                // Forked twice, so that its parent is init.
                (100, 1, 40, 0, "homemade", ""),
                (101, 1, 101, 9, "guard", ""),
                (102, 1, 102, 0, "python3", "CLAUDECODE"),
                (103, 1, 103, 11, "guard", ""),
                (104, 1, 104, 0, "script", ""),
                (105, 1, 105, 12, "guard", ""),
                // With a clean environment and a session of its own.
                (106, 1, 106, 0, "python3.13", ""),
                (107, 1, 107, 14, "guard", ""),
                // A notebook server that the desktop started.
                (108, 10, 108, 0, "python3", ""),
                (109, 108, 109, 15, "guard", ""),
            ],
            &[(9, 100), (11, 102), (12, 104), (14, 106), (15, 108)],
        );
        for approver in [101, 103] {
            let doubt = judged(&table, 41, approver);
            assert!(matches!(doubt, Some(Doubt::HeldInside { .. })), "{doubt:?}");
        }
        for approver in [105, 107] {
            let doubt = judged(&table, 41, approver);
            assert!(matches!(doubt, Some(Doubt::Recorder { .. })), "{doubt:?}");
        }
        assert_eq!(judged(&table, 41, 109), None);
    }

    #[test]
    fn a_terminal_inside_a_terminal_is_not_believed() {
        let table = Table::desktop(
            &[
                (110, 50, 50, 2, "homemade", ""),
                (111, 110, 111, 13, "guard", ""),
            ],
            &[(13, 110)],
        );
        assert!(matches!(
            judged(&table, 41, 111),
            Some(Doubt::Nested { .. })
        ));
    }

    #[test]
    fn without_a_terminal_nobody_is_believed() {
        let table = Table::desktop(&[(120, 1, 120, 0, "guard", "")], &[]);
        assert_eq!(judged(&table, 41, 120), Some(Doubt::NoTerminal));
        assert_eq!(doubts(&table, 999, None), Some(Doubt::Blind));
    }

    #[test]
    fn a_process_id_that_was_used_again_is_somebody_else() {
        let mut requester = Requester::of(&Table::desktop(&[], &[]), 41).unwrap();
        requester.root = Incarnation { pid: 50, start: 7 };
        requester.leader = None;
        let table = Table::desktop(&[], &[]);
        assert_eq!(doubts(&table, 51, Some(&requester)), None);
    }
}
