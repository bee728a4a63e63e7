//! Purge Entities over HTTP. Cases name clauses of ETSI GS CIM 009 V1.9.1.

use crate::common::City;
use serde_json::json;

const ENTITIES: &str = "/ngsi-ld/v1/entities";

#[tokio::test]
async fn clause_5_6_21_purge() {
    let names = |reply: &crate::common::Reply| -> Vec<String> {
        let list = reply.json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let city = City::new();
    for n in 1..=3 {
        let entity = format!(
            r#"{{"id":"urn:ngsi-ld:T:{n}","type":"T","scope":"/A","a":{n},"b":[{{"type":"Property","value":1}},{{"type":"Property","value":2,"datasetId":"urn:d:1"}}]}}"#
        );
        assert_eq!(city.ask("POST", ENTITIES, &[], Some(&entity)).await.status, 201);
    }
    let all = format!("{ENTITIES}?type=T");
    for (query, status) in [
        ("", 400),
        ("?id=urn:ngsi-ld:T:1", 400),
        ("?idPattern=.*", 400),
        ("?attrs=createdAt", 400),
        ("?type=T&keep=a&drop=b", 400),
        ("?type=T&q=owner%7Bname%7D==1", 400),
        ("?typ=T", 400),
        ("?type=None", 204),
    ] {
        let reply = city.ask("DELETE", &format!("{ENTITIES}{query}"), &[], None).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        assert_eq!(names(&city.get(&all).await).len(), 3, "{query}");
    }
    let purge = async |query: &str| {
        let reply = city
            .ask("DELETE", &format!("{ENTITIES}?{query}"), &[], None)
            .await;
        assert_eq!(
            (reply.status, reply.body.len()),
            (204, 0),
            "{query}: {}",
            reply.text()
        );
    };
    purge("type=T&q=a==1&drop=b").await;
    let one = city
        .get(&format!("{ENTITIES}/urn:ngsi-ld:T:1?options=keyValues"))
        .await
        .json();
    assert_eq!(
        one,
        json!({"id": "urn:ngsi-ld:T:1", "type": "T", "scope": "/A", "a": 1})
    );
    purge("type=T&id=urn:ngsi-ld:T:2&keep=b").await;
    let two = city
        .get(&format!(
            "{ENTITIES}/urn:ngsi-ld:T:2?pick=id,a,b,scope&options=keyValues"
        ))
        .await
        .json();
    assert!(
        two.get("a").is_none() && two.get("scope").is_none() && two.get("b").is_some(),
        "{two}"
    );
    purge("q=a%3E=2").await;
    assert_eq!(
        names(&city.get(&all).await),
        ["urn:ngsi-ld:T:1", "urn:ngsi-ld:T:2"]
    );
    purge("local=true").await;
    assert!(names(&city.get(&all).await).is_empty());
}

/// A map that has ended is not made anew to delete by: a new one may hold more.
#[tokio::test]
async fn clause_5_5_14_nothing_goes_by_a_map_that_is_not_there() {
    let city = City::new();
    for n in 1..=3 {
        city.create(&json!({"id": format!("urn:v:{n}"), "type": "V"}))
            .await;
    }
    let all = format!("{ENTITIES}?type=V");
    for map in ["urn:ngsi-ld:EntityMap:gone", "/ngsi-ld/v1/entityMaps/urn:x:1"] {
        let refused = city.ask("DELETE", &all, &[("ngsild-entitymap", map)], None).await;
        assert_eq!(
            (refused.status, &*refused.error()),
            (404, "ResourceNotFound"),
            "{}",
            refused.text()
        );
        assert_eq!(city.get(&all).await.json().as_array().unwrap().len(), 3);
    }
    let made = city.get("/ngsi-ld/v1/entityMaps?type=V&id=urn:v:1,urn:v:2").await;
    let map = made.header("ngsild-entitymap").to_owned();
    let gone = city
        .ask("DELETE", &all, &[("ngsild-entitymap", &map)], None)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(city.get(&all).await.json()[0]["id"], "urn:v:3");
}
