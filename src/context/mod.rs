//! What the world says of a command: where it acts, and what its paths hold.
//!
//! Owns the facts that no pack can know. Looks only through `World`; never decides.

pub mod aws;
pub mod files;
pub mod git;
pub(crate) mod glob;
pub mod postgres;
pub mod railway;
pub mod server;
pub mod sqlite;
pub mod tier;

use std::collections::BTreeMap;

use crate::call::Call;
use crate::effect::{Evidence, Tier};

/// Where a command acts: which environment, account or server, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the person types before the name: `production`, `123456789012`, `db.internal/app`.
    pub environment: Option<String>,
    pub tier: Tier,
    pub evidence: Vec<Evidence>,
    /// Further facts by name, for `{ context = "project" }` in packs.
    pub facts: BTreeMap<&'static str, String>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            environment: None,
            tier: Tier::Unknown,
            evidence: Vec::new(),
            facts: BTreeMap::new(),
        }
    }
}

/// Asks the probe that a pack names (`context = "railway"`); an unknown name is no place at all.
#[must_use]
pub fn place(probe: &str, call: &Call<'_>) -> Place {
    match probe {
        "aws" => aws::place(call),
        "postgres" => postgres::place(call),
        "railway" => railway::place(call),
        "local" => Place {
            tier: Tier::Local,
            ..Place::default()
        },
        _ => Place::default(),
    }
}
