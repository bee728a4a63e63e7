//! `/subscriptions`: create (5.8.1), update (5.8.2), retrieve (5.8.3), query (5.8.4), delete (5.8.5).

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Standing, Subject, write_subscription};
use ngsi_ld::{Error, Uri};
use query::{Caller, View};
use serde::Deserialize;
use serde_json::{Map, Value};
use twin::{StoredSubscription, Twin};
use utoipa::IntoParams;

use super::answer::{PageRequest, Wording, bytes, created, no_content};
use super::call::{Call, Payload, Reading, Writing};
use super::examples;
use super::negotiation::accepted;
use super::parameters::{Known, PageParameters};
use super::representation::Keywords;
use super::snapshots::snapshots;
use crate::net;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Where subscriptions live.
const SUBSCRIPTIONS: &str = "/ngsi-ld/v1/subscriptions";

/// How subscriptions are written (6.3.11).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct OptionsParameter {
    /// `sysAttrs`: also `createdAt` and `modifiedAt`.
    #[param(example = "sysAttrs")]
    pub options: Option<String>,
}

impl OptionsParameter {
    fn sys_attrs(&self) -> Answer<bool> {
        Ok(Keywords::parse(None, self.options.as_deref())?.sys_attrs)
    }
}

/// Create Subscription
///
/// ETSI GS CIM 009, 5.8.1 and 6.10.3.1. Notifications go over HTTP and MQTT, at least once, in order for each entity;
/// what cannot be delivered is at `/notifications/dead-letters`.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/subscriptions",
    tag = "NGSI-LD subscriptions",
    operation_id = "createSubscription",
    request_body(content = ref("#/components/schemas/NewSubscription"), description = "A Subscription (5.2.12)", content_type = "application/json", example = examples::subscription),
    responses(
        (status = 201, description = "Created; `Location` is its path"),
        (status = 400, description = "Not a subscription", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "There is one with this id", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 504, description = "The @context cannot be had", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 507, description = "The tenant has as many subscriptions as it may have", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_subscription(call: Writing, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read(&json, &context, Subject::Entities)?;
    check_endpoint(&call, &draft)?;
    has_room(&call, Subject::Entities)?;
    let context = context_of_notifications(&call, &draft, Subject::Entities, context).await?;
    let id = call.twin.create_subscription(&call.view, draft, context).await?;
    watch(&call).await?;
    Ok(created(SUBSCRIPTIONS, &id))
}

/// Refuses where the tenant has as many subscriptions of a kind as it may have: all are in memory, and each change is held
/// against them. What is made at the same moment may be past it by as many as come at once.
pub(super) fn has_room(call: &Writing, subject: Subject) -> Answer<()> {
    let most = call.app.config.max_subscriptions;
    let all = View::open(Caller::System("subscriptions"), "service-operation");
    let there = match subject {
        Subject::Entities => call.twin.subscriptions(&all, 0, 0).1,
        Subject::Registrations => call.twin.registration_subscriptions(&all, 0, 0).1,
    };
    if there < most {
        return Ok(());
    }
    let detail = format!(
        "the tenant has {there} subscriptions of this kind, and may have {most} (http.max_subscriptions): delete those that \
         are not needed, or ask who runs the server for more"
    );
    let problem = Problem::named(
        StatusCode::INSUFFICIENT_STORAGE,
        "many-subscriptions",
        "There is no room for another subscription",
        detail,
    );
    Err(problem.media_type("application/json"))
}

/// Query Subscriptions
///
/// ETSI GS CIM 009, 5.8.4 and 6.10.3.2, in order of creation.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/subscriptions",
    tag = "NGSI-LD subscriptions",
    operation_id = "querySubscriptions",
    params(PageParameters, OptionsParameter),
    responses(
        (status = 200, description = "The subscriptions", body = ref("#/components/schemas/SubscriptionList"), content_type = "application/json", example = examples::subscriptions),
        (status = 400, description = "A parameter is wrong", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_subscriptions(
    call: Reading,
    Known(page): Known<PageParameters>,
    Known(options): Known<OptionsParameter>,
) -> Answer {
    list(&call, Subject::Entities, &page, &options, |twin, page| {
        twin.subscriptions(&call.view, page.offset, page.limit)
    })
    .await
}

/// A subscription, of either kind, and what the system says of it.
pub(super) type Stood = (Arc<StoredSubscription>, Standing);

/// A page of those that `find` gives, with how many there are. Those whose rows cannot be read come last.
pub(super) async fn list(
    call: &Call,
    subject: Subject,
    page: &PageParameters,
    options: &OptionsParameter,
    find: impl FnOnce(&Twin, &PageRequest) -> (Vec<Stood>, usize),
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let sys_attrs = options.sys_attrs()?;
    let page = PageRequest::parse(page, &call.app.config)?;
    let context = call.context().await?;
    let (found, read) = find(&call.twin, &page);
    let wording = Wording::new(context, media_type, &call.headers);
    let mut written: Vec<Value> = found
        .iter()
        .map(|(stored, standing)| wording.finish(write(call, stored, standing, &wording.context, sys_attrs)))
        .collect();
    let unread = call.twin.unread_subscriptions(&call.view, subject);
    let total = read + unread.len();
    let unread = unread.iter().skip(page.offset.saturating_sub(read));
    let room = page.limit.saturating_sub(written.len());
    written.extend(unread.take(room).map(|one| wording.finish(one.to_json())));
    let mut response = wording.respond(StatusCode::OK, bytes(&written)?);
    page.link_pages(
        &mut response,
        call,
        media_type,
        page.around_of(written.len(), total),
        Some(total),
    );
    Ok(response)
}

/// Retrieve Subscription
///
/// ETSI GS CIM 009, 5.8.3 and 6.11.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/subscriptions/{subscriptionId}",
    tag = "NGSI-LD subscriptions",
    operation_id = "retrieveSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:1"), OptionsParameter),
    responses(
        (status = 200, description = "The subscription", body = ref("#/components/schemas/Subscription"), content_type = "application/json", example = examples::kept_subscription),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_subscription(
    call: Reading,
    Path(id): Path<String>,
    Known(options): Known<OptionsParameter>,
) -> Answer {
    one(&call, Subject::Entities, &id, &options, Twin::subscription).await
}

/// The one that `find` gives.
pub(super) async fn one(
    call: &Call,
    subject: Subject,
    id: &str,
    options: &OptionsParameter,
    find: impl FnOnce(&Twin, &View, &Uri) -> Option<Stood>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let sys_attrs = options.sys_attrs()?;
    let id = subscription_id(id)?;
    let context = call.context().await?;
    let wording = Wording::new(context, media_type, &call.headers);
    let object = if let Some((stored, standing)) = find(&call.twin, &call.view, &id) {
        write(call, &stored, &standing, &wording.context, sys_attrs)
    } else if let Some(unread) = call.twin.unread_subscription(&call.view, subject, &id) {
        unread.to_json()
    } else {
        let detail = format!("there is no subscription `{id}`");
        return Err(Problem::ngsi(NgsiError::ResourceNotFound, detail));
    };
    Ok(wording.respond(StatusCode::OK, bytes(&wording.finish(object))?))
}

/// Update Subscription
///
/// ETSI GS CIM 009, 5.8.2 and 6.11.3.2. What waits to be delivered goes to the new endpoint, if there is one.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/subscriptions/{subscriptionId}",
    tag = "NGSI-LD subscriptions",
    operation_id = "updateSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:1")),
    request_body(content = ref("#/components/schemas/SubscriptionFragment"), description = "The members that change", content_type = "application/json", example = json!({"isActive": false})),
    responses(
        (status = 204, description = "Updated"),
        (status = 400, description = "Not a fragment of a subscription", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_subscription(call: Writing, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = subscription_id(&id)?;
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read_fragment(&json, &context, Subject::Entities)?;
    check_endpoint(&call, &draft)?;
    let context = named_context(&call, &draft).await?;
    call.twin
        .update_subscription(&call.view, &id, draft, context)
        .await?;
    Ok(no_content())
}

/// Delete Subscription
///
/// ETSI GS CIM 009, 5.8.5 and 6.11.3.3. What waits to be delivered for it goes too.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/subscriptions/{subscriptionId}",
    tag = "NGSI-LD subscriptions",
    operation_id = "deleteSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:1")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_subscription(call: Writing, Path(id): Path<String>) -> Answer {
    let id = subscription_id(&id)?;
    call.twin.delete_subscription(&call.view, &id).await?;
    Ok(no_content())
}

/// Refuses an endpoint of a subscription that no notification would ever reach.
pub(super) fn check_endpoint(call: &Call, draft: &Draft) -> Result<(), Error> {
    let reached = |uri| check_reachable(call, "/notification/endpoint/uri", uri);
    draft.endpoint().map_or(Ok(()), reached)
}

/// Refuses a URI, given in `place`, that no notification would ever reach: what it tells without its name being
/// resolved.
pub(super) fn check_reachable(call: &Call, place: &str, uri: &str) -> Result<(), Error> {
    // Brokers are where a web server would be.
    let broker = uri
        .split_once("://")
        .filter(|(scheme, _)| scheme.to_ascii_lowercase().starts_with("mqtt"));
    let host = broker.map(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or(rest);
        format!("http://{}/", authority.rsplit('@').next().unwrap_or(authority))
    });
    let uri = host.as_deref().unwrap_or(uri);
    let allow_private = call.app.config.outbound.allow_private;
    let refused = |why: &dyn std::fmt::Display| Error::bad_data(format!("`{place}`: {why}"));
    let url = net::check_url(uri, allow_private).map_err(|error| refused(&error))?;
    if url.host_str() == Some("localhost") && !allow_private {
        return Err(refused(
            &"nothing is sent to `localhost`; if that is meant, set notifications.allow_private",
        ));
    }
    Ok(())
}

/// The @context of the notifications of a new subscription.
pub(super) async fn context_of_notifications(
    call: &Call,
    draft: &Draft,
    subject: Subject,
    context: Context,
) -> Answer<Context> {
    Ok(match named_context(call, draft).await? {
        Some(named) => named,
        // 5.13.1: notifications name their @context by one URL, so it gets one.
        None if context.link().is_none() => {
            // What is refused leaves nothing here.
            let (twin, draft) = (call.twin.clone(), draft.clone());
            blocking(move || twin.check_subscription(&draft, subject)).await??;
            let url = call.context_url(&context).await?;
            context.at(&url)
        }
        None => context,
    })
}

/// A snapshot that somebody subscribed to is delivered from.
pub(super) async fn watch(call: &Call) -> Answer<()> {
    if let Some(snapshot) = call.snapshot.clone() {
        let snapshots = snapshots(call)?;
        blocking(move || snapshots.watch(&snapshot)).await??;
    }
    Ok(())
}

/// The @context that `jsonldContext` names.
pub(super) async fn named_context(call: &Call, draft: &Draft) -> Answer<Option<Context>> {
    match draft.jsonld_context() {
        None => Ok(None),
        Some(url) => call.compile(Value::String(url.to_owned())).await.map(Some),
    }
}

fn write(
    call: &Call,
    stored: &StoredSubscription,
    standing: &Standing,
    context: &Context,
    sys_attrs: bool,
) -> Map<String, Value> {
    let now = call.twin.now();
    let mut object = write_subscription(&stored.subscription, standing, context, now, sys_attrs);
    if stored.subject == Subject::Registrations && stored.subscription.triggers.is_none() {
        object.shift_remove("notificationTrigger"); // the default is of entities
    }
    object
}

pub(super) fn subscription_id(text: &str) -> Result<Uri, Error> {
    Uri::parse(text).map_err(|error| Error::bad_data(format!("the subscription id in the path: {error}")))
}
