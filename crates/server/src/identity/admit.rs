//! The layer before every door.

use std::sync::Arc;

use access::{Access, Principal};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cookies::{self, cookie};
use super::personal::Watched;
use super::table::{Need, Said, said_of};
use super::{PeerCertificate, SessionToken, emergency, forms, source, who_are_you};
use crate::App;
use crate::ngsi_ld::{TENANT, weight_of};
use crate::pages;
use crate::problem::{Answer, Problem};

/// By what a request shows who sends it.
enum Shown {
    Nothing,
    Key(Principal),
    Session(Principal, Arc<str>),
    /// The connection's certificate.
    Certificate(Principal),
    /// A certificate that stands for nobody.
    WrongCertificate(access::Nobody),
    /// An `Authorization` that opens nothing.
    Wrong,
}

/// Finds out who asks, and lets them where they may go.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(access) = app.config.access().cloned() else {
        return next.run(request).await;
    };
    // What is not there is told to everybody: it is no secret.
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let need = match said_of(request.method().as_str(), route.as_str()) {
        Said::Needs(need) => need,
        Said::Otherwise(allow) => return wrong_method(request, &allow).await,
        Said::Nothing => {
            tracing::error!(
                route = route.as_str(),
                "a route has no declared permission and is refused"
            );
            let detail =
                "this route has no declared permission, so nobody may use it: a defect of this server";
            return Problem::api(StatusCode::FORBIDDEN, detail).into_response();
        }
    };
    let shown = shown(&app, &access, request.headers(), request.extensions()).await;
    note_refused(&app, &access, &shown, &request);
    let by_certificate = matches!(shown, Shown::Certificate(_));
    if let Err(problem) = within_rate(&app, &shown, &request) {
        return refused(&app, request, problem).await;
    }
    let (principal, session) = match shown {
        Shown::Wrong if need != Need::Anybody => return of_api(&request, who_are_you(true)).into_response(),
        Shown::WrongCertificate(why) if need != Need::Anybody => {
            return of_api(&request, super::not_by_certificate(why)).into_response();
        }
        Shown::Wrong | Shown::WrongCertificate(_) | Shown::Nothing => (None, None),
        Shown::Key(principal) | Shown::Certificate(principal) => (Some(Arc::new(principal)), None),
        Shown::Session(principal, token) => (Some(Arc::new(principal)), Some(token)),
    };
    if let Some(principal) = &principal {
        request.extensions_mut().insert(Arc::clone(principal));
    }
    if let Some(token) = &session {
        request.extensions_mut().insert(SessionToken(Arc::clone(token)));
    }
    match (need, &principal) {
        (Need::Anybody, _) | (Need::LoggedIn, Some(_)) => {}
        (_, None) => return strangers(&app, &request),
        (Need::May(permission), Some(principal)) if principal.may(permission) => {}
        (Need::May(_), Some(principal)) if principal.owes_second_factor => return owes(&app, request).await,
        (Need::May(permission), Some(_)) => return forbidden(&app, request, permission).await,
    }
    if let (Need::May(_), Some(principal)) = (need, &principal) {
        let tenant = named_tenant(request.headers());
        let tenant = tenant.as_deref();
        let admitted = if principal.reach.has_tenant(tenant) {
            app.buckets.of_tenant(&app.config.rates, tenant, app.clock.now())
        } else {
            Err(of_another_tenant(principal))
        };
        if let Err(problem) = admitted {
            return refused(&app, request, problem).await;
        }
    }
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A browser shows its certificate to whoever makes it ask.
    if writes && by_certificate && forms::is_of_others(&app, request.headers()) {
        let detail = "a request by a certificate must not come from a page of another server";
        return refused(&app, request, Problem::api(StatusCode::FORBIDDEN, detail)).await;
    }
    if writes && let Some(token) = &session {
        if !forms::is_own(&app, request.headers()) {
            let detail = "a request by a cookie has to come from a page of this server; programs send a key";
            return refused(&app, request, Problem::api(StatusCode::FORBIDDEN, detail)).await;
        }
        // Forms of strangers have none, and bring nothing that is somebody's.
        let is_page_form = need != Need::Anybody && !request.uri().path().starts_with("/imports/");
        if is_page_form && forms::is_form(request.headers()) {
            let (parts, body) = request.into_parts();
            let again = Request::from_parts(parts.clone(), axum::body::Body::empty());
            request = match forms::checked(&app, &access, token, Request::from_parts(parts, body)).await {
                Ok(request) => request,
                Err(problem) => return refused(&app, again, problem).await,
            };
        }
    }
    let watched = match &principal {
        Some(principal) => match sight(&app, principal, (need, route.as_str()), &mut request).await {
            Ok(watched) => watched,
            Err(problem) => return refused(&app, request, problem).await,
        },
        None => None,
    };
    let private = need != Need::Anybody;
    let is_ngsi = is_ngsi(&request);
    let mut response = next.run(request).await;
    if let Some(watched) = watched
        && let Err(problem) = watched.recorded(&app).await
    {
        response = in_form(is_ngsi, problem).into_response();
    }
    if private {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Finds out what somebody sees, and puts it where the doors find it. Who has wider rights for a while leaves a trace of
/// it; where what is seen of persons is to be recorded, that is answered.
async fn sight(
    app: &App,
    principal: &Arc<Principal>,
    (need, route): (Need, &str),
    request: &mut Request,
) -> Answer<Option<Watched>> {
    let Some(view) = super::view_of(app, principal, request.headers()).await? else {
        return Ok(None);
    };
    let told = emergency::told(principal, &view, route, request).filter(|_| need != Need::Anybody);
    if let Some(told) = told {
        emergency::recorded(app, told).await?;
    }
    let watched = Watched::of(app, &view, request.headers());
    let view = watched.as_ref().map_or(view, Watched::view);
    request.extensions_mut().insert(view);
    Ok(watched)
}

/// Refuses whoever makes more requests than they may.
fn within_rate(app: &App, shown: &Shown, request: &Request) -> Answer<()> {
    let principal = match shown {
        Shown::Key(principal) | Shown::Session(principal, _) | Shown::Certificate(principal) => {
            Some(principal)
        }
        Shown::Nothing | Shown::Wrong | Shown::WrongCertificate(_) => None,
    };
    let from = || source(app, request.extensions(), request.headers());
    app.buckets
        .of_caller(&app.config.rates, principal, from, app.clock.now())
}

/// What is shown and is not right goes into the audit log.
fn note_refused(app: &App, access: &Access, shown: &Shown, request: &Request) {
    let from = || source(app, request.extensions(), request.headers());
    match shown {
        Shown::Wrong => access.key_was_refused(from()),
        Shown::WrongCertificate(_) => access.certificate_was_refused(from()),
        _ => {}
    }
}

/// What is said beats what is merely there: a key or a token, then the connection's certificate, then a cookie.
async fn shown(app: &App, access: &Access, headers: &HeaderMap, extensions: &Extensions) -> Shown {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // Two of them could be read in two ways.
        let one = headers.get_all(header::AUTHORIZATION).iter().count() == 1;
        let key = value.to_str().ok().filter(|_| one).and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let Some(key) = key else {
            return Shown::Wrong;
        };
        return match access.of_key(key).or_else(|| access.of_device_secret(key)) {
            Some(service) => Shown::Key(service),
            None => of_token(app, access, key).await.map_or(Shown::Wrong, Shown::Key),
        };
    }
    if let Some(PeerCertificate(der)) = extensions.get() {
        return access
            .of_certificate(der)
            .map_or_else(Shown::WrongCertificate, Shown::Certificate);
    }
    let session = cookie(headers, cookies::SESSION)
        .and_then(|token| Some((access.of_session(token)?, Arc::<str>::from(token))));
    session.map_or(Shown::Nothing, |(principal, token)| {
        Shown::Session(principal, token)
    })
}

