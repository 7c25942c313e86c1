//! Programs under other names: `command`, `exec`, `hash -p`, copies and links.

use std::rc::Rc;

use super::normalized;
use crate::location::Location;
use crate::resolve::command::{Argument, Stdin};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::pure;
use crate::resolve::redirection::Io;
use crate::resolve::state::Function;
use crate::resolve::text::Text;

impl Interpreter<'_> {
    /// What stands after `command`, `builtin` or `exec`. Functions are not looked at there.
    pub(super) fn peeled(
        &mut self,
        by: &str,
        argv: Vec<Argument>,
        io: &Io,
        stdin: Stdin,
        location: &Location,
    ) -> Text {
        let functions = std::mem::take(&mut self.state.functions);
        let output = if by == "exec" {
            let output = pure::output(&argv, &stdin, &self.state.directory, self.world);
            self.emit(argv, io, stdin, location.clone());
            output
        } else {
            self.deeper(|shell| shell.run(argv, io, stdin, location.clone()))
        };
        self.state.functions = functions;
        output
    }

    /// `hash -p FILE NAME`: from now on NAME is that file.
    pub(super) fn remember_program(&mut self, operands: &[Argument]) {
        let words: Vec<&str> = operands
            .iter()
            .filter_map(|operand| operand.value.exact())
            .collect();
        if let ["-p", file, names @ ..] = words.as_slice() {
            for name in names {
                let script = crate::shell::parse(
                    &format!("{} \"$@\"", shell_words::quote(file)),
                    self.state.dialect,
                );
                if let Some(body) = script.list.into_iter().next() {
                    let source = std::rc::Rc::clone(&self.source);
                    let function = Function {
                        body: Rc::new(body),
                        source,
                    };
                    Rc::make_mut(&mut self.state.functions).insert((*name).to_owned(), function);
                }
            }
        }
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
                let certain = self.conditional == 0;
                self.world
                    .write(&normalized(&to), text.exact(), false, certain);
            }
            (None, _) => {}
        }
    }

    /// No builtin, but a copy of a program under another name is still that program.
    pub(super) fn copy_program(&mut self, operands: &[Argument]) {
        let words: Vec<&str> = operands
            .iter()
            .filter_map(|operand| operand.value.exact())
            .filter(|word| !word.starts_with('-'))
            .collect();
        if let [from, to] = words.as_slice()
            && self.elsewhere.is_none()
            && let (Some(from), Some(to)) = (self.directory().join(from), self.directory().join(to))
        {
            self.world.copy(&normalized(&from), &normalized(&to));
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
