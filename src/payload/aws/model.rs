//! The table of operations, as `tools/aws-model` writes it.
//!
//! Owns the lookup by service and by any spelling of an operation's name (`delete-db-instance`,
//! `DeleteDBInstance`, `delete_db_instance`). The text is searched where it lies: nothing is
//! parsed or copied at start-up, and a lookup touches a few dozen lines. Must never judge.

use std::cmp::Ordering;

use crate::effect::Tier;

/// Blocks by service, each sorted by operation; the format is in `rules/aws/README.md`.
static OPERATIONS: &str = include_str!("../../../rules/aws/operations.txt");
/// Endpoint prefix, CLI service, signing name, protocol, target prefix; one service a line.
static SERVICES: &str = include_str!("../../../rules/aws/services.txt");

/// What an operation does, before its options are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ReadOnly,
    Reversible,
    Recoverable,
    Irreversible,
    /// It runs something that the command line alone does not show.
    Opaque,
    /// A purchase or a long commitment.
    Money,
    /// It opens something to others: what was seen cannot be unseen.
    Exposure,
    /// A message that leaves and cannot be called back.
    External,
}

impl Kind {
    fn of_letter(letter: &str) -> Self {
        match letter {
            "r" => Self::ReadOnly,
            "v" => Self::Reversible,
            "c" => Self::Recoverable,
            "i" => Self::Irreversible,
            "m" => Self::Money,
            "e" => Self::Exposure,
            "x" => Self::External,
            _ => Self::Opaque,
        }
    }

    /// The name that a change of class uses (`irreversible:--force`).
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "read-only" => Self::ReadOnly,
            "reversible" => Self::Reversible,
            "recoverable" => Self::Recoverable,
            "irreversible" => Self::Irreversible,
            "opaque" => Self::Opaque,
            "money" => Self::Money,
            "exposure" => Self::Exposure,
            "external" => Self::External,
            _ => return None,
        })
    }

    /// What it is in that place: an emulator on this machine sells nothing, and nothing leaves it.
    pub(super) const fn at(self, tier: Tier) -> Self {
        match (self, tier) {
            (Self::Money | Self::Exposure | Self::External, Tier::Local) => Self::Reversible,
            (kind, _) => kind,
        }
    }

    /// How bad it is; the last three are as final as a deletion.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::ReadOnly => 0,
            Self::Reversible => 1,
            Self::Recoverable => 2,
            Self::Opaque => 3,
            Self::Irreversible | Self::Money | Self::Exposure | Self::External => 4,
        }
    }
}

/// One service's block of the table.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    pub name: &'static str,
    block: &'static str,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub service: &'static str,
    /// As the CLI spells it.
    pub name: &'static str,
    pub kind: Kind,
    targets: &'static str,
    options: &'static str,
    /// `DELETE /path/{Id}`; empty where the protocol sends everything to one path.
    pub route: &'static str,
    pub loses: &'static str,
    pub way_back: &'static str,
    changes: &'static str,
}

impl Operation {
    fn of_line(service: &'static str, line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let kind = Kind::of_letter(fields.next()?);
        let mut next = || fields.next().unwrap_or("");
        Some(Self {
            service,
            name,
            kind,
            targets: next(),
            options: next(),
            route: next(),
            loses: next(),
            way_back: next(),
            changes: next(),
        })
    }

    /// The options that name what is acted on, outermost first.
    pub fn targets(&self) -> impl Iterator<Item = &'static str> {
        self.targets.split_ascii_whitespace()
    }

    /// The options with their shapes; empty where no option changes anything.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, Shape)> {
        self.options.split_ascii_whitespace().map(|option| {
            let name = option.trim_end_matches(['!', '+', '?']);
            (name, Shape::of_mark(option.get(name.len()..).unwrap_or("")))
        })
    }

    /// `class:condition` pairs.
    pub fn changes(&self) -> impl Iterator<Item = (Kind, &'static str)> {
        self.changes
            .split_ascii_whitespace()
            .filter_map(|change| change.split_once(':'))
            .filter_map(|(class, condition)| Some((Kind::of_name(class)?, condition)))
    }
}

/// How many words an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Flag,
    Value,
    Values,
    /// No option at all: the file that a streaming answer is written to.
    Operand,
}

impl Shape {
    fn of_mark(mark: &str) -> Self {
        match mark {
            "!" => Self::Flag,
            "+" => Self::Values,
            "?" => Self::Operand,
            _ => Self::Value,
        }
    }
}

/// The service of that CLI name.
#[must_use]
pub fn service(name: &str) -> Option<Service> {
    let text = OPERATIONS;
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = floor(text, low + (high - low) / 2);
        let start = block_start(text, middle);
        let (header, rest) = text.get(start..)?.split_once('\n')?;
        let end = rest
            .find("\n@")
            .map_or(text.len(), |at| start + header.len() + 1 + at + 1);
        let header = header.strip_prefix('@')?;
        match name.cmp(header) {
            Ordering::Equal => {
                return Some(Service {
                    name: header,
                    block: text.get(start + header.len() + 2..end)?,
                });
            }
            Ordering::Less => high = start,
            Ordering::Greater => low = end,
        }
    }
    None
}

/// The byte of the `@` that starts the block around `at`.
fn block_start(text: &str, at: usize) -> usize {
    text.get(..=at)
        .and_then(|before| before.rfind("\n@"))
        .map_or(0, |newline| newline + 1)
}

