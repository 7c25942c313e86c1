//! What the clients of SQLite and MySQL read: SQL with commands of their own between.

use super::{Reading, literal};
use crate::payload::sql::{Dialect, Sent, Session, Source, Stop, is_hole, statement_end};
use crate::resolve::Origin;
use crate::rules::schema::Embedded;

/// Sends a piece of the text to the server as one statement.
fn send(text: &str, session: &mut Session<'_>, found: &mut Reading<'_>) {
    if text.trim().is_empty() {
        return;
    }
    let source = Source::new(
        &found.holes.restore(text),
        Origin::Place(found.place.clone()),
    );
    let whole = 0..source.text().len();
    session.message(&source, source.text(), &Sent::As(whole), found.findings);
}

/// The dot-commands of sqlite3, its SQL, and the function that writes a file.
pub(super) fn sqlite(text: &str, found: &mut Reading<'_>) {
    found.writefile(text, 0);
    let by = found.by.clone();
    let mut session = Session::of(Dialect::Sqlite, &by, found.database.clone());
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        // A command stands where no statement is open.
        if let Some(command) = line.trim().strip_prefix('.') {
            dot_command(command, &mut session, found);
            at += line.len();
            continue;
        }
        if line.trim().is_empty() || line.starts_with('#') {
            at += line.len();
            continue;
        }
        loop {
            let (end, stop, next) = statement_end(Dialect::Sqlite, text, at, None);
            send(text.get(at..end).unwrap_or_default(), &mut session, found);
            at = next;
            let rest = text.get(at..).unwrap_or_default();
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            let comment = line.trim().is_empty() || line.trim_start().starts_with("--");
            if stop == Stop::End || comment {
                at += line.len();
                break;
            }
        }
    }
    session.reconnect(None, found.findings);
}

fn dot_command(line: &str, session: &mut Session<'_>, found: &mut Reading<'_>) {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let first = match literal(rest) {
        Some((word, _)) => word,
        None if rest.starts_with('|') => rest.to_owned(),
        None => {
            let mut words = rest.split_ascii_whitespace();
            words
                .find(|word| !word.starts_with('-'))
                .unwrap_or_default()
                .to_owned()
        }
    };
    match (name, first.strip_prefix('|')) {
        ("shell" | "sh" | "she" | "system" | "sys" | "syst", _) => found.shell(rest),
        ("output" | "once" | "read" | "import" | "o" | "out", Some(shell)) => found.shell(shell),
        ("output" | "once" | "backup" | "save" | "log" | "clone" | "o" | "out", None)
            if !matches!(first.as_str(), "stdout" | "stderr" | "off" | "on" | "main") =>
        {
            found.writes(&first);
        }
        ("read", None) => {
            // What the file does to the transaction is not followed.
            session.commit(found.findings);
            found.file(Embedded::Sqlite, &first);
        }
        // From here on statements go to another file.
        ("open", None) => {
            if rest
                .split_ascii_whitespace()
                .any(|word| word.ends_with("-new"))
            {
                found.writes(&first);
            }
            let place = crate::context::Place {
                environment: Some(first),
                ..crate::context::Place::default()
            };
            session.reconnect(Some(place), found.findings);
        }
        ("restore", None) => found.opaque("it replaces the whole database".to_owned()),
        ("load", None) => found.opaque("it loads code".to_owned()),
        _ => {}
    }
}

/// The SQL of MySQL's and MariaDB's clients and their commands: `\! CMD`, `system CMD`,
/// `pager CMD`, `source FILE`, `delimiter //`.
pub(super) fn mysql(text: &str, found: &mut Reading<'_>) {
    let by = found.by.clone();
    let mut session = Session::of(Dialect::Mysql, &by, found.database.clone());
    let mut delimiter = ";".to_owned();
    let mut pending = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let begins = at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        if begins && pending.trim().is_empty() {
            let (name, argument) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            let name = name.to_ascii_lowercase();
            if client_command(&name, argument, &mut delimiter, &mut session, found) {
                at += line.len();
                continue;
            }
        }
        let (end, stop, next) = statement_end(Dialect::Mysql, text, at, Some(&delimiter));
        pending.push_str(text.get(at..end).unwrap_or_default());
        at = next;
        if stop != Stop::Backslash {
            send(&std::mem::take(&mut pending), &mut session, found);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let letter = line.chars().next();
        let length = letter.map_or(0, char::len_utf8);
        let argument = line.get(length..).unwrap_or_default().trim();
        let name = match letter {
            Some('g' | 'G') => {
                send(&std::mem::take(&mut pending), &mut session, found);
                at += length;
                continue;
            }
            Some('c') => {
                pending.clear();
                at += length;
                continue;
            }
            Some('!') => "system",
            Some('.') => "source",
            Some('P') => "pager",
            Some('T') => "tee",
            Some('d') => "delimiter",
            _ => {
                at += length;
                continue;
            }
        };
        client_command(name, argument, &mut delimiter, &mut session, found);
        at += line.len();
    }
    send(&pending, &mut session, found);
    session.reconnect(None, found.findings);
}

/// Runs a command of the client; whether it is one.
fn client_command(
    name: &str,
    argument: &str,
    delimiter: &mut String,
    session: &mut Session<'_>,
    found: &mut Reading<'_>,
) -> bool {
    let argument = argument.trim();
    let bare = argument.trim_end_matches(';').trim();
    match name {
        "system" | "pager" if !bare.is_empty() => found.shell(bare),
        "source" => {
            session.commit(found.findings);
            found.file(Embedded::Mysql, bare);
        }
        "tee" => found.writes(bare),
        "delimiter" => {
            let word = argument.split_ascii_whitespace().next().unwrap_or(";");
            if is_hole(word) || crate::payload::holes::has_hole(word) {
                found.opaque("where its statements end is known only when it runs".to_owned());
            }
            word.trim_matches(['"', '\'', '`']).clone_into(delimiter);
        }
        "connect" => session.reconnect(None, found.findings),
        _ => return false,
    }
    true
}
