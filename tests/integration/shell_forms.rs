//! Every form by which a shell is started, read by guard as the real shell reads it, and run
//! through guard with the same outcome.

use guard::invocation::{Flavor, Input, ShellLine};

use crate::harness::{Guard, shells};

/// Prints which text it is, `$0` and the parameters; unlike any other text in a case.
const TEXT: &str = r#"printf '%s:' TEXT "$0" "$@""#;
const SCRIPT: &str = r#"printf '%s:' SCRIPT "$0" "$@""#;
const STDIN: &str = "printf '%s:' STDIN \"$0\" \"$@\"\n";

/// Command lines with `TEXT` for a text and `SCRIPT` for a script file.
const FORMS: &[&str] = &[
    "-c TEXT",
    "-c TEXT name",
    "-c TEXT name a b",
    "-c -- TEXT name a",
    "-c - TEXT name a",
    "-c -e TEXT name a",
    "-c -e -u TEXT name -c x",
    "-e -c TEXT",
    "-ec TEXT",
    "-ce TEXT",
    "-eu -c TEXT name",
    "+e -c TEXT name",
    "-c +e TEXT name",
    "+c TEXT name a",
    "-lc TEXT name a",
    "-l -c TEXT",
    "-c -l TEXT name",
    "-cl TEXT",
    "-o errexit -c TEXT name",
    "-co errexit TEXT name",
    "-oc errexit TEXT name",
    "-c -o errexit TEXT name",
    "-s",
    "-s a b",
    "-s -- a -c",
    "-es a",
    "-e -s a",
    "-sc TEXT name a",
    "-cs TEXT name a",
    "-s -c TEXT",
    "+s a",
    "-",
    "--",
    "- SCRIPT a",
    "-- SCRIPT a",
    "SCRIPT",
    "SCRIPT a b",
    "SCRIPT -c TEXT",
    "-e SCRIPT a",
    "-e -- SCRIPT a",
    "-n -c TEXT",
    "-n SCRIPT a",
    "-n",
    "-n +n -c TEXT name",
    "-o noexec -c TEXT",
    "-c",
    "-Z -c TEXT",
    "-c -c TEXT name",
    "-c TEXT -c TEXT",
    "-x SCRIPT",
];

const BASH_FORMS: &[&str] = &[
    "--norc -c TEXT name",
    "-norc -c TEXT name",
    "--noprofile --norc -c TEXT",
    "--login -c TEXT name",
    "-login -c TEXT name",
    "--posix -c TEXT a b",
    "-c --norc TEXT",
    "-c --login TEXT",
    "-O extglob -c TEXT name",
    "+O extglob -c TEXT name",
    "-Oc extglob TEXT name",
    "-oOc errexit extglob TEXT name",
    "-O extglob -o pipefail -ec TEXT -- a",
    "--rcfile SCRIPT -c TEXT name",
    "--init-file SCRIPT --norc -c TEXT name",
    "--rcfile",
    "--version",
    "--version -c TEXT",
    "--help",
    "-D SCRIPT",
    "--dump-strings SCRIPT",
    "--pretty-print -c TEXT",
    "--verbose -c TEXT",
    "--restricted -c TEXT name",
    "-rc TEXT name",
    "-pc TEXT name",
    "--nonsense -c TEXT",
    "-hBc TEXT name",
    "--noediting -s a",
];

const ZSH_FORMS: &[&str] = &[
    "-fc TEXT name a",
    "-f -c TEXT name a",
    "--no-rcs -c TEXT name",
    "-oextendedglob -c TEXT name",
    "-o extended_glob -c TEXT name",
    "--extended-glob -c TEXT name",
    "-o NO_EXEC -c TEXT",
    "+o exec -c TEXT",
    "--emulate sh -c TEXT name",
    "-bc TEXT -x",
    "-b SCRIPT a",
    "-o shinstdin a",
    "-o SH_IN_STDIN a",
    "--shinstdin a",
    "--version",
    "-dfc TEXT",
    "-o",
];

fn words(guard: &Guard, form: &str) -> Vec<String> {
    form.split(' ')
        .map(|word| match word {
            "TEXT" => TEXT.to_owned(),
            "SCRIPT" => guard.work().join("script").display().to_string(),
            _ => word.to_owned(),
        })
        .collect()
}

fn forms(shell: &str) -> Vec<&'static str> {
    let own = match shell {
        "bash" => BASH_FORMS,
        "zsh" => ZSH_FORMS,
        _ => &[],
    };
    FORMS.iter().chain(own).copied().collect()
}

