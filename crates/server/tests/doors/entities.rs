//! Entities over HTTP: create, retrieve, query, merge, replace, delete, attributes. Cases name clauses of
//! ETSI GS CIM 009 V1.9.1.

use crate::common::{City, link};
use serde_json::{Value, json};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

pub(crate) fn stop(n: u32) -> Value {
    json!({
        "id": format!("urn:ngsi-ld:GtfsStop:{n}"),
        "type": "GtfsStop",
        "name": {"type": "Property", "value": format!("Stop {n}")},
        "wheelchair": {"type": "Property", "value": n.is_multiple_of(2)},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [36.8 + f64::from(n) * 0.01, -1.3]}}
    })
}

pub(crate) async fn stops(count: u32) -> City {
    let city = City::new();
    for n in 0..count {
        city.create(&stop(n)).await;
    }
    city
}

#[tokio::test]
async fn clause_5_6_1_and_5_7_1_created_and_retrieved() {
    let city = City::new();
    let reply = city.post(ENTITIES, &stop(1)).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (201, "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:1")
    );
    let again = city.post(ENTITIES, &stop(1)).await;
    assert_eq!((again.status, again.error().as_str()), (409, "AlreadyExists"));

    let reply = city.get("/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:1").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(
        reply.header("link").contains("ngsi-ld-core-context"),
        "6.3.6: {}",
        reply.header("link")
    );
    assert_eq!(reply.json(), stop(1));

    let simple = city
        .get("/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:1?options=keyValues")
        .await
        .json();
    assert_eq!(simple["name"], "Stop 1");
    let system = city
        .get("/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:1?options=sysAttrs")
        .await
        .json();
    assert_eq!(system["createdAt"], "2026-05-01T12:00:00Z");
    let missing = city.get("/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:2").await;
    assert_eq!(
        (missing.status, missing.error().as_str()),
        (404, "ResourceNotFound")
    );
    assert_eq!(missing.json()["status"], 404);
}

