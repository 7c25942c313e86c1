//! What each kind of statement does.

use std::sync::Arc;

use super::clause::{DEFINITION, LOST, Reader, recovered_from, undone_by};
use super::object;
use super::token::{Kind, Lexer, Token, Versioned};
use crate::payload::sql::Dialect;
use crate::payload::sql::function::is_listed;
use crate::payload::sql::judgement::{Act, Control, Definition, Judgement, Stored, Use};
use crate::payload::sql::session::OPEN;
use crate::payload::sql::source::is_hole;

/// Texts within texts: `PREPARE p FROM 'PREPARE …'`.
const MAX_DEPTH: usize = 8;
/// Every word that may stand before a parenthesis in MySQL's SQL without calling a stored
/// function; made by `rules/mysql_functions.sh`.
const KNOWN_CALLS: &str = include_str!("../../../../rules/mysql_functions.txt");

/// The first words of statements that change nothing that lasts.
const READING: &[&str] = &[
    "analyze",
    "attach",
    "cache",
    "check",
    "checksum",
    "close",
    "deallocate",
    "declare",
    "desc",
    "describe",
    "detach",
    "diagnostics",
    "explain",
    "fetch",
    "flush",
    "get",
    "handler",
    "help",
    "iterate",
    "leave",
    "lock",
    "open",
    "optimize",
    "pragma",
    "reindex",
    "resignal",
    "return",
    "show",
    "signal",
    "unlock",
    "use",
    "vacuum",
];
/// Those of the others.
const CHANGING: &[&str] = &[
    "alter",
    "begin",
    "binlog",
    "call",
    "case",
    "change",
    "clone",
    "commit",
    "create",
    "delete",
    "do",
    "drop",
    "end",
    "execute",
    "for",
    "grant",
    "if",
    "import",
    "insert",
    "install",
    "kill",
    "load",
    "loop",
    "prepare",
    "purge",
    "release",
    "rename",
    "repair",
    "repeat",
    "replace",
    "reset",
    "restart",
    "revoke",
    "rollback",
    "savepoint",
    "select",
    "set",
    "shutdown",
    "start",
    "stop",
    "table",
    "truncate",
    "uninstall",
    "update",
    "values",
    "while",
    "with",
    "xa",
];
/// Those that SQLite has.
const SQLITE: &[&str] = &[
    "alter",
    "analyze",
    "attach",
    "begin",
    "commit",
    "create",
    "delete",
    "detach",
    "drop",
    "end",
    "explain",
    "insert",
    "pragma",
    "reindex",
    "release",
    "replace",
    "rollback",
    "savepoint",
    "select",
    "update",
    "vacuum",
    "values",
    "with",
];
/// Words of a stored program's body after which a statement may begin.
const BEFORE_STATEMENT: &[&str] = &[
    "begin", "then", "else", "loop", "do", "repeat", "atomic", "row", "handler", ";", ":", ")",
];

/// Whether the statement begins with a word of the dialect.
pub(super) fn is_known(tokens: &[Token], dialect: Dialect) -> bool {
    let reader = Reader::new(tokens, dialect);
    let word = reader.word();
    match dialect {
        Dialect::Sqlite => {
            const OBJECTS: &[&str] = &["table", "index", "view", "trigger"];
            let object = tokens.get(1).map_or("", |token| token.text.as_str());
            SQLITE.contains(&word)
                && (!matches!(word, "drop" | "alter") || OBJECTS.contains(&object))
        }
        _ => {
            let names = ["pragma", "attach", "detach", "vacuum", "reindex"];
            let known = READING.contains(&word) || CHANGING.contains(&word);
            known && !names.contains(&word) || tokens.first().is_some_and(|first| first.is("("))
        }
    }
}

/// Judges one statement. `depth` counts the texts that this one is nested in.
pub(super) fn judge(tokens: &[Token], dialect: Dialect, depth: usize) -> Judgement {
    let reader = Reader::new(tokens, dialect);
    let mut found = Judgement {
        range: reader.range(),
        ..Judgement::default()
    };
    if let Some(open) = reader.open() {
        found.unseen(OPEN, open);
    }
    if depth >= MAX_DEPTH {
        found.unseen("SQL is nested more deeply than guard reads", reader.range());
    } else {
        read(reader, depth, &mut found);
    }
    found
}

