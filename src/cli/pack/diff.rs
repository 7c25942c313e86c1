//! `guard pack diff`: the rules that differ, and the commands of the past that would be answered
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use super::{Room, Trouble};
use crate::cli::print;
use crate::gate::State;
use crate::gate::audit::Audit;
use crate::judge::{Subject, assess};
use crate::packs::source::Source;
use crate::packs::{Packs, examples, library};
use crate::policy::{Decision, Places, Policy};
use crate::report::{Report, one_line};
use crate::resolve::Stdin;
use crate::rules::schema::Pack;
use crate::world::System;

/// Entries of the audit log that are looked at.
const HISTORY: usize = 20_000;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// An added pack's name, or a source
    old: String,
    /// An added pack's name, or a source
    new: String,
    /// Also judge the commands of the audit log with both, as if they ran now
    #[arg(long)]
    history: bool,
}

pub(super) fn run(options: &Options, room: &Room) -> Result<u8, Trouble> {
    let old = load(&options.old, room)?;
    let new = load(&options.new, room)?;
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut shown = String::new();
    for name in names {
        shown.push_str(&text(old.get(name), new.get(name)));
    }
    if shown.is_empty() {
        shown.push_str("no rule differs\n");
    }
    print(&shown);
    if options.history {
        print(&history(old, new)?);
    }
    Ok(0)
}

/// The packs by their names.
fn load(text: &str, room: &Room) -> Result<BTreeMap<String, Pack>, Trouble> {
    let fetched = if room.lock.get(text).is_some() {
        vec![super::fetch::fetch(&Source::Path(room.file(text)))?]
    } else {
        vec![super::fetch::fetch(&text.parse()?)?]
    };
    let mut packs = BTreeMap::new();
    for one in fetched.into_iter().flatten() {
        let source = String::from_utf8_lossy(&one.text);
        let pack = crate::packs::read(&one.name, &source).map_err(|complaints| {
            let file = PathBuf::from(format!("{}.toml", one.name));
            Trouble::Said(super::complained(&file, &source, &complaints))
        })?;
        packs.insert(one.name, pack);
    }
    Ok(packs)
}

/// The rules that differ, a line each: `+` is new, `-` is gone, `~` has changed.
pub(super) fn text(old: Option<&Pack>, new: Option<&Pack>) -> String {
    let (before, after) = (rules(old), rules(new));
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut text = String::new();
    for id in ids {
        match (before.get(id), after.get(id)) {
            (None, Some(rule)) => line(&mut text, '+', id, rule),
            (Some(rule), None) => line(&mut text, '-', id, rule),
            (Some(one), Some(other)) if one != other => {
                line(&mut text, '~', id, other);
                changes(&mut text, one, other);
            }
            _ => {}
        }
    }
    // What is not in the rules decides, too: the grammar, and what is called harmless.
    let rest = |pack: Option<&Pack>| {
        pack.map(|pack| {
            let mut pack = pack.clone();
            pack.pack.version.clear();
            for cli in &mut pack.cli {
                cli.rule.clear();
            }
            for api in &mut pack.api {
                api.rule.clear();
            }
            serde_json::to_value(pack).unwrap_or_default()
        })
    };
    if let (Some(one), Some(other)) = (rest(old), rest(new))
        && one != other
    {
        let name = new.map_or("", |pack| pack.pack.name.as_str());
        let _ = writeln!(
            text,
            "~ {name}: the grammar, or what is read-only or reversible"
        );
    }
    text
}

fn rules(pack: Option<&Pack>) -> BTreeMap<String, Value> {
    pack.into_iter()
        .flat_map(|pack| {
            examples::rules(pack).map(|rule| {
                let id = format!("{}/{}", pack.pack.name, rule.id);
                (id, serde_json::to_value(rule).unwrap_or_default())
            })
        })
        .collect()
}

fn line(text: &mut String, mark: char, id: &str, rule: &Value) {
    let part = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
    let _ = writeln!(text, "{mark} {id}  {}: {}", part("class"), part("summary"));
}

fn changes(text: &mut String, old: &Value, new: &Value) {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return;
    };
    for (name, value) in new {
        let before = old.get(name).unwrap_or(&Value::Null);
        if before != value {
            let _ = writeln!(text, "    {name}: {before} -> {value}");
        }
    }
}

/// The commands of the audit log whose answer differs, judged as if they ran now.
fn history(old: BTreeMap<String, Pack>, new: BTreeMap<String, Pack>) -> Result<String, Trouble> {
    let log = State::open()
        .and_then(|state| {
            let audit = Audit::in_state(&state);
            audit
                .last(HISTORY)
                .map_err(|source| crate::gate::Failure::Log {
                    path: audit.path().to_owned(),
                    source,
                })
        })
        .map_err(|failure| Trouble::Said(failure.to_string()))?;
    let said = |error: String| Trouble::Said(format!("the packs cannot be compiled: {error}"));
    let others = |replaced: &BTreeMap<String, Pack>| -> Vec<Pack> {
        let directories = crate::packs::directories(|name| std::env::var_os(name));
        let (added, _) = library::added(&directories);
        let kept = added.into_iter().filter_map(|loaded| loaded.pack.ok());
        kept.filter(|pack| !replaced.contains_key(&pack.pack.name))
            .collect()
    };
    let world = |packs: BTreeMap<String, Pack>| -> Result<_, Trouble> {
        let mut all = others(&packs);
        all.extend(packs.into_values());
        Packs::of(all).map_err(said)
    };
    let (old, new) = (world(old)?, world(new)?);
    let (old, new) = (std::rc::Rc::new(old), std::rc::Rc::new(new));
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    let (mut judged, mut changed) = (0, 0);
    for entry in log {
        if !seen.insert((entry.command.clone(), entry.cwd.clone())) {
            continue;
        }
        judged += 1;
        let answer = |packs| decision(&entry.command, &entry.cwd, packs);
        let (before, after) = (answer(&old), answer(&new));
        if before != after {
            changed += 1;
            let command = one_line(&entry.command);
            let _ = writeln!(text, "{} -> {}  {command}", before.as_str(), after.as_str());
        }
    }
    let _ = writeln!(
        text,
        "{changed} of {judged} commands of the audit log would be answered otherwise"
    );
    Ok(text)
}

fn decision(command: &str, cwd: &str, packs: &std::rc::Rc<Packs>) -> Decision {
    let cwd = PathBuf::from(cwd);
    let policy = Policy::read(&Places::of(&cwd), Timestamp::now());
    let world = System::new(cwd.clone()).with_packs(std::rc::Rc::clone(packs));
    let subject = Subject::script(command);
    let assessment = assess(&subject, Stdin::Inherited, &world);
    Report::new(&subject.text(), &cwd, &assessment, &policy).verdict
}
