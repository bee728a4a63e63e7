//! The gate of impact assessments: nobody newly reads data about people that nobody assessed.

use access::Role;
use governance::desk::{Desk, Settings};
use serde_json::{Value, json};

use crate::admitted::logged_in;
use crate::common::{City, Reply};
use crate::desk::Who;

const POLICY: &str = "/access/policies/care.cedar";
const FORM: &str = "/policies/documents/care.cedar";
const COMPARE: &str = "/access/policies/compare";
const PROCESSING: &str = "/governance/processing";

/// A city whose gate is on.
fn gated() -> City {
    City::guarded_over(
        |_| {},
        |config, tenants, _| {
            let home = tenants.get(None).unwrap();
            let settings = Settings {
                impact_gate: true,
                ..Settings::default()
            };
            config.desk = Some(Desk::open(&home, settings).unwrap());
        },
    )
}

/// Planners see the entities of a type, of a class.
fn policy(of: &str, class: &str) -> String {
    format!(
        "@id(\"city.care\")\npermit (principal in Role::\"planner\", action in Action::\"See\", resource)\n\
         when {{ resource.types.contains(\"{of}\") && context.class == Class::\"{class}\" }};\n"
    )
}

async fn put(city: &City, who: &Who, text: &str) -> Reply {
    let mut headers = who.headers();
    headers.push(("content-type", "text/plain"));
    city.ask("PUT", POLICY, &headers, Some(text)).await
}

fn documents(city: &City) -> Vec<String> {
    let documents = city.app.config.views.as_ref().unwrap().policies().documents();
    documents.policies().keys().cloned().collect()
}

/// What a comparison says of the gate.
async fn compared(city: &City, who: &Who, text: &str) -> Value {
    let told = who.post(city, COMPARE, json!({"documents": {"care.cedar": text}}), 200);
    told.await["gate"].clone()
}

fn activity(types: &[&str], classes: &[&str]) -> Value {
    json!({"name": "Care", "purposes": ["service-operation"], "types": types, "classes": classes})
}

