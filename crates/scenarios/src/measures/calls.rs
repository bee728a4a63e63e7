//! The verb that lets trips call at a stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo_types::Coord;
use ngsi_ld::Uri;

use super::city::{called, metres, place};
use super::expand::Expansion;
use super::plan::Insertion;
use super::timetable::BaseTrip;
use crate::catalogue::Operand;

/// Speeds beyond these are an error of the timetable rather than a speed, in metres a second.
const SPEEDS_M_S: (f64, f64) = (2.0, 35.0);
/// The speed where the timetable gives none.
const USUAL_M_S: f64 = 6.0;

/// Where a trip would call.
struct Leg {
    /// After which call.
    after: usize,
    fraction: f64,
    detour_m: f64,
    detour_s: f64,
}

impl Expansion<'_> {
    pub(super) fn call_at(
        &mut self,
        stop: &str,
        routes: &Operand,
        dwell_s: &Operand,
        most_detour_m: &Operand,
    ) {
        let target = if stop == "created" {
            self.created.clone()
        } else {
            let found = self.named(&stop.into());
            let Some(found) = found.first() else { return };
            let Some(at) = place(&found.entity) else {
                let what = format!("{} has no location", called(&found.entity));
                self.wrong(&found.at, what, "name a stop that is somewhere");
                return;
            };
            self.plan.uses.insert(found.entity.id.clone());
            Some((found.entity.id.clone(), at))
        };
        let Some((stop, at)) = target else { return };
        let (dwell_s, most_m) = (
            self.number(dwell_s).unwrap_or_default(),
            self.number(most_detour_m).unwrap_or_default(),
        );
        if self.argument(routes).is_none() {
            self.warn(format!("no line calls at `{stop}`: nobody is served there"));
            return;
        }
        let routes = self.named(routes);
        let Some(timetable) = self.timetable() else { return };
        let mut places: BTreeMap<Uri, Option<Coord<f64>>> = BTreeMap::new();
        for route in routes.iter() {
            self.plan.uses.insert(route.entity.id.clone());
            let trips = timetable.of_route(&route.entity.id);
            if trips.is_empty() {
                self.no_trips(route);
                continue;
            }
            let (mut taken, mut already, mut nearest_m) = (0, 0, f64::INFINITY);
            for trip in trips.iter().filter_map(|id| timetable.trip(id)) {
                if trip.calls.iter().any(|call| call.stop == stop) {
                    already += 1;
                    continue;
                }
                let mut where_is = |id: &Uri| {
                    *places
                        .entry(id.clone())
                        .or_insert_with(|| self.city.get(id).and_then(|stop| place(&stop)))
                };
                let Some(best) = least_detour(&trip, at, &mut where_is) else {
                    continue;
                };
                nearest_m = nearest_m.min(best.detour_m);
                if best.detour_m > most_m {
                    continue;
                }
                taken += 1;
                self.plan.trip(&trip).call = Some(Insertion {
                    measure: self.measure.name.clone(),
                    stop: stop.clone(),
                    leg: best.after,
                    fraction: best.fraction,
                    detour_s: best.detour_s,
                    dwell_s,
                });
            }
            let line = called(&route.entity);
            if taken == 0 && already == 0 {
                let what = if nearest_m.is_finite() {
                    format!("every trip of {line} would go at least {nearest_m:.0} m out of its way")
                } else {
                    format!("no trip of {line} has two stops whose places are known")
                };
                self.wrong(
                    &route.at,
                    what,
                    "choose another line or place, or raise `most_detour_m`",
                );
            } else if already == trips.len() {
                self.warn(format!("every trip of {line} calls at `{stop}` already"));
            } else if taken + already < trips.len() {
                self.warn(format!(
                    "{} of {} trips of {line} do not call at `{stop}`: it is out of their way",
                    trips.len() - taken - already,
                    trips.len()
                ));
            }
        }
    }
}

/// The leg of a trip on which a stop lengthens the way least; the first of equals.
fn least_detour(
    trip: &Arc<BaseTrip>,
    at: Coord<f64>,
    place: &mut impl FnMut(&Uri) -> Option<Coord<f64>>,
) -> Option<Leg> {
    let places: Vec<Option<Coord<f64>>> = trip.calls.iter().map(|call| place(&call.stop)).collect();
    let mut best: Option<Leg> = None;
    for (leg, pair) in places.windows(2).enumerate() {
        let &[Some(from), Some(to)] = pair else { continue };
        let (before, after, direct) = (metres(from, at), metres(at, to), metres(from, to));
        let detour_m = (before + after - direct).max(0.0);
        if best.as_ref().is_some_and(|best| best.detour_m <= detour_m) {
            continue;
        }
        let run_s = trip
            .times
            .as_ref()
            .and_then(|times| Some(times.get(leg + 1)?.0 - times.get(leg)?.1));
        let speed = match run_s {
            Some(run_s) if run_s > 0.0 && direct > 0.0 => (direct / run_s).clamp(SPEEDS_M_S.0, SPEEDS_M_S.1),
            _ => USUAL_M_S,
        };
        let way = before + after;
        best = Some(Leg {
            after: leg,
            fraction: if way > 0.0 { before / way } else { 0.5 },
            detour_m,
            detour_s: detour_m / speed,
        });
    }
    best
}
