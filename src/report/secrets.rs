//! Secrets inside command lines, taken out before anything is written to disk.
//!
//! Owns the question what looks like a secret. It errs towards taking out, with one limit: what
//! the shell would still execute (`$(…)`, a backquote) is never hidden.

use std::ops::Range;

use super::rewrite::Rewritten;

const MARK: &str = "[redacted]";

/// No secret is looked for further than this, so that no text takes long to read (bytes).
const LONGEST: usize = 8 << 10;

/// Words that make a name the name of a secret, wherever they stand in it.
const WORDS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "api_key",
    "access_key",
    "private_key",
    "signing_key",
    "encryption_key",
    "credential",
    "authorization",
    "cookie",
];

/// Last parts of a name that make it one.
const ENDS: &[&str] = &["_pass", "_pwd", "_auth"];

/// Last parts of a name that say it is about a secret without being one.
const ABOUT: &[&str] = &[
    "tokens", "id", "ids", "arn", "name", "names", "file", "path", "policy", "stdin", "type",
    "expiry", "length", "ttl", "url", "uri", "enabled", "format", "store",
];

/// How well-known issuers begin their tokens.
const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxe-",
    "xapp-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "hf_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "SG.",
    "AIza",
    "eyJ",
    "ya29.",
    "vercel_",
    "railway_",
    "sbp_",
    "dckr_pat_",
];

/// Options whose value is a secret, for programs that have no telling name for it. A trailing `…`
/// of the option means that the value is attached to it.
const OPTIONS: &[(&str, &str)] = &[
    ("mysql", "-p…"),
    ("mysqldump", "-p…"),
    ("mysqladmin", "-p…"),
    ("mariadb", "-p…"),
    ("mariadb-dump", "-p…"),
    ("sshpass", "-p…"),
    ("sshpass", "-p"),
    ("redis-cli", "-a"),
    ("mongosh", "-p"),
    ("mongo", "-p"),
    ("docker", "-p"),
    ("podman", "-p"),
    ("ldapsearch", "-w"),
    ("sqlcmd", "-P"),
];

/// The text without its secrets.
#[must_use]
pub fn redact(text: &str) -> Rewritten {
    let mut cuts = Vec::new();
    named(text, &mut cuts);
    schemes(text, &mut cuts);
    uris(text, &mut cuts);
    issued(text, &mut cuts);
    options(text, &mut cuts);
    private_keys(text, &mut cuts);
    for cut in &mut cuts {
        while !text.is_char_boundary(cut.end) {
            cut.end += 1;
        }
    }
    cuts.retain(|cut| !cut.is_empty() && is_literal(text, cut));
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for cut in cuts {
        match merged.last_mut() {
            Some(last) if cut.start <= last.end => last.end = last.end.max(cut.end),
            _ => merged.push(cut),
        }
    }
    Rewritten::new(
        text,
        merged
            .into_iter()
            .map(|cut| (cut, MARK.to_owned()))
            .collect(),
    )
}

