//! What the tests of this crate share.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part, and may fail"
)]

pub mod osm;

use std::io::Write as _;
use std::path::Path;

use formats::{ImportError, ImportOptions, InputFile, Kind, MemorySink, Report};

pub use test_data::test_data;

/// Options from pairs.
pub fn options(pairs: &[(&str, &str)]) -> ImportOptions {
    ImportOptions::from_pairs(pairs.iter().copied()).unwrap()
}

/// Imports one file into a sink.
pub fn import_into(
    sink: &mut MemorySink,
    kind: Kind,
    file: &Path,
    options: &ImportOptions,
) -> Result<Report, ImportError> {
    formats::import(kind, &[InputFile::new(file)], options, sink, &mut |_| {})
}

/// Imports bytes as a file of this name.
pub fn import_bytes(
    kind: Kind,
    name: &str,
    bytes: &[u8],
    pairs: &[(&str, &str)],
) -> (MemorySink, Result<Report, ImportError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, kind, &path, &options(pairs));
    (sink, report)
}

/// How many entities have this type.
pub fn count(sink: &MemorySink, entity_type: &str) -> usize {
    sink.entities
        .values()
        .filter(|entity| entity.types.iter().any(|t| t.short() == entity_type))
        .count()
}

/// The entity with this id.
pub fn entity<'a>(sink: &'a MemorySink, id: &str) -> &'a ngsi_ld::Entity {
    sink.entities
        .get(id)
        .unwrap_or_else(|| panic!("{id} is not there"))
}

/// The text of an attribute, by the last segment of its name.
pub fn text(entity: &ngsi_ld::Entity, term: &str) -> String {
    let attribute = entity
        .attributes
        .iter()
        .find(|attribute| attribute.name.short() == term);
    let attribute = attribute.unwrap_or_else(|| panic!("{} has no {term}", entity.id));
    match &attribute.value {
        ngsi_ld::Value::Property(value) => value
            .as_str()
            .map_or_else(|| value.to_json().to_string(), str::to_owned),
        ngsi_ld::Value::Relationship(relationship) => relationship.targets()[0].to_string(),
        other => format!("{other:?}"),
    }
}

/// The tables of a small, sound feed.
pub fn feed() -> Vec<(&'static str, String)> {
    vec![
        ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\nA,Line,http://a.example,Africa/Nairobi\n".into()),
        (
            "stops.txt",
            "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n1,One,-1.28,36.82,,S\n2,Two,-1.29,36.83,0,\nS,Station,-1.285,36.825,1,\n".into(),
        ),
        ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,\"One, Two\",3\n".into()),
        (
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nD,1,1,1,1,1,0,0,20190101,20201231\n".into(),
        ),
        ("trips.txt", "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id\nR,D,T,Two,0,L\n".into()),
        (
            "stop_times.txt",
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence\r\nT,6:00:00,6:00:20,1,1\r\nT,24:10:00,24:10:00,2,2\r\n".into(),
        ),
        (
            "shapes.txt",
            "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nL,-1.29,36.83,2\nL,-1.28,36.82,1\n".into(),
        ),
        ("frequencies.txt", "trip_id,start_time,end_time,headway_secs\nT,06:00:00,24:30:00,300\n".into()),
    ]
}

/// Packs tables.
pub fn zip(tables: &[(&str, String)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in tables {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The feed with one table changed.
pub fn feed_with(table: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut tables = feed();
    for (name, text) in &mut tables {
        if *name == table {
            *text = change(text);
        }
    }
    zip(&tables)
}
