//! From one command to what the packs say it does.
//!
//! Owns the order: which CLI, its readings, its rules, its analyzer, what it hands on, and what
//! its redirections overwrite. Never decides.

use std::borrow::Cow;

use super::condition::{Facts, Truth};
use super::grammar::{covers, nodes};
use super::schema::{Cli, Rule, RuleClass, UnknownCommand};
use super::target::{self, Named};
use super::{argv, delegate, lookup, own, paths, place, script, verb, write};
use crate::call::{Args, Call, Findings};
use crate::context::{self, Place, server};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier, Unlisted};
use crate::location::Location;
use crate::packs::{Entry, Packs};
use crate::payload;
use crate::resolve::{Argument, Command, base_name};
use crate::world::{EntryKind, World};

/// What this command does, as far as the packs know, and what it starts.
#[must_use]
pub fn judge(command: &Command, world: &dyn World) -> Findings {
    let mut findings = Findings::default();
    paths::redirections(command, world, &mut findings);
    let Some(word) = command.argv.first() else {
        findings.only_looks = true;
        return findings;
    };
    let Some(program) = command.program() else {
        findings.opaque(
            format!(
                "the program is known only when the command runs: {}",
                word.value.display()
            ),
            &word.location,
        );
        return findings;
    };
    // A script in the workspace is what it says, whatever it is called: `./install`, `./test`.
    let is_own = (program.contains('/') && !is_system(program))
        || script::is_shadowed(command, program, world);
    if is_own && script::follow(command, program, world, &mut findings) {
        return findings;
    }
    let named = linked(command, program, world);
    let name = base_name(named.as_deref().unwrap_or(program));
    // A name alone says nothing of a program of the workspace's own.
    let counts = |entry: &Entry| !is_own || matches!(entry, Entry::Cli(_));
    let built_in = lookup::built_in(name).filter(counts);
    let mut known = built_in.is_some();
    let mut looks = true;
    if let Some(entry) = built_in {
        looks &= judge_as(entry, Packs::built_in(), command, world, &mut findings);
    } else if !is_own && script::follow(command, program, world, &mut findings) {
        known = true;
        looks = false;
    }
    for entry in lookup::added(name, world).into_iter().filter(counts) {
        known = true;
        looks &= judge_as(entry, world.packs(), command, world, &mut findings);
    }
    if !known {
        unlisted(program, &word.location, &mut findings);
        let words = command.argv.get(1..).unwrap_or_default();
        own::note(command, words, world, &mut findings);
    }
    findings.only_looks = known && looks;
    findings
}

/// Adds what one pack knows of the command; true if the program changes nothing.
fn judge_as(
    entry: Entry,
    packs: &Packs,
    command: &Command,
    world: &dyn World,
    findings: &mut Findings,
) -> bool {
    match entry {
        Entry::ReadOnly(_) => true,
        Entry::Reversible(_) => false,
        Entry::Cli(index) => {
            cli(packs, index, command, world, findings);
            false
        }
    }
}

/// Where the system and package managers keep programs; no script there needs following.
pub(super) fn is_system(program: &str) -> bool {
    const SYSTEM: &[&str] = &[
        "/bin/",
        "/sbin/",
        "/usr/",
        "/opt/",
        "/nix/",
        "/snap/",
        "/Library/",
    ];
    SYSTEM
        .iter()
        .any(|directory| program.starts_with(directory))
        && !program.split('/').any(|part| part == "..")
}

/// Where a link of a name that no pack knows leads: `./x` is `/bin/rm`.
fn linked(command: &Command, program: &str, world: &dyn World) -> Option<String> {
    if !program.contains('/')
        || command.elsewhere.is_some()
        || lookup::built_in(base_name(program)).is_some()
    {
        return None;
    }
    let path = command.directory.join(program)?;
    let entry = world.entry(&path)?;
    let real = world.canonical(&path)?;
    (entry.kind == EntryKind::Link).then(|| real.to_string_lossy().into_owned())
}

pub(super) fn unlisted(program: &str, location: &Location, findings: &mut Findings) {
    findings.unlisted.push(Unlisted {
        program: program.into(),
        location: location.clone(),
    });
}

