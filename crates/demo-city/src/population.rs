//! Who lives where: by block, and by cells of about 100 m with sex, age and disability.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use geo_types::Coord;
use rand::RngExt;

use crate::districts::District;
use crate::ground::{Ground, Use, degrees, metres};
use crate::noise::{stream, unit};

/// The size of a cell in degrees: 99.9 m either way.
const CELL: Coord<f64> = Coord {
    x: 0.00117,
    y: 0.0009,
};

/// Age groups, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AgeGroup {
    From0To4,
    From5To14,
    From15To24,
    From25To64,
    From65,
}

impl AgeGroup {
    /// All, youngest first; the order of [`Cell::by_sex_and_age`].
    pub const ALL: [Self; 5] = [
        Self::From0To4,
        Self::From5To14,
        Self::From15To24,
        Self::From25To64,
        Self::From65,
    ];

    /// `0-4` … `65+`.
    pub fn as_str(self) -> &'static str {
        ["0-4", "5-14", "15-24", "25-64", "65+"][self as usize]
    }

    /// The share of persons with disabilities; rounded from the World report on disability (WHO 2011).
    fn disability(self) -> f64 {
        [0.03, 0.05, 0.06, 0.13, 0.38][self as usize]
    }
}

/// The inhabitants of one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// All of them.
    pub population: u32,
    /// Women and girls, then men and boys, each by [`AgeGroup`].
    pub by_sex_and_age: [[u32; 5]; 2],
    /// How many of them are persons with disabilities.
    pub persons_with_disabilities: u32,
}

/// Inhabitants on a regular grid in degrees.
#[derive(Debug, PartialEq)]
pub struct PopulationGrid {
    /// The western edge in degrees.
    pub west: f64,
    /// The northern edge in degrees.
    pub north: f64,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Inhabited cells by row (from the north) and column (from the west).
    pub cells: BTreeMap<(u32, u32), Cell>,
}

/// Shares everybody out over the blocks; exactly all of them.
pub(crate) fn by_block(seed: u64, ground: &Ground, inhabitants: u32) -> BTreeMap<usize, u32> {
    let weights: Vec<(usize, f64)> = ground
        .blocks()
        .map(|block| {
            let out = ground.outness(ground.centroid(block));
            let here = 0.5 + unit(seed, 21, block as u64);
            let factor = match ground.uses[block] {
                Use::Centre => 0.9,
                Use::Residential => 1.0,
                Use::Industrial => 0.05,
                Use::Park(_) | Use::Outside => 0.0,
            };
            (block, factor * here * (-1.6 * out * out).exp())
        })
        .collect();
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    // Rounding the running sum gives every block its share and the whole its number.
    let (mut sum, mut given) = (0.0, 0);
    let mut shares = BTreeMap::new();
    for (block, weight) in weights {
        sum += weight;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the inhabitants"
        )]
        let until = ((sum / total).min(1.0) * f64::from(inhabitants)).round() as u32;
        shares.insert(block, until.max(given) - given);
        given = until.max(given);
    }
    if let Some(mut last) = shares.last_entry() {
        *last.get_mut() += inhabitants - given;
    }
    shares
}

