//! The verb that makes a line with all that runs on it.

use geo_types::{Coord, LineString};
use indicators::binding::terms::text_of;
use ngsi_ld::{Attribute, Entity, PropertyValue, Uri};

use super::city::{called, made, metres, name, place, type_of};
use super::expand::{Expansion, has_type};
use super::headway::{clock, clock_of};
use crate::catalogue::Effect;
use crate::catalogue::argument::{Argument, CallAt};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A stop of the line.
struct Stop {
    id: Uri,
    at: Coord<f64>,
    name: String,
}

/// How vehicles run.
struct Run {
    metres_a_second: f64,
    detour: f64,
    dwell_s: f64,
    from_s: u32,
    until_s: u32,
    headway_s: i64,
    wheelchair: Option<String>,
}

impl Expansion<'_> {
    pub(super) fn new_line(&mut self, effect: &Effect) {
        let Effect::NewLine {
            calls,
            name: line_name,
            short_name,
            headway_min,
            from,
            until,
            speed_kmh,
            detour,
            dwell_s,
            both_ways,
            route_type,
            days,
            service,
            wheelchair_accessible,
            wheelchair_boarding,
        } = effect
        else {
            return;
        };
        let Some(Argument::Calls(calls)) = self.argument(calls).cloned() else {
            return;
        };
        #[allow(clippy::cast_possible_truncation, reason = "the catalogue holds it to a day")]
        let run = Run {
            metres_a_second: self.number(speed_kmh).unwrap_or(20.0) / 3.6,
            detour: self.number(detour).unwrap_or(1.0),
            dwell_s: self.number(dwell_s).unwrap_or_default(),
            from_s: self.time(from).unwrap_or_default(),
            until_s: self.time(until).unwrap_or_default(),
            headway_s: (self.number(headway_min).unwrap_or(10.0) * 60.0).round().max(1.0) as i64,
            wheelchair: self.text(wheelchair_accessible),
        };
        if run.from_s >= run.until_s {
            self.wrong(
                "with.until",
                "the last vehicle leaves before the first",
                "give a later time; past midnight, as 25:00",
            );
            return;
        }
        let boarding = self.text(wheelchair_boarding);
        let Some(stops) = self.stops(&calls, boarding.as_deref()) else {
            return;
        };
        let given = self.named(service);
        let service = match given.first() {
            Some(found) => {
                self.plan.uses.insert(found.entity.id.clone());
                Some(found.entity.id.clone())
            }
            None if self.argument(service).is_some() => return,
            None => self.service(&self.text(days).unwrap_or_default()),
        };
        let Some(service) = service else { return };
        let route = self.route(
            self.text(line_name),
            self.text(short_name),
            self.number(route_type),
        );
        let there: Vec<&Stop> = stops.iter().collect();
        self.direction(0, &there, &route, &service, &run);
        if self.boolean(both_ways) {
            let back: Vec<&Stop> = stops.iter().rev().collect();
            self.direction(1, &back, &route, &service, &run);
        }
    }

    fn put(&mut self, entity: Entity) {
        self.plan.creates.insert(entity.id.clone(), entity);
    }

    fn stops(&mut self, calls: &[CallAt], boarding: Option<&str>) -> Option<Vec<Stop>> {
        let of = ["GtfsStop".to_owned()];
        let mut stops = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let at = format!("with.calls[{index}]");
            match call {
                CallAt::Stop(id) => {
                    let Some(entity) = self.city.get(id) else {
                        self.missing(&at, id, &of);
                        continue;
                    };
                    if !has_type(&entity, &of) {
                        let what = format!("{} is a {} and no stop", called(&entity), type_of(&entity));
                        self.wrong(&at, what, "name a GtfsStop, or give a position");
                        continue;
                    }
                    let Some(position) = place(&entity) else {
                        let what = format!("{} has no location", called(&entity));
                        self.wrong(&at, what, "name a stop that is somewhere, or give a position");
                        continue;
                    };
                    self.plan.uses.insert(id.clone());
                    stops.push(Stop {
                        id: id.clone(),
                        at: position,
                        name: text_of(&entity, "name").unwrap_or_default(),
                    });
                }
                CallAt::Position(position) => {
                    let number = (index + 1).to_string();
                    let id = made("GtfsStop", &self.measure.name, &[&number]);
                    let label = format!("{} {number}", self.title());
                    let point = self.point(&at, *position);
                    let mut stop = Entity::new(id.clone(), name("GtfsStop"))
                        .with(Attribute::property(name("name"), label.as_str()))
                        .with(Attribute::geo(name("location"), point));
                    if let Some(boarding) = boarding {
                        stop.put(Attribute::property(name("wheelChairAccessible"), boarding));
                    }
                    self.put(stop);
                    stops.push(Stop {
                        id,
                        at: *position,
                        name: label,
                    });
                }
            }
        }
        (stops.len() == calls.len()).then_some(stops)
    }

    fn route(
        &mut self,
        line_name: Option<String>,
        short_name: Option<String>,
        route_type: Option<f64>,
    ) -> Uri {
        let id = made("GtfsRoute", &self.measure.name, &[]);
        let line_name = line_name.unwrap_or_else(|| self.title().to_owned());
        let route_type = route_type.unwrap_or(3.0);
        let mut route = Entity::new(id.clone(), name("GtfsRoute"))
            .with(Attribute::property(name("name"), line_name))
            .with(Attribute::property(name("routeType"), format!("{route_type:.0}")));
        if let Some(short_name) = short_name {
            route.put(Attribute::property(name("shortName"), short_name));
        }
        // Where there is one operator, it is theirs.
        let mut agencies = Vec::new();
        let read = self
            .city
            .scan("GtfsAgency", &mut |agency| agencies.push(agency.id.clone()));
        if let (Ok(()), [agency]) = (read, agencies.as_slice()) {
            route.put(Attribute::relationship(name("operatedBy"), agency.clone()));
        }
        self.put(route);
        id
    }

    /// A service of the line's own, with a calendar where the twin has calendars.
    fn service(&mut self, days: &str) -> Option<Uri> {
        let id = made("GtfsService", &self.measure.name, &[]);
        let mut span: Option<(String, String)> = None;
        let mut hold = |from: Option<String>, until: Option<String>| {
            if let (Some(from), Some(until)) = (from, until) {
                span = Some(match span.take() {
                    None => (from, until),
                    Some((a, b)) => (a.min(from), b.max(until)),
                });
            }
        };
        let rules = self.city.scan("GtfsCalendarRule", &mut |rule| {
            hold(text_of(rule, "startDate"), text_of(rule, "endDate"));
        });
        let dates = self.city.scan("GtfsCalendarDateRule", &mut |rule| {
            hold(text_of(rule, "appliesOn"), text_of(rule, "appliesOn"));
        });
        if let Err(error) = rules.and(dates) {
            self.unread(&error);
            return None;
        }
        let title = self.title().to_owned();
        self.put(Entity::new(id.clone(), name("GtfsService")).with(Attribute::property(name("name"), title)));
        let Some((start, end)) = span else {
            self.warn("the twin has no calendar: the line runs every day, as all others do");
            return Some(id);
        };
        let mut rule = Entity::new(
            made("GtfsCalendarRule", &self.measure.name, &[]),
            name("GtfsCalendarRule"),
        )
        .with(Attribute::relationship(name("hasService"), id.clone()));
        for (index, day) in DAYS.iter().enumerate() {
            let runs = match days {
                "weekdays" => index < 5,
                "weekends" => index >= 5,
                _ => true,
            };
            rule.put(Attribute::property(name(day), runs));
        }
        rule.put(Attribute::property(name("startDate"), start));
        rule.put(Attribute::property(name("endDate"), end));
        self.put(rule);
        Some(id)
    }

    fn direction(&mut self, direction: i64, stops: &[&Stop], route: &Uri, service: &Uri, run: &Run) {
        let measure = self.measure.name.clone();
        let number = direction.to_string();
        let id = |entity_type: &str| made(entity_type, &measure, &[&number]);
        let (trip, shape) = (id("GtfsTrip"), id("GtfsShape"));
        self.put(Entity::new(shape.clone(), name("GtfsShape")).with(Attribute::geo(
            name("location"),
            LineString(stops.iter().map(|stop| stop.at).collect()),
        )));
        let mut entity = Entity::new(trip.clone(), name("GtfsTrip"))
            .with(Attribute::relationship(name("hasRoute"), route.clone()))
            .with(Attribute::relationship(name("hasService"), service.clone()))
            .with(Attribute::relationship(name("hasShape"), shape))
            .with(Attribute::property(name("direction"), direction));
        if let Some(last) = stops.last().filter(|last| !last.name.is_empty()) {
            entity.put(Attribute::property(name("headSign"), last.name.as_str()));
        }
        if let Some(wheelchair) = &run.wheelchair {
            entity.put(Attribute::property(
                name("wheelChairAccessible"),
                wheelchair.as_str(),
            ));
        }
        self.put(entity);
        // When the vehicle left the stop before, and where that is.
        let mut left: Option<(f64, Coord<f64>)> = None;
        for (index, stop) in stops.iter().enumerate() {
            let arrives = left.map_or(f64::from(run.from_s), |(at, from)| {
                at + metres(from, stop.at) * run.detour / run.metres_a_second
            });
            // At its ends a vehicle stands outside of its run.
            let stands = index > 0 && index + 1 < stops.len();
            let departure = arrives + if stands { run.dwell_s } else { 0.0 };
            left = Some((departure, stop.at));
            let sequence = i64::try_from(index + 1).unwrap_or(i64::MAX);
            let local = sequence.to_string();
            #[allow(clippy::cast_possible_truncation, reason = "seconds of a trip")]
            let time = |seconds: f64| PropertyValue::from(clock_of(seconds.round() as i64));
            self.put(
                Entity::new(
                    made("GtfsStopTime", &measure, &[&number, &local]),
                    name("GtfsStopTime"),
                )
                .with(Attribute::relationship(name("hasTrip"), trip.clone()))
                .with(Attribute::relationship(name("hasStop"), stop.id.clone()))
                .with(Attribute::property(name("stopSequence"), sequence))
                .with(Attribute::property(name("arrivalTime"), time(arrives)))
                .with(Attribute::property(name("departureTime"), time(departure))),
            );
        }
        self.put(
            Entity::new(id("GtfsFrequency"), name("GtfsFrequency"))
                .with(Attribute::relationship(name("hasTrip"), trip))
                .with(Attribute::property(name("startTime"), clock(run.from_s)))
                .with(Attribute::property(name("endTime"), clock(run.until_s)))
                .with(Attribute::property(name("headwaySeconds"), run.headway_s))
                .with(Attribute::property(name("exactTimes"), false)),
        );
    }
}
