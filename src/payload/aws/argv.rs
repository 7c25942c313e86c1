//! An `aws` command line, read as the CLI reads it.
//!
//! The CLI reads in three passes: its global options first, wherever they stand; then the
//! service and the operation; then the operation's own options. Each pass accepts unique
//! prefixes of its long options. Must never judge.

use super::model::{Operation, Shape};
use crate::location::Location;
use crate::resolve::{Argument, Part, Text};

/// Global options; v1's and v2's together.
const GLOBALS: &[(&str, Shape)] = &[
    ("ca-bundle", Shape::Value),
    ("cli-auto-prompt", Shape::Flag),
    ("cli-binary-format", Shape::Value),
    ("cli-connect-timeout", Shape::Value),
    ("cli-error-format", Shape::Value),
    ("cli-read-timeout", Shape::Value),
    ("color", Shape::Value),
    ("debug", Shape::Flag),
    ("endpoint-url", Shape::Value),
    ("no-cli-auto-prompt", Shape::Flag),
    ("no-cli-pager", Shape::Flag),
    ("no-paginate", Shape::Flag),
    ("no-sign-request", Shape::Flag),
    ("no-verify-ssl", Shape::Flag),
    ("output", Shape::Value),
    ("profile", Shape::Value),
    ("query", Shape::Value),
    ("region", Shape::Value),
    ("v2-debug", Shape::Flag),
    ("version", Shape::Flag),
];

/// Options that every operation has beside its own.
const GENERIC: &[(&str, Shape)] = &[
    ("cli-input-json", Shape::Value),
    ("cli-input-yaml", Shape::Value),
    ("generate-cli-skeleton", Shape::Value),
];

/// An option as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// Without its dashes, written out.
    pub(super) name: String,
    /// `--no-…` of a flag.
    pub(super) negated: bool,
    pub(super) values: Vec<Argument>,
    /// The spelling fits several options: it may be this one.
    pub(super) doubtful: bool,
}

/// The options of one pass, and the words that it leaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) options: Vec<Given>,
    pub(super) rest: Vec<Argument>,
    /// A word that may be several, or any option at all (`$FLAGS`).
    pub(super) uncertain: Option<Location>,
}

impl Read {
    /// The last value given.
    pub(super) fn value(&self, name: &str) -> Option<&Argument> {
        self.given(name)?.values.last()
    }

    /// The last time it was given.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.options.iter().rev().find(|given| given.name == name)
    }

    /// Every value given for it the last time.
    pub(super) fn values(&self, name: &str) -> &[Argument] {
        self.given(name)
            .map_or(&[], |given| given.values.as_slice())
    }
}

/// A word as argparse sees it.
enum Word {
    /// `--name`, with what stands after its `=`.
    Option(String, Option<Text>),
    Other,
}

fn word(argument: &Argument) -> Word {
    let Some(Part::Known(first)) = argument.value.parts().first() else {
        return Word::Other;
    };
    let Some(name) = first.strip_prefix("--").filter(|name| !name.is_empty()) else {
        return Word::Other;
    };
    match name.split_once('=') {
        Some((name, attached)) => {
            let mut value = Text::known(attached);
            for part in argument.value.parts().iter().skip(1) {
                value.push(part.clone());
            }
            Word::Option(name.to_owned(), Some(value))
        }
        // `--$NAME`: some option, nobody knows which.
        None if argument.value.parts().len() > 1 => Word::Other,
        // A word with a blank in it is a value, whatever it starts with.
        None if name.contains(' ') => Word::Other,
        None => Word::Option(name.to_owned(), None),
    }
}

/// The options of a list that a spelling may mean: one if it is exact or a unique prefix.
fn meant<'a>(
    spelling: &str,
    options: &'a [(String, bool, Shape)],
) -> Vec<&'a (String, bool, Shape)> {
    let full = |(name, negated, _): &(String, bool, Shape)| match negated {
        true => format!("no-{name}"),
        false => name.clone(),
    };
    if let Some(exact) = options.iter().find(|option| full(option) == spelling) {
        return vec![exact];
    }
    options
        .iter()
        .filter(|option| full(option).starts_with(spelling))
        .collect()
}

