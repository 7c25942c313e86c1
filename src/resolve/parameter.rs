//! Parameter expansion: what a parameter holds, and the operators that choose between words.

use super::assignment::SPECIAL;
use super::builtins::QUOTED;
use super::interpreter::{ENTRY_WORK, Interpreter};
use super::options::ShellOption;
use super::source::Origin;
use super::state::{Leave, Stages, Value};
use super::text::{Part, Text};
use crate::shared_map::SharedMap;
use crate::shell::{self, Dialect, Operator, Parameter, Subscript, Word};

/// What a parameter expands to.
#[derive(Clone, Debug)]
pub(super) enum Expansion {
    Scalar(Text),
    /// `$@`, `${a[@]}`: a field for each.
    List(Vec<Text>),
    /// `$*`, `${a[*]}`: one field when quoted.
    Star(Vec<Text>),
    /// `$@` of unknown length.
    UnknownList(String),
    /// The word after `:-` or `:+` stands for the parameter, and is expanded in its place.
    Operand(Word),
    /// Certainly not set.
    Unset,
}

impl Expansion {
    /// What it costs to make, or to put somewhere.
    fn size(&self) -> usize {
        match self {
            Self::Scalar(text) => text.length(),
            Self::List(texts) | Self::Star(texts) => {
                texts.iter().map(|text| text.length() + ENTRY_WORK).sum()
            }
            Self::UnknownList(_) | Self::Operand(_) | Self::Unset => 0,
        }
    }

    pub(super) fn list(texts: Vec<Text>, star: bool) -> Self {
        if star {
            Self::Star(texts)
        } else {
            Self::List(texts)
        }
    }
}

/// What to expand once the names that `!` goes through are found.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) subscript: Option<Place>,
}

/// Which elements of an array are meant.
pub(super) enum Place {
    All {
        star: bool,
    },
    /// The text between the brackets: a key, or an arithmetic expression.
    Element(Text),
}

