//! Compound commands: which ways a script may take, and what is known after each.

use std::rc::Rc;

use super::command::Stdin;
use super::descriptor::DESCRIPTOR;
use super::expand::Field;
use super::interpreter::{ENTRY_WORK, Interpreter, append_output, piped};
use super::options::ShellOption;
use super::state::{Leave, Stages, State, Value};
use super::text::Text;
use crate::shell::{
    AndOrOperator, ArmEnd, CaseArm, Compound, CompoundKind, Node, RedirectionOperator,
    RedirectionTarget, Word,
};

/// Iterations of a loop that are walked one by one.
const UNROLL_LIMIT: usize = 50;
/// Commands that are walked in second and later rounds, all in all: beyond it no loop is walked
/// round by round.
const REPEAT_LIMIT: usize = 4_000;
/// How often the body of any other loop is walked until nothing more changes.
const WIDEN_LIMIT: usize = 12;

/// The ways that a command leads to: one if its status is known, else both.
struct Ways {
    won: Option<State>,
    lost: Option<State>,
}

/// Whether a node is a `cd`, which fails only by staying where it was.
fn is_cd(node: &Node) -> bool {
    matches!(node, Node::Simple(command) if command.words.first().is_some_and(|word| {
        matches!(word.source.as_ref(), "cd" | "chdir" | "pushd")
    }))
}

