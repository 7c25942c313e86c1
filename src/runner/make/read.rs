//! A makefile's lines: conditionals, assignments, rules, inclusion.

use std::rc::Rc;

use super::conditional::Frame;
use super::rule::{Line, Rule, TargetVariable};
use super::variable::{Body, Operator, Origin, Variable, assignment, find_outside};
use super::words;
use super::{Make, Place};
use crate::resolve::{Part, Text};
use crate::world::ReadError;

/// Makefiles that one make reads.
const FILES: usize = 64;
/// Inclusion and `eval` within each other.
const NESTING: usize = 32;

/// A text being read.
pub(super) struct Reader<'m, 'a> {
    pub(super) make: &'m mut Make<'a>,
    place: Place,
    pub(super) frames: Vec<Frame>,
    /// The rules that recipe lines go to.
    open: Vec<usize>,
}

/// The lines of a text, with the number of each.
fn numbered(text: &str) -> std::iter::Peekable<impl Iterator<Item = (usize, &str)>> {
    text.lines().enumerate().peekable()
}

fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Whether a rule's first recipe line stands on this one: the shell reads what follows the `;`.
fn holds_recipe(line: &str) -> bool {
    let at = |mark: u8| find_outside(line, |byte| byte == mark);
    let (Some(colon), Some(semicolon)) = (at(b':'), at(b';')) else {
        return false;
    };
    let head = line.get(..semicolon).unwrap_or_default();
    let rest = line.get(colon + 1..semicolon).unwrap_or_default();
    at(b'#').is_none_or(|comment| semicolon < comment)
        && assignment(head).is_none()
        && assignment(rest).is_none()
}

/// A line without its comment.
fn uncommented(line: &str) -> String {
    if holds_recipe(line) {
        return line.to_owned();
    }
    let Some(at) = find_outside(line, |byte| byte == b'#') else {
        return line.to_owned();
    };
    let before = line.get(..at).unwrap_or_default();
    match before.strip_suffix('\\') {
        Some(kept) if !kept.ends_with('\\') => {
            let rest = uncommented(line.get(at + 1..).unwrap_or_default());
            format!("{kept}#{rest}")
        }
        _ => before.to_owned(),
    }
}

impl Make<'_> {
    /// Reads a makefile; false if it is not there.
    pub(super) fn read_file(&mut self, name: &str) -> Result<(), ReadError> {
        let path = self.directory.join(name);
        let text = self.call.world.read(&path)?;
        self.files += 1;
        if self.files > FILES || self.nesting >= NESTING {
            let place = self.place.clone();
            self.findings
                .opaque("this makefile includes more than guard reads", &place);
            return Ok(());
        }
        self.makefiles.push(name.to_owned());
        let list = words::join(self.makefiles.iter().map(Text::known));
        let list = Variable::new(Body::Simple(list), Origin::File);
        self.variables.insert("MAKEFILE_LIST", list);
        self.read_text(&text, Place::File(Rc::from(path)));
        Ok(())
    }

    /// Reads what `$(eval …)` makes, with what is not known in it as variables of their own.
    pub(super) fn evaluate(&mut self, text: &Text) {
        let mut holes = Vec::new();
        let known = text.render(|_, source| {
            holes.push(source.to_owned());
            format!("$(.hole-{})", holes.len())
        });
        for (index, source) in holes.into_iter().enumerate() {
            let hole = Variable::new(Body::Simple(Text::unknown(source)), Origin::File);
            self.variables.insert(&format!(".hole-{}", index + 1), hole);
        }
        let place = Place::Fixed(self.place.clone());
        self.read_text(&known, place);
    }

    pub(super) fn read_text(&mut self, text: &str, place: Place) {
        if self.nesting >= NESTING || !self.charge(1 + text.len() / 32) {
            self.charge(usize::MAX / 4);
            return;
        }
        self.nesting += 1;
        let outer = self.place.clone();
        Reader {
            make: self,
            place,
            frames: Vec::new(),
            open: Vec::new(),
        }
        .run(text);
        self.place = outer;
        self.nesting -= 1;
    }

    /// Sets a variable as a line of a makefile does.
    pub(super) fn assign(&mut self, name: &str, operator: Operator, raw: &str, origin: Origin) {
        let known = self.variables.get(name).cloned();
        if known.as_ref().is_some_and(|known| known.origin > origin) {
            return;
        }
        let export = known.as_ref().and_then(|known| known.export);
        let bodies = match operator {
            Operator::Recursive => vec![Body::Recursive(Rc::from(raw))],
            Operator::Simple => simple(self.expansions(raw)),
            Operator::Shell => {
                let mut printed = Vec::new();
                for text in self.expansions(raw) {
                    printed.push(self.shell(&text));
                }
                simple(printed)
            }
            Operator::IfUndefined => {
                if self.body(name).is_some() {
                    return;
                }
                vec![Body::Recursive(Rc::from(raw))]
            }
            Operator::Append => {
                let mut before = known.map(|known| known.bodies).unwrap_or_default();
                if before.is_empty() {
                    before.extend(self.body(name));
                }
                if before.is_empty() {
                    before.push(Body::Recursive(Rc::from("")));
                }
                let mut bodies = Vec::new();
                for body in before {
                    match body {
                        Body::Recursive(old) if old.is_empty() => {
                            bodies.push(Body::Recursive(Rc::from(raw)));
                        }
                        Body::Recursive(old) => {
                            self.charge(old.len() / 32);
                            bodies.push(Body::Recursive(Rc::from(format!("{old} {raw}"))));
                        }
                        Body::Simple(old) => {
                            for more in self.expansions(raw) {
                                let mut text = old.clone();
                                text.push_known(" ");
                                text.append(more);
                                bodies.push(Body::Simple(text));
                            }
                        }
                    }
                }
                bodies
            }
        };
        let mut variable = Variable::new(Body::Simple(Text::empty()), origin);
        variable.bodies = bodies;
        variable.export = export;
        self.variables.insert(name, variable);
    }
}

