//! npm, pnpm, yarn and bun: the scripts of `package.json`, with those before and after them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::document::{self, Node};
use super::{File, find, read, start, unseen, with_arguments};
use crate::call::{Call, Findings, Nested};
use crate::context::glob;
use crate::resolve::{Argument, Directory, Text, base_name};
use crate::rules;

/// Packages of one workspace whose scripts are looked at.
const PACKAGES: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

/// Options with a value in the next word.
const VALUED: &[&str] = &[
    "--workspace",
    "--prefix",
    "--registry",
    "--filter",
    "-F",
    "--filter-prod",
    "-C",
    "--dir",
    "--cwd",
    "--loglevel",
    "--tag",
    "--otp",
    "--access",
    "--depth",
    "--cache",
    "--omit",
    "--include",
    "--script-shell",
    "--userconfig",
    "--reporter",
    "--workspace-concurrency",
    "--config",
    "--env-file",
    "--modules-folder",
    "--test-pattern",
];

/// Commands of the managers that are no scripts, so that `yarn NAME` is none, either.
const COMMANDS: &[&str] = &[
    "access",
    "add",
    "approve-builds",
    "audit",
    "autoclean",
    "bin",
    "cache",
    "cat-file",
    "check",
    "completion",
    "config",
    "constraints",
    "create",
    "dedupe",
    "deploy",
    "dlx",
    "doctor",
    "env",
    "exec",
    "explain",
    "fetch",
    "global",
    "help",
    "import",
    "info",
    "init",
    "licenses",
    "link",
    "list",
    "login",
    "logout",
    "ls",
    "node",
    "npm",
    "outdated",
    "owner",
    "pack",
    "patch",
    "patch-commit",
    "pkg",
    "plugin",
    "pm",
    "policies",
    "prune",
    "publish",
    "rb",
    "rebuild",
    "remove",
    "repl",
    "rm",
    "root",
    "search",
    "self-update",
    "server",
    "set",
    "setup",
    "stage",
    "store",
    "tag",
    "team",
    "un",
    "uninstall",
    "unlink",
    "unplug",
    "up",
    "update",
    "upgrade",
    "upgrade-interactive",
    "version",
    "versions",
    "view",
    "whoami",
    "why",
    "x",
];

/// What the command line says.
#[derive(Debug, Default)]
struct Line {
    /// The words that are no options, up to the script's own.
    words: Vec<Argument>,
    /// What the script gets.
    rest: Vec<Argument>,
    directory: Option<Argument>,
    /// `-w NAME`, `--filter NAME`
    workspaces: Vec<Argument>,
    /// `-ws`, `-r`
    everywhere: bool,
    ignore_scripts: bool,
    script_shell: Option<Argument>,
    harmless: bool,
}

impl Line {
    fn read(manager: Manager, argv: &[Argument]) -> Self {
        let mut line = Self::default();
        let mut words = argv.iter();
        while let Some(word) = words.next() {
            let text = word.value.exact().unwrap_or_default();
            if text == "--" {
                line.rest.extend(words.cloned());
                break;
            }
            // All but npm leave what follows a script to it.
            let has_script = match line.words.first().and_then(|word| word.value.exact()) {
                None => false,
                Some("run" | "run-script") => line.words.len() > 1,
                Some("workspace" | "workspaces" | "foreach" | "recursive" | "multi") => false,
                Some(first) => !COMMANDS.contains(&first) && !is_install(first),
            };
            if has_script && manager != Manager::Npm {
                line.rest.push(word.clone());
                line.rest
                    .extend(words.filter(|w| w.value.exact() != Some("--")).cloned());
                break;
            }
            if !text.starts_with('-') || text == "-" {
                line.words.push(word.clone());
                continue;
            }
            let (name, attached) = match text.split_once('=') {
                Some((name, value)) => {
                    let value = Argument::known(value, word.location.clone());
                    (name, Some(value))
                }
                None => (text, None),
            };
            let is_workspace = name == "-w" && manager == Manager::Npm;
            let value = if VALUED.contains(&name) || is_workspace {
                attached.or_else(|| words.next().cloned())
            } else {
                None
            };
            match name {
                "--workspace" | "--filter" | "-F" | "--filter-prod" => {
                    line.workspaces.extend(value)
                }
                "-w" if is_workspace => line.workspaces.extend(value),
                "--prefix" | "-C" | "--dir" | "--cwd" => line.directory = value,
                "--script-shell" => line.script_shell = value,
                "-ws" | "--workspaces" | "-r" | "--recursive" => line.everywhere = true,
                "--ignore-scripts" => line.ignore_scripts = true,
                "--help" | "--version" => line.harmless = true,
                _ => {}
            }
        }
        line
    }