/// What the shell replaces is no secret that stands here, and what it runs must stay readable.
fn is_literal(text: &str, cut: &Range<usize>) -> bool {
    let value = text.get(cut.clone()).unwrap_or_default();
    let after = text.get(cut.end..).unwrap_or_default();
    let word = value.rsplit(' ').next().unwrap_or(value);
    let name = word.trim_start_matches(['$', '{']).trim_end_matches('}');
    let only_a_variable = word.starts_with('$')
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    value != MARK
        && !only_a_variable
        && !after.starts_with(['(', '`'])
        && !["$(", "`", "<(", ">("]
            .iter()
            .any(|run| value.contains(run))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn names_a_secret(name: &str) -> bool {
    let lower = name
        .trim_start_matches('-')
        .to_ascii_lowercase()
        .replace('-', "_");
    let shouted = !name.starts_with('-') && !name.bytes().any(|b| b.is_ascii_lowercase());
    if ABOUT
        .iter()
        .any(|end| lower.ends_with(end) && lower.len() > end.len())
    {
        return false;
    }
    WORDS.iter().any(|word| lower.contains(word))
        || ENDS.iter().any(|end| lower.ends_with(end))
        || matches!(
            lower.as_str(),
            "pass" | "pwd" | "auth" | "sig" | "signature"
        )
        || (shouted && lower.ends_with("_key"))
}

/// The quote that each byte of the text stands in: `'`, `"` or 0.
fn quotes(bytes: &[u8]) -> Vec<u8> {
    let mut inside = Vec::with_capacity(bytes.len());
    let (mut quote, mut escaped) = (0, false);
    for &byte in bytes {
        inside.push(quote);
        if escaped {
            escaped = false;
        } else if byte == b'\\' && quote != b'\'' {
            escaped = true;
        } else if byte == quote {
            quote = 0;
        } else if quote == 0 && matches!(byte, b'\'' | b'"') {
            quote = byte;
        }
    }
    inside
}

/// `NAME=value`, `Header: value`, `"key": "value"`, `--name value`.
fn named(text: &str, cuts: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let inside = quotes(bytes);
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_name(bytes[at]) {
            at += 1;
        }
        let Some(name) = text.get(start..at).filter(|name| names_a_secret(name)) else {
            continue;
        };
        let mut next = at;
        while next < bytes.len() && matches!(bytes[next], b'\\' | b'"' | b'\'') {
            next += 1;
        }
        let blank = skip_blanks(bytes, next);
        let cut = if bytes.get(next) == Some(&b'=') {
            value(bytes, next + 1, 0)
        } else if bytes.get(blank) == Some(&b':') && bytes.get(blank + 1) != Some(&b'/') {
            let enclosing = inside.get(start).copied().unwrap_or(0);
            value(bytes, skip_blanks(bytes, blank + 1), enclosing)
        } else if name.starts_with("--") && next == at && blank > at {
            let word = value(bytes, blank, 0);
            if bytes.get(word.start) == Some(&b'-') {
                continue;
            }
            word
        } else {
            continue;
        };
        if is_literal(text, &cut) {
            at = at.max(cut.end);
            cuts.push(cut);
        }
    }
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The value that begins here: to its closing quote, to the end of the quoted text around it, or
/// to the end of the word.
fn value(bytes: &[u8], start: usize, enclosing: u8) -> Range<usize> {
    let mut start = start;
    if bytes.get(start) == Some(&b'$') && matches!(bytes.get(start + 1), Some(b'\'')) {
        start += 1;
    }
    let escaped = bytes.get(start) == Some(&b'\\');
    let quote = bytes.get(start + usize::from(escaped)).copied();
    if let Some(quote @ (b'"' | b'\'')) = quote
        && (escaped || quote != enclosing)
    {
        let start = start + usize::from(escaped) + 1;
        let mut end = start;
        while end < bytes.len().min(start + LONGEST) && bytes[end] != quote {
            end += 1 + usize::from(bytes[end] == b'\\' && quote == b'"' && !escaped);
        }
        let end = end.min(bytes.len());
        let backslash = escaped && end > start && bytes.get(end - 1) == Some(&b'\\');
        return start..end - usize::from(backslash);
    }
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        let stop = if enclosing == 0 {
            byte.is_ascii_whitespace() || b";&|<>()'\"`".contains(byte)
        } else {
            *byte == enclosing || *byte == b'\n'
        };
        if stop || end - start > LONGEST {
            break;
        }
        end += 1;
    }
    start..end
}

/// `Bearer …` and `Basic …`, wherever they stand.
fn schemes(text: &str, cuts: &mut Vec<Range<usize>>) {
    for scheme in ["Bearer ", "bearer ", "Basic ", "basic "] {
        for (at, _) in text.match_indices(scheme) {
            let start = at + scheme.len();
            let word = value(text.as_bytes(), start, 0);
            if word.len() >= 8 {
                cuts.push(word);
            }
        }
    }
}

/// The password in `scheme://user:password@host`.
fn uris(text: &str, cuts: &mut Vec<Range<usize>>) {
    for (at, separator) in text.match_indices("://") {
        let start = at + separator.len();
        let rest = text.get(start..).unwrap_or_default();
        let authority = rest
            .find(|c: char| c.is_whitespace() || "/?#'\"`;|<>".contains(c))
            .unwrap_or(rest.len());
        let Some(credentials) = rest.get(..authority).and_then(|a| a.rfind('@')) else {
            continue;
        };
        let user = rest.get(..credentials).and_then(|c| c.find(':'));
        match user {
            Some(colon) => cuts.push(start + colon + 1..start + credentials),
            None if credentials >= 20 => cuts.push(start..start + credentials),
            None => {}
        }
    }
}

/// Tokens that tell by their beginning who made them.
fn issued(text: &str, cuts: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let is_token = |byte: u8| is_name(byte) || matches!(byte, b'.' | b'/' | b'+' | b'=');
    for prefix in PREFIXES {
        let mut done = 0;
        for (at, _) in text.match_indices(prefix) {
            let begins = at == 0 || !is_token(bytes[at - 1]) || bytes[at - 1] == b'=';
            if !begins || at < done {
                continue;
            }
            let token = bytes[at..].iter().take(LONGEST);
            let length = token.take_while(|b| is_token(**b)).count();
            done = at + length;
            if length >= prefix.len() + 16 {
                cuts.push(at..done);
            }
        }
    }
}

/// What only the program's own grammar tells: `mysql -psecret`, `curl -u name:secret`.
fn options(text: &str, cuts: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut program = "";
    let mut expects_program = true;
    let mut pending = None;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() || b";&|(){}\"'`".contains(&bytes[at]) {
            expects_program |= b";&|(\n`\"'".contains(&bytes[at]);
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len()
            && !bytes[at].is_ascii_whitespace()
            && !b";&|()\"'`".contains(&bytes[at])
        {
            at += 1;
        }
        let word = text.get(start..at).unwrap_or_default();
        if let Some(skip) = pending.take() {
            cuts.push(start + user_name(word, skip)..at);
        }
        if let Some((_, option)) = OPTIONS
            .iter()
            .find(|(name, option)| *name == program && (*option == word || attached(option, word)))
        {
            if attached(option, word) {
                cuts.push(start + option.len() - '…'.len_utf8()..at);
            } else {
                pending = Some(false);
            }
        } else if matches!(program, "curl" | "wget" | "http" | "xh")
            && matches!(
                word,
                "-u" | "--user" | "-U" | "--proxy-user" | "-a" | "--auth"
            )
        {
            pending = Some(true);
        }
        if expects_program && !word.contains('=') {
            program = word.rsplit('/').next().unwrap_or(word);
            expects_program = false;
        }
    }
}

