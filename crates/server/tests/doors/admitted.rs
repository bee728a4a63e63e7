//! Who gets in where: every route of the description for every role, with and without a key, by a cookie.

use access::{Access, Attempt, Entered, NewKey, NewPerson, Permissions, Role};
use serde_json::{Value, json};

use crate::common::{City, Reply};

pub(crate) const PASSWORD: &str = "kikuyu matatu jua wimbo";
const ENTITIES: &str = "/ngsi-ld/v1/entities";

/// What a route should ask for, said a second time: nothing, anybody who is known (`any`), or a permission.
pub(crate) fn expected(method: &str, path: &str) -> &'static str {
    let reads = method == "GET";
    let one = |reading, writing| if reads { reading } else { writing };
    let part = |text: &str| path.contains(text);
    match path {
        "/healthz"
        | "/readyz"
        | "/version"
        | "/openapi.json"
        | "/access/authority"
        | "/access/passkeys/login"
        | "/access/passkeys/login/options" => "",
        "/metrics" => "metrics.read",
        "/access/me" | "/access/purposes" | "/access/roles" => "any",
        _ if path.starts_with("/access/passkeys") => "any",
        _ if path.starts_with("/access/devices/") && path.ends_with("/enrol") => "",
        _ if path.starts_with("/access/devices/")
            && (path.ends_with("/claim") || path.ends_with("/renew")) =>
        {
            "any"
        }
        _ if path.starts_with("/access/devices") => "devices.manage",
        _ if path.starts_with("/audit/") => "audit.read",
        _ if path.starts_with("/governance/") => "governance.manage",
        "/access/break-glass" => one("audit.read", "break-glass.use"),
        "/access/break-glass/{breakGlass}/end" => "any",
        "/access/break-glass/{breakGlass}/review" => "policies.manage",
        _ if path.starts_with("/access/policies") || path == "/access/why" => "policies.manage",
        _ if path.starts_with("/access/") => "users.manage",
        _ if path.starts_with("/imports/") => "imports.run",
        _ if path.starts_with("/kpi/") => one("assessment.read", "assessment.write"),
        _ if path.starts_with("/scenarios") => one("scenarios.read", "scenarios.run"),
        _ if path.starts_with("/notifications") => "notifications.manage",
        _ if part("/jsonldContexts/") => one("", "contexts.manage"),
        _ if part("/jsonldContexts") => one("twin.read", "contexts.manage"),
        _ if part("/subscriptions") || part("/csourceSubscriptions") => "subscriptions.manage",
        _ if part("/csourceRegistrations") => one("twin.read", "sources.manage"),
        _ if part("/snapshots") => one("twin.read", "snapshots.manage"),
        _ if part("/entityMaps") || path.ends_with("/query") => "twin.read",
        _ => one("twin.read", "twin.write"),
    }
}

/// What each role gives, as docs/src/how-to/accounts.md has it.
pub(crate) fn gives(role: Role) -> &'static str {
    match role {
        Role::Viewer => "twin.read assessment.read scenarios.read",
        Role::Editor => {
            "twin.read twin.write subscriptions.manage contexts.manage snapshots.manage imports.run assessment.read \
             assessment.write scenarios.read"
        }
        Role::Planner => {
            "twin.read subscriptions.manage snapshots.manage assessment.read assessment.write scenarios.read scenarios.run"
        }
        Role::Operator => {
            "twin.read twin.write subscriptions.manage sources.manage contexts.manage snapshots.manage \
             notifications.manage imports.run assessment.read scenarios.read break-glass.use devices.manage \
             metrics.read"
        }
        Role::Officer => {
            "twin.read assessment.read scenarios.read audit.read governance.manage policies.manage"
        }
        Role::Administrator => {
            "twin.read twin.write subscriptions.manage sources.manage contexts.manage snapshots.manage \
             notifications.manage imports.run assessment.read assessment.write scenarios.read scenarios.run users.manage \
             break-glass.use devices.manage audit.read governance.manage policies.manage metrics.read"
        }
    }
}

pub(crate) fn access_of(city: &City) -> Access {
    city.app.config.access().unwrap().clone()
}

/// Something that editors may keep.
fn road(id: &str) -> String {
    json!({"id": id, "type": "RoadSegment", "name": {"type": "Property", "value": "Moi Avenue"}}).to_string()
}

pub(crate) fn key_with(city: &City, roles: &[Role]) -> String {
    let new = NewKey {
        name: "test",
        roles,
        ..NewKey::default()
    };
    let (_, key) = access_of(city).add_key(&new, Permissions::all()).unwrap();
    format!("Bearer {key}")
}

