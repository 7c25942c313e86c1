//! What psql reads and runs: options, standard input, files, start-up files.
//!
//! Owns psql's own behaviour; what a statement does is `payload::sql`'s. Never decides.

mod meta;
mod scan;
mod variables;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::call::{Call, Findings, Nested};
use crate::context::postgres::{self, Connection};
use crate::location::Location;
use crate::payload::sql::{self, Sent, Session, Source};
use crate::resolve::{
    Argument, Command, Origin, Redirection, RedirectionKind, Stdin, Text, base_name,
};
use crate::world::ReadError;
use scan::{Scanner, Stop};
use variables::{Value, Variables};

/// Files that include files are followed this deep.
const MAX_INCLUDES: usize = 12;

/// What one call of psql would do.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    if let Some(options) = call.command.variable(call.world, "PGOPTIONS")
        && sql::changes_strings(&options.display())
    {
        findings.opaque(
            "PGOPTIONS changes how the server reads strings",
            &call.command.location,
        );
    }
    if let Some(word) = unclear_word(call) {
        findings.opaque(
            format!("{} may hold any option of psql", word.value.display()),
            &word.location,
        );
    }
    let mut psql = Psql::new(call, findings);
    psql.options();
    psql.startup_files();
    psql.pager();
    psql.actions();
    psql.finish();
}

/// Judges a text that psql reads as its standard input, such as what `railway connect` or
/// `heroku pg:psql` pass on. Meta-commands count as they do in a script.
pub fn assess_input(
    text: &Text,
    origin: Origin,
    connection: Connection,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let mut psql = Psql::with(call, connection, findings);
    psql.input(Source::new(text, origin), None, 0);
    psql.finish();
}

/// Judges standard input as [`assess_input`], wherever it comes from.
pub fn assess_stdin(connection: Connection, call: &Call<'_>, findings: &mut Findings) {
    let mut psql = Psql::with(call, connection, findings);
    psql.stdin(&call.command.location);
    psql.finish();
}

/// Judges a file of SQL as psql would run it with `-f`.
pub fn assess_file(
    path: &Argument,
    connection: Connection,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let mut psql = Psql::with(call, connection, findings);
    psql.file(&path.value, &path.location, None, 0);
    psql.finish();
}

/// A word that may be several, none of which is known. A variable that is named after a
/// connection is taken for one: `psql $DATABASE_URL` is how everybody writes it.
fn unclear_word<'a>(call: &Call<'a>) -> Option<&'a Argument> {
    const NAMES: [&str; 8] = [
        "url", "uri", "dsn", "db", "database", "conn", "pg", "postgres",
    ];
    if !call.args.open {
        return None;
    }
    call.command.argv.iter().skip(1).find(|word| {
        let shown = word.value.display().to_lowercase();
        let variable = shown.trim_start_matches(['$', '{']).trim_end_matches('}');
        let plain = variable
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let connection = plain && NAMES.iter().any(|name| variable.contains(name));
        word.value.exact().is_none() && word.splits && !connection
    })
}

/// psql on its way through its input.
struct Psql<'a, 'f> {
    call: &'a Call<'a>,
    findings: &'f mut Findings,
    session: Session<'a>,
    connection: Connection,
    variables: Variables,
    /// The command as it would be seen by what it starts: `\setenv` and `\cd` change it.
    by: Command,
    /// Open `\if`s: both branches are read, and neither is certain.
    if_depth: usize,
}

impl<'a, 'f> Psql<'a, 'f> {
    fn new(call: &'a Call<'a>, findings: &'f mut Findings) -> Self {
        Self::with(call, postgres::connection(call), findings)
    }

    fn with(call: &'a Call<'a>, connection: Connection, findings: &'f mut Findings) -> Self {
        let place = connection.place(call);
        Self {
            call,
            findings,
            session: Session::new(call.command, place),
            connection,
            variables: Variables::default(),
            by: call.command.clone(),
            if_depth: 0,
        }
    }

    fn options(&mut self) {
        for given in &self.call.args.options {
            let Some(value) = given.values.first() else {
                continue;
            };
            match given.name.as_str() {
                "--variable" => self.assign(&value.value),
                "--output" => match value.value.known_prefix().strip_prefix('|') {
                    Some(_) => {
                        let text = without_prefix(&value.value, "|");
                        let origin = Origin::Place(value.location.clone());
                        self.shell(text, origin, Stdin::Unknown("results of psql".into()));
                    }
                    None => self.overwrites(value.value.clone(), &value.location),
                },
                _ => {}
            }
        }
    }

