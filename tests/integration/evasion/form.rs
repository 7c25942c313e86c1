//! A command between two rewrites.

use crate::oracle::random::Random;

/// A program with its arguments, as long as it can still be taken apart; after that, text.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Simple {
        argv: Vec<String>,
        /// The file that its output goes to.
        output: Option<String>,
    },
    Text(String),
}

impl Form {
    /// `rm -rf canary`, `cat a > marker`: words apart by blanks, in single quotes where a word
    /// holds some.
    pub(super) fn parse(command: &str) -> Self {
        let mut argv = shell_words::split(command).unwrap();
        let output = argv.iter().position(|word| word == ">").map(|at| {
            let output = argv[at + 1].clone();
            argv.truncate(at);
            output
        });
        Self::Simple { argv, output }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Simple { argv, output } => redirected(&shell_words::join(argv), output.as_ref()),
        }
    }
}

pub(super) fn redirected(command: &str, output: Option<&String>) -> String {
    match output {
        None => command.to_owned(),
        Some(output) => format!("{command} > {}", shell_words::quote(output)),
    }
}

/// What a template may ask for.
pub(super) struct Values<'a> {
    pub(super) form: &'a Form,
    pub(super) word: &'a str,
    pub(super) variable: String,
    pub(super) file: String,
    pub(super) delimiter: String,
    /// Where the first half of a value ends, in thousandths.
    pub(super) middle: usize,
    pub(super) directory: &'a str,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        form: &'a Form,
        word: &'a str,
        directory: &'a str,
        random: &mut Random,
    ) -> Self {
        Self {
            form,
            word,
            variable: fresh(random, 'v'),
            file: fresh(random, 'f'),
            delimiter: fresh(random, 'E'),
            middle: random.below(1000),
            directory,
        }
    }
}

/// A name that no text holds by chance.
fn fresh(random: &mut Random, first: char) -> String {
    let letters = (0..5).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
    std::iter::once(first).chain(letters).collect()
}
