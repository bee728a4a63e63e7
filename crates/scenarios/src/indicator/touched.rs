//! Which cells a measure could change, in whatever company: so that measures which touch no cell in common need not
//! be simulated together.
//!
//! A cell's state depends on ways of at most the indicator's limit, from the cell to a facility. So a measure can
//! change it only if such a way passes a street that the measure changes, or leads to a facility that it changes; or
//! if the cell, or the facility, comes to lie on another street. "Such a way" is looked for where there are most: on
//! all streets that the city has with any subset of the measures, every one of them open to everybody. Two measures
//! that open a way only together therefore touch the cells at its beginning both.
//!
//! With public transport every ride may lead anywhere: a measure that matters at all touches all cells.

use std::collections::{BTreeMap, BTreeSet};

use indicators::geometry::areas::AreaIndex;
use ngsi_ld::Uri;
use sim_access::equity::Capacity;
use sim_access::{EdgeAttributes, EdgeIndex, Position, Snap};

use super::straight::{Near, entrances};
use super::union::{Places, SLACK_M, Union};
use super::walk::{limit_m, position};
use super::{Asked, CellSet, Goal};
use crate::model::feed::Feed;
use crate::model::{Model, ModelError, Place, Who};

/// The cells whose state of an indicator a measure could change, in whatever company. For several measures or
/// indicators, make a [`Company`] once.
///
/// `base` is the city as it is, `after` the city with *all* measures under discussion, `changed` the entities that
/// one of them changes. For every subset of the measures without that one, and every cell outside the answer, adding
/// the measure leaves the cell's state as it is. So measures of disjoint answers do not interact.
///
/// # Errors
/// There is no such indicator, or the streets are too many for a network.
pub fn touched(base: &Model, after: &Model, changed: &[Uri], indicator: &str) -> Result<CellSet, ModelError> {
    Company::of(base, after)?.touched(changed, indicator)
}

/// All measures under discussion, for [`touched`].
pub struct Company<'a> {
    base: &'a Model,
    after: &'a Model,
    /// `None`: without streets, or with streets in one city only.
    union: Option<Union>,
    /// Nothing can be said but that everything may change.
    anything: bool,
    calls: Calls,
}

/// What a measure changes, as far as an indicator asks.
#[derive(Default)]
struct Changes {
    edges: Vec<EdgeIndex>,
    reshaped: BTreeSet<usize>,
    places: BTreeSet<Uri>,
    stops: BTreeSet<Uri>,
    /// It matters, but not where.
    anything: bool,
}

impl Changes {
    fn is_nothing(&self) -> bool {
        self.edges.is_empty()
            && self.reshaped.is_empty()
            && self.places.is_empty()
            && self.stops.is_empty()
            && !self.anything
    }
}

/// A facility in either city.
struct Facility {
    changed: bool,
    capacity: Capacity,
    places: Places,
}

impl<'a> Company<'a> {
    /// The city as it is, and with all measures.
    ///
    /// # Errors
    /// The streets are too many for a network.
    pub fn of(base: &'a Model, after: &'a Model) -> Result<Self, ModelError> {
        let union = match (base.streets(), after.streets()) {
            (Some(before), Some(now)) => Some(Union::of(before, now, [base, after])?),
            _ => None,
        };
        Ok(Self {
            base,
            after,
            union,
            anything: base.streets().is_some() != after.streets().is_some() || base.cells() != after.cells(),
            calls: Calls::of([base.feed(), after.feed()]),
        })
    }

    /// As [`touched`], for the entities that one of the measures changes.
    ///
    /// # Errors
    /// There is no such indicator.
    pub fn touched(&self, changed: &[Uri], indicator: &str) -> Result<CellSet, ModelError> {
        let asked = Asked::of(indicator)?;
        let count = self.base.cells().len();
        let changes = self.changes(changed, asked);
        let everything = self.anything || changes.anything;
        if changed.is_empty() || (changes.is_nothing() && !self.anything) {
            return Ok(CellSet::none(count));
        }
        if everything || asked.transit {
            return Ok(CellSet::all(count));
        }
        let mut cells = CellSet::none(count);
        match &self.union {
            Some(union) => self.along_streets(union, &changes, asked, &mut cells),
            None => self.straight(&changes, asked, &mut cells),
        }
        Ok(cells)
    }

    fn along_streets(&self, union: &Union, changes: &Changes, asked: Asked, cells: &mut CellSet) {
        let facilities = self.facilities(union, changes, asked);
        for capacity in [Capacity::Low, Capacity::High] {
            let of = || facilities.iter().filter(|facility| facility.capacity == capacity);
            let all: Vec<Snap> = of()
                .flat_map(|facility| facility.places.snaps.iter().copied())
                .collect();
            let moved = |facility: &&Facility| {
                let on_reshaped = facility
                    .places
                    .on
                    .iter()
                    .any(|shape| changes.reshaped.contains(shape));
                facility.changed || on_reshaped
            };
            let changed: Vec<Snap> = of()
                .filter(moved)
                .flat_map(|facility| facility.places.snaps.iter().copied())
                .collect();
            let limit_m = limit_m(self.base, asked, capacity);
            if !all.is_empty() {
                union.cells(&all, &changes.edges, &changed, limit_m, &mut |cell| {
                    cells.insert(cell);
                });
            }
        }
        // Who may come to live on another street.
        for (cell, home) in union.homes.iter().enumerate() {
            if home.on.iter().any(|shape| changes.reshaped.contains(shape)) {
                cells.insert(cell);
            }
        }
    }

