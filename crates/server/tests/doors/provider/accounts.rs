//! Whom a token stands for here, and what that is worth.

use access::{Permissions, Role};
use serde_json::{Value, json};

use super::signer::{Key, signed};
use super::{Believing, NOW, header};
use crate::admitted::key_with;

fn roles(me: &Value) -> Vec<&str> {
    let roles = me["roles"].as_array().unwrap().iter();
    roles.map(|role| role.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_says_of_groups_is_what_they_may_do() {
    let rig = Believing::new().await;
    let all = Permissions::all();
    rig.access().put_group("works", &[Role::Operator], all).unwrap();
    let as_keeper = rig.token(|claims| claims["groups"] = json!(["keepers", "unknown"]));
    let me = rig.me(&as_keeper).await.json();
    assert_eq!(
        (roles(&me), &me["groups"]),
        (vec!["editor", "operator"], &json!(["works"]))
    );
    let id = me["id"].as_str().unwrap().to_owned();
    // Of later tokens, what they say holds, also for what is done in their name.
    let now_reader = rig.token(|claims| {
        claims["groups"] = json!(["readers"]);
        claims["iat"] = json!(NOW + 1);
    });
    let me = rig.me(&now_reader).await.json();
    assert_eq!((roles(&me), me["id"].as_str()), (vec!["viewer"], Some(&*id)));
    assert_eq!(rig.access().principal(&id).unwrap().roles, [Role::Viewer]);
    // An earlier token does not bring back what a later one took.
    let me = rig.me(&as_keeper).await.json();
    assert_eq!((roles(&me), &me["groups"]), (vec![], &json!([])));
    // A token that says nothing of groups gives nothing, and takes nothing from the account.
    let silent = rig.token(|claims| {
        claims.as_object_mut().unwrap().remove("groups");
        claims["iat"] = json!(NOW + 2);
    });
    assert!(roles(&rig.me(&silent).await.json()).is_empty());
    assert_eq!(rig.access().principal(&id).unwrap().roles, [Role::Viewer]);
    // What an administrator gives here is theirs besides.
    rig.access().set_roles(&id, &[Role::Planner], &[], all).unwrap();
    assert_eq!(roles(&rig.me(&now_reader).await.json()), ["viewer", "planner"]);
    assert_eq!(roles(&rig.me(&silent).await.json()), ["planner"]);
    // A scope that names permissions limits.
    let narrow = rig.token(|claims| claims["scope"] = json!("openid twin.read users.manage"));
    assert_eq!(rig.me(&narrow).await.json()["permissions"], json!(["twin.read"]));
    let read = rig.ask("GET", "/ngsi-ld/v1/types", &narrow, None).await;
    assert_eq!(read.status, 200, "{}", read.text());
    let refused = rig.ask("GET", "/access/users", &narrow, None).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    // Who is disabled here is out, whatever the provider says.
    rig.access().disable_person(&id, all).unwrap();
    assert_eq!(rig.me(&now_reader).await.status, 401);
    rig.access().enable_person(&id, all).unwrap();
    assert_eq!(rig.me(&now_reader).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_nothing_here_is_known_and_may_nothing() {
    let rig = Believing::new().await;
    for change in [
        json!([]),
        json!(["unknown"]),
        json!("administrator"),
        json!(7),
        json!(["group:works"]),
    ] {
        let token = rig.token(|claims| claims["groups"] = change.clone());
        let me = rig.me(&token).await;
        assert_eq!(me.status, 200, "{}", me.text());
        assert_eq!(me.json()["permissions"], json!([]), "{change}");
        let refused = rig.ask("GET", "/ngsi-ld/v1/entities?type=A", &token, None).await;
        assert_eq!(refused.status, 403, "{change}");
    }
    assert!(
        rig.access().people().is_empty(),
        "and no account is made for them"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_an_account_by_its_name_or_address() {
    let rig = Believing::new().await;
    let chief = rig.person("wanjiku", &[Role::Administrator]);
    let other = rig.person("wanjiku@city.example", &[Role::Administrator]);
    let me = rig.me(&rig.token(|_| {})).await.json();
    let id = me["id"].as_str().unwrap();
    assert!(id != &*chief.id && id != &*other.id);
    assert!(me["name"].as_str().unwrap().starts_with("wanjiku-"), "{me}");
    assert_eq!(roles(&me), ["viewer"]);
    // The same subject is the same account, and another one is another.
    let again = rig
        .me(&rig.token(|claims| claims["preferred_username"] = json!("other")))
        .await;
    assert_eq!(again.json()["id"], me["id"]);
    let another = rig.me(&rig.token(|claims| claims["sub"] = json!("other"))).await;
    assert_ne!(another.json()["id"], me["id"]);
    // The provider does not count as the one who manages accounts: the last one here stays.
    let chiefs = rig.token(|claims| {
        claims["sub"] = json!("chief");
        claims["groups"] = json!(["chiefs"]);
    });
    assert!(roles(&rig.me(&chiefs).await.json()).contains(&"administrator"));
    let all = Permissions::all();
    rig.access().remove_person(&other.id, all).unwrap();
    assert!(rig.access().remove_person(&chief.id, all).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_services_and_tokens_are_no_browsers() {
    let rig = Believing::new().await;
    let program = rig.token(|claims| {
        claims["sub"] = json!("feed");
        claims["client_id"] = json!("feed");
        claims["groups"] = json!(["keepers"]);
    });
    assert_eq!(rig.me(&program).await.json()["kind"], "service");
    let road = json!({"id": "urn:ngsi-ld:RoadSegment:1", "type": "RoadSegment",
        "name": {"type": "Property", "value": "Moi Avenue"}});
    let made = rig
        .ask("POST", "/ngsi-ld/v1/entities", &program, Some(&road.to_string()))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    // A token that holds for minutes must not become a key that holds for years.
    let person = rig.token(|_| {});
    for (method, path) in [
        ("GET", "/account"),
        ("POST", "/account/keys"),
        ("POST", "/account/provider"),
    ] {
        let form = [
            ("authorization", format!("Bearer {person}")),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = (method == "POST").then_some("then=make&key-name=a&role=viewer");
        let reply = rig.city.ask(method, path, &form, body).await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_knows_them_by_pseudonyms_only() {
    let rig = Believing::new().await;
    let token = rig.token(|claims| claims["groups"] = json!(["keepers"]));
    let id = rig.me(&token).await.json()["id"].as_str().unwrap().to_owned();
    let road = json!({"id": "urn:ngsi-ld:RoadSegment:1", "type": "RoadSegment",
        "name": {"type": "Property", "value": "Moi Avenue"}});
    rig.ask("POST", "/ngsi-ld/v1/entities", &token, Some(&road.to_string()))
        .await;
    let officer = key_with(&rig.city, &[Role::Officer]);
    let log = rig
        .city
        .ask("GET", "/audit/entries", &[("authorization", &officer)], None)
        .await;
    assert_eq!(log.status, 200, "{}", log.text());
    let text = log.text();
    assert!(text.contains("user.create"), "{text}");
    for secret in ["7a9e-subject-of-wanjiku", "wanjiku", &id] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    // The store has a digest of the subject, too.
    let twin = rig.city.app.twin(None).unwrap();
    for (_, row) in twin.rows("access-people").unwrap() {
        assert!(!String::from_utf8_lossy(&row).contains("7a9e-subject-of-wanjiku"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_by_the_provider_first_does_not_shut_out_the_first_administrator() {
    let rig = Believing::new().await;
    assert_eq!(rig.me(&rig.token(|_| {})).await.status, 200);
    assert_eq!(rig.access().people().len(), 1);
    let access = rig.access();
    let code = access.setup_code().unwrap().expect("there is nobody of our own");
    let from = access::Source::default();
    let password = "kikuyu matatu jua wimbo";
    assert!(
        access.set_up(&code, "Wanjiku", password, from).is_err(),
        "the name is in use"
    );
    access.set_up(&code, "chief", password, from).unwrap();
    assert_eq!(access.setup_code().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_token_is_no_access_token() {
    let rig = Believing::new().await;
    let mut claims = rig.claims();
    claims["aud"] = json!(super::CLIENT);
    let id_token = signed(
        rig.provider.key(Key::Es),
        &json!({"alg": "ES256", "kid": "es", "typ": "JWT"}),
        &claims,
    );
    assert_eq!(rig.me(&id_token).await.status, 401);
    claims["aud"] = json!([super::CLIENT, super::AUDIENCE]);
    let both = signed(
        rig.provider.key(Key::Es),
        &json!({"alg": "ES256", "kid": "es"}),
        &claims,
    );
    assert_eq!(rig.me(&both).await.status, 401);
    let right = signed(rig.provider.key(Key::Es), &header(Key::Es), &claims);
    assert_eq!(rig.me(&right).await.status, 200);
}
