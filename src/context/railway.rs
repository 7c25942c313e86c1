//! Where `railway` and requests to its API would act.
//!
//! Owns the order in which Railway's CLI finds project, environment and service: flags, the
//! project token, variables, the link of the nearest directory. Never keeps a token.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Place, tier};
use crate::call::Call;
use crate::effect::{Evidence, Tier};
use crate::world::World;

/// The environment of a volume's deletion when the one that was named is not all of it.
const ALL_ENVIRONMENTS: &str = "all-environments";

/// A directory that is linked to a project, from Railway's own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    pub directory: String,
    pub project: String,
    pub project_name: String,
    pub environment: String,
    pub environment_name: String,
    pub service: String,
}

/// Every link that the configuration holds, and the file they stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    pub file: String,
    pub links: Vec<Link>,
}

impl Links {
    /// Reads the configuration that this command would use.
    #[must_use]
    pub fn of(call: &Call<'_>) -> Self {
        if call.command.elsewhere.is_some() {
            return Self::default();
        }
        let known = |name: &str| {
            let value = call.command.variable(call.world, name)?;
            value.exact().map(str::to_owned)
        };
        let name = match known("RAILWAY_ENV").as_deref() {
            Some("staging") => "config-staging.json",
            Some("dev" | "develop") => "config-dev.json",
            _ => "config.json",
        };
        let home = known("HOME").filter(|home| !home.is_empty());
        let Some(home) = home.map(PathBuf::from).or_else(|| call.world.home()) else {
            return Self::default();
        };
        let links = call.world.read(&home.join(".railway").join(name));
        Self {
            file: format!("~/.railway/{name}"),
            links: links.map(|text| read_links(&text)).unwrap_or_default(),
        }
    }

    /// The link of the nearest directory above this one.
    #[must_use]
    pub fn nearest(&self, directory: &Path, world: &dyn World) -> Option<&Link> {
        let real = world.canonical(directory);
        let holds = |link: &&Link| {
            let linked = Path::new(&link.directory);
            directory.starts_with(linked)
                || real.as_ref().is_some_and(|real| real.starts_with(linked))
        };
        let fitting = self.links.iter().filter(holds);
        fitting.max_by_key(|link| Path::new(&link.directory).components().count())
    }

    /// The name of the project or environment with this id.
    #[must_use]
    pub fn name_of(&self, id: &str) -> Option<&str> {
        self.links.iter().find_map(|link| {
            let names = [
                (&link.project, &link.project_name),
                (&link.environment, &link.environment_name),
            ];
            let found = names
                .iter()
                .find(|(known, name)| !name.is_empty() && *known == id);
            found.map(|(_, name)| name.as_str())
        })
    }

    fn evidence(&self, fact: &'static str, value: &str) -> Evidence {
        Evidence {
            fact: fact.into(),
            value: value.to_owned(),
            source: format!("file {}", self.file),
        }
    }
}

fn read_links(text: &str) -> Vec<Link> {
    let Ok(config) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let Some(projects) = config.get("projects").and_then(Value::as_object) else {
        return Vec::new();
    };
    projects
        .iter()
        .map(|(directory, link)| {
            let field = |name: &str| {
                let value = link.get(name).and_then(Value::as_str);
                value.unwrap_or("").to_owned()
            };
            Link {
                directory: directory.clone(),
                project: field("project"),
                project_name: field("name"),
                environment: field("environment"),
                environment_name: field("environmentName"),
                service: field("service"),
            }
        })
        .collect()
}

