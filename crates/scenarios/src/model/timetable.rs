//! The timetable of a day, of GTFS entities.
//!
//! The day is the one that was asked for; else the first Tuesday on which most trips run (without service on Tuesdays,
//! the first day on which most do). Trips of the day before and after count as far as they run into it. Times missing
//! between two stops are interpolated by the straight distance; a trip whose first or last time is missing, or whose
//! times run backwards, is left out. So is a stop more than 100 km from the city, with its calls. On foot between two
//! rides one walks or rolls at most five minutes.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan as _;
use jiff::civil::Date;
use ngsi_ld::Uri;
use sim_access::equity::Capacity;
use sim_access::transit::{
    Call, Footpath, Frequency, Services, StopInput, StraightLine, ThreeTimetables, TimetableOptions,
    TransitError, TripInput, network_footpaths, straight_footpaths,
};
use sim_access::{Metric, Passability, Position, Profile, Snap};

use super::calendar::Calendar;
use super::feed::{Feed, FeedCall};
use super::people::People;
use super::streets::PLACE_WITHIN_M;
use super::{ModelError, Streets, TravelOptions, Who, profile_of};

/// The longest way on foot between two rides, seconds.
pub const TRANSFER_S: f64 = 300.0;
/// A stop farther from the city than this, metres, is a mistake.
const FAR_M: f64 = 100_000.0;
/// Ten days: no time lies further from midnight.
const MOST_S: i32 = 864_000;

/// A stop that is called at.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub position: Position,
    /// Whether one gets on and off by wheelchair; what a station says holds for stops of it that say nothing.
    pub wheelchair: Passability,
    /// Whether a vehicle that lets people on calls there on the day.
    pub served: bool,
    /// Whether such a vehicle takes wheelchairs: one of a line of low capacity, and one of high capacity; `None`: no
    /// such line calls there.
    pub vehicles: [Option<Passability>; 2],
    /// Where it is on the streets; `None`: there are no streets, or none near it.
    pub snap: Option<Snap>,
}

impl Stop {
    /// Whether somebody can board there: one must get on there, and a vehicle that calls must take them. As a stop of
    /// high capacity only lines of high capacity count, as one of low capacity all lines, for who is near enough to a
    /// bus is near enough to a train. `None`: none calls there on the day.
    pub(crate) fn state(&self, profile: &Profile, capacity: Capacity) -> Option<Passability> {
        let [low, high] = self.vehicles;
        let vehicles = match (capacity, low, high) {
            (Capacity::Low, Some(low), Some(high)) => low.or(high),
            (Capacity::Low, low, high) => low.or(high)?,
            (Capacity::High, _, high) => high?,
        };
        Some(if profile.heeds_wheelchair_tag {
            self.wheelchair.and(vehicles)
        } else {
            Passability::Passable
        })
    }
}

/// A timetable of a day.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// The day, `YYYY-MM-DD`; `None`: the twin has no calendar, and every trip runs every day.
    pub date: Option<String>,
    /// The stops that trips call at, by id; numbers of stops in [`Timetable::trips`] are places in it.
    pub stops: Vec<Stop>,
    /// The trips that run on the day, the day before or the day after, by id.
    pub trips: Vec<TripInput>,
    /// The entities of the trips.
    pub trip_ids: Vec<Uri>,
    /// On which of the three days each service runs.
    pub services: Services,
    pub(crate) notes: Vec<String>,
}

/// What was left out of a timetable.
#[derive(Default)]
struct Left<'a> {
    far: BTreeMap<&'a Uri, f64>,
    no_stop: usize,
    no_time: Vec<&'a Uri>,
    backwards: Vec<&'a Uri>,
}

