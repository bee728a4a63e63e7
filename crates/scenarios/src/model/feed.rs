//! The entities of timetables, read: GTFS as `formats::gtfs` makes it, also under the names of Smart Data Models.

use formats::gtfs::time::ServiceTime;
use indicators::binding::terms;
use jiff::civil::Date;
use ngsi_ld::{Attribute, Entity, Uri};
use query::View;
use sim_access::equity::Capacity;
use sim_access::{Passability, Position};
use twin::Reader;

use super::table::{Table, word};

/// A `GtfsStop` or `GtfsStation`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedStop {
    pub(crate) name: String,
    pub(crate) place: Position,
    pub(crate) wheelchair: Passability,
    pub(crate) parent: Option<Uri>,
}

/// A `GtfsTrip`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedTrip {
    pub(crate) route: Option<Uri>,
    pub(crate) service: Option<Uri>,
    pub(crate) wheelchair: Passability,
}

/// A `GtfsStopTime`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedCall {
    pub(crate) trip: Uri,
    pub(crate) stop: Uri,
    pub(crate) sequence: f64,
    /// Seconds of the service day.
    pub(crate) arrival_s: Option<i32>,
    pub(crate) departure_s: Option<i32>,
    pub(crate) pick_up: bool,
    pub(crate) drop_off: bool,
}

/// A `GtfsFrequency`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedFrequency {
    pub(crate) trip: Uri,
    pub(crate) start_s: i32,
    pub(crate) end_s: i32,
    pub(crate) headway_s: i32,
    pub(crate) exact: bool,
}

/// A `GtfsCalendarRule`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedRule {
    pub(crate) service: Uri,
    /// Monday first.
    pub(crate) days: [bool; 7],
    pub(crate) start: Date,
    pub(crate) end: Date,
}

/// A `GtfsCalendarDateRule`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedException {
    pub(crate) service: Uri,
    pub(crate) date: Date,
    pub(crate) runs: bool,
}

/// All entities of timetables.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) stops: Table<FeedStop>,
    pub(crate) routes: Table<Capacity>,
    pub(crate) trips: Table<FeedTrip>,
    pub(crate) calls: Table<FeedCall>,
    pub(crate) frequencies: Table<FeedFrequency>,
    pub(crate) rules: Table<FeedRule>,
    pub(crate) exceptions: Table<FeedException>,
}

impl Feed {
    pub(crate) fn read(reader: &dyn Reader, view: &View) -> Result<Self, twin::Error> {
        Ok(Self {
            stops: Table::read(reader, view, &["GtfsStop", "GtfsStation"], stop)?,
            routes: Table::read(reader, view, &["GtfsRoute"], route)?,
            trips: Table::read(reader, view, &["GtfsTrip"], trip)?,
            calls: Table::read(reader, view, &["GtfsStopTime"], call)?,
            frequencies: Table::read(reader, view, &["GtfsFrequency"], frequency)?,
            rules: Table::read(reader, view, &["GtfsCalendarRule"], rule)?,
            exceptions: Table::read(reader, view, &["GtfsCalendarDateRule"], exception)?,
        })
    }

    /// Takes over an entity as it is now. Gives whether anything is not as it was.
    pub(crate) fn update(&mut self, id: &Uri, entity: Option<&Entity>) -> bool {
        let changes = [
            self.stops.update(id, entity).is_some(),
            self.routes.update(id, entity).is_some(),
            self.trips.update(id, entity).is_some(),
            self.calls.update(id, entity).is_some(),
            self.frequencies.update(id, entity).is_some(),
            self.rules.update(id, entity).is_some(),
            self.exceptions.update(id, entity).is_some(),
        ];
        changes.contains(&true)
    }

    /// Whether it has neither calendar rules nor exceptions: every trip runs every day.
    pub(crate) fn has_no_calendar(&self) -> bool {
        self.rules.is_empty() && self.exceptions.is_empty()
    }
}

fn stop(entity: &Entity) -> Option<FeedStop> {
    let geometry = terms::attribute(entity, "location")?.as_geometry()?;
    let geo_types::Geometry::Point(at) = geometry else {
        return None;
    };
    let place = Position::new(at.x(), at.y());
    place.is_valid().then(|| FeedStop {
        name: terms::text_of(entity, "name").unwrap_or_else(|| entity.id.local().to_owned()),
        place,
        wheelchair: accessible(
            entity,
            &["wheelChairAccessible", "wheelchairBoarding", "wheelchair"],
        ),
        parent: terms::target(entity, "hasParentStation"),
    })
}

