//! `/jsonldContexts`: store, list, serve, delete and reload @contexts (5.13).

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use twin::contexts::{ContextInfo, ContextKind, Contexts, Served};
use utoipa::IntoParams;

use super::answer::{bytes, created, no_content, path_segment};
use super::call::{Payload, Writing, own_url, tenants_twin};
use super::examples;
use super::negotiation::accepted;
use super::parameters::{Known, shortened};
use crate::App;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Where hosted @contexts are.
pub(crate) const CONTEXTS: &str = "/ngsi-ld/v1/jsonldContexts";

/// The @contexts that the tenant of a request may ask for. A tenant that is not there has hosted none; the copies
/// serve every tenant, also one of which nothing else is known yet.
pub(crate) struct Scope {
    contexts: Contexts,
    app: App,
    headers: HeaderMap,
    /// Whether the tenant has a store.
    exists: bool,
}

impl FromRequestParts<App> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let twin = tenants_twin(app, &parts.headers).await?;
        Ok(Self {
            contexts: twin
                .as_ref()
                .map_or_else(|| app.contexts.clone(), |twin| app.contexts.of(twin)),
            app: app.clone(),
            headers: parts.headers.clone(),
            exists: twin.is_some(),
        })
    }
}

/// List @contexts (Table 6.29.3.2-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// `true`: what is known of each, and not only its URL.
    #[param(value_type = Option<bool>)]
    details: Option<String>,
    /// `Cached`, `Hosted` or `ImplicitlyCreated`.
    #[param(example = "Hosted")]
    kind: Option<String>,
}

/// Serve @context (Table 6.30.3.1-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ServeParameters {
    /// `true`: what is known of it, and not its content.
    #[param(value_type = Option<bool>)]
    details: Option<String>,
}

/// Delete and Reload @context (Table 6.30.3.2-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteContextParameters {
    /// `true`: fetches it anew instead; of kind `Cached` only.
    #[param(value_type = Option<bool>)]
    reload: Option<String>,
}

