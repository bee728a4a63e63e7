//! GeoPackages and Shapefiles that are cut off, damaged, hostile or something else: each is answered, and nothing
//! is half-written.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use common::{import_bytes, import_into, options};
use formats::{ImportError, Kind, MemorySink, Report};
use proptest::prelude::*;
use rusqlite::Connection;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vectors");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// The members of a fixture that is a zip.
fn members(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(fixture(name))).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let name = member.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (name, bytes)
        })
        .collect()
}

fn zipped(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The error, of which nothing was written.
fn failure((sink, report): (MemorySink, Result<Report, ImportError>)) -> String {
    assert!(
        sink.entities.is_empty() && sink.blobs.is_empty(),
        "something was written"
    );
    report.unwrap_err().to_string()
}

fn boundaries(name: &str, bytes: &[u8], pairs: &[(&str, &str)]) -> String {
    failure(import_bytes(Kind::Boundaries, name, bytes, pairs))
}

/// A Shapefile in a folder, of which one file is changed.
fn changed(ending: &str, change: impl Fn(&mut Vec<u8>)) -> (MemorySink, Result<Report, ImportError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, mut bytes) in members("utm37s.zip") {
        if name.ends_with(ending) {
            change(&mut bytes);
            if bytes.is_empty() {
                continue;
            }
        }
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut sink = MemorySink::default();
    let file = folder.path().join("utm37s.shp");
    let report = import_into(&mut sink, Kind::Boundaries, &file, &options(&[]));
    (sink, report)
}

#[test]
fn a_shapefile_cut_anywhere_writes_nothing() {
    let length = members("utm37s.zip")
        .iter()
        .find(|(name, _)| name.ends_with("shp"))
        .unwrap()
        .1
        .len();
    for keep in [1, 50, 99, 100, 104, 107, 108, 200, length / 2, length - 1] {
        let error = failure(changed("shp", |bytes| bytes.truncate(keep)));
        assert!(
            error.contains("utm37s.shp") && (error.contains("cut off") || error.contains("begin as one")),
            "{keep}: {error}"
        );
    }
    let error = failure(changed("dbf", |bytes| bytes.truncate(bytes.len() - 20)));
    assert!(
        error.contains("utm37s.dbf") && error.contains("cut off"),
        "{error}"
    );
    let error = failure(changed("dbf", Vec::clear));
    assert!(
        error.contains("its .dbf, which holds names and codes, is missing"),
        "{error}"
    );
    // A row less, honestly said.
    let error = failure(changed("dbf", |bytes| bytes[4] -= 1));
    assert_eq!(
        error,
        "utm37s.dbf: it has 2 rows, and utm37s.shp has 3 shapes; the two do not belong together, or one is cut off: \
         copy both again"
    );
    // The index is a help, not a need.
    let (_, report) = changed("shx", Vec::clear);
    assert_eq!(report.unwrap().refused, []);
    let (_, report) = changed("shx", |bytes| bytes.truncate(30));
    assert_eq!(report.unwrap().refused, []);
    let error = failure(changed("shx", |bytes| {
        let first: Vec<u8> = bytes[100..108].to_vec();
        bytes[108..116].copy_from_slice(&first);
        bytes[116..124].copy_from_slice(&first);
    }));
    assert!(error.contains("names the same shape twice"), "{error}");
    let error = failure(changed("prj", |bytes| *bytes = b"PROJCS[\"x".to_vec()));
    assert!(
        error.contains("text is damaged") && error.contains("--crs"),
        "{error}"
    );
    let error = failure(changed("prj", |bytes| {
        *bytes = b"LOCAL_CS[\"site plan\",UNIT[\"metre\",1]]".to_vec();
    }));
    assert!(error.contains("site plan is not understood"), "{error}");
}

#[test]
fn bad_shapes_are_refused_one_by_one() {
    // The first shape begins at 108: type, box, parts, points, the parts, the positions.
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let (sink, report) = changed("shp", change);
        let report = report.unwrap();
        assert_eq!((report.refused.len(), report.read), (1, 3));
        assert_eq!(common::count(&sink, "AdministrativeArea"), 2);
        report.refused[0].clone()
    };
    let refusal = refused(&|bytes| bytes[108..112].copy_from_slice(&0_u32.to_le_bytes()));
    assert_eq!(
        (refusal.what.as_str(), refusal.why.as_str()),
        ("feature 1 Kilimani", "it has no geometry")
    );
    let refusal = refused(&|bytes| bytes[144..148].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert!(refusal.why.contains("4294967295 points or parts"), "{refusal:?}");
    let refusal = refused(&|bytes| bytes[160..168].copy_from_slice(&f64::NAN.to_le_bytes()));
    assert_eq!(refusal.why, "a coordinate is not a number");
    let refusal = refused(&|bytes| {
        // Every position of the outline and the hole, far beyond the map.
        for at in 0..10 {
            let from = 160 + 16 * at;
            let x = f64::from_le_bytes(bytes[from..from + 8].try_into().unwrap());
            bytes[from..from + 8].copy_from_slice(&(x + 3e7).to_le_bytes());
        }
    });
    assert!(
        refusal
            .why
            .contains("is no place on earth in its coordinate system EPSG:32737")
            || refusal
                .why
                .contains("is no place on earth in its coordinate system WGS_1984_UTM_Zone_37S"),
        "{refusal:?}"
    );
    let refusal = refused(&|bytes| bytes[108] = 3);
    assert_eq!(refusal.why, "its geometry is a LineString");
    let refusal = refused(&|bytes| bytes[108] = 77);
    assert_eq!(refusal.why, "its geometry is of no known type (77)");
}

#[test]
fn archives_that_hold_no_shapefile_are_refused() {
    let error = boundaries("w.zip", &zipped(&[("readme.txt".into(), b"x".to_vec())]), &[]);
    assert_eq!(
        error,
        "w.zip: the archive holds no .shp; it holds readme.txt; put the .shp, .dbf, .shx, .prj and .cpg into the zip; other \
         formats: unpack it and give the file"
    );
    let mut two = members("utm37s.zip");
    two.extend(members("latin1.zip"));
    let error = boundaries("w.zip", &zipped(&two), &[]);
    assert!(
        error.contains("several layers") && error.contains("`utm37s`, `latin1`"),
        "{error}"
    );
    let (_, report) = import_bytes(Kind::Boundaries, "w.zip", &zipped(&two), &[("layer", "latin1")]);
    assert_eq!(report.unwrap().refused, []);
    let only: Vec<_> = members("utm37s.zip")
        .into_iter()
        .filter(|(name, _)| name.ends_with("shp"))
        .collect();
    assert!(boundaries("w.zip", &zipped(&only), &[]).contains("w.zip/utm37s.shp: its .dbf"));
    let whole = fixture("utm37s.zip");
    for keep in [2, 30, whole.len() / 2, whole.len() - 5] {
        let error = boundaries("w.zip", &whole[..keep], &[]);
        assert!(error.contains("w.zip"), "{error}");
    }
    // Three gigabytes of nothing in three megabytes.
    let mut trap = members("utm37s.zip");
    for (name, bytes) in &mut trap {
        if name.ends_with("dbf") {
            bytes.resize(80 << 20, 0);
        }
    }
    let error = boundaries("w.zip", &zipped(&trap), &[]);
    assert!(error.contains("unpacks to more than"), "{error}");
}

/// A GeoPackage, changed by SQL.
fn package(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.gpkg");
    std::fs::write(&path, fixture("city.gpkg")).unwrap();
    run(&path, sql);
    std::fs::read(&path).unwrap()
}

fn run(path: &Path, sql: &str) {
    let db = Connection::open(path).unwrap();
    // GDAL's triggers call functions that are not here.
    let triggers: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        db.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
    }
    db.execute_batch("PRAGMA writable_schema = ON; PRAGMA foreign_keys = OFF")
        .unwrap();
    db.execute_batch(sql).unwrap();
}

