//! Railway: what its GraphQL mutations do, and what `railway` hands on beyond its command tree.
//!
//! Owns the reading of the table of mutations. Where Railway would act is `context::railway`.

mod cli;
mod inspect;

use std::borrow::Cow;

use serde_json::Value;

use super::graphql::{Mutation, Reading};
use super::holes::{Holes, has_hole};
use super::http::Request;
use crate::call::{Call, Findings};
use crate::context::railway::Links;
use crate::context::{Place, tier};
use crate::effect::{Effect, Evidence, Reversibility, RuleId, Target, Tier};
use crate::location::Location;
pub use cli::analyze;
use inspect::Judgement;

static TABLE: &str = include_str!("../../rules/railway/graphql.tsv");

/// What the table says of a mutation.
#[derive(Clone, Copy, Debug)]
struct Row {
    judge: &'static str,
    action: &'static str,
    kind: &'static str,
    /// Arguments that name the target, the best first.
    target: &'static str,
    summary: &'static str,
    /// By semicolons.
    also_lost: &'static str,
    undo: &'static str,
}

fn row(field: &str) -> Option<Row> {
    let line = TABLE.lines().find(|line| {
        line.strip_prefix(field)
            .is_some_and(|rest| rest.starts_with('\t'))
    })?;
    let mut columns = line.split('\t').skip(1);
    let mut next = || columns.next();
    Some(Row {
        judge: next()?,
        action: next()?,
        kind: next()?,
        target: next()?,
        summary: next()?,
        also_lost: next()?,
        undo: next()?,
    })
}

/// Whether the table calls this mutation irreversible whatever its arguments.
#[must_use]
pub fn is_irreversible(field: &str) -> bool {
    row(field).is_some_and(|row| row.judge == "irreversible")
}

/// Whether a name that no table has says that something is destroyed.
#[must_use]
pub fn destroys(name: &str) -> bool {
    const VERBS: &[&str] = &[
        "delete", "destroy", "remove", "wipe", "reset", "purge", "force", "clear", "revoke",
        "revert",
    ];
    let name = name.to_ascii_lowercase();
    VERBS.iter().any(|verb| name.contains(verb))
}

/// Judges what a request or `railway api` would run.
pub fn judge(
    call: &Call<'_>,
    holes: &Holes,
    reading: &Reading,
    request: Option<&Request>,
    findings: &mut Findings,
) {
    let location = request.map_or(&call.command.location, |request| &request.location);
    if let Some(reason) = &reading.unseen {
        findings.opaque(format!("to the Railway API: {reason}"), location);
    }
    for found in &reading.mutations {
        // A text that no parser reads yields words: only those of the table are mutations.
        if reading.unseen.is_none() || is_irreversible(&found.field) {
            mutation(call, holes, found, request, findings);
        }
    }
}

/// Judges one mutation.
pub fn mutation(
    call: &Call<'_>,
    holes: &Holes,
    mutation: &Mutation,
    request: Option<&Request>,
    findings: &mut Findings,
) {
    let location = request.map_or(&call.command.location, |request| &request.location);
    let judged = Judged {
        call,
        holes,
        mutation,
        request,
        location,
        links: Links::of(call),
    };
    let Some(row) = row(&mutation.field) else {
        judged.unlisted(findings);
        return;
    };
    match judged.judgement(&row, findings) {
        Judgement::Nothing => {}
        Judgement::Opaque => {
            findings.opaque(format!("{}: `{}`", row.summary, mutation.field), location)
        }
        Judgement::Class(reversibility, detail) => {
            let effect = judged.effect(&row, reversibility, detail);
            findings.effects.push(effect);
        }
    }
}

struct Judged<'a> {
    call: &'a Call<'a>,
    holes: &'a Holes,
    mutation: &'a Mutation,
    request: Option<&'a Request>,
    location: &'a Location,
    links: Links,
}

