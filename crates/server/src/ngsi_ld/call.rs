//! What every operation has in common: who calls, which tenant, which @context, which body.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri as Target, header};
use ngsi_ld::context::Context;
use ngsi_ld::{Error, Uri};
use query::View;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use twin::Twin;

use super::negotiation::{self, BodyType};
use crate::problem::{Answer, NgsiError, Problem, blocking};
use crate::resolving::PATIENCE;
use crate::{App, caller_view, json};

/// The header that names the tenant (6.3.14).
pub(crate) const TENANT: &str = "NGSILD-Tenant";

/// The same, as a header's name.
pub(super) const TENANT_HEADER: HeaderName = HeaderName::from_static("ngsild-tenant");
/// The header that names the snapshot of which the operation is (6.3.22).
pub(super) const SNAPSHOT_HEADER: HeaderName = HeaderName::from_static("ngsild-snapshot");

/// Bodies up to this size are read where they arrive.
const SMALL_BYTES: usize = 64 << 10;
/// How many KiB of larger bodies are worked on at once: a byte of JSON may take some 70 of memory.
pub(crate) const MAX_BODIES_KIB: usize = 64 << 10;
/// How long a body waits for its turn.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);

/// One request: the caller, and what is asked of.
pub(crate) struct Call {
    /// What every request needs.
    pub app: App,
    /// What is asked: the twin of the tenant that is named.
    pub twin: Twin,
    /// The twin of that tenant, whatever part of it is asked: where it keeps its @contexts, maps and snapshots.
    pub tenant: Twin,
    /// The snapshot that is asked, where one is.
    pub snapshot: Option<Uri>,
    /// What the caller may see.
    pub view: View,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's path and query.
    pub target: Target,
    /// When it has waited long enough for @contexts: from the first one on, all of them together.
    contexts_until: OnceLock<Instant>,
    /// Room for what its body became.
    room: OnceLock<OwnedSemaphorePermit>,
}

/// A request that reads: its tenant must be there (5.5.10).
pub(crate) struct Reading(pub Call);

/// A request that writes: its tenant is made with the first write (4.14).
pub(crate) struct Writing(pub Call);

impl Deref for Reading {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.0
    }
}

impl Deref for Writing {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.0
    }
}

impl FromRequestParts<App> for Reading {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let tenant = tenant(&parts.headers)?;
        let twin = twin_of(app, tenant.clone())
            .await?
            .ok_or_else(|| no_tenant(tenant.as_deref()))?;
        Ok(Self(Call::new(parts, app, twin, tenant).await?))
    }
}

impl FromRequestParts<App> for Writing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let tenant = tenant(&parts.headers)?;
        let creates = matches!(parts.method, Method::POST | Method::PUT);
        let twin = match (twin_of(app, tenant.clone()).await?, tenant.clone()) {
            (Some(twin), _) => twin,
            (None, Some(name)) if creates => {
                let app = app.clone();
                blocking(move || app.tenants.get_or_create(&name))
                    .await?
                    .map_err(Problem::from)?
            }
            (None, name) => return Err(no_tenant(name.as_deref())),
        };
        Ok(Self(Call::new(parts, app, twin, tenant).await?))
    }
}

/// The parts of the API that are of the tenant and never of a snapshot: what is not of the Core and Temporal APIs
/// (5.5.15, Table 4.3.5-1).
const NOT_OF_SNAPSHOTS: [&str; 4] = ["snapshots", "jsonldContexts", "csource", "info"];

/// The snapshot that a request is about.
fn snapshot(parts: &Parts) -> Result<Option<Uri>, Error> {
    let Some(value) = parts.headers.get(&SNAPSHOT_HEADER) else {
        return Ok(None);
    };
    let operation = parts.uri.path().strip_prefix("/ngsi-ld/v1/");
    if operation.is_none_or(|operation| NOT_OF_SNAPSHOTS.iter().any(|part| operation.starts_with(part))) {
        return Ok(None);
    }
    let bad = || Error::bad_data("`NGSILD-Snapshot` is not the URI of a snapshot");
    let text = value.to_str().map_err(|_not_ascii| bad())?;
    Uri::parse(text).map(Some).map_err(|_not_a_uri| bad())
}

/// The tenant that the headers name. Whether it is a good name is the twin's to say.
pub(super) fn tenant(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(TENANT) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(name) if !name.is_empty() && name.len() <= 100 => Ok(Some(name.to_owned())),
        _ => Err(Problem::ngsi(
            NgsiError::BadRequestData,
            "`NGSILD-Tenant` is not the name of a tenant",
        )),
    }
}

/// The twin of a tenant. The first look at a named one reads its store.
async fn twin_of(app: &App, tenant: Option<String>) -> Answer<Option<Twin>> {
    match tenant {
        None => Ok(app.twin(None)),
        Some(name) => {
            let app = app.clone();
            blocking(move || app.tenants.try_get(&name))
                .await?
                .map_err(Problem::from)
        }
    }
}

