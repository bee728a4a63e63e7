//! Whom programs are taken for: not for the bearer of a token of somebody else's, not for a name in a header, and not
//! for one of another tenant.

use access::Role;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::admitted::{Sent, key_with, operations};
use crate::common::City;

/// A token in three parts (RFC 7519), signed by whatever.
fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{}",
        part(header.to_string().as_bytes()),
        part(claims.to_string().as_bytes()),
        part(signature)
    )
}

#[tokio::test]
async fn no_token_of_others_opens_anything() {
    let city = City::guarded();
    let good = json!({"iss": "https://city.example", "aud": "mapacha", "sub": "ada", "exp": 4_102_444_800_u64,
        "iat": 1_700_000_000, "roles": ["administrator"], "scope": "users.manage"});
    let but = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        claims
    };
    let signed = [7_u8; 64];
    let rs = |more: Value| {
        let mut header = json!({"alg": "RS256", "typ": "at+jwt", "kid": "1"});
        header
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        header
    };
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let mut cases = vec![
        ("none", token(&json!({"alg": "none"}), &good, b"")),
        ("None", token(&json!({"alg": "None"}), &good, b"")),
        ("no alg", token(&json!({"typ": "JWT"}), &good, b"")),
        ("alg null", token(&json!({"alg": null}), &good, b"")),
        (
            "HS256 by an empty key",
            token(&json!({"alg": "HS256"}), &good, &[0; 32]),
        ),
        (
            "HS256 where a public key is the secret",
            token(&json!({"alg": "HS256", "kid": "1"}), &good, &signed[..32]),
        ),
        (
            "jku",
            token(&rs(json!({"jku": "https://evil.example/jwks"})), &good, &signed),
        ),
        (
            "x5u",
            token(&rs(json!({"x5u": "https://evil.example/chain"})), &good, &signed),
        ),
        (
            "jwk",
            token(&rs(json!({"alg": "EdDSA", "jwk": jwk})), &good, &signed),
        ),
        ("x5c", token(&rs(json!({"x5c": ["MIIB"]})), &good, &signed)),
        (
            "crit",
            token(&rs(json!({"crit": ["exp"], "exp": 1})), &good, &signed),
        ),
        (
            "kid out of the folder",
            token(&rs(json!({"kid": "../../../dev/null"})), &good, &signed),
        ),
        (
            "kid in SQL",
            token(&rs(json!({"kid": "' OR 1=1 --"})), &good, &signed),
        ),
        (
            "another kind",
            token(&rs(json!({"typ": "logout+jwt"})), &good, &signed),
        ),
        (
            "no issuer",
            token(&rs(json!({})), &but("iss", Value::Null), &signed),
        ),
        (
            "another audience",
            token(&rs(json!({})), &but("aud", json!("other")), &signed),
        ),
        ("ended", token(&rs(json!({})), &but("exp", json!(1)), &signed)),
        (
            "an end that is a text",
            token(&rs(json!({})), &but("exp", json!("never")), &signed),
        ),
        (
            "not yet",
            token(&rs(json!({})), &but("nbf", json!(4_102_444_800_u64)), &signed),
        ),
        ("no signature", token(&rs(json!({})), &good, b"")),
        ("signed by nobody", token(&rs(json!({})), &good, &signed)),
        (
            "five parts",
            format!("{}.a.b", token(&rs(json!({})), &good, &signed)),
        ),
        ("a claim twice", {
            let twice = r#"{"sub":"eve","sub":"ada","roles":["administrator"]}"#;
            format!(
                "{}.{}.",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
                URL_SAFE_NO_PAD.encode(twice)
            )
        }),
        ("no base64", "e30.e30.$$$$".to_owned()),
        ("nothing", String::new()),
        (
            "a key of ours that is none",
            "mapacha_0011223344556677_".to_owned() + &"0".repeat(64),
        ),
    ];
    cases.push(("very long", "a.".repeat(20_000)));
    assert!(cases.len() >= 25);
    for (what, token) in &cases {
        for value in [
            format!("Bearer {token}"),
            format!("bearer  {token}"),
            format!("DPoP {token}"),
            token.clone(),
        ] {
            let reply = city
                .ask("GET", "/access/me", &[("authorization", &value)], None)
                .await;
            assert_eq!(reply.status, 401, "{what}: {}", reply.text());
            assert!(
                reply.text().len() < 2000,
                "{what}: what was sent is not sent back"
            );
        }
        // Nor where programs with less care put it.
        let target = format!(
            "/access/me?access_token={}",
            token
                .chars()
                .take(2000)
                .collect::<String>()
                .replace(['\'', ' '], "")
        );
        let reply = city.ask("GET", &target, &[], None).await;
        assert_eq!(reply.status, 401, "{what}");
    }
}

