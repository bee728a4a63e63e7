//! The HTTP door as the network sees it: pages of other sites, bodies that are too large, requests that are no HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking and says why"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use black_box::{Server, client, mapacha};
use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::Value as Json;

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const MAP: &str = "https://map.example.org";

/// A server to whose configuration `allowed_origins` is added.
fn open_to(folder: &Path, origins: &str) -> Server {
    Server::start(
        mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("MAPACHA__HTTP__ALLOWED_ORIGINS", origins),
    )
}

fn ask(server: &Server, method: Method, headers: &[(&str, &str)], body: Option<&str>) -> Response {
    let mut request = client().request(method, format!("{}{ENTITIES}?type=Lamp&count=true", server.url));
    if body.is_some() {
        request = client().post(format!("{}{ENTITIES}", server.url));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_owned());
    }
    request.send().expect("the server answers")
}

fn header(answer: &Response, name: &str) -> String {
    let values = answer.headers().get_all(name).iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",").to_ascii_lowercase()
}

/// A preflight for a PATCH with the headers of NGSI-LD.
fn preflight(server: &Server, origin: &str) -> Response {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        (
            "access-control-request-headers",
            "content-type,link,ngsild-tenant",
        ),
    ];
    ask(server, Method::OPTIONS, &headers, None)
}

fn lamp(number: u32) -> String {
    format!(r#"{{"id":"urn:ngsi-ld:Lamp:{number}","type":"Lamp","watts":9}}"#)
}

#[test]
fn a_page_that_is_allowed_reads_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = open_to(folder.path(), "[\"https://map.example.org\"]");
    let leave = preflight(&server, MAP);
    assert!(leave.status().is_success(), "{leave:?}");
    assert_eq!(header(&leave, "access-control-allow-origin"), MAP);
    for method in ["get", "post", "put", "patch", "delete"] {
        assert!(
            header(&leave, "access-control-allow-methods").contains(method),
            "{method}"
        );
    }
    for name in [
        "content-type",
        "accept",
        "link",
        "ngsild-tenant",
        "ngsild-entitymap",
        "ngsild-snapshot",
    ] {
        assert!(
            header(&leave, "access-control-allow-headers").contains(name),
            "{name}"
        );
    }
    assert_eq!(header(&leave, "access-control-allow-credentials"), "");

    let page = [("origin", MAP), ("sec-fetch-site", "cross-site")];
    let written = ask(&server, Method::POST, &page, Some(&lamp(1)));
    assert_eq!(written.status(), 201, "{written:?}");
    assert_eq!(header(&written, "access-control-allow-origin"), MAP);
    let read = ask(&server, Method::GET, &page, None);
    assert_eq!(header(&read, "access-control-allow-origin"), MAP);
    assert_eq!(header(&read, "ngsild-results-count"), "1");
    for name in [
        "ngsild-results-count",
        "link",
        "location",
        "ngsild-entitymap",
        "ngsild-warning",
        "content-range",
    ] {
        assert!(
            header(&read, "access-control-expose-headers").contains(name),
            "{name}"
        );
    }
    assert!(header(&read, "vary").contains("origin"), "{read:?}");
    // What is refused can be read by the page too.
    let refused = ask(&server, Method::POST, &page, Some("{"));
    assert_eq!(
        (
            refused.status().as_u16(),
            header(&refused, "access-control-allow-origin")
        ),
        (400, MAP.into())
    );
}

#[test]
fn a_page_that_is_not_allowed_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = open_to(folder.path(), "[\"https://map.example.org\"]");
    for origin in ["https://map.example.org.evil", "http://map.example.org", "null"] {
        assert_eq!(
            header(&preflight(&server, origin), "access-control-allow-origin"),
            "",
            "{origin}"
        );
        let page = [("origin", origin), ("sec-fetch-site", "cross-site")];
        assert_eq!(
            ask(&server, Method::POST, &page, Some(&lamp(1))).status(),
            403,
            "{origin}"
        );
        let read = ask(&server, Method::GET, &page, None);
        assert_eq!(header(&read, "access-control-allow-origin"), "", "{origin}");
    }
}

#[test]
fn without_the_key_no_other_origin_is_allowed_and_with_a_star_everybody_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(&folder.path().join("closed"));
    let leave = preflight(&server, MAP);
    assert_eq!(
        (
            leave.status().as_u16(),
            header(&leave, "access-control-allow-origin")
        ),
        (405, String::new())
    );
    let page = [("origin", MAP)];
    assert_eq!(ask(&server, Method::POST, &page, Some(&lamp(1))).status(), 403);

    let server = open_to(&folder.path().join("open"), "[\"*\"]");
    let leave = preflight(&server, "https://anybody.example");
    assert_eq!(header(&leave, "access-control-allow-origin"), "*");
    assert_eq!(header(&leave, "access-control-allow-credentials"), "");
    let page = [
        ("origin", "https://anybody.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let written = ask(&server, Method::POST, &page, Some(&lamp(1)));
    assert_eq!(
        (
            written.status().as_u16(),
            header(&written, "access-control-allow-origin")
        ),
        (201, "*".into())
    );
}

/// A connection of its own.
fn connect(server: &Server) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.set_write_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// What comes on a connection until it holds a head and the whole body that the head announces.
fn answer(stream: &mut TcpStream) -> (String, Json) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).expect("an answer, and not a reset");
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return (head.to_owned(), serde_json::from_str(body).unwrap_or_default());
            }
        }
        assert!(read > 0, "the connection ended after {text:?}");
    }
}

