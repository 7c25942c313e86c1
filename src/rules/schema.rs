//! The pack format (`schema = 1`): what a TOML file under `rules/` may say.
//!
//! Data only: a pack declares how a CLI reads its own argv, then what each command does and how
//! that is undone. It can never grant. `build.rs` reads the same types, so a broken built-in
//! pack does not compile; `rules/pack.schema.json` is made from them. Must stay free of every
//! other module of the crate.

use serde::{Deserialize, Serialize};

/// One pack: one TOML file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    pub schema: u32,
    pub pack: Header,
    /// Programs that change nothing, whatever their arguments.
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Programs that only add, or whose work an exact inverse takes back.
    #[serde(default)]
    pub reversible: Vec<String>,
    /// The CLIs that the pack describes; each with its own programs, commands and rules.
    #[serde(default)]
    pub cli: Vec<Cli>,
    /// The HTTP APIs that the pack describes, whichever client sends the request.
    #[serde(default)]
    pub api: Vec<Api>,
}

/// An HTTP API. A request with GET, HEAD or OPTIONS is never asked about; of the rest, the first
/// rule that fits decides, then the two lists. What none of them has is judged by its method and
/// the last word of its path.
///
/// In the rules, `command` holds requests: the method (`*` is every one that changes something) and
/// the path, in which `{name}` stands for one part and `**`, once, for any. Options are what the
/// request names: the `{name}`s of the path, and the fields of its query and its body
/// (`server.id`, for one inside another). Operand 0 is the whole path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Api {
    /// Servers, as the host, `host:port`, `unix:PATH`, or the variable that holds the address
    /// (`$VAULT_ADDR`). `*` stands for anything; alone, for every server, which only suits paths
    /// that no other API has.
    pub hosts: Vec<String>,
    /// Beginnings of paths that may stand before those of the rules (`/api/v3`).
    #[serde(default)]
    pub base: Vec<String>,
    /// Requests that change nothing, though their method may (`POST /search`).
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Requests that only add, or have an exact inverse.
    #[serde(default)]
    pub reversible: Vec<String>,
    #[serde(default)]
    pub rule: Vec<Rule>,
    /// What a request hands on to another interpreter: `command` holds requests, and `from` names
    /// a field by `option`.
    #[serde(default)]
    pub delegate: Vec<Delegate>,
    /// A native reader for requests that no rule and no list has: one of [`API_ANALYZERS`].
    #[serde(default)]
    pub analyzer: Option<String>,
    /// As for a CLI; without one that counts, the place is the server.
    #[serde(default)]
    pub place: Vec<PlaceHint>,
}

/// The native readers of requests that a pack may name.
pub const API_ANALYZERS: &[&str] = &["aws", "railway"];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Header {
    /// Kebab-case; the part of a rule id before the slash.
    pub name: String,
    pub version: String,
    pub summary: String,
    /// Where the CLI is documented.
    #[serde(default)]
    pub docs: String,
    /// Who keeps the pack, and under which licence it is shared.
    #[serde(default)]
    pub authors: Vec<String>,
    #[serde(default)]
    pub license: Option<String>,
}

/// One program (under all its names) and its grammar.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cli {
    /// Base names of the program.
    pub programs: Vec<String>,
    /// Package names by which launchers (`npx`, `bunx`, `uvx` …) start it.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Whether a PATH shim is worth it: nothing to gain for programs that lose nothing.
    #[serde(default)]
    pub shim: bool,

    #[serde(default)]
    pub parse: Parse,
    /// Flags (no value) that every command takes: `-y/--yes`, `--json`, `--[no-]dry-run`.
    /// The last spelling is the name that rules use.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Options with a value: `-e/--environment`; `--config:3` takes three values, `--ids:*`
    /// every word up to the next option, `--exec:;` every word up to a `;`, `--color:?` one only
    /// when attached (`--color=always`), `--limit:0-1` the next word unless it is an option.
    #[serde(default)]
    pub options: Vec<String>,
    /// Flags under which nothing is done: help, version, dry runs that the CLI really has.
    /// Each must be declared in `flags` or `options` too.
    #[serde(default)]
    pub harmless: Vec<String>,

    /// The sub-command tree. Empty for a program without sub-commands.
    #[serde(default)]
    pub command: Vec<CommandGrammar>,
    /// Commands that change nothing, as one list of paths: `["volume list", "whoami"]`.
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Commands that only add, or have an exact inverse.
    #[serde(default)]
    pub reversible: Vec<String>,
    /// What a command means that the tree does not have.
    #[serde(default)]
    pub unknown_command: UnknownCommand,

    #[serde(default)]
    pub rule: Vec<Rule>,
    #[serde(default)]
    pub delegate: Vec<Delegate>,
    /// The files that it writes, as far as it matters what they hold then.
    #[serde(default)]
    pub write: Vec<Write>,
    /// A native reader for what data cannot say: one of [`ANALYZERS`].
    #[serde(default)]
    pub analyzer: Option<String>,
    /// Which probe fills in the target's environment: one of [`CONTEXTS`].
    #[serde(default)]
    pub context: Option<String>,
    /// Where the name or URL of the server stands that it acts on; without one, it acts on this
    /// machine's own. In place of a `context` that needs more than a name.
    #[serde(default)]
    pub server: Vec<Source>,
    /// Where the command acts, as far as its own words and variables say it; the first that is
    /// there counts, before what the probe knows.
    #[serde(default)]
    pub place: Vec<PlaceHint>,
}

