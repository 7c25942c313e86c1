//! What `%NAME%`, `!NAME!`, `%1` and `%%i` stand for in a line of the Windows command interpreter.

use std::collections::BTreeMap;

use crate::resolve::{Part, Text};

/// A character of a line, or a piece that only the run will tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    Known(char),
    Unknown(String),
}

/// Variables by their names in capitals, as cmd compares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    pub(super) known: BTreeMap<String, Text>,
    /// Those of the `for` loops around: `i` of `%i`.
    pub(super) loops: Vec<(char, Text)>,
    /// `%0`, `%1` …; nothing for a text on the command line.
    pub(super) arguments: Vec<Text>,
    /// A batch file: `%` is written `%%`, and a variable that is not set is empty.
    pub(super) is_file: bool,
    /// `!NAME!` is read, too.
    pub(super) delayed: bool,
}

/// Variables that every Windows sets to the same, or to what stands for nobody's loss.
const EVERYWHERE: &[(&str, &str)] = &[
    ("COMSPEC", "C:\\Windows\\System32\\cmd.exe"),
    ("SYSTEMROOT", "C:\\Windows"),
    ("WINDIR", "C:\\Windows"),
    ("SYSTEMDRIVE", "C:"),
    ("OS", "Windows_NT"),
    ("TEMP", "/tmp"),
    ("TMP", "/tmp"),
    ("PROMPT", "$P$G"),
    (
        "PATHEXT",
        ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    ),
    ("COMMONPROGRAMFILES", "C:\\Program Files\\Common Files"),
    ("PROGRAMFILES", "C:\\Program Files"),
    ("PROGRAMDATA", "C:\\ProgramData"),
    ("ALLUSERSPROFILE", "C:\\ProgramData"),
    ("PUBLIC", "C:\\Users\\Public"),
];

/// The letters of a text.
pub(super) fn letters(text: &Text) -> Vec<Letter> {
    let mut found = Vec::new();
    for part in text.parts() {
        match part {
            Part::Known(text) | Part::Glob(text) => found.extend(text.chars().map(Letter::Known)),
            Part::Unknown(source) => found.push(Letter::Unknown(source.clone())),
        }
    }
    found
}

/// The text of letters.
pub(super) fn text(letters: &[Letter]) -> Text {
    let mut text = Text::empty();
    let mut known = String::new();
    for letter in letters {
        match letter {
            Letter::Known(letter) => known.push(*letter),
            Letter::Unknown(source) => {
                text.push_known(&std::mem::take(&mut known));
                text.push(Part::Unknown(source.clone()));
            }
        }
    }
    text.push_known(&known);
    text
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: Text) {
        self.known.insert(name.trim().to_uppercase(), value);
    }

    fn get(&self, name: &str) -> Option<Text> {
        let name = name.to_uppercase();
        if let Some(value) = self.known.get(&name) {
            return Some(value.clone());
        }
        let common = EVERYWHERE.iter().find(|(known, _)| *known == name);
        common.map(|(_, value)| Text::known(*value))
    }

    /// The line with everything between percent signs replaced.
    pub(super) fn percents(&self, line: &[Letter]) -> Vec<Letter> {
        self.replaced(line, '%')
    }

    /// A word with the values of the loops around it.
    pub(super) fn loop_values(&self, word: &[Letter]) -> Vec<Letter> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(letter) = word.get(at) {
            at += 1;
            match self.of_loop(word, at) {
                Some((value, end)) if *letter == Letter::Known('%') => {
                    found.extend(value);
                    at = end;
                }
                _ => found.push(letter.clone()),
            }
        }
        found
    }

    /// What delayed expansion makes of a word.
    pub(super) fn delayed(&self, word: &[Letter]) -> Vec<Letter> {
        if self.delayed {
            self.replaced(word, '!')
        } else {
            word.to_vec()
        }
    }

    fn replaced(&self, line: &[Letter], mark: char) -> Vec<Letter> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(letter) = line.get(at) {
            at += 1;
            if *letter != Letter::Known(mark) {
                found.push(letter.clone());
                continue;
            }
            if mark == '%' {
                if self.is_file && line.get(at) == Some(&Letter::Known('%')) {
                    // `%%i` is a loop's variable, `%%` else a percent sign.
                    at += 1;
                    match self.of_loop(line, at) {
                        Some((value, end)) => {
                            found.extend(value);
                            at = end;
                        }
                        None => found.push(Letter::Known('%')),
                    }
                    continue;
                }
                if self.is_file
                    && let Some((value, end)) = self.argument(line, at)
                {
                    found.extend(value);
                    at = end;
                    continue;
                }
            }
            let end = line
                .iter()
                .skip(at)
                .position(|letter| *letter == Letter::Known(mark))
                .map(|length| at + length);
            let name: Option<String> = end.and_then(|end| {
                line.get(at..end)?
                    .iter()
                    .map(|letter| match letter {
                        Letter::Known(letter) => Some(*letter),
                        Letter::Unknown(_) => None,
                    })
                    .collect()
            });
            let is_name = |name: &String| !name.is_empty() && !name.starts_with([' ', '=']);
            if let (Some(end), Some(name)) = (end, name.filter(is_name))
                && let Some(value) = self.variable(&name, mark)
            {
                found.extend(value);
                at = end + 1;
                continue;
            }
            if !self.is_file
                && mark == '%'
                && let Some((value, end)) = self.of_loop(line, at)
            {
                found.extend(value);
                at = end;
                continue;
            }
            found.push(Letter::Known(mark));
        }
        found
    }

    /// `NAME`, `NAME:~1,2`, `NAME:a=b`; nothing if it stays as it is written.
    fn variable(&self, text: &str, mark: char) -> Option<Vec<Letter>> {
        let (name, change) = match text.split_once(':') {
            Some((name, change)) => (name, Some(change)),
            None => (text, None),
        };
        let Some(value) = self.get(name) else {
            // A name that nothing here sets: the environment may.
            let is_plain = name
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_()-.#".contains(letter));
            return is_plain.then(|| vec![Letter::Unknown(format!("{mark}{text}{mark}"))]);
        };
        let Some(change) = change else {
            return Some(letters(&value));
        };
        let Some(known) = value.exact() else {
            return Some(vec![Letter::Unknown(format!("{mark}{text}{mark}"))]);
        };
        let changed = match change.strip_prefix('~') {
            Some(range) => substring(known, range),
            None => {
                let (from, to) = change.split_once('=')?;
                replaced_text(known, from, to)
            }
        };
        Some(changed.chars().map(Letter::Known).collect())
    }

    /// A loop's variable after its percent signs, perhaps with modifiers: `i`, `~ni`.
    fn of_loop(&self, line: &[Letter], at: usize) -> Option<(Vec<Letter>, usize)> {
        let mut end = at;
        let modified = line.get(end) == Some(&Letter::Known('~'));
        if modified {
            end += 1;
            while let Some(Letter::Known(letter)) = line.get(end)
                && "fdpnxsatz".contains(*letter)
                && let Some(Letter::Known(next)) = line.get(end + 1)
                && next.is_ascii_alphabetic()
            {
                end += 1;
            }
        }
        let Some(Letter::Known(name)) = line.get(end) else {
            return None;
        };
        let (_, value) = self.loops.iter().rev().find(|(known, _)| known == name)?;
        let plain = end == at + usize::from(modified);
        let value = if plain {
            letters(value)
                .into_iter()
                .filter(|letter| !modified || *letter != Letter::Known('"'))
                .collect()
        } else {
            vec![Letter::Unknown(format!("%~{name}"))]
        };
        Some((value, end + 1))
    }

    /// `%1`, `%*`, `%~dp0`.
    fn argument(&self, line: &[Letter], at: usize) -> Option<(Vec<Letter>, usize)> {
        let mut end = at;
        let modified = line.get(end) == Some(&Letter::Known('~'));
        if modified {
            end += 1;
            while let Some(Letter::Known(letter)) = line.get(end)
                && "fdpnxsatz".contains(*letter)
            {
                end += 1;
            }
        }
        let shown = |end: usize| {
            let letters = line.get(at..=end).unwrap_or_default();
            format!("%{}", text(letters).display())
        };
        match line.get(end)? {
            Letter::Known('*') => Some((vec![Letter::Unknown(shown(end))], end + 1)),
            Letter::Known(digit) if digit.is_ascii_digit() => {
                let index = digit
                    .to_digit(10)
                    .and_then(|digit| usize::try_from(digit).ok())?;
                let plain = !modified || end == at + 1;
                let value = self.arguments.get(index).filter(|_| plain);
                let value = value.map_or_else(|| vec![Letter::Unknown(shown(end))], letters);
                Some((value, end + 1))
            }
            _ => None,
        }
    }
}

