//! `guard.lock`: which packs were added, from where, and what they held then.
//!
//! Owns the file beside the directory of packs. A pack that is not as it was added is found by it.

#![allow(
    clippy::disallowed_methods,
    reason = "the lock is read before anything is judged"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lock {
    pub schema: u32,
    #[serde(default)]
    pub pack: Vec<Locked>,
    /// The newest version of each signed pack that was ever added: an older one is refused, even
    /// after the pack was removed.
    #[serde(default)]
    pub floor: BTreeMap<String, Version>,
}

/// One pack, as it was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Locked {
    pub name: String,
    pub version: Version,
    pub source: String,
    pub sha256: String,
    /// Who signed it, by the file of allowed signers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    pub added: Timestamp,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            schema: 1,
            pack: Vec::new(),
            floor: BTreeMap::new(),
        }
    }
}

impl Lock {
    /// Where the lock of a directory of packs lies.
    #[must_use]
    pub fn path(packs: &Path) -> PathBuf {
        packs.with_file_name("guard.lock")
    }

    /// The lock of a directory of packs; an empty one if there is none.
    pub fn read(packs: &Path) -> io::Result<Self> {
        let text = match std::fs::read_to_string(Self::path(packs)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let lock: Self = toml::from_str(&text)
            .map_err(|error| io::Error::other(error.to_string().trim_end().to_owned()))?;
        if lock.schema != 1 {
            let schema = lock.schema;
            return Err(io::Error::other(format!(
                "`schema = {schema}` is not known to this guard"
            )));
        }
        Ok(lock)
    }

    /// The file's text.
    pub fn text(&self) -> Result<String, toml::ser::Error> {
        let body = toml::to_string(self)?;
        Ok(format!(
            "# Kept by `guard pack`. What differs from it is not used.\n{body}"
        ))
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Locked> {
        self.pack.iter().find(|locked| locked.name == name)
    }

    /// Puts an entry there, in place of one for the same pack.
    pub fn put(&mut self, locked: Locked) {
        if locked.signer.is_some() {
            let name = locked.name.clone();
            let floor = self
                .floor
                .entry(name)
                .or_insert_with(|| locked.version.clone());
            if *floor < locked.version {
                *floor = locked.version.clone();
            }
        }
        self.take(&locked.name);
        self.pack.push(locked);
        self.pack.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Takes the entry of a pack out.
    pub fn take(&mut self, name: &str) -> Option<Locked> {
        let at = self.pack.iter().position(|locked| locked.name == name)?;
        Some(self.pack.remove(at))
    }
}

/// The SHA-256 value of a file's content, in hexadecimal digits.
#[must_use]
pub fn sha256(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str, version: &str, signer: Option<&str>) -> Locked {
        Locked {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            source: "x".to_owned(),
            sha256: sha256(b""),
            signer: signer.map(str::to_owned),
            added: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_floor_of_a_signed_pack_stays() {
        let mut lock = Lock::default();
        lock.put(locked("acme", "1.2.0", Some("ann")));
        lock.put(locked("acme", "1.1.0", Some("ann")));
        lock.put(locked("plain", "3.0.0", None));
        assert_eq!(lock.pack.len(), 2);
        assert_eq!(lock.floor.get("acme"), Some(&Version::new(1, 2, 0)));
        assert_eq!(lock.floor.get("plain"), None);
        lock.take("acme");
        let again: Lock = toml::from_str(&lock.text().unwrap()).unwrap();
        assert_eq!(again, lock);
        assert!(again.floor.contains_key("acme"));
    }
}
