//! zsh's own option parsing: letters, `-o name` (also attached), and every option as a long one.

use std::ffi::OsStr;

use super::shell_line::{Input, LineError, ShellLine, shown};

/// What the command line says beside options.
#[derive(Default)]
struct Reader {
    command: bool,
    /// `-b`: no options after this word.
    last: bool,
    /// It prints something about itself and ends.
    nothing: bool,
}

pub(super) fn read(mut line: ShellLine, words: &[&OsStr]) -> Result<ShellLine, LineError> {
    let mut reader = Reader::default();
    let mut next = 1;
    while let Some(word) = words.get(next) {
        let bytes = word.as_encoded_bytes();
        let on = match bytes.first() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => break,
        };
        next += 1;
        if matches!(bytes, b"-" | b"+" | b"--") {
            break;
        }
        let used = reader.word(&mut line, words, next, on)?;
        next += used;
        if reader.last || reader.nothing {
            break;
        }
    }
    operands(&mut line, words, next, reader.command)?;
    if reader.nothing || (line.is_set("noexec") && !line.interactive) {
        line.input = Input::Nothing;
    }
    Ok(line)
}

impl Reader {
    /// Reads the option word before `next`; returns how many words after it are its values.
    fn word(
        &mut self,
        line: &mut ShellLine,
        words: &[&OsStr],
        next: usize,
        on: bool,
    ) -> Result<usize, LineError> {
        let word = words.get(next - 1).copied().unwrap_or_default();
        let bytes = word.as_encoded_bytes();
        if let Some(name) = bytes.strip_prefix(b"--") {
            return self.long(line, words, next, name);
        }
        for (at, letter) in bytes.iter().enumerate().skip(1) {
            match letter {
                b'c' => self.command = true,
                b'b' if !line.posix => self.last = true,
                b'o' => {
                    let attached = bytes.get(at + 1..).unwrap_or_default();
                    if !attached.is_empty() {
                        named(line, &String::from_utf8_lossy(attached), on);
                        return Ok(0);
                    }
                    let Some(value) = words.get(next) else {
                        return Err(LineError::MissingValue(shown(word)));
                    };
                    named(line, &shown(value), on);
                    return Ok(1);
                }
                b'i' => line.interactive = on,
                b'l' => line.login = on,
                b'p' => line.privileged = on,
                b's' => line.set("shinstdin", on),
                b'n' => line.set("noexec", on),
                b'f' if !line.posix => line.no_rc = on,
                b'-' if bytes.get(at + 1).is_none() => {
                    // `-x-`: the end of the options.
                    self.last = true;
                }
                letter if letter.is_ascii_whitespace() => break,
                letter if letter.is_ascii_alphanumeric() => line.set(char::from(*letter), on),
                _ => return Err(LineError::UnknownOption(shown(word))),
            }
        }
        Ok(0)
    }

    fn long(
        &mut self,
        line: &mut ShellLine,
        words: &[&OsStr],
        next: usize,
        name: &[u8],
    ) -> Result<usize, LineError> {
        match name {
            b"version" | b"help" => self.nothing = true,
            b"emulate" => {
                let Some(shell) = words.get(next) else {
                    return Err(LineError::MissingValue("--emulate".to_owned()));
                };
                line.posix = matches!(shell.as_encoded_bytes().first(), Some(b's' | b'k' | b'b'));
                return Ok(1);
            }
            _ => named(line, &String::from_utf8_lossy(name).replace('-', "_"), true),
        }
        Ok(0)
    }
}

/// zsh ignores case and underscores in names, and takes a leading `no` for the opposite.
fn named(line: &mut ShellLine, name: &str, on: bool) {
    let plain: String = name
        .chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let (plain, on) = match plain.strip_prefix("no") {
        // `notify` and `nomatch` begin with `no`, and are set by their own names.
        Some(rest) if !matches!(plain.as_str(), "notify" | "nomatch") => (rest.to_owned(), !on),
        _ => (plain, on),
    };
    match plain.as_str() {
        "interactive" => line.interactive = on,
        "login" | "loginshell" => line.login = on,
        "privileged" => line.privileged = on,
        "rcs" => line.no_rc = !on,
        "stdin" => line.set("shinstdin", on),
        "exec" => line.set("noexec", !on),
        _ => line.set(plain, on),
    }
}

fn operands(
    line: &mut ShellLine,
    words: &[&OsStr],
    first: usize,
    command: bool,
) -> Result<(), LineError> {
    let given = |index: usize| words.get(index).is_some();
    let stdin = line.is_set("shinstdin");
    let after_text = if command { first + 1 } else { first };
    if command {
        if !given(first) {
            return Err(LineError::MissingValue("-c".to_owned()));
        }
        line.input = Input::Text(first);
    } else if given(first) && !stdin {
        line.input = Input::Script(first);
    }
    if given(after_text) && !stdin {
        line.zero = after_text;
        line.parameters = after_text + 1;
    } else {
        line.parameters = after_text;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Flavor;
    use super::*;

    #[test]
    fn where_the_text_stands() {
        let cases: &[(&[&str], Input, usize, usize)] = &[
            (&["zsh", "-c", "t"], Input::Text(2), 0, 3),
            (&["zsh", "-fc", "t", "n", "a"], Input::Text(2), 3, 4),
            (&["zsh", "-c", "-l", "t"], Input::Text(3), 0, 4),
            (&["zsh", "+c", "t"], Input::Text(2), 0, 3),
            (&["zsh", "-c", "-", "t"], Input::Text(3), 0, 4),
            (&["zsh", "-oextendedglob", "-c", "t"], Input::Text(3), 0, 4),
            (&["zsh", "-co", "extendedglob", "t"], Input::Text(3), 0, 4),
            (&["zsh", "--extended-glob", "-c", "t"], Input::Text(3), 0, 4),
            (&["zsh", "--emulate", "sh", "-c", "t"], Input::Text(4), 0, 5),
            (&["zsh", "-bc", "t", "-x"], Input::Text(2), 3, 4),
            (&["zsh", "-b", "-c", "t"], Input::Script(2), 2, 3),
            (&["zsh", "-sc", "t", "a"], Input::Text(2), 0, 3),
            (&["zsh", "-s", "a"], Input::Stdin, 0, 2),
            (&["zsh", "-o", "SH_IN_STDIN", "a"], Input::Stdin, 0, 3),
            (&["zsh", "-o", "shin_stdin", "a"], Input::Stdin, 0, 3),
            (&["zsh", "-", "-c"], Input::Script(2), 2, 3),
            (&["zsh", "f", "-c", "t"], Input::Script(1), 1, 2),
            (&["zsh", "-nc", "t"], Input::Nothing, 0, 3),
            (&["zsh", "-o", "NO_EXEC", "-c", "t"], Input::Nothing, 0, 5),
            (&["zsh", "+o", "exec", "f"], Input::Nothing, 3, 4),
            (&["zsh", "+n", "-c", "t"], Input::Text(3), 0, 4),
            (&["zsh", "--version"], Input::Nothing, 0, 2),
        ];
        for (words, input, zero, parameters) in cases {
            let line = ShellLine::read(Flavor::Zsh, words)
                .unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(
                (line.input, line.zero, line.parameters),
                (*input, *zero, *parameters),
                "{words:?}"
            );
        }
    }
}
