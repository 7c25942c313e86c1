//! What the command line asks for: settings, makefiles, goals.

use std::rc::Rc;

use super::rule::Scope;
use super::variable::{Body, Operator, Origin, Variable, assignment};
use super::{Make, Place, words};
use crate::resolve::{Argument, Stdin, Text};
use crate::runner::unseen;
use crate::world::ReadError;

const BUILT_IN: &str = include_str!("builtin.mk");

impl Make<'_> {
    /// Reads what make reads and runs what it runs.
    pub(super) fn work(&mut self) {
        let args = self.call.args;
        if args.open {
            let place = args.uncertain.first().unwrap_or(&self.place).clone();
            self.findings
                .opaque("what make is told to do is known only when it runs", &place);
        }
        let flags = self.flags();
        self.settings.dry = ["--dry-run", "--touch", "--question"]
            .iter()
            .any(|flag| args.flag(flag))
            || flags.contains(['n', 't', 'q']);
        self.settings.strong_environment =
            args.flag("--environment-overrides") || flags.contains('e');
        self.settings.always =
            args.flag("--always-make") || flags.contains('B') || args.option("--what-if").is_some();
        self.settings.no_built_in_variables =
            args.flag("--no-builtin-variables") || flags.contains('R');
        self.settings.no_built_in_rules = args.flag("--no-builtin-rules")
            || self.settings.no_built_in_variables
            || flags.contains('r');
        self.built_ins();
        let goals = self.command_line();
        let named = words::join(goals.iter().map(|goal| goal.value.clone()));
        self.set("MAKECMDGOALS", named, Origin::File);
        if !self.read_all() {
            return;
        }
        self.finish(&goals);
    }

    fn set(&mut self, name: &str, value: Text, origin: Origin) {
        let variable = Variable::new(Body::Simple(value), origin);
        self.variables.insert(name, variable);
    }

    /// The letters of `MAKEFLAGS`, through which one make tells another.
    fn flags(&self) -> String {
        let inherited = self.by.variable(self.call.world, "MAKEFLAGS");
        let inherited = inherited.unwrap_or_default();
        let first = inherited
            .known_prefix()
            .split(' ')
            .next()
            .unwrap_or_default();
        if first.contains('=') || first.starts_with("--") {
            return String::new();
        }
        first.trim_start_matches('-').to_owned()
    }

    fn built_ins(&mut self) {
        if !self.settings.no_built_in_rules {
            self.built_in = true;
            self.read_text(BUILT_IN, Place::Fixed(self.place.clone()));
            self.built_in = false;
            self.own_rules = self.rules.len();
        }
        let names: Vec<String> = self
            .variables
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            let Some(mut variable) = self.variables.get(&name).cloned() else {
                continue;
            };
            if self.settings.no_built_in_variables {
                self.variables.remove(&name);
            } else {
                variable.origin = Origin::Default;
                // The environment comes before what is built in.
                match self.by.variable(self.call.world, &name) {
                    Some(value) => self.set(&name, value, Origin::Environment),
                    None => self.variables.insert(&name, variable),
                }
            }
        }
        let program = self.call.command.argv.first();
        let program = program.map(|word| word.value.clone()).unwrap_or_default();
        let here = Text::known(self.directory.to_string_lossy());
        let level = self.by.variable(self.call.world, "MAKELEVEL");
        for (name, value) in [
            ("MAKELEVEL", level.unwrap_or_else(|| Text::known("0"))),
            ("MAKE", program),
            ("CURDIR", here),
            ("SHELL", Text::known("/bin/sh")),
            ("MAKE_VERSION", Text::unknown("$(MAKE_VERSION)")),
            ("MAKE_HOST", Text::unknown("$(MAKE_HOST)")),
            (".FEATURES", Text::unknown("$(.FEATURES)")),
            (".VARIABLES", Text::unknown("$(.VARIABLES)")),
        ] {
            self.set(name, value, Origin::Default);
        }
    }

    /// The variables and goals among the operands, and what `MAKEFLAGS` hands on.
    fn command_line(&mut self) -> Vec<Argument> {
        let inherited = self.by.variable(self.call.world, "MAKEFLAGS");
        let inherited = inherited.unwrap_or_default();
        let mut handed = Text::known(self.letters());
        let mut given: Vec<Text> = Vec::new();
        for word in words::words(&inherited) {
            if assigned(&word).is_some() {
                given.push(word);
            }
        }
        let mut goals = Vec::new();
        for word in &self.call.args.operands {
            if assigned(&word.value).is_some() {
                given.push(word.value.clone());
            } else {
                goals.push(word.clone());
            }
        }
        if !given.is_empty() {
            handed.push_known(" --");
        }
        for word in given {
            let Some((name, operator, value)) = assigned(&word) else {
                continue;
            };
            match value.exact() {
                Some(raw) => self.assign(&name, operator, raw, Origin::CommandLine),
                None => self.set(&name, value, Origin::CommandLine),
            }
            handed.push_known(" ");
            handed.append(word);
        }
        self.set("MAKEFLAGS", handed, Origin::File);
        goals
    }

    /// The flags that a make started by this one works under, too.
    fn letters(&self) -> String {
        let args = self.call.args;
        let mut letters = self.flags();
        for (flag, letter) in [
            ("--dry-run", 'n'),
            ("--touch", 't'),
            ("--question", 'q'),
            ("--environment-overrides", 'e'),
            ("--always-make", 'B'),
            ("--no-builtin-rules", 'r'),
            ("--no-builtin-variables", 'R'),
            ("--ignore-errors", 'i'),
            ("--keep-going", 'k'),
            ("--silent", 's'),
        ] {
            if args.flag(flag) && !letters.contains(letter) {
                letters.push(letter);
            }
        }
        letters
    }

    /// Reads every makefile; false if there is nothing to go on with.
    fn read_all(&mut self) -> bool {
        let command = self.call.command.location.clone();
        for text in self.call.args.all("--eval") {
            self.place = text.location.clone();
            self.evaluate(&text.value);
        }
        self.place = command.clone();
        let listed = self.by.variable(self.call.world, "MAKEFILES");
        for name in words::words(&listed.unwrap_or_default()) {
            if let Some(name) = name.exact()
                && let Err(error @ (ReadError::Unreadable(..) | ReadError::TooLarge(_))) =
                    self.read_file(name)
            {
                self.unreadable(&error);
            }
        }
        let named: Vec<Argument> = self.call.args.all("--makefile").cloned().collect();
        if named.is_empty() {
            return self.read_default();
        }
        for file in named {
            self.place = file.location.clone();
            match file.value.exact() {
                Some("-" | "/dev/stdin") => self.read_input(),
                Some(name) => match self.read_file(name) {
                    Ok(()) => {}
                    // It may still be made by a rule, or by an earlier command.
                    Err(ReadError::Missing(_)) => self.missing.push(name.to_owned()),
                    Err(error) => self.unreadable(&error),
                },
                None => {
                    let reason = format!(
                        "the makefile is known only when make runs: {}",
                        file.value.display()
                    );
                    self.findings.opaque(reason, &file.location);
                }
            }
        }
        self.place = command;
        true
    }

    fn read_default(&mut self) -> bool {
        for name in ["GNUmakefile", "makefile", "Makefile"] {
            match self.read_file(name) {
                Ok(()) => return true,
                Err(ReadError::Missing(_)) => {}
                Err(error) => {
                    self.unreadable(&error);
                    return true;
                }
            }
        }
        // Without a makefile the built-in rules still make what the command line names.
        if !self.call.world.is_untouched() {
            unseen(self.call, &mut self.findings);
        }
        true
    }

    fn unreadable(&mut self, error: &ReadError) {
        let place = self.place.clone();
        self.findings.opaque(
            format!("a makefile that guard cannot read: {error}"),
            &place,
        );
    }

    fn read_input(&mut self) {
        match self.call.command.stdin.clone() {
            Stdin::Empty => {}
            Stdin::Text(text) => self.evaluate(&text),
            Stdin::File(path) => match self.call.world.read(&path) {
                Ok(text) => self.read_text(&text, Place::File(Rc::from(path.as_path()))),
                Err(error) => self.unreadable(&error),
            },
            Stdin::Inherited | Stdin::Unknown(_) => {
                let place = self.place.clone();
                let reason = "make reads its makefile from an input that guard does not see";
                self.findings.opaque(reason, &place);
            }
        }
    }

    /// Makes the makefiles themselves, then the goals.
    fn finish(&mut self, goals: &[Argument]) {
        let place = self.call.command.location.clone();
        self.place = place.clone();
        let directories = self.value("VPATH").display().into_owned();
        let directories = directories.split([':', ' ']).filter(|d| !d.is_empty());
        let directories: Vec<String> = directories.map(str::to_owned).collect();
        if !directories.is_empty() {
            self.search.push(("%".to_owned(), directories));
        }
        self.read_suffix_rules();
        let files: Vec<String> = self
            .makefiles
            .iter()
            .chain(&self.missing)
            .cloned()
            .collect();
        let dry = std::mem::take(&mut self.settings.dry);
        for file in files {
            self.bring(&Text::known(file), &Scope::new(), 0);
        }
        self.note_made_makefiles();
        self.settings.dry = dry;
        if goals.is_empty() {
            let set = self.variables.get(".DEFAULT_GOAL").is_some();
            let first = if set {
                self.expansions("$(.DEFAULT_GOAL)")
            } else {
                let first = std::mem::take(&mut self.first_goals);
                first.into_iter().map(|name| self.target(&name)).collect()
            };
            for goal in first {
                self.bring(&words::trimmed(goal), &Scope::new(), 0);
            }
            return;
        }
        for goal in goals {
            match goal.value.exact().filter(|_| !goal.splits) {
                Some(name) => {
                    let name = name.strip_prefix("./").unwrap_or(name);
                    self.bring(&Text::known(name), &Scope::new(), 0);
                }
                None => {
                    let reason = format!(
                        "what make makes is known only when it runs: {}",
                        goal.value.display()
                    );
                    self.findings.opaque(reason, &goal.location);
                }
            }
            self.place = place.clone();
        }
    }

    /// A makefile that a rule makes first is read before anything else runs, and guard cannot
    /// see it; what a compiler lists as dependencies holds no recipes.
    fn note_made_makefiles(&mut self) {
        let made = self.missing.iter().find_map(|file| {
            let rules = self.by_target.get(file)?;
            let mut lines = rules
                .iter()
                .filter_map(|index| self.rules.get(*index))
                .flat_map(|rule| &rule.recipe);
            let line =
                lines.find(|line| !line.text.contains("-M") && !line.text.contains("depend"))?;
            Some((file.clone(), line.location.clone()))
        });
        if let Some((file, place)) = made {
            let reason = format!("make reads `{file}` once this has made it");
            self.findings.opaque(reason, &place);
        }
    }

    /// A target by the name under which it is kept.
    fn target(&self, name: &str) -> Text {
        let rules = self.by_target.get(name).into_iter().flatten();
        let rules = rules.filter_map(|index| self.rules.get(*index));
        let mut targets = rules.flat_map(|rule| &rule.targets);
        targets
            .find(|target| target.display() == name)
            .cloned()
            .unwrap_or_else(|| Text::known(name))
    }
}

/// `NAME=value` on the command line.
fn assigned(word: &Text) -> Option<(String, Operator, Text)> {
    let (name, operator, value) = assignment(word.known_prefix())?;
    let mut text = Text::known(value);
    for part in word.parts().iter().skip(1) {
        text.push(part.clone());
    }
    Some((name.to_owned(), operator, text))
}
