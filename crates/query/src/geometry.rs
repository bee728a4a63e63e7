//! The meaning of a geo-query (4.10) over one entity.
//!
//! `near` measures on the ellipsoid; the other relations are those of OGC Simple Features (DE-9IM) in longitude
//! and latitude. An entity without the GeoProperty never matches; with several instances, any may.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BooleanOps, CoordsIter, Intersects, Relate, Validation};
use geo_types::{Geometry, MultiPolygon};
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::{Entity, Error};

use crate::Bbox;
use crate::distance::between_m;

/// How many positions a reference geometry may have: whether it crosses itself takes time that grows with the square.
const MAX_POSITIONS: usize = 5_000;

/// A geo-query made ready.
#[derive(Clone, Debug)]
pub(crate) struct GeoFilter {
    query: GeoQuery,
    /// No geometry that matches lies outside; `None`: no bound.
    bbox: Option<Bbox>,
}

impl GeoFilter {
    pub(crate) fn new(query: &GeoQuery) -> Result<Self, Error> {
        let positions = query.geometry.coords_count();
        if positions > MAX_POSITIONS {
            return Err(Error::too_complex(format!(
                "`coordinates` has {positions} positions, at most {MAX_POSITIONS} are accepted: simplify the geometry"
            )));
        }
        let mut query = query.clone();
        if let Err(reason) = query.geometry.check_validation() {
            query.geometry = mended(&query.geometry).ok_or_else(|| {
                Error::bad_data(format!(
                    "`coordinates` is not a valid {}: {reason}; mend the geometry",
                    kind(&query.geometry)
                ))
            })?;
        }
        Ok(Self {
            bbox: Bbox::of_query(&query),
            query,
        })
    }

    pub(crate) fn matches(&self, entity: &Entity) -> bool {
        entity
            .instances(self.query.property.as_str())
            .filter_map(ngsi_ld::Attribute::as_geometry)
            .any(|geometry| self.takes(geometry))
    }

    fn takes(&self, target: &Geometry<f64>) -> bool {
        let Some(bbox) = Bbox::of(target) else {
            return false;
        };
        if self.bbox.is_some_and(|bound| !bound.intersects(&bbox)) {
            return false;
        }
        let reference = &self.query.geometry;
        match self.query.relation {
            GeoRelation::Near {
                min_distance_m,
                max_distance_m,
            } => {
                let distance_m = between_m(target, reference);
                max_distance_m.is_none_or(|max| distance_m <= max)
                    && min_distance_m.is_none_or(|min| distance_m > min)
            }
            GeoRelation::Intersects => target.intersects(reference),
            GeoRelation::Disjoint => !target.intersects(reference),
            GeoRelation::Within => match (target, reference) {
                (Geometry::Point(point), Geometry::Polygon(area)) => {
                    area.coordinate_position(&point.0) == CoordPos::Inside
                }
                (Geometry::Point(point), Geometry::MultiPolygon(area)) => {
                    area.coordinate_position(&point.0) == CoordPos::Inside
                }
                _ => related(target, reference).is_some_and(|relation| relation.is_within()),
            },
            GeoRelation::Contains => {
                related(target, reference).is_some_and(|relation| relation.is_contains())
            }
            GeoRelation::Equals => {
                related(target, reference).is_some_and(|relation| relation.is_equal_topo())
            }
            GeoRelation::Overlaps => {
                related(target, reference).is_some_and(|relation| relation.is_overlaps())
            }
        }
    }
}

/// The DE-9IM relation. A target that is not a valid geometry and cannot be mended has none.
fn related(target: &Geometry<f64>, reference: &Geometry<f64>) -> Option<geo::relate::IntersectionMatrix> {
    if target.is_valid() {
        return Some(target.relate(reference));
    }
    mended(target).map(|target| target.relate(reference))
}

/// The area that a polygon which crosses itself encloses, each part of it once; nothing of what encloses none. RFC
/// 7946 does not forbid such polygons, and cities have them.
fn mended(geometry: &Geometry<f64>) -> Option<Geometry<f64>> {
    let area = match geometry {
        Geometry::Polygon(polygon) => polygon.union(&MultiPolygon::new(Vec::new())),
        Geometry::MultiPolygon(polygons) => polygons.union(&MultiPolygon::new(Vec::new())),
        _ => return None,
    };
    (!area.0.is_empty() && area.is_valid()).then_some(Geometry::MultiPolygon(area))
}

