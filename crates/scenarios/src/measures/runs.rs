//! The verb that shortens the run times of trips along streets.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo_types::{Coord, Geometry};
use indicators::binding::terms::attribute;
use indicators::geometry::projection::LocalProjection;
use ngsi_ld::Uri;

use super::city::place;
use super::expand::Expansion;
use super::timetable::BaseTrip;
use crate::catalogue::Operand;

/// A vehicle is on a street where it is so near to its line, in metres,
const NEAR_M: f64 = 25.0;
/// and goes in its direction: the cosine of at most 30 degrees between them.
const ALONG: f64 = 0.866;
/// A vehicle that is so far past an end of a piece, in metres, is still beside it: streets bend.
const PAST_END_M: f64 = 2.0;
/// The way is looked at every so many metres.
const STEP_M: f64 = 10.0;
/// Looks at one leg, at most.
const MOST_STEPS: f64 = 5_000.0;
/// A stop farther from the shape than this is not on it, in metres.
const OFF_SHAPE_M: f64 = 300.0;

/// A piece of a street in metres.
struct Piece {
    street: usize,
    from: Coord<f64>,
    to: Coord<f64>,
}

/// For each leg of a pattern, the share of it along each street.
type Shares = Vec<(usize, usize, f64)>;

impl Expansion<'_> {
    pub(super) fn shorten_runs(&mut self, streets: &Operand, routes: &Operand, saving_pct: &Operand) {
        let Some(saving) = self.number(saving_pct).map(|percent| percent / 100.0) else {
            return;
        };
        let streets = self.named(streets);
        let ids: Vec<Uri> = streets.iter().map(|found| found.entity.id.clone()).collect();
        let Some(plane) = streets
            .iter()
            .find_map(|found| place(&found.entity))
            .map(LocalProjection::centred)
        else {
            return;
        };
        let mut pieces = Vec::new();
        for (street, found) in streets.iter().enumerate() {
            let line = attribute(&found.entity, "location").and_then(|it| it.as_geometry());
            if let Some(Geometry::LineString(line)) = line {
                let line: Vec<Coord<f64>> = line.0.iter().map(|at| plane.forward(*at)).collect();
                pieces.extend(line.windows(2).filter_map(|pair| match pair {
                    &[from, to] => Some(Piece { street, from, to }),
                    _ => None,
                }));
            }
        }
        let Some(timetable) = self.timetable() else { return };
        let trips: Vec<Uri> = if self.argument(routes).is_some() {
            let routes = self.named(routes);
            self.plan
                .uses
                .extend(routes.iter().map(|route| route.entity.id.clone()));
            routes
                .iter()
                .flat_map(|route| timetable.of_route(&route.entity.id).iter().cloned())
                .collect()
        } else {
            timetable.all().cloned().collect()
        };
        let mut patterns: BTreeMap<(Option<Uri>, Vec<Uri>), Shares> = BTreeMap::new();
        let mut shortened = 0;
        for trip in trips.iter().filter_map(|id| timetable.trip(id)) {
            if trip.times.is_none() {
                continue;
            }
            let stops: Vec<Uri> = trip.calls.iter().map(|call| call.stop.clone()).collect();
            let shares = patterns
                .entry((trip.shape.clone(), stops))
                .or_insert_with(|| self.shares(&trip, &plane, &pieces));
            if shares.is_empty() {
                continue;
            }
            shortened += 1;
            let savings = &mut self.plan.trip(&trip).savings;
            for (leg, street, share) in shares.iter() {
                if let Some(street) = ids.get(*street) {
                    savings.insert((*leg, street.clone()), share * saving);
                }
            }
        }
        if shortened == 0 {
            self.warn("no trip runs along these streets: no run time changes");
        }
    }

    fn shares(&self, trip: &Arc<BaseTrip>, plane: &LocalProjection, pieces: &[Piece]) -> Shares {
        let stops: Vec<Option<Coord<f64>>> = trip
            .calls
            .iter()
            .map(|call| Some(plane.forward(place(&*self.city.get(&call.stop)?)?)))
            .collect();
        let shape: Vec<Coord<f64>> = trip
            .shape
            .as_ref()
            .and_then(|shape| self.city.get(shape))
            .and_then(|shape| match attribute(&shape, "location")?.as_geometry()? {
                Geometry::LineString(line) => Some(line.0.iter().map(|at| plane.forward(*at)).collect()),
                _ => None,
            })
            .unwrap_or_default();
        let mut shares = Vec::new();
        for (leg, way) in legs(&stops, &shape).into_iter().enumerate() {
            let mut along: BTreeMap<usize, usize> = BTreeMap::new();
            let mut looks = 0_usize;
            walk(&way, |at, direction| {
                looks += 1;
                if let Some(street) = street_at(pieces, at, direction) {
                    *along.entry(street).or_default() += 1;
                }
            });
            shares.extend(
                along
                    .into_iter()
                    .map(|(street, count)| (leg, street, count as f64 / looks as f64)),
            );
        }
        shares
    }
}

