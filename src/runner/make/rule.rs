//! Rules, and which of them make a target: what its recipes run, prerequisites first.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Make;
use super::variable::{Body, Operator};
use super::words;
use crate::location::Location;
use crate::resolve::Text;
use crate::world::PathStatus;

/// Prerequisites of prerequisites.
const CHAIN: usize = 200;
/// Implicit rules in a row: `x` from `x.o` from `x.c` from `x.y`.
const IMPLICIT: usize = 4;
/// Recipe lines of one make.
pub(super) const LINES: usize = 1000;

/// A line of a recipe, as the file has it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: Rc<str>,
    pub(super) location: Location,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) targets: Vec<Text>,
    /// The middle of a static pattern rule.
    pub(super) pattern: Option<String>,
    /// Behind a `|` stand those that only come first: the target is not made from them.
    pub(super) prerequisites: Vec<Text>,
    /// Its head as the file has it, when prerequisites are expanded a second time.
    pub(super) raw: Option<Rc<str>>,
    pub(super) recipe: Vec<Line>,
    /// `::`
    pub(super) double: bool,
    /// It stands where it may not count.
    pub(super) doubtful: bool,
}

/// `target: NAME = value`.
#[derive(Clone, Debug)]
pub(super) struct TargetVariable {
    pub(super) target: String,
    pub(super) name: String,
    pub(super) operator: Operator,
    pub(super) raw: Rc<str>,
    pub(super) export: Option<bool>,
}

/// What a target needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Prerequisites {
    pub(super) normal: Vec<Text>,
    pub(super) order_only: Vec<Text>,
}

impl Prerequisites {
    /// Words, in which a `|` stands before those that only come first.
    fn of(words: Vec<Text>) -> Self {
        let mut found = Self::default();
        let mut ordered = false;
        for word in words {
            if word.exact() == Some("|") {
                ordered = true;
            } else if ordered {
                found.order_only.push(word);
            } else {
                found.normal.push(word);
            }
        }
        found
    }
}

/// What is set for one target and what it is made from.
pub(super) type Scope = BTreeMap<String, Body>;