impl Judged<'_> {
    fn judgement(&self, row: &Row, findings: &mut Findings) -> Judgement {
        let undo = row.undo.to_owned();
        match row.judge {
            "read-only" => Judgement::Nothing,
            "opaque" => Judgement::Opaque,
            "reversible" => Judgement::Class(Reversibility::Reversible { undo }, None),
            "recoverable" | "stage" => Judgement::recoverable(undo),
            "irreversible" => Judgement::irreversible(undo),
            judge => {
                let field = &self.mutation.field;
                let name = self.name(row).unwrap_or_else(|| row.kind.to_owned());
                let place = format!("{} of Railway", name);
                let nested = inspect::commands(field, &self.mutation.arguments);
                for text in nested {
                    let text = self.holes.restore(&text);
                    findings
                        .nested
                        .push(cli::remote_shell(self.call, text, self.location, &place));
                }
                inspect::judge(judge, &self.mutation.arguments, &undo)
            }
        }
    }

    /// The argument at this path: `input.name`.
    fn argument(&self, path: &str) -> Option<&Value> {
        let mut steps = path.split('.');
        let mut value = self.mutation.arguments.get(steps.next()?)?;
        for step in steps {
            value = value.get(step)?;
        }
        Some(value)
    }

    fn text(&self, path: &str) -> Option<String> {
        let text = match self.argument(path)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The target's name: ids that Railway's configuration knows become names.
    fn name(&self, row: &Row) -> Option<String> {
        let paths = row.target.split(',').filter(|path| !path.is_empty());
        let text = paths.filter_map(|path| self.text(path)).next()?;
        let name = self.links.name_of(&text).unwrap_or(&text);
        Some(self.holes.display(name))
    }

    /// Where it acts, as far as the ids in it say.
    fn place(&self, row: &Row) -> Place {
        let mut place = Place::default();
        for (fact, paths) in [
            ("project", &["projectId", "input.projectId"][..]),
            ("environment", &["environmentId", "input.environmentId"]),
        ] {
            let Some(id) = paths.iter().find_map(|path| self.text(path)) else {
                continue;
            };
            let known = self.links.name_of(&id);
            let value = self.holes.display(known.unwrap_or(&id));
            let source = match known {
                Some(_) => format!("{fact}Id in the request, named in file {}", self.links.file),
                None => format!("{fact}Id in the request"),
            };
            if fact == "environment" {
                place.environment = Some(value.clone());
                place.tier = known.map_or(Tier::Unknown, tier::of_name);
            }
            place.evidence.push(Evidence {
                fact: fact.into(),
                value,
                source,
            });
        }
        if row.kind == "environment" && place.environment.is_none() {
            let named = self.name(row);
            place.tier = named.as_deref().map_or(Tier::Unknown, tier::of_name);
        }
        place.evidence.extend(self.credential());
        place
    }

    /// Where the token of a request comes from. Never its value.
    fn credential(&self) -> Option<Evidence> {
        let request = self.request?;
        let (header, value) = ["authorization", "project-access-token"]
            .iter()
            .find_map(|name| Some((*name, request.header(name)?)))?;
        let token = value.split_whitespace().last().unwrap_or(value);
        let variables = ["RAILWAY_TOKEN", "RAILWAY_API_TOKEN"];
        let from = variables.iter().find(|name| {
            let own = self.call.command.variable(self.call.world, name);
            own.is_some_and(|own| !own.is_empty() && own.exact() == Some(token))
        });
        let value = if let Some(name) = from {
            self.call.command.environment.source(name)
        } else if has_hole(token) {
            self.holes.display(token)
        } else {
            "a token that stands in the command itself".to_owned()
        };
        Some(Evidence {
            fact: "credential".into(),
            value,
            source: format!("header {header}"),
        })
    }

    fn effect(&self, row: &Row, reversibility: Reversibility, detail: Option<String>) -> Effect {
        let place = self.place(row);
        let field = &self.mutation.field;
        let or =
            |text: &'static str, other: &'static str| if text.is_empty() { other } else { text };
        let mut target = Target::new(or(row.kind, "object"), self.name(row));
        target.environment = place
            .environment
            .filter(|own| Some(own) != target.name.as_ref());
        target.tier = place.tier;
        let summary = if row.summary.is_empty() {
            format!("runs the mutation `{field}`")
        } else {
            row.summary.to_owned()
        };
        Effect {
            rule: RuleId::new("railway", rule_name(field)),
            action: Cow::Borrowed(or(row.action, "change")),
            target,
            reversibility,
            summary: match detail {
                Some(detail) => format!("{summary}: {detail}"),
                None => summary,
            },
            also_lost: row
                .also_lost
                .split(';')
                .filter(|lost| !lost.is_empty())
                .map(str::to_owned)
                .collect(),
            evidence: place.evidence,
            instead: None,
            location: self.location.clone(),
        }
    }

    /// A mutation that the table does not have: its name decides.
    fn unlisted(&self, findings: &mut Findings) {
        let field = &self.mutation.field;
        let row = Row {
            judge: "",
            action: "change",
            kind: "object",
            target: "id,input.id,input.name,name",
            summary: "",
            also_lost: "",
            undo: "",
        };
        let (reversibility, summary) = if destroys(field) {
            (
                Reversibility::Irreversible { perhaps: None },
                format!(
                    "runs `{field}`, which guard's table does not have and whose name says that it destroys something"
                ),
            )
        } else {
            (
                Reversibility::Recoverable {
                    from: String::new(),
                    within: None,
                },
                format!("runs `{field}`, which guard's table does not have"),
            )
        };
        let mut effect = self.effect(&row, reversibility, None);
        effect.rule = RuleId::new("railway", "graphql-unlisted");
        effect.summary = summary;
        findings.effects.push(effect);
    }
}

/// `volumeDelete` is the rule `graphql-volume-delete`.
fn rule_name(field: &str) -> String {
    let mut name = "graphql".to_owned();
    let mut last_upper = false;
    for (at, c) in field.char_indices() {
        if at == 0 || (c.is_ascii_uppercase() && !last_upper) {
            name.push('-');
        }
        last_upper = c.is_ascii_uppercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_can_be_read() {
        let mut count = 0;
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let field = line.split('\t').next().unwrap();
            let row = row(field).unwrap_or_else(|| panic!("{line}"));
            let known = [
                "read-only",
                "reversible",
                "recoverable",
                "irreversible",
                "opaque",
                "patch",
                "staged",
                "change-set",
                "replace",
                "state",
                "command",
                "exec",
                "stage",
            ];
            assert!(known.contains(&row.judge), "{line}");
            let silent = matches!(row.judge, "reversible" | "read-only");
            assert!(silent || !row.summary.is_empty(), "{line}");
            count += 1;
        }
        assert_eq!(count, 233);
        let irreversible = TABLE
            .lines()
            .filter(|line| line.contains("\tirreversible\t"));
        assert_eq!(irreversible.count(), 40);
    }

    #[test]
    fn rules_are_named_after_mutations() {
        assert_eq!(rule_name("volumeDelete"), "graphql-volume-delete");
        assert_eq!(
            rule_name("egressGatewayUpgradeToHA"),
            "graphql-egress-gateway-upgrade-to-ha"
        );
    }
}
