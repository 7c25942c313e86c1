//! just: the recipes of a justfile.

mod expression;
mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{CLIMB, File, known_text, read, unseen};
use crate::call::{Call, Findings, Nested};
use crate::location::Location;
use crate::resolve::{Argument, Command, Directory, Origin, Stdin, Text, base_name};
use crate::rules;
use crate::shell::Dialect;
use expression::{Expression, Values};
use parse::{Count, Dependency, Fragment, Justfile, Line, Parameter, Recipe};

/// Recipes that one command line brings up, and files that they come from.
const RECIPES: usize = 256;
const FILES: usize = 64;
/// Recipes within recipes, and files within files.
const DEPTH: usize = 32;

/// A justfile with what it imports.
struct Module {
    file: Rc<File>,
    content: Justfile,
    /// The files of its recipes and variables, by their places in `content`.
    recipe_files: Vec<Rc<File>>,
    variable_files: Vec<Rc<File>>,
    modules: Vec<(String, Rc<Module>)>,
}

impl Module {
    fn setting(&self, name: &str) -> Option<&[Expression]> {
        let mut settings = self.content.settings.iter();
        let found = settings.find(|(known, _)| known == name);
        found.map(|(_, values)| values.as_slice())
    }

    /// Whether a setting that is on or off is on.
    fn is_set(&self, name: &str) -> bool {
        self.setting(name).is_some_and(|values| {
            let off =
                |value: &Expression| matches!(value, Expression::Variable(word) if word == "false");
            !values.iter().any(off)
        })
    }

    /// The recipes of a name: one for each system, where several have it.
    fn named(&self, name: &str) -> Vec<(Rc<Recipe>, Rc<File>)> {
        let aliases = self.content.aliases.iter();
        let stands_for = aliases.rev().find(|(alias, _)| alias == name);
        let name = stands_for.map_or(name, |(_, path)| path.as_str());
        let recipes = self.content.recipes.iter().zip(&self.recipe_files);
        let found = recipes.filter(|(recipe, _)| recipe.name == name && is_for_here(recipe));
        let found: Vec<_> = found
            .map(|(recipe, file)| (Rc::clone(recipe), Rc::clone(file)))
            .collect();
        // The last counts where a name may be given twice.
        found.into_iter().rev().take(1).collect()
    }

    fn module(&self, name: &str) -> Option<&Rc<Self>> {
        let mut modules = self.modules.iter();
        modules
            .find(|(known, _)| known == name)
            .map(|(_, module)| module)
    }
}

/// Whether a recipe is one for this system.
fn is_for_here(recipe: &Recipe) -> bool {
    const SYSTEMS: &[&str] = &[
        "linux",
        "macos",
        "unix",
        "windows",
        "openbsd",
        "freebsd",
        "netbsd",
        "dragonfly",
    ];
    let mut named = SYSTEMS.iter().filter(|name| recipe.has(name)).peekable();
    named.peek().is_none()
        || named.any(|name| *name == std::env::consts::OS || *name == std::env::consts::FAMILY)
}

