//! What the packs say of an HTTP request, whichever client sends it.
//!
//! Owns how a request is found in an [`Api`]: its server, its path and what its body holds. Never
//! decides.

use serde::Serialize;

use super::condition::{Facts, Truth};
use super::explain::{Tried, because};
use super::matcher::effect;
use super::schema::{Api, Delegate, Rule, RuleClass};
use super::{delegate, place, target};
use crate::call::{Args, Call, Findings, GivenOption};
use crate::context::Place;
use crate::location::Location;
use crate::packs::{Layer, Packs};
use crate::payload::holes::{Holes, has_hole};
use crate::resolve::Argument;
use crate::wildcard::fits;

/// A request, as rules ask about it. Unknown parts are placeholders of `holes`.
pub(crate) struct Sent<'a> {
    pub(crate) holes: &'a Holes,
    /// Every name under which its server is addressed.
    pub(crate) hosts: &'a [String],
    /// In upper case.
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// What its query and its body name.
    pub(crate) fields: &'a [(String, String)],
    /// Whether the body may name anything else.
    pub(crate) open: bool,
    /// Where it acts, as far as no pack says more.
    pub(crate) place: &'a Place,
    pub(crate) location: &'a Location,
}

/// What the packs make of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// A rule or a list has it.
    Known,
    /// The API has a native reader for it.
    Analyzer(&'a str),
    /// No pack says anything about it.
    Unlisted,
}

/// What the built-in packs say of the request, then those that were added; their effects are noted.
pub(crate) fn judge<'a>(sent: &Sent<'_>, call: &Call<'a>, findings: &mut Findings) -> Answer<'a> {
    let own = in_packs(Packs::built_in(), sent, call, findings);
    let packs = call.world.packs();
    let added = in_packs(packs, sent, call, findings);
    if added != Answer::Unlisted {
        call.world.note_added();
    }
    match own {
        Answer::Unlisted => added,
        own => own,
    }
}

/// The APIs of the packs whose servers have one of these names.
fn apis(packs: &Packs, is_at: impl Fn(&str) -> bool) -> Vec<usize> {
    let fitting = packs.hosts().filter(|(pattern, _)| is_at(pattern));
    let mut apis: Vec<usize> = fitting.map(|(_, api)| api).collect();
    apis.sort_unstable();
    apis.dedup();
    apis
}

/// How an API reads a request.
#[derive(Debug, Serialize)]
pub struct ByApi {
    pub pack: String,
    pub layer: Layer,
    /// `read-only` or `reversible`, if it lists the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<&'static str>,
    /// The rules for this request; the first that applies decides.
    pub rules: Vec<Tried>,
}

/// How every API that knows the server reads the request.
pub(crate) fn explain(sent: &Sent<'_>, call: &Call<'_>) -> Vec<ByApi> {
    let mut found = Vec::new();
    for packs in [Packs::built_in(), call.world.packs()] {
        for index in apis(packs, |pattern| sent.is_at(pattern)) {
            let Some((pack, api)) = packs.api(index) else {
                continue;
            };
            let origin = packs.api_origin(index);
            found.push(ByApi {
                pack: pack.to_owned(),
                layer: origin.map_or(Layer::BuiltIn, |origin| origin.layer),
                listed: paths(api, sent.path).find_map(|path| sent.list(api, path)),
                rules: sent.tried(api, &Call { pack, ..*call }),
            });
        }
    }
    found
}

/// The rule of the built-in packs that knows a request to this server, where an added pack calls
/// it harmless: `host` and `request` as in a pack.
pub(crate) fn known(host: &str, request: &str) -> Option<(&'static str, &'static Rule)> {
    let packs = Packs::built_in();
    let (method, template) = request.split_once(' ')?;
    let sample = sampled(template);
    let sampled_host = host.replace('*', "any");
    let is_at =
        |pattern: &str| fits(pattern, &sampled_host) || fits(host, &pattern.replace('*', "any"));
    apis(packs, is_at).into_iter().find_map(|index| {
        let (pack, api) = packs.api(index)?;
        let rule = api.rule.iter().find(|rule| {
            rule.command.iter().any(|known| {
                known.split_once(' ').is_some_and(|(own, known)| {
                    (own == method || own == "*" || method == "*")
                        && paths(api, &sample).any(|path| parts(known, path).is_some())
                })
            })
        })?;
        Some((pack, rule))
    })
}

/// A path that fits the template.
fn sampled(template: &str) -> String {
    let word = |word: &str| match variable(word) {
        Some((before, name, after)) => format!("{before}{name}{after}"),
        None => word.replace("**", "any"),
    };
    let words: Vec<String> = words(template).map(word).collect();
    format!("/{}", words.join("/"))
}

