//! Linked entities over HTTP: retrieval (4.5.23), projection (4.21) and queries (4.9) through them. Cases name clauses
//! of ETSI GS CIM 009 V1.9.1.

use std::fmt::Write as _;

use crate::common::City;
use serde_json::{Value, json};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const QUERY: &str = "/ngsi-ld/v1/entityOperations/query";
const CAR: &str = "/ngsi-ld/v1/entities/urn:ngsi-ld:Car:1";

fn id(local: &str) -> String {
    format!("urn:ngsi-ld:{local}")
}

/// A car, parked at a place that a company owns, with passengers and a route; the company owns itself.
async fn town() -> City {
    let city = City::new();
    for entity in [
        json!({"id": id("Car:1"), "type": "Car", "brand": "Mercedes",
            "isParked": {"object": id("Parking:1"), "providedBy": {"object": id("Person:Bob")}},
            "passengers": {"type": "Relationship", "object": [id("Person:Alice"), id("Person:Bob"), id("Person:Nobody")]},
            "route": {"type": "ListRelationship", "objectList": [id("City:1"), id("City:2")]},
            "lost": {"object": id("Nothing:1")}}),
        json!({"id": id("Parking:1"), "type": "Parking", "name": "Top", "free": 20,
            "operatedBy": {"object": id("Company:1")}}),
        json!({"id": id("Company:1"), "type": "Company", "name": "Big", "parent": {"object": id("Company:1")},
            "runs": {"object": id("Parking:1")}}),
        json!({"id": id("Person:Alice"), "type": "Person", "name": "Alice"}),
        json!({"id": id("Person:Bob"), "type": "Person", "name": "Bob", "knows": {"object": id("Person:Alice")}}),
        json!({"id": id("City:1"), "type": "City", "name": "Antwerp"}),
        json!({"id": id("City:2"), "type": "City", "name": "Rotterdam"}),
    ] {
        city.create(&entity).await;
    }
    city
}

/// A query's text as it stands in a URL.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '[' | ']' | ' ' | '^' | '{' | '}' | '|' | '~' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn ids(json: &Value) -> String {
    let ids = json.as_array().unwrap().iter();
    ids.map(|entity| {
        entity["id"]
            .as_str()
            .unwrap()
            .split(':')
            .skip(2)
            .collect::<Vec<_>>()
            .join(":")
    })
    .collect::<Vec<_>>()
    .join(" ")
}

#[tokio::test]
async fn clause_4_5_23_2_inline() {
    let city = town().await;
    let car = city.get(&format!("{CAR}?join=inline")).await.json();
    assert_eq!(
        car["isParked"],
        json!({"type": "Relationship", "object": id("Parking:1"),
            "entity": {"id": id("Parking:1"), "type": "Parking", "name": {"type": "Property", "value": "Top"},
                "free": {"type": "Property", "value": 20},
                "operatedBy": {"type": "Relationship", "object": id("Company:1")}},
            "providedBy": {"type": "Relationship", "object": id("Person:Bob")}})
    );
    assert_eq!(ids(&car["passengers"]["entity"]), "Person:Alice Person:Bob");
    assert_eq!(ids(&car["route"]["entityList"]), "City:1 City:2");
    assert_eq!(
        car["route"]["objectList"],
        json!([{"object": id("City:1")}, {"object": id("City:2")}])
    );
    assert_eq!(
        car["lost"],
        json!({"type": "Relationship", "object": id("Nothing:1")})
    );

    let deep = city.get(&format!("{CAR}?join=inline&joinLevel=5")).await.json();
    let company = &deep["isParked"]["entity"]["operatedBy"]["entity"];
    assert_eq!(company["name"]["value"], "Big");
    // Neither itself nor what it stands inside of.
    assert!(company["parent"].get("entity").is_none());
    assert!(company["runs"].get("entity").is_none());

    let without = city
        .get(&format!(
            "{CAR}?join=inline&joinLevel=1&containedBy={}",
            id("Parking:1")
        ))
        .await
        .json();
    assert!(without["isParked"].get("entity").is_none());
    assert!(without["route"].get("entityList").is_some());
    let none = city.get(&format!("{CAR}?join=@none&joinLevel=2")).await.json();
    assert_eq!(none, city.get(CAR).await.json());
}

