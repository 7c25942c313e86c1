//! Files that curl writes under names of its own: what its pack's data cannot say.

use std::borrow::Cow;

use super::curl::{Item, URL};
use super::url::Url;
use crate::call::{Call, Findings};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::payload::holes::{Holes, has_hole};
use crate::rules::paths;

/// The files of `-O`, and of `-o` in an `--output-dir`, that are there already.
pub(super) fn judge(call: &Call<'_>, holes: &Holes, part: &[Item], findings: &mut Findings) {
    let given = |name: &str| {
        part.iter()
            .rev()
            .find(|item| item.name == name && !item.negated)
    };
    // These keep what is there.
    if ["--no-clobber", "--continue-at"]
        .iter()
        .any(|name| given(name).is_some())
    {
        return;
    }
    let directory = given("--output-dir").map(|item| item.value.as_str());
    let everywhere = given("--remote-name-all").is_some();
    let mut named = part.iter().filter(|item| item.name == "--remote-name");
    let urls = part.iter().filter(|item| item.name == URL);
    for url in urls {
        if named.next().is_none() && !everywhere {
            continue;
        }
        let path = Url::parse(&url.value).path;
        let name = path.rsplit('/').next().unwrap_or("");
        // A name that only the run knows is, as a rule, a new one.
        if !name.is_empty() && !has_hole(name) {
            overwrite(call, holes, &join(directory, name), url, findings);
        }
    }
    if directory.is_some() {
        for item in part
            .iter()
            .filter(|item| item.name == "--output" && item.value != "-")
        {
            overwrite(call, holes, &join(directory, &item.value), item, findings);
        }
    }
}

fn join(directory: Option<&str>, name: &str) -> String {
    match directory {
        Some(directory) if !name.starts_with('/') => format!("{directory}/{name}"),
        _ => name.to_owned(),
    }
}

fn overwrite(call: &Call<'_>, holes: &Holes, path: &str, at: &Item, findings: &mut Findings) {
    let path = holes.restore(path);
    let mut target = Target::new("path", Some(path.display().into_owned()));
    target.tier = Tier::Local;
    target.environment = call.command.elsewhere.as_deref().map(str::to_owned);
    let mut effect = Effect {
        rule: RuleId::new("http", "output"),
        action: Cow::Borrowed("overwrite"),
        target,
        reversibility: Reversibility::Irreversible { perhaps: None },
        summary: "writes the response over what the file holds".to_owned(),
        also_lost: Vec::new(),
        evidence: Vec::new(),
        instead: Some("curl --no-clobber".to_owned()),
        location: at.location.clone(),
    };
    if paths::overwriting(&path, call, &mut effect) {
        findings.effects.push(effect);
    }
}
