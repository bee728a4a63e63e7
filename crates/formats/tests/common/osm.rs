//! A small map, written as XML and as PBF by code of its own.

use std::fmt::Write as _;
use std::io::Write as _;

pub type Tags = Vec<(&'static str, &'static str)>;
pub type Member = (&'static str, i64, &'static str);

/// A map: nodes (id, lon, lat in ten-millionths of a degree), ways, relations (type, id, role).
#[derive(Clone, Default)]
pub struct Map {
    pub nodes: Vec<(i64, i64, i64, Tags)>,
    pub ways: Vec<(i64, Vec<i64>, Tags)>,
    pub relations: Vec<(i64, Vec<Member>, Tags)>,
}

impl Map {
    /// A square kilometre with streets, a crossing, a school with an entrance, a park with a pond, a district.
    pub fn village() -> Self {
        let mut nodes: Vec<(i64, i64, i64, Tags)> = (0..100)
            .map(|n| {
                (
                    n,
                    368_200_000 + n % 10 * 10_000,
                    -12_800_000 + n / 10 * 10_000,
                    vec![],
                )
            })
            .collect();
        nodes[11].3 = vec![
            ("highway", "crossing"),
            ("kerb", "lowered"),
            ("tactile_paving", "yes"),
        ];
        nodes[12].3 = vec![("barrier", "kerb"), ("kerb:height", "0.12")];
        nodes[33].3 = vec![("entrance", "main"), ("wheelchair", "yes")];
        nodes[50].3 = vec![("highway", "bus_stop"), ("name", "Kituo & Soko")];
        nodes[51].3 = vec![
            ("amenity", "clinic"),
            ("name", "Zahanati"),
            ("wheelchair", "limited"),
        ];
        nodes[52].3 = vec![("natural", "tree")];
        let ways = vec![
            (
                1,
                vec![10, 11, 12, 13],
                vec![
                    ("highway", "residential"),
                    ("sidewalk:both:width", "1.5"),
                    ("name", "Mtaa wa 1"),
                    ("note", "x"),
                ],
            ),
            (
                2,
                vec![12, 22, 32],
                vec![
                    ("highway", "steps"),
                    ("step_count", "12"),
                    ("ramp:wheelchair", "no"),
                ],
            ),
            (
                3,
                vec![33, 34, 44, 43, 33],
                vec![("amenity", "school"), ("name", "Shule")],
            ),
            (4, vec![60, 64, 94, 90, 60], vec![]),
            (5, vec![71, 72, 82, 81, 71], vec![("natural", "water")]),
            (6, vec![0, 9], vec![]),
            (7, vec![99, 90, 0], vec![]),
            (8, vec![9, 99], vec![("highway", "primary")]),
            (9, vec![66, 67, 77, 76, 66], vec![]),
        ];
        let relations = vec![
            (
                1,
                vec![("way", 4, "outer"), ("way", 5, "inner")],
                vec![("type", "multipolygon"), ("leisure", "park"), ("name", "Bustani")],
            ),
            (
                2,
                vec![
                    ("way", 6, "outer"),
                    ("way", 7, "outer"),
                    ("way", 8, ""),
                    ("node", 51, "admin_centre"),
                ],
                vec![
                    ("type", "boundary"),
                    ("boundary", "administrative"),
                    ("admin_level", "8"),
                    ("name", "Kijiji"),
                ],
            ),
            (
                3,
                vec![("way", 9, "outer")],
                vec![
                    ("type", "multipolygon"),
                    ("highway", "pedestrian"),
                    ("surface", "sett"),
                ],
            ),
        ];
        Self {
            nodes,
            ways,
            relations,
        }
    }