/// `~1,2` and `~-3`, as cmd counts.
fn substring(text: &str, range: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let length = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let (start, count) = range.split_once(',').unwrap_or((range, ""));
    let start: i64 = start.trim().parse().unwrap_or(0);
    let start = if start < 0 { start + length } else { start }.clamp(0, length);
    let count: i64 = count.trim().parse().unwrap_or(length);
    let end = if count < 0 {
        length + count
    } else {
        start.saturating_add(count)
    };
    let end = end.clamp(start, length);
    let index = |at: i64| usize::try_from(at).unwrap_or_default();
    letters
        .get(index(start)..index(end))
        .unwrap_or_default()
        .iter()
        .collect()
}

/// Each `from`, whatever its case, replaced; `*x` is everything up to the first `x`.
fn replaced_text(text: &str, from: &str, to: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if let Some(tail) = from.strip_prefix('*') {
        return match lower.find(&tail.to_ascii_lowercase()) {
            Some(at) => format!("{to}{}", text.get(at + tail.len()..).unwrap_or_default()),
            None => text.to_owned(),
        };
    }
    if from.is_empty() {
        return text.to_owned();
    }
    let from = from.to_ascii_lowercase();
    let mut found = String::new();
    let mut at = 0;
    while let Some(next) = lower.get(at..).and_then(|rest| rest.find(&from)) {
        found.push_str(text.get(at..at + next).unwrap_or_default());
        found.push_str(to);
        at += next + from.len();
    }
    found.push_str(text.get(at..).unwrap_or_default());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_cmd_does() {
        let mut variables = Variables {
            is_file: true,
            delayed: true,
            arguments: vec![Text::known("x.bat"), Text::known("one")],
            ..Variables::default()
        };
        variables.set("a", Text::known("Remove"));
        variables.loops.push(('i', Text::known("item")));
        for (line, expected) in [
            ("%A% x", Some("Remove x")),
            ("%a:~0,2%%a:~-2%", Some("Reve")),
            ("%a:mov=XX%", Some("ReXXe")),
            ("%comspec:~-7%", Some("cmd.exe")),
            ("%1 %%i %%~i 100%%", Some("one item item 100%")),
            ("%NOT_SET%", None),
            ("50% off", Some("50% off")),
        ] {
            let line = letters(&Text::known(line));
            let replaced = text(&variables.percents(&line));
            assert_eq!(replaced.exact(), expected, "{}", replaced.display());
        }
        let word = letters(&Text::known("!a!x"));
        assert_eq!(text(&variables.delayed(&word)).exact(), Some("Removex"));
    }
}
