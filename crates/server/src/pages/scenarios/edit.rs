//! `/scenarios/new` and `/scenarios/{id}/edit`: a form for scenario files. What is wrong is listed first, each with
//! where and what to do, and nothing that was typed is lost.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest as _, Multipart, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use scenarios::file::Finding;
use serde_json::Value as Json;

use super::{Failure, Visit, api, read, refused, respond, see, visitor};
use crate::App;
use crate::pages::describe::plain;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;
use crate::problem::Problem;
use crate::scenarios::stored::digest;

/// A file that shows what there is to write.
const EXAMPLE: &str = include_str!("example.toml");
/// What the form's own lines and small fields may take beside the file.
const AROUND: usize = 64 << 10;

#[derive(Template)]
#[template(path = "scenario_edit.html")]
struct EditPage {
    l: Language,
    frame: Frame,
    heading: String,
    /// Where the form goes.
    action: String,
    /// Where one goes back to.
    back: String,
    /// Where the form to delete it goes; none while it is new.
    delete: Option<String>,
    form: Form,
    errors: Vec<Told>,
    example: &'static str,
}

/// What stands in the form.
#[derive(Clone, Debug, Default)]
struct Form {
    text: String,
    /// The state of the scenario that the text is to replace.
    etag: String,
    /// The digest of the text as it was shown, to know whether somebody typed.
    shown: String,
    /// The content of the file that was chosen.
    upload: Option<String>,
    /// Whether to run it at once.
    run: bool,
}

/// Something that is wrong.
enum Told {
    /// In the reader's language.
    Text(String),
    /// In the file.
    Finding(Finding),
}

/// `GET /scenarios/new`.
pub(super) async fn new(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| shown(visit, None, Form::default(), Vec::new())).await
}

/// `GET /scenarios/{id}/edit`.
pub(super) async fn edit(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let one = api::files::find(&visitor(visit), &id).map_err(refused(visit))?;
        let form = Form {
            etag: one.etag(),
            text: one.file,
            ..Form::default()
        };
        shown(visit, Some(&id), form, Vec::new())
    })
    .await
}

/// `POST /scenarios` from a page.
pub(super) async fn create(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let form = form_of(&app, request).await.map_err(refused(&visit))?;
    save(visit, None, form).await
}

/// `POST /scenarios/{id}/edit`.
pub(super) async fn replace(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let form = form_of(&app, request).await.map_err(refused(&visit))?;
    save(visit, Some(id), form).await
}

/// `POST /scenarios/{id}/delete`.
pub(super) async fn delete(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        api::files::remove(&visit.app, &visitor(visit), &id, &|_state| true).map_err(refused(visit))?;
        Ok(see("/scenarios"))
    })
    .await
}

async fn save(visit: Visit, id: Option<String>, mut form: Form) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let l = visit.language;
        let typed = digest(&form.text) != form.shown && !form.text.trim().is_empty();
        let mut errors = Vec::new();
        match form.upload.take() {
            Some(upload) if !typed || upload == form.text => form.text = upload,
            Some(_) => errors.push(Told::Text(l.text("edit-both"))),
            None if form.text.trim().is_empty() => errors.push(Told::Text(l.text("edit-nothing"))),
            None => {}
        }
        if !errors.is_empty() {
            return shown(visit, id.as_deref(), form, errors);
        }
        let who = visitor(visit);
        let kept = match id.as_deref() {
            None => api::files::keep(&visit.app, &who, &form.text, None),
            Some(id) => api::files::put(&visit.app, &who, id, &form.text, &|state| {
                form.etag.is_empty() || state == form.etag
            }),
        };
        let kept = match kept {
            Ok(kept) => kept,
            Err(problem) if problem.status() == StatusCode::PRECONDITION_FAILED => {
                if let Some(now) = id.as_deref().and_then(|id| api::files::find(&who, id).ok()) {
                    form.etag = now.etag();
                }
                return shown(
                    visit,
                    id.as_deref(),
                    form,
                    vec![Told::Text(l.text("edit-changed"))],
                );
            }
            Err(problem) => return shown(visit, id.as_deref(), form, told(&problem)),
        };
        if !form.run {
            return Ok(see(&api::files::address(&kept.id)));
        }
        let run =
            api::runs::start_stored(&visit.app, &who, kept.id.as_str(), None).map_err(refused(visit))?;
        Ok(see(&format!("{}?watch=1", api::runs::address(&run))))
    })
    .await
}

/// What a problem of the API says.
fn told(problem: &Problem) -> Vec<Told> {
    let json = problem.to_json();
    let text = |finding: &Json, member: &str| plain(finding[member].as_str().unwrap_or_default());
    let findings = json["findings"].as_array().map_or(&[][..], Vec::as_slice);
    if findings.is_empty() {
        return vec![Told::Finding(Finding {
            place: String::new(),
            what: plain(problem.detail()),
            remedy: String::new(),
        })];
    }
    findings
        .iter()
        .map(|finding| {
            Told::Finding(Finding {
                place: text(finding, "place"),
                what: text(finding, "what"),
                remedy: text(finding, "remedy"),
            })
        })
        .collect()
}

fn shown(visit: &Visit, id: Option<&str>, mut form: Form, errors: Vec<Told>) -> Result<Response, Failure> {
    let l = visit.language;
    form.shown = digest(&form.text);
    let heading = l.text(if id.is_some() { "edit-title" } else { "new-title" });
    let title = if errors.is_empty() {
        heading.clone()
    } else {
        l.text_with(
            "error-title",
            &[("title", crate::pages::language::Argument::Text(&heading))],
        )
    };
    let address = id.map(|id| format!("/scenarios/{}", crate::pages::encode(id)));
    let page = EditPage {
        l,
        frame: Frame::new(visit, Place::Scenarios, title),
        heading,
        action: address
            .as_ref()
            .map_or_else(|| "/scenarios".to_owned(), |it| format!("{it}/edit")),
        back: address.clone().unwrap_or_else(|| "/scenarios".to_owned()),
        delete: address.map(|it| format!("{it}/delete")),
        form,
        example: EXAMPLE,
        errors,
    };
    let failed = !page.errors.is_empty();
    let mut response = respond::page(visit, &page)?;
    if failed {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// Reads the form; all of it together may be little longer than a scenario file.
async fn form_of(app: &App, request: Request) -> Result<Form, Problem> {
    let limit = 2 * app.config.scenario_runs.file_bytes + AROUND;
    let bad = |detail: String| Problem::api(StatusCode::BAD_REQUEST, detail);
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, limit).await.map_err(|error| {
        let why = error.to_string();
        if why.contains("length limit") {
            Problem::api(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "a scenario file has at most {} bytes",
                    app.config.scenario_runs.file_bytes
                ),
            )
        } else {
            bad(format!("the form could not be read: {why}"))
        }
    })?;
    let request = Request::from_parts(parts, Body::from(bytes));
    let mut fields = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| bad(rejection.body_text()))?;
    let mut form = Form::default();
    while let Some(field) = fields
        .next_field()
        .await
        .map_err(|error| bad(error.body_text()))?
    {
        let name = field.name().unwrap_or("").to_owned();
        let bytes = field.bytes().await.map_err(|error| bad(error.body_text()))?;
        // Forms send lines with CRLF, whatever was typed.
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        match name.as_str() {
            "file" => form.text = text,
            "etag" => form.etag = text,
            "shown" => form.shown = text,
            "upload" => form.upload = Some(text).filter(|text| !text.trim().is_empty()),
            "then" => form.run = text == "run",
            _ => {}
        }
    }
    Ok(form)
}
