//! What the disk says of a path that would be deleted or overwritten.
//!
//! Owns the classes of paths: temporary, regenerated, kept by git, guard's own. Everything else
//! is precious, and so is everything that cannot be looked at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::git::WorkTree;
use super::glob::Pattern;
use crate::resolve::{Directory, Part, Text};
use crate::world::{EntryKind, PathStatus, World};

/// Files that are looked at below one path.
const WALK: usize = 4000;

/// What would be lost with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing is there.
    Missing,
    /// It lies under a directory for temporary files.
    Temporary,
    /// A tool makes it again, and git ignores it.
    BuildOutput,
    /// It came into being below the supervisor, all of it: nobody had it before.
    New,
    /// A terminal, a pipe, `/dev/null`: writing to it loses nothing.
    Device,
    /// Git holds the same content; the command brings it back.
    InGit { undo: String },
    /// It belongs to guard itself.
    Guard,
    /// It would be gone, and why that is thought.
    Precious(&'static str),
}

/// Directories whose content no one may count on.
const TEMPORARY: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/private/tmp",
    "/private/var/tmp",
    "/private/var/folders",
    "/var/folders",
];

/// Devices that take anything and keep nothing.
const SINKS: &[&str] = &[
    "null", "zero", "full", "tty", "stdout", "stderr", "console", "ptmx",
];

/// What is lost with this path, as seen from a directory of this machine.
#[must_use]
pub fn loss(path: &Text, directory: &Directory, world: &dyn World) -> Loss {
    let look = Look::new(world);
    match path.exact() {
        Some("") => Loss::Missing,
        Some(path) => match directory.join(path) {
            Some(path) => look.path(&path),
            None => Loss::Precious("the directory is not known"),
        },
        None if path.has_unknown() => look.unknown(path, directory),
        None => look.pattern(path, directory),
    }
}

/// The same for another machine or a container, whose disk is not here to look at.
#[must_use]
pub fn loss_elsewhere(path: &Text) -> Loss {
    let whole = path.display();
    let plain = !path.has_unknown() && !whole.split('/').any(|part| part == "..");
    let below = |root: &str| {
        let rest = path.known_prefix().strip_prefix(root);
        rest.is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    };
    match whole.strip_prefix("/dev/") {
        Some(name) if plain && SINKS.contains(&name) => Loss::Device,
        _ if plain && TEMPORARY.iter().any(|root| below(root)) => Loss::Temporary,
        _ => Loss::Precious("on another machine"),
    }
}

/// Whether there is a file here that holds nothing.
#[must_use]
pub fn is_empty_file(path: &Text, directory: &Directory, world: &dyn World) -> bool {
    let path = path.exact().and_then(|path| directory.join(path));
    path.is_some_and(|path| world.status(&path) == PathStatus::File { length: 0 })
}

/// One look at the disk, for one path or all that fit a pattern.
struct Look<'a> {
    world: &'a dyn World,
    /// By the directory that was asked for.
    trees: RefCell<BTreeMap<PathBuf, Option<Rc<WorkTree>>>>,
}

impl<'a> Look<'a> {
    fn new(world: &'a dyn World) -> Self {
        Self {
            world,
            trees: RefCell::default(),
        }
    }

    fn path(&self, path: &Path) -> Loss {
        let world = self.world;
        if let Some(sink) = sink(path) {
            return sink;
        }
        let Some(canonical) = world.canonical(path) else {
            return self.absent(path);
        };
        // A link is deleted itself, but written through: both ends count.
        let entry = entry(path, world).unwrap_or_else(|| canonical.clone());
        if is_guards_own(&entry, world) || is_guards_own(&canonical, world) {
            return Loss::Guard;
        }
        let cwd = world.cwd();
        let workspace = world.canonical(cwd).unwrap_or_else(|| cwd.to_owned());
        if workspace.starts_with(&canonical) {
            return Loss::Precious("the session works in it");
        }
        if is_temporary(&entry, world) && is_temporary(&canonical, world) {
            return Loss::Temporary;
        }
        if canonical.starts_with("/dev") {
            return Loss::Precious("a device");
        }
        match world.status(path) {
            PathStatus::Missing if entry == canonical => return self.missing(&entry),
            PathStatus::Special => return Loss::Device,
            PathStatus::Missing
            | PathStatus::File { .. }
            | PathStatus::Directory
            | PathStatus::Unreadable => {}
        }
        if entry != canonical {
            return Loss::Precious("a link");
        }
        self.entry(&entry)
    }

