//! OpenStreetMap: what a map becomes, from hand-made maps and from real extracts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests may fail"
)]

mod common;

use common::osm::{Map, PLAIN, Style, gzip};
use common::{count, entity, import_bytes, import_into, options, test_data, text};
use formats::{ImportOptions, Kind, MemorySink, Report};
use geo::{Area as _, Haversine, Length};
use geo_types::Geometry;

fn import(name: &str, bytes: &[u8]) -> (MemorySink, Report) {
    let (sink, report) = import_bytes(Kind::Osm, name, bytes, &[]);
    (sink, report.unwrap())
}

fn geometry<'a>(sink: &'a MemorySink, id: &str, term: &str) -> &'a Geometry<f64> {
    let entity = entity(sink, id);
    let attribute = entity.attributes.iter().find(|a| a.name.short() == term);
    attribute
        .and_then(|a| a.as_geometry())
        .unwrap_or_else(|| panic!("{id} has no {term}"))
}

fn has(sink: &MemorySink, id: &str, term: &str) -> bool {
    entity(sink, id).attributes.iter().any(|a| a.name.short() == term)
}

fn ids(sink: &MemorySink) -> Vec<&str> {
    sink.entities.keys().map(ngsi_ld::Uri::as_str).collect()
}

#[test]
fn a_village_and_all_that_is_in_it() {
    let (sink, report) = import("village.osm", Map::village().to_xml().as_bytes());
    assert_eq!(report.refused, []);
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(
        ids(&sink),
        [
            "urn:ngsi-ld:AdministrativeArea:osm:r2",
            "urn:ngsi-ld:Dataset:osm:village",
            "urn:ngsi-ld:Park:osm:r1",
            "urn:ngsi-ld:PointOfInterest:osm:n50",
            "urn:ngsi-ld:PointOfInterest:osm:n51",
            "urn:ngsi-ld:RoadNode:osm:n11",
            "urn:ngsi-ld:RoadNode:osm:n12",
            "urn:ngsi-ld:RoadSegment:osm:w1",
            "urn:ngsi-ld:RoadSegment:osm:w2",
            "urn:ngsi-ld:RoadSegment:osm:w8",
            "urn:ngsi-ld:RoadSegment:osm:w9",
            "urn:ngsi-ld:School:osm:w3",
        ]
    );
    let street = entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w1");
    assert_eq!(text(street, "highway"), "residential");
    assert_eq!(text(street, "sidewalkBothWidth"), "1.5");
    assert_eq!(text(street, "name"), "Mtaa wa 1");
    assert_eq!(text(street, "nodes"), "[10,11,12,13]");
    assert!(
        !has(&sink, "urn:ngsi-ld:RoadSegment:osm:w1", "note"),
        "not every tag is kept"
    );
    let Geometry::LineString(line) = geometry(&sink, "urn:ngsi-ld:RoadSegment:osm:w1", "location") else {
        panic!("a line")
    };
    assert_eq!(line.0.len(), 4);
    assert_eq!(
        (line.0[1].x, line.0[1].y),
        (36.821, -1.279),
        "exactly the decimals of the file"
    );
    let steps = entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w2");
    assert_eq!(text(steps, "stepCount"), "12");
    assert_eq!(text(steps, "rampWheelchair"), "no");
    assert_eq!(text(steps, "nodes"), "[12,22,32]", "joins the street at node 12");
    let square = entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w9");
    assert_eq!(
        (text(square, "highway"), text(square, "surface")),
        ("pedestrian".into(), "sett".into())
    );
    let crossing = entity(&sink, "urn:ngsi-ld:RoadNode:osm:n11");
    assert_eq!(
        (text(crossing, "kerb"), text(crossing, "node")),
        ("lowered".into(), "11".into())
    );
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:RoadNode:osm:n12"), "kerbHeight"),
        "0.12"
    );
    let clinic = entity(&sink, "urn:ngsi-ld:PointOfInterest:osm:n51");
    assert_eq!(
        (text(clinic, "category"), text(clinic, "wheelchair")),
        ("clinic".into(), "limited".into())
    );
    let stop = entity(&sink, "urn:ngsi-ld:PointOfInterest:osm:n50");
    assert_eq!(
        (text(stop, "category"), text(stop, "name")),
        ("bus_stop".into(), "Kituo & Soko".into())
    );
    let school = entity(&sink, "urn:ngsi-ld:School:osm:w3");
    assert_eq!(
        (text(school, "category"), text(school, "name")),
        ("school".into(), "Shule".into())
    );
    assert!(matches!(
        geometry(&sink, "urn:ngsi-ld:School:osm:w3", "location"),
        Geometry::Polygon(_)
    ));
    let Geometry::MultiPoint(doors) = geometry(&sink, "urn:ngsi-ld:School:osm:w3", "entrances") else {
        panic!("points")
    };
    assert_eq!(doors.0.len(), 1);
    let Geometry::Polygon(park) = geometry(&sink, "urn:ngsi-ld:Park:osm:r1", "location") else {
        panic!("a polygon")
    };
    assert_eq!(park.interiors().len(), 1);
    assert!((park.unsigned_area() - (12e-6 - 1e-6)).abs() < 1e-12);
    let area = entity(&sink, "urn:ngsi-ld:AdministrativeArea:osm:r2");
    assert_eq!(text(area, "administrativeLevel"), "city");
    assert_eq!(
        (text(area, "adminLevel"), text(area, "name")),
        ("8".into(), "Kijiji".into())
    );
    let dataset = entity(&sink, "urn:ngsi-ld:Dataset:osm:village");
    assert_eq!(text(dataset, "license"), "ODbL-1.0");
    assert_eq!(text(dataset, "attribution"), "© OpenStreetMap contributors");
}

