//! Chance that does not depend on the order in which it is asked for.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random numbers of one part of the city: parts do not disturb one another.
pub(crate) fn stream(seed: u64, part: &str) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(
        part.bytes()
            .fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte))),
    )
}

/// A well-mixed number from another (the finalizer of SplitMix64; Steele, Lea & Flood 2014).
pub(crate) fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1) that belongs to a seed, a channel and an index.
pub(crate) fn unit(seed: u64, channel: u64, index: u64) -> f64 {
    let hash = mix(mix(seed ^ mix(channel)) ^ index);
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Smooth noise in [-1, 1] over a line: random values at whole numbers, blended between them.
pub(crate) fn smooth(seed: u64, channel: u64, at: f64) -> f64 {
    let floor = at.floor();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "times and places are far below 2^53"
    )]
    let index = (floor as i64).cast_unsigned();
    let share = at - floor;
    let blend = share * share * (3.0 - 2.0 * share);
    let (left, right) = (
        unit(seed, channel, index),
        unit(seed, channel, index.wrapping_add(1)),
    );
    2.0 * (left + (right - left) * blend) - 1.0
}

/// Smooth noise in [-1, 1] over the plane: random values at whole coordinates, blended between them.
pub(crate) fn field(seed: u64, channel: u64, x: f64, y: f64) -> f64 {
    let row = |row: f64| {
        #[allow(clippy::cast_possible_truncation, reason = "places are far below 2^53")]
        let row = (row as i64).cast_unsigned();
        smooth(mix(seed ^ mix(row)), channel, x)
    };
    let floor = y.floor();
    let share = y - floor;
    let blend = share * share * (3.0 - 2.0 * share);
    let (below, above) = (row(floor), row(floor + 1.0));
    below + (above - below) * blend
}

/// Bell-shaped noise around 0 with standard deviation 1, within ±3.5.
pub(crate) fn bell(seed: u64, channel: u64, index: u64) -> f64 {
    let sum: f64 = (0..4).map(|part| unit(seed, mix(channel ^ part), index)).sum();
    (sum - 2.0) * 1.732_050_8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bell_has_the_deviation_it_says() {
        let numbers: Vec<f64> = (0..20_000).map(|index| bell(7, 1, index)).collect();
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }
}
