//! OpenStreetMap: files that are cut, damaged, hostile, or something else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests may fail"
)]

mod common;

use std::sync::LazyLock;

use common::import_bytes;
use common::osm::{
    Map, PLAIN, Style, blob, block, bytes, deltas, framed, gzip, header, number, zigzag, zlib,
};
use formats::{ImportError, Kind, MemorySink, Report};
use proptest::prelude::*;

fn import(bytes: &[u8]) -> (MemorySink, Result<Report, ImportError>) {
    import_bytes(Kind::Osm, "map.osm.pbf", bytes, &[])
}

/// The message of a file that is refused whole: nothing of it was written.
fn failure(bytes: &[u8]) -> String {
    let (sink, report) = import(bytes);
    assert!(sink.entities.is_empty());
    report.unwrap_err().to_string()
}

/// What was refused of a file that was read.
fn refused(bytes: &[u8]) -> Vec<String> {
    let report = import(bytes).1.unwrap();
    report.refused.iter().map(ToString::to_string).collect()
}

fn xml(inner: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<osm version=\"0.6\">\n{inner}\n</osm>\n")
}

fn sound_header() -> Vec<u8> {
    blob("OSMHeader", &header(&["OsmSchema-V0.6", "DenseNodes"]), true)
}

fn with_data(plain: &[u8]) -> Vec<u8> {
    [sound_header(), blob("OSMData", plain, true)].concat()
}

#[test]
fn what_is_no_such_file_is_named_for_what_it_is() {
    for (bytes, says) in [
        (b"".as_slice(), "the file is empty"),
        (b"lon,lat\n1,2\n", "it is neither PBF nor XML"),
        (b"PK\x03\x04rest", "it is a zip archive; unpack it"),
        (
            b"BZh91AY&SY",
            "it is packed with bzip2; unpack it and import what comes out: `bunzip2",
        ),
        (b"\xfd7zXZ\0", "it is packed with xz"),
        (b"\x28\xb5\x2f\xfd..", "it is packed with Zstandard"),
        (b"\xff\xe0\x04o5m2", "o5m format; write it as PBF: `osmium cat"),
        (
            b"{\"elements\": []}",
            "it is JSON; from Overpass ask for `[out:xml]`",
        ),
        (
            b"<html><body>Too Many Requests</body></html>",
            "it is a web page: the download failed",
        ),
        (b"<gpx version='1.1'></gpx>", "it is XML of another kind (<gpx>)"),
        (
            b"<osmChange version='0.6'></osmChange>",
            "osmChange), not a map; apply it to the map it belongs to",
        ),
        (b"<osm version='0.5'></osm>", "version 0.5 of OpenStreetMap's API"),
        (b"<?xml version='1.0'?>\n", "it holds no XML element"),
        (b"\0\0\0\x0d\x0a\x09NoHeader!", "it is neither PBF nor XML"),
    ] {
        let message = failure(bytes);
        assert!(
            message.starts_with("map.osm.pbf: ") && message.contains(says),
            "{message}"
        );
    }
    let message = failure(&gzip(&Map::village().to_pbf(PLAIN)));
    assert!(
        message.contains("a PBF file packed once more with gzip"),
        "{message}"
    );
    let message = failure(&gzip(b"stop_id,stop_name"));
    assert!(
        message.contains("what gzip packed there is not OpenStreetMap XML"),
        "{message}"
    );
}

#[test]
fn a_file_without_elements_is_said_to_be_so() {
    for bytes in [sound_header(), xml("").into_bytes()] {
        let report = import(&bytes).1.unwrap();
        assert_eq!(
            report.warnings,
            ["map.osm.pbf: it holds no nodes, ways or relations"]
        );
    }
}

