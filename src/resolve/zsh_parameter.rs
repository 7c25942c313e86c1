//! zsh's parameter expansion over abstract values, in the order that its manual gives: the value,
//! subscripts, operators and modifiers, joining, case, splitting, sorting, quoting.

use std::collections::BTreeSet;

use super::interpreter::Interpreter;
use super::parameter::{Expansion, Target};
use super::state::Value;
use super::text::Text;
use crate::shell::{self, Node, Operator, Parameter, Piece, Word, ZshExpansion, ZshFlag};

/// Flags that only change how a value is written or that are followed here.
const FOLLOWED: &str = "@fs0FjULCoOuiknvkPqQzAeptw#%-";

/// Parameters that zsh itself sets.
const ALWAYS_SET: &[&str] = &[
    "ZSH_VERSION",
    "ZSH_NAME",
    "ZSH_PATCHLEVEL",
    "ZSH_ARGZERO",
    "ZSH_SUBSHELL",
    "HOST",
    "HOSTTYPE",
    "OSTYPE",
    "MACHTYPE",
    "CPUTYPE",
    "VENDOR",
    "USERNAME",
    "LOGNAME",
    "UID",
    "EUID",
    "GID",
    "EGID",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHLVL",
    "TTY",
    "TTYIDLE",
    "COLUMNS",
    "LINES",
    "status",
    "pipestatus",
    "fpath",
    "FPATH",
    "module_path",
    "cdpath",
    "manpath",
    "psvar",
    "PROMPT",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "WORDCHARS",
    "LISTMAX",
    "signals",
    "OLDPWD",
    "OPTIND",
    "KEYTIMEOUT",
    "EPOCHSECONDS",
    "TRY_BLOCK_ERROR",
    "options",
    "functions",
    "aliases",
    "parameters",
    "history",
];

