//! A place for one test: a home of its own, guard's links, a scrubbed environment, and runs with
//! or without a terminal.

#![allow(
    unsafe_code,
    reason = "a child gets its terminal between fork and exec"
)]
#![allow(dead_code, reason = "one vocabulary for every feature's tests")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};

/// Nothing in these tests takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shells whose real counterparts are installed here.
pub(crate) fn shells() -> Vec<&'static str> {
    ["bash", "dash", "sh", "zsh"]
        .into_iter()
        .filter(|shell| Path::new("/bin").join(shell).exists())
        .collect()
}

/// One test's place. It lies outside the temporary directory, in a repository of its own, so that
/// files in it count as somebody's work.
pub(crate) struct Guard {
    root: tempfile::TempDir,
}

impl Guard {
    pub(crate) fn new() -> Self {
        ordinary_signals();
        let root = tempfile::Builder::new()
            .prefix("guard-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let guard = Self { root };
        for directory in [
            "home",
            "shells",
            "shims",
            "work",
            "work/.git/objects",
            "work/.git/refs",
        ] {
            fs::create_dir_all(guard.path(directory)).unwrap();
        }
        fs::write(guard.path("work/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        for directory in ["shells", "shims"] {
            fs::write(guard.path(directory).join(guard::sys::LINKS_MARKER), "").unwrap();
        }
        for shell in ["bash", "dash", "sh", "zsh"] {
            guard.link(&guard.path("shells").join(shell));
        }
        guard
    }

    fn link(&self, at: &Path) {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_guard"), at).unwrap();
    }

    /// A path in this place, which is made with it: `home`, `shells`, `shims`, `work`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The directory that runs start in.
    pub(crate) fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// Writes a file under [`Guard::work`], with its directories.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes an executable file in a directory of this place.
    pub(crate) fn program(&self, directory: &str, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(directory).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A link to guard in the shim directory.
    pub(crate) fn shim(&self, program: &str) -> PathBuf {
        let path = self.path("shims").join(program);
        if fs::symlink_metadata(&path).is_err() {
            self.link(&path);
        }
        path
    }

    /// A run of any program in this place.
    pub(crate) fn run(&self, program: impl AsRef<OsStr>) -> Run {
        let home = self.home();
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let mut run = Run {
            program: program.as_ref().to_owned(),
            name: None,
            arguments: Vec::new(),
            environment: Vec::new(),
            stdin: Input::Null,
            directory: self.work(),
        };
        run = run.env("HOME", &home).env("PATH", path).env("TERM", "dumb");
        for (name, directory) in [
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_DATA_HOME", ".local/share"),
        ] {
            run = run.env(name, home.join(directory));
        }
        run.env("USER", "tester").env("LANG", "C.UTF-8")
    }

    /// `guard …`
    pub(crate) fn guard(&self) -> Run {
        self.run(env!("CARGO_BIN_EXE_guard")).named("guard")
    }

    /// Guard as that shell.
    pub(crate) fn shell(&self, shell: &str) -> Run {
        self.run(self.path("shells").join(shell)).named(shell)
    }

    /// The real shell, with nothing else different.
    pub(crate) fn real(&self, shell: &str) -> Run {
        self.run(Path::new("/bin").join(shell)).named(shell)
    }
}

#[derive(Clone)]
enum Input {
    Null,
    Closed,
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// A run in preparation.
#[derive(Clone)]
#[must_use]
pub(crate) struct Run {
    program: OsString,
    name: Option<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Input,
    directory: PathBuf,
}

impl Run {
    /// Sets argv[0].
    pub(crate) fn named(mut self, name: impl AsRef<OsStr>) -> Self {
        self.name = Some(name.as_ref().to_owned());
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        for argument in arguments {
            self = self.arg(argument);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self.environment
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Puts guard's shims (see [`Guard::shim`]) or another directory first on `PATH`.
    pub(crate) fn first_on_path(self, directory: impl AsRef<Path>) -> Self {
        let path = self
            .environment
            .iter()
            .find(|(name, _)| name == "PATH")
            .map(|(_, path)| path.clone())
            .unwrap_or_default();
        let mut joined = directory.as_ref().as_os_str().to_owned();
        joined.push(":");
        joined.push(path);
        self.env("PATH", joined)
    }

    /// Standard input is a pipe with these bytes in it.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Input::Bytes(bytes.as_ref().to_owned());
        self
    }

    /// Standard input is this file.
    pub(crate) fn stdin_file(mut self, path: impl AsRef<Path>) -> Self {
        self.stdin = Input::File(path.as_ref().to_owned());
        self
    }

    pub(crate) fn stdin_closed(mut self) -> Self {
        self.stdin = Input::Closed;
        self
    }

    pub(crate) fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = directory.as_ref().to_owned();
        self
    }

    /// The run as a [`Command`], in a session of its own: without a terminal.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bare();
        // SAFETY: setsid(2) and close(2) are async-signal-safe and touch no memory.
        unsafe {
            let closed = matches!(self.stdin, Input::Closed);
            command.pre_exec(move || {
                nix::unistd::setsid()?;
                if closed {
                    nix::libc::close(0);
                }
                Ok(())
            });
        }
        command
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg0(self.name.as_ref().unwrap_or(&self.program))
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(&self.directory);
        command
    }

    /// Runs to the end without a terminal.
    pub(crate) fn output(&self) -> Outcome {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        match &self.stdin {
            Input::Null | Input::Closed => command.stdin(Stdio::null()),
            Input::Bytes(_) => command.stdin(Stdio::piped()),
            Input::File(path) => command.stdin(File::open(path).unwrap()),
        };
        let mut child = command.spawn().unwrap();
        if let (Input::Bytes(bytes), Some(mut stdin)) = (&self.stdin, child.stdin.take()) {
            let bytes = bytes.clone();
            // The child may end before it has read everything.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        let status = wait(&mut child);
        Outcome {
            stdout: collect(&stdout),
            stderr: collect(&stderr),
            code: status.code(),
            signal: status.signal(),
        }
    }

    /// Starts on a new terminal, as the leader of its session.
    pub(crate) fn terminal(&self) -> Terminal {
        // Close-on-exec from the start: tests run side by side, and no other test's program may
        // inherit this terminal.
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NOCTTY.bits())
            .open(ptsname_r(&master).unwrap())
            .unwrap();
        resize(master.as_raw_fd(), 30, 100);
        let mut command = self.bare();
        command
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave);
        // SAFETY: setsid(2) and ioctl(2) are async-signal-safe; 0 is the terminal by now.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                if nix::libc::ioctl(0, nix::libc::TIOCSCTTY as _, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        drop(command);
        // SAFETY: the descriptor was just opened, and is owned by nobody else from here on.
        let master = unsafe { OwnedFd::from_raw_fd(master.into_raw_fd()) };
        let output = drain(File::from(master.try_clone().unwrap()));
        Terminal {
            child,
            master,
            output,
            transcript: String::new(),
            seen: 0,
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

/// A program on a terminal of its own, with the test as the person before it.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    master: OwnedFd,
    output: Receiver<Vec<u8>>,
    transcript: String,
    /// How much of the transcript [`Terminal::expect`] has passed.
    seen: usize,
}

impl Terminal {
    pub(crate) fn send(&mut self, keys: &str) {
        nix::unistd::write(self.master.as_fd(), keys.as_bytes()).unwrap();
    }

    /// Waits until `text` shows up after what was expected before.
    pub(crate) fn expect(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.transcript[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.transcript.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no {text:?} at the end of {:?}", self.transcript),
            }
        }
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        resize(self.master.as_raw_fd(), rows, columns);
    }

    /// Waits for the end; everything that was shown stands in `stdout`.
    pub(crate) fn finish(mut self) -> Outcome {
        let status = wait(&mut self.child);
        // What is still on its way: the other side is closed, so this ends.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.transcript.push_str(&String::from_utf8_lossy(&bytes));
        }
        Outcome {
            stdout: self.transcript,
            stderr: String::new(),
            code: status.code(),
            signal: status.signal(),
        }
    }
}

fn resize(terminal: RawFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the structure outlives the call, which only reads it.
    let done = unsafe { nix::libc::ioctl(terminal, nix::libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(done, 0);
}

fn drain(mut source: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut block = [0; 4096];
        // A terminal whose other side is closed gives an error, a pipe its end.
        while let Ok(read @ 1..) = source.read(&mut block) {
            if sender.send(block[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

fn collect(source: &Receiver<Vec<u8>>) -> String {
    let mut bytes = Vec::new();
    while let Ok(block) = source.recv_timeout(PATIENCE) {
        bytes.extend(block);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("still running after {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Gives the signals that a background job or `nohup` starts with ignored their defaults back:
/// what the tests start inherits them, and a shell cannot take back what it found ignored.
pub(crate) fn ordinary_signals() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for number in [
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGTERM,
            Signal::SIGTSTP,
        ] {
            // SAFETY: the default action is no function of ours that could be called.
            unsafe { signal(number, SigHandler::SigDfl) }.unwrap();
        }
    });
}
