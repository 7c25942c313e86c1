//! psql's meta-commands.

use std::path::Path;

use super::Psql;
use super::scan::{Scanner, Word};
use super::variables::Value;
use crate::location::Location;
use crate::payload::sql::{self, Sent, Source, is_hole};
use crate::resolve::{Directory, Origin, Stdin, Text};

/// Meta-commands that show something, set how results look, or speak the extended protocol; `d`
/// and `l` with all their letters are told by their beginning.
const HARMLESS: &[&str] = &[
    "?",
    "a",
    "bind",
    "bind_named",
    "C",
    "close_prepared",
    "conninfo",
    "copyright",
    "dconfig",
    "echo",
    "encoding",
    "endpipeline",
    "errverbose",
    "f",
    "flush",
    "flushrequest",
    "getresults",
    "H",
    "h",
    "help",
    "html",
    "l+",
    "list",
    "list+",
    "lo_list",
    "lo_list+",
    "p",
    "parse",
    "print",
    "pset",
    "qecho",
    "restrict",
    "sf",
    "sf+",
    "startpipeline",
    "sv",
    "sv+",
    "syncpipeline",
    "t",
    "T",
    "timing",
    "unrestrict",
    "warn",
    "x",
    "z",
    "zS",
    "zS+",
    "zx",
    "S",
];

impl Psql<'_, '_> {
    /// Runs the meta-command behind the backslash at the scanner's position. False ends the input.
    pub(super) fn meta(
        &mut self,
        scanner: &mut Scanner,
        path: Option<&Path>,
        depth: usize,
    ) -> bool {
        let start = scanner.position().saturating_sub(1);
        let name = scanner.command_name();
        match name.as_str() {
            // The whole rest of the line belongs to these, as it stands.
            "!" => {
                let text = scanner.rest_of_line();
                let location = at(scanner, start);
                let stdin = self.by.stdin.clone();
                if text.trim().is_empty() {
                    self.findings
                        .opaque("\\! starts an interactive shell", &location);
                } else {
                    self.run(text.trim(), scanner, start, stdin);
                }
                return true;
            }
            "copy" => {
                let text = scanner.rest_of_line();
                self.copy(&text, scanner, start);
                return true;
            }
            "o" | "out" | "w" | "write" | "g" | "gx" => self.output(&name, scanner, start),
            "q" | "quit" => {
                // In a branch that may not run, the rest may.
                return self.if_depth > 0;
            }
            "\\" => return true,
            _ => {
                let mut words = Vec::new();
                while let Some(word) = scanner.argument(&self.variables) {
                    self.backticks(&word, scanner, start);
                    words.push(word);
                }
                self.named(&name, &words, scanner, start, path, depth);
            }
        }
        scanner.end_command();
        true
    }

