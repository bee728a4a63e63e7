//! What asks for more than anybody needs: much memory for few bytes, many expressions, waiting for others; and words
//! that would do more than is meant.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use serde_json::{Value, json};
use twin::{Contexts, Net, NetError, NetLimits};

use crate::common::{City, link};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const QUERY: &str = "/ngsi-ld/v1/entityOperations/query";
const BATCHES: [&str; 5] = ["create", "upsert", "update", "merge", "delete"];
const LETTERS: &str = "/notifications/dead-letters";
/// A guard against hanging, nothing that is measured.
const NEVER: Duration = Duration::from_secs(40);

fn repeated(item: &str, n: usize) -> String {
    format!("[{}]", vec![item; n].join(","))
}

#[tokio::test]
async fn a_batch_has_so_many_items_and_no_more() {
    let city = City::new();
    for operation in BATCHES {
        let door = format!("/ngsi-ld/v1/entityOperations/{operation}");
        for item in ["0", "{}", "\"x\""] {
            let reply = city.ask("POST", &door, &[], Some(&repeated(item, 100_001))).await;
            assert_eq!(reply.status, 413, "{operation} {item}: {}", reply.text());
            assert_eq!(reply.header("content-type"), "application/json");
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("at most 100000"), "{detail}");
        }
        // What is wrong with each of few is told of each.
        let reply = city.ask("POST", &door, &[], Some(&repeated("0", 3000))).await;
        assert_eq!(reply.status, 207, "{operation}: {}", reply.text());
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        assert_eq!(errors.len(), 3000);
        let last = errors[2999]["error"]["detail"].as_str().unwrap();
        assert!(operation == "delete" || last.contains("`/2999`"), "{last}");
    }
}

#[tokio::test]
async fn a_body_has_so_many_values_and_no_more() {
    let city = City::new();
    for (what, body) in [
        ("arrays", repeated("[0]", 500_000)),
        ("objects", repeated("{\"a\":0}", 500_000)),
        (
            "values of an entity",
            format!(
                "[{{\"id\":\"urn:a:1\",\"type\":\"A\",\"a\":{{\"value\":{}}}}}]",
                repeated("0", 2_100_000)
            ),
        ),
    ] {
        let reply = city
            .ask("POST", "/ngsi-ld/v1/entityOperations/create", &[], Some(&body))
            .await;
        assert_eq!((reply.status, &*reply.error()), (400, "InvalidRequest"), "{what}");
        assert!(
            reply.text().contains("send less at once"),
            "{what}: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn so_much_is_worked_on_at_once_and_no_more() {
    let city = City::new();
    let entity =
        |id: &str| json!({"id": id, "type": "A", "a": {"type": "Property", "value": "x".repeat(100_000)}});
    let all = u32::try_from(city.app.bodies.available_permits()).unwrap();
    let room = city.app.bodies.acquire_many(all).await.unwrap();
    let reply = city.post(ENTITIES, &entity("urn:a:1")).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, "5"),
        "{}",
        reply.text()
    );
    let small = city.post(ENTITIES, &json!({"id": "urn:a:2", "type": "A"})).await;
    assert_eq!(small.status, 201, "{}", small.text());
    drop(room);
    assert_eq!(city.post(ENTITIES, &entity("urn:a:1")).await.status, 201);
    let batch = "/ngsi-ld/v1/entityOperations/upsert";
    assert_eq!(city.post(batch, &json!([entity("urn:a:3"), 7])).await.status, 207);
    let left = u32::try_from(city.app.bodies.available_permits()).unwrap();
    assert_eq!(left, all, "what was taken is given back");
}

/// A Query with these selectors, of which each has a type.
fn query(selectors: impl Iterator<Item = Value>) -> Value {
    let selectors: Vec<Value> = selectors
        .map(|mut selector| {
            selector["type"] = "A".into();
            selector
        })
        .collect();
    json!({"type": "Query", "entities": selectors})
}

