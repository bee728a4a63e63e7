//! Health, figures, headers, the API's description, indicators, imports, and the socket.

use std::time::Duration;

use crate::common::{City, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_operator_sees_how_it_is() {
    let city = City::new();
    assert_eq!(city.get("/healthz").await.json(), json!({"status": "ok"}));
    let ready = city.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["islands"].is_boolean()), (200, true));
    assert_eq!(city.get("/version").await.json()["name"], "mapacha");
    city.create(&json!({"id": "urn:ngsi-ld:A:1", "type": "A"})).await;
    let _ = city.get("/ngsi-ld/v1/entities/urn:ngsi-ld:A:2").await;
    let text = city.get("/metrics").await.text();
    for line in [
        "mapacha_entities{tenant=\"default\"} 1",
        "mapacha_operations_total{outcome=\"created\"} 1",
        "route=\"/ngsi-ld/v1/entities/{entityId}\",status=\"404\"",
        "process_resident_memory_bytes",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let apart = City::with(|config| config.metrics_apart = true);
    assert_eq!(apart.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn every_answer_keeps_browsers_in_bounds() {
    let city = City::new();
    for path in [
        "/",
        "/healthz",
        "/ngsi-ld/v1/entities?type=A",
        "/nothing",
        "/openapi.json",
        "/kpi/catalogue",
    ] {
        let reply = city.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!reply.header("referrer-policy").is_empty(), "{path}");
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
        assert!(!reply.header("cache-control").is_empty(), "{path}");
    }
    let named = city
        .ask("GET", "/healthz", &[("x-request-id", "mine-1")], None)
        .await;
    assert_eq!(named.header("x-request-id"), "mine-1");
    let bad = city
        .ask("GET", "/healthz", &[("x-request-id", "a b<script>")], None)
        .await;
    assert!(!bad.header("x-request-id").contains('<'));
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let city = City::new();
    let entity = r#"{"id":"urn:ngsi-ld:A:1","type":"A"}"#;
    for (headers, status) in [
        (&[("host", "evil.example:8080")][..], 421),
        (
            &[("host", "127.0.0.1:8080"), ("origin", "http://evil.example")],
            403,
        ),
        (
            &[("host", "127.0.0.1:8080"), ("sec-fetch-site", "cross-site")],
            403,
        ),
        (
            &[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")],
            201,
        ),
    ] {
        let reply = city
            .ask("POST", "/ngsi-ld/v1/entities", headers, Some(entity))
            .await;
        assert_eq!(reply.status, status, "{headers:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn behind_a_proxy_its_address_is_this_servers() {
    let city = City::with(|config| {
        config.public_url = Some(server::PublicUrl::parse("https://city.example").unwrap());
    });
    let mut number = 0;
    for (headers, status) in [
        // The proxy writes its own host, or passes on the client's.
        (
            &[("host", "127.0.0.1:8080"), ("origin", "https://city.example")][..],
            201,
        ),
        (
            &[("host", "city.example"), ("origin", "https://city.example")],
            201,
        ),
        (
            &[("host", "city.example"), ("origin", "http://evil.example")],
            403,
        ),
        (
            &[("host", "127.0.0.1:8080"), ("origin", "http://evil.example")],
            403,
        ),
        (&[("host", "evil.example")], 421),
    ] {
        number += 1;
        let entity = format!(r#"{{"id":"urn:ngsi-ld:A:{number}","type":"A"}}"#);
        let reply = city
            .ask("POST", "/ngsi-ld/v1/entities", headers, Some(entity.as_str()))
            .await;
        assert_eq!(reply.status, status, "{headers:?}: {}", reply.text());
    }
    // What is hosted here is named so that others find it.
    let context = r#"{"@context": {"a": "https://a.example/a"}}"#;
    let host = [("host", "127.0.0.1:8080")];
    let hosted = city
        .ask("POST", "/ngsi-ld/v1/jsonldContexts", &host, Some(context))
        .await;
    assert_eq!(hosted.status, 201, "{}", hosted.text());
    let listed = city.ask("GET", "/ngsi-ld/v1/jsonldContexts", &host, None).await;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    let all = listed.as_array().unwrap();
    let named = |url: &Value| {
        url.as_str()
            .unwrap()
            .starts_with("https://city.example/ngsi-ld/v1/jsonldContexts/")
    };
    assert!(all.iter().any(named), "{listed}");
}

#[tokio::test]
async fn answers_are_compressed_where_that_is_asked() {
    let city = City::new();
    for coding in ["gzip", "br"] {
        let reply = city
            .ask("GET", "/openapi.json", &[("accept-encoding", coding)], None)
            .await;
        assert_eq!(reply.header("content-encoding"), coding);
        assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
    }
}

/// The path of the document with examples in place of its parameters.
fn concrete(path: &str, operation: &Value) -> String {
    let mut concrete = path.to_owned();
    let mut asked = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let name = parameter["name"].as_str().unwrap();
            let example = parameter["example"]
                .as_str()
                .unwrap_or_else(|| panic!("{path}: {name} has no example"));
            concrete = concrete.replace(&format!("{{{name}}}"), example);
        }
        if parameter["in"] == "query" && parameter["required"] == true {
            let (name, example) = (parameter["name"].as_str(), parameter["example"].as_str());
            asked.extend(
                name.zip(example)
                    .map(|(name, example)| format!("{name}={example}")),
            );
        }
    }
    assert!(
        !concrete.contains('{'),
        "{path}: a part of the path is not described"
    );
    if !asked.is_empty() {
        concrete.push('?');
        concrete.push_str(&asked.join("&"));
    }
    concrete
}

#[tokio::test]
async fn the_document_and_the_router_say_the_same() {
    let city = City::new();
    let document = city.get("/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut documented: Vec<String> = Vec::new();
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            documented.push(method.to_uppercase());
            assert!(
                operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
                "{method} {path} has no summary"
            );
            assert!(
                operation["operationId"].is_string() && operation["tags"].is_array(),
                "{method} {path}"
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status != "200" {
                    continue;
                }
                let contents = response["content"].as_object().unwrap();
                assert!(
                    contents.values().any(|content| !content["example"].is_null()),
                    "{method} {path}: {status} has no example"
                );
            }
            let body = operation["requestBody"]["content"]
                .as_object()
                .and_then(|content| content.values().next());
            if let Some(body) = body {
                assert!(
                    !body["example"].is_null(),
                    "{method} {path}: the body has no example"
                );
            }
            // Each documented operation answers, and with its own example as a body it is not refused as malformed.
            let target = concrete(path, operation);
            let media_type = operation["requestBody"]["content"]
                .as_object()
                .and_then(|c| c.keys().next().cloned());
            let text = body.map(|body| match &body["example"] {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            });
            let headers: Vec<_> = media_type
                .iter()
                .map(|media_type| ("content-type", media_type.as_str()))
                .collect();
            let reply = city
                .ask(&method.to_uppercase(), &target, &headers, text.as_deref())
                .await;
            assert!(
                ![405, 415, 411, 500, 501].contains(&reply.status),
                "{method} {target}: {} {}",
                reply.status,
                reply.text()
            );
            assert!(
                reply.status != 404 || !reply.text().contains("there is nothing at"),
                "{method} {target} is documented and not there"
            );
            let too_wide = reply.status == 400 && reply.text().contains("too wide")
                || reply.text().contains("temporal query is missing");
            assert!(
                reply.status != 400 || too_wide,
                "{method} {target}: {}",
                reply.text()
            );
        }
        // Each method that is there is documented: `Allow` names them all.
        let target = concrete(path, item.as_object().unwrap().values().next().unwrap());
        let reply = city.ask("TRACE", &target, &[], None).await;
        assert_eq!(reply.status, 405, "{path}");
        let allow = reply.header_all("allow");
        let mut allowed: Vec<_> = allow
            .split(',')
            .map(|m| m.trim().to_owned())
            .filter(|m| m != "HEAD")
            .collect();
        allowed.sort();
        documented.sort();
        assert_eq!(allowed, documented, "{path}");
    }
    assert!(operations >= 35, "{operations}");
}

#[tokio::test]
async fn the_indicators_are_served() {
    let city = City::new();
    let catalogue = city.get("/kpi/catalogue").await;
    assert_eq!(
        (
            catalogue.status,
            catalogue.json()["kpis"].as_array().unwrap().len()
        ),
        (200, 91)
    );
    let assessment = city.get("/kpi/assessment").await;
    assert_eq!(assessment.status, 200, "{}", assessment.text());
    assert_eq!(assessment.json()["data_points"].as_array().unwrap().len(), 112);
    assert_eq!(assessment.json()["coverage"]["reported"], 0);
    for (format, media_type) in [
        ("csv", "text/csv"),
        ("html", "text/html"),
        ("svg", "image/svg+xml"),
        ("json", "application/json"),
    ] {
        let reply = city
            .get(&format!("/kpi/assessment?format={format}&period=2018"))
            .await;
        assert!(
            reply.status == 200 && reply.header("content-type").starts_with(media_type),
            "{format}: {}",
            reply.text()
        );
    }
    for bad in ["?period=lately", "?format=pdf"] {
        let reply = city.get(&format!("/kpi/assessment{bad}")).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (400, "application/problem+json"),
            "{bad}"
        );
    }
    let stored = city.ask("POST", "/kpi/assessment?period=2018", &[], None).await;
    assert_eq!(stored.status, 200, "{}", stored.text());
}

async fn import(city: &City, query: &str, body: &str) -> Reply {
    let target = format!("/imports/{query}");
    city.ask(
        "POST",
        &target,
        &[("content-type", "application/octet-stream")],
        Some(body),
    )
    .await
}

#[tokio::test]
async fn files_are_imported() {
    let city = City::new();
    let lines = "{\"id\":\"urn:ngsi-ld:A:1\",\"type\":\"A\",\"a\":1}\n{\"id\":\"nonsense\",\"type\":\"A\"}\n{\"id\":\"urn:ngsi-ld:A:2\",\"type\":\"A\"}\n";
    let report = import(&city, "entities?file=a.jsonl", lines).await;
    assert_eq!(report.status, 200, "{}", report.text());
    let report = report.json();
    assert_eq!(
        (&report["made"], &report["refused_count"], &report["files"]),
        (&json!(2), &json!(1), &json!(["a.jsonl"]))
    );
    assert_eq!(report["refused"][0]["line"], 2);
    assert_eq!(
        import(&city, "entities?file=a.jsonl", lines).await.json()["known"],
        2,
        "twice changes nothing"
    );
    assert_eq!(
        city.get("/ngsi-ld/v1/entities?type=A")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let readings = "time,pm\n2026-04-01T10:00:00Z,12.5\n2026-04-01T11:00:00Z,13\n";
    let query = "observations?file=r.csv&entity=urn:ngsi-ld:AirQualityObserved:x&attribute=pm25&time-column=time&value-column=pm&unit=GQ";
    let report = import(&city, query, readings).await;
    assert_eq!(
        (report.status, report.json()["read"].as_u64()),
        (200, Some(2)),
        "{}",
        report.text()
    );
    let history = city
        .get("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:AirQualityObserved:x?format=temporalValues")
        .await;
    assert_eq!(
        history.json()["pm25"]["values"].as_array().unwrap().len(),
        2,
        "{}",
        history.text()
    );

    for (query, body, status) in [
        ("nonsense", "x", 404),
        ("entities?no-such-option=1", "x", 400),
        ("entities?year=soon", "x", 400),
        ("gtfs?file=feed.zip", "this is no zip", 422),
        ("population?file=p.tif", "this is no tiff", 422),
        ("observations?file=r.csv", readings, 400),
    ] {
        let reply = import(&city, query, body).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert!(
            reply.json()["detail"]
                .as_str()
                .is_some_and(|detail| detail.len() > 10),
            "{query}"
        );
    }
    let spool = &city.app.config.spool_dir;
    assert_eq!(
        std::fs::read_dir(spool).unwrap().count(),
        0,
        "nothing stays behind"
    );
}

#[tokio::test]
async fn a_form_may_hold_several_files() {
    let city = City::new();
    let part = |name: &str, body: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{body}\r\n")
    };
    let entity = |n: u32| format!(r#"[{{"id":"urn:ngsi-ld:A:{n}","type":"A"}}]"#);
    let form = format!(
        "{}{}--x--\r\n",
        part("a.json", &entity(1)),
        part("b.json", &entity(2))
    );
    let headers = [
        ("content-type", "multipart/form-data; boundary=x"),
        ("ngsild-tenant", "forms"),
    ];
    let reply = city.ask("POST", "/imports/entities", &headers, Some(&form)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        (&reply.json()["made"], &reply.json()["files"]),
        (&json!(2), &json!(["a.json", "b.json"]))
    );
    let empty = city
        .ask("POST", "/imports/entities", &headers, Some("--x--\r\n"))
        .await;
    assert_eq!(empty.status, 400, "{}", empty.text());
    let broken = city
        .ask(
            "POST",
            "/imports/entities",
            &headers,
            Some(&form[..form.len() / 2]),
        )
        .await;
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_serves_and_stops_with_streams_open() {
    let city = City::with(|config| config.grace = Duration::from_millis(300));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listener, city.app.clone(), async move {
        let _ = stopped.await;
    }));
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"ok\""),
        "{answer}"
    );

    let request = format!(
        "DELETE /ngsi-ld/v1/entities/urn:a:b HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    );
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");

    // An upload that never ends: it is in flight when the signal comes, and cut off after the grace.
    let mut open = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("POST /imports/entities HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n[");
    open.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .expect("it stops")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let city = City::new();
    let stop = r#"{"id":"urn:ngsi-ld:BusStop:1","type":"BusStop"}"#;
    assert_eq!(
        city.ask("POST", "/ngsi-ld/v1/entities/", &[], Some(stop))
            .await
            .status,
        201
    );
    for target in [
        "/ngsi-ld/v1/entities/?type=BusStop",
        "/ngsi-ld/v1/entities/urn:ngsi-ld:BusStop:1/",
        "/healthz/",
    ] {
        assert_eq!(city.ask("GET", target, &[], None).await.status, 200, "{target}");
    }
    assert_eq!(
        city.ask("GET", "/", &[("accept", "text/html")], None)
            .await
            .status,
        200
    );
}
