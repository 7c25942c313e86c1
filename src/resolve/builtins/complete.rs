//! Text that a shell runs for its user: completions, key bindings, the history.

use crate::location::Location;
use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::text::Text;

impl Interpreter<'_> {
    /// `complete` and `compgen`: the command, the function and the words that they expand.
    pub(super) fn completion(&mut self, name: &str, operands: &[Argument], location: &Location) {
        for pair in operands.windows(2) {
            let [flag, value] = pair else { continue };
            match flag.value.exact() {
                Some("-C") if name == "compgen" => {
                    let mut text = value.value.clone();
                    text.push_known(" compgen ");
                    match operands.last().and_then(|word| word.value.exact()) {
                        Some(word) if operands.len() > 2 => {
                            text.push_known(&shell_words::quote(word));
                        }
                        Some(_) => text.push_known("''"),
                        None => text.append(Text::unknown("the word to complete")),
                    }
                    text.push_known(" ''");
                    self.may_run(&text, "compgen", location);
                }
                Some("-C" | "-F") => self.may_run_with(&value.value, "complete", location),
                Some("-W") => {
                    self.expand_again(&value.value, "compgen -W");
                }
                _ => {}
            }
        }
    }

    /// `history -s TEXT` and `bind -x 'KEY: TEXT'`: what `fc` or a key runs later.
    pub(super) fn remembered(&mut self, name: &str, operands: &[Argument], location: &Location) {
        let [flag, words @ ..] = operands else { return };
        match (name, flag.value.exact()) {
            ("history", Some("-s")) => {
                let mut text = Text::empty();
                for word in words {
                    text.append(word.value.clone());
                    text.push_known(" ");
                }
                self.may_run(&text, "the history", location);
            }
            ("bind", Some("-x")) => {
                for word in words {
                    let known = word.value.known_prefix();
                    let length = known.find(':').map_or(0, |at| at + 1);
                    self.may_run(&word.value.after(length), "a key", location);
                }
            }
            _ => {}
        }
    }

    /// A command that the shell runs with words of its own after it.
    pub(super) fn may_run_with(&mut self, command: &Text, by: &str, location: &Location) {
        let mut text = command.clone();
        for name in ["__guard_word_1", "__guard_word_2", "__guard_word_3"] {
            self.forget(name);
            text.push_known(&format!(" \"${name}\""));
        }
        self.may_run(&text, by, location);
    }
}
