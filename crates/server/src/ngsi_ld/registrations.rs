//! `/csourceRegistrations`: register (5.9.2), update (5.9.3), delete (5.9.4), retrieve (5.10.1), query (5.10.2).

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::context::Context;
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::TemporalQuery;
use ngsi_ld::registration::{Draft, write_registration};
use ngsi_ld::{Error, Name, Uri};
use query::Selection;
use query::registrations::{EntitySpecification, RegistrationQuery};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::answer::{PageRequest, Wording, bytes, created, no_content};
use super::call::{Payload, Reading, Writing};
use super::examples;
use super::negotiation::accepted;
use super::parameters::{Known, PageParameters, list};
use super::representation::Keywords;
use super::selection::{geo, ids, names, set_pattern, types};
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Where registrations live.
const REGISTRATIONS: &str = "/ngsi-ld/v1/csourceRegistrations";

/// What registrations are asked for (Table 6.8.3.2-1): parameters of a query for entities.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct DiscoveryParameters {
    /// Entity ids, separated by commas. Beside at least one of `type`, `attrs`, `pick`, `q` and `georel`.
    pub id: Option<String>,
    /// A selection of entity types (4.17).
    #[serde(rename = "type")]
    #[param(rename = "type", example = "GtfsStop")]
    pub types: Option<String>,
    /// A regular expression for entity ids.
    pub id_pattern: Option<String>,
    /// Deprecated: attributes of which a source has at least one.
    pub attrs: Option<String>,
    /// The same; `id`, `type` and `scope` in it say nothing of a source.
    pub pick: Option<String>,
    /// Attributes that are not wanted: a source that has no others is left out.
    pub omit: Option<String>,
    /// A query over attributes (4.9), whose attributes count as those of `attrs`.
    pub q: Option<String>,
    /// A filter over the sources' own properties (4.9).
    #[param(example = "endpoint==\"http://a.example\"")]
    pub csf: Option<String>,
    /// A geo-relationship (4.10), of the place that is registered.
    pub georel: Option<String>,
    /// The kind of the reference geometry.
    pub geometry: Option<String>,
    /// The coordinates of the reference geometry, as JSON; longitude first.
    pub coordinates: Option<String>,
    /// The GeoProperty that is asked; `location` unless given.
    pub geoproperty: Option<String>,
    /// Of GeoJSON, which registrations are not written in: it changes nothing.
    pub geometry_property: Option<String>,
    /// `before`, `after` or `between`: sources of temporal information are found, and only these.
    pub timerel: Option<String>,
    /// An instant.
    pub time_at: Option<String>,
    /// The end, of `between`.
    pub end_time_at: Option<String>,
    /// `observedAt` (unless given), `createdAt`, `modifiedAt` or `deletedAt`.
    pub timeproperty: Option<String>,
    /// The data sets, separated by commas; `@none` is the default instance.
    pub dataset_id: Option<String>,
    /// A query over scopes (4.19).
    #[serde(rename = "scopeQ")]
    #[param(rename = "scopeQ")]
    pub scope_q: Option<String>,
    /// The language of LanguageProperties of registrations.
    pub lang: Option<String>,
    /// `sysAttrs`: also `createdAt` and `modifiedAt`.
    #[param(example = "sysAttrs")]
    pub options: Option<String>,
}

/// How a registration is written (6.3.11).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegistrationOptions {
    /// `sysAttrs`: also `createdAt` and `modifiedAt`.
    #[param(example = "sysAttrs")]
    pub options: Option<String>,
}

/// What is there and says something.
#[allow(clippy::ref_option, reason = "it is asked of fields")]
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

