//! The timetable as the entities have it: trips with their calls and hours.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use formats::gtfs::time::ServiceTime;
use indicators::binding::terms::{attribute, scan, target, text_of, yes};
use ngsi_ld::{Attribute, Entity, Uri};
use query::View;
use twin::Snapshot;

/// A trip of the baseline.
#[derive(Debug)]
pub(super) struct BaseTrip {
    pub(super) id: Uri,
    pub(super) service: Option<Uri>,
    pub(super) direction: Option<String>,
    pub(super) shape: Option<Uri>,
    /// In the order of their sequence.
    pub(super) calls: Vec<BaseCall>,
    /// Arrival and departure of each call in seconds, filled in between those that are given; none: no times.
    pub(super) times: Option<Vec<(f64, f64)>>,
    /// By start.
    pub(super) hours: Vec<BaseHours>,
}

/// A call of a trip.
#[derive(Debug)]
pub(super) struct BaseCall {
    pub(super) entity: Arc<Entity>,
    pub(super) sequence: i64,
    pub(super) stop: Uri,
    pub(super) far: Option<f64>,
}

/// A GtfsFrequency.
#[derive(Debug)]
pub(super) struct BaseHours {
    pub(super) entity: Arc<Entity>,
    pub(super) start_s: u32,
    pub(super) end_s: u32,
    pub(super) headway_s: u32,
    pub(super) exact: bool,
}

impl BaseTrip {
    /// When it leaves its first stop, in seconds.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a service time in seconds, not negative"
    )]
    pub(super) fn leaves_s(&self) -> Option<u32> {
        self.times
            .as_ref()?
            .first()
            .map(|(_, departure)| *departure as u32)
    }
}

/// All trips, parsed as they are asked for.
pub(super) struct Timetable {
    trips: BTreeMap<Uri, Raw>,
    by_route: BTreeMap<Uri, Vec<Uri>>,
    parsed: RefCell<HashMap<Uri, Arc<BaseTrip>>>,
}

#[derive(Default)]
struct Raw {
    trip: Option<Arc<Entity>>,
    calls: Vec<Arc<Entity>>,
    hours: Vec<Arc<Entity>>,
}

impl Timetable {
    pub(super) fn read(snapshot: &Snapshot, view: &View) -> Result<Self, twin::Error> {
        let mut trips: BTreeMap<Uri, Raw> = BTreeMap::new();
        let mut by_route: BTreeMap<Uri, Vec<Uri>> = BTreeMap::new();
        scan(snapshot, view, "GtfsTrip", &mut |entity| {
            if let Some(route) = target(entity, "hasRoute") {
                by_route.entry(route).or_default().push(entity.id.clone());
            }
            trips.entry(entity.id.clone()).or_default().trip = Some(Arc::clone(entity));
        })?;
        scan(snapshot, view, "GtfsStopTime", &mut |entity| {
            if let Some(raw) = target(entity, "hasTrip").and_then(|trip| trips.get_mut(&trip)) {
                raw.calls.push(Arc::clone(entity));
            }
        })?;
        scan(snapshot, view, "GtfsFrequency", &mut |entity| {
            if let Some(raw) = target(entity, "hasTrip").and_then(|trip| trips.get_mut(&trip)) {
                raw.hours.push(Arc::clone(entity));
            }
        })?;
        for trips in by_route.values_mut() {
            trips.sort();
        }
        Ok(Self {
            trips,
            by_route,
            parsed: RefCell::default(),
        })
    }

    /// The trips of a route, by id.
    pub(super) fn of_route(&self, route: &Uri) -> &[Uri] {
        self.by_route.get(route).map_or(&[], Vec::as_slice)
    }

    /// Every trip, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = &Uri> {
        self.trips.keys()
    }

    /// A trip.
    pub(super) fn trip(&self, id: &Uri) -> Option<Arc<BaseTrip>> {
        if let Some(trip) = self.parsed.borrow().get(id) {
            return Some(Arc::clone(trip));
        }
        let trip = Arc::new(parse(self.trips.get(id)?)?);
        self.parsed.borrow_mut().insert(id.clone(), Arc::clone(&trip));
        Some(trip)
    }
}

