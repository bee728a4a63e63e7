//! `/csourceSubscriptions` at the doors (5.11), and what comes of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use twin::delivery::{Parcel, Sending};

use crate::common::{City, link};

const ROOT: &str = "/ngsi-ld/v1/csourceSubscriptions";
const REGISTRATIONS: &str = "/ngsi-ld/v1/csourceRegistrations";

/// Takes every notification: the `Link` it came with, and its body.
#[derive(Default)]
struct Post(Mutex<Vec<(Option<String>, Value)>>);

impl twin::Transport for Post {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            let body = serde_json::from_slice(&parcel.letter.body).unwrap();
            self.0.lock().unwrap().push((parcel.letter.link.clone(), body));
            Ok(())
        })
    }
}

impl Post {
    fn serve(city: &City) -> Arc<Self> {
        let post = Arc::new(Self::default());
        tokio::spawn(
            city.app
                .twin(None)
                .unwrap()
                .deliver(Arc::<Self>::clone(&post), None),
        );
        post
    }

    async fn next(&self) -> (Option<String>, Value) {
        for _ in 0..1000 {
            let first = {
                let mut came = self.0.lock().unwrap();
                (!came.is_empty()).then(|| came.remove(0))
            };
            if let Some(first) = first {
                return first;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing came");
    }
}

fn subscription(id: &str, changes: &Value) -> Value {
    let mut json = json!({
        "id": format!("urn:x:{id}"),
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "notification": {"endpoint": {"uri": "http://a.example/", "accept": "application/json"}},
    });
    let given = changes.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(given);
    json
}

fn source(id: &str, types: &[&str]) -> Value {
    let information: Value = types
        .iter()
        .map(|kind| json!({"entities": [{"type": kind}]}))
        .collect();
    json!({
        "id": format!("urn:x:{id}"), "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": information,
    })
}

#[tokio::test]
async fn clauses_5_11_2_to_5_11_6_a_life() {
    let city = City::new();
    let written = subscription(
        "1",
        &json!({"description": "sources", "temporalQ": {"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"}}),
    );
    let made = city.post(ROOT, &written).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("{ROOT}/urn:x:1");
    assert_eq!(made.header("location"), path, "6.12.3.1");
    let read = city.get(&path).await.json();
    for member in ["id", "type", "entities", "description", "temporalQ"] {
        assert_eq!(read[member], written[member], "{member}");
    }
    assert_eq!(read["status"], "active");
    for absent in ["notificationTrigger", "jsonldContext"] {
        assert!(read.get(absent).is_none(), "5.11.2.4: as 5.2.12 has it, {absent}");
    }
    assert_eq!(
        read["notification"]["endpoint"],
        written["notification"]["endpoint"]
    );
    let twice = city.post(ROOT, &written).await;
    assert_eq!(
        (twice.status, twice.error().as_str()),
        (409, "AlreadyExists"),
        "5.8.1.4"
    );

    let mut unnamed = subscription("2", &json!({}));
    unnamed.as_object_mut().unwrap().shift_remove("id");
    let reply = city.post(ROOT, &unnamed).await;
    assert!(
        reply.header("location").starts_with(&format!("{ROOT}/urn:")),
        "5.8.1.4"
    );
    let page = city.get(&format!("{ROOT}?limit=1&count=true")).await;
    assert_eq!(page.json().as_array().unwrap().len(), 1, "5.11.5.4");
    assert_eq!(page.header("ngsild-results-count"), "2", "6.3.13");
    assert!(page.header_all("link").contains("rel=\"next\""), "6.3.10");
    assert_eq!(
        city.get("/ngsi-ld/v1/subscriptions").await.json(),
        json!([]),
        "they are others"
    );

    city.clock.advance(1_000_000);
    let changed = city
        .patch(&path, &json!({"isActive": false, "description": null}))
        .await;
    assert_eq!((changed.status, changed.text().as_str()), (204, ""), "5.11.3.5");
    let read = city.get(&format!("{path}?options=sysAttrs")).await.json();
    assert_eq!(read["status"], "paused");
    assert!(read.get("description").is_none(), "5.5.8");
    assert_eq!(read["modifiedAt"], "2026-05-01T12:00:01Z");

    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204, "5.11.6");
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
}

#[tokio::test]
async fn clause_5_2_12_what_is_no_subscription() {
    let city = City::new();
    let geo = json!({"endpoint": {"uri": "http://a.example/", "accept": "application/geo+json"}});
    for wrong in [
        json!({"type": "ContextSourceRegistration"}),
        json!({"entities": []}),
        json!({"notification": {}}),
        json!({"expiresAt": "2020-01-01T00:00:00Z"}),
        json!({"temporalQ": {"timerel": "during", "timeAt": "2020-01-01T00:00:00Z"}}),
        json!({"entities": [{"type": "A", "idPattern": "("}]}),
        json!({"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [0, 0]}}),
        json!({"csf": "a=="}),
        json!({"timeInterval": 5, "throttling": 5}),
        json!({"notification": geo}),
    ] {
        let reply = city.post(ROOT, &subscription("1", &wrong)).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{wrong}"
        );
    }
    let broken = city.ask("POST", ROOT, &[], Some("{")).await;
    assert_eq!(
        (broken.status, broken.error().as_str()),
        (400, "InvalidRequest"),
        "5.5.4"
    );
    assert_eq!(
        city.get(&format!("{ROOT}?limit=-1")).await.error(),
        "BadRequestData",
        "5.5.2"
    );
    assert_eq!(
        city.get(&format!("{ROOT}?page=1")).await.error(),
        "InvalidRequest",
        "6.3.20"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_7_what_is_told_at_first_and_of_changes() {
    let city = City::new();
    let post = Post::serve(&city);
    let context = "http://a.example/context.jsonld";
    let header = link(context);
    let linked = [("link", header.as_str())];
    let text = source("1", &["Tower", "Other"]).to_string();
    assert_eq!(
        city.ask("POST", REGISTRATIONS, &linked, Some(&text)).await.status,
        201
    );
    let text = subscription("sub", &json!({"entities": [{"type": "Tower"}]})).to_string();
    assert_eq!(city.ask("POST", ROOT, &linked, Some(&text)).await.status, 201);
    let (named, first) = post.next().await;
    assert_eq!(named.as_deref(), Some(context), "6.3.8");
    let expected = json!({
        "id": first["id"], "type": "ContextSourceNotification", "subscriptionId": "urn:x:sub",
        "notifiedAt": "2026-05-01T12:00:00Z", "data": [source("1", &["Tower"])], "triggerReason": "newlyMatching",
    });
    assert_eq!(first, expected, "5.3.2, names as the subscriber writes them");

    let path = format!("{REGISTRATIONS}/urn:x:1");
    assert_eq!(
        city.patch(&path, &json!({"endpoint": "http://b.example"}))
            .await
            .status,
        204
    );
    let (_, second) = post.next().await;
    assert_eq!(second["triggerReason"], "updated");
    assert_eq!(second["data"][0]["endpoint"], "http://b.example");
    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204);
    let (_, third) = post.next().await;
    assert_eq!(third["triggerReason"], "noLongerMatching");
    let mut read = city.get(&format!("{ROOT}/urn:x:sub")).await.json();
    for _ in 0..200 {
        if read["notification"]["lastSuccess"].is_string() && read["notification"]["timesSent"] == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        read = city.get(&format!("{ROOT}/urn:x:sub")).await.json();
    }
    assert_eq!(read["notification"]["timesSent"], 3, "5.11.7: {read}");
    assert_eq!(read["notification"]["status"], "ok");
}
