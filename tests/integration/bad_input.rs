//! What nobody means to send: a clear answer within bounded time, and nothing that runs unseen.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use crate::harness::{Guard, Outcome, Run};

/// More than any single answer takes, on a busy machine and unoptimized.
const BOUND: Duration = Duration::from_secs(40);

fn timed(what: &str, run: &Run) -> Outcome {
    let start = Instant::now();
    let outcome = run.output();
    let took = start.elapsed();
    assert!(took < BOUND, "{what} took {took:?}");
    assert!(!outcome.stderr.contains("panicked"), "{what}: {outcome:?}");
    assert_eq!(outcome.signal, None, "{what}: {outcome:?}");
    outcome
}

/// Refused, with a reason.
fn refused(what: &str, run: &Run) -> Outcome {
    let outcome = timed(what, run);
    let short: String = outcome.stderr.chars().take(600).collect();
    assert!(
        matches!(outcome.code, Some(125 | 126)),
        "{what}: {:?} {short}",
        outcome.code
    );
    assert!(outcome.stderr.contains("guard"), "{what}: {short}");
    outcome
}

/// It runs, or it is refused with a reason; either way there is an answer.
fn answered(what: &str, run: &Run) {
    let outcome = timed(what, run);
    if matches!(outcome.code, Some(125 | 126)) {
        let said = outcome.stderr.len() + outcome.stdout.len();
        assert!(said > 0, "{what}: {:?}", outcome.code);
    }
}

#[test]
fn text_that_is_no_text() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let invalid = OsString::from_vec(b"rm precious; echo \xff\xfe".to_vec());
    for run in [
        guard.shell("bash").arg("-c").arg(&invalid),
        guard.guard().arg("-c").arg(&invalid),
        guard.guard().args(["--", "bash", "-c"]).arg(&invalid),
        guard
            .run(guard.shim("rm"))
            .arg(OsString::from_vec(b"precious\xff".to_vec())),
        guard.shell("bash").stdin(b"rm precious \xff\n"),
        guard.shell("bash").stdin(b"rm precious\0\n"),
        guard
            .shell("bash")
            .arg(guard.file("bytes.sh", b"rm precious # \xff\n")),
        guard
            .shell("bash")
            .arg(guard.file("nul.sh", b"rm precious\n\0\n")),
    ] {
        refused("bytes that are no text", &run);
    }
    assert!(guard.work().join("precious").exists());
}

#[test]
fn texts_that_are_long_or_deep() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}rm precious{}", open.repeat(count), close.repeat(count))
    };
    let texts = [
        ("long word", format!("echo {}", "a".repeat(1 << 20))),
        ("many words", format!("echo {}", "a ".repeat(1 << 19))),
        ("many commands", "echo a;".repeat(100_000)),
        ("many pipes", format!("echo a{}", " | cat".repeat(50_000))),
        ("parentheses", deep("( ", " )", 100_000)),
        ("open parentheses", "(".repeat(100_000)),
        ("groups", deep("{ ", "; }", 100_000)),
        ("substitutions", deep("$(", ")", 100_000)),
        ("backquotes", "`".repeat(100_000)),
        ("parameters", deep("${a:-", "}", 100_000)),
        (
            "arithmetic",
            format!("echo $(({}1{}))", "(".repeat(100_000), ")".repeat(100_000)),
        ),
        ("ifs", deep("if true; then ", "; fi", 50_000)),
        ("loops", deep("while false; do ", "; done", 50_000)),
        ("cases", deep("case a in a) ", ";; esac", 50_000)),
        ("functions", deep("f() { ", "; }", 50_000)),
        ("quotes", format!("echo {}", "\"'".repeat(100_000))),
        ("here-documents", "cat <<E\n".repeat(20_000)),
        ("redirections", format!("echo a{}", " 2>&1".repeat(100_000))),
        ("braces", format!("echo {}", "{a,b}".repeat(60))),
        (
            "nested braces",
            format!("echo {}a{}", "{a,".repeat(20_000), "}".repeat(20_000)),
        ),
        ("ranges", "echo {1..100000000}".to_owned()),
        ("evals", format!("{}rm precious", "eval ".repeat(5_000))),
        ("shells", format!("{}true", "sudo ".repeat(50_000))),
        ("negations", format!("{}true", "! ".repeat(100_000))),
        ("assignments", format!("{}true", "a=b ".repeat(50_000))),
        ("doubling", {
            let doubles = "a=$a$a;".repeat(60);
            format!("a=xxxxxxxx;{doubles} echo \"${{#a}}\"")
        }),
        ("doubling evals", {
            let doubles = "a=\"$a;$a\";".repeat(40);
            format!("a=true;{doubles} eval \"$a\"")
        }),
        ("recursion", "f() { f | f; }; f".to_owned()),
        ("globs", format!("ls {}", "*/".repeat(2_000))),
    ];
    for (what, text) in texts {
        // Linux takes no single argument above 128 KiB: long ones come as files and on a pipe.
        let file = guard.file("long.sh", &text);
        answered(
            what,
            &guard
                .guard()
                .args(["check"])
                .arg("--")
                .arg("bash")
                .arg(&file),
        );
        let batch = serde_json::json!({ "id": what, "cmd": text }).to_string() + "\n";
        let checked = timed(
            what,
            &guard.guard().args(["check", "--batch"]).stdin(&batch),
        );
        assert_eq!(
            checked.stdout.lines().count(),
            1,
            "{what}: {:?}",
            checked.stderr
        );
        let line: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
        if text.contains("rm precious") {
            assert_ne!(line["verdict"], "allow", "{what}");
        }
    }
    assert!(guard.work().join("precious").exists());
}

