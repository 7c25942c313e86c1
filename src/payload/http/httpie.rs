//! The command line of httpie and xh: method, URL and request items.
//!
//! Owns what they would send. Never judges it.

use serde_json::{Map, Value};

use super::url::{Url, percent_encode};
use super::{Request, file, stdin};
use crate::call::Call;
use crate::payload::holes::Holes;
use crate::resolve::{Argument, Stdin};

/// The longest first, since the longest at the earliest place wins.
const SEPARATORS: &[&str] = &[":=@", "==@", ":=", "==", "=@", ":@", ":", "=", "@", ";"];

/// `http://…`, `:3000/path`, `GET`: a word that is only letters is a method, if a URL follows.
fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The request, or `None` when nothing is sent.
pub(super) fn request(call: &Call<'_>, holes: &Holes) -> Option<Request> {
    let args = call.args;
    if ["--offline", "--curl", "--curl-long"]
        .iter()
        .any(|name| args.flag(name))
    {
        return None;
    }
    let words: Vec<(String, &Argument)> = args
        .operands
        .iter()
        .map(|word| (holes.render(&word.value), word))
        .collect();
    let (method, rest) = match words.split_first() {
        Some(((first, _), rest)) if is_method(first) && !rest.is_empty() => {
            (Some(first.to_ascii_uppercase()), rest)
        }
        // `http $METHOD URL`: a hole before what can only be a URL.
        Some(((first, _), rest))
            if crate::payload::holes::has_hole(first)
                && !first.contains(['/', ':', '.'])
                && rest.first().is_some_and(|(next, _)| looks_like_url(next)) =>
        {
            (Some(first.clone()), rest)
        }
        _ => (None, words.as_slice()),
    };
    let ((url, written), items) = rest.split_first()?;
    let mut request = Request {
        url: Url::parse(&full_url(call, url)),
        location: written.location.clone(),
        ..Request::default()
    };
    let mut items = read_items(call, holes, items, &mut request);
    if let Some(token) = args.option("--bearer") {
        request.add_header(&format!(
            "Authorization: Bearer {}",
            holes.render(&token.value)
        ));
    }
    let form = args.flag("--form") || args.flag("--multipart");
    request.body = if let Some(raw) = args.option("--raw") {
        Some(holes.render(&raw.value))
    } else if items.given {
        if form {
            Some(form_body(&items.fields))
        } else {
            Some(items.json.take().to_string())
        }
    } else if args.flag("--ignore-stdin") {
        None
    } else {
        match &call.command.stdin {
            Stdin::Empty => None,
            _ => Some(stdin(call, holes)).filter(|body| !body.is_empty()),
        }
    };
    // What it inherits is as a rule no pipe with data: then a GET stays a GET.
    let inherited = matches!(call.command.stdin, Stdin::Inherited) && !items.given;
    request.method = method.unwrap_or_else(|| {
        let raw = args.option("--raw").is_some();
        let has_body = request.body.is_some() && (raw || !inherited);
        if has_body { "POST" } else { "GET" }.to_owned()
    });
    if inherited && args.option("--raw").is_none() && request.method == "GET" {
        request.body = None;
    }
    Some(request.finish())
}

fn looks_like_url(word: &str) -> bool {
    word.contains("://")
        || word.starts_with([':', '/'])
        || word
            .split('/')
            .next()
            .is_some_and(|host| host.contains('.'))
}

/// The shorthands for this machine, and the scheme of the program's name.
fn full_url(call: &Call<'_>, url: &str) -> String {
    let url = url.strip_prefix("://").unwrap_or(url);
    let local = url.strip_prefix(':').filter(|rest| !rest.starts_with(':'));
    let _ = call;
    match local {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("http://localhost:{rest}")
        }
        Some(rest) => format!("http://localhost{rest}"),
        None => url.to_owned(),
    }
}

struct Items {
    /// Whether any item makes a body.
    given: bool,
    json: Value,
    fields: Vec<(String, String)>,
}

