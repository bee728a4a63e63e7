//! Geo-queries (4.10).

use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::Value as Json;

use crate::context::Context;
use crate::error::Error;
use crate::name::{NGSI_LD, Name};

/// The longest `coordinates` text that is parsed, in bytes.
pub const MAX_COORDINATES_LENGTH: usize = 1 << 20;

/// A parsed geo-query.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoQuery {
    /// The relation asked for.
    pub relation: GeoRelation,
    /// The reference geometry: longitudes and latitudes in degrees, within their ranges.
    pub geometry: Geometry<f64>,
    /// The GeoProperty it is asked of; `location` unless said otherwise.
    pub property: Name,
}

/// `georel`. Distances in metres; `maxDistance` lets its own distance through, `minDistance` does not.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum GeoRelation {
    Near {
        min_distance_m: Option<f64>,
        max_distance_m: Option<f64>,
    },
    Within,
    Contains,
    Intersects,
    Equals,
    Disjoint,
    Overlaps,
}

impl GeoQuery {
    /// From the parameters `georel`, `geometry`, `coordinates` (JSON text) and the expanded `geoproperty`.
    pub fn parse(
        georel: &str,
        geometry: &str,
        coordinates: &str,
        property: Option<Name>,
    ) -> Result<Self, Error> {
        if coordinates.len() > MAX_COORDINATES_LENGTH {
            return Err(Error::bad_data(format!(
                "`coordinates` has {} bytes, at most {MAX_COORDINATES_LENGTH} are accepted: simplify the geometry",
                coordinates.len()
            )));
        }
        let json: Json = serde_json::from_str(coordinates).map_err(|error| {
            Error::bad_data(format!(
                "`coordinates` is not JSON ({error}); an example: `[36.82,-1.29]`"
            ))
        })?;
        Self::new(georel, geometry, &json, property)
    }

    /// From a GeoQuery object (5.2.13): `georel`, `geometry`, `coordinates` (an array, or its text) and, if it is
    /// not `location` that is meant, `geoproperty`.
    pub fn from_json(json: &Json, context: &Context) -> Result<Self, Error> {
        let Some(object) = json.as_object() else {
            return Err(Error::bad_data(
                "`geoQ` must be an object with `georel`, `geometry` and `coordinates`",
            ));
        };
        let text = |key: &str| match object.get(key) {
            Some(Json::String(text)) => Ok(text.as_str()),
            Some(_) => Err(Error::bad_data(format!("`geoQ/{key}` must be a string"))),
            None => Err(Error::bad_data(format!("`geoQ` has no `{key}`"))),
        };
        for key in object.keys() {
            if !["georel", "geometry", "coordinates", "geoproperty"].contains(&key.as_str()) {
                return Err(Error::bad_data(format!(
                    "`geoQ/{key}` is not a member of a GeoQuery"
                )));
            }
        }
        let property = match object.get("geoproperty") {
            None => None,
            Some(_) => Some(context.expand(text("geoproperty")?)),
        };
        match object.get("coordinates") {
            Some(Json::String(coordinates)) => {
                Self::parse(text("georel")?, text("geometry")?, coordinates, property)
            }
            Some(coordinates) => Self::new(text("georel")?, text("geometry")?, coordinates, property),
            None => Err(Error::bad_data("`geoQ` has no `coordinates`")),
        }
    }

    fn new(georel: &str, geometry: &str, coordinates: &Json, property: Option<Name>) -> Result<Self, Error> {
        Ok(Self {
            relation: GeoRelation::parse(georel)?,
            geometry: reference_geometry(geometry, coordinates)?,
            property: property.unwrap_or_else(|| Name::from_iri(format!("{NGSI_LD}location"))),
        })
    }
}

impl GeoRelation {
    /// Parses `georel`; `near` has one distance (4.10).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = text.trim().split(';');
        let relation = match parts.next().unwrap_or("") {
            "near" => return near(parts),
            "within" => Self::Within,
            "contains" => Self::Contains,
            "intersects" => Self::Intersects,
            "equals" => Self::Equals,
            "disjoint" => Self::Disjoint,
            "overlaps" => Self::Overlaps,
            other => {
                return Err(Error::bad_data(format!(
                    "`georel` is {:?}; it must be near, within, contains, intersects, equals, disjoint or overlaps",
                    shortened(other)
                )));
            }
        };
        match parts.next() {
            None => Ok(relation),
            Some(more) => Err(Error::bad_data(format!(
                "`georel` has {:?} at its end; only `near` has more",
                shortened(more)
            ))),
        }
    }
}