/// The way of each leg: along the shape where both stops are on it, else straight; empty where a stop is nowhere.
fn legs(stops: &[Option<Coord<f64>>], shape: &[Coord<f64>]) -> Vec<Vec<Coord<f64>>> {
    // Where along the shape each stop is: the nearest place that is not before the one of the stop before.
    let mut from = (0, 0.0);
    let on: Vec<Option<(usize, f64, Coord<f64>)>> = stops
        .iter()
        .map(|stop| {
            let stop = (*stop)?;
            let (piece, share, at, _) = shape
                .windows(2)
                .enumerate()
                .skip(from.0)
                .filter_map(|(piece, pair)| {
                    let &[a, b] = pair else { return None };
                    let least = if piece == from.0 { from.1 } else { 0.0 };
                    let (share, at) = foot(stop, a, b, least);
                    let far = distance(stop, at);
                    (far <= OFF_SHAPE_M).then_some((piece, share, at, far))
                })
                .min_by(|a, b| a.3.total_cmp(&b.3))?;
            from = (piece, share);
            Some((piece, share, at))
        })
        .collect();
    let pairs = stops.windows(2).zip(on.windows(2));
    pairs
        .map(|(stops, on)| match (stops, on) {
            (_, &[Some((first, _, start)), Some((last, _, end))]) => {
                let between = shape.get(first + 1..=last).unwrap_or_default();
                std::iter::once(start)
                    .chain(between.iter().copied())
                    .chain([end])
                    .collect()
            }
            (&[Some(start), Some(end)], _) => vec![start, end],
            _ => Vec::new(),
        })
        .collect()
}

/// The place of a piece that is nearest to a point, from a share of it on: its share, and where it is.
fn foot(point: Coord<f64>, a: Coord<f64>, b: Coord<f64>, least: f64) -> (f64, Coord<f64>) {
    let along = b - a;
    let length2 = along.x * along.x + along.y * along.y;
    let share = if length2 > 0.0 {
        (((point.x - a.x) * along.x + (point.y - a.y) * along.y) / length2).clamp(least, 1.0)
    } else {
        least
    };
    (share, a + along * share)
}

fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Looks at a way every few metres: where it is, and its direction, of length 1.
fn walk(way: &[Coord<f64>], mut look: impl FnMut(Coord<f64>, Coord<f64>)) {
    let length: f64 = way
        .windows(2)
        .map(|pair| match pair {
            &[a, b] => distance(a, b),
            _ => 0.0,
        })
        .sum();
    if !(length.is_finite() && length > 0.0) {
        return;
    }
    let step = length / (length / STEP_M).ceil().min(MOST_STEPS);
    // In the middle of each step.
    let mut next = step / 2.0;
    for pair in way.windows(2) {
        let &[a, b] = pair else { continue };
        let piece = distance(a, b);
        while next <= piece && piece > 0.0 {
            let direction = (b - a) / piece;
            look(a + direction * next, direction);
            next += step;
        }
        next -= piece;
    }
}

/// The nearest street that goes where the vehicle goes, beside the vehicle and not only before or behind it.
fn street_at(pieces: &[Piece], at: Coord<f64>, direction: Coord<f64>) -> Option<usize> {
    pieces
        .iter()
        .filter_map(|piece| {
            let along = piece.to - piece.from;
            let length = along.x.hypot(along.y);
            let gone = ((at.x - piece.from.x) * along.x + (at.y - piece.from.y) * along.y) / length;
            if !(-PAST_END_M..=length + PAST_END_M).contains(&gone) {
                return None;
            }
            let far = distance(at, foot(at, piece.from, piece.to, 0.0).1);
            let cosine = (along.x * direction.x + along.y * direction.y).abs() / length;
            (far <= NEAR_M && cosine >= ALONG).then_some((far, piece.street))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, street)| street)
}
