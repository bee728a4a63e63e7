//! Features of a Shapefile: a `.shp` with the files beside it, or a zip that holds them.

mod dbf;
mod parts;
mod shp;

use std::fs::File;
use std::io::BufReader;

use crate::digest;
use crate::features::{AGAIN, CONVERT, Feature, NAME_IT, Source, Take};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::projection::{Crs, choose};

use parts::Parts;
pub(super) use parts::is_companion;
use shp::{NoShapes, Walk};

/// Reads every feature of a `.shp` and the files beside it. Returns the SHA-256 of its `.shp` and `.dbf`, one
/// behind the other.
pub(super) fn read(
    file: &InputFile,
    session: &mut Session<'_>,
    take: &mut Take<'_>,
) -> Result<String, ImportError> {
    let parts = Parts::beside(file, session)?;
    let mut both = std::io::Read::chain(
        parts.shp.try_clone().map_err(ImportError::read(&file.name))?,
        parts.dbf.try_clone().map_err(ImportError::read(&file.name))?,
    );
    let sha256 = digest::sha256(&mut both).map_err(ImportError::read(&file.name))?;
    features(parts, session, take)?;
    Ok(sha256)
}

/// Reads every feature of the Shapefile in a zip.
pub(super) fn read_zip(
    file: &InputFile,
    session: &mut Session<'_>,
    take: &mut Take<'_>,
) -> Result<(), ImportError> {
    let parts = Parts::in_zip(file, session)?;
    features(parts, session, take)
}

fn no_shapes(name: &str, error: NoShapes) -> ImportError {
    match error {
        NoShapes::Io(source) => ImportError::Read {
            file: name.to_owned(),
            source,
        },
        NoShapes::Damaged(why) => ImportError::file(name, why, AGAIN),
    }
}

fn features(parts: Parts, session: &mut Session<'_>, take: &mut Take<'_>) -> Result<(), ImportError> {
    let (shp_name, dbf_name) = (parts.shp_name, parts.dbf_name);
    let buffered = |file: File| BufReader::with_capacity(64 << 10, file);
    let mut shapes = Walk::new(buffered(parts.shp), parts.shx.map(buffered))
        .map_err(|error| no_shapes(&shp_name, error))?;
    let mut table = dbf::Table::open(buffered(parts.dbf), parts.cpg.as_deref())
        .map_err(|error| no_shapes(&dbf_name, error))?;
    let count = shapes.count().map_err(|error| no_shapes(&shp_name, error))?;
    if count != table.count {
        return Err(ImportError::file(
            &dbf_name,
            format!("it has {} rows, and {shp_name} has {count} shapes", table.count),
            "the two do not belong together, or one is cut off: copy both again",
        ));
    }
    let stated = parts.prj.as_deref().map(Crs::from_wkt).transpose();
    let Some(crs) = choose(&shp_name, stated, session, CONVERT)? else {
        let why = "it has no .prj beside it, so its coordinate system is not known";
        return Err(ImportError::file(&shp_name, why, NAME_IT));
    };
    if let Some(warning) = table.warning.take() {
        session.warn(format!("{dbf_name}: {warning}"));
    }
    let mut number = 0;
    loop {
        let at = shapes.next().map_err(|error| no_shapes(&shp_name, error))?;
        let record = table.next().map_err(|error| no_shapes(&dbf_name, error))?;
        let (Some(at), Some(record)) = (at, record) else {
            break;
        };
        // A shape whose row is marked as deleted is deleted.
        let Some(properties) = record else {
            continue;
        };
        number += 1;
        let shape = shapes.read(at).map_err(|error| no_shapes(&shp_name, error))?;
        let feature = Feature {
            id: None,
            properties,
            number,
            geometry: Source::Binary(shape),
            crs: crs.clone(),
        };
        take(session, None, Ok(feature))?;
    }
    if table.guessed {
        session.warn(format!(
            "{dbf_name}: some texts are not of the encoding that is said, or nothing says it; they were read as \
             Windows-1252 (Latin-1) where they are not UTF-8. Look at names with accents; if they are wrong, put \
             the encoding into a .cpg beside it"
        ));
    }
    Ok(())
}