fn simple(texts: Vec<Text>) -> Vec<Body> {
    texts.into_iter().map(Body::Simple).collect()
}

impl Reader<'_, '_> {
    fn run(&mut self, text: &str) {
        let mut lines = numbered(text);
        while let Some((number, first)) = lines.next() {
            self.make.place = self.place.at(number + 1, &self.make.call.command.location);
            let prefix = self.make.recipe_prefix();
            let is_recipe = !self.open.is_empty() && first.starts_with(prefix);
            let mut line = first.to_owned();
            // A recipe keeps its continued lines for the shell.
            while continues(&line) {
                let Some((_, next)) = lines.next() else { break };
                if is_recipe {
                    line.push('\n');
                    line.push_str(next.strip_prefix(prefix).unwrap_or(next));
                } else {
                    line.pop();
                    line.truncate(line.trim_end().len());
                    line.push(' ');
                    line.push_str(next.trim_start());
                }
            }
            if is_recipe {
                if self.is_active() {
                    let body = line.get(prefix.len_utf8()..).unwrap_or_default();
                    self.recipe(body);
                }
                continue;
            }
            let line = uncommented(&line);
            // Blanks at the end belong to a value.
            let line = line.trim_start();
            if line.is_empty() || self.conditional(line.trim_end()) {
                continue;
            }
            if let Some(head) = definition(line) {
                let body = block(&mut lines);
                if self.is_active() {
                    self.define(&head, &body);
                }
                continue;
            }
            if self.is_active() {
                self.line(line);
            }
        }
    }

    fn recipe(&mut self, text: &str) {
        let line = Line {
            text: Rc::from(text),
            location: self.make.place.clone(),
        };
        for index in &self.open {
            if let Some(rule) = self.make.rules.get_mut(*index) {
                rule.recipe.push(line.clone());
            }
        }
    }

    fn define(&mut self, head: &str, body: &str) {
        let (modifiers, rest) = modifiers(head);
        let rest = rest.strip_prefix("define").unwrap_or(rest).trim();
        let (name, operator) = match assignment(rest) {
            Some((name, operator, _)) => (name, operator),
            None => (rest, Operator::Recursive),
        };
        let name = self.make.expand(name);
        if let Some(name) = name.exact() {
            let origin = modifiers.origin();
            self.make.assign(name.trim(), operator, body, origin);
            self.export(name.trim(), modifiers.export);
        }
    }

    fn export(&mut self, name: &str, export: Option<bool>) {
        let Some(export) = export else { return };
        let known = self.make.variables.get(name).cloned();
        let known = known.or_else(|| {
            let body = self.make.body(name)?;
            Some(Variable::new(body, Origin::Environment))
        });
        if let Some(mut variable) = known {
            variable.export = Some(export);
            self.make.variables.insert(name, variable);
        } else if export {
            self.make.exported.insert(name.to_owned());
        }
    }

