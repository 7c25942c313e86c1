//! Reads a pack and holds it to the format, for `build.rs` and for packs that a team adds.
//!
//! Owns what is wrong with a pack. Must stay free of every other module but the schema, the
//! grammar and the places in the text.

use std::collections::BTreeSet;

use super::document::{At, Complaint, Document, did_you_mean, nearest};
use super::grammar::{self, Declaration, covers, declarations};
use super::schema::{
    ANALYZERS, API_ANALYZERS, Api, CONTEXTS, Cli, Condition, Delegate, DelegateSource, Pack,
    PlaceHint, Rule, Source, UnknownCommand, Write, WriteSource,
};

/// The pack of this TOML text, or every complaint about it, each with where it stands.
pub fn read(source: &str) -> Result<Pack, Vec<Complaint>> {
    let document = Document::read(source).map_err(|complaint| vec![complaint])?;
    let pack: Pack = toml::from_str(source).map_err(|error| vec![Complaint::of(&error, source)])?;
    let mut checker = Checker {
        document: &document,
        complaints: Vec::new(),
    };
    checker.pack(&pack);
    let mut complaints = checker.complaints;
    if complaints.is_empty() {
        return Ok(pack);
    }
    complaints.sort_by_key(|complaint| complaint.span.start);
    Err(complaints)
}

/// Small letters, digits and single dashes between them.
#[must_use]
pub fn is_kebab_case(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

struct Checker<'a> {
    document: &'a Document<'a>,
    complaints: Vec<Complaint>,
}

