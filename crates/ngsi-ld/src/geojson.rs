//! GeoJSON geometries (RFC 7946), both ways. Rings are taken in either direction and written back as they came.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use serde_json::{Map, Value as Json, json};

use crate::error::Error;
use crate::value::GeoValue;

/// How deep collections may hold collections.
const MAX_DEPTH: usize = 8;

/// Reads a geometry of any of the seven types: longitude before latitude, in degrees of WGS 84. Refused:
/// positions outside ±180, ±90; lines of one position; rings of less than four or that do not close; nothing at
/// all. Altitudes and members of other standards are kept in [`GeoValue::source`].
pub fn from_json(json: &Json) -> Result<GeoValue, Error> {
    let mut reader = Reader { plain: true };
    let geometry = reader.geometry(json, 0)?;
    Ok(GeoValue::new(
        geometry,
        (!reader.plain).then(|| Box::new(json.clone())),
    ))
}

/// Writes a geometry: as it was read, if it was.
pub fn to_json(value: &GeoValue) -> Json {
    value
        .source
        .as_ref()
        .map_or_else(|| geometry_to_json(&value.geometry), |source| (**source).clone())
}

/// Whether the JSON has the look of a geometry: an object with `coordinates`, or `geometries`, and one of their types.
pub fn is_geometry(json: &Json) -> bool {
    let Json::Object(object) = json else { return false };
    match object.get("type").and_then(Json::as_str) {
        Some("GeometryCollection") => object.contains_key("geometries"),
        Some("Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon") => {
            object.contains_key("coordinates")
        }
        _ => false,
    }
}

struct Reader {
    /// Whether writing the geometry would give the JSON back.
    plain: bool,
}

impl Reader {
    fn geometry(&mut self, json: &Json, depth: usize) -> Result<Geometry<f64>, Error> {
        let Json::Object(object) = json else {
            return refuse("a geometry is an object with `type` and `coordinates`");
        };
        let Some(kind) = object.get("type").and_then(Json::as_str) else {
            return refuse("a geometry needs a `type`, such as `Point`");
        };
        self.plain &= object.len() == 2;
        if kind == "GeometryCollection" {
            let Some(Json::Array(parts)) = object.get("geometries") else {
                return refuse("a GeometryCollection needs an array `geometries`");
            };
            if depth >= MAX_DEPTH {
                return refuse("GeometryCollections are nested too deep");
            }
            let parts: Result<Vec<_>, _> = parts.iter().map(|part| self.geometry(part, depth + 1)).collect();
            return Ok(Geometry::GeometryCollection(GeometryCollection::from(parts?)));
        }
        let Some(coordinates) = object.get("coordinates") else {
            return refuse(&format!("a {kind} needs `coordinates`"));
        };
        Ok(match kind {
            "Point" => Point(self.position(coordinates)?).into(),
            "MultiPoint" => {
                MultiPoint(self.many(coordinates, |reader, one| reader.position(one).map(Point))?).into()
            }
            "LineString" => self.line(coordinates)?.into(),
            "MultiLineString" => MultiLineString(self.many(coordinates, Self::line)?).into(),
            "Polygon" => self.polygon(coordinates)?.into(),
            "MultiPolygon" => MultiPolygon(self.many(coordinates, Self::polygon)?).into(),
            other => {
                return refuse(&format!(
                    "`{}` is no geometry; use Point, LineString, Polygon, MultiPoint, MultiLineString or MultiPolygon",
                    other.chars().take(60).collect::<String>()
                ));
            }
        })
    }

    fn many<T>(
        &mut self,
        json: &Json,
        mut read: impl FnMut(&mut Self, &Json) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match json {
            Json::Array(parts) if !parts.is_empty() => parts.iter().map(|part| read(self, part)).collect(),
            Json::Array(_) => refuse("`coordinates` holds nothing"),
            _ => refuse("`coordinates` is not nested as deep as the type asks"),
        }
    }

    fn position(&mut self, json: &Json) -> Result<Coord<f64>, Error> {
        let wrong =
            || Error::bad_data("a position is an array of longitude, latitude and, if wanted, altitude");
        let Json::Array(numbers) = json else {
            return Err(wrong());
        };
        let (Some(x), Some(y)) = (
            numbers.first().and_then(Json::as_f64),
            numbers.get(1).and_then(Json::as_f64),
        ) else {
            return Err(wrong());
        };
        if !numbers.iter().skip(2).all(Json::is_number) {
            return Err(wrong());
        }
        self.plain &= numbers.len() == 2 && numbers.iter().all(Json::is_f64);
        if (-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y) {
            Ok(Coord { x, y })
        } else {
            refuse(&format!(
                "longitude {x}, latitude {y} is not on Earth: they lie within ±180 and ±90, in this order"
            ))
        }
    }

    fn line(&mut self, json: &Json) -> Result<LineString<f64>, Error> {
        let positions = self.many(json, Self::position)?;
        if positions.len() < 2 {
            return refuse("a line has at least two positions");
        }
        Ok(LineString(positions))
    }

    fn ring(&mut self, json: &Json) -> Result<LineString<f64>, Error> {
        let positions = self.many(json, Self::position)?;
        if positions.len() < 4 || positions.first() != positions.last() {
            return refuse("a ring of a polygon has at least four positions, the last equal to the first");
        }
        Ok(LineString(positions))
    }

    fn polygon(&mut self, json: &Json) -> Result<Polygon<f64>, Error> {
        let mut rings = self.many(json, Self::ring)?.into_iter();
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(exterior, rings.collect()))
    }
}

fn refuse<T>(what: &str) -> Result<T, Error> {
    Err(Error::bad_data(what))
}

