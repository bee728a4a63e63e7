//! `/access/purposes`.

use access::PolicyViews;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::json_of;
use super::policies::views;
use crate::App;
use crate::identity::{Asker, unknown_purpose};
use crate::problem::{Answer, Problem};

/// The purposes
///
/// What data may be asked for: a request says one of them in the header `Mapacha-Purpose`, and is for
/// `service-operation` where it says none. `open`: whether whoever asks may name it.
#[utoipa::path(get, path = "/access/purposes", tag = "Access", operation_id = "listPurposes",
    responses((status = 200, description = "The purposes", body = ref("#/components/schemas/AccessPurposes"), content_type = "application/json",
        example = json!([{"purpose": "planning", "meaning": "planning streets, lines, supply and land use", "compatible": ["statistics", "research"], "open": true}]))))]
pub(super) async fn list_purposes(asker: Asker, State(app): State<App>) -> Answer {
    let rules = views(&app)?.policies().rules();
    let purposes = rules.purposes();
    let own = asker.principal.purpose.as_deref();
    let open: Vec<&str> = purposes.open_to(own).collect();
    let all = purposes.names().map(|name| {
        json!({
            "purpose": name, "meaning": purposes.meaning(name), "compatible": purposes.compatible(name).collect::<Vec<_>>(),
            "open": open.contains(&name),
        })
    });
    Ok(json_of(&Value::from(all.collect::<Vec<_>>())))
}

/// Refuses a purpose that there is not.
pub(super) fn must_be(views: &PolicyViews, purpose: &str) -> Answer<()> {
    match views.purpose(None, Some(purpose)) {
        Ok(_) => Ok(()),
        Err(error) => Err(unknown_purpose(
            StatusCode::UNPROCESSABLE_ENTITY,
            views,
            None,
            &error,
        )),
    }
    .map_err(Problem::as_api)
}
