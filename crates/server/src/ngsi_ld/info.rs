//! `/info/sourceIdentity`: who answers here (5.15.1).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ngsi_ld::context::Context;
use serde_json::{Value, json};

use super::answer::{Wording, bytes};
use super::call::tenant;
use super::negotiation::{accepted, linked_context};
use crate::App;
use crate::problem::Answer;

/// Retrieve Context Source Identity Information
///
/// ETSI GS CIM 009, 5.15.1 and 6.33.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/info/sourceIdentity",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveCSourceIdentityInfo",
    responses((status = 200, description = "The identity", body = ref("#/components/schemas/ContextSourceIdentity"), content_type = "application/json",
        example = json!({"id": "urn:ngsi-ld:ContextSourceIdentity:mapacha-5d41402abc4b2a76", "type": "ContextSourceIdentity",
            "contextSourceAlias": "mapacha-5d41402abc4b2a76", "contextSourceUptime": "PT3600S",
            "contextSourceTimeAt": "2026-05-01T12:00:00Z"}))),
)]
pub(crate) async fn source_identity(State(app): State<App>, headers: HeaderMap) -> Answer {
    let media_type = accepted(&headers, false)?;
    let context = match linked_context(&headers)? {
        Some(url) => app.context(Value::String(url)).await?,
        None => Context::core().clone(),
    };
    let wording = Wording::new(context, media_type, &headers);
    let now = app.clock.now();
    let up_s = now.as_micros().saturating_sub(app.started_at.as_micros()).max(0) / 1_000_000;
    // Table 5.2.40-1: a name for each tenant, whether or not something was ever written for it.
    let alias = match tenant(&headers)? {
        None => app.alias.clone(),
        Some(tenant) => format!("{}-{tenant}", app.alias),
    };
    let Value::Object(identity) = json!({
        "id": format!("urn:ngsi-ld:ContextSourceIdentity:{alias}"),
        "type": "ContextSourceIdentity",
        "contextSourceAlias": alias,
        "contextSourceUptime": format!("PT{up_s}S"),
        "contextSourceTimeAt": now.to_string(),
        "contextSourceExtras": {"software": "mapacha", "version": app.config.version},
    }) else {
        return Ok(super::answer::no_content());
    };
    Ok(wording.respond(StatusCode::OK, bytes(&wording.finish(identity))?))
}
