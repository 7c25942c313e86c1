//! A shell through guard against the same shell without: nobody can tell them apart.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::harness::{Guard, Outcome, Run, shells};

/// One script, run both ways, with what it reads.
struct Case {
    what: &'static str,
    script: &'static str,
    stdin: Option<&'static str>,
}

const fn case(what: &'static str, script: &'static str) -> Case {
    Case {
        what,
        script,
        stdin: None,
    }
}

const fn reading(what: &'static str, script: &'static str, stdin: &'static str) -> Case {
    Case {
        what,
        script,
        stdin: Some(stdin),
    }
}

const CASES: &[Case] = &[
    case("success", "true"),
    case("failure", "false"),
    case("a status", "exit 42"),
    case("the last status", "exit 255"),
    case("the status of a pipe", "exit 3 | cat"),
    case("output and errors", "echo out; echo err >&2; echo out2"),
    case("no output at all", ":"),
    case("a missing command", "no-such-command-here"),
    case("a directory as a command", "/"),
    case("an unset variable", "set -u; echo $nothing_here"),
    case("errexit", "set -e; echo a; false; echo b"),
    case("its own name", r#"echo "$0""#),
    case("parameters", r#"echo "$#" "$*" "$@""#),
    case("the level", r#"echo "$SHLVL""#),
    case("the flags", r#"echo "$-""#),
    case(
        "the parent",
        r#"test "$PPID" = "$EXPECTED_PARENT" && echo same"#,
    ),
    case("the mask", "umask"),
    case("limits", "ulimit -n; ulimit -c; ulimit -s"),
    case("the directory", r#"pwd; echo "$PWD" "$OLDPWD""#),
    case("the environment", "env | grep -v '^_=' | sort"),
    case("special parameters", r#"echo "$?" "$!" "$IFS""#),
    case("killed by TERM", "kill -TERM $$"),
    case("killed by KILL", "kill -KILL $$"),
    case("killed by HUP", "kill -HUP $$"),
    case("killed by PIPE", "kill -PIPE $$"),
    case(
        "a trap",
        "trap 'echo caught; exit 9' TERM; kill -TERM $$; sleep 1",
    ),
    case("a trap on exit", "trap 'echo bye' EXIT; exit 5"),
    case("an inner signal", "sh -c 'kill -INT $$'; echo $?"),
    case("a background job", "sleep 0.05 & wait $!; echo $?"),
    case("a closed output", "exec >&-; echo x"),
    case("a pipe that breaks", "yes | head -n 1"),
    case("a long line", "printf '%070000d\\n' 1 | wc -c"),
    case("UTF-8", "printf 'gr\u{fc}n \u{1f980}\\n'"),
    case("descriptors", "ls /proc/self/fd | wc -l"),
    case(
        "a session",
        "ps -o pid=,sid= -p $$ | awk '{ print ($1 == $2) }'",
    ),
    case(
        "a group",
        "ps -o pid=,pgid= -p $$ | awk '{ print ($1 == $2) }'",
    ),
    case("no terminal", "tty; echo $?"),
    case("a here-document", "cat <<E\nline $((1 + 1))\nE"),
    case(
        "a function",
        "f() { echo \"f $1\"; return 4; }; f x; echo $?",
    ),
    case("substitution", "echo $(echo a; exit 3) $?"),
    case("empty", ""),
    reading("input", "cat", "some\ninput"),
    reading("a read", "read a b; echo \"$b $a\"; cat", "x y\nrest\n"),
    reading("no input", "cat; echo $?", ""),
    reading("input left alone", "echo x", "unread"),
];

const BASH_CASES: &[Case] = &[
    case("the text itself", r#"echo "$BASH_EXECUTION_STRING""#),
    case("options", r#"echo "$SHELLOPTS" "$BASHOPTS""#),
    case("arrays", r#"a=(x y); echo "${a[@]}" "${#a[@]}""#),
    case("process substitution", "cat <(echo a) <(echo b)"),
    case(
        "a pipe's statuses",
        r#"false | true; echo "${PIPESTATUS[*]}""#,
    ),
    case("a function from the environment", "exported_function"),
];

const ZSH_CASES: &[Case] = &[
    case("options", "setopt | sort"),
    case("arrays", "a=(x y); echo $a[2] $#a"),
    case("its own argv[0]", "echo $ZSH_ARGZERO $ZSH_EVAL_CONTEXT"),
];

fn cases(shell: &str) -> impl Iterator<Item = &'static Case> {
    let own = match shell {
        "bash" => BASH_CASES,
        "zsh" => ZSH_CASES,
        _ => &[],
    };
    CASES.iter().chain(own)
}

/// The same run, guarded and not.
fn both(guard: &Guard, shell: &str, prepare: impl Fn(Run) -> Run) -> (Outcome, Outcome) {
    let parent = std::process::id().to_string();
    let run = |run: Run| {
        prepare(run)
            .env("EXPECTED_PARENT", &parent)
            .env("BASH_FUNC_exported_function%%", "() { echo imported; }")
            .output()
    };
    (run(guard.shell(shell)), run(guard.real(shell)))
}

#[test]
fn a_text() {
    let guard = Guard::new();
    for shell in shells() {
        for case in cases(shell) {
            let (ours, real) = both(&guard, shell, |run| {
                let run = run.args(["-c", case.script, "zero", "one", "two words", ""]);
                match case.stdin {
                    Some(bytes) => run.stdin(bytes),
                    None => run,
                }
            });
            assert_eq!(ours, real, "{shell}: {}: {}", case.what, case.script);
        }
    }
}

#[test]
fn a_script_file() {
    let guard = Guard::new();
    for shell in shells() {
        for case in cases(shell) {
            guard.file("case.sh", case.script);
            let (ours, real) = both(&guard, shell, |run| {
                let run = run.args(["case.sh", "one", "two words"]);
                match case.stdin {
                    Some(bytes) => run.stdin(bytes),
                    None => run,
                }
            });
            assert_eq!(ours, real, "{shell}: {}: {}", case.what, case.script);
        }
    }
}

#[test]
fn a_script_on_standard_input() {
    let guard = Guard::new();
    for shell in shells() {
        for case in cases(shell) {
            // A real shell may or may not see a line that follows without a newline.
            let text = format!("{}\n{}", case.script, case.stdin.unwrap_or_default());
            let file = guard.file("stdin.sh", &text);
            let (ours, real) = both(&guard, shell, |run| run.args(["-s", "one"]).stdin(&text));
            assert_eq!(ours, real, "{shell} < pipe: {}: {}", case.what, case.script);
            let (ours, real) = both(&guard, shell, |run| run.stdin_file(&file));
            assert_eq!(ours, real, "{shell} < file: {}: {}", case.what, case.script);
        }
    }
}

/// What follows the commands on standard input belongs to them: each byte once, in order.
#[test]
fn the_rest_of_standard_input_is_for_the_commands_in_it() {
    let guard = Guard::new();
    // Comments, for a shell that has read ahead and takes them for commands; more than a pipe holds.
    let rest = "# 3456789abcdef\n".repeat(12_000);
    let text = format!("read first\necho \"$first\"\nwc -c\n{rest}");
    let file = guard.file("long", &text);
    // dash reads ahead, with and without guard: what is left over is not the same every time.
    for shell in shells()
        .into_iter()
        .filter(|shell| matches!(*shell, "bash" | "zsh"))
    {
        let (ours, real) = both(&guard, shell, |run| run.stdin(&text));
        assert_eq!(ours, real, "{shell} < pipe");
        let (ours, real) = both(&guard, shell, |run| run.stdin_file(&file));
        assert_eq!(ours, real, "{shell} < file");
    }
}

#[test]
fn signals_and_limits_as_they_were_given() {
    let guard = Guard::new();
    let show = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ulimit -a; umask";
    let outer: &[&[&str]] = &[
        &["env", "--ignore-signal=PIPE"],
        &["env", "--default-signal=PIPE"],
        &["env", "--block-signal=USR1,INT"],
        &["env", "--ignore-signal=HUP,TERM"],
        &["nice", "-n", "5"],
        &["sh", "-c", "umask 027; exec \"$@\"", "sh"],
        &["sh", "-c", "ulimit -n 99; exec \"$@\"", "sh"],
        &["sh", "-c", "exec \"$@\" <&-", "sh"],
        &["sh", "-c", "exec \"$@\" 2>&-", "sh"],
        &["sh", "-c", "exec \"$@\" 7</etc/passwd 9>&1", "sh"],
        &["sh", "-c", "\"$@\" >&-", "sh"],
    ];
    for shell in shells() {
        for words in outer {
            let script = format!("{show}; ls -l /proc/self/fd | awk '{{ print $9 }}'; nice");
            let run = |run: Run| {
                let program = run.command().get_program().to_owned();
                let mut outcome = guard
                    .run("/usr/bin/env")
                    .args(*words)
                    .arg(&program)
                    .args(["-c", &script])
                    .output();
                // Messages begin with argv[0], which is the path here.
                outcome.stderr = outcome.stderr.replace(program.to_str().unwrap(), shell);
                outcome
            };
            let (ours, real) = (run(guard.shell(shell)), run(guard.real(shell)));
            assert_eq!(ours, real, "{shell} under {words:?}");
        }
    }
}

#[test]
fn signals_from_outside_reach_what_the_shell_becomes() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let guard = Guard::new();
    guard.file("ready", "ready\n");
    for shell in shells() {
        for signal in [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGKILL,
            Signal::SIGUSR1,
        ] {
            let run = |run: Run| {
                let mut child = run
                    .args(["-c", "exec tail -f ready"])
                    .command()
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut ready = [0; 6];
                let stdout = child.stdout.as_mut().unwrap();
                std::io::Read::read_exact(stdout, &mut ready).unwrap();
                kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
                let status = child.wait().unwrap();
                (status.code(), status.signal())
            };
            let (ours, real) = (run(guard.shell(shell)), run(guard.real(shell)));
            assert_eq!(ours, real, "{shell} {signal}");
            assert_eq!(ours.1, Some(signal as i32));
        }
    }
}

/// A session as a person types it: each line is sent when the text before it has appeared.
type Session = &'static [(&'static str, &'static str)];

/// Says when it runs, and when it runs again: keys that are sent then are for it. One process, so
/// that a stop hits all of it at once.
const JOB: &str = "trap 'echo resumed' CONT; echo started; while :; do read x; done\n";

const SESSION: Session = &[
    ("@ ", "echo out; echo err >&2; false\n"),
    ("@ ", "echo \"status $?\" $0 $SHLVL $-\n"),
    ("@ ", "tty >/dev/null && stty size\n"),
    ("@ ", "sh job\n"),
    ("started", "\u{1a}"),
    ("@ ", "jobs\n"),
    ("@ ", "fg\n"),
    ("resumed", "\u{3}"),
    ("@ ", "echo \"status $?\"\n"),
    ("@ ", "sleep 0.1 & wait\n"),
    ("@ ", "cat\n"),
    ("cat", "typed\n"),
    ("typed", "\u{4}"),
    ("@ ", "exit 6\n"),
];

fn play(run: &Run, session: Session) -> Outcome {
    let mut terminal = run.terminal();
    for (before, keys) in session {
        terminal.expect(before);
        // Output of what came before is on its way; a person is slower than that.
        std::thread::sleep(std::time::Duration::from_millis(60));
        terminal.send(keys);
    }
    terminal.finish()
}

/// Process numbers are the one thing that may differ.
fn without_numbers(outcome: &Outcome) -> Vec<String> {
    outcome
        .stdout
        .split(['\r', '\n'])
        .map(|line| {
            let digits = line.chars().filter(char::is_ascii_digit).count();
            let plain: String = line.chars().filter(|c| !c.is_ascii_digit()).collect();
            if digits > 3 { plain } else { line.to_owned() }
        })
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn a_person_at_a_terminal() {
    let guard = Guard::new();
    guard.file("job", JOB);
    for shell in shells() {
        let arguments: &[&str] = match shell {
            "bash" => &["--norc", "--noprofile", "--noediting", "-i"],
            "zsh" => &["-f", "-i", "+Z", "-o", "no_prompt_cr", "-o", "no_prompt_sp"],
            _ => &["-i"],
        };
        let run = |run: Run| play(&run.args(arguments).env("PS1", "@ "), SESSION);
        let (ours, real) = (run(guard.shell(shell)), run(guard.real(shell)));
        assert_eq!(ours.code, Some(6), "{shell}: {}", ours.stdout);
        assert_eq!(without_numbers(&ours), without_numbers(&real), "{shell}");
    }
}

#[test]
fn a_terminal_without_a_person() {
    let guard = Guard::new();
    let scripts = [
        "tty >/dev/null; echo $?; stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal",
        "printf 'password: '; stty -echo; read x; stty echo; echo \"got $x\"",
        "ps -o tpgid=,pgid=,sid= -p $$ | awk '{ print ($1 == $2), ($2 == $3) }'",
        "kill -INT $$",
    ];
    for shell in shells() {
        for script in scripts {
            let run = |run: Run| {
                let mut terminal = run.args(["-c", script]).terminal();
                if script.contains("read") {
                    terminal.expect("password: ");
                    std::thread::sleep(std::time::Duration::from_millis(60));
                    terminal.send("secret\n");
                }
                terminal.finish()
            };
            let (ours, real) = (run(guard.shell(shell)), run(guard.real(shell)));
            assert_eq!(ours, real, "{shell}: {script}");
        }
    }
}

#[test]
fn a_window_that_changes_its_size() {
    let guard = Guard::new();
    let script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
    for shell in shells() {
        let run = |run: Run| {
            let mut terminal = run.args(["-c", script]).terminal();
            terminal.expect("ready");
            terminal.resize(11, 77);
            terminal.expect("11 77");
            terminal.finish()
        };
        let (ours, real) = (run(guard.shell(shell)), run(guard.real(shell)));
        assert_eq!(ours, real, "{shell}");
    }
}
