//! What the gate lets run finds the world as if guard had not been there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use crate::stage::{GUARD, Stage, said};

/// Runs a shell text that may end in `exec "$@"`.
fn around(stage: &Stage, before: &str, words: &[&str]) -> Output {
    let mut command = stage.command("sh");
    command.args(["-c", &format!("{before} exec \"$@\""), "sh"]);
    command.args(words).output().unwrap()
}

#[test]
fn what_the_program_inherits_is_what_guard_inherited() {
    let stage = Stage::new();
    fs::write(stage.work().join("input"), "from seven\n").unwrap();
    let signals = "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status";
    for (before, script) in [
        ("", signals),
        ("trap '' PIPE;", signals),
        ("trap '' HUP INT QUIT;", signals),
        ("umask 027;", "umask"),
        ("exec 7<input;", "cat <&7"),
        ("exec 0<&-;", "ls -l /proc/self/fd/0 2>&1 | grep -c null"),
        ("exec 0<input;", "cat"),
        ("exec 2>&-;", "test -e /proc/$$/fd/2; echo $?"),
        ("ulimit -n 99;", "ulimit -n"),
        ("A=b; export A;", "env | grep -v '^_='"),
        ("", "exit 3"),
        ("", "kill -TERM $$"),
        ("", "ls /proc/$$/fd"),
    ] {
        let plain = around(&stage, before, &["/bin/sh", "-c", script]);
        let guarded = around(&stage, before, &[GUARD, "--", "/bin/sh", "-c", script]);
        let out = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(out(&guarded), out(&plain), "{before} {script}");
        assert_eq!(guarded.status, plain.status, "{before} {script}");
    }
}

#[test]
fn what_cannot_be_executed_ends_as_in_a_shell() {
    let stage = Stage::new();
    let file = |name: &str, content: &str, mode: u32| {
        let path = stage.work().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    file("plain", "text", 0o644);
    file("lost", "#!/nonexistent/interpreter\n", 0o755);
    file("script", "exit 5\n", 0o755);
    for (program, code) in [
        ("./missing", 127),
        ("no-such-program", 127),
        ("./plain", 126),
        ("./lost", 126),
        ("./script", 5),
    ] {
        let output = stage.guard(&["--", program]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{program}: {said}");
    }
}