fn read_items(
    call: &Call<'_>,
    holes: &Holes,
    words: &[(String, &Argument)],
    request: &mut Request,
) -> Items {
    let mut items = Items {
        given: false,
        json: Value::Object(Map::new()),
        fields: Vec::new(),
    };
    for (word, _) in words {
        let Some((key, separator, value)) = split_item(word) else {
            if crate::payload::holes::has_hole(word) {
                // It may be anything that makes a body.
                items.given = true;
                put(&mut items.json, "query", Value::String(word.clone()));
                items.fields.push(("query".to_owned(), word.clone()));
            }
            continue;
        };
        let embedded = separator.ends_with('@') && separator.len() > 1;
        let value = if embedded {
            file(call, holes, &value)
        } else {
            value
        };
        match separator {
            ":" | ":@" => request.headers.push((key, value.trim().to_owned())),
            ";" => {}
            "==" | "==@" => {
                if !request.url.query.is_empty() {
                    request.url.query.push('&');
                }
                let pair = format!("{}={}", percent_encode(&key), percent_encode(&value));
                request.url.query.push_str(&pair);
            }
            "@" => {
                items.given = true;
                items.fields.push((key, String::new()));
            }
            ":=" | ":=@" => {
                items.given = true;
                let parsed = serde_json::from_str(&crate::payload::json::prepare(&value));
                let parsed = parsed.unwrap_or_else(|_| Value::String(holes.mark(&value)));
                items.fields.push((key.clone(), value));
                put(&mut items.json, &key, parsed);
            }
            _ => {
                items.given = true;
                items.fields.push((key.clone(), value.clone()));
                put(&mut items.json, &key, Value::String(value));
            }
        }
    }
    items
}

/// `key`, separator and value; a backslash takes a separator's meaning away.
fn split_item(word: &str) -> Option<(String, &'static str, String)> {
    let mut key = String::new();
    let mut chars = word.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            match chars.next() {
                Some((_, next)) if ":=@;".contains(next) => key.push(next),
                Some((_, next)) => key.extend(['\\', next]),
                None => key.push('\\'),
            }
            continue;
        }
        let rest = word.get(at..)?;
        if let Some(separator) = SEPARATORS.iter().find(|mark| rest.starts_with(**mark)) {
            let value = rest.get(separator.len()..)?;
            return Some((key, separator, value.to_owned()));
        }
        key.push(c);
    }
    None
}

/// Sets `a[b][c]` in the body; a key that is not so nested is taken as it is.
pub(super) fn put(body: &mut Value, key: &str, value: Value) {
    let mut path = Vec::new();
    let (head, mut rest) = key.find('[').map_or((key, ""), |at| key.split_at(at));
    path.push(head);
    while let Some((inside, tail)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        path.push(inside);
        rest = tail;
    }
    if !rest.is_empty() {
        path = vec![key];
    }
    if path.len() > 1 && path.first() == Some(&"") {
        path.remove(0);
    }
    let mut place = body;
    for step in path.into_iter().take(32) {
        if step.is_empty() || (place.is_array() && step.parse::<usize>().is_ok()) {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(list) = place else { return };
            list.push(Value::Null);
            let Some(last) = list.last_mut() else { return };
            place = last;
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(map) = place else { return };
            place = map.entry(step.to_owned()).or_insert(Value::Null);
        }
    }
    *place = value;
}

fn form_body(fields: &[(String, String)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_separator_at_the_earliest_place_counts() {
        for (word, key, separator, value) in [
            ("a=b", "a", "=", "b"),
            ("a:=1", "a", ":=", "1"),
            ("a==b=c", "a", "==", "b=c"),
            ("X-A:b=c", "X-A", ":", "b=c"),
            ("q=@f", "q", "=@", "f"),
            ("q:=@f", "q", ":=@", "f"),
            ("f@x", "f", "@", "x"),
            (r"a\:b=c", "a:b", "=", "c"),
            (
                "query=mutation { a(b: 1) }",
                "query",
                "=",
                "mutation { a(b: 1) }",
            ),
        ] {
            let expected = Some((key.to_owned(), separator, value.to_owned()));
            assert_eq!(split_item(word), expected, "{word}");
        }
        assert_eq!(split_item("word"), None);
    }

    #[test]
    fn nested_keys_make_nested_objects() {
        let mut body = Value::Object(Map::new());
        put(&mut body, "query", Value::from("q"));
        put(&mut body, "variables[id]", Value::from("x"));
        put(&mut body, "variables[input][names][]", Value::from("n"));
        put(&mut body, "odd]key[", Value::from(1));
        assert_eq!(
            body,
            serde_json::json!({"query": "q", "odd]key[": 1,
                "variables": {"id": "x", "input": {"names": ["n"]}}})
        );
    }
}
