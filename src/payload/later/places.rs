//! The files in which something is left to run, and how they are written.

use std::path::Path;

use crate::rules::schema::Embedded;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text that this shell reads.
    Shell(&'static str),
    /// A program, by its first line.
    Script,
    GitConfig,
    /// Lines of a crontab, with or without a user before the command.
    Crontab {
        user: bool,
    },
    /// `KEY=command` lines: units of systemd, desktop entries.
    Keys(&'static [&'static str]),
    SshConfig,
    AuthorizedKeys,
    Apt,
    /// An agent's settings: JSON with commands in it.
    Settings,
    /// A program's own language.
    Embedded(Embedded),
}

const UNIT: Format = Format::Keys(&[
    "ExecStart",
    "ExecStartPre",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPost",
    "ExecCondition",
]);

/// `~` is the home directory, `*` stands for a name or a part of one, `**` for any directories.
const PLACES: &[(&str, Format)] = &[
    ("~/.bashrc", Format::Shell("bash")),
    ("~/.bash_profile", Format::Shell("bash")),
    ("~/.bash_login", Format::Shell("bash")),
    ("~/.bash_logout", Format::Shell("bash")),
    ("~/.bash_aliases", Format::Shell("bash")),
    ("~/.bashrc.d/*", Format::Shell("bash")),
    ("~/.profile", Format::Shell("sh")),
    ("~/.zshrc", Format::Shell("zsh")),
    ("~/.zshenv", Format::Shell("zsh")),
    ("~/.zprofile", Format::Shell("zsh")),
    ("~/.zlogin", Format::Shell("zsh")),
    ("~/.zlogout", Format::Shell("zsh")),
    ("~/.kshrc", Format::Shell("ksh")),
    ("~/.mkshrc", Format::Shell("ksh")),
    ("~/.xprofile", Format::Shell("sh")),
    ("~/.xinitrc", Format::Shell("sh")),
    ("~/.xsession", Format::Shell("sh")),
    ("~/.xsessionrc", Format::Shell("sh")),
    ("~/.config/fish/config.fish", Format::Shell("fish")),
    ("~/.config/fish/conf.d/*", Format::Shell("fish")),
    ("~/.config/environment.d/*", Format::Shell("sh")),
    ("~/.config/direnv/direnvrc", Format::Shell("bash")),
    ("**/.envrc", Format::Shell("bash")),
    ("/etc/profile", Format::Shell("sh")),
    ("/etc/profile.d/*", Format::Shell("sh")),
    ("/etc/bash.bashrc", Format::Shell("bash")),
    ("/etc/bashrc", Format::Shell("bash")),
    ("/etc/zshrc", Format::Shell("zsh")),
    ("/etc/zshenv", Format::Shell("zsh")),
    ("/etc/zsh/*", Format::Shell("zsh")),
    ("/etc/rc.local", Format::Script),
    ("/etc/init.d/*", Format::Script),
    ("/etc/update-motd.d/*", Format::Script),
    ("/etc/network/if-*.d/*", Format::Script),
    ("/etc/NetworkManager/dispatcher.d/*", Format::Script),
    ("~/.ssh/rc", Format::Shell("sh")),
    ("/etc/ssh/sshrc", Format::Shell("sh")),
    ("~/.ssh/config", Format::SshConfig),
    ("~/.ssh/config.d/*", Format::SshConfig),
    ("/etc/ssh/ssh_config", Format::SshConfig),
    ("/etc/ssh/ssh_config.d/*", Format::SshConfig),
    ("**/.ssh/authorized_keys", Format::AuthorizedKeys),
    ("**/.git/hooks/*", Format::Script),
    ("**/.husky/*", Format::Script),
    ("**/.git/config", Format::GitConfig),
    ("**/.git/config.worktree", Format::GitConfig),
    ("**/.git/modules/**/config", Format::GitConfig),
    ("~/.gitconfig", Format::GitConfig),
    ("~/.config/git/config", Format::GitConfig),
    ("/etc/gitconfig", Format::GitConfig),
    ("/etc/crontab", Format::Crontab { user: true }),
    ("/etc/cron.d/*", Format::Crontab { user: true }),
    ("/var/spool/cron/**/*", Format::Crontab { user: false }),
    ("/etc/cron.hourly/*", Format::Script),
    ("/etc/cron.daily/*", Format::Script),
    ("/etc/cron.weekly/*", Format::Script),
    ("/etc/cron.monthly/*", Format::Script),
    ("**/systemd/system/**/*.service", UNIT),
    ("**/systemd/system/**/*.conf", UNIT),
    ("**/systemd/user/**/*.service", UNIT),
    ("**/systemd/user/**/*.conf", UNIT),
    ("~/.config/autostart/*.desktop", Format::Keys(&["Exec"])),
    ("/etc/xdg/autostart/*.desktop", Format::Keys(&["Exec"])),
    ("~/.aws/config", Format::Keys(&["credential_process"])),
    ("~/.aws/credentials", Format::Keys(&["credential_process"])),
    ("~/.vimrc", Format::Embedded(Embedded::Ex)),
    ("~/.exrc", Format::Embedded(Embedded::Ex)),
    ("~/.vim/vimrc", Format::Embedded(Embedded::Ex)),
    ("~/.config/nvim/init.vim", Format::Embedded(Embedded::Ex)),
    ("~/.emacs", Format::Embedded(Embedded::Lisp)),
    ("~/.emacs.d/init.el", Format::Embedded(Embedded::Lisp)),
    ("~/.config/emacs/init.el", Format::Embedded(Embedded::Lisp)),
    ("~/.gdbinit", Format::Embedded(Embedded::Gdb)),
    ("~/.sqliterc", Format::Embedded(Embedded::Sqlite)),
    ("~/.tmux.conf", Format::Embedded(Embedded::Tmux)),
    ("~/.config/tmux/tmux.conf", Format::Embedded(Embedded::Tmux)),
    ("/etc/logrotate.conf", Format::Embedded(Embedded::Logrotate)),
    ("/etc/logrotate.d/*", Format::Embedded(Embedded::Logrotate)),
    ("/etc/apt/apt.conf", Format::Apt),
    ("/etc/apt/apt.conf.d/*", Format::Apt),
    ("**/.claude/settings.json", Format::Settings),
    ("**/.claude/settings.local.json", Format::Settings),
    ("**/.cursor/hooks.json", Format::Settings),
    ("**/.gemini/settings.json", Format::Settings),
];

