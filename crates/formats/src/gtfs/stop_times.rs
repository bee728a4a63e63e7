//! When a trip stops where, and how often trips run.

use ngsi_ld::Entity;

use super::archive::Archive;
use super::ids::{Ids, Sequences};
use super::lines::{Line, Made, each};
use super::time::ServiceTime;
use super::{Feed, Refused, Tally};
use crate::import::{ImportError, Session};
use crate::observations::number;

const TIME: &str = "write times as HH:MM:SS; after midnight of the service day go on with 24:00:00";

fn time(
    line: &Line<'_>,
    column: &'static str,
    what: &dyn Fn() -> String,
) -> Result<Option<ServiceTime>, Refused> {
    match line.get(column) {
        "" => Ok(None),
        text => match ServiceTime::parse(text) {
            Some(time) => Ok(Some(time)),
            None => Err(Refused::new(
                column,
                what(),
                format!("`{text}` is not a time"),
                TIME,
            )),
        },
    }
}

fn unknown_trip(what: String, trip: &str) -> Refused {
    let why = format!("trip `{trip}` is not in trips.txt, or was refused there");
    Refused::new(
        "trip_id",
        what,
        why,
        "add the trip to trips.txt, or mend it there",
    )
}

pub(super) fn stop_times(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let file = format!("{}/stop_times.txt", archive.name);
    let mut sequences = Sequences::default();
    let mut backwards = Tally::default();
    each(archive, session, "stop_times.txt", &mut |session, line| {
        let (trip, stop, sequence) = (
            line.get("trip_id"),
            line.get("stop_id"),
            line.get("stop_sequence"),
        );
        let what = || format!("trip {trip}, stop {sequence}");
        let Some(number_of_trip) = feed.trips.mark(trip) else {
            return Err(unknown_trip(what(), trip));
        };
        if !feed.stops.has(stop) {
            let why = format!("stop `{stop}` is not in stops.txt, or was refused there");
            return Err(Refused::new(
                "stop_id",
                what(),
                why,
                "add the stop to stops.txt, or mend it there",
            ));
        }
        let Ok(position) = sequence.parse::<u32>() else {
            let why = format!("`{sequence}` is not a whole number");
            return Err(Refused::new(
                "stop_sequence",
                what(),
                why,
                "number the stops of each trip: 1, 2, 3 …",
            ));
        };
        let (arrival, departure) = (
            time(line, "arrival_time", &what)?,
            time(line, "departure_time", &what)?,
        );
        let far = match line.get("shape_dist_traveled") {
            "" => None,
            text => Some(number(text, false).filter(|far| *far >= 0.0).ok_or_else(|| {
                let why = format!("`{text}` is not a distance");
                Refused::new(
                    "shape_dist_traveled",
                    what(),
                    why,
                    "give a number, or leave it empty",
                )
            })?),
        };
        if !sequences.add(number_of_trip, position) {
            let why = "an earlier row has the same trip and stop_sequence";
            return Err(Refused::new(
                "stop_sequence",
                what(),
                why,
                "number the stops of each trip: 1, 2, 3 …",
            ));
        }
        if arrival
            .zip(departure)
            .is_some_and(|(arrival, departure)| departure < arrival)
        {
            backwards.add(|| format!("line {}, {}", line.number(), what()));
        }
        feed.stops.mark(stop);
        let terms = &mut session.terms;
        let id = feed.uri("GtfsStopTime", &format!("{trip}:{position}"));
        let mut entity = Entity::new(id, terms.name("GtfsStopTime"));
        entity.attributes.reserve_exact(6);
        entity.put(terms.relationship("hasTrip", feed.uri("GtfsTrip", trip)));
        entity.put(terms.relationship("hasStop", feed.uri("GtfsStop", stop)));
        entity.put(terms.property("stopSequence", i64::from(position)));
        for (term, time) in [("arrivalTime", arrival), ("departureTime", departure)] {
            if let Some(time) = time {
                entity.put(terms.property(term, time.to_string()));
            }
        }
        for (column, term) in [
            ("stop_headsign", "stopHeadsign"),
            ("pickup_type", "pickupType"),
            ("drop_off_type", "dropOffType"),
        ] {
            if let Some(text) = line.some(column) {
                entity.put(terms.property(term, text));
            }
        }
        if let Some(far) = far {
            entity.put(terms.property("distanceTravelled", far));
        }
        if let Some(exact) = line.some("timepoint") {
            entity.put(terms.property("timepoint", exact != "0"));
        }
        Ok(Made::Entity(entity, 0))
    })?;
    backwards.warn(session, &file, "rows depart before they arrive");
    let (idle, unserved) = (feed.trips.unmarked(), feed.stops.unmarked());
    if idle > 0 {
        session.warn(format!("{file}: {idle} trips stop nowhere"));
    }
    if unserved > 0 {
        session.warn(format!("{file}: no trip stops at {unserved} of the stops"));
    }
    Ok(())
}

pub(super) fn frequencies(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let mut seen = Ids::default();
    each(archive, session, "frequencies.txt", &mut |session, line| {
        let trip = line.get("trip_id");
        let what = || format!("trip {trip} from {}", line.get("start_time"));
        if !feed.trips.has(trip) {
            return Err(unknown_trip(what(), trip));
        }
        let needed = |column: &'static str| {
            time(line, column, &what)?
                .ok_or_else(|| Refused::new(column, what(), format!("it has no {column}"), TIME))
        };
        let (start, end) = (needed("start_time")?, needed("end_time")?);
        if end <= start {
            let why = format!("it ends at {end}, not after it starts at {start}");
            return Err(Refused::new("end_time", what(), why, TIME));
        }
        let headway = line.get("headway_secs");
        let Some(seconds) = headway.parse::<u32>().ok().filter(|seconds| *seconds > 0) else {
            let why = format!("`{headway}` is not a number of seconds above zero");
            return Err(Refused::new(
                "headway_secs",
                what(),
                why,
                "give the seconds between two departures",
            ));
        };
        let local = format!("{trip}:{start}");
        if !seen.add(&local) {
            let why = "an earlier row has the same trip and start_time";
            return Err(Refused::new("start_time", what(), why, "keep one of the rows"));
        }
        let terms = &mut session.terms;
        let mut entity = Entity::new(feed.uri("GtfsFrequency", &local), terms.name("GtfsFrequency"));
        entity.put(terms.relationship("hasTrip", feed.uri("GtfsTrip", trip)));
        entity.put(terms.property("startTime", start.to_string()));
        entity.put(terms.property("endTime", end.to_string()));
        entity.put(terms.property("headwaySeconds", i64::from(seconds)));
        if let Some(exact) = line.some("exact_times") {
            entity.put(terms.property("exactTimes", exact == "1"));
        }
        Ok(Made::Entity(entity, 0))
    })
}
