//! What git commands lose of a work tree, by its state; and what git runs by configuration.
//!
//! Owns the reading of `reset --hard`, `checkout`, `restore`, `switch`, `clean` and `rm`. Never
//! runs git.

pub(super) mod config;
mod runs;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

pub(super) use self::runs::follow;
use crate::call::{Call, Findings};
use crate::context::files::{self, Loss};
use crate::context::git::WorkTree;
use crate::effect::{Evidence, Reversibility, RuleId};
use crate::resolve::{Argument, Directory, Stdin, Text};
use crate::world::{EntryKind, PathStatus, World};

/// Files that are looked at by `git clean`, and changed files that are counted.
const LIMIT: usize = 4000;

/// Judges a git command beyond what its pack says.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    runs::configuration(call, findings);
    own_files(call, findings);
    let command: Vec<&str> = call.args.command.iter().map(String::as_str).collect();
    match command.as_slice() {
        ["reset"] => reset(call, findings),
        ["checkout"] => checkout(call, findings),
        ["switch"] => switch(call, findings),
        ["restore"] => restore(call, findings),
        ["clean"] => clean(call, findings),
        ["rm"] => rm(call, findings),
        ["read-tree"] if call.args.flag("-u") || call.args.open => {
            discard("read-tree", None, call, findings);
        }
        ["checkout-index"] if call.args.flag("--force") || call.args.open => {
            discard("checkout-index", None, call, findings);
        }
        ["config"] | ["config", "set"] => runs::write(call, findings),
        _ => {}
    }
}

/// Commands that write to the work tree.
const WRITERS: &[&str] = &[
    "am",
    "apply",
    "checkout",
    "checkout-index",
    "cherry-pick",
    "clean",
    "merge",
    "mv",
    "pull",
    "read-tree",
    "rebase",
    "reset",
    "restore",
    "revert",
    "rm",
    "sparse-checkout",
    "stash",
    "switch",
];

/// What stands in a work tree may be what guard judges by.
fn own_files(call: &Call<'_>, findings: &mut Findings) {
    let command = call.args.command.first().map(String::as_str);
    let looks = |word: Option<&String>| word.is_some_and(|word| word == "list" || word == "show");
    if !command.is_some_and(|command| WRITERS.contains(&command))
        || looks(call.args.command.get(1))
        || call.command.elsewhere.is_some()
    {
        return;
    }
    let directory = directory(call);
    let variable = || call.command.variable(call.world, "GIT_WORK_TREE");
    let named = call
        .args
        .option("--work-tree")
        .map(|word| word.value.clone());
    let work_tree = named.or_else(variable);
    let named = work_tree.is_some();
    let root = match work_tree {
        Some(root) => root.exact().and_then(|root| directory.join(root)),
        None => directory.known().map(Path::to_owned),
    };
    let Some(root) = root.and_then(|root| call.world.canonical(&root)) else {
        return;
    };
    let here = &root;
    let tree = WorkTree::place(here, call.world);
    let elsewhere = call.args.option("--git-dir").is_some()
        || call.command.variable(call.world, "GIT_DIR").is_some();
    // Only a patch can be applied where there is no repository.
    if tree.is_none() && !named && !elsewhere && command != Some("apply") {
        return;
    }
    let root = tree.as_ref().map_or(here, |(root, _)| root);
    let mut own = files::guards_own_in(root, call.world).peekable();
    if own.peek().is_none() {
        return;
    }
    let tree = WorkTree::of(root, call.world);
    // A home directory may be a work tree, too; what git ignores there it leaves alone.
    let is_changed = |own: &PathBuf| {
        let ignored = |tree: &WorkTree| !tree.may_track(own) && tree.ignores(own, call.world);
        here.starts_with(own) || !tree.as_ref().is_some_and(ignored)
    };
    let Some(own) = own.find(is_changed) else {
        return;
    };
    let name = Some(own.display().to_string());
    let mut effect = call.loss("own-files", "change", "directory", name);
    effect.rule = RuleId::new("guard", "own-files");
    "changes guard's own state or configuration".clone_into(&mut effect.summary);
    findings.effects.push(effect);
}

/// The directory that git works in: `-C` counts, each from the one before.
fn directory(call: &Call<'_>) -> Directory {
    let mut directory = call.command.directory.clone();
    for to in call.args.all("-C") {
        directory = to
            .value
            .exact()
            .and_then(|path| directory.join(path))
            .map_or_else(
                || Directory::Unknown(to.value.display().into_owned()),
                Directory::Known,
            );
    }
    directory
}