#[test]
fn every_way_to_write_a_map_is_the_same_map() {
    let village = Map::village();
    let (mut of_xml, _) = import("v.osm", village.to_xml().as_bytes());
    let dataset = ngsi_ld::Uri::ngsi_ld("Dataset", "osm:v");
    of_xml.entities.remove(&dataset);
    let mut others = vec![("v.osm.gz".to_owned(), gzip(village.to_xml().as_bytes()))];
    for (dense, zlib, per_block, backwards) in [
        (true, true, 1000, false),
        (false, true, 7, false),
        (true, false, 1, true),
        (false, false, 30, true),
    ] {
        let style = Style {
            dense,
            zlib,
            per_block,
            backwards,
        };
        others.push((format!("{style:?}"), village.to_pbf(style)));
    }
    for (style, bytes) in others {
        // The name does not say the kind.
        let (mut sink, report) = import("v.osm", &bytes);
        assert_eq!(report.refused, [], "{style}");
        let read = sink.entities.remove(&dataset).unwrap();
        if !style.contains("gz") {
            assert_eq!(text(&read, "vintage"), "2023", "of the header's timestamp");
        }
        assert_eq!(sink.entities, of_xml.entities, "{style}");
    }
}

#[test]
fn twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.osm.pbf");
    std::fs::write(&path, Map::village().to_pbf(PLAIN)).unwrap();
    let mut sink = MemorySink::default();
    let first = import_into(&mut sink, Kind::Osm, &path, &ImportOptions::default()).unwrap();
    let before = sink.clone();
    let again = import_into(&mut sink, Kind::Osm, &path, &ImportOptions::default()).unwrap();
    assert_eq!((again.made, again.updated, again.known), (0, 0, first.made));
    assert_eq!(sink.entities, before.entities);
}

