//! Tables of statements and what they lose.

use crate::call::Findings;
use crate::context::Place;
use crate::effect::Class;
use crate::location::Location;
use crate::payload::sql::{Dialect, Sent, Session, Source};
use crate::resolve::{Command, Directory, Environment, Origin, Part, Stdin, Text};

/// The worst class, and whether something is opaque.
fn verdict(text: &Text, dialect: Dialect) -> (Class, bool) {
    let by = Command {
        argv: Vec::new(),
        environment: Environment::default(),
        directory: Directory::Unknown("test".into()),
        stdin: Stdin::Empty,
        redirections: Vec::new(),
        location: Location::default(),
        elsewhere: None,
    };
    let mut findings = Findings::default();
    let mut session = Session::of(dialect, &by, Place::default());
    let source = Source::new(text, Origin::Verbatim { offset: 0 });
    session.message(&source, source.text(), &Sent::From(0), &mut findings);
    session.reconnect(None, &mut findings);
    let classes = findings.effects.iter();
    let class = classes
        .map(|effect| effect.reversibility.class())
        .max()
        .unwrap_or(Class::ReadOnly);
    (class, !findings.opaque.is_empty())
}

fn check(dialects: &[Dialect], cases: &[&str], class: Class, opaque: bool) {
    for case in cases {
        for dialect in dialects {
            let found = verdict(&Text::known(*case), *dialect);
            assert_eq!(found, (class, opaque), "{dialect:?}: {case}");
        }
    }
}

const MYSQL: &[Dialect] = &[Dialect::Mysql];
const SQLITE: &[Dialect] = &[Dialect::Sqlite];
const BOTH: &[Dialect] = &[Dialect::Mysql, Dialect::Sqlite];

#[test]
fn reading_does_nothing() {
    let cases = [
        "SELECT 1",
        "SELECT count(*) FROM `users` WHERE deleted = 0",
        "SELECT 'DROP TABLE t; DELETE FROM t'",
        "SELECT 1 -- ; DELETE FROM t",
        "SELECT /* ; DELETE FROM t; */ 1",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT CASE WHEN a THEN b ELSE c END, replace(a, 'b', 'c') FROM t",
        "EXPLAIN DELETE FROM t",
        "BEGIN; COMMIT",
        "DELETE FROM t WHERE 0",
        "UPDATE t SET a = 1 WHERE 1 = 0",
        "DELETE FROM t LIMIT 0",
        "",
        " ; ;",
    ];
    check(BOTH, &cases, Class::ReadOnly, false);
    let cases = [
        "SHOW TABLES; USE app; DESCRIBE t; SHOW CREATE TABLE t",
        "SELECT # DELETE FROM t\n1",
        "SELECT \"a\\\"; DROP TABLE t; \"",
        "SELECT 'a\\'; DROP TABLE t; '",
        "SELECT now(), date_add(now(), INTERVAL 1 DAY), st_x(p), json_extract(a, '$.b') FROM t",
        "SELECT a FROM t JOIN (SELECT 1) x USING (id) WHERE a IN (1, 2) AND EXISTS (SELECT 1)",
        "ANALYZE TABLE t; CHECK TABLE t; OPTIMIZE TABLE t; FLUSH PRIVILEGES; LOCK TABLES t READ",
        "SET NAMES utf8mb4; SET @a = 1; SET autocommit = 0; SET SESSION sql_mode = 'STRICT_ALL_TABLES'",
        "/*!40101 SET character_set_client = utf8 */;",
        "WITH a (x) AS (SELECT 1), b (y) AS (SELECT 2) SELECT * FROM a, b",
        "PREPARE p FROM 'DELETE FROM t'; DEALLOCATE PREPARE p",
        "DO sleep(1)",
        "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
    ];
    check(MYSQL, &cases, Class::ReadOnly, false);
    let cases = [
        "PRAGMA foreign_keys = ON; PRAGMA table_info(t); VACUUM; VACUUM INTO 'copy.db'; ANALYZE",
        "SELECT [a;b], \"c\" FROM t; ATTACH 'x.db' AS x; DETACH x; REINDEX",
        "EXPLAIN QUERY PLAN UPDATE t SET a = 1",
        "VALUES (1), (2)",
        "these are words; TRUNK t",
    ];
    check(SQLITE, &cases, Class::ReadOnly, false);
}