    /// A path below a directory that is not there.
    fn absent(&self, path: &Path) -> Loss {
        let climbs = path.components().any(|part| part == Component::ParentDir);
        // `x/../…` may lead through a directory that the line makes first.
        if is_guards_own(&folded(path), self.world) {
            return Loss::Guard;
        }
        let above = path.ancestors().skip(1);
        let there = above
            .into_iter()
            .find_map(|above| self.world.canonical(above));
        match there {
            Some(there) if !climbs && is_temporary(&there.join("new"), self.world) => {
                Loss::Temporary
            }
            _ => self.missing(path),
        }
    }

    /// What is not there now may be made by another command of the line, or be a slip of the hand;
    /// not where its name, or git's ignore rules, say that a tool makes it.
    fn missing(&self, path: &Path) -> Loss {
        const COMMON: &[&str] = &["bin", "obj", "out", "vendor", "deps"];
        let is =
            |name: &OsStr, names: &[&str]| name.to_str().is_some_and(|name| names.contains(&name));
        let relative = path.strip_prefix(self.world.cwd()).unwrap_or(path);
        let filled = relative
            .components()
            .any(|part| is(part.as_os_str(), FILLED));
        let made = path
            .file_name()
            .is_some_and(|name| is_build_output(name) && !is(name, COMMON));
        let ignored = || {
            let tree = self.tree(path);
            tree.is_some_and(|tree| self.is_regenerated(path, &tree))
        };
        if is_cache(path) || ((filled || made) && !is_data(path)) || ignored() {
            Loss::BuildOutput
        } else {
            Loss::Missing
        }
    }

    /// A path of which every link is resolved.
    fn entry(&self, path: &Path) -> Loss {
        if self.is_new(path, &mut WALK.clone()) {
            return Loss::New;
        }
        if is_cache(path) {
            return Loss::BuildOutput;
        }
        let Some(tree) = self.tree(path) else {
            return Loss::Precious("git does not know it");
        };
        if path == tree.root || path.starts_with(&tree.directory) {
            return Loss::Precious("a git repository");
        }
        if self.is_regenerated(path, &tree) {
            return Loss::BuildOutput;
        }
        let mut left = WALK;
        if self.is_kept(path, &tree, &mut left) {
            let shown = path.strip_prefix(&tree.root).unwrap_or(path).display();
            return Loss::InGit {
                undo: format!("git -C {} restore -- {shown}", tree.root.display()),
            };
        }
        if tree.may_track(path) {
            Loss::Precious("git does not have all of what it holds now")
        } else {
            Loss::Precious("git does not know it")
        }
    }

    fn tree(&self, path: &Path) -> Option<Rc<WorkTree>> {
        let directory = path.parent().unwrap_or(path);
        if let Some(known) = self.trees.borrow().get(directory) {
            return known.clone();
        }
        let same_root = |tree: &Rc<WorkTree>| {
            let rest = directory.strip_prefix(&tree.root).ok();
            rest.is_some_and(|rest| {
                let mut here = tree.root.clone();
                rest.components().all(|component| {
                    here.push(component);
                    self.world.status(&here.join(".git")) == PathStatus::Missing
                })
            })
        };
        let near = self
            .trees
            .borrow()
            .values()
            .flatten()
            .find(|t| same_root(t))
            .cloned();
        let tree = near.or_else(|| WorkTree::of(directory, self.world).map(Rc::new));
        self.trees
            .borrow_mut()
            .insert(directory.to_owned(), tree.clone());
        tree
    }

    /// Build output that git ignores and has no part of.
    fn is_regenerated(&self, path: &Path, tree: &WorkTree) -> bool {
        let Ok(relative) = path.strip_prefix(&tree.root) else {
            return false;
        };
        let is_directory = self.world.status(path) == PathStatus::Directory;
        let made = relative
            .components()
            .any(|part| is_build_output(part.as_os_str()));
        let made = made || (!is_directory && is_made_file(relative));
        made && !is_data(relative)
            && !tree.may_track(path)
            && tree.ignores(path, self.world)
            && !(is_directory && self.holds_data(path))
    }

