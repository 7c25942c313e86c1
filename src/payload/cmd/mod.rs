//! What the Windows command interpreter would run: `cmd /c TEXT`, `x.bat`.
//!
//! Each command that it has itself becomes the command that does the same (`rd /s x` is
//! `rm -rf x`); any other is a program, and is judged as that. Never decides.

mod expand;
mod reader;

use std::collections::BTreeSet;

use crate::call::{Call, Findings, Nested};
use crate::location::Location;
use crate::resolve::{
    Argument, Command, Directory, Part, Redirection, RedirectionKind, Stdin, Text,
};
use crate::world::ReadError;
use expand::{Letter, Variables, letters, text};
use reader::{Node, Word, plain};

/// Batch files that call batch files.
const DEPTH_LIMIT: usize = 8;
/// Commands that one text may come to.
const STEP_LIMIT: usize = 20_000;
/// Lines that one group may take.
const LINES: usize = 400;
/// Items of a loop that are walked one by one.
const ROUNDS: usize = 64;

/// Commands that cmd has itself.
const BUILTINS: &[&str] = &[
    "assoc", "break", "call", "cd", "chdir", "cls", "color", "copy", "date", "del", "dir", "echo",
    "endlocal", "erase", "exit", "ftype", "goto", "md", "mkdir", "mklink", "move", "path", "pause",
    "popd", "prompt", "pushd", "rd", "ren", "rename", "rmdir", "set", "setlocal", "shift", "start",
    "time", "title", "type", "ver", "verify", "vol",
];

fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name.to_lowercase().as_str())
}

/// Judges a `cmd` by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let mut variables = Variables::default();
    let mut words = call.command.argv.iter().skip(1);
    let mut rest: Option<Text> = None;
    for word in words.by_ref() {
        // Under MSYS a slash is doubled, so that it stays one.
        let switch = word.value.known_prefix().to_lowercase();
        let switch = switch.replace("//", "/");
        if !switch.starts_with('/') {
            if word.value.exact().is_none() {
                let reason = format!(
                    "how cmd is started is known only then: {}",
                    word.value.display()
                );
                findings.opaque(reason, &word.location);
            }
            continue;
        }
        if switch.starts_with("/v") && !switch.ends_with("off") {
            variables.delayed = true;
        }
        let at = ["/c", "/k", "/r"].iter().find_map(|mark| switch.find(mark));
        if let Some(at) = at {
            // `/cdel x`: the text may begin at once.
            let attached = switch.get(at + 2..).unwrap_or_default();
            rest = Some(Text::known(attached));
            break;
        }
    }
    let place = call.command.location.clone();
    let Some(mut line) = rest else {
        from_stdin(call, variables, findings);
        return;
    };
    let words: Vec<&Argument> = words.collect();
    for word in &words {
        if !line.is_empty() {
            line.push_known(" ");
        }
        let blanks = words.len() > 1 && word.value.display().contains(' ');
        let quote = if blanks { "\"" } else { "" };
        line.push_known(quote);
        line.append(word.value.clone());
        line.push_known(quote);
    }
    let mut shell = Shell::new(call, place, variables, findings);
    shell.lines(&unwrapped(&line));
}

fn from_stdin(call: &Call<'_>, variables: Variables, findings: &mut Findings) {
    let place = call.command.location.clone();
    match &call.command.stdin {
        Stdin::Text(text) => {
            let mut shell = Shell::new(call, place, variables, findings);
            shell.lines(text);
        }
        Stdin::Unknown(source) => {
            let reason = format!("cmd would run what is known only then: the output of {source}");
            findings.opaque(reason, &place);
        }
        Stdin::File(_) => findings.opaque("cmd would run the commands of a file", &place),
        Stdin::Inherited | Stdin::Empty => {}
    }
}

/// `cmd /c "…"`: the outer quotes are taken away, if the text begins and ends with one.
fn unwrapped(line: &Text) -> Text {
    let known = letters(line);
    let first = known.first() == Some(&Letter::Known('"'));
    let last = known.last() == Some(&Letter::Known('"'));
    let quotes = known
        .iter()
        .filter(|letter| **letter == Letter::Known('"'))
        .count();
    if first && last && quotes > 1 && known.len() > 1 {
        let inner = known.get(1..known.len() - 1).unwrap_or_default();
        // Two quotes around one program's name stay.
        let special = inner.iter().any(|letter| {
            matches!(
                letter,
                Letter::Known(' ' | '&' | '<' | '>' | '(' | ')' | '@' | '^' | '|')
            )
        });
        if quotes > 2 || special {
            return text(inner);
        }
    }
    line.clone()
}