/// The work tree that the command changes; `Err` if which it is, is not known.
fn tree(call: &Call<'_>) -> Result<WorkTree, &'static str> {
    let redirected = call.args.option("--git-dir").is_some()
        || call.args.option("--work-tree").is_some()
        || ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]
            .iter()
            .any(|name| call.command.variable(call.world, name).is_some());
    if redirected {
        return Err("another repository is named");
    }
    if call.command.elsewhere.is_some() {
        return Err("on another machine");
    }
    let directory = directory(call);
    let Some(path) = directory.known() else {
        return Err("the directory is not known");
    };
    let canonical = call.world.canonical(path);
    let tree = canonical.and_then(|path| WorkTree::of(&path, call.world));
    match tree {
        None => Err("guard sees no git repository here"),
        Some(tree) if tree.is_empty() => Err("git tracks nothing here yet"),
        Some(tree) => Ok(tree),
    }
}

fn reset(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.flag("--hard") || args.open {
        discard("reset-hard", None, call, findings);
    }
    if args.flag("--hard") || args.flag("--soft") || args.flag("--keep") || args.flag("--merge") {
        let name = args.operands.first();
        let name = name.map_or_else(
            || "HEAD".to_owned(),
            |word| word.value.display().into_owned(),
        );
        let mut effect = call.loss("reset", "move", "branch", Some(name));
        effect.reversibility = Reversibility::Recoverable {
            from: "git reset --hard ORIG_HEAD, or the reflog".to_owned(),
            within: Some("90 days".to_owned()),
        };
        "moves the branch; its commits stay in the reflog".clone_into(&mut effect.summary);
        findings.effects.push(effect);
    }
}

/// The words after `--`, if there is one.
fn after_dashes<'a>(call: &Call<'a>) -> Option<Vec<&'a Argument>> {
    let argv = &call.command.argv;
    let at = argv
        .iter()
        .position(|word| word.value.exact() == Some("--"))?;
    Some(argv.iter().skip(at + 1).collect())
}

fn checkout(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.flag("--patch") {
        return;
    }
    if args.option("--pathspec-from-file").is_some() {
        discard("checkout-paths", None, call, findings);
        return;
    }
    let operands: Vec<&Argument> = args.operands.iter().collect();
    let paths = match after_dashes(call) {
        Some(paths) => paths,
        None if args.option("-b").is_some()
            || args.option("-B").is_some()
            || args.option("--orphan").is_some() =>
        {
            Vec::new()
        }
        None => match operands.split_first() {
            Some((first, rest)) if is_revision(first, call) => rest.to_vec(),
            _ => operands,
        },
    };
    if !paths.is_empty() {
        discard("checkout-paths", Some(&paths), call, findings);
    } else if args.flag("--force") || args.open {
        discard("checkout-force", None, call, findings);
    }
}

/// As git decides where no `--` says it: a name of a commit goes before a path.
fn is_revision(word: &Argument, call: &Call<'_>) -> bool {
    let Some(name) = word.value.exact() else {
        // A quoted variable in this place holds a branch, as people write it.
        return !word.splits || !word.value.has_glob();
    };
    if matches!(name, "HEAD" | "@" | "-") || name.contains(['~', '^', '@']) {
        return true;
    }
    if name == "."
        || name == ".."
        || ["/", "./", "../", ":", "*"]
            .iter()
            .any(|start| name.starts_with(start))
    {
        return false;
    }
    let directory = directory(call);
    let here = |path: &Path| call.world.status(path) != PathStatus::Missing;
    let exists = directory.join(name).is_some_and(|path| here(&path));
    let Ok(tree) = tree(call) else {
        return !exists;
    };
    let refs = ["refs/heads", "refs/tags", "refs/remotes", "refs", ""];
    let loose = refs.iter().any(|base| {
        let path = tree.directory.join(base).join(name);
        matches!(call.world.status(&path), PathStatus::File { .. })
    });
    let packed = call
        .world
        .read(&tree.directory.join("packed-refs"))
        .is_ok_and(|text| text.lines().any(|line| line.ends_with(&format!("/{name}"))));
    let is_hash = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    // What is neither there nor known makes git fail, or guess a remote branch.
    loose || packed || is_hash || !(exists || tree.may_track(&tree.root.join(name)))
}

fn switch(call: &Call<'_>, findings: &mut Findings) {
    if call.args.flag("--force") || call.args.flag("--discard-changes") || call.args.open {
        discard("switch-force", None, call, findings);
    }
}

