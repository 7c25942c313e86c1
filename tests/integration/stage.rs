//! What tests about people and agents play on: a home of their own, an agent without a terminal,
//! and a person at a terminal that nobody else holds.
//!
//! Agents and terminals are processes of their own: this binary, started again in the role of one.
//! The person's terminal is detached and starts with a clean environment, so that the tests also
//! pass when an agent runs them.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use guard::effect::{Assessment, Effect, Opaque, Reversibility, RuleId, Target, Tier};
use guard::gate::{Answer, Draft, Entry, Patience, Plan, Request, Requests, State, Verdict};
use guard::location::{Location, Span};
use guard::policy::Policy;
use guard::world::{System, World};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

pub(crate) const GUARD: &str = env!("CARGO_BIN_EXE_guard");
const ROLE: &str = "GUARD_TEST_ROLE";

/// A plan as a file, for the role that takes it through the gate.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Act {
    pub(crate) direct: bool,
    pub(crate) program: PathBuf,
    /// `argv[0]`, before `-c` and the script.
    pub(crate) name: String,
    /// What the shell runs if the gate lets it.
    pub(crate) script: String,
    /// The command as it is shown.
    pub(crate) text: String,
    /// `(rule, name)` of volumes in production.
    pub(crate) losses: Vec<(String, String)>,
    pub(crate) opaque: Vec<String>,
    /// Files that decided the judgement.
    pub(crate) files: Vec<PathBuf>,
    /// How long a prompt waits, if not as long as always (milliseconds).
    pub(crate) wait: Option<u64>,
}

impl Act {
    pub(crate) fn losing(name: &str, script: &str) -> Self {
        Self {
            direct: false,
            program: "/bin/sh".into(),
            name: "sh".to_owned(),
            script: script.to_owned(),
            text: format!("railway volume delete -v {name}"),
            losses: vec![("volume-delete".to_owned(), name.to_owned())],
            opaque: Vec::new(),
            files: Vec::new(),
            wait: None,
        }
    }

    pub(crate) fn harmless(script: &str) -> Self {
        Self {
            losses: Vec::new(),
            text: script.to_owned(),
            ..Self::losing("", script)
        }
    }

    fn plan(&self) -> Plan {
        let cwd = std::env::current_dir().unwrap();
        let world = System::new(cwd.clone());
        for file in &self.files {
            let _ = world.read(file);
        }
        let everything = Location::from(Span::new(0, self.text.len()));
        let effects = self.losses.iter().map(|(rule, name)| Effect {
            rule: RuleId::new("railway", rule.clone()),
            action: "delete".into(),
            target: Target {
                environment: Some("production".to_owned()),
                tier: Tier::Production,
                ..Target::new("volume", Some(name.clone()))
            },
            reversibility: Reversibility::Irreversible { perhaps: None },
            summary: "deletes the volume and every backup of it".to_owned(),
            also_lost: Vec::new(),
            evidence: Vec::new(),
            instead: None,
            location: everything.clone(),
        });
        let opaque = self.opaque.iter().map(|reason| Opaque {
            reason: reason.clone(),
            location: everything.clone(),
        });
        let draft = Draft {
            path: None,
            entry: if self.direct {
                Entry::Direct
            } else {
                Entry::Shell
            },
            program: self.program.clone(),
            argv: [&self.name, "-c", &self.script].map(Into::into).to_vec(),
            cwd,
            text: self.text.clone(),
            assessment: Assessment {
                effects: effects.collect(),
                opaque: opaque.collect(),
                unlisted: Vec::new(),
                notes: Vec::new(),
            },
            scaffolding: Vec::new(),
        };
        Plan::new(draft, &world)
    }
}