    /// `-v NAME=VALUE`.
    fn assign(&mut self, text: &Text) {
        let shown = text.display();
        let (name, value) = shown.split_once('=').unwrap_or((&shown, ""));
        let value = if text.exact().is_some() {
            Value::Known(value.to_owned())
        } else {
            Value::Unknown
        };
        self.variables.set(name, value);
        self.apply_switches();
    }

    fn apply_switches(&mut self) {
        self.session.autocommit = !self.variables.is_off("AUTOCOMMIT");
        self.session.stops_at_errors = self.variables.is_on("ON_ERROR_STOP");
    }

    /// psqlrc runs before anything else, `-c` included, unless `-X` is given.
    fn startup_files(&mut self) {
        if self.call.args.flag("--no-psqlrc") || self.by.elsewhere.is_some() {
            return;
        }
        let mut files = vec![PathBuf::from("/etc/postgresql-common/psqlrc")];
        let named = self.by.variable(self.call.world, "PSQLRC");
        match named.as_ref().map(|file| (file, file.exact())) {
            Some((_, Some(file))) if !file.is_empty() => {
                files.extend(self.by.directory.join(&self.expand_home(file)));
            }
            Some((unknown, None)) => {
                let reason = format!(
                    "psql runs {} first, which cannot be seen",
                    unknown.display()
                );
                self.findings.opaque(reason, &self.call.command.location);
            }
            _ => files.extend(self.call.world.home().map(|home| home.join(".psqlrc"))),
        }
        for file in files {
            let place = self.call.command.location.clone();
            match self.call.world.read(&file) {
                Err(ReadError::Missing(_)) => {}
                read => self.file_text(read, &file, &place, 0),
            }
        }
    }

