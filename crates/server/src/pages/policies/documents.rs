//! `/policies` and `/policies/documents/{document}`: the documents of the policies, and a form for each that says what it
//! would change before it is kept.

use access::Changes;
use access::policies::{ChangeError, Documents, Finding, Refused};
use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::gate::Gate;
use super::language::Language;
use super::shifts::Shifts;
use super::{App, Failure, Visit, encode, read, shown, views};
use crate::desk::gate::NotChanged;
use crate::pages::accounts::{Sent, see};
use crate::pages::frame::{Frame, Place};
use crate::scenarios::stored::digest;

/// The longest form: a document, every character of it written as three.
const FORM_BYTES: usize = 1 << 20;

#[derive(Template)]
#[template(path = "policies.html")]
struct ListPage {
    l: Language,
    frame: Frame,
    rows: Vec<Listed>,
    wrong: Option<String>,
    name: String,
}

struct Listed {
    name: String,
    address: String,
    about: String,
    changed: bool,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct DocumentPage {
    l: Language,
    frame: Frame,
    name: String,
    address: String,
    about: String,
    text: String,
    /// The digest of the text that stands, as it was shown.
    etag: String,
    /// Whether there is anything to take away.
    removable: bool,
    done: bool,
    outdated: bool,
    failed: bool,
    findings: Vec<Finding>,
    shifts: Option<Shifts>,
    gate: Option<Gate>,
}

/// What a form was answered with.
#[derive(Default)]
struct Told {
    done: bool,
    outdated: bool,
    failed: bool,
    findings: Vec<Finding>,
    shifts: Option<Shifts>,
    gate: Option<Gate>,
}

fn address(name: &str) -> String {
    format!("/policies/documents/{}", encode(name))
}

/// What a document is, in a sentence.
fn about(l: Language, name: &str) -> String {
    l.text(match name {
        "roles" => "policy-about-roles",
        "classification" => "policy-about-classification",
        "purposes" => "policy-about-purposes",
        _ => "policy-about-own",
    })
}

/// The text of a document, and whether it is the city's own.
fn standing(documents: &Documents, name: &str) -> (String, bool) {
    let untouched = Documents::default();
    let (text, came_with) = match name {
        "roles" => (documents.roles(), untouched.roles()),
        "classification" => (documents.classification(), untouched.classification()),
        "purposes" => (documents.purposes(), untouched.purposes()),
        name => {
            let own = documents.policies().get(name);
            return (own.cloned().unwrap_or_default(), own.is_some());
        }
    };
    (text.to_owned(), text != came_with)
}

/// `GET /policies`.
pub(super) async fn list(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| list_page(visit, None)).await
}

fn list_page(visit: &Visit, wrong: Option<&str>) -> Result<Response, Failure> {
    let l = visit.language;
    let documents = views(visit)?.policies().documents();
    let own = documents.policies().keys().map(String::as_str);
    let rows = ["roles", "classification", "purposes"]
        .into_iter()
        .chain(own)
        .map(|name| Listed {
            name: name.to_owned(),
            address: address(name),
            about: about(l, name),
            changed: standing(&documents, name).1,
        });
    let page = ListPage {
        l,
        frame: Frame::new(visit, Place::Policies, l.text("policies-title")),
        rows: rows.collect(),
        wrong: wrong.map(|_| l.text("policy-wrong-name")),
        name: wrong.unwrap_or_default().to_owned(),
    };
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    shown(visit, &page, status)
}

/// `POST /policies`: leads to the form of a document with a new name.
pub(super) async fn begin(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let name = sent.field("name").trim();
        match Documents::default().with(name, None) {
            Ok(_) => Ok(see(&address(name))),
            Err(_) => list_page(visit, Some(name)),
        }
    })
    .await
}

/// `GET /policies/documents/{document}`.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let told = Told {
            done: visit.parameter("done").is_some(),
            ..Told::default()
        };
        document_page(visit, &name, None, told)
    })
    .await
}

fn document_page(visit: &Visit, name: &str, typed: Option<String>, told: Told) -> Result<Response, Failure> {
    let l = visit.language;
    if Documents::default().with(name, None).is_err() {
        return Err(Failure::not_found(visit));
    }
    let documents = views(visit)?.policies().documents();
    let (text, removable) = standing(&documents, name);
    let status = if told.failed {
        StatusCode::SERVICE_UNAVAILABLE
    } else if told.outdated || told.gate.as_ref().is_some_and(|gate| gate.refused) {
        StatusCode::CONFLICT
    } else if typed.is_some() && told.shifts.is_none() && !told.findings.is_empty() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = DocumentPage {
        l,
        frame: Frame::new(visit, Place::Policies, name.to_owned()),
        address: address(name),
        about: about(l, name),
        etag: digest(&text),
        text: typed.unwrap_or(text),
        name: name.to_owned(),
        removable,
        done: told.done,
        outdated: told.outdated,
        failed: told.failed,
        findings: told.findings,
        shifts: told.shifts,
        gate: told.gate,
    };
    shown(visit, &page, status)
}

/// `POST /policies/documents/{document}`: `then` says what is to be done.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read_long(&app, &visit, request, FORM_BYTES).await?;
    read(visit, move |visit| {
        let views = views(visit)?;
        // Browsers send lines as they stand in mail.
        let text = sent.field("text").replace("\r\n", "\n");
        let (standing, _) = standing(&views.policies().documents(), &name);
        let put = match sent.field("then") {
            "delete" => None,
            _ => Some(text.as_str()),
        };
        if sent.field("then") == "compare" {
            let changes: Changes = [(name.clone(), Some(text.clone()))].into();
            let compared = views
                .preview(&visit.twin, &visit.view, None, &changes)
                .and_then(|preview| Ok((preview, visit.app.gate_of(views, &changes)?)));
            let told = match compared {
                Ok((preview, refusal)) => Told {
                    shifts: Some(Shifts::of(visit.language, &preview)),
                    findings: preview.odd,
                    gate: refusal.map(|refusal| Gate::would_refuse(visit.language, &refusal)),
                    ..Told::default()
                },
                Err(error) => told(error),
            };
            return document_page(visit, &name, Some(text), told);
        }
        if sent.field("etag") != digest(&standing) {
            let told = Told {
                outdated: true,
                ..Told::default()
            };
            return document_page(visit, &name, Some(text), told);
        }
        let Some(who) = visit.who.as_deref() else {
            return Err(Failure::not_found(visit));
        };
        match visit.app.change_policies(views, who, &name, put) {
            Ok(_) if put.is_none() => Ok(see("/policies")),
            Ok(_) => Ok(see(&format!("{}?done=1", address(&name)))),
            Err(NotChanged::Policies(error)) => document_page(visit, &name, Some(text), told(error)),
            Err(NotChanged::Gate(refusal)) => {
                let told = Told {
                    gate: Some(Gate::refused(visit.language, &refusal)),
                    ..Told::default()
                };
                document_page(visit, &name, Some(text), told)
            }
        }
    })
    .await
}

/// What a refusal says.
fn told(error: ChangeError) -> Told {
    match error {
        ChangeError::Refused(Refused(findings)) => Told {
            findings,
            ..Told::default()
        },
        error => {
            tracing::error!(%error, "a document of the policies could not be compared or kept");
            Told {
                failed: true,
                ..Told::default()
            }
        }
    }
}
