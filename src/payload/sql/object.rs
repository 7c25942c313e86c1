//! Statements about objects: what dropping, altering and maintaining them loses.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::judgement::{Act, Judgement};
use super::node::{folded, has, has_descendant, objects, range};
use crate::effect::Reversibility;

/// What dropping an object of a kind loses.
#[derive(Clone, Copy)]
enum Loss {
    /// Data, whatever the options.
    Data,
    /// A definition; data too with `CASCADE`.
    Definition,
    /// Nothing without `CASCADE`: it must be empty or unused.
    Empty,
}

/// Kind of statement, word for the object, what is lost, and what goes with it.
const DROPS: &[(SyntaxKind, &str, Loss, &str)] = {
    use Loss::{Data, Definition, Empty};
    use SyntaxKind as K;
    &[
        (
            K::DROP_TABLE,
            "table",
            Data,
            "its indexes, triggers, policies and grants",
        ),
        (
            K::DROP_DATABASE,
            "database",
            Data,
            "every schema, table and large object in it",
        ),
        (K::DROP_SCHEMA, "schema", Empty, "everything in the schema"),
        (
            K::DROP_EXTENSION,
            "extension",
            Data,
            "the data it keeps in tables of its own",
        ),
        (K::DROP_SEQUENCE, "sequence", Data, "its current value"),
        (
            K::DROP_SUBSCRIPTION,
            "subscription",
            Data,
            "the replication slot on the publisher, and with it the position",
        ),
        (K::DROP_TYPE, "type", Empty, "every column of that type"),
        (
            K::DROP_DOMAIN,
            "domain",
            Empty,
            "every column of that domain",
        ),
        (
            K::DROP_MATERIALIZED_VIEW,
            "materialized view",
            Definition,
            "its stored rows",
        ),
        (K::DROP_VIEW, "view", Definition, ""),
        (K::DROP_INDEX, "index", Definition, ""),
        (K::DROP_FUNCTION, "function", Definition, ""),
        (K::DROP_PROCEDURE, "procedure", Definition, ""),
        (K::DROP_ROUTINE, "routine", Definition, ""),
        (K::DROP_AGGREGATE, "aggregate", Definition, ""),
        (K::DROP_TRIGGER, "trigger", Definition, ""),
        (K::DROP_RULE, "rule", Definition, ""),
        (
            K::DROP_POLICY,
            "policy",
            Definition,
            "the rows it kept from view",
        ),
        (K::DROP_OPERATOR, "operator", Definition, ""),
        (K::DROP_OPERATOR_CLASS, "operator class", Definition, ""),
        (K::DROP_OPERATOR_FAMILY, "operator family", Definition, ""),
        (K::DROP_CAST, "cast", Definition, ""),
        (K::DROP_COLLATION, "collation", Definition, ""),
        (K::DROP_CONVERSION, "conversion", Definition, ""),
        (K::DROP_STATISTICS, "statistics", Definition, ""),
        (K::DROP_EVENT_TRIGGER, "event trigger", Definition, ""),
        (K::DROP_LANGUAGE, "language", Definition, ""),
        (K::DROP_TRANSFORM, "transform", Definition, ""),
        (K::DROP_ACCESS_METHOD, "access method", Definition, ""),
        (
            K::DROP_TEXT_SEARCH_CONFIG,
            "text search configuration",
            Definition,
            "",
        ),
        (
            K::DROP_TEXT_SEARCH_DICT,
            "text search dictionary",
            Definition,
            "",
        ),
        (
            K::DROP_TEXT_SEARCH_PARSER,
            "text search parser",
            Definition,
            "",
        ),
        (
            K::DROP_TEXT_SEARCH_TEMPLATE,
            "text search template",
            Definition,
            "",
        ),
        (K::DROP_PROPERTY_GRAPH, "property graph", Definition, ""),
        (
            K::DROP_ROLE,
            "role",
            Definition,
            "its password, grants and memberships",
        ),
        (
            K::DROP_USER,
            "role",
            Definition,
            "its password, grants and memberships",
        ),
        (K::DROP_GROUP, "role", Definition, "its memberships"),
        (K::DROP_TABLESPACE, "tablespace", Definition, ""),
        (
            K::DROP_PUBLICATION,
            "publication",
            Definition,
            "the subscribers' feed",
        ),
        (K::DROP_SERVER, "foreign server", Definition, ""),
        (
            K::DROP_USER_MAPPING,
            "user mapping",
            Definition,
            "its credentials",
        ),
        (
            K::DROP_FOREIGN_DATA_WRAPPER,
            "foreign data wrapper",
            Definition,
            "",
        ),
        (K::DROP_FOREIGN_TABLE, "foreign table", Definition, ""),
    ]
};