    /// The words without those that name a workspace: `yarn workspace web run build`.
    fn take_workspace(&mut self, manager: Manager) {
        let first = self.words.first().and_then(|word| word.value.exact());
        match first {
            Some("workspace") if manager == Manager::Yarn && self.words.len() > 1 => {
                let name = self.words.remove(1);
                self.words.remove(0);
                self.workspaces.push(name);
            }
            Some("workspaces" | "recursive" | "multi") => {
                self.words.remove(0);
                if self
                    .words
                    .first()
                    .is_some_and(|word| word.value.exact() == Some("foreach"))
                {
                    self.words.remove(0);
                }
                self.everywhere = true;
            }
            _ => {}
        }
    }
}

fn is_install(command: &str) -> bool {
    matches!(
        command,
        "install"
            | "i"
            | "ci"
            | "clean-install"
            | "ic"
            | "install-clean"
            | "isntall"
            | "in"
            | "ins"
    )
}

/// What a command line of a manager runs of a package.
enum Task<'a> {
    /// A script by its name.
    Script(&'a Argument),
    /// Scripts that come with what the manager itself does.
    Events(&'static [&'static str]),
    /// A script, or a program of the package.
    ScriptOrProgram(&'a Argument),
    /// The script of that name, or the two that it stands for.
    Restart,
    Nothing,
}

const INSTALLED: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
];

fn task<'a>(manager: Manager, words: &'a [Argument]) -> Task<'a> {
    let Some(first) = words.first() else {
        return if manager == Manager::Yarn {
            Task::Events(INSTALLED)
        } else {
            Task::Nothing
        };
    };
    let Some(name) = first.value.exact() else {
        return Task::Script(first);
    };
    let second = words.get(1);
    match name {
        "run" | "run-script" | "rum" | "urn" => match second {
            Some(script) if manager == Manager::Npm => Task::Script(script),
            Some(script) => Task::ScriptOrProgram(script),
            None => Task::Nothing,
        },
        "test" if manager == Manager::Bun => Task::Nothing,
        "test" | "start" | "stop" => Task::Script(first),
        "restart" => Task::Restart,
        "cit" | "clean-install-test" | "sit" | "it" | "install-test" | "install-ci-test" => {
            Task::Events(&[
                "preinstall",
                "install",
                "postinstall",
                "prepublish",
                "prepare",
                "pretest",
                "test",
                "posttest",
            ])
        }
        // With packages to add, npm leaves the project's own scripts alone.
        "install" | "i" | "in" | "ins" | "isntall" | "add"
            if manager == Manager::Npm && second.is_some() =>
        {
            Task::Nothing
        }
        "add" | "link" | "rebuild" | "rb" | "update" | "up" | "upgrade" | "import" | "remove"
        | "dedupe" => Task::Events(INSTALLED),
        name if is_install(name) => Task::Events(INSTALLED),
        "publish" => Task::Events(&[
            "prepublishOnly",
            "prepublish",
            "prepack",
            "prepare",
            "postpack",
            "publish",
            "postpublish",
        ]),
        "pack" => Task::Events(&["prepublish", "prepack", "prepare", "postpack"]),
        "version" => Task::Events(&["preversion", "version", "postversion"]),
        "exec" | "node" | "dlx" | "x" => Task::Nothing,
        name if manager == Manager::Npm || COMMANDS.contains(&name) => Task::Nothing,
        _ => Task::ScriptOrProgram(first),
    }
}