    /// A line that is no recipe's and no conditional.
    fn line(&mut self, line: &str) {
        let (modifiers, rest) = modifiers(line);
        if let Some((name, operator, raw)) = assignment(rest) {
            self.open.clear();
            let origin = modifiers.origin();
            for name in self.make.expansions(name) {
                if let Some(name) = name.exact() {
                    self.make.assign(name, operator, raw, origin);
                    self.export(name, modifiers.export);
                    if modifiers.private
                        && let Some(mut variable) = self.make.variables.get(name).cloned()
                    {
                        variable.private = true;
                        self.make.variables.insert(name, variable);
                    }
                }
            }
            return;
        }
        if let Some(export) = modifiers.export {
            let names = self.make.expand(rest);
            let names = words::words(&names);
            if names.is_empty() {
                self.make.export_all = export;
            }
            for name in names {
                if let Some(name) = name.exact() {
                    self.export(name, Some(export));
                }
            }
            return;
        }
        let (word, rest) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let is_rule = rest.trim_start().starts_with(':');
        match word {
            "include" | "-include" | "sinclude" if !is_rule => {
                self.open.clear();
                self.include(word, rest);
            }
            "undefine" if !is_rule => {
                let name = self.make.expand(rest);
                if let Some(name) = name.exact() {
                    self.make.variables.remove(name.trim());
                }
            }
            "vpath" if !is_rule => {
                let text = self.make.expand(rest);
                let mut given = words::words(&text).into_iter();
                let pattern = given
                    .next()
                    .and_then(|word| word.exact().map(str::to_owned));
                let directories: Vec<String> = given
                    .filter_map(|word| word.exact().map(str::to_owned))
                    .flat_map(|word| word.split(':').map(str::to_owned).collect::<Vec<_>>())
                    .collect();
                if let Some(pattern) = pattern {
                    self.make.search.push((pattern, directories));
                }
            }
            "load" | "-load" if !is_rule => {
                let place = self.make.place.clone();
                let reason = "make loads a library, which guard does not read";
                self.make.findings.opaque(reason, &place);
            }
            _ => self.rule(line),
        }
    }

    fn include(&mut self, word: &str, rest: &str) {
        for text in self.make.expansions(rest) {
            for name in words::words(&text) {
                self.include_one(word == "include", &name);
            }
        }
    }

    fn include_one(&mut self, must: bool, name: &Text) {
        let place = self.make.place.clone();
        let Some(name) = name.exact() else {
            // Lists of dependencies that a compiler writes are named by what is compiled.
            if must {
                let reason = format!("make includes what is not known: {}", name.display());
                self.make.findings.opaque(reason, &place);
            }
            return;
        };
        let here = self.make.directory.clone();
        let names = if name.contains(['*', '?', '[']) {
            crate::context::glob::names(name, &here, self.make.call.world).unwrap_or_default()
        } else {
            vec![name.to_owned()]
        };
        for name in names {
            let found = self.make.read_file(&name);
            self.make.place = place.clone();
            match found {
                Ok(()) => {}
                Err(ReadError::Missing(_)) => self.make.missing.push(name),
                Err(error) => {
                    let reason = format!("a makefile that guard cannot read: {error}");
                    self.make.findings.opaque(reason, &place);
                }
            }
        }
    }

    /// `targets: prerequisites ; recipe`, and `targets: NAME = value`.
    fn rule(&mut self, line: &str) {
        let semicolon = find_outside(line, |byte| byte == b';');
        let colon = find_outside(line, |byte| byte == b':');
        // A `;` in the value of a target's own variable is the value's.
        let of_target = colon
            .filter(|at| semicolon.is_none_or(|semicolon| *at < semicolon))
            .and_then(|at| {
                let rest = line.get(at + 1..)?;
                let rest = rest.strip_prefix(':').unwrap_or(rest);
                let (modifiers, rest) = modifiers(rest.trim_start());
                let (name, operator, raw) = assignment(rest)?;
                Some((line.get(..at)?, modifiers, name, operator, raw))
            });
        self.open.clear();
        if let Some((targets, modifiers, name, operator, raw)) = of_target {
            let targets = self.make.expand(targets);
            let name = self.make.expand(name).display().into_owned();
            for target in words::words(&targets) {
                self.make.target_variables.push(TargetVariable {
                    target: target.display().into_owned(),
                    name: name.clone(),
                    operator,
                    raw: Rc::from(raw),
                    export: modifiers.export,
                });
            }
            return;
        }
        let (head, inline) = match semicolon {
            Some(at) => (
                line.get(..at).unwrap_or_default(),
                line.get(at + 1..).map(str::trim_start),
            ),
            None => (line, None),
        };
        for text in self.make.expansions(head) {
            self.rule_of(&text, head, inline);
        }
    }

