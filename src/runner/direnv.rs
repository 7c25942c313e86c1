//! direnv: the `.envrc` that it reads before a command runs.

use super::{File, find, quoted, start, unseen};
use crate::call::{Call, Findings};
use crate::resolve::{Argument, Directory, Text};

/// What direnv's own functions do that matters here: where programs are found, and what else is
/// read. All others are programs that nobody knows.
const FUNCTIONS: &str = r#"
PATH_add() { for directory; do PATH="$PWD/$directory:$PATH"; done; export PATH; }
path_add() { export "$1=$PWD/$2:${!1}"; }
source_env() { if [ -d "$1" ]; then . "$1/.envrc"; else . "$1"; fi; }
source_env_if_exists() { if [ -e "$1" ]; then . "$1"; fi; }
source_up() { . ../.envrc; }
source_up_if_exists() { if [ -e ../.envrc ]; then . ../.envrc; fi; }
env_vars_required() { :; }
watch_file() { :; }
watch_dir() { :; }
strict_env() { :; }
unstrict_env() { :; }
log_status() { :; }
log_error() { :; }
has() { type "$1" >/dev/null 2>&1; }
expand_path() { echo "$PWD/$1"; }
"#;

/// Judges a direnv by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let verb = call.args.command.first().map(String::as_str);
    let operands = &call.args.operands;
    let (from, rest) = match (verb, operands.as_slice()) {
        (Some("exec"), [from, rest @ ..]) => (Some(from), rest),
        (Some("allow"), [from, ..]) => (Some(from), &[][..]),
        (Some("allow" | "export" | "reload"), _) => (None, &[][..]),
        _ => return,
    };
    let path = match from {
        Some(from) => from
            .value
            .exact()
            .and_then(|path| call.command.directory.join(path)),
        None => call.command.directory.known().map(ToOwned::to_owned),
    };
    let found = match path {
        Some(path) if call.command.elsewhere.is_none() => {
            let path = if path.ends_with(".envrc") {
                path.parent().unwrap_or(&path).to_owned()
            } else {
                path
            };
            find(&path, &[".envrc"], call, findings)
        }
        _ => {
            unseen(call, findings);
            None
        }
    };
    run(found.as_ref(), rest, call, findings);
}

/// Reads the file where it lies, then starts the command where direnv was started.
fn run(file: Option<&File>, command: &[Argument], call: &Call<'_>, findings: &mut Findings) {
    let mut text = Text::empty();
    if let Some(file) = file {
        text.push_known(FUNCTIONS);
        let directory = file.directory().to_string_lossy();
        text.push_known(&format!(
            "cd {}\n. ./.envrc\n",
            shell_words::quote(&directory)
        ));
        if let Directory::Known(back) = &call.command.directory {
            let back = back.to_string_lossy();
            text.push_known(&format!("cd {}\n", shell_words::quote(&back)));
        }
    }
    if !command.is_empty() {
        text.push_known("exec");
        for word in command {
            text.push_known(" ");
            text.append(quoted(word));
        }
    }
    let place = call.command.location.clone();
    start(call.command, &["bash", "-c"], &text, &place, findings);
}
