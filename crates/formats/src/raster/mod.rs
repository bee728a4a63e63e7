//! Grids of numbers, kept as a blob of tiles and read by window.
//!
//! The layout, version 1, all numbers little-endian: a header of 128 bytes (`layout::Header`), then for each
//! tile in reading order its offset (8 bytes) and its length (4 bytes), then the tiles: 128 × 128 samples,
//! row by row from the north, compressed (zlib) or, where their length is that of the samples, not. A tile of
//! length 0 holds nothing but no-data. Samples are exactly those of the source.
//!
//! A grid in another coordinate system than degrees of WGS 84 keeps its own cells, so that no inhabitant is lost or
//! made by resampling, and gives their centres in degrees when it is read. Its layout has version 2: bytes 96 to 99
//! of the header hold the length of the system's name, a zero byte and its definition (as PROJ writes it, UTF-8), which
//! stand between the header and the table of tiles.

mod grid;
mod layout;
mod place;
mod writer;

pub use grid::{Cell, Grid, ReadAt, TwinBlob, Window};
pub use layout::{Bbox, Georeference, Header, NoGrid, Sample, Summary};
pub use writer::GridWriter;

/// Rows and columns of a tile.
pub const TILE: u32 = 128;

#[cfg(test)]
mod tests;
