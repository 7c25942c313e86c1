//! From a call that matters to the command that does the same.

use super::Evaluator;
use crate::call::Nested;
use crate::location::Span;
use crate::payload::sql;
use crate::program::Invocation;
use crate::program::library::Match;
use crate::program::pack::{self, Call, Request, When, is_named, references};
use crate::program::value::{Arguments, Value};
use crate::resolve::{Argument, Command, Directory, Origin, Part, Stdin, Text};
use crate::shell::Dialect;

/// Commands that one call may come to.
const COMBINATIONS: usize = 16;
/// More JSON than this is not made (bytes): what holds a value twice doubles it.
const JSON_LIMIT: usize = 1 << 20;

/// A word of a command to be.
#[derive(Clone)]
struct Word {
    text: Text,
    splits: bool,
}

impl From<Text> for Word {
    fn from(text: Text) -> Self {
        Self {
            splits: text.has_glob(),
            text,
        }
    }
}

/// A call with the names of its arguments.
struct Given<'i> {
    found: Match,
    invocation: &'i Invocation<'i>,
}

impl Given<'_> {
    /// The argument of this name; nothing if it is not given.
    fn parameter(&self, evaluator: &mut Evaluator<'_>, name: &str) -> Option<Value> {
        if let Some(value) = self.of_path(name) {
            return Some(value);
        }
        let calls = self.invocation.name.calls.iter().map(|call| &**call);
        let calls: Vec<&Arguments> = calls.chain([self.invocation.arguments]).collect();
        // The last call of a name counts: a receiver's argument may be called the same.
        for (names, call) in self.found.parameters.iter().zip(calls).rev() {
            let Some(at) = names.iter().position(|known| is_named(known, name)) else {
                continue;
            };
            let declared = names.get(at).map_or(name, String::as_str);
            let rest = declared.starts_with('*');
            let keyword = call
                .keywords
                .iter()
                .find(|(given, _)| is_named(declared, given));
            if rest {
                let rest = call.positional.get(at..).unwrap_or_default().to_vec();
                return Some(evaluator.list(rest, call.open));
            }
            return match keyword.map(|(_, value)| value).or(call.positional.get(at)) {
                Some(value) => Some(value.clone()),
                None if call.open => Some(Value::unknown(name)),
                None => None,
            };
        }
        None
    }

    /// What the path itself says.
    fn of_path(&self, name: &str) -> Option<Value> {
        let member = kebab_case(&self.found.member);
        Some(Value::text(match name {
            "self" => member,
            "operation" => member
                .strip_suffix("-command")
                .unwrap_or(&member)
                .to_owned(),
            // `@aws-sdk/client-ec2.…`, `aws-sdk.EC2().…`.
            "service" => {
                let mut parts = self.invocation.path.split('.');
                let package = parts.next().unwrap_or_default();
                let class = parts.next().unwrap_or_default().trim_end_matches("()");
                match package.strip_prefix("@aws-sdk/client-") {
                    Some(service) => service.to_owned(),
                    None => class.to_lowercase(),
                }
            }
            _ => return None,
        }))
    }

    /// What a reference (`options.cwd`) stands for.
    fn reference(&self, evaluator: &mut Evaluator<'_>, reference: &str) -> Option<Value> {
        if let Some(name) = reference.strip_prefix("**") {
            let pairs = if name.is_empty() {
                self.invocation.arguments.keywords.clone()
            } else {
                let map = self.reference(evaluator, name)?;
                evaluator.pairs(&map)?.0
            };
            return Some(evaluator.options(pairs));
        }
        if let Some(name) = reference.strip_suffix("[1:]") {
            let list = self.reference(evaluator, name)?;
            let (items, open) = evaluator.items(&list, true, self.invocation.span);
            let rest = items.get(1..).unwrap_or_default().to_vec();
            return Some(evaluator.list(rest, open));
        }
        let mut names = reference.split('.');
        let mut value = self.parameter(evaluator, names.next()?)?;
        for name in names {
            let (pairs, _) = evaluator.pairs(&value)?;
            value = pairs.into_iter().find(|(known, _)| known == name)?.1;
        }
        (!matches!(value, Value::Null)).then_some(value)
    }

    /// The value of a template that is one reference, or text around several.
    fn value(&self, evaluator: &mut Evaluator<'_>, template: &str) -> Option<Value> {
        if let Some(reference) = template
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            && !reference.contains('{')
        {
            return self.reference(evaluator, reference);
        }
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (reference, after) = after.split_once('}')?;
            parts.push(Value::text(before));
            parts.push(if reference == "?" {
                Value::unknown(evaluator.shown(self.invocation.span))
            } else {
                self.reference(evaluator, reference)?
            });
            rest = after;
        }
        parts.push(Value::text(rest));
        Some(evaluator.joined(&parts))
    }
}