/// The nearest character boundary at or below; the table is ASCII, so this is `at` itself.
fn floor(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Service {
    /// The operation of that name, in any of its spellings.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<Operation> {
        let (mut low, mut high) = (0, self.block.len());
        while low < high {
            let middle = floor(self.block, low + (high - low) / 2);
            let start = self
                .block
                .get(..middle)?
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
            let line = self.block.get(start..)?.split('\n').next()?;
            let known = line.split('\t').next()?;
            match folded(name).cmp(folded(known)) {
                Ordering::Equal => return Operation::of_line(self.name, line),
                Ordering::Less => high = start,
                Ordering::Greater => low = start + line.len() + 1,
            }
        }
        None
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation> + use<> {
        let name = self.name;
        self.block
            .lines()
            .filter_map(move |line| Operation::of_line(name, line))
    }
}

/// The letters and digits of a name: what all its spellings have in common.
fn folded(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase())
}

/// Whether two spellings mean the same (`SkipFinalSnapshot`, `skip-final-snapshot`).
#[must_use]
pub fn same_name(left: &str, right: &str) -> bool {
    folded(left).eq(folded(right))
}

/// How a service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub prefix: &'static str,
    /// The CLI's name of the service.
    pub service: &'static str,
    pub signing_name: &'static str,
    pub protocol: &'static str,
    pub target_prefix: &'static str,
}

pub fn endpoints() -> impl Iterator<Item = Endpoint> {
    SERVICES.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        Some(Endpoint {
            prefix: fields.next()?,
            service: fields.next()?,
            signing_name: fields.next()?,
            protocol: fields.next()?,
            target_prefix: fields.next().filter(|prefix| *prefix != "-").unwrap_or(""),
        })
    })
}

/// What an operation's verb says when the table does not have it.
#[must_use]
pub fn kind_of_verb(operation: &str) -> Kind {
    const FINAL: &[&str] = &[
        "delete",
        "destroy",
        "remove",
        "rm",
        "drop",
        "purge",
        "wipe",
        "erase",
        "reset",
        "flush",
        "truncate",
        "terminate",
        "prune",
        "revoke",
        "clean",
        "clear",
        "force",
        "restore",
        "rollback",
        "dispose",
        "release",
        "discard",
        "deprovision",
        "redact",
    ];
    const HARMLESS: &[&str] = &[
        "get", "list", "ls", "describe", "show", "status", "logs", "tail", "search", "head",
        "lookup", "wait", "help", "validate", "scan", "query", "select", "count", "check", "is",
    ];
    let mut words = operation.split(['-', '_']);
    let first = words.next().unwrap_or("");
    let verb = match first {
        "batch" | "admin" | "bulk" => words.next().unwrap_or(first),
        _ => first,
    };
    if FINAL.contains(&verb) {
        Kind::Irreversible
    } else if HARMLESS.contains(&verb) {
        Kind::ReadOnly
    } else {
        Kind::Opaque
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(service_name: &str, name: &str) -> Option<Operation> {
        service(service_name)?.operation(name)
    }

    #[test]
    fn every_line_is_found_by_its_own_name() {
        let mut seen = 0;
        let mut name = "";
        for line in OPERATIONS.lines() {
            if let Some(header) = line.strip_prefix('@') {
                name = header;
                assert_eq!(service(name).map(|found| found.name), Some(name));
                continue;
            }
            let operation = line.split('\t').next().expect("a line has a name");
            let found = find(name, operation).expect(line);
            assert!(same_name(found.name, operation), "{name} {operation}");
            seen += 1;
        }
        assert!(seen > 19_800, "{seen}");
    }

    #[test]
    fn the_table_is_ascii_and_known_classes_only() {
        assert!(OPERATIONS.is_ascii());
        for line in OPERATIONS.lines().filter(|line| !line.starts_with('@')) {
            let class = line.split('\t').nth(1).unwrap_or("");
            assert!("rvciomex".contains(class) && class.len() == 1, "{line}");
        }
    }

    #[test]
    fn all_spellings_find_the_same_operation() {
        for name in [
            "delete-db-instance",
            "DeleteDBInstance",
            "delete_db_instance",
            "deleteDBInstance",
        ] {
            let found = find("rds", name).expect(name);
            assert_eq!(found.name, "delete-db-instance");
            assert_eq!(found.kind, Kind::Irreversible);
            assert_eq!(
                found.targets().collect::<Vec<_>>(),
                ["db-instance-identifier"]
            );
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(service("").is_none());
        assert!(service("rdss").is_none());
        assert!(service("zzz").is_none());
        assert!(find("rds", "").is_none());
        assert!(find("rds", "delete-db").is_none());
        assert!(find("ec2", "zzz").is_none());
        assert!(find("ec2", "a").is_none());
    }

    #[test]
    fn every_change_can_be_read() {
        for line in OPERATIONS.lines() {
            let Some(changes) = line.split('\t').nth(7) else {
                continue;
            };
            for change in changes.split_ascii_whitespace() {
                let (class, condition) = change.split_once(':').expect(line);
                assert!(Kind::of_name(class).is_some(), "{line}");
                assert!(
                    condition.trim_start_matches('!').starts_with("--"),
                    "{line}"
                );
            }
        }
    }
}
