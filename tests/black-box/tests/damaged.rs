//! A stored file with a flipped bit: the server starts, says so, and serves everything else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite fails by panicking and says why"
)]

use black_box::{Server, run, told};
use serde_json::json;

#[test]
fn a_damaged_row_is_told_of_and_the_rest_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::over(folder.path());
    let entity =
        json!({"id": "urn:ngsi-ld:Well:1", "type": "Well", "level": {"type": "Property", "value": 4}});
    assert_eq!(server.send("POST", "/ngsi-ld/v1/entities", &entity).0, 201);
    let iris = ["https://one.example/marked", "https://two.example/marked"];
    for iri in iris {
        let context = json!({"@context": {"T": iri}});
        assert_eq!(server.send("POST", "/ngsi-ld/v1/jsonldContexts", &context).0, 201);
    }
    assert_eq!(server.get("/readyz").1["damaged_rows"], 0);
    let (_, hosted) = server.get("/ngsi-ld/v1/jsonldContexts?kind=Hosted");
    assert_eq!(hosted.as_array().map(Vec::len), Some(2));
    assert_eq!(server.stop().0, Some(0));

    let file = folder.path().join("city.sqlite");
    let mut bytes = std::fs::read(&file).expect("the store");
    let mark = iris[0].as_bytes();
    let places: Vec<usize> = (0..bytes.len() - mark.len())
        .filter(|at| bytes[*at..].starts_with(mark))
        .collect();
    assert_eq!(places.len(), 1, "it lies in one row");
    bytes[places[0] + 10] ^= 1;
    std::fs::write(&file, bytes).expect("the store");

    let data = folder.path().display().to_string();
    let (code, stdout, _) = told(&run(["doctor", "--data-dir", &data, "--listen", "127.0.0.1:0"]));
    assert_eq!(code, 3, "{stdout}");
    assert!(
        stdout.contains("jsonld-contexts") && stdout.contains("checksum"),
        "{stdout}"
    );

    let server = Server::over(folder.path());
    let (status, ready) = server.get("/readyz");
    assert_eq!((status, &ready["damaged_rows"]), (200, &json!(1)), "{ready}");
    assert_eq!(server.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Well:1").0, 200);
    let (_, hosted) = server.get("/ngsi-ld/v1/jsonldContexts?kind=Hosted&details=true");
    let hosted = hosted.as_array().expect("a list");
    assert_eq!(hosted.len(), 1, "{hosted:?}");
    assert_eq!(server.stop().0, Some(0));
}