impl Timetable {
    /// The timetable of the day that `options` name, or of the busiest one. `None`: there are no trips.
    pub(crate) fn of(
        feed: &Feed,
        options: &TravelOptions,
        people: &People,
        streets: Option<&Streets>,
    ) -> Result<Option<Self>, ModelError> {
        if feed.trips.is_empty() {
            return Ok(None);
        }
        let calendar = Calendar::of(feed);
        let day = match &options.date {
            Some(text) => Some(super::date_of(text)?),
            None => calendar.busiest_day(feed),
        };
        let mut timetable = Self {
            date: day.filter(|_| !feed.has_no_calendar()).map(|day| day.to_string()),
            stops: Vec::new(),
            trips: Vec::new(),
            trip_ids: Vec::new(),
            services: Services::default(),
            notes: Vec::new(),
        };
        let mut services: BTreeMap<Option<&Uri>, (u32, [bool; 3])> = BTreeMap::new();
        let mut running: Vec<(&Uri, u32)> = Vec::new();
        for (id, trip) in feed.trips.iter() {
            let next = small(services.len());
            let (number, runs) = *services.entry(trip.service.as_ref()).or_insert_with(|| {
                let runs =
                    around(day).map(|day| day.is_some_and(|day| calendar.runs(trip.service.as_ref(), day)));
                (next, if feed.has_no_calendar() { [true; 3] } else { runs })
            });
            if runs.contains(&true) {
                running.push((id, number));
            }
        }
        let mut runs: Vec<(u32, [bool; 3])> = services.into_values().collect();
        runs.sort_unstable_by_key(|(number, _)| *number);
        timetable.services.runs = runs.into_iter().map(|(_, runs)| runs).collect();
        timetable.take(feed, &running, people, streets);
        Ok(Some(timetable))
    }