const UTM: &[(&str, &str)] = &[("layer", "utm")];

#[test]
fn what_is_no_geopackage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.gpkg");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE notes (x); INSERT INTO notes VALUES (1)")
        .unwrap();
    let error = boundaries("other.gpkg", &std::fs::read(&other).unwrap(), &[]);
    assert!(
        error.contains("an SQLite file and no GeoPackage: it has no table `gpkg_contents`"),
        "{error}"
    );
    assert!(boundaries("w.gpkg", b"", &[]).contains("the file is empty"));
    assert!(boundaries("w.gpkg", b"{}", &[]).contains("called a GeoPackage but does not begin as one"));
    assert!(boundaries("w.shp", b"{}", &[]).contains("called a Shapefile but does not begin as one"));
    assert!(boundaries("w.zip", b"{}", &[]).contains("called a zip archive"));
    let whole = fixture("city.gpkg");
    for keep in [16, 99, 100, 4096, whole.len() / 2, whole.len() - 1] {
        let error = boundaries("c.gpkg", &whole[..keep], UTM);
        assert!(error.contains("c.gpkg: it is cut off"), "{keep}: {error}");
    }
    let none = package("DELETE FROM gpkg_contents");
    assert!(boundaries("c.gpkg", &none, &[]).contains("it has no layer of features"));
    let gone = package("DROP TABLE utm");
    assert!(boundaries("c.gpkg", &gone, UTM).contains("its layer `utm` has no table"));
    let column = package("UPDATE gpkg_geometry_columns SET column_name = 'shape'");
    assert!(boundaries("c.gpkg", &column, UTM).contains("has no column `shape`"));
}

