//! `cd` and `pushd`, and the directories that are made for them.

use std::path::{Component, Path, PathBuf};

use crate::resolve::command::{Argument, Directory};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::options::ShellOption;
use crate::resolve::text::Text;
use crate::world::{PathStatus, World};

impl Interpreter<'_> {
    pub(super) fn change_directory(&mut self, operands: &[Argument]) {
        let mut target = None;
        let mut options = true;
        for operand in operands {
            match operand.value.exact() {
                Some("--") if options => options = false,
                Some("-P" | "-L" | "-e" | "-@" | "-n") if options => {}
                _ => {
                    target = Some(operand);
                    break;
                }
            }
        }
        let before = self.directory();
        let value = match target {
            None => self
                .scalar("HOME")
                .unwrap_or_else(|| Text::unknown("$HOME")),
            Some(operand) if operand.splits => Text::unknown(operand.value.display().into_owned()),
            Some(operand) => operand.value.clone(),
        };
        let path = value
            .exact()
            .filter(|path| *path != "-" && !path.is_empty());
        let Some(path) = path.and_then(|path| before.join(path)) else {
            self.state.directory = Directory::Unknown(value.display().into_owned());
            self.state.directory_if_cd_failed = None;
            return;
        };
        let path = normalized(&path);
        let certain = self.elsewhere.is_some()
            || self.state.options.has(ShellOption::ErrExit) && self.conditional == 0
            || self.world.status(&path) == PathStatus::Directory
            || self.world.is_made(&path);
        self.state.directory = Directory::Known(path);
        self.state.directory_if_cd_failed = if certain { None } else { Some(before) };
        self.state.status = certain.then_some(0);
    }

    /// No builtin, but what it makes decides whether a later `cd` works.
    pub(super) fn make_directories(&mut self, operands: &[Argument]) {
        let words: Option<Vec<&str>> = operands
            .iter()
            .map(|operand| operand.value.exact().filter(|_| !operand.splits))
            .collect();
        let Some(words) = words else { return };
        let parents = words.iter().any(|word| {
            *word == "--parents"
                || !word.starts_with("--") && word.starts_with('-') && word.contains('p')
        });
        for word in words.iter().filter(|word| !word.starts_with('-')) {
            if let Some(path) = self.directory().join(word)
                && self.elsewhere.is_none()
            {
                self.world.make_directory(&normalized(&path), parents);
            }
        }
    }
}

/// `.` and `..` taken out as `cd` does, without looking at symlinks.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => {
                clean.push(component)
            }
        }
    }
    clean
}