const IRREVERSIBLE: Reversibility = Reversibility::Irreversible { perhaps: None };

/// Statements that change no data: they run without an effect.
fn is_harmless(kind: SyntaxKind) -> bool {
    use SyntaxKind as K;
    matches!(
        kind,
        K::EXPLAIN
            | K::SHOW
            | K::FETCH
            | K::MOVE
            | K::CLOSE
            | K::LISTEN
            | K::UNLISTEN
            | K::NOTIFY
            | K::DEALLOCATE
            | K::CHECKPOINT
            | K::ANALYZE
            | K::LOCK
            | K::EMPTY_STMT
            | K::SET
            | K::SET_CONFIG
            | K::SET_CONSTRAINTS
            | K::SET_ROLE
            | K::SET_SESSION_AUTH
            | K::SET_TRANSACTION
            | K::RESET
            | K::RESET_ROLE
            | K::RESET_SESSION_AUTH
            | K::DISCARD
            | K::REINDEX
            | K::DECLARE
            | K::CALL
    )
}

pub(super) fn judge(node: &SyntaxNode, found: &mut Judgement) {
    use SyntaxKind as K;
    let kind = node.kind();
    if is_harmless(kind) {
        return;
    }
    if let Some(row) = DROPS.iter().find(|row| row.0 == kind) {
        return drop_object(node, row.1, row.2, row.3, found);
    }
    match kind {
        K::DROP_OWNED => drop_owned(node, found),
        K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE => alter_table(node, found),
        K::ALTER_TYPE => alter_type(node, found),
        K::ALTER_SEQUENCE => alter_sequence(node, found),
        K::ALTER_SYSTEM => {
            let mut act = recoverable(
                node,
                "setting",
                "alter-system",
                "changes the server's configuration file",
            );
            act.transactional = false;
            found.acts.push(act);
        }
        K::VACUUM if has_descendant_word(node, "full") => maintenance(node, found),
        K::VACUUM => {}
        K::CLUSTER | K::REPACK => maintenance(node, found),
        K::REFRESH if has(node, K::WITH_NO_DATA) => found.acts.push(recoverable(
            node,
            "materialized view",
            "refresh-view",
            "empties the materialized view",
        )),
        K::REFRESH => found.acts.push(reversible(
            node,
            "materialized view",
            "refresh-view",
            "computes its rows again",
        )),
        K::GRANT | K::GRANT_DEFAULT_PRIVILEGES => {
            found
                .acts
                .push(reversible(node, "grant", "grant", "gives rights"))
        }
        K::REVOKE | K::REVOKE_DEFAULT_PRIVILEGES | K::ALTER_DEFAULT_PRIVILEGES => {
            found.acts.push(recoverable(
                node,
                "grant",
                "revoke",
                "takes rights away or changes defaults",
            ));
        }
        K::REASSIGN => found.acts.push(recoverable(
            node,
            "role",
            "reassign-owned",
            "gives everything the role owns to another",
        )),
        K::COMMENT_ON | K::SECURITY_LABEL => {
            found.acts.push(reversible(
                node,
                "comment",
                "comment",
                "replaces a comment or label",
            ));
        }
        K::IMPORT_FOREIGN_SCHEMA => found.acts.push(reversible(
            node,
            "schema",
            "create-object",
            "creates foreign tables",
        )),
        K::ROLLBACK_PREPARED => found.acts.push(Act {
            reversibility: IRREVERSIBLE,
            transactional: false,
            ..reversible(
                node,
                "prepared transaction",
                "rollback-prepared",
                "discards a prepared transaction and all it did",
            )
        }),
        other => by_name(node, &format!("{other:?}"), found),
    }
}

/// The statements that need no row of their own, by the words that they begin with.
fn by_name(node: &SyntaxNode, kind: &str, found: &mut Judgement) {
    if let Some(object) = kind.strip_prefix("CREATE_") {
        let object = object.replace('_', " ").to_lowercase();
        if has(node, SyntaxKind::OR_REPLACE) {
            let summary = format!("replaces the {object}'s definition, if there is one");
            return found.acts.push(Act {
                kind: object.into(),
                ..recoverable(node, "", "replace-definition", &summary)
            });
        }
        let summary = format!("creates a {object}");
        found.acts.push(Act {
            kind: object.into(),
            transactional: !matches!(
                node.kind(),
                SyntaxKind::CREATE_DATABASE | SyntaxKind::CREATE_TABLESPACE
            ),
            ..reversible(node, "", "create-object", &summary)
        });
    } else if let Some(object) = kind.strip_prefix("ALTER_") {
        let object = object.replace('_', " ").to_lowercase();
        let summary = format!("changes the {object}");
        found.acts.push(if only_renames(node) {
            Act {
                kind: object.into(),
                ..reversible(node, "", "alter-object", &summary)
            }
        } else {
            Act {
                kind: object.into(),
                ..recoverable(node, "", "alter-object", &summary)
            }
        });
    } else {
        let words = kind.replace('_', " ").to_lowercase();
        found.unseen(
            format!("guard does not know what the statement `{words}` does"),
            range(node),
        );
    }
}