/// The place that this command line, its environment and the files it reads name.
#[must_use]
pub fn place(call: &Call<'_>) -> Place {
    let links = Links::of(call);
    let mut place = Place::default();
    let linked = call
        .command
        .directory
        .known()
        .and_then(|directory| links.nearest(directory, call.world));
    let token = evasion_and_token(call, &mut place);
    let project = from_flag(call, &links, "project", "--project")
        .or_else(|| from_token(call, token, "project"))
        .or_else(|| from_variable(call, &links, "project", "RAILWAY_PROJECT_ID"))
        .or_else(|| from_link(&links, "project", linked.map(|link| &link.project_name)));
    let environment = from_flag(call, &links, "environment", "--environment")
        .or_else(|| from_token(call, token, "environment"))
        .or_else(|| from_variable(call, &links, "environment", "RAILWAY_ENVIRONMENT_ID"))
        .or_else(|| {
            from_link(
                &links,
                "environment",
                linked.map(|link| &link.environment_name),
            )
        });
    let service = from_flag(call, &links, "service", "--service")
        .or_else(|| from_variable(call, &links, "service", "RAILWAY_SERVICE_ID"))
        .or_else(|| from_link(&links, "service", linked.map(|link| &link.service)));
    for found in [project, environment, service].into_iter().flatten() {
        if !found.known {
            place.evidence.push(found.evidence);
            continue;
        }
        match found.evidence.fact.as_ref() {
            "project" => _ = place.facts.insert("project", found.evidence.value.clone()),
            "service" => _ = place.facts.insert("service", found.evidence.value.clone()),
            _ => {
                place.tier = tier::of_name(&found.evidence.value);
                place
                    .facts
                    .insert("environment", found.evidence.value.clone());
                place.environment = Some(found.evidence.value.clone());
            }
        }
        place.evidence.push(found.evidence);
    }
    widen(call, &mut place);
    place
}

/// Some commands act on more, or on something else, than the environment that is named.
fn widen(call: &Call<'_>, place: &mut Place) {
    let command: Vec<&str> = call.args.command.iter().map(String::as_str).collect();
    match command.as_slice() {
        // The name is looked up in one environment; the volume is the project's.
        ["volume", "delete"] if place.tier != Tier::Production => {
            place.tier = Tier::Production;
            place.environment = Some(ALL_ENVIRONMENTS.to_owned());
        }
        ["environment", "delete"] => {
            place.environment = place.facts.get("project").cloned();
            let named = call
                .args
                .operands
                .first()
                .and_then(|name| name.value.exact());
            place.tier = named.map_or(Tier::Unknown, tier::of_name);
        }
        ["delete"] | ["project", "delete"] => {
            place.environment = None;
            place.tier = Tier::Production;
        }
        ["dev", ..] => {
            place.environment = None;
            place.tier = Tier::Local;
        }
        _ => {}
    }
}

struct Found {
    evidence: Evidence,
    /// Whether the value is a name or id, not only words about it.
    known: bool,
}

fn from_flag(call: &Call<'_>, links: &Links, fact: &'static str, flag: &str) -> Option<Found> {
    let given = call.args.option(flag)?;
    let shown = given.value.display().into_owned();
    let value = links.name_of(&shown).map_or(shown.clone(), str::to_owned);
    Some(Found {
        evidence: Evidence {
            fact: fact.into(),
            value,
            source: format!("flag {flag}"),
        },
        known: true,
    })
}

fn from_token(call: &Call<'_>, token: bool, fact: &'static str) -> Option<Found> {
    token.then(|| Found {
        evidence: Evidence {
            fact: fact.into(),
            value: format!("the {fact} of the project token"),
            source: call.command.environment.source("RAILWAY_TOKEN"),
        },
        known: false,
    })
}

fn from_variable(call: &Call<'_>, links: &Links, fact: &'static str, name: &str) -> Option<Found> {
    let value = call.command.variable(call.world, name)?;
    let shown = value.display().into_owned();
    if shown.is_empty() {
        return None;
    }
    let value = links.name_of(&shown).map_or(shown.clone(), str::to_owned);
    Some(Found {
        evidence: Evidence {
            fact: fact.into(),
            value,
            source: call.command.environment.source(name),
        },
        known: true,
    })
}

fn from_link(links: &Links, fact: &'static str, value: Option<&String>) -> Option<Found> {
    let value = value.filter(|value| !value.is_empty())?;
    Some(Found {
        evidence: links.evidence(fact, value),
        known: true,
    })
}

/// Notes variables that switch Railway's own guard against agents off, and whether a project
/// token decides where the command acts.
fn evasion_and_token(call: &Call<'_>, place: &mut Place) -> bool {
    for name in ["RAILWAY_CALLER", "RAILWAY_AGENT"] {
        if call.command.variable(call.world, name).is_some() {
            place.evidence.push(Evidence {
                fact: "caller".into(),
                value: "Railway's own guard against agents is told who calls".to_owned(),
                source: call.command.environment.source(name),
            });
        }
    }
    let token = call.command.variable(call.world, "RAILWAY_TOKEN");
    token.is_some_and(|token| !token.is_empty())
}
