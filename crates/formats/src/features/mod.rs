//! Features (a geometry with properties) of GeoJSON, GeoPackage and Shapefile, each read by itself, put on earth and
//! checked.

pub(crate) mod crossing;
mod geojson;
mod geometry;
mod geopackage;
pub(crate) mod nesting;
mod properties;
mod shapefile;
mod wkb;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;

use ngsi_ld::{Entity, GeoValue, Uri};
use serde_json::{Map, Value as Json};

use crate::dataset::{Dataset, year_in_name};
use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::kind::Kind;
use crate::projection::Crs;

pub(crate) use geometry::BadGeometry;
pub(crate) use properties::{Found, find, find_level, text};

use geometry::Shape;

/// The largest geometry, or feature of GeoJSON, in bytes.
const MAX_GEOMETRY: usize = 64 << 20;
/// What to do where no coordinate system is known.
const NAME_IT: &str = "name it with --crs: EPSG:4326 for degrees of WGS 84, or another code as in EPSG:21037";
/// What to do where the coordinate system is not understood.
const CONVERT: &str =
    "name another with --crs, or convert the file: `ogr2ogr -t_srs EPSG:4326 out.geojson INPUT`";

/// A feature that could be read.
pub(crate) struct Feature {
    pub(crate) id: Option<String>,
    pub(crate) properties: Map<String, Json>,
    /// Its number in the file, from 1.
    pub(crate) number: u64,
    geometry: Source,
    crs: Crs,
}

/// A geometry as the format of the file has it.
enum Source {
    GeoJson(Json),
    Binary(Result<Shape, BadGeometry>),
}

impl Feature {
    /// The geometry in degrees of WGS 84, checked.
    pub(crate) fn geometry(&self) -> Result<GeoValue, BadGeometry> {
        match &self.geometry {
            Source::GeoJson(json) => geometry::place(&geometry::from_json(json)?, &self.crs, Some(json)),
            Source::Binary(shape) => geometry::place(shape.as_ref().map_err(Clone::clone)?, &self.crs, None),
        }
    }
}

