//! Reads a pack and holds it to the format, for `build.rs` and for packs that a team adds.
//!
//! Owns the complaints. Must stay free of every other module but the schema and the grammar.

use std::collections::BTreeSet;

use super::grammar::{self, Declaration, covers, declarations};
use super::schema::{
    Cli, Condition, Delegate, DelegateSource, Pack, Rule, Source, TargetSource, UnknownCommand,
    Write, WriteSource,
};

/// The pack of this TOML text, or every complaint about it, each with where it stands.
pub fn read(source: &str) -> Result<Pack, Vec<String>> {
    let pack: Pack = toml::from_str(source).map_err(|error| vec![error.to_string()])?;
    let complaints = check(&pack);
    if complaints.is_empty() {
        return Ok(pack);
    }
    Err(complaints
        .into_iter()
        .map(|(id, complaint)| match line_of(source, &id) {
            Some(line) => format!("line {line}, `{id}`: {complaint}"),
            None => format!("`{id}`: {complaint}"),
        })
        .collect())
}

/// The line where a rule is named.
fn line_of(source: &str, id: &str) -> Option<usize> {
    let quoted = format!("\"{id}\"");
    source
        .lines()
        .position(|line| line.trim_start().starts_with("id") && line.contains(&quoted))
        .map(|index| index + 1)
}

type Complaints = Vec<(String, String)>;

fn check(pack: &Pack) -> Complaints {
    let mut complaints = Vec::new();
    let name = &pack.pack.name;
    let mut complain = |id: &str, text: String| complaints.push((id.to_owned(), text));
    if pack.schema != 1 {
        complain(name, format!("schema {} is not known, only 1", pack.schema));
    }
    if !is_kebab_case(name) {
        complain(name, "the pack's name is not kebab-case".to_owned());
    }
    let mut ids = BTreeSet::new();
    for rule in pack.cli.iter().flat_map(|cli| &cli.rule) {
        if !is_kebab_case(&rule.id) {
            complain(&rule.id, "the id is not kebab-case".to_owned());
        }
        if !ids.insert(&rule.id) {
            complain(&rule.id, "the id is used twice".to_owned());
        }
        if rule.matches.is_empty() || rule.no_match.is_empty() {
            complain(
                &rule.id,
                "needs at least one `match` and one `no-match`".to_owned(),
            );
        }
    }
    let mut programs = BTreeSet::new();
    for program in pack
        .read_only
        .iter()
        .chain(&pack.reversible)
        .chain(pack.cli.iter().flat_map(|cli| &cli.programs))
    {
        if !programs.insert(program) {
            complain(program, "the program is described twice".to_owned());
        }
    }
    for cli in &pack.cli {
        Checker {
            cli,
            complaints: &mut complaints,
        }
        .cli();
    }
    complaints
}

fn is_kebab_case(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

struct Checker<'a> {
    cli: &'a Cli,
    complaints: &'a mut Complaints,
}

