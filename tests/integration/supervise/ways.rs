//! The matrix: each way really loses something unsupervised, and nothing supervised, though no
//! static eye has seen its text.

use std::path::Path;

use super::place::{Place, encoded, said};

/// A way to lose `keep` or `d`, as text for bash, and the program that it needs.
struct Way {
    what: &'static str,
    script: &'static str,
    needs: &'static str,
}

const fn way(what: &'static str, script: &'static str) -> Way {
    Way {
        what,
        script,
        needs: "bash",
    }
}

const fn with(needs: &'static str, what: &'static str, script: &'static str) -> Way {
    Way {
        what,
        script,
        needs,
    }
}

#[rustfmt::skip]
const WAYS: &[Way] = &[
    // Shells' own ways to write it.
    way("plain", "rm -rf d"),
    way("by its path", "/bin/rm -rf d"),
    way("quoted", r#"r"m" -rf 'd'"#),
    way("a variable", "x=rm; $x -rf d"),
    way("a function", "go() { rm -rf \"$1\"; }; go d"),
    way("an alias", "shopt -s expand_aliases; alias z='rm -rf'\nz d"),
    way("eval", "eval 'rm -rf d'"),
    way("a decoded text", "echo cm0gLXJmIGQK | base64 -d | bash"),
    way("a printed text", r"printf '\x72m -rf d' | sh"),
    way("a here-document", "bash <<< 'rm -rf d'"),
    way("a process substitution", "source <(echo rm -rf d)"),
    way("a coprocess", "coproc rm -rf d; wait"),
    way("in the background", "rm -rf d & wait"),
    way("a subshell", "(cd d && rm keep)"),
    way("a trap", "trap 'rm -rf d' EXIT"),
    way("exec", "exec rm -rf d"),
    way("exec -a", "exec -a harmless rm -rf d"),
    way("command", "command -p rm -rf d"),
    way("a script", "printf 'rm -rf d\\n' > s.sh; bash s.sh"),
    way("a script by its first line", "printf '#!/bin/sh\\nrm -rf d\\n' > s; chmod +x s; ./s"),
    way("a script without a first line", "printf 'rm -rf d\\n' > s; chmod +x s; ./s"),
    way("a nested script", "printf 'sh t.sh\\n' > s.sh; printf 'rm -rf d\\n' > t.sh; sh s.sh"),
    way("shells in shells", "sh -c 'sh -c \"sh -c \\\"rm -rf d\\\"\"'"),
    way("dash", "dash -c 'rm -rf d'"),
    with("zsh", "zsh", "zsh -fc 'rm -rf d'"),
    with("zsh", "zsh's own rm", "zsh -fc 'zmodload zsh/files; zf_rm -rf d'"),
    way("a redirection", ": > keep"),
    way("a forced redirection", "set -C; : >| keep"),
    way("a computed redirection", "x=ke; echo > ${x}ep"),
    way("a descriptor", "exec 3> keep; echo new >&3"),
    // Other programs that start one.
    way("env -i", "env -i /bin/rm -rf d"),
    way("env -S", "env -S 'rm -rf d'"),
    way("xargs", "echo d | xargs rm -rf"),
    way("xargs -0 -P", "printf 'd\\0' | xargs -0 -P 2 rm -rf"),
    way("find -exec", "find d -type f -exec rm {} \\;"),
    way("find -exec +", "find d -type f -exec rm {} +"),
    way("find -delete", "find d -delete"),
    way("timeout", "timeout 5 rm -rf d"),
    way("nice", "nice rm -rf d"),
    way("nohup", "nohup rm -rf d"),
    way("stdbuf", "stdbuf -o0 rm -rf d"),
    way("setsid", "setsid -w rm -rf d"),
    way("setsid, and it outlives the shell", "setsid sh -c 'sleep 0.2; rm -rf d' & sleep 0.5"),
    way("flock", "flock lock rm -rf d"),
    way("setarch", "setarch -R rm -rf d"),
    with("make", "make", "printf 'x:\\n\\t@rm -rf d\\n' > M; make -f M"),
    with("git", "a git alias", "git -c alias.z='!rm -rf d' z"),
    with("git", "a git editor", "git init -q r; cd r; GIT_EDITOR='rm -rf ../d; :' git config -e"),
    with("awk", "awk", "awk 'BEGIN { system(\"rm -rf d\") }'"),
    with("perl", "perl system", "perl -e 'system(\"rm\", \"-rf\", \"d\")'"),
    with("perl", "perl exec under another name", "perl -e 'exec {\"/bin/rm\"} \"echo\", \"-rf\", \"d\"'"),
    with("python3", "python subprocess", "python3 -c 'import subprocess; subprocess.run([\"rm\", \"-rf\", \"d\"])'"),
    with("python3", "python system", "python3 -c 'import os; os.system(\"rm -rf d\")'"),
    with("python3", "python spawn", "python3 -c 'import os; os.waitpid(os.posix_spawnp(\"rm\", [\"rm\", \"-rf\", \"d\"], os.environ), 0)'"),
    with("node", "node", "node -e 'require(\"child_process\").execFileSync(\"rm\", [\"-rf\", \"d\"])'"),
    with("tclsh", "tclsh", "echo 'exec rm -rf d' | tclsh"),
    with("npm", "npm run", "echo '{\"scripts\":{\"x\":\"rm -rf d\"}}' > package.json; npm run --silent x"),
    with("busybox", "busybox", "busybox rm -rf d"),
    with("busybox", "busybox sh", "busybox sh -c 'rm -rf d'"),
    with("busybox", "a busybox script", "printf 'rm -rf d\\n' > s; busybox sh s"),
    way("the loader", "/lib64/ld-linux-x86-64.so.2 /bin/rm -rf d"),
    way("the loader with a name", "/lib64/ld-linux-x86-64.so.2 --argv0 ls /bin/rm -rf d"),
    with("unshare", "a user namespace", "unshare -r rm -rf d"),
    with("unshare", "a mount namespace", "unshare -rm rm -rf d"),
    with("unshare", "a process namespace", "unshare -rpf rm -rf d"),
    with("bwrap", "bubblewrap", "bwrap --bind / / --dev /dev rm -rf d"),
    with("gdb", "gdb", "gdb -q -batch -ex run --args rm -rf d"),
    with("strace", "strace", "strace -f -o /dev/null rm -rf d"),
    with("script", "script", "script -qc 'rm -rf d' /dev/null"),
    // Other names for it.
    way("a symbolic link", "ln -s /bin/rm harmless; ./harmless -rf d"),
    way("a copy", "cp /bin/rm harmless; ./harmless -rf d"),
    way("a copy named like another", "cp /bin/rm git; ./git -rf d"),
    way("a copied shell", "cp /bin/dash harmless; ./harmless -c 'rm -rf d'"),
    // Ways of the kernel.
    way("posix_spawn", "helper spawn rm -rf d"),
    way("vfork", "helper vfork rm -rf d"),
    way("a call of its own", "helper raw-execve /bin/rm -rf d"),
    way("execveat", "helper execveat /bin/rm -rf d"),
    way("execveat below a directory", "helper execveat-directory /bin rm -rf d"),
    way("fexecve", "helper fexecve /bin/rm -rf d"),
    way("a file in memory", "helper memory /bin/rm -rf d"),
    way("a descriptor's path", "helper descriptor-path /bin/rm -rf d"),
    way("a false argv[0]", "helper false-name /bin/rm ls -rf d"),
    way("no argv at all", "echo 'rm -rf d' | helper no-argv /bin/dash"),
    way("a second fork in another session", "helper double-fork rm -rf d"),
    way("another thread", "helper thread rm -rf d"),
    way("unlink", "helper unlink keep"),
    way("unlinkat below a directory", "helper unlinkat d keep"),
    way("unlinkat by its number", "helper raw-unlink keep"),
    way("unlink after a fork", "helper fork-unlink keep"),
    way("rename", "echo > new; helper rename new keep"),
    way("renameat2", "echo > new; helper renameat2 new keep"),
    way("truncate", "helper truncate keep"),
    way("ftruncate", "helper ftruncate keep"),
    way("creat", "helper creat keep"),
    way("open", "helper open keep"),
    way("open to read", "helper open-read keep"),
    way("openat2", "helper openat2 keep"),
    way("fallocate", "helper punch keep"),
    // Code that is put into a program which is trusted.
    way("a library loaded before git", "printf '#include <unistd.h>\n__attribute__((constructor)) static void go(void) { unlink(\"keep\"); }\n' > x.c; cc -shared -fPIC -o x.so x.c; LD_PRELOAD=./x.so git --version"),
    way("a library loaded before guard", "printf '#include <unistd.h>\n__attribute__((constructor)) static void go(void) { unlink(\"keep\"); }\n' > x.c; cc -shared -fPIC -o x.so x.c; LD_PRELOAD=./x.so guard --version"),
    with("npm", "a module loaded before npm", "echo 'require(\"fs\").unlinkSync(\"keep\")' > x.js; NODE_OPTIONS='--require ./x.js' npm --version"),
    // Programs that take files away themselves.
    with("python3", "python unlink", "python3 -c 'import os; os.unlink(\"keep\")'"),
    with("python3", "python rmtree", "python3 -c 'import shutil; shutil.rmtree(\"d\")'"),
    with("python3", "python open", "python3 -c 'open(\"keep\", \"w\")'"),
    with("python3", "python replace", "python3 -c 'import os; open(\"n\", \"w\"); os.replace(\"n\", \"keep\")'"),
    with("perl", "perl unlink", "perl -e 'unlink \"keep\"'"),
    with("perl", "perl truncate", "perl -e 'truncate \"keep\", 0'"),
    with("node", "node rmSync", "node -e 'require(\"fs\").rmSync(\"d\", {recursive: true})'"),
    with("node", "node writeFile", "node -e 'require(\"fs\").writeFileSync(\"keep\", \"\")'"),
    way("cp", "echo > new; cp new keep"),
    way("mv", "echo > new; mv new keep"),
    way("dd", "dd if=/dev/null of=keep"),
    way("tee", "tee keep < /dev/null"),
    way("install", "echo > new; install new keep"),
    way("shred", "shred -u keep"),
    way("truncate(1)", "truncate -s 0 keep"),
    way("a link in its place", "ln -sf /dev/null keep"),
    way("split", "echo > in; split -b 1 -a 1 --additional-suffix=eep in k; echo > ktmp; mv ktmp keep"),
];

fn is_there(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|directory| Path::new(directory).join(program).exists())
}

