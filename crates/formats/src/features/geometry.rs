//! From what a file holds to a geometry that is what it says: a place on earth, closed rings that do not cross
//! themselves.

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon};
use ngsi_ld::GeoValue;
use serde_json::{Value as Json, json};

use super::crossing;
use crate::projection::Crs;

/// Why a geometry is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadGeometry {
    pub(crate) why: String,
    pub(crate) remedy: &'static str,
}

const DEGREES: &str = "give longitude and latitude in degrees of WGS 84; coordinates of another system: name it with \
                       --crs, as in --crs EPSG:21037";
const SYSTEM: &str = "check the coordinate system of the file (`ogrinfo -so` shows it), and name the right one with \
                      --crs";
const MEND: &str =
    "mend its geometry: `ogr2ogr -makevalid out.geojson in.geojson`, or in QGIS with Fix geometries";
const GIVE: &str = "give the feature a geometry, or leave it out";
const KINDS: &str = "give a point, a polygon or a multipolygon";

pub(super) fn bad(why: impl Into<String>, remedy: &'static str) -> BadGeometry {
    BadGeometry {
        why: why.into(),
        remedy,
    }
}

/// A geometry whose bytes are damaged.
pub(super) fn damaged(why: impl Into<String>) -> BadGeometry {
    bad(why, MEND)
}

/// A geometry that is none.
pub(super) fn nothing() -> BadGeometry {
    bad("it has no geometry", GIVE)
}

/// A geometry of a sort that is neither a point nor an area.
pub(super) fn other_kind(kind: &str) -> BadGeometry {
    bad(format!("its geometry is a {kind}"), KINDS)
}

/// A position as the file has it; `z` is not-a-number where there is no height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

impl Position {
    /// A position without a height.
    pub(crate) fn flat(x: f64, y: f64) -> Self {
        Self { x, y, z: f64::NAN }
    }

    fn coord(self) -> Coord<f64> {
        Coord { x: self.x, y: self.y }
    }
}

/// The positions of a ring, the first again at the end.
pub(crate) type Ring = Vec<Position>;

/// A geometry as the file has it, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Point(Position),
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

/// A geometry of GeoJSON.
pub(crate) fn from_json(json: &Json) -> Result<Shape, BadGeometry> {
    if json.is_null() {
        return Err(nothing());
    }
    let kind = json.get("type").and_then(Json::as_str).unwrap_or("");
    let coordinates = json.get("coordinates").unwrap_or(&Json::Null);
    match kind {
        "Point" => position(coordinates).map(Shape::Point),
        "Polygon" => rings(coordinates).map(Shape::Polygon),
        "MultiPolygon" => {
            let parts = list(coordinates)?;
            let polygons = parts.iter().map(rings).collect::<Result<_, _>>()?;
            Ok(Shape::MultiPolygon(polygons))
        }
        "" => Err(bad("its geometry has no type", GIVE)),
        other => Err(other_kind(other)),
    }
}

fn list(json: &Json) -> Result<&Vec<Json>, BadGeometry> {
    match json.as_array() {
        Some(list) if !list.is_empty() => Ok(list),
        _ => Err(empty()),
    }
}

/// A geometry without a position.
pub(super) fn empty() -> BadGeometry {
    bad("its geometry is empty", GIVE)
}

fn position(json: &Json) -> Result<Position, BadGeometry> {
    let numbers = list(json)?;
    let number = |index: usize| numbers.get(index).and_then(Json::as_f64);
    let (Some(x), Some(y)) = (number(0), number(1)) else {
        return Err(bad(format!("{json} is not a longitude and a latitude"), DEGREES));
    };
    let z = number(2).unwrap_or(f64::NAN);
    Ok(Position { x, y, z })
}

fn rings(json: &Json) -> Result<Vec<Ring>, BadGeometry> {
    let ring = |json| list(json)?.iter().map(position).collect::<Result<_, _>>();
    list(json)?.iter().map(ring).collect()
}

