//! What a way costs: whole millimetres or whole milliseconds.

use serde::{Deserialize, Serialize};

/// A cost: millimetres or milliseconds, as the [`Metric`] says. Whole numbers, so that a sum does not depend on
/// the order of its parts.
pub type Cost = u32;

/// The largest cost a way may have: 4 294 km, or 49 days. What would cost more is not reached.
pub const MAX_COST: Cost = Cost::MAX - 1;

/// What is counted along a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Length; outside in metres, inside in millimetres.
    Distance,
    /// Time at the profile's speed; outside in seconds, inside in milliseconds.
    Time,
}

impl Metric {
    /// The cost of so many metres or seconds, rounded to the nearest whole. Negative and not-a-number are 0;
    /// too much (infinity: no limit) is [`MAX_COST`].
    #[must_use]
    pub fn cost(self, metres_or_seconds: f64) -> Cost {
        thousandths(metres_or_seconds)
    }

    /// A cost in metres or seconds.
    #[must_use]
    pub fn value(self, cost: Cost) -> f64 {
        f64::from(cost) / 1000.0
    }
}

/// A thousand times a value, rounded, within `0..=MAX_COST`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the type before"
)]
pub(crate) fn thousandths(value: f64) -> Cost {
    // `max` turns NaN into 0.
    (value * 1000.0).round().max(0.0).min(f64::from(MAX_COST)) as Cost
}

/// The first part of a cost, up to a fraction of the way.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction within 0..=1 of a u32"
)]
pub(crate) fn part(cost: Cost, fraction: f64) -> Cost {
    ((f64::from(cost) * fraction.clamp(0.0, 1.0)).round() as Cost).min(cost)
}

/// A number of things as an index; what does not fit was refused when the things were taken in.
#[allow(
    clippy::cast_possible_truncation,
    reason = "counts are checked against u32 at construction"
)]
pub(crate) const fn small(count: usize) -> u32 {
    count as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_has_a_place() {
        assert_eq!(Metric::Distance.cost(1.2344), 1234);
        assert_eq!(Metric::Distance.cost(f64::NAN), 0);
        assert_eq!(Metric::Distance.cost(-3.0), 0);
        assert_eq!(Metric::Time.cost(f64::INFINITY), MAX_COST);
        assert_eq!(part(10, 0.25) + (10 - part(10, 0.25)), 10);
        assert_eq!(part(7, f64::NAN), 0);
    }
}
