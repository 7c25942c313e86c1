//! How the files are written in which something is left to run, down to the commands in them.

use serde_json::Value;

use crate::payload::holes::Holes;
use crate::resolve::{Part, Text};

/// The lines of a text.
fn lines(text: &Text) -> Vec<Text> {
    let mut lines = vec![Text::empty()];
    for part in text.parts() {
        match part {
            Part::Known(known) => {
                for (index, piece) in known.split('\n').enumerate() {
                    if index > 0 {
                        lines.push(Text::empty());
                    }
                    if let Some(line) = lines.last_mut() {
                        line.push_known(piece);
                    }
                }
            }
            other => {
                if let Some(line) = lines.last_mut() {
                    line.push(other.clone());
                }
            }
        }
    }
    lines
}

/// The text after so many fields between blanks; all of it when they are not known.
fn after_fields(text: &Text, count: usize) -> Text {
    let prefix = text.known_prefix();
    let mut rest = prefix.trim_start();
    for _ in 0..count {
        let Some(blank) = rest.find([' ', '\t']) else {
            return text.clone();
        };
        rest = rest.get(blank..).unwrap_or_default().trim_start();
    }
    text.after(prefix.len() - rest.len())
}

/// Without the blanks that it begins with.
fn trimmed(text: &Text) -> Text {
    let prefix = text.known_prefix();
    text.after(prefix.len() - prefix.trim_start().len())
}

/// `MINUTE HOUR DAY MONTH WEEKDAY [USER] COMMAND`, `@daily [USER] COMMAND`.
pub(super) fn crontab(text: &Text, user: bool) -> Vec<Text> {
    let mut found = Vec::new();
    for line in lines(text) {
        let line = trimmed(&line);
        let prefix = line.known_prefix();
        let first = prefix.split([' ', '\t']).next().unwrap_or_default();
        let assigns = first.contains('=') || after_fields(&line, 1).known_prefix().starts_with('=');
        if line.is_empty() || prefix.starts_with('#') || assigns {
            continue;
        }
        let fields = if prefix.starts_with('@') { 1 } else { 5 };
        let command = after_fields(&line, fields + usize::from(user));
        found.push(before_percent(&command));
    }
    found
}

/// What stands after an unescaped `%` is the command's input.
fn before_percent(command: &Text) -> Text {
    let mut text = Text::empty();
    for part in command.parts() {
        let Part::Known(known) = part else {
            text.push(part.clone());
            continue;
        };
        let mut kept = String::new();
        let mut letters = known.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if letters.peek() == Some(&'%') => kept.extend(letters.next()),
                '%' => {
                    text.push_known(&kept);
                    return text;
                }
                other => kept.push(other),
            }
        }
        text.push_known(&kept);
    }
    text
}

/// The values of these keys, without the signs that systemd knows before a program.
pub(super) fn keys(text: &Text, keys: &[&str]) -> Vec<Text> {
    let mut joined = Text::empty();
    for part in text.parts() {
        joined.push(match part {
            Part::Known(known) => Part::Known(known.replace("\\\n", " ")),
            other => other.clone(),
        });
    }
    let lines = lines(&joined).into_iter();
    lines.filter_map(|line| value_of(&line, keys)).collect()
}

fn value_of(line: &Text, keys: &[&str]) -> Option<Text> {
    let prefix = line.known_prefix();
    let (key, value) = prefix.split_once('=')?;
    if !keys.contains(&key.trim()) {
        return None;
    }
    let bare = value
        .trim_start()
        .trim_start_matches(['@', '-', ':', '+', '!', '|']);
    Some(line.after(prefix.len() - bare.len()))
}

/// `ProxyCommand`, `LocalCommand`, `KnownHostsCommand` and `Match exec`.
pub(crate) fn ssh_config(text: &Text) -> Vec<Text> {
    let mut found = Vec::new();
    for line in lines(text) {
        let line = trimmed(&line);
        let prefix = line.known_prefix();
        let Some(end) = prefix.find([' ', '\t', '=']) else {
            continue;
        };
        let (keyword, rest) = prefix.split_at(end);
        let value = rest.trim_start_matches([' ', '\t', '=']);
        let at = prefix.len() - value.len();
        match keyword.to_ascii_lowercase().as_str() {
            "proxycommand" | "localcommand" | "knownhostscommand" if value != "none" => {
                let signs = value.len() - value.trim_start_matches("exec ").len();
                found.push(line.after(at + signs));
            }
            "match" => {
                let mut rest = value;
                while let Some((_, after)) = rest.split_once("exec ") {
                    let after = after.trim_start();
                    let command = match after.strip_prefix('"') {
                        Some(quoted) => quoted.split('"').next(),
                        None => after.split(' ').next(),
                    };
                    found.extend(command.map(Text::known));
                    rest = after;
                }
            }
            _ => {}
        }
    }
    found
}