fn near<'a>(modifiers: impl Iterator<Item = &'a str>) -> Result<GeoRelation, Error> {
    const FORM: &str = "`near` needs a distance in metres above 0, as in `near;maxDistance==2000`";
    let (mut min_distance_m, mut max_distance_m) = (None, None);
    for modifier in modifiers {
        let bad = || Error::bad_data(format!("`georel` has {:?}; {FORM}", shortened(modifier)));
        let (name, distance) = modifier.split_once("==").ok_or_else(bad)?;
        let slot = match name.trim() {
            "minDistance" => &mut min_distance_m,
            "maxDistance" => &mut max_distance_m,
            _ => return Err(bad()),
        };
        let distance: f64 = serde_json::from_str(distance.trim()).map_err(|_not_a_number| bad())?;
        if slot.is_some() || !distance.is_finite() || distance <= 0.0 {
            return Err(bad());
        }
        *slot = Some(distance);
    }
    match (min_distance_m, max_distance_m) {
        (None, None) => return Err(Error::bad_data(FORM)),
        (Some(_), Some(_)) => {
            return Err(Error::bad_data(
                "`near` takes one distance (4.10): for a ring, ask `near;maxDistance==…` and leave out what is too near",
            ));
        }
        _ => {}
    }
    Ok(GeoRelation::Near {
        min_distance_m,
        max_distance_m,
    })
}

/// A GeoJSON geometry (RFC 7946, section 3.1) that is complete and lies on the Earth. Altitudes are left out.
pub(super) fn reference_geometry(geometry: &str, coordinates: &Json) -> Result<Geometry<f64>, Error> {
    let at = "coordinates";
    Ok(match geometry {
        "Point" => Geometry::Point(Point(position(coordinates, at)?)),
        "MultiPoint" => Geometry::MultiPoint(MultiPoint(list(coordinates, at, 1, |json, at| {
            position(json, at).map(Point)
        })?)),
        "LineString" => Geometry::LineString(line(coordinates, at)?),
        "MultiLineString" => Geometry::MultiLineString(MultiLineString(list(coordinates, at, 1, line)?)),
        "Polygon" => Geometry::Polygon(polygon(coordinates, at)?),
        "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon(list(coordinates, at, 1, polygon)?)),
        other => {
            return Err(Error::bad_data(format!(
                "`geometry` is {:?}; it must be Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon",
                shortened(other)
            )));
        }
    })
}

fn position(json: &Json, at: &str) -> Result<Coord<f64>, Error> {
    let numbers: Option<Vec<f64>> = json
        .as_array()
        .and_then(|array| array.iter().map(Json::as_f64).collect());
    let Some([x, y, ..]) = numbers.as_deref() else {
        return Err(Error::bad_data(format!(
            "`{at}` must be a position, longitude before latitude, such as `[36.82,-1.29]`"
        )));
    };
    if !(-180.0..=180.0).contains(x) || !(-90.0..=90.0).contains(y) {
        return Err(Error::bad_data(format!(
            "`{at}` is [{x},{y}]: longitude (first) must lie in -180..180 and latitude (second) in -90..90"
        )));
    }
    Ok(Coord { x: *x, y: *y })
}

fn list<T>(
    json: &Json,
    at: &str,
    at_least: usize,
    item: impl Fn(&Json, &str) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    match json.as_array() {
        Some(array) if array.len() >= at_least => array
            .iter()
            .enumerate()
            .map(|(index, json)| item(json, &format!("{at}/{index}")))
            .collect(),
        _ => Err(Error::bad_data(format!(
            "`{at}` must be an array of at least {at_least}"
        ))),
    }
}

fn line(json: &Json, at: &str) -> Result<LineString<f64>, Error> {
    list(json, at, 2, position).map(LineString)
}

