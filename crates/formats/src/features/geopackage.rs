//! Features of a GeoPackage (OGC 12-128r18): a layer of an SQLite file, which is opened to be read only.
//!
//! The file comes from anywhere. Views, virtual tables and generated columns can run what their maker likes; they
//! are not read. The tables that are read are checked whole before the first feature is given on.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::{Map, Value as Json};

use super::geometry::{self, BadGeometry, Shape};
use super::{AGAIN, CONVERT, Feature, MAX_GEOMETRY, NAME_IT, Source, Take, wkb};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::projection::{Crs, UnknownCrs, choose};

/// The longest text of a property; longer ones are left out.
const MAX_TEXT: usize = 1 << 20;
/// The most bytes of a row.
const MAX_ROW: i32 = 128 << 20;
/// The most layers that are listed.
const MAX_LAYERS: usize = 200;

/// A table of features.
struct Layer {
    table: String,
    geometry: String,
    srs_id: i64,
}

/// A column that becomes a property.
struct Column {
    name: String,
    boolean: bool,
}

/// Reads every feature of a layer.
pub(super) fn read(
    file: &InputFile,
    session: &mut Session<'_>,
    take: &mut Take<'_>,
) -> Result<(), ImportError> {
    whole(file)?;
    let damaged = |error: rusqlite::Error| broken(file, &error);
    let db = open(&file.path).map_err(damaged)?;
    for table in ["gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"] {
        plain_table(&db, table, file)?;
        check(&db, table, file)?;
    }
    let layer = choose_layer(layers(&db).map_err(damaged)?, file, session)?;
    plain_table(&db, &layer.table, file)?;
    check(&db, &layer.table, file)?;
    let columns = columns(&db, &layer).map_err(damaged)?;
    let Some(columns) = columns else {
        let why = format!(
            "its layer `{}` has no column `{}` with geometries",
            layer.table, layer.geometry
        );
        return Err(ImportError::file(&file.name, why, AGAIN));
    };
    let stated = stated(&db, layer.srs_id).map_err(damaged)?;
    let Some(crs) = choose(&file.name, stated, session, CONVERT)? else {
        let why = format!("its layer `{}` does not say its coordinate system", layer.table);
        return Err(ImportError::file(&file.name, why, NAME_IT));
    };
    let rows = Rows {
        srs_id: session.options.crs.is_none().then_some(layer.srs_id),
        layer,
        columns,
        crs,
    };
    rows.read(&db, session, take, &damaged)
}

/// Whether the file is as long as it says, and nobody writes it.
fn whole(file: &InputFile) -> Result<(), ImportError> {
    let read = ImportError::read(&file.name);
    let mut bytes = File::open(&file.path).map_err(&read)?;
    let length = bytes.metadata().map_err(&read)?.len();
    let mut header = Vec::with_capacity(100);
    bytes.by_ref().take(100).read_to_end(&mut header).map_err(&read)?;
    let number = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|part| part.try_into().ok())
            .map_or(0, u32::from_be_bytes)
    };
    let page = match number(14) & 0xFFFF {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = u64::from(number(28));
    // The number of pages is one that can be believed where it was written with the last change.
    let believed = number(24) == number(92);
    let least = if believed { pages * page } else { 100 };
    if header.len() < 100 || length < least {
        let why = format!(
            "it is cut off: it should be {} bytes long and is {length}",
            least.max(100)
        );
        return Err(ImportError::file(&file.name, why, AGAIN));
    }
    for ending in ["-wal", "-journal"] {
        let mut beside = file.path.clone().into_os_string();
        beside.push(ending);
        if std::fs::metadata(PathBuf::from(beside)).is_ok_and(|beside| beside.len() > 0) {
            let why = format!("changes to it wait in `{}{ending}`", file.name);
            return Err(ImportError::file(
                &file.name,
                why,
                "close the program that has it open (QGIS, for one), then import it again",
            ));
        }
    }
    Ok(())
}

/// Opens the file so that nothing of it can do anything.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file:");
    #[cfg(windows)]
    uri.push('/');
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                uri.push(char::from(*byte));
            }
            #[cfg(windows)]
            b'\\' => uri.push('/'),
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri, flags)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW)?;
    db.execute_batch(
        "PRAGMA cell_size_check = ON; PRAGMA ignore_check_constraints = ON; PRAGMA mmap_size = 0;",
    )?;
    Ok(db)
}

