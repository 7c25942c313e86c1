//! `sed -i` on a file that the text itself wrote: no builtin, but what the file holds then may run.

use super::normalized;
use crate::resolve::command::{Argument, Stdin};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::pure;
use crate::resolve::text::Text;
use crate::world::World;

impl Interpreter<'_> {
    pub(super) fn edit_in_place(&mut self, argv: &[Argument]) {
        let (flags, rest): (Vec<&Argument>, Vec<&Argument>) = argv.iter().partition(|word| {
            let prefix = word.value.known_prefix();
            prefix.starts_with("-i") || prefix.starts_with("--in-place")
        });
        let Some((file, words)) = rest.split_last().filter(|_| !flags.is_empty()) else {
            return;
        };
        let path = file
            .value
            .exact()
            .and_then(|file| self.directory().join(file));
        let Some(path) = path.map(|path| normalized(&path)) else {
            return;
        };
        if self.elsewhere.is_some() {
            return;
        }
        let edited = match self.world.read(&path) {
            Ok(content) => {
                let words: Vec<Argument> = words.iter().map(|word| (*word).clone()).collect();
                let stdin = Stdin::Text(Text::known(content));
                pure::output(&words, &stdin, &self.state.directory, self.world)
            }
            Err(_) => Text::unknown("a file that was edited"),
        };
        // Of a file that somebody keeps, an edit that is not followed changes nothing here.
        if edited.exact().is_some() || self.world.is_written(&path) {
            let certain = self.conditional == 0;
            self.world.write(&path, edited.exact(), false, certain);
        }
    }

    /// Editors that are not followed, on a file that the text itself wrote: nobody knows it then.
    pub(super) fn edit_unseen(&mut self, name: &str, argv: &[Argument]) {
        let has_flag = |wanted: &str| {
            argv.iter().any(|word| {
                let flags = word.value.known_prefix();
                flags.starts_with('-') && !flags.starts_with("--") && flags.contains(wanted)
            })
        };
        let edits = match name {
            "perl" | "ruby" => has_flag("i"),
            "awk" | "gawk" => argv
                .iter()
                .any(|word| word.value.exact() == Some("inplace")),
            _ => true,
        };
        if !edits || self.elsewhere.is_some() {
            return;
        }
        for word in argv.iter().skip(1) {
            let path = word
                .value
                .exact()
                .and_then(|path| self.directory().join(path));
            let path = path.map(|path| normalized(&path));
            if let Some(path) = path.filter(|path| self.world.is_written(path)) {
                let certain = self.conditional == 0;
                self.world.write(&path, None, false, certain);
            }
        }
    }
}
