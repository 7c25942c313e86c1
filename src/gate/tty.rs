//! The question at a terminal.
//!
//! Owns `/dev/tty`: the answer is read from there and from nowhere else. The prompt libraries read
//! standard input whenever that is any terminal, so an agent that hands one in could answer; they
//! take keys that were typed before the question was there, and fail when stderr is captured. So
//! the line is read here, directly.
//!
//! What was typed before the question is complete does not count: the queue is emptied after
//! drawing and again after a moment in which nobody can have read it. The terminal stays in its
//! own line mode, so that it looks and edits like every other prompt.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
#[cfg(target_os = "linux")]
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};

use super::phrase::matches;
use crate::report::Report;
use crate::report::text::{Style, question};

/// A report longer than this cannot be read by a person, so it cannot be approved (bytes).
const LONGEST: usize = 256 << 10;
/// The same for the things to be approved at once.
const MOST: usize = 200;

/// How long the question takes.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Nobody can have read the question before this has passed.
    pub hold: Duration,
    /// How long to wait for an answer.
    pub wait: Duration,
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            hold: Duration::from_millis(700),
            wait: Duration::from_secs(5 * 60),
            tries: 2,
        }
    }
}

/// Why the question was not answered with a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Empty,
    /// Not the name that was asked for.
    Wrong,
    /// The terminal was closed, or Ctrl-D was typed.
    Closed,
    TimedOut,
    /// Ctrl-C, or another signal.
    Interrupted,
    /// More text than anybody reads.
    TooLong(usize),
    TooMany(usize),
    Broken(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("refused: no name was typed"),
            Self::Wrong => f.write_str("refused: what was typed is not the name"),
            Self::Closed => f.write_str("refused: the terminal gave no answer"),
            Self::TimedOut => f.write_str("refused: nobody answered in time"),
            Self::Interrupted => f.write_str("refused: interrupted"),
            Self::TooLong(bytes) => write!(
                f,
                "refused: the command is too long to be read before approving it ({bytes} bytes); \
                 put it into steps"
            ),
            Self::TooMany(effects) => write!(
                f,
                "refused: {effects} effects at once are too many to be read before approving them; \
                 put the command into steps"
            ),
            Self::Broken(reason) => write!(f, "refused: the terminal failed: {reason}"),
        }
    }
}

/// The controlling terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    file: File,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open("/dev/tty")?;
        Ok(Self { file })
    }

    /// Itself, if this process may read from it now.
    pub(super) fn in_foreground(self) -> Option<Self> {
        let foreground = tcgetpgrp(&self.file).ok()?;
        (foreground == getpgrp()).then_some(self)
    }

    /// Itself, if nobody has taken it over to read it key by key.
    pub(super) fn in_line_mode(self) -> Option<Self> {
        let settings = tcgetattr(&self.file).ok()?;
        settings
            .local_flags
            .contains(LocalFlags::ICANON)
            .then_some(self)
    }
}

/// Whether standard input is the terminal with this device number.
#[cfg(target_os = "linux")]
pub(super) fn stdin_is(terminal: u64) -> bool {
    use nix::sys::stat::{fstat, major, minor};
    fstat(io::stdin()).is_ok_and(|stat| {
        // `/proc` keeps the minor's upper bits above the major's.
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        terminal == (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
    })
}

/// There is nothing to compare with, and so no answer that counts.
#[cfg(not(target_os = "linux"))]
pub(super) fn stdin_is(_terminal: u64) -> bool {
    false
}

/// Shows the report and reads the name. `Ok` only if it was typed.
pub(super) fn ask(
    terminal: &mut Terminal,
    report: &Report,
    phrase: &str,
    patience: &Patience,
) -> Result<(), Refused> {
    if report.effects.len() + report.opaque.len() > MOST {
        return Err(Refused::TooMany(report.effects.len() + report.opaque.len()));
    }
    if report.text.len() > LONGEST {
        return Err(Refused::TooLong(report.text.len()));
    }
    let mut session = Session::begin(terminal).map_err(broken)?;
    let text = question(report, phrase, style());
    session.write(&text)?;
    session.hold(patience.hold)?;
    let mut refused = Refused::Empty;
    for _ in 0..patience.tries {
        session.write("> ")?;
        let line = session.line(Instant::now() + patience.wait)?;
        if matches(&line, phrase) {
            return Ok(());
        }
        if line.trim().is_empty() {
            return Err(Refused::Empty);
        }
        session.write("That is not the name.\n")?;
        refused = Refused::Wrong;
    }
    Err(refused)
}

fn style() -> Style {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if set("NO_COLOR") || dumb {
        Style::Plain
    } else {
        Style::Coloured
    }
}

fn broken(error: impl fmt::Display) -> Refused {
    Refused::Broken(error.to_string())
}

/// The signals that end a question, and must not end guard before the terminal is as it was.
const SIGNALS: [Signal; 5] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGTSTP,
];