fn read(mut reader: Reader<'_>, depth: usize, found: &mut Judgement) {
    let start = reader;
    let first = reader.next_word();
    match first {
        "select" | "values" | "table" | "do" => calls(&start, found),
        "with" => {
            calls(&start, found);
            let verbs = ["insert", "replace", "update", "delete"];
            let at = verbs.iter().filter_map(|verb| start.find(&[verb])).min();
            if let Some(at) = at.filter(|_| start.find(&["select"]).is_none_or(|of| Some(of) > at))
            {
                reader.at = at;
                let verb = reader.next_word();
                rows(verb, reader, found);
            }
        }
        "insert" | "replace" | "update" | "delete" => rows(first, reader, found),
        "truncate" => {
            reader.eat("table");
            let names = reader.names();
            for name in names {
                found.acts.push(Act {
                    also_lost: vec!["the position of its automatic numbers".to_owned()],
                    ..reader.act(
                        "truncate-table",
                        "empty",
                        "table",
                        Some(name.clone()),
                        LOST,
                        format!("deletes every row of {name}"),
                    )
                });
            }
        }
        "load" if matches!(reader.word(), "data" | "xml") => load(reader, found),
        "drop" => object::drop(reader, found),
        "alter" => object::alter(reader, found),
        "create" => create(reader, depth, found),
        "rename" => found.acts.push(reader.act(
            "alter-object",
            "rename",
            "table",
            reader.rest().get(1).map(|token| token.text.clone()),
            undone_by("rename it back"),
            "renames tables or users".to_owned(),
        )),
        "analyze" if reader.is_mysql() => {
            // MariaDB runs the statement; `ANALYZE TABLE` counts rows.
            reader.skip(&["format", "json", "local", "no_write_to_binlog"]);
            while reader.eat("=") {
                reader.skip(&["json"]);
            }
            if !matches!(reader.word(), "table" | "tables" | "") {
                read(reader, depth, found);
            }
        }
        "begin" if reader.word() == "not" => body(&reader, depth, found),
        "if" | "while" | "loop" | "repeat" | "case" | "for" => body(&start, depth, found),
        "begin" => found.control = Some(Control::Begin),
        "start" if reader.word() == "transaction" => found.control = Some(Control::Begin),
        "commit" | "end" => {
            found.control = Some(Control::Commit {
                chain: chains(&reader),
            })
        }
        "rollback" => {
            reader.skip(&["work", "transaction"]);
            found.control = Some(if reader.eat("to") {
                reader.eat("savepoint");
                Control::RollbackTo(reader.name().unwrap_or_default())
            } else {
                Control::Rollback {
                    chain: chains(&reader),
                }
            });
        }
        "savepoint" => {
            found.control = reader.name().map(Control::Savepoint);
        }
        "release" => {
            reader.eat("savepoint");
            found.control = reader.name().map(Control::Release);
        }
        "xa" => {
            found.control = match reader.word() {
                "start" | "begin" => Some(Control::Begin),
                "commit" | "prepare" => Some(Control::Commit { chain: false }),
                "rollback" => Some(Control::Rollback { chain: false }),
                _ => None,
            };
        }
        "prepare" => prepare(reader, depth, found),
        "execute" => {
            if reader.eat("immediate") {
                dynamic(&reader, depth, found);
            } else if let Some(name) = reader.name() {
                uses(&reader, Stored::Prepared, name, found);
            }
        }
        "call" => {
            calls(&reader, found);
            if let Some(name) = reader.name() {
                uses(&reader, Stored::Procedure, name, found);
            }
        }
        "set" => set(&start, found),
        _ if READING.contains(&first) || first.is_empty() && start.word().is_empty() => {
            // `(SELECT …)`.
            if start.rest().first().is_some_and(|token| token.is("(")) {
                calls(&start, found);
            }
        }
        _ if object::administrate(first, reader, found) => {}
        _ if is_hole(first) => found.unseen(OPEN, start.range()),
        // SQLite rejects it.
        _ if reader.dialect == Dialect::Sqlite => {}
        _ => found.unseen("the SQL text cannot be read as MySQL would", start.range()),
    }
}

fn chains(reader: &Reader<'_>) -> bool {
    reader.has(&["and", "chain"])
}

fn uses(reader: &Reader<'_>, stored: Stored, name: String, found: &mut Judgement) {
    found.uses.push(Use {
        stored,
        name,
        range: reader.range(),
    });
}

