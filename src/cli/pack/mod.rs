//! `guard pack`: the packs that are shared, from where they come to whether they are still what
//! they were.
//!
//! Owns what is written to the directory of packs and to its lock. An agent may look; to change
//! something is for a person.

mod diff;
mod fetch;
mod sign;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use semver::Version;
use serde::Serialize;
use thiserror::Error;

use self::fetch::Fetched;
use self::sign::Signers;
use super::{print, say};
use crate::gate::{self, EXIT_FAILED};
use crate::packs::examples::{self, Scene};
use crate::packs::lock::{Lock, Locked, sha256};
use crate::packs::source::{Source, Unusable};
use crate::packs::{self, Entry, Layer, Packs, library};
use crate::rules::known_request;
use crate::rules::schema::Pack;
use crate::sys;

/// Something is not as it was added.
const EXIT_DIFFERS: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The packs of the machine, in /etc/guard, instead of your own
    #[arg(long, global = true)]
    managed: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetches packs, checks them, and uses them from now on
    #[command(
        after_help = "SOURCE is a directory or file, git+https://HOST/REPOSITORY@COMMIT[#DIRECTORY], the \
                      same with git+file://, or https://HOST/NAME.toml#sha256=HEX. A pack is refused \
                      if it is not signed by an allowed signer, is older than one that was added \
                      before, fails its own examples, or calls harmless what guard knows as harmful."
    )]
    Add(Add),
    /// Fetches the sources of added packs again, and shows what changes
    Update(Update),
    /// Stops using a pack
    Remove { name: String },
    /// Lists the added packs, and whether they are still what they were
    List {
        /// Print one JSON object for each
        #[arg(long)]
        json: bool,
    },
    /// Checks every added pack against the lock and its signature
    Verify,
    /// Copies the added packs, with their signatures and the lock, to a directory
    Vendor { directory: PathBuf },
    /// Shows what differs between two packs: each an added pack's name, or a source
    Diff(diff::Options),
    /// Signs a pack file, with the system's ssh-keygen
    Sign {
        file: PathBuf,
        /// The private key, or the public one of a key that an agent holds
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Add {
    source: String,
    /// Take it though nobody signed it
    #[arg(long)]
    unsigned: bool,
}

#[derive(Debug, Args)]
struct Update {
    /// The packs; without any, each that comes from a directory or a file
    names: Vec<String>,
    /// Where the new version is: needed for sources that are pinned
    #[arg(long, value_name = "SOURCE", requires = "names")]
    from: Option<String>,
    /// Take it though nobody signed it
    #[arg(long)]
    unsigned: bool,
}

/// Why a pack command did not do its part. Nothing was changed.
#[derive(Debug, Error)]
enum Trouble {
    #[error(transparent)]
    Source(#[from] Unusable),
    #[error("`{}`: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Said(String),
}

impl Trouble {
    /// What turns an error about this path into one of these.
    fn of(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

pub(super) fn run(options: &Options) -> u8 {
    let room = match Room::new(options.managed) {
        Ok(room) => room,
        Err(trouble) => return failed(&trouble),
    };
    let result = match &options.command {
        Command::Add(add) => changing().and_then(|()| room.add(add)),
        Command::Update(update) => changing().and_then(|()| room.update(update)),
        Command::Remove { name } => changing().and_then(|()| room.remove(name)),
        Command::List { json } => room.list(*json),
        Command::Verify => room.verify(),
        Command::Vendor { directory } => room.vendor(directory),
        Command::Diff(options) => diff::run(options, &room),
        Command::Sign { file, key } => changing().and_then(|()| signed(file, key)),
    };
    result.unwrap_or_else(|trouble| failed(&trouble))
}

fn failed(trouble: &Trouble) -> u8 {
    say(&format!("guard: {trouble}; nothing was changed"));
    EXIT_FAILED
}

/// Refuses where an agent asks: what is judged by is not its to change.
fn changing() -> Result<(), Trouble> {
    match gate::agent_above() {
        None => Ok(()),
        Some(doubt) => Err(Trouble::Said(format!(
            "packs are a person's to change: {doubt}\n\
             hint: run it in a terminal of your own"
        ))),
    }
}

fn signed(file: &Path, key: &Path) -> Result<u8, Trouble> {
    let found = library::file(file);
    if let Err(complaints) = &found.pack {
        return Err(Trouble::Said(complained(file, &found.text, complaints)));
    }
    let signature = sign::sign(file, key)?;
    say(&format!(
        "guard: signed; `{}` goes with it",
        signature.display()
    ));
    Ok(0)
}

fn complained(file: &Path, text: &str, complaints: &[crate::rules::document::Complaint]) -> String {
    let lines: Vec<String> = complaints
        .iter()
        .map(|complaint| complaint.line(file.display(), text))
        .collect();
    format!("the pack is broken:\n{}", lines.join("\n"))
}

/// A pack that may be used.
struct Accepted {
    pack: Pack,
    version: Version,
    text: Vec<u8>,
    signature: Option<Vec<u8>>,
    signer: Option<String>,
}

/// A directory of packs with what lies beside it.
struct Room {
    packs: PathBuf,
    lock: Lock,
    signers: Signers,
}

impl Room {
    fn new(managed: bool) -> Result<Self, Trouble> {
        let layer = if managed { Layer::Managed } else { Layer::User };
        // The last of a person's is where their variables say that settings lie.
        let packs = packs::directories(|name| std::env::var_os(name))
            .into_iter()
            .rfind(|directory| directory.layer == layer)
            .map(|directory| directory.path)
            .ok_or_else(|| Trouble::Said("no home directory is known; set HOME".to_owned()))?;
        let lock = Lock::read(&packs).map_err(Trouble::of(&Lock::path(&packs)))?;
        Ok(Self {
            signers: Signers::beside(&packs),
            packs,
            lock,
        })
    }

    fn add(mut self, options: &Add) -> Result<u8, Trouble> {
        let source: Source = options.source.parse()?;
        let accepted = self.accept(&source, options.unsigned)?;
        for one in &accepted {
            self.keep(one, &source)?;
            let rules = examples::rules(&one.pack).count();
            let name = &one.pack.pack.name;
            let by = signed_by(one.signer.as_deref());
            say(&format!(
                "guard: {name} {}, {rules} rules, {by}",
                one.version
            ));
        }
        // The good copies are made of what was just checked.
        let _ = super::added_packs();
        let clis = accepted.iter().flat_map(|one| &one.pack.cli);
        if clis.filter(|cli| cli.shim).count() > 0 {
            say("guard: `guard setup` makes links for its programs");
        }
        Ok(0)
    }

    fn update(mut self, options: &Update) -> Result<u8, Trouble> {
        let mut names = options.names.clone();
        if names.is_empty() {
            let paths = self
                .lock
                .pack
                .iter()
                .filter(|locked| matches!(locked.source.parse(), Ok(Source::Path(_))));
            names = paths.map(|locked| locked.name.clone()).collect();
            names.dedup();
        }
        let mut changed = 0;
        for name in &names {
            let locked = self.locked(name)?.clone();
            let source: Source = options.from.as_ref().unwrap_or(&locked.source).parse()?;
            if options.from.is_none() && !matches!(source, Source::Path(_)) {
                return Err(Trouble::Said(format!(
                    "`{name}` is pinned to `{source}`; name the new one with `--from`"
                )));
            }
            let accepted = self.accept(&source, options.unsigned)?;
            let Some(new) = accepted.iter().find(|one| one.pack.pack.name == *name) else {
                return Err(Trouble::Said(format!("there is no `{name}` at `{source}`")));
            };
            if sha256(&new.text) == locked.sha256 && locked.source == source.to_string() {
                continue;
            }
            let old = library::file(&self.file(name));
            let version = (&locked.version, &new.version);
            say(&format!("guard: {name} {} -> {}", version.0, version.1));
            print(&diff::text(old.good(), Some(&new.pack)));
            self.keep(new, &source)?;
            changed += 1;
        }
        if changed == 0 {
            say("guard: nothing has changed");
        }
        Ok(0)
    }

    fn remove(mut self, name: &str) -> Result<u8, Trouble> {
        self.locked(name)?;
        self.lock.take(name);
        self.store_lock()?;
        for file in [self.file(name), self.signature(name)] {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Trouble::of(&file)(error));
                }
                _ => {}
            }
        }
        say(&format!("guard: {name} is not used any more"));
        Ok(0)
    }

    fn list(&self, json: bool) -> Result<u8, Trouble> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            locked: &'a Locked,
            state: State,
        }
        let mut text = String::new();
        for locked in &self.lock.pack {
            let state = self.state(locked);
            if json {
                let line = serde_json::to_string(&Line { locked, state });
                text.push_str(&line.unwrap_or_default());
                text.push('\n');
                continue;
            }
            let by = signed_by(locked.signer.as_deref());
            let (name, version, source) = (&locked.name, &locked.version, &locked.source);
            let _ = writeln!(
                text,
                "{name} {version}  {}, {by}\n  {source}",
                state.as_str()
            );
        }
        if self.lock.pack.is_empty() && !json {
            say("guard: no pack was added; `guard rules list` shows what is built in");
        }
        print(&text);
        Ok(0)
    }

    fn verify(&self) -> Result<u8, Trouble> {
        let mut status = 0;
        for locked in &self.lock.pack {
            let mut wrong = self.state(locked).wrong().map(str::to_owned);
            if let (None, Some(signer)) = (&wrong, &locked.signer) {
                wrong = self
                    .resigned(&locked.name, signer)
                    .err()
                    .map(|it| it.to_string());
            }
            match wrong {
                None => print(&format!(
                    "{} {}: as it was added\n",
                    locked.name, locked.version
                )),
                Some(why) => {
                    status = EXIT_DIFFERS;
                    print(&format!("{} {}: {why}\n", locked.name, locked.version));
                }
            }
        }
        Ok(status)
    }

    /// Whether the kept signature still is by that signer, and the signer still counts.
    fn resigned(&self, name: &str, signer: &str) -> Result<(), Trouble> {
        let (file, signature) = (self.file(name), self.signature(name));
        let text = std::fs::read(&file).map_err(Trouble::of(&file))?;
        let signature = std::fs::read(&signature).map_err(Trouble::of(&signature))?;
        let found = self.signers.signer(&text, &signature)?;
        if found == signer {
            return Ok(());
        }
        Err(Trouble::Said(format!(
            "it is signed by {found} now, and was by {signer}"
        )))
    }

    fn vendor(&self, directory: &Path) -> Result<u8, Trouble> {
        std::fs::create_dir_all(directory).map_err(Trouble::of(directory))?;
        for locked in &self.lock.pack {
            if let Some(wrong) = self.state(locked).wrong() {
                let name = &locked.name;
                return Err(Trouble::Said(format!(
                    "`{name}` is not what was added: {wrong}"
                )));
            }
            for file in [self.file(&locked.name), self.signature(&locked.name)] {
                let name = file.file_name().unwrap_or_default();
                match std::fs::copy(&file, directory.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(Trouble::of(&file)(error));
                    }
                    _ => {}
                }
            }
        }
        let lock = directory.join("guard.lock");
        std::fs::write(&lock, self.lock_text()?).map_err(Trouble::of(&lock))?;
        say(&format!(
            "guard: `guard pack add {}` adds them elsewhere",
            directory.display()
        ));
        Ok(0)
    }

    /// Fetches what the source holds, and refuses all of it if any part may not be used.
    fn accept(&self, source: &Source, unsigned: bool) -> Result<Vec<Accepted>, Trouble> {
        fetch::fetch(source)?
            .into_iter()
            // A vendored directory carries its lock.
            .filter(|fetched| fetched.name != "guard")
            .map(|fetched| self.acceptable(fetched, unsigned))
            .collect()
    }

    fn acceptable(&self, fetched: Fetched, unsigned: bool) -> Result<Accepted, Trouble> {
        let Fetched {
            name,
            text,
            signature,
        } = fetched;
        let refused = |why: String| Trouble::Said(format!("the pack `{name}` is refused: {why}"));
        let source =
            std::str::from_utf8(&text).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
        let file = PathBuf::from(format!("{name}.toml"));
        let pack = packs::read(&name, source)
            .map_err(|complaints| refused(complained(&file, source, &complaints)))?;
        let version: Version = pack.pack.version.parse().map_err(|error| {
            let version = &pack.pack.version;
            refused(format!(
                "`version = \"{version}\"` is none as in `1.2.0`: {error}"
            ))
        })?;
        let signer = match &signature {
            Some(signature) => {
                let found = self.signers.signer(&text, signature);
                Some(found.map_err(|trouble| refused(trouble.to_string()))?)
            }
            None => None,
        };
        self.is_newer(&name, &version, &text, signer.as_deref())
            .map_err(&refused)?;
        if signer.is_none() && (self.signers.required || !unsigned) {
            return Err(refused(if self.signers.required {
                "nobody signed it, and this machine's packs are signed".to_owned()
            } else {
                "nobody signed it\nhint: `guard pack sign` makes a signature; `--unsigned` takes \
                 it without"
                    .to_owned()
            }));
        }
        if let Some(loosened) = loosens(&pack) {
            return Err(refused(loosened));
        }
        let scene = Scene::new(vec![pack.clone()]).map_err(&refused)?;
        let wrong: Vec<String> = examples::rules(&pack)
            .flat_map(|rule| examples::of(&pack, rule))
            .filter_map(|example| example.check(&scene).err())
            .collect();
        if !wrong.is_empty() {
            return Err(refused(format!(
                "its own examples do not hold:\n{}",
                wrong.join("\n")
            )));
        }
        Ok(Accepted {
            pack,
            version,
            text,
            signature,
            signer,
        })
    }

    /// A signed pack only goes forward.
    fn is_newer(
        &self,
        name: &str,
        version: &Version,
        text: &[u8],
        signer: Option<&str>,
    ) -> Result<(), String> {
        if let Some(floor) = self.lock.floor.get(name) {
            if version < floor {
                return Err(format!(
                    "{version} is older than {floor}, which was added before"
                ));
            }
            if signer.is_none() {
                return Err(format!("nobody signed it, and {floor} was signed"));
            }
        }
        match self.lock.get(name) {
            Some(locked)
                if locked.signer.is_some()
                    && locked.version == *version
                    && locked.sha256 != sha256(text) =>
            {
                Err(format!(
                    "{version} was added before, and held something else"
                ))
            }
            _ => Ok(()),
        }
    }

    fn keep(&mut self, one: &Accepted, source: &Source) -> Result<(), Trouble> {
        let name = one.pack.pack.name.clone();
        let source = match source {
            // It is found again from any directory.
            Source::Path(path) => std::path::absolute(path)
                .map_or_else(|_| source.to_string(), |path| path.display().to_string()),
            _ => source.to_string(),
        };
        self.lock.put(Locked {
            name: name.clone(),
            version: one.version.clone(),
            source,
            sha256: sha256(&one.text),
            signer: one.signer.clone(),
            added: Timestamp::now(),
        });
        std::fs::create_dir_all(&self.packs).map_err(Trouble::of(&self.packs))?;
        let signature = self.signature(&name);
        match &one.signature {
            Some(bytes) => replace(&signature, bytes)?,
            // An earlier version's is none for this one.
            None => drop(std::fs::remove_file(&signature)),
        }
        // The lock comes last: until it is there, the old pack's good copy stands in.
        replace(&self.file(&name), &one.text)?;
        self.store_lock()
    }

    fn store_lock(&self) -> Result<(), Trouble> {
        replace(&Lock::path(&self.packs), self.lock_text()?.as_bytes())
    }

    fn lock_text(&self) -> Result<String, Trouble> {
        self.lock
            .text()
            .map_err(|error| Trouble::Said(format!("the lock cannot be written: {error}")))
    }

    fn locked(&self, name: &str) -> Result<&Locked, Trouble> {
        self.lock.get(name).ok_or_else(|| {
            Trouble::Said(format!(
                "no pack `{name}` was added; `guard pack list` shows them"
            ))
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.packs.join(format!("{name}.toml"))
    }

    fn signature(&self, name: &str) -> PathBuf {
        self.packs.join(format!("{name}.toml.sig"))
    }

    fn state(&self, locked: &Locked) -> State {
        match std::fs::read(self.file(&locked.name)) {
            Ok(text) if sha256(&text) == locked.sha256 => State::AsAdded,
            Ok(_) => State::Changed,
            Err(_) => State::Missing,
        }
    }
}

/// What became of an added pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    AsAdded,
    Changed,
    Missing,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AsAdded => "as it was added",
            Self::Changed => "CHANGED since it was added",
            Self::Missing => "MISSING",
        }
    }

    fn wrong(self) -> Option<&'static str> {
        (self != Self::AsAdded).then(|| self.as_str())
    }
}

