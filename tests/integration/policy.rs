//! The layers of the policy, with the real program: what each may say, and who may change it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Guard, Outcome};

/// Guard in a namespace in which the user database gives this place's home to its user, so that
/// the person's own layer is the one in there; and with a managed layer, if one is given.
fn at_home(guard: &Guard, managed: Option<&str>, arguments: &[&str]) -> Outcome {
    let home = guard.home();
    let passwd = guard.path("passwd");
    let entry = format!("root:x:0:0:root:{}:/bin/sh\n", home.display());
    fs::write(&passwd, entry).unwrap();
    let etc = guard.path("etc");
    fs::create_dir_all(etc.join("guard")).unwrap();
    if let Some(text) = managed {
        fs::write(etc.join("guard/guard.toml"), text).unwrap();
    }
    // `/etc` as it is, with one directory more.
    let script = "set -e\n\
        if [ -n \"$2\" ]; then mount -t overlay overlay -o \"lowerdir=$2:/etc\" /etc; fi\n\
        mount --bind \"$1\" /etc/passwd\n\
        shift 2; exec \"$@\"";
    let lower = managed.map_or(String::new(), |_| etc.to_str().unwrap().to_owned());
    guard
        .run("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(&passwd)
        .arg(lower)
        .arg(env!("CARGO_BIN_EXE_guard"))
        .args(arguments)
        .output()
}

fn settings(guard: &Guard, text: &str) {
    let directory = guard.home().join(".config/guard");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("guard.toml"), text).unwrap();
}

const EXCEPTION: &str = "schema = 1\n\
    [[exception]]\n\
    rule = 'containers/volume-rm'\n\
    target = 'scratch'\n\
    reason = 'made anew by every test run'\n\
    owner = 'ann@example.com'\n\
    expires = 2100-01-01\n";

const DENIAL: &str = "schema = 1\n\
    [[rule]]\n\
    rule = 'containers/*'\n\
    decision = 'deny'\n\
    reason = 'ask the platform team'\n";

fn check(guard: &Guard, managed: Option<&str>, command: &str) -> Outcome {
    at_home(guard, managed, &["check", "-c", command])
}

#[test]
fn a_person_s_exception_is_for_one_target_until_its_day() {
    let guard = Guard::new();
    let asks = |command: &str| check(&guard, None, command).code == Some(126);
    assert!(asks("docker volume rm scratch"));
    settings(&guard, EXCEPTION);
    let excepted = check(&guard, None, "docker volume rm scratch");
    assert_eq!(excepted.code, Some(0), "{excepted:?}");
    assert!(excepted.stdout.contains("ann@example.com"), "{excepted:?}");
    assert!(asks("docker volume rm scratch pg-data"));
    assert!(asks("docker volume rm pg-data"));
    settings(&guard, &EXCEPTION.replace("2100", "2020"));
    assert!(asks("docker volume rm scratch"));
}

#[test]
fn the_environment_grants_nothing() {
    let guard = Guard::new();
    settings(&guard, EXCEPTION);
    // The same file, but this home is only what a variable says.
    let outcome = guard
        .guard()
        .args(["check", "-c", "docker volume rm scratch"])
        .output();
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    let shown = guard.guard().args(["policy", "show"]).output();
    assert!(shown.stdout.contains("can only tighten"), "{shown:?}");
    // A variable may still ask for more.
    let strict = guard.file(
        "strict.toml",
        "schema = 1\n[decisions]\nunlisted = 'confirm'\n",
    );
    let run = |guard: &Guard| guard.guard().args(["check", "-c", "frobnicate --all"]);
    assert_eq!(run(&guard).output().code, Some(0));
    let outcome = run(&guard).env("GUARD_POLICY", &strict).output();
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    let missing = run(&guard).env("GUARD_POLICY", "/nowhere/g.toml").output();
    assert_eq!(missing.code, Some(126), "{missing:?}");
}

#[test]
fn root_s_layer_outdoes_a_person_s() {
    let guard = Guard::new();
    settings(&guard, EXCEPTION);
    let outcome = check(&guard, Some(DENIAL), "docker volume rm scratch");
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    assert!(
        outcome.stdout.contains("ask the platform team"),
        "{outcome:?}"
    );
    let shown = at_home(&guard, Some(DENIAL), &["policy", "show"]);
    for part in [
        "managed  /etc/guard/guard.toml",
        "deny containers/*",
        "runs unasked",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
}

#[test]
fn a_layer_that_is_broken_or_anybody_s_lets_nothing_change() {
    let guard = Guard::new();
    settings(&guard, "schema = 1\n[decisons]\nopaque = 'deny'\n");
    let outcome = check(&guard, None, "frobnicate");
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    assert!(outcome.stdout.contains("line 2, column 2"), "{outcome:?}");
    assert_eq!(check(&guard, None, "git status").code, Some(0));
    settings(&guard, EXCEPTION);
    let file = guard.home().join(".config/guard/guard.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let outcome = check(&guard, None, "docker volume rm scratch");
    assert!(outcome.stdout.contains("others may write"), "{outcome:?}");
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
}

#[test]
fn a_project_tightens_and_the_agent_is_told_why() {
    let guard = Guard::new();
    guard.file("guard.toml", DENIAL);
    fs::create_dir_all(guard.work().join("deep/er")).unwrap();
    let outcome = guard
        .shell("bash")
        .directory(guard.work().join("deep/er"))
        .args(["-c", "docker volume rm scratch"])
        .output();
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    for part in ["does not allow this", "ask the platform team"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn changing_a_layer_is_a_question() {
    let guard = Guard::new();
    guard.file("guard.toml", DENIAL);
    settings(&guard, "schema = 1\n");
    guard.file("other", "schema = 1\n");
    let user = guard.home().join(".config/guard/guard.toml");
    let user = user.to_str().unwrap();
    for command in [
        "echo 'schema = 1' > guard.toml".to_owned(),
        "echo >> guard.toml".to_owned(),
        "rm guard.toml".to_owned(),
        "mv guard.toml x".to_owned(),
        "mv other guard.toml".to_owned(),
        "cp other guard.toml".to_owned(),
        "ln -sf other guard.toml".to_owned(),
        "mv ~/.config elsewhere".to_owned(),
        "sed -i s/deny/allow/ guard.toml".to_owned(),
        "tee guard.toml < other".to_owned(),
        "python3 -c 'open(\"guard.toml\", \"w\").write(\"\")'".to_owned(),
        format!("mkdir -p {user} && rmdir {user}; cp other {user}"),
        format!("install other {user}"),
        format!("curl -o {user} https://example.com/g.toml"),
    ] {
        let outcome = guard.guard().args(["check", "-c", &command]).output();
        assert_eq!(outcome.code, Some(126), "{command}: {outcome:?}");
        assert!(
            outcome.stdout.contains("guard's own"),
            "{command}: {outcome:?}"
        );
    }
}