impl Checker<'_> {
    fn complain(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.offer(at, message, None);
    }

    fn offer(&mut self, at: &At<'_>, message: impl Into<String>, help: Option<String>) {
        self.complaints.push(Complaint {
            span: self.document.span(at),
            message: message.into(),
            help,
        });
    }

    fn pack(&mut self, pack: &Pack) {
        if pack.schema != 1 {
            let message = format!("schema {} is not known to this guard", pack.schema);
            let help = Some("the format that it reads is `schema = 1`".to_owned());
            self.offer(&At::root("schema"), message, help);
        }
        if !is_kebab_case(&pack.pack.name) {
            let header = At::root("pack");
            self.kebab_case(&header.key("name"), &pack.pack.name);
        }
        self.programs(pack);
        let mut ids = BTreeSet::new();
        let clis = At::root("cli");
        for (index, cli) in pack.cli.iter().enumerate() {
            let at = clis.index(index);
            self.rules(&at.key("rule"), &cli.rule, &mut ids);
            CliChecker { cli, all: self }.cli(&at);
        }
        let apis = At::root("api");
        for (index, api) in pack.api.iter().enumerate() {
            let at = apis.index(index);
            self.rules(&at.key("rule"), &api.rule, &mut ids);
            self.api(&at, api);
        }
    }

    /// What every rule needs, whatever it is about.
    fn rules<'r>(&mut self, at: &At<'_>, rules: &'r [Rule], ids: &mut BTreeSet<&'r str>) {
        for (index, rule) in rules.iter().enumerate() {
            let at = at.index(index);
            let id = at.key("id");
            if !is_kebab_case(&rule.id) {
                self.kebab_case(&id, &rule.id);
            }
            if !ids.insert(&rule.id) {
                self.complain(&id, format!("the id `{}` is used twice", rule.id));
            }
            for (examples, key) in [(&rule.matches, "match"), (&rule.no_match, "no-match")] {
                if examples.is_empty() {
                    let message = format!("rule `{}` needs at least one `{key}`", rule.id);
                    self.complain(&at.key(key), message);
                }
            }
            for (text, key) in [
                (&rule.summary, "summary"),
                (&rule.action, "action"),
                (&rule.source, "source"),
                (&rule.target.kind, "target"),
            ] {
                if text.trim().is_empty() {
                    let message = format!("rule `{}`: the text is empty", rule.id);
                    self.complain(&at.key(key), message);
                }
            }
        }
    }

    fn api(&mut self, at: &At<'_>, api: &Api) {
        if api.hosts.is_empty() || api.hosts.iter().any(|host| host.trim().is_empty()) {
            self.complain(&at.key("hosts"), "an `api` needs at least one host");
        }
        for (index, base) in api.base.iter().enumerate() {
            if !base.starts_with('/') {
                let message = format!("`{base}` is no path: it begins with `/`");
                self.complain(&at.key("base").index(index), message);
            }
        }
        let lists = [
            ("read-only", &api.read_only),
            ("reversible", &api.reversible),
        ];
        for (key, list) in lists {
            self.requests(&at.key(key), list);
        }
        let rules = at.key("rule");
        for (index, rule) in api.rule.iter().enumerate() {
            let at = rules.index(index);
            if rule.command.is_empty() {
                let message = format!("rule `{}` names no request", rule.id);
                let help = Some("as in `command = [\"DELETE /volumes/{id}\"]`".to_owned());
                self.offer(&at, message, help);
            }
            self.requests(&at.key("command"), &rule.command);
        }
        let delegates = at.key("delegate");
        for (index, delegate) in api.delegate.iter().enumerate() {
            let at = delegates.index(index);
            self.requests(&at.key("command"), &delegate.command);
            if !matches!(delegate.from, DelegateSource::Option(_)) {
                let help = Some("as in `from = { option = \"query\" }`".to_owned());
                self.offer(&at.key("from"), "a request has nothing but fields", help);
            }
        }
        let analyzer = api.analyzer.as_deref();
        self.listed(&at.key("analyzer"), "analyzer", analyzer, API_ANALYZERS);
    }

    /// A method and a path each.
    fn requests(&mut self, at: &At<'_>, requests: &[String]) {
        for (index, request) in requests.iter().enumerate() {
            let parts = request.split_once(' ');
            let right = parts.is_some_and(|(method, path)| {
                let known = method == "*" || method.bytes().all(|byte| byte.is_ascii_uppercase());
                let is_path = path.starts_with('/') || path.starts_with("**");
                known && !method.is_empty() && is_path && path.matches("**").count() < 2
            });
            if !right {
                let message = format!("`{request}` is no request");
                let help = Some("it is a method and a path: `DELETE /volumes/{id}`".to_owned());
                self.offer(&at.index(index), message, help);
            }
        }
    }

    fn listed(&mut self, at: &At<'_>, what: &str, name: Option<&str>, known: &[&str]) {
        let Some(name) = name.filter(|name| !known.contains(name)) else {
            return;
        };
        let help = nearest(name, known.iter().copied());
        let help = help.map_or_else(
            || format!("it is one of: {}", known.join(", ")),
            |name| did_you_mean(&name),
        );
        self.offer(at, format!("there is no {what} `{name}`"), Some(help));
    }

    fn kebab_case(&mut self, at: &At<'_>, text: &str) {
        let mut right = String::new();
        for letter in text.trim().chars() {
            match letter {
                letter if letter.is_ascii_uppercase() => {
                    right.push('-');
                    right.push(letter.to_ascii_lowercase());
                }
                letter if letter.is_ascii_alphanumeric() => right.push(letter),
                _ => right.push('-'),
            }
        }
        let words: Vec<&str> = right.split('-').filter(|word| !word.is_empty()).collect();
        let right = words.join("-");
        let help = is_kebab_case(&right).then(|| format!("write `{right}`"));
        let message =
            format!("`{text}` is not kebab-case: small letters, digits and single dashes");
        self.offer(at, message, help);
    }

    /// Each program belongs to one part of the pack.
    fn programs(&mut self, pack: &Pack) {
        let mut programs = BTreeSet::new();
        let mut each = |all: &mut Self, at: &At<'_>, names: &'_ [String]| {
            for (index, name) in names.iter().enumerate() {
                let at = at.index(index);
                if name.is_empty() || name.contains(['/', ' ']) {
                    let message = format!("`{name}` is no base name of a program");
                    all.complain(&at, message);
                }
                if !programs.insert(name.clone()) {
                    all.complain(&at, format!("the program `{name}` is described twice"));
                }
            }
        };
        each(self, &At::root("read-only"), &pack.read_only);
        each(self, &At::root("reversible"), &pack.reversible);
        let clis = At::root("cli");
        for (index, cli) in pack.cli.iter().enumerate() {
            each(self, &clis.index(index).key("programs"), &cli.programs);
        }
    }
}

struct CliChecker<'a, 'b> {
    cli: &'a Cli,
    all: &'a mut Checker<'b>,
}