/// Small texts that multiply: values, words, ways, rounds and calls.
fn texts_that_multiply() -> Vec<(&'static str, String)> {
    let times = |text: &str, count: usize| text.repeat(count);
    let each = |count: usize, text: &dyn Fn(usize) -> String| (0..count).map(text).collect();
    vec![
        (
            "arrays",
            format!("a=(1); {} prog", times("a+=(\"${a[@]}\");", 60)),
        ),
        ("arguments", "f() { f \"$@\" \"$@\"; }; f a b".to_owned()),
        (
            "positions",
            format!("set a b; {} prog", times("set \"$@\" \"$@\";", 60)),
        ),
        (
            "replacements",
            format!("x=aaaaaaaaaa; {} prog $x", times("x=${x//a/$x};", 12)),
        ),
        (
            "elements",
            format!("declare -A m; {}", each(9_000, &|n| format!("m[k{n}]=$x;"))),
        ),
        (
            "loops",
            "for i in {1..50}; do for j in {1..50}; do for k in {1..50}; do for l in \
                   {1..50}; do prog $i$j$k$l; done; done; done; done"
                .to_owned(),
        ),
        ("evals", "e='eval \"$e\" \"$e\"'; eval \"$e\"".to_owned()),
        (
            "calls",
            format!(
                "f0() {{ [[ a = b ]]; }}; {} f34",
                each(34, &|n| {
                    format!("f{}() {{ f{n}; f{n}; f{n}; }};", n + 1)
                })
            ),
        ),
        (
            "values",
            format!(
                "{} prog {}",
                each(40, &|n| format!("if $c; then v{n}=a; else v{n}=b; fi\n")),
                each(40, &|n| format!("$v{n} "))
            ),
        ),
        (
            "ways",
            each(4_000, &|n| format!("$x && v{n}=1 || w{n}=2\n")),
        ),
        ("conditions", times("true && ", 40_000) + "true"),
        (
            "subscripts",
            "a='a[a]+a[a]'; prog ${a[a]} $((a[a]))".to_owned(),
        ),
        (
            "aliases",
            format!(
                "shopt -s expand_aliases\n{}a59 a59",
                each(60, &|n| format!("alias a{}='a{n} a{n} '\n", n + 1))
            ),
        ),
        (
            "braces",
            format!(
                "echo {} {}",
                times("{1..30}{1..33} ", 3_000),
                times("{", 20_000)
            ),
        ),
        (
            "patterns",
            format!(
                "shopt -s extglob\nx={}\n[[ $x == *(*(*(*(a)a)a)a)b ]]; prog \
                              ${{x##+(a|aa)}} ${{x//+(a|+(aa))/b}}",
                times("a", 3_000)
            ),
        ),
        (
            "open groups",
            format!("shopt -s extglob; p='{}'; [[ x == $p ]]", times("+(", 60)),
        ),
        (
            "files",
            format!(
                "echo true > f; {} sh f",
                times("cat f f > g; cat g g > f;", 60)
            ),
        ),
        (
            "shells",
            "for i in {1..50}; do for j in {1..50}; do bash -c 'for i in {1..50}; do for j \
                    in {1..50}; do a=$i; done; done'; done; done"
                .to_owned(),
        ),
        (
            "actions",
            format!("find . {}", times("-exec sh -c 'true' \\; ", 2_000)),
        ),
        (
            "python",
            format!(
                "python3 - <<'E'\nimport os\ns = ['a']\nt = 'a'\n{}{}os.system(t)\nE\n",
                times("s = s + s\n", 60),
                times("t = t.replace('a', t + t)\n", 60)
            ),
        ),
        (
            "comprehensions",
            "python3 -c 'import os\n[os.stat(str(a)) for a in range(1000) for b in \
                            range(1000) for c in range(1000)]'"
                .to_owned(),
        ),
        (
            "node",
            format!(
                "node -e 'let o = {{a: 1}}; {} require(\"fs\").statSync(JSON.stringify(o))'",
                times("o = {...o, b: o, c: o};", 60)
            ),
        ),
        ("perl", "perl -e 'print <<EOF;\na $x b'".to_owned()),
        (
            "make",
            "printf 'define T\\n$(eval $(T))$(eval $(T))\\nendef\\n$(eval $(T))\\nall:\\n' > \
                  Makefile; make"
                .to_owned(),
        ),
    ]
}

