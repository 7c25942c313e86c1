//! The request that destroyed a production database, against a server that really deletes.
//!
//! A stand-in for Railway's API holds a volume with backups. Each form of the request is first
//! run as it is, to prove that it deletes; then guard must say so before it runs, and must not
//! ask about the same form with a query in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use guard::effect::{Assessment, Class};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::world::System;
use serde_json::Value;

use crate::harness::{Guard, Run};

const VOLUME: &str = "3d2c42fb-pg-data";
const DELETE: &str = r#"mutation { volumeDelete(volumeId: \"3d2c42fb-pg-data\") }"#;
const QUERY: &str = r#"query { volume(id: \"3d2c42fb-pg-data\") { name } }"#;

/// What the server holds: volumes with their backups.
type Volumes = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

struct Railway {
    port: u16,
    volumes: Volumes,
}

impl Railway {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let volumes = Volumes::default();
        let state = Arc::clone(&volumes);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        let railway = Self { port, volumes };
        railway.fill();
        railway
    }

    fn fill(&self) {
        let backups = ["monday", "tuesday"].map(str::to_owned);
        let mut volumes = self.volumes.lock().expect("the state");
        volumes.insert(VOLUME.to_owned(), backups.into());
    }

    fn has_volume(&self) -> bool {
        let volumes = self.volumes.lock().expect("the state");
        volumes
            .get(VOLUME)
            .is_some_and(|backups| backups.len() == 2)
    }
}

/// One connection: requests until the client has no more.
fn serve(stream: TcpStream, volumes: &Volumes) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let target = line.split_whitespace().nth(1).unwrap_or("").to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
                break;
            }
            let header = header.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if header.starts_with("expect:") {
                let _ = reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let query = target.split_once('?').map_or("", |(_, query)| query);
        for (document, variables) in documents(query, &String::from_utf8_lossy(&body)) {
            run(&document, &variables, volumes);
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"data\":{}}";
        if reader.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}

/// The GraphQL documents of a request, with their variables.
fn documents(query: &str, body: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut take = |value: &Value| {
        if let Some(document) = value.get("query").and_then(Value::as_str) {
            let variables = value.get("variables").cloned().unwrap_or_default();
            found.push((document.to_owned(), variables));
        }
    };
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Array(batch)) => batch.iter().for_each(&mut take),
        Ok(value) => take(&value),
        Err(_) => {}
    }
    for pairs in [query, body] {
        for pair in pairs.split('&') {
            if let Some(text) = pair.strip_prefix("query=") {
                found.push((decode(text), Value::Null));
            }
        }
    }
    if body.trim_start().starts_with("mutation") || body.trim_start().starts_with("query") {
        found.push((body.to_owned(), Value::Null));
    }
    if body.contains("form-data; name=\"operations\"") {
        let json = body
            .split("\r\n\r\n")
            .nth(1)
            .and_then(|part| part.split("\r\n").next());
        if let Some(Ok(value)) = json.map(serde_json::from_str::<Value>) {
            found.push((
                value["query"].as_str().unwrap_or("").to_owned(),
                value["variables"].clone(),
            ));
        }
    }
    found
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Carries a document out, read in another way than guard reads it: by its tokens.
fn run(document: &str, variables: &Value, volumes: &Volumes) {
    let tokens = tokens(document);
    if !tokens.iter().any(|token| token == "mutation") {
        return;
    }
    for (at, token) in tokens.iter().enumerate() {
        if token != "volumeDelete" || tokens.get(at + 1).is_none_or(|next| next != "(") {
            continue;
        }
        let argument = tokens.get(at + 2..at + 6).unwrap_or_default();
        let id = match argument {
            [name, colon, dollar, variable]
                if dollar == "$" && name == "volumeId" && colon == ":" =>
            {
                variables[variable].as_str().unwrap_or("").to_owned()
            }
            [name, colon, value, _] if name == "volumeId" && colon == ":" => {
                value.trim_matches('"').to_owned()
            }
            _ => continue,
        };
        volumes.lock().expect("the state").remove(&id);
    }
}

