//! Where a command acts, as far as its own words and variables say it.
//!
//! Owns the reading of a pack's `place` hints. What a name leaves open stays unknown: only what
//! is certain makes a place less important.

use super::condition::{Facts, Truth};
use super::schema::{PlaceHint, Source, TierHint};
use super::target::{self, Named};
use crate::call::Call;
use crate::context::{Place, tier};
use crate::effect::{Evidence, Tier};

/// The place with what the hints add: the first environment that is named, and the most important
/// tier that one of them says.
#[must_use]
pub(super) fn hinted(hints: &[PlaceHint], call: &Call<'_>, mut place: Place) -> Place {
    let facts = Facts {
        args: call.args,
        command: call.command,
        world: call.world,
    };
    let mut named = false;
    let mut said: Option<Tier> = None;
    for hint in hints {
        let truth = hint
            .when
            .as_ref()
            .map_or(Truth::Yes, |when| facts.holds(when));
        let counts = match truth {
            Truth::Yes => true,
            Truth::Maybe => hint.tier == Some(TierHint::Production),
            Truth::No => false,
        };
        if !counts {
            continue;
        }
        let found = environment(&hint.environment, call, &place);
        if found.is_none() && !hint.environment.is_empty() {
            continue;
        }
        if let Some(tier) = hint.tier.map(tier_of) {
            said = said.max(Some(tier));
        }
        if let Some((name, source)) = found.filter(|_| !named) {
            named = true;
            let shown = name.text.display().into_owned();
            place.tier = name.text.exact().map_or(Tier::Unknown, tier::of_name);
            place.evidence.push(Evidence {
                fact: "environment".into(),
                value: shown.clone(),
                source,
            });
            place.environment = Some(shown);
        }
    }
    if let Some(tier) = said {
        place.tier = tier;
    }
    if (named || said.is_some()) && !call.args.uncertain.is_empty() {
        place.tier = place.tier.max(Tier::Unknown);
    }
    place
}

/// The first name that one of the sources has, and what a person calls that source.
fn environment(sources: &[Source], call: &Call<'_>, place: &Place) -> Option<(Named, String)> {
    sources.iter().find_map(|source| {
        let one = std::slice::from_ref(source);
        let name = target::first(one, call, place).into_iter().next()?;
        (!name.text.is_empty()).then(|| (name, described(source)))
    })
}

fn described(source: &Source) -> String {
    match source {
        Source::Option(name) => format!("flag {name}"),
        Source::Env(name) => format!("environment variable {name}"),
        Source::Operand(_)
        | Source::Operands(_)
        | Source::OperandsButLast(_)
        | Source::Destinations(_)
        | Source::Join { .. } => "the command line".to_owned(),
        Source::Context(fact) => format!("its {fact}"),
        Source::Literal(_) => "the command itself".to_owned(),
    }
}

const fn tier_of(hint: TierHint) -> Tier {
    match hint {
        TierHint::Local => Tier::Local,
        TierHint::Development => Tier::Development,
        TierHint::Staging => Tier::Staging,
        TierHint::Production => Tier::Production,
    }
}