/// `INSERT`, `REPLACE`, `UPDATE` and `DELETE`, after the verb.
fn rows(verb: &str, mut reader: Reader<'_>, found: &mut Judgement) {
    let mut overwrites = verb == "replace";
    reader.skip(&[
        "low_priority",
        "high_priority",
        "delayed",
        "quick",
        "ignore",
    ]);
    if reader.eat("or") {
        overwrites |= reader.word() == "replace";
        reader.at += 1;
    }
    reader.skip(&["into", "ignore"]);
    // `DELETE a, b FROM …` names its tables before, `DELETE FROM a` after.
    if verb == "delete" {
        reader.eat("from");
    }
    let names = match verb {
        "delete" | "update" => reader.names(),
        _ => reader.name().into_iter().collect(),
    };
    calls(&reader, found);
    overwrites |= reader.has(&["on", "duplicate", "key", "update"])
        || reader.has(&["do", "update"]) && reader.has(&["on", "conflict"]);
    for name in names {
        // Triggers run with it.
        uses(&reader, Stored::Trigger, trigger(&name), found);
        let (rule, action, summary) = match verb {
            "delete" | "update" => {
                let Some(rows) = reader.rows() else { continue };
                if verb == "delete" {
                    ("delete-rows", "delete", format!("deletes {rows} of {name}"))
                } else {
                    let summary = format!("overwrites columns in {rows} of {name}");
                    ("update-rows", "overwrite", summary)
                }
            }
            _ if overwrites => (
                "upsert-rows",
                "overwrite",
                format!("overwrites the rows of {name} that conflict with the new ones"),
            ),
            _ => ("insert-rows", "add", format!("adds rows to {name}")),
        };
        let is_temporary = reader.dialect == Dialect::Sqlite && name.starts_with("temp.");
        let reversibility = match rule {
            _ if is_temporary => undone_by("the table is temporary"),
            "insert-rows" => undone_by("delete the added rows"),
            _ => LOST,
        };
        let mut act = reader.act(
            rule,
            action,
            "table",
            Some(name.clone()),
            reversibility,
            summary,
        );
        // The tables of MySQL's own schema know no transactions.
        act.transactional = !name.starts_with("mysql.");
        if rule == "delete-rows" {
            act.also_lost =
                vec!["rows of other tables that reference them with ON DELETE CASCADE".to_owned()];
        }
        found.acts.push(act);
    }
}

/// `LOAD DATA … INTO TABLE t`, after `LOAD`.
fn load(mut reader: Reader<'_>, found: &mut Judgement) {
    let replaces = reader.has(&["replace", "into", "table"]);
    let Some(at) = reader.find(&["into", "table"]) else {
        return;
    };
    reader.at += at + 2;
    let name = reader.name();
    let shown = name.clone().unwrap_or_else(|| "the table".to_owned());
    let mut act = if replaces {
        let summary = format!("overwrites the rows of {shown} that conflict with the new ones");
        reader.act("upsert-rows", "overwrite", "table", name, LOST, summary)
    } else {
        let undo = undone_by("delete the added rows");
        let summary = format!("adds rows to {shown}");
        reader.act("insert-rows", "add", "table", name, undo, summary)
    };
    act.transactional = true;
    found.acts.push(act);
}

/// `CREATE …`: objects, and what stored programs would do.
fn create(reader: Reader<'_>, depth: usize, found: &mut Judgement) {
    let Some(created) = object::create(reader, found) else {
        return;
    };
    let after = created.after;
    match created.kind {
        // `CREATE TABLE t AS SELECT …`.
        "table" => {
            if let Some(at) = after.find(&["select"]) {
                let query = Reader {
                    at: after.at + at,
                    ..after
                };
                calls(&query, found);
            }
        }
        "procedure" | "function" => {
            let mut inner = Judgement::default();
            body(&after, depth, &mut inner);
            found
                .definitions
                .push(Definition::Function(created.name, Arc::new(inner)));
        }
        "trigger" => {
            let mut inner = Judgement::default();
            body(&after, depth, &mut inner);
            let mut table = after;
            if let Some(at) = after.find(&["on"]) {
                table.at += at + 1;
                let name = trigger(&table.name().unwrap_or_default());
                let definition = Definition::Trigger(name, Arc::new(inner));
                found.definitions.push(definition);
            }
        }
        // The server runs it by itself.
        "event" => body(&after, depth, found),
        _ => {}
    }
}

/// The triggers of a table, as something stored.
fn trigger(table: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table);
    format!("the triggers of {}", table.to_lowercase())
}

/// Every statement that may run in the body of a stored program.
fn body(reader: &Reader<'_>, depth: usize, found: &mut Judgement) {
    if depth >= MAX_DEPTH {
        found.unseen("SQL is nested more deeply than guard reads", reader.range());
        return;
    }
    let whole = reader.range();
    for piece in reader.rest().split(|token| token.is(";")) {
        let mut starts = true;
        for (index, token) in piece.iter().enumerate() {
            let called = piece.get(index + 1).is_some_and(|next| next.is("("));
            let verb = ["select", "values", "with"].contains(&token.text.as_str())
                || CHANGING.contains(&token.text.as_str()) && !called;
            // `BEGIN`, `IF …` and the like hold what comes after them, which is seen by itself.
            let holds = [
                "begin", "if", "while", "loop", "repeat", "case", "for", "end", "start",
            ];
            let is_statement = starts && token.kind == Kind::Word && verb;
            if is_statement && !holds.contains(&token.text.as_str()) {
                let rest = piece.get(index..).unwrap_or_default();
                let mut inner = judge(rest, reader.dialect, depth + 1);
                inner.control = None;
                found.absorb(&inner, &whole);
            }
            // `EVERY 1 DAY DO DELETE …`, `FOR EACH ROW UPDATE …`.
            starts = BEFORE_STATEMENT.iter().any(|before| token.is(before))
                || starts && !verb && piece.len() < 4096 && is_characteristic(token);
        }
    }
}

