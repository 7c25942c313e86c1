//! Programs reached through guard's links: the real one is found, and nothing loops.

use std::fs;

use crate::harness::Guard;

const TOOL: &str = "#!/bin/sh\nprintf '%s|' \"$0\" \"$@\"; cat; exit 7\n";

#[test]
fn the_real_program_gets_the_same_argv_and_stdin() {
    let guard = Guard::new();
    let real = guard.program("tools", "probe-tool", TOOL);
    guard.shim("probe-tool");
    let outcome = guard
        .run("/usr/bin/env")
        .args(["probe-tool", "a b", "", "--x"])
        .first_on_path(guard.path("tools"))
        .first_on_path(guard.path("shims"))
        .stdin("data")
        .output();
    assert_eq!(
        outcome.stdout,
        format!("{}|a b||--x|data", real.display()),
        "{outcome:?}"
    );
    assert_eq!(outcome.code, Some(7));
}

#[test]
fn a_program_that_is_only_a_link_to_guard_is_not_found() {
    let guard = Guard::new();
    let shim = guard.shim("probe-tool");
    // A second installation's directory, and a copy of guard's own file, are guard too.
    let other = guard.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join(guard::sys::LINKS_MARKER), "").unwrap();
    fs::copy(env!("CARGO_BIN_EXE_guard"), other.join("probe-tool")).unwrap();
    let hard = guard.path("hard");
    fs::create_dir(&hard).unwrap();
    fs::hard_link(env!("CARGO_BIN_EXE_guard"), hard.join("probe-tool")).unwrap();
    let outcome = guard
        .run(&shim)
        .first_on_path(&other)
        .first_on_path(&hard)
        .first_on_path(guard.path("shims"))
        .output();
    assert_eq!(outcome.code, Some(127), "{outcome:?}");
    assert!(outcome.stderr.contains("probe-tool"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("only guard's own link"),
        "{outcome:?}"
    );
}

#[test]
fn two_installations_do_not_send_each_other_round() {
    let guard = Guard::new();
    let real = guard.program("tools", "probe-tool", "#!/bin/sh\necho real\n");
    guard.shim("probe-tool");
    let other = guard.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join(guard::sys::LINKS_MARKER), "").unwrap();
    fs::copy(env!("CARGO_BIN_EXE_guard"), other.join("probe-tool")).unwrap();
    for first in [guard.path("shims"), other.clone()] {
        let second = if first == other {
            guard.path("shims")
        } else {
            other.clone()
        };
        let outcome = guard
            .run("/usr/bin/env")
            .arg("probe-tool")
            .first_on_path(real.parent().unwrap())
            .first_on_path(second)
            .first_on_path(first)
            .output();
        assert_eq!(outcome.stdout, "real\n", "{outcome:?}");
    }
}

#[test]
fn what_cannot_run_says_so_with_a_shells_status() {
    let guard = Guard::new();
    let missing = guard.guard().args(["--", "no-such-program-here"]).output();
    assert_eq!(missing.code, Some(127), "{missing:?}");
    assert!(
        missing.stderr.contains("no-such-program-here"),
        "{missing:?}"
    );

    let file = guard.file("plain", "text");
    let refused = guard.guard().arg("--").arg(&file).output();
    assert_eq!(refused.code, Some(126), "{refused:?}");

    let directory = guard.guard().arg("--").arg(guard.work()).output();
    assert!(matches!(directory.code, Some(126 | 127)), "{directory:?}");
}

#[test]
fn a_shell_is_found_without_any_path() {
    let guard = Guard::new();
    for path in ["", "/nonexistent", "relative:also/relative"] {
        let outcome = guard
            .shell("sh")
            .args(["-c", "echo here"])
            .env("PATH", path)
            .output();
        assert_eq!(outcome.stdout, "here\n", "{path:?}: {outcome:?}");
    }
}

#[test]
fn what_make_and_python_start_goes_through_the_shims() {
    let guard = Guard::new();
    guard.program("tools", "probe-tool", "#!/bin/sh\necho \"tool $*\"\n");
    guard.shim("probe-tool");
    guard.file("Makefile", "all:\n\t@probe-tool from make\n");
    let runs: [(&str, &[&str], &str); 3] = [
        ("make", &["-s"], "tool from make\n"),
        (
            "python3",
            &[
                "-c",
                "import subprocess; subprocess.run('probe-tool from python', shell=True)",
            ],
            "tool from python\n",
        ),
        ("sh", &["-c", "probe-tool from sh"], "tool from sh\n"),
    ];
    for (program, arguments, expected) in runs {
        let outcome = guard
            .run("/usr/bin/env")
            .arg(program)
            .args(arguments)
            .first_on_path(guard.path("tools"))
            .first_on_path(guard.path("shims"))
            .output();
        assert_eq!(outcome.stdout, expected, "{program}: {outcome:?}");
    }
}

#[test]
fn a_link_to_guard_after_the_dashes_is_the_program_of_that_name() {
    let guard = Guard::new();
    let link = guard.path("shells").join("sh");
    let outcome = guard
        .guard()
        .arg("--")
        .arg(link)
        .args(["-c", "echo once"])
        .output();
    assert_eq!(outcome.stdout, "once\n", "{outcome:?}");
}