    fn named(
        &mut self,
        name: &str,
        words: &[Word],
        scanner: &mut Scanner,
        start: usize,
        path: Option<&Path>,
        depth: usize,
    ) {
        let location = at(scanner, start);
        match name {
            "i" | "include" | "ir" | "include_relative" => {
                let beside = if name.starts_with("ir") || name.ends_with("relative") {
                    path
                } else {
                    None
                };
                if let Some(file) = words.first() {
                    self.file(
                        &text_of(file, &scanner.source),
                        &location,
                        beside,
                        depth + 1,
                    );
                }
            }
            "c" | "connect" => self.reconnect(words, scanner),
            "gexec" => self.generated(scanner, start),
            "gset" => {
                self.flush(scanner);
                self.variables.set_any();
            }
            "gdesc" | "r" | "reset" => scanner.reset(),
            "crosstabview" | "watch" | "sendpipeline" => self.flush(scanner),
            "if" => self.if_depth += 1,
            "elif" | "else" => {}
            "endif" => self.if_depth = self.if_depth.saturating_sub(1),
            "set" => {
                self.set(words);
                scanner.single_line |= self.variables.is_on("SINGLELINE");
            }
            "encoding" => {
                // In these, a byte of a character may look like a quote or a backslash.
                let name = words.first().map_or("", |word| word.text.as_str());
                if is_unsafe_encoding(name) {
                    self.findings
                        .opaque(format!("psql is to read its input as {name}"), &location);
                }
            }
            "unset" => {
                if let Some(word) = words.first() {
                    self.variables.unset(&word.text);
                    self.apply_switches();
                }
            }
            "prompt" | "getenv" => {
                if let Some(word) = if name == "prompt" {
                    words.last()
                } else {
                    words.first()
                } {
                    self.variables.set(&word.text, Value::Unknown);
                }
            }
            "setenv" => {
                if let Some(variable) = words.first() {
                    let value = words.get(1).map(|word| text_of(word, &scanner.source));
                    self.by.environment.set(&variable.text, value);
                }
            }
            "cd" => {
                let target = words
                    .first()
                    .map_or(String::new(), |word| word.text.clone());
                self.by.directory = match self.by.directory.join(&target) {
                    Some(directory) if !is_hole(&target) && !target.is_empty() => {
                        Directory::Known(directory)
                    }
                    _ => Directory::Unknown(format!("\\cd {target}")),
                };
            }
            "e" | "edit" | "ef" | "ev" => {
                self.findings.opaque(
                    format!("\\{name} runs whatever is typed into an editor"),
                    &location,
                );
            }
            "s" => {
                if let Some(file) = words.first() {
                    self.overwrites(text_of(file, &scanner.source), &location);
                }
            }
            "lo_unlink" | "lo_import" | "password" => {
                let argument = words.first().map_or("", |word| word.text.as_str());
                let statement = match name {
                    "lo_unlink" => format!("SELECT lo_unlink({argument})"),
                    "lo_import" => "SELECT lo_import('')".to_owned(),
                    _ => "ALTER ROLE CURRENT_USER PASSWORD ''".to_owned(),
                };
                self.as_sql(&statement, scanner, start);
            }
            "lo_export" => {
                if let Some(file) = words.get(1) {
                    self.overwrites(text_of(file, &scanner.source), &location);
                }
            }
            name if name.starts_with('d') || name.starts_with('l') => {}
            name if HARMLESS.contains(&name) => {}
            name => self.findings.opaque(
                format!("guard does not know psql's meta-command \\{name}"),
                &location,
            ),
        }
    }

    /// A meta-command that is a statement in disguise.
    fn as_sql(&mut self, statement: &str, scanner: &Scanner, start: usize) {
        let at = Sent::As(scanner.range_from(start));
        let source = scanner.source.clone();
        self.send(&source, statement, &at);
    }

    fn set(&mut self, words: &[Word]) {
        let Some((name, values)) = words.split_first() else {
            return;
        };
        let value = if values.iter().any(|word| word.unknown) {
            Value::Unknown
        } else {
            Value::Known(values.iter().map(|word| word.text.as_str()).collect())
        };
        self.variables.set(&name.text, value);
        self.apply_switches();
    }

    fn backticks(&mut self, word: &Word, scanner: &Scanner, start: usize) {
        for command in &word.shell {
            self.run(command, scanner, start, Stdin::Inherited);
        }
    }

    fn run(&mut self, command: &str, scanner: &Scanner, start: usize, stdin: Stdin) {
        let text = text_from(command, &scanner.source);
        let range = scanner.range_from(start);
        let origin = verbatim(command, scanner, &range)
            .unwrap_or_else(|| Origin::Place(scanner.source.location(&range)));
        self.shell(text, origin, stdin);
    }

    /// `\o`, `\w`, `\g`: results or the query go to a file or, behind `|`, to a shell command.
    fn output(&mut self, name: &str, scanner: &mut Scanner, start: usize) {
        scanner.skip_blanks();
        let mut first = scanner.argument_or_pipe(&self.variables);
        if name.starts_with('g') {
            // `\g (format=csv) file`: options in parentheses come first.
            let mut inside = matches!(&first, Output::File(word) if word.text.starts_with('('));
            while inside {
                inside = matches!(&first, Output::File(word) if !word.text.ends_with(')'));
                first = scanner.argument_or_pipe(&self.variables);
            }
        }
        if name.starts_with('g') {
            self.flush(scanner);
        }
        match first {
            Output::Pipe(command) => {
                self.run(
                    &command,
                    scanner,
                    start,
                    Stdin::Unknown("results of psql".into()),
                );
            }
            Output::File(word) => {
                self.backticks(&word, scanner, start);
                let location = at(scanner, start);
                self.overwrites(text_of(&word, &scanner.source), &location);
            }
            Output::None => {}
        }
    }