    /// The facilities of both cities; one that is elsewhere, or moves more people, in each is two.
    fn facilities(&self, union: &Union, changes: &Changes, asked: Asked) -> Vec<Facility> {
        let mut facilities = Vec::new();
        let Some(kind) = asked.goal.kind() else {
            for (id, at, capacity) in self.stops() {
                facilities.push(Facility {
                    changed: changes.stops.contains(id),
                    capacity,
                    places: union.stop(at),
                });
            }
            return facilities;
        };
        for city in [self.base, self.after] {
            for place in city.places(kind) {
                facilities.push(Facility {
                    changed: changes.places.contains(&place.id),
                    capacity: Capacity::Low,
                    places: union.entrances(place, city.entrances(&place.id)),
                });
            }
        }
        facilities
    }

    /// The stops that any trip of either city calls at, wherever they are in either. One that some subset may serve by
    /// rail is there twice: by bus, and by rail.
    fn stops(&self) -> impl Iterator<Item = (&Uri, Position, Capacity)> {
        let feeds = || [self.base.feed(), self.after.feed()].into_iter();
        self.calls.trips_at.iter().flat_map(move |(stop, trips)| {
            let of_rail = |trip: &Uri| {
                let routes = feeds().filter_map(|feed| feed.trips.get(trip)?.route.clone());
                let routes: Vec<Uri> = routes.collect();
                feeds().any(|feed| {
                    let capacity = |route| feed.routes.get(route).map(|capacity| **capacity);
                    routes.iter().any(|route| capacity(route) == Some(Capacity::High))
                })
            };
            let places: Vec<Position> = feeds()
                .filter_map(|feed| Some(feed.stops.get(stop)?.place))
                .collect();
            let same = places.windows(2).all(|pair| pair[0] == pair[1]);
            let places = places.into_iter().take(if same { 1 } else { 2 });
            let rail = trips.iter().any(of_rail);
            let capacities: &[Capacity] = if rail {
                &[Capacity::Low, Capacity::High]
            } else {
                &[Capacity::Low]
            };
            places.flat_map(move |at| capacities.iter().map(move |&capacity| (stop, at, capacity)))
        })
    }

    fn straight(&self, changes: &Changes, asked: Asked, cells: &mut CellSet) {
        let mut by_capacity: [Vec<(Position, f64)>; 2] = Default::default();
        for (_, at, capacity) in self.stops().filter(|(id, ..)| changes.stops.contains(*id)) {
            by_capacity[usize::from(capacity == Capacity::High)].push((at, 0.0));
        }
        let mut outlines = Vec::new();
        for city in [self.base, self.after] {
            for place in changes.places.iter().filter_map(|id| city.place(id)) {
                by_capacity[0].extend(entrances(place).into_iter().map(|at| (at, 0.0)));
                outlines.extend(place.outline.as_ref());
            }
        }
        let within = AreaIndex::new(outlines);
        for (places, capacity) in by_capacity.into_iter().zip([Capacity::Low, Capacity::High]) {
            let limit_m = limit_m(self.base, asked, capacity) + SLACK_M;
            let near = Near::new(places, self.base.options().detour, limit_m);
            for (number, cell) in self.base.cells().iter().enumerate() {
                if near.reaches(position(cell.centre)) || within.any(cell.centre) {
                    cells.insert(number);
                }
            }
        }
    }

    /// What of these entities an indicator asks for.
    fn changes(&self, changed: &[Uri], asked: Asked) -> Changes {
        let mut changes = Changes::default();
        let served = asked.goal == Goal::Stop || asked.transit;
        for id in changed {
            if self.base.is_of_people(id) || self.after.is_of_people(id) {
                changes.anything = true;
            }
            if let Some(union) = &self.union {
                self.street_changes(union, id, asked, &mut changes);
            }
            if let Some(kind) = asked.goal.kind() {
                let [before, now] = [self.base.place(id), self.after.place(id)];
                let ours = |place: &Place| place.is(kind);
                let matters = before.is_some_and(ours) || now.is_some_and(ours);
                if matters && !self.same_for(asked.who, before, now) {
                    changes.places.insert(id.clone());
                }
            }
            if served {
                self.feed_changes(id, asked, &mut changes);
            }
        }
        changes
    }

