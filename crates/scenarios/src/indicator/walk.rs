//! Reach along the streets: stops, parks, clinics, schools.

use geo_types::Coord;
use indicators::geometry::areas::AreaIndex;
use sim_access::equity::{Capacity, Facility, HIGH_CAPACITY_M, LOW_CAPACITY_M, OPEN_SPACE_M, reach_states};
use sim_access::{Metric, Passability, Position, Workspace};

use super::straight::{Near, entrances};
use super::{Asked, Goal};
use crate::model::{Model, Stop, Who};

/// How far somebody goes, metres; to a stop of high capacity twice as far.
pub(super) fn limit_m(model: &Model, asked: Asked, capacity: Capacity) -> f64 {
    match (asked.goal, capacity) {
        (Goal::Stop, Capacity::Low) => LOW_CAPACITY_M,
        (Goal::Stop, Capacity::High) => HIGH_CAPACITY_M,
        (Goal::Park, _) => OPEN_SPACE_M,
        (Goal::Clinic | Goal::School, _) => model.options().walk_m,
    }
}

/// The states of all cells; `None`: there is nothing to go to.
pub(super) fn states(model: &Model, asked: Asked) -> Option<Vec<Passability>> {
    let Some(kind) = asked.goal.kind() else {
        return stops(model, asked);
    };
    let places = model.places(kind);
    if places.is_empty() {
        return None;
    }
    let profile = model.profile(asked.who);
    let limit_m = limit_m(model, asked, Capacity::Low);
    if model.streets().is_some() {
        let facilities: Vec<Facility> = places
            .iter()
            .flat_map(|place| {
                let state = place.state(&profile);
                model.entrances(&place.id).iter().map(move |snap| Facility {
                    place: Some(*snap),
                    state,
                })
            })
            .collect();
        return Some(along_streets(model, asked.who, &facilities, limit_m));
    }
    let gates = places
        .iter()
        .map(|place| (entrances(place), place.state(&profile)));
    let mut states = straight(
        model,
        asked.who,
        gates.flat_map(|(gates, state)| gates.into_iter().map(move |gate| (gate, state))),
        limit_m,
    );
    // Who lives within a park reaches it.
    let parks = places
        .iter()
        .filter(|place| place.is_open() && place.state(&profile) == Passability::Passable);
    let within = AreaIndex::new(parks.filter_map(|place| place.outline.as_ref()));
    for (state, cell) in states.iter_mut().zip(model.cells()) {
        if within.any(cell.centre) {
            *state = state.or(best(asked.who));
        }
    }
    Some(states)
}

fn stops(model: &Model, asked: Asked) -> Option<Vec<Passability>> {
    let profile = model.profile(asked.who);
    let mut states: Option<Vec<Passability>> = None;
    for capacity in [Capacity::Low, Capacity::High] {
        let stops = model.stops().iter();
        let of: Vec<(&Stop, Passability)> = stops
            .filter_map(|stop| Some((stop, stop.state(&profile, capacity)?)))
            .collect();
        if of.is_empty() {
            continue;
        }
        let limit_m = limit_m(model, asked, capacity);
        let found = if model.streets().is_some() {
            let facility = |&(stop, state): &(&Stop, Passability)| Facility {
                place: stop.snap,
                state,
            };
            let facilities: Vec<Facility> = of.iter().map(facility).collect();
            along_streets(model, asked.who, &facilities, limit_m)
        } else {
            let places = of.iter().map(|(stop, state)| (stop.position, *state));
            straight(model, asked.who, places, limit_m)
        };
        states = Some(match states {
            None => found,
            Some(mut states) => {
                for (state, found) in states.iter_mut().zip(found) {
                    *state = state.or(found);
                }
                states
            }
        });
    }
    states
}

fn along_streets(model: &Model, who: Who, facilities: &[Facility], limit_m: f64) -> Vec<Passability> {
    let Some(streets) = model.streets() else {
        return Vec::new();
    };
    reach_states(
        streets.towards(who, Metric::Distance),
        facilities,
        model.cell_snaps(),
        Metric::Distance.cost(limit_m),
        &mut Workspace::new(),
    )
}

/// The best that can be said of a way in the air.
const fn best(who: Who) -> Passability {
    match who {
        Who::Walking => Passability::Passable,
        Who::Wheelchair => Passability::Unknown,
    }
}

pub(super) fn position(centre: Coord<f64>) -> Position {
    Position::new(centre.x, centre.y)
}

fn straight(
    model: &Model,
    who: Who,
    places: impl Iterator<Item = (Position, Passability)>,
    limit_m: f64,
) -> Vec<Passability> {
    let places: Vec<(Position, Passability)> = places.collect();
    let mut states = vec![Passability::Blocked; model.cells().len()];
    for at_least in [Passability::Unknown, Passability::Passable] {
        let usable = places.iter().filter(|(_, state)| *state >= at_least);
        let near = Near::new(
            usable.map(|(at, _)| (*at, 0.0)).collect(),
            model.options().detour,
            limit_m,
        );
        for (state, cell) in states.iter_mut().zip(model.cells()) {
            if near.reaches(position(cell.centre)) {
                *state = at_least.and(best(who));
            }
        }
    }
    states
}