#[test]
fn coordinate_systems_of_a_geopackage_that_nobody_knows_are_refused() {
    let absent = package("DELETE FROM gpkg_spatial_ref_sys WHERE srs_id = 32737");
    let error = boundaries("c.gpkg", &absent, UTM);
    assert!(
        error.contains("coordinate system 32737 is not understood") && error.contains("--crs"),
        "{error}"
    );
    let nowhere = package("UPDATE gpkg_geometry_columns SET srs_id = -1 WHERE table_name = 'utm'");
    let error = boundaries("c.gpkg", &nowhere, UTM);
    assert!(
        error.contains("its layer `utm` does not say its coordinate system"),
        "{error}"
    );
    let (_, report) = import_bytes(
        Kind::Boundaries,
        "c.gpkg",
        &nowhere,
        &[("layer", "utm"), ("crs", "EPSG:32737")],
    );
    assert_eq!(report.unwrap().refused, []);
    let strange = package(
        "UPDATE gpkg_spatial_ref_sys SET organization = 'IAU', organization_coordsys_id = 49900, definition = 'undefined' \
         WHERE srs_id = 32737",
    );
    let error = boundaries("c.gpkg", &strange, UTM);
    assert!(
        error.contains("IAU:49900 is not understood") && error.contains("ogr2ogr"),
        "{error}"
    );
    // The text is what counts where the code says nothing.
    let text = package(
        "UPDATE gpkg_spatial_ref_sys SET organization = 'NONE', organization_coordsys_id = 1 WHERE srs_id = 32737",
    );
    let (_, report) = import_bytes(Kind::Boundaries, "c.gpkg", &text, UTM);
    assert_eq!(report.unwrap().refused, []);
}

#[test]
fn bad_geometries_of_a_geopackage_are_refused_one_by_one() {
    let first = |sql: &str| {
        let bytes = package(&format!("UPDATE utm SET geom = {sql} WHERE fid = 1"));
        let (sink, report) = import_bytes(Kind::Boundaries, "c.gpkg", &bytes, UTM);
        let report = report.unwrap();
        assert_eq!((report.refused.len(), report.read), (1, 3), "{sql}");
        assert_eq!(common::count(&sink, "AdministrativeArea"), 2);
        report.refused[0].why.clone()
    };
    assert_eq!(first("NULL"), "it has no geometry");
    assert_eq!(first("'POINT (1 2)'"), "its geometry is not bytes");
    assert_eq!(first("x'00'"), "its geometry is cut off");
    assert!(first("x'0000000000000000000000'").contains("does not begin as one"));
    // A polygon of 4 294 967 295 rings.
    assert!(first("x'47500001e17f00000103000000ffffffff'").contains("4294967295 parts follow"));
    // A collection of a collection of a collection.
    assert_eq!(
        first("x'47500001e17f0000010700000001000000010700000001000000010700000000000000'"),
        "its geometry is a GeometryCollection"
    );
    assert_eq!(
        first("x'47500011e17f0000010300000000000000'"),
        "its geometry is empty"
    );
    assert!(first("substr(geom, 1, length(geom) - 8)").contains("parts follow, and only"));
    assert!(first("CAST(geom || x'00' AS BLOB)").contains("1 bytes too many"));
    assert!(first("CAST(x'47500003e6100000' || substr(geom, 9) AS BLOB)").contains("coordinate system 4326"));
    assert!(first("x'47500001e17f00000101000000000000000000f87f000000000000f87f'").contains("empty"));
    assert!(first("x'47500001e17f00000101000000000000000000f87f0000000000000000'").contains("not a number"));
    let infinite = first("x'47500001e17f00000101000000000000000000f07f0000000000000000'");
    assert!(infinite.contains("not a number"), "{infinite}");
    // 1e15 metres east.
    let far = first("x'47500001e17f0000010100000000003426f56b0c430000000000000000'");
    assert!(
        far.contains("is no place on earth in its coordinate system EPSG:32737"),
        "{far}"
    );
    // A line, and a curve.
    assert!(first("x'47500001e17f0000010200000000000000'").contains("LineString"));
    assert!(first("x'47500001e17f0000010a00000000000000'").contains("curves"));
}

