//! The ground plan: a lattice of blocks, bent a little, of which a rounded part is the city.

use std::f64::consts::TAU;

use geo_types::Coord;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::noise::stream;

/// The middle of the city in degrees: open ocean, more than a thousand kilometres from any land.
const CENTRE: Coord<f64> = Coord { x: -30.0, y: -40.0 };
/// Metres in a degree of latitude and of longitude at the centre (WGS 84).
const METRES_PER_LATITUDE: f64 = 111_035.0;
const METRES_PER_LONGITUDE: f64 = 85_394.0;
/// The side of a block in metres.
pub(crate) const BLOCK_M: f64 = 150.0;

/// What a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Outside,
    Centre,
    Residential,
    Industrial,
    /// Part of the park with this number.
    Park(u16),
}

/// The lattice. Nodes and blocks are counted row by row from the south-west.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Blocks along a side.
    pub(crate) side: usize,
    /// The places of the nodes, in metres from the centre.
    pub(crate) nodes: Vec<Coord<f64>>,
    /// What each block is for.
    pub(crate) uses: Vec<Use>,
    pub(crate) parks: u16,
    /// The distance from the centre to the outskirts, in metres.
    pub(crate) radius_m: f64,
}

impl Ground {
    pub(crate) fn generate(seed: u64, inhabitants: u32) -> Self {
        let mut rng = stream(seed, "ground");
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 600"
        )]
        let side = ((f64::from(inhabitants) / 50_000.0).sqrt() * 62.0)
            .round()
            .clamp(16.0, 600.0) as usize;
        let mut ground = Self {
            side,
            nodes: nodes(side, &mut rng),
            uses: vec![Use::Outside; side * side],
            parks: 0,
            radius_m: 0.41 * side as f64 * BLOCK_M,
        };
        ground.shape(&mut rng);
        ground.add_parks(&mut rng);
        ground
    }

    /// A rounded outline, and what the blocks inside are for.
    fn shape(&mut self, rng: &mut ChaCha8Rng) {
        let phases: [f64; 3] = std::array::from_fn(|_| rng.random_range(0.0..TAU));
        let works = rng.random_range(0.0..TAU);
        let mut inside = vec![false; self.uses.len()];
        for (block, inside) in inside.iter_mut().enumerate() {
            let at = self.centroid(block);
            let angle = at.y.atan2(at.x);
            let reach = 1.0
                + 0.10 * (2.0 * angle + phases[0]).sin()
                + 0.06 * (3.0 * angle + phases[1]).sin()
                + 0.04 * (5.0 * angle + phases[2]).sin();
            *inside = at.x.hypot(at.y) <= self.radius_m * reach;
        }
        // What hangs together with the middle, so that every street can be reached.
        let middle = (self.side / 2) * self.side + self.side / 2;
        let mut waiting = vec![middle];
        while let Some(block) = waiting.pop() {
            if !inside[block] || self.uses[block] != Use::Outside {
                continue;
            }
            let at = self.centroid(block);
            let (out, angle) = (at.x.hypot(at.y) / self.radius_m, at.y.atan2(at.x));
            let towards_works = (angle - works + TAU + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
            self.uses[block] = if out < 0.2 {
                Use::Centre
            } else if out > 0.6 && towards_works.abs() < 0.35 {
                Use::Industrial
            } else {
                Use::Residential
            };
            waiting.extend(self.neighbours(block));
        }
    }

    fn add_parks(&mut self, rng: &mut ChaCha8Rng) {
        let blocks: Vec<usize> = self.blocks().collect();
        for _ in 0..(blocks.len() / 90).max(2) {
            let start = blocks[rng.random_range(0..blocks.len())];
            let wide = rng.random_range(1..=2) * rng.random_range(1..=2);
            let square = [start, start + 1, start + self.side, start + self.side + 1];
            let free = |block: &&usize| {
                matches!(
                    self.uses.get(**block),
                    Some(Use::Residential | Use::Centre | Use::Industrial)
                )
            };
            let part: Vec<usize> = square.iter().take(wide).take_while(free).copied().collect();
            if !part.is_empty() && start % self.side + 1 < self.side {
                for block in part {
                    self.uses[block] = Use::Park(self.parks);
                }
                self.parks += 1;
            }
        }
    }

    /// The blocks of the city.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.uses.len()).filter(|&block| self.uses[block] != Use::Outside)
    }

    pub(crate) fn is_inside(&self, block: Option<usize>) -> bool {
        block.is_some_and(|block| self.uses[block] != Use::Outside)
    }

    /// The block in a column and a row, where there is one.
    pub(crate) fn block_at(&self, column: usize, row: usize) -> Option<usize> {
        (column < self.side && row < self.side).then_some(row * self.side + column)
    }

    /// The blocks beside a block.
    pub(crate) fn neighbours(&self, block: usize) -> impl Iterator<Item = usize> + use<> {
        let (column, row, side) = (block % self.side, block / self.side, self.side);
        let west = (column > 0).then(|| block - 1);
        let east = (column + 1 < side).then(|| block + 1);
        let south = (row > 0).then(|| block - side);
        let north = (row + 1 < side).then(|| block + side);
        [west, east, south, north].into_iter().flatten()
    }

    /// The nodes at a block's corners, counter-clockwise from the south-west.
    pub(crate) fn corners(&self, block: usize) -> [usize; 4] {
        let south_west = block / self.side * (self.side + 1) + block % self.side;
        [
            south_west,
            south_west + 1,
            south_west + self.side + 2,
            south_west + self.side + 1,
        ]
    }

    /// A place in a block: `u` of the way east, `v` of the way north, in metres from the centre.
    pub(crate) fn inside_block(&self, block: usize, u: f64, v: f64) -> Coord<f64> {
        let [sw, se, ne, nw] = self.corners(block).map(|node| self.nodes[node]);
        sw * ((1.0 - u) * (1.0 - v)) + se * (u * (1.0 - v)) + ne * (u * v) + nw * ((1.0 - u) * v)
    }

    /// The middle of a block, in metres from the centre.
    pub(crate) fn centroid(&self, block: usize) -> Coord<f64> {
        self.inside_block(block, 0.5, 0.5)
    }

    /// Whether a place, in metres from the centre, lies in the city; it must be in or beside `block`.
    pub(crate) fn holds(&self, block: usize, at: Coord<f64>) -> bool {
        let (column, row) = (block % self.side, block / self.side);
        let columns = column.saturating_sub(1)..=column + 1;
        let mut blocks = (row.saturating_sub(1)..=row + 1)
            .flat_map(|row| columns.clone().map(move |column| (column, row)))
            .filter_map(|(column, row)| self.block_at(column, row));
        blocks.any(|block| {
            let corners = self.corners(block).map(|node| self.nodes[node]);
            // Blocks are convex.
            self.is_inside(Some(block))
                && (0..4).all(|i| {
                    let (a, b) = (corners[i], corners[(i + 1) % 4]);
                    (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x) > 0.0
                })
        })
    }

    /// How far out a place is: 0 in the middle, about 1 at the outskirts.
    pub(crate) fn outness(&self, at: Coord<f64>) -> f64 {
        at.x.hypot(at.y) / self.radius_m
    }
}

