//! Who started whom, as the kernel tells it.
//!
//! Owns the reading of `/proc`. Elsewhere than on Linux there is nothing to read: every question
//! is answered with "cannot be seen", and what depends on it is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::num::ParseIntError;
use std::os::unix::ffi::OsStringExt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One life of a process id: ids are used again, start times are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incarnation {
    pub pid: i32,
    /// Clock ticks since the machine started.
    pub start: u64,
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start)
    }
}

impl FromStr for Incarnation {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (pid, start) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self {
            pid: pid.parse()?,
            start: start.parse()?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: Incarnation,
    pub parent: i32,
    /// 0 if its leader is in a namespace that cannot be seen from here.
    pub session: i32,
    /// The device number of the controlling terminal; 0 for none.
    pub terminal: u64,
    pub name: String,
}

/// The processes that can be seen; a trait, so that the rules about them can be tested with tables.
pub trait Processes {
    fn process(&self, pid: i32) -> Option<Process>;
    /// The names of the variables that it was started with; `None` if they cannot be seen.
    fn variables(&self, pid: i32) -> Option<Vec<String>>;
    /// The processes that hold the other side of this pseudoterminal, as far as can be seen.
    fn holders(&self, terminal: u32) -> Vec<i32>;
    /// How many seccomp filters look at its calls: nobody below a supervisor has as few as those
    /// outside. `None` if it cannot be seen.
    fn filters(&self, _pid: i32) -> Option<u32> {
        None
    }
}

/// A process and all that it descends from, itself first.
#[must_use]
pub(super) fn ancestry(processes: &dyn Processes, pid: i32) -> Vec<Process> {
    let mut chain: Vec<Process> = Vec::new();
    let mut next = pid;
    // A process that ends while we look may leave a loop of ids behind.
    while next > 0 && chain.len() < 4096 {
        let Some(process) = processes.process(next) else {
            break;
        };
        next = process.parent;
        chain.push(process);
    }
    chain
}

/// The number of a pseudoterminal (`/dev/pts/N`), if this device is one.
#[must_use]
pub(super) fn pseudoterminal(device: u64) -> Option<u32> {
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    (136..=143)
        .contains(&major)
        .then(|| (major - 136) * 256 + minor)
        .and_then(|number| u32::try_from(number).ok())
}

/// This machine, since it was started.
#[must_use]
pub(super) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// The real processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

#[cfg(target_os = "linux")]
impl Processes for System {
    fn process(&self, pid: i32) -> Option<Process> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        parse_stat(&String::from_utf8_lossy(&stat))
    }

    fn variables(&self, pid: i32) -> Option<Vec<String>> {
        let names = environment(pid)?.into_keys();
        Some(
            names
                .map(|name| name.to_string_lossy().into_owned())
                .collect(),
        )
    }

    fn holders(&self, terminal: u32) -> Vec<i32> {
        let Ok(entries) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| holds(*pid, terminal).unwrap_or(false))
            .collect()
    }

    fn filters(&self, pid: i32) -> Option<u32> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let value = |name: &str| -> Option<u32> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        // Kernels before 5.9 do not count them; then one is as good as many.
        value("Seccomp_filters:").or_else(|| Some(value("Seccomp:")? / 2))
    }
}

/// What a process was started with; `None` if that cannot be seen.
#[must_use]
pub(super) fn environment(pid: i32) -> Option<BTreeMap<OsString, OsString>> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let entries = environment.split(|byte| *byte == 0).filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        let (name, value) = entry.split_at_checked(at)?;
        let value = value.get(1..)?;
        (!name.is_empty()).then(|| {
            (
                OsString::from_vec(name.into()),
                OsString::from_vec(value.into()),
            )
        })
    });
    Some(entries.collect())
}

/// Only the master side of a pseudoterminal has a `tty-index` in its descriptor's notes.
#[cfg(target_os = "linux")]
fn holds(pid: i32, terminal: u32) -> Option<bool> {
    let wanted = format!("tty-index:\t{terminal}");
    for entry in std::fs::read_dir(format!("/proc/{pid}/fdinfo")).ok()? {
        let Ok(notes) = std::fs::read_to_string(entry.ok()?.path()) else {
            continue;
        };
        if notes.lines().any(|line| line == wanted) {
            return Some(true);
        }
    }
    Some(false)
}

/// The fields of `/proc/PID/stat`. The name stands in parentheses and may hold any of them.
#[cfg(target_os = "linux")]
fn parse_stat(stat: &str) -> Option<Process> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (pid, name) = head.split_once(" (")?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Process {
        id: Incarnation {
            pid: pid.parse().ok()?,
            start: field(22)?.parse().ok()?,
        },
        parent: field(4)?.parse().ok()?,
        session: field(6)?.parse().ok()?,
        // A signed number whose bits are a device number.
        terminal: u64::from(field(7)?.parse::<i32>().ok()?.cast_unsigned()),
        name: name.to_owned(),
    })
}

#[cfg(not(target_os = "linux"))]
impl Processes for System {
    fn process(&self, _pid: i32) -> Option<Process> {
        None
    }

    fn variables(&self, _pid: i32) -> Option<Vec<String>> {
        None
    }

    fn holders(&self, _terminal: u32) -> Vec<i32> {
        Vec::new()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "17 (a) R (b) S 5 17 16 34817 17 4194304 1 2 3 4 5 6 7 8 20 0 1 0 777 9 9";
        assert_eq!(
            parse_stat(stat),
            Some(Process {
                id: Incarnation {
                    pid: 17,
                    start: 777
                },
                parent: 5,
                session: 16,
                terminal: 34817,
                name: "a) R (b".to_owned(),
            })
        );
        assert_eq!(pseudoterminal(34817), Some(1));
        assert_eq!(pseudoterminal(1025), None);
        for broken in ["", "17", "17 (x", "17 (x) S", "x (y) S 1 2 3"] {
            assert_eq!(parse_stat(broken), None, "{broken}");
        }
    }

    #[test]
    fn this_process_has_a_parent() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let chain = ancestry(&System, pid);
        assert_eq!(chain[0].id.pid, pid);
        assert!(chain.len() > 1);
        assert!(System.variables(pid).unwrap().contains(&"PATH".to_owned()));
    }
}