fn in_packs<'a>(
    packs: &'a Packs,
    sent: &Sent<'_>,
    call: &Call<'a>,
    findings: &mut Findings,
) -> Answer<'a> {
    let mut answer = Answer::Unlisted;
    for index in apis(packs, |pattern| sent.is_at(pattern)) {
        let Some((pack, api)) = packs.api(index) else {
            let reason = "the compiled packs are damaged; the next command finds them made anew";
            findings.opaque(reason, sent.location);
            continue;
        };
        let call = Call { pack, ..*call };
        if sent.in_api(api, &call, findings) {
            return Answer::Known;
        }
        if let Some(analyzer) = &api.analyzer {
            answer = Answer::Analyzer(analyzer);
        }
    }
    answer
}

impl Sent<'_> {
    fn is_at(&self, pattern: &str) -> bool {
        pattern == "*" || self.hosts.iter().any(|host| fits(pattern, host))
    }

    fn only_looks(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS")
    }

    /// Whether a rule or a list of the API has this request; the rule's effects are noted.
    fn in_api(&self, api: &Api, call: &Call<'_>, findings: &mut Findings) -> bool {
        for path in paths(api, self.path) {
            for rule in &api.rule {
                let mut requests = rule.command.iter();
                if let Some(parts) = requests.find_map(|request| self.is(request, path))
                    && self.applies(rule, api, &parts, call, findings)
                {
                    return true;
                }
            }
            if self.hands_on(api, path, call, findings) || self.list(api, path).is_some() {
                return true;
            }
        }
        false
    }

    /// The list that has this path, by its name.
    fn list(&self, api: &Api, path: &str) -> Option<&'static str> {
        let lists = [
            ("read-only", &api.read_only),
            ("reversible", &api.reversible),
        ];
        let has = |requests: &[String]| {
            let mut requests = requests.iter();
            !has_hole(path) && requests.any(|request| self.is(request, path).is_some())
        };
        let found = lists.into_iter().find(|(_, requests)| has(requests));
        found.map(|(name, _)| name)
    }

    /// Whether the API hands part of such a request on; what that does is noted.
    fn hands_on(&self, api: &Api, path: &str, call: &Call<'_>, findings: &mut Findings) -> bool {
        let mut is_known = false;
        for to in &api.delegate {
            let mut requests = to.command.iter();
            if let Some(parts) = requests.find_map(|request| self.is(request, path)) {
                is_known = true;
                self.hand_on(to, api, &parts, call, findings);
            }
        }
        is_known
    }

    fn hand_on(
        &self,
        to: &Delegate,
        api: &Api,
        parts: &[(String, String)],
        call: &Call<'_>,
        findings: &mut Findings,
    ) {
        let args = self.args(parts);
        let call = &Call {
            args: &args,
            ..*call
        };
        if args.open {
            let reason = "what the request tells the server to run is known only when it is sent";
            findings.opaque(reason, self.location);
            return;
        }
        let before = findings.effects.len();
        delegate::hand_on(to, call, findings);
        let place = place::hinted(&api.place, call, self.place.clone());
        for effect in findings.effects.iter_mut().skip(before) {
            if effect.target.environment.is_none() {
                effect.target.environment.clone_from(&place.environment);
                effect.target.tier = place.tier;
            }
        }
    }

    /// The parts of the path, if it is such a request.
    fn is(&self, request: &str, path: &str) -> Option<Vec<(String, String)>> {
        let (method, template) = request.split_once(' ')?;
        let same = match method {
            "*" => !self.only_looks(),
            method => method == self.method || has_hole(self.method),
        };
        if same { parts(template, path) } else { None }
    }

    /// Whether the rule holds; then its effect is noted.
    fn applies(
        &self,
        rule: &Rule,
        api: &Api,
        parts: &[(String, String)],
        call: &Call<'_>,
        findings: &mut Findings,
    ) -> bool {
        let args = self.args(parts);
        let call = &Call {
            args: &args,
            ..*call
        };
        let facts = Facts {
            args: call.args,
            command: call.command,
            world: call.world,
        };
        let when = rule.when.as_ref();
        let unless = rule.unless.as_ref();
        if when.is_some_and(|when| facts.holds(when) == Truth::No)
            || unless.is_some_and(|unless| facts.holds(unless) == Truth::Yes)
        {
            return false;
        }
        if rule.class == RuleClass::Opaque {
            findings.opaque(rule.summary.clone(), self.location);
            return true;
        }
        let place = place::hinted(&api.place, call, self.place.clone());
        let names = target::names(&rule.target, call, &place);
        if names.is_empty() {
            let mut nameless = effect(rule, call, &place, None);
            nameless.location = self.location.clone();
            findings.effects.push(nameless);
        }
        let named = names
            .iter()
            .map(|name| effect(rule, call, &place, Some(name)));
        findings.effects.extend(named);
        true
    }

    /// The rules for this request, each with what became of it.
    fn tried(&self, api: &Api, call: &Call<'_>) -> Vec<Tried> {
        let mut tried: Vec<Tried> = Vec::new();
        for path in paths(api, self.path) {
            for rule in &api.rule {
                let mut requests = rule.command.iter();
                let Some(parts) = requests.find_map(|request| self.is(request, path)) else {
                    continue;
                };
                let args = self.args(&parts);
                let facts = Facts {
                    args: &args,
                    command: call.command,
                    world: call.world,
                };
                let (applies, why) = because(&facts, rule);
                tried.push(Tried {
                    rule: format!("{}/{}", call.pack, rule.id),
                    applies,
                    because: why,
                });
            }
        }
        tried
    }

    /// The request, as conditions and sources see it.
    fn args(&self, parts: &[(String, String)]) -> Args {
        let argument = |text: &str| Argument {
            value: self.holes.restore(text),
            splits: false,
            verbatim: None,
            location: self.location.clone(),
        };
        let option = |(name, value): &(String, String)| GivenOption {
            name: name.clone(),
            negated: false,
            values: vec![argument(value)],
            location: self.location.clone(),
        };
        // A part of the path counts before a field of the same name.
        let options = parts.iter().chain(self.fields).map(option).collect();
        Args {
            options,
            operands: vec![argument(self.path.trim_matches('/'))],
            open: self.open,
            ..Args::default()
        }
    }
}