/// The lattice's nodes, moved smoothly, so that no street is quite straight.
fn nodes(side: usize, rng: &mut ChaCha8Rng) -> Vec<Coord<f64>> {
    let waves: Vec<[f64; 3]> = (0..4)
        .map(|_| {
            [
                rng.random_range(0.0..TAU),
                rng.random_range(13.0..24.0),
                rng.random_range(0.2..0.5),
            ]
        })
        .collect();
    let turn: f64 = rng.random_range(-0.4..0.4);
    let half = side as f64 / 2.0;
    let wave = |[phase, length, height]: [f64; 3], along: f64| height * (TAU * along / length + phase).sin();
    let mut nodes = Vec::with_capacity((side + 1) * (side + 1));
    for row in 0..=side {
        for column in 0..=side {
            let (x, y) = (column as f64 - half, row as f64 - half);
            let dx = wave(waves[0], y) + wave(waves[1], x + y) + rng.random_range(-0.08..0.08);
            let dy = wave(waves[2], x) + wave(waves[3], x - y) + rng.random_range(-0.08..0.08);
            let (x, y) = ((x + dx) * BLOCK_M, (y + dy) * BLOCK_M);
            nodes.push(Coord {
                x: x * turn.cos() - y * turn.sin(),
                y: x * turn.sin() + y * turn.cos(),
            });
        }
    }
    nodes
}

/// A place in metres as longitude and latitude, to seven decimals (a centimetre), so that every writer gives the
/// same digits.
pub(crate) fn degrees(metres: Coord<f64>) -> Coord<f64> {
    let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
    Coord {
        x: rounded(CENTRE.x + metres.x / METRES_PER_LONGITUDE),
        y: rounded(CENTRE.y + metres.y / METRES_PER_LATITUDE),
    }
}

/// A place in degrees as metres from the centre.
pub(crate) fn metres(degrees: Coord<f64>) -> Coord<f64> {
    Coord {
        x: (degrees.x - CENTRE.x) * METRES_PER_LONGITUDE,
        y: (degrees.y - CENTRE.y) * METRES_PER_LATITUDE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_block_is_folded() {
        for seed in 0..20 {
            let ground = Ground::generate(seed, 20_000);
            for block in ground.blocks() {
                let corners = ground.corners(block).map(|node| ground.nodes[node]);
                for i in 0..4 {
                    let (a, b, c) = (corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]);
                    let cross = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
                    assert!(cross > 0.0, "seed {seed}, block {block}");
                }
            }
        }
    }
}
