//! The meaning of a geo-query (4.10) over one entity.
//!
//! `near` measures on the ellipsoid; the other relations are those of OGC Simple Features (DE-9IM) in longitude
//! and latitude. An entity without the GeoProperty never matches; with several instances, any may.
//!
//! What a comparison takes is bounded, whatever geometry an entity has: one that takes more has no answer, and does
//! not match. No geometry of a place does; of a hundred thousand positions they take some milliseconds.

mod relation;
pub(crate) mod segments;
mod validity;

use std::sync::Arc;

use geo::{CoordsIter, Validation};
use geo_types::Geometry;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::value::Shape;
use ngsi_ld::{Entity, Error, GeoValue, Value};

use self::relation::Figure;
pub(crate) use self::relation::intersect;
use self::segments::{Budget, Position, Segments, TooMuch};
pub(crate) use self::validity::shape;
use crate::Bbox;
use crate::distance::{Measured, geodesic_m};

/// How many positions a reference geometry may have: each comparison may have to look at all of them.
const MAX_POSITIONS: usize = 5_000;
/// Smaller geometries are looked at when they are first compared: that takes no time.
const MANY_POSITIONS: usize = 1_000;

/// A geo-query made ready.
#[derive(Clone, Debug)]
pub(crate) struct GeoFilter {
    query: GeoQuery,
    /// No geometry that matches lies outside; `None`: no bound.
    bbox: Option<Bbox>,
    reference: Arc<Figure<'static>>,
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
        let shape = validity::shape(&query.geometry);
        let Some(figure) = Figure::new(&query.geometry, &shape) else {
            let reason = match query.geometry.check_validation() {
                Err(reason) => reason.to_string(),
                Ok(()) => "it crosses itself too often".to_owned(),
            };
            return Err(Error::bad_data(format!(
                "`coordinates` is not a valid {}: {reason}; mend the geometry",
                kind(&query.geometry)
            )));
        };
        let reference = Arc::new(figure.into_owned());
        if let Shape::Mended { area, .. } = shape {
            query.geometry = *area;
        }
        Ok(Self {
            bbox: Bbox::of_query(&query),
            reference,
            query,
        })
    }

    pub(crate) fn matches(&self, entity: &Entity) -> bool {
        entity
            .instances(self.query.property.as_str())
            .filter_map(|attribute| match &attribute.value {
                Value::Geo(value) => Some(value),
                _ => None,
            })
            .any(|value| self.takes(value).unwrap_or(false))
    }

    fn takes(&self, target: &GeoValue) -> Result<bool, TooMuch> {
        let Some(bbox) = Bbox::of(&target.geometry) else {
            return Ok(false);
        };
        if self.bbox.is_some_and(|bound| !bound.intersects(&bbox)) {
            return Ok(false);
        }
        let budget = Budget::of_one();
        let reference = self.reference.segments();
        match (&self.query.relation, &target.geometry) {
            (
                GeoRelation::Near {
                    min_distance_m,
                    max_distance_m,
                },
                _,
            ) => {
                let is_near = |limit_m: &Option<f64>| {
                    limit_m
                        .map(|limit_m| self.is_within_m(&target.geometry, limit_m, &budget))
                        .transpose()
                };
                Ok(is_near(max_distance_m)?.unwrap_or(true) && !is_near(min_distance_m)?.unwrap_or(false))
            }
            (GeoRelation::Within, Geometry::Point(point)) if reference.is_area() => {
                Ok(reference.position(point.0, &budget)? == Position::Inside)
            }
            (GeoRelation::Intersects, geometry) => intersect(&Segments::of(geometry), reference, &budget),
            (GeoRelation::Disjoint, geometry) => Ok(!intersect(&Segments::of(geometry), reference, &budget)?),
            (relation, geometry) => {
                let Some(figure) = Figure::new(geometry, target.shape(validity::shape)) else {
                    return Ok(false);
                };
                figure.is_related(*relation, &self.reference, &budget)
            }
        }
    }

    fn is_within_m(&self, target: &Geometry<f64>, limit_m: f64, budget: &Budget) -> Result<bool, TooMuch> {
        if let (Geometry::Point(target), Geometry::Point(reference)) = (target, &self.query.geometry) {
            return Ok(geodesic_m(*target, *reference) <= limit_m);
        }
        Measured::geodesic(&Segments::of(target), self.reference.segments()).is_within(limit_m, budget)
    }
}

