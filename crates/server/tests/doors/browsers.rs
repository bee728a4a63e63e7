//! What keeps browsers in bounds: the headers of every answer, the attributes of cookies, sessions that nobody else chose.

use access::Role;
use axum::http::header::SET_COOKIE;

use crate::admitted::{PASSWORD, access_of, logged_in, operations};
use crate::common::{City, Reply};

/// Pages and files that are not in the description of the API.
const PAGES: [&str; 20] = [
    "/",
    "/kpi",
    "/kpi/EC:%20ICT:%20ICT:%201C",
    "/map",
    "/map/features.geojson",
    "/map/features.csv",
    "/entities",
    "/entities/urn:ngsi-ld:None:1",
    "/reach",
    "/audit",
    "/scenarios/new",
    "/trust",
    "/trust/sbom.cdx.json",
    "/trust/nothing",
    "/.well-known/security.txt",
    "/assets/none.js",
    "/setup",
    "/login",
    "/account",
    "/users",
];

fn has_headers(reply: &Reply, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=(self)",
        ),
    ] {
        assert_eq!(reply.header_all(name), value, "{what}: {name}");
    }
    let policy = reply.header_all("content-security-policy");
    for forbidden in [
        "unsafe-inline",
        "unsafe-eval",
        "unsafe-hashes",
        "http:",
        "https:",
        "*",
    ] {
        assert!(!policy.contains(forbidden), "{what}: {policy}");
    }
    assert!(
        policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
        "{what}: {policy}"
    );
    assert!(!reply.header("x-request-id").is_empty(), "{what}");
    for telling in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(reply.header_all(telling), "", "{what}: {telling}");
    }
    let cached = reply.header("cache-control");
    // What never changes may be kept, by who may read it.
    let is_kept = what.contains("/assets/") || what.contains("/audit/");
    assert!(
        is_kept || ["no-store", "no-cache"].iter().any(|word| cached.contains(word)),
        "{what}: cache-control: {cached}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_every_route_has_its_headers() {
    let mut answers = 0;
    for guarded in [false, true] {
        let city = if guarded { City::guarded() } else { City::new() };
        let somebody = guarded.then(|| logged_in(&city, "ada", &[Role::Administrator]).0);
        let mut ask = async |method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>| {
            let reply = city.ask(method, target, headers, body).await;
            has_headers(&reply, &format!("{method} {target} {headers:?}"));
            answers += 1;
        };
        for (method, _, target, body) in operations() {
            let mut headers = vec![("sec-fetch-site", "same-origin")];
            if let Some((kind, _)) = &body {
                headers.push(("content-type", kind.as_str()));
            }
            let text = body.as_ref().map(|(_, text)| text.as_str());
            ask(&method, &target, &headers, text).await;
            if let Some(cookie) = &somebody {
                headers.push(("cookie", cookie.as_str()));
                ask(&method, &target, &headers, text).await;
            }
        }
        for page in PAGES {
            for accept in ["text/html", "application/json"] {
                ask("GET", page, &[("accept", accept)], None).await;
                if let Some(cookie) = &somebody {
                    ask(
                        "GET",
                        page,
                        &[("accept", accept), ("cookie", cookie.as_str())],
                        None,
                    )
                    .await;
                }
            }
        }
        // What is refused before any door is asked.
        ask("GET", "/nowhere", &[], None).await;
        ask("TRACE", "/", &[], None).await;
        ask(
            "OPTIONS",
            "/ngsi-ld/v1/entities",
            &[("origin", "https://evil.example")],
            None,
        )
        .await;
        ask("GET", "/", &[("host", "evil.example")], None).await;
        ask(
            "POST",
            "/ngsi-ld/v1/entities",
            &[("origin", "https://evil.example")],
            Some("{}"),
        )
        .await;
        ask("GET", "/healthz", &[("accept-encoding", "gzip, br")], None).await;
        ask("HEAD", "/", &[], None).await;
    }
    assert!(answers > 350, "{answers}");
}

