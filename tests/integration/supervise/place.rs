//! A place to lose something in: as a user without privileges, outside of the temporary directory.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// Nobody, where the tests run as root.
const NOBODY: u32 = 65534;

/// What the canaries hold.
const CONTENT: &str = "irreplaceable\n";

/// A directory with two canaries: the file `keep`, and the directory `d` with `d/keep`.
pub(super) struct Place {
    root: tempfile::TempDir,
}

/// The helper program, built once.
pub(super) fn helper() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/integration/supervise/helper.c"
        );
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("supervise-helper");
        let built = Command::new("cc")
            .args(["-O1", "-static", "-pthread", "-w", "-o"])
            .args([program.as_os_str(), source.as_ref()])
            .status()
            .expect("a C compiler");
        assert!(built.success());
        program
    })
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Letters moved on by thirteen: guard's static eyes do not read what the helper decodes.
pub(super) fn encoded(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' => char::from((c as u8 - b'a' + 13) % 26 + b'a'),
            'A'..='Z' => char::from((c as u8 - b'A' + 13) % 26 + b'A'),
            other => other,
        })
        .collect()
}

impl Place {
    /// Root's own directories are closed to others, and what lies in the temporary directory is
    /// nobody's work.
    pub(super) fn new() -> Self {
        let above = if is_root() {
            PathBuf::from("/srv")
        } else {
            PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        };
        let root = tempfile::Builder::new()
            .prefix("guard-supervise-")
            .tempdir_in(above)
            .unwrap();
        let place = Self { root };
        for directory in ["home", "bin", "work", "work/d"] {
            fs::create_dir_all(place.path(directory)).unwrap();
        }
        fs::set_permissions(place.root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, source) in [
            ("bin/guard", Path::new(env!("CARGO_BIN_EXE_guard"))),
            ("bin/helper", helper()),
        ] {
            // Linked where that is possible: the program is large.
            let to = place.path(name);
            if fs::hard_link(source, &to).is_err() {
                fs::copy(source, &to).unwrap();
            }
        }
        fs::write(
            place.path("policy.toml"),
            "schema = 1\n[supervision]\nhold = 0\n",
        )
        .unwrap();
        place.refill();
        for directory in ["home", "work", "work/d"] {
            place.give(directory);
        }
        place
    }

    fn give(&self, name: &str) {
        if is_root() {
            chown(self.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Puts back what was lost; it is older than every supervisor.
    pub(super) fn refill(&self) {
        let _ = fs::remove_dir_all(self.path("work"));
        let _ = fs::remove_dir_all(self.requests());
        for directory in ["work", "work/d"] {
            fs::create_dir_all(self.path(directory)).unwrap();
            self.give(directory);
        }
        for name in ["work/keep", "work/d/keep"] {
            fs::write(self.path(name), CONTENT).unwrap();
            self.give(name);
        }
    }

    fn requests(&self) -> PathBuf {
        self.path("home/.local/state/guard/requests")
    }

    /// Whether somebody is asked for something.
    pub(super) fn has_request(&self) -> bool {
        fs::read_dir(self.requests()).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        })
    }

    /// Whether both canaries are as they were.
    pub(super) fn is_whole(&self) -> bool {
        ["work/keep", "work/d/keep"]
            .iter()
            .all(|name| fs::read_to_string(self.path(name)).is_ok_and(|text| text == CONTENT))
    }

    /// Waits until a file that exists now is older than a supervisor that starts then.
    pub(super) fn age(&self) {
        let born = fs::metadata(self.path("work/keep"))
            .unwrap()
            .created()
            .unwrap();
        // The clock that files are stamped by goes in steps of up to ten milliseconds.
        let next = born + Duration::from_millis(20);
        if let Ok(left) = next.duration_since(SystemTime::now()) {
            std::thread::sleep(left);
        }
    }

    /// A program, as the user without privileges, in `work`.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut all: Vec<OsString> = Vec::new();
        if is_root() {
            all.extend(
                [
                    "setpriv",
                    "--reuid=65534",
                    "--regid=65534",
                    "--clear-groups",
                    "--",
                ]
                .map(Into::into),
            );
        }
        all.extend(words.iter().map(Into::into));
        let mut command = Command::new(&all[0]);
        command
            .args(&all[1..])
            .env_clear()
            .env("HOME", self.path("home"))
            .env(
                "PATH",
                format!(
                    "{}:/usr/local/bin:/usr/bin:/bin",
                    self.path("bin").display()
                ),
            )
            .env("LANG", "C.UTF-8")
            .env("GUARD_POLICY", self.path("policy.toml"))
            .current_dir(self.path("work"))
            .stdin(Stdio::null());
        command
    }

    pub(super) fn bare(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The same under guard.
    pub(super) fn supervised(&self, words: &[&str]) -> Output {
        let guard = self.path("bin/guard");
        let words = [&[guard.to_str().unwrap(), "--"], words].concat();
        self.command(&words).output().unwrap()
    }
}

/// What was said on both channels.
pub(super) fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