/// Judges a package manager by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command = call.command;
    let manager = match command.program().map(base_name) {
        Some("pnpm") => Manager::Pnpm,
        Some("yarn" | "yarnpkg") => Manager::Yarn,
        Some("bun") => Manager::Bun,
        _ => Manager::Npm,
    };
    let mut line = Line::read(manager, command.argv.get(1..).unwrap_or_default());
    line.take_workspace(manager);
    // A pattern of script names fits no file, and is handed on as it is.
    for word in &mut line.words {
        if word.value.has_glob() && !word.value.has_unknown() {
            word.value = Text::known(word.value.display());
            word.splits = false;
        }
    }
    if let Some(first) = line.words.first_mut()
        && matches!(first.value.exact(), Some("t" | "tst"))
    {
        first.value = Text::known("test");
    }
    if line.harmless {
        return;
    }
    let task = task(manager, &line.words);
    if matches!(task, Task::Nothing) {
        return;
    }
    let directory = match &line.directory {
        Some(given) => given
            .value
            .exact()
            .and_then(|path| command.directory.join(path)),
        None => command.directory.known().map(Path::to_owned),
    };
    let Some(directory) = directory.filter(|_| command.elsewhere.is_none()) else {
        unseen(call, findings);
        return;
    };
    let Some(file) = find(&directory, &["package.json"], call, findings) else {
        return;
    };
    let Some(root) = Package::read(file) else {
        return;
    };
    let packages = match line.everywhere || !line.workspaces.is_empty() {
        true => root.workspace(manager, &line.workspaces, call, findings),
        false => vec![root],
    };
    let mut seen = BTreeSet::new();
    for package in packages {
        if seen.insert(package.file.path.clone()) {
            Run {
                call,
                line: &line,
                manager,
                package: &package,
            }
            .task(&task, findings);
        }
    }
}

/// A `package.json`.
struct Package {
    file: File,
    content: Node,
}

impl Package {
    /// `None` if the manager could not read it, either.
    fn read(file: File) -> Option<Self> {
        let content = document::json(&file.text)?;
        Some(Self { file, content })
    }

    fn name(&self) -> Option<&str> {
        self.content.get("name")?.text()
    }

    /// The packages of the workspace that fit these names; all if there are none.
    fn workspace(
        self,
        manager: Manager,
        names: &[Argument],
        call: &Call<'_>,
        findings: &mut Findings,
    ) -> Vec<Self> {
        let mut patterns = match self.content.get("workspaces") {
            Some(node) => match node.get("packages") {
                Some(packages) => packages.texts(),
                None => node.texts(),
            },
            None => Vec::new(),
        };
        let root = self.file.directory().to_owned();
        let more = read(root.join("pnpm-workspace.yaml"), call, findings);
        let more = more.and_then(|file| document::yaml(&file.text));
        let more = more.and_then(|node| node.get("packages").cloned());
        patterns.extend(more.map(|node| node.texts()).unwrap_or_default());
        let mut packages = Vec::new();
        for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('!')) {
            let pattern = pattern.trim_end_matches('/');
            let pattern = pattern
                .strip_suffix("/**")
                .map_or(pattern.to_owned(), |base| format!("{base}/*"));
            let found = glob::names(&pattern, &root, call.world).unwrap_or_default();
            for directory in found {
                if packages.len() >= PACKAGES {
                    let reason = "this workspace has more packages than guard reads";
                    findings.opaque(reason, &call.command.location);
                    return packages;
                }
                let path: PathBuf = root.join(directory).join("package.json");
                let package = read(path, call, findings).and_then(Self::read);
                packages.extend(package);
            }
        }
        // All packages are those below the root, but for yarn.
        if manager == Manager::Yarn || !names.is_empty() {
            packages.push(self);
        }
        let known: Option<Vec<&str>> = names.iter().map(|name| name.value.exact()).collect();
        if let Some(known) = known.filter(|known| !known.is_empty()) {
            packages.retain(|package| {
                let directory = package.file.directory();
                known.iter().any(|name| {
                    let by_path = directory == root.join(name.trim_start_matches("./"));
                    // Patterns and `...` of `--filter` may mean more than one.
                    let is_pattern = name.contains(['*', '.', '{', '[', '!', '^']);
                    by_path
                        || package.name() == Some(name)
                        || (is_pattern && !name.starts_with("./"))
                })
            });
        }
        packages
    }
}

/// One run of a manager in one package.
struct Run<'a> {
    call: &'a Call<'a>,
    line: &'a Line,
    manager: Manager,
    package: &'a Package,
}

