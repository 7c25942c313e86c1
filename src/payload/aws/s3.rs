//! The `s3` commands, which work on paths: objects, and files of this machine.

use std::borrow::Cow;

use super::Request;
use super::inputs::Truth;
use super::operation::tier_of;
use crate::call::Findings;
use crate::context::Place;
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::location::Location;
use crate::resolve::{Argument, Text};
use crate::rules;
use crate::world::PathStatus;

pub(super) fn judge(command: &str, request: &Request<'_>, findings: &mut Findings) {
    let inputs = request.inputs;
    if inputs.has("dryrun") == Truth::Yes || inputs.read.given("generate-cli-skeleton").is_some() {
        return;
    }
    let paths: Vec<&Argument> = inputs
        .read
        .rest
        .iter()
        .filter(|word| !word.value.known_prefix().starts_with("--"))
        .collect();
    match (command, paths.as_slice()) {
        ("ls" | "presign", _) => {}
        ("mb", [bucket, ..]) => {
            let undo = format!("aws s3 rb {}", bucket.value.display());
            push(
                "mb",
                bucket,
                Reversibility::Reversible { undo },
                request,
                findings,
            );
        }
        ("website", [bucket, ..]) => {
            let from = "the previous website configuration, if it is known".to_owned();
            let class = Reversibility::Recoverable { from, within: None };
            push("website", bucket, class, request, findings);
        }
        ("rm" | "rb", []) => unnamed(command, request, findings),
        ("rm", paths) => {
            for path in paths {
                push("rm", path, gone_from_bucket(), request, findings);
            }
        }
        ("rb", paths) => {
            for path in paths {
                let class = Reversibility::Irreversible { perhaps: None };
                push("rb", path, class, request, findings);
            }
        }
        ("cp", [from, to, ..]) => copies("cp", from, to, request, findings),
        ("mv", [from, to, ..]) => moves(from, to, request, findings),
        ("sync", [from, to, ..]) => {
            if inputs.has("delete") == Truth::No {
                copies("sync", from, to, request, findings);
            } else {
                mirrors(to, request, findings);
            }
        }
        // Too few words that can be seen; the rest may be in `$ARGUMENTS`.
        ("cp" | "mv" | "sync", _) if inputs.read.uncertain.is_some() => {
            unnamed(command, request, findings);
        }
        ("cp" | "mv" | "sync" | "mb" | "website", _) => {}
        _ => super::operation::judge_unlisted(command, request, findings),
    }
}

fn gone_from_bucket() -> Reversibility {
    Reversibility::Irreversible {
        perhaps: Some("in a versioned bucket only delete markers are added".to_owned()),
    }
}

fn unnamed(command: &str, request: &Request<'_>, findings: &mut Findings) {
    if let Some(place) = &request.inputs.read.uncertain {
        findings.opaque(
            format!("what `aws s3 {command}` works on is known only when the command runs"),
            place,
        );
    }
}

/// Whether a path names an object. One that cannot be seen may be either.
enum Side {
    Bucket,
    Local,
    Stream,
    Unknown,
}

fn side(path: &Text) -> Side {
    let start = path.known_prefix();
    if start.starts_with("s3://") {
        Side::Bucket
    } else if path.exact() == Some("-") {
        Side::Stream
    } else if start.is_empty() && path.exact().is_none() {
        Side::Unknown
    } else {
        Side::Local
    }
}

/// `cp` and `sync`: what the destination held under the same names is overwritten.
fn copies(
    command: &str,
    from: &Argument,
    to: &Argument,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    match side(&to.value) {
        Side::Stream => {}
        Side::Bucket | Side::Unknown => {
            if request.inputs.has("no-overwrite") == Truth::Yes {
                let undo = format!("aws s3 rm {}", to.value.display());
                push(
                    command,
                    to,
                    Reversibility::Reversible { undo },
                    request,
                    findings,
                );
                return;
            }
            let from = "the previous versions, if the bucket keeps versions".to_owned();
            let class = Reversibility::Recoverable { from, within: None };
            push(command, to, class, request, findings);
        }
        Side::Local => copy_down(command, from, to, request, findings),
    }
}

/// `mv`: the source is deleted once the copy is made, so its content is at the destination.
fn moves(from: &Argument, to: &Argument, request: &Request<'_>, findings: &mut Findings) {
    let into_the_void = to
        .value
        .exact()
        .is_some_and(|path| path.starts_with("/dev/"));
    let class = if into_the_void {
        gone_from_bucket()
    } else {
        let from = format!("the copy at {}", to.value.display());
        Reversibility::Recoverable { from, within: None }
    };
    push("mv", from, class, request, findings);
    if matches!(side(&to.value), Side::Local) && !into_the_void {
        copy_down("mv", from, to, request, findings);
    }
}

/// From a bucket to this machine.
fn copy_down(
    command: &str,
    from: &Argument,
    to: &Argument,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    let is_one = command != "sync" && request.inputs.has("recursive") == Truth::No;
    let source = is_one.then_some(&from.value);
    overwrite_local(&to.value, source, &to.location, request, findings);
}

