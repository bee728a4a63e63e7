//! The pages of people and their accounts: the first start, logging in and out, one's own account, everybody's.
//!
//! Forms are plain: each ends with a redirect, with the page again and what was typed (never a password), or with a
//! secret that is shown this once.

mod account;
pub(super) mod break_glass;
mod login;
mod own_keys;
mod passkeys;
mod provider;
pub(super) mod qr;
mod setup;
#[cfg(test)]
pub(in crate::pages) mod tests;
mod user;
mod users;
mod words;

use access::{Access, Attempt, Principal, Source};
use askama::Template;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{language::Language, read};
use crate::App;
use crate::identity::{self, cookies};
use crate::problem::Problem;
use words::Wrong;

/// The longest form: names and passwords.
const FORM_BYTES: usize = 64 << 10;
/// The longest address that a login leads back to.
const LONGEST_NEXT: usize = 1000;

/// Where people and their accounts are. Each of them is in the table of `identity`, too.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/setup", get(setup::page).post(setup::make))
        .route("/login", get(login::page).post(login::enter))
        .route("/login/code", get(login::code_page).post(login::code))
        .route("/login/provider", get(provider::leave))
        .route("/login/provider/return", get(provider::back))
        .route("/invitation", get(setup::invitation).post(setup::accept))
        .route("/logout", post(login::leave))
        .route("/account", get(account::page))
        .route("/account/password", post(account::password))
        .route("/account/provider", post(provider::change))
        .route("/account/passkeys", post(passkeys::change))
        .route("/account/second-factor", post(account::second_factor))
        .route("/account/sessions", post(account::end_session))
        .route("/account/keys", post(own_keys::change))
        .route("/break-glass", get(break_glass::page).post(break_glass::change))
        .route("/users", get(users::page).post(users::make))
        .route("/users/{user}", get(user::page).post(user::change))
}

/// Where to log in, to be led back to `next`.
pub(crate) fn login_address(next: &str) -> String {
    match safe(next) {
        "/" => "/login".to_owned(),
        next => format!("/login?next={}", encode(next)),
    }
}

/// Where the second factor is asked for, to be led to `next` behind it.
pub(crate) fn second_step(next: &str) -> String {
    format!("/login/code?next={}", encode(next))
}

/// An address to lead to, if it is a path of this very server; else the front page. Browsers take `\` for `/` and leave
/// out control characters, so none of these may be in it.
pub(crate) fn safe(next: &str) -> &str {
    let fine = next.len() <= LONGEST_NEXT
        && next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(|c| c.is_control() || c.is_whitespace())
        && !next.starts_with("/login")
        && !next.starts_with("/logout");
    if fine { next } else { "/" }
}

/// A form that was sent, and by whom as far as guesses are counted.
pub(in crate::pages) struct Sent {
    fields: Vec<(String, String)>,
    headers: HeaderMap,
    from: Source,
}

impl Sent {
    /// Names and passwords.
    pub(in crate::pages) async fn read(app: &App, visit: &Visit, request: Request) -> Result<Self, Failure> {
        Self::read_long(app, visit, request, FORM_BYTES).await
    }

    /// A form of at most so many bytes.
    pub(in crate::pages) async fn read_long(
        app: &App,
        visit: &Visit,
        request: Request,
        most: usize,
    ) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let from = identity::source(app, &parts.extensions, &parts.headers);
        let bytes = to_bytes(body, most).await.map_err(|_too_long| {
            let problem = Problem::api(StatusCode::PAYLOAD_TOO_LARGE, "the form is too long");
            Failure::refused(visit, &problem)
        })?;
        let fields = form_urlencoded::parse(&bytes).take(400);
        Ok(Self {
            fields: fields
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            headers: parts.headers,
            from,
        })
    }

    /// A request that is no form.
    fn without_body(app: &App, request: Request) -> Self {
        let (parts, _) = request.into_parts();
        Self {
            fields: Vec::new(),
            from: identity::source(app, &parts.extensions, &parts.headers),
            headers: parts.headers,
        }
    }

    /// A field as it was typed; empty where it is not there.
    pub(in crate::pages) fn field(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or("")
    }

    /// Every value of a field.
    pub(in crate::pages) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The fields whose names begin so, without that beginning.
    pub(in crate::pages) fn beginning_with(&self, start: &str) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(start)?, value.as_str())))
    }

    fn attempt(&self) -> Attempt<'_> {
        let browser = self.headers.get(header::USER_AGENT);
        Attempt {
            from: self.from,
            known_browser: cookies::cookie(&self.headers, cookies::BROWSER),
            browser: browser.and_then(|value| value.to_str().ok()).unwrap_or(""),
        }
    }
}

/// The accounts, where there are any.
fn accounts(visit: &Visit) -> Result<&Access, Failure> {
    visit.app.config.access().ok_or_else(|| Failure::not_found(visit))
}

/// The person who visits. A key has no page of its own.
fn person(visit: &Visit) -> Result<&Principal, Failure> {
    let who = visit.who.as_deref().filter(|_| visit.session.is_some());
    who.filter(|who| who.kind == access::Kind::Person).ok_or_else(|| {
        let problem = Problem::api(
            StatusCode::FORBIDDEN,
            "this page is for people who logged in, not for keys",
        );
        Failure::refused(visit, &problem)
    })
}

/// A page, with the status of what is wrong in it. Nobody may keep it.
fn shown(visit: &Visit, page: &impl Template, wrong: Option<&access::Error>) -> Result<Response, Failure> {
    let mut response = respond::page(visit, page)?;
    *response.status_mut() = match wrong {
        None => StatusCode::OK,
        Some(access::Error::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(access::Error::Busy | access::Error::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let seconds = match wrong {
        Some(access::Error::Wait { seconds }) => Some(*seconds),
        Some(access::Error::Busy) => Some(5),
        _ => None,
    };
    if let Some(seconds) = seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(access::Error::Store(why)) = wrong {
        tracing::error!(why, "accounts could not be changed");
    }
    Ok(response)
}

/// 303: look there.
pub(in crate::pages) fn see(address: &str) -> Response {
    let headers = [
        (header::LOCATION, address.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What is wrong, in the reader's language.
pub(in crate::pages) fn wrong(l: Language, error: &access::Error) -> String {
    Wrong::of(l, error, "").text
}

/// What should not happen to a form that was shown: the page says that it failed.
fn failed(visit: &Visit, error: &access::Error) -> Failure {
    match error {
        access::Error::NotFound { .. } => Failure::not_found(visit),
        access::Error::Store(why) => {
            tracing::error!(why, "accounts could not be changed");
            Failure::internal(visit)
        }
        other => {
            let problem = Problem::api(StatusCode::CONFLICT, other.to_string());
            Failure::refused(visit, &problem)
        }
    }
}
