//! git's configuration: the settings of a file, and what a setting makes git run.
//!
//! Owns git-config's syntax and the names of the settings that are commands. Never looks at files.

use crate::payload::holes::Holes;
use crate::resolve::Text;

/// One setting: `alias.x` and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::payload) struct Setting {
    /// Section and key in small letters; what stands between them as it is written.
    pub(in crate::payload) name: String,
    pub(in crate::payload) value: Text,
}

/// What a setting makes git run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::payload) enum Runs {
    Shell(Text),
    /// The hooks in this directory.
    Hooks(Text),
    /// The settings of this file count too.
    Include(Text),
}

/// Settings whose value git gives to a shell.
const COMMANDS: &[&str] = &[
    "core.pager",
    "core.editor",
    "core.sshcommand",
    "core.fsmonitor",
    "core.askpass",
    "core.alternaterefscommand",
    "core.gitproxy",
    "diff.external",
    "sequence.editor",
    "credential.helper",
    "gpg.program",
    "gpg.ssh.defaultkeycommand",
    "uploadpack.packobjectshook",
    "interactive.difffilter",
    "instaweb.httpd",
    "man.viewer",
];

/// Keys that are commands in any sub-section: `filter.lfs.clean`.
const KEYS: &[(&str, &[&str])] = &[
    ("filter", &["clean", "smudge", "process"]),
    ("diff", &["command", "textconv"]),
    ("merge", &["driver"]),
    ("difftool", &["cmd", "path"]),
    ("mergetool", &["cmd", "path"]),
    ("browser", &["cmd", "path"]),
    ("man", &["cmd", "path"]),
    ("guitool", &["cmd"]),
    ("trailer", &["command", "cmd"]),
    ("tar", &["command"]),
    ("gpg", &["program"]),
    ("credential", &["helper"]),
    ("remote", &["uploadpack", "receivepack"]),
];

impl Setting {
    /// A setting by the name that a person writes.
    pub(in crate::payload) fn new(name: &str, value: Text) -> Self {
        let mut parts: Vec<String> = name.split('.').map(str::to_owned).collect();
        let last = parts.len().saturating_sub(1);
        for index in [0, last] {
            if let Some(part) = parts.get_mut(index) {
                part.make_ascii_lowercase();
            }
        }
        Self {
            name: parts.join("."),
            value,
        }
    }

    /// `alias.x` sets what `git x` means. It runs when someone says so, and is judged then.
    pub(in crate::payload) fn alias(&self) -> Option<&str> {
        self.name
            .strip_prefix("alias.")
            .map(|name| name.strip_suffix(".command").unwrap_or(name))
    }

    pub(in crate::payload) fn runs(&self) -> Option<Runs> {
        let value = &self.value;
        if value.is_empty() {
            return None;
        }
        let (section, rest) = self.name.split_once('.')?;
        let key = rest.rsplit('.').next().unwrap_or(rest);
        let listed = COMMANDS.contains(&self.name.as_str())
            || section == "pager" && !matches!(value.exact(), Some("true" | "false"))
            || KEYS
                .iter()
                .any(|(name, keys)| *name == section && rest != key && keys.contains(&key));
        let marked =
            section == "submodule" && key == "update" && value.known_prefix().starts_with('!');
        if listed || marked {
            let signs = usize::from(value.known_prefix().starts_with('!'));
            return Some(Runs::Shell(value.after(signs)));
        }
        match (section, key) {
            ("core", "hookspath") if value.exact() != Some("/dev/null") => {
                Some(Runs::Hooks(value.clone()))
            }
            ("init", "templatedir") => {
                let mut hooks = value.clone();
                hooks.push_known("/hooks");
                Some(Runs::Hooks(hooks))
            }
            ("include" | "includeif", "path") => Some(Runs::Include(value.clone())),
            ("remote", "url" | "pushurl") => external(value).map(Runs::Shell),
            _ => None,
        }
    }

    /// The same, where it is not known in which section the setting stands.
    pub(in crate::payload) fn may_run(&self) -> Option<Runs> {
        let key = self.name.rsplit('.').next().unwrap_or(&self.name);
        let known = COMMANDS
            .iter()
            .any(|name| name.ends_with(&format!(".{key}")))
            || KEYS.iter().any(|(_, keys)| keys.contains(&key));
        self.runs()
            .or_else(|| known.then(|| Runs::Shell(self.value.clone())))
    }
}

/// `ext::CMD ARG`: git runs the command to reach the repository. `% ` is a blank in a word.
pub(in crate::payload) fn external(url: &Text) -> Option<Text> {
    let rest = url.known_prefix().strip_prefix("ext::")?;
    let known = rest.replace("% ", "\\ ").replace("%%", "%");
    let mut text = Text::known(known);
    text.append(url.after(url.known_prefix().len()));
    Some(text)
}

/// The settings of a file, or of a part of one that follows `section`.
pub(in crate::payload) fn settings(text: &Text, section: Option<String>) -> Vec<Setting> {
    let holes = Holes::default();
    let rendered = holes.render(text);
    let mut reader = Reader {
        letters: rendered.chars().peekable(),
        section: section.unwrap_or_default(),
        found: Vec::new(),
    };
    reader.read();
    let found = reader.found.into_iter();
    found
        .map(|(name, value)| Setting::new(&name, holes.restore(&value)))
        .collect()
}

/// The section that the end of a file stands in.
pub(in crate::payload) fn last_section(text: &str) -> Option<String> {
    let mut reader = Reader {
        letters: text.chars().peekable(),
        section: String::new(),
        found: Vec::new(),
    };
    reader.read();
    Some(reader.section).filter(|section| !section.is_empty())
}