/// `command="…"` before a key.
pub(super) fn authorized_keys(text: &Text) -> Vec<Text> {
    let mut found = Vec::new();
    for line in lines(text) {
        let prefix = line.known_prefix();
        let Some(at) = prefix.find("command=\"") else {
            continue;
        };
        let mut command = Text::empty();
        let value = line.after(at + "command=\"".len());
        'parts: for part in value.parts() {
            let Part::Known(known) = part else {
                command.push(part.clone());
                continue;
            };
            let mut kept = String::new();
            let mut letters = known.chars().peekable();
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' if letters.peek() == Some(&'"') => kept.extend(letters.next()),
                    '"' => {
                        command.push_known(&kept);
                        break 'parts;
                    }
                    other => kept.push(other),
                }
            }
            command.push_known(&kept);
        }
        found.push(command);
    }
    found
}

/// The strings of apt's hooks: `DPkg::Post-Invoke { "…"; };`.
pub(super) fn apt(text: &Text) -> Vec<Text> {
    let holes = Holes::default();
    let rendered = holes.render(text);
    if !["Invoke", "Pre-Install-Pkgs"]
        .iter()
        .any(|hook| rendered.contains(hook))
    {
        return Vec::new();
    }
    let strings = rendered.split('"').skip(1).step_by(2);
    strings.map(|string| holes.restore(string)).collect()
}

/// The commands of an agent's hooks and status line: every `"command"` in the settings.
pub(super) fn settings(text: &Text) -> Vec<Text> {
    fn walk(value: &Value, holes: &Holes, found: &mut Vec<Text>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value {
                        Value::String(command) if key == "command" => {
                            found.push(holes.restore(command));
                        }
                        other => walk(other, holes, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, holes, found)),
            _ => {}
        }
    }
    let holes = Holes::default();
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_str(&holes.render(text)) {
        walk(&value, &holes, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(texts: Vec<Text>) -> Vec<String> {
        let texts = texts.into_iter();
        texts.map(|text| text.display().into_owned()).collect()
    }

    #[test]
    fn commands_of_crontabs_stand_after_their_fields() {
        let text = Text::known(
            "# a\nMAILTO=me\nPATH = /bin\n* * * * * rm x\n@daily  ls -l\n0 1 * * * a%b\n0 1 * * * date +\\%F\n",
        );
        assert_eq!(
            shown(crontab(&text, false)),
            ["rm x", "ls -l", "a", "date +%F"]
        );
        let text = Text::known("*/5 * * * * root rm x\n@reboot me ls\n");
        assert_eq!(shown(crontab(&text, true)), ["rm x", "ls"]);
    }

    #[test]
    fn commands_of_units_stand_after_their_signs() {
        let text =
            Text::known("[Service]\nExecStart=-/bin/rm \\\n  x\nType=simple\nExecStop=+/bin/y\n");
        let found = keys(&text, &["ExecStart", "ExecStop"]);
        assert_eq!(shown(found), ["/bin/rm    x", "/bin/y"]);
    }

    #[test]
    fn commands_of_ssh_are_found_in_every_spelling() {
        let text = Text::known(
            "Host x\n  proxycommand=nc %h %p\n  ProxyCommand none\n LocalCommand  a b\nMatch host y exec \"rm x\"\n",
        );
        assert_eq!(shown(ssh_config(&text)), ["nc %h %p", "a b", "rm x"]);
        let text = Text::known("restrict,command=\"a \\\"b\\\"\" ssh-ed25519 AAAA\nssh-rsa AAAA\n");
        assert_eq!(shown(authorized_keys(&text)), ["a \"b\""]);
    }

    #[test]
    fn commands_of_settings_are_found_at_any_depth() {
        let text =
            Text::known(r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x y"}]}]}}"#);
        assert_eq!(shown(settings(&text)), ["x y"]);
        let text = Text::known("DPkg::Post-Invoke { \"rm x\"; };");
        assert_eq!(shown(apt(&text)), ["rm x"]);
    }
}
