//! The audit log: whole, checkable by anybody, without secrets, and nothing runs without it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::stage::{Act, Stage, said};

fn log(stage: &Stage) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(stage.state().audit_log()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_decision_and_approval_is_recorded() {
    let stage = Stage::new();
    let act = Act::losing("pg-data", "true");
    stage.agent(&Act::harmless("true"));
    stage.agent(&act);
    let id = stage.request().id;
    stage.approve(&id, "");
    stage.approve(&id, "production/pg-data");
    stage.agent(&act);
    let log = log(&stage);
    let events: Vec<_> = log
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        ["allowed", "asked", "refused", "approved", "ran"],
        "{log:#?}"
    );
    assert_eq!(log[1]["request"], log[4]["request"]);
    assert_eq!(log[1]["digest"], log[4]["digest"]);
    assert_eq!(log[1]["targets"][0], "production/pg-data");
    assert_eq!(log[1]["rules"][0], "railway/volume-delete");
    let output = stage.guard(&["log", "-n", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("railway volume delete -v pg-data"));
}

#[test]
fn sha256sum_can_check_the_chain() {
    let stage = Stage::new();
    for _ in 0..3 {
        stage.agent(&Act::harmless("true"));
    }
    let path = stage.state().audit_log();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for pair in lines.windows(2) {
        let mut child = Command::new("sha256sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(pair[0].as_bytes())
            .unwrap();
        let sum = child.wait_with_output().unwrap().stdout;
        let next: serde_json::Value = serde_json::from_str(pair[1]).unwrap();
        assert_eq!(&sum[..64], next["prev"].as_str().unwrap().as_bytes());
    }
}

#[test]
fn verify_says_which_line_was_changed() {
    let stage = Stage::new();
    for name in ["one", "two", "three"] {
        stage.agent(&Act::losing(name, "true"));
    }
    let output = stage.guard(&["log", "--verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).starts_with("3 entries, unbroken"));
    let path = stage.state().audit_log();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("production/two", "production/2wo")).unwrap();
    let output = stage.guard(&["log", "--verify"]);
    assert_eq!(output.status.code(), Some(1));
    let message = said(&output);
    assert!(
        message.contains("line 2 is not what line 3 was written after"),
        "{message}"
    );
}

#[test]
fn processes_that_write_at_once_make_one_chain() {
    let stage = Stage::new();
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let stage = &stage;
            scope.spawn(move || {
                for count in 0..5 {
                    stage.agent(&Act::losing(&format!("{worker}-{count}"), "true"));
                }
            });
        }
    });
    let output = stage.guard(&["log", "--verify"]);
    assert!(
        said(&output).starts_with("30 entries, unbroken"),
        "{}",
        said(&output)
    );
    assert_eq!(stage.waiting().len(), 30);
}

#[test]
fn no_secret_is_anywhere_in_the_state() {
    let stage = Stage::new();
    let mut act = Act::losing("pg-data", "true");
    act.text = "PGPASSWORD=hunter2 curl -H 'Authorization: Bearer hunter2hunter2' \
                https://a:hunter2@h/ -d @x --token hunter2 && railway volume delete"
        .to_owned();
    let output = stage.agent(&act);
    assert!(!said(&output).contains("hunter2"), "{}", said(&output));
    let found = Command::new("grep")
        .args(["-r", "hunter2"])
        .arg(stage.path("state"))
        .output()
        .unwrap();
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
}

/// Runs each act once with a log that cannot be written.
fn without_a_log(stage: &Stage) {
    let traced = |line| stage.tracing(line);
    let output = stage.agent(&Act::harmless(&traced("harmless")));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("audit log"), "{}", said(&output));
    let output = stage.agent(&Act::losing("pg-data", &traced("lost")));
    assert_eq!(output.status.code(), Some(125), "{}", said(&output));
    assert!(said(&output).contains("nothing ran"), "{}", said(&output));
    assert_eq!(stage.trace(), ["harmless"]);
}

#[test]
fn without_a_log_only_what_changes_nothing_runs() {
    for make in [
        (|path| fs::create_dir(path).unwrap()) as fn(&std::path::Path),
        |path| std::os::unix::fs::symlink("/dev/full", path).unwrap(),
        |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
    ] {
        let stage = Stage::new();
        make(&stage.state().audit_log());
        without_a_log(&stage);
    }
}

#[test]
fn on_a_full_disk_only_what_changes_nothing_runs_and_the_chain_stays_whole() {
    let stage = Stage::new();
    let state = stage.path("state/guard");
    stage.state();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"])
        .arg(&state)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("not tested: this user may not mount a small disk");
        return;
    }
    let _unmounted = Unmount(&state);
    stage.agent(&Act::losing("before", "true"));
    let _ = fs::write(state.join("filler"), vec![0; 1 << 20]);
    // The log's last page has room for some more lines.
    let full = (0..40).any(|_| said(&stage.agent(&Act::harmless("true"))).contains("audit log"));
    assert!(full);
    without_a_log(&stage);
    fs::remove_file(state.join("filler")).unwrap();
    stage.agent(&Act::losing("after", "true"));
    let output = stage.guard(&["log", "--verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

struct Unmount<'a>(&'a std::path::Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