    /// `\copy … FROM|TO {file | PROGRAM 'command' | STDIN | …}`; the statement itself is COPY.
    fn copy(&mut self, text: &str, scanner: &mut Scanner, start: usize) {
        let Some(copy) = Copy::read(text) else {
            let location = at(scanner, start);
            return self.findings.opaque("the \\copy cannot be read", &location);
        };
        let range = scanner.range_from(start);
        let statement = format!("COPY {} {} STDOUT", copy.what, "TO");
        let statement = if copy.from {
            format!("COPY {} FROM STDIN", copy.what)
        } else {
            statement
        };
        let source = scanner.source.clone();
        let at = Sent::As(range.clone());
        self.send(&source, &statement, &at);
        let location = source.location(&range);
        match copy.outside {
            Outside::Program(command) => {
                let stdin = if copy.from {
                    Stdin::Inherited
                } else {
                    Stdin::Unknown("rows of \\copy".into())
                };
                self.run(&command, scanner, start, stdin);
            }
            Outside::File(file) if !copy.from => {
                self.overwrites(text_from(&file, &source), &location);
            }
            Outside::Stdin if copy.from => scanner.expect_data(),
            Outside::File(_) | Outside::Stdin => {}
        }
    }

    fn reconnect(&mut self, words: &[Word], scanner: &Scanner) {
        let arguments: Vec<Text> = words
            .iter()
            .filter(|word| !word.text.starts_with("-reuse-previous"))
            .map(|word| text_of(word, &scanner.source))
            .collect();
        self.connection = self.connection.reconnected(&arguments).completed(self.call);
        let place = self.connection.place(self.call);
        self.session.uncertain = self.if_depth > 0;
        self.session.reconnect(Some(place), self.findings);
    }

    /// `\gexec` runs every cell of the result. What the query builds from literals can be read.
    fn generated(&mut self, scanner: &mut Scanner, start: usize) {
        let Some((text, sent)) = scanner.take_message() else {
            return;
        };
        let source = scanner.source.clone();
        self.send(&source, &text, &sent);
        match sql::generated(&text) {
            Some(statements) => {
                for statement in statements {
                    self.as_sql(&statement, scanner, start);
                }
            }
            None => self.findings.opaque(
                "\\gexec runs the result of the query as SQL, which cannot be seen",
                &source.location(&scanner.range_from(start)),
            ),
        }
    }
}

