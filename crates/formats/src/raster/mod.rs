//! Grids of numbers, kept as a blob of tiles and read by window.
//!
//! The layout, version 1, all numbers little-endian: a header of 128 bytes (`layout::Header`), then for each
//! tile in reading order its offset (8 bytes) and its length (4 bytes), then the tiles: 128 × 128 samples,
//! row by row from the north, compressed (zlib) or, where their length is that of the samples, not. A tile of
//! length 0 holds nothing but no-data. Samples are exactly those of the source.

mod grid;
mod layout;
mod writer;

pub use grid::{Cell, Grid, ReadAt, TwinBlob, Window};
pub use layout::{Bbox, Georeference, Header, NoGrid, Sample, Summary};
pub use writer::GridWriter;

/// Rows and columns of a tile.
pub const TILE: u32 = 128;

#[cfg(test)]
mod tests;