/// Judges a just by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    let exact = |name: &str| args.option(name).map(|word| word.value.exact());
    let mut operands = args.operands.as_slice();
    let mut given: Vec<(String, Text)> = Vec::new();
    for pair in args.options.iter().filter(|option| option.name == "--set") {
        if let [name, value] = pair.values.as_slice() {
            given.push((name.value.display().into_owned(), value.value.clone()));
        }
    }
    while let Some((word, rest)) = operands.split_first() {
        let Some((name, value)) = word.value.known_prefix().split_once('=') else {
            break;
        };
        let mut text = Text::known(value);
        for part in word.value.parts().iter().skip(1) {
            text.push(part.clone());
        }
        given.push((name.to_owned(), text));
        operands = rest;
    }
    let mut words: Vec<Argument> = operands.to_vec();
    let mut directory = call.command.directory.clone();
    // `just sub/build` looks from `sub` on.
    if let Some(first) = words.first_mut()
        && let Some((from, name)) = first.value.exact().and_then(|word| word.rsplit_once('/'))
    {
        directory = match directory.join(from) {
            Some(path) => Directory::Known(path),
            None => directory,
        };
        let name = Text::known(name);
        if name.is_empty() {
            words.remove(0);
        } else {
            first.value = name;
        }
    }
    let Some(from) = directory
        .known()
        .filter(|_| call.command.elsewhere.is_none())
    else {
        unseen(call, findings);
        return;
    };
    let file = match exact("--justfile") {
        Some(Some(path)) => directory
            .join(path)
            .and_then(|path| read(path, call, findings)),
        Some(None) => {
            findings.opaque(
                "the justfile is known only when just runs",
                &call.command.location,
            );
            return;
        }
        None => found(from, call, findings),
    };
    let Some(file) = file else {
        if !call.world.is_untouched() {
            unseen(call, findings);
        }
        return;
    };
    let file = Rc::new(file);
    let home = match exact("--working-directory") {
        Some(Some(path)) => directory.join(path),
        _ => Some(file.directory().to_owned()),
    };
    let mut run = Run {
        root: Rc::clone(&file.path),
        file: Rc::clone(&file),
        home: home.unwrap_or_default(),
        call,
        findings,
        given,
        known: BTreeMap::new(),
        active: BTreeSet::new(),
        done: BTreeSet::new(),
        files: 0,
        left: RECIPES,
    };
    let Some(module) = run.load(file, 0) else {
        return;
    };
    if args.flag("--command") {
        let mut command = run.within(&module, &module.file.place(1, &call.command.location));
        command.argv = words;
        run.start(command);
        return;
    }
    if args.flag("--evaluate") {
        for variable in &module.content.variables {
            run.variable(&variable.name, &module);
        }
        return;
    }
    run.line(&module, &words);
}

/// The justfile of the nearest directory that has one, whatever the case of its name.
fn found(from: &Path, call: &Call<'_>, findings: &mut Findings) -> Option<File> {
    const NAMES: [&str; 2] = ["justfile", ".justfile"];
    for directory in from.ancestors().take(CLIMB) {
        for name in NAMES {
            for spelling in [name.to_owned(), name.replace('j', "J"), name.to_uppercase()] {
                let path = directory.join(spelling);
                let holes = findings.opaque.len();
                let file = read(path, call, findings);
                if file.is_some() || findings.opaque.len() > holes {
                    return file;
                }
            }
        }
    }
    None
}

struct Run<'a> {
    call: &'a Call<'a>,
    findings: &'a mut Findings,
    /// The justfile that just was started with, and where its recipes run.
    root: Rc<Path>,
    home: PathBuf,
    /// Variables from the command line.
    given: Vec<(String, Text)>,
    /// Values of variables, by the file of their module.
    known: BTreeMap<(Rc<Path>, String), Values>,
    /// The file that what is read stands in.
    file: Rc<File>,
    /// Recipes that are being followed, and those that were, with their arguments.
    active: BTreeSet<String>,
    done: BTreeSet<String>,
    files: usize,
    left: usize,
}

