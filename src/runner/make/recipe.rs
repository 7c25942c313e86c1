//! Recipes: the lines that make starts for a target.

use super::Make;
use super::rule::{LINES, Prerequisites, Rule, Scope};
use super::variable::Body;
use super::words;
use crate::resolve::{Part, Text, base_name};

impl Make<'_> {
    /// Starts what a recipe says.
    pub(super) fn run(
        &mut self,
        rule: &Rule,
        target: &Text,
        stem: &str,
        from: &Prerequisites,
        scope: &Scope,
    ) {
        let mut scope = scope.clone();
        let order_only = words::join(from.order_only.iter().cloned());
        let from = &from.normal;
        let mut distinct: Vec<Text> = Vec::new();
        for one in from.iter().take(LINES) {
            if !distinct.contains(one) {
                distinct.push(one.clone());
            }
        }
        let target_stem = match target.exact().and_then(words::suffix) {
            Some(suffix) if stem.is_empty() => {
                let name = target.exact().unwrap_or_default();
                name.strip_suffix(suffix).unwrap_or(name).to_owned()
            }
            _ => stem.to_owned(),
        };
        for (name, value) in [
            ("@", target.clone()),
            ("<", from.first().cloned().unwrap_or_default()),
            ("^", words::join(distinct.iter().cloned())),
            ("+", words::join(from.iter().cloned())),
            ("?", words::join(distinct.iter().cloned())),
            ("*", Text::known(target_stem)),
            ("|", order_only),
            ("%", Text::empty()),
        ] {
            scope.insert(name.to_owned(), Body::Simple(value));
        }
        self.has_run = true;
        self.in_recipe = true;
        self.scopes.push(scope);
        let outer = self.place.clone();
        if self.one_shell {
            // A shell gets each line without its prefix; any other interpreter only the first.
            let shell = self.value("SHELL");
            let is_shell = shell
                .exact()
                .is_some_and(|shell| SHELLS.contains(&base_name(shell.trim())));
            let lines = rule.recipe.iter().map(|line| line.text.as_ref());
            let raw: Vec<&str> = lines
                .map(|line: &str| match is_shell {
                    true => line.trim_start_matches(is_prefix),
                    false => line,
                })
                .collect();
            if let Some(first) = rule.recipe.first() {
                self.place = first.location.clone();
                self.recipe_line(&raw.join("\n"));
            }
        } else {
            for line in &rule.recipe {
                self.place = line.location.clone();
                self.recipe_line(&line.text);
            }
        }
        self.place = outer;
        self.scopes.pop();
        self.in_recipe = false;
    }

    /// One line of a recipe, on each way that it may turn out.
    fn recipe_line(&mut self, raw: &str) {
        let names_make = raw.contains("$(MAKE)") || raw.contains("${MAKE}");
        for text in self.expansions(raw) {
            let lines = if self.one_shell {
                vec![text]
            } else {
                shell_lines(&text)
            };
            for line in lines {
                self.lines += 1;
                if self.lines == LINES {
                    let place = self.place.clone();
                    self.findings
                        .opaque("this makefile runs more than guard can follow", &place);
                }
                if self.lines >= LINES {
                    return;
                }
                let (line, forced) = unprefixed(&line);
                if line.is_empty() || (self.settings.dry && !forced && !names_make) {
                    continue;
                }
                let command = self.shell_command(&line);
                self.start(command);
            }
        }
    }
}

/// The lines that an expanded recipe line makes (a `define` may hold several).
fn shell_lines(text: &Text) -> Vec<Text> {
    let mut lines = vec![Text::empty()];
    for part in text.parts() {
        let Part::Known(known) = part else {
            if let Some(last) = lines.last_mut() {
                last.push(part.clone());
            }
            continue;
        };
        let mut rest = known.as_str();
        let mut from = 0;
        while let Some(at) = rest
            .get(from..)
            .and_then(|rest| rest.find('\n'))
            .map(|at| at + from)
        {
            let before = rest.get(..at).unwrap_or_default();
            if before
                .bytes()
                .rev()
                .take_while(|byte| *byte == b'\\')
                .count()
                % 2
                == 1
            {
                from = at + 1;
                continue;
            }
            if let Some(last) = lines.last_mut() {
                last.push_known(before);
            }
            lines.push(Text::empty());
            rest = rest.get(at + 1..).unwrap_or_default();
            from = 0;
        }
        if let Some(last) = lines.last_mut() {
            last.push_known(rest);
        }
    }
    lines
}

/// Shells that read the lines of one recipe together, without their prefixes.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ksh", "rksh", "zsh", "ash"];

fn is_prefix(letter: char) -> bool {
    matches!(letter, '@' | '-' | '+') || letter.is_ascii_whitespace()
}

/// A line without `@`, `-` and `+`, and whether a `+` was among them.
fn unprefixed(line: &Text) -> (Text, bool) {
    let mut forced = false;
    let mut bare = Text::empty();
    for (index, part) in line.parts().iter().enumerate() {
        match part {
            Part::Known(known) if index == 0 => {
                let rest = known.trim_start_matches(|c: char| {
                    forced |= c == '+';
                    is_prefix(c)
                });
                bare.push_known(rest);
            }
            other => bare.push(other.clone()),
        }
    }
    (bare, forced)
}
