//! Binding values: to names, members, items and the parts of lists and maps.

use std::rc::Rc;

use super::Evaluator;
use crate::program::tree::{Binding, Expression, ExpressionKind, Pattern};
use crate::program::value::{Item, Value};

impl Evaluator<'_> {
    pub(in crate::program) fn assign(&mut self, pattern: &Pattern, value: Value, binding: Binding) {
        match pattern {
            Pattern::Target(target) => self.assign_to(target, value, binding),
            Pattern::List(patterns) => self.assign_list(patterns, &value, binding),
            Pattern::Map(patterns) => self.assign_map(patterns, &value, binding),
            Pattern::Rest(pattern) => self.assign(pattern, value, binding),
            Pattern::Default(pattern, default) => {
                let value = match value {
                    Value::Null => self.expression(default),
                    Value::Unknown(_) => {
                        let default = self.expression(default);
                        value.or(default)
                    }
                    value => value,
                };
                self.assign(pattern, value, binding);
            }
        }
    }

    fn assign_to(&mut self, target: &Expression, value: Value, binding: Binding) {
        match &target.kind {
            ExpressionKind::Name(name) => self.bind(name, value, binding),
            ExpressionKind::Member { object, name } => {
                let object = self.expression(object);
                self.put(&object, Some(name), value);
            }
            ExpressionKind::Index { object, index } => {
                let object = self.expression(object);
                let index = self.expression(index);
                if let (Value::List(id), Some(at)) = (&object, index.number()) {
                    self.put_item(*id, at, value);
                } else {
                    let key = self.to_text(&index);
                    self.put(&object, key.exact(), value);
                }
            }
            _ => {
                self.expression(target);
            }
        }
    }

    fn put_item(&mut self, list: usize, at: f64, value: Value) {
        if let Some(Item::List { items, open }) = self.store.change(list) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "checked to lie in the list"
            )]
            if at >= 0.0 && at < items.len() as f64 {
                items[at as usize] = value;
            } else if at >= 0.0 && (at - items.len() as f64).abs() < f64::EPSILON {
                items.push(value);
            } else {
                items.push(value);
                *open = true;
            }
        }
    }

    /// `object.key = value`; a key that is not known may be any.
    pub(in crate::program) fn put(&mut self, object: &Value, key: Option<&str>, value: Value) {
        match object {
            Value::Map(id) | Value::Instance(id) => match self.store.change(*id) {
                Some(Item::Map { pairs, open }) => match key {
                    Some(key) => put(pairs, key, value),
                    None => *open = true,
                },
                Some(Item::Instance { members, .. }) => {
                    if let Some(key) = key {
                        put(members, key, value);
                    }
                }
                _ => {}
            },
            Value::Class(class) => {
                if let Some(key) = key {
                    let members = Rc::clone(&class.members);
                    self.bind_in(&members, key, value);
                }
            }
            Value::Name(name) => {
                let Some(key) = key else {
                    return;
                };
                if name.path == self.language.environment {
                    let environment = Value::Map(self.environment);
                    self.put(&environment, Some(key), value);
                } else if name.calls.is_empty() {
                    // A library's name means something else from here on.
                    let path = format!("{}.{key}", name.path);
                    self.bind(&path, value, Binding::Nearest);
                }
            }
            Value::OneOf(values) => {
                for object in values.iter() {
                    self.put(object, key, value.clone());
                }
            }
            _ => {}
        }
    }

    fn assign_list(&mut self, patterns: &[Pattern], value: &Value, binding: Binding) {
        let (items, open) = match value {
            Value::List(_) | Value::Text(_) => self.items(value, true, Default::default()),
            _ => (Vec::new(), true),
        };
        let rest = patterns
            .iter()
            .position(|pattern| matches!(pattern, Pattern::Rest(_)));
        let after_rest = rest.map_or(0, |rest| patterns.len() - rest - 1);
        for (index, pattern) in patterns.iter().enumerate() {
            if let Pattern::Rest(inner) = pattern {
                let end = items.len().saturating_sub(after_rest);
                let taken = items
                    .get(index..end.max(index))
                    .unwrap_or_default()
                    .to_vec();
                let list = self.list(taken, open);
                self.assign(inner, list, binding);
                continue;
            }
            let at = match rest {
                Some(rest) if index > rest => (items.len() + index).checked_sub(patterns.len()),
                _ => Some(index),
            };
            let found = at.and_then(|at| items.get(at)).cloned();
            let found = match (found, open) {
                (Some(found), _) => found,
                (None, false) if matches!(value, Value::List(_)) => Value::Null,
                (None, _) => self.part_of(value, pattern),
            };
            self.assign(pattern, found, binding);
        }
    }

    /// Something that is taken out of a value which is not known.
    fn part_of(&mut self, value: &Value, pattern: &Pattern) -> Value {
        match (value, pattern) {
            (Value::Name(name), _) => self.extended(&Rc::clone(name), "each"),
            (_, Pattern::Target(target)) => self.unknown(target.span),
            _ => Value::unknown("part of a value"),
        }
    }

    fn assign_map(
        &mut self,
        patterns: &[(Option<Expression>, Pattern)],
        value: &Value,
        binding: Binding,
    ) {
        for (key, pattern) in patterns {
            let Some(key) = key else {
                let rest = value.clone();
                self.assign(pattern, rest, binding);
                continue;
            };
            let span = key.span;
            let key = self.expression(key);
            let found = self.index(value, &key, span);
            let found = match (&found, value) {
                // A key that a known map does not have.
                (Value::Bound(_), Value::Map(_)) => Value::Null,
                _ => found,
            };
            self.assign(pattern, found, binding);
        }
    }
}

fn put(pairs: &mut Vec<(String, Value)>, key: &str, value: Value) {
    match pairs.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => *known = value,
        None => pairs.push((key.to_owned(), value)),
    }
}
