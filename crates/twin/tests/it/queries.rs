//! Queries by indexes find what looking at every entity finds, in the same order.

use std::sync::Arc;

use geo_types::{Geometry, LineString, Point, Polygon, Rect};
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::q::{Operand, Operator, Path, Q};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Attribute, Entity, Relationship, Value};
use proptest::prelude::*;
use query::view::{Condition, Rights, Test};
use query::{EntityQuery, Links, Selection, View};
use twin::{Operation, Reader};

use crate::common::{id, name, run, thing, twin, view};

fn location() -> ngsi_ld::Name {
    ngsi_ld::context::Context::core().expand("location")
}

fn geometry() -> impl Strategy<Value = Geometry<f64>> {
    let c = || (-20..20_i32).prop_map(|n| f64::from(n) / 100.0);
    prop_oneof![
        (c(), c()).prop_map(|(x, y)| Point::new(x, y).into()),
        (c(), c(), c(), c()).prop_map(|(a, b, c, d)| LineString::from(vec![(a, b), (c, d)]).into()),
        (c(), c()).prop_map(|(x, y)| square(x, y, 0.1)),
    ]
}

fn square(x: f64, y: f64, size: f64) -> Geometry<f64> {
    let area: Polygon<f64> = Rect::new((x, y), (x + size, y + size)).to_polygon();
    area.into()
}

fn entity(number: usize) -> impl Strategy<Value = Entity> {
    let types = proptest::sample::subsequence(vec!["A", "B", "C"], 1..3);
    let place = proptest::option::weighted(0.8, geometry());
    let other = proptest::option::weighted(0.3, geometry());
    (
        types,
        place,
        other,
        proptest::option::of(0..5_i64),
        proptest::collection::vec(0..5_i64, 0..3),
        proptest::option::weighted(0.3, proptest::collection::vec(0..5_i64, 0..3)),
        proptest::collection::vec(0..60_usize, 0..3),
    )
        .prop_map(move |(types, place, other, a, b, list, to)| {
            let mut entity = thing(number);
            entity.types = types.into_iter().map(name).collect();
            let geo = [
                place.map(|p| Attribute::geo(location(), p)),
                other.map(|p| Attribute::geo(name("other"), p)),
            ];
            entity.attributes = geo.into_iter().flatten().collect();
            entity
                .attributes
                .extend(a.map(|a| Attribute::property(name("a"), a)));
            // Several instances of one attribute, and several numbers in one.
            for (set, b) in b.into_iter().enumerate() {
                entity.put(Attribute::property(name("b"), b).dataset(id(set)));
            }
            let list = list.map(|list| Attribute::property(name("list"), serde_json::json!(list)));
            entity.attributes.extend(list);
            let to = Value::Relationship(Relationship::to_many(to.into_iter().map(id).collect::<Vec<_>>()));
            entity.attributes.push(Attribute::new(name("to"), to));
            entity
        })
}

fn entities() -> impl Strategy<Value = Vec<Entity>> {
    (1..60_usize).prop_flat_map(|count| (0..count).map(entity).collect::<Vec<_>>())
}

