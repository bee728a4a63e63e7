//! Places along the outlines of areas.

use geo_types::LineString;
use sim_access::Position;

use super::Place;

/// No outline is looked at in more places.
const MOST: f64 = 2_000.0;

fn position(at: geo_types::Coord<f64>) -> Position {
    Position::new(at.x, at.y)
}

fn rings(place: &Place) -> impl Iterator<Item = &LineString<f64>> {
    let polygons = place.outline.iter().flat_map(|outline| &outline.0);
    polygons.map(geo_types::Polygon::exterior)
}

/// The corners of a place's outline, and places between them so many metres apart.
pub(crate) fn along(place: &Place, step_m: f64) -> Vec<Position> {
    let length: f64 = rings(place)
        .flat_map(LineString::lines)
        .map(|line| position(line.start).distance_m(position(line.end)))
        .sum();
    let step_m = step_m.max(length / MOST);
    let mut found = Vec::new();
    for line in rings(place).flat_map(LineString::lines) {
        let [a, b] = [position(line.start), position(line.end)];
        let length = a.distance_m(b);
        if !a.is_valid() || !b.is_valid() || !length.is_finite() {
            continue;
        }
        let steps = (length / step_m).ceil().max(1.0);
        let mut step = 0.0;
        while step < steps {
            let share = step / steps;
            found.push(Position::new(
                a.lon + share * (b.lon - a.lon),
                a.lat + share * (b.lat - a.lat),
            ));
            step += 1.0;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use geo_types::{Coord, MultiPolygon, Polygon};
    use ngsi_ld::Uri;
    use sim_access::place::Plane;

    use super::*;

    /// A square of 200 m around a place, with its south-western corner at the origin.
    fn square() -> (Place, Plane) {
        let plane = Plane::at(Position::new(36.8, -1.3));
        let corner = |xy| {
            let at = plane.position(xy);
            Coord { x: at.lon, y: at.lat }
        };
        let ring = [[0.0, 0.0], [200.0, 0.0], [200.0, 200.0], [0.0, 200.0], [0.0, 0.0]].map(corner);
        let place = Place {
            id: Uri::ngsi_ld("Park", "1"),
            name: String::new(),
            categories: vec!["park".to_owned()],
            position: plane.position([100.0, 100.0]),
            outline: Some(MultiPolygon(vec![Polygon::new(
                LineString(ring.to_vec()),
                vec![],
            )])),
            entrances: Vec::new(),
            wheelchair: None,
        };
        (place, plane)
    }

    #[test]
    fn an_outline_is_walked_round() {
        let (place, plane) = square();
        // 200 m in four parts, on each of four sides; 50 m would hang on the last bit.
        assert_eq!(along(&place, 60.0).len(), 16);
        assert_eq!(along(&place, 1e9).len(), 4);
        let corner = plane.xy(along(&place, 60.0)[4]);
        assert!(
            (corner[0] - 200.0).abs() < 0.1 && corner[1].abs() < 0.1,
            "{corner:?}"
        );
    }
}
