//! What a library that reads the command line makes of the program's arguments, once it is known
//! what the program declared.
//!
//! Owns the words: which of them an option takes, and which are left for the rest.

use crate::location::Span;
use crate::program::evaluate::Evaluator;
use crate::program::value::{Arguments, Value};
use crate::resolve::Text;

/// An option, or an argument without a name.
#[derive(Default)]
pub(in crate::program) struct Declared {
    /// `-o`, `--output`; none of a positional argument.
    pub(in crate::program) names: Vec<String>,
    /// The member that holds its value.
    pub(in crate::program) member: String,
    pub(in crate::program) action: String,
    /// How many words it takes: at least, at most.
    pub(in crate::program) least: usize,
    pub(in crate::program) most: usize,
    pub(in crate::program) is_list: bool,
    pub(in crate::program) default: Option<Value>,
    pub(in crate::program) constant: Option<Value>,
    /// What it is made of each word.
    pub(in crate::program) kind: Option<Value>,
    pub(in crate::program) given: Option<Value>,
}

impl Declared {
    pub(in crate::program) fn option(names: Vec<String>, member: &str) -> Self {
        Self {
            names,
            ..Self::positional(member)
        }
    }

    pub(in crate::program) fn positional(member: &str) -> Self {
        Self {
            member: member.to_owned(),
            action: "store".to_owned(),
            least: 1,
            most: 1,
            ..Self::default()
        }
    }

    /// It takes so many words.
    pub(in crate::program) fn take(&mut self, words: usize) {
        (self.least, self.most) = (words, words);
    }

    /// It takes all words that are left.
    pub(in crate::program) fn take_all(&mut self) {
        (self.least, self.most, self.is_list) = (0, usize::MAX, true);
    }
}

/// What each declared argument gets of these words; nothing where that is not known.
pub(in crate::program) fn fill(
    evaluator: &mut Evaluator<'_>,
    mut all: Vec<Declared>,
    words: Vec<Text>,
    span: Span,
) -> Option<Vec<(String, Value)>> {
    let mut rest: Vec<Text> = Vec::new();
    let mut words = words.into_iter().peekable();
    let is_option = |word: &Text| {
        let prefix = word.known_prefix();
        prefix.starts_with('-') && prefix.len() > 1
    };
    while let Some(word) = words.next() {
        if !is_option(&word) {
            rest.push(word);
            continue;
        }
        let known = word.known_prefix();
        if known == "--" {
            rest.extend(words.by_ref());
            break;
        }
        let (name, attached) = match known.split_once('=') {
            Some((name, _)) if name.starts_with("--") => (name, Some(word.after(name.len() + 1))),
            _ if known.starts_with("--") => (word.exact()?, None),
            // `-ofile` is `-o file`.
            _ => {
                let length = known
                    .chars()
                    .nth(1)
                    .map_or(1, |letter| 1 + letter.len_utf8());
                let value = word.after(length);
                (known.get(..length)?, (!value.is_empty()).then_some(value))
            }
        };
        // A beginning is enough, if it is the beginning of one only.
        let fits = |declared: &&mut Declared| declared.names.iter().any(|known| known == name);
        let begins = |declared: &&mut Declared| {
            name.starts_with("--") && declared.names.iter().any(|known| known.starts_with(name))
        };
        let exact = all.iter().any(|declared| {
            let mut names = declared.names.iter();
            names.any(|known| known == name)
        });
        let option = if exact {
            all.iter_mut().find(fits)
        } else {
            all.iter_mut().find(begins)
        }?;
        if attached.is_some() && option.most == 0 {
            return None;
        }
        let mut values: Vec<Text> = attached.into_iter().collect();
        if values.is_empty() {
            while values.len() < option.most {
                match words.next_if(|next| !is_option(next)) {
                    Some(value) => values.push(value),
                    None => break,
                }
            }
        }
        give(evaluator, option, values, span);
    }
    give_rest(evaluator, &mut all, rest, span);
    let members = all.into_iter().filter_map(|declared| {
        let value = match (declared.given, declared.action.as_str()) {
            (Some(given), _) => given,
            // It only takes back what another says.
            (None, "store_no") => return None,
            (None, "store_true") => declared.default.unwrap_or(Value::Boolean(false)),
            (None, "store_false") => Value::Boolean(true),
            (None, _) => declared.default.unwrap_or(Value::Null),
        };
        Some((declared.member, value))
    });
    Some(members.collect())
}

/// The words that no option took go to the positional arguments, in order.
fn give_rest(evaluator: &mut Evaluator<'_>, all: &mut [Declared], rest: Vec<Text>, span: Span) {
    let least = |declared: &[&mut Declared]| -> usize {
        declared.iter().map(|declared| declared.least).sum()
    };
    let mut rest = rest.into_iter();
    let mut positional: Vec<&mut Declared> = all
        .iter_mut()
        .filter(|declared| declared.names.is_empty())
        .collect();
    while !positional.is_empty() {
        let declared = positional.remove(0);
        // As many as the ones behind it leave.
        let count = rest.len().saturating_sub(least(&positional));
        let values: Vec<Text> = rest.by_ref().take(count.min(declared.most)).collect();
        if values.is_empty() && declared.least == 0 && !declared.is_list {
            continue;
        }
        if values.len() < declared.least {
            // The program ends here, with a word about its use.
            declared.given = Some(Value::unknown(&*declared.member));
            continue;
        }
        give(evaluator, declared, values, span);
    }
}

fn give(evaluator: &mut Evaluator<'_>, declared: &mut Declared, values: Vec<Text>, span: Span) {
    let mut made: Vec<Value> = Vec::new();
    for value in values {
        let value = Value::Text(value);
        made.push(match &declared.kind {
            Some(kind) => {
                let arguments = Arguments {
                    positional: vec![value],
                    ..Arguments::default()
                };
                evaluator.apply(&kind.clone(), &arguments, span)
            }
            None => value,
        });
    }
    let value = match declared.action.as_str() {
        "store_true" => Value::Boolean(true),
        "store_false" | "store_no" => Value::Boolean(false),
        "store" if declared.is_list => evaluator.list(made, false),
        "store" => match (made.pop(), &declared.constant) {
            (Some(value), _) => value,
            (None, Some(constant)) => constant.clone(),
            (None, None) => Value::Null,
        },
        "store_const" => declared.constant.clone().unwrap_or(Value::Null),
        "append" | "extend" => {
            let mut all = match &declared.given {
                Some(before) => evaluator.items(before, true, span).0,
                None => Vec::new(),
            };
            all.extend(made);
            evaluator.list(all, false)
        }
        _ => Value::unknown(&*declared.member),
    };
    declared.given = Some(value);
}
