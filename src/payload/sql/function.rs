//! Function calls: which change something, and which only compute.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::body::dynamic;
use super::judgement::{Act, Judgement, Stored, Use};
use super::node::{child, fold, folded, literal, range};
use super::source::is_hole;
use crate::effect::Reversibility;

/// Every function that computes only; made by `rules/postgres_functions.sh`.
const HARMLESS: &str = include_str!("../../../rules/postgres_functions.txt");
/// Functions of PostGIS have no end; these prefixes are its own.
const HARMLESS_PREFIXES: &[&str] = &["st_", "_st_", "postgis_"];
/// Functions that read the session, in schemas of their own.
const HARMLESS_QUALIFIED: &[&str] = &[
    "auth.uid",
    "auth.role",
    "auth.jwt",
    "auth.email",
    "auth.user_id",
    "auth.session",
    "storage.foldername",
    "storage.filename",
    "storage.extension",
    "realtime.topic",
    "net.http_get",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Irreversible,
    Recoverable,
    Reversible,
}

/// What a function changes. The name may end in `*`.
struct Fact {
    name: &'static str,
    class: Class,
    transactional: bool,
    kind: &'static str,
    summary: &'static str,
}

const fn fact(
    name: &'static str,
    class: Class,
    transactional: bool,
    kind: &'static str,
    summary: &'static str,
) -> Fact {
    Fact {
        name,
        class,
        transactional,
        kind,
        summary,
    }
}