/// The twin of the tenant that the headers name, if there is such a tenant.
pub(crate) async fn tenants_twin(app: &App, headers: &HeaderMap) -> Answer<Option<Twin>> {
    twin_of(app, tenant(headers)?).await
}

/// The URL of a path here: under the public address where there is one, else by the name that the client knows this
/// host by.
pub(crate) fn own_url(app: &App, headers: &HeaderMap, path: &str) -> String {
    if let Some(public) = &app.config.public_url {
        return format!("{}{path}", public.as_str());
    }
    let plain = |text: &&str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host")
        .filter(plain)
        .map_or_else(|| app.config.listen.to_string(), str::to_owned);
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}{path}")
}

fn no_tenant(name: Option<&str>) -> Problem {
    Problem::ngsi(
        NgsiError::NonexistentTenant,
        format!("there is no tenant `{}`", name.unwrap_or("")),
    )
}

impl Call {
    async fn new(parts: &Parts, app: &App, tenant: Twin, name: Option<String>) -> Answer<Self> {
        let snapshot = snapshot(parts)?;
        let view = caller_view(&parts.headers, &parts.extensions, app);
        let twin = match snapshot.clone() {
            None => tenant.clone(),
            Some(id) => {
                let snapshots = app.tenants.snapshots(&tenant, name.as_deref()).seen_by(&view);
                blocking(move || snapshots.open(&id)).await??
            }
        };
        Ok(Self {
            app: app.clone(),
            tenant,
            twin,
            snapshot,
            view,
            headers: parts.headers.clone(),
            target: parts.uri.clone(),
            contexts_until: OnceLock::new(),
            room: OnceLock::new(),
        })
    }

    /// The @context of a request without a body: that of the `Link`, else the core's (6.3.5).
    pub(crate) async fn context(&self) -> Answer<Context> {
        match negotiation::linked_context(&self.headers)? {
            Some(url) => self.compile(Value::String(url)).await,
            None => Ok(Context::core().clone()),
        }
    }

    /// Compiles the value of an `@context` member.
    pub(crate) async fn compile(&self, context: Value) -> Answer<Context> {
        let contexts = self.app.contexts.of(&self.tenant);
        if let Some(known) = contexts.known(&context) {
            return Ok(known);
        }
        self.must_be_here(&context)?;
        let until = *self.contexts_until.get_or_init(|| Instant::now() + PATIENCE);
        let resolving = self
            .app
            .resolving
            .resolve(contexts, &self.headers, context, until);
        resolving.await
    }

    /// Refuses an @context of this very server that it does not have: it would only ask itself.
    fn must_be_here(&self, context: &Value) -> Answer<()> {
        let door = format!(
            "{}/",
            own_url(&self.app, &self.headers, super::contexts::CONTEXTS)
        );
        let Some(segment) = context.as_str().and_then(|url| url.strip_prefix(&door)) else {
            return Ok(());
        };
        let id = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        let tenants = self.app.contexts.of(&self.tenant);
        if [&tenants, &self.app.contexts]
            .iter()
            .any(|contexts| contexts.has(&id))
        {
            return Ok(());
        }
        Err(Problem::ngsi(
            NgsiError::LdContextNotAvailable,
            format!(
                "this server has no @context `{}`",
                super::parameters::shortened(&id)
            ),
        ))
    }

    /// A URL at which the tenant's clients, and those who are notified, can have an @context: its own where it is
    /// one, else that of a copy that is kept here for them (5.13.1, "ImplicitlyCreated").
    pub(crate) async fn context_url(&self, context: &Context) -> Answer<String> {
        if let Some(url) = context.link() {
            return Ok(url.to_owned());
        }
        let (contexts, json) = (self.app.contexts.of(&self.tenant), context.to_json().clone());
        let id = blocking(move || contexts.host_implicitly(&json)).await??;
        let path = format!(
            "{}/{}",
            super::contexts::CONTEXTS,
            super::answer::path_segment(id.as_str())
        );
        Ok(own_url(&self.app, &self.headers, &path))
    }

    /// Makes one operation and counts it.
    pub(crate) async fn execute(&self, operation: twin::Operation) -> Answer<twin::Outcome> {
        let results = self.execute_all(vec![operation]).await;
        let nothing = || twin::Error::Storage("the twin did not answer".to_owned());
        Ok(results.into_iter().next().unwrap_or_else(|| Err(nothing()))?)
    }

    /// Makes operations, in their order, and counts them.
    pub(crate) async fn execute_all(
        &self,
        operations: Vec<twin::Operation>,
    ) -> Vec<Result<twin::Outcome, twin::Error>> {
        let results = self.twin.execute(&self.view, operations).await;
        for result in &results {
            self.app.metrics.operation(result);
        }
        results
    }
}

