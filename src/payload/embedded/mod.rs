//! Small languages inside arguments, files and input, that have a way to a shell or to files:
//! editors' commands, debuggers', macros, Tcl, Emacs Lisp.
//!
//! Owns their reading as far as it decides what is run, deleted or written. What they do besides
//! stays in the program. Never judges: what is found goes back to the rules.

mod ex;
mod lines;
mod lisp;
mod lua;
mod sql;
mod tcl;

use std::path::PathBuf;

use super::holes::{Holes, has_hole};
use crate::call::{Findings, Nested};
use crate::context::Place;
use crate::location::Location;
use crate::resolve::{
    Argument, Command, Origin, Redirection, RedirectionKind, Stdin, Text, base_name,
};
use crate::rules::schema::Embedded;
use crate::shell::Dialect;
use crate::world::{ReadError, World};

/// Files that name files.
const FILES: usize = 8;

/// Judges a text in one of these languages, run by `by`; its SQL goes to `database`.
pub(crate) fn judge(
    language: Embedded,
    text: &Text,
    place: &Location,
    database: Place,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let mut reading = Reading::new(place, by, world, findings, database);
    reading.text(language, text);
}

/// Judges a file in one of these languages.
pub(crate) fn judge_file(
    language: Embedded,
    file: &Argument,
    database: Place,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    if matches!(file.value.exact(), Some("-" | "/dev/stdin")) {
        return judge_stdin(language, database, by, world, findings);
    }
    let mut reading = Reading::new(&file.location, by, world, findings, database);
    match file.value.exact().filter(|_| !file.splits) {
        Some(path) => reading.file(language, path),
        None if is_program(language) => {
            let shown = file.value.display();
            reading.opaque(format!("what it runs is known only when it runs: {shown}"));
        }
        None => {}
    }
}

/// Judges standard input in one of these languages. At a terminal a person types it.
pub(crate) fn judge_stdin(
    language: Embedded,
    database: Place,
    by: &Command,
    world: &dyn World,
    findings: &mut Findings,
) {
    let mut reading = Reading::new(&by.location, by, world, findings, database);
    match &by.stdin {
        Stdin::Text(text) => reading.text(language, text),
        Stdin::File(path) => reading.path(language, path.clone()),
        Stdin::Unknown(source) if is_program(language) => {
            let program = by.program().map_or("it", base_name);
            reading.opaque(format!(
                "{program} would run what is known only when it runs: the output of {source}"
            ));
        }
        Stdin::Unknown(_) | Stdin::Inherited | Stdin::Empty => {}
    }
}

/// Whether a text in this language is there to do something: of others, most is data.
const fn is_program(language: Embedded) -> bool {
    match language {
        Embedded::Ex
        | Embedded::Tcl
        | Embedded::Gdb
        | Embedded::Lisp
        | Embedded::Lua
        | Embedded::Logrotate
        | Embedded::Operands
        | Embedded::RedisLua
        | Embedded::Mongosh
        | Embedded::Sqlite
        | Embedded::Mysql
        | Embedded::Python
        | Embedded::Ruby => true,
        Embedded::M4
        | Embedded::Dc
        | Embedded::Ftp
        | Embedded::Tmux
        | Embedded::Tex
        | Embedded::Postscript
        | Embedded::SshConfig => false,
    }
}

/// One text, and what is found in it.
struct Reading<'a> {
    holes: Holes,
    place: Location,
    by: Command,
    /// Where its SQL goes.
    database: Place,
    world: &'a dyn World,
    findings: &'a mut Findings,
    depth: usize,
}

impl<'a> Reading<'a> {
    fn new(
        place: &Location,
        by: &Command,
        world: &'a dyn World,
        findings: &'a mut Findings,
        database: Place,
    ) -> Self {
        let mut by = by.clone();
        by.redirections = Vec::new();
        by.location = place.clone();
        Self {
            holes: Holes::default(),
            place: place.clone(),
            by,
            database,
            world,
            findings,
            depth: 0,
        }
    }

