//! From entities to a response: media type, @context, paging (6.3.6, 6.3.10, 6.3.13).

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::conformance::{Version, conform};
use ngsi_ld::context::Context;
use ngsi_ld::{Entity, Error};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::call::Call;
use super::negotiation::{CONTEXT_RELATION, MediaType};
use super::parameters::{PageParameters, flag, number};
use crate::Config;
use crate::problem::{Answer, NgsiError, Problem};

/// The header that tells how many there are in all (6.3.13).
pub(crate) const RESULTS_COUNT: HeaderName = HeaderName::from_static("ngsild-results-count");

/// The header that tells which preference was heeded (RFC 7240).
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The URL of the core @context.
pub(crate) const CORE_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// How a body will carry its @context.
#[derive(Clone, Debug)]
pub(crate) struct Wording {
    /// Compacts names.
    pub context: Context,
    /// The media type.
    pub media_type: MediaType,
    /// The URL for the `Link` header, where the body does not hold the @context.
    link: Option<String>,
    /// The version of the specification that the client prefers (6.3.6).
    version: Option<Version>,
    /// Whether something had to be changed so that it conforms to that version.
    altered: Arc<AtomicBool>,
}

impl Wording {
    /// For an answer of `media_type` to a request with `context`.
    ///
    /// A `Link` names one URL. Where the request's @context is more than that (an inline object), the answer is
    /// compacted by the core @context instead: longer names, but such as the client can read.
    pub(crate) fn new(context: Context, media_type: MediaType, headers: &HeaderMap) -> Self {
        let prefers_json = preference(headers, "body").is_some_and(|body| body.eq_ignore_ascii_case("json"));
        let version = preference(headers, "ngsi-ld").and_then(|text| Version::parse(&text));
        let altered = Arc::default();
        let in_body = match media_type {
            MediaType::Json => false,
            MediaType::LdJson => true,
            MediaType::GeoJson => !prefers_json,
        };
        if in_body {
            return Self {
                context,
                media_type,
                link: None,
                version,
                altered,
            };
        }
        match sole_url(context.to_json()) {
            Some(url) => Self {
                context,
                media_type,
                link: Some(url),
                version,
                altered,
            },
            None => Self {
                context: Context::core().clone(),
                media_type,
                link: Some(CORE_CONTEXT.to_owned()),
                version,
                altered,
            },
        }
    }

    /// An entity as the version that the client prefers would have it (4.3.6.8), or, of an `evolution`, its history.
    pub(crate) fn conform<'a>(&self, entity: &'a Entity, evolution: bool) -> Cow<'a, Entity> {
        let old = self
            .version
            .and_then(|version| conform(entity, version, evolution, &self.context));
        match old {
            None => Cow::Borrowed(entity),
            Some(old) => {
                self.altered.store(true, Ordering::Relaxed);
                Cow::Owned(old)
            }
        }
    }

    /// The same of an entity that others hold too.
    pub(crate) fn conformed(&self, entity: &Arc<Entity>) -> Arc<Entity> {
        match self.conform(entity, false) {
            Cow::Borrowed(_) => Arc::clone(entity),
            Cow::Owned(old) => Arc::new(old),
        }
    }

    /// Puts the @context into an object that is a body, or an item of one.
    pub(crate) fn finish(&self, mut object: Map<String, Value>) -> Value {
        if self.link.is_none() {
            object.insert("@context".to_owned(), self.context.to_json().clone());
        }
        Value::Object(object)
    }

    /// The body that holds these: an array, or in GeoJSON a FeatureCollection of these Features.
    pub(crate) fn bytes_of_all(&self, objects: Vec<Map<String, Value>>) -> Answer<Vec<u8>> {
        if self.media_type == MediaType::GeoJson {
            let features = objects.into_iter().map(Value::Object).collect();
            let mut collection = Map::with_capacity(3);
            collection.insert("type".to_owned(), "FeatureCollection".into());
            collection.insert("features".to_owned(), Value::Array(features));
            return bytes(&self.finish(collection));
        }
        let objects: Vec<_> = objects.into_iter().map(|object| self.finish(object)).collect();
        bytes(&objects)
    }

    /// The response, its body written.
    pub(crate) fn respond(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(body));
        // 6.4.3.2: what was altered says so by its status.
        *response.status_mut() = match status {
            StatusCode::OK | StatusCode::CREATED if self.altered.load(Ordering::Relaxed) => {
                StatusCode::NON_AUTHORITATIVE_INFORMATION
            }
            status => status,
        };
        let headers = response.headers_mut();
        if let Some(version) = self.version
            && let Ok(value) = HeaderValue::from_str(&format!("ngsi-ld={version}"))
        {
            headers.insert(PREFERENCE_APPLIED, value);
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.media_type.as_str()),
        );
        if let Some(url) = &self.link {
            let link = format!("<{url}>; rel=\"{CONTEXT_RELATION}\"; type=\"application/ld+json\"");
            if let Ok(value) = HeaderValue::from_str(&link) {
                headers.append(header::LINK, value);
            }
        }
        response
    }
}

