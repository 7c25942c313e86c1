//! Parameter expansion with all its operators.

use super::arithmetic;
use super::interpreter::Interpreter;
use super::pattern;
use super::source::Origin;
use super::state::Value;
use super::text::{Part, Text};
use crate::shell::{Operator, Parameter, Piece, Subscript, Word};

/// What a parameter expands to.
#[derive(Clone, Debug)]
pub(super) enum Expansion {
    Scalar(Text),
    /// `$*`, `${a[*]}`: one text when quoted.
    Joined(Text),
    /// `$@`, `${a[@]}`: a field for each.
    List(Vec<Text>),
    /// `$@` of unknown length.
    UnknownList(String),
    /// Certainly not set.
    Unset,
}

impl Expansion {
    /// As one text, where no fields are made.
    pub(super) fn joined(self) -> Text {
        match self {
            Self::Scalar(text) | Self::Joined(text) => text,
            Self::List(texts) => join(&texts),
            Self::UnknownList(source) => Text::unknown(source),
            Self::Unset => Text::empty(),
        }
    }

    fn map(self, change: impl Fn(Text) -> Text) -> Self {
        match self {
            Self::Scalar(text) => Self::Scalar(change(text)),
            Self::Joined(text) => Self::Joined(change(text)),
            Self::List(texts) => Self::List(texts.into_iter().map(change).collect()),
            unchanged @ (Self::UnknownList(_) | Self::Unset) => unchanged,
        }
    }
}

pub(super) fn join(texts: &[Text]) -> Text {
    let mut joined = Text::empty();
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            joined.push_known(" ");
        }
        joined.append(text.clone());
    }
    joined
}