impl Interpreter<'_> {
    pub(super) fn parameter(&mut self, parameter: &Parameter, quoted: bool) -> Expansion {
        let expansion = self.expansion(parameter, quoted);
        if self.spend(expansion.size()) {
            expansion
        } else {
            Expansion::Scalar(Text::unknown(parameter.source.as_ref()))
        }
    }

    fn expansion(&mut self, parameter: &Parameter, quoted: bool) -> Expansion {
        if parameter.name.starts_with(QUOTED) {
            // What was quoted stands where quotes are characters.
            let reason = "text that was quoted runs where its quotes do not count".to_owned();
            self.sink.opaque(reason, self.current.clone());
        }
        if let Some(zsh) = &parameter.zsh {
            return self.zsh_parameter(parameter, zsh, quoted);
        }
        let unknown = || Expansion::Scalar(Text::unknown(parameter.source.as_ref()));
        if let Operator::Names = parameter.operator {
            return Expansion::UnknownList(parameter.source.to_string());
        }
        if parameter.indirect
            && let Some(keys) = self.keys(parameter)
        {
            return keys;
        }
        if parameter.indirect
            && let Some(name) = self.referenced(parameter)
        {
            let target = Target {
                name: parameter.name.clone(),
                subscript: None,
            };
            return self.apply(parameter, &target, Some(Expansion::Scalar(name)));
        }
        let place = self.place(parameter.subscript.as_ref());
        let target = if parameter.indirect {
            let Some(target) = self.indirect(parameter, place) else {
                // The name may hold a subscript with a command in it.
                if let Some(Expansion::Scalar(name)) = self.look_up(&parameter.name, None) {
                    self.expand_again(&name, &parameter.source);
                }
                self.may_fail(&[Leave::Line, Leave::Exit]);
                return unknown();
            };
            target
        } else {
            Target {
                name: parameter.name.clone(),
                subscript: place,
            }
        };
        if parameter.length
            && let Some(Place::All { .. }) = target.subscript
            && let Some(count) = self.count(&target.name).filter(|count| *count > 0)
        {
            return Expansion::Scalar(Text::known(count.to_string()));
        }
        let found = self.look_up(&target.name, target.subscript.as_ref());
        self.apply(parameter, &target, found)
    }

    /// `${!name}` of a reference: the name that it stands for.
    fn referenced(&self, parameter: &Parameter) -> Option<Text> {
        let variable = self.state.variables.get(&parameter.name)?;
        match &variable.value {
            Value::Scalar(name)
                if variable.attributes.reference && parameter.subscript.is_none() =>
            {
                Some(name.clone())
            }
            _ => None,
        }
    }

    /// How many elements an array has.
    fn count(&self, name: &str) -> Option<usize> {
        if let Some(list) = self.kept_list(name) {
            return Some(list.len());
        }
        let name = self.state.target(name)?;
        match self.state.variable(self.world, &name)? {
            Value::Array(elements) => {
                (!elements.values().any(Text::has_glob)).then_some(elements.len())
            }
            Value::Map(elements) => Some(elements.len()),
            Value::Unset | Value::Scalar(_) | Value::OneOf(_) => None,
        }
    }

    /// `${!a[@]}`: the indices of an array.
    fn keys(&mut self, parameter: &Parameter) -> Option<Expansion> {
        let star = match parameter.subscript {
            Some(Subscript::At) => false,
            Some(Subscript::Star) => true,
            Some(Subscript::Index(_)) | None => return None,
        };
        let unknown = || Expansion::UnknownList(parameter.source.to_string());
        let Some(name) = self.state.target(&parameter.name) else {
            return Some(unknown());
        };
        let texts = match self.state.variable(self.world, &name) {
            Some(Value::Array(elements)) if elements.values().any(Text::has_glob) => {
                return Some(unknown());
            }
            Some(Value::Array(elements)) => elements
                .keys()
                .map(|index| Text::known(index.to_string()))
                .collect(),
            Some(Value::Map(elements)) => in_hash_order(&elements)
                .into_iter()
                .map(|(key, _)| Text::known(key))
                .collect(),
            Some(Value::Unset) => Vec::new(),
            Some(Value::Scalar(text)) if !text.has_unknown() => vec![Text::known("0")],
            Some(Value::Scalar(_) | Value::OneOf(_)) | None => return Some(unknown()),
        };
        Some(Expansion::list(texts, star))
    }

    /// `${!name}`: the parameter whose name `name` holds; of a reference, its own name.
    fn indirect(&mut self, parameter: &Parameter, place: Option<Place>) -> Option<Target> {
        let Some(Expansion::Scalar(name)) = self.look_up(&parameter.name, place.as_ref()) else {
            return None;
        };
        let (name, subscript) = split_subscript(name.exact()?);
        let subscript = match subscript {
            None => None,
            Some("@") => Some(Place::All { star: false }),
            Some("*") => Some(Place::All { star: true }),
            Some(text) if is_plain(text) => Some(Place::Element(Text::known(text))),
            Some(_) => return None,
        };
        Some(Target {
            name: name.to_owned(),
            subscript,
        })
    }

    pub(super) fn place(&mut self, subscript: Option<&Subscript>) -> Option<Place> {
        Some(match subscript? {
            Subscript::At => Place::All { star: false },
            Subscript::Star => Place::All { star: true },
            Subscript::Index(word) => Place::Element(self.value(word)),
        })
    }

    pub(super) fn apply(
        &mut self,
        parameter: &Parameter,
        target: &Target,
        found: Option<Expansion>,
    ) -> Expansion {
        let list = matches!(target.name.as_str(), "@" | "*")
            || matches!(target.subscript, Some(Place::All { .. }));
        let unknown = || {
            let source = parameter.source.as_ref();
            match list && !parameter.length {
                true => Expansion::UnknownList(source.to_owned()),
                false => Expansion::Scalar(Text::unknown(source)),
            }
        };
        if parameter.length {
            let nothing = match &found {
                None | Some(Expansion::Unset) => true,
                Some(Expansion::List(texts) | Expansion::Star(texts)) => texts.is_empty(),
                Some(_) => false,
            };
            if nothing && self.state.options.may(ShellOption::NoUnset) {
                self.may_fail(&[Leave::Line, Leave::Exit]);
            }
            let length = found.and_then(|found| length(&found, list));
            return length.map_or_else(unknown, |length| {
                Expansion::Scalar(Text::known(length.to_string()))
            });
        }
        // The message is expanded before the shell gives up.
        if let Operator::Error { colon, word } = &parameter.operator
            && !matches!(
                self.presence(target, found.as_ref(), *colon),
                Presence::Present
            )
        {
            self.perhaps(word);
            self.may_fail(&[Leave::Exit]);
        }
        let chooses = matches!(
            parameter.operator,
            Operator::Default { .. } | Operator::Assign { .. } | Operator::Alternative { .. }
        );
        let absent = matches!(found, None | Some(Expansion::Unset)) && !list;
        if absent && !chooses && self.state.options.may(ShellOption::NoUnset) {
            self.may_fail(&[Leave::Exit]);
        }
        match &parameter.operator {
            Operator::None | Operator::Names | Operator::Error { .. } => match found {
                Some(Expansion::Scalar(text)) if list && text.has_unknown() => unknown(),
                Some(found) => found,
                None => unknown(),
            },
            Operator::Default { colon, word } => {
                match self.presence(target, found.as_ref(), *colon) {
                    Presence::Present => found.unwrap_or_else(unknown),
                    Presence::Absent => Expansion::Operand(word.clone()),
                    Presence::Uncertain => {
                        self.perhaps(word);
                        unknown()
                    }
                }
            }
            Operator::Assign { colon, word } => match self.presence(target, found.as_ref(), *colon)
            {
                Presence::Present => found.unwrap_or_else(unknown),
                Presence::Absent => {
                    let value = self.value(word);
                    let place = target.subscript.as_ref();
                    self.store(&target.name, place, value, false);
                    self.look_up(&target.name, place).unwrap_or_else(unknown)
                }
                Presence::Uncertain => {
                    self.perhaps(word);
                    let name = target.name.clone();
                    self.forget(&name);
                    unknown()
                }
            },
            Operator::Alternative { colon, word } => {
                match self.presence(target, found.as_ref(), *colon) {
                    Presence::Present => Expansion::Operand(word.clone()),
                    Presence::Absent if list => Expansion::list(Vec::new(), is_star(target)),
                    Presence::Absent => Expansion::Scalar(Text::empty()),
                    Presence::Uncertain => {
                        self.perhaps(word);
                        unknown()
                    }
                }
            }
            Operator::Substring { offset, length } if list => {
                let offset = self.number(offset);
                let length = length.as_ref().map(|length| self.number(length));
                if length.flatten().is_some_and(|length| length < 0) {
                    self.may_fail(&[Leave::Line, Leave::Exit]);
                }
                let elements = self.elements(target);
                slice(elements, &self.state.name, target, offset, length)
                    .map_or_else(unknown, |texts| Expansion::list(texts, is_star(target)))
            }
            Operator::Transform('P') => {
                let text = match found {
                    Some(found) => self.joined(found),
                    None => Text::unknown(parameter.source.as_ref()),
                };
                let text = match text.exact().and_then(prompted) {
                    Some(plain) if !plain.contains(['$', '`', '\\', '!']) => {
                        return Expansion::Scalar(Text::known(plain));
                    }
                    Some(live) => Text::known(live),
                    None => text,
                };
                Expansion::Scalar(self.expand_again(&text, &parameter.source))
            }
            operator => {
                // Of a parameter that is not set bash does not expand what follows.
                let presence = self.presence(target, found.as_ref(), false);
                let skips = self.state.dialect == Dialect::BASH && !list;
                if skips && matches!(presence, Presence::Absent) {
                    return Expansion::Unset;
                }
                let before = match presence {
                    Presence::Present => None,
                    Presence::Absent | Presence::Uncertain => Some(self.state.clone()),
                };
                let change = self.change(operator);
                if let Some(before) = before {
                    self.join_with(&before);
                }
                let known = match &found {
                    Some(Expansion::Scalar(text)) => text.exact(),
                    None | Some(Expansion::Unset) => Some(""),
                    _ => None,
                };
                if let (Some(change), Some(known)) = (&change, known)
                    && change.is_wrong(known)
                {
                    self.may_fail(&[Leave::Line, Leave::Exit]);
                }
                if let Operator::Other { .. } = operator {
                    self.may_fail(&[Leave::Line, Leave::Exit]);
                }
                let (Some(found), Some(change)) = (found, change) else {
                    return unknown();
                };
                let source = parameter.source.as_ref();
                let mut changed = |text: &Text| {
                    let changed = change.apply(text, source);
                    let work = change.work() + text.length() + changed.length();
                    match self.spend(work) {
                        true => changed,
                        false => Text::unknown(source),
                    }
                };
                match found {
                    Expansion::Scalar(text) => Expansion::Scalar(changed(&text)),
                    // A pattern in it has become any number of words.
                    Expansion::List(texts) | Expansion::Star(texts)
                        if texts.iter().any(Text::has_glob) =>
                    {
                        unknown()
                    }
                    Expansion::List(texts) => Expansion::List(texts.iter().map(changed).collect()),
                    Expansion::Star(texts) => Expansion::Star(texts.iter().map(changed).collect()),
                    other @ (Expansion::UnknownList(_)
                    | Expansion::Operand(_)
                    | Expansion::Unset) => other,
                }
            }
        }
    }

    /// A word that may be expanded or not: the commands in it may run, and set what they set.
    fn perhaps(&mut self, word: &Word) {
        let before = self.state.clone();
        let _ = self.value(word);
        self.join_with(&before);
    }

    /// Expands a value once more, as bash does with prompts and with subscripts in names that it
    /// gets as text (`test -v 'a[$(…)]'`): the substitutions in it run.
    pub(super) fn expand_again(&mut self, text: &Text, source: &str) -> Text {
        let live =
            |known: &str| known.contains("$(") || known.contains('`') || known.contains("${");
        let known_part = |part: &Part| match part {
            Part::Known(known) | Part::Glob(known) => live(known),
            Part::Unknown(_) => false,
        };
        if text.parts().iter().any(known_part) {
            let place = Origin::Place(self.current.clone());
            // A value that is not known is not looked into: it would have to hold a command that
            // somebody put there for this.
            let value = text.render(|_, _| "guard_unknown".to_owned());
            let before = self.state.clone();
            self.text(
                &format!("true <<__guard_text\n{value}\n__guard_text\n"),
                place,
            );
            let world = self.world;
            self.state.join(&before, world);
        }
        Text::unknown(source)
    }

    /// What is known of a parameter; `None` if nothing.
    pub(super) fn look_up(&mut self, name: &str, place: Option<&Place>) -> Option<Expansion> {
        match name {
            "@" | "*" => {
                let arguments = self.state.arguments.as_ref()?;
                return Some(Expansion::list(arguments.to_vec(), name == "*"));
            }
            "#" => {
                let arguments = self.state.arguments.as_ref()?;
                let known = !arguments.iter().any(Text::has_glob);
                let count = known.then_some(arguments.len())?;
                return Some(Expansion::Scalar(Text::known(count.to_string())));
            }
            // An attribute of its own would change what it gets.
            "_" if self.state.dialect.imports_functions()
                && !self.state.variables.contains_key(name) =>
            {
                if self.state.volatile.iter().any(|volatile| volatile == name) {
                    return None;
                }
                return self.state.last_argument.clone().map(Expansion::Scalar);
            }
            "?" => {
                let status = self.state.status?;
                return Some(Expansion::Scalar(Text::known(status.to_string())));
            }
            "0" => return Some(Expansion::Scalar(self.state.name.clone())),
            "PWD" if !self.state.variables.contains_key("PWD") => {
                return Some(Expansion::Scalar(self.working_directory()));
            }
            "BASH"
                if self.state.dialect.imports_functions()
                    && !self.state.variables.contains_key("BASH") =>
            {
                let path = self.program_path("bash");
                return path.exact().is_some().then_some(Expansion::Scalar(path));
            }
            "FUNCNAME" => {
                let first = match place {
                    None => true,
                    Some(Place::Element(index)) => index.exact() == Some("0"),
                    Some(Place::All { .. }) => false,
                };
                // What is sourced outside of functions is none.
                let visible = |name: &&Text| self.functions > 0 || name.has_unknown();
                return match self.names.last().filter(visible) {
                    // A trap runs within whatever it interrupts.
                    Some(name) if name.has_unknown() => None,
                    Some(name) => first.then(|| Expansion::Scalar(name.clone())),
                    None => first.then_some(Expansion::Unset),
                };
            }
            "BASH_CMDS" => {
                let Some(Place::Element(name)) = place else {
                    return None;
                };
                let file = self.state.hashed.get(name.exact()?)?;
                return Some(Expansion::Scalar(file.clone()));
            }
            _ if let Some(list) = self.kept_list(name) => {
                return match place {
                    Some(Place::All { star }) => Some(Expansion::list(list, *star)),
                    Some(Place::Element(index)) => {
                        let index = self.number_of(index)?;
                        let length = i64::try_from(list.len()).ok()?;
                        let index = if index < 0 { index + length } else { index };
                        let element = usize::try_from(index)
                            .ok()
                            .and_then(|index| list.get(index));
                        Some(element_of(element))
                    }
                    None => Some(element_of(list.first())),
                };
            }
            // Set, but who knows to what.
            _ if SPECIAL.contains(&name) => {
                let unknown = || Expansion::Scalar(Text::unknown(format!("${name}")));
                return place.is_none().then(unknown);
            }
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>() {
            let arguments = self.state.arguments.as_ref()?;
            let index = number.checked_sub(1)?;
            // A pattern before it may have become any number of words.
            let found = arguments.get(index);
            if arguments.iter().take(index).any(Text::has_glob)
                || found.is_some_and(Text::is_several)
            {
                return None;
            }
            return Some(match found {
                Some(text) => Expansion::Scalar(text.clone()),
                None => Expansion::Unset,
            });
        }
        // A reference may name an element.
        let target = self.state.target(name)?;
        let (name, subscript) = split_subscript(&target);
        let element = subscript.map(|text| Place::Element(Text::known(text)));
        let place = element.as_ref().or(place);
        let value = self.state.variable(self.world, name);
        if let (None | Some(Value::Unset), Some(Place::Element(index))) = (&value, place) {
            // It is evaluated, whatever it finds.
            self.number_of(index);
        }
        let value = match value {
            // Every shell sets it when it starts; zsh's has a NUL, too.
            None if name == "IFS" && !self.state.dialect.is_zsh() => {
                Value::Scalar(Text::known(" \t\n"))
            }
            found => found?,
        };
        if let Value::Array(elements) = &value {
            self.spend(elements.len());
        }
        match (value, place) {
            (Value::Unset, Some(Place::All { star })) => Some(Expansion::list(Vec::new(), *star)),
            (Value::Unset, _) => Some(Expansion::Unset),
            (Value::Scalar(text), None) => Some(Expansion::Scalar(text)),
            (Value::Scalar(text), Some(Place::All { star })) => {
                (!text.has_unknown()).then(|| Expansion::list(vec![text], *star))
            }
            (Value::Scalar(text), Some(Place::Element(index))) => {
                let index = self.number_of(index)?;
                // An unknown value may be an array.
                (!text.has_unknown()).then_some(match index {
                    0 | -1 => Expansion::Scalar(text),
                    _ => Expansion::Unset,
                })
            }
            (Value::Array(elements), Some(Place::All { star })) => {
                Some(Expansion::list(elements.values().cloned().collect(), *star))
            }
            (Value::Array(elements), Some(Place::Element(index))) => {
                let index = self.number_of(index)?;
                // Patterns in it have become any number of elements.
                let mut entries = elements.iter();
                let first = entries.find(|(_, text)| text.has_glob());
                if first.is_some_and(|(first, _)| index < 0 || index >= *first) {
                    return None;
                }
                let index = from_the_end(&elements, index);
                Some(element_of(elements.get(&index)))
            }
            (Value::Array(elements), None) => match elements.get(&0) {
                Some(text) if text.is_several() => None,
                found => Some(element_of(found)),
            },
            (Value::Map(elements), Some(Place::All { star })) => {
                let ordered = in_hash_order(&elements).into_iter();
                let texts = ordered.map(|(_, text)| text.clone()).collect();
                Some(Expansion::list(texts, *star))
            }
            (Value::Map(elements), Some(Place::Element(key))) => {
                Some(element_of(elements.get(key.exact()?)))
            }
            (Value::Map(elements), None) => Some(element_of(elements.get("0"))),
            (Value::OneOf(_), _) => None,
        }
    }

    /// An array that the shell itself keeps, where it is known.
    fn kept_list(&self, name: &str) -> Option<Vec<Text>> {
        match name {
            "PIPESTATUS" => {
                let text = |status: &Option<u8>| match status {
                    Some(status) => Text::known(status.to_string()),
                    None => Text::unknown("$PIPESTATUS"),
                };
                match &self.state.stages {
                    Stages::One => Some(vec![text(&self.state.status)]),
                    Stages::Many(statuses) => Some(statuses.iter().map(text).collect()),
                    Stages::Unknown => None,
                }
            }
            _ => None,
        }
    }

    /// The elements that `${a[@]:…}` counts, with their indices.
    fn elements(&mut self, target: &Target) -> Option<Vec<(i64, Text)>> {
        if matches!(target.name.as_str(), "@" | "*") {
            let arguments = self.state.arguments.as_ref()?;
            return Some((1..).zip(arguments.iter().cloned()).collect());
        }
        let name = self.state.target(&target.name)?;
        match self.state.variable(self.world, &name)? {
            Value::Array(elements) => Some(
                elements
                    .iter()
                    .map(|(index, text)| (*index, text.clone()))
                    .collect(),
            ),
            Value::Unset => Some(Vec::new()),
            Value::Scalar(text) if !text.has_unknown() => Some(vec![(0, text)]),
            Value::Scalar(_) | Value::OneOf(_) | Value::Map(_) => None,
        }
    }

    fn presence(&self, target: &Target, found: Option<&Expansion>, colon: bool) -> Presence {
        let full = |text: &Text| match text.exact() {
            Some("") => Presence::Absent,
            Some(_) => Presence::Present,
            None if text
                .parts()
                .iter()
                .any(|part| matches!(part, Part::Known(_))) =>
            {
                Presence::Present
            }
            None => Presence::Uncertain,
        };
        match found {
            // Not set in the environment and not set here: so bash will find it, too.
            None if self.is_nowhere(&target.name) => Presence::Absent,
            None => Presence::Uncertain,
            Some(Expansion::Unset) => Presence::Absent,
            Some(Expansion::UnknownList(_) | Expansion::Operand(_)) => Presence::Uncertain,
            Some(Expansion::List(texts) | Expansion::Star(texts)) => match texts.as_slice() {
                [] => Presence::Absent,
                [only] if colon => full(&only.of_one()),
                texts if texts.iter().all(Text::is_several) => Presence::Uncertain,
                _ => Presence::Present,
            },
            Some(Expansion::Scalar(text)) if colon => full(text),
            // What a loop or another way may have unset.
            Some(Expansion::Scalar(text)) if matches!(text.parts(), [Part::Unknown(_)]) => {
                Presence::Uncertain
            }
            Some(Expansion::Scalar(_)) => Presence::Present,
        }
    }

    /// Whether nothing has set a variable.
    pub(super) fn is_nowhere(&self, name: &str) -> bool {
        shell::is_name(name)
            && !GIVEN.contains(&name)
            && !self.state.environment.uncertain
            && self
                .state
                .target(name)
                .is_some_and(|name| self.state.variable(self.world, &name).is_none())
    }

    /// As one text, where no fields are made.
    pub(super) fn joined(&mut self, expansion: Expansion) -> Text {
        match expansion {
            Expansion::Scalar(text) => text,
            Expansion::List(texts) => self.join(&texts, false),
            Expansion::Star(texts) => self.join(&texts, true),
            Expansion::UnknownList(source) => Text::unknown(source),
            Expansion::Operand(word) => self.value(&word),
            Expansion::Unset => Text::empty(),
        }
    }

    /// Several texts as one: `$*` has the first character of `IFS` between them.
    pub(super) fn join(&self, texts: &[Text], star: bool) -> Text {
        let separators = self.field_separators();
        let between = match &separators {
            _ if !star => Part::Known(" ".to_owned()),
            Some(separators) => {
                let first: String = separators.chars().take(1).collect();
                Part::Known(first)
            }
            None => Part::Unknown("$IFS".to_owned()),
        };
        let mut joined = Text::empty();
        let mut apart = false;
        for text in texts {
            // Of no word at all, there is nothing to be kept apart.
            let several = text.is_several();
            if apart && !several {
                joined.push(between.clone());
            }
            apart = !several;
            match several {
                true => joined.push(Part::Unknown(text.display().into_owned())),
                false => joined.append(text.clone()),
            }
        }
        joined
    }
}