/// Whether it has many positions.
pub(crate) fn is_large(geometry: &Geometry<f64>) -> bool {
    geometry.coords_count() >= MANY_POSITIONS
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
    use proptest::test_runner::RngSeed;

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

    /// A ring like a coast, of so many positions, about `x`, `y`.
    fn coast(x: f64, y: f64, positions: u32) -> Polygon<f64> {
        let at = |number: u32| {
            let turn = std::f64::consts::TAU * f64::from(number) / f64::from(positions);
            let radius = 0.05
                * (1.0
                    + 0.2 * (turn * 7.0).sin()
                    + 0.02 * (turn * 613.0).sin()
                    + 0.001 * (turn * 9001.0).cos());
            Coord {
                x: x + radius * turn.cos(),
                y: y + radius * turn.sin(),
            }
        };
        Polygon::new((0..positions).map(at).collect(), vec![])
    }

    /// A valid ring of slanted teeth, of which all boxes overlap.
    fn comb(teeth: u32) -> Polygon<f64> {
        let mut ring = Vec::new();
        for tooth in 0..teeth {
            let along = f64::from(tooth) * 1e-4;
            ring.push(Coord { x: along, y: -along });
            ring.push(Coord {
                x: 10.0 + along + 5e-5,
                y: 10.0 - along - 5e-5,
            });
        }
        ring.push(Coord { x: 30.0, y: -30.0 });
        ring.push(Coord { x: -30.0, y: -30.0 });
        Polygon::new(LineString(ring), vec![])
    }

    fn coordinates(polygon: &Polygon<f64>) -> String {
        let json = ngsi_ld::geojson::to_json(&GeoValue::from(Geometry::from(polygon.clone())));
        json["coordinates"].to_string()
    }

    #[test]
    fn geometries_of_many_positions_are_answered() {
        let district = coast(36.8, -1.3, 80_000);
        let entity = entity(district.clone());
        let world = "[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]";
        let across = "[[[36.8,-2],[38,-2],[38,0],[36.8,0],[36.8,-2]]]";
        let inner = coordinates(&coast(36.8, -1.3, 400)); // its chords are partly outside
        let far = coordinates(&coast(38.8, -1.3, 4_000));
        for (georel, polygon, expected) in [
            ("within", world, true),
            ("within", across, false),
            ("contains", world, false),
            (
                "contains",
                "[[[36.8,-1.3],[36.81,-1.3],[36.81,-1.29],[36.8,-1.3]]]",
                true,
            ),
            ("overlaps", across, true),
            ("overlaps", inner.as_str(), true),
            ("equals", world, false),
            ("intersects", across, true),
            ("intersects", far.as_str(), false),
            ("disjoint", far.as_str(), true),
            ("near;maxDistance==1000", far.as_str(), false),
            ("near;maxDistance==250000", far.as_str(), true),
            ("near;minDistance==1000", far.as_str(), true),
        ] {
            let filter = filter(georel, "Polygon", polygon).unwrap();
            assert_eq!(filter.matches(&entity), expected, "{georel} {polygon:.80}");
        }
        // A neighbour that shares a part of its boundary.
        let shared: Vec<Coord<f64>> = district.exterior().0[..4_000].to_vec();
        let outside = [Coord { x: 37.5, y: -1.2 }, Coord { x: 37.5, y: -1.3 }, shared[0]];
        let neighbour = Polygon::new(shared.into_iter().chain(outside).collect(), vec![]);
        let relation = geo::Relate::relate(&district, &neighbour);
        for (georel, expected) in [
            ("within", relation.is_within()),
            ("overlaps", relation.is_overlaps()),
            ("intersects", relation.is_intersects()),
        ] {
            let filter = filter(georel, "Polygon", &coordinates(&neighbour)).unwrap();
            assert_eq!(filter.matches(&entity), expected, "{georel}");
        }
    }

    #[test]
    fn what_is_made_to_take_endless_time_ends() {
        let entity = entity(comb(40_000));
        let comb = coordinates(&comb(2_000));
        let crossed = |n: u32| {
            let at = |i: u32| Coord {
                x: f64::from(i % 1009 * 7919 % 1009) / 100.0,
                y: f64::from(i % 997 * 1047 % 997) / 100.0,
            };
            Polygon::new((0..n).map(at).collect(), vec![])
        };
        for georel in [
            "within",
            "overlaps",
            "intersects",
            "disjoint",
            "equals",
            "near;maxDistance==1",
        ] {
            let filter = filter(georel, "Polygon", &comb).unwrap();
            let _ = filter.matches(&entity);
            let _ = filter.matches(&super::tests::entity(crossed(50_000)));
        }
    }

    /// The answer of `geo`, which compares all with all.
    fn all_with_all(filter: &GeoFilter, target: &Geometry<f64>) -> bool {
        use geo::{Intersects, Relate};
        let reference = &filter.query.geometry;
        let met = |bbox: Bbox| filter.bbox.is_none_or(|bound| bound.intersects(&bbox));
        if !Bbox::of(target).is_some_and(met) {
            return false;
        }
        let related = || {
            let mended = || match validity::shape(target) {
                Shape::Mended { area, .. } => Some(area.relate(reference)),
                _ => None,
            };
            if target.is_valid() {
                Some(target.relate(reference))
            } else {
                mended()
            }
        };
        match filter.query.relation {
            GeoRelation::Intersects => target.intersects(reference),
            GeoRelation::Disjoint => !target.intersects(reference),
            GeoRelation::Within => related().is_some_and(|relation| relation.is_within()),
            GeoRelation::Contains => related().is_some_and(|relation| relation.is_contains()),
            GeoRelation::Equals => related().is_some_and(|relation| relation.is_equal_topo()),
            GeoRelation::Overlaps => related().is_some_and(|relation| relation.is_overlaps()),
            GeoRelation::Near { .. } => unreachable!("not asked"),
        }
    }

    fn shapes() -> impl Strategy<Value = Geometry<f64>> {
        let coords = |most| {
            prop::collection::vec((0_u8..7, 0_u8..7), 1..most).prop_map(|list| -> LineString<f64> {
                list.iter()
                    .map(|&(x, y)| (f64::from(x), f64::from(y)))
                    .collect::<Vec<_>>()
                    .into()
            })
        };
        let box_of = || {
            (0_u8..6, 0_u8..6, 1_u8..6, 1_u8..6).prop_map(|(x, y, wide, high)| {
                let (x, y) = (f64::from(x), f64::from(y));
                let rect = geo_types::Rect::new((x, y), (x + f64::from(wide), y + f64::from(high)));
                rect.to_polygon().exterior().clone()
            })
        };
        let ring = move || prop_oneof![coords(6), box_of()];
        // A ring that is a line encloses nothing: geo takes it or not by where it lies.
        let is_line = |ring: &LineString<f64>| {
            let turns = |a: &Coord<f64>, b: &Coord<f64>, c: &Coord<f64>| {
                ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)).abs() > 0.0
            };
            let at = &ring.0;
            !at.iter()
                .any(|b| at.iter().any(|c| at.first().is_some_and(|a| turns(a, b, c))))
        };
        let polygon = move || {
            let ring = move || ring().prop_filter("it encloses nothing", move |ring| !is_line(ring));
            (ring(), prop::collection::vec(ring(), 0..3)).prop_map(|(ring, holes)| Polygon::new(ring, holes))
        };
        prop_oneof![
            (0_u8..7, 0_u8..7).prop_map(|(x, y)| Point::new(f64::from(x), f64::from(y)).into()),
            coords(5).prop_map(|line| geo_types::MultiPoint(line.points().collect()).into()),
            coords(7).prop_map(Geometry::from),
            prop::collection::vec(coords(4), 1..3).prop_map(|lines| geo_types::MultiLineString(lines).into()),
            polygon().prop_map(Geometry::from),
            polygon().prop_map(Geometry::from),
            prop::collection::vec(polygon(), 1..4)
                .prop_map(|polygons| geo_types::MultiPolygon::new(polygons).into()),
        ]
    }

    fn seed() -> RngSeed {
        match std::env::var_os("MAPACHA_TORTURE") {
            Some(_) => RngSeed::Random,
            None => RngSeed::Fixed(20_261_123),
        }
    }

    proptest! {
        // The same shapes each time: rare ones on which geo and we differ are for `make torture`.
        #![proptest_config(ProptestConfig { cases: 4_000, rng_seed: seed(), ..ProptestConfig::default() })]
        #[test]
        fn shapes_are_valid_where_geo_says_so(geometry in shapes()) {
            let valid = matches!(validity::shape(&geometry), Shape::Sound { .. });
            prop_assert_eq!(valid, geometry.is_valid(), "{:?}", geometry);
        }

        #[test]
        fn relations_are_those_of_geo(target in shapes(), reference in shapes()) {
            for relation in [
                GeoRelation::Within, GeoRelation::Contains, GeoRelation::Equals, GeoRelation::Overlaps,
                GeoRelation::Intersects, GeoRelation::Disjoint,
            ] {
                let property = Name::from_iri("https://uri.etsi.org/ngsi-ld/location");
                let query = GeoQuery { relation, geometry: reference.clone(), property };
                let Ok(filter) = GeoFilter::new(&query) else { continue };
                // Of a hole that lies outside its polygon nobody can say what it is.
                if !target.is_valid() || !reference.is_valid() {
                    continue;
                }
                prop_assert_eq!(
                    filter.matches(&entity(target.clone())),
                    all_with_all(&filter, &target),
                    "{:?} {:?} {:?}", relation, target, reference
                );
            }
        }
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