#[test]
fn an_empty_layer_is_said_to_be_so() {
    let (sink, report) = import_bytes(Kind::Boundaries, "c.gpkg", &package("DELETE FROM utm"), UTM);
    let report = report.unwrap();
    assert_eq!(report.warnings, ["c.gpkg: it holds no features"]);
    assert_eq!(common::count(&sink, "AdministrativeArea"), 0);
}

#[test]
fn nothing_of_a_hostile_geopackage_runs() {
    // A view that never ends, in the place of each table that is read.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT";
    let view = package(&format!(
        "DROP TABLE utm; CREATE VIEW utm AS {endless} i AS fid, x'00' AS geom FROM n"
    ));
    assert!(boundaries("c.gpkg", &view, UTM).contains("is a view or a virtual table"));
    let view = package(&format!(
        "DROP TABLE gpkg_contents; CREATE VIEW gpkg_contents AS {endless} 'utm' AS table_name, 'features' AS data_type FROM n"
    ));
    assert!(boundaries("c.gpkg", &view, UTM).contains("is a view or a virtual table"));
    let table = package("DROP TABLE utm; CREATE VIRTUAL TABLE utm USING rtree(fid, a, b)");
    assert!(boundaries("c.gpkg", &table, UTM).contains("is a view or a virtual table"));
    // A column that is calculated is not asked for; a name is a name, whatever it looks like.
    let calculated =
        package("ALTER TABLE utm ADD COLUMN big GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL");
    let (_, report) = import_bytes(Kind::Boundaries, "c.gpkg", &calculated, UTM);
    assert_eq!(report.unwrap().refused, []);
    let named = package(
        "ALTER TABLE utm ADD COLUMN \"x\"\"; DROP TABLE utm; --\"; ALTER TABLE utm RENAME TO \"utm\"\" WHERE 1=0; --\"; \
         UPDATE gpkg_contents SET table_name = 'utm\" WHERE 1=0; --' WHERE table_name = 'utm'; \
         UPDATE gpkg_geometry_columns SET table_name = 'utm\" WHERE 1=0; --' WHERE table_name = 'utm'",
    );
    let (sink, report) = import_bytes(
        Kind::Boundaries,
        "c.gpkg",
        &named,
        &[("layer", "utm\" WHERE 1=0; --")],
    );
    assert_eq!(report.unwrap().refused, []);
    assert_eq!(common::count(&sink, "AdministrativeArea"), 3);
}

#[test]
fn a_file_that_another_program_writes_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.gpkg");
    std::fs::write(&path, fixture("city.gpkg")).unwrap();
    std::fs::write(folder.path().join("c.gpkg-wal"), b"changes").unwrap();
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, Kind::Boundaries, &path, &options(UTM));
    let error = failure((sink, report));
    assert!(
        error.contains("changes to it wait in `c.gpkg-wal`") && error.contains("QGIS"),
        "{error}"
    );
    // Reading leaves no trace.
    std::fs::remove_file(folder.path().join("c.gpkg-wal")).unwrap();
    let before = std::fs::read(&path).unwrap();
    import_into(&mut MemorySink::default(), Kind::Boundaries, &path, &options(UTM)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_geometry_that_is_too_large_is_refused_by_itself() {
    let bytes = package("UPDATE utm SET geom = zeroblob(70000000) WHERE fid = 2");
    let (sink, report) = import_bytes(Kind::Boundaries, "c.gpkg", &bytes, UTM);
    assert_eq!(
        report.unwrap().refused[0].why,
        "its geometry is longer than 64 MiB"
    );
    assert_eq!(common::count(&sink, "AdministrativeArea"), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Bytes changed anywhere: areas, refusals or an error; after an error nothing is there.
    #[test]
    fn damaged_files_are_answered(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        which in 0_usize..3, cut in any::<proptest::sample::Index>(), keep in any::<bool>()
    ) {
        let name = ["city.gpkg", "utm37s.zip", "heights.zip"][which];
        let mut bytes = fixture(name);
        for (at, with) in changes {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        let pairs: &[(&str, &str)] = if which == 0 { UTM } else { &[] };
        let (sink, report) = import_bytes(Kind::Boundaries, name, &bytes, pairs);
        if report.is_err() {
            prop_assert!(sink.entities.is_empty(), "{:?}", report.unwrap_err().to_string());
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600), head in 0_usize..5) {
        let heads: [&[u8]; 5] = [b"", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20", b"PK\x03\x04", b"\0\0\x27\x0A", b"{"];
        let mut all = heads[head].to_vec();
        all.extend(&bytes);
        for name in ["x.gpkg", "x.zip", "x.shp", "x.geojson", "x"] {
            let (sink, report) = import_bytes(Kind::Places, name, &all, &[]);
            if report.is_err() {
                prop_assert!(sink.entities.is_empty());
            }
        }
    }
}