fn restore(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if (args.flag("--staged") && !args.flag("--worktree")) || args.flag("--patch") {
        return;
    }
    if args.option("--pathspec-from-file").is_some() {
        discard("restore", None, call, findings);
        return;
    }
    let paths: Vec<&Argument> = args.operands.iter().collect();
    if !paths.is_empty() {
        discard("restore", Some(&paths), call, findings);
    }
}

fn rm(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.flag("--cached") {
        return;
    }
    let paths: Vec<&Argument> = args.operands.iter().collect();
    if args.flag("--force") || args.open {
        discard("rm-force", Some(&paths), call, findings);
    }
    for path in paths {
        let name = path.value.display().into_owned();
        let mut effect = call.loss("rm", "delete", "path", Some(name.clone()));
        effect.reversibility = Reversibility::Recoverable {
            from: format!("git restore --staged --worktree -- {name}"),
            within: None,
        };
        "deletes tracked files; git has them as they were committed"
            .clone_into(&mut effect.summary);
        effect.location = path.location.clone();
        findings.effects.push(effect);
    }
}

/// Uncommitted changes of tracked files go, in these paths or everywhere.
fn discard(
    rule: &'static str,
    paths: Option<&[&Argument]>,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let tree = match tree(call) {
        Ok(tree) => tree,
        Err(why) => {
            discarded(rule, None, why, call, findings);
            return;
        }
    };
    let Some(changed) = tree.changed(call.world, LIMIT) else {
        discarded(rule, None, "git's index cannot be read", call, findings);
        return;
    };
    let scope = paths.map(|paths| Scope::of(paths, call));
    if let Some(stray) = scope.as_ref().and_then(|scope| scope.stray(&tree)) {
        let why = format!("git tracks nothing at {}", stray.display());
        discarded(rule, None, &why, call, findings);
        return;
    }
    let lost: Vec<PathBuf> = changed
        .into_iter()
        .filter(|path| scope.as_ref().is_none_or(|scope| scope.covers(path)))
        .collect();
    if !lost.is_empty() {
        discarded(rule, Some((&tree, &lost)), "", call, findings);
    }
}

/// What path arguments of git cover.
struct Scope {
    places: Vec<PathBuf>,
    /// A pattern or magic that is not read: everything.
    everything: bool,
}

impl Scope {
    fn of(paths: &[&Argument], call: &Call<'_>) -> Self {
        let directory = directory(call);
        let mut places = Vec::new();
        let mut everything = false;
        for path in paths {
            let place = path
                .value
                .exact()
                .filter(|text| !text.starts_with(':') && !text.contains(['*', '?', '[']))
                .and_then(|text| directory.join(text));
            match place {
                Some(place) => {
                    let known = call.world.canonical(&place);
                    places.push(known.unwrap_or(place));
                }
                None => everything = true,
            }
        }
        Self { places, everything }
    }

    /// A place of which git knows nothing now: what would happen there is not known either.
    fn stray(&self, tree: &WorkTree) -> Option<&Path> {
        let known = |place: &Path| place == tree.root || tree.may_track(place);
        self.places
            .iter()
            .map(PathBuf::as_path)
            .find(|place| !known(place))
    }

    fn covers(&self, path: &Path) -> bool {
        self.everything || self.places.iter().any(|place| path.starts_with(place))
    }
}

