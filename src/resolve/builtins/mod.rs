//! Builtins that change what the shell knows, or run what stands in their arguments.
//!
//! Owns which builtin does what; one family, one file.

mod complete;
mod declare;
mod directory;
mod edit;
mod eval;
mod getopts;
mod listing;
mod options;
mod print;
mod program;
mod read;
mod source;
mod trap;
mod zsh;

use super::command::{Argument, Stdin};
use super::interpreter::Interpreter;
use super::parameter::split_subscript;
use super::redirection::Io;
use super::state::Leave;
use super::text::Text;
use crate::location::Location;
use crate::shell;
pub(crate) use directory::normalized;
pub(in crate::resolve) use eval::QUOTED;
pub(in crate::resolve) use trap::Seen;

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
        self.last_status = self.state.status;
        let mut plain = Vec::new();
        let takes_names = TAKES_NAMES.contains(&name);
        if takes_names && operands.iter().any(|operand| operand.value.has_glob()) {
            let mut named = !matches!(name, "test" | "[" | "printf");
            plain.extend(operands.iter().map(|operand| {
                let mut operand = operand.clone();
                let value = operand.value.without_globs();
                // `a[0]` is a pattern only if a file is called so.
                if named && is_element(value.known_prefix()) {
                    operand.value = value;
                }
                if matches!(name, "test" | "[" | "printf") {
                    named = operand.value.exact() == Some("-v");
                }
                operand
            }));
        }
        let operands = if plain.is_empty() { operands } else { &plain };
        if takes_names {
            // `printf` takes one, and only with an option.
            let flag = operands.first().and_then(|word| word.value.exact());
            let names = match name {
                "printf" if flag == Some("-v") => operands.get(1..2).unwrap_or_default(),
                "printf" => &[],
                _ => operands,
            };
            for operand in names
                .iter()
                .filter(|operand| operand.value.display().contains('['))
            {
                self.expand_again(&operand.value, name);
            }
        }
        self.state.status = None;
        if self.state.dialect.is_zsh()
            && let Some(done) = self.zsh_builtin(name, argv, io, stdin, location)
        {
            return done;
        }
        match name {
            "eval" => return Some(self.eval(operands, io, location)),
            "source" | "." => return Some(self.source_file(operands, io, location)),
            "command" | "builtin" | "exec" => {
                let Some(skip) = program::prefix_options(name, operands) else {
                    // `command -v` only looks something up.
                    self.emit_redirections(io, location);
                    return Some(self.located(operands));
                };
                let rest = argv.get(1 + skip..).unwrap_or_default();
                if rest.is_empty() {
                    if name == "exec" {
                        self.redirected_for_good(io);
                    }
                    return None;
                }
                let options = operands.get(..skip).unwrap_or_default();
                let standard = name == "command"
                    && options
                        .iter()
                        .any(|word| word.value.known_prefix().contains('p'));
                if !standard {
                    return Some(self.peeled(name, rest.to_vec(), io, stdin.clone(), location));
                }
                // `command -p` looks in the system's directories.
                let hashed = std::mem::take(&mut self.state.hashed);
                let output = self.peeled(name, rest.to_vec(), io, stdin.clone(), location);
                self.state.hashed = hashed;
                return Some(output);
            }
            "true" | ":" => self.state.status = Some(0),
            "false" => self.state.status = Some(1),
            "echo" => self.state.status = Some(0),
            "printf" => return self.printf_to_variable(operands, stdin),
            "test" => self.state.status = self.test(operands).map(|holds| u8::from(!holds)),
            "[" => {
                if let Some((last, words)) = operands.split_last()
                    && last.value.exact() == Some("]")
                {
                    self.state.status = self.test(words).map(|holds| u8::from(!holds));
                }
            }
            "break" | "continue" | "return" | "exit" | "logout" => self.leave(name, operands),
            "cd" | "chdir" => self.change_directory(operands),
            "pushd" => self.push_directory(operands),
            "popd" => self.pop_directory(operands),
            "dirs" => self.list_directories(operands),
            "mkdir" => self.make_directories(operands),
            "touch" => self.make_files(operands),
            "export" | "declare" | "typeset" | "local" | "readonly" => self.declare(name, operands),
            "unset" => self.unset(operands),
            "set" => self.set_options(operands),
            "shopt" => self.shell_options(operands),
            "shift" => self.shift(operands),
            "hash" => self.remember_program(operands),
            "enable" => self.enable(operands, location),
            "sed" => self.edit_in_place(argv),
            "dd" => self.copy_blocks(operands, stdin),
            "cp" | "ln" | "mv" | "install" => self.copy_program(name, operands),
            "alias" => self.define_aliases(operands),
            "unalias" => self.forget_aliases(operands),
            "trap" => self.trap(operands),
            "read" => self.read(operands, io, stdin),
            "mapfile" | "readarray" => self.map_file(operands, io, stdin),
            "getopts" => self.getopts(operands),
            "type" if self.locates(operands) => return Some(self.located(operands)),
            "compgen" | "complete" => self.completion(name, operands, location),
            "history" | "bind" => self.remembered(name, operands, location),
            "let" => {
                let mut value = None;
                for operand in operands {
                    value = self.number_of(&operand.value);
                }
                self.state.status = value.map(|value| u8::from(value == 0));
            }
            _ => {}
        }
        None
    }

    /// Whether the first word is a builtin, which reads the shell's input only if it says so.
    pub(in crate::resolve) fn is_builtin(&self, argv: &[Argument]) -> bool {
        let name = argv.first().and_then(|word| word.value.exact());
        name.is_some_and(|name| BUILTINS.contains(&name) && self.is_enabled(name))
    }

    /// Whether a builtin prints nothing.
    pub(in crate::resolve) fn is_silent(&self, argv: &[Argument]) -> bool {
        let Some((first, operands)) = argv.split_first().filter(|_| self.is_builtin(argv)) else {
            return false;
        };
        let words: Vec<_> = operands.iter().map(|word| word.value.display()).collect();
        match first.value.exact().unwrap_or_default() {
            ":" | "true" | "false" | "test" | "[" | "break" | "continue" | "return" | "shift"
            | "unset" | "let" | "read" | "mapfile" | "readarray" | "getopts" | "wait"
            | "disown" | "unalias" => true,
            // They list what there is where nothing is to be set.
            "set" | "export" | "declare" | "typeset" | "local" | "readonly" | "alias" | "trap"
            | "shopt" => {
                words.len() > usize::from(first.value.exact() == Some("trap"))
                    && !words
                        .iter()
                        .any(|word| word.starts_with('-') && word.contains(['p', 'f', 'F', 'q']))
                    && words.iter().any(|word| !word.starts_with(['-', '+']))
            }
            _ => false,
        }
    }

    pub(in crate::resolve) fn is_enabled(&self, name: &str) -> bool {
        !self.state.disabled.iter().any(|disabled| disabled == name)
    }

    /// `break`, `continue`, `return` and `exit`: nothing more of the list runs, if it is certain
    /// that they do what they say.
    fn leave(&mut self, name: &str, operands: &[Argument]) {
        let count = match operands {
            [] => None,
            [only] if !only.splits => {
                match only.value.exact().and_then(|text| text.parse::<i64>().ok()) {
                    Some(count) => Some(count),
                    // The shell says that it is no number, and what it does then differs.
                    None if matches!(name, "exit" | "return") && only.value.has_unknown() => None,
                    None => return,
                }
            }
            _ => return,
        };
        let loops = || {
            usize::try_from(count.unwrap_or(1))
                .ok()
                .map(|n| n.min(self.loops))
        };
        self.state.left = match name {
            "break" | "continue" if self.loops == 0 => None,
            "break" => loops().filter(|count| *count > 0).map(Leave::Break),
            "continue" => loops().filter(|count| *count > 0).map(Leave::Continue),
            "return" if self.calls == 0 => None,
            "return" => Some(Leave::Return),
            _ => Some(Leave::Exit),
        };
        self.state.status = match (count, operands) {
            (Some(_), _) if matches!(name, "break" | "continue") => Some(0),
            (Some(status), _) => u8::try_from(status & 0xff).ok(),
            (None, []) if matches!(name, "break" | "continue") => Some(0),
            (None, []) => self.last_status,
            (None, _) => None,
        };
    }

    fn emit_redirections(&mut self, io: &Io, location: &Location) {
        if !io.redirections.is_empty() {
            self.emit(Vec::new(), io, Stdin::Empty, location.clone());
        }
    }
}

/// Whether a text is `name[subscript]`, or an assignment to that.
fn is_element(text: &str) -> bool {
    let target = text.split_once('=').map_or(text, |(target, _)| target);
    let element = target.strip_suffix('+').unwrap_or(target);
    let (name, subscript) = split_subscript(element);
    subscript.is_some() && shell::is_name(name)
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

/// What bash itself does.
const BUILTINS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];
