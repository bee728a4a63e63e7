//! Entity maps (ETSI GS CIM 009 V1.9.1, 5.5.9.3, 5.5.14, 5.14, 6.32, 6.34, 6.35).

use serde_json::{Value, json};

use crate::common::City;

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const MAPS: &str = "/ngsi-ld/v1/entityMaps";

/// Vehicles `1` to `count`, each with its number as speed.
async fn vehicles(count: usize) -> City {
    let city = City::new();
    for n in 1..=count {
        city.create(&json!({"id": format!("urn:v:{n}"), "type": "Vehicle", "speed": {"type": "Property", "value": n}}))
            .await;
    }
    city
}

fn ids(body: &Value) -> Vec<&str> {
    body.as_array()
        .unwrap()
        .iter()
        .map(|entity| entity["id"].as_str().unwrap())
        .collect()
}

/// The offset that a relation of `Link` names.
fn offset(links: &str, relation: &str) -> Option<usize> {
    let link = links
        .split(", ")
        .find(|link| link.contains(&format!("rel=\"{relation}\"")))?;
    link.split("offset=")
        .nth(1)?
        .split(['>', '&'])
        .next()?
        .parse()
        .ok()
}

#[tokio::test]
async fn clause_5_14_4_a_map_of_what_a_query_finds() {
    let city = vehicles(3).await;
    let query = json!({"type": "Query", "entities": [{"type": "Vehicle"}], "q": "speed>1"});
    for reply in [
        city.get(&format!("{MAPS}?type=Vehicle&q=speed%3E1&entityMapLifetime=PT2H"))
            .await,
        city.post(&format!("{MAPS}?entityMapLifetime=PT2H"), &query).await,
    ] {
        assert_eq!(reply.status, 201, "{}", reply.text());
        let map = reply.json();
        assert_eq!(map["type"], "EntityMap");
        assert_eq!(map["expiresAt"], "2026-05-01T14:00:00Z");
        assert_eq!(
            map["entityMap"],
            json!({"urn:v:2": ["@none"], "urn:v:3": ["@none"]})
        );
        assert_eq!(map["linkedMaps"], json!({}));
        let location = reply.header("ngsild-entitymap").to_owned();
        assert_eq!(location, format!("{MAPS}/{}", map["id"].as_str().unwrap()));
        assert_eq!(city.get(&location).await.json(), map, "5.14.1");
        assert_eq!(
            city.ask("DELETE", &location, &[], None).await.status,
            204,
            "5.14.3"
        );
        for method in ["GET", "DELETE"] {
            let reply = city.ask(method, &location, &[], None).await;
            assert_eq!((reply.status, reply.error().as_str()), (404, "ResourceNotFound"));
        }
    }
}