fn polygon(json: &Json, at: &str) -> Result<Polygon<f64>, Error> {
    let mut rings = list(json, at, 1, |json, at| {
        let ring = list(json, at, 4, position)?;
        if ring.first() == ring.last() {
            Ok(LineString(ring))
        } else {
            Err(Error::bad_data(format!(
                "`{at}` is a ring that is not closed: its last position must be its first"
            )))
        }
    })?
    .into_iter();
    match rings.next() {
        Some(exterior) => Ok(Polygon::new(exterior, rings.collect())),
        None => Err(Error::bad_data(format!("`{at}` has no ring"))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn near(min: Option<f64>, max: Option<f64>) -> GeoRelation {
        GeoRelation::Near {
            min_distance_m: min,
            max_distance_m: max,
        }
    }

    #[test]
    fn relations() {
        let check =
            |text: &str, expected: GeoRelation| assert_eq!(GeoRelation::parse(text), Ok(expected), "{text}");
        check("near;maxDistance==2000", near(None, Some(2000.0)));
        check("near;minDistance==0.5", near(Some(0.5), None));
        check("near;maxDistance==2e3", near(None, Some(2000.0)));
        check("within", GeoRelation::Within);
        check("overlaps", GeoRelation::Overlaps);
        for bad in [
            "",
            "near",
            "near;",
            "near;maxDistance",
            "near;minDistance==1;maxDistance==2",
            "near;maxDistance==",
            "near;maxDistance==0",
            "near;maxDistance==-1",
            "near;maxDistance==1e999",
            "near;maxDistance==NaN",
            "near;maxDistance=2000",
            "near;maxDistance==1;maxDistance==2",
            "near;farDistance==1",
            "within;maxDistance==1",
            "Within",
            "touches",
        ] {
            assert!(GeoRelation::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_geometry_type() {
        for (geometry, coordinates) in [
            ("Point", "[8,40]"),
            ("Point", "[8,40,12.5]"),
            ("MultiPoint", "[[8,40],[9,40]]"),
            ("LineString", "[[8,40],[9,40]]"),
            ("MultiLineString", "[[[8,40],[9,40]],[[0,0],[1,1]]]"),
            ("Polygon", "[[[0,0],[9,0],[9,9],[0,0]],[[4,1],[5,1],[5,2],[4,1]]]"),
            ("MultiPolygon", "[[[[0,0],[9,0],[9,9],[0,0]]]]"),
        ] {
            let query = GeoQuery::parse("within", geometry, coordinates, None).unwrap();
            assert_eq!(query.property.as_str(), "https://uri.etsi.org/ngsi-ld/location");
            let as_object = json!({"georel": "within", "geometry": geometry, "coordinates": coordinates});
            assert_eq!(GeoQuery::from_json(&as_object, Context::core()).unwrap(), query);
            let coordinates: Json = serde_json::from_str(coordinates).unwrap();
            let as_object = json!({"georel": "within", "geometry": geometry, "coordinates": coordinates});
            assert_eq!(GeoQuery::from_json(&as_object, Context::core()).unwrap(), query);
        }
    }

    #[test]
    fn bad_geometries_are_refused_with_their_place() {
        for (geometry, coordinates, says) in [
            ("Point", "", "not JSON"),
            ("Point", "[1]", "longitude before latitude"),
            ("Point", "[\"1\",2]", "longitude before latitude"),
            ("Point", "[40,181]", "must lie in"),
            ("Point", "[[8,40]]", "longitude before latitude"),
            ("Circle", "[8,40]", "it must be Point"),
            ("GeometryCollection", "[]", "it must be Point"),
            ("MultiPoint", "[]", "at least 1"),
            ("LineString", "[[8,40]]", "at least 2"),
            (
                "Polygon",
                "[[[0,0],[9,0],[9,9]]]",
                "`coordinates/0` must be an array of at least 4",
            ),
            ("Polygon", "[[[0,0],[9,0],[9,9],[1,1]]]", "not closed"),
            (
                "MultiPolygon",
                "[[[[0,0],[9,0],[9,9],[0,\"x\"]]]]",
                "coordinates/0/0/3",
            ),
        ] {
            let error = GeoQuery::parse("within", geometry, coordinates, None).unwrap_err();
            assert!(error.detail.contains(says), "{geometry} {coordinates}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(GeoQuery::parse("within", "Polygon", &deep, None).is_err());
        assert!(GeoQuery::from_json(&json!({"georel": "within"}), Context::core()).is_err());
        assert!(GeoQuery::from_json(&json!([]), Context::core()).is_err());
    }
}
