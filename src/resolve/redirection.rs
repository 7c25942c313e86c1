//! Redirections: what a command reads instead of its input, and which files it opens.

use super::command::{Content, Redirection, RedirectionKind, Stdin, Written, base_name};
use super::descriptor::GIVEN_OUT;
use super::interpreter::{Interpreter, piped};
use super::text::Text;
use crate::shell::{self, Piece, RedirectionOperator, RedirectionTarget, Word};

/// What the redirections of a command come to.
#[derive(Default)]
pub(super) struct Io {
    pub(super) stdin: Option<Stdin>,
    pub(super) redirections: Vec<Redirection>,
    /// Where standard output goes instead: a file to note, or nowhere that matters.
    pub(super) stdout: Option<Option<(Text, bool)>>,
    /// What gets the output, too: zsh writes to every file that is given.
    pub(super) copies: Vec<(Text, bool)>,
}

impl Interpreter<'_> {
    pub(super) fn redirections(&mut self, redirections: &[shell::Redirection]) -> Io {
        let mut io = Io::default();
        for redirection in redirections {
            let before = io.stdin.take();
            self.redirection(redirection, &mut io);
            if before.is_some() && io.stdin.is_some() && self.state.dialect.is_zsh() {
                // It reads one after the other.
                io.stdin = Some(Stdin::Unknown("several inputs".to_owned()));
            }
            io.stdin = io.stdin.or(before);
        }
        io
    }

    fn redirection(&mut self, redirection: &shell::Redirection, io: &mut Io) {
        // `{name}>`: the shell gives out a number.
        let descriptor = match &redirection.variable {
            Some(name) => {
                self.forget(name);
                Some(GIVEN_OUT)
            }
            None => redirection.descriptor,
        };
        self.opened.extend(descriptor);
        let word = match &redirection.target {
            RedirectionTarget::HereDocument(body) => {
                let text = match body.get() {
                    Some(body) => self.value(body),
                    None => Text::unknown("a here-document"),
                };
                self.input(descriptor, text, io);
                return;
            }
            RedirectionTarget::Word(word) => word,
        };
        let (default, kind) = match redirection.operator {
            RedirectionOperator::HereString => {
                let mut text = self.assigned_value(word);
                text.push_known("\n");
                self.input(descriptor, text, io);
                return;
            }
            RedirectionOperator::DuplicateInput => {
                let source = self.value(word);
                if descriptor.unwrap_or(0) == 0 {
                    let held = source.exact().and_then(|source| self.taken(source));
                    let unknown = || Stdin::Unknown(word.source.to_string());
                    io.stdin = Some(held.unwrap_or_else(unknown));
                }
                return;
            }
            RedirectionOperator::DuplicateOutput => {
                let target = self.value(word);
                let duplicates = target.exact().is_none_or(|text| {
                    text == "-"
                        || text
                            .bytes()
                            .all(|byte| byte.is_ascii_digit() || byte == b'-')
                });
                if duplicates {
                    if descriptor.unwrap_or(1) == 1 {
                        io.stdout = Some(None);
                    }
                    return;
                }
                // `>& file` is `&> file`.
                (1, RedirectionKind::Truncate { clobber: false })
            }
            RedirectionOperator::Input => (0, RedirectionKind::Read),
            // As output it writes over what is there, from the beginning.
            RedirectionOperator::ReadWrite if matches!(redirection.descriptor, Some(1 | 2)) => {
                (1, RedirectionKind::Truncate { clobber: false })
            }
            RedirectionOperator::ReadWrite => (0, RedirectionKind::ReadWrite),
            RedirectionOperator::Output | RedirectionOperator::OutputAndError => {
                (1, RedirectionKind::Truncate { clobber: false })
            }
            RedirectionOperator::Clobber => (1, RedirectionKind::Truncate { clobber: true }),
            RedirectionOperator::Append | RedirectionOperator::AppendOutputAndError => {
                (1, RedirectionKind::Append)
            }
            RedirectionOperator::HereDocument => return,
        };
        let descriptor = descriptor.unwrap_or(default);
        let contents = self.substituted_file(word);
        // A pattern in a redirection is expanded by an interactive shell only, and one word is
        // all that it may become.
        let mut path = Text::empty();
        for field in self.fields(word) {
            path.append(field.text);
        }
        let contents_of_other = contents.clone().filter(|_| descriptor > 2);
        if matches!(kind, RedirectionKind::Read) && descriptor == 0 {
            io.stdin = Some(match (contents, path.exact()) {
                (Some(text), _) => piped(text),
                (None, Some("/dev/null")) => Stdin::Empty,
                (None, Some("/dev/stdin")) => return,
                (None, Some(exact)) => match self.directory().join(exact) {
                    Some(path) => Stdin::File(path),
                    None => Stdin::Unknown(exact.to_owned()),
                },
                (None, None) => Stdin::Unknown(path.display().into_owned()),
            });
        }
        if matches!(kind, RedirectionKind::Read) && descriptor > 2 {
            let file = path.exact().and_then(|path| self.directory().join(path));
            let read = file.and_then(|file| self.world.text(&file));
            let unknown = || Text::unknown(word.source.to_string());
            let content = contents_of_other.or_else(|| read.map(Text::known));
            self.hold(descriptor, &content.unwrap_or_else(unknown));
        }
        if descriptor != 1
            && !matches!(kind, RedirectionKind::Read)
            && self.elsewhere.is_none()
            && let Some(file) = path.exact().and_then(|path| self.directory().join(path))
            && !file.starts_with("/dev")
        {
            // What goes there is not followed.
            self.world.write(&file, None, false, true);
        }
        if descriptor == 1 && !matches!(kind, RedirectionKind::Read) {
            let append = matches!(kind, RedirectionKind::Append);
            if let Some(Some(before)) = io.stdout.take()
                && self.state.dialect.is_zsh()
            {
                io.copies.push(before);
            }
            io.stdout = Some(Some((path.clone(), append)));
        }
        let harmless = path.exact().is_some_and(|path| {
            matches!(
                path,
                "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/stdin"
            ) || path.starts_with("/dev/fd/")
                || path.starts_with("/dev/tcp/")
                || path.starts_with("/dev/udp/")
        });
        // What `>(…)` reads has been looked at already.
        let process = matches!(word.pieces.as_slice(), [Piece::Process { .. }]);
        if !harmless && !process {
            let location = self.source.locate(redirection.span);
            io.redirections.push(Redirection {
                kind,
                path,
                location,
            });
        }
    }

    /// A here-document or a here-string.
    fn input(&self, descriptor: Option<u32>, text: Text, io: &mut Io) {
        match descriptor.unwrap_or(0) {
            0 => io.stdin = Some(Stdin::Text(text)),
            other => self.hold(other, &text),
        }
    }

    /// `< <(…)`: what the process prints.
    fn substituted_file(&mut self, word: &Word) -> Option<Text> {
        match word.pieces.as_slice() {
            [
                Piece::Process {
                    list,
                    output: false,
                    ..
                },
            ] => Some(self.subshell(|shell| shell.script(list))),
            _ => None,
        }
    }

    /// What is left of an output for a pipe or a substitution, once redirections took theirs. A
    /// file that gets it is noted.
    pub(super) fn deliver(&mut self, output: Text, io: &Io) -> Text {
        for (path, append) in &io.copies {
            self.write_down(output.clone(), path, *append);
        }
        match &io.stdout {
            None => output,
            Some(None) => Text::empty(),
            Some(Some((path, append))) => {
                self.write_down(output, path, *append);
                Text::empty()
            }
        }
    }

    /// Notes what a file gets.
    fn write_down(&mut self, output: Text, path: &Text, append: bool) {
        let Some(exact) = path.exact().filter(|_| self.elsewhere.is_none()) else {
            return;
        };
        let Some(path) = self.directory().join(exact) else {
            self.world.write_somewhere(base_name(exact));
            return;
        };
        if !path.starts_with("/dev") {
            self.world.write(&path, output.exact(), append, true);
            if !output.is_empty() {
                let written = Written {
                    path: Text::known(path.to_string_lossy()),
                    content: if append {
                        Content::Added(output)
                    } else {
                        Content::Whole(output)
                    },
                    location: self.current.clone(),
                };
                let stdin = self.state.stdin.clone();
                let location = self.current.clone();
                let by = self.command(Vec::new(), Vec::new(), stdin, location);
                self.sink.written(written, by, self.nesting);
            }
        }
    }
}