#[tokio::test]
async fn clause_5_14_5_a_map_of_what_a_temporal_query_finds() {
    let city = vehicles(2).await;
    let path = "/ngsi-ld/v1/temporal/entityMaps";
    let time = |at: &str| format!("{path}?type=Vehicle&timerel=before&timeAt={at}&timeproperty=createdAt");
    let reply = city.get(&format!("{path}?type=Vehicle")).await;
    assert_eq!((reply.status, reply.error().as_str()), (400, "BadRequestData"));
    let map = city.get(&time("2000-01-01T00:00:00Z")).await;
    assert_eq!((map.status, map.json()["entityMap"].clone()), (201, json!({})));
    let map = city.get(&time("2999-01-01T00:00:00Z")).await;
    let location = map.header("ngsild-entitymap").to_owned();
    assert_eq!(
        map.json()["entityMap"],
        json!({"urn:v:1": ["@none"], "urn:v:2": ["@none"]})
    );
    let by_post = json!({"type": "Query", "entities": [{"type": "Vehicle"}],
        "temporalQ": {"timerel": "before", "timeAt": "2999-01-01T00:00:00Z", "timeproperty": "createdAt"}});
    let posted = city.post(path, &by_post).await.json();
    assert_eq!(posted["entityMap"], map.json()["entityMap"]);

    city.create(&json!({"id": "urn:v:3", "type": "Vehicle", "speed": {"type": "Property", "value": 3}}))
        .await;
    let target = "/ngsi-ld/v1/temporal/entities?type=Vehicle&timerel=before&timeAt=2999-01-01T00:00:00Z&timeproperty=createdAt&count=true";
    let reply = city
        .ask("GET", target, &[("ngsild-entitymap", &location)], None)
        .await;
    assert_eq!((reply.status, reply.header("ngsild-results-count")), (200, "2"));
    assert_eq!(ids(&reply.json()), ["urn:v:1", "urn:v:2"]);
    assert_eq!(reply.header("ngsild-entitymap"), location);
    // 5.5.14: another time may be asked for, and takes nothing out of the map.
    let earlier = target.replace("2999", "2000");
    let reply = city
        .ask("GET", &earlier, &[("ngsild-entitymap", &location)], None)
        .await;
    assert_eq!((reply.status, reply.header("ngsild-results-count")), (200, "0"));
    let reply = city
        .ask("GET", target, &[("ngsild-entitymap", &location)], None)
        .await;
    assert_eq!(ids(&reply.json()), ["urn:v:1", "urn:v:2"]);
    // 5.7.4.4: the flag makes one; a map of entities is none of histories.
    let made = city.get(&format!("{target}&entityMap=true")).await;
    assert_eq!((made.status, ids(&made.json()).len()), (201, 3));
    let made = city
        .ask(
            "GET",
            &format!("{ENTITIES}?type=Vehicle"),
            &[("ngsild-entitymap", &location)],
            None,
        )
        .await;
    assert_eq!(made.status, 201);
    assert_ne!(made.header("ngsild-entitymap"), location);
}

#[tokio::test]
async fn clause_5_5_9_3_pages_over_a_map_stay_as_entities_come_and_go() {
    let city = vehicles(6).await;
    let first = city
        .get(&format!("{ENTITIES}?type=Vehicle&entityMap=true&limit=2"))
        .await;
    assert_eq!(first.status, 201);
    assert_eq!(ids(&first.json()), ["urn:v:1", "urn:v:2"]);
    let map = first.header("ngsild-entitymap").to_owned();
    let page = |offset: usize| {
        let (city, map) = (&city, &map);
        async move {
            let target = format!("{ENTITIES}?type=Vehicle&limit=2&offset={offset}");
            let reply = city.ask("GET", &target, &[("ngsild-entitymap", map)], None).await;
            assert_eq!(
                (reply.status, reply.header("ngsild-entitymap")),
                (200, map.as_str())
            );
            reply
        }
    };
    // One that was shown goes, one that comes next goes, one comes: nothing else is missed, or shown twice.
    for id in ["urn:v:1", "urn:v:4"] {
        assert_eq!(
            city.ask("DELETE", &format!("{ENTITIES}/{id}"), &[], None)
                .await
                .status,
            204
        );
    }
    city.create(&json!({"id": "urn:v:7", "type": "Vehicle"})).await;
    let second = page(offset(&first.header_all("link"), "next").unwrap()).await;
    assert_eq!(ids(&second.json()), ["urn:v:3", "urn:v:5"]);
    let links = second.header_all("link");
    assert_eq!(
        (offset(&links, "next"), offset(&links, "prev")),
        (Some(5), Some(0))
    );
    let third = page(5).await;
    assert_eq!(ids(&third.json()), ["urn:v:6"]);
    let links = third.header_all("link");
    assert_eq!((offset(&links, "next"), offset(&links, "prev")), (None, Some(2)));
    // By another name, and counted.
    let id = map.rsplit('/').next().unwrap();
    let counted = format!("{ENTITIES}?type=Vehicle&limit=0&count=true");
    for name in [id.to_owned(), format!("http://h.example{map}")] {
        let reply = city
            .ask("GET", &counted, &[("ngsild-entitymap", &name)], None)
            .await;
        assert_eq!(reply.header("ngsild-results-count"), "4", "{name}");
    }
    let kept = city.get(&map).await.json();
    let kept: Vec<&String> = kept["entityMap"].as_object().unwrap().keys().collect();
    assert_eq!(kept, ["urn:v:2", "urn:v:3", "urn:v:5", "urn:v:6"]);
    // 5.5.14: where the map is gone, a new one is made.
    assert_eq!(city.ask("DELETE", &map, &[], None).await.status, 204);
    let target = format!("{ENTITIES}?type=Vehicle");
    let reply = city
        .ask("GET", &target, &[("ngsild-entitymap", &map)], None)
        .await;
    assert_eq!((reply.status, ids(&reply.json()).len()), (201, 5));
    assert_ne!(reply.header("ngsild-entitymap"), map);
}