    /// Takes in the trips that run, with their calls, stops and frequencies.
    fn take<'a>(
        &mut self,
        feed: &'a Feed,
        running: &[(&'a Uri, u32)],
        people: &People,
        streets: Option<&Streets>,
    ) {
        let middle = Middle::of(feed, people);
        let mut left = Left::default();
        let number_of: HashMap<&Uri, usize> =
            running.iter().enumerate().map(|(n, (id, _))| (*id, n)).collect();
        let mut calls: Vec<Vec<(&Uri, &FeedCall)>> = vec![Vec::new(); running.len()];
        for (id, call) in feed.calls.iter() {
            let Some(&number) = number_of.get(&call.trip) else {
                continue;
            };
            match feed.stops.get(&call.stop) {
                None => left.no_stop += 1,
                Some(stop) => match middle.beyond_m(stop.place) {
                    Some(away) => drop(left.far.insert(&call.stop, away)),
                    None => calls[number].push((id, call)),
                },
            }
        }
        let mut frequencies: HashMap<&Uri, Vec<Frequency>> = HashMap::new();
        for (_, frequency) in feed.frequencies.iter() {
            frequencies.entry(&frequency.trip).or_default().push(Frequency {
                start_s: frequency.start_s.min(MOST_S),
                end_s: frequency.end_s.min(MOST_S),
                headway_s: frequency.headway_s,
                exact: frequency.exact,
            });
        }
        let mut stops: BTreeMap<&Uri, u32> = BTreeMap::new();
        for (_, call) in calls.iter().flatten() {
            stops.insert(&call.stop, 0);
        }
        for (number, place) in stops.values_mut().enumerate() {
            *place = small(number);
        }
        self.stops = stops.keys().filter_map(|id| stop(feed, id, streets)).collect();
        for ((id, service), mut calls) in running.iter().zip(calls) {
            calls.sort_by(|a, b| a.1.sequence.total_cmp(&b.1.sequence).then(a.0.cmp(b.0)));
            let Some(trip) = feed.trips.get(id) else { continue };
            let Some(calls) = timed(feed, &calls, &stops, id, &mut left) else {
                continue;
            };
            if self.services.runs[*service as usize][1] {
                let route = trip.route.as_ref().and_then(|route| feed.routes.get(route));
                let high = route.is_some_and(|capacity| **capacity == Capacity::High);
                for call in calls.iter().filter(|call| call.pick_up) {
                    let stop = &mut self.stops[call.stop as usize];
                    let vehicles = &mut stop.vehicles[usize::from(high)];
                    let before = vehicles.unwrap_or(Passability::Blocked);
                    *vehicles = Some(before.or(trip.wheelchair));
                    stop.served = true;
                }
            }
            self.trips.push(TripInput {
                id: id.to_string(),
                service: *service,
                wheelchair: trip.wheelchair,
                calls,
                frequencies: frequencies.remove(*id).unwrap_or_default(),
            });
            self.trip_ids.push((*id).clone());
        }
        self.tell(feed, &left, streets);
    }

    fn tell(&mut self, feed: &Feed, left: &Left<'_>, streets: Option<&Streets>) {
        let mut note = |text: String| self.notes.push(text);
        match &self.date {
            Some(date) => note(format!(
                "the timetable is that of {date}: {} of {} trips run on that day or the days around it",
                self.trips.len(),
                feed.trips.len()
            )),
            None if feed.has_no_calendar() => {
                note("the timetable has no calendar: every trip counts as running every day".to_owned());
            }
            None => note("by their calendars, none of the trips ever runs".to_owned()),
        }
        if let Some((id, away)) = left.far.iter().next() {
            note(format!(
                "{} stops lie more than {:.0} km from the city and are left out with their calls (the first: {id}, \
                 {:.0} km away): mend their positions",
                left.far.len(),
                FAR_M / 1000.0,
                away / 1000.0
            ));
        }
        if left.no_stop > 0 {
            note(format!(
                "{} calls are left out: their stops are not there or have no place",
                left.no_stop
            ));
        }
        for (trips, why) in [
            (&left.no_time, "the time of their first or last stop is missing"),
            (&left.backwards, "their times run backwards or pass ten days"),
        ] {
            if let Some(first) = trips.first() {
                note(format!(
                    "{} trips are left out: {why} (the first: {first})",
                    trips.len()
                ));
            }
        }
        if streets.is_some() {
            let off = self
                .stops
                .iter()
                .filter(|stop| stop.served && stop.snap.is_none())
                .count();
            if off > 0 {
                note(format!(
                    "{off} stops lie more than {PLACE_WITHIN_M:.0} m from every street: nobody gets there on foot"
                ));
            }
        }
    }

    /// The stops as the simulator takes them: who does not heed wheelchair tags can use every stop.
    pub fn inputs(&self, profile: &Profile) -> Vec<StopInput> {
        let stops = self.stops.iter().map(|stop| StopInput {
            id: stop.id.to_string(),
            position: stop.position,
            wheelchair: if profile.heeds_wheelchair_tag {
                stop.wheelchair
            } else {
                Passability::Passable
            },
        });
        stops.collect()
    }

    /// The trips as the simulator takes them: who does not heed wheelchair tags can use every vehicle.
    pub fn trips_for(&self, profile: &Profile) -> Vec<TripInput> {
        let mut trips = self.trips.clone();
        if !profile.heeds_wheelchair_tag {
            for trip in &mut trips {
                trip.wheelchair = Passability::Passable;
            }
        }
        trips
    }

    /// Ways on foot between stops, of at least a state: along the streets, or straight times the detour where there
    /// are none. Of those, nobody knows whether wheels pass.
    ///
    /// # Errors
    /// None that streets of this crate cause.
    pub fn footpaths(
        &self,
        streets: Option<&Streets>,
        options: &TravelOptions,
        who: Who,
        at_least: Passability,
    ) -> Result<Vec<Footpath>, TransitError> {
        let Some(streets) = streets else {
            let straight = straight_line(options, who, TRANSFER_S);
            let mut paths = straight_footpaths(&self.inputs(&who_is(who, options)), &straight);
            if who == Who::Walking {
                for path in &mut paths {
                    path.state = Passability::Passable;
                }
            }
            return Ok(paths);
        };
        let snaps: Vec<Option<Snap>> = self.stops.iter().map(|stop| stop.snap).collect();
        network_footpaths(streets.travel(who, Metric::Time), &snaps, TRANSFER_S, at_least, 1)
    }

    /// The timetable with all, with what may be and with what is known to be accessible.
    ///
    /// # Errors
    /// None that entities of this crate cause: what does not fit was left out when they were read. Too many calls for
    /// memory.
    pub fn build(
        &self,
        streets: Option<&Streets>,
        options: &TravelOptions,
        who: Who,
    ) -> Result<ThreeTimetables, TransitError> {
        let footpaths = self.footpaths(streets, options, who, Passability::Blocked)?;
        let profile = who_is(who, options);
        ThreeTimetables::build(
            &self.inputs(&profile),
            &self.trips_for(&profile),
            &footpaths,
            &self.services,
            TimetableOptions::default(),
        )
    }
}

/// Walking without streets, for at most so long.
pub(crate) fn straight_line(options: &TravelOptions, who: Who, within_s: f64) -> StraightLine {
    let speed_m_s = who_is(who, options).speed_m_s;
    StraightLine {
        within_m: within_s * speed_m_s,
        detour: options.detour,
        speed_m_s,
    }
}

/// The profile of somebody; that of options that name none is the usual one.
fn who_is(who: Who, options: &TravelOptions) -> Profile {
    match who {
        Who::Walking => Profile::walking(),
        Who::Wheelchair => profile_of(options).unwrap_or_else(Profile::manual_wheelchair),
    }
}

fn around(day: Option<Date>) -> [Option<Date>; 3] {
    [-1_i64, 0, 1].map(|ahead| day?.checked_add(ahead.days()).ok())
}

fn stop(feed: &Feed, id: &Uri, streets: Option<&Streets>) -> Option<Stop> {
    let stop = feed.stops.get(id)?;
    let station = || {
        feed.stops
            .get(stop.parent.as_ref()?)
            .map(|station| station.wheelchair)
    };
    let wheelchair = match stop.wheelchair {
        Passability::Unknown => station().unwrap_or(Passability::Unknown),
        said => said,
    };
    Some(Stop {
        id: id.clone(),
        name: stop.name.clone(),
        position: stop.place,
        wheelchair,
        served: false,
        vehicles: [None; 2],
        snap: streets.and_then(|streets| streets.snap(stop.place, PLACE_WITHIN_M)),
    })
}

/// The calls of a trip with all their times. `None`: it is left out.
fn timed<'a>(
    feed: &Feed,
    calls: &[(&'a Uri, &'a FeedCall)],
    stops: &BTreeMap<&Uri, u32>,
    trip: &'a Uri,
    left: &mut Left<'a>,
) -> Option<Vec<Call>> {
    if calls.len() < 2 {
        return None;
    }
    let known = |call: &FeedCall| {
        let arrival = call.arrival_s.or(call.departure_s)?;
        Some([arrival, call.departure_s.unwrap_or(arrival).max(arrival)])
    };
    let mut times: Vec<Option<[i32; 2]>> = calls.iter().map(|(_, call)| known(call)).collect();
    if times.first().copied().flatten().is_none() || times.last().copied().flatten().is_none() {
        left.no_time.push(trip);
        return None;
    }
    let mut from = 0;
    for to in 1..times.len() {
        if let (Some([_, leaves]), Some([arrives, _])) = (times[from], times[to]) {
            interpolate(feed, calls, &mut times, [from, to], [leaves, arrives]);
            from = to;
        }
    }
    let mut before = 0;
    let mut timed = Vec::with_capacity(calls.len());
    for ((_, call), time) in calls.iter().zip(times) {
        let [arrival_s, departure_s] = time?;
        if arrival_s < before || departure_s > MOST_S {
            left.backwards.push(trip);
            return None;
        }
        before = departure_s;
        timed.push(Call {
            stop: *stops.get(&call.stop)?,
            arrival_s,
            departure_s,
            pick_up: call.pick_up,
            drop_off: call.drop_off,
        });
    }
    Some(timed)
}

