//! Accounts that are limited to some tenants, and to parts of the city: every route of the description for them, and what
//! they see behind it.

use std::sync::Arc;

use access::{Access, NewKey, NewPerson, Permissions, Reach, Role};
use serde_json::{Value, json};

use crate::admitted::{expected, gives, key_with, operations, send};
use crate::common::{City, Reply};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
/// What is of the whole installation, and so for nobody who is of some tenants.
const OF_ALL: [&str; 7] = [
    "users.manage",
    "policies.manage",
    "contexts.manage",
    "metrics.read",
    "break-glass.use",
    "devices.manage",
    "governance.manage",
];

fn reach(tenants: &[&str], scopes: &[&str]) -> Reach {
    let all = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect();
    Reach {
        tenants: all(tenants),
        scopes: all(scopes),
    }
}

fn access(city: &City) -> &Access {
    city.app.config.access().unwrap()
}

/// A key of somebody whose rights reach so far.
fn key_of(city: &City, name: &str, role: Role, reach: Reach, groups: &[String]) -> String {
    let new = NewPerson {
        name,
        roles: &[role],
        groups,
        reach,
        password: Some("kikuyu matatu jua wimbo"),
    };
    let (person, _) = access(city).add_person(&new, Permissions::all()).unwrap();
    let new = NewKey {
        name,
        owner: Some(&person.id),
        roles: &[role],
        ..NewKey::default()
    };
    let by: Permissions = [role].into_iter().collect();
    let (_, key) = access(city)
        .add_key(&new, by)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    format!("Bearer {key}")
}

fn road(number: usize, scope: &str) -> String {
    json!({
        "id": format!("urn:ngsi-ld:RoadSegment:{number}"), "type": "RoadSegment", "scope": scope,
        "name": {"type": "Property", "value": "Moi Avenue"}, "reporter": {"type": "Property", "value": "Ada"},
    })
    .to_string()
}

/// Two roads in each of two tenants, by somebody who is of all.
async fn city() -> City {
    let city = City::guarded();
    let key = key_with(&city, &[Role::Administrator]);
    for tenant in [None, Some("north")] {
        for (number, scope) in [(1, "/city/east"), (2, "/city/west")] {
            let mut headers = vec![("authorization", &*key)];
            headers.extend(tenant.map(|tenant| ("ngsild-tenant", tenant)));
            let made = city
                .ask("POST", ENTITIES, &headers, Some(&road(number, scope)))
                .await;
            assert_eq!(made.status, 201, "{}", made.text());
        }
    }
    city
}

