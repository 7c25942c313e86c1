//! Assignments: to variables, elements and arrays, and to those that the shell runs later.

use super::alias::Kind;
use super::arithmetic::{self, Variables};
use super::expand::Field;
use super::interpreter::{DEPTH_LIMIT, ENTRY_WORK, Interpreter};
use super::options::ShellOption;
use super::parameter::{Place, from_the_end, split_subscript};
use super::source::Origin;
use super::state::{Attributes, Leave, Value};
use super::text::{Part, Text};
use super::transform::{Case, change_case};
use crate::shared_map::SharedMap;
use crate::shell::{Assignment, AssignmentValue, Word};

/// No array has an element beyond this: what is set there is not known any more.
const INDEX_LIMIT: i64 = 1 << 32;

impl Interpreter<'_> {
    pub(super) fn assign(&mut self, assignment: &Assignment) {
        if self.state.dialect.is_zsh() && self.zsh_assign(assignment) {
            return;
        }
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let text = self.assigned_value(word);
                let subscript = assignment.subscript.as_ref();
                let place = subscript.map(|word| Place::Element(self.value(word)));
                self.store(&assignment.name, place.as_ref(), text, assignment.append);
            }
            AssignmentValue::Array(elements) => {
                self.store_array(&assignment.name, elements, assignment.append);
            }
        }
    }

    /// Sets a variable or an element, as its attributes ask.
    pub(super) fn store(&mut self, name: &str, place: Option<&Place>, text: Text, append: bool) {
        let Some(target) = self.state.target(name) else {
            // A reference to a variable that is not known.
            self.forget_variables();
            return;
        };
        let (name, subscript) = split_subscript(&target);
        let element = subscript.map(|text| Place::Element(Text::known(text)));
        let place = element.as_ref().or(place);
        let attributes = self.state.attributes(self.world, name);
        if attributes.readonly {
            self.may_fail(&[Leave::Line, Leave::Exit]);
            return;
        }
        if SPECIAL.contains(&name) {
            return;
        }
        if let Some(Place::Element(key)) = place
            && self.table_entry(name, key, &text)
        {
            return;
        }
        let current = self.state.variable(self.world, name);
        let text = self.convert(text, attributes);
        let value = match (current, place) {
            (_, None) if attributes.keyed => Value::unknown(name),
            (current, None) => match current {
                // The first element of an array.
                Some(Value::Array(_) | Value::Map(_)) => {
                    let zero = Place::Element(Text::known("0"));
                    self.element(name, &zero, text, append, attributes)
                }
                Some(Value::OneOf(_)) if append => Value::unknown(name),
                Some(Value::Scalar(before)) if append => {
                    Value::Scalar(self.append(before, text, attributes))
                }
                _ => Value::Scalar(text),
            },
            (_, Some(place)) => self.element(name, place, text, append, attributes),
        };
        if let Value::Scalar(text) = &value {
            self.hook(name, text);
        }
        if name == "OPTIND" {
            // `getopts` begins with that word.
            self.state.option_at = Some(0);
        }
        self.state.set(self.world, name, value);
    }

    /// Sets an element of one of the shell's own tables; false if the array is none of them.
    fn table_entry(&mut self, table: &str, key: &Text, value: &Text) -> bool {
        if !matches!(table, "BASH_ALIASES" | "BASH_CMDS") {
            return false;
        }
        match (table, key.exact()) {
            ("BASH_ALIASES", Some(key)) => {
                let value = value.exact().map(str::to_owned);
                self.define_alias(Kind::Program, key.to_owned(), value);
            }
            (_, Some(key)) => self.hash(key, value.clone()),
            (_, None) => {
                let reason = format!("`{table}` gives a name that is known only when it runs");
                self.sink.opaque(reason, self.current.clone());
            }
        }
        true
    }

    fn append(&mut self, mut before: Text, text: Text, attributes: Attributes) -> Text {
        if !attributes.integer {
            before.append(text);
            return before;
        }
        let (left, right) = (self.number_of(&before), self.number_of(&text));
        match (left, right) {
            (Some(left), Some(right)) => Text::known(left.wrapping_add(right).to_string()),
            _ => Text::unknown("a number"),
        }
    }

    /// A value as `declare -i`, `-l` and `-u` change it.
    pub(super) fn convert(&mut self, text: Text, attributes: Attributes) -> Text {
        if attributes.unsure {
            return Text::unknown("a value that an attribute may change");
        }
        if attributes.integer {
            return match self.number_of(&text) {
                Some(number) => Text::known(number.to_string()),
                None => Text::unknown("a number"),
            };
        }
        let case = match (attributes.lower, attributes.upper) {
            (true, false) => Case::Lower,
            (false, true) => Case::Upper,
            _ => return text,
        };
        let mut changed = Text::empty();
        for part in text.parts() {
            changed.push(match part {
                Part::Known(known) => match change_case(known, case, true, None) {
                    Some(known) => Part::Known(known),
                    None => Part::Unknown(known.clone()),
                },
                other => other.clone(),
            });
        }
        changed
    }

    fn element(
        &mut self,
        name: &str,
        place: &Place,
        text: Text,
        append: bool,
        attributes: Attributes,
    ) -> Value {
        let Place::Element(subscript) = place else {
            return Value::unknown(name);
        };
        let current = self.state.variable(self.world, name);
        if let Some(Value::Map(mut elements)) = current {
            let key = subscript.exact();
            if key.is_none_or(str::is_empty) {
                // There is no empty key.
                self.may_fail(&[Leave::Line, Leave::Exit]);
            }
            let Some(key) = key else {
                return Value::unknown(name);
            };
            let before = elements.get(key).cloned().filter(|_| append);
            let value = match before {
                Some(before) => self.append(before, text, attributes),
                None => text,
            };
            elements.insert(key.to_owned(), value);
            return Value::Map(elements);
        }
        // It is evaluated, whatever stands there; a key of an associative array is not.
        let unsure = matches!(&current, Some(Value::Scalar(text)) if text.has_unknown())
            || matches!(&current, Some(Value::OneOf(_)));
        let before = unsure.then(|| self.state.clone());
        let index = self.number_of(subscript);
        if let Some(before) = before {
            self.join_with(&before);
        }
        let mut elements = match current {
            // A pattern in it has become any number of elements.
            Some(Value::Array(elements)) if elements.values().any(Text::has_glob) => {
                return Value::unknown(name);
            }
            Some(Value::Array(elements)) => elements,
            Some(Value::Scalar(text)) if !text.has_unknown() => SharedMap::from_iter([(0, text)]),
            None | Some(Value::Unset) => SharedMap::default(),
            Some(Value::Scalar(_) | Value::OneOf(_) | Value::Map(_)) => {
                return Value::unknown(name);
            }
        };
        let index = index.map(|index| from_the_end(&elements, index));
        if index.is_some_and(|index| index < 0) {
            self.may_fail(&[Leave::Line, Leave::Exit]);
        }
        let Some(index) = index.filter(|index| (0..INDEX_LIMIT).contains(index)) else {
            return Value::unknown(name);
        };
        let before = elements.get(&index).cloned().filter(|_| append);
        let value = match before {
            Some(before) => self.append(before, text, attributes),
            None => text,
        };
        elements.insert(index, value);
        Value::Array(elements)
    }

    /// `name=(…)` and `name+=(…)`.
    pub(super) fn store_array(
        &mut self,
        name: &str,
        elements: &[(Option<Word>, Word)],
        append: bool,
    ) {
        let Some(name) = self.state.target(name) else {
            self.forget_variables();
            return;
        };
        let attributes = self.state.attributes(self.world, &name);
        if attributes.readonly {
            self.may_fail(&[Leave::Line, Leave::Exit]);
            return;
        }
        let value = self.array_value(&name, elements, append, false, attributes);
        self.state.set(self.world, &name, value);
    }

    /// What an array holds after its assignment; `keyed` if it is declared as associative.
    pub(super) fn array_value(
        &mut self,
        name: &str,
        elements: &[(Option<Word>, Word)],
        append: bool,
        keyed: bool,
        attributes: Attributes,
    ) -> Value {
        let current = self.state.variable(self.world, name);
        let table = matches!(name, "BASH_ALIASES" | "BASH_CMDS");
        let value = if table {
            let entries = self.map(SharedMap::default(), elements, attributes);
            match &entries {
                Some(Value::Map(entries)) => {
                    for (key, value) in entries.iter() {
                        self.table_entry(name, &Text::known(key.as_str()), value);
                    }
                }
                _ => {
                    self.table_entry(name, &Text::unknown(name), &Text::empty());
                }
            }
            None
        } else if keyed || matches!(current, Some(Value::Map(_))) {
            let before = match current.filter(|_| append) {
                Some(Value::Map(before)) => before,
                _ => SharedMap::default(),
            };
            self.map(before, elements, attributes)
        } else {
            let before = match current.filter(|_| append) {
                Some(Value::Array(before)) => Some(before),
                Some(Value::Scalar(text)) if !text.has_unknown() => {
                    Some(SharedMap::from_iter([(0, text)]))
                }
                None | Some(Value::Unset) => Some(SharedMap::default()),
                Some(Value::Scalar(_) | Value::OneOf(_) | Value::Map(_)) => None,
            };
            let listed = self.array(before, elements, attributes);
            listed.filter(|_| !attributes.keyed)
        };
        value.unwrap_or_else(|| Value::unknown(name))
    }

    /// `None` where the elements are not known; the words are expanded all the same.
    fn array(
        &mut self,
        before: Option<SharedMap<i64, Text>>,
        elements: &[(Option<Word>, Word)],
        attributes: Attributes,
    ) -> Option<Value> {
        let mut texts = before;
        let last = texts.as_ref().and_then(|texts| texts.keys().next_back());
        let mut next = last.map_or(0, |last| last + 1);
        for (key, word) in elements {
            let values = match key {
                Some(key) => {
                    let index = self.number(key);
                    let counted =
                        |texts: &SharedMap<i64, Text>| !texts.values().any(Text::has_glob);
                    texts = texts.filter(counted);
                    // Braces make words of it that begin with the subscript's text.
                    if self.braces(word).is_none_or(|words| words.len() != 1) {
                        texts = None;
                    }
                    let value = self.assigned_value(word);
                    match index.filter(|index| (0..INDEX_LIMIT).contains(index)) {
                        Some(index) => next = index,
                        None => texts = None,
                    }
                    vec![value]
                }
                None => {
                    let text = |field: Field| match field.splits {
                        true => field.text.several(),
                        false => field.text,
                    };
                    self.fields(word).into_iter().map(text).collect()
                }
            };
            for value in values {
                let value = self.convert(value, attributes);
                if let Some(texts) = &mut texts {
                    texts.insert(next, value);
                }
                next += 1;
            }
        }
        texts.map(Value::Array)
    }

    fn map(
        &mut self,
        mut map: SharedMap<String, Text>,
        elements: &[(Option<Word>, Word)],
        attributes: Attributes,
    ) -> Option<Value> {
        let mut known = true;
        let mut pairs = Vec::new();
        if elements.iter().all(|(key, _)| key.is_none()) {
            // Keys and values in turn.
            let mut texts = Vec::new();
            for (_, word) in elements {
                texts.push(self.listed_value(word));
            }
            let mut texts = texts.into_iter();
            while let Some(key) = texts.next() {
                pairs.push((key, texts.next().unwrap_or_default()));
            }
        } else {
            for (key, word) in elements {
                let key = key.as_ref().map(|key| self.value(key));
                let value = self.listed_value(word);
                match key {
                    Some(key) => pairs.push((key, value)),
                    None => known = false,
                }
            }
        }
        for (key, value) in pairs {
            let value = self.convert(value, attributes);
            match key.exact() {
                Some(key) => {
                    map.insert(key.to_owned(), value);
                }
                None => known = false,
            }
        }
        known.then_some(Value::Map(map))
    }

    /// Variables whose value the shell itself runs later.
    pub(super) fn hook(&mut self, name: &str, value: &Text) {
        match name {
            "PS0" | "PS1" | "PS2" | "PS3" | "PS4" => {
                self.on_a_way(|shell| shell.expand_again(value, name));
            }
            "PROMPT_COMMAND" => {
                let place = self.current.clone();
                self.aside(|shell| {
                    shell.unsure_text(value, Origin::Place(place.clone()), &place, name)
                });
            }
            _ => {}
        }
    }

    /// What a variable holds is not known any more.
    pub(super) fn forget(&mut self, name: &str) {
        match self.state.target(name) {
            Some(target) => {
                let (name, _) = split_subscript(&target);
                self.state.set(self.world, name, Value::unknown(name));
            }
            None => self.forget_variables(),
        }
    }

    /// After a variable was set that only the shell knows: it may have been any.
    pub(super) fn forget_variables(&mut self) {
        self.state.forget_variables(self.world);
    }

    pub(super) fn number(&mut self, expression: &Word) -> Option<i64> {
        let text = self.value(expression);
        self.number_of(&text)
    }

    /// The value of an arithmetic expression. What it assigns is set, or forgotten where the
    /// expression is not known.
    pub(super) fn number_of(&mut self, text: &Text) -> Option<i64> {
        // The value of a variable may be an expression with that variable in it.
        if self.depth >= DEPTH_LIMIT {
            self.may_fail(&[Leave::Line, Leave::Exit]);
            return None;
        }
        if !self.spend(ENTRY_WORK + text.length()) {
            return None;
        }
        self.depth += 1;
        let number = self.number_within_limits(text);
        self.depth -= 1;
        number
    }

    fn number_within_limits(&mut self, text: &Text) -> Option<i64> {
        let number = match text.exact().map(str::to_owned) {
            Some(expression) => arithmetic::evaluate(&expression, self).unwrap_or_else(|_| {
                self.may_fail(&[Leave::Line, Leave::Exit]);
                None
            }),
            None => None,
        };
        if number.is_none() {
            let shown = text.display().into_owned();
            // A variable's value is read as an expression, too, with the subscripts in it.
            let values: Vec<Text> = arithmetic::names(&shown)
                .iter()
                .filter_map(|name| self.scalar(name))
                .collect();
            for name in arithmetic::assigned(&shown) {
                self.forget(&name);
            }
            for value in values {
                for name in value.exact().map(arithmetic::assigned).unwrap_or_default() {
                    self.forget(&name);
                }
                if value.display().contains('[') {
                    self.expand_again(&value, &shown);
                }
            }
        }
        number
    }

    pub(super) fn arithmetic(&mut self, expression: &Word, source: &str) -> Text {
        match self.number(expression) {
            Some(number) => Text::known(number.to_string()),
            None => Text::unknown(source),
        }
    }
}

