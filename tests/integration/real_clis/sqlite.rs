//! sqlite3 and its files.

use super::{Instance, each_loss_is_asked_about, place};
use crate::cases;

#[test]
fn sqlite_loses_what_guard_asks_about() {
    let place = place();
    cases::repository(place.path());
    let instance = Instance {
        root: place.path(),
        variables: Vec::new(),
    };
    each_loss_is_asked_about(
        &instance,
        "rm -f shop.db new.db keep drop.sql && echo 3 > keep && echo 'drop table b;' > drop.sql && \
         sqlite3 shop.db \"create table a (id integer primary key, t text); insert into a values (1,'x'),(2,'y'); \
         create table b (id); insert into b values (7); create index i on b (id)\"",
        "sqlite3 shop.db \"select name from sqlite_master; select id, t from a\" \"select 'b', id from b\"; grep -H . keep",
        &[
            "sqlite3 shop.db 'DROP TABLE a'",
            "sqlite3 -batch shop.db \"delete from a where id = 1\"",
            "sqlite3 shop.db 'begin; delete from a; rollback'",
            "sqlite3 shop.db 'BEGIN; DELETE FROM a; COMMIT'",
            "sqlite3 shop.db 'UPDATE a SET t = 0'",
            "sqlite3 shop.db 'select * from a'",
            "sqlite3 shop.db 'with x as (select 1) select * from x'",
            "sqlite3 shop.db 'with x as (select 1 as n) delete from a where id in (select n from x)'",
            "sqlite3 shop.db \"insert into b values (8)\"",
            "sqlite3 shop.db \"replace into a values (1, 'z')\"",
            "sqlite3 shop.db \"insert or replace into a values (2, 'z')\"",
            "sqlite3 shop.db \"insert into a values (1, 'z') on conflict do nothing\"",
            "sqlite3 shop.db \"insert into a values (1, 'z') on conflict (id) do update set t = 'q'\"",
            "sqlite3 shop.db 'create table c (id)'",
            "sqlite3 shop.db 'alter table a drop column t'",
            "sqlite3 shop.db 'alter table a add column u'",
            "sqlite3 shop.db 'explain delete from a'",
            "sqlite3 shop.db \"select 'drop table a'\"",
            "sqlite3 shop.db '-- drop table a'",
            "sqlite3 shop.db 'pragma table_info(a)'",
            "sqlite3 shop.db 'vacuum'",
            "sqlite3 shop.db .tables .schema",
            "sqlite3 shop.db '.read drop.sql'",
            "sqlite3 shop.db < drop.sql",
            "echo 'select 1; drop table b' | sqlite3 shop.db",
            "sqlite3 -cmd 'delete from b' shop.db 'select 1'",
            "sqlite3 -readonly shop.db 'select count(*) from a'",
            "sqlite3 shop.db '.once keep' 'select 1'",
            "sqlite3 shop.db '.output new.csv' 'select 1'",
            "sqlite3 shop.db '.shell rm keep'",
            "sqlite3 shop.db '.backup new.db'",
            "sqlite3 shop.db 'drop index i; create index i on b (id)'",
            "sqlite3 new.db 'create table a (id)'",
            "sqlite3 shop.db <<'END'\nselect 1;\ndelete from b;\nEND",
        ],
    );
}
