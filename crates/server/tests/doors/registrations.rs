//! `/csourceRegistrations` at the doors (5.9, 5.10).

use serde_json::{Value, json};

use crate::common::{City, link};

const ROOT: &str = "/ngsi-ld/v1/csourceRegistrations";

fn source(id: &str, changes: &Value) -> Value {
    let mut json = json!({
        "id": format!("urn:x:{id}"),
        "type": "ContextSourceRegistration",
        "endpoint": "http://a.example",
        "information": [{"entities": [{"type": "Building"}]}],
    });
    let given = changes.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(given);
    json
}

async fn register(city: &City, registration: &Value) {
    let reply = city.post(ROOT, registration).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let path = format!("{ROOT}/{}", registration["id"].as_str().unwrap());
    assert_eq!(reply.header("location"), path, "6.8.3.1");
}

async fn found(city: &City, query: &str) -> Vec<String> {
    let reply = city.get(&format!("{ROOT}?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let ids = reply.json();
    let ids = ids.as_array().unwrap().iter();
    ids.map(|one| {
        one["id"]
            .as_str()
            .unwrap()
            .trim_start_matches("urn:x:")
            .to_owned()
    })
    .collect()
}

#[tokio::test]
async fn clauses_5_9_and_5_10_1_a_life() {
    let city = City::new();
    let written = source("1", &json!({"csourceProperty1": "aValue"}));
    register(&city, &written).await;
    let path = format!("{ROOT}/urn:x:1");
    assert_eq!(city.get(&path).await.json(), written, "5.10.1.4");
    let twice = city.post(ROOT, &written).await;
    assert_eq!(
        (twice.status, twice.error().as_str()),
        (409, "AlreadyExists"),
        "5.9.2.4"
    );

    city.clock.advance(1_000_000);
    let changed = city
        .patch(
            &path,
            &json!({"endpoint": "http://b.example", "expiresAt": "2026-06-01T00:00:00Z"}),
        )
        .await;
    assert_eq!((changed.status, changed.text().as_str()), (204, ""), "5.9.3.5");
    let read = city.get(&format!("{path}?options=sysAttrs")).await.json();
    assert_eq!(read["endpoint"], "http://b.example");
    assert_eq!(read["createdAt"], "2026-05-01T12:00:00Z");
    assert_eq!(read["modifiedAt"], "2026-05-01T12:00:01Z");
    assert_eq!(city.patch(&path, &json!({"expiresAt": null})).await.status, 204);
    assert!(city.get(&path).await.json().get("expiresAt").is_none(), "5.5.8");

    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204, "5.9.4");
    for (method, body) in [("GET", None), ("DELETE", None), ("PATCH", Some("{}"))] {
        let gone = city.ask(method, &path, &[], body).await;
        assert_eq!(
            (gone.status, gone.error().as_str()),
            (404, "ResourceNotFound"),
            "{method}"
        );
        let bad = city.ask(method, &format!("{ROOT}/nothing"), &[], body).await;
        assert_eq!(
            (bad.status, bad.error().as_str()),
            (400, "BadRequestData"),
            "{method}"
        );
    }
    let mut without_id = written;
    without_id.as_object_mut().unwrap().shift_remove("id");
    let reply = city.post(ROOT, &without_id).await;
    assert!(
        reply.header("location").starts_with(&format!("{ROOT}/urn:")),
        "5.9.2.4"
    );
}

#[tokio::test]
async fn clause_5_9_2_4_what_contradicts() {
    let city = City::new();
    city.create(&json!({"id": "urn:x:here", "type": "Building", "name": {"type": "Property", "value": 1}}))
        .await;
    let info = json!([{"entities": [{"type": "Building", "id": "urn:x:here"}], "propertyNames": ["name"]}]);
    for mode in ["exclusive", "redirect"] {
        let registration = source("1", &json!({"mode": mode, "information": info}));
        let reply = city.post(ROOT, &registration).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (409, "Conflict"),
            "{mode}"
        );
    }
    register(&city, &source("1", &json!({"information": info}))).await;
    let reply = city
        .patch(&format!("{ROOT}/urn:x:1"), &json!({"mode": "redirect"}))
        .await;
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (409, "Conflict"),
        "5.9.3.4"
    );
}