impl Interpreter<'_> {
    pub(super) fn parameter(&mut self, parameter: &Parameter, quoted: bool) -> Expansion {
        if let Some(zsh) = &parameter.zsh {
            return self.zsh_parameter(parameter, zsh, quoted);
        }
        if let Operator::Names = parameter.operator {
            return Expansion::UnknownList(parameter.source.to_string());
        }
        if parameter.indirect {
            return self.indirect(parameter);
        }
        let found = self.look_up(&parameter.name, parameter.subscript.as_ref());
        self.apply(parameter, found)
    }

    /// `${!name}`: the variable whose name `name` holds.
    fn indirect(&mut self, parameter: &Parameter) -> Expansion {
        let unknown = Expansion::Scalar(Text::unknown(parameter.source.as_ref()));
        let Some(Expansion::Scalar(name)) =
            self.look_up(&parameter.name, parameter.subscript.as_ref())
        else {
            return unknown;
        };
        let Some(exact) = name.exact().map(str::to_owned) else {
            return unknown;
        };
        if exact.contains('[') {
            return Expansion::Scalar(self.expand_again(&name, &parameter.source));
        }
        let found = self.look_up(&exact, None);
        self.apply(parameter, found)
    }

    pub(super) fn apply(&mut self, parameter: &Parameter, found: Option<Expansion>) -> Expansion {
        let unknown = || Expansion::Scalar(Text::unknown(parameter.source.as_ref()));
        if parameter.length {
            return match found {
                Some(Expansion::Scalar(text)) => match text.exact() {
                    Some(text) => Expansion::Scalar(Text::known(text.chars().count().to_string())),
                    None => unknown(),
                },
                Some(Expansion::List(texts)) => {
                    Expansion::Scalar(Text::known(texts.len().to_string()))
                }
                Some(Expansion::Unset) => Expansion::Scalar(Text::known("0")),
                Some(Expansion::Joined(_) | Expansion::UnknownList(_)) | None => unknown(),
            };
        }
        match &parameter.operator {
            Operator::None | Operator::Names | Operator::Error { .. } => {
                let list = matches!(parameter.name.as_str(), "@" | "*")
                    || matches!(parameter.subscript, Some(Subscript::At | Subscript::Star));
                match found {
                    Some(Expansion::Scalar(text)) if list && text.has_unknown() => {
                        Expansion::UnknownList(parameter.source.to_string())
                    }
                    Some(found) => found,
                    None if list => Expansion::UnknownList(parameter.source.to_string()),
                    None => unknown(),
                }
            }
            Operator::Default { colon, word } => match presence(found.as_ref(), *colon) {
                Presence::Present => found.unwrap_or_else(unknown),
                Presence::Absent => self.operand(word),
                Presence::Uncertain => {
                    // The commands in the operand may run.
                    let _ = self.operand(word);
                    unknown()
                }
            },
            Operator::Assign { colon, word } => match presence(found.as_ref(), *colon) {
                Presence::Present => found.unwrap_or_else(unknown),
                Presence::Absent => {
                    let value = self.value(word);
                    self.state
                        .set(self.world, &parameter.name, Value::Scalar(value.clone()));
                    Expansion::Scalar(value)
                }
                Presence::Uncertain => {
                    let _ = self.value(word);
                    unknown()
                }
            },
            Operator::Alternative { colon, word } => match presence(found.as_ref(), *colon) {
                Presence::Present => self.operand(word),
                Presence::Absent => Expansion::Scalar(Text::empty()),
                Presence::Uncertain => {
                    let _ = self.operand(word);
                    unknown()
                }
            },
            Operator::Transform('P') => {
                let text = found.map_or_else(
                    || Text::unknown(parameter.source.as_ref()),
                    Expansion::joined,
                );
                Expansion::Scalar(self.expand_again(&text, &parameter.source))
            }
            operator => {
                let Some(found) = found else { return unknown() };
                let change = self.change(operator);
                let source = parameter.source.as_ref();
                match change {
                    Some(change) => found.map(|text| match text.exact() {
                        Some(known) => change
                            .apply(known)
                            .map_or_else(|| Text::unknown(source), Text::known),
                        None => change.apply_around(&text, source),
                    }),
                    None => unknown(),
                }
            }
        }
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
            self.text(
                &format!("true <<__guard_text\n{value}\n__guard_text\n"),
                place,
            );
        }
        Text::unknown(source)
    }

    /// The word after `:-` and its kin: its quoted fields stay apart only in an argument, so one
    /// text is enough unless it is a single `"$@"`.
    fn operand(&mut self, word: &Word) -> Expansion {
        if let [Piece::Parameter { parameter, quoted }] = word.pieces.as_slice() {
            return self.parameter(parameter, *quoted);
        }
        // zsh splits what a command prints, and nothing else.
        let prints = |piece: &Piece| matches!(piece, Piece::Command { quoted: false, .. });
        if self.state.dialect.is_zsh() && word.pieces.iter().any(prints) {
            return self.nested(word);
        }
        Expansion::Scalar(self.value(word))
    }

    /// What is known of a parameter; `None` if nothing.
    pub(super) fn look_up(
        &mut self,
        name: &str,
        subscript: Option<&Subscript>,
    ) -> Option<Expansion> {
        match name {
            "@" | "*" => {
                let arguments = self.state.arguments.clone()?;
                return Some(if name == "@" {
                    Expansion::List(arguments)
                } else {
                    Expansion::Joined(join(&arguments))
                });
            }
            "#" => {
                let count = self.state.arguments.as_ref()?.len();
                return Some(Expansion::Scalar(Text::known(count.to_string())));
            }
            "0" => return Some(Expansion::Scalar(self.state.name.clone())),
            "PWD" if !self.state.variables.contains_key("PWD") => {
                return Some(Expansion::Scalar(self.working_directory()));
            }
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>() {
            let arguments = self.state.arguments.as_ref()?;
            let text = arguments
                .get(number.checked_sub(1)?)
                .cloned()
                .unwrap_or_default();
            return Some(Expansion::Scalar(text));
        }
        match (self.state.variable(self.world, name)?, subscript) {
            (Value::Unset, _) => Some(Expansion::Unset),
            (Value::Scalar(text), None | Some(Subscript::At | Subscript::Star)) => {
                Some(Expansion::Scalar(text))
            }
            (Value::Array(texts), None) => Some(Expansion::Scalar(
                texts.first().cloned().unwrap_or_default(),
            )),
            (Value::Array(texts), Some(Subscript::At)) => Some(Expansion::List(texts)),
            (Value::Array(texts), Some(Subscript::Star)) => Some(Expansion::Joined(join(&texts))),
            (Value::Map(map), Some(Subscript::At)) => {
                Some(Expansion::List(map.into_values().collect()))
            }
            (Value::Array(texts), Some(Subscript::Index(index))) => {
                let index = self.number(index)?;
                let index = if index < 0 {
                    index + i64::try_from(texts.len()).ok()?
                } else {
                    index
                };
                let text = texts
                    .get(usize::try_from(index).ok()?)
                    .cloned()
                    .unwrap_or_default();
                Some(Expansion::Scalar(text))
            }
            (Value::Map(map), Some(Subscript::Index(key))) => {
                let key = self.value(key);
                Some(Expansion::Scalar(
                    map.get(key.exact()?).cloned().unwrap_or_default(),
                ))
            }
            (Value::Scalar(text), Some(Subscript::Index(index))) => {
                (self.number(index)? == 0).then_some(Expansion::Scalar(text))
            }
            (Value::OneOf(_), _) | (Value::Map(_), None | Some(Subscript::Star)) => None,
        }
    }

    pub(super) fn number(&mut self, expression: &Word) -> Option<i64> {
        let text = self.value(expression);
        // A variable's value is read as an expression, too, with the subscripts in it.
        let names: Vec<String> = text
            .known_prefix()
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
            .map(str::to_owned)
            .collect();
        for name in names {
            if let Some(value) = self
                .scalar(&name)
                .filter(|value| value.display().contains('['))
            {
                self.expand_again(&value, &expression.source);
            }
        }
        let lookup = |name: &str| self.scalar(name)?.exact().map(str::to_owned);
        arithmetic::evaluate(text.exact()?, &lookup)
    }

    pub(super) fn arithmetic(&mut self, expression: &Word, source: &str) -> Text {
        match self.number(expression) {
            Some(number) => Text::known(number.to_string()),
            None => Text::unknown(source),
        }
    }

    /// A pattern operator with its operands evaluated; `None` if they are not known.
    fn change(&mut self, operator: &Operator) -> Option<Change> {
        Some(match operator {
            Operator::RemovePrefix { longest, pattern } => Change::RemovePrefix {
                longest: *longest,
                pattern: self.pattern(pattern)?,
            },
            Operator::RemoveSuffix { longest, pattern } => Change::RemoveSuffix {
                longest: *longest,
                pattern: self.pattern(pattern)?,
            },
            Operator::Replace {
                all,
                anchor,
                pattern,
                replacement,
            } => Change::Replace {
                all: *all,
                anchor: *anchor,
                pattern: self.pattern(pattern)?,
                replacement: self.value(replacement).exact()?.to_owned(),
            },
            Operator::Substring { offset, length } => Change::Substring {
                offset: self.number(offset)?,
                length: match length {
                    Some(length) => Some(self.number(length)?),
                    None => None,
                },
            },
            Operator::Case {
                upper,
                all,
                pattern,
            } => {
                let pattern = self.pattern(pattern)?;
                if !pattern.is_empty() && pattern != "?" {
                    return None;
                }
                Change::Case {
                    upper: *upper,
                    all: *all,
                }
            }
            Operator::Transform('U') => Change::Case {
                upper: true,
                all: true,
            },
            Operator::Transform('u') => Change::Case {
                upper: true,
                all: false,
            },
            Operator::Transform('L') => Change::Case {
                upper: false,
                all: true,
            },
            Operator::Transform('Q') => Change::Quote,
            Operator::Transform('E') => Change::AnsiC,
            Operator::Transform(_)
            | Operator::None
            | Operator::Names
            | Operator::Error { .. }
            | Operator::Default { .. }
            | Operator::Assign { .. }
            | Operator::Alternative { .. }
            | Operator::Set { .. }
            | Operator::Exclude { .. }
            | Operator::Other { .. } => return None,
        })
    }
}

