//! How a command is read, and which rules were tried on it.
//!
//! Owns the answer to "why". Judges nothing: it asks the same questions as the judgement and
//! keeps the answers.

use std::fmt;

use serde::Serialize;

use super::condition::{Facts, Truth};
use super::matcher::Matcher;
pub use super::request::ByApi;
use super::schema::Rule;
use super::{argv, lookup};
use crate::call::{Args, Call, Findings};
use crate::packs::{Entry, Layer, Packs};
use crate::payload::holes::Holes;
use crate::payload::http;
use crate::resolve::{Argument, Command, base_name};
use crate::world::World;

/// One command, as every pack that knows its program reads it.
#[derive(Debug, Serialize)]
pub struct Explained {
    pub command: String,
    pub program: Option<String>,
    /// Empty if no pack describes the program.
    pub packs: Vec<ByPack>,
}

#[derive(Debug, Serialize)]
pub struct ByPack {
    pub pack: String,
    pub layer: Layer,
    /// `read-only` or `reversible`, if the pack says only that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<&'static str>,
    /// More than one where a word may be read in several ways.
    pub readings: Vec<Reading>,
}

/// One way in which the program may read its words.
#[derive(Debug, Serialize)]
pub struct Reading {
    pub command: Vec<String>,
    pub options: Vec<String>,
    pub operands: Vec<String>,
    /// Words that the grammar does not know: what follows them is not certain.
    pub uncertain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_command: Option<String>,
    /// The flag under which nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harmless: Option<String>,
    pub rules: Vec<Tried>,
    /// What it sends, if it is an HTTP client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
}

/// An HTTP request, as every API that knows its server reads it.
#[derive(Debug, Serialize)]
pub struct Request {
    pub method: String,
    pub url: String,
    /// Empty if no pack describes the server.
    pub apis: Vec<ByApi>,
}

/// A rule, and what became of it.
#[derive(Debug, Serialize)]
pub struct Tried {
    pub rule: String,
    pub applies: bool,
    /// Why, in words.
    pub because: String,
}

/// How the packs read this command.
#[must_use]
pub fn explain(command: &Command, world: &dyn World) -> Explained {
    let words = command.argv.iter().map(shown);
    let program = command.program();
    let mut packs = Vec::new();
    if let Some(name) = program.map(base_name) {
        let own = lookup::built_in(name).into_iter();
        packs.extend(own.filter_map(|entry| by_pack(Packs::built_in(), entry, command, world)));
        let added = lookup::added(name, world).into_iter();
        packs.extend(added.filter_map(|entry| by_pack(world.packs(), entry, command, world)));
    }
    Explained {
        command: words.collect::<Vec<_>>().join(" "),
        program: program.map(str::to_owned),
        packs,
    }
}

fn shown(word: &Argument) -> String {
    word.value.display().into_owned()
}

fn by_pack(packs: &Packs, entry: Entry, command: &Command, world: &dyn World) -> Option<ByPack> {
    let (pack, origin) = packs.origin(entry)?;
    let (listed, readings) = match entry {
        Entry::ReadOnly(_) => (Some("read-only"), Vec::new()),
        Entry::Reversible(_) => (Some("reversible"), Vec::new()),
        Entry::Cli(index) => {
            let (_, cli) = packs.cli(index)?;
            let words = command.argv.get(1..).unwrap_or_default();
            let reading = |args: &Args| {
                let call = Call {
                    command,
                    args,
                    world,
                    pack,
                };
                reading(&Matcher::new(cli, call))
            };
            (None, argv::read(cli, words).iter().map(reading).collect())
        }
    };
    Some(ByPack {
        pack: pack.to_owned(),
        layer: origin.map_or(Layer::BuiltIn, |origin| origin.layer),
        listed,
        readings,
    })
}

fn reading(matcher: &Matcher<'_>) -> Reading {
    let args = matcher.call.args;
    let option = |given: &crate::call::GivenOption| {
        let not = if given.negated { "not " } else { "" };
        let values: Vec<String> = given.values.iter().map(shown).collect();
        let name = &given.name;
        match values.as_slice() {
            [] => format!("{not}{name}"),
            values => format!("{not}{name}={}", values.join(" ")),
        }
    };
    let harmless = matcher.harmless().map(str::to_owned);
    let rules = matcher.cli.rule.iter().map(|rule| {
        let (applies, because) = tried(matcher, rule);
        Tried {
            rule: format!("{}/{}", matcher.call.pack, rule.id),
            applies: applies && harmless.is_none(),
            because: match &harmless {
                Some(flag) => format!("nothing is done under {flag}"),
                None => because,
            },
        }
    });
    Reading {
        command: args.command.clone(),
        options: args.options.iter().map(option).collect(),
        operands: args.operands.iter().map(shown).collect(),
        uncertain: !args.uncertain.is_empty(),
        unknown_command: args.unknown_command.as_ref().map(shown),
        rules: rules.collect(),
        requests: requests(matcher),
        harmless,
    }
}

fn requests(matcher: &Matcher<'_>) -> Vec<Request> {
    let analyzer = matcher.cli.analyzer.as_deref();
    let Some(client) = analyzer.and_then(http::client) else {
        return Vec::new();
    };
    let (holes, call) = (Holes::default(), &matcher.call);
    let sent = client(call, &holes, &mut Findings::default());
    sent.iter()
        .map(|request| {
            let url = &request.url;
            let url = format!("{}://{}{}", url.scheme, url.authority(), url.path);
            Request {
                method: holes.display(&request.method),
                url: holes.display(&url),
                apis: http::explain(call, &holes, request),
            }
        })
        .collect()
}

fn tried(matcher: &Matcher<'_>, rule: &Rule) -> (bool, String) {
    if !matcher.covers(&rule.command) {
        let commands = if rule.command.is_empty() {
            "the program without a command".to_owned()
        } else {
            format!("`{}`", rule.command.join("`, `"))
        };
        return (false, format!("it is for {commands}"));
    }
    because(&matcher.facts(), rule)
}

/// Whether the conditions of a rule hold, and why.
pub(super) fn because(facts: &Facts<'_>, rule: &Rule) -> (bool, String) {
    let mut said = Vec::new();
    if let Some(when) = &rule.when {
        let truth = facts.holds(when);
        said.push(format!(
            "its `when` {}: {}",
            holds(truth),
            Leaves(facts.leaves(when))
        ));
        if truth == Truth::No {
            return (false, said.join("; "));
        }
    }
    if let Some(unless) = &rule.unless {
        let truth = facts.holds(unless);
        let leaves = Leaves(facts.leaves(unless));
        said.push(format!("its `unless` {}: {leaves}", holds(truth)));
        if truth == Truth::Yes {
            return (false, said.join("; "));
        }
    }
    if said.is_empty() {
        said.push("the command is the rule's".to_owned());
    }
    (true, said.join("; "))
}

const fn holds(truth: Truth) -> &'static str {
    match truth {
        Truth::No => "does not hold",
        Truth::Maybe => "cannot be decided",
        Truth::Yes => "holds",
    }
}

struct Leaves(Vec<(String, Truth)>);

impl fmt::Display for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (what, truth)) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let truth = match truth {
                Truth::No => "no",
                Truth::Maybe => "perhaps",
                Truth::Yes => "yes",
            };
            write!(f, "{comma}{what}? {truth}")?;
        }
        Ok(())
    }
}
