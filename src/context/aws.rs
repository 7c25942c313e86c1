//! Where an AWS call would act: account, profile, region, endpoint, and where each came from.
//!
//! Reads the same variables and files as the SDKs do, in their order. Never calls AWS, never
//! runs a `credential_process`, and never lets a key or a token into what it returns.

use std::collections::BTreeMap;

use super::{Place, tier};
use crate::call::Call;
use crate::effect::{Evidence, Tier};
use crate::resolve::{Command, Text};
use crate::world::World;

/// What a command line itself says about where it acts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    pub profile: Option<&'a Text>,
    pub region: Option<&'a Text>,
    pub endpoint: Option<&'a Text>,
    /// The CLI's name of the service, for `AWS_ENDPOINT_URL_<SERVICE>`.
    pub service: &'a str,
}

/// The place that this command line, its environment and the files it reads name.
#[must_use]
pub fn place(call: &Call<'_>) -> Place {
    let value = |name: &str| call.args.option(name).map(|argument| &argument.value);
    locate(
        &Named {
            profile: value("--profile"),
            region: value("--region"),
            endpoint: value("--endpoint-url"),
            service: "",
        },
        call.command,
        call.world,
    )
}

/// The place of a call that names these settings.
#[must_use]
pub fn locate(named: &Named<'_>, command: &Command, world: &dyn World) -> Place {
    let look = Look { command, world };
    let mut place = Place::default();
    if let Some(elsewhere) = &command.elsewhere {
        place
            .evidence
            .push(evidence("machine", elsewhere, "it runs there"));
    }
    let profile = look.profile(named, &mut place);
    let files = look.files();
    let settings = Settings {
        files: &files,
        profile: &profile,
    };
    look.account(named, &settings, &mut place);
    look.region(named, &settings, &mut place);
    look.endpoint(named, &settings, &mut place);
    place
}

/// Services without regions: one region's name says nothing about them.
fn is_global(service: &str) -> bool {
    matches!(
        service,
        "s3" | "s3api"
            | "iam"
            | "sts"
            | "route53"
            | "route53domains"
            | "cloudfront"
            | "organizations"
            | "waf"
            | "shield"
            | "globalaccelerator"
            | "budgets"
            | "ce"
            | "support"
    )
}

/// Services for which version 1 of the CLI sets an endpoint itself, so that only
/// `--endpoint-url` counts. Version 2 does not, but nothing shows which of them would run.
fn ignores_configured_endpoints(service: &str) -> bool {
    matches!(
        service,
        "sqs" | "emr" | "rds" | "docdb" | "neptune" | "health"
    )
}

struct Look<'a> {
    command: &'a Command,
    world: &'a dyn World,
}

/// The configuration files, by section, with the path each came from.
type Files = Vec<(String, Sections)>;

struct Settings<'a> {
    files: &'a Files,
    profile: &'a str,
}

impl Settings<'_> {
    /// A setting of the profile, and the file that has it.
    fn get(&self, key: &str) -> Option<(&str, &str)> {
        self.of(self.profile, key)
    }

    fn of(&self, profile: &str, key: &str) -> Option<(&str, &str)> {
        self.files.iter().find_map(|(path, sections)| {
            let value = sections.get(profile)?.get(key)?;
            Some((value.as_str(), path.as_str()))
        })
    }
}

