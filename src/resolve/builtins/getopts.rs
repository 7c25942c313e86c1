//! `getopts` over known words.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::parameter::Expansion;
use crate::resolve::state::Value;
use crate::resolve::text::Text;

/// What one call finds.
struct Found {
    name: String,
    /// `OPTARG`; `None` leaves it unset.
    argument: Option<String>,
    /// `OPTIND`, and where in that word the next option is.
    next: usize,
    at: usize,
    status: u8,
}

impl Interpreter<'_> {
    pub(super) fn getopts(&mut self, operands: &[Argument]) {
        let [options, name, rest @ ..] = operands else {
            return;
        };
        let Some(name) = name.value.exact().map(str::to_owned) else {
            self.forget_variables();
            return;
        };
        let found =
            self.option_words(rest)
                .zip(options.value.exact())
                .and_then(|(words, options)| {
                    let index = self.option_index()?;
                    Some(next(options, &words, index, self.state.option_at?))
                });
        let Some(found) = found else {
            for name in [name.as_str(), "OPTARG", "OPTIND"] {
                self.forget(name);
            }
            self.state.option_at = None;
            return;
        };
        let world = self.world;
        self.store(&name, None, Text::known(found.name), false);
        match found.argument {
            Some(argument) => self.store("OPTARG", None, Text::known(argument), false),
            None => self.state.set(world, "OPTARG", Value::Unset),
        }
        self.store("OPTIND", None, Text::known(found.next.to_string()), false);
        self.state.option_at = Some(found.at);
        self.state.status = Some(found.status);
    }

    fn option_words(&self, operands: &[Argument]) -> Option<Vec<String>> {
        let texts: Vec<Text> = if operands.is_empty() {
            self.state.arguments.as_ref()?.to_vec()
        } else {
            operands
                .iter()
                .map(|operand| (!operand.splits).then(|| operand.value.clone()))
                .collect::<Option<_>>()?
        };
        texts
            .iter()
            .map(|text| text.exact().map(str::to_owned))
            .collect()
    }

    fn option_index(&mut self) -> Option<usize> {
        match self.look_up("OPTIND", None) {
            Some(Expansion::Scalar(text)) => text.exact()?.parse().ok(),
            None | Some(Expansion::Unset) => Some(1),
            Some(_) => None,
        }
    }
}

fn next(options: &str, words: &[String], index: usize, at: usize) -> Found {
    let silent = options.starts_with(':');
    let end = |next| Found {
        name: "?".to_owned(),
        argument: None,
        next,
        at: 0,
        status: 1,
    };
    let index = index.max(1);
    let Some(word) = words.get(index - 1) else {
        return end(index);
    };
    let at = if at == 0 || at >= word.len() { 0 } else { at };
    if at == 0 && (word == "-" || !word.starts_with('-')) {
        return end(index);
    }
    if at == 0 && word == "--" {
        return end(index + 1);
    }
    let at = at.max(1);
    let Some(letter) = word.get(at..).and_then(|rest| rest.chars().next()) else {
        return end(index);
    };
    let after = at + letter.len_utf8();
    let last = after >= word.len();
    let (following, resume) = if last { (index + 1, 0) } else { (index, after) };
    let known = options.find(letter).filter(|_| letter != ':');
    let Some(place) = known else {
        return Found {
            name: "?".to_owned(),
            argument: silent.then(|| letter.to_string()),
            next: following,
            at: resume,
            status: 0,
        };
    };
    let takes = options
        .get(place + letter.len_utf8()..)
        .is_some_and(|rest| rest.starts_with(':'));
    if !takes {
        return Found {
            name: letter.to_string(),
            argument: None,
            next: following,
            at: resume,
            status: 0,
        };
    }
    let argument = if last {
        words.get(index).cloned()
    } else {
        word.get(after..).map(str::to_owned)
    };
    match argument {
        Some(argument) => Found {
            name: letter.to_string(),
            argument: Some(argument),
            next: index + 1 + usize::from(last),
            at: 0,
            status: 0,
        },
        None => Found {
            name: if silent { ":" } else { "?" }.to_owned(),
            argument: silent.then(|| letter.to_string()),
            next: index + 1,
            at: 0,
            status: 0,
        },
    }
}
