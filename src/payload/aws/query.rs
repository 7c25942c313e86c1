//! Query languages of AWS services: Athena, DynamoDB's PartiQL, openCypher and Gremlin.
//!
//! Owns what their statements do, by verb: none of these languages has procedures, so the verb
//! decides. Never decides what is asked.

use super::model::Kind;
use crate::resolve::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Athena,
    PartiQl,
    Cypher,
    Gremlin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Effect {
        kind: Kind,
        what: String,
        name: Option<String>,
    },
    Opaque(String),
}

/// What a text of one or more statements does; nothing for one that only reads.
pub(super) fn judge(dialect: Dialect, text: &Text) -> Vec<Judged> {
    let plain = text.render(|index, _| format!("unknown_{index}"));
    match dialect {
        Dialect::Cypher => graph(&plain, text, CYPHER_WRITES, CYPHER_DELETES),
        Dialect::Gremlin => graph(&plain, text, GREMLIN_WRITES, GREMLIN_DELETES),
        Dialect::Athena | Dialect::PartiQl => statements(&plain)
            .iter()
            .filter_map(|statement| by_verb(dialect, statement))
            .collect(),
    }
}

const CYPHER_WRITES: &[&str] = &["create", "merge", "set", "load"];
const CYPHER_DELETES: &[&str] = &["delete", "remove", "drop", "call"];
const GREMLIN_WRITES: &[&str] = &["addv", "adde", "property", "mergev", "mergee"];
const GREMLIN_DELETES: &[&str] = &["drop"];

/// Graph languages are chains of clauses: any of them may write.
fn graph(plain: &str, text: &Text, writes: &[&str], deletes: &[&str]) -> Vec<Judged> {
    let words = words(plain);
    let has = |verbs: &[&str]| words.iter().any(|word| verbs.contains(&word.text.as_str()));
    if has(deletes) {
        return vec![Judged::Effect {
            kind: Kind::Irreversible,
            what: "deletes from the graph".to_owned(),
            name: None,
        }];
    }
    if text.has_unknown() && text.known_prefix().trim().is_empty() {
        return vec![Judged::Opaque(format!(
            "the query is known only when the command runs: {}",
            text.display()
        ))];
    }
    if has(writes) {
        return vec![Judged::Effect {
            kind: Kind::Recoverable,
            what: "changes the graph".to_owned(),
            name: None,
        }];
    }
    Vec::new()
}

struct Word {
    text: String,
    /// The spelling, for names.
    source: String,
}

/// The words outside string literals and comments, in lower case.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    let flush = |word: &mut String, words: &mut Vec<Word>| {
        if !word.is_empty() {
            words.push(Word {
                text: word.to_lowercase(),
                source: std::mem::take(word),
            });
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                flush(&mut word, &mut words);
                for inner in letters.by_ref() {
                    if inner == '\'' {
                        break;
                    }
                }
            }
            // Quoted names: the quotes go, the name stays one word.
            '"' | '`' => {
                flush(&mut word, &mut words);
                let name: String = letters
                    .by_ref()
                    .take_while(|next| *next != letter)
                    .collect();
                words.push(Word {
                    text: format!("\"{name}\""),
                    source: name,
                });
            }
            '-' if letters.peek() == Some(&'-') => {
                flush(&mut word, &mut words);
                for inner in letters.by_ref() {
                    if inner == '\n' {
                        break;
                    }
                }
            }
            '/' if letters.peek() == Some(&'*') => {
                flush(&mut word, &mut words);
                let mut last = ' ';
                for inner in letters.by_ref() {
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
            }
            letter if letter.is_alphanumeric() || matches!(letter, '_' | '$') => word.push(letter),
            '.' if !word.is_empty() => {
                // `db.table` is one name, `g.drop()` is a chain of steps.
                let chained = word.len() == 1;
                if chained {
                    flush(&mut word, &mut words);
                } else {
                    word.push('.');
                }
            }
            ';' => {
                flush(&mut word, &mut words);
                words.push(Word {
                    text: ";".to_owned(),
                    source: ";".to_owned(),
                });
            }
            _ => flush(&mut word, &mut words),
        }
    }
    flush(&mut word, &mut words);
    words
        .into_iter()
        .flat_map(|word| {
            // A step after a longer receiver (`vertices.drop()`) counts as well.
            let last = word.text.rsplit('.').next().unwrap_or("").to_owned();
            let extra = (word.text.contains('.') && !last.is_empty()).then(|| Word {
                source: last.clone(),
                text: last,
            });
            std::iter::once(word).chain(extra)
        })
        .collect()
}