impl Variables for Interpreter<'_> {
    fn text(&mut self, name: &str, subscript: Option<&str>) -> Option<String> {
        let place = match subscript {
            // What is expanded in it is not followed.
            Some(text) if text.contains(['$', '`', '\\']) => return None,
            Some(text) => Some(Place::Element(self.unquoted(name, text))),
            None => None,
        };
        match self.look_up(name, place.as_ref()) {
            Some(super::parameter::Expansion::Scalar(text)) => {
                let text = text.exact()?;
                // A subscript in a value may hold a command.
                (!text.contains('$') && !text.contains('`')).then(|| text.to_owned())
            }
            Some(super::parameter::Expansion::Unset) => self.unset_number(),
            None if !self.state.environment.uncertain
                && !self.state.variables.contains_key(name)
                && self.state.target(name).is_some()
                && !SPECIAL.contains(&name) =>
            {
                self.unset_number()
            }
            _ => None,
        }
    }

    fn set(&mut self, name: &str, subscript: Option<&str>, value: i64) -> Option<()> {
        let place = match subscript {
            Some(text) if text.contains(['$', '`', '\\']) => return None,
            Some(text) => Some(Place::Element(self.unquoted(name, text))),
            None => None,
        };
        self.store(name, place.as_ref(), Text::known(value.to_string()), false);
        Some(())
    }
}