    fn expand_home(&self, path: &str) -> String {
        match (path.strip_prefix("~/"), self.call.world.home()) {
            (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
            _ => path.to_owned(),
        }
    }

    /// Long results go through a pager when they are shown on a terminal.
    fn pager(&mut self) {
        let by = &self.by;
        let named = ["PSQL_PAGER", "PAGER"]
            .into_iter()
            .find_map(|name| by.variable(self.call.world, name));
        let Some(pager) = named.filter(|pager| !pager.is_empty()) else {
            return;
        };
        let program = pager
            .known_prefix()
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let program = base_name(program);
        let plain = !pager
            .display()
            .contains([';', '|', '&', '$', '`', '<', '>', '(', '\n']);
        if !(plain
            && [
                "less", "more", "most", "cat", "bat", "pspg", "delta", "head",
            ]
            .contains(&program))
        {
            let origin = Origin::Place(self.call.command.location.clone());
            self.shell(pager, origin, Stdin::Unknown("results of psql".into()));
        }
    }

    /// Every `-c` and `-f` in their order, else standard input.
    fn actions(&mut self) {
        let actions: Vec<_> = self
            .call
            .args
            .options
            .iter()
            .filter(|given| matches!(given.name.as_str(), "--command" | "--file"))
            .collect();
        let place = self.call.command.location.clone();
        let single = self.call.args.flag("--single-transaction") && !actions.is_empty();
        if single {
            self.session.begin();
        }
        for action in &actions {
            let Some(value) = action.values.first() else {
                continue;
            };
            if action.name == "--command" {
                self.single_command(value);
            } else if value.value.exact().is_some_and(is_stdin) {
                self.stdin(&place);
            } else {
                self.file(&value.value, &value.location, None, 0);
            }
        }
        if actions.is_empty() {
            self.stdin(&place);
        }
        if single {
            self.session.commit(self.findings);
        }
    }

    /// `-c`: SQL as one message, without variables, or one meta-command.
    fn single_command(&mut self, value: &Argument) {
        let source = Source::of_argument(value);
        if source.text().starts_with('\\') {
            return self.input(source, None, 0);
        }
        let text = source.text().to_owned();
        self.send(&source, &text, &Sent::From(0));
    }

    fn send(&mut self, source: &Source, text: &str, at: &Sent) -> usize {
        self.session.uncertain = self.if_depth > 0;
        self.session.message(source, text, at, self.findings)
    }

    fn stdin(&mut self, place: &Location) {
        let stdin = self.call.command.stdin.clone();
        match stdin {
            Stdin::Empty => {}
            Stdin::Text(text) => {
                self.input(Source::new(&text, Origin::Place(place.clone())), None, 0);
            }
            Stdin::File(path) => {
                let read = self.call.world.read(&path);
                self.file_text(read, &path, place, 0);
            }
            Stdin::Inherited => self.findings.opaque(
                "psql takes its statements from standard input, which guard cannot read",
                place,
            ),
            Stdin::Unknown(source) => self.findings.opaque(
                format!("psql takes its statements from `{source}`, whose output cannot be known"),
                place,
            ),
        }
    }

    /// `-f`, `\i`, `\ir`. `beside` is the file that includes it, for relative paths of `\ir`.
    fn file(&mut self, path: &Text, place: &Location, beside: Option<&Path>, depth: usize) {
        let Some(name) = path.exact() else {
            let reason = format!(
                "which file psql runs is known only then: {}",
                path.display()
            );
            return self.findings.opaque(reason, place);
        };
        if self.by.elsewhere.is_some() {
            let reason = format!("psql runs `{name}`, a file that is not on this machine");
            return self.findings.opaque(reason, place);
        }
        let name = self.expand_home(name);
        let full = match beside.and_then(Path::parent) {
            Some(directory) if !name.starts_with('/') => Some(directory.join(&name)),
            _ => self.by.directory.join(&name),
        };
        let Some(full) = full else {
            let reason = format!("psql runs `{name}`, in a directory that cannot be known");
            return self.findings.opaque(reason, place);
        };
        let read = self.call.world.read(&full);
        self.file_text(read, &full, place, depth);
    }

    fn file_text(
        &mut self,
        read: Result<String, ReadError>,
        path: &Path,
        place: &Location,
        depth: usize,
    ) {
        match read {
            Ok(_) if depth > MAX_INCLUDES => self
                .findings
                .opaque("files include files more deeply than guard reads", place),
            Ok(text) => {
                let origin = Origin::File {
                    path: Rc::from(path),
                    place: place.span,
                };
                self.input(Source::new(&Text::known(text), origin), Some(path), depth);
            }
            Err(error) => self.findings.opaque(
                format!("psql runs a file that guard cannot read: {error}"),
                place,
            ),
        }
    }

    /// Runs through one input text. `\q` ends it.
    fn input(&mut self, source: Source, path: Option<&Path>, depth: usize) {
        let single_line =
            self.call.args.flag("--single-line") || self.variables.is_on("SINGLELINE");
        let mut scanner = Scanner::new(source, single_line);
        loop {
            match scanner.next(&self.variables) {
                Stop::Statement => self.flush(&mut scanner),
                Stop::Backslash => {
                    if !self.meta(&mut scanner, path, depth) {
                        return;
                    }
                }
                Stop::End => {
                    self.flush(&mut scanner);
                    return;
                }
            }
        }
    }

    /// Sends what is collected.
    fn flush(&mut self, scanner: &mut Scanner) {
        if let Some((text, at)) = scanner.take_message() {
            let source = scanner.source.clone();
            for _ in 0..self.send(&source, &text, &at) {
                scanner.expect_data();
            }
        }
    }

    /// Shell text that psql itself starts.
    fn shell(&mut self, text: Text, origin: Origin, stdin: Stdin) {
        let mut by = self.by.clone();
        by.stdin = stdin;
        by.redirections.clear();
        self.findings.nested.push(Nested::Shell {
            text,
            origin,
            arguments: Vec::new(),
            by: Box::new(by),
            shell: "sh".into(),
        });
    }

    /// A file that psql opens for writing: judged as the redirection that it is.
    fn overwrites(&mut self, path: Text, location: &Location) {
        let mut by = self.by.clone();
        by.argv.clear();
        by.stdin = Stdin::Empty;
        by.redirections = vec![Redirection {
            kind: RedirectionKind::Truncate { clobber: true },
            path,
            location: location.clone(),
        }];
        self.findings.nested.push(Nested::Command(Box::new(by)));
    }

    /// What is still open when psql ends is rolled back.
    fn finish(mut self) {
        self.session.uncertain = false;
        self.session.reconnect(None, self.findings);
    }
}

fn is_stdin(path: &str) -> bool {
    matches!(path, "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
}

/// The text without the known characters that it starts with.
fn without_prefix(text: &Text, prefix: &str) -> Text {
    let mut rest = Text::empty();
    for (index, part) in text.parts().iter().enumerate() {
        match part {
            crate::resolve::Part::Known(known) if index == 0 => {
                rest.push_known(known.strip_prefix(prefix).unwrap_or(known));
            }
            other => rest.push(other.clone()),
        }
    }
    rest
}
