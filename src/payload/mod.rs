//! Languages inside arguments and standard input.
//!
//! Owns what a pack's data cannot say: SQL, HTTP requests and GraphQL, the AWS operation model,
//! `find` expressions. Never decides.

pub mod aws;
pub mod cmd;
pub mod compiler;
pub(crate) mod embedded;
pub mod find;
pub mod git;
pub mod graphql;
pub mod holes;
pub mod http;
pub mod json;
pub(crate) mod later;
pub mod lua;
pub mod parallel;
pub mod psql;
pub mod railway;
pub mod ripgrep;
pub mod script;
pub mod sed;
pub mod shells;
pub mod sql;
pub mod tmux;

use crate::call::{Call, Findings};
use crate::program;
use crate::resolve::base_name;
use crate::runner;

/// A native reader that a pack names (`analyzer = "psql"`).
pub type Analyzer = fn(&Call<'_>, &mut Findings);

/// The analyzer of that name; the catalogue that packs choose from.
#[must_use]
pub fn analyzer(name: &str) -> Option<Analyzer> {
    Some(match name {
        "aws" => aws::analyze,
        "cmd" => cmd::analyze,
        "compiler" => compiler::analyze,
        "find" => find::analyze,
        "git" => git::analyze,
        "curl" => http::analyze_curl,
        "wget" => http::analyze_wget,
        "httpie" => http::analyze_httpie,
        "forge" => http::analyze_forge,
        "direnv" => runner::direnv::analyze,
        "go" => go,
        "lefthook" => runner::hooks::lefthook,
        "ninja" => runner::ninja::analyze,
        "pre-commit" => runner::hooks::pre_commit,
        "tox" => runner::tox::analyze,
        "just" => runner::just::analyze,
        "lua" => lua::analyze,
        "make" => runner::make::analyze,
        "concurrently" => runner::launcher::concurrently,
        "run-all" => runner::launcher::run_all,
        "monorepo" => runner::launcher::monorepo,
        "program-tasks" => runner::program::analyze,
        "procfile" => runner::procfile::analyze,
        "taskfile" => runner::taskfile::analyze,
        "tasks" => runner::tasks::analyze,
        "deno" => deno,
        "node-scripts" => node_scripts,
        "raw-http" => http::analyze_raw,
        "javascript" => program::analyze_javascript,
        "awk" => program::analyze_awk,
        "perl" => program::analyze_perl,
        "php" => program::analyze_php,
        "powershell" => program::analyze_powershell,
        "ruby" => program::analyze_ruby,
        "python" => program::analyze_python,
        "script" => script::analyze,
        "parallel" => parallel::analyze,
        "psql" => psql::analyze,
        "railway" => railway::analyze,
        "ripgrep" => ripgrep::analyze,
        "sed" => sed::analyze,
        "shell" => shells::analyze,
        "tmux" => tmux::analyze,
        _ => return None,
    })
}

/// `deno task NAME`, or a program.
fn deno(call: &Call<'_>, findings: &mut Findings) {
    if call.args.command.iter().any(|word| word == "task") {
        runner::tasks::analyze(call, findings);
    } else {
        program::analyze_javascript(call, findings);
    }
}

/// `go generate` runs what the files say; all else runs what it is told.
fn go(call: &Call<'_>, findings: &mut Findings) {
    if call.args.command.iter().any(|word| word == "generate") {
        runner::generate::analyze(call, findings);
    }
}

/// The scripts of a `package.json`, or a program that bun runs itself.
fn node_scripts(call: &Call<'_>, findings: &mut Findings) {
    const ENDINGS: &[&str] = &[".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx"];
    let is_bun = call.command.program().map(base_name) == Some("bun");
    let file = call.args.operands.first();
    let file = file.is_some_and(|file| {
        let shown = file.value.display();
        ENDINGS.iter().any(|ending| shown.ends_with(ending))
    });
    if is_bun && (file || call.args.option("--eval").is_some()) {
        program::analyze_javascript(call, findings);
    } else {
        runner::node::analyze(call, findings);
    }
}