impl Interpreter<'_> {
    pub(super) fn pipeline(&mut self, stages: &[Node], negated: bool) -> Text {
        let mut output = Text::empty();
        if let [stage] = stages {
            output = match negated {
                true => self.testing(|shell| shell.node(stage)),
                false => self.node(stage),
            };
            self.state.stages = Stages::Many(Rc::from([self.state.status]));
        } else {
            let mut statuses = Vec::new();
            // They start together.
            let earlier = (self.state.status, self.state.stages.clone());
            for (index, stage) in stages.iter().enumerate() {
                let input = std::mem::take(&mut output);
                let last = index + 1 == stages.len();
                let keeps = self.state.dialect.keeps_last_stage();
                let stays =
                    last && (keeps != Some(false) || self.state.options.may(ShellOption::LastPipe));
                (self.state.status, self.state.stages) = earlier.clone();
                if index > 0 {
                    // A stage before it may have ended already, and be noted.
                    self.state.stages = Stages::Unknown;
                }
                let before = self.state.clone();
                if index > 0 {
                    self.state.stdin = piped(input);
                    self.state.input_shared = false;
                }
                self.captured += usize::from(!last);
                output = if stays {
                    self.node(stage)
                } else {
                    self.subshell(|shell| shell.node(stage))
                };
                self.captured -= usize::from(!last);
                statuses.push(self.state.status);
                if index > 0 {
                    self.state.stdin.clone_from(&before.stdin);
                    self.state.input_shared = before.input_shared;
                }
                if !last && self.state.dialect.is_zsh() && redirects_output(stage) {
                    output = Text::unknown("what goes to a file and a pipe at once");
                }
                if stays && keeps != Some(true) {
                    // Not where the shell keeps jobs apart.
                    self.merge(before);
                }
            }
            self.state.stages = Stages::Many(Rc::from(statuses.as_slice()));
            let clean = statuses.iter().all(|status| *status == Some(0));
            if self.state.options.may(ShellOption::PipeFail) && !clean {
                self.state.status = None;
            }
        }
        if negated {
            self.state.status = self.state.status.map(|status| u8::from(status == 0));
        }
        output
    }

    pub(super) fn and_or(&mut self, node: &Node) -> Text {
        let (output, ways) = self.chain(node);
        self.rejoin(ways);
        output
    }

    /// Goes both ways that an outcome leads to.
    fn rejoin(&mut self, ways: Ways) {
        let mut ways = [ways.won, ways.lost].into_iter().flatten();
        if let Some(first) = ways.next() {
            self.state = first;
        }
        for state in ways {
            self.merge(state);
        }
    }

    /// Runs a list whose last command decides what comes next.
    fn outcome(&mut self, list: &[Node]) -> (Text, Ways) {
        let Some((last, before)) = list.split_last() else {
            return (Text::empty(), self.ways(false));
        };
        self.testing(|shell| {
            let mut output = shell.list(before);
            if shell.state.left.is_some() {
                return (output, shell.ways(false));
            }
            let (text, ways) = shell.chain(last);
            append_output(&mut output, text);
            (output, ways)
        })
    }

    /// Runs `a && b || c`, and says how it may have gone.
    fn chain(&mut self, node: &Node) -> (Text, Ways) {
        let Node::AndOr { first, rest } = node else {
            let output = self.node(node);
            return (output, self.ways(is_cd(node)));
        };
        let mut output = self.testing(|shell| shell.node(first));
        let mut ways = self.ways(is_cd(first));
        for (index, (operator, right)) in rest.iter().enumerate() {
            let last = index + 1 == rest.len();
            let (text, after) = match last {
                true => self.link(ways, *operator, right),
                false => self.testing(|shell| shell.link(ways, *operator, right)),
            };
            append_output(&mut output, text);
            ways = after;
        }
        (output, ways)
    }

    /// Runs what stands behind `&&` or `||`, where one of the ways leads there.
    fn link(&mut self, mut ways: Ways, operator: AndOrOperator, right: &Node) -> (Text, Ways) {
        let (from, other) = match operator {
            AndOrOperator::And => (ways.won.take(), &mut ways.lost),
            AndOrOperator::Or => (ways.lost.take(), &mut ways.won),
        };
        let Some(from) = from else {
            if let Some(other) = other.take() {
                self.state = other;
            }
            return (Text::empty(), self.ways(false));
        };
        self.state = from;
        let Some(other) = other.take() else {
            let text = self.node(right);
            return (text, self.ways(is_cd(right)));
        };
        let text = self.on_a_way(|shell| shell.node(right));
        let mut ways = self.ways(is_cd(right));
        let place = match operator {
            AndOrOperator::And => &mut ways.lost,
            AndOrOperator::Or => &mut ways.won,
        };
        *place = Some(match place.take() {
            Some(state) => {
                self.state = state;
                self.merge(other);
                self.state.clone()
            }
            None => other,
        });
        (uncertain(text, "a command that may not run"), ways)
    }

    /// How the script may go on after a command, by its status. After a `cd`, that says where.
    fn ways(&mut self, cd: bool) -> Ways {
        let state = self.state.clone();
        if state.left.is_some() {
            // It goes no way from here.
            return Ways {
                won: Some(state),
                lost: None,
            };
        }
        match state.status {
            Some(0) => Ways {
                won: Some(state),
                lost: None,
            },
            Some(_) => Ways {
                won: None,
                lost: Some(state),
            },
            None => {
                let (mut won, mut lost) = (state.clone(), state);
                won.status = Some(0);
                if let Some(directory) = won.directory_if_cd_failed.take_if(|_| cd) {
                    lost.directory = directory;
                    lost.directory_if_cd_failed = None;
                }
                Ways {
                    won: Some(won),
                    lost: Some(lost),
                }
            }
        }
    }

    /// Joins a way that goes on where this one does.
    pub(super) fn join_with(&mut self, other: &State) {
        let world = self.world;
        let differing = self.state.join(other, world);
        self.spend(differing * ENTRY_WORK);
    }

    /// Either the state as it is, or this one, is how the script goes on.
    pub(super) fn merge(&mut self, other: State) {
        match (self.state.left, other.left) {
            (ours, theirs) if ours == theirs => {
                self.join_with(&other);
            }
            (Some(_), None) => {
                let ours = std::mem::replace(&mut self.state, other);
                self.departed.push(ours);
            }
            _ => self.departed.push(other),
        }
    }

    pub(super) fn compound(&mut self, compound: &Compound) -> Text {
        let outer_stdin = self.state.stdin.clone();
        let outer_shared = self.state.input_shared;
        let io = self.redirections(&compound.redirections);
        if !io.redirections.is_empty() {
            let location = self.source.locate(compound.span);
            self.emit(Vec::new(), &io, self.state.stdin.clone(), location);
        }
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
            self.state.input_shared = false;
        }
        let output = self.compound_kind(&compound.kind);
        if io.stdin.is_some() {
            self.state.stdin = outer_stdin;
            self.state.input_shared = outer_shared;
        }
        if !io.redirections.is_empty() {
            // A file may not open.
            self.state.status = None;
        }
        self.deliver(output, &io)
    }

    fn compound_kind(&mut self, kind: &CompoundKind) -> Text {
        match kind {
            CompoundKind::Subshell(list) => {
                let output = self.subshell(|shell| shell.list(list));
                self.state.stages = Stages::One;
                output
            }
            CompoundKind::Group(list) => self.list(list),
            CompoundKind::If {
                branches,
                otherwise,
            } => self.if_clause(branches, otherwise),
            CompoundKind::Loop {
                condition,
                until,
                body,
            } => self.rounds(
                |shell| {
                    let (output, ways) = shell.outcome(condition);
                    if *until && shell.state.left.is_none() {
                        let Ways { won, lost } = ways;
                        return (
                            output,
                            Ways {
                                won: lost,
                                lost: won,
                            },
                        );
                    }
                    (output, ways)
                },
                |shell| shell.list(body),
            ),
            CompoundKind::For {
                variables,
                words,
                select,
                body,
            } => self.for_loop(variables, words.as_deref(), *select, body),
            CompoundKind::ArithmeticFor {
                start,
                condition,
                step,
                body,
            } => {
                let _ = self.number(start);
                let mut first = true;
                self.rounds(
                    |shell| {
                        if !std::mem::take(&mut first) {
                            let _ = shell.number(step);
                        }
                        let endless = condition.source.trim().is_empty();
                        let value = shell.number(condition);
                        let goes_on = value.map(|value| value != 0 || endless);
                        shell.ends_with(goes_on.map(|goes_on| u8::from(!goes_on)));
                        (Text::empty(), shell.ways(false))
                    },
                    |shell| shell.list(body),
                )
            }
            CompoundKind::Case { subject, arms } => self.case_clause(subject, arms),
            CompoundKind::Test(condition) => {
                let holds = self.condition(condition);
                self.state.status = holds.map(|holds| u8::from(!holds));
                self.state.stages = Stages::One;
                Text::empty()
            }
            CompoundKind::Arithmetic(expression) => {
                let value = self.number(expression);
                self.state.status = value.map(|value| u8::from(value == 0));
                self.state.stages = Stages::One;
                Text::empty()
            }
            CompoundKind::Repeat { count, body } => {
                let mut left = self.number(count);
                self.rounds(
                    |shell| {
                        let goes_on = left.map(|count| count > 0);
                        left = left.map(|count| count - 1);
                        shell.ends_with(goes_on.map(|goes_on| u8::from(!goes_on)));
                        (Text::empty(), shell.ways(false))
                    },
                    |shell| shell.list(body),
                )
            }
            CompoundKind::Anonymous { body, arguments } => {
                let words = arguments.iter().flat_map(|word| self.fields(word));
                let fields: Vec<Field> = words.collect();
                self.call_anonymous(body, fields)
            }
            CompoundKind::Coproc { name, body } => {
                self.subshell(|shell| {
                    shell.state.stdin = Stdin::Unknown("what the script writes".to_owned());
                    shell.node(body)
                });
                let name = name.as_deref().unwrap_or("COPROC");
                let ends = Value::list([Text::unknown(DESCRIPTOR), Text::unknown(DESCRIPTOR)]);
                self.state.set(self.world, name, ends);
                self.forget(&format!("{name}_PID"));
                self.state.status = Some(0);
                self.state.stages = Stages::Unknown;
                Text::empty()
            }
        }
    }

    fn if_clause(&mut self, branches: &[(Vec<Node>, Vec<Node>)], otherwise: &[Node]) -> Text {
        let mut output = Text::empty();
        let mut after: Vec<State> = Vec::new();
        let (mut goes_on, mut entered) = (true, false);
        for (condition, body) in branches {
            let (text, ways) = self.outcome(condition);
            append_output(&mut output, text);
            if let Some(won) = ways.won {
                self.state = won;
                if self.state.left.is_none() {
                    let text = match ways.lost {
                        Some(_) => self.on_a_way(|shell| shell.list(body)),
                        None => self.list(body),
                    };
                    append_output(&mut output, text);
                }
                if ways.lost.is_some() {
                    after.push(self.state.clone());
                } else {
                    goes_on = false;
                    break;
                }
            }
            if let Some(lost) = ways.lost {
                self.state = lost;
            }
            if !after.is_empty() && !entered {
                // The others come only if this one did not.
                self.world.enter();
                entered = true;
            }
        }
        if goes_on {
            if otherwise.is_empty() {
                self.ends_with(Some(0));
            }
            append_output(&mut output, self.list(otherwise));
        }
        if entered {
            self.world.leave();
        }
        if after.is_empty() {
            return output;
        }
        // What the condition led to first is where the script most likely stands.
        let mut ways = after.into_iter().chain([self.state.clone()]);
        if let Some(first) = ways.next() {
            self.state = first;
        }
        for state in ways {
            self.merge(state);
        }
        uncertain(output, "if")
    }

    fn case_clause(&mut self, subject: &Word, arms: &[CaseArm]) -> Text {
        let subject = self.value(subject);
        let mut output = Text::empty();
        let mut after: Vec<State> = Vec::new();
        let (mut ran, mut doubtful) = (false, false);
        // Whether the arm before falls through into this one.
        let mut falls = Some(false);
        for arm in arms {
            let matches = match falls {
                Some(false) => self.matches_any(&subject, &arm.patterns),
                other => other,
            };
            falls = Some(false);
            match matches {
                Some(false) => {}
                Some(true) => {
                    ran = true;
                    self.state.status = Some(0);
                    append_output(&mut output, self.list(&arm.body));
                    match arm.end {
                        _ if self.state.left.is_some() => break,
                        ArmEnd::Stop => break,
                        ArmEnd::Fall => falls = Some(true),
                        ArmEnd::Test => {}
                    }
                }
                None => {
                    doubtful = true;
                    let skipped = self.state.clone();
                    self.state.status = Some(0);
                    let text = self.on_a_way(|shell| shell.list(&arm.body));
                    append_output(&mut output, text);
                    let here = std::mem::replace(&mut self.state, skipped);
                    match arm.end {
                        ArmEnd::Stop => after.push(here),
                        ArmEnd::Fall | ArmEnd::Test => {
                            self.merge(here);
                            falls = (arm.end == ArmEnd::Test).then_some(false);
                        }
                    }
                }
            }
        }
        if !ran {
            self.ends_with(Some(0).filter(|_| !doubtful));
        }
        for state in after {
            self.merge(state);
        }
        if doubtful {
            uncertain(output, "case")
        } else {
            output
        }
    }

    fn matches_any(&mut self, subject: &Text, patterns: &[Word]) -> Option<bool> {
        let mut found = Some(false);
        for pattern in patterns {
            match self.pattern_matches(subject, pattern) {
                Some(true) if found == Some(false) => return Some(true),
                Some(true) | None => found = None,
                Some(false) => {}
            }
        }
        found
    }

    /// A loop: as long as `condition` is known to hold it is walked round by round, then with
    /// everything unknown that a round changes. `condition` gives the ways on and out.
    fn rounds(
        &mut self,
        mut condition: impl FnMut(&mut Self) -> (Text, Ways),
        mut body: impl FnMut(&mut Self) -> Text,
    ) -> Text {
        let mark = self.departed.len();
        let mut output = Text::empty();
        let mut status = Some(0);
        self.loops += 1;
        for round in 0..UNROLL_LIMIT {
            if self.repeated > REPEAT_LIMIT {
                break;
            }
            let walked = self.commands;
            let before = self.state.clone();
            let departed = self.departed.len();
            let (text, ways) = self.tested(&mut condition);
            match ways {
                Ways {
                    won: Some(won),
                    lost: None,
                } => {
                    append_output(&mut output, text);
                    self.state = won;
                    if self.state.left.is_none() {
                        append_output(&mut output, self.deeper(&mut body));
                    }
                }
                Ways { won: None, lost } => {
                    append_output(&mut output, text);
                    self.state = lost.unwrap_or(before);
                    self.ends_with(status);
                    self.loop_ends(mark);
                    return output;
                }
                Ways { .. } => {
                    self.departed.truncate(departed);
                    self.state = before;
                    break;
                }
            }
            status = self.state.status;
            self.note_round(round, walked);
            if !self.round_ends(mark) {
                self.loop_ends(mark);
                return output;
            }
        }
        let widened = self.widened(mark, |shell| {
            let (mut output, ways) = shell.tested(&mut condition);
            if let Some(mut lost) = ways.lost {
                lost.left = lost.left.or(Some(Leave::Break(1)));
                shell.departed.push(lost);
            }
            if let Some(won) = ways.won {
                shell.state = won;
                if shell.state.left.is_none() {
                    append_output(&mut output, shell.deeper(&mut body));
                }
            } else {
                shell.state.left = Some(Leave::Break(1));
            }
            output
        });
        append_output(&mut output, widened);
        self.loop_ends(mark);
        uncertain(output, "a loop")
    }

    fn tested(&mut self, condition: &mut impl FnMut(&mut Self) -> (Text, Ways)) -> (Text, Ways) {
        let mut found = None;
        let output = self.deeper(|shell| {
            let (output, ways) = condition(shell);
            found = Some(ways);
            output
        });
        let ways = found.unwrap_or_else(|| self.ways(false));
        (output, ways)
    }

    /// Any number of rounds: with everything unknown that a round changes, until no more does.
    fn widened(&mut self, mark: usize, mut round: impl FnMut(&mut Self) -> Text) -> Text {
        let mut output = Text::empty();
        let world = self.world;
        for attempt in 0.. {
            let before = self.state.clone();
            let text = self.on_a_way(&mut round);
            append_output(&mut output, text);
            if self.is_spent() {
                break;
            }
            if !self.round_ends(mark) {
                // No second round, but perhaps not even a first.
                let after = std::mem::replace(&mut self.state, before);
                self.departed.push(after);
                break;
            }
            if !self.state.widen(&before, world) {
                break;
            }
            if attempt >= WIDEN_LIMIT {
                let location = self.current.clone();
                let reason = "a loop changes more than guard can follow".to_owned();
                self.sink.limit(reason, location);
                break;
            }
        }
        self.ends_with(None);
        output
    }

    /// The status of a compound command; `PIPESTATUS` stays what its last pipeline left.
    fn ends_with(&mut self, status: Option<u8>) {
        if self.state.stages == Stages::One {
            self.state.stages = Stages::Many(Rc::from([self.state.status]));
        }
        self.state.status = status;
    }

    /// Notes what was walked again in a round of a loop, which began when so many commands had
    /// been walked.
    fn note_round(&mut self, round: usize, walked: usize) {
        if round > 0 {
            self.repeated += self.commands - walked;
        }
    }

    /// After the body of a loop: whether another round may come.
    fn round_ends(&mut self, mark: usize) -> bool {
        let known = matches!(self.state.stdin, Stdin::Text(_) | Stdin::File(_));
        if self.state.input_shared && known && self.state.left.is_none() {
            // The command that shares the input may have left nothing to read.
            let mut ended = self.state.clone();
            ended.stdin = Stdin::Text(Text::empty());
            ended.input_shared = false;
            ended.left = Some(Leave::Break(1));
            self.departed.push(ended);
            self.state.input_shared = false;
        }
        self.arrive(mark, Leave::Continue(1))
    }

    /// After a loop: where its `break`s lead, and where those of the loops around it go on.
    fn loop_ends(&mut self, mark: usize) {
        self.loops -= 1;
        self.arrive(mark, Leave::Break(1));
        let state = std::iter::once(&mut self.state);
        let departed = self.departed.iter_mut().skip(mark);
        for state in state.chain(departed) {
            state.left = match state.left {
                Some(Leave::Break(count)) if count > 1 => Some(Leave::Break(count - 1)),
                Some(Leave::Continue(count)) if count > 1 => Some(Leave::Continue(count - 1)),
                other => other,
            };
        }
    }

    /// Joins the ways that left for here; false if none did, and the state is one that goes
    /// further.
    pub(super) fn arrive(&mut self, mark: usize, here: Leave) -> bool {
        let mut index = mark;
        if self.state.left == Some(here) {
            self.state.left = None;
        }
        while index < self.departed.len() {
            if self
                .departed
                .get(index)
                .is_some_and(|state| state.left == Some(here))
            {
                let mut state = self.departed.remove(index);
                state.left = None;
                self.merge(state);
            } else {
                index += 1;
            }
        }
        self.state.left.is_none()
    }

    fn for_loop(
        &mut self,
        variables: &[String],
        words: Option<&[Word]>,
        select: bool,
        body: &[Node],
    ) -> Text {
        let mut fields: Option<Vec<Field>> = match words {
            Some(words) => Some(words.iter().flat_map(|word| self.fields(word)).collect()),
            None => self.state.arguments.as_ref().map(|arguments| {
                let field = |text: &Text| Field {
                    text: text.of_one(),
                    splits: text.is_several(),
                    ..Field::default()
                };
                arguments.iter().map(field).collect()
            }),
        };
        if let Some(fields) = fields.as_mut().filter(|_| select) {
            // An answer that is none of them.
            fields.push(Field::default());
        }
        let certain = fields
            .as_ref()
            .filter(|fields| fields.len() <= UNROLL_LIMIT && !select)
            .filter(|fields| fields.len() <= 1 || self.repeated <= REPEAT_LIMIT)
            .filter(|fields| {
                !fields
                    .iter()
                    .any(|field| field.splits || field.text.has_glob())
            });
        let mark = self.departed.len();
        self.loops += 1;
        if let Some(fields) = certain {
            let mut output = Text::empty();
            if fields.is_empty() {
                self.ends_with(Some(0));
            }
            for (round, values) in fields.chunks(variables.len().max(1)).enumerate() {
                let walked = self.commands;
                for (index, variable) in variables.iter().enumerate() {
                    let text = values.get(index).map(|field| field.text.clone());
                    let text = text.unwrap_or_default();
                    let attributes = self.state.attributes(self.world, variable);
                    if attributes.reference {
                        // It refers to one after the other.
                        self.state.bind(variable, Value::Scalar(text), attributes);
                    } else {
                        self.store(variable, None, text, false);
                    }
                }
                let text = self.deeper(|shell| shell.list(body));
                append_output(&mut output, text);
                self.note_round(round, walked);
                if !self.round_ends(mark) {
                    break;
                }
            }
            self.loop_ends(mark);
            return output;
        }
        let values: Vec<(&String, Value)> = variables
            .iter()
            .map(|variable| {
                let few = fields
                    .as_ref()
                    .filter(|fields| fields.len() <= 8 && variables.len() == 1);
                let value = few.map_or_else(
                    || Value::unknown(variable),
                    |fields| one_of(fields, variable),
                );
                // An attribute changes what it gets, each time.
                let attributes = self.state.attributes(self.world, variable);
                let value = match value {
                    Value::Scalar(text) => Value::Scalar(self.convert(text, attributes)),
                    Value::OneOf(texts) => Value::OneOf(
                        texts
                            .into_iter()
                            .map(|text| self.convert(text, attributes))
                            .collect(),
                    ),
                    other => other,
                };
                (variable, value)
            })
            .collect();
        if select {
            self.forget("REPLY");
        }
        let mut overwritten = false;
        let output = self.widened(mark, |shell| {
            for (variable, value) in &values {
                shell.state.set(shell.world, variable, value.clone());
            }
            let output = shell.list(body);
            for (variable, value) in &values {
                overwritten |= shell.state.variable(shell.world, variable).as_ref() != Some(value);
                shell.state.set(shell.world, variable, value.clone());
            }
            output
        });
        if overwritten {
            for variable in variables {
                self.forget(variable);
            }
        }
        self.loop_ends(mark);
        uncertain(output, "a loop")
    }
}

