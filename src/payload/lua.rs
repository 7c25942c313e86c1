//! Lua programs: on the command line, on standard input, or in a file that the same text writes.
//! A file that somebody keeps is not read.

use super::embedded;
use crate::call::{Call, Findings};
use crate::rules::schema::Embedded;

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let Call {
        command,
        args,
        world,
        ..
    } = *call;
    let mut inline = false;
    for text in args.all("-e") {
        inline = true;
        embedded::judge(
            Embedded::Lua,
            &text.value,
            &text.location,
            command,
            world,
            findings,
        );
    }
    match args.operands.first() {
        Some(file) if file.value.exact() != Some("-") => {
            let path = file.value.exact();
            let path = path.and_then(|path| command.directory.join(path));
            if path.is_some_and(|path| world.is_written(&path)) {
                embedded::judge_file(Embedded::Lua, file, command, world, findings);
            }
        }
        Some(_) => embedded::judge_stdin(Embedded::Lua, command, world, findings),
        None if inline => {}
        None => embedded::judge_stdin(Embedded::Lua, command, world, findings),
    }
}
