//! What the desk refuses says what is wrong: a tenant that there is not, a record that there is not, a clock that was
//! put off already.

use access::Role;
use serde_json::{Value, json};

use crate::admitted::key_with;
use crate::common::City;
use crate::desk::Who;

fn rule(tenant: &str) -> Value {
    json!({"name": "Meter readings", "types": ["WaterConsumptionObserved"], "what": "history", "keep": "P1Y", "tenant": tenant})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_holds_are_for_a_tenant_that_there_is() {
    let city = City::guarded();
    let pipe = json!({"id": "urn:ngsi-ld:Pipe:1", "type": "Pipe"}).to_string();
    let admin = key_with(&city, &[Role::Administrator]);
    let headers = [("authorization", &*admin), ("ngsild-tenant", "water")];
    let made = city
        .ask("POST", "/ngsi-ld/v1/entities", &headers, Some(&pipe))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let ada = Who::person(&city, "ada", Role::Officer);
    let hold = |tenant: &str| json!({"reason": "case 12", "types": ["Vehicle"], "tenant": tenant});
    for (tenant, status) in [("watr", 422), ("*", 201), ("water", 201)] {
        let told = ada
            .post(&city, "/governance/retention", rule(tenant), status)
            .await;
        if status == 422 {
            assert_eq!(told["place"], "tenant", "{told}");
            assert!(
                told["detail"]
                    .as_str()
                    .unwrap()
                    .contains("there is no tenant `watr`"),
                "{told}"
            );
        }
    }
    let changed = ada
        .ask(
            &city,
            "PUT",
            "/governance/retention/meter-readings",
            Some(rule("watr")),
        )
        .await;
    assert_eq!(changed.status, 422, "{}", changed.text());
    for (tenant, status) in [("watr", 422), ("*", 422), ("water", 201), ("", 201)] {
        let told = ada.post(&city, "/governance/holds", hold(tenant), status).await;
        assert!(status == 201 || told["place"] == "tenant", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_what_there_is_not_is_not_found_whatever_it_says() {
    let city = City::guarded();
    let ada = Who::person(&city, "ada", Role::Officer);
    for body in [
        json!({"step": "identity"}),
        json!({"step": "identity", "note": "a card"}),
        json!({}),
    ] {
        ada.post(&city, "/governance/requests/r-2026-0099/steps", body.clone(), 404)
            .await;
        ada.post(&city, "/governance/breaches/b-2026-0099/steps", body, 404)
            .await;
    }
    // A step has a note, and says so.
    let new = json!({"kind": "access", "subject": "A. Wanjiku"});
    let made = ada.post(&city, "/governance/requests", new, 201).await;
    let at = format!("/governance/requests/{}/steps", made["id"].as_str().unwrap());
    let told = ada.post(&city, &at, json!({"step": "identity"}), 422).await;
    assert!(told["detail"].as_str().unwrap().contains("note"), "{told}");
    let described = server::openapi();
    let steps = described["components"]["schemas"]["RequestStep"]["oneOf"]
        .as_array()
        .unwrap();
    let needs_note = |step: &Value| step["required"].as_array().unwrap().contains(&json!("note"));
    for step in steps {
        let name = &step["properties"]["step"]["const"];
        assert_eq!(needs_note(step), name != "erase", "{name}");
    }
    assert_eq!(steps.len(), 7);
}
