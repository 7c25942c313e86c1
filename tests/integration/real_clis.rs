//! Real servers and real tools: each form runs in an instance of its own, and guard must ask about
//! exactly those after which something is gone.

mod docker;
mod kubernetes;
mod s3;
mod sqlite;
mod stand_in;
mod terraform;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use guard::judge::Subject;
use guard::resolve::Stdin;

use crate::cases;

/// What a tool keeps, one item a line.
type State = BTreeSet<String>;

struct Instance<'a> {
    root: &'a Path,
    variables: Vec<(&'static str, String)>,
}

impl Instance<'_> {
    fn shell(&self, text: &str) -> (bool, String) {
        let output = Command::new("bash")
            .args(["-c", text])
            .current_dir(self.root)
            .env("HOME", self.root)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    }

    fn prepare(&self, text: &str) {
        assert!(self.shell(text).0, "{text}");
    }

    fn state(&self, list: &str) -> State {
        self.shell(list).1.lines().map(str::to_owned).collect()
    }

    fn asks(&self, form: &str) -> Vec<String> {
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        cases::questions(&Subject::script(form), Stdin::Empty, self.root, &variables)
    }
}

/// Runs each form after `fill`, and compares what `list` tells before and after.
fn each_loss_is_asked_about(instance: &Instance<'_>, fill: &str, list: &str, forms: &[&str]) {
    let mut wrong = Vec::new();
    let mut losses = 0;
    for form in forms {
        instance.prepare(fill);
        let before = instance.state(list);
        assert!(!before.is_empty(), "nothing is kept before `{form}`");
        let asked = instance.asks(form);
        instance.shell(form);
        let after = instance.state(list);
        let lost: Vec<_> = before.difference(&after).collect();
        losses += usize::from(!lost.is_empty());
        if lost.is_empty() != asked.is_empty() {
            wrong.push(format!("{form}\n  lost {lost:?}\n  asked {asked:?}"));
        }
    }
    assert!(losses >= 3 && losses < forms.len(), "the forms show both");
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        forms.len(),
        wrong.join("\n")
    );
}