#[test]
fn adding_is_reversible() {
    let cases = [
        "INSERT INTO t (a, b) VALUES (1, 2)",
        "INSERT INTO app.t (a) SELECT lower(a) FROM u",
        "CREATE TABLE IF NOT EXISTS t (id int, PRIMARY KEY (id), UNIQUE (a), CHECK (a > 0))",
        "CREATE TABLE t AS SELECT * FROM u",
        "CREATE UNIQUE INDEX i ON t (a)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW BEGIN DELETE FROM u; END",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END; INSERT INTO v VALUES (1)",
        "ALTER TABLE t ADD COLUMN a int DEFAULT 0",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t RENAME COLUMN a TO b",
        "BEGIN; DELETE FROM t; ROLLBACK",
        "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; COMMIT",
    ];
    check(BOTH, &cases, Class::Reversible, false);
    let cases = [
        "INSERT IGNORE INTO t SET a = 1",
        "LOAD DATA LOCAL INFILE 'x.csv' INTO TABLE t FIELDS TERMINATED BY ','",
        "CREATE PROCEDURE p() BEGIN DELETE FROM t; END",
        "CREATE DATABASE app; GRANT ALL ON app.* TO 'u'@'%'; CREATE USER u IDENTIFIED BY 'x'",
        "ALTER TABLE t ADD INDEX i (a), ALGORITHM = INPLACE, AUTO_INCREMENT = 5",
        "RENAME TABLE a TO b",
        "DROP TEMPORARY TABLE t",
        "START TRANSACTION; UPDATE t SET a = 1; ROLLBACK",
    ];
    check(MYSQL, &cases, Class::Reversible, false);
    let cases = [
        "INSERT OR IGNORE INTO t VALUES (1)",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "CREATE VIRTUAL TABLE f USING fts5(a)",
        "BEGIN; DROP TABLE t; ROLLBACK",
        "BEGIN; CREATE TEMP TABLE x (a); INSERT INTO x VALUES (1); DELETE FROM x; COMMIT",
        "DELETE FROM temp.t",
    ];
    check(SQLITE, &cases, Class::Reversible, false);
}

#[test]
fn definitions_are_recoverable() {
    let cases = ["DROP VIEW v", "DROP INDEX IF EXISTS i", "DROP TRIGGER x"];
    check(BOTH, &cases, Class::Recoverable, false);
    let cases = [
        "DROP INDEX i ON t",
        "DROP PROCEDURE p",
        "DROP USER 'u'@'%'",
        "ALTER TABLE t DROP FOREIGN KEY f",
        "ALTER TABLE t DROP PRIMARY KEY",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "ALTER USER u IDENTIFIED BY 'x'",
        "SET GLOBAL max_connections = 5",
        "SET PASSWORD FOR u = 'x'",
        "REVOKE ALL ON app.* FROM u",
    ];
    check(MYSQL, &cases, Class::Recoverable, false);
}

