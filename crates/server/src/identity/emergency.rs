//! Whoever broke the glass: each of their requests is in the audit log before it is answered.

use access::Principal;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use query::View;
use twin::Event;

use crate::App;
use crate::layers::REQUEST_ID;
use crate::ngsi_ld::TENANT;
use crate::problem::{Answer, Problem};

/// What the log is told of a request, where whoever sends it has wider rights for a while: that there was one, of which
/// route, and (as a pseudonym, which who knows the request can check) which.
pub(super) fn told(principal: &Principal, view: &View, route: &str, request: &Request) -> Option<Event> {
    principal.break_glass.as_ref()?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let view = match header(REQUEST_ID.as_str()) {
        Some(id) => view.clone().of_request(id),
        None => view.clone(),
    };
    let (method, address) = (request.method(), request.uri());
    let name = match header(TENANT) {
        Some(tenant) => format!("{tenant} {method} {address}"),
        None => format!("{method} {address}"),
    };
    Some(Event::by(&view, "break-glass.request").to(&format!("{method} {route}"), &name))
}

/// Writes it down; done when that is durable.
pub(super) async fn recorded(app: &App, event: Event) -> Answer<()> {
    let unrecorded = |why: String| {
        let detail =
            format!("what is done in an emergency could not be written down, so it was not done: {why}");
        Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail).header(header::RETRY_AFTER, "5")
    };
    let home = app
        .twin(None)
        .filter(|_| app.config.audit.is_some())
        .ok_or_else(|| unrecorded("nothing is recorded here".to_owned()))?;
    home.store_rows_as(Vec::new(), vec![event])
        .await
        .map_err(|error| unrecorded(error.to_string()))
}