    /// Whether two states of a place are one for somebody: only its name, its capacity, its doors for wheels differ.
    fn same_for(&self, who: Who, before: Option<&Place>, now: Option<&Place>) -> bool {
        let (Some(before), Some(now)) = (before, now) else {
            return false;
        };
        let bare = |place: &Place| Place {
            name: String::new(),
            wheelchair: None,
            ..place.clone()
        };
        !self.base.profile(who).heeds_wheelchair_tag && bare(before) == bare(now)
    }

    fn street_changes(&self, union: &Union, id: &Uri, asked: Asked, changes: &mut Changes) {
        let [before, now] = [self.base, self.after].map(Model::street_entities);
        let same_on_foot = match (before.ways.get(id), now.ways.get(id)) {
            (None, None) => true,
            (Some(was), Some(is)) => {
                asked.who == Who::Walking
                    && was.same_shape(is)
                    && on_foot(&was.attributes) == on_foot(&is.attributes)
            }
            _ => false,
        };
        if !same_on_foot {
            changes.edges.extend(union.edges_of_way(id));
            changes.reshaped.extend(union.shapes_of(id));
        }
        for report in [before.reports.get(id), now.reports.get(id)]
            .into_iter()
            .flatten()
        {
            changes.edges.extend(union.edges_of_way(&report.way));
        }
        match (before.joints.get(id), now.joints.get(id)) {
            (None, None) => {}
            (Some(was), Some(is)) if was.same_place(is) => {
                // Kerbs are nothing to somebody on foot.
                let climbs = self.base.profile(asked.who).max_kerb_m.is_none();
                if !climbs || was.obstacle != is.obstacle {
                    changes.edges.extend(union.edges_at(id));
                }
            }
            _ => changes.anything = true,
        }
    }

    fn feed_changes(&self, id: &Uri, asked: Asked, changes: &mut Changes) {
        let (before, now) = (self.base.feed(), self.after.feed());
        if !self.base.profile(asked.who).heeds_wheelchair_tag {
            // Where only the word for wheels is another, nothing is to somebody without.
            let stop = |feed: &Feed| feed.stops.get(id).map(|stop| (stop.place, stop.parent.clone()));
            let trip = |feed: &Feed| {
                feed.trips
                    .get(id)
                    .map(|trip| (trip.route.clone(), trip.service.clone()))
            };
            let is_either = stop(before).is_some() || trip(before).is_some();
            if is_either && stop(before) == stop(now) && trip(before) == trip(now) {
                return;
            }
        }
        for feed in [before, now] {
            // A frequency says when, not where; a calendar may end the service anywhere.
            let calendar = feed.rules.get(id).is_some() || feed.exceptions.get(id).is_some();
            let frequency = feed.frequencies.get(id).is_some() && asked.transit;
            changes.anything |= calendar || frequency;
            if feed.stops.get(id).is_some() {
                changes.stops.insert(id.clone());
                let of_station = feed
                    .stops
                    .iter()
                    .filter(|(_, stop)| stop.parent.as_ref() == Some(id));
                changes.stops.extend(of_station.map(|(stop, _)| stop.clone()));
            }
            let mut trips: Vec<&Uri> = Vec::new();
            trips.extend(feed.trips.get(id).map(|_| id));
            trips.extend(feed.calls.get(id).map(|call| &call.trip));
            if feed.routes.get(id).is_some() {
                let of_route = feed
                    .trips
                    .iter()
                    .filter(|(_, trip)| trip.route.as_ref() == Some(id));
                trips.extend(of_route.map(|(trip, _)| trip));
            }
            for trip in trips {
                changes.stops.extend(self.calls.stops_of(trip).cloned());
            }
        }
    }
}

/// What is known of a way, as far as it matters to somebody on foot.
fn on_foot(way: &EdgeAttributes) -> EdgeAttributes {
    EdgeAttributes {
        surface: None,
        smoothness: None,
        width_m: None,
        ramp: None,
        handrail: None,
        kerb_from: None,
        kerb_to: None,
        tactile_paving: None,
        wheelchair: None,
        ..*way
    }
}

/// Which trips call at which stops, in either city.
struct Calls {
    stops_of: BTreeMap<Uri, BTreeSet<Uri>>,
    trips_at: BTreeMap<Uri, BTreeSet<Uri>>,
}

impl Calls {
    fn of(feeds: [&Feed; 2]) -> Self {
        let mut calls = Self {
            stops_of: BTreeMap::new(),
            trips_at: BTreeMap::new(),
        };
        for (_, call) in feeds.into_iter().flat_map(|feed| feed.calls.iter()) {
            let (trip, stop) = (&call.trip, &call.stop);
            calls
                .stops_of
                .entry(trip.clone())
                .or_default()
                .insert(stop.clone());
            calls
                .trips_at
                .entry(stop.clone())
                .or_default()
                .insert(trip.clone());
        }
        calls
    }

    fn stops_of(&self, trip: &Uri) -> impl Iterator<Item = &Uri> {
        self.stops_of.get(trip).into_iter().flatten()
    }
}
