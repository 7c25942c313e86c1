//! HTTP clients: which requests they would send, and what those would do.
//!
//! Owns the [`Request`] that every client's reader yields. What a request does at a known API is
//! data: the APIs of the packs. Never sends anything.

mod api;
mod curl;
mod curl_config;
mod forge;
mod httpie;
mod output;
mod raw;
pub mod url;
mod wget;

use crate::call::{Call, Findings};
use crate::location::Location;
use crate::payload::holes::Holes;
use crate::resolve::Stdin;
pub(crate) use api::explain;
pub use api::judge;
pub use url::Url;

/// One request, as far as it is known: unknown parts are placeholders of the [`Holes`] it was
/// read with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub url: Url,
    /// Other names under which its server is addressed: the Host header, a proxy's target, the
    /// address that `--connect-to` names. `unix:/path` for a socket.
    pub aliases: Vec<String>,
    /// The host that is really connected to, where an option says so.
    pub connects_to: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// The fields of a multipart body.
    pub fields: Vec<(String, String)>,
    /// What `--aws-sigv4` says of how it is signed.
    pub signing: Option<String>,
    pub location: Location,
}

impl Request {
    /// The last value of a header; names are compared in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .rev()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Splits `Name: value` and keeps it.
    fn add_header(&mut self, line: &str) {
        if let Some((name, value)) = line.split_once(':') {
            let header = (name.trim().to_owned(), value.trim().to_owned());
            self.headers.push(header);
        }
    }

    /// Fills in what the headers say of the server.
    fn finish(mut self) -> Self {
        if let Some(host) = self.header("host") {
            let host = url::host_name(url::split_port(host).0);
            self.aliases.push(host);
        }
        self
    }
}

/// The clients that packs name as native readers, each with what it would send.
type Requests = fn(&Call<'_>, &Holes, &mut Findings) -> Vec<Request>;

/// What this client would send; `None` for a native reader of something else.
pub(crate) fn client(analyzer: &str) -> Option<Requests> {
    Some(match analyzer {
        "curl" => curl_requests,
        "wget" => wget::requests,
        "httpie" => |call, holes, _| httpie::request(call, holes).into_iter().collect(),
        "forge" => |call, holes, _| forge::request(call, holes).into_iter().collect(),
        "raw-http" => |call, holes, _| raw::requests(call, holes),
        _ => return None,
    })
}

fn curl_requests(call: &Call<'_>, holes: &Holes, findings: &mut Findings) -> Vec<Request> {
    let mut requests = curl::requests(call, holes, findings);
    // curlie takes curl's options with httpie's words.
    let is_curlie = call
        .command
        .program()
        .is_some_and(|program| program.ends_with("curlie"));
    if is_curlie && call.args.operands.len() > 1 {
        requests.extend(httpie::request(call, holes));
    }
    requests
}

fn analyze(analyzer: &str, call: &Call<'_>, findings: &mut Findings) {
    let holes = Holes::default();
    let Some(requests) = client(analyzer) else {
        return;
    };
    for request in requests(call, &holes, findings) {
        judge(call, &holes, &request, findings);
    }
}

pub fn analyze_curl(call: &Call<'_>, findings: &mut Findings) {
    analyze("curl", call, findings);
}

/// A bare connection: nc and its kin.
pub fn analyze_raw(call: &Call<'_>, findings: &mut Findings) {
    analyze("raw-http", call, findings);
}

pub fn analyze_wget(call: &Call<'_>, findings: &mut Findings) {
    analyze("wget", call, findings);
}

pub fn analyze_httpie(call: &Call<'_>, findings: &mut Findings) {
    analyze("httpie", call, findings);
}

/// The `api` command of a code host's client.
pub fn analyze_forge(call: &Call<'_>, findings: &mut Findings) {
    analyze("forge", call, findings);
}

/// What a file holds that the client sends; a placeholder that says why, if it can't be read.
fn file(call: &Call<'_>, holes: &Holes, path: &str) -> String {
    if matches!(
        path,
        "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" | "/dev/fd/00"
    ) {
        return stdin(call, holes);
    }
    let shown = holes.display(path);
    if super::holes::has_hole(path) {
        return holes.mark(&format!("the file {shown}"));
    }
    if call.command.elsewhere.is_some() {
        return holes.mark(&format!("the file {shown} on another machine"));
    }
    match call.command.directory.join(path) {
        Some(path) => match call.world.read(&path) {
            Ok(text) => text,
            Err(error) => holes.mark(&error.to_string()),
        },
        None => holes.mark(&format!("the file {shown}")),
    }
}

/// What standard input holds.
fn stdin(call: &Call<'_>, holes: &Holes) -> String {
    match &call.command.stdin {
        Stdin::Empty => String::new(),
        Stdin::Text(text) => holes.render(text),
        Stdin::File(path) => match call.world.read(path) {
            Ok(text) => text,
            Err(error) => holes.mark(&error.to_string()),
        },
        Stdin::Inherited => holes.mark("standard input"),
        Stdin::Unknown(source) => holes.mark(&format!("what `{source}` prints")),
    }
}
