//! What `declare -f` and `declare -p` print: functions and variables, as bash would read them back.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::parameter::in_hash_order;
use crate::resolve::state::{Attributes, Value};
use crate::resolve::text::Text;
use crate::resolve::transform::quoted;
use crate::shell::{
    AndOrOperator, ArmEnd, AssignmentValue, Compound, CompoundKind, Condition, Node, Redirection,
    RedirectionOperator, RedirectionTarget, SimpleCommand, Word,
};

impl Interpreter<'_> {
    /// The output of a declaration that lists what it names; `None` for one that does not.
    pub(in crate::resolve) fn listed(&self, operands: &[Argument]) -> Option<Text> {
        let words: Option<Vec<&str>> = operands
            .iter()
            .map(|word| word.value.exact().filter(|_| !word.splits))
            .collect();
        let unknown = Text::unknown("what `declare` prints");
        let Some(words) = words else {
            let lists = operands.first().is_some_and(|word| {
                matches!(
                    word.value.known_prefix(),
                    "-f" | "-p" | "-F" | "-fp" | "-pf"
                )
            });
            return lists.then_some(unknown);
        };
        let (flag, names) = words.split_first()?;
        let listing: Option<String> = match *flag {
            "-f" | "-pf" | "-fp" if !names.is_empty() => names
                .iter()
                .map(|name| self.listed_function(name))
                .collect(),
            "-p" if !names.is_empty() => names
                .iter()
                .map(|name| self.listed_variable(name))
                .collect(),
            _ if flag.starts_with('-') && flag.contains(['f', 'F', 'p']) => None,
            _ => return None,
        };
        Some(listing.map_or(unknown, Text::known))
    }

    fn listed_function(&self, name: &str) -> Option<String> {
        let Some(definition) = self.state.functions.get(name) else {
            return Some(String::new()).filter(|_| !self.state.environment.uncertain);
        };
        let [function] = definition.bodies.as_slice() else {
            return None;
        };
        let body = match &*function.body {
            Node::Compound(compound) if matches!(compound.kind, CompoundKind::Group(_)) => {
                compound_text(compound, 0)?
            }
            other => format!("{{ \n    {}\n}}", node(other, 4)?),
        };
        definition.certain.then(|| format!("{name} () \n{body}\n"))
    }

    fn listed_variable(&self, name: &str) -> Option<String> {
        let Some(variable) = self.state.variables.get(name) else {
            return match self.state.environment.get(self.world, name) {
                Some(text) => Some(format!(
                    "declare -x {name}={}\n",
                    double_quoted(text.exact()?)
                )),
                None => self.is_nowhere(name).then(String::new),
            };
        };
        let Attributes {
            exported,
            integer,
            lower,
            upper,
            reference,
            readonly,
            keyed: _,
        } = variable.attributes;
        if self.state.volatile.iter().any(|volatile| volatile == name) {
            return None;
        }
        let mut flags = String::new();
        let mut flag = |letter: char, on: bool| flags.extend(on.then_some(letter));
        flag('a', matches!(variable.value, Value::Array(_)));
        flag('A', matches!(variable.value, Value::Map(_)));
        flag('i', integer);
        flag('n', reference);
        flag('r', readonly);
        flag('x', exported);
        flag('l', lower);
        flag('u', upper);
        if flags.is_empty() {
            flags.push('-');
        }
        let value = match &variable.value {
            Value::Scalar(text) => double_quoted(text.exact()?),
            Value::Array(elements) => {
                let elements: Option<Vec<String>> = elements
                    .iter()
                    .map(|(index, text)| {
                        Some(format!("[{index}]={}", double_quoted(text.exact()?)))
                    })
                    .collect();
                format!("({})", elements?.join(" "))
            }
            Value::Map(elements) => {
                let mut list = String::new();
                for (key, text) in in_hash_order(elements) {
                    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let key = match !key.is_empty() && key.chars().all(plain) {
                        true => key.to_owned(),
                        false => double_quoted(key),
                    };
                    list.push_str(&format!("[{key}]={} ", double_quoted(text.exact()?)));
                }
                format!("({list})")
            }
            Value::Unset | Value::OneOf(_) => return None,
        };
        Some(format!("declare -{flags} {name}={value}\n"))
    }
}