impl Interpreter<'_> {
    pub(super) fn zsh_parameter(
        &mut self,
        parameter: &Parameter,
        zsh: &ZshExpansion,
        quoted: bool,
    ) -> Expansion {
        let source = parameter.source.as_ref();
        let unknown = || Expansion::UnknownList(source.to_owned());
        let flag = |letter: char| zsh.flags.iter().find(|flag| flag.letter == letter);
        let mut subscripts = zsh.subscripts.as_slice();
        let mut found = match (&zsh.nested, subscripts) {
            (Some(word), _) => Some(self.nested(word)),
            (None, [key, rest @ ..]) if self.takes_key(&parameter.name, key) => {
                subscripts = rest;
                match self.element_of(&parameter.name, key) {
                    Some(value) => Some(value),
                    None => return unknown(),
                }
            }
            (None, _) => self.zsh_value(&parameter.name, zsh),
        };
        if flag('P').is_some() {
            let name = found.map(|found| self.joined(found));
            let Some(name) = name.as_ref().and_then(Text::exact).map(str::to_owned) else {
                return unknown();
            };
            found = self.zsh_value(&name, &ZshExpansion::default());
        }
        let mut every = flag('@').is_some() || parameter.name == "@";
        for subscript in subscripts {
            every |= subscript.source.as_ref() == "@";
            match found {
                Some(value) => match self.zsh_subscript(value, subscript) {
                    Some(value) => found = Some(value),
                    None => return unknown(),
                },
                None => {
                    // What a subscript of an unknown value computes may still run something.
                    let _ = self.value(subscript);
                }
            }
        }
        if zsh.is_set {
            let set = match found {
                None | Some(Expansion::Unset) => "0",
                Some(_) => "1",
            };
            return Expansion::Scalar(Text::known(set));
        }
        let makes_list =
            zsh.split == Some(true) || zsh.flags.iter().any(|flag| "jFfs0z".contains(flag.letter));
        if quoted
            && !every
            && !makes_list
            && !parameter.length
            && let Some(Expansion::List(texts)) = &found
        {
            found = Some(Expansion::Scalar(self.join(texts, true)));
        }
        let value = match self.zsh_operator(parameter, found) {
            Some(value) => value,
            None => return unknown(),
        };
        let mut value = value;
        for modifier in &zsh.modifiers {
            value = match self.modified(value, modifier) {
                Some(value) => value,
                None => return unknown(),
            };
        }
        if zsh.split == Some(true) {
            value = match self.split_value(value) {
                Some(value) => value,
                None => return unknown(),
            };
        }
        if parameter.length && zsh.flags.iter().any(|flag| flag.letter != '@') {
            return Expansion::Scalar(Text::unknown(source));
        }
        if parameter.length {
            return match value {
                Expansion::List(texts) => Expansion::Scalar(Text::known(texts.len().to_string())),
                Expansion::Unset => Expansion::Scalar(Text::known("0")),
                Expansion::Scalar(text) => match text.exact() {
                    Some(text) => Expansion::Scalar(Text::known(text.chars().count().to_string())),
                    None => Expansion::Scalar(Text::unknown(source)),
                },
                Expansion::UnknownList(_) | Expansion::Star(_) | Expansion::Operand(_) => {
                    Expansion::Scalar(Text::unknown(source))
                }
            };
        }
        if zsh.flags.is_empty() {
            return value;
        }
        self.flagged(value, &zsh.flags, source)
            .unwrap_or_else(unknown)
    }

    /// What stands where a name would: `${${…}…}`, `${$(…)…}`.
    pub(super) fn nested(&mut self, word: &Word) -> Expansion {
        match word.pieces.as_slice() {
            [Piece::Parameter { parameter, quoted }] => self.parameter(parameter, *quoted),
            pieces
                if pieces
                    .iter()
                    .any(|piece| matches!(piece, Piece::Command { quoted: false, .. })) =>
            {
                let fields = self.fields(word);
                match fields.as_slice() {
                    [] => Expansion::Unset,
                    [field] if !field.splits => Expansion::Scalar(field.text.clone()),
                    _ if fields.iter().any(|field| field.splits) => {
                        Expansion::UnknownList(word.source.to_string())
                    }
                    _ => Expansion::List(fields.into_iter().map(|field| field.text).collect()),
                }
            }
            _ => Expansion::Scalar(self.value(word)),
        }
    }

    fn takes_key(&self, name: &str, key: &Word) -> bool {
        !matches!(key.source.as_ref(), "@" | "*")
            && (name == "commands"
                || matches!(self.state.variable(self.world, name), Some(Value::Map(_))))
    }

    /// The element of an associative array; `None` if the key is not known.
    fn element_of(&mut self, name: &str, key: &Word) -> Option<Expansion> {
        let key = self.value(key);
        let key = key.exact()?;
        Some(match self.state.variable(self.world, name) {
            Some(Value::Map(map)) => Expansion::Scalar(map.get(key).cloned().unwrap_or_default()),
            _ => Expansion::Scalar(self.program_path(key)),
        })
    }

    /// All of a parameter's value: every element of an array. `None` if nothing is known.
    fn zsh_value(&mut self, name: &str, zsh: &ZshExpansion) -> Option<Expansion> {
        match name {
            "argv" | "*" => {
                let arguments = self.state.arguments.as_ref();
                return arguments.map(|texts| Expansion::List(texts.to_vec()));
            }
            "path" if !self.state.variables.contains_key("path") => {
                let path = self.scalar("PATH")?;
                let directories = path.exact()?.split(':').map(Text::known).collect();
                return Some(Expansion::List(directories));
            }
            _ if ALWAYS_SET.contains(&name) && !self.state.variables.contains_key(name) => {
                return Some(Expansion::Scalar(Text::unknown(format!("${name}"))));
            }
            _ => {}
        }
        if name.is_empty() {
            return Some(Expansion::Unset);
        }
        let first_only = self.state.dialect.lists_arrays() == Some(false);
        match self.state.variable(self.world, name) {
            Some(Value::Array(elements)) if first_only && zsh.subscripts.is_empty() => Some(
                Expansion::Scalar(elements.values().next().cloned().unwrap_or_default()),
            ),
            Some(Value::Array(elements)) => {
                Some(Expansion::List(elements.values().cloned().collect()))
            }
            Some(Value::Map(map)) => {
                let has = |letter: char| zsh.flags.iter().any(|flag| flag.letter == letter);
                let mut texts = Vec::new();
                for (key, value) in map.iter() {
                    if has('k') {
                        texts.push(Text::known(key.as_str()));
                    }
                    if has('v') || !has('k') {
                        texts.push(value.clone());
                    }
                }
                // The order is the hash table's own.
                Some(if texts.len() < 2 {
                    Expansion::List(texts)
                } else {
                    Expansion::UnknownList(format!("${name}"))
                })
            }
            _ => self.look_up(name, None),
        }
    }

    fn zsh_subscript(&mut self, value: Expansion, subscript: &Word) -> Option<Expansion> {
        if matches!(subscript.source.as_ref(), "@" | "*") {
            return Some(value);
        }
        let written = subscript.source.as_ref();
        if written.starts_with('(') {
            let _ = self.value(subscript);
            return None;
        }
        let text = self.value(subscript);
        let text = text.exact()?.to_owned();
        let (from, to) = match text.split_once(',') {
            Some((from, to)) => (self.index(from)?, Some(self.index(to)?)),
            None => match self.index(&text) {
                Some(index) => (index, None),
                None => return None,
            },
        };
        let base = i64::from(self.state.dialect.lists_arrays() == Some(true));
        match value {
            Expansion::List(texts) => Some(match to {
                None => Expansion::Scalar(
                    at(from, base, texts.len())
                        .and_then(|index| texts.get(index).cloned())
                        .unwrap_or_default(),
                ),
                Some(to) => Expansion::List(slice(&texts, from, to, base)),
            }),
            Expansion::Scalar(text) => {
                let letters: Vec<char> = text.exact()?.chars().collect();
                let taken: String = match to {
                    None => at(from, base, letters.len())
                        .and_then(|index| letters.get(index))
                        .into_iter()
                        .collect(),
                    Some(to) => slice(&letters, from, to, base).into_iter().collect(),
                };
                Some(Expansion::Scalar(Text::known(taken)))
            }
            Expansion::Unset => Some(Expansion::Unset),
            Expansion::UnknownList(_) | Expansion::Star(_) | Expansion::Operand(_) => None,
        }
    }

    /// A number in a subscript: an expression over known values.
    fn index(&mut self, text: &str) -> Option<i64> {
        self.number_of(&Text::known(text))
    }

    fn zsh_operator(
        &mut self,
        parameter: &Parameter,
        found: Option<Expansion>,
    ) -> Option<Expansion> {
        match &parameter.operator {
            Operator::Set { word } => {
                let value = self.value(word);
                self.state
                    .set(self.world, &parameter.name, Value::Scalar(value.clone()));
                Some(Expansion::Scalar(value))
            }
            Operator::Other { word } => {
                let _ = self.value(word);
                None
            }
            Operator::Exclude { pattern } => {
                let pattern = self.pattern(pattern)?;
                let stays = |text: &Text| Some(!pattern.matches(text.exact()?)?);
                match found? {
                    Expansion::List(texts) => {
                        let mut kept = Vec::new();
                        for text in texts {
                            if stays(&text)? {
                                kept.push(text);
                            }
                        }
                        Some(Expansion::List(kept))
                    }
                    Expansion::Scalar(text) => {
                        let kept = if stays(&text)? { text } else { Text::empty() };
                        Some(Expansion::Scalar(kept))
                    }
                    Expansion::Unset => Some(Expansion::Unset),
                    Expansion::UnknownList(_) | Expansion::Star(_) | Expansion::Operand(_) => None,
                }
            }
            Operator::Substring { offset, length }
                if matches!(found, Some(Expansion::List(_))) || parameter.name == "@" =>
            {
                let offset = self.number(offset)?;
                let length = match length {
                    Some(length) => Some(self.number(length)?),
                    None => None,
                };
                let Some(Expansion::List(mut texts)) = found else {
                    return None;
                };
                if matches!(parameter.name.as_str(), "@" | "*" | "argv") {
                    texts.insert(0, self.state.name.clone());
                }
                let from = usize::try_from(offset).ok()?;
                let count = match length {
                    Some(length) => usize::try_from(length).ok()?,
                    None => usize::MAX,
                };
                Some(Expansion::List(
                    texts.into_iter().skip(from).take(count).collect(),
                ))
            }
            _ => {
                let plain = Parameter {
                    zsh: None,
                    length: false,
                    ..parameter.clone()
                };
                let target = Target {
                    name: parameter.name.clone(),
                    subscript: None,
                };
                Some(match self.apply(&plain, &target, found) {
                    Expansion::Operand(word) => self.operand(&word),
                    other => other,
                })
            }
        }
    }

    /// The word after `:-` and its kin: zsh splits what a command prints, and nothing else.
    fn operand(&mut self, word: &Word) -> Expansion {
        if let [Piece::Parameter { parameter, quoted }] = word.pieces.as_slice() {
            return self.parameter(parameter, *quoted);
        }
        let prints = |piece: &Piece| matches!(piece, Piece::Command { quoted: false, .. });
        if word.pieces.iter().any(prints) {
            return self.nested(word);
        }
        Expansion::Scalar(self.value(word))
    }

    /// `${=name}`
    fn split_value(&self, value: Expansion) -> Option<Expansion> {
        let separators = self.field_separators()?;
        let mut words = Vec::new();
        let texts = match value {
            Expansion::Scalar(text) => vec![text],
            Expansion::List(texts) => texts,
            Expansion::Unset => return Some(Expansion::Unset),
            Expansion::UnknownList(_) | Expansion::Star(_) | Expansion::Operand(_) => return None,
        };
        for text in texts {
            let known = text.exact()?;
            let split = known.split(|letter| separators.contains(letter));
            words.extend(split.filter(|word| !word.is_empty()).map(Text::known));
        }
        Some(Expansion::List(words))
    }

    /// A colon and its letter: `:t`, `:h`, `:s/a/b/`.
    fn modified(&mut self, value: Expansion, modifier: &str) -> Option<Expansion> {
        let each =
            |text: &Text| -> Option<Text> { Some(Text::known(modify(text.exact()?, modifier)?)) };
        Some(match value {
            Expansion::Scalar(text) => Expansion::Scalar(each(&text)?),
            Expansion::List(texts) => {
                Expansion::List(texts.iter().map(each).collect::<Option<_>>()?)
            }
            Expansion::Star(_) | Expansion::Operand(_) => return None,
            other @ (Expansion::UnknownList(_) | Expansion::Unset) => other,
        })
    }

    fn flagged(&mut self, value: Expansion, flags: &[ZshFlag], source: &str) -> Option<Expansion> {
        let flag = |letter: char| flags.iter().find(|flag| flag.letter == letter);
        let mut value = value;
        if flag('e').is_some() || flag('%').is_some() {
            // The substitutions in the value run.
            let text = self.joined(value);
            self.expand_again(&text, source);
            return None;
        }
        if flags.iter().any(|flag| !FOLLOWED.contains(flag.letter)) || flag('#').is_some() {
            return None;
        }
        let splits = ['f', 's', '0', 'z']
            .iter()
            .any(|letter| flag(*letter).is_some());
        let separator = |flag: &ZshFlag| {
            flag.arguments
                .first()
                .map(|text| shell::ansi_c(text))
                .unwrap_or_default()
        };
        if let Expansion::List(texts) = &value {
            let joiner = match (flag('j'), flag('F')) {
                (Some(flag), _) => Some(separator(flag)),
                (None, Some(_)) => Some("\n".to_owned()),
                (None, None) => splits.then(|| " ".to_owned()),
            };
            if let Some(joiner) = joiner {
                let mut joined = Text::empty();
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        joined.push_known(&joiner);
                    }
                    joined.append(text.clone());
                }
                value = Expansion::Scalar(joined);
            }
        }
        let changes_text = flags.iter().any(|flag| "ULCoOuqQ".contains(flag.letter));
        if !splits && !changes_text {
            return Some(value);
        }
        let listed = matches!(value, Expansion::List(_));
        let mut texts: Vec<String> = match &value {
            Expansion::Scalar(text) => vec![text.exact()?.to_owned()],
            Expansion::List(texts) => texts
                .iter()
                .map(|text| text.exact().map(str::to_owned))
                .collect::<Option<_>>()?,
            Expansion::Unset => return Some(Expansion::Unset),
            Expansion::UnknownList(_) | Expansion::Star(_) | Expansion::Operand(_) => return None,
        };
        for letter in flags.iter().map(|flag| flag.letter) {
            let change = |text: &String| match letter {
                'U' => text.to_uppercase(),
                'L' => text.to_lowercase(),
                _ => capitalized(text),
            };
            if matches!(letter, 'U' | 'L' | 'C') {
                texts = texts.iter().map(change).collect();
            }
        }
        if splits {
            let joined = texts.concat();
            texts = match (flag('f'), flag('s'), flag('0')) {
                (Some(_), _, _) => lines(&joined, "\n"),
                (_, Some(flag), _) => lines(&joined, &separator(flag)),
                (_, _, Some(_)) => lines(&joined, "\0"),
                _ => shell_words(&joined, self.state.dialect)?,
            };
        }
        if flag('u').is_some() {
            let mut seen = BTreeSet::new();
            texts.retain(|text| seen.insert(text.clone()));
        }
        if flag('o').is_some() {
            texts.sort();
        } else if flag('O').is_some() {
            texts.sort();
            texts.reverse();
        }
        for letter in flags.iter().map(|flag| flag.letter) {
            match letter {
                'q' => texts = texts.iter().map(|text| quoted_with(text, flags)).collect(),
                'Q' => {
                    texts = texts
                        .iter()
                        .map(|text| unquoted(text, self.state.dialect))
                        .collect::<Option<_>>()?;
                }
                _ => continue,
            }
            break;
        }
        let mut texts = texts.into_iter().map(Text::known);
        Some(if splits || listed {
            Expansion::List(texts.collect())
        } else {
            Expansion::Scalar(texts.next().unwrap_or_default())
        })
    }
}

