//! What the disk says of a path that would be deleted or overwritten.
//!
//! Owns the classes of paths: temporary, regenerated, kept by git, guard's own. Everything else
//! is precious, and so is everything that cannot be looked at.

use std::path::{Component, Path, PathBuf};

use super::{PathStatus, World};
use crate::resolve::{Directory, Text};

/// What would be lost with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing is there.
    Missing,
    /// It lies under a directory for temporary files.
    Temporary,
    /// A tool makes it again, and git ignores it.
    BuildOutput,
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
    if let Some(path) = path.exact() {
        return match directory.join(path) {
            _ if path.is_empty() => Loss::Missing,
            Some(path) => of_path(&path, world),
            None => Loss::Precious("the directory is not known"),
        };
    }
    of_pattern(path, directory, world)
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

fn of_path(path: &Path, world: &dyn World) -> Loss {
    if let Some(sink) = sink(path) {
        return sink;
    }
    let Some(canonical) = world.canonical(path) else {
        return Loss::Missing;
    };
    // A link is deleted itself, but written through: both ends count.
    let entry = entry(path, world).unwrap_or_else(|| canonical.clone());
    if is_guards_own(&entry, world) || is_guards_own(&canonical, world) {
        return Loss::Guard;
    }
    match world.status(path) {
        PathStatus::Missing if entry == canonical => return Loss::Missing,
        PathStatus::Special if !canonical.starts_with("/dev") => return Loss::Device,
        PathStatus::Special => return Loss::Precious("a device"),
        _ => {}
    }
    if is_temporary(&entry, world) && is_temporary(&canonical, world) {
        return Loss::Temporary;
    }
    Loss::Precious("")
}

fn of_pattern(_path: &Text, _directory: &Directory, _world: &dyn World) -> Loss {
    Loss::Precious("")
}

/// The directory entry that a path names: links above it resolved, the last one not.
fn entry(path: &Path, world: &dyn World) -> Option<PathBuf> {
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return None;
    };
    Some(world.canonical(path.parent()?)?.join(name))
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
    let home = world.home();
    let under_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
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
        under_home(".guard"),
        Some(PathBuf::from("/etc/guard")),
    ]
    .into_iter()
    .flatten()
    .any(|own| {
        path.starts_with(&own)
            || world
                .canonical(&own)
                .is_some_and(|own| path.starts_with(own))
    })
}