/// An error of SQLite, as an error of the import.
fn broken(file: &InputFile, error: &rusqlite::Error) -> ImportError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::TooBig) => ImportError::file(
            &file.name,
            format!("a row of it is longer than {} MiB", MAX_ROW >> 20),
            "simplify its geometries: `ogr2ogr -simplify 0.00001 out.gpkg in.gpkg`",
        ),
        _ => ImportError::file(
            &file.name,
            format!("it is damaged, or no GeoPackage: {error}"),
            AGAIN,
        ),
    }
}

/// Whether a table is one, and holds rows and nothing else.
fn plain_table(db: &Connection, name: &str, file: &InputFile) -> Result<(), ImportError> {
    let found: Option<(String, String)> = db
        .query_row(
            "SELECT type, coalesce(sql, '') FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
            [name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(|error| broken(file, &error))?;
    let export = format!("write it out as a table: `ogr2ogr out.gpkg {} {name}`", file.name);
    match found {
        None if name.starts_with("gpkg_") => Err(ImportError::file(
            &file.name,
            format!("it is an SQLite file and no GeoPackage: it has no table `{name}`"),
            "give a GeoPackage (`ogr2ogr out.gpkg in` makes one), GeoJSON or a Shapefile",
        )),
        None => Err(ImportError::file(
            &file.name,
            format!("its layer `{name}` has no table"),
            AGAIN,
        )),
        Some((kind, sql)) => {
            let begin: String = sql.chars().take(15).collect::<String>().to_ascii_uppercase();
            if kind == "table" && !begin.starts_with("CREATE VIRTUAL") {
                Ok(())
            } else {
                let why = format!("its layer `{name}` is a view or a virtual table, which is not read");
                Err(ImportError::file(&file.name, why, export))
            }
        }
    }
}

/// Reads a table through, so that nothing is written of one that is damaged.
fn check(db: &Connection, table: &str, file: &InputFile) -> Result<(), ImportError> {
    let damaged = |error: rusqlite::Error| broken(file, &error);
    let mut statement = db
        .prepare(&format!("PRAGMA quick_check({})", quoted(table)))
        .map_err(damaged)?;
    let mut rows = statement.query([]).map_err(damaged)?;
    while let Some(row) = rows.next().map_err(damaged)? {
        let found: String = row.get(0).map_err(damaged)?;
        // A value that is missing or of another type than its column's harms nobody here.
        if found == "ok" || found.contains(" value in ") {
            continue;
        }
        let found: String = found.chars().take(200).filter(|c| !c.is_control()).collect();
        return Err(ImportError::file(
            &file.name,
            format!("its table `{table}` is damaged: {found}"),
            AGAIN,
        ));
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn layers(db: &Connection) -> rusqlite::Result<Vec<Layer>> {
    let mut statement = db.prepare(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c \
         JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name) \
         WHERE lower(c.data_type) = 'features' ORDER BY c.rowid LIMIT ?1",
    )?;
    let rows = statement.query_map([i64::try_from(MAX_LAYERS).unwrap_or(i64::MAX)], |row| {
        Ok(Layer {
            table: row.get(0)?,
            geometry: row.get(1)?,
            srs_id: row.get(2)?,
        })
    })?;
    rows.collect()
}

/// The layer that the user names, or the only one.
fn choose_layer(
    mut layers: Vec<Layer>,
    file: &InputFile,
    session: &Session<'_>,
) -> Result<Layer, ImportError> {
    let names: Vec<&str> = layers.iter().map(|layer| layer.table.as_str()).collect();
    let at = super::choose_one(&names, &file.name, session.options.layer.as_deref())?;
    match at {
        Some(at) => Ok(layers.swap_remove(at)),
        None => Err(ImportError::file(
            &file.name,
            "it has no layer of features",
            "give a GeoPackage with points or polygons; `ogrinfo` lists the layers of a file",
        )),
    }
}

/// The columns that become properties; `None` where there is no column of geometries.
fn columns(db: &Connection, layer: &Layer) -> rusqlite::Result<Option<Vec<Column>>> {
    let mut statement = db.prepare("SELECT name, type, hidden FROM pragma_table_xinfo(?1)")?;
    let mut rows = statement.query([&layer.table])?;
    let mut columns = Vec::new();
    let mut found = false;
    while let Some(row) = rows.next()? {
        let (name, kind, hidden): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if name.eq_ignore_ascii_case(&layer.geometry) {
            found = hidden == 0;
        } else if hidden == 0 {
            columns.push(Column {
                name,
                boolean: kind.eq_ignore_ascii_case("BOOLEAN"),
            });
        }
    }
    Ok(found.then_some(columns))
}

/// The coordinate system of a layer.
fn stated(db: &Connection, id: i64) -> rusqlite::Result<Result<Option<Crs>, UnknownCrs>> {
    // 0 and -1 stand for degrees and metres of nobody knows which system (table 4, requirement 11).
    if id <= 0 {
        return Ok(Ok(None));
    }
    let found: Option<(String, String, Option<i64>, Option<String>)> = db
        .query_row(
            "SELECT srs_name, organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys \
             WHERE srs_id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((name, organization, code, definition)) = found else {
        return Ok(Err(UnknownCrs {
            name: id.to_string(),
            why: "the file's table of coordinate systems does not have it".to_owned(),
        }));
    };
    let code = code.and_then(|code| u32::try_from(code).ok());
    let by_code = match code {
        Some(code) => Crs::from_code(&organization, code),
        None => Err(UnknownCrs {
            name,
            why: "it has no code".to_owned(),
        }),
    };
    Ok(by_code.map(Some).or_else(|unknown| {
        definition
            .filter(|text| !text.eq_ignore_ascii_case("undefined"))
            .and_then(|text| Crs::from_wkt(&text).ok())
            .map(Some)
            .ok_or(unknown)
    }))
}

/// What is read of a layer.
struct Rows {
    layer: Layer,
    columns: Vec<Column>,
    crs: Crs,
    /// The system that each geometry has to be in; `None`: the user has said another.
    srs_id: Option<i64>,
}

impl Rows {
    fn query(&self) -> String {
        let geometry = quoted(&self.layer.geometry);
        let mut query = format!(
            "SELECT octet_length({geometry}), iif(octet_length({geometry}) <= {MAX_GEOMETRY}, {geometry}, NULL)"
        );
        for column in &self.columns {
            let name = quoted(&column.name);
            let _ = write!(
                query,
                ", iif(typeof({name}) <> 'blob' AND octet_length({name}) <= {MAX_TEXT}, {name}, NULL)"
            );
        }
        let _ = write!(query, " FROM {}", quoted(&self.layer.table));
        query
    }

    fn read(
        &self,
        db: &Connection,
        session: &mut Session<'_>,
        take: &mut Take<'_>,
        damaged: &dyn Fn(rusqlite::Error) -> ImportError,
    ) -> Result<(), ImportError> {
        let mut statement = db.prepare(&self.query()).map_err(damaged)?;
        let mut rows = statement.query([]).map_err(damaged)?;
        let mut number = 0;
        while let Some(row) = rows.next().map_err(damaged)? {
            number += 1;
            let length: Option<i64> = row.get(0).map_err(damaged)?;
            let bytes = row.get_ref(1).map_err(damaged)?;
            let mut properties = Map::new();
            for (index, column) in self.columns.iter().enumerate() {
                let value = row.get_ref(index + 2).map_err(damaged)?;
                properties.insert(column.name.clone(), json(value, column.boolean));
            }
            let feature = Feature {
                id: None,
                properties,
                number,
                geometry: Source::Binary(shape(bytes, length, self.srs_id)),
                crs: self.crs.clone(),
            };
            take(session, None, Ok(feature))?;
        }
        Ok(())
    }
}

fn shape(value: ValueRef<'_>, length: Option<i64>, srs_id: Option<i64>) -> Result<Shape, BadGeometry> {
    match (value, length) {
        (ValueRef::Blob(bytes), _) => {
            let blob = wkb::blob(bytes)?;
            match srs_id {
                // Requirement 33; many writers leave it 0.
                Some(layer) if blob.srs_id > 0 && i64::from(blob.srs_id) != layer => {
                    Err(geometry::damaged(format!(
                        "its geometry says that it is in the coordinate system {}, and its layer is in {layer}",
                        blob.srs_id
                    )))
                }
                _ => Ok(blob.shape),
            }
        }
        (ValueRef::Null, Some(_)) => Err(geometry::damaged(format!(
            "its geometry is longer than {} MiB",
            MAX_GEOMETRY >> 20
        ))),
        (ValueRef::Null, None) => Err(geometry::nothing()),
        _ => Err(geometry::damaged("its geometry is not bytes")),
    }
}

fn json(value: ValueRef<'_>, boolean: bool) -> Json {
    match value {
        ValueRef::Integer(number) if boolean => Json::Bool(number != 0),
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Null | ValueRef::Blob(_) => Json::Null,
    }
}