/// Add @context
///
/// ETSI GS CIM 009, 5.13.2 and 6.29.3.1. It can then be named by its URL here, in `Link` headers and in other
/// @contexts, and needs no network.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/jsonldContexts",
    tag = "NGSI-LD @contexts",
    operation_id = "createContext",
    request_body(content = ref("#/components/schemas/ContextDocument"), description = "An object with an `@context`; the rest of it is left aside", content_type = "application/json",
        example = json!({"@context": {"Stop": "https://example.org/transport/Stop"}})),
    responses(
        (status = 201, description = "Kept; `Location` is its path"),
        (status = 400, description = "No JSON-LD local context", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_context(call: Writing, payload: Payload) -> Answer {
    let mut json = payload.json;
    let context = json
        .as_object_mut()
        .and_then(|object| object.shift_remove("@context"))
        .ok_or_else(|| Error::invalid("the body is a JSON object with a member `@context`"))?;
    let contexts = call.app.contexts.of(&call.tenant);
    let id = blocking(move || contexts.host(&context)).await??;
    Ok(created(CONTEXTS, &id))
}

/// List @contexts
///
/// ETSI GS CIM 009, 5.13.3 and 6.29.3.2.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/jsonldContexts",
    tag = "NGSI-LD @contexts",
    operation_id = "listContexts",
    params(ListParameters),
    responses(
        (status = 200, description = "Their URLs, or what is known of them", body = ref("#/components/schemas/ContextList"), content_type = "application/json",
            example = json!(["http://127.0.0.1:8080/ngsi-ld/v1/jsonldContexts/urn:ngsi-ld:Context:5d41402abc4b2a76b9719d911017c592"])),
        (status = 400, description = "A parameter cannot be read", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn list_contexts(scope: Scope, Known(parameters): Known<ListParameters>) -> Answer {
    let details = choice("details", parameters.details.as_deref())?;
    let kind = parameters.kind.as_deref().map(kind).transpose()?;
    let listed = scope.contexts.list(kind).into_iter();
    let list: Vec<Value> = listed
        .filter(|info| scope.exists || info.kind == ContextKind::Cached)
        .map(|info| {
            if details {
                described(&info, &scope)
            } else {
                url(&info, &scope).into()
            }
        })
        .collect();
    respond(&scope.headers, &list)
}

/// Serve @context
///
/// ETSI GS CIM 009, 5.13.4 and 6.30.3.1. Copies of what others serve are not served, but described.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/jsonldContexts/{contextId}",
    tag = "NGSI-LD @contexts",
    operation_id = "getContext",
    params(
        ("contextId" = String, Path, description = "The local id; for a copy also the URL that it came from", example = "urn:ngsi-ld:Context:5d41402abc4b2a76b9719d911017c592"),
        ServeParameters,
    ),
    responses(
        (status = 200, description = "The @context, or what is known of it", body = ref("#/components/schemas/ContextOrDetails"), content_type = "application/json",
            example = json!({"@context": {"Stop": "https://example.org/transport/Stop"}})),
        (status = 404, description = "No such @context", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 422, description = "A copy of what others serve", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn serve_context(
    scope: Scope,
    Path(id): Path<String>,
    Known(parameters): Known<ServeParameters>,
) -> Answer {
    if choice("details", parameters.details.as_deref())? {
        let info = scope.contexts.info(&id).filter(|info| scope.shows(info));
        let info = info.ok_or_else(|| unknown(&id))?;
        return respond(&scope.headers, &described(&info, &scope));
    }
    let served = match scope.contexts.serve(&id) {
        Some(Served::Content(_)) if !scope.exists => None,
        served => served,
    };
    match served.ok_or_else(|| unknown(&id))? {
        Served::Content(context) => respond(&scope.headers, &json!({ "@context": context })),
        Served::Cached => Err(Problem::ngsi(
            NgsiError::OperationNotSupported,
            format!(
                "`{}` is a copy of what others serve: ask there, or with `details=true` for what is known of it",
                shortened(&id)
            ),
        )),
    }
}

/// Delete and Reload @context
///
/// ETSI GS CIM 009, 5.13.5 and 6.30.3.2. What an array names by URL stays.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/jsonldContexts/{contextId}",
    tag = "NGSI-LD @contexts",
    operation_id = "deleteContext",
    params(
        ("contextId" = String, Path, description = "The local id; for a copy also the URL that it came from", example = "urn:ngsi-ld:Context:5d41402abc4b2a76b9719d911017c592"),
        DeleteContextParameters,
    ),
    responses(
        (status = 204, description = "Deleted, or fetched anew"),
        (status = 400, description = "Not to be reloaded, or part of the program", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such @context", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 504, description = "It cannot be fetched; the copy stays", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_context(
    scope: Scope,
    Path(id): Path<String>,
    Known(parameters): Known<DeleteContextParameters>,
) -> Answer {
    let reload = choice("reload", parameters.reload.as_deref())?;
    if !scope.exists {
        return Err(unknown(&id));
    }
    let (contexts, wanted) = (scope.contexts, id.clone());
    if reload {
        // 5.13.5.4: what is not there is not of kind "Cached" either, and is refused as such.
        blocking(move || contexts.reload(&wanted)).await??;
        return Ok(no_content());
    }
    if blocking(move || contexts.delete(&wanted)).await?? {
        Ok(no_content())
    } else {
        Err(unknown(&id))
    }
}

impl Scope {
    /// Whether the tenant may know of it.
    fn shows(&self, info: &ContextInfo) -> bool {
        self.exists || info.kind == ContextKind::Cached
    }
}

/// The URL at which an @context can be had.
fn url(info: &ContextInfo, scope: &Scope) -> String {
    if let Some(origin) = &info.origin {
        return origin.clone();
    }
    let path = format!("{CONTEXTS}/{}", path_segment(info.local_id.as_str()));
    own_url(&scope.app, &scope.headers, &path)
}

/// What is known of an @context (5.13.3.5).
fn described(info: &ContextInfo, scope: &Scope) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("URL", url(info, scope).into());
    put("localId", info.local_id.as_str().into());
    put("kind", info.kind.as_str().into());
    put("createdAt", info.created_at.to_string().into());
    if let Some(at) = info.expires_at {
        put("expiresAt", at.to_string().into());
    }
    if let Some(at) = info.last_usage {
        put("lastUsage", at.to_string().into());
    }
    put("numberOfHits", info.hits.into());
    Value::Object(members)
}

/// JSON-LD documents are JSON: the client chooses what they are called.
fn respond(headers: &HeaderMap, body: &impl serde::Serialize) -> Answer {
    let media_type = accepted(headers, false)?;
    let mut response: Response = (StatusCode::OK, bytes(body)?).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type.as_str()),
    );
    Ok(response)
}

fn kind(text: &str) -> Result<ContextKind, Error> {
    ContextKind::parse(text).ok_or_else(|| {
        Error::bad_data(format!(
            "`kind` is `Cached`, `Hosted` or `ImplicitlyCreated`, not `{}`",
            shortened(text)
        ))
    })
}

/// `true` or `false`; nothing is `false`.
fn choice(name: &str, text: Option<&str>) -> Result<bool, Error> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Error::bad_data(format!(
            "`{name}` is `true` or `false`, not `{}`",
            shortened(other)
        ))),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::ngsi(
        NgsiError::ResourceNotFound,
        format!("there is no @context `{}`", shortened(id)),
    )
}
