//! Guard's own directories: what a command may write there without a rule of its pack that says so.
//!
//! Owns that question alone. What rules know to be written is theirs.

use std::borrow::Cow;
use std::path::Path;

use crate::call::Findings;
use crate::context::files;
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::resolve::{Argument, Command, Text};
use crate::world::World;

/// Notes that the command runs in one of guard's directories, or that one of these words names one.
pub(super) fn note(
    command: &Command,
    words: &[Argument],
    world: &dyn World,
    findings: &mut Findings,
) {
    if command.elsewhere.is_some() {
        return;
    }
    // Each of them has the name in its path; to look at all for every command would cost more than
    // the rest of its judgement.
    let is_like = |text: &str| text.contains("guard");
    let here = command.directory.known().filter(|directory| {
        let real = world.canonical(directory);
        let is_like = |path: &Path| path.to_str().is_none_or(is_like);
        (is_like(directory) || real.is_some_and(|real| is_like(&real))) && {
            let directory = Text::known(directory.to_string_lossy());
            files::is_in_guards_own(&directory, &command.directory, world)
        }
    });
    let named = || {
        let mut words = words.iter().filter(|word| is_like(&word.value.display()));
        words.find_map(|word| {
            let readings = values(&word.value);
            let is_own = |text: &Text| files::is_in_guards_own(text, &command.directory, world);
            readings.into_iter().find(is_own)
        })
    };
    let name = match here {
        Some(directory) => directory.display().to_string(),
        None => match named() {
            Some(text) => text.display().into_owned(),
            None => return,
        },
    };
    let mut target = Target::new("directory", Some(name));
    target.tier = Tier::Local;
    let effect = Effect {
        rule: RuleId::new("guard", "own-files"),
        action: Cow::Borrowed("change"),
        target,
        reversibility: Reversibility::Irreversible { perhaps: None },
        summary: "may change guard's own state or configuration".to_owned(),
        also_lost: Vec::new(),
        evidence: Vec::new(),
        instead: None,
        location: command.location.clone(),
    };
    findings.effects.push(effect);
}

/// A word as a path: whole, after `=`, and after the letter of an option (`-oPATH`).
fn values(word: &Text) -> Vec<Text> {
    let prefix = word.known_prefix();
    let mut values = vec![word.clone()];
    if let Some(at) = prefix.find('=') {
        values.push(word.after(at + 1));
    }
    if prefix.starts_with('-') && prefix.is_char_boundary(2) && prefix.len() > 2 {
        values.push(word.after(2));
    }
    values
}
