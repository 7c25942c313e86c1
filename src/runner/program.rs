//! Runners whose file is a program: rake, invoke, fabric, nox and doit.

use super::{File, directory, find, read, unseen};
use crate::call::{Call, Findings};
use crate::program::{self, Asked, Language, python, ruby};
use crate::resolve::base_name;

/// A file brings up tasks of another one at most this often.
const ROUNDS: usize = 8;
/// Files with tasks beside the first.
const FILES: usize = 64;

/// Judges a runner by its argv.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    let program = call.command.program().map(base_name).unwrap_or_default();
    let mut asked = Asked::default();
    let (language, files, options): (&'static Language, &[&str], &[&str]) = match program {
        "rake" | "rails" => (
            &ruby::RUBY,
            &["Rakefile", "rakefile", "Rakefile.rb", "rakefile.rb"],
            &["--directory"],
        ),
        "fab" => {
            asked.context = Some("invoke.Context()");
            (&python::PYTHON, &["fabfile.py"], &["--search-root"])
        }
        "nox" => {
            asked.context = Some("nox.Session()");
            (&python::PYTHON, &["noxfile.py"], &[])
        }
        "doit" => {
            asked.prefix = Some("task_");
            (&python::PYTHON, &["dodo.py"], &["--dir"])
        }
        _ => {
            asked.context = Some("invoke.Context()");
            (
                &python::PYTHON,
                &["tasks.py", "tasks/__init__.py"],
                &["--search-root"],
            )
        }
    };
    let sessions = [
        "--session",
        "--collection",
        "--file",
        "--rakefile",
        "--noxfile",
    ];
    let given = |name: &str| args.option(name).map(|word| word.value.clone());
    let words = args.operands.iter().chain(&args.unknown_command);
    for word in words.chain(args.all(sessions[0])) {
        match word.value.exact().filter(|_| !word.splits) {
            // `task[argument]`, and `doit run task`.
            Some(name) => {
                let name = name.split('[').next().unwrap_or_default();
                asked.names.push(name.to_owned());
            }
            None => {
                let reason = format!(
                    "which task runs is known only then: {}",
                    word.value.display()
                );
                findings.opaque(reason, &word.location);
            }
        }
    }
    asked
        .names
        .retain(|name| !(program == "doit" && name == "run"));
    match program {
        "rake" if asked.names.is_empty() => asked.names.push("default".to_owned()),
        // What is no task's name is a command of its own.
        "rails" => asked.names.retain(|name| name.contains(':')),
        _ => {}
    }
    // invoke lists its tasks where none is named.
    let lists = matches!(program, "invoke" | "inv" | "fab" | "rails");
    if lists && asked.names.is_empty() {
        return;
    }
    let Some(from) = directory(call, options) else {
        unseen(call, findings);
        return;
    };
    let named = sessions.iter().skip(1).find_map(|name| given(name));
    let first = match named.as_ref().map(|text| text.exact()) {
        Some(Some(name)) => {
            let file = read(from.join(name), call, findings);
            file.or_else(|| read(from.join(format!("{name}.py")), call, findings))
        }
        Some(None) => None,
        None => find(&from, files, call, findings),
    };
    let Some(first) = first else { return };
    let mut all = vec![first];
    if matches!(program, "rake" | "rails") {
        all.extend(beside(&all, call, findings));
    }
    let mut wanted = asked.names.clone();
    for _ in 0..ROUNDS {
        let mut elsewhere = Vec::new();
        for file in &all {
            let mut asked = asked.clone();
            asked.names.clone_from(&wanted);
            let path = file.path.to_path_buf();
            let text = file.text.clone();
            elsewhere.extend(program::tasks(language, path, text, asked, call, findings));
        }
        elsewhere.retain(|name| !wanted.contains(name));
        if elsewhere.is_empty() || all.len() < 2 {
            return;
        }
        wanted.extend(elsewhere);
    }
}

/// The files that rake reads of its own accord.
fn beside(first: &[File], call: &Call<'_>, findings: &mut Findings) -> Vec<File> {
    let home = first.first().map(File::directory);
    let mut files = Vec::new();
    for place in ["rakelib", "lib/tasks"] {
        let Some(place) = home.map(|home| home.join(place)) else {
            continue;
        };
        let (names, _) = call.world.list(&place, FILES).unwrap_or_default();
        for name in names.iter().filter(|name| name.ends_with(".rake")) {
            files.extend(read(place.join(name), call, findings));
        }
    }
    files
}
