//! The layers in words, and what they come to together.

use serde::Serialize;

use std::path::Path;

use super::layer::{Dropped, Exception, Layer, Origin, RulePattern};
use super::{Decision, Places, Policy, Row, Supervision, Table};
use crate::effect::{Class, Effect, Reversibility, RuleId, Target, Tier};
use crate::location::Location;

/// What `guard policy show` prints.
#[derive(Debug, Serialize)]
pub struct Shown {
    pub layers: Vec<ShownLayer>,
    /// What holds where no rule, tier or exception says otherwise.
    pub together: Table,
    /// What the layers answer to one rule, where one was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A rule that somebody asks about, and what it may find; what that is can hang on the state.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub rule: &'a str,
    pub classes: &'a [Class],
}

/// What follows from a rule, on a target that no exception names.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub rule: String,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
pub struct Cell {
    pub class: Class,
    pub tier: Tier,
    pub decision: Decision,
    /// Which layer decided, if it was not the built-in table.
    pub policy: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ShownLayer {
    pub origin: Origin,
    pub path: Option<String>,
    /// Whether there is such a file.
    pub present: bool,
    pub broken: Option<String>,
    pub decisions: Table,
    pub supervision: Supervision,
    pub tiers: Vec<String>,
    pub rules: Vec<String>,
    pub exceptions: Vec<String>,
    pub dropped: Vec<Dropped>,
}

/// The policy as it holds in this directory, with the places where no layer is; of the entries for
/// rules only those that concern the one that is asked about, and what they come to.
#[must_use]
pub fn show(policy: &Policy, places: &Places, cwd: &Path, asked: Option<&Asked<'_>>) -> Shown {
    let rule = asked.map(|asked| asked.rule);
    let concerns = |pattern: &RulePattern| rule.is_none_or(|rule| pattern.names(rule));
    let mut layers: Vec<ShownLayer> = policy
        .layers()
        .iter()
        .map(|layer| ShownLayer::new(layer, rule.is_none(), concerns))
        .collect();
    let absent = [
        (Origin::Managed, &places.managed),
        (Origin::User, &places.user),
    ];
    for (at, (origin, path)) in absent.into_iter().enumerate() {
        if policy.layers().iter().any(|layer| layer.origin == origin) {
            continue;
        }
        let path = path.as_ref().map(|path| path.display().to_string());
        layers.insert((at + 1).min(layers.len()), ShownLayer::absent(origin, path));
    }
    Shown {
        layers,
        together: policy.together(),
        answer: asked.map(|asked| policy.answer(asked, cwd)),
    }
}

impl Policy {
    /// What follows from a rule in each tier, as [`Policy::effect`] decides it.
    fn answer(&self, asked: &Asked<'_>, cwd: &Path) -> Answer {
        let (pack, rule) = asked.rule.split_once('/').unwrap_or((asked.rule, ""));
        let mut cells = Vec::new();
        for class in asked.classes {
            for tier in [Tier::Development, Tier::Staging, Tier::Production] {
                let mut target = Target::new("", None);
                target.tier = tier;
                let effect = Effect {
                    rule: RuleId::new(pack.to_owned(), rule.to_owned()),
                    action: "".into(),
                    target,
                    reversibility: of_class(*class),
                    summary: String::new(),
                    also_lost: Vec::new(),
                    evidence: Vec::new(),
                    instead: None,
                    location: Location::default(),
                };
                let ruling = self.effect(&effect, cwd);
                cells.push(Cell {
                    class: *class,
                    tier,
                    decision: ruling.decision,
                    policy: ruling.why,
                });
            }
        }
        Answer {
            rule: asked.rule.to_owned(),
            cells,
        }
    }

