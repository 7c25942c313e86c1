//! What `echo` and zsh's `print` print where they are not as bash's `echo`.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;
use crate::resolve::text::{Part, Text};
use crate::world::World;

/// Which escapes a backslash begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    /// dash's `echo`: `\n`, `\162`, `\0162`.
    Dash,
    /// zsh's `echo`: `\n`, `\0162`, `\x72`.
    Zsh,
    /// zsh's `print`: any other backslash is taken away.
    Print,
}

impl Interpreter<'_> {
    /// The output of a builtin that this shell has its own rules for; `None` for all others.
    pub(in crate::resolve) fn printed(&mut self, name: &str, argv: &[Argument]) -> Option<Text> {
        let operands = argv.get(1..).unwrap_or_default();
        let dialect = self.state.dialect;
        match name {
            "echo" if dialect.is_zsh() => Some(zsh_echo(operands, dialect.echo_escapes())),
            "echo" if dialect.echo_escapes() => {
                let newline = !is_word(operands.first(), "-n");
                let operands = operands.get(usize::from(!newline)..).unwrap_or_default();
                Some(written(operands, Escapes::Dash, " ", newline))
            }
            "print" if dialect.is_zsh() => Some(self.print(operands)),
            "declare" | "typeset" if !dialect.is_zsh() => self.listed(operands),
            "printenv" | "which" | "ls" => {
                let [operand] = operands else { return None };
                let text = self.looked_up(name, operand.value.exact()?)?;
                Some(Text::known(text + "\n"))
            }
            _ => None,
        }
    }

    /// A variable, the file of a program, the only name in a directory.
    fn looked_up(&self, name: &str, operand: &str) -> Option<String> {
        if self.elsewhere.is_some() || operand.starts_with('-') {
            return None;
        }
        match name {
            "printenv" => {
                let value = self.state.environment.get(self.world, operand)?;
                value.exact().map(str::to_owned)
            }
            "which" if !operand.contains('/') => {
                let path = self.program_path(operand);
                path.exact()
                    .filter(|path| path.starts_with('/'))
                    .map(str::to_owned)
            }
            "ls" => {
                let path = self.directory().join(operand)?;
                let (names, more) = self
                    .world
                    .list(&path, 2)
                    .filter(|_| self.world.is_made(&path))?;
                match names.as_slice() {
                    [only] if !more && !only.starts_with('.') => Some(only.clone()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn print(&mut self, operands: &[Argument]) -> Text {
        let mut escapes = Escapes::Print;
        let (mut newline, mut separator) = (true, " ");
        let mut rest = operands;
        while let Some((first, others)) = rest.split_first() {
            let Some(flags) = first.value.exact().and_then(|text| text.strip_prefix('-')) else {
                break;
            };
            rest = others;
            if matches!(flags, "" | "-") {
                break;
            }
            for flag in flags.chars() {
                match flag {
                    'r' => escapes = Escapes::None,
                    'n' => newline = false,
                    'l' => separator = "\n",
                    'P' => {
                        // Prompts may hold substitutions, which run.
                        for operand in rest {
                            self.expand_again(&operand.value, "print -P");
                        }
                        return Text::unknown("print -P");
                    }
                    _ => return Text::unknown(format!("print -{flags}")),
                }
            }
        }
        written(rest, escapes, separator, newline)
    }
}

fn is_word(argument: Option<&Argument>, word: &str) -> bool {
    argument.is_some_and(|argument| argument.value.exact() == Some(word))
}

fn zsh_echo(operands: &[Argument], mut escapes: bool) -> Text {
    let mut newline = true;
    let mut rest = operands;
    while let Some((first, others)) = rest.split_first() {
        let Some(flags) = first.value.exact().and_then(|text| text.strip_prefix('-')) else {
            break;
        };
        if !flags.chars().all(|flag| "neE".contains(flag)) {
            break;
        }
        rest = others;
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        if flags.is_empty() {
            break;
        }
    }
    let escapes = if escapes { Escapes::Zsh } else { Escapes::None };
    written(rest, escapes, " ", newline)
}

fn written(operands: &[Argument], escapes: Escapes, separator: &str, newline: bool) -> Text {
    let mut text = Text::empty();
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            text.push_known(separator);
        }
        for part in operand.value.parts() {
            match part {
                Part::Known(known) => match unescaped(known, escapes) {
                    Some(known) => text.push_known(&known),
                    None => text.push(Part::Unknown(known.clone())),
                },
                Part::Glob(pattern) => text.push(Part::Unknown(pattern.clone())),
                Part::Unknown(_) => text.push(part.clone()),
            }
        }
    }
    if newline {
        text.push_known("\n");
    }
    text
}

/// `None` where an escape ends the output or is none that is known here.
fn unescaped(text: &str, escapes: Escapes) -> Option<String> {
    if escapes == Escapes::None || !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        result.push_str(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        let Some(letter) = rest.chars().next() else {
            result.push('\\');
            break;
        };
        let digits = |from: &str, radix: u32, most: usize| {
            let count = from
                .chars()
                .take(most)
                .take_while(|digit| digit.is_digit(radix))
                .count();
            let code = u32::from_str_radix(from.get(..count)?, radix).ok()?;
            // Beyond ASCII it is a byte of some character.
            let letter = char::from_u32(code).filter(|letter| letter.is_ascii() && code > 0)?;
            Some((letter, count))
        };
        let after = rest.get(letter.len_utf8()..)?;
        let (replaced, used) = match letter {
            'a' => ('\u{7}', 1),
            'b' => ('\u{8}', 1),
            'f' => ('\u{c}', 1),
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            'v' => ('\u{b}', 1),
            '\\' => ('\\', 1),
            'e' => ('\u{1b}', 1),
            'c' => return None,
            '0' if escapes != Escapes::Print => {
                let (letter, count) = digits(after, 8, 3)?;
                (letter, 1 + count)
            }
            '0'..='7' if escapes != Escapes::Zsh => {
                let (letter, count) = digits(rest, 8, 3)?;
                (letter, count)
            }
            'x' if escapes != Escapes::Dash => {
                let (letter, count) = digits(after, 16, 2)?;
                (letter, 1 + count)
            }
            'u' if escapes != Escapes::Dash => {
                let (letter, count) = digits(after, 16, 4)?;
                (letter, 1 + count)
            }
            'M' | 'C' | 'E' | 'U' => return None,
            other => {
                if escapes != Escapes::Print {
                    result.push('\\');
                }
                (other, other.len_utf8())
            }
        };
        result.push(replaced);
        rest = rest.get(used..)?;
    }
    result.push_str(rest);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_its_own_escapes() {
        for (text, escapes, expected) in [
            (r"a\tb", Escapes::Dash, Some("a\tb")),
            (r"\162m", Escapes::Dash, Some("rm")),
            (r"\162m", Escapes::Zsh, Some(r"\162m")),
            (r"\0162m", Escapes::Zsh, Some("rm")),
            (r"\x72m", Escapes::Zsh, Some("rm")),
            (r"\x72m", Escapes::Dash, Some(r"\x72m")),
            (r"\x72\qm", Escapes::Print, Some("rqm")),
            (r"a\cb", Escapes::Zsh, None),
            (r"a\", Escapes::Zsh, Some(r"a\")),
        ] {
            assert_eq!(unescaped(text, escapes).as_deref(), expected, "{text}");
        }
    }
}