/// Somebody who logged in: the cookie, and the token of forms.
pub(crate) fn logged_in(city: &City, name: &str, roles: &[Role]) -> (String, String) {
    let access = access_of(city);
    let new = NewPerson {
        name,
        roles,
        password: Some(PASSWORD),
        ..NewPerson::default()
    };
    access.add_person(&new, Permissions::all()).unwrap();
    let Ok(Entered::In(opened)) = access.log_in(name, PASSWORD, &Attempt::default()) else {
        panic!("{name} cannot log in");
    };
    (
        format!("__Host-mapacha={}", opened.token),
        access.form_token(&opened.token),
    )
}

/// A body: its media type, and the text.
pub(crate) type Sent = (String, String);

/// Every operation of the description: method, template, an address, a media type and a body to send.
pub(crate) fn operations() -> Vec<(String, String, String, Option<Sent>)> {
    let document = server::openapi();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut target = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = parameter["name"].as_str().unwrap();
                    target = target.replace(&format!("{{{name}}}"), parameter["example"].as_str().unwrap());
                }
            }
            let content = operation["requestBody"]["content"].as_object();
            let body = content
                .and_then(|content| content.iter().next())
                .map(|(kind, body)| {
                    let text = match &body["example"] {
                        Value::String(text) => text.clone(),
                        json => json.to_string(),
                    };
                    (kind.clone(), text)
                });
            all.push((method.to_uppercase(), path.clone(), target, body));
        }
    }
    all
}

pub(crate) async fn send(
    city: &City,
    method: &str,
    target: &str,
    body: Option<&Sent>,
    more: &[(&str, &str)],
) -> Reply {
    let mut headers = more.to_vec();
    if let Some((kind, _)) = body {
        headers.push(("content-type", kind));
    }
    city.ask(method, target, &headers, body.map(|(_, text)| text.as_str()))
        .await
}

/// The permission that a refusal names; nothing where it is no refusal of that kind.
pub(crate) fn lacking(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    let named = body["permission"].as_str()?.to_owned();
    assert_eq!(reply.status, 403, "{body}");
    assert!(body["detail"].as_str().unwrap().contains(&named), "{body}");
    Some(named)
}

