//! Agencies, stops, routes, trips, transfers.

use std::collections::HashSet;

use geo_types::Point;
use ngsi_ld::{Attribute, Entity};

use super::archive::Archive;
use super::lines::{Line, Made, each};
use super::{Feed, Refused, Tally};
use crate::import::{ImportError, Session};
use crate::observations::number;

const ONCE: &str = "give every row an identifier of its own";
const COORDINATES: &str = "give stop_lat and stop_lon in degrees of WGS 84, for example -1.2864 and 36.8172";

/// Sets a text attribute from each column that is there and not empty.
fn texts(session: &mut Session<'_>, entity: &mut Entity, line: &Line<'_>, columns: &[(&str, &str)]) {
    for (column, term) in columns {
        if let Some(text) = line.some(column) {
            entity.put(session.terms.property(term, text));
        }
    }
}

fn again(column: &'static str, what: String) -> Refused {
    Refused::new(column, what, "an earlier row has the same identifier", ONCE)
}

pub(super) fn agencies(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    each(archive, session, "agency.txt", &mut |session, line| {
        // A feed of one agency may leave its identifier out.
        let id = line
            .some("agency_id")
            .or(line.some("agency_name"))
            .unwrap_or("agency");
        if !feed.agencies.add(id) {
            return Err(again("agency_id", format!("agency {id}")));
        }
        feed.only_agency = (feed.agencies.len() == 1).then(|| id.to_owned());
        let mut entity = Entity::new(feed.uri("GtfsAgency", id), session.terms.name("GtfsAgency"));
        texts(
            session,
            &mut entity,
            line,
            &[
                ("agency_name", "agencyName"),
                ("agency_name", "name"),
                ("agency_timezone", "timezone"),
                ("agency_lang", "language"),
                ("agency_url", "page"),
                ("agency_phone", "phone"),
                ("agency_email", "email"),
                ("agency_fare_url", "farePage"),
            ],
        );
        Ok(Made::Entity(entity, 0))
    })
}

pub(super) fn stops(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let file = format!("{}/stops.txt", archive.name);
    let mut parents: HashSet<String> = HashSet::new();
    each(archive, session, "stops.txt", &mut |session, line| {
        let id = line.id("stop_id", "stop")?;
        let what = || format!("stop {id} {}", line.get("stop_name")).trim().to_owned();
        let kind = match line.get("location_type") {
            "" => 0,
            text => text.parse::<u8>().ok().filter(|kind| *kind <= 4).ok_or_else(|| {
                let why = format!("`{text}` is not a location type");
                Refused::new(
                    "location_type",
                    what(),
                    why,
                    "give 0 (stop), 1 (station), 2 (entrance), 3 or 4",
                )
            })?,
        };
        // Nodes inside a station and boarding areas may do without a place of their own.
        let location = if kind >= 3 && line.get("stop_lat").is_empty() && line.get("stop_lon").is_empty() {
            None
        } else {
            Some(place(line, &what)?)
        };
        // A station or an entrance is no stop that could go without service.
        if !feed.stops.add_marked(id, kind != 0) {
            return Err(again("stop_id", what()));
        }
        let terms = &mut session.terms;
        let mut entity = Entity::new(feed.uri("GtfsStop", id), terms.name("GtfsStop"));
        match kind {
            1 => entity.types.push(terms.name("GtfsStation")),
            2 => entity.types.push(terms.name("GtfsAccessPoint")),
            _ => {}
        }
        entity.put(terms.property("code", line.some("stop_code").unwrap_or(id)));
        texts(
            session,
            &mut entity,
            line,
            &[
                ("stop_name", "name"),
                ("stop_desc", "description"),
                ("zone_id", "zoneCode"),
                ("stop_url", "page"),
                ("stop_timezone", "timezone"),
                ("platform_code", "platformCode"),
                ("wheelchair_boarding", "wheelChairAccessible"),
            ],
        );
        let terms = &mut session.terms;
        if let Some(location) = location {
            entity.put(Attribute::geo(terms.name("location"), location));
        }
        if kind > 0 {
            entity.put(terms.property("locationType", i64::from(kind)));
        }
        if let Some(parent) = line.some("parent_station") {
            entity.put(terms.relationship("hasParentStation", feed.uri("GtfsStop", parent)));
            if !parents.contains(parent) {
                parents.insert(parent.to_owned());
            }
        }
        Ok(Made::Entity(entity, 1))
    })?;
    let mut tally = Tally::default();
    let mut missing: Vec<&String> = parents.iter().filter(|parent| !feed.stops.has(parent)).collect();
    missing.sort();
    for parent in missing {
        tally.add(|| parent.clone());
    }
    tally.warn(
        session,
        &file,
        "parent stations are named that are not in the table",
    );
    Ok(())
}