fn selection() -> impl Strategy<Value = Selection> {
    let single =
        || prop_oneof![Just("A"), Just("B"), Just("C"), Just("D")].prop_map(|t| TypeSelection::Type(name(t)));
    let types = prop_oneof![
        3 => single(),
        1 => proptest::collection::vec(single(), 1..3).prop_map(TypeSelection::Or),
        1 => proptest::collection::vec(single(), 1..3).prop_map(TypeSelection::And),
    ];
    let path = |term: &str| Path {
        attributes: vec![name(term)],
        members: vec![],
    };
    let number = || (-1..7_i32).prop_map(|n| Operand::Number(n.into()));
    let term = || prop_oneof![Just("a"), Just("b"), Just("list")];
    let order = prop_oneof![
        Just(Operator::Greater),
        Just(Operator::GreaterOrEqual),
        Just(Operator::Less),
        Just(Operator::LessOrEqual),
        Just(Operator::Equal),
        Just(Operator::NotEqual),
    ];
    let compared = (term(), order, number())
        .prop_map(move |(term, operator, n)| Q::Compare(path(term), operator, vec![n]));
    let ranged = (term(), number(), number()).prop_map(move |(term, from, to)| {
        Q::Compare(
            path(term),
            Operator::Equal,
            vec![Operand::Range(Box::new(from), Box::new(to))],
        )
    });
    let listed = (term(), proptest::collection::vec(number(), 1..3))
        .prop_map(move |(term, list)| Q::Compare(path(term), Operator::Equal, list));
    let linked = (
        compared.clone(),
        proptest::sample::subsequence(vec!["A", "B"], 0..2),
    )
        .prop_map(move |(then, types)| Q::Linked {
            relationship: path("to"),
            types: types.into_iter().map(name).collect(),
            then: Box::new(then),
        });
    let one = prop_oneof![3 => compared, 1 => ranged, 1 => listed, 1 => linked].boxed();
    let q = prop_oneof![
        one.clone(),
        proptest::collection::vec(one.clone(), 2..4).prop_map(Q::And),
        proptest::collection::vec(one, 2..4).prop_map(Q::Or),
        Just(Q::Or(vec![Q::Exists(path("a")), Q::Exists(path("b"))])),
        Just(Q::And(vec![Q::Exists(path("a")), Q::Exists(path("b"))])),
    ];
    let relation = prop_oneof![
        (0..30_000_i32).prop_map(|m| GeoRelation::Near {
            min_distance_m: None,
            max_distance_m: Some(m.into())
        }),
        (0..30_000_i32).prop_map(|m| GeoRelation::Near {
            min_distance_m: Some(m.into()),
            max_distance_m: None
        }),
        Just(GeoRelation::Within),
        Just(GeoRelation::Intersects),
        Just(GeoRelation::Disjoint),
        Just(GeoRelation::Contains),
        Just(GeoRelation::Equals),
        Just(GeoRelation::Overlaps),
    ];
    let corner = || (-20..20_i32).prop_map(|n| f64::from(n) / 100.0);
    let property = prop_oneof![3 => Just(location()), 1 => Just(name("other"))];
    let geo = (relation, corner(), corner(), property, any::<bool>()).prop_map(
        |(relation, x, y, property, point)| {
            let near = matches!(relation, GeoRelation::Near { .. });
            let geometry = if near || point {
                Point::new(x, y).into()
            } else {
                square(x, y, 0.2)
            };
            GeoQuery {
                relation,
                geometry,
                property,
            }
        },
    );
    let ids = proptest::collection::vec((0..60_usize).prop_map(id), 1..6);
    (
        proptest::option::weighted(0.2, ids),
        proptest::option::of(types),
        proptest::option::weighted(0.3, q),
        proptest::option::weighted(0.4, geo),
        proptest::option::weighted(0.2, prop_oneof![Just("a"), Just("b"), Just("other")]),
    )
        .prop_map(|(ids, types, q, geo, attribute)| Selection {
            ids: ids.unwrap_or_default(),
            types,
            q,
            geo,
            attributes: attribute.into_iter().map(name).collect(),
            ..Selection::default()
        })
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        proptest::sample::select(vec!["Thing", "A", "B", "Other"])
            .prop_map(|term| Condition::Type(name(term))),
        (0..30_i64).prop_map(|n| Condition::Not(Box::new(Condition::Id(crate::common::id(n))))),
        (0..10_i32, 0..10_i32).prop_map(|(a, b)| {
            Condition::Attribute(name("a"), Test::Between(f64::from(a.min(b)), f64::from(a.max(b))))
        }),
        Just(Condition::Attribute(name("other"), Test::Exists)),
    ]
}

fn some_view() -> impl Strategy<Value = View> {
    let hidden = proptest::sample::subsequence(vec![location(), name("a"), name("other")], 0..3);
    (
        proptest::option::weighted(0.4, condition()),
        hidden,
        any::<bool>(),
    )
        .prop_map(|(rows, hidden, open)| {
            let hidden = if open { Vec::new() } else { hidden };
            view().with(&Rights::except(rows.unwrap_or(Condition::Always), hidden))
        })
}

