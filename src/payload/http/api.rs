//! What a request does: known APIs by a table, everything else by its method.
//!
//! Owns the order of the questions. A GET, a health check or a POST of plain data to a host that
//! nobody knows is never asked about.

use std::borrow::Cow;

use super::Request;
use super::url::is_loopback;
use crate::call::{Call, Findings};
use crate::context::tier;
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::payload::aws::wire;
use crate::payload::graphql::{self, Mutation, Reading};
use crate::payload::holes::{Holes, has_hole};
use crate::payload::railway;

static TABLE: &str = include_str!("../../../rules/http/apis.tsv");

/// One row of the table of APIs.
#[derive(Clone, Copy, Debug)]
struct Api {
    name: &'static str,
    host: &'static str,
    method: &'static str,
    path: &'static str,
    judge: &'static str,
    action: &'static str,
    kind: &'static str,
    summary: &'static str,
    undo: &'static str,
}

impl Api {
    fn rows() -> impl Iterator<Item = Self> {
        TABLE
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let mut next = || columns.next();
                Some(Self {
                    name: next()?,
                    host: next()?,
                    method: next()?,
                    path: next()?,
                    judge: next()?,
                    action: next()?,
                    kind: next()?,
                    summary: next()?,
                    undo: next()?,
                })
            })
    }

    fn fits(&self, request: &Request) -> bool {
        let url = &request.url;
        let own = [url.host.clone(), with_port(request)];
        let mut hosts = own.iter().chain(&request.aliases);
        let method = self.method == "*"
            || self.method == request.method
            || has_hole(&request.method)
            || overridden(request).is_some_and(|method| method == self.method);
        method
            && hosts.any(|host| host_fits(self.host, host))
            && (like(self.path, &url.path)
                || (self.path != "*" && path_is_open(self.path, &url.path)))
    }
}

fn with_port(request: &Request) -> String {
    let url = &request.url;
    let port = url.port.as_deref().unwrap_or(match url.scheme.as_str() {
        "https" => "443",
        _ => "80",
    });
    format!("{}:{port}", url.host)
}

fn host_fits(pattern: &str, host: &str) -> bool {
    !has_hole(host) && like(pattern, host)
}

/// A path with an unknown part fits only where its known beginning leads to the row's.
fn path_is_open(pattern: &str, path: &str) -> bool {
    let known = crate::payload::holes::first_hole(path).and_then(|(at, _)| path.get(..at));
    let fixed = pattern.split('*').next().unwrap_or("");
    known.is_some_and(|known| known.len() > 1 && (known.starts_with(fixed) && !fixed.is_empty()))
}

/// Whether the text is like the pattern, in which `*` stands for anything. Case does not count.
fn like(pattern: &str, text: &str) -> bool {
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

/// A method that a header puts in the place of the real one.
fn overridden(request: &Request) -> Option<String> {
    [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ]
    .iter()
    .find_map(|name| request.header(name))
    .map(str::to_ascii_uppercase)
}

/// Judges one request.
pub fn judge(call: &Call<'_>, holes: &Holes, request: &Request, findings: &mut Findings) {
    let request = &Judged {
        call,
        holes,
        request,
    };
    if let Some(api) = Api::rows().find(|api| api.fits(request.request)) {
        return request.known(api, findings);
    }
    let is_signed = request.request.signing.is_some()
        || request.request.header("x-amz-target").is_some()
        || request
            .request
            .header("authorization")
            .is_some_and(|value| value.starts_with("AWS4-"));
    if is_signed && request.aws(findings) {
        return;
    }
    if request.is_local() {
        return;
    }
    request.unlisted(findings);
}

struct Judged<'a> {
    call: &'a Call<'a>,
    holes: &'a Holes,
    request: &'a Request,
}