#[tokio::test]
async fn clause_5_7_1_parameters_of_retrieve() {
    let city = stops(1).await;
    let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:0";
    for (query, status, members) in [
        ("?attrs=name", 200, &["id", "type", "name"][..]),
        ("?attrs=colour", 404, &[]),
        ("?pick=id,name", 200, &["id", "name"]),
        ("?omit=location,wheelchair", 200, &["id", "type", "name"]),
        (
            "?type=GtfsStop",
            200,
            &["id", "type", "name", "wheelchair", "location"],
        ),
        ("?type=Vehicle", 404, &[]),
        (
            "?type=Vehicle,GtfsStop",
            200,
            &["id", "type", "name", "wheelchair", "location"],
        ),
        ("?geometryProperty=location", 400, &[]),
        ("?options=nonsense", 400, &[]),
        ("?format=nonsense", 400, &[]),
        ("?attrs=name&attrs=location", 400, &[]),
        ("?pick=rel{name}", 400, &[]),
        ("?join=sideways", 400, &[]),
        ("?unknownParameter=1", 400, &[]),
        ("?pick=nothingHasThis", 404, &[]),
    ] {
        let reply = city.get(&format!("{path}{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 200 {
            let body = reply.json();
            let found: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(found, members, "{query}");
        }
    }
    assert_eq!(
        city.get("/ngsi-ld/v1/entities/not-a-uri").await.error(),
        "BadRequestData"
    );
}

#[tokio::test]
async fn clause_6_3_4_media_types() {
    let city = stops(1).await;
    let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:0";
    let ld = city
        .ask("GET", path, &[("accept", "application/ld+json")], None)
        .await;
    assert_eq!(ld.header("content-type"), "application/ld+json");
    assert!(ld.json().get("@context").is_some() && ld.header("link").is_empty());
    let geo = city
        .ask("GET", path, &[("accept", "application/geo+json")], None)
        .await;
    assert_eq!(
        (geo.header("content-type"), geo.json()["type"].as_str()),
        ("application/geo+json", Some("Feature"))
    );
    assert!(geo.json().get("@context").is_some());
    let headers = [("accept", "application/geo+json"), ("prefer", "body=json")];
    let geo = city.ask("GET", path, &headers, None).await;
    assert!(geo.json().get("@context").is_none() && geo.header("link").contains("json-ld#context"));
    let many = city
        .ask(
            "GET",
            "/ngsi-ld/v1/entities?type=GtfsStop",
            &[("accept", "application/geo+json")],
            None,
        )
        .await;
    assert_eq!(many.json()["type"], "FeatureCollection");
    let none = city.ask("GET", path, &[("accept", "text/turtle")], None).await;
    assert_eq!(
        (none.status, none.json()["availableRepresentations"][0].as_str()),
        (406, Some("application/json"))
    );
    let types = city
        .ask(
            "GET",
            "/ngsi-ld/v1/types",
            &[("accept", "application/geo+json")],
            None,
        )
        .await;
    assert_eq!(types.status, 406);

    let text = city
        .ask("POST", ENTITIES, &[("content-type", "text/plain")], Some("{}"))
        .await;
    assert_eq!((text.status, text.body.len()), (415, 0));
    let patch = [("content-type", "application/merge-patch+json")];
    let merged = city
        .ask(
            "PATCH",
            path,
            &patch,
            Some(r#"{"name":{"type":"Property","value":"x"}}"#),
        )
        .await;
    assert_eq!(merged.status, 204, "{}", merged.text());
    let posted = city.ask("POST", ENTITIES, &patch, Some("{}")).await;
    assert_eq!(posted.status, 415);
    let request = axum::http::Request::post(ENTITIES).header("content-type", "application/json");
    let reply = city
        .send(request.body(axum::body::Body::from("{}")).unwrap())
        .await;
    assert_eq!((reply.status, reply.body.len()), (411, 0));
}

#[tokio::test]
async fn clause_6_3_5_where_the_context_comes_from() {
    let city = City::new();
    let url = "http://a.example/context.jsonld";
    let tower = json!({"id": "urn:t:1", "type": "Tower", "height": {"type": "Property", "value": 300}});
    let with_context = |context: Value| {
        let mut body = tower.clone();
        body["@context"] = context;
        body.to_string()
    };
    let link = link(url);
    let ld = ("content-type", "application/ld+json");
    let unknown = link.replace("a.example", "b.example");
    for (what, headers, body, status, error) in [
        (
            "json with @context",
            vec![],
            with_context(json!(url)),
            400,
            "BadRequestData",
        ),
        (
            "ld+json without",
            vec![ld],
            tower.to_string(),
            400,
            "BadRequestData",
        ),
        (
            "both",
            vec![ld, ("link", &link)],
            with_context(json!(url)),
            400,
            "BadRequestData",
        ),
        (
            "not to be had",
            vec![("link", unknown.as_str())],
            tower.to_string(),
            504,
            "LdContextNotAvailable",
        ),
        (
            "not a context",
            vec![ld],
            with_context(json!(17)),
            400,
            "BadRequestData",
        ),
        (
            "json with Link",
            vec![("link", &link)],
            tower.to_string(),
            201,
            "",
        ),
    ] {
        let reply = city.ask("POST", ENTITIES, &headers, Some(&body)).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{what}: {}",
            reply.text()
        );
    }
    let found = city
        .ask(
            "GET",
            "/ngsi-ld/v1/entities?type=Tower&q=height==300",
            &[("link", &link)],
            None,
        )
        .await;
    assert_eq!(found.json()[0]["height"]["value"], 300);
    assert!(found.header("link").contains(url));
    let plain = city.get("/ngsi-ld/v1/entities/urn:t:1").await;
    assert_eq!(
        plain.json()["http://a.example/height"]["value"],
        300,
        "{}",
        plain.text()
    );
    let elsewhere = city.get("/ngsi-ld/v1/entities?type=Tower").await;
    assert_eq!(elsewhere.json(), json!([]));

    let inline = with_context(json!([{"Tower": "http://a.example/Tower"}])).replace("urn:t:1", "urn:t:2");
    let reply = city.ask("POST", ENTITIES, &[ld], Some(&inline)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let found = city
        .ask(
            "GET",
            "/ngsi-ld/v1/entities?type=Tower&attrs=height",
            &[("link", &link)],
            None,
        )
        .await;
    assert_eq!(
        found.json().as_array().unwrap().len(),
        1,
        "an inline @context gave the other another name"
    );
}

#[tokio::test]
async fn clause_5_7_2_queries() {
    let city = stops(10).await;
    for (query, status, count) in [
        ("type=GtfsStop", 200, 10),
        ("type=GtfsStop%7CVehicle", 200, 10),
        ("type=(GtfsStop;Vehicle)", 200, 0),
        ("type=Vehicle", 200, 0),
        ("type=*", 200, 10),
        ("q=wheelchair==true", 200, 5),
        ("q=wheelchair==true;name==%22Stop%202%22", 200, 1),
        ("q=name~=Stop%20%5B12%5D", 200, 2),
        ("attrs=name", 200, 10),
        ("attrs=colour", 200, 0),
        (
            "id=urn:ngsi-ld:GtfsStop:1,urn:ngsi-ld:GtfsStop:3&type=GtfsStop",
            200,
            2,
        ),
        ("idPattern=GtfsStop:%5B1-3%5D$&type=GtfsStop", 200, 3),
        (
            "georel=near;maxDistance==1500&geometry=Point&coordinates=%5B36.80,-1.3%5D",
            200,
            2,
        ),
        (
            "georel=within&geometry=Polygon&coordinates=%5B%5B%5B36.795,-1.31%5D,%5B36.825,-1.31%5D,%5B36.825,-1.29%5D,%5B36.795,-1.29%5D,%5B36.795,-1.31%5D%5D%5D",
            200,
            3,
        ),
        ("local=true", 200, 10),
        ("", 400, 0),
        ("id=urn:ngsi-ld:GtfsStop:1", 400, 0),
        ("scopeQ=/A", 400, 0),
        ("type=GtfsStop&id=x", 400, 0),
        ("type=GtfsStop&idPattern=(", 400, 0),
        ("type=", 400, 0),
        ("type=GtfsStop&q=name==", 400, 0),
        ("q=((((name", 400, 0),
        ("type=GtfsStop&georel=near&geometry=Point", 400, 0),
        (
            "type=GtfsStop&georel=beside&geometry=Point&coordinates=%5B0,0%5D",
            400,
            0,
        ),
        (
            "type=GtfsStop&georel=within&geometry=Point&coordinates=nowhere",
            400,
            0,
        ),
        ("type=GtfsStop&limit=-1", 400, 0),
        ("type=GtfsStop&limit=x", 400, 0),
        ("type=GtfsStop&limit=0", 400, 0),
        ("type=GtfsStop&limit=1001", 403, 0),
        ("type=GtfsStop&offset=-1", 400, 0),
        ("type=GtfsStop&count=yes", 400, 0),
        ("type=GtfsStop&datasetId=x", 400, 0),
        ("type=GtfsStop&odrerBy=name", 400, 0),
        ("attrs=id", 400, 0),
        ("attrs=createdAt", 400, 0),
        ("q=modifiedAt%3E2020-01-01T00:00:00Z", 400, 0),
        ("type=*&local=false", 400, 0),
        ("type=GtfsStop&csf=))x((", 400, 0),
        ("type=GtfsStop&pick=name&omit=name", 400, 0),
        ("type=GtfsStop&attrs=name&pick=name", 400, 0),
        ("type=GtfsStop&idPattern=a**", 400, 0),
        ("type=GtfsStop&pick=nothingHasThis", 200, 0),
        ("type=GtfsStop&orderBy=name;sideways", 400, 0),
        ("type=GtfsStop&offset=99", 200, 0),
        ("type=GtfsStop&offset=18446744073709551615", 200, 0),
    ] {
        let reply = city.get(&format!("{ENTITIES}?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 200 {
            assert_eq!(reply.json().as_array().unwrap().len(), count, "{query}");
        } else {
            assert!(
                reply.json()["detail"].as_str().is_some_and(|d| d.len() > 10),
                "{query}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn clauses_6_3_10_and_6_3_13_pages_and_counts() {
    let city = stops(5).await;
    let mut target = format!("{ENTITIES}?type=GtfsStop&limit=2&count=true&options=keyValues");
    let mut seen = Vec::new();
    loop {
        let reply = city.get(&target).await;
        assert_eq!(reply.header("ngsild-results-count"), "5");
        seen.extend(
            reply
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["name"].as_str().unwrap().to_owned()),
        );
        let links = reply.header_all("link");
        let Some(next) = links.split(", ").find(|link| link.contains("rel=\"next\"")) else {
            assert!(links.contains("rel=\"prev\""));
            break;
        };
        assert!(next.contains("type=\"application/json\""), "{next}");
        target = next[1..].split('>').next().unwrap().to_owned();
    }
    assert_eq!(seen, ["Stop 0", "Stop 1", "Stop 2", "Stop 3", "Stop 4"]);
    let only = city
        .get(&format!("{ENTITIES}?type=GtfsStop&limit=0&count=true"))
        .await;
    assert_eq!(
        (only.status, only.json(), only.header("ngsild-results-count")),
        (200, json!([]), "5")
    );
    let without = city.get(&format!("{ENTITIES}?type=GtfsStop")).await;
    assert!(without.header("ngsild-results-count").is_empty());
}

#[tokio::test]
async fn clause_5_6_17_merge_replace_and_delete() {
    let city = stops(1).await;
    let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:0";
    let merge = json!({
        "name": {"type": "Property", "value": "Railways"},
        "wheelchair": "urn:ngsi-ld:null",
        "code": {"type": "Property", "value": 7}
    });
    assert_eq!(city.patch(path, &merge).await.status, 204);
    let body = city.get(&format!("{path}?options=keyValues")).await.json();
    assert_eq!(
        (&body["name"], &body["code"], body.get("wheelchair")),
        (&json!("Railways"), &json!(7), None)
    );
    let simple = city
        .patch(&format!("{path}?options=keyValues"), &json!({"code": 8}))
        .await;
    assert_eq!(simple.status, 204, "{}", simple.text());

    let other = json!({"id": "urn:ngsi-ld:GtfsStop:9", "name": {"type": "Property", "value": "x"}});
    assert_eq!(city.patch(path, &other).await.error(), "BadRequestData");
    assert_eq!(city.patch(&format!("{path}9"), &merge).await.status, 404);
    assert_eq!(
        city.patch(&format!("{path}?observedAt=yesterday"), &merge)
            .await
            .status,
        400
    );
    assert_eq!(
        city.patch(&format!("{path}?type=Vehicle"), &merge).await.status,
        404
    );

    let replaced = city.ask("PUT", path, &[], Some(&stop(0).to_string())).await;
    assert_eq!(replaced.status, 204, "{}", replaced.text());
    assert_eq!(city.get(path).await.json(), stop(0));
    let wrong = city.ask("PUT", path, &[], Some(&stop(1).to_string())).await;
    assert_eq!(wrong.status, 400);

    assert_eq!(city.ask("DELETE", path, &[], None).await.status, 204);
    assert_eq!(city.ask("DELETE", path, &[], None).await.status, 404);
    assert_eq!(city.get(path).await.status, 404);
}

#[tokio::test]
async fn clauses_5_6_2_to_5_6_5_and_5_6_19_attributes() {
    let city = stops(1).await;
    let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:0/attrs";
    let colour = json!({"colour": {"type": "Property", "value": "green"}});
    assert_eq!(
        city.patch(path, &colour).await.status,
        204,
        "5.6.2.4 appends what is not there"
    );
    assert_eq!(city.post(path, &colour).await.status, 204);
    let kept = city
        .post(
            &format!("{path}?options=noOverwrite"),
            &json!({
                "colour": {"type": "Property", "value": "red"}, "size": {"type": "Property", "value": 1}
            }),
        )
        .await;
    assert_eq!(kept.status, 207);
    assert_eq!(
        kept.json()["notUpdated"][0]["attributeName"],
        "https://uri.etsi.org/ngsi-ld/default-context/colour"
    );
    assert_eq!(
        kept.json()["updated"],
        json!(["https://uri.etsi.org/ngsi-ld/default-context/size"])
    );
    assert_eq!(kept.header("content-type"), "application/json");

    let one = format!("{path}/colour");
    assert_eq!(
        city.patch(
            &one,
            &json!({"value": "blue", "observedAt": "2026-05-01T11:00:00Z"})
        )
        .await
        .status,
        204
    );
    let simple = "/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:0";
    let body = city.get(simple).await.json();
    assert_eq!(
        body["colour"],
        json!({"type": "Property", "value": "blue", "observedAt": "2026-05-01T11:00:00Z"})
    );
    let put = city
        .ask("PUT", &one, &[], Some(r#"{"type":"Property","value":"black"}"#))
        .await;
    assert_eq!(put.status, 204, "{}", put.text());
    assert_eq!(
        city.get(simple).await.json()["colour"],
        json!({"type": "Property", "value": "black"})
    );

    assert_eq!(
        city.patch(&format!("{path}/taste"), &json!({"value": 1}))
            .await
            .status,
        404
    );
    assert_eq!(
        city.patch(&format!("{path}/scope"), &json!({"value": "/A"}))
            .await
            .status,
        400
    );
    assert_eq!(
        city.patch(&format!("{path}/a%20b"), &json!({"value": 1}))
            .await
            .status,
        400
    );
    assert_eq!(
        city.ask("DELETE", &format!("{path}/scope"), &[], None)
            .await
            .status,
        404
    );
    assert_eq!(city.ask("DELETE", &one, &[], None).await.status, 204);
    assert_eq!(city.ask("DELETE", &one, &[], None).await.status, 404);
    assert_eq!(
        city.ask("DELETE", &format!("{path}/name?datasetId=urn:x:y"), &[], None)
            .await
            .status,
        404
    );
    assert_eq!(
        city.ask("DELETE", &format!("{path}/name?deleteAll=true"), &[], None)
            .await
            .status,
        204
    );
    assert_eq!(
        city.ask("DELETE", &format!("{path}/type"), &[], None)
            .await
            .status,
        400
    );
}
