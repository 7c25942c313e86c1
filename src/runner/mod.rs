//! Files that name commands for a runner: makefiles, `package.json`, justfiles and their like.
//!
//! Owns finding in them what a runner would start, with the line that says so. Never judges: what
//! it finds is handed on as commands.

pub mod make;

use crate::call::{Call, Findings};
use crate::effect::Unlisted;
use crate::resolve::{Environment, Text};

/// A shell text with a variable for each part that is not known, set in the environment: a value
/// that a program prints is a value for the shell, too, and no text to run.
fn known_text(text: &Text, environment: &mut Environment) -> Text {
    let mut sources = Vec::new();
    let known = text.render(|index, source| {
        sources.push(source.to_owned());
        format!("${{__guard_value_{index}}}")
    });
    for (index, source) in sources.into_iter().enumerate() {
        let name = format!("__guard_value_{index}");
        environment.set(&name, Some(Text::unknown(source)));
    }
    Text::known(known)
}

/// Notes a runner whose file cannot be looked at from here: as a program that no pack describes.
fn unseen(call: &Call<'_>, findings: &mut Findings) {
    if let Some(word) = call.command.argv.first() {
        findings.unlisted.push(Unlisted {
            program: word.value.display().into(),
            location: word.location.clone(),
        });
    }
}
