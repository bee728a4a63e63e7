//! `/info/sourceIdentity`: who answers here (5.15.1).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Wording, bytes};
use super::call::Reading;
use super::negotiation::accepted;
use crate::problem::Answer;

/// Retrieve Context Source Identity Information
///
/// ETSI GS CIM 009, 5.15.1 and 6.33.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/info/sourceIdentity",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveCSourceIdentityInfo",
    responses((status = 200, description = "The identity", body = Value, content_type = "application/json",
        example = json!({"id": "urn:ngsi-ld:ContextSourceIdentity:127.0.0.1:8080", "type": "ContextSourceIdentity",
            "contextSourceAlias": "127.0.0.1:8080", "contextSourceUptime": "PT3600S",
            "contextSourceTimeAt": "2026-05-01T12:00:00Z"}))),
)]
pub(crate) async fn source_identity(call: Reading) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let wording = Wording::new(call.context().await?, media_type, &call.headers);
    let now = call.app.clock.now();
    let up_s = now
        .as_micros()
        .saturating_sub(call.app.started_at.as_micros())
        .max(0)
        / 1_000_000;
    let tenant = call
        .headers
        .get(super::call::TENANT)
        .and_then(|value| value.to_str().ok());
    let alias = match tenant {
        None => call.app.config.listen.to_string(),
        Some(tenant) => format!("{}-{tenant}", call.app.config.listen),
    };
    let Value::Object(identity) = json!({
        "id": format!("urn:ngsi-ld:ContextSourceIdentity:{alias}"),
        "type": "ContextSourceIdentity",
        "contextSourceAlias": alias,
        "contextSourceUptime": format!("PT{up_s}S"),
        "contextSourceTimeAt": now.to_string(),
        "contextSourceExtras": {"software": "mapacha", "version": call.app.config.version},
    }) else {
        return Ok(super::answer::no_content());
    };
    Ok(wording.respond(StatusCode::OK, bytes(&wording.finish(identity))?))
}
