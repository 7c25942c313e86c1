//! What an operation is called with: options, `--cli-input-json`, and the files they name.
//!
//! Owns the order in which they win. Must never judge.

use serde_json::Value;

use super::argv::Read;
use super::model::same_name;
use crate::call::Call;
use crate::payload::holes::Holes;
use crate::resolve::{Argument, Text};

/// Whether a condition holds, as far as the command line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    Maybe,
    No,
}

pub(super) struct Inputs<'a> {
    pub(super) read: &'a Read,
    call: &'a Call<'a>,
    /// The members of `--cli-input-json` or `--cli-input-yaml`.
    members: Vec<(String, Value)>,
    /// What the unknown parts of those members are.
    holes: Holes,
    /// Why those members are not known.
    pub(super) unreadable: Option<String>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(read: &'a Read, call: &'a Call<'a>) -> Self {
        let mut inputs = Self {
            read,
            call,
            members: Vec::new(),
            holes: Holes::default(),
            unreadable: None,
        };
        for option in ["cli-input-json", "cli-input-yaml"] {
            if let Some(argument) = read.value(option) {
                match inputs.document(argument) {
                    Ok(members) => inputs.members = members,
                    Err(reason) => inputs.unreadable = Some(reason),
                }
            }
        }
        inputs
    }

    fn document(&self, argument: &Argument) -> Result<Vec<(String, Value)>, String> {
        let text = self.holes.render(&self.followed(&argument.value)?);
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(members)) => Ok(members.into_iter().collect()),
            Ok(_) => Err("the input is no JSON object".to_owned()),
            Err(error) => yaml_members(&text)
                .ok_or_else(|| format!("the input cannot be read as JSON or YAML: {error}")),
        }
    }

    /// A value, or the content of the file that it names (`file://…`).
    pub(super) fn followed(&self, value: &Text) -> Result<Text, String> {
        let Some(path) = value
            .known_prefix()
            .strip_prefix("file://")
            .or_else(|| value.known_prefix().strip_prefix("fileb://"))
        else {
            return match value.known_prefix() {
                remote if remote.starts_with("https://") || remote.starts_with("http://") => {
                    Ok(Text::unknown(value.display().into_owned()))
                }
                _ => Ok(value.clone()),
            };
        };
        if value.exact().is_none() {
            return Err(format!(
                "which file holds it is not known: {}",
                value.display()
            ));
        }
        if self.call.command.elsewhere.is_some() {
            return Err(format!("`{path}` is on another machine"));
        }
        let path = match (path.strip_prefix("~/"), self.call.world.home()) {
            (Some(rest), Some(home)) => Some(home.join(rest)),
            _ => self.call.command.directory.join(path),
        };
        let path = path.ok_or("the directory of the file is not known")?;
        let text = self.call.world.read(&path);
        text.map(Text::known).map_err(|error| error.to_string())
    }

    /// Everything given for an option or its member, files followed; a file that cannot be
    /// read is an unknown text.
    pub(super) fn texts(&self, option: &str) -> Vec<Text> {
        let given = self.read.values(option);
        if !given.is_empty() {
            return given
                .iter()
                .map(|argument| {
                    self.followed(&argument.value)
                        .unwrap_or_else(|_| Text::unknown(argument.value.display().into_owned()))
                })
                .collect();
        }
        match self.member(option) {
            Some(Value::Array(items)) => items.iter().map(|item| self.text(item)).collect(),
            Some(value) => vec![self.text(value)],
            None => Vec::new(),
        }
    }

    fn text(&self, value: &Value) -> Text {
        match value {
            Value::String(text) => self.holes.restore(text),
            other => self.holes.restore(&other.to_string()),
        }
    }

    pub(super) fn member(&self, option: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(name, _)| same_name(name, option))
            .map(|(_, value)| value)
    }

    /// Whether it was given at all, and not switched off.
    pub(super) fn has(&self, option: &str) -> Truth {
        if let Some(given) = self.read.given(option) {
            return match (given.negated, given.doubtful) {
                (_, true) => Truth::Maybe,
                (false, _) => Truth::Yes,
                (true, _) => Truth::No,
            };
        }
        match self.member(option) {
            Some(Value::Bool(false) | Value::Null) => Truth::No,
            Some(_) => Truth::Yes,
            None => self.unseen(),
        }
    }

    /// Whether it was switched off in so many words.
    fn is_off(&self, option: &str) -> Truth {
        if let Some(given) = self.read.given(option) {
            return match (given.negated, given.doubtful) {
                (_, true) => Truth::Maybe,
                (true, _) => Truth::Yes,
                (false, _) => Truth::No,
            };
        }
        match self.member(option) {
            Some(Value::Bool(false)) => Truth::Yes,
            Some(_) => Truth::No,
            None => self.unseen(),
        }
    }

    /// What is not there may still be in a part that nobody can see.
    fn unseen(&self) -> Truth {
        if self.unreadable.is_some() || self.read.uncertain.is_some() {
            Truth::Maybe
        } else {
            Truth::No
        }
    }

    /// Evaluates a condition of the table; its forms are in `tools/aws-model/README.md`.
    pub(super) fn holds(&self, condition: &str) -> Truth {
        if let Some(option) = condition.strip_prefix("!--") {
            return self.is_off(option);
        }
        let Some(condition) = condition.strip_prefix("--") else {
            return Truth::Maybe;
        };
        if let Some((option, parts)) = condition.split_once('~') {
            return self.any(option, |text| contains(text, parts));
        }
        if let Some((option, values)) = condition.split_once('=') {
            return self.any(option, |text| equals(text, values));
        }
        self.has(condition)
    }

    fn any(&self, option: &str, test: impl Fn(&Text) -> Truth) -> Truth {
        let texts = self.texts(option);
        if texts.is_empty() {
            return self.unseen();
        }
        let mut found = Truth::No;
        for text in &texts {
            match test(text) {
                Truth::Yes => return Truth::Yes,
                Truth::Maybe => found = Truth::Maybe,
                Truth::No => {}
            }
        }
        found
    }
}

