//! The format of `rules/program/*.toml`: which calls of a language matter, and the command that
//! does the same.
//!
//! Data only; `build.rs` reads the same types. Must stay free of every other module of the crate.

use serde::{Deserialize, Serialize};

/// What is known of one language's library.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    pub schema: u32,
    /// The language's name.
    pub language: String,
    /// Other names of the same thing: `posix` is `os`. An empty name takes the first away:
    /// `globalThis.x` is `x`.
    #[serde(default)]
    pub alias: Vec<(String, String)>,
    /// Functions that only keep what they are given, to call it when something happens: what is
    /// handed to them in a file is not taken to be called.
    #[serde(default)]
    pub deferred: Vec<String>,
    #[serde(default)]
    pub call: Vec<Call>,
}

/// Calls that do the same. The first whose name fits and whose conditions hold counts.
///
/// A name is written as in the documentation: `shutil.rmtree(path)`,
/// `pathlib.Path(path).unlink()`, `boto3.client(service).*()`. Parentheses name the positional
/// parameters, which a keyword argument may fill as well; `*` is any one member; a leading `?.`
/// is any receiver; `*rest` takes every further positional argument.
///
/// A parameter may have several names (`path|name`): templates use the first.
///
/// A template (`{path}`) takes arguments by these names; `{options.cwd}` is the member of one,
/// `{args[1:]}` a list without its first item. `{**}` are all keyword arguments as options in
/// kebab-case, `{**input}` the pairs of a map. `{self}` is the name of the member that is called,
/// in kebab-case; `{service}` and `{operation}` are what the AWS SDKs name by it. `{?}` is unknown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Call {
    pub name: Vec<String>,
    /// Each must hold. What is not known holds.
    pub when: Vec<When>,

    /// The argv of a command that does the same. A word is left out when an argument that it
    /// names is not given; a word that is one list becomes as many words.
    pub run: Vec<String>,
    /// Shell text that runs.
    pub shell: Option<String>,
    /// An argv as a list, or a program as a text.
    pub start: Option<String>,
    /// With `start`: the text is shell text if this is true.
    pub shell_if: Option<String>,
    /// A file that is written, and what with (left out: that is not known).
    pub write: Option<String>,
    pub content: Option<String>,
    /// What is there stays there.
    pub append: bool,
    /// SQL text that a server runs, and how it is reached.
    pub sql: Option<String>,
    pub database: Option<String>,
    /// Whose SQL it is (`postgres`, `mysql`, `sqlite`), if it is not told by the database.
    pub dialect: Option<Dialect>,
    /// An HTTP request.
    pub request: Option<Request>,
    /// Program text of the same language that runs.
    pub evaluate: Option<String>,
    /// Nobody can see what it does; the reason, for a person.
    pub opaque: Option<String>,
    /// What it loses or runs cannot be named here; the reason, for a person. No question in a
    /// program that is kept in a file.
    pub unfolded: Option<String>,

    /// How what it starts differs: directory, variables (a map), standard input.
    pub directory: Option<String>,
    pub environment: Option<String>,
    pub input: Option<String>,

    /// Functions among the arguments that it calls.
    pub calls: Vec<String>,
    /// A list: what it calls them with.
    pub calls_with: Option<String>,
    /// What it gives: a template, or unknown.
    pub gives: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

/// A condition on an argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    pub argument: String,
    /// It is one of these (`*` at either end is a wildcard); `true` and `false` by truth; `*` is
    /// any value.
    pub is: Vec<String>,
    /// Whether the condition holds when the argument is not given.
    #[serde(default)]
    pub missing: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    #[serde(default)]
    pub method: Option<String>,
    pub url: String,
    /// A map.
    #[serde(default)]
    pub headers: Option<String>,
    /// A body as it is sent; a map is a form.
    #[serde(default)]
    pub data: Option<String>,
    /// A body that is written as JSON.
    #[serde(default)]
    pub json: Option<String>,
}

/// A name of a call, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// It may stand at the end of any path (`?.execute(sql)`).
    pub anywhere: bool,
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub name: String,
    /// The names of its parameters, if it is called there.
    pub parameters: Option<Vec<String>>,
}