/// What the real shell must print if guard read the command line well; `None` if guard says that
/// it cannot read it.
fn predicted(flavor: Flavor, argv: &[String]) -> Option<String> {
    let line = ShellLine::read(flavor, argv).ok()?;
    let mut parameters: Vec<&str> = vec![&argv[line.zero]];
    parameters.extend(argv.iter().skip(line.parameters).map(String::as_str));
    let printed = |label: &str| format!("{label}:{}:", parameters.join(":"));
    let of_word = |index: usize| match argv[index].as_str() {
        TEXT => printed("TEXT"),
        path if path.ends_with("/script") => printed("SCRIPT"),
        _ => String::new(),
    };
    Some(match line.input {
        Input::Text(index) | Input::Script(index) => of_word(index),
        Input::TextThenStdin(index) => of_word(index) + &printed("STDIN"),
        Input::Stdin => printed("STDIN"),
        Input::Nothing => String::new(),
    })
}

#[test]
fn guard_reads_a_command_line_as_the_real_shell_does() {
    let guard = Guard::new();
    guard.file("script", SCRIPT);
    for (shell, flavor) in [
        ("bash", Flavor::Bash),
        ("dash", Flavor::Dash),
        ("zsh", Flavor::Zsh),
    ] {
        if !shells().contains(&shell) {
            continue;
        }
        for form in forms(shell) {
            let words = words(&guard, form);
            let real = guard.real(shell).args(&words).stdin(STDIN).output();
            let mut argv = vec![shell.to_owned()];
            argv.extend(words);
            let ran = ["TEXT:", "SCRIPT:", "STDIN:"]
                .iter()
                .any(|label| real.stdout.contains(label));
            match predicted(flavor, &argv) {
                // Versions and help are nobody's commands.
                Some(text) if text.is_empty() => assert!(!ran, "{shell} {form}: {real:?}"),
                Some(text) => assert_eq!(real.stdout, text, "{shell} {form}"),
                None => assert!(!ran, "{shell} {form} runs something: {real:?}"),
            }
        }
    }
}

#[test]
fn every_form_runs_through_guard_as_it_would_without() {
    let guard = Guard::new();
    guard.file("script", SCRIPT);
    for shell in shells() {
        for form in forms(shell) {
            let flavor = match shell {
                "bash" => Flavor::Bash,
                "zsh" => Flavor::Zsh,
                _ => Flavor::Dash,
            };
            let words = words(&guard, form);
            let mut argv = vec![shell.to_owned()];
            argv.extend(words.clone());
            if ShellLine::read(flavor, &argv).is_err() {
                continue;
            }
            let real = guard.real(shell).args(&words).stdin(STDIN).output();
            let ours = guard.shell(shell).args(&words).stdin(STDIN).output();
            assert_eq!(ours, real, "{shell} {form}");
        }
    }
}

/// A command line as an agent's program makes it, with the shell that it starts.
struct Envelope {
    agent: &'static str,
    shell: &'static str,
    arguments: Vec<String>,
}

fn envelope(agent: &'static str, shell: &'static str, arguments: &[&str]) -> Envelope {
    Envelope {
        agent,
        shell,
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
    }
}

/// Where Claude Code has the shell leave its working directory.
fn fresh_cwd_file() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("claude-{}-cwd", std::process::id()))
}