impl Run<'_> {
    /// Reads a justfile with what it imports and its modules.
    fn load(&mut self, file: Rc<File>, depth: usize) -> Option<Rc<Module>> {
        let mut module = Module {
            file: Rc::clone(&file),
            content: Justfile::default(),
            recipe_files: Vec::new(),
            variable_files: Vec::new(),
            modules: Vec::new(),
        };
        self.import(file, &mut module, depth)?;
        Some(Rc::new(module))
    }

    fn import(&mut self, file: Rc<File>, module: &mut Module, depth: usize) -> Option<()> {
        let command = self.call.command.location.clone();
        self.files += 1;
        if depth > DEPTH || self.files > FILES {
            let reason = "these justfiles import more than guard reads";
            self.findings.opaque(reason, &command);
            return None;
        }
        let content = match parse::parse(&file.text) {
            Ok(content) => content,
            Err(line) => {
                let reason = "guard cannot read this line of a justfile";
                self.findings.opaque(reason, &file.place(line, &command));
                return None;
            }
        };
        let count = content.recipes.len();
        let own = &mut module.content;
        own.settings.extend(content.settings);
        // What a file says itself comes before what it imports.
        let first = own.recipes.len();
        own.recipes.extend(content.recipes);
        own.aliases.extend(content.aliases);
        module
            .recipe_files
            .extend(std::iter::repeat_n(Rc::clone(&file), count));
        let files = content.variables.iter().map(|_| Rc::clone(&file));
        module.variable_files.extend(files);
        own.variables.extend(content.variables);
        for path in &content.imports {
            if let Some(path) = self.path_of(path, &file)
                && let Some(found) = read(path, self.call, self.findings)
            {
                let mut inner = Module {
                    file: Rc::clone(&module.file),
                    content: Justfile::default(),
                    recipe_files: Vec::new(),
                    variable_files: Vec::new(),
                    modules: Vec::new(),
                };
                self.import(Rc::new(found), &mut inner, depth + 1)?;
                let own = &mut module.content;
                own.settings.extend(inner.content.settings);
                own.aliases.splice(0..0, inner.content.aliases);
                // They stand before the own ones, so that the own ones count; the first recipe
                // is the file's own all the same, unless it has none.
                let at = if count == 0 { first } else { own.recipes.len() };
                let (mut recipes, mut files) = (Vec::new(), Vec::new());
                for (recipe, from) in inner.content.recipes.iter().zip(inner.recipe_files) {
                    if !own.recipes.iter().any(|known| known.name == recipe.name) {
                        recipes.push(Rc::clone(recipe));
                        files.push(from);
                    }
                }
                own.recipes.splice(at..at, recipes);
                module.recipe_files.splice(at..at, files);
                own.variables.splice(0..0, inner.content.variables);
                module.variable_files.splice(0..0, inner.variable_files);
                module.modules.extend(inner.modules);
            }
        }
        for (name, path) in &content.modules {
            let candidates = match path {
                Some(path) => {
                    let given = self.path_of(path, &file);
                    let given = given.unwrap_or_default();
                    vec![
                        given.clone(),
                        given.join("mod.just"),
                        given.join("justfile"),
                        given.join(".justfile"),
                    ]
                }
                None => {
                    let base = file.directory();
                    vec![
                        base.join(format!("{name}.just")),
                        base.join(name).join("mod.just"),
                        base.join(name).join("justfile"),
                        base.join(name).join(".justfile"),
                    ]
                }
            };
            let found = candidates.into_iter().find_map(|path| {
                let text = self.call.world.read(&path).ok()?;
                Some(File {
                    path: Rc::from(path),
                    text,
                })
            });
            if let Some(found) = found
                && let Some(inner) = self.load(Rc::new(found), depth + 1)
            {
                module.modules.push((name.clone(), inner));
            }
        }
        Some(())
    }

    /// The file that an `import` or `mod` names; nothing where it is not a plain text.
    fn path_of(&self, path: &Expression, from: &File) -> Option<PathBuf> {
        let Expression::Text(path) = path else {
            return None;
        };
        let home = path.strip_prefix("~/").and_then(|rest| {
            let home = self.call.world.home()?;
            Some(home.join(rest))
        });
        Some(home.unwrap_or_else(|| from.directory().join(path)))
    }

    /// What the command line names: recipes, each with its arguments.
    fn line(&mut self, module: &Rc<Module>, words: &[Argument]) {
        let command = self.call.command.location.clone();
        let mut words = words;
        if words.is_empty() {
            let recipes = &module.content.recipes;
            let marked = recipes.iter().find(|recipe| recipe.has("default"));
            if let Some(name) = marked.or(recipes.first()).map(|recipe| recipe.name.clone()) {
                self.recipe(module, &name, &[], 0);
            }
            return;
        }
        while let Some((word, rest)) = words.split_first() {
            let Some(name) = word.value.exact().filter(|_| !word.splits) else {
                let reason = format!(
                    "which recipe runs is known only then: {}",
                    word.value.display()
                );
                self.findings.opaque(reason, &word.location);
                return;
            };
            let mut rest = rest;
            let mut path: Vec<&str> = name.split("::").collect();
            let mut at = Rc::clone(module);
            while let Some(inner) = path.first().and_then(|name| at.module(name)).cloned() {
                at = inner;
                path.remove(0);
                if path.is_empty() {
                    match rest.split_first() {
                        Some((next, after)) => {
                            path.push(next.value.exact().unwrap_or_default());
                            rest = after;
                        }
                        None => {
                            self.line(&at, &[]);
                            return;
                        }
                    }
                }
            }
            let name = path.join("::");
            let Some((recipe, _)) = at.named(&name).into_iter().next() else {
                // just starts nothing where it does not know a name.
                return;
            };
            let any = recipe.parameters.iter().any(|p| p.count != Count::One);
            let taken = if any {
                rest.len()
            } else {
                recipe.parameters.len()
            };
            let taken = taken.min(rest.len());
            let (given, after) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            if given.iter().any(|word| word.splits) {
                let reason = "how many arguments a recipe gets is known only when it runs";
                self.findings.opaque(reason, &command);
            }
            let given: Vec<Values> = given.iter().map(|word| vec![word.value.clone()]).collect();
            self.recipe(&at, &name, &given, 0);
            words = after;
        }
    }

    /// Runs a recipe with what it depends on.
    fn recipe(&mut self, module: &Rc<Module>, name: &str, given: &[Values], depth: usize) {
        if let Some((first, rest)) = name.split_once("::") {
            if let Some(inner) = module.module(first).cloned() {
                self.recipe(&inner, rest, given, depth);
            }
            return;
        }
        // An alias may stand for a module's recipe.
        let aliases = module.content.aliases.iter();
        let elsewhere = aliases
            .filter(|(alias, path)| alias == name && path.contains("::"))
            .map(|(_, path)| path.clone())
            .next_back();
        if let Some(path) = elsewhere.filter(|_| depth < DEPTH) {
            self.recipe(module, &path, given, depth + 1);
            return;
        }
        for (recipe, file) in module.named(name) {
            let key = format!("{}:{}:{given:?}", module.file.path.display(), recipe.name);
            if self.active.contains(&key) || !self.done.insert(key.clone()) {
                continue;
            }
            let left = self.left.checked_sub(1).filter(|_| depth < DEPTH);
            let Some(left) = left else {
                let place = self.call.command.location.clone();
                let reason = "these recipes start more than guard follows";
                self.findings.opaque(reason, &place);
                return;
            };
            self.left = left;
            self.active.insert(key.clone());
            // just works out every variable of a file whose recipe runs.
            for variable in &module.content.variables {
                self.variable(&variable.name, module);
            }
            let outer = std::mem::replace(&mut self.file, file);
            let scope = self.bound(&recipe.parameters, given, module);
            self.dependencies(&recipe.dependencies, module, &scope, depth);
            self.body(&recipe, module, &scope);
            self.dependencies(&recipe.subsequents, module, &scope, depth);
            self.file = outer;
            self.active.remove(&key);
        }
    }

    fn dependencies(
        &mut self,
        dependencies: &[Dependency],
        module: &Rc<Module>,
        scope: &[(String, Values)],
        depth: usize,
    ) {
        for dependency in dependencies {
            let arguments = dependency.arguments.iter();
            let given: Vec<Values> = arguments
                .map(|argument| self.values(argument, module, scope))
                .collect();
            self.recipe(module, &dependency.path, &given, depth + 1);
        }
    }

    /// The parameters with what they are given.
    fn bound(
        &mut self,
        parameters: &[Parameter],
        given: &[Values],
        module: &Module,
    ) -> Vec<(String, Values)> {
        let mut scope: Vec<(String, Values)> = Vec::new();
        for (at, parameter) in parameters.iter().enumerate() {
            let rest = given.get(at..).unwrap_or_default();
            let value = match (parameter.count, rest, &parameter.default) {
                (Count::One, [value, ..], _) => value.clone(),
                (Count::Any | Count::Some, [_, ..], _) => {
                    let mut whole = Text::empty();
                    for (index, value) in rest.iter().enumerate() {
                        if index > 0 {
                            whole.push_known(" ");
                        }
                        match value.as_slice() {
                            [only] => whole.append(only.clone()),
                            _ => whole.append(Text::unknown(&parameter.name)),
                        }
                    }
                    vec![whole]
                }
                (_, [], Some(default)) => self.values(default, module, &scope),
                (Count::Any, [], None) => vec![Text::empty()],
                (_, [], None) => vec![Text::unknown(&parameter.name)],
            };
            scope.push((parameter.name.clone(), value));
        }
        scope
    }

    /// What a variable of a module may be.
    fn variable(&mut self, name: &str, module: &Module) -> Values {
        let key = (Rc::clone(&module.file.path), name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if let Some((_, value)) = self.given.iter().rev().find(|(given, _)| given == name) {
            return vec![value.clone()];
        }
        let variables = module.content.variables.iter();
        let mut variables = variables.zip(&module.variable_files).rev();
        let Some((variable, file)) = variables.find(|(variable, _)| variable.name == name) else {
            return vec![constant(name)];
        };
        // A value that needs itself is an error, and runs nothing.
        self.known.insert(key.clone(), vec![Text::unknown(name)]);
        let outer = std::mem::replace(&mut self.file, Rc::clone(file));
        let values = self.values(&variable.value, module, &[]);
        self.file = outer;
        self.known.insert(key, values.clone());
        values
    }

    /// Starts the lines of a recipe.
    fn body(&mut self, recipe: &Recipe, module: &Module, scope: &[(String, Values)]) {
        let Some(first) = recipe.body.first() else {
            return;
        };
        let place = self.place(first.number);
        let mut by = self.within(module, &place);
        by.directory = self.directory(recipe, module, scope);
        let exported = recipe.parameters.iter().zip(scope);
        for (_, (name, values)) in
            exported.filter(|(parameter, _)| parameter.exported || module.is_set("export"))
        {
            by.environment.set(name, Some(only(values, name)));
        }
        for (name, values) in recipe.attributes.iter().filter(|(name, _)| name == "env") {
            let texts: Vec<Values> = values
                .iter()
                .map(|value| self.values(value, module, scope))
                .collect();
            if let [key, value] = texts.as_slice()
                && let Some(key) = only(key, name).exact()
            {
                by.environment.set(key, Some(only(value, key)));
            }
        }
        let positional =
            module.is_set("positional-arguments") || recipe.has("positional-arguments");
        let mut arguments = Vec::new();
        if positional {
            arguments.push(Text::known(&recipe.name));
            for (name, values) in scope {
                arguments.push(only(values, name));
            }
        }
        let starts_script = matches!(
            first.fragments.first(),
            Some(Fragment::Text(text)) if text.starts_with("#!")
        );
        let interpreter = recipe.attribute("script").map(|given| {
            let given = if given.is_empty() {
                module.setting("script-interpreter").unwrap_or_default()
            } else {
                given
            };
            let words: Vec<String> = given
                .iter()
                .map(|word| {
                    only(&self.values(word, module, scope), "script")
                        .display()
                        .into_owned()
                })
                .collect();
            if words.is_empty() {
                vec!["sh".to_owned(), "-eu".to_owned()]
            } else {
                words
            }
        });
        if starts_script || interpreter.is_some() {
            self.script(recipe, interpreter, &by, module, scope, &arguments);
            return;
        }
        let mut lines = recipe.body.iter().peekable();
        while let Some(line) = lines.next() {
            let mut fragments = line.fragments.clone();
            while is_continued(&mut fragments)
                && let Some(next) = lines.next()
            {
                fragments.extend(without_indent(next));
            }
            for text in self.fragments(&fragments, module, scope) {
                let text = unprefixed(&text);
                let comment = text.known_prefix().starts_with('#');
                if text.is_empty() || (comment && module.is_set("ignore-comments")) {
                    continue;
                }
                by.location = self.place(line.number);
                let command = self.shell(&text, &arguments, &by, module);
                self.start(command);
            }
        }
    }

    /// A recipe that is one script for the interpreter of its first line, or of `[script]`.
    fn script(
        &mut self,
        recipe: &Recipe,
        interpreter: Option<Vec<String>>,
        by: &Command,
        module: &Module,
        scope: &[(String, Values)],
        arguments: &[Text],
    ) {
        let Some(first) = recipe.body.first().map(|line| line.number) else {
            return;
        };
        let mut fragments = Vec::new();
        for line in &recipe.body {
            fragments.extend(line.fragments.iter().cloned());
            fragments.push(Fragment::Text("\n".to_owned()));
        }
        for text in self.fragments(&fragments, module, scope) {
            let words = interpreter
                .clone()
                .or_else(|| rules::interpreter(text.known_prefix()));
            let Some(words) = words.filter(|words| !words.is_empty()) else {
                let reason = "what runs this recipe is known only when it runs";
                self.findings.opaque(reason, &by.location);
                continue;
            };
            let mut by = by.clone();
            let name = words
                .first()
                .map(|word| base_name(word))
                .unwrap_or_default();
            let place = by.location.clone();
            let argument = |text: Text| argument(text, &place);
            if matches!(
                name,
                "sh" | "bash" | "dash" | "zsh" | "ksh" | "mksh" | "fish" | "ash"
            ) {
                // Behind as many line ends as the file has before it, so that lines are the file's.
                let mut whole = Text::known("\n".repeat(first.saturating_sub(1)));
                let arguments: Vec<Argument> = arguments.iter().cloned().map(argument).collect();
                let text = known_text(&text, &mut by.environment);
                whole.append(text);
                self.findings.nested.push(Nested::Shell {
                    text: whole,
                    origin: Origin::File {
                        path: Rc::clone(&self.file.path),
                        place: by.location.span,
                    },
                    arguments,
                    by: Box::new(by.clone()),
                    shell: Dialect::from(name),
                });
                continue;
            }
            let given = arguments.iter().skip(1).cloned();
            let argv: Vec<Argument> = words
                .iter()
                .map(|word| Text::known(word.as_str()))
                .chain([Text::known("-")])
                .chain(given)
                .map(argument)
                .collect();
            by.argv = argv;
            by.stdin = Stdin::Text(text);
            self.start(by);
        }
    }

    /// Where a recipe runs.
    fn directory(
        &mut self,
        recipe: &Recipe,
        module: &Module,
        scope: &[(String, Values)],
    ) -> Directory {
        if recipe.has("no-cd") || module.is_set("no-cd") {
            return self.call.command.directory.clone();
        }
        let is_root = module.file.path == self.root;
        let home = if is_root {
            self.home.clone()
        } else {
            module.file.directory().to_owned()
        };
        let mut home = Directory::Known(home);
        let own = recipe.attribute("working-directory");
        let all = [module.setting("working-directory"), own];
        for given in all.into_iter().flatten().filter_map(<[_]>::first) {
            let values = self.values(given, module, scope);
            let path = only(&values, "working-directory");
            home = match path.exact().and_then(|path| home.join(path)) {
                Some(path) => Directory::Known(path),
                None => Directory::Unknown(path.display().into_owned()),
            };
        }
        home
    }

    /// A command of a module: its environment and directory, and no words yet.
    fn within(&mut self, module: &Module, place: &Location) -> Command {
        let mut by = self.call.command.clone();
        by.redirections = Vec::new();
        by.argv = Vec::new();
        by.location = place.clone();
        by.directory = Directory::Known(if module.file.path == self.root {
            self.home.clone()
        } else {
            module.file.directory().to_owned()
        });
        if module.is_set("dotenv-load") || module.setting("dotenv-filename").is_some() {
            self.dotenv(module, &mut by);
        }
        let all = module.is_set("export");
        let variables = module.content.variables.iter();
        let exported: Vec<String> = variables
            .filter(|variable| variable.exported || all)
            .map(|variable| variable.name.clone())
            .collect();
        for name in exported {
            let values = self.variable(&name, module);
            by.environment.set(&name, Some(only(&values, &name)));
        }
        by
    }

    /// The variables of a `.env`, which those of the environment come before.
    fn dotenv(&mut self, module: &Module, by: &mut Command) {
        let named = match module.setting("dotenv-filename") {
            Some([name, ..]) => self.values(name, module, &[]),
            _ => vec![Text::known(".env")],
        };
        let name = only(&named, ".env");
        let path = name.exact().and_then(|name| by.directory.join(name));
        let Some(file) = path.and_then(|path| read(path, self.call, self.findings)) else {
            return;
        };
        for line in file.text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#'))
            else {
                continue;
            };
            let value = value.trim();
            let quoted = value.starts_with(['"', '\'']);
            let text = if value.contains('$') {
                Text::unknown(name)
            } else if quoted {
                let quote = value.get(..1).unwrap_or_default();
                let inner = value.get(1..).unwrap_or_default();
                Text::known(inner.split(quote).next().unwrap_or_default())
            } else {
                Text::known(value.split(" #").next().unwrap_or_default().trim_end())
            };
            if by.variable(self.call.world, name.trim()).is_none() {
                by.environment.set(name.trim(), Some(text));
            }
        }
    }

    /// The shell of a module with a text, as a command at this place.
    fn shell(&self, text: &Text, arguments: &[Text], by: &Command, module: &Module) -> Command {
        let args = self.call.args;
        let words: Vec<Text> = match (args.option("--shell"), module.setting("shell")) {
            (Some(shell), _) => {
                let flags: Vec<Text> = args
                    .all("--shell-arg")
                    .map(|word| word.value.clone())
                    .collect();
                let usual = flags.is_empty().then(|| Text::known("-cu"));
                let shell = std::iter::once(shell.value.clone());
                shell.chain(usual).chain(flags).collect()
            }
            (None, Some(words)) => words
                .iter()
                .map(|word| match word {
                    Expression::Text(text) => Text::known(text),
                    _ => Text::unknown("set shell"),
                })
                .collect(),
            (None, None) => vec![Text::known("sh"), Text::known("-cu")],
        };
        let mut command = by.clone();
        let text = known_text(text, &mut command.environment);
        let words = words.into_iter().chain([text]);
        let words = words.chain(arguments.iter().cloned());
        command.argv = words
            .map(|value| argument(value, &command.location))
            .collect();
        command
    }

    /// A line of what is read.
    fn place(&self, line: usize) -> Location {
        self.file.place(line, &self.call.command.location)
    }

    fn start(&mut self, command: Command) {
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }
}

