//! From GeoJSON to a geometry that is what it says: closed rings that do not cross themselves.

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon};
use ngsi_ld::GeoValue;
use serde_json::Value as Json;

use super::crossing;

/// Why a geometry is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadGeometry {
    pub(crate) why: String,
    pub(crate) remedy: &'static str,
}

const DEGREES: &str = "give longitude and latitude in degrees of WGS 84; from other coordinates: \
                       `ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson`";
const MEND: &str =
    "mend its geometry: `ogr2ogr -makevalid out.geojson in.geojson`, or in QGIS with Fix geometries";
const GIVE: &str = "give the feature a geometry, or leave it out";

fn bad(why: impl Into<String>, remedy: &'static str) -> BadGeometry {
    BadGeometry {
        why: why.into(),
        remedy,
    }
}

/// Reads a point, a polygon or several polygons. What the calculation does not hold (altitudes) is kept beside.
pub(crate) fn read(json: &Json) -> Result<GeoValue, BadGeometry> {
    if json.is_null() {
        return Err(bad("it has no geometry", GIVE));
    }
    let kind = json.get("type").and_then(Json::as_str).unwrap_or("");
    let coordinates = json.get("coordinates").unwrap_or(&Json::Null);
    let mut flat = true;
    let geometry = match kind {
        "Point" => Geometry::Point(Point(position(coordinates, &mut flat)?)),
        "Polygon" => Geometry::Polygon(polygon(coordinates, &mut flat)?),
        "MultiPolygon" => {
            let parts = list(coordinates)?;
            let polygons: Vec<_> = parts
                .iter()
                .map(|part| polygon(part, &mut flat))
                .collect::<Result<_, _>>()?;
            Geometry::MultiPolygon(MultiPolygon(polygons))
        }
        "" => return Err(bad("its geometry has no type", GIVE)),
        other => {
            return Err(bad(
                format!("its geometry is a {other}"),
                "give a point, a polygon or a multipolygon",
            ));
        }
    };
    let other_members = json.as_object().is_some_and(|members| members.len() > 2);
    let source = (!flat || other_members).then(|| Box::new(json.clone()));
    Ok(GeoValue { geometry, source })
}

fn list(json: &Json) -> Result<&Vec<Json>, BadGeometry> {
    match json.as_array() {
        Some(list) if !list.is_empty() => Ok(list),
        _ => Err(bad("its geometry is empty", GIVE)),
    }
}

fn position(json: &Json, flat: &mut bool) -> Result<Coord<f64>, BadGeometry> {
    let numbers = list(json)?;
    *flat &= numbers.len() == 2;
    let number = |index: usize| {
        numbers
            .get(index)
            .and_then(Json::as_f64)
            .filter(|number| number.is_finite())
    };
    let (Some(x), Some(y)) = (number(0), number(1)) else {
        return Err(bad(format!("{json} is not a longitude and a latitude"), DEGREES));
    };
    if !(-180.0..=180.0).contains(&x) || !(-90.0..=90.0).contains(&y) {
        return Err(bad(
            format!("{x}, {y} is not a longitude and a latitude"),
            DEGREES,
        ));
    }
    Ok(Coord { x, y })
}

fn ring(json: &Json, flat: &mut bool) -> Result<LineString<f64>, BadGeometry> {
    let positions: Vec<_> = list(json)?
        .iter()
        .map(|json| position(json, flat))
        .collect::<Result<_, _>>()?;
    if let (Some(first), Some(last)) = (positions.first(), positions.last())
        && first != last
    {
        let why = format!(
            "a ring is open: it begins at {} {} and ends at {} {}",
            first.x, first.y, last.x, last.y
        );
        return Err(bad(why, MEND));
    }
    if positions.len() < 4 {
        return Err(bad(
            format!("a ring has {} positions, and it needs four", positions.len()),
            MEND,
        ));
    }
    Ok(LineString(positions))
}

fn polygon(json: &Json, flat: &mut bool) -> Result<Polygon<f64>, BadGeometry> {
    let mut rings: Vec<_> = list(json)?
        .iter()
        .map(|json| ring(json, flat))
        .collect::<Result<_, _>>()?;
    if let Some(why) = crossing::find(&rings) {
        return Err(bad(why, MEND));
    }
    let exterior = rings.remove(0);
    let polygon = Polygon::new(exterior, rings);
    if geo::Area::unsigned_area(&polygon) > 0.0 {
        Ok(polygon)
    } else {
        Err(bad("a ring has no area", MEND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
    }

    #[test]
    fn altitudes_are_kept() {
        let point = json!({"type": "Point", "coordinates": [36.8, -1.28, 1661.0]});
        assert_eq!(read(&point).unwrap().source.as_deref(), Some(&point));
        assert!(
            read(&json!({"type": "Point", "coordinates": [36.8, -1.28]}))
                .unwrap()
                .source
                .is_none()
        );
    }
}
