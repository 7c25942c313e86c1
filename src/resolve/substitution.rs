//! Command and process substitution.

use super::command::Stdin;
use super::interpreter::Interpreter;
use super::text::{Part, Text};
use crate::shell::{Node, Script};

impl Interpreter<'_> {
    pub(super) fn command_substitution(&mut self, list: &Script, source: &str) -> Text {
        self.captured += 1;
        // bash takes `set -e` away there.
        let output = self.testing(|shell| {
            shell.subshell(|shell| {
                let printed = shell.script(list);
                shell.read_file(list).unwrap_or(printed)
            })
        });
        self.captured -= 1;
        self.substituted = true;
        let mut trimmed = trim_newlines(output);
        // Output that is not known is shown as the substitution that it is.
        if trimmed.has_unknown() {
            let mut named = Text::empty();
            for part in trimmed.parts() {
                named.push(match part {
                    Part::Unknown(mark) if !mark.is_empty() => Part::Unknown(source.to_owned()),
                    other => other.clone(),
                });
            }
            trimmed = named;
        }
        trimmed
    }

    /// `$(< file)`: a redirection alone gives what the file holds.
    fn read_file(&mut self, list: &Script) -> Option<Text> {
        let [Node::Simple(command)] = list.list.as_slice() else {
            return None;
        };
        if !command.words.is_empty() || command.redirections.is_empty() {
            return None;
        }
        let unknown = Text::unknown("a file");
        Some(match self.redirections(&command.redirections).stdin? {
            Stdin::Text(text) => text,
            Stdin::Empty => Text::empty(),
            Stdin::File(path) if self.elsewhere.is_none() => {
                self.world.text(&path).map_or(unknown, Text::known)
            }
            Stdin::File(_) | Stdin::Inherited | Stdin::Unknown(_) => unknown,
        })
    }

    pub(super) fn process_substitution(
        &mut self,
        list: &Script,
        output: bool,
        source: &str,
    ) -> Text {
        let outer = (
            self.state.stdin.clone(),
            self.state.input_shared,
            self.state.status,
        );
        self.captured += 1;
        let printed = self.subshell(|shell| {
            if output {
                shell.state.stdin = Stdin::Unknown(source.to_owned());
            }
            shell.script(list)
        });
        self.captured -= 1;
        (self.state.stdin, self.state.input_shared, self.state.status) = outer;
        // zsh names such files as it likes.
        if self.state.dialect.is_zsh() {
            return Text::unknown(source);
        }
        if output {
            let mut pipe = Text::known("/dev/fd/");
            pipe.append(Text::unknown(source));
            return pipe;
        }
        self.offered(&printed)
            .unwrap_or_else(|| Text::unknown(source))
    }
}

/// Without the newlines at the end, and without NULs, which the shell drops. What is not known at
/// the end may be nothing: then the newlines before it are at the end.
fn trim_newlines(text: Text) -> Text {
    let mut parts: Vec<Part> = text.parts().to_vec();
    for part in parts.iter_mut().rev() {
        if let Part::Known(known) = part {
            known.retain(|character| character != '\0');
            let kept = known.trim_end_matches('\n').len();
            known.truncate(kept);
            if kept > 0 {
                break;
            }
        }
    }
    let mut trimmed = Text::empty();
    for part in parts {
        trimmed.push(match part {
            Part::Known(mut known) => {
                known.retain(|character| character != '\0');
                Part::Known(known)
            }
            other => other,
        });
    }
    trimmed
}