fn signed_by(signer: Option<&str>) -> String {
    signer.map_or_else(
        || "not signed".to_owned(),
        |signer| format!("signed by {signer}"),
    )
}

/// Puts a file there that everybody may read whose directory lets them.
fn replace(path: &Path, content: &[u8]) -> Result<(), Trouble> {
    sys::replace(path, content, 0o666).map_err(Trouble::of(path))
}

/// What the pack calls harmless that guard knows as harmful. It would count for nothing, since a
/// pack only adds; but whoever wrote it thinks otherwise.
fn loosens(pack: &Pack) -> Option<String> {
    let built_in = Packs::built_in();
    let known = |program: &str| {
        built_in.program(program).find_map(|entry| match entry {
            Entry::Cli(index) => built_in.cli(index),
            Entry::ReadOnly(_) | Entry::Reversible(_) => None,
        })
    };
    let lists = pack.read_only.iter().chain(&pack.reversible);
    for program in lists {
        if let Some((owner, _)) = known(program) {
            return Some(format!(
                "it calls `{program}` harmless, which the pack `{owner}` knows better"
            ));
        }
    }
    for cli in &pack.cli {
        for program in &cli.programs {
            let Some((owner, known)) = known(program) else {
                continue;
            };
            let commands = cli.read_only.iter().chain(&cli.reversible);
            for command in commands {
                let rule = known
                    .rule
                    .iter()
                    .find(|rule| rule.command.contains(command));
                if let Some(rule) = rule {
                    return Some(format!(
                        "it calls `{program} {command}` harmless, and `{owner}/{}` says: {}",
                        rule.id, rule.summary
                    ));
                }
            }
        }
    }
    let listed = pack.api.iter().flat_map(|api| {
        let requests = api.read_only.iter().chain(&api.reversible);
        requests.flat_map(|request| api.hosts.iter().map(move |host| (host, request)))
    });
    for (host, request) in listed {
        if let Some((owner, rule)) = known_request(host, request) {
            return Some(format!(
                "it calls `{request}` at `{host}` harmless, and `{owner}/{}` says: {}",
                rule.id, rule.summary
            ));
        }
    }
    None
}
