//! `install.sh` and `guard setup`, with a stand-in for the build: what they make, what they leave
//! alone, and that both can be done twice.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::harness::{Guard, Outcome, Run};

/// A `cargo` that has built guard already.
fn install(guard: &Guard) -> Run {
    let build = guard.path("build");
    let cargo = format!(
        "#!/bin/sh\nmkdir -p '{0}/release' && cp '{1}' '{0}/release/guard'\n",
        build.display(),
        env!("CARGO_BIN_EXE_guard")
    );
    guard.program("tools", "cargo", &cargo);
    guard
        .run(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
        .first_on_path(guard.path("tools"))
        .env("CARGO_TARGET_DIR", build)
}

/// Every file below a directory, with its content or its target.
fn tree(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                waiting.push(path);
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                found.insert(path, format!("-> {}", target.display()));
            } else {
                let length = metadata.len();
                let small = length < 10_000;
                let content = if small {
                    fs::read_to_string(&path).unwrap()
                } else {
                    "large".to_owned()
                };
                found.insert(path, content);
            }
        }
    }
    found
}

fn succeeds(outcome: &Outcome) {
    assert_eq!(
        outcome.code,
        Some(0),
        "{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
}

#[test]
fn it_installs_shows_the_main_job_and_goes_without_a_trace() {
    let guard = Guard::new();
    let home = guard.home();
    fs::write(home.join(".bashrc"), "alias ll='ls -l'\n").unwrap();
    let before = tree(&home);

    let installed = install(&guard).output();
    succeeds(&installed);
    for expected in [
        "CLAUDE_CODE_SHELL",
        "lib/guard/shells/bash",
        "export PATH=",
        "guard: STOPPED",
        "the file is still there",
        "notes.txt",
    ] {
        assert!(
            installed.stdout.contains(expected),
            "{expected}: {}",
            installed.stdout
        );
    }
    let first = tree(&home);
    assert_eq!(first[&home.join(".bashrc")], before[&home.join(".bashrc")]);
    let program = home.join(".local/bin/guard");
    for link in ["shells/bash", "shells/sh", "shims/psql", "shims/rm"] {
        let link = home.join(".local/lib/guard").join(link);
        assert_eq!(first[&link], format!("-> {}", program.display()));
    }
    assert!(
        !first
            .keys()
            .any(|path| path.to_string_lossy().contains("canary")),
        "{first:?}"
    );

    // Twice in a row, with the first one's shims in the way.
    let shims = home.join(".local/lib/guard/shims");
    succeeds(&install(&guard).first_on_path(&shims).output());
    assert_eq!(tree(&home), first);

    succeeds(
        &install(&guard)
            .first_on_path(&shims)
            .arg("--uninstall")
            .output(),
    );
    assert_eq!(tree(&home), before);
    succeeds(&install(&guard).arg("--uninstall").output());
    assert_eq!(tree(&home), before);
}

#[test]
fn it_writes_its_lines_once_and_takes_only_those_back() {
    let guard = Guard::new();
    let home = guard.home();
    fs::write(home.join(".bashrc"), "alias a=b\n").unwrap();
    // A dotfile that lives elsewhere stays a link.
    let elsewhere = guard.file("dotfiles/zshrc", "setopt no_beep\n");
    symlink(&elsewhere, home.join(".zshrc")).unwrap();
    let before = tree(&guard.path(""));

    succeeds(&install(&guard).arg("--write").output());
    succeeds(&install(&guard).arg("--write").output());
    let bashrc = fs::read_to_string(home.join(".bashrc")).unwrap();
    assert_eq!(bashrc.matches("# >>> guard >>>").count(), 1, "{bashrc}");
    assert!(bashrc.starts_with("alias a=b\n"), "{bashrc}");
    assert!(
        fs::symlink_metadata(home.join(".zshrc"))
            .unwrap()
            .is_symlink()
    );
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("guard"));

    // What was written works, and does not pile up.
    let path = guard
        .run("/bin/bash")
        .args([
            "-c",
            ". ~/.bashrc; . ~/.bashrc; echo \"$CLAUDE_CODE_SHELL\"; command -v psql; echo $PATH",
        ])
        .output();
    assert!(path.stdout.contains("shells/bash\n"), "{path:?}");
    assert!(path.stdout.contains("shims/psql\n"), "{path:?}");
    assert_eq!(path.stdout.matches("guard/shims:").count(), 1, "{path:?}");

    fs::write(home.join(".bashrc"), format!("{bashrc}alias later=mine\n")).unwrap();
    succeeds(&install(&guard).arg("--uninstall").output());
    let after = fs::read_to_string(home.join(".bashrc")).unwrap();
    assert_eq!(after, "alias a=b\nalias later=mine\n");
    fs::write(home.join(".bashrc"), "alias a=b\n").unwrap();
    let mut after = tree(&guard.path(""));
    after.retain(|path, _| {
        !path.starts_with(guard.path("tools")) && !path.starts_with(guard.path("build"))
    });
    assert_eq!(after, before);
}

