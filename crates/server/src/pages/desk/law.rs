//! `/governance/profiles`: the laws, and how the city stands under one.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use governance::profiles::{Profile, Report, Standing, Stood};

use super::fields::word;
use super::{Failure, Visit, at, read, respond};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Argument::Count;
use crate::pages::language::Language;

#[derive(Template)]
#[template(path = "desk_laws.html")]
struct Laws {
    l: Language,
    frame: Frame,
    rows: Vec<Law>,
}

struct Law {
    address: String,
    name: &'static str,
    territory: &'static str,
    in_force: bool,
}

/// `GET /governance/profiles`.
pub(super) async fn list(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let desk = at(visit)?.desk;
        let in_force = desk.settings().profile.as_deref();
        let rows = Profile::built_in()
            .iter()
            .map(|profile| Law {
                address: format!("/governance/profiles/{}", profile.id),
                name: &profile.name,
                territory: &profile.territory,
                in_force: in_force == Some(profile.id.as_str()),
            })
            .collect();
        let frame = Frame::new(visit, Place::None, l.text("desk-laws"));
        respond::page(visit, &Laws { l, frame, rows })
    })
    .await
}

#[derive(Template)]
#[template(path = "desk_law.html")]
struct Page {
    l: Language,
    frame: Frame,
    report: Report,
    /// The articles, each with its standing in a word and as a class of the style.
    articles: Vec<(Stood, String, &'static str)>,
    summary: String,
}

/// The word for how an article stands, and its class of the style.
fn shown(l: Language, standing: Standing) -> (String, &'static str) {
    let class = match standing {
        Standing::Violated => "worse",
        Standing::Checked => "better",
        Standing::Organisational => "unknown",
    };
    (word(l, standing.name()), class)
}

/// `GET /governance/profiles/{profile}`.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let l = visit.language;
        let mut report =
            crate::desk::report(&at(visit)?, &id).map_err(|problem| Failure::refused(visit, &problem))?;
        let articles = std::mem::take(&mut report.articles)
            .into_iter()
            .map(|article| {
                let (standing, class) = shown(l, article.standing);
                (article, standing, class)
            })
            .collect();
        let page = Page {
            articles,
            l,
            frame: Frame::new(visit, Place::None, report.name.clone()),
            summary: l.text_with(
                "desk-law-summary",
                &[
                    ("violated", Count(report.violated)),
                    ("checked", Count(report.checked)),
                    ("people", Count(report.organisational)),
                ],
            ),
            report,
        };
        respond::page(visit, &page)
    })
    .await
}