#[test]
fn the_city_s_level_is_the_user_s_to_say() {
    let mut map = Map::village();
    for (id, level) in [(11, "4"), (12, "6"), (13, "9"), (14, "10")] {
        let mut relation = map.relations[1].clone();
        relation.0 = id;
        relation.2[2].1 = level;
        map.relations.push(relation);
    }
    let levels = |pairs: &[(&str, &str)]| {
        let (sink, report) = import_bytes(Kind::Osm, "v.osm", map.to_xml().as_bytes(), pairs);
        let words: Vec<(String, String)> = sink
            .entities
            .values()
            .filter(|e| e.types.iter().any(|t| t.short() == "AdministrativeArea"))
            .map(|e| (text(e, "adminLevel"), text(e, "administrativeLevel")))
            .collect();
        (words, report.unwrap().warnings)
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let (words, warnings) = levels(&[]);
    assert_eq!(
        words,
        [
            pair("9", "district"),
            pair("10", "subdistrict"),
            pair("8", "city")
        ]
    );
    assert!(
        warnings[0].contains("2 administrative areas above the city"),
        "{warnings:?}"
    );
    let (words, _) = levels(&[("level", "4")]);
    assert_eq!(words[0], pair("4", "city"));
    assert_eq!(words[1], pair("6", "district"));
    assert_eq!(words.len(), 5);
    let (_, report) = import_bytes(Kind::Osm, "v.osm", map.to_xml().as_bytes(), &[("level", "ward")]);
    assert!(
        report
            .unwrap_err()
            .to_string()
            .contains("give a number from 1 to 12")
    );
}

#[test]
fn a_street_that_the_extract_cuts_is_taken_in_pieces() {
    let mut map = Map::village();
    map.ways.push((
        20,
        vec![60, 61, 1000, 62, 63, 1001, 64, 1002],
        vec![("highway", "path"), ("name", "Njia")],
    ));
    map.ways
        .push((21, vec![1000, 61, 1001], vec![("highway", "path")]));
    map.ways.push((22, vec![61, 61], vec![("highway", "path")]));
    map.ways
        .push((23, vec![71, 72, 1000, 71], vec![("leisure", "park")]));
    map.ways.push((24, vec![71, 72, 82], vec![("amenity", "clinic")]));
    map.relations.push((
        20,
        vec![("way", 4, "outer"), ("way", 77, "outer")],
        vec![("type", "multipolygon"), ("leisure", "park")],
    ));
    let (sink, report) = import("v.osm", map.to_xml().as_bytes());
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w20"), "nodes"),
        "[60,61]"
    );
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w20:2"), "nodes"),
        "[62,63]"
    );
    assert_eq!(count(&sink, "RoadSegment"), 6);
    assert_eq!(
        report.warnings,
        [
            "v.osm: 1 ways of streets lack nodes in this file and were taken as the pieces that are there (the first: \
          way 20 (Njia))"
        ]
    );
    let refused: Vec<String> = report
        .refused
        .iter()
        .map(|r| format!("{}: {}", r.what, r.why))
        .collect();
    assert_eq!(
        refused,
        [
            "way 21: 2 of its 3 nodes are not in the file, and no two that follow each other are",
            "way 22: it has fewer than two nodes",
            "way 23: 1 of the 4 nodes of its outline are not in the file",
            "way 24: its outline is open: way 24 ends at node 71, and nothing goes on there",
            "relation 20: 1 of the 2 ways of its outline are not in the file",
        ]
    );
    let lines: Vec<&str> = map.to_xml().leak().lines().collect();
    for refusal in &report.refused {
        let id = refusal.what.split(' ').nth(1).unwrap();
        assert!(
            lines[refusal.line.unwrap() as usize - 1].contains(&format!("id=\"{id}\"")),
            "{refusal}"
        );
    }
    let (_, of_pbf) = import("v.osm.pbf", &map.to_pbf(PLAIN));
    assert!(
        of_pbf.refused[0]
            .column
            .as_deref()
            .unwrap()
            .starts_with("blob at byte ")
    );
    assert_eq!(of_pbf.refused.len(), refused.len());
}

/// What `pyosmium` 4.3.2 says of the two extracts: ways of streets and their length over the sphere of radius
/// 6 371 008.8 m, nodes on them with a tag that matters, bus stops, and what libosmium's own assembler makes of
/// rings (area in square degrees, for comparison only).
struct Reference {
    file: &'static str,
    streets: usize,
    kilometres: f64,
    with: &'static [(&'static str, usize)],
    road_nodes: usize,
    bus_stops: usize,
    /// Category, number, sum of areas.
    areas: &'static [(&'static str, usize, f64)],
}