    pub fn to_xml(&self) -> String {
        let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n");
        let close = |text: &mut String, name: &str, tags: &Tags| {
            for (key, value) in tags {
                let value = value.replace('&', "&amp;").replace('"', "&quot;");
                writeln!(text, "  <tag k=\"{key}\" v=\"{value}\"/>").unwrap();
            }
            writeln!(text, " </{name}>").unwrap();
        };
        for (id, lon, lat, tags) in &self.nodes {
            let (lon, lat) = (degrees(*lon), degrees(*lat));
            writeln!(text, " <node id=\"{id}\" lat=\"{lat}\" lon=\"{lon}\">").unwrap();
            close(&mut text, "node", tags);
        }
        for (id, nodes, tags) in &self.ways {
            writeln!(text, " <way id=\"{id}\">").unwrap();
            for node in nodes {
                writeln!(text, "  <nd ref=\"{node}\"/>").unwrap();
            }
            close(&mut text, "way", tags);
        }
        for (id, members, tags) in &self.relations {
            writeln!(text, " <relation id=\"{id}\">").unwrap();
            for (kind, id, role) in members {
                writeln!(text, "  <member type=\"{kind}\" ref=\"{id}\" role=\"{role}\"/>").unwrap();
            }
            close(&mut text, "relation", tags);
        }
        text + "</osm>\n"
    }

    /// The map as PBF.
    pub fn to_pbf(&self, style: Style) -> Vec<u8> {
        let mut blobs = vec![blob(
            "OSMHeader",
            &header(&["OsmSchema-V0.6", "DenseNodes"]),
            style.zlib,
        )];
        for nodes in self.nodes.chunks(style.per_block) {
            blobs.push(blob(
                "OSMData",
                &block(|strings| vec![node_group(nodes, style.dense, strings)]),
                style.zlib,
            ));
        }
        for ways in self.ways.chunks(style.per_block) {
            blobs.push(blob(
                "OSMData",
                &block(|strings| {
                    let mut group = Vec::new();
                    for (id, nodes, tags) in ways {
                        let mut way = Vec::new();
                        number(&mut way, 1, id.cast_unsigned());
                        put_tags(&mut way, tags, strings);
                        bytes(&mut way, 8, &deltas(nodes.iter().copied()));
                        bytes(&mut group, 3, &way);
                    }
                    vec![group]
                }),
                style.zlib,
            ));
        }
        for relations in self.relations.chunks(style.per_block) {
            blobs.push(blob(
                "OSMData",
                &block(|strings| {
                    let mut group = Vec::new();
                    for (id, members, tags) in relations {
                        let mut relation = Vec::new();
                        number(&mut relation, 1, id.cast_unsigned());
                        put_tags(&mut relation, tags, strings);
                        let roles: Vec<u8> = members.iter().flat_map(|m| varint(strings.of(m.2))).collect();
                        let kinds: Vec<u8> = members
                            .iter()
                            .flat_map(|m| {
                                varint(
                                    ["node", "way", "relation"]
                                        .iter()
                                        .position(|k| *k == m.0)
                                        .unwrap() as u64,
                                )
                            })
                            .collect();
                        bytes(&mut relation, 8, &roles);
                        bytes(&mut relation, 9, &deltas(members.iter().map(|m| m.1)));
                        bytes(&mut relation, 10, &kinds);
                        bytes(&mut group, 4, &relation);
                    }
                    vec![group]
                }),
                style.zlib,
            ));
        }
        if style.backwards {
            blobs[1..].reverse();
        }
        blobs.concat()
    }
}

/// How a PBF file is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub dense: bool,
    pub zlib: bool,
    pub per_block: usize,
    /// Relations and ways before nodes.
    pub backwards: bool,
}

pub const PLAIN: Style = Style {
    dense: true,
    zlib: true,
    per_block: 40,
    backwards: false,
};

fn degrees(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    format!("{sign}{}.{:07}", number / 10_000_000, number % 10_000_000)
}

/// The strings of a block.
pub struct Strings(Vec<String>);

impl Strings {
    fn of(&mut self, text: &str) -> u64 {
        let index = self.0.iter().position(|known| known == text).unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        });
        index as u64
    }
}

