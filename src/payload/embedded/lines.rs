//! Languages in which a line, or a word with parentheses, is all that it takes.

use super::{Reading, literal};
use crate::resolve::Text;
use crate::rules::schema::Embedded;

/// Commands of gdb: `shell`, `!`, `python`, and calls of C functions in the program.
pub(super) fn gdb(text: &str, found: &mut Reading<'_>) {
    let mut python: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(code) = &mut python {
            if line == "end" {
                let code = python.take().unwrap_or_default();
                found.argv(&["python3".to_owned(), "-c".to_owned(), code]);
            } else {
                code.push_str(line);
                code.push('\n');
            }
            continue;
        }
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "shell" | "sh" | "she" => found.shell(rest),
            "python" | "py" | "python-interactive" | "pi" if rest.is_empty() => {
                python = Some(String::new());
            }
            "python" | "py" | "python-interactive" | "pi" => {
                found.argv(&["python3".to_owned(), "-c".to_owned(), rest.to_owned()]);
            }
            "source" => found.file(Embedded::Gdb, rest.trim_start_matches("-v ").trim()),
            "make" => found.shell(line),
            "pipe" | "|" => {
                if let Some((_, shell)) = rest.split_once('|') {
                    found.shell(shell);
                }
            }
            _ => match line.strip_prefix('!') {
                Some(shell) => found.shell(shell),
                None => found.calls(line, &["system", "popen"], &["unlink", "remove", "rmdir"]),
            },
        }
    }
}

/// `syscmd(…)` and `esyscmd(…)`.
pub(super) fn m4(text: &str, found: &mut Reading<'_>) {
    // `esyscmd` ends in the other's name.
    for (at, name) in text.match_indices("syscmd(") {
        let inside = text.get(at + name.len()..).unwrap_or_default();
        let mut depth = 1;
        let end = inside.find(|letter| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let argument = inside
            .get(..end.unwrap_or(inside.len()))
            .unwrap_or_default();
        found.shell(
            &argument
                .replace(['`', '[', ']'], "")
                .trim_end_matches('\'')
                .replace("')", ")"),
        );
    }
}

/// `!` runs the rest of the line; `!<`, `!=` and `!>` compare.
pub(super) fn dc(text: &str, found: &mut Reading<'_>) {
    for line in text.lines() {
        let shell = line.match_indices('!').find_map(|(at, _)| {
            let rest = line.get(at + 1..)?;
            (!rest.starts_with(['<', '=', '>'])).then_some(rest)
        });
        if let Some(shell) = shell {
            found.shell(shell);
        }
    }
}

/// `!CMD` of ftp and sftp runs here.
pub(super) fn ftp(text: &str, found: &mut Reading<'_>) {
    for line in text.lines() {
        if let Some(shell) = line.trim().trim_start_matches('-').strip_prefix('!') {
            found.shell(shell);
        }
    }
}

/// Lines of a tmux file are commands as on its command line.
pub(super) fn tmux(text: &str, found: &mut Reading<'_>) {
    for line in text.replace("\\\n", " ").lines() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with(['#', '%']) {
            found.shell(&format!("tmux {line}"));
        }
    }
}

/// `\write18{…}` and `\input{|…}`.
pub(super) fn tex(text: &str, found: &mut Reading<'_>) {
    for start in ["\\write18{", "\\ShellEscape{", "\\input{|", "\\input|"] {
        for (at, _) in text.match_indices(start) {
            let inside = text.get(at + start.len()..).unwrap_or_default();
            let mut depth = 1;
            let end = inside.find(|letter| {
                depth += match letter {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                depth == 0
            });
            found.shell(
                inside
                    .get(..end.unwrap_or(inside.len()))
                    .unwrap_or_default()
                    .trim_matches('"'),
            );
        }
    }
}

/// `(%pipe%CMD) (w) file`, `-sOutputFile=%pipe%CMD`.
pub(super) fn postscript(text: &str, found: &mut Reading<'_>) {
    for (at, mark) in text.match_indices("%pipe%") {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        found.shell(rest.split(')').next().unwrap_or_default());
    }
}

/// The scripts between `prerotate` or its kin and `endscript`.
pub(super) fn logrotate(text: &str, found: &mut Reading<'_>) {
    let mut script: Option<String> = None;
    for line in text.lines() {
        let word = line.trim();
        match (&mut script, word) {
            (Some(_), "endscript") => {
                let text = script.take().unwrap_or_default();
                found.shell(&text);
            }
            (Some(text), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, "prerotate" | "postrotate" | "firstaction" | "lastaction" | "preremove") => {
                script = Some(String::new());
            }
            (None, _) => {
                if let Some(program) = word
                    .strip_prefix("compresscmd ")
                    .or(word.strip_prefix("uncompresscmd "))
                {
                    found.shell(program);
                }
            }
        }
    }
}

/// Each line is what the same program would be given as its operands.
pub(super) fn operands(text: &str, found: &mut Reading<'_>) {
    let own = found.by.argv.clone();
    for line in text.lines() {
        let words = quoted_words(line);
        if words.first().is_some_and(|word| !word.starts_with('#')) {
            found.repeated(&own, &words);
        }
    }
}

/// Blanks separate; quotes hold together, and a backslash counts in double ones.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = literal(rest).unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            (word.to_owned(), after)
        });
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// `redis.call('DEL', KEYS[1])`: a command by its name and what else is written out.
pub(super) fn redis_lua(text: &str, found: &mut Reading<'_>) {
    for name in [
        "redis.call(",
        "redis.pcall(",
        "server.call(",
        "server.pcall(",
    ] {
        for (at, _) in text.match_indices(name) {
            let mut rest = text.get(at + name.len()..).unwrap_or_default().trim_start();
            let mut words = vec!["redis-cli".to_owned()];
            while let Some((word, after)) = literal(rest) {
                words.push(word);
                rest = after.trim_start().strip_prefix(',').unwrap_or("");
                rest = rest.trim_start();
            }
            if words.len() > 1 {
                if !rest.is_empty() {
                    words.push(
                        found
                            .holes
                            .render(&Text::unknown("an argument of the script")),
                    );
                }
                found.argv(&words);
            } else {
                found.opaque("which command a script calls is known only when it runs".to_owned());
            }
        }
    }
}

/// JavaScript, between lines of the shell's own (`use shop`, `show dbs`).
pub(super) fn mongosh(text: &str, found: &mut Reading<'_>) {
    let is_own = |line: &&str| {
        let first = line.split_ascii_whitespace().next();
        !matches!(first, Some("use" | "show" | "it" | "exit" | "quit"))
    };
    let script: Vec<&str> = text.lines().filter(is_own).collect();
    found.argv(&["node".to_owned(), "-e".to_owned(), script.join("\n")]);
}
