//! Builtins that change what the shell knows, or run what stands in their arguments.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::command::{Argument, Directory, Stdin, base_name};
use super::interpreter::Interpreter;
use super::pure;
use super::redirection::Io;
use super::source::Origin;
use super::state::{Function, Value};
use super::text::{Part, Text};
use crate::location::Location;
use crate::world::{PathStatus, ReadError, World};

impl Interpreter<'_> {
    /// Follows a builtin; `None` if it is none, or one that only prints.
    pub(super) fn builtin(
        &mut self,
        name: &str,
        argv: &[Argument],
        io: &Io,
        stdin: &Stdin,
        location: &Location,
    ) -> Option<Text> {
        let operands = argv.get(1..).unwrap_or_default();
        if TAKES_NAMES.contains(&name) {
            for operand in operands
                .iter()
                .filter(|operand| operand.value.display().contains('['))
            {
                self.expand_again(&operand.value, name);
            }
        }
        match name {
            "eval" => Some(self.eval(operands, io, location)),
            "source" | "." => Some(self.source_file(operands, io, location)),
            "command" | "builtin" | "exec" => {
                let Some(skip) = prefix_options(name, operands) else {
                    // `command -v` only looks something up.
                    self.emit_redirections(io, location);
                    return Some(Text::unknown(format!("{name} -v")));
                };
                let rest = argv.get(1 + skip..).unwrap_or_default();
                if rest.is_empty() {
                    return None;
                }
                Some(self.peeled(name, rest.to_vec(), io, stdin.clone(), location))
            }
            "cd" | "chdir" | "pushd" => {
                self.change_directory(operands);
                None
            }
            "mkdir" => {
                self.make_directories(operands);
                None
            }
            "popd" => {
                self.state.directory = Directory::Unknown("the directory that `popd` gives".into());
                None
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                self.declare(name, operands);
                None
            }
            "unset" => {
                for operand in operands {
                    if let Some(variable) =
                        operand.value.exact().filter(|text| !text.starts_with('-'))
                    {
                        Rc::make_mut(&mut self.state.functions).remove(variable);
                        self.state.set(self.world, variable, Value::Unset);
                    }
                }
                None
            }
            "set" => {
                self.set_options(operands);
                None
            }
            "hash" => {
                self.remember_program(operands);
                None
            }
            "cp" | "ln" | "mv" | "install" => {
                self.copy_program(operands);
                None
            }
            "shift" => {
                let count = match operands.first().map(|operand| operand.value.exact()) {
                    None => Some(1),
                    Some(text) => text.and_then(|text| text.parse::<usize>().ok()),
                };
                self.state.arguments = match (self.state.arguments.take(), count) {
                    (Some(arguments), Some(count)) if count <= arguments.len() => {
                        Some(arguments.into_iter().skip(count).collect())
                    }
                    (Some(arguments), Some(_)) => Some(arguments),
                    _ => None,
                };
                None
            }
            "alias" => {
                for operand in operands {
                    if let Some((alias, text)) =
                        operand.value.exact().and_then(|t| t.split_once('='))
                    {
                        Rc::make_mut(&mut self.state.aliases)
                            .insert(alias.to_owned(), text.to_owned());
                    }
                }
                None
            }
            "unalias" => {
                self.state.aliases = Rc::default();
                None
            }
            "shopt" => {
                let words: Vec<&str> = operands.iter().filter_map(|o| o.value.exact()).collect();
                if words.contains(&"expand_aliases") {
                    self.state.expand_aliases = words.contains(&"-s");
                }
                None
            }
            "trap" => {
                if let Some(operand) = operands.iter().find(|o| o.value.exact() != Some("--")) {
                    self.trap(operand);
                }
                None
            }
            "read" | "mapfile" | "readarray" | "getopts" => {
                self.read(name, operands, stdin);
                None
            }
            "printf" => self.printf_to_variable(operands, stdin),
            "let" => {
                for operand in operands {
                    let text = operand.value.display().into_owned();
                    self.forget_assigned(&text);
                }
                None
            }
            _ => None,
        }
    }

    /// What stands after `command`, `builtin` or `exec`. Functions are not looked at there.
    fn peeled(
        &mut self,
        by: &str,
        argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: &Location,
    ) -> Text {
        let functions = std::mem::take(&mut self.state.functions);
        let output = if by == "exec" {
            let output = pure::output(&argv, &stdin, &self.state.directory, self.world);
            self.emit(argv, io, stdin, location.clone());
            output
        } else {
            self.deeper(|shell| shell.run(argv, io, stdin, location.clone()))
        };
        self.state.functions = functions;
        output
    }

    fn emit_redirections(&mut self, io: &Io, location: &Location) {
        if !io.redirections.is_empty() {
            self.emit(Vec::new(), io, Stdin::Empty, location.clone());
        }
    }

    fn eval(&mut self, operands: &[Argument], io: &Io, location: &Location) -> Text {
        self.emit_redirections(io, location);
        let outer_stdin = self.state.stdin.clone();
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
        }
        let operands = match operands.first() {
            Some(first) if first.value.exact() == Some("--") => {
                operands.get(1..).unwrap_or_default()
            }
            _ => operands,
        };
        let mut text = Text::empty();
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                text.push_known(" ");
            }
            text.append(operand.value.clone());
        }
        let origin = match operands {
            [only] => only.verbatim.map_or_else(
                || Origin::Place(only.location.clone()),
                |offset| Origin::Verbatim { offset },
            ),
            _ => Origin::Place(location.clone()),
        };
        let output = self.unsure_text(&text, origin, location, "eval");
        self.state.stdin = outer_stdin;
        output
    }

    /// Runs a text of which parts may not be known. Such a part is opaque: it may hold anything.
    pub(super) fn unsure_text(
        &mut self,
        text: &Text,
        origin: Origin,
        location: &Location,
        by: &str,
    ) -> Text {
        if let Some(known) = text.exact() {
            let known = known.to_owned();
            return self.text(&known, origin);
        }
        let mut sources = Vec::new();
        for part in text.parts() {
            if let Part::Unknown(source) = part
                && !self.is_for_this_shell(source)
            {
                sources.push(source.clone());
            }
        }
        if let Some(source) = sources.first() {
            let reason = format!("`{by}` runs text that is known only when it runs: {source}");
            self.sink.opaque(reason, location.clone());
        }
        // What stands around the unknown parts is still known.
        let mut holes = Vec::new();
        let rendered = text.render(|index, source| {
            holes.push(source.to_owned());
            format!("${{__guard_hole_{index}}}")
        });
        for (index, source) in holes.into_iter().enumerate() {
            let name = format!("__guard_hole_{index}");
            if self.is_for_this_shell(&source) {
                self.state
                    .set(self.world, &name, Value::Scalar(Text::known(":")));
                self.state.environment.uncertain = true;
            } else {
                self.state
                    .set(self.world, &name, Value::Scalar(Text::unknown(source)));
            }
        }
        if text
            .parts()
            .iter()
            .all(|part| matches!(part, Part::Unknown(_)))
        {
            return Text::unknown("an unknown text");
        }
        self.text(&rendered, Origin::Place(location.clone()))
    }

    /// Whether a text that is not known is what programs print for `eval`, or what the program that
    /// started this shell handed it on a descriptor: the shell's earlier state, as Cursor does.
    fn is_for_this_shell(&self, source: &str) -> bool {
        let inner = source
            .strip_prefix("$(")
            .and_then(|rest| rest.strip_suffix(')'));
        let handed = inner
            .map(str::trim)
            .and_then(|inner| {
                inner
                    .strip_prefix("command ")
                    .unwrap_or(inner)
                    .strip_prefix("cat <&")
            })
            .and_then(|descriptor| descriptor.parse().ok())
            // From 10 on the shell itself gives out numbers.
            .is_some_and(|descriptor: u32| {
                (3..10).contains(&descriptor) && !self.opened.contains(&descriptor)
            });
        (self.outermost && handed) || prints_environment(source)
    }

    fn source_file(&mut self, operands: &[Argument], io: &Io, location: &Location) -> Text {
        self.emit_redirections(io, location);
        let operands = match operands.first() {
            Some(first) if first.value.exact() == Some("--") => {
                operands.get(1..).unwrap_or_default()
            }
            _ => operands,
        };
        let Some(file) = operands.first() else {
            return Text::empty();
        };
        let path = file
            .value
            .exact()
            .and_then(|path| self.directory().join(path));
        let Some(path) = path else {
            let reason = format!(
                "`source` runs a file that is known only when it runs: {}",
                file.value.display()
            );
            self.sink.opaque(reason, location.clone());
            return Text::unknown("a sourced file");
        };
        if self.elsewhere.is_some() {
            self.sink.opaque(
                "`source` runs a file on another machine".to_owned(),
                location.clone(),
            );
            return Text::unknown("a sourced file");
        }
        // Unless this very text writes them.
        if self.is_start_up_file(&path) && !self.world.is_written(&path) {
            self.state.environment.uncertain = true;
            return Text::empty();
        }
        let outer_arguments = self.state.arguments.clone();
        if let Some(rest) = operands.get(1..).filter(|rest| !rest.is_empty()) {
            let known = !rest.iter().any(|argument| argument.splits);
            self.state.arguments =
                known.then(|| rest.iter().map(|argument| argument.value.clone()).collect());
        }
        let output = match self.world.read(&path) {
            Ok(text) => {
                let origin = Origin::File {
                    path: Rc::from(path.as_path()),
                    place: location.span,
                };
                self.text(&text, origin)
            }
            // The shell finds nothing to run, either.
            Err(ReadError::Missing(_)) => Text::empty(),
            Err(error) => {
                self.sink.opaque(
                    format!("`source` runs a file that {}", because(&error)),
                    location.clone(),
                );
                Text::unknown("a sourced file")
            }
        };
        self.state.arguments = outer_arguments;
        output
    }

    /// A person's start-up files, and the system's, run in every login shell: they are not judged
    /// when they are read, but when something is written into them.
    pub(super) fn is_start_up_file(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let home = self.world.home();
        let own = path.parent() == home.as_deref() && START_UP.iter().any(|file| *file == name);
        let systems = [
            "/etc/profile",
            "/etc/bash.bashrc",
            "/etc/bashrc",
            "/etc/zshrc",
        ];
        own || systems.iter().any(|file| path == Path::new(file))
    }

    fn change_directory(&mut self, operands: &[Argument]) {
        let mut target = None;
        let mut options = true;
        for operand in operands {
            match operand.value.exact() {
                Some("--") if options => options = false,
                Some("-P" | "-L" | "-e" | "-@" | "-n") if options => {}
                _ => {
                    target = Some(operand);
                    break;
                }
            }
        }
        let before = self.directory();
        let value = match target {
            None => self
                .scalar("HOME")
                .unwrap_or_else(|| Text::unknown("$HOME")),
            Some(operand) if operand.splits => Text::unknown(operand.value.display().into_owned()),
            Some(operand) => operand.value.clone(),
        };
        let path = value
            .exact()
            .filter(|path| *path != "-" && !path.is_empty());
        let Some(path) = path.and_then(|path| before.join(path)) else {
            self.state.directory = Directory::Unknown(value.display().into_owned());
            self.state.directory_if_cd_failed = None;
            return;
        };
        let path = normalized(&path);
        let certain = self.elsewhere.is_some()
            || self.errexit
            || self.world.status(&path) == PathStatus::Directory
            || self.world.is_made(&path);
        self.state.directory = Directory::Known(path);
        self.state.directory_if_cd_failed = if certain { None } else { Some(before) };
    }

    /// No builtin, but what it makes decides whether a later `cd` works.
    fn make_directories(&mut self, operands: &[Argument]) {
        let words: Option<Vec<&str>> = operands
            .iter()
            .map(|operand| operand.value.exact().filter(|_| !operand.splits))
            .collect();
        let Some(words) = words else { return };
        let parents = words.iter().any(|word| {
            *word == "--parents"
                || !word.starts_with("--") && word.starts_with('-') && word.contains('p')
        });
        for word in words.iter().filter(|word| !word.starts_with('-')) {
            if let Some(path) = self.directory().join(word)
                && self.elsewhere.is_none()
            {
                self.world.make_directory(&normalized(&path), parents);
            }
        }
    }

    /// `hash -p FILE NAME`: from now on NAME is that file.
    fn remember_program(&mut self, operands: &[Argument]) {
        let words: Vec<&str> = operands
            .iter()
            .filter_map(|operand| operand.value.exact())
            .collect();
        if let ["-p", file, names @ ..] = words.as_slice() {
            for name in names {
                let script = crate::shell::parse(&format!("{} \"$@\"", shell_words::quote(file)));
                if let Some(body) = script.list.into_iter().next() {
                    let source = std::rc::Rc::clone(&self.source);
                    let function = Function {
                        body: Rc::new(body),
                        source,
                    };
                    Rc::make_mut(&mut self.state.functions).insert((*name).to_owned(), function);
                }
            }
        }
    }

    /// No builtin, but a copy of a program under another name is still that program.
    fn copy_program(&mut self, operands: &[Argument]) {
        let words: Vec<&str> = operands
            .iter()
            .filter_map(|operand| operand.value.exact())
            .filter(|word| !word.starts_with('-'))
            .collect();
        if let [from, to] = words.as_slice()
            && self.elsewhere.is_none()
            && let (Some(from), Some(to)) = (self.directory().join(from), self.directory().join(to))
        {
            self.world.copy(&normalized(&from), &normalized(&to));
        }
    }

    fn declare(&mut self, name: &str, operands: &[Argument]) {
        let mut exports = name == "export";
        let mut map = false;
        let mut reference = false;
        let mut functions = false;
        for operand in operands {
            let Some(prefix) = operand.value.parts().first() else {
                continue;
            };
            let (Part::Known(prefix) | Part::Glob(prefix)) = prefix else {
                continue;
            };
            if let Some(flags) = prefix.strip_prefix('-') {
                exports |= flags.contains('x');
                map |= flags.contains('A');
                reference |= flags.contains('n');
                functions |= flags.contains('f');
                continue;
            }
            let (variable, value) = match prefix.split_once('=') {
                Some((variable, _)) => (variable, Some(after_equals(&operand.value))),
                None => (prefix.as_str(), None),
            };
            let (variable, append) = match variable.strip_suffix('+') {
                Some(variable) => (variable, true),
                None => (variable, false),
            };
            let variable = variable.to_owned();
            if functions {
                // A bash that is started later imports it under this name.
                if exports {
                    let name = format!("BASH_FUNC_{variable}%%");
                    self.state
                        .environment
                        .set(&name, Some(Text::unknown("a function")));
                }
                continue;
            }
            match value {
                // A reference to another variable: what it gives is not followed.
                Some(value) if reference => {
                    let unknown = Text::unknown(value.display().into_owned());
                    self.state
                        .set(self.world, &variable, Value::Scalar(unknown));
                }
                Some(value) => {
                    let mut text = if append {
                        self.scalar(&variable).unwrap_or_default()
                    } else {
                        Text::empty()
                    };
                    text.append(value);
                    self.state.set(self.world, &variable, Value::Scalar(text));
                }
                None if map => {
                    let current = self.state.variable(self.world, &variable);
                    if !matches!(current, Some(Value::Map(_))) {
                        let empty = Value::Map(std::collections::BTreeMap::new());
                        self.state.set(self.world, &variable, empty);
                    }
                }
                None => {}
            }
            if exports {
                self.state.export(self.world, &variable);
            }
        }
    }

    fn set_options(&mut self, operands: &[Argument]) {
        for (index, operand) in operands.iter().enumerate() {
            let Some(text) = operand.value.exact() else {
                self.state.arguments = None;
                return;
            };
            match text {
                "--" | "-" => {
                    self.set_arguments(operands.get(index + 1..).unwrap_or_default());
                    return;
                }
                _ if text.starts_with('-') && !text.starts_with("--") => {
                    self.errexit |= text.contains('e');
                }
                _ if text.starts_with('+') => self.errexit &= !text.contains('e'),
                "errexit" => self.errexit = true,
                "pipefail"
                | "nounset"
                | "xtrace"
                | "noglob"
                | "noclobber"
                | "verbose"
                | "posix"
                | "emacs"
                | "vi"
                | "allexport"
                | "monitor"
                | "noexec"
                | "physical"
                | "errtrace"
                | "functrace"
                | "history"
                | "braceexpand"
                | "hashall"
                | "ignoreeof"
                | "interactive-comments"
                | "keyword"
                | "nolog"
                | "notify"
                | "onecmd"
                | "privileged" => {}
                _ => {
                    self.set_arguments(operands.get(index..).unwrap_or_default());
                    return;
                }
            }
        }
    }

    fn set_arguments(&mut self, operands: &[Argument]) {
        let known = !operands.iter().any(|operand| operand.splits);
        self.state.arguments = known.then(|| {
            operands
                .iter()
                .map(|operand| operand.value.clone())
                .collect()
        });
    }

    fn trap(&mut self, operand: &Argument) {
        match operand.value.exact() {
            Some("" | "-" | "-p" | "-l") => {}
            _ => {
                let origin = operand.verbatim.map_or_else(
                    || Origin::Place(operand.location.clone()),
                    |offset| Origin::Verbatim { offset },
                );
                let (value, location) = (operand.value.clone(), operand.location.clone());
                self.conditional += 1;
                self.subshell(|shell| shell.unsure_text(&value, origin, &location, "trap"));
                self.conditional -= 1;
            }
        }
    }

    fn read(&mut self, name: &str, operands: &[Argument], stdin: &Stdin) {
        let mut names = Vec::new();
        let mut skip = false;
        for operand in operands {
            let Some(text) = operand.value.exact() else {
                continue;
            };
            if std::mem::take(&mut skip) {
                continue;
            }
            if let Some(flags) = text.strip_prefix('-') {
                skip = flags.ends_with(['d', 'i', 'n', 'N', 'p', 't', 'u', 'O', 's', 'C', 'c'])
                    && !flags.ends_with('s');
                if flags.ends_with('a') {
                    continue;
                }
            } else {
                names.push(text.to_owned());
            }
        }
        if names.is_empty() {
            names.push(if name == "read" { "REPLY" } else { "MAPFILE" }.to_owned());
        }
        // One known line into one variable, outside of loops, is as good as an assignment.
        let line = match (stdin, name, self.conditional, names.as_slice()) {
            (Stdin::Text(text), "read", 0, [_]) => text
                .exact()
                .map(|text| text.lines().next().unwrap_or_default().trim().to_owned()),
            _ => None,
        };
        for variable in names {
            let text = match &line {
                Some(line) => Text::known(line.clone()),
                None => Text::unknown(format!("${variable}")),
            };
            self.state.set(self.world, &variable, Value::Scalar(text));
        }
    }

    fn printf_to_variable(&mut self, operands: &[Argument], stdin: &Stdin) -> Option<Text> {
        let [flag, variable, rest @ ..] = operands else {
            return None;
        };
        if flag.value.exact() != Some("-v") {
            return None;
        }
        let variable = variable.value.exact()?.to_owned();
        let mut argv = vec![Argument::known("printf", flag.location.clone())];
        argv.extend(rest.iter().cloned());
        let text = pure::output(&argv, stdin, &self.state.directory, self.world);
        self.state.set(self.world, &variable, Value::Scalar(text));
        Some(Text::empty())
    }

    fn forget_assigned(&mut self, expression: &str) {
        let name: String = expression
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if !name.is_empty() {
            let unknown = Value::Scalar(Text::unknown(format!("${name}")));
            self.state.set(self.world, &name, unknown);
        }
    }
}