#[tokio::test]
async fn clause_5_10_2_discovery() {
    let city = City::new();
    let info =
        |kind: &str, property: &str| json!([{"entities": [{"type": kind}], "propertyNames": [property]}]);
    for registration in [
        source("plain", &json!({})),
        source("names", &json!({"information": info("Building", "name")})),
        source(
            "cars",
            &json!({"information": info("Car", "speed"), "own": 5, "scope": "/Madrid/Centro"}),
        ),
        source(
            "place",
            &json!({"location": {"type": "Point", "coordinates": [8.68, 49.41]}}),
        ),
        source(
            "past",
            &json!({"observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}}),
        ),
    ] {
        register(&city, &registration).await;
    }
    for (query, expected) in [
        ("type=Building", vec!["plain", "names", "place"]),
        ("type=Car%7CBuilding&limit=2&offset=1", vec!["names", "cars"]),
        ("attrs=name", vec!["plain", "names", "place"]),
        ("pick=id,name&type=Building", vec!["plain", "names", "place"]),
        ("type=Car&omit=speed", vec![]),
        ("attrs=", vec!["too wide"]),
        ("q=speed%3E5", vec!["plain", "cars", "place"]),
        ("type=Building&id=urn:x:any", vec!["plain", "names", "place"]),
        (
            "type=Building&georel=near;maxDistance==2000&geometry=Point&coordinates=%5B8.68,49.41%5D",
            vec!["place"],
        ),
        (
            "type=Building&timerel=before&timeAt=2022-01-01T00:00:00Z&timeproperty=",
            vec!["past"],
        ),
        ("type=Building&timerel=after&timeAt=2022-01-01T00:00:00Z", vec![]),
        (
            "type=Building&timerel=before&timeAt=2022-01-01T00:00:00Z&timeproperty=createdAt",
            vec![],
        ),
        ("type=Car&csf=own==5", vec!["cars"]),
        ("type=Car&csf=own==6", vec![]),
        ("type=Car&scopeQ=/Madrid/%23", vec!["cars"]),
        ("type=Building&scopeQ=/Madrid/%23", vec![]),
    ] {
        if expected == ["too wide"] {
            let reply = city.get(&format!("{ROOT}?{query}")).await;
            assert_eq!(
                (reply.status, reply.error().as_str()),
                (400, "BadRequestData"),
                "{query}"
            );
            continue;
        }
        assert_eq!(found(&city, query).await, expected, "{query}");
    }
    let counted = city
        .get(&format!("{ROOT}?type=Building&count=true&limit=1&offset=1"))
        .await;
    assert_eq!(counted.header("ngsild-results-count"), "3", "6.3.13");
    let links = counted.header_all("link");
    assert!(
        links.contains("rel=\"next\"") && links.contains("rel=\"prev\""),
        "{links}"
    );
}

#[tokio::test]
async fn clause_5_10_2_4_what_cannot_be_asked() {
    let city = City::new();
    for (query, error) in [
        ("", "BadRequestData"),
        ("id=urn:x:1", "BadRequestData"),
        ("id=invalidUri&type=A", "BadRequestData"),
        ("q=(invalidQuery", "BadRequestData"),
        ("georel=within", "BadRequestData"),
        ("timerel=before&type=A", "BadRequestData"),
        ("type=A&idPattern=(", "BadRequestData"),
        ("type=A&csf=a==", "BadRequestData"),
        ("type=A&scopeQ=//", "BadRequestData"),
        ("type=A&invalid=1", "InvalidRequest"),
    ] {
        let reply = city.get(&format!("{ROOT}?{query}")).await;
        assert_eq!((reply.status, reply.error().as_str()), (400, error), "{query}");
    }
}

#[tokio::test]
async fn clause_5_5_7_names_are_those_of_the_reader() {
    let city = City::new();
    let linked = link("http://a.example/context.jsonld");
    let registration = source(
        "1",
        &json!({"information": [{"entities": [{"type": "Tower"}], "propertyNames": ["height"]}]}),
    );
    let reply = city
        .ask(
            "POST",
            ROOT,
            &[("link", &linked)],
            Some(&registration.to_string()),
        )
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let plain = city.get(&format!("{ROOT}/urn:x:1")).await.json();
    assert_eq!(
        plain["information"][0]["propertyNames"],
        json!(["http://a.example/height"])
    );
    assert!(found(&city, "type=Tower").await.is_empty());
    let own = city
        .ask("GET", &format!("{ROOT}?type=Tower"), &[("link", &linked)], None)
        .await;
    assert_eq!(own.json()[0]["information"], registration["information"]);
}
