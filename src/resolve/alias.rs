//! Aliases: when a shell expands one, and what it reads then.
//!
//! A shell expands aliases while it reads, so one counts only for text that is read after it was
//! defined: not for the rest of its own line, and in what zsh gets as one string for none of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::command::Argument;
use super::interpreter::{ENTRY_WORK, Interpreter, PARSE_WORK};
use super::options::ShellOption;
use super::source::{Origin, Source};
use super::text::Text;
use crate::shell::{self, Node, SimpleCommand};

/// Where a word must stand to be an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The program word.
    Program,
    /// Any word (zsh's `-g`).
    Global,
    /// The end of the program word, from its dot on (zsh's `-s`).
    Suffix,
}

#[derive(Clone, Debug)]
pub(super) struct Alias {
    /// `None` when it is known only when it runs.
    text: Option<String>,
    /// Where it was defined.
    source: Rc<Source>,
    line: usize,
    /// Whether it is there on every way through the script.
    certain: bool,
}

pub(super) type Aliases = BTreeMap<(Kind, String), Alias>;

impl Interpreter<'_> {
    /// `alias name=text …`
    pub(super) fn define_aliases(&mut self, operands: &[Argument]) {
        let mut kind = Kind::Program;
        for operand in operands {
            let prefix = operand.value.known_prefix();
            let Some((name, _)) = prefix.split_once('=') else {
                if self.state.dialect.is_zsh() && prefix.starts_with(['-', '+']) {
                    kind = match prefix {
                        "-g" => Kind::Global,
                        "-s" => Kind::Suffix,
                        _ => kind,
                    };
                }
                if operand.value.exact().is_none()
                    && self.state.options.may(ShellOption::ExpandAliases)
                {
                    let shown = operand.value.display();
                    let reason =
                        format!("`alias` gives a name that is known only when it runs: {shown}");
                    self.sink.opaque(reason, operand.location.clone());
                }
                continue;
            };
            let name = name.to_owned();
            let text = operand
                .value
                .exact()
                .and_then(|text| text.split_once('='))
                .map(|(_, text)| text.to_owned());
            self.define_alias(kind, name, text);
        }
    }

    pub(super) fn define_alias(&mut self, kind: Kind, name: String, text: Option<String>) {
        let alias = Alias {
            text,
            source: Rc::clone(&self.source),
            line: self.line,
            certain: true,
        };
        let key = (kind, name);
        // What was read since the first of two that say the same was read with it.
        let known = self.state.aliases.get(&key);
        let same =
            |known: &Alias| known.certain && known.text.is_some() && known.text == alias.text;
        if !known.is_some_and(same) {
            Rc::make_mut(&mut self.state.aliases).insert(key, alias);
        }
    }

    pub(super) fn forget_aliases(&mut self, operands: &[Argument]) {
        let names: Vec<&str> = operands
            .iter()
            .filter_map(|operand| operand.value.exact())
            .collect();
        let aliases = Rc::make_mut(&mut self.state.aliases);
        if names.iter().any(|name| name.starts_with('-')) {
            aliases.clear();
        }
        aliases.retain(|(_, name), _| !names.contains(&name.as_str()));
        if operands
            .iter()
            .any(|operand| operand.value.exact().is_none())
        {
            // Any of them.
            for alias in aliases.values_mut() {
                alias.certain = false;
            }
        }
    }

    /// Whether an alias was there when this command was read; `None` where it is not known.
    fn was_read_after(&self, alias: &Alias) -> Option<bool> {
        if !Rc::ptr_eq(&alias.source, &self.source) {
            return alias.certain.then_some(true);
        }
        // What is read together has no alias that it defines itself.
        if alias.line >= self.line || alias.line >= self.read_from {
            return Some(false);
        }
        // zsh reads a file and its input line by line, but a string as a whole.
        match self.source.is_file() {
            _ if !alias.certain => None,
            _ if !self.state.dialect.is_zsh() => Some(true),
            Some(file) => Some(file),
            None => None,
        }
    }

    /// Runs what the aliases in a command make of it; `None` if there are none, or if the command
    /// may also run as it stands.
    pub(super) fn alias(&mut self, command: &SimpleCommand) -> Option<Text> {
        if !self.state.options.may(ShellOption::ExpandAliases) || self.state.aliases.is_empty() {
            return None;
        }
        let mut used = false;
        let mut own = None;
        let mut certain = true;
        let mut source = String::new();
        let mut next_too = true;
        for (index, word) in command.words.iter().enumerate() {
            if index > 0 {
                source.push(' ');
            }
            let written = word.source.as_ref();
            let suffix = written.rsplit_once('.').map_or("", |(_, suffix)| suffix);
            let mut candidates = vec![(Kind::Global, written)];
            if next_too {
                candidates.push((Kind::Program, written));
            }
            if index == 0 && !suffix.is_empty() {
                candidates.push((Kind::Suffix, suffix));
            }
            next_too = false;
            let found = candidates.into_iter().find_map(|(kind, name)| {
                let key = (kind, name.to_owned());
                let alias = self.state.aliases.get(&key)?;
                let read = self.was_read_after(alias);
                (read != Some(false)).then(|| (key, alias.text.clone(), read))
            });
            match found {
                Some((key, Some(text), read)) => {
                    certain &= read == Some(true);
                    next_too = text.ends_with([' ', '\t']);
                    source.push_str(&text);
                    if key.0 == Kind::Suffix {
                        source.push(' ');
                        source.push_str(written);
                    }
                    // What the others give is not read again; what this one gives is, but for
                    // its own name.
                    if index == 0 {
                        own = Some(key);
                    }
                    used = true;
                }
                Some((_, None, _)) => {
                    let reason = format!("the alias `{written}` is known only when it runs");
                    let location = self.source.locate(command.span);
                    self.sink.opaque(reason, location);
                    return Some(Text::unknown(written));
                }
                None => source.push_str(written),
            }
        }
        if !used {
            return None;
        }
        let table = self.state.aliases.len() * ENTRY_WORK;
        if !self.spend(source.len() * PARSE_WORK + table) {
            return Some(Text::unknown("…"));
        }
        let mut script = shell::parse(&source, self.state.dialect);
        if let [Node::Simple(first), ..] = script.list.as_mut_slice() {
            first
                .redirections
                .extend(command.redirections.iter().cloned());
            first
                .assignments
                .splice(0..0, command.assignments.iter().cloned());
        }
        // An alias is not expanded again inside itself.
        let before = self.state.clone();
        let aliases = Rc::make_mut(&mut self.state.aliases);
        if let Some(key) = &own {
            aliases.remove(key);
        }
        let place = Origin::Place(self.source.locate(command.span));
        let outer_source = std::mem::replace(&mut self.source, Source::new(&source, place));
        let output = self.deeper(|shell| shell.script(&script));
        self.source = outer_source;
        if !certain {
            // It may run as it stands, too.
            self.state = before;
            return None;
        }
        self.state.aliases = before.aliases;
        Some(output)
    }
}

