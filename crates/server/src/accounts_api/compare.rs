//! `/access/policies/compare`.

use std::collections::BTreeMap;

use access::policies::ChangeError;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::policies::{refused, views};
use super::{body, json_of};
use crate::App;
use crate::desk::gate;
use crate::identity::Asker;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::policies_json;
use crate::problem::{Answer, Problem, blocking};

/// Documents that would be put, or taken away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changed {
    documents: BTreeMap<String, Option<String>>,
}

/// Compare before a change
///
/// Who would gain and who would lose what if these documents were put (or taken away, where there is no text), of the
/// entities that the twin holds now. Nothing is changed. It is asked for the usual purpose and this time of the day; of
/// what whoever asks does not see, nothing is told; an entity of which the policies decide by attributes that they do not
/// see is not looked at. `principals` and `entities` say of how many it was found out. `gate` says whether the change would
/// be refused for want of an impact assessment, which is asked of everybody, every tenant, purpose and hour.
#[utoipa::path(post, path = "/access/policies/compare", tag = "Access", operation_id = "comparePolicies",
    request_body(content = ref("#/components/schemas/AccessPolicyChange"), content_type = "application/json",
        example = json!({"documents": {"north.cedar": "@id(\"north.lamps\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource)\nwhen { resource.types.contains(\"Lamp\") };"}})),
    responses(
        (status = 200, description = "What would change", body = ref("#/components/schemas/AccessComparison"), content_type = "application/json",
            example = json!({"findings": [], "shifts": [{"change": "gain", "who": {"count": 1, "names": ["ada"], "groups": []}, "action": "Read",
                "type": "Lamp", "class": "special", "attributes": ["colour"], "entities": 12, "example": "urn:ngsi-ld:Lamp:1", "because": ["north.lamps"]}],
                "unlisted": 0, "principals": {"asked": 4, "all": 4}, "entities": {"looked_at": 400, "all": 400}, "gate": null})),
        (status = 400, description = "There can be no document of that name", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "They do not hold together", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn compare(
    _asker: Asker,
    State(app): State<App>,
    visitor: Visitor,
    given: Result<axum::Json<Changed>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let views = views(&app)?.clone();
    let found = blocking(move || {
        let preview = views.preview(
            &visitor.twin,
            &visitor.view,
            visitor.tenant.as_deref(),
            &given.documents,
        )?;
        let gate = app.gate_of(&views, &given.documents)?;
        Ok((preview, gate))
    });
    let found = found.await.map_err(Problem::as_api)?;
    let (preview, refusal) = found.map_err(|error: ChangeError| refused(&error))?;
    let mut told = policies_json::preview(&preview);
    told["gate"] = refusal.map_or(
        Value::Null,
        |refusal| json!({"detail": refusal.to_string(), "missing": gate::missing(&refusal)}),
    );
    Ok(json_of(&told))
}
