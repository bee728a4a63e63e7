//! `/csourceSubscriptions`: subscriptions to context source registrations: create (5.11.2), update (5.11.3), retrieve
//! (5.11.4), query (5.11.5), delete (5.11.6).

use axum::extract::Path;
use ngsi_ld::subscription::{Draft, Subject};
use twin::Twin;

use super::answer::{created, no_content};
use super::call::{Payload, Reading, Writing};
use super::examples;
use super::parameters::{Known, PageParameters};
use super::subscriptions::{
    OptionsParameter, check_endpoint, context_of_notifications, has_room, list, named_context, one,
    subscription_id, watch,
};
use crate::problem::{Answer, blocking};

/// Where they live.
const SOURCE_SUBSCRIPTIONS: &str = "/ngsi-ld/v1/csourceSubscriptions";

/// Create Context Source Registration Subscription
///
/// ETSI GS CIM 009, 5.11.2 and 6.12.3.1. The first notification tells of all registrations that match, the others of
/// changes. They are delivered as those of entities are.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/csourceSubscriptions",
    tag = "NGSI-LD context sources",
    operation_id = "createCSRSubscription",
    request_body(content = ref("#/components/schemas/NewSubscription"), description = "A Subscription (5.2.12)", content_type = "application/json", example = examples::source_subscription),
    responses(
        (status = 201, description = "Created; `Location` is its path"),
        (status = 400, description = "Not a subscription", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "There is one with this id", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 504, description = "The @context cannot be had", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 507, description = "The tenant has as many subscriptions as it may have", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_source_subscription(call: Writing, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read(&json, &context, Subject::Registrations)?;
    check_endpoint(&call, &draft)?;
    has_room(&call, Subject::Registrations)?;
    let context = context_of_notifications(&call, &draft, Subject::Registrations, context).await?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    let id =
        blocking(move || twin.create_registration_subscription_blocking(&view, draft, context)).await??;
    watch(&call).await?;
    Ok(created(SOURCE_SUBSCRIPTIONS, &id))
}

/// Query Context Source Registration Subscriptions
///
/// ETSI GS CIM 009, 5.11.5 and 6.12.3.2, in order of creation.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/csourceSubscriptions",
    tag = "NGSI-LD context sources",
    operation_id = "queryCSRSubscriptions",
    params(PageParameters, OptionsParameter),
    responses(
        (status = 200, description = "The subscriptions", body = ref("#/components/schemas/SubscriptionList"), content_type = "application/json", example = examples::source_subscriptions),
        (status = 400, description = "A parameter is wrong", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_source_subscriptions(
    call: Reading,
    Known(page): Known<PageParameters>,
    Known(options): Known<OptionsParameter>,
) -> Answer {
    list(&call, Subject::Registrations, &page, &options, |twin, page| {
        twin.registration_subscriptions(&call.view, page.offset, page.limit)
    })
    .await
}

/// Retrieve Context Source Registration Subscription
///
/// ETSI GS CIM 009, 5.11.4 and 6.13.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/csourceSubscriptions/{subscriptionId}",
    tag = "NGSI-LD context sources",
    operation_id = "retrieveCSRSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:2"), OptionsParameter),
    responses(
        (status = 200, description = "The subscription", body = ref("#/components/schemas/Subscription"), content_type = "application/json", example = examples::kept_source_subscription),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_source_subscription(
    call: Reading,
    Path(id): Path<String>,
    Known(options): Known<OptionsParameter>,
) -> Answer {
    one(
        &call,
        Subject::Registrations,
        &id,
        &options,
        Twin::registration_subscription,
    )
    .await
}

/// Update Context Source Registration Subscription
///
/// ETSI GS CIM 009, 5.11.3 and 6.13.3.2. A notification tells of all registrations that match what comes of it.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/csourceSubscriptions/{subscriptionId}",
    tag = "NGSI-LD context sources",
    operation_id = "updateCSRSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:2")),
    request_body(content = ref("#/components/schemas/SubscriptionFragment"), description = "The members that change", content_type = "application/json", example = json!({"isActive": false})),
    responses(
        (status = 204, description = "Updated"),
        (status = 400, description = "Not a fragment of a subscription", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_source_subscription(
    call: Writing,
    Path(id): Path<String>,
    payload: Payload,
) -> Answer {
    let id = subscription_id(&id)?;
    let (json, context) = payload.object(&call).await?;
    let draft = Draft::read_fragment(&json, &context, Subject::Registrations)?;
    check_endpoint(&call, &draft)?;
    let context = named_context(&call, &draft).await?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || twin.update_registration_subscription_blocking(&view, &id, draft, context)).await??;
    Ok(no_content())
}

/// Delete Context Source Registration Subscription
///
/// ETSI GS CIM 009, 5.11.6 and 6.13.3.3. What waits to be delivered for it goes too.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/csourceSubscriptions/{subscriptionId}",
    tag = "NGSI-LD context sources",
    operation_id = "deleteCSRSubscription",
    params(("subscriptionId" = String, Path, description = "The subscription's id, a URI", example = "urn:ngsi-ld:Subscription:2")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such subscription", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_source_subscription(call: Writing, Path(id): Path<String>) -> Answer {
    let id = subscription_id(&id)?;
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || twin.delete_registration_subscription_blocking(&view, &id)).await??;
    Ok(no_content())
}
