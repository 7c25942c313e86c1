//! What the packs say of an HTTP request, whichever client sends it.
//!
//! Owns how a request is found in an [`Api`]: its server, its path and what its body holds. Never
//! decides.

use super::condition::{Facts, Truth};
use super::matcher::effect;
use super::schema::{Api, Rule, RuleClass};
use super::{place, target};
use crate::call::{Args, Call, Findings, GivenOption};
use crate::context::Place;
use crate::location::Location;
use crate::packs::Packs;
use crate::payload::holes::{Holes, has_hole};
use crate::resolve::Argument;

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

fn in_packs<'a>(
    packs: &'a Packs,
    sent: &Sent<'_>,
    call: &Call<'a>,
    findings: &mut Findings,
) -> Answer<'a> {
    let fitting = packs.hosts().filter(|(pattern, _)| sent.is_at(pattern));
    let mut apis: Vec<usize> = fitting.map(|(_, api)| api).collect();
    apis.sort_unstable();
    apis.dedup();
    let mut answer = Answer::Unlisted;
    for index in apis {
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
        pattern == "*" || self.hosts.iter().any(|host| like(pattern, host))
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
                    && self.applies(rule, api, parts, call, findings)
                {
                    return true;
                }
            }
            let mut listed = api.read_only.iter().chain(&api.reversible);
            if listed.any(|request| !has_hole(path) && self.is(request, path).is_some()) {
                return true;
            }
        }
        false
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
        parts: Vec<(String, String)>,
        call: &Call<'_>,
        findings: &mut Findings,
    ) -> bool {
        let args = self.args(&parts);
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

/// Whether the text is like the pattern, in which `*` stands for anything. Case does not count.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or(""),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Subject, assess};
    use crate::packs::examples::{self, Scene};
    use crate::resolve::Stdin;
    use crate::rules::check;

    #[test]
    fn hosts_are_compared_case_insensitively() {
        for (pattern, text, fits) in [
            ("*backboard.railway*.*", "backboard.railway.app", true),
            (
                "*backboard.railway*.*",
                "BACKBOARD.railway-staging.com",
                true,
            ),
            ("*backboard.railway*.*", "railway.com", false),
            ("*", "", true),
            ("*:9200", "localhost:9200", true),
            ("unix:*docker*.sock", "unix:/var/run/docker.sock", true),
            ("$vault_addr", "$VAULT_ADDR", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }

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