fn argument(value: Text, place: &Location) -> Argument {
    Argument {
        value,
        splits: false,
        verbatim: None,
        location: place.clone(),
    }
}

/// The value, where there is one only.
fn only(values: &Values, name: &str) -> Text {
    match values.as_slice() {
        [value] => value.clone(),
        _ => Text::unknown(name),
    }
}

/// A name that just itself gives a value.
fn constant(name: &str) -> Text {
    match name {
        "HEX" | "HEXLOWER" => Text::known("0123456789abcdef"),
        "HEXUPPER" => Text::known("0123456789ABCDEF"),
        // Colours and the like for a terminal.
        "BOLD" | "NORMAL" | "RED" | "GREEN" | "YELLOW" | "BLUE" | "MAGENTA" | "CYAN" | "WHITE"
        | "BLACK" | "ITALIC" | "UNDERLINE" | "CLEAR" | "HIDE" | "INVERT" | "STRIKETHROUGH" => {
            Text::empty()
        }
        _ => Text::unknown(name),
    }
}

/// Takes away the backslash by which a line goes on with the next one, if there is one.
fn is_continued(fragments: &mut [Fragment]) -> bool {
    let Some(Fragment::Text(last)) = fragments.last_mut() else {
        return false;
    };
    let continued = last.ends_with('\\');
    if continued {
        last.pop();
    }
    continued
}

fn without_indent(line: &Line) -> Vec<Fragment> {
    let mut fragments = line.fragments.clone();
    if let Some(Fragment::Text(first)) = fragments.first_mut() {
        *first = first.trim_start().to_owned();
    }
    fragments
}

/// A line without the `@` and `-` that just takes from it.
fn unprefixed(text: &Text) -> Text {
    let marks = text.known_prefix();
    let bare = marks.trim_start_matches(['@', '-']);
    text.after(marks.len() - bare.len())
}
