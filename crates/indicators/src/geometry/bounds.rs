//! Bounding boxes.

use geo_types::Coord;

/// A bounding box; empty until it holds something.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Bounds {
    pub min_x: f64,
    pub min_y: f64,
    pub max_x: f64,
    pub max_y: f64,
}

impl Bounds {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        min_x: f64::INFINITY,
        min_y: f64::INFINITY,
        max_x: f64::NEG_INFINITY,
        max_y: f64::NEG_INFINITY,
    };

    /// Grown to hold a point.
    #[must_use]
    pub fn holding(self, point: Coord<f64>) -> Self {
        Self {
            min_x: self.min_x.min(point.x),
            min_y: self.min_y.min(point.y),
            max_x: self.max_x.max(point.x),
            max_y: self.max_y.max(point.y),
        }
    }

    /// Grown to hold another.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        Self {
            min_x: self.min_x.min(other.min_x),
            min_y: self.min_y.min(other.min_y),
            max_x: self.max_x.max(other.max_x),
            max_y: self.max_y.max(other.max_y),
        }
    }

    /// Around points.
    pub fn of(points: impl IntoIterator<Item = Coord<f64>>) -> Self {
        points.into_iter().fold(Self::EMPTY, Self::holding)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.min_x > self.max_x
    }

    /// Whether a point lies in it, edges included.
    pub fn holds(&self, point: Coord<f64>) -> bool {
        self.min_x <= point.x && point.x <= self.max_x && self.min_y <= point.y && point.y <= self.max_y
    }

    /// Its centre; none when it is empty.
    pub fn centre(&self) -> Option<Coord<f64>> {
        (!self.is_empty()).then(|| Coord {
            x: f64::midpoint(self.min_x, self.max_x),
            y: f64::midpoint(self.min_y, self.max_y),
        })
    }
}
