//! How much a place matters, from the names that people give to places.

use crate::effect::Tier;

const PRODUCTION: &[&str] = &["prod", "production", "prd", "live", "main-db", "master-db"];
const STAGING: &[&str] = &["staging", "stage", "stg", "preprod", "uat", "qa", "preview"];
const DEVELOPMENT: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "testing",
    "sandbox",
    "ci",
];
const LOCAL: &[&str] = &[
    "local",
    "localhost",
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "localstack",
];

/// The tier that a name of an environment, profile, host or database suggests; `Unknown` if it
/// suggests none. A name counts when one of its parts (`shop-prod-eu`) is such a word; the most
/// important one wins.
#[must_use]
pub fn of_name(name: &str) -> Tier {
    let name = name.to_ascii_lowercase();
    if LOCAL.contains(&name.as_str()) {
        return Tier::Local;
    }
    let has = |words: &[&str]| {
        name.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|part| {
                let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
                words.contains(&part)
            })
    };
    if has(PRODUCTION) {
        Tier::Production
    } else if has(STAGING) {
        Tier::Staging
    } else if has(DEVELOPMENT) {
        Tier::Development
    } else if has(LOCAL) {
        Tier::Local
    } else {
        Tier::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_gives_its_tier() {
        for (name, tier) in [
            ("production", Tier::Production),
            ("shop-prod-eu1", Tier::Production),
            ("prod2", Tier::Production),
            ("product", Tier::Unknown),
            ("Staging", Tier::Staging),
            ("dev_db", Tier::Development),
            ("prod-test", Tier::Production),
            ("127.0.0.1", Tier::Local),
            ("localhost", Tier::Local),
            ("delivery", Tier::Unknown),
        ] {
            assert_eq!(of_name(name), tier, "{name}");
        }
    }
}
