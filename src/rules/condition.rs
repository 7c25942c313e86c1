//! Whether a condition of a pack holds for a command line.
//!
//! Owns the three-valued answer. What `Maybe` means is the caller's: it raises, never lowers.

use super::schema::{Condition, OperandValues, Values};
use crate::call::Args;
use crate::resolve::{Argument, Command, Text};
use crate::wildcard;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Maybe,
    Yes,
}

impl Truth {
    const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    const fn negate(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

/// What conditions are asked of.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) args: &'a Args,
    pub(super) command: &'a Command,
    pub(super) world: &'a dyn World,
}

impl Facts<'_> {
    /// Every member of the condition that is given holds.
    #[must_use]
    pub(super) fn holds(&self, condition: &Condition) -> Truth {
        let Condition {
            any_flag,
            all_flags,
            option,
            operand,
            min_operands,
            max_operands,
            env,
            any,
            not,
        } = condition;
        let mut truth = Truth::Yes;
        let mut and = |other: Truth| truth = truth.min(other);
        if !any_flag.is_empty() {
            and(self.any_flag(any_flag));
        }
        for flag in all_flags {
            and(self.flag(flag));
        }
        if let Some(values) = option {
            and(self.option(values));
        }
        if let Some(values) = operand {
            and(self.operand(values));
        }
        if let Some(least) = min_operands {
            and(self.count(|count| count >= *least as usize, true));
        }
        if let Some(most) = max_operands {
            and(self.count(|count| count <= *most as usize, false));
        }
        if let Some(values) = env {
            and(self.env(values));
        }
        if !any.is_empty() {
            let best = any.iter().map(|inner| self.holds(inner)).max();
            and(best.unwrap_or(Truth::No));
        }
        if let Some(inner) = not {
            and(self.holds(inner).negate());
        }
        truth
    }

    /// Each question of the condition, in words, with its answer.
    #[must_use]
    pub(super) fn leaves(&self, condition: &Condition) -> Vec<(String, Truth)> {
        let mut leaves = Vec::new();
        for (flags, joint) in [
            (&condition.any_flag, " or "),
            (&condition.all_flags, " and "),
        ] {
            let truths = flags.iter().map(|flag| self.flag(flag));
            let truth = if joint == " or " {
                truths.max()
            } else {
                truths.min()
            };
            if let Some(truth) = truth {
                leaves.push((format!("{} given", flags.join(joint)), truth));
            }
        }
        if let Some(values) = &condition.option {
            let what = format!("{} is {}", values.name, values.is.join(" or "));
            leaves.push((what, self.option(values)));
        }
        if let Some(values) = &condition.operand {
            let which = values.index.map_or_else(
                || "an operand".to_owned(),
                |index| format!("operand {index}"),
            );
            leaves.push((
                format!("{which} is {}", values.is.join(" or ")),
                self.operand(values),
            ));
        }
        for (number, bound, more) in [
            (condition.min_operands, "at least", true),
            (condition.max_operands, "at most", false),
        ] {
            if let Some(number) = number {
                let question = |count: usize| {
                    if more {
                        count >= number as usize
                    } else {
                        count <= number as usize
                    }
                };
                leaves.push((
                    format!("{bound} {number} operands"),
                    self.count(question, more),
                ));
            }
        }
        if let Some(values) = &condition.env {
            let what = match values.is.as_slice() {
                [] => format!("variable {} set", values.name),
                is => format!("variable {} is {}", values.name, is.join(" or ")),
            };
            leaves.push((what, self.env(values)));
        }
        for inner in &condition.any {
            let what: Vec<String> = self
                .leaves(inner)
                .into_iter()
                .map(|(what, _)| what)
                .collect();
            leaves.push((
                format!("one way of several: {}", what.join(" and ")),
                self.holds(inner),
            ));
        }
        if let Some(inner) = &condition.not {
            let what: Vec<String> = self
                .leaves(inner)
                .into_iter()
                .map(|(what, _)| what)
                .collect();
            leaves.push((
                format!("not ({})", what.join(" and ")),
                self.holds(inner).negate(),
            ));
        }
        leaves
    }

    #[must_use]
    pub(super) fn any_flag(&self, names: &[String]) -> Truth {
        names
            .iter()
            .map(|name| self.flag(name))
            .max()
            .unwrap_or(Truth::No)
    }