#[tokio::test]
async fn clause_5_14_2_only_the_end_of_a_map_can_be_changed() {
    let city = vehicles(1).await;
    let map = city
        .get(&format!("{MAPS}?type=Vehicle"))
        .await
        .header("ngsild-entitymap")
        .to_owned();
    let body = json!({"expiresAt": "2099-01-01T00:00:00Z", "entityMap": {"urn:v:9": ["@none"]}});
    assert_eq!(city.patch(&map, &body).await.status, 204);
    let changed = city.get(&map).await.json();
    assert_eq!(changed["expiresAt"], "2026-05-02T12:00:00Z", "at most a day");
    assert_eq!(changed["entityMap"], json!({"urn:v:1": ["@none"]}));
    for bad in [
        json!({"expiresAt": "tomorrow"}),
        json!({"expiresAt": 7}),
        json!({"type": "Vehicle"}),
        json!({"id": "urn:x:y"}),
    ] {
        let reply = city.patch(&map, &bad).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{bad}"
        );
    }
    assert_eq!(
        city.patch(&map, &json!({"expiresAt": "2000-01-01T00:00:00Z"}))
            .await
            .status,
        204
    );
    assert_eq!(city.get(&map).await.status, 404);
    assert_eq!(city.patch(&map, &json!({})).await.status, 404);
}

#[tokio::test]
async fn clause_5_14_what_is_wrong_is_said() {
    let city = vehicles(1).await;
    for (target, status, error) in [
        (format!("{MAPS}/not%20a%20uri"), 400, "BadRequestData"),
        (
            format!("{MAPS}/urn:ngsi-ld:EntityMap:none"),
            404,
            "ResourceNotFound",
        ),
        (format!("{MAPS}?id=urn:v:1"), 400, "BadRequestData"),
        (
            format!("{MAPS}?type=Vehicle&entityMapLifetime=1hour"),
            400,
            "BadRequestData",
        ),
        (
            format!("{MAPS}?type=Vehicle&entityMapLifetime=PT0S"),
            400,
            "BadRequestData",
        ),
        (
            format!("{MAPS}?type=Vehicle&entityMapLifetime=-PT1H"),
            400,
            "BadRequestData",
        ),
        (
            format!("{ENTITIES}?type=Vehicle&entityMap=maybe"),
            400,
            "InvalidRequest",
        ),
    ] {
        let reply = city.get(&target).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{target}"
        );
    }
    let long = city
        .get(&format!("{MAPS}?type=Vehicle&entityMapLifetime=P9999Y"))
        .await
        .json();
    assert_eq!(long["expiresAt"], "2026-05-02T12:00:00Z");
}

#[tokio::test]
async fn clauses_4_14_and_5_7_1_maps_are_their_tenants_and_of_one_entity_too() {
    let city = vehicles(1).await;
    let map = city
        .get(&format!("{MAPS}?type=Vehicle"))
        .await
        .header("ngsild-entitymap")
        .to_owned();
    let tenant = [("ngsild-tenant", "other")];
    let body = json!({"id": "urn:v:1", "type": "Vehicle"}).to_string();
    assert_eq!(city.ask("POST", ENTITIES, &tenant, Some(&body)).await.status, 201);
    for method in ["GET", "DELETE"] {
        assert_eq!(city.ask(method, &map, &tenant, None).await.status, 404);
    }
    let one = city.get(&format!("{ENTITIES}/urn:v:1?entityMap=true")).await;
    assert_eq!(one.status, 200);
    let of_one = one.header("ngsild-entitymap").to_owned();
    assert_eq!(
        city.get(&of_one).await.json()["entityMap"],
        json!({"urn:v:1": ["@none"]})
    );
    let again = city
        .ask(
            "GET",
            &format!("{ENTITIES}/urn:v:1"),
            &[("ngsild-entitymap", &of_one)],
            None,
        )
        .await;
    assert_eq!(again.header("ngsild-entitymap"), of_one);
}