fn is_of_another_tenant(reply: &Reply) -> bool {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body["type"] == "urn:mapacha:problem:tenant"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_who_is_of_one_tenant() {
    let city = city().await;
    let keys: Vec<(Role, String)> = [Role::Viewer, Role::Operator, Role::Officer]
        .into_iter()
        .map(|role| {
            (
                role,
                key_of(&city, role.name(), role, reach(&["north"], &[]), &[]),
            )
        })
        .collect();
    let (mut elsewhere, mut whole) = (0, 0);
    for (method, path, target, body) in operations() {
        let asks = expected(&method, &path);
        let what = format!("{method} {path}");
        if ["", "any"].contains(&asks) {
            continue;
        }
        for (role, key) in &keys {
            let given = gives(*role).split_whitespace().any(|given| given == asks);
            let at_home = [("authorization", &**key), ("ngsild-tenant", "north")];
            let default = [("authorization", &**key)];
            let other = [("authorization", &**key), ("ngsild-tenant", "south")];
            for headers in [&default[..], &other[..]] {
                let reply = send(&city, &method, &target, body.as_ref(), headers).await;
                assert_eq!(
                    reply.status,
                    403,
                    "{what} as {role} {headers:?}: {}",
                    reply.text()
                );
                let may = given && !OF_ALL.contains(&asks);
                assert_eq!(
                    is_of_another_tenant(&reply),
                    may,
                    "{what} as {role}: {}",
                    reply.text()
                );
                elsewhere += usize::from(may);
            }
            if method == "GET" {
                let reply = send(&city, &method, &target, body.as_ref(), &at_home).await;
                assert!(!is_of_another_tenant(&reply), "{what} as {role}");
                if OF_ALL.contains(&asks) {
                    assert_eq!(reply.status, 403, "{what} as {role}");
                    whole += 1;
                }
            }
        }
    }
    assert!(elsewhere > 50 && whole > 5, "{elsewhere} {whole}");
}

#[tokio::test]
async fn they_see_and_change_what_is_in_their_tenants() {
    let city = city().await;
    let limited = reach(&["north"], &[]);
    access(&city)
        .put_group_within("north", &[], &limited, Permissions::all())
        .unwrap();
    let of_group = key_of(
        &city,
        "eve",
        Role::Editor,
        Reach::default(),
        &["north".to_owned()],
    );
    let own = key_of(&city, "ben", Role::Editor, limited, &[]);
    let default = key_of(&city, "ola", Role::Editor, reach(&["default"], &[]), &[]);
    let roads = format!("{ENTITIES}?type=RoadSegment");
    let mut added = std::collections::BTreeMap::new();
    for (key, tenant, status) in [
        (&of_group, Some("north"), 200),
        (&of_group, None, 403),
        (&own, Some("north"), 200),
        (&own, None, 403),
        (&own, Some("default"), 403),
        (&own, Some("south"), 403),
        (&default, None, 200),
        (&default, Some("north"), 403),
    ] {
        let mut headers = vec![("authorization", &**key)];
        headers.extend(tenant.map(|tenant| ("ngsild-tenant", tenant)));
        let reply = city.ask("GET", &roads, &headers, None).await;
        assert_eq!(reply.status, status, "{tenant:?}: {}", reply.text());
        let there: &mut usize = added.entry(tenant).or_default();
        if status == 200 {
            assert_eq!(reply.json().as_array().unwrap().len(), 2 + *there);
            *there += 1;
        }
        // One that an editor may write.
        let mut new: Value = serde_json::from_str(&road(2 + *there, "/city/east")).unwrap();
        new.as_object_mut().unwrap().remove("reporter");
        let made = city.ask("POST", ENTITIES, &headers, Some(&new.to_string())).await;
        let expected = if status == 200 { 201 } else { 403 };
        assert_eq!(made.status, expected, "{tenant:?}: {}", made.text());
    }
    // A tenant that there is not is not made by who is not of it.
    let names = city.app.tenants.names();
    assert!(!names.contains(&"south".to_owned()), "{names:?}");
    // A group that is gone frees nobody.
    access(&city).remove_group("north", Permissions::all()).unwrap();
    let headers = [("authorization", &*of_group)];
    assert_eq!(city.ask("GET", &roads, &headers, None).await.status, 403);
}

#[tokio::test]
async fn parts_of_the_city_are_for_policies_to_speak_of() {
    let city = city().await;
    let officer = key_with(&city, &[Role::Officer]);
    let headers = [("authorization", &*officer), ("content-type", "text/plain")];
    let text = "@id(\"east\") permit (principal, action in Action::\"See\", resource) when { resource in principal.scopes };";
    let put = city
        .ask("PUT", "/access/policies/east.cedar", &headers, Some(text))
        .await;
    assert_eq!(put.status, 200, "{}", put.text());
    let key = key_of(&city, "ada", Role::Viewer, reach(&[], &["/city/east"]), &[]);
    for (number, seen) in [(1, true), (2, false)] {
        let path = format!("{ENTITIES}/urn:ngsi-ld:RoadSegment:{number}");
        let reply = city.ask("GET", &path, &[("authorization", &*key)], None).await;
        assert_eq!(
            reply.json()["reporter"].is_object(),
            seen,
            "{number}: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn they_are_set_over_http_and_nobody_is_left_without_an_administrator() {
    let city = city().await;
    let admin = key_with(&city, &[Role::Administrator]);
    let ask = async |method: &str, path: &str, body: Value| {
        let headers = [("authorization", &*admin)];
        let text = (!body.is_null()).then(|| body.to_string());
        city.ask(method, path, &headers, text.as_deref()).await
    };
    let password = "kikuyu matatu jua wimbo";
    let ben = json!({"name": "ben", "roles": ["administrator"], "tenants": ["north"], "scopes": ["/city/east"], "password": password});
    let made = ask("POST", "/access/users", ben).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let user = &made.json()["user"];
    assert_eq!(
        (&user["tenants"], &user["scopes"]),
        (&json!(["north"]), &json!(["/city/east"]))
    );
    assert!(
        !user["permissions"].to_string().contains("users.manage"),
        "{user}"
    );
    for wrong in [
        json!({"tenants": ["a b"]}),
        json!({"scopes": ["north"]}),
        json!({"tenants": "north"}),
    ] {
        let refused = ask("PATCH", "/access/users/ben", wrong.clone()).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
    }
    let changed = ask("PATCH", "/access/users/ben", json!({"scopes": []}))
        .await
        .json();
    assert_eq!(
        (&changed["tenants"], &changed["scopes"]),
        (&json!(["north"]), &json!([]))
    );
    // The one who manages accounts stays of all tenants.
    let ola = json!({"name": "ola", "roles": ["administrator"], "password": password});
    assert_eq!(ask("POST", "/access/users", ola).await.status, 201);
    let limited = ask("PATCH", "/access/users/ola", json!({"tenants": ["north"]})).await;
    assert_eq!(limited.status, 409, "{}", limited.text());
    let put = ask(
        "PUT",
        "/access/groups/works",
        json!({"roles": [], "tenants": ["north"]}),
    )
    .await;
    assert_eq!(put.status, 204, "{}", put.text());
    let joined = ask("PATCH", "/access/users/ola", json!({"groups": ["works"]})).await;
    assert_eq!(joined.status, 409, "{}", joined.text());
    assert_eq!(
        ask("PUT", "/access/groups/works", json!({"roles": ["editor"]}))
            .await
            .status,
        204
    );
    let groups = ask("GET", "/access/groups", Value::Null).await.json();
    assert_eq!(
        groups,
        json!([{"name": "works", "roles": ["editor"], "tenants": ["north"], "scopes": []}])
    );
    let put = ask("PUT", "/access/groups/works", json!({"roles": [], "tenants": []})).await;
    assert_eq!(put.status, 204);
    assert_eq!(
        ask("PATCH", "/access/users/ola", json!({"groups": ["works"]}))
            .await
            .status,
        200
    );
    let put = ask(
        "PUT",
        "/access/groups/works",
        json!({"roles": [], "tenants": ["north"]}),
    )
    .await;
    assert_eq!(put.status, 409, "{}", put.text());
}

#[tokio::test]
async fn a_device_is_of_the_tenants_of_who_claimed_it() {
    let city = city().await;
    let id = "urn:ngsi-ld:Device:lamp-7";
    let new = access::NewDevice {
        id,
        roles: &[Role::Operator],
        ..access::NewDevice::default()
    };
    let person = NewPerson {
        name: "ben",
        roles: &[],
        groups: &[],
        reach: reach(&["north"], &[]),
        password: Some("kikuyu matatu jua wimbo"),
    };
    let all = Permissions::all();
    let (ben, _) = access(&city).add_person(&person, all).unwrap();
    let (_, code) = access(&city).add_device(&new, all).unwrap();
    access(&city)
        .claim_device(id, &code, &ben.id, access::Source::default())
        .unwrap();
    let (info, secret) = access(&city)
        .rotate_device_secret(id, std::time::Duration::ZERO, all)
        .unwrap();
    assert_eq!(info.reach, reach(&["north"], &[]));
    let key = format!("Bearer {secret}");
    let roads = format!("{ENTITIES}?type=RoadSegment");
    for (tenant, status) in [(Some("north"), 200), (None, 403), (Some("south"), 403)] {
        let mut headers = vec![("authorization", &*key)];
        headers.extend(tenant.map(|tenant| ("ngsild-tenant", tenant)));
        let reply = city.ask("GET", &roads, &headers, None).await;
        assert_eq!(reply.status, status, "{tenant:?}: {}", reply.text());
    }
    let at_home = [("authorization", &*key), ("ngsild-tenant", "north")];
    let others = city.ask("GET", "/access/devices", &at_home, None).await;
    assert_eq!(others.status, 403, "{}", others.text());
    // Given back, it is nobody's; whoever claims it next brings their own.
    let given_back = access(&city)
        .set_device_state(id, access::Lifecycle::Manufactured, all)
        .unwrap();
    assert_eq!(given_back.reach, Reach::default());
}

#[tokio::test]
async fn pages_are_of_the_default_tenant_whatever_a_header_names() {
    let city = city().await;
    let north = key_of(&city, "ben", Role::Editor, reach(&["north"], &[]), &[]);
    let all = key_of(&city, "ada", Role::Editor, Reach::default(), &[]);
    let road = "/entities/urn:ngsi-ld:RoadSegment:1";
    for (key, tenant, status) in [
        (&all, None, 200),
        (&all, Some("north"), 400),
        (&north, None, 403),
        (&north, Some("north"), 400),
    ] {
        let mut headers = vec![("authorization", &**key), ("accept", "text/html")];
        headers.extend(tenant.map(|tenant| ("ngsild-tenant", tenant)));
        for page in [road, "/entities", "/"] {
            let reply = city.ask("GET", page, &headers, None).await;
            assert_eq!(reply.status, status, "{page} {tenant:?}: {}", reply.text());
            if page == road {
                assert_eq!(reply.text().contains("Moi Avenue"), status == 200, "{tenant:?}");
            }
        }
    }
}
