//! Lua programs: on the command line, on standard input, or in a file that the same text writes.
//! A file that somebody keeps is not read.

use super::embedded;
use crate::call::{Call, Findings};
use crate::context::Place;
use crate::rules::schema::Embedded;

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let (by, world) = (call.command, call.world);
    let database = Place::default;
    let mut texts = call.args.all("-e").peekable();
    let inline = texts.peek().is_some();
    for text in texts {
        let (value, place) = (&text.value, &text.location);
        embedded::judge(Embedded::Lua, value, place, database(), by, world, findings);
    }
    match call.args.operands.first() {
        Some(file) if file.value.exact() != Some("-") => {
            let path = file.value.exact();
            let path = path.and_then(|path| by.directory.join(path));
            if path.is_some_and(|path| world.is_written(&path)) {
                embedded::judge_file(Embedded::Lua, file, database(), by, world, findings);
            }
        }
        None if inline => {}
        _ => embedded::judge_stdin(Embedded::Lua, database(), by, world, findings),
    }
}
