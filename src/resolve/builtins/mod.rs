//! Builtins that change what the shell knows, or run what stands in their arguments.
//!
//! Owns which builtin does what; one family, one file.

mod declare;
mod directory;
mod eval;
mod options;
mod print;
mod program;
mod read;
mod source;
mod zsh;

use std::rc::Rc;

use super::command::{Argument, Directory, Stdin};
use super::interpreter::Interpreter;
use super::redirection::Io;
use super::state::Value;
use super::text::Text;
use crate::location::Location;
pub(crate) use directory::normalized;

impl Interpreter<'_> {
    /// Follows a builtin; `None` if it is none, or one that only prints.
    pub(in crate::resolve) fn builtin(
        &mut self,
        name: &str,
        argv: &[Argument],
        io: &Io,
        stdin: &Stdin,
        location: &Location,
    ) -> Option<Text> {
        let operands = argv.get(1..).unwrap_or_default();
        if TAKES_NAMES.contains(&name) {
            for operand in operands
                .iter()
                .filter(|operand| operand.value.display().contains('['))
            {
                self.expand_again(&operand.value, name);
            }
        }
        if self.state.dialect.is_zsh()
            && let Some(done) = self.zsh_builtin(name, argv, io, stdin, location)
        {
            return done;
        }
        match name {
            "eval" => Some(self.eval(operands, io, location)),
            "source" | "." => Some(self.source_file(operands, io, location)),
            "command" | "builtin" | "exec" => {
                let Some(skip) = program::prefix_options(name, operands) else {
                    // `command -v` only looks something up.
                    self.emit_redirections(io, location);
                    return Some(Text::unknown(format!("{name} -v")));
                };
                let rest = argv.get(1 + skip..).unwrap_or_default();
                if rest.is_empty() {
                    return None;
                }
                Some(self.peeled(name, rest.to_vec(), io, stdin.clone(), location))
            }
            "cd" | "chdir" | "pushd" => {
                self.change_directory(operands);
                None
            }
            "mkdir" => {
                self.make_directories(operands);
                None
            }
            "popd" => {
                self.state.directory = Directory::Unknown("the directory that `popd` gives".into());
                None
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                self.declare(name, operands);
                None
            }
            "unset" => {
                for operand in operands {
                    if let Some(variable) =
                        operand.value.exact().filter(|text| !text.starts_with('-'))
                    {
                        Rc::make_mut(&mut self.state.functions).remove(variable);
                        self.state.set(self.world, variable, Value::Unset);
                    }
                }
                None
            }
            "set" => {
                self.set_options(operands);
                None
            }
            "hash" => {
                self.remember_program(operands);
                None
            }
            "dd" => {
                self.copy_blocks(operands, stdin);
                None
            }
            "cp" | "ln" | "mv" | "install" => {
                self.copy_program(operands);
                None
            }
            "shift" => {
                let count = match operands.first().map(|operand| operand.value.exact()) {
                    None => Some(1),
                    Some(text) => text.and_then(|text| text.parse::<usize>().ok()),
                };
                self.state.arguments = match (self.state.arguments.take(), count) {
                    (Some(arguments), Some(count)) if count <= arguments.len() => {
                        Some(arguments.into_iter().skip(count).collect())
                    }
                    (Some(arguments), Some(_)) => Some(arguments),
                    _ => None,
                };
                None
            }
            "alias" => {
                self.define_aliases(operands);
                None
            }
            "unalias" => {
                self.forget_aliases(operands);
                None
            }
            "shopt" => {
                let words: Vec<&str> = operands.iter().filter_map(|o| o.value.exact()).collect();
                if words.contains(&"expand_aliases") {
                    self.state.expand_aliases = words.contains(&"-s");
                }
                None
            }
            "trap" => {
                if let Some(operand) = operands.iter().find(|o| o.value.exact() != Some("--")) {
                    self.trap(operand);
                }
                None
            }
            "read" | "mapfile" | "readarray" | "getopts" => {
                self.call_back(operands, location);
                self.read(name, operands, stdin);
                None
            }
            "printf" => self.printf_to_variable(operands, stdin),
            "let" => {
                for operand in operands {
                    let text = operand.value.display().into_owned();
                    self.forget_assigned(&text);
                }
                None
            }
            _ => None,
        }
    }

    fn emit_redirections(&mut self, io: &Io, location: &Location) {
        if !io.redirections.is_empty() {
            self.emit(Vec::new(), io, Stdin::Empty, location.clone());
        }
    }
}

/// Builtins whose operands are names, with subscripts that they expand themselves.
const TAKES_NAMES: &[&str] = &[
    "test",
    "[",
    "printf",
    "read",
    "let",
    "declare",
    "typeset",
    "local",
    "export",
    "readonly",
    "unset",
    "mapfile",
    "readarray",
    "getopts",
    "wait",
];
