//! Descriptors whose content the text itself gives: `3<<< text`, `<(command)`, `exec 5< file`.
//!
//! Owns the names under which the shell hands them on (`/dev/fd/3`). What they hold is kept with
//! the files that the text writes, since that is how programs read them.

use std::path::PathBuf;

use super::command::Stdin;
use super::interpreter::Interpreter;
use super::text::Text;
use crate::world::World;

/// bash gives out descriptors for process substitutions from here downwards.
const FIRST: u32 = 63;
/// The first number that the shell gives out itself: below are those that scripts number.
pub(super) const GIVEN_OUT: u32 = 10;
/// Stands for a number that the shell gives out.
pub(super) const DESCRIPTOR: &str = "a descriptor that the shell opens";

impl Interpreter<'_> {
    /// The file that `<(…)` becomes, if all of what it holds is known.
    pub(super) fn offered(&mut self, printed: &Text) -> Option<Text> {
        let content = printed.exact().filter(|_| self.elsewhere.is_none())?;
        let free = |number: &u32| !self.world.is_written(&path(*number));
        let number = (GIVEN_OUT..=FIRST).rev().find(free)?;
        self.world.write(&path(number), Some(content), false, true);
        Some(Text::known(format!("/dev/fd/{number}")))
    }

    /// Notes what can be read from a descriptor from now on.
    pub(super) fn hold(&self, descriptor: u32, content: &Text) {
        if self.elsewhere.is_none() {
            self.world
                .write(&path(descriptor), content.exact(), false, true);
        }
    }

    /// `<&3`: what the descriptor holds. It is read but once.
    pub(super) fn taken(&self, source: &str) -> Option<Stdin> {
        let descriptor: u32 = source.parse().ok()?;
        let path = path(descriptor);
        if !self.world.is_written(&path) {
            return None;
        }
        let text = self.world.given(&path);
        self.world.write(&path, None, false, true);
        text.map(|text| Stdin::Text(Text::known(text)))
    }
}

/// Whether the path names the standard input of whoever opens it.
pub(crate) fn is_standard_input(path: &str) -> bool {
    matches!(path, "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
}

fn path(descriptor: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{descriptor}"))
}
