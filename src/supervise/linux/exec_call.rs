//! A program that is about to start: what the kernel would execute, and under which names.
//!
//! Owns its identity. A program is judged under every name that it has: what its file is called,
//! what it is told that it is called, and what the file really is behind links.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::listener::Notification;
use super::memory::{self, Named};

/// One execve(2) or execveat(2).
#[derive(Debug)]
pub(super) struct Start {
    /// As the call names it.
    pub(super) named: Named,
    /// The file itself, behind every link.
    pub(super) image: Image,
    pub(super) argv: Vec<OsString>,
    pub(super) directory: PathBuf,
    pub(super) environment: Vec<OsString>,
}

/// The file that the kernel would execute.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) path: PathBuf,
    pub(super) metadata: Metadata,
    /// It has no name on any disk.
    pub(super) is_in_memory: bool,
    /// It is no program of the machine's own: the kernel starts another one to interpret it.
    pub(super) is_script: bool,
}

/// Variables by which the loader, or an interpreter, takes in what the program never asked for.
const INJECTING: &[&str] = &[
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
];

/// What a call that starts a program comes to.
pub(super) enum Read {
    Start(Box<Start>),
    /// The call will fail: there is no such program.
    Missing,
}

/// Reads the call. An error says that the caller's memory cannot be looked at.
pub(super) fn read(notification: &Notification) -> io::Result<Read> {
    let thread = notification.thread;
    let [first, second, third, fourth, fifth, _] = notification.arguments;
    let (base, path, argv, environment, flags) = if notification.call == libc::SYS_execve {
        (libc::AT_FDCWD, first, second, third, 0)
    } else {
        (descriptor(first), second, third, fourth, fifth)
    };
    let path = memory::string(thread, path)?;
    let at_descriptor = flags & u64::from(libc::AT_EMPTY_PATH.cast_unsigned()) != 0;
    if path.is_empty() && !at_descriptor {
        return Ok(Read::Missing);
    }
    let named = memory::named(thread, base, &path)?;
    let Some(image) = Image::of(thread, &named)? else {
        return Ok(Read::Missing);
    };
    Ok(Read::Start(Box::new(Start {
        named,
        image,
        argv: memory::strings(thread, argv)?,
        directory: memory::directory(thread)?,
        environment: memory::strings(thread, environment)?,
    })))
}

/// The low word of an argument, as the descriptor that it is.
pub(super) fn descriptor(argument: u64) -> i32 {
    let [a, b, c, d, ..] = argument.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

impl Image {
    fn of(thread: i32, named: &Named) -> io::Result<Option<Self>> {
        // Opened as a mere name: nothing is read, and no permission is needed.
        let opened = File::options()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open(&named.here);
        let file = match opened {
            Ok(file) => file,
            Err(error) => {
                return match error.kind() {
                    // Where the caller has rights of its own, the kernel may let it.
                    io::ErrorKind::PermissionDenied if !memory::same_users(thread) => Err(error),
                    _ => Ok(None),
                };
            }
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
            return Ok(None);
        }
        let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        Ok(Some(Self {
            is_in_memory: path.as_os_str().as_bytes().starts_with(b"/memfd:"),
            is_script: is_script(&file),
            path,
            metadata,
        }))
    }

    /// Device and inode.
    pub(super) fn id(&self) -> (u64, u64) {
        (self.metadata.dev(), self.metadata.ino())
    }
}

/// Whether a file is anything but an ELF program. One that may be executed but not read is a
/// program: the kernel itself could not read a script's first line for its interpreter.
fn is_script(file: &File) -> bool {
    let mut magic = [0; 4];
    File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
        .and_then(|mut file| file.read_exact(&mut magic))
        .is_ok_and(|()| magic != *b"\x7fELF")
}

/// The last component of a path, without the `-` of a login shell.
pub(super) fn base(path: &OsStr) -> &str {
    let bytes = path.as_bytes();
    let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    std::str::from_utf8(name).unwrap_or_default()
}

impl Start {
    /// The words to judge, under each name that this program may go by. The first is what the
    /// call itself names: a script is found by it.
    pub(super) fn readings(&self) -> Result<Vec<Vec<String>>, usize> {
        let mut words = Vec::with_capacity(self.argv.len());
        for (index, word) in self.argv.iter().enumerate() {
            words.push(word.to_str().ok_or(index)?.to_owned());
        }
        let called = self.argv.first().map_or("", |word| base(word));
        let file = base(self.named.written.as_os_str());
        let image = base(self.image.path.as_os_str());
        let mut names = vec![self.named.written.to_str().ok_or(0_usize)?.to_owned()];
        // By its path a script is read; what a pack says of its name counts, too.
        if self.image.is_script && !file.is_empty() {
            names.push(file.to_owned());
        }
        if called != file && !called.is_empty() {
            names.push(called.to_owned());
        }
        if image != file && image != called && !self.image.is_in_memory {
            names.push(image.to_owned());
        }
        Ok(names
            .into_iter()
            .map(|name| {
                let mut words = words.clone();
                match words.first_mut() {
                    Some(first) => *first = name,
                    None => words.push(name),
                }
                words
            })
            .collect())
    }

    /// The command as a person would type it.
    pub(super) fn text(&self) -> String {
        let words = self.argv.iter().skip(1);
        let words = words.map(|word| word.to_string_lossy().into_owned());
        let program = self.named.written.to_string_lossy().into_owned();
        shell_words::join(std::iter::once(program).chain(words))
    }

    /// Whether the environment puts code of somebody else's into the program: then it is not what
    /// its name says.
    pub(super) fn is_injected(&self) -> bool {
        self.environment.iter().any(|line| {
            let mut parts = line.as_bytes().splitn(2, |&byte| byte == b'=');
            let (name, value) = (parts.next(), parts.next());
            let name = name.and_then(|name| std::str::from_utf8(name).ok());
            name.is_some_and(|name| INJECTING.contains(&name))
                && value.is_some_and(|value| !value.is_empty())
        })
    }

    /// The script that an interpreter is given, by its base name without what kind of file it is.
    pub(super) fn script(&self) -> Option<(&Path, &str)> {
        let word = self
            .argv
            .iter()
            .skip(1)
            .find(|word| !word.as_bytes().starts_with(b"-"))?;
        let name = base(word);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let stem = stem.strip_suffix("-cli").unwrap_or(stem);
        Some((Path::new(word), stem))
    }
}