fn head(method: &str, target: &str, headers: &[(&str, String)]) -> String {
    let headers: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        headers.concat()
    )
}

fn json_of(length: u64) -> Vec<(&'static str, String)> {
    vec![
        ("Content-Type", "application/json".to_owned()),
        ("Content-Length", length.to_string()),
    ]
}

#[test]
fn who_sends_too_much_reads_why() {
    const MUCH: usize = 40 << 20;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let upsert = "/ngsi-ld/v1/entityOperations/upsert";
    for target in [ENTITIES, upsert] {
        // Everything is sent before anything is read, as many clients do.
        let mut stream = connect(&server);
        stream
            .write_all(head("POST", target, &json_of(MUCH as u64)).as_bytes())
            .unwrap();
        stream.write_all(&vec![b' '; MUCH]).expect("all of it is taken");
        let (head, body) = answer(&mut stream);
        assert!(head.starts_with("HTTP/1.1 413 "), "{target}: {head}");
        assert_eq!(body["status"], 413, "{target}: {body}");
        assert!(
            body["detail"].as_str().unwrap().contains("send less at once"),
            "{body}"
        );
    }
}

#[test]
fn a_body_that_is_announced_as_too_large_is_refused_before_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    // Nothing is sent but the head: the answer waits for nothing.
    let mut stream = connect(&server);
    stream
        .write_all(head("POST", ENTITIES, &json_of(10 << 30)).as_bytes())
        .unwrap();
    assert!(answer(&mut stream).0.starts_with("HTTP/1.1 413 "));
    // Who asks for leave to send is not given it.
    let mut stream = connect(&server);
    let mut headers = json_of(40 << 20);
    headers.push(("Expect", "100-continue".to_owned()));
    stream
        .write_all(head("POST", ENTITIES, &headers).as_bytes())
        .unwrap();
    let (first, body) = answer(&mut stream);
    assert!(first.starts_with("HTTP/1.1 413 "), "{first}");
    assert_eq!(body["status"], 413);
}

#[test]
fn a_refusal_leaves_the_connection_fit_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let mut stream = connect(&server);
    let body = vec![b' '; 2 << 20];
    for _ in 0..3 {
        stream
            .write_all(head("POST", ENTITIES, &json_of(body.len() as u64)).as_bytes())
            .unwrap();
        stream.write_all(&body).unwrap();
        assert!(answer(&mut stream).0.starts_with("HTTP/1.1 413 "));
    }
    stream.write_all(head("GET", "/healthz", &[]).as_bytes()).unwrap();
    assert_eq!(answer(&mut stream).1["status"], "ok");
}

#[test]
fn what_no_url_may_hold_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let target = |q: &str| format!("{ENTITIES}?type=Shop&q={q}");
    let told = |stream: &mut TcpStream, q: &str| {
        let (head, body) = answer(stream);
        assert!(head.starts_with("HTTP/1.1 400 "), "{q}: {head}");
        let detail = body["detail"].as_str().unwrap_or("");
        assert!(detail.contains("%3E"), "{q}: {head}\n{body}");
    };
    for q in ["rating>3", "rating<3", "name==\"a\""] {
        let mut stream = connect(&server);
        stream.write_all(head("GET", &target(q), &[]).as_bytes()).unwrap();
        told(&mut stream, q);
    }
    // A space ends the URL, and what follows is no version of HTTP.
    let mut stream = connect(&server);
    stream
        .write_all(head("GET", &target("name==a b"), &[]).as_bytes())
        .unwrap();
    told(&mut stream, "a space");
    // Also as the second request on a connection, when the first is answered.
    for good in ["/healthz", "/ngsi-ld/v1/entities?type=Shop"] {
        let mut stream = connect(&server);
        stream.write_all(head("GET", good, &[]).as_bytes()).unwrap();
        assert!(answer(&mut stream).0.starts_with("HTTP/1.1 200 "), "{good}");
        stream
            .write_all(head("GET", &target("rating>3"), &[]).as_bytes())
            .unwrap();
        told(&mut stream, good);
    }
    // What is encoded is taken, and so is what the library lets pass.
    for q in ["rating%3E3", "a==1|b==2", "a==1%7Cb==2"] {
        let mut stream = connect(&server);
        stream.write_all(head("GET", &target(q), &[]).as_bytes()).unwrap();
        let (head, body) = answer(&mut stream);
        assert!(head.starts_with("HTTP/1.1 200 "), "{q}: {head}\n{body}");
    }
}