struct Reader<'a> {
    letters: std::iter::Peekable<std::str::Chars<'a>>,
    section: String,
    found: Vec<(String, String)>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(letter) = self.letters.next() {
            match letter {
                '[' => self.header(),
                '#' | ';' => while self.letters.next_if(|letter| *letter != '\n').is_some() {},
                letter if letter.is_whitespace() => {}
                letter => self.setting(letter),
            }
        }
    }

    /// `[section "sub section"]`, after its bracket.
    fn header(&mut self) {
        let mut name = String::new();
        let mut quoted = false;
        while let Some(letter) = self.letters.next() {
            match letter {
                '"' if quoted => quoted = false,
                '"' => {
                    quoted = true;
                    name.push('.');
                }
                '\\' if quoted => name.extend(self.letters.next()),
                ']' if !quoted => break,
                letter if !quoted && letter.is_whitespace() => {}
                letter => name.push(letter),
            }
        }
        self.section = name;
    }

    fn setting(&mut self, first: char) {
        let mut key = String::from(first);
        while let Some(letter) = self.letters.next_if(|letter| !matches!(letter, '=' | '\n')) {
            key.push(letter);
        }
        let value = if self.letters.next_if_eq(&'=').is_some() {
            self.value()
        } else {
            "true".to_owned()
        };
        self.found
            .push((format!("{}.{}", self.section, key.trim()), value));
    }

    fn value(&mut self) -> String {
        let mut value = String::new();
        // How much of it is kept when the blanks at its end go.
        let mut kept = 0;
        let mut quoted = false;
        while let Some(letter) = self.letters.next() {
            match letter {
                '\n' => break,
                '"' => {
                    quoted = !quoted;
                    kept = value.len();
                }
                '\\' => {
                    match self.letters.next() {
                        Some('n') => value.push('\n'),
                        Some('t') => value.push('\t'),
                        Some('b') => value.push('\u{8}'),
                        // The line goes on.
                        Some('\n') | None => {}
                        Some(other) => value.push(other),
                    }
                    kept = value.len();
                }
                '#' | ';' if !quoted => {
                    while self.letters.next_if(|letter| *letter != '\n').is_some() {}
                }
                letter if !quoted && letter.is_whitespace() => {
                    if !value.is_empty() {
                        value.push(letter);
                    }
                }
                letter => {
                    value.push(letter);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        value
    }
}

/// A setting as a file holds it.
pub(in crate::payload) fn written(name: &str, value: &Text) -> Option<Text> {
    let (section, key) = name.rsplit_once('.')?;
    let header = match section.split_once('.') {
        Some((section, sub)) => format!("[{section} \"{}\"]", sub.replace('"', "\\\"")),
        None => format!("[{section}]"),
    };
    let mut text = Text::known(format!("{header}\n\t{key} = \""));
    for part in value.parts() {
        text.push(match part {
            crate::resolve::Part::Known(known) => crate::resolve::Part::Known(
                known
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n"),
            ),
            other => other.clone(),
        });
    }
    text.push_known("\"\n");
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let settings = settings(&Text::known(text), None).into_iter();
        settings
            .map(|setting| (setting.name, setting.value.display().into_owned()))
            .collect()
    }

    #[test]
    fn files_are_read_as_git_reads_them() {
        for (text, name, value) in [
            ("[alias]\n x = !rm -rf y\n", "alias.x", "!rm -rf y"),
            ("[Alias] X=\"!a; b\" # c\n", "alias.x", "!a; b"),
            (
                "[diff \"My.Tool\"]\n\tTextConv = a \\\"b\\\"  \n",
                "diff.My.Tool.textconv",
                "a \"b\"",
            ),
            ("[core]\n pager = a \\\n  b\n", "core.pager", "a   b"),
            ("; x = y\n[core]\n bare\n", "core.bare", "true"),
            ("[a.B]\nc = d ; e", "a.B.c", "d"),
        ] {
            assert_eq!(read(text), [(name.to_owned(), value.to_owned())], "{text}");
        }
        assert_eq!(
            last_section("[a]\nb=c\n[d \"e\"]\n").as_deref(),
            Some("d.e")
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        for (name, value) in [
            ("alias.x", "!f() { echo \"a\\n\"; }; f # ;"),
            ("diff.y z.textconv", "a\nb"),
        ] {
            let text = written(name, &Text::known(value)).unwrap();
            assert_eq!(
                read(text.exact().unwrap()),
                [(name.to_owned(), value.to_owned())]
            );
        }
    }

    #[test]
    fn commands_are_told_from_values() {
        let runs = |name: &str, value: &str| Setting::new(name, Text::known(value)).runs();
        let shell = |text: &str| Some(Runs::Shell(Text::known(text)));
        assert_eq!(runs("core.SSHCommand", "x"), shell("x"));
        assert_eq!(runs("filter.a.b.clean", "x"), shell("x"));
        assert_eq!(runs("credential.https://h.helper", "!x"), shell("x"));
        assert_eq!(runs("diff.textconv", "x"), None);
        assert_eq!(runs("user.name", "x"), None);
        assert_eq!(runs("remote.o.url", "https://x/y"), None);
        assert_eq!(
            runs("remote.o.url", "ext::sh -c rm% x"),
            shell("sh -c rm\\ x")
        );
        assert_eq!(
            runs("core.hooksPath", "h"),
            Some(Runs::Hooks(Text::known("h")))
        );
    }
}
