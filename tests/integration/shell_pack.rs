//! What the state of the disk makes of commands that delete and overwrite: real files, a real git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use guard::effect::{Class, Tier};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::world::System;

/// A repository of somebody's own, outside the temporary directories.
struct Work {
    place: tempfile::TempDir,
}

impl Work {
    fn new() -> Self {
        let place = tempfile::Builder::new()
            .prefix("work-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let work = Self { place };
        work.git(&["init", "-q", "-b", "main"]);
        for (path, text) in [
            (".gitignore", "build/\nnode_modules/\n*.log\n*.db\n.env\n"),
            ("kept.txt", "kept\n"),
            ("changed.txt", "old\n"),
            ("src/a.rs", "a\n"),
            ("src/b.rs", "b\n"),
        ] {
            work.write(path, text);
        }
        work.git(&["add", "."]);
        work.git(&["commit", "-q", "-m", "start"]);
        // What git has looks unchanged only once the clock has moved on.
        std::thread::sleep(std::time::Duration::from_millis(20));
        work.git(&["update-index", "--refresh", "-q"]);
        work.git(&["read-tree", "HEAD"]);
        work.git(&["update-index", "--refresh", "-q"]);
        for (path, text) in [
            ("changed.txt", "new\n"),
            ("notes.txt", "only here\n"),
            ("empty.txt", ""),
            ("build/out.o", "o\n"),
            ("node_modules/x/index.js", "x\n"),
            ("debug.log", "log\n"),
            ("app.db", "rows\n"),
            (".env", "KEY=1\n"),
            ("lib/__pycache__/m.pyc", "m\n"),
        ] {
            work.write(path, text);
        }
        work
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b.c"]);
        command.args(arguments).current_dir(self.path());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }

    fn class(&self, text: &str) -> Class {
        class_in(self.path(), text)
    }
}

fn class_in(directory: &Path, text: &str) -> Class {
    let world = System::new(directory.to_owned());
    assess(&Subject::script(text), Stdin::Empty, &world).class()
}

fn expect(work: &Work, table: &[(&str, Class)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, class)| {
            let found = work.class(text);
            (found != *class).then(|| format!("{text}: {found}, not {class}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_deletion_is_judged_by_what_is_there() {
    use Class::{Irreversible, ReadOnly, Recoverable};
    let work = Work::new();
    expect(
        &work,
        &[
            ("rm notes.txt", Irreversible),
            ("rm changed.txt", Irreversible),
            ("rm kept.txt", Recoverable),
            ("rm ./src/../kept.txt", Recoverable),
            ("rm -r src", Recoverable),
            ("rm kept.txt notes.txt", Irreversible),
            ("rm *.txt", Irreversible),
            ("rm src/*.rs", Recoverable),
            ("rm not-there.txt", Irreversible),
            ("rm -rf build", ReadOnly),
            ("rm -rf ./node_modules build/out.o", ReadOnly),
            ("rm -rf build/../src ../", Irreversible),
            ("rm debug.log", ReadOnly),
            ("rm app.db", Irreversible),
            ("rm .env", Irreversible),
            ("rm -rf .git", Irreversible),
            ("rm -rf .", Irreversible),
            ("rm -rf lib/__pycache__", ReadOnly),
            ("find . -name '*.pyc' -delete", ReadOnly),
            ("find . -name '*.rs' -delete", Recoverable),
            ("find . -name '*.txt' -delete", Irreversible),
            (
                "find . -type d -name __pycache__ -exec rm -rf {} +",
                ReadOnly,
            ),
            ("find . -name notes.txt -o -name x -delete", Irreversible),
            ("find . -type f -exec rm {} \\;", Irreversible),
            ("find . -type f -empty -delete", ReadOnly),
            ("find . -fprint notes.txt", Irreversible),
        ],
    );
}

#[test]
fn an_overwrite_is_judged_by_what_is_there() {
    use Class::{Irreversible, ReadOnly, Recoverable};
    let work = Work::new();
    expect(
        &work,
        &[
            ("echo x > notes.txt", Irreversible),
            (": > notes.txt", Irreversible),
            ("> notes.txt", Irreversible),
            ("echo x >| notes.txt", Irreversible),
            ("echo x &> notes.txt", Irreversible),
            ("echo x >> notes.txt", ReadOnly),
            ("echo x > empty.txt", ReadOnly),
            ("echo x > new.txt", ReadOnly),
            ("echo x > kept.txt", Recoverable),
            ("echo x > /dev/null 2>&1", ReadOnly),
            ("cp kept.txt notes.txt", Irreversible),
            ("cp kept.txt new.txt", ReadOnly),
            ("cp -n kept.txt notes.txt", ReadOnly),
            ("cp notes.txt src", ReadOnly),
            ("mv kept.txt notes.txt", Irreversible),
            ("mv notes.txt /dev/null", Irreversible),
            ("mv -t src notes.txt", ReadOnly),
            ("tee notes.txt < kept.txt", Irreversible),
            ("tee -a notes.txt < kept.txt", ReadOnly),
            ("dd if=kept.txt of=notes.txt", Irreversible),
            ("sed 's/a/b/w notes.txt' kept.txt", Irreversible),
            ("sed -n '1,1wnotes.txt' kept.txt", Irreversible),
            ("sed -i 's/a/b/' notes.txt", Recoverable),
            ("sort -o notes.txt kept.txt", Irreversible),
            ("truncate -s 0 notes.txt", Irreversible),
            ("ln -sf kept.txt notes.txt", Irreversible),
        ],
    );
}

#[test]
fn git_is_judged_by_what_it_has() {
    use Class::{Irreversible, ReadOnly, Recoverable};
    let work = Work::new();
    expect(
        &work,
        &[
            ("git reset --hard", Irreversible),
            ("git reset --har", Irreversible),
            ("git -C src reset --hard HEAD~1", Irreversible),
            ("git checkout -- changed.txt", Irreversible),
            ("git checkout changed.txt", Irreversible),
            ("git checkout -- kept.txt", ReadOnly),
            ("git checkout HEAD -- src", ReadOnly),
            ("git checkout .", Irreversible),
            ("git checkout main", ReadOnly),
            ("git checkout -b new", ReadOnly),
            ("git checkout -f main", Irreversible),
            ("git restore changed.txt", Irreversible),
            ("git restore kept.txt", ReadOnly),
            ("git restore --staged changed.txt", ReadOnly),
            ("git restore -SW changed.txt", Irreversible),
            ("git switch main", ReadOnly),
            ("git switch --discard-changes main", Irreversible),
            ("git clean -fd", Irreversible),
            ("git clean -n", ReadOnly),
            ("git clean", ReadOnly),
            ("git clean -fX build", ReadOnly),
            ("git clean -fdx", Irreversible),
            ("git rm kept.txt", Recoverable),
            ("git rm -f changed.txt", Irreversible),
            ("git rm --cached changed.txt", ReadOnly),
            ("git status --short", ReadOnly),
            ("git commit -am 'rm -rf /'", ReadOnly),
        ],
    );
    work.git(&["checkout", "-q", "--", "."]);
    for path in ["notes.txt", "empty.txt"] {
        fs::remove_file(work.path().join(path)).unwrap();
    }
    fs::remove_dir_all(work.path().join("lib")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    work.git(&["read-tree", "HEAD"]);
    work.git(&["update-index", "--refresh", "-q"]);
    expect(
        &work,
        &[
            ("git reset --hard", Recoverable),
            ("git checkout .", ReadOnly),
            ("git clean -fd", ReadOnly),
            ("git clean -fdx", Irreversible),
            ("git clean -fX build", ReadOnly),
        ],
    );
}

#[test]
fn a_workspace_below_the_temporary_directory_is_no_rubbish() {
    let root = tempfile::Builder::new()
        .prefix("guard-space-")
        .tempdir_in("/tmp")
        .unwrap();
    let space = root.path().join("space");
    fs::create_dir_all(space.join("src")).unwrap();
    fs::write(space.join("src/a.rs"), "a").unwrap();
    fs::write(root.path().join("other"), "a").unwrap();
    let absolute = |path: &str| -> PathBuf { root.path().join(path) };
    for (text, class) in [
        ("rm src/a.rs".to_owned(), Class::Irreversible),
        (format!("rm -rf {}", space.display()), Class::Irreversible),
        (
            format!("rm -rf {}", root.path().display()),
            Class::Irreversible,
        ),
        (
            format!("rm -rf {}/*", root.path().display()),
            Class::Irreversible,
        ),
        (
            format!("rm {}", absolute("other").display()),
            Class::ReadOnly,
        ),
        (
            format!("rm {}/../space/src/a.rs", absolute("space").display()),
            Class::Irreversible,
        ),
    ] {
        assert_eq!(class_in(&space, &text), class, "{text}");
    }
    // From a temporary root itself, what lies there is temporary.
    let other = format!("rm {}", absolute("other").display());
    assert_eq!(class_in(Path::new("/tmp"), &other), Class::ReadOnly);
}

#[test]
fn a_link_out_of_the_temporary_directory_does_not_hide_its_target() {
    let work = Work::new();
    let link = format!("/tmp/guard-link-{}", std::process::id());
    std::os::unix::fs::symlink(work.path(), &link).unwrap();
    let found = [
        format!("rm {link}/notes.txt"),
        format!("rm -rf {link}/*"),
        format!("echo x > {link}/notes.txt"),
        "rm -rf /tmp/../etc/hosts".to_owned(),
    ]
    .map(|text| work.class(&text));
    fs::remove_file(&link).unwrap();
    assert_eq!(found, [Class::Irreversible; 4]);
}

#[test]
fn what_is_known_only_later_is_temporary_only_where_nothing_leads_out() {
    let work = Work::new();
    for (text, class) in [
        ("rm -rf /tmp/guard-no-such-$X", Class::ReadOnly),
        ("rm -rf /tmp/guard-no-such-$$/x", Class::ReadOnly),
        ("rm -rf /tmp/$X", Class::Irreversible),
        ("rm -rf \"$X\"/*", Class::Irreversible),
        (
            "rm -rf /tmp/guard-no-such-$X/../../etc",
            Class::Irreversible,
        ),
        ("read -r x; rm -rf \"$x\"", Class::Irreversible),
    ] {
        assert_eq!(work.class(text), class, "{text}");
    }
}

#[test]
fn guards_own_files_are_never_rubbish() {
    let work = Work::new();
    let world = System::new(work.path().to_owned());
    for text in [
        "rm -rf ~/.config/guard",
        "echo '{}' >> ~/.config/guard/policy.toml",
        "mv x ~/.local/state/guard/audit.jsonl",
        "rm -rf ~/.local/x/../state/guard",
        "truncate -s 0 /etc/guard/policy.toml",
    ] {
        let found = assess(&Subject::script(text), Stdin::Empty, &world);
        let own = found
            .effects
            .iter()
            .any(|effect| effect.rule.pack == "guard");
        assert!(own, "{text}: {found:?}");
    }
}

/// Every way of starting `rm` by another program.
#[test]
fn wrappers_hide_nothing() {
    let work = Work::new();
    work.write("wipe.sh", "#!/bin/bash -e\nrm \"$1\"\n");
    work.write("install", "rm notes.txt\n");
    work.write("list", "notes.txt\n");
    for text in [
        "sudo rm notes.txt",
        "sudo -u root -- rm notes.txt",
        "sudo -uroot -n rm notes.txt",
        "sudo A=1 rm notes.txt",
        "sudo --unknown-flag value rm notes.txt",
        "doas -u root rm notes.txt",
        "su -c 'rm notes.txt' root",
        "su - root -c 'rm notes.txt'",
        "env A=1 rm notes.txt",
        "env -i -u A rm notes.txt",
        "env - rm notes.txt",
        "env -S 'rm notes.txt'",
        "env -S 'rm' notes.txt",
        "nice -n 5 rm notes.txt",
        "nice -5 rm notes.txt",
        "timeout -k 1 -s KILL 5s rm notes.txt",
        "timeout --sig=KILL 5 rm notes.txt",
        "nohup rm notes.txt",
        "setsid -w rm notes.txt",
        "stdbuf -oL rm notes.txt",
        "/usr/bin/time -f %e rm notes.txt",
        "flock lock rm notes.txt",
        "flock lock -c 'rm notes.txt'",
        "script -qec 'rm notes.txt' /dev/null",
        "watch -n 1 rm notes.txt",
        "xargs rm < list",
        "echo notes.txt | xargs -n1 rm",
        "echo notes.txt | xargs -I{} rm {}",
        "echo notes.txt | xargs -I % sh -c 'rm %'",
        "printf 'notes.txt\\0' | xargs -0 rm --",
        "parallel rm ::: notes.txt",
        "busybox rm notes.txt",
        "bash -c 'rm notes.txt'",
        "bash -lc 'rm notes.txt'",
        "bash -c -l 'rm notes.txt'",
        "bash -o pipefail -c 'rm notes.txt'",
        "bash --norc -O extglob -c 'rm notes.txt'",
        "bash -c 'rm \"$1\"' x notes.txt",
        "sh -c 'rm $0' notes.txt",
        "bash wipe.sh notes.txt",
        "bash -x -- wipe.sh notes.txt",
        "sh < wipe.sh",
        "./wipe.sh notes.txt",
        "./install",
        "echo 'rm notes.txt' | bash",
        "bash <<< 'rm notes.txt'",
        "BASH_ENV=wipe.sh bash -c true",
        "ssh host rm notes.txt",
        "ssh -p 22 host 'cd /srv && rm notes.txt'",
        "docker exec -it web rm /data/x",
        "docker run --rm -v /srv:/srv alpine rm -rf /srv",
        "kubectl exec web -- rm /data/x",
        "tmux new-session -d 'rm notes.txt'",
        "screen -dmS x rm notes.txt",
        "fd -e txt -x rm",
        "find . -name notes.txt -exec sh -c 'rm \"$1\"' _ {} \\;",
        "git -c core.pager='rm notes.txt' log",
        "git -c alias.x='!rm notes.txt' x",
        "GIT_EDITOR='rm notes.txt' git commit",
        "git ls-remote --upload-pa='rm notes.txt' .",
        "npx rimraf notes.txt",
        "op run -- rm notes.txt",
        "aws-vault exec prod -- rm notes.txt",
        "tar cf a.tar --checkpoint=1 --checkpoint-action=exec='rm notes.txt' src",
        "tar xf a.tar --to-command='rm notes.txt'",
        "split --filter='rm notes.txt' kept.txt",
        "man --html='rm notes.txt' ls",
    ] {
        assert_eq!(work.class(text), Class::Irreversible, "{text}");
    }
}

#[test]
fn wrappers_of_harmless_commands_ask_nothing() {
    let work = Work::new();
    work.write("show.sh", "#!/bin/sh\nls \"$@\"\n");
    for text in [
        "sudo ls",
        "sudo -l",
        "env",
        "env A=1 ls",
        "timeout 5 ls",
        "nohup ls",
        "xargs ls < kept.txt",
        "echo kept.txt | xargs -I{} cat {}",
        "find . -name '*.rs' -exec grep -l x {} +",
        "find . -name '*.rs' -print0 | xargs -0 wc -l",
        "bash -n wipe.sh",
        "bash --version",
        "bash -lc 'ls'",
        "bash show.sh -l",
        "./show.sh",
        "ssh host ls",
        "ssh -T git@github.com",
        "docker exec web ls",
        "kubectl exec web -- ls",
        "git -c core.pager=cat log",
        "rm --help",
        "rm --vers",
        "grep -r 'rm -rf /' .",
        "sort kept.txt | uniq -c",
        "tar czf - src | wc -c",
        "awk -F: '{ print $1 }' /etc/passwd",
        "python3 -c 'print(1)'",
    ] {
        assert_eq!(work.class(text), Class::ReadOnly, "{text}");
    }
}

#[test]
fn a_name_of_another_machine_is_part_of_the_target() {
    let work = Work::new();
    let world = System::new(work.path().to_owned());
    let text = "ssh db-prod rm -rf /srv/data";
    let found = assess(&Subject::script(text), Stdin::Empty, &world);
    let [effect] = found.effects.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(effect.target.environment.as_deref(), Some("db-prod"));
    assert_eq!(effect.target.tier, Tier::Production);
}