#[test]
fn what_is_lost_is_asked_about() {
    let cases = [
        "DELETE FROM users",
        "delete from `users` where id = 1",
        "DELETE FROM app.users ORDER BY id LIMIT 5",
        "UPDATE t SET a = 1",
        "REPLACE INTO t VALUES (1)",
        "DROP TABLE t",
        "DROP TABLE IF EXISTS `t`",
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t DROP a",
        "SELECT 1; DROP TABLE t",
        "WITH x AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT * FROM x)",
        "BEGIN; DELETE FROM t; COMMIT",
        "DELETE FROM t /* WHERE 0 */",
        "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW BEGIN DELETE FROM u; END; INSERT INTO t VALUES (1)",
    ];
    check(BOTH, &cases, Class::Irreversible, false);
    let cases = [
        "TRUNCATE t",
        "TRUNCATE TABLE app.t",
        "DROP DATABASE app",
        "DROP SCHEMA IF EXISTS app",
        "DROP TABLE a, b",
        "BEGIN; DROP TABLE t; ROLLBACK",
        "DELETE a FROM a JOIN b ON a.id = b.id",
        "DELETE QUICK FROM t",
        "UPDATE a, b SET a.x = 1 WHERE a.id = b.id",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2",
        "LOAD DATA INFILE 'x' REPLACE INTO TABLE t",
        "ALTER TABLE t DROP PARTITION p0",
        "ALTER TABLE t ADD b int, DROP a",
        "ALTER TABLE t MODIFY a tinyint",
        "ALTER TABLE t ENGINE = BLACKHOLE",
        "/*!50003 DROP TABLE t */",
        "SELECT 1 /*!99999 ; DROP TABLE t */",
        "SELECT 1 /*M! ; DROP TABLE t */",
        "/*!99999 BEGIN; */ DELETE FROM t; /*!99999 ROLLBACK */",
        "SELECT 1--1; DROP TABLE t",
        "PREPARE p FROM 'DELETE FROM t'; EXECUTE p",
        "EXECUTE IMMEDIATE 'DROP TABLE t'",
        "CREATE PROCEDURE p() BEGIN IF 1 THEN DELETE FROM t; END IF; END; CALL p()",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "BEGIN NOT ATOMIC DELETE FROM t; END",
        "ANALYZE FORMAT=JSON DELETE FROM t",
        "CREATE OR REPLACE TABLE t (a int)",
        "RESET MASTER",
        "PURGE BINARY LOGS BEFORE now()",
    ];
    check(MYSQL, &cases, Class::Irreversible, false);
    let cases = [
        "INSERT OR REPLACE INTO t VALUES (1)",
        "UPDATE OR IGNORE t SET a = 1",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1",
        "DELETE FROM [t]",
        "SELECT 'a\\'; DROP TABLE t; --'",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE; END; DROP TABLE t",
    ];
    check(SQLITE, &cases, Class::Irreversible, false);
}

#[test]
fn what_cannot_be_seen_is_opaque() {
    let cases = [
        "CALL p()",
        "EXECUTE p",
        "SELECT f(1)",
        "SELECT app.f(1)",
        "INSERT INTO t VALUES (f(1))",
        "BINLOG 'AAAA'",
        "INSTALL PLUGIN x SONAME 'x.so'",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "frobnicate t",
        "EXECUTE IMMEDIATE @a",
    ];
    for case in cases {
        assert!(verdict(&Text::known(case), Dialect::Mysql).1, "{case}");
    }
    let outside = "SELECT load_extension('x.so')";
    assert!(verdict(&Text::known(outside), Dialect::Sqlite).1);
}

#[test]
fn an_unknown_part_matters_where_it_decides() {
    for (before, after, opaque) in [
        ("SELECT * FROM t WHERE id = ", "", false),
        ("SELECT * FROM ", " WHERE 1", false),
        ("INSERT INTO t VALUES (1, ", ")", false),
        ("SELECT '", "'", false),
        ("", " FROM t", true),
        ("SELECT * FROM t ", "", true),
        ("DROP ", " t", true),
        ("SELECT 1; ", "", true),
        ("EXPLAIN ", "", true),
    ] {
        let mut text = Text::known(before);
        text.push(Part::Unknown("$X".to_owned()));
        text.push_known(after);
        for dialect in BOTH {
            let found = verdict(&text, *dialect).1;
            assert_eq!(found, opaque, "{dialect:?}: {before}$X{after}");
        }
    }
}
