//! curl's command line, its configuration files and variables, read as curl reads them.
//!
//! Owns what curl would send. Never judges it.

use super::curl_config;
use super::output;
use super::url::{Url, expand_globs, host_name, percent_encode, split_port};
use super::{Request, file, stdin};
use crate::call::{Call, Findings};
use crate::location::Location;
use crate::payload::holes::{Holes, has_hole};

/// URLs of one part of a command line that are looked at; more are opaque.
pub(super) const URL_LIMIT: usize = 256;
/// Headers that are kept for each of them.
const HEADER_LIMIT: usize = 1_000;
/// Configuration files inside configuration files.
const MAX_CONFIG_DEPTH: usize = 8;

/// An option or URL, in the order in which curl meets them.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The long name; [`URL`] for a URL.
    pub(super) name: String,
    pub(super) negated: bool,
    pub(super) value: String,
    pub(super) location: Location,
}

pub(super) const URL: &str = "--url";
const NEXT: &str = "--next";

/// Every request that this command line makes.
pub(super) fn requests(call: &Call<'_>, holes: &Holes, findings: &mut Findings) -> Vec<Request> {
    let mut reader = Reader {
        call,
        holes,
        variables: Vec::new(),
        opaque: Vec::new(),
    };
    let mut groups = vec![Vec::new()];
    reader.own_config(&mut groups);
    let items = arguments(call, holes);
    reader.take(items, &mut groups, 0);
    for (reason, location) in reader.opaque.drain(..) {
        findings.opaque(reason, &location);
    }
    // `curl "$@"`: any option may come, not one word that is a URL.
    if let Some(word) = call.command.argv.iter().find(|word| {
        let source = word.value.display();
        word.splits && (source.contains("[@]") || source.contains("[*]") || source.contains("$@"))
    }) {
        findings.opaque(
            format!(
                "the arguments are known only when it runs: {}",
                word.value.display()
            ),
            &word.location,
        );
    }
    for group in &groups {
        output::judge(call, holes, group, findings);
        commands(holes, group, findings);
        if group.iter().filter(|item| item.name == URL).count() > URL_LIMIT {
            findings.opaque(
                "curl gets more URLs than guard looks at",
                &call.command.location,
            );
        }
    }
    groups
        .iter()
        .flat_map(|group| transfers(call, holes, group))
        .collect()
}

/// What is sent to servers of other protocols: FTP and SFTP commands, and schemes that carry
/// bytes to any port.
fn commands(holes: &Holes, part: &[Item], findings: &mut Findings) {
    for item in part.iter().filter(|item| item.name == "--quote") {
        let text = item.value.trim_start_matches(['-', '+', '*']).trim();
        let verb = text.split_whitespace().next().unwrap_or("");
        let destroys = [
            "dele", "rmd", "xrmd", "rm", "rmdir", "rnfr", "rename", "site",
        ];
        if has_hole(verb) || destroys.contains(&verb.to_ascii_lowercase().as_str()) {
            let shown = holes.display(text);
            let reason = format!("curl sends the server the command `{shown}`");
            findings.opaque(reason, &item.location);
        }
    }
    for item in part.iter().filter(|item| item.name == URL) {
        let scheme = Url::parse(&item.value).scheme;
        if matches!(scheme.as_str(), "telnet" | "gopher" | "gophers" | "dict") {
            let reason = format!("{scheme} URLs carry any command to any server");
            findings.opaque(reason, &item.location);
        }
    }
}

/// The argv in its order, as far as `--next` needs it: options, and the URLs of each part.
fn arguments(call: &Call<'_>, holes: &Holes) -> Vec<Item> {
    let mut parts: Vec<Vec<Item>> = vec![Vec::new()];
    let mut starts: Vec<usize> = Vec::new();
    for given in &call.args.options {
        if given.name == NEXT {
            starts.push(given.location.span.start);
            parts.push(Vec::new());
        }
        let value = given.values.first();
        let item = Item {
            name: given.name.clone(),
            negated: given.negated,
            value: value.map_or_else(String::new, |value| holes.render(&value.value)),
            location: given.location.clone(),
        };
        if let Some(part) = parts.last_mut() {
            part.push(item);
        }
    }
    let sorted = starts.is_sorted_by(|before, after| before < after);
    for operand in &call.args.operands {
        let item = Item {
            name: URL.to_owned(),
            negated: false,
            value: holes.render(&operand.value),
            location: operand.location.clone(),
        };
        let start = operand.location.span.start;
        match starts.binary_search(&start) {
            Err(part) if sorted => parts
                .get_mut(part)
                .into_iter()
                .for_each(|part| part.push(item.clone())),
            // Where it stands is not known: it may belong to each part.
            _ => parts
                .iter_mut()
                .take(URL_LIMIT)
                .for_each(|part| part.push(item.clone())),
        }
    }
    parts.into_iter().flatten().collect()
}