    /// A flag or an option is given, and its last spelling does not negate it.
    fn flag(&self, name: &str) -> Truth {
        let last = self
            .args
            .options
            .iter()
            .enumerate()
            .rev()
            .find(|(_, given)| given.name == name);
        match last {
            Some((index, given)) => {
                let doubtful =
                    !self.args.uncertain.is_empty() && index >= self.args.certain_options;
                match (doubtful, given.negated) {
                    (true, _) => Truth::Maybe,
                    (false, negated) => Truth::of(!negated),
                }
            }
            None if self.args.open => Truth::Maybe,
            None => Truth::No,
        }
    }

    fn option(&self, values: &Values) -> Truth {
        let given = self
            .args
            .all(&values.name)
            .map(|value| one_of(&value.value, &values.is))
            .max();
        match given {
            Some(truth) => truth.min(self.flag(&values.name)),
            None if self.args.open => Truth::Maybe,
            None => Truth::No,
        }
    }

    fn operand(&self, values: &OperandValues) -> Truth {
        let matches = |operand: &Argument| {
            let truth = one_of(&operand.value, &values.is);
            if values.certain && truth == Truth::Maybe {
                return Truth::No;
            }
            truth
        };
        let operands = &self.args.operands;
        match values.index {
            None => operands.iter().map(matches).max().unwrap_or(Truth::No),
            Some(index) => {
                let Some(at) = position(index, operands.len()) else {
                    return Truth::No;
                };
                let truth = operands.get(at).map_or(Truth::No, matches);
                if values.certain || self.args.uncertain.is_empty() {
                    return truth;
                }
                let settled = index >= 0 && at < self.args.certain_operands;
                if settled {
                    return truth;
                }
                // Which word stands there is open, but it is one of those that were given.
                let options = self.args.options.iter().skip(self.args.certain_options);
                let given = options.flat_map(|option| &option.values).chain(operands);
                given
                    .map(matches)
                    .max()
                    .map_or(Truth::No, |truth| truth.min(Truth::Maybe))
            }
        }
    }

    /// A question about the number of operands; `more` if a larger number makes it true.
    fn count(&self, question: impl Fn(usize) -> bool, more: bool) -> Truth {
        let seen = question(self.args.operands.len());
        let grows = self.args.operands.iter().any(|operand| operand.splits);
        let shrinks = !self.args.uncertain.is_empty();
        match (seen, more) {
            (true, true) | (false, false) if shrinks => Truth::Maybe,
            (true, false) | (false, true) if grows => Truth::Maybe,
            _ => Truth::of(seen),
        }
    }

    fn env(&self, values: &Values) -> Truth {
        match self.command.variable(self.world, &values.name) {
            None if self.command.environment.uncertain => Truth::Maybe,
            None => Truth::No,
            Some(_) if values.is.is_empty() => Truth::Yes,
            Some(value) => one_of(&value, &values.is),
        }
    }
}

/// An index that may count from the end.
#[must_use]
pub(super) fn position(index: i32, length: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        length.checked_sub(distance)
    } else {
        Some(distance).filter(|at| *at < length)
    }
}

fn one_of(value: &Text, patterns: &[String]) -> Truth {
    let truths = patterns.iter().map(|pattern| fits(value, pattern));
    truths.max().unwrap_or(Truth::No)
}

/// As far as the value is known.
fn fits(value: &Text, pattern: &str) -> Truth {
    if let Some(text) = value.exact() {
        return Truth::of(wildcard::fits(pattern, text));
    }
    let prefix = value.known_prefix().to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    let start = pattern.split('*').next().unwrap_or_default();
    if !prefix.starts_with(start) && !start.starts_with(&prefix) {
        return Truth::No;
    }
    Truth::Maybe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_values() {
        let unknown = {
            let mut text = Text::known("prod-");
            text.push(crate::resolve::Part::Unknown("$X".to_owned()));
            text
        };
        for (value, pattern, truth) in [
            (Text::known("Prod"), "prod", Truth::Yes),
            (Text::known("+main"), "+*", Truth::Yes),
            (Text::known("a.sql"), "*.sql", Truth::Yes),
            (Text::known("xmidx"), "*mid*", Truth::Yes),
            (Text::known("main"), "+*", Truth::No),
            (unknown.clone(), "prod-db", Truth::Maybe),
            (unknown.clone(), "staging", Truth::No),
            (Text::unknown("$X"), "+*", Truth::Maybe),
        ] {
            assert_eq!(fits(&value, pattern), truth, "{value:?} {pattern}");
        }
    }
}