impl Judged<'_> {
    /// Every document in the request, wherever it stands.
    fn documents(&self) -> Reading {
        let mut all = graphql::read_pairs(&self.request.url.pairs(), self.holes);
        if let Some(body) = &self.request.body {
            all.join(graphql::read_body(body, self.holes));
        }
        all.join(graphql::read_pairs(&self.request.fields, self.holes));
        all
    }

    fn known(&self, api: Api, findings: &mut Findings) {
        match api.judge {
            "railway" => {
                let reading = self.documents();
                railway::judge(
                    self.call,
                    self.holes,
                    &reading,
                    Some(self.request),
                    findings,
                );
            }
            "aws" => {
                if !self.aws(findings) {
                    self.unlisted(findings);
                }
            }
            "opaque" => findings.opaque(api.summary, &self.request.location),
            "read-only" => {}
            class => {
                let undo = Some(api.undo.to_owned()).filter(|undo| !undo.is_empty());
                let reversibility = match class {
                    "recoverable" => Reversibility::Recoverable {
                        from: undo.unwrap_or_default(),
                        within: None,
                    },
                    "reversible" => Reversibility::Reversible {
                        undo: undo.unwrap_or_default(),
                    },
                    _ => Reversibility::Irreversible { perhaps: undo },
                };
                let mut effect = self.effect(api.name, api.action, reversibility, api.summary);
                effect.target.kind = Cow::Borrowed(api.kind);
                findings.effects.push(effect);
            }
        }
    }

    /// Whether the request stays on this machine.
    fn is_local(&self) -> bool {
        let host = self.request.connects_to.as_ref();
        is_loopback(host.unwrap_or(&self.request.url.host))
    }

    fn host_is_unknown(&self) -> bool {
        let host = &self.request.url.host;
        let aliased = !self.request.aliases.is_empty();
        has_hole(host) || (host.is_empty() && !aliased)
    }

    fn unlisted(&self, findings: &mut Findings) {
        let method = overridden(self.request).unwrap_or_else(|| self.request.method.clone());
        if has_hole(&method) {
            let shown = self.holes.display(&method);
            let reason = format!("the method of the request is known only when it runs: {shown}");
            findings.opaque(reason, &self.request.location);
            return;
        }
        if method == "DELETE" {
            let summary = "sends DELETE: what the URL names is gone, as far as anybody knows";
            let irreversible = Reversibility::Irreversible { perhaps: None };
            let effect = self.effect("delete", "delete", irreversible, summary);
            findings.effects.push(effect);
            return;
        }
        let reading = self.documents();
        let before = findings.effects.len();
        for mutation in &reading.mutations {
            self.mutation(mutation, findings);
        }
        let found = findings.effects.len() > before;
        let hidden = self.host_is_unknown() && !found && method != "GET" && self.may_be_graphql();
        if let Some(reason) = reading.unseen.as_ref().filter(|_| hidden) {
            let host = self.holes.display(&self.request.url.host);
            let reason = format!("neither the host nor the body is known: {host}; {reason}");
            findings.opaque(reason, &self.request.location);
        }
        if matches!(method.as_str(), "PUT" | "PATCH")
            && tier::of_name(&self.request.url.host) == Tier::Production
        {
            let way_back = Reversibility::Recoverable {
                from: "the former state, if somebody has it".to_owned(),
                within: None,
            };
            let summary = "overwrites what the URL names on a production host";
            let effect = self.effect("overwrite-production", "overwrite", way_back, summary);
            findings.effects.push(effect);
        }
    }

    /// A mutation at a server that no table describes: its name decides.
    fn mutation(&self, mutation: &Mutation, findings: &mut Findings) {
        if self.host_is_unknown() && railway::is_irreversible(&mutation.field) {
            railway::mutation(
                self.call,
                self.holes,
                mutation,
                Some(self.request),
                findings,
            );
        } else if railway::destroys(&mutation.field) && !mutation.arguments.is_empty() {
            let mut effect = self.effect(
                "graphql-mutation",
                "delete",
                Reversibility::Irreversible { perhaps: None },
                "runs a GraphQL mutation whose name says that it destroys something",
            );
            effect.target.kind = Cow::Borrowed("object");
            let named = mutation.arguments.values().find_map(|value| value.as_str());
            effect.target.name = named.map(|name| self.holes.display(name));
            effect.summary = format!(
                "runs the GraphQL mutation `{}`, whose name says that it destroys something",
                mutation.field
            );
            findings.effects.push(effect);
        }
    }

    /// Whether the path may be that of a GraphQL server: it is not known, or says so.
    fn may_be_graphql(&self) -> bool {
        let path = &self.request.url.path;
        path.trim_matches('/').is_empty()
            || has_hole(path)
            || path.contains("graphql")
            || path.contains("gql")
    }

    /// Whether AWS's own reader knows the service that this goes to.
    fn aws(&self, findings: &mut Findings) -> bool {
        let request = self.request;
        let body = request.body.as_ref().map(|body| self.holes.display(body));
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), self.holes.display(value)))
            .collect();
        let host = self.holes.display(&request.url.authority());
        let path = self.holes.display(&request.url.path);
        let query = self.holes.display(&request.url.query);
        let wire = wire::Request {
            method: &request.method,
            host: &host,
            path: &path,
            query: &query,
            headers: &headers,
            body: body.as_deref(),
            signing: request.signing.as_deref(),
        };
        let (command, world) = (self.call.command, self.call.world);
        wire::judge(&wire, command, world, &request.location, findings)
    }

    fn effect(
        &self,
        rule: &'static str,
        action: &'static str,
        reversibility: Reversibility,
        summary: &str,
    ) -> Effect {
        let url = &self.request.url;
        let path = self.holes.display(url.path.trim_matches('/'));
        let name = if path.is_empty() {
            "/".to_owned()
        } else {
            path
        };
        let host = self.holes.display(&url.authority());
        let mut target = Target::new("resource", Some(name));
        target.tier = if self.is_local() {
            Tier::Local
        } else {
            tier::of_name(&url.host)
        };
        target.environment = Some(host).filter(|host| !host.is_empty());
        Effect {
            rule: RuleId::new("http", rule),
            action: Cow::Borrowed(action),
            target,
            reversibility,
            summary: summary.to_owned(),
            also_lost: Vec::new(),
            evidence: Vec::new(),
            instead: None,
            location: self.request.location.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(Api::rows().count(), lines);
    }

    #[test]
    fn patterns_fit_case_insensitively() {
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
            ("/project/*/up*", "/project/a/environment/b/up", true),
            ("*/prune", "/v1/volumes/prune", true),
            ("*/prune", "/v1/volumes/prune/x", false),
            ("unix:*docker*.sock", "unix:/var/run/docker.sock", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