/// Statements as lists of words.
fn statements(text: &str) -> Vec<Vec<Word>> {
    let mut all = vec![Vec::new()];
    for word in words(text) {
        if word.text == ";" {
            all.push(Vec::new());
        } else if let Some(last) = all.last_mut() {
            last.push(word);
        }
    }
    all.retain(|statement| !statement.is_empty());
    all
}

fn by_verb(dialect: Dialect, statement: &[Word]) -> Option<Judged> {
    let mut verb = statement.first()?.text.as_str();
    // `WITH … DELETE` and `EXPLAIN ANALYZE DELETE` run what they lead to.
    if matches!(verb, "with" | "explain") {
        verb = statement
            .iter()
            .map(|word| word.text.as_str())
            .find(|word| matches!(*word, "insert" | "update" | "delete" | "merge"))
            .unwrap_or("select");
    }
    let (kind, what) = match verb {
        "select" | "show" | "describe" | "desc" | "values" | "use" | "exists" | "table"
        | "begin" | "commit" | "start" | "set" | "analyze" => return None,
        "insert" if dialect != Dialect::PartiQl && has(statement, "overwrite") => {
            (Kind::Irreversible, "overwrites rows")
        }
        "insert" => (Kind::Reversible, "inserts rows"),
        "create" if has(statement, "replace") => (Kind::Recoverable, "replaces an object"),
        "create" | "unload" | "msck" | "prepare" | "deallocate" | "refresh" | "comment"
        | "grant" => (Kind::Reversible, "adds to the catalogue or writes results"),
        "update" if dialect == Dialect::PartiQl => (Kind::Recoverable, "overwrites attributes"),
        "update" => (Kind::Irreversible, "overwrites rows"),
        "merge" => (Kind::Irreversible, "updates or deletes rows"),
        "delete" => (Kind::Irreversible, "deletes rows"),
        "drop" => (Kind::Irreversible, "drops an object"),
        "truncate" => (Kind::Irreversible, "deletes every row"),
        "vacuum" => (Kind::Irreversible, "discards old versions of the rows"),
        "alter" if has(statement, "drop") || has(statement, "replace") => {
            (Kind::Irreversible, "drops columns or partitions")
        }
        "alter" | "optimize" | "revoke" => (Kind::Recoverable, "changes a definition"),
        other => {
            return Some(Judged::Opaque(format!(
                "the statement `{other} …` cannot be judged from its text"
            )));
        }
    };
    Some(Judged::Effect {
        kind,
        what: what.to_owned(),
        name: object(statement),
    })
}

fn has(statement: &[Word], wanted: &str) -> bool {
    statement.iter().any(|word| word.text == wanted)
}

/// The name that a statement acts on: the first word that is no keyword before it.
fn object(statement: &[Word]) -> Option<String> {
    const BEFORE: &[&str] = &[
        "delete",
        "from",
        "drop",
        "table",
        "view",
        "database",
        "schema",
        "if",
        "exists",
        "update",
        "insert",
        "into",
        "truncate",
        "vacuum",
        "merge",
        "alter",
        "create",
        "or",
        "replace",
        "external",
        "with",
        "explain",
        "overwrite",
        "msck",
        "repair",
        "column",
        "only",
    ];
    statement
        .iter()
        .find(|word| !BEFORE.contains(&word.text.as_str()))
        .map(|word| word.source.clone())
        .filter(|name| !name.starts_with("unknown_"))
}

