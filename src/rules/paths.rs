//! What deleting or overwriting a path would lose.
//!
//! Owns how the answer of the disk changes an effect. Never looks at the disk itself.

use std::borrow::Cow;

use crate::call::{Call, Findings};
use crate::context::files::{self, Loss};
use crate::effect::{Effect, Evidence, Reversibility, RuleId, Target, Tier};
use crate::resolve::{Command, RedirectionKind, Text};
use crate::world::World;

/// Fits the effect to what deleting the path loses; false if that is nothing.
pub(crate) fn deletion(path: &Text, call: &Call<'_>, effect: &mut Effect) -> bool {
    match loss(path, call.command, call.world) {
        Loss::Temporary | Loss::BuildOutput | Loss::New => false,
        // Another command of the line may make it first, or the name may be a slip.
        Loss::Missing => note(effect, "state", "not there now"),
        Loss::InGit { undo } => recoverable(effect, undo),
        Loss::Guard => own(effect),
        Loss::Precious(reason) => note(effect, "state", reason),
        Loss::Device => true,
    }
}

/// Fits the effect to what is missing where the path was; false if nobody looks for it there.
pub(crate) fn moving(path: &Text, call: &Call<'_>, effect: &mut Effect) -> bool {
    let Call { command, world, .. } = *call;
    let is_above =
        command.elsewhere.is_none() && files::holds_guards_own(path, &command.directory, world);
    (is_above || loss(path, command, world) == Loss::Guard)
        && note(effect, "state", "guard looks for it there")
}

/// Fits the effect to what is changed if that is a file: guard's own are no matter of degree.
pub(crate) fn changing(path: &Text, call: &Call<'_>, effect: &mut Effect) -> bool {
    if matches!(&*effect.target.kind, "file" | "path" | "directory")
        && loss(path, call.command, call.world) == Loss::Guard
    {
        return own(effect);
    }
    true
}

/// Fits the effect to what overwriting the path loses; false if that is nothing.
pub(crate) fn overwriting(path: &Text, call: &Call<'_>, effect: &mut Effect) -> bool {
    overwrites(path, call.command, call.world, effect)
}

fn overwrites(path: &Text, command: &Command, world: &dyn World, effect: &mut Effect) -> bool {
    let through = path
        .exact()
        .filter(|_| command.elsewhere.is_none())
        .and_then(|path| world.linked(&command.directory.join(path)?))
        .map(|path| Text::known(path.to_string_lossy()));
    // What lay there before is overwritten by the link itself; the worse of both counts.
    let mut linked = effect.clone();
    let there = through.is_some_and(|path| empties(&path, command, world, &mut linked));
    let here = empties(path, command, world, effect);
    if there && (!here || linked.reversibility.class() > effect.reversibility.class()) {
        *effect = linked;
    }
    here || there
}

fn empties(path: &Text, command: &Command, world: &dyn World, effect: &mut Effect) -> bool {
    if files::is_empty_file(path, &command.directory, world) && command.elsewhere.is_none() {
        return false;
    }
    match loss(path, command, world) {
        Loss::Temporary | Loss::BuildOutput | Loss::New | Loss::Missing | Loss::Device => false,
        Loss::InGit { undo } => recoverable(effect, undo),
        Loss::Guard => own(effect),
        Loss::Precious(reason) => note(effect, "state", reason),
    }
}

fn loss(path: &Text, command: &Command, world: &dyn World) -> Loss {
    if command.elsewhere.is_some() {
        return files::loss_elsewhere(path);
    }
    files::loss(path, &command.directory, world)
}

fn note(effect: &mut Effect, fact: &'static str, value: &str) -> bool {
    if !value.is_empty() {
        effect.evidence.push(Evidence {
            fact: Cow::Borrowed(fact),
            value: value.to_owned(),
            source: "file system".to_owned(),
        });
    }
    true
}

fn recoverable(effect: &mut Effect, undo: String) -> bool {
    effect.reversibility = Reversibility::Recoverable {
        from: undo,
        within: None,
    };
    note(effect, "state", "git has the same content")
}

/// Guard's own files: without them nothing is stopped, and nothing is proved.
fn own(effect: &mut Effect) -> bool {
    effect.rule = RuleId::new("guard", "own-files");
    effect.summary = "changes guard's own state or configuration".to_owned();
    effect.instead = None;
    effect.reversibility = Reversibility::Irreversible { perhaps: None };
    true
}

/// The files that the redirections of a command empty before it starts.
pub(super) fn redirections(command: &Command, world: &dyn World, findings: &mut Findings) {
    for redirection in &command.redirections {
        let appends = match redirection.kind {
            RedirectionKind::Truncate { .. } => false,
            RedirectionKind::Append | RedirectionKind::ReadWrite => true,
            RedirectionKind::Read => continue,
        };
        let mut target = Target::new("file", Some(redirection.path.display().into_owned()));
        target.tier = Tier::Local;
        target.environment = command.elsewhere.as_deref().map(str::to_owned);
        let mut effect = Effect {
            rule: RuleId::new("shell", "redirection"),
            action: Cow::Borrowed("overwrite"),
            target,
            reversibility: Reversibility::Irreversible { perhaps: None },
            summary: "empties the file before the command runs".to_owned(),
            also_lost: Vec::new(),
            evidence: Vec::new(),
            instead: None,
            location: redirection.location.clone(),
        };
        let lost = if appends {
            let is_own = loss(&redirection.path, command, world) == Loss::Guard;
            is_own && own(&mut effect)
        } else {
            overwrites(&redirection.path, command, world, &mut effect)
        };
        if lost {
            findings.effects.push(effect);
        }
    }
}
