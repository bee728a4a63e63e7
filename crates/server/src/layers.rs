//! What stands around every door: an id and a span for each request, figures, a time limit, a guard against
//! foreign pages, and headers that keep browsers in bounds.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::App;
use crate::PublicUrl;
use crate::identity::Secured;
use crate::metrics::RouteLabels;
use crate::problem::{NgsiError, Problem};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For answers that do not bring a policy of their own.
const POLICY: &str = "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Browsers that were here over TLS come back over TLS alone, for a year (RFC 6797).
const ONLY_TLS: &str = "max-age=31536000";

/// The outermost layer: names, times and counts a request, and finishes its answer's headers.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = app.metrics.begin();
    let id = request_id(&app, request.headers());
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("request", %id, method, route, path = request.uri().path());
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let secured = request.extensions().get::<Secured>().is_some();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    finish(response.headers_mut(), &id);
    if secured {
        let headers = response.headers_mut();
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(ONLY_TLS),
        );
    }
    let took = started.elapsed();
    span.in_scope(|| tracing::debug!(status, took_ms = took.as_secs_f64() * 1000.0, "answered"));
    app.metrics.answered(
        &RouteLabels {
            method,
            route,
            status,
        },
        took,
    );
    response
}

/// The client's own id where it is a sane one, else a new one.
fn request_id(app: &App, headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        !id.is_empty()
            && id.len() <= 64
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(sane);
    given.map_or_else(
        || {
            let number = app.requests.fetch_add(1, Ordering::Relaxed);
            format!("{:x}-{number:x}", app.started_at.as_micros())
        },
        str::to_owned,
    )
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn finish(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(self)",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Keeps foreign web pages out while no login does: a page elsewhere may not write through a visitor's browser, nor
/// read by giving its own name this machine's address (DNS rebinding).
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let public = app.config.public_url.as_ref();
    let is_own = |host: &str| is_local(host) || public.is_some_and(|public| public.is_host(host));
    if app.config.listen.ip().is_loopback() && host.is_some_and(|host| !is_own(host)) {
        let detail = "this server listens on loopback and answers to `localhost`, loopback addresses and http.public_url \
                      only: set that to the address that others know a proxy before it by";
        return Problem::api(StatusCode::MISDIRECTED_REQUEST, detail).into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let allowed = app.config.allowed_origins.allow(headers.get(header::ORIGIN));
    if !reads && !allowed && is_foreign(headers, host, public) {
        let detail = "a page of another site may not write here, unless http.allowed_origins has its origin";
        return Problem::api(StatusCode::FORBIDDEN, detail).into_response();
    }
    next.run(request).await
}

/// Whether a `Host` names this machine.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Whether a browser says that another site's page sent this.
fn is_foreign(headers: &HeaderMap, host: Option<&str>, public: Option<&PublicUrl>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return true;
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    if public.is_some_and(|public| public.is_origin(origin)) {
        return false;
    }
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some() && authority != host
}

/// A time limit for all but what takes the time it takes.
pub(crate) async fn hurry(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.starts_with("/imports/") || path == "/kpi/assessment" {
        return next.run(request).await;
    }
    let limit = app.config.request_timeout;
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| {
            let detail = format!(
                "the request took longer than {} s; ask for less, or try again",
                limit.as_secs()
            );
            Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail)
                .header(header::RETRY_AFTER, "5")
                .into_response()
        })
}

/// A panic is ours: 500, and the log says where.
#[allow(clippy::needless_pass_by_value, reason = "the layer gives it so")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("?"), "a request panicked");
    Problem::ngsi(
        NgsiError::InternalError,
        "the server failed on this request; its log says where",
    )
    .as_api()
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine() {
        for local in [
            "localhost",
            "localhost:8080",
            "LOCALHOST",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:8080",
            "city.localhost",
        ] {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "example.org",
            "example.org:8080",
            "localhost.example.org",
            "10.0.0.1",
            "[fd00::1]",
            "",
            "127.0.0.1.nip.io",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
                .collect::<HeaderMap>()
        };
        let host = Some("127.0.0.1:8080");
        assert!(!is_foreign(&headers(&[]), host, None), "not a browser");
        assert!(!is_foreign(
            &headers(&[
                ("origin", "http://127.0.0.1:8080"),
                ("sec-fetch-site", "same-origin")
            ]),
            host,
            None
        ));
        assert!(is_foreign(
            &headers(&[("origin", "http://evil.example")]),
            host,
            None
        ));
        assert!(is_foreign(
            &headers(&[("origin", "http://127.0.0.1:9090")]),
            host,
            None
        ));
        assert!(is_foreign(&headers(&[("origin", "null")]), host, None));
        assert!(is_foreign(
            &headers(&[("sec-fetch-site", "cross-site")]),
            host,
            None
        ));
        // A proxy passes on its own name or this server's; the page is the city's either way.
        let public = PublicUrl::parse("https://city.example").unwrap();
        let page = headers(&[
            ("origin", "https://city.example"),
            ("sec-fetch-site", "same-origin"),
        ]);
        for host in [host, Some("city.example")] {
            assert!(!is_foreign(&page, host, Some(&public)));
            assert!(is_foreign(
                &headers(&[("origin", "http://evil.example")]),
                host,
                Some(&public)
            ));
            assert!(is_foreign(
                &headers(&[("sec-fetch-site", "same-site")]),
                host,
                Some(&public)
            ));
        }
        assert!(is_foreign(&page, host, None));
    }
}
