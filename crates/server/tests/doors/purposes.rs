//! What a request is for: said by a header, kept to by a key, known to policies, subscriptions and the audit log.

use access::{NewKey, Permissions, Role};
use query::{Caller, Purpose};
use serde_json::{Value, json};
use twin::Views as _;

use crate::admitted::key_with;
use crate::common::{City, Reply};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const SECRET: &str = "urn:ngsi-ld:Secret:1";
const FOR_RESEARCH: &str = "@id(\"city.research\")\npermit (principal in Role::\"planner\", action in Action::\"See\", resource)\n\
     when { resource.types.contains(\"Secret\") && context.purpose == Purpose::\"research\" };\n";

async fn ask(city: &City, key: &str, target: &str, purposes: &[&str]) -> Reply {
    let mut headers = vec![("authorization", key)];
    headers.extend(purposes.iter().map(|purpose| ("mapacha-purpose", *purpose)));
    city.ask("GET", target, &headers, None).await
}

/// With a secret that planners see for research.
async fn city() -> City {
    let city = City::guarded();
    let administrator = key_with(&city, &[Role::Administrator]);
    let headers = [("authorization", &*administrator)];
    let secret = json!({"id": SECRET, "type": "Secret", "name": {"type": "Property", "value": "x"}});
    let made = city
        .ask("POST", ENTITIES, &headers, Some(&secret.to_string()))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let headers = [("authorization", &*administrator), ("content-type", "text/plain")];
    let path = "/access/policies/research.cedar";
    let put = city.ask("PUT", path, &headers, Some(FOR_RESEARCH)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    city
}

fn key_for(city: &City, purpose: &str) -> String {
    let new = NewKey {
        name: "study",
        roles: &[Role::Planner],
        purpose: Some(purpose),
        ..NewKey::default()
    };
    let access = city.app.config.access().unwrap();
    let (_, key) = access.add_key(&new, Permissions::all()).unwrap();
    format!("Bearer {key}")
}

fn listed(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    assert_eq!(body["type"], "urn:mapacha:problem:purpose", "{body}");
    let purposes = body["purposes"].as_array().unwrap();
    purposes
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_request_sees_what_is_for_its_purpose() {
    let city = city().await;
    let planner = key_with(&city, &[Role::Planner]);
    let secret = format!("{ENTITIES}/{SECRET}");
    for (purposes, status) in [
        (&[][..], 404),
        (&["service-operation"], 404),
        (&["planning"], 404),
        (&["research"], 200),
        (&["marketing"], 400),
        (&["Research"], 400),
        (&[""], 400),
        (&["research", "research"], 400),
    ] {
        let reply = ask(&city, &planner, &secret, purposes).await;
        assert_eq!(reply.status, status, "{purposes:?}: {}", reply.text());
    }
    let refused = ask(&city, &planner, &secret, &["marketing"]).await;
    assert_eq!(refused.header("content-type"), "application/json");
    let known = listed(&refused);
    assert!(
        known.len() == 10 && known.contains(&"research".to_owned()),
        "{known:?}"
    );
    // The list, for who asks.
    let purposes = ask(&city, &planner, "/access/purposes", &[]).await.json();
    let names: Vec<&str> = purposes
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["purpose"].as_str())
        .collect();
    assert_eq!(names, known);
}

#[tokio::test]
async fn a_key_that_was_made_for_a_purpose_keeps_to_it() {
    let city = city().await;
    let study = key_for(&city, "research");
    let secret = format!("{ENTITIES}/{SECRET}");
    assert_eq!(ask(&city, &study, &secret, &[]).await.status, 200);
    assert_eq!(ask(&city, &study, &secret, &["research"]).await.status, 200);
    // Research is compatible with statistics, for which the policy says nothing.
    assert_eq!(ask(&city, &study, &secret, &["statistics"]).await.status, 404);
    let refused = ask(&city, &study, &secret, &["planning"]).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(listed(&refused), ["research", "statistics"]);
    let me = ask(&city, &study, "/access/me", &[]).await.json();
    assert_eq!(me["purpose"], "research");
    // A purpose that the city gave up opens nothing any more.
    let gone = key_for(&city, "marketing");
    let refused = ask(&city, &gone, &secret, &[]).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let administrator = key_with(&city, &[Role::Administrator]);
    for (purpose, status) in [("planning", 201), ("marketing", 422)] {
        let body = json!({"name": "study", "roles": ["planner"], "purpose": purpose}).to_string();
        let headers = [("authorization", &*administrator)];
        let made = city.ask("POST", "/access/keys", &headers, Some(&body)).await;
        assert_eq!(made.status, status, "{}", made.text());
        if status == 201 {
            assert_eq!(made.json()["info"]["purpose"], purpose);
        } else {
            assert_eq!(listed(&made).len(), 10);
        }
    }
}

#[tokio::test]
async fn subscriptions_and_leaves_have_the_purpose() {
    let city = city().await;
    let planner = key_with(&city, &[Role::Planner]);
    let subscription = json!({
        "id": "urn:ngsi-ld:Subscription:1", "type": "Subscription", "entities": [{"type": "Secret"}],
        "notification": {"endpoint": {"uri": "http://a.example/n"}},
    });
    let headers = [("authorization", &*planner), ("mapacha-purpose", "research")];
    let path = "/ngsi-ld/v1/subscriptions";
    let made = city
        .ask("POST", path, &headers, Some(&subscription.to_string()))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let officer = key_with(&city, &[Role::Officer]);
    let log = ask(&city, &officer, "/audit/entries?from=0", &[]).await.json();
    let purpose_of = |action: &str| {
        let items = log["items"].as_array().unwrap();
        let leaf: Option<&Value> = items.iter().find(|leaf| leaf["action"] == action);
        leaf.unwrap_or_else(|| panic!("{action} is not in {log}"))["purpose"].clone()
    };
    assert_eq!(purpose_of("subscription.create"), "research");
    assert_eq!(purpose_of("entity.create"), "service-operation");
    // Whoever subscribed for it is asked about with it, also when the rules change.
    let views = city.app.config.views.as_ref().unwrap();
    let id = planner.split('_').nth(1).unwrap();
    let caller = Caller::Principal(id.into());
    let twin = city.app.twin(None).unwrap();
    let all = query::View::open(Caller::System("test"), "test");
    let secret = twin::Reader::get(&twin, &all, &ngsi_ld::Uri::parse(SECRET).unwrap()).unwrap();
    for (purpose, sees) in [("research", true), ("service-operation", false)] {
        let view = views.view_of(&caller, &Purpose(purpose.into()), None).unwrap();
        assert_eq!(view.of(&secret).is_some(), sees, "{purpose}");
        assert_eq!(&*view.purpose().0, purpose);
    }
    // One that the city gave up goes on silently no more than a request for it does.
    let administrator = key_with(&city, &[Role::Administrator]);
    let left = "version = 1\n[purposes.service-operation]\nmeaning = \"all that there is\"\n";
    for (method, document, body) in [
        ("DELETE", "research.cedar", None),
        ("PUT", "purposes", Some(left)),
    ] {
        let headers = [("authorization", &*administrator), ("content-type", "text/plain")];
        let path = format!("/access/policies/{document}");
        let reply = city.ask(method, &path, &headers, body).await;
        assert!(reply.status < 300, "{document}: {}", reply.text());
    }
    for (purpose, seen) in [("research", false), ("service-operation", true)] {
        let view = views.view_of(&caller, &Purpose(purpose.into()), None);
        assert_eq!(view.is_some(), seen, "{purpose}");
    }
}
