//! The commands of ex, vi, Vim and ed: `!cmd`, `r !cmd`, `w file`, and the functions of Vim that
//! run or delete.

use super::{Reading, literal};
use crate::rules::schema::Embedded;

const RUNS: &[&str] = &[
    "system",
    "systemlist",
    "job_start",
    "jobstart",
    "termopen",
    "term_start",
    "os.execute",
    "io.popen",
];
const DELETES: &[&str] = &["delete", "os.remove"];

/// Options whose value is a program.
const PROGRAMS: &[&str] = &[
    "makeprg",
    "mp",
    "grepprg",
    "gp",
    "equalprg",
    "formatprg",
    "keywordprg",
    "shell",
    "sh",
];

pub(super) fn read(text: &str, found: &mut Reading<'_>) {
    let mut input = false;
    for line in text.lines() {
        if input {
            input = line != ".";
            continue;
        }
        input = command(line, found);
    }
}

/// Reads one line; true if the lines that follow are text, up to a `.`.
fn command(line: &str, found: &mut Reading<'_>) -> bool {
    let whole = line.trim_start().trim_start_matches(':').trim_start();
    let line = after_range(whole);
    if let Some(shell) = line.strip_prefix('!') {
        if line.len() == whole.len() {
            found.shell(&unescaped(shell.trim_start_matches('!')));
        } else {
            found.filter(&unescaped(shell));
        }
        return false;
    }
    let end = line
        .find(|letter: char| !letter.is_ascii_alphabetic())
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let bare = rest.strip_prefix('!').unwrap_or(rest).trim_start();
    match name {
        "sil" | "silent" | "keepalt" | "keepj" | "keepjumps" | "noa" | "noautocmd" | "unsilent"
        | "sandbox" | "lockmarks" | "tab" | "vert" | "vertical" | "hide" | "confirm" => {
            return command(bare, found);
        }
        "verbose" | "verb" => {
            return command(bare.trim_start_matches(|c: char| c.is_ascii_digit()), found);
        }
        "g" | "global" | "v" | "vglobal" if !bare.is_empty() => {
            let mark = bare.chars().next().unwrap_or('/');
            if let Some((_, rest)) = bare
                .get(mark.len_utf8()..)
                .and_then(|rest| rest.split_once(mark))
            {
                return command(rest, found);
            }
        }
        "au" | "autocmd" => {
            let mut words = bare.splitn(3, char::is_whitespace);
            if let Some(rest) = words.nth(2) {
                return command(rest, found);
            }
        }
        "r" | "read" | "e" | "edit" => {
            if let Some(shell) = rest.trim_start().strip_prefix('!') {
                found.shell(&unescaped(shell));
            }
        }
        "w" | "write" | "wq" | "W" | "x" | "xit" | "sav" | "saveas" | "wr" => {
            let forced = rest.strip_prefix('!');
            match rest.trim_start().strip_prefix('!') {
                // `w! file` forces, `w !cmd` runs.
                Some(shell) if forced.is_none() => found.filter(&unescaped(shell)),
                _ => found.writes(bare.trim_start_matches(['>', '+']).trim()),
            }
        }
        "term" | "terminal" | "ter" => {
            let words = bare.split(' ').skip_while(|word| word.starts_with("++"));
            found.shell(&words.collect::<Vec<_>>().join(" "));
        }
        "so" | "source" | "ru" | "runtime" => found.file(Embedded::Ex, bare.trim()),
        "exe" | "execute" => match literal(bare) {
            Some((text, rest)) if rest.trim().is_empty() || rest.trim_start().starts_with('|') => {
                read(&text, found);
            }
            _ if bare.contains('!') || bare.contains("system") => {
                found.opaque("the editor runs a command that it puts together".to_owned());
            }
            _ => {}
        },
        "norm" | "normal" => {
            if let Some((_, shell)) = bare.split_once(":!") {
                found.shell(shell);
            }
        }
        "py" | "python" | "py3" | "python3" | "pyx" | "pythonx" | "lua" | "perl" | "pe"
        | "ruby" | "rub" => {
            let (program, option) = match name.chars().next() {
                Some('l') => ("lua", "-e"),
                Some('r') => ("ruby", "-e"),
                _ if name.starts_with("pe") => ("perl", "-e"),
                _ => ("python3", "-c"),
            };
            if !bare.is_empty() && !bare.starts_with("<<") {
                found.argv(&[program.to_owned(), option.to_owned(), bare.to_owned()]);
            }
        }
        "se" | "set" | "setl" | "setlocal" => {
            let set = bare.split_once('=');
            if let Some((_, value)) = set.filter(|(name, _)| PROGRAMS.contains(name)) {
                found.shell(&value.replace("\\ ", " "));
            }
        }
        "a" | "append" | "i" | "insert" | "c" | "change" => return rest.trim().is_empty(),
        _ => {}
    }
    if name != "lua" {
        found.calls(line, RUNS, DELETES);
        found.writefile(line, 1);
    }
    if !matches!(name, "norm" | "normal" | "exe" | "execute") {
        for part in parts(line).skip(1) {
            command(part, found);
        }
    }
    false
}

/// A command as the shell gets it: what would stand for a file or an earlier command is escaped.
fn unescaped(shell: &str) -> String {
    let special = ["!", "%", "#"].iter();
    special.fold(shell.to_owned(), |shell, special| {
        shell.replace(&format!("\\{special}"), special)
    })
}

/// The commands of one line, which `|` separates outside of quotes.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let mut escaped = false;
    line.split(move |letter: char| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match (quote, letter) {
            (_, '\\') => escaped = true,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '|') => return true,
            _ => {}
        }
        false
    })
}

/// What stands after line numbers, marks and patterns: `1,$`, `'a`, `/x/`, `%`.
fn after_range(line: &str) -> &str {
    let mut rest = line;
    loop {
        let next = rest.trim_start_matches(|letter: char| {
            letter.is_ascii_digit()
                || matches!(letter, '.' | '$' | '%' | ',' | ';' | '+' | '-' | ' ' | '*')
        });
        let next = match next.chars().next() {
            Some('\'') => next.get(2..).unwrap_or(""),
            Some(mark @ ('/' | '?')) => next
                .get(1..)
                .and_then(|inside| inside.split_once(mark))
                .map_or("", |(_, after)| after),
            _ => next,
        };
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}
