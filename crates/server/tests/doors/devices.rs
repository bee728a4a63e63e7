//! Devices at the doors: by certificates over TLS, by secrets, and how they come to them.

use std::sync::Arc;

use access::{Lifecycle, NewDevice, Permissions, Role};
use axum::body::Body;
use axum::http::Request;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use serde_json::{Value, json};
use server::identity::PeerCertificate;
use storage::environment::SystemClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use twin::Clock as _;

use crate::admitted::{access_of, expected, gives, key_with, lacking, operations};
use crate::common::City;
use crate::pki::{Asked, Authority, Listening, Rig, Shown};

const LAMP: &str = "urn:ngsi-ld:Device:lamp-7";
const ME: &str = "GET /access/me";

fn request_of(key: &KeyPair) -> String {
    let request = CertificateParams::default().serialize_request(key).unwrap();
    request.pem().unwrap()
}

/// Registers, claims and enrols a device: what it shows from then on.
fn enrolled(city: &City, id: &str, roles: &[Role]) -> Shown {
    let access = access_of(city);
    let new = NewDevice {
        id,
        roles,
        ..NewDevice::default()
    };
    let (_, code) = access.add_device(&new, Permissions::all()).unwrap();
    let (_, token) = access
        .claim_device(id, &code, "ada", access::Source::default())
        .unwrap();
    let key = KeyPair::generate().unwrap();
    let authority = city.app.config.authority.as_ref().unwrap();
    let (_, chain) = access
        .enrol_device(
            id,
            &token,
            &request_of(&key),
            (authority, "Kisumu"),
            access::Source::default(),
        )
        .unwrap();
    Shown::of(&chain, &key)
}

/// A city that takes certificates of its own authority and of these, on a socket, now (what is verified is of now).
async fn listening(rig: &Rig, makers: &[&Authority]) -> Listening {
    let city = City::guarded_with(
        |_| {},
        |config, _| {
            let own = config.authority.as_ref().unwrap();
            own.init("Kisumu", now()).unwrap();
            config.tls = Some(rig.tls_with(makers, own.trusted_files().to_vec()));
        },
    );
    city.clock.set(now());
    Listening::over(city).await
}

fn now() -> ngsi_ld::Timestamp {
    SystemClock.now()
}

fn set(city: &City, next: Lifecycle) {
    access_of(city)
        .set_device_state(LAMP, next, Permissions::all())
        .unwrap();
}

