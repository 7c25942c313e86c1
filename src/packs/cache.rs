//! Packs that are added, compiled once for all the starts that follow.
//!
//! Owns the compiled file and the last good copy of each pack. The file is as good as what it was
//! made from: it names every pack file with its stamp, and any difference makes it anew. It lies
//! in guard's state directory, where a change by an agent is a question of its own.

#![allow(
    clippy::disallowed_methods,
    reason = "packs are read, and compiled, before anything is judged"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::compiled::{Compiled, checksum, compile};
use super::directory::{self, Directory, Listed, Listing};
use super::lock::{Lock, sha256};
use super::{FORMAT, Layer, Origin, Packs};
use crate::rules::check;
use crate::rules::document::Complaint;
use crate::rules::schema::Pack;
use crate::sys;

const MAGIC: &[u8; 8] = b"gcache 1";
/// A pack file is not longer than this (bytes).
const LIMIT: u64 = 4 << 20;
/// A file that was changed so lately may change once more without showing it.
const SETTLED: Duration = Duration::from_secs(1);

/// What the compiled packs were made from.
#[derive(Debug, Serialize, Deserialize)]
struct Prelude {
    /// The guard that made it: its format, and the names that it keeps for itself.
    format: u64,
    listing: Listing,
    origins: Vec<Origin>,
    notes: Vec<String>,
}

/// The packs of these directories. `place` says where compiled packs and good copies are kept, and
/// is asked only when there are any; without a place they are read at each start.
pub fn open(directories: &[Directory], place: impl FnOnce() -> Option<PathBuf>) -> Packs {
    let (listing, notes) = directory::list(directories);
    if listing.is_empty() && notes.is_empty() {
        return Packs::empty();
    }
    let place = place();
    let kept = place.as_deref();
    let mut packs = kept
        .and_then(|place| cached(place, &listing).ok().flatten())
        .unwrap_or_else(|| build(listing, kept));
    packs.notes.extend(notes);
    packs
}

/// Throws the compiled packs away: the next start makes them anew.
pub fn discard(place: &Path) {
    // Gone already is as good.
    let _ = fs::remove_file(place.join("compiled"));
}

/// The packs as they were compiled, if that was from these very files.
fn cached(place: &Path, listing: &Listing) -> io::Result<Option<Packs>> {
    let file = File::open(place.join("compiled"))?;
    let mut start = [0; 20];
    file.read_exact_at(&mut start, 0)?;
    let (magic, rest) = start.split_at(8);
    let (length, sum) = rest.split_at(4);
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    if magic != MAGIC || length > 1 << 24 {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, 20)?;
    if sum != checksum(&bytes).to_le_bytes() {
        return Ok(None);
    }
    let Ok(prelude) = postcard::from_bytes::<Prelude>(&bytes) else {
        return Ok(None);
    };
    if prelude.format != FORMAT || prelude.listing != *listing {
        return Ok(None);
    }
    let compiled = Compiled::in_file(file, 20 + u64::from(length))?;
    Ok(compiled.map(|compiled| Packs::new(compiled, prelude.origins, prelude.notes)))
}

/// Reads and compiles the packs, and keeps what came of it.
fn build(mut listing: Listing, place: Option<&Path>) -> Packs {
    let mut packs = Vec::new();
    let mut origins = Vec::new();
    let mut notes = Vec::new();
    let locked = locked(&listing.locks, &mut notes);
    let is_there = |path: &Path| listing.packs.iter().any(|file| file.origin.path == path);
    let missing = locked.iter().filter(|(path, _)| !is_there(path));
    let missing = missing.map(|(path, (layer, _))| Listed {
        stamp: None,
        origin: Origin {
            layer: *layer,
            path: path.clone(),
        },
    });
    for file in listing.packs.iter().cloned().chain(missing) {
        let file = &file;
        if directory::managed_by_others(&file.origin) {
            let shown = file.origin.path.display();
            notes.push(format!(
                "the managed pack `{shown}` can be changed by others than root"
            ));
        }
        let sum = locked.get(&file.origin.path).map(|(_, sum)| sum.as_str());
        if let Some(pack) = usable(file, sum, place, &mut notes) {
            packs.push(pack);
            origins.push(file.origin.clone());
        }
    }
    let bytes = match compile(packs) {
        Ok(bytes) => bytes,
        Err(error) => {
            notes.push(format!(
                "no added pack is used, they cannot be compiled: {error}"
            ));
            return Packs::new(Compiled::empty(), Vec::new(), notes);
        }
    };
    if let Some(place) = place {
        let settled = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .saturating_sub(SETTLED);
        for file in listing.files() {
            file.stamp = file.stamp.take().filter(|stamp| stamp.is_before(settled));
        }
        let prelude = Prelude {
            format: FORMAT,
            listing,
            origins: origins.clone(),
            notes: notes.clone(),
        };
        // Without it the next start is slower, and nothing else.
        let _ = keep(place, &prelude, &bytes);
    }
    Packs::new(Compiled::in_memory(bytes), origins, notes)
}

