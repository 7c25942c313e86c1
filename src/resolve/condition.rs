//! Conditions over known text: `[[ … ]]`, `[` and `test`.

use std::ops::Range;
use std::rc::Rc;

use super::command::Argument;
use super::interpreter::Interpreter;
use super::options::ShellOption;
use super::parameter::{Expansion, Place, split_subscript};
use super::pattern::Pattern;
use super::regex::{Match, Regex, Syntax};
use super::state::Value;
use super::text::Text;
use crate::shell::{Condition, Piece, Word};

impl Interpreter<'_> {
    /// Whether a condition holds; `None` if that is known only when it runs.
    pub(super) fn condition(&mut self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Not(inner) => self.condition(inner).map(|holds| !holds),
            Condition::And(left, right) => self.both(left, right, false),
            Condition::Or(left, right) => self.both(left, right, true),
            Condition::Word(word) => is_full(&self.value(word)),
            Condition::Unary(operator, word) => {
                let text = self.value(word);
                self.unary(operator, &text)
            }
            Condition::Binary(left, operator, right) => {
                let left = self.value(left);
                match operator.as_str() {
                    "=" | "==" => self.pattern_matches(&left, right),
                    "!=" => self.pattern_matches(&left, right).map(|holds| !holds),
                    "=~" => {
                        let pattern = self.expression_text(right);
                        let found = self.regular_match(&left, pattern.as_deref());
                        self.matched(&left, found.as_ref());
                        found.map(|found| found.is_some())
                    }
                    "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                        let right = self.value(right);
                        let (left, right) = (self.number_of(&left), self.number_of(&right));
                        compare_numbers(operator, left?, right?)
                    }
                    _ => {
                        let right = self.value(right);
                        compare_texts(operator, left.exact()?, right.exact()?)
                    }
                }
            }
        }
    }

    fn both(&mut self, left: &Condition, right: &Condition, decides: bool) -> Option<bool> {
        match self.condition(left) {
            Some(holds) if holds == decides => Some(decides),
            Some(_) => self.condition(right),
            None => {
                let before = self.state.clone();
                let right = self.condition(right);
                self.merge(before);
                right.filter(|holds| *holds == decides)
            }
        }
    }

    /// Whether a text matches a word that is a pattern (`case`, `[[ == ]]`).
    pub(super) fn pattern_matches(&mut self, subject: &Text, word: &Word) -> Option<bool> {
        let pattern = self.pattern_text(word)?;
        let fold = self.state.options.get(ShellOption::NoCaseMatch)?;
        if pattern == "*" {
            return Some(true);
        }
        let subject = subject.exact()?;
        let pattern = Pattern::new(&pattern, true, fold);
        if !subject.is_ascii() && pattern.counts_characters() {
            return None;
        }
        let matches = if fold {
            pattern.matches(&subject.to_lowercase())
        } else {
            pattern.matches(subject)
        };
        self.spend(subject.len() + pattern.work());
        matches
    }

    /// The text of a word as a regular expression: quoted characters are escaped. `None` if not
    /// known.
    fn expression_text(&mut self, word: &Word) -> Option<String> {
        let mut expression = Some(String::new());
        for piece in &word.pieces {
            let single = Word {
                pieces: vec![piece.clone()],
                span: word.span,
                source: Rc::clone(&word.source),
            };
            let value = self.listed_value(&single);
            let quoted = match piece {
                Piece::Literal { .. } | Piece::Process { .. } | Piece::Arithmetic { .. } => false,
                Piece::Quoted { .. } => true,
                Piece::Parameter { quoted, .. } | Piece::Command { quoted, .. } => *quoted,
            };
            let in_brackets = expression
                .as_ref()
                .is_some_and(|before: &String| before.contains('['));
            expression = match (expression, value.exact()) {
                (Some(before), Some(text)) if !quoted => Some(before + text),
                // What a quote does between brackets, the library decides.
                (Some(mut before), Some(text)) if !in_brackets => {
                    for character in text.chars() {
                        if ".[()*+?{|^$\\".contains(character) {
                            before.push('\\');
                        }
                        before.push(character);
                    }
                    Some(before)
                }
                _ => None,
            };
        }
        expression
    }

    fn regular_match(&mut self, subject: &Text, pattern: Option<&str>) -> Option<Option<Match>> {
        let fold = self.state.options.get(ShellOption::NoCaseMatch)?;
        let regex = Regex::new(pattern?, Syntax::Extended, fold)?;
        let found = regex.find(&regex.subject(subject.exact()?)?, 0);
        self.spend(regex.work());
        found
    }

    /// Sets `BASH_REMATCH`: nothing where nothing matched.
    fn matched(&mut self, subject: &Text, found: Option<&Option<Match>>) {
        let Some(found) = found else {
            self.forget("BASH_REMATCH");
            return;
        };
        let slice = |range: &Range<usize>| {
            let text = subject.exact().and_then(|text| text.get(range.clone()));
            Text::known(text.unwrap_or_default())
        };
        let value = match found {
            None => Value::list([]),
            Some(Match {
                whole,
                groups: Some(groups),
            }) => {
                let groups = groups.iter().map(|group| group.as_ref().map(slice));
                Value::list(
                    std::iter::once(slice(whole)).chain(groups.map(Option::unwrap_or_default)),
                )
            }
            Some(_) => Value::unknown("BASH_REMATCH"),
        };
        self.state.set(self.world, "BASH_REMATCH", value);
    }

    fn unary(&mut self, operator: &str, text: &Text) -> Option<bool> {
        match operator {
            "-n" => is_full(text),
            "-z" => is_full(text).map(|full| !full),
            "-v" => {
                let (name, subscript) = split_subscript(text.exact()?);
                if subscript.is_some_and(|text| text.contains(['$', '`', '@', '*'])) {
                    self.expand_again(text, "-v");
                    return None;
                }
                let place = subscript.map(|text| Place::Element(Text::known(text)));
                match self.look_up(name, place.as_ref()) {
                    Some(Expansion::Unset) => Some(false),
                    Some(Expansion::Scalar(text)) if !text.has_unknown() => Some(true),
                    _ => None,
                }
            }
            // Files are as other programs leave them.
            _ => None,
        }
    }

    /// `test` and `[`, after its name and without its `]`.
    pub(super) fn test(&mut self, operands: &[Argument]) -> Option<bool> {
        if operands
            .iter()
            .any(|operand| operand.splits || operand.value.has_glob())
        {
            return None;
        }
        let words: Vec<&Text> = operands.iter().map(|operand| &operand.value).collect();
        self.test_words(&words)
    }

    fn test_words(&mut self, words: &[&Text]) -> Option<bool> {
        match words {
            [] => Some(false),
            [word] => is_full(word),
            [not, rest @ ..] if not.exact() == Some("!") && rest.len() < 4 => {
                // With three words, an operator in the middle counts first.
                if let [_, operator, _] = words
                    && operator.exact().is_none_or(is_binary)
                {
                    return self.test_binary(words);
                }
                self.test_words(rest).map(|holds| !holds)
            }
            [operator, word] => {
                let operator = operator.exact()?.to_owned();
                self.unary(&operator, word)
            }
            [_, operator, _] if operator.exact().is_none_or(is_binary) => self.test_binary(words),
            [open, word, close] if open.exact() == Some("(") && close.exact() == Some(")") => {
                is_full(word)
            }
            _ => {
                // Of lists with `-a` and `-o` those are known that are not ambiguous.
                let at = |token: &str| {
                    let mut found = words.iter().enumerate().skip(1);
                    found
                        .find(|(_, word)| word.exact() == Some(token))
                        .map(|(at, _)| at)
                };
                if words
                    .iter()
                    .any(|word| matches!(word.exact(), Some("(" | ")") | None))
                {
                    return None;
                }
                let (at, decides) = match (at("-o"), at("-a")) {
                    (Some(at), _) => (at, true),
                    (None, Some(at)) => (at, false),
                    (None, None) => return None,
                };
                let left = self.test_words(words.get(..at)?);
                let right = self.test_words(words.get(at + 1..)?);
                match (left?, right?) {
                    (left, right) if decides => Some(left || right),
                    (left, right) => Some(left && right),
                }
            }
        }
    }

    fn test_binary(&mut self, words: &[&Text]) -> Option<bool> {
        let [left, operator, right] = words else {
            return None;
        };
        let operator = operator.exact()?;
        if operator.len() == 3 && operator.starts_with('-') {
            let number = |text: &Text| text.exact()?.trim().parse::<i64>().ok();
            return compare_numbers(operator, number(left)?, number(right)?);
        }
        match operator {
            "-a" => Some(is_full(left)? && is_full(right)?),
            "-o" => Some(is_full(left)? || is_full(right)?),
            _ => compare_texts(operator, left.exact()?, right.exact()?),
        }
    }
}

