//! What each role sees and may change of what is classified, in every way to ask; and that a change of the policies holds
//! at once.

use access::Role;
use serde_json::{Value, json};

use crate::admitted::key_with;
use crate::common::{City, Reply};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const ROAD: &str = "urn:ngsi-ld:RoadSegment:1";
const SECRET: &str = "urn:ngsi-ld:Secret:1";
/// Of what is classified in the default classification: `name` is open, `owner` internal, `reporter` personal.
const SECRETS_FOR_VIEWERS: &str = "@id(\"city.secrets\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", \
     resource)\nwhen { resource.types.contains(\"Secret\") };\n";

struct Asking<'a> {
    city: &'a City,
    key: String,
}

impl Asking<'_> {
    async fn send(&self, method: &str, target: &str, kind: &str, body: Option<&str>) -> Reply {
        let headers = [("authorization", self.key.as_str()), ("content-type", kind)];
        let headers = &headers[..=usize::from(body.is_some())];
        self.city.ask(method, target, headers, body).await
    }

    async fn get(&self, target: &str) -> Reply {
        self.send("GET", target, "", None).await
    }

    async fn json(&self, method: &str, target: &str, body: &Value) -> Reply {
        self.send(method, target, "application/json", Some(&body.to_string()))
            .await
    }
}

fn asking(city: &City, role: Role) -> Asking<'_> {
    Asking {
        city,
        key: key_with(city, &[role]),
    }
}

