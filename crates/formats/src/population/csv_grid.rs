//! A grid as a table: `lon,lat,population`, one row for each cell, the coordinates those of its centre; or
//! `x,y,population` in another coordinate system that the user names.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use super::{check_row, grid_error, spool_error, store};
use crate::csv_table::{Row, Step, Table};
use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::projection::{Crs, choose};
use crate::raster::{Georeference, GridWriter, Sample};
use crate::text::sniff;

/// The most cells that are held while the rows of a table are put in order.
const MAX_CELLS: usize = 16 << 20;
/// Coordinates nearer than this are the same: a tenth of a millimetre.
const NANO: f64 = 1e9;
/// No projection of the earth has greater numbers, in whatever unit.
const FARTHEST: f64 = 1e9;

const REMEDY: &str =
    "give a CSV with the columns lon, lat, population, one row for each cell of a regular grid";

pub(super) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let place: Place = Place {
        file: file.name.as_str().into(),
        line: None,
    };
    let sniffed = sniff(&mut File::open(&file.path).map_err(ImportError::read(&file.name))?)
        .map_err(ImportError::read(&file.name))?;
    if let Some(warning) = sniffed.warning(&file.name) {
        session.warn(warning);
    }
    let bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
    let mut table = Table::open(bytes, sniffed, session.options.delimiter).map_err(|error| match error {
        Ok(why) => ImportError::file(&file.name, why, REMEDY),
        Err(source) => ImportError::Read {
            file: file.name.clone(),
            source,
        },
    })?;
    let column = |names: &[&str]| names.iter().find_map(|name| table.column(name));
    let lon = column(&["lon", "longitude", "lng", "x"]);
    let lat = column(&["lat", "latitude", "y"]);
    let value = column(&["population", "pop", "value", "z", "inhabitants"]);
    let (Some(lon), Some(lat), Some(value)) = (lon, lat, value) else {
        let why = format!(
            "it is neither a GeoTIFF nor a table of cells: its columns are {}",
            table
                .header()
                .join(", ")
                .chars()
                .take(80)
                .collect::<String>()
                .escape_debug()
        );
        return Err(ImportError::file(&file.name, why, REMEDY));
    };

    let crs = choose(&file.name, Ok(None), session, REMEDY)?.unwrap_or_default();
    let mut cells: BTreeMap<Key, f64> = BTreeMap::new();
    let mut row = Row::default();
    let mut read = 0;
    loop {
        let step = table.next(&mut row).map_err(ImportError::read(&file.name))?;
        let here = Place {
            line: Some(row.line),
            ..place.clone()
        };
        match step {
            Step::End => break,
            Step::Bad(why) => session.refuse(here.refusal(None, "row", why, "mend the row"))?,
            Step::Row => match cell(&row, (lon, lat, value), &crs, session.options.decimal_comma) {
                Err((name, why)) => {
                    session.refuse(here.refusal(
                        Some(name),
                        "cell",
                        why,
                        "give degrees and a number of inhabitants",
                    ))?;
                }
                Ok((key, people)) => match cells.entry(key) {
                    Entry::Vacant(free) => {
                        free.insert(people);
                    }
                    Entry::Occupied(_) => {
                        let what = format!("cell {} {}", row.get(lon), row.get(lat));
                        let why = "an earlier row gave the same cell";
                        session.refuse(here.refusal(None, what, why, "keep one of the rows"))?;
                    }
                },
            },
        }
        read += 1;
        session.count(&file.name, "rows", 1);
        if cells.len() > MAX_CELLS {
            return Err(ImportError::file(
                &file.name,
                format!("it has more than {MAX_CELLS} cells"),
                "give so large a grid as a GeoTIFF: `gdal_translate -of GTiff in.csv out.tif`",
            ));
        }
    }
    let grid = Lattice::of(&cells).map_err(|why| ImportError::file(&file.name, why, REMEDY))?;
    let mut writer = GridWriter::projected(grid.width, grid.height, Sample::F64, grid.place, None, crs)
        .map_err(grid_error(file))?;
    let mut line = vec![f64::NAN; grid.width as usize];
    let mut at = 0;
    // From the north: the key begins with the latitude turned round.
    for ((down, across), people) in cells {
        let (column, row) = grid.cell(across, down);
        while at < row {
            check_row(file, writer.header(), at, &line)?;
            writer.push_row(&line).map_err(|error| spool_error(&error))?;
            line.fill(f64::NAN);
            at += 1;
        }
        if let Some(slot) = line.get_mut(column as usize) {
            *slot = people;
        }
    }
    check_row(file, writer.header(), at, &line)?;
    writer.push_row(&line).map_err(|error| spool_error(&error))?;
    let (header, mut content) = writer.finish().map_err(grid_error(file))?;
    store(file, session, &header, &mut content, &[("rows", read)])
}