/// Why a feature makes no entity: column, what, why, remedy.
pub(crate) type Refused = (Option<&'static str>, String, String, String);

/// Makes an entity and its weight in coordinates of a feature; the year is that of the file.
pub(crate) type Make<'a> =
    dyn FnMut(&mut Session<'_>, &Feature, Option<&str>) -> Result<(Entity, usize), Refused> + 'a;

/// Takes a feature as a format reads it, or why it cannot be read, with the line on which it begins.
type Take<'a> =
    dyn FnMut(&mut Session<'_>, Option<u64>, Result<Feature, String>) -> Result<(), ImportError> + 'a;

/// What a file is, by its first bytes.
enum Format {
    GeoJson,
    GeoPackage,
    Shapefile,
    Zip,
}

impl Format {
    fn of(file: &InputFile) -> Result<Self, ImportError> {
        let mut first = Vec::with_capacity(16);
        File::open(&file.path)
            .and_then(|bytes| bytes.take(16).read_to_end(&mut first))
            .map_err(ImportError::read(&file.name))?;
        let extension = file.extension();
        let format = match first.as_slice() {
            [b'S', b'Q', b'L', b'i', b't', b'e', b' ', ..] => Self::GeoPackage,
            [b'P', b'K', 3 | 5 | 7, ..] => Self::Zip,
            [0, 0, 0x27, 0x0A, ..] => Self::Shapefile,
            _ => Self::GeoJson,
        };
        let called = match extension.as_str() {
            "gpkg" if !matches!(format, Self::GeoPackage) => Some("a GeoPackage"),
            "shp" if !matches!(format, Self::Shapefile) => Some("a Shapefile"),
            "zip" if !matches!(format, Self::Zip) => Some("a zip archive"),
            _ => None,
        };
        match called {
            Some(_) if first.is_empty() => Err(ImportError::file(&file.name, "the file is empty", AGAIN)),
            Some(called) => Err(ImportError::file(
                &file.name,
                format!("it is called {called} but does not begin as one"),
                AGAIN,
            )),
            None => Ok(format),
        }
    }
}

/// The place of the layer that the user names, or of the only one; `None` where there are none.
///
/// # Errors
/// There are several and none is named, or there is none of that name.
fn choose_one(layers: &[&str], file: &str, named: Option<&str>) -> Result<Option<usize>, ImportError> {
    let list = || {
        let names: Vec<String> = layers.iter().take(40).map(|name| format!("`{name}`")).collect();
        let more = if layers.len() > 40 { " and more" } else { "" };
        names.join(", ") + more
    };
    match (named, layers) {
        (_, []) => Ok(None),
        (None, [_]) => Ok(Some(0)),
        (None, _) => {
            let why = format!(
                "{file} has several layers, of which one is to be named: {}",
                list()
            );
            Err(ImportError::option("layer", why))
        }
        (Some(name), _) => {
            let at = layers
                .iter()
                .position(|layer| *layer == name)
                .or_else(|| layers.iter().position(|layer| layer.eq_ignore_ascii_case(name)));
            if at.is_some() {
                return Ok(at);
            }
            let why = format!("{file} has no layer `{name}`; it has {}", list());
            Err(ImportError::option("layer", why))
        }
    }
}

/// What to do with a file that is cut off or damaged.
const AGAIN: &str = "download or copy it again; `ogrinfo -al -so` on the file should end without an error";

/// Reads every feature of a file, gives what `make` makes of it to the sink, and describes the data set.
pub(crate) fn read(
    kind: Kind,
    file: &InputFile,
    session: &mut Session<'_>,
    make: &mut Make<'_>,
) -> Result<(), ImportError> {
    if shapefile::is_companion(file, session)? {
        return Ok(());
    }
    let mut dataset = Dataset::of(kind, file, session.options.publisher.as_deref())?;
    let year = session
        .options
        .year
        .or_else(|| year_in_name(file.stem()))
        .map(|year| year.to_string());
    session.tell(&file.name);
    let refused_before = session.report.refused_count;
    let mut ids: HashSet<Uri> = HashSet::new();
    let mut number = 0;
    let mut take = |session: &mut Session<'_>, line: Option<u64>, feature: Result<Feature, String>| {
        number += 1;
        session.count(&file.name, "features", 1);
        let place = Place {
            file: file.name.as_str().into(),
            line,
        };
        let what = format!("feature {number}");
        let feature = match feature {
            Ok(feature) => feature,
            Err(why) => {
                let remedy = "mend the feature or leave it out";
                return session.refuse(place.refusal(None, what, why, remedy));
            }
        };
        match make(session, &feature, year.as_deref()) {
            Ok((entity, weight)) if ids.insert(entity.id.clone()) => session.put(entity, place, weight),
            Ok((entity, _)) => {
                let why = format!("an earlier feature gave the same id {}", entity.id);
                let remedy = "give each feature a code of its own, or name the property that holds it with --code-property";
                session.refuse(place.refusal(None, what, why, remedy))
            }
            Err((column, what, why, remedy)) => session.refuse(place.refusal(column, what, why, remedy)),
        }
    };
    match Format::of(file)? {
        Format::GeoJson => geojson::read(file, session, &mut take)?,
        Format::GeoPackage => geopackage::read(file, session, &mut take)?,
        Format::Shapefile => dataset.sha256 = shapefile::read(file, session, &mut take)?,
        Format::Zip => shapefile::read_zip(file, session, &mut take)?,
    }
    if number == 0 {
        session.warn(format!("{}: it holds no features", file.name));
    }
    dataset.vintage = year;
    dataset.statistics.extend([
        ("features".to_owned(), number),
        (
            "refused".to_owned(),
            session.report.refused_count - refused_before,
        ),
    ]);
    session.dataset(
        dataset,
        Place {
            file: file.name.as_str().into(),
            line: None,
        },
    )
}