fn place(line: &Line<'_>, what: &dyn Fn() -> String) -> Result<Point<f64>, Refused> {
    let coordinate = |column: &'static str, limit: f64| {
        let text = line.get(column);
        if text.is_empty() {
            return Err(Refused::new(
                column,
                what(),
                format!("it has no {column}"),
                COORDINATES,
            ));
        }
        match number(text, false) {
            Some(degrees) if (-limit..=limit).contains(&degrees) => Ok(degrees),
            Some(_) => Err(Refused::new(
                column,
                what(),
                format!("{text} is beyond {limit} degrees"),
                COORDINATES,
            )),
            None => Err(Refused::new(
                column,
                what(),
                format!("`{text}` is not a number"),
                COORDINATES,
            )),
        }
    };
    let (lat, lon) = (coordinate("stop_lat", 90.0)?, coordinate("stop_lon", 180.0)?);
    if lat == 0.0 && lon == 0.0 {
        let why = "it lies at 0, 0 in the Gulf of Guinea, which stands for a place that is not known";
        return Err(Refused::new("stop_lat", what(), why, COORDINATES));
    }
    Ok(Point::new(lon, lat))
}

pub(super) fn routes(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let file = format!("{}/routes.txt", archive.name);
    let mut orphans = Tally::default();
    each(archive, session, "routes.txt", &mut |session, line| {
        let id = line.id("route_id", "route")?;
        let what = || format!("route {id}");
        let route_type = line.get("route_type");
        if route_type.parse::<u16>().is_err() {
            let why = format!("`{route_type}` is not a route type");
            return Err(Refused::new(
                "route_type",
                what(),
                why,
                "give a number: 0 tram, 1 metro, 2 rail, 3 bus …",
            ));
        }
        if !feed.routes.add(id) {
            return Err(again("route_id", what()));
        }
        let mut entity = Entity::new(feed.uri("GtfsRoute", id), session.terms.name("GtfsRoute"));
        let name = line.some("route_long_name").or(line.some("route_short_name"));
        if let Some(name) = name {
            entity.put(session.terms.property("name", name));
        }
        texts(
            session,
            &mut entity,
            line,
            &[
                ("route_short_name", "shortName"),
                ("route_desc", "description"),
                ("route_type", "routeType"),
                ("route_url", "page"),
                ("route_color", "routeColor"),
                ("route_text_color", "routeTextColor"),
            ],
        );
        if let Some(order) = line
            .some("route_sort_order")
            .and_then(|text| text.parse::<i64>().ok())
        {
            entity.put(session.terms.property("routeSortOrder", order));
        }
        match line.some("agency_id").or(feed.only_agency.as_deref()) {
            Some(agency) if feed.agencies.has(agency) => {
                entity.put(
                    session
                        .terms
                        .relationship("operatedBy", feed.uri("GtfsAgency", agency)),
                );
            }
            agency => orphans.add(|| {
                format!(
                    "line {}, {} of agency `{}`",
                    line.number(),
                    what(),
                    agency.unwrap_or_default()
                )
            }),
        }
        Ok(Made::Entity(entity, 0))
    })?;
    orphans.warn(
        session,
        &file,
        "routes name no agency of agency.txt and were taken without an operator",
    );
    Ok(())
}

