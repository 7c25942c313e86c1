//! URLs, as the clients read what people write.
//!
//! Owns the parts of a URL and who stands behind its host. Texts may hold placeholders.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::payload::holes::has_hole;

/// A URL in its parts, decoded as far as comparing needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// Lower case; empty if it was not written.
    pub scheme: String,
    /// Lower case, without port, user and trailing dot.
    pub host: String,
    pub port: Option<String>,
    /// Whether a user or password stands in it.
    pub userinfo: bool,
    /// Percent-decoded, from the first slash on.
    pub path: String,
    /// Undecoded, without `?`.
    pub query: String,
}

impl Url {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let (scheme, rest) = match text.split_once(":/") {
            Some((scheme, rest)) if is_scheme(scheme) => {
                (scheme.to_ascii_lowercase(), rest.trim_start_matches('/'))
            }
            _ => (String::new(), text.trim_start_matches("//")),
        };
        let rest = rest.split('#').next().unwrap_or("");
        let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let (user, address) = match authority.rsplit_once('@') {
            Some((_, address)) => (true, address),
            None => (false, authority),
        };
        let (host, port) = split_port(address);
        Self {
            scheme,
            host: host_name(host),
            port: port.filter(|port| !port.is_empty()).map(str::to_owned),
            userinfo: user,
            path: percent_decode(&path.replace('\\', "/"), false),
            query: query.to_owned(),
        }
    }

    /// `host:port`, or what of it was written.
    #[must_use]
    pub fn authority(&self) -> String {
        match &self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The decoded pairs of the query.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        form_pairs(&self.query)
    }
}

fn is_scheme(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `host:port` in its parts; `[::1]:80` too.
#[must_use]
pub fn split_port(address: &str) -> (&str, Option<&str>) {
    let bracketed = address.strip_prefix('[');
    if let Some((host, tail)) = bracketed.and_then(|rest| rest.split_once(']')) {
        return (host, tail.strip_prefix(':'));
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (address, None),
    }
}

/// A host name as it is compared: decoded, lower case, without the dot of the root.
#[must_use]
pub fn host_name(host: &str) -> String {
    let decoded = percent_decode(host, false);
    let folded: String = decoded
        .chars()
        .map(|c| match c {
            // Name resolution folds these to ASCII.
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => '.',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect();
    let folded = folded.to_ascii_lowercase();
    folded.strip_suffix('.').unwrap_or(&folded).to_owned()
}

/// Whether this host is the machine itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = host == "localhost"
        || host.ends_with(".localhost")
        || matches!(
            host,
            "host.docker.internal" | "ip6-localhost" | "localhost.localdomain"
        );
    name || ipv4(host).is_some_and(|address| address.is_loopback() || address.is_unspecified())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| {
            address.is_loopback()
                || address.is_unspecified()
                || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        })
}

/// An IPv4 address in any form that resolvers take: `127.1`, `0x7f000001`, `2130706433`.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let mut numbers = Vec::new();
    for part in host.split('.') {
        let number = if let Some(hex) = part.strip_prefix("0x") {
            u32::from_str_radix(hex, 16).ok()?
        } else if part.len() > 1 && part.starts_with('0') {
            u32::from_str_radix(part, 8).ok()?
        } else {
            part.parse().ok()?
        };
        numbers.push(number);
    }
    let (last, leading) = numbers.split_last()?;
    if leading.len() > 3 || leading.iter().any(|number| *number > 255) {
        return None;
    }
    let free = 8 * (4 - u32::try_from(leading.len()).ok()?);
    if free < 32 && *last >> free != 0 {
        return None;
    }
    let high = leading
        .iter()
        .enumerate()
        .fold(0, |sum, (at, number)| sum | number << (24 - 8 * at));
    Some(Ipv4Addr::from(high | last))
}

/// `%41` and, in forms, `+` decoded. Bytes that are no UTF-8 become replacement characters.
#[must_use]
pub fn percent_decode(text: &str, form: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |offset: usize| {
            bytes
                .get(at + offset)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        match (byte, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
                continue;
            }
            (b'+', _, _) if form => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// As clients encode form values; placeholders stay as they are.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `a=1&b=2`, decoded.
#[must_use]
pub fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name, true), percent_decode(value, true))
        })
        .collect()
}