fn attached(option: &str, word: &str) -> bool {
    option
        .strip_suffix('…')
        .is_some_and(|option| word.len() > option.len() && word.starts_with(option))
}

/// How much of `name:password` stays: the name, if there is one.
fn user_name(word: &str, with_name: bool) -> usize {
    if !with_name {
        return 0;
    }
    word.find(':').map_or(word.len(), |colon| colon + 1)
}

fn private_keys(text: &str, cuts: &mut Vec<Range<usize>>) {
    for (at, begin) in text.match_indices("PRIVATE KEY-----") {
        let start = at + begin.len();
        let end = text
            .get(start..)
            .and_then(|rest| rest.find("-----"))
            .unwrap_or(0);
        cuts.push(start..start + end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left() {
        for (text, kept) in [
            (
                "curl -H 'Authorization: Bearer 0c8f1d2e-aaaa' https://x",
                "curl -H 'Authorization: [redacted]' https://x",
            ),
            (
                "curl -H \"Project-Access-Token: 0c8f1d2e\" -d @f",
                "curl -H \"Project-Access-Token: [redacted]\" -d @f",
            ),
            (
                "RAILWAY_TOKEN=abc railway up",
                "RAILWAY_TOKEN=[redacted] railway up",
            ),
            (
                "export DEPLOY_KEY='a b' ; ls",
                "export DEPLOY_KEY='[redacted]' ; ls",
            ),
            (
                "PGPASSWORD=\"a\\\"b\" psql",
                "PGPASSWORD=\"[redacted]\" psql",
            ),
            ("MYSQL_PWD=x mysql", "MYSQL_PWD=[redacted] mysql"),
            (
                "psql postgres://app:s3cr:et@db/x -c 'drop table y'",
                "psql postgres://app:[redacted]@db/x -c 'drop table y'",
            ),
            (
                "x --password hunter2 --yes",
                "x --password [redacted] --yes",
            ),
            ("x --token=abc;rm y", "x --token=[redacted];rm y"),
            (
                "mysql -u root -phunter2 db",
                "mysql -u root -p[redacted] db",
            ),
            ("sshpass -p hunter2 ssh h", "sshpass -p [redacted] ssh h"),
            (
                "curl -u bob:hunter2 https://h",
                "curl -u bob:[redacted] https://h",
            ),
            (
                r#"curl -d '{"apiToken": "abc", "id": "vol_1"}'"#,
                r#"curl -d '{"apiToken": "[redacted]", "id": "vol_1"}'"#,
            ),
            (
                r#"curl -d "{\"password\":\"abc\",\"id\":1}""#,
                r#"curl -d "{\"password\":\"[redacted]\",\"id\":1}""#,
            ),
            (
                "git clone https://ghp_0123456789abcdefghijABCDEFGHIJ@github.com/a/b",
                "git clone https://[redacted]@github.com/a/b",
            ),
            (
                "echo sk-ant-api03-0123456789abcdef | cat",
                "echo [redacted] | cat",
            ),
            (
                "curl 'https://h/?token=abc&x=1'",
                "curl 'https://h/?token=[redacted]&x=1'",
            ),
        ] {
            let redacted = redact(text);
            assert_eq!(redacted.text(), kept, "{text}");
            assert_eq!(redact(kept).text(), kept, "twice: {text}");
        }
    }

    #[test]
    fn no_text_takes_long() {
        for part in [
            "Authorization: ",
            "\"Authorization: ",
            "'token=$(",
            "token=",
            "=sk-",
            "sk-",
            "://",
            "://a@",
            "PRIVATE KEY-----",
            "mysql -p ",
            "é",
            "\\",
            "curl -u ",
        ] {
            let start = std::time::Instant::now();
            let _ = redact(&part.repeat((256 << 10) / part.len()));
            assert!(start.elapsed().as_secs() < 5, "{part}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "aws secretsmanager delete-secret --secret-id prod/db",
            "TOKEN=$(cat f; rm -rf x) y",
            "curl -H \"Authorization: Bearer $TOKEN\"",
            "PASSWORD=\"$(rm -rf x)\" y",
            "x --password-stdin < f",
            "docker run -u 1000:1000 img",
            "sort --key=2 f",
            "model --max-tokens=100",
            "git commit -m 'token refresh'",
            "",
            "é",
        ] {
            assert_eq!(redact(text).text(), text);
        }
    }
}
