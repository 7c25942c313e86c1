//! Only a person lets an irreversible command run: once, in time, and exactly the one shown.

use std::fs;

use crate::stage::{Act, GUARD, Stage, Step, said};

/// The name to type for what [`Act::losing`] loses.
const NAME: &str = "production/pg-data";

fn asked(stage: &Stage) -> (Act, String) {
    let act = Act::losing("pg-data", &(stage.tracing("lost") + "; exit 7"));
    let output = stage.agent(&act);
    assert_eq!(output.status.code(), Some(126), "{}", said(&output));
    assert_eq!(stage.trace(), [""; 0]);
    let request = stage.request();
    assert!(said(&output).contains(&format!("guard approve {}", request.id)));
    assert_eq!(request.phrase, NAME);
    (act, request.id)
}

#[test]
fn an_approved_command_runs_once() {
    let stage = Stage::new();
    let (act, id) = asked(&stage);
    let seen = stage.approve(&id, NAME);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(stage.waiting().is_empty());
    let output = stage.agent(&act);
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert_eq!(stage.trace(), ["lost"]);
    let output = stage.agent(&act);
    assert_eq!(output.status.code(), Some(126), "{}", said(&output));
    assert_eq!(stage.trace(), ["lost"]);
    assert_ne!(stage.request().id, id);
}

#[test]
fn the_person_sees_what_the_agent_ran() {
    let stage = Stage::new();
    let (_, id) = asked(&stage);
    let seen = stage.approve(&id.to_lowercase(), NAME);
    for part in [
        "this command cannot be undone",
        "railway volume delete -v pg-data",
        "target: production/pg-data",
        &format!("To run it once, type   {NAME}"),
    ] {
        assert!(seen.screen.contains(part), "{part}: {}", seen.screen);
    }
}

#[test]
fn everything_but_the_name_refuses() {
    let stage = Stage::new();
    let (act, id) = asked(&stage);
    let twice = |typed: &str| vec![Step::answer(typed), Step::answer(typed)];
    for steps in [
        twice("yes"),
        twice("pg-data"),
        twice("Production/pg-data"),
        twice(&id),
        vec![Step::answer("")],
        vec![Step::answer("nearly"), Step::answer("")],
        vec![Step::new("\n> ", "\u{4}")],
        vec![Step::new("\n> ", "\u{3}")],
        vec![Step::new("\n> ", "production/pg-data\u{3}")],
        vec![Step::new("\n> ", "\u{1a}")],
        // Before the question can have been read.
        vec![Step::new("", "production/pg-data\n"), Step::answer("")],
        vec![
            Step::new("To run it once", "production/pg-data\n"),
            Step::answer(""),
        ],
    ] {
        let seen = stage.person(&[GUARD, "approve", &id], &steps);
        assert_eq!(seen.code, Some(126), "{seen:?}");
        let output = stage.agent(&act);
        assert_eq!(output.status.code(), Some(126), "{seen:?}");
        assert_eq!(stage.request().id, id);
    }
    assert_eq!(stage.trace(), [""; 0]);
}

#[test]
fn a_second_try_may_be_right() {
    let stage = Stage::new();
    let (_, id) = asked(&stage);
    let steps = [Step::answer("produktion/pg-data"), Step::answer(NAME)];
    let seen = stage.person(&[GUARD, "approve", &id], &steps);
    assert_eq!(seen.code, Some(0), "{seen:?}");
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let stage = Stage::new();
    let (_, id) = asked(&stage);
    let script = format!("trap : INT; stty -a > before; {GUARD} approve {id}; stty -a > after");
    let seen = stage.person(&["sh", "-c", &script], &[Step::new("\n> ", "\u{3}")]);
    assert!(seen.screen.contains("interrupted"), "{seen:?}");
    let read = |name: &str| fs::read_to_string(stage.work().join(name)).unwrap();
    assert_eq!(read("before"), read("after"));
    assert!(read("before").contains(" echo "));
}