#[test]
fn a_file_cut_anywhere_writes_nothing() {
    let village = Map::village();
    let whole = village.to_pbf(PLAIN);
    // Where blobs begin, a cut cannot be seen in the bytes; what is missing shows as ways without nodes.
    let mut boundaries = vec![0];
    while let Some(begins) = boundaries.last().copied().filter(|begins| *begins < whole.len()) {
        let head = u32::from_be_bytes(whole[begins..begins + 4].try_into().unwrap()) as usize;
        // The last field of the header is the length: tag 3, then a varint.
        let tail = &whole[begins + 4..begins + 4 + head];
        let at = tail.iter().rposition(|byte| *byte == 0x18).unwrap();
        let length = tail[at + 1..]
            .iter()
            .rev()
            .fold(0_usize, |n, byte| n << 7 | usize::from(byte & 0x7f));
        boundaries.push(begins + 4 + head + length);
    }
    for keep in 0..whole.len() {
        let (sink, report) = import(&whole[..keep]);
        if boundaries[1..].contains(&keep) {
            assert!(report.is_ok());
        } else {
            let message = report.unwrap_err().to_string();
            assert!(sink.entities.is_empty());
            if keep > 20 {
                let begins = boundaries.iter().rev().find(|begins| **begins < keep).unwrap();
                let says = format!(
                    "it is cut off: a blob begins at byte {begins} and the file ends in the middle of it, at byte {keep}; download it again"
                );
                assert!(message.contains(&says), "{keep}: {message}");
            }
        }
    }
    let text = village.to_xml();
    // The last line break may go.
    for keep in 45..text.trim_end().len() {
        let message = failure(&text.as_bytes()[..keep]);
        assert!(
            message.contains("line ") && message.contains("download it again"),
            "{keep}: {message}"
        );
    }
    let packed = gzip(text.as_bytes());
    for keep in 12..packed.len() {
        let message = failure(&packed[..keep]);
        assert!(
            message.contains("cut off") && message.contains("download it again"),
            "{keep}: {message}"
        );
    }
}

#[test]
fn blobs_that_claim_too_much_or_unpack_to_too_much() {
    let mut huge_head = sound_header();
    huge_head.extend(70_000_u32.to_be_bytes());
    assert!(failure(&huge_head).contains("its header claims 70000 bytes, and 65536 is the most"));
    let huge = [sound_header(), framed("OSMData", 1 << 40, b"")].concat();
    assert!(failure(&huge).contains("it claims 1099511627776 bytes, and 32 MiB is the most"));
    let minus = [sound_header(), framed("OSMData", u64::MAX, b"")].concat();
    assert!(failure(&minus).contains("it does not say how long it is"));
    // 200 MiB of nothing, honest about it, then not.
    let packed = zlib(&vec![0; 200 << 20]);
    assert!(packed.len() < 300 << 10);
    let bomb = |claims: Option<u64>| {
        let mut content = Vec::new();
        if let Some(claims) = claims {
            number(&mut content, 2, claims);
        }
        bytes(&mut content, 3, &packed);
        failure(&[sound_header(), framed("OSMData", content.len() as u64, &content)].concat())
    };
    assert!(bomb(Some(200 << 20)).contains("it claims to unpack to 209715200 bytes"));
    assert!(bomb(Some(1000)).contains("it unpacks to more than 32 MiB"));
    assert!(bomb(None).contains("it unpacks to more than 32 MiB"));
    let mut content = Vec::new();
    number(&mut content, 2, 17);
    bytes(&mut content, 3, &zlib(b"four"));
    let lies = [sound_header(), framed("OSMData", content.len() as u64, &content)].concat();
    assert!(failure(&lies).contains("it unpacks to 4 bytes and says 17"));
    for (field, method) in [(4, "LZMA"), (6, "LZ4"), (7, "Zstandard")] {
        let mut content = Vec::new();
        bytes(&mut content, field, b"x");
        let other = [sound_header(), framed("OSMData", content.len() as u64, &content)].concat();
        let message = failure(&other);
        assert!(
            message.contains(method) && message.contains("pbf_compression=zlib"),
            "{message}"
        );
    }
    // One tag of XML that never ends.
    let endless = format!("<osm version=\"0.6\"><node id=\"{}", "1".repeat(9 << 20));
    assert!(failure(&gzip(endless.as_bytes())).contains("longer than 4 MiB"));
}

#[test]
fn headers_that_ask_for_what_is_not_understood() {
    let with = |feature: &str| failure(&blob("OSMHeader", &header(&["OsmSchema-V0.6", feature]), true));
    assert!(with("HistoricalInformation").contains("osmium time-filter"));
    assert!(with("Holograms").contains("`Holograms` must be understood"));
    let headless = blob("OSMData", &block(|_| vec![]), true);
    assert!(failure(&headless).contains("neither PBF nor XML"));
    // Blobs of other kinds are passed over.
    let other = [sound_header(), blob("Sidecar", b"anything", true)].concat();
    assert!(import(&other).1.is_ok());
}