fn kind(geometry: &Geometry<f64>) -> &'static str {
    match geometry {
        Geometry::Point(_) => "Point",
        Geometry::MultiPoint(_) => "MultiPoint",
        Geometry::Line(_) | Geometry::LineString(_) => "LineString",
        Geometry::MultiLineString(_) => "MultiLineString",
        Geometry::MultiPolygon(_) => "MultiPolygon",
        _ => "Polygon",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{Coord, LineString, Point, Polygon};
    use ngsi_ld::{Attribute, Name, Uri};
    use proptest::prelude::*;

    fn entity(geometry: impl Into<Geometry<f64>>) -> Entity {
        let location = Name::from_iri("https://uri.etsi.org/ngsi-ld/location");
        Entity::new(Uri::ngsi_ld("T", "1"), Name::default_term("T")).with(Attribute::geo(location, geometry))
    }

    fn filter(georel: &str, geometry: &str, coordinates: &str) -> Result<GeoFilter, Error> {
        GeoFilter::new(&GeoQuery::parse(georel, geometry, coordinates, None).unwrap())
    }

    const SQUARE: &str = "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]";

    fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
        geo_types::Rect::new(
            Coord { x, y },
            Coord {
                x: x + side,
                y: y + side,
            },
        )
        .to_polygon()
    }

    #[test]
    fn relations_of_simple_features() {
        let check = |georel: &str, target: Geometry<f64>, expected: bool| {
            let filter = filter(georel, "Polygon", SQUARE).unwrap();
            assert_eq!(
                filter.matches(&entity(target.clone())),
                expected,
                "{georel} {target:?}"
            );
        };
        let point = |x: f64, y: f64| Geometry::from(Point::new(x, y));
        check("within", point(1.0, 1.0), true);
        check("within", point(0.0, 1.0), false); // on the boundary: not within, but intersecting
        check("intersects", point(0.0, 1.0), true);
        check("disjoint", point(0.0, 1.0), false);
        check("disjoint", point(5.0, 1.0), true);
        check("within", square(1.0, 1.0, 2.0).into(), true);
        check("within", square(1.0, 1.0, 9.0).into(), false);
        check("contains", square(-1.0, -1.0, 9.0).into(), true);
        check("contains", square(1.0, 1.0, 2.0).into(), false);
        check("equals", square(0.0, 0.0, 4.0).into(), true);
        check("equals", square(0.0, 0.0, 3.0).into(), false);
        check("overlaps", square(2.0, 2.0, 4.0).into(), true);
        check("overlaps", square(1.0, 1.0, 1.0).into(), false);
        check("intersects", square(2.0, 2.0, 4.0).into(), true);
        check(
            "within",
            LineString::from(vec![(1.0, 1.0), (2.0, 2.0)]).into(),
            true,
        );
    }

    #[test]
    fn near_has_its_edges() {
        let at = |distance: f64, georel: &str| {
            use geo::line_measures::{Destination, Geodesic};
            let target = Geodesic.destination(Point::new(8.0, 40.0), 37.0, distance);
            filter(georel, "Point", "[8,40]")
                .unwrap()
                .matches(&entity(target))
        };
        assert!(at(1999.9, "near;maxDistance==2000") && !at(2000.1, "near;maxDistance==2000"));
        assert!(!at(1999.9, "near;minDistance==2000") && at(2000.1, "near;minDistance==2000"));
        assert!(at(50_000.0, "near;minDistance==2000"));
        let without = Entity::new(Uri::ngsi_ld("T", "1"), Name::default_term("T"));
        for georel in ["disjoint", "near;minDistance==1"] {
            assert!(
                !filter(georel, "Point", "[8,40]").unwrap().matches(&without),
                "{georel}"
            );
        }
    }

    #[test]
    fn what_crosses_itself_is_what_it_encloses() {
        // Two triangles that meet at (2, 2), one to the left and one to the right.
        let bow = "[[[0,0],[4,4],[4,0],[0,4],[0,0]]]";
        let within = filter("within", "Polygon", bow).unwrap();
        for (x, y, inside) in [
            (1.0, 2.0, true),
            (3.0, 2.0, true),
            (2.0, 1.0, false),
            (2.0, 3.0, false),
        ] {
            assert_eq!(within.matches(&entity(Point::new(x, y))), inside, "{x} {y}");
        }
        let same: Polygon<f64> = Polygon::new(
            LineString::from(vec![(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)]),
            vec![],
        );
        assert!(filter("equals", "Polygon", bow).unwrap().matches(&entity(same)));
    }

    #[test]
    fn a_reference_of_too_many_positions_is_refused() {
        let line = |positions: usize| format!("[{}]", vec!["[1,2],[2,1]"; positions / 2].join(","));
        assert!(filter("intersects", "LineString", &line(5_000)).is_ok());
        let error = filter("intersects", "LineString", &line(5_002)).unwrap_err();
        assert_eq!(error.kind, ngsi_ld::ErrorKind::TooComplexQuery);
    }

    proptest! {
        #[test]
        fn no_geometry_makes_it_panic(
            target in prop::collection::vec((0_u8..5, 0_u8..5), 0..9),
            hole in prop::collection::vec((0_u8..5, 0_u8..5), 0..6),
            kind in 0..4,
        ) {
            let coords = |list: &[(u8, u8)]| -> LineString<f64> {
                list.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect::<Vec<_>>().into()
            };
            let target: Geometry<f64> = match kind {
                0 => Polygon::new(coords(&target), vec![]).into(),
                1 => Polygon::new(coords(&target), vec![coords(&hole)]).into(),
                2 => coords(&target).into(),
                _ => geo_types::MultiPolygon::new(vec![
                    Polygon::new(coords(&target), vec![]), Polygon::new(coords(&hole), vec![]),
                ]).into(),
            };
            let entity = entity(target);
            for georel in ["within", "contains", "equals", "overlaps", "intersects", "disjoint", "near;maxDistance==9"] {
                for (geometry, coordinates) in
                    [("Polygon", SQUARE), ("LineString", "[[0,0],[2,2],[2,0]]"), ("Point", "[2,2]")]
                {
                    let _ = filter(georel, geometry, coordinates).unwrap().matches(&entity);
                }
            }
        }
    }
}