/// Each program's own way to run `COMMAND`, as they were recorded.
fn envelopes(guard: &Guard, command: &str) -> Vec<Envelope> {
    let quoted = format!("'{}'", command.replace('\'', r#"'"'"'"#));
    let snapshot = guard.work().join("snapshot.sh");
    let snapshot = snapshot.display();
    let cwd = fresh_cwd_file();
    let cwd = cwd.display();
    let with_snapshot = format!(
        "source {snapshot} 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && \
         eval {quoted} < /dev/null && pwd -P >| {cwd}"
    );
    let without_snapshot = format!(
        "shopt -u extglob 2>/dev/null || true && eval {quoted} < /dev/null && pwd -P >| {cwd}"
    );
    let both_shells = format!(
        "source {snapshot} 2>/dev/null || true && {{ shopt -u extglob || setopt NO_EXTENDED_GLOB; \
         }} >/dev/null 2>&1 || true && eval {quoted} < /dev/null && pwd -P >| {cwd}"
    );
    let codex = format!("if . '{snapshot}' >/dev/null 2>&1; then :; fi\n\nexec 'bash' -c {quoted}");
    let gemini = format!(
        "shopt -u promptvars nullglob extglob nocaseglob dotglob; _bgpids_file={cwd}\n(\n\
         trap 'jobs -p > \"$_bgpids_file\"' EXIT\n{command}\n)\n__code=$?\nexit $__code"
    );
    let opencode = format!(
        "\n shopt -s expand_aliases\n [[ -f ~/.bashrc ]] && source ~/.bashrc >/dev/null 2>&1 || \
         true\n cd -- \"$1\"\n eval {quoted}\n"
    );
    let work = guard.work().display().to_string();
    let zed = format!("({command}) </dev/null");
    vec![
        envelope("claude, snapshot", "bash", &["-c", &with_snapshot]),
        envelope(
            "claude, no snapshot",
            "bash",
            &["-c", "-l", &without_snapshot],
        ),
        envelope("claude, prefix", "bash", &["-c", &both_shells]),
        envelope("claude, zsh", "zsh", &["-c", &both_shells]),
        envelope(
            "claude, environment",
            "bash",
            &["-c", "env >/dev/null; true"],
        ),
        envelope("codex", "bash", &["-c", &codex]),
        envelope("codex, login", "bash", &["-lc", command]),
        envelope("codex, zsh", "zsh", &["-lc", command]),
        envelope("gemini", "bash", &["-c", &gemini]),
        envelope("opencode", "bash", &["-c", command]),
        envelope(
            "opencode, own",
            "bash",
            &["-l", "-c", &opencode, "opencode", &work],
        ),
        envelope("cline", "bash", &["-c", command]),
        envelope("cline, standalone", "bash", &["-l", "-c", command]),
        envelope("aider", "bash", &["-i", "-c", command]),
        envelope("aider, no terminal", "sh", &["-c", command]),
        envelope("zed", "sh", &["-c", &zed]),
        envelope("make", "sh", &["-ec", command]),
    ]
}

#[test]
fn what_agents_send_runs_as_without_guard() {
    let guard = Guard::new();
    guard.file(
        "snapshot.sh",
        "export SNAPSHOT=taken\nalias -- ll='ls -l'\n",
    );
    guard.file("notes.txt", "one\ntwo\n");
    let commands = [
        "echo guard-probe; pwd; echo err >&2",
        "cat notes.txt | wc -l && exit 3",
        r#"printf '%s\n' "it's quoted" 'a "b"'"#,
    ];
    for command in commands {
        for Envelope {
            agent,
            shell,
            arguments,
        } in envelopes(&guard, command)
        {
            if !shells().contains(&shell) {
                continue;
            }
            let real = guard.real(shell).args(&arguments).output();
            let ours = guard.shell(shell).args(&arguments).output();
            assert_eq!(ours, real, "{agent}: {command}");
        }
    }
    let _ = std::fs::remove_file(fresh_cwd_file());
}

/// Some programs hand the state of the shell over on descriptor 3 and take it back on 4.
#[test]
fn descriptors_beyond_the_standard_ones_are_handed_on() {
    let guard = Guard::new();
    let state = guard.file("state", "STATE='handed over'\n");
    for (run, dump) in [
        (guard.real("bash"), "real"),
        (guard.shell("bash"), "guarded"),
    ] {
        let dump = guard.work().join(dump);
        // The outer shell is the agent, as Cursor does it: it opens the descriptors and starts the
        // inner one.
        let outer = format!(
            r#"exec 3<'{}' 4>'{}'; exec "$0" "$@""#,
            state.display(),
            dump.display()
        );
        let outcome = guard
            .run("/bin/bash")
            .args(["-c", &outer])
            .arg(run.command().get_program())
            .args(["-O", "extglob", "-c"])
            .arg(
                r#"snap=$(command cat <&3) && builtin shopt -s extglob && builtin eval -- "$snap" &&
                   { builtin set +u; builtin export PWD="$(builtin pwd)"; builtin eval "$1" < /dev/null; }
                   echo "back" >&4; builtin exit 4"#,
            )
            .args(["--", "echo \"$STATE, taken\""])
            .output();
        assert_eq!(outcome.stdout, "handed over, taken\n", "{outcome:?}");
        assert_eq!(outcome.code, Some(4));
        assert_eq!(std::fs::read_to_string(&dump).unwrap(), "back\n");
    }
}
