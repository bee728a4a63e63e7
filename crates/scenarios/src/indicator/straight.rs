//! Reach without streets: straight lines times the detour.

use std::collections::HashMap;

use sim_access::Position;

use crate::model::Place;
use crate::model::outline;

/// How far places on an outline that stand for it lie apart, metres.
const STEP_M: f64 = 25.0;

/// Where one enters a place: its entrances, the outline of a park, or its point.
pub(crate) fn entrances(place: &Place) -> Vec<Position> {
    if !place.entrances.is_empty() {
        return place.entrances.clone();
    }
    let mut places = if place.is_open() {
        outline::along(place, STEP_M)
    } else {
        Vec::new()
    };
    places.push(place.position);
    places
}

/// Places to be reached, each with metres that are spent before, on a grid whose squares are as wide as the reach.
pub(crate) struct Near {
    places: Vec<(Position, f64)>,
    squares: HashMap<(i64, i64), Vec<u32>>,
    detour: f64,
    limit_m: f64,
    /// Degrees, east and north.
    square: [f64; 2],
}

impl Near {
    /// Places within so many metres on the ground, for a detour of 1 or more.
    pub(crate) fn new(places: Vec<(Position, f64)>, detour: f64, limit_m: f64) -> Self {
        // A degree of latitude is never shorter than this; of longitude by the place farthest from the equator that
        // could ask.
        const DEGREE_M: f64 = 110_500.0;
        let reach_m = limit_m / detour + 1.0;
        let north = reach_m / DEGREE_M;
        let farthest = places.iter().map(|(at, _)| at.lat.abs()).fold(0.0, f64::max) + 2.0 * north;
        let east = reach_m / (DEGREE_M * farthest.min(89.9).to_radians().cos());
        let mut near = Self {
            places,
            squares: HashMap::new(),
            detour,
            limit_m,
            square: [east, north],
        };
        let mut order: Vec<u32> = (0..u32::try_from(near.places.len()).unwrap_or(u32::MAX)).collect();
        // Those with most to spend first: a look ends with the first that is near enough.
        order.sort_by(|a, b| near.places[*a as usize].1.total_cmp(&near.places[*b as usize].1));
        for place in order {
            let square = near.square_of(near.places[place as usize].0);
            near.squares.entry(square).or_default().push(place);
        }
        near
    }

    #[allow(clippy::cast_possible_truncation, reason = "degrees by a part of a degree")]
    fn square_of(&self, at: Position) -> (i64, i64) {
        (
            (at.lon / self.square[0]).floor() as i64,
            (at.lat / self.square[1]).floor() as i64,
        )
    }

    /// Whether one of them is near enough.
    pub(crate) fn reaches(&self, from: Position) -> bool {
        let (x, y) = self.square_of(from);
        let squares = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        squares
            .filter_map(|square| self.squares.get(&square))
            .flatten()
            .any(|&place| {
                let (at, spent) = self.places[place as usize];
                spent + from.distance_m(at) * self.detour <= self.limit_m
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_look_at_every_place(
            places in prop::collection::vec((-0.05..0.05_f64, -0.05..0.05_f64, 0.0..1_000.0_f64), 0..30),
            from in prop::collection::vec((-0.06..0.06_f64, -0.06..0.06_f64), 1..30),
            north in -70.0..70.0_f64,
            detour in 1.0..2.0_f64,
            limit_m in 1.0..3_000.0_f64,
        ) {
            let at = |lon: f64, lat: f64| Position::new(36.8 + lon, north + lat);
            let places: Vec<(Position, f64)> = places.iter().map(|&(lon, lat, spent)| (at(lon, lat), spent)).collect();
            let near = Near::new(places.clone(), detour, limit_m);
            for (lon, lat) in from {
                let from = at(lon, lat);
                let expected = places
                    .iter()
                    .any(|&(place, spent)| spent + from.distance_m(place) * detour <= limit_m);
                prop_assert_eq!(near.reaches(from), expected);
            }
        }
    }
}