impl Evaluator<'_> {
    /// Pairs as the options of a command: `--kebab-case value`.
    fn options(&mut self, pairs: Vec<(String, Value)>) -> Value {
        let mut words = Vec::new();
        for (name, value) in pairs {
            words.push(Value::text(format!("--{}", kebab_case(&name))));
            let listed = self.known_items(&value).map(|(items, _)| items.to_vec());
            match listed {
                Some(items) if items.iter().all(|item| matches!(item, Value::Text(_))) => {
                    words.extend(items);
                }
                _ if matches!(value, Value::Text(_) | Value::Unknown(_) | Value::OneOf(_)) => {
                    words.push(value);
                }
                _ => words.push(Value::Text(self.json(&value))),
            }
        }
        self.list(words, false)
    }

    /// What the packs say that a call does; its value, if they know it.
    pub(super) fn effects(&mut self, invocation: &Invocation<'_>) -> Option<Value> {
        let library = self.language.pack();
        if let Some(module) = invocation.path.strip_suffix(".?")
            && library.members(module).next().is_some()
        {
            let reason = format!(
                "which function of `{module}` is called is known only when the program runs: {}",
                self.shown(invocation.span)
            );
            self.unfolded(reason, invocation.span);
            return Some(self.unknown(invocation.span));
        }
        let mut value: Option<Value> = None;
        for found in library.find(invocation.path) {
            let given = Given { found, invocation };
            let mut holds = Some(true);
            for when in &given.found.call.when {
                match self.holds(when, &given) {
                    Some(true) => {}
                    Some(false) => holds = Some(false),
                    None => holds = holds.and_then(|holds| if holds { None } else { Some(false) }),
                }
            }
            if holds == Some(false) {
                continue;
            }
            let gives = self.does(&given);
            value = Some(match value {
                Some(known) => known.or(gives),
                None => gives,
            });
            if holds == Some(true) {
                break;
            }
        }
        value
    }

    fn holds(&mut self, when: &When, given: &Given<'_>) -> Option<bool> {
        let Some(value) = given.reference(self, &when.argument) else {
            return Some(when.missing);
        };
        let mut unsure = false;
        for pattern in &when.is {
            let fits = match pattern.as_str() {
                "true" => self.truth(&value),
                "false" => self.truth(&value).map(|truth| !truth),
                "list" => match value {
                    Value::List(_) => Some(true),
                    Value::Unknown(_) | Value::OneOf(_) | Value::Name(_) => None,
                    _ => Some(false),
                },
                "text" => match value {
                    Value::Text(_) => Some(true),
                    Value::OneOf(_) => None,
                    _ => Some(false),
                },
                "*" => Some(true),
                "known" => Some(value.alternatives().iter().any(|value| {
                    matches!(value, Value::Text(text) if !text.known_prefix().trim().is_empty())
                })),
                "empty" => self
                    .pairs(&value)
                    .map(|(pairs, open)| pairs.is_empty() && !open),
                pattern => match (value.exact(), &value) {
                    (Some(text), _) => Some(matches(pattern, text)),
                    (None, Value::Name(name)) => Some(matches(pattern, &name.path)),
                    (None, Value::Text(_) | Value::Unknown(_) | Value::OneOf(_)) => None,
                    _ => Some(false),
                },
            };
            match fits {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unsure = true,
            }
        }
        (!unsure).then_some(false)
    }

    pub(in crate::program) fn opaque(&mut self, reason: impl Into<String>, span: Span) {
        let location = self.locate(span);
        self.findings.opaque(reason, &location);
    }

    /// Notes what guard cannot fold: a question, unless the program is kept in a file.
    pub(in crate::program) fn unfolded(&mut self, reason: impl Into<String>, span: Span) {
        let path = self.unit.path.as_deref();
        if path.is_none_or(|path| self.call.world.is_written(path)) {
            self.opaque(reason, span);
        }
    }

    /// Does what the call does, and gives its value.
    fn does(&mut self, given: &Given<'_>) -> Value {
        let call = given.found.call;
        let span = given.invocation.span;
        if let Some(reason) = &call.opaque {
            let reason = format!("{reason}: {}", self.shown(span));
            self.opaque(reason, span);
        }
        if let Some(reason) = &call.unfolded {
            let reason = format!("{reason}: {}", self.shown(span));
            self.unfolded(reason, span);
        }
        if !call.run.is_empty() {
            for words in self.words(&call.run, given) {
                self.run_words(call, given, words);
            }
        }
        if let Some(template) = &call.shell {
            let text = given.value(self, template).unwrap_or(Value::Null);
            let by = self.command(call, given);
            self.print_unseen();
            for text in self.texts(&text) {
                self.shell(text, Vec::new(), by.clone(), span);
            }
        }
        if let Some(template) = &call.start
            && let Some(what) = given.value(self, template)
        {
            let shell = call
                .shell_if
                .as_ref()
                .and_then(|shell| given.value(self, shell));
            let is_shell = shell.map_or(Some(false), |shell| self.truth(&shell));
            for what in what.alternatives().to_vec() {
                self.start(&what, is_shell, call, given);
            }
        }
        if let Some(template) = &call.write
            && let Some(path) = given.value(self, template)
        {
            let content = call
                .content
                .as_ref()
                .and_then(|content| given.value(self, content));
            let content = content.map(|content| self.to_text(&content));
            let by = self.command(call, given);
            self.write(&path, content, call.append, by, span);
        }
        if let Some(sql) = call.sql.as_ref().and_then(|sql| given.value(self, sql)) {
            self.sql(&sql, call, given);
        }
        if let Some(request) = &call.request {
            self.request(request, call, given);
        }
        let mut result = None;
        if let Some(template) = &call.evaluate {
            let text = given.value(self, template).unwrap_or(Value::Null);
            result = Some(self.run_text(&text, span));
        }
        self.call_given(call, given);
        match &call.gives {
            Some(template) => given
                .value(self, template)
                .unwrap_or_else(|| self.unknown(span)),
            None => result.unwrap_or_else(|| {
                self.result_of(given.invocation.name, given.invocation.arguments)
            }),
        }
    }

    /// Calls the functions that the call takes.
    fn call_given(&mut self, call: &Call, given: &Given<'_>) {
        let span = given.invocation.span;
        let with = call
            .calls_with
            .as_ref()
            .and_then(|with| given.value(self, with));
        let with = with.map(|with| self.items(&with, true, span));
        for template in &call.calls {
            let Some(function) = given.value(self, template) else {
                continue;
            };
            match &with {
                Some((items, open)) => {
                    let arguments = Arguments {
                        positional: items.clone(),
                        keywords: Vec::new(),
                        open: *open,
                    };
                    self.tries += 1;
                    self.apply(&function, &arguments, span);
                    self.tries -= 1;
                }
                None => self.call_back(vec![function], &[], span),
            }
        }
    }

    /// Program text of the same language, as `exec` and `eval` run it.
    pub(in crate::program) fn run_text(&mut self, text: &Value, span: Span) -> Value {
        let mut value = Value::Null;
        for text in self.texts(text) {
            match text.exact() {
                Some(text) => value = self.evaluate(text, span),
                // Code that a library writes for itself is read around what is not known.
                None if !self.is_inline && text.parts().len() > 1 => {
                    let text = self.holes.render(&text);
                    value = self.evaluate(&text, span);
                }
                None => {
                    let reason = format!(
                        "it runs program text that is known only then: {}",
                        self.shown(span)
                    );
                    self.unfolded(reason, span);
                    value = self.unknown(span);
                }
            }
        }
        value
    }

    /// The program's command as it starts another one.
    fn started(&mut self, span: Span) -> Command {
        let mut command = self.call.command.clone();
        command.argv = Vec::new();
        command.redirections = Vec::new();
        command.directory = self.directory();
        command.location = self.locate(span);
        if self.reads_stdin {
            command.stdin = Stdin::Empty;
        }
        let changes = self.pairs(&Value::Map(self.environment));
        for (name, value) in changes.into_iter().flat_map(|(pairs, _)| pairs) {
            let value = self.to_text(&value);
            command.environment.set(&name, Some(value));
        }
        command
    }

    /// The same, as the call says that it differs.
    fn command(&mut self, call: &Call, given: &Given<'_>) -> Command {
        let mut command = self.started(given.invocation.span);
        let text = |this: &mut Self, template: &Option<String>| {
            let value = given.value(this, template.as_ref()?)?;
            Some(this.to_text(&value))
        };
        if let Some(directory) = text(self, &call.directory) {
            command.directory = match directory.exact().map(|path| command.directory.join(path)) {
                Some(Some(path)) => Directory::Known(path),
                _ => Directory::Unknown(directory.display().into_owned()),
            };
        }
        if let Some(input) = text(self, &call.input) {
            command.stdin = Stdin::Text(input);
        }
        let environment = call.environment.as_ref();
        if let Some(environment) = environment.and_then(|template| given.value(self, template)) {
            match self.pairs(&environment) {
                Some((pairs, open)) => {
                    if !open {
                        command.environment.clear();
                    }
                    for (name, value) in pairs {
                        let value = self.to_text(&value);
                        command.environment.set(&name, Some(value));
                    }
                }
                None => command.environment.uncertain = true,
            }
        }
        command
    }

    /// The words of a command, for each combination of what its arguments may be.
    fn words(&mut self, templates: &[String], given: &Given<'_>) -> Vec<Vec<Word>> {
        let mut found: Vec<Vec<Word>> = vec![Vec::new()];
        for template in templates {
            if references(template).next().is_none() {
                for words in &mut found {
                    words.push(Text::known(template.as_str()).into());
                }
                continue;
            }
            let Some(value) = given.value(self, template) else {
                continue;
            };
            let choices = self.argv(&value);
            found = combined(found, &choices);
        }
        found
    }

    /// The words that a value is: one for a text, several for a list.
    fn argv(&mut self, value: &Value) -> Vec<Vec<Word>> {
        let mut all = Vec::new();
        for value in value.alternatives().to_vec() {
            let Some((items, open)) = self.known_items(&value) else {
                all.push(vec![self.to_text(&value).into()]);
                continue;
            };
            let items = items.to_vec();
            let mut found: Vec<Vec<Word>> = vec![Vec::new()];
            for item in items {
                let choices: Vec<Vec<Word>> = self
                    .texts(&item)
                    .into_iter()
                    .map(|text| vec![text.into()])
                    .collect();
                found = combined(found, &choices);
            }
            if open {
                for words in &mut found {
                    words.push(Word {
                        text: Text::unknown("…"),
                        splits: true,
                    });
                }
            }
            all.extend(found);
        }
        all
    }

    fn run_words(&mut self, call: &Call, given: &Given<'_>, words: Vec<Word>) {
        let command = self.command(call, given);
        self.start_words(words, command);
    }

    fn start_words(&mut self, words: Vec<Word>, mut command: Command) {
        self.print_unseen();
        let location = command.location.clone();
        command.argv = words
            .into_iter()
            .map(|word| Argument {
                value: word.text,
                splits: word.splits,
                verbatim: None,
                location: location.clone(),
            })
            .collect();
        self.findings
            .nested
            .push(Nested::Command(Box::new(command)));
    }

    fn shell(&mut self, text: Text, arguments: Vec<Argument>, by: Command, span: Span) {
        self.findings.nested.push(Nested::Shell {
            text,
            origin: Origin::Place(self.locate(span)),
            arguments,
            by: Box::new(by),
            shell: Dialect::POSIX,
        });
    }

    /// Shell text that the program runs.
    pub(in crate::program) fn run_shell(&mut self, text: &Value, span: Span) {
        let by = self.started(span);
        self.print_unseen();
        for text in self.texts(text) {
            self.shell(text, Vec::new(), by.clone(), span);
        }
    }

    /// Starts an argv that is given as a list, or a program or shell text.
    fn start(&mut self, what: &Value, is_shell: Option<bool>, call: &Call, given: &Given<'_>) {
        let by = self.command(call, given);
        let span = given.invocation.span;
        for words in self.argv(what) {
            let as_list = matches!(what, Value::List(_));
            let first = words.first().map(|word| word.text.clone());
            let Some(first) = first else {
                continue;
            };
            // A text with blanks is no program's name.
            let blanks = !as_list && first.known_prefix().contains(' ');
            if is_shell != Some(false) || blanks {
                self.print_unseen();
                self.shell(first, Vec::new(), by.clone(), span);
            }
            if is_shell != Some(true) && !blanks {
                self.start_words(words, by.clone());
            }
        }
    }

    /// Writes a file: as a shell would, so that what it holds then is known.
    pub(in crate::program) fn write(
        &mut self,
        path: &Value,
        content: Option<Text>,
        append: bool,
        by: Command,
        span: Span,
    ) {
        let location = self.locate(span);
        let argument = |value: Text| Argument {
            value,
            splits: false,
            verbatim: None,
            location: location.clone(),
        };
        let content = content.unwrap_or_else(|| Text::unknown("what the program writes"));
        for path in self.texts(path) {
            let operator = if append { ">>" } else { ">" };
            let text = Text::known(format!("printf %s \"$1\" {operator} \"$2\""));
            let arguments = vec![
                argument(Text::known("sh")),
                argument(content.clone()),
                argument(path),
            ];
            self.shell(text, arguments, by.clone(), span);
        }
    }

    fn sql(&mut self, sql: &Value, call: &Call, given: &Given<'_>) {
        let database = call.database.as_ref();
        let database = database.and_then(|database| given.value(self, database));
        let database = database.map(|database| self.to_text(&database));
        let named = database.as_ref().map(Text::known_prefix);
        let named = named.and_then(sql::Dialect::of_connection);
        let declared = call.dialect.map(|dialect| match dialect {
            pack::Dialect::Postgres => sql::Dialect::Postgres,
            pack::Dialect::Mysql => sql::Dialect::Mysql,
            pack::Dialect::Sqlite => sql::Dialect::Sqlite,
        });
        for text in self.texts(sql) {
            let text = with_parameters(&text);
            let dialect = named.or(declared);
            let dialect = dialect.unwrap_or_else(|| sql::Dialect::of_text(&text));
            let database = database.clone();
            let words = match dialect {
                sql::Dialect::Postgres => {
                    let mut words = vec![Text::known("psql")];
                    words.extend(database);
                    words.extend([Text::known("-c"), text]);
                    words
                }
                sql::Dialect::Mysql => vec![Text::known("mysql"), Text::known("-e"), text],
                sql::Dialect::Sqlite => {
                    let file = database.map_or_else(
                        || Text::unknown("the program's database"),
                        |database| sqlite_file(&database),
                    );
                    vec![Text::known("sqlite3"), file, text]
                }
            };
            let words = words.into_iter().map(Word::from).collect();
            self.run_words(call, given, words);
        }
    }

    fn request(&mut self, request: &Request, call: &Call, given: &Given<'_>) {
        let mut words: Vec<Word> = vec![Text::known("curl").into()];
        let method = request.method.as_ref();
        if let Some(method) = method.and_then(|method| given.value(self, method)) {
            words.push(Text::known("-X").into());
            let method = self.to_text(&method);
            let method = method
                .exact()
                .map(|name| Text::known(name.to_uppercase()))
                .unwrap_or(method);
            words.push(method.into());
        }
        let headers = request.headers.as_ref();
        if let Some(headers) = headers.and_then(|headers| given.value(self, headers)) {
            for (name, value) in self
                .pairs(&headers)
                .into_iter()
                .flat_map(|(pairs, _)| pairs)
            {
                let mut header = Text::known(format!("{name}: "));
                header.append(self.to_text(&value));
                words.extend([Text::known("-H").into(), header.into()]);
            }
        }
        let data = request
            .data
            .as_ref()
            .and_then(|data| given.value(self, data));
        let json = request
            .json
            .as_ref()
            .and_then(|json| given.value(self, json));
        if let Some(json) = json {
            words.push(Text::known("--json").into());
            words.push(self.json(&json).into());
        } else if let Some(data) = data {
            match self.pairs(&data) {
                Some((pairs, _)) => {
                    for (name, value) in pairs {
                        let mut field = Text::known(format!("{name}="));
                        field.append(self.to_text(&value));
                        words.extend([Text::known("--data-urlencode").into(), field.into()]);
                    }
                }
                None => {
                    words.push(Text::known("--data-raw").into());
                    words.push(self.to_text(&data).into());
                }
            }
        }
        let Some(url) = given.value(self, &request.url) else {
            return;
        };
        for url in self.texts(&url) {
            let mut words = words.clone();
            words.extend([Text::known("--url").into(), url.into()]);
            let command = self.command(call, given);
            self.start_words(words, command);
        }
    }

    /// A value as JSON, with what is not known in its place.
    pub(in crate::program) fn json(&self, value: &Value) -> Text {
        let mut text = String::new();
        self.write_json(value, &mut text, 0);
        if text.len() > JSON_LIMIT {
            return Text::unknown("a very long text");
        }
        self.holes.restore(&text)
    }

    fn write_json(&self, value: &Value, into: &mut String, depth: usize) {
        if depth > 32 || into.len() > JSON_LIMIT {
            into.push_str("null");
            return;
        }
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        if let Some((items, _)) = self.known_items(value) {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                self.write_json(item, into, depth + 1);
            }
            into.push(']');
            return;
        }
        if let (Some((pairs, _)), Value::Map(_)) = (self.pairs(value), value) {
            into.push('{');
            for (index, (key, item)) in pairs.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                into.push_str(&quoted(key));
                into.push(':');
                self.write_json(item, into, depth + 1);
            }
            into.push('}');
            return;
        }
        match value {
            Value::Number(number) => into.push_str(&super::expression::number_text(*number)),
            Value::Boolean(truth) => into.push_str(if *truth { "true" } else { "false" }),
            Value::Null => into.push_str("null"),
            value => into.push_str(&quoted(&self.holes.render(&self.to_text(value)))),
        }
    }
}

