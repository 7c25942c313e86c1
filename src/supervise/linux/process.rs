//! What the supervisor remembers of each process: which program it is, and what a person has
//! approved of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What kind of program a process is, by the file that it executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Guard itself, which keeps its own files.
    Guard,
    /// A pack describes it, and its argv was judged when it started: what it does to files is what
    /// was judged.
    Settled,
    /// The agent itself: it writes files with tools of its own, which are no commands.
    Agent,
    /// A shell, an interpreter, a program that nobody has described: each of its file calls is
    /// looked at.
    Watched,
}

/// One process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// Clock ticks since the machine started: ids are used again.
    pub(super) started: u64,
    pub(super) kind: Kind,
    /// The file that it executes, by device and inode; `None` before its first program.
    pub(super) image: Option<(u64, u64)>,
    /// Everything below these may go.
    pub(super) approved: Vec<PathBuf>,
    /// Files of which somebody was asked.
    pub(super) asked: Vec<PathBuf>,
    /// A person, or nobody in time, said no: it is not asked about again.
    pub(super) refused: bool,
}

impl Process {
    pub(super) fn new(started: u64, kind: Kind) -> Self {
        Self {
            started,
            kind,
            image: None,
            approved: Vec::new(),
            asked: Vec::new(),
            refused: false,
        }
    }

    pub(super) fn approves(&self, path: &Path) -> bool {
        self.approved.iter().any(|above| path.starts_with(above))
    }
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: i32,
    pub(super) started: u64,
}

pub(super) fn stat(process: i32) -> Option<Stat> {
    let text = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (_, tail) = text.rsplit_once(')')?;
    let mut fields = tail.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, started })
}

/// The processes that were met, by their ids.
#[derive(Debug, Default)]
pub(super) struct Table(HashMap<i32, Process>);

/// Beyond this many, those that are gone are dropped.
const SWEEP: usize = 4096;

impl Table {
    /// A process, as it is remembered; one that has not started a program since it was forked is
    /// what its parent was. Where that is not known any more, it is looked at as strictly as any.
    pub(super) fn get(&mut self, process: i32) -> Option<&mut Process> {
        let stat = stat(process)?;
        let known = self.0.get(&process);
        if known.is_none_or(|known| known.started != stat.started) {
            let inherited = self
                .nearest(stat.parent)
                .unwrap_or_else(|| Process::new(stat.started, Kind::Watched));
            self.put(
                process,
                Process {
                    started: stat.started,
                    ..inherited
                },
            );
        }
        self.0.get_mut(&process)
    }

    /// The nearest process above that is known.
    fn nearest(&self, mut process: i32) -> Option<Process> {
        // Ids may form a loop while processes end.
        for _ in 0..4096 {
            let stat = stat(process)?;
            if let Some(known) = self.0.get(&process)
                && known.started == stat.started
            {
                return Some(known.clone());
            }
            process = stat.parent;
        }
        None
    }

    pub(super) fn put(&mut self, id: i32, process: Process) {
        if self.0.len() >= SWEEP {
            self.0.retain(|&id, process| {
                stat(id).is_some_and(|stat| stat.started == process.started)
            });
        }
        self.0.insert(id, process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_process_is_what_its_parent_was() {
        let own = i32::try_from(std::process::id()).unwrap();
        let this = stat(own).unwrap();
        let mut table = Table::default();
        let mut parent = Process::new(stat(this.parent).unwrap().started, Kind::Settled);
        parent.approved.push("/a".into());
        table.put(this.parent, parent);
        let found = table.get(own).unwrap();
        assert_eq!(found.kind, Kind::Settled);
        assert!(found.approves(Path::new("/a/b")));
        assert!(!found.approves(Path::new("/ab")));
        // Another life of the same id is another process.
        table.put(own, Process::new(this.started + 1, Kind::Agent));
        assert_eq!(table.get(own).unwrap().kind, Kind::Settled);
        assert!(table.get(i32::MAX).is_none());
    }
}
