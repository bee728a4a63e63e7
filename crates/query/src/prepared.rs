//! A selection made ready for many entities.

use std::collections::HashSet;

use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Error, Name, Uri};

use crate::Selection;
use crate::evaluate::Filter;
use crate::geometry::GeoFilter;
use crate::links::Links;
use crate::selector::Selector;

/// A [`Selection`] with its regular expressions compiled and its reference geometry checked.
#[derive(Clone, Debug)]
pub struct Prepared {
    ids: HashSet<Uri>,
    id_pattern: Option<regex::Regex>,
    types: Option<TypeSelection>,
    any: Vec<Selector>,
    attributes: Vec<Name>,
    q: Option<Filter>,
    geo: Option<GeoFilter>,
    scope: Option<ScopeQuery>,
}

impl Prepared {
    /// Fails on a regular expression that does not compile or grows too large, and on a reference polygon that
    /// crosses itself.
    pub fn new(selection: &Selection) -> Result<Self, Error> {
        Ok(Self {
            ids: selection.ids.iter().cloned().collect(),
            id_pattern: selection.id_pattern.clone(),
            types: selection.types.clone(),
            any: selection.any.clone(),
            attributes: selection.attributes.clone(),
            q: selection.q.as_ref().map(Filter::new).transpose()?,
            geo: selection.geo.as_ref().map(GeoFilter::new).transpose()?,
            scope: selection.scope.clone(),
        })
    }

    /// Whether an entity is selected. What the caller may not see must have been taken away before
    /// ([`crate::View::of`]). Terms on linked entities do not hold: see [`Self::matches_linked`].
    pub fn matches(&self, entity: &Entity) -> bool {
        self.matches_linked(entity, &Links::none())
    }

    /// The same, with the entities that its relationships lead to. When all are asked, [`Links::check`] says whether
    /// the answers hold.
    pub fn matches_linked(&self, entity: &Entity, links: &Links<'_>) -> bool {
        // The cheap ones first.
        self.types
            .as_ref()
            .is_none_or(|types| types.matches(&entity.types))
            && (self.ids.is_empty() || self.ids.contains(&entity.id))
            && (self.attributes.is_empty()
                || entity
                    .attributes
                    .iter()
                    .any(|a| self.attributes.contains(&a.name)))
            && self
                .scope
                .as_ref()
                .is_none_or(|scope| scope.matches(&entity.scope))
            && self
                .id_pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(entity.id.as_str()))
            && (self.any.is_empty() || self.any.iter().any(|one| one.matches(entity)))
            && self.geo.as_ref().is_none_or(|geo| geo.matches(entity))
            && self.q.as_ref().is_none_or(|q| q.matches(entity, links))
    }
}
