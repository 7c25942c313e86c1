//! What every fuzz target shares: a world without files, and the properties that hold for any text.

use std::path::{Path, PathBuf};

use guard::effect::Assessment;
use guard::judge::{self, Subject};
use guard::location::Location;
use guard::resolve::Stdin;
use guard::shell::{Dialect, parse};
use guard::world::{Entry, EntryKind, PathStatus, ReadError, World};

/// A world with one file and one directory in it, which never changes.
pub struct Small;

impl World for Small {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/user".to_owned()),
            "PATH" => Some("/usr/bin:/bin".to_owned()),
            _ => None,
        }
    }
    fn cwd(&self) -> &Path {
        Path::new("/home/user/shop")
    }
    fn home_of(&self, _user: &str) -> Option<PathBuf> {
        None
    }
    fn user(&self) -> Option<String> {
        Some("user".to_owned())
    }
    fn read(&self, path: &Path) -> Result<String, ReadError> {
        match path.to_str() {
            Some("/home/user/shop/a.sh") => Ok("rm -rf b\n. ./a.sh\n".to_owned()),
            _ => Err(ReadError::Missing(path.to_owned())),
        }
    }
    fn status(&self, path: &Path) -> PathStatus {
        match path.to_str() {
            Some("/home/user/shop/a.sh") => PathStatus::File { length: 18 },
            Some("/" | "/home/user/shop" | "/home/user") => PathStatus::Directory,
            _ => PathStatus::Missing,
        }
    }
    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }
    fn list(&self, path: &Path, _limit: usize) -> Option<(Vec<String>, bool)> {
        (path == Path::new("/home/user/shop")).then(|| (vec!["a.sh".to_owned()], false))
    }
    fn entry(&self, path: &Path) -> Option<Entry> {
        let kind = match self.status(path) {
            PathStatus::File { .. } => EntryKind::File,
            PathStatus::Directory => EntryKind::Directory,
            _ => return None,
        };
        Some(Entry {
            kind,
            length: 18,
            modified: (0, 0),
            executable: true,
        })
    }
    fn bytes(&self, path: &Path, _limit: u64) -> Option<Vec<u8>> {
        self.read(path).ok().map(String::into_bytes)
    }
    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        Vec::new()
    }
}

/// Reads a text, and checks that every byte of it is accounted for.
pub fn read(text: &str, dialect: Dialect) {
    let script = parse(text, dialect);
    for hole in &script.holes {
        assert!(hole.span.start <= hole.span.end && hole.span.end <= text.len());
        assert!(!hole.reason.is_empty());
    }
}

/// Judges a subject, and checks that what is said points into its text.
pub fn judged(subject: &Subject) -> Assessment {
    let assessment = judge::assess(subject, Stdin::Inherited, &Small);
    let text = subject.text();
    let places = assessment
        .effects
        .iter()
        .map(|effect| &effect.location)
        .chain(assessment.opaque.iter().map(|opaque| &opaque.location));
    for Location { span, .. } in places {
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
    }
    assessment
}

/// Judges a program that gets the text as its last argument.
pub fn argument(program: &[&str], data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.contains('\0') {
        return;
    }
    let mut argv: Vec<String> = program.iter().map(|&word| word.to_owned()).collect();
    argv.push(text.to_owned());
    judged(&Subject::Argv(argv));
}

/// Judges a program that gets the lines of the text as its arguments.
pub fn arguments(program: &str, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.contains('\0') {
        return;
    }
    let words = text.lines().map(str::to_owned);
    judged(&Subject::Argv(
        std::iter::once(program.to_owned()).chain(words).collect(),
    ));
}
