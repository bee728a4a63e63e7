//! Travel times from many places to many.

use super::legs::AccessLeg;
use super::range::duration;
use super::raptor::{Query, Rounds, earliest};
use super::timetable::Timetable;
use crate::parallel::in_order;
use crate::reach::Matrix;

/// Travel times in seconds from every origin to every destination, leaving at one time: one search for each origin,
/// on so many threads. `direct` is the time on foot without any ride from an origin to a destination.
#[must_use]
pub fn travel_times(
    timetable: &Timetable,
    origins: &[Vec<AccessLeg>],
    destinations: &[Vec<AccessLeg>],
    direct: &(dyn Fn(usize, usize) -> Option<u32> + Sync),
    departure_s: i32,
    max_rides: usize,
    threads: usize,
) -> Matrix {
    let rows = in_order(origins.len(), threads, Rounds::new, |rounds, origin| {
        let query = Query {
            access: &origins[origin],
            departure_s,
            max_rides,
        };
        let arrivals = earliest(timetable, &query, rounds);
        let times = destinations.iter().enumerate();
        times
            .map(|(to, egress)| duration(&arrivals, egress, direct(origin, to)).unwrap_or(u32::MAX))
            .collect()
    });
    Matrix::of_rows(destinations.len(), rows)
}