/// Whom a token of the identity provider stands for.
async fn of_token(app: &App, access: &Access, token: &str) -> Option<Principal> {
    let told = app.config.provider.as_ref()?.bearer(token).await?;
    let principal = if access.knows(&told) {
        access.of_token(&told)
    } else {
        let access = access.clone();
        let remembering = tokio::task::spawn_blocking(move || access.of_token(&told));
        remembering.await.ok()?
    };
    principal
        .inspect_err(|error| tracing::warn!(%error, "a token of the identity provider opens nothing"))
        .ok()
}

/// Whether people look at this, rather than programs.
fn is_for_people(request: &Request) -> bool {
    let headers = request.headers();
    let path = request.uri().path();
    !path.starts_with("/ngsi-ld/")
        && !headers.contains_key(header::AUTHORIZATION)
        && weight_of(headers, "text/html") > weight_of(headers, "application/json")
}

fn is_ngsi(request: &Request) -> bool {
    request.uri().path().starts_with("/ngsi-ld/")
}

fn of_api(request: &Request, problem: Problem) -> Problem {
    in_form(is_ngsi(request), problem)
}

/// NGSI-LD sends its errors as plain JSON (6.3.3).
fn in_form(is_ngsi: bool, problem: Problem) -> Problem {
    if is_ngsi {
        problem.media_type("application/json")
    } else {
        problem
    }
}