fn only_renames(node: &SyntaxNode) -> bool {
    node.children().any(|part| {
        let kind = format!("{:?}", part.kind());
        kind.ends_with("_RENAME_TO")
            || kind.starts_with("RENAME_")
            || matches!(part.kind(), SyntaxKind::OWNER_TO | SyntaxKind::SET_SCHEMA)
    })
}

fn drop_object(
    node: &SyntaxNode,
    object: &'static str,
    loss: Loss,
    with_it: &str,
    found: &mut Judgement,
) {
    let cascade = has(node, SyntaxKind::CASCADE);
    let reversibility = match loss {
        Loss::Data => IRREVERSIBLE,
        Loss::Definition | Loss::Empty if cascade => IRREVERSIBLE,
        Loss::Definition => Reversibility::Recoverable {
            from: "its definition, if it is kept elsewhere (migrations)".into(),
            within: None,
        },
        Loss::Empty => Reversibility::Reversible {
            undo: "create it again: it is dropped only if nothing is in it or uses it".into(),
        },
    };
    let mut also_lost = Vec::new();
    if !with_it.is_empty() && (cascade || !matches!(loss, Loss::Empty)) {
        also_lost.push(with_it.to_owned());
    }
    if cascade {
        also_lost.push("every object that depends on it (CASCADE)".to_owned());
    }
    let mut names = objects(node);
    if names.is_empty() {
        names.push(String::new());
    }
    if node.kind() == SyntaxKind::DROP_TRIGGER || node.kind() == SyntaxKind::DROP_USER_MAPPING {
        names.truncate(1);
    }
    for name in names {
        found.acts.push(Act {
            rule: rule_of(object),
            action: "drop",
            kind: object.into(),
            name: Some(name).filter(|name| !name.is_empty()),
            reversibility: reversibility.clone(),
            summary: format!("drops the {object}"),
            also_lost: also_lost.clone(),
            instead: None,
            transactional: !outside_transactions(node),
            range: range(node),
        });
    }
}

/// A rule of its own for what loses data; one for all definitions.
fn rule_of(object: &str) -> &'static str {
    match object {
        "table" => "drop-table",
        "database" => "drop-database",
        "schema" => "drop-schema",
        "extension" => "drop-extension",
        "sequence" => "drop-sequence",
        "subscription" => "drop-subscription",
        "type" | "domain" => "drop-type",
        "role" => "drop-role",
        _ => "drop-definition",
    }
}

/// Statements that the server refuses inside a transaction block, or does not take back.
fn outside_transactions(node: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    matches!(
        node.kind(),
        K::DROP_DATABASE | K::DROP_TABLESPACE | K::DROP_SUBSCRIPTION
    )
}

fn drop_owned(node: &SyntaxNode, found: &mut Judgement) {
    for role in objects(node) {
        found.acts.push(Act {
            rule: "drop-owned",
            action: "drop",
            kind: "role's objects".into(),
            name: Some(role),
            reversibility: IRREVERSIBLE,
            summary: "drops every object that the role owns in this database".into(),
            also_lost: vec!["the role's grants".into()],
            instead: None,
            transactional: true,
            range: range(node),
        });
    }
}