pub(super) fn trips(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let file = format!("{}/trips.txt", archive.name);
    let mut shapeless = Tally::default();
    each(archive, session, "trips.txt", &mut |session, line| {
        let id = line.id("trip_id", "trip")?;
        let what = || format!("trip {id}");
        let (route, service) = (line.get("route_id"), line.get("service_id"));
        if !feed.routes.has(route) {
            let why = format!("route `{route}` is not in routes.txt, or was refused there");
            return Err(Refused::new(
                "route_id",
                what(),
                why,
                "add the route to routes.txt, or mend it there",
            ));
        }
        if !feed.services.has(service) {
            let why = format!("service `{service}` is in neither calendar.txt nor calendar_dates.txt");
            return Err(Refused::new(
                "service_id",
                what(),
                why,
                "add the service to calendar.txt",
            ));
        }
        let direction = match line.get("direction_id") {
            "" => None,
            text @ ("0" | "1") => Some(i64::from(text == "1")),
            text => {
                let why = format!("`{text}` is not a direction");
                return Err(Refused::new(
                    "direction_id",
                    what(),
                    why,
                    "give 0 or 1, or leave it empty",
                ));
            }
        };
        if !feed.trips.add(id) {
            return Err(again("trip_id", what()));
        }
        let terms = &mut session.terms;
        let mut entity = Entity::new(feed.uri("GtfsTrip", id), terms.name("GtfsTrip"));
        entity.put(terms.relationship("hasRoute", feed.uri("GtfsRoute", route)));
        entity.put(terms.relationship("hasService", feed.uri("GtfsService", service)));
        if let Some(shape) = line.some("shape_id") {
            if feed.shapes.has(shape) {
                entity.put(terms.relationship("hasShape", feed.uri("GtfsShape", shape)));
            } else {
                shapeless.add(|| format!("line {}, {} of shape `{shape}`", line.number(), what()));
            }
        }
        if let Some(direction) = direction {
            entity.put(terms.property("direction", direction));
        }
        texts(
            session,
            &mut entity,
            line,
            &[
                ("trip_headsign", "headSign"),
                ("trip_short_name", "shortName"),
                ("block_id", "block"),
                ("wheelchair_accessible", "wheelChairAccessible"),
                ("bikes_allowed", "bikesAllowed"),
            ],
        );
        Ok(Made::Entity(entity, 0))
    })?;
    shapeless.warn(
        session,
        &file,
        "trips name a shape that is not in shapes.txt and were taken without it",
    );
    Ok(())
}

pub(super) fn transfers(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let mut seen = super::ids::Ids::default();
    each(archive, session, "transfers.txt", &mut |session, line| {
        let (from, to) = (line.get("from_stop_id"), line.get("to_stop_id"));
        let what = format!("transfer {from} to {to}");
        for (column, stop) in [("from_stop_id", from), ("to_stop_id", to)] {
            if !feed.stops.has(stop) {
                let why = format!("stop `{stop}` is not in stops.txt, or was refused there");
                return Err(Refused::new(
                    column,
                    what,
                    why,
                    "add the stop to stops.txt, or mend it there",
                ));
            }
        }
        // A rule may hold between two routes or two trips only.
        let parts =
            ["from_route_id", "to_route_id", "from_trip_id", "to_trip_id"].map(|column| line.get(column));
        let mut local = format!("{from}:{to}");
        if parts.iter().any(|part| !part.is_empty()) {
            local = format!("{local}:{}", parts.join(":"));
        }
        if !seen.add(&local) {
            return Err(again("from_stop_id", what));
        }
        let kind = line.some("transfer_type").unwrap_or("0");
        let minimum = match line.some("min_transfer_time") {
            None => None,
            Some(text) => Some(text.parse::<u32>().map_err(|_error| {
                let why = format!("`{text}` is not a number of seconds");
                Refused::new(
                    "min_transfer_time",
                    what.clone(),
                    why,
                    "give whole seconds, or leave it empty",
                )
            })?),
        };
        let terms = &mut session.terms;
        let mut entity = Entity::new(
            feed.uri("GtfsTransferRule", &local),
            terms.name("GtfsTransferRule"),
        );
        entity.put(terms.relationship("hasOrigin", feed.uri("GtfsStop", from)));
        entity.put(terms.relationship("hasDestination", feed.uri("GtfsStop", to)));
        entity.put(terms.property("transferType", kind));
        if let Some(minimum) = minimum {
            entity.put(terms.property("minimumTransferTime", i64::from(minimum)));
        }
        Ok(Made::Entity(entity, 0))
    })
}
