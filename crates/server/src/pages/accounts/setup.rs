//! `/setup`, where the first administrator is made, and `/invitation`, where who was invited sets a password.

use access::{Attempt, Entered, Error};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use super::{Failure, Sent, Visit, Wrong, accounts, read, see, shown};
use crate::App;
use crate::identity::cookies;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    code: String,
    name: String,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    code: String,
    /// Who was invited; none where the code does not hold.
    name: Option<String>,
}

/// `GET /setup`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    if !accounts(&visit)?.needs_setup() {
        return Ok(see("/login"));
    }
    setup_page(&visit, String::new(), String::new(), None)
}

fn setup_page(
    visit: &Visit,
    code: String,
    name: String,
    wrong: Option<(&Error, &'static str)>,
) -> Result<Response, Failure> {
    let l = visit.language;
    let page = SetupPage {
        l,
        frame: Frame::new(visit, Place::None, l.text("setup-title")),
        errors: wrong
            .map(|(error, field)| match error {
                Error::Refused => Wrong::text(l, "wrong-setup-code", "code"),
                _ => Wrong::of(l, error, field),
            })
            .into_iter()
            .collect(),
        code,
        name,
    };
    shown(visit, &page, wrong.map(|(error, _)| error))
}

/// The field that an error is about.
fn field(error: &Error) -> &'static str {
    match error {
        Error::Weak(_) => "password",
        Error::BadName(_) | Error::Taken(_) => "name",
        _ => "code",
    }
}

/// `POST /setup`.
pub(super) async fn make(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let access = accounts(visit)?;
        let (code, name, password) = (
            sent.field("code"),
            sent.field("name").trim(),
            sent.field("password"),
        );
        match access.set_up(code, name, password, sent.from) {
            Ok(person) => entered(visit, &person.name, password, &sent.attempt()),
            Err(error) => setup_page(
                visit,
                code.to_owned(),
                name.to_owned(),
                Some((&error, field(&error))),
            ),
        }
    })
    .await
}

/// Logs in who just set the password.
fn entered(visit: &Visit, name: &str, password: &str, attempt: &Attempt<'_>) -> Result<Response, Failure> {
    match accounts(visit)?.log_in(name, password, attempt) {
        Ok(Entered::In(opened)) => {
            let mut response = see("/account");
            cookies::opened(response.headers_mut(), &opened);
            Ok(response)
        }
        // A second factor, or too many at once: by the usual way.
        Ok(Entered::SecondFactor(_)) | Err(_) => Ok(see("/login")),
    }
}

/// `GET /invitation?code=…`.
pub(super) async fn invitation(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    let code = visit.parameter("code").unwrap_or("").to_owned();
    invitation_page(&visit, code, None)
}

fn invitation_page(visit: &Visit, code: String, wrong: Option<&Error>) -> Result<Response, Failure> {
    let l = visit.language;
    let invited = accounts(visit)?.invited(&code);
    let page = InvitationPage {
        l,
        frame: Frame::new(visit, Place::None, l.text("invitation-title")),
        errors: wrong
            .filter(|_| invited.is_ok())
            .map(|error| Wrong::of(l, error, "password"))
            .into_iter()
            .collect(),
        code,
        name: invited.as_ref().ok().map(|person| person.name.clone()),
    };
    shown(visit, &page, wrong.or(invited.as_ref().err()))
}

/// `POST /invitation`.
pub(super) async fn accept(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let (code, password) = (sent.field("code"), sent.field("password"));
        match accounts(visit)?.accept_invitation(code, password) {
            Ok(person) => entered(visit, &person.name, password, &sent.attempt()),
            Err(error) => invitation_page(visit, code.to_owned(), Some(&error)),
        }
    })
    .await
}
