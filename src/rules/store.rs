//! The built-in packs, found by program name.
//!
//! Owns the embedded tables that `build.rs` makes. A look-up is a binary search; only the CLI
//! that is met is decoded, once.

use std::sync::OnceLock;

use super::schema::Cli;

/// What is known of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It changes nothing, whatever its arguments.
    ReadOnly,
    /// It only adds, or has an exact inverse.
    Reversible,
    /// The index of the CLI that describes it.
    Cli(usize),
}

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

static DECODED: [OnceLock<Cli>; COUNT] = [const { OnceLock::new() }; COUNT];

/// What the packs say of a program's base name.
#[must_use]
pub fn program(name: &str) -> Option<Entry> {
    find(PROGRAMS, name)
}

/// The CLI that a launcher (`npx`, `uvx`) starts for a package name.
#[must_use]
pub fn package(name: &str) -> Option<usize> {
    find(PACKAGES, name)
}

fn find<T: Copy>(index: &[(&str, T)], name: &str) -> Option<T> {
    let at = index.binary_search_by_key(&name, |(key, _)| key).ok()?;
    index.get(at).map(|(_, value)| *value)
}

/// A CLI and the name of its pack.
#[must_use]
pub fn cli(index: usize) -> Option<(&'static str, &'static Cli)> {
    let (pack, bytes) = CLIS.get(index)?;
    let cli = DECODED.get(index)?.get_or_init(|| {
        #[expect(
            clippy::expect_used,
            reason = "build.rs wrote these bytes with the same types"
        )]
        postcard::from_bytes(bytes).expect("an embedded pack decodes")
    });
    Some((pack, cli))
}

/// The programs for which a PATH shim is worth it, sorted.
pub fn shims() -> impl Iterator<Item = &'static str> {
    SHIMS.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_cli_decodes_and_is_found_by_its_programs() {
        for (name, entry) in PROGRAMS {
            assert_eq!(program(name), Some(*entry));
            if let Entry::Cli(index) = entry {
                let (_, cli) = cli(*index).unwrap();
                assert!(cli.programs.iter().any(|program| program == name));
            }
        }
        assert_eq!(program("no such program"), None);
    }
}