/// GTFS's 0, 1, 2, as number or text, or yes and no.
fn accessible(entity: &Entity, names: &[&str]) -> Passability {
    let said = names
        .iter()
        .find_map(|term| terms::attribute(entity, term).and_then(word));
    match said.as_deref().map(str::trim) {
        Some("1" | "yes" | "designated") => Passability::Passable,
        Some("2" | "no") => Passability::Blocked,
        _ => Passability::Unknown,
    }
}

/// What a route's vehicles move: rail, metro and ferry much (UN-Habitat's metadata of SDG 11.2.1), else little.
#[allow(clippy::unnecessary_wraps, reason = "a parser of a table")]
fn route(entity: &Entity) -> Option<Capacity> {
    let kind = terms::attribute(entity, "routeType").and_then(word);
    let kind: Option<u16> = kind.and_then(|text| text.trim().parse().ok());
    Some(match kind {
        // Metro, rail, ferry, monorail; then the extended types of rail, urban rail, metro, water and ferry.
        Some(1 | 2 | 4 | 12 | 100..=199 | 300..=399 | 400..=699 | 1000..=1299) => Capacity::High,
        _ => Capacity::Low,
    })
}

#[allow(clippy::unnecessary_wraps, reason = "a parser of a table")]
fn trip(entity: &Entity) -> Option<FeedTrip> {
    Some(FeedTrip {
        route: terms::target(entity, "hasRoute"),
        service: terms::target(entity, "hasService"),
        wheelchair: accessible(
            entity,
            &["wheelChairAccessible", "wheelchairAccessible", "wheelchair"],
        ),
    })
}

fn time(entity: &Entity, term: &str) -> Option<i32> {
    let seconds = ServiceTime::parse(&terms::text_of(entity, term)?)?.seconds();
    i32::try_from(seconds).ok()
}

fn call(entity: &Entity) -> Option<FeedCall> {
    let allowed = |term: &str| {
        terms::attribute(entity, term)
            .and_then(word)
            .is_none_or(|kind| kind != "1")
    };
    Some(FeedCall {
        trip: terms::target(entity, "hasTrip")?,
        stop: terms::target(entity, "hasStop")?,
        sequence: terms::attribute(entity, "stopSequence").and_then(number)?,
        arrival_s: time(entity, "arrivalTime"),
        departure_s: time(entity, "departureTime"),
        pick_up: allowed("pickupType"),
        drop_off: allowed("dropOffType"),
    })
}

fn number(attribute: &Attribute) -> Option<f64> {
    let value = attribute
        .as_f64()
        .or_else(|| attribute.as_str()?.trim().parse().ok())?;
    value.is_finite().then_some(value)
}

#[allow(clippy::cast_possible_truncation, reason = "checked against the range before")]
fn frequency(entity: &Entity) -> Option<FeedFrequency> {
    let trip = terms::target(entity, "hasTrip")?;
    let headway = terms::attribute(entity, "headwaySeconds")
        .and_then(number)?
        .round();
    let (start_s, end_s) = (time(entity, "startTime")?, time(entity, "endTime")?);
    ((1.0..=864_000.0).contains(&headway) && end_s >= start_s).then(|| FeedFrequency {
        trip,
        start_s,
        end_s,
        headway_s: headway as i32,
        exact: terms::attribute(entity, "exactTimes").is_some_and(terms::yes),
    })
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

fn rule(entity: &Entity) -> Option<FeedRule> {
    Some(FeedRule {
        service: terms::target(entity, "hasService")?,
        days: WEEKDAYS.map(|day| terms::attribute(entity, day).is_some_and(terms::yes)),
        start: date(entity, "startDate")?,
        end: date(entity, "endDate")?,
    })
}

fn exception(entity: &Entity) -> Option<FeedException> {
    Some(FeedException {
        service: terms::target(entity, "hasService")?,
        date: date(entity, "appliesOn")?,
        runs: terms::attribute(entity, "exceptionType").is_some_and(terms::yes),
    })
}

/// `YYYY-MM-DD`, what follows it aside, or `YYYYMMDD`.
fn date(entity: &Entity, term: &str) -> Option<Date> {
    let text = terms::text_of(entity, term)?;
    let day = text.get(..10).unwrap_or(&text);
    day.parse().ok().or_else(|| formats::gtfs::time::date(&text))
}
