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

const OPAQUE: &str = "schema = 1\n\
    [[exception]]\n\
    opaque = 'the program is known only when the command runs: $DEPLOY'\n\
    command = '$DEPLOY staging'\n\
    reason = 'our wrapper sets it'\n\
    owner = 'ann@example.com'\n\
    expires = 2100-01-01\n";

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

#[test]
fn what_cannot_be_seen_is_excepted_in_one_command_alone() {
    let guard = Guard::new();
    let asks = |command: &str| check(&guard, None, command).code == Some(126);
    assert!(asks("$DEPLOY staging"));
    settings(&guard, OPAQUE);
    let excepted = check(&guard, None, "$DEPLOY staging");
    assert_eq!(excepted.code, Some(0), "{excepted:?}");
    assert!(asks("$DEPLOY production"));
    assert!(asks("$DEPLOY staging; $DEPLOY staging"));
    assert!(asks("$OTHER staging"));
}

#[test]
fn what_one_rule_comes_to_is_computed() {
    let guard = Guard::new();
    let why = |rule: &str| {
        let shown = at_home(&guard, None, &["policy", "show", "--why", rule]);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        shown.stdout
    };
    assert!(why("containers/container-rm").contains("recoverable   allow in development"));
    assert!(why("containers/container-rm").contains("recoverable   confirm in production"));
    settings(&guard, DENIAL);
    let denied = why("containers/volume-rm");
    assert!(denied.contains("irreversible  deny in development  (deny, by the user policy"));
    assert!(denied.contains("ask the platform team"), "{denied}");
    assert!(!why("git/push-force").contains("deny in"));
}

#[test]
fn a_work_tree_with_guard_s_own_files_is_not_an_agent_s_to_change() {
    let guard = Guard::new();
    let packs = guard.home().join(".config/guard/packs");
    fs::create_dir_all(packs.join(".git/objects")).unwrap();
    fs::create_dir_all(packs.join(".git/refs")).unwrap();
    fs::write(packs.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(packs.join("own.toml"), "schema = 1\n").unwrap();
    let judged = |command: &str| check(&guard, None, command).code;
    for command in [
        "git -C ~/.config/guard/packs pull",
        "cd ~/.config/guard/packs && git checkout v2",
        "git -C ~/.config/guard/packs stash pop",
        "git -C ~/.config/guard/packs reset --hard HEAD~1",
        "git --work-tree ~/.config/guard/packs --git-dir x/.git checkout .",
        "GIT_WORK_TREE=~/.config/guard/packs git merge next",
        "cd ~/.config/guard && git apply /tmp/x.patch",
        "cd ~/.config/guard && patch -p1 < /tmp/x.patch",
        "patch -d ~/.config/guard -p1 < /tmp/x.patch",
        "unzip x.zip -d ~/.config/guard/packs",
        "cd ~/.config/guard/packs && unzip x.zip",
        "cd ~/.config/guard/packs && tar xf x.tar",
        "cd ~/.config/guard/packs && wget https://example.com/acme.toml",
        "wget -P ~/.config/guard/packs https://example.com/acme.toml",
        "cd ~/.config/guard/packs && curl -O https://example.com/acme.toml",
        "curl -o ~/.config/guard/packs/acme.toml https://example.com/acme.toml",
        "rsync -a packs/ ~/.config/guard/packs/",
        "scp host:acme.toml ~/.config/guard/packs/",
        "rclone copy packs ~/.config/guard/packs",
        "aws s3 cp s3://packs/acme.toml ~/.config/guard/packs/",
        "jq . x | sponge ~/.config/guard/guard.toml",
        "gzip ~/.config/guard/guard.toml",
        "7z x packs.7z -o$HOME/.config/guard/packs",
        "cd ~/.config/guard/packs && cpio -id < x",
        "git worktree add ~/.config/guard/packs/x",
        "svn checkout https://example.com/packs ~/.config/guard/packs",
        "gh release download v1 -D ~/.config/guard/packs",
        "find ~/.config/guard -name '*.toml' -delete",
        "vim -es -c 'w! ~/.config/guard/guard.toml' -c q x",
        "truncate -s 0 ~/.config/guard/guard.toml",
        "install -m 644 x ~/.config/guard/guard.toml",
        "HOME=/nowhere rm -f ~root/.local/state/guard/audit.jsonl",
    ] {
        assert_eq!(judged(command), Some(126), "{command}");
    }
    for command in [
        "git -C ~/.config/guard/packs status",
        "git -C ~/.config/guard/packs stash list",
        "git pull && git stash pop",
        "git -C ~/.config/guard/packs fetch",
        "git -C ~/.config/guard/packs log -p",
        "cd ~/.config/guard && ls && cat packs/own.toml && grep -r schema .",
        "cd ~/.config/guard && timeout 5 ls packs",
        "cp ~/.config/guard/packs/own.toml copy.toml",
        "mytool check guard.toml --out ../guard",
    ] {
        assert_eq!(judged(command), Some(0), "{command}");
    }
}

#[test]
fn where_guard_keeps_its_state_is_not_an_agent_s_to_say() {
    let guard = Guard::new();
    let agent = guard.path("bin/claude");
    fs::create_dir_all(agent.parent().unwrap()).unwrap();
    fs::copy("/bin/bash", &agent).unwrap();
    let script = format!(
        "XDG_STATE_HOME=$PWD/moved HOME=$PWD/moved {} -c 'echo ran'; echo $?",
        guard.path("shells/bash").display()
    );
    let log = guard.home().join(".local/state/guard/audit.jsonl");
    let moved = guard.work().join("moved");
    let ran = guard.run(&agent).args(["-c", &script]).output();
    assert_eq!(ran.stdout, "ran\n0\n", "{ran:?}");
    assert!(fs::read_to_string(&log).unwrap().contains("echo ran"));
    assert!(!moved.exists());
    // Whom no agent has started says it.
    let ran = guard.run("/bin/bash").args(["-c", &script]).output();
    assert_eq!(ran.stdout, "ran\n0\n", "{ran:?}");
    assert!(moved.join("guard/audit.jsonl").exists());
}
