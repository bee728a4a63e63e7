//! What each kind of measure changes: the same query on the snapshot shows it, and does not on the baseline.

use super::*;

/// Ids that a query finds before and after a measure.
fn found(kind: &str, with: Json, entity_type: &str, q: &str) -> (Vec<String>, Vec<String>) {
    let mut city = city();
    city.push(
        entity("RoadNode:gate")
            .number("node", 9)
            .at(X[0], Y - 0.001)
            .text("barrier", "bollard"),
    );
    let baseline = snapshot_of(city);
    let (after, _) = carried_on(&baseline, &[measure("m", kind, with)]);
    (query(&baseline, entity_type, q), query(&after, entity_type, q))
}

/// Kind, parameters, type, `q`, what it finds before, what after.
type Case<'a> = (&'a str, Json, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[test]
fn a_query_on_the_snapshot_shows_it_and_one_on_the_baseline_does_not() {
    let urn = |short: &str| format!("urn:ngsi-ld:{short}");
    let node = |n: &str| json!([urn(&format!("RoadNode:{n}"))]);
    let cases: &[Case<'_>] = &[
        (
            "kerb-ramp",
            json!({"nodes": node("2")}),
            "RoadNode",
            "kerb==\"lowered\"",
            &["RoadNode:4"],
            &["RoadNode:2", "RoadNode:4"],
        ),
        (
            "kerb-ramp",
            json!({"nodes": node("2")}),
            "RoadNode",
            "kerbHeight",
            &["RoadNode:2"],
            &[],
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"q": "kerb==\"raised\""}}),
            "RoadNode",
            "tactilePaving==\"yes\"",
            &["RoadNode:4"],
            &["RoadNode:2", "RoadNode:3", "RoadNode:4"],
        ),
        (
            "safe-crossing",
            json!({"nodes": node("3")}),
            "RoadNode",
            "crossing==\"marked\"",
            &[],
            &["RoadNode:3"],
        ),
        (
            "resurface",
            json!({"streets": urn("RoadSegment:a")}),
            "RoadSegment",
            "surface==\"asphalt\";smoothness==\"good\"",
            &[],
            &["RoadSegment:a"],
        ),
        (
            "widen-pavement",
            json!({"streets": urn("RoadSegment:b"), "width_m": 1.8}),
            "RoadSegment",
            "sidewalk==\"both\";sidewalkBothWidth==1.8",
            &[],
            &["RoadSegment:b"],
        ),
        (
            "level-incline",
            json!({"streets": urn("RoadSegment:c")}),
            "RoadSegment",
            "incline<=5",
            &[],
            &["RoadSegment:c"],
        ),
        (
            "ramp-over-steps",
            json!({"steps": urn("RoadSegment:steps")}),
            "RoadSegment",
            "rampWheelchair==\"yes\"",
            &[],
            &["RoadSegment:steps"],
        ),
        (
            "repair-lift",
            json!({"lifts": urn("RoadNode:lift")}),
            "RoadNode",
            "operationalStatus==\"broken\"",
            &["RoadNode:lift"],
            &[],
        ),
        (
            "close-street",
            json!({"streets": urn("RoadSegment:b")}),
            "RoadSegment",
            "access==\"no\";foot==\"no\"",
            &[],
            &["RoadSegment:b"],
        ),
        (
            "survey",
            json!({"entities": {"type": "RoadSegment"}, "tags": {"surface": "asphalt", "width": 3}}),
            "RoadSegment",
            "surface==\"asphalt\"",
            &[],
            &["RoadSegment:b", "RoadSegment:c", "RoadSegment:steps"],
        ),
        (
            "bus-lanes",
            json!({"streets": urn("RoadSegment:b")}),
            "RoadSegment",
            "lanesPsv==1",
            &[],
            &["RoadSegment:b"],
        ),
        (
            "step-free-stop",
            json!({"stops": [urn("GtfsStop:1"), urn("GtfsStop:3")]}),
            "GtfsStop",
            "wheelChairAccessible==\"1\"",
            &[],
            &["GtfsStop:1", "GtfsStop:3"],
        ),
        (
            "low-floor-vehicles",
            json!({"routes": urn("GtfsRoute:7")}),
            "GtfsTrip",
            "wheelChairAccessible==\"1\"",
            &[],
            &["GtfsTrip:7-0", "GtfsTrip:7-1"],
        ),
        (
            "frequency",
            json!({"routes": urn("GtfsRoute:7"), "headway_min": 5, "from": "06:00", "until": "09:00"}),
            "GtfsFrequency",
            "headwaySeconds==300",
            &[],
            &["GtfsFrequency:7-0:06:00:00", "GtfsFrequency:7-1:06:00:00"],
        ),
        (
            "new-stop",
            json!({"at": [36.8075, -1.28]}),
            "GtfsStop",
            "wheelChairAccessible==\"1\"",
            &[],
            &["GtfsStop:scenario:m"],
        ),
        (
            "new-place",
            json!({"category": "clinic", "at": [36.8, -1.281], "capacity": 20}),
            "PointOfInterest",
            "category==\"clinic\"",
            &["PointOfInterest:clinic"],
            &["PointOfInterest:clinic", "PointOfInterest:scenario:m"],
        ),
        (
            "new-place",
            json!({"category": "school", "at": [36.8, -1.281]}),
            "School",
            "category==\"school\"",
            &["School:1"],
            &["School:1", "School:scenario:m"],
        ),
        (
            "close-place",
            json!({"places": urn("School:1")}),
            "School",
            "category",
            &["School:1"],
            &[],
        ),
        (
            "open-place-to-wheelchairs",
            json!({"places": urn("School:1")}),
            "School",
            "wheelchair==\"yes\"",
            &[],
            &["School:1"],
        ),
        (
            "enlarge-place",
            json!({"places": urn("School:1"), "factor": 1.5}),
            "School",
            "capacity==450",
            &[],
            &["School:1"],
        ),
        (
            "add-street",
            json!({"from": 5, "to": [36.8101, -1.2801]}),
            "RoadSegment",
            "highway==\"footway\"",
            &[],
            &["RoadSegment:scenario:m"],
        ),
        (
            "remove-barrier",
            json!({"at": node("gate")}),
            "RoadNode",
            "barrier",
            &["RoadNode:gate"],
            &[],
        ),
        (
            "serve-stop",
            json!({"stop": urn("GtfsStop:4"), "routes": urn("GtfsRoute:8"), "most_detour_m": 2000}),
            "GtfsStopTime",
            "hasStop==\"urn:ngsi-ld:GtfsStop:4\"",
            &["GtfsStopTime:7-0:4", "GtfsStopTime:7-1:1"],
            &[
                "GtfsStopTime:7-0:4",
                "GtfsStopTime:7-1:1",
                "GtfsStopTime:scenario:m:8-1",
                "GtfsStopTime:scenario:m:8-2",
                "GtfsStopTime:scenario:m:8-3",
            ],
        ),
        (
            "new-line",
            json!({"calls": [urn("GtfsStop:1"), urn("GtfsStop:4")], "line_name": "Express"}),
            "GtfsRoute",
            "name==\"Express\"",
            &[],
            &["GtfsRoute:scenario:m"],
        ),
        (
            "extend-service-hours",
            json!({"routes": urn("GtfsRoute:7"), "headway_min": 20, "from": "20:00", "until": "22:00"}),
            "GtfsFrequency",
            "endTime==\"22:00:00\"",
            &[],
            &[
                "GtfsFrequency:scenario:7-0:20:00:00",
                "GtfsFrequency:scenario:7-1:20:00:00",
            ],
        ),
        // The doors of a place that moves are no longer where they were, and its `q` is the same: it is found where it
        // is by distance, see `a_moved_place_is_elsewhere_and_an_outline_moves_as_it_is`.
        (
            "move-place",
            json!({"place": urn("School:1"), "to": [36.81, -1.281]}),
            "School",
            "category",
            &["School:1"],
            &["School:1"],
        ),
    ];
    for (kind, with, entity_type, q, before, after) in cases {
        let (was, is) = found(kind, with.clone(), entity_type, q);
        assert_eq!(was, *before, "{kind} {q} before");
        assert_eq!(is, *after, "{kind} {q} after");
        assert!(
            was != is || *kind == "move-place",
            "{kind}: the same query shows what it changes"
        );
    }
    let tried: BTreeSet<&str> = cases.iter().map(|case| case.0).collect();
    let kinds: BTreeSet<&str> = crate::catalogue::kinds()
        .iter()
        .map(|kind| kind.name.as_str())
        .collect();
    assert_eq!(tried, kinds, "every kind is tried");
    assert_eq!(kinds.len(), 24);
}