fn has_headers(reply: &Reply, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), value, "{what}: {name}");
    }
    let policy = reply.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-eval"),
        "{what}: {policy}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_every_role() {
    let city = City::guarded();
    let keys = Role::ALL.map(|role| (role, key_with(&city, &[role])));
    let (mut allowed, mut refused) = (0, 0);
    for (method, path, target, body) in operations() {
        let asks = expected(&method, &path);
        let what = format!("{method} {path}");
        // Nobody, and somebody with a key that is none.
        for given in [
            None,
            Some("Bearer mapacha_0011223344556677_00"),
            Some("Basic YTpi"),
        ] {
            let headers: Vec<_> = given.iter().map(|value| ("authorization", *value)).collect();
            let reply = send(&city, &method, &target, body.as_ref(), &headers).await;
            has_headers(&reply, &what);
            if asks.is_empty() {
                assert!(![401, 403].contains(&reply.status), "{what}: {}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 401, "{what} {given:?}: {}", reply.text());
            assert!(reply.header("www-authenticate").starts_with("Bearer"), "{what}");
            assert_eq!(
                reply.header("www-authenticate").contains("invalid_token"),
                given.is_some(),
                "{what}"
            );
        }
        for (role, key) in &keys {
            let may =
                ["", "any"].contains(&asks) || gives(*role).split_whitespace().any(|given| given == asks);
            // What is allowed is done with its own example, once.
            if may && *role != Role::Administrator && allowed % 3 != 0 && method != "GET" {
                allowed += 1;
                continue;
            }
            let reply = send(&city, &method, &target, body.as_ref(), &[("authorization", key)]).await;
            if may {
                allowed += 1;
                assert!(
                    reply.status != 401 && lacking(&reply).is_none(),
                    "{what} as {role}: {}",
                    reply.text()
                );
                if !asks.is_empty() {
                    assert_eq!(reply.header("cache-control"), "no-store", "{what}");
                }
            } else {
                refused += 1;
                assert_eq!(
                    lacking(&reply).as_deref(),
                    Some(asks),
                    "{what} as {role}: {}",
                    reply.text()
                );
            }
            has_headers(&reply, &what);
        }
    }
    assert!(allowed > 200 && refused > 150, "{allowed} {refused}");
}

#[tokio::test]
async fn pages_lead_strangers_to_the_login_and_programs_nowhere() {
    let city = City::guarded();
    logged_in(&city, "ada", &[Role::Administrator]);
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for page in [
        "/",
        "/kpi",
        "/map?type=A",
        "/entities",
        "/reach",
        "/scenarios",
        "/scenarios/new",
        "/users",
        "/account",
    ] {
        let reply = city.ask("GET", page, &browser, None).await;
        assert_eq!(reply.status, 303, "{page}: {}", reply.text());
        assert!(reply.header("location").starts_with("/login"), "{page}");
        assert_eq!(reply.header("cache-control"), "no-store");
        has_headers(&reply, page);
        let reply = city
            .ask("GET", page, &[("accept", "application/json")], None)
            .await;
        assert_eq!(reply.status, 401, "{page}");
    }
    for (method, path) in [("TRACE", "/users"), ("PUT", "/login"), ("DELETE", "/")] {
        let reply = city.ask(method, path, &[], None).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert!(reply.header("allow").contains("GET"));
    }
    let reply = city
        .ask("GET", "/nowhere", &[("accept", "application/json")], None)
        .await;
    assert_eq!(reply.status, 404);
    for page in ["/login", "/login/code", "/invitation?code=x"] {
        has_headers(&city.ask("GET", page, &browser, None).await, page);
    }
}

#[tokio::test]
async fn a_request_by_a_cookie_comes_from_an_own_page() {
    let city = City::guarded();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Administrator]);
    let mut n = 0;
    let own = "http://127.0.0.1:8080";
    for (headers, fine) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "same-origin"), ("origin", own)], true),
        (&[("origin", own)], true),
        (&[], false),
        (&[("sec-fetch-site", "none")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://evil.example"),
            ],
            false,
        ),
        (&[("sec-fetch-site", "same-origin"), ("origin", "null")], false),
        (&[("origin", "http://evil.example")], false),
        (&[("origin", "http://127.0.0.1:9090")], false),
        (&[("origin", "null")], false),
        (&[("referer", "http://127.0.0.1:8080/")], false),
    ] {
        let mut all = vec![("cookie", &*cookie), ("host", "127.0.0.1:8080")];
        all.extend_from_slice(headers);
        n += 1;
        let entity = road(&format!("urn:ngsi-ld:A:{n}"));
        let reply = city.ask("POST", ENTITIES, &all, Some(&entity)).await;
        assert_eq!(
            reply.status,
            if fine { 201 } else { 403 },
            "{headers:?}: {}",
            reply.text()
        );
        // A form has to carry its token besides.
        for (token, right) in [(&*form, true), ("", false), (&"0".repeat(32), false)] {
            let mut all = all.clone();
            all.push(("content-type", "application/x-www-form-urlencoded"));
            all.push(("accept", "text/html"));
            let body = format!("then=nothing&form_token={token}");
            let reply = city.ask("POST", "/account/keys", &all, Some(&body)).await;
            let expected = if fine && right { 303 } else { 403 };
            assert_eq!(reply.status, expected, "{headers:?} {token}: {}", reply.text());
        }
        // Reading changes nothing, from wherever it comes.
        let reply = city
            .ask(
                "GET",
                ENTITIES,
                &[("cookie", &*cookie), ("host", "127.0.0.1:8080")],
                None,
            )
            .await;
        assert!([200, 400].contains(&reply.status));
    }
    // A key is no cookie: a program sends no origin.
    let key = key_with(&city, &[Role::Editor]);
    let entity = road("urn:ngsi-ld:A:by-key");
    let reply = city
        .ask("POST", ENTITIES, &[("authorization", &key)], Some(&entity))
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    // Beside a key, a cookie counts for nothing.
    let viewer = key_with(&city, &[Role::Viewer]);
    let both = [
        ("authorization", &*viewer),
        ("cookie", &*cookie),
        ("sec-fetch-site", "same-origin"),
    ];
    let reply = city.ask("POST", ENTITIES, &both, Some(&entity)).await;
    assert_eq!(lacking(&reply).as_deref(), Some("twin.write"));
}

