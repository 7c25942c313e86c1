//! Whose SQL a text is.

use super::words;
use crate::resolve::Text;

/// A server's or library's own SQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    #[default]
    Postgres,
    /// MySQL's and MariaDB's.
    Mysql,
    Sqlite,
}

impl Dialect {
    /// The pack whose rules its statements are.
    pub(super) const fn pack(self) -> &'static str {
        match self {
            Self::Postgres => "psql",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite3",
        }
    }

    /// The one that a connection string names: `mysql+pymysql://…`, `sqlite:///app.db`,
    /// `dbi:SQLite:app.db`, `jdbc:postgresql:…`.
    #[must_use]
    pub fn of_connection(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let scheme = text.trim_start_matches("jdbc:").trim_start_matches("dbi:");
        let end = scheme.find(|letter: char| !letter.is_ascii_alphanumeric());
        match scheme.get(..end?)? {
            "mysql" | "mysql2" | "mariadb" | "mysqlx" => Some(Self::Mysql),
            "sqlite" | "sqlite3" => Some(Self::Sqlite),
            "postgres" | "postgresql" | "pgsql" | "pg" | "psql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The first one in whose grammar a text holds, if nothing else says which it is.
    #[must_use]
    pub fn of_text(text: &Text) -> Self {
        let source = super::Source::new(text, crate::resolve::Origin::Verbatim { offset: 0 });
        let text = source.text();
        let errors = super::tree::with_tree(text, |tree| tree.errors.len());
        // A comment there, a statement of MySQL's here.
        if errors == Ok(0) && !text.contains("/*!") {
            return Self::Postgres;
        }
        let reads = |dialect| words::reads(text, dialect);
        match (reads(Self::Sqlite), reads(Self::Mysql)) {
            (true, _) if !text.contains("/*!") => Self::Sqlite,
            (_, true) => Self::Mysql,
            _ => Self::Postgres,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_names_its_dialect() {
        for (text, expected) in [
            ("mysql+pymysql://root@h/app", Some(Dialect::Mysql)),
            ("mysql:host=h;dbname=app", Some(Dialect::Mysql)),
            ("sqlite:///app.db", Some(Dialect::Sqlite)),
            ("dbi:SQLite:dbname=app.db", Some(Dialect::Sqlite)),
            ("postgresql+psycopg://h/app", Some(Dialect::Postgres)),
            ("jdbc:mysql://h/app", Some(Dialect::Mysql)),
            ("dbname=app host=h", None),
            ("app", None),
        ] {
            assert_eq!(Dialect::of_connection(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_the_first_dialect_that_reads_it() {
        for (text, expected) in [
            ("DELETE FROM t", Dialect::Postgres),
            ("DELETE FROM `t`", Dialect::Sqlite),
            ("PRAGMA foreign_keys = ON", Dialect::Sqlite),
            ("REPLACE INTO t VALUES (1)", Dialect::Sqlite),
            ("DROP DATABASE `app`", Dialect::Mysql),
            ("SELECT 1 /*! ; DROP TABLE t */", Dialect::Mysql),
            ("these are words", Dialect::Postgres),
        ] {
            assert_eq!(Dialect::of_text(&Text::known(text)), expected, "{text}");
        }
    }
}