fn alter_table(node: &SyntaxNode, found: &mut Judgement) {
    use SyntaxKind as K;
    let table = objects(node).into_iter().next().unwrap_or_default();
    for action in node.children() {
        let column = || {
            let column = action
                .children()
                .find(|part| part.kind() == K::COLUMN_NAME_REF)
                .map(|name| folded(&name));
            column.map_or_else(|| table.clone(), |column| format!("{table}.{column}"))
        };
        let cascade = has(&action, K::CASCADE);
        let act = match action.kind() {
            K::DROP_COLUMN => Act {
                name: Some(column()),
                reversibility: IRREVERSIBLE,
                action: "drop",
                also_lost: if cascade {
                    vec!["every object that depends on the column (CASCADE)".into()]
                } else {
                    vec!["the column's indexes and constraints".into()]
                },
                ..reversible(
                    node,
                    "column",
                    "drop-column",
                    "drops the column and its values",
                )
            },
            K::ALTER_COLUMN if has(&action, K::SET_TYPE) => Act {
                name: Some(column()),
                reversibility: IRREVERSIBLE,
                action: "convert",
                ..reversible(
                    node,
                    "column",
                    "alter-column-type",
                    "converts every value of the column; what the new type cannot hold is lost",
                )
            },
            K::ALTER_COLUMN if has(&action, K::SET_EXPRESSION) => Act {
                name: Some(column()),
                reversibility: IRREVERSIBLE,
                ..reversible(
                    node,
                    "column",
                    "alter-column-expression",
                    "computes every value of the column anew",
                )
            },
            K::DROP_CONSTRAINT if cascade => Act {
                name: Some(table.clone()),
                reversibility: IRREVERSIBLE,
                ..reversible(
                    node,
                    "table",
                    "alter-object",
                    "drops a constraint and all that depends on it",
                )
            },
            K::ALTER_COLUMN
                if has(&action, K::DROP_EXPRESSION)
                    || has(&action, K::DROP_IDENTITY)
                    || has(&action, K::DROP_NOT_NULL)
                    || has(&action, K::DROP_DEFAULT) =>
            {
                recoverable(
                    node,
                    "table",
                    "alter-object",
                    "takes a property from a column",
                )
            }
            K::DETACH_PARTITION
            | K::DROP_CONSTRAINT
            | K::DISABLE_TRIGGER
            | K::DISABLE_RULE
            | K::DISABLE_RLS
            | K::NO_FORCE_RLS
            | K::SET_UNLOGGED
            | K::SPLIT_PARTITION
            | K::MERGE_PARTITIONS => recoverable(
                node,
                "table",
                "alter-object",
                "takes a protection or a part from the table",
            ),
            K::TABLE_RELATION_NAME
            | K::RELATION_NAME
            | K::IF_EXISTS
            | K::RELATION_NAME_REF
            | K::TABLE_NAME_REF => continue,
            _ => reversible(node, "table", "alter-object", "changes the table"),
        };
        found.acts.push(act);
    }
}

fn alter_type(node: &SyntaxNode, found: &mut Judgement) {
    if has_descendant(node, SyntaxKind::DROP_ATTRIBUTE)
        || has_descendant(node, SyntaxKind::ALTER_ATTRIBUTE)
    {
        found.acts.push(Act {
            reversibility: IRREVERSIBLE,
            ..reversible(
                node,
                "type",
                "alter-type",
                "changes or drops attributes and the values in them",
            )
        });
    } else {
        found.acts.push(reversible(
            node,
            "type",
            "alter-object",
            "changes the type; no value is lost",
        ));
    }
}

fn alter_sequence(node: &SyntaxNode, found: &mut Judgement) {
    if has_descendant(node, SyntaxKind::OPTION_RESTART) {
        found.acts.push(Act {
            reversibility: IRREVERSIBLE,
            action: "reset",
            ..reversible(
                node,
                "sequence",
                "reset-sequence",
                "sets the sequence's position, so that it may give out values again",
            )
        });
    } else {
        by_name(node, "ALTER_SEQUENCE", found);
    }
}

fn maintenance(node: &SyntaxNode, found: &mut Judgement) {
    found.acts.push(recoverable(
        node,
        "table",
        "rewrite-table",
        "rewrites the table under an exclusive lock; deleted rows can no longer be salvaged",
    ));
}

fn has_descendant_word(node: &SyntaxNode, word: &str) -> bool {
    node.descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .any(|token| token.text().eq_ignore_ascii_case(word))
}

fn reversible(node: &SyntaxNode, kind: &'static str, rule: &'static str, summary: &str) -> Act {
    Act {
        rule,
        action: "change",
        kind: kind.into(),
        name: objects(node).into_iter().next(),
        reversibility: Reversibility::Reversible {
            undo: "run the inverse statement".into(),
        },
        summary: summary.to_owned(),
        also_lost: Vec::new(),
        instead: None,
        transactional: true,
        range: range(node),
    }
}

fn recoverable(node: &SyntaxNode, kind: &'static str, rule: &'static str, summary: &str) -> Act {
    Act {
        reversibility: Reversibility::Recoverable {
            from: "its old state, if it is known elsewhere (migrations, configuration)".into(),
            within: None,
        },
        ..reversible(node, kind, rule, summary)
    }
}