fn is_binary(operator: &str) -> bool {
    matches!(
        operator,
        "=" | "=="
            | "!="
            | "<"
            | ">"
            | "-eq"
            | "-ne"
            | "-lt"
            | "-le"
            | "-gt"
            | "-ge"
            | "-nt"
            | "-ot"
            | "-ef"
            | "-a"
            | "-o"
    )
}

/// Whether a text is not empty.
fn is_full(text: &Text) -> Option<bool> {
    match text.exact() {
        Some(text) => Some(!text.is_empty()),
        None => {
            let known = |part: &super::text::Part| matches!(part, super::text::Part::Known(_));
            text.parts().iter().any(known).then_some(true)
        }
    }
}

fn compare_numbers(operator: &str, left: i64, right: i64) -> Option<bool> {
    Some(match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        "-ge" => left >= right,
        _ => return None,
    })
}

fn compare_texts(operator: &str, left: &str, right: &str) -> Option<bool> {
    match operator {
        "=" | "==" => Some(left == right),
        "!=" => Some(left != right),
        // Which comes first, the locale says; case and signs are what it orders otherwise.
        "<" | ">" => {
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase());
            let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
            let alike = plain(left) && plain(right) || digits(left) && digits(right);
            alike.then(|| {
                if operator == "<" {
                    left < right
                } else {
                    left > right
                }
            })
        }
        _ => None,
    }
}