/// The value of a preference of the client (RFC 7240), if it has it.
fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all("prefer").iter();
    let preferences = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    preferences
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// The one URL that says all of an @context; the core's beside it says nothing new.
fn sole_url(context: &Value) -> Option<String> {
    match context {
        Value::String(url) => Some(url.clone()),
        Value::Array(parts) => {
            let core = |part: &Value| {
                part.as_str().is_some_and(|url| {
                    url.contains("://uri.etsi.org/ngsi-ld/") && url.contains("core-context")
                })
            };
            let mut others = parts.iter().filter(|part| !core(part));
            match (others.next(), others.next()) {
                (None, _) => Some(CORE_CONTEXT.to_owned()),
                (Some(Value::String(url)), None) => Some(url.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Writes JSON. It cannot fail on what this program builds.
pub(crate) fn bytes(value: &impl serde::Serialize) -> Answer<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| {
        Problem::ngsi(
            NgsiError::InternalError,
            format!("the answer could not be written: {error}"),
        )
    })
}

/// Which page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// At most so many.
    pub limit: usize,
    /// After so many.
    pub offset: usize,
    /// Whether the total is wanted.
    pub count: bool,
}

impl PageRequest {
    /// Reads the parameters (6.3.10, 6.3.13).
    pub(crate) fn parse(parameters: &PageParameters, config: &Config) -> Answer<Self> {
        let count = flag("count", parameters.count.as_deref())?;
        // 5.5.2: what does not meet the requirements of the operation is BadRequestData.
        let whole = |name: &str, text: Option<&str>| {
            number(name, text).map_err(|error| Error::bad_data(error.detail))
        };
        let limit = whole("limit", parameters.limit.as_deref())?.unwrap_or(config.default_page_size);
        let offset = whole("offset", parameters.offset.as_deref())?.unwrap_or(0);
        if limit == 0 && !count {
            return Err(Error::bad_data("`limit=0` goes with `count=true` only").into());
        }
        if limit > config.max_page_size {
            return Err(Problem::ngsi(
                NgsiError::TooManyResults,
                format!(
                    "`limit` is at most {}; page through with `offset`",
                    config.max_page_size
                ),
            ));
        }
        Ok(Self { limit, offset, count })
    }

    /// The same, with the total where `options` has the keyword `count`, as clients of earlier versions ask for it.
    pub(crate) fn counting(mut self, options: Option<&str>) -> Self {
        self.count |= options.is_some_and(|options| options.split(',').any(|one| one.trim() == "count"));
        self
    }

    /// Where the next and the previous page begin, where there are such.
    pub(crate) fn around(&self, shown: usize, more: bool) -> (Option<usize>, Option<usize>) {
        let next = (more && shown > 0).then(|| self.offset.saturating_add(shown));
        let previous = (self.offset > 0 && self.limit > 0).then(|| self.offset.saturating_sub(self.limit));
        (next, previous)
    }

    /// The same where it is known how many there are.
    pub(crate) fn around_of(&self, shown: usize, total: usize) -> (Option<usize>, Option<usize>) {
        if self.is_beyond(shown) {
            self.beyond(total)
        } else {
            self.around(shown, self.offset.saturating_add(shown) < total)
        }
    }

    /// Whether nothing is shown because the page begins after the end.
    pub(crate) fn is_beyond(&self, shown: usize) -> bool {
        shown == 0 && self.offset > 0 && self.limit > 0
    }

    /// The same pages where this one begins after the end: the one before is the last that holds something (6.3.10).
    pub(crate) fn beyond(&self, total: usize) -> (Option<usize>, Option<usize>) {
        let last = total.saturating_sub(self.limit).min(self.offset);
        (None, (total > 0).then_some(last))
    }

    /// Adds the count, and the links to the next and the previous page.
    pub(crate) fn link_pages(
        &self,
        response: &mut Response,
        call: &Call,
        media_type: MediaType,
        (next, previous): (Option<usize>, Option<usize>),
        total: Option<usize>,
    ) {
        let headers = response.headers_mut();
        if let Some(total) = total.filter(|_| self.count) {
            headers.insert(RESULTS_COUNT, HeaderValue::from(total));
        }
        let mut link = |relation: &str, offset: usize| {
            let query = page_query(call.target.query().unwrap_or(""), self.limit, offset);
            let (path, kind) = (call.target.path(), media_type.as_str());
            let value = format!("<{path}?{query}>; rel=\"{relation}\"; type=\"{kind}\"");
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(header::LINK, value);
            }
        };
        if let Some(offset) = next {
            link("next", offset);
        }
        if let Some(offset) = previous {
            link("prev", offset);
        }
    }
}

/// The query string of another page: all as it was but `limit` and `offset`, in the order of names, so that the
/// same page has one address.
fn page_query(query: &str, limit: usize, offset: usize) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        // The map that was made for the first page is named by a header; asked for again, it would be another one.
        .filter(|(name, _)| !name.is_empty() && !["limit", "offset", "entityMap"].contains(&&**name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    pairs.push(("limit".to_owned(), limit.to_string()));
    pairs.push(("offset".to_owned(), offset.to_string()));
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let written: Vec<_> = pairs
        .iter()
        .map(|(name, value)| {
            let (name, value) = [name, value]
                .map(|text| utf8_percent_encode(text, IN_QUERY))
                .into();
            format!("{name}={value}")
        })
        .collect();
    written.join("&")
}

/// What a name or a value of a query string cannot hold as it is (RFC 3986, 3.4, and `&`, `=`, `+`, `;`).
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b'/')
    .remove(b'?');

/// 204.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 201 with the path of what is new.
pub(crate) fn created(path: &str, id: &ngsi_ld::Uri) -> Response {
    let location = format!("{path}/{}", path_segment(id.as_str()));
    let mut response = StatusCode::CREATED.into_response();
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// An id as one segment of a path.
pub(crate) fn path_segment(id: &str) -> impl std::fmt::Display + '_ {
    const KEEP: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b':')
        .remove(b'@')
        .remove(b'!')
        .remove(b'$')
        .remove(b'&')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')')
        .remove(b'*')
        .remove(b'+')
        .remove(b',')
        .remove(b';')
        .remove(b'=');
    percent_encoding::utf8_percent_encode(id, KEEP)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_page_keeps_every_other_parameter() {
        assert_eq!(page_query("", 20, 20), "limit=20&offset=20");
        assert_eq!(
            page_query(
                "type=A%7CB&limit=5&q=a%3D%3D%221+2%22&offset=5&count=true&id=urn:a:b",
                5,
                10
            ),
            "count=true&id=urn:a:b&limit=5&offset=10&q=a%3D%3D%221%202%22&type=A%7CB"
        );
    }

    #[test]
    fn clause_6_3_10_before_what_is_beyond_the_end_is_the_end() {
        let page = |limit, offset| PageRequest {
            limit,
            offset,
            count: false,
        };
        assert_eq!(page(5, 0).around_of(5, 12), (Some(5), None));
        assert_eq!(page(5, 10).around_of(2, 12), (None, Some(5)));
        assert_eq!(page(5, 999_999).around_of(0, 12), (None, Some(7)));
        assert_eq!(page(5, 12).around_of(0, 12), (None, Some(7)));
        assert_eq!(page(5, 999_999).around_of(0, 3), (None, Some(0)));
        assert_eq!(page(5, 999_999).around_of(0, 0), (None, None));
    }

    #[test]
    fn a_link_can_say_a_context_that_is_one_url() {
        assert_eq!(sole_url(&json!("http://a/c")), Some("http://a/c".into()));
        assert_eq!(
            sole_url(&json!(["http://a/c", CORE_CONTEXT])),
            Some("http://a/c".into())
        );
        assert_eq!(sole_url(&json!([CORE_CONTEXT])), Some(CORE_CONTEXT.into()));
        assert_eq!(sole_url(&json!([{"a": "http://a/"}, CORE_CONTEXT])), None);
        assert_eq!(sole_url(&json!(["http://a/c", "http://b/c"])), None);
    }

    #[test]
    fn clause_6_3_6_preferences_are_found_in_every_spelling() {
        for (prefer, expected) in [
            ("ngsi-ld=1.0", Some("1.0")),
            ("NGSI-LD=1.0", Some("1.0")),
            ("ngsi-ld=\"1.0\"", Some("1.0")),
            ("ngsi-ld = 1.0;q=0.1", Some("1.0")),
            ("respond-async, ngsi-ld=1.0", Some("1.0")),
            ("respond-async", None),
            ("wait=10; ngsi-ld=1.0", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_static(prefer));
            assert_eq!(preference(&headers, "ngsi-ld").as_deref(), expected, "{prefer}");
        }
    }

    #[test]
    fn ids_become_one_segment() {
        assert_eq!(path_segment("urn:ngsi-ld:A:b").to_string(), "urn:ngsi-ld:A:b");
        assert_eq!(
            path_segment("http://a.b/c?d#e%2Fä").to_string(),
            "http:%2F%2Fa.b%2Fc%3Fd%23e%252F%C3%A4"
        );
    }
}
