//! Guard's verdict against what a real PostgreSQL server really lost.
//!
//! Each case is shell text. It is judged first, then run against a fresh copy of a database, and
//! what is gone afterwards decides whether the verdict was right.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guard::effect::{Assessment, Class};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::world::System;

use crate::stage::{GUARD, Stage, Step, said};

const PORT: &str = "54871";
/// The user that owns the server's files when the tests run as root: a server refuses root.
const NOBODY: u32 = 65534;

/// What every case starts with.
const FIXTURE: &str = r"
CREATE TABLE t (id int PRIMARY KEY, a text, b int DEFAULT 1);
INSERT INTO t SELECT i, 'row ' || i, i FROM generate_series(1, 5) i;
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE, x text);
INSERT INTO child VALUES (1, 'c1'), (2, 'c2');
CREATE TABLE other (id int, note text);
INSERT INTO other VALUES (1, 'keep');
CREATE SCHEMA app;
CREATE TABLE app.users (id int, name text);
INSERT INTO app.users VALUES (1, 'ann'), (2, 'bob');
CREATE SCHEMA empty_schema;
CREATE SEQUENCE s;
SELECT setval('s', 42);
CREATE VIEW v AS SELECT id FROM other;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM other;
CREATE INDEX other_note ON other (note);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE feelings (id int, m mood);
INSERT INTO feelings VALUES (1, 'good');
CREATE TYPE pair AS (x int, y int);
CREATE TABLE pairs (p pair);
INSERT INTO pairs VALUES (ROW(1, 2));
CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM other';
CREATE PROCEDURE wipe_proc() LANGUAGE sql AS 'DELETE FROM other';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TABLE measurements (id int, at date) PARTITION BY RANGE (id);
CREATE TABLE measurements_1 PARTITION OF measurements FOR VALUES FROM (0) TO (100);
INSERT INTO measurements VALUES (1, '2020-01-01');
SELECT lo_from_bytea(4242, 'large');
CREATE ROLE owner_role;
CREATE TABLE owned (id int);
INSERT INTO owned VALUES (1);
ALTER TABLE owned OWNER TO owner_role;
";

/// Every row, definition and position, one a line: what is missing afterwards is lost. The first
/// word says whether it is data or a definition.
const STATE: &str = r"
SELECT 'data row ' || c.oid::regclass || ' ' || x.row
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace,
LATERAL (SELECT unnest(xpath('//row/text()', query_to_xml(format('SELECT r::text AS row FROM ONLY %s r', c.oid::regclass), false, false, '')))::text AS row) x
WHERE relkind = 'r' AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema';
SELECT 'data column ' || attrelid::regclass || '.' || attname || ' ' || atttypid::regtype
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema';
SELECT 'data table ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema';
SELECT 'definition ' || relkind::text || ' ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('v', 'm', 'i') AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema';
SELECT 'definition function ' || p.oid::regprocedure || md5(pg_get_functiondef(p.oid)) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema';
SELECT 'definition trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal;
SELECT 'definition constraint ' || conname FROM pg_constraint;
SELECT 'definition partition ' || inhrelid::regclass FROM pg_inherits;
SELECT 'definition type ' || t.oid::regtype FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype = 'e' AND nspname NOT LIKE 'pg_%';
SELECT 'definition schema ' || nspname FROM pg_namespace WHERE nspname <> 'empty_schema' AND nspname NOT LIKE 'pg_t%';
SELECT 'data sequence ' || schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences;
SELECT 'data large object ' || oid || ' ' || md5(lo_get(oid)) FROM pg_largeobject_metadata;
SELECT 'data slot ' || slot_name FROM pg_replication_slots;
SELECT 'data database ' || datname FROM pg_database WHERE datname = 'victim';
SELECT 'definition role ' || rolname || coalesce(rolpassword, '') FROM pg_authid WHERE rolname LIKE '%role';
SELECT 'data prepared ' || gid FROM pg_prepared_xacts;
";

/// What a case really loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    Nothing,
    Definition,
    Data,
}

struct Server {
    root: tempfile::TempDir,
    /// For files of the server that are no temporary ones.
    outside: tempfile::TempDir,
    process: Child,
    bin: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT to the postmaster: a fast shutdown, which ends every backend.
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap_or(0));
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT);
        let _ = self.process.wait();
    }
}

fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .chain(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ))
        .filter(|directory| {
            let has = |program: &&str| directory.join(program).exists();
            ["initdb", "postgres", "psql", "pg_dump"].iter().all(has)
        })
        .collect();
    found.sort();
    found.pop().expect(
        "these tests need a PostgreSQL server: install it (`apt-get install postgresql`), \
         so that initdb and postgres are in /usr/lib/postgresql/*/bin or on PATH",
    )
}

impl Server {
    fn start() -> Self {
        let bin = binaries();
        // Short: the path of a unix socket holds about 100 bytes.
        let root = tempfile::Builder::new()
            .prefix("gpg")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let place = ["/run/lock", env!("CARGO_TARGET_TMPDIR")];
        let place = place
            .iter()
            .find(|place| Path::new(place).exists())
            .unwrap();
        let outside = tempfile::Builder::new()
            .prefix("gpg")
            .tempdir_in(place)
            .unwrap();
        fs::set_permissions(outside.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let data = root.path().join("data");
        let is_root = nix::unistd::geteuid().is_root();
        fs::create_dir(&data).unwrap();
        if is_root {
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let as_owner = |program: &str| {
            let mut command = Command::new(bin.join(program));
            command
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let made = as_owner("initdb")
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-N",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let log = fs::File::create(root.path().join("log")).unwrap();
        let mut command = as_owner("postgres");
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(root.path())
            .arg("-p")
            .arg(PORT);
        for setting in [
            "listen_addresses=",
            "fsync=off",
            "wal_level=logical",
            "max_prepared_transactions=4",
            "shared_buffers=16MB",
            "autovacuum=off",
        ] {
            command.arg("-c").arg(setting);
        }
        let process = command.stderr(log).spawn().unwrap();
        let server = Self {
            root,
            outside,
            process,
            bin,
        };
        server.wait();
        server.sql("postgres", "CREATE DATABASE fixture");
        server.sql("fixture", FIXTURE);
        server.sql("postgres", "CREATE DATABASE app TEMPLATE fixture");
        server
    }

    fn wait(&self) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !self
            .psql("postgres")
            .args(["-c", "SELECT 1"])
            .status()
            .unwrap()
            .success()
        {
            let log = fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
            assert!(
                Instant::now() < patience,
                "the server does not start: {log}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command
            .env_clear()
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-p",
                PORT,
            ])
            .arg("-h")
            .arg(self.root.path())
            .args(["-d", database])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn sql(&self, database: &str, text: &str) {
        let output = self
            .psql(database)
            .args(["-c", text])
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}: {error}");
    }

    /// Runs a script, whatever fails in it, and gives what it prints.
    fn input(&self, database: &str, script: &str) -> String {
        use std::io::Write;
        let mut child = self
            .psql(database)
            .args(["-v", "ON_ERROR_STOP=0", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A fresh database, slot, server file and local files.
    fn reset(&self) {
        // What is there already, or gone, is no matter.
        self.input(
            "app",
            "ROLLBACK PREPARED 'gid';
             SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots;
             \\c postgres
             DROP DATABASE IF EXISTS app WITH (FORCE);
             CREATE DATABASE app TEMPLATE fixture;
             CREATE DATABASE victim;
             CREATE ROLE owner_role;
             DROP ROLE spare_role;
             CREATE ROLE spare_role;
             ALTER SYSTEM RESET ALL;
             \\c app
             SELECT pg_create_logical_replication_slot('slot', 'test_decoding');",
        );
        let work = self.work();
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(work.join(".git/objects")).unwrap();
        fs::create_dir_all(work.join(".git/refs")).unwrap();
        fs::write(work.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(work.join("precious"), "precious\n").unwrap();
        fs::write(work.join("wipe.sql"), "DELETE FROM other;\n").unwrap();
        fs::write(work.join("read.sql"), "SELECT 1;\n\\i more.sql\n").unwrap();
        fs::write(work.join("more.sql"), "SELECT 2;\n").unwrap();
        fs::write(work.join("nested.sql"), "\\ir wipe.sql\n").unwrap();
        fs::write(work.join("rc"), "DELETE FROM other;\n").unwrap();
        fs::write(work.join("data.csv"), "9,nine\n").unwrap();
        let file = self.outside.path().join("server_file");
        fs::write(&file, "server\n").unwrap();
        if nix::unistd::geteuid().is_root() {
            chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn state(&self) -> BTreeSet<String> {
        let output = self.input("app", STATE);
        let mut state: BTreeSet<String> = output.lines().map(str::to_owned).collect();
        assert!(state.len() > 50, "the state is not read: {state:?}");
        for (kind, path) in [
            ("data local file", self.work().join("precious")),
            ("data server file", self.outside.path().join("server_file")),
        ] {
            state.insert(format!(
                "{kind} {:?}",
                fs::read_to_string(path).unwrap_or_default()
            ));
        }
        state.insert(format!("definition settings {}", self.settings()));
        state
    }

    fn settings(&self) -> String {
        let output = self
            .psql("postgres")
            .args(["-c", "SELECT string_agg(name || setting, ',') FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'"])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        let root = self.root.path().display().to_string();
        [
            ("PATH", path.as_str()),
            ("HOME", &root),
            ("PGHOST", &root),
            ("PGPORT", PORT),
            ("PGUSER", "postgres"),
            ("PGDATABASE", "app"),
            (
                "SERVER_FILE",
                &format!("{}/server_file", self.outside.path().display()),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn run(&self, script: &str) {
        let status = Command::new("/bin/bash")
            .arg("-c")
            .arg(script)
            .current_dir(self.work())
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.is_ok(), "{script}");
    }

    fn judge(&self, script: &str) -> Assessment {
        let environment = self.environment();
        let variables = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let world = System::with_environment(self.work(), variables);
        assess(&Subject::script(script), Stdin::Empty, &world)
    }

    /// Judges, runs, and compares.
    fn case(&self, script: &str, before: &BTreeSet<String>, complaints: &mut Vec<String>) -> Loss {
        let verdict = self.judge(script);
        let class = verdict.class();
        self.run(script);
        let after = self.state();
        let lost: Vec<&String> = before.difference(&after).collect();
        let loss = if lost.iter().any(|item| item.starts_with("data")) {
            Loss::Data
        } else if lost.is_empty() {
            Loss::Nothing
        } else {
            Loss::Definition
        };
        let enough = match loss {
            Loss::Nothing => Class::ReadOnly,
            Loss::Definition => Class::Recoverable,
            Loss::Data => Class::Irreversible,
        };
        if class < enough {
            complaints.push(format!(
                "{script}\n  lost {lost:?}, judged {class}: {verdict:?}"
            ));
        }
        loss
    }
}

include!("postgres_cases.rs");

#[test]
fn what_the_server_loses_is_asked_about() {
    let server = Server::start();
    let mut complaints = Vec::new();
    for (script, expected) in LOSING {
        server.reset();
        let before = server.state();
        let loss = server.case(script, &before, &mut complaints);
        if loss != *expected {
            complaints.push(format!(
                "{script}\n  should lose {expected:?}, lost {loss:?}"
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(LOSING.len() >= 80, "{}", LOSING.len());
}

#[test]
fn what_loses_nothing_is_not_asked_about() {
    let server = Server::start();
    server.reset();
    let mut before = server.state();
    let mut complaints = Vec::new();
    for script in KEEPING {
        let verdict = server.judge(script);
        if verdict.class() > Class::Reversible {
            complaints.push(format!("{script}\n  asked: {verdict:?}"));
        }
        let loss = server.case(script, &before, &mut complaints);
        if loss != Loss::Nothing {
            complaints.push(format!("{script}\n  should lose nothing, lost {loss:?}"));
            server.reset();
        }
        before = server.state();
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(KEEPING.len() >= 60, "{}", KEEPING.len());
}

/// Where a case acts is said as a person would: server, database, object.
#[test]
fn targets_name_server_database_and_object() {
    let world = |variables: &[(&'static str, &'static str)]| {
        System::with_environment(PathBuf::from("/nonexistent"), variables.iter().copied())
    };
    let none: &[(&str, &str)] = &[];
    for (script, variables, target, tier) in [
        (
            "psql -c 'DROP TABLE Users' app",
            none,
            "localhost/app/users",
            "local",
        ),
        (
            "psql postgres://u:secret@db.prod.internal/app -c 'DROP TABLE a.b'",
            none,
            "db.prod.internal/app/a.b",
            "production",
        ),
        (
            "psql -h db.prod -d 'host=other dbname=x' -c 'TRUNCATE t'",
            none,
            "other/x/t",
            "unknown",
        ),
        (
            "psql -h db.staging -p 6543 -U me app -c 'TRUNCATE t'",
            none,
            "db.staging:6543/app/t",
            "staging",
        ),
        (
            "psql -c 'TRUNCATE t'",
            &[("PGHOST", "db.prod"), ("PGDATABASE", "shop")],
            "db.prod/shop/t",
            "production",
        ),
        (
            "PGHOST=db.prod psql shop -c 'TRUNCATE t'",
            none,
            "db.prod/shop/t",
            "production",
        ),
        (
            "psql \"$URL\" -c 'DROP TABLE poc_staging;'",
            none,
            "$URL/poc_staging",
            "unknown",
        ),
        (
            "psql $DATABASE_URL -c 'DROP TABLE x'",
            &[("DATABASE_URL", "postgres://h/prod")],
            "h/prod/x",
            "production",
        ),
        (
            "psql -d app -c 'DROP DATABASE prod'",
            none,
            "localhost/prod",
            "production",
        ),
        (
            "dropdb genesis_master",
            none,
            "localhost/genesis_master",
            "local",
        ),
        ("dropdb -h db.prod app", none, "db.prod/app", "production"),
        (
            "psql app -c 'SELECT 1' -c '\\c other' -c 'DROP TABLE t'",
            none,
            "localhost/other/t",
            "local",
        ),
    ] {
        let verdict = assess(&Subject::script(script), Stdin::Empty, &world(variables));
        let effect = verdict
            .effects
            .iter()
            .find(|effect| effect.reversibility.class() == Class::Irreversible)
            .unwrap_or_else(|| panic!("{script}: {verdict:?}"));
        assert_eq!(effect.target.to_string(), target, "{script}");
        assert_eq!(effect.target.tier.as_str(), tier, "{script}");
        assert!(!format!("{verdict:?}").contains("secret"), "{script}");
    }
}

#[test]
fn a_service_names_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("services");
    fs::write(
        &file,
        "[live]\nhost=db.live.internal\nport=6000\ndbname=shop\npassword=secret\n",
    )
    .unwrap();
    let file = file.display().to_string();
    for (script, environment, target) in [
        (
            "psql service=live -c 'TRUNCATE t'",
            None,
            "db.live.internal:6000/shop/t",
        ),
        (
            "PGSERVICE=live psql -c 'TRUNCATE t'",
            None,
            "db.live.internal:6000/shop/t",
        ),
        // A service wins over PGHOST, an option over the service.
        (
            "PGSERVICE=live psql -c 'TRUNCATE t'",
            Some(("PGHOST", "other")),
            "db.live.internal:6000/shop/t",
        ),
        (
            "PGSERVICE=live psql -h mine -c 'TRUNCATE t'",
            None,
            "mine:6000/shop/t",
        ),
        (
            "psql 'service=live dbname=x' -c 'TRUNCATE t'",
            None,
            "db.live.internal:6000/x/t",
        ),
    ] {
        let service = [("PGSERVICEFILE", file.as_str())];
        let variables = service.into_iter().chain(environment);
        let world = System::with_environment(PathBuf::from("/nonexistent"), variables);
        let verdict = assess(&Subject::script(script), Stdin::Empty, &world);
        let shown: Vec<String> = verdict
            .effects
            .iter()
            .map(|effect| effect.target.to_string())
            .collect();
        assert_eq!(shown, [target], "{script}");
        assert!(!format!("{verdict:?}").contains("secret"), "{script}");
    }
}

/// The dangerous part of an argument is shown, not the whole command.
#[test]
fn spans_point_at_the_statement() {
    let world = System::with_environment(PathBuf::from("/nonexistent"), []);
    for (script, shown) in [
        ("psql -c 'SELECT 1; DROP TABLE t; SELECT 2'", "DROP TABLE t"),
        ("psql -c \"DELETE FROM t\"", "DELETE FROM t"),
        ("psql -X -tAc 'TRUNCATE t' app", "TRUNCATE t"),
    ] {
        let verdict = assess(&Subject::script(script), Stdin::Empty, &world);
        let span = verdict.effects.last().unwrap().location.span;
        let effect = verdict
            .effects
            .iter()
            .find(|effect| effect.reversibility.class() == Class::Irreversible)
            .map_or(span, |effect| effect.location.span);
        assert_eq!(
            script.get(effect.start..effect.end),
            Some(shown),
            "{script}"
        );
    }
}

/// Refused: the rows are there. Approved by a person: they are gone, once.
#[test]
fn a_refused_command_loses_nothing_and_an_approved_one_runs_once() {
    let server = Server::start();
    server.reset();
    let rows = || server.input("app", "SELECT count(*) FROM t; SELECT count(*) FROM other");
    let socket = server.root.path().display();
    let psql = server.bin.join("psql");
    let call = format!(
        "{} -X -h {socket} -p {PORT} -U postgres app",
        psql.display()
    );
    let address = format!("localhost:{PORT}/app");
    for (script, name, after) in [
        (
            format!("{call} -c 'DELETE FROM t WHERE id > 2'"),
            "t",
            "2\n1\n",
        ),
        (format!("echo 'TRUNCATE other' | {call}"), "other", "2\n0\n"),
    ] {
        let stage = Stage::new();
        let before = rows();
        let refused = stage.guard(&["-c", &script]);
        assert_eq!(refused.status.code(), Some(126), "{}", said(&refused));
        assert_eq!(rows(), before, "{script}");
        let request = stage.request();
        assert_eq!(request.phrase, format!("{address}/{name}"));
        let wrong = stage.person(
            &[GUARD, "approve", &request.id],
            &[Step::answer("yes"), Step::answer("yes")],
        );
        assert_eq!(wrong.code, Some(126), "{wrong:?}");
        assert_eq!(rows(), before, "{script}");
        let seen = stage.approve(&request.id, &request.phrase);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert_eq!(rows(), before, "{script}");
        let ran = stage.guard(&["-c", &script]);
        assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
        assert_eq!(rows(), after, "{script}");
        let again = stage.guard(&["-c", &script]);
        assert_eq!(again.status.code(), Some(126), "{}", said(&again));
    }
    let stage = Stage::new();
    let rolled_back =
        format!("{call} -tAc 'BEGIN; DELETE FROM t; ROLLBACK; SELECT count(*) FROM t'");
    let ran = stage.guard(&["-c", &rolled_back]);
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert!(
        String::from_utf8_lossy(&ran.stdout).ends_with("2\n"),
        "{}",
        said(&ran)
    );
}

/// Every `match` and `no-match` of the pack, through the whole pipeline.
#[test]
fn the_packs_own_examples_hold() {
    let pack = guard::rules::check::read(include_str!("../../rules/psql.toml")).unwrap();
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let world = || System::with_environment(directory.clone(), [("HOME", "/nonexistent")]);
    let mut complaints = Vec::new();
    for rule in pack.cli.iter().flat_map(|cli| &cli.rule) {
        let fires = |script: &str| {
            let verdict = assess(&Subject::script(script), Stdin::Empty, &world());
            verdict
                .effects
                .iter()
                .any(|effect| effect.rule.rule == rule.id)
                || verdict
                    .opaque
                    .iter()
                    .any(|opaque| opaque.reason == rule.summary)
        };
        for script in &rule.matches {
            if !fires(script) {
                complaints.push(format!("{}: silent on {script}", rule.id));
            }
        }
        for script in &rule.no_match {
            if fires(script) {
                complaints.push(format!("{}: fires on {script}", rule.id));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Broken and cut input is judged without a panic.
#[test]
fn no_input_makes_it_panic() {
    let world = System::with_environment(PathBuf::from("/nonexistent"), []);
    let mut seed = 88_172_645_463_325_252_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap() % below.max(1)
    };
    let scripts: Vec<&str> = LOSING
        .iter()
        .map(|(script, _)| *script)
        .chain(KEEPING.iter().copied())
        .collect();
    let noise = [
        "\\",
        "'",
        "\"",
        "$$",
        "$a$",
        ";",
        "(",
        ")",
        ":",
        "`",
        "\n",
        "--",
        "/*",
        "é",
        "\u{0}",
        ":x",
        "\\g",
        "\\if",
        "COPY t FROM STDIN;",
        "BEGIN",
        "E'\\",
        "%",
        "|",
    ];
    for _ in 0..1500 {
        let first = scripts[random(scripts.len())];
        let second = scripts[random(scripts.len())];
        let mut sql: String = first.chars().skip(random(30)).take(random(80)).collect();
        sql.push_str(noise[random(noise.len())]);
        sql.extend(second.chars().skip(random(40)).take(random(60)));
        for input in [Stdin::Text(sql.as_str().into()), Stdin::Empty] {
            let argv = match input {
                Stdin::Empty => vec!["psql".to_owned(), "-c".to_owned(), sql.clone()],
                _ => vec!["psql".to_owned()],
            };
            let verdict = assess(&Subject::Argv(argv), input, &world);
            assert!(verdict.class() >= Class::ReadOnly);
        }
    }
}
