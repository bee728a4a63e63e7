//! Pages of other sites that may use this server from a browser: CORS (Fetch standard, 3.3).

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::PublicUrl;

/// How long a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_hours(1);

/// What a page may send beside what every page may.
const SENT: [HeaderName; 14] = [
    header::ACCEPT,
    // A key that the page itself holds; cookies are never sent along.
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::LINK,
    HeaderName::from_static("mapacha-purpose"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("ngsild-tenant"),
    HeaderName::from_static("ngsild-snapshot"),
    HeaderName::from_static("ngsild-entitymap"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-request-id"),
    header::VIA,
];

/// What a page may read beside what every page may.
const READ: [HeaderName; 16] = [
    header::ALLOW,
    header::CONTENT_RANGE,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    header::CONTENT_DISPOSITION,
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("ngsild-results-count"),
    HeaderName::from_static("ngsild-tenant"),
    HeaderName::from_static("ngsild-snapshot"),
    HeaderName::from_static("ngsild-entitymap"),
    HeaderName::from_static("ngsild-warning"),
    HeaderName::from_static("mapacha-snapshot"),
    HeaderName::from_static("mapacha-run-started"),
    HeaderName::from_static("x-request-id"),
];

/// Whose pages may read and write here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Nobody's but this server's own.
    #[default]
    Own,
    /// Those of these origins, as browsers write them.
    These(Vec<HeaderValue>),
    /// Everybody's.
    All,
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoOrigin(String);

impl fmt::Display for NoOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no origin: scheme, host and port, such as `https://map.example.org` or `http://localhost:5173`",
            self.0
        )
    }
}

impl std::error::Error for NoOrigin {}

impl Origins {
    /// Reads a list of origins; `*` among them is everybody.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, NoOrigin> {
        let origins = texts
            .iter()
            .map(AsRef::as_ref)
            .filter(|text| *text != "*")
            .map(|text| origin(text).ok_or_else(|| NoOrigin(text.chars().take(200).collect())))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(match (texts.len(), origins.len()) {
            (0, _) => Self::Own,
            (all, these) if these < all => Self::All,
            _ => Self::These(origins),
        })
    }

    /// Whether a page of this origin may read and write.
    pub(crate) fn allow(&self, origin: Option<&HeaderValue>) -> bool {
        match self {
            Self::Own => false,
            Self::These(these) => origin.is_some_and(|origin| these.contains(origin)),
            Self::All => origin.is_some(),
        }
    }

    /// What tells browsers so; nothing where nobody is allowed. Never with credentials: there are none.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        let layer = match self {
            Self::Own => return None,
            // A page of the internet asks for more when the server is in the reader's own network.
            Self::These(these) => CorsLayer::new()
                .allow_origin(AllowOrigin::list(these.iter().cloned()))
                .allow_private_network(true),
            Self::All => CorsLayer::new().allow_origin(Any),
        };
        Some(
            layer
                .allow_methods([
                    Method::GET,
                    Method::HEAD,
                    Method::POST,
                    Method::PUT,
                    Method::PATCH,
                    Method::DELETE,
                ])
                .allow_headers(SENT)
                .expose_headers(READ)
                .max_age(REMEMBERED),
        )
    }
}

/// An origin as browsers write it: small letters, no port that goes without saying.
fn origin(text: &str) -> Option<HeaderValue> {
    let url = PublicUrl::parse(text).ok()?;
    HeaderValue::from_str(url.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        let of = |texts: &[&str]| Origins::parse(texts);
        let these = |text: &'static str| Ok(Origins::These(vec![HeaderValue::from_static(text)]));
        assert_eq!(of(&[]), Ok(Origins::Own));
        assert_eq!(of(&["*"]), Ok(Origins::All));
        assert_eq!(of(&["https://a.example", "*"]), Ok(Origins::All));
        assert_eq!(
            of(&["HTTPS://Map.Example.org:443"]),
            these("https://map.example.org")
        );
        assert_eq!(of(&["https://a.example/"]), these("https://a.example"));
        assert_eq!(of(&["http://localhost:5173"]), these("http://localhost:5173"));
        assert_eq!(of(&["http://[::1]:80"]), these("http://[::1]"));
        for bad in [
            "",
            "null",
            "a.example",
            "https://a.example/map",
            "https://*.example",
            "https://u@a.example",
            "ftp://a.example",
            "file:///a",
            "https://a.example?x",
        ] {
            let refused = of(&[bad]);
            assert!(refused.is_err(), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn whom_it_allows() {
        let page = HeaderValue::from_static("https://a.example");
        let other = HeaderValue::from_static("https://a.example.evil");
        let these = Origins::parse(&["https://a.example"]).unwrap();
        assert!(these.allow(Some(&page)) && !these.allow(Some(&other)) && !these.allow(None));
        assert!(Origins::All.allow(Some(&other)) && !Origins::All.allow(None));
        assert!(!Origins::Own.allow(Some(&page)));
    }
}