#[test]
fn an_answer_on_standard_input_is_not_taken() {
    let stage = Stage::new();
    let (act, id) = asked(&stage);
    let script = format!("printf '{NAME}\\n{NAME}\\n' | {GUARD} approve {id}");
    let seen = stage.person(&["sh", "-c", &script], &[]);
    assert_eq!(seen.code, Some(126), "{seen:?}");
    assert!(seen.screen.contains("does not count"), "{seen:?}");
    assert_eq!(stage.agent(&act).status.code(), Some(126));
}

#[test]
fn the_one_who_asked_cannot_answer() {
    let feed = "sleep 2; printf 'production/pg-data\\nproduction/pg-data\\n'; sleep 1";
    for answer in [
        // No terminal at all.
        "\"$GUARD\" approve \"$ID\" < /dev/null".to_owned(),
        format!("({feed}) | \"$GUARD\" approve \"$ID\""),
        // A terminal of its own making.
        format!("({feed}) | script -qec \"$GUARD approve $ID\" /dev/null"),
        format!("({feed}) | setsid --wait script -qec \"$GUARD approve $ID\" /dev/null"),
        // Whose maker's parent has left.
        format!("({feed}) | setsid --fork script -qec \"$GUARD approve $ID\" typescript; sleep 4"),
        "expect -c 'set timeout 5; spawn $env(GUARD) approve $env(ID); expect \"> \" \
         {send \"production/pg-data\\r\"} eof {}; expect eof'"
            .to_owned(),
        "export CLAUDECODE=1; python3 feed.py".to_owned(),
        "python3 feed.py".to_owned(),
        "env -i PATH=/usr/bin:/bin HOME=\"$HOME\" XDG_STATE_HOME=\"$XDG_STATE_HOME\" GUARD=\"$GUARD\" \
         ID=\"$ID\" setsid --fork python3 feed.py; sleep 5"
            .to_owned(),
        "tmux -L x -f /dev/null new -d \"$GUARD approve $ID > seen 2>&1\"; sleep 2; \
         tmux -L x send-keys production/pg-data Enter; sleep 1"
            .to_owned(),
    ] {
        let stage = Stage::new();
        fs::write(stage.work().join("feed.py"), PTY).unwrap();
        let act = Act::losing("pg-data", &stage.tracing("lost"));
        let words = shell_words::join(stage.words(&act));
        // One process tree asks, and then answers itself.
        let script = format!(
            "{words} 2> message; ID=$(sed -n 's/.*guard approve \\([0-9A-Z]*\\).*/\\1/p' message); \
             export ID; test -n \"$ID\" || exit 99; {answer}; true"
        );
        let mut command = stage.command("setsid");
        command
            .args(["--wait", "sh", "-c", &script])
            .env("GUARD", GUARD);
        if answer.contains("tmux") {
            // What an agent's own server inherits.
            command.env("CLAUDECODE", "1");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(stage.waiting().len(), 1, "{answer}: {}", said(&output));
        let output = stage.agent(&act);
        assert_eq!(
            output.status.code(),
            Some(126),
            "{answer}: {}",
            said(&output)
        );
        assert_eq!(stage.trace(), [""; 0], "{answer}");
        let log = said(&stage.guard(&["log", "--json"]));
        assert!(log.contains("\"event\":\"distrusted\""), "{answer}: {log}");
    }
}

/// Makes a terminal, leaves its parent, and types the name.
const PTY: &str = r#"
import os, pty, sys, time
name = b"production/pg-data\n"
if "CLAUDECODE" in os.environ:
    if os.fork():
        time.sleep(4)
        sys.exit()
    os.setsid()
pid, master = pty.fork()
if pid == 0:
    os.execv(os.environ["GUARD"], ["guard", "approve", os.environ["ID"]])
time.sleep(2)
try:
    os.write(master, name)
    time.sleep(0.5)
    while os.read(master, 4096):
        pass
except OSError:
    pass
"#;

#[test]
fn an_approval_is_for_these_files_in_this_directory() {
    let stage = Stage::new();
    let sql = stage.work().join("wipe.sql");
    fs::write(&sql, "drop table a").unwrap();
    let act = Act {
        files: vec![sql.clone()],
        ..Act::losing("pg-data", &stage.tracing("lost"))
    };
    let approved = || {
        let output = stage.agent(&act);
        assert_eq!(output.status.code(), Some(126));
        let requests = stage.waiting();
        let newest = requests.last().unwrap();
        assert_eq!(stage.approve(&newest.id, NAME).code, Some(0));
    };
    approved();
    fs::write(&sql, "drop table a, b").unwrap();
    assert_eq!(stage.agent(&act).status.code(), Some(126), "another file");
    fs::write(&sql, "drop table a").unwrap();
    let elsewhere = stage.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let output = stage.agent_in(&elsewhere, &act);
    assert_eq!(output.status.code(), Some(126), "another directory");
    assert_eq!(stage.trace(), [""; 0]);
    assert_eq!(stage.agent(&act).status.code(), Some(0), "as approved");
    assert_eq!(stage.trace(), ["lost"]);
}

#[test]
fn of_two_that_run_at_once_one_has_the_approval() {
    let stage = Stage::new();
    let (act, id) = asked(&stage);
    assert_eq!(stage.approve(&id, NAME).code, Some(0));
    let mut codes: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| stage.agent(&act).status.code().unwrap()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    codes.sort_unstable();
    assert_eq!(codes, [7, 126, 126, 126, 126, 126]);
    assert_eq!(stage.trace(), ["lost"]);
}

#[test]
fn inner_commands_that_were_shown_do_not_ask_again() {
    let stage = Stage::new();
    let inner = |name: &str| {
        let act = Act::losing(name, &stage.tracing(name));
        shell_words::join(stage.words(&act))
    };
    // A shell within the shell, and the last one takes the process over.
    let middle = Act::losing("b", &format!("{}; true", inner("b")));
    let script = format!(
        "{}; {}; {}; {}; exec {}",
        inner("a"),
        shell_words::join(stage.words(&middle)),
        inner("a"),
        inner("other"),
        inner("c"),
    );
    let mut act = Act::losing("a", &script);
    act.losses = ["a", "b", "c"]
        .map(|name| ("volume-delete".to_owned(), name.to_owned()))
        .to_vec();
    act.text = "./wipe.sh".to_owned();
    assert_eq!(stage.agent(&act).status.code(), Some(126));
    let seen = stage.approve(&stage.request().id, "production/a and 2 more");
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let output = stage.agent(&act);
    // Twice "a" was not shown, and "other" not at all.
    assert_eq!(stage.trace(), ["a", "b", "c"], "{}", said(&output));
    assert_eq!(stage.waiting().len(), 2);
    // Nobody outside has anything of it.
    let outside = Act::losing("a", &stage.tracing("outside"));
    assert_eq!(stage.agent(&outside).status.code(), Some(126));
}

#[test]
fn what_an_unseen_part_turns_out_to_do_asks() {
    let stage = Stage::new();
    let inner = Act::losing("pg-data", &stage.tracing("lost"));
    let mut act = Act::harmless(&shell_words::join(stage.words(&inner)));
    act.text = "eval \"$X\"".to_owned();
    act.opaque = vec!["the text is made when it runs: $X".to_owned()];
    assert_eq!(stage.agent(&act).status.code(), Some(126));
    let seen = stage.approve(&stage.request().id, "unseen eval");
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(stage.agent(&act).status.code(), Some(126));
    assert_eq!(stage.trace(), [""; 0]);
    assert_eq!(stage.request().phrase, NAME);
}

#[test]
fn a_no_is_told_to_the_agent() {
    let stage = Stage::new();
    let (act, id) = asked(&stage);
    let output = stage.guard(&["approve", &id, "--deny", "--reason", "use staging"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = stage.agent(&act);
    assert_eq!(output.status.code(), Some(126));
    assert!(said(&output).contains("They say: use staging"));
    assert!(said(&output).contains("\"verdict\":\"declined\""));
    assert_eq!(stage.approve(&id, NAME).code, Some(126), "no longer waits");
}

#[test]
fn what_waits_is_listed_and_a_single_one_is_shown() {
    let stage = Stage::new();
    assert!(said(&stage.guard(&["approve"])).contains("nothing waits"));
    let (_, id) = asked(&stage);
    let seen = stage.person(&[GUARD, "approve"], &[Step::answer(NAME)]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(seen.screen.contains(&id));
    for name in ["one", "two"] {
        stage.agent(&Act::losing(name, "true"));
    }
    let output = stage.guard(&["approve"]);
    assert_eq!(output.status.code(), Some(0));
    for part in ["production/one", "production/two", "railway volume delete"] {
        assert!(said(&output).contains(part), "{}", said(&output));
    }
    let output = stage.guard(&["approve", "ZZZZZZ"]);
    assert_eq!(output.status.code(), Some(126));
}

#[test]
fn a_person_is_asked_at_their_own_terminal() {
    for (steps, wait, code, traced) in [
        (vec![Step::answer(NAME)], None, 7, true),
        (vec![Step::answer("no"), Step::answer(NAME)], None, 7, true),
        (
            vec![Step::answer("no"), Step::answer("yes")],
            None,
            126,
            false,
        ),
        (vec![Step::answer("")], None, 126, false),
        (vec![Step::new("\n> ", "\u{4}")], None, 126, false),
        (vec![], Some(300), 126, false),
        (
            vec![Step::new("To run it once", "production/pg-data\n")],
            Some(300),
            126,
            false,
        ),
    ] {
        let stage = Stage::new();
        let mut act = Act::losing("pg-data", &(stage.tracing("lost") + "; exit 7"));
        act.direct = true;
        act.wait = wait;
        let words = stage.words(&act);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let seen = stage.person(&words, &steps);
        assert_eq!(seen.code, Some(code), "{seen:?}");
        assert_eq!(!stage.trace().is_empty(), traced, "{seen:?}");
        assert!(stage.waiting().is_empty());
    }
}

#[test]
fn the_prompt_does_not_read_standard_input() {
    let stage = Stage::new();
    let mut act = Act::losing("pg-data", &stage.tracing("lost"));
    act.direct = true;
    let words = shell_words::join(stage.words(&act));
    let script = format!("printf '{NAME}\\n' | {words}");
    let seen = stage.person(&["sh", "-c", &script], &[Step::answer("")]);
    assert_eq!(seen.code, Some(126), "{seen:?}");
    // A pipe that the command itself reads does not stand in the way of the question.
    act.script = format!("cat >> {}", stage.path("trace").display());
    let words = shell_words::join(stage.words(&act));
    let script = format!("echo piped | {words}");
    let seen = stage.person(&["sh", "-c", &script], &[Step::answer(NAME)]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(stage.trace(), ["piped"]);
}

#[test]
fn a_file_that_changes_while_the_question_waits_stops_the_command() {
    let stage = Stage::new();
    let sql = stage.work().join("wipe.sql");
    fs::write(&sql, "drop table a").unwrap();
    let mut act = Act::losing("pg-data", &stage.tracing("lost"));
    act.direct = true;
    act.files = vec![sql.clone()];
    let words = shell_words::join(stage.words(&act));
    let script = format!(
        "(sleep 2; echo 'drop table b' > {}; echo changed) & {words}",
        sql.display()
    );
    let steps = [
        Step::new("\n> ", ""),
        Step::new("changed", &format!("{NAME}\n")),
    ];
    let seen = stage.person(&["sh", "-c", &script], &steps);
    assert_eq!(seen.code, Some(125), "{seen:?}");
    assert_eq!(stage.trace(), [""; 0]);
}

const DELETE: &str = "railway volume delete -v vol_1 -e production -y";

#[test]
fn every_way_in_asks_and_an_approval_reaches_the_program() {
    for words in [
        vec!["bash", "-c", DELETE],
        vec!["sh", "-c", DELETE],
        // The shell's question, and then the shim's own.
        vec![
            "bash",
            "-c",
            "sh -c \"railway volume delete -v vol_1 -e production -y\"; exit $?",
        ],
        vec![
            "railway",
            "volume",
            "delete",
            "-v",
            "vol_1",
            "-e",
            "production",
            "-y",
        ],
        vec![
            GUARD,
            "--",
            "railway",
            "volume",
            "delete",
            "-v",
            "vol_1",
            "-e",
            "production",
            "-y",
        ],
        vec![GUARD, "-c", DELETE],
        vec![
            "env",
            "-u",
            "XYZ",
            "railway",
            "volume",
            "delete",
            "-v",
            "vol_1",
            "-e",
            "production",
            "-y",
        ],
    ] {
        let stage = Stage::new();
        stage.install();
        let run = || {
            let mut command = stage.command("setsid");
            command.arg("--wait").args(&words).output().unwrap()
        };
        let output = run();
        assert_eq!(
            output.status.code(),
            Some(126),
            "{words:?}: {}",
            said(&output)
        );
        assert_eq!(stage.trace(), [""; 0], "{words:?}");
        let request = stage.request();
        let seen = stage.approve(&request.id, &request.phrase);
        assert_eq!(seen.code, Some(0), "{words:?}: {seen:?}");
        let output = run();
        assert_eq!(
            output.status.code(),
            Some(7),
            "{words:?}: {}",
            said(&output)
        );
        assert_eq!(
            stage.trace(),
            ["volume delete -v vol_1 -e production -y"],
            "{words:?}"
        );
        assert_eq!(run().status.code(), Some(126), "{words:?}");
        assert_eq!(stage.trace().len(), 1, "{words:?}");
    }
}

#[test]
fn a_person_in_a_shell_of_their_own_is_asked_there() {
    for words in [
        vec!["/bin/sh", "-c", DELETE],
        vec!["/bin/sh", "-c", "make -f wipe.mk"],
        vec![
            GUARD,
            "--",
            "railway",
            "volume",
            "delete",
            "-v",
            "vol_1",
            "-e",
            "production",
            "-y",
        ],
    ] {
        let stage = Stage::new();
        stage.install();
        let recipe = format!("wipe:\n\t{DELETE}\n");
        fs::write(stage.work().join("wipe.mk"), recipe).unwrap();
        let seen = stage.person(&words, &[Step::answer("production/vol_1")]);
        assert_eq!(stage.trace().len(), 1, "{words:?}: {seen:?}");
        let seen = stage.person(&words, &[Step::answer("")]);
        assert_eq!(stage.trace().len(), 1, "{words:?}: {seen:?}");
        assert!(stage.waiting().is_empty());
    }
}

#[test]
fn a_terminal_that_a_program_has_taken_over_is_not_asked_at() {
    let stage = Stage::new();
    stage.install();
    let script = format!("stty -icanon; {DELETE}");
    let seen = stage.person(&["/bin/sh", "-c", &script], &[]);
    assert!(seen.screen.contains("guard approve"), "{seen:?}");
    assert_eq!(stage.waiting().len(), 1);
}

#[test]
fn an_approval_is_for_this_standard_input() {
    let stage = Stage::new();
    stage.install();
    let run = |input: &str| {
        let script = format!("echo {input} | xargs railway volume delete -y -e production -v");
        let mut command = stage.command("setsid");
        let words = ["--wait", "/bin/sh", "-c", &script];
        let output = command.args(words).output().unwrap();
        output.status.code()
    };
    // The shim that `xargs` starts is the first guard here.
    assert_eq!(run("vol_1"), Some(123));
    let request = stage.request();
    assert_eq!(request.phrase, "production/vol_1");
    assert_eq!(stage.approve(&request.id, &request.phrase).code, Some(0));
    assert_eq!(run("vol_2"), Some(123));
    assert_eq!(stage.trace(), [""; 0]);
    assert_eq!(
        run("vol_1"),
        Some(123),
        "railway's own 7, as xargs tells it"
    );
    assert_eq!(stage.trace(), ["volume delete -y -e production -v vol_1"]);
    // And here guard stands before `xargs`.
    let guarded = |input: &str| {
        let script = format!("echo {input} | {GUARD} -- xargs railway volume delete -y -v");
        let mut command = stage.command("setsid");
        let words = ["--wait", "/bin/sh", "-c", &script];
        command.args(words).output().unwrap().status.code()
    };
    let before = stage.waiting().len();
    assert_eq!(guarded("vol_3"), Some(126));
    assert_eq!(guarded("vol_4"), Some(126));
    assert_eq!(guarded("vol_3"), Some(126));
    assert_eq!(stage.waiting().len(), before + 2);
}