fn keep(place: &Path, prelude: &Prelude, compiled: &[u8]) -> io::Result<()> {
    let prelude = postcard::to_stdvec(prelude).map_err(io::Error::other)?;
    let length = u32::try_from(prelude.len()).map_err(io::Error::other)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(checksum(&prelude).to_le_bytes());
    bytes.extend(prelude);
    bytes.extend(compiled);
    replace(&place.join("compiled"), &bytes)
}

/// What every pack that was added held then (SHA-256), by its file, with its layer.
fn locked(locks: &[Listed], notes: &mut Vec<String>) -> BTreeMap<PathBuf, (Layer, String)> {
    let mut locked = BTreeMap::new();
    for Listed { origin, .. } in locks {
        let packs = origin.path.with_file_name("packs");
        match Lock::read(&packs) {
            Ok(lock) => locked.extend(lock.pack.into_iter().map(|pack| {
                let file = packs.join(format!("{}.toml", pack.name));
                (file, (origin.layer, pack.sha256))
            })),
            Err(error) => {
                let shown = origin.path.display();
                notes.push(format!(
                    "`{shown}` cannot be read, so no pack is held against it: {error}"
                ));
            }
        }
    }
    locked
}

/// The pack of a file, or its last good copy with a note that says so. With a sum, it must hold
/// what it held when it was added.
fn usable(
    file: &Listed,
    sum: Option<&str>,
    place: Option<&Path>,
    notes: &mut Vec<String>,
) -> Option<Pack> {
    let copy = place.map(|place| good_copy(place, file));
    let why = match read_text(&file.origin.path) {
        Ok(text) if sum.is_some_and(|sum| sum != sha256(text.as_bytes())) => {
            let path = file.origin.path.display();
            format!("{path} was changed since it was added")
        }
        Err(error) if sum.is_some() && error.kind() == io::ErrorKind::NotFound => {
            format!("{} is missing", file.origin.path.display())
        }
        Ok(text) => match read(&file.name(), &text) {
            Ok(pack) => {
                if let Some(copy) =
                    copy.filter(|copy| fs::read(copy).ok() != Some(text.clone().into()))
                {
                    // Without it a later break of the pack is a loss, which is said then.
                    let _ = replace(&copy, text.as_bytes());
                }
                return Some(pack);
            }
            Err(complaints) => {
                let path = file.origin.path.display();
                let first = complaints.first().map(|it| it.line(&path, &text));
                let more = complaints.len().saturating_sub(1);
                let more = match more {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                first.unwrap_or_default() + &more
            }
        },
        Err(error) => format!("{}: {error}", file.origin.path.display()),
    };
    let text = copy.and_then(|copy| read_text(&copy).ok());
    let pack = text.and_then(|text| read(&file.name(), &text).ok());
    let name = file.name();
    notes.push(match &pack {
        Some(_) => format!("the pack `{name}` is broken, its last good copy is used: {why}"),
        None => format!("the pack `{name}` is broken and NOT used, there is no good copy: {why}"),
    });
    pack
}

/// Reads an added pack: it keeps the format, is called like its file, and takes no built-in name.
pub fn read(name: &str, text: &str) -> Result<Pack, Vec<Complaint>> {
    let pack = check::read(text)?;
    let found = &pack.pack.name;
    let own: BTreeSet<&str> = Packs::built_in().names().collect();
    let message = if own.contains(found.as_str()) {
        format!("the name `{found}` belongs to a pack that is part of guard")
    } else if found != name {
        format!("the pack is called `{found}`, but its file `{name}.toml`")
    } else {
        return Ok(pack);
    };
    let at = text.find(&format!("\"{found}\"")).unwrap_or(0);
    Err(vec![Complaint {
        span: at..at + found.len() + 2,
        message,
        help: Some("both carry the same name, and no other pack does".to_owned()),
    }])
}

pub(super) fn read_text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(LIMIT + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::Error::other("it is larger than a pack may be"));
    }
    Ok(text)
}

/// Where the last text of a pack file is kept that could be read.
fn good_copy(place: &Path, file: &Listed) -> PathBuf {
    let path = file.origin.path.as_os_str().as_encoded_bytes();
    let name = format!("{:016x}-{}.toml", checksum(path), file.name());
    place.join("good").join(name)
}

/// Puts a file there that nobody else may read, with its directory.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)?;
    sys::replace(path, content, 0o600)
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Layer};
    use super::*;

    const PACK: &str = r#"
