//! `Procfile`: one command a line, for foreman, honcho, overmind, goreman and hivemind.

use super::{find, start};
use crate::call::{Call, Findings};
use crate::resolve::{Directory, Text};

/// Judges what starts the processes of a `Procfile`.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let Some(directory) = call
        .command
        .directory
        .known()
        .filter(|_| call.command.elsewhere.is_none())
    else {
        return;
    };
    let given = call
        .args
        .option("--procfile")
        .and_then(|word| word.value.exact());
    let Some(file) = find(directory, &[given.unwrap_or("Procfile")], call, findings) else {
        return;
    };
    let mut by = call.command.clone();
    by.directory = Directory::Known(file.directory().to_owned());
    for (index, line) in file.text.lines().enumerate() {
        let Some((name, text)) = line.split_once(':') else {
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.is_empty() && name.chars().all(is_name) {
            let place = file.place(index + 1, &call.command.location);
            start(
                &by,
                &["sh", "-c"],
                &Text::known(text.trim()),
                &place,
                findings,
            );
        }
    }
}
