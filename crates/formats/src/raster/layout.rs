//! The header of a grid.

use serde::{Deserialize, Serialize};

use super::TILE;
use crate::projection::Crs;

/// The first bytes of a grid.
pub(super) const MAGIC: [u8; 8] = *b"MapaGrid";
/// The version of grids in degrees of WGS 84.
const DEGREES: u32 = 1;
/// The version of grids in another coordinate system, which stands behind the header.
const PROJECTED: u32 = 2;
/// The longest name and definition of a coordinate system.
const MAX_CRS: usize = 4_096;
/// Bytes of the header.
pub(super) const HEADER: usize = 128;
/// Bytes of an entry in the table of tiles.
pub(super) const ENTRY: usize = 12;
/// The most rows or columns a grid may have.
const MAX_SIDE: u32 = 2_000_000;

/// Bytes that are not a grid this program can read.
#[derive(Debug, thiserror::Error)]
pub enum NoGrid {
    /// The bytes cannot be had.
    #[error("the grid cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// They are not a grid, or not a whole one.
    #[error("the stored grid is damaged: {0}; import its source again")]
    Damaged(String),
    /// They were written by a newer program.
    #[error("the stored grid has version {0}; this program knows versions 1 and 2: use a newer program")]
    Newer(u32),
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sample {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

impl Sample {
    /// Bytes of a sample.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// `f32` or `f64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// A bounding box in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Bbox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// Where a grid lies: its north-western corner and the size of its cells, in the units of its coordinate system
/// (degrees of WGS 84, metres of a projection). West is where the first coordinate is smallest, north where the
/// second is greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Georeference {
    /// The western edge.
    pub west: f64,
    /// The northern edge.
    pub north: f64,
    /// From west to east, positive.
    pub cell_width: f64,
    /// From north to south, positive.
    pub cell_height: f64,
}

/// What is in a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// The sum of all samples that are not no-data.
    pub sum: f64,
    /// Cells that are not no-data.
    pub valid: u64,
    /// Cells above zero.
    pub populated: u64,
}

/// What a grid says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How samples are stored.
    pub sample: Sample,
    /// Where it lies.
    pub place: Georeference,
    /// In which coordinate system.
    pub crs: Crs,
    /// The number that stands for no data; not-a-number always does.
    pub no_data: Option<f64>,
    /// What is in it.
    pub summary: Summary,
}