    fn text(&mut self, language: Embedded, text: &Text) {
        let rendered = self.holes.render(text);
        match language {
            Embedded::Ex => ex::read(&rendered, self),
            Embedded::Tcl => tcl::read(&rendered, self),
            Embedded::Lisp => lisp::read(&rendered, self),
            Embedded::Lua => lua::read(&rendered, self),
            Embedded::Gdb => lines::gdb(&rendered, self),
            Embedded::M4 => lines::m4(&rendered, self),
            Embedded::Dc => lines::dc(&rendered, self),
            Embedded::Sqlite => sql::sqlite(&rendered, self),
            Embedded::Mysql => sql::mysql(&rendered, self),
            Embedded::Ftp => lines::ftp(&rendered, self),
            Embedded::Tmux => lines::tmux(&rendered, self),
            Embedded::Tex => lines::tex(&rendered, self),
            Embedded::Postscript => lines::postscript(&rendered, self),
            Embedded::Logrotate => lines::logrotate(&rendered, self),
            Embedded::Operands => lines::operands(&rendered, self),
            Embedded::RedisLua => lines::redis_lua(&rendered, self),
            Embedded::Mongosh => lines::mongosh(&rendered, self),
            Embedded::Python => self.program("python3", "-c", rendered),
            Embedded::Ruby => self.program("ruby", "-e", rendered),
            Embedded::SshConfig => {
                for command in super::later::ssh_config(text) {
                    self.run(command);
                }
            }
        }
    }

    fn file(&mut self, language: Embedded, path: &str) {
        let path = match path.strip_prefix("~/").zip(self.world.home()) {
            Some((rest, home)) => Some(home.join(rest)),
            None => self.by.directory.join(path),
        };
        match path.filter(|_| self.by.elsewhere.is_none()) {
            Some(path) => self.path(language, path),
            None if is_program(language) => {
                self.opaque("it runs a file that guard cannot find".to_owned());
            }
            None => {}
        }
    }

    fn path(&mut self, language: Embedded, path: PathBuf) {
        if self.depth >= FILES {
            self.opaque("files name files too deeply to follow".to_owned());
            return;
        }
        match self.world.read(&path) {
            Ok(text) => {
                self.depth += 1;
                self.text(language, &Text::known(text));
                self.depth -= 1;
            }
            Err(ReadError::Missing(_)) if self.world.is_untouched() => {}
            Err(error) if is_program(language) => {
                self.opaque(format!("what it runs cannot be read: {error}"));
            }
            Err(_) => {}
        }
    }

    fn opaque(&mut self, reason: String) {
        self.findings.opaque(reason, &self.place);
    }

    /// Shell text.
    fn shell(&mut self, text: &str) {
        let text = self.holes.restore(text.trim());
        self.run(text);
    }

    fn run(&mut self, text: Text) {
        let mut by = self.by.clone();
        by.stdin = Stdin::Empty;
        self.findings.nested.push(Nested::Shell {
            text,
            origin: Origin::Place(self.place.clone()),
            arguments: Vec::new(),
            by: Box::new(by),
            shell: Dialect::from("sh"),
        });
    }

    /// Shell text that gets what the editor holds as its input.
    fn filter(&mut self, text: &str) {
        let buffer = Stdin::Unknown("the editor".to_owned());
        let outer = std::mem::replace(&mut self.by.stdin, buffer);
        let text = self.holes.restore(text.trim());
        let by = Box::new(self.by.clone());
        self.by.stdin = outer;
        self.findings.nested.push(Nested::Shell {
            text,
            origin: Origin::Place(self.place.clone()),
            arguments: Vec::new(),
            by,
            shell: Dialect::from("sh"),
        });
    }

    /// A program and its arguments.
    fn argv(&mut self, words: &[String]) {
        self.repeated(&[], words);
    }

    /// A text that an interpreter gets by this option.
    fn program(&mut self, interpreter: &str, option: &str, text: String) {
        self.argv(&[interpreter.to_owned(), option.to_owned(), text]);
    }