fn findings() -> Value {
    json!({
        "necessity": "Wards are planned by it", "residual": "low", "review_at": "2026-06-01T00:00:00Z",
        "risks": [{"what": "An illness is known", "likelihood": "low", "severity": "high", "measure": "by ward alone"}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_opens_personal_data_waits_for_an_assessment_that_holds() {
    let city = gated();
    let (ada, ben) = (
        Who::person(&city, "ada", Role::Officer),
        Who::person(&city, "ben", Role::Officer),
    );
    let admin = Who::key(&city, Role::Administrator);
    let special = policy("Patient", "special");
    let lacks = |told: &Value| told["missing"][0]["lacks"].as_str().unwrap_or("").to_owned();
    let refused = |missing: &'static str| {
        let (city, admin, special) = (&city, &admin, &special);
        async move {
            let reply = put(city, admin, special).await;
            assert_eq!(reply.status, 409, "{missing}: {}", reply.text());
            assert_eq!(reply.header("content-type"), "application/problem+json");
            let told = reply.json();
            assert_eq!(told["type"], "urn:mapacha:problem:impact-gate");
            let one = &told["missing"][0];
            assert_eq!(
                (one["class"].as_str(), lacks(&told).as_str()),
                (Some("special"), missing)
            );
            assert!(one["type"].as_str().unwrap().ends_with("/Patient"), "{told}");
            assert!(one["where"].as_str().unwrap().starts_with(PROCESSING), "{told}");
            // Asked beforehand, it is said beforehand.
            assert_eq!(lacks(&compared(city, admin, special).await), missing);
            assert!(documents(city).is_empty());
        }
    };
    refused("activity").await;
    // Of another type, of another class.
    let care = format!("{PROCESSING}/care");
    admin
        .post(&city, PROCESSING, activity(&["Person"], &["special"]), 201)
        .await;
    for (types, classes) in [(["Person"], ["special"]), (["Patient"], ["personal"])] {
        let described = admin
            .ask(&city, "PUT", &care, Some(activity(&types, &classes)))
            .await;
        assert_eq!(described.status, 200, "{}", described.text());
        ada.post(&city, &format!("{care}/assessment"), findings(), 200)
            .await;
        ben.post(&city, &format!("{care}/approval"), json!({}), 200).await;
        refused("activity").await;
    }
    let described = admin.ask(
        &city,
        "PUT",
        &care,
        Some(activity(&["Patient", "Child"], &["special"])),
    );
    assert_eq!(described.await.status, 200);
    refused("approval").await;
    ada.post(&city, &format!("{care}/assessment"), findings(), 200)
        .await;
    refused("approval").await;
    ben.post(&city, &format!("{care}/approval"), json!({}), 200).await;
    assert_eq!(compared(&city, &admin, &special).await, Value::Null);
    let kept = put(&city, &admin, &special).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    // What is no more than that, and what is about nobody, needs nothing; neither does taking it away.
    city.clock.advance(40 * 86_400 * 1_000_000);
    for (text, status) in [
        (special.clone(), 200),
        (
            format!(
                "{special}{}",
                policy("Child", "special").replace("city.care", "city.child")
            ),
            409,
        ),
        (
            format!(
                "{special}{}",
                policy("Person", "personal").replace("city.care", "city.person")
            ),
            409,
        ),
        (
            format!(
                "{special}{}",
                policy("Pipe", "confidential").replace("city.care", "city.pipe")
            ),
            200,
        ),
    ] {
        let reply = put(&city, &admin, &text).await;
        assert_eq!(reply.status, status, "{text}: {}", reply.text());
    }
    let gone = admin.ask(&city, "DELETE", POLICY, None).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    refused("review").await;
    // Both decisions are in the audit log: what was refused, and on what a change rested.
    let officer = Who::key(&city, Role::Officer);
    let log = officer
        .ask(&city, "GET", "/audit/entries?from=0", None)
        .await
        .text();
    let decided = |decision: &str, sort: &str| {
        (log.split('{')).any(|entry| {
            ["policy.gate", decision, sort]
                .iter()
                .all(|part| entry.contains(&format!("\"{part}\"")))
        })
    };
    assert!(decided("refused", "PolicyDocument"), "{log}");
    assert!(decided("allowed", "ProcessingActivity"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_that_is_taken_off_waits_as_well() {
    let city = gated();
    let admin = Who::key(&city, Role::Administrator);
    let classes = access::policies::DEFAULT_CLASSES;
    let opened = classes.replace("healthStatus = \"special\"", "healthStatus = \"open\"");
    let named = format!("{classes}\n[[rules]]\ntypes = [\"Kiosk\"]\nothers = \"open\"\n");
    for (text, status) in [(opened, 409), (named, 200)] {
        let mut headers = admin.headers();
        headers.push(("content-type", "text/plain"));
        let reply = city
            .ask("PUT", "/access/policies/classification", &headers, Some(&text))
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_what_is_missing_and_keeps_what_was_typed() {
    let city = gated();
    let (cookie, token) = logged_in(&city, "ada", &[Role::Officer]);
    let headers = |language: &'static str| {
        vec![
            ("cookie", cookie.as_str()),
            ("host", "127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/html"),
            ("accept-language", language),
            ("content-type", "application/x-www-form-urlencoded"),
        ]
    };
    let form = city.ask("GET", FORM, &headers("en")[..5], None).await.text();
    let etag = form.split("name=\"etag\" value=\"").nth(1).unwrap();
    let etag = etag.split('"').next().unwrap().to_owned();
    let text = policy("Patient", "special");
    for language in ["en", "fr", "sw", "ar"] {
        for (then, status) in [("compare", 200), ("save", 409)] {
            let mut body = form_urlencoded::Serializer::new(String::new());
            body.extend_pairs([
                ("form_token", token.as_str()),
                ("etag", etag.as_str()),
                ("text", text.as_str()),
                ("then", then),
            ]);
            let reply = city
                .ask("POST", FORM, &headers(language), Some(&body.finish()))
                .await;
            let page = reply.text();
            assert_eq!(reply.status, status, "{page}");
            for told in [
                "class `special`: no processing activity names this type",
                "href=\"/governance/processing\"",
                "Patient",
                "permit (principal in Role",
            ] {
                assert!(page.contains(told), "{told}: {page}");
            }
            assert!(documents(&city).is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_gate_is_off_nothing_waits() {
    let city = City::guarded();
    let admin = Who::key(&city, Role::Administrator);
    let special = policy("Patient", "special");
    assert_eq!(compared(&city, &admin, &special).await, Value::Null);
    assert_eq!(put(&city, &admin, &special).await.status, 200);
}