#[tokio::test]
async fn annex_c_2_2_simplified_and_concise() {
    let city = town().await;
    let car = city
        .get(&format!("{CAR}?join=inline&options=keyValues"))
        .await
        .json();
    assert_eq!(
        car["isParked"],
        json!({"id": id("Parking:1"), "type": "Parking", "name": "Top", "free": 20, "operatedBy": id("Company:1")})
    );
    assert_eq!(
        car["passengers"][0],
        json!({"id": id("Person:Alice"), "type": "Person", "name": "Alice"})
    );
    assert_eq!(car["passengers"][2], id("Person:Nobody"));
    assert_eq!(ids(&car["route"]), "City:1 City:2");
    assert_eq!(car["lost"], id("Nothing:1"));
    let concise = city
        .get(&format!("{CAR}?join=inline&format=concise"))
        .await
        .json();
    assert_eq!(
        concise["route"]["entityList"][0],
        json!({"id": id("City:1"), "type": "City", "name": "Antwerp"})
    );
}

#[tokio::test]
async fn clause_4_5_23_3_flat() {
    let city = town().await;
    let one = city.get(&format!("{CAR}?join=flat")).await.json();
    assert_eq!(ids(&one), "Car:1 Parking:1 Person:Alice Person:Bob City:1 City:2");
    assert!(one[0]["isParked"].get("entity").is_none());
    let two = city.get(&format!("{CAR}?join=flat&joinLevel=9")).await.json();
    assert_eq!(
        ids(&two),
        "Car:1 Parking:1 Person:Alice Person:Bob City:1 City:2 Company:1"
    );
    let people = city
        .get(&format!("{ENTITIES}?type=Person&join=flat"))
        .await
        .json();
    assert_eq!(ids(&people), "Person:Alice Person:Bob", "each stands there once");
    let geo = city
        .ask(
            "GET",
            &format!("{CAR}?join=flat"),
            &[("accept", "application/geo+json")],
            None,
        )
        .await
        .json();
    assert_eq!(geo["type"], "FeatureCollection");
    assert_eq!(geo["features"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn clause_4_21_nested_projections() {
    let city = town().await;
    let get = async |query: &str| city.get(&format!("{CAR}?{}", encoded(query))).await.json();
    assert_eq!(
        get("join=inline&pick=id,isParked{name}").await,
        json!({"id": id("Car:1"), "isParked": {"type": "Relationship", "object": id("Parking:1"),
            "entity": {"name": {"type": "Property", "value": "Top"}},
            "providedBy": {"type": "Relationship", "object": id("Person:Bob")}}})
    );
    assert_eq!(
        get("join=inline&joinLevel=2&options=keyValues&pick=isParked{id,operatedBy{name}}").await,
        json!({"isParked": {"id": id("Parking:1"), "operatedBy": {"name": "Big"}}})
    );
    let omitted =
        get("join=inline&options=keyValues&omit=passengers,route,isParked{free,operatedBy|type}").await;
    assert_eq!(
        omitted,
        json!({"id": id("Car:1"), "type": "Car", "brand": "Mercedes", "lost": id("Nothing:1"),
            "isParked": {"id": id("Parking:1"), "name": "Top"}})
    );
    assert_eq!(
        ids(&get("join=flat&pick=id,brand").await),
        "Car:1",
        "what is not picked leads nowhere"
    );
    assert_eq!(
        get("join=flat&options=keyValues&pick=id,isParked{id,name}").await,
        json!([{"id": id("Car:1"), "isParked": id("Parking:1")}, {"id": id("Parking:1"), "name": "Top"}])
    );
}

#[tokio::test]
async fn clauses_5_7_1_4_and_5_7_2_4_refusals() {
    let city = town().await;
    for bad in [
        "pick=isParked{name}",
        "omit=isParked{name}",
        "pick=isParked{name}&join=@none",
        "pick=isParked{operatedBy{name}}&join=inline",
        "omit=a{b{c{d}}}&join=flat&joinLevel=2",
        "join=sideways",
        "join=inline&joinLevel=0",
        "join=inline&containedBy=x",
        "pick=name&omit=name",
        "pick=name&attrs=name",
        "pick=id,,name",
        "pick=id;name",
    ] {
        for path in [CAR.to_owned(), format!("{ENTITIES}?type=Car")] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let reply = city.get(&format!("{path}{sign}{}", encoded(bad))).await;
            assert_eq!(
                (reply.status, reply.error().as_str()),
                (400, "BadRequestData"),
                "{path} {bad}"
            );
        }
    }
    for bad in [
        "q=isParked{name}==\"Top\"",
        "q=isParked{name}==\"Top\"&join=@none",
        "q=isParked{operatedBy{name}}&join=inline",
    ] {
        let reply = city.get(&format!("{ENTITIES}?type=Car&{}", encoded(bad))).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{bad}"
        );
    }
    let deep = city.get(&format!("{CAR}?join=inline&joinLevel=11")).await;
    assert_eq!((deep.status, deep.error().as_str()), (403, "TooComplexQuery"));
    let path = "/ngsi-ld/v1/temporal/entities?type=Car&timerel=after&timeAt=2020-01-01T00:00:00Z";
    for bad in ["pick=a{b}&join=inline", "q=isParked{name}&join=inline"] {
        assert_eq!(
            city.get(&format!("{path}&{}", encoded(bad))).await.status,
            400,
            "5.7.4.4: {bad}"
        );
    }
}

#[tokio::test]
async fn clause_4_9_queries_through_relationships() {
    let city = town().await;
    for (q, found) in [
        ("isParked{name}==\"Top\"", "Car:1"),
        ("isParked{Parking:free}>10", "Car:1"),
        ("isParked{Person:free}>10", ""),
        ("isParked{Parking:operatedBy{Company:name}}~=\"^B\"", "Car:1"),
        ("passengers{name}==\"Bob\";brand==\"Mercedes\"", "Car:1"),
        ("passengers{name}==\"Carl\"", ""),
        ("route{name}==\"Rotterdam\",\"Ghent\"", "Car:1"),
        ("knows{name}", "Person:Bob"),
    ] {
        let text = encoded(q);
        let reply = city
            .get(&format!(
                "{ENTITIES}?local=true&join=flat&joinLevel=2&pick=id&q={text}"
            ))
            .await;
        assert_eq!((reply.status, ids(&reply.json()).as_str()), (200, found), "{q}");
        let body = json!({"type": "Query", "q": q, "join": "inline", "joinLevel": 2, "pick": ["id"]});
        let reply = city.post(QUERY, &body).await;
        assert_eq!((reply.status, ids(&reply.json()).as_str()), (200, found), "{q}");
    }
}

#[tokio::test]
async fn clause_5_2_23_joined_by_post() {
    let city = town().await;
    let query = |more: Value| {
        let mut query = json!({"type": "Query", "entities": [{"type": "Car"}]});
        query
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        query
    };
    let reply = city
        .post(
            &format!("{QUERY}?options=keyValues"),
            &query(json!({"join": "inline", "joinLevel": 2, "containedBy": [id("Company:1")], "pick": ["id", "isParked{name,operatedBy}"]})),
        )
        .await;
    assert_eq!(
        reply.json(),
        json!([{"id": id("Car:1"), "isParked": {"name": "Top", "operatedBy": id("Company:1")}}])
    );
    for bad in [
        json!({"join": "inline", "joinLevel": 0}),
        json!({"join": "inline", "joinLevel": "1"}),
        json!({"join": 1}),
        json!({"join": "inline", "containedBy": []}),
        json!({"splitEntities": "yes"}),
        json!({"csf": "))bad(("}),
        json!({"temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}}),
    ] {
        assert_eq!(city.post(QUERY, &query(bad.clone())).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn clause_4_9_expand_values_and_json_keys() {
    let city = City::new();
    city.create(&json!({"id": id("Person:1"), "type": "Person",
        "gender": {"type": "VocabProperty", "vocab": "Male"},
        "tickets": {"type": "JsonProperty", "json": {"value": "Overstay 60 minutes"}}}))
        .await;
    for (query, found) in [
        ("q=gender==Male&expandValues=gender", 1),
        ("q=gender==\"Male\"&expandValues=gender", 1),
        ("q=gender==Male", 0),
        ("q=gender!=Male&expandValues=gender", 0),
        ("q=gender==Male&expandValues=gender&jsonKeys=gender", 0),
        ("q=tickets[value]==\"Overstay 60 minutes\"&jsonKeys=tickets", 1),
        ("q=gender==https://uri.etsi.org/ngsi-ld/default-context/Male", 1),
        ("q=gender&splitEntities=true&csf=name==1", 1),
    ] {
        let text = encoded(query);
        let reply = city.get(&format!("{ENTITIES}?{text}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        assert_eq!(reply.json().as_array().unwrap().len(), found, "{query}");
    }
    for bad in [
        "q=modifiedAt>2020-01-01T00:00:00Z",
        "attrs=createdAt",
        "type=*&local=false",
        "type=Person&splitEntities=perhaps",
        "type=Person&csf=))bad((",
        "type=Person&q=gender&expandValues=a,,b",
    ] {
        assert_eq!(
            city.get(&format!("{ENTITIES}?{}", encoded(bad))).await.status,
            400,
            "{bad}"
        );
    }
}
