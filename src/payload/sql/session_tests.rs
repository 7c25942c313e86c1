//! Tables of statements and what they lose, kept or rolled back.

use super::*;
use crate::effect::Class;
use crate::resolve::{Directory, Environment, Stdin, Text};

fn command() -> Command {
    Command {
        argv: Vec::new(),
        environment: Environment::default(),
        directory: Directory::Unknown("test".into()),
        stdin: Stdin::Empty,
        redirections: Vec::new(),
        location: Location::default(),
        elsewhere: None,
    }
}

/// What one session does with messages: the worst class and whether something is opaque.
fn verdict(messages: &[&str]) -> (Class, bool) {
    let by = command();
    let mut findings = Findings::default();
    let mut session = Session::new(&by, Place::default());
    for message in messages {
        let origin = Origin::Verbatim { offset: 0 };
        let source = Source::new(&Text::known(*message), origin);
        session.message(&source, source.text(), &Sent::From(0), &mut findings);
    }
    session.reconnect(None, &mut findings);
    let class = findings
        .effects
        .iter()
        .map(|effect| effect.reversibility.class())
        .max()
        .unwrap_or(Class::ReadOnly);
    (
        class,
        !findings.opaque.is_empty() || !findings.nested.is_empty(),
    )
}

fn check(cases: &[&str], class: Class, opaque: bool) {
    for case in cases {
        assert_eq!(verdict(&[case]), (class, opaque), "{case}");
    }
}

#[test]
fn reading_does_nothing() {
    check(
        &[
            "SELECT 1",
            "select count(*) from users where deleted_at is null",
            "SELECT * FROM a JOIN b USING (id) LEFT JOIN LATERAL unnest(a.x) x ON true",
            "SELECT coalesce(a, 1), greatest(a, b), nullif(a, b), extract(year from now()) FROM t",
            "SELECT json_agg(row_to_json(t)) FROM t",
            "SELECT pg_catalog.now(), pg_size_pretty(pg_database_size('app'))",
            "SELECT st_x(geom), ST_AsGeoJSON(geom), public.st_area(geom) FROM t",
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
            "SELECT 'DROP TABLE t; DELETE FROM t'",
            "SELECT $$DROP TABLE t$$ -- DELETE FROM t",
            "SELECT /* DROP TABLE t */ 1",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "VALUES (1), (2)",
            "TABLE t",
            "SHOW work_mem",
            "SET search_path = a",
            "SET LOCAL statement_timeout = '1s'",
            "RESET ALL",
            "EXPLAIN DELETE FROM t",
            "EXPLAIN (COSTS off) DELETE FROM t",
            "EXPLAIN (ANALYZE false) DELETE FROM t",
            "EXPLAIN (ANALYZE off, VERBOSE) DELETE FROM t",
            "EXPLAIN (ANALYZE 0) DELETE FROM t",
            "EXPLAIN ANALYZE SELECT count(*) FROM t",
            "EXPLAIN (ANALYZE, BUFFERS) SELECT 1",
            "VACUUM",
            "VACUUM ANALYZE t",
            "ANALYZE",
            "REINDEX TABLE t",
            "LOCK TABLE t",
            "LISTEN x",
            "NOTIFY x, 'y'",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "CHECKPOINT",
            "DISCARD ALL",
            "DELETE FROM t WHERE FALSE",
            "UPDATE t SET a = 1 WHERE 1 = 0",
            "SELECT gen_random_uuid(), uuid_generate_v4(), nextval('s'), currval('s')",
            "SELECT pg_sleep(1)",
            "SELECT set_config('a.b', 'c', true)",
            "SELECT a[1:2], b::numeric(10,2), c::varchar(20), interval '1 day' FROM t",
            "SELECT * FROM generate_series(1, 10)",
            "SELECT * FROM json_to_recordset('[]') AS x(a int)",
            "SELECT * FROM jsonb_each_text(x) WHERE a @> '{}' AND b ? 'c'",
            "SELECT pg_get_functiondef('f'::regproc)",
            "SELECT * FROM pg_stat_activity WHERE state = 'active'",
            "SELECT grouping(a), rank() OVER w FROM t GROUP BY ROLLUP (a) WINDOW w AS ()",
            "COPY t TO STDOUT",
            "COPY (SELECT * FROM t) TO STDOUT WITH CSV HEADER",
            "PREPARE p AS DELETE FROM t",
            "PREPARE p AS SELECT 1; EXECUTE p",
            "DECLARE c CURSOR FOR SELECT 1",
            "",
            ";",
            "  -- nothing",
            "SELECT to_tsvector('a') @@ to_tsquery('b')",
            "SELECT 1 <-> 2, embedding <=> '[1]' FROM t ORDER BY embedding <-> '[1,2]' LIMIT 5",
            "SELECT auth.uid()",
            "DO $$ BEGIN RAISE NOTICE 'x'; END $$",
            "DO $$ BEGIN PERFORM pg_sleep(1); END $$",
            "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; RAISE NOTICE '%', n; END $$",
            "DO $$ BEGIN EXECUTE 'SELECT 1'; END $$",
        ],
        Class::ReadOnly,
        false,
    );
}

