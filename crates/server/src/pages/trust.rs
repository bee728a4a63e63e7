//! `/trust`: the checklist of security with the tests that show it, what the program is made of, and whom to tell of a
//! weakness. `/trust/{document}` and `/.well-known/security.txt` have the same as files.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::Language;
use super::respond::{self, Failure};
use super::visit::Visit;
use crate::App;
use crate::problem::Problem;
use crate::trust::{self, Chapter, Item, State};

#[derive(Template)]
#[template(path = "trust.html")]
struct TrustPage {
    l: Language,
    frame: Frame,
    summary: String,
    chapters: Vec<Part>,
    /// How much of the program is whose.
    made_of: String,
    /// What is linked in C: the package, and what it is.
    linked_c: &'static [(&'static str, &'static str)],
    licences: Vec<(String, String)>,
    /// Whether somebody can be told of a weakness.
    contact: bool,
}

/// A chapter with its items.
struct Part {
    id: &'static str,
    title: String,
    rows: Vec<Row>,
}

struct Row {
    number: String,
    asks: String,
    from: String,
    tested: bool,
    label: String,
    tests: Vec<String>,
    gap: Option<String>,
}

/// `GET /trust`.
pub(crate) async fn page(visit: Visit) -> Result<Response, Failure> {
    let l = visit.language;
    let items = trust::checklist().map_err(|error| {
        tracing::error!(%error, "the checklist cannot be read");
        Failure::internal(&visit)
    })?;
    let number = |state| items.iter().filter(|item| item.state == state).count();
    let summary = l.text_with(
        "trust-summary",
        &[
            ("items", Count(items.len())),
            ("tested", Count(number(State::Tested))),
            ("partial", Count(number(State::Partial))),
            ("gaps", Count(number(State::Gap))),
        ],
    );
    let linked = || trust::parts().iter().filter(|part| part.linked);
    let made_of = l.text_with(
        "trust-made-of",
        &[
            ("ours", Count(linked().filter(|part| part.ours).count())),
            ("others", Count(linked().filter(|part| !part.ours).count())),
        ],
    );
    let page = TrustPage {
        frame: Frame::new(&visit, Place::None, l.text("trust-title")),
        summary,
        chapters: chapters(&items, l),
        made_of,
        linked_c: trust::LINKED_C,
        licences: licences(l),
        contact: contact(&visit.app).is_some(),
        l,
    };
    respond::page(&visit, &page)
}

fn chapters(items: &[Item], l: Language) -> Vec<Part> {
    let row = |item: &Item| Row {
        number: item.number.to_string(),
        asks: item.asks.clone(),
        from: item.from.clone(),
        tested: item.state == State::Tested,
        label: l.text(&format!("trust-state-{}", item.state.id())),
        tests: item.tests.iter().chain(&item.commands).cloned().collect(),
        gap: item.gap.clone(),
    };
    Chapter::ALL
        .into_iter()
        .map(|chapter| Part {
            id: chapter.id(),
            title: l.text(&format!("trust-chapter-{}", chapter.id())),
            rows: items
                .iter()
                .filter(|item| item.chapter == chapter)
                .map(row)
                .collect(),
        })
        .collect()
}

/// How many packages stand under each licence, most first.
fn licences(l: Language) -> Vec<(String, String)> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for part in trust::parts().iter().filter(|part| part.linked) {
        match counted.iter_mut().find(|(licence, _)| *licence == part.licence) {
            Some((_, count)) => *count += 1,
            None => counted.push((part.licence, 1)),
        }
    }
    counted.sort_by(|(a, many), (b, more)| more.cmp(many).then(a.cmp(b)));
    counted
        .into_iter()
        .map(|(licence, count)| {
            (
                licence.to_owned(),
                l.text_with("trust-packages", &[("packages", Count(count))]),
            )
        })
        .collect()
}

/// The contact, while it holds.
fn contact(app: &App) -> Option<String> {
    let file = app.config.security_txt.as_ref()?;
    let base = app.config.public_url.as_ref().map(crate::PublicUrl::as_str);
    file.holds(app.clock.now()).then(|| file.text(base))
}

/// `GET /.well-known/security.txt` (RFC 9116).
pub(crate) async fn security_txt(Shared(app): Shared<App>) -> Response {
    let Some(text) = contact(&app) else {
        let detail = "no contact for weaknesses is configured here, or its date has passed (security.contact and \
                      security.expires); /trust/security.md says how to report one of the program itself";
        return Problem::api(StatusCode::NOT_FOUND, detail).into_response();
    };
    document("text/plain; charset=utf-8", text)
}

/// `GET /trust/{document}`.
pub(crate) async fn documents(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "security.md" => document("text/markdown; charset=utf-8", trust::SECURITY_MD.to_owned()),
        "licence.txt" => document("text/plain; charset=utf-8", trust::LICENCE.to_owned()),
        "licences.txt" => document("text/plain; charset=utf-8", trust::licences()),
        "sbom.cdx.json" => document(
            "application/vnd.cyclonedx+json; version=1.6",
            text_of(&trust::sbom()),
        ),
        "checklist.json" => match trust::checklist() {
            Ok(items) => {
                let items: Vec<Value> = items.iter().map(Item::to_json).collect();
                document("application/json", text_of(&json!({"items": items})))
            }
            Err(error) => {
                tracing::error!(%error, "the checklist cannot be read");
                Problem::api(StatusCode::INTERNAL_SERVER_ERROR, "the checklist cannot be read")
                    .into_response()
            }
        },
        _ => Problem::api(
            StatusCode::NOT_FOUND,
            "the documents are security.md, licence.txt, licences.txt, sbom.cdx.json and checklist.json",
        )
        .into_response(),
    }
}

fn text_of(json: &Value) -> String {
    format!("{json:#}\n")
}

fn document(media_type: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use crate::pages::language::Language;
    use crate::pages::tests::{ask, check, city};
    use crate::trust::checklist;

    #[tokio::test]
    async fn it_shows_every_item_with_its_state_in_every_language() {
        let app = city(Vec::new());
        let items = checklist().unwrap();
        for language in Language::all() {
            let address = format!("/trust?lang={}", language.tag());
            let (status, headers, page) = ask(&app, &address, &[]).await;
            assert_eq!(status, 200);
            assert_eq!(headers["content-language"], language.tag());
            check(&page, &address);
            assert_eq!(page.matches("<tr id=\"item-").count(), items.len(), "{address}");
            for item in &items {
                let row = page
                    .split(&format!("<tr id=\"item-{}\"", item.number))
                    .nth(1)
                    .unwrap();
                let row = row.split("</tr>").next().unwrap();
                let label = language.text(&format!("trust-state-{}", item.state.id()));
                assert!(row.contains(&label), "{address} {}: {row}", item.number);
                for test in &item.tests {
                    let (_, name) = test.split_once("::").unwrap();
                    assert!(
                        row.contains(&name.replace('\'', "&#39;")),
                        "{address}: {name}: {row}"
                    );
                }
                let shown = item.gap.is_some();
                assert_eq!(row.contains("class=\"gap"), shown, "{address} {}", item.number);
            }
        }
    }
}
