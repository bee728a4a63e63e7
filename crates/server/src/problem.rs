//! What goes wrong at a door, as the client reads it: RFC 9457 problem details.
//!
//! NGSI-LD fixes its own error types and sends them as `application/json` (ETSI GS CIM 009, 5.5.3 and 6.3.3);
//! our other APIs send `application/problem+json`.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A refusal. Turns into a response.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: String,
    media_type: &'static str,
    members: Map<String, Value>,
    headers: HeaderMap,
    bare: bool,
}

/// The result of a handler.
pub type Answer<T = Response> = Result<T, Problem>;

const ETSI: &str = "https://uri.etsi.org/ngsi-ld/errors/";

/// The error types of NGSI-LD (Table 6.3.2-1), with their status and their title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum NgsiError {
    InvalidRequest,
    BadRequestData,
    AlreadyExists,
    Conflict,
    OperationNotSupported,
    ResourceNotFound,
    InternalError,
    TooComplexQuery,
    TooManyResults,
    LdContextNotAvailable,
    NonexistentTenant,
}

impl NgsiError {
    /// The status that belongs to it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::BadRequestData => StatusCode::BAD_REQUEST,
            Self::AlreadyExists | Self::Conflict => StatusCode::CONFLICT,
            Self::OperationNotSupported => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ResourceNotFound | Self::NonexistentTenant => StatusCode::NOT_FOUND,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooComplexQuery | Self::TooManyResults => StatusCode::FORBIDDEN,
            Self::LdContextNotAvailable => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "InvalidRequest",
            Self::BadRequestData => "BadRequestData",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::OperationNotSupported => "OperationNotSupported",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::InternalError => "InternalError",
            Self::TooComplexQuery => "TooComplexQuery",
            Self::TooManyResults => "TooManyResults",
            Self::LdContextNotAvailable => "LdContextNotAvailable",
            Self::NonexistentTenant => "NonexistentTenant",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is not well formed",
            Self::BadRequestData => "The request's content is not acceptable",
            Self::AlreadyExists => "It exists already",
            Self::Conflict => "It contradicts what is here",
            Self::OperationNotSupported => "The operation is not supported",
            Self::ResourceNotFound => "There is no such thing",
            Self::InternalError => "The server failed",
            Self::TooComplexQuery => "The query asks for too much work",
            Self::TooManyResults => "The answer would be too large",
            Self::LdContextNotAvailable => "The @context cannot be had",
            Self::NonexistentTenant => "There is no such tenant",
        }
    }
}

impl Problem {
    /// An error of the NGSI-LD API.
    pub fn ngsi(error: NgsiError, detail: impl Into<String>) -> Self {
        Self::new(
            error.status(),
            Cow::Owned(format!("{ETSI}{}", error.name())),
            error.title(),
            detail,
        )
        .media_type("application/json")
    }

    /// An error of one of our own APIs. The type is `about:blank`: the status says which kind it is.
    pub fn api(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(
            status,
            "about:blank",
            status.canonical_reason().unwrap_or("Error"),
            detail,
        )
    }

