//! Which PostgreSQL server and database a client would talk to, and as whom.
//!
//! Reads what libpq reads: connection strings, options, service files, `PG*`. Never looks at a
//! password file, and never keeps a password.

use std::path::PathBuf;

use super::{Place, tier};
use crate::call::Call;
use crate::effect::{Evidence, Tier};
use crate::resolve::{Text, base_name};

/// The parameters that name a server, a database and a role.
const FIELDS: [&str; 5] = ["host", "hostaddr", "port", "dbname", "user"];
const DEFAULT_PORT: &str = "5432";

/// One parameter, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    value: String,
    source: String,
}

/// Connection parameters as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    fields: std::collections::BTreeMap<&'static str, Field>,
    service: Option<Field>,
    /// The source (`$DATABASE_URL`) of a connection string that cannot be known.
    unknown: Option<Field>,
}

impl Connection {
    fn set(&mut self, name: &str, value: &str, source: &str) {
        let field = Field {
            value: value.to_owned(),
            source: source.to_owned(),
        };
        if name == "service" {
            self.service = Some(field);
        } else if let Some(name) = FIELDS.iter().find(|field| **field == name)
            && !value.is_empty()
        {
            self.fields.insert(name, field);
        }
    }

    /// Takes a parameter that is not yet known.
    fn set_missing(&mut self, name: &str, value: &str, source: &str) {
        if !self.fields.contains_key(name) {
            self.set(name, value, source);
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|field| field.value.as_str())
    }

    /// Reads a database argument: a name, a URI or `key=value` pairs.
    pub fn set_database(&mut self, text: &Text, source: &str) {
        let Some(value) = text.exact() else {
            return self.set_partial(text, source);
        };
        if let Some(rest) = uri_rest(value) {
            self.set_uri(rest, source);
        } else if value.contains('=') {
            for (name, value) in conninfo(value) {
                self.set(&name, &value, source);
            }
        } else {
            self.set("dbname", value, source);
        }
    }

    /// A text with holes may still name its host: `postgres://$USER:$PW@db.prod/app`.
    fn set_partial(&mut self, text: &Text, source: &str) {
        let shown = text.display().into_owned();
        match uri_rest(&shown) {
            Some(rest) => self.set_uri(rest, source),
            None if text.known_prefix().contains('=') => {
                for (name, value) in conninfo(&shown) {
                    self.set(&name, &value, source);
                }
            }
            None => {
                self.unknown = Some(Field {
                    value: shown,
                    source: source.to_owned(),
                });
            }
        }
    }

