use super::TimeProperty as P;
use super::TimeRelation as T;
use super::*;
use ngsi_ld::context::Context;
use ngsi_ld::registration::Draft;
use serde_json::{Value as Json, json};

fn now() -> Timestamp {
    Timestamp::from_seconds(0)
}

fn registration(changes: &Json) -> PreparedRegistration {
    let mut json = json!({
        "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": [{"entities": [{"type": "A"}]}],
    });
    let given = changes.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(given);
    let draft = Draft::read(&json, Context::core()).unwrap();
    let id = || Uri::ngsi_ld("R", "1");
    PreparedRegistration::new(draft.create(id, now()).unwrap(), now(), now()).unwrap()
}

fn specification(types: &str, ids: &[&str], pattern: Option<&str>) -> EntitySpecification {
    EntitySpecification {
        ids: ids.iter().map(|id| Uri::parse(id).unwrap()).collect(),
        id_pattern: pattern.map(|text| compile_pattern("idPattern", text).unwrap()),
        types: (!types.is_empty()).then(|| TypeSelection::parse(types, Context::core()).unwrap()),
    }
}

fn matches(query: RegistrationQuery, registration: &PreparedRegistration) -> Vec<usize> {
    query.prepare().unwrap().matching(registration)
}

#[test]
fn clause_5_12_entities() {
    let of = |entity: Json| registration(&json!({"information": [{"entities": [entity]}]}));
    let plain = of(json!({"type": "A"}));
    let id = of(json!({"type": "A", "id": "urn:x:1"}));
    let pattern = of(json!({"type": "A", "idPattern": "^urn:x:.*7$"}));
    let both = of(json!({"type": ["A", "B"]}));
    for (what, asked, registered, expected) in [
        ("another type", specification("B", &[], None), &plain, false),
        ("the type", specification("A|C", &[], None), &plain, true),
        (
            "both types of one",
            specification("(A;B)", &[], None),
            &plain,
            false,
        ),
        (
            "both types of both",
            specification("(A;B)", &[], None),
            &both,
            true,
        ),
        ("any type", specification("*", &[], None), &plain, true),
        (
            "neither id nor pattern",
            specification("A", &["urn:x:2"], None),
            &plain,
            true,
        ),
        (
            "the id",
            specification("A", &["urn:x:2", "urn:x:1"], None),
            &id,
            true,
        ),
        ("another id", specification("A", &["urn:x:2"], None), &id, false),
        ("no id asked", specification("A", &[], None), &id, true),
        (
            "id and pattern",
            specification("A", &["urn:x:17"], None),
            &pattern,
            true,
        ),
        (
            "id and no pattern of its",
            specification("A", &["urn:x:18"], None),
            &pattern,
            false,
        ),
        ("pattern and id", specification("A", &[], Some("1$")), &id, true),
        (
            "pattern and other id",
            specification("A", &[], Some("2$")),
            &id,
            false,
        ),
        (
            "pattern and pattern",
            specification("A", &[], Some("nothing")),
            &pattern,
            true,
        ),
    ] {
        let query = RegistrationQuery {
            entities: vec![asked],
            ..RegistrationQuery::default()
        };
        assert_eq!(!matches(query, registered).is_empty(), expected, "{what}");
    }
}

#[test]
fn clause_5_12_attributes_and_elements() {
    let registered = registration(&json!({"information": [
        {"entities": [{"type": "A"}], "propertyNames": ["p"], "relationshipNames": ["r"]},
        {"propertyNames": ["s"]},
        {"entities": [{"type": "B"}]},
    ]}));
    let name = Name::default_term;
    let ask = |types: &str, attributes: &[&str], omitted: &[&str]| {
        let query = RegistrationQuery {
            entities: vec![specification(types, &[], None)],
            attributes: attributes.iter().map(|one| name(one)).collect(),
            omitted: omitted.iter().map(|one| name(one)).collect(),
            ..RegistrationQuery::default()
        };
        matches(query, &registered)
    };
    assert_eq!(ask("", &[], &[]), [0, 1, 2]);
    assert_eq!(ask("A", &[], &[]), [0, 1]);
    assert_eq!(ask("A", &["r"], &[]), [0]);
    assert_eq!(ask("A", &["p", "s"], &[]), [0, 1]);
    assert_eq!(ask("B", &["x"], &[]), [2]);
    assert_eq!(ask("A", &["x"], &[]), [0_usize; 0]);
    assert_eq!(ask("A", &[], &["p"]), [0, 1]);
    assert_eq!(ask("A", &[], &["p", "r"]), [1]);
}

#[test]
fn clause_5_10_2_4_time() {
    let at = |text: &str| Timestamp::parse(&format!("{text}-01-01T00:00:00Z")).unwrap();
    let closed = json!({"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"});
    let latest = registration(&json!({}));
    let observed = registration(&json!({"observationInterval": closed}));
    let open = registration(&json!({"managementInterval": {"startAt": "2020-01-01T00:00:00Z"}}));
    let ask = |relation, property| RegistrationQuery {
        temporal: Some(TemporalQuery { relation, property }),
        ..RegistrationQuery::default()
    };
    for (query, expected) in [
        (RegistrationQuery::default(), [true, false, false]),
        (ask(T::Before(at("2019")), P::ObservedAt), [false, false, false]),
        (ask(T::Before(at("2022")), P::ObservedAt), [false, true, false]),
        (ask(T::After(at("2020")), P::ObservedAt), [false, true, false]),
        (ask(T::After(at("2022")), P::ObservedAt), [false, false, false]),
        (
            ask(T::Between(at("2018"), at("2019")), P::ObservedAt),
            [false, false, false],
        ),
        (
            ask(T::Between(at("2018"), at("2030")), P::ObservedAt),
            [false, true, false],
        ),
        (ask(T::After(at("2030")), P::ModifiedAt), [false, false, true]),
        (ask(T::Before(at("2019")), P::CreatedAt), [false, false, false]),
        (
            ask(T::Between(at("2025"), at("2026")), P::DeletedAt),
            [false, false, true],
        ),
    ] {
        let found = [&latest, &observed, &open].map(|one| !matches(query.clone(), one).is_empty());
        assert_eq!(found, expected, "{query:?}");
    }
}

