//! `/audit`: what was done is there, and proves itself to somebody who knows nothing but the answers.

use governance::audit::{Checkpoint, Hash, Leaf, VerifierKey, verify_consistency, verify_inclusion};
use serde_json::{Value, json};

use crate::common::City;

fn bus(id: usize) -> Value {
    json!({"id": format!("urn:ngsi-ld:Bus:{id}"), "type": "Bus", "speed": {"type": "Property", "value": id}})
}

/// Creates entities; waits until what was done is signed.
async fn city(entities: usize) -> (City, Checkpoint) {
    let city = City::new();
    let batch: Vec<Value> = (0..entities).map(bus).collect();
    let reply = city
        .ask(
            "POST",
            "/ngsi-ld/v1/entityOperations/create",
            &[("x-request-id", "mine-1")],
            Some(&Value::from(batch).to_string()),
        )
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let size = entities as u64 + 1;
    let checkpoint = signed(&city, size).await;
    (city, checkpoint)
}

async fn signed(city: &City, size: u64) -> Checkpoint {
    for _ in 0..200 {
        city.clock.advance(1_000_000);
        let key = city.get("/audit/key").await;
        let key = VerifierKey::parse(&key.text()).unwrap();
        let note = city.get("/audit/checkpoint").await;
        assert_eq!(note.header("content-type"), "text/plain; charset=utf-8");
        let checkpoint = Checkpoint::open(&note.text(), &key).unwrap();
        if checkpoint.size == size {
            return checkpoint;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never signed");
}

/// The entries of a bundle.
fn split(bundle: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        rest = after;
    }
    assert!(rest.is_empty());
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_there_with_who_and_which_request() {
    let (city, _) = city(3).await;
    let page = city.get("/audit/entries").await;
    let json = page.json();
    assert_eq!((&json["size"], &json["next"]), (&json!(4), &Value::Null));
    let items = json["items"].as_array().unwrap();
    let actions: Vec<&str> = items
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["audit.begin", "entity.create", "entity.create", "entity.create"]
    );
    assert_eq!(items[1]["request"], "mine-1");
    assert_eq!(items[1]["actor"], "anonymous");
    assert_eq!(items[1]["target_type"], "Bus");
    assert!(
        !page.text().contains("urn:"),
        "no identifier leaves the twin by this door"
    );
    // Refused writes and reads leave nothing.
    assert_eq!(city.post("/ngsi-ld/v1/entities", &bus(1)).await.status, 409);
    city.get("/ngsi-ld/v1/entities?type=Bus").await;
    assert_eq!(city.get("/audit/entries").await.json()["size"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiles_bundles_and_proofs_agree_with_the_checkpoint() {
    let (city, checkpoint) = city(299).await;
    assert_eq!(checkpoint.size, 300);
    let bytes = async |path: &str| {
        let reply = city.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/octet-stream");
        reply.body
    };
    let mut entries = split(&bytes("/audit/tile/entries/000").await);
    entries.extend(split(&bytes("/audit/tile/entries/001.p/44").await));
    assert_eq!(entries.len(), 300);
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::of_leaf(entry)).collect();
    for (seq, entry) in entries.iter().enumerate() {
        assert_eq!(Leaf::parse(entry).unwrap().seq, seq as u64);
    }
    let tiles = [
        bytes("/audit/tile/0/000").await,
        bytes("/audit/tile/0/001.p/44").await,
    ]
    .concat();
    let hashes: Vec<Hash> = tiles.as_chunks::<32>().0.iter().copied().map(Hash).collect();
    assert_eq!(hashes, leaves);
    let (page, mut seen) = (city.get("/audit/entries?from=250&limit=30").await, 0);
    assert_eq!(
        page.header("link"),
        "</audit/entries?from=280&limit=30>; rel=\"next\""
    );
    for item in page.json()["items"].as_array().unwrap() {
        assert_eq!(item["seq"], 250 + seen);
        seen += 1;
    }
    assert_eq!(seen, 30);
    let hash = |value: &Value| Hash::from_base64(value.as_str().unwrap()).unwrap();
    let proof = |json: &Value| -> Vec<Hash> { json["proof"].as_array().unwrap().iter().map(hash).collect() };
    for index in [0, 1, 255, 256, 299_usize] {
        let json = city
            .get(&format!("/audit/proof/inclusion?index={index}"))
            .await
            .json();
        assert_eq!(hash(&json["root"]), checkpoint.root);
        assert_eq!(hash(&json["leaf"]), leaves[index]);
        assert!(verify_inclusion(
            leaves[index],
            index as u64,
            300,
            checkpoint.root,
            &proof(&json)
        ));
    }
    for old in [1, 2, 255, 256, 257, 299, 300_u64] {
        let json = city
            .get(&format!("/audit/proof/consistency?old={old}"))
            .await
            .json();
        let was = hash(&json["old_root"]);
        assert!(
            verify_consistency(old, was, 300, checkpoint.root, &proof(&json)),
            "{old}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said() {
    let (city, _) = city(3).await;
    for (path, status) in [
        ("/audit/tile/0/000", 404),
        ("/audit/tile/0/000.p/5", 404),
        ("/audit/tile/1/000.p/1", 404),
        ("/audit/tile/0/001.p/1", 404),
        ("/audit/tile/entries/x001/000", 404),
        ("/audit/tile/entries/x001/x234/067.p/8", 404),
        ("/audit/tile/8/000", 400),
        ("/audit/tile/00/000", 400),
        ("/audit/tile/-1/000", 400),
        ("/audit/tile/entry/000", 400),
        ("/audit/tile/0/0", 400),
        ("/audit/tile/0/000.p/256", 400),
        ("/audit/tile/0/000.p/0", 400),
        ("/audit/tile/0/000/5", 400),
        ("/audit/proof/inclusion", 200),
        ("/audit/proof/consistency", 200),
        ("/audit/proof/inclusion?index=x", 400),
        ("/audit/proof/inclusion?index=-1", 400),
        ("/audit/proof/inclusion?index=99", 404),
        ("/audit/proof/inclusion?index=0&size=99", 404),
        ("/audit/proof/inclusion?index=3&size=3", 404),
        ("/audit/proof/consistency?old=99", 404),
        ("/audit/proof/consistency?old=3&new=2", 404),
        ("/audit/proof/consistency?old=1.5", 400),
        ("/audit/entries?from=x", 400),
        ("/audit/entries?limit=0", 400),
        ("/audit/entries?limit=1001", 400),
        ("/audit/entries?from=99999999999999999999999", 400),
    ] {
        let reply = city.get(path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let kind = if status == 200 { "json" } else { "problem+json" };
        assert_eq!(
            reply.header("content-type"),
            format!("application/{kind}"),
            "{path}"
        );
    }
    let beyond = city.get("/audit/entries?from=18446744073709551615").await;
    assert_eq!(beyond.json()["items"], json!([]));
    assert_eq!(
        city.get("/audit/proof/inclusion?index=0&size=1").await.json()["proof"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_see_their_own_log_only() {
    let (city, _) = city(2).await;
    let tenant = [("NGSILD-Tenant", "north")];
    let unknown = city.ask("GET", "/audit/entries", &tenant, None).await;
    assert_eq!(unknown.status, 404);
    let body = bus(9).to_string();
    let made = city
        .ask("POST", "/ngsi-ld/v1/entities", &tenant, Some(&body))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let north = city.ask("GET", "/audit/entries", &tenant, None).await.json();
    assert_eq!(
        (&north["size"], &north["items"][0]["tenant"]),
        (&json!(1), &json!("north"))
    );
    let note = city.ask("GET", "/audit/checkpoint", &tenant, None).await;
    let own = city.get("/audit/key").await;
    assert!(note.text().contains("/audit/north\n1\n"), "{}", note.text());
    let own = VerifierKey::parse(&own.text()).unwrap();
    assert!(
        Checkpoint::open(&note.text(), &own).is_err(),
        "a log has a key of its own"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_off_it_says_so() {
    let city = City::with(|_| {});
    let mut config = city.app.config.clone();
    config.audit = None;
    let app = server::App::new(
        city.app.tenants.clone(),
        city.app.contexts.clone(),
        std::sync::Arc::clone(&city.app.clock),
        city.app.catalogue,
        config,
    );
    let router = server::router(app);
    for path in [
        "/audit/checkpoint",
        "/audit/key",
        "/audit/entries",
        "/audit/tile/0/000",
    ] {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_and_sources_are_recorded_with_who_changed_them() {
    let (city, _) = city(1).await;
    let subscription = json!({"id": "urn:ngsi-ld:Subscription:1", "type": "Subscription", "entities": [{"type": "Bus"}],
        "notification": {"endpoint": {"uri": "http://a.example/notify"}}});
    let path = "/ngsi-ld/v1/subscriptions";
    let made = city.post(path, &subscription).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let one = format!("{path}/urn:ngsi-ld:Subscription:1");
    let changed = city.patch(&one, &json!({"isActive": false})).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    let headers = [("x-request-id", "last")];
    assert_eq!(city.ask("DELETE", &one, &headers, None).await.status, 204);
    assert_eq!(city.ask("DELETE", &one, &headers, None).await.status, 404);
    let json = city.get("/audit/entries?from=2").await.json();
    let items = json["items"].as_array().unwrap();
    let actions: Vec<&str> = items
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "subscription.create",
            "subscription.update",
            "subscription.delete"
        ]
    );
    assert_eq!(items[2]["request"], "last");
    assert_eq!(
        items[0]["after"], items[1]["before"],
        "each begins where the one before ended"
    );
    assert_eq!(items[1]["after"], items[2]["before"]);
}