/// The terminal while a question is open. Restores its settings and the signal mask at the end.
struct Session<'a> {
    file: &'a mut File,
    settings: Termios,
    mask: SigSet,
    #[cfg(target_os = "linux")]
    signals: SignalFd,
}

impl<'a> Session<'a> {
    fn begin(terminal: &'a mut Terminal) -> nix::Result<Self> {
        let settings = tcgetattr(&terminal.file)?;
        let set: SigSet = SIGNALS.into_iter().collect();
        let mask = SigSet::thread_get_mask()?;
        set.thread_block()?;
        #[cfg(target_os = "linux")]
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let session = Self {
            file: &mut terminal.file,
            settings,
            mask,
            #[cfg(target_os = "linux")]
            signals,
        };
        // Nobody may read the answer out of this process, or put one in.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_dumpable(false);
        session.echo(false)?;
        Ok(session)
    }

    /// Line mode, with or without what is typed being shown.
    fn echo(&self, on: bool) -> nix::Result<()> {
        let mut settings = self.settings.clone();
        settings
            .local_flags
            .insert(LocalFlags::ICANON | LocalFlags::ISIG);
        settings.local_flags.set(LocalFlags::ECHO, on);
        settings.local_flags.set(LocalFlags::ECHONL, on);
        tcsetattr(&*self.file, SetArg::TCSANOW, &settings)
    }

    fn write(&mut self, text: &str) -> Result<(), Refused> {
        self.file.write_all(text.as_bytes()).map_err(broken)
    }

    /// Lets a moment pass, then forgets everything that has been typed so far.
    fn hold(&mut self, time: Duration) -> Result<(), Refused> {
        tcflush(&*self.file, FlushArg::TCIFLUSH).map_err(broken)?;
        let end = Instant::now() + time;
        while self.wait(end, false)? {}
        tcflush(&*self.file, FlushArg::TCIFLUSH).map_err(broken)?;
        self.echo(true).map_err(broken)
    }

    /// One line as it was typed.
    fn line(&mut self, end: Instant) -> Result<String, Refused> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            if !self.wait(end, true)? {
                return Err(Refused::TimedOut);
            }
            let mut bytes = [0; 4096];
            match self.file.read(&mut bytes) {
                Ok(0) => return Err(Refused::Closed),
                Ok(count) => line.extend_from_slice(bytes.get(..count).unwrap_or_default()),
                Err(error) if error.raw_os_error() == Some(libc::EIO) => {
                    return Err(Refused::Closed);
                }
                Err(error) => return Err(broken(error)),
            }
            if line.len() > 4096 {
                return Err(Refused::Wrong);
            }
        }
        // What is not UTF-8 is no name that guard can have asked for.
        String::from_utf8(line).map_err(|_| Refused::Wrong)
    }

    /// Waits for something to read, if `input` is set, or for the end. `false` at the end.
    fn wait(&self, end: Instant, input: bool) -> Result<bool, Refused> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let milliseconds = left.as_millis().min(1000) + 1;
            let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::ZERO);
            let events = if input {
                PollFlags::POLLIN
            } else {
                PollFlags::empty()
            };
            let mut sources = vec![PollFd::new(self.file.as_fd(), events)];
            #[cfg(target_os = "linux")]
            sources.push(PollFd::new(self.signals.as_fd(), PollFlags::POLLIN));
            match poll(&mut sources, timeout) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(broken(error)),
            }
            let happened = |index: usize| {
                let source: Option<&PollFd<'_>> = sources.get(index);
                source.and_then(PollFd::any).unwrap_or(false)
            };
            if happened(1) {
                return Err(Refused::Interrupted);
            }
            if happened(0) {
                return if input {
                    Ok(true)
                } else {
                    Err(Refused::Closed)
                };
            }
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // A signal that ended the question has done its part.
        #[cfg(target_os = "linux")]
        while let Ok(Some(_)) = self.signals.read_signal() {}
        let _ = tcsetattr(&*self.file, SetArg::TCSANOW, &self.settings);
        let _ = self.mask.thread_set_mask();
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_dumpable(true);
    }
}
