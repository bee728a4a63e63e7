//! Which names entities, attributes and scopes may have (4.6.2, 4.18, 4.5.1).

use crate::name::{NGSI_LD, Name, is_simple_name};

/// Whether a type, an attribute or a vocabulary term may be written so: a name of letters, numbers and `_` that
/// starts with a letter, with a prefix or not; or an IRI.
pub(super) fn is_name(text: &str) -> bool {
    match text.split_once(':') {
        None => is_simple_name(text),
        Some((prefix, rest)) => {
            (is_simple_name(prefix) && is_simple_name(rest))
                || crate::name::Uri::parse(text).is_ok() && !text.contains(['\'', '=', ';', '(', ')', ','])
        }
    }
}

/// What a name that is refused should have been.
pub(super) const NAME_REMEDY: &str =
    "start with a letter and go on with letters, numbers and `_` (4.6.2); for anything else use a full IRI";

/// Names of the core vocabulary that are members of entities and attributes, not attributes, and cannot be used
/// as such (4.5.1). `inside`: of an attribute, where those that hold its value are taken too.
pub(super) fn is_reserved(name: &Name, inside: bool) -> bool {
    let Some(segment) = name.as_str().strip_prefix(NGSI_LD) else {
        return false;
    };
    match segment {
        "datasetId" | "instanceId" | "observedAt" | "createdAt" | "modifiedAt" | "deletedAt"
        | "expiresAt" | "unitCode" | "lang" | "hasObjectType" | "hasValueType" | "entityIdSealed"
        | "entityTypeSealed" => true,
        "scope" => !inside,
        "hasValue" | "hasObject" | "hasLanguageMap" | "hasJSON" | "hasVocab" | "hasValueList"
        | "hasObjectList" => inside,
        other => other.starts_with("hasPrevious"),
    }
}

/// Whether a text is a Scope: `/Nairobi/Westlands`.
pub(crate) fn is_scope(text: &str) -> bool {
    text.strip_prefix('/')
        .unwrap_or(text)
        .split('/')
        .all(is_simple_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_scopes_follow_their_grammars() {
        for good in [
            "speed",
            "été_2",
            "速度",
            "sdm:speed",
            "https://example.org/a#b",
            "urn:x:y",
        ] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "", "2x", "_x", "a b", "a<b", "a>b", "a\"b", "a'b", "a=b", "a;b", "a(b)", "a-b", "a:b c", "x:a=b",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
        for good in ["/Madrid", "Madrid", "/Madrid/Gardens/ParqueNorte", "/A_1/B"] {
            assert!(is_scope(good), "{good}");
        }
        for bad in ["", "/", "//a", "/a/", "/1a", "/a-b", "/a b"] {
            assert!(!is_scope(bad), "{bad}");
        }
    }
}