/// Words between the head of a stored program and its body.
fn is_characteristic(token: &Token) -> bool {
    const WORDS: &[&str] = &[
        "deterministic",
        "not",
        "contains",
        "reads",
        "modifies",
        "sql",
        "no",
        "data",
        "security",
        "definer",
        "invoker",
        "language",
        "comment",
        "when",
        "end",
        "if",
        "case",
    ];
    token.kind == Kind::Text || WORDS.contains(&token.text.as_str())
}

/// `PREPARE p FROM 'text'`, after the verb.
fn prepare(mut reader: Reader<'_>, depth: usize, found: &mut Judgement) {
    let Some(name) = reader.name() else { return };
    reader.eat("from");
    let mut inner = Judgement::default();
    dynamic(&reader, depth, &mut inner);
    found
        .definitions
        .push(Definition::Prepared(name, Arc::new(inner)));
}

/// Text that is run as SQL: a string, or what nobody knows.
fn dynamic(reader: &Reader<'_>, depth: usize, found: &mut Judgement) {
    let range = reader.range();
    match reader.rest() {
        [token] if token.kind == Kind::Text && depth < MAX_DEPTH => {
            let lexer = Lexer::new(reader.dialect, &token.text, 0, Versioned::Runs);
            let tokens: Vec<Token> = lexer.collect();
            found.absorb(&judge(&tokens, reader.dialect, depth + 1), &range);
        }
        _ => found.unseen("it runs SQL text that is known only then", range),
    }
}

/// `SET`: what lasts, and what changes how strings are read.
fn set(reader: &Reader<'_>, found: &mut Judgement) {
    calls(reader, found);
    let has = |word: &str| reader.rest().iter().any(|token| token.is(word));
    let text = |word: &str| {
        let mut tokens = reader.rest().iter();
        tokens.any(|token| token.text.to_ascii_lowercase().contains(word))
    };
    if has("sql_mode") && (text("no_backslash_escapes") || text("ansi")) {
        found.unseen("it changes how the server reads strings", reader.range());
    }
    if has("password") {
        found.acts.push(reader.act(
            "alter-role",
            "change",
            "role",
            None,
            recovered_from("the old password, if somebody knows it"),
            "sets a password".to_owned(),
        ));
    } else if has("global") || has("persist") || has("persist_only") {
        found.acts.push(reader.act(
            "alter-system",
            "change",
            "setting",
            None,
            recovered_from(DEFINITION),
            "changes a setting of the server".to_owned(),
        ));
    }
}

/// Calls of stored functions, which may do anything.
fn calls(reader: &Reader<'_>, found: &mut Judgement) {
    let tokens = reader.rest();
    for (index, token) in tokens.iter().enumerate() {
        let called = tokens.get(index + 1).is_some_and(|next| next.is("("));
        if !called || !token.is_name() {
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| tokens.get(at));
        let before = before.map_or("", |before| before.text.as_str());
        if !reader.is_mysql() {
            let outside = ["load_extension", "edit"].contains(&token.text.as_str());
            if outside && token.kind == Kind::Word {
                let reason = format!("`{}` runs what is not SQL", token.text);
                found.unseen(reason, token.range.clone());
            }
            continue;
        }
        // Names of tables, with their columns or options after them: `WITH a (b) AS (…)`.
        const NAMES: &[&str] = &[
            "into",
            "with",
            "recursive",
            "from",
            "join",
            "as",
            "key",
            "index",
            "partition",
            "window",
            ")",
        ];
        let is_table = NAMES.contains(&before)
            || tokens.first().is_some_and(|first| first.is("with")) && before == ",";
        let qualified = before == ".";
        let known = !qualified
            && (is_listed(KNOWN_CALLS, &token.text)
                || ["st_", "mbr", "json_"]
                    .iter()
                    .any(|prefix| token.text.starts_with(prefix)));
        if !is_table && !known && !is_hole(&token.text) {
            uses(reader, Stored::Function, token.text.clone(), found);
        }
    }
}
