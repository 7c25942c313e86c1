//! ninja: the commands of a `build.ninja` for the targets on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{File, directory, read, start, unseen};
use crate::call::{Call, Findings};
use crate::resolve::{Command, Directory, Text};

/// Files that one another include.
const FILES: usize = 256;
/// Variables within variables.
const DEPTH: usize = 16;

type Variables = BTreeMap<String, String>;

/// A `rule`: its variables, not expanded.
#[derive(Debug, Default)]
struct Rule {
    variables: Variables,
    line: usize,
}

/// A `build` statement.
#[derive(Debug)]
struct Edge {
    rule: String,
    outputs: Vec<String>,
    /// Those that `$out` names.
    explicit_outputs: usize,
    inputs: Vec<String>,
    /// Those that `$in` names.
    explicit_inputs: usize,
    variables: Variables,
    file: Rc<File>,
}

#[derive(Default)]
struct Manifest {
    rules: BTreeMap<String, (Rule, Option<Rc<File>>)>,
    edges: Vec<Edge>,
    by_output: BTreeMap<String, usize>,
    defaults: Vec<String>,
    files: usize,
}

/// Judges a ninja by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let Some(home) = directory(call, &["-C"]) else {
        unseen(call, findings);
        return;
    };
    let named = call.args.option("-f").map(|word| word.value.display());
    let name = named.as_deref().unwrap_or("build.ninja");
    let Some(file) = read(home.join(name), call, findings) else {
        if !call.world.is_untouched() {
            unseen(call, findings);
        }
        return;
    };
    let mut manifest = Manifest::default();
    let mut variables = Variables::new();
    manifest.file(&Rc::new(file), &mut variables, call, findings);
    let mut by = call.command.clone();
    by.directory = Directory::Known(home);
    let mut run = Run {
        manifest: &manifest,
        file_variables: &variables,
        by: &by,
        call,
        findings,
        done: BTreeSet::new(),
    };
    // What makes the file itself comes first.
    run.targets(vec![name.to_owned()]);
    let mut goals = Vec::new();
    for word in &call.args.operands {
        match word.value.exact().filter(|_| !word.splits) {
            // `x.c^` is what is made of it; everything is looked at then.
            Some(goal) if goal.ends_with('^') => goals.extend(manifest.roots()),
            Some(goal) => goals.push(goal.strip_prefix("./").unwrap_or(goal).to_owned()),
            None => {
                let reason = format!(
                    "what ninja makes is known only when it runs: {}",
                    word.value.display()
                );
                run.findings.opaque(reason, &word.location);
            }
        }
    }
    if call.args.operands.is_empty() {
        goals = if manifest.defaults.is_empty() {
            manifest.roots()
        } else {
            manifest.defaults.clone()
        };
    }
    run.targets(goals);
}

impl Manifest {
    /// What is not the input of anything else.
    fn roots(&self) -> Vec<String> {
        let inputs: BTreeSet<&String> = self.edges.iter().flat_map(|edge| &edge.inputs).collect();
        let outputs = self.edges.iter().flat_map(|edge| &edge.outputs);
        outputs
            .filter(|output| !inputs.contains(output))
            .cloned()
            .collect()
    }