impl Make<'_> {
    pub(super) fn add(&mut self, rule: Rule) -> usize {
        let index = self.rules.len();
        for target in &rule.targets {
            let name = target.display();
            self.charge(1);
            match name.as_ref() {
                ".SECONDEXPANSION" => self.second_expansion = true,
                ".ONESHELL" => self.one_shell = true,
                ".EXPORT_ALL_VARIABLES" => self.export_all = true,
                ".SUFFIXES" if rule.prerequisites.is_empty() => self.suffix_rules = false,
                ".PHONY" => {
                    let names = rule.prerequisites.iter();
                    self.phony
                        .extend(names.map(|name| name.display().into_owned()));
                }
                _ => {}
            }
            let is_special = name.starts_with('.') && !name.contains('/');
            if rule.pattern.is_none() && name.contains('%') {
                self.patterns.push(index);
            } else {
                if !is_special && !self.built_in && !self.goals_known {
                    self.first_goals.push(name.clone().into_owned());
                    self.goals_known = !rule.doubtful;
                }
                if target.exact().is_none() {
                    self.unnamed.push(index);
                }
                self.by_target
                    .entry(name.into_owned())
                    .or_default()
                    .push(index);
            }
        }
        self.rules.push(rule);
        index
    }

    /// Old-fashioned `.c.o:` rules as the pattern rules that they are.
    pub(super) fn read_suffix_rules(&mut self) {
        if !self.suffix_rules {
            return;
        }
        let listed = self.by_target.get(".SUFFIXES").cloned().unwrap_or_default();
        let mut suffixes: Vec<String> = [
            ".c", ".o", ".cc", ".cpp", ".C", ".f", ".s", ".S", ".y", ".l", ".sh", ".a",
        ]
        .map(str::to_owned)
        .to_vec();
        for rule in listed.iter().filter_map(|index| self.rules.get(*index)) {
            suffixes.extend(
                rule.prerequisites
                    .iter()
                    .map(|word| word.display().into_owned()),
            );
        }
        let mut made = Vec::new();
        for (name, rules) in &self.by_target {
            let from = suffixes.iter().find(|from| {
                name.strip_prefix(from.as_str())
                    .is_some_and(|to| to.is_empty() || suffixes.iter().any(|known| known == to))
            });
            let Some(from) = from else { continue };
            let to = name.get(from.len()..).unwrap_or_default();
            for index in rules {
                if let Some(rule) = self.rules.get(*index).filter(|r| !r.recipe.is_empty()) {
                    made.push(Rule {
                        targets: vec![Text::known(format!("%{to}"))],
                        prerequisites: vec![Text::known(format!("%{from}"))],
                        ..rule.clone()
                    });
                }
            }
        }
        for rule in made {
            self.add(rule);
        }
    }

    /// Runs what makes a target; whether that may run anything.
    pub(super) fn bring(&mut self, target: &Text, inherited: &Scope, depth: usize) -> bool {
        let name = target.display().into_owned();
        if let Some(ran) = self.done.get(&name) {
            return *ran;
        }
        self.done.insert(name.clone(), false);
        if depth > CHAIN || !self.charge(1) {
            let place = self.place.clone();
            self.findings.opaque(
                "the prerequisites in this makefile go too deep to follow",
                &place,
            );
            return true;
        }
        let scope = self.scope(&name, inherited);
        let own = self.by_target.get(&name).cloned().unwrap_or_default();
        let mut ran = false;
        let mut prerequisites = Vec::new();
        let mut order_only = Vec::new();
        let mut recipes = Vec::new();
        for index in &own {
            let Some(rule) = self.rules.get(*index).cloned() else {
                continue;
            };
            let stem = rule
                .pattern
                .as_ref()
                .and_then(|pattern| words::stem(pattern, &name));
            let stem = stem.unwrap_or_default().to_owned();
            let from = self.prerequisites(&rule, &name, &stem, &scope);
            if !rule.recipe.is_empty() {
                // A later recipe takes the place of an earlier one.
                if !rule.double && !rule.doubtful {
                    recipes.clear();
                }
                recipes.push((rule, stem, from.clone()));
            }
            let from = Prerequisites::of(from);
            prerequisites.extend(from.normal);
            order_only.extend(from.order_only);
        }
        if !order_only.is_empty() {
            prerequisites.push(Text::known("|"));
            prerequisites.extend(order_only);
        }
        let prerequisites = self.in_order(prerequisites, &scope, depth, &mut ran);
        if recipes.is_empty() {
            return ran | self.implicit(target, &prerequisites, &scope, depth);
        }
        if !ran && self.is_up_to_date(&name, &prerequisites) {
            return false;
        }
        for (rule, stem, from) in recipes {
            let from = if rule.double {
                Prerequisites::of(from)
            } else {
                prerequisites.clone()
            };
            self.run(&rule, target, &stem, &from, &scope);
        }
        self.done.insert(name, true);
        true
    }

    /// Makes what a target needs first.
    fn in_order(
        &mut self,
        all: Vec<Text>,
        scope: &Scope,
        depth: usize,
        ran: &mut bool,
    ) -> Prerequisites {
        let all = Prerequisites::of(all);
        for one in &all.normal {
            *ran |= self.bring(one, scope, depth + 1);
        }
        for one in &all.order_only {
            self.bring(one, scope, depth + 1);
        }
        all
    }

    /// The prerequisites that a rule names for a target.
    fn prerequisites(&mut self, rule: &Rule, target: &str, stem: &str, scope: &Scope) -> Vec<Text> {
        let given = match &rule.raw {
            Some(raw) => {
                // Once more, with what is known of the target.
                let after = raw.split_once(':').map_or("", |(_, after)| after);
                let after = after.rsplit(':').next().unwrap_or_default();
                let mut scope = scope.clone();
                scope.insert("@".to_owned(), Body::Simple(Text::known(target)));
                scope.insert("*".to_owned(), Body::Simple(Text::known(stem)));
                self.scopes.push(scope);
                let first = self.expand(after);
                let again = match first.exact() {
                    Some(text) => {
                        let text = text.to_owned();
                        self.expand(&text)
                    }
                    None => first,
                };
                self.scopes.pop();
                words::words(&again)
            }
            None => rule.prerequisites.clone(),
        };
        let mut found = Vec::new();
        for word in given {
            let Some(name) = word.exact() else {
                found.push(word);
                continue;
            };
            let name = words::fill(name, stem);
            if name == "|" {
                found.push(word);
            } else if name.contains(['*', '?', '[']) {
                let here = self.directory.clone();
                let names = crate::context::glob::names(&name, &here, self.call.world);
                found.extend(names.unwrap_or_default().into_iter().map(Text::known));
            } else if name != ".WAIT" {
                found.push(Text::known(self.searched(&name)));
            }
        }
        found
    }

    /// A name as `VPATH` and `vpath` find it.
    fn searched(&mut self, name: &str) -> String {
        if self.search.is_empty() || self.by_target.contains_key(name) || self.is_there(name) {
            return name.to_owned();
        }
        let directories = self.search.iter();
        let fitting = directories.filter(|(pattern, _)| words::stem(pattern, name).is_some());
        let mut paths = fitting.flat_map(|(_, all)| all.iter().map(|d| format!("{d}/{name}")));
        paths
            .find(|path| self.is_there(path))
            .unwrap_or_else(|| name.to_owned())
    }

    fn is_there(&self, name: &str) -> bool {
        let path = self.directory.join(name);
        let world = self.call.world;
        world.status(&path) != PathStatus::Missing || world.is_written(&path)
    }

    /// A target without a recipe of its own: by the pattern rules that fit it.
    fn implicit(
        &mut self,
        target: &Text,
        own: &Prerequisites,
        scope: &Scope,
        depth: usize,
    ) -> bool {
        let Some(name) = target.exact().map(str::to_owned) else {
            return self.unnamed_targets(depth);
        };
        if self.phony.contains(&name) || self.implicit_depth >= IMPLICIT {
            return false;
        }
        self.implicit_depth += 1;
        let mut ran = false;
        let mut found = false;
        let mut decided = false;
        let is_missing = !self.by_target.contains_key(&name) && !self.is_there(&name);
        let (own_rules, built_in): (Vec<usize>, Vec<usize>) = self
            .patterns
            .iter()
            .partition(|index| **index >= self.own_rules);
        for index in own_rules.into_iter().chain(built_in) {
            // A rule of the makefile comes before those that make knows itself.
            if decided && index < self.own_rules {
                break;
            }
            let Some(rule) = self.rules.get(index).cloned() else {
                continue;
            };
            if rule.recipe.is_empty() {
                continue;
            }
            let pattern = rule.targets.iter().filter_map(Text::exact);
            let stem = pattern.filter_map(|p| stem_of(p, &name)).next();
            let Some(stem) = stem else { continue };
            let from = self.prerequisites(&rule, &name, &stem, scope);
            self.charge(1 + from.len());
            // What an earlier command or recipe makes is not there to be seen. The built-in rules
            // are many, and so tried for what nothing else makes.
            let may_come = self.has_run || !self.call.world.is_accounted_for();
            let is_own = index >= self.own_rules;
            let tried = is_own || (self.implicit_depth == 1 && is_missing);
            let is_there = from.iter().all(|one| self.may_exist(one, 0));
            if !(is_there || may_come && tried) {
                continue;
            }
            found |= is_there;
            decided |= from.iter().all(|one| {
                let name = one.exact();
                name.is_some_and(|name| self.by_target.contains_key(name) || self.is_there(name))
            });
            let mut from_ran = false;
            let mut all = self.in_order(from, scope, depth, &mut from_ran);
            all.normal.extend(own.normal.iter().cloned());
            all.order_only.extend(own.order_only.iter().cloned());
            if !from_ran && self.is_up_to_date(&name, &all) {
                continue;
            }
            self.run(&rule, target, &stem, &all, scope);
            ran = true;
        }
        self.implicit_depth -= 1;
        if !found && is_missing {
            ran |= self.unnamed_targets(depth);
            for index in self.by_target.get(".DEFAULT").cloned().unwrap_or_default() {
                if let Some(rule) = self.rules.get(index).cloned() {
                    self.run(&rule, target, "", &Prerequisites::default(), scope);
                    ran = true;
                }
            }
        }
        if ran {
            self.done.insert(name, true);
        }
        ran
    }

    /// Whether a prerequisite of a pattern rule may be there when make looks.
    fn may_exist(&self, one: &Text, depth: usize) -> bool {
        let Some(name) = one.exact() else { return true };
        if self.by_target.contains_key(name) || self.is_there(name) {
            return true;
        }
        // It may itself be made by a pattern rule.
        depth < IMPLICIT
            && self.patterns.iter().any(|index| {
                let Some(rule) = self.rules.get(*index) else {
                    return false;
                };
                let patterns = rule.targets.iter().filter_map(Text::exact);
                let mut stems = patterns
                    .filter(|pattern| *pattern != "%")
                    .filter_map(|pattern| stem_of(pattern, name));
                stems.any(|stem| {
                    let fill = |one: &Text| one.exact().map(|one| words::fill(one, &stem));
                    let mut from = rule.prerequisites.iter().filter_map(fill);
                    from.all(|one| self.may_exist(&Text::known(one), depth + 1))
                })
            })
    }

    /// Rules whose targets are known only when make runs: they may make what was asked for.
    fn unnamed_targets(&mut self, depth: usize) -> bool {
        let mut ran = false;
        for index in self.unnamed.clone() {
            let targets = self.rules.get(index).map(|rule| rule.targets.clone());
            for target in targets.into_iter().flatten() {
                if target.exact().is_none() {
                    ran |= self.bring(&target, &Scope::new(), depth + 1);
                }
            }
        }
        ran
    }

    /// Whether a target is certainly newer than all it is made from.
    fn is_up_to_date(&self, name: &str, prerequisites: &Prerequisites) -> bool {
        let world = self.call.world;
        if self.has_run
            || self.settings.always
            || self.phony.contains(name)
            || !world.is_untouched()
        {
            return false;
        }
        let time = |name: &str| {
            let entry = world.entry(&self.directory.join(name))?;
            Some(entry.modified)
        };
        let Some(made) = time(name) else { return false };
        prerequisites.normal.iter().all(|one| {
            let name = one.exact().filter(|name| !self.phony.contains(*name));
            name.and_then(time).is_some_and(|time| time <= made)
        })
    }

    /// The variables of a target: those it inherits, then its own.
    fn scope(&mut self, name: &str, inherited: &Scope) -> Scope {
        let mut scope = inherited.clone();
        let fits = |variable: &&TargetVariable| {
            variable.target == name
                || (variable.target.contains('%') && stem_of(&variable.target, name).is_some())
        };
        let own: Vec<TargetVariable> = self.target_variables.iter().filter(fits).cloned().collect();
        for variable in own {
            let known = self.variables.get(&variable.name);
            if known.is_some_and(|known| known.origin >= super::variable::Origin::Strong) {
                continue;
            }
            self.scopes.push(scope.clone());
            let body = match variable.operator {
                Operator::Recursive => Some(Body::Recursive(Rc::clone(&variable.raw))),
                Operator::IfUndefined => match self.body(&variable.name) {
                    Some(_) => None,
                    None => Some(Body::Recursive(Rc::clone(&variable.raw))),
                },
                Operator::Simple => Some(Body::Simple(self.expand(&variable.raw))),
                Operator::Shell => {
                    let text = self.expand(&variable.raw);
                    Some(Body::Simple(self.shell(&text)))
                }
                Operator::Append => {
                    let mut text = self.value(&variable.name);
                    if !text.is_empty() {
                        text.push_known(" ");
                    }
                    let more = self.expand(&variable.raw);
                    text.append(more);
                    Some(Body::Simple(text))
                }
            };
            self.scopes.pop();
            if variable.export == Some(true) {
                self.exported.insert(variable.name.clone());
            }
            if let Some(body) = body {
                scope.insert(variable.name, body);
            }
        }
        scope
    }
}

/// What `%` stands for; a pattern without a slash fits the file's name in any directory.
fn stem_of(pattern: &str, name: &str) -> Option<String> {
    if pattern.contains('/') || !name.contains('/') {
        return words::stem(pattern, name).map(str::to_owned);
    }
    let directory = words::directory(name);
    let stem = words::stem(pattern, words::file(name))?;
    Some(format!("{directory}{stem}"))
}
