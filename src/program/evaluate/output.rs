//! What a program prints to its standard output.
//!
//! Owns the text printed so far. It is kept in the store, so that ways that differ in it are joined
//! like any other value. What cannot be seen may print: it leaves a hole.

use super::Evaluator;
use crate::program::value::{Item, Value};
use crate::resolve::Text;

/// More output is not kept (bytes).
const LIMIT: usize = 1 << 16;

impl Evaluator<'_> {
    /// The program prints these values, with a text between them and one at the end.
    pub(in crate::program) fn print(&mut self, values: &[Value], between: &str, end: &str) {
        let mut parts = Vec::new();
        for value in values {
            if !parts.is_empty() {
                parts.push(Value::text(between));
            }
            parts.push(match value {
                Value::Text(_) | Value::OneOf(_) | Value::Boolean(_) => value.clone(),
                Value::Number(number) if number.fract() == 0.0 => value.clone(),
                // How anything else looks is each language's own.
                _ => Value::unknown("what the program prints"),
            });
        }
        parts.push(Value::text(end));
        match self.joined(&parts) {
            Value::Text(text) => self.add_output(text),
            _ => self.print_unseen(),
        }
    }

    /// Something runs that may print what it likes.
    pub(in crate::program) fn print_unseen(&mut self) {
        self.add_output(Text::unknown("what the program prints"));
    }

    fn add_output(&mut self, text: Text) {
        let Some(Item::Variable(Some(Value::Text(printed)))) = self.store.change(self.printed)
        else {
            return;
        };
        if printed.length() + text.length() > LIMIT {
            *printed = Text::unknown("a long output");
        } else if !(printed.has_unknown() && text.has_unknown()) {
            printed.append(text);
        }
    }

    /// All that the program printed.
    pub(super) fn output(&self) -> Text {
        match self.store.get(self.printed) {
            Some(Item::Variable(Some(Value::Text(printed)))) if !self.cut => printed.clone(),
            _ => Text::unknown("what the program prints"),
        }
    }
}
