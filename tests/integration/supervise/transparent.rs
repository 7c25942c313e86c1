//! Nobody can tell that a supervisor looks on: the same output, status, signals and terminal.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use super::place::{Place, encoded, said};
use crate::harness::Guard;

const SCRIPTS: &[&str] = &[
    "true",
    "exit 42",
    "exit 3 | cat",
    "echo out; echo err >&2; echo more",
    "no-such-command-here",
    "/",
    "kill -TERM $$",
    "kill -KILL $$",
    "kill -HUP $$",
    "trap 'echo caught; exit 9' TERM; kill -TERM $$; sleep 1",
    "sh -c 'kill -INT $$'; echo $?",
    "sleep 0.05 & wait $!; echo $?",
    "yes | head -n 1",
    "umask; ulimit -n; ulimit -c",
    "env | grep -v -e '^_=' | sort",
    "ls /proc/self/fd | wc -l",
    "tty; echo $?",
    "cat <<E\nline\nE",
    "echo $(echo a; exit 3) $?",
    "for i in 1 2 3; do env true; done; echo $i",
    "printf '#!/bin/sh\\necho \"$0 $1\"\\n' > s; chmod +x s; ./s a; rm s",
    "printf '#!/no/such/interpreter\\n' > s; chmod +x s; ./s; echo $?; rm s",
    "touch new; echo x > new; mv new newer; cat newer; rm newer; ls",
    "mkdir -p a/b; touch a/b/c; echo x > a/b/c; rm -rf a; ls",
    "python3 -c 'import os; open(\"n\", \"w\").write(\"x\"); os.rename(\"n\", \"m\"); os.unlink(\"m\")'; ls",
    "exec -a other sh -c 'echo $0'",
    "(sleep 0.1; echo late) & disown; echo early; sleep 0.3",
    "ps -o pid=,sid=,pgid= -p $$ | awk '{ print ($2 == $3) }'",
    "sh -c \"perl -e 'kill 9, \\$\\$'\"; echo $?",
    "strace -f -o /dev/null echo traced",
    "gdb -q -batch -ex run --args echo traced 2>&1 | grep -c traced",
    "bwrap --bind / / --dev /dev echo apart",
    "unshare -r id -u",
    "timeout 0.1 sleep 5; echo $?",
    "printf 'all: $(shell seq 64)\\n$(shell seq 64):\\n\\t@echo $@\\n' > M; make -j64 -f M | sort -n | md5sum",
    "git init -q r && cd r && git config user.email a@b && git config user.name n && echo x > f && git add f && git commit -qm m && git gc -q && git log --format=%s; cd ..; rm -rf r; ls",
    "gcc -x c - -o p <<< 'int main(void) { return 7; }'; ./p; echo $?; gcc -x c - -o p <<< 'int main(void) { return 8; }'; ./p; echo $?",
];

