//! Whether what bash executed is among what guard resolved.

use guard::effect::Opaque;
use guard::resolve::{Argument, Command, Part, Text, base_name};

use super::sandbox::Call;

/// One script, under guard and under bash.
pub(super) struct Outcome {
    pub(super) opaque: Vec<Opaque>,
    pub(super) calls: usize,
    pub(super) words: usize,
    /// Words that fit only because guard knows no more than a part of them.
    pub(super) inexact: usize,
    unseen: Vec<Vec<String>>,
    resolved: Vec<String>,
}

impl Outcome {
    /// What bash executed and guard neither saw nor called opaque.
    pub(super) fn difference(&self) -> Option<String> {
        (self.opaque.is_empty() && !self.unseen.is_empty()).then(|| {
            format!(
                "  bash ran: {:?}\n  guard saw:\n    {}",
                self.unseen,
                self.resolved.join("\n    ")
            )
        })
    }
}

pub(super) fn compare(resolved: &[Command], opaque: Vec<Opaque>, executed: &[Call]) -> Outcome {
    let mut outcome = Outcome {
        opaque,
        calls: executed.len(),
        words: 0,
        inexact: 0,
        unseen: Vec::new(),
        resolved: Vec::new(),
    };
    for call in executed {
        outcome.words += call.argv.len();
        let fit = resolved
            .iter()
            .filter_map(|command| inexact_words(command, call))
            .min();
        match fit {
            Some(inexact) => outcome.inexact += inexact,
            None => outcome.unseen.push(call.argv.clone()),
        }
    }
    if !outcome.unseen.is_empty() {
        outcome.resolved = resolved
            .iter()
            .map(|command| {
                let words = command.argv.iter().map(|word| {
                    let mut shown = format!("{:?}", word.value.display());
                    if word.value.exact().is_none() {
                        shown.insert(0, '~');
                    }
                    shown
                });
                words.collect::<Vec<_>>().join(" ")
            })
            .collect();
    }
    outcome
}

/// How many words of the call fit only by unknown parts; `None` if it is another call.
fn inexact_words(command: &Command, call: &Call) -> Option<usize> {
    let (program, arguments) = command.argv.split_first()?;
    let named = match command.program() {
        // A program is found by another path, or called by another name (`exec -a`).
        Some(known) => {
            let name = base_name(known);
            let called = call.argv.first().map(|word| base_name(word));
            return (name == call.program || Some(name) == called)
                .then(|| covers(arguments, call.argv.get(1..).unwrap_or_default()))
                .flatten();
        }
        None => program,
    };
    let mut words = vec![named.clone()];
    words.extend(arguments.iter().cloned());
    covers(&words, &call.argv)
}

/// The least number of inexact words by which the arguments may become these words.
fn covers(resolved: &[Argument], executed: &[String]) -> Option<usize> {
    // `row[n]`: the least for the arguments so far to become the first n words.
    let mut row: Vec<Option<usize>> = vec![None; executed.len() + 1];
    row[0] = Some(0);
    for argument in resolved {
        let any = argument.splits || argument.value.has_glob();
        let mut next: Vec<Option<usize>> = vec![None; executed.len() + 1];
        for (index, word) in executed.iter().enumerate() {
            let one = row[index].and_then(|count| Some(count + fits(&argument.value, word)?));
            next[index + 1] = least(next[index + 1], one);
        }
        if any {
            for index in 0..=executed.len() {
                let more = index.checked_sub(1).and_then(|before| next[before]);
                next[index] = least(next[index], row[index]);
                next[index] = least(next[index], more.map(|count| count + 1));
            }
        }
        row = next;
    }
    row[executed.len()]
}

fn least(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// 0 if the text is this string, 1 if it may be.
fn fits(text: &Text, word: &str) -> Option<usize> {
    fn may_be(parts: &[Part], word: &str) -> bool {
        match parts.split_first() {
            None => word.is_empty(),
            Some((Part::Known(known), rest)) => word
                .strip_prefix(known.as_str())
                .is_some_and(|word| may_be(rest, word)),
            Some((Part::Glob(_) | Part::Unknown(_), rest)) => word
                .char_indices()
                .map(|(index, _)| index)
                .chain([word.len()])
                .any(|index| may_be(rest, &word[index..])),
        }
    }
    // The number that a process substitution gets is the shell's own affair.
    let is_descriptor = |word: &str| word.starts_with("/dev/fd/");
    if text.exact().is_some_and(is_descriptor) && is_descriptor(word) {
        return Some(0);
    }
    match text.exact() {
        Some(known) => (known == word).then_some(0),
        None => may_be(text.parts(), word).then_some(1),
    }
}
