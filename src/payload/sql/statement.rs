//! What each kind of statement does.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::condition::{Truth, truth};
use super::judgement::{Act, Control, Definition, Judgement, Stored, Use};
use super::node::{child, folded, has, has_descendant, has_token, literal, objects, range};
use super::{body, function, object};
use crate::effect::Reversibility;

/// Judges one statement of a tree. `depth` counts the texts that this one is nested in.
pub(super) fn judge(node: &SyntaxNode, depth: usize) -> Judgement {
    let mut found = Judgement {
        range: range(node),
        ..Judgement::default()
    };
    read(node, depth, &mut found);
    found
}

/// Adds what a statement does to `found`.
pub(super) fn read(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    match node.kind() {
        K::SELECT
        | K::COMPOUND_SELECT
        | K::PAREN_SELECT
        | K::VALUES
        | K::TABLE
        | K::INSERT
        | K::UPDATE
        | K::DELETE
        | K::MERGE
        | K::DECLARE => query(node, depth, found),
        K::SELECT_INTO => {
            query(node, depth, found);
            temporary(node, found);
            let name = child(node, K::INTO_CLAUSE).and_then(|into| child(&into, K::TABLE_NAME));
            created("table", name.as_ref(), node, found);
        }
        K::CREATE_TABLE => {
            temporary(node, found);
            object::judge(node, found);
        }
        K::CREATE_TABLE_AS | K::CREATE_MATERIALIZED_VIEW => {
            query(node, depth, found);
            temporary(node, found);
            created("table", None, node, found);
        }
        K::EXPLAIN if explain_runs(node) => {
            for inner in node.children().filter(|inner| !is_explain_option(inner)) {
                read(&inner, depth, found);
            }
        }
        K::PREPARE => prepare(node, depth, found),
        K::EXECUTE => {
            uses(node, Stored::Prepared, found);
            query(node, depth, found);
        }
        K::CALL => {
            uses(node, Stored::Procedure, found);
            query(node, depth, found);
        }
        K::ALTER_TABLE => {
            // Defaults and checks of what is added run for every row.
            for action in node.children() {
                if matches!(action.kind(), K::ADD_COLUMN | K::ADD_CONSTRAINT) {
                    query(&action, depth, found);
                }
            }
            object::judge(node, found);
        }
        K::CREATE_RULE => {
            // What it says runs with later statements that look harmless.
            query(node, depth, found);
            object::judge(node, found);
        }
        K::CREATE_TRIGGER | K::CREATE_EVENT_TRIGGER => {
            if let Some(name) = node
                .descendants()
                .find(|part| part.kind() == K::FUNCTION_NAME_REF)
                .or_else(|| child(node, K::CALL_EXPR)?.children().next())
            {
                found.uses.push(Use {
                    stored: Stored::Trigger,
                    name: folded(&name),
                    range: range(node),
                });
            }
            object::judge(node, found);
        }
        K::DO => body::judge_do(node, depth, found),
        K::CREATE_FUNCTION | K::CREATE_PROCEDURE => define(node, depth, found),
        K::COPY => copy(node, depth, found),
        K::TRUNCATE => truncate(node, found),
        K::BEGIN
        | K::COMMIT_TRANSACTION
        | K::ROLLBACK_TRANSACTION
        | K::SAVEPOINT_CREATE
        | K::RELEASE_SAVEPOINT
        | K::ROLLBACK_TO_SAVEPOINT
        | K::PREPARE_TRANSACTION => {
            found.control = control(node);
        }
        K::COMMIT_PREPARED => found.unseen(
            "it commits a transaction that was prepared earlier, which cannot be seen from here",
            range(node),
        ),
        K::LOAD => found.unseen("it loads code into the server", range(node)),
        K::ERROR => found.unseen(
            "the SQL text cannot be read as PostgreSQL would",
            range(node),
        ),
        _ => object::judge(node, found),
    }
}