#[test]
fn adding_is_reversible() {
    check(
        &[
            "INSERT INTO t VALUES (1, now())",
            "INSERT INTO t SELECT * FROM u RETURNING id",
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
            "CREATE TABLE t (id uuid DEFAULT my_uuid())",
            "CREATE TABLE t AS SELECT 1",
            "SELECT * INTO x FROM t",
            "CREATE INDEX CONCURRENTLY i ON t (lower(a))",
            "CREATE DATABASE x",
            "CREATE ROLE r LOGIN PASSWORD 'x'",
            "CREATE EXTENSION IF NOT EXISTS pgcrypto",
            "CREATE VIEW v AS SELECT f(1)",
            "CREATE TRIGGER a BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
            "ALTER TABLE t ADD COLUMN at timestamptz DEFAULT now()",
            "CREATE POLICY p ON t USING (auth.uid() = owner)",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t'",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; END $$",
            "CREATE SCHEMA s",
            "CREATE TYPE e AS ENUM ('a')",
            "CREATE SEQUENCE s",
            "ALTER TABLE t ADD COLUMN a int",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TABLE t OWNER TO r",
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
            "ALTER TYPE e ADD VALUE 'b'",
            "GRANT SELECT ON t TO r",
            "COMMENT ON TABLE t IS 'x'",
            "COPY t FROM STDIN",
            "COPY t FROM '/tmp/x' WITH (FORMAT csv)",
            "REFRESH MATERIALIZED VIEW mv",
            "DROP SCHEMA s",
            "DROP TYPE e",
            "MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "SELECT lo_from_bytea(0, 'x')",
            "DELETE FROM pg_temp.t",
        ],
        Class::Reversible,
        false,
    );
}

#[test]
fn definitions_are_recoverable() {
    check(
        &[
            "DROP VIEW v",
            "DROP MATERIALIZED VIEW mv",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "DROP FUNCTION f(int)",
            "DROP TRIGGER a ON t",
            "DROP POLICY p ON t",
            "DROP ROLE r",
            "DROP USER u",
            "DROP TABLESPACE x",
            "DROP PUBLICATION p",
            "DROP CAST (a AS b)",
            "DROP USER MAPPING FOR u SERVER s",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "ALTER TABLE t DROP CONSTRAINT c",
            "ALTER TABLE t DETACH PARTITION p",
            "ALTER TABLE t DISABLE TRIGGER ALL",
            "ALTER TABLE t SET UNLOGGED",
            "ALTER ROLE r PASSWORD 'x'",
            "ALTER DATABASE d SET work_mem = '1MB'",
            "ALTER SYSTEM SET fsync = off",
            "REVOKE ALL ON t FROM r",
            "REASSIGN OWNED BY a TO b",
            "VACUUM FULL t",
            "VACUUM (FULL) t",
            "CLUSTER t",
            "REFRESH MATERIALIZED VIEW mv WITH NO DATA",
            "SELECT pg_terminate_backend(1)",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
            "SELECT pg_reload_conf()",
        ],
        Class::Recoverable,
        false,
    );
}

