//! bash's own option parsing: long options first, then clusters of letters, then operands.

use std::ffi::OsStr;

use super::shell_line::{Input, LineError, ShellLine, shown};

/// The letters that `set` knows, besides the ones that mean something at start-up only.
const SET_LETTERS: &[u8] = b"abefhkmptuvxBCEHPT";

/// What letters and long options ask for, before the operands are looked at.
#[derive(Default)]
struct Wishes {
    command: bool,
    stdin: bool,
    /// It prints something about itself, or the script's strings, and ends.
    nothing: bool,
}

pub(super) fn read(mut line: ShellLine, words: &[&OsStr]) -> Result<ShellLine, LineError> {
    let mut wishes = Wishes::default();
    let next = long_options(&mut line, words, &mut wishes)?;
    if wishes.nothing && (line.is_set("help") || line.is_set("version")) {
        line.input = Input::Nothing;
        return Ok(line);
    }
    let next = letters(&mut line, words, next, &mut wishes)?;
    operands(&mut line, words, next, &wishes)?;
    if wishes.nothing || (line.is_set("noexec") && !line.interactive) {
        line.input = Input::Nothing;
    }
    Ok(line)
}

/// Reads words such as `--norc` (`-norc` is the same) and returns the index after them.
fn long_options(
    line: &mut ShellLine,
    words: &[&OsStr],
    wishes: &mut Wishes,
) -> Result<usize, LineError> {
    let mut next = 1;
    while let Some(word) = words.get(next) {
        let bytes = word.as_encoded_bytes();
        let (double, name) = match bytes.strip_prefix(b"--") {
            Some(name) => (true, name),
            None => match bytes.strip_prefix(b"-") {
                Some(name) => (false, name),
                None => break,
            },
        };
        match name {
            b"login" => line.login = true,
            b"noprofile" => line.no_profile = true,
            b"norc" => line.no_rc = true,
            b"posix" => {
                line.posix = true;
                line.set("posix", true);
            }
            b"rcfile" | b"init-file" => {
                next += 1;
                if words.get(next).is_none() {
                    return Err(LineError::MissingValue(shown(word)));
                }
                line.rc_file = Some(next);
            }
            b"help" | b"version" => {
                wishes.nothing = true;
                line.set(String::from_utf8_lossy(name), true);
            }
            b"dump-strings" | b"dump-po-strings" => wishes.nothing = true,
            b"debug" | b"debugger" | b"noediting" | b"pretty-print" | b"protected"
            | b"restricted" | b"verbose" => line.set(String::from_utf8_lossy(name), true),
            b"" => break,
            _ if double => return Err(LineError::UnknownOption(shown(word))),
            _ => break,
        }
        next += 1;
    }
    Ok(next)
}

/// Reads clusters such as `-ec` or `+O` and returns the index of the first operand. The value of
/// `o` and `O` is the next word that is not taken yet, wherever in its cluster the letter stands.
fn letters(
    line: &mut ShellLine,
    words: &[&OsStr],
    mut next: usize,
    wishes: &mut Wishes,
) -> Result<usize, LineError> {
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
                b'c' => wishes.command = true,
                b's' => wishes.stdin = true,
                b'l' => line.login = true,
                b'i' => line.interactive = on,
                b'D' => wishes.nothing = true,
                b'n' => line.set("noexec", on),
                b'r' => line.set("restricted", on),
                b'o' | b'O' => {
                    // Without a value the options are listed, and the shell goes on.
                    if let Some(value) = words.get(next) {
                        named(line, &shown(value), on);
                        next += 1;
                    }
                }
                b'p' => line.privileged = on,
                letter if SET_LETTERS.contains(letter) => {
                    line.set(char::from(*letter), on);
                }
                _ => return Err(LineError::UnknownOption(shown(word))),
            }
        }
    }
    Ok(next)
}

fn named(line: &mut ShellLine, name: &str, on: bool) {
    match name {
        "posix" => line.posix = on,
        "privileged" => line.privileged = on,
        _ => {}
    }
    line.set(name, on);
}

