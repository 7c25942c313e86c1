//! Reads an argv by a CLI's grammar.
//!
//! Owns how programs read their words: clusters, `--option=value`, abbreviations, sub-commands,
//! `--`. What the grammar does not settle is marked in [`Args`], never skipped.

use super::grammar::{self, Arity, Declaration, declarations, nodes};
use super::schema::{Cli, UnknownCommand};
use crate::call::{Args, GivenOption};
use crate::resolve::{Argument, Part, Text};

/// Readings of one argv that are followed at most; each undeclared flag before a sub-command
/// doubles them.
const READINGS: usize = 8;

/// Every way in which the program may read these words (without its own name). One, unless an
/// undeclared flag stands before a sub-command or another program's words: it may take a value or
/// not.
#[must_use]
pub fn read(cli: &Cli, words: &[Argument]) -> Vec<Args> {
    let mut open = vec![Reader::new(cli)];
    let mut readings = Vec::new();
    while let Some(mut reader) = open.pop() {
        let room = READINGS.saturating_sub(readings.len() + open.len() + 1);
        if let Some(other) = reader.run(words, room > 0) {
            open.push(other);
            open.push(reader);
        } else {
            readings.push(reader.args);
        }
    }
    readings
}

#[derive(Clone)]
struct Reader<'a> {
    cli: &'a Cli,
    /// The declarations that count here, outermost level first.
    scope: Vec<Declaration<'a>>,
    args: Args,
    /// The word to read next.
    next: usize,
    /// A sub-command may still come.
    in_tree: bool,
    /// `--`, or the first operand of a program that does not permute.
    options_over: bool,
    permute: bool,
    /// Sub-commands that another reading takes for the beginning that stands here.
    passed: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(cli: &'a Cli) -> Self {
        Self {
            cli,
            scope: declarations(&cli.flags, &cli.options)
                .filter_map(Result::ok)
                .collect(),
            args: Args::default(),
            next: 0,
            in_tree: has_children(cli, &[]),
            options_over: false,
            permute: cli.parse.permute,
            passed: Vec::new(),
        }
    }

    /// Whether the program takes two names for the same.
    fn same(&self, one: &str, other: &str) -> bool {
        one == other || (self.cli.parse.ignore_case && one.eq_ignore_ascii_case(other))
    }

    /// Reads to the end, or to a word that may be read in two ways: then the other reading is
    /// returned and this one goes on without. An undeclared flag may take the next word; the
    /// beginning of a sub-command's name may fit several.
    fn run(&mut self, words: &[Argument], may_split: bool) -> Option<Self> {
        while let Some(word) = words.get(self.next) {
            let first = self.next == 0;
            self.next += 1;
            if first && self.cli.parse.bundled && self.bundle(word, words) {
                continue;
            }
            let beginning = self.in_tree && self.cli.parse.command_prefixes;
            let before = beginning.then(|| self.clone());
            let met = self.word(word, words);
            if let Some(mut other) = before.filter(|_| met == Met::Ambiguous && may_split) {
                other.next -= 1;
                other.passed.extend(self.args.command.last().cloned());
                return Some(other);
            }
            if met == Met::Undeclared
                && may_split
                && (self.in_tree || !self.permute)
                && self.next < words.len()
            {
                let mut other = self.clone();
                other.next += 1;
                return Some(other);
            }
        }
        None
    }

    fn word(&mut self, word: &Argument, words: &[Argument]) -> Met {
        let prefix = word.value.known_prefix();
        let exact = word.value.exact();
        if self.options_over || exact == Some("-") {
            return self.operand(word);
        } else if exact == Some("--") && self.cli.parse.double_dash {
            self.options_over = true;
            self.args.dashes = Some(self.args.operands.len());
        } else if prefix.len() > 2 && prefix.starts_with("--") {
            return self.long(word, words);
        } else if prefix.len() > 1 && prefix.starts_with('-') {
            return self.short(word, words);
        } else if prefix.starts_with('-') || (word.splits && may_be_options(&word.value)) {
            self.args.open = true;
            self.doubt(word);
            return self.operand(word);
        } else if !self.assignment(word) {
            return self.operand(word);
        }
        Met::Declared
    }

    /// Marks that words from here on may be read otherwise.
    fn doubt(&mut self, word: &Argument) {
        if self.args.uncertain.is_empty() {
            self.args.certain_options = self.args.options.len();
            self.args.certain_operands = self.args.operands.len();
        }
        self.args.uncertain.push(word.location.clone());
    }

    fn lookup(&self, name: &str) -> Option<&Declaration<'a>> {
        self.scope
            .iter()
            .rev()
            .find(|declaration| declaration.names.iter().any(|known| self.same(known, name)))
    }

    /// A long option by its name, an abbreviation of it, or its `--no-` form.
    fn long_name(&self, name: &str) -> Option<(Declaration<'a>, bool)> {
        if let Some(found) = self.lookup(name) {
            return Some((found.clone(), false));
        }
        if let Some(bare) = name.strip_prefix("--no-") {
            let found = self.lookup(&format!("--{bare}"));
            if let Some(found) = found.filter(|found| found.negatable) {
                return Some((found.clone(), true));
            }
        }
        if self.cli.parse.single_dash_long {
            let other = name
                .strip_prefix("--")
                .map_or_else(|| format!("-{name}"), |bare| format!("-{bare}"));
            if let Some(found) = self.lookup(&other) {
                return Some((found.clone(), false));
            }
        }
        if !self.cli.parse.abbreviations {
            return None;
        }
        let mut fitting = self.scope.iter().filter(|declaration| {
            let mut names = declaration.names.iter();
            names.any(|known| known.starts_with("--") && known.starts_with(name))
        });
        let found = fitting.next()?;
        fitting
            .all(|other| other.canonical() == found.canonical())
            .then(|| (found.clone(), false))
    }

    fn long(&mut self, word: &Argument, words: &[Argument]) -> Met {
        let prefix = word.value.known_prefix();
        let (name, value) = match prefix.split_once('=') {
            Some((name, _)) => (name, Some(word.value.after(name.len() + 1))),
            None => (prefix, None),
        };
        if value.is_none() && word.value.exact().is_none() {
            return self.undeclared(word, name, true);
        }
        let Some((found, negated)) = self.long_name(name) else {
            if value.is_none() {
                return self.undeclared(word, name, false);
            }
            self.give(name.to_owned(), false, Vec::new(), word);
            return Met::Declared;
        };
        let attached = value.map(|value| part_of(word, value));
        self.option(&found, negated, attached, word, words);
        Met::Declared
    }

    fn short(&mut self, word: &Argument, words: &[Argument]) -> Met {
        let prefix = word.value.known_prefix();
        let whole = prefix.split_once('=').map_or(prefix, |(name, _)| name);
        if self.cli.parse.single_dash_long || (whole.len() > 2 && self.lookup(whole).is_some()) {
            return self.long(word, words);
        }
        let mut rest = prefix.char_indices().skip(1).peekable();
        while let Some((_, letter)) = rest.next() {
            let name = format!("-{letter}");
            let end = rest.peek().map_or(prefix.len(), |(at, _)| *at);
            let Some(found) = self.lookup(&name).cloned() else {
                // `head -5`, `git log -3`: a number never takes a value.
                if letter.is_ascii_digit() {
                    continue;
                }
                return self.undeclared(word, &name, word.value.exact().is_none());
            };
            if found.arity == Arity::Flag {
                self.give(found.canonical().to_owned(), false, Vec::new(), word);
                if !self.cli.parse.clusters {
                    break;
                }
                continue;
            }
            let mut value = word.value.after(end);
            if !self.cli.parse.abbreviations && value.known_prefix().starts_with('=') {
                value = value.after(1);
            }
            let attached = Some(value)
                .filter(|value| !value.is_empty())
                .map(|value| part_of(word, value));
            self.option(&found, false, attached, word, words);
            return Met::Declared;
        }
        if word.value.exact().is_none() {
            self.args.open = true;
            self.doubt(word);
        }
        Met::Declared
    }

    /// `tar xzf archive`: letters without a dash, whose values follow in their order.
    fn bundle(&mut self, word: &Argument, words: &[Argument]) -> bool {
        let Some(text) = word.value.exact().filter(|text| !text.starts_with('-')) else {
            return false;
        };
        let found: Option<Vec<_>> = text
            .chars()
            .map(|letter| self.lookup(&format!("-{letter}")).cloned())
            .collect();
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return false;
        };
        for declaration in found {
            self.option(&declaration, false, None, word, words);
        }
        true
    }

    fn assignment(&mut self, word: &Argument) -> bool {
        if !self.cli.parse.assignments {
            return false;
        }
        let prefix = word.value.known_prefix();
        let Some((name, _)) = prefix.split_once('=') else {
            return false;
        };
        let name = format!("{name}=");
        let value = part_of(word, word.value.after(name.len()));
        self.give(name, false, vec![value], word);
        true
    }

    /// Takes the values of an option that is declared.
    fn option(
        &mut self,
        found: &Declaration<'a>,
        negated: bool,
        attached: Option<Argument>,
        word: &Argument,
        words: &[Argument],
    ) {
        let mut values: Vec<Argument> = attached.into_iter().collect();
        let follows = |word: &&Argument| !word.value.known_prefix().starts_with('-');
        let wanted = match found.arity {
            Arity::Flag | Arity::Attached => 0,
            _ if negated => 0,
            Arity::Values(count) => count,
            Arity::Optional if values.is_empty() => {
                usize::from(words.get(self.next).is_some_and(|word| follows(&word)))
            }
            Arity::Optional => 1,
            Arity::Command => words
                .iter()
                .skip(self.next)
                .take_while(|word| word.value.exact() != Some(";"))
                .count()
                .saturating_add(values.len()),
            Arity::Rest => words
                .iter()
                .skip(self.next)
                .take_while(follows)
                .count()
                .saturating_add(values.len()),
        };
        while values.len() < wanted {
            let Some(value) = words.get(self.next) else {
                break;
            };
            self.next += 1;
            values.push(value.clone());
        }
        let splits = values.iter().find(|value| value.splits).cloned();
        self.give(found.canonical().to_owned(), negated, values, word);
        if let Some(value) = splits {
            self.doubt(&value);
        }
    }

    fn give(&mut self, name: String, negated: bool, values: Vec<Argument>, word: &Argument) {
        self.args.options.push(GivenOption {
            name,
            negated,
            values,
            location: word.location.clone(),
        });
    }

    fn undeclared(&mut self, word: &Argument, name: &str, unknown: bool) -> Met {
        self.args.open |= unknown;
        self.doubt(word);
        self.give(name.to_owned(), false, Vec::new(), word);
        Met::Undeclared
    }

    fn operand(&mut self, word: &Argument) -> Met {
        if self.in_tree
            && let Some(met) = self.descend(word)
        {
            return met;
        }
        if word.splits {
            self.doubt(word);
        }
        self.args.operands.push(word.clone());
        self.options_over |= !self.permute;
        Met::Declared
    }

    /// Takes the word as a sub-command, if it is or may be one.
    fn descend(&mut self, word: &Argument) -> Option<Met> {
        let exact = word.value.exact().filter(|_| !word.splits);
        let mut fitting = exact.map_or_else(Vec::new, |word| self.children(word));
        fitting.retain(|child| !self.passed.contains(child));
        let met = if fitting.len() > 1 {
            Met::Ambiguous
        } else {
            Met::Declared
        };
        if let Some(child) = fitting.into_iter().next() {
            if met == Met::Declared {
                self.passed.clear();
            }
            self.args.command.push(child);
            let path = self.args.command.clone();
            if self.cli.parse.local_options {
                self.scope.clear();
            }
            for node in nodes(self.cli, &path) {
                let here = declarations(&node.flags, &node.options).filter_map(Result::ok);
                self.scope.extend(here);
                self.permute &= !node.trailing;
            }
            self.in_tree = has_children(self.cli, &path);
            return Some(met);
        }
        self.in_tree = false;
        if self.cli.unknown_command == UnknownCommand::Operand
            || takes_operands(self.cli, &self.args.command)
        {
            return None;
        }
        self.args.unknown_command = Some(word.clone());
        Some(Met::Declared)
    }

    /// The canonical sub-commands that a word here stands for: the one that is called so, or each
    /// whose name begins so where beginnings are accepted.
    fn children(&self, word: &str) -> Vec<String> {
        let command = &self.args.command;
        let below_here = paths(self.cli).filter_map(|path| below(path, command)?.next());
        let names = below_here.filter(|name| *name != "*");
        let named = self.cli.command.iter();
        let named = named.flat_map(|node| grammar::paths(node).map(move |path| (node, path)));
        let nodes = named.filter_map(|(node, path)| {
            let mut rest = below(path, command)?;
            let last = rest.next()?;
            rest.next().is_none().then_some((node, last))
        });
        let aliases = nodes.flat_map(|(node, last)| {
            let aliases = node.aliases.iter();
            aliases.map(move |alias| (alias.as_str(), last))
        });
        let known: Vec<(&str, &str)> = names.map(|name| (name, name)).chain(aliases).collect();
        if let Some((_, name)) = known.iter().find(|(name, _)| self.same(name, word)) {
            return vec![(*name).to_owned()];
        }
        let mut fitting: Vec<String> = Vec::new();
        if self.cli.parse.command_prefixes && !word.is_empty() {
            for (name, canonical) in known {
                let begins = name
                    .get(..word.len())
                    .is_some_and(|start| self.same(start, word));
                if begins && !fitting.iter().any(|fits| fits == canonical) {
                    fitting.push(canonical.to_owned());
                }
            }
        }
        fitting
    }
}

