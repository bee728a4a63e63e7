//! The audit log of the built binary: written by the server, checked by `mapacha verify`, taken away by `audit export`.

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

use std::path::Path;

use black_box::{Server, client, json, mapacha, run, told};
use serde_json::json;

fn write(server: &Server, tenant: Option<&str>, count: usize) {
    let batch: Vec<_> = (0..count)
        .map(|n| json!({"id": format!("urn:ngsi-ld:Bus:{n}"), "type": "Bus", "speed": {"type": "Property", "value": n}}))
        .collect();
    let mut request = client()
        .post(format!("{}/ngsi-ld/v1/entityOperations/upsert", server.url))
        .json(&batch);
    if let Some(tenant) = tenant {
        request = request.header("ngsild-tenant", tenant);
    }
    let answer = request.send().expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

fn verify(arguments: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = told(&run([&["verify"], arguments].concat()));
    (code, stdout + &stderr)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_log_is_verified_exported_and_proved_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = text(&folder.path().join("data"));
    let server = Server::over(Path::new(&data));
    write(&server, None, 300);
    write(&server, Some("north"), 3);
    let key = client()
        .get(format!("{}/audit/key", server.url))
        .send()
        .and_then(reqwest::blocking::Response::text)
        .expect("a key");
    let key = key.trim();
    let (code, said) = verify(&["--data-dir", &data]);
    assert!(code == 1 && said.contains("audit export --url"), "{code}: {said}");
    let remote = text(&folder.path().join("remote.jsonl"));
    // Once a second has passed, all of it is signed.
    for _ in 0..100 {
        let (_, taken, _) = told(&run(["audit", "export", "--url", &server.url, "-o", &remote]));
        if taken.contains(": 301 entries") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let (code, said) = verify(&[&remote, "--key", key]);
    assert!(code == 0 && said.contains("first 301 entries"), "{code}: {said}");
    assert_eq!(server.stop().0, Some(0));

    let (code, said) = verify(&["--data-dir", &data, "--key", key]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("audit log of the tenant `north`: the tree of the first 3 entries"),
        "{said}"
    );
    let document = json(["verify", "--data-dir", &data]);
    assert_eq!(
        (&document["logs"][0]["entries"], &document["stores"]),
        (&json!(301), &json!(2))
    );
    assert_eq!(document["findings"], json!([]));

    let local = text(&folder.path().join("local.jsonl"));
    let exported = json(["audit", "export", "--data-dir", &data, "-o", &local]);
    assert_eq!(exported["entries"], 301);
    let (here, there) = (std::fs::read_to_string(&local), std::fs::read_to_string(&remote));
    let (here, there) = (here.expect("a text"), there.expect("a text"));
    assert!(here.lines().skip(1).eq(there.lines().skip(1)), "the same entries");
    assert!(!here.contains("urn:ngsi-ld:Bus"), "names are pseudonyms");

    // One letter, in the middle of it.
    let other = text(&folder.path().join("other.jsonl"));
    let changed = here.replacen("\"seq\":200,\"target\":\"", "\"seq\":200,\"target\":\"z", 1);
    std::fs::write(&other, changed).expect("a file");
    let (code, said) = verify(&[&other]);
    assert!(code == 3 && said.contains("was signed"), "{code}: {said}");
    let stranger = key.replacen("/audit+", "/audit2+", 1);
    let (code, _) = verify(&[&local, "--key", &stranger]);
    assert_eq!(code, 2, "a key whose id is not its own");
    let (code, said) = verify(&[&text(&folder.path().join("none.jsonl"))]);
    assert!(code == 1 && said.contains("none.jsonl"), "{code}: {said}");
}

#[test]
fn a_changed_byte_of_the_store_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = text(&folder.path().join("data"));
    let server = Server::over(Path::new(&data));
    write(&server, Some("north"), 5);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(verify(&["--data-dir", &data]).0, 0);
    let file = folder.path().join("data/tenant-north.sqlite");
    let mut bytes = std::fs::read(&file).expect("a file");
    let wanted = b"\"action\":\"entity.";
    let places: Vec<usize> = (0..bytes.len() - wanted.len())
        .filter(|at| &bytes[*at..*at + wanted.len()] == wanted)
        .collect();
    assert!(!places.is_empty(), "entries lie there as they are");
    for at in places {
        bytes[at + 12] ^= 1;
    }
    std::fs::write(&file, bytes).expect("a file");
    let (code, said) = verify(&["--data-dir", &data]);
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("tenant `north`") && said.contains("`audit`"),
        "{said}"
    );
    assert!(
        said.contains("audit log of the default tenant"),
        "the other is as it was: {said}"
    );
    // Nothing is written where it cannot be recorded.
    let (code, stdout, _) = told(&run(["doctor", "--data-dir", &data, "--listen", "127.0.0.1:0"]));
    assert!(code == 3 && stdout.contains("north"), "{stdout}");
}

#[test]
fn it_can_be_switched_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(
        mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data)
            .env("MAPACHA__AUDIT__ENABLED", "false"),
    );
    write(&server, None, 3);
    assert_eq!(server.get("/audit/entries").0, 404);
    assert_eq!(server.stop().0, Some(0));
    let (code, said) = verify(&["--data-dir", &text(&data)]);
    assert!(code == 0 && !said.contains("audit log"), "{said}");
    let out = text(&folder.path().join("none.jsonl"));
    let (code, _, stderr) = told(&run(["audit", "export", "--data-dir", &text(&data), "-o", &out]));
    assert!(code == 1 && stderr.contains("nothing is recorded"), "{stderr}");
}