enum Presence {
    Present,
    Absent,
    Uncertain,
}

fn presence(found: Option<&Expansion>, colon: bool) -> Presence {
    match found {
        // Not set in the environment and not set here: so bash will find it, too.
        None | Some(Expansion::Unset) => Presence::Absent,
        Some(Expansion::UnknownList(_)) => Presence::Uncertain,
        Some(Expansion::List(texts)) if texts.is_empty() => Presence::Absent,
        Some(Expansion::Scalar(text) | Expansion::Joined(text)) if colon => {
            match (text.exact(), text.parts()) {
                (Some(""), _) => Presence::Absent,
                (Some(_), _) => Presence::Present,
                (None, parts) if parts.iter().any(|part| matches!(part, Part::Known(_))) => {
                    Presence::Present
                }
                (None, _) => Presence::Uncertain,
            }
        }
        Some(Expansion::Scalar(_) | Expansion::Joined(_) | Expansion::List(_)) => Presence::Present,
    }
}

enum Change {
    RemovePrefix {
        longest: bool,
        pattern: String,
    },
    RemoveSuffix {
        longest: bool,
        pattern: String,
    },
    Replace {
        all: bool,
        anchor: Option<char>,
        pattern: String,
        replacement: String,
    },
    Substring {
        offset: i64,
        length: Option<i64>,
    },
    Case {
        upper: bool,
        all: bool,
    },
    Quote,
    AnsiC,
}