/// The native readers that a pack may name.
pub const ANALYZERS: &[&str] = &[
    "aws",
    "cmd",
    "compiler",
    "find",
    "git",
    "curl",
    "wget",
    "httpie",
    "forge",
    "lua",
    "make",
    "concurrently",
    "run-all",
    "monorepo",
    "direnv",
    "go",
    "just",
    "lefthook",
    "ninja",
    "pre-commit",
    "program-tasks",
    "tox",
    "procfile",
    "taskfile",
    "tasks",
    "deno",
    "node-scripts",
    "raw-http",
    "javascript",
    "awk",
    "perl",
    "php",
    "powershell",
    "ruby",
    "python",
    "script",
    "parallel",
    "psql",
    "railway",
    "ripgrep",
    "sed",
    "shell",
    "tmux",
];

/// The probes of the world that a pack may name.
pub const CONTEXTS: &[&str] = &["aws", "local", "postgres", "railway"];

/// A place that the command line names: a project, a context, a branch, `--prod`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlaceHint {
    /// When it counts. What cannot be decided counts only for `tier = "production"`.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Tried in order; the first that is there is what a person types before the target's name.
    #[serde(default)]
    pub environment: Vec<Source>,
    /// How much the place matters; without it, what its name suggests (`shop-prod`).
    #[serde(default)]
    pub tier: Option<TierHint>,
}

/// How much a place matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TierHint {
    Local,
    Development,
    Staging,
    Production,
}

/// How the program reads its argv.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Parse {
    /// Unique prefixes of long options are accepted (getopt_long, argparse).
    pub abbreviations: bool,
    /// Options may follow operands.
    pub permute: bool,
    /// Short flags may be joined: `-rf`, `-XtAcSQL`.
    pub clusters: bool,
    /// Long options may start with one dash (`-auto-approve`); then there are no clusters.
    pub single_dash_long: bool,
    /// `--` ends the options.
    pub double_dash: bool,
    /// Operands of the form `name=value` are options called `name=` (dd).
    pub assignments: bool,
    /// A first word without a dash is a cluster of short options (`tar xzf`).
    pub bundled: bool,
    /// Beginnings of sub-commands are accepted (`ip a`, `hg stat`); where several fit, each is
    /// followed.
    pub command_prefixes: bool,
    /// The words of a command stand before its first option, and the last of them is its verb:
    /// what follows an option is a value (`az acr webhook create --actions push delete`).
    pub verb_last: bool,
    /// Sub-commands and options are the same in any case of letters (`redis-cli flushall`).
    pub ignore_case: bool,
    /// The options of a level count only up to its sub-command: after it, the same letter means
    /// something else or nothing (`docker -H`).
    pub local_options: bool,
}

impl Default for Parse {
    fn default() -> Self {
        Self {
            abbreviations: false,
            permute: true,
            clusters: true,
            single_dash_long: false,
            double_dash: true,
            assignments: false,
            bundled: false,
            command_prefixes: false,
            verb_last: false,
            ignore_case: false,
            local_options: false,
        }
    }
}

/// One node of the sub-command tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandGrammar {
    /// The words from the program on: `volume delete`.
    pub path: String,
    /// Further commands that read the same words: `["disk delete", "snapshot delete"]`.
    #[serde(default)]
    pub also: Vec<String>,
    /// Other names of the last word.
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub flags: Vec<String>,
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether words after the first operand belong to another program (`railway run CMD…`):
    /// options of the CLI end there.
    #[serde(default)]
    pub trailing: bool,
    /// As [`Cli::harmless`], for this command alone.
    #[serde(default)]
    pub harmless: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UnknownCommand {
    /// Judged by its verb: `delete`, `purge`, `drop` … are irreversible, `get`, `list` … are not.
    #[default]
    Verb,
    /// The first operand is no command: the program has none, or they do not matter.
    Operand,
}

