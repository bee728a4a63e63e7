//! An answer, and how it is written.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};
use sim_access::Position;
use sim_access::reach::Shape;

/// Rows under a head, for CSV.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<&'static str>,
    /// As many values as there are columns in each; `null` is an empty field.
    pub rows: Vec<Vec<Json>>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// `engine`, `question`, `profile`, `city`, `warnings` …, and the answer itself.
    pub document: Map<String, Json>,
    /// Where it lies on the map: GeoJSON features (RFC 7946).
    pub features: Vec<Json>,
    /// As a table.
    pub table: Table,
    /// Whether there is a solution: a way, somebody who reaches something.
    pub solved: bool,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Answer {
    pub(super) fn new(document: Map<String, Json>) -> Self {
        Self {
            document,
            features: Vec::new(),
            table: Table::default(),
            solved: true,
            warnings: Vec::new(),
        }
    }

    /// One JSON document.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut document = self.document.clone();
        document.insert("solved".into(), self.solved.into());
        document.insert("warnings".into(), json!(self.warnings));
        Json::Object(document)
    }

    /// A GeoJSON feature collection; the document stands beside the features as the member `mapacha` (RFC 7946,
    /// section 6.1).
    #[must_use]
    pub fn to_geojson(&self) -> Json {
        json!({ "type": "FeatureCollection", "features": self.features, "mapacha": self.to_json() })
    }

    /// A table (RFC 4180).
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = self.table.head.join(",");
        text.push_str("\r\n");
        for row in &self.table.rows {
            for (column, value) in row.iter().enumerate() {
                if column > 0 {
                    text.push(',');
                }
                match value {
                    Json::Null => {}
                    Json::String(word) => field(&mut text, word),
                    Json::Array(_) | Json::Object(_) => field(&mut text, &value.to_string()),
                    other => {
                        let _ = write!(text, "{other}");
                    }
                }
            }
            text.push_str("\r\n");
        }
        text
    }
}

fn field(text: &mut String, word: &str) {
    if word.contains([',', '"', '\n', '\r']) {
        let _ = write!(text, "\"{}\"", word.replace('"', "\"\""));
    } else {
        text.push_str(word);
    }
}

/// Longitude and latitude to the centimetre.
pub(super) fn coordinates(place: Position) -> Json {
    json!([round(place.lon, 1e7), round(place.lat, 1e7)])
}

pub(super) fn line(places: impl Iterator<Item = Position>) -> Json {
    json!({ "type": "LineString", "coordinates": places.map(coordinates).collect::<Vec<_>>() })
}

pub(super) fn point(place: Position) -> Json {
    json!({ "type": "Point", "coordinates": coordinates(place) })
}

pub(super) fn multi_polygon(shapes: &[Shape]) -> Json {
    let ring = |ring: &Vec<Position>| Json::Array(ring.iter().copied().map(coordinates).collect());
    let polygons: Vec<Json> = shapes
        .iter()
        .map(|shape| {
            std::iter::once(&shape.outer)
                .chain(&shape.holes)
                .map(ring)
                .collect()
        })
        .collect();
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

pub(super) fn feature(geometry: Json, properties: Json) -> Json {
    let mut feature = Map::new();
    feature.insert("type".to_owned(), "Feature".into());
    feature.insert("geometry".to_owned(), geometry);
    feature.insert("properties".to_owned(), properties);
    Json::Object(feature)
}

/// To so many parts of one.
pub(super) fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// To the millimetre, the millisecond, the thousandth of a person.
pub(super) fn milli(value: f64) -> Json {
    // The sum of nothing is -0.
    json!(round(value, 1e3) + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_as_rfc_4180_says() {
        let mut answer = Answer::new(Map::new());
        answer.table = Table {
            head: vec!["name", "metres"],
            rows: vec![vec!["a, \"b\"".into(), json!(1.5)], vec!["c".into(), Json::Null]],
        };
        assert_eq!(answer.to_csv(), "name,metres\r\n\"a, \"\"b\"\"\",1.5\r\nc,\r\n");
        assert_eq!(answer.to_json(), json!({ "solved": true, "warnings": [] }));
    }
}
