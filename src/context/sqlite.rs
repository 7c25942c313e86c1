//! Which file of a library's database a client opens.

use super::{Place, tier};
use crate::call::Call;
use crate::effect::{Evidence, Tier};
use crate::world::PathStatus;

/// The database that the first operand names (`sqlite3 app.db`).
#[must_use]
pub fn place(call: &Call<'_>) -> Place {
    let mut place = Place::default();
    let named = call.args.operands.first().map(|word| &word.value);
    let Some(name) = named.map_or(Some(""), |name| name.exact()) else {
        place.environment = named.map(|name| name.display().into_owned());
        return place;
    };
    let (path, query) = name.split_once('?').unwrap_or((name, ""));
    let path = match path.strip_prefix("file:") {
        Some(path) => path.strip_prefix("//localhost").unwrap_or(path),
        None => name,
    };
    if matches!(path, "" | ":memory:") || query.contains("mode=memory") {
        place.tier = Tier::Local;
        place
            .facts
            .insert("disposable", "the database is in memory only".to_owned());
        return place;
    }
    place.environment = Some(path.to_owned());
    place.evidence.push(Evidence {
        fact: "database".into(),
        value: path.to_owned(),
        source: "the database argument".into(),
    });
    if call.command.elsewhere.is_some() {
        return place;
    }
    place.tier = match tier::of_name(path) {
        Tier::Unknown => Tier::Local,
        named => named,
    };
    let full = call.command.directory.join(path);
    let missing = full.is_some_and(|path| {
        call.world.status(&path) == PathStatus::Missing && !call.world.is_written(&path)
    });
    if missing && call.world.is_untouched() {
        place
            .facts
            .insert("disposable", "the database does not exist yet".to_owned());
    }
    place
}
