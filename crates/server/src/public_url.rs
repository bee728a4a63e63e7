//! The address by which others know this server, where a proxy stands before it.

use std::fmt;

use reqwest::Url;

/// Scheme, host and port, such as `https://twin.city.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// As browsers write an origin: without a slash at the end, without the port that the scheme implies.
    origin: String,
    authority: String,
}

/// A text that is no such address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPublicUrl(String);

impl fmt::Display for NoPublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "`{text}` is no address of a server: scheme, host and port, such as `https://twin.city.example`, without a path"
        )
    }
}

impl std::error::Error for NoPublicUrl {}

impl PublicUrl {
    /// Reads an http or https URL that has neither a path nor a user.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: &str) -> Result<Self, NoPublicUrl> {
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
                && !url.host_str().is_some_and(|host| host.contains('*'))
        });
        let origin = url.map(|url| url.origin().ascii_serialization());
        origin
            .and_then(|origin| {
                let authority = origin.split_once("://")?.1.to_owned();
                Some(Self { origin, authority })
            })
            .ok_or_else(|| NoPublicUrl(text.chars().take(200).collect()))
    }

    /// Without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Whether a `Host` header names it.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.authority)
    }

    /// Whether an `Origin` header is that of its pages.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        origin == self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address_of_a_server() {
        for (text, origin, host) in [
            (
                "https://twin.city.example",
                "https://twin.city.example",
                "twin.city.example",
            ),
            (
                "https://Twin.City.example:443/",
                "https://twin.city.example",
                "TWIN.city.example",
            ),
            (
                "http://city.example:8443",
                "http://city.example:8443",
                "city.example:8443",
            ),
            ("http://[::1]:80/", "http://[::1]", "[::1]"),
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!(url.as_str(), origin);
            assert!(url.is_host(host) && url.is_origin(origin), "{text}");
            assert!(!url.is_host("other.example") && !url.is_origin("https://other.example"));
        }
        for text in [
            "",
            "city.example",
            "ftp://city.example",
            "https://city.example/twin",
            "https://city.example/?a",
            "https://city.example/#a",
            "https://user@city.example",
            "https://",
            "https://*.city.example",
            "*",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
