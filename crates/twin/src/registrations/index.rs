//! Registrations by what they are for, so that a question looks at few of them.

use hashbrown::{HashMap, HashSet};
use ngsi_ld::registration::{Registration, RegistrationInfo};
use ngsi_ld::{Name, Uri};
use query::registrations::RegistrationQuery;

/// Ids of registrations by type, entity and attribute. An element of `information` that names no types, or no
/// attributes, is for any.
#[derive(Default)]
pub(super) struct Index {
    by_type: HashMap<Name, HashSet<Uri>>,
    any_type: HashSet<Uri>,
    by_entity: HashMap<Uri, HashSet<Uri>>,
    any_entity: HashSet<Uri>,
    by_attribute: HashMap<Name, HashSet<Uri>>,
    any_attribute: HashSet<Uri>,
}

fn put<K: Clone + Eq + std::hash::Hash>(map: &mut HashMap<K, HashSet<Uri>>, key: &K, id: &Uri) {
    map.entry(key.clone()).or_default().insert(id.clone());
}

fn take<K: Eq + std::hash::Hash>(map: &mut HashMap<K, HashSet<Uri>>, key: &K, id: &Uri) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

/// Whether an element is for entities that are not named by id.
fn has_other_ids(info: &RegistrationInfo) -> bool {
    info.entities
        .as_ref()
        .is_none_or(|entities| entities.iter().any(|one| one.id.is_none()))
}

impl Index {
    pub(super) fn insert(&mut self, registration: &Registration) {
        let id = &registration.id;
        for info in &registration.information {
            for entity in info.entities.iter().flatten() {
                for name in entity.types.as_slice() {
                    put(&mut self.by_type, name, id);
                }
                if let Some(entity) = &entity.id {
                    put(&mut self.by_entity, entity, id);
                }
            }
            for name in info.attributes() {
                put(&mut self.by_attribute, name, id);
            }
            for (any, ids) in [
                (info.entities.is_none(), &mut self.any_type),
                (has_other_ids(info), &mut self.any_entity),
                (!info.names_attributes(), &mut self.any_attribute),
            ] {
                if any {
                    ids.insert(id.clone());
                }
            }
        }
    }

    pub(super) fn remove(&mut self, registration: &Registration) {
        let id = &registration.id;
        for info in &registration.information {
            for entity in info.entities.iter().flatten() {
                for name in entity.types.as_slice() {
                    take(&mut self.by_type, name, id);
                }
                if let Some(entity) = &entity.id {
                    take(&mut self.by_entity, entity, id);
                }
            }
            for name in info.attributes() {
                take(&mut self.by_attribute, name, id);
            }
        }
        self.any_type.remove(id);
        self.any_entity.remove(id);
        self.any_attribute.remove(id);
    }

    /// The registrations that a question may be for: none is missing. `None`: any.
    pub(super) fn candidates(&self, query: &RegistrationQuery) -> Option<HashSet<Uri>> {
        let mut found: Option<HashSet<Uri>> = None;
        let mut narrow = |these: HashSet<Uri>| {
            found = Some(match found.take() {
                None => these,
                Some(those) if those.len() <= these.len() => {
                    those.into_iter().filter(|id| these.contains(id)).collect()
                }
                Some(those) => these.into_iter().filter(|id| those.contains(id)).collect(),
            });
        };
        if let Some(types) = query.needed_types() {
            let named = types
                .into_iter()
                .filter_map(|name| self.by_type.get(name))
                .flatten();
            narrow(named.chain(&self.any_type).cloned().collect());
        }
        let entities = &query.entities;
        if !entities.is_empty()
            && entities
                .iter()
                .all(|one| !one.ids.is_empty() && one.id_pattern.is_none())
        {
            let ids = entities.iter().flat_map(|one| &one.ids);
            let named = ids.filter_map(|id| self.by_entity.get(id)).flatten();
            narrow(named.chain(&self.any_entity).cloned().collect());
        }
        if !query.attributes.is_empty() {
            let named = query.attributes.iter();
            let named = named.filter_map(|name| self.by_attribute.get(name)).flatten();
            narrow(named.chain(&self.any_attribute).cloned().collect());
        }
        found
    }
}