pub fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub fn deltas(numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    let mut before = 0;
    numbers
        .flat_map(|number| {
            let step = number.wrapping_sub(before);
            before = number;
            varint(zigzag(step))
        })
        .collect()
}

pub fn number(to: &mut Vec<u8>, field: u64, value: u64) {
    to.extend(varint(field << 3));
    to.extend(varint(value));
}

pub fn bytes(to: &mut Vec<u8>, field: u64, value: &[u8]) {
    to.extend(varint(field << 3 | 2));
    to.extend(varint(value.len() as u64));
    to.extend(value);
}

fn put_tags(to: &mut Vec<u8>, tags: &Tags, strings: &mut Strings) {
    let keys: Vec<u8> = tags.iter().flat_map(|tag| varint(strings.of(tag.0))).collect();
    let values: Vec<u8> = tags.iter().flat_map(|tag| varint(strings.of(tag.1))).collect();
    if !tags.is_empty() {
        bytes(to, 2, &keys);
        bytes(to, 3, &values);
    }
}

fn node_group(nodes: &[(i64, i64, i64, Tags)], dense: bool, strings: &mut Strings) -> Vec<u8> {
    let mut group = Vec::new();
    if dense {
        let mut all = Vec::new();
        bytes(&mut all, 1, &deltas(nodes.iter().map(|n| n.0)));
        bytes(&mut all, 8, &deltas(nodes.iter().map(|n| n.2)));
        bytes(&mut all, 9, &deltas(nodes.iter().map(|n| n.1)));
        let mut words = Vec::new();
        for (.., tags) in nodes {
            for (key, value) in tags {
                words.extend(varint(strings.of(key)));
                words.extend(varint(strings.of(value)));
            }
            words.push(0);
        }
        bytes(&mut all, 10, &words);
        bytes(&mut group, 2, &all);
    } else {
        for (id, lon, lat, tags) in nodes {
            let mut node = Vec::new();
            number(&mut node, 1, zigzag(*id));
            put_tags(&mut node, tags, strings);
            number(&mut node, 8, zigzag(*lat));
            number(&mut node, 9, zigzag(*lon));
            bytes(&mut group, 1, &node);
        }
    }
    group
}

/// A block of groups, its strings after them: the order of fields is free.
pub fn block(groups: impl FnOnce(&mut Strings) -> Vec<Vec<u8>>) -> Vec<u8> {
    let mut strings = Strings(vec![String::new()]);
    let groups = groups(&mut strings);
    let mut block = Vec::new();
    for group in groups {
        bytes(&mut block, 2, &group);
    }
    let mut table = Vec::new();
    for text in strings.0 {
        bytes(&mut table, 1, text.as_bytes());
    }
    bytes(&mut block, 1, &table);
    block
}

pub fn header(required: &[&str]) -> Vec<u8> {
    let mut header = Vec::new();
    for feature in required {
        bytes(&mut header, 4, feature.as_bytes());
    }
    number(&mut header, 32, 1_700_000_000);
    header
}

pub fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(plain).unwrap();
    packed.finish().unwrap()
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(plain).unwrap();
    packed.finish().unwrap()
}

/// A blob with its header.
pub fn blob(kind: &str, plain: &[u8], packed: bool) -> Vec<u8> {
    let mut content = Vec::new();
    if packed {
        number(&mut content, 2, plain.len() as u64);
        bytes(&mut content, 3, &zlib(plain));
    } else {
        bytes(&mut content, 1, plain);
    }
    framed(kind, content.len() as u64, &content)
}

/// A blob that claims to be so long.
pub fn framed(kind: &str, claims: u64, content: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    bytes(&mut head, 1, kind.as_bytes());
    number(&mut head, 3, claims);
    let mut all = u32::try_from(head.len()).unwrap().to_be_bytes().to_vec();
    all.extend(head);
    all.extend(content);
    all
}
