//! `/governance`: the desk of the data-protection officer, over HTTP.

use access::Role;
use serde_json::{Value, json};

use crate::admitted::{key_with, logged_in};
use crate::common::{City, Reply};

const PROCESSING: &str = "/governance/processing";
const REQUESTS: &str = "/governance/requests";
const BREACHES: &str = "/governance/breaches";

/// Somebody who asks: the headers that show who.
pub(crate) struct Who(Vec<(&'static str, String)>);

impl Who {
    pub(crate) fn key(city: &City, role: Role) -> Self {
        Self(vec![("authorization", key_with(city, &[role]))])
    }

    pub(crate) fn person(city: &City, name: &str, role: Role) -> Self {
        let (cookie, _) = logged_in(city, name, &[role]);
        Self(vec![
            ("cookie", cookie),
            ("host", "127.0.0.1:8080".to_owned()),
            ("sec-fetch-site", "same-origin".to_owned()),
        ])
    }

    /// The headers that show who.
    pub(crate) fn headers(&self) -> Vec<(&'static str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }

    pub(crate) async fn ask(&self, city: &City, method: &str, target: &str, body: Option<Value>) -> Reply {
        let mut headers = self.headers();
        headers.push(("accept", "application/json"));
        let body = body.map(|body| body.to_string());
        city.ask(method, target, &headers, body.as_deref()).await
    }

    /// Asks, and gets what it asks for.
    pub(crate) async fn get(&self, city: &City, target: &str) -> Value {
        let reply = self.ask(city, "GET", target, None).await;
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.json()
    }

    /// Sends, and gets this status.
    pub(crate) async fn post(&self, city: &City, target: &str, body: Value, status: u16) -> Value {
        let reply = self.ask(city, "POST", target, Some(body)).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        reply.json()
    }
}

fn activity() -> Value {
    json!({
        "name": "Water metering", "purposes": ["service-operation"], "classes": ["personal"],
        "types": ["WaterConsumptionObserved"], "legal_basis": "contract", "retention_days": 365,
        "transfers": [{"country": "MU", "safeguard": "clauses"}],
    })
}

fn findings() -> Value {
    json!({
        "necessity": "Bills need readings", "residual": "low", "review_at": "2027-05-01T00:00:00Z",
        "risks": [{"what": "Absence can be read", "likelihood": "low", "severity": "medium", "measure": "monthly sums"}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_register_is_kept_and_approved_by_two_people() {
    let city = City::guarded();
    let key = Who::key(&city, Role::Officer);
    let made = key.ask(&city, "POST", PROCESSING, Some(activity())).await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, "/governance/processing/water-metering")
    );
    let at = "/governance/processing/water-metering";
    assert_eq!(key.get(&city, at).await["legal_basis"], "contract");
    // What the policies do not know is no purpose and no class.
    for (member, value, place) in [
        ("purposes", json!(["fun"]), "purposes"),
        ("classes", json!(["secret"]), "classes"),
        ("name", json!(""), "name"),
    ] {
        let mut wrong = activity();
        wrong[member] = value;
        let told = key.post(&city, PROCESSING, wrong, 422).await;
        assert_eq!(told["place"], place, "{told}");
    }
    assert_eq!(
        key.ask(
            &city,
            "POST",
            PROCESSING,
            Some(json!({"name": "x", "color": "red"}))
        )
        .await
        .status,
        422
    );
    // People, not keys, answer for an assessment; and two of them.
    let (ada, ben) = (
        Who::person(&city, "ada", Role::Officer),
        Who::person(&city, "ben", Role::Officer),
    );
    key.post(&city, &format!("{at}/assessment"), findings(), 403)
        .await;
    ada.post(&city, &format!("{at}/assessment"), findings(), 200)
        .await;
    ada.post(&city, &format!("{at}/approval"), json!({}), 403).await;
    let approved = ben.post(&city, &format!("{at}/approval"), json!({}), 200).await;
    assert!(approved["assessment"]["approval"]["by"].is_string());
    let mut changed = activity();
    changed["retention_days"] = json!(30);
    let changed = key.ask(&city, "PUT", at, Some(changed)).await.json();
    assert_eq!(
        changed["assessment"]["approval"],
        Value::Null,
        "what changed has to be approved again"
    );
    // To be taken away.
    let register = key.get(&city, PROCESSING).await;
    assert_eq!(register["activities"].as_array().unwrap().len(), 1);
    let table = key
        .ask(&city, "GET", "/governance/processing?format=csv", None)
        .await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    assert!(
        text.starts_with("id,name,")
            && text.contains("water-metering,Water metering")
            && text.contains("MU (clauses)"),
        "{text}"
    );
    assert_eq!(
        key.ask(&city, "GET", "/governance/processing?format=odt", None)
            .await
            .status,
        400
    );
    assert_eq!(key.ask(&city, "DELETE", at, None).await.status, 204);
    assert_eq!(key.ask(&city, "GET", at, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_with_everything_and_an_erasure_leaves_nothing() {
    let city = City::guarded();
    let (officer, admin) = (
        Who::key(&city, Role::Officer),
        Who::key(&city, Role::Administrator),
    );
    let person = json!({"id": "urn:ngsi-ld:Person:1", "type": "Person", "name": {"type": "Property", "value": "Wanjiku"}});
    assert_eq!(
        admin
            .ask(&city, "POST", "/ngsi-ld/v1/entities", Some(person))
            .await
            .status,
        201
    );
    let new =
        |kind: &str| json!({"kind": kind, "subject": "A. Wanjiku", "entities": ["urn:ngsi-ld:Person:1"]});
    let request = officer.post(&city, REQUESTS, new("access"), 201).await;
    assert_eq!(
        (&request["id"], &request["due_at"]),
        (&json!("r-2026-0001"), &json!("2026-05-31T12:00:00Z"))
    );
    let (at, steps) = (
        "/governance/requests/r-2026-0001",
        "/governance/requests/r-2026-0001/steps",
    );
    assert_eq!(
        officer
            .ask(&city, "GET", &format!("{at}/export"), None)
            .await
            .status,
        409
    );
    let identity = || json!({"step": "identity", "note": "identity card"});
    officer.post(&city, steps, identity(), 200).await;
    let export = officer.get(&city, &format!("{at}/export")).await;
    assert_eq!(export["entities"][0]["entity"]["name"]["value"], "Wanjiku");
    officer
        .post(&city, steps, json!({"step": "done", "note": "by letter"}), 200)
        .await;
    officer.post(&city, steps, json!({"step": "dance"}), 422).await;
    // Erasure.
    officer.post(&city, REQUESTS, new("erasure"), 201).await;
    let steps = "/governance/requests/r-2026-0002/steps";
    officer.post(&city, steps, identity(), 200).await;
    officer
        .post(&city, steps, json!({"step": "done", "note": "really"}), 409)
        .await;
    officer.post(&city, steps, json!({"step": "erase"}), 200).await;
    for target in [
        "/ngsi-ld/v1/entities/urn:ngsi-ld:Person:1",
        "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Person:1",
    ] {
        assert_eq!(
            admin.ask(&city, "GET", target, None).await.status,
            404,
            "{target}"
        );
    }
    let done = officer
        .post(&city, steps, json!({"step": "done", "note": "told"}), 200)
        .await;
    assert_eq!(done["state"], "done");
    // Every step is in the audit log, with a name that tells nothing.
    let log = city.app.config.audit.as_ref().unwrap().log(None).unwrap();
    let filter = governance::audit::Filter {
        action: Some("request.".to_owned()),
        ..governance::audit::Filter::default()
    };
    let found = log.latest(&filter, None, 100).unwrap();
    let actions: Vec<String> = found.leaves.iter().map(|leaf| leaf.action.to_string()).collect();
    assert_eq!(
        actions.iter().rev().map(String::as_str).collect::<Vec<_>>(),
        [
            "request.receive",
            "request.identity",
            "request.export",
            "request.done",
            "request.receive",
            "request.identity",
            "request.erase",
            "request.done"
        ]
    );
    assert!(
        found
            .leaves
            .iter()
            .all(|leaf| leaf.target.as_deref() != Some("r-2026-0001"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breach_runs_against_its_clock() {
    let city = City::guarded();
    let officer = Who::key(&city, Role::Officer);
    let new = json!({"title": "Laptop lost", "nature": "left in a bus", "risk": "high", "people": 40});
    let breach = officer.post(&city, BREACHES, new, 201).await;
    assert_eq!(breach["due_at"], "2026-05-04T12:00:00Z");
    let steps = "/governance/breaches/b-2026-0001/steps";
    officer
        .post(&city, steps, json!({"step": "close", "note": "done"}), 409)
        .await;
    officer
        .post(&city, steps, json!({"step": "authority", "note": "ODPC/1"}), 200)
        .await;
    officer
        .post(&city, steps, json!({"step": "people", "note": "by letter"}), 200)
        .await;
    let closed = officer
        .post(&city, steps, json!({"step": "close", "note": "done"}), 200)
        .await;
    assert!(closed["closed_at"].is_string());
    assert_eq!(officer.get(&city, BREACHES).await.as_array().unwrap().len(), 1);
}

/// How one check stands in a report.
fn standing(report: &Value, check: &str) -> Option<bool> {
    let articles = report["articles"].as_array().unwrap().iter();
    let mut checks = articles.flat_map(|article| article["checks"].as_array().unwrap());
    checks
        .find(|found| found["check"] == check)
        .map(|found| found["holds"] == true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gap_report_finds_what_is_so() {
    let city = City::guarded();
    let admin = Who::key(&city, Role::Administrator);
    let all = admin.get(&city, "/governance/profiles").await;
    assert_eq!(all.as_array().unwrap().len(), 5);
    for profile in all.as_array().unwrap() {
        let report = admin
            .get(
                &city,
                &format!("/governance/profiles/{}", profile["id"].as_str().unwrap()),
            )
            .await;
        assert_eq!(
            report["articles"].as_array().unwrap().len() as u64,
            profile["articles"].as_u64().unwrap()
        );
    }
    let kenya = "/governance/profiles/kenya-dpa";
    let report = admin.get(&city, kenya).await;
    for (check, holds) in [
        ("login-required", true),
        ("audit-recorded", true),
        ("personal-data-closed", true),
        ("special-data-closed", true),
        ("closed-by-default", true),
        ("processing-registered", true),
        ("officer-named", false),
        ("registered-with-authority", false),
    ] {
        assert_eq!(standing(&report, check), Some(holds), "{check}");
    }
    // Data about people that nobody registered.
    let meter = json!({"id": "urn:ngsi-ld:W:1", "type": "WaterConsumptionObserved",
        "waterConsumption": {"type": "Property", "value": 7}});
    assert_eq!(
        admin
            .ask(&city, "POST", "/ngsi-ld/v1/entities", Some(meter))
            .await
            .status,
        201
    );
    assert_eq!(
        standing(&admin.get(&city, kenya).await, "processing-registered"),
        Some(false)
    );
    admin.post(&city, PROCESSING, activity(), 201).await;
    assert_eq!(
        standing(&admin.get(&city, kenya).await, "processing-registered"),
        Some(true)
    );
    // A policy that opens what was closed.
    let open = "@id(\"all.to.viewers\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource);";
    let headers = [
        ("authorization", admin.0[0].1.as_str()),
        ("content-type", "text/plain"),
    ];
    let reply = city
        .ask("PUT", "/access/policies/open.cedar", &headers, Some(open))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let report = admin.get(&city, kenya).await;
    for check in ["personal-data-closed", "special-data-closed", "closed-by-default"] {
        assert_eq!(standing(&report, check), Some(false), "{check}");
    }
    assert_eq!(
        admin
            .ask(&city, "GET", "/governance/profiles/atlantis", None)
            .await
            .status,
        404
    );
    // Where nobody logs in, everybody sees everything, and the report says so.
    let open = City::new();
    let report = open.get(kenya).await.json();
    for check in ["login-required", "personal-data-closed", "closed-by-default"] {
        assert_eq!(standing(&report, check), Some(false), "{check}");
    }
}

/// Asks as a browser does, with a form where there is one.
pub(crate) async fn browse(
    city: &City,
    session: &(String, String),
    target: &str,
    form: Option<&[(&str, &str)]>,
) -> Reply {
    let mut headers = vec![
        ("cookie", session.0.as_str()),
        ("host", "127.0.0.1:8080"),
        ("sec-fetch-site", "same-origin"),
        ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ];
    let Some(fields) = form else {
        return city.ask("GET", target, &headers, None).await;
    };
    headers.push(("content-type", "application/x-www-form-urlencoded"));
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields).append_pair("form_token", &session.1);
    city.ask("POST", target, &headers, Some(&body.finish())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_is_worked_at_without_scripts() {
    let city = City::guarded();
    let ada = logged_in(&city, "ada", &[Role::Officer]);
    let ben = logged_in(&city, "ben", &[Role::Administrator]);
    let fields = [
        ("name", "Water <metering>"),
        ("purposes", "service-operation\r\nplanning\r\n"),
        ("classes", "personal"),
        ("types", "WaterConsumptionObserved"),
        ("role", "joint-controller"),
        ("joint_controllers", "County | c@county.example"),
        ("transfers", "MU | Host | clauses"),
        ("retention_days", "365"),
        ("automated_decisions", "yes"),
        ("legal_basis", "contract"),
    ];
    let made = browse(&city, &ada, PROCESSING, Some(&fields)).await;
    assert_eq!(
        (made.status, made.header("location")),
        (303, "/governance/processing/water-metering"),
        "{}",
        made.text()
    );
    let at = "/governance/processing/water-metering";
    let page = browse(&city, &ada, at, None).await.text();
    for expected in [
        "Water &#60;metering&#62;",
        "County | c@county.example",
        "MU | Host | clauses",
        "365",
    ] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
    let key = Who::key(&city, Role::Officer);
    let stored = key.get(&city, at).await;
    assert_eq!(
        (&stored["purposes"], &stored["automated_decisions"]),
        (&json!(["service-operation", "planning"]), &json!(true))
    );
    // What is wrong is told, and what was typed is there.
    let mut wrong = fields;
    wrong[2] = ("classes", "secret");
    let told = browse(&city, &ada, PROCESSING, Some(&wrong)).await;
    assert_eq!(told.status, 422);
    assert!(
        told.text().contains("there is no `secret`") && told.text().contains("County | c@county.example"),
        "{}",
        told.text()
    );
    // Two people.
    let assessment = [
        ("necessity", "Bills"),
        ("risks", "absence can be read | low | medium | monthly sums"),
        ("residual", "low"),
        ("review_at", "2027-05-01"),
    ];
    let path = |part: &str| format!("{at}/{part}");
    assert_eq!(
        browse(&city, &ada, &path("assessment"), Some(&assessment))
            .await
            .status,
        303
    );
    assert_eq!(
        browse(&city, &ada, &path("approval"), Some(&[])).await.status,
        403
    );
    assert_eq!(
        browse(&city, &ben, &path("approval"), Some(&[])).await.status,
        303
    );
    assert!(
        browse(&city, &ada, at, None)
            .await
            .text()
            .contains("Approved by ben")
    );
    let mut changed = fields;
    changed[7] = ("retention_days", "30");
    assert_eq!(
        browse(&city, &ada, &path("edit"), Some(&changed)).await.status,
        303
    );
    assert_eq!(key.get(&city, at).await["assessment"]["approval"], Value::Null);
    // A request and a breach.
    let request = [
        ("kind", "erasure"),
        ("subject", "A. Wanjiku"),
        ("entities", "urn:ngsi-ld:Person:1"),
    ];
    let made = browse(&city, &ada, REQUESTS, Some(&request)).await;
    assert_eq!(
        made.header("location"),
        "/governance/requests/r-2026-0001",
        "{}",
        made.text()
    );
    let steps = "/governance/requests/r-2026-0001/steps";
    assert_eq!(
        browse(&city, &ada, steps, Some(&[("step", "erase")]))
            .await
            .status,
        409
    );
    for step in ["identity", "erase", "done"] {
        let taken = browse(&city, &ada, steps, Some(&[("step", step), ("note", "so")])).await;
        assert_eq!(taken.status, 303, "{step}: {}", taken.text());
    }
    let breach = [
        ("title", "Laptop lost"),
        ("nature", "in a bus"),
        ("risk", "high"),
        ("people", "40"),
        ("known", "2026-01-02T10:30"),
    ];
    // Nothing typed is lost where something is refused.
    for (target, fields, wrong, told, kept) in [
        (
            REQUESTS,
            &request[..],
            ("received", "yesterday"),
            "received",
            "urn:ngsi-ld:Person:1",
        ),
        (
            REQUESTS,
            &request[..],
            ("subject", ""),
            "subject",
            "urn:ngsi-ld:Person:1",
        ),
        (BREACHES, &breach[..], ("people", "some"), "people", "in a bus"),
        (
            BREACHES,
            &breach[..],
            ("known", "9999-01-01T00:00"),
            "known_at",
            "9999-01-01T00:00",
        ),
        (
            steps,
            &[("note", "as he said")],
            ("step", "dance"),
            "step",
            "as he said",
        ),
    ] {
        let mut fields: Vec<_> = fields
            .iter()
            .copied()
            .filter(|(name, _)| *name != wrong.0)
            .collect();
        fields.push(wrong);
        let page = browse(&city, &ada, target, Some(&fields)).await;
        let text = page.text();
        assert!(
            matches!(page.status, 422 | 409),
            "{target} {wrong:?}: {}",
            page.status
        );
        assert!(
            text.contains("error-summary") && text.contains(told) && text.contains(kept),
            "{wrong:?}: {text}"
        );
    }
    assert_eq!(browse(&city, &ada, BREACHES, Some(&breach)).await.status, 303);
    let known = &key.get(&city, "/governance/breaches/b-2026-0001").await["known_at"];
    assert!(
        known
            .as_str()
            .is_some_and(|at| at.starts_with("2026-01-02T10:30:00")),
        "{known}"
    );
    let steps = "/governance/breaches/b-2026-0001/steps";
    assert_eq!(
        browse(&city, &ada, steps, Some(&[("step", "authority"), ("note", "1")]))
            .await
            .status,
        303
    );
    // Every page, in every language.
    for target in [
        "/governance",
        PROCESSING,
        at,
        "/governance/requests/r-2026-0001",
        "/governance/breaches/b-2026-0001",
        "/governance/profiles",
        "/governance/profiles/kenya-dpa",
    ] {
        for tag in ["en", "fr", "sw", "ar"] {
            let page = browse(&city, &ada, &format!("{target}?lang={tag}"), None).await;
            let text = page.text();
            assert_eq!(page.status, 200, "{target}: {text}");
            assert!(text.contains(&format!("<html lang=\"{tag}\"")), "{target}");
            assert!(
                !text.contains("desk-field-") && !text.contains("Unknown localization"),
                "{target} {tag}: {text}"
            );
        }
    }
    let page = browse(&city, &ada, "/governance", None).await.text();
    assert!(
        page.contains("b-2026-0001") && page.contains("A. Wanjiku"),
        "{page}"
    );
    assert_eq!(browse(&city, &ada, &path("delete"), Some(&[])).await.status, 303);
    // Nobody else gets in, and without the token nothing is done.
    let eve = logged_in(&city, "eve", &[Role::Planner]);
    assert_eq!(browse(&city, &eve, "/governance", None).await.status, 403);
    let forged = (ada.0.clone(), "0".repeat(32));
    assert_eq!(browse(&city, &forged, REQUESTS, Some(&request)).await.status, 403);
}
