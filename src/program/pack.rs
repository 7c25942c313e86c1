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
    /// Other packs whose calls the language has, too.
    #[serde(default)]
    pub with: Vec<String>,
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
/// A template (`{path}`) takes arguments by these names; `{options.cwd}` is the member of one.
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
    /// An HTTP request.
    pub request: Option<Request>,
    /// Program text of the same language that runs.
    pub evaluate: Option<String>,
    /// Nobody can see what it does; the reason, for a person.
    pub opaque: Option<String>,

    /// How what it starts differs: directory, variables (a map), standard input.
    pub directory: Option<String>,
    pub environment: Option<String>,
    pub input: Option<String>,

    /// Functions among the arguments that it calls.
    pub calls: Vec<String>,
    /// What it gives: a template, or unknown.
    pub gives: Option<String>,
}

/// A condition on an argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    pub argument: String,
    /// It is one of these (`*` at either end is a wildcard); `true` and `false` by truth.
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
