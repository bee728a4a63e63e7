//! GeoPackages and Shapefiles as GDAL writes them, beside what PROJ makes of their coordinates
//! (`fixtures/vectors/make.py`); and Nairobi's wards and clinics in every format.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test may fail, and says why it was not run"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{count, entity, import_bytes, import_into, options, test_data, text};
use formats::projection::Crs;
use formats::{InputFile, Kind, MemorySink, Report};
use geo_types::{Coord, Geometry};
use ngsi_ld::{Entity, Value};
use serde_json::Value as Json;

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vectors")).join(name)
}

fn imported(kind: Kind, file: &Path, pairs: &[(&str, &str)]) -> (MemorySink, Report) {
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, kind, file, &options(pairs));
    let report = report.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(report.refused, [], "{}", file.display());
    (sink, report)
}

fn location(entity: &Entity) -> &ngsi_ld::GeoValue {
    let Value::Geo(value) = &entity.get("https://uri.etsi.org/ngsi-ld/location").unwrap().value else {
        panic!("{} has no location", entity.id)
    };
    value
}

/// The rings of an area, or its position as a ring of one.
fn rings(geometry: &Geometry<f64>) -> Vec<Vec<Coord<f64>>> {
    let of = |polygon: &geo_types::Polygon<f64>| {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .map(|line| line.0.clone())
            .collect::<Vec<_>>()
    };
    match geometry {
        Geometry::Point(point) => vec![vec![point.0]],
        Geometry::Polygon(polygon) => of(polygon),
        Geometry::MultiPolygon(many) => many.0.iter().flat_map(of).collect(),
        other => panic!("{other:?}"),
    }
}

/// The greatest distance in degrees between the positions of two geometries whose rings may begin elsewhere and run
/// the other way.
fn apart(ours: &[Vec<Coord<f64>>], theirs: &[Vec<Coord<f64>>]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let near = |at: &Coord<f64>, ring: &[Coord<f64>]| {
        ring.iter()
            .map(|other| (at.x - other.x).abs().max((at.y - other.y).abs()))
            .fold(f64::INFINITY, f64::min)
    };
    ours.iter()
        .zip(theirs)
        .flat_map(|(a, b)| {
            assert_eq!(a.len(), b.len());
            // Mostly they begin at the same place.
            let straight = a
                .iter()
                .zip(b)
                .map(|(at, other)| (at.x - other.x).abs().max((at.y - other.y).abs()))
                .fold(0.0, f64::max);
            if straight < 1e-5 {
                return vec![straight];
            }
            a.iter()
                .map(move |at| near(at, b))
                .chain(b.iter().map(move |at| near(at, a)))
                .collect()
        })
        .fold(0.0, f64::max)
}

fn reference(layer: &str, code: &str) -> Vec<Vec<Coord<f64>>> {
    let places: Json = serde_json::from_slice(&std::fs::read(fixture("places.json")).unwrap()).unwrap();
    let number = |json: &Json| json.as_f64().unwrap();
    places[layer][code]
        .as_array()
        .unwrap()
        .iter()
        .map(|ring| {
            let ring = ring.as_array().unwrap().iter();
            ring.map(|at| Coord {
                x: number(&at[0]),
                y: number(&at[1]),
            })
            .collect()
        })
        .collect()
}

fn check_areas(sink: &MemorySink, layer: &str, tolerance: f64) {
    assert_eq!(count(sink, "AdministrativeArea"), 3, "{layer}");
    for (code, name) in [("W1", "Kilimani"), ("W2", "Müsée Élan"), ("W3", "Nairobi West")] {
        let area = entity(sink, &format!("urn:ngsi-ld:AdministrativeArea:ward:{code}"));
        assert_eq!(text(area, "name"), name, "{layer}");
        let off = apart(&rings(&location(area).geometry), &reference(layer, code));
        assert!(off < tolerance, "{layer} {code} is {off} degrees off");
    }
}