/// The path, and what of it follows a beginning that may stand before.
fn paths<'a>(api: &'a Api, path: &'a str) -> impl Iterator<Item = &'a str> {
    let after = api.base.iter().filter_map(move |base| {
        let base = base.trim_end_matches('/');
        let rest = path.get(base.len()..)?;
        let same = path.get(..base.len())?.eq_ignore_ascii_case(base);
        (same && rest.starts_with('/')).then_some(rest)
    });
    std::iter::once(path).chain(after)
}

/// What each `{name}` of the template stands for in the path; `None` if it is another path.
///
/// A part that is not known may be any word, but only where one before it says that the path
/// leads there: `/$PATH` is not everything at once.
fn parts(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let template: Vec<&str> = words(template).collect();
    let path: Vec<&str> = words(path).collect();
    let mut found = Vec::new();
    let Some(at) = template.iter().position(|word| *word == "**") else {
        let fits = template.len() == path.len() && each(&template, &path, false, &mut found);
        return fits.then_some(found);
    };
    let (before, after) = (template.get(..at)?, template.get(at + 1..)?);
    if path.len() < before.len() + after.len() {
        return None;
    }
    let (start, rest) = path.split_at(before.len());
    let (_, end) = rest.split_at(rest.len() - after.len());
    let fits = each(before, start, false, &mut found) && each(after, end, at > 0, &mut found);
    fits.then_some(found)
}

fn words(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|word| !word.is_empty())
}

fn each(
    template: &[&str],
    path: &[&str],
    mut led: bool,
    found: &mut Vec<(String, String)>,
) -> bool {
    for (expected, word) in template.iter().zip(path) {
        let Some((before, name, after)) = variable(expected) else {
            if expected.eq_ignore_ascii_case(word) {
                led = true;
            } else if !(led && has_hole(word)) {
                return false;
            }
            continue;
        };
        let value = word
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        match value {
            Some(value) if !value.is_empty() => found.push((name.to_owned(), value.to_owned())),
            _ if led && has_hole(word) => found.push((name.to_owned(), (*word).to_owned())),
            _ => return false,
        }
    }
    true
}