/// Processor seconds: many times what any of them takes, unoptimized.
const WORK: u32 = 30;

#[test]
fn what_multiplies_is_followed_within_bounds() {
    let guard = Guard::new();
    for (what, text) in texts_that_multiply() {
        let file = guard.file("multiplies.sh", &text);
        for stack in ["unlimited", "512"] {
            let limited = format!("ulimit -t {WORK} -s {stack}; exec \"$@\"");
            let checked = guard
                .run("/bin/bash")
                .args(["-c", &limited, "-", env!("CARGO_BIN_EXE_guard")])
                .args(["check", "--", "bash"])
                .arg(&file)
                .output();
            assert!(
                checked.signal.is_none() && matches!(checked.code, Some(0 | 126)),
                "{what} with a stack of {stack}: {:?} {:?}",
                checked.code,
                checked.signal
            );
        }
    }
}

/// Texts that are deep, each with something to lose at its bottom.
fn deep_texts() -> Vec<(&'static str, String)> {
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}rm precious{}", open.repeat(count), close.repeat(count))
    };
    let script = |program: &str, open: &str, close: &str, count: usize| {
        let (open, close) = (open.repeat(count), close.repeat(count));
        format!("{program}({open}\"rm precious\"{close})'")
    };
    vec![
        ("parentheses", deep("( ", " )", 4_000)),
        ("groups", deep("{ ", "; }", 4_000)),
        ("groups within bounds", deep("{ ", "; }", 100)),
        ("substitutions", deep("$(", ")", 4_000)),
        ("substitutions within bounds", deep("$(", ")", 100)),
        ("quoted substitutions", deep("echo \"$(", ")\"", 100)),
        ("ifs within bounds", deep("if $x; then ", "; fi", 110)),
        ("loops within bounds", deep("while $x; do ", "; done", 110)),
        ("cases", deep("case $a in a) ", ";; esac", 110)),
        ("functions", deep("f() { ", "; }; f", 110)),
        ("evals", deep("eval ", "", 4_000)),
        (
            "calls",
            "f() { if [ $1 = 0 ]; then rm precious; else f $(($1 - 1)); fi; }; f 200".to_owned(),
        ),
        (
            "calls in substitutions",
            format!(
                "f() {{ {}eval f{}; }}; f; rm precious",
                "echo \"${x:-$( ".repeat(20),
                " )}\"".repeat(20)
            ),
        ),
        (
            "python",
            script("python3 -c 'import os\nos.system", "(", ")", 100),
        ),
        (
            "python lambdas",
            script("python3 -c 'import os\nos.system", "(lambda: ", ")()", 50),
        ),
        (
            "node",
            script(
                "node -e 'require(\"child_process\").execSync",
                "(",
                ")",
                100,
            ),
        ),
        ("ruby", script("ruby -e 'system", "(", ")", 100)),
        ("perl", script("perl -e 'system", "(", ")", 100)),
        ("php", script("php -r 'system", "(", ")", 100)),
        ("awk", script("awk 'BEGIN{x=1} END{system", "(", ")", 50)),
    ]
}

