//! Reach by public transport: one search backwards from all clinics.

use std::sync::Arc;

use sim_access::reach::search_towards;
use sim_access::transit::{AccessLeg, Reversed, Rounds, Timetable, TimetableOptions, TransitError};
use sim_access::{Metric, Passability, Position, Start, Workspace};

use super::straight::{Near, entrances};
use super::walk::position;
use crate::model::timetable::straight_line;
use crate::model::{Model, ModelError, Place, Stop, Who, departure_s};

/// The most rides in a journey.
const MOST_RIDES: usize = 5;

/// What a way is at least: not known, or known to be good.
const AT_LEAST: [Passability; 2] = [Passability::Unknown, Passability::Passable];

/// The day's timetable, backwards, for each of [`AT_LEAST`].
#[derive(Debug)]
pub(crate) struct Rides {
    reversed: [Reversed; 2],
}

impl Rides {
    fn of(model: &Model, timetable: &crate::model::Timetable, who: Who) -> Result<Self, TransitError> {
        let footpaths = timetable.footpaths(model.streets(), model.options(), who, Passability::Unknown)?;
        let profile = model.profile(who);
        let (stops, trips) = (timetable.inputs(&profile), timetable.trips_for(&profile));
        let reversed = |at_least| {
            let options = TimetableOptions {
                at_least,
                ..TimetableOptions::default()
            };
            let timetable = Timetable::build(&stops, &trips, &footpaths, &timetable.services, options)?;
            Ok(Reversed::of(&timetable))
        };
        let [unknown, passable] = AT_LEAST;
        Ok(Self {
            reversed: [reversed(unknown)?, reversed(passable)?],
        })
    }
}

fn rides(model: &Model, timetable: &crate::model::Timetable, who: Who) -> Result<Arc<Rides>, ModelError> {
    let cache = model.rides(who);
    if let Some(rides) = cache.get() {
        return Ok(Arc::clone(rides));
    }
    let rides = Rides::of(model, timetable, who)
        .map_err(|error| ModelError::Data(format!("the timetable: {error}")))?;
    Ok(Arc::clone(cache.get_or_init(|| Arc::new(rides))))
}

/// When somebody leaves, and how long they have.
#[derive(Clone, Copy)]
struct Span {
    departure_s: i32,
    seconds: u32,
}

impl Span {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be 1 to 600 minutes"
    )]
    fn of(model: &Model) -> Self {
        Self {
            departure_s: departure_s(model.options()).unwrap_or(0),
            seconds: (model.options().minutes * 60.0).round() as u32,
        }
    }

    fn arrive_by_s(self) -> i32 {
        self.departure_s.saturating_add_unsigned(self.seconds)
    }

    /// What of the span is spent when somebody must board by a time at the latest; `None`: they would have to leave
    /// before they may.
    fn spent_s(self, board_by_s: i32) -> Option<u32> {
        let left = u32::try_from(board_by_s.saturating_sub(self.departure_s)).ok()?;
        Some(self.seconds.saturating_sub(left))
    }
}

/// The states of all cells; `None`: there is no timetable, or no clinic.
pub(super) fn states(model: &Model, who: Who) -> Result<Option<Vec<Passability>>, ModelError> {
    let clinics = model.places("clinic");
    let (Some(timetable), false) = (model.timetable(), clinics.is_empty()) else {
        return Ok(None);
    };
    let rides = rides(model, timetable, who)?;
    let mut states = match model.streets() {
        Some(_) => model
            .cell_snaps()
            .iter()
            .map(|snap| {
                if snap.is_some() {
                    Passability::Blocked
                } else {
                    Passability::Unknown
                }
            })
            .collect(),
        None => vec![Passability::Blocked; model.cells().len()],
    };
    for (reversed, at_least) in rides.reversed.iter().zip(AT_LEAST) {
        let profile = model.profile(who);
        let usable: Vec<&Place> = clinics
            .iter()
            .copied()
            .filter(|clinic| clinic.state(&profile) >= at_least)
            .collect();
        if model.streets().is_some() {
            along_streets(model, who, at_least, reversed, &usable, &mut states);
        } else if at_least == Passability::Unknown || who == Who::Walking {
            straight(model, who, at_least, reversed, &usable, &mut states);
        }
    }
    Ok(Some(states))
}