#[derive(PartialEq, Eq)]
enum Met {
    Declared,
    Undeclared,
    /// The beginning of several sub-commands; one of them was taken.
    Ambiguous,
}

fn is(path: &str, command: &[String]) -> bool {
    grammar::words(path).eq(command.iter().map(String::as_str))
}

/// Every command path that the CLI declares.
fn paths(cli: &Cli) -> impl Iterator<Item = &str> {
    let nodes = cli.command.iter().flat_map(grammar::paths);
    nodes
        .chain(&cli.read_only)
        .chain(&cli.reversible)
        .map(String::as_str)
}

/// The words of `path` below `command`, if it lies there.
fn below<'a>(path: &'a str, command: &[String]) -> Option<impl Iterator<Item = &'a str>> {
    let mut words = grammar::words(path);
    for word in command {
        if words.next() != Some(word) {
            return None;
        }
    }
    Some(words)
}

fn has_children(cli: &Cli, command: &[String]) -> bool {
    paths(cli).any(|path| below(path, command).is_some_and(|mut rest| rest.next().is_some()))
}

/// Whether a command that has sub-commands does something by itself: then what is no
/// sub-command is its operand (`git stash`, `git remote`).
fn takes_operands(cli: &Cli, command: &[String]) -> bool {
    let own = |path: &String| is(path, command);
    cli.read_only.iter().chain(&cli.reversible).any(own)
        || (!command.is_empty() && cli.rule.iter().any(|rule| rule.command.iter().any(own)))
        || (!command.is_empty() && cli.delegate.iter().any(|to| to.command.iter().any(own)))
        || nodes(cli, command).any(|node| node.trailing)
}

