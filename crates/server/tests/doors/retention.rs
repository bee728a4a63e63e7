//! Retention and legal holds over HTTP: for programs, for people without scripts, and at every door that destroys.

use access::Role;
use serde_json::{Value, json};

use crate::admitted::{key_with, logged_in};
use crate::common::{City, Reply};
use crate::desk::{Who, browse};

const RULES: &str = "/governance/retention";
const RUNS: &str = "/governance/retention-runs";
const HOLDS: &str = "/governance/holds";
const ENTITIES: &str = "/ngsi-ld/v1/entities";
const PAST: &str = "/ngsi-ld/v1/temporal/entities";

/// Something that anybody may see, with so many values of the past, a day apart, and one of now.
async fn street(city: &City, key: &str, id: &str, days: u32) {
    let headers = [("authorization", key)];
    let now = json!({"id": id, "type": "RoadSegment", "laneUsage": {"type": "Property", "value": 0, "observedAt": "2026-05-01T00:00:00Z"}});
    let made = city.ask("POST", ENTITIES, &headers, Some(&now.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let past: Vec<Value> = (1..=days)
        .map(|day| {
            let at = format!("2026-04-{:02}T00:00:00Z", 31 - day);
            json!({"type": "Property", "value": day, "observedAt": at})
        })
        .collect();
    let past = json!({"id": id, "type": "RoadSegment", "laneUsage": past});
    let told = city.ask("POST", PAST, &headers, Some(&past.to_string())).await;
    assert!(matches!(told.status, 201 | 204), "{}", told.text());
}

async fn values(city: &City, key: &str, id: &str) -> usize {
    let reply = city
        .ask("GET", &format!("{PAST}/{id}"), &[("authorization", key)], None)
        .await;
    match reply.json()["laneUsage"].clone() {
        Value::Array(all) => all.len(),
        Value::Null => 0,
        _ => 1,
    }
}

fn rule() -> Value {
    json!({"name": "Lane usage", "types": ["RoadSegment"], "attributes": ["laneUsage"], "what": "history", "keep": "P10D"})
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_made_looked_at_run_and_ended() {
    let city = City::guarded();
    let officer = Who::key(&city, Role::Officer);
    let admin = key_with(&city, &[Role::Administrator]);
    let id = "urn:ngsi-ld:RoadSegment:1";
    street(&city, &admin, id, 20).await;
    assert_eq!(officer.get(&city, RULES).await, json!([]));
    let made = officer.post(&city, RULES, rule(), 201).await;
    assert_eq!(
        (&made["id"], &made["ended"]),
        (&json!("lane-usage"), &Value::Null)
    );
    let at = "/governance/retention/lane-usage";
    assert_eq!(officer.get(&city, at).await, made);
    let preview = officer.get(&city, &format!("{at}/preview")).await;
    // Of before 2026-04-21T12:00: the days 1 to 21 of April, of which there are values of 11 to 21.
    assert_eq!(
        (&preview["instances"], &preview["before"]),
        (&json!(11), &json!("2026-04-21T12:00:00Z"))
    );
    assert_eq!(preview["oldest"], "2026-04-11T00:00:00Z");
    assert_eq!(values(&city, &admin, id).await, 21, "nothing went");
    let run = officer
        .post(&city, RUNS, json!({"rule": "lane-usage"}), 201)
        .await;
    assert_eq!(
        (&run["state"], &run["rules"][0]["instances"]),
        (&json!("done"), &json!(11))
    );
    assert_eq!(run["rules"][0]["left"], 0);
    assert_eq!(values(&city, &admin, id).await, 10);
    let runs = officer.get(&city, RUNS).await;
    assert_eq!(runs, json!([run]));
    let one = officer.get(&city, &format!("{RUNS}/d-2026-0001")).await;
    assert_eq!(one, run);
    let again = officer.post(&city, RUNS, json!({}), 201).await;
    assert_eq!(again["rules"][0]["instances"], 0);
    // Changed, ended.
    let mut longer = rule();
    longer["keep"] = json!("P1Y");
    let changed = officer.ask(&city, "PUT", at, Some(longer)).await;
    assert_eq!(
        (changed.status, changed.json()["keep"].clone()),
        (200, json!("P1Y"))
    );
    let ended = officer.ask(&city, "DELETE", at, None).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert!(ended.json()["ended"]["at"].is_string());
    for (method, target, body) in [
        ("DELETE", at, None),
        ("PUT", at, Some(rule())),
        ("GET", "/governance/retention/lane-usage/preview", None),
        ("POST", RUNS, Some(json!({"rule": "lane-usage"}))),
    ] {
        let reply = officer.ask(&city, method, target, body).await;
        assert_eq!(reply.status, 409, "{method} {target}: {}", reply.text());
    }
    // What is wrong is told with its place.
    for (wrong, place) in [
        (json!({"keep": "soon"}), "keep"),
        (json!({"types": []}), "types"),
        (json!({"classes": ["secret"]}), "classes"),
        (json!({"what": "entities"}), "what"),
        (json!({"activity": "none"}), "activity"),
    ] {
        let mut body = rule();
        body.as_object_mut()
            .unwrap()
            .extend(wrong.as_object().unwrap().clone());
        let told = officer.post(&city, RULES, body, 422).await;
        assert_eq!(told["place"], place);
    }
    for target in [
        "/governance/retention/none",
        "/governance/retention/none/preview",
        "/governance/retention-runs/none",
    ] {
        assert_eq!(officer.ask(&city, "GET", target, None).await.status, 404);
    }
}

async fn refused(city: &City, key: &str, method: &str, target: &str, body: Option<Value>) -> Reply {
    let body = body.map(|body| body.to_string());
    city.ask(method, target, &[("authorization", key)], body.as_deref())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_by_no_door() {
    let city = City::guarded();
    let admin = key_with(&city, &[Role::Administrator]);
    let (ada, ben) = (
        Who::person(&city, "ada", Role::Officer),
        Who::person(&city, "ben", Role::Officer),
    );
    let (held, free) = ("urn:ngsi-ld:RoadSegment:1", "urn:ngsi-ld:RoadSegment:2");
    street(&city, &admin, held, 20).await;
    street(&city, &admin, free, 20).await;
    // By people alone.
    let hold = json!({"reason": "High Court, case 12 of 2026", "entities": [held]});
    let key = Who::key(&city, Role::Officer);
    key.post(&city, HOLDS, hold.clone(), 403).await;
    ada.post(&city, HOLDS, json!({"reason": "x"}), 422).await;
    let placed = ada.post(&city, HOLDS, hold, 201).await;
    assert_eq!(placed["id"], "h-2026-0001");
    let at = "/governance/holds/h-2026-0001";
    assert_eq!(ada.get(&city, at).await, placed);
    assert_eq!(ada.get(&city, HOLDS).await, json!([placed]));
    let instance = {
        let past = refused(&city, &admin, "GET", &format!("{PAST}/{held}"), None)
            .await
            .json();
        past["laneUsage"][0]["instanceId"].as_str().unwrap().to_owned()
    };
    let doors = [
        ("DELETE", format!("{ENTITIES}/{held}"), None),
        ("DELETE", format!("{PAST}/{held}"), None),
        ("DELETE", format!("{PAST}/{held}/attrs/laneUsage"), None),
        (
            "DELETE",
            format!("{PAST}/{held}/attrs/laneUsage/{instance}"),
            None,
        ),
        (
            "PATCH",
            format!("{PAST}/{held}/attrs/laneUsage/{instance}"),
            Some(
                json!({"laneUsage": [{"type": "Property", "value": 99, "observedAt": "2026-04-11T00:00:00Z"}]}),
            ),
        ),
    ];
    for (method, target, body) in doors {
        let reply = refused(&city, &admin, method, &target, body).await;
        assert_eq!(reply.status, 403, "{method} {target}: {}", reply.text());
        let told = reply.json();
        assert_eq!(told["hold"], "h-2026-0001", "{told}");
        assert!(told["detail"].as_str().unwrap().contains("legal hold"), "{told}");
    }
    // In a batch each fails for itself.
    let batch = json!([held, free]);
    let reply = refused(
        &city,
        &admin,
        "POST",
        "/ngsi-ld/v1/entityOperations/delete",
        Some(batch),
    )
    .await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    assert!(reply.text().contains("legal hold"), "{}", reply.text());
    assert_eq!(
        refused(&city, &admin, "GET", &format!("{ENTITIES}/{free}"), None)
            .await
            .status,
        404
    );
    // Other writes go on.
    let more = json!({"laneUsage": {"type": "Property", "value": 5, "observedAt": "2026-05-01T01:00:00Z"}});
    let reply = refused(
        &city,
        &admin,
        "PATCH",
        &format!("{ENTITIES}/{held}/attrs"),
        Some(more),
    )
    .await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    // Retention passes it over, and says so.
    key.post(&city, RULES, rule(), 201).await;
    let run = key.post(&city, RUNS, json!({}), 201).await;
    assert_eq!(
        (&run["rules"][0]["held"], &run["rules"][0]["instances"]),
        (&json!(1), &json!(11))
    );
    assert_eq!(values(&city, &admin, held).await, 22);
    // The desk's own erasure too.
    let request = json!({"kind": "erasure", "subject": "A. Wanjiku", "entities": [held]});
    ada.post(&city, "/governance/requests", request, 201).await;
    let steps = "/governance/requests/r-2026-0001/steps";
    ada.post(&city, steps, json!({"step": "identity", "note": "card"}), 200)
        .await;
    let told = ada.post(&city, steps, json!({"step": "erase"}), 409).await;
    assert!(told["detail"].as_str().unwrap().contains("h-2026-0001"), "{told}");
    // Released by another.
    let release = "/governance/holds/h-2026-0001/release";
    ada.post(&city, release, json!({"note": "over"}), 403).await;
    ben.post(&city, release, json!({"note": " "}), 422).await;
    let released = ben
        .post(&city, release, json!({"note": "the case is over"}), 200)
        .await;
    assert!(released["released"]["by"].is_string());
    ben.post(&city, release, json!({"note": "over"}), 409).await;
    ada.post(&city, steps, json!({"step": "erase"}), 200).await;
    assert_eq!(
        refused(&city, &admin, "GET", &format!("{PAST}/{held}"), None)
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_written_as_any_write_is() {
    let city = City::guarded();
    let admin = key_with(&city, &[Role::Administrator]);
    let ben = Who::person(&city, "ben", Role::Administrator);
    let id = "urn:ngsi-ld:RoadSegment:7";
    let entity = json!({"id": id, "type": "RoadSegment", "name": {"type": "Property", "value": "Moi Avenu"}});
    refused(&city, &admin, "POST", ENTITIES, Some(entity)).await;
    let activity = json!({
        "name": "Roads", "purposes": ["service-operation"], "classes": ["open"], "types": ["RoadSegment"], "recipients": ["County"],
    });
    ben.post(&city, "/governance/processing", activity, 201).await;
    let request = json!({"kind": "correction", "subject": "A. Wanjiku", "entities": [id]});
    ben.post(&city, "/governance/requests", request, 201).await;
    let steps = "/governance/requests/r-2026-0001/steps";
    let correct = |more: Value| {
        let mut step = json!({"step": "correct", "entity": id, "attribute": "name", "value": "Moi Avenue", "note": "as the sign says"});
        step.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        step
    };
    ben.post(&city, steps, correct(json!({})), 409).await;
    ben.post(&city, steps, json!({"step": "identity", "note": "card"}), 200)
        .await;
    for (more, status) in [
        (json!({"was": "Kenyatta Avenue"}), 409),
        (json!({"attribute": "none"}), 409),
        (json!({"attribute": "type"}), 422),
        (json!({"entity": "urn:ngsi-ld:RoadSegment:8"}), 422),
        (json!({"note": ""}), 422),
        (json!({"value": {"type": "Relationship", "object": 7}}), 422),
    ] {
        ben.post(&city, steps, correct(more), status).await;
    }
    // An officer who may not write does not write here either.
    let cyd = Who::person(&city, "cyd", Role::Officer);
    cyd.post(&city, steps, correct(json!({})), 403).await;
    let done = ben
        .post(&city, steps, correct(json!({"was": "Moi Avenu"})), 200)
        .await;
    let step = done["steps"].as_array().unwrap().last().unwrap().clone();
    let note = step["note"].as_str().unwrap();
    assert!(
        note.contains("`name`") && note.contains("County") && !note.contains("Avenu"),
        "{note}"
    );
    let now = refused(&city, &admin, "GET", &format!("{ENTITIES}/{id}"), None)
        .await
        .json();
    assert_eq!(now["name"]["value"], "Moi Avenue");
    ben.post(&city, steps, json!({"step": "done", "note": "told"}), 200)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_holds_are_worked_with_without_scripts() {
    let city = City::guarded();
    let admin = key_with(&city, &[Role::Administrator]);
    let ada = logged_in(&city, "ada", &[Role::Officer]);
    let ben = logged_in(&city, "ben", &[Role::Officer]);
    let id = "urn:ngsi-ld:RoadSegment:1";
    street(&city, &admin, id, 20).await;
    let fields = [
        ("name", "Lane <usage>"),
        ("types", "RoadSegment\r\n"),
        ("attributes", "laneUsage"),
        ("what", "history"),
        ("keep", "P10D"),
    ];
    let made = browse(&city, &ada, RULES, Some(&fields)).await;
    assert_eq!(
        (made.status, made.header("location")),
        (303, "/governance/retention/lane-usage"),
        "{}",
        made.text()
    );
    let at = "/governance/retention/lane-usage";
    let page = browse(&city, &ada, at, None).await.text();
    assert!(
        page.contains("Lane &#60;usage&#62;") && page.contains("P10D") && page.contains(">11<"),
        "{page}"
    );
    let ran = browse(&city, &ada, RUNS, Some(&[("rule", "lane-usage")])).await;
    assert_eq!(
        (ran.status, ran.header("location")),
        (303, "/governance/retention-runs/d-2026-0001"),
        "{}",
        ran.text()
    );
    assert!(
        browse(&city, &ada, "/governance/retention-runs/d-2026-0001", None)
            .await
            .text()
            .contains("11 values of the past")
    );
    let mut wrong = fields;
    wrong[4] = ("keep", "soon");
    for target in [RULES, "/governance/retention/lane-usage/edit"] {
        let told = browse(&city, &ada, target, Some(&wrong)).await;
        assert_eq!(told.status, 422, "{target}");
        let text = told.text();
        assert!(
            text.contains("error-summary") && text.contains("value=\"soon\"") && text.contains("laneUsage"),
            "{text}"
        );
    }
    let mut longer = fields;
    longer[4] = ("keep", "P1Y");
    assert_eq!(
        browse(
            &city,
            &ada,
            "/governance/retention/lane-usage/edit",
            Some(&longer)
        )
        .await
        .status,
        303
    );
    // Holds.
    let hold = [("reason", "Case 12"), ("entities", id), ("until", "2026-12-31")];
    let placed = browse(&city, &ada, HOLDS, Some(&hold)).await;
    assert_eq!(
        (placed.status, placed.header("location")),
        (303, "/governance/holds/h-2026-0001"),
        "{}",
        placed.text()
    );
    let told = browse(
        &city,
        &ada,
        HOLDS,
        Some(&[("reason", "Case 13"), ("until", "2026-12-31")]),
    )
    .await;
    assert_eq!(told.status, 422);
    assert!(told.text().contains("Case 13") && told.text().contains("2026-12-31"));
    let release = "/governance/holds/h-2026-0001/release";
    let told = browse(&city, &ada, release, Some(&[("note", "is over")])).await;
    assert!(
        told.status == 403 && told.text().contains("is over"),
        "{}",
        told.text()
    );
    for target in [
        RULES,
        at,
        "/governance/retention-runs/d-2026-0001",
        RUNS,
        HOLDS,
        "/governance/holds/h-2026-0001",
    ] {
        for tag in ["en", "fr", "sw", "ar"] {
            let page = browse(&city, &ada, &format!("{target}?lang={tag}"), None).await;
            let text = page.text();
            assert_eq!(page.status, 200, "{target}: {text}");
            assert!(text.contains(&format!("<html lang=\"{tag}\"")), "{target}");
            assert!(
                !text.contains("desk-") && !text.contains("Unknown localization"),
                "{target} {tag}: {text}"
            );
        }
    }
    assert_eq!(
        browse(&city, &ben, release, Some(&[("note", "is over")]))
            .await
            .status,
        303
    );
    assert_eq!(
        browse(&city, &ada, "/governance/retention/lane-usage/end", Some(&[]))
            .await
            .status,
        303
    );
    let page = browse(&city, &ada, "/governance", None).await.text();
    assert!(
        page.contains("/governance/retention") && page.contains("/governance/holds"),
        "{page}"
    );
    // A correction has its fields on the page of its request.
    let request = [("kind", "correction"), ("subject", "A. W."), ("entities", id)];
    browse(&city, &ada, "/governance/requests", Some(&request)).await;
    let steps = "/governance/requests/r-2026-0001/steps";
    assert_eq!(
        browse(&city, &ada, steps, Some(&[("step", "identity"), ("note", "x")]))
            .await
            .status,
        303
    );
    let boss = logged_in(&city, "boss", &[Role::Administrator]);
    let correct = [
        ("step", "correct"),
        ("entity", id),
        ("attribute", "laneUsage"),
        ("value", "7"),
        ("was", "0"),
        ("note", "x"),
    ];
    let taken = browse(&city, &boss, steps, Some(&correct)).await;
    assert_eq!(taken.status, 303, "{}", taken.text());
    let eve = logged_in(&city, "eve", &[Role::Planner]);
    assert_eq!(browse(&city, &eve, RULES, None).await.status, 403);
}
