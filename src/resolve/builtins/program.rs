//! Programs under other names: `command`, `exec`, `hash -p`, copies and links.

use super::normalized;
use crate::location::Location;
use crate::resolve::command::{Argument, Stdin};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::redirection::Io;
use crate::resolve::text::Text;
use crate::shared_map::SharedMap;

impl Interpreter<'_> {
    /// What stands after `command`, `builtin` or `exec`. Functions are not looked at there.
    pub(super) fn peeled(
        &mut self,
        by: &str,
        mut argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: &Location,
    ) -> Text {
        let name = argv.first().filter(|word| !word.splits);
        let name = name.and_then(|word| word.value.exact()).map(str::to_owned);
        match name {
            Some(name) if by != "exec" => {
                self.deeper(|shell| shell.run_named(&name, argv, io, stdin, location.clone()))
            }
            _ => {
                self.name_original(&mut argv);
                let output = self.computed(&argv, &stdin);
                self.emit(argv, io, stdin, location.clone());
                output
            }
        }
    }

    /// `exec < file`, `exec > file`: the shell itself reads and writes there from now on.
    pub(super) fn redirected_for_good(&mut self, io: &Io) {
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
            self.state.input_shared = false;
        }
        self.state.status = Some(0).filter(|_| io.redirections.is_empty());
    }

    /// `type -p NAME`: what `command -v` says, for programs.
    pub(super) fn locates(&self, operands: &[Argument]) -> bool {
        let flag = operands.first().and_then(|word| word.value.exact());
        let name = operands.get(1..).unwrap_or_default();
        name.len() == 1 && (flag == Some("-P") || flag == Some("-p") && !self.is_builtin(name))
    }

    /// `command -v NAME`: the path of a program is not known, but what it ends in.
    pub(super) fn located(&mut self, operands: &[Argument]) -> Text {
        let words: Option<Vec<&str>> = operands.iter().map(|word| word.value.exact()).collect();
        match words.as_deref() {
            Some(["-v", name]) if name.contains('/') => Text::known(format!("{name}\n")),
            Some(["-v", name]) if self.is_builtin(operands.get(1..).unwrap_or_default()) => {
                Text::known(format!("{name}\n"))
            }
            Some(["-v" | "-p" | "-P", name])
                if !self.state.functions.contains_key(*name)
                    && self.program_path(name).known_prefix().starts_with('/') =>
            {
                let mut path = self.program_path(name);
                path.push_known("\n");
                path
            }
            Some(["-v" | "-p" | "-P", name]) if !self.state.functions.contains_key(*name) => {
                let mut path = Text::unknown("the directory of a program");
                path.push_known(&format!("/{name}\n"));
                path
            }
            _ => Text::unknown("command -v"),
        }
    }

    /// `hash -p FILE NAME`: from now on NAME is that file; `hash -d NAME`, `hash -r`: no more.
    pub(super) fn remember_program(&mut self, operands: &[Argument]) {
        let (mut file, mut forgets) = (None, false);
        let mut names = operands;
        while let Some((first, rest)) = names.split_first() {
            let Some(letters) = first.value.known_prefix().strip_prefix('-') else {
                break;
            };
            names = rest;
            if letters.starts_with('-') {
                break;
            }
            if letters.contains('r') {
                self.state.hashed = SharedMap::default();
            }
            forgets |= letters.contains('d');
            match letters.split_once('p') {
                Some((_, "")) if first.value.exact().is_some() => {
                    file = names.first().map(|word| word.value.clone());
                    names = names.get(1..).unwrap_or_default();
                }
                Some((before, _)) => file = Some(first.value.after(before.len() + 2)),
                None => {}
            }
        }
        if file.is_none() && !forgets {
            return;
        }
        for name in names {
            match (name.value.exact().filter(|_| !name.splits), &file) {
                (Some(name), Some(file)) => self.hash(name, file.clone()),
                (Some(name), None) => {
                    self.state.hashed.remove(name);
                }
                (None, Some(_)) => {
                    let reason = "`hash -p` names a program that is known only when it runs";
                    self.sink.opaque(reason.to_owned(), self.current.clone());
                }
                // What is not forgotten stays what it is.
                (None, None) => {}
            }
        }
    }

    /// From now on a name stands for a file.
    pub(in crate::resolve) fn hash(&mut self, name: &str, file: Text) {
        self.state.hashed.insert(name.to_owned(), file);
    }

    /// `dd if=FROM of=TO`, or from standard input.
    pub(super) fn copy_blocks(&mut self, operands: &[Argument], stdin: &Stdin) {
        let named = |name: &str| {
            let words = operands.iter().filter_map(|operand| operand.value.exact());
            let path = words
                .filter_map(|word| word.strip_prefix(name))
                .next_back()?;
            self.directory().join(path)
        };
        let Some(to) = named("of=").filter(|_| self.elsewhere.is_none()) else {
            return;
        };
        match (named("if="), stdin) {
            (Some(from), _) => self.world.copy(&normalized(&from), &normalized(&to)),
            (None, Stdin::Text(text)) if !to.starts_with("/dev") => {
                self.world
                    .write(&normalized(&to), text.exact(), false, true);
            }
            (None, _) => {}
        }
    }

    /// No builtin, but a copy of a program under another name is still that program.
    pub(super) fn copy_program(&mut self, name: &str, operands: &[Argument]) {
        let symbolic = operands.iter().any(|operand| {
            let flags = operand
                .value
                .exact()
                .and_then(|text| text.strip_prefix('-'));
            flags.is_some_and(|flags| {
                flags == "-symbolic" || (!flags.starts_with('-') && flags.contains('s'))
            })
        });
        let mut words: Vec<&str> = Vec::new();
        let mut rest = operands.iter().filter_map(|operand| operand.value.exact());
        while let Some(word) = rest.next() {
            match word {
                "-m" | "-o" | "-g" | "--mode" | "--owner" | "--group" if name == "install" => {
                    rest.next();
                }
                word if word.starts_with('-') => {}
                word => words.push(word),
            }
        }
        if let [from, to] = words.as_slice()
            && self.elsewhere.is_none()
            && let (Some(here), Some(to)) = (self.directory().join(from), self.directory().join(to))
        {
            let to = normalized(&to);
            match (name, to.parent()) {
                // What a symbolic link says is read from where it lies.
                ("ln", Some(parent)) if symbolic => {
                    self.world.link(&normalized(&parent.join(from)), &to);
                }
                ("ln", _) => self.world.link(&normalized(&here), &to),
                _ => self.world.copy(&normalized(&here), &to),
            }
        }
    }
}

/// How many words after `command`, `builtin` or `exec` are its own options; `None` when it only
/// looks something up (`command -v`).
pub(super) fn prefix_options(name: &str, operands: &[Argument]) -> Option<usize> {
    let mut index = 0;
    while let Some(text) = operands
        .get(index)
        .and_then(|operand| operand.value.exact())
    {
        if text == "--" {
            return Some(index + 1);
        }
        let Some(flags) = text.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            break;
        };
        if name == "command" && flags.contains(['v', 'V']) {
            return None;
        }
        index += 1;
        if name == "exec" && flags.ends_with('a') {
            index += 1;
        }
    }
    Some(index)
}