/// What a query must give: every entity is looked at, in order of creation.
fn by_hand(entities: &[Arc<Entity>], view: &View, query: &EntityQuery) -> (Vec<Entity>, usize, bool) {
    let seen: Vec<Arc<Entity>> = entities
        .iter()
        .filter_map(|entity| view.of(entity).map(|seen| Arc::new(seen.into_owned())))
        .collect();
    let find = |id: &ngsi_ld::Uri| seen.iter().find(|entity| entity.id == *id).cloned();
    let links = Links::new(&find);
    let prepared = query.selection.prepare().unwrap();
    let selected: Vec<Entity> = seen
        .iter()
        .filter(|entity| prepared.matches_linked(entity, &links))
        .map(|entity| (**entity).clone())
        .collect();
    let total = selected.len();
    let more = total > query.offset.saturating_add(query.limit);
    (
        selected
            .into_iter()
            .skip(query.offset)
            .take(query.limit)
            .collect(),
        total,
        more,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn indexes_find_what_a_scan_finds(
        first in entities(),
        second in entities(),
        gone in proptest::collection::vec(0..60_usize, 0..10),
        questions in proptest::collection::vec(
            (selection(), some_view(), 0..20_usize, 0..10_usize, any::<bool>()), 1..20),
    ) {
        let twin = twin();
        let put = |entities: Vec<Entity>| {
            let operations = entities.into_iter().map(Operation::UpsertReplace).collect();
            twin.load_blocking(&view(), operations)
        };
        put(first);
        let snapshot = twin.snapshot(); // so that shards are copied, not changed in place
        let before = crate::common::all(&snapshot, &view());
        put(second);
        for number in gone {
            let _ = run(&twin, Operation::Delete(id(number)));
        }
        let now = crate::common::all(&twin, &view());
        for (reader, entities) in [(&twin as &dyn Reader, &now), (&snapshot, &before)] {
            for (selection, view, limit, offset, count) in &questions {
                let query =
                    EntityQuery { selection: selection.clone(), limit: *limit, offset: *offset, count: *count };
                let page = reader.query(view, &query).unwrap();
                let found: Vec<Entity> = page.entities.iter().map(|entity| (**entity).clone()).collect();
                let (expected, total, more) = by_hand(entities, view, &query);
                prop_assert_eq!(found, expected);
                prop_assert_eq!(page.total, count.then_some(total));
                prop_assert_eq!(page.more, more);
                let mut scanned = 0;
                reader.scan(view, selection, &mut |_| { scanned += 1; scanned < 7 }).unwrap();
                prop_assert_eq!(scanned, total.min(7));
            }
        }
    }
}

#[test]
fn an_unusable_selection_is_an_error() {
    let path = Path {
        attributes: vec![name("a")],
        members: vec![],
    };
    let q = Some(Q::Compare(
        path,
        Operator::Matches,
        vec![Operand::Text("(".into())],
    ));
    let selection = Selection {
        q,
        ..Selection::default()
    };
    let twin = twin();
    assert!(twin.scan(&view(), &selection, &mut |_| true).is_err());
    assert!(
        twin.query(
            &view(),
            &EntityQuery {
                selection,
                limit: 1,
                offset: 0,
                count: false
            }
        )
        .is_err()
    );
}

#[test]
fn a_coordinate_that_is_no_number_harms_nobody() {
    let twin = twin();
    let entity = thing(1).with(Attribute::geo(location(), Point::new(f64::NAN, 1.0)));
    run(&twin, Operation::Create(entity)).unwrap();
    run(
        &twin,
        Operation::Create(thing(2).with(Attribute::geo(location(), Point::new(0.0, 0.0)))),
    )
    .unwrap();
    let relation = GeoRelation::Near {
        min_distance_m: None,
        max_distance_m: Some(10.0),
    };
    let geo = Some(GeoQuery {
        relation,
        geometry: Point::new(0.0, 0.0).into(),
        property: location(),
    });
    let query = EntityQuery {
        selection: Selection {
            geo,
            ..Selection::default()
        },
        limit: 9,
        offset: 0,
        count: true,
    };
    assert_eq!(twin.query(&view(), &query).unwrap().total, Some(1));
    run(&twin, Operation::Delete(id(1))).unwrap();
}
