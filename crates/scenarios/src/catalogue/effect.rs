//! What a kind of measure does to entities: verbs and their operands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One effect of a kind. In every operand, a text that begins with `$` stands for the parameter of that name;
/// where that is not given, neither is the operand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(
    clippy::large_enum_variant,
    reason = "the catalogue holds some thirty of them, once; a box would say nothing to who reads it"
)]
pub enum Effect {
    /// Makes an entity.
    Create {
        /// Its type.
        #[serde(rename = "type")]
        entity_type: TypeOf,
        /// Where it is: the first of these that is given.
        location: Vec<Operand>,
        /// What is said of it; `name` that is not given is the measure's title or name.
        #[serde(default)]
        attributes: BTreeMap<String, Operand>,
    },
    /// Gives attributes these values.
    Set {
        /// Of these entities.
        #[serde(flatten)]
        who: Who,
        /// The values by attribute.
        attributes: BTreeMap<String, Operand>,
        /// Only entities of which these attributes have one of these values; others are an error.
        #[serde(default)]
        only_where: BTreeMap<String, Vec<String>>,
    },
    /// Gives attributes values where there are none. The attributes of tags, by OpenStreetMap's keys.
    Fill {
        /// Of these entities.
        #[serde(flatten)]
        who: Who,
        /// The parameter that holds the tags.
        tags: Operand,
    },
    /// Takes attributes away.
    Remove {
        /// From these entities.
        #[serde(flatten)]
        who: Who,
        /// Which.
        attributes: Vec<String>,
    },
    /// Takes entities away.
    Delete {
        /// Which.
        #[serde(flatten)]
        who: Who,
    },
    /// As `set`, and no other measure may change these entities: they serve no more.
    Close {
        /// Which.
        #[serde(flatten)]
        who: Who,
        /// The values by attribute.
        attributes: BTreeMap<String, Operand>,
    },
    /// Multiplies numbers.
    Scale {
        /// Of these entities.
        #[serde(flatten)]
        who: Who,
        /// The factors by attribute.
        attributes: BTreeMap<String, Operand>,
    },
    /// Moves a location.
    Move {
        /// Of this entity.
        #[serde(flatten)]
        who: Who,
        /// Where its middle is afterwards.
        to: Operand,
    },
    /// Lets trips call at a stop.
    CallAt {
        /// The stop: a parameter, or `created` for the one that this measure makes.
        stop: String,
        /// The lines.
        routes: Operand,
        /// Seconds that vehicles stand there.
        dwell_s: Operand,
        /// Metres beyond which a trip does not go out of its way.
        most_detour_m: Operand,
    },
    /// Makes a line with all that runs on it.
    NewLine {
        /// Stops and positions.
        calls: Operand,
        /// Its name.
        name: Operand,
        /// What stands on the bus.
        short_name: Operand,
        /// Minutes.
        headway_min: Operand,
        /// First departure.
        from: Operand,
        /// End of departures.
        until: Operand,
        /// Kilometres an hour.
        speed_kmh: Operand,
        /// Way over straight line.
        detour: Operand,
        /// Seconds.
        dwell_s: Operand,
        /// Whether there is a second direction.
        both_ways: Operand,
        /// As in GTFS.
        route_type: Operand,
        /// `every-day`, `weekdays`, `weekends`.
        days: Operand,
        /// A service that is there.
        service: Operand,
        /// As in GTFS, of trips.
        wheelchair_accessible: Operand,
        /// As in GTFS, of new stops.
        wheelchair_boarding: Operand,
    },
    /// Changes how often a line runs in a window.
    Headway {
        /// The lines.
        routes: Operand,
        /// Minutes.
        headway_min: Operand,
        /// Start of the window.
        from: Operand,
        /// Its end.
        until: Operand,
        /// Whether the line runs where it did not, rather than more often where it did.
        extend: bool,
    },
    /// Makes a piece of street that joins others.
    AddStreet {
        /// One end.
        from: Operand,
        /// The other.
        to: Operand,
        /// Between.
        via: Operand,
        /// What is said of it.
        attributes: BTreeMap<String, Operand>,
    },
    /// Shortens the run times of trips along streets.
    ShortenRuns {
        /// The streets.
        streets: Operand,
        /// The lines; not given: all.
        routes: Operand,
        /// Per cent of the run time along them.
        saving_pct: Operand,
    },
}

/// A literal, a parameter (`$name`), or either with a unit: `{ value = "$width_m", unit = "MTR" }`.
pub type Operand = Json;

/// The entities that are meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Those of a parameter.
    Entities(String),
    /// The trips of the routes of a parameter.
    TripsOf(String),
}

/// The type of an entity that is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TypeOf {
    /// This one.
    Always(String),
    /// By the value of a parameter (`of`); `other` where no value fits.
    By(BTreeMap<String, String>),
}

impl Effect {
    /// Every text of the operands that stands for a parameter, without its `$`.
    pub fn parameters(&self) -> Vec<String> {
        fn gather(json: &Json, names: &mut Vec<String>) {
            match json {
                Json::String(text) => names.extend(text.strip_prefix('$').map(str::to_owned)),
                Json::Array(items) => items.iter().for_each(|item| gather(item, names)),
                Json::Object(members) => members.values().for_each(|member| gather(member, names)),
                _ => {}
            }
        }
        let mut names = Vec::new();
        gather(&serde_json::to_value(self).unwrap_or_default(), &mut names);
        names
    }
}
