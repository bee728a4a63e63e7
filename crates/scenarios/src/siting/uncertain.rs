//! How sure an answer is: the same question under other assumptions, and with other people.

use geo_types::Coord;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use sim_access::parallel::in_order;

use super::cover::{Cover, People};
use super::ground::Ground;
use super::{SitingOptions, Variant, people};
use crate::run::RunError;

/// The side of a block whose people are off together, in metres.
const BLOCK_M: f64 = 1000.0;
/// The standard deviation of the logarithm of a block's factor, and of a cell's.
const SIGMA: f64 = 0.3;
/// Detour factors.
const DETOURS: [f64; 3] = [1.0, 1.2, 1.4];
/// Parts of the reach.
const REACHES: [f64; 3] = [0.8, 1.0, 1.2];

pub(super) struct Sure {
    pub(super) variants: Vec<Variant>,
    /// For each site, in how many of the variants there is one near.
    pub(super) in_variants: Vec<usize>,
    /// For each site, in what share of the resamples there is one near; empty: there were none.
    pub(super) stays: Vec<f64>,
}

impl Sure {
    pub(super) fn of(
        ground: &Ground,
        existing: &[Coord<f64>],
        candidates: &[Coord<f64>],
        sites: &[usize],
        options: &SitingOptions,
        threads: usize,
        go_on: &(dyn Fn() -> Result<(), RunError> + Sync),
    ) -> Result<Self, RunError> {
        let reach = options.reach();
        let near = |answer: &[usize], site: usize| {
            let here = candidates[site];
            answer.iter().any(|&other| {
                let there = candidates[other];
                (there.x - here.x).hypot(there.y - here.y) <= reach
            })
        };
        let mut assumptions: Vec<(f64, f64)> = REACHES
            .iter()
            .flat_map(|part| DETOURS.map(|detour| (part * reach, detour)))
            .collect();
        if !assumptions.contains(&(reach, options.detour)) {
            assumptions.push((reach, options.detour));
        }
        let answers = in_order(
            assumptions.len(),
            threads,
            || (),
            |(), index| {
                go_on()?;
                let (reach_m, detour) = assumptions[index];
                let cover = Cover::new(&ground.people, existing, candidates, reach_m / detour, 1);
                let answer = cover.greedy(options.count);
                let variant = Variant {
                    reach_m,
                    detour,
                    reached_before: people(cover.reached_before()),
                    adds: people(cover.adds(&answer).iter().sum()),
                    main_adds: people(cover.adds(sites).iter().sum()),
                };
                Ok::<_, RunError>((variant, answer))
            },
        );
        let answers: Vec<(Variant, Vec<usize>)> = answers.into_iter().collect::<Result<_, _>>()?;
        let in_variants = sites
            .iter()
            .map(|&site| answers.iter().filter(|(_, answer)| near(answer, site)).count())
            .collect();
        let drawn = in_order(
            options.resamples,
            threads,
            || (),
            |(), index| {
                go_on()?;
                let other = resampled(&ground.people, options.seed, index as u64);
                let cover = Cover::new(&other, existing, candidates, reach / options.detour, 1);
                Ok::<_, RunError>(cover.greedy(options.count))
            },
        );
        let drawn: Vec<Vec<usize>> = drawn.into_iter().collect::<Result<_, _>>()?;
        let stays = if drawn.is_empty() {
            Vec::new()
        } else {
            let share = |site: usize| {
                drawn.iter().filter(|answer| near(answer, site)).count() as f64 / drawn.len() as f64
            };
            sites.iter().map(|&site| share(site)).collect()
        };
        Ok(Self {
            variants: answers.into_iter().map(|(variant, _)| variant).collect(),
            in_variants,
            stays,
        })
    }
}

/// The same places with people drawn anew. Every draw has its own stream, so that it does not depend on the others.
fn resampled(people: &People, seed: u64, draw: u64) -> People {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    random.set_stream(draw);
    let mut blocks: std::collections::BTreeMap<(i64, i64), f64> = std::collections::BTreeMap::new();
    let weights = people
        .points()
        .iter()
        .zip(people.weights())
        .map(|(at, &weight)| {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a city is smaller than 2^63 blocks"
            )]
            let block = ((at.x / BLOCK_M).floor() as i64, (at.y / BLOCK_M).floor() as i64);
            let of_block = *blocks.entry(block).or_insert_with(|| factor(&mut random));
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "people, a few times over"
            )]
            let drawn = (weight as f64 * of_block * factor(&mut random)).round() as u64;
            drawn
        })
        .collect();
    people.with(weights)
}

/// A lognormal factor with the mean 1 (Box and Muller 1958).
fn factor(random: &mut ChaCha12Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * random.random::<f64>()).cos();
    SIGMA.mul_add(normal, -SIGMA * SIGMA / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_keep_the_mean() {
        let points: Vec<Coord<f64>> = (0..10_000)
            .map(|cell| Coord {
                x: f64::from(cell % 100) * 300.0,
                y: f64::from(cell / 100) * 300.0,
            })
            .collect();
        let people = People::new(points, vec![1_000_000; 10_000]);
        let (a, b) = (resampled(&people, 7, 0), resampled(&people, 7, 1));
        assert_ne!(a.weights(), b.weights());
        assert_eq!(a.weights(), resampled(&people, 7, 0).weights());
        let mean = a.total() as f64 / people.total() as f64;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
    }
}
