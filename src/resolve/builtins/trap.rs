//! `trap`: text that the shell runs when a signal comes, a command fails or something ends.

use std::rc::Rc;

use crate::resolve::command::{Argument, Directory};
use crate::resolve::interpreter::{ENTRY_WORK, Interpreter};
use crate::resolve::source::Origin;
use crate::resolve::state::{Moments, Stages, Trap, Variables};
use crate::resolve::text::Text;

/// What a trap found when it was last followed.
pub(in crate::resolve) struct Seen {
    trap: Rc<Trap>,
    variables: Variables,
    directory: Directory,
}

impl Moments {
    fn new(signals: &[Argument], ends_functions: bool) -> Self {
        let mut moments = Self::default();
        for signal in signals {
            match signal.value.exact() {
                Some("EXIT" | "0") if ends_functions => moments.any_time = true,
                Some("EXIT" | "0") => {}
                Some("RETURN") => moments.on_return = true,
                Some("ERR") => moments.on_failure = true,
                _ => moments.any_time = true,
            }
        }
        moments
    }

    /// Whether it waits for the end of the shell.
    fn is_end(self) -> bool {
        self == Self::default()
    }
}

impl Interpreter<'_> {
    /// `trap TEXT SIGNAL…`: the text may run from now on, and once more when the shell ends.
    pub(super) fn trap(&mut self, operands: &[Argument]) {
        let operands = match operands.first() {
            Some(first) if first.value.exact() == Some("--") => {
                operands.get(1..).unwrap_or_default()
            }
            _ => operands,
        };
        let [operand, signals @ ..] = operands else {
            return;
        };
        if signals.is_empty() {
            return;
        }
        if matches!(operand.value.exact(), Some("" | "-" | "-p" | "-l")) {
            return;
        }
        let origin = operand.verbatim.map_or_else(
            || Origin::Place(operand.location.clone()),
            |offset| Origin::Verbatim { offset },
        );
        self.traps += 1;
        let mut trap = Trap {
            text: operand.value.clone(),
            number: self.traps,
            // zsh ends a function with `EXIT`, too.
            moments: Moments::new(signals, self.state.dialect.is_zsh() && self.functions > 0),
            origin,
            location: operand.location.clone(),
            sets: Vec::new(),
        };
        let before = self.state.variables.clone();
        let mut after = before.clone();
        self.aside(|shell| {
            let output = shell.trapped(&trap);
            after = shell.state.variables.clone();
            output
        });
        if !trap.moments.is_end() {
            // What it sets, it may set at any time.
            let set = after.differences(&before).into_iter();
            let mut names: Vec<String> = set
                .filter(|name| after.contains_key(*name))
                .cloned()
                .collect();
            for name in &names {
                self.forget(name);
            }
            trap.sets.clone_from(&names);
            names.push("_".to_owned());
            let volatile = Rc::make_mut(&mut self.state.volatile);
            volatile.extend(names);
            volatile.sort_unstable();
            volatile.dedup();
        }
        let trap = Rc::new(trap);
        self.saw(&trap);
        let traps = Rc::make_mut(&mut self.state.traps);
        traps.retain(|known| !known.is_same(&trap));
        traps.push(trap);
        self.state.status = Some(0);
    }

    /// Notes with what a trap was followed.
    fn saw(&mut self, trap: &Rc<Trap>) {
        self.seen.retain(|seen| !seen.trap.is_same(trap));
        self.seen.push(Seen {
            trap: Rc::clone(trap),
            variables: self.state.variables.clone(),
            directory: self.directory(),
        });
    }

    /// Runs a trap's text, wherever in the script the signal came.
    fn trapped(&mut self, trap: &Trap) -> Text {
        self.state.left = None;
        self.state.stages = Stages::Unknown;
        self.state.last_argument = None;
        let outer = std::mem::replace(&mut self.in_trap, true);
        // What it sets itself, only another trap may set in between.
        let others = self.state.traps.iter().filter(|other| !trap.is_same(other));
        let mut volatile: Vec<String> = others.flat_map(|other| other.sets.clone()).collect();
        volatile.sort_unstable();
        volatile.dedup();
        let mut around = std::mem::replace(&mut self.state.volatile, Rc::new(volatile));
        self.names.push(Text::unknown("$FUNCNAME"));
        let output = self.unsure_text(&trap.text, trap.origin.clone(), &trap.location, "trap");
        self.names.pop();
        // It may have set a trap itself.
        let names = Rc::make_mut(&mut around);
        names.extend(self.state.volatile.iter().cloned());
        names.sort_unstable();
        names.dedup();
        self.state.volatile = around;
        self.in_trap = outer;
        output
    }

    /// After a command: follows the traps that may run now and would find something else than
    /// they found before. Gives what they may print.
    pub(in crate::resolve) fn signalled(&mut self) -> Text {
        let mut output = Text::empty();
        if self.in_trap || self.state.traps.is_empty() || self.state.left.is_some() {
            return output;
        }
        let failed = self.state.status != Some(0);
        for trap in Rc::clone(&self.state.traps).iter() {
            let Moments {
                on_failure,
                any_time,
                ..
            } = trap.moments;
            if (any_time || on_failure && failed) && self.finds_other(trap) {
                self.saw(trap);
                output.append(self.may_trap(trap));
            }
        }
        output
    }

    /// When a function or a sourced file ends: follows the traps that were set since `number`.
    pub(in crate::resolve) fn returned(&mut self, number: usize) -> Text {
        let mut output = Text::empty();
        for trap in Rc::clone(&self.state.traps).iter() {
            if trap.moments.on_return && trap.number > number && !self.in_trap {
                output.append(self.may_trap(trap));
            }
        }
        output
    }

    fn may_trap(&mut self, trap: &Rc<Trap>) -> Text {
        let output = self.aside(|shell| shell.trapped(trap));
        match output.is_empty() {
            true => output,
            false => Text::unknown("what a trap prints"),
        }
    }

    /// Whether a trap would find other values than when it was last followed, of what it names.
    fn finds_other(&mut self, trap: &Rc<Trap>) -> bool {
        let mut seen = self.seen.iter();
        let Some(seen) = seen.find(|seen| seen.trap.is_same(trap)) else {
            return true;
        };
        if seen.directory != self.directory() {
            return true;
        }
        if seen.variables.is_shared_with(&self.state.variables) {
            return false;
        }
        let differing = seen.variables.differences(&self.state.variables);
        let work = differing.len() * ENTRY_WORK;
        let text = trap.text.display();
        let other = differing.iter().any(|name| text.contains(name.as_str()))
            // A function that it calls may name the others.
            || !differing.is_empty()
                && self.state.functions.keys().any(|name| text.contains(name.as_str()));
        self.spend(work);
        other
    }

    /// When a shell ends: follows the traps that were set since `number`, with the variables as
    /// they are then. Gives what they may print.
    pub(in crate::resolve) fn run_traps(&mut self, number: usize) -> Text {
        let mut output = Text::empty();
        let traps = Rc::clone(&self.state.traps);
        for trap in traps.iter().filter(|trap| trap.number > number) {
            let text = self.on_a_way(|shell| shell.deeper(|shell| shell.trapped(trap)));
            self.state.left = None;
            if !text.is_empty() {
                output.append(Text::unknown("what a trap prints"));
            }
        }
        output
    }
}
