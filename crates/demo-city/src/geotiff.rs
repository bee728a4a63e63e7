//! The population grid as a GeoTIFF (OGC 19-008r4) in degrees of WGS 84.

use std::io::Cursor;

use tiff::TiffError;
use tiff::encoder::{TiffEncoder, colortype::Gray32Float};
use tiff::tags::Tag;

use crate::population::PopulationGrid;

/// What stands where nobody lives.
const NO_DATA: f32 = -99_999.0;

pub(crate) fn write(grid: &PopulationGrid) -> Vec<u8> {
    // Memory takes every write, and no city has 4 GiB of cells.
    try_write(grid).unwrap_or_default()
}

fn try_write(grid: &PopulationGrid) -> Result<Vec<u8>, TiffError> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = (grid.width.max(1), grid.height.max(1));
    let mut samples = vec![NO_DATA; width as usize * height as usize];
    for (&(row, column), cell) in &grid.cells {
        samples[row as usize * width as usize + column as usize] = cell.population as f32;
    }
    let mut tiff = TiffEncoder::new(&mut bytes)?;
    let mut image = tiff.new_image::<Gray32Float>(width, height)?;
    let size = grid.cell_size();
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[size.x, size.y, 0.0][..])?;
    tags.write_tag(
        Tag::ModelTiepointTag,
        &[0.0, 0.0, 0.0, grid.west, grid.north, 0.0][..],
    )?;
    // Geographic coordinates, cells are areas, EPSG:4326.
    let keys: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..])?;
    tags.write_tag(Tag::GdalNodata, "-99999")?;
    image.write_data(&samples)?;
    Ok(bytes.into_inner())
}
