//! The core @context, built in: a table of terms by version, and the URLs that it answers to.

use serde_json::{Map, Value as Json};

use crate::name::DEFAULT_CONTEXT;

/// The URL of the core @context that this crate implements.
pub const CORE_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// The newest minor version in the table: 1.9.
pub(super) const NEWEST: u8 = 9;

const TERMS: &str = include_str!("core-terms.tsv");

/// The minor version (9 for 1.9) of a core @context URL; that without version is the newest.
pub(super) fn version_of(url: &str) -> Option<u8> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let version = rest
        .strip_prefix("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context")?
        .strip_suffix(".jsonld")?;
    if version.is_empty() {
        return Some(NEWEST);
    }
    version
        .strip_prefix("-v1.")?
        .parse()
        .ok()
        .filter(|minor| (3..=NEWEST).contains(minor))
}

/// The core @context of a minor version as a document: `{"@context": {…}}`.
pub(super) fn document(minor: u8) -> Json {
    let mut terms = Map::new();
    terms.insert("@version".into(), Json::from(1.1));
    terms.insert("@protected".into(), Json::from(true));
    for line in TERMS.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (term, iri, coercion, container, since, until) = (next(), next(), next(), next(), next(), next());
        let holds = |text: &str, default: u8| {
            text.strip_prefix("1.")
                .map_or(default, |n| n.parse().unwrap_or(default))
        };
        if holds(since, 0) > minor || holds(until, NEWEST) < minor {
            continue;
        }
        let definition = if coercion.is_empty() && container.is_empty() {
            Json::from(iri)
        } else {
            let mut definition = Map::new();
            definition.insert("@id".into(), iri.into());
            for (key, text) in [("@type", coercion), ("@container", container)] {
                if !text.is_empty() {
                    definition.insert(key.into(), text.into());
                }
            }
            Json::Object(definition)
        };
        terms.insert(term.into(), definition);
    }
    terms.insert("@vocab".into(), DEFAULT_CONTEXT.into());
    Json::Object(Map::from_iter([("@context".to_owned(), Json::Object(terms))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_table_is_the_published_context() {
        let Some(folder) = testing::data("ngsi-ld/contexts") else {
            return;
        };
        for minor in 6..=NEWEST {
            let terms = |mut json: Json| {
                let terms = json["@context"].as_object_mut().unwrap();
                terms.retain(|term, _| !matches!(term.as_str(), "@version" | "@protected"));
                json
            };
            let published = testing::json(&folder.join(format!("core-v1.{minor}.jsonld")));
            assert_eq!(terms(document(minor)), terms(published), "v1.{minor}");
        }
    }

    #[test]
    fn urls_of_the_core_are_known() {
        for (url, minor) in [
            (CORE_URL, Some(9)),
            (
                "http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld",
                Some(3),
            ),
            (
                "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
                Some(9),
            ),
            (
                "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.10.jsonld",
                None,
            ),
            (
                "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.x.jsonld",
                None,
            ),
            ("https://example.org/ngsi-ld-core-context.jsonld", None),
        ] {
            assert_eq!(version_of(url), minor, "{url}");
        }
    }
}
