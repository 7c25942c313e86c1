//! What a person types to approve.
//!
//! Owns that text. It is the part of the question that changes from one to the next, the name of
//! what would be lost, because only copying that out resists habit: `production/pg-data`. With
//! several things at stake it is the worst one's name and how many more there are, so that
//! nobody overlooks that there are more: `production/pg-data and 2 more`. What cannot be seen has
//! no name; there it is `unseen` and the word that stands there: `unseen eval`. A program that no
//! rule describes is `unlisted` and its name.

use std::collections::BTreeSet;

use crate::report::{Report, is_hidden};

/// Longer names are cut to their last parts: a person types them.
const LONGEST: usize = 60;

/// The phrase for a report that asks something.
#[must_use]
pub fn phrase(report: &Report) -> String {
    let asked = report.asked();
    let holes = report.asked_opaque().count();
    let unlisted = report.asked_unlisted();
    let targets: BTreeSet<&str> = asked.iter().map(|item| item.target.as_str()).collect();
    let main = match (asked.first(), unlisted.first()) {
        (Some(worst), _) => typeable(&worst.target),
        (None, Some(program)) if holes == 0 => format!("unlisted {}", typeable(program)),
        (None, _) => unseen(report),
    };
    match targets.len() + holes + unlisted.len() {
        0 | 1 => main,
        several => format!("{main} and {} more", several - 1),
    }
}

fn unseen(report: &Report) -> String {
    let word = report
        .asked_opaque()
        .next()
        .and_then(|hole| report.text.get(hole.start..hole.end))
        .or(Some(report.text.as_str()))
        .and_then(|text| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c)))
                .find(|word| word.chars().any(|c| c.is_ascii_alphanumeric()))
        })
        .unwrap_or("command");
    format!("unseen {}", typeable(word))
}

/// The name as a keyboard can produce it: blanks are one space, what cannot be typed or seen is a
/// question mark, and of a long path the last parts stay.
fn typeable(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| match c {
            _ if c.is_whitespace() => ' ',
            _ if is_hidden(c) => '?',
            _ if c.is_alphanumeric() || c.is_ascii_graphic() => c,
            _ => '?',
        })
        .collect();
    let clean = squeeze(&clean);
    let length = clean.chars().count();
    let tail: String = clean.chars().skip(length.saturating_sub(LONGEST)).collect();
    match tail.split_once('/') {
        _ if clean.is_empty() => "nameless".to_owned(),
        _ if length <= LONGEST => clean,
        Some((_, rest)) if rest.len() >= 8 => squeeze(rest),
        _ => squeeze(&tail),
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether this is what was asked for. Blanks around it do not count; everything else does, case
/// too: names that differ only in case name different things.
#[must_use]
pub(super) fn matches(typed: &str, phrase: &str) -> bool {
    squeeze(typed) == phrase && !phrase.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_typed() {
        for (name, typed) in [
            ("production/pg-data", "production/pg-data"),
            ("größe", "größe"),
            ("a  b\tc\n", "a b c"),
            ("pg\u{202e}atad", "pg?atad"),
            ("a\u{200b}b\u{1b}[2K", "a?b?[2K"),
            ("", "nameless"),
            (" ", "nameless"),
            (
                "/home/somebody/projects/some-client/deep/down/in/the/tree/of/files/notes.txt",
                "some-client/deep/down/in/the/tree/of/files/notes.txt",
            ),
        ] {
            assert_eq!(typeable(name), typed);
            assert!(matches(&format!(" {typed}\n"), typed));
        }
        let endless = typeable(&"x".repeat(1000));
        assert_eq!(endless.len(), LONGEST);
    }

    #[test]
    fn the_phrase_names_the_worst_and_counts_the_rest() {
        use std::path::Path;

        use crate::effect::{Assessment, Opaque, Reversibility, Tier, Unlisted};
        use crate::gate::fixture::loss;
        use crate::location::{Location, Span};
        use crate::policy::{Layer, Origin, Policy};
        let text = "cd x; eval \"$Y\"";
        let hole = Opaque {
            reason: "made when it runs".to_owned(),
            location: Location::from(Span::new(6, text.len())),
        };
        let program = Unlisted {
            program: "frobnicate".into(),
            location: Location::default(),
        };
        let mut staging = loss("volume-delete", "s");
        staging.target.tier = Tier::Staging;
        staging.target.environment = Some("staging".to_owned());
        let mut undoable = loss("volume-detach", "u");
        undoable.reversibility = Reversibility::Reversible { undo: "x".into() };
        let lost = || loss("volume-delete", "p");
        let strict = Policy::of([Layer::parse(
            Origin::Project,
            Path::new("/guard.toml"),
            "schema = 1\ndecisions.unlisted = 'confirm'\n",
            jiff::Timestamp::UNIX_EPOCH,
        )]);
        for (policy, effects, opaque, unlisted, expected) in [
            (
                Policy::builtin(),
                vec![lost()],
                vec![],
                vec![],
                "production/p",
            ),
            (
                Policy::builtin(),
                vec![lost(), lost()],
                vec![],
                vec![],
                "production/p",
            ),
            (
                Policy::builtin(),
                vec![undoable, staging, lost()],
                vec![],
                vec![program.clone()],
                "production/p and 1 more",
            ),
            (
                Policy::builtin(),
                vec![lost()],
                vec![hole.clone(), hole.clone()],
                vec![],
                "production/p and 2 more",
            ),
            (
                Policy::builtin(),
                vec![],
                vec![hole.clone()],
                vec![],
                "unseen eval",
            ),
            (
                strict.clone(),
                vec![],
                vec![],
                vec![program.clone()],
                "unlisted frobnicate",
            ),
            (
                strict,
                vec![],
                vec![hole],
                vec![program],
                "unseen eval and 1 more",
            ),
        ] {
            let assessment = Assessment {
                effects,
                opaque,
                unlisted,
                notes: Vec::new(),
            };
            let report = Report::new(text, std::path::Path::new("/"), &assessment, &policy);
            assert_eq!(phrase(&report), expected);
        }
    }

    #[test]
    fn only_the_name_itself_is_the_name() {
        for typed in [
            "",
            "\n",
            "yes",
            "y",
            "Production/pg-data",
            "pg-data",
            "production/pg-data2",
        ] {
            assert!(!matches(typed, "production/pg-data"), "{typed:?}");
        }
        assert!(!matches("", ""));
    }
}