#[test]
fn the_same_output_and_status() {
    let place = Place::new();
    place.age();
    for script in SCRIPTS {
        let words = ["bash", "-c", script];
        let bare = place.bare(&words);
        place.refill();
        place.age();
        let supervised = place.supervised(&words);
        place.refill();
        place.age();
        let of = |output: &std::process::Output| {
            (
                output.status.code(),
                output.status.signal(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        assert_eq!(
            of(&bare),
            of(&supervised),
            "{script}\n{}",
            said(&supervised)
        );
    }
}

/// An interactive shell on a terminal, with its jobs.
#[test]
fn a_person_at_a_terminal_keeps_job_control() {
    let guard = Guard::new();
    let run = guard
        .guard()
        .args(["--", "bash", "--norc", "--noprofile", "-i"])
        .env("PS1", "ready> ")
        .env("HISTFILE", "");
    let mut terminal = run.terminal();
    terminal.expect("ready> ");
    terminal.send("sleep 30\n");
    std::thread::sleep(Duration::from_millis(500));
    terminal.send("\u{1a}");
    terminal.expect("Stopped");
    terminal.expect("ready> ");
    terminal.send("jobs\n");
    terminal.expect("sleep 30");
    terminal.expect("ready> ");
    terminal.send("fg\n");
    terminal.expect("sleep 30");
    std::thread::sleep(Duration::from_millis(300));
    terminal.send("\u{3}");
    terminal.expect("ready> ");
    terminal.send("echo status $?\n");
    terminal.expect("status 130");
    terminal.resize(41, 97);
    terminal.send("stty size\n");
    terminal.expect("41 97");
    terminal.send("exit 5\n");
    assert_eq!(terminal.finish().code, Some(5));
}

/// A shell starts `guard -- program`, stops it, and goes on with it.
#[test]
fn a_job_that_is_supervised_stops_and_goes_on() {
    let guard = Guard::new();
    let run = guard
        .real("bash")
        .args(["--norc", "--noprofile", "-i"])
        .env("PS1", "ready> ");
    let mut terminal = run.terminal();
    terminal.expect("ready> ");
    let own = env!("CARGO_BIN_EXE_guard");
    terminal.send(&format!("{own} -- sleep 30\n"));
    std::thread::sleep(Duration::from_millis(1500));
    terminal.send("\u{1a}");
    terminal.expect("Stopped");
    terminal.expect("ready> ");
    terminal.send("fg\n");
    std::thread::sleep(Duration::from_millis(500));
    terminal.send("\u{3}");
    terminal.expect("ready> ");
    terminal.send("echo status $?\n");
    terminal.expect("status 130");
    terminal.send("exit\n");
    terminal.finish();
}

#[test]
fn whoever_reads_the_output_finds_its_end_although_a_daemon_lives_on() {
    let place = Place::new();
    place.age();
    let start = Instant::now();
    let output = place.supervised(&[
        "bash",
        "-c",
        "setsid sleep 20 > /dev/null 2>&1 < /dev/null & echo done",
    ]);
    assert_eq!(output.stdout, b"done\n", "{}", said(&output));
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_daemon_that_outlives_the_shell_is_still_supervised() {
    let place = Place::new();
    place.age();
    let hidden = encoded("sleep 1; rm -rf d; echo tried > tried");
    let script = format!(
        "setsid sh -c 'eval \"$(helper text \"{hidden}\")\"' > /dev/null 2>&1 < /dev/null & true"
    );
    let output = place.supervised(&["bash", "-c", &script]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let end = Instant::now() + Duration::from_secs(30);
    while !place.path("work/tried").exists() {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(place.is_whole());
}

/// Whoever ends the process that the caller knows ends the program.
#[test]
fn the_program_ends_with_the_front() {
    let place = Place::new();
    let script = "echo $$ > pid; exec sleep 60";
    let guard = place.path("bin/guard");
    let words = [guard.to_str().unwrap(), "--", "sh", "-c", script];
    let mut child = place.command(&words).spawn().unwrap();
    let pid = || fs::read_to_string(place.path("work/pid")).unwrap_or_default();
    let end = Instant::now() + Duration::from_secs(30);
    while !pid().ends_with('\n') {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(20));
    }
    let program = format!("/proc/{}/stat", pid().trim());
    // The front is the only one that the test knows: setpriv has become it.
    child.kill().unwrap();
    child.wait().unwrap();
    let lives = || fs::read_to_string(&program).is_ok_and(|stat| !stat.contains(") Z"));
    while lives() {
        assert!(Instant::now() < end, "it lives on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_supervisor_below_a_supervisor_is_none() {
    let place = Place::new();
    place.age();
    let output = place.supervised(&["bash", "-c", "guard -- echo inner"]);
    assert_eq!(said(&output), "Some(0)\ninner\n");
}

/// What a container's runtime, or another such tool, has done before: said, and judged by text.
#[test]
fn where_there_can_be_no_supervisor_that_is_said() {
    let place = Place::new();
    place.age();
    // A filter with a listener of somebody else's, whose tree is not below any of guard's.
    let output = place.bare(&["helper", "listen", "guard", "--", "echo", "runs"]);
    let heard = said(&output);
    assert!(heard.contains("guard: not supervised: "), "{heard}");
    assert!(heard.contains("\nruns\n"), "{heard}");
    fs::write(
        place.path("policy.toml"),
        "schema = 1\n[supervision]\nrequire = true\n",
    )
    .unwrap();
    let output = place.bare(&["helper", "listen", "guard", "--", "echo", "runs"]);
    let heard = said(&output);
    assert!(heard.contains("nothing ran"), "{heard}");
    assert!(!heard.contains("\nruns\n"), "{heard}");
    assert_eq!(output.status.code(), Some(125));
}