fn along_streets(
    model: &Model,
    who: Who,
    at_least: Passability,
    reversed: &Reversed,
    clinics: &[&Place],
    states: &mut [Passability],
) {
    let Some(streets) = model.streets() else { return };
    let span = Span::of(model);
    let towards = streets.towards(who, Metric::Time);
    let limit = Metric::Time.cost(f64::from(span.seconds));
    let (mut workspace, mut rounds) = (Workspace::new(), Rounds::new());
    let entrances = clinics.iter().flat_map(|clinic| model.entrances(&clinic.id));
    let mut starts: Vec<Start> = entrances.map(|snap| Start::from(*snap)).collect();
    let egress: Vec<AccessLeg> = {
        let reached = search_towards(towards, at_least, &starts, limit, &mut workspace);
        let legs = (0..).zip(model.stops()).filter_map(|(stop, Stop { snap, .. })| {
            let arrival = reached.arrival(snap.as_ref()?)?;
            Some(leg(stop, arrival.cost.div_ceil(1000)))
        });
        legs.collect()
    };
    let latest = reversed.latest(&egress, span.arrive_by_s(), MOST_RIDES, &mut rounds);
    starts.extend((0..).zip(model.stops()).filter_map(|(stop, Stop { snap, .. })| {
        Some(Start {
            place: (*snap)?,
            spent: span.spent_s(latest.boarding(stop)?)?.saturating_mul(1000),
        })
    }));
    let reached = search_towards(towards, at_least, &starts, limit, &mut workspace);
    for (state, snap) in states.iter_mut().zip(model.cell_snaps()) {
        if snap.as_ref().is_some_and(|snap| reached.arrival(snap).is_some()) {
            *state = at_least;
        }
    }
}

fn straight(
    model: &Model,
    who: Who,
    at_least: Passability,
    reversed: &Reversed,
    clinics: &[&Place],
    states: &mut [Passability],
) {
    let span = Span::of(model);
    let walking = straight_line(model.options(), who, f64::from(span.seconds));
    let gates: Vec<Position> = clinics.iter().flat_map(|clinic| entrances(clinic)).collect();
    let egress: Vec<AccessLeg> = (0..)
        .zip(model.stops())
        .filter_map(|(stop, Stop { position, .. })| {
            let nearest = gates
                .iter()
                .map(|gate| gate.distance_m(*position))
                .reduce(f64::min)?;
            let metres = nearest * walking.detour;
            (metres <= walking.within_m)
                .then(|| leg(stop, Metric::Time.cost(metres / walking.speed_m_s).div_ceil(1000)))
        })
        .collect();
    let mut rounds = Rounds::new();
    let latest = reversed.latest(&egress, span.arrive_by_s(), MOST_RIDES, &mut rounds);
    let mut places: Vec<(Position, f64)> = gates.into_iter().map(|gate| (gate, 0.0)).collect();
    places.extend(
        (0..)
            .zip(model.stops())
            .filter_map(|(stop, Stop { position, .. })| {
                let spent = span.spent_s(latest.boarding(stop)?)?;
                Some((*position, f64::from(spent) * walking.speed_m_s))
            }),
    );
    let near = Near::new(places, walking.detour, walking.within_m);
    for (state, cell) in states.iter_mut().zip(model.cells()) {
        if near.reaches(position(cell.centre)) {
            *state = at_least;
        }
    }
}

/// A way that was found for the state that is asked for.
const fn leg(stop: u32, seconds: u32) -> AccessLeg {
    AccessLeg {
        stop,
        seconds,
        state: Passability::Passable,
    }
}