/// ```python
/// for o in osmium.FileProcessor(path, osmium.osm.WAY):
///     if 'highway' in o.tags or 'platform' in (o.tags.get('railway'), o.tags.get('public_transport')): …
/// class Areas(osmium.SimpleHandler):
///     def area(self, a): …  # shoelace of a.outer_rings() less a.inner_rings(o)
/// Areas().apply_file(path, locations=True)
/// ```
const REFERENCES: [Reference; 2] = [
    Reference {
        file: "osm/liechtenstein.osm.pbf",
        streets: 4667,
        kilometres: 1_141.137_549,
        with: &[
            ("name", 1938),
            ("surface", 1189),
            ("width", 72),
            ("incline", 42),
            ("wheelchair", 22),
        ],
        road_nodes: 431,
        bus_stops: 307,
        areas: &[
            ("city", 11, 0.019_031_528_950),
            ("nature_reserve", 4, 0.001_125_759_162),
            ("park", 6, 0.000_004_075_223),
            ("playground", 10, 0.000_002_103_698),
            ("school", 12, 0.000_007_139_184),
        ],
    },
    Reference {
        file: "osm/monaco.osm.gz",
        streets: 868,
        kilometres: 83.627_516,
        with: &[("name", 317), ("surface", 4)],
        road_nodes: 243,
        bus_stops: 9,
        areas: &[
            ("city", 1, 0.000_226_742_774),
            ("garden", 5, 0.000_003_820_088),
            ("park", 9, 0.000_007_819_182),
            ("school", 1, 0.000_000_349_153),
        ],
    },
];

#[test]
fn real_extracts_as_another_program_reads_them() {
    for reference in &REFERENCES {
        let Some(path) = test_data(reference.file) else {
            return;
        };
        let mut sink = MemorySink::default();
        let report = import_into(&mut sink, Kind::Osm, &path, &ImportOptions::default()).unwrap();
        let of = |entity_type: &str| -> Vec<&ngsi_ld::Entity> {
            sink.entities
                .values()
                .filter(|e| e.types.iter().any(|t| t.short() == entity_type))
                .collect()
        };
        let streets = of("RoadSegment");
        assert_eq!(streets.len(), reference.streets);
        let mut metres = 0.0;
        for street in &streets {
            let Some(Geometry::LineString(line)) = street
                .attributes
                .iter()
                .find(|a| a.name.short() == "location")
                .and_then(|a| a.as_geometry())
            else {
                panic!("{} is no line", street.id)
            };
            metres += Haversine.length(line);
            let nodes: Vec<i64> = serde_json::from_str(&text(street, "nodes")).unwrap();
            assert_eq!(nodes.len(), line.0.len(), "{}", street.id);
        }
        assert!((metres / 1000.0 - reference.kilometres).abs() < 1e-5, "{metres}");
        for (term, number) in reference.with {
            let with = streets
                .iter()
                .filter(|s| s.attributes.iter().any(|a| a.name.short() == *term));
            assert_eq!(with.count(), *number, "{term}");
        }
        assert_eq!(count(&sink, "RoadNode"), reference.road_nodes);
        let in_category = |category: &str| -> Vec<&ngsi_ld::Entity> {
            sink.entities
                .values()
                .filter(|e| {
                    e.attributes.iter().any(|a| {
                        matches!(a.name.short(), "category" | "administrativeLevel")
                            && text(e, a.name.short()) == category
                    })
                })
                .collect()
        };
        assert_eq!(in_category("bus_stop").len(), reference.bus_stops);
        for (category, number, square_degrees) in reference.areas {
            let areas: Vec<f64> = in_category(category)
                .iter()
                .filter_map(|e| {
                    e.attributes
                        .iter()
                        .find(|a| a.name.short() == "location")?
                        .as_geometry()
                })
                .map(geo::Area::unsigned_area)
                .filter(|area| *area > 0.0)
                .collect();
            let sum: f64 = areas.iter().sum();
            assert_eq!(areas.len(), *number, "{category}");
            assert!((sum - square_degrees).abs() < 1e-11, "{category}: {sum}");
        }
        let again = import_into(&mut sink, Kind::Osm, &path, &options(&[])).unwrap();
        assert_eq!((again.made, again.updated), (0, 0));
        eprint_report(&report);
    }
}

#[allow(clippy::print_stderr, reason = "shown where a test fails")]
fn eprint_report(report: &Report) {
    eprintln!("{}", report.to_text(200));
}
