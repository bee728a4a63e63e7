//! Answers of the pages: the headers that all of them carry, and what a reader sees when there is nothing.

use askama::Template;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Place};
use super::language::{COOKIE, Language};
use super::visit::Visit;
use crate::App;
use crate::problem::Problem;

/// Nothing from outside, nothing inline. MapLibre draws symbols from `blob:` and `data:` and works in a worker.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page, rendered.
pub(crate) fn page(visit: &Visit, template: &impl Template) -> Result<Response, Failure> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Failure::internal(visit)
    })?;
    let mut response = html(StatusCode::OK, visit.language, body);
    if visit.chose_language {
        let cookie = format!(
            "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax",
            visit.language.tag()
        );
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    Ok(response)
}

/// A file to take away, made of what a page shows.
pub(crate) fn file(media_type: &'static str, name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, body).into_response()
}

fn html(status: StatusCode, language: Language, body: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 8] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Language, Cookie"),
        ),
    ];
    (status, headers, body).into_response()
}

/// Why there is no page.
pub(crate) struct Failure {
    status: StatusCode,
    language: Language,
    frame: Box<Frame>,
    what: &'static str,
    /// What exactly, in English.
    detail: Option<String>,
    retry_after: bool,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    l: Language,
    frame: &'a Frame,
    text: String,
    detail: Option<String>,
}

impl Failure {
    /// There is no such thing.
    pub(crate) fn not_found(visit: &Visit) -> Self {
        Self::of(StatusCode::NOT_FOUND, visit, "not-found")
    }

    /// The server failed; its log says why.
    pub(crate) fn internal(visit: &Visit) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, visit, "server-failed")
    }

    /// The city's twin is not there.
    pub(crate) fn unavailable(app: &App, language: Language) -> Self {
        let what = "unavailable";
        let frame = Frame::bare(app, language, language.text("unavailable-title"));
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            language,
            frame: Box::new(frame),
            what,
            detail: None,
            retry_after: false,
        }
    }

    /// What the API refuses, as a page.
    pub(crate) fn refused(visit: &Visit, problem: &Problem) -> Self {
        let status = problem.status();
        let what = match status {
            StatusCode::NOT_FOUND => return Self::not_found(visit),
            StatusCode::SERVICE_UNAVAILABLE => "busy",
            StatusCode::FORBIDDEN => "forbidden",
            status if status.is_server_error() => {
                tracing::error!(detail = problem.detail(), "a page failed");
                return Self::internal(visit);
            }
            _ => "refused",
        };
        let mut failure = Self::of(status, visit, what);
        failure.detail = Some(super::describe::plain(problem.detail()));
        failure.retry_after = status == StatusCode::SERVICE_UNAVAILABLE;
        failure
    }

    fn of(status: StatusCode, visit: &Visit, what: &'static str) -> Self {
        let title = visit.language.text(&format!("{what}-title"));
        Self {
            status,
            language: visit.language,
            frame: Box::new(Frame::new(visit, Place::None, title)),
            what,
            detail: None,
            retry_after: false,
        }
    }

    /// From an error of the twin, which goes to the log.
    pub(crate) fn from_twin(visit: &Visit, error: &twin::Error) -> Self {
        tracing::error!(%error, "a page could not read the twin");
        Self::internal(visit)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let page = FailurePage {
            l: self.language,
            frame: &self.frame,
            text: self.language.text(&format!("{}-text", self.what)),
            detail: self.detail,
        };
        match page.render() {
            Ok(body) => {
                let mut response = html(self.status, self.language, body);
                if self.retry_after {
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
                }
                response
            }
            Err(_) => self.status.into_response(),
        }
    }
}