    /// Whether data lies right in this directory: a database that an application keeps in
    /// `build/`. What package managers fill is not looked through.
    fn holds_data(&self, directory: &Path) -> bool {
        let name = directory.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| FILLED.contains(&name)) {
            return false;
        }
        match self.world.list(directory, WALK) {
            Some((names, more)) => more || names.iter().any(|name| is_data(Path::new(name))),
            None => true,
        }
    }

    /// Whether git has everything at and below this path as it is now.
    fn is_kept(&self, path: &Path, tree: &WorkTree, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1) else {
            return false;
        };
        *left = rest;
        let Some(entry) = self.world.entry(path) else {
            return false;
        };
        if entry.kind != EntryKind::Directory {
            return tree.keeps(path, &entry) || is_cache(path) || self.is_regenerated(path, tree);
        }
        if is_cache(path) || self.is_regenerated(path, tree) {
            return true;
        }
        let Some((names, false)) = self.world.list(path, *left) else {
            return false;
        };
        names
            .iter()
            .all(|name| name != ".git" && self.is_kept(&path.join(name), tree, left))
    }

    /// Whether everything at and below this path is new.
    fn is_new(&self, path: &Path, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1).filter(|_| self.world.is_new(path)) else {
            return false;
        };
        *left = rest;
        if self.world.status(path) != PathStatus::Directory {
            return true;
        }
        let listed = self.world.list(path, *left);
        listed.is_some_and(|(names, more)| {
            !more && names.iter().all(|name| self.is_new(&path.join(name), left))
        })
    }

    /// Every path that fits counts, the worst decides.
    fn pattern(&self, text: &Text, directory: &Directory) -> Loss {
        let Some(pattern) = Pattern::of(text) else {
            return Loss::Precious("which files the pattern fits is not known");
        };
        let Some(base) = pattern
            .base()
            .to_str()
            .and_then(|base| directory.join(base))
        else {
            return Loss::Precious("the directory is not known");
        };
        let Some(canonical) = self.world.canonical(&base) else {
            return self.absent(&base.join(text.display().as_ref()));
        };
        let temporary = is_temporary(&canonical.join("*"), self.world);
        if pattern.stays() && temporary && !is_in_guards_places(&canonical, self.world) {
            let cwd = self.world.cwd();
            let workspace = self.world.canonical(cwd).unwrap_or_else(|| cwd.to_owned());
            if !workspace.starts_with(&canonical) {
                return Loss::Temporary;
            }
        }
        let Some(found) = pattern.expand(&base, self.world) else {
            return Loss::Precious("it fits more files than guard looks at");
        };
        let mut worst = None;
        for path in found {
            let loss = self.path(&path);
            if matches!(loss, Loss::Precious(_) | Loss::Guard) {
                return loss;
            }
            if matches!(loss, Loss::InGit { .. }) || worst.is_none() {
                worst = Some(loss);
            }
        }
        worst.unwrap_or_else(|| self.absent(&base.join(text.display().as_ref())))
    }

    /// A text with parts that only the shell will know is temporary only where no value of them
    /// can lead out: `../` could.
    fn unknown(&self, text: &Text, directory: &Directory) -> Loss {
        let lost = Loss::Precious("it is known only when the command runs");
        if let Some(pattern) = as_pattern(text) {
            return self.pattern(&pattern, directory);
        }
        if is_pipe(text) {
            return Loss::Device;
        }
        let mut known = String::new();
        for (index, part) in text.parts().iter().enumerate() {
            match part {
                Part::Known(part) | Part::Glob(part) => known.push_str(part),
                Part::Unknown(source) if index == 0 && makes_temporary(source) => {
                    known.push_str("/tmp/guard-unknown");
                }
                Part::Unknown(source) if is_plain(source) => known.push_str("guard-unknown"),
                Part::Unknown(_) => {
                    // `a$X` with `X=/../b` leads on only if there is a directory `a`.
                    let stem = known.rsplit('/').next().unwrap_or("");
                    let stands = directory.join(&known).map(|path| self.world.status(&path));
                    if stem.is_empty() || stem == ".." || stem == "." {
                        return lost;
                    }
                    if stands != Some(PathStatus::Missing) {
                        return lost;
                    }
                    known.push_str("guard-unknown");
                }
            }
        }
        let climbs = known.split('/').any(|part| part == "..");
        let Some(path) = directory.join(&known).filter(|_| !climbs) else {
            return lost;
        };
        // The nearest directory that is there says where it would be.
        let there = path.ancestors().find_map(|path| self.world.canonical(path));
        match there {
            Some(there) if is_temporary(&there.join("guard-unknown"), self.world) => {
                Loss::Temporary
            }
            _ => lost,
        }
    }
}

/// The path with each `..` taken from its text.
fn folded(path: &Path) -> PathBuf {
    let mut folded = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            folded.pop();
        } else {
            folded.push(part);
        }
    }
    folded
}

