//! The calculations: pure functions from inputs to numbers with what they were made of. No I/O, no clock.

pub mod air_quality;
pub mod transport_convenience;
pub mod transport_network;

use geo_types::Coord;

/// A cell of a population grid that somebody lives in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its centre in degrees.
    pub centre: Coord<f64>,
    /// Its inhabitants, above 0.
    pub people: f64,
}