/// Gives the calls between two their times, by the straight distance from stop to stop.
#[allow(clippy::cast_possible_truncation, reason = "between two times of a timetable")]
fn interpolate(
    feed: &Feed,
    calls: &[(&Uri, &FeedCall)],
    times: &mut [Option<[i32; 2]>],
    [from, to]: [usize; 2],
    [leaves, arrives]: [i32; 2],
) {
    if to - from < 2 {
        return;
    }
    let place = |at: usize| feed.stops.get(&calls[at].1.stop).map(|stop| stop.place);
    let leg = |at: usize| place(at).zip(place(at + 1)).map_or(0.0, |(a, b)| a.distance_m(b));
    let all: f64 = (from..to).map(leg).sum();
    let mut along = 0.0;
    for (at, time) in times.iter_mut().enumerate().take(to).skip(from + 1) {
        along += leg(at - 1);
        let share = if all > 0.0 {
            along / all
        } else {
            (at - from) as f64 / (to - from) as f64
        };
        let passes = (f64::from(leaves) + share * f64::from(arrives - leaves)).round() as i32;
        *time = Some([passes; 2]);
    }
}

/// Where the city is: its boundary, or the middle of all stops.
struct Middle {
    low: Position,
    high: Position,
}

impl Middle {
    fn of(feed: &Feed, people: &People) -> Self {
        let bounds = &people.bounds;
        if !bounds.is_empty() {
            return Self {
                low: Position::new(bounds.min_x, bounds.min_y),
                high: Position::new(bounds.max_x, bounds.max_y),
            };
        }
        let median = |of: fn(Position) -> f64| {
            let mut values: Vec<f64> = feed.stops.iter().map(|(_, stop)| of(stop.place)).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        let middle = Position::new(median(|at| at.lon), median(|at| at.lat));
        Self {
            low: middle,
            high: middle,
        }
    }

    /// How far a place is from the city, where that is too far.
    fn beyond_m(&self, place: Position) -> Option<f64> {
        let nearest = Position::new(
            place.lon.clamp(self.low.lon, self.high.lon),
            place.lat.clamp(self.low.lat, self.high.lat),
        );
        let away = place.distance_m(nearest);
        (away > FAR_M).then_some(away)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "fewer than 2^32 entities fit in memory"
)]
fn small(count: usize) -> u32 {
    count as u32
}
