//! What programs print that only compute: their output is known when their input is.

pub(crate) mod decode;
mod filter;
mod line;
mod print;

use super::command::{Argument, Directory, Stdin, base_name};
use super::text::{Part, Text};
use crate::world::Overlay;

/// The standard output of a command, as far as it is known without running it.
pub(super) fn output(
    argv: &[Argument],
    stdin: &Stdin,
    directory: &Directory,
    world: &Overlay<'_>,
) -> Text {
    let shown = || {
        let words: Vec<_> = argv
            .iter()
            .map(|argument| argument.value.display())
            .collect();
        Text::unknown(words.join(" "))
    };
    let Some(program) = argv.first().and_then(|word| word.value.exact()) else {
        return shown();
    };
    let base = base_name(program);
    let operands = argv.get(1..).unwrap_or_default();
    if prints_nothing(base, operands) {
        return Text::empty();
    }
    if base == "echo" {
        return print::echo(operands);
    }
    if base == "printf" {
        return print::printf(operands).unwrap_or_else(shown);
    }
    if operands.iter().any(|operand| operand.splits) {
        return shown();
    }
    let words: Option<Vec<&str>> = operands
        .iter()
        .map(|operand| operand.value.exact())
        .collect();
    let Some(words) = words else { return shown() };
    let computed = match (base, words.as_slice()) {
        ("pwd", []) => directory
            .known()
            .map(|path| format!("{}\n", path.display())),
        ("basename", [path]) if !path.starts_with('-') => Some(name_of(path, "") + "\n"),
        ("basename", [path, suffix]) if !path.starts_with('-') => {
            Some(name_of(path, suffix) + "\n")
        }
        ("dirname", [path]) if !path.starts_with('-') => Some(parent_of(path) + "\n"),
        ("seq", numbers) => print::sequence(numbers),
        (_, words) if let Some(text) = line::spoken(base, words) => Some(text),
        _ => return filter::output(base, &words, stdin, directory, world).unwrap_or_else(shown),
    };
    computed.map_or_else(shown, Text::known)
}

/// Whether the command writes nothing to its standard output.
fn prints_nothing(base: &str, operands: &[Argument]) -> bool {
    let first = operands.first().map(|operand| operand.value.exact());
    match base {
        "true" | "false" | ":" | "test" | "[" | "sleep" | "touch" => true,
        // With nothing to do, or a flag that says so, they list.
        "export" | "set" | "shopt" | "unset" => {
            first.is_some_and(|word| word.is_some_and(|word| !matches!(word, "-p" | "-o" | "+o")))
        }
        // `cd -` says where it went.
        "cd" => first.is_none_or(|word| word.is_some_and(|word| word != "-")),
        "mkdir" | "kill" => !operands.iter().any(|operand| {
            let word = operand.value.known_prefix();
            word.starts_with('-') && word.contains(['v', 'l', 'L'])
        }),
        _ => false,
    }
}

fn name_of(path: &str, suffix: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && !path.is_empty() {
        return "/".to_owned();
    }
    let name = trimmed.rsplit('/').next().unwrap_or_default();
    let short = name
        .strip_suffix(suffix)
        .filter(|short| !short.is_empty())
        .unwrap_or(name);
    short.to_owned()
}

fn parent_of(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" }.to_owned();
    }
    let Some((parent, _)) = trimmed.rsplit_once('/') else {
        return ".".to_owned();
    };
    match parent.trim_end_matches('/') {
        "" => "/".to_owned(),
        parent => parent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        for (path, suffix, name) in [
            ("/a/b.txt", ".txt", "b"),
            ("a/b/", "", "b"),
            (".txt", ".txt", ".txt"),
            ("//", "", "/"),
            ("", "", ""),
        ] {
            assert_eq!(name_of(path, suffix), name, "{path}");
        }
        for (path, parent) in [
            ("a/b/c", "a/b"),
            ("a", "."),
            ("/a", "/"),
            ("a//b", "a"),
            ("/", "/"),
            ("", "."),
        ] {
            assert_eq!(parent_of(path), parent, "{path}");
        }
    }
}
