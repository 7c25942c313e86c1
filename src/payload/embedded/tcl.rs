//! Tcl as `tclsh` and `expect` read it: `exec`, `spawn`, `system`, `file delete`, `open`.

use std::iter::Peekable;
use std::str::Chars;

use super::Reading;

/// Scripts within scripts.
const DEPTH: usize = 60;

pub(super) fn read(text: &str, found: &mut Reading<'_>) {
    script(text, found, 0);
}

#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    /// `{…}`: it may be a script of its own.
    braced: bool,
}

fn script(text: &str, found: &mut Reading<'_>, depth: usize) {
    if depth >= DEPTH {
        found.opaque("scripts are nested too deeply to follow".to_owned());
        return;
    }
    let mut letters = text.chars().peekable();
    let mut words: Vec<Word> = Vec::new();
    while let Some(&letter) = letters.peek() {
        match letter {
            '\n' | ';' => {
                letters.next();
                command(&std::mem::take(&mut words), found, depth);
            }
            '#' if words.is_empty() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '\\' if is_continued(&letters) => {
                letters.next();
                letters.next();
            }
            letter if letter.is_whitespace() => {
                letters.next();
            }
            _ => words.push(word(&mut letters, found, depth)),
        }
    }
    command(&words, found, depth);
}

fn is_continued(letters: &Peekable<Chars<'_>>) -> bool {
    letters.clone().nth(1) == Some('\n')
}

fn word(letters: &mut Peekable<Chars<'_>>, found: &mut Reading<'_>, depth: usize) -> Word {
    let mut word = Word::default();
    let quoted = letters.next_if_eq(&'"').is_some();
    if !quoted && letters.next_if_eq(&'{').is_some() {
        word.braced = true;
        word.text = nested(letters, '{', '}');
        return word;
    }
    while let Some(letter) =
        letters.next_if(|letter| quoted || !(letter.is_whitespace() || *letter == ';'))
    {
        match letter {
            '"' if quoted => break,
            '[' => {
                let inner = nested(letters, '[', ']');
                script(&inner, found, depth + 1);
                let hole = found.holes.mark(&format!("[{inner}]"));
                word.text.push_str(&hole);
            }
            '$' if letters
                .peek()
                .is_some_and(|next| next.is_alphanumeric() || matches!(next, '_' | '{' | ':')) =>
            {
                let mut name = String::new();
                if letters.next_if_eq(&'{').is_some() {
                    name = nested(letters, '{', '}');
                } else {
                    while let Some(letter) =
                        letters.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | ':'))
                    {
                        name.push(letter);
                    }
                }
                let hole = found.holes.mark(&format!("${name}"));
                word.text.push_str(&hole);
            }
            '\\' => match letters.next() {
                Some('n') => word.text.push('\n'),
                Some('\n') | None => word.text.push(' '),
                Some(other) => word.text.push(other),
            },
            other => word.text.push(other),
        }
    }
    word
}

/// Up to the closing sign, with those between that open and close.
fn nested(letters: &mut Peekable<Chars<'_>>, open: char, close: char) -> String {
    let mut text = String::new();
    let mut depth = 1;
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            text.push(letter);
            text.extend(letters.next());
            continue;
        }
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                break;
            }
        }
        text.push(letter);
    }
    text
}

fn command(words: &[Word], found: &mut Reading<'_>, depth: usize) {
    let Some(first) = words.first() else {
        return;
    };
    let texts = |from: usize| -> Vec<String> {
        words
            .iter()
            .skip(from)
            .map(|word| word.text.clone())
            .collect()
    };
    let second = words.get(1).map_or("", |word| word.text.as_str());
    match first.text.as_str() {
        "exec" | "spawn" | "overlay" => {
            let rest = texts(1);
            let argv: Vec<String> = rest
                .into_iter()
                .skip_while(|word| word.starts_with('-'))
                .collect();
            // A pipe between its words, or where its output goes.
            for part in argv.split(|word| matches!(word.as_str(), "|" | "|&")) {
                let words = part
                    .iter()
                    .take_while(|word| !word.starts_with(['<', '>', '2']) && *word != "&");
                let words: Vec<String> = words.cloned().collect();
                if !words.is_empty() {
                    found.argv(&words);
                }
            }
        }
        "system" => found.shell(&texts(1).join(" ")),
        "eval" | "uplevel" | "subst" => script(&texts(1).join(" "), found, depth + 1),
        "source" => found.file(crate::rules::schema::Embedded::Tcl, second),
        "open" => match second.trim_start().strip_prefix('|') {
            Some(shell) => found.shell(shell),
            None if words.get(2).is_some_and(|mode| mode.text.starts_with('w')) => {
                found.writes(second);
            }
            None => {}
        },
        "file" if second == "delete" => {
            for path in texts(2).iter().filter(|path| !path.starts_with('-')) {
                found.deletes(path);
            }
        }
        "file" if matches!(second, "rename" | "copy") => {
            if let Some(path) = texts(2).last() {
                found.writes(path);
            }
        }
        "send" | "puts" | "set" | "regexp" | "log_user" | "send_user" => {}
        _ => {
            for word in words.iter().skip(1).filter(|word| word.braced) {
                script(&word.text, found, depth + 1);
            }
        }
    }
}