    fn set_uri(&mut self, rest: &str, source: &str) {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        // What follows the colon is the password: it goes no further.
        let user = user.split_once(':').map_or(user, |(user, _)| user);
        self.set("user", &decoded(user), source);
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let (name, port) = host_and_port(host);
            names.push(decoded(name));
            ports.push(port.to_owned());
        }
        self.set("host", &names.join(","), source);
        let same = ports.iter().all(|port| Some(port) == ports.first());
        let port = if same {
            ports.swap_remove(0)
        } else {
            ports.join(",")
        };
        self.set("port", &port, source);
        self.set("dbname", &decoded(database), source);
        for pair in query.split('&') {
            if let Some((name, value)) = pair.split_once('=') {
                self.set(&decoded(name), &decoded(value), source);
            }
        }
    }

    /// psql's `\c`: what is not given stays, unless a connection string is given.
    #[must_use]
    pub fn reconnected(&self, arguments: &[Text]) -> Self {
        let mut next = self.clone();
        let source = "\\connect";
        if let Some(first) = arguments.first()
            && is_connection_string(&first.display())
        {
            next = Self::default();
            next.set_database(first, source);
            return next;
        }
        for (name, argument) in ["dbname", "user", "host", "port"].iter().zip(arguments) {
            let value = argument.display();
            if value != "-" {
                if *name == "dbname" {
                    next.unknown = None;
                }
                next.set(name, &value, source);
            }
        }
        next
    }

    /// Fills in what the environment and the service file say, in libpq's order.
    #[must_use]
    pub fn completed(mut self, call: &Call<'_>) -> Self {
        if let Some((service, source)) = variable(call, "PGSERVICE")
            && self.service.is_none()
        {
            self.set("service", &service, &source);
        }
        if let Some(service) = self.service.clone() {
            self.read_service(call, &service.value);
        }
        for (name, variable_name) in [
            ("host", "PGHOST"),
            ("hostaddr", "PGHOSTADDR"),
            ("port", "PGPORT"),
            ("dbname", "PGDATABASE"),
            ("user", "PGUSER"),
        ] {
            if let Some((value, source)) = variable(call, variable_name) {
                self.set_missing(name, &value, &source);
            }
        }
        if call.command.elsewhere.is_none()
            && let Some(user) = call.world.user()
        {
            self.set_missing("user", &user, "the user who runs it");
        }
        if self.unknown.is_none()
            && let Some(user) = self.get("user").map(str::to_owned)
        {
            self.set_missing("dbname", &user, "the user's name, by default");
        }
        self
    }

    fn read_service(&mut self, call: &Call<'_>, service: &str) {
        if call.command.elsewhere.is_some() {
            return;
        }
        for path in service_files(call) {
            let Ok(text) = call.world.read(&path) else {
                continue;
            };
            let source = format!("service `{service}` in {}", path.display());
            let pairs = service_entry(&text, service);
            for (name, value) in &pairs {
                self.set_missing(name, value, &source);
            }
            if !pairs.is_empty() {
                return;
            }
        }
    }

    /// The server as a person names it, without the port that everybody has.
    fn server(&self, elsewhere: Option<&str>) -> String {
        let host = self.get("host").or_else(|| self.get("hostaddr"));
        let host = match host {
            Some(host) if !host.starts_with(['/', '@']) => host,
            _ => elsewhere.unwrap_or("localhost"),
        };
        match self.get("port") {
            Some(port) if port != DEFAULT_PORT => format!("{host}:{port}"),
            _ => host.to_owned(),
        }
    }

    /// What the connection means to the rest of guard.
    #[must_use]
    pub fn place(&self, call: &Call<'_>) -> Place {
        let elsewhere = call.command.elsewhere.as_deref();
        let mut place = Place {
            tier: self.tier(elsewhere),
            evidence: self.evidence(),
            ..Place::default()
        };
        if let Some(unknown) = &self.unknown {
            place.environment = Some(unknown.value.clone());
            place.facts.insert("database", unknown.value.clone());
            return place;
        }
        let server = self.server(elsewhere);
        // On another machine the default, the user's name, is not known either.
        place.environment = Some(match self.get("dbname") {
            Some(database) => {
                place.facts.insert("database", database.to_owned());
                format!("{server}/{database}")
            }
            None => server.clone(),
        });
        place.facts.insert("server", server);
        if let Some(user) = self.get("user") {
            place.facts.insert("user", user.to_owned());
        }
        place
    }

    /// The most important tier that any of the names suggests; else whether it is this machine.
    fn tier(&self, elsewhere: Option<&str>) -> Tier {
        let names = [
            self.get("host"),
            self.get("dbname"),
            self.get("user"),
            self.service.as_ref().map(|service| service.value.as_str()),
            self.unknown.as_ref().map(|unknown| unknown.value.as_str()),
            elsewhere,
        ];
        let named = names
            .iter()
            .flatten()
            .map(|name| tier::of_name(name))
            .filter(|tier| *tier != Tier::Unknown)
            .max();
        let here = elsewhere.is_none() && self.unknown.is_none() && self.is_loopback();
        match named {
            Some(Tier::Local) if !here => Tier::Unknown,
            Some(named) => named,
            None if here => Tier::Local,
            None => Tier::Unknown,
        }
    }

    fn is_loopback(&self) -> bool {
        let Some(host) = self.get("host").or_else(|| self.get("hostaddr")) else {
            return true;
        };
        host.split(',').all(|host| {
            host.starts_with(['/', '@'])
                || host == "localhost"
                || host == "::1"
                || host.starts_with("127.")
        })
    }

    fn evidence(&self) -> Vec<Evidence> {
        let named = [
            ("host", "host"),
            ("hostaddr", "host address"),
            ("port", "port"),
            ("dbname", "database"),
            ("user", "user"),
        ];
        let fields = named.iter().filter_map(|(name, fact)| {
            let field = self.fields.get(name)?;
            Some(((*fact), field))
        });
        fields
            .chain(self.service.iter().map(|service| ("service", service)))
            .chain(self.unknown.iter().map(|unknown| ("connection", unknown)))
            .map(|(fact, field)| Evidence {
                fact: fact.into(),
                value: field.value.clone(),
                source: field.source.clone(),
            })
            .collect()
    }
}

