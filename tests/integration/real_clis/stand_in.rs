//! A server that stands in for one that cannot run here: it keeps what its clients make, and takes
//! away what they tell it to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

pub(super) struct Request {
    pub(super) method: String,
    /// The words of the path.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    /// The body, if it is JSON.
    pub(super) body: Value,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: body.to_string(),
        }
    }

    pub(super) fn text(body: String) -> Self {
        Self { status: 200, body }
    }
}

/// What a server does; `headers` are sent with every answer.
pub(super) trait Service: Send + 'static {
    const HEADERS: &'static str = "";

    fn answer(&mut self, request: &Request) -> Answer;
}

/// Serves on a socket until the test ends.
pub(super) fn on_socket<S: Service>(path: &Path, service: S) {
    let listener = UnixListener::bind(path).unwrap();
    let service = Arc::new(Mutex::new(service));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let service = Arc::clone(&service);
            thread::spawn(move || talk(&stream, &stream, &service));
        }
    });
}

/// Serves on a port of this machine until the test ends; gives its address.
pub(super) fn on_loopback<S: Service>(service: S) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(Mutex::new(service));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let service = Arc::clone(&service);
            thread::spawn(move || talk(&stream, &stream, &service));
        }
    });
    format!("http://{address}")
}

/// One connection, request by request.
fn talk<S: Service>(input: impl Read, mut output: impl Write, service: &Mutex<S>) {
    let mut input = BufReader::new(input);
    while let Some((request, head)) = read(&mut input) {
        let Answer { status, body } = service.lock().unwrap().answer(&request);
        let length = body.len();
        let body = if head { "" } else { &body };
        let headers = S::HEADERS;
        let sent = write!(
            output,
            "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        );
        if sent.and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

/// The next request, and whether its answer has no body; `None` at the end.
fn read(input: &mut impl BufRead) -> Option<(Request, bool)> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        match header.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
            Some(_) => {}
            None if header.is_empty() => break,
            None => return None,
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    while chunked {
        let mut size = String::new();
        input.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        input.read_exact(&mut chunk).ok()?;
        body.extend(chunk.get(..size)?);
        chunked = size > 0;
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let request = Request {
        path: path
            .split('/')
            .filter(|word| !word.is_empty())
            .map(decoded)
            .collect(),
        query: pairs
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        bytes: body,
        method,
    };
    let head = request.method == "HEAD";
    Some((request, head))
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap();
                u8::from_str_radix(digits, 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}