struct Shell<'c> {
    call: &'c Call<'c>,
    findings: &'c mut Findings,
    place: Location,
    /// Where and with what it stands now.
    by: Command,
    variables: Variables,
    /// Files that the text itself wrote.
    written: BTreeSet<String>,
    depth: usize,
    steps: usize,
}

impl<'c> Shell<'c> {
    fn new(
        call: &'c Call<'c>,
        place: Location,
        variables: Variables,
        findings: &'c mut Findings,
    ) -> Self {
        let mut by = call.command.clone();
        by.argv = Vec::new();
        by.redirections = Vec::new();
        Self {
            call,
            findings,
            place,
            by,
            variables,
            written: BTreeSet::new(),
            depth: 0,
            steps: 0,
        }
    }

    fn opaque(&mut self, reason: String) {
        let place = self.place.clone();
        self.findings.opaque(reason, &place);
    }

    /// Runs the lines of a text; a group may go over several.
    fn lines(&mut self, source: &Text) {
        let all = letters(source);
        let lines: Vec<&[Letter]> = all.split(|letter| *letter == Letter::Known('\n')).collect();
        let mut at = 0;
        while at < lines.len() {
            let mut line: Vec<Letter> = Vec::new();
            let mut nodes = None;
            for (count, next) in lines.iter().skip(at).take(LINES).enumerate() {
                if count > 0 {
                    line.push(Letter::Known('\n'));
                }
                line.extend(
                    next.iter()
                        .filter(|letter| **letter != Letter::Known('\r'))
                        .cloned(),
                );
                let continued = line.last() == Some(&Letter::Known('^'));
                if continued {
                    continue;
                }
                if is_label(&line) {
                    nodes = Some((Vec::new(), count + 1));
                    break;
                }
                let expanded = self.variables.percents(&line);
                if let Some(read) = reader::read(&expanded) {
                    nodes = Some((read, count + 1));
                    break;
                }
            }
            match nodes {
                Some((nodes, count)) => {
                    at += count;
                    self.list(&nodes);
                }
                None => {
                    let shown = text(lines.get(at).copied().unwrap_or_default());
                    self.opaque(format!(
                        "cmd text that guard cannot read: {}",
                        shown.display()
                    ));
                    at += 1;
                }
            }
        }
    }

