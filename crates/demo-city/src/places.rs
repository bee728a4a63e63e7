//! Schools, clinics and what else people go to; parks.

use geo_types::{Coord, Polygon};
use rand::RngExt;

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

/// Category, what its name ends with, inhabitants for each.
const CATEGORIES: [(&str, &str, u32); 10] = [
    ("school", "School", 2_500),
    ("clinic", "Clinic", 8_000),
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
        inhabitants: u32,
        names: &mut Names,
    ) -> Self {
        let mut rng = stream(seed, "places");
        let mut places = Vec::new();
        for (category, ending, for_each) in CATEGORIES {
            let count = inhabitants.div_ceil(for_each).max(1);
            let first = rng.random_range(0..districts.len());
            for turn in 0..count as usize {
                let index = (first + turn) % districts.len();
                let district = &districts[index];
                // A block where somebody lives or works, if a few tries find one.
                let tries: Vec<usize> = (0..6)
                    .map(|_| district.blocks[rng.random_range(0..district.blocks.len())])
                    .collect();
                let lived_in =
                    |block: &&usize| matches!(ground.uses[**block], Use::Residential | Use::Centre);
                let block = *tries.iter().find(lived_in).unwrap_or(&tries[0]);
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
                    wheelchair: if chance < 0.3 + 0.4 * district.means {
                        "yes"
                    } else if chance < 0.75 {
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
