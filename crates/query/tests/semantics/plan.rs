//! Whatever a selection takes lies on its access path.

use geo::BoundingRect;
use geo::line_measures::{Destination, Geodesic};
use geo_types::{Geometry, LineString, Point, Polygon};
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Attribute, Entity, Uri};
use proptest::prelude::*;
use query::{Indexed, Plan, Selection, TextsOf, indexed_of};

use crate::random::{any_entity, any_q, entity_of, name};

/// Whether the path, followed to the letter, leads to the entity.
fn leads_to(plan: &Plan, entity: &Entity) -> bool {
    match plan {
        Plan::ByIds(ids) => ids.contains(&entity.id),
        Plan::ByType(types) => entity.types.iter().any(|t| types.contains(t)),
        Plan::ByAttribute(attributes) => entity.attributes.iter().any(|a| attributes.contains(&a.name)),
        Plan::ByNumber { attribute, low, high } => {
            let mut numbers = Vec::new();
            for instance in entity.attributes.iter().filter(|a| a.name == *attribute) {
                indexed_of(instance, &mut |value| {
                    if let Indexed::Number(number) = value {
                        numbers.push(number);
                    }
                });
            }
            match *numbers {
                [] => false,
                [only] => (*low..=*high).contains(&only),
                _ => true,
            }
        }
        Plan::ByText(wanted) => wanted.iter().any(|TextsOf { attribute, texts }| {
            let mut has = false;
            for instance in entity.attributes.iter().filter(|a| a.name == *attribute) {
                indexed_of(instance, &mut |value| {
                    has |= matches!(value, Indexed::Text(text) if texts.iter().any(|wanted| wanted == text));
                });
            }
            has
        }),
        Plan::ByTextsThat { attribute, test } => {
            let test = test.prepare().unwrap();
            let mut has = false;
            for instance in entity.attributes.iter().filter(|a| a.name == *attribute) {
                indexed_of(instance, &mut |value| {
                    has |= matches!(value, Indexed::Text(text) if test.takes(text));
                });
            }
            has
        }
        Plan::Scan => true,
        Plan::ByGeo {
            types,
            property,
            bbox,
        } => {
            (types.is_empty() || entity.types.iter().any(|t| types.contains(t)))
                && entity.attributes.iter().filter(|a| a.name == *property).any(|a| {
                    let rect = a.as_geometry().and_then(BoundingRect::bounding_rect);
                    rect.is_some_and(|rect| {
                        rect.min().x <= bbox.east
                            && rect.max().x >= bbox.west
                            && rect.min().y <= bbox.north
                            && rect.max().y >= bbox.south
                    })
                })
        }
    }
}

fn any_types() -> impl Strategy<Value = TypeSelection> {
    prop::sample::select(vec!["T", "U", "V"])
        .prop_map(|t| TypeSelection::Type(name(t)))
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(TypeSelection::And),
                prop::collection::vec(inner, 1..3).prop_map(TypeSelection::Or),
            ]
        })
}

/// A shape around a point; everything within the degrees that exist.
fn shape(centre: Point<f64>, size: f64, sort: u8) -> Geometry<f64> {
    let at = |dx: f64, dy: f64| {
        (
            (centre.x() + dx).clamp(-180.0, 180.0),
            (centre.y() + dy).clamp(-90.0, 90.0),
        )
    };
    match sort {
        0 => Point::from(at(0.0, 0.0)).into(),
        1 => LineString::from(vec![at(0.0, 0.0), at(size, size / 2.0)]).into(),
        _ => Polygon::new(
            LineString::from(vec![at(0.0, 0.0), at(size, 0.0), at(size, size)]),
            vec![],
        )
        .into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn what_matches_lies_on_the_path(
        json in any_entity(), q in prop::option::of(any_q()), types in prop::option::of(any_types()),
        more_types in prop::sample::subsequence(vec!["U", "V"], 0..=2),
        attributes in prop::sample::subsequence(vec!["a", "b"], 0..=2),
    ) {
        let mut entity = entity_of(&json);
        entity.types.extend(more_types.into_iter().map(name));
        let attributes = attributes.into_iter().map(name).collect();
        let selection = Selection { q, types, attributes, ..Selection::default() };
        let plan = Plan::of(&selection);
        if selection.matches(&entity) {
            prop_assert!(leads_to(&plan, &entity), "{plan}");
            for plan in Plan::alternatives(&selection) {
                prop_assert!(leads_to(&plan, &entity), "{plan}");
            }
        } else {
            prop_assert!(!(plan.is_exact(&selection) && leads_to(&plan, &entity)), "{plan}");
        }
    }

    #[test]
    fn what_is_near_lies_in_the_box(
        lon in prop_oneof![-180.0..=180.0, 179.5..=180.0, -180.0..=-179.5],
        lat in prop_oneof![-90.0..=90.0, 89.5..=90.0, -90.0..=-89.5],
        radius in prop_oneof![1.0..5_000.0, 5e3..5e6], share in 0.0..1.1, bearing in 0.0..360.0,
        reference in 0_u8..3, target in 0_u8..3, relation in 0..4,
    ) {
        let centre = Point::new(lon, lat);
        let reference = shape(centre, 0.3, reference);
        let end = Geodesic.destination(centre, bearing, radius * share);
        let end = Point::new((end.x() + 540.0).rem_euclid(360.0) - 180.0, end.y());
        let entity = Entity::new(Uri::ngsi_ld("T", "1"), name("T"))
            .with(Attribute::geo(name("location"), shape(end, 0.2, target)));
        let relation = match relation {
            0 => GeoRelation::Within,
            1 => GeoRelation::Intersects,
            _ => GeoRelation::Near { min_distance_m: None, max_distance_m: Some(radius) },
        };
        let geo = GeoQuery { relation, geometry: reference, property: name("location") };
        let selection = Selection { geo: Some(geo), ..Selection::default() };
        // A shape that the clamping made degenerate is refused.
        if let Ok(prepared) = selection.prepare() && prepared.matches(&entity) {
            prop_assert!(leads_to(&Plan::of(&selection), &entity));
        }
    }
}
