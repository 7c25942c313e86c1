//! What a command hands on to another interpreter: `sudo CMD…`, `ssh host TEXT`, `xargs CMD`.
//!
//! Owns how the inner command differs from the outer one: words, variables, directory, input,
//! machine. Never judges it.

use std::rc::Rc;

use super::condition::{Facts, Truth, position};
use super::schema::{Delegate, DelegateSource, Embedded, Language};
use super::{input, lookup, script, split, target};
use crate::call::{Call, Findings, Nested};
use crate::context::postgres::{self, Connection};
use crate::context::{Place, sqlite};
use crate::location::Location;
use crate::payload::{embedded, psql, sql};
use crate::resolve::Origin;
use crate::resolve::{Argument, Command, Directory, Part, Stdin, Text};
use crate::world::World;

pub(super) fn hand_on(to: &Delegate, call: &Call<'_>, findings: &mut Findings) {
    if matches!(to.from, DelegateSource::Stdin) {
        stdin(to, call, findings);
        return;
    }
    let mut words = words(&to.from, call);
    if to.percents {
        let doubled = |word: &&mut Argument| word.value.display().contains("%%");
        for word in words.iter_mut().filter(doubled) {
            word.value = without_percents(&word.value);
            word.verbatim = None;
        }
    }
    let by_itself = match &to.from {
        DelegateSource::After { .. } | DelegateSource::Env(_) => true,
        DelegateSource::Option(_) => {
            let texts = [
                Language::Shell,
                Language::Sql,
                Language::Mysql,
                Language::Sqlite,
            ];
            texts.contains(&to.to) || to.program.is_some()
        }
        _ => false,
    };
    if by_itself {
        for word in words {
            hand_words(to, call, vec![word], findings);
        }
    } else {
        hand_words(to, call, words, findings);
    }
}

/// A text in which `%%` is `%`. What stands for a host's name and the like is kept as it is written.
fn without_percents(text: &Text) -> Text {
    let mut replaced = Text::empty();
    for part in text.parts() {
        replaced.push(match part {
            Part::Known(known) => Part::Known(known.replace("%%", "%")),
            other => other.clone(),
        });
    }
    replaced
}

fn hand_words(to: &Delegate, call: &Call<'_>, mut words: Vec<Argument>, findings: &mut Findings) {
    let mut inner = inner_command(to, call);
    if let DelegateSource::Env(names) = &to.from {
        // Said once: what it starts may be the same program (`TAR_OPTIONS`).
        for name in names {
            inner.environment.set(name, None);
        }
    }
    // `aws-vault exec prod -- CMD`, `setarch x86_64 -R CMD`: no program is called by a dash, so
    // these are still the wrapper's own words.
    let skips = matches!(
        to.to,
        Language::Argv | Language::Package | Language::CommandLine
    );
    let own = words.iter().position(|word| {
        let prefix = word.value.known_prefix();
        to.program.is_some()
            || !(skips && prefix.starts_with('-') && prefix != "-" || prefix == "--")
    });
    words.drain(..own.unwrap_or(words.len()));
    if to.assignments {
        take_assignments(&mut words, &mut inner);
    }
    if let Some(program) = to.program.as_ref().filter(|_| !words.is_empty()) {
        words.splice(0..0, started(program, call));
    }
    if words.is_empty() && to.append_stdin {
        words.push(Argument::known("echo", call.command.location.clone()));
    }
    if words.is_empty() {
        return;
    }
    let language = match to.to {
        Language::CommandLine if words.len() == 1 => Language::Shell,
        Language::CommandLine => Language::Argv,
        other => other,
    };
    match language {
        Language::SplitString => split_string(call, inner, words, findings),
        Language::Argv | Language::CommandLine => start(to, call, inner, words, findings),
        Language::Package => {
            let words = packaged(words, call.world);
            start(to, call, inner, words, findings);
        }
        Language::Shell => {
            let joined = join(&words);
            findings.nested.push(Nested::Shell {
                origin: origin(&words),
                text: joined,
                arguments: Vec::new(),
                by: Box::new(inner),
                shell: "sh".into(),
            });
        }
        Language::Directory => programs_in(&words, &inner, call, findings),
        Language::ShellFile => script::run("sh".into(), &words, &inner, call.world, findings),
        Language::Sql | Language::Mysql | Language::Sqlite => {
            let dialect = match language {
                Language::Mysql => sql::Dialect::Mysql,
                Language::Sqlite => sql::Dialect::Sqlite,
                _ => sql::Dialect::Postgres,
            };
            let place = Place::default();
            let found = sql::assess(dialect, &join(&words), origin(&words), place, &inner);
            findings.effects.extend(found.effects);
            findings.opaque.extend(found.opaque);
            findings.nested.extend(found.nested);
        }
        Language::SqlFile => {
            for word in &words {
                psql::assess_file(word, Connection::default(), call, findings);
            }
        }
        Language::Text(language) => {
            inner.argv = own_words(call);
            for word in &words {
                let (text, place) = (&word.value, &word.location);
                let database = database(language, call);
                embedded::judge(
                    language, text, place, database, &inner, call.world, findings,
                );
            }
        }
        Language::File(language) => {
            inner.argv = own_words(call);
            for word in &words {
                let database = database(language, call);
                embedded::judge_file(language, word, database, &inner, call.world, findings);
            }
        }
    }
}

