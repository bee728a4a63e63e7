//! Names: entity identifiers and expanded terms, shared rather than copied.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The IRI prefix of the NGSI-LD core vocabulary.
pub const NGSI_LD: &str = "https://uri.etsi.org/ngsi-ld/";
/// The IRI prefix that the core @context gives to every term it does not know (`@vocab`, 4.4).
pub const DEFAULT_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// An expanded name (a full IRI): an entity type, an attribute name, a vocabulary term.
///
/// Cheap to clone. Two names are equal when their texts are; the comparison looks at the pointers first,
/// because names that came through the same compiled @context share theirs.
#[derive(Clone, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(Arc<str>);

impl Name {
    /// A name that is already an IRI. Nothing is expanded.
    pub fn from_iri(iri: impl Into<Arc<str>>) -> Self {
        Self(iri.into())
    }

    /// The name a term gets when only the core @context applies and does not define it:
    /// `GtfsStop` → `https://uri.etsi.org/ngsi-ld/default-context/GtfsStop`.
    ///
    /// For terms of the core @context (`location`, `observedAt` …) use [`crate::context::Context::core`].
    pub fn default_term(term: &str) -> Self {
        Self(format!("{DEFAULT_CONTEXT}{term}").into())
    }

    /// The whole IRI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment, for people: what stands after the last `/`, `#` or `:`.
    pub fn short(&self) -> &str {
        self.0.rsplit(['/', '#', ':']).next().unwrap_or(&self.0)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identifier of an entity, a data set, an attribute instance: an absolute URI (4.6.3; RFC 3986).
#[derive(Clone, Eq, PartialEq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uri(Arc<str>);

/// A text that is not an absolute URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an absolute URI: it needs a scheme, as in `urn:ngsi-ld:Vehicle:A4567`, and no spaces")]
pub struct NotAUri(pub String);

impl Uri {
    /// Checks that the text has a scheme and a rest, and no character that a URI cannot hold, or nobody can see.
    pub fn parse(text: &str) -> Result<Self, NotAUri> {
        let bad = || NotAUri(text.chars().take(200).collect());
        let (scheme, rest) = text.split_once(':').ok_or_else(bad)?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let rest_ok = !rest.is_empty()
            && !rest
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c) || is_unseen(c));
        if scheme_ok && rest_ok {
            Ok(Self(text.into()))
        } else {
            Err(bad())
        }
    }

    /// `urn:ngsi-ld:<type>:<local>`, with whatever a URI cannot hold percent-encoded in `local`.
    pub fn ngsi_ld(entity_type: &str, local: &str) -> Self {
        const KEEP: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'_')
            .remove(b'.')
            .remove(b':')
            .remove(b'~');
        let local = percent_encoding::utf8_percent_encode(local, KEEP);
        Self(format!("urn:ngsi-ld:{entity_type}:{local}").into())
    }

    /// The text of the URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows `urn:ngsi-ld:<type>:`, or the whole URI when it has another form.
    pub fn local(&self) -> &str {
        let mut parts = self.0.splitn(4, ':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("urn"), Some("ngsi-ld"), Some(_), Some(local)) => local,
            _ => &self.0,
        }
    }
}

/// Characters of RFC 3987's `ucschar` that leave no mark, or turn the order of others: with one of them an id looks
/// like another. Default ignorable code points, bidirectional controls, fillers, blanks, noncharacters.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

impl Borrow<str> for Uri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is a name by itself, without a prefix and not as an IRI (4.6.2).
pub(crate) fn is_simple_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_needs_a_scheme_and_a_rest() {
        for good in ["urn:ngsi-ld:Vehicle:A1", "http://a.example/x?y=1#z", "urn:x:ä"] {
            assert!(Uri::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "A1", ":x", "urn:", "1a:b", "urn:a b", "urn:<x>"] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_made_id_escapes_what_a_uri_cannot_hold() {
        let id = Uri::ngsi_ld("GtfsStop", "0001 RLW/é");
        assert_eq!(id.as_str(), "urn:ngsi-ld:GtfsStop:0001%20RLW%2F%C3%A9");
        assert_eq!(id.local(), "0001%20RLW%2F%C3%A9");
        assert!(Uri::parse(id.as_str()).is_ok());
    }
}
