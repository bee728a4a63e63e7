//! How an entity is to be written.

use crate::name::{Name, Uri};
use crate::query::temporal::TimeProperty;

/// A representation of entities (4.5.1, 4.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Every attribute with its `type`.
    #[default]
    Normalized,
    /// Lossless, without what can be inferred.
    Concise,
    /// Values only (`keyValues`).
    Simplified,
}

/// A representation of the evolution of an entity (4.5.6 to 4.5.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TemporalFormat {
    /// Every instance in full.
    #[default]
    Normalized,
    /// `[value, instant]` pairs (4.5.9).
    TemporalValues,
}

/// What a response holds of an entity. `WriteOptions::default()` is normalized, everything, no system times.
///
/// `pick`, `omit` and `attrs` hold names expanded with the request's @context: `context.expand("id")` is `@id`,
/// `context.expand("type")` is `@type`, `context.expand("scope")` the core term.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// The representation.
    pub format: Format,
    /// Whether `createdAt`, `modifiedAt` and `expiresAt` are written (Table 6.3.11-1).
    pub sys_attrs: bool,
    /// The language filter (4.15), as an `Accept-Language` value: `fr,en;q=0.5,*`. LanguageProperties become
    /// Properties.
    pub lang: Option<String>,
    /// Only these members (4.21); empty: all.
    pub pick: Vec<Name>,
    /// Not these members (4.21).
    pub omit: Vec<Name>,
    /// Only these attributes, beside `id`, `type` and `scope`; empty: all.
    pub attrs: Vec<Name>,
    /// Only instances with these `datasetId`s, `None` being the default instance (`@none`); empty: all.
    pub dataset_ids: Vec<Option<Uri>>,
    /// The instant of `temporalValues` pairs; an instance that lacks it gives its `observedAt`, else `modifiedAt`.
    pub time_property: TimeProperty,
}

impl WriteOptions {
    /// Whether an attribute is written.
    pub fn shows(&self, attribute: &Name) -> bool {
        (self.attrs.is_empty() || self.attrs.contains(attribute)) && self.shows_member(attribute.as_str())
    }

    /// Whether `pick` and `omit` let a member through.
    pub(super) fn shows_member(&self, name: &str) -> bool {
        (self.pick.is_empty() || self.pick.iter().any(|picked| picked.as_str() == name))
            && !self.omit.iter().any(|omitted| omitted.as_str() == name)
    }

    /// Whether the instance of a data set is written.
    pub fn shows_dataset(&self, dataset_id: Option<&Uri>) -> bool {
        self.dataset_ids.is_empty() || self.dataset_ids.iter().any(|asked| asked.as_ref() == dataset_id)
    }
}
