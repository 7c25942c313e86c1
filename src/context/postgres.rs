//! Where `postgres` would act.

use super::{Place, tier};
use crate::effect::Tier;
use crate::rules::Call;

/// The place that this command line, its environment and the files it reads name.
#[must_use]
pub fn place(_call: &Call<'_>) -> Place {
    Place::default()
}

/// The tier that a database's name suggests; `otherwise` if it suggests none.
#[must_use]
pub fn named_tier(name: &str, otherwise: Tier) -> Tier {
    match tier::of_name(name) {
        Tier::Unknown => otherwise,
        known => known,
    }
}