/// `{id}:destroy` in its three parts.
fn variable(word: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = word.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Subject, assess};
    use crate::packs::examples::{self, Scene};
    use crate::resolve::Stdin;
    use crate::rules::check;

    #[test]
    fn a_path_is_taken_apart_by_its_template() {
        for (template, path, found) in [
            (
                "/repos/{owner}/{repo}",
                "/repos/acme/shop",
                Some("owner=acme repo=shop"),
            ),
            (
                "/repos/{owner}/{repo}",
                "/Repos/acme/shop/",
                Some("owner=acme repo=shop"),
            ),
            ("/repos/{owner}/{repo}", "/repos/acme", None),
            ("/repos/{owner}/{repo}", "/repos/acme/shop/keys", None),
            ("/a/{id}:destroy", "/a/x:destroy", Some("id=x")),
            ("/a/{id}:destroy", "/a/x:undelete", None),
            (
                "**/_delete_by_query",
                "/es/orders/_delete_by_query",
                Some(""),
            ),
            ("/{index}/_delete_by_query", "/_delete_by_query", None),
            ("/v1/kv/**", "/v1/kv/a/b", Some("")),
            ("/v1/kv/**/{last}", "/v1/kv/a/b", Some("last=b")),
            ("/v2/{id}/delete", "/v2/1/guardhole0x", Some("id=1")),
            ("/v2/delete", "/guardhole0x/delete", None),
        ] {
            let parts = parts(template, path);
            let shown = parts.map(|parts| {
                let each = parts.iter().map(|(name, value)| format!("{name}={value}"));
                each.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(shown.as_deref(), found, "{template} {path}");
        }
    }

    #[test]
    fn what_guard_knows_of_a_request_is_found_by_other_templates_of_it() {
        for (host, request, rule) in [
            (
                "api.github.com",
                "DELETE /repos/{owner}/{repo}",
                Some("github-repository-delete"),
            ),
            (
                "*",
                "DELETE /api/v3/repos/{a}/{b}",
                Some("github-repository-delete"),
            ),
            (
                "*.github.com",
                "* /repos/x/y",
                Some("github-repository-delete"),
            ),
            (
                "api.github.com",
                "DELETE /user/starred/{owner}/{repo}",
                None,
            ),
            ("api.github.com", "GET /repos/{owner}/{repo}", None),
            ("api.acme.io", "DELETE /repos/{owner}/{repo}", None),
        ] {
            let found = known(host, request).map(|(_, rule)| rule.id.as_str());
            assert_eq!(found, rule, "{host} {request}");
        }
    }

    const PACK: &str = r#"
schema = 1
[pack]
name = "acme"
version = "1.0.0"
summary = "a made-up cloud"
[[api]]
hosts = ["api.acme.io", "$ACME_URL"]
base = ["/api/v3"]
read-only = ["POST /clusters/{name}/destroy-plan"]
reversible = ["DELETE /clusters/{name}/pins/{pin}"]
[[api.rule]]
id = "cluster-stop"
command = ["POST /clusters/{name}/actions"]
when = { option = { name = "action.type", is = ["wipe"] } }
class = "irreversible"
action = "wipe"
target = { kind = "cluster", name = [{ option = "name" }] }
summary = "wipes the cluster"
source = "its manual"
match = [
    "curl https://api.acme.io/clusters/a/actions -d '{\"action\":{\"type\":\"wipe\"}}'",
    "curl https://api.acme.io/api/v3/clusters/a/actions -d '{\"action\":{\"type\":\"wipe\"}}'",
    "curl $ACME_URL/clusters/a/actions -d @missing.json",
    "http POST api.acme.io/clusters/a/actions action:='{\"type\":\"wipe\"}'",
]
no-match = [
    "curl https://api.acme.io/clusters/a/actions -d '{\"action\":{\"type\":\"start\"}}'",
    "curl https://api.acme.io/clusters/a/actions",
    "curl https://acme.io/clusters/a/actions -d '{\"action\":{\"type\":\"wipe\"}}'",
]
"#;

    fn found(script: &str, added: bool) -> usize {
        let packs = added.then(|| check::read(PACK).unwrap()).into_iter();
        let scene = Scene::new(packs.collect()).unwrap();
        let found = assess(&Subject::script(script), Stdin::Empty, &scene);
        found.effects.len() + found.opaque.len()
    }

    #[test]
    fn an_api_of_an_added_pack_counts_and_takes_no_question_away() {
        let pack = check::read(PACK).unwrap();
        let scene = Scene::new(vec![pack.clone()]).unwrap();
        for example in examples::of(&pack, &pack.api[0].rule[0]) {
            example.check(&scene).unwrap();
        }
        // What the pack calls harmless was a question without it, and stays one.
        for script in [
            "curl -X DELETE https://api.acme.io/clusters/a/pins/b",
            "curl -X POST https://api.acme.io/clusters/a/destroy-plan",
        ] {
            assert_eq!(
                (found(script, false), found(script, true)),
                (1, 1),
                "{script}"
            );
        }
    }

    #[test]
    fn a_broken_api_is_complained_about() {
        for (from, to, expected) in [
            (
                "POST /clusters/{name}/actions",
                "/clusters",
                "`/clusters` is no request",
            ),
            (
                "POST /clusters/{name}/actions",
                "POST clusters",
                "is no request",
            ),
            (
                "[\"api.acme.io\", \"$ACME_URL\"]",
                "[]",
                "at least one host",
            ),
            ("\"/api/v3\"", "\"api\"", "`api` is no path"),
            (
                "base =",
                "analyzer = \"awss\"\nbase =",
                "did you mean `aws`?",
            ),
            (
                "summary = \"wipes the cluster\"",
                "summary = \"\"",
                "the text is empty",
            ),
        ] {
            let broken = PACK.replacen(from, to, 1);
            let complaints = check::read(&broken).unwrap_err();
            let lines: Vec<String> = complaints
                .iter()
                .map(|complaint| complaint.line("acme.toml", &broken))
                .collect();
            assert!(lines.join("\n").contains(expected), "{lines:?}");
        }
    }
}
