//! Where scripts run: a directory of their own, recorders on `PATH`, nothing else to write to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A script that takes longer is no evidence of anything, and is dropped.
const PATIENCE: Duration = Duration::from_secs(8);

/// Programs that only write their argv down.
const RECORDED: &[&str] = &[
    "rm",
    "prog",
    "git",
    "psql",
    "aws",
    "railway",
    "curl",
    "ls",
    "sudo",
    "true-prog",
    "r",
    "echo-prog",
    "kubectl",
    "docker",
    "deploy",
    "tool",
];

/// Programs that write their argv down and then do what they do.
const REAL: &[&str] = &[
    "awk", "base64", "basename", "bash", "cat", "chmod", "cmp", "comm", "cp", "cut", "date",
    "dash", "diff", "direnv", "dirname", "doit", "echo", "env", "expr", "false", "find", "fold",
    "grep", "head", "invoke", "just", "ln", "make", "mkdir", "mktemp", "mv", "nice", "ninja", "nl",
    "node", "nohup", "nox", "npm", "od", "paste", "printf", "pwd", "rake", "readlink", "realpath",
    "rev", "rmdir", "sed", "seq", "setsid", "sh", "sleep", "sort", "stat", "tac", "tail", "tee",
    "test", "timeout", "touch", "tr", "true", "uname", "uniq", "wc", "which", "xargs", "xxd",
    "yes", "zsh",
];

/// The files that every script finds.
const FILES: &[(&str, &str)] = &[
    ("a.txt", "alpha\nbeta\n"),
    ("b.txt", "1 2 3\n"),
    ("c d.txt", "spaced\n"),
    ("sub/e.txt", "x=1\ny=2\n"),
    ("sub/f.log", ""),
    ("sub/deep/g.txt", "deep\n"),
    ("list", "one\ntwo words\nthree\n"),
];

/// One program that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The file that was started, by its last component, links resolved.
    pub(super) program: String,
    pub(super) argv: Vec<String>,
}

/// A place for scripts to run in, one after the other.
pub(super) struct Sandbox {
    root: tempfile::TempDir,
    driver: Option<Driver>,
    runs: usize,
}

struct Driver {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

/// Where a program is on this machine: the system's own comes first.
pub(super) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/bin", "/bin"].map(PathBuf::from);
    let all = system.into_iter().chain(std::env::split_paths(&path));
    all.map(|directory| directory.join(name))
        .find(|path| path.exists())
}

/// The compiled recorder.
fn recorder() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let built = directory.join(format!("recorder-{}", std::process::id()));
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/integration/oracle/recorder.c"
        );
        let status = Command::new("cc")
            .args(["-O1", "-static", "-D_GNU_SOURCE", "-o"])
            .arg(&built)
            .arg(source)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cc {source}");
        built
    })
}

/// Runs each script whose number comes on standard input, and says when it and everything that it
/// started has ended: what runs in the background holds descriptor 198 open.
const DRIVER: &str = r#"
root=$1
if [ "$2" = confined ]; then
    mount --bind "$root" "$root" && mount -o remount,bind,ro / || exit
    cd "$root" || exit
fi
ulimit -c 0 -t 5 -f 4096
while IFS=" " read -r number shell; do
    ended=$(
        {
            cd "$root/work/$number" || exit
            export HOME=$PWD PATH=$root/bin LANG=C.UTF-8 TMPDIR=$root/tmp
            # zsh keeps here-documents in files, and may write nowhere else.
            [ $shell = zsh ] && export TMPPREFIX=$PWD/.zsh
            script=$(<../../script)
            case $shell in zsh) set -- -fc ;; *) set -- -c ;; esac
            unset OLDPWD SHLVL number root
            exec -a "$shell" "/bin/$shell" "$@" "$script"
        } 198>&1 > /dev/null 2>&1 < /dev/null
    )
    echo "$number"
done
"#;

/// What puts the driver into namespaces of its own, with nothing but its directory to write to;
/// `None` where the system does not let it.
fn confinement() -> Option<&'static [&'static str]> {
    const UNSHARE: &[&str] = &[
        "--user",
        "--map-root-user",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    static WORKS: OnceLock<bool> = OnceLock::new();
    let works = WORKS.get_or_init(|| {
        let try_it = "mkdir d && mount --bind d d && mount -o remount,bind,ro /";
        let place = tempfile::tempdir().unwrap();
        let status = Command::new("unshare")
            .args(UNSHARE)
            .args(["bash", "-c", try_it])
            .current_dir(place.path())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    });
    works.then_some(UNSHARE)
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["bin", "real", "tmp", "work"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        fs::write(root.path().join("record"), "").unwrap();
        let bin = root.path().join("bin");
        let original = bin.join("prog");
        fs::copy(recorder(), &original).unwrap();
        for name in RECORDED.iter().chain(REAL).filter(|name| **name != "prog") {
            fs::hard_link(&original, bin.join(name)).unwrap();
        }
        for name in REAL {
            if let Some(real) = installed(name) {
                std::os::unix::fs::symlink(real, root.path().join("real").join(name)).unwrap();
            }
        }
        Self {
            root,
            driver: None,
            runs: 0,
        }
    }

    pub(super) fn bin(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// A fresh directory for the next script, with the files that every script finds.
    pub(super) fn prepare(&mut self) -> PathBuf {
        self.runs += 1;
        let directory = self.root.path().join("work").join(self.runs.to_string());
        fs::create_dir_all(directory.join("sub/deep")).unwrap();
        for (name, content) in FILES {
            fs::write(directory.join(name), content).unwrap();
        }
        directory
    }

    /// Runs a script of a shell in the directory that was prepared last. `None` if it did not end in time.
    pub(super) fn run(&mut self, script: &str, shell: &str) -> Option<Vec<Call>> {
        let record = self.root.path().join("record");
        fs::write(self.root.path().join("script"), script).unwrap();
        fs::write(&record, "").unwrap();
        let driver = match &mut self.driver {
            Some(driver) => driver,
            none => none.insert(Driver::start(self.root.path())),
        };
        writeln!(driver.requests, "{} {shell}", self.runs).unwrap();
        let ended = driver.answers.recv_timeout(PATIENCE);
        if ended.is_err() {
            self.driver = None;
        }
        let directory = self.root.path().join("work").join(self.runs.to_string());
        let recorded = fs::read(&record).unwrap();
        // A script may take away its own permissions; what stays goes with the sandbox.
        let _ = fs::remove_dir_all(directory);
        ended.ok().map(|_| calls(&recorded))
    }
}

impl Driver {
    fn start(root: &Path) -> Self {
        let mut command = match confinement() {
            Some(options) => {
                let mut command = Command::new("unshare");
                command.args(options).arg("/bin/bash");
                command
            }
            None => Command::new("/bin/bash"),
        };
        let confined = if confinement().is_some() {
            "confined"
        } else {
            "open"
        };
        let mut child = command
            .args(["-c", DRIVER, "driver"])
            .arg(root)
            .arg(confined)
            .env_clear()
            // The driver's own programs are the system's; scripts get the recorders.
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            requests,
            answers,
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn calls(recorded: &[u8]) -> Vec<Call> {
    let mut words = recorded
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut calls = Vec::new();
    while let (Some(count), Some(program)) = (words.next(), words.next()) {
        let Ok(count) = count.parse() else { break };
        calls.push(Call {
            program,
            argv: words.by_ref().take(count).collect(),
        });
    }
    calls
}