/// Whether two tables say the same.
pub(super) fn same_aliases(ours: &Rc<Aliases>, theirs: &Rc<Aliases>) -> bool {
    let said = |aliases: &Aliases| -> Vec<_> {
        let entries = aliases.iter();
        entries
            .map(|(key, alias)| (key.clone(), alias.text.clone(), alias.certain))
            .collect()
    };
    Rc::ptr_eq(ours, theirs) || said(ours) == said(theirs)
}

/// The aliases after one of two ways through a script.
pub(super) fn join_aliases(ours: &mut Rc<Aliases>, theirs: &Rc<Aliases>) {
    if same_aliases(ours, theirs) {
        return;
    }
    let ours = Rc::make_mut(ours);
    for (key, alias) in ours.iter_mut() {
        match theirs.get(key) {
            Some(other) if other.text == alias.text => alias.certain &= other.certain,
            Some(_) => alias.text = None,
            None => alias.certain = false,
        }
    }
    for (key, alias) in theirs.iter() {
        ours.entry(key.clone()).or_insert_with(|| Alias {
            certain: false,
            ..alias.clone()
        });
    }
}

/// The aliases that a function is read with: those of its definition, and those that came since.
pub(super) fn with_aliases(now: &Rc<Aliases>, then: &Rc<Aliases>) -> Rc<Aliases> {
    if same_aliases(now, then) || then.is_empty() {
        return Rc::clone(now);
    }
    let mut both = (**now).clone();
    both.extend(then.iter().map(|(key, alias)| (key.clone(), alias.clone())));
    Rc::new(both)
}