    fn file(
        &mut self,
        file: &Rc<File>,
        variables: &mut Variables,
        call: &Call<'_>,
        findings: &mut Findings,
    ) {
        self.files += 1;
        if self.files > FILES {
            let place = &call.command.location;
            findings.opaque("these ninja files include more than guard reads", place);
            return;
        }
        let mut lines = logical_lines(&file.text).into_iter().peekable();
        while let Some((number, line)) = lines.next() {
            let mut inner = Variables::new();
            while let Some((_, own)) = lines.next_if(|(_, line)| line.starts_with(' ')) {
                if let Some((name, value)) = own.split_once('=') {
                    inner.insert(name.trim().to_owned(), value.trim_start().to_owned());
                }
            }
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match word {
                "rule" => {
                    let rule = Rule {
                        variables: inner,
                        line: number,
                    };
                    let name = rest.trim().to_owned();
                    self.rules.insert(name, (rule, Some(Rc::clone(file))));
                }
                "build" => self.edge(rest, inner, variables, file),
                "default" => {
                    let words = words(rest);
                    let known = words.iter().map(|word| expanded(word, variables));
                    self.defaults.extend(known);
                }
                "include" | "subninja" => {
                    let path = expanded(rest.trim(), variables);
                    let base = directory(call, &["-C"]).unwrap_or_default();
                    if let Some(found) = read(base.join(path), call, findings) {
                        self.file(&Rc::new(found), variables, call, findings);
                    }
                }
                "pool" => {}
                _ => {
                    if let Some((name, value)) = line.split_once('=') {
                        let value = expanded(value.trim_start(), variables);
                        variables.insert(name.trim().to_owned(), value);
                    }
                }
            }
        }
    }

    fn edge(&mut self, text: &str, own: Variables, variables: &Variables, file: &Rc<File>) {
        let words = words(text);
        let colon = words.iter().position(|word| word == ":");
        let Some(colon) = colon else { return };
        let (before, after) = words.split_at(colon);
        let Some(rule) = after.get(1) else { return };
        let mut scope = variables.clone();
        let mut edge_variables = Variables::new();
        for (name, value) in own {
            let value = expanded(&value, &scope);
            scope.insert(name.clone(), value.clone());
            edge_variables.insert(name, value);
        }
        let paths = |words: &[String]| {
            let explicit = words.iter().position(|word| word.starts_with('|'));
            let all = words.iter().filter(|word| !word.starts_with('|'));
            let all: Vec<String> = all.map(|word| expanded(word, &scope)).collect();
            let explicit = explicit.unwrap_or(all.len());
            (all, explicit)
        };
        let (outputs, explicit_outputs) = paths(before);
        let (inputs, explicit_inputs) = paths(after.get(2..).unwrap_or_default());
        for output in &outputs {
            self.by_output.insert(output.clone(), self.edges.len());
        }
        self.edges.push(Edge {
            rule: rule.clone(),
            outputs,
            explicit_outputs,
            inputs,
            explicit_inputs,
            variables: edge_variables,
            file: Rc::clone(file),
        });
    }
}

/// One ninja at work.
struct Run<'a> {
    manifest: &'a Manifest,
    file_variables: &'a Variables,
    by: &'a Command,
    call: &'a Call<'a>,
    findings: &'a mut Findings,
    /// Edges that were followed.
    done: BTreeSet<usize>,
}

impl Run<'_> {
    /// Makes these, with what they are made of first.
    fn targets(&mut self, goals: Vec<String>) {
        // A path, and whether what it is made of was looked at.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let manifest = self.manifest;
        let made_by = |path: &String| manifest.by_output.get(path).map(|edge| (*edge, false));
        open.extend(goals.iter().rev().filter_map(made_by));
        while let Some((index, ready)) = open.pop() {
            let Some(edge) = manifest.edges.get(index) else {
                continue;
            };
            if ready {
                self.edge(edge);
            } else if self.done.insert(index) {
                open.push((index, true));
                open.extend(edge.inputs.iter().rev().filter_map(made_by));
            }
        }
    }

    fn edge(&mut self, edge: &Edge) {
        let Some((rule, file)) = self.manifest.rules.get(&edge.rule) else {
            return;
        };
        let quoted = |paths: &[String], count: usize, between: &str| {
            let paths = paths.iter().take(count);
            let quoted = paths.map(|path| shell_words::quote(path));
            quoted.collect::<Vec<_>>().join(between)
        };
        let (outputs, inputs) = (&edge.outputs, &edge.inputs);
        let mut worked_out = self.file_variables.clone();
        for (name, value) in [
            ("out", quoted(outputs, edge.explicit_outputs, " ")),
            ("in", quoted(inputs, edge.explicit_inputs, " ")),
            ("in_newline", quoted(inputs, edge.explicit_inputs, "\n")),
        ] {
            worked_out.insert(name.to_owned(), value);
        }
        worked_out.extend(edge.variables.clone());
        let escaped = |(name, value): (String, String)| (name, value.replace('$', "$$"));
        let mut scope: Variables = worked_out.into_iter().map(escaped).collect();
        // A rule's variables are worked out for each edge, and may name one another.
        for (name, value) in &rule.variables {
            scope.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let Some(command) = rule.variables.get("command") else {
            return;
        };
        let mut text = command.clone();
        for _ in 0..DEPTH {
            let next = expanded_once(&text, &scope);
            if next == text {
                break;
            }
            text = next;
        }
        let text = Text::known(text.replace("$$", "$"));
        let file = file.as_ref().unwrap_or(&edge.file);
        let place = file.place(rule.line, &self.call.command.location);
        start(self.by, &["sh", "-c"], &text, &place, self.findings);
    }
}