/// How a file is written in which something is left to run; `None` for every other file.
pub(super) fn format(path: &Path, world: &dyn World) -> Option<Format> {
    let home = world.home();
    let text = path.to_str()?;
    let below_home = home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok())
        .and_then(Path::to_str);
    let words = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let whole = words(text);
    let below_home = below_home.map(words);
    if whole.last().is_some_and(|name| name.ends_with(".sample")) {
        return None;
    }
    let found = PLACES.iter().find(|(pattern, _)| {
        let (pattern, words) = match pattern.strip_prefix("~/") {
            Some(rest) => (rest, below_home.as_deref()),
            None => (*pattern, Some(whole.as_slice())),
        };
        let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        words.is_some_and(|words| fits(&pattern, words))
    });
    found.map(|(_, format)| *format)
}

/// Whether every program that is put into this directory is run.
pub(super) fn runs_all(directory: &Path, world: &dyn World) -> bool {
    // No place is called so, but for its directory.
    format(&directory.join("any name"), world) == Some(Format::Script)
}

fn fits(pattern: &[&str], words: &[String]) -> bool {
    match pattern.split_first() {
        None => words.is_empty(),
        Some((&"**", rest)) => {
            (0..=words.len()).any(|skip| words.get(skip..).is_some_and(|words| fits(rest, words)))
        }
        Some((first, rest)) => words.split_first().is_some_and(|(word, words)| {
            let fitting = match first.split_once('*') {
                Some((start, end)) => {
                    word.len() >= start.len() + end.len()
                        && word.starts_with(start)
                        && word.ends_with(end)
                }
                None => word == first,
            };
            fitting && fits(rest, words)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::System;

    #[test]
    fn files_are_known_by_where_they_are() {
        let world = System::with_environment("/home/me/shop".into(), [("HOME", "/home/me")]);
        for (path, format) in [
            ("/home/me/.bashrc", Some(Format::Shell("bash"))),
            ("/home/you/.bashrc", None),
            ("/home/me/shop/.envrc", Some(Format::Shell("bash"))),
            ("/home/me/shop/.git/hooks/pre-commit", Some(Format::Script)),
            ("/home/me/shop/.git/hooks/pre-commit.sample", None),
            ("/home/me/shop/hooks/pre-commit", None),
            ("/etc/cron.d/job", Some(Format::Crontab { user: true })),
            ("/etc/systemd/system/a.service", Some(UNIT)),
            ("/etc/systemd/system/a.service.d/b.conf", Some(UNIT)),
            ("/home/me/.config/systemd/user/a.service", Some(UNIT)),
            ("/etc/systemd/system/a.socket", None),
            ("/etc/network/if-up.d/x", Some(Format::Script)),
        ] {
            assert_eq!(super::format(Path::new(path), &world), format, "{path}");
        }
    }
}