/// Judges the command as this CLI's, whatever its first word is.
fn cli(packs: &Packs, index: usize, command: &Command, world: &dyn World, findings: &mut Findings) {
    let Some((pack, cli)) = packs.cli(index) else {
        let reason = "the compiled packs are damaged; the next command finds them made anew";
        findings.opaque(reason, &command.location);
        return;
    };
    let readings = argv::read(cli, command.argv.get(1..).unwrap_or_default());
    let several = readings.len() > 1;
    for args in readings {
        let call = Call {
            command,
            args: &args,
            world,
            pack,
        };
        Matcher::new(cli, call).run(findings);
    }
    if several {
        keep_distinct(findings);
    }
}

/// Several readings of one argv mostly find the same.
fn keep_distinct(findings: &mut Findings) {
    fn distinct<T: PartialEq>(items: &mut Vec<T>) {
        let mut kept: Vec<T> = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            if !kept.contains(&item) {
                kept.push(item);
            }
        }
        *items = kept;
    }
    distinct(&mut findings.effects);
    distinct(&mut findings.opaque);
    distinct(&mut findings.unlisted);
    distinct(&mut findings.nested);
    distinct(&mut findings.written);
}

pub(super) struct Matcher<'a> {
    pub(super) cli: &'a Cli,
    pub(super) call: Call<'a>,
    /// Probed once, and only when an effect needs it.
    place: Option<Place>,
}

impl<'a> Matcher<'a> {
    pub(super) const fn new(cli: &'a Cli, call: Call<'a>) -> Self {
        Self {
            cli,
            call,
            place: None,
        }
    }
}

