//! Schools, clinics and what else people go to; parks.

use std::collections::BTreeMap;

use geo_types::{Coord, Polygon};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::districts::{self, District};
use crate::ground::{Ground, Use, degrees};
use crate::names::Names;
use crate::noise::stream;

/// A place that people go to.
#[derive(Debug)]
pub(crate) struct Place {
    /// As OpenStreetMap's `amenity` says it.
    pub(crate) category: &'static str,
    pub(crate) name: String,
    /// In degrees.
    pub(crate) at: Coord<f64>,
    /// Pupils of a school, beds of a hospital; 0: not said.
    pub(crate) capacity: u32,
    /// `yes`, `limited`, `no`.
    pub(crate) wheelchair: &'static str,
    pub(crate) district: usize,
}

/// A park.
#[derive(Debug)]
pub(crate) struct Park {
    pub(crate) name: String,
    pub(crate) outline: Polygon<f64>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) places: Vec<Place>,
    pub(crate) parks: Vec<Park>,
}

/// Inhabitants for each clinic, and places looked at for each.
const CLINIC_FOR_EACH: u32 = 2_600;
const CLINIC_TRIES: usize = 8;

/// Category, what its name ends with, inhabitants for each.
const CATEGORIES: [(&str, &str, u32); 10] = [
    ("school", "School", 2_500),
    ("clinic", "Clinic", CLINIC_FOR_EACH),
    ("hospital", "Hospital", 60_000),
    ("pharmacy", "Pharmacy", 4_000),
    ("library", "Library", 18_000),
    ("marketplace", "Market", 12_000),
    ("community_centre", "Community Centre", 10_000),
    ("fire_station", "Fire Station", 25_000),
    ("police", "Police Station", 25_000),
    ("townhall", "Town Hall", u32::MAX),
];

impl Places {
    pub(crate) fn generate(
        seed: u64,
        ground: &Ground,
        districts: &[District],
        by_block: &BTreeMap<usize, u32>,
        names: &mut Names,
    ) -> Self {
        let inhabitants: u32 = by_block.values().sum();
        let mut rng = stream(seed, "places");
        let mut places = Vec::new();
        let mut sites = ClinicSites::new(districts, by_block);
        for (category, ending, for_each) in CATEGORIES {
            let count = inhabitants.div_ceil(for_each).max(1);
            let first = rng.random_range(0..districts.len());
            for turn in 0..count as usize {
                let (index, block) = if category == "clinic" {
                    sites.next(ground, &mut rng)
                } else {
                    let index = (first + turn) % districts.len();
                    (index, lived_in_block(ground, &districts[index], &mut rng))
                };
                let district = &districts[index];
                let at =
                    ground.inside_block(block, rng.random_range(0.42..0.58), rng.random_range(0.42..0.58));
                let chance: f64 = rng.random();
                places.push(Place {
                    category,
                    name: format!("{} {ending}", names.place()),
                    at: degrees(at),
                    capacity: match category {
                        "school" => rng.random_range(12..=60) * 10,
                        "hospital" => rng.random_range(8..=40) * 10,
                        _ => 0,
                    },
                    wheelchair: if chance < 0.25 + 0.45 * district.means {
                        "yes"
                    } else if chance < 0.9 {
                        "limited"
                    } else {
                        "no"
                    },
                    district: index,
                });
            }
        }
        let parks = (0..ground.parks)
            .map(|park| {
                let blocks: Vec<usize> = ground
                    .blocks()
                    .filter(|&b| ground.uses[b] == Use::Park(park))
                    .collect();
                Park {
                    name: format!("{} Park", names.place()),
                    outline: districts::outline(ground, &blocks),
                }
            })
            .collect();
        Self { places, parks }
    }
}

/// A block where somebody lives or works, if a few tries find one.
fn lived_in_block(ground: &Ground, district: &District, rng: &mut ChaCha8Rng) -> usize {
    let tries: Vec<usize> = (0..6)
        .map(|_| district.blocks[rng.random_range(0..district.blocks.len())])
        .collect();
    let lived_in = |block: &&usize| matches!(ground.uses[**block], Use::Residential | Use::Centre);
    *tries.iter().find(lived_in).unwrap_or(&tries[0])
}

/// Where clinics go: where people live and none is near yet. One district was forgotten, and it is a poor one.
struct ClinicSites {
    /// Districts with their blocks and the inhabitants of each and all blocks before it.
    blocks: Vec<(usize, usize, u32)>,
    taken: Vec<Coord<f64>>,
}

impl ClinicSites {
    fn new(districts: &[District], by_block: &BTreeMap<usize, u32>) -> Self {
        let usual = by_block.values().sum::<u32>()
            / u32::try_from(2 * districts.len()).map_or(1, |twice| twice.max(1));
        let forgotten = (0..districts.len())
            .filter(|&index| districts[index].population >= usual)
            .min_by(|&a, &b| districts[a].means.total_cmp(&districts[b].means));
        let mut sum = 0;
        let mut blocks = Vec::new();
        for (index, district) in districts.iter().enumerate() {
            if Some(index) != forgotten {
                for &block in &district.blocks {
                    sum += by_block.get(&block).copied().unwrap_or(0);
                    blocks.push((index, block, sum));
                }
            }
        }
        Self {
            blocks,
            taken: Vec::new(),
        }
    }

    /// The district and the block of the next one: of a few where somebody lives, the farthest from all others.
    fn next(&mut self, ground: &Ground, rng: &mut ChaCha8Rng) -> (usize, usize) {
        let all = self.blocks.last().map_or(0, |(_, _, sum)| *sum);
        let mut best: Option<(f64, usize, usize)> = None;
        for _ in 0..CLINIC_TRIES {
            let at = rng.random_range(0..=all.saturating_sub(1));
            let found = self.blocks.partition_point(|(_, _, sum)| *sum <= at);
            let Some(&(district, block, _)) = self.blocks.get(found).or(self.blocks.first()) else {
                continue;
            };
            let place = ground.centroid(block);
            let away = self
                .taken
                .iter()
                .map(|other| (place - *other).x.hypot((place - *other).y))
                .fold(f64::INFINITY, f64::min);
            if best.is_none_or(|(least, ..)| away > least) {
                best = Some((away, district, block));
            }
        }
        let (_, district, block) = best.unwrap_or((0.0, 0, 0));
        self.taken.push(ground.centroid(block));
        (district, block)
    }
}