impl DiscoveryParameters {
    fn query(&self, context: &Context) -> Result<RegistrationQuery, Error> {
        let owned = |text: &Option<String>| given(text).map(str::to_owned);
        let mut selection = Selection {
            ids: ids(list("id", given(&self.id))?)?,
            types: types(given(&self.types), context)?,
            geo: geo(
                owned(&self.georel),
                owned(&self.geometry),
                owned(&self.coordinates),
                owned(&self.geoproperty),
                context,
            )?,
            ..Selection::default()
        };
        set_pattern(&mut selection, given(&self.id_pattern))?;
        let mut attributes = names("attrs", given(&self.attrs), context)?;
        attributes.extend(members("pick", given(&self.pick), context)?);
        let q = given(&self.q).map(|q| Q::parse(q, context)).transpose()?;
        for path in q.iter().flat_map(Q::paths) {
            attributes.extend(path.attributes.first().filter(|name| !is_member(name)).cloned());
        }
        if selection.geo.is_some() {
            attributes.extend(names("geoproperty", given(&self.geoproperty), context)?);
        }
        let temporal = TemporalQuery::parse(
            given(&self.timerel),
            given(&self.time_at),
            given(&self.end_time_at),
            given(&self.timeproperty),
        )?;
        // 5.10.2.4: ids alone are too wide, and so is everything else.
        if given(&self.types).is_none() && attributes.is_empty() && q.is_none() && selection.geo.is_none() {
            return Err(Error::bad_data(
                "the query is too wide: give at least one of `type`, `attrs`, `q` and `georel` (5.10.2.4)",
            ));
        }
        let data_set = |text: &str| match text {
            "@none" => Ok(None),
            text => Uri::parse(text).map(Some).map_err(Error::from),
        };
        Ok(RegistrationQuery {
            entities: vec![EntitySpecification {
                ids: selection.ids,
                id_pattern: selection.id_pattern,
                types: selection.types,
            }],
            attributes,
            omitted: members("omit", given(&self.omit), context)?,
            geo: selection.geo,
            scope: given(&self.scope_q).map(ScopeQuery::parse).transpose()?,
            csf: given(&self.csf)
                .map(|csf| Q::parse_as("csf", csf, context))
                .transpose()?,
            temporal: given(&self.timerel).map(|_| temporal),
            dataset_ids: list("datasetId", given(&self.dataset_id))?
                .into_iter()
                .map(data_set)
                .collect::<Result<_, _>>()?,
            ..RegistrationQuery::default()
        })
    }
}

/// The attributes of `pick` and `omit`.
fn members(parameter: &str, text: Option<&str>, context: &Context) -> Result<Vec<Name>, Error> {
    let names = list(parameter, text)?
        .into_iter()
        .map(|name| context.expand(name));
    Ok(names.filter(|name| !is_member(name)).collect())
}

/// Whether it is what every entity has, and says nothing of a source.
fn is_member(name: &Name) -> bool {
    let own = name.as_str().strip_prefix(NGSI_LD);
    name.as_str().starts_with('@')
        || matches!(
            own,
            Some("scope" | "createdAt" | "modifiedAt" | "deletedAt" | "expiresAt")
        )
}