fn after_equals(value: &Text) -> Text {
    let mut text = Text::empty();
    for (index, part) in value.parts().iter().enumerate() {
        match part {
            Part::Known(known) | Part::Glob(known) if index == 0 => {
                text.push_known(known.split_once('=').map_or("", |(_, value)| value));
            }
            // No pathnames are expanded in an assignment.
            Part::Glob(pattern) => text.push_known(pattern),
            other => text.push(other.clone()),
        }
    }
    text
}

/// What shells read from the home directory when they start.
const START_UP: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
];

/// Builtins whose operands are names, with subscripts that they expand themselves.
const TAKES_NAMES: &[&str] = &[
    "test",
    "[",
    "printf",
    "read",
    "let",
    "declare",
    "typeset",
    "local",
    "export",
    "readonly",
    "unset",
    "mapfile",
    "readarray",
    "getopts",
    "wait",
];

/// How many words after `command`, `builtin` or `exec` are its own options; `None` when it only
/// looks something up (`command -v`).
fn prefix_options(name: &str, operands: &[Argument]) -> Option<usize> {
    let mut index = 0;
    while let Some(text) = operands
        .get(index)
        .and_then(|operand| operand.value.exact())
    {
        if text == "--" {
            return Some(index + 1);
        }
        let Some(flags) = text.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            break;
        };
        if name == "command" && flags.contains(['v', 'V']) {
            return None;
        }
        index += 1;
        if name == "exec" && flags.ends_with('a') {
            index += 1;
        }
    }
    Some(index)
}