/// A fact: under this condition this command does that.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Kebab-case, unique in the pack; the anchor in the catalogue.
    pub id: String,
    /// Paths of the command tree; empty for a program without sub-commands. `"*"` is any, `""`
    /// the program without one. In an [`Api`], requests: `DELETE /volumes/{id}`.
    #[serde(default)]
    pub command: Vec<String>,
    /// When it applies. What cannot be decided counts as true.
    #[serde(default)]
    pub when: Option<Condition>,
    /// When it does not. What cannot be decided counts as false.
    #[serde(default)]
    pub unless: Option<Condition>,
    pub class: RuleClass,
    pub action: String,
    pub target: TargetSource,
    /// One sentence, lower case, no final period.
    pub summary: String,
    #[serde(default)]
    pub also_lost: Vec<String>,
    /// The way back: a command (reversible), a source (recoverable), a possibility (irreversible).
    #[serde(default)]
    pub undo: Option<String>,
    /// How long the way back is open: `48 h`.
    #[serde(default)]
    pub within: Option<String>,
    /// A safer command; `{name}` is the target's name.
    #[serde(default)]
    pub instead: Option<String>,
    /// Where the fact comes from.
    pub source: String,
    /// Shell source that this rule must fire on, run through the whole pipeline.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Shell source that this rule must not fire on.
    #[serde(rename = "no-match")]
    pub no_match: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RuleClass {
    ReadOnly,
    Reversible,
    Recoverable,
    Irreversible,
    /// It runs something that nobody can see from here.
    Opaque,
    /// Deletes each target path: irreversible, unless the state of the disk says that nothing is
    /// lost (temporary files, git-ignored build output) or that git has it.
    Path,
    /// As `path`, for what is overwritten: a path that is not there loses nothing either.
    Overwrite,
    /// Each target path is no longer where it was, and nothing of it is lost: irreversible where
    /// guard's own files are looked for, else nothing.
    Move,
}

/// Where the target's name comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetSource {
    pub kind: String,
    /// Tried in order; the first that is there names the target.
    #[serde(default)]
    pub name: Vec<Source>,
    /// Whether each value is a target of its own (`rm a b`), not only the first.
    #[serde(default)]
    pub each: bool,
}

/// A part of the parsed command line, or of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Source {
    /// The value of an option, by its canonical name.
    Option(String),
    /// One operand, counted from 0; negative counts from the end.
    Operand(i32),
    /// All operands from this index on.
    Operands(i32),
    /// All operands but the last (`mv a b dir`).
    OperandsButLast(u32),
    /// The paths that `cp`, `mv`, `ln` and `install` write: the last operand, or in that
    /// directory (or the one that this option names) the base name of each other operand.
    Destinations(String),
    /// An environment variable.
    Env(String),
    /// A fact that the CLI's context probe knows: `project`, `service`.
    Context(String),
    /// This literal text.
    Literal(String),
    /// The first value of each, with this text between them (`{namespace}/{name}`); nothing if
    /// one is not there.
    Join { of: Vec<Source>, with: String },
}