/// As `declare -p` quotes a value.
fn double_quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return quoted(text);
    }
    let mut result = String::from("\"");
    for character in text.chars() {
        if "\"\\$`".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result.push('"');
    result
}

/// Commands one after the other, each on its line.
fn list(nodes: &[Node], indent: usize) -> Option<String> {
    let lines: Option<Vec<String>> = nodes
        .iter()
        .map(|item| {
            // What stands behind `&` stays on its line, and here-documents behind theirs.
            match item {
                Node::Background(_) => None,
                item => node(item, indent),
            }
        })
        .collect();
    Some(lines?.join(&format!(";\n{}", " ".repeat(indent))))
}

fn node(node_: &Node, indent: usize) -> Option<String> {
    match node_ {
        Node::Simple(command) => simple(command),
        Node::Pipeline { stages, negated } => {
            let stages: Option<Vec<String>> =
                stages.iter().map(|stage| node(stage, indent)).collect();
            let negation = if *negated { "! " } else { "" };
            Some(format!("{negation}{}", stages?.join(" | ")))
        }
        Node::AndOr { first, rest } => {
            let mut text = node(first, indent)?;
            for (operator, right) in rest {
                text.push_str(match operator {
                    AndOrOperator::And => " && ",
                    AndOrOperator::Or => " || ",
                });
                text.push_str(&node(right, indent)?);
            }
            Some(text)
        }
        Node::Compound(compound) => compound_text(compound, indent),
        Node::Background(_) | Node::Function { .. } => None,
    }
}

fn compound_text(compound: &Compound, indent: usize) -> Option<String> {
    let deeper = indent + 4;
    let (outer, inner) = (" ".repeat(indent), " ".repeat(deeper));
    let block = |nodes: &[Node]| Some(format!("{inner}{};\n{outer}", list(nodes, deeper)?));
    let condition = |nodes: &[Node]| match nodes {
        [only] => node(only, indent),
        _ => None,
    };
    let mut text = match &compound.kind {
        CompoundKind::Group(nodes) => {
            format!("{{ \n{inner}{}\n{outer}}}", list(nodes, deeper)?)
        }
        CompoundKind::Subshell(nodes) => format!("( {} )", list(nodes, indent)?),
        CompoundKind::If {
            branches,
            otherwise,
        } => {
            let [(test, body)] = branches.as_slice() else {
                return None;
            };
            let mut text = format!("if {}; then\n{}", condition(test)?, block(body)?);
            if !otherwise.is_empty() {
                text.push_str(&format!("else\n{}", block(otherwise)?));
            }
            text + "fi"
        }
        CompoundKind::Loop {
            condition: test,
            until,
            body,
        } => {
            let keyword = if *until { "until" } else { "while" };
            format!("{keyword} {}; do\n{}done", condition(test)?, block(body)?)
        }
        CompoundKind::For {
            variables,
            words: Some(words),
            select: false,
            body,
        } => {
            let [variable] = variables.as_slice() else {
                return None;
            };
            let words: Option<Vec<String>> = words.iter().map(word).collect();
            let words = words?.join(" ");
            format!(
                "for {variable} in {words};\n{outer}do\n{}done",
                block(body)?
            )
        }
        CompoundKind::Case { subject, arms } => {
            let mut text = format!("case {} in ", word(subject)?);
            for arm in arms {
                let patterns: Option<Vec<String>> = arm.patterns.iter().map(word).collect();
                let body = list(&arm.body, deeper + 4)?;
                let end = match arm.end {
                    ArmEnd::Stop => ";;",
                    ArmEnd::Fall => ";&",
                    ArmEnd::Test => ";;&",
                };
                text.push_str(&format!(
                    "\n{inner}{})\n{inner}    {body}\n{inner}{end}",
                    patterns?.join(" | ")
                ));
            }
            format!("{text}\n{outer}esac")
        }
        CompoundKind::Test(condition) => format!("[[ {} ]]", test(condition)?),
        CompoundKind::Arithmetic(expression) => format!("(({}))", expression.source),
        CompoundKind::For { .. }
        | CompoundKind::ArithmeticFor { .. }
        | CompoundKind::Coproc { .. }
        | CompoundKind::Repeat { .. }
        | CompoundKind::Anonymous { .. } => return None,
    };
    for redirection in &compound.redirections {
        text.push(' ');
        text.push_str(&redirected(redirection)?);
    }
    Some(text)
}

