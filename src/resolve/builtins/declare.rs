//! `declare` and its kin, and `unset`.

use std::rc::Rc;

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::parameter::{Place, from_the_end, split_subscript};
use crate::resolve::simple::exported_name;
use crate::resolve::state::{Attributes, Definition, Value, Variable};
use crate::resolve::text::{Part, Text};
use crate::shared_map::SharedMap;
use crate::shell::{self, AssignmentValue, Script, SimpleCommand, Word};

/// What the options of a declaration ask for.
#[derive(Default)]
struct Flags {
    set: Vec<char>,
    unset: Vec<char>,
    /// `-f`, `-F`: functions are meant.
    functions: bool,
    local: bool,
}

impl Flags {
    /// The options before the first name.
    fn new(name: &str, operands: &[Argument], within_function: bool) -> Self {
        let mut flags = Self {
            local: within_function && !matches!(name, "export" | "readonly"),
            ..Self::default()
        };
        match name {
            "export" => flags.set.push('x'),
            "readonly" => flags.set.push('r'),
            _ => {}
        }
        for operand in operands {
            let Some(text) = operand.value.exact() else {
                break;
            };
            match (text.strip_prefix('-'), text.strip_prefix('+')) {
                (Some(letters), _) if name == "export" && letters.contains('n') => {
                    flags.set.retain(|letter| *letter != 'x');
                    flags.unset.push('x');
                }
                (Some(letters), _) => flags.set.extend(letters.chars()),
                (_, Some(letters)) => flags.unset.extend(letters.chars()),
                _ => break,
            }
        }
        flags.functions = flags.set.contains(&'f') || flags.set.contains(&'F');
        flags.local &= !flags.set.contains(&'g');
        flags
    }

    fn apply(&self, attributes: &mut Attributes) {
        for (letters, on) in [(&self.set, true), (&self.unset, false)] {
            for letter in letters {
                match letter {
                    'x' => attributes.exported = on,
                    'i' => attributes.integer = on,
                    'l' => attributes.lower = on,
                    'u' => attributes.upper = on,
                    'n' => attributes.reference = on,
                    'r' => attributes.readonly = on,
                    _ => {}
                }
            }
        }
        if self.set.contains(&'l') {
            attributes.upper = false;
        } else if self.set.contains(&'u') {
            attributes.lower = false;
        }
    }
}