#[test]
fn losing_data_is_irreversible() {
    check(
        &[
            "DELETE FROM t",
            "delete from only t where id = 7",
            "DELETE FROM t WHERE TRUE",
            "DELETE FROM t WHERE CURRENT OF c",
            "DELETE FROM t USING u WHERE t.id = u.id",
            "UPDATE t SET a = 1",
            "UPDATE t SET a = 1 WHERE id = 7",
            "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 2",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
            "WITH d AS (UPDATE t SET a = 1 RETURNING *) INSERT INTO u SELECT * FROM d",
            "WITH a AS (SELECT 1), b AS (DELETE FROM t) SELECT 1",
            "TRUNCATE t",
            "TRUNCATE TABLE ONLY a, b RESTART IDENTITY CASCADE",
            "DROP TABLE t",
            "DROP TABLE IF EXISTS a, b CASCADE",
            "dRoP/**/TaBlE t",
            "DROP -- x\n TABLE t",
            "DROP DATABASE d",
            "DROP DATABASE IF EXISTS d WITH (FORCE)",
            "DROP SCHEMA public CASCADE",
            "DROP OWNED BY r",
            "DROP EXTENSION hstore",
            "DROP TYPE e CASCADE",
            "DROP SEQUENCE s",
            "DROP SUBSCRIPTION s",
            "DROP VIEW v CASCADE",
            "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t DROP a",
            "ALTER TABLE t ADD b int, DROP COLUMN a CASCADE",
            "ALTER TABLE t ALTER COLUMN a TYPE int USING a::int",
            "ALTER TABLE t ALTER a SET DATA TYPE int",
            "ALTER SEQUENCE s RESTART",
            "ALTER TYPE c DROP ATTRIBUTE a",
            "EXPLAIN ANALYZE DELETE FROM t",
            "EXPLAIN (ANALYZE) DELETE FROM t",
            "EXPLAIN (ANALYZE true, COSTS off) UPDATE t SET a = 1",
            "EXPLAIN (VERBOSE, ANALYZE ON) DELETE FROM t",
            "PREPARE p AS DELETE FROM t; EXECUTE p",
            "SELECT setval('s', 1)",
            "SELECT pg_catalog.setval('s', 1)",
            "SELECT pg_drop_replication_slot('s')",
            "SELECT PG_DROP_REPLICATION_SLOT(slot_name) FROM pg_replication_slots",
            "SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)",
            "SELECT lo_unlink(1)",
            "SELECT pg_stat_reset()",
            "SELECT query_to_xml('DELETE FROM t RETURNING 1', true, true, '')",
            "SELECT dblink_exec('dbname=x', 'DROP TABLE t')",
            "SELECT * FROM dblink('dbname=x', 'DELETE FROM t RETURNING id') AS x(id int)",
            "SELECT cron.schedule('nightly', '0 0 * * *', 'DELETE FROM t')",
            "SELECT cron.schedule('0 0 * * *', $$TRUNCATE t$$)",
            "SELECT drop_chunks('t', interval '1 day')",
            "COPY t TO '/tmp/x'",
            "COPY (DELETE FROM t RETURNING *) TO STDOUT",
            "DO $$ BEGIN DELETE FROM t; END $$",
            "DO $$ BEGIN IF true THEN TRUNCATE t; END IF; END $$",
            "DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$",
            "DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE t'; END $$",
            "DO $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident('t'); END $$",
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE format('DROP TABLE %I CASCADE', r.tablename); END LOOP; END $$",
            "DO LANGUAGE plpgsql 'BEGIN DELETE FROM t; END'",
            "DO $a$ BEGIN WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 INTO x FROM d; END $a$",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t'; SELECT f()",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; END $$; SELECT public.f()",
            "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM t; END; SELECT f()",
            "CREATE PROCEDURE p() LANGUAGE sql AS 'TRUNCATE t'; CALL p()",
            "SELECT 1; DROP TABLE t; SELECT 2",
            "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM u; RETURN NEW; END $$; CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
            "PREPARE p AS DELETE FROM t RETURNING 1; CREATE TABLE x AS EXECUTE p",
            "PREPARE p AS DELETE FROM t; EXPLAIN ANALYZE EXECUTE p",
            "REFRESH MATERIALIZED VIEW mv; DROP TABLE t",
            "UPDATE t SET a = a; SELECT 1",
            "SELECT pg_stat_statements_reset()",
            "ROLLBACK PREPARED 'x'",
        ],
        Class::Irreversible,
        false,
    );
}

