//! Examples for the OpenAPI document.

use serde_json::{Value, json};

/// A scenario file without its text.
fn head() -> Value {
    json!({
        "id": "urn:ngsi-ld:Scenario:kerbs",
        "title": "Kerbs",
        "description": null,
        "created_at": "2026-05-01T12:00:00Z",
        "modified_at": "2026-05-01T12:00:00Z",
    })
}

/// A scenario file.
pub(super) fn scenario() -> Value {
    let mut scenario = head();
    scenario["file"] = json!("schema = 1\ntitle = \"Kerbs\"\n");
    scenario
}

/// A page of scenario files.
pub(super) fn scenarios() -> Value {
    json!({"items": [head()], "next": null})
}

/// A run that waits.
pub(super) fn run() -> Value {
    json!({
        "id": "urn:ngsi-ld:ScenarioRun:1",
        "title": "Kerbs",
        "status": "queued",
        "progress": 0.0,
        "step": null,
        "submitted_at": "2026-05-01T12:00:00Z",
        "started_at": null,
        "finished_at": null,
        "errors": [],
        "warnings": [],
        "result": null,
    })
}

/// A page of runs.
pub(super) fn runs() -> Value {
    json!({"items": [run()], "next": null})
}

/// What a run found, without its numbers.
pub(super) fn result() -> Value {
    json!({
        "schema": 1,
        "title": "Kerbs",
        "city": "Nairobi",
        "currency": "KES",
        "groups": [{"id": "disability", "name": "people with a disability"}],
        "areas": [],
        "baseline": [],
        "scenarios": [],
        "choice": null,
        "provenance": {"version": "0.1.0", "snapshot": "2026-05-01T12:00:00Z", "inputs": "", "file": "", "seed": 1,
            "entities": {"GtfsStop": 4284}, "assumptions": []},
        "warnings": [],
    })
}

/// A map of differences.
pub(super) fn map() -> Value {
    json!({
        "type": "FeatureCollection",
        "features": [],
        "mapacha": {"scenario": "kerbs", "indicator": "clinic-wheelchair", "unit": "%", "snapshot": "2026-05-01T12:00:00Z"},
    })
}

/// A kind of measure.
pub(super) fn kinds() -> Value {
    json!({"version": "1", "kinds": [{"name": "kerb-ramp", "title": "Lowered kerbs",
        "description": "Kerbs become low enough for wheelchairs", "assumptions": [], "parameter": [], "effect": []}]})
}