/// Where a cell is, in billionths of a degree or metre, so that the same coordinate is the same however it is written: south, then
/// east, so that the order is that of rows from the north.
type Key = (i64, i64);

/// The cell's key and its inhabitants.
fn cell(
    row: &Row,
    (lon, lat, value): (usize, usize, usize),
    crs: &Crs,
    comma: bool,
) -> Result<(Key, f64), (&'static str, String)> {
    let number = |index: usize, name: &'static str| {
        let text = row.get(index);
        crate::observations::number(text, comma).ok_or_else(|| (name, format!("`{text}` is not a number")))
    };
    let (x, y, people) = (
        number(lon, "lon")?,
        number(lat, "lat")?,
        number(value, "population")?,
    );
    if crs.is_wgs84() && !(-180.0..=180.0).contains(&x) {
        return Err(("lon", format!("{x} is not a longitude")));
    }
    if crs.is_wgs84() && !(-90.0..=90.0).contains(&y) {
        return Err(("lat", format!("{y} is not a latitude")));
    }
    if x.abs() > FARTHEST || y.abs() > FARTHEST {
        return Err(("lon", format!("{x}, {y} is no place in {crs}")));
    }
    if people < 0.0 {
        return Err(("population", format!("{people} is below zero")));
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "at most 1e18, in the range of an i64"
    )]
    Ok((((-y * NANO).round() as i64, (x * NANO).round() as i64), people))
}

/// The regular grid on which all cells lie.
struct Lattice {
    width: u32,
    height: u32,
    place: Georeference,
    first: (i64, i64),
    step: (f64, f64),
}

impl Lattice {
    fn of(cells: &BTreeMap<Key, f64>) -> Result<Self, String> {
        let down: BTreeSet<i64> = cells.keys().map(|(down, _)| *down).collect();
        let across: BTreeSet<i64> = cells.keys().map(|(_, across)| *across).collect();
        let (first_down, step_down, height) = axis(&down, "latitudes")?;
        let (first_across, step_across, width) = axis(&across, "longitudes")?;
        // A grid of one row or column has cells as high as they are wide.
        let (step_down, step_across) = match (step_down, step_across) {
            (Some(down), Some(across)) => (down, across),
            (Some(one), None) | (None, Some(one)) => (one, one),
            (None, None) => return Err("it has one cell only, whose size is not known".to_owned()),
        };
        Ok(Self {
            width,
            height,
            place: Georeference {
                west: (first_across as f64 - step_across / 2.0) / NANO,
                north: -(first_down as f64 - step_down / 2.0) / NANO,
                cell_width: step_across / NANO,
                cell_height: step_down / NANO,
            },
            first: (first_across, first_down),
            step: (step_across, step_down),
        })
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked by `axis`"
    )]
    fn cell(&self, across: i64, down: i64) -> (u32, u32) {
        let index = |value: i64, first: i64, step: f64| ((value - first) as f64 / step).round() as u32;
        (
            index(across, self.first.0, self.step.0),
            index(down, self.first.1, self.step.1),
        )
    }
}

/// The first value, the distance between neighbours and how many there are.
fn axis(values: &BTreeSet<i64>, name: &str) -> Result<(i64, Option<f64>, u32), String> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Err("no row of it could be read".to_owned());
    };
    let pairs = values.iter().zip(values.iter().skip(1));
    let Some(smallest) = pairs.map(|(a, b)| b - a).min() else {
        return Ok((*first, None, 1));
    };
    let count = ((last - first) as f64 / smallest as f64).round();
    if count >= 1e6 {
        return Err(format!(
            "its {name} are nearer to each other than those of a grid"
        ));
    }
    let step = (last - first) as f64 / count;
    let off = values.iter().find(|value| {
        let cells = (**value - first) as f64 / step;
        (cells - cells.round()).abs() > 0.05
    });
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below a million"
    )]
    match off {
        Some(value) => Err(format!(
            "its {name} are not evenly spaced: {} does not lie on the grid of step {}",
            (*value as f64 / NANO).abs(),
            step / NANO
        )),
        None => Ok((*first, Some(step), count as u32 + 1)),
    }
}
