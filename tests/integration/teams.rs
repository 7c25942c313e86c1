//! Packs that a team shares: `docs/teams.md`, run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Guard, Outcome};

/// The fenced block of the page that begins with this line.
fn block(beginning: &str) -> String {
    let page = include_str!("../../docs/teams.md");
    let start = page.find(&format!("```toml\n{beginning}")).unwrap() + "```toml\n".len();
    let end = page[start..].find("```").unwrap();
    page[start..start + end].to_owned()
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .current_dir(directory)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The repository where a team keeps its packs, and the key that signs them.
struct Team {
    guard: Guard,
}

impl Team {
    fn new() -> Self {
        let team = Self {
            guard: Guard::new(),
        };
        let work = team.guard.work();
        run(&work, "git", &["init", "--quiet", "--initial-branch=main"]);
        for (name, value) in [("user.name", "Ann"), ("user.email", "ann@example.com")] {
            run(&work, "git", &["config", name, value]);
        }
        for key in ["ann", "eve"] {
            run(
                &team.guard.home(),
                "ssh-keygen",
                &["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", key],
            );
        }
        team
    }

    fn key(&self, name: &str) -> PathBuf {
        self.guard.home().join(name)
    }

    /// Writes and signs a pack, commits it, and gives its source.
    fn publish(&self, pack: &str, key: Option<&str>) -> String {
        let file = self.guard.file("acme.toml", pack);
        let signature = self.guard.work().join("acme.toml.sig");
        let _ = fs::remove_file(&signature);
        if let Some(key) = key {
            let outcome = self
                .guard
                .guard()
                .args(["pack", "sign", "--key"])
                .arg(self.key(key))
                .arg(&file)
                .output();
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
        }
        self.commit()
    }

    fn commit(&self) -> String {
        let work = self.guard.work();
        run(&work, "git", &["add", "--all"]);
        run(&work, "git", &["commit", "--quiet", "--message", "acme"]);
        let commit = run(&work, "git", &["rev-parse", "HEAD"]);
        format!("git+file://{}@{commit}", work.display())
    }
}

/// Another machine, on which Ann's signature counts.
fn machine(team: &Team) -> Guard {
    let guard = Guard::new();
    let settings = guard.home().join(".config/guard");
    fs::create_dir_all(&settings).unwrap();
    let key = fs::read_to_string(team.key("ann.pub")).unwrap();
    fs::write(
        settings.join("allowed_signers"),
        format!("ann@example.com {key}"),
    )
    .unwrap();
    guard
}

fn pack(guard: &Guard, arguments: &[&str]) -> Outcome {
    guard.guard().arg("pack").args(arguments).output()
}

fn refused(guard: &Guard, arguments: &[&str], why: &str) {
    let outcome = pack(guard, arguments);
    assert_eq!(outcome.code, Some(125), "{arguments:?}: {outcome:?}");
    for part in [why, "nothing was changed"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

fn done(guard: &Guard, arguments: &[&str]) -> Outcome {
    let outcome = pack(guard, arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:?}");
    outcome
}

fn verdict(guard: &Guard, command: &str) -> Outcome {
    guard.guard().args(["check", "-c", command]).output()
}

fn acme(version: &str) -> String {
    block("schema = 1").replace("1.0.0", version)
}

#[test]
fn a_pack_is_written_tested_signed_published_added_and_pinned() {
    let team = Team::new();
    let template = team.guard.guard().args(["rules", "new", "acme"]).output();
    assert_eq!(template.code, Some(0), "{template:?}");
    let file = team.guard.file("acme.toml", acme("1.0.0"));
    for check in ["lint", "test"] {
        let outcome = team
            .guard
            .guard()
            .args(["rules", check])
            .arg(&file)
            .output();
        assert_eq!(outcome.code, Some(0), "{check}: {outcome:?}");
    }
    let source = team.publish(&acme("1.0.0"), Some("ann"));

    let other = machine(&team);
    assert_eq!(verdict(&other, "acme db wipe -n shop").code, Some(0));
    let added = done(&other, &["add", &source]);
    assert!(
        added.stderr.contains("signed by ann@example.com"),
        "{added:?}"
    );
    let asked = verdict(&other, "acme db wipe -n shop");
    assert_eq!(asked.code, Some(126), "{asked:?}");
    assert!(asked.stdout.contains("acme/db-wipe"), "{asked:?}");
    assert_eq!(verdict(&other, "acme app ls").code, Some(0));
    let listed = done(&other, &["list"]);
    assert!(listed.stdout.contains(&source), "{listed:?}");
    done(&other, &["verify"]);

    let newer = acme("1.1.0").replace(
        "reversible = [\"app create\"]",
        "reversible = [\"app create\", \"app start\"]",
    ) + "\n[[cli.command]]\npath = \"app stop\"\n\n[[cli.rule]]\nid = \"app-stop\"\ncommand = [\"app stop\"]\nclass = \"recoverable\"\n\
           action = \"stop\"\ntarget = { kind = \"application\", name = [{ operand = 0 }] }\n\
           summary = \"stops it for everybody\"\nundo = \"acme app start {name}\"\nsource = \"its manual\"\n\
           match = [\"acme app stop shop\"]\nno-match = [\"acme app ls\"]\n";
    let log = other
        .shell("bash")
        .args(["-c", "acme app stop shop"])
        .output();
    assert_eq!(log.code, Some(127), "{log:?}");
    let newer = team.publish(&newer, Some("ann"));
    let difference = done(&other, &["diff", "acme", &newer, "--history"]);
    for part in [
        "+ acme/app-stop",
        "~ acme: the grammar",
        "acme app stop shop",
    ] {
        assert!(difference.stdout.contains(part), "{part}: {difference:?}");
    }
    done(&other, &["update", "acme", "--from", &newer]);
    assert_eq!(verdict(&other, "acme app stop shop").code, Some(126));

    // An older one is refused, even after the pack was removed.
    refused(&other, &["add", &source], "older than 1.1.0");
    done(&other, &["remove", "acme"]);
    assert_eq!(verdict(&other, "acme db wipe -n shop").code, Some(0));
    refused(&other, &["add", &source], "older than 1.1.0");
    done(&other, &["add", &newer]);

    // What is added can be carried along.
    let vendored = other.work().join("vendored");
    done(&other, &["vendor", vendored.to_str().unwrap()]);
    let third = machine(&team);
    done(&third, &["add", vendored.to_str().unwrap()]);
    assert_eq!(verdict(&third, "acme db wipe -n shop").code, Some(126));
}

#[test]
fn what_is_changed_unsigned_or_looser_is_refused() {
    let team = Team::new();
    let other = machine(&team);
    let unsigned = team.publish(&acme("1.0.0"), None);
    refused(&other, &["add", &unsigned], "nobody signed it");
    let stranger = team.publish(&acme("1.0.0"), Some("eve"));
    refused(&other, &["add", &stranger], "signed by nobody");
    team.publish(&acme("1.0.0"), Some("ann"));
    team.guard
        .file("acme.toml", acme("1.0.0").replace("shop", "shoq"));
    let tampered = team.commit();
    refused(&other, &["add", &tampered], "it was changed");
    let looser = acme("1.0.0").replace(
        "[[cli]]",
        "[[cli]]\nprograms = [\"docker\"]\nread-only = [\"volume rm\"]\n\n[[cli]]",
    );
    let looser = team.publish(&looser, Some("ann"));
    refused(
        &other,
        &["add", &looser],
        "calls `docker volume rm` harmless",
    );
    let looser = acme("1.0.0")
        + "\n[[api]]\nhosts = [\"*.github.com\"]\nread-only = [\"DELETE /repos/{a}/{b}\"]\n";
    let looser = team.publish(&looser, Some("ann"));
    let expected = "calls `DELETE /repos/{a}/{b}` at `*.github.com` harmless";
    refused(&other, &["add", &looser], expected);
    let wrong = acme("1.0.0").replace(
        "no-match = [\"acme db ls\"",
        "no-match = [\"acme db wipe -n x\"",
    );
    let wrong = team.publish(&wrong, Some("ann"));
    refused(&other, &["add", &wrong], "examples do not hold");
    let broken = acme("1.0.0").replace("class = ", "clas = ");
    team.guard.file("acme.toml", broken);
    let broken = team.commit();
    refused(&other, &["add", &broken], "clas");
    // By a name that moves nothing is fetched.
    let moving = unsigned.rsplit_once('@').unwrap().0.to_owned();
    refused(&other, &["add", &moving], "names no commit");
    refused(
        &other,
        &["add", &format!("{moving}@main")],
        "names no commit",
    );
    // Nobody forbids a person to take one that is not signed.
    done(&other, &["add", "--unsigned", &unsigned]);
    assert_eq!(verdict(&other, "acme db wipe -n shop").code, Some(126));
}

#[test]
fn what_is_not_as_it_was_added_falls_to_the_last_good_copy_loudly() {
    let team = Team::new();
    let source = team.publish(&acme("1.0.0"), Some("ann"));
    let other = machine(&team);
    done(&other, &["add", &source]);
    let asks = |note: Option<&str>| {
        let outcome = verdict(&other, "acme db wipe -n shop");
        assert_eq!(outcome.code, Some(126), "{outcome:?}");
        if let Some(note) = note {
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains(note), "{note}: {outcome:?}");
        }
    };
    asks(None);
    let file = other.home().join(".config/guard/packs/acme.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (changed, note) in [
        (
            Some(text.replace("db wipe", "db list")),
            "changed since it was added",
        ),
        (Some("schema = ".to_owned()), "changed since it was added"),
        (None, "missing"),
    ] {
        match changed {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        asks(Some(note));
        let outcome = pack(&other, &["verify"]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
    }
    fs::write(&file, text).unwrap();
    asks(None);
    done(&other, &["verify"]);
}

#[test]
fn packs_are_not_an_agent_s_to_change() {
    let team = Team::new();
    let source = team.publish(&acme("1.0.0"), Some("ann"));
    let other = machine(&team);
    let outcome = other
        .guard()
        .args(["pack", "add", &source])
        .env("CLAUDECODE", "1")
        .output();
    assert_eq!(outcome.code, Some(125), "{outcome:?}");
    assert!(
        outcome.stderr.contains("a person's to change"),
        "{outcome:?}"
    );
    for command in [
        "guard pack add --unsigned .",
        "guard pack update acme",
        "guard pack remove acme",
        "guard pack --managed remove acme",
    ] {
        let outcome = verdict(&other, command);
        assert_eq!(outcome.code, Some(126), "{command}: {outcome:?}");
    }
    for command in [
        "guard pack list",
        "guard pack verify",
        "guard policy show",
        "guard check -c 'rm x'",
    ] {
        let outcome = verdict(&other, command);
        assert_eq!(outcome.code, Some(0), "{command}: {outcome:?}");
    }
}

#[test]
fn a_file_is_fetched_by_its_content() {
    let team = Team::new();
    team.publish(&acme("1.0.0"), Some("ann"));
    let work = team.guard.work();
    run(
        &work,
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
    );
    let server = "import http.server,ssl,sys\n\
        s=http.server.HTTPServer(('127.0.0.1',0),http.server.SimpleHTTPRequestHandler)\n\
        c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain('cert.pem','key.pem')\n\
        s.socket=c.wrap_socket(s.socket,server_side=True)\n\
        print(s.server_port,flush=True); s.serve_forever()";
    let mut server = Command::new("python3")
        .args(["-c", server])
        .current_dir(&work)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(server.stdout.take().unwrap()),
        &mut port,
    )
    .unwrap();
    let other = machine(&team);
    let sum = run(&work, "sha256sum", &["acme.toml"]);
    let sum = sum.split(' ').next().unwrap();
    let url = format!("https://localhost:{}/acme.toml", port.trim());
    let add = |source: String| {
        other
            .guard()
            .args(["pack", "add", &source])
            .env("CURL_CA_BUNDLE", work.join("cert.pem"))
            .output()
    };
    let wrong = add(format!("{url}#sha256={}", "0".repeat(64)));
    let unhashed = add(url.clone());
    let added = add(format!("{url}#sha256={sum}"));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(
        wrong.stderr.contains("does not hold what it should"),
        "{wrong:?}"
    );
    assert!(unhashed.stderr.contains("sha256sum"), "{unhashed:?}");
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(
        added.stderr.contains("signed by ann@example.com"),
        "{added:?}"
    );
    assert_eq!(verdict(&other, "acme app rm shop").code, Some(126));
}