    /// The words of a command, and more of them.
    fn repeated(&mut self, own: &[Argument], words: &[String]) {
        let mut command = self.by.clone();
        command.stdin = Stdin::Empty;
        let added = words.iter().map(|word| Argument {
            value: self.holes.restore(word),
            splits: false,
            verbatim: None,
            location: self.place.clone(),
        });
        command.argv = own.iter().cloned().chain(added).collect();
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }

    /// A path that is deleted, with what is below it.
    fn deletes(&mut self, path: &str) {
        self.argv(&[
            "rm".to_owned(),
            "-rf".to_owned(),
            "--".to_owned(),
            path.to_owned(),
        ]);
    }

    /// A file that gets another content.
    fn writes(&mut self, path: &str) {
        if has_hole(path) || path.is_empty() {
            return;
        }
        let mut command = self.by.clone();
        command.argv = Vec::new();
        command.redirections = vec![Redirection {
            kind: RedirectionKind::Truncate { clobber: true },
            path: Text::known(path),
            location: self.place.clone(),
        }];
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }

    /// The files that calls of `writefile` name: the first argument in SQLite, the second in Vim.
    fn writefile(&mut self, text: &str, argument: usize) {
        let lower = text.to_ascii_lowercase();
        for (at, name) in lower.match_indices("writefile") {
            let after = text.get(at + name.len()..).unwrap_or_default().trim_start();
            let Some(inside) = after.strip_prefix('(') else {
                continue;
            };
            let mut depth = 0;
            let mut quote = None;
            let mut commas = 0;
            let start = inside.char_indices().find(|(_, letter)| {
                let found = commas == argument && !letter.is_whitespace();
                match (quote, letter) {
                    (Some(mark), letter) if mark == *letter => quote = None,
                    (Some(_), _) => {}
                    (None, '"' | '\'') => quote = Some(*letter),
                    (None, '(' | '[' | '{') => depth += 1,
                    (None, ')' | ']' | '}') => depth -= 1,
                    (None, ',') if depth == 0 => commas += 1,
                    _ => {}
                }
                found
            });
            match start.and_then(|(start, _)| literal(inside.get(start..)?)) {
                Some((path, rest)) if rest.trim_start().starts_with([')', ',']) => {
                    self.writes(&path);
                }
                _ => self.opaque("what `writefile` writes is known only when it runs".to_owned()),
            }
        }
    }

    /// The calls in a line of some language, by the names of their functions: `system("…")`.
    fn calls(&mut self, line: &str, runs: &[&str], deletes: &[&str]) {
        for (names, is_run) in [(runs, true), (deletes, false)] {
            for name in names {
                for (at, _) in line.match_indices(name) {
                    let starts = line
                        .get(..at)
                        .and_then(|before| before.chars().next_back())
                        .is_none_or(|letter| !(letter.is_alphanumeric() || letter == '_'));
                    let after = line.get(at + name.len()..).unwrap_or_default().trim_start();
                    let Some(inside) = after.strip_prefix('(').filter(|_| starts) else {
                        continue;
                    };
                    match literal(inside.trim_start()) {
                        Some((text, rest)) if rest.trim_start().starts_with([')', ',']) => {
                            if is_run {
                                self.shell(&text);
                            } else {
                                self.deletes(&text);
                            }
                        }
                        _ => self.opaque(format!("what `{name}` gets is known only when it runs")),
                    }
                }
            }
        }
    }
}

/// A string in quotes at the start of the text, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let mut read = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            // Vim's way to a quote in single quotes.
            '\'' if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') => {
                read.push('\'');
                letters.next();
            }
            letter if letter == quote => return Some((read, text.get(at + 1..).unwrap_or(""))),
            '\\' if quote == '"' => match letters.next() {
                Some((_, 'n')) => read.push('\n'),
                Some((_, 't')) => read.push('\t'),
                Some((_, other)) => read.push(other),
                None => {}
            },
            other => read.push(other),
        }
    }
    None
}
