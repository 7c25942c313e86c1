//! The audit log: one JSON object a line, only ever appended to.
//!
//! Owns the chain. Each line's `prev` is the SHA-256 value of the line before it, its line end
//! included, so that anybody can check it: `sed -n 7p audit.jsonl | sha256sum` is the `prev` of
//! line 8. Must never hold a secret: only redacted reports come in here.
//!
//! Decisions that stopped something, approvals and what ran by them are forced to the disk; for a
//! command that was simply allowed that would cost a thousand times the rest.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Failure;
use super::digest::Digest;
use super::plan::Entry;
use super::state::{State, lock};
use crate::effect::Class;
use crate::policy::Decision;
use crate::report::Report;

/// A command longer than this is cut in the log (bytes).
const LONGEST: usize = 16 << 10;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The policy let it run unasked.
    Allowed,
    /// It waits for a person.
    Asked,
    /// The policy lets nobody run it.
    Denied,
    /// A person typed the name.
    Approved,
    /// A person said no, or did not type the name.
    Refused,
    /// An approval that did not count, because of where it came from.
    Distrusted,
    /// It ran by an approval.
    Ran,
    /// It ran as a part of what had been approved.
    Covered,
}

impl Event {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Asked => "asked",
            Self::Denied => "denied",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Distrusted => "distrusted",
            Self::Ran => "ran",
            Self::Covered => "covered",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub seq: u64,
    pub time: Timestamp,
    pub event: Event,
    pub verdict: Decision,
    pub class: Class,
    pub command: String,
    pub cwd: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    pub pid: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What a layer of the policy decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opaque: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub prev: Digest,
}

/// What a line says, before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct Record {
    line: Line,
}

impl Record {
    /// Takes what is needed from a report, without its secrets.
    #[must_use]
    pub fn of(event: Event, report: &Report) -> Self {
        let report = Report {
            // What is cut is cut again after redacting, so that no half of a secret stays.
            text: cut(report.text.clone(), 4 * LONGEST),
            ..report.clone()
        }
        .redacted();
        let policy = report.policy().into_iter().map(str::to_owned).collect();
        let mut rules: Vec<String> = report.effects.iter().map(|e| e.rule.clone()).collect();
        rules.dedup();
        let mut targets: Vec<String> = report.effects.into_iter().map(|e| e.target).collect();
        targets.dedup();
        Self {
            line: Line {
                seq: 0,
                time: Timestamp::UNIX_EPOCH,
                event,
                verdict: report.verdict,
                class: report.class,
                command: cut(report.text, LONGEST),
                cwd: report.cwd,
                entry: None,
                pid: std::process::id(),
                rules,
                policy,
                targets,
                opaque: report.opaque.into_iter().map(|hole| hole.reason).collect(),
                unlisted: report.unlisted,
                request: None,
                digest: None,
                note: None,
                prev: Digest::zero(),
            },
        }
    }

    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.line.entry = Some(entry);
        self
    }

    #[must_use]
    pub fn request(mut self, id: &str) -> Self {
        self.line.request = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn digest(mut self, digest: &Digest) -> Self {
        self.line.digest = Some(digest.clone());
        self
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.line.note = Some(note.into());
        self
    }
}

fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        let rest = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("… ({rest} more bytes)"));
    }
    text
}

/// Evidence that a line was written. Only [`Audit::append`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Written(());