/// Where the SQL of a client goes.
fn database(language: Embedded, call: &Call<'_>) -> Place {
    match language {
        Embedded::Sqlite => sqlite::place(call),
        Embedded::Mysql => postgres::mysql(call).place(call),
        _ => Place::default(),
    }
}

/// `env -S TEXT WORD…` is `env` with the words of the text, and the others.
fn split_string(
    call: &Call<'_>,
    mut inner: Command,
    words: Vec<Argument>,
    findings: &mut Findings,
) {
    let Some((first, rest)) = words.split_first() else {
        return;
    };
    let Some(text) = first.value.exact() else {
        let shown = first.value.display();
        findings.opaque(
            format!("what runs is known only then: {shown}"),
            &first.location,
        );
        return;
    };
    let variable = |name: &str| {
        let value = call.command.variable(call.world, name);
        value.unwrap_or_else(|| Text::unknown(format!("${{{name}}}")))
    };
    let Some(found) = split::split(text, variable) else {
        return;
    };
    let program = call.command.argv.first().cloned();
    let found = found.into_iter().map(|value| Argument {
        value,
        splits: false,
        verbatim: None,
        location: first.location.clone(),
    });
    inner.argv = program
        .into_iter()
        .chain(found)
        .chain(rest.iter().cloned())
        .collect();
    findings.nested.push(Nested::Command(Box::new(inner)));
}

/// Programs in a directory that are looked at.
const PROGRAMS: usize = 256;

fn programs_in(words: &[Argument], by: &Command, call: &Call<'_>, findings: &mut Findings) {
    for word in words {
        let path = word.value.exact();
        let path = path.and_then(|path| by.directory.join(path));
        let listed = path.as_ref().filter(|_| by.elsewhere.is_none());
        match listed.and_then(|path| call.world.list(path, PROGRAMS)) {
            Some((names, false)) => {
                for name in names {
                    let file = path
                        .iter()
                        .map(|path| path.join(&name).to_string_lossy().into_owned());
                    let mut inner = by.clone();
                    inner.argv = file
                        .map(|file| Argument::known(file, word.location.clone()))
                        .collect();
                    findings.nested.push(Nested::Command(Box::new(inner)));
                }
            }
            // There is nothing there to run.
            None if call.world.is_untouched() => {}
            _ => findings.opaque(
                format!("the programs in `{}` are not known", word.value.display()),
                &word.location,
            ),
        }
    }
}

/// The program that a pack names, with its first arguments.
fn started<'a>(program: &'a str, call: &'a Call<'_>) -> impl Iterator<Item = Argument> + 'a {
    let place = &call.command.location;
    let words = program.split_ascii_whitespace();
    words.map(move |word| Argument::known(word, place.clone()))
}

/// Text on standard input is the program.
fn stdin(to: &Delegate, call: &Call<'_>, findings: &mut Findings) {
    let mut inner = inner_command(to, call);
    if let Some(program) = &to.program {
        inner.argv = started(program, call).collect();
        findings.nested.push(Nested::Command(Box::new(inner)));
        return;
    }
    match to.to {
        Language::Shell | Language::ShellFile => {
            script::from_stdin("sh".into(), Vec::new(), &inner, call.world, findings);
        }
        Language::Text(language) | Language::File(language) => {
            inner.argv = own_words(call);
            let database = database(language, call);
            embedded::judge_stdin(language, database, &inner, call.world, findings);
        }
        Language::Mysql | Language::Sqlite => {
            let language = match to.to {
                Language::Mysql => Embedded::Mysql,
                _ => Embedded::Sqlite,
            };
            embedded::judge_stdin(language, Place::default(), &inner, call.world, findings);
        }
        Language::Sql | Language::SqlFile => {
            psql::assess_stdin(Connection::default(), call, findings);
        }
        Language::Argv
        | Language::CommandLine
        | Language::SplitString
        | Language::Package
        | Language::Directory => {
            findings.opaque(
                "what runs is read from standard input",
                &call.command.location,
            );
        }
    }
}

