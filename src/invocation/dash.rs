//! dash's own option parsing: clusters of letters, then operands; no long options.

use std::ffi::OsStr;

use super::shell_line::{Input, LineError, ShellLine, shown};

const SET_LETTERS: &[u8] = b"aCefmnuvxIqVEbp";

pub(super) fn read(mut line: ShellLine, words: &[&OsStr]) -> Result<ShellLine, LineError> {
    let mut command = false;
    let mut next = 1;
    while let Some(word) = words.get(next) {
        let bytes = word.as_encoded_bytes();
        let on = match bytes.first() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => break,
        };
        next += 1;
        if bytes == b"-" || bytes == b"--" {
            break;
        }
        for letter in bytes.iter().skip(1) {
            match letter {
                b'c' => command = true,
                b'l' => line.login = true,
                b'i' => line.interactive = on,
                b's' => line.set("stdin", on),
                b'n' => line.set("noexec", on),
                b'o' => {
                    if let Some(value) = words.get(next) {
                        match value.to_str() {
                            Some("interactive") => line.interactive = on,
                            _ => line.set(shown(value), on),
                        }
                        next += 1;
                    }
                }
                letter if SET_LETTERS.contains(letter) => line.set(char::from(*letter), on),
                _ => return Err(LineError::UnknownOption(shown(word))),
            }
        }
    }
    operands(&mut line, words, next, command)?;
    if line.is_set("noexec") && !line.interactive {
        line.input = Input::Nothing;
    }
    Ok(line)
}

fn operands(
    line: &mut ShellLine,
    words: &[&OsStr],
    first: usize,
    command: bool,
) -> Result<(), LineError> {
    let given = |index: usize| words.get(index).is_some();
    let stdin = line.is_set("stdin");
    if command {
        if !given(first) {
            return Err(LineError::MissingValue("-c".to_owned()));
        }
        line.input = if stdin {
            Input::TextThenStdin(first)
        } else {
            Input::Text(first)
        };
        line.zero = if given(first + 1) { first + 1 } else { 0 };
        line.parameters = first + 2;
    } else if given(first) && !stdin {
        line.input = Input::Script(first);
        line.zero = first;
        line.parameters = first + 1;
    } else {
        line.parameters = first;
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
            (&["sh", "-c", "t"], Input::Text(2), 0, 4),
            (&["sh", "-ec", "t", "n", "a"], Input::Text(2), 3, 4),
            (&["sh", "-c", "-l", "t"], Input::Text(3), 0, 5),
            (&["sh", "+c", "t", "n"], Input::Text(2), 3, 4),
            (&["sh", "-co", "nounset", "t"], Input::Text(3), 0, 5),
            (&["sh", "-sc", "t", "n", "a"], Input::TextThenStdin(2), 3, 4),
            (&["sh", "-c", "--", "-x"], Input::Text(3), 0, 5),
            (&["sh", "-s", "a"], Input::Stdin, 0, 2),
            (&["sh", "-o", "stdin", "a"], Input::Stdin, 0, 3),
            (&["sh", "+s", "a"], Input::Script(2), 2, 3),
            (&["sh", "-"], Input::Stdin, 0, 2),
            (&["sh", "f", "-c"], Input::Script(1), 1, 2),
            (&["sh", "-n", "f"], Input::Nothing, 2, 3),
            (
                &["sh", "-c", "-o", "noexec", "+n", "t"],
                Input::Text(5),
                0,
                7,
            ),
        ];
        for (words, input, zero, parameters) in cases {
            let line = ShellLine::read(Flavor::Dash, words)
                .unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(
                (line.input, line.zero, line.parameters),
                (*input, *zero, *parameters),
                "{words:?}"
            );
        }
        let refused: &[&[&str]] = &[&["sh", "--login"], &["sh", "-c"], &["sh", "-tc", "t"]];
        for words in refused {
            assert!(ShellLine::read(Flavor::Dash, words).is_err(), "{words:?}");
        }
    }
}