fn because(error: &ReadError) -> String {
    match error {
        ReadError::Missing(path) => format!("does not exist: `{}`", path.display()),
        ReadError::NotRegular(path) => format!("is no regular file: `{}`", path.display()),
        ReadError::TooLarge(path) => format!("is too large to read: `{}`", path.display()),
        ReadError::Unreadable(path, why) => format!("cannot be read: `{}`: {why}", path.display()),
        ReadError::NotText(path) => format!("is not text: `{}`", path.display()),
    }
}

/// `.` and `..` taken out as `cd` does, without looking at symlinks.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => {
                clean.push(component)
            }
        }
    }
    clean
}

/// Programs whose documented use is `eval "$(program …)"`: they print assignments for this very
/// shell, and an agent gains nothing by writing them that it could not have by running them.
fn prints_environment(source: &str) -> bool {
    const PRINTERS: &[&str] = &[
        "ssh-agent",
        "brew shellenv",
        "pyenv init",
        "pyenv virtualenv-init",
        "rbenv init",
        "nodenv init",
        "direnv hook",
        "direnv export",
        "fnm env",
        "mise activate",
        "mise env",
        "opam env",
        "conda shell.bash hook",
        "conda shell.zsh hook",
        "minikube docker-env",
        "minikube -p minikube docker-env",
        "docker-machine env",
        "starship init",
        "zoxide init",
        "dircolors",
        "rtx activate",
        "nvm env",
        "tty -s",
        "locale",
        "luarocks path",
        "register-python-argcomplete",
    ];
    let Some(inner) = source
        .strip_prefix("$(")
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return false;
    };
    let inner = inner.trim();
    if inner.contains([';', '|', '&', '`', '$', '\n', '<', '(']) {
        return false;
    }
    let inner = inner.strip_suffix("2>/dev/null").unwrap_or(inner).trim();
    // `/opt/homebrew/bin/brew shellenv` is brew.
    let (program, arguments) = inner.split_once(' ').unwrap_or((inner, ""));
    let base = base_name(program);
    let named = format!("{base} {arguments}");
    PRINTERS.iter().any(|printer| {
        named
            .strip_prefix(printer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}