/// The place in a list of `length` that a number from `base` on, or from the end, names.
fn at(index: i64, base: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 {
        index + length
    } else {
        index - base
    };
    usize::try_from(index).ok()
}

fn slice<T: Clone>(items: &[T], from: i64, to: i64, base: i64) -> Vec<T> {
    let from = if from == 0 { base } else { from };
    match (at(from, base, items.len()), at(to, base, items.len())) {
        (Some(from), Some(to)) => items
            .iter()
            .take(to.saturating_add(1))
            .skip(from)
            .cloned()
            .collect(),
        (None, Some(to)) => items.iter().take(to.saturating_add(1)).cloned().collect(),
        _ => Vec::new(),
    }
}

/// What a modifier makes of a path or a text; `None` if it is not followed.
fn modify(text: &str, modifier: &str) -> Option<String> {
    let (all, rest) = match modifier.strip_prefix('g') {
        Some(rest) => (true, rest),
        None => (false, modifier),
    };
    let name_at = |text: &str| text.rfind('/').map_or(0, |slash| slash + 1);
    match rest.chars().next()? {
        't' if rest == "t" => {
            let text = text.trim_end_matches('/');
            text.get(name_at(text)..).map(str::to_owned)
        }
        'h' if rest == "h" => {
            let trimmed = text.trim_end_matches('/');
            Some(match trimmed.rfind('/') {
                Some(0) => "/".to_owned(),
                Some(slash) => trimmed.get(..slash)?.trim_end_matches('/').to_owned(),
                None if trimmed.is_empty() && !text.is_empty() => "/".to_owned(),
                None => ".".to_owned(),
            })
        }
        'r' if rest == "r" => {
            let from = name_at(text);
            match text.get(from..)?.rfind('.') {
                Some(dot) if dot > 0 => text.get(..from + dot).map(str::to_owned),
                _ => Some(text.to_owned()),
            }
        }
        'e' if rest == "e" => {
            let name = text.get(name_at(text)..)?;
            Some(match name.rfind('.') {
                Some(dot) if dot > 0 => name.get(dot + 1..)?.to_owned(),
                _ => String::new(),
            })
        }
        'l' => Some(text.to_lowercase()),
        'u' => Some(text.to_uppercase()),
        's' => {
            let delimiter = rest.chars().nth(1)?;
            let mut parts = rest.get(1 + delimiter.len_utf8()..)?.split(delimiter);
            let (from, to) = (parts.next()?, parts.next()?);
            if from.is_empty() || from.contains(['\\', '&', '$']) || to.contains(['\\', '&', '$']) {
                return None;
            }
            Some(if all {
                text.replace(from, to)
            } else {
                text.replacen(from, to, 1)
            })
        }
        _ => None,
    }
}