#[test]
fn the_same_query_finds_a_moved_place_where_it_is() {
    let near = |snapshot: &Snapshot, at: [f64; 2]| {
        let selection = Selection {
            geo: Some(ngsi_ld::query::geo::GeoQuery {
                relation: ngsi_ld::query::geo::GeoRelation::Near {
                    min_distance_m: None,
                    max_distance_m: Some(50.0),
                },
                geometry: geo_types::Geometry::Point(Point::new(at[0], at[1])),
                property: name("location"),
            }),
            ..Selection::of_type(name("School"))
        };
        let mut found = 0;
        snapshot
            .scan(&view(), &selection, &mut |_| {
                found += 1;
                true
            })
            .unwrap();
        found
    };
    let (old, new) = ([X[0], Y + 0.002], [36.81, -1.281]);
    let baseline = baseline();
    let with = json!({"place": "urn:ngsi-ld:School:1", "to": new});
    let (after, _) = carried_on(&baseline, &[measure("m", "move-place", with)]);
    assert_eq!((near(&baseline, old), near(&baseline, new)), (1, 0));
    assert_eq!((near(&after, old), near(&after, new)), (0, 1));
}

#[test]
fn selections_are_by_query_area_and_distance() {
    let nodes = |selection: Json| {
        let (_, applied) = carried(&[measure("m", "safe-crossing", json!({"nodes": selection}))]);
        let mut ids: Vec<&str> = applied[0].updated.iter().map(Uri::local).collect();
        ids.sort_unstable();
        ids.join(" ")
    };
    assert_eq!(nodes(json!({})), "2 3 4 lift");
    assert_eq!(nodes(json!({"q": "kerb==\"raised\""})), "2 3");
    assert_eq!(nodes(json!({"within_m": 200, "of": [X[1], Y]})), "2 lift");
    assert_eq!(
        nodes(json!({"within_m": 50, "of": "urn:ngsi-ld:RoadSegment:b"})),
        "2 3"
    );
    assert_eq!(
        nodes(json!({"area": [[36.809, -1.279], [36.82, -1.279], [36.82, -1.282], [36.809, -1.282]]})),
        "3 4"
    );
    let both = json!({"area": [[36.80, -1.27], [36.82, -1.27], [36.82, -1.29], [36.80, -1.29]], "within_m": 10, "of": [X[2], Y]});
    assert_eq!(nodes(both), "3");
}

