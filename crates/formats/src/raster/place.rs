//! Where the cells of a grid lie on earth.

use super::layout::{Bbox, Header};

/// Points along a line that is bent by a projection, to find how far it reaches.
const STEPS: u32 = 64;

impl Bbox {
    /// Whether a place lies in it, edges included.
    pub fn holds(&self, lon: f64, lat: f64) -> bool {
        (self.west..=self.east).contains(&lon) && (self.south..=self.north).contains(&lat)
    }
}

/// The least and the greatest of numbers along lines, and how far they may reach between the points that were tried.
#[derive(Clone, Copy)]
struct Span {
    least: f64,
    greatest: f64,
    bend: f64,
}

impl Span {
    const NOTHING: Self = Self {
        least: f64::INFINITY,
        greatest: f64::NEG_INFINITY,
        bend: 0.0,
    };

    /// Takes the numbers along a line. Between two points the line leaves the chord by an eighth of the second
    /// difference; the whole of it is kept as a margin.
    fn take(&mut self, numbers: &[f64]) {
        for number in numbers {
            self.least = self.least.min(*number);
            self.greatest = self.greatest.max(*number);
        }
        for three in numbers.windows(3) {
            if let [a, b, c] = three {
                self.bend = self.bend.max((a - 2.0 * b + c).abs());
            }
        }
    }

    fn from(self) -> f64 {
        self.least - self.bend
    }

    fn to(self) -> f64 {
        self.greatest + self.bend
    }
}

/// The four sides of a box, each as points.
fn sides(west: f64, south: f64, east: f64, north: f64) -> [Vec<(f64, f64)>; 4] {
    let along = |from: f64, to: f64| {
        (0..=STEPS).map(move |step| from + (to - from) * f64::from(step) / f64::from(STEPS))
    };
    [
        along(west, east).map(|x| (x, south)).collect(),
        along(west, east).map(|x| (x, north)).collect(),
        along(south, north).map(|y| (west, y)).collect(),
        along(south, north).map(|y| (east, y)).collect(),
    ]
}

impl Header {
    /// The edges of the grid in its own units: west, south, east, north.
    fn edges(&self) -> (f64, f64, f64, f64) {
        let place = self.place;
        (
            place.west,
            place.north - place.cell_height * f64::from(self.height),
            place.west + place.cell_width * f64::from(self.width),
            place.north,
        )
    }

    /// A box in degrees that holds all cells: exactly in a grid of degrees, with a margin in a projected one.
    pub fn bbox(&self) -> Bbox {
        const WORLD: Bbox = Bbox {
            west: -180.0,
            south: -90.0,
            east: 180.0,
            north: 90.0,
        };
        let (west, south, east, north) = self.edges();
        if self.crs.is_wgs84() {
            return Bbox {
                west,
                south,
                east,
                north,
            };
        }
        let (mut across, mut up) = (Span::NOTHING, Span::NOTHING);
        for side in sides(west, south, east, north) {
            let places: Option<Vec<_>> = side.iter().map(|(x, y)| self.crs.to_wgs84(*x, *y)).collect();
            // A grid wider than the world, or over a pole.
            let Some(places) = places else {
                return WORLD;
            };
            let (lons, lats): (Vec<f64>, Vec<f64>) = places.into_iter().unzip();
            if lons
                .windows(2)
                .any(|two| matches!(two, [a, b] if (a - b).abs() > 180.0))
            {
                // Over the antimeridian: no box of longitudes is narrower than all of them.
                return WORLD;
            }
            across.take(&lons);
            up.take(&lats);
        }
        // Within a grid over a pole all longitudes meet, and its sides do not tell.
        let pole = [(0.0, 90.0), (0.0, -90.0)].into_iter().any(|(lon, lat)| {
            self.crs
                .from_wgs84(lon, lat)
                .is_some_and(|(x, y)| (west..=east).contains(&x) && (south..=north).contains(&y))
        });
        if pole {
            return WORLD;
        }
        Bbox {
            west: across.from().max(-180.0),
            south: up.from().max(-90.0),
            east: across.to().min(180.0),
            north: up.to().min(90.0),
        }
    }

    /// A place in the grid's own units, if the way back leads to it again.
    fn there(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (x, y) = self.crs.from_wgs84(lon, lat)?;
        let (back_lon, back_lat) = self.crs.to_wgs84(x, y)?;
        ((back_lon - lon).abs() < 1e-5 && (back_lat - lat).abs() < 1e-5).then_some((x, y))
    }

    /// The centre of a cell in the grid's own units.
    fn middle(&self, column: u32, row: u32) -> (f64, f64) {
        (
            self.place.west + (f64::from(column) + 0.5) * self.place.cell_width,
            self.place.north - (f64::from(row) + 0.5) * self.place.cell_height,
        )
    }

    /// The centre of a cell: longitude, latitude. `None`: the cell is no place on earth, as in the corners of a
    /// map of the world.
    pub fn centre(&self, column: u32, row: u32) -> Option<(f64, f64)> {
        let (x, y) = self.middle(column, row);
        if self.crs.is_wgs84() {
            // Global grids overshoot the edge of the world by rounding.
            return Some((x, y));
        }
        self.crs.to_wgs84(x, y)
    }

    /// Columns and rows that hold all cells whose centres lie in a box (edges included): first column, first row,
    /// width, height. In a grid of degrees these cells and no others; in a projected one others beside them.
    pub fn range(&self, bbox: Bbox) -> (u32, u32, u32, u32) {
        let whole = (0, 0, self.width, self.height);
        let place = self.place;
        let (west, south, east, north) = if self.crs.is_wgs84() {
            (bbox.west, bbox.south, bbox.east, bbox.north)
        } else {
            // What lies beyond the grid may be beyond what its system can describe.
            let own = self.bbox();
            let bbox = Bbox {
                west: bbox.west.max(own.west),
                south: bbox.south.max(own.south),
                east: bbox.east.min(own.east),
                north: bbox.north.min(own.north),
            };
            if bbox.west > bbox.east || bbox.south > bbox.north {
                return (0, 0, 0, 0);
            }
            let (mut across, mut up) = (Span::NOTHING, Span::NOTHING);
            for side in sides(bbox.west, bbox.south, bbox.east, bbox.north) {
                let places: Option<Vec<_>> = side.iter().map(|(lon, lat)| self.there(*lon, *lat)).collect();
                // Where the box still reaches beyond the system, every cell is looked at.
                let Some(places) = places else {
                    return whole;
                };
                let (xs, ys): (Vec<f64>, Vec<f64>) = places.into_iter().unzip();
                across.take(&xs);
                up.take(&ys);
            }
            (
                across.from() - place.cell_width,
                up.from() - place.cell_height,
                across.to() + place.cell_width,
                up.to() + place.cell_height,
            )
        };
        let span = |from: f64, to: f64, count: u32| -> (u32, u32) {
            // The centre of cell i is at i + 0.5 cells from the edge.
            let limit = f64::from(count);
            let first = (from - 0.5).ceil().clamp(0.0, limit);
            let end = ((to - 0.5).floor() + 1.0).clamp(first, limit);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and a u32"
            )]
            (first as u32, (end - first) as u32)
        };
        let (column, width) = span(
            (west - place.west) / place.cell_width,
            (east - place.west) / place.cell_width,
            self.width,
        );
        let (row, height) = span(
            (place.north - north) / place.cell_height,
            (place.north - south) / place.cell_height,
            self.height,
        );
        (column, row, width, height)
    }
}
