//! What a request does: known APIs by the packs, everything else by its method.
//!
//! Owns the order of the questions. A GET, a health check or a POST of plain data to a host that
//! nobody knows is never asked about.

use std::borrow::Cow;

use serde_json::Value;

use super::Request;
use super::url::{form_pairs, is_loopback};
use crate::call::{Call, Findings};
use crate::context::{Place, tier};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::payload::aws::wire;
use crate::payload::graphql::{self, Mutation, Reading};
use crate::payload::holes::{Holes, has_hole};
use crate::payload::railway;
use crate::rules::deletes;
use crate::rules::request::{self, Answer, Sent};

fn with_port(request: &Request) -> String {
    let url = &request.url;
    let port = url.port.as_deref().unwrap_or(match url.scheme.as_str() {
        "https" => "443",
        _ => "80",
    });
    format!("{}:{port}", url.host)
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

/// How each pack that knows the server reads the request, and which rules were tried on it.
#[must_use]
pub(crate) fn explain(call: &Call<'_>, holes: &Holes, request: &Request) -> Vec<request::ByApi> {
    let judged = Judged {
        call,
        holes,
        request,
    };
    judged.sent(|sent| request::explain(sent, call))
}

/// Judges one request.
pub fn judge(call: &Call<'_>, holes: &Holes, request: &Request, findings: &mut Findings) {
    let request = &Judged {
        call,
        holes,
        request,
    };
    match request.listed(findings) {
        Answer::Known => return,
        Answer::Analyzer("railway") => return request.railway(findings),
        Answer::Analyzer(_) => {
            if !request.aws(findings) {
                request.unlisted(findings);
            }
            return;
        }
        Answer::Unlisted => {}
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

/// Every field of a body, under the names that lead to it.
fn fields_of(name: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                fields_of(&name, value, fields);
            }
        }
        Value::Array(items) => {
            for item in items {
                fields_of(name, item, fields);
            }
        }
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => fields.push((name.to_owned(), value.to_string())),
    }
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

    /// What the packs say of it.
    fn listed(&self, findings: &mut Findings) -> Answer<'_> {
        self.sent(|sent| request::judge(sent, self.call, findings))
    }

    /// The request, as packs ask about it.
    fn sent<T>(&self, ask: impl FnOnce(&Sent<'_>) -> T) -> T {
        let request = self.request;
        let (host, authority) = (&request.url.host, request.url.authority());
        let mut hosts = request.aliases.clone();
        if !has_hole(host) {
            hosts.push(host.clone());
            hosts.push(with_port(request));
        }
        // `$VAULT_ADDR` says which server it is, whatever its name.
        hosts.push(self.holes.display(&authority));
        let mut fields = request.url.pairs();
        fields.extend(request.fields.iter().cloned());
        let mut open = false;
        if let Some(body) = &request.body {
            match serde_json::from_str(body) {
                Ok(value) => fields_of("", &value, &mut fields),
                Err(_) if has_hole(body) || body.trim_start().starts_with(['{', '[']) => {
                    open = true;
                }
                Err(_) => fields.extend(form_pairs(body)),
            }
        }
        let place = Place {
            environment: Some(self.holes.display(&authority)).filter(|host| !host.is_empty()),
            tier: self.tier(),
            ..Place::default()
        };
        ask(&Sent {
            holes: self.holes,
            hosts: &hosts,
            method: &overridden(request).unwrap_or_else(|| request.method.clone()),
            path: &request.url.path,
            fields: &fields,
            open,
            place: &place,
            location: &request.location,
        })
    }

    fn railway(&self, findings: &mut Findings) {
        let reading = self.documents();
        let request = Some(self.request);
        railway::judge(self.call, self.holes, &reading, request, findings);
    }

    fn tier(&self) -> Tier {
        if self.is_local() {
            Tier::Local
        } else {
            tier::of_name(&self.request.url.host)
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
        let last = self
            .request
            .url
            .path
            .rsplit('/')
            .find(|word| !word.is_empty());
        if method == "POST" && last.is_some_and(deletes) {
            let summary = "posts to a path whose last word says that something is destroyed";
            let irreversible = Reversibility::Irreversible { perhaps: None };
            let effect = self.effect("post-delete", "delete", irreversible, summary);
            findings.effects.push(effect);
            return;
        }
        let reading = self.documents();
        let before = findings.effects.len();
        for mutation in &reading.mutations {
            self.mutation(mutation, findings);
        }
        let found = findings.effects.len() > before;
        let hidden = !found && method != "GET" && self.may_be_graphql();
        if let Some(reason) = reading.unseen.as_ref().filter(|_| hidden) {
            let host = self.holes.display(&self.request.url.host);
            let reason = format!("what is sent to {host} cannot be seen: {reason}");
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
        path.contains("graphql")
            || path.contains("gql")
            || (self.host_is_unknown() && (path.trim_matches('/').is_empty() || has_hole(path)))
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
        target.tier = self.tier();
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
