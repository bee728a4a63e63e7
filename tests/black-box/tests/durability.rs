//! The built server under kill -9: nothing acknowledged is lost, nothing half-written is seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use black_box::{Server, client, run, told};
use serde_json::json;

#[test]
fn acknowledged_writes_survive_kill_9() {
    let cycles = if std::env::var_os("MAPACHA_TORTURE").is_some() {
        100
    } else {
        5
    };
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // For each entity the last value that was acknowledged, and the last that was sent.
    let mut acknowledged = vec![0_u64; 4];
    let mut sent = vec![0_u64; 4];
    {
        let server = Server::over(&data);
        for which in 0..4 {
            let entity = json!({"id": format!("urn:ngsi-ld:Counter:{which}"), "type": "Counter",
                "a": {"type": "Property", "value": 0}, "b": {"type": "Property", "value": 0}});
            assert_eq!(server.send("POST", "/ngsi-ld/v1/entities", &entity).0, 201);
        }
    }
    let mut signed: Option<(u64, serde_json::Value)> = None;
    // The beginning of the log, and the four that were made above.
    let recorded = Arc::new(AtomicU64::new(5));
    for cycle in 0..cycles {
        let server = Server::over(&data);
        let stop = Arc::new(AtomicBool::new(false));
        let results = Arc::new(Mutex::new((acknowledged.clone(), sent.clone())));
        let writers: Vec<_> = (0..4_usize)
            .map(|which| {
                let (url, stop, results) = (server.url.clone(), Arc::clone(&stop), Arc::clone(&results));
                let recorded = Arc::clone(&recorded);
                let mut value = sent[which];
                std::thread::spawn(move || {
                    let client = client();
                    while !stop.load(Ordering::Relaxed) {
                        value += 1;
                        results.lock().expect("not poisoned").1[which] = value;
                        // Two attributes in one request: they must never be seen apart.
                        let body = json!({"a": {"type": "Property", "value": value}, "b": {"type": "Property", "value": value}});
                        let request = client
                            .patch(format!("{url}/ngsi-ld/v1/entities/urn:ngsi-ld:Counter:{which}"))
                            .header("content-type", "application/json")
                            .body(body.to_string());
                        match request.send() {
                            Ok(answer) if answer.status() == 204 => {
                                results.lock().expect("not poisoned").0[which] = value;
                                recorded.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(answer) => panic!("{}", answer.status()),
                            Err(_) => break,
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(80 + (cycle * 53) % 300));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("no writer failed");
        }
        (acknowledged, sent) = results.lock().expect("not poisoned").clone();
        // The audit log as the crash left it: every entry there with its write, the tree what was signed.
        let folder = data.display().to_string();
        let (code, stdout, stderr) = told(&run(["verify", "--data-dir", &folder]));
        assert_eq!(code, 0, "cycle {cycle}: {stdout}{stderr}");
        let server = Server::over(&data);
        let (_, entries) = server.get("/audit/entries?limit=1");
        let size = entries["size"].as_u64().expect("a number");
        let writes = recorded.load(Ordering::Relaxed);
        assert!(
            size >= writes,
            "cycle {cycle}: {size} entries of {writes} acknowledged writes"
        );
        if let Some((old, root)) = &signed {
            let (_, proof) = server.get(&format!("/audit/proof/consistency?old={old}&new={size}"));
            assert_eq!(&proof["old_root"], root, "cycle {cycle}: what was signed before");
        }
        let (_, proof) = server.get(&format!("/audit/proof/consistency?old={size}&new={size}"));
        signed = Some((size, proof["new_root"].clone()));
        for which in 0..4 {
            let (_, entity) = server.get(&format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Counter:{which}"));
            let (a, b) = (entity["a"]["value"].as_u64(), entity["b"]["value"].as_u64());
            assert_eq!(a, b, "cycle {cycle}: half a write: {entity}");
            let value = a.expect("a number");
            assert!(
                (acknowledged[which]..=sent[which]).contains(&value),
                "cycle {cycle}: entity {which} holds {value}; acknowledged {}, sent {}",
                acknowledged[which],
                sent[which]
            );
            // What survived although nobody was told is the truth from now on.
            acknowledged[which] = value;
            let (_, history) = server.get(&format!("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Counter:{which}?attrs=a&timeproperty=modifiedAt&lastN=1000"));
            let values: Vec<u64> = match &history["a"] {
                serde_json::Value::Array(instances) => {
                    instances.iter().filter_map(|i| i["value"].as_u64()).collect()
                }
                one => one["value"].as_u64().into_iter().collect(),
            };
            assert_eq!(values.last(), Some(&value), "history ends with the present");
            assert!(
                values.windows(2).all(|pair| pair[0] < pair[1]),
                "no instance twice or out of order: {values:?}"
            );
        }
    }
    assert!(
        acknowledged.iter().sum::<u64>() > 20,
        "something was written at all: {acknowledged:?}"
    );
}

/// The names of the tenants that a data folder has something of.
fn tenants_on_disk(data: &std::path::Path) -> std::collections::BTreeSet<String> {
    let files = std::fs::read_dir(data).expect("a folder");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let stores = names.filter_map(|name| Some(name.strip_prefix("tenant-")?.split('.').next()?.to_owned()));
    stores.collect()
}

#[test]
fn a_tenant_is_there_after_kill_9_with_its_first_write_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut number = 0;
    let mut acknowledged: Vec<String> = Vec::new();
    for cycle in 0..4_u64 {
        let server = Server::over(&data);
        let (url, first) = (server.url.clone(), number);
        let writer = std::thread::spawn(move || {
            let client = client();
            let (mut number, mut good) = (first, Vec::new());
            loop {
                number += 1;
                let tenant = format!("t{number}");
                let entity = if number % 3 == 0 {
                    json!({"id": "urn:ngsi-ld:A:1"}) // of no type
                } else {
                    json!({"id": "urn:ngsi-ld:A:1", "type": "A"})
                };
                let request = client
                    .post(format!("{url}/ngsi-ld/v1/entities"))
                    .header("ngsild-tenant", &tenant)
                    .json(&entity);
                match request.send() {
                    Ok(answer) if answer.status() == 201 => good.push(tenant),
                    Ok(answer) => assert!(answer.status() == 400 && number % 3 == 0, "{}", answer.status()),
                    Err(_) => return (number, good),
                }
            }
        });
        std::thread::sleep(std::time::Duration::from_millis(300 + (cycle * 37) % 100));
        server.kill();
        let (last, good) = writer.join().expect("the writer did not fail");
        number = last;
        acknowledged.extend(good);
        let server = Server::over(&data);
        let there = tenants_on_disk(&data);
        assert!(!data.read_dir().expect("a folder").any(|file| {
            file.expect("a file")
                .path()
                .extension()
                .is_some_and(|extension| extension == "new")
        }));
        for tenant in &acknowledged {
            assert!(there.contains(tenant), "{tenant} was acknowledged");
        }
        for tenant in &there {
            let answer = client()
                .get(format!("{}/ngsi-ld/v1/entities/urn:ngsi-ld:A:1", server.url))
                .header("ngsild-tenant", tenant)
                .send()
                .expect("an answer");
            assert_eq!(
                answer.status().as_u16(),
                200,
                "{tenant} is there with nothing in it"
            );
        }
    }
    assert!(!acknowledged.is_empty(), "some were made");
}
