//! ripgrep's configuration file: options that no command line shows.
//!
//! Owns its reading. A person's own configuration, as the environment brings it, counts as much as
//! one that the text names: both may start a program on every file.

use crate::call::{Call, Findings};
use crate::resolve::Text;
use crate::world::ReadError;

/// Options that start a program.
const RUNS: &[&str] = &["--pre", "--hostname-bin"];

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    if call.args.flag("--no-config") || call.command.elsewhere.is_some() {
        return;
    }
    let named = call
        .command
        .variable(call.world, "RIPGREP_CONFIG_PATH")
        .filter(|named| !named.is_empty());
    let Some(named) = named else {
        return;
    };
    let location = &call.command.location;
    let Some(path) = named
        .exact()
        .and_then(|path| call.command.directory.join(path))
    else {
        let shown = Text::display(&named);
        findings.opaque(
            format!("rg reads options from a file that is known only then: {shown}"),
            location,
        );
        return;
    };
    match call.world.read(&path) {
        Ok(text) => {
            for line in text.lines().map(str::trim) {
                let name = line.split_once('=').map_or(line, |(name, _)| name);
                if RUNS.contains(&name) {
                    let shown = path.display();
                    findings.opaque(
                        format!("{shown} tells rg to run a program: {line}"),
                        location,
                    );
                }
            }
        }
        Err(ReadError::Missing(_)) => {}
        Err(error) => findings.opaque(format!("rg reads options from a file: {error}"), location),
    }
}