fn discarded(
    rule: &'static str,
    lost: Option<(&WorkTree, &[PathBuf])>,
    why: &str,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let relative = |tree: &WorkTree, path: &Path| {
        path.strip_prefix(&tree.root)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let name = match lost {
        Some((tree, [path])) => relative(tree, path),
        Some((tree, _)) => tree.root.file_name().map_or_else(
            || tree.root.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        ),
        None => "uncommitted changes".to_owned(),
    };
    let mut effect = call.loss(rule, "discard", "uncommitted changes", Some(name));
    "discards changes that git has nowhere".clone_into(&mut effect.summary);
    effect.instead = Some("git stash".to_owned());
    match lost {
        Some((tree, paths)) => {
            effect.summary = format!(
                "discards the uncommitted changes of {} {} that git has nowhere",
                paths.len(),
                if paths.len() == 1 { "file" } else { "files" }
            );
            effect.also_lost = paths
                .iter()
                .take(5)
                .map(|path| relative(tree, path))
                .collect();
        }
        None => effect.evidence.push(Evidence {
            fact: Cow::Borrowed("state"),
            value: why.to_owned(),
            source: "git".to_owned(),
        }),
    }
    findings.effects.push(effect);
}

/// `git clean` deletes what git does not track.
fn clean(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    // Without -f it refuses, unless a setting says otherwise.
    let forced = args.flag("--force")
        || args.open
        || args.all("-c").any(|setting| {
            let setting = setting.value.display().to_ascii_lowercase();
            setting.starts_with("clean.requireforce")
        });
    // A menu that nobody writes to but the person at the terminal is their own question.
    let answered = !matches!(call.command.stdin, Stdin::Inherited | Stdin::Empty);
    let asks = args.flag("--interactive") && !args.open && !answered;
    if asks || !(forced || args.flag("--interactive")) {
        return;
    }
    let mut found = Untracked {
        ignored_too: args.flag("-x") || args.open,
        ignored_only: args.flag("-X"),
        directories: args.flag("-d") || args.open,
        left: LIMIT,
        lost: Vec::new(),
    };
    let (why, root) = match tree(call) {
        Err(why) => (why, None),
        Ok(tree) => {
            let complete = found.look(&tree, call);
            if complete && found.lost.is_empty() {
                return;
            }
            let why = if complete {
                ""
            } else {
                "there are more files than guard looks at"
            };
            (why, Some(tree.root.clone()))
        }
    };
    let shown = |path: &PathBuf| {
        let path = root
            .as_ref()
            .and_then(|root| path.strip_prefix(root).ok())
            .unwrap_or(path);
        path.display().to_string()
    };
    let name = match (found.lost.as_slice(), &root) {
        ([path], _) => shown(path),
        (_, Some(root)) => root.file_name().map_or_else(
            || root.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        ),
        (_, None) => "untracked files".to_owned(),
    };
    let mut effect = call.loss("clean", "delete", "untracked files", Some(name));
    "deletes files that git does not have".clone_into(&mut effect.summary);
    effect.also_lost = found.lost.iter().take(5).map(shown).collect();
    effect.instead = Some("git clean -n, which only lists; git stash -u, which keeps".to_owned());
    if !why.is_empty() {
        effect.evidence.push(Evidence {
            fact: Cow::Borrowed("state"),
            value: why.to_owned(),
            source: "git".to_owned(),
        });
    }
    findings.effects.push(effect);
}

/// The walk of `git clean`.
struct Untracked {
    ignored_too: bool,
    ignored_only: bool,
    directories: bool,
    left: usize,
    lost: Vec<PathBuf>,
}

impl Untracked {
    /// False if there was more than can be looked at.
    fn look(&mut self, tree: &WorkTree, call: &Call<'_>) -> bool {
        let operands = &call.args.operands;
        let here = directory(call);
        let mut starts: Vec<PathBuf> = Vec::new();
        for operand in operands {
            match operand.value.exact().and_then(|path| here.join(path)) {
                Some(path) => starts.extend(call.world.canonical(&path)),
                None => return false,
            }
        }
        if operands.is_empty() {
            let path = here.known().and_then(|path| call.world.canonical(path));
            starts.extend(path);
        }
        starts.iter().all(|start| match call.world.status(start) {
            PathStatus::Directory if start == &tree.root || tree.may_track(start) => {
                self.below(start, tree, call.world)
            }
            PathStatus::Missing => true,
            _ => self.entry(start, tree, call.world),
        })
    }

    fn below(&mut self, directory: &Path, tree: &WorkTree, world: &dyn World) -> bool {
        let Some((names, false)) = world.list(directory, self.left) else {
            return false;
        };
        let Some(left) = self.left.checked_sub(names.len()) else {
            return false;
        };
        self.left = left;
        names
            .iter()
            .filter(|name| *name != ".git")
            .all(|name| self.entry(&directory.join(name), tree, world))
    }

    fn entry(&mut self, path: &Path, tree: &WorkTree, world: &dyn World) -> bool {
        let Some(entry) = world.entry(path) else {
            return true;
        };
        let is_directory = entry.kind == EntryKind::Directory;
        if tree.may_track(path) {
            return !is_directory || self.below(path, tree, world);
        }
        let ignored = tree.ignores(path, world);
        let wanted = if self.ignored_only {
            ignored || is_directory
        } else {
            self.ignored_too || !ignored
        };
        if !wanted || (is_directory && !self.directories && !self.ignored_only) {
            return true;
        }
        let text = path.to_str().map(Text::known);
        let loss = text.map(|text| files::loss(&text, &Directory::Known(tree.root.clone()), world));
        match loss {
            Some(Loss::BuildOutput | Loss::Temporary | Loss::New | Loss::Missing) => true,
            _ if is_directory => self.below(path, tree, world),
            _ => {
                self.lost.push(path.to_owned());
                true
            }
        }
    }
}