fn properties(sink: &MemorySink, code: &str) -> Json {
    let area = entity(sink, &format!("urn:ngsi-ld:AdministrativeArea:ward:{code}"));
    let name = area
        .attributes
        .iter()
        .find(|attribute| attribute.name.short() == "sourceProperties");
    match &name.unwrap().value {
        Value::Json(json) => (**json).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn layers_of_a_geopackage_in_every_system_are_the_same_areas() {
    for layer in ["degrees", "utm", "arc", "arc_degrees", "web", "mollweide", "own"] {
        let (sink, report) = imported(Kind::Boundaries, &fixture("city.gpkg"), &[("layer", layer)]);
        // PROJ before 9.7 turns latitudes of equal area round to some nanodegrees only.
        check_areas(&sink, layer, if layer == "own" { 1e-8 } else { 1e-9 });
        assert_eq!(report.warnings, Vec::<String>::new(), "{layer}");
    }
    let (sink, _) = imported(Kind::Boundaries, &fixture("city.gpkg"), &[("layer", "UTM")]);
    let said = properties(&sink, "W1");
    assert_eq!(
        (
            &said["ward_name"],
            &said["people"],
            &said["area_km2"],
            &said["urban"]
        ),
        (&"Kilimani".into(), &1250.into(), &12.5.into(), &true.into())
    );
    assert_eq!(properties(&sink, "W3")["people"], Json::Null);
    assert_eq!(properties(&sink, "W2")["fid"], 2, "a column like others");
}

#[test]
fn degrees_in_a_geopackage_are_longitude_before_latitude() {
    // EPSG:4326 has latitude first, and GeoPackage says that longitude comes first all the same.
    let (sink, _) = imported(
        Kind::Places,
        &fixture("city.gpkg"),
        &[("layer", "points"), ("code-property", "ward_code")],
    );
    let place = entity(&sink, "urn:ngsi-ld:PointOfInterest:city:W1");
    assert_eq!(
        location(place).geometry,
        Geometry::Point(geo_types::Point::new(36.8219, -1.2921))
    );
}

#[test]
fn shapefiles_of_every_sort_are_the_same_areas() {
    for name in ["utm37s", "latin1", "nested"] {
        let file = fixture(&format!("{name}.zip"));
        let (sink, report) = imported(Kind::Boundaries, &file, &[]);
        check_areas(&sink, name, 1e-9);
        assert_eq!(report.warnings, Vec::<String>::new(), "{name}");
        let said = properties(&sink, "W1");
        assert_eq!((&said["people"], &said["area_km2"]), (&1250.into(), &12.5.into()));
        assert_eq!(properties(&sink, "W3")["people"], Json::Null);
        // The outline of the first has a hole, and runs against the clock.
        let Geometry::Polygon(polygon) =
            &location(entity(&sink, "urn:ngsi-ld:AdministrativeArea:ward:W1")).geometry
        else {
            panic!("{name}")
        };
        assert_eq!(polygon.interiors().len(), 1);
        let area = |line: &geo_types::LineString<f64>| {
            geo::Area::signed_area(&geo_types::Polygon::new(line.clone(), vec![]))
        };
        assert!(area(polygon.exterior()) > 0.0 && area(&polygon.interiors()[0]) < 0.0);
    }
    let (sink, _) = imported(Kind::Boundaries, &fixture("heights.zip"), &[]);
    check_areas(&sink, "heights", 1e-9);
    let area = location(entity(&sink, "urn:ngsi-ld:AdministrativeArea:ward:W1"));
    let source = area.source.as_ref().unwrap();
    assert_eq!(source["coordinates"][0][0][2], 1661.0, "heights are kept");

    let (sink, _) = imported(
        Kind::Places,
        &fixture("points.zip"),
        &[("code-property", "ward_code")],
    );
    let place = entity(&sink, "urn:ngsi-ld:PointOfInterest:points:W1");
    assert_eq!(rings(&location(place).geometry), reference("points", "W1"));
}

#[test]
fn the_user_says_what_the_file_does_not() {
    let bytes = std::fs::read(fixture("no_prj.zip")).unwrap();
    let (sink, report) = import_bytes(Kind::Boundaries, "no_prj.zip", &bytes, &[]);
    let error = report.unwrap_err().to_string();
    assert!(
        error.contains("no_prj.zip/no_prj.shp: it has no .prj") && error.contains("--crs"),
        "{error}"
    );
    assert!(sink.entities.is_empty());
    let (sink, report) = imported(Kind::Boundaries, &fixture("no_prj.zip"), &[("crs", "epsg:32737")]);
    check_areas(&sink, "no_prj", 1e-9);
    assert_eq!(report.warnings, Vec::<String>::new());
    // What the file says is overruled, and said to be.
    let (_, report) = imported(Kind::Boundaries, &fixture("utm37s.zip"), &[("crs", "EPSG:21037")]);
    assert!(
        report.warnings[0].contains("it was read in EPSG:21037, as --crs says"),
        "{:?}",
        report.warnings
    );
    let geojson = br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"x","code":"1"},"geometry":{"type":"Point","coordinates":[257050,9861950]}}]}"#;
    let (sink, report) = import_bytes(Kind::Places, "p.geojson", geojson, &[("crs", "EPSG:32737")]);
    assert_eq!(report.unwrap().refused, []);
    let at = rings(&location(entity(&sink, "urn:ngsi-ld:PointOfInterest:p:1")).geometry)[0][0];
    // pyproj 3.7
    assert!((at.x - 36.816_686_699_881_856).abs() < 1e-9 && (at.y + 1.248_067_156_407_875_6).abs() < 1e-9);
    let named = br#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32737"}},"features":[{"type":"Feature","properties":{"name":"x","code":"1"},"geometry":{"type":"Point","coordinates":[257050,9861950]}}]}"#;
    let (same, report) = import_bytes(Kind::Places, "p.geojson", named, &[]);
    assert_eq!(report.unwrap().refused, []);
    assert_eq!(
        rings(&location(entity(&same, "urn:ngsi-ld:PointOfInterest:p:1")).geometry)[0][0],
        at
    );
    let (_, report) = import_bytes(Kind::Places, "p.geojson", geojson, &[]);
    let refused = &report.unwrap().refused[0];
    assert!(
        refused.why.contains("not a longitude") && refused.remedy.contains("--crs"),
        "{refused:?}"
    );
}