#[test]
fn a_moved_place_is_elsewhere_and_an_outline_moves_as_it_is() {
    let (after, _) = carried(&[
        measure(
            "a",
            "move-place",
            json!({"place": "urn:ngsi-ld:PointOfInterest:clinic", "to": [36.801, -1.281]}),
        ),
        measure(
            "b",
            "move-place",
            json!({"place": "urn:ngsi-ld:Park:1", "to": [36.81, -1.281]}),
        ),
    ]);
    let place = |short: &str| super::super::city::place(&after.get(&view(), &id(short)).unwrap()).unwrap();
    assert_eq!(place("PointOfInterest:clinic"), Coord { x: 36.801, y: -1.281 });
    let park = place("Park:1");
    assert!((park.x - 36.81).abs() < 1e-9 && (park.y + 1.281).abs() < 1e-9);
}

#[test]
fn a_new_street_joins_the_network_where_it_is_told() {
    let ends = |with: Json| {
        let (after, _) = carried(&[measure("path", "add-street", with)]);
        said(&after, "RoadSegment:scenario:path", "nodes")
    };
    assert_eq!(ends(json!({"from": 5, "to": 3})), json!([5, 3]));
    assert_eq!(
        ends(json!({"from": "urn:ngsi-ld:RoadNode:lift", "to": [36.8101, -1.2801]})),
        json!([5, 3])
    );
    let via = json!({"from": 5, "via": [[36.807, -1.281]], "to": 3, "width_m": 2.5});
    assert_eq!(ends(via.clone()), json!([5, "scenario:path:1", 3]));
    let (after, _) = carried(&[measure("path", "add-street", via)]);
    let street = after.get(&view(), &id("RoadSegment:scenario:path")).unwrap();
    let width = street.get(name("width").as_str()).unwrap();
    assert_eq!(
        (width.as_f64(), width.unit_code.as_deref()),
        (Some(2.5), Some("MTR"))
    );
    assert_eq!(super::super::city::vertices(&street).count(), 3);
}