/// What the variable of a loop over these words may hold.
fn one_of(fields: &[Field], variable: &str) -> Value {
    let mut texts: Vec<Text> = Vec::new();
    for field in fields {
        let text = if field.splits {
            Text::unknown(format!("${variable}"))
        } else {
            field.text.clone()
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [only] => Value::Scalar(only.clone()),
        _ => Value::OneOf(texts),
    }
}

/// Whether a command's output goes to a file, too, where it is piped: zsh gives it to both.
fn redirects_output(node: &Node) -> bool {
    let redirections = match node {
        Node::Simple(command) => &command.redirections,
        Node::Compound(compound) => &compound.redirections,
        _ => return false,
    };
    redirections.iter().any(|redirection| {
        redirection.descriptor.unwrap_or(1) == 1
            && !matches!(
                redirection.operator,
                RedirectionOperator::Input
                    | RedirectionOperator::HereDocument
                    | RedirectionOperator::HereString
                    | RedirectionOperator::DuplicateInput
                    | RedirectionOperator::DuplicateOutput
            )
            && !matches!(&redirection.target, RedirectionTarget::Word(word) if word.source.as_ref() == "/dev/null")
    })
}

/// Output that depends on which way was taken: known only if there is none.
pub(super) fn uncertain(output: Text, what: &str) -> Text {
    if output.is_empty() {
        output
    } else {
        Text::unknown(format!("the output of {what}"))
    }
}