/// Nobody is known: people are asked to log in, programs to show a key.
fn strangers(app: &App, request: &Request) -> Response {
    if !is_for_people(request) {
        return of_api(request, who_are_you(false)).into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let next = request
        .uri()
        .path_and_query()
        .filter(|_| reads)
        .map_or("/", |target| target.as_str());
    let to = if super::begins_with_setup(app) {
        "/setup".to_owned()
    } else {
        pages::accounts::login_address(next)
    };
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Who has to set up a second factor is led to where that is done.
async fn owes(app: &App, request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && is_for_people(&request) {
        let headers = [
            (header::LOCATION, "/account?need=second_factor"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        return (StatusCode::SEE_OTHER, headers).into_response();
    }
    let detail =
        "this account has to have a second factor (access.second_factor): set one up at /account first";
    let problem = Problem::named(
        StatusCode::FORBIDDEN,
        "second-factor",
        "A second factor is missing",
        detail,
    );
    refused(app, request, problem).await
}

async fn forbidden(app: &App, request: Request, permission: access::Permission) -> Response {
    let detail = format!(
        "this needs the permission `{permission}`, which none of your roles gives; an administrator can grant it"
    );
    let problem = Problem::named(
        StatusCode::FORBIDDEN,
        "permission",
        "Who asks may not do this",
        detail,
    );
    refused(app, request, problem.member("permission", permission.name())).await
}

/// A refusal: a page for people, problem details for programs.
async fn refused(app: &App, request: Request, problem: Problem) -> Response {
    if !is_for_people(&request) {
        return of_api(&request, problem).into_response();
    }
    let (mut parts, _) = request.into_parts();
    let page = pages::refused(&mut parts, app, &problem).await;
    let problem = problem.into_response();
    let mut response = match page {
        Some(mut page) => {
            let later = problem.headers().get(header::RETRY_AFTER).cloned();
            let later = later.map(|seconds| (header::RETRY_AFTER, seconds));
            page.headers_mut().extend(later);
            page
        }
        None => problem,
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The tenant that a request names.
fn named_tenant(headers: &HeaderMap) -> Option<String> {
    let named = headers.get(TENANT)?;
    // What is no text is no tenant of anybody's.
    Some(String::from_utf8_lossy(named.as_bytes()).into_owned())
}

fn of_another_tenant(principal: &Principal) -> Problem {
    let tenants: Vec<&str> = principal.reach.tenants.iter().map(|tenant| &**tenant).collect();
    let detail = format!(
        "your account is for {} and no other tenant; name one in the header NGSILD-Tenant (`default` is meant without it)",
        tenants.join(", ")
    );
    let problem = Problem::named(
        StatusCode::FORBIDDEN,
        "tenant",
        "The account is not for this tenant",
        detail,
    );
    problem.member("tenants", tenants)
}

async fn wrong_method(request: Request, allow: &str) -> Response {
    let mut response = crate::router::method_not_allowed(request).await;
    if let Ok(value) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}