/// The lines that hold something, each with its number; `$` at an end joins two.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut joins = false;
    for (index, raw) in text.lines().enumerate() {
        let raw = raw.trim_end_matches('\r');
        let dollars = raw.bytes().rev().take_while(|byte| *byte == b'$').count();
        let goes_on = dollars % 2 == 1;
        let own = raw.get(..raw.len() - usize::from(goes_on)).unwrap_or(raw);
        match lines.last_mut() {
            Some((_, last)) if joins => last.push_str(own.trim_start()),
            _ if own.trim().is_empty() || own.trim_start().starts_with('#') => {}
            _ => lines.push((index + 1, own.to_owned())),
        }
        joins = goes_on;
    }
    lines
}

/// The words of a `build` line, escapes kept; `:`, `|`, `||` and `|@` are words of their own.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => {
                if let Some(last) = words.last_mut() {
                    last.push('$');
                    last.extend(letters.next());
                }
            }
            ' ' => words.push(String::new()),
            ':' => words.extend([":".to_owned(), String::new()]),
            '|' => {
                let mut mark = "|".to_owned();
                mark.extend(letters.next_if(|next| matches!(next, '|' | '@')));
                words.extend([mark, String::new()]);
            }
            other => {
                if let Some(last) = words.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A value with its variables and escapes worked out.
fn expanded(text: &str, variables: &Variables) -> String {
    expanded_once(text, variables).replace("$$", "$")
}

/// The same, with `$$` left as it is: what is put in may have variables of its own.
fn expanded_once(text: &str, variables: &Variables) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        let (name, after) = if let Some(braced) = after.strip_prefix('{') {
            braced.split_once('}').unwrap_or((braced, ""))
        } else {
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            after.split_at_checked(end).unwrap_or((after, ""))
        };
        rest = after;
        if !name.is_empty() {
            let value = variables.get(name).map_or("", String::as_str);
            whole.push_str(value);
        } else if let Some(after) = after.strip_prefix('$') {
            whole.push_str("$$");
            rest = after;
        }
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_words_and_values() {
        let lines = logical_lines("a = b $\n    c\n# no\n\n  d = $$\ne\n");
        let lines: Vec<(usize, &str)> = lines.iter().map(|(at, line)| (*at, &**line)).collect();
        assert_eq!(lines, [(1, "a = b c"), (5, "  d = $$"), (6, "e")]);
        assert_eq!(
            words("a$ b c: r $x|y || z"),
            ["a$ b", "c", ":", "r", "$x", "|", "y", "||", "z"]
        );
        let variables = Variables::from([("x".to_owned(), "1".to_owned())]);
        assert_eq!(expanded("$x${x}$$x$ $y-", &variables), "11$x ");
    }
}
