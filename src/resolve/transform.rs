//! The operators of a parameter expansion that change its text.

use super::interpreter::Interpreter;
use super::options::ShellOption;
use super::pattern::{self, Pattern};
use super::text::{Part, Text};
use crate::shell::Operator;

/// An operator with its operands evaluated.
pub(super) enum Change {
    RemovePrefix {
        longest: bool,
        pattern: Pattern,
    },
    RemoveSuffix {
        longest: bool,
        pattern: Pattern,
    },
    Replace {
        all: bool,
        anchor: Option<char>,
        pattern: Pattern,
        replacement: pattern::Replacement,
    },
    Substring {
        offset: i64,
        length: Option<i64>,
    },
    Case {
        case: Case,
        all: bool,
        pattern: Option<Pattern>,
    },
    Quote,
    AnsiC,
}

#[derive(Clone, Copy)]
pub(super) enum Case {
    Upper,
    Lower,
    Toggle,
}

impl Interpreter<'_> {
    /// An operator that changes text, with its operands evaluated; `None` if they are not known.
    pub(super) fn change(&mut self, operator: &Operator) -> Option<Change> {
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
            } => {
                let pattern = self.pattern(pattern);
                let live = self.state.options.get(ShellOption::PatsubReplacement);
                let replacement = self.replacement(replacement, live.unwrap_or_default());
                Change::Replace {
                    all: *all,
                    anchor: *anchor,
                    pattern: pattern?,
                    replacement: replacement.filter(|_| live.is_some())?,
                }
            }
            Operator::Substring { offset, length } => {
                let offset = self.number(offset);
                let length = length.as_ref().map(|length| self.number(length));
                Change::Substring {
                    offset: offset?,
                    length: match length {
                        Some(length) => Some(length?),
                        None => None,
                    },
                }
            }
            Operator::Case {
                symbol,
                all,
                pattern,
            } => {
                let pattern = match pattern.pieces.is_empty() {
                    true => None,
                    false => Some(self.pattern(pattern)?),
                };
                Change::Case {
                    case: match symbol {
                        '^' => Case::Upper,
                        ',' => Case::Lower,
                        _ => Case::Toggle,
                    },
                    all: *all,
                    pattern,
                }
            }
            Operator::Transform('U') => Change::case(Case::Upper, true),
            Operator::Transform('u') => Change::case(Case::Upper, false),
            Operator::Transform('L') => Change::case(Case::Lower, true),
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

impl Change {
    pub(super) const fn case(case: Case, all: bool) -> Self {
        Self::Case {
            case,
            all,
            pattern: None,
        }
    }

    /// Whether the shell refuses to change this text: what is cut off ends before it begins.
    pub(super) fn is_wrong(&self, text: &str) -> bool {
        match self {
            Self::Substring { offset, length } => substring(text, *offset, *length).is_none(),
            _ => false,
        }
    }

    pub(super) fn apply(&self, text: &Text, source: &str) -> Text {
        match text.exact() {
            Some(known) => self
                .apply_known(known)
                .map_or_else(|| Text::unknown(source), Text::known),
            None => self.apply_around(text, source),
        }
    }

    fn apply_known(&self, text: &str) -> Option<String> {
        // What is one character, the locale says.
        if !text.is_ascii() && self.counts_characters() {
            return None;
        }
        Some(match self {
            Self::RemovePrefix { longest, pattern } => {
                pattern.remove_prefix(text, *longest)?.to_owned()
            }
            Self::RemoveSuffix { longest, pattern } => {
                pattern.remove_suffix(text, *longest)?.to_owned()
            }
            Self::Replace {
                all,
                anchor,
                pattern,
                replacement,
            } => pattern.replace(text, replacement, *all, *anchor)?,
            Self::Substring { offset, length } => substring(text, *offset, *length)?,
            Self::Case { case, all, pattern } => change_case(text, *case, *all, pattern.as_ref())?,
            Self::Quote => quoted(text),
            Self::AnsiC => crate::shell::ansi_c(text),
        })
    }

