//! The supervisor's life: it answers each call that waits, until nobody is left to make one.
//!
//! Owns the one event loop: calls, what becomes of the program, processes that outlived their
//! parents, and calls that are held for a person.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::enter::Post;
use super::exec_call::{self, Read, Start, base};
use super::file_call::{self, Act, Touch};
use super::front::{News, tell};
use super::input::{self, Input};
use super::listener::{Listener, Notification};
use super::memory::{self, Named};
use super::process::{Kind, Process, Table, stat};
use super::verify::{Expected, Outcome, Pending};
use crate::effect::Assessment;
use crate::gate::{self, Draft, Entered, Entry, Held, Permit, Plan, Reason, Ruling, State};
use crate::judge::{Onlooker, Subject, assess_under};
use crate::packs::Packs;
use crate::policy::{Places, Policy};
use crate::resolve::{Stdin, Text};
use crate::world::{Births, System, World};

/// How often an answer is looked for while a call is held.
const LOOK: Duration = Duration::from_millis(100);

/// No id of a process comes round again so soon: the kernel gives out at least 30,000 others first.
const RECENT: Duration = Duration::from_millis(20);

/// How long a refusal is remembered: shells try the same program along all of PATH.
const REMEMBER: Duration = Duration::from_secs(3);

/// What the supervisor knows from the start.
pub(super) struct Brief {
    pub(super) packs: Rc<Packs>,
    pub(super) policy: Policy,
    pub(super) state: State,
    /// What a person approved before the program started.
    pub(super) approved: Vec<PathBuf>,
    /// Guard's own program: device and inode.
    pub(super) guard: (u64, u64),
    /// Directories of guard's own.
    pub(super) own: Vec<PathBuf>,
    pub(super) births: Rc<Births>,
}

impl Brief {
    /// Whether a path lies where guard keeps its policy, packs, requests and approvals.
    fn is_own(&self, file: &Named) -> bool {
        let above = file.path.parent().unwrap_or(&file.path);
        std::fs::canonicalize(above)
            .is_ok_and(|above| self.own.iter().any(|own| above.starts_with(own)))
    }

    pub(super) fn new(
        packs: Rc<Packs>,
        policy: Policy,
        state: State,
        approved: Vec<PathBuf>,
        guard: (u64, u64),
    ) -> Self {
        let places = Places::of(Path::new("/"));
        let settings = places.user.iter().chain(&places.managed);
        let own = settings
            .filter_map(|file| file.parent())
            .chain([state.root()])
            .filter_map(|directory| std::fs::canonicalize(directory).ok())
            .collect();
        Self {
            own,
            packs,
            policy,
            state,
            approved,
            guard,
            births: Rc::new(Births {
                since: SystemTime::now(),
                replaced: RefCell::default(),
            }),
        }
    }
}