const FACTS: &[Fact] = {
    use Class::{Irreversible, Recoverable, Reversible};
    &[
        fact(
            "pg_drop_replication_slot",
            Irreversible,
            false,
            "replication slot",
            "drops the slot and its position: the replica needs a full copy",
        ),
        fact(
            "pg_create_physical_replication_slot",
            Recoverable,
            false,
            "replication slot",
            "creates a slot that keeps WAL until it is dropped",
        ),
        fact(
            "pg_create_logical_replication_slot",
            Recoverable,
            false,
            "replication slot",
            "creates a slot that keeps WAL until it is dropped",
        ),
        fact(
            "pg_copy_physical_replication_slot",
            Recoverable,
            false,
            "replication slot",
            "creates a slot that keeps WAL until it is dropped",
        ),
        fact(
            "pg_copy_logical_replication_slot",
            Recoverable,
            false,
            "replication slot",
            "creates a slot that keeps WAL until it is dropped",
        ),
        fact(
            "pg_replication_slot_advance",
            Irreversible,
            false,
            "replication slot",
            "moves the slot's position: the changes before it are gone for its reader",
        ),
        fact(
            "pg_logical_slot_get_changes",
            Irreversible,
            false,
            "replication slot",
            "consumes the slot's changes",
        ),
        fact(
            "pg_logical_slot_get_binary_changes",
            Irreversible,
            false,
            "replication slot",
            "consumes the slot's changes",
        ),
        fact(
            "pg_replication_origin_create",
            Reversible,
            true,
            "replication origin",
            "creates a replication origin",
        ),
        fact(
            "pg_replication_origin_session_setup",
            Reversible,
            false,
            "replication origin",
            "marks this session as a replication origin",
        ),
        fact(
            "pg_replication_origin_*",
            Irreversible,
            false,
            "replication origin",
            "changes replication progress",
        ),
        fact(
            "lo_unlink",
            Irreversible,
            true,
            "large object",
            "deletes the large object",
        ),
        fact(
            "lo_put",
            Irreversible,
            true,
            "large object",
            "overwrites a part of the large object",
        ),
        fact(
            "lo_truncate*",
            Irreversible,
            true,
            "large object",
            "cuts the large object off",
        ),
        fact(
            "lowrite",
            Irreversible,
            true,
            "large object",
            "overwrites a part of the large object",
        ),
        fact(
            "lo_export",
            Irreversible,
            false,
            "server file",
            "overwrites a file on the database server",
        ),
        fact(
            "lo_import",
            Reversible,
            true,
            "large object",
            "creates a large object",
        ),
        fact(
            "lo_from_bytea",
            Reversible,
            true,
            "large object",
            "creates a large object",
        ),
        fact(
            "lo_creat",
            Reversible,
            true,
            "large object",
            "creates a large object",
        ),
        fact(
            "lo_create",
            Reversible,
            true,
            "large object",
            "creates a large object",
        ),
        fact(
            "pg_terminate_backend",
            Recoverable,
            false,
            "session",
            "ends other sessions; their open transactions are rolled back",
        ),
        fact(
            "pg_cancel_backend",
            Recoverable,
            false,
            "session",
            "cancels the running statement of other sessions",
        ),
        fact(
            "setval",
            Irreversible,
            false,
            "sequence",
            "sets the sequence's position; the old one is lost, even after a rollback",
        ),
        fact(
            "pg_file_*",
            Irreversible,
            false,
            "server file",
            "changes files on the database server",
        ),
        fact(
            "pg_reload_conf",
            Recoverable,
            false,
            "server",
            "applies changed configuration files",
        ),
        fact(
            "pg_rotate_logfile*",
            Recoverable,
            false,
            "server",
            "starts a new server log file",
        ),
        fact(
            "pg_promote",
            Irreversible,
            false,
            "server",
            "makes the standby a primary: it cannot follow the old one again",
        ),
        fact(
            "pg_wal_replay_pause",
            Recoverable,
            false,
            "server",
            "stops replay on the standby",
        ),
        fact(
            "pg_wal_replay_resume",
            Recoverable,
            false,
            "server",
            "resumes replay on the standby",
        ),
        fact(
            "pg_create_restore_point",
            Reversible,
            false,
            "server",
            "writes a named restore point",
        ),
        fact(
            "pg_switch_wal",
            Recoverable,
            false,
            "server",
            "starts a new WAL file",
        ),
        fact(
            "pg_backup_start",
            Recoverable,
            false,
            "server",
            "starts backup mode",
        ),
        fact(
            "pg_backup_stop",
            Recoverable,
            false,
            "server",
            "ends backup mode",
        ),
        fact(
            "pg_start_backup",
            Recoverable,
            false,
            "server",
            "starts backup mode",
        ),
        fact(
            "pg_stop_backup",
            Recoverable,
            false,
            "server",
            "ends backup mode",
        ),
        fact(
            "pg_stat_reset*",
            Irreversible,
            false,
            "statistics",
            "forgets collected statistics, which autovacuum decides by",
        ),
        fact(
            "pg_stat_statements_reset",
            Irreversible,
            false,
            "statistics",
            "forgets the statistics of all statements",
        ),
        fact(
            "pg_clear_relation_stats",
            Irreversible,
            false,
            "statistics",
            "forgets the planner's statistics of a table",
        ),
        fact(
            "pg_clear_attribute_stats",
            Irreversible,
            false,
            "statistics",
            "forgets the planner's statistics of a column",
        ),
        fact(
            "pg_logical_emit_message",
            Recoverable,
            false,
            "message",
            "writes a message into the WAL",
        ),
        fact(
            "pg_import_system_collations",
            Recoverable,
            true,
            "collation",
            "adds collations",
        ),
        fact(
            "pg_extension_config_dump",
            Recoverable,
            true,
            "extension",
            "marks a table for dumps",
        ),
        fact(
            "heap_force_*",
            Irreversible,
            false,
            "rows",
            "destroys rows at page level",
        ),
        fact(
            "pg_truncate_visibility_map",
            Recoverable,
            false,
            "visibility map",
            "empties the visibility map of a table",
        ),
        fact(
            "cron.unschedule",
            Recoverable,
            true,
            "job",
            "removes a scheduled job",
        ),
        fact(
            "pgmq.purge_queue",
            Irreversible,
            true,
            "queue",
            "deletes every message of the queue",
        ),
        fact(
            "pgmq.drop_queue",
            Irreversible,
            true,
            "queue",
            "drops the queue and its messages",
        ),
        fact(
            "pgmq.delete",
            Irreversible,
            true,
            "queue",
            "deletes messages",
        ),
        fact(
            "pgmq.pop",
            Irreversible,
            true,
            "queue",
            "takes messages off the queue",
        ),
        fact("pgmq.send*", Reversible, true, "queue", "adds messages"),
        fact("pgmq.create*", Reversible, true, "queue", "creates a queue"),
        fact(
            "drop_chunks",
            Irreversible,
            true,
            "hypertable",
            "drops chunks and the rows in them",
        ),
        fact(
            "add_retention_policy",
            Irreversible,
            true,
            "hypertable",
            "drops old chunks, now and from now on",
        ),
        fact(
            "create_hypertable",
            Recoverable,
            true,
            "hypertable",
            "turns the table into a hypertable",
        ),
        fact(
            "add_compression_policy",
            Recoverable,
            true,
            "hypertable",
            "compresses chunks from now on",
        ),
        fact(
            "delete_job",
            Recoverable,
            true,
            "job",
            "removes a background job",
        ),
        fact(
            "remove_*_policy",
            Recoverable,
            true,
            "hypertable",
            "removes a policy",
        ),
        fact(
            "partman.drop_partition_*",
            Irreversible,
            true,
            "partition",
            "drops old partitions",
        ),
        fact(
            "partman.run_maintenance*",
            Irreversible,
            false,
            "partition",
            "drops the partitions that have expired",
        ),
        fact(
            "partman.undo_partition*",
            Irreversible,
            false,
            "partition",
            "moves rows out of their partitions",
        ),
        fact(
            "undistribute_table",
            Irreversible,
            false,
            "table",
            "turns the distributed table into a local one",
        ),
        fact(
            "citus_drain_node",
            Irreversible,
            false,
            "node",
            "moves every shard off a node",
        ),
        fact(
            "citus_remove_node",
            Irreversible,
            false,
            "node",
            "removes a node",
        ),
        fact(
            "master_remove_node",
            Irreversible,
            false,
            "node",
            "removes a node",
        ),
        fact(
            "dropgeometrytable",
            Irreversible,
            true,
            "table",
            "drops the table",
        ),
        fact(
            "dropgeometrycolumn",
            Irreversible,
            true,
            "column",
            "drops the geometry column",
        ),
        fact(
            "addgeometrycolumn",
            Reversible,
            true,
            "column",
            "adds a geometry column",
        ),
        fact(
            "aws_s3.query_export_to_s3",
            Recoverable,
            false,
            "bucket",
            "writes to S3",
        ),
        fact(
            "aws_s3.table_import_from_s3",
            Reversible,
            true,
            "table",
            "adds rows",
        ),
    ]
};