impl Look<'_> {
    fn variable(&self, name: &str) -> Option<Text> {
        self.command
            .variable(self.world, name)
            .filter(|value| !value.is_empty())
    }

    fn source(&self, name: &str) -> String {
        self.command.environment.source(name)
    }

    fn profile(&self, named: &Named<'_>, place: &mut Place) -> String {
        let (profile, source) = if let Some(profile) = named.profile {
            (
                profile.display().into_owned(),
                "option --profile".to_owned(),
            )
        } else if self.variable("AWS_ACCESS_KEY_ID").is_some() {
            // Keys in the environment win over a profile in the environment.
            return "default".to_owned();
        } else if let Some((profile, name)) = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
            .iter()
            .find_map(|name| Some((self.variable(name)?, *name)))
        {
            (profile.display().into_owned(), self.source(name))
        } else {
            return "default".to_owned();
        };
        place.evidence.push(evidence("profile", &profile, &source));
        place.tier = tier::of_name(&profile);
        place.facts.insert("profile", profile.clone());
        profile
    }

    /// Both files; the credentials file first, because it wins.
    fn files(&self) -> Files {
        if self.command.elsewhere.is_some() {
            return Files::new();
        }
        let home = self.world.home();
        [
            ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
            ("AWS_CONFIG_FILE", ".aws/config"),
        ]
        .into_iter()
        .filter_map(|(variable, default)| {
            let path = match self.variable(variable) {
                Some(path) => {
                    let path = path.exact()?;
                    match (path.strip_prefix("~/"), &home) {
                        (Some(rest), Some(home)) => home.join(rest),
                        _ => self.command.directory.join(path)?,
                    }
                }
                None => home.as_ref()?.join(default),
            };
            let text = self.world.read(&path).ok()?;
            Some((path.display().to_string(), profiles(&text)))
        })
        .collect()
    }

    fn account(&self, named: &Named<'_>, settings: &Settings<'_>, place: &mut Place) {
        let key_variable = self.variable("AWS_ACCESS_KEY_ID");
        let from_keys = named.profile.is_none();
        let found = match key_variable.filter(|_| from_keys) {
            Some(key) => key
                .exact()
                .and_then(account_of_key)
                .map(|account| (account, self.source("AWS_ACCESS_KEY_ID"))),
            None => account_of_profile(settings),
        };
        let profile = place.facts.get("profile").cloned();
        if let Some((account, source)) = found {
            place.evidence.push(evidence("account", &account, &source));
            place.facts.insert("account", account.clone());
            place.environment = profile.or(Some(account));
        } else {
            place
                .evidence
                .push(evidence("account", "not known", "nothing names it"));
            place.environment = profile;
        }
    }

    fn region(&self, named: &Named<'_>, settings: &Settings<'_>, place: &mut Place) {
        let found = if let Some(region) = named.region {
            Some((region.display().into_owned(), "option --region".to_owned()))
        } else if let Some((region, name)) = ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .iter()
            .find_map(|name| Some((self.variable(name)?, *name)))
        {
            Some((region.display().into_owned(), self.source(name)))
        } else {
            settings
                .get("region")
                .map(|(region, path)| (region.to_owned(), format!("file {path}")))
        };
        let Some((region, source)) = found else {
            return;
        };
        place.evidence.push(evidence("region", &region, &source));
        if !is_global(named.service) {
            place.environment = Some(match place.environment.take() {
                Some(environment) => format!("{environment}/{region}"),
                None => region.clone(),
            });
        }
        place.facts.insert("region", region);
    }

    fn endpoint(&self, named: &Named<'_>, settings: &Settings<'_>, place: &mut Place) {
        let Some((url, source)) = self.endpoint_url(named, settings) else {
            return;
        };
        let shown = host_of(&url).unwrap_or_else(|| "unreadable".to_owned());
        place.evidence.push(evidence("endpoint", &shown, &source));
        if is_local(&shown) {
            // Nothing of a real account is there, whatever the profile is called.
            place.tier = Tier::Local;
            place.environment = Some(shown);
        }
    }

    fn endpoint_url(&self, named: &Named<'_>, settings: &Settings<'_>) -> Option<(String, String)> {
        if let Some(url) = named.endpoint {
            return Some((
                url.display().into_owned(),
                "option --endpoint-url".to_owned(),
            ));
        }
        let ignored = ignores_configured_endpoints(named.service)
            || self
                .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                .is_some_and(|value| {
                    value
                        .exact()
                        .is_none_or(|text| text.eq_ignore_ascii_case("true"))
                });
        let own = format!(
            "AWS_ENDPOINT_URL_{}",
            match named.service {
                "s3api" => "S3".to_owned(),
                name => name.to_ascii_uppercase().replace('-', "_"),
            }
        );
        let variable = [own.as_str(), "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|name| {
                Some((
                    self.variable(name)?.display().into_owned(),
                    self.source(name),
                ))
            });
        if ignored {
            // Configured endpoints do not count.
        } else if variable.is_some() {
            return variable;
        } else if let Some((url, path)) = settings.get("endpoint_url") {
            return Some((url.to_owned(), format!("file {path}")));
        }
        self.localstack()
    }

    /// `awslocal` is `aws` with LocalStack's endpoint.
    fn localstack(&self) -> Option<(String, String)> {
        let program = self.command.program()?;
        if program.rsplit('/').next() != Some("awslocal") {
            return None;
        }
        let host = self.variable("LOCALSTACK_HOST").map_or_else(
            || "localhost".to_owned(),
            |host| host.display().into_owned(),
        );
        Some((format!("http://{host}"), "program awslocal".to_owned()))
    }
}

fn evidence(fact: &'static str, value: &str, source: &str) -> Evidence {
    Evidence {
        fact: fact.into(),
        value: value.to_owned(),
        source: source.to_owned(),
    }
}

/// The account that a profile's own settings name.
fn account_of_profile(settings: &Settings<'_>) -> Option<(String, String)> {
    let from_arn = settings
        .get("role_arn")
        .and_then(|(arn, path)| Some((account_of_arn(arn)?.to_owned(), path)));
    let direct = || {
        ["sso_account_id", "aws_account_id"]
            .into_iter()
            .find_map(|key| settings.get(key))
            .filter(|(account, _)| is_account(account))
            .map(|(account, path)| (account.to_owned(), path))
    };
    let from_key = || {
        let (key, path) = settings.get("aws_access_key_id")?;
        Some((account_of_key(key)?, path))
    };
    from_arn
        .or_else(direct)
        .or_else(from_key)
        .map(|(account, path)| (account, format!("profile {} in {path}", settings.profile)))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account in `arn:aws:service:region:account:resource`.
#[must_use]
pub fn account_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    (parts.next() == Some("arn")).then_some(())?;
    parts.nth(3).filter(|account| is_account(account))
}