/// A condition over the parsed command line. Every member that is given must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Condition {
    /// Any of these flags or options is given (and not negated later).
    pub any_flag: Vec<String>,
    /// All of these are given.
    pub all_flags: Vec<String>,
    /// This option has one of these values (case-insensitive; `*` stands for anything).
    pub option: Option<Values>,
    /// This operand has one of these values.
    pub operand: Option<OperandValues>,
    /// At least this many operands are given.
    pub min_operands: Option<u32>,
    /// At most this many operands are given.
    pub max_operands: Option<u32>,
    /// This variable has one of these values; an empty list asks only that it is set.
    pub env: Option<Values>,
    pub any: Vec<Condition>,
    pub not: Option<Box<Condition>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Values {
    pub name: String,
    #[serde(default)]
    pub is: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OperandValues {
    /// Counted from 0; `None` asks whether any operand matches.
    #[serde(default)]
    pub index: Option<i32>,
    pub is: Vec<String>,
    /// A value that is not known does not count, where taking it for a match would make
    /// everyday commands ask (`git push origin "$BRANCH"` for a refspec `+*`).
    #[serde(default)]
    pub certain: bool,
}

/// What the command hands on to another interpreter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Delegate {
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub when: Option<Condition>,
    /// Where the text or argv is. `stdin` is written as the source of its own.
    pub from: DelegateSource,
    pub to: Language,
    /// The program that gets the words as its arguments, with arguments before them: `bash`
    /// (`capsh -- -c TEXT`), `python3 -c` for code in Python.
    #[serde(default)]
    pub program: Option<String>,
    /// It runs on another machine or in a container, named by this source.
    #[serde(default)]
    pub elsewhere: Vec<Source>,
    /// Leading `NAME=value` operands are assignments (env, sudo).
    #[serde(default)]
    pub assignments: bool,
    /// Words of standard input are appended to the argv (xargs).
    #[serde(default)]
    pub append_stdin: bool,
    /// Words that the command finds by itself are appended to the argv (`fd -x`).
    #[serde(default)]
    pub append_found: bool,
    /// The option whose value is the mark that a line of standard input replaces (`xargs -I`).
    #[serde(default)]
    pub replace: Option<String>,
    /// Options that unset a variable (`env -u`).
    #[serde(default)]
    pub unset_env: Vec<String>,
    /// The environment is emptied first when this flag is given (`env -i`).
    #[serde(default)]
    pub clear_env: Vec<String>,
    /// The option that names the working directory (`env -C`).
    #[serde(default)]
    pub directory: Option<String>,
    /// What runs does not get this command's standard input (`nohup`).
    #[serde(default)]
    pub no_stdin: bool,
    /// It gets it only with one of these flags (`docker run -i`).
    #[serde(default)]
    pub stdin_with: Vec<String>,
    /// In the text `%%` stands for `%` (ssh).
    #[serde(default)]
    pub percents: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum DelegateSource {
    /// The value of an option; as shell text, each value of it by itself.
    Option(String),
    /// The value of an option, and the operands from an index on (`env -S 'nice -n' 5 CMD`).
    OptionAndOperands { option: String, from: i32 },
    /// What stands after one of these beginnings, in any case of letters, in the values of an
    /// option or among the operands (`ssh -o ProxyCommand=…`). Each is a text by itself.
    After {
        #[serde(default)]
        option: Option<String>,
        starts: Vec<String>,
    },
    /// The values of variables that this text sets (`LESSOPEN`), each a text by itself: what a
    /// person's environment holds is that person's.
    Env(Vec<String>),
    /// Operands from this index on, as separate words.
    Operands(i32),
    /// One operand.
    Operand(i32),
    /// Operands from this index on, joined by spaces into one text (ssh, eval).
    Joined(i32),
    /// Standard input.
    Stdin,
    /// The operands after `--` (`guix shell PACKAGE -- CMD`), as separate words.
    AfterDashes,
}

/// Files that a command writes: what a later command, or a program that reads its settings there,
/// will find.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Write {
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub when: Option<Condition>,
    pub to: Vec<Source>,
    pub from: WriteSource,
    /// Flags under which it adds to what is there.
    #[serde(default)]
    pub append: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WriteSource {
    /// Standard input.
    Stdin,
    /// The file that an option names, or standard input (`dd if=`).
    OptionOrStdin(String),
    /// The operands before the destination, one for each (`cp`).
    Sources,
    /// As `sources`, but each is looked for from where the destination is (`ln -s`).
    Targets,
    /// What is known only when it runs (`curl -o`).
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// A program and its arguments.
    Argv,
    /// Shell source text.
    Shell,
    /// The path of a shell script.
    ShellFile,
    /// The path of a directory: every program in it (`run-parts`).
    Directory,
    /// A program and its arguments; a single word is shell source text (`xterm -e`).
    CommandLine,
    /// A text that `env -S` takes apart, and more words, for the same program.
    SplitString,
    /// A package name and its arguments, started by a launcher (`npx prisma …`).
    Package,
    /// SQL text for a PostgreSQL server.
    Sql,
    /// The path of an SQL file.
    SqlFile,
    /// SQL text for a MySQL or MariaDB server, without the commands of their client.
    Mysql,
    /// SQL text for SQLite, without the commands of its client.
    Sqlite,
    /// A program's own language.
    Text(Embedded),
    /// The path of a file in a program's own language.
    File(Embedded),
}

/// Small languages with a way to a shell or to files: see `payload::embedded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Embedded {
    /// Commands of vi, ex, Vim and ed.
    Ex,
    /// Tcl, with the words of expect.
    Tcl,
    Gdb,
    /// Emacs Lisp.
    Lisp,
    Lua,
    M4,
    Dc,
    /// What sqlite3 reads: SQL and its dot-commands.
    Sqlite,
    /// What mysql reads: SQL and its client's commands.
    Mysql,
    /// Batches of ftp and sftp.
    Ftp,
    Tmux,
    Tex,
    Postscript,
    Logrotate,
    SshConfig,
    /// Lines of words that the same program reads as its operands, after the options that it was
    /// given (`redis-cli` on its standard input).
    Operands,
    /// Lua as Redis runs it.
    RedisLua,
    /// JavaScript as mongosh runs it.
    Mongosh,
    Python,
    Ruby,
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "the schema is a file of the project"
)]
mod tests {
    use super::*;

    /// The JSON Schema that editors use. `UPDATE=1 cargo test --lib json_schema` writes it anew.
    #[test]
    fn the_json_schema_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/pack.schema.json");
        let schema = schemars::schema_for!(Pack);
        let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), made);
    }

    #[test]
    fn every_native_reader_and_probe_that_a_pack_may_name_is_there() {
        for name in ANALYZERS {
            assert!(crate::payload::analyzer(name).is_some(), "{name}");
        }
    }
}