/// The log file.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    #[must_use]
    pub fn in_state(state: &State) -> Self {
        Self {
            path: state.audit_log(),
        }
    }

    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line at the end of the chain.
    pub fn append(&self, record: &Record) -> Result<Written, Failure> {
        self.try_append(record).map_err(|source| Failure::Audit {
            path: self.path.clone(),
            source,
        })
    }

    fn try_append(&self, record: &Record) -> io::Result<Written> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            // Something that is no file (a pipe nobody reads) must not make guard wait.
            .custom_flags(libc::O_NONBLOCK)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        lock(&file)?;
        let length = file.metadata()?.len();
        let end = End::of(&mut file, length)?;
        let mut line = record.line.clone();
        line.seq = end.seq + 1;
        line.time = Timestamp::now();
        line.prev = end.digest;
        let mut bytes = if end.torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
        if let Err(error) = file.write_all(&bytes) {
            // Half a line would break the chain for everybody who comes later.
            let _ = file.set_len(length);
            return Err(error);
        }
        if line.event != Event::Allowed {
            file.sync_data()?;
        }
        Ok(Written(()))
    }

    /// The last lines, oldest first.
    pub fn last(&self, count: usize) -> io::Result<Vec<Line>> {
        let mut lines = std::collections::VecDeque::new();
        for line in self.lines()? {
            if let Ok(line) = serde_json::from_slice::<Line>(&line?) {
                if lines.len() == count {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        }
        Ok(lines.into())
    }

    /// Follows the chain from its beginning.
    pub fn verify(&self) -> io::Result<Result<Verified, Broken>> {
        let mut expected = Digest::zero();
        let mut count = 0;
        for bytes in self.lines()? {
            let bytes = bytes?;
            count += 1;
            if let Err(damage) = check(&bytes, count, &expected) {
                return Ok(Err(Broken {
                    line: count,
                    damage,
                }));
            }
            expected = Digest::of(&bytes);
        }
        Ok(Ok(Verified {
            lines: count,
            head: expected,
        }))
    }

    /// Every line with its line end.
    fn lines(&self) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other?),
        };
        let mut reader = file.map(BufReader::new);
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            match reader.as_mut()?.read_until(b'\n', &mut line) {
                Ok(0) => None,
                Ok(_) => Some(Ok(line)),
                Err(error) => {
                    reader = None;
                    Some(Err(error))
                }
            }
        }))
    }
}

/// Where the chain ends.
struct End {
    seq: u64,
    digest: Digest,
    /// The last line has no line end: its writer was killed, or the disk was full.
    torn: bool,
}

impl End {
    fn of(file: &mut File, length: u64) -> io::Result<Self> {
        if length == 0 {
            return Ok(Self {
                seq: 0,
                digest: Digest::zero(),
                torn: false,
            });
        }
        let mut line = last_line(file, length)?;
        let torn = line.last() != Some(&b'\n');
        if torn {
            line.push(b'\n');
        }
        let seq = match serde_json::from_slice::<Line>(&line) {
            Ok(line) => line.seq,
            Err(_) => count_lines(file)?,
        };
        Ok(Self {
            seq,
            digest: Digest::of(&line),
            torn,
        })
    }
}

fn last_line(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut window = 8 << 10;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(length - start).read_to_end(&mut bytes)?;
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if let Some(before) = body.iter().rposition(|byte| *byte == b'\n') {
            return Ok(bytes.split_off(before + 1));
        }
        if start == 0 {
            return Ok(bytes);
        }
        window *= 8;
    }
}

fn count_lines(file: &mut File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut count = 0;
    for line in BufReader::new(file).split(b'\n') {
        line?;
        count += 1;
    }
    Ok(count)
}

/// A chain without a gap. Lines cut off at the end leave no trace in the file itself: who needs
/// to know keeps `head` elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub lines: u64,
    pub head: Digest,
}

/// The first line that is not as it was written, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub line: u64,
    pub damage: Damage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is no record: torn, or not guard's.
    Unreadable,
    /// Its number does not follow the one before: lines were taken out or put in.
    Sequence,
    /// The line before it was changed after it had been written, or is not the one before.
    Chain,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.damage {
            Damage::Unreadable => write!(f, "line {line} is no complete record"),
            Damage::Sequence => write!(f, "line {line} is not number {line}: lines are missing"),
            Damage::Chain if line == 1 => write!(f, "line 1 does not begin the chain"),
            Damage::Chain => write!(
                f,
                "line {} is not what line {line} was written after: it was changed",
                line - 1
            ),
        }
    }
}