/// Everything that a query runs: data-modifying parts, however deep, and function calls.
pub(super) fn query(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    for part in node.descendants() {
        match part.kind() {
            K::DELETE => delete(&part, found),
            K::UPDATE => update(&part, found),
            K::INSERT => insert(&part, found),
            K::MERGE => merge(&part, found),
            K::CALL_EXPR => function::judge(&part, depth, found),
            K::EXECUTE if part != *node => uses(&part, Stored::Prepared, found),
            K::ERROR => found.unseen(
                "the SQL text cannot be read as PostgreSQL would",
                range(&part),
            ),
            _ => {}
        }
    }
}

fn target_of(node: &SyntaxNode) -> Option<String> {
    objects(node).into_iter().next()
}

/// The `WHERE` of a statement: which rows it takes, in words; `None` if it takes none.
fn rows(node: &SyntaxNode) -> Option<String> {
    use SyntaxKind as K;
    if let Some(cursor) = child(node, K::WHERE_CURRENT_OF) {
        return Some(format!(
            "the row at the {}",
            clip(&cursor.text().to_string())
        ));
    }
    let Some(clause) = child(node, K::WHERE_CLAUSE) else {
        return Some("every row".to_owned());
    };
    match clause
        .children()
        .next()
        .map(|expression| truth(&expression))
    {
        Some(Truth::Never) => None,
        Some(Truth::Always) => Some("every row (its condition is always true)".to_owned()),
        Some(Truth::Depends) | None => {
            Some(format!("the rows {}", clip(&clause.text().to_string())))
        }
    }
}