fn tokens(document: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = document.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            let text: String = chars.by_ref().take_while(|c| *c != '"').collect();
            tokens.push(format!("\"{text}\""));
        } else if c.is_ascii_alphanumeric() || c == '_' {
            let mut word = c.to_string();
            while let Some(next) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                word.push(next);
            }
            tokens.push(word);
        } else if !c.is_whitespace() && c != ',' {
            tokens.push(c.to_string());
        }
    }
    tokens
}

const URL: &str = "http://backboard.railway.app/graphql/v2";

/// The forms of the request. `@DOC@` is the document inside JSON, `@RAW@` the document itself,
/// `@MAP@` what leads curl to the stand-in.
const FORMS: &[(&str, &str)] = &[
    (
        "as it was",
        r#"curl -X POST @URL@ @MAP@ -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"query":"@DOC@"}'"#,
    ),
    (
        "data-raw",
        r#"curl -sS @MAP@ @URL@ --data-raw '{"query":"@DOC@"}'"#,
    ),
    (
        "data-binary",
        r#"curl -sS @MAP@ @URL@ --data-binary '{"query":"@DOC@"}'"#,
    ),
    ("json", r#"curl -sS @MAP@ --json '{"query":"@DOC@"}' @URL@"#),
    (
        "attached",
        r#"curl -sSXPOST -d'{"query":"@DOC@"}' @MAP@ @URL@"#,
    ),
    ("file", r#"curl -sS @MAP@ @URL@ -d @body.json"#),
    (
        "file, as it is",
        r#"curl -sS @MAP@ @URL@ --data-binary @./body.json"#,
    ),
    (
        "pipe",
        r#"echo '{"query":"@DOC@"}' | curl -sS @MAP@ @URL@ -d @-"#,
    ),
    (
        "printf",
        r#"printf '{"query":"%s"}' '@DOC@' | curl -sS @MAP@ @URL@ --data-binary @-"#,
    ),
    ("cat", r#"cat body.json | curl -sS @MAP@ @URL@ -d @-"#),
    ("redirection", r#"curl -sS @MAP@ @URL@ -d @- < body.json"#),
    (
        "here-document",
        "curl -sS @MAP@ @URL@ -d @- <<'EOF'\n{\"query\":\"@DOC@\"}\nEOF",
    ),
    (
        "here-document with variables",
        "ID=3d2c42fb-pg-data\ncurl -sS @MAP@ @URL@ -d @- <<EOF\n{\"query\":\"@DOC@\"}\nEOF",
    ),
    (
        "here-string",
        r#"curl -sS @MAP@ @URL@ -d @- <<< '{"query":"@DOC@"}'"#,
    ),
    (
        "stdin by path",
        r#"curl -sS @MAP@ @URL@ -d @/dev/stdin <<< '{"query":"@DOC@"}'"#,
    ),
    ("config", "curl -sS @MAP@ -K curl.conf"),
    ("config on stdin", "curl -sS @MAP@ -K - < curl.conf"),
    (
        "get",
        r#"curl -sS @MAP@ -G @URL@ --data-urlencode "query=@RAW@""#,
    ),
    ("url", "curl -sS -g @MAP@ '@URL@?query=@ENCODED@'"),
    (
        "form",
        r#"curl -sS @MAP@ @URL@ --data-urlencode 'query=@RAW@'"#,
    ),
    (
        "multipart",
        r#"curl -sS @MAP@ @URL@ -F 'operations={"query":"@DOC@"}' -F 'map={}'"#,
    ),
    (
        "next",
        r#"curl -sS @MAP@ @URL@ -d '{"query":"{ me { id } }"}' --next -sS @MAP@ @URL@ -d '{"query":"@DOC@"}'"#,
    ),
    (
        "batch",
        r#"curl -sS @MAP@ @URL@ -d '[{"query":"{ me { id } }"},{"query":"@DOC@"}]'"#,
    ),
    (
        "document",
        r#"curl -sS @MAP@ @URL@ -H 'Content-Type: application/graphql' -d '@RAW@'"#,
    ),
    (
        "several data",
        r#"curl -sS @MAP@ @URL@ -d 'a=b' --data-urlencode 'query=@RAW@'"#,
    ),
    (
        "host header",
        r#"curl -sS http://127.0.0.1:@PORT@/graphql/v2 -H 'Host: backboard.railway.app' -d '{"query":"@DOC@"}'"#,
    ),
    (
        "resolve",
        r#"curl -sS --resolve backboard.railway.app:@PORT@:127.0.0.1 http://BackBoard.Railway.App:@PORT@/graphql/v2 -d '{"query":"@DOC@"}'"#,
    ),
    (
        "proxy",
        r#"curl -sS -x http://127.0.0.1:@PORT@ @URL@ -d '{"query":"@DOC@"}'"#,
    ),
    (
        "no scheme",
        r#"curl -sS @MAP@ user:secret@backboard.railway.app/graphql/v2 -d '{"query":"@DOC@"}'"#,
    ),
    (
        "brace url",
        r#"curl -sS @MAP@ 'http://backboard.railway.{app,app}/graphql/v2' -d '{"query":"@DOC@"}'"#,
    ),
    (
        "variable url",
        r#"API=@URL@; BODY='{"query":"@DOC@"}'; curl -sS @MAP@ "$API" -d "$BODY""#,
    ),
    (
        "function",
        r#"gql() { curl -sS @MAP@ @URL@ -d "$1"; }; gql '{"query":"@DOC@"}'"#,
    ),
    (
        "nested shell",
        r#"bash -c 'curl -sS @MAP@ @URL@ -d @body.json'"#,
    ),
    ("eval", r#"eval "curl -sS @MAP@ @URL@ -d @body.json""#),
    ("script", "bash wipe.sh"),
    ("script by path", "./wipe.sh"),
    (
        "wrapped",
        "env -u X nice timeout 20 curl -sS @MAP@ @URL@ -d @body.json",
    ),
    ("xargs", "echo @URL@ | xargs curl -sS @MAP@ -d @body.json"),
    (
        "wget",
        r#"http_proxy=http://127.0.0.1:@PORT@ wget -qO- --header 'Content-Type: application/json' --post-data '{"query":"@DOC@"}' @URL@"#,
    ),
    (
        "wget file",
        r#"http_proxy=http://127.0.0.1:@PORT@ wget -qO- --post-file=body.json @URL@"#,
    ),
    (
        "wget method",
        r#"http_proxy=http://127.0.0.1:@PORT@ wget -qO- --method POST --body-data '{"query":"@DOC@"}' @URL@"#,
    ),
    (
        "httpie",
        r#"http --ignore-stdin --proxy http:http://127.0.0.1:@PORT@ POST @URL@ query="@RAWDQ@""#,
    ),
    (
        "httpie raw",
        r#"http --ignore-stdin --proxy http:http://127.0.0.1:@PORT@ @URL@ --raw '{"query":"@DOC@"}'"#,
    ),
    (
        "httpie stdin",
        r#"echo '{"query":"@DOC@"}' | http --proxy http:http://127.0.0.1:@PORT@ @URL@"#,
    ),
    (
        "httpie query",
        r#"http --ignore-stdin --proxy http:http://127.0.0.1:@PORT@ GET @URL@ query=='@RAW@'"#,
    ),
    (
        "python",
        "http_proxy=http://127.0.0.1:@PORT@ python3 - <<'EOF'\nimport json, urllib.request as u\ndoc = \"\"\"@RAW@\"\"\"\nbody = json.dumps({\"query\": doc}).encode()\nprint(u.urlopen(u.Request(\"@URL@\", data=body)).read())\nEOF",
    ),
    (
        "python script",
        "http_proxy=http://127.0.0.1:@PORT@ python3 request.py",
    ),
];

/// Other spellings of the deletion itself, as the body of a request.
const SPELLINGS: &[(&str, &str)] = &[
    (
        "alias",
        r#"{"query":"mutation { volumeCreate: volumeDelete(volumeId: \"3d2c42fb-pg-data\") }"}"#,
    ),
    (
        "escapes",
        r#"{"query":"mutation { \u0076olumeDelete(volumeId: \"3d2c42fb-pg-data\") }"}"#,
    ),
    (
        "fragment",
        r#"{"query":"mutation { ...Wipe } fragment Wipe on Mutation { volumeDelete(volumeId: \"3d2c42fb-pg-data\") }"}"#,
    ),
    (
        "inline fragment",
        r#"{"query":"mutation { ... on Mutation { volumeDelete(volumeId: \"3d2c42fb-pg-data\") } }"}"#,
    ),
    (
        "variables",
        r#"{"query":"mutation($id: String!) { volumeDelete(volumeId: $id) }","variables":{"id":"3d2c42fb-pg-data"}}"#,
    ),
    (
        "named",
        r#"{"operationName":"B","query":"query A { me { id } } mutation B { volumeDelete(volumeId: \"3d2c42fb-pg-data\") }"}"#,
    ),
    (
        "second field",
        r#"{"query":"mutation { volumeUpdate(volumeId: \"x\", input: {name: \"y\"}) { id } volumeDelete(volumeId: \"3d2c42fb-pg-data\") }"}"#,
    ),
];

fn fill_in(form: &str, document: &str, port: u16) -> String {
    let raw = document.replace("\\\"", "\"");
    let encoded: String = raw
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let quoted_raw = if form.contains("\"query=@RAW@\"") {
        document
    } else {
        raw.as_str()
    };
    form.replace("@URL@", URL)
        .replace("@MAP@", &format!("--connect-to ::127.0.0.1:{port}"))
        .replace("@PORT@", &port.to_string())
        .replace("@DOC@", document)
        .replace("@RAWDQ@", document)
        .replace("@RAW@", quoted_raw)
        .replace("@ENCODED@", &encoded)
}

/// The files that some forms read.
fn write_files(directory: &Path, document: &str, port: u16) {
    use std::os::unix::fs::PermissionsExt;
    let body = format!("{{\"query\":\"{document}\"}}");
    std::fs::write(directory.join("body.json"), &body).expect("body.json");
    let quoted = body.replace('\\', "\\\\").replace('"', "\\\"");
    let config = format!("url = \"{URL}\"\n# how\nrequest = POST\ndata = \"{quoted}\"\n");
    std::fs::write(directory.join("curl.conf"), config).expect("curl.conf");
    let python = fill_in(
        "import json, urllib.request as u\ndoc = '@RAW@'\nbody = json.dumps({'query': doc}).encode()\nu.urlopen(u.Request('@URL@', data=body))\n",
        document,
        port,
    );
    std::fs::write(directory.join("request.py"), python).expect("request.py");
    let script = fill_in(
        "#!/bin/bash\nset -e\ncurl -sS @MAP@ @URL@ -d @body.json\n",
        document,
        port,
    );
    let path = directory.join("wipe.sh");
    std::fs::write(&path, script).expect("wipe.sh");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, executable).expect("its mode");
}

fn bash(script: &str, directory: &Path) {
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("bash");
    assert!(
        output.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn judged(script: &str, directory: &Path) -> Assessment {
    let world = System::new(directory.to_owned());
    assess(&Subject::script(script), Stdin::Empty, &world)
}

fn names_the_volume(found: &Assessment) -> bool {
    found.effects.iter().any(|effect| {
        effect.reversibility.class() == Class::Irreversible
            && effect.rule.to_string() == "railway/graphql-volume-delete"
            && effect.target.name.as_deref() == Some(VOLUME)
            && effect.also_lost.iter().any(|lost| lost.contains("backup"))
    })
}

fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}

fn available(script: &str) -> bool {
    ["wget ", "http ", "python3 "].iter().all(|program| {
        let used = script.starts_with(program) || script.contains(&format!(" {program}"));
        !used || has(program.trim())
    })
}

#[test]
fn every_form_of_the_request_is_seen_and_its_query_is_not_asked_about() {
    let railway = Railway::start();
    let place = tempfile::tempdir().expect("a directory");
    let mut failures = Vec::new();
    let mut proven = 0;
    let spelled = SPELLINGS
        .iter()
        .map(|(name, body)| (*name, format!("curl -sS @MAP@ @URL@ -d '{body}'")));
    let forms = FORMS.iter().map(|(name, form)| (*name, (*form).to_owned()));
    for (name, form) in forms.chain(spelled) {
        let script = fill_in(&form, DELETE, railway.port);
        if !available(&script) {
            continue;
        }
        write_files(place.path(), DELETE, railway.port);
        railway.fill();
        bash(&script, place.path());
        if railway.has_volume() {
            failures.push(format!("{name}: deletes nothing by itself: {script}"));
        }
        proven += 1;
        let found = judged(&script, place.path());
        if !names_the_volume(&found) || !found.opaque.is_empty() {
            failures.push(format!("{name}: not seen: {script}\n{found:#?}"));
        }
        if !form.contains("@DOC@")
            && !form.contains("@RAW")
            && !form.contains("@ENC")
            && !form.contains(".json")
            && !form.contains(".conf")
            && !form.contains(".sh")
        {
            continue;
        }
        write_files(place.path(), QUERY, railway.port);
        let harmless = fill_in(&form, QUERY, railway.port);
        let found = judged(&harmless, place.path());
        if found.class() > Class::Reversible {
            failures.push(format!(
                "{name}: a query is asked about: {harmless}\n{found:#?}"
            ));
        }
    }
    assert!(proven >= 45, "{proven} forms");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The forms and spellings that can run here, filled in.
fn scripts(document: &str, port: u16) -> Vec<(&'static str, String)> {
    let spelled = SPELLINGS
        .iter()
        .map(|(name, body)| (*name, format!("curl -sS @MAP@ @URL@ -d '{body}'")));
    FORMS
        .iter()
        .map(|(name, form)| (*name, (*form).to_owned()))
        .chain(spelled)
        .map(|(name, form)| (name, fill_in(&form, document, port)))
        .filter(|(_, script)| available(script))
        .collect()
}

#[test]
fn as_the_agents_shell_guard_keeps_the_volume() {
    let railway = Railway::start();
    let guard = Guard::new();
    write_files(&guard.work(), DELETE, railway.port);
    let mut failures = Vec::new();
    for (name, script) in scripts(DELETE, railway.port) {
        let outcome = guard.shell("bash").args(["-c", &script]).output();
        if outcome.code != Some(126) || !railway.has_volume() {
            failures.push(format!("{name}: {script}\n{outcome:?}"));
            railway.fill();
        }
        if !outcome.stderr.contains(VOLUME) {
            failures.push(format!(
                "{name}: the volume is not named: {}",
                outcome.stderr
            ));
        }
    }
    write_files(&guard.work(), QUERY, railway.port);
    for (name, form) in FORMS {
        let script = fill_in(form, QUERY, railway.port);
        if !available(&script) {
            continue;
        }
        let outcome = guard.shell("bash").args(["-c", &script]).output();
        if outcome.code != Some(0) || outcome.stderr.contains("guard") {
            failures.push(format!(
                "{name}: a query does not run: {script}\n{outcome:?}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Runs that reach the server through other programs, where only a shim sees the request.
fn indirect(guard: &Guard, document: &str, port: u16) -> Vec<(&'static str, Run)> {
    let work = guard.work();
    write_files(&work, document, port);
    let curl = fill_in("curl -sSf @MAP@ @URL@ -d @body.json", document, port);
    guard.file("Makefile", format!("wipe:\n\t@{curl}\n"));
    guard.file(
        "package.json",
        format!("{{\"name\":\"x\",\"version\":\"1.0.0\",\"scripts\":{{\"wipe\":\"{curl}\"}}}}"),
    );
    let words: Vec<String> = curl.split(' ').map(|word| format!("{word:?}")).collect();
    guard.file(
        "wipe.py",
        format!(
            "import subprocess, sys\nsys.exit(subprocess.run([{}]).returncode)\n",
            words.join(", ")
        ),
    );
    guard.file(
        "wipe.js",
        format!(
            "const r = require('child_process').spawnSync({}, [{}], {{stdio: 'inherit'}}); process.exit(r.status)\n",
            words.first().map_or("", String::as_str),
            words.get(1..).unwrap_or_default().join(", ")
        ),
    );
    for program in ["curl", "wget", "http"] {
        guard.shim(program);
    }
    let shims = guard.path("shims");
    let run = |program: &str| guard.run(program).first_on_path(&shims);
    let mut runs = vec![
        ("make", run("make").arg("wipe")),
        ("npm", run("npm").args(["run", "-s", "wipe"])),
        ("python", run("python3").arg("wipe.py")),
        ("node", run("node").arg("wipe.js")),
        ("another shell", run("/bin/sh").args(["-c", &curl])),
        (
            "perl",
            run("perl").args(["-e", &format!("exit(system('{curl}') >> 8)")]),
        ),
    ];
    runs.retain(|(name, _)| has(name) || matches!(*name, "another shell" | "python" | "npm"));
    runs.retain(|(name, _)| *name != "npm" || has("npm"));
    runs.retain(|(name, _)| *name != "python" || has("python3"));
    runs
}

#[test]
fn through_shims_guard_keeps_the_volume() {
    let railway = Railway::start();
    let guard = Guard::new();
    let mut failures = Vec::new();
    for (name, run) in indirect(&guard, DELETE, railway.port) {
        let outcome = run.output();
        if outcome.code == Some(0) || !railway.has_volume() || !outcome.stderr.contains(VOLUME) {
            failures.push(format!("{name}: {outcome:?}"));
            railway.fill();
        }
    }
    for (name, run) in indirect(&guard, QUERY, railway.port) {
        let outcome = run.output();
        if outcome.code != Some(0) {
            failures.push(format!("{name}: a query does not run: {outcome:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn started_directly_guard_keeps_the_volume() {
    let railway = Railway::start();
    let guard = Guard::new();
    let map = format!("::127.0.0.1:{}", railway.port);
    let curl = |document: &str| {
        write_files(&guard.work(), document, railway.port);
        let body = format!("{{\"query\":\"{document}\"}}");
        [
            guard
                .guard()
                .args(["--", "curl", "-sS", "--connect-to", &map, URL, "-d", &body]),
            guard.guard().args([
                "--",
                "curl",
                "-sS",
                "--connect-to",
                &map,
                URL,
                "-d",
                "@body.json",
            ]),
            guard
                .guard()
                .args(["--", "curl", "-sS", "--connect-to", &map, URL, "-d", "@-"])
                .stdin(&body),
        ]
    };
    for run in curl(DELETE) {
        let outcome = run.output();
        assert_eq!(outcome.code, Some(126), "{outcome:?}");
        assert!(railway.has_volume());
    }
    for run in curl(QUERY) {
        let outcome = run.output();
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    }
}

#[test]
fn what_a_person_approves_runs_once() {
    let railway = Railway::start();
    let guard = Guard::new();
    write_files(&guard.work(), DELETE, railway.port);
    let script = fill_in("curl -sS @MAP@ @URL@ -d @body.json", DELETE, railway.port);
    let agent = guard.shell("bash").args(["-c", &script]);
    let refused = agent.output();
    assert_eq!(refused.code, Some(126), "{refused:?}");
    assert!(railway.has_volume());
    let id = refused
        .stderr
        .split("guard approve ")
        .nth(1)
        .expect("a request");
    let id: String = id.chars().take_while(char::is_ascii_alphanumeric).collect();

    let mut person = guard.guard().args(["approve", &id]).terminal();
    person.expect("every backup of the volume");
    person.expect("> ");
    person.send(&format!("{VOLUME}\n"));
    let answered = person.finish();
    assert_eq!(answered.code, Some(0), "{}", answered.stdout);
    assert!(railway.has_volume(), "an approval runs nothing by itself");

    let approved = agent.output();
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert!(!railway.has_volume());
    railway.fill();
    assert_eq!(agent.output().code, Some(126));
    assert!(railway.has_volume());
}
