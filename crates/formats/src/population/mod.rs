//! Inhabitants on a grid, from GeoTIFF or CSV: one `PopulationGrid` entity, and the numbers as a blob.
//!
//! Attributes of the entity: `name`, `location` (the box as a polygon), `blob` (the name of the blob, to be
//! read with [`crate::raster::Grid`]), `width`, `height`, `crs` (`EPSG:4326`, or the name of the file's own
//! coordinate system: cells are kept as they are, not resampled), `cellWidth`, `cellHeight` (in its unit), `noData`, `sampleType` (`f32`, `f64`), `unit`, `totalPopulation`, `populatedCells` (above
//! zero), `validCells`, `vintage` (text: a year), `hasDataset`.

mod csv_grid;
mod geotiff;

use std::fs::File;
use std::io::{Read, Seek};

use geo_types::{Coord, Rect};
use ngsi_ld::{Attribute, Entity, Uri};

use crate::dataset::{Dataset, year_in_name};
use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::kind::Kind;
use crate::raster::{Header, NoGrid};
use crate::sink::SinkError;

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    session.tell(&file.name);
    let mut first = [0; 4];
    let mut bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
    let count = bytes.read(&mut first).map_err(ImportError::read(&file.name))?;
    if count == 0 {
        return Err(ImportError::file(
            &file.name,
            "the file is empty",
            "give a GeoTIFF, or a CSV with the columns lon, lat, population",
        ));
    }
    let is_tiff = matches!(first, [b'I', b'I', 42 | 43, 0] | [b'M', b'M', 0, 42 | 43]);
    if is_tiff {
        geotiff::read(file, session)
    } else if matches!(file.extension().as_str(), "tif" | "tiff") {
        Err(ImportError::file(
            &file.name,
            "it is called a TIFF but does not begin as one",
            "download it again; `gdalinfo` on the file should show its size and its coordinate system",
        ))
    } else {
        csv_grid::read(file, session)
    }
}

/// What a grid's writer found wrong, as an error of the import.
fn grid_error(file: &InputFile) -> impl Fn(NoGrid) -> ImportError + '_ {
    move |error| match error {
        NoGrid::Io(source) => ImportError::Read {
            file: file.name.clone(),
            source,
        },
        NoGrid::Damaged(why) => ImportError::file(
            &file.name,
            why,
            "give it in degrees of WGS 84: `gdalwarp -t_srs EPSG:4326 in.tif out.tif`",
        ),
        NoGrid::Newer(_) => ImportError::file(&file.name, error.to_string(), "use a newer program"),
    }
}

/// Whether every inhabited cell of a row is a place on earth: none may get lost when the grid is read.
fn check_row(file: &InputFile, header: &Header, row: u32, values: &[f64]) -> Result<(), ImportError> {
    if header.crs.is_wgs84() {
        return Ok(());
    }
    let lost = (0..header.width).zip(values).find(|(column, value)| {
        **value > 0.0 && !header.is_no_data(**value) && header.centre(*column, row).is_none()
    });
    match lost {
        None => Ok(()),
        Some((column, value)) => Err(ImportError::file(
            &file.name,
            format!(
                "column {column}, row {row} has {value} inhabitants and is no place on earth in its coordinate system {}",
                header.crs
            ),
            "check the coordinate system with `gdalinfo`, and name the right one with --crs",
        )),
    }
}

/// The grid is put together in a temporary file.
fn spool_error(error: &std::io::Error) -> ImportError {
    let folder = std::env::temp_dir();
    SinkError(format!(
        "the grid's temporary file in `{}` cannot be written ({error}): free some space there, or name another \
         folder with TMPDIR",
        folder.display()
    ))
    .into()
}

/// Stores a finished grid and the entities that speak of it.
fn store(
    file: &InputFile,
    session: &mut Session<'_>,
    header: &Header,
    content: &mut (impl Read + Seek),
    statistics: &[(&str, u64)],
) -> Result<(), ImportError> {
    let options = session.options;
    let mut dataset = Dataset::of(Kind::Population, file, options.publisher.as_deref())?;
    let year = options.year.or_else(|| year_in_name(file.stem()));
    if year.is_none() {
        session.warn(format!(
            "{}: the year of the population is not known; give it with --year",
            file.name
        ));
    }
    dataset.vintage = year.map(|year| year.to_string());
    dataset.statistics.extend(
        statistics
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count)),
    );
    dataset
        .statistics
        .insert("populated cells".to_owned(), header.summary.populated);

    let blob = session.blob(content)?;
    let terms = &mut session.terms;
    let bbox = header.bbox();
    let corner = |x: f64, y: f64| Coord {
        x: x.clamp(-180.0, 180.0),
        y: y.clamp(-90.0, 90.0),
    };
    let outline = Rect::new(corner(bbox.west, bbox.south), corner(bbox.east, bbox.north)).to_polygon();
    let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut entity = Entity::new(
        Uri::ngsi_ld("PopulationGrid", file.stem()),
        terms.name("PopulationGrid"),
    );
    entity.attributes.extend([
        terms.property("name", file.stem()),
        Attribute::geo(terms.name("location"), outline),
        terms.property("blob", blob),
        terms.property("width", i64::from(header.width)),
        terms.property("height", i64::from(header.height)),
        terms.property("cellWidth", header.place.cell_width),
        terms.property("cellHeight", header.place.cell_height),
        terms.property("crs", header.crs.name()),
        terms.property("sampleType", header.sample.as_str()),
        terms.property("unit", "inhabitants per cell"),
        terms.property("totalPopulation", header.summary.sum),
        terms.property("populatedCells", integer(header.summary.populated)),
        terms.property("validCells", integer(header.summary.valid)),
        terms.relationship("hasDataset", dataset.id()),
    ]);
    if let Some(mark) = header.no_data {
        entity.put(terms.property("noData", mark));
    }
    if let Some(year) = year {
        entity.put(terms.property("vintage", year.to_string()));
    }
    session.count(&file.name, "populated cells", header.summary.populated);
    let place = Place {
        file: file.name.as_str().into(),
        line: None,
    };
    session.put(entity, place.clone(), 0)?;
    session.dataset(dataset, place)
}
