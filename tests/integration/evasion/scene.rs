//! A place that holds something to lose, where a script really runs: below the build directory,
//! in namespaces of its own where the system allows that, with a private home, a time limit and
//! an end for everything that it started.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::Report;
use guard::resolve::Stdin;
use guard::world::System;

const PATIENCE: Duration = Duration::from_secs(10);
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What no copy of exists elsewhere: the file, and what it holds.
const TREASURE: &[(&str, &str)] = &[
    ("canary/a.txt", "the only copy of the letters 7f3a\n"),
    (
        "canary/sub/b.txt",
        "the only copy of the photographs 91bc\n",
    ),
    (
        "work.txt",
        "first draft\nan afternoon that no commit has 4d2e\n",
    ),
];

pub(super) struct Scene {
    root: tempfile::TempDir,
}

/// What a run left behind.
pub(super) struct Left {
    /// Something of the treasure is nowhere any more.
    pub(super) lost: bool,
    /// All of it is where it was.
    pub(super) intact: bool,
    /// What it printed, and whether `marker` is there.
    pub(super) output: String,
    pub(super) marker: bool,
}

/// What guard says of a script.
pub(super) struct Judged {
    pub(super) asks: bool,
    /// Only for what it cannot see.
    pub(super) only_opaque: bool,
    pub(super) reasons: String,
}

impl Scene {
    pub(super) fn new() -> Self {
        super::super::harness::ordinary_signals();
        let root = tempfile::Builder::new()
            .prefix("evasion-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let scene = Self { root };
        scene.furnish();
        scene
    }

    fn template(&self) -> PathBuf {
        self.root.path().join("template")
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.home().join("shop")
    }

    fn furnish(&self) {
        let shop = self.template().join("shop");
        fs::create_dir_all(&shop).unwrap();
        for (path, text) in [
            ("README.md", "# shop\n"),
            ("other.txt", "something else\n"),
            ("work.txt", "first draft\n"),
        ] {
            fs::write(shop.join(path), text).unwrap();
        }
        for arguments in [
            &["init", "--quiet", "--template=", "--initial-branch=main"][..],
            &["add", "--all"],
            &[
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "commit",
                "--quiet",
                "--message=beginning",
            ],
        ] {
            let git = Command::new("git")
                .args(arguments)
                .current_dir(&shop)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("HOME", self.root.path())
                .status();
            assert!(git.unwrap().success(), "git {arguments:?}");
        }
        for (path, text) in TREASURE {
            let path = shop.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// The scene as it was at first.
    fn restore(&self) {
        let home = self.home();
        if home.exists() {
            fs::remove_dir_all(&home).unwrap();
        }
        let copied = Command::new("cp")
            .arg("-a")
            .arg(self.template())
            .arg(&home)
            .status();
        assert!(copied.unwrap().success());
    }

    /// What guard says of a script, and then what a real run does.
    pub(super) fn both(&self, script: &str) -> (Judged, Left) {
        self.restore();
        (self.judge(script), self.run(script))
    }

    fn judge(&self, script: &str) -> Judged {
        let (home, directory) = (self.home(), self.directory());
        let world = System::with_environment(
            directory.clone(),
            [
                ("HOME", home.to_str().unwrap()),
                ("PATH", PROGRAMS),
                ("LANG", "C.UTF-8"),
                ("TERM", "dumb"),
            ],
        );
        let assessment = assess(&Subject::script(script), Stdin::Empty, &world);
        let report = Report::new(script, &directory, &assessment, &Policy::builtin());
        let mut reasons: Vec<String> = report
            .asked()
            .iter()
            .map(|item| item.rule.clone())
            .collect();
        let only_opaque = reasons.is_empty();
        reasons.extend(report.asked_opaque().map(|hole| hole.reason.clone()));
        Judged {
            asks: report.verdict != Decision::Allow,
            only_opaque,
            reasons: reasons.join("; "),
        }
    }

    /// Runs the script under real bash.
    fn run(&self, script: &str) -> Left {
        let home = self.home();
        let output = self.root.path().join("output");
        let mut command = isolated(self.root.path());
        command
            .args(["/bin/bash", "-c", script])
            .env_clear()
            .env("PATH", PROGRAMS)
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .current_dir(self.directory())
            .stdin(Stdio::null())
            .stdout(File::create(&output).unwrap())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The group, for what stayed in the background; `setsid` gets away only where there are
        // no namespaces.
        let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = child.wait();
        let mut found = vec![false; TREASURE.len()];
        look_for_treasure(&home, &mut found);
        let intact = TREASURE
            .iter()
            .all(|(path, text)| holds(&self.directory().join(path), text));
        Left {
            lost: found.contains(&false),
            intact,
            output: String::from_utf8_lossy(&fs::read(&output).unwrap()).into_owned(),
            marker: self.directory().join("marker").exists(),
        }
    }
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}

/// Marks which of the treasure is still somewhere below this directory, under whatever name.
fn look_for_treasure(directory: &Path, found: &mut [bool]) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            look_for_treasure(&entry.path(), found);
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            for (found, (_, text)) in found.iter_mut().zip(TREASURE) {
                *found |= bytes
                    .windows(text.len())
                    .any(|piece| piece == text.as_bytes());
            }
        }
    }
}

/// A command line to run something in namespaces of its own, where only this directory can be
/// written; as much of that as the system allows.
fn isolated(directory: &Path) -> Command {
    /// Mounts nothing but makes everything else read-only, if it may, and becomes its arguments.
    const INSIDE: &str =
        r#"mount --bind "$0" "$0" && mount -o remount,ro,bind /; cd "$PWD"; exec "$@""#;
    static WAY: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    const NAMESPACES: &[&[&str]] = &[
        &["--mount", "--pid", "--net", "--fork", "--kill-child"],
        &[
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--net",
            "--fork",
            "--kill-child",
        ],
    ];
    let way = WAY.get_or_init(|| {
        NAMESPACES.iter().copied().find(|options| {
            Command::new("unshare")
                .args(*options)
                .arg("true")
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
    });
    match way {
        Some(options) => {
            let mut command = Command::new("unshare");
            command
                .args(*options)
                .args(["/bin/sh", "-c", INSIDE])
                .arg(directory);
            command
        }
        None => Command::new("env"),
    }
}