/// Register Context Source
///
/// ETSI GS CIM 009, 5.9.2 and 6.8.3.1. Stored, found and notified of here; operations are not distributed yet.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/csourceRegistrations",
    tag = "NGSI-LD context sources",
    operation_id = "createCSR",
    request_body(content = ref("#/components/schemas/NewCSourceRegistration"), description = "A CSourceRegistration (5.2.9)", content_type = "application/json", example = examples::registration),
    responses(
        (status = 201, description = "Registered; `Location` is its path"),
        (status = 400, description = "Not a registration", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "There is one with this id, or it contradicts what is here", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn register_context_source(call: Writing, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read(&json, &context)?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    let id = blocking(move || twin.create_registration_blocking(&view, draft)).await??;
    Ok(created(REGISTRATIONS, &id))
}

/// Query Context Source Registrations
///
/// ETSI GS CIM 009, 5.10.2 and 6.8.3.2: the sources that may have what a query for entities asks for, in order of
/// creation, each with all of its `information`.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/csourceRegistrations",
    tag = "NGSI-LD context sources",
    operation_id = "queryCSR",
    params(DiscoveryParameters, PageParameters),
    responses(
        (status = 200, description = "The registrations", body = ref("#/components/schemas/CSourceRegistrationList"), content_type = "application/json", example = examples::registrations),
        (status = 400, description = "A parameter cannot be read, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_registrations(
    call: Reading,
    Known(parameters): Known<DiscoveryParameters>,
    Known(page): Known<PageParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let sys_attrs = Keywords::parse(None, parameters.options.as_deref())?.sys_attrs;
    let page = PageRequest::parse(&page, &call.app.config)?;
    let context = call.context().await?;
    let query = parameters.query(&context)?.prepare()?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    let found = blocking(move || twin.registrations_for(&view, &query)).await?;
    let wording = Wording::new(context, media_type, &call.headers);
    let shown = found.iter().skip(page.offset).take(page.limit);
    let written: Vec<Value> = shown
        .map(|one| {
            // Whole: 5.10.2.5 would rather have the matching elements only, and other brokers and the public suite do not.
            let times = sys_attrs.then_some((one.stored.created_at, one.stored.modified_at));
            let lang = given(&parameters.lang);
            wording.finish(write_registration(
                one.stored.registration(),
                &wording.context,
                times,
                lang,
            ))
        })
        .collect();
    let mut response = wording.respond(StatusCode::OK, bytes(&written)?);
    let around = page.around_of(written.len(), found.len());
    page.link_pages(&mut response, &call, media_type, around, Some(found.len()));
    Ok(response)
}

/// Retrieve Context Source Registration
///
/// ETSI GS CIM 009, 5.10.1 and 6.9.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/csourceRegistrations/{registrationId}",
    tag = "NGSI-LD context sources",
    operation_id = "retrieveCSR",
    params(("registrationId" = String, Path, description = "The registration's id, a URI", example = "urn:ngsi-ld:ContextSourceRegistration:1"), RegistrationOptions),
    responses(
        (status = 200, description = "The registration", body = ref("#/components/schemas/CSourceRegistration"), content_type = "application/json", example = examples::registration),
        (status = 404, description = "No such registration", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_registration(
    call: Reading,
    Path(id): Path<String>,
    Known(options): Known<RegistrationOptions>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let sys_attrs = Keywords::parse(None, options.options.as_deref())?.sys_attrs;
    let id = registration_id(&id)?;
    let context = call.context().await?;
    let stored = call.twin.registration(&call.view, &id).ok_or_else(|| {
        Problem::ngsi(
            NgsiError::ResourceNotFound,
            format!("there is no registration `{id}`"),
        )
    })?;
    let wording = Wording::new(context, media_type, &call.headers);
    let times = sys_attrs.then_some((stored.created_at, stored.modified_at));
    let object = write_registration(stored.registration(), &wording.context, times, None);
    Ok(wording.respond(StatusCode::OK, bytes(&wording.finish(object))?))
}

/// Update Context Source Registration
///
/// ETSI GS CIM 009, 5.9.3 and 6.9.3.2.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/csourceRegistrations/{registrationId}",
    tag = "NGSI-LD context sources",
    operation_id = "updateCSR",
    params(("registrationId" = String, Path, description = "The registration's id, a URI", example = "urn:ngsi-ld:ContextSourceRegistration:1")),
    request_body(content = ref("#/components/schemas/CSourceRegistrationFragment"), description = "The members that change", content_type = "application/json", example = json!({"endpoint": "http://b.example"})),
    responses(
        (status = 204, description = "Updated"),
        (status = 400, description = "Not a fragment of a registration", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such registration", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "It contradicts what is here", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_registration(call: Writing, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = registration_id(&id)?;
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read_fragment(&json, &context)?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || twin.update_registration_blocking(&view, &id, draft)).await??;
    Ok(no_content())
}

/// Delete Context Source Registration
///
/// ETSI GS CIM 009, 5.9.4 and 6.9.3.3.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/csourceRegistrations/{registrationId}",
    tag = "NGSI-LD context sources",
    operation_id = "deleteCSR",
    params(("registrationId" = String, Path, description = "The registration's id, a URI", example = "urn:ngsi-ld:ContextSourceRegistration:1")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such registration", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_registration(call: Writing, Path(id): Path<String>) -> Answer {
    let id = registration_id(&id)?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || twin.delete_registration_blocking(&view, &id)).await??;
    Ok(no_content())
}

fn registration_id(text: &str) -> Result<Uri, Error> {
    Uri::parse(text).map_err(|error| Error::bad_data(format!("the registration id in the path: {error}")))
}