#[test]
fn blocks_that_contradict_themselves() {
    let group = |field: u64, fields: &[(u64, Vec<u8>)]| {
        let mut message = Vec::new();
        for (field, value) in fields {
            bytes(&mut message, *field, value);
        }
        let mut group = Vec::new();
        bytes(&mut group, field, &message);
        with_data(&block(|_| vec![group]))
    };
    for (file, says) in [
        (
            group(2, &[(1, deltas([1].into_iter())), (8, vec![2, 4])]),
            "not as many places as there are nodes",
        ),
        (
            group(2, &[(10, vec![1, 1, 0])]),
            "tags of nodes that are not there",
        ),
        (
            group(2, &[(1, vec![2]), (8, vec![2]), (9, vec![2]), (10, vec![99, 98])]),
            "names a string that it does not hold",
        ),
        (
            group(2, &[(1, vec![2]), (8, vec![2]), (9, vec![2]), (10, vec![1])]),
            "a key without a value",
        ),
        (group(1, &[(2, vec![])]), "a node has no id"),
        (group(3, &[(8, vec![2])]), "a way has no id"),
        (
            group(2, &[(1, vec![0x80]), (8, vec![0]), (9, vec![0])]),
            "a number ends in its middle",
        ),
        (group(4, &[(9, vec![2])]), "a relation has no id"),
        (
            with_data(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
            "longer than the message that holds it",
        ),
        (with_data(&[0x07]), "a field has no number"),
        (with_data(&[0x0e]), "of no kind that there is"),
        (
            with_data(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            "more than 64 bits",
        ),
    ] {
        let message = failure(&file);
        let begins = sound_header().len();
        assert!(
            message.contains(&format!("the blob at byte {begins} ")) && message.contains(says),
            "{message}"
        );
    }
    // Beyond 64 bits: id 2^62, and 2^62 more, and more.
    let mut beyond = Vec::new();
    for _ in 0..3 {
        beyond.extend(common::osm::varint(zigzag(1 << 62)));
    }
    let message = failure(&group(2, &[(1, beyond), (8, vec![0; 3]), (9, vec![0; 3])]));
    assert!(message.contains("beyond 64 bits"), "{message}");
}

#[test]
fn nodes_that_are_nowhere() {
    let mut map = Map::village();
    map.nodes[10].1 = 3_600_000_000;
    map.nodes[51].2 = -950_000_000;
    map.nodes[52].1 = 3_600_000_000;
    let expected = [
        "node 10: longitude 360, latitude -1.279 is no place on Earth",
        "node 51 (Zahanati): longitude 36.821, latitude -95 is no place on Earth",
    ];
    for bytes in [map.to_xml().into_bytes(), map.to_pbf(PLAIN)] {
        let (sink, report) = import(&bytes);
        let report = report.unwrap();
        let told: Vec<_> = report
            .refused
            .iter()
            .map(|r| format!("{}: {}", r.what, r.why))
            .collect();
        assert_eq!(told, expected, "a tree that nobody needs is not told");
        let street = common::entity(&sink, "urn:ngsi-ld:RoadSegment:osm:w1");
        assert_eq!(common::text(street, "nodes"), "[11,12,13]");
        assert!(report.warnings[0].contains("1 ways of streets lack nodes"));
    }
    let far = Map {
        nodes: vec![(1, i64::MAX, i64::MIN, vec![("amenity", "clinic")])],
        ..Map::default()
    };
    assert!(refused(&far.to_pbf(PLAIN))[0].contains("is no place on Earth"));
    let told = refused(
        xml(
            "<node id='1' lat='NaN' lon='1'><tag k='amenity' v='clinic'/></node>\n\
             <node id='2'><tag k='amenity' v='clinic'/></node>\n<node id='3' lat='one' lon='2'/>",
        )
        .as_bytes(),
    );
    assert_eq!(
        told,
        [
            "map.osm.pbf, line 5: node 3: `2`, `one` is not a longitude and a latitude",
            "map.osm.pbf, line 3: node 1: longitude 1, latitude NaN is no place on Earth",
            "map.osm.pbf, line 4: node 2: it has no longitude and latitude",
        ]
    );
}

#[test]
fn elements_that_stand_twice() {
    let mut map = Map::village();
    let (mut way, mut node, mut clinic, relation) = (
        map.ways[0].clone(),
        map.nodes[11].clone(),
        map.nodes[51].clone(),
        map.relations[0].clone(),
    );
    way.1.reverse();
    node.1 += 5000;
    clinic.3[1].1 = "Other";
    map.ways.push(way);
    map.nodes.push(node);
    map.nodes.push(clinic);
    map.relations.push(relation);
    for style in [
        PLAIN,
        Style {
            backwards: true,
            ..PLAIN
        },
    ] {
        let (sink, report) = import(&map.to_pbf(style));
        let report = report.unwrap();
        let mut what: Vec<_> = report.refused.iter().map(|r| r.what.as_str()).collect();
        what.sort_unstable();
        assert_eq!(what.len(), 4, "{what:?}");
        assert!(what[2].starts_with("relation 1") && what[3] == "way 1 (Mtaa wa 1)");
        assert!(
            report
                .refused
                .iter()
                .all(|r| r.why.contains("stands in the file before"))
        );
        let again = {
            let mut sink = sink.clone();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("map.osm.pbf");
            std::fs::write(&path, map.to_pbf(style)).unwrap();
            common::import_into(&mut sink, Kind::Osm, &path, &common::options(&[])).unwrap()
        };
        assert_eq!(
            (again.made, again.updated),
            (0, 0),
            "the same first one is taken each time"
        );
    }
}

#[test]
fn relations_that_lead_in_circles_or_nowhere() {
    let relation = |id: i64, members: &str| {
        format!(
            "<relation id='{id}'>{members}<tag k='type' v='multipolygon'/><tag k='leisure' v='park'/></relation>\n"
        )
    };
    let member =
        |kind: &str, id: i64, role: &str| format!("<member type='{kind}' ref='{id}' role='{role}'/>");
    let inner = relation(1, &member("relation", 2, "outer"))
        + &relation(2, &member("relation", 1, "outer"))
        + &relation(3, &member("relation", 3, ""))
        + &relation(4, &member("way", 99, "outer"))
        + &relation(5, "");
    assert_eq!(
        refused(xml(&inner).as_bytes()),
        [
            "map.osm.pbf, line 3: relation 1: no way is its outline",
            "map.osm.pbf, line 4: relation 2: no way is its outline",
            "map.osm.pbf, line 5: relation 3: no way is its outline",
            "map.osm.pbf, line 6: relation 4: 1 of the 1 ways of its outline are not in the file",
            "map.osm.pbf, line 7: relation 5: no way is its outline",
        ]
    );
}

#[test]
fn elements_that_cannot_be_read_do_not_stop_the_others() {
    let inner = "<node id='one' lat='1' lon='1'/>\n<node lat='1' lon='1'/>\n\
                 <way id='5'><nd/><tag k='highway' v='path'/></way>\n\
                 <way id='6'><nd ref='1'/><tag k='highway'/></way>\n\
                 <relation id='7'><member type='sun' ref='1' role=''/></relation>\n\
                 <node id='8' lat='1' lon='1'><tag k='amenity' v='library'/></node>";
    let (sink, report) = import(xml(inner).as_bytes());
    let told: Vec<_> = report.unwrap().refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "map.osm.pbf, line 3: node 0: its id `one` is not a whole number",
            "map.osm.pbf, line 4: node 0: it has no id",
            "map.osm.pbf, line 5: way 5: its <nd> on line 5 names no node",
            "map.osm.pbf, line 6: way 6: its tag on line 6 has no key or no value",
            "map.osm.pbf, line 7: relation 7: its <member> on line 7 names no member",
        ]
    );
    assert_eq!(common::count(&sink, "PointOfInterest"), 1);
    let nodes = "<nd ref='1'/>".repeat(100_001);
    let many = format!("<way id='5'>{nodes}<tag k='highway' v='path'/></way>");
    assert_eq!(
        refused(xml(&many).as_bytes()),
        ["map.osm.pbf, line 3: way 5: it has more than 100000 nodes"]
    );
    let mut way = Vec::new();
    number(&mut way, 1, 5);
    bytes(&mut way, 8, &vec![0; 100_001]);
    let mut group = Vec::new();
    bytes(&mut group, 3, &way);
    let told = refused(&with_data(&block(|_| vec![group])));
    assert!(
        told[0].ends_with("way 5: it has more than 100000 nodes"),
        "{told:?}"
    );
}