/// Puts a geometry on earth and checks it. Rings are checked as the file has them: a projection bends their sides.
/// `source`: the GeoJSON it came from, kept beside where the calculation does not hold all of it (heights).
pub(crate) fn place(shape: &Shape, crs: &Crs, source: Option<&Json>) -> Result<GeoValue, BadGeometry> {
    let geometry = match shape {
        Shape::Point(position) => Geometry::Point(Point(on_earth(*position, crs)?)),
        Shape::Polygon(rings) => Geometry::Polygon(polygon(rings, crs)?),
        Shape::MultiPolygon(parts) => {
            let polygons: Vec<_> = parts
                .iter()
                .map(|rings| polygon(rings, crs))
                .collect::<Result<_, _>>()?;
            if polygons.is_empty() {
                return Err(empty());
            }
            Geometry::MultiPolygon(MultiPolygon(polygons))
        }
    };
    let source = match source {
        Some(json) if crs.is_wgs84() => {
            let other_members = json.as_object().is_some_and(|members| members.len() > 2);
            (other_members || has_more(json)).then(|| Box::new(json.clone()))
        }
        _ => with_heights(shape, &geometry).map(Box::new),
    };
    Ok(GeoValue::new(geometry, source))
}

/// Whether a position of a GeoJSON geometry has more than two numbers.
fn has_more(json: &Json) -> bool {
    fn deep(json: &Json) -> bool {
        json.as_array().is_some_and(|list| {
            if list.first().is_some_and(Json::is_number) {
                list.len() > 2
            } else {
                list.iter().any(deep)
            }
        })
    }
    json.get("coordinates").is_some_and(deep)
}

fn on_earth(position: Position, crs: &Crs) -> Result<Coord<f64>, BadGeometry> {
    let Position { x, y, .. } = position;
    if !x.is_finite() || !y.is_finite() {
        return Err(bad(format!("a coordinate is not a number: {x}, {y}"), MEND));
    }
    if crs.is_wgs84() {
        if !(-180.0..=180.0).contains(&x) || !(-90.0..=90.0).contains(&y) {
            return Err(bad(
                format!("{x}, {y} is not a longitude and a latitude"),
                DEGREES,
            ));
        }
        return Ok(position.coord());
    }
    match crs.to_wgs84(x, y) {
        Some((x, y)) => Ok(Coord { x, y }),
        None => Err(bad(
            format!("{x}, {y} is no place on earth in its coordinate system {crs}"),
            SYSTEM,
        )),
    }
}

fn polygon(rings: &[Ring], crs: &Crs) -> Result<Polygon<f64>, BadGeometry> {
    let mut placed: Vec<LineString<f64>> = Vec::with_capacity(rings.len());
    for ring in rings {
        let line = ring.iter().map(|position| on_earth(*position, crs));
        placed.push(LineString(line.collect::<Result<_, _>>()?));
    }
    let own: Vec<LineString<f64>> = rings
        .iter()
        .map(|ring| LineString(ring.iter().map(|position| position.coord()).collect()))
        .collect();
    for line in &own {
        closed(line)?;
    }
    if let Some(why) = crossing::find(&own) {
        return Err(bad(why, MEND));
    }
    if placed.is_empty() {
        return Err(empty());
    }
    let exterior = placed.remove(0);
    let polygon = Polygon::new(exterior, placed);
    if geo::Area::unsigned_area(&polygon) > 0.0 {
        Ok(polygon)
    } else {
        Err(bad("a ring has no area", MEND))
    }
}

/// Whether a ring ends where it begins, and is long enough to hold something.
pub(super) fn closed(line: &LineString<f64>) -> Result<(), BadGeometry> {
    if let (Some(first), Some(last)) = (line.0.first(), line.0.last())
        && first != last
    {
        let why = format!(
            "a ring is open: it begins at {} {} and ends at {} {}",
            first.x, first.y, last.x, last.y
        );
        return Err(bad(why, MEND));
    }
    match line.0.len() {
        0 => Err(empty()),
        1..4 => Err(bad(
            format!("a ring has {} positions, and it needs four", line.0.len()),
            MEND,
        )),
        _ => Ok(()),
    }
}

