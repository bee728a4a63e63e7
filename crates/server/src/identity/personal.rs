//! Reads of personal data: what was shown to whom for what is in the audit log before the answer is sent.
//!
//! The twin counts it (`query::view::Shown`), however it was asked; here it is written down, once for each request.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use ngsi_ld::{Name, Uri};
use query::View;
use query::view::{Shown, ShownOf};
use twin::Event;

use crate::App;
use crate::problem::{Answer, Problem};

/// The same view, where what is shown of persons is counted; nothing is where nothing is recorded.
pub(super) fn watched(app: &App, view: View) -> (View, Option<Arc<Shown>>) {
    let Some(views) = app.config.views.as_ref().filter(|_| app.config.audit.is_some()) else {
        return (view, None);
    };
    let rules = views.policies().rules();
    let classes = rules.classes();
    let shown = Arc::new(Shown::new(
        Arc::clone(classes.classification()),
        classes.personal(),
    ));
    (view.counted_by(Arc::clone(&shown)), Some(shown))
}

/// Writes down what was shown, if anything was; done when that is durable.
pub(super) async fn recorded(
    app: &App,
    view: &View,
    shown: Option<Arc<Shown>>,
    tenant: Option<&str>,
) -> Answer<()> {
    let Some(found) = shown.and_then(|shown| shown.take()) else {
        return Ok(());
    };
    let unrecorded = |why: String| {
        let detail = format!("what was read of persons could not be written down, so it is not shown: {why}");
        Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail).header(header::RETRY_AFTER, "5")
    };
    // Whoever read in it has opened it.
    let twin = app
        .twin(tenant)
        .or_else(|| app.twin(None))
        .ok_or_else(|| unrecorded("the city is not there".to_owned()))?;
    twin.store_rows_as(Vec::new(), vec![event(view, &found)])
        .await
        .map_err(|error| unrecorded(error.to_string()))
}

/// In the log is the pseudonym of the ids, one a line and in order: of one entity it is that of the entity.
fn event(view: &View, found: &ShownOf) -> Event {
    let kinds: Vec<String> = found
        .kinds
        .iter()
        .map(|(of, class, times)| {
            let of = of.as_ref().map_or("-", Name::short);
            format!("{of} {class} {times}")
        })
        .collect();
    let ids: Vec<&str> = found.ids.iter().map(Uri::as_str).collect();
    Event::by(view, "personal.read").to(&kinds.join("; "), &ids.join("\n"))
}