#[test]
fn layers_are_named_where_there_are_several() {
    let bytes = std::fs::read(fixture("city.gpkg")).unwrap();
    let error = |pairs: &[(&str, &str)]| {
        let (sink, report) = import_bytes(Kind::Boundaries, "city.gpkg", &bytes, pairs);
        assert!(sink.entities.is_empty());
        report.unwrap_err().to_string()
    };
    assert_eq!(
        error(&[]),
        "option `layer`: city.gpkg has several layers, of which one is to be named: `degrees`, `utm`, `arc`, \
         `arc_degrees`, `web`, `mollweide`, `own`, `points`"
    );
    assert!(
        error(&[("layer", "wards")])
            .starts_with("option `layer`: city.gpkg has no layer `wards`; it has `degrees`")
    );
}

#[test]
fn the_files_of_a_shapefile_are_found_beside_it_and_among_those_given() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(fixture("utm37s.zip")).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.extract(folder.path()).unwrap();
    let (sink, _) = imported(Kind::Boundaries, &folder.path().join("utm37s.shp"), &[]);
    check_areas(&sink, "utm37s", 1e-9);

    // As a form sends them: temporary files with names of their own, in any order.
    let uploads = tempfile::tempdir().unwrap();
    let files: Vec<InputFile> = ["prj", "dbf", "shp", "cpg", "shx"]
        .iter()
        .enumerate()
        .map(|(index, ending)| {
            let path = uploads.path().join(format!("upload-{index}"));
            std::fs::copy(folder.path().join(format!("utm37s.{ending}")), &path).unwrap();
            InputFile::named(path, &format!("Utm37S.{ending}"))
        })
        .collect();
    let mut sink = MemorySink::default();
    let report = formats::import(Kind::Boundaries, &files, &options(&[]), &mut sink, &mut |_| {}).unwrap();
    check_areas(&sink, "utm37s", 1e-9);
    assert_eq!((report.datasets.len(), count(&sink, "Dataset")), (1, 1));
    let again = formats::import(Kind::Boundaries, &files, &options(&[]), &mut sink, &mut |_| {}).unwrap();
    assert_eq!((again.made, again.updated), (0, 0));

    let alone = formats::import(
        Kind::Boundaries,
        &files[2..3],
        &options(&[]),
        &mut MemorySink::default(),
        &mut |_| {},
    );
    let error = alone.unwrap_err().to_string();
    assert!(
        error.contains("Utm37S.shp: its .dbf") && error.contains(".zip"),
        "{error}"
    );
    let table = formats::import(
        Kind::Boundaries,
        &files[1..2],
        &options(&[]),
        &mut MemorySink::default(),
        &mut |_| {},
    );
    let error = table.unwrap_err().to_string();
    assert!(
        error.contains("part of a Shapefile") && error.contains("Utm37S.shp"),
        "{error}"
    );
}