fn geometry_to_json(geometry: &Geometry<f64>) -> Json {
    let (kind, coordinates) = match geometry {
        Geometry::Point(point) => ("Point", position(point.0)),
        Geometry::MultiPoint(points) => (
            "MultiPoint",
            points.iter().map(|point| position(point.0)).collect(),
        ),
        Geometry::LineString(positions) => ("LineString", line(positions)),
        Geometry::Line(ends) => ("LineString", json!([position(ends.start), position(ends.end)])),
        Geometry::MultiLineString(lines) => ("MultiLineString", lines.iter().map(line).collect()),
        Geometry::Polygon(area) => ("Polygon", polygon(area)),
        Geometry::Rect(area) => ("Polygon", polygon(&area.to_polygon())),
        Geometry::Triangle(area) => ("Polygon", polygon(&area.to_polygon())),
        Geometry::MultiPolygon(areas) => ("MultiPolygon", areas.iter().map(polygon).collect()),
        Geometry::GeometryCollection(parts) => {
            let parts = parts.iter().map(geometry_to_json).collect();
            return object("GeometryCollection", "geometries", parts);
        }
    };
    object(kind, "coordinates", coordinates)
}

fn object(kind: &str, key: &str, content: Json) -> Json {
    let mut object = Map::with_capacity(2);
    object.insert("type".into(), kind.into());
    object.insert(key.into(), content);
    Json::Object(object)
}

fn position(at: Coord<f64>) -> Json {
    Json::Array(vec![at.x.into(), at.y.into()])
}

fn line(positions: &LineString<f64>) -> Json {
    positions.0.iter().map(|at| position(*at)).collect()
}

fn polygon(area: &Polygon<f64>) -> Json {
    std::iter::once(area.exterior())
        .chain(area.interiors())
        .map(line)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn geometries_are_given_back_as_they_came() {
        let square = json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]);
        for (json, plain) in [
            (json!({"type": "Point", "coordinates": [36.8, -1.3]}), true),
            (json!({"type": "Point", "coordinates": [36, -1]}), false),
            (
                json!({"type": "Point", "coordinates": [36.8, -1.3, 1795.0]}),
                false,
            ),
            (
                json!({"type": "Point", "coordinates": [36.8, -1.3], "bbox": [36.8, -1.3, 36.8, -1.3]}),
                false,
            ),
            (
                json!({"type": "MultiPoint", "coordinates": [[36.8, -1.3], [0.0, 0.0]]}),
                true,
            ),
            (
                json!({"type": "LineString", "coordinates": [[36.8, -1.3], [0.0, 0.0]]}),
                true,
            ),
            (
                json!({"type": "MultiLineString", "coordinates": [[[36.8, -1.3], [0.0, 0.0]]]}),
                true,
            ),
            (json!({"type": "Polygon", "coordinates": [square, square]}), true),
            (
                json!({"type": "MultiPolygon", "coordinates": [[square], [square]]}),
                true,
            ),
            (
                json!({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1.5, 2.5]}]}),
                true,
            ),
        ] {
            let value = from_json(&json).unwrap();
            assert_eq!(value.source.is_none(), plain, "{json}");
            assert_eq!(to_json(&value), json);
            assert!(is_geometry(&json));
        }
    }

    #[test]
    fn what_is_no_geometry_is_refused() {
        for (json, why) in [
            (json!("POINT (1 2)"), "object"),
            (json!({"coordinates": [1, 2]}), "`type`"),
            (json!({"type": "Circle", "coordinates": [1, 2]}), "`Circle`"),
            (json!({"type": "Point"}), "needs `coordinates`"),
            (json!({"type": "Point", "coordinates": []}), "longitude"),
            (json!({"type": "Point", "coordinates": [1]}), "longitude"),
            (json!({"type": "Point", "coordinates": ["1", "2"]}), "longitude"),
            (json!({"type": "Point", "coordinates": [1, 2, null]}), "longitude"),
            (json!({"type": "Point", "coordinates": [181, 2]}), "not on Earth"),
            (
                json!({"type": "Point", "coordinates": [-1.29, 136.8]}),
                "not on Earth",
            ),
            (
                json!({"type": "LineString", "coordinates": [[1, 2]]}),
                "two positions",
            ),
            (json!({"type": "LineString", "coordinates": []}), "nothing"),
            (json!({"type": "LineString", "coordinates": [1, 2]}), "longitude"),
            (json!({"type": "LineString", "coordinates": 1}), "nested"),
            (
                json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}),
                "four",
            ),
            (
                json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}),
                "equal to the first",
            ),
            (
                json!({"type": "Polygon", "coordinates": [[0, 0], [1, 0], [1, 1], [0, 0]]}),
                "longitude",
            ),
            (json!({"type": "GeometryCollection"}), "geometries"),
        ] {
            let error = from_json(&json).unwrap_err();
            assert!(error.detail.contains(why), "{json}: {}", error.detail);
        }
    }

    proptest! {
        #[test]
        fn a_calculated_geometry_survives(points in prop::collection::vec((-1_800_000..=1_800_000, -900_000..=900_000), 3..9)) {
            let degrees = |n: i32| f64::from(n) / 1e4;
            let line = LineString(points.iter().map(|(x, y)| Coord { x: degrees(*x), y: degrees(*y) }).collect());
            for geometry in [
                Geometry::from(Point(line.0[0])),
                line.clone().into(),
                Polygon::new(line.clone(), vec![line.clone()]).into(),
                MultiLineString(vec![line]).into(),
            ] {
                let value = GeoValue::from(geometry);
                let text = to_json(&value).to_string();
                prop_assert_eq!(from_json(&serde_json::from_str(&text).unwrap()).unwrap(), value);
            }
        }
    }
}