/// Commands that make a new file under a temporary directory and print its path.
fn makes_temporary(source: &str) -> bool {
    let inner = source
        .trim_matches('"')
        .trim_start_matches("$(")
        .trim_start_matches('`')
        .trim_end_matches([')', '`']);
    let mut words = inner.split_ascii_whitespace();
    words.next() == Some("mktemp")
        && words.all(|word| {
            matches!(word, "-d" | "-t" | "-q" | "-u" | "-dt") || word.starts_with("/tmp/")
        })
}

/// The text with `*` for each unknown part, if all of them hold no slash.
fn as_pattern(text: &Text) -> Option<Text> {
    let mut pattern = Text::empty();
    for part in text.parts() {
        match part {
            Part::Unknown(source) if is_plain(source) => pattern.push(Part::Glob("*".to_owned())),
            Part::Unknown(_) => return None,
            Part::Known(_) | Part::Glob(_) => pattern.push(part.clone()),
        }
    }
    Some(pattern)
}

/// Expansions that hold no slash.
fn is_plain(source: &str) -> bool {
    const PLAIN: &[&str] = &[
        "$$",
        "$RANDOM",
        "$BASHPID",
        "$PPID",
        "$UID",
        "$EUID",
        "$SECONDS",
        "$EPOCHSECONDS",
        "$?",
        "$#",
        "$!",
        "$(date",
        "$(whoami)",
        "$(id -u)",
        "$(hostname)",
        "$(nproc)",
    ];
    PLAIN.iter().any(|plain| source.starts_with(plain))
}

/// Directories that tools fill and fill again.
const BUILD_OUTPUT: &[&str] = &[
    "node_modules",
    "bower_components",
    "target",
    "dist",
    "build",
    "out",
    "_build",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".astro",
    ".turbo",
    ".parcel-cache",
    ".vite",
    ".angular",
    ".cache",
    ".venv",
    "venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".eggs",
    ".gradle",
    ".dart_tool",
    ".terraform",
    "coverage",
    "htmlcov",
    ".nyc_output",
    "vendor",
    "Pods",
    "DerivedData",
    ".build",
    "bin",
    "obj",
    "cmake-build-debug",
    "cmake-build-release",
    "elm-stuff",
    ".stack-work",
    "dist-newstyle",
    "zig-out",
    ".zig-cache",
    "storybook-static",
    ".docusaurus",
    ".expo",
    ".serverless",
    ".aws-sam",
    "test-results",
    "playwright-report",
    ".hypothesis",
    ".ipynb_checkpoints",
    "deps",
];

/// Those of them whose every file comes from a package manager or a compiler.
const FILLED: &[&str] = &[
    "node_modules",
    "bower_components",
    "target",
    "__pycache__",
    ".venv",
    "venv",
    ".next",
    ".gradle",
    "Pods",
    ".tox",
    ".nox",
];

/// Caches that belong to their tool by their very name, wherever they are.
const CACHES: &[&str] = &[
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".DS_Store",
];

const MADE: &[&str] = &[
    "pyc",
    "pyo",
    "o",
    "obj",
    "a",
    "so",
    "dylib",
    "dll",
    "exe",
    "class",
    "rlib",
    "rmeta",
    "wasm",
    "tsbuildinfo",
    "gcda",
    "gcno",
    "gcov",
    "log",
    "tmp",
    "swp",
    "pid",
    "out",
    "profraw",
];

/// Names of what nobody can make again, wherever they are and whether git ignores them or not.
const DATA: &[&str] = &[
    "db",
    "db3",
    "sqlite",
    "sqlite3",
    "sql",
    "dump",
    "bak",
    "backup",
    "pem",
    "key",
    "p12",
    "pfx",
    "jks",
    "kdbx",
    "gpg",
    "asc",
    "rdb",
    "aof",
    "mdb",
    "ldb",
    "tfstate",
    "csv",
    "parquet",
    "xlsx",
    "doc",
    "docx",
    "pdf",
    "ckpt",
    "safetensors",
    "pt",
    "gguf",
];

fn is_build_output(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| BUILD_OUTPUT.contains(&name) || name.ends_with(".egg-info"))
}

fn extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    Some(extension.to_ascii_lowercase())
}

fn is_made_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    extension(path).is_some_and(|extension| MADE.contains(&extension.as_str()))
        || matches!(name, Some(".coverage" | ".DS_Store" | ".eslintcache"))
}

