//! Statements about objects, accounts and the server.

use super::clause::{DEFINITION, LOST, Reader, recovered_from, undone_by};
use super::token::Kind;
use crate::effect::Reversibility;
use crate::payload::sql::judgement::{Act, Definition, Judgement};

/// What dropping an object loses beside itself; `None` where only a definition is lost.
const DROPS: &[(&str, Option<&str>)] = &[
    ("table", Some("its indexes, triggers and grants")),
    ("tables", Some("their indexes, triggers and grants")),
    ("database", Some("every table in it")),
    ("schema", Some("every table in it")),
    ("sequence", Some("its current value")),
    ("tablespace", Some("every table in it")),
    ("view", None),
    ("index", None),
    ("trigger", None),
    ("procedure", None),
    ("function", None),
    ("package", None),
    ("event", None),
    ("user", None),
    ("role", None),
    ("server", None),
    ("resource", None),
    ("spatial", None),
    ("logfile", None),
];

/// `DROP …`, after the verb.
pub(super) fn drop(mut reader: Reader<'_>, found: &mut Judgement) {
    reader.skip(&["undo", "online", "offline"]);
    let is_temporary = reader.eat("temporary");
    if reader.eat("prepare") {
        return;
    }
    let word = reader.next_word();
    let Some((kind, lost)) = DROPS.iter().find(|(kind, _)| *kind == word) else {
        return found.unseen("what it drops cannot be read", reader.range());
    };
    reader.skip(&["group", "reference", "system", "body"]);
    reader.skip_if_exists();
    let kind = match *kind {
        "tables" => "table",
        // MySQL's schemas are its databases.
        "schema" => "database",
        "user" => "role",
        kind => kind,
    };
    for name in reader.names() {
        let name = if reader.eat("@") {
            let host = reader.name().unwrap_or_default();
            format!("{name}@{host}")
        } else {
            name
        };
        let summary = format!("drops the {kind} {name}");
        let (rule, reversibility) = match lost {
            _ if is_temporary => ("drop-table", undone_by("the table is temporary")),
            Some(_) => (drop_rule(kind), LOST),
            None => ("drop-definition", recovered_from(DEFINITION)),
        };
        let mut act = reader.act(rule, "drop", kind, Some(name), reversibility, summary);
        act.also_lost = lost.iter().map(|lost| (*lost).to_owned()).collect();
        found.acts.push(act);
    }
}

fn drop_rule(kind: &str) -> &'static str {
    match kind {
        "database" => "drop-database",
        "table" => "drop-table",
        _ => "drop-object",
    }
}

/// `ALTER …`, after the verb.
pub(super) fn alter(mut reader: Reader<'_>, found: &mut Judgement) {
    reader.skip(&["online", "offline", "ignore"]);
    let kind = reader.next_word();
    reader.skip_if_exists();
    let name = reader.name();
    if kind != "table" {
        let (kind, rule) = match kind {
            "user" | "role" => ("role", "alter-role"),
            "instance" => ("server", "alter-system"),
            "database" | "schema" => ("database", "alter-object"),
            _ => ("definition", "alter-object"),
        };
        let summary = format!("changes the {kind}");
        let from = recovered_from("its old state, if it is known elsewhere (migrations)");
        return found
            .acts
            .push(reader.act(rule, "change", kind, name, from, summary));
    }
    let table = name.unwrap_or_default();
    for item in reader.items() {
        let change = Reader {
            tokens: item,
            at: 0,
            ..reader
        };
        let mut act = alter_table(change, &table);
        act.range = reader.range();
        found.acts.push(act);
    }
}

/// One change of `ALTER TABLE`.
fn alter_table(mut change: Reader<'_>, table: &str) -> Act {
    const STRUCTURE: &[&str] = &[
        "index",
        "key",
        "primary",
        "foreign",
        "constraint",
        "check",
        "system",
        "period",
    ];
    let whole = change;
    let engine = whole.find(&["engine"]).and_then(|at| {
        let rest = whole.rest().get(at + 1..)?;
        rest.iter().find(|token| !token.is("="))
    });
    let forgets = engine.is_some_and(|engine| {
        ["blackhole", "memory", "heap"].contains(&engine.text.to_ascii_lowercase().as_str())
    });
    let verb = change.next_word();
    let object = change.word();
    let is_structure = STRUCTURE.contains(&object);
    let of_table = || Some(table.to_owned());
    let column = |mut change: Reader<'_>| {
        change.eat("column");
        change.skip_if_exists();
        let name = change.name();
        name.map_or_else(|| table.to_owned(), |name| format!("{table}.{name}"))
    };
    match verb {
        _ if forgets => whole.act(
            "alter-object",
            "change",
            "table",
            of_table(),
            LOST,
            "moves the table to an engine that keeps no rows".to_owned(),
        ),
        "drop" | "truncate" if object == "partition" => whole.act(
            "drop-partition",
            verb_of(verb),
            "table",
            of_table(),
            LOST,
            "deletes every row of a partition".to_owned(),
        ),
        "drop" if is_structure => whole.act(
            "alter-object",
            "drop",
            "table",
            of_table(),
            recovered_from(DEFINITION),
            "drops a constraint or an index".to_owned(),
        ),
        "drop" => Act {
            also_lost: vec!["the column's indexes and constraints".to_owned()],
            ..whole.act(
                "drop-column",
                "drop",
                "column",
                Some(column(change)),
                LOST,
                "drops the column and its values".to_owned(),
            )
        },
        "modify" | "change" => whole.act(
            "alter-column-type",
            "convert",
            "column",
            Some(column(change)),
            Reversibility::Irreversible {
                perhaps: Some("the new type holds every value of the old one".into()),
            },
            "converts every value of the column; what the new type cannot hold is lost".to_owned(),
        ),
        "convert" => whole.act(
            "alter-column-type",
            "convert",
            "table",
            of_table(),
            Reversibility::Irreversible {
                perhaps: Some("the new character set holds every letter of the old one".into()),
            },
            "converts every text; what the new character set cannot hold is lost".to_owned(),
        ),
        "discard" => whole.act(
            "drop-object",
            "delete",
            "table",
            of_table(),
            LOST,
            "deletes the table's data file".to_owned(),
        ),
        _ => whole.act(
            "alter-object",
            "change",
            "table",
            of_table(),
            undone_by("run the inverse statement"),
            "changes the table".to_owned(),
        ),
    }
}

