//! Emacs Lisp: calls that run programs, delete files or write them.

use super::Reading;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    List(Vec<Value>),
    String(String),
    Symbol(String),
}

/// Lists within lists.
const DEPTH: usize = 200;

pub(super) fn read(text: &str, found: &mut Reading<'_>) {
    let mut letters = text.chars().peekable();
    while letters.peek().is_some() {
        let value = value(&mut letters, 0);
        if let Some(value) = value {
            look(&value, found);
        }
    }
}

fn value(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, depth: usize) -> Option<Value> {
    loop {
        match letters.next()? {
            letter if letter.is_whitespace() || matches!(letter, '\'' | '`' | ',' | '#' | '@') => {}
            ';' => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '(' | '[' if depth < DEPTH => {
                let mut list = Vec::new();
                loop {
                    while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
                    match letters.peek() {
                        None => break,
                        Some(')' | ']') => {
                            letters.next();
                            break;
                        }
                        Some(_) => match value(letters, depth + 1) {
                            Some(value) => list.push(value),
                            None => break,
                        },
                    }
                }
                return Some(Value::List(list));
            }
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next() {
                    match letter {
                        '"' => break,
                        '\\' => match letters.next() {
                            Some('n') => text.push('\n'),
                            Some('\n') | None => {}
                            Some(other) => text.push(other),
                        },
                        other => text.push(other),
                    }
                }
                return Some(Value::String(text));
            }
            // One that is open at the end, or closes nothing.
            ')' | ']' | '(' | '[' => return Some(Value::Symbol(String::new())),
            first => {
                let mut symbol = String::from(first);
                while let Some(letter) = letters.next_if(|letter| {
                    !letter.is_whitespace() && !matches!(letter, '(' | ')' | '[' | ']' | '"' | ';')
                }) {
                    symbol.push(letter);
                }
                return Some(Value::Symbol(symbol));
            }
        }
    }
}

fn look(value: &Value, found: &mut Reading<'_>) {
    let Value::List(list) = value else {
        return;
    };
    if let Some(Value::Symbol(name)) = list.first() {
        call(name, list.get(1..).unwrap_or_default(), found);
    }
    for inner in list {
        look(inner, found);
    }
}

fn call(name: &str, arguments: &[Value], found: &mut Reading<'_>) {
    let string = |index: usize| match arguments.get(index) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let unknown = |found: &mut Reading<'_>| {
        found.opaque(format!("what `{name}` gets is known only when it runs"));
    };
    match name {
        "shell-command"
        | "async-shell-command"
        | "shell-command-to-string"
        | "call-process-shell-command"
        | "process-file-shell-command"
        | "shell-command-on-region"
        | "start-process-shell-command"
        | "start-file-process-shell-command"
        | "compile" => {
            let at = if name.starts_with("start-") || name.ends_with("-region") {
                2
            } else {
                0
            };
            match string(at) {
                Some(text) => found.shell(&text),
                None => unknown(found),
            }
        }
        "call-process"
        | "process-file"
        | "start-process"
        | "start-file-process"
        | "call-process-region" => {
            let (program, rest) = match name {
                "start-process" | "start-file-process" => (2, 3),
                "call-process-region" => (2, 6),
                _ => (0, 4),
            };
            let words = std::iter::once(string(program)).chain((rest..arguments.len()).map(string));
            match words.collect::<Option<Vec<String>>>() {
                Some(words) => found.argv(&words),
                None => unknown(found),
            }
        }
        "delete-file" | "delete-directory" | "dired-delete-file" => match string(0) {
            Some(path) => found.deletes(&path),
            None => unknown(found),
        },
        "write-region" => {
            if let Some(path) = string(2) {
                found.writes(&path);
            }
        }
        "write-file" => {
            if let Some(path) = string(0) {
                found.writes(&path);
            }
        }
        "rename-file" | "copy-file" => {
            if let Some(path) = string(1) {
                found.writes(&path);
            }
        }
        "load" | "load-file" => {
            if let Some(path) = string(0) {
                found.file(crate::rules::schema::Embedded::Lisp, &path);
            }
        }
        "make-process" => {
            let words = arguments.windows(2).find_map(|pair| match pair {
                [Value::Symbol(key), Value::List(list)] if key == ":command" => {
                    let words = list.iter().map(|word| match word {
                        Value::String(text) => Some(text.clone()),
                        _ => None,
                    });
                    words.collect::<Option<Vec<String>>>()
                }
                _ => None,
            });
            match words {
                Some(words) => found.argv(&words),
                None => unknown(found),
            }
        }
        _ => {}
    }
}