struct Reader<'a> {
    call: &'a Call<'a>,
    holes: &'a Holes,
    /// `--variable` values by name.
    variables: Vec<(String, String)>,
    opaque: Vec<(String, Location)>,
}

impl Reader<'_> {
    /// `.curlrc`, unless `-q` comes first.
    fn own_config(&mut self, groups: &mut Vec<Vec<Item>>) {
        let first = self.call.command.argv.get(1);
        let disabled = first
            .and_then(|word| word.value.exact())
            .is_some_and(|word| {
                word == "--disable" || (word.starts_with("-q") && !word.starts_with("--"))
            });
        if disabled || self.call.command.elsewhere.is_some() {
            return;
        }
        let variable = |name: &str| {
            let value = self.call.command.variable(self.call.world, name)?;
            value
                .exact()
                .map(str::to_owned)
                .filter(|value| !value.is_empty())
        };
        let mut candidates = Vec::new();
        for (name, path) in [
            ("CURL_HOME", ".curlrc"),
            ("XDG_CONFIG_HOME", ".curlrc"),
            ("XDG_CONFIG_HOME", "curlrc"),
            ("HOME", ".curlrc"),
            ("HOME", ".config/curlrc"),
        ] {
            if let Some(directory) = variable(name) {
                candidates.push(std::path::Path::new(&directory).join(path));
            }
        }
        let Some(text) = candidates
            .iter()
            .find_map(|path| self.call.world.read(path).ok())
        else {
            return;
        };
        let items = curl_config::items(&text, &self.call.command.location);
        self.take(items, groups, 1);
    }

    /// Sorts items into the parts that `--next` separates, following `-K`.
    fn take(&mut self, items: Vec<Item>, groups: &mut Vec<Vec<Item>>, depth: usize) {
        for item in items {
            match item.name.as_str() {
                NEXT => groups.push(Vec::new()),
                "--config" => self.config(&item, groups, depth),
                "--variable" => self.variable(&item.value),
                name => {
                    let item = match name.strip_prefix("--expand-") {
                        Some(plain) => Item {
                            name: match plain {
                                "data-ascii" => "--data".to_owned(),
                                plain => format!("--{plain}"),
                            },
                            value: self.expand(&item.value),
                            ..item
                        },
                        None => item,
                    };
                    if let Some(group) = groups.last_mut() {
                        group.push(item);
                    }
                }
            }
        }
    }

    fn config(&mut self, item: &Item, groups: &mut Vec<Vec<Item>>, depth: usize) {
        let text = if item.value == "-" {
            stdin(self.call, self.holes)
        } else {
            file(self.call, self.holes, &item.value)
        };
        if crate::payload::holes::starts_with_hole(&text) {
            let shown = self.holes.display(&text);
            let reason = format!("curl takes options from what cannot be read: {shown}");
            self.opaque.push((reason, item.location.clone()));
        } else if depth < MAX_CONFIG_DEPTH {
            let items = curl_config::items(&text, &item.location);
            self.take(items, groups, depth + 1);
        }
    }

    /// `name=content`, `name@file`, `%NAME` from the environment.
    fn variable(&mut self, text: &str) {
        let (name, content) = if let Some(import) = text.strip_prefix('%') {
            let (name, default) = import.split_once('=').unwrap_or((import, ""));
            let value = self.call.command.variable(self.call.world, name);
            (
                name,
                value.map_or_else(|| default.to_owned(), |value| self.holes.render(&value)),
            )
        } else if let Some((name, content)) = text.split_once('=') {
            (name, content.to_owned())
        } else if let Some((name, path)) = text.split_once('@') {
            let content = match path {
                "-" => stdin(self.call, self.holes),
                path => file(self.call, self.holes, path),
            };
            (name, content)
        } else {
            return;
        };
        self.variables.push((name.to_owned(), content));
    }

    /// `{{name}}` and `{{name:function}}`, as `--expand-data` and its kin replace them.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("{{") {
            expanded.push_str(before);
            let Some((inside, after)) = tail.split_once("}}") else {
                expanded.push_str("{{");
                rest = tail;
                continue;
            };
            let mut functions = inside.split(':');
            let name = functions.next().unwrap_or("").trim();
            let found = self.variables.iter().rev().find(|(known, _)| known == name);
            let mut value = found.map(|(_, value)| value.clone()).unwrap_or_default();
            for function in functions {
                value = match function.trim() {
                    "trim" => value.trim().to_owned(),
                    "url" => percent_encode(&value),
                    "json" => serde_json::to_string(&value)
                        .ok()
                        .and_then(|quoted| {
                            let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
                            Some(inner.to_owned())
                        })
                        .unwrap_or_default(),
                    _ => self.holes.mark(&format!("{{{{{inside}}}}}")),
                };
            }
            expanded.push_str(&value);
            rest = after;
        }
        expanded.push_str(rest);
        expanded
    }
}