fn is_data(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return true;
    };
    let name = name.to_ascii_lowercase();
    name.starts_with(".env")
        || name.starts_with("id_rsa")
        || name.contains(".sqlite")
        || extension(path).is_some_and(|extension| DATA.contains(&extension.as_str()))
}

fn is_cache(path: &Path) -> bool {
    let mut names = path.components().map(Component::as_os_str);
    let cached = names.any(|name| name.to_str().is_some_and(|name| CACHES.contains(&name)));
    let compiled =
        extension(path).is_some_and(|extension| extension == "pyc" || extension == "pyo");
    cached || compiled
}

/// The directory entry that a path names: links above it resolved, the last one not.
fn entry(path: &Path, world: &dyn World) -> Option<PathBuf> {
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return None;
    };
    Some(world.canonical(path.parent()?)?.join(name))
}

/// Whether it is what `>(…)` becomes.
fn is_pipe(text: &Text) -> bool {
    matches!(text.parts(), [Part::Known(path), Part::Unknown(source)]
        if path == "/dev/fd/" && source.starts_with(">("))
}

fn sink(path: &Path) -> Option<Loss> {
    let name = path.strip_prefix("/dev").ok()?.to_str()?;
    let harmless = SINKS.contains(&name) || name.starts_with("fd/") || name.starts_with("pts/");
    harmless.then_some(Loss::Device)
}

fn is_temporary(path: &Path, world: &dyn World) -> bool {
    let under = |path: &Path| {
        TEMPORARY.iter().any(|root| {
            let inside = |root: &Path| path != root && path.starts_with(root);
            inside(Path::new(root)) || world.canonical(Path::new(root)).is_some_and(|r| inside(&r))
        })
    };
    if !under(path) {
        return false;
    }
    // A session that works in a directory of its own below /tmp has its work there.
    let cwd = world.cwd();
    let workspace = world.canonical(cwd).unwrap_or_else(|| cwd.to_owned());
    !(under(&workspace) && (path.starts_with(&workspace) || workspace.starts_with(path)))
}

fn is_guards_own(path: &Path, world: &dyn World) -> bool {
    path.file_name() == Some(OsStr::new("guard.toml")) || is_in_guards_places(path, world)
}

fn is_in_guards_places(path: &Path, world: &dyn World) -> bool {
    guards_places(world)
        .flat_map(|own| [world.canonical(&own), Some(own)])
        .flatten()
        .any(|own| path.starts_with(own))
}

/// Whether a directory that is guard's own lies somewhere below this path.
#[must_use]
pub fn holds_guards_own(path: &Text, directory: &Directory, world: &dyn World) -> bool {
    let path = path.exact().and_then(|path| directory.join(path));
    let path = path.and_then(|path| world.canonical(&path));
    path.is_some_and(|path| {
        guards_places(world)
            .filter(|own| world.status(own) != PathStatus::Missing)
            .filter_map(|own| world.canonical(&own))
            .any(|own| own.starts_with(&path))
    })
}

/// Whether the path is a directory of guard's own, or lies in one.
#[must_use]
pub fn is_in_guards_own(path: &Text, directory: &Directory, world: &dyn World) -> bool {
    let path = path.exact().and_then(|path| directory.join(path));
    path.is_some_and(|path| {
        let real = world.canonical(&path).unwrap_or_else(|| folded(&path));
        is_in_guards_places(&real, world)
    })
}

/// The directories of guard's own in which a command that changes this work tree may write.
pub fn guards_own_in(root: &Path, world: &dyn World) -> impl Iterator<Item = PathBuf> {
    let own = guards_places(world).filter_map(|own| world.canonical(&own));
    own.filter(move |own| root.starts_with(own) || own.starts_with(root))
}

/// The directories of guard's settings and state, whether they are there or not.
fn guards_places(world: &dyn World) -> impl Iterator<Item = PathBuf> {
    let home = world.home();
    let under_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
    let account = |rest: &str| world.account_home().map(|home| home.join(rest));
    let variable = |name: &str| {
        world
            .env(name)
            .map(|base| PathBuf::from(base).join("guard"))
    };
    [
        variable("XDG_STATE_HOME"),
        variable("XDG_CONFIG_HOME"),
        under_home(".local/state/guard"),
        under_home(".config/guard"),
        account(".config/guard"),
        account(".local/state/guard"),
        under_home(".guard"),
        Some(PathBuf::from("/etc/guard")),
    ]
    .into_iter()
    .flatten()
}
