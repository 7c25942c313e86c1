//! zsh's own builtins: options, emulation, hooks, aliases of other kinds, words that prefix others.

use super::super::command::{Argument, Stdin};
use super::super::interpreter::Interpreter;
use super::super::options::ShellOption;
use super::super::redirection::Io;
use super::super::source::Origin;
use super::super::state::Value;
use super::super::text::Text;
use crate::location::Location;
use crate::shell::Dialect;

impl Interpreter<'_> {
    /// Follows a builtin that only zsh has, or has otherwise; `None` if the common ones are to be
    /// looked at.
    pub(super) fn zsh_builtin(
        &mut self,
        name: &str,
        argv: &[Argument],
        io: &Io,
        stdin: &Stdin,
        location: &Location,
    ) -> Option<Option<Text>> {
        let operands = argv.get(1..).unwrap_or_default();
        match name {
            // `-` and its kin change how the words after them are read, not what they are.
            "noglob" | "nocorrect" | "-" => {
                let rest = operands.to_vec();
                let (stdin, location) = (stdin.clone(), location.clone());
                return Some(Some(
                    self.deeper(|shell| shell.run(rest, io, stdin, location)),
                ));
            }
            // zsh/files has them under these names, too.
            _ if name.starts_with("zf_") => {
                let mut argv = argv.to_vec();
                if let Some(first) = argv.first_mut() {
                    first.value = Text::known(name.trim_start_matches("zf_"));
                }
                let (stdin, location) = (stdin.clone(), location.clone());
                return Some(Some(
                    self.deeper(|shell| shell.run(argv, io, stdin, location)),
                ));
            }
            "setopt" | "unsetopt" => self.options(operands, name == "setopt"),
            "set" if is(operands.first(), &["-o", "+o"]) => {
                let on = is(operands.first(), &["-o"]);
                self.options(operands.get(1..).unwrap_or_default(), on);
            }
            "set" if is(operands.first(), &["-A", "+A"]) => {
                if let Some(variable) = operands.get(1).and_then(|word| word.value.exact()) {
                    let rest = operands.get(2..).unwrap_or_default();
                    let value = if rest.iter().any(|word| word.splits) {
                        Value::Scalar(Text::unknown(format!("${variable}")))
                    } else {
                        Value::list(rest.iter().map(|word| word.value.clone()))
                    };
                    let variable = variable.to_owned();
                    self.state.set(self.world, &variable, value);
                }
            }
            "emulate" => return Some(Some(self.emulate(operands, io, location))),
            "integer" | "float" | "private" => {
                self.declare("typeset", operands);
            }
            "unfunction" => {
                for operand in operands {
                    if let Some(function) = operand.value.exact() {
                        self.state.functions.remove(function);
                    }
                }
            }
            "add-zsh-hook" => {
                let mut words = operands
                    .iter()
                    .filter(|word| !word.value.known_prefix().starts_with('-'));
                if let Some(function) = words.nth(1) {
                    self.may_run(&function.value, "a hook", location);
                }
            }
            "sched" => {
                let rest = operands.get(1..).unwrap_or_default();
                let text = joined(rest);
                self.may_run(&text, "sched", location);
            }
            "zargs" => {
                self.zargs(operands, io, location);
            }
            // `hash NAME=FILE`: from now on NAME is that file.
            "hash" if !is(operands.first(), &["-d"]) => {
                for operand in operands {
                    if let Some((name, _)) = operand.value.known_prefix().split_once('=') {
                        let name = name.to_owned();
                        self.hash(&name, operand.value.after(name.len() + 1));
                    }
                }
            }
            "hash" => {
                for operand in operands.get(1..).unwrap_or_default() {
                    if let Some((name, path)) =
                        operand.value.exact().and_then(|text| text.split_once('='))
                    {
                        let value = Value::Scalar(Text::known(path));
                        self.state.set(self.world, name, value);
                    }
                }
            }
            "zmodload" if operands.iter().any(|word| is(Some(word), &["zsh/mapfile"])) => {
                let reason = "zsh/mapfile makes assignments write and delete files";
                self.sink.opaque(reason.to_owned(), location.clone());
            }
            "shift" if operands.iter().any(|word| !is_number(word)) => {
                for operand in operands.iter().filter(|word| !is_number(word)) {
                    self.forget_named(&operand.value);
                }
            }
            "read"
                if operands.iter().any(|word| {
                    word.value.known_prefix().starts_with('-')
                        && word
                            .value
                            .known_prefix()
                            .contains(['A', 'k', 'q', 'e', 'E'])
                        || word.value.known_prefix().contains('?')
                }) =>
            {
                for operand in operands {
                    let text = operand.value.known_prefix();
                    let name = text.split_once('?').map_or(text, |(name, _)| name);
                    if !name.starts_with('-') {
                        self.forget(name);
                    }
                }
            }
            "vared" | "zstat" | "sysread" | "zparseopts" | "zformat" => {
                for operand in operands {
                    if !operand.value.known_prefix().starts_with('-') {
                        self.forget_named(&operand.value);
                    }
                }
            }
            _ => return None,
        }
        Some(None)
    }

    fn forget_named(&mut self, name: &Text) {
        match name.exact() {
            Some(name) => self.forget(name),
            None => self.state.environment.uncertain = true,
        }
    }

    fn options(&mut self, operands: &[Argument], on: bool) {
        for operand in operands {
            match operand.value.exact().filter(|_| !operand.splits) {
                Some("-m" | "-L" | "-R" | "-LR") | None => {
                    self.state.dialect = self.state.dialect.unsure();
                }
                Some("-o" | "+o") => {}
                Some("errexit" | "ERR_EXIT" | "err_exit" | "-e") => {
                    self.state.options.set(ShellOption::ErrExit, on);
                }
                Some(name) => self.state.dialect = self.state.dialect.with_option(name, on),
            }
        }
    }

    /// `emulate sh`, `emulate zsh -c TEXT`.
    fn emulate(&mut self, operands: &[Argument], io: &Io, location: &Location) -> Text {
        let mut words = operands
            .iter()
            .filter(|word| !is(Some(word), &["-L", "-R", "-LR", "-RL"]));
        let Some(name) = words.next() else {
            return Text::unknown("emulate");
        };
        let emulated = match name.value.exact() {
            Some(name) => self.state.dialect.emulating(name),
            None => self.state.dialect.unsure(),
        };
        let rest: Vec<&Argument> = words.collect();
        let text = rest
            .iter()
            .position(|word| is(Some(word), &["-c"]))
            .and_then(|at| rest.get(at + 1));
        let Some(text) = text else {
            self.state.dialect = emulated;
            return Text::empty();
        };
        let outer: Dialect = std::mem::replace(&mut self.state.dialect, emulated);
        let output = self.eval(&[(*text).clone()], io, location);
        self.state.dialect = outer;
        output
    }

    /// A text that the shell runs at some later time, or never.
    pub(in crate::resolve) fn may_run(&mut self, text: &Text, by: &str, location: &Location) {
        self.aside(|shell| shell.unsure_text(text, Origin::Place(location.clone()), location, by));
    }

    /// `zargs -n 1 -- a b -- rm -f`: the command gets what stands between the hyphens.
    fn zargs(&mut self, operands: &[Argument], io: &Io, location: &Location) {
        let ends: Vec<usize> = operands
            .iter()
            .enumerate()
            .filter(|(_, word)| is(Some(word), &["--"]))
            .map(|(at, _)| at)
            .collect();
        let (arguments, command) = match ends.as_slice() {
            [] => (operands, &[][..]),
            [only] => (
                operands.get(..*only).unwrap_or_default(),
                operands.get(only + 1..).unwrap_or_default(),
            ),
            [first, second, ..] => (
                operands.get(first + 1..*second).unwrap_or_default(),
                operands.get(second + 1..).unwrap_or_default(),
            ),
        };
        if command.is_empty() {
            return;
        }
        let mut argv = command.to_vec();
        // How many of them each run gets depends on the options: any of them.
        argv.push(Argument {
            value: joined(arguments),
            splits: false,
            verbatim: None,
            location: location.clone(),
        });
        let several = arguments.len() != 1 || arguments.iter().any(|word| word.splits);
        if several {
            argv.pop();
            argv.extend(arguments.iter().map(|word| Argument {
                splits: true,
                ..word.clone()
            }));
        }
        let location = location.clone();
        self.deeper(|shell| shell.run(argv, io, Stdin::Inherited, location));
    }
}

fn is(word: Option<&Argument>, any: &[&str]) -> bool {
    word.and_then(|word| word.value.exact())
        .is_some_and(|text| any.contains(&text))
}

fn is_number(word: &Argument) -> bool {
    word.value
        .exact()
        .is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn joined(words: &[Argument]) -> Text {
    let mut text = Text::empty();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_known(" ");
        }
        text.append(word.value.clone());
    }
    text
}