/// Variables that bash sets when it starts, and that a script may set otherwise.
const GIVEN: &[&str] = &[
    "BASH",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_CMDS",
    "BASH_LINENO",
    "BASH_LOADABLES_PATH",
    "BASH_SOURCE",
    "COLUMNS",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "HISTCMD",
    "HISTFILE",
    "HISTFILESIZE",
    "HISTSIZE",
    "HOSTNAME",
    "IFS",
    "LINES",
    "OPTERR",
    "OPTIND",
    "PATH",
    "PS1",
    "PS2",
    "PS4",
    "SHELL",
    "SHLVL",
    "TERM",
];

enum Presence {
    Present,
    Absent,
    Uncertain,
}

fn is_star(target: &Target) -> bool {
    target.name == "*" || matches!(target.subscript, Some(Place::All { star: true }))
}

fn element_of(text: Option<&Text>) -> Expansion {
    text.map_or(Expansion::Unset, |text| Expansion::Scalar(text.clone()))
}

/// `a[1]` as a name and what stands in the brackets.
pub(super) fn split_subscript(text: &str) -> (&str, Option<&str>) {
    match text.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((name, subscript)) => (name, Some(subscript)),
        None => (text, None),
    }
}

/// Whether nothing in a subscript is expanded.
fn is_plain(subscript: &str) -> bool {
    !subscript.contains(['$', '`', '"', '\'', '\\'])
}

