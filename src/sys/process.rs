//! What guard was given: its standard descriptors, its directory, its own place on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Fills standard descriptors that are closed, so that no file guard opens can become one of
/// them and get what is written to "standard error". What fills them closes again on exec: the
/// real program finds them closed, as they were.
pub fn hold_standard_descriptors() -> io::Result<()> {
    loop {
        let file = File::open("/dev/null")?;
        if file.as_raw_fd() > 2 {
            return Ok(());
        }
        // The lowest free number is a standard one: it stays open, for as long as guard runs.
        let _held = file.into_raw_fd();
    }
}

/// Which of standard input, output and error are terminals.
#[must_use]
pub fn terminals() -> [bool; 3] {
    [
        io::stdin().is_terminal(),
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    ]
}

/// The home directory that the user database names for this user, whatever `HOME` says.
///
/// `/etc/passwd` is read first: asking every source that the system knows costs a tenth of a
/// millisecond.
#[must_use]
pub fn account_home() -> Option<PathBuf> {
    let id = nix::unistd::geteuid();
    let local = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = local.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        (fields.next()?.parse() == Ok(id.as_raw())).then(|| fields.nth(2))?
    });
    home.map(PathBuf::from).or_else(|| {
        nix::unistd::User::from_uid(id)
            .ok()
            .flatten()
            .map(|user| user.dir)
    })
}

/// Puts a file there at once, in place of one that may be there.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of it is nobody's.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The directory that guard was started in. One that was deleted has no name left.
#[must_use]
pub fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/proc/self/cwd"))
}

/// Where guard is installed: the directory above the `bin` that its program lies in.
#[must_use]
pub fn links_prefix() -> Option<PathBuf> {
    let program = std::fs::canonicalize(std::env::current_exe().ok()?).ok()?;
    let bin = program.parent()?;
    bin.ends_with("bin")
        .then(|| bin.parent())
        .flatten()
        .map(PathBuf::from)
}

/// The directory of this installation's shims, if it has one.
#[must_use]
pub fn shim_directory() -> Option<PathBuf> {
    let shims = links_prefix()?.join("lib/guard/shims");
    shims.join(super::LINKS_MARKER).exists().then_some(shims)
}
