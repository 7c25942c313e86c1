//! The files that a shell runs before what it was asked to run.

use super::shell_line::{Flavor, Input, ShellLine};

/// A startup file; one that does not exist is skipped by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Startup {
    /// The system's.
    System(&'static str),
    /// In the home directory, or in `$ZDOTDIR` for zsh.
    Home(&'static str),
    /// The first of these in the home directory.
    FirstInHome(&'static [&'static str]),
    /// Named by a variable, whose value the shell expands.
    Variable(&'static str),
    /// Named on the command line: an index into argv.
    Given(usize),
}

impl ShellLine {
    /// The startup files in the order in which they run. `interactive` comes from
    /// [`ShellLine::is_interactive`].
    #[must_use]
    pub fn startup(&self, interactive: bool) -> Vec<Startup> {
        if self.input == Input::Nothing {
            return Vec::new();
        }
        match (self.flavor, self.posix) {
            (Flavor::Bash, false) => self.bash_startup(interactive),
            (Flavor::Zsh, false) => self.zsh_startup(interactive),
            (Flavor::Bash | Flavor::Zsh, true) | (Flavor::Dash, _) => {
                self.posix_startup(interactive)
            }
        }
    }

    fn bash_startup(&self, interactive: bool) -> Vec<Startup> {
        let mut files = Vec::new();
        if self.login && !self.no_profile {
            files.push(Startup::System("/etc/profile"));
            files.push(Startup::FirstInHome(&[
                ".bash_profile",
                ".bash_login",
                ".profile",
            ]));
        }
        if !interactive {
            if !self.privileged {
                files.push(Startup::Variable("BASH_ENV"));
            }
        } else if !self.login && !self.no_rc {
            files.push(Startup::System("/etc/bash.bashrc"));
            files.push(match self.rc_file {
                Some(index) => Startup::Given(index),
                None => Startup::Home(".bashrc"),
            });
        }
        files
    }

    fn zsh_startup(&self, interactive: bool) -> Vec<Startup> {
        let own = |files: &mut Vec<Startup>, system, name| {
            files.push(Startup::System(system));
            files.push(Startup::Home(name));
        };
        let mut files = Vec::new();
        if self.no_rc || self.privileged {
            files.push(Startup::System("/etc/zsh/zshenv"));
            return files;
        }
        own(&mut files, "/etc/zsh/zshenv", ".zshenv");
        if self.login {
            own(&mut files, "/etc/zsh/zprofile", ".zprofile");
        }
        if interactive {
            own(&mut files, "/etc/zsh/zshrc", ".zshrc");
        }
        if self.login {
            own(&mut files, "/etc/zsh/zlogin", ".zlogin");
        }
        files
    }

    fn posix_startup(&self, interactive: bool) -> Vec<Startup> {
        let mut files = Vec::new();
        if self.login && !self.no_profile {
            files.push(Startup::System("/etc/profile"));
            files.push(Startup::Home(".profile"));
        }
        if interactive && !self.privileged {
            files.push(Startup::Variable("ENV"));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(flavor: Flavor, words: &[&str]) -> Vec<String> {
        let line = ShellLine::read(flavor, words).unwrap();
        line.startup(line.is_interactive([false; 3]))
            .into_iter()
            .filter_map(|file| match file {
                Startup::System(_) => None,
                Startup::Home(name) | Startup::Variable(name) => Some(name.to_owned()),
                Startup::FirstInHome(names) => Some(names.join("|")),
                Startup::Given(index) => Some(format!("argv {index}")),
            })
            .collect()
    }

    #[test]
    fn as_the_real_shells_do() {
        let profiles = ".bash_profile|.bash_login|.profile";
        let cases: &[(Flavor, &[&str], &[&str])] = &[
            (Flavor::Bash, &["bash", "-c", "t"], &["BASH_ENV"]),
            (Flavor::Bash, &["bash", "-lc", "t"], &[profiles, "BASH_ENV"]),
            (Flavor::Bash, &["-bash", "-c", "t"], &[profiles, "BASH_ENV"]),
            (Flavor::Bash, &["bash", "-ic", "t"], &[".bashrc"]),
            (Flavor::Bash, &["bash", "-ilc", "t"], &[profiles]),
            (Flavor::Bash, &["bash", "-pc", "t"], &[]),
            (Flavor::Bash, &["bash", "--posix", "-c", "t"], &[]),
            (Flavor::Bash, &["sh", "-c", "t"], &[]),
            (Flavor::Bash, &["-sh", "-c", "t"], &[".profile"]),
            (Flavor::Bash, &["sh", "-ic", "t"], &["ENV"]),
            (
                Flavor::Bash,
                &["bash", "--rcfile", "f", "-ic", "t"],
                &["argv 2"],
            ),
            (Flavor::Bash, &["bash", "--norc", "-ic", "t"], &[]),
            (Flavor::Bash, &["bash", "-nc", "t"], &[]),
            (Flavor::Dash, &["sh", "-c", "t"], &[]),
            (Flavor::Dash, &["dash", "-ilc", "t"], &[".profile", "ENV"]),
            (Flavor::Zsh, &["zsh", "-c", "t"], &[".zshenv"]),
            (Flavor::Zsh, &["zsh", "-fc", "t"], &[]),
            (
                Flavor::Zsh,
                &["zsh", "-ilc", "t"],
                &[".zshenv", ".zprofile", ".zshrc", ".zlogin"],
            ),
            (
                Flavor::Zsh,
                &["zsh", "--emulate", "sh", "-ic", "t"],
                &["ENV"],
            ),
        ];
        for (flavor, words, expected) in cases {
            assert_eq!(home(*flavor, words), *expected, "{words:?}");
        }
    }
}
