//! Reads of personal data: what was shown to whom for what is in the audit log before the answer is sent.
//!
//! The twin counts it (`query::view::Shown`), however it was asked; here it is written down, once for each request.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use ngsi_ld::{Name, Uri};
use query::View;
use query::view::{Shown, ShownOf};
use twin::Event;

use crate::App;
use crate::layers::REQUEST_ID;
use crate::ngsi_ld::TENANT;
use crate::problem::{Answer, Problem};

/// A request of which it is counted what it shows of persons.
pub(super) struct Watched {
    view: View,
    shown: Arc<Shown>,
    tenant: Option<String>,
}

impl Watched {
    /// A request by somebody who sees so; none where nothing is recorded.
    pub(super) fn of(app: &App, view: &View, headers: &HeaderMap) -> Option<Self> {
        app.config.audit.as_ref()?;
        let rules = app.config.views.as_ref()?.policies().rules();
        let classes = rules.classes();
        let shown = Shown::new(Arc::clone(classes.classification()), classes.personal());
        let shown = Arc::new(shown);
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let view = view.clone().counted_by(Arc::clone(&shown));
        Some(Self {
            view: match header(REQUEST_ID.as_str()) {
                Some(id) => view.of_request(id),
                None => view,
            },
            shown,
            tenant: header(TENANT).map(str::to_owned),
        })
    }

    /// What they see, counted.
    pub(super) fn view(&self) -> View {
        self.view.clone()
    }

    /// Writes down what was shown, if anything was; done when that is durable.
    pub(super) async fn recorded(self, app: &App) -> Answer<()> {
        let Some(found) = self.shown.take() else {
            return Ok(());
        };
        let unrecorded = |why: String| {
            let detail =
                format!("what was read of persons could not be written down, so it is not shown: {why}");
            Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail).header(header::RETRY_AFTER, "5")
        };
        // Whoever read in it has opened it.
        let twin = app
            .twin(self.tenant.as_deref())
            .or_else(|| app.twin(None))
            .ok_or_else(|| unrecorded("the city is not there".to_owned()))?;
        twin.store_rows_as(Vec::new(), vec![event(&self.view, &found)])
            .await
            .map_err(|error| unrecorded(error.to_string()))
    }
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