schema = 1
[pack]
name = "acme"
version = "1.0.0"
summary = "a made-up cloud"
[[cli]]
programs = ["acme"]
[[cli.rule]]
id = "wipe"
class = "irreversible"
action = "wipe"
target = { kind = "cloud" }
summary = "wipes the cloud"
source = "its manual"
match = ["acme"]
no-match = ["echo acme"]
"#;

    struct Machine {
        root: tempfile::TempDir,
        directories: Vec<Directory>,
    }

    impl Machine {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("packs");
            fs::create_dir(&path).unwrap();
            let layer = Layer::User;
            Self {
                directories: vec![Directory { layer, path }],
                root,
            }
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.directories[0].path.join(name);
            fs::write(&path, text).unwrap();
        }

        fn place(&self) -> PathBuf {
            self.root.path().join("state")
        }

        fn open(&self) -> Packs {
            open(&self.directories, || Some(self.place()))
        }

        fn compiled(&self) -> PathBuf {
            self.place().join("compiled")
        }
    }

    fn summary(packs: &Packs) -> Option<String> {
        let Entry::Cli(index) = packs.program("acme").next()? else {
            return None;
        };
        let (pack, cli) = packs.cli(index)?;
        Some(format!("{pack}: {}", cli.rule[0].summary))
    }

    #[test]
    fn packs_are_found_and_a_change_is_seen_at_once() {
        let machine = Machine::new();
        assert!(machine.open().is_empty());
        assert!(!machine.place().exists());
        machine.write("acme.toml", PACK);
        for _ in 0..2 {
            let packs = machine.open();
            assert_eq!(summary(&packs).unwrap(), "acme: wipes the cloud");
            assert!(packs.notes().is_empty());
        }
        machine.write("acme.toml", &PACK.replace("wipes the", "drops the"));
        assert_eq!(summary(&machine.open()).unwrap(), "acme: drops the cloud");
    }

    #[test]
    fn what_was_compiled_is_used_only_while_it_is_whole_and_fits() {
        let machine = Machine::new();
        machine.write("acme.toml", PACK);
        std::thread::sleep(SETTLED + Duration::from_millis(100));
        machine.open();
        let (listed, _) = directory::list(&machine.directories);
        let cached = || cached(&machine.place(), &listed).ok().flatten();
        assert_eq!(
            summary(&cached().unwrap()).unwrap(),
            "acme: wipes the cloud"
        );
        let whole = fs::read(machine.compiled()).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(machine.compiled(), &damaged).unwrap();
            let found = cached();
            let sound = found.as_ref().and_then(summary);
            assert!(
                sound.is_none() || sound.as_deref() == Some("acme: wipes the cloud"),
                "byte {at}: {sound:?}"
            );
        }
        fs::write(machine.compiled(), &whole[..whole.len() / 2]).unwrap();
        assert_eq!(summary(&machine.open()).unwrap(), "acme: wipes the cloud");
        assert!(summary(&cached().unwrap()).is_some());
        machine.write("acme.toml", &PACK.replace("wipes", "drops"));
        let (listed, _) = directory::list(&machine.directories);
        assert!(super::cached(&machine.place(), &listed).unwrap().is_none());
    }

    #[test]
    fn a_broken_pack_falls_to_its_last_good_copy_and_says_so() {
        let machine = Machine::new();
        machine.write("acme.toml", PACK);
        machine.open();
        machine.write("acme.toml", &PACK.replace("class", "clas"));
        machine.write("other.toml", "schema = ");
        let packs = machine.open();
        assert_eq!(summary(&packs).unwrap(), "acme: wipes the cloud");
        let notes = packs.notes().join("\n");
        assert!(
            notes.contains("`acme` is broken, its last good copy is used"),
            "{notes}"
        );
        assert!(
            notes.contains("acme.toml:11:1: unknown field `clas`"),
            "{notes}"
        );
        assert!(notes.contains("`other` is broken and NOT used"), "{notes}");
        fs::remove_file(machine.directories[0].path.join("acme.toml")).unwrap();
        fs::create_dir(machine.directories[0].path.join("acme.toml")).unwrap();
        let packs = machine.open();
        assert_eq!(summary(&packs).unwrap(), "acme: wipes the cloud");
        assert!(
            packs.notes()[0].contains("no regular file"),
            "{:?}",
            packs.notes()
        );
    }

    #[test]
    fn no_added_pack_takes_a_built_in_name_or_anothers() {
        for (name, text, complaint) in [
            ("acme", PACK.to_owned(), None),
            ("other", PACK.to_owned(), Some("is called `acme`")),
            (
                "shell",
                PACK.replace("acme", "shell"),
                Some("part of guard"),
            ),
        ] {
            let complaints = read(name, &text).err().unwrap_or_default();
            let shown = complaints.first().map(|it| it.message.as_str());
            assert_eq!(shown.is_some(), complaint.is_some(), "{shown:?}");
            if let (Some(shown), Some(part)) = (shown, complaint) {
                assert!(shown.contains(part), "{shown}");
            }
        }
    }
}