/// Indices below 0 count from the end.
pub(super) fn from_the_end(elements: &SharedMap<i64, Text>, index: i64) -> i64 {
    match elements.keys().next_back() {
        Some(last) if index < 0 => index.saturating_add(last + 1),
        _ => index,
    }
}

/// How long a value is, or how many values there are.
fn length(found: &Expansion, list: bool) -> Option<usize> {
    match found {
        Expansion::Scalar(text) if list => is_one(text).then_some(1),
        // What is one character, the locale says.
        Expansion::Scalar(text) => text.exact().filter(|text| text.is_ascii()).map(str::len),
        Expansion::List(texts) | Expansion::Star(texts) => {
            (!texts.iter().any(Text::has_glob)).then_some(texts.len())
        }
        Expansion::Unset => Some(0),
        Expansion::UnknownList(_) | Expansion::Operand(_) => None,
    }
}

/// Whether a text is certainly one word: a pattern may become many, and an unknown value an array.
fn is_one(text: &Text) -> bool {
    !text.has_unknown() && !text.has_glob()
}

/// `${a[@]:offset:length}`. The offset of an array is an index, not a place.
fn slice(
    elements: Option<Vec<(i64, Text)>>,
    name: &Text,
    target: &Target,
    offset: Option<i64>,
    length: Option<Option<i64>>,
) -> Option<Vec<Text>> {
    let (mut elements, offset) = (elements?, offset?);
    if matches!(target.name.as_str(), "@" | "*") {
        elements.insert(0, (0, name.clone()));
    }
    let end = elements.last().map_or(0, |(index, _)| index + 1);
    let from = if offset < 0 {
        end.checked_add(offset)?
    } else {
        offset
    };
    if from < 0 {
        return Some(Vec::new());
    }
    let count = match length {
        None => usize::MAX,
        Some(length) => usize::try_from(length?).ok()?,
    };
    // What stands behind a pattern is not counted: it has become any number of words.
    let mut entries = elements.iter();
    let first = entries.find(|(_, text)| text.has_glob());
    if let Some((first, _)) = first
        && (offset < 0 || from > *first || count != usize::MAX)
    {
        return None;
    }
    let rest = elements.into_iter().filter(|(index, _)| *index >= from);
    Some(rest.take(count).map(|(_, text)| text).collect())
}

