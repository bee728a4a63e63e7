//! `/scenarios/kinds`: the measures that can be tried, in words.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use scenarios::catalogue::{self, Kind, Parameter};

use super::{Failure, Visit, read, respond};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;

#[derive(Template)]
#[template(path = "scenario_kinds.html")]
struct KindsPage {
    l: Language,
    frame: Frame,
    kinds: &'static [Kind],
}

/// `GET /scenarios/kinds`, for people.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let page = KindsPage {
            l,
            frame: Frame::new(visit, Place::Scenarios, l.text("kinds-title")),
            kinds: catalogue::kinds(),
        };
        respond::page(visit, &page)
    })
    .await
}

/// Whether a parameter has to be given, in the words of the file.
fn otherwise(parameter: &Parameter) -> String {
    parameter
        .default
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}