/// Runs until the last process below is gone.
pub(super) fn watch(post: Post, brief: Brief, entered: Entered) {
    let mut watch = Watch {
        listener: post.listener,
        brief,
        table: Table::default(),
        held: Vec::new(),
        refused: HashMap::new(),
        recent: None,
        pending: Pending::default(),
        program: post.program,
        has_ended: false,
        report: post.report,
    };
    if let Some(stat) = stat(post.program.as_raw()) {
        // Until its first program starts it is guard itself.
        let mut first = Process::new(stat.started, Kind::Guard);
        first.approved.clone_from(&watch.brief.approved);
        watch.table.put(post.program.as_raw(), first);
    }
    let Ok(signals) = SignalFd::with_flags(&only_children(), SfdFlags::SFD_CLOEXEC) else {
        return;
    };
    let front = memory::handle(post.front.as_raw()).ok();
    let mut has_front = front.is_some();
    loop {
        let mut ready = vec![
            PollFd::new(watch.listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(front) = front.as_ref().filter(|_| has_front) {
            ready.push(PollFd::new(front.as_fd(), PollFlags::POLLIN));
        }
        let patience = if watch.held.is_empty() {
            PollTimeout::NONE
        } else {
            PollTimeout::try_from(LOOK).unwrap_or(PollTimeout::MAX)
        };
        match poll(&mut ready, patience) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return,
        }
        let events: Vec<PollFlags> = ready
            .iter()
            .map(|ready| ready.revents().unwrap_or(PollFlags::empty()))
            .collect();
        let event = |index: usize| events.get(index).copied().unwrap_or(PollFlags::empty());
        if event(0).contains(PollFlags::POLLIN) {
            watch.next();
        } else if event(0).contains(PollFlags::POLLHUP) {
            // The last process with the filter is gone, the program with it.
            drop(entered);
            watch.bury();
            return;
        }
        if event(1).contains(PollFlags::POLLIN) {
            let _ = signals.read_signal();
            watch.reap();
        }
        if event(2).contains(PollFlags::POLLIN) {
            // Whoever ended the front meant the program.
            has_front = false;
            if !watch.has_ended {
                let _ = kill(watch.program, Signal::SIGKILL);
            }
        }
        watch.look();
    }
}

fn only_children() -> SigSet {
    let mut set = SigSet::empty();
    set.add(Signal::SIGCHLD);
    set
}

struct Watch {
    listener: Listener,
    brief: Brief,
    table: Table,
    held: Vec<Waiting>,
    /// What was refused a moment ago, and to whom.
    refused: HashMap<(i32, String), Instant>,
    recent: Option<Recent>,
    /// Programs that have not run their first instruction yet.
    pending: Pending,
    program: Pid,
    /// The program is gone, and its id may be another's.
    has_ended: bool,
    report: File,
}

/// The last one that called: a program that takes many files away calls again at once.
struct Recent {
    thread: i32,
    process: i32,
    kind: Kind,
    at: Instant,
}

/// A call that waits for a person.
struct Waiting {
    notification: Notification,
    held: Box<Held>,
    process: i32,
    until: Instant,
    then: Then,
}

/// What is remembered of a process once its call goes on.
enum Then {
    /// It becomes this, from that file.
    Starts(Kind, Expected),
    /// Everything below may go.
    Deletes(PathBuf),
}

/// What becomes of a call.
enum Answer {
    Resume(Permit),
    Refuse(String),
    /// Nothing more is to be done: it is held, or nobody waits any more.
    Done,
}

impl Watch {
    fn next(&mut self) {
        let Ok(Some(notification)) = self.listener.receive() else {
            return;
        };
        let judged = catch_unwind(AssertUnwindSafe(|| self.answer(&notification)));
        let answer = match judged {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Refuse(format!(
                "guard: STOPPED: what this process is about to do cannot be looked at ({error}). \
                 Nothing ran."
            )),
            Err(_) => Answer::Refuse(
                "guard: STOPPED: guard failed on this command; please report it. Nothing ran."
                    .to_owned(),
            ),
        };
        match answer {
            Answer::Resume(permit) => self.listener.resume(&notification, permit),
            Answer::Refuse(message) => self.refuse(&notification, &message),
            Answer::Done => {}
        }
    }

    fn refuse(&mut self, notification: &Notification, message: &str) {
        if !message.is_empty() && self.listener.is_waiting(notification) {
            say(notification.thread, message);
            if self.ends(notification) {
                self.listener
                    .resume(notification, Permit::unjudged(Reason::Ends));
                return;
            }
        }
        self.listener.refuse(notification, libc::EPERM);
    }

    /// Sees to it that what an agent starts ends before it runs. An agent that is told that a shell
    /// cannot be started shows its model that, and not what stands on the shell's standard error.
    fn ends(&mut self, notification: &Notification) -> bool {
        let thread = notification.thread;
        let Ok(process) = process_of(thread) else {
            return false;
        };
        // Many threads are the agent itself, which goes on when its call has failed.
        let starts = [libc::SYS_execve, libc::SYS_execveat].contains(&notification.call)
            && memory::status(process, "Threads") == Some(1);
        // Before its first program it is guard itself, which says what failed.
        let by_agent = self
            .table
            .get(process)
            .is_some_and(|known| known.kind == Kind::Agent && known.image.is_some());
        starts && by_agent && self.pending.end(thread, process)
    }

    fn answer(&mut self, notification: &Notification) -> io::Result<Answer> {
        if notification.thread == 0 {
            return Err(io::Error::other(
                "it is in a namespace beside the supervisor's",
            ));
        }
        if [libc::SYS_execve, libc::SYS_execveat].contains(&notification.call) {
            self.starts(notification)
        } else {
            self.touches(notification)
        }
    }

    /// A program starts.
    fn starts(&mut self, notification: &Notification) -> io::Result<Answer> {
        self.recent = None;
        let start = match exec_call::read(notification)? {
            Read::Missing => return Ok(Answer::Resume(Permit::unjudged(Reason::Missing))),
            Read::Start(start) => start,
        };
        if !self.listener.is_waiting(notification) {
            return Ok(Answer::Done);
        }
        let process = process_of(notification.thread)?;
        if start.image.id() == self.brief.guard && !start.is_injected() {
            self.becomes(process, Kind::Guard, None);
            return Ok(Answer::Resume(Permit::unjudged(Reason::Guard)));
        }
        let text = start.text();
        if self.was_refused(process, &text) {
            return Ok(Answer::Refuse(String::new()));
        }
        let kind = self.kind(process, &start);
        let then = Then::Starts(kind, Expected::of(&start));
        if kind == Kind::Settled && self.is_its_own(process, &start) {
            self.done(notification, process, then, &[]);
            return Ok(Answer::Resume(Permit::unjudged(Reason::Settled)));
        }
        let world = self.world(&start);
        let assessment = judge_start(&start, process, &world);
        if assessment.effects.is_empty() && assessment.opaque.is_empty() {
            self.done(notification, process, then, &[]);
            return Ok(Answer::Resume(Permit::unjudged(Reason::Harmless)));
        }
        let draft = Draft {
            entry: Entry::Supervised,
            program: start.named.here.clone(),
            argv: start.argv.clone(),
            path: None,
            cwd: start.directory.clone(),
            scaffolding: crate::invocation::scaffolding(&text),
            text,
            assessment,
        };
        self.rule(notification, process, draft, &world, then)
    }

    /// A file is about to go.
    fn touches(&mut self, notification: &Notification) -> io::Result<Answer> {
        let (process, kind) = self.caller_of(notification.thread)?;
        let resume = |reason| Ok(Answer::Resume(Permit::unjudged(reason)));
        if kind == Kind::Guard {
            return resume(Reason::Guard);
        }
        // Most calls of a mass deletion, or of a clone, end here.
        if kind == Kind::Settled && file_call::is_of_names(notification.call) {
            return resume(Reason::Settled);
        }
        let Some(touch) = file_call::read(notification)? else {
            return resume(Reason::NothingInIt);
        };
        if !self.listener.is_waiting(notification) {
            return Ok(Answer::Done);
        }
        if self.brief.is_own(&touch.file) {
            return self.loses(notification, process, &touch);
        }
        if kind == Kind::Settled && !matches!(touch.act, Act::Replace { .. }) {
            return resume(Reason::Settled);
        }
        if touch.takes_nothing() {
            return resume(Reason::NothingInIt);
        }
        let Some(found) = touch.found(notification.thread)? else {
            return resume(Reason::Missing);
        };
        if found.holds_nothing {
            return resume(Reason::NothingInIt);
        }
        let newborn = self.brief.births.has(&found.metadata);
        if let Act::Replace { by } = &touch.act
            && !newborn
            && let Ok(metadata) = std::fs::symlink_metadata(&by.here)
        {
            let id = (metadata.dev(), metadata.ino());
            self.brief.births.replaced.borrow_mut().insert(id);
        }
        if kind != Kind::Watched {
            return resume(Reason::Settled);
        }
        if newborn {
            return resume(Reason::Newborn);
        }
        self.loses(notification, process, &touch)
    }

    /// The process that a thread belongs to, and what it is.
    fn caller_of(&mut self, thread: i32) -> io::Result<(i32, Kind)> {
        if let Some(recent) = &self.recent
            && recent.thread == thread
            && recent.at.elapsed() < RECENT
        {
            return Ok((recent.process, recent.kind));
        }
        let process = process_of(thread)?;
        let Some(known) = self.table.get(process) else {
            return Err(io::Error::other("its parents are not known"));
        };
        let kind = known.kind;
        self.recent = Some(Recent {
            thread,
            process,
            kind,
            at: Instant::now(),
        });
        Ok((process, kind))
    }

    /// A file that was there before is about to go, by a program that nobody has judged for it.
    fn loses(
        &mut self,
        notification: &Notification,
        process: i32,
        touch: &Touch,
    ) -> io::Result<Answer> {
        let path = touch.file.path.clone();
        let Some(known) = self.table.get(process) else {
            return Err(io::Error::other("its parents are not known"));
        };
        if known.approves(&path) {
            return Ok(Answer::Resume(Permit::unjudged(Reason::Approved)));
        }
        let asked = known.asked.clone();
        let refused = known.refused;
        let unreadable = || io::Error::other("its path is not UTF-8 text");
        let subject = touch.subject().ok_or_else(unreadable)?;
        let directory = memory::directory(notification.thread)?;
        let environment = Vec::new();
        let world = self.world_of(directory.clone(), &environment);
        let mut assessment = assess_under(Onlooker::Supervisor, &subject, Stdin::Empty, &world);
        if self.brief.is_own(&touch.file)
            && !gate::would_ask(&assessment, &self.brief.policy, &directory)
        {
            assessment = Assessment::unseen("it writes where guard keeps what it decides by");
        }
        if assessment.effects.is_empty() && assessment.opaque.is_empty() {
            return Ok(Answer::Resume(Permit::unjudged(Reason::Harmless)));
        }
        let asks = gate::would_ask(&assessment, &self.brief.policy, &directory);
        if asks && refused {
            return Ok(Answer::Refuse(String::new()));
        }
        // A program that goes from file to file is asked about once, for all of them.
        let mut text = subject.text();
        let mut all = path.clone();
        if asks
            && touch.act == Act::Unlink
            && let Some(above) = common(&asked, &path)
        {
            let subject = Touch::below(&above).ok_or_else(unreadable)?;
            assessment = assess_under(Onlooker::Supervisor, &subject, Stdin::Empty, &world);
            text = subject.text();
            all = above;
        }
        let caller = caller(process);
        assessment.notes.push(format!(
            "this is a call of {caller}, shown as the command that does the same"
        ));
        if asks && let Some(known) = self.table.get(process) {
            known.asked.push(path);
        }
        let draft = Draft {
            entry: Entry::Supervised,
            program: std::fs::read_link(format!("/proc/{process}/exe"))?,
            argv: vec![caller.into()],
            path: None,
            cwd: directory,
            scaffolding: Vec::new(),
            text,
            assessment,
        };
        let then = Then::Deletes(all);
        self.rule(notification, process, draft, &world, then)
    }

    fn rule(
        &mut self,
        notification: &Notification,
        process: i32,
        draft: Draft,
        world: &dyn World,
        then: Then,
    ) -> io::Result<Answer> {
        let roots = draft.paths();
        let text = draft.text.clone();
        let plan = Plan::new(draft, world);
        let ruling = gate::rule(plan, &self.brief.policy, &self.brief.state, process)
            .map_err(io::Error::other)?;
        Ok(match ruling {
            Ruling::Allowed(permit) => {
                // What may go unasked now may be worth a question when it has changed.
                if let Then::Starts(..) = then {
                    self.done(notification, process, then, &[]);
                }
                Answer::Resume(permit)
            }
            Ruling::Approved(permit) => {
                self.done(notification, process, then, &roots);
                Answer::Resume(permit)
            }
            Ruling::Refused(message) => {
                self.remember_refusal(process, text, &then);
                Answer::Refuse(message)
            }
            Ruling::Held(held) => {
                self.held.push(Waiting {
                    notification: *notification,
                    held,
                    process,
                    until: Instant::now() + self.brief.policy.hold(),
                    then,
                });
                Answer::Done
            }
        })
    }

    /// Looks after the calls that are held.
    fn look(&mut self) {
        for waiting in std::mem::take(&mut self.held) {
            let Waiting {
                notification,
                held,
                process,
                until,
                then,
            } = waiting;
            if !self.listener.is_waiting(&notification) {
                continue;
            }
            let (roots, text) = held.shown();
            match held.look(&self.brief.state) {
                Ok(Ruling::Approved(permit) | Ruling::Allowed(permit)) => {
                    self.done(&notification, process, then, &roots);
                    self.listener.resume(&notification, permit);
                }
                Ok(Ruling::Refused(message)) => {
                    self.remember_refusal(process, text, &then);
                    self.refuse(&notification, &message);
                }
                Ok(Ruling::Held(held)) if Instant::now() < until => self.held.push(Waiting {
                    notification,
                    held,
                    process,
                    until,
                    then,
                }),
                Ok(Ruling::Held(held)) => {
                    self.remember_refusal(process, text, &then);
                    self.refuse(&notification, &held.expire());
                }
                Err(failure) => {
                    self.refuse(&notification, &format!("guard: {failure}; nothing ran"));
                }
            }
        }
    }

    /// Remembers what a process may do from now on; its call is about to go on.
    fn done(&mut self, notification: &Notification, process: i32, then: Then, roots: &[PathBuf]) {
        match then {
            Then::Starts(kind, expected) => {
                self.becomes(process, kind, Some(expected.image));
                self.pending.expect(notification.thread, process, expected);
                if let Some(known) = self.table.get(process) {
                    known.approved.extend(roots.iter().cloned());
                }
            }
            Then::Deletes(all) => {
                if let Some(known) = self.table.get(process) {
                    known.approved.push(all);
                }
            }
        }
    }

    fn becomes(&mut self, process: i32, kind: Kind, image: Option<(u64, u64)>) {
        let approved = self
            .table
            .get(process)
            .map(|known| known.approved.clone())
            .unwrap_or_default();
        if let Some(stat) = stat(process) {
            let mut new = Process::new(stat.started, kind);
            new.approved = approved;
            new.image = image;
            self.table.put(process, new);
        }
    }

    fn remember_refusal(&mut self, process: i32, text: String, then: &Then) {
        if matches!(then, Then::Deletes(_)) {
            if let Some(known) = self.table.get(process) {
                known.refused = true;
            }
            return;
        }
        let now = Instant::now();
        self.refused
            .retain(|_, since| now.duration_since(*since) < REMEMBER);
        self.refused.insert((process, base_command(&text)), now);
    }

    fn was_refused(&self, process: i32, text: &str) -> bool {
        self.refused
            .get(&(process, base_command(text)))
            .is_some_and(|since| since.elapsed() < REMEMBER)
    }

    fn kind(&mut self, process: i32, start: &Start) -> Kind {
        let births = Rc::clone(&self.brief.births);
        let image = base(start.image.path.as_os_str());
        let is_new = start.image.is_in_memory || births.has(&start.image.metadata);
        if is_new || start.is_injected() {
            return Kind::Watched;
        }
        let script = start.script().filter(|_| interprets(image));
        let script = script.filter(|(path, _)| {
            let path = start.directory.join(path);
            let metadata = std::fs::metadata(path);
            metadata.is_ok_and(|metadata| !births.has(&metadata))
        });
        let called = start.argv.first().map_or(image, |word| base(word));
        let file = base(start.named.written.as_os_str());
        let names = match script {
            Some((_, stem)) => [stem, stem, stem],
            None if interprets(image) => return Kind::Watched,
            None => [image, file, called],
        };
        let program = process == self.program.as_raw();
        let starts_agent = names.iter().any(|name| gate::is_agent(name));
        if (starts_agent && (program || self.is_agents(process)))
            || self.is_agent_again(process, start)
        {
            return Kind::Agent;
        }
        if names.iter().any(|name| self.describes(name)) {
            Kind::Settled
        } else {
            Kind::Watched
        }
    }

    /// Whether a program that was judged as a whole starts itself: `git gc` is several of git's own
    /// commands.
    fn is_its_own(&mut self, process: i32, start: &Start) -> bool {
        let image = start.image.id();
        !interprets(base(start.image.path.as_os_str()))
            && self
                .table
                .get(process)
                .is_some_and(|known| known.kind == Kind::Settled && known.image == Some(image))
    }

    /// Whether a process is the agent, or was started by it without a shell between.
    fn is_agents(&mut self, process: i32) -> bool {
        self.table
            .get(process)
            .is_some_and(|known| known.kind == Kind::Agent)
    }

    /// Whether the agent starts itself: an installer may have named its file by a version.
    fn is_agent_again(&mut self, process: i32, start: &Start) -> bool {
        self.table
            .get(process)
            .is_some_and(|known| known.kind == Kind::Agent && known.image == Some(start.image.id()))
    }

    fn describes(&self, name: &str) -> bool {
        let packs = [Packs::built_in(), &self.brief.packs];
        packs
            .iter()
            .any(|packs| packs.program(name).next().is_some())
    }

    fn world(&self, start: &Start) -> System {
        self.world_of(start.directory.clone(), &start.environment)
    }

    fn world_of(&self, directory: PathBuf, environment: &[std::ffi::OsString]) -> System {
        let variables = environment
            .iter()
            .filter_map(|line| line.to_str()?.split_once('='));
        System::with_environment(directory, variables)
            .with_packs(Rc::clone(&self.brief.packs))
            .with_births(Rc::clone(&self.brief.births))
    }

    /// Waits for the end of the program, which is near or was told.
    fn bury(&mut self) {
        if !self.has_ended
            && let Ok(status) = waitpid(self.program, Some(WaitPidFlag::__WALL))
        {
            self.pass_on(status);
        }
    }

    /// Passes on what became of the program, and takes leave of those that outlived their parents.
    fn reap(&mut self) {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::__WALL;
        while let Ok(status) = waitpid(None, Some(flags)) {
            if status == WaitStatus::StillAlive {
                return;
            }
            match self.pending.take(status) {
                Outcome::Another => self.pass_on(status),
                Outcome::Fits | Outcome::Refused => {}
                Outcome::Ended(process) => say(
                    process,
                    "guard: STOPPED: the arguments of this command were changed after guard had \
                     judged it. It was ended before it ran.",
                ),
            }
        }
    }

    fn pass_on(&mut self, status: WaitStatus) {
        if self.has_ended || status.pid() != Some(self.program) {
            return;
        }
        self.has_ended |= matches!(status, WaitStatus::Exited(..) | WaitStatus::Signaled(..));
        let news = match status {
            WaitStatus::Exited(_, status) => News::Exited(status),
            WaitStatus::Signaled(_, signal, _) => News::Ended(signal as i32),
            WaitStatus::Stopped(_, signal) => News::Stopped(signal as i32),
            _ => return,
        };
        // The front may be gone; its caller does not wait then.
        let _ = tell(&mut self.report, news);
    }
}

/// Judges a program that starts, under each of its names. Standard input is looked at only if
/// something depends on it.
fn judge_start(start: &Start, process: i32, world: &System) -> Assessment {
    let Ok(readings) = start.readings() else {
        return Assessment::unseen("an argument is not UTF-8 text");
    };
    let unread = join(&readings, &Stdin::Inherited, world);
    if unread.opaque.is_empty() && unread.effects.is_empty() {
        return unread;
    }
    let empty = join(&readings, &Stdin::Empty, world);
    if empty.opaque == unread.opaque && empty.effects == unread.effects {
        return unread;
    }
    match input::peek(process) {
        Input::Nothing => empty,
        Input::Terminal => unread,
        Input::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => {
                world.remember_input(&text);
                join(&readings, &Stdin::Text(Text::known(text)), world)
            }
            Err(_) => Assessment::unseen("standard input is not UTF-8 text"),
        },
        Input::Unknown => {
            let mut found = unread;
            let unseen = Assessment::unseen("standard input cannot be looked at to its end");
            found.join(unseen, |_| true);
            found
        }
    }
}