/// The URLs that curl makes of `{a,b}` and `[1-3]`; too many become one with a placeholder that
/// `unknown` yields.
#[must_use]
pub fn expand_globs(text: &str, unknown: &mut dyn FnMut(&str) -> String) -> Vec<String> {
    const LIMIT: usize = 64;
    let mut expanded = vec![String::new()];
    let mut rest = text;
    for _ in 0..LIMIT {
        let Some(at) = rest.find(['{', '[']) else {
            break;
        };
        let (before, tail) = rest.split_at(at);
        let Some((choices, after)) = choices(tail) else {
            break;
        };
        let choices = if choices.is_empty() || expanded.len() * choices.len() > LIMIT {
            let pattern = tail.get(..tail.len() - after.len()).unwrap_or(tail);
            vec![unknown(pattern)]
        } else {
            choices
        };
        expanded = expanded
            .iter()
            .flat_map(|url| {
                choices
                    .iter()
                    .map(move |choice| format!("{url}{before}{choice}"))
            })
            .collect();
        rest = after;
    }
    for url in &mut expanded {
        url.push_str(rest);
    }
    expanded
}

/// What a pattern at the start of the text stands for (empty: too much to say), and what follows
/// it; `None` if there is none, as in `[::1]`.
fn choices(text: &str) -> Option<(Vec<String>, &str)> {
    if let Some(inside) = text.strip_prefix('{') {
        let (list, after) = inside.split_once('}')?;
        return Some((list.split(',').map(str::to_owned).collect(), after));
    }
    let (range, after) = text.strip_prefix('[')?.split_once(']')?;
    let (from, to) = range.split_once('-')?;
    let to = to.split(':').next().unwrap_or(to);
    if has_hole(range) {
        return Some((Vec::new(), after));
    }
    if let (Ok(first), Ok(last)) = (from.parse::<u64>(), to.parse::<u64>()) {
        let width = from.len();
        let fits = first <= last && last - first < 64;
        let numbers = (first..=last).take(if fits { 64 } else { 0 });
        return Some((
            numbers.map(|number| format!("{number:0width$}")).collect(),
            after,
        ));
    }
    let (mut first, mut last) = (from.chars(), to.chars());
    match (first.next(), first.next(), last.next(), last.next()) {
        (Some(first), None, Some(last), None)
            if first.is_ascii_alphabetic() && last.is_ascii_alphabetic() && first <= last =>
        {
            Some(((first..=last).map(String::from).collect(), after))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_as_clients_read_it() {
        for (text, host, port) in [
            (
                "https://backboard.railway.app/graphql/v2",
                "backboard.railway.app",
                None,
            ),
            (
                "HTTPS://BackBoard.Railway.App./graphql/v2",
                "backboard.railway.app",
                None,
            ),
            (
                "backboard.railway.app:443/graphql/v2",
                "backboard.railway.app",
                Some("443"),
            ),
            (
                "http://user:p%40ss@backboard.railway.com:8443",
                "backboard.railway.com",
                Some("8443"),
            ),
            ("http://evil@x@host/p", "host", None),
            ("http:///host/p", "host", None),
            ("http:/host/p", "host", None),
            ("//host/p", "host", None),
            (
                "http://%62ackboard.railway.app/",
                "backboard.railway.app",
                None,
            ),
            (
                "http://backboard\u{3002}railway\u{ff0e}app/",
                "backboard.railway.app",
                None,
            ),
            ("http://[::1]:3000/x", "::1", Some("3000")),
            ("localhost?query=x", "localhost", None),
            ("host#frag@other", "host", None),
        ] {
            let url = Url::parse(text);
            assert_eq!(
                (url.host.as_str(), url.port.as_deref()),
                (host, port),
                "{text}"
            );
        }
        let url = Url::parse("https://h/gr%61phql/v2?query=a%20b&x=c+d#f");
        assert_eq!(url.path, "/graphql/v2");
        assert_eq!(
            url.pairs(),
            [("query".into(), "a b".into()), ("x".into(), "c d".into())]
        );
    }

    #[test]
    fn the_own_machine_has_many_names() {
        for host in [
            "localhost",
            "app.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0",
            "0.0.0.0",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "128.0.0.1",
            "localhost.example.com",
            "10.0.0.1",
            "",
            "127.0.0.1.nip.io",
            "1.2.3.4.5",
            "::2",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn curl_patterns_are_expanded() {
        let mut unknown = |_: &str| "?".to_owned();
        for (text, expected) in [
            (
                "http://h/{a,b}/[1-2]",
                &[
                    "http://h/a/1",
                    "http://h/a/2",
                    "http://h/b/1",
                    "http://h/b/2",
                ][..],
            ),
            (
                "http://h/[08-10]",
                &["http://h/08", "http://h/09", "http://h/10"],
            ),
            (
                "http://h/[a-c]",
                &["http://h/a", "http://h/b", "http://h/c"],
            ),
            ("http://[::1]/x", &["http://[::1]/x"]),
            ("http://h/[1-9999]", &["http://h/?"]),
            ("http://h/{x", &["http://h/{x"]),
        ] {
            assert_eq!(expand_globs(text, &mut unknown), expected, "{text}");
        }
    }
}
