//! The rewrites: templates of `tests/corpus/evasion.txt`, filled in.

use super::form::{Form, Values, redirected};
use super::spelling::spell;
use crate::oracle::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Argv,
    Call,
    Text,
}

#[derive(Debug)]
pub(super) struct Transform {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// Nobody can compute ahead what comes out.
    pub(super) hidden: bool,
    /// Guard is known not to follow it yet, or to ask about the twin: it is counted, and no failure.
    pub(super) open: bool,
    template: &'static str,
}

/// Every rewrite of the corpus.
pub(super) fn all() -> Vec<Transform> {
    let corpus = include_str!("../../corpus/evasion.txt");
    let blocks = corpus.split("\n== ").skip(1);
    blocks
        .map(|block| {
            let (header, template) = block.split_once('\n').unwrap();
            let flagged = |flag| header.split(' ').skip(2).any(|word| word == flag);
            let (hidden, open) = (flagged("hidden"), flagged("open"));
            let mut header = header.split(' ');
            let kind = match header.next().unwrap() {
                "word" => Kind::Word,
                "argv" => Kind::Argv,
                "call" => Kind::Call,
                "text" => Kind::Text,
                other => panic!("no kind of rewrite: {other}"),
            };
            Transform {
                kind,
                name: header.next().unwrap(),
                hidden,
                open,
                template: template.trim_end_matches('\n'),
            }
        })
        .collect()
}

impl Transform {
    pub(super) fn label(&self) -> String {
        format!("{:?}/{}", self.kind, self.name).to_lowercase()
    }

    /// Whether this is of the fifth that a change of the judge is not to be measured by before it
    /// is done.
    pub(super) fn is_held_out(&self) -> bool {
        self.name.bytes().map(u32::from).sum::<u32>() % 5 == 0
    }

    pub(super) fn takes(&self, form: &Form) -> bool {
        let simple = matches!(form, Form::Simple { .. });
        let words = ["«argv", "«prog", "«args"];
        simple || !words.iter().any(|word| self.template.contains(word)) && self.kind != Kind::Word
    }

    /// The form rewritten, or nothing where the rewrite does not fit.
    pub(super) fn apply(&self, form: &Form, directory: &str, random: &mut Random) -> Option<Form> {
        match (self.kind, form) {
            (Kind::Word, Form::Simple { .. }) => spell_words(&[self], form, directory, random),
            (Kind::Argv, Form::Simple { output, .. }) => Some(Form::Simple {
                argv: self.words(form, directory, random)?,
                output: output.clone(),
            }),
            (Kind::Call, _) => Some(Form::Simple {
                argv: self.words(form, directory, random)?,
                output: None,
            }),
            (Kind::Text, _) => {
                let values = Values::new(form, "", directory, random);
                let text = fill(self.template, &values)?;
                let apart = ["«argv", "«prog", "«args"];
                let apart = apart.iter().any(|word| self.template.contains(word));
                Some(Form::Text(match form {
                    Form::Simple { output, .. } if apart => redirected(&text, output.as_ref()),
                    _ => text,
                }))
            }
            (Kind::Word | Kind::Argv, Form::Text(_)) => None,
        }
    }

    fn word(
        &self,
        form: &Form,
        word: &str,
        directory: &str,
        random: &mut Random,
    ) -> Option<Spelled> {
        let values = Values::new(form, word, directory, random);
        let filled = fill(self.template, &values)?;
        let pieces: Vec<&str> = filled.split(" ⇒ ").collect();
        Some(match pieces.as_slice() {
            [word] => Spelled::new("", word, ""),
            [before, word] => Spelled::new(before, word, ""),
            [before, word, after] => Spelled::new(before, word, after),
            _ => panic!("{}: too many arrows", self.name),
        })
    }

    fn words(&self, form: &Form, directory: &str, random: &mut Random) -> Option<Vec<String>> {
        let values = Values::new(form, "", directory, random);
        let mut argv = Vec::new();
        for word in shell_words::split(self.template).unwrap() {
            match (word.as_str(), form) {
                ("«argv»", Form::Simple { argv: words, .. }) => argv.extend_from_slice(words),
                ("«args»", Form::Simple { argv: words, .. }) => {
                    argv.extend_from_slice(&words[1..])
                }
                _ => argv.push(fill(&word, &values)?),
            }
        }
        Some(argv)
    }
}

/// A command with some of its words spelled anew, each by one of these rewrites.
pub(super) fn spell_words(
    rewrites: &[&Transform],
    form: &Form,
    directory: &str,
    random: &mut Random,
) -> Option<Form> {
    let Form::Simple { argv, output } = form else {
        return None;
    };
    let mut words: Vec<Spelled> = argv
        .iter()
        .chain(output)
        .map(|word| plainly(word))
        .collect();
    let mut left: Vec<usize> = (0..words.len()).collect();
    for rewrite in rewrites.iter().take(words.len()) {
        let at = left.swap_remove(random.below(left.len()));
        let word = argv.iter().chain(output).nth(at)?;
        words[at] = rewrite.word(form, word, directory, random)?;
    }
    Some(Form::Text(assemble(&words, argv.len())))
}

/// A word of a command with what must stand around the command for it.
struct Spelled {
    before: String,
    word: String,
    after: String,
}

impl Spelled {
    fn new(before: &str, word: &str, after: &str) -> Self {
        Self {
            before: before.to_owned(),
            word: word.to_owned(),
            after: after.to_owned(),
        }
    }
}

fn plainly(word: &str) -> Spelled {
    Spelled::new("", &shell_words::quote(word), "")
}

fn assemble(words: &[Spelled], operands: usize) -> String {
    let mut text = String::new();
    for word in words.iter().filter(|word| !word.before.is_empty()) {
        text.push_str(&word.before);
        if !word.before.ends_with('\n') {
            text.push(' ');
        }
    }
    for (index, word) in words.iter().enumerate() {
        if index == operands {
            text.push_str(" > ");
        } else if index > 0 {
            text.push(' ');
        }
        text.push_str(&word.word);
    }
    for word in words.iter().rev() {
        text.push_str(&word.after);
    }
    text
}

/// The template with every «…» replaced.
fn fill(template: &str, values: &Values<'_>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((literal, opened)) = rest.split_once('«') {
        filled.push_str(literal);
        let (name, after) = opened.split_once('»').unwrap();
        filled.push_str(&spell(name, values)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}
