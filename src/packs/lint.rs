//! What is right by the format, but not yet good.
//!
//! Owns the advice. It refuses nothing.

use crate::judge::{Subject, commands_of};
use crate::resolve::{Stdin, base_name};
use crate::rules::argv;
use crate::rules::document::{At, Complaint, Document};
use crate::rules::grammar::{self, covers};
use crate::rules::schema::{Api, Cli, Condition, Pack, Rule, RuleClass};

use super::examples::Scene;

/// Every piece of advice on a pack that keeps the format, in the order of its text.
#[must_use]
pub fn lint(text: &str, pack: &Pack, scene: &Scene) -> Vec<Complaint> {
    let Ok(document) = Document::read(text) else {
        return Vec::new();
    };
    let mut linter = Linter {
        document: &document,
        scene,
        found: Vec::new(),
    };
    linter.pack(pack);
    let mut found = linter.found;
    found.sort_by_key(|complaint| complaint.span.start);
    found
}

struct Linter<'a> {
    document: &'a Document<'a>,
    scene: &'a Scene,
    found: Vec<Complaint>,
}

impl Linter<'_> {
    fn advise(&mut self, at: &At<'_>, message: impl Into<String>, help: &str) {
        self.found.push(Complaint {
            span: self.document.span(at),
            message: message.into(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        });
    }

    fn pack(&mut self, pack: &Pack) {
        let header = At::root("pack");
        if pack.pack.docs.is_empty() {
            let message = "the pack does not say where its CLI is documented";
            self.advise(&header, message, "add `docs = \"https://…\"`");
        }
        if !is_version(&pack.pack.version) {
            let message = format!("`{}` is no version of three numbers", pack.pack.version);
            self.advise(&header.key("version"), message, "as in `1.0.0`");
        }
        self.sentence(&header.key("summary"), &pack.pack.summary);
        let clis = At::root("cli");
        for (index, cli) in pack.cli.iter().enumerate() {
            let at = clis.index(index);
            let rules = at.key("rule");
            for (index, rule) in cli.rule.iter().enumerate() {
                let at = rules.index(index);
                self.rule(&at, rule);
                self.of_cli(&at, cli, rule);
                self.repeated(&at, &cli.rule, index);
            }
            self.aliases(&at, cli);
        }
        let apis = At::root("api");
        for (index, api) in pack.api.iter().enumerate() {
            let at = apis.index(index);
            let rules = at.key("rule");
            for (index, rule) in api.rule.iter().enumerate() {
                let at = rules.index(index);
                self.rule(&at, rule);
                self.of_api(&at, api, index);
                self.repeated(&at, &api.rule, index);
            }
        }
    }

    fn sentence(&mut self, at: &At<'_>, text: &str) {
        if text.trim_end().ends_with('.') {
            self.advise(at, "the text ends with a period", "leave it out");
        }
    }

    /// What holds for every rule.
    fn rule(&mut self, at: &At<'_>, rule: &Rule) {
        let id = &rule.id;
        self.sentence(&at.key("summary"), &rule.summary);
        let letters: Vec<char> = rule.summary.chars().take(2).collect();
        if matches!(letters.as_slice(), [first, second]
            if first.is_uppercase() && second.is_lowercase())
        {
            let help = "it stands after the name of what is lost: `deletes the volume`";
            self.advise(
                &at.key("summary"),
                "the summary begins with a capital letter",
                help,
            );
        }
        let needs_way_back = matches!(rule.class, RuleClass::Reversible | RuleClass::Recoverable);
        if needs_way_back && rule.undo.is_none() {
            let message = format!("rule `{id}` does not say what brings it back");
            self.advise(
                &at.key("class"),
                message,
                "add `undo`, or call it irreversible",
            );
        }
        if rule.within.is_some() && rule.undo.is_none() {
            let message = format!("rule `{id}` has a window, but no way back");
            self.advise(&at.key("within"), message, "add `undo`");
        }
        let same = match (&rule.unless, &rule.when) {
            (Some(unless), Some(when)) => is_same(unless, when),
            _ => false,
        };
        if same {
            let message = "the rule is never reached: `unless` is the same as `when`";
            self.advise(&at.key("unless"), message, "");
        }
    }

    fn of_api(&mut self, at: &At<'_>, api: &Api, index: usize) {
        let Some(rule) = api.rule.get(index) else {
            return;
        };
        // The longest piece that every name of a server of this pattern has.
        let piece = |host: &String| {
            let pieces = host.split('*').map(|piece| piece.trim_start_matches('$'));
            pieces
                .max_by_key(|piece| piece.len())
                .unwrap_or("")
                .to_owned()
        };
        let hosts: Vec<String> = api.hosts.iter().map(piece).collect();
        let is_sent = |source: &String| hosts.iter().any(|host| source.contains(host.as_str()));
        if !rule.no_match.iter().any(is_sent) {
            let message = format!(
                "no `no-match` of rule `{}` sends the server anything",
                rule.id
            );
            let help = "show a request to the same server that the rule must leave alone";
            self.advise(&at.key("no-match"), message, help);
        }
        let commands = at.key("command");
        for (place, request) in rule.command.iter().enumerate() {
            let mut listed = api.read_only.iter().chain(&api.reversible);
            if rule.when.is_none() && listed.any(|known| known == request) {
                let message = format!("`{request}` is listed as harmless, too");
                let help = "take it out of the list: what the rule says counts";
                self.advise(&commands.index(place), message, help);
            }
            let mut before = api.rule.iter().take(index);
            let first = before.find(|other| {
                let decides = other.when.is_none() && other.unless.is_none();
                decides && other.command.contains(request)
            });
            if let Some(first) = first {
                let message = format!("the rule is never reached: `{}` is first", first.id);
                let help = "the first rule that fits a request decides";
                self.advise(&commands.index(place), message, help);
            }
        }
    }

    fn of_cli(&mut self, at: &At<'_>, cli: &Cli, rule: &Rule) {
        let id = &rule.id;
        if !rule.no_match.iter().any(|source| names(source, cli)) {
            let message = format!("no `no-match` of rule `{id}` runs the program");
            let help = "show a command of the same program that the rule must leave alone";
            self.advise(&at.key("no-match"), message, help);
        }
        self.reach(at, cli, rule);
        let matches = at.key("match");
        for (index, source) in rule.matches.iter().enumerate() {
            self.undeclared(&matches.index(index), cli, source);
        }
    }

    /// A rule that no command line can meet.
    fn reach(&mut self, at: &At<'_>, cli: &Cli, rule: &Rule) {
        let listed = cli.read_only.iter().chain(&cli.reversible);
        let listed: Vec<&String> = listed.collect();
        let commands = at.key("command");
        for (index, path) in rule.command.iter().enumerate() {
            let words: Vec<String> = grammar::words(path).map(str::to_owned).collect();
            if rule.when.is_none() && listed.iter().any(|known| covers(known, &words)) {
                let message = format!("`{path}` is listed as harmless, too");
                let help = "take it out of the list: what the rule says counts";
                self.advise(&commands.index(index), message, help);
            }
        }
        let Some(when) = &rule.when else {
            return;
        };
        let needed = |flag: &String| {
            when.all_flags.contains(flag) || when.any_flag.as_slice() == std::slice::from_ref(flag)
        };
        if let Some(flag) = cli.harmless.iter().find(|flag| needed(flag)) {
            let message = format!("the rule is never reached: under `{flag}` nothing is done");
            self.advise(&at.key("when"), message, "take the flag out of `harmless`");
        }
    }

    /// Two rules that say the same of the same commands.
    fn repeated(&mut self, at: &At<'_>, rules: &[Rule], index: usize) {
        let Some(rule) = rules.get(index) else {
            return;
        };
        let same =
            |condition: &Option<Condition>, other: &Option<Condition>| match (condition, other) {
                (None, None) => true,
                (Some(one), Some(other)) => is_same(one, other),
                _ => false,
            };
        let before = rules.iter().take(index).find(|other| {
            other.command == rule.command
                && other.class == rule.class
                && same(&other.when, &rule.when)
                && same(&other.unless, &rule.unless)
        });
        if let Some(before) = before {
            let message = format!("rule `{}` asks about the same as `{}`", rule.id, before.id);
            self.advise(
                &at.key("id"),
                message,
                "join them, or say what tells them apart",
            );
        }
    }

    /// An option of an example that the grammar does not know.
    fn undeclared(&mut self, at: &At<'_>, cli: &Cli, source: &str) {
        let subject = Subject::script(source);
        let (commands, _) = commands_of(&subject, Stdin::Empty, self.scene);
        for command in commands {
            let own = command.program().map(base_name);
            if !own.is_some_and(|own| cli.programs.iter().any(|program| program == own)) {
                continue;
            }
            let words = command.argv.get(1..).unwrap_or_default();
            let doubtful = argv::read(cli, words).into_iter().find_map(|args| {
                let word = args.uncertain.first()?.clone();
                let word = words.iter().find(|argument| argument.location == word)?;
                word.value.exact().map(str::to_owned)
            });
            if let Some(word) = doubtful.filter(|word| word.starts_with('-')) {
                let message = format!("the example uses `{word}`, which is not declared");
                self.advise(
                    at,
                    message,
                    "add it to `flags`, or to `options` if it takes a value",
                );
                return;
            }
        }
    }

    /// An alias that is another command's name.
    fn aliases(&mut self, at: &At<'_>, cli: &Cli) {
        let commands = at.key("command");
        for (index, node) in cli.command.iter().enumerate() {
            let mut above: Vec<&str> = grammar::words(&node.path).collect();
            above.pop();
            for (place, alias) in node.aliases.iter().enumerate() {
                let mut path = above.clone();
                path.push(alias);
                let path = path.join(" ");
                if cli.command.iter().any(|other| other.path == path) {
                    let at = commands.index(index);
                    let at = at.key("aliases");
                    let message = format!("`{path}` is a command of its own, too");
                    self.advise(&at.index(place), message, "its own name counts");
                }
            }
        }
    }
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

fn names(source: &str, cli: &Cli) -> bool {
    let known = cli.programs.iter().chain(&cli.packages);
    known
        .into_iter()
        .any(|program| source.contains(program.as_str()))
}

fn is_same(one: &Condition, other: &Condition) -> bool {
    postcard::to_stdvec(one).ok() == postcard::to_stdvec(other).ok()
}
