//! The server that a command acts on, by the name or URL that its command line gives.
//!
//! Owns the reading of that name. Never connects, never decides.

use super::{Place, tier};
use crate::call::Call;
use crate::effect::{Evidence, Tier};
use crate::resolve::Text;

/// The place of this server; without a name it is the machine's own, wherever the command runs.
#[must_use]
pub fn place(named: Option<&Text>, call: &Call<'_>) -> Place {
    let elsewhere = call.command.elsewhere.as_deref();
    let shown = named.map(|name| name.display().into_owned());
    let shown = shown.filter(|name| !name.is_empty());
    let name = shown.as_deref().map(without_secrets);
    let (name, is_here) = match (name, elsewhere) {
        (Some(name), elsewhere) => (name, is_loopback(name) && elsewhere.is_none()),
        (None, Some(machine)) => (machine, false),
        (None, None) => {
            return Place {
                tier: Tier::Local,
                ..Place::default()
            };
        }
    };
    let tier = match tier::of_name(name) {
        Tier::Unknown | Tier::Local if is_here => Tier::Local,
        Tier::Local => Tier::Unknown,
        tier => tier,
    };
    Place {
        environment: Some(name.to_owned()),
        tier,
        evidence: vec![Evidence {
            fact: "server".into(),
            value: name.to_owned(),
            source: "the command line".to_owned(),
        }],
        ..Place::default()
    }
}

/// `mongodb+srv://user:secret@host/db?tls=true` is `host/db`.
fn without_secrets(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return url;
    };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let user = authority.rfind('@').map_or(0, |at| at + 1);
    rest.get(user..).unwrap_or(rest).trim_end_matches('/')
}

fn is_loopback(name: &str) -> bool {
    if name.starts_with('/') {
        return true;
    }
    let authority = name.split('/').next().unwrap_or(name);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None if authority.matches(':').count() == 1 => {
            authority.split(':').next().unwrap_or(authority)
        }
        None => authority,
    };
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("redis://:pw@cache.prod:6379/0", "cache.prod:6379/0"),
            ("mongodb+srv://u:p%40@h.example/shop?x=1", "h.example/shop"),
            ("http://localhost:8086/", "localhost:8086"),
            ("db.internal", "db.internal"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for (name, here) in [
            ("localhost", true),
            ("localhost:6379/0", true),
            ("127.0.0.1:3306", true),
            ("[::1]:6379", true),
            ("/run/mysqld/mysqld.sock", true),
            ("cache.prod", false),
            ("localhost.evil.example", false),
        ] {
            assert_eq!(is_loopback(name), here, "{name}");
        }
    }
}