impl Matcher<'_> {
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            args: self.call.args,
            command: self.call.command,
            world: self.call.world,
        }
    }

    fn run(&mut self, findings: &mut Findings) {
        if self.harmless().is_some() {
            return;
        }
        let handed = findings.nested.len();
        if self.call.args.unknown_command.is_some() {
            self.unknown_command(findings);
        }
        for rule in &self.cli.rule {
            if self.applies(rule) {
                self.effects(rule, findings);
            }
        }
        for to in &self.cli.delegate {
            let covered = self.covers(&to.command);
            let when = to.when.as_ref();
            if covered && when.is_none_or(|when| self.facts().holds(when) != Truth::No) {
                delegate::hand_on(to, &self.call, findings);
            }
        }
        for to in &self.cli.write {
            let when = to.when.as_ref();
            if self.covers(&to.command)
                && when.is_none_or(|when| self.facts().holds(when) != Truth::No)
            {
                write::note(to, &self.call, findings);
            }
        }
        if let Some(analyze) = self.cli.analyzer.as_deref().and_then(payload::analyzer) {
            analyze(&self.call, findings);
        }
        if findings.nested.len() == handed {
            self.own_files(findings);
        }
    }

    /// Where the pack does not say which files the command writes, it may be any that it names or
    /// that lie where it runs.
    fn own_files(&self, findings: &mut Findings) {
        let Self { cli, call, .. } = self;
        let analyzer = cli.analyzer.as_deref();
        if analyzer.is_some_and(|name| payload::http::client(name).is_none())
            || cli
                .read_only
                .iter()
                .any(|path| covers(path, &call.args.command))
        {
            return;
        }
        let classes = [RuleClass::Path, RuleClass::Overwrite, RuleClass::Move];
        let mut rules = cli.rule.iter().filter(|rule| self.covers(&rule.command));
        let says = cli.write.iter().any(|write| self.covers(&write.command))
            || rules.any(|rule| classes.contains(&rule.class));
        let words = call.command.argv.get(1..).filter(|_| !says);
        own::note(
            call.command,
            words.unwrap_or_default(),
            call.world,
            findings,
        );
    }

    /// The flag under which the command does nothing, if one is given for certain.
    pub(super) fn harmless(&self) -> Option<&str> {
        let command = &self.call.args.command;
        let here = nodes(self.cli, command).flat_map(|node| &node.harmless);
        let mut flags = self.cli.harmless.iter().chain(here);
        let given = |flag: &&String| {
            let flag = std::slice::from_ref(*flag);
            self.facts().any_flag(flag) == Truth::Yes
        };
        flags.find(given).map(String::as_str)
    }

    pub(super) fn covers(&self, patterns: &[String]) -> bool {
        let Args {
            command,
            unknown_command,
            ..
        } = self.call.args;
        if patterns.is_empty() {
            return command.is_empty() && unknown_command.is_none();
        }
        patterns.iter().any(|pattern| {
            covers(pattern, command) && (unknown_command.is_none() || pattern.ends_with('*'))
        })
    }

    fn applies(&self, rule: &Rule) -> bool {
        let facts = self.facts();
        self.covers(&rule.command)
            && rule
                .when
                .as_ref()
                .is_none_or(|when| facts.holds(when) != Truth::No)
            && rule
                .unless
                .as_ref()
                .is_none_or(|unless| facts.holds(unless) != Truth::Yes)
    }

    fn place(&mut self) -> &Place {
        let Self { cli, call, place } = self;
        place.get_or_insert_with(|| {
            let probed = match &cli.context {
                Some(probe) => place_of(probe, call),
                None if !cli.server.is_empty() => {
                    let named = target::first(&cli.server, call, &Place::default());
                    server::place(named.first().map(|name| &name.text), call)
                }
                None => Place::default(),
            };
            place::hinted(&cli.place, call, probed)
        })
    }

    fn effects(&mut self, rule: &Rule, findings: &mut Findings) {
        if rule.class == RuleClass::Opaque {
            findings.opaque(rule.summary.clone(), &self.call.command.location);
            return;
        }
        let call = self.call;
        let place = self.place().clone();
        let names = target::names(&rule.target, &call, &place);
        // Nothing is overwritten but what is named: `curl $URL` may hold `-o`, but no path of it.
        // And `rm -f` alone deletes nothing.
        let nothing_named = match rule.class {
            RuleClass::Overwrite | RuleClass::Move => true,
            RuleClass::Path => call.args.uncertain.is_empty(),
            RuleClass::ReadOnly
            | RuleClass::Reversible
            | RuleClass::Recoverable
            | RuleClass::Irreversible
            | RuleClass::Opaque => false,
        };
        if names.is_empty() && !nothing_named {
            findings.effects.push(effect(rule, &call, &place, None));
        }
        for name in names {
            let mut effect = effect(rule, &call, &place, Some(&name));
            let kept = match rule.class {
                RuleClass::Path => paths::deletion(&name.text, &call, &mut effect),
                RuleClass::Overwrite => paths::overwriting(&name.text, &call, &mut effect),
                RuleClass::Move => paths::moving(&name.text, &call, &mut effect),
                RuleClass::Reversible | RuleClass::Recoverable | RuleClass::Irreversible => {
                    paths::changing(&name.text, &call, &mut effect)
                }
                RuleClass::ReadOnly | RuleClass::Opaque => true,
            };
            if kept {
                findings.effects.push(effect);
            }
        }
    }

    /// The operands that may belong to the name of a command of which the tree lacks this word.
    fn further_words(&self, first: &Argument) -> impl Iterator<Item = &Argument> {
        let args = &self.call.args;
        let mut options = args.options.iter().map(|option| &option.location.span);
        let end = options
            .find(|span| self.cli.parse.verb_last && span.start > first.location.span.start)
            .map(|span| span.start);
        let before = move |word: &&Argument| end.is_none_or(|end| word.location.span.start < end);
        args.operands.iter().take_while(before).take(3)
    }

    /// Law: what the tree does not have is judged by its verb.
    fn unknown_command(&mut self, findings: &mut Findings) {
        let call = self.call;
        let Some(word) = &call.args.unknown_command else {
            return;
        };
        if self.cli.unknown_command == UnknownCommand::Operand {
            return;
        }
        let program = self.cli.programs.first().map_or("", String::as_str);
        let Some(name) = word.value.exact().filter(|_| !word.splits) else {
            let reason = format!(
                "which command of {program} would run is known only then: {}",
                word.value.display()
            );
            findings.opaque(reason, &word.location);
            return;
        };
        let mut path = call.args.command.clone();
        path.push(name.to_owned());
        let listed = self.cli.read_only.iter().chain(&self.cli.reversible);
        if listed.into_iter().any(|pattern| covers(pattern, &path)) {
            return;
        }
        let words = self.further_words(word);
        let words = words.map(|word| word.value.exact().unwrap_or_default());
        let words = std::iter::once(name).chain(words);
        let verb = if self.cli.parse.verb_last {
            verb::of_last(words)
        } else {
            verb::of(words)
        };
        match verb {
            (verb::Verb::Reads, _) => {}
            (verb::Verb::Unclear, _) => {
                unlisted(&format!("{program} {name}"), &word.location, findings);
            }
            (verb::Verb::Destroys, at) => {
                let place = self.place().clone();
                // `instances delete NAME`: the words up to the verb are the command's.
                let (own, rest) = call
                    .args
                    .operands
                    .split_at(at.min(call.args.operands.len()));
                let own: Vec<_> = own.iter().map(|word| word.value.display()).collect();
                path.extend(own.iter().map(|word| word.to_string()));
                let verb = path.last().map_or(name, String::as_str).to_owned();
                let named = rest.first().unwrap_or(word).value.display().into_owned();
                findings.effects.push(Effect {
                    rule: RuleId::new(call.pack.to_owned(), "unknown-command"),
                    action: Cow::Owned(verb),
                    target: aimed(Target::new("object", Some(named)), &place),
                    reversibility: Reversibility::Irreversible { perhaps: None },
                    summary: format!(
                        "`{program} {}` is not in guard's table, and its name says that it \
                         destroys something",
                        path.join(" ")
                    ),
                    also_lost: Vec::new(),
                    evidence: place.evidence,
                    instead: None,
                    location: call.command.location.clone(),
                });
            }
        }
    }
}