fn simple(command: &SimpleCommand) -> Option<String> {
    let mut words = Vec::new();
    // In a declaration they stand among the words.
    let declares = command
        .words
        .first()
        .is_some_and(|word| crate::shell::DECLARATIONS.contains(&word.source.as_ref()));
    if declares && !command.assignments.is_empty() {
        return None;
    }
    for assignment in &command.assignments {
        let subscript = match &assignment.subscript {
            Some(subscript) => format!("[{}]", word(subscript)?),
            None => String::new(),
        };
        let operator = if assignment.append { "+=" } else { "=" };
        let value = match &assignment.value {
            AssignmentValue::Scalar(value) => word(value)?,
            AssignmentValue::Array(elements) => {
                let elements: Option<Vec<String>> = elements
                    .iter()
                    .map(|(key, value)| match key {
                        Some(key) => Some(format!("[{}]={}", word(key)?, word(value)?)),
                        None => word(value),
                    })
                    .collect();
                format!("({})", elements?.join(" "))
            }
        };
        words.push(format!("{}{subscript}{operator}{value}", assignment.name));
    }
    for argument in &command.words {
        words.push(word(argument)?);
    }
    for redirection in &command.redirections {
        words.push(redirected(redirection)?);
    }
    Some(words.join(" "))
}

fn redirected(redirection: &Redirection) -> Option<String> {
    let RedirectionTarget::Word(target) = &redirection.target else {
        return None;
    };
    if redirection.variable.is_some() {
        return None;
    }
    let descriptor = redirection.descriptor.map(|number| number.to_string());
    let descriptor = descriptor.unwrap_or_default();
    let target = word(target)?;
    Some(match redirection.operator {
        RedirectionOperator::Input => format!("{descriptor}< {target}"),
        RedirectionOperator::Output => format!("{descriptor}> {target}"),
        RedirectionOperator::Append => format!("{descriptor}>> {target}"),
        RedirectionOperator::Clobber => format!("{descriptor}>| {target}"),
        RedirectionOperator::HereString => format!("{descriptor}<<< {target}"),
        RedirectionOperator::OutputAndError => format!("&> {target}"),
        RedirectionOperator::DuplicateOutput if !descriptor.is_empty() => {
            format!("{descriptor}>&{target}")
        }
        _ => return None,
    })
}

fn test(condition: &Condition) -> Option<String> {
    Some(match condition {
        Condition::Word(argument) => format!("-n {}", word(argument)?),
        Condition::Unary(operator, argument) => format!("{operator} {}", word(argument)?),
        Condition::Binary(left, operator, right) => {
            format!("{} {operator} {}", word(left)?, word(right)?)
        }
        // Parentheses are not in the tree.
        Condition::Not(_) | Condition::And(..) | Condition::Or(..) => return None,
    })
}

/// A word as it is written; `None` where bash writes what is in it otherwise.
fn word(word: &Word) -> Option<String> {
    let rewritten = ["<(", ">(", "$'", "$\"", "\\\n"];
    let source = word.source.as_ref();
    let kept = !rewritten.iter().any(|start| source.contains(start));
    (kept && source.split("$(").skip(1).all(is_plain)).then(|| source.to_owned())
}

/// Whether bash writes a command substitution as it stands: one plain command, or several in a
/// pipe, with one blank between the words.
fn is_plain(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once(')') else {
        return false;
    };
    let words: Vec<&str> = inside.split(' ').collect();
    !inside.contains([
        ';', '&', '<', '>', '(', '{', '}', '!', '\n', '\t', '`', '#', '=',
    ]) && words.iter().all(|word| !word.is_empty())
        && inside.matches('|').count() == words.iter().filter(|word| **word == "|").count()
}
