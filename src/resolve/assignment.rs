//! Assignments: to variables, elements and arrays, and to those that the shell runs later.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::alias::Kind;
use super::interpreter::Interpreter;
use super::source::Origin;
use super::state::Value;
use super::text::Text;
use crate::shell::{Assignment, AssignmentValue, Word};

impl Interpreter<'_> {
    pub(super) fn assign(&mut self, assignment: &Assignment) {
        if self.state.dialect.is_zsh() && self.zsh_assign(assignment) {
            return;
        }
        let name = &assignment.name;
        let current = self.state.variable(self.world, name);
        let value = match (&assignment.value, &assignment.subscript) {
            (AssignmentValue::Scalar(word), None) => {
                let mut text = self.value(word);
                match current {
                    Some(Value::Scalar(before)) if assignment.append => {
                        let mut joined = before;
                        joined.append(text);
                        text = joined;
                    }
                    Some(Value::OneOf(_)) if assignment.append => {
                        text = Text::unknown(format!("${name}"));
                    }
                    _ => {}
                }
                Value::Scalar(text)
            }
            (AssignmentValue::Scalar(word), Some(subscript)) => {
                let text = self.value(word);
                if name == "BASH_ALIASES"
                    && let Some(alias) = self.value(subscript).exact()
                {
                    let value = text.exact().map(str::to_owned);
                    self.define_alias(Kind::Program, alias.to_owned(), value);
                }
                self.element(current, subscript, text, assignment.append, name)
            }
            (AssignmentValue::Array(elements), _) => {
                self.array(current.filter(|_| assignment.append), elements, name)
            }
        };
        if let Value::Scalar(text) = &value {
            self.hook(name, text);
        }
        self.state.set(self.world, name, value);
    }

    fn element(
        &mut self,
        current: Option<Value>,
        subscript: &Word,
        text: Text,
        append: bool,
        name: &str,
    ) -> Value {
        let unknown = Value::Scalar(Text::unknown(format!("${name}")));
        let joined = |before: Option<&Text>| match before {
            Some(before) if append => {
                let mut joined = before.clone();
                joined.append(text.clone());
                joined
            }
            _ => text.clone(),
        };
        match current {
            Some(Value::Map(mut map)) => {
                let key = self.value(subscript);
                let Some(key) = key.exact() else {
                    return unknown;
                };
                let value = joined(map.get(key));
                map.insert(key.to_owned(), value);
                Value::Map(map)
            }
            other => {
                let mut texts = match other {
                    Some(Value::Array(texts)) => texts,
                    Some(Value::Scalar(text)) => vec![text],
                    None | Some(Value::Unset) => Vec::new(),
                    Some(Value::OneOf(_) | Value::Map(_)) => return unknown,
                };
                let index = self
                    .number(subscript)
                    .and_then(|index| usize::try_from(index).ok());
                match index {
                    Some(index) if index < texts.len() => {
                        if let Some(slot) = texts.get_mut(index) {
                            *slot = joined(Some(&slot.clone()));
                        }
                    }
                    // A gap would shift what `[@]` gives.
                    Some(index) if index == texts.len() => texts.push(text.clone()),
                    _ => return unknown,
                }
                Value::Array(texts)
            }
        }
    }

    fn array(
        &mut self,
        before: Option<Value>,
        elements: &[(Option<Word>, Word)],
        name: &str,
    ) -> Value {
        let keyed = elements.iter().any(|(key, _)| key.is_some());
        if keyed || matches!(self.state.variable(self.world, name), Some(Value::Map(_))) {
            let mut map = match before {
                Some(Value::Map(map)) => map,
                _ => BTreeMap::new(),
            };
            for (key, word) in elements {
                let value = self.value(word);
                let key = key.as_ref().map(|key| self.value(key));
                match key.as_ref().and_then(Text::exact) {
                    Some(key) => {
                        map.insert(key.to_owned(), value);
                    }
                    None => return Value::Scalar(Text::unknown(format!("${{{name}[@]}}"))),
                }
            }
            return Value::Map(map);
        }
        let mut texts = match before {
            Some(Value::Array(texts)) => texts,
            Some(Value::Scalar(text)) => vec![text],
            _ => Vec::new(),
        };
        for (_, word) in elements {
            for field in self.fields(word) {
                if field.splits {
                    return Value::Scalar(Text::unknown(format!("${{{name}[@]}}")));
                }
                texts.push(field.text);
            }
        }
        Value::Array(texts)
    }

    /// Variables whose value the shell itself runs later.
    pub(super) fn hook(&mut self, name: &str, value: &Text) {
        match name {
            "PS0" | "PS1" | "PS2" | "PS3" | "PS4" => {
                self.conditional += 1;
                self.expand_again(value, name);
                self.conditional -= 1;
            }
            "PROMPT_COMMAND" => {
                let place = self.current.clone();
                self.conditional += 1;
                self.subshell(|shell| {
                    shell.unsure_text(value, Origin::Place(place.clone()), &place, name)
                });
                self.conditional -= 1;
            }
            _ => {}
        }
    }

    /// Variables that an arithmetic expression may set are unknown after it.
    pub(super) fn assigned_in(&mut self, expression: &Word) {
        let source = Rc::clone(&expression.source);
        if !source.contains('=') && !source.contains("++") && !source.contains("--") {
            return;
        }
        let names = source.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for name in
            names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        {
            let unknown = Value::Scalar(Text::unknown(format!("${name}")));
            self.state.set(self.world, name, unknown);
        }
    }
}