/// One part of the command line: the options that all its URLs share.
struct Part<'a> {
    items: &'a [Item],
}

impl Part<'_> {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.items
            .iter()
            .filter(move |item| item.name == name && !item.negated)
            .map(|item| item.value.as_str())
    }

    fn last<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    fn flag(&self, name: &str) -> bool {
        let mut given = self.items.iter().rev().filter(|item| item.name == name);
        given.next().is_some_and(|item| !item.negated)
    }
}

fn transfers(call: &Call<'_>, holes: &Holes, items: &[Item]) -> Vec<Request> {
    let part = Part { items };
    let urls: Vec<&Item> = items
        .iter()
        .filter(|item| item.name == URL)
        .take(URL_LIMIT)
        .collect();
    if urls.is_empty() {
        return Vec::new();
    }
    let mut data = data(call, holes, items);
    let in_query = part.flag("--get").then(|| data.take()).flatten();
    let fields = fields(call, holes, &part);
    let upload = part.last("--upload-file");
    let given = part.last("--request").filter(|method| !method.is_empty());
    let method = given.unwrap_or(if part.flag("--head") {
        "HEAD"
    } else if upload.is_some() {
        "PUT"
    } else if data.is_some() || !fields.is_empty() {
        "POST"
    } else {
        "GET"
    });
    if let Some(path) = upload {
        data = Some(match path {
            "-" | "." => stdin(call, holes),
            path => file(call, holes, path),
        });
    }
    let queries: Vec<String> = part
        .all("--url-query")
        .map(|query| match query.strip_prefix('+') {
            Some(raw) => raw.to_owned(),
            None => urlencoded(call, holes, query),
        })
        .chain(in_query)
        .collect();
    let mut requests = Vec::new();
    for item in urls {
        let texts = if part.flag("--globoff") {
            vec![item.value.clone()]
        } else {
            expand_globs(&item.value, &mut |pattern| holes.mark(pattern))
        };
        for text in texts {
            let mut request = Request {
                method: method.to_ascii_uppercase(),
                url: Url::parse(&text),
                body: data.clone(),
                fields: fields.clone(),
                location: item.location.clone(),
                ..Request::default()
            };
            if has_hole(method) {
                method.clone_into(&mut request.method);
            }
            for query in &queries {
                if !request.url.query.is_empty() {
                    request.url.query.push('&');
                }
                request.url.query.push_str(query);
            }
            address(call, holes, &part, &mut request);
            requests.push(request.finish());
        }
    }
    requests
}

/// What options say of headers and of the server that is really reached.
fn address(call: &Call<'_>, holes: &Holes, part: &Part<'_>, request: &mut Request) {
    for header in part.all("--header").take(HEADER_LIMIT) {
        if let Some(path) = header.strip_prefix('@') {
            let lines = match path {
                "-" => stdin(call, holes),
                path => file(call, holes, path),
            };
            for line in lines.lines() {
                request.add_header(line);
            }
        } else {
            request.add_header(header);
        }
    }
    if let Some(token) = part.last("--oauth2-bearer") {
        request.add_header(&format!("Authorization: Bearer {token}"));
    }
    if part.all("--json").next().is_some() && request.header("content-type").is_none() {
        request.add_header("Content-Type: application/json");
    }
    if let Some(target) = part.last("--request-target") {
        let target = Url::parse(&match target.starts_with('/') {
            true => format!("http://{}{target}", request.url.authority()),
            false => target.to_owned(),
        });
        if target.host != request.url.host && !target.host.is_empty() {
            request.aliases.push(target.host);
        }
        request.url.path = target.path;
        if !target.query.is_empty() {
            request.url.query = target.query;
        }
    }
    for rule in part.all("--connect-to") {
        if let Some(host) = connect_to(rule, &request.url) {
            request.aliases.push(host.clone());
            request.connects_to = Some(host);
        }
    }
    for rule in part.all("--resolve") {
        let rule = rule.trim_start_matches(['+', '-']);
        let mut fields = rule.splitn(3, ':');
        let (host, _port, addresses) = (fields.next(), fields.next(), fields.next());
        if let (Some(host), Some(addresses)) = (host, addresses)
            && (host == "*" || host_name(host) == request.url.host)
        {
            let address = addresses.split(',').next().unwrap_or(addresses);
            let address = address.trim_matches(['[', ']']);
            request.connects_to = Some(host_name(address));
        }
    }
    for name in ["--unix-socket", "--abstract-unix-socket"] {
        if let Some(path) = part.last(name) {
            request.aliases.push(format!("unix:{path}"));
        }
    }
    for name in [
        "--proxy",
        "--preproxy",
        "--socks5",
        "--socks5-hostname",
        "--socks4",
        "--socks4a",
        "--proxy1.0",
    ] {
        if let Some(proxy) = part.last(name).filter(|proxy| !proxy.is_empty()) {
            // The proxy decides what this machine's names mean.
            let proxy = Url::parse(proxy);
            if super::url::is_loopback(&request.url.host) {
                request.connects_to = Some(proxy.host);
            }
        }
    }
    if let Some(provider) = part.last("--aws-sigv4") {
        request.signing = Some(provider.to_owned());
    }
}

