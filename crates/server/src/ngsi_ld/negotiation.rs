//! Media types (6.3.4) and the @context in `Link` (6.3.5).

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use ngsi_ld::Error;

use crate::Problem;

/// The relation by which a `Link` names an @context.
pub(crate) const CONTEXT_RELATION: &str = "http://www.w3.org/ns/json-ld#context";

/// A representation that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`: the @context is in a `Link`.
    Json,
    /// `application/ld+json`: the @context is in the body.
    LdJson,
    /// `application/geo+json`.
    GeoJson,
}

impl MediaType {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::LdJson => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What the client accepts best; of equals, the first of the standard's list (6.3.4). `geo`: whether GeoJSON is
/// to be had, which is so for Retrieve and Query Entities only.
pub(crate) fn accepted(headers: &HeaderMap, geo: bool) -> Result<MediaType, Problem> {
    let offered: &[MediaType] = if geo {
        &[MediaType::Json, MediaType::LdJson, MediaType::GeoJson]
    } else {
        &[MediaType::Json, MediaType::LdJson]
    };
    let values: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .collect();
    if values.is_empty() {
        return Ok(MediaType::Json);
    }
    let mut best: Option<(MediaType, f32)> = None;
    for &media_type in offered {
        let weight = weight(&values, media_type.as_str());
        if weight > best.map_or(0.0, |(_, weight)| weight) {
            best = Some((media_type, weight));
        }
    }
    best.map(|(media_type, _)| media_type).ok_or_else(|| {
        let available: Vec<_> = offered.iter().map(|media_type| media_type.as_str()).collect();
        Problem::api(
            StatusCode::NOT_ACCEPTABLE,
            format!(
                "nothing that `Accept` names can be had here; available are {}",
                available.join(", ")
            ),
        )
        .media_type("application/json")
        .member("availableRepresentations", available)
    })
}

/// The weight that a request's `Accept` gives to a media type; without the header, every one is as good.
pub(crate) fn weight_of(headers: &HeaderMap, media_type: &str) -> f32 {
    let values: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    if values.is_empty() {
        1.0
    } else {
        weight(&values, media_type)
    }
}

/// The weight that `Accept` gives to a media type: that of its most specific range (RFC 9110, 12.5.1).
fn weight(values: &[&str], media_type: &str) -> f32 {
    let (main, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    let mut best = (0, 0.0);
    for range in values.iter().flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or("").to_ascii_lowercase();
        let specific = match name.as_str() {
            "*/*" => 1,
            _ if name == media_type => 3,
            _ if name.strip_suffix("/*") == Some(main) => 2,
            _ => continue,
        };
        let quality = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let quality = quality.map_or(1.0, |q| q.parse::<f32>().unwrap_or(1.0).clamp(0.0, 1.0));
        if specific > best.0 {
            best = (specific, quality);
        }
    }
    best.1
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyType {
    /// `application/json`, or `application/merge-patch+json` with PATCH, which is the same.
    Json,
    /// `application/ld+json`.
    LdJson,
}

/// What `Content-Type` says, or 415 without a body (6.3.4).
pub(crate) fn body_type(headers: &HeaderMap, patch: bool) -> Result<BodyType, Problem> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let name = value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match name.as_str() {
        "application/json" => Ok(BodyType::Json),
        "application/ld+json" => Ok(BodyType::LdJson),
        "application/merge-patch+json" if patch => Ok(BodyType::Json),
        _ => Err(unsupported(patch)),
    }
}

/// 415 has no body (6.3.4); what would be taken is in a header (RFC 9110, 15.5.16).
fn unsupported(patch: bool) -> Problem {
    let taken = if patch {
        "application/json, application/ld+json, application/merge-patch+json"
    } else {
        "application/json, application/ld+json"
    };
    // PATCH has a header of its own (RFC 5789, 2.2).
    let of_method = HeaderName::from_static(if patch { "accept-patch" } else { "accept-post" });
    Problem::bare(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .header(header::ACCEPT, taken)
        .header(of_method, taken)
}

/// The URL of the @context that a `Link` header names, if one does.
pub(crate) fn linked_context(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut found: Option<String> = None;
    for value in headers.get_all(header::LINK) {
        let value = value
            .to_str()
            .map_err(|_not_ascii| Error::invalid("`Link` holds bytes that are not ASCII"))?;
        for link in links(value)? {
            let is_context = link.parameters.iter().any(|(name, value)| {
                name == "rel"
                    && value
                        .split_ascii_whitespace()
                        .any(|relation| relation == CONTEXT_RELATION)
            });
            if !link.parameters.iter().any(|(name, _)| name == "rel") {
                return Err(Error::invalid(format!(
                    "`Link` has no `rel`; of an @context it is rel=\"{CONTEXT_RELATION}\""
                )));
            }
            if !is_context {
                continue;
            }
            if found.as_ref().is_some_and(|other| *other != link.target) {
                return Err(Error::invalid("`Link` names more than one @context; name one"));
            }
            found = Some(link.target);
        }
    }
    Ok(found)
}

struct Link {
    target: String,
    parameters: Vec<(String, String)>,
}

/// Reads a `Link` header's value (RFC 8288, 3).
fn links(value: &str) -> Result<Vec<Link>, Error> {
    let malformed = || Error::invalid("`Link` is not of the form `<URL>; rel=\"…\"; type=\"…\"`");
    let mut links = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let after = rest.strip_prefix('<').ok_or_else(malformed)?;
        let (target, after) = after.split_once('>').ok_or_else(malformed)?;
        let mut link = Link {
            target: target.trim().to_owned(),
            parameters: Vec::new(),
        };
        rest = after.trim_start();
        while let Some(after) = rest.strip_prefix(';') {
            let after = after.trim_start();
            let end = after.find(['=', ';', ',']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let (text, after) = match after.strip_prefix('=') {
                None => (String::new(), after),
                Some(after) => parameter_value(after.trim_start()).ok_or_else(malformed)?,
            };
            link.parameters.push((name.trim().to_ascii_lowercase(), text));
            rest = after.trim_start();
        }
        links.push(link);
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(malformed()),
        };
    }
    Ok(links)
}

/// A token or a quoted string, and what follows it.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return Some((token.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn clause_6_3_4_accept() {
        use MediaType::{GeoJson, Json, LdJson};
        for (accept, expected) in [
            (&[][..], Some(Json)),
            (&["*/*"], Some(Json)),
            (&["application/*"], Some(Json)),
            (&["application/json"], Some(Json)),
            (&["application/ld+json"], Some(LdJson)),
            (&["application/ld+json, application/json"], Some(Json)),
            (&["application/ld+json", "application/json;q=0.9"], Some(LdJson)),
            (&["application/geo+json"], Some(GeoJson)),
            (&["application/geo+json, */*;q=0.1"], Some(GeoJson)),
            (&["application/json;q=0, */*"], Some(LdJson)),
            (&["text/html,application/xhtml+xml,*/*;q=0.8"], Some(Json)),
            (&["Application/LD+JSON ; Q=1"], Some(LdJson)),
            (&["text/html"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=x"], Some(Json)), // no weight
            (&[""], None),
        ] {
            assert_eq!(
                accepted(&headers(&header::ACCEPT, accept), true).ok(),
                expected,
                "{accept:?}"
            );
        }
        let only_geo = headers(&header::ACCEPT, &["application/geo+json"]);
        let problem = accepted(&only_geo, false).unwrap_err();
        assert_eq!(problem.status(), StatusCode::NOT_ACCEPTABLE);
        assert_eq!(
            problem.to_json()["availableRepresentations"][1],
            "application/ld+json"
        );
    }

    #[test]
    fn clause_6_3_4_content_type() {
        for (value, patch, expected) in [
            ("application/json", false, Some(BodyType::Json)),
            ("application/json; charset=utf-8", false, Some(BodyType::Json)),
            ("APPLICATION/LD+JSON", false, Some(BodyType::LdJson)),
            ("application/merge-patch+json", true, Some(BodyType::Json)),
            ("application/merge-patch+json", false, None),
            ("text/plain", false, None),
            ("", false, None),
        ] {
            let headers = headers(&header::CONTENT_TYPE, &[value]);
            assert_eq!(body_type(&headers, patch).ok(), expected, "{value}");
        }
        assert!(body_type(&HeaderMap::new(), false).is_err());
    }

    #[test]
    fn clause_6_3_5_link() {
        let context =
            format!("<http://a.example/c>; rel=\"{CONTEXT_RELATION}\"; type=\"application/ld+json\"");
        let found = |values: &[&str]| linked_context(&headers(&header::LINK, values));
        let a = Some("http://a.example/c".to_owned());
        assert_eq!(found(&[]).unwrap(), None);
        assert_eq!(found(&[&context]).unwrap(), a);
        assert_eq!(found(&[&context, &context]).unwrap(), a);
        assert_eq!(found(&["<http://b.example>; rel=next", &context]).unwrap(), a);
        assert_eq!(
            found(&[&format!("<http://b.example/a,b;c>; rel=\"next prev\", {context}")]).unwrap(),
            a
        );
        assert_eq!(
            found(&[&format!(
                "<http://a.example/c>;title=\"a\\\"b,\";rel={CONTEXT_RELATION}"
            )])
            .unwrap(),
            a
        );
        assert!(found(&[&context, &context.replace("a.example", "b.example")]).is_err());
        for bad in [
            "x",
            "<http://a",
            "<http://a>; rel=\"x",
            "<http://a> x",
            "<http://a>; rel=\"\\",
        ] {
            assert!(found(&[bad]).is_err(), "{bad}");
        }
    }
}
