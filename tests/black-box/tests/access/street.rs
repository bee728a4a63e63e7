//! A street whose every answer can be counted by hand, and how it is asked.

use black_box::{run, told};
use serde_json::Value as Json;

/// A thousandth of a degree along the equator (WGS 84), metres.
pub(crate) const STEP_M: f64 = 111.319_5;

/// A way of which a wheelchair user knows everything, and it is good.
pub(crate) const GOOD: &[(&str, &str)] = &[
    ("highway", "footway"),
    ("width", "2"),
    ("incline", "0%"),
    ("surface", "asphalt"),
    ("smoothness", "good"),
];

/// A map in OpenStreetMap's XML.
#[derive(Clone, Default)]
pub(crate) struct Map {
    pub(crate) nodes: Vec<(i64, f64, f64, Vec<(String, String)>)>,
    pub(crate) ways: Vec<(i64, Vec<i64>, Vec<(String, String)>)>,
}

pub(crate) fn owned(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

impl Map {
    /// A node so many thousandths of a degree east and north of a place on the equator.
    pub(crate) fn node(&mut self, id: i64, east: f64, north: f64, tags: &[(&str, &str)]) {
        self.nodes.push((id, 36.8 + east / 1e3, north / 1e3, owned(tags)));
    }

    pub(crate) fn way(&mut self, id: i64, nodes: &[i64], tags: &[(&str, &str)]) {
        self.ways.push((id, nodes.to_vec(), owned(tags)));
    }

    pub(crate) fn xml(&self) -> String {
        let tags = |tags: &[(String, String)]| -> String {
            tags.iter()
                .map(|(key, value)| format!("<tag k=\"{key}\" v=\"{value}\"/>"))
                .collect()
        };
        let mut text = "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n".to_owned();
        for (id, lon, lat, of) in &self.nodes {
            let tags = tags(of);
            text.push_str(&format!(
                "<node id=\"{id}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\">{tags}</node>\n"
            ));
        }
        for (id, nodes, of) in &self.ways {
            let refs: String = nodes.iter().map(|node| format!("<nd ref=\"{node}\"/>")).collect();
            let tags = tags(of);
            text.push_str(&format!("<way id=\"{id}\" version=\"1\">{refs}{tags}</way>\n"));
        }
        text.push_str("</osm>\n");
        text
    }

    pub(crate) fn without(&self, node: i64, key: &str) -> Self {
        let mut map = self.clone();
        for (id, _, _, tags) in &mut map.nodes {
            if *id == node {
                tags.retain(|(k, _)| k != key);
            }
        }
        map
    }

    pub(crate) fn with(&self, node: i64, key: &str, value: &str) -> Self {
        let mut map = self.without(node, key);
        for (id, _, _, tags) in &mut map.nodes {
            if *id == node {
                tags.push((key.to_owned(), value.to_owned()));
            }
        }
        map
    }
}

/// A pavement (10), a crossing with a kerb on each side (11), pavements (12, 14):
/// 1 ---10--- 2 -11- 3 --12-- 4 ---14--- 7, and 1 to 2 is one step.
pub(crate) fn street() -> Map {
    let mut map = Map::default();
    map.node(1, 0.0, 0.0, &[]);
    map.node(2, 1.0, 0.0, &[("kerb", "flush"), ("tactile_paving", "yes")]);
    map.node(3, 1.1, 0.0, &[("kerb", "lowered"), ("tactile_paving", "yes")]);
    map.node(4, 2.0, 0.0, &[]);
    map.node(7, 3.0, 0.0, &[]);
    map.way(10, &[1, 2], GOOD);
    let crossing = [GOOD, &[("footway", "crossing"), ("crossing", "marked")]].concat();
    map.way(11, &[2, 3], &crossing);
    map.way(12, &[3, 4], GOOD);
    map.way(14, &[4, 7], GOOD);
    map
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(name), bytes).expect("a file");
        self.path(name)
    }

    pub(crate) fn map(&self, map: &Map) -> String {
        let number = std::fs::read_dir(self.0.path()).expect("a folder").count();
        self.file(&format!("map-{number}.osm"), map.xml())
    }
}

pub(crate) fn place(east: f64, north: f64) -> String {
    format!("{:.7},{:.7}", 36.8 + east / 1e3, north / 1e3)
}

/// A question, its exit code and its document.
pub(crate) fn ask(words: &[&str]) -> (i32, Json) {
    let output = run(["simulate", "access"].iter().chain(words));
    let (code, stdout, stderr) = told(&output);
    let document = serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("{words:?}: {code} {error}: {stdout}\n{stderr}"));
    (code, document)
}

pub(crate) fn route(map: &str, from: f64, to: f64, profile: &str) -> (i32, Json) {
    let (from, to) = (place(from, 0.0), place(to, 0.0));
    ask(&[
        "route",
        "--osm",
        map,
        "--from",
        &from,
        "--to",
        &to,
        "--profile",
        profile,
    ])
}

pub(crate) fn close(value: &Json, expected: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!(
        (value - expected).abs() < 0.02 + expected * 1e-5,
        "{value} is not {expected}"
    );
}