/// Every combination of what stands before with these; beyond the limit they are not known.
fn combined(before: Vec<Vec<Word>>, choices: &[Vec<Word>]) -> Vec<Vec<Word>> {
    if before.len() * choices.len() > COMBINATIONS {
        let unknown = Word {
            text: Text::unknown("one of many values"),
            splits: false,
        };
        return before
            .into_iter()
            .map(|mut words| {
                words.push(unknown.clone());
                words
            })
            .collect();
    }
    before
        .iter()
        .flat_map(|words| {
            choices.iter().map(|choice| {
                let mut words = words.clone();
                words.extend(choice.iter().cloned());
                words
            })
        })
        .collect()
}

/// The file that a connection string of SQLite names: `sqlite:///app.db`, `dbi:SQLite:app.db`.
fn sqlite_file(database: &Text) -> Text {
    let text = database.known_prefix();
    if sql::Dialect::of_connection(text) != Some(sql::Dialect::Sqlite) {
        return database.clone();
    }
    let lower = text.to_ascii_lowercase();
    let scheme = lower.find("sqlite").map_or(0, |at| at + "sqlite".len());
    let after = lower.get(scheme..).and_then(|rest| rest.find(':'));
    let mut at = scheme + after.map_or(0, |colon| colon + 1);
    for start in ["///", "//", "dbname=", "database="] {
        if lower.get(at..).is_some_and(|rest| rest.starts_with(start)) {
            at += start.len();
            break;
        }
    }
    let file = database.after(at);
    if file.is_empty() {
        Text::known(":memory:")
    } else {
        file
    }
}