fn check(bytes: &[u8], number: u64, expected: &Digest) -> Result<(), Damage> {
    let line: Line = bytes
        .ends_with(b"\n")
        .then(|| serde_json::from_slice(bytes).ok())
        .flatten()
        .ok_or(Damage::Unreadable)?;
    if line.prev != *expected {
        return Err(Damage::Chain);
    }
    if line.seq != number {
        return Err(Damage::Sequence);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn log() -> (tempfile::TempDir, Audit) {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::at(directory.path().join("audit.jsonl"));
        (directory, audit)
    }

    fn record(command: &str) -> Record {
        let report = Report {
            text: command.to_owned(),
            cwd: "/".to_owned(),
            verdict: Decision::Allow,
            class: Class::ReadOnly,
            effects: Vec::new(),
            opaque: Vec::new(),
            unlisted: Vec::new(),
            unlisted_decision: Decision::Allow,
            unlisted_policy: None,
            notes: Vec::new(),
        };
        Record::of(Event::Allowed, &report)
    }

    fn append(audit: &Audit, commands: &[&str]) {
        for command in commands {
            let _written = audit.append(&record(command)).unwrap();
        }
    }

    #[test]
    fn each_line_names_the_one_before() {
        let (_directory, audit) = log();
        append(&audit, &["a", "b\nc", &"x".repeat(100_000)]);
        let verified = audit.verify().unwrap().unwrap();
        assert_eq!(verified.lines, 3);
        let text = fs::read_to_string(audit.path()).unwrap();
        let first = text.split_inclusive('\n').next().unwrap();
        assert_eq!(audit.last(2).unwrap()[0].prev, Digest::of(first.as_bytes()));
        assert!(audit.last(1).unwrap()[0].command.len() < 17 << 10);
    }

    #[test]
    fn every_kind_of_tampering_is_found() {
        type Edit = fn(&mut Vec<String>);
        let edits: [(Edit, u64, Damage); 5] = [
            (|l| l[1] = l[1].replace("two", "2wo"), 3, Damage::Chain),
            (|l| drop(l.remove(1)), 2, Damage::Chain),
            (|l| l.swap(1, 2), 2, Damage::Chain),
            (
                |l| l[2] = "not a record\n".to_owned(),
                3,
                Damage::Unreadable,
            ),
            (|l| drop(l.remove(0)), 1, Damage::Chain),
        ];
        for (edit, line, damage) in edits {
            let (_directory, audit) = log();
            append(&audit, &["one", "two", "three", "four"]);
            let text = fs::read_to_string(audit.path()).unwrap();
            let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
            edit(&mut lines);
            fs::write(audit.path(), lines.concat()).unwrap();
            assert_eq!(audit.verify().unwrap(), Err(Broken { line, damage }));
        }
    }

    #[test]
    fn a_torn_line_is_told_and_does_not_stop_the_log() {
        let (_directory, audit) = log();
        append(&audit, &["one", "two"]);
        let length = fs::metadata(audit.path()).unwrap().len();
        let file = OpenOptions::new().write(true).open(audit.path()).unwrap();
        file.set_len(length - 10).unwrap();
        append(&audit, &["three", "four"]);
        let broken = audit.verify().unwrap().unwrap_err();
        assert_eq!(broken.line, 2);
        assert_eq!(audit.last(9).unwrap().len(), 3);
        let last = audit.last(1).unwrap();
        assert_eq!(last[0].seq, 4);
    }

    #[test]
    fn many_writers_make_one_chain() {
        let (_directory, audit) = log();
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let audit = &audit;
                scope.spawn(move || {
                    for count in 0..50 {
                        append(audit, &[&format!("{worker} {count}")]);
                    }
                });
            }
        });
        assert_eq!(audit.verify().unwrap().unwrap().lines, 400);
    }

    #[test]
    fn no_secret_is_stored() {
        let (_directory, audit) = log();
        append(
            &audit,
            &["PGPASSWORD=hunter2 psql postgres://a:hunter2@h/b"],
        );
        let text = fs::read_to_string(audit.path()).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        for path in ["/dev/full", "/dev/null", "/", "/nonexistent/audit.jsonl"] {
            let audit = Audit::at(path.into());
            assert!(matches!(
                audit.append(&record("a")),
                Err(Failure::Audit { .. })
            ));
        }
    }
}
