//! Public transport: which trips run, which stops they serve, along which lines.

use std::collections::{HashMap, HashSet};

use geo_types::{Coord, Geometry};
use ngsi_ld::{Attribute, Entity, Timestamp, Uri};
use query::View;
use twin::Reader;

use super::terms::{attribute, scan, scan_any, sub_attribute, target, text_of, year_of, yes};

/// The network, as far as it runs on at least one day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transit {
    /// All stops.
    pub(crate) stops: usize,
    /// Those without a position.
    pub(crate) unplaced: usize,
    /// Where the served ones are, in degrees.
    pub(crate) served: Vec<Coord<f64>>,
    /// All trips, and those that run.
    pub(crate) trips: usize,
    pub(crate) running: usize,
    pub(crate) stop_times: usize,
    /// The lines that running trips follow, in degrees.
    pub(crate) lines: Vec<Vec<Coord<f64>>>,
    pub(crate) shapes: usize,
    /// How many of the lines are straight from stop to stop, for want of shapes.
    pub(crate) straight: usize,
    /// The years in which the calendars begin.
    pub(crate) years: Vec<i16>,
    pub(crate) time_zone: Option<String>,
    /// When the first trip came into the twin.
    pub(crate) imported: Option<Timestamp>,
    pub(crate) notes: Vec<String>,
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

struct Trip {
    service: Option<Uri>,
    shape: Option<Uri>,
}

/// Gathers the network; `None` where there is neither stop nor trip.
pub(crate) fn gather(reader: &dyn Reader, view: &View) -> Result<Option<Transit>, twin::Error> {
    let mut transit = Transit::default();
    let mut trips = HashMap::new();
    scan(reader, view, "GtfsTrip", &mut |entity| {
        let trip = Trip {
            service: target(entity, "hasService"),
            shape: target(entity, "hasShape"),
        };
        trips.insert(entity.id.clone(), trip);
        transit.imported = Some(
            transit
                .imported
                .map_or(entity.created_at, |first| first.min(entity.created_at)),
        );
    })?;
    let places = stops(reader, view, &mut transit)?;
    if trips.is_empty() && transit.stops == 0 {
        return Ok(None);
    }
    scan(reader, view, "GtfsAgency", &mut |entity| {
        let zone = ["timezone", "timeZone", "agencyTimezone"]
            .iter()
            .find_map(|term| text_of(entity, term));
        transit.time_zone = transit.time_zone.take().or(zone);
    })?;
    transit.trips = trips.len();
    keep_running(reader, view, &mut trips, &mut transit)?;
    transit.running = trips.len();
    let mut served: HashSet<Uri> = HashSet::new();
    let mut patterns: HashMap<Uri, Vec<(f64, Uri)>> = HashMap::new();
    transit.stop_times = scan(reader, view, "GtfsStopTime", &mut |entity| {
        let (Some(trip), Some(stop)) = (target(entity, "hasTrip"), target(entity, "hasStop")) else {
            return;
        };
        let Some(found) = trips.get(&trip) else { return };
        if found.shape.is_none() {
            let order = attribute(entity, "stopSequence")
                .and_then(Attribute::as_f64)
                .unwrap_or(0.0);
            patterns.entry(trip).or_default().push((order, stop.clone()));
        }
        served.insert(stop);
    })?;
    transit.served = places
        .iter()
        .filter(|(id, _)| served.contains(id))
        .map(|(_, place)| *place)
        .collect();
    lines(reader, view, &trips, &mut transit)?;
    straight_lines(patterns, &places.into_iter().collect(), &mut transit);
    Ok(Some(transit))
}

/// The places of stops and stations.
fn stops(
    reader: &dyn Reader,
    view: &View,
    transit: &mut Transit,
) -> Result<Vec<(Uri, Coord<f64>)>, twin::Error> {
    let mut places = Vec::new();
    // A station is a stop as well, by its types or by its model alone.
    transit.stops = scan_any(
        reader,
        view,
        &["GtfsStop", "GtfsStation"],
        &mut |entity| match place(entity) {
            Some(place) => places.push((entity.id.clone(), place)),
            None => transit.unplaced += 1,
        },
    )?;
    Ok(places)
}

/// Where an entity is: its point.
pub(crate) fn place(entity: &Entity) -> Option<Coord<f64>> {
    match attribute(entity, "location")?.as_geometry()? {
        Geometry::Point(point) => Some(point.0),
        other => {
            use geo::Centroid;
            other.centroid().map(|point| point.0)
        }
    }
}

