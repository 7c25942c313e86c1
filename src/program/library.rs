//! What is known of a language's library: the packs of `rules/program/`, found by name.
//!
//! A pack is decoded when its language is met, once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::pack::{Call, Pack, Signature};

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// A language's pack, ready to be asked.
pub(crate) struct Library {
    pack: Pack,
    /// The calls by the last member of their names, in the order of the pack.
    by_member: BTreeMap<String, Vec<(usize, Signature)>>,
}

/// The calls that a path may be.
pub(crate) struct Match {
    pub(crate) call: &'static Call,
    /// The parameters' names of each call in the path, in order.
    pub(crate) parameters: Vec<Vec<String>>,
    /// The member that a `*` at the end stands for.
    pub(crate) member: String,
}

impl Library {
    /// The pack of this language.
    pub(crate) fn of(language: &str) -> &'static Self {
        static DECODED: [OnceLock<Library>; LIBRARIES.len()] =
            [const { OnceLock::new() }; LIBRARIES.len()];
        static NONE: OnceLock<Library> = OnceLock::new();
        let index = LIBRARIES.iter().position(|(name, _)| *name == language);
        let found = index.and_then(|index| Some((LIBRARIES.get(index)?, DECODED.get(index)?)));
        match found {
            Some(((_, bytes), place)) => place.get_or_init(|| {
                #[expect(
                    clippy::expect_used,
                    reason = "build.rs wrote these bytes with the same types"
                )]
                Self::new(postcard::from_bytes(bytes).expect("an embedded pack decodes"))
            }),
            None => NONE.get_or_init(|| {
                Self::new(Pack {
                    schema: 1,
                    language: language.to_owned(),
                    alias: Vec::new(),
                    deferred: Vec::new(),
                    call: Vec::new(),
                })
            }),
        }
    }

    fn new(pack: Pack) -> Self {
        let mut by_member: BTreeMap<String, Vec<(usize, Signature)>> = BTreeMap::new();
        for (index, call) in pack.call.iter().enumerate() {
            for signature in call.name.iter().filter_map(|name| Signature::read(name)) {
                let last = signature.segments.last();
                let last = last.map(|last| last.name.clone()).unwrap_or_default();
                by_member.entry(last).or_default().push((index, signature));
            }
        }
        Self { pack, by_member }
    }

    /// The path by which the pack knows it.
    pub(crate) fn canonical(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for (from, to) in &self.pack.alias {
            let Some(rest) = path.strip_prefix(from.as_str()) else {
                continue;
            };
            match rest.strip_prefix('.') {
                Some(rest) if to.is_empty() => path = rest.to_owned(),
                Some(rest) => path = format!("{to}.{rest}"),
                None if rest.is_empty() && !to.is_empty() => path.clone_from(to),
                None => {}
            }
        }
        path
    }

    pub(crate) fn is_deferred(&self, member: &str) -> bool {
        self.pack.deferred.iter().any(|name| name == member)
    }

    /// The functions of a module that matter.
    pub(crate) fn members(&self, module: &str) -> impl Iterator<Item = String> {
        let module: Vec<&str> = module.split('.').collect();
        let mut names: Vec<String> = self
            .by_member
            .values()
            .flatten()
            .filter(|(_, signature)| !signature.anywhere)
            .filter_map(|(_, signature)| {
                let mut parts = signature.segments.iter();
                for part in &module {
                    parts
                        .next()
                        .filter(|segment| segment.name == *part && segment.parameters.is_none())?;
                }
                Some(parts.next()?.name.clone())
            })
            .collect();
        names.sort();
        names.dedup();
        names.into_iter()
    }

    /// What a call of this path may be, in the order of the pack.
    pub(crate) fn find(&'static self, path: &str) -> Vec<Match> {
        let parts: Vec<(&str, bool)> = segments(path);
        let Some((last, _)) = parts.last() else {
            return Vec::new();
        };
        let named = self.by_member.get(*last).into_iter().flatten();
        let any = self.by_member.get("*").into_iter().flatten();
        let mut found: Vec<(usize, Match)> = named
            .chain(any)
            .filter_map(|(index, signature)| {
                Some((
                    *index,
                    Match {
                        call: self.pack.call.get(*index)?,
                        parameters: fits(signature, &parts)?,
                        member: (*last).to_owned(),
                    },
                ))
            })
            .collect();
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, found)| found).collect()
    }
}

/// The members of a path, and whether each is called within it.
fn segments(path: &str) -> Vec<(&str, bool)> {
    path.split('.')
        .map(|part| match part.strip_suffix("()") {
            Some(name) => (name, true),
            None => (part, false),
        })
        .collect()
}

/// The parameters of each call in the path, if the signature fits it. Calls that the signature
/// does not see have no names.
fn fits(signature: &Signature, parts: &[(&str, bool)]) -> Option<Vec<Vec<String>>> {
    let skipped = parts.len().checked_sub(signature.segments.len())?;
    if skipped > 0 && !signature.anywhere {
        return None;
    }
    let before = parts.iter().take(skipped).filter(|(_, called)| *called);
    let mut lists: Vec<Vec<String>> = before.map(|_| Vec::new()).collect();
    let pairs = signature.segments.iter().zip(parts.iter().skip(skipped));
    let last = signature.segments.len() - 1;
    for (index, (segment, (name, called))) in pairs.enumerate() {
        let same = segment.name == *name
            || segment
                .name
                .strip_suffix('*')
                .is_some_and(|start| name.starts_with(start));
        let is_called = index == last || *called;
        if !same || is_called != segment.parameters.is_some() {
            return None;
        }
        lists.extend(segment.parameters.clone());
    }
    Some(lists)
}