/// Outside of the temporary directories, whose files are nobody's loss.
fn place() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("real-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .unwrap()
}

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(command: &mut Command, socket: &Path) -> Server {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    for _ in 0..600 {
        if socket.exists() {
            return server;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{} does not listen", socket.display());
}

/// A path for a socket may be 107 bytes long at most.
fn socket(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    (directory, path)
}

#[test]
fn redis_loses_what_guard_asks_about() {
    let place = place();
    let (_directory, socket) = socket("r.sock");
    let _server = serve(
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(place.path())
            .arg("--unixsocket")
            .arg(&socket),
        &socket,
    );
    let instance = Instance {
        root: place.path(),
        variables: vec![("S", socket.to_str().unwrap().to_owned())],
    };
    let fill = "redis-cli -s $S <<'END'
flushall
mset a 1 b 2
hset h f 1 g 2
rpush l 1 2 3
sadd s x y
zadd z 1 m 2 n
xadd e 1-1 k v
xgroup create e workers 0
END";
    let list = r#"redis-cli -s $S --no-raw eval "
local o = {}
for _, k in ipairs(redis.call('KEYS', '*')) do
    local t = redis.call('TYPE', k)['ok']
    local m = {''}
    if t == 'hash' then m = redis.call('HKEYS', k) end
    if t == 'list' then m = redis.call('LRANGE', k, 0, -1) end
    if t == 'set' then m = redis.call('SMEMBERS', k) end
    if t == 'zset' then m = redis.call('ZRANGE', k, 0, -1) end
    if t == 'stream' then m = {#redis.call('XINFO', 'GROUPS', k) .. ' groups'}
        for _, i in ipairs(redis.call('XRANGE', k, '-', '+')) do table.insert(m, i[1]) end
    end
    for _, i in ipairs(m) do table.insert(o, k .. ' ' .. i) end
end
return table.concat(o, '|')" 0 | tr -d '"' | tr '|' '\n'"#;
    each_loss_is_asked_about(
        &instance,
        fill,
        list,
        &[
            "redis-cli -s $S FLUSHALL",
            "redis-cli -s $S -n 0 flushDB async",
            "redis-cli -s $S -n 3 get a",
            "redis-cli -s $S del a b",
            "redis-cli -s $S Unlink h",
            "redis-cli -s $S getdel a",
            "redis-cli -s $S get a",
            "redis-cli -s $S keys '*'",
            "redis-cli -s $S hdel h f",
            "redis-cli -s $S hgetall h",
            "redis-cli -s $S lpop l",
            "redis-cli -s $S -r 2 rpop l",
            "redis-cli -s $S ltrim l 1 1",
            "redis-cli -s $S lrange l 0 -1",
            "redis-cli -s $S rpush l 4",
            "redis-cli -s $S srem s x",
            "redis-cli -s $S spop s",
            "redis-cli -s $S zremrangebyrank z 0 -1",
            "redis-cli -s $S zpopmin z",
            "redis-cli -s $S xtrim e maxlen 0",
            "redis-cli -s $S xdel e 1-1",
            "redis-cli -s $S xgroup destroy e workers",
            "redis-cli -s $S xlen e",
            "redis-cli -s $S expire a 0",
            "redis-cli -s $S expire a 100",
            "redis-cli -s $S pexpireat a 1",
            "redis-cli -s $S rename a b",
            "redis-cli -s $S renamenx a b",
            "redis-cli -s $S copy a b",
            "redis-cli -s $S set a 3",
            "redis-cli -s $S incr a",
            "echo flushall | redis-cli -s $S",
            "printf 'get a\\ndel a\\n' | redis-cli -s $S",
            "printf 'get a\\nttl a\\n' | redis-cli -s $S",
            "printf '*2\\r\\n$3\\r\\nDEL\\r\\n$1\\r\\na\\r\\n' | redis-cli -s $S --pipe",
            "redis-cli -s $S eval \"return redis.call('del', KEYS[1])\" 1 a",
            "redis-cli -s $S eval \"return redis.call('get', KEYS[1])\" 1 a",
            "printf 'return redis.call(\"flushall\")' > f.lua; redis-cli -s $S --eval f.lua",
            "redis-cli -s $S --scan | xargs redis-cli -s $S unlink",
            "redis-cli -s $S --bigkeys",
            "redis-cli -s $S info memory",
            "redis-cli -s $S config get dir",
            "redis-cli -s $S object encoding a",
            "redis-cli -s $S swapdb 0 0",
        ],
    );
}

#[test]
fn restic_loses_what_guard_asks_about() {
    let place = place();
    let root = place.path();
    let instance = Instance {
        root,
        variables: vec![
            ("RESTIC_REPOSITORY", root.join("repo").display().to_string()),
            ("RESTIC_PASSWORD", "x".to_owned()),
            ("RESTIC_CACHE_DIR", root.join("cache").display().to_string()),
        ],
    };
    instance.prepare(
        "mkdir work && echo 1 > work/a && restic init && restic backup --tag t work && \
         echo 2 > work/b && restic backup work && cp -r work lost && echo 3 > lost/c && \
         restic backup lost && restic forget --tag '' --path \"$PWD/lost\" --keep-last 1 && \
         restic forget \"$(restic snapshots --path \"$PWD/lost\" --json | grep -o '\"short_id\":\"[0-9a-f]*' | cut -d'\"' -f4)\" && \
         mv repo saved",
    );
    each_loss_is_asked_about(
        &instance,
        "rm -rf repo out && cp -r saved repo",
        "find repo/snapshots repo/data repo/keys -type f",
        &[
            "restic forget --keep-last 1",
            "restic forget -l 1 -n",
            "restic forget --dry-run --prune --keep-last 1",
            "restic forget latest",
            "restic prune --max-unused 0",
            "restic prune -n",
            "restic snapshots",
            "restic backup work",
            "restic check",
            "restic restore latest --target out",
            "restic stats",
            "restic find a",
            "restic ls latest",
        ],
    );
}

#[test]
fn borg_loses_what_guard_asks_about() {
    let place = place();
    let root = place.path();
    let instance = Instance {
        root,
        variables: vec![
            ("BORG_REPO", root.join("repo").display().to_string()),
            ("BORG_BASE_DIR", root.display().to_string()),
            (
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK",
                "yes".to_owned(),
            ),
            ("BORG_RELOCATED_REPO_ACCESS_IS_OK", "yes".to_owned()),
            ("BORG_DELETE_I_KNOW_WHAT_I_AM_DOING", "YES".to_owned()),
        ],
    };
    instance.prepare(
        "mkdir work && echo 1 > work/a && borg init -e none && borg create ::one work && \
         echo 2 > work/b && borg create ::two work && mv repo saved",
    );
    each_loss_is_asked_about(
        &instance,
        "rm -rf repo .cache .config && cp -r saved repo",
        "borg list --short",
        &[
            "borg delete ::one",
            "borg delete -n ::one",
            "borg delete --glob-arch 'o*'",
            "borg prune --keep-last 1",
            "borg prune -n --keep-last=1",
            "borg create ::three work",
        ],
    );
}

#[test]
fn rclone_loses_what_guard_asks_about() {
    let place = place();
    let root = place.path();
    cases::repository(root);
    let instance = Instance {
        root,
        variables: vec![("RCLONE_CONFIG", "/dev/null".to_owned())],
    };
    each_loss_is_asked_about(
        &instance,
        "rm -rf src dst old new && mkdir src dst && echo 11 > src/a && echo 2 > dst/b && echo 3 > keep",
        "grep -rh . src dst keep new old",
        &[
            "rclone purge dst",
            "rclone purge -n dst",
            "rclone delete dst",
            "rclone --dry-run delete dst",
            "rclone deletefile dst/b",
            "rclone sync src dst",
            "rclone sync src dst --backup-dir old",
            "rclone -vn sync src dst",
            "rclone copyto src/a dst/b",
            "rclone copyto src/a keep",
            "rclone copyto src/a new",
            "rclone move dst/b new",
            "rclone ls dst",
            "rclone check src dst",
            "rclone cat dst/b",
            "rclone cat src/a > keep",
        ],
    );
}

#[test]
fn mariadb_loses_what_guard_asks_about() {
    let place = place();
    let root = place.path();
    let (_directory, socket) = socket("m.sock");
    let data = root.join("mysql");
    let made = Command::new("mariadb-install-db")
        .args([
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ])
        .arg(format!("--datadir={}", data.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let mut command = Command::new("mariadbd");
    command
        .args(["--no-defaults", "--skip-networking", "--user=root"])
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", socket.display()));
    let _server = serve(&mut command, &socket);
    let instance = Instance {
        root,
        variables: vec![("S", socket.to_str().unwrap().to_owned())],
    };
    each_loss_is_asked_about(
        &instance,
        "mysql -S $S -u root <<'END'
DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop;
CREATE TABLE a (id INT PRIMARY KEY, t TEXT); INSERT INTO a VALUES (1,'x'),(2,'y');
CREATE TABLE b (id INT); INSERT INTO b VALUES (7);
END",
        "mysqldump -S $S -u root --skip-comments --skip-extended-insert --compact shop",
        &[
            "mysql -S $S -u root shop -e 'DROP TABLE a'",
            "mysql -S $S -u root -e 'DROP DATABASE shop'",
            "mysql -S $S -uroot -D shop -e 'TRUNCATE b'",
            "mysql -S $S -uroot shop -Ne 'DELETE FROM a'",
            "mysql -S $S -uroot shop --execute='UPDATE a SET t = 1'",
            "mysql -S $S -uroot shop -e 'ALTER TABLE a DROP COLUMN t'",
            "mysql -S $S -uroot shop -e 'SELECT * FROM a'",
            "mysql -S $S -uroot shop -e 'SHOW TABLES; DESCRIBE a'",
            "mysql -S $S -uroot shop -e 'INSERT INTO b VALUES (8)'",
            "mysql -S $S -uroot shop -e 'CREATE TABLE c (id INT)'",
            "echo 'DROP TABLE b' | mysql -S $S -uroot shop",
            "mysql -S $S -uroot shop <<< 'SELECT 1'",
            "echo 'DROP TABLE b' > x.sql; mysql -S $S -uroot shop < x.sql",
            "mysql -S $S -uroot shop -e 'source x.sql'",
            "mysqladmin -S $S -uroot -f drop shop",
            "mariadb-admin -S $S -uroot --forc dro shop",
            "mysqladmin -S $S -uroot status",
            "mysqladmin -S $S -uroot proc",
            "printf '7\\n' > b.txt; mysqlimport -S $S -uroot --local --delete shop b.txt; mysql -S $S -uroot shop -e 'DELETE FROM b WHERE id = 7'",
            "mysqldump -S $S -uroot shop > new.sql; mysql -S $S -uroot shop -e 'SELECT COUNT(*) FROM a'",
        ],
    );
}