    fn list(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.steps += 1;
            if self.steps > STEP_LIMIT {
                return;
            }
            self.node(node);
        }
        if self.steps == STEP_LIMIT {
            self.opaque("the cmd text is too long to follow".to_owned());
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Simple {
                words,
                redirections,
            } => {
                let words: Vec<Word> = words.iter().map(|word| self.word(word)).collect();
                let redirections = self.redirected(redirections);
                self.simple(words, redirections);
            }
            Node::Group { body, redirections } => {
                let redirections = self.redirected(redirections);
                if !redirections.is_empty() {
                    self.emit(Vec::new(), redirections);
                }
                self.list(body);
            }
            Node::Pipe(parts) => {
                let outer = self.by.stdin.clone();
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        self.by.stdin = Stdin::Unknown("the command before the pipe".to_owned());
                    }
                    self.node(part);
                }
                self.by.stdin = outer;
            }
            Node::If { then, otherwise } => {
                let before = self.variables.known.clone();
                self.list(then);
                let after = std::mem::replace(&mut self.variables.known, before);
                self.list(otherwise);
                // What either way set is not certain.
                for (name, value) in after {
                    if self.variables.known.get(&name) != Some(&value) {
                        let unknown = Text::unknown(format!("%{name}%"));
                        self.variables.known.insert(name, unknown);
                    }
                }
            }
            Node::For {
                options,
                variable,
                set,
                body,
            } => self.repeat(options, *variable, set, body),
        }
    }

    /// A word with the values of the loops around it, and of delayed variables.
    fn word(&self, word: &[Letter]) -> Word {
        self.variables.delayed(&self.variables.loop_values(word))
    }

    fn redirected(&mut self, redirections: &[reader::Redirection]) -> Vec<Redirection> {
        let mut found = Vec::new();
        for redirection in redirections {
            let target = path(&unquoted(&self.word(&redirection.target)));
            if target.exact() == Some("/dev/null") || target.exact() == Some("con") {
                continue;
            }
            if !redirection.reads
                && let Some(name) = target.exact()
            {
                self.written.insert(name.to_owned());
            }
            found.push(Redirection {
                kind: match (redirection.reads, redirection.append) {
                    (true, _) => RedirectionKind::Read,
                    (false, true) => RedirectionKind::Append,
                    (false, false) => RedirectionKind::Truncate { clobber: false },
                },
                path: target,
                location: self.place.clone(),
            });
        }
        found
    }

    fn repeat(&mut self, options: &[Word], variable: char, set: &[Letter], body: &[Node]) {
        let flags: Vec<String> = options
            .iter()
            .map(|word| plain(word).to_lowercase())
            .collect();
        let has = |flag: &str| flags.iter().any(|given| given == flag);
        let set = self.word(set);
        let mut items = Vec::new();
        if has("/f") {
            // A command whose lines are read, or files.
            let inner = plain(&set);
            let inner = inner.trim();
            let command = inner
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .or_else(|| inner.strip_prefix('`')?.strip_suffix('`'));
            if let Some(command) = command {
                let read = reader::read(&letters(&Text::known(command)));
                match read {
                    Some(nodes) => self.list(&nodes),
                    None => self.opaque(format!("cmd text that guard cannot read: {command}")),
                }
            }
            items.push(Text::unknown(format!("%{variable}")));
        } else if has("/l") || has("/r") {
            items.push(Text::unknown(format!("%{variable}")));
        } else {
            items.extend(operands(&[set]));
        }
        if items.len() > ROUNDS {
            items = vec![Text::unknown(format!("%{variable}"))];
        }
        for item in items {
            self.variables.loops.push((variable, item));
            self.list(body);
            self.variables.loops.pop();
        }
    }

    fn simple(&mut self, words: Vec<Word>, redirections: Vec<Redirection>) {
        let Some(first) = words.first() else {
            self.emit(Vec::new(), redirections);
            return;
        };
        let name = unquoted(first);
        let rest = words.get(1..).unwrap_or_default();
        let Some(written) = name.exact() else {
            let mut argv = vec![name];
            argv.extend(rest.iter().map(|word| unquoted(word)));
            self.emit(argv, redirections);
            return;
        };
        let builtin = written.to_lowercase();
        if is_builtin(&builtin) {
            self.builtin(&builtin, rest, redirections);
            return;
        }
        let base = written
            .rsplit(['\\', '/'])
            .next()
            .unwrap_or(written)
            .to_lowercase();
        if let Some((_, "bat" | "cmd")) = base.rsplit_once('.')
            && self.batch(written, rest)
        {
            return;
        }
        let program = match base.rsplit_once('.') {
            Some((stem, "exe" | "com" | "bat" | "cmd")) => stem.to_owned(),
            _ if written.contains(['\\', '/']) => written.replace('\\', "/"),
            _ => written.to_owned(),
        };
        let mut argv = vec![Text::known(program)];
        argv.extend(rest.iter().map(|word| unquoted(word)));
        self.emit(argv, redirections);
    }

    /// A batch file that is here: its lines run now. False if it is not here.
    fn batch(&mut self, written: &str, rest: &[Word]) -> bool {
        let name = path(&Text::known(written));
        if name.exact().is_some_and(|name| self.written.contains(name)) {
            self.opaque(format!("the batch file `{written}` is written first"));
            return true;
        }
        let file = name.exact().and_then(|name| self.by.directory.join(name));
        let Some(file) = file.filter(|_| self.by.elsewhere.is_none()) else {
            return false;
        };
        let source = match self.call.world.read(&file) {
            Ok(source) => source,
            Err(ReadError::Missing(_)) => return false,
            Err(error) => {
                self.opaque(format!("a batch file that guard cannot read: {error}"));
                return true;
            }
        };
        if self.depth >= DEPTH_LIMIT {
            self.opaque("batch files call each other too deeply to follow".to_owned());
            return true;
        }
        let zero = Text::known(written);
        let arguments = std::iter::once(zero).chain(rest.iter().map(|word| unquoted(word)));
        let inner = Variables {
            known: self.variables.known.clone(),
            arguments: arguments.collect(),
            is_file: true,
            ..Variables::default()
        };
        let outer = std::mem::replace(&mut self.variables, inner);
        self.depth += 1;
        self.lines(&Text::known(source));
        self.depth -= 1;
        self.variables = outer;
        true
    }

    fn builtin(&mut self, name: &str, rest: &[Word], redirections: Vec<Redirection>) {
        let switches: Vec<String> = rest
            .iter()
            .filter(|word| word.first() == Some(&Letter::Known('/')))
            .flat_map(|word| {
                let text = plain(word).to_lowercase();
                text.split('/').map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        let has = |switch: &str| switches.iter().any(|given| given == switch);
        let given: Vec<Word> = rest
            .iter()
            .filter(|word| word.first() != Some(&Letter::Known('/')))
            .cloned()
            .collect();
        let paths = || operands(&given).iter().map(path).collect::<Vec<Text>>();
        let command = |words: &[&str], operands: Vec<Text>| {
            let words = words.iter().map(|word| Text::known(*word));
            words.chain(operands).collect::<Vec<Text>>()
        };
        let argv = match name {
            // A directory's name stands for all files in it.
            "del" | "erase" => command(&["rm", "-rf", "--"], paths()),
            "rd" | "rmdir" if has("s") => command(&["rm", "-rf", "--"], paths()),
            "rd" | "rmdir" => command(&["rmdir", "--"], paths()),
            "move" => command(&["mv", "-f", "--"], here(paths())),
            "copy" => {
                let sources = paths()
                    .into_iter()
                    .filter(|path| path.exact() != Some("+"))
                    .collect();
                command(&["cp", "--"], here(sources))
            }
            "set" => {
                self.set(rest);
                Vec::new()
            }
            "cd" | "chdir" | "pushd" => {
                if let Some(to) = paths().first() {
                    self.enter(to);
                }
                Vec::new()
            }
            "popd" => {
                self.by.directory = Directory::Unknown("popd".to_owned());
                Vec::new()
            }
            "setlocal" => {
                let delayed = rest
                    .iter()
                    .any(|word| plain(word).eq_ignore_ascii_case("enabledelayedexpansion"));
                self.variables.delayed |= delayed;
                Vec::new()
            }
            "call" => {
                if !redirections.is_empty() {
                    self.emit(Vec::new(), redirections);
                }
                self.called(rest);
                return;
            }
            "start" => {
                if !redirections.is_empty() {
                    self.emit(Vec::new(), redirections);
                }
                self.started(rest);
                return;
            }
            _ => Vec::new(),
        };
        self.emit(argv, redirections);
    }

    fn enter(&mut self, to: &Text) {
        let entered = to.exact().and_then(|to| self.by.directory.join(to));
        self.by.directory = match entered {
            Some(directory) => Directory::Known(directory),
            None => Directory::Unknown(to.display().into_owned()),
        };
    }

    /// `set NAME=value`, `set "NAME=value"`; `/a` and `/p` give what is not followed.
    fn set(&mut self, rest: &[Word]) {
        let mut line: Vec<Letter> = Vec::new();
        for word in rest {
            if !line.is_empty() {
                line.push(Letter::Known(' '));
            }
            line.extend(word.iter().cloned());
        }
        let start = plain(&line).to_lowercase();
        let computed = start.starts_with("/a") || start.starts_with("/p");
        if computed {
            line.drain(..2);
        }
        let quoted =
            line.iter().find(|letter| **letter != Letter::Known(' ')) == Some(&Letter::Known('"'));
        if quoted {
            let first = line.iter().position(|letter| *letter == Letter::Known('"'));
            let last = line
                .iter()
                .rposition(|letter| *letter == Letter::Known('"'));
            if let (Some(first), Some(last)) = (first, last)
                && first < last
            {
                line = line.get(first + 1..last).unwrap_or_default().to_vec();
            }
        }
        let Some(at) = line.iter().position(|letter| *letter == Letter::Known('=')) else {
            return;
        };
        let name = plain(line.get(..at).unwrap_or_default());
        let value = text(line.get(at + 1..).unwrap_or_default());
        let value = if computed {
            Text::unknown(format!("%{}%", name.trim()))
        } else {
            value
        };
        self.variables.set(&name, value);
    }

    /// `call` replaces percent signs once more.
    fn called(&mut self, rest: &[Word]) {
        let words: Vec<Word> = rest
            .iter()
            .map(|word| {
                let mut once = self.variables.clone();
                once.is_file = false;
                once.percents(word)
            })
            .collect();
        let label = words.first().and_then(|word| word.first()) == Some(&Letter::Known(':'));
        if label || words.is_empty() {
            return;
        }
        // What a variable holds may be several words.
        let mut line: Vec<Letter> = Vec::new();
        for word in words {
            if !line.is_empty() {
                line.push(Letter::Known(' '));
            }
            line.extend(word);
        }
        match reader::read(&line) {
            Some(nodes) => self.list(&nodes),
            None => {
                let shown = text(&line);
                self.opaque(format!(
                    "cmd text that guard cannot read: {}",
                    shown.display()
                ));
            }
        }
    }

    /// `start ["title"] [/switches] program …`.
    fn started(&mut self, rest: &[Word]) {
        let mut words = rest;
        if let Some((first, after)) = words.split_first()
            && first.first() == Some(&Letter::Known('"'))
        {
            words = after;
        }
        while let Some((first, after)) = words.split_first()
            && first.first() == Some(&Letter::Known('/'))
        {
            let takes = matches!(
                plain(first).to_lowercase().as_str(),
                "/d" | "/node" | "/affinity"
            );
            words = after.get(usize::from(takes)..).unwrap_or_default();
        }
        if !words.is_empty() {
            self.simple(words.to_vec(), Vec::new());
        }
    }

    fn emit(&mut self, argv: Vec<Text>, redirections: Vec<Redirection>) {
        if argv.is_empty() && redirections.is_empty() {
            return;
        }
        let mut command = self.by.clone();
        command.argv = argv
            .into_iter()
            .map(|value| Argument {
                splits: value.has_glob(),
                value,
                verbatim: None,
                location: self.place.clone(),
            })
            .collect();
        command.redirections = redirections;
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }
}

fn is_label(line: &[Letter]) -> bool {
    plain(line).trim_start().starts_with(':')
}

/// A copy or a move that names no target goes here.
fn here(mut paths: Vec<Text>) -> Vec<Text> {
    if paths.len() == 1 {
        paths.push(Text::known("."));
    }
    paths
}

/// A word without its quotes.
fn unquoted(word: &[Letter]) -> Text {
    let bare: Vec<Letter> = word
        .iter()
        .filter(|letter| **letter != Letter::Known('"'))
        .cloned()
        .collect();
    text(&bare)
}

/// The operands of a command of cmd's own: commas part them, too.
fn operands(words: &[Word]) -> Vec<Text> {
    let mut found = Vec::new();
    for word in words {
        let mut quoted = false;
        let mut operand: Word = Vec::new();
        let mut end = |operand: &mut Word| {
            if !operand.is_empty() {
                found.push(unquoted(&std::mem::take(operand)));
            }
        };
        for letter in word {
            match letter {
                Letter::Known('"') => {
                    quoted = !quoted;
                    operand.push(letter.clone());
                }
                Letter::Known(' ' | '\t' | '\n' | ',' | ';' | '=') if !quoted => end(&mut operand),
                _ => operand.push(letter.clone()),
            }
        }
        end(&mut operand);
    }
    found
}

/// A path of Windows as one of this machine: what a drive holds is not known here.
pub(crate) fn path(windows: &Text) -> Text {
    let mut found = Text::empty();
    let prefix = windows.known_prefix();
    let drive = prefix.as_bytes().get(1) == Some(&b':')
        && prefix.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if drive || prefix.starts_with("\\\\") {
        return Text::unknown(windows.display().into_owned());
    }
    if windows
        .exact()
        .is_some_and(|name| name.eq_ignore_ascii_case("nul"))
    {
        return Text::known("/dev/null");
    }
    for part in windows.parts() {
        match part {
            Part::Known(text) => {
                let text = text.replace('\\', "/");
                if text.contains(['*', '?']) {
                    found.push(Part::Glob(text));
                } else {
                    found.push_known(&text);
                }
            }
            other => found.push(other.clone()),
        }
    }
    found
}