/// What came: the status, or `none` where there was no answer.
fn told(answer: &Result<String, String>) -> String {
    match answer {
        Ok(answer) if !answer.is_empty() => answer[9..12].to_owned(),
        _ => "none".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn which_certificates_open_something() {
    let (maker, stranger) = (Authority::new("A maker"), Authority::new("A stranger"));
    let mimic = Authority::new("Mapacha built-in authority");
    let rig = Rig::new();
    let house = listening(&rig, &[&maker, &mimic]).await;
    let own = enrolled(&house.city, LAMP, &[Role::Operator]);
    let named = &[LAMP][..];
    let uris = Asked {
        uris: named,
        ..Asked::default()
    };
    let server = {
        let authority = house.city.app.config.authority.as_ref().unwrap();
        let (chain, key) = authority.issue_server(&["localhost".to_owned()], now()).unwrap();
        Shown::of(&chain, &KeyPair::from_pem(&key).unwrap())
    };
    let of_maker = |asked: Asked<'_>| maker.client(&asked);
    let alone = Shown {
        chain: own.chain[..1].to_vec(),
        key_pem: own.key_pem.clone(),
    };
    let table = [
        ("its own", own.clone(), "200"),
        ("its own without the chain", alone, "200"),
        ("a maker's", maker.client(&uris), "200"),
        (
            "a maker's with a common name beside",
            of_maker(Asked {
                uris: named,
                common_name: "urn:ngsi-ld:Device:other",
                ..Asked::default()
            }),
            "200",
        ),
        (
            "the id in the common name only",
            of_maker(Asked {
                common_name: LAMP,
                ..Asked::default()
            }),
            "401",
        ),
        (
            "a device that nobody registered",
            of_maker(Asked {
                uris: &["urn:ngsi-ld:Device:no"],
                ..Asked::default()
            }),
            "401",
        ),
        ("one that passes for ours", mimic.client(&uris), "401"),
        (
            "an expired one",
            of_maker(Asked {
                uris: named,
                years: (2000, 2001),
                ..Asked::default()
            }),
            "none",
        ),
        (
            "one that has not begun",
            of_maker(Asked {
                uris: named,
                years: (2090, 2096),
                ..Asked::default()
            }),
            "none",
        ),
        (
            "one for servers",
            of_maker(Asked {
                uris: named,
                usage: ExtendedKeyUsagePurpose::ServerAuth,
                ..Asked::default()
            }),
            "none",
        ),
        ("our own one for servers", server, "none"),
        ("another authority's", stranger.client(&uris), "none"),
        ("its own word", uris.self_signed(), "none"),
    ];
    for (what, shown, expected) in &table {
        let client = rig.client().showing(shown);
        let answer = client.ask(house.port, ME, "").await;
        assert_eq!(told(&answer), *expected, "{what}: {answer:?}");
        if *expected == "200" {
            let answer = answer.unwrap();
            assert!(
                answer.contains("\"device\"") && answer.contains(LAMP),
                "{what}: {answer}"
            );
        }
    }
    // Whoever shows none may ask, and is nobody, whatever is written about it.
    let headers = "X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-S-DN: CN=urn:ngsi-ld:Device:lamp-7\r\n\
        X-Forwarded-Client-Cert: URI=urn:ngsi-ld:Device:lamp-7\r\nClient-Cert: :AAAA:";
    let head = format!("{ME} HTTP/1.1\r\n{headers}\r\nX-Rest:");
    let mut stream = rig.client().connect(house.port).await.unwrap();
    let request = format!("{head} x\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(
        told(&rig.client().ask(house.port, "GET /healthz", "").await),
        "200"
    );
    // Nobody but active devices, by whatever certificate.
    for (next, expected) in [
        (Lifecycle::Suspended, "401"),
        (Lifecycle::Active, "200"),
        (Lifecycle::Retired, "401"),
    ] {
        set(&house.city, next);
        for (what, shown, _) in table.iter().filter(|(_, _, expected)| *expected == "200") {
            let answer = rig.client().showing(shown).ask(house.port, ME, "").await;
            assert_eq!(told(&answer), expected, "{what}, {next}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_device_gets_nothing_on_a_connection_that_is_open() {
    let rig = Rig::new();
    let house = listening(&rig, &[]).await;
    let shown = enrolled(&house.city, LAMP, &[Role::Operator]);
    let mut stream = rig.client().showing(&shown).connect(house.port).await.unwrap();
    let mut ask = async || {
        let request = format!("{ME} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it is closed");
        }
        String::from_utf8(answer).unwrap()
    };
    for (next, expected) in [
        (None, "HTTP/1.1 200"),
        (Some(Lifecycle::Suspended), "HTTP/1.1 401"),
        (Some(Lifecycle::Active), "HTTP/1.1 200"),
    ] {
        if let Some(next) = next {
            set(&house.city, next);
        }
        let answer = ask().await;
        assert!(answer.starts_with(expected), "{next:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_box_to_the_first_reading() {
    let rig = Rig::new();
    let house = listening(&rig, &[]).await;
    let city = &house.city;
    let manager = key_with(city, &[Role::Operator]);
    let owner = key_with(city, &[Role::Viewer]);
    let ask = async |key: &str, method: &str, path: &str, body: Value| {
        let text = (!body.is_null()).then(|| body.to_string());
        let headers = [("authorization", key)];
        let headers = if key.is_empty() { &[][..] } else { &headers[..] };
        city.ask(method, path, headers, text.as_deref()).await
    };
    let at = format!("/access/devices/{LAMP}");
    let to = |more: &str| format!("{at}{more}");
    let new = json!({"id": LAMP, "roles": ["operator"], "scopes": ["twin.write"]});
    let made = ask(&manager, "POST", "/access/devices", new.clone()).await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, &*at),
        "{}",
        made.text()
    );
    assert_eq!(ask(&manager, "POST", "/access/devices", new).await.status, 409);
    let claim = made.json()["claim"].clone();
    let (code, uri) = (claim["code"].as_str().unwrap(), claim["uri"].as_str().unwrap());
    assert_eq!(uri, format!("mapacha:claim?device={LAMP}&code={code}"));
    assert!(claim["svg"].as_str().unwrap().starts_with("<svg xmlns="));
    for (wrong, status) in [
        (json!({"code": "AAAA"}), 404),
        (json!({"code": 7}), 422),
        (json!({}), 422),
    ] {
        let reply = ask(&owner, "POST", &to("/claim"), wrong.clone()).await;
        assert_eq!(reply.status, status, "{wrong}: {}", reply.text());
    }
    let claimed = ask(&owner, "POST", &to("/claim"), json!({"code": code})).await;
    assert_eq!(claimed.status, 200, "{}", claimed.text());
    assert_eq!(claimed.json()["info"]["state"], "claimed");
    let token = claimed.json()["token"].clone();
    let key = KeyPair::generate().unwrap();
    let request = request_of(&key);
    for (body, status) in [
        (json!({"token": "x", "request": request}), 404),
        (json!({"token": token, "request": "x"}), 400),
    ] {
        let reply = ask("", "POST", &to("/enrol"), body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
    let enrolled = ask(
        "",
        "POST",
        &to("/enrol"),
        json!({"token": token, "request": request}),
    )
    .await;
    assert_eq!(enrolled.status, 200, "{}", enrolled.text());
    let shown = Shown::of(enrolled.json()["certificates"].as_str().unwrap(), &key);
    let lamp = rig.client().showing(&shown);
    let reading = json!({"id": "urn:ngsi-ld:RoadSegment:1", "type": "RoadSegment",
        "name": {"type": "Property", "value": "Moi Avenue"}});
    let written = lamp
        .ask(house.port, "POST /ngsi-ld/v1/entities", &reading.to_string())
        .await;
    assert_eq!(told(&written), "201", "{written:?}");
    let read = lamp.ask(house.port, "GET /ngsi-ld/v1/types", "").await;
    assert_eq!(told(&read), "403", "not among its scopes: {read:?}");
    // It renews with what it has; both hold.
    let next = KeyPair::generate().unwrap();
    let body = json!({"request": request_of(&next)}).to_string();
    let renewed = lamp
        .ask(house.port, &format!("POST {}", to("/renew")), &body)
        .await
        .unwrap();
    assert!(renewed.starts_with("HTTP/1.1 200"), "{renewed}");
    let body: Value = serde_json::from_str(renewed.split_once("\r\n\r\n").unwrap().1).unwrap();
    let after = rig
        .client()
        .showing(&Shown::of(body["certificates"].as_str().unwrap(), &next));
    for client in [&lamp, &after] {
        assert_eq!(told(&client.ask(house.port, ME, "").await), "200");
    }
    // Nobody else does that for it, and it for nobody else.
    let body = json!({"request": request_of(&next)});
    assert_eq!(
        ask(&manager, "POST", &to("/renew"), body.clone()).await.status,
        404
    );
    let other = lamp
        .ask(
            house.port,
            "POST /access/devices/urn:ngsi-ld:Device:x/renew",
            &body.to_string(),
        )
        .await;
    assert_eq!(told(&other), "404");
    let listed = ask(&manager, "GET", "/access/devices?limit=10", Value::Null)
        .await
        .json();
    assert_eq!(listed[0]["certificates"].as_array().unwrap().len(), 2);
    let serial = listed[0]["certificates"][0]["serial"].as_str().unwrap();
    let one = to(&format!("/certificates/{serial}"));
    assert_eq!(ask(&manager, "DELETE", &one, Value::Null).await.status, 204);
    assert_eq!(ask(&manager, "DELETE", &one, Value::Null).await.status, 404);
    assert_eq!(told(&lamp.ask(house.port, ME, "").await), "401");
    assert_eq!(told(&after.ask(house.port, ME, "").await), "200");
    // A secret, for what can have no certificate.
    let secret = ask(&manager, "POST", &to("/secret"), json!({})).await.json();
    let bearer = format!("Bearer {}", secret["secret"].as_str().unwrap());
    let me = ask(&bearer, "GET", "/access/me", Value::Null).await.json();
    assert_eq!((&me["kind"], &me["id"]), (&json!("device"), &json!(LAMP)));
    for (state, status) in [("suspended", 401), ("active", 200), ("retired", 401)] {
        let changed = ask(&manager, "PATCH", &at, json!({"state": state})).await;
        assert_eq!(changed.json()["state"], state, "{}", changed.text());
        assert_eq!(
            ask(&bearer, "GET", "/access/me", Value::Null).await.status,
            status
        );
        assert_eq!(told(&after.ask(house.port, ME, "").await), status.to_string());
    }
    for (method, path, body, status) in [
        ("PATCH", &*at, json!({"state": "active"}), 409),
        ("PATCH", &at, json!({"state": "king"}), 422),
        ("POST", &to("/claim-code"), Value::Null, 409),
        ("POST", &to("/enrolment"), Value::Null, 409),
        ("POST", "/access/devices", json!({"id": "lamp", "roles": []}), 400),
        (
            "POST",
            "/access/devices",
            json!({"id": "urn:ngsi-ld:A:b", "roles": ["administrator"]}),
            403,
        ),
        ("GET", "/access/devices/urn:ngsi-ld:Device:no", Value::Null, 404),
    ] {
        let reply = ask(&manager, method, path, body.clone()).await;
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
    }
    // What happened stands in the audit log.
    let officer = key_with(city, &[Role::Administrator]);
    let log = ask(&officer, "GET", "/audit/entries?start=0&end=100", Value::Null)
        .await
        .text();
    for action in [
        "device.create",
        "device.claim",
        "device.enrol",
        "device.certify",
        "device.suspend",
        "device.resume",
        "device.retire",
    ] {
        assert!(log.contains(action), "{action}: {log}");
    }
    assert!(
        ask("", "GET", "/access/authority", Value::Null)
            .await
            .text()
            .contains("BEGIN CERTIFICATE")
    );
}

/// A browser with a certificate shows it to whoever makes it ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_change_nothing_by_a_certificate() {
    let city = City::guarded();
    let shown = enrolled(&city, LAMP, &[Role::Operator]);
    let cases: [(&[(&str, &str)], u16); 5] = [
        (&[], 201),
        (&[("origin", "http://localhost"), ("host", "localhost")], 409),
        (&[("origin", "https://evil.example")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "null"), ("sec-fetch-site", "same-site")], 403),
    ];
    for (headers, expected) in cases {
        let mut request = Request::post("/access/devices").header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = json!({"id": "urn:ngsi-ld:Device:next", "roles": ["operator"]}).to_string();
        let request = request.header("content-length", body.len());
        let mut request = request.body(Body::from(body)).unwrap();
        let certificate = PeerCertificate(Arc::from(&*shown.chain[0]));
        request.extensions_mut().insert(certificate);
        let reply = city.send(request).await;
        assert_eq!(reply.status, expected, "{headers:?}: {}", reply.text());
    }
}

/// The row of devices in the matrix of routes and roles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_a_device() {
    let city = City::guarded();
    for role in [Role::Viewer, Role::Operator] {
        let id = format!("urn:ngsi-ld:Device:{role}");
        let shown = enrolled(&city, &id, &[role]);
        let (mut allowed, mut refused) = (0, 0);
        for (method, path, target, body) in operations() {
            let asks = expected(&method, &path);
            let what = format!("{method} {path} as a device with {role}");
            let mut request = Request::builder().method(&*method).uri(&target);
            if let Some((kind, text)) = &body {
                request = request
                    .header("content-type", kind)
                    .header("content-length", text.len());
            }
            let body = body.map_or_else(Body::empty, |(_, text)| Body::from(text));
            let mut request = request.body(body).unwrap();
            let certificate = PeerCertificate(Arc::from(&*shown.chain[0]));
            request.extensions_mut().insert(certificate);
            let reply = city.send(request).await;
            if ["", "any"].contains(&asks) || gives(role).split_whitespace().any(|given| given == asks) {
                allowed += 1;
                assert!(
                    reply.status != 401 && lacking(&reply).is_none(),
                    "{what}: {}",
                    reply.text()
                );
            } else {
                refused += 1;
                assert_eq!(lacking(&reply).as_deref(), Some(asks), "{what}: {}", reply.text());
            }
        }
        assert!(allowed > 20 && refused > 5, "{allowed} {refused}");
    }
}