/// A GeoPackage of features of GeoJSON, moved into a system. Written with SQL of the test's own, by the tables of
/// OGC 12-128r18.
fn geopackage(path: &Path, features: &[Json], system: &Crs, code: i32) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "PRAGMA application_id = 0x47504B47; PRAGMA user_version = 10300;
         CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
           organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
         INSERT INTO gpkg_spatial_ref_sys VALUES ('x', {code}, 'epsg', {code}, 'undefined', NULL);
         CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT, srs_id INTEGER);
         INSERT INTO gpkg_contents VALUES ('features', 'features', 'features', {code});
         CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT);
         INSERT INTO gpkg_geometry_columns VALUES ('features', 'geom', 'GEOMETRY', {code}, 0, 0);"
    ))
    .unwrap();
    let keys: Vec<&String> = features[0]["properties"].as_object().unwrap().keys().collect();
    let columns: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    db.execute_batch(&format!(
        "CREATE TABLE features (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom BLOB, {})",
        columns.join(", ")
    ))
    .unwrap();
    for feature in features {
        let geometry = &feature["geometry"];
        let blob = (!geometry.is_null()).then(|| {
            let mut bytes = vec![b'G', b'P', 0, 1];
            bytes.extend(code.to_le_bytes());
            wkb(geometry, system, &mut bytes);
            bytes
        });
        let sql = format!(
            "INSERT INTO features (geom, {}) VALUES (?{})",
            columns.join(", "),
            ", ?".repeat(keys.len())
        );
        let mut values: Vec<rusqlite::types::Value> = vec![blob.into()];
        values.extend(keys.iter().map(|key| match &feature["properties"][*key] {
            Json::Null => rusqlite::types::Value::Null,
            Json::Number(n) if n.is_i64() => n.as_i64().unwrap().into(),
            Json::Number(n) => n.as_f64().unwrap().into(),
            Json::String(text) => text.clone().into(),
            other => other.to_string().into(),
        }));
        db.execute(&sql, rusqlite::params_from_iter(values)).unwrap();
    }
}

