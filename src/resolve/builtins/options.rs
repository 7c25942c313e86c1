//! `set` and `shopt`: options and positional parameters.

use std::rc::Rc;

use crate::location::Location;
use crate::resolve::command::Argument;
use crate::resolve::interpreter::{ENTRY_WORK, Interpreter};
use crate::resolve::text::Text;

impl Interpreter<'_> {
    pub(super) fn set_options(&mut self, operands: &[Argument]) {
        self.state.status = Some(0);
        let mut index = 0;
        while let Some(operand) = operands.get(index) {
            index += 1;
            let Some(text) = operand.value.exact().filter(|_| !operand.splits) else {
                self.state.arguments = None;
                self.state.options.forget();
                return;
            };
            let on = text.starts_with('-');
            match text {
                "--" => {
                    self.set_arguments(operands.get(index..).unwrap_or_default());
                    return;
                }
                "-" => {
                    let rest = operands.get(index..).unwrap_or_default();
                    if !rest.is_empty() {
                        self.set_arguments(rest);
                    }
                    return;
                }
                _ if text.len() > 1 && text.starts_with(['-', '+']) => {
                    for letter in text.chars().skip(1) {
                        self.state.options.set_letter(letter, on);
                        if letter == 'o' {
                            match operands.get(index).map(|name| name.value.exact()) {
                                Some(Some(name)) => self.state.options.set_named(name, on),
                                Some(None) => self.state.options.forget(),
                                None => {}
                            }
                            index += 1;
                        }
                    }
                }
                _ => {
                    self.set_arguments(operands.get(index - 1..).unwrap_or_default());
                    return;
                }
            }
        }
    }

    fn set_arguments(&mut self, operands: &[Argument]) {
        self.state.arguments = self.positional(operands);
    }

    pub(super) fn shell_options(&mut self, operands: &[Argument]) {
        let mut on = None;
        for operand in operands {
            match operand.value.exact() {
                Some("-s" | "-so" | "-os") => on = Some(true),
                Some("-u" | "-uo" | "-ou") => on = Some(false),
                Some(name) => {
                    if let Some(on) = on {
                        self.state.options.set_named(name, on);
                        self.state.status = Some(0);
                    }
                }
                None => self.state.options.forget(),
            }
        }
    }

    pub(super) fn shift(&mut self, operands: &[Argument]) {
        let count = match operands {
            [] => Some(1),
            [only] if !only.splits => only.value.exact().and_then(|text| text.parse().ok()),
            _ => None,
        };
        let arguments = self.state.arguments.take();
        let known = arguments.zip(count).filter(|(words, count)| {
            !words.iter().take(*count).any(Text::has_glob)
                && (*count <= words.len() || !words.iter().any(Text::has_glob))
        });
        self.state.status = known
            .as_ref()
            .map(|(arguments, count): &(Rc<[Text]>, usize)| u8::from(*count > arguments.len()));
        self.state.arguments = known.map(|(arguments, count)| match arguments.get(count..) {
            Some(rest) => Rc::from(rest),
            None => arguments,
        });
        let left = self.state.arguments.as_ref().map_or(0, |rest| rest.len());
        self.spend(left * ENTRY_WORK);
    }

    /// `enable -n NAME`: the name is a program again; `enable -f FILE`: a builtin that nobody sees.
    pub(super) fn enable(&mut self, operands: &[Argument], location: &Location) {
        let words: Vec<Option<&str>> = operands.iter().map(|o| o.value.exact()).collect();
        let flags: String = words
            .iter()
            .flatten()
            .filter(|word| word.starts_with('-'))
            .copied()
            .collect();
        if flags.contains('f') {
            let reason = "`enable -f` loads a builtin that guard cannot see into".to_owned();
            self.sink.opaque(reason, location.clone());
        }
        for name in words
            .iter()
            .filter(|word| word.is_none_or(|word| !word.starts_with('-')))
        {
            match name {
                Some(name) if flags.contains('n') => {
                    let disabled = Rc::make_mut(&mut self.state.disabled);
                    disabled.push((*name).to_owned());
                }
                Some(name) => Rc::make_mut(&mut self.state.disabled).retain(|known| known != name),
                None => {
                    let reason = "`enable` changes a builtin that is known only when it runs";
                    self.sink.opaque(reason.to_owned(), location.clone());
                }
            }
        }
    }
}