fn operands(
    line: &mut ShellLine,
    words: &[&OsStr],
    first: usize,
    wishes: &Wishes,
) -> Result<(), LineError> {
    let given = |index: usize| words.get(index).is_some();
    if wishes.command {
        if !given(first) {
            return Err(LineError::MissingValue("-c".to_owned()));
        }
        line.input = Input::Text(first);
        line.zero = if given(first + 1) { first + 1 } else { 0 };
        line.parameters = first + 2;
    } else if given(first) && !wishes.stdin {
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

    fn line(words: &[&str]) -> Result<ShellLine, LineError> {
        ShellLine::read(Flavor::Bash, words)
    }

    #[test]
    fn where_the_text_stands() {
        let cases: &[(&[&str], Input, usize, usize)] = &[
            (&["bash", "-c", "t"], Input::Text(2), 0, 4),
            (&["bash", "-lc", "t"], Input::Text(2), 0, 4),
            (&["bash", "-c", "-l", "t", "n", "a"], Input::Text(3), 4, 5),
            (&["bash", "-cl", "--", "t", "n"], Input::Text(3), 4, 5),
            (&["bash", "-c", "-", "--", "t"], Input::Text(3), 4, 5),
            (&["bash", "+c", "t"], Input::Text(2), 0, 4),
            (&["bash", "-co", "pipefail", "t"], Input::Text(3), 0, 5),
            (&["bash", "-oc", "pipefail", "t"], Input::Text(3), 0, 5),
            (&["bash", "-oOc", "a", "b", "t"], Input::Text(4), 0, 6),
            (&["bash", "+O", "extglob", "-ec", "t"], Input::Text(4), 0, 6),
            (
                &["bash", "--rcfile", "-c", "-ic", "t"],
                Input::Text(4),
                0,
                6,
            ),
            (
                &["bash", "-norc", "-login", "-c", "t"],
                Input::Text(4),
                0,
                6,
            ),
            (&["bash", "-sc", "t", "n"], Input::Text(2), 3, 4),
            (&["bash", "-c", ""], Input::Text(2), 0, 4),
            (&["bash"], Input::Stdin, 0, 1),
            (&["bash", "-"], Input::Stdin, 0, 2),
            (&["bash", "-s", "a"], Input::Stdin, 0, 2),
            (&["bash", "-o"], Input::Stdin, 0, 2),
            (&["bash", "--", "-c"], Input::Script(2), 2, 3),
            (&["bash", "-", "-c"], Input::Script(2), 2, 3),
            (&["bash", "f", "-c", "t"], Input::Script(1), 1, 2),
            (&["bash", "-x", "f", "a"], Input::Script(2), 2, 3),
            (&["bash", "-n", "f"], Input::Nothing, 2, 3),
            (&["bash", "-n", "+n", "f"], Input::Script(3), 3, 4),
            (&["bash", "-D", "f"], Input::Nothing, 2, 3),
            (&["bash", "--version", "-c", "t"], Input::Nothing, 0, 1),
            (&["bash", "--pretty-print", "-c", "t"], Input::Text(3), 0, 5),
        ];
        for (words, input, zero, parameters) in cases {
            let line = line(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(
                (line.input, line.zero, line.parameters),
                (*input, *zero, *parameters),
                "{words:?}"
            );
        }
    }

    #[test]
    fn what_bash_refuses_is_no_line() {
        let cases: &[&[&str]] = &[
            &["bash", "-c"],
            &["bash", "-c", "--norc", "t"],
            &["bash", "--wordexp", "t"],
            &["bash", "-Z"],
            &["bash", "--rcfile"],
        ];
        for words in cases {
            assert!(line(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn who_talks_to_a_person() {
        let on_terminal = |words: &[&str]| line(words).unwrap().is_interactive([true; 3]);
        assert!(on_terminal(&["bash"]));
        assert!(on_terminal(&["-bash"]));
        assert!(on_terminal(&["bash", "-s", "a"]));
        assert!(on_terminal(&["bash", "--init-file", "f"]));
        assert!(on_terminal(&["bash", "-ic", "t"]));
        assert!(!on_terminal(&["bash", "-i", "+i", "-c", "t"]));
        assert!(!on_terminal(&["bash", "-c", "t"]));
        assert!(!on_terminal(&["bash", "f"]));
        assert!(!line(&["bash"]).unwrap().is_interactive([true, true, false]));
        assert!(!line(&["bash"]).unwrap().is_interactive([false; 3]));
    }
}