#[test]
fn a_home_without_dotfiles_gets_one_and_loses_it_again() {
    let guard = Guard::new();
    let home = guard.home();
    succeeds(&install(&guard).arg("--write").output());
    assert!(home.join(".profile").exists());
    succeeds(&install(&guard).arg("--write").output());
    succeeds(&install(&guard).arg("--uninstall").output());
    assert_eq!(tree(&home), BTreeMap::new());
}

#[test]
fn a_prefix_with_every_character_that_shells_mind() {
    let guard = Guard::new();
    let prefix = guard.path("it's a \"prefix\" $HOME");
    let installed = install(&guard).arg("--prefix").arg(&prefix).output();
    succeeds(&installed);
    assert!(
        installed.stdout.contains("the file is still there"),
        "{installed:?}"
    );
    assert_eq!(tree(&guard.home()), BTreeMap::new());
    succeeds(
        &install(&guard)
            .arg("--uninstall")
            .arg("--prefix")
            .arg(&prefix)
            .output(),
    );
    assert_eq!(tree(&prefix), BTreeMap::new());
}

#[test]
fn what_is_missing_is_said() {
    let guard = Guard::new();
    let without_home = install(&guard).env("HOME", "").output();
    assert_eq!(without_home.code, Some(1));
    assert!(without_home.stderr.contains("--prefix"), "{without_home:?}");

    let elsewhere = guard.path("elsewhere");
    let with_prefix = install(&guard)
        .env("HOME", "")
        .arg(format!("--prefix={}", elsewhere.display()))
        .output();
    succeeds(&with_prefix);

    let run = guard.run(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"));
    let without_cargo = run.env("PATH", "/usr/bin:/bin").output();
    if !Path::new("/usr/bin/cargo").exists() {
        assert_eq!(without_cargo.code, Some(1), "{without_cargo:?}");
        assert!(
            without_cargo.stderr.contains("cargo is not installed"),
            "{without_cargo:?}"
        );
    }

    let unknown = install(&guard).arg("--nonsense").output();
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn nothing_of_anybody_elses_is_touched() {
    let guard = Guard::new();
    let prefix = guard.path("prefix");
    let other = guard.program("prefix/bin", "guard", "#!/bin/sh\necho another guard\n");
    let refused = install(&guard).arg("--prefix").arg(&prefix).output();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("another program"), "{refused:?}");
    assert!(
        fs::read_to_string(&other)
            .unwrap()
            .contains("another guard")
    );
    succeeds(
        &install(&guard)
            .arg("--prefix")
            .arg(&prefix)
            .arg("--uninstall")
            .output(),
    );
    assert!(other.exists());
    fs::remove_file(other).unwrap();

    let psql = guard.program("prefix/lib/guard/shims", "psql", "#!/bin/sh\necho mine\n");
    let refused = install(&guard).arg("--prefix").arg(&prefix).output();
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("no link to guard"), "{refused:?}");
    assert!(fs::read_to_string(&psql).unwrap().contains("mine"));
}

#[test]
fn setup_drops_links_that_no_pack_asks_for() {
    let guard = Guard::new();
    let prefix = guard.path("prefix");
    succeeds(&install(&guard).arg("--prefix").arg(&prefix).output());
    let stale = prefix.join("lib/guard/shims/no-longer-known");
    symlink(prefix.join("bin/guard"), &stale).unwrap();
    succeeds(&guard.run(prefix.join("bin/guard")).arg("setup").output());
    assert!(fs::symlink_metadata(&stale).is_err());
    assert!(prefix.join("lib/guard/shims/psql").exists());
}

#[test]
fn an_installed_guard_gives_a_person_the_shims() {
    let guard = Guard::new();
    succeeds(&install(&guard).output());
    let shell = guard.home().join(".local/lib/guard/shells/bash");
    let mut terminal = guard
        .run(shell)
        .named("bash")
        .args(["--norc", "--noprofile"])
        .env("PS1", "@ ")
        .terminal();
    terminal.expect("@ ");
    terminal.send("command -v psql; exit\n");
    terminal.expect("lib/guard/shims/psql");
    let outcome = terminal.finish();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

#[test]
fn an_ordinary_user_can_do_all_of_it() {
    let guard = Guard::new();
    let user: Run =
        guard
            .run("/usr/bin/setpriv")
            .args(["--reuid=12345", "--regid=12345", "--clear-groups"]);
    let seen = user
        .clone()
        .args(["test", "-r", env!("CARGO_BIN_EXE_guard")])
        .output();
    if !nix::unistd::geteuid().is_root() || seen.code != Some(0) {
        // The other tests run as an ordinary user then, or the checkout is root's alone.
        return;
    }
    for directory in ["", "home", "work", "tools", "build"] {
        let path = guard.path(directory);
        fs::create_dir_all(&path).unwrap();
        nix::unistd::chown(&path, Some(12345.into()), Some(12345.into())).unwrap();
    }
    let script = install(&guard);
    let run = user
        .arg(script.command().get_program())
        .first_on_path(guard.path("tools"))
        .env("CARGO_TARGET_DIR", guard.path("build"));
    for _ in 0..2 {
        let outcome = run.output();
        succeeds(&outcome);
        assert!(
            outcome.stdout.contains("the file is still there"),
            "{outcome:?}"
        );
    }
    succeeds(&run.arg("--uninstall").output());
    assert_eq!(tree(&guard.home()), BTreeMap::new());
}