/// The elements of an associative array in the order in which bash 5 gives them: by the low bits of
/// their hash. Another bash gives the same words in another order.
pub(super) fn in_hash_order(elements: &SharedMap<String, Text>) -> Vec<(&str, &Text)> {
    let bucket = |key: &str| {
        let mix = |hash: u32, byte: u8| {
            let signed = u32::from(byte) | if byte > 127 { 0xffff_ff00 } else { 0 };
            hash.wrapping_mul(16_777_619) ^ signed
        };
        key.bytes().fold(2_166_136_261_u32, mix) & 1023
    };
    let mut ordered: Vec<(&str, &Text)> = elements
        .iter()
        .map(|(key, text)| (key.as_str(), text))
        .collect();
    ordered.sort_by_key(|(key, _)| bucket(key));
    ordered
}

/// A prompt with its escapes read; `None` where one stands for what the machine says.
fn prompted(text: &str) -> Option<String> {
    let mut read = String::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            read.push(letter);
            continue;
        }
        read.push(match rest.next()? {
            'a' => '\x07',
            'e' => '\x1b',
            'n' => '\n',
            'r' => '\r',
            '\\' => '\\',
            digit => {
                let mut value = digit.to_digit(8)?;
                for _ in 0..2 {
                    value = value * 8 + rest.next()?.to_digit(8)?;
                }
                char::from_u32(value).filter(|letter| letter.is_ascii() && *letter != '\0')?
            }
        });
    }
    Some(read)
}