/// A body as it came: JSON, not yet anything of NGSI-LD.
pub(crate) struct Payload {
    /// The document.
    pub json: Value,
    pub(super) kind: BodyType,
    pub(super) link: Option<String>,
    /// How long it was.
    pub(super) bytes: usize,
    /// Its part of [`crate::app::Shared::bodies`].
    room: Option<OwnedSemaphorePermit>,
}

impl FromRequest<App> for Payload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = negotiation::body_type(&parts.headers, parts.method == Method::PATCH)?;
        let length = parts.headers.get(header::CONTENT_LENGTH);
        if length.is_none() {
            return Err(Problem::bare(StatusCode::LENGTH_REQUIRED));
        }
        let many = parts.uri.path().contains("/entityOperations/") || parts.uri.path().contains("/temporal/");
        let limit = if many {
            app.config.max_batch_bytes
        } else {
            app.config.max_entity_bytes
        };
        let too_large = || {
            Problem::api(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {limit} bytes; send less at once"),
            )
            .media_type("application/json")
        };
        let announced = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_none_or(|length| length > limit) {
            return Err(too_large());
        }
        let bytes = to_bytes(body, limit).await.map_err(|error| {
            let message = error.to_string();
            if message.contains("length limit") {
                too_large()
            } else {
                Error::invalid(format!("the body could not be read: {message}")).into()
            }
        })?;
        let link = negotiation::linked_context(&parts.headers)?;
        let length = bytes.len();
        let room = if length > SMALL_BYTES {
            Some(room(app, length).await?)
        } else {
            None
        };
        let json = if length > SMALL_BYTES {
            blocking(move || json::parse(&bytes)).await??
        } else {
            json::parse(&bytes)?
        };
        Ok(Self {
            json,
            kind,
            link,
            bytes: length,
            room,
        })
    }
}

/// Waits for room for a body of so many bytes, whose JSON takes many times that.
async fn room(app: &App, bytes: usize) -> Answer<OwnedSemaphorePermit> {
    let kibibytes = bytes.div_ceil(1 << 10).min(MAX_BODIES_KIB);
    let kibibytes = u32::try_from(kibibytes).unwrap_or(u32::MAX);
    let waiting = Arc::clone(&app.bodies).acquire_many_owned(kibibytes);
    match tokio::time::timeout(ROOM_PATIENCE, waiting).await {
        Ok(Ok(room)) => Ok(room),
        Ok(Err(_)) | Err(_) => Err(Problem::named(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Too many large bodies are being worked on",
            "others send more at once than there is room for; try again, or send less at once",
        )
        .header(header::RETRY_AFTER, "5")
        .media_type("application/json")),
    }
}

impl Payload {
    /// Keeps its room for as long as the request is worked on, and not only the body.
    pub(super) fn keep_room(&mut self, call: &Call) {
        if let Some(room) = self.room.take() {
            let _ = call.room.set(room); // a request has one body
        }
    }

    /// The object, without its `@context`, and the @context that applies to it (6.3.5).
    pub(crate) async fn object(mut self, call: &Call) -> Answer<(Value, Context)> {
        self.keep_room(call);
        let Self {
            mut json, kind, link, ..
        } = self;
        if !json.is_object() {
            return Err(Error::invalid("the body is a JSON object").into());
        }
        let context = context_of(&mut json, kind, link.as_deref())?;
        let context = match context {
            Some(context) => call.compile(context).await?,
            None => Context::core().clone(),
        };
        Ok((json, context))
    }
}

pub(super) fn mixed() -> Error {
    Error::bad_data("a body of type application/ld+json holds its own @context: leave the `Link` header out")
}

/// The `@context` that applies to an object, taken out of it where it is a member; `None`: the core's.
pub(super) fn context_of(
    json: &mut Value,
    kind: BodyType,
    link: Option<&str>,
) -> Result<Option<Value>, Error> {
    let own = json
        .as_object_mut()
        .and_then(|object| object.shift_remove("@context"));
    match (kind, own, link) {
        (BodyType::Json, Some(_), _) => Err(Error::bad_data(
            "a body of type application/json holds no `@context`: send it as application/ld+json, or name the \
             @context in a `Link` header",
        )),
        (BodyType::Json, None, link) => Ok(link.map(|url| Value::String(url.to_owned()))),
        (BodyType::LdJson, _, Some(_)) => Err(mixed()),
        (BodyType::LdJson, Some(own), None) => Ok(Some(own)),
        (BodyType::LdJson, None, None) => Err(Error::bad_data(
            "a body of type application/ld+json holds an `@context`: add it, or send application/json",
        )),
    }
}