fn equals(text: &Text, values: &str) -> Truth {
    match text.exact() {
        Some(text)
            if values
                .split('|')
                .any(|value| value.eq_ignore_ascii_case(text)) =>
        {
            Truth::Yes
        }
        Some(_) => Truth::No,
        None => Truth::Maybe,
    }
}

/// Whether every part stands in the text; blanks and case do not count.
fn contains(text: &Text, parts: &str) -> Truth {
    let plain: String = text
        .render(|_, _| String::new())
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    if parts
        .split('&')
        .all(|part| plain.contains(&part.to_ascii_lowercase()))
    {
        Truth::Yes
    } else if text.exact().is_none() {
        Truth::Maybe
    } else {
        Truth::No
    }
}

/// The top-level members of a YAML mapping; what is nested stays text.
fn yaml_members(text: &str) -> Option<Vec<(String, Value)>> {
    let mut members: Vec<(String, Value)> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') || bare == "---" {
            continue;
        }
        if line.starts_with([' ', '\t', '-']) {
            let (_, value) = members.last_mut()?;
            let before = value.as_str().unwrap_or_default();
            let item = bare.trim_start_matches("- ");
            let joined = if before.is_empty() {
                item.to_owned()
            } else {
                format!("{before}\n{item}")
            };
            *value = Value::String(joined);
            continue;
        }
        let (name, value) = bare.split_once(':')?;
        let value = value.split(" #").next().unwrap_or("").trim();
        let value = match value {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            quoted => Value::String(quoted.trim_matches(['"', '\'']).to_owned()),
        };
        members.push((name.trim().to_owned(), value));
    }
    (!members.is_empty()).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_gives_its_top_level_members() {
        let members = yaml_members("# c\nDBInstanceIdentifier: 'prod'\nSkipFinalSnapshot: true\n")
            .expect("a mapping");
        assert_eq!(members[0].1, Value::String("prod".to_owned()));
        assert_eq!(members[1].1, Value::Bool(true));
        let members = yaml_members("InstanceIds:\n  - i-1\n  - i-2\n").expect("a mapping");
        assert_eq!(members[0].1, Value::String("i-1\ni-2".to_owned()));
        assert!(yaml_members("just words").is_none());
    }

    #[test]
    fn parts_are_found_whatever_the_blanks() {
        let text = Text::known(r#"{ "Effect": "Allow", "Principal" : "*" }"#);
        assert_eq!(contains(&text, r#""*"&"allow""#), Truth::Yes);
        assert_eq!(contains(&text, "deny"), Truth::No);
        assert_eq!(contains(&Text::unknown("$P"), "deny"), Truth::Maybe);
    }
}