impl Signature {
    /// Reads a signature; nothing if its parentheses do not fit.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut segments = Vec::new();
        let mut name = String::new();
        let mut parameters: Option<Vec<String>> = None;
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '.' => segments.push(Segment {
                    name: std::mem::take(&mut name),
                    parameters: parameters.take(),
                }),
                '(' => {
                    let mut list = String::new();
                    loop {
                        match letters.next()? {
                            ')' => break,
                            other => list.push(other),
                        }
                    }
                    let names = list
                        .split(',')
                        .map(str::trim)
                        .filter(|name| !name.is_empty());
                    parameters = Some(names.map(str::to_owned).collect());
                }
                other => name.push(other),
            }
        }
        segments.push(Segment { name, parameters });
        let anywhere = segments.first().is_some_and(|first| first.name == "?");
        if anywhere {
            segments.remove(0);
        }
        if let Some(last) = segments.last_mut() {
            last.parameters.get_or_insert_default();
        }
        let whole = !segments.is_empty() && segments.iter().all(|part| !part.name.is_empty());
        whole.then_some(Self { anywhere, segments })
    }

    /// Whether one of its parameters has this name.
    #[must_use]
    pub fn has(&self, parameter: &str) -> bool {
        let lists = self
            .segments
            .iter()
            .filter_map(|part| part.parameters.as_ref());
        lists.flatten().any(|name| is_named(name, parameter))
    }
}

/// Whether a declared parameter (`*args`, `path|name`) has this name.
#[must_use]
pub fn is_named(declared: &str, name: &str) -> bool {
    let mut names = declared.trim_start_matches('*').split('|');
    names.any(|known| known == name)
}

/// Names that every template knows, besides the parameters.
const KNOWN: &[&str] = &["self", "service", "operation", "?", ""];

/// The arguments that a template names, each with its members: `options.cwd`.
pub fn references(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

impl Call {
    /// Every template of the call.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let request = self.request.as_ref();
        let of_request = request.into_iter().flat_map(|request| {
            let optional = [
                &request.method,
                &request.headers,
                &request.data,
                &request.json,
            ];
            let given = optional.into_iter().flatten();
            given.chain([&request.url])
        });
        let optional = [
            &self.shell,
            &self.sql,
            &self.database,
            &self.start,
            &self.shell_if,
            &self.write,
            &self.content,
            &self.evaluate,
            &self.directory,
            &self.environment,
            &self.input,
            &self.calls_with,
            &self.gives,
        ];
        self.run
            .iter()
            .chain(&self.calls)
            .chain(optional.into_iter().flatten())
            .chain(of_request)
            .map(String::as_str)
    }
}

/// The pack of this TOML text, or every complaint about it.
///
/// # Errors
/// When it is no pack, or says what cannot be.
pub fn read(source: &str) -> Result<Pack, Vec<String>> {
    let pack: Pack = toml::from_str(source).map_err(|error| vec![error.to_string()])?;
    let mut complaints = Vec::new();
    if pack.schema != 1 {
        complaints.push(format!("schema {} is not known, only 1", pack.schema));
    }
    for call in &pack.call {
        if call.name.is_empty() {
            complaints.push("a call has no name".to_owned());
        }
        let mut signatures = Vec::new();
        for name in &call.name {
            match Signature::read(name) {
                Some(signature) => signatures.push(signature),
                None => complaints.push(format!("`{name}` is no signature")),
            }
        }
        let conditions = call.when.iter().map(|when| when.argument.as_str());
        for reference in call.templates().flat_map(references).chain(conditions) {
            let parameter = reference.trim_start_matches('*').trim_end_matches("[1:]");
            let parameter = parameter.split('.').next().unwrap_or(parameter);
            let known = KNOWN.contains(&parameter)
                || signatures.iter().any(|signature| signature.has(parameter));
            if !known {
                let names = call.name.join(", ");
                complaints.push(format!("`{names}`: none has a parameter `{parameter}`"));
            }
        }
    }
    if complaints.is_empty() {
        return Ok(pack);
    }
    Err(complaints)
}