impl Interpreter<'_> {
    pub(super) fn declare(&mut self, name: &str, operands: &[Argument]) {
        // Elsewhere it is an error.
        if name == "local" && self.functions == 0 && !self.state.dialect.is_zsh() {
            self.state.status = Some(1);
            return;
        }
        let flags = Flags::new(name, operands, self.functions > 0);
        for operand in operands {
            self.declare_one(&operand.value, operand.splits, &flags);
        }
        self.state.status = Some(0);
    }

    fn declare_one(&mut self, operand: &Text, splits: bool, flags: &Flags) {
        let prefix = match operand.parts().first() {
            Some(Part::Known(prefix) | Part::Glob(prefix)) => prefix.clone(),
            // Any variable may be set. What splits is somebody's list of new ones (`export $(…)`).
            Some(Part::Unknown(_)) if splits => {
                self.state.environment.uncertain = true;
                return;
            }
            Some(Part::Unknown(_)) => {
                self.forget_variables();
                return;
            }
            None => return,
        };
        if prefix.starts_with(['-', '+']) && operand.exact().is_some() {
            return;
        }
        let (variable, value) = match prefix.split_once('=') {
            Some((variable, _)) => (variable, Some(after_equals(operand))),
            None if operand.exact().is_none() => {
                self.forget_variables();
                return;
            }
            None => (prefix.as_str(), None),
        };
        // What follows a value that is not known may be another declaration.
        if splits {
            self.state.environment.uncertain = true;
        }
        let (variable, append) = match variable.strip_suffix('+') {
            Some(variable) => (variable, true),
            None => (variable, false),
        };
        if flags.functions {
            let exports = match (flags.set.contains(&'x'), flags.unset.contains(&'x')) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => return,
            };
            if let Some(function) = self.state.functions.get(variable).cloned() {
                let exported = Definition {
                    exported: exports,
                    ..function
                };
                self.state.functions.insert(variable.to_owned(), exported);
            }
            return;
        }
        let (name, subscript) = split_subscript(variable);
        if !shell::is_name(name) {
            return;
        }
        let name = name.to_owned();
        let place = subscript.map(|text| Place::Element(Text::known(text)));
        if flags.set.contains(&'g') && self.is_shadowed(&name) {
            let value = value.filter(|_| !append && place.is_none());
            self.declare_global(&name, value, flags);
            return;
        }
        self.declare_name(&name, flags);
        if let Some(value) = value {
            if let Some(text) = value.exact().filter(|text| text.starts_with('('))
                && (flags.set.contains(&'a') || flags.set.contains(&'A'))
                && let Some(elements) = array_in(text, self.state.dialect)
            {
                self.store_array(&name, &elements, append);
            } else {
                self.declared_value(&name, place.as_ref(), value, append);
            }
        }
        let mut attributes = self.state.attributes(self.world, &name);
        flags.apply(&mut attributes);
        let world = self.world;
        self.state.declare(world, &name, attributes);
        if flags.unset.contains(&'x') {
            self.state.environment.set(&name, None);
        }
    }

    /// The value of a declaration, whatever the attribute that it comes with forbids later.
    fn declared_value(&mut self, name: &str, place: Option<&Place>, value: Text, append: bool) {
        let world = self.world;
        let attributes = self.state.attributes(world, name);
        if attributes.reference {
            self.state.bind(name, Value::Scalar(value), attributes);
        } else {
            self.store(name, place, value, append);
        }
    }

    /// Makes a name a variable of the function, and gives it the attributes that its value needs.
    fn declare_name(&mut self, name: &str, flags: &Flags) {
        let world = self.world;
        let mut attributes = self.state.attributes(world, name);
        if flags.local && !attributes.readonly && !self.is_local(name) {
            self.state.shadow(name);
            attributes = Attributes {
                exported: attributes.exported,
                ..Attributes::default()
            };
            self.state.bind(name, Value::Unset, attributes);
            if name == "OPTIND" {
                self.state.option_at = Some(0);
            }
        }
        let readonly = attributes.readonly;
        flags.apply(&mut attributes);
        attributes.readonly = readonly;
        let current = self.state.variable(world, name).unwrap_or(Value::Unset);
        let value = match current {
            Value::Unset if flags.set.contains(&'A') => Value::Map(SharedMap::default()),
            Value::Unset if flags.set.contains(&'a') => Value::Array(SharedMap::default()),
            Value::Scalar(text) if flags.set.contains(&'a') && !text.has_unknown() => {
                Value::Array(SharedMap::from_iter([(0, text)]))
            }
            other => other,
        };
        self.state.bind(name, value, attributes);
    }

    fn is_shadowed(&self, name: &str) -> bool {
        let mut names = self.state.shadowed.iter();
        names.any(|(shadowed, _)| shadowed == name)
    }

    /// `declare -g` where a function has its own variable of that name.
    fn declare_global(&mut self, name: &str, value: Option<Text>, flags: &Flags) {
        let mut attributes = Attributes::default();
        flags.apply(&mut attributes);
        let changes = attributes != Attributes::default();
        let value = match value.filter(|_| !changes) {
            Some(text) => Value::Scalar(text),
            None => Value::unknown(name),
        };
        let shadowed = Rc::make_mut(&mut self.state.shadowed);
        let mut outermost = shadowed.iter_mut().filter(|(known, _)| known == name);
        if let Some((_, before)) = outermost.next() {
            *before = Some(Variable { value, attributes });
        }
    }

    /// Whether the function that runs has made this name its own already.
    fn is_local(&self, name: &str) -> bool {
        let own = self.state.shadowed.iter().skip(self.scope);
        own.into_iter().any(|(shadowed, _)| shadowed == name)
    }

    /// The arrays that a declaration sets (`local a=(…)`): what they hold is computed before the
    /// names become the function's own.
    pub(in crate::resolve) fn declared_arrays(
        &mut self,
        command: &SimpleCommand,
        argv: &[Argument],
    ) -> Vec<(String, Value)> {
        let name = argv
            .first()
            .and_then(|word| word.value.exact())
            .unwrap_or_default();
        let flags = Flags::new(name, argv.get(1..).unwrap_or_default(), self.functions > 0);
        let mut found = Vec::new();
        for assignment in &command.assignments {
            if let AssignmentValue::Array(elements) = &assignment.value {
                let keyed = flags.set.contains(&'A');
                let mut attributes = Attributes::default();
                flags.apply(&mut attributes);
                let value = self.array_value(
                    &assignment.name,
                    elements,
                    assignment.append,
                    keyed,
                    attributes,
                );
                found.push((assignment.name.clone(), value));
            }
        }
        found
    }

    pub(in crate::resolve) fn declare_array(&mut self, name: &str, value: Value) {
        let Some(name) = self.state.target(name) else {
            return;
        };
        let attributes = self.state.attributes(self.world, &name);
        self.state.bind(&name, value, attributes);
    }

    pub(super) fn unset(&mut self, operands: &[Argument]) {
        let (mut functions, mut variables, mut itself) = (true, true, false);
        for operand in operands {
            let Some(text) = operand.value.exact().filter(|_| !operand.splits) else {
                // Any of them.
                self.forget_variables();
                continue;
            };
            match text {
                "-f" => variables = false,
                "-v" => functions = false,
                "-n" => itself = true,
                "--" => {}
                _ => {
                    let set = self.state.variable(self.world, text).is_some();
                    if variables {
                        self.unset_variable(text, itself);
                    }
                    if functions && (!variables || !set) {
                        self.state.functions.remove(text);
                        let exported = exported_name(text);
                        if self.state.environment.get(self.world, &exported).is_some() {
                            self.state.environment.set(&exported, None);
                        }
                    }
                }
            }
        }
        self.state.status = Some(0);
    }

    fn unset_variable(&mut self, text: &str, itself: bool) {
        let target = if itself {
            Some(text.to_owned())
        } else {
            let (name, subscript) = split_subscript(text);
            self.state.target(name).map(|name| match subscript {
                Some(subscript) => format!("{name}[{subscript}]"),
                None => name,
            })
        };
        let Some(target) = target else {
            self.forget_variables();
            return;
        };
        let (name, subscript) = split_subscript(&target);
        if self.state.attributes(self.world, name).readonly {
            return;
        }
        let world = self.world;
        let Some(subscript) = subscript else {
            self.state.unset(world, name);
            return;
        };
        let value = match self.state.variable(world, name) {
            Some(Value::Map(mut elements)) => {
                elements.remove(&subscript.replace(['"', '\''], ""));
                Value::Map(elements)
            }
            Some(Value::Array(elements)) if elements.values().any(Text::has_glob) => {
                Value::unknown(name)
            }
            Some(Value::Array(mut elements)) => match self.number_of(&Text::known(subscript)) {
                Some(index) => {
                    let index = from_the_end(&elements, index);
                    elements.remove(&index);
                    Value::Array(elements)
                }
                None => Value::unknown(name),
            },
            Some(Value::Unset) | None => return,
            Some(Value::Scalar(_) | Value::OneOf(_)) => Value::unknown(name),
        };
        self.state.set(world, name, value);
    }
}

/// The elements of `(a b)`, given as text.
type Elements = Vec<(Option<Word>, Word)>;

fn array_in(text: &str, dialect: shell::Dialect) -> Option<Elements> {
    let Script { list, .. } = shell::parse(&format!("a={text}"), dialect);
    let [shell::Node::Simple(command)] = list.as_slice() else {
        return None;
    };
    match command.assignments.as_slice() {
        [only] if command.words.is_empty() => match &only.value {
            AssignmentValue::Array(elements) => Some(elements.clone()),
            AssignmentValue::Scalar(_) => None,
        },
        _ => None,
    }
}

fn after_equals(value: &Text) -> Text {
    let mut text = Text::empty();
    for (index, part) in value.parts().iter().enumerate() {
        match part {
            Part::Known(known) | Part::Glob(known) if index == 0 => {
                text.push_known(known.split_once('=').map_or("", |(_, value)| value));
            }
            other => text.push(other.clone()),
        }
    }
    text
}