    /// The steps of matching so far, since this was asked last.
    pub(super) fn work(&self) -> usize {
        match self {
            Self::RemovePrefix { pattern, .. }
            | Self::RemoveSuffix { pattern, .. }
            | Self::Replace { pattern, .. } => pattern.work(),
            Self::Case { pattern, .. } => pattern.as_ref().map_or(0, Pattern::work),
            Self::Substring { .. } | Self::Quote | Self::AnsiC => 0,
        }
    }

    fn counts_characters(&self) -> bool {
        match self {
            Self::RemovePrefix { pattern, .. }
            | Self::RemoveSuffix { pattern, .. }
            | Self::Replace { pattern, .. } => pattern.counts_characters(),
            Self::Substring { .. } | Self::Case { .. } | Self::Quote => true,
            Self::AnsiC => false,
        }
    }

    /// On a text that is known only in part: what is removed at one end leaves the other end.
    fn apply_around(&self, text: &Text, source: &str) -> Text {
        match (self, text.parts().split_last()) {
            (
                Self::RemoveSuffix {
                    longest: false,
                    pattern,
                },
                Some((Part::Known(last), head)),
            ) => {
                let kept = pattern.remove_suffix(last, false);
                let Some(kept) = kept.filter(|kept| kept.len() < last.len()) else {
                    return Text::unknown(source);
                };
                let mut changed = Text::empty();
                for part in head {
                    changed.push(part.clone());
                }
                changed.push_known(kept);
                changed
            }
            (Self::Quote, _) => Text::quoted(source),
            _ => Text::unknown(source),
        }
    }
}

/// As `${x@Q}` and `printf %q` in one: a form that reads back as this text.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().any(|c| c.is_control()) {
        let mut escaped = String::from("$'");
        for character in text.chars() {
            match character {
                '\n' => escaped.push_str("\\n"),
                '\t' => escaped.push_str("\\t"),
                '\r' => escaped.push_str("\\r"),
                '\x07' => escaped.push_str("\\a"),
                '\x08' => escaped.push_str("\\b"),
                '\x0b' => escaped.push_str("\\v"),
                '\x0c' => escaped.push_str("\\f"),
                '\x1b' => escaped.push_str("\\E"),
                '\'' => escaped.push_str("\\'"),
                '\\' => escaped.push_str("\\\\"),
                control if control.is_control() => {
                    escaped.push_str(&format!("\\{:03o}", u32::from(control)));
                }
                other => escaped.push(other),
            }
        }
        escaped.push('\'');
        return escaped;
    }
    // What bash writes for this one alone.
    if text == "'" {
        return r"\'".to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn substring(text: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let count = i64::try_from(characters.len()).ok()?;
    let start = if offset < 0 {
        count.checked_add(offset)?
    } else {
        offset
    };
    if start < 0 || start > count {
        return Some(String::new());
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.checked_add(length)?,
        Some(length) => (start.checked_add(length)?).min(count),
    };
    if end < start {
        return None;
    }
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    Some(characters.get(start..end)?.iter().collect())
}

/// `None` where the pattern takes too long.
pub(super) fn change_case(
    text: &str,
    case: Case,
    all: bool,
    pattern: Option<&Pattern>,
) -> Option<String> {
    let mut changed = String::new();
    for (index, character) in text.chars().enumerate() {
        let meant = (all || index == 0)
            && match pattern {
                Some(pattern) => pattern.matches(character.encode_utf8(&mut [0; 4]))?,
                None => true,
            };
        match case {
            _ if !meant => changed.push(character),
            Case::Toggle if character.is_uppercase() => changed.extend(character.to_lowercase()),
            Case::Upper | Case::Toggle => changed.extend(character.to_uppercase()),
            Case::Lower => changed.extend(character.to_lowercase()),
        }
    }
    Some(changed)
}
