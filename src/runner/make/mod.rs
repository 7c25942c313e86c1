//! GNU make: what a makefile's recipes would run for the goals on the command line.
//!
//! Reads makefiles as make does, over values that may be known only in part: what cannot be
//! decided is taken both ways, and a value that only a program knows is an unknown part of the
//! recipe. Nothing is run, `make -n` least of all: it runs `$(shell …)`.

mod conditional;
mod expand;
mod function;
mod goal;
mod read;
mod recipe;
mod rule;
mod variable;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use super::{known_text, unseen};
use crate::call::{Call, Findings, Nested};
use crate::location::{FileLine, Location};
use crate::resolve::{self, Argument, Command, Directory, Text};
use expand::Choices;
use rule::{Rule, Scope, TargetVariable};
use variable::Variables;

/// Where a text that is read stands.
#[derive(Clone, Debug)]
enum Place {
    /// A file: each line is a place.
    File(Rc<std::path::Path>),
    /// All of it stands for this place.
    Fixed(Location),
}

impl Place {
    fn at(&self, line: usize, command: &Location) -> Location {
        match self {
            Self::File(path) => Location {
                span: command.span,
                file: Some(Rc::new(FileLine {
                    path: path.to_path_buf(),
                    line,
                })),
            },
            Self::Fixed(location) => location.clone(),
        }
    }
}

/// What the command line says about how make works.
#[derive(Clone, Copy, Debug, Default)]
struct Settings {
    /// `-n`, `-t`, `-q`: recipes do not run, but for lines with `+` or `$(MAKE)`.
    dry: bool,
    /// `-e`
    strong_environment: bool,
    /// `-B`, `-W`: nothing counts as up to date.
    always: bool,
    no_built_in_rules: bool,
    no_built_in_variables: bool,
}

/// One make, as far as it has read and run.
struct Make<'a> {
    call: &'a Call<'a>,
    findings: Findings,
    /// Where it works, after `-C`.
    directory: PathBuf,
    /// What its recipes inherit: environment, directory, input.
    by: Command,
    settings: Settings,
    variables: Variables,
    /// Variables of targets, calls and loops, innermost last.
    scopes: Vec<Scope>,
    choices: Choices,
    export_all: bool,
    exported: BTreeSet<String>,

    rules: Vec<Rule>,
    by_target: BTreeMap<String, Vec<usize>>,
    /// Pattern rules.
    patterns: Vec<usize>,
    /// Rules with a target that is not known.
    unnamed: Vec<usize>,
    /// Pattern rules from here on are the makefile's own.
    own_rules: usize,
    target_variables: Vec<TargetVariable>,
    phony: BTreeSet<String>,
    /// `VPATH` and `vpath`: directories by pattern.
    search: Vec<(String, Vec<String>)>,
    /// The first target; several where conditionals decide which.
    first_goals: Vec<String>,
    goals_known: bool,
    suffix_rules: bool,
    second_expansion: bool,
    one_shell: bool,

    makefiles: Vec<String>,
    /// Makefiles to include that are not there yet.
    missing: Vec<String>,
    /// The place of what is read or run.
    place: Location,
    /// While the built-in rules are read.
    built_in: bool,
    /// While what recipes inherit is worked out.
    exporting: bool,
    /// While a recipe is expanded.
    in_recipe: bool,
    /// Recipes of this make may have changed files.
    has_run: bool,
    /// Whether a target may run anything.
    done: BTreeMap<String, bool>,
    implicit_depth: usize,
    depth: usize,
    nesting: usize,
    /// Above 0 while what is read may not count.
    doubts: usize,
    files: usize,
    lines: usize,
    steps: usize,
    /// Commands for their output that were handed on, by place and text.
    shells: BTreeSet<(Option<(PathBuf, usize)>, String)>,
}

/// Judges a make by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let command = call.command;
    let mut directory = command.directory.clone();
    for given in call.args.all("--directory") {
        directory = match given.value.exact().and_then(|path| directory.join(path)) {
            Some(path) => Directory::Known(path),
            None => Directory::Unknown(given.value.display().into_owned()),
        };
    }
    let Some(directory) = directory.known().filter(|_| command.elsewhere.is_none()) else {
        unseen(call, findings);
        return;
    };
    let mut by = command.clone();
    by.argv = Vec::new();
    by.redirections = Vec::new();
    by.directory = Directory::Known(directory.to_owned());
    let mut make = Make {
        call,
        findings: Findings::default(),
        directory: directory.to_owned(),
        by,
        settings: Settings::default(),
        variables: Variables::default(),
        scopes: Vec::new(),
        choices: Choices::default(),
        export_all: false,
        exported: BTreeSet::new(),
        rules: Vec::new(),
        by_target: BTreeMap::new(),
        patterns: Vec::new(),
        unnamed: Vec::new(),
        own_rules: 0,
        target_variables: Vec::new(),
        phony: BTreeSet::new(),
        search: Vec::new(),
        first_goals: Vec::new(),
        goals_known: false,
        suffix_rules: true,
        second_expansion: false,
        one_shell: false,
        makefiles: Vec::new(),
        missing: Vec::new(),
        place: command.location.clone(),
        built_in: false,
        exporting: false,
        in_recipe: false,
        has_run: false,
        done: BTreeMap::new(),
        implicit_depth: 0,
        depth: 0,
        nesting: 0,
        doubts: 0,
        files: 0,
        lines: 0,
        steps: 0,
        shells: BTreeSet::new(),
    };
    make.work();
    let Findings {
        opaque,
        unlisted,
        nested,
        ..
    } = make.findings;
    findings.opaque.extend(opaque);
    findings.unlisted.extend(unlisted);
    findings.nested.extend(nested);
}