/// A piece of SQL for one line of a report.
fn clip(text: &str) -> String {
    const LONGEST: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn is_temporary(name: Option<&String>) -> bool {
    name.is_some_and(|name| name.starts_with("pg_temp."))
}

fn delete(node: &SyntaxNode, found: &mut Judgement) {
    let name = target_of(node);
    let Some(rows) = rows(node) else { return };
    let shown = name.as_deref().unwrap_or("the table").to_owned();
    found.acts.push(Act {
        rule: "delete-rows",
        action: "delete",
        summary: format!("deletes {rows} of {shown}"),
        also_lost: vec!["rows of other tables that reference them with ON DELETE CASCADE".into()],
        ..table_act(name, range(node))
    });
}

fn update(node: &SyntaxNode, found: &mut Judgement) {
    let name = target_of(node);
    let Some(rows) = rows(node) else { return };
    let shown = name.as_deref().unwrap_or("the table").to_owned();
    found.acts.push(Act {
        rule: "update-rows",
        action: "overwrite",
        summary: format!("overwrites columns in {rows} of {shown}"),
        ..table_act(name, range(node))
    });
}

fn insert(node: &SyntaxNode, found: &mut Judgement) {
    use SyntaxKind as K;
    let name = target_of(node);
    let shown = name.as_deref().unwrap_or("the table").to_owned();
    let overwrites = has_descendant(node, K::CONFLICT_DO_UPDATE_SET)
        && child(node, K::ON_CONFLICT_CLAUSE)
            .is_some_and(|clause| has(&clause, K::CONFLICT_DO_UPDATE_SET));
    found.acts.push(if overwrites {
        Act {
            rule: "upsert-rows",
            action: "overwrite",
            summary: format!("overwrites the rows of {shown} that conflict with the new ones"),
            ..table_act(name, range(node))
        }
    } else {
        Act {
            rule: "insert-rows",
            action: "add",
            summary: format!("adds rows to {shown}"),
            reversibility: Reversibility::Reversible {
                undo: "delete the added rows".into(),
            },
            ..table_act(name, range(node))
        }
    });
}

fn merge(node: &SyntaxNode, found: &mut Judgement) {
    use SyntaxKind as K;
    let name = target_of(node);
    let shown = name.as_deref().unwrap_or("the table").to_owned();
    let loses = node
        .descendants()
        .any(|part| matches!(part.kind(), K::MERGE_DELETE | K::MERGE_UPDATE));
    let reversibility = if loses {
        Reversibility::Irreversible { perhaps: None }
    } else {
        Reversibility::Reversible {
            undo: "delete the added rows".into(),
        }
    };
    found.acts.push(Act {
        rule: "merge-rows",
        action: if loses { "overwrite" } else { "add" },
        summary: if loses {
            format!("updates or deletes rows of {shown}")
        } else {
            format!("adds rows to {shown}")
        },
        reversibility,
        ..table_act(name, range(node))
    });
}

fn truncate(node: &SyntaxNode, found: &mut Judgement) {
    use SyntaxKind as K;
    let cascade = has(node, K::CASCADE);
    let mut also_lost = Vec::new();
    if cascade {
        also_lost.push("all rows of every table that references it with a foreign key".to_owned());
    }
    if has(node, K::RESTART_IDENTITY) {
        also_lost.push("the positions of its sequences".to_owned());
    }
    for name in objects(node) {
        found.acts.push(Act {
            rule: "truncate-table",
            action: "empty",
            summary: format!("deletes every row of {name}"),
            also_lost: also_lost.clone(),
            ..table_act(Some(name), range(node))
        });
    }
}

/// What acts on the rows of a table have in common.
fn table_act(name: Option<String>, range: Range<usize>) -> Act {
    let reversibility = if is_temporary(name.as_ref()) {
        Reversibility::Reversible {
            undo: "the table is temporary".into(),
        }
    } else {
        Reversibility::Irreversible { perhaps: None }
    };
    Act {
        rule: "",
        action: "",
        kind: "table".into(),
        name,
        reversibility,
        summary: String::new(),
        also_lost: Vec::new(),
        instead: None,
        transactional: true,
        range,
    }
}

/// `CREATE TEMP TABLE`: what is done to it later loses nothing.
fn temporary(node: &SyntaxNode, found: &mut Judgement) {
    let name = child(node, SyntaxKind::TABLE_NAME)
        .or_else(|| {
            child(
                &child(node, SyntaxKind::INTO_CLAUSE)?,
                SyntaxKind::TABLE_NAME,
            )
        })
        .map(|name| folded(&name));
    if let Some(name) =
        name.filter(|name| has_descendant(node, SyntaxKind::TEMP) && !name.contains('.'))
    {
        found.definitions.push(Definition::Temporary(name));
    }
}

fn created(
    kind: &'static str,
    name: Option<&SyntaxNode>,
    node: &SyntaxNode,
    found: &mut Judgement,
) {
    let name = name
        .map(folded)
        .or_else(|| child(node, SyntaxKind::TABLE_NAME).map(|name| folded(&name)));
    found.acts.push(Act {
        rule: "create-object",
        action: "create",
        kind: kind.into(),
        summary: format!("creates a {kind}"),
        reversibility: Reversibility::Reversible {
            undo: "drop it again".into(),
        },
        ..table_act(name, range(node))
    });
}

/// Whether `EXPLAIN` runs its statement: `ANALYZE`, unless its value says no.
fn explain_runs(node: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    if has(node, K::EXPLAIN_ANALYZE) || has_token(node, K::ANALYZE_KW) {
        return true;
    }
    let Some(options) = child(node, K::EXPLAIN_OPTION_LIST) else {
        return false;
    };
    options.children().any(|option| {
        let words: Vec<String> = option.children().map(|part| folded(&part)).collect();
        let is_analyze = words
            .first()
            .is_some_and(|name| name == "analyze" || name == "analyse");
        let value = words
            .get(1)
            .map(|value| value.trim_matches('\'').to_owned());
        let off = matches!(value.as_deref(), Some("false" | "off" | "0"));
        is_analyze && !off
    })
}

fn is_explain_option(node: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    matches!(
        node.kind(),
        K::EXPLAIN_OPTION_LIST | K::EXPLAIN_ANALYZE | K::EXPLAIN_VERBOSE
    )
}

fn prepare(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    let Some(name) = child(node, SyntaxKind::PREPARED_STATEMENT) else {
        return;
    };
    let mut inner = Judgement::default();
    if let Some(statement) = node.children().last().filter(|last| *last != name) {
        read(&statement, depth, &mut inner);
    }
    let definition = Definition::Prepared(folded(&name), inner.into());
    found.definitions.push(definition);
}

fn uses(node: &SyntaxNode, stored: Stored, found: &mut Judgement) {
    if let Some(name) = target_of(node) {
        found.uses.push(Use {
            stored,
            name,
            range: range(node),
        });
    }
}

/// A function does nothing yet; what it will do is kept for the calls in the same session.
fn define(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    let name = node
        .children()
        .find(|part| matches!(part.kind(), K::FUNCTION_NAME | K::PROCEDURE_NAME))
        .map(|name| folded(&name));
    if let Some(name) = &name {
        let inner = body::judge_function(node, depth);
        found
            .definitions
            .push(Definition::Function(name.clone(), inner.into()));
    }
    let replaces = has(node, K::OR_REPLACE);
    found.acts.push(Act {
        rule: if replaces {
            "replace-definition"
        } else {
            "create-object"
        },
        action: if replaces { "replace" } else { "create" },
        kind: "function".into(),
        summary: if replaces {
            "replaces the function's definition, if there is one".into()
        } else {
            "creates a function".into()
        },
        reversibility: if replaces {
            Reversibility::Recoverable {
                from: "its old definition, if it is kept elsewhere (migrations)".into(),
                within: None,
            }
        } else {
            Reversibility::Reversible {
                undo: "drop it again".into(),
            }
        },
        ..table_act(name, range(node))
    });
}

fn copy(node: &SyntaxNode, depth: usize, found: &mut Judgement) {
    use SyntaxKind as K;
    if let Some(inner) = child(node, K::COPY_QUERY) {
        query(&inner, depth, found);
    }
    let to = child(node, K::COPY_TO);
    let from = child(node, K::COPY_FROM);
    let side = to.as_ref().or(from.as_ref());
    let outside = side.and_then(|side| child(side, K::COPY_PROGRAM));
    let text = outside
        .as_ref()
        .and_then(|outside| outside.children().find_map(|part| literal(&part)));
    match (&outside, text) {
        (Some(outside), Some(text)) if has_token(outside, K::PROGRAM_KW) => {
            found.programs.push(super::judgement::Program {
                text,
                range: range(node),
            });
        }
        (Some(_), Some(file)) if to.is_some() => found.acts.push(Act {
            rule: "copy-to-file",
            action: "overwrite",
            kind: "server file".into(),
            summary: format!("overwrites the file {file} on the database server"),
            transactional: false,
            ..table_act(Some(file), range(node))
        }),
        (Some(_), None) => found.unseen("the file or program of COPY cannot be read", range(node)),
        _ => {}
    }
    if let Some(from) = from {
        found.reads_data = has(&from, K::COPY_STDIN);
        let name = child(node, K::COPY_TABLE).and_then(|table| target_of(&table));
        found.acts.push(Act {
            rule: "insert-rows",
            action: "add",
            summary: "adds rows to the table".into(),
            reversibility: Reversibility::Reversible {
                undo: "delete the added rows".into(),
            },
            ..table_act(name, range(node))
        });
    }
}

fn control(node: &SyntaxNode) -> Option<Control> {
    use SyntaxKind as K;
    let chain = has(node, K::AND_CHAIN);
    let savepoint = || {
        node.children()
            .find(|part| matches!(part.kind(), K::SAVEPOINT | K::SAVEPOINT_REF))
            .map(|name| folded(&name))
    };
    Some(match node.kind() {
        K::BEGIN => Control::Begin,
        // A prepared transaction survives the session: what it did counts as done.
        K::COMMIT_TRANSACTION | K::PREPARE_TRANSACTION => Control::Commit { chain },
        K::ROLLBACK_TRANSACTION => Control::Rollback { chain },
        K::SAVEPOINT_CREATE => Control::Savepoint(savepoint()?),
        K::RELEASE_SAVEPOINT => Control::Release(savepoint()?),
        K::ROLLBACK_TO_SAVEPOINT => Control::RollbackTo(savepoint()?),
        _ => return None,
    })
}
