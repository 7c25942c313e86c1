//! `declare` and its kin, and arithmetic that assigns.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::state::Value;
use crate::resolve::text::{Part, Text};

impl Interpreter<'_> {
    pub(super) fn declare(&mut self, name: &str, operands: &[Argument]) {
        let mut exports = name == "export";
        let mut map = false;
        let mut reference = false;
        let mut functions = false;
        for operand in operands {
            let Some(prefix) = operand.value.parts().first() else {
                continue;
            };
            let (Part::Known(prefix) | Part::Glob(prefix)) = prefix else {
                continue;
            };
            if let Some(flags) = prefix.strip_prefix('-') {
                exports |= flags.contains('x');
                map |= flags.contains('A');
                reference |= flags.contains('n');
                functions |= flags.contains('f');
                continue;
            }
            let (variable, value) = match prefix.split_once('=') {
                Some((variable, _)) => (variable, Some(after_equals(&operand.value))),
                None => (prefix.as_str(), None),
            };
            let (variable, append) = match variable.strip_suffix('+') {
                Some(variable) => (variable, true),
                None => (variable, false),
            };
            let variable = variable.to_owned();
            if functions {
                // A bash that is started later imports it under this name.
                if exports {
                    let name = format!("BASH_FUNC_{variable}%%");
                    self.state
                        .environment
                        .set(&name, Some(Text::unknown("a function")));
                }
                continue;
            }
            match value {
                // A reference to another variable: what it gives is not followed.
                Some(value) if reference => {
                    let unknown = Text::unknown(value.display().into_owned());
                    self.state
                        .set(self.world, &variable, Value::Scalar(unknown));
                }
                Some(value) => {
                    let mut text = if append {
                        self.scalar(&variable).unwrap_or_default()
                    } else {
                        Text::empty()
                    };
                    text.append(value);
                    self.state.set(self.world, &variable, Value::Scalar(text));
                }
                None if map => {
                    let current = self.state.variable(self.world, &variable);
                    if !matches!(current, Some(Value::Map(_))) {
                        let empty = Value::Map(std::collections::BTreeMap::new());
                        self.state.set(self.world, &variable, empty);
                    }
                }
                None => {}
            }
            if exports {
                self.state.export(self.world, &variable);
            }
        }
    }

    pub(super) fn forget_assigned(&mut self, expression: &str) {
        let name: String = expression
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if !name.is_empty() {
            let unknown = Value::Scalar(Text::unknown(format!("${name}")));
            self.state.set(self.world, &name, unknown);
        }
    }
}

fn after_equals(value: &Text) -> Text {
    let mut text = Text::empty();
    for (index, part) in value.parts().iter().enumerate() {
        match part {
            Part::Known(known) | Part::Glob(known) if index == 0 => {
                text.push_known(known.split_once('=').map_or("", |(_, value)| value));
            }
            // No pathnames are expanded in an assignment.
            Part::Glob(pattern) => text.push_known(pattern),
            other => text.push(other.clone()),
        }
    }
    text
}