/// Functions that run the SQL text in one of their arguments, counted from 0. With a connection
/// string before it, the text runs in another database and no rollback takes it back.
const RUNS_SQL: &[(&str, usize)] = &[
    ("query_to_xml", 0),
    ("query_to_xmlschema", 0),
    ("query_to_xml_and_xmlschema", 0),
    ("ts_stat", 0),
    ("ts_rewrite", 1),
    ("crosstab", 0),
    ("crosstab2", 0),
    ("crosstab3", 0),
    ("crosstab4", 0),
    ("crosstab_hash", 0),
    ("cron.schedule", 2),
    ("cron.schedule_in_database", 2),
];
const RUNS_SQL_ELSEWHERE: &[&str] = &["dblink", "dblink_exec", "dblink_send_query", "dblink_open"];
const HARMLESS_DESPITE_THEIR_KIN: &[&str] = &[
    "dblink_connect",
    "dblink_connect_u",
    "dblink_disconnect",
    "dblink_get_connections",
    "dblink_error_message",
    "dblink_is_busy",
    "dblink_get_result",
    "dblink_get_notify",
    "dblink_fetch",
    "dblink_close",
    "dblink_current_query",
    "dblink_get_pkey",
    "dblink_build_sql_insert",
    "dblink_build_sql_update",
    "dblink_build_sql_delete",
    "dblink_cancel_query",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "lo_open",
    "lo_close",
    "lo_get",
    "lo_lseek",
    "lo_lseek64",
    "lo_tell",
    "lo_tell64",
    "loread",
    "connectby",
    "xpath_table",
    "pg_stat_clear_snapshot",
    "pg_replication_origin_session_is_setup",
    "pg_replication_origin_session_progress",
    "pg_replication_origin_progress",
    "pg_replication_origin_oid",
];

pub(super) fn judge(call: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    let Some(callee) = call
        .children()
        .find(|part| matches!(part.kind(), K::NAME_REF | K::FIELD_EXPR))
    else {
        // `EXISTS (…)`, `EXTRACT (…)` and their like are syntax.
        return;
    };
    let path: Vec<String> = name_path(&callee);
    let name = path.join(".");
    let bare = bare(&path);
    if is_hole(&name) {
        return found.unseen(
            "which function runs is known only when the command runs",
            range(call),
        );
    }
    if let Some((_, index)) = RUNS_SQL
        .iter()
        .find(|(function, _)| matches(function, bare, &name))
    {
        return runs_sql(call, *index, true, depth, found);
    }
    if RUNS_SQL_ELSEWHERE.contains(&bare) {
        // With one string it is the SQL; with two, the connection comes first.
        let strings = arguments(call).len();
        return runs_sql(call, usize::from(strings > 1), false, depth, found);
    }
    // What is harmless under a pattern of the table is looked for first.
    if HARMLESS_DESPITE_THEIR_KIN.contains(&bare) {
        return;
    }
    if let Some(fact) = FACTS.iter().find(|fact| matches(fact.name, bare, &name)) {
        return found.acts.push(act(fact, call));
    }
    if is_harmless(&path) || HARMLESS_QUALIFIED.contains(&name.as_str()) {
        return;
    }
    found.uses.push(Use {
        stored: Stored::Function,
        name,
        range: range(call),
    });
}

fn name_path(callee: &SyntaxNode) -> Vec<String> {
    // Split by the syntax, not by the text: a quoted name may hold a dot.
    callee
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::DOT)
        .map(|token| fold(token.text()))
        .collect()
}

