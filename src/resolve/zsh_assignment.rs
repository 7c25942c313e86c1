//! Assignments as zsh makes them: pairs for associative arrays, elements from 1 on, arrays tied to
//! variables, and parameters that are the shell's own tables.

use std::rc::Rc;

use super::alias::Kind;
use super::interpreter::Interpreter;
use super::state::{Function, Value};
use super::text::Text;
use crate::shared_map::SharedMap;
use crate::shell::{self, Assignment, AssignmentValue, SimpleCommand, Word};

impl Interpreter<'_> {
    /// True if the assignment was one that zsh makes otherwise than bash, and was made.
    pub(super) fn zsh_assign(&mut self, assignment: &Assignment) -> bool {
        let name = assignment.name.as_str();
        let unknown = Value::Scalar(Text::unknown(format!("${name}")));
        let value = match (&assignment.value, &assignment.subscript) {
            (AssignmentValue::Scalar(word), Some(key)) => {
                let text = self.value(word);
                match self.zsh_element(name, key, text, assignment.append) {
                    Some(value) => value,
                    None => unknown,
                }
            }
            (AssignmentValue::Scalar(word), None) => match self.state.variable(self.world, name) {
                Some(Value::Array(elements)) if assignment.append => {
                    let text = self.value(word);
                    Value::list(elements.values().cloned().chain([text]))
                }
                _ => return false,
            },
            (AssignmentValue::Array(elements), None) => {
                match self.zsh_array(name, elements, assignment.append) {
                    Some(value) => value,
                    None => return false,
                }
            }
            (AssignmentValue::Array(elements), Some(_)) => {
                for (_, word) in elements {
                    let _ = self.fields(word);
                }
                unknown
            }
        };
        if let Value::Array(elements) = &value {
            let texts: Vec<Text> = elements.values().cloned().collect();
            self.tied(name, &texts);
        } else if name == "path" {
            let unknown = Value::Scalar(Text::unknown("$PATH"));
            self.state.set(self.world, "PATH", unknown);
        }
        self.state.set(self.world, name, value);
        true
    }

    /// `typeset -A m=(…)`: that it is an associative array decides how its elements are read.
    pub(super) fn declare_maps(&mut self, command: &SimpleCommand) {
        let associative = command.words.iter().any(|word| {
            word.source.starts_with('-')
                && !word.source.starts_with("--")
                && word.source.contains('A')
        });
        if !associative {
            return;
        }
        for assignment in &command.assignments {
            let current = self.state.variable(self.world, &assignment.name);
            if !matches!(current, Some(Value::Map(_))) {
                let empty = Value::Map(SharedMap::default());
                self.state.set(self.world, &assignment.name, empty);
            }
        }
    }

    /// What an array means beside its own name.
    fn tied(&mut self, name: &str, texts: &[Text]) {
        if name == "path" {
            let mut joined = Text::empty();
            for (index, text) in texts.iter().enumerate() {
                if index > 0 {
                    joined.push_known(":");
                }
                joined.append(text.clone());
            }
            self.state.set(self.world, "PATH", Value::Scalar(joined));
        } else if name == "argv" {
            self.state.arguments = Some(Rc::from(texts));
        } else if name.ends_with("_functions") {
            let place = self.current.clone();
            for text in texts {
                self.may_run(text, "a hook", &place);
            }
        }
    }

    /// One element; `None` if what comes of it is not known.
    fn zsh_element(&mut self, name: &str, key: &Word, text: Text, append: bool) -> Option<Value> {
        if let Some(value) = self.table(name, key, &text) {
            return Some(value);
        }
        let current = self.state.variable(self.world, name);
        let key = self.value(key);
        let key = key.exact()?;
        match current {
            Some(Value::Map(mut map)) => {
                let before = map.get(key).filter(|_| append).cloned();
                let mut value = before.unwrap_or_default();
                value.append(text);
                map.insert(key.to_owned(), value);
                Some(Value::Map(map))
            }
            Some(Value::Array(elements)) => {
                let mut texts: Vec<Text> = elements.values().cloned().collect();
                let base = usize::from(self.state.dialect.lists_arrays() == Some(true));
                let index = key.parse::<usize>().ok()?.checked_sub(base)?;
                if index == texts.len() {
                    texts.push(Text::empty());
                }
                let slot = texts.get_mut(index)?;
                if !append {
                    *slot = Text::empty();
                }
                slot.append(text);
                Some(Value::list(texts))
            }
            // A character of a text.
            _ => None,
        }
    }

    /// `functions[f]=…`, `aliases[a]=…`, `options[o]=on`: the shell's own tables.
    fn table(&mut self, name: &str, key: &Word, text: &Text) -> Option<Value> {
        let key = match name {
            "functions" | "aliases" | "galiases" | "options" | "commands" => self.value(key),
            _ => return None,
        };
        let unknown = Value::Scalar(Text::unknown(format!("${name}")));
        let (Some(key), Some(known)) = (key.exact(), text.exact()) else {
            let reason = format!("`{name}` is changed in a way that is known only when it runs");
            self.sink.opaque(reason, self.current.clone());
            return Some(unknown);
        };
        match name {
            "functions" => {
                let script = shell::parse(&format!("{{\n{known}\n}}"), self.state.dialect);
                for hole in &script.holes {
                    self.sink.opaque(hole.reason.clone(), self.current.clone());
                }
                if let Some(body) = script.list.into_iter().next() {
                    let place = super::source::Origin::Place(self.current.clone());
                    let function = Function {
                        body: Rc::new(body),
                        source: super::source::Source::new(known, place),
                    };
                    self.define(key, function);
                }
            }
            "options" => {
                self.state.dialect = self.state.dialect.with_option(key, known == "on");
            }
            "commands" => {
                let script = shell::parse(
                    &format!("{} \"$@\"", shell_words::quote(known)),
                    self.state.dialect,
                );
                if let Some(body) = script.list.into_iter().next() {
                    let function = Function {
                        body: Rc::new(body),
                        source: Rc::clone(&self.source),
                    };
                    self.define(key, function);
                }
            }
            _ => {
                let kind = if name == "aliases" {
                    Kind::Program
                } else {
                    Kind::Global
                };
                self.define_alias(kind, key.to_owned(), Some(known.to_owned()));
            }
        }
        Some(unknown)
    }

    /// A whole array; `None` if it is made as in bash.
    fn zsh_array(
        &mut self,
        name: &str,
        elements: &[(Option<Word>, Word)],
        append: bool,
    ) -> Option<Value> {
        if elements.iter().any(|(key, _)| key.is_some()) {
            return None;
        }
        let current = match self.state.variable(self.world, name) {
            None if name == "path" => self
                .scalar("PATH")
                .and_then(|path| Some(Value::list(path.exact()?.split(':').map(Text::known)))),
            current => current,
        };
        let mut texts = Vec::new();
        for (_, word) in elements {
            for field in self.fields(word) {
                // A pattern in an array is the names that fit it.
                if field.splits || field.text.has_glob() {
                    return Some(Value::Scalar(Text::unknown(format!("${name}"))));
                }
                texts.push(field.text);
            }
        }
        match current {
            Some(Value::Map(before)) => {
                let mut map = if append { before } else { SharedMap::default() };
                let mut texts = texts.into_iter();
                while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
                    let Some(key) = key.exact() else {
                        return Some(Value::Scalar(Text::unknown(format!("${name}"))));
                    };
                    map.insert(key.to_owned(), value);
                }
                Some(Value::Map(map))
            }
            Some(Value::Array(before)) if append => {
                Some(Value::list(before.values().cloned().chain(texts)))
            }
            Some(Value::Scalar(before)) if append => {
                texts.insert(0, before);
                Some(Value::list(texts))
            }
            Some(Value::OneOf(_)) if append => {
                Some(Value::Scalar(Text::unknown(format!("${name}"))))
            }
            _ => Some(Value::list(texts)),
        }
    }
}
