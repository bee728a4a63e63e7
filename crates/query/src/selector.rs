//! A way of naming entities by id and type (EntitySelector, 5.2.33).

use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Uri};
use regex::Regex;

/// Names entities. All that is given must hold.
#[derive(Clone, Debug)]
pub struct Selector {
    /// One of these, in order; empty: any.
    ids: Vec<Uri>,
    /// Counts only where no id is given (5.2.33).
    pub id_pattern: Option<Regex>,
    /// `*` takes every type.
    pub types: TypeSelection,
}

impl Selector {
    /// Names what has one of these ids, or any where there are none, and these types.
    pub fn new(mut ids: Vec<Uri>, types: TypeSelection) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self {
            ids,
            id_pattern: None,
            types,
        }
    }

    /// The ids, each once; empty: any.
    pub fn ids(&self) -> &[Uri] {
        &self.ids
    }

    /// Whether it names an entity.
    pub fn matches(&self, entity: &Entity) -> bool {
        self.types.matches(&entity.types)
            && (self.ids.is_empty() || self.ids.binary_search(&entity.id).is_ok())
            && self
                .id_pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(entity.id.as_str()))
    }

    /// Whether its type decides alone.
    pub(crate) fn is_of_types(&self) -> bool {
        self.ids.is_empty() && self.id_pattern.is_none()
    }
}