fn verb_of(word: &str) -> &'static str {
    if word == "drop" { "drop" } else { "empty" }
}

/// An object that is created, and the statement after its name.
pub(super) struct Created<'t> {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) after: Reader<'t>,
}

/// `CREATE …`, after the verb.
pub(super) fn create<'t>(mut reader: Reader<'t>, found: &mut Judgement) -> Option<Created<'t>> {
    const KINDS: &[&str] = &[
        "table",
        "view",
        "index",
        "trigger",
        "procedure",
        "function",
        "package",
        "event",
        "database",
        "schema",
        "user",
        "role",
        "server",
        "sequence",
        "tablespace",
        "resource",
        "spatial",
        "logfile",
    ];
    let replaces = reader.eat("or") && reader.next_word() == "replace";
    let mut is_temporary = false;
    // `DEFINER = root@localhost SQL SECURITY INVOKER VIEW`, `UNIQUE INDEX`, `VIRTUAL TABLE`.
    let kind = loop {
        let token = reader.peek()?;
        reader.at += 1;
        if token.kind == Kind::Word {
            is_temporary |= matches!(token.text.as_str(), "temp" | "temporary");
            if let Some(kind) = KINDS.iter().find(|kind| **kind == token.text) {
                break *kind;
            }
        }
    };
    reader.skip(&["group", "reference", "system", "body"]);
    reader.skip_if_exists();
    let name = reader.name().unwrap_or_default();
    if kind == "function" && reader.has(&["soname"]) {
        found.unseen("it loads code into the server", reader.range());
    }
    if is_temporary {
        found.definitions.push(Definition::Temporary(name.clone()));
    }
    let shown = match kind {
        "schema" => "database",
        "user" => "role",
        kind => kind,
    };
    let act = match (replaces, shown) {
        (true, "table" | "database" | "sequence") if !is_temporary => {
            let summary = format!("drops the {shown} {name}, if there is one, and makes it anew");
            let rule = drop_rule(shown);
            reader.act(rule, "replace", shown, Some(name.clone()), LOST, summary)
        }
        (true, _) => reader.act(
            "replace-definition",
            "replace",
            shown,
            Some(name.clone()),
            recovered_from(DEFINITION),
            format!("replaces the {shown}'s definition, if there is one"),
        ),
        (false, _) => reader.act(
            "create-object",
            "create",
            shown,
            Some(name.clone()),
            undone_by("drop it again"),
            format!("creates a {shown}"),
        ),
    };
    found.acts.push(act);
    Some(Created {
        kind,
        name,
        after: reader,
    })
}

/// Statements about accounts and the server, after the verb; whether it is one.
pub(super) fn administrate(verb: &str, reader: Reader<'_>, found: &mut Judgement) -> bool {
    let state = || recovered_from("its old state, if it is known elsewhere (configuration)");
    let (rule, action, kind, reversibility, summary) = match (verb, reader.word()) {
        ("grant", _) => (
            "grant",
            "change",
            "grant",
            undone_by("revoke it"),
            "gives rights",
        ),
        ("revoke", _) => ("revoke", "change", "grant", state(), "takes rights away"),
        ("kill" | "start" | "stop", _) => (
            "session",
            "stop",
            "server",
            undone_by("start it again"),
            "starts or stops a session or replication",
        ),
        ("shutdown" | "restart", _) => (
            "server-stop",
            "stop",
            "server",
            recovered_from("starting the server again"),
            "stops the server",
        ),
        ("reset", "query" | "persist") => (
            "alter-system",
            "change",
            "setting",
            state(),
            "resets settings",
        ),
        ("reset", _) => (
            "reset-logs",
            "delete",
            "server",
            LOST,
            "deletes binary logs, or the position of replication",
        ),
        ("purge", _) => (
            "reset-logs",
            "delete",
            "server",
            LOST,
            "deletes binary logs",
        ),
        ("change", _) => (
            "alter-system",
            "change",
            "server",
            state(),
            "changes where replication comes from",
        ),
        ("clone", _) => (
            "clone",
            "overwrite",
            "server",
            LOST,
            "replaces everything on the server that receives the clone",
        ),
        ("repair", _) => (
            "rewrite-table",
            "rewrite",
            "table",
            state(),
            "rewrites the table; rows that cannot be read are dropped",
        ),
        ("uninstall", _) => (
            "uninstall",
            "change",
            "server",
            state(),
            "takes a plugin away",
        ),
        ("load", _) => return true,
        ("import", _) => (
            "create-object",
            "create",
            "table",
            undone_by("drop it again"),
            "adds a table from its file",
        ),
        ("install" | "binlog", _) => {
            found.unseen(
                "it loads what cannot be seen into the server",
                reader.range(),
            );
            return true;
        }
        _ => return false,
    };
    let act = reader.act(rule, action, kind, None, reversibility, summary.to_owned());
    found.acts.push(Act {
        transactional: false,
        ..act
    });
    true
}