impl CliChecker<'_, '_> {
    fn cli(&mut self, at: &At<'_>) {
        let cli = self.cli;
        if cli.programs.is_empty() {
            self.all
                .complain(&at.key("programs"), "a `cli` needs at least one program");
        }
        self.level(at, &cli.flags, &cli.options);
        let commands = at.key("command");
        for (index, node) in cli.command.iter().enumerate() {
            let at = commands.index(index);
            let is_path = |path: &String| !path.trim().is_empty() && !path.contains('*');
            let message = "a command's path is its words, as in `volume delete`";
            if !is_path(&node.path) {
                self.all.complain(&at.key("path"), message);
            }
            if !node.also.iter().all(is_path) {
                self.all.complain(&at.key("also"), message);
            }
            self.level(&at, &node.flags, &node.options);
            let path: Vec<&str> = grammar::words(&node.path).collect();
            self.each_declared(&at.key("harmless"), &node.harmless, &[path.join(" ")]);
        }
        self.each_declared(&at.key("harmless"), &cli.harmless, &["*".to_owned()]);
        let analyzer = cli.analyzer.as_deref();
        self.all
            .listed(&at.key("analyzer"), "analyzer", analyzer, ANALYZERS);
        let context = cli.context.as_deref();
        self.all
            .listed(&at.key("context"), "context", context, CONTEXTS);
        let all = |name: &'static str| at.key(name);
        for (index, rule) in cli.rule.iter().enumerate() {
            self.rule(&all("rule").index(index), rule);
        }
        for (index, delegate) in cli.delegate.iter().enumerate() {
            self.delegate(&all("delegate").index(index), delegate);
        }
        for (index, write) in cli.write.iter().enumerate() {
            self.write(&all("write").index(index), write);
        }
        self.sources(&at.key("server"), &cli.server, &["*".to_owned()]);
        for (index, hint) in cli.place.iter().enumerate() {
            self.place(&all("place").index(index), hint);
        }
    }

    /// The declarations of one level are well formed, and none is made twice.
    fn level(&mut self, at: &At<'_>, flags: &[String], options: &[String]) {
        let (flag_list, option_list) = (at.key("flags"), at.key("options"));
        let places = (0..flags.len())
            .map(|index| flag_list.index(index))
            .chain((0..options.len()).map(|index| option_list.index(index)));
        let mut seen = BTreeSet::new();
        for (declaration, at) in declarations(flags, options).zip(places) {
            match declaration {
                Err(complaint) => self.all.complain(&at, complaint),
                Ok(declaration) => {
                    for name in declaration.names {
                        if !seen.insert(name.to_string()) {
                            self.all
                                .complain(&at, format!("`{name}` is declared twice"));
                        }
                    }
                }
            }
        }
    }

    fn each_declared(&mut self, at: &At<'_>, names: &[String], commands: &[String]) {
        for (index, name) in names.iter().enumerate() {
            self.declared(&at.index(index), name, commands);
        }
    }

    /// The option is declared, by its canonical name, for one of the commands.
    fn declared(&mut self, at: &At<'_>, name: &str, commands: &[String]) {
        let any = commands.is_empty() || commands.iter().any(|path| path.contains('*'));
        let nodes = self.cli.command.iter().filter(|node| {
            any || commands.iter().any(|path| {
                let path: Vec<&str> = grammar::words(path).collect();
                grammar::paths(node)
                    .any(|node| path.starts_with(&grammar::words(node).collect::<Vec<_>>()))
            })
        });
        let levels = nodes.map(|node| (&node.flags, &node.options));
        let reached: Vec<Declaration<'_>> = levels
            .chain([(&self.cli.flags, &self.cli.options)])
            .flat_map(|(flags, options)| declarations(flags, options))
            .filter_map(Result::ok)
            .collect();
        if reached
            .iter()
            .any(|declaration| declaration.canonical() == name)
        {
            return;
        }
        let same =
            |declaration: &&Declaration<'_>| declaration.names.iter().any(|known| known == name);
        let (message, help) = match reached.iter().find(same) {
            Some(declaration) => {
                let canonical = declaration.canonical();
                let message = format!("`{name}` is not the last spelling of its declaration");
                (message, Some(format!("rules call it `{canonical}`")))
            }
            None => {
                let known = reached.iter().map(Declaration::canonical);
                let help = nearest(name, known).map(|name| did_you_mean(&name));
                let help = help.unwrap_or_else(|| {
                    "add it to `flags`, or to `options` if it takes a value".to_owned()
                });
                (format!("option `{name}` is not declared"), Some(help))
            }
        };
        self.all.offer(at, message, help);
    }