/// The name without a schema that extensions and built-in functions are commonly found in.
fn bare(path: &[String]) -> &str {
    match path {
        [name] => name,
        [schema, name]
            if matches!(
                schema.as_str(),
                "pg_catalog"
                    | "public"
                    | "extensions"
                    | "postgis"
                    | "dblink"
                    | "tiger"
                    | "topology"
            ) =>
        {
            name
        }
        _ => "",
    }
}

/// Built-in functions count without a schema or in `pg_catalog`; in `public` anybody may have put
/// a function of that name.
fn is_harmless(path: &[String]) -> bool {
    let bare = bare(path);
    if bare.is_empty() {
        return false;
    }
    let built_in = path.len() == 1 || path.first().is_some_and(|schema| schema != "public");
    HARMLESS_PREFIXES
        .iter()
        .any(|prefix| bare.starts_with(prefix))
        || built_in && is_listed(HARMLESS, bare)
        || path.first().is_some_and(|schema| schema == "public") && is_extension(bare)
}

/// Functions that extensions put into `public`, where their names can be told from the built-in.
fn is_extension(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "uuid_generate_v1",
        "uuid_generate_v1mc",
        "uuid_generate_v3",
        "uuid_generate_v4",
        "uuid_generate_v5",
        "gen_random_uuid",
        "gen_salt",
        "crypt",
        "digest",
        "hmac",
        "unaccent",
        "similarity",
        "word_similarity",
        "levenshtein",
        "soundex",
        "metaphone",
        "time_bucket",
        "cosine_distance",
        "l2_distance",
        "inner_product",
        "vector_dims",
    ];
    NAMES.contains(&name)
}

/// A binary search among the lines of a sorted list.
pub(super) fn is_listed(list: &str, name: &str) -> bool {
    let bytes = list.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let start = bytes
            .iter()
            .take(middle)
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let end = bytes
            .iter()
            .skip(middle)
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |length| middle + length);
        match list.get(start..end).unwrap_or_default().cmp(name) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

fn matches(pattern: &str, bare: &str, name: &str) -> bool {
    let name = if pattern.contains('.') { name } else { bare };
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => name == pattern,
    }
}

fn arguments(call: &SyntaxNode) -> Vec<SyntaxNode> {
    child(call, SyntaxKind::ARG_LIST)
        .into_iter()
        .flat_map(|list| list.children())
        .filter(|argument| argument.kind() == SyntaxKind::ARG)
        .filter_map(|argument| argument.children().next())
        .collect()
}

fn runs_sql(
    call: &SyntaxNode,
    index: usize,
    transactional: bool,
    depth: usize,
    found: &mut Judgement,
) {
    let arguments = arguments(call);
    // `cron.schedule(schedule, command)` has no name in front.
    let index = index.min(arguments.len().saturating_sub(1));
    let mut inner = Judgement::default();
    match arguments.get(index) {
        Some(argument) => dynamic(argument, depth, &mut inner),
        None => inner.unseen(
            "the SQL text that the function runs is missing",
            range(call),
        ),
    }
    if !transactional {
        for act in &mut inner.acts {
            act.transactional = false;
            act.summary
                .push_str(", on the server that dblink connects to");
        }
    }
    found.absorb(&inner, &range(call));
}

fn act(fact: &Fact, call: &SyntaxNode) -> Act {
    let name = arguments(call)
        .first()
        .map(|first| literal(first).unwrap_or_else(|| folded(first)))
        .filter(|name| !name.is_empty() && name.len() < 200);
    Act {
        rule: "call-function",
        action: "call",
        kind: fact.kind.into(),
        name,
        reversibility: match fact.class {
            Class::Irreversible => Reversibility::Irreversible { perhaps: None },
            Class::Recoverable => Reversibility::Recoverable {
                from: "its old state, if it is known elsewhere".into(),
                within: None,
            },
            Class::Reversible => Reversibility::Reversible {
                undo: "run the inverse function".into(),
            },
        },
        summary: fact.summary.to_owned(),
        also_lost: Vec::new(),
        instead: None,
        transactional: fact.transactional,
        range: range(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_in() {
        let names: Vec<&str> = HARMLESS.lines().collect();
        assert!(names.is_sorted());
        assert!(names.len() > 3000);
        for name in &names {
            assert!(is_listed(HARMLESS, name), "{name}");
        }
        for name in [
            "",
            "wipe",
            "setval",
            "pg_drop_replication_slot",
            "zzz",
            "a",
            "lo_unlink",
        ] {
            assert!(!is_listed(HARMLESS, name), "{name}");
        }
    }

    #[test]
    fn nothing_is_both_harmless_and_described() {
        for name in HARMLESS.lines() {
            if HARMLESS_DESPITE_THEIR_KIN.contains(&name) {
                continue;
            }
            for fact in FACTS {
                assert!(
                    !matches(fact.name, name, name),
                    "{name} is also {}",
                    fact.name
                );
            }
        }
    }
}