/// The probe of this machine knows nothing of another one.
fn place_of(probe: &str, call: &Call<'_>) -> Place {
    let mut place = context::place(probe, call);
    if let (Some(host), true) = (&call.command.elsewhere, probe == "local") {
        place.environment = Some(host.to_string());
        place.tier = match context::tier::of_name(host) {
            Tier::Local => Tier::Unknown,
            tier => tier,
        };
    }
    place
}

fn aimed(mut target: Target, place: &Place) -> Target {
    target.environment.clone_from(&place.environment);
    target.tier = place.tier;
    target
}

pub(super) fn effect(rule: &Rule, call: &Call<'_>, place: &Place, name: Option<&Named>) -> Effect {
    let shown = name.map(|name| name.text.display().into_owned());
    let fill = |text: &String| match &shown {
        Some(name) => text.replace("{name}", name),
        None => text.clone(),
    };
    let undo = rule.undo.as_ref().map(fill);
    let reversibility = match rule.class {
        RuleClass::ReadOnly => Reversibility::ReadOnly,
        RuleClass::Reversible => Reversibility::Reversible {
            undo: undo.unwrap_or_default(),
        },
        RuleClass::Recoverable => Reversibility::Recoverable {
            from: undo.unwrap_or_default(),
            within: rule.within.clone(),
        },
        RuleClass::Irreversible
        | RuleClass::Opaque
        | RuleClass::Path
        | RuleClass::Overwrite
        | RuleClass::Move => Reversibility::Irreversible {
            perhaps: match (undo, &rule.within) {
                (Some(undo), Some(window)) => Some(format!("{undo} (within {window})")),
                (undo, _) => undo,
            },
        },
    };
    // A command that would still have a hole in it can't be pasted.
    let instead = rule.instead.as_ref().map(fill);
    Effect {
        rule: RuleId::new(call.pack.to_owned(), rule.id.clone()),
        action: Cow::Owned(rule.action.clone()),
        target: aimed(Target::new(rule.target.kind.clone(), shown.clone()), place),
        reversibility,
        summary: rule.summary.clone(),
        also_lost: rule.also_lost.clone(),
        evidence: place.evidence.clone(),
        instead: instead.filter(|text| !text.contains("{name}")),
        location: name
            .map_or(&call.command.location, |name| &name.location)
            .clone(),
    }
}