/// The statements of a PartiQL batch: `[{"Statement": "…"}]`, shorthand, or one text.
pub(super) fn partiql_statements(text: &Text) -> Vec<Text> {
    let Some(known) = text.exact() else {
        return vec![text.clone()];
    };
    let statement = |value: &serde_json::Value| {
        let text = value.get("Statement")?.as_str()?;
        Some(Text::known(text))
    };
    match serde_json::from_str::<serde_json::Value>(known) {
        Ok(serde_json::Value::Array(items)) => items.iter().filter_map(statement).collect(),
        Ok(value @ serde_json::Value::Object(_)) => statement(&value).into_iter().collect(),
        _ => {
            let shorthand = known
                .strip_prefix("Statement=")
                .map(|rest| rest.trim_start_matches(['"', '\'']));
            vec![Text::known(shorthand.unwrap_or(known))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(dialect: Dialect, text: &str) -> Option<Kind> {
        judge(dialect, &Text::known(text))
            .into_iter()
            .map(|judged| match judged {
                Judged::Effect { kind, .. } => kind,
                Judged::Opaque(_) => Kind::Opaque,
            })
            .max_by_key(|kind| kind.rank())
    }

    #[test]
    fn the_verb_of_a_statement_decides() {
        for (dialect, text, kind) in [
            (Dialect::Athena, "SELECT * FROM t", None),
            (
                Dialect::Athena,
                "with x as (select 1) select * from x",
                None,
            ),
            (Dialect::Athena, "SHOW TABLES", None),
            (Dialect::Athena, "-- drop table t\nselect 1", None),
            (Dialect::Athena, "select 'drop table t; delete'", None),
            (Dialect::Athena, "DROP TABLE logs", Some(Kind::Irreversible)),
            (
                Dialect::Athena,
                "/* x */ drop table t",
                Some(Kind::Irreversible),
            ),
            (
                Dialect::Athena,
                "DELETE FROM t WHERE id = 1",
                Some(Kind::Irreversible),
            ),
            (
                Dialect::Athena,
                "INSERT OVERWRITE t SELECT 1",
                Some(Kind::Irreversible),
            ),
            (
                Dialect::Athena,
                "CREATE TABLE x AS SELECT 1",
                Some(Kind::Reversible),
            ),
            (
                Dialect::Athena,
                "MSCK REPAIR TABLE t",
                Some(Kind::Reversible),
            ),
            (
                Dialect::Athena,
                "ALTER TABLE t ADD PARTITION (d=1)",
                Some(Kind::Recoverable),
            ),
            (
                Dialect::Athena,
                "ALTER TABLE t DROP PARTITION (d=1)",
                Some(Kind::Irreversible),
            ),
            (Dialect::Athena, "EXECUTE stored", Some(Kind::Opaque)),
            (Dialect::PartiQl, "SELECT * FROM \"t\"", None),
            (
                Dialect::PartiQl,
                "DELETE FROM \"t\" WHERE pk='1'",
                Some(Kind::Irreversible),
            ),
            (
                Dialect::PartiQl,
                "update \"t\" set a=1",
                Some(Kind::Recoverable),
            ),
            (Dialect::Cypher, "MATCH (n) RETURN n", None),
            (Dialect::Cypher, "MATCH (n {name:'delete'}) RETURN n", None),
            (
                Dialect::Cypher,
                "MATCH (n) DETACH DELETE n",
                Some(Kind::Irreversible),
            ),
            (Dialect::Gremlin, "g.V().count()", None),
            (Dialect::Gremlin, "g.V().drop()", Some(Kind::Irreversible)),
            (Dialect::Gremlin, "g.V().has('x','drop').count()", None),
            (Dialect::Gremlin, "g.addV('x')", Some(Kind::Recoverable)),
        ] {
            assert_eq!(worst(dialect, text), kind, "{text}");
        }
    }

    #[test]
    fn the_object_is_named() {
        for (text, name) in [
            ("DELETE FROM \"orders\" WHERE pk='1'", "orders"),
            ("drop table if exists db.orders", "db.orders"),
            ("update orders set a = 1", "orders"),
        ] {
            let judged = judge(Dialect::PartiQl, &Text::known(text));
            assert!(
                matches!(&judged[0], Judged::Effect { name: Some(found), .. } if found == name),
                "{judged:?}"
            );
        }
    }

    #[test]
    fn batches_are_taken_apart() {
        let text = Text::known(r#"[{"Statement":"DELETE FROM t"},{"Statement":"SELECT 1"}]"#);
        assert_eq!(partiql_statements(&text).len(), 2);
        let text = Text::known("Statement=\"DELETE FROM t\"");
        assert_eq!(partiql_statements(&text)[0].display(), "DELETE FROM t\"");
    }
}