/// A home for one test.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        crate::harness::ordinary_signals();
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("work")).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// The lines of a file that the acts write into.
    pub(crate) fn trace(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("trace")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// A script that leaves a line in the trace.
    pub(crate) fn tracing(&self, line: &str) -> String {
        format!("echo {line} >> {}", self.path("trace").display())
    }

    pub(crate) fn state(&self) -> State {
        State::at(self.path("state/guard")).unwrap()
    }

    pub(crate) fn waiting(&self) -> Vec<Request> {
        Requests::in_state(&self.state()).waiting()
    }

    /// The only request that waits.
    pub(crate) fn request(&self) -> Request {
        let waiting = self.waiting();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting.into_iter().next().unwrap()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PATH", self.search_path()),
            ("HOME", self.directory.path().display().to_string()),
            ("XDG_STATE_HOME", self.path("state").display().to_string()),
            ("TERM", "xterm".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ]
    }

    fn search_path(&self) -> String {
        let system = "/usr/local/bin:/usr/bin:/bin";
        let links = self.path("links");
        if links.exists() {
            let programs = self.path("programs");
            format!("{}:{}:{system}", links.display(), programs.display())
        } else {
            system.to_owned()
        }
    }

    /// Puts guard before the shells and `railway`, which leaves what it is told in the trace.
    pub(crate) fn install(&self) {
        let (links, programs) = (self.path("links"), self.path("programs"));
        fs::create_dir(&links).unwrap();
        fs::create_dir(&programs).unwrap();
        fs::write(links.join(guard::sys::LINKS_MARKER), "").unwrap();
        for name in ["bash", "sh", "railway"] {
            std::os::unix::fs::symlink(GUARD, links.join(name)).unwrap();
        }
        let script = format!("#!/bin/sh\n{}\nexit 7\n", self.tracing("\"$*\""));
        fs::write(programs.join("railway"), script).unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(programs.join("railway"), executable).unwrap();
    }

    /// A program with nothing in its environment that the test did not put there.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// `guard` with these arguments, without a terminal.
    pub(crate) fn guard(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("setsid");
        command.arg("--wait").arg(GUARD).args(arguments);
        command.output().unwrap()
    }

    /// The words that start this binary as the one who takes an act through the gate.
    pub(crate) fn words(&self, act: &Act) -> Vec<String> {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = self.path(&format!("act-{count}.json"));
        fs::write(&file, serde_json::to_vec(act).unwrap()).unwrap();
        role("act", &file)
    }

    /// An agent without a terminal, in a session of its own, that runs an act.
    pub(crate) fn agent(&self, act: &Act) -> Output {
        self.agent_in(&self.work(), act)
    }

    pub(crate) fn agent_in(&self, directory: &Path, act: &Act) -> Output {
        let mut command = self.command("setsid");
        command
            .current_dir(directory)
            .arg("--wait")
            .args(self.words(act));
        command.output().unwrap()
    }

    /// A person types these things at a terminal that runs these words.
    pub(crate) fn person(&self, words: &[&str], steps: &[Step]) -> Seen {
        let scene = Scene {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            steps: steps.to_vec(),
            seen: self.path("seen.json"),
        };
        let file = self.path("scene.json");
        let _ = fs::remove_file(&scene.seen);
        fs::write(&file, serde_json::to_vec(&scene).unwrap()).unwrap();
        let status = self
            .command("setsid")
            .arg("--fork")
            .args(role("terminal", &file))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(seen) = fs::read(&scene.seen) {
                return serde_json::from_slice(&seen).unwrap();
            }
            assert!(Instant::now() < end, "the terminal gave no sign");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A person runs `guard approve ID` and types.
    pub(crate) fn approve(&self, id: &str, typed: &str) -> Seen {
        self.person(&[GUARD, "approve", id], &[Step::answer(typed)])
    }
}

fn role(name: &str, file: &Path) -> Vec<String> {
    let binary = std::env::current_exe().unwrap();
    [
        "env",
        &format!("{ROLE}={}", file.display()),
        &binary.display().to_string(),
        "--exact",
        &format!("stage::in_the_role_of_{name}"),
        "--ignored",
        "--nocapture",
        "--quiet",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Waits for a text on the screen, then types.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    expect: String,
    send: String,
}

impl Step {
    pub(crate) fn new(expect: &str, send: &str) -> Self {
        Self {
            expect: expect.to_owned(),
            send: send.to_owned(),
        }
    }

    pub(crate) fn answer(typed: &str) -> Self {
        Self::new("\n> ", &format!("{typed}\n"))
    }
}

#[derive(Serialize, Deserialize)]
struct Scene {
    words: Vec<String>,
    steps: Vec<Step>,
    seen: PathBuf,
}

/// What the terminal showed, and how the program ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) screen: String,
    pub(crate) code: Option<i32>,
}

#[test]
#[ignore = "a role that other tests start"]
#[expect(clippy::exit, reason = "the role ends as guard would")]
fn in_the_role_of_act() {
    let file = std::env::var(ROLE).unwrap();
    let act: Act = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let policy = Policy::builtin();
    let stopped = match act.wait {
        None => guard::gate::pass(act.plan(), &policy, None),
        Some(wait) => {
            let patience = Patience {
                wait: Duration::from_millis(wait),
                ..Patience::default()
            };
            let Verdict::Confirm(challenge) = guard::gate::judge(act.plan(), &policy) else {
                panic!("not a question");
            };
            let state = State::open().unwrap();
            match challenge.answer(&state, &patience).unwrap() {
                Answer::Refused(refusal) => {
                    eprintln!("{}", refusal.message());
                    std::process::exit(126);
                }
                other => panic!("{other:?}"),
            }
        }
    };
    eprintln!("{}", stopped.message);
    std::process::exit(stopped.code.into());
}

#[test]
#[ignore = "a role that other tests start"]
fn in_the_role_of_terminal() {
    let scene: Scene =
        serde_json::from_slice(&fs::read(std::env::var(ROLE).unwrap()).unwrap()).unwrap();
    // Until the process that detached this one is gone, we still descend from the test.
    std::thread::sleep(Duration::from_millis(50));
    let master = nix::pty::posix_openpt(
        nix::fcntl::OFlag::O_RDWR | nix::fcntl::OFlag::O_NOCTTY | nix::fcntl::OFlag::O_CLOEXEC,
    )
    .unwrap();
    nix::pty::grantpt(&master).unwrap();
    nix::pty::unlockpt(&master).unwrap();
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(nix::fcntl::OFlag::O_NOCTTY.bits())
        .open(nix::pty::ptsname_r(&master).unwrap())
        .unwrap();
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait"])
        .args(&scene.words)
        .env_remove(ROLE)
        .stdin(slave.try_clone().unwrap())
        .stdout(slave.try_clone().unwrap())
        .stderr(slave)
        .spawn()
        .unwrap();
    let mut terminal = Screen {
        master: File::from(master.as_fd().try_clone_to_owned().unwrap()),
        screen: String::new(),
        shown: 0,
    };
    for step in &scene.steps {
        if !terminal.expect(&step.expect) {
            break;
        }
        terminal.master.write_all(step.send.as_bytes()).unwrap();
    }
    terminal.drain();
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seen = Seen {
        screen: terminal.screen.replace("\r\n", "\n"),
        code: status.and_then(|status| status.code()),
    };
    let written = scene.seen.with_extension("part");
    fs::write(&written, serde_json::to_vec(&seen).unwrap()).unwrap();
    fs::rename(written, scene.seen).unwrap();
}

struct Screen {
    master: File,
    screen: String,
    /// How much of it has been looked at.
    shown: usize,
}

impl Screen {
    fn expect(&mut self, text: &str) -> bool {
        let text = text.replace('\n', "\r\n");
        let end = Instant::now() + Duration::from_secs(15);
        loop {
            if let Some(at) = self.screen[self.shown..].find(&text) {
                self.shown += at + text.len();
                return true;
            }
            if Instant::now() > end || !self.read() {
                return false;
            }
        }
    }

    fn drain(&mut self) {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && self.read() {}
    }

    /// Reads what comes within a moment; `false` when the other side is closed.
    fn read(&mut self) -> bool {
        let mut sources = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut sources, PollTimeout::from(200_u8)).unwrap() == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.screen
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
                true
            }
        }
    }
}

/// What a program wrote, both streams.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
