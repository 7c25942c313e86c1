//! A command that needs a person is held, and goes on, or fails, by what the person says.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::place::{encoded, helper};
use crate::stage::{GUARD, Stage, said};

/// A shell whose text nobody knows before it runs, under a supervisor that waits so long (seconds).
fn start(stage: &Stage, script: &str, hold: u32) -> Child {
    let policy = stage.path("policy.toml");
    fs::write(
        &policy,
        format!("schema = 1\n[supervision]\nhold = {hold}\n"),
    )
    .unwrap();
    let hidden = format!(
        "eval \"$({} text {})\"",
        helper().display(),
        shell_words::quote(&encoded(script))
    );
    stage
        .command("setsid")
        .env("GUARD_POLICY", policy)
        .args(["--wait", GUARD, "--", "bash", "-c", &hidden])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_for_a_request(stage: &Stage) {
    let end = Instant::now() + Duration::from_secs(60);
    while stage.waiting().is_empty() {
        assert!(Instant::now() < end, "nobody was asked");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const LOSS: &str = "echo before; railway volume delete -v pg-data; echo status $?";

#[test]
fn an_approved_call_goes_on_once() {
    let stage = Stage::new();
    stage.install();
    let child = start(&stage, LOSS, 50);
    wait_for_a_request(&stage);
    let request = stage.request();
    assert!(stage.trace().is_empty());
    let seen = stage.approve(&request.id, &request.phrase);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"before\nstatus 7\n", "{}", said(&output));
    assert_eq!(stage.trace(), ["volume delete -v pg-data"]);
    assert!(stage.waiting().is_empty());
}

#[test]
fn others_run_on_while_one_is_held() {
    let stage = Stage::new();
    stage.install();
    let script = format!("({LOSS}) & for i in 1 2 3; do env true; done; touch ran; wait");
    let child = start(&stage, &script, 50);
    wait_for_a_request(&stage);
    let end = Instant::now() + Duration::from_secs(40);
    while !stage.work().join("ran").exists() {
        assert!(Instant::now() < end, "the others wait, too");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = stage.request().id;
    let declined = stage.guard(&["approve", "--deny", &id]);
    assert!(declined.status.success(), "{}", said(&declined));
    let output = child.wait_with_output().unwrap();
    assert!(
        said(&output).contains("REFUSED by the user"),
        "{}",
        said(&output)
    );
    assert_eq!(output.stdout, b"before\nstatus 126\n", "{}", said(&output));
    assert!(stage.trace().is_empty());
}

#[test]
fn a_request_outlives_the_wait_and_is_good_for_a_second_try() {
    let stage = Stage::new();
    stage.install();
    let output = start(&stage, LOSS, 0).wait_with_output().unwrap();
    assert_eq!(output.stdout, b"before\nstatus 126\n", "{}", said(&output));
    let request = stage.request();
    assert!(said(&output).contains(&format!("guard approve {}", request.id)));
    let seen = stage.approve(&request.id, &request.phrase);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let output = start(&stage, LOSS, 0).wait_with_output().unwrap();
    assert_eq!(output.stdout, b"before\nstatus 7\n", "{}", said(&output));
    assert_eq!(stage.trace(), ["volume delete -v pg-data"]);
    let output = start(&stage, LOSS, 0).wait_with_output().unwrap();
    assert_eq!(output.stdout, b"before\nstatus 126\n", "{}", said(&output));
}

#[test]
fn nobody_below_the_supervisor_can_answer() {
    let stage = Stage::new();
    stage.install();
    let output = start(&stage, LOSS, 0).wait_with_output().unwrap();
    assert_eq!(output.stdout, b"before\nstatus 126\n", "{}", said(&output));
    let request = stage.request();
    let script = format!(
        "(sleep 1; printf '{}\\n') | script -qec '{GUARD} approve {}' /dev/null; echo tried",
        request.phrase, request.id
    );
    let output = start(&stage, &script, 0).wait_with_output().unwrap();
    assert!(said(&output).contains("tried"), "{}", said(&output));
    let waits = stage.waiting().iter().any(|other| other.id == request.id);
    assert!(waits, "{}", said(&output));
    // Nor one that has left the tree of its parents.
    let script = format!(
        "setsid -f script -qec \"sh -c 'sleep 1; {GUARD} approve {} < /dev/tty'\" /dev/null; sleep 3",
        request.id
    );
    let output = start(&stage, &script, 0).wait_with_output().unwrap();
    let waits = stage.waiting().iter().any(|other| other.id == request.id);
    assert!(waits, "{}", said(&output));
}

#[test]
fn a_shell_through_guards_link_asks_once() {
    let stage = Stage::new();
    stage.install();
    let script = "bash -c 'railway volume delete -v pg-data'";
    let child = start(&stage, script, 50);
    wait_for_a_request(&stage);
    let request = stage.request();
    let seen = stage.approve(&request.id, &request.phrase);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        stage.trace(),
        ["volume delete -v pg-data"],
        "{}",
        said(&output)
    );
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
}