/// The connection that a client of MySQL opens, as far as its options say it.
#[must_use]
pub fn mysql(call: &Call<'_>) -> Connection {
    let mut connection = Connection::default();
    for (option, name) in [("--host", "host"), ("--port", "port"), ("--user", "user")] {
        if let Some(value) = call.args.option(option) {
            let value = value.value.display();
            // The port that everybody has is not shown.
            if !(name == "port" && value == "3306") {
                connection.set(name, &value, &format!("option {option}"));
            }
        }
    }
    let named = call.args.option("--database");
    if let Some(database) = named.or(call.args.operands.first()) {
        let database = database.value.display();
        connection.set("dbname", &database, "the database argument");
    }
    connection
}

/// The connection that psql or one of its siblings opens.
#[must_use]
pub fn connection(call: &Call<'_>) -> Connection {
    let mut connection = Connection::default();
    for (option, name) in [
        ("--host", "host"),
        ("--port", "port"),
        ("--username", "user"),
    ] {
        if let Some(value) = call.args.option(option) {
            connection.set(name, &value.value.display(), &format!("option {option}"));
        }
    }
    let mut operands = call.args.operands.iter();
    match call.args.option("--dbname") {
        Some(database) => connection.set_database(&database.value, "option --dbname"),
        None if names_database(call) => {
            if let Some(database) = operands.next() {
                connection.set_database(&database.value, "the database argument");
            }
        }
        None => {}
    }
    if program(call) == "psql"
        && call.args.option("--username").is_none()
        && let Some(user) = operands.next()
    {
        connection.set_missing("user", &user.value.display(), "the user argument");
    }
    connection.completed(call)
}

/// The place that this command line, its environment and the files it reads name.
#[must_use]
pub fn place(call: &Call<'_>) -> Place {
    let mut place = connection(call).place(call);
    let program = program(call);
    // Only these act inside a database; the others on databases, roles and slots of the server.
    if !matches!(program.as_str(), "psql" | "pgbench")
        && let Some(server) = place.facts.get("server")
    {
        place.environment = Some(server.clone());
    }
    let names_object = matches!(
        program.as_str(),
        "dropdb" | "createdb" | "dropuser" | "createuser"
    );
    let operand = call.args.operands.first().filter(|_| names_object);
    if let Some(name) = operand.and_then(|name| name.value.exact()) {
        place.tier = place.tier.max(named_tier(name, place.tier));
    }
    place
}

/// The tier that a database's name suggests; `otherwise` if it suggests none.
#[must_use]
pub fn named_tier(name: &str, otherwise: Tier) -> Tier {
    match tier::of_name(name) {
        Tier::Unknown => otherwise,
        known => known,
    }
}

fn program(call: &Call<'_>) -> String {
    let word = call.command.program().unwrap_or_default();
    base_name(word).to_owned()
}

/// Whether the first operand is the database to connect to.
fn names_database(call: &Call<'_>) -> bool {
    !matches!(
        program(call).as_str(),
        "pg_restore" | "dropdb" | "createdb" | "dropuser" | "createuser" | "pg_ctl"
    )
}

/// A variable as the command sees it. On another machine, only what the command itself sets.
fn variable(call: &Call<'_>, name: &str) -> Option<(String, String)> {
    let source = call.command.environment.source(name);
    if call.command.elsewhere.is_some() && source.starts_with("environment variable") {
        return None;
    }
    let value = call.command.variable(call.world, name)?;
    Some((value.display().into_owned(), source)).filter(|(value, _)| !value.is_empty())
}

fn service_files(call: &Call<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match variable(call, "PGSERVICEFILE") {
        Some((file, _)) => files.extend(call.command.directory.join(&file)),
        None => files.extend(call.world.home().map(|home| home.join(".pg_service.conf"))),
    }
    let system = variable(call, "PGSYSCONFDIR").map_or_else(
        || "/etc/postgresql-common".to_owned(),
        |(directory, _)| directory,
    );
    files.push(PathBuf::from(system).join("pg_service.conf"));
    files
}

/// The parameters of one `[service]` section.
fn service_entry(text: &str, service: &str) -> Vec<(String, String)> {
    let mut inside = false;
    let mut pairs = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            inside = name == service;
        } else if inside && let Some((name, value)) = line.split_once('=') {
            pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    pairs
}