/// Leaves only the trips whose service runs on at least one day.
fn keep_running(
    reader: &dyn Reader,
    view: &View,
    trips: &mut HashMap<Uri, Trip>,
    transit: &mut Transit,
) -> Result<(), twin::Error> {
    let mut running: HashSet<Uri> = HashSet::new();
    let mut years = HashSet::new();
    let mut rules = scan(reader, view, "GtfsCalendarRule", &mut |entity| {
        let Some(service) = target(entity, "hasService") else {
            return;
        };
        if WEEKDAYS.iter().any(|day| attribute(entity, day).is_some_and(yes)) {
            running.insert(service);
            years.extend(attribute(entity, "startDate").and_then(year_of));
        }
    })?;
    rules += scan(reader, view, "GtfsCalendarDateRule", &mut |entity| {
        let added = attribute(entity, "exceptionType").is_some_and(yes);
        if let (true, Some(service)) = (added, target(entity, "hasService"))
            && running.insert(service)
        {
            years.extend(attribute(entity, "appliesOn").and_then(year_of));
        }
    })?;
    if rules == 0 {
        if !trips.is_empty() {
            transit
                .notes
                .push("the timetable has no calendar: every trip counts as running".to_owned());
        }
    } else {
        let before = trips.len();
        trips.retain(|_, trip| {
            trip.service
                .as_ref()
                .is_some_and(|service| running.contains(service))
        });
        if trips.len() < before {
            transit.notes.push(format!(
                "{} of {before} trips run on no day and do not count",
                before - trips.len()
            ));
        }
    }
    transit.years = years.into_iter().collect();
    transit.years.sort_unstable();
    Ok(())
}

/// The shapes that running trips follow.
fn lines(
    reader: &dyn Reader,
    view: &View,
    trips: &HashMap<Uri, Trip>,
    transit: &mut Transit,
) -> Result<(), twin::Error> {
    let used: HashSet<&Uri> = trips.values().filter_map(|trip| trip.shape.as_ref()).collect();
    let mut lines = Vec::new();
    let mut found: HashSet<Uri> = HashSet::new();
    scan(reader, view, "GtfsShape", &mut |entity| {
        if !used.contains(&entity.id) {
            return;
        }
        found.insert(entity.id.clone());
        match attribute(entity, "location").and_then(|a| a.as_geometry()) {
            Some(Geometry::LineString(line)) => lines.push(line.0.clone()),
            Some(Geometry::MultiLineString(parts)) => lines.extend(parts.0.iter().map(|line| line.0.clone())),
            // A shape of one point has no length.
            _ => {}
        }
    })?;
    transit.shapes = found.len();
    let missing = used.len() - found.len();
    if missing > 0 {
        transit
            .notes
            .push(format!("{missing} shapes that trips name are not there"));
    }
    transit.lines = lines;
    Ok(())
}

/// For trips without a shape: straight lines from stop to stop, one for each pattern.
fn straight_lines(
    patterns: HashMap<Uri, Vec<(f64, Uri)>>,
    places: &HashMap<Uri, Coord<f64>>,
    transit: &mut Transit,
) {
    let trips = patterns.len();
    let mut distinct: HashSet<Vec<Uri>> = HashSet::new();
    for mut pattern in patterns.into_values() {
        pattern.sort_by(|a, b| a.0.total_cmp(&b.0));
        distinct.insert(pattern.into_iter().map(|(_, stop)| stop).collect());
    }
    let mut distinct: Vec<_> = distinct.into_iter().collect();
    distinct.sort();
    let before = transit.lines.len();
    transit.lines.extend(
        distinct
            .iter()
            .map(|pattern| {
                pattern
                    .iter()
                    .filter_map(|stop| places.get(stop).copied())
                    .collect::<Vec<_>>()
            })
            .filter(|line| line.len() > 1),
    );
    transit.straight = transit.lines.len() - before;
    if trips > 0 {
        transit.notes.push(format!(
            "{trips} running trips have no shape: straight lines from stop to stop stand for them, which are \
             shorter than the streets"
        ));
    }
}

/// The unit that an attribute says it is in: `unitCode`, else the sub-attribute `unit`.
pub(crate) fn unit(attribute: &Attribute) -> Option<String> {
    attribute
        .unit_code
        .as_deref()
        .map(str::to_owned)
        .or_else(|| super::terms::text(sub_attribute(attribute, "unit")?))
}