/// The geometry as GeoJSON with its heights, as the file has them; `None` where it has none, or zero everywhere.
fn with_heights(shape: &Shape, geometry: &Geometry<f64>) -> Option<Json> {
    let high = |position: &Position| position.z.is_finite() && position.z != 0.0;
    let any = match shape {
        Shape::Point(position) => high(position),
        Shape::Polygon(rings) => rings.iter().flatten().any(high),
        Shape::MultiPolygon(parts) => parts.iter().flatten().flatten().any(high),
    };
    if !any {
        return None;
    }
    let position = |at: Coord<f64>, position: &Position| {
        if position.z.is_finite() {
            json!([at.x, at.y, position.z])
        } else {
            json!([at.x, at.y])
        }
    };
    let ring = |line: &LineString<f64>, ring: &Ring| -> Json {
        line.0
            .iter()
            .zip(ring)
            .map(|(at, from)| position(*at, from))
            .collect()
    };
    let polygon = |polygon: &Polygon<f64>, rings: &[Ring]| -> Json {
        let lines = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        lines.zip(rings).map(|(line, from)| ring(line, from)).collect()
    };
    let (kind, coordinates) = match (geometry, shape) {
        (Geometry::Point(point), Shape::Point(from)) => ("Point", position(point.0, from)),
        (Geometry::Polygon(one), Shape::Polygon(rings)) => ("Polygon", polygon(one, rings)),
        (Geometry::MultiPolygon(many), Shape::MultiPolygon(parts)) => {
            let parts = many.0.iter().zip(parts).map(|(one, rings)| polygon(one, rings));
            ("MultiPolygon", parts.collect())
        }
        _ => return None,
    };
    Some(json!({"type": kind, "coordinates": coordinates}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &Json) -> Result<GeoValue, BadGeometry> {
        place(&from_json(json)?, &Crs::wgs84(), Some(json))
    }

    fn why(json: &Json) -> String {
        read(json).unwrap_err().why
    }

    #[test]
    fn bad_geometries_are_told_apart() {
        assert_eq!(why(&Json::Null), "it has no geometry");
        assert_eq!(
            why(&json!({"type": "Point", "coordinates": []})),
            "its geometry is empty"
        );
        assert_eq!(
            why(&json!({"type": "Point", "coordinates": [36.8]})),
            "[36.8] is not a longitude and a latitude"
        );
        assert_eq!(
            why(&json!({"type": "Point", "coordinates": [257_000, 9_857_000]})),
            "257000, 9857000 is not a longitude and a latitude"
        );
        assert_eq!(
            why(&json!({"type": "Polygon", "coordinates": []})),
            "its geometry is empty"
        );
        assert_eq!(
            why(&json!({"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,1]]]})),
            "a ring is open: it begins at 0 0 and ends at 0 1"
        );
        assert_eq!(
            why(&json!({"type": "Polygon", "coordinates": [[[0,0],[1,0],[0,0]]]})),
            "a ring has 3 positions, and it needs four"
        );
        assert_eq!(
            why(&json!({"type": "Polygon", "coordinates": [[[0,0],[2,2],[2,0],[0,2],[0,0]]]})),
            "its outline crosses itself at 1 1"
        );
        assert_eq!(
            why(&json!({"type": "LineString", "coordinates": [[0,0],[1,1]]})),
            "its geometry is a LineString"
        );
        let nan = Shape::Point(Position::flat(f64::NAN, 1.0));
        let why = |shape: &Shape, crs: &str| place(shape, &Crs::from_name(crs).unwrap(), None).unwrap_err();
        assert_eq!(why(&nan, "EPSG:4326").why, "a coordinate is not a number: NaN, 1");
        let far = why(&Shape::Point(Position::flat(9e9, 1.0)), "EPSG:32737");
        assert_eq!(
            far.why,
            "9000000000, 1 is no place on earth in its coordinate system EPSG:32737"
        );
        assert!(far.remedy.contains("--crs"));
    }

    #[test]
    fn heights_are_kept() {
        let point = json!({"type": "Point", "coordinates": [36.8, -1.28, 1661.0]});
        assert_eq!(read(&point).unwrap().source.as_deref(), Some(&point));
        assert!(
            read(&json!({"type": "Point", "coordinates": [36.8, -1.28]}))
                .unwrap()
                .source
                .is_none()
        );
        let utm = Crs::from_name("EPSG:32737").unwrap();
        let high = Shape::Point(Position {
            x: 500_000.0,
            y: 10_000_000.0,
            z: 1661.0,
        });
        let source = place(&high, &utm, None).unwrap().source.unwrap();
        assert_eq!(source["coordinates"][2], 1661.0);
        assert!((source["coordinates"][0].as_f64().unwrap() - 39.0).abs() < 1e-9);
        let zero = Shape::Point(Position {
            x: 500_000.0,
            y: 10_000_000.0,
            z: 0.0,
        });
        assert!(place(&zero, &utm, None).unwrap().source.is_none());
    }
}
