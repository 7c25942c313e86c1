//! Where a pack is fetched from, as a person writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// A place that holds pack files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, or one file.
    Path(PathBuf),
    /// `git+URL@COMMIT`, perhaps with `#DIRECTORY`: a repository at one commit.
    Git {
        url: String,
        commit: Commit,
        directory: Option<String>,
    },
    /// `https://…#sha256=HEX`: one file with this content.
    Https { url: String, sha256: String },
}

/// The full name of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit(String);

/// Why that is no source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    #[error(
        "`{0}` names no commit; pin it with `@` and the 40 digits of one (`git ls-remote {1} HEAD` \
         prints the newest)"
    )]
    Unpinned(String, String),
    #[error("`{0}` is not fetched: guard takes packs by `git+https://` and `git+file://`")]
    Transport(String),
    #[error(
        "`{0}` has no `#sha256=` with 64 digits: a file that is fetched is known by its content \
         (`curl -fsSL {0} | sha256sum`)"
    )]
    Unhashed(String),
    #[error("`{0}` is fetched in the clear; use `https://`")]
    Clear(String),
}

impl Commit {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        is_hex(text, 40).then(|| Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for Source {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        if let Some(rest) = text.strip_prefix("git+") {
            return git(text, rest);
        }
        if text.starts_with("http://") {
            return Err(Unusable::Clear(text.to_owned()));
        }
        if text.starts_with("https://") {
            let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
            return match fragment.strip_prefix("sha256=") {
                Some(sha256) if is_hex(sha256, 64) => Ok(Self::Https {
                    url: url.to_owned(),
                    sha256: sha256.to_ascii_lowercase(),
                }),
                _ => Err(Unusable::Unhashed(url.to_owned())),
            };
        }
        Ok(Self::Path(PathBuf::from(text)))
    }
}

fn git(text: &str, rest: &str) -> Result<Source, Unusable> {
    let (location, directory) = match rest.split_once('#') {
        Some((location, directory)) => (location, Some(directory.to_owned())),
        None => (rest, None),
    };
    if !["https://", "file://"]
        .iter()
        .any(|scheme| location.starts_with(scheme))
    {
        return Err(Unusable::Transport(text.to_owned()));
    }
    let unpinned = || Unusable::Unpinned(text.to_owned(), location.to_owned());
    let (url, commit) = location.rsplit_once('@').ok_or_else(unpinned)?;
    Ok(Source::Git {
        url: url.to_owned(),
        commit: Commit::parse(commit).ok_or_else(unpinned)?,
        directory: directory.filter(|directory| !directory.is_empty()),
    })
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Git {
                url,
                commit,
                directory,
            } => {
                write!(f, "git+{url}@{}", commit.0)?;
                match directory {
                    Some(directory) => write!(f, "#{directory}"),
                    None => Ok(()),
                }
            }
            Self::Https { url, sha256 } => write!(f, "{url}#sha256={sha256}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_pinned() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let sum = "ab".repeat(32);
        for good in [
            "acme".to_owned(),
            "/srv/packs/acme.toml".to_owned(),
            format!("git+https://example.com/packs.git@{commit}"),
            format!("git+https://me@example.com/packs.git@{commit}#guard/packs"),
            format!("git+file:///srv/packs@{commit}"),
            format!("https://example.com/acme.toml#sha256={sum}"),
        ] {
            assert_eq!(good.parse::<Source>().unwrap().to_string(), good);
        }
        for (bad, expected) in [
            (
                "git+https://example.com/packs.git".to_owned(),
                "names no commit",
            ),
            (
                "git+https://example.com/packs.git@main".to_owned(),
                "names no commit",
            ),
            (
                format!("git+ssh://example.com/packs@{commit}"),
                "is not fetched",
            ),
            (
                format!("git+http://example.com/packs@{commit}"),
                "is not fetched",
            ),
            (format!("git+ext::sh -c x@{commit}"), "is not fetched"),
            (
                "https://example.com/acme.toml".to_owned(),
                "has no `#sha256=`",
            ),
            ("http://example.com/acme.toml".to_owned(), "in the clear"),
        ] {
            let error = bad.parse::<Source>().unwrap_err().to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}