#[tokio::test]
async fn a_query_has_so_many_selectors_patterns_and_names() {
    let city = City::new();
    let patterns = |n: usize| query((0..n).map(|i| json!({"idPattern": format!("^urn:[ab]:{i}")})));
    let names = |n: usize| (0..n).map(|i| format!("a{i}")).collect::<Vec<_>>();
    let ids = |n: usize| (0..n).map(|i| format!("urn:a:{i}")).collect::<Vec<_>>();
    let with = |member: &str, value: Value| {
        let mut query = query(std::iter::once(json!({})));
        query[member] = value;
        query
    };
    let time = json!({"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"});
    for (door, temporal) in [
        (QUERY, false),
        ("/ngsi-ld/v1/entityMaps", false),
        ("/ngsi-ld/v1/temporal/entityOperations/query", true),
        ("/ngsi-ld/v1/temporal/entityMaps", true),
    ] {
        let ask = async |mut query: Value| {
            if temporal {
                query["temporalQ"] = time.clone();
            }
            let reply = city.post(door, &query).await;
            (reply.status, reply.error(), reply.text())
        };
        for fine in [
            query((0..100).map(|_| json!({}))),
            patterns(100),
            query(std::iter::once(json!({"id": ids(1000)}))),
            with("attrs", json!(names(1000))),
        ] {
            let (status, _, text) = ask(fine).await;
            assert!(status < 300, "{door}: {text}");
        }
        for (what, many) in [
            ("selectors", query((0..101).map(|_| json!({})))),
            ("patterns", patterns(101)),
            ("patterns by the thousand", patterns(20_000)),
            ("ids", query(std::iter::once(json!({"id": ids(1001)})))),
            ("ids of several", query((0..2).map(|_| json!({"id": ids(501)})))),
            ("attrs", with("attrs", json!(names(1001)))),
            ("attrs in a text", with("attrs", json!(names(1001).join(",")))),
            ("pick", with("pick", json!(names(1001)))),
            ("datasetId", with("datasetId", json!(ids(1001)))),
        ] {
            let (status, error, text) = ask(many).await;
            assert_eq!(
                (status, &*error),
                (403, "TooComplexQuery"),
                "{door} {what}: {text}"
            );
        }
    }
    let snapshot = json!({"type": "Snapshot", "snapshotQueries": [patterns(60), patterns(60)]});
    let reply = city.post("/ngsi-ld/v1/snapshots", &snapshot).await;
    assert_eq!(
        (reply.status, &*reply.error()),
        (403, "TooComplexQuery"),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn a_pattern_is_one_wherever_it_stands() {
    let city = City::new();
    let large = "(\\w{10}|1)";
    let target = format!("{ENTITIES}?type=A&idPattern=(%5Cw%7B10%7D%7C1)");
    assert_eq!(city.get(&target).await.status, 200);
    let by_post = query(std::iter::once(json!({"idPattern": large})));
    assert_eq!(city.post(QUERY, &by_post).await.status, 200);
    let subscription = json!({"type": "Subscription", "entities": [{"type": "A", "idPattern": large}],
        "notification": {"endpoint": {"uri": "http://receiver.example/"}}});
    let reply = city.post("/ngsi-ld/v1/subscriptions", &subscription).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    // Several share one bound.
    let several = query((0..16).map(|_| json!({"idPattern": large})));
    assert_eq!(city.post(QUERY, &several).await.status, 400);
    for bad in ["a**", "(", &"a".repeat(5000), "(a{1000}){1000}"] {
        let by_post = query(std::iter::once(json!({"idPattern": bad})));
        let reply = city.post(QUERY, &by_post).await;
        assert_eq!(
            (reply.status, &*reply.error()),
            (400, "BadRequestData"),
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn members_that_a_query_does_not_have_are_refused() {
    let city = City::new();
    city.create(&json!({"id": "urn:a:1", "type": "A", "price": 1}))
        .await;
    for (member, value, says) in [
        ("Q", json!("price>2"), "did you mean `q`?"),
        ("geoq", json!({}), "did you mean `geoQ`?"),
        ("orderBy", json!(["price"]), "there are type"),
        ("limit", json!(1), "there are type"),
        (
            "entities",
            json!([{"type": "A", "idpattern": "x"}]),
            "did you mean `idPattern`?",
        ),
        (
            "geoQ",
            json!({"georel": "near;maxDistance==1", "geometry": "Point", "coordinates": [0, 0], "geoProperty": "x"}),
            "did you mean `geoproperty`?",
        ),
    ] {
        let mut query = json!({"type": "Query", "entities": [{"type": "A"}]});
        query[member] = value;
        let snapshot = json!({"type": "Snapshot", "snapshotQueries": [query]});
        for (door, body) in [(QUERY, &query), ("/ngsi-ld/v1/snapshots", &snapshot)] {
            let reply = city.post(door, body).await;
            assert_eq!(
                (reply.status, &*reply.error()),
                (400, "BadRequestData"),
                "{}",
                reply.text()
            );
            assert!(reply.text().contains(says), "{door}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn clause_6_3_20_keywords_of_other_operations_are_refused() {
    let city = City::new();
    let entity = json!({"id": "urn:a:1", "type": "A", "price": {"type": "Property", "value": 1}});
    city.create(&entity).await;
    let fragment = json!({"price": {"type": "Property", "value": 99}});
    let (one, instance) = (format!("{ENTITIES}/urn:a:1"), &fragment["price"]);
    let (attrs, price) = (format!("{one}/attrs"), format!("{one}/attrs/price"));
    let (batch, single) = ("/ngsi-ld/v1/entityOperations", json!([entity]));
    for (method, path, options, body) in [
        ("POST", &*attrs, "nooverwrite", &fragment),
        ("POST", &attrs, "replace", &fragment),
        ("POST", &attrs, "keyValues", &fragment),
        ("PATCH", &attrs, "noOverwrite", &fragment),
        ("PATCH", &attrs, "foo", &fragment),
        ("PATCH", &price, "noOverwrite", instance),
        ("PUT", &price, "noOverwrite", instance),
        ("PATCH", &one, "noOverwrite", &fragment),
        ("PUT", &one, "update", &entity),
        ("POST", &format!("{batch}/create"), "update", &single),
        ("POST", &format!("{batch}/upsert"), "noOverwrite", &single),
        ("POST", &format!("{batch}/update"), "replace", &single),
        ("POST", &format!("{batch}/merge"), "noOverwrite", &single),
        ("POST", &format!("{batch}/delete"), "update", &json!(["urn:a:1"])),
        ("GET", &one, "noOverwrite", &Value::Null),
        ("GET", ENTITIES, "update", &Value::Null),
        ("DELETE", &one, "update", &Value::Null),
    ] {
        let body = (!body.is_null()).then(|| body.to_string());
        let target = format!("{path}?options={options}&local=true");
        let reply = city.ask(method, &target, &[], body.as_deref()).await;
        assert_eq!(
            (reply.status, &*reply.error()),
            (400, "InvalidRequest"),
            "{method} {target}: {}",
            reply.text()
        );
    }
    let left = city.get(&format!("{one}?options=keyValues")).await.json();
    assert_eq!(left["price"], 1);
    // Nothing said is nothing wrong.
    let reply = city.patch(&format!("{attrs}?options="), &fragment).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let reply = city.post(&format!("{attrs}?options="), &fragment).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
}

#[tokio::test]
async fn dead_letters_are_not_destroyed_by_mistake() {
    let city = City::new();
    for (method, target) in [
        ("GET", format!("{LETTERS}?subs=urn:a:1")),
        ("GET", format!("{LETTERS}?subscription=")),
        ("GET", format!("{LETTERS}/7?limit=1")),
        ("GET", "/notifications?subscription=urn:a:1".to_owned()),
        ("GET", "/notifications/endpoints?failing=perhaps".to_owned()),
        ("GET", "/notifications/endpoints?cursor=zz".to_owned()),
        ("POST", "/notifications/endpoints/wake".to_owned()),
        ("GET", "/notifications/endpoints?fails=true".to_owned()),
        ("GET", "/notifications/endpoints?limit=0".to_owned()),
        ("POST", format!("{LETTERS}/replay?subscripton=urn:a:1")),
        ("POST", format!("{LETTERS}/replay?endpoint=")),
        ("DELETE", format!("{LETTERS}?subscripton=urn:a:1")),
        ("DELETE", format!("{LETTERS}?subscription=")),
        ("DELETE", format!("{LETTERS}?subscription=urn:a:1&local=true")),
        (
            "DELETE",
            format!("{LETTERS}?subscription=urn:a:1&subscription=urn:a:2"),
        ),
    ] {
        let reply = city.ask(method, &target, &[], None).await;
        assert_eq!(reply.status, 400, "{method} {target}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    let misspelt = city
        .ask("DELETE", &format!("{LETTERS}?subscripton=x"), &[], None)
        .await;
    assert!(
        misspelt.text().contains("did you mean `subscription`?"),
        "{}",
        misspelt.text()
    );
    let reply = city
        .ask("DELETE", &format!("{LETTERS}?subscription=urn:a:1"), &[], None)
        .await;
    assert_eq!((reply.status, reply.json()), (200, json!({"purged": 0})));
}

#[tokio::test]
async fn brokers_that_nothing_is_sent_to_are_refused_at_once() {
    let city = City::new();
    let subscribe = async |uri: &str| {
        let body = json!({"type": "Subscription", "entities": [{"type": "A"}], "notification": {"endpoint": {"uri": uri}}});
        city.post("/ngsi-ld/v1/subscriptions", &body).await
    };
    for bad in [
        "mqtt://127.0.0.1:1883/a",
        "MQTT://127.0.0.1/a",
        "mqtts://10.0.0.1/a/b",
        "mqtt://me:secret@192.168.1.1:1883/a",
        "mqtt://localhost/a",
        "mqtt://[::1]:1883/a",
        "HTTP://127.0.0.1/a",
    ] {
        let reply = subscribe(bad).await;
        assert_eq!(
            (reply.status, &*reply.error()),
            (400, "BadRequestData"),
            "{bad}: {}",
            reply.text()
        );
        assert!(reply.text().contains("allow_private"), "{bad}: {}", reply.text());
        assert!(!reply.text().contains("secret"), "{}", reply.text());
    }
    for good in ["mqtt://broker.example/a", "mqtts://me:secret@8.8.8.8:8883/a/b"] {
        assert_eq!(subscribe(good).await.status, 201, "{good}");
    }
}

#[tokio::test]
async fn one_upload_that_does_not_come_delays_no_other() {
    let city = City::new();
    let silent = || {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = Request::post("/imports/entities").header("content-type", "application/octet-stream");
        let request = request.body(Body::from_stream(never)).unwrap();
        tokio::spawn(tower::ServiceExt::oneshot(city.router.clone(), request))
    };
    let import = || async {
        let kind = [("content-type", "application/octet-stream")];
        let file = r#"[{"id":"urn:a:1","type":"A"}]"#;
        let asked = city.ask("POST", "/imports/entities", &kind, Some(file));
        tokio::time::timeout(NEVER, asked).await.expect("it hangs")
    };
    let first = silent();
    tokio::task::yield_now().await;
    let reply = import().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // There is an end to that too, and it is told.
    let more: Vec<_> = (0..20).map(|_| silent()).collect();
    while city.app.uploads.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let reply = import().await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, "30"),
        "{}",
        reply.text()
    );
    first.abort();
    more.iter().for_each(tokio::task::JoinHandle::abort);
}

/// A web that answers when it is told to.
struct Slow {
    asked: Mutex<Sender<String>>,
    go_on: Mutex<Receiver<()>>,
}

impl Net for Slow {
    fn get(&self, url: &str, _: NetLimits) -> Result<Vec<u8>, NetError> {
        self.asked.lock().unwrap().send(url.to_owned()).unwrap();
        let _ = self.go_on.lock().unwrap().recv(); // whoever drops the other end lets all go on
        Ok(br#"{"@context":{"a":"http://a.example/a"}}"#.to_vec())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_contexts_stop_nobody_else() {
    let (asked, was_asked) = channel();
    let (go_on, may_go_on) = channel();
    let net = Slow {
        asked: Mutex::new(asked),
        go_on: Mutex::new(may_go_on),
    };
    let city = Arc::new(City::with_contexts(|_| {}, Contexts::new([], Arc::new(net))));
    let asking = |url: String| {
        let city = Arc::clone(&city);
        tokio::spawn(async move {
            let target = format!("{ENTITIES}?type=A");
            let link = link(&url);
            let headers = [("link", &*link)];
            let asked = city.ask("GET", &target, &headers, None);
            tokio::time::timeout(NEVER, asked).await.expect("it hangs")
        })
    };
    // The same @context for many at first, then many different ones.
    let same: Vec<_> = (0..10)
        .map(|_| asking("http://slow.example/same".to_owned()))
        .collect();
    let others: Vec<_> = (0..40)
        .map(|i| asking(format!("http://slow.example/{i}")))
        .collect();
    let mut refused = 0;
    let mut waiting = Vec::new();
    for reply in others {
        let reply = reply.await.unwrap();
        match reply.status {
            503 => {
                assert_eq!(reply.header("retry-after"), "5");
                refused += 1;
            }
            504 => waiting.push(reply.error()),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert!(refused >= 24, "{refused} were refused");
    assert!(waiting.iter().all(|error| error == "LdContextNotAvailable"));
    for reply in same {
        assert!([503, 504].contains(&reply.await.unwrap().status));
    }
    // Whoever needs no slow @context goes on: also with one of their own.
    let plain = tokio::time::timeout(NEVER, city.get(&format!("{ENTITIES}?type=A"))).await;
    assert_eq!(plain.expect("it hangs").status, 200);
    let own = r#"{"@context":{"b":"http://b.example/b"},"id":"urn:a:1","type":"A","b":1}"#;
    let kind = [("content-type", "application/ld+json")];
    let creating = city.ask("POST", ENTITIES, &kind, Some(own));
    assert_eq!(
        tokio::time::timeout(NEVER, creating)
            .await
            .expect("it hangs")
            .status,
        201
    );
    let fetched: Vec<String> = was_asked.try_iter().collect();
    assert!(fetched.len() <= 16, "{} at once", fetched.len());
    assert!(
        fetched.iter().filter(|url| url.ends_with("/same")).count() <= 1,
        "{fetched:?}"
    );
    drop(go_on);
}

#[tokio::test]
async fn clause_6_3_14_the_tenant_is_named_in_refusals_too() {
    let city = City::new();
    for (method, target, status) in [
        ("GET", format!("{ENTITIES}?typ=A"), 400),
        ("GET", format!("{ENTITIES}?type=A"), 404),
        ("GET", "/ngsi-ld/v1/nothing".to_owned(), 404),
        ("PUT", ENTITIES.to_owned(), 405),
    ] {
        let reply = city.ask(method, &target, &[("ngsild-tenant", "abc")], None).await;
        assert_eq!(
            (reply.status, &*reply.header_all("ngsild-tenant")),
            (status, "abc"),
            "{target}"
        );
    }
    let reply = city
        .ask("GET", "/healthz", &[("ngsild-tenant", "abc")], None)
        .await;
    assert_eq!(reply.header("ngsild-tenant"), "");
}

#[tokio::test]
async fn clause_6_3_10_from_beyond_the_end_one_step_leads_back() {
    let city = City::new();
    for i in 0..7 {
        city.create(&json!({"id": format!("urn:a:{i}"), "type": "A", "n": i}))
            .await;
    }
    for query in [
        "type=A",
        "type=A&count=true",
        "type=A&q=n%3C9",
        "type=A&q=n%3E%3D0",
    ] {
        let reply = city.get(&format!("{ENTITIES}?{query}&limit=5&offset=9999")).await;
        assert_eq!((reply.status, reply.json()), (200, json!([])));
        let links = reply.header_all("link");
        assert!(
            links.contains("offset=2>") || links.contains("offset=2&"),
            "{query}: {links}"
        );
        assert!(!links.contains("\"next\""), "{links}");
    }
    let none = city
        .get(&format!("{ENTITIES}?type=None&limit=5&offset=9999"))
        .await;
    assert!(!none.header_all("link").contains("\"prev\""));
}

#[tokio::test]
async fn to_replace_an_attribute_takes_one_instance() {
    let city = City::new();
    city.create(&json!({"id": "urn:a:1", "type": "A", "n": 1})).await;
    let path = format!("{ENTITIES}/urn:a:1/attrs/n");
    let body = json!({"type": "Property", "value": 2}).to_string();
    assert_eq!(city.ask("PUT", &path, &[], Some(&body)).await.status, 204);
    let several = json!([{"value": 3}, {"value": 4, "datasetId": "urn:d:1"}]).to_string();
    assert_eq!(city.ask("PUT", &path, &[], Some(&several)).await.status, 400);
    let now = city.get(&format!("{ENTITIES}/urn:a:1?options=keyValues")).await;
    assert_eq!(now.json()["n"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_has_so_many_subscriptions_and_no_more() {
    let city = City::with(|config| config.max_subscriptions = 3);
    for (door, about) in [
        ("/ngsi-ld/v1/subscriptions", "entities"),
        ("/ngsi-ld/v1/csourceSubscriptions", "entities"),
    ] {
        let subscription = json!({
            "type": "Subscription", about: [{"type": "Bus"}],
            "notification": {"endpoint": {"uri": "http://a.example/", "accept": "application/json"}},
        });
        let mut made = Vec::new();
        for _ in 0..3 {
            let reply = city.post(door, &subscription).await;
            assert_eq!(reply.status, 201, "{door}: {}", reply.text());
            made.push(reply.header("location").to_owned());
        }
        let reply = city.post(door, &subscription).await;
        assert_eq!(reply.status, 507, "{door}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/json");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("may have 3 (http.max_subscriptions)"), "{detail}");
        // Those that are there go on, another tenant has its own, and one that goes makes room.
        assert_eq!(city.get(&made[0]).await.status, 200);
        let body = subscription.to_string();
        let other = [("ngsild-tenant", "harbour")];
        assert_eq!(city.ask("POST", door, &other, Some(&body)).await.status, 201);
        assert_eq!(city.ask("DELETE", &made[0], &[], None).await.status, 204);
        assert_eq!(city.post(door, &subscription).await.status, 201);
    }
}
