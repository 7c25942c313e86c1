//! Values of a justfile, as far as they are known before anything runs.

use std::path::Path;

use super::parse::Fragment;
use super::{Module, Run};
use crate::resolve::{self, Text, base_name};

/// Values that one expression may come to; beyond it what it comes to is not known.
const VALUES: usize = 8;

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Text(String),
    /// `x'$HOME'`
    Expanded(String),
    Format(Vec<Fragment>),
    Variable(String),
    /// Between backticks: what a command prints.
    Command {
        text: String,
        line: usize,
    },
    Call {
        name: String,
        arguments: Vec<Expression>,
        line: usize,
    },
    Concatenated(Box<[Expression; 2]>),
    /// `a / b`
    Join(Box<[Expression; 2]>),
    /// `a && b`
    Both(Box<[Expression; 2]>),
    /// `a || b`
    Either(Box<[Expression; 2]>),
    If {
        condition: Box<[Expression; 2]>,
        operator: Operator,
        branches: Box<[Expression; 2]>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    /// By a regular expression.
    Matches,
}

/// What something may come to: at least one value.
pub(super) type Values = Vec<Text>;

fn limited(mut values: Values, shown: &str) -> Values {
    let mut distinct: Values = Vec::new();
    for value in values.drain(..) {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    if distinct.is_empty() || distinct.len() > VALUES {
        return vec![Text::unknown(shown)];
    }
    distinct
}

/// Every value of one with every value of the other.
fn combined(left: &Values, right: &Values, join: impl Fn(Text, Text) -> Text) -> Values {
    let pairs = left
        .iter()
        .flat_map(|left| right.iter().map(move |right| (left.clone(), right.clone())));
    limited(
        pairs.map(|(left, right)| join(left, right)).collect(),
        "{{…}}",
    )
}

fn concatenated(mut left: Text, right: Text) -> Text {
    left.append(right);
    left
}

/// `a / b`: a right side that starts at the root stays as it is.
fn joined(mut left: Text, right: Text) -> Text {
    if right.known_prefix().starts_with('/') && left.is_empty() {
        return right;
    }
    if !left.exact().is_some_and(|left| left.ends_with('/')) {
        left.push_known("/");
    }
    left.append(right);
    left
}

impl Run<'_> {
    /// What an expression comes to in a module, with these variables of a recipe.
    pub(super) fn values(
        &mut self,
        expression: &Expression,
        module: &Module,
        scope: &[(String, Values)],
    ) -> Values {
        match expression {
            Expression::Text(text) => vec![Text::known(text)],
            Expression::Expanded(text) => vec![self.expanded(text)],
            Expression::Format(fragments) => self.fragments(fragments, module, scope),
            Expression::Variable(name) => {
                let own = scope.iter().rev().find(|(known, _)| known == name);
                match own {
                    Some((_, values)) => values.clone(),
                    None => self.variable(name, module),
                }
            }
            Expression::Command { text, line } => {
                vec![self.printed(&Text::known(text), *line, module)]
            }
            Expression::Call {
                name,
                arguments,
                line,
            } => {
                let given = arguments.iter();
                let given: Vec<Values> = given
                    .map(|argument| self.values(argument, module, scope))
                    .collect();
                self.called(name, &given, *line, module)
            }
            Expression::Concatenated(sides) => {
                let [left, right] = self.both(sides, module, scope);
                combined(&left, &right, concatenated)
            }
            Expression::Join(sides) => {
                let [left, right] = self.both(sides, module, scope);
                combined(&left, &right, joined)
            }
            Expression::Both(sides) => {
                let [left, right] = self.both(sides, module, scope);
                let values = left.into_iter().flat_map(|left| match left.exact() {
                    Some("") => vec![left],
                    Some(_) => right.clone(),
                    None => std::iter::once(Text::empty())
                        .chain(right.clone())
                        .collect(),
                });
                limited(values.collect(), "{{… && …}}")
            }
            Expression::Either(sides) => {
                let [left, right] = self.both(sides, module, scope);
                let values = left.into_iter().flat_map(|left| match left.exact() {
                    Some("") => right.clone(),
                    Some(_) => vec![left],
                    None => std::iter::once(left).chain(right.clone()).collect(),
                });
                limited(values.collect(), "{{… || …}}")
            }
            Expression::If {
                condition,
                operator,
                branches,
            } => {
                let [left, right] = self.both(condition, module, scope);
                let [then, otherwise] = &**branches;
                let truth = match (left.as_slice(), right.as_slice()) {
                    ([left], [right]) => match (left.exact(), right.exact()) {
                        (Some(left), Some(right)) if *operator == Operator::Equal => {
                            Some(left == right)
                        }
                        (Some(left), Some(right)) if *operator == Operator::Unequal => {
                            Some(left != right)
                        }
                        _ => None,
                    },
                    _ => None,
                };
                let mut values = Vec::new();
                if truth != Some(false) {
                    values.extend(self.values(then, module, scope));
                }
                if truth != Some(true) {
                    values.extend(self.values(otherwise, module, scope));
                }
                limited(values, "{{if …}}")
            }
        }
    }

    fn both(
        &mut self,
        sides: &[Expression; 2],
        module: &Module,
        scope: &[(String, Values)],
    ) -> [Values; 2] {
        let [left, right] = sides;
        [
            self.values(left, module, scope),
            self.values(right, module, scope),
        ]
    }

    /// Text with values in it.
    pub(super) fn fragments(
        &mut self,
        fragments: &[Fragment],
        module: &Module,
        scope: &[(String, Values)],
    ) -> Values {
        let mut whole = vec![Text::empty()];
        for fragment in fragments {
            let next = match fragment {
                Fragment::Text(text) => vec![Text::known(text)],
                Fragment::Value(expression) => self.values(expression, module, scope),
            };
            whole = combined(&whole, &next, concatenated);
        }
        whole
    }

    /// `$NAME`, `${NAME}`, `${NAME:-default}` and `~` as the environment has them.
    fn expanded(&self, text: &str) -> Text {
        let world = self.call.world;
        let mut whole = Text::empty();
        let mut rest = text;
        if rest.starts_with('~')
            && let Some(home) = world.home()
        {
            whole.push_known(&home.to_string_lossy());
            rest = rest.get(1..).unwrap_or_default();
        }
        while let Some((before, after)) = rest.split_once('$') {
            whole.push_known(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, default, after) = match after.strip_prefix('{') {
                Some(braced) => {
                    let (inner, after) = braced.split_once('}').unwrap_or((braced, ""));
                    let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
                    (name, default, after)
                }
                None => {
                    let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                    let (name, after) = after.split_at_checked(end).unwrap_or((after, ""));
                    (name, "", after)
                }
            };
            match self.call.command.variable(world, name) {
                Some(value) => whole.append(value),
                None => whole.push_known(default),
            }
            rest = after;
        }
        whole.push_known(rest);
        whole
    }

    /// What a command prints; the command itself is judged, too.
    fn printed(&mut self, text: &Text, line: usize, module: &Module) -> Text {
        let place = self.place(line);
        let by = self.within(module, &place);
        let command = self.shell(text, &[], &by, module);
        let printed = resolve::printed(&command, self.call.world);
        self.start(command);
        match printed.exact() {
            Some(known) => Text::known(known.trim_end_matches('\n')),
            None => Text::unknown(format!("`{}`", text.display())),
        }
    }

    /// A function of just's own.
    fn called(&mut self, name: &str, given: &[Values], line: usize, module: &Module) -> Values {
        let path = |path: &Path| vec![Text::known(path.to_string_lossy())];
        let environment = |name: &Text| {
            let name = name.exact()?;
            self.call.command.variable(self.call.world, name)
        };
        let known = match (name, given) {
            ("os", []) => Some(vec![Text::known(std::env::consts::OS)]),
            ("os_family", []) => Some(vec![Text::known(std::env::consts::FAMILY)]),
            ("arch", []) => Some(vec![Text::known(std::env::consts::ARCH)]),
            ("just_executable", []) => Some(vec![Text::known("just")]),
            ("justfile", []) => Some(path(&self.root)),
            ("justfile_directory" | "justfile_dir", []) => self.root.parent().map(path),
            ("source_file" | "module_file", []) => Some(path(&module.file.path)),
            ("source_directory" | "source_dir" | "module_directory" | "module_dir", []) => {
                Some(path(module.file.directory()))
            }
            (
                "invocation_directory"
                | "invocation_dir"
                | "invocation_directory_native"
                | "invocation_dir_native",
                [],
            ) => self.call.command.directory.known().map(path),
            ("home_directory" | "home_dir", []) => self.call.world.home().map(|home| path(&home)),
            ("env_var" | "env", [names]) => match names.as_slice() {
                [name] => environment(name).map(|value| vec![value]),
                _ => None,
            },
            ("env_var_or_default" | "env", [names, default]) => match names.as_slice() {
                [name] => Some(environment(name).map_or_else(|| default.clone(), |v| vec![v])),
                _ => None,
            },
            ("shell", [commands, ..]) => {
                let commands = commands.clone();
                let printed = commands.iter().map(|text| self.printed(text, line, module));
                Some(printed.collect())
            }
            ("quote", [values]) => mapped(values, |text| shell_words::quote(text).into_owned()),
            ("trim", [values]) => mapped(values, |text| text.trim().to_owned()),
            ("trim_start", [values]) => mapped(values, |text| text.trim_start().to_owned()),
            ("trim_end", [values]) => mapped(values, |text| text.trim_end().to_owned()),
            ("uppercase", [values]) => mapped(values, str::to_uppercase),
            ("lowercase", [values]) => mapped(values, str::to_lowercase),
            ("clean", [values]) => mapped(values, |text| text.trim_end_matches('/').to_owned()),
            ("file_name", [values]) => mapped(values, |text| base_name(text).to_owned()),
            ("parent_directory" | "parent_dir", [values]) => mapped(values, |text| {
                let parent = Path::new(text).parent();
                parent.map_or_else(String::new, |parent| parent.to_string_lossy().into_owned())
            }),
            ("without_extension", [values]) => mapped(values, |text| {
                let path = Path::new(text).with_extension("");
                path.to_string_lossy().into_owned()
            }),
            ("replace", [values, from, to]) => match (from.as_slice(), to.as_slice()) {
                ([from], [to]) => match (from.exact(), to.exact()) {
                    (Some(from), Some(to)) => mapped(values, |text| text.replace(from, to)),
                    _ => None,
                },
                _ => None,
            },
            ("join", [one, rest @ ..]) => {
                let all = rest.iter();
                Some(all.fold(one.clone(), |left, right| combined(&left, right, joined)))
            }
            ("append" | "prepend", [affixes, values]) => match affixes.as_slice() {
                [affix] => affix.exact().and_then(|affix| {
                    mapped(values, |text| {
                        let words = text.split_whitespace().map(|word| match name {
                            "append" => format!("{word}{affix}"),
                            _ => format!("{affix}{word}"),
                        });
                        words.collect::<Vec<_>>().join(" ")
                    })
                }),
                _ => None,
            },
            // A program by its name is what the shell would start.
            ("require" | "which", [values]) => Some(values.clone()),
            _ => None,
        };
        known.unwrap_or_else(|| vec![Text::unknown(format!("{name}(…)"))])
    }
}

/// Each of the values as this makes it, if all of them are known.
fn mapped(values: &Values, make: impl Fn(&str) -> String) -> Option<Values> {
    let made = values
        .iter()
        .map(|value| Some(Text::known(make(value.exact()?))));
    made.collect()
}