impl Make<'_> {
    /// The letter that recipe lines start with.
    fn recipe_prefix(&mut self) -> char {
        if self.variables.get(".RECIPEPREFIX").is_none() {
            return '\t';
        }
        let prefix = self.value(".RECIPEPREFIX");
        prefix.known_prefix().chars().next().unwrap_or('\t')
    }

    /// A command of make's own, with its environment, at the place where make is.
    fn command(&self, argv: Vec<Argument>) -> Command {
        Command {
            argv,
            location: self.place.clone(),
            ..self.by.clone()
        }
    }

    fn start(&mut self, command: Command) {
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }

    /// The shell that runs a text, as `SHELL` and `.SHELLFLAGS` say.
    fn shell_command(&mut self, text: &Text) -> Command {
        let flags = if self.variables.get(".SHELLFLAGS").is_some() {
            self.value(".SHELLFLAGS")
        } else {
            Text::known("-c")
        };
        let shell = self.value("SHELL");
        let mut command = self.command(Vec::new());
        // A value that is exported may itself be what a command prints, which gets no such values.
        if !self.exporting {
            self.exporting = true;
            for name in self.exports() {
                let value = self.value(&name);
                command.environment.set(&name, Some(value));
            }
            self.exporting = false;
        }
        for (name, variable) in self.variables.iter() {
            if variable.export == Some(false) {
                command.environment.set(name, None);
            }
        }
        let level: usize = self
            .value("MAKELEVEL")
            .exact()
            .and_then(|level| level.parse().ok())
            .unwrap_or(0);
        let level = Text::known((level + 1).to_string());
        command.environment.set("MAKELEVEL", Some(level));
        let text = known_text(text, &mut command.environment);
        let given = words::words(&shell).into_iter().chain(words::words(&flags));
        command.argv = given
            .chain([text])
            .map(|value| Argument {
                value,
                splits: false,
                verbatim: None,
                location: self.place.clone(),
            })
            .collect();
        command
    }

    /// The variables that recipes get from make itself.
    fn exports(&mut self) -> Vec<String> {
        let own = self.variables.iter();
        let own = own.filter(|(name, variable)| {
            let by_origin = matches!(
                variable.origin,
                variable::Origin::CommandLine | variable::Origin::Strong
            );
            let of_environment = self.by.environment.get(self.call.world, name).is_some();
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let default = by_origin
                || of_environment
                || (self.export_all && variable.origin > variable::Origin::Default);
            is_name
                && variable
                    .export
                    .unwrap_or(default || self.exported.contains(*name))
                && !matches!(name.as_str(), "MAKEFILE_LIST" | "SHELL" | "CURDIR")
        });
        let mut names: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        let scoped = self.scopes.iter().flat_map(|scope| scope.keys());
        names.extend(scoped.filter(|name| self.exported.contains(*name)).cloned());
        names.push("MAKEFLAGS".to_owned());
        names
    }

    /// `$(shell …)`: the text runs, and its output is the value as far as that is known.
    fn shell(&mut self, text: &Text) -> Text {
        if text.is_empty() || !self.charge(4) {
            return Text::empty();
        }
        let command = self.shell_command(text);
        let shown = text.display().into_owned();
        let printed = resolve::printed(&command, self.call.world);
        let at = self
            .place
            .file
            .as_ref()
            .map(|at| (at.path.clone(), at.line));
        if self.shells.insert((at, shown.clone())) {
            self.start(command);
        }
        let mut value = Text::empty();
        for part in printed.parts() {
            match part {
                resolve::Part::Known(known) => value.push_known(&known.replace('\n', " ")),
                _ => value.push(resolve::Part::Unknown(format!(
                    "$(shell {})",
                    expand::shortened(&shown)
                ))),
            }
        }
        words::trimmed(value)
    }
}
