//! What a request by a cookie must show, so that no other site can send it (CSRF): that it comes from a page of this
//! server, and for forms the token that stood in that page.

use access::Access;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::App;
use crate::problem::Problem;

/// The field of a form that holds its token.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// Whether the browser says that a page of this very origin sent it. A request that says nothing of that kind comes
/// from no browser that could be asked, and has no business with a cookie.
pub(super) fn is_own(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let by_origin = text("origin").map(|origin| {
        let public = app.config.public_url.as_ref();
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        public.is_some_and(|public| public.is_origin(origin))
            || (authority.is_some() && authority == text("host"))
    });
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin" && by_origin != Some(false),
        None => by_origin == Some(true),
    }
}

/// Whether a browser says that a page of another origin sent it. Programs say nothing of the kind.
pub(super) fn is_of_others(app: &App, headers: &HeaderMap) -> bool {
    let by_browser = headers.contains_key("origin") || headers.contains_key("sec-fetch-site");
    by_browser && !is_own(app, headers)
}

/// Whether the body is that of a form, as a page can send one anywhere.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    kind.starts_with("multipart/form-data") || kind.starts_with("application/x-www-form-urlencoded")
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    kind.trim_start().to_ascii_lowercase()
}

/// Reads a form and looks for its token; the request goes on as it came.
pub(super) async fn checked(
    app: &App,
    access: &Access,
    session: &str,
    request: Request,
) -> Result<Request, Problem> {
    let limit = 2 * app.config.scenario_runs.file_bytes + (64 << 10);
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, limit)
        .await
        .map_err(|_too_long| Problem::api(StatusCode::PAYLOAD_TOO_LARGE, "the form is too long"))?;
    let given = if content_type(&parts.headers).starts_with("multipart/") {
        let mut copy = Request::new(Body::from(bytes.clone()));
        copy.headers_mut().clone_from(&parts.headers);
        in_multipart(copy).await
    } else {
        in_urlencoded(&bytes)
    };
    if !access.is_form_token(session, &given.unwrap_or_default()) {
        return Err(Problem::api(
            StatusCode::FORBIDDEN,
            "the form is not of this session: go back, load the page again, and send it once more",
        ));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn in_urlencoded(bytes: &Bytes) -> Option<String> {
    let mut fields = form_urlencoded::parse(bytes);
    fields
        .find(|(name, _)| name == FORM_TOKEN)
        .map(|(_, value)| value.into_owned())
}

async fn in_multipart(request: Request) -> Option<String> {
    let mut fields = Multipart::from_request(request, &()).await.ok()?;
    while let Ok(Some(field)) = fields.next_field().await {
        if field.name() == Some(FORM_TOKEN) {
            return field.text().await.ok();
        }
    }
    None
}