fn uri_rest(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

fn is_connection_string(text: &str) -> bool {
    uri_rest(text).is_some() || text.contains('=')
}

/// `host:port`, `[::1]:port`.
fn host_and_port(text: &str) -> (&str, &str) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':').unwrap_or_default());
    }
    text.split_once(':').unwrap_or((text, ""))
}

/// `%40` and its like; a broken escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high)
                    .zip(digit(low))
                    .and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
                    .map(|byte| (byte, after))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `key = 'value'` pairs with backslash escapes.
fn conninfo(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let mut name = String::new();
        while let Some(c) = characters.next_if(|c| *c != '=') {
            name.push(c);
        }
        if characters.next().is_none() {
            return pairs;
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = characters.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        while let Some(c) = characters.next_if(|c| quoted || !c.is_whitespace()) {
            match c {
                '\\' => value.extend(characters.next()),
                '\'' if quoted => break,
                other => value.push(other),
            }
        }
        pairs.push((name.trim().to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(database: &str) -> Connection {
        let mut connection = Connection::default();
        connection.set_database(&Text::known(database), "test");
        connection
    }

    fn fields(connection: &Connection) -> Vec<(&str, &str)> {
        connection
            .fields
            .iter()
            .map(|(name, field)| (*name, field.value.as_str()))
            .collect()
    }

    #[test]
    fn connection_strings_name_server_database_and_user() {
        for (text, expected) in [
            ("app", vec![("dbname", "app")]),
            (
                "postgres://me:s3cret@db.prod:6543/app?sslmode=require",
                vec![
                    ("dbname", "app"),
                    ("host", "db.prod"),
                    ("port", "6543"),
                    ("user", "me"),
                ],
            ),
            ("postgresql:///app", vec![("dbname", "app")]),
            ("postgresql://h", vec![("host", "h")]),
            (
                "postgresql://[::1]:5/a",
                vec![("dbname", "a"), ("host", "::1"), ("port", "5")],
            ),
            ("postgresql://a,b/x", vec![("dbname", "x"), ("host", "a,b")]),
            (
                "postgresql:///x?host=/tmp&user=u",
                vec![("dbname", "x"), ("host", "/tmp"), ("user", "u")],
            ),
            (
                "postgresql://u%40x:p@h/d%2Fb",
                vec![("dbname", "d/b"), ("host", "h"), ("user", "u@x")],
            ),
            (
                "host=h port = 5 dbname='a b' user=u\\ v password=x",
                vec![
                    ("dbname", "a b"),
                    ("host", "h"),
                    ("port", "5"),
                    ("user", "u v"),
                ],
            ),
        ] {
            let connection = of(text);
            assert_eq!(fields(&connection), expected, "{text}");
            assert!(!format!("{connection:?}").contains("s3cret"));
        }
    }

    #[test]
    fn reconnecting_keeps_what_is_not_named() {
        let first = of("postgres://me@h1/a");
        let next = first.reconnected(&["b".into(), "-".into(), "h2".into()]);
        assert_eq!(
            fields(&next),
            [("dbname", "b"), ("host", "h2"), ("user", "me")]
        );
        let other = first.reconnected(&["host=h3".into()]);
        assert_eq!(fields(&other), [("host", "h3")]);
    }

    #[test]
    fn a_service_file_has_sections() {
        let text = "# x\n[a]\nhost=h1\n\n[b]\nhost = h2\ndbname=d\n";
        let pairs = service_entry(text, "b");
        assert_eq!(
            pairs,
            [("host".into(), "h2".into()), ("dbname".into(), "d".into())]
        );
    }

    #[test]
    fn names_give_the_tier() {
        for (database, tier) in [
            ("postgres://localhost/app", Tier::Local),
            ("app", Tier::Local),
            ("app_production", Tier::Production),
            ("postgres://db.prod.internal/app", Tier::Production),
            ("postgres://prod@localhost/app", Tier::Production),
            ("postgres://db.internal/app", Tier::Unknown),
            ("postgres://staging.x/app", Tier::Staging),
            ("postgres://10.0.0.1/app_test", Tier::Development),
        ] {
            assert_eq!(of(database).tier(None), tier, "{database}");
        }
        assert_eq!(of("app").tier(Some("container db")), Tier::Unknown);
    }
}