#[test]
fn clause_5_10_2_4_places() {
    let square = json!({"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]});
    let area = registration(&json!({"location": square}));
    let point = registration(&json!({"location": {"type": "Point", "coordinates": [1, 1]}}));
    let nowhere = registration(&json!({}));
    let polygon = "[[[1,1],[3,1],[3,3],[1,3],[1,1]]]";
    let inner = "[[[0.5,0.5],[1,0.5],[1,1],[0.5,1],[0.5,0.5]]]";
    for (georel, geometry, coordinates, expected) in [
        ("within", "Polygon", polygon, [true, false]),
        ("overlaps", "Polygon", polygon, [true, false]),
        ("intersects", "Polygon", polygon, [true, true]),
        ("equals", "Polygon", inner, [true, false]),
        ("contains", "Point", "[1,1]", [true, true]),
        ("disjoint", "Polygon", inner, [true, false]),
        (
            "disjoint",
            "Polygon",
            "[[[-1,-1],[3,-1],[3,3],[-1,3],[-1,-1]]]",
            [false, false],
        ),
        ("near;maxDistance==1000", "Point", "[2.001,2]", [true, false]),
        ("near;minDistance==10000", "Point", "[1,1]", [true, false]),
        ("near;minDistance==900000", "Point", "[1,1]", [false, false]),
    ] {
        let query = RegistrationQuery {
            geo: Some(GeoQuery::parse(georel, geometry, coordinates, None).unwrap()),
            ..RegistrationQuery::default()
        };
        let found = [&area, &point].map(|one| !matches(query.clone(), one).is_empty());
        assert_eq!(found, expected, "{georel} {coordinates}");
        assert!(matches(query, &nowhere).is_empty());
    }
}

#[test]
fn what_else_must_hold() {
    let registered = registration(&json!({
        "scope": "/Madrid/Centro", "contextSourceAlias": "me", "datasetId": ["urn:x:d"], "csource": "a",
        "operations": ["retrieveOps"],
    }));
    let csf = |text: &str| RegistrationQuery {
        csf: Some(Q::parse(text, Context::core()).unwrap()),
        ..RegistrationQuery::default()
    };
    let scope = |text: &str| RegistrationQuery {
        scope: Some(ScopeQuery::parse(text).unwrap()),
        ..RegistrationQuery::default()
    };
    let via = |text: &str| RegistrationQuery {
        via: vec![text.to_owned()],
        ..RegistrationQuery::default()
    };
    let data = |id: Option<&str>| RegistrationQuery {
        dataset_ids: vec![id.map(|id| Uri::parse(id).unwrap())],
        ..RegistrationQuery::default()
    };
    let operation = |operation| RegistrationQuery {
        operation: Some(operation),
        ..RegistrationQuery::default()
    };
    for (clause, query, expected) in [
        ("4.9", csf("endpoint==\"http://a.example\";csource==\"a\""), true),
        ("4.9", csf("endpoint==\"http://b.example\""), false),
        ("4.9", csf("mode==\"inclusive\""), true),
        ("4.19", scope("/Madrid/#"), true),
        ("4.19", scope("/Berlin"), false),
        ("4.3.6.4", via("other"), true),
        ("4.3.6.4", via("me"), false),
        ("5.12", data(Some("urn:x:d")), true),
        ("5.12", data(None), false),
        ("4.20", operation(Operation::QueryEntity), true),
        ("4.20", operation(Operation::QueryBatch), false),
    ] {
        assert_eq!(
            !matches(query.clone(), &registered).is_empty(),
            expected,
            "{clause} {query:?}"
        );
    }
}

#[test]
fn clause_4_3_6_3_what_is_covered() {
    let name = Name::default_term;
    let id = Uri::parse("urn:x:1").unwrap();
    for (info, expected) in [
        (
            json!({"entities": [{"type": "A", "id": "urn:x:1"}], "propertyNames": ["p"]}),
            true,
        ),
        (json!({"entities": [{"type": "B", "id": "urn:x:1"}]}), true),
        (
            json!({"entities": [{"type": "A"}], "relationshipNames": ["p"]}),
            true,
        ),
        (json!({"entities": [{"type": "A", "idPattern": "1$"}]}), true),
        (json!({"propertyNames": ["p"]}), true),
        (json!({"entities": [{"type": "B"}]}), false),
        (json!({"entities": [{"type": "A", "idPattern": "2$"}]}), false),
        (json!({"entities": [{"type": "A", "id": "urn:x:2"}]}), false),
        (
            json!({"entities": [{"type": "A"}], "propertyNames": ["q"]}),
            false,
        ),
    ] {
        let registered = registration(&json!({"information": [info]}));
        assert_eq!(
            registered.covers(&id, &[name("A")], &name("p")),
            expected,
            "{info}"
        );
    }
}
