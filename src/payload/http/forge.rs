//! `gh api` and `glab api`: the request that they send to a code host.
//!
//! Owns how their words make a request. Never judges it.

use serde_json::{Map, Value};

use super::httpie::put;
use super::url::{Url, percent_encode};
use super::{Request, file, stdin};
use crate::call::Call;
use crate::payload::holes::{Holes, has_hole};

/// Whose client it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forge {
    GitHub,
    GitLab,
}

impl Forge {
    /// A server of the kind that packs know, whatever the name of this one.
    const fn known(self) -> &'static str {
        match self {
            Self::GitHub => "api.github.com",
            Self::GitLab => "gitlab.com",
        }
    }

    /// Variables that name another host, the first that is set.
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["GH_HOST"],
            Self::GitLab => &["GITLAB_HOST", "GITLAB_URI", "GL_HOST"],
        }
    }
}

/// The request; `None` for another command than `api`, or without a path.
pub(super) fn request(call: &Call<'_>, holes: &Holes) -> Option<Request> {
    let args = call.args;
    if args.command.as_slice() != ["api"] {
        return None;
    }
    let program = call.command.program()?;
    let forge = if program.ends_with("glab") {
        Forge::GitLab
    } else {
        Forge::GitHub
    };
    let endpoint = args.operands.first()?;
    let path = holes.render(&endpoint.value);
    let value = |name: &str| args.option(name).map(|word| holes.render(&word.value));
    let mut request = Request {
        url: address(forge, &path, value("--hostname"), call, holes),
        aliases: vec![forge.known().to_owned()],
        location: endpoint.location.clone(),
        ..Request::default()
    };
    for header in args.all("--header") {
        request.add_header(&holes.render(&header.value));
    }
    let fields = fields(call, holes);
    let input = value("--input").map(|path| match path.as_str() {
        "-" => stdin(call, holes),
        path => file(call, holes, path),
    });
    request.method = match value("--method") {
        Some(method) if has_hole(&method) => method,
        Some(method) => method.to_uppercase(),
        // `gh api $OPTIONS repos/…` may hold any.
        None if args.open => holes.mark("the method"),
        None if input.is_some() || !fields.is_empty() => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    if input.is_some() || request.method == "GET" {
        request.body = input;
        for (name, value) in &fields {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let pair = format!("{}={}", percent_encode(name), percent_encode(&text));
            let query = &mut request.url.query;
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&pair);
        }
    } else if !fields.is_empty() {
        let is_graphql = request.url.path.trim_matches('/').ends_with("graphql");
        request.body = Some(body(&fields, is_graphql));
    }
    Some(request.finish())
}

/// The endpoint is a path below the API of the host, or a URL.
fn address(forge: Forge, path: &str, host: Option<String>, call: &Call<'_>, holes: &Holes) -> Url {
    if path.starts_with("https://") || path.starts_with("http://") {
        return Url::parse(path);
    }
    let host = host.or_else(|| {
        let set = |name: &&str| call.command.variable(call.world, name);
        let value = forge.variables().iter().find_map(set)?;
        Some(holes.render(&value)).filter(|value| !value.is_empty())
    });
    let host = host.as_deref().unwrap_or("").trim_start_matches("https://");
    let path = path.trim_start_matches('/');
    let is_graphql = path == "graphql";
    let (host, base) = match forge {
        Forge::GitHub if matches!(host, "" | "github.com") => ("api.github.com", ""),
        Forge::GitLab if host.is_empty() => ("gitlab.com", "/api/v4"),
        Forge::GitHub => (host, "/api/v3"),
        Forge::GitLab => (host, "/api/v4"),
    };
    let base = if is_graphql && !base.is_empty() {
        "/api"
    } else {
        base
    };
    Url::parse(&format!(
        "https://{}{base}/{path}",
        host.trim_end_matches('/')
    ))
}

/// What `-f` and `-F` give, in their order of kinds: names, and values with the types that `-F`
/// reads into them.
fn fields(call: &Call<'_>, holes: &Holes) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    for (option, typed) in [("--raw-field", false), ("--field", true)] {
        for word in call.args.all(option) {
            let word = holes.render(&word.value);
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let value = match value.strip_prefix('@').filter(|_| typed) {
                Some("-") => Value::String(stdin(call, holes)),
                Some(path) => Value::String(file(call, holes, path)),
                None => match value {
                    "true" | "false" | "null" if typed => {
                        serde_json::from_str(value).unwrap_or_default()
                    }
                    number if typed && number.parse::<i64>().is_ok() => {
                        serde_json::from_str(number).unwrap_or_default()
                    }
                    text => Value::String(text.to_owned()),
                },
            };
            fields.push((name.to_owned(), value));
        }
    }
    fields
}

/// The body. For GraphQL, all but the document are its variables.
fn body(fields: &[(String, Value)], is_graphql: bool) -> String {
    let mut body = Value::Object(Map::new());
    let mut variables = Value::Object(Map::new());
    for (name, value) in fields {
        let own = !is_graphql || matches!(name.as_str(), "query" | "operationName");
        let place = if own { &mut body } else { &mut variables };
        put(place, name, value.clone());
    }
    if is_graphql {
        put(&mut body, "variables", variables);
    }
    body.to_string()
}