impl PopulationGrid {
    /// Everybody of every block, person by person. Also tells the districts who lives there.
    pub(crate) fn generate(
        seed: u64,
        ground: &Ground,
        districts: &mut [District],
        by_block: &BTreeMap<usize, u32>,
    ) -> Self {
        let mut rng = stream(seed, "population");
        let places: Vec<Coord<f64>> = ground.nodes.iter().map(|&node| degrees(node)).collect();
        let edge = |pick: fn(&Coord<f64>) -> f64, worst: fn(f64, f64) -> f64, start: f64| {
            let corners = ground.blocks().flat_map(|block| ground.corners(block));
            corners.map(|node| pick(&places[node])).fold(start, worst)
        };
        // Edges on whole cells.
        let west = (edge(|c| c.x, f64::min, 180.0) / CELL.x).floor() * CELL.x;
        let north = (edge(|c| c.y, f64::max, -90.0) / CELL.y).ceil() * CELL.y;
        let (east, south) = (edge(|c| c.x, f64::max, -180.0), edge(|c| c.y, f64::min, 90.0));
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a city has few cells"
        )]
        let count = |extent: f64, step: f64| (extent / step).ceil() as u32;
        let mut grid = Self {
            west: (west * 1e7).round() / 1e7,
            north: (north * 1e7).round() / 1e7,
            width: count(east - west, CELL.x),
            height: count(north - south, CELL.y),
            cells: BTreeMap::new(),
        };
        for district in districts {
            // Poorer districts are younger.
            let young = 1.3 - 0.6 * district.means;
            let shares = [0.09 * young, 0.18 * young, 0.17 * young, 0.46, 0.12 / young];
            let total: f64 = shares.iter().sum();
            for &block in &district.blocks {
                for _ in 0..by_block.get(&block).copied().unwrap_or(0) {
                    let at = ground.inside_block(
                        block,
                        rng.random_range(0.08..0.92),
                        rng.random_range(0.08..0.92),
                    );
                    let cell = grid.inner_cell(ground, block, at);
                    let mut left = rng.random::<f64>() * total;
                    let age = AgeGroup::ALL
                        .into_iter()
                        .find(|&age| {
                            left -= shares[age as usize];
                            left < 0.0
                        })
                        .unwrap_or(AgeGroup::From25To64);
                    let male = usize::from(rng.random_bool(0.49));
                    let disabled = u32::from(rng.random_bool(age.disability()));
                    let cell = grid.cells.entry(cell).or_default();
                    cell.population += 1;
                    cell.by_sex_and_age[male][age as usize] += 1;
                    cell.persons_with_disabilities += disabled;
                    district.population += 1;
                    district.ages[age as usize] += 1;
                    district.persons_with_disabilities += disabled;
                }
            }
        }
        grid
    }

    /// The cell of a place; at the outskirts, where that cell's centre lies outside the city, one nearby. So everybody
    /// lives in a cell whose centre is in the city.
    fn inner_cell(&self, ground: &Ground, block: usize, at: Coord<f64>) -> (u32, u32) {
        let inside = |&cell: &(u32, u32)| ground.holds(block, metres(self.centre(cell)));
        let cell = self.cell_of(degrees(at));
        if inside(&cell) {
            return cell;
        }
        let (row, column) = self.cell_of(degrees(ground.centroid(block)));
        let around = (0..3).flat_map(|down| (0..3).map(move |right| (down, right)));
        let nearby = around.filter_map(|(down, right)| {
            let cell = ((row + down).checked_sub(1)?, (column + right).checked_sub(1)?);
            (cell.0 < self.height && cell.1 < self.width).then_some(cell)
        });
        std::iter::once((row, column))
            .chain(nearby)
            .find(inside)
            .unwrap_or(cell)
    }

    fn cell_of(&self, at: Coord<f64>) -> (u32, u32) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the grid"
        )]
        let index = |offset: f64, step: f64, count: u32| {
            ((offset / step).max(0.0) as u32).min(count.saturating_sub(1))
        };
        (
            index(self.north - at.y, CELL.y, self.height),
            index(at.x - self.west, CELL.x, self.width),
        )
    }

    /// The size of a cell in degrees.
    pub fn cell_size(&self) -> Coord<f64> {
        CELL
    }

    /// The middle of a cell in degrees.
    pub fn centre(&self, (row, column): (u32, u32)) -> Coord<f64> {
        Coord {
            x: self.west + (f64::from(column) + 0.5) * CELL.x,
            y: self.north - (f64::from(row) + 0.5) * CELL.y,
        }
    }

    /// Everybody.
    pub fn population(&self) -> u32 {
        self.cells.values().map(|cell| cell.population).sum()
    }

    pub(crate) fn csv(&self) -> Vec<u8> {
        // Writing to a string never fails.
        let mut text = String::from("lon,lat,population");
        for sex in ["female", "male"] {
            for age in AgeGroup::ALL {
                _ = write!(text, ",{sex}_{}", age.as_str());
            }
        }
        text.push_str(",persons_with_disabilities\n");
        for (&at, cell) in &self.cells {
            let centre = self.centre(at);
            _ = write!(text, "{:.7},{:.7},{}", centre.x, centre.y, cell.population);
            for number in cell.by_sex_and_age.iter().flatten() {
                _ = write!(text, ",{number}");
            }
            _ = writeln!(text, ",{}", cell.persons_with_disabilities);
        }
        text.into_bytes()
    }
}
