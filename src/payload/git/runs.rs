//! What git runs by its settings: those of the command line, of the environment and of its files.
//!
//! Owns where settings come from. A person's own files are asked for aliases alone; what the
//! text itself sets, or names as a file, is all judged.

use std::path::{Path, PathBuf};

use super::config::{self, Runs, Setting};
use super::directory;
use crate::call::{Call, Findings, Nested};
use crate::context::git::WorkTree;
use crate::location::Location;
use crate::payload::later;
use crate::resolve::{Argument, Command, Content, Origin, Stdin, Text, Written};
use crate::shell::Dialect;
use crate::world::{ReadError, World};

/// Files that name files.
const INCLUDES: usize = 4;

/// Programs that git looks for in the directory of its hooks.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "push-to-checkout",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "reference-transaction",
    "post-index-change",
];

/// Judges what the settings of this very command make git run, and follows an alias.
pub(super) fn configuration(call: &Call<'_>, findings: &mut Findings) {
    let mut given = given(call, findings);
    for file in named_files(call) {
        given.extend(settings_of(&file, call.world, 0));
    }
    for (setting, place) in given.clone() {
        if let Some(Runs::Include(path)) = setting.runs()
            && let Some(here) = call.command.directory.join("config")
            && let Some(path) = included(&path, &here, call.world)
        {
            let more = settings_of(&path, call.world, 1).into_iter();
            given.extend(more.map(|(setting, _)| (setting, place.clone())));
        }
    }
    for (setting, place) in &given {
        if let Some(runs) = setting
            .runs()
            .filter(|runs| !matches!(runs, Runs::Include(_)))
        {
            follow(&runs, place, call.command, call.world, findings);
        }
    }
    for operand in &call.args.operands {
        if let Some(text) = config::external(&operand.value) {
            let runs = Runs::Shell(text);
            follow(&runs, &operand.location, call.command, call.world, findings);
        }
    }
    if call.args.command.is_empty() {
        alias(given, call, findings);
    }
}

type Given = Vec<(Setting, Location)>;

/// The settings that stand on the command line and in variables.
fn given(call: &Call<'_>, findings: &mut Findings) -> Given {
    let mut given: Given = Vec::new();
    let here = &call.command.location;
    let variable = |name: &str| call.command.variable(call.world, name);
    for setting in call.args.all("-c") {
        let prefix = setting.value.known_prefix();
        if let Some((name, _)) = prefix.split_once('=') {
            let value = setting.value.after(name.len() + 1);
            given.push((Setting::new(name, value), setting.location.clone()));
        } else if setting.value.exact().is_none() {
            let reason = format!("a setting of git is not known: {}", setting.value.display());
            findings.opaque(reason, &setting.location);
        }
    }
    for setting in call.args.all("--config-env") {
        let name_and_variable = setting.value.exact().and_then(|text| text.rsplit_once('='));
        if let Some((name, from)) = name_and_variable {
            let value = variable(from).unwrap_or_else(|| Text::unknown(format!("${from}")));
            given.push((Setting::new(name, value), setting.location.clone()));
        }
    }
    let count = variable("GIT_CONFIG_COUNT");
    let count = count.as_ref().and_then(Text::exact);
    for index in 0..count
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
        .min(256_usize)
    {
        let name = variable(&format!("GIT_CONFIG_KEY_{index}"));
        let value = variable(&format!("GIT_CONFIG_VALUE_{index}"));
        if let (Some(name), Some(value)) = (name.as_ref().and_then(Text::exact), value) {
            given.push((Setting::new(name, value), here.clone()));
        }
    }
    if let Some(parameters) = variable("GIT_CONFIG_PARAMETERS") {
        let words = parameters
            .exact()
            .and_then(|text| shell_words::split(text).ok());
        match words {
            Some(words) => given.extend(words.iter().filter_map(|word| {
                let (name, value) = word.split_once('=')?;
                Some((Setting::new(name, Text::known(value)), here.clone()))
            })),
            None => findings.opaque("the settings in GIT_CONFIG_PARAMETERS are not known", here),
        }
    }
    given
}

/// Files of settings that this text names, and that are not what guard found when it started.
fn named_files(call: &Call<'_>) -> Vec<PathBuf> {
    let names = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"];
    let files = names.iter().filter_map(|name| {
        let file = call.command.variable(call.world, name)?;
        let file = file.exact()?;
        let own = call.world.env(name).as_deref() == Some(file);
        (!own && !file.is_empty()).then(|| call.command.directory.join(file))?
    });
    files.collect()
}

fn settings_of(file: &Path, world: &dyn World, depth: usize) -> Given {
    let Ok(text) = world.read(file) else {
        return Vec::new();
    };
    let mut given = Vec::new();
    for setting in config::settings(&Text::known(text), None) {
        if let Some(Runs::Include(path)) = setting.runs()
            && let Some(path) = included(&path, file, world).filter(|_| depth < INCLUDES)
        {
            given.extend(settings_of(&path, world, depth + 1));
        }
        given.push((setting, Location::default()));
    }
    given
}

/// A path in a setting: from the home directory, or beside the file that names it.
fn included(path: &Text, file: &Path, world: &dyn World) -> Option<PathBuf> {
    let path = path.exact()?;
    match path.strip_prefix("~/") {
        Some(rest) => Some(world.home()?.join(rest)),
        None => Some(file.parent()?.join(path)),
    }
}