    /// An error of one of our own APIs with a type of its own, `urn:mapacha:problem:<name>`.
    pub fn named(status: StatusCode, name: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            status,
            Cow::Owned(format!("urn:mapacha:problem:{name}")),
            title,
            detail,
        )
    }

    fn new(
        status: StatusCode,
        kind: impl Into<Cow<'static, str>>,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Parts {
            status,
            kind: kind.into(),
            title: title.into(),
            detail: detail.into(),
            media_type: "application/problem+json",
            members: Map::new(),
            headers: HeaderMap::new(),
            bare: false,
        }))
    }

    /// A status without a body, where the standard wants just that (411 and 415, 6.3.4).
    pub fn bare(status: StatusCode) -> Self {
        let mut problem = Self::api(status, "");
        problem.0.bare = true;
        problem
    }

    /// The same with another media type.
    #[must_use]
    pub fn media_type(mut self, media_type: &'static str) -> Self {
        self.0.media_type = media_type;
        self
    }

    /// The same with one more member.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more header. A value that a header cannot hold is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// The same, said of the item of an array at `index`, as a JSON pointer.
    #[must_use]
    pub fn of_item(mut self, index: usize) -> Self {
        self.0.detail = format!("item `/{index}`: {}", self.0.detail);
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What is wrong, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The problem details as JSON.
    pub fn to_json(&self) -> Value {
        let parts = &self.0;
        let mut body = json!({
            "type": parts.kind,
            "title": parts.title,
            "status": parts.status.as_u16(),
            "detail": parts.detail,
        });
        if let Some(object) = body.as_object_mut() {
            object.extend(parts.members.clone());
        }
        body
    }

    /// The same as our own APIs send it: another media type, and no NGSI-LD type.
    #[must_use]
    pub fn as_api(mut self) -> Self {
        self.0.media_type = "application/problem+json";
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.0.status == StatusCode::GATEWAY_TIMEOUT {
            // Somebody else's server; whoever asks can name any.
            tracing::info!(detail = %self.0.detail, "request failed");
        } else if self.0.status.is_server_error() {
            tracing::error!(status = self.0.status.as_u16(), detail = %self.0.detail, "request failed");
        }
        if self.0.bare {
            return (self.0.status, self.0.headers).into_response();
        }
        let media_type = HeaderValue::from_static(self.0.media_type);
        let mut response = (self.0.status, Json(self.to_json())).into_response();
        response.headers_mut().extend(self.0.headers);
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}

impl From<ngsi_ld::Error> for Problem {
    fn from(error: ngsi_ld::Error) -> Self {
        use ngsi_ld::ErrorKind;
        let kind = match error.kind {
            ErrorKind::InvalidRequest => NgsiError::InvalidRequest,
            ErrorKind::BadRequestData => NgsiError::BadRequestData,
            ErrorKind::LdContextNotAvailable => NgsiError::LdContextNotAvailable,
            ErrorKind::TooComplexQuery => NgsiError::TooComplexQuery,
        };
        Self::ngsi(kind, error.detail)
    }
}

impl From<twin::Error> for Problem {
    fn from(error: twin::Error) -> Self {
        use twin::Error;
        let detail = error.to_string();
        match error {
            Error::NotFound(_)
            | Error::AttributeNotFound(..)
            | Error::InstanceNotFound(..)
            | Error::Missing(..) => Self::ngsi(NgsiError::ResourceNotFound, detail),
            Error::TooManyOfOneInstant { .. } => Self::ngsi(NgsiError::TooManyResults, detail),
            Error::AlreadyExists(_) | Error::Taken(..) => Self::ngsi(NgsiError::AlreadyExists, detail),
            Error::Forbidden(_) => {
                Self::named(StatusCode::FORBIDDEN, "forbidden", "You may not do that", detail)
                    .member(
                        "remedy",
                        "the city's policies decide (an officer reads and changes them at /access/policies); what is of a \
                         type that nobody has classified is for administrators alone, until `classification` names it",
                    )
                    .media_type("application/json")
            }
            Error::Held(_, hold) => Self::named(
                StatusCode::FORBIDDEN,
                "held",
                "It is under a legal hold",
                detail,
            )
            .member("hold", hold.as_str())
            .member(
                "remedy",
                "ask who keeps the city's data protection: a hold is released at /governance/holds, by another person than \
                 who placed it",
            )
            .media_type("application/json"),
            Error::Conflict(_) => Self::ngsi(NgsiError::Conflict, detail),
            Error::Invalid(error) => error.into(),
            // No room and no time are not the client's fault and pass: 507 and 503 tell a client what to do.
            Error::ReadOnly(_) => Self::named(
                StatusCode::INSUFFICIENT_STORAGE,
                "read-only",
                "The store cannot be written",
                detail,
            )
            .media_type("application/json"),
            Error::Busy { retry_after_s } => Self::named(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many writes are waiting",
                detail,
            )
            .header(header::RETRY_AFTER, &retry_after_s.to_string())
            .media_type("application/json"),
            Error::Preparing(_) => Self::named(
                StatusCode::SERVICE_UNAVAILABLE,
                "preparing",
                "The snapshot is being prepared",
                detail,
            )
            .header(header::RETRY_AFTER, "1")
            .media_type("application/json"),
            Error::Storage(_) => Self::ngsi(NgsiError::InternalError, detail),
        }
    }
}

/// Runs what needs the processor for long on a thread that may be held, away from the executor's.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
        .await
        .map_err(|error| {
            tracing::error!(%error, "a computation panicked");
            Problem::ngsi(
                NgsiError::InternalError,
                "the computation failed; the server's log says why",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_6_3_2_1() {
        for (error, status, kind) in [
            (NgsiError::InvalidRequest, 400, "InvalidRequest"),
            (NgsiError::BadRequestData, 400, "BadRequestData"),
            (NgsiError::AlreadyExists, 409, "AlreadyExists"),
            (NgsiError::Conflict, 409, "Conflict"),
            (NgsiError::OperationNotSupported, 422, "OperationNotSupported"),
            (NgsiError::ResourceNotFound, 404, "ResourceNotFound"),
            (NgsiError::InternalError, 500, "InternalError"),
            (NgsiError::TooComplexQuery, 403, "TooComplexQuery"),
            (NgsiError::TooManyResults, 403, "TooManyResults"),
            (NgsiError::LdContextNotAvailable, 504, "LdContextNotAvailable"),
            (NgsiError::NonexistentTenant, 404, "NonexistentTenant"),
        ] {
            let problem = Problem::ngsi(error, "x");
            assert_eq!(problem.status().as_u16(), status);
            let body = problem.to_json();
            assert_eq!(
                body["type"],
                format!("https://uri.etsi.org/ngsi-ld/errors/{kind}")
            );
            assert_eq!(body["status"], status);
            let response = problem.into_response();
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/json",
                "6.3.3"
            );
        }
    }
}
