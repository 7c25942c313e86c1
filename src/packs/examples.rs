//! The examples of packs, through the whole pipeline.
//!
//! Owns the place where they run: a machine that is the same for everybody, with one person's
//! repository on it, so that what an example shows does not hang on who tries it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::Packs;
use crate::effect::Assessment;
use crate::judge::{Subject, assess};
use crate::resolve::Stdin;
use crate::rules::schema::{Pack, Rule, RuleClass};
use crate::world::{Entry, EntryKind, PathStatus, ReadError, World};

/// One line of a rule's `match` or `no-match`.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    pub pack: &'a str,
    pub rule: &'a Rule,
    pub source: &'a str,
    /// Whether the rule must fire on it.
    pub fires: bool,
}

/// Every rule of a pack.
pub fn rules(pack: &Pack) -> impl Iterator<Item = &Rule> {
    let of_clis = pack.cli.iter().flat_map(|cli| &cli.rule);
    of_clis.chain(pack.api.iter().flat_map(|api| &api.rule))
}

/// The examples of a rule.
pub fn of<'a>(pack: &'a Pack, rule: &'a Rule) -> impl Iterator<Item = Example<'a>> {
    let each = |sources: &'a [String], fires| {
        sources.iter().map(move |source| Example {
            pack: &pack.pack.name,
            rule,
            source,
            fires,
        })
    };
    each(&rule.matches, true).chain(each(&rule.no_match, false))
}

impl Example<'_> {
    /// Whether it holds; else what guard found instead, in words.
    pub fn check(&self, scene: &Scene) -> Result<(), String> {
        let found = assess(&Subject::script(self.source), Stdin::Empty, scene);
        if self.has_fired(&found) == self.fires {
            return Ok(());
        }
        let wrong = if self.fires { "does not fire" } else { "fires" };
        let mut seen: Vec<String> = Vec::new();
        seen.extend(found.effects.iter().map(|effect| effect.rule.to_string()));
        seen.extend(found.opaque.iter().map(|hole| hole.reason.clone()));
        let unlisted = found.unlisted.iter();
        seen.extend(unlisted.map(|it| format!("no rule describes `{}`", it.program)));
        let seen = match seen.as_slice() {
            [] => "nothing".to_owned(),
            seen => seen.join("; "),
        };
        Err(format!(
            "{}/{} {wrong} on: {}\n    guard finds: {seen}",
            self.pack, self.rule.id, self.source
        ))
    }

    fn has_fired(&self, found: &Assessment) -> bool {
        if self.rule.class == RuleClass::Opaque {
            let summary = &self.rule.summary;
            return found.opaque.iter().any(|hole| &hole.reason == summary);
        }
        found
            .effects
            .iter()
            .any(|effect| effect.rule.pack == self.pack && effect.rule.rule == self.rule.id)
    }
}

const HOME: &str = "/home/you";
const WORK: &str = "/home/you/work";

/// A machine on which a person works in a repository.
#[derive(Debug)]
pub struct Scene {
    files: BTreeMap<PathBuf, &'static str>,
    directories: BTreeSet<PathBuf>,
    packs: Packs,
}

impl Scene {
    /// The machine with these packs added to those that are part of guard.
    pub fn new(added: Vec<Pack>) -> Result<Self, String> {
        let mut scene = Self {
            files: BTreeMap::new(),
            directories: BTreeSet::new(),
            packs: Packs::of(added)?,
        };
        for directory in ["/tmp", "/dev", "/etc", "/var/tmp", "/home/you/.ssh"] {
            scene.directory(Path::new(directory));
        }
        for program in ["/usr/bin/bash", "/usr/bin/dash", "/usr/bin/env"] {
            scene.file(program, "\u{7f}ELF");
        }
        scene.file("/home/you/work/.git/HEAD", "ref: refs/heads/main\n");
        scene.file("/home/you/work/.git/config", "[core]\n\tbare = false\n");
        for directory in ["objects", "refs/heads", "refs/tags"] {
            scene.directory(&Path::new("/home/you/work/.git").join(directory));
        }
        for file in [
            "/etc/hosts",
            "/etc/passwd",
            "/etc/fstab",
            "/etc/ssh/sshd_config",
        ] {
            scene.file(file, "the machine's own\n");
        }
        // A file of somebody's work, for what overwrites one.
        scene.file("/home/you/work/Cargo.toml", "[package]\n");
        Ok(scene)
    }

    fn file(&mut self, path: &str, text: &'static str) {
        let path = PathBuf::from(path);
        if let Some(directory) = path.parent() {
            self.directory(directory);
        }
        self.files.insert(path, text);
    }

    fn directory(&mut self, path: &Path) {
        self.directories
            .extend(path.ancestors().map(Path::to_owned));
    }
}

/// The path without links, `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
        let linked = match plain.to_str() {
            Some("/bin") => Some("/usr/bin"),
            Some("/usr/bin/sh") => Some("/usr/bin/dash"),
            _ => None,
        };
        plain = linked.map_or(plain, PathBuf::from);
    }
    plain
}

impl World for Scene {
    fn env(&self, name: &str) -> Option<String> {
        let value = match name {
            "HOME" => HOME,
            "PATH" => "/usr/local/bin:/usr/bin:/bin",
            "USER" | "LOGNAME" => "you",
            "PWD" => WORK,
            "LANG" => "C.UTF-8",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn cwd(&self) -> &Path {
        Path::new(WORK)
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        match user {
            "you" => Some(HOME.into()),
            "root" => Some("/root".into()),
            _ => None,
        }
    }

    fn user(&self) -> Option<String> {
        Some("you".to_owned())
    }

    fn read(&self, path: &Path) -> Result<String, ReadError> {
        let plain = plain(path);
        match self.files.get(&plain) {
            Some(text) => Ok((*text).to_owned()),
            None if self.directories.contains(&plain) => {
                Err(ReadError::NotRegular(path.to_owned()))
            }
            None => Err(ReadError::Missing(path.to_owned())),
        }
    }

    fn status(&self, path: &Path) -> PathStatus {
        let plain = plain(path);
        if plain.starts_with("/dev") && plain != Path::new("/dev") {
            return PathStatus::Special;
        }
        match self.files.get(&plain) {
            Some(text) => PathStatus::File {
                length: text.len() as u64,
            },
            None if self.directories.contains(&plain) => PathStatus::Directory,
            None => PathStatus::Missing,
        }
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        let plain = plain(path);
        let above = plain.parent().unwrap_or(&plain);
        self.directories.contains(above).then_some(plain)
    }

    fn list(&self, path: &Path, limit: usize) -> Option<(Vec<String>, bool)> {
        let plain = plain(path);
        if !self.directories.contains(&plain) {
            return None;
        }
        let all = self.files.keys().chain(&self.directories);
        let below = all.filter(|path| path.parent() == Some(&plain));
        let names = below.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len() > limit;
        names.truncate(limit);
        Some((names, more))
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let (kind, length) = match self.status(path) {
            PathStatus::File { length } => (EntryKind::File, length),
            PathStatus::Directory => (EntryKind::Directory, 0),
            PathStatus::Special => (EntryKind::Other, 0),
            PathStatus::Missing | PathStatus::Unreadable => return None,
        };
        Some(Entry {
            kind,
            length,
            modified: (0, 0),
            executable: plain(path).starts_with("/usr/bin"),
        })
    }

    fn bytes(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        let text = self.read(path).ok()?;
        Some(text.into_bytes()).filter(|bytes| bytes.len() as u64 <= limit)
    }

    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        Vec::new()
    }

    fn packs(&self) -> &Packs {
        &self.packs
    }
}