/// Every `Set-Cookie` of an answer.
fn set(reply: &Reply) -> Vec<String> {
    let values = reply.headers.get_all(SET_COOKIE).iter();
    values.map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// Logs in by the form, with such a header of cookies.
async fn log_in(city: &City, cookies: &str) -> Reply {
    let body = format!("name=ada&password={}&next=%2Faccount", PASSWORD.replace(' ', "+"));
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookies),
    ];
    city.ask("POST", "/login", &headers, Some(&body)).await
}

#[tokio::test]
async fn every_cookie_of_somebody_is_bound_to_this_host_and_hidden_from_scripts() {
    let city = City::guarded();
    logged_in(&city, "ada", &[Role::Administrator]);
    let mut seen = 0;
    let entered = log_in(&city, "").await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    let session = set(&entered).iter().find_map(|set| {
        let (pair, _) = set.split_once(';')?;
        pair.strip_prefix("__Host-mapacha=")
            .map(|token| format!("__Host-mapacha={token}"))
    });
    let session = session.expect("a session");
    // 128 bits are 22 characters of base64 and more in any other writing.
    assert!(session.len() - "__Host-mapacha=".len() >= 22, "{session}");
    let token = session.split_once('=').unwrap().1;
    let out = format!("form_token={}", access_of(&city).form_token(token));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", &*session),
    ];
    let left = city.ask("POST", "/logout", &headers, Some(&out)).await;
    for reply in [
        &entered,
        &left,
        &city
            .ask("GET", "/login?lang=fr", &[("accept", "text/html")], None)
            .await,
    ] {
        for cookie in set(reply) {
            let mut parts = cookie.split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<&str> = parts.collect();
            assert!(
                !attributes.iter().any(|one| one.starts_with("Domain")),
                "{cookie}"
            );
            if name == "lang" {
                // A choice of everybody's, and no secret.
                assert!(
                    value.len() == 2 && attributes.contains(&"SameSite=Lax"),
                    "{cookie}"
                );
                continue;
            }
            assert!(name.starts_with("__Host-"), "{cookie}");
            for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(&attribute), "{cookie}: {attribute}");
            }
            seen += 1;
        }
    }
    assert_eq!(left.status, 303, "{}", left.text());
    assert!(seen >= 5, "{seen} cookies were seen");
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_is_not_taken() {
    let city = City::guarded();
    logged_in(&city, "ada", &[Role::Administrator]);
    let me = async |cookie: &str| {
        city.ask("GET", "/access/me", &[("cookie", cookie)], None)
            .await
            .status
    };
    let token = |reply: &Reply| {
        let own = set(reply)
            .into_iter()
            .find(|set| set.starts_with("__Host-mapacha="));
        own.unwrap().split(';').next().unwrap().to_owned()
    };
    // Planted before the login: of nobody before, of nobody after, and not what the login gives.
    let planted = format!("__Host-mapacha={}", "A".repeat(43));
    assert_eq!(me(&planted).await, 401);
    let entered = log_in(&city, &planted).await;
    assert_eq!(entered.status, 303);
    let own = token(&entered);
    assert_ne!(own, planted);
    assert_eq!((me(&planted).await, me(&own).await), (401, 200));
    // The session of an attacker, planted in a browser: whoever logs in there leaves it, and it is not theirs.
    let attackers = token(&log_in(&city, "").await);
    let victims = token(&log_in(&city, &attackers).await);
    assert_ne!(victims, attackers);
    assert_eq!((me(&attackers).await, me(&victims).await), (401, 200));
    // Two of a name are none, so one cannot be laid over another.
    assert_eq!(me(&format!("{attackers}; {victims}")).await, 401);
    // A session is no key, and goes into no address.
    let bare = victims.split_once('=').unwrap().1;
    let bearer = format!("Bearer {bare}");
    let as_key = city
        .ask("GET", "/access/me", &[("authorization", &bearer)], None)
        .await;
    let in_query = city
        .ask("GET", &format!("/access/me?session={bare}"), &[], None)
        .await;
    assert_eq!((as_key.status, in_query.status), (401, 401));
}