/// Takes the options of one list out of the words; all else is left in order.
fn take(words: Vec<Argument>, options: &[(String, bool, Shape)], every: bool) -> Read {
    let mut read = Read::default();
    let mut words = words.into_iter().peekable();
    while let Some(argument) = words.next() {
        let Word::Option(spelling, attached) = word(&argument) else {
            note_uncertain(&argument, &mut read);
            read.rest.push(argument);
            continue;
        };
        let meant = meant(&spelling, options);
        let shape = match meant.as_slice() {
            [] if every => Shape::Values,
            [] => {
                read.rest.push(argument);
                continue;
            }
            [first, ..] => first.2,
        };
        let values = match (attached, shape) {
            (Some(value), _) => vec![Argument {
                value,
                verbatim: None,
                ..argument
            }],
            // Pairs of flags that ec2 makes of structures also take `Value=false`.
            (None, Shape::Flag) => words.next_if(is_boolean).into_iter().collect(),
            (None, Shape::Value | Shape::Operand) => {
                words.next_if(|next| !is_option(next)).into_iter().collect()
            }
            (None, Shape::Values) => {
                let mut values = Vec::new();
                while let Some(next) = words.next_if(|next| !is_option(next)) {
                    values.push(next);
                }
                values
            }
        };
        for value in &values {
            if shape == Shape::Values {
                note_uncertain(value, &mut read);
            }
        }
        if meant.is_empty() {
            let (name, negated) = match spelling.strip_prefix("no-") {
                Some(name) => (name.to_owned(), true),
                None => (spelling, false),
            };
            read.options.push(Given {
                name,
                negated,
                values,
                doubtful: false,
            });
            continue;
        }
        let doubtful = meant.len() > 1;
        for (name, negated, _) in meant {
            read.options.push(Given {
                name: name.clone(),
                negated: *negated != says_false(&values, shape),
                values: values.clone(),
                doubtful,
            });
        }
    }
    read
}

fn is_option(argument: &Argument) -> bool {
    matches!(word(argument), Word::Option(..))
}

fn is_boolean(argument: &Argument) -> bool {
    argument.value.exact().is_some_and(|text| {
        let text = text.to_ascii_lowercase();
        matches!(
            text.strip_prefix("value=").unwrap_or(&text),
            "true" | "false"
        )
    })
}

fn says_false(values: &[Argument], shape: Shape) -> bool {
    shape == Shape::Flag
        && values.iter().any(|value| {
            value
                .value
                .exact()
                .is_some_and(|text| text.to_ascii_lowercase().ends_with("false"))
        })
}

/// Remembers the first word that may hold options nobody can see.
fn note_uncertain(argument: &Argument, read: &mut Read) {
    let starts_unknown = matches!(argument.value.parts().first(), Some(Part::Unknown(_)));
    if argument.splits && starts_unknown && read.uncertain.is_none() {
        read.uncertain = Some(argument.location.clone());
    }
}

fn owned(options: impl Iterator<Item = (&'static str, Shape)>) -> Vec<(String, bool, Shape)> {
    let mut list = Vec::new();
    for (name, shape) in options {
        if shape == Shape::Operand {
            continue;
        }
        list.push((name.to_owned(), false, shape));
        if shape == Shape::Flag && !name.starts_with("no-") {
            list.push((name.to_owned(), true, shape));
        }
    }
    list
}

/// The first pass: global options, and all other words in order.
pub(super) fn globals(words: Vec<Argument>) -> Read {
    let options: Vec<_> = GLOBALS
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), false, *shape))
        .collect();
    take(words, &options, false)
}

/// The last pass: an operation's own options and its operands. Of an operation whose options
/// are not known, every option takes the words up to the next one.
pub(super) fn options(words: Vec<Argument>, operation: Option<&Operation>) -> Read {
    let known = operation.is_some_and(|operation| operation.options().next().is_some());
    let own = operation
        .into_iter()
        .flat_map(Operation::options)
        .chain(GENERIC.iter().copied());
    take(words, &owned(own), !known)
}

