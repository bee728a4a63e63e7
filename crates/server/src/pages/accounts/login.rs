//! `/login`, `/login/code` and `/logout`.

use access::{Entered, Error};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use super::passkeys::Script;
use super::{Failure, Sent, Visit, Wrong, accounts, read, safe, second_step, see, shown};
use crate::App;
use crate::identity::{Provider, begins_with_setup, cookies};
use crate::pages::frame::{Frame, Place};
use crate::pages::language::{Argument, Language};
use crate::pages::visit::address;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    next: String,
    name: String,
    /// The identity provider: what to press, and the way there.
    provider: Option<(String, String)>,
    /// Where to log out there, too.
    leave: Option<String>,
    /// What logs in with a passkey.
    script: Option<Script>,
}

#[derive(Template)]
#[template(path = "login_code.html")]
struct CodePage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    next: String,
}

/// `GET /login`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    let next = safe(visit.parameter("next").unwrap_or("/")).to_owned();
    accounts(&visit)?;
    if begins_with_setup(&visit.app) {
        return Ok(see("/setup"));
    }
    password_page(&visit, next, String::new(), None)
}

pub(super) fn password_page(
    visit: &Visit,
    next: String,
    name: String,
    wrong: Option<&Error>,
) -> Result<Response, Failure> {
    let l = visit.language;
    let provider = visit.app.config.provider.as_ref().filter(|it| it.logs_in());
    let mut errors: Vec<Wrong> = wrong
        .map(|error| Wrong::of(l, error, "name"))
        .into_iter()
        .collect();
    if wrong.is_none() && visit.parameter("failed") == Some("provider") {
        errors.push(Wrong::text(l, "wrong-provider", "provider"));
    }
    let left = visit.parameter("left") == Some("provider");
    let page = LoginPage {
        l,
        frame: Frame::new(visit, Place::None, l.text("login-title")),
        errors,
        provider: provider.map(|it| {
            let to = address("/login/provider", std::iter::once(("next", next.as_str())));
            let name = l.text_with("login-provider", &[("name", Argument::Text(it.name()))]);
            (name, to)
        }),
        script: Script::of(visit, l),
        leave: provider.filter(|_| left).and_then(Provider::logout_url),
        next,
        name,
    };
    shown(visit, &page, wrong)
}

/// `POST /login`.
pub(super) async fn enter(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let access = accounts(visit)?;
        let next = safe(sent.field("next"));
        let name = sent.field("name").trim();
        match access.log_in(name, sent.field("password"), &sent.attempt()) {
            Ok(Entered::In(opened)) => {
                end_before(access, &sent);
                let mut response = see(next);
                cookies::opened(response.headers_mut(), &opened);
                Ok(response)
            }
            Ok(Entered::SecondFactor(token)) => {
                let mut response = see(&second_step(next));
                cookies::begun(response.headers_mut(), &token);
                Ok(response)
            }
            Err(error) => password_page(visit, next.to_owned(), name.to_owned(), Some(&error)),
        }
    })
    .await
}

/// Whoever logs in anew leaves the session before.
pub(super) fn end_before(access: &access::Access, sent: &Sent) {
    if let Some(token) = cookies::cookie(&sent.headers, cookies::SESSION)
        && let Err(error) = access.end_session(token)
    {
        tracing::warn!(%error, "the session before a login could not be ended; it ends by itself");
    }
}

/// `GET /login/code`.
pub(super) async fn code_page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    accounts(&visit)?;
    let next = safe(visit.parameter("next").unwrap_or("/")).to_owned();
    second_page(&visit, next, None)
}

fn second_page(visit: &Visit, next: String, wrong: Option<&Error>) -> Result<Response, Failure> {
    let l = visit.language;
    let page = CodePage {
        l,
        frame: Frame::new(visit, Place::None, l.text("code-title")),
        errors: wrong
            .map(|error| Wrong::of(l, error, "code"))
            .into_iter()
            .collect(),
        next,
    };
    shown(visit, &page, wrong)
}

/// `POST /login/code`.
pub(super) async fn code(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let access = accounts(visit)?;
        let next = safe(sent.field("next"));
        let token = cookies::cookie(&sent.headers, cookies::BEGUN).unwrap_or("");
        if !access.awaits_second_factor(token) {
            // It took too long: the password again.
            return Ok(see(&super::login_address(next)));
        }
        match access.second_factor(token, sent.field("code"), &sent.attempt()) {
            Ok(opened) => {
                end_before(access, &sent);
                let mut response = see(next);
                cookies::opened(response.headers_mut(), &opened);
                Ok(response)
            }
            Err(error) => second_page(visit, next.to_owned(), Some(&error)),
        }
    })
    .await
}

/// `POST /logout`.
pub(super) async fn leave(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let access = accounts(visit)?;
        let mut to = "/login";
        if let Some(token) = &visit.session {
            if access.is_external_session(token) {
                to = "/login?left=provider";
            }
            access
                .end_session(token)
                .map_err(|error| super::failed(visit, &error))?;
        }
        let mut response = see(to);
        cookies::ended(response.headers_mut());
        Ok(response)
    })
    .await
}
