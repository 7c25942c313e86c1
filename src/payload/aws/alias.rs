//! `~/.aws/cli/alias`: names that the user gave to other commands, shell commands among them.

use std::path::PathBuf;
use std::rc::Rc;

use crate::call::{Call, Findings, Nested};
use crate::context::aws::sections;
use crate::resolve::{Argument, Origin, Text};

/// What an alias stands for.
pub(super) enum Found {
    Nothing,
    /// Words of an aws command.
    Words(Vec<Argument>),
    /// Shell source text (`!…`).
    Shell(String),
}

/// The alias of that name in `[toplevel]`. It wins over a service of the same name.
pub(super) fn of_service(name: &str, call: &Call<'_>, findings: &mut Findings) -> Found {
    find("toplevel", name, call, findings)
}

/// The alias of that name in `[command SERVICE]`.
pub(super) fn of_operation(
    service: &str,
    name: &str,
    call: &Call<'_>,
    findings: &mut Findings,
) -> Found {
    find(&format!("command {service}"), name, call, findings)
}

fn path(call: &Call<'_>) -> Option<PathBuf> {
    Some(call.world.home()?.join(".aws/cli/alias"))
}

fn find(section: &str, name: &str, call: &Call<'_>, findings: &mut Findings) -> Found {
    if call.command.elsewhere.is_some() {
        return Found::Nothing;
    }
    let Some(text) = path(call).and_then(|path| call.world.read(&path).ok()) else {
        return Found::Nothing;
    };
    let found = sections(&text);
    let key = name.to_ascii_lowercase();
    let Some(value) = found.get(section).and_then(|aliases| aliases.get(&key)) else {
        return Found::Nothing;
    };
    let value = value.trim();
    if let Some(text) = value.strip_prefix('!') {
        return Found::Shell(text.to_owned());
    }
    let location = &call.command.location;
    // The CLI splits it by the shell's quoting rules and expands nothing.
    match shell_words::split(value) {
        Ok(words) => Found::Words(
            words
                .into_iter()
                .map(|word| Argument::known(word, location.clone()))
                .collect(),
        ),
        Err(_) => {
            findings.opaque(format!("the aws alias `{name}` cannot be read"), location);
            Found::Nothing
        }
    }
}

/// Hands a shell alias on; the words after its name are appended, quoted.
pub(super) fn hand_on(text: &str, words: &[Argument], call: &Call<'_>, findings: &mut Findings) {
    let mut script = Text::known(text);
    for word in words {
        script.push_known(" ");
        match word.value.exact() {
            Some(known) => script.push_known(&shell_words::quote(known)),
            None => script.append(word.value.clone()),
        }
    }
    let place = call.command.location.clone();
    let origin = match path(call) {
        Some(path) => Origin::File {
            path: Rc::from(path),
            place: place.span,
        },
        None => Origin::Place(place),
    };
    findings.nested.push(Nested::Shell {
        text: script,
        origin,
        arguments: Vec::new(),
        by: Box::new(call.command.clone()),
        shell: "sh".into(),
    });
}