/// The program and the options that stand before its operands.
fn own_words(call: &Call<'_>) -> Vec<Argument> {
    let (argv, operands) = (&call.command.argv, call.args.operands.len());
    let own = argv.len().saturating_sub(operands).max(1);
    argv.iter().take(own).cloned().collect()
}

/// The command as it starts another one, before its words are known.
fn inner_command(to: &Delegate, call: &Call<'_>) -> Command {
    let facts = Facts {
        args: call.args,
        command: call.command,
        world: call.world,
    };
    let mut inner = call.command.clone();
    inner.argv = Vec::new();
    // They are the outer command's, and judged with it.
    inner.redirections = Vec::new();
    match facts.any_flag(&to.clear_env) {
        Truth::Yes => inner.environment.clear(),
        Truth::Maybe => inner.environment.uncertain = true,
        Truth::No => {}
    }
    for name in &to.unset_env {
        for value in call.args.all(name) {
            match value.value.exact() {
                Some(name) => inner.environment.set(name, None),
                None => inner.environment.uncertain = true,
            }
        }
    }
    if let Some(directory) = to
        .directory
        .as_ref()
        .and_then(|name| call.args.option(name))
    {
        inner.directory = enter(&inner.directory, &directory.value);
    }
    let asked_for = to.stdin_with.iter().any(|flag| call.args.flag(flag));
    let withheld = !to.stdin_with.is_empty() && !asked_for && call.args.uncertain.is_empty();
    if to.no_stdin || withheld {
        inner.stdin = Stdin::Empty;
    }
    if !to.elsewhere.is_empty() {
        move_away(to, call, &mut inner);
    }
    inner
}

fn enter(from: &Directory, to: &Text) -> Directory {
    to.exact().and_then(|path| from.join(path)).map_or_else(
        || Directory::Unknown(to.display().into_owned()),
        Directory::Known,
    )
}

/// Another machine: nothing of this one's variables, files or directories holds there.
fn move_away(to: &Delegate, call: &Call<'_>, inner: &mut Command) {
    let named = target::first(&to.elsewhere, call, &Place::default());
    let name = named.first().map_or_else(
        || "another machine".to_owned(),
        |name| name.text.display().into_owned(),
    );
    inner.environment.clear();
    inner.environment.uncertain = true;
    inner.directory = Directory::Unknown(format!("on {name}"));
    inner.elsewhere = Some(Rc::from(name));
}

fn words(from: &DelegateSource, call: &Call<'_>) -> Vec<Argument> {
    let operands = &call.args.operands;
    let from_index = |index: i32| {
        let from = position(index, operands.len()).unwrap_or(operands.len());
        operands.iter().skip(from).cloned().collect()
    };
    match from {
        DelegateSource::Option(name) => call.args.all(name).cloned().collect(),
        DelegateSource::OptionAndOperands { option, from } => {
            let given = call.args.all(option).cloned();
            given.chain(from_index(*from)).collect()
        }
        DelegateSource::After { option, starts } => {
            let given: Vec<&Argument> = match option {
                Some(name) => call.args.all(name).collect(),
                None => operands.iter().collect(),
            };
            let after = given.into_iter().filter_map(|word| after(word, starts));
            after.collect()
        }
        DelegateSource::Env(names) => {
            let set = names.iter().filter_map(|name| set_here(name, call));
            set.collect()
        }
        DelegateSource::Operands(index) | DelegateSource::Joined(index) => from_index(*index),
        DelegateSource::Operand(index) => from_index(*index).into_iter().take(1).collect(),
        DelegateSource::AfterDashes => match call.args.dashes {
            Some(at) => operands.iter().skip(at).cloned().collect(),
            None => Vec::new(),
        },
        DelegateSource::Stdin => Vec::new(),
    }
}

/// What stands after the first of these beginnings that the word has.
fn after(word: &Argument, starts: &[String]) -> Option<Argument> {
    let prefix = word.value.known_prefix();
    let length = starts.iter().find_map(|start| {
        let given = prefix.get(..start.len())?;
        given.eq_ignore_ascii_case(start).then_some(start.len())
    })?;
    let value = word.value.after(length);
    (!value.is_empty()).then(|| Argument {
        value,
        verbatim: word.verbatim.map(|offset| offset + length),
        ..word.clone()
    })
}