fn capitalized(text: &str) -> String {
    let mut within = false;
    text.chars()
        .flat_map(|letter| -> Vec<char> {
            let changed = if within {
                letter.to_lowercase().collect()
            } else {
                letter.to_uppercase().collect()
            };
            within = letter.is_alphanumeric();
            changed
        })
        .collect()
}

/// Split at a separator, or at each character if it is empty. Empty parts stay, except at the end.
fn lines(text: &str, separator: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    if separator.is_empty() {
        return text.chars().map(String::from).collect();
    }
    text.split(separator).map(str::to_owned).collect()
}

/// The words of a text as the shell would read them, if it is one plain command.
fn shell_words(text: &str, dialect: shell::Dialect) -> Option<Vec<String>> {
    if text.contains([
        ';', '&', '|', '<', '>', '(', ')', '{', '}', '\n', '#', '`', '$',
    ]) {
        return None;
    }
    let script = shell::parse(text, dialect);
    match script.list.as_slice() {
        [] => Some(Vec::new()),
        [Node::Simple(command)] if script.holes.is_empty() && command.assignments.is_empty() => {
            Some(
                command
                    .words
                    .iter()
                    .map(|word| word.source.to_string())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// One level of quoting, as many `q`s say which.
fn quoted_with(text: &str, flags: &[ZshFlag]) -> String {
    let level = flags.iter().filter(|flag| flag.letter == 'q').count();
    if level == 1 {
        let mut quoted = String::new();
        for letter in text.chars() {
            if !(letter.is_alphanumeric() || "_-./,:@%+".contains(letter)) {
                quoted.push('\\');
            }
            quoted.push(letter);
        }
        if quoted.is_empty() {
            return "''".to_owned();
        }
        return quoted;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `None` if the text is more than quoted characters.
fn unquoted(text: &str, dialect: shell::Dialect) -> Option<String> {
    let mut unquoted = String::new();
    // The word as an assignment's value: blanks in quotes only.
    let script = shell::parse(&format!("guard_value={text}"), dialect);
    let [Node::Simple(command)] = script.list.as_slice() else {
        return None;
    };
    let [assignment] = command.assignments.as_slice() else {
        return None;
    };
    let shell::AssignmentValue::Scalar(word) = &assignment.value else {
        return None;
    };
    if !command.words.is_empty() || !script.holes.is_empty() {
        return None;
    }
    for piece in &word.pieces {
        match piece {
            Piece::Literal { text, .. } | Piece::Quoted { text, .. } => unquoted.push_str(text),
            _ => return None,
        }
    }
    Some(unquoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_take_paths_apart() {
        for (text, modifier, expected) in [
            ("/a/b.c.d", "t", Some("b.c.d")),
            ("/a/b.c.d", "h", Some("/a")),
            ("/a/b.c.d", "r", Some("/a/b.c")),
            ("/a/b.c.d", "e", Some("d")),
            ("a", "h", Some(".")),
            ("/a", "h", Some("/")),
            ("a/.x", "r", Some("a/.x")),
            ("aXaX", "s/X/-/", Some("a-aX")),
            ("aXaX", "gs/X/-/", Some("a-a-")),
            ("a", "A", None),
        ] {
            assert_eq!(
                modify(text, modifier).as_deref(),
                expected,
                "{text} {modifier}"
            );
        }
    }

    #[test]
    fn slices_count_from_one() {
        let items = [1, 2, 3, 4];
        assert_eq!(slice(&items, 2, 3, 1), [2, 3]);
        assert_eq!(slice(&items, 2, -1, 1), [2, 3, 4]);
        assert_eq!(slice(&items, -2, -1, 1), [3, 4]);
        assert!(slice(&items, 3, 2, 1).is_empty());
    }
}