#[test]
fn deep_texts_are_refused_aloud_on_a_small_stack() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let start = |program: &std::path::Path| {
        guard
            .run("/bin/bash")
            .args(["-c", "ulimit -s 512; exec \"$@\"", "-"])
            .arg(program)
    };
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_guard"));
    let shell = guard.path("shells").join("bash");
    for (what, text) in deep_texts() {
        let file = guard.file("deep.sh", &text);
        refused(what, &start(&shell).arg("-c").arg(&text));
        refused(what, &start(&shell).arg(&file));
        refused(what, &start(&shell).stdin(&text));
        refused(what, &start(&guard.shim("env")).arg("bash").arg(&file));
        let checked = timed(what, &start(own).args(["check", "-c"]).arg(&text));
        assert_eq!(checked.code, Some(126), "{what}: {checked:?}");
        let batch = serde_json::json!({ "id": what, "cmd": text }).to_string() + "\n";
        let checked = timed(what, &start(own).args(["check", "--batch"]).stdin(&batch));
        let line: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
        assert_eq!(line["verdict"], "confirm", "{what}");
    }
    assert!(guard.work().join("precious").exists());
}

#[test]
fn a_command_line_as_long_as_the_system_takes() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let words: Vec<String> = (0..9)
        .map(|n| format!("{n}{}", "x".repeat(120_000)))
        .collect();
    let echo = timed("echo", &guard.guard().args(["--", "echo"]).args(&words));
    assert_eq!(echo.code, Some(0), "{}", echo.stderr);
    assert_eq!(echo.stdout.len(), 9 * 120_002);
    refused(
        "rm",
        &guard.guard().args(["--", "rm", "precious"]).args(&words),
    );
    let text = format!("rm precious {}", "x".repeat(120_000));
    refused("shell", &guard.shell("bash").args(["-c", &text]));
    let many: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    answered("many", &guard.guard().args(["--", "echo"]).args(&many));
    assert!(guard.work().join("precious").exists());
}

#[test]
fn files_that_cannot_be_followed() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let cyclic = guard.file("self.sh", ". ./self.sh\n");
    guard.file("a.sh", "bash b.sh\n");
    guard.file("b.sh", "bash a.sh\n");
    symlink("loop", guard.work().join("loop")).unwrap();
    let unreadable = guard.file("secret.sh", "rm precious\n");
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
    nix::unistd::mkfifo(&guard.work().join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let huge = guard.file("huge.sh", "");
    fs::File::options()
        .write(true)
        .open(&huge)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();

    for words in [
        ["bash", cyclic.to_str().unwrap()],
        ["bash", "a.sh"],
        ["bash", "fifo"],
        ["bash", huge.to_str().unwrap()],
        ["bash", "/dev/zero"],
    ] {
        refused(words[1], &guard.shell("bash").arg(words[1]));
    }
    refused(
        "sourced device",
        &guard.shell("bash").args(["-c", ". /dev/zero"]),
    );
    refused(
        "sourced pipe",
        &guard.shell("bash").args(["-c", ". ./fifo"]),
    );
    // Only the real shell can say what is wrong with these, and it runs nothing.
    for name in ["loop", "no-such-file", "."] {
        answered(name, &guard.shell("bash").arg(name));
    }
    if !nix::unistd::geteuid().is_root() {
        answered("unreadable", &guard.shell("bash").arg(&unreadable));
    }
    assert!(guard.work().join("precious").exists());
}

/// A program that somebody keeps is not asked about for what guard cannot fold in it. That it was
/// not followed to its end is said all the same.
#[test]
fn a_limit_in_a_kept_program_is_said() {
    let guard = Guard::new();
    let deep = format!("x = {}{}\n", "[".repeat(300), "]".repeat(300));
    guard.file("short.py", &deep);
    guard.file("long.py", &(deep + "# " + &"a".repeat(20_000) + "\n"));
    let check = |file| {
        let run = guard.guard().args(["check", "--", "python3", file]);
        timed(file, &run)
    };
    let short = check("short.py");
    assert_eq!(short.code, Some(126), "{short:?}");
    let long = check("long.py");
    assert_eq!(long.code, Some(0), "{long:?}");
    for said in [short, long] {
        assert!(
            said.stdout.contains("too long or nested too deeply"),
            "{said:?}"
        );
    }
}