#[tokio::test]
async fn a_name_in_a_header_is_nobody() {
    let city = City::guarded();
    key_with(&city, &[Role::Administrator]);
    for (name, value) in [
        ("x-forwarded-user", "ada"),
        ("x-remote-user", "ada"),
        ("remote-user", "ada"),
        ("x-auth-request-user", "ada"),
        ("x-auth-request-email", "ada@city.example"),
        ("x-webauth-user", "ada"),
        ("x-user-id", "1"),
        ("x-roles", "administrator"),
        ("x-ssl-client-verify", "SUCCESS"),
        ("x-ssl-client-dn", "CN=ada"),
        ("x-client-cert", "-----BEGIN CERTIFICATE-----"),
        ("x-forwarded-client-cert", "Subject=\"CN=ada\""),
        ("forwarded", "for=127.0.0.1;by=ada"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-http-method-override", "GET"),
        ("cookie", "user=ada; role=administrator; session=1"),
        ("proxy-authorization", "Basic YWRhOmFkYQ=="),
    ] {
        for (method, path) in [
            ("GET", "/access/users"),
            ("GET", "/ngsi-ld/v1/types"),
            ("DELETE", "/access/users/ada"),
        ] {
            let reply = city.ask(method, path, &[(name, value)], None).await;
            assert_eq!(reply.status, 401, "{method} {path} with {name}: {}", reply.text());
        }
    }
    // A method is what the request line says.
    let viewer = key_with(&city, &[Role::Viewer]);
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let headers = [("authorization", &*viewer), (name, "DELETE")];
        let reply = city.ask("GET", "/ngsi-ld/v1/types", &headers, None).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// What stands in everything that one tenant has.
const MARK: &str = "zanzibar-mark";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_tenant_is_in_an_answer_for_another() {
    let city = City::new();
    let id = format!("urn:ngsi-ld:GtfsStop:{MARK}");
    let of_mark = [("ngsild-tenant", "island"), ("content-type", "application/json")];
    let entity = json!({"id": id, "type": format!("T{}", MARK.replace('-', "")), "scope": "/zanzibar",
        "name": {"type": "Property", "value": MARK, "observedAt": "2026-05-01T11:00:00Z"},
        MARK.replace('-', ""): {"type": "Property", "value": 1},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [36.8, -1.29]}}});
    let subscription = json!({"id": format!("urn:ngsi-ld:Subscription:{MARK}"), "type": "Subscription", "entities": [{"type": "GtfsStop"}],
        "notification": {"endpoint": {"uri": format!("http://{MARK}.example/")}}});
    let source = json!({"id": format!("urn:ngsi-ld:ContextSourceRegistration:{MARK}"), "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "GtfsStop"}]}], "endpoint": format!("http://{MARK}.example/")});
    let context = json!({"@context": {MARK: format!("https://{MARK}.example/x")}});
    for (path, body) in [
        ("/ngsi-ld/v1/entities", &entity),
        ("/ngsi-ld/v1/subscriptions", &subscription),
        ("/ngsi-ld/v1/csourceRegistrations", &source),
        ("/ngsi-ld/v1/jsonldContexts", &context),
        (
            "/ngsi-ld/v1/snapshots",
            &json!({"type": "Snapshot", "id": format!("urn:ngsi-ld:Snapshot:{MARK}"),
            "snapshotQueries": [{"type": "Query", "entities": [{"type": "GtfsStop"}]}]}),
        ),
    ] {
        let reply = city.ask("POST", path, &of_mark, Some(&body.to_string())).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text());
    }
    // It is seen where it is, so that the mark would be found.
    let own = city
        .ask("GET", &format!("/ngsi-ld/v1/entities/{id}"), &of_mark[..1], None)
        .await;
    assert!(own.text().contains(MARK), "{}", own.text());
    let mut asked = 0;
    for other in [None, Some("mainland")] {
        let tenant: Vec<(&str, &str)> = other.map(|name| ("ngsild-tenant", name)).into_iter().collect();
        if other.is_some() {
            let mine = json!({"id": "urn:ngsi-ld:GtfsStop:1", "type": "GtfsStop"}).to_string();
            let made = city
                .ask(
                    "POST",
                    "/ngsi-ld/v1/entities",
                    &[tenant[0], of_mark[1]],
                    Some(&mine),
                )
                .await;
            assert_eq!(made.status, 201);
        }
        // Every operation of the description, with its own example and without; then what names the other's things.
        let mut targets: Vec<(String, String, Option<Sent>)> = operations()
            .into_iter()
            .filter(|(method, ..)| method == "GET" || method == "POST")
            // How an installation stands before a law is told of all of it: kinds of data by name, and none of the data.
            .filter(|(_, path, ..)| !path.starts_with("/governance/profiles"))
            .map(|(method, _, target, body)| (method, target, body))
            .collect();
        for part in [
            "types",
            "attributes",
            "subscriptions",
            "csourceRegistrations",
            "jsonldContexts",
            "entityMaps",
            "entities?local=true&limit=1000",
            "entities?type=GtfsStop&options=sysAttrs",
            "entities?scopeQ=%2Fzanzibar",
            "entities?type=GtfsStop&georel=near%3BmaxDistance==100000&geometry=Point&coordinates=%5B36.8,-1.29%5D",
            "temporal/entities?type=GtfsStop&timerel=after&timeAt=2000-01-01T00:00:00Z",
            "csourceRegistrations?type=GtfsStop",
        ] {
            targets.push(("GET".to_owned(), format!("/ngsi-ld/v1/{part}"), None));
        }
        for page in [
            "/",
            "/entities",
            "/map",
            "/map/features.geojson",
            "/map/features.csv",
            "/audit",
            "/audit/entries",
            "/kpi/assessment",
            "/metrics",
        ] {
            targets.push(("GET".to_owned(), page.to_owned(), None));
        }
        for (method, target, body) in targets {
            let mut headers = tenant.clone();
            if let Some((kind, _)) = &body {
                headers.push(("content-type", kind));
            }
            let reply = city
                .ask(
                    &method,
                    &target,
                    &headers,
                    body.as_ref().map(|(_, text)| text.as_str()),
                )
                .await;
            asked += 1;
            let told = format!("{:?} {}", reply.headers, reply.text());
            assert!(
                !told.contains(MARK) && !told.contains(&MARK.replace('-', "")),
                "{method} {target} for {other:?}: {told}"
            );
        }
        for path in [
            "entities",
            "temporal/entities",
            "subscriptions",
            "csourceRegistrations",
            "snapshots",
        ] {
            let kind = match path {
                "subscriptions" => "Subscription",
                "csourceRegistrations" => "ContextSourceRegistration",
                "snapshots" => "Snapshot",
                _ => "GtfsStop",
            };
            for method in ["GET", "DELETE"] {
                let target = format!("/ngsi-ld/v1/{path}/urn:ngsi-ld:{kind}:{MARK}");
                let reply = city.ask(method, &target, &tenant, None).await;
                assert_eq!(
                    reply.status,
                    404,
                    "{method} {target} for {other:?}: {}",
                    reply.text()
                );
            }
        }
    }
    assert!(asked > 150, "{asked}");
    let still = city
        .ask("GET", &format!("/ngsi-ld/v1/entities/{id}"), &of_mark[..1], None)
        .await;
    assert_eq!(
        still.status, 200,
        "what others deleted by its name is still there"
    );
}