#[test]
fn streets_without_ids_of_vertices_join_by_place() {
    let mut city = city();
    for entity in &mut city {
        entity
            .attributes
            .retain(|attribute| attribute.name != name("nodes"));
    }
    let (after, _) = carried_on(
        &snapshot_of(city),
        &[measure(
            "path",
            "add-street",
            json!({"from": [36.8051, -1.2809], "to": [36.8101, -1.2801]}),
        )],
    );
    let street = after.get(&view(), &id("RoadSegment:scenario:path")).unwrap();
    assert_eq!(said(&after, "RoadSegment:scenario:path", "nodes"), Json::Null);
    let ends: Vec<Coord<f64>> = super::super::city::vertices(&street)
        .map(|vertex| vertex.at)
        .collect();
    assert_eq!(
        ends,
        [
            Coord {
                x: X[1],
                y: Y - 0.001
            },
            Coord { x: X[2], y: Y }
        ]
    );
}

#[test]
fn what_is_so_already_is_a_warning() {
    let (_, applied) = carried(&[measure(
        "m",
        "kerb-ramp",
        json!({"nodes": ["urn:ngsi-ld:RoadNode:4", "urn:ngsi-ld:RoadNode:2"]}),
    )]);
    assert_eq!(applied[0].updated, [id("RoadNode:2")]);
    assert_eq!(
        applied[0].warnings,
        ["1 of 2 entities are so already and stay as they are: `urn:ngsi-ld:RoadNode:4`"]
    );
}

#[test]
fn attributes_keep_the_vocabulary_they_have() {
    let mut city = city();
    let iri = "https://smartdatamodels.org/dataModel.UrbanMobility/wheelChairAccessible";
    let sdm = ngsi_ld::Name::from_iri(iri);
    for entity in city.iter_mut().filter(|entity| entity.id == id("GtfsStop:1")) {
        entity.types = vec![ngsi_ld::Name::from_iri(
            "https://smartdatamodels.org/dataModel.UrbanMobility/GtfsStop",
        )];
        entity
            .attributes
            .retain(|attribute| attribute.name.short() != "wheelChairAccessible");
        // A number, as other makers write it.
        entity.put(Attribute::property(sdm.clone(), 2_i64));
    }
    let (after, _) = carried_on(
        &snapshot_of(city),
        &[measure(
            "m",
            "step-free-stop",
            json!({"stops": {"q": "name==\"Stop 1\""}}),
        )],
    );
    let stop = after.get(&view(), &id("GtfsStop:1")).unwrap();
    assert_eq!(
        stop.get(iri).unwrap().value,
        ngsi_ld::Value::Property(PropertyValue::Integer(1))
    );
    assert_eq!(
        stop.attributes
            .iter()
            .filter(|it| it.name.short() == "wheelChairAccessible")
            .count(),
        1
    );
}

#[test]
fn a_park_has_an_outline_and_a_door() {
    let with = json!({"category": "park", "at": [36.80, -1.281], "outline": [[36.80, -1.281], [36.802, -1.281], [36.801, -1.283]], "place_name": "New park"});
    let (after, _) = carried(&[measure("p", "new-place", with)]);
    let park = after.get(&view(), &id("Park:scenario:p")).unwrap();
    assert!(matches!(
        park.get(name("location").as_str()).unwrap().as_geometry(),
        Some(geo_types::Geometry::Polygon(_))
    ));
    assert!(matches!(
        park.get(name("entrances").as_str()).unwrap().as_geometry(),
        Some(geo_types::Geometry::MultiPoint(_))
    ));
    assert_eq!(said(&after, "Park:scenario:p", "name"), json!("New park"));
}