    fn rule_of(&mut self, text: &Text, raw: &str, inline: Option<&str>) {
        let Some((targets, rest, double)) = split_rule(text) else {
            // A line of references that expand to nothing, or an error that ends make.
            return;
        };
        let (patterns, rest) = match split_rule(&rest) {
            Some((patterns, rest, _)) => (Some(patterns), rest),
            None => (None, rest),
        };
        let targets = words::words(&targets);
        let mut prerequisites = words::words(&rest);
        prerequisites.retain(|word| word.exact() != Some(".WAIT"));
        let grouped = targets.last().and_then(Text::exact) == Some("&");
        let targets: Vec<Text> = targets
            .into_iter()
            .filter(|word| !(grouped && word.exact() == Some("&")))
            .collect();
        let rule = Rule {
            targets,
            pattern: patterns.map(|text| text.display().trim().to_owned()),
            prerequisites,
            raw: self.make.second_expansion.then(|| Rc::from(raw)),
            recipe: Vec::new(),
            double,
            doubtful: self.is_doubtful(),
        };
        let index = self.make.add(rule);
        self.open.push(index);
        if let Some(inline) = inline {
            self.recipe(inline);
        }
    }
}

/// What a rule's text is on either side of its colon, and whether that is doubled.
fn split_rule(text: &Text) -> Option<(Text, Text, bool)> {
    let (mut left, mut right) = (Text::empty(), Text::empty());
    let mut double = None;
    for part in text.parts() {
        match part {
            Part::Known(known) if double.is_none() => match known.split_once(':') {
                Some((before, after)) => {
                    left.push_known(before);
                    let rest = after.strip_prefix(':');
                    double = Some(rest.is_some());
                    right.push_known(rest.unwrap_or(after));
                }
                None => left.push_known(known),
            },
            other if double.is_none() => left.push(other.clone()),
            other => right.push(other.clone()),
        }
    }
    Some((left, right, double?))
}

/// The words before an assignment.
#[derive(Clone, Copy, Debug, Default)]
struct Modifiers {
    overrides: bool,
    private: bool,
    export: Option<bool>,
}

impl Modifiers {
    fn origin(self) -> Origin {
        if self.overrides {
            Origin::Override
        } else {
            Origin::File
        }
    }
}

fn modifiers(line: &str) -> (Modifiers, &str) {
    let mut found = Modifiers::default();
    let mut rest = line;
    loop {
        let (word, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let after = after.trim_start();
        // `export = 1` and `override: x` name a variable and a target.
        let is_name = after.starts_with([':', '=']) || after.starts_with("+=");
        match word {
            "override" if !is_name => found.overrides = true,
            "export" if !is_name => found.export = Some(true),
            "unexport" if !is_name => found.export = Some(false),
            "private" if !is_name && !after.is_empty() => found.private = true,
            _ => return (found, rest),
        }
        rest = after;
    }
}

/// The head of a `define`, with what stands before it.
fn definition(line: &str) -> Option<String> {
    let (_, rest) = modifiers(line);
    let after = rest.strip_prefix("define")?;
    let is_word = after.starts_with([' ', '\t'])
        && assignment(rest).is_none_or(|(name, ..)| name != "define");
    is_word.then(|| line.to_owned())
}

/// The lines up to the matching `endef`.
fn block<'t>(lines: &mut impl Iterator<Item = (usize, &'t str)>) -> String {
    let mut depth = 1_usize;
    let mut kept: Vec<&str> = Vec::new();
    for (_, line) in lines {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        if word == "endef" {
            depth -= 1;
            if depth == 0 {
                break;
            }
        } else if definition(line.trim_start()).is_some() {
            depth += 1;
        }
        kept.push(line);
    }
    kept.join("\n")
}