fn join(readings: &[Vec<String>], stdin: &Stdin, world: &System) -> Assessment {
    let mut found = Assessment::default();
    for (index, words) in readings.iter().enumerate() {
        let subject = Subject::Argv(words.clone());
        let next = assess_under(Onlooker::Supervisor, &subject, stdin.clone(), world);
        if index == 0 {
            found = next;
        } else {
            found.add_names(next);
        }
    }
    found
}

/// The same program with the same arguments, wherever on PATH it is tried.
fn base_command(text: &str) -> String {
    let (program, rest) = text.split_once(' ').unwrap_or((text, ""));
    format!("{} {rest}", program.rsplit('/').next().unwrap_or(program))
}

/// The directory above all of these, if there was one before.
fn common(asked: &[PathBuf], path: &Path) -> Option<PathBuf> {
    let mut above = path.parent()?.to_owned();
    if asked.is_empty() {
        return None;
    }
    for other in asked {
        while !other.starts_with(&above) {
            if !above.pop() {
                return None;
            }
        }
    }
    Some(above)
}

/// Programs that do what a text tells them, by the names of their files without versions.
const INTERPRETERS: &[&str] = &[
    "Rscript",
    "ash",
    "awk",
    "bash",
    "bun",
    "busybox",
    "csh",
    "dash",
    "deno",
    "elvish",
    "expect",
    "fish",
    "gawk",
    "goawk",
    "groovy",
    "guile",
    "java",
    "jruby",
    "julia",
    "ksh",
    "lua",
    "luajit",
    "mawk",
    "mksh",
    "nawk",
    "node",
    "nodejs",
    "nu",
    "original-awk",
    "osascript",
    "perl",
    "php",
    "pwsh",
    "pypy",
    "python",
    "rbash",
    "ruby",
    "sh",
    "tclsh",
    "tcsh",
    "texlua",
    "toybox",
    "truffleruby",
    "ts-node",
    "tsx",
    "wish",
    "xonsh",
    "yash",
    "zsh",
];

fn interprets(name: &str) -> bool {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    INTERPRETERS.binary_search(&stem).is_ok() || INTERPRETERS.binary_search(&name).is_ok()
}

/// The process that a thread belongs to.
fn process_of(thread: i32) -> io::Result<i32> {
    let id = memory::status(thread, "Tgid")
        .ok_or_else(|| io::Error::other("the process is gone, or cannot be seen"))?;
    i32::try_from(id).map_err(io::Error::other)
}

/// The command line of a process, for a person.
fn caller(process: i32) -> String {
    let bytes = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = bytes
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    words.pop();
    format!("`{}`", shell_words::join(words))
}

/// Says something on a process's own standard error.
fn say(thread: i32, message: &str) {
    // Nobody may listen, or the one who does not read: the call fails all the same.
    let Ok(stderr) = process_of(thread).and_then(|process| memory::borrow(process, 2)) else {
        return;
    };
    let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut ready, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
        let _ = writeln!(File::from(stderr), "{message}");
    }
}