/// SQL with what its driver puts in for `%s`, `%(name)s` and `?`.
fn with_parameters(text: &Text) -> Text {
    let mut found = Text::empty();
    for part in text.parts() {
        let Part::Known(known) = part else {
            found.push(part.clone());
            continue;
        };
        let mut rest = known.as_str();
        while let Some(at) = rest.find(['%', '?']) {
            let (before, tail) = rest.split_at(at);
            found.push_known(before);
            let length = if tail.starts_with("%s") {
                2
            } else if tail.starts_with("%(") {
                tail.find(")s").map_or(0, |end| end + 2)
            } else if tail.starts_with('?') && before.ends_with([' ', '(', ',', '=']) {
                1
            } else {
                0
            };
            if length == 0 {
                found.push_known(tail.get(..1).unwrap_or_default());
            } else {
                found.push(Part::Unknown("a parameter".to_owned()));
            }
            rest = tail.get(length.max(1)..).unwrap_or_default();
        }
        found.push_known(rest);
    }
    found
}

/// Whether a text is what the pattern says; `*` at either end is a wildcard.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) if pattern.len() > 1 => {
            text.contains(pattern.get(1..pattern.len() - 1).unwrap_or_default())
        }
        (Some(end), _) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

/// `delete_bucket` and `DeleteBucket` are `delete-bucket`.
pub(in crate::program) fn kebab_case(name: &str) -> String {
    let mut kebab = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        if *letter == '_' {
            kebab.push('-');
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}
