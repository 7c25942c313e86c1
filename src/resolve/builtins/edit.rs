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
        if self.elsewhere.is_some() || !self.world.is_written(&path) {
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
        let certain = self.conditional == 0;
        self.world.write(&path, edited.exact(), false, certain);
    }
}