fn is_unsafe_encoding(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["sjis", "shift", "big5", "gb", "uhc", "johab"];
    let name = name.to_lowercase();
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What a `\o`, `\g` or `\w` names.
enum Output {
    None,
    File(Word),
    Pipe(String),
}

impl Scanner {
    fn argument_or_pipe(&mut self, variables: &super::Variables) -> Output {
        if self.starts_with("|") {
            let line = self.rest_of_line();
            return Output::Pipe(line.trim_start_matches('|').trim().to_owned());
        }
        self.argument(variables).map_or(Output::None, Output::File)
    }
}

fn at(scanner: &Scanner, start: usize) -> Location {
    scanner.source.location(&scanner.range_from(start))
}

fn text_of(word: &Word, source: &Source) -> Text {
    if word.unknown || is_hole(&word.text) {
        let shown = source.shown(&word.text);
        let commands: String = word
            .shell
            .iter()
            .map(|shell| format!("`{shell}`"))
            .collect();
        return Text::unknown(shown + &commands);
    }
    Text::known(word.text.clone())
}

fn text_from(text: &str, source: &Source) -> Text {
    source.text_with_holes(text)
}

/// Where shell text stands in the user's own, so that its spans can be shown.
fn verbatim(command: &str, scanner: &Scanner, range: &std::ops::Range<usize>) -> Option<Origin> {
    let Origin::Verbatim { offset } = scanner.source.origin() else {
        return None;
    };
    let whole = scanner.source.text().get(range.clone())?;
    let inside = whole.find(command)?;
    Some(Origin::Verbatim {
        offset: offset + range.start + inside,
    })
}

/// A `\copy`, read as psql reads it.
#[derive(Debug, PartialEq, Eq)]
struct Copy {
    /// The table with its columns, or the query in parentheses.
    what: String,
    from: bool,
    outside: Outside,
}

#[derive(Debug, PartialEq, Eq)]
enum Outside {
    File(String),
    Program(String),
    /// STDIN, STDOUT, PSTDIN, PSTDOUT.
    Stdin,
}

impl Copy {
    fn read(text: &str) -> Option<Self> {
        let mut at = 0;
        let mut parentheses = 0usize;
        let mut direction = None;
        while at < text.len() {
            let (kind, end) = sql::lexeme(text, at);
            match kind {
                sql::Lexeme::Symbol(b'(') => parentheses += 1,
                sql::Lexeme::Symbol(b')') => parentheses = parentheses.saturating_sub(1),
                sql::Lexeme::Word if parentheses == 0 => {
                    let word = text.get(at..end)?.to_ascii_lowercase();
                    if matches!(word.as_str(), "from" | "to") {
                        direction = Some((at, end, word == "from"));
                        break;
                    }
                }
                _ => {}
            }
            at = end;
        }
        let (what_end, rest, from) = direction?;
        let what = text.get(..what_end)?.trim().to_owned();
        let rest = text.get(rest..)?.trim_start();
        Some(Self {
            what: what.strip_prefix("binary ").unwrap_or(&what).to_owned(),
            from,
            outside: Outside::read(rest)?,
        })
    }
}

impl Outside {
    fn read(text: &str) -> Option<Self> {
        let word: String = text
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '\'' && *c != ';')
            .collect();
        if word.eq_ignore_ascii_case("program") {
            return Some(Self::Program(string(text.get(word.len()..)?.trim_start())?));
        }
        let standard = ["stdin", "stdout", "pstdin", "pstdout"];
        if standard.iter().any(|name| word.eq_ignore_ascii_case(name)) {
            return Some(Self::Stdin);
        }
        if text.starts_with('\'') {
            return Some(Self::File(string(text)?));
        }
        (!word.is_empty()).then_some(Self::File(word))
    }
}

/// The content of the quoted string that the text begins with; `''` is one quote.
fn string(text: &str) -> Option<String> {
    let (kind, end) = sql::lexeme(text, 0);
    match kind {
        sql::Lexeme::Quoted { content, .. } if end > content.1 => {
            Some(text.get(content.0..content.1)?.replace("''", "'"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_read_as_psql_reads_them() {
        let file = |name: &str| Outside::File(name.to_owned());
        for (text, what, from, outside) in [
            ("t from stdin", "t", true, Outside::Stdin),
            (
                "t (a, b) FROM '/tmp/a b' csv",
                "t (a, b)",
                true,
                file("/tmp/a b"),
            ),
            ("t to out.csv with csv header", "t", false, file("out.csv")),
            (
                "(select a from t) to stdout",
                "(select a from t)",
                false,
                Outside::Stdin,
            ),
            (
                "t to program 'gzip > x'",
                "t",
                false,
                Outside::Program("gzip > x".into()),
            ),
            (
                "t from program'echo ''a'''",
                "t",
                true,
                Outside::Program("echo 'a'".into()),
            ),
            ("s.\"from\" to pstdout", "s.\"from\"", false, Outside::Stdin),
        ] {
            let expected = Copy {
                what: what.into(),
                from,
                outside,
            };
            assert_eq!(Copy::read(text), Some(expected), "{text}");
        }
        for text in ["", "t", "t from", "t to program x"] {
            assert_eq!(Copy::read(text), None, "{text}");
        }
    }
}