/// The account that an access key id was issued for: 40 bits of base 32 after the prefix.
#[must_use]
pub fn account_of_key(key: &str) -> Option<String> {
    let code = key
        .strip_prefix("AKIA")
        .or_else(|| key.strip_prefix("ASIA"))
        .filter(|code| code.len() == 16)?;
    let mut bits: u64 = 0;
    for byte in code.bytes().take(10) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u64::from(digit);
    }
    // 50 bits were read; the account is the 40 bits after the first.
    let account = (bits >> 9) & ((1 << 40) - 1);
    Some(format!("{account:012}")).filter(|account| is_account(account))
}

/// The host and port of a URL, without user and password.
fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

/// Whether a host with an optional port is this machine, or LocalStack under its usual names.
#[must_use]
pub fn is_local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    let host = host.to_ascii_lowercase();
    let loopback_v4 = host
        .parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    loopback_v4
        || host == "::1"
        || host == "localhost"
        || host == "localstack"
        || host.ends_with(".localhost")
        || host == "localhost.localstack.cloud"
        || host.ends_with(".localhost.localstack.cloud")
}

/// `key = value` lines by section.
pub type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// A configuration file's profiles under their plain names.
fn profiles(text: &str) -> Sections {
    sections(text)
        .into_iter()
        .map(|(name, settings)| {
            let plain = name
                .strip_prefix("profile ")
                .map_or(name.as_str(), str::trim)
                .trim_matches(['"', '\'']);
            (plain.to_owned(), settings)
        })
        .collect()
}

/// An INI file as the SDKs read it: `#` and `;` lines are comments, an indented line goes on
/// with the value above, keys are lower case.
#[must_use]
pub fn sections(text: &str) -> Sections {
    let mut found = Sections::new();
    let mut section = String::new();
    let mut key: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let settings = found.entry(section.clone()).or_default();
        if line.starts_with([' ', '\t'])
            && let Some(value) = key.as_ref().and_then(|key| settings.get_mut(key))
        {
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        if let Some(name) = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            name.0.trim().clone_into(&mut section);
            found.entry(section.clone()).or_default();
            key = None;
            continue;
        }
        let Some(at) = trimmed.find(['=', ':']) else {
            continue;
        };
        let (name, value) = trimmed.split_at(at);
        let name = name.trim().to_ascii_lowercase();
        let value = value.get(1..).unwrap_or("").trim();
        settings.insert(name.clone(), value.to_owned());
        key = Some(name);
    }
    found.retain(|_, settings| !settings.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_holds_its_account() {
        // Both ids are published as examples, with their account.
        for (key, account) in [
            ("ASIAQNZGKIQY56JQ7WML", Some("029608264753")),
            ("ASIAY34FZKBOKMUTVV7A", Some("609629065308")),
            ("AKIAshort", None),
            ("nonsense", None),
            ("AKIA!!!!!!!!!!!!!!!!", None),
        ] {
            assert_eq!(account_of_key(key).as_deref(), account, "{key}");
        }
    }

    #[test]
    fn an_arn_may_hold_its_account() {
        for (arn, account) in [
            ("arn:aws:iam::123456789012:role/admin", Some("123456789012")),
            ("arn:aws:s3:::bucket", None),
            ("bucket", None),
            ("arn:", None),
        ] {
            assert_eq!(account_of_arn(arn), account, "{arn}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        for (host, local) in [
            ("localhost:4566", true),
            ("127.0.0.1:5000", true),
            ("127.1.2.3", true),
            ("[::1]:4566", true),
            ("s3.localhost.localstack.cloud:4566", true),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("minio.internal", false),
            ("$HOST", false),
            ("", false),
        ] {
            assert_eq!(is_local(host), local, "{host}");
        }
    }

    #[test]
    fn a_url_shows_only_its_host() {
        assert_eq!(
            host_of("http://me:secret@localhost:4566/x").as_deref(),
            Some("localhost:4566")
        );
        assert_eq!(host_of("localhost:1").as_deref(), Some("localhost:1"));
    }

    #[test]
    fn ini_files_are_read_as_the_sdk_does() {
        let found = sections("# c\n[profile a]\nRegion = eu-west-1\nx =\n  y = 1\n  z\n[b]\nk:v\n");
        assert_eq!(found["profile a"]["region"], "eu-west-1");
        assert_eq!(found["profile a"]["x"], "\ny = 1\nz");
        assert_eq!(found["b"]["k"], "v");
        assert_eq!(profiles("[profile \"x y\"]\na=1\n")["x y"]["a"], "1");
    }
}