fn there(at: &Json, system: &Crs) -> (f64, f64) {
    system
        .from_wgs84(at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
        .unwrap()
}

fn wkb(geometry: &Json, system: &Crs, bytes: &mut Vec<u8>) {
    let coordinates = &geometry["coordinates"];
    let head = |kind: u32, bytes: &mut Vec<u8>| {
        bytes.push(1);
        bytes.extend(kind.to_le_bytes());
    };
    let count = |list: &Json| {
        u32::try_from(list.as_array().unwrap().len())
            .unwrap()
            .to_le_bytes()
    };
    let position = |at: &Json, bytes: &mut Vec<u8>| {
        let (x, y) = there(at, system);
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
    };
    let polygon = |rings: &Json, bytes: &mut Vec<u8>| {
        head(3, bytes);
        bytes.extend(count(rings));
        for ring in rings.as_array().unwrap() {
            bytes.extend(count(ring));
            for at in ring.as_array().unwrap() {
                position(at, bytes);
            }
        }
    };
    match geometry["type"].as_str().unwrap() {
        "Point" => {
            head(1, bytes);
            position(coordinates, bytes);
        }
        "Polygon" => polygon(coordinates, bytes),
        _ => {
            head(6, bytes);
            bytes.extend(count(coordinates));
            for part in coordinates.as_array().unwrap() {
                polygon(part, bytes);
            }
        }
    }
}

/// A Shapefile of areas of GeoJSON, moved into a system, by the crate `shapefile`.
fn shapefile(path: &Path, features: &[Json], system: &Crs, prj: &str) {
    let table = dbase::TableWriterBuilder::new()
        .add_character_field("ward_code".try_into().unwrap(), 10)
        .add_character_field("ward_name".try_into().unwrap(), 60);
    let mut writer = shapefile::Writer::from_path(path, table).unwrap();
    for feature in features {
        let coordinates = &feature["geometry"]["coordinates"];
        let parts: Vec<&Json> = match feature["geometry"]["type"].as_str().unwrap() {
            "Polygon" => vec![coordinates],
            _ => coordinates.as_array().unwrap().iter().collect(),
        };
        let mut rings = Vec::new();
        for part in parts {
            for (index, ring) in part.as_array().unwrap().iter().enumerate() {
                let points = ring.as_array().unwrap().iter().map(|at| {
                    let (x, y) = there(at, system);
                    shapefile::Point::new(x, y)
                });
                let points = points.collect();
                rings.push(if index == 0 {
                    shapefile::PolygonRing::Outer(points)
                } else {
                    shapefile::PolygonRing::Inner(points)
                });
            }
        }
        let mut record = dbase::Record::default();
        for key in ["ward_code", "ward_name"] {
            let value = feature["properties"][key].as_str().unwrap().to_owned();
            record.insert(key.to_owned(), dbase::FieldValue::Character(Some(value)));
        }
        writer
            .write_shape_and_record(&shapefile::Polygon::with_rings(rings), &record)
            .unwrap();
    }
    std::fs::write(path.with_extension("prj"), prj).unwrap();
}

const UTM: &str = r#"PROJCS["WGS_1984_UTM_Zone_37S",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",39.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;

fn json_features(path: &Path) -> Vec<Json> {
    let json: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    json["features"].as_array().unwrap().clone()
}

/// Every area of one import is that of the other, to a tenth of a metre.
fn same(ours: &MemorySink, theirs: &MemorySink, entity_type: &str) {
    assert_eq!(count(ours, entity_type), count(theirs, entity_type));
    for area in theirs
        .entities
        .values()
        .filter(|entity| entity.types[0].short() == entity_type)
    {
        let own = entity(ours, area.id.as_str());
        assert_eq!(text(own, "name"), text(area, "name"));
        let off = apart(&rings(&location(own).geometry), &rings(&location(area).geometry));
        assert!(off < 1e-6, "{} is {off} degrees off", area.id);
    }
}

#[test]
fn nairobi_s_wards_are_the_same_in_every_format() {
    let Some(path) = test_data("nairobi/wards.geojson") else {
        return;
    };
    let (plain, _) = imported(Kind::Boundaries, &path, &[]);
    let features = json_features(&path);
    let folder = tempfile::tempdir().unwrap();
    for (name, code) in [("EPSG:32737", 32737), ("EPSG:21037", 21037), ("EPSG:3857", 3857)] {
        let system = Crs::from_name(name).unwrap();
        let file = folder.path().join(format!("wards-{code}.gpkg"));
        geopackage(&file, &features, &system, code);
        let (sink, _) = imported(Kind::Boundaries, &file, &[]);
        same(&sink, &plain, "AdministrativeArea");
    }
    let file = folder.path().join("wards.shp");
    shapefile(&file, &features, &Crs::from_name("EPSG:32737").unwrap(), UTM);
    let (sink, _) = imported(Kind::Boundaries, &file, &[]);
    same(&sink, &plain, "AdministrativeArea");
}

#[test]
fn nairobi_s_clinics_are_the_same_in_a_geopackage() {
    let Some(path) = test_data("nairobi/health-facilities.geojson") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("health-facilities.gpkg");
    // A GeoPackage numbers its features itself; the identifiers of GeoJSON become a column.
    let mut features = json_features(&path);
    for feature in &mut features {
        feature["properties"]["id"] = feature["id"].clone();
    }
    geopackage(&file, &features, &Crs::from_name("EPSG:32737").unwrap(), 32737);
    let read = |path: &Path| {
        let mut sink = MemorySink::default();
        let report = import_into(&mut sink, Kind::Places, path, &options(&[])).unwrap();
        let refused: Vec<String> = report
            .refused
            .iter()
            .map(|r| format!("{} {}", r.what, r.why))
            .collect();
        (sink, refused)
    };
    let ((ours, refused), (plain, expected)) = (read(&file), read(&path));
    assert_eq!(refused, expected);
    assert_eq!(count(&ours, "PointOfInterest"), count(&plain, "PointOfInterest"));
    for place in plain
        .entities
        .values()
        .filter(|entity| entity.types[0].short() == "PointOfInterest")
    {
        let own = entity(&ours, place.id.as_str());
        assert_eq!(
            (text(own, "name"), text(own, "category")),
            (text(place, "name"), text(place, "category"))
        );
        assert!(apart(&rings(&location(own).geometry), &rings(&location(place).geometry)) < 1e-6);
    }
}

/// The same by GDAL, where a Python with geopandas is at hand: `MAPACHA_PYTHON` names it.
#[test]
fn nairobi_s_wards_as_gdal_writes_them() {
    let Some(path) = test_data("nairobi/wards.geojson") else {
        return;
    };
    let Some(python) = std::env::var_os("MAPACHA_PYTHON") else {
        test_data::skipped("MAPACHA_PYTHON names no Python with geopandas");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = "import sys, geopandas
frame = geopandas.read_file(sys.argv[1]).to_crs('EPSG:32737')
frame.to_file(sys.argv[2] + '/wards.gpkg', driver='GPKG')
frame.to_file(sys.argv[2] + '/wards.shp')
frame.to_crs('ESRI:54009').to_file(sys.argv[2] + '/moll.shp')";
    let status = Command::new(python)
        .args(["-c", script])
        .arg(&path)
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let (plain, _) = imported(Kind::Boundaries, &path, &[]);
    for name in ["wards.gpkg", "wards.shp", "moll.shp"] {
        let (sink, _) = imported(Kind::Boundaries, &folder.path().join(name), &[]);
        same(&sink, &plain, "AdministrativeArea");
    }
}
