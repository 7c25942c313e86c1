//! `cd` and `pushd`, and the directories that are made for them.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::resolve::command::{Argument, Directory};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::options::ShellOption;
use crate::resolve::state::{Attributes, Value};
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
            Some(operand) if operand.value.exact() == Some("-") => self
                .way_back()
                .or_else(|| self.scalar("OLDPWD"))
                .unwrap_or_else(|| Text::unknown("$OLDPWD")),
            Some(operand) => operand.value.clone(),
        };
        let left = self.working_directory();
        let path = value.exact().filter(|path| !path.is_empty());
        let Some(path) = path.and_then(|path| self.searched(path)) else {
            self.state.directory = Directory::Unknown(value.display().into_owned());
            self.state.directory_if_cd_failed = None;
            self.left_behind(Text::unknown("$OLDPWD"));
            return;
        };
        let path = normalized(&path);
        let certain = self.elsewhere.is_some()
            || self.state.options.has(ShellOption::ErrExit) && self.tested == 0
            || self.world.status(&path) == PathStatus::Directory
            || self.world.is_made(&path);
        let nowhere = self.is_nowhere("OLDPWD");
        self.state.directory = Directory::Known(path);
        self.state.directory_if_cd_failed = if certain { None } else { Some(before.clone()) };
        self.state.status = certain.then_some(0);
        self.left_behind(if certain {
            left
        } else {
            Text::unknown("$OLDPWD")
        });
        self.state.way_back = (certain || nowhere).then_some(before);
    }

    /// Where `cd -` leads although it is not known whether the last `cd` worked: where that one
    /// began, since there was nothing to go back to before it.
    fn way_back(&self) -> Option<Text> {
        let path = self.state.way_back.as_ref()?.known()?;
        Some(Text::known(path.to_string_lossy()))
    }

    /// Sets the variable that says where the shell was before.
    fn left_behind(&mut self, directory: Text) {
        self.state.way_back = None;
        let attributes = Attributes {
            exported: true,
            ..self.state.attributes(self.world, "OLDPWD")
        };
        self.state
            .bind("OLDPWD", Value::Scalar(directory), attributes);
    }

    /// A directory as `cd` finds it: in those that `CDPATH` names first.
    fn searched(&self, path: &str) -> Option<PathBuf> {
        let here = self.directory();
        let direct = ["/", "./", "../"]
            .iter()
            .any(|start| path.starts_with(start));
        if direct || matches!(path, "." | "..") {
            return here.join(path);
        }
        let search = self.scalar("CDPATH").unwrap_or_default();
        for directory in search.exact()?.split(':').filter(|part| !part.is_empty()) {
            let found = here.join(directory)?.join(path);
            if self.world.status(&found) == PathStatus::Directory
                || self.world.is_made(&normalized(&found))
            {
                return Some(found);
            }
        }
        here.join(path)
    }

    /// `pushd DIRECTORY`, and `pushd`, which goes to the last one.
    pub(super) fn push_directory(&mut self, operands: &[Argument]) {
        let before = self.directory();
        let mut kept = self.state.directories.take();
        let turns = operands.iter().any(|operand| {
            let word = operand.value.known_prefix();
            word.starts_with('+') || word.starts_with('-') && word != "-" && word != "--"
        });
        if turns {
            self.lose_directory("pushd");
            return;
        }
        if operands.is_empty() {
            let Some(next) = kept.as_mut().and_then(|kept| Rc::make_mut(kept).pop()) else {
                self.lose_directory("pushd");
                return;
            };
            self.go_to(next);
        } else {
            self.change_directory(operands);
        }
        if let Some(kept) = &mut kept {
            Rc::make_mut(kept).push(before);
        }
        self.state.directories = kept;
    }

    /// `popd`
    pub(super) fn pop_directory(&mut self, operands: &[Argument]) {
        let mut kept = self.state.directories.take();
        let next = kept
            .as_mut()
            .filter(|_| operands.is_empty())
            .map(|kept| Rc::make_mut(kept).pop());
        match next {
            Some(Some(next)) => self.go_to(next),
            // There is nowhere to go.
            Some(None) => self.state.status = Some(1),
            None => {
                self.lose_directory("popd");
                return;
            }
        }
        self.state.directories = kept;
    }

    /// `dirs -c` forgets all but the one that the shell is in.
    pub(super) fn list_directories(&mut self, operands: &[Argument]) {
        if operands
            .iter()
            .any(|operand| operand.value.known_prefix().starts_with("-c"))
        {
            self.state.directories = Some(Rc::default());
        }
    }

    fn go_to(&mut self, directory: Directory) {
        let left = self.working_directory();
        self.state.directory = directory;
        self.state.directory_if_cd_failed = None;
        self.left_behind(left);
    }

    fn lose_directory(&mut self, by: &str) {
        self.go_to(Directory::Unknown(format!(
            "the directory that `{by}` gives"
        )));
        self.state.directories = None;
    }

    /// No builtin, but the names of files that it makes may be what is printed or run later.
    pub(super) fn make_files(&mut self, operands: &[Argument]) {
        for operand in operands.iter().filter(|operand| !operand.splits) {
            let word = operand.value.exact().filter(|word| !word.starts_with('-'));
            let Some(path) = word.and_then(|word| self.directory().join(word)) else {
                continue;
            };
            let path = normalized(&path);
            if self.elsewhere.is_none()
                && !self.world.is_written(&path)
                && self.world.status(&path) == PathStatus::Missing
            {
                self.world.write(&path, Some(""), false, true);
            }
        }
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