impl Interpreter<'_> {
    /// What an expression finds in a variable that is not set: nothing, or an error.
    fn unset_number(&mut self) -> Option<String> {
        if self.state.options.may(ShellOption::NoUnset) {
            self.may_fail(&[Leave::Exit]);
        }
        Some(String::new())
    }

    /// The subscript of an associative array may be quoted.
    fn unquoted(&self, name: &str, subscript: &str) -> Text {
        let keyed = self
            .state
            .target(name)
            .and_then(|name| self.state.variable(self.world, &name))
            .is_some_and(|value| matches!(value, Value::Map(_)));
        Text::known(if keyed {
            subscript.replace(['"', '\''], "")
        } else {
            subscript.to_owned()
        })
    }
}

/// Variables that the shell itself sets, so that they are never empty or never the same.
pub(super) const SPECIAL: &[&str] = &[
    "RANDOM",
    "SRANDOM",
    "SECONDS",
    "EPOCHSECONDS",
    "EPOCHREALTIME",
    "BASHPID",
    "PPID",
    "UID",
    "EUID",
    "GROUPS",
    "LINENO",
    "SHLVL",
    "HISTCMD",
    "BASH_SUBSHELL",
    "FUNCNAME",
    "BASH_LINENO",
    "PIPESTATUS",
    "DIRSTACK",
    "_",
    "BASHOPTS",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_LOADABLES_PATH",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COMP_WORDBREAKS",
    "HOSTTYPE",
    "MACHTYPE",
    "OSTYPE",
    "SHELLOPTS",
];