/// Takes the first word that is no option: a service, an operation.
pub(super) fn take_word(words: &mut Vec<Argument>) -> Option<Argument> {
    let at = words.iter().position(|argument| !is_option(argument))?;
    Some(words.remove(at))
}

#[cfg(test)]
mod tests {
    use super::super::model::service;
    use super::*;

    fn words(text: &str) -> Vec<Argument> {
        text.split_ascii_whitespace()
            .map(|word| Argument::known(word, Location::default()))
            .collect()
    }

    fn read(text: &str) -> (Read, Read) {
        let mut first = globals(words(text));
        let mut rest = std::mem::take(&mut first.rest);
        let name = take_word(&mut rest).expect("a service");
        let operation = take_word(&mut rest).expect("an operation");
        let found = service(name.value.exact().expect("known"))
            .and_then(|service| service.operation(operation.value.exact().expect("known")));
        (first, options(rest, found.as_ref()))
    }

    fn shown(read: &Read) -> Vec<String> {
        read.options
            .iter()
            .map(|given| {
                let values: Vec<_> = given
                    .values
                    .iter()
                    .map(|value| value.value.display().into_owned())
                    .collect();
                let no = if given.negated { "no " } else { "" };
                format!("{no}{}[{}]", given.name, values.join(","))
            })
            .collect()
    }

    #[test]
    fn globals_stand_anywhere_and_may_be_short() {
        for text in [
            "--profile prod rds delete-db-instance --db-instance-identifier x",
            "rds --profile prod delete-db-instance --db-instance-identifier x",
            "rds delete-db-instance --db-instance-identifier x --profile=prod",
            "rds delete-db-instance --prof prod --db-instance-identifier x",
        ] {
            let (globals, own) = read(text);
            assert_eq!(shown(&globals), ["profile[prod]"], "{text}");
            assert_eq!(shown(&own), ["db-instance-identifier[x]"], "{text}");
        }
    }

    #[test]
    fn an_operations_options_may_be_short_too() {
        for (text, expected) in [
            (
                "rds delete-db-instance --db-inst x --skip-f",
                vec!["db-instance-identifier[x]", "skip-final-snapshot[]"],
            ),
            (
                "rds delete-db-instance --no-skip --skip-final-snapshot",
                vec!["no skip-final-snapshot[]", "skip-final-snapshot[]"],
            ),
            (
                "ec2 terminate-instances --instance-i i-1 i-2 --dry-run",
                vec!["instance-ids[i-1,i-2]", "dry-run[]"],
            ),
            (
                "ec2 modify-instance-attribute --disable-api-term Value=false",
                vec!["no disable-api-termination[Value=false]"],
            ),
            (
                "s3 rm --recurs s3://b --dryr",
                vec!["recursive[]", "dryrun[]"],
            ),
            (
                "s3 sync a s3://b --dele --exc x",
                vec!["delete[]", "exclude[x]"],
            ),
        ] {
            let (_, own) = read(text);
            assert_eq!(shown(&own), expected, "{text}");
        }
    }

    #[test]
    fn operands_are_what_no_option_takes() {
        let (_, own) = read("s3 rm --recursive s3://b/x --quiet");
        assert_eq!(own.rest.len(), 1);
        let (_, own) = read("s3 cp --acl public-read a s3://b/x");
        assert_eq!(own.rest.len(), 2);
    }

    #[test]
    fn a_spelling_that_fits_several_is_doubtful() {
        let (_, own) = read("s3 rm s3://b --sse");
        assert!(own.options.is_empty());
        let (_, own) = read("s3 cp a s3://b --sse-c-copy x");
        assert!(own.options.iter().all(|given| given.doubtful));
    }

    #[test]
    fn a_word_that_may_be_options_is_noticed() {
        let mut list = words("s3 sync a s3://b");
        list.push(Argument {
            value: Text::unknown("$FLAGS"),
            splits: true,
            ..Argument::known("", Location::default())
        });
        let mut first = globals(list);
        let mut rest = std::mem::take(&mut first.rest);
        take_word(&mut rest);
        take_word(&mut rest);
        assert!(options(rest, None).uncertain.is_some());
    }
}