#[test]
fn what_cannot_be_seen_is_opaque() {
    for case in [
        "SELECT wipe()",
        "SELECT public.count(1)",
        "SELECT app.now()",
        "SELECT * FROM wipe()",
        "SELECT 1 WHERE wipe()",
        "SELECT (SELECT wipe())",
        "INSERT INTO t SELECT wipe()",
        "CALL cleanup()",
        "EXECUTE p",
        "DO LANGUAGE plpython3u 'x'",
        "DO $$ BEGIN EXECUTE x; END $$",
        "DO $$ BEGIN EXECUTE a || b; END $$",
        "DO $$ BEGIN PERFORM wipe(); END $$",
        "DO $$ BEGIN x := wipe(); END $$",
        "DO $$ BEGIN IF wipe() THEN NULL; END IF; END $$",
        "DO $$ BEGIN CALL wipe(); END $$",
        "DO $$ BEGIN nonsense here; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'a', 'b'; SELECT f()",
        "COPY t FROM PROGRAM 'rm -rf /'",
        "COPY t TO PROGRAM 'cat > /tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "LOAD 'x'",
        "ALTER TABLE t ADD COLUMN x int DEFAULT wipe()",
        "CREATE TABLE x AS SELECT wipe()",
        "DECLARE c CURSOR FOR SELECT wipe()",
        "SET standard_conforming_strings = off",
        "COMMIT PREPARED 'x'",
        "nonsense",
        "DROP TABL t",
        "SELEC 1",
        "SELECT 1; nonsense; SELECT 2",
        "DELETE FROM",
        "SELECT dblink_exec('dbname=x', sql)",
        "SELECT query_to_xml(x, true, true, '')",
        "DO $$ BEGIN DELETE FROM t WHERE ; END $$",
    ] {
        assert!(verdict(&[case]).1, "{case}");
    }
}

#[test]
fn transactions_decide_what_is_kept() {
    const KEPT: Class = Class::Irreversible;
    const BACK: Class = Class::Reversible;
    let cases: &[(&[&str], Class)] = &[
        (&["BEGIN; DELETE FROM t; ROLLBACK"], BACK),
        (&["BEGIN", "DELETE FROM t", "ROLLBACK"], BACK),
        (&["BEGIN", "DELETE FROM t", "ABORT"], BACK),
        (
            &["START TRANSACTION", "DROP TABLE t", "ROLLBACK WORK"],
            BACK,
        ),
        (&["DELETE FROM t; ROLLBACK"], BACK),
        (&["DELETE FROM t", "ROLLBACK"], KEPT),
        (&["BEGIN", "DELETE FROM t"], BACK),
        (&["BEGIN", "DELETE FROM t", "COMMIT"], KEPT),
        (&["BEGIN", "DELETE FROM t", "END"], KEPT),
        (&["BEGIN", "DELETE FROM t", "COMMIT", "ROLLBACK"], KEPT),
        (
            &["BEGIN; DELETE FROM t; SAVEPOINT a; ROLLBACK TO a; COMMIT"],
            KEPT,
        ),
        (
            &["BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; COMMIT"],
            BACK,
        ),
        (
            &["BEGIN; SAVEPOINT a; DELETE FROM t; RELEASE a; ROLLBACK TO a; COMMIT"],
            KEPT,
        ),
        (
            &["BEGIN; SAVEPOINT a; SAVEPOINT b; DELETE FROM t; ROLLBACK TO a; COMMIT"],
            BACK,
        ),
        (
            &["BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO b; COMMIT"],
            KEPT,
        ),
        (
            &["BEGIN; DELETE FROM t; ROLLBACK AND CHAIN; DELETE FROM t; COMMIT"],
            KEPT,
        ),
        (
            &["BEGIN; SELECT 1; ROLLBACK AND CHAIN; DELETE FROM t; ROLLBACK"],
            BACK,
        ),
        (&["BEGIN; DELETE FROM t; COMMIT AND CHAIN; ROLLBACK"], KEPT),
        (&["BEGIN; SELECT setval('s', 900); ROLLBACK"], KEPT),
        (
            &["BEGIN; SELECT pg_drop_replication_slot('x'); ROLLBACK"],
            KEPT,
        ),
        (&["BEGIN; TRUNCATE t; ROLLBACK"], BACK),
        (&["BEGIN; COPY t TO '/tmp/x'; ROLLBACK"], KEPT),
        (&["BEGIN; DELETE FROM t; PREPARE TRANSACTION 'x'"], KEPT),
        (&["BEGIN; EXPLAIN ANALYZE DELETE FROM t; ROLLBACK"], BACK),
        (&["DELETE FROM t; BEGIN; ROLLBACK"], BACK),
        (&["ROLLBACK; DELETE FROM t"], KEPT),
        (&["DELETE FROM t; ROLLBACK; DELETE FROM t"], KEPT),
        (&["BEGIN", "ROLLBACK", "DELETE FROM t"], KEPT),
        (
            &["DO $$ BEGIN DELETE FROM t; COMMIT; END $$; ROLLBACK"],
            KEPT,
        ),
    ];
    for (messages, class) in cases {
        assert_eq!(verdict(messages), (*class, false), "{messages:?}");
    }
    let program = ["BEGIN; COPY (SELECT 1) TO PROGRAM 'cmd'; ROLLBACK"];
    assert!(verdict(&program).1);
}