impl Change {
    fn apply(&self, text: &str) -> Option<String> {
        Some(match self {
            Self::RemovePrefix { longest, pattern } => {
                pattern::remove_prefix(text, pattern, *longest).to_owned()
            }
            Self::RemoveSuffix { longest, pattern } => {
                pattern::remove_suffix(text, pattern, *longest).to_owned()
            }
            Self::Replace {
                all,
                anchor,
                pattern,
                replacement,
            } => pattern::replace(text, pattern, replacement, *all, *anchor),
            Self::Substring { offset, length } => substring(text, *offset, *length)?,
            Self::Case { upper, all } => change_case(text, *upper, *all),
            Self::Quote => format!("'{}'", text.replace('\'', r"'\''")),
            Self::AnsiC => crate::shell::ansi_c(text),
        })
    }

    /// On a text that is known only in part: what is removed at one end leaves the other end.
    fn apply_around(&self, text: &Text, source: &str) -> Text {
        let parts = text.parts();
        match (self, parts.split_last(), parts.split_first()) {
            (
                Self::RemoveSuffix {
                    longest: false,
                    pattern,
                },
                Some((Part::Known(last), head)),
                _,
            ) => {
                let kept = pattern::remove_suffix(last, pattern, false);
                if kept.len() == last.len() {
                    return Text::unknown(source);
                }
                let mut changed = Text::empty();
                for part in head {
                    changed.push(part.clone());
                }
                changed.push_known(kept);
                changed
            }
            _ => Text::unknown(source),
        }
    }
}

fn substring(text: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let count = i64::try_from(characters.len()).ok()?;
    let start = if offset < 0 { count + offset } else { offset };
    if start < 0 || start > count {
        return Some(String::new());
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count + length,
        Some(length) => (start.checked_add(length)?).min(count),
    };
    if end < start {
        return None;
    }
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    Some(characters.get(start..end)?.iter().collect())
}

fn change_case(text: &str, upper: bool, all: bool) -> String {
    let change = |c: char| -> String {
        if upper {
            c.to_uppercase().collect()
        } else {
            c.to_lowercase().collect()
        }
    };
    let mut characters = text.chars();
    if all {
        return characters.map(change).collect();
    }
    match characters.next() {
        Some(first) => change(first) + characters.as_str(),
        None => String::new(),
    }
}