#[tokio::test]
async fn clause_6_4_3_3_only_what_is_in_the_map_is_purged() {
    let city = vehicles(3).await;
    let map = city.get(&format!("{MAPS}?type=Vehicle&q=speed%3E1")).await;
    let map = map.header("ngsild-entitymap").to_owned();
    city.create(&json!({"id": "urn:v:9", "type": "Vehicle", "speed": {"type": "Property", "value": 9}}))
        .await;
    let purge = format!("{ENTITIES}?type=Vehicle");
    let named = format!("{purge}&id=urn:v:1,urn:v:2");
    for (target, left) in [
        (&named, vec!["urn:v:1", "urn:v:3", "urn:v:9"]),
        (&purge, vec!["urn:v:1", "urn:v:9"]),
        (&purge, vec!["urn:v:1", "urn:v:9"]),
    ] {
        let reply = city
            .ask("DELETE", target, &[("ngsild-entitymap", &map)], None)
            .await;
        assert_eq!(
            (reply.status, reply.header("ngsild-entitymap")),
            (204, map.as_str()),
            "{target}"
        );
        assert_eq!(ids(&city.get(&purge).await.json()), left, "{target}");
    }
    // A map of nothing is not a map of everything.
    let none = city.get(&format!("{MAPS}?type=Vehicle&q=speed%3E1000")).await;
    let none = none.header("ngsild-entitymap").to_owned();
    assert_eq!(
        city.ask("DELETE", &purge, &[("ngsild-entitymap", &none)], None)
            .await
            .status,
        204
    );
    assert_eq!(ids(&city.get(&purge).await.json()).len(), 2);
}

#[tokio::test]
async fn clause_5_7_3_4_a_map_of_one_evolution() {
    let city = vehicles(1).await;
    let target = "/ngsi-ld/v1/temporal/entities/urn:v:1";
    assert_eq!(city.get(target).await.header("ngsild-entitymap"), "");
    let reply = city
        .get(&format!("{target}?entityMap=true&entityMapLifetime=PT2H"))
        .await;
    assert_eq!(reply.status, 200);
    let map = reply.header("ngsild-entitymap").to_owned();
    let made = city.get(&map).await.json();
    assert_eq!(
        (&made["entityMap"], &made["expiresAt"]),
        (&json!({"urn:v:1": ["@none"]}), &json!("2026-05-01T14:00:00Z"))
    );
    let again = city.ask("GET", target, &[("ngsild-entitymap", &map)], None).await;
    assert_eq!(again.header("ngsild-entitymap"), map);
}

/// The histories of a page over a map are cut at one instant, as those of a page without one (6.3.10).
#[tokio::test]
async fn clause_6_3_10_pages_over_a_map_of_evolutions_come_in_parts() {
    let city = City::with(|config| config.max_evolution_instances = 12);
    for n in 1..=3 {
        let instances: Vec<Value> = (0..10)
            .map(|i| json!({"type": "Property", "value": i, "observedAt": format!("2026-01-01T00:00:{i:02}Z")}))
            .collect();
        let body = json!({"id": format!("urn:v:{n}"), "type": "Vehicle", "speed": instances});
        assert_eq!(
            city.post("/ngsi-ld/v1/temporal/entities", &body).await.status,
            201
        );
    }
    let target = "/ngsi-ld/v1/temporal/entities?type=Vehicle&timerel=after&timeAt=2025-01-01T00:00:00Z";
    for limit in [1, 2, 3] {
        let plain = city.get(&format!("{target}&limit={limit}&count=true")).await;
        let mapped = city
            .get(&format!("{target}&limit={limit}&count=true&entityMap=true"))
            .await;
        assert_eq!(plain.status, if limit == 1 { 200 } else { 206 });
        assert_eq!(mapped.status, if limit == 1 { 201 } else { 206 });
        assert_eq!(plain.json(), mapped.json(), "{limit}");
        for header in ["content-range", "ngsild-results-count"] {
            assert_eq!(plain.header(header), mapped.header(header), "{limit}");
        }
    }
}