/// `HOST1:PORT1:HOST2:PORT2`: the host that this URL's connections go to.
fn connect_to(rule: &str, url: &Url) -> Option<String> {
    let (host, rest) = if rule.starts_with('[') {
        let (host, rest) = rule.split_once(']')?;
        (host.trim_start_matches('['), rest.strip_prefix(':')?)
    } else {
        rule.split_once(':')?
    };
    let (port, target) = rest.split_once(':')?;
    let fits = (host.is_empty() || host_name(host) == url.host)
        && (port.is_empty() || url.port.as_deref().is_none_or(|own| own == port));
    let target = split_port(target).0;
    (fits && !target.is_empty()).then(|| host_name(target))
}

/// The request's data, as curl joins it.
fn data(call: &Call<'_>, holes: &Holes, items: &[Item]) -> Option<String> {
    let mut joined: Option<String> = None;
    for item in items {
        let value = item.value.as_str();
        let content = |path: &str| match path {
            "-" => stdin(call, holes),
            path => file(call, holes, path),
        };
        let piece = match (item.name.as_str(), value.strip_prefix('@')) {
            // A file's line ends and NUL bytes are dropped.
            ("--data", Some(path)) => content(path).replace(['\r', '\n', '\0'], ""),
            ("--data-binary" | "--json", Some(path)) => content(path),
            ("--data" | "--data-binary" | "--data-raw" | "--json", _) => value.to_owned(),
            ("--data-urlencode", _) => urlencoded(call, holes, value),
            _ => continue,
        };
        match &mut joined {
            Some(joined) => {
                if item.name != "--json" {
                    joined.push('&');
                }
                joined.push_str(&piece);
            }
            None => joined = Some(piece),
        }
    }
    joined
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`.
fn urlencoded(call: &Call<'_>, holes: &Holes, text: &str) -> String {
    let at = text.find(['=', '@']);
    let (name, kind, rest) = match at {
        Some(at) => {
            let (name, tail) = text.split_at(at);
            let mut tail = tail.chars();
            (name, tail.next(), tail.as_str())
        }
        None => ("", None, text),
    };
    let content = match (kind, rest) {
        (Some('@'), "-") => stdin(call, holes),
        (Some('@'), path) => file(call, holes, path),
        (_, rest) => rest.to_owned(),
    };
    let encoded = percent_encode(&content);
    if name.is_empty() {
        encoded
    } else {
        format!("{name}={encoded}")
    }
}

/// The multipart fields. Files that are uploaded as files are read only where GraphQL's
/// multipart form would have its document.
fn fields(call: &Call<'_>, holes: &Holes, part: &Part<'_>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for item in part.items {
        let literal = item.name == "--form-string";
        if item.name != "--form" && !literal {
            continue;
        }
        let Some((name, value)) = item.value.split_once('=') else {
            fields.push((item.value.clone(), String::new()));
            continue;
        };
        let source = value.strip_prefix(['@', '<']).filter(|_| !literal);
        let value = match source {
            Some(path) if matches!(name, "operations" | "query" | "variables") => {
                let path = path.split(';').next().unwrap_or(path).trim_matches('"');
                match path {
                    "-" => stdin(call, holes),
                    path => file(call, holes, path),
                }
            }
            Some(_) => String::new(),
            None if literal => value.to_owned(),
            None => form_value(value),
        };
        fields.push((name.to_owned(), value));
    }
    fields
}

/// A field's value without `;type=…`, unquoted.
fn form_value(value: &str) -> String {
    if let Some(quoted) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        return text;
    }
    let lower = value.to_ascii_lowercase();
    let end = [";type=", ";filename=", ";headers=", ";encoder="]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min();
    value
        .get(..end.unwrap_or(value.len()))
        .unwrap_or(value)
        .to_owned()
}