#[tokio::test]
async fn accounts_groups_and_keys_over_http() {
    let city = City::guarded();
    let admin = key_with(&city, &[Role::Administrator]);
    let ask = async |method: &str, path: &str, body: Value| {
        let text = (!body.is_null()).then(|| body.to_string());
        city.ask(method, path, &[("authorization", &*admin)], text.as_deref())
            .await
    };
    let me = ask("GET", "/access/me", Value::Null).await.json();
    assert_eq!((&me["kind"], &me["name"]), (&json!("service"), &json!("test")));
    let roles = ask("GET", "/access/roles", Value::Null).await.json();
    for role in roles.as_array().unwrap() {
        let named = Role::parse(role["role"].as_str().unwrap()).unwrap();
        let given: Vec<_> = role["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(
            given,
            gives(named).split_whitespace().collect::<Vec<_>>(),
            "{named}"
        );
    }
    let made = ask(
        "POST",
        "/access/users",
        json!({"name": "ben", "roles": ["viewer"]}),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(
        made.json()["invitation"]
            .as_str()
            .unwrap()
            .contains("/invitation?code=")
    );
    let at = made.header("location").to_owned();
    for (body, status) in [
        (json!({"name": "BEN"}), 409),
        (json!({"name": "a b"}), 400),
        (json!({"name": "cy", "roles": ["king"]}), 422),
        (json!({"name": "cy", "password": "password"}), 422),
        (json!({"name": "cy", "admin": true}), 422),
        (json!({"name": "cy", "groups": ["none"]}), 404),
    ] {
        let reply = ask("POST", "/access/users", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    assert_eq!(
        ask("PUT", "/access/groups/works", json!({"roles": ["editor"]}))
            .await
            .status,
        204
    );
    assert_eq!(
        ask("GET", "/access/groups", Value::Null).await.json(),
        json!([{"name": "works", "roles": ["editor"], "tenants": [], "scopes": []}])
    );
    let changed = ask("PATCH", &at, json!({"groups": ["works"], "name": "benjamin"}))
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["roles"]),
        (&json!("benjamin"), &json!(["viewer"]))
    );
    assert!(
        changed["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("twin.write"))
    );
    assert_eq!(
        ask("PATCH", &at, json!({"disabled": true})).await.json()["disabled"],
        true
    );
    assert_eq!(
        ask("POST", "/access/users/benjamin/reset", Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(
        ask("GET", "/access/users", Value::Null)
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let key = ask(
        "POST",
        "/access/keys",
        json!({"name": "feed", "roles": ["viewer"], "days": 30}),
    )
    .await;
    assert_eq!(key.status, 201, "{}", key.text());
    let (id, whole) = (key.json()["info"]["id"].clone(), key.json()["key"].clone());
    let bearer = format!("Bearer {}", whole.as_str().unwrap());
    let reply = city
        .ask("GET", "/kpi/catalogue", &[("authorization", &bearer)], None)
        .await;
    assert_eq!(reply.status, 200);
    let at_key = format!("/access/keys/{}", id.as_str().unwrap());
    let rotated = ask("POST", &format!("{at_key}/rotate"), json!({})).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let reply = city
        .ask("GET", "/kpi/catalogue", &[("authorization", &bearer)], None)
        .await;
    assert_eq!(reply.status, 401, "no overlap was asked for");
    assert_eq!(ask("DELETE", &at_key, Value::Null).await.status, 204);
    assert_eq!(ask("DELETE", &at_key, Value::Null).await.status, 404);
    assert_eq!(
        ask("GET", "/access/keys", Value::Null)
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(ask("DELETE", &at, Value::Null).await.status, 204);
    assert_eq!(
        ask("DELETE", "/access/groups/works", Value::Null).await.status,
        204
    );
    // A key for accounts only hands out nothing that it does not have.
    let new = NewKey {
        name: "desk",
        roles: &[Role::Administrator],
        scopes: &[access::Permission::UsersManage],
        ..NewKey::default()
    };
    let (_, desk) = access_of(&city).add_key(&new, Permissions::all()).unwrap();
    let beyond = json!({"name": "eve", "roles": ["administrator"]}).to_string();
    let desk = format!("Bearer {desk}");
    let reply = city
        .ask(
            "POST",
            "/access/users",
            &[("authorization", &desk)],
            Some(&beyond),
        )
        .await;
    assert_eq!(reply.status, 403, "{}", reply.text());
}

#[tokio::test]
async fn where_nobody_logs_in_everything_is_as_it_was() {
    let city = City::new();
    for path in ["/access/me", "/access/users"] {
        let reply = city.get(path).await;
        assert_eq!(reply.status, 404);
        assert!(reply.text().contains("access.mode"), "{}", reply.text());
    }
    // A key that nobody asked for is no reason to refuse.
    let reply = city
        .ask("GET", "/kpi/catalogue", &[("authorization", "Bearer x")], None)
        .await;
    assert_eq!(reply.status, 200);
}