/// Runs every way once bare and once supervised; gives those that break the promise.
fn failures(ways: &[&Way]) -> Vec<String> {
    let place = Place::new();
    let mut failures = Vec::new();
    for way in ways {
        place.refill();
        let bare = place.bare(&["bash", "-c", way.script]);
        if place.is_whole() {
            failures.push(format!(
                "{}: nothing is lost unsupervised\n{}",
                way.what,
                said(&bare)
            ));
            continue;
        }
        place.refill();
        place.age();
        // The text is known only when the helper has printed it.
        let hidden = format!(
            "eval \"$(helper text {})\"",
            shell_words::quote(&encoded(way.script))
        );
        let output = place.supervised(&["bash", "-c", &hidden]);
        if !place.is_whole() {
            failures.push(format!("{}: LOST\n{}", way.what, said(&output)));
        } else if !place.has_request() {
            failures.push(format!("{}: nobody was asked\n{}", way.what, said(&output)));
        }
    }
    failures
}

#[test]
fn every_way_loses_unsupervised_and_none_supervised() {
    let ways: Vec<&Way> = WAYS.iter().filter(|way| is_there(way.needs)).collect();
    let missing: Vec<&str> = WAYS
        .iter()
        .filter(|way| !is_there(way.needs))
        .map(|way| way.needs)
        .collect();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = ways
            .chunks(ways.len().div_ceil(4))
            .map(|ways| scope.spawn(move || failures(ways)))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    eprintln!(
        "supervision: {} ways tried, {} failed; not installed: {missing:?}",
        ways.len(),
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(ways.len() >= 90, "too few of the programs are installed");
}