/// The value of a variable, unless it is the one that guard found when it was started.
fn set_here(name: &str, call: &Call<'_>) -> Option<Argument> {
    let value = call.command.variable(call.world, name)?;
    if value.is_empty()
        || value
            .exact()
            .is_some_and(|text| call.world.env(name).as_deref() == Some(text))
    {
        return None;
    }
    // `LESSOPEN='||-lesspipe %s'`: the signs say how less reads what the program prints.
    let signs = value.known_prefix();
    let length = match signs.contains("%s") {
        true => signs.len() - signs.trim_start_matches(['|', '-']).len(),
        false => 0,
    };
    Some(Argument {
        value: value.after(length),
        splits: false,
        verbatim: None,
        location: call.command.location.clone(),
    })
}

/// Moves leading `NAME=value` words into the environment.
fn take_assignments(words: &mut Vec<Argument>, inner: &mut Command) {
    // `env - CMD` is `env -i CMD`.
    if words
        .first()
        .is_some_and(|word| word.value.exact() == Some("-"))
    {
        words.remove(0);
        inner.environment.clear();
    }
    let count = words
        .iter()
        .take_while(|word| is_assignment(word.value.known_prefix()))
        .count();
    for word in words.drain(..count) {
        let Some((name, value)) = word.value.known_prefix().split_once('=') else {
            continue;
        };
        let at = word.value.known_prefix().len() - value.len();
        inner.environment.set(name, Some(word.value.after(at)));
    }
}

fn is_assignment(prefix: &str) -> bool {
    prefix
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && !name.contains('/'))
}

/// The program that a launcher finds for a package name: `@railway/cli@latest` is `railway`.
pub(crate) fn packaged(mut words: Vec<Argument>, world: &dyn World) -> Vec<Argument> {
    let Some(first) = words.first_mut() else {
        return words;
    };
    let Some(name) = first.value.exact() else {
        return words;
    };
    // The first `@` may be the scope's.
    let bare = match name
        .char_indices()
        .skip(1)
        .find(|(_, letter)| *letter == '@')
    {
        Some((at, _)) => name.get(..at).unwrap_or(name),
        None => name,
    };
    let bare = bare.split_once("==").map_or(bare, |(bare, _)| bare);
    let program = lookup::of_package(bare, world)
        .unwrap_or_else(|| bare.rsplit('/').next().unwrap_or(bare).to_owned());
    first.value = Text::known(program);
    words
}

/// Runs the words as a command, with what standard input adds to them.
fn start(
    to: &Delegate,
    call: &Call<'_>,
    mut inner: Command,
    words: Vec<Argument>,
    findings: &mut Findings,
) {
    let mark = to.replace.as_ref().and_then(|name| {
        let given = call
            .args
            .options
            .iter()
            .rev()
            .find(|given| given.name == *name)?;
        let value = given.values.first().and_then(|value| value.value.exact());
        Some(value.unwrap_or("{}").to_owned())
    });
    if to.append_found {
        let marked = words.iter().any(|word| word.value.display().contains("{}"));
        let mark = marked.then_some("{}");
        inner.argv =
            input::filled(&words, mark, None, "what it finds", &call.command.location).concat();
        findings.nested.push(Nested::Command(Box::new(inner)));
        return;
    }
    if !to.append_stdin {
        inner.argv = words;
        findings.nested.push(Nested::Command(Box::new(inner)));
        return;
    }
    // What it reads is the list, so the command it starts reads nothing.
    let source = std::mem::replace(&mut inner.stdin, Stdin::Empty);
    let listed = input::groups(call, &source, mark.is_some());
    let hole = match &source {
        Stdin::Unknown(source) => format!("the output of {source}"),
        _ => "what it is given then".to_owned(),
    };
    let place = &call.command.location;
    for argv in input::filled(&words, mark.as_deref(), listed, &hole, place) {
        let mut command = inner.clone();
        command.argv = argv;
        findings.nested.push(Nested::Command(Box::new(command)));
    }
}

/// The words as a remote shell or `eval` gets them: joined by spaces.
fn join(words: &[Argument]) -> Text {
    let mut text = Text::empty();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_known(" ");
        }
        text.append(word.value.clone());
    }
    text
}

fn origin(words: &[Argument]) -> Origin {
    match words {
        [word] => origin_of(word),
        [first, .., last] => Origin::Place(Location {
            span: first.location.span.join(last.location.span),
            file: first.location.file.clone(),
        }),
        [] => Origin::Place(Location::default()),
    }
}

/// A word that stands in the user's text as it is, perhaps in one pair of quotes, keeps its
/// places; any other stands for its whole.
pub(crate) fn origin_of(word: &Argument) -> Origin {
    match word.verbatim {
        Some(offset) => Origin::Verbatim { offset },
        None => Origin::Place(word.location.clone()),
    }
}
