//! `DELETE /entities`: Purge Entities (5.6.21).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ngsi_ld::fragment::Fragment;
use ngsi_ld::{Entity, Error, Name};
use serde::Deserialize;
use serde_json::json;
use twin::{Instance, Mapped, Operation, Reader};
use utoipa::IntoParams;

use super::answer::no_content;
use super::attributes::multi_status;
use super::call::Writing;
use super::examples;
use super::mapped::{MapParameters, MapWish};
use super::parameters::{Known, SelectionParameters};
use super::selection::{from_parameters, names};
use crate::problem::{Answer, Problem, blocking};

/// How many operations go to the twin at once.
const AT_ONCE: usize = 1000;

/// What goes of the entities that are found (Table 6.4.3.3-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PurgeParameters {
    /// Only entities with at least one of these attributes (deprecated elsewhere).
    pub attrs: Option<String>,
    /// Not the entities go, but these of their members.
    pub drop: Option<String>,
    /// Not the entities go, but all their members except these.
    pub keep: Option<String>,
}

/// What goes of an entity.
enum Goes {
    All,
    These(Vec<Name>),
    AllBut(Vec<Name>),
}

/// Purge Entities
///
/// ETSI GS CIM 009, 5.6.21 and 6.4.3.3. At least one of `type`, `attrs`, `q` and `georel` is given, or `local=true`.
/// With `NGSILD-EntityMap` only entities that are in that map go.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/entities",
    tag = "NGSI-LD entities",
    operation_id = "purgeEntities",
    params(SelectionParameters, PurgeParameters),
    responses(
        (status = 204, description = "They are gone, or none was found"),
        (status = 207, description = "Some could not be deleted", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 404, description = "The entity map that is named is not there", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 400, description = "A parameter cannot be read, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn purge_entities(
    call: Writing,
    Known(selection): Known<SelectionParameters>,
    Known(purge): Known<PurgeParameters>,
) -> Answer {
    let context = call.context().await?;
    let goes = match (purge.drop.as_deref(), purge.keep.as_deref()) {
        (None, None) => Goes::All,
        (Some(drop), None) => Goes::These(names("drop", Some(drop), &context)?),
        (None, Some(keep)) => Goes::AllBut(names("keep", Some(keep), &context)?),
        (Some(_), Some(_)) => return Err(Error::bad_data("`drop` and `keep` exclude each other").into()),
    };
    if selection.q.as_deref().is_some_and(|q| q.contains('{')) {
        return Err(Error::bad_data("`q` of a purge does not reach into linked entities (5.6.21)").into());
    }
    let wanted = from_parameters(&selection, purge.attrs.as_deref(), &context)?;
    let maps = MapWish::parse(
        &call.headers,
        &MapParameters::default(),
        None,
        call.app.clock.now(),
    )?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    let (operations, mapped) = blocking(move || {
        let mapped = maps.named_map(&twin, &view, Mapped::Entities)?;
        let wanted = match &mapped {
            Some(mapped) => {
                let named = &wanted.selection.ids;
                let both = mapped
                    .map
                    .entities()
                    .filter(|id| named.is_empty() || named.contains(id));
                wanted.among(both.cloned().collect())
            }
            None => wanted,
        };
        let mut operations = Vec::new();
        // A map of none is none, and not all.
        if mapped.is_none() || !wanted.selection.ids.is_empty() {
            twin.scan(&view, &wanted.selection, &mut |entity: &Arc<Entity>| {
                goes.of(entity, &mut operations);
                true
            })?;
        }
        Ok::<_, Problem>((operations, mapped))
    })
    .await??;
    let mut result = Purged::default();
    let mut operations = operations.into_iter();
    loop {
        let some: Vec<Operation> = operations.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            let mut response = result.respond()?;
            if let Some(mapped) = mapped {
                mapped.annotate(&mut response);
            }
            return Ok(response);
        }
        let ids: Vec<String> = some.iter().map(|one| one.entity_id().to_string()).collect();
        for (id, done) in ids.into_iter().zip(call.execute_all(some).await) {
            result.note(id, done);
        }
    }
}

impl Goes {
    /// What has to be done to an entity.
    fn of(&self, entity: &Entity, operations: &mut Vec<Operation>) {
        let goes = |name: &Name| match self {
            Self::All => true,
            Self::These(names) => names.contains(name),
            Self::AllBut(names) => !names.contains(name),
        };
        if let Self::All = self {
            operations.push(Operation::Delete(entity.id.clone()));
            return;
        }
        let mut last = None;
        for attribute in &entity.attributes {
            if last != Some(&attribute.name) && goes(&attribute.name) {
                let (id, name) = (entity.id.clone(), attribute.name.clone());
                operations.push(Operation::DeleteAttribute(id, name, Instance::All));
            }
            last = Some(&attribute.name);
        }
        let scope = Name::from_iri(format!("{}scope", ngsi_ld::name::NGSI_LD));
        if !entity.scope.is_empty() && goes(&scope) {
            let fragment = Fragment {
                scope: Some(Vec::new()),
                ..Fragment::default()
            };
            operations.push(Operation::Merge(entity.id.clone(), fragment));
        }
    }
}

/// What came of it, by entity.
#[derive(Default)]
struct Purged {
    success: Vec<String>,
    errors: Vec<serde_json::Value>,
}

impl Purged {
    fn note(&mut self, id: String, done: Result<twin::Outcome, twin::Error>) {
        match done {
            // Somebody else was faster, and what was asked for holds.
            Ok(_) | Err(twin::Error::NotFound(_)) => {
                if self.success.last() != Some(&id) {
                    self.success.push(id);
                }
            }
            Err(error) => self
                .errors
                .push(json!({"entityId": id, "error": Problem::from(error).to_json()})),
        }
    }

    fn respond(self) -> Answer<Response> {
        if self.errors.is_empty() {
            return Ok(no_content());
        }
        multi_status(&json!({"success": self.success, "errors": self.errors}))
            .map(IntoResponse::into_response)
            .inspect(|response| debug_assert_eq!(response.status(), StatusCode::MULTI_STATUS))
    }
}