/// Whether a word of unknown text that splits may bring options. The output of commands that
/// print one plain name is data.
fn may_be_options(text: &Text) -> bool {
    const PLAIN: &[&str] = &[
        "git ",
        "basename ",
        "dirname ",
        "date",
        "pwd",
        "hostname",
        "whoami",
        "id ",
        "nproc",
        "mktemp",
        "which ",
        "command -v ",
        "uname",
        "seq ",
        "find ",
        "ls",
        "wc ",
        "realpath ",
        "jobs ",
        "pgrep ",
        "lsof ",
        "docker ps",
        "cat ",
    ];
    match text.parts().first() {
        Some(Part::Unknown(source)) => {
            let output = source
                .strip_prefix("$(")
                .or_else(|| source.strip_prefix('`'))
                .or_else(|| source.strip_prefix("the output of "));
            !output.is_some_and(|command| {
                PLAIN
                    .iter()
                    .any(|plain| command.trim_start().starts_with(plain))
            })
        }
        Some(Part::Known(_) | Part::Glob(_)) | None => false,
    }
}

fn part_of(word: &Argument, value: Text) -> Argument {
    Argument {
        value,
        verbatim: None,
        splits: word.splits,
        location: word.location.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;
    use crate::rules::check;
    use crate::rules::schema::Pack;

    const DEMO: &str = r#"
schema = 1
[pack]
name = "demo"
version = "1.0.0"
summary = "a demonstration"
[[cli]]
programs = ["demo"]
parse = { abbreviations = true }
flags = ["-f/--force", "-v/--verbose", "--[no-]dry-run"]
options = ["-e/--environment", "-s/--set:2", "--ids:*", "--color:?", "-l/--limit:0-1", "-x/--exec:;"]
read-only = ["volume list"]
[[cli.command]]
path = "volume delete"
aliases = ["rm"]
options = ["-n/--name"]
[[cli.command]]
path = "run"
trailing = true
"#;

    fn demo(line: &str) -> Vec<Args> {
        let pack: Pack = check::read(DEMO).unwrap();
        let words: Vec<Argument> = line
            .split_ascii_whitespace()
            .map(|word| match word.strip_prefix('~') {
                // `~$X` stands for a word that splits and of which nothing is known.
                Some(source) => Argument {
                    value: Text::unknown(source),
                    splits: true,
                    ..Argument::known("", Location::default())
                },
                None => Argument::known(word, Location::default()),
            })
            .collect();
        read(&pack.cli[0], &words)
    }

    /// `volume delete | --force=, --name=a | x y`: command, options, operands.
    fn shown(args: &Args) -> String {
        let text = |word: &Argument| word.value.display().into_owned();
        let options: Vec<String> = args
            .options
            .iter()
            .map(|given| {
                let values: Vec<String> = given.values.iter().map(text).collect();
                let no = if given.negated { "!" } else { "" };
                format!("{no}{}={}", given.name, values.join("+"))
            })
            .collect();
        let operands: Vec<String> = args.operands.iter().map(text).collect();
        format!(
            "{} | {} | {}",
            args.command.join(" "),
            options.join(", "),
            operands.join(" ")
        )
    }

    #[test]
    fn words_are_read_as_the_grammar_says() {
        for (line, expected) in [
            ("volume delete x", "volume delete |  | x"),
            ("volume rm -f x", "volume delete | --force= | x"),
            (
                "-e prod volume delete",
                "volume delete | --environment=prod | ",
            ),
            (
                "volume -e prod delete -n a",
                "volume delete | --environment=prod, --name=a | ",
            ),
            (
                "volume delete -fva",
                "volume delete | --force=, --verbose=, -a= | ",
            ),
            (
                "volume delete -fna",
                "volume delete | --force=, --name=a | ",
            ),
            ("volume delete --name=a=b", "volume delete | --name=a=b | "),
            ("volume delete --forc", "volume delete | --force= | "),
            (
                "volume delete --no-dry-run",
                "volume delete | !--dry-run= | ",
            ),
            ("volume delete --set a b c", "volume delete | --set=a+b | c"),
            (
                "volume delete --ids a b -f",
                "volume delete | --ids=a+b, --force= | ",
            ),
            ("volume delete --color x", "volume delete | --color= | x"),
            (
                "volume delete --color=no x",
                "volume delete | --color=no | x",
            ),
            (
                "volume delete -x rm -rf ; y",
                "volume delete | --exec=rm+-rf | ; y",
            ),
            ("volume delete --limit 3 x", "volume delete | --limit=3 | x"),
            ("volume delete --limit=3 x", "volume delete | --limit=3 | x"),
            (
                "volume delete -l -f",
                "volume delete | --limit=, --force= | ",
            ),
            ("volume delete -- -f", "volume delete |  | -f"),
            ("volume delete - -3", "volume delete |  | -"),
            ("run ls -f --force", "run |  | ls -f --force"),
            ("run -f -- ls -f", "run | --force= | ls -f"),
        ] {
            let readings = demo(line);
            assert_eq!(shown(&readings[0]), expected, "{line}");
            assert_eq!(readings.len(), 1, "{line}");
        }
    }

    #[test]
    fn what_is_not_declared_is_marked() {
        let [args] = demo("volume delete --odd x -f").try_into().unwrap();
        assert_eq!(args.uncertain.len(), 1);
        assert_eq!(args.certain_options, 0);
        assert!(!args.open);
        let [args] = demo("volume delete -f ~$FLAGS").try_into().unwrap();
        assert!(args.open);
        assert_eq!(args.certain_options, 1);
        let [args] = demo("volume frobnicate").try_into().unwrap();
        let unknown = args.unknown_command.unwrap();
        assert_eq!(unknown.value.exact(), Some("frobnicate"));
    }

    #[test]
    fn the_output_of_commands_that_print_names_brings_no_options() {
        for (source, options) in [
            ("$FLAGS", true),
            ("${ARGS[@]}", true),
            ("$(git branch --show-current)", false),
            ("$(get-flags)", true),
        ] {
            assert_eq!(may_be_options(&Text::unknown(source)), options, "{source}");
        }
    }

    #[test]
    fn beginnings_of_commands_any_case_and_options_of_one_level() {
        let text = r#"
schema = 1
[pack]
name = "demo"
version = "1.0.0"
summary = "a demonstration"
[[cli]]
programs = ["demo"]
parse = { command-prefixes = true, ignore-case = true, local-options = true }
options = ["-n/--name"]
[[cli.command]]
path = "route"
aliases = ["r"]
[[cli.command]]
path = "route flush"
[[cli.command]]
path = "rule"
flags = ["-n/--numeric"]
[[cli.command]]
path = "restart"
"#;
        let pack = check::read(text).unwrap();
        let read = |line: &str| -> Vec<String> {
            let words: Vec<Argument> = line
                .split_ascii_whitespace()
                .map(|word| Argument::known(word, Location::default()))
                .collect();
            read(&pack.cli[0], &words).iter().map(shown).collect()
        };
        for (line, expected) in [
            ("r f", &["route flush |  | "][..]),
            ("ROUTE FL", &["route flush |  | "]),
            ("-n x ru -N y", &["rule | --name=x, --numeric= | y"]),
            ("re x", &["restart |  | x"]),
            ("ro -n", &["route | -n= | "]),
            ("--NAME a ru", &["rule | --name=a | "]),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        let several = read("R");
        assert_eq!(several, ["route |  | "]);
        let pack_without = text.replace("aliases = [\"r\"]\n", "");
        let pack = check::read(&pack_without).unwrap();
        let words = [Argument::known("r", Location::default())];
        let mut commands: Vec<String> = super::read(&pack.cli[0], &words)
            .iter()
            .map(|args| args.command.join(" "))
            .collect();
        commands.sort();
        assert_eq!(commands, ["restart", "route", "rule"]);
    }

    #[test]
    fn an_undeclared_flag_before_a_command_is_read_both_ways() {
        let readings = demo("--odd volume volume delete");
        let commands: Vec<String> = readings.iter().map(|args| args.command.join(" ")).collect();
        assert!(
            commands.contains(&"volume delete".to_owned()),
            "{commands:?}"
        );
        assert_eq!(readings.len(), 2);
        let many = "--odd x ".repeat(40);
        assert!(demo(&many).len() <= READINGS);
    }
}
