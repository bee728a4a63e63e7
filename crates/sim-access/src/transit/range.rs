//! Not one departure but a window of them: how long it takes on average, and how far one can rely on it.

use serde::{Deserialize, Serialize};

use super::input::{MOST_S, TransitError};
use super::legs::AccessLeg;
use super::raptor::{Arrivals, Rounds};
use super::timetable::Timetable;

/// Departures at even steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    from_s: i32,
    step_s: i32,
    count: u32,
}

impl Window {
    /// Departures from a time until another (not itself one), every so many seconds; at least one.
    pub fn new(from_s: i32, until_s: i32, step_s: i32) -> Result<Self, TransitError> {
        let within = -MOST_S..=MOST_S;
        let error = TransitError::Window {
            from_s,
            until_s,
            step_s,
        };
        if step_s < 1 || until_s < from_s || !within.contains(&from_s) || !within.contains(&until_s) {
            return Err(error);
        }
        let count = ((until_s - from_s).unsigned_abs())
            .div_ceil(step_s.unsigned_abs())
            .max(1);
        if count > 100_000 {
            Err(error)
        } else {
            Ok(Self {
                from_s,
                step_s,
                count,
            })
        }
    }

    /// The departures, earliest first.
    pub fn departures(self) -> impl DoubleEndedIterator<Item = i32> + use<> {
        (0..self.count.cast_signed()).map(move |number| self.from_s + number * self.step_s)
    }
}

/// Travel times by departure and destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeResult {
    destinations: usize,
    /// Departure after departure; `u32::MAX`: not reached.
    seconds: Vec<u32>,
}

const UNREACHED: u32 = u32::MAX;

impl RangeResult {
    /// The travel time of one departure (from 0) to a destination.
    #[must_use]
    pub fn get(&self, departure: usize, destination: usize) -> Option<u32> {
        if destination >= self.destinations {
            return None;
        }
        let at = departure
            .checked_mul(self.destinations)?
            .checked_add(destination)?;
        self.seconds
            .get(at)
            .copied()
            .filter(|&seconds| seconds != UNREACHED)
    }

    /// The travel times to a destination over all departures; `None`: no such destination.
    #[must_use]
    pub fn distribution(&self, destination: usize) -> Option<Distribution> {
        if destination >= self.destinations {
            return None;
        }
        let of_departures = self.seconds.iter().skip(destination).step_by(self.destinations);
        let mut seconds: Vec<u32> = of_departures.copied().collect();
        seconds.sort_unstable();
        Some(Distribution { seconds })
    }
}

/// Travel times over a window of departures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    seconds: Vec<u32>,
}

impl Distribution {
    /// The share of departures that reach the destination at all, 0 to 1.
    #[must_use]
    pub fn reached(&self) -> f64 {
        if self.seconds.is_empty() {
            0.0
        } else {
            self.arrived().len() as f64 / self.seconds.len() as f64
        }
    }

    /// The mean of those that do, seconds.
    #[must_use]
    pub fn mean_s(&self) -> Option<f64> {
        let arrived = self.arrived();
        let sum: f64 = arrived.iter().map(|&seconds| f64::from(seconds)).sum();
        (!arrived.is_empty()).then(|| sum / arrived.len() as f64)
    }

    /// The time within which a share of *all* departures arrive (nearest rank; 0.5 is the median). `None`: fewer do.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    pub fn percentile_s(&self, share: f64) -> Option<u32> {
        let rank = (share.clamp(0.0, 1.0) * self.seconds.len() as f64)
            .ceil()
            .max(1.0) as usize;
        self.seconds
            .get(rank - 1)
            .copied()
            .filter(|&seconds| seconds != UNREACHED)
    }

    fn arrived(&self) -> &[u32] {
        &self.seconds[..self.seconds.partition_point(|&seconds| seconds != UNREACHED)]
    }
}

/// Travel times from an origin to destinations for a window of departures, by rRAPTOR: from the last departure to
/// the first, each only improving on the one after it. `direct` is the time on foot to each destination without any
/// ride; destinations without one need a ride.
#[must_use]
pub fn range(
    timetable: &Timetable,
    access: &[AccessLeg],
    destinations: &[Vec<AccessLeg>],
    direct: &[Option<u32>],
    window: Window,
    max_rides: usize,
    rounds: &mut Rounds,
) -> RangeResult {
    rounds.reset(timetable, max_rides);
    let count = destinations.len();
    let mut seconds = vec![UNREACHED; count * window.count as usize];
    for (number, departure_s) in window
        .departures()
        .enumerate()
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        rounds.depart(timetable, access, departure_s);
        let arrivals = Arrivals {
            timetable,
            rounds,
            departure_s,
        };
        for (destination, egress) in destinations.iter().enumerate() {
            let walked = direct.get(destination).copied().flatten();
            seconds[number * count + destination] = duration(&arrivals, egress, walked).unwrap_or(UNREACHED);
        }
    }
    RangeResult {
        destinations: count,
        seconds,
    }
}

/// The shorter of the journey with rides and the way on foot, seconds.
pub(super) fn duration(arrivals: &Arrivals<'_>, egress: &[AccessLeg], walked: Option<u32>) -> Option<u32> {
    let ridden = arrivals.through(egress).and_then(|at| {
        // A journey lasts less than twenty days, or it is none.
        u32::try_from(at.saturating_sub(arrivals.departure_s)).ok()
    });
    ridden
        .into_iter()
        .chain(walked)
        .min()
        .filter(|&seconds| seconds != UNREACHED)
}
