//! Buildings: footprints with heights.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString, Polygon};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::districts::District;
use crate::ground::{Ground, Use, degrees};
use crate::noise::stream;

/// About so many at most: a map must draw them.
const AT_MOST: f64 = 12_000.0;

/// A building.
#[derive(Debug)]
pub(crate) struct Building {
    pub(crate) category: &'static str,
    /// In degrees.
    pub(crate) footprint: Polygon<f64>,
    /// A place inside, in metres from the centre.
    pub(crate) middle: Coord<f64>,
    pub(crate) floors: u32,
    pub(crate) height_m: f64,
    pub(crate) residents: u32,
    /// `yes`, `limited`, `no`.
    pub(crate) wheelchair: &'static str,
    pub(crate) district: usize,
}

pub(crate) fn generate(
    seed: u64,
    ground: &Ground,
    districts: &[District],
    by_block: &BTreeMap<usize, u32>,
) -> Vec<Building> {
    let mut rng = stream(seed, "buildings");
    let keep = (AT_MOST / (3.0 * by_block.len() as f64)).min(1.0);
    let mut buildings = Vec::new();
    for (index, district) in districts.iter().enumerate() {
        for &block in &district.blocks {
            let residents = by_block.get(&block).copied().unwrap_or(0);
            let count = match (ground.uses[block], residents) {
                (Use::Park(_) | Use::Outside, _) | (Use::Residential, 0) => 0,
                (Use::Centre, _) | (Use::Residential, 25..) => 4,
                (Use::Residential, 12..) => 3,
                (Use::Residential, _) => 2,
                (Use::Industrial, _) => rng.random_range(1..=2),
            };
            if !rng.random_bool(keep) {
                continue;
            }
            let first = rng.random_range(0..4_u32);
            for lot in 0..count {
                let quarter = (first + lot) % 4;
                let share = residents / count + u32::from(lot < residents % count);
                buildings.push(building(
                    ground,
                    block,
                    quarter,
                    share,
                    (index, district.means),
                    &mut rng,
                ));
            }
        }
    }
    buildings
}

fn building(
    ground: &Ground,
    block: usize,
    quarter: u32,
    residents: u32,
    (district, means): (usize, f64),
    rng: &mut ChaCha8Rng,
) -> Building {
    let out = ground.outness(ground.centroid(block));
    let (category, size, floors) = match ground.uses[block] {
        Use::Centre if rng.random_bool(0.55) => {
            ("commercial", 0.13..0.18, 4.0 + 14.0 * (1.0 - 3.0 * out).max(0.0))
        }
        Use::Centre => ("apartments", 0.11..0.16, 5.0 + 6.0 * (1.0 - 3.0 * out).max(0.0)),
        Use::Industrial => ("industrial", 0.15..0.19, 1.5),
        _ if residents >= 6 => ("apartments", 0.09..0.14, 2.5 + 4.0 * (1.0 - out).max(0.0)),
        _ => ("house", 0.05..0.08, 1.6),
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few floors"
    )]
    let floors = (floors * rng.random_range(0.7..1.3)).round().max(1.0) as u32;
    let (half_u, half_v) = (rng.random_range(size.clone()), rng.random_range(size));
    let mut middle = |east: bool| {
        let shift = rng.random_range(-0.02..0.02);
        shift + if east { 0.72 } else { 0.28 }
    };
    let (u, v) = (middle(quarter == 1 || quarter == 2), middle(quarter >= 2));
    let at = |du: f64, dv: f64| degrees(ground.inside_block(block, u + du * half_u, v + dv * half_v));
    let corners = if category != "house" && rng.random_bool(0.3) {
        // An L.
        vec![
            at(-1.0, -1.0),
            at(1.0, -1.0),
            at(1.0, 0.1),
            at(0.0, 0.1),
            at(0.0, 1.0),
            at(-1.0, 1.0),
            at(-1.0, -1.0),
        ]
    } else {
        vec![
            at(-1.0, -1.0),
            at(1.0, -1.0),
            at(1.0, 1.0),
            at(-1.0, 1.0),
            at(-1.0, -1.0),
        ]
    };
    let chance: f64 = rng.random();
    let height_m = f64::from(floors) * 3.1 + if category == "industrial" { 4.0 } else { 1.2 };
    Building {
        category,
        footprint: Polygon::new(LineString(corners), vec![]),
        middle: ground.inside_block(block, u - 0.5 * half_u, v - 0.5 * half_v),
        floors,
        height_m: (height_m * 10.0).round() / 10.0,
        residents,
        wheelchair: if chance < 0.2 + 0.4 * means {
            "yes"
        } else if chance < 0.7 {
            "limited"
        } else {
            "no"
        },
        district,
    }
}