    /// The commands are in the tree.
    fn commands(&mut self, at: &At<'_>, paths: &[String]) {
        for (index, path) in paths.iter().enumerate() {
            self.exists(&at.index(index), path);
        }
    }

    fn exists(&mut self, at: &At<'_>, path: &str) {
        if path.contains('*') || path.is_empty() {
            return;
        }
        let words: Vec<String> = grammar::words(path).map(str::to_owned).collect();
        let listed = self.cli.read_only.iter().chain(&self.cli.reversible);
        let nodes = self.cli.command.iter();
        let mut known = nodes.flat_map(grammar::paths).chain(listed);
        if known.clone().any(|path| covers(path, &words)) {
            return;
        }
        let of_alias = self.cli.command.iter().find(|node| {
            let (Some((last, above)), Some((_, node_above))) =
                (words.split_last(), split(&node.path))
            else {
                return false;
            };
            node.aliases.contains(last) && node_above == above
        });
        let help = match of_alias {
            Some(node) => Some(format!("rules call it `{}`", node.path)),
            None => {
                nearest(path, known.by_ref().map(String::as_str)).map(|name| did_you_mean(&name))
            }
        };
        let help = help.unwrap_or_else(|| "add it to the tree as a `[[cli.command]]`".to_owned());
        let program = self.cli.programs.first().map_or("", String::as_str);
        self.all.offer(
            at,
            format!("`{program}` has no command `{path}`"),
            Some(help),
        );
    }

    fn rule(&mut self, at: &At<'_>, rule: &Rule) {
        self.commands(&at.key("command"), &rule.command);
        if rule.command.is_empty()
            && !self.cli.command.is_empty()
            && self.cli.unknown_command == UnknownCommand::Verb
        {
            let message = format!("rule `{}` names no `command`", rule.id);
            let help = Some("`command = [\"*\"]` is every one".to_owned());
            self.all.offer(at, message, help);
        }
        self.conditions(at, "when", rule.when.as_ref(), &rule.command);
        self.conditions(at, "unless", rule.unless.as_ref(), &rule.command);
        self.sources(
            &at.key("target").key("name"),
            &rule.target.name,
            &rule.command,
        );
    }

    fn sources(&mut self, at: &At<'_>, sources: &[Source], commands: &[String]) {
        for (index, source) in sources.iter().enumerate() {
            let at = at.index(index);
            match source {
                Source::Option(name) => self.declared(&at.key("option"), name, commands),
                Source::Destinations(name) if !name.is_empty() => {
                    self.declared(&at.key("destinations"), name, commands);
                }
                Source::Join { of, .. } => {
                    let join = at.key("join");
                    if of.is_empty() {
                        self.all.complain(&join, "nothing is joined");
                    }
                    self.sources(&join.key("of"), of, commands);
                }
                Source::Destinations(_)
                | Source::Operand(_)
                | Source::Operands(_)
                | Source::OperandsButLast(_)
                | Source::Env(_)
                | Source::Context(_)
                | Source::Literal(_) => {}
            }
        }
    }

    fn conditions(
        &mut self,
        at: &At<'_>,
        key: &'static str,
        condition: Option<&Condition>,
        commands: &[String],
    ) {
        if let Some(condition) = condition {
            self.condition(&at.key(key), condition, commands);
        }
    }

    fn condition(&mut self, at: &At<'_>, condition: &Condition, commands: &[String]) {
        self.each_declared(&at.key("any-flag"), &condition.any_flag, commands);
        self.each_declared(&at.key("all-flags"), &condition.all_flags, commands);
        if let Some(values) = &condition.option {
            self.declared(&at.key("option").key("name"), &values.name, commands);
        }
        let any = at.key("any");
        for (index, inner) in condition.any.iter().enumerate() {
            self.condition(&any.index(index), inner, commands);
        }
        self.conditions(at, "not", condition.not.as_deref(), commands);
    }

    fn place(&mut self, at: &At<'_>, hint: &PlaceHint) {
        let everywhere = ["*".to_owned()];
        self.conditions(at, "when", hint.when.as_ref(), &everywhere);
        self.sources(&at.key("environment"), &hint.environment, &everywhere);
        if hint.environment.is_empty() && hint.tier.is_none() {
            let message = "a place needs an `environment` or a `tier`";
            self.all.complain(at, message);
        }
    }