impl Run<'_> {
    fn task(&self, task: &Task<'_>, findings: &mut Findings) {
        match task {
            Task::Nothing => {}
            Task::Restart => {
                self.script("prerestart", &[], findings);
                if !self.script("restart", &[], findings) {
                    let both = Text::known("npm stop --if-present && npm start");
                    let mut by = self.call.command.clone();
                    by.directory = Directory::Known(self.package.file.directory().to_owned());
                    start(&by, &["sh", "-c"], &both, &by.location.clone(), findings);
                }
                self.script("postrestart", &[], findings);
            }
            Task::Events(names) => {
                if !self.line.ignore_scripts {
                    for name in *names {
                        self.script(name, &[], findings);
                    }
                }
            }
            Task::Script(word) | Task::ScriptOrProgram(word) => {
                let Some(name) = word.value.exact().filter(|_| !word.splits) else {
                    let reason = format!(
                        "which script runs is known only then: {}",
                        word.value.display()
                    );
                    findings.opaque(reason, &word.location);
                    return;
                };
                let arguments = self.arguments(word);
                if !self.line.ignore_scripts {
                    self.script(&format!("pre{name}"), &[], findings);
                }
                let found = self.script(name, &arguments, findings);
                if !self.line.ignore_scripts {
                    self.script(&format!("post{name}"), &[], findings);
                }
                if !found {
                    self.without_script(task, word, &arguments, findings);
                }
            }
        }
    }

    /// The words behind the script's name.
    fn arguments(&self, script: &Argument) -> Vec<Argument> {
        let words = &self.line.words;
        let at = words.iter().position(|word| word == script);
        let behind = at.and_then(|at| words.get(at + 1..)).unwrap_or_default();
        behind.iter().chain(&self.line.rest).cloned().collect()
    }

    /// No script has that name.
    fn without_script(
        &self,
        task: &Task<'_>,
        word: &Argument,
        arguments: &[Argument],
        findings: &mut Findings,
    ) {
        let argv: Vec<Argument> = std::iter::once(word).chain(arguments).cloned().collect();
        match (task, word.value.exact()) {
            (_, Some(pattern)) if pattern.contains('*') || pattern.starts_with('/') => {
                for (name, _) in self.scripts() {
                    if fits(pattern, name) {
                        self.script(name, arguments, findings);
                    }
                }
            }
            (Task::ScriptOrProgram(_), Some(name)) => {
                let mut command = self.call.command.clone();
                command.redirections = Vec::new();
                let is_file = name.contains('/') || name.contains('.');
                command.argv = if is_file && self.manager == Manager::Bun {
                    let runtime = Argument::known("node", word.location.clone());
                    std::iter::once(runtime).chain(argv).collect()
                } else {
                    rules::packaged(argv, self.call.world)
                };
                findings.nested.push(Nested::Command(Box::new(command)));
            }
            _ => {}
        }
    }

    fn scripts(&self) -> &[(String, Rc<Node>)] {
        self.package
            .content
            .get("scripts")
            .map_or(&[], |scripts| scripts.entries())
    }

    /// Starts a script; false if there is none of that name.
    fn script(&self, name: &str, arguments: &[Argument], findings: &mut Findings) -> bool {
        let Some(node) = self.package.content.at(&["scripts", name]) else {
            return false;
        };
        let Some(script) = node.text() else {
            return false;
        };
        let file = &self.package.file;
        let place = file.place(node.line, &self.call.command.location);
        let mut by = self.call.command.clone();
        by.directory = Directory::Known(file.directory().to_owned());
        let mut set = |name: &str, value: &str| {
            by.environment.set(name, Some(Text::known(value)));
        };
        set("npm_lifecycle_event", name);
        set("npm_lifecycle_script", script);
        set("npm_package_json", &file.path.to_string_lossy());
        for key in ["name", "version"] {
            if let Some(value) = self.package.content.get(key).and_then(|node| node.text()) {
                set(&format!("npm_package_{key}"), value);
            }
        }
        for (key, value) in self
            .package
            .content
            .get("config")
            .map_or(&[][..], |c| c.entries())
        {
            if let Some(value) = value.text() {
                set(&format!("npm_package_config_{key}"), value);
            }
        }
        let shell = self.shell(findings);
        let shell: Vec<&str> = shell.iter().map(String::as_str).chain(["-c"]).collect();
        let text = with_arguments(script, arguments);
        start(&by, &shell, &text, &place, findings);
        true
    }

    /// The shell that runs scripts: `sh`, unless a setting names another.
    fn shell(&self, findings: &mut Findings) -> Vec<String> {
        let given = self
            .line
            .script_shell
            .as_ref()
            .map(|word| word.value.clone());
        let world = self.call.world;
        let set = given.or_else(|| self.call.command.variable(world, "npm_config_script_shell"));
        if let Some(set) = set {
            return vec![set.display().into_owned()];
        }
        let settings = read(
            self.package.file.directory().join(".npmrc"),
            self.call,
            findings,
        );
        let settings = settings.map(|file| file.text).unwrap_or_default();
        let shell = settings.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == "script-shell").then(|| value.trim().trim_matches('"').to_owned())
        });
        vec![shell.unwrap_or_else(|| "sh".to_owned())]
    }
}

/// Whether a name fits a pattern of script names: `build:*`.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}