    /// The strictest of every cell.
    fn together(&self) -> Table {
        let tables = || self.layers.iter().map(|layer| layer.table);
        let cell = |of: &dyn Fn(Table) -> Option<Decision>| tables().filter_map(of).max();
        let row = |of: &dyn Fn(Table) -> Row| Row {
            development: cell(&|table| of(table).development),
            staging: cell(&|table| of(table).staging),
            production: cell(&|table| of(table).production),
        };
        Table {
            reversible: row(&|table| table.reversible),
            recoverable: row(&|table| table.recoverable),
            irreversible: row(&|table| table.irreversible),
            opaque: cell(&|table| table.opaque),
            unlisted: cell(&|table| table.unlisted),
        }
    }
}

/// Nothing but the class counts.
const fn of_class(class: Class) -> Reversibility {
    match class {
        Class::ReadOnly => Reversibility::ReadOnly,
        Class::Reversible => Reversibility::Reversible {
            undo: String::new(),
        },
        Class::Recoverable => Reversibility::Recoverable {
            from: String::new(),
            within: None,
        },
        Class::Irreversible => Reversibility::Irreversible { perhaps: None },
    }
}

impl ShownLayer {
    fn new(layer: &Layer, all: bool, concerns: impl Fn(&RulePattern) -> bool) -> Self {
        let rules = layer
            .rules
            .iter()
            .filter(|it| concerns(&it.rule))
            .map(|it| {
                let mut line = format!("{} {}", it.decision.as_str(), it.rule);
                if !it.tiers.is_empty() {
                    let tiers: Vec<&str> = it.tiers.iter().map(|tier| tier.as_str()).collect();
                    line = format!("{line} in {}", tiers.join(", "));
                }
                match &it.reason {
                    Some(reason) => format!("{line} ({reason})"),
                    None => line,
                }
            });
        let concerned = |it: &&Exception| match it.finding.rule() {
            Some(rule) => concerns(rule),
            None => all,
        };
        let exceptions = layer
            .exceptions
            .iter()
            .filter(|it| concerned(it))
            .map(|it| format!("{}: {}", it.scope(), it.says(layer)));
        let tiers = layer.tiers.iter().map(|pattern| {
            let facts: Vec<String> = pattern
                .facts
                .iter()
                .map(|(fact, patterns)| format!("{fact} {}", patterns.join(" or ")))
                .collect();
            format!("{} where {}", pattern.is, facts.join(" and "))
        });
        Self {
            origin: layer.origin,
            path: layer.path.as_ref().map(|path| path.display().to_string()),
            present: true,
            broken: layer.broken.clone(),
            decisions: layer.table,
            supervision: layer.supervision,
            tiers: tiers.collect(),
            rules: rules.collect(),
            exceptions: exceptions.collect(),
            dropped: layer.dropped.clone(),
        }
    }

    fn absent(origin: Origin, path: Option<String>) -> Self {
        Self {
            origin,
            path,
            present: false,
            broken: None,
            decisions: Table::default(),
            supervision: Supervision::default(),
            tiers: Vec::new(),
            rules: Vec::new(),
            exceptions: Vec::new(),
            dropped: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let mut text = match &self.path {
            Some(path) => format!("{}  {path}\n", self.origin),
            None => format!("{}\n", self.origin),
        };
        let mut line = |label: &str, value: &str| {
            text.push_str(&format!("  {label:<13} {value}\n"));
        };
        if !self.present {
            line("not there", "");
        }
        if let Some(broken) = &self.broken {
            line("cannot be read", "");
            for part in broken.lines() {
                line("", part);
            }
        }
        for (label, value) in rows(&self.decisions) {
            line(label, &value);
        }
        if self.supervision.require {
            line("supervision", "required");
        }
        if let Some(seconds) = self.supervision.hold {
            line("hold", &format!("{seconds} s"));
        }
        let lists = [
            ("tier", &self.tiers),
            ("rule", &self.rules),
            ("runs unasked", &self.exceptions),
        ];
        for (label, values) in lists {
            for value in values {
                line(label, value);
            }
        }
        for dropped in &self.dropped {
            line("dropped", &format!("{}: {}", dropped.what, dropped.why));
        }
        text.lines()
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect()
    }
}

impl Shown {
    /// As a person reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let layers: Vec<String> = self.layers.iter().map(ShownLayer::text).collect();
        let mut text = layers.join("\n");
        text.push_str("\ntogether\n");
        for (label, value) in rows(&self.together) {
            text.push_str(&format!("  {label:<13} {value}\n"));
        }
        if let Some(answer) = &self.answer {
            text.push_str(&format!("\n{}\n", answer.rule));
            for cell in &answer.cells {
                let (class, tier) = (cell.class.as_str(), cell.tier.as_str());
                let decision = cell.decision.as_str();
                let why = cell.policy.as_ref().map(|why| format!("  ({why})"));
                let why = why.unwrap_or_default();
                text.push_str(&format!("  {class:<13} {decision} in {tier}{why}\n"));
            }
        }
        text
    }
}

fn rows(table: &Table) -> Vec<(&'static str, String)> {
    let classes = [
        ("reversible", table.reversible),
        ("recoverable", table.recoverable),
        ("irreversible", table.irreversible),
    ];
    let row = |(label, row): (&'static str, Row)| {
        let cells = [
            ("development", row.development),
            ("staging", row.staging),
            ("production", row.production),
        ];
        let stated: Vec<String> = cells
            .iter()
            .filter_map(|(tier, cell)| Some(format!("{} in {tier}", (*cell)?.as_str())))
            .collect();
        let value = match row.development {
            Some(decision) if row == Row::all(decision) => decision.as_str().to_owned(),
            _ => stated.join(", "),
        };
        (!value.is_empty()).then_some((label, value))
    };
    let cells = [("opaque", table.opaque), ("unlisted", table.unlisted)];
    let cell =
        |(label, cell): (&'static str, Option<Decision>)| Some((label, cell?.as_str().to_owned()));
    classes
        .into_iter()
        .filter_map(row)
        .chain(cells.into_iter().filter_map(cell))
        .collect()
}
