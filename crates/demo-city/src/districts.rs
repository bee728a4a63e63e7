//! Districts: they tile the city, along its streets.

use std::collections::{BTreeMap, BinaryHeap};

use geo_types::{Coord, LineString, Polygon};
use rand::RngExt;

use crate::ground::{Ground, degrees};
use crate::names::Names;
use crate::noise::stream;

/// A district.
#[derive(Debug)]
pub(crate) struct District {
    pub(crate) name: String,
    /// In degrees.
    pub(crate) outline: Polygon<f64>,
    pub(crate) blocks: Vec<usize>,
    /// 0: poor, 1: rich. Streets are better where it is higher.
    pub(crate) means: f64,
    pub(crate) population: u32,
    pub(crate) persons_with_disabilities: u32,
    /// Inhabitants by age group.
    pub(crate) ages: [u32; 5],
}

impl District {
    /// What a head has in a year in the middle of the district's people, in [`crate::entities::CURRENCY`].
    pub(crate) fn median_income(&self) -> i64 {
        #[allow(clippy::cast_possible_truncation, reason = "tens of thousands")]
        let hundreds = (19.0 * (2.2 * self.means).exp()).round() as i64;
        hundreds * 100
    }
}

pub(crate) fn generate(seed: u64, ground: &Ground, names: &mut Names) -> Vec<District> {
    let mut rng = stream(seed, "districts");
    let count: usize = rng.random_range(8..=12);
    let blocks: Vec<usize> = ground.blocks().collect();
    // Seeds far from one another: of a few candidates, the farthest from those chosen.
    let mut seeds = vec![blocks[rng.random_range(0..blocks.len())]];
    while seeds.len() < count {
        let away = |block: usize, seeds: &[usize]| {
            let nearest = seeds
                .iter()
                .map(|&seed| squared(ground, block, seed))
                .fold(f64::INFINITY, f64::min);
            (nearest * 1e3).round()
        };
        let candidates: Vec<usize> = (0..8)
            .map(|_| blocks[rng.random_range(0..blocks.len())])
            .collect();
        let farthest = candidates
            .into_iter()
            .max_by(|&a, &b| away(a, &seeds).total_cmp(&away(b, &seeds)));
        seeds.extend(farthest.filter(|block| !seeds.contains(block)));
    }
    let owners = grow(ground, &seeds);
    (0..count)
        .map(|district| {
            let blocks: Vec<usize> = owners
                .iter()
                .filter(|(_, owner)| **owner == district)
                .map(|(b, _)| *b)
                .collect();
            District {
                name: names.place(),
                outline: outline(ground, &blocks),
                blocks,
                means: rng.random_range(0.1..0.9),
                population: 0,
                persons_with_disabilities: 0,
                ages: [0; 5],
            }
        })
        .collect()
}

/// The whole city, in degrees.
pub(crate) fn city_outline(ground: &Ground) -> Polygon<f64> {
    outline(ground, &ground.blocks().collect::<Vec<_>>())
}

fn squared(ground: &Ground, a: usize, b: usize) -> f64 {
    let between = ground.centroid(a) - ground.centroid(b);
    between.x * between.x + between.y * between.y
}

/// Every block goes to the district that reaches it first, block by block, so that each hangs together.
fn grow(ground: &Ground, seeds: &[usize]) -> BTreeMap<usize, usize> {
    let mut owners = BTreeMap::new();
    let mut waiting = BinaryHeap::new();
    let key = |block: usize, seed: usize| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "square metres of a city"
        )]
        let distance = squared(ground, block, seed) as u64;
        std::cmp::Reverse(distance)
    };
    for (district, &seed) in seeds.iter().enumerate() {
        waiting.push((key(seed, seed), seed, district));
    }
    while let Some((_, block, district)) = waiting.pop() {
        if owners.contains_key(&block) {
            continue;
        }
        owners.insert(block, district);
        for next in ground
            .neighbours(block)
            .filter(|&next| ground.is_inside(Some(next)))
        {
            if !owners.contains_key(&next) {
                waiting.push((key(next, seeds[district]), next, district));
            }
        }
    }
    owners
}