#[test]
fn histories_changes_and_unfinished_answers() {
    let deleted = xml("<node id='1' version='2' visible='false'/>");
    assert!(
        failure(deleted.as_bytes()).contains("line 3: this node was deleted: the file holds the history")
    );
    assert!(failure(xml("<modify><node id='1'/></modify>").as_bytes()).contains("osmium apply-changes"));
    let gave_up = xml("<node id='1' lat='1' lon='1'/>\n<remark> runtime error: Query timed out </remark>");
    assert!(failure(gave_up.as_bytes()).contains("line 4: the server that made it left a remark"));
    // An editor's file: what it will delete is gone already, what it made has no id in the database yet.
    let edited = xml(
        "<node id='-1' lat='1' lon='1'><tag k='amenity' v='library'/></node>\n\
         <node id='2' action='delete' visible='true' lat='1' lon='1'><tag k='amenity' v='library'/></node>",
    );
    let (sink, report) = import(edited.as_bytes());
    assert_eq!(common::count(&sink, "PointOfInterest"), 1);
    common::entity(&sink, "urn:ngsi-ld:PointOfInterest:osm:n-1");
    assert!(report.unwrap().warnings[0].contains("1 elements have negative ids"));
}

#[test]
fn xml_that_means_harm() {
    let laughs = "<?xml version='1.0'?><!DOCTYPE osm [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>\n\
                  <osm version='0.6'><node id='1' lat='1' lon='1'><tag k='amenity' v='&b;'/></node></osm>";
    assert!(failure(laughs.as_bytes()).contains("it is not whole XML"));
    assert!(
        failure(xml("<node id='1' lat='1' lon='1'></way>").as_bytes())
            .contains("line 3: it is not whole XML")
    );
    assert!(failure(b"<osm version='0.6'><node id='1' lat='\xff\xfe' lon='1'/></osm>").contains("line 1"));
    let deep = xml(&"<a>".repeat(100_000));
    assert!(import(deep.as_bytes()).1.is_err());
}

