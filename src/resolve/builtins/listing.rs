//! What `declare -f` and `declare -p` print: functions and variables, as bash would read them back.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::parameter::in_hash_order;
use crate::resolve::state::{Attributes, Value};
use crate::resolve::text::Text;
use crate::resolve::transform::quoted;
use crate::shell::{
    AndOrOperator, ArmEnd, AssignmentValue, Compound, CompoundKind, Condition, Node, Piece,
    Redirection, RedirectionOperator, RedirectionTarget, SimpleCommand, Word,
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
        let listed = |name: &str| match *flag {
            "-p" => self.listed_variable(name),
            _ => self.listed_function(name).map(Text::known),
        };
        let mut listing = Text::empty();
        match *flag {
            "-f" | "-pf" | "-fp" | "-p" if !names.is_empty() => {
                for name in names {
                    let Some(text) = listed(name) else {
                        return Some(unknown);
                    };
                    listing.append(text);
                }
            }
            _ if flag.starts_with('-') && flag.contains(['f', 'F', 'p']) => return Some(unknown),
            _ => return None,
        }
        Some(listing)
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

    fn listed_variable(&self, name: &str) -> Option<Text> {
        let Some(variable) = self.state.variables.get(name) else {
            return match self.state.environment.get(self.world, name) {
                Some(text) => {
                    let mut listed = Text::known(format!("declare -x {name}="));
                    listed.append(double_quoted(&text));
                    listed.push_known("\n");
                    Some(listed)
                }
                None => self.is_nowhere(name).then(Text::empty),
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
            unsure,
        } = variable.attributes;
        if unsure || self.state.volatile.iter().any(|volatile| volatile == name) {
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
        let mut listed = Text::known(format!("declare -{flags} {name}="));
        match &variable.value {
            Value::Scalar(text) => listed.append(double_quoted(text)),
            Value::Array(elements) => {
                if elements.values().any(Text::has_glob) {
                    return None;
                }
                listed.push_known("(");
                for (at, (index, text)) in elements.iter().enumerate() {
                    let blank = if at > 0 { " " } else { "" };
                    listed.push_known(&format!("{blank}[{index}]="));
                    listed.append(double_quoted(text));
                }
                listed.push_known(")");
            }
            Value::Map(elements) => {
                listed.push_known("(");
                for (key, text) in in_hash_order(elements) {
                    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let key = match !key.is_empty() && key.chars().all(plain) {
                        true => Text::known(key),
                        false => double_quoted(&Text::known(key)),
                    };
                    listed.push_known("[");
                    listed.append(key);
                    listed.push_known("]=");
                    listed.append(double_quoted(text));
                    listed.push_known(" ");
                }
                listed.push_known(")");
            }
            Value::Unset | Value::OneOf(_) => return None,
        }
        listed.push_known("\n");
        Some(listed)
    }
}

/// As `declare -p` quotes a value.
fn double_quoted(text: &Text) -> Text {
    let Some(text) = text.exact() else {
        return Text::quoted(text.display());
    };
    if text.chars().any(char::is_control) {
        return Text::known(quoted(text));
    }
    let mut result = String::from("\"");
    for character in text.chars() {
        if "\"\\$`".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result.push('"');
    Text::known(result)
}

/// Commands one after the other, each on its line; what stands behind `&` stays on the line.
fn list(nodes: &[Node], indent: usize) -> Option<String> {
    let mut text = String::new();
    for (index, item) in nodes.iter().enumerate() {
        let last = index + 1 == nodes.len();
        match item {
            Node::Background(inner) => {
                text.push_str(&node(inner, indent)?);
                text.push_str(if last { " &" } else { " & " });
            }
            item => {
                text.push_str(&node(item, indent)?);
                if !last {
                    text.push_str(&format!(";\n{}", " ".repeat(indent)));
                }
            }
        }
    }
    Some(text)
}

/// How a list ends before the word that closes it.
fn end(nodes: &[Node]) -> &'static str {
    match nodes.last() {
        Some(Node::Background(_)) => "",
        _ => ";",
    }
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
        Node::Function { names, body, .. } => {
            let [name] = names.as_slice() else {
                return None;
            };
            let deeper = indent + 4;
            let (outer, inner) = (" ".repeat(indent), " ".repeat(deeper));
            Some(match &**body {
                Node::Compound(compound) if matches!(compound.kind, CompoundKind::Group(_)) => {
                    let body = compound_text(compound, indent)?;
                    format!("function {name} () \n{outer}{body}")
                }
                other => {
                    let body = node(other, deeper)?;
                    format!("function {name} () \n{outer}{{ \n{inner}{body}\n{outer}}}")
                }
            })
        }
        Node::Background(_) => None,
    }
}

fn compound_text(compound: &Compound, indent: usize) -> Option<String> {
    let deeper = indent + 4;
    let (outer, inner) = (" ".repeat(indent), " ".repeat(deeper));
    let block = |nodes: &[Node]| {
        let end = end(nodes);
        Some(format!("{inner}{}{end}\n{outer}", list(nodes, deeper)?))
    };
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
            let ((test, body), others) = branches.split_first()?;
            let mut text = format!("if {}; then\n{}", condition(test)?, block(body)?);
            if !others.is_empty() {
                // What comes after `elif` is a condition of its own behind `else`.
                let inner_if = Compound {
                    kind: CompoundKind::If {
                        branches: others.to_vec(),
                        otherwise: otherwise.clone(),
                    },
                    redirections: Vec::new(),
                    span: compound.span,
                };
                let other = compound_text(&inner_if, deeper)?;
                text.push_str(&format!("else\n{inner}{other};\n{outer}"));
            } else if !otherwise.is_empty() {
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
            words,
            select,
            body,
        } => {
            let [variable] = variables.as_slice() else {
                return None;
            };
            let words = match words {
                Some(words) => words.iter().map(word).collect::<Option<Vec<_>>>()?,
                None => vec!["\"$@\"".to_owned()],
            };
            let (keyword, words) = (if *select { "select" } else { "for" }, words.join(" "));
            format!(
                "{keyword} {variable} in {words};\n{outer}do\n{}done",
                block(body)?
            )
        }
        CompoundKind::ArithmeticFor {
            start,
            condition,
            step,
            body,
        } => {
            let header = [start, condition, step].map(|part| part.source.trim().to_owned());
            if header.iter().any(String::is_empty) {
                return None;
            }
            format!(
                "for (({}))\n{outer}do\n{}done",
                header.join("; "),
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
        CompoundKind::Coproc { .. }
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
    let assignments = command.assignments.iter().filter(|_| !declares);
    for assignment in assignments {
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
        RedirectionOperator::DuplicateOutput if is_descriptor(&target) => format!("1>&{target}"),
        RedirectionOperator::DuplicateOutput => format!(">&{target}"),
        RedirectionOperator::DuplicateInput if is_descriptor(&target) => {
            let number = match descriptor.as_str() {
                "" => "0",
                number => number,
            };
            // Both close it, and are written alike.
            let operator = if target == "-" { ">&" } else { "<&" };
            format!("{number}{operator}{target}")
        }
        _ => return None,
    })
}

fn is_descriptor(target: &str) -> bool {
    target == "-" || target.bytes().all(|byte| byte.is_ascii_digit())
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
    let source = word.source.as_ref();
    if let Some(inner) = source
        .strip_prefix("$\"")
        .and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains(['"', '\\', '$', '`'])
    {
        return Some(format!("\"{inner}\""));
    }
    if let ([Piece::Quoted { text, .. }], Some(inner)) = (
        word.pieces.as_slice(),
        source
            .strip_prefix("$'")
            .and_then(|rest| rest.strip_suffix('\'')),
    ) && !inner.contains('\'')
        && !text.contains('\'')
    {
        return Some(format!("'{text}'"));
    }
    let rewritten = ["<(", ">(", "$'", "$\"", "\\\n"];
    if rewritten.iter().any(|start| source.contains(start)) {
        return None;
    }
    // What is in a substitution is written anew; where that gives the same, it stays.
    let mut substitutions = 0;
    for piece in &word.pieces {
        match piece {
            Piece::Command {
                list: script,
                source,
                ..
            } if source.starts_with("$(") => {
                let [only] = script.list.as_slice() else {
                    return None;
                };
                let again = node(only, 0)?;
                if source.as_ref() != format!("$({again})") {
                    return None;
                }
                substitutions += source.matches("$(").count();
            }
            Piece::Arithmetic { source, .. } if !source.get(2..)?.contains("$(") => {
                substitutions += source.matches("$(").count();
            }
            _ => {}
        }
    }
    (source.matches("$(").count() == substitutions).then(|| source.to_owned())
}