/// Judges what a setting runs, in the place of `by`.
pub(in crate::payload) fn follow(
    runs: &Runs,
    place: &Location,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let mut by = by.clone();
    by.redirections = Vec::new();
    by.stdin = Stdin::Empty;
    match runs {
        Runs::Shell(text) => findings.nested.push(Nested::Shell {
            text: text.clone(),
            origin: Origin::Place(place.clone()),
            arguments: Vec::new(),
            by: Box::new(by),
            shell: Dialect::from("sh"),
        }),
        Runs::Hooks(directory) => hooks(directory, place, &by, world, findings),
        Runs::Include(path) => {
            let path = path.exact().and_then(|path| match path.strip_prefix("~/") {
                Some(rest) => Some(world.home()?.join(rest)),
                None => by.directory.join(path),
            });
            for (setting, _) in path
                .map(|path| settings_of(&path, world, 1))
                .unwrap_or_default()
            {
                if let Some(runs) = setting
                    .runs()
                    .filter(|runs| !matches!(runs, Runs::Include(_)))
                {
                    follow(&runs, place, &by, world, findings);
                }
            }
        }
    }
}

/// The hooks that are in a directory now.
fn hooks(
    directory: &Text,
    place: &Location,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let base = directory
        .exact()
        .and_then(|path| match path.strip_prefix("~/") {
            Some(rest) => Some(world.home()?.join(rest)),
            None => by.directory.join(path),
        });
    let Some(base) = base else {
        let reason = format!("git would run hooks from `{}`", directory.display());
        findings.opaque(reason, place);
        return;
    };
    for hook in HOOKS {
        let file = base.join(hook);
        match world.read(&file) {
            Ok(text) => later::program(&file, &Text::known(text), by, place, findings),
            Err(ReadError::Missing(_) | ReadError::NotText(_) | ReadError::NotRegular(_)) => {}
            Err(error) => findings.opaque(format!("a hook of git: {error}"), place),
        }
    }
}

/// A command of the user's own: `git undo`.
fn alias(given: Given, call: &Call<'_>, findings: &mut Findings) {
    let Some(word) = &call.args.unknown_command else {
        return;
    };
    let Some(name) = word.value.exact() else {
        return;
    };
    let mut files = given;
    // The last word counts, so the nearest file comes last.
    let near = repository_config(call);
    let home = call.world.home();
    for file in [
        Some(PathBuf::from("/etc/gitconfig")),
        home.as_ref().map(|home| home.join(".config/git/config")),
        home.map(|home| home.join(".gitconfig")),
        near,
    ]
    .into_iter()
    .flatten()
    .rev()
    {
        files.extend(settings_of(&file, call.world, 0).into_iter().rev());
    }
    let found = files.into_iter().find(|(setting, _)| {
        setting
            .alias()
            .is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    });
    let Some((setting, _)) = found else {
        return;
    };
    findings.unlisted.clear();
    findings
        .effects
        .retain(|effect| effect.rule.rule != "unknown-command");
    let mut inner = call.command.clone();
    inner.redirections = Vec::new();
    if setting.value.known_prefix().starts_with('!') {
        let mut text = setting.value.after(1);
        text.push_known(" \"$@\"");
        let zero = Argument::known(name, word.location.clone());
        findings.nested.push(Nested::Shell {
            text,
            origin: Origin::Place(word.location.clone()),
            arguments: std::iter::once(zero)
                .chain(call.args.operands.iter().cloned())
                .collect(),
            by: Box::new(inner),
            shell: Dialect::from("sh"),
        });
        return;
    }
    let words = setting
        .value
        .exact()
        .and_then(|text| shell_words::split(text).ok());
    let at = inner.argv.iter().position(|other| other == word);
    match (words, at) {
        (Some(words), Some(at)) => {
            let words = words
                .into_iter()
                .map(|part| Argument::known(part, word.location.clone()));
            inner.argv.splice(at..=at, words);
            findings.nested.push(Nested::Command(Box::new(inner)));
        }
        _ => findings.opaque(
            format!("the alias `{name}` of git is not known"),
            &word.location,
        ),
    }
}

/// The configuration of the repository that the command works in, or would once it is one.
fn repository_config(call: &Call<'_>) -> Option<PathBuf> {
    let directory = directory(call);
    let path = directory.known()?;
    let tree = call.world.canonical(path);
    let tree = tree.and_then(|path| WorkTree::of(&path, call.world));
    Some(match tree {
        Some(tree) => tree.directory.join("config"),
        None => path.join(".git/config"),
    })
}

/// `git config KEY VALUE` writes a setting.
pub(super) fn write(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    let reads = [
        "--get",
        "--get-all",
        "--get-regexp",
        "--get-urlmatch",
        "--list",
        "--unset",
        "--unset-all",
        "--remove-section",
        "--rename-section",
        "--edit",
        "--get-color",
        "--get-colorbool",
    ];
    if reads
        .iter()
        .any(|flag| args.flag(flag) || args.option(flag).is_some())
    {
        return;
    }
    let [name, value, ..] = args.operands.as_slice() else {
        return;
    };
    let home = call.world.home();
    let file = if let Some(file) = args.option("--file") {
        file.value
            .exact()
            .and_then(|file| call.command.directory.join(file))
    } else if args.flag("--global") {
        home.map(|home| home.join(".gitconfig"))
    } else if args.flag("--system") {
        Some(PathBuf::from("/etc/gitconfig"))
    } else {
        repository_config(call)
    };
    let content = name
        .value
        .exact()
        .and_then(|name| config::written(name, &value.value));
    match (file, content) {
        (Some(file), Some(content)) => findings.written.push(Written {
            path: Text::known(file.to_string_lossy()),
            content: Content::Added(content),
            location: value.location.clone(),
        }),
        // What is set where is not known, but what it would run may be.
        _ => {
            let name = name.value.exact();
            let runs = name.and_then(|name| Setting::new(name, value.value.clone()).runs());
            if let Some(runs) = runs {
                follow(&runs, &value.location, call.command, call.world, findings);
            }
        }
    }
}