    fn write(&mut self, at: &At<'_>, write: &Write) {
        self.commands(&at.key("command"), &write.command);
        self.conditions(at, "when", write.when.as_ref(), &write.command);
        self.sources(&at.key("to"), &write.to, &write.command);
        if let WriteSource::OptionOrStdin(name) = &write.from {
            self.declared(&at.key("from"), name, &write.command);
        }
        self.each_declared(&at.key("append"), &write.append, &write.command);
    }

    fn delegate(&mut self, at: &At<'_>, delegate: &Delegate) {
        let commands = &delegate.command;
        self.commands(&at.key("command"), commands);
        self.conditions(at, "when", delegate.when.as_ref(), commands);
        if let DelegateSource::Option(name)
        | DelegateSource::OptionAndOperands { option: name, .. }
        | DelegateSource::After {
            option: Some(name), ..
        } = &delegate.from
        {
            self.declared(&at.key("from"), name, commands);
        }
        self.each_declared(&at.key("clear-env"), &delegate.clear_env, commands);
        self.each_declared(&at.key("unset-env"), &delegate.unset_env, commands);
        for (name, key) in [
            (&delegate.directory, "directory"),
            (&delegate.replace, "replace"),
        ] {
            if let Some(name) = name {
                self.declared(&at.key(key), name, commands);
            }
        }
        self.sources(&at.key("elsewhere"), &delegate.elsewhere, commands);
    }
}

/// The last word of a path, and those above it.
fn split(path: &str) -> Option<(&str, Vec<&str>)> {
    let mut words: Vec<&str> = grammar::words(path).collect();
    let last = words.pop()?;
    Some((last, words))
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
aliases = ["rm"]
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
    fn each_break_of_the_format_is_named_with_its_place_and_what_would_be_right() {
        for (from, to, expected) in [
            ("class =", "clas =", "19:1: unknown field `clas`"),
            ("class =", "clas =", "did you mean `class`?"),
            (
                "\"irreversible\"",
                "\"irreversable\"",
                "did you mean `irreversible`?",
            ),
            (
                "\"volume-delete\"",
                "\"VolumeDelete\"",
                "16:6: `VolumeDelete` is not kebab-case",
            ),
            (
                "\"volume-delete\"",
                "\"VolumeDelete\"",
                "write `volume-delete`",
            ),
            (
                "\"--yes\"",
                "\"--yse\"",
                "18:22: option `--yse` is not declared; did you mean `--yes`?",
            ),
            ("\"--yes\"", "\"-y\"", "rules call it `--yes`"),
            (
                "option = \"--volume\"",
                "option = \"--size\"",
                "21:48: option `--size` is not declared; add it",
            ),
            (
                "command = [\"volume delete\"]",
                "command = [\"volume delet\"]",
                "17:12: `demo` has no command `volume delet`; did you mean `volume delete`?",
            ),
            (
                "command = [\"volume delete\"]",
                "command = [\"volume rm\"]",
                "rules call it `volume delete`",
            ),
            (
                "match = [\"demo volume delete -v x\"]",
                "match = []",
                "24:9: rule `volume-delete` needs at least one `match`",
            ),
            ("schema = 1", "schema = 2", "2:10: schema 2"),
            (
                "\"-v/--volume\"",
                "\"volume\"",
                "13:12: `volume`: `volume` is no flag or option",
            ),
            (
                "[\"demo\"]",
                "[\"demo\"]\nanalyzer = \"pyton\"",
                "did you mean `python`?",
            ),
            ("version = ", "version ", "5:9:"),
        ] {
            let broken = PACK.replacen(from, to, 1);
            let complaints = read(&broken).unwrap_err();
            let lines: Vec<String> = complaints
                .iter()
                .map(|complaint| complaint.line("demo.toml", &broken))
                .collect();
            let shown = lines.join("\n");
            assert!(shown.contains(expected), "{to}: {shown}");
            assert!(shown.starts_with("demo.toml:"), "{shown}");
        }
    }

    #[test]
    fn every_complaint_is_made_at_once_and_in_order() {
        let broken = PACK
            .replace("\"--yes\"", "\"--force\"")
            .replace("\"volume delete\"]", "\"wipe\"]");
        let complaints = read(&broken).unwrap_err();
        let lines: Vec<usize> = complaints
            .iter()
            .map(|complaint| complaint.position(&broken).0)
            .collect();
        assert_eq!(lines, [17, 18, 21]);
    }
}