#[test]
fn temporary_tables_lose_nothing() {
    const KEPT: Class = Class::Irreversible;
    const BACK: Class = Class::Reversible;
    let cases: &[(&[&str], Class)] = &[
        (
            &["CREATE TEMP TABLE x (a int); DELETE FROM x; DROP TABLE x"],
            BACK,
        ),
        (
            &["CREATE TEMPORARY TABLE x AS SELECT 1; ALTER TABLE x DROP COLUMN a"],
            BACK,
        ),
        (
            &[
                "BEGIN",
                "CREATE TEMP TABLE x AS SELECT 1",
                "TRUNCATE x",
                "COMMIT",
            ],
            BACK,
        ),
        (&["SELECT 1 INTO TEMP x; UPDATE x SET a = 1"], BACK),
        // If the table could not be made, the name means another one.
        (&["CREATE TEMP TABLE x (a int)", "DROP TABLE x"], KEPT),
        (
            &["BEGIN; CREATE TEMP TABLE x (a int); COMMIT; DROP TABLE x"],
            KEPT,
        ),
        (
            &["BEGIN; CREATE TEMP TABLE x (a int); ROLLBACK; DROP TABLE x"],
            KEPT,
        ),
        (&["CREATE TEMP TABLE x (a int); DROP TABLE public.x"], KEPT),
        (&["CREATE TEMP TABLE x (a int); DROP TABLE x, y"], KEPT),
        (&["CREATE TABLE x (a int); DROP TABLE x"], KEPT),
    ];
    for (messages, class) in cases {
        assert_eq!(verdict(messages), (*class, false), "{messages:?}");
    }
}

#[test]
fn holes_may_stand_for_values_and_names() {
    let judged = |parts: &[&str]| {
        let mut text = Text::empty();
        for (index, part) in parts.iter().enumerate() {
            if index % 2 == 0 {
                text.push_known(part);
            } else {
                text.append(Text::unknown(*part));
            }
        }
        assess(
            Dialect::Postgres,
            &text,
            Origin::Verbatim { offset: 0 },
            Place::default(),
            &command(),
        )
    };
    use super::super::assess;
    for parts in [
        &["SELECT * FROM t WHERE id = ", "$ID"][..],
        &["SELECT * FROM t WHERE id = '", "$ID", "' LIMIT ", "$N"],
        &["SELECT ", "$COLUMNS", " FROM ", "$TABLE"],
        &["SELECT 1 FROM pg_database WHERE datname='", "$DB", "'"],
        &["SELECT * FROM ", "$SCHEMA", ".t"],
    ] {
        let findings = judged(parts);
        assert!(
            findings.opaque.is_empty() && findings.effects.is_empty(),
            "{parts:?}"
        );
    }
    for parts in [
        &["", "$SQL"][..],
        &["SELECT 1; ", "$SQL"],
        &["", "$VERB", " FROM t"],
        &["SELECT * FROM t ", "$REST"],
        &["SELECT ", "$FUNCTION", "(1)"],
        &["BEGIN; ", "$SQL", "; ROLLBACK"],
        &["EXPLAIN ", "$SQL"],
    ] {
        assert!(!judged(parts).opaque.is_empty(), "{parts:?}");
    }
    let findings = judged(&["DROP TABLE ", "$TABLE"]);
    let names: Vec<_> = findings
        .effects
        .iter()
        .map(|e| e.target.name.as_deref())
        .collect();
    assert_eq!(names, [Some("$TABLE")]);
}

#[test]
fn targets_are_folded_and_located() {
    let text = "SELECT 1; DROP TABLE Public.Users, \"Odd Name\" CASCADE";
    let origin = Origin::Verbatim { offset: 10 };
    let findings = super::super::assess(
        Dialect::Postgres,
        &text.into(),
        origin,
        Place::default(),
        &command(),
    );
    let names: Vec<_> = findings
        .effects
        .iter()
        .map(|effect| effect.target.name.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["public.users", "Odd Name"]);
    let span = findings.effects[0].location.span;
    assert_eq!((span.start, span.end), (20, 10 + text.len()));
}
