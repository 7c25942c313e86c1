//! Requests written out by hand and piped into a bare connection: nc, socat, `openssl s_client`.
//!
//! Owns reading HTTP/1 from standard input. A pipe that carries something else says nothing.

use super::url::{Url, host_name, split_port};
use super::{Request, stdin};
use crate::call::Call;
use crate::payload::holes::{Holes, has_hole};
use crate::resolve::Stdin;

/// Every request in what the command reads.
pub(super) fn requests(call: &Call<'_>, holes: &Holes) -> Vec<Request> {
    if !matches!(call.command.stdin, Stdin::Text(_) | Stdin::File(_)) {
        return Vec::new();
    }
    let text = stdin(call, holes);
    let peers: Vec<String> = peers(call, holes);
    let mut requests = Vec::new();
    // `printf` in single quotes leaves its escapes to printf; `echo` may keep them.
    let text = text.replace("\\r\\n", "\n").replace("\r\n", "\n");
    let mut rest = text.as_str();
    while let Some((mut request, tail)) = read(rest) {
        request.location = call.command.location.clone();
        request.aliases.extend(peers.iter().cloned());
        if request.url.host.is_empty() {
            let host = request.header("host").or(peers.first().map(String::as_str));
            let host = host.unwrap_or("").to_owned();
            let (name, port) = split_port(&host);
            request.url.host = host_name(name);
            request.url.port = port.map(str::to_owned);
        }
        requests.push(request.finish());
        rest = tail;
    }
    requests
}

/// The hosts that the command's words name.
fn peers(call: &Call<'_>, holes: &Holes) -> Vec<String> {
    let connect = ["--connect", "--servername", "-connect", "-servername"];
    let options = connect.iter().filter_map(|name| call.args.option(name));
    options
        .chain(&call.args.operands)
        .map(|word| holes.render(&word.value))
        .flat_map(|word| {
            // `TCP:host:port`, `OPENSSL:host:port,verify=0`
            let address = word.split(',').next().unwrap_or("").to_owned();
            let inner = address.split_once(':').map(|(_, rest)| rest.to_owned());
            [Some(address), inner]
        })
        .flatten()
        .map(|address| host_name(split_port(&address).0))
        .filter(|host| host.contains('.') && !has_hole(host))
        .collect()
}

/// The first request of a text, and what follows it.
fn read(text: &str) -> Option<(Request, &str)> {
    let text = text.trim_start();
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut first = lines.next()?.split_whitespace();
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if !version.starts_with("HTTP/") {
        return None;
    }
    let mut request = Request {
        method: method.to_ascii_uppercase(),
        ..Request::default()
    };
    for line in lines {
        request.add_header(line);
    }
    request.url = if target.starts_with('/') {
        Url {
            host: String::new(),
            ..Url::parse(&format!("http://-{target}"))
        }
    } else {
        Url::parse(target)
    };
    let length = request.header("content-length");
    let length = length.and_then(|length| length.parse::<usize>().ok());
    // A length that does not fit is a slip: the server may take less, never more.
    let end = length
        .filter(|length| body.is_char_boundary(*length))
        .filter(|length| {
            body.get(*length..)
                .is_some_and(|tail| tail.trim_start().contains("HTTP/"))
        })
        .unwrap_or(body.len());
    let (body, tail) = body.split_at(end);
    request.body = Some(body.to_owned()).filter(|body| !body.is_empty());
    Some((request, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_one_after_the_other() {
        let text = "POST /graphql/v2 HTTP/1.1\nHost: backboard.railway.app\nContent-Length: 3\n\nabcGET http://h/x HTTP/1.0\n\n";
        let (first, rest) = read(text).unwrap();
        assert_eq!(
            (first.method.as_str(), first.url.path.as_str()),
            ("POST", "/graphql/v2")
        );
        assert_eq!(first.body.as_deref(), Some("abc"));
        let (second, rest) = read(rest).unwrap();
        assert_eq!((second.url.host.as_str(), rest), ("h", ""));
        for text in ["", "hello", "a b c\n\nd", "QUIT\n"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