/// `sync --delete`: what the source does not have is deleted at the destination, too.
fn mirrors(to: &Argument, request: &Request<'_>, findings: &mut Findings) {
    match side(&to.value) {
        Side::Stream => {}
        Side::Bucket | Side::Unknown => {
            push("sync-delete", to, gone_from_bucket(), request, findings);
        }
        Side::Local => {
            let mut effect = local("s3-sync-delete", &to.value, &to.location);
            effect.action = Cow::Borrowed("delete");
            effect.summary =
                "deletes every file of the directory that the source does not have".to_owned();
            if holds_something(&to.value, request)
                && rules::deletion(&to.value, request.call, &mut effect)
            {
                findings.effects.push(effect);
            }
        }
    }
}

/// A file of this machine that is written, or a directory that files are written into: one
/// file, if its name is that of the source.
pub(super) fn overwrite_local(
    path: &Text,
    source: Option<&Text>,
    location: &Location,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    let mut effect = local("s3-overwrite", path, location);
    if !is_directory(path, request) {
        if rules::overwriting(path, request.call, &mut effect) {
            findings.effects.push(effect);
        }
        return;
    }
    if let Some(name) = source.and_then(base_name) {
        let mut file = path.clone();
        file.push_known("/");
        file.push_known(&name);
        return overwrite_local(&file, None, location, request, findings);
    }
    if holds_something(path, request) && rules::overwriting(path, request.call, &mut effect) {
        effect.summary = "overwrites files of the directory that have the same names".to_owned();
        effect.reversibility = Reversibility::Recoverable {
            from: "a copy of the directory, if there is one".to_owned(),
            within: None,
        };
        findings.effects.push(effect);
    }
}

fn is_directory(path: &Text, request: &Request<'_>) -> bool {
    path.exact()
        .and_then(|path| request.call.command.directory.join(path))
        .is_some_and(|path| request.call.world.status(&path) == PathStatus::Directory)
}

/// The last part of an object's key.
fn base_name(source: &Text) -> Option<String> {
    let name = source.exact()?.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn holds_something(path: &Text, request: &Request<'_>) -> bool {
    let Some(path) = path
        .exact()
        .and_then(|path| request.call.command.directory.join(path))
    else {
        return true;
    };
    if request.call.command.elsewhere.is_some() {
        return true;
    }
    match request.call.world.list(&path, 1) {
        Some((names, more)) => more || !names.is_empty(),
        None => request.call.world.status(&path) != PathStatus::Missing,
    }
}

fn local(rule: &'static str, path: &Text, location: &Location) -> Effect {
    let mut target = Target::new("path", Some(path.display().into_owned()));
    target.tier = Tier::Local;
    Effect {
        rule: RuleId::new("aws", rule),
        action: Cow::Borrowed("overwrite"),
        target,
        reversibility: Reversibility::Irreversible { perhaps: None },
        summary: "overwrites the local file".to_owned(),
        also_lost: Vec::new(),
        evidence: Vec::new(),
        instead: None,
        location: location.clone(),
    }
}

fn push(
    command: &str,
    path: &Argument,
    class: Reversibility,
    request: &Request<'_>,
    findings: &mut Findings,
) {
    let place = request.place();
    let is_whole = request.inputs.has("recursive") != Truth::No;
    let is_forced = request.inputs.has("force") != Truth::No;
    let shown = path.value.display();
    let is_bucket = shown
        .trim_end_matches('/')
        .strip_prefix("s3://")
        .is_none_or(|rest| !rest.contains('/'));
    let (action, summary) = match command {
        "mb" => ("create", "creates the bucket"),
        "website" => ("configure", "replaces the bucket's website configuration"),
        "rm" if is_whole && is_bucket => ("delete", "deletes every object of the bucket"),
        "rm" if is_whole => ("delete", "deletes every object under the prefix"),
        "rm" => ("delete", "deletes the object"),
        "rb" if is_forced => (
            "delete",
            "deletes every object of the bucket, then the bucket",
        ),
        "rb" => ("delete", "deletes the bucket and frees its name for others"),
        "mv" => ("move", "deletes the source after it was copied"),
        "sync-delete" => (
            "delete",
            "deletes every object at the destination that the source does not have",
        ),
        _ => ("overwrite", "overwrites objects of the same names"),
    };
    let instead = match command {
        "rm" | "sync-delete" => Some("the same command with --dryrun shows what it would delete"),
        _ => None,
    };
    findings.effects.push(Effect {
        rule: RuleId::new("aws", format!("s3-{command}")),
        action: Cow::Borrowed(action),
        target: target(&shown, is_bucket, &place),
        reversibility: class,
        summary: summary.to_owned(),
        also_lost: Vec::new(),
        evidence: place.evidence,
        instead: instead.map(str::to_owned),
        location: path.location.clone(),
    });
}

fn target(shown: &str, is_bucket: bool, place: &Place) -> Target {
    let name = shown.strip_prefix("s3://").unwrap_or(shown);
    let name = name.trim_end_matches('/');
    let kind = if is_bucket { "bucket" } else { "objects" };
    let mut target = Target::new(kind, (!name.is_empty()).then(|| name.to_owned()));
    target.tier = tier_of(place, target.name.as_deref());
    target.environment.clone_from(&place.environment);
    target
}