static PBF: LazyLock<Vec<u8>> = LazyLock::new(|| Map::village().to_pbf(PLAIN));
/// Not packed: a flipped bit reaches the messages.
static RAW: LazyLock<Vec<u8>> = LazyLock::new(|| {
    Map::village().to_pbf(Style {
        zlib: false,
        dense: false,
        ..PLAIN
    })
});
static DENSE: LazyLock<Vec<u8>> = LazyLock::new(|| Map::village().to_pbf(Style { zlib: false, ..PLAIN }));
static XML: LazyLock<Vec<u8>> = LazyLock::new(|| Map::village().to_xml().into_bytes());
static GZIP: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&XML));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    /// Bytes changed, left out or put in, anywhere: an answer, never a panic, and nothing half written.
    #[test]
    fn damaged_files_are_answered(
        which in 0_usize..5,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file: Vec<u8> = [&PBF, &RAW, &DENSE, &XML, &GZIP][which].to_vec();
        for (at, byte, kind) in damage {
            let at = at.index(file.len());
            match kind {
                0 => file[at] ^= 1 << (byte % 8),
                1 => file[at] = byte,
                2 => file.insert(at, byte),
                _ => { file.remove(at); }
            }
        }
        if let Some(cut) = cut {
            let keep = cut.index(file.len());
            file.truncate(keep);
        }
        let (sink, report) = import(&file);
        match report {
            Ok(report) => prop_assert_eq!(report.made as usize, sink.entities.len()),
            Err(error) => {
                prop_assert!(error.to_string().starts_with("map.osm.pbf"), "{}", error);
                prop_assert!(sink.entities.is_empty());
            }
        }
    }

    /// Messages of any bytes in a sound frame.
    #[test]
    fn any_block_is_answered(plain in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = import(&with_data(&plain));
        let mut group = Vec::new();
        bytes(&mut group, 2, &plain);
        let _ = import(&with_data(&block(|_| vec![group.clone()])));
    }
}

/// Each blob is as small as the format wants; it is their number.
#[test]
fn a_file_of_many_blobs_that_unpack_to_too_much() {
    let mut block = block(|_| Vec::new());
    // A field that nobody knows is passed over.
    bytes(&mut block, 99, &vec![0; 30 << 20]);
    let one = blob("OSMData", &block, true);
    let file = |blobs: usize| [vec![sound_header()], vec![one.clone(); blobs]].concat().concat();
    let bomb = file(3);
    assert!(bomb.len() < 120 << 10);
    let message = failure(&bomb);
    assert!(
        message.contains("unpacks to more than 64 MiB from far less")
            && message.contains("where the file comes from"),
        "{message}"
    );
    // Two of them are within what a small file may: it holds nothing, and that is all.
    let two = import(&file(2)).1;
    assert!(two.is_ok(), "{two:?}");

    let text = format!("<osm version=\"0.6\">{}</osm>", " ".repeat(65 << 20));
    let spread = text.replace(&" ".repeat(1 << 20), &format!("{}<meta/>", " ".repeat(1 << 20)));
    let message = failure(&gzip(spread.as_bytes()));
    assert!(
        message.contains("unpacks to more than 64 MiB from far less, which no map does"),
        "{message}"
    );
}