/// The outline of blocks that hang together, with holes where there are any.
pub(crate) fn outline(ground: &Ground, blocks: &[usize]) -> Polygon<f64> {
    // Each block's sides counter-clockwise; a side that another block walks the other way is inside.
    let mut sides: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &block in blocks {
        let corners = ground.corners(block);
        for i in 0..4 {
            let (from, to) = (corners[i], corners[(i + 1) % 4]);
            match sides
                .get_mut(&to)
                .and_then(|ends| Some((ends.iter().position(|&end| end == from)?, ends)))
            {
                Some((at, ends)) => {
                    ends.remove(at);
                }
                None => sides.entry(from).or_default().push(to),
            }
        }
    }
    let mut rings: Vec<Vec<usize>> = Vec::new();
    while let Some(start) = sides
        .iter()
        .find(|(_, ends)| !ends.is_empty())
        .map(|(start, _)| *start)
    {
        let mut ring = vec![start];
        let mut here = start;
        let mut before: Option<usize> = None;
        while let Some(next) = take_next(ground, &mut sides, before, here) {
            before = Some(here);
            here = next;
            // A ring that comes back to one of its own corners is closed there.
            if let Some(at) = ring.iter().position(|&node| node == here) {
                rings.push(ring.split_off(at));
                if ring.is_empty() {
                    break;
                }
                before = ring.last().copied();
            }
            ring.push(here);
        }
    }
    let mut rings: Vec<(f64, LineString<f64>)> = rings
        .into_iter()
        .map(|ring| {
            let coords: Vec<Coord<f64>> = ring.iter().map(|&node| degrees(ground.nodes[node])).collect();
            let area: f64 = (0..coords.len())
                .map(|i| {
                    let (a, b) = (coords[i], coords[(i + 1) % coords.len()]);
                    (a.x + 30.0) * (b.y + 40.0) - (b.x + 30.0) * (a.y + 40.0)
                })
                .sum();
            let mut line = LineString(coords);
            line.close();
            (area, line)
        })
        .collect();
    rings.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut rings = rings.into_iter().map(|(_, ring)| ring);
    Polygon::new(
        rings.next().unwrap_or_else(|| LineString(vec![])),
        rings.collect(),
    )
}

/// Takes the side to walk next: where two blocks touch at a corner only, the one farther to the right.
fn take_next(
    ground: &Ground,
    sides: &mut BTreeMap<usize, Vec<usize>>,
    before: Option<usize>,
    here: usize,
) -> Option<usize> {
    let ends = sides.get_mut(&here)?;
    let turn = |&to: &usize| {
        let Some(before) = before else { return 0.0 };
        let (a, b) = (
            ground.nodes[here] - ground.nodes[before],
            ground.nodes[to] - ground.nodes[here],
        );
        (a.x * b.y - a.y * b.x).atan2(a.x * b.x + a.y * b.y)
    };
    let at = (0..ends.len()).min_by(|&a, &b| turn(&ends[a]).total_cmp(&turn(&ends[b])))?;
    Some(ends.remove(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, BooleanOps, Validation};

    #[test]
    fn districts_tile_the_city() {
        for seed in 0..12 {
            let ground = Ground::generate(seed, 8_000);
            let districts = generate(seed, &ground, &mut Names::new(seed));
            assert!((8..=12).contains(&districts.len()));
            let city = city_outline(&ground);
            assert!(city.is_valid(), "seed {seed}: {:?}", city.check_validation());
            let mut sum = 0.0;
            for (index, district) in districts.iter().enumerate() {
                assert!(
                    district.outline.is_valid(),
                    "seed {seed}, {index}: {:?}",
                    district.outline.check_validation()
                );
                sum += district.outline.unsigned_area();
                for other in &districts[..index] {
                    let common = district.outline.intersection(&other.outline).unsigned_area();
                    assert!(
                        common < 1e-12,
                        "seed {seed}: {index} overlaps another by {common}"
                    );
                }
            }
            assert!((sum / city.unsigned_area() - 1.0).abs() < 1e-9, "seed {seed}");
            let blocks: usize = districts.iter().map(|district| district.blocks.len()).sum();
            assert_eq!(blocks, ground.blocks().count());
        }
    }
}
