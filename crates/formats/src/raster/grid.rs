//! Reading a grid by window.

use std::io::{self, Read};

use super::TILE;
use super::layout::{Bbox, ENTRY, HEADER, Header, NoGrid, Sample, array};

/// Bytes that can be read from any place.
pub trait ReadAt {
    /// Fills `buffer` from `offset`; an error when there are fewer bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|from| self.get(from..)?.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, buffer)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }
}

/// A blob of the twin or of a snapshot, as its view shows it.
pub struct TwinBlob<'a> {
    /// Where it is read.
    pub reader: &'a dyn twin::Reader,
    /// Who reads.
    pub view: &'a query::View,
    /// Which.
    pub blob: twin::BlobId,
}

impl<'a> TwinBlob<'a> {
    /// The blob that an entity's `blob` attribute names.
    pub fn new(reader: &'a dyn twin::Reader, view: &'a query::View, name: &str) -> Self {
        Self {
            reader,
            view,
            blob: twin::BlobId(name.to_owned()),
        }
    }
}

impl ReadAt for TwinBlob<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reader
            .read_blob(self.view, &self.blob, offset, buffer)
            .map_err(|error| io::Error::other(error.to_string()))
    }
}

/// A grid of numbers, of which only the tiles that are needed are read.
#[derive(Debug)]
pub struct Grid<R> {
    source: R,
    header: Header,
    table_at: u64,
}

/// A cell that holds a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its column, from the west of the grid.
    pub column: u32,
    /// Its row, from the north of the grid.
    pub row: u32,
    /// Longitude of its centre.
    pub lon: f64,
    /// Latitude of its centre.
    pub lat: f64,
    /// The number.
    pub value: f64,
}

/// A part of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The first column.
    pub column: u32,
    /// The first row.
    pub row: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row by row from the north; not-a-number where there is no data.
    pub values: Vec<f64>,
}

impl<R: ReadAt> Grid<R> {
    /// Reads the header.
    pub fn open(source: R) -> Result<Self, NoGrid> {
        let mut bytes = [0; HEADER];
        source.read_at(0, &mut bytes)?;
        let mut crs = vec![0; Header::crs_length(&bytes)?];
        source.read_at(HEADER as u64, &mut crs)?;
        let header = Header::from_bytes(&bytes, &crs)?;
        Ok(Self {
            table_at: header.table_at(),
            header,
            source,
        })
    }

    /// What the grid says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// A part of the grid. What lies beyond its edges is left out.
    pub fn window(&self, column: u32, row: u32, width: u32, height: u32) -> Result<Window, NoGrid> {
        let column = column.min(self.header.width);
        let row = row.min(self.header.height);
        let width = width.min(self.header.width - column);
        let height = height.min(self.header.height - row);
        let mut values = vec![f64::NAN; width as usize * height as usize];
        self.visit_tiles(column, row, width, height, &mut |cell_column, cell_row, value| {
            let at = (cell_row - row) as usize * width as usize + (cell_column - column) as usize;
            if let Some(slot) = values.get_mut(at) {
                *slot = value;
            }
        })?;
        Ok(Window {
            column,
            row,
            width,
            height,
            values,
        })
    }

    /// Visits every cell that holds a number and whose centre lies in the box (`None`: everywhere), edges
    /// included. The order is that of the tiles; memory holds one tile. In a projected grid a cell whose centre is
    /// no place on earth (the corners of a map of the world) is not visited; no inhabited cell is such.
    pub fn cells(&self, bbox: Option<Bbox>, visit: &mut dyn FnMut(Cell)) -> Result<(), NoGrid> {
        let (column, row, width, height) = bbox
            .map_or((0, 0, self.header.width, self.header.height), |bbox| {
                self.header.range(bbox)
            });
        let exact = self.header.crs.is_wgs84();
        self.visit_tiles(column, row, width, height, &mut |column, row, value| {
            let Some((lon, lat)) = self.header.centre(column, row) else {
                return;
            };
            if exact || bbox.is_none_or(|bbox| bbox.holds(lon, lat)) {
                visit(Cell {
                    column,
                    row,
                    lon,
                    lat,
                    value,
                });
            }
        })
    }

    fn visit_tiles(
        &self,
        column: u32,
        row: u32,
        width: u32,
        height: u32,
        visit: &mut dyn FnMut(u32, u32, f64),
    ) -> Result<(), NoGrid> {
        if width == 0 || height == 0 {
            return Ok(());
        }
        let (last_column, last_row) = (column + (width - 1), row + (height - 1));
        for down in row / TILE..=last_row / TILE {
            for across in column / TILE..=last_column / TILE {
                let Some(tile) = self.tile(across, down)? else {
                    continue;
                };
                let size = self.header.sample.size();
                for (index, bytes) in tile.chunks_exact(size).enumerate() {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    let cell_column = across * TILE + index % TILE;
                    let cell_row = down * TILE + index / TILE;
                    let inside =
                        (column..=last_column).contains(&cell_column) && (row..=last_row).contains(&cell_row);
                    let value = match self.header.sample {
                        Sample::F32 => f64::from(f32::from_le_bytes(array(bytes, 0))),
                        Sample::F64 => f64::from_le_bytes(array(bytes, 0)),
                    };
                    if inside && !self.header.is_no_data(value) {
                        visit(cell_column, cell_row, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// The samples of a tile; `None` where it holds no data.
    fn tile(&self, across: u32, down: u32) -> Result<Option<Vec<u8>>, NoGrid> {
        let index = u64::from(down) * u64::from(self.header.tiles_across()) + u64::from(across);
        let mut entry = [0; ENTRY];
        self.source
            .read_at(self.table_at + index * ENTRY as u64, &mut entry)?;
        let (offset, length) = (
            u64::from_le_bytes(array(&entry, 0)),
            u32::from_le_bytes(array(&entry, 8)),
        );
        if length == 0 {
            return Ok(None);
        }
        let expected = (TILE * TILE) as usize * self.header.sample.size();
        if length as usize > expected {
            return Err(NoGrid::Damaged(format!("tile {index} is {length} bytes long")));
        }
        let mut packed = vec![0; length as usize];
        self.source.read_at(offset, &mut packed)?;
        if packed.len() == expected {
            return Ok(Some(packed));
        }
        let mut bytes = Vec::with_capacity(expected);
        flate2::read::ZlibDecoder::new(packed.as_slice())
            .take(expected as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| NoGrid::Damaged(format!("tile {index}: {error}")))?;
        if bytes.len() == expected {
            Ok(Some(bytes))
        } else {
            Err(NoGrid::Damaged(format!("tile {index} is cut off")))
        }
    }
}