impl Header {
    /// Whether a sample says that there is no data.
    pub fn is_no_data(&self, value: f64) -> bool {
        #[allow(clippy::float_cmp, reason = "no-data is a mark, compared as it is written")]
        let marked = self.no_data.is_some_and(|mark| match self.sample {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the mark as a sample of 32 bits holds it"
            )]
            Sample::F32 => value == f64::from(mark as f32),
            Sample::F64 => value == mark,
        });
        value.is_nan() || marked
    }

    pub(super) fn tiles_across(&self) -> u32 {
        self.width.div_ceil(TILE)
    }

    pub(super) fn tiles(&self) -> u64 {
        u64::from(self.tiles_across()) * u64::from(self.height.div_ceil(TILE))
    }

    /// The name and the definition of the coordinate system as they are stored: nothing for WGS 84.
    fn crs_text(&self) -> Vec<u8> {
        if self.crs.is_wgs84() {
            Vec::new()
        } else {
            format!("{}\0{}", self.crs.name(), self.crs.definition()).into_bytes()
        }
    }

    /// Where the table of tiles begins.
    pub(super) fn table_at(&self) -> u64 {
        HEADER as u64 + self.crs_text().len() as u64
    }

    /// The header and the coordinate system behind it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        let crs = self.crs_text();
        bytes.extend(MAGIC);
        bytes.extend(if crs.is_empty() { DEGREES } else { PROJECTED }.to_le_bytes());
        bytes.extend(u32::from(self.sample == Sample::F64).to_le_bytes());
        bytes.extend(self.width.to_le_bytes());
        bytes.extend(self.height.to_le_bytes());
        bytes.extend(TILE.to_le_bytes());
        bytes.extend(u32::from(self.no_data.is_some()).to_le_bytes());
        let place = self.place;
        let numbers = [
            place.west,
            place.north,
            place.cell_width,
            place.cell_height,
            self.no_data.unwrap_or(f64::NAN),
            self.summary.sum,
        ];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.summary.valid.to_le_bytes());
        bytes.extend(self.summary.populated.to_le_bytes());
        bytes.extend(u32::try_from(crs.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(crs);
        bytes
    }

    /// The length of what stands behind the header and says the coordinate system.
    pub(super) fn crs_length(bytes: &[u8; HEADER]) -> Result<usize, NoGrid> {
        let length = u32::from_le_bytes(array(bytes, 96)) as usize;
        match u32::from_le_bytes(array(bytes, 8)) {
            PROJECTED if length <= MAX_CRS => Ok(length),
            PROJECTED => Err(NoGrid::Damaged("its coordinate system is too long".to_owned())),
            _ => Ok(0),
        }
    }

    pub(super) fn from_bytes(bytes: &[u8; HEADER], crs: &[u8]) -> Result<Self, NoGrid> {
        let damaged = |what: &str| NoGrid::Damaged(what.to_owned());
        let u32_at = |at: usize| u32::from_le_bytes(array(bytes, at));
        let f64_at = |at: usize| f64::from_le_bytes(array(bytes, at));
        if array::<8>(bytes, 0) != MAGIC {
            return Err(damaged("it does not begin as a grid does"));
        }
        let crs = match u32_at(8) {
            DEGREES => Crs::wgs84(),
            PROJECTED => std::str::from_utf8(crs)
                .ok()
                .and_then(|text| text.split_once('\0'))
                .ok_or_else(|| damaged("its coordinate system is not text"))
                .and_then(|(name, definition)| {
                    Crs::restore(name, definition).map_err(|error| NoGrid::Damaged(error.to_string()))
                })?,
            newer => return Err(NoGrid::Newer(newer)),
        };
        let header = Self {
            sample: match u32_at(12) {
                0 => Sample::F32,
                1 => Sample::F64,
                _ => return Err(damaged("its samples are of an unknown sort")),
            },
            width: u32_at(16),
            height: u32_at(20),
            no_data: (u32_at(28) == 1).then(|| f64_at(64)),
            place: Georeference {
                west: f64_at(32),
                north: f64_at(40),
                cell_width: f64_at(48),
                cell_height: f64_at(56),
            },
            crs,
            summary: Summary {
                sum: f64_at(72),
                valid: u64::from_le_bytes(array(bytes, 80)),
                populated: u64::from_le_bytes(array(bytes, 88)),
            },
        };
        if u32_at(24) != TILE {
            return Err(damaged("its tiles have another size"));
        }
        if let Some(why) = header.impossible() {
            return Err(NoGrid::Damaged(why));
        }
        Ok(header)
    }

    /// Why there can be no such grid.
    pub(super) fn impossible(&self) -> Option<String> {
        let place = self.place;
        if self.width == 0 || self.height == 0 || self.width > MAX_SIDE || self.height > MAX_SIDE {
            return Some(format!("a grid of {} by {} cells", self.width, self.height));
        }
        let fine = |size: f64| size.is_finite() && size > 0.0;
        if !(fine(place.cell_width)
            && fine(place.cell_height)
            && place.west.is_finite()
            && place.north.is_finite())
        {
            return Some("its cells have no size or no place".to_owned());
        }
        if !self.crs.is_wgs84() {
            return None;
        }
        let bbox = self.bbox();
        // Global grids overshoot the edge of the world by rounding.
        let slack = place.cell_width.max(place.cell_height);
        let inside = bbox.west >= -180.0 - slack
            && bbox.east <= 180.0 + slack
            && bbox.south >= -90.0 - slack
            && bbox.north <= 90.0 + slack;
        (!inside).then(|| {
            format!(
                "it reaches from {} to {} and from {} to {}, which are not degrees",
                bbox.west, bbox.east, bbox.south, bbox.north
            )
        })
    }
}

/// `N` bytes from `at`; zeros beyond the end.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..at + N)
        .and_then(|part| part.try_into().ok())
        .unwrap_or([0; N])
}