/// A grammar sees the end of the text as it gets it: the place that is said must lie in it.
#[test]
fn a_place_at_the_end_of_a_program() {
    let guard = Guard::new();
    let outcome = timed(
        "/g",
        &guard
            .guard()
            .args(["check", "--json", "--", "perl", "-e", "/g"]),
    );
    assert_eq!(outcome.code, Some(126), "{outcome:?}");
    assert!(outcome.stdout.contains("/g"), "{outcome:?}");
}

#[test]
fn a_standard_input_that_never_ends() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let long = "echo a\n".repeat(200_000) + "rm precious\n";
    refused("too long", &guard.shell("bash").stdin(long));
    refused("a device", &guard.shell("bash").stdin_file("/dev/zero"));

    // Somebody holds the pipe open: an answer comes all the same.
    let mut child = guard
        .shell("bash")
        .command()
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"rm precious\n").unwrap();
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(126));
    assert!(start.elapsed() < BOUND);
    drop(stdin);
    assert!(guard.work().join("precious").exists());
}

#[test]
fn a_disk_that_is_full() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let state = guard.path("state");
    fs::create_dir_all(state.join("guard")).unwrap();
    fs::set_permissions(state.join("guard"), fs::Permissions::from_mode(0o700)).unwrap();
    for name in ["audit.jsonl", "audit.log"] {
        symlink("/dev/full", state.join("guard").join(name)).unwrap();
    }
    let run = |text: &str| {
        guard
            .shell("bash")
            .args(["-c", text])
            .env("XDG_STATE_HOME", &state)
    };
    let listed = timed("ls", &run("ls"));
    assert_eq!(listed.stdout, "precious\n", "{listed:?}");
    refused("rm", &run("rm precious"));
    // A state directory that cannot be one at all.
    let file = guard.file("no-directory", "");
    let run = guard
        .shell("bash")
        .args(["-c", "rm precious"])
        .env("XDG_STATE_HOME", file);
    refused("no state", &run);
    assert!(guard.work().join("precious").exists());
}

#[test]
fn an_environment_that_means_harm() {
    let guard = Guard::new();
    guard.file("precious", "work");
    let wipe = guard.file("wipe.sh", "rm precious\n");
    for run in [
        guard
            .shell("bash")
            .env("BASH_ENV", &wipe)
            .args(["-c", "true"]),
        guard
            .shell("bash")
            .env("BASH_ENV", "$PWD/wipe.sh")
            .args(["-c", "true"]),
        guard
            .shell("bash")
            .env("BASH_ENV", "$(rm precious)")
            .args(["-c", "true"]),
        guard
            .shell("bash")
            .env("BASH_ENV", "./wipe.sh")
            .arg(guard.file("ok.sh", "true\n")),
        guard.shell("sh").env("ENV", &wipe).args(["-ic", "true"]),
    ] {
        refused("a startup file", &run);
    }
    let missing = guard
        .shell("bash")
        .env("BASH_ENV", "/no/such")
        .args(["-c", "echo x"]);
    assert_eq!(timed("missing", &missing).stdout, "x\n");
    assert!(guard.work().join("precious").exists());
}

#[test]
fn a_place_that_is_gone() {
    let guard = Guard::new();
    let script = format!(
        "mkdir gone && cd gone && rmdir ../gone && exec '{}' -c 'echo here'",
        guard.path("shells").join("bash").display()
    );
    let outcome = timed("gone", &guard.run("/bin/bash").args(["-c", &script]));
    assert!(
        outcome.stdout.ends_with("here\n") || outcome.code == Some(126),
        "{outcome:?}"
    );
}

#[test]
fn guard_without_a_name() {
    let guard = Guard::new();
    let outcome = timed("empty", &guard.run(env!("CARGO_BIN_EXE_guard")).named(""));
    assert_eq!(outcome.code, Some(127), "{outcome:?}");
    let outcome = timed("own", &guard.guard());
    assert_eq!(outcome.code, Some(125), "{outcome:?}");
    let outcome = timed("nonsense", &guard.guard().arg("nonsense"));
    assert_eq!(outcome.code, Some(125), "{outcome:?}");
    let outcome = timed("version", &guard.guard().arg("--version"));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
