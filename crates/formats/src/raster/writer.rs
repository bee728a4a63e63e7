//! Writing a grid, row by row from the north.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::TILE;
use super::layout::{ENTRY, Georeference, Header, NoGrid, Sample, Summary};
use crate::projection::Crs;

/// Takes rows and writes tiles to a temporary file: a band of 128 rows is all it holds in memory.
pub struct GridWriter {
    header: Header,
    file: File,
    band: Vec<f64>,
    rows: u32,
    table: Vec<(u64, u32)>,
    at: u64,
    sum: Sum,
}

/// A sum with its rounding error kept apart (Neumaier), the same in whatever order tiles come.
#[derive(Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let total = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - total) + value
        } else {
            (value - total) + self.sum
        };
        self.sum = total;
    }
}

impl GridWriter {
    /// A grid of this size at this place, in degrees of WGS 84.
    pub fn new(
        width: u32,
        height: u32,
        sample: Sample,
        place: Georeference,
        no_data: Option<f64>,
    ) -> Result<Self, NoGrid> {
        Self::projected(width, height, sample, place, no_data, Crs::wgs84())
    }

    /// A grid of this size at this place in a coordinate system.
    pub fn projected(
        width: u32,
        height: u32,
        sample: Sample,
        place: Georeference,
        no_data: Option<f64>,
        crs: Crs,
    ) -> Result<Self, NoGrid> {
        let header = Header {
            width,
            height,
            sample,
            place,
            crs,
            no_data,
            summary: Summary::default(),
        };
        if let Some(why) = header.impossible() {
            return Err(NoGrid::Damaged(why));
        }
        let mut file = tempfile::tempfile()?;
        let at = header.table_at() + header.tiles() * ENTRY as u64;
        file.seek(SeekFrom::Start(at))?;
        Ok(Self {
            header,
            file,
            band: Vec::new(),
            rows: 0,
            table: Vec::new(),
            at,
            sum: Sum::default(),
        })
    }

    /// What the grid will say of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next row, from west to east. Samples beyond the width are an error, missing ones are no-data.
    pub fn push_row(&mut self, row: &[f64]) -> io::Result<()> {
        let width = self.header.width as usize;
        if row.len() > width || self.rows >= self.header.height {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "more samples than the grid has cells",
            ));
        }
        self.band.extend_from_slice(row);
        self.band.resize(self.band.len() + width - row.len(), f64::NAN);
        self.rows += 1;
        if self.rows.is_multiple_of(TILE) || self.rows == self.header.height {
            self.write_band()
        } else {
            Ok(())
        }
    }

    fn write_band(&mut self) -> io::Result<()> {
        let width = self.header.width as usize;
        let rows = self.band.len() / width;
        let mut bytes = Vec::new();
        for across in 0..self.header.tiles_across() as usize {
            bytes.clear();
            let columns = across * TILE as usize..((across + 1) * TILE as usize).min(width);
            let mut any = false;
            for row in 0..TILE as usize {
                for column in across * TILE as usize..(across + 1) * TILE as usize {
                    let inside = row < rows && columns.contains(&column);
                    let value = if inside {
                        self.band.get(row * width + column).copied()
                    } else {
                        None
                    };
                    let value = value.unwrap_or(f64::NAN);
                    if inside && !self.header.is_no_data(value) {
                        any = true;
                        self.header.summary.valid += 1;
                        self.header.summary.populated += u64::from(value > 0.0);
                        self.sum.add(value);
                    }
                    match self.header.sample {
                        #[allow(clippy::cast_possible_truncation, reason = "the source held 32 bits")]
                        Sample::F32 => bytes.extend((value as f32).to_le_bytes()),
                        Sample::F64 => bytes.extend(value.to_le_bytes()),
                    }
                }
            }
            if any {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes)?;
                let packed = encoder.finish()?;
                // A tile that packing does not make smaller stays as it is; its length says so.
                let stored = if packed.len() < bytes.len() {
                    &packed
                } else {
                    &bytes
                };
                self.file.write_all(stored)?;
                let length = u32::try_from(stored.len()).map_err(io::Error::other)?;
                self.table.push((self.at, length));
                self.at += u64::from(length);
            } else {
                self.table.push((0, 0));
            }
        }
        self.band.clear();
        Ok(())
    }

    /// The whole grid, to be read from its beginning. Rows that were not given are no-data.
    pub fn finish(mut self) -> Result<(Header, impl Read + Seek), NoGrid> {
        while self.rows < self.header.height {
            self.push_row(&[])?;
        }
        self.header.summary.sum = self.sum.sum + self.sum.lost;
        self.file.seek(SeekFrom::Start(0))?;
        let mut head = self.header.to_bytes();
        for (offset, length) in &self.table {
            head.extend(offset.to_le_bytes());
            head.extend(length.to_le_bytes());
        }
        self.file.write_all(&head)?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok((self.header, self.file))
    }
}
