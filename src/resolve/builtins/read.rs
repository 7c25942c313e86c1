//! Builtins that fill variables from their input: `read`, `mapfile`, `printf -v`.

use crate::location::Location;
use crate::resolve::command::{Argument, Stdin};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::pure;
use crate::resolve::source::Origin;
use crate::resolve::state::Value;
use crate::resolve::text::Text;

impl Interpreter<'_> {
    pub(super) fn read(&mut self, name: &str, operands: &[Argument], stdin: &Stdin) {
        let mut names = Vec::new();
        let mut skip = false;
        for operand in operands {
            let Some(text) = operand.value.exact() else {
                continue;
            };
            if std::mem::take(&mut skip) {
                continue;
            }
            if let Some(flags) = text.strip_prefix('-') {
                skip = flags.ends_with(['d', 'i', 'n', 'N', 'p', 't', 'u', 'O', 's', 'C', 'c'])
                    && !flags.ends_with('s');
                if flags.ends_with('a') {
                    continue;
                }
            } else {
                names.push(text.to_owned());
            }
        }
        if names.is_empty() {
            names.push(if name == "read" { "REPLY" } else { "MAPFILE" }.to_owned());
        }
        // One known line into one variable, outside of loops, is as good as an assignment.
        let line = match (stdin, name, self.conditional, names.as_slice()) {
            (Stdin::Text(text), "read", 0, [_]) => text
                .exact()
                .map(|text| text.lines().next().unwrap_or_default().trim().to_owned()),
            _ => None,
        };
        for variable in names {
            let text = match &line {
                Some(line) => Text::known(line.clone()),
                None => Text::unknown(format!("${variable}")),
            };
            self.state.set(self.world, &variable, Value::Scalar(text));
        }
    }

    /// `mapfile -C callback`: the text that runs for every so many lines, with two more words.
    pub(super) fn call_back(&mut self, operands: &[Argument], location: &Location) {
        let given = operands.windows(2).find_map(|pair| match pair {
            [flag, callback] if flag.value.exact() == Some("-C") => Some(&callback.value),
            _ => None,
        });
        if let Some(callback) = given.cloned() {
            let mut text = callback;
            text.push_known(" 0 line");
            let place = Origin::Place(location.clone());
            self.conditional += 1;
            self.unsure_text(&text, place, location, "mapfile");
            self.conditional -= 1;
        }
    }

    pub(super) fn printf_to_variable(
        &mut self,
        operands: &[Argument],
        stdin: &Stdin,
    ) -> Option<Text> {
        let [flag, variable, rest @ ..] = operands else {
            return None;
        };
        if flag.value.exact() != Some("-v") {
            return None;
        }
        let variable = variable.value.exact()?.to_owned();
        let mut argv = vec![Argument::known("printf", flag.location.clone())];
        argv.extend(rest.iter().cloned());
        let text = pure::output(&argv, stdin, &self.state.directory, self.world);
        self.state.set(self.world, &variable, Value::Scalar(text));
        Some(Text::empty())
    }
}
