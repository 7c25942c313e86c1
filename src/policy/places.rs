//! Where the layers lie.
//!
//! Owns the one look at the system that the policy takes. What may relax is found without help of
//! the environment, which an agent can set.

#![allow(
    clippy::disallowed_methods,
    reason = "the layers are files of guard's own"
)]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::layer::{Layer, Origin};

/// The name of a layer in a project, and in the directories of guard's settings.
const NAME: &str = "guard.toml";

/// Names one more file, which can only tighten.
const VARIABLE: &str = "GUARD_POLICY";

/// Where guard looks for layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub managed: Option<PathBuf>,
    pub user: Option<PathBuf>,
    /// From the directory upward.
    pub project: Vec<PathBuf>,
    pub environment: Vec<PathBuf>,
}

impl Places {
    /// The places for a command that runs in this directory.
    #[must_use]
    pub fn of(cwd: &Path) -> Self {
        let managed = Path::new("/etc/guard").join(NAME);
        let user = crate::sys::account_home().map(|home| home.join(".config/guard").join(NAME));
        let variable = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let below = |base: Option<PathBuf>, rest: &str| {
            base.filter(|base| base.is_absolute())
                .map(|base| base.join(rest).join(NAME))
        };
        let settings = [
            below(variable("XDG_CONFIG_HOME"), "guard"),
            below(variable("HOME"), ".config/guard"),
        ];
        let environment = settings
            .into_iter()
            .flatten()
            .filter(|path| Some(path) != user.as_ref())
            .filter(|path| path.exists())
            .fold(Vec::new(), |mut found, path| {
                if !found.contains(&path) {
                    found.push(path);
                }
                found
            })
            .into_iter()
            // What is named must be there.
            .chain(variable(VARIABLE).map(|path| cwd.join(path)))
            .collect();
        let project = cwd
            .ancestors()
            .map(|directory| directory.join(NAME))
            .collect();
        Self {
            managed: Some(managed),
            user,
            project,
            environment,
        }
    }

    /// Reads what is there.
    pub(super) fn layers(&self, now: Timestamp) -> Vec<Layer> {
        let managed = self.managed.iter().map(|path| (Origin::Managed, path));
        let user = self.user.iter().map(|path| (Origin::User, path));
        let project = self.project.iter().map(|path| (Origin::Project, path));
        let optional = managed
            .chain(user)
            .chain(project)
            .filter_map(|(origin, path)| read(origin, path, now));
        let named = self.environment.iter().map(|path| {
            read(Origin::Environment, path, now).unwrap_or_else(|| {
                let reason = "it does not exist".to_owned();
                Layer::unreadable(Origin::Environment, path, reason)
            })
        });
        optional.chain(named).collect()
    }
}

/// The layer in a file; nothing if there is no file.
fn read(origin: Origin, path: &Path, now: Timestamp) -> Option<Layer> {
    let text = match text(origin, path) {
        Ok(text) => text,
        Err(Unread::Missing) => return None,
        Err(Unread::Because(reason)) => return Some(Layer::unreadable(origin, path, reason)),
    };
    Some(Layer::parse(origin, path, &text, now))
}

enum Unread {
    Missing,
    Because(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Because(error.to_string()),
        }
    }
}

fn text(origin: Origin, path: &Path) -> Result<String, Unread> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return match path.file_name() {
            // A directory of that name in a project is no policy.
            Some(name) if name == OsStr::new(NAME) && origin == Origin::Project => {
                Err(Unread::Missing)
            }
            _ => Err(Unread::Because("it is not a regular file".to_owned())),
        };
    }
    if origin.may_relax() {
        trusted(origin, &metadata)?;
    }
    Ok(fs::read_to_string(path)?)
}

/// Only whoever a layer is by may be able to write it.
fn trusted(origin: Origin, metadata: &fs::Metadata) -> Result<(), Unread> {
    let own = nix::unistd::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != 0 && (origin == Origin::Managed || owner != own) {
        return Err(Unread::Because(format!(
            "it belongs to user {owner}; run `chown {}` on it",
            if origin == Origin::Managed { 0 } else { own }
        )));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Unread::Because(
            "others may write to it; run `chmod go-w` on it".to_owned(),
        ));
    }
    Ok(())
}