async fn city() -> City {
    let city = City::guarded();
    let administrator = asking(&city, Role::Administrator);
    for entity in [
        json!({
            "id": ROAD, "type": "RoadSegment", "name": {"type": "Property", "value": "Moi Avenue"},
            "owner": {"type": "Property", "value": "urn:ngsi-ld:Organization:city"},
            "reporter": {"type": "Property", "value": "Ada"},
        }),
        json!({"id": SECRET, "type": "Secret", "name": {"type": "Property", "value": "x"}}),
    ] {
        let made = administrator.json("POST", ENTITIES, &entity).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    city
}

#[tokio::test]
async fn what_is_not_for_a_role_is_not_there_however_it_asks() {
    let city = city().await;
    for (role, attributes, secrets) in [
        (Role::Viewer, &["name", "owner"][..], false),
        (Role::Planner, &["name", "owner"], false),
        (Role::Editor, &["name", "owner"], false),
        (Role::Operator, &["name", "owner"], false),
        (Role::Officer, &["name", "owner", "reporter"], true),
        (Role::Administrator, &["name", "owner", "reporter"], true),
    ] {
        let who = asking(&city, role);
        let road = who.get(&format!("{ENTITIES}/{ROAD}")).await.json();
        let mut names: Vec<&str> = road.as_object().unwrap().keys().map(String::as_str).collect();
        names.retain(|name| !["id", "type", "@context"].contains(name));
        assert_eq!(names, attributes, "{role:?}");
        let found = |reply: Reply| reply.json().as_array().unwrap().len();
        let sees_reporter = usize::from(attributes.contains(&"reporter"));
        let by_reporter = who
            .get(&format!("{ENTITIES}?type=RoadSegment&q=reporter==%22Ada%22"))
            .await;
        assert_eq!(found(by_reporter), sees_reporter, "{role:?}");
        let secret = who.get(&format!("{ENTITIES}/{SECRET}")).await;
        assert_eq!(secret.status, if secrets { 200 } else { 404 }, "{role:?}");
        let counted = who
            .get(&format!("{ENTITIES}?type=Secret&count=true&limit=0"))
            .await;
        assert_eq!(
            counted.header("ngsild-results-count"),
            if secrets { "1" } else { "0" },
            "{role:?}"
        );
        let types = who.get("/ngsi-ld/v1/types").await.json();
        let told = types["typeList"].to_string().contains("Secret");
        assert_eq!(told, secrets, "{role:?}: {types}");
        let attributes_told = who.get("/ngsi-ld/v1/attributes").await.text();
        assert_eq!(
            attributes_told.contains("reporter"),
            sees_reporter == 1,
            "{role:?}"
        );
        let past = who
            .get(&format!("/ngsi-ld/v1/temporal/entities/{ROAD}?lastN=5"))
            .await
            .text();
        assert_eq!(past.contains("Ada"), sees_reporter == 1, "{role:?}: {past}");
    }
}

#[tokio::test]
async fn what_is_not_seen_is_not_changed_and_unclassified_is_for_few() {
    let city = city().await;
    let editor = asking(&city, Role::Editor);
    let renamed = json!({"name": {"type": "Property", "value": "Uhuru Highway"}});
    let patched = editor
        .json("PATCH", &format!("{ENTITIES}/{ROAD}/attrs"), &renamed)
        .await;
    assert_eq!(patched.status, 204, "{}", patched.text());
    let reporter = json!({"type": "Property", "value": "Eve"});
    let hidden = editor
        .json("PATCH", &format!("{ENTITIES}/{ROAD}/attrs/reporter"), &reporter)
        .await;
    let missing = editor
        .json("PATCH", &format!("{ENTITIES}/{ROAD}/attrs/contact"), &reporter)
        .await;
    assert_eq!(
        hidden.status,
        missing.status,
        "{} {}",
        hidden.text(),
        missing.text()
    );
    assert!([403, 404].contains(&hidden.status), "{}", hidden.text());
    let new = json!({"id": "urn:ngsi-ld:New:1", "type": "New", "a": {"type": "Property", "value": 1}});
    let refused = editor.json("POST", ENTITIES, &new).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let officer = asking(&city, Role::Officer);
    let kept = officer.get(&format!("{ENTITIES}/{ROAD}")).await.json();
    assert_eq!(kept["reporter"]["value"], "Ada");
    assert_eq!(kept["name"]["value"], "Uhuru Highway");
}

#[tokio::test]
async fn a_policy_holds_from_the_next_request_on() {
    let city = city().await;
    let (viewer, officer) = (asking(&city, Role::Viewer), asking(&city, Role::Officer));
    let secret = format!("{ENTITIES}/{SECRET}");
    let put =
        |text: &'static str| officer.send("PUT", "/access/policies/secrets.cedar", "text/plain", Some(text));
    assert_eq!(viewer.get(&secret).await.status, 404);
    let broken =
        put("permit (principal in Role::\"nobody\", action, resource) when { resource.colour == 1 };").await;
    assert_eq!(broken.status, 422, "{}", broken.text());
    assert!(
        !broken.json()["findings"].as_array().unwrap().is_empty(),
        "{}",
        broken.text()
    );
    assert_eq!(viewer.get(&secret).await.status, 404);
    let told = put(SECRETS_FOR_VIEWERS).await;
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(viewer.get(&secret).await.status, 200);
    let text = officer.get("/access/policies/secrets.cedar").await;
    assert_eq!(text.text(), SECRETS_FOR_VIEWERS);
    let listed = officer.get("/access/policies").await.json();
    assert_eq!(
        listed["documents"][3],
        json!({"name": "secrets.cedar", "changed": true})
    );
    let gone = officer
        .send("DELETE", "/access/policies/secrets.cedar", "", None)
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(viewer.get(&secret).await.status, 404);
    let again = officer
        .send("DELETE", "/access/policies/secrets.cedar", "", None)
        .await;
    assert_eq!(again.status, 404);
}

/// A map is shown by the rights to what it is a map of: to what is, or to the past.
#[tokio::test]
async fn a_map_of_what_is_needs_no_right_to_the_past() {
    let city = city().await;
    let officer = asking(&city, Role::Officer);
    let policy = "@id(\"city.now\")\npermit (principal in Role::\"viewer\", action == Action::\"Read\", resource)\n\
                  when { resource.types.contains(\"Secret\") };\n";
    let put = officer.send("PUT", "/access/policies/now.cedar", "text/plain", Some(policy));
    assert_eq!(put.await.status, 200);
    let viewer = asking(&city, Role::Viewer);
    let map = viewer.get("/ngsi-ld/v1/entityMaps?type=Secret").await;
    assert_eq!(map.status, 201, "{}", map.text());
    assert_eq!(map.json()["entityMap"], json!({SECRET: ["@none"]}));
    let past = viewer
        .get("/ngsi-ld/v1/temporal/entityMaps?type=Secret&timerel=after&timeAt=2020-01-01T00:00:00Z")
        .await;
    assert_eq!(past.json()["entityMap"], json!({}), "{}", past.text());
}

#[tokio::test]
async fn who_changed_whose_rights_is_in_the_audit_log() {
    let city = city().await;
    let (administrator, officer) = (asking(&city, Role::Administrator), asking(&city, Role::Officer));
    let ada = json!({"name": "ada", "roles": ["viewer"], "password": "kikuyu matatu jua wimbo"});
    let made = administrator.json("POST", "/access/users", &ada).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let put = officer.send(
        "PUT",
        "/access/policies/secrets.cedar",
        "text/plain",
        Some(SECRETS_FOR_VIEWERS),
    );
    assert_eq!(put.await.status, 200);
    let log = officer.get("/audit/entries?from=0").await;
    assert_eq!(log.status, 200, "{}", log.text());
    let log = log.text();
    for action in ["user.create", "policy.put", "key.create", "entity.create"] {
        assert!(log.contains(&format!("\"{action}\"")), "{action} is not in {log}");
    }
    assert!(!log.contains("matatu"), "no secrets");
    assert_eq!(
        asking(&city, Role::Editor)
            .get("/audit/entries?from=0")
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn pages_files_and_imports_ask_for_the_same_view() {
    let city = city().await;
    let [administrator, officer, editor, viewer] =
        [Role::Administrator, Role::Officer, Role::Editor, Role::Viewer].map(|role| asking(&city, role));
    let place = json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [36.8, -1.29]}});
    let there = json!({"id": "urn:ngsi-ld:Secret:there", "type": "Secret", "location": place});
    let made = administrator.json("POST", ENTITIES, &there).await;
    assert_eq!(made.status, 201, "{}", made.text());
    for (page, mark) in [
        ("/entities?type=Secret", "urn:ngsi-ld:Secret:1"),
        ("/entities", "Secret"),
        ("/entities/urn:ngsi-ld:RoadSegment:1", "Ada"),
        ("/entities/urn:ngsi-ld:Secret:1", "Secret"),
        ("/map?type=Secret", "urn:ngsi-ld:Secret:there"),
        ("/map/features.csv?type=Secret", "urn:ngsi-ld:Secret:there"),
        ("/map/features.geojson?type=Secret", "urn:ngsi-ld:Secret:there"),
    ] {
        // What was asked for stands in the page, so it is what else stands there that counts.
        let told = |reply: &Reply| {
            reply
                .text()
                .replace(&page.replace(':', "%3A"), "")
                .replace(page, "")
        };
        let shown = officer.get(page).await;
        assert!(
            told(&shown).contains(mark),
            "{page} for who may: {}",
            shown.text()
        );
        let hidden = viewer.get(page).await;
        let text = told(&hidden).replace("value=\"Secret\"", "");
        let echoes = page.contains("type=Secret") && !text.contains("urn:ngsi-ld:Secret:");
        assert!(!text.contains(mark) || echoes, "{page} for who may not: {text}");
    }
    let file = json!([{"id": "urn:ngsi-ld:Secret:imported", "type": "Secret"}]).to_string();
    for (who, made) in [(&editor, 0), (&administrator, 1)] {
        let kind = "application/octet-stream";
        let report = who.send("POST", "/imports/entities", kind, Some(&file)).await;
        assert_eq!(report.json()["made"], made, "{}", report.text());
    }
}
