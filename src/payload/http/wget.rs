//! wget's command line and start-up file.
//!
//! Owns what wget would send. Never judges it.

use super::curl::URL_LIMIT;
use super::url::Url;
use super::{Request, file, stdin};
use crate::call::{Call, Findings};
use crate::location::Location;
use crate::payload::holes::Holes;

/// What decides a request, whether it comes as an option or as a `.wgetrc` command.
#[derive(Default)]
struct Settings {
    method: Option<String>,
    body: Option<Source>,
    headers: Vec<String>,
    urls: Vec<(String, Location)>,
}

enum Source {
    Text(String),
    File(String),
}

/// Every request that this command line makes: each URL gets the same one.
pub(super) fn requests(call: &Call<'_>, holes: &Holes, findings: &mut Findings) -> Vec<Request> {
    let mut settings = Settings::default();
    for line in startup(call).lines() {
        settings.command(call, holes, line, &call.command.location);
    }
    for given in &call.args.options {
        let value = given.values.first();
        let value = value.map_or_else(String::new, |value| holes.render(&value.value));
        if given.name == "--execute" {
            settings.command(call, holes, &value, &given.location);
        } else if let Some(name) = given.name.strip_prefix("--") {
            settings.set(call, holes, name, value, &given.location);
        }
    }
    for operand in &call.args.operands {
        let url = holes.render(&operand.value);
        settings.urls.push((url, operand.location.clone()));
    }
    let body = settings.body.map(|source| match source {
        Source::Text(text) => text,
        Source::File(path) => file(call, holes, &path),
    });
    let method = settings.method.unwrap_or_else(|| {
        let default = if body.is_some() { "POST" } else { "GET" };
        default.to_owned()
    });
    if settings.urls.len() > URL_LIMIT {
        findings.opaque(
            "wget gets more URLs than guard looks at",
            &call.command.location,
        );
    }
    let mut requests = Vec::new();
    for (url, location) in settings.urls.into_iter().take(URL_LIMIT) {
        let mut request = Request {
            method: method.clone(),
            url: Url::parse(&url),
            body: body.clone(),
            location,
            ..Request::default()
        };
        for header in &settings.headers {
            request.add_header(header);
        }
        requests.push(request.finish());
    }
    requests
}

impl Settings {
    fn set(&mut self, call: &Call<'_>, holes: &Holes, name: &str, value: String, at: &Location) {
        match name {
            "method" => self.method = Some(value.to_ascii_uppercase()),
            "post-data" => {
                self.method = Some("POST".to_owned());
                self.body = Some(Source::Text(value));
            }
            "post-file" => {
                self.method = Some("POST".to_owned());
                self.body = Some(Source::File(value));
            }
            "body-data" => self.body = Some(Source::Text(value)),
            "body-file" => self.body = Some(Source::File(value)),
            "header" => self.headers.push(value),
            "input-file" | "input" => {
                let text = match value.as_str() {
                    "-" => stdin(call, holes),
                    path => file(call, holes, path),
                };
                let urls = text
                    .split_whitespace()
                    .map(|url| (url.to_owned(), at.clone()));
                self.urls.extend(urls);
            }
            _ => {}
        }
    }

    /// A command of `.wgetrc` or `-e`: case and `-`, `_` in its name do not count.
    fn command(&mut self, call: &Call<'_>, holes: &Holes, line: &str, at: &Location) {
        let line = line.trim();
        if line.starts_with('#') {
            return;
        }
        if let Some((name, value)) = line.split_once('=') {
            let name: String = name
                .trim()
                .to_ascii_lowercase()
                .chars()
                .filter(|c| !matches!(c, '-' | '_'))
                .collect();
            let name = match name.as_str() {
                "postdata" => "post-data",
                "postfile" => "post-file",
                "bodydata" => "body-data",
                "bodyfile" => "body-file",
                other => other,
            };
            self.set(call, holes, name, value.trim().to_owned(), at);
        }
    }
}

/// The user's start-up file, if wget would read one.
fn startup(call: &Call<'_>) -> String {
    if call.args.flag("--no-config") || call.command.elsewhere.is_some() {
        return String::new();
    }
    let known = |name: &str| {
        let value = call.command.variable(call.world, name)?;
        value
            .exact()
            .map(str::to_owned)
            .filter(|value| !value.is_empty())
    };
    let named = call
        .args
        .option("--config")
        .and_then(|path| path.value.exact());
    let path = match named {
        Some(path) => call.command.directory.join(path),
        None => known("WGETRC")
            .map(Into::into)
            .or_else(|| Some(std::path::Path::new(&known("HOME")?).join(".wgetrc"))),
    };
    path.and_then(|path| call.world.read(&path).ok())
        .unwrap_or_default()
}