fn parse(raw: &Raw) -> Option<BaseTrip> {
    let trip = raw.trip.as_ref()?;
    let mut calls: Vec<BaseCall> = raw.calls.iter().filter_map(call).collect();
    calls.sort_by(|a, b| (a.sequence, &a.entity.id).cmp(&(b.sequence, &b.entity.id)));
    let mut hours: Vec<BaseHours> = raw.hours.iter().filter_map(hours_of).collect();
    hours.sort_by(|a, b| (a.start_s, &a.entity.id).cmp(&(b.start_s, &b.entity.id)));
    Some(BaseTrip {
        id: trip.id.clone(),
        service: target(trip, "hasService"),
        direction: text_of(trip, "direction"),
        shape: target(trip, "hasShape"),
        times: times(&calls),
        calls,
        hours,
    })
}

fn call(entity: &Arc<Entity>) -> Option<BaseCall> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a whole number as a rule; its order is what counts"
    )]
    let sequence = attribute(entity, "stopSequence").and_then(whole)? as i64;
    Some(BaseCall {
        sequence,
        stop: target(entity, "hasStop")?,
        far: attribute(entity, "distanceTravelled").and_then(Attribute::as_f64),
        entity: Arc::clone(entity),
    })
}

/// A number, or a text that is one.
fn whole(attribute: &Attribute) -> Option<f64> {
    attribute
        .as_f64()
        .or_else(|| attribute.as_str()?.trim().parse().ok())
        .filter(|number: &f64| number.abs() < 1e15)
}

fn hours_of(entity: &Arc<Entity>) -> Option<BaseHours> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "held to a day before"
    )]
    let headway_s = attribute(entity, "headwaySeconds")
        .and_then(whole)
        .filter(|seconds| (1.0..=86_400.0).contains(seconds))? as u32;
    Some(BaseHours {
        start_s: seconds(entity, "startTime")?,
        end_s: seconds(entity, "endTime")?,
        headway_s,
        exact: attribute(entity, "exactTimes").is_some_and(yes),
        entity: Arc::clone(entity),
    })
}

fn seconds(entity: &Entity, term: &str) -> Option<u32> {
    ServiceTime::parse(&text_of(entity, term)?).map(ServiceTime::seconds)
}

/// Arrival and departure of each call. Times that are not given lie evenly between those that are; times that would
/// run backwards are held.
fn times(calls: &[BaseCall]) -> Option<Vec<(f64, f64)>> {
    let given: Vec<Option<(f64, f64)>> = calls
        .iter()
        .map(|call| {
            let arrival = seconds(&call.entity, "arrivalTime");
            let departure = seconds(&call.entity, "departureTime");
            Some((
                f64::from(arrival.or(departure)?),
                f64::from(departure.or(arrival)?),
            ))
        })
        .collect();
    let first = given.iter().position(Option::is_some)?;
    let mut times: Vec<(f64, f64)> = Vec::with_capacity(given.len());
    let mut last = given.get(first).copied().flatten()?;
    // Before the first one that is given, nothing is known: the vehicle stands there.
    times.resize(first, (last.0, last.0));
    for (index, time) in given.iter().enumerate().skip(first) {
        let next = if let Some(time) = time {
            *time
        } else {
            let ahead = given.iter().skip(index).position(Option::is_some);
            match ahead.and_then(|steps| Some((steps, given.get(index + steps).copied().flatten()?))) {
                Some((steps, (arrival, _))) => {
                    let at = last.1 + (arrival - last.1) / (steps + 1) as f64;
                    (at, at)
                }
                None => (last.1, last.1),
            }
        };
        let arrival = next.0.max(if index > first { last.1 } else { next.0 });
        last = (arrival, next.1.max(arrival));
        times.push(last);
    }
    Some(times)
}
