//! The whole house as one service.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_response};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;

use crate::problem::{NgsiError, Problem};
use crate::{App, identity, layers, ngsi_ld, openapi, pages, service};

/// Every door, with what they share around them.
pub fn router(app: App) -> Router {
    let (doors, described) = openapi::doors(!app.config.metrics_apart).split_for_parts();
    let defined = ngsi_ld::Defined::by(&described);
    let doors = doors.layer(from_fn_with_state(defined, ngsi_ld::refuse_undefined));
    // Scenarios and the desk of data protection have one address for people and programs.
    let doors = doors.layer(from_fn_with_state(app.clone(), pages::scenarios::for_people));
    let doors = doors.layer(from_fn_with_state(app.clone(), pages::desk::for_people));
    let cors = app.config.allowed_origins.layer();
    around(app, doors.merge(pages::router()), cors, true)
}

/// The doors of the listener for administration; `asked`: whether who asks has to be known.
pub(crate) fn admin_router(app: App, asked: bool) -> Router {
    let doors: Router<App> = service::router().merge(service::admin_router()).into();
    around(app, doors, None, asked)
}

fn around(app: App, doors: Router<App>, cors: Option<CorsLayer>, asked: bool) -> Router {
    let doors = doors
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let doors = if asked {
        doors.layer(from_fn_with_state(app.clone(), identity::admit))
    } else {
        doors
    };
    let doors = doors
        .layer(from_fn_with_state(app.clone(), layers::hurry))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(app.clone(), layers::guard));
    // Around the guard, so that a page can read why it is refused.
    let doors = match cors {
        Some(cors) => doors.layer(cors),
        None => doors,
    };
    let doors = doors
        .layer(from_fn(ngsi_ld::echo_tenant))
        .layer(CompressionLayer::new())
        .layer(map_response(no_body_no_length))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app);
    Router::new()
        .fallback_service(doors)
        .layer(map_request(without_last_slash))
}

/// The request's path ended with `/`.
#[derive(Clone, Copy, Debug)]
struct LastSlash;

/// Before anything is matched: `/entities/` is `/entities`, as many clients write it.
async fn without_last_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.len() == path.len() {
        return request;
    }
    let target = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
        request.extensions_mut().insert(LastSlash);
    }
    request
}

/// 6.3.6: no `Content-Length` beside 204.
async fn no_body_no_length(mut response: Response) -> Response {
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// A path that is not there: a page for people, problem details for programs.
async fn not_found(State(app): State<App>, request: Request) -> Response {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let path = request.uri().path().to_owned();
    let is_api = ["/ngsi-ld/", "/imports/", "/access/"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    if accept.contains("text/html") && !is_api {
        return pages::not_found.call(request, app).await;
    }
    let shown: String = path.chars().take(200).collect();
    if matches!(&*path, "/ngsi-ld" | "/ngsi-ld/v1") {
        let detail = format!(
            "the operations of NGSI-LD are below `{shown}`: entities at {}, and /openapi.json describes all",
            ngsi_ld::ENTITIES
        );
        return Problem::ngsi(NgsiError::ResourceNotFound, detail).into_response();
    }
    let detail = format!(
        "there is nothing at `{shown}`; the doors are /ngsi-ld/v1, /notifications, /kpi, /scenarios, /imports, /access, /audit, /governance, \
         /healthz, /readyz, /metrics and /version, and /openapi.json describes them"
    );
    let problem = Problem::ngsi(NgsiError::ResourceNotFound, detail);
    if path.starts_with("/ngsi-ld/") {
        problem.into_response()
    } else {
        problem.as_api().into_response()
    }
}

/// A method that is not there. The router adds `Allow`.
pub(crate) async fn method_not_allowed(request: Request) -> Response {
    // `PATCH /entities/` is for the entity with an empty id, and that is no URI.
    if request.extensions().get::<LastSlash>().is_some()
        && matches!(*request.method(), Method::PATCH | Method::PUT)
        && request.uri().path() == ngsi_ld::ENTITIES
    {
        let detail = "the path ends where the entity's id should follow; an id is a URI";
        return Problem::ngsi(NgsiError::BadRequestData, detail).into_response();
    }
    let detail = format!(
        "`{}` is not for `{}`; `Allow` says what is",
        request.method(),
        request.uri().path()
    );
    let problem = Problem::api(StatusCode::METHOD_NOT_ALLOWED, detail);
    if request.uri().path().starts_with("/ngsi-ld/") {
        problem.media_type("application/json").into_response()
    } else {
        problem.into_response()
    }
}