impl Checker<'_> {
    fn complain(&mut self, id: &str, text: String) {
        self.complaints.push((id.to_owned(), text));
    }

    fn cli(&mut self) {
        let name = self.cli.programs.first().cloned().unwrap_or_default();
        if self.cli.programs.is_empty() {
            self.complain(&name, "a `cli` needs at least one program".to_owned());
        }
        self.level(&name, &self.cli.flags, &self.cli.options);
        for node in &self.cli.command {
            self.level(&node.path, &node.flags, &node.options);
            let path: Vec<String> = grammar::words(&node.path).map(str::to_owned).collect();
            for flag in &node.harmless {
                self.declared(&node.path, flag, &[path.join(" ")]);
            }
        }
        for flag in &self.cli.harmless {
            self.declared(&name, flag, &["*".to_owned()]);
        }
        for rule in &self.cli.rule {
            self.rule(rule);
        }
        for delegate in &self.cli.delegate {
            self.delegate(&name, delegate);
        }
        for write in &self.cli.write {
            self.write(&name, write);
        }
    }

    /// The declarations of one level are well formed, and none is made twice.
    fn level(&mut self, id: &str, flags: &[String], options: &[String]) {
        let mut seen = BTreeSet::new();
        for declaration in declarations(flags, options) {
            match declaration {
                Err(complaint) => self.complain(id, complaint),
                Ok(declaration) => {
                    for name in declaration.names {
                        if !seen.insert(name.to_string()) {
                            self.complain(id, format!("`{name}` is declared twice"));
                        }
                    }
                }
            }
        }
    }

    /// The option is declared, by its canonical name, for one of the commands.
    fn declared(&mut self, id: &str, name: &str, commands: &[String]) {
        let any = commands.is_empty() || commands.iter().any(|path| path.contains('*'));
        let here = |declaration: Result<Declaration<'_>, String>| {
            declaration.is_ok_and(|declaration| declaration.canonical() == name)
        };
        let in_command = self.cli.command.iter().any(|node| {
            let reaches = any
                || commands.iter().any(|path| {
                    let path: Vec<&str> = grammar::words(path).collect();
                    let node: Vec<&str> = grammar::words(&node.path).collect();
                    path.starts_with(&node)
                });
            reaches && declarations(&node.flags, &node.options).any(here)
        });
        if !in_command && !declarations(&self.cli.flags, &self.cli.options).any(here) {
            self.complain(
                id,
                format!("`{name}` is not declared, or not by its last spelling"),
            );
        }
    }

    /// The command is in the tree.
    fn exists(&mut self, id: &str, path: &str) {
        if path.contains('*') {
            return;
        }
        let words: Vec<String> = grammar::words(path).map(str::to_owned).collect();
        let listed = self.cli.read_only.iter().chain(&self.cli.reversible);
        let known = self
            .cli
            .command
            .iter()
            .map(|node| &node.path)
            .chain(listed)
            .any(|path| covers(path, &words));
        if !known {
            self.complain(id, format!("there is no command `{path}`"));
        }
    }

    fn rule(&mut self, rule: &Rule) {
        for path in &rule.command {
            self.exists(&rule.id, path);
        }
        if rule.command.is_empty()
            && !self.cli.command.is_empty()
            && self.cli.unknown_command == UnknownCommand::Verb
        {
            self.complain(
                &rule.id,
                "names no `command` (`\"*\"` is every one)".to_owned(),
            );
        }
        for text in [&rule.summary, &rule.action, &rule.source] {
            if text.trim().is_empty() {
                self.complain(&rule.id, "a text is empty".to_owned());
            }
        }
        for condition in rule.when.iter().chain(&rule.unless) {
            self.condition(&rule.id, condition, &rule.command);
        }
        self.target(&rule.id, &rule.target, &rule.command);
    }

    fn target(&mut self, id: &str, target: &TargetSource, commands: &[String]) {
        for source in &target.name {
            self.source(id, source, commands);
        }
    }

    fn source(&mut self, id: &str, source: &Source, commands: &[String]) {
        match source {
            Source::Option(name) => self.declared(id, name, commands),
            Source::Destinations(name) if !name.is_empty() => self.declared(id, name, commands),
            Source::Destinations(_)
            | Source::Operand(_)
            | Source::Operands(_)
            | Source::OperandsButLast(_)
            | Source::Env(_)
            | Source::Context(_)
            | Source::Literal(_) => {}
        }
    }

    fn condition(&mut self, id: &str, condition: &Condition, commands: &[String]) {
        for flag in condition.any_flag.iter().chain(&condition.all_flags) {
            self.declared(id, flag, commands);
        }
        if let Some(values) = &condition.option {
            self.declared(id, &values.name, commands);
        }
        for inner in condition.any.iter().chain(condition.not.as_deref()) {
            self.condition(id, inner, commands);
        }
    }

    fn write(&mut self, id: &str, write: &Write) {
        for path in &write.command {
            self.exists(id, path);
        }
        if let Some(condition) = &write.when {
            self.condition(id, condition, &write.command);
        }
        for source in &write.to {
            self.source(id, source, &write.command);
        }
        if let WriteSource::OptionOrStdin(name) = &write.from {
            self.declared(id, name, &write.command);
        }
        for flag in &write.append {
            self.declared(id, flag, &write.command);
        }
    }

    fn delegate(&mut self, id: &str, delegate: &Delegate) {
        for path in &delegate.command {
            self.exists(id, path);
        }
        if let Some(condition) = &delegate.when {
            self.condition(id, condition, &delegate.command);
        }
        if let DelegateSource::Option(name)
        | DelegateSource::OptionAndOperands { option: name, .. }
        | DelegateSource::After {
            option: Some(name), ..
        } = &delegate.from
        {
            self.declared(id, name, &delegate.command);
        }
        for name in delegate
            .clear_env
            .iter()
            .chain(&delegate.unset_env)
            .chain(&delegate.directory)
            .chain(&delegate.replace)
        {
            self.declared(id, name, &delegate.command);
        }
        for source in &delegate.elsewhere {
            self.source(id, source, &delegate.command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = r#"
schema = 1
[pack]
name = "demo"
version = "1.0.0"
summary = "a demonstration"

[[cli]]
programs = ["demo"]
flags = ["-y/--yes"]
[[cli.command]]
path = "volume delete"
options = ["-v/--volume"]
[[cli.rule]]
id = "volume-delete"
command = ["volume delete"]
when = { any-flag = ["--yes"] }
class = "irreversible"
action = "delete"
target = { kind = "volume", name = [{ option = "--volume" }] }
summary = "deletes the volume"
source = "its manual"
match = ["demo volume delete -v x"]
no-match = ["demo volume list"]
"#;

    #[test]
    fn a_pack_that_keeps_the_format_is_read() {
        assert_eq!(read(PACK).unwrap().pack.name, "demo");
    }

    #[test]
    fn each_break_of_the_format_is_named_with_its_place() {
        for (from, to, complaint) in [
            ("action =", "act =", "unknown field"),
            ("\"volume-delete\"", "\"VolumeDelete\"", "not kebab-case"),
            ("\"--yes\"", "\"--force\"", "`--force` is not declared"),
            ("\"--yes\"", "\"-y\"", "`-y` is not declared"),
            (
                "option = \"--volume\"",
                "option = \"--vol\"",
                "not declared",
            ),
            (
                "command = [\"volume delete\"]",
                "command = [\"wipe\"]",
                "no command `wipe`",
            ),
            (
                "match = [\"demo volume delete -v x\"]",
                "match = []",
                "at least one `match`",
            ),
            ("schema = 1", "schema = 2", "schema 2"),
            ("\"-v/--volume\"", "\"volume\"", "no flag or option"),
        ] {
            let broken = PACK.replacen(from, to, 1);
            let complaints = read(&broken).unwrap_err().join("\n");
            assert!(complaints.contains(complaint), "{to}: {complaints}");
        }
        let complaints = read(&PACK.replacen("\"--yes\"", "\"-f\"", 1)).unwrap_err();
        assert!(complaints.join("").contains("line 15"), "{complaints:?}");
    }
}
