//! `sed -i` on a file that the text itself wrote: no builtin, but what the file holds then may run.

use std::path::PathBuf;

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
            self.world.write(&path, edited.exact(), false, true);
        }
    }

    /// The files that the text itself wrote and that an editor which is not followed changes:
    /// nobody knows them once it has run.
    pub(in crate::resolve) fn edited_unseen(&self, name: &str, argv: &[Argument]) -> Vec<PathBuf> {
        let in_place = || {
            argv.iter().any(|word| {
                let flags = word.value.known_prefix();
                let mut joined = flags.strip_prefix('-').unwrap_or_default().chars();
                joined
                    .by_ref()
                    .take_while(|c| "pnlaws0i".contains(*c))
                    .any(|c| c == 'i')
            })
        };
        let edits = match name {
            "perl" | "ruby" => in_place(),
            "awk" | "gawk" => argv
                .iter()
                .any(|word| word.value.exact() == Some("inplace")),
            _ => EDITORS.contains(&name),
        };
        if !edits || self.elsewhere.is_some() {
            return Vec::new();
        }
        let words = argv.iter().skip(1).filter_map(|word| word.value.exact());
        let paths = words.filter_map(|word| self.directory().join(word));
        let paths = paths.map(|path| normalized(&path));
        paths.filter(|path| self.world.is_written(path)).collect()
    }
}

/// Programs that change the files that they are given.
const EDITORS: &[&str] = &[
    "ex", "vi", "vim", "nvim", "ed", "red", "emacs", "patch", "sponge",
];
