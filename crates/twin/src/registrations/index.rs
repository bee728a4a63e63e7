//! An index of footprints: whatever is about some entities and attributes is found by what it is about.
//!
//! Registrations are found by questions (5.10.2, 4.3.6), those who subscribed to registrations by a registration that
//! changed (5.11.7), and registrations that would contradict another by that other (4.3.6.3). What the index gives is
//! a superset of what is sought, and it is gone through: neither entities nor attributes have to be intersected,
//! because the narrower of the two is taken.

use hashbrown::{HashMap, HashSet};
use ngsi_ld::{Name, Uri};

use super::footprint::{Footprint, Part};

type Slot = u32;
type Slots = HashSet<Slot>;

/// Values of `T` by their footprints, each with an id.
pub(super) struct Index<T> {
    slots: Vec<Option<(Footprint, T)>>,
    free: Vec<Slot>,
    by_id: HashMap<Uri, Slot>,
    /// By the id of an entity.
    named: HashMap<Uri, Slots>,
    /// Those for entities whose ids are not given, by type; those for any type under `None`.
    unnamed: HashMap<Option<Name>, Slots>,
    /// All by type; those for any type under `None`.
    by_type: HashMap<Option<Name>, Slots>,
    /// By attribute; those for any under `None`.
    by_attribute: HashMap<Option<Name>, Slots>,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            named: HashMap::new(),
            unnamed: HashMap::new(),
            by_type: HashMap::new(),
            by_attribute: HashMap::new(),
        }
    }
}

/// Puts a slot under a key, or takes it away.
fn set<K: Clone + Eq + std::hash::Hash>(map: &mut HashMap<K, Slots>, key: &K, slot: Slot, present: bool) {
    if present {
        map.entry(key.clone()).or_default().insert(slot);
    } else if let Some(slots) = map.get_mut(key) {
        slots.remove(&slot);
        if slots.is_empty() {
            map.remove(key);
        }
    }
}

/// Each of the names, or `None` for any.
fn keys(names: Option<&[Name]>) -> Vec<Option<Name>> {
    match names {
        Some(names) => names.iter().cloned().map(Some).collect(),
        None => vec![None],
    }
}

/// The sets under some keys and under `None`; without keys all of the map.
fn under<'a>(map: &'a HashMap<Option<Name>, Slots>, names: Option<&[Name]>, into: &mut Vec<&'a Slots>) {
    match names {
        None => into.extend(map.values()),
        Some(names) => {
            let named = names.iter().filter_map(|name| map.get(&Some(name.clone())));
            into.extend(named.chain(map.get(&None)));
        }
    }
}

impl<T> Index<T> {
    /// Puts a value in, in the place of the one with its id.
    pub(super) fn put(&mut self, id: &Uri, footprint: Footprint, value: T) {
        self.remove(id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Slot::try_from(self.slots.len() - 1).unwrap_or(Slot::MAX)
        });
        self.set(&footprint, slot, true);
        self.slots[slot as usize] = Some((footprint, value));
        self.by_id.insert(id.clone(), slot);
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, id: &Uri) {
        let Some(slot) = self.by_id.remove(id) else { return };
        let Some((footprint, _)) = self.slots[slot as usize].take() else {
            return;
        };
        self.set(&footprint, slot, false);
        self.free.push(slot);
    }

    /// Puts a slot at every place of a footprint, or takes it away.
    fn set(&mut self, footprint: &Footprint, slot: Slot, present: bool) {
        const ANY: &[Part] = &[Part {
            types: None,
            ids: None,
        }];
        for part in footprint.entities.as_deref().unwrap_or(ANY) {
            let types = keys(part.types.as_deref());
            for name in &types {
                set(&mut self.by_type, name, slot, present);
            }
            match &part.ids {
                Some(ids) => ids.iter().for_each(|id| set(&mut self.named, id, slot, present)),
                None => types
                    .iter()
                    .for_each(|name| set(&mut self.unnamed, name, slot, present)),
            }
        }
        for name in keys(footprint.attributes.as_deref()) {
            set(&mut self.by_attribute, &name, slot, present);
        }
    }

    /// The values that something with this footprint may concern, each once and in no order: none is missing.
    pub(super) fn candidates(&self, footprint: &Footprint) -> Vec<&T> {
        let by_entity = footprint.entities.as_deref().map(|parts| self.of_entities(parts));
        let by_attribute = footprint.attributes.as_deref().map(|names| {
            let mut sets = Vec::new();
            under(&self.by_attribute, Some(names), &mut sets);
            sets
        });
        let size = |sets: &Vec<&Slots>| sets.iter().map(|slots| slots.len()).sum::<usize>();
        let narrower = [by_entity, by_attribute].into_iter().flatten().min_by_key(size);
        let value = |slot: &Slot| self.slots[*slot as usize].as_ref().map(|(_, value)| value);
        match narrower {
            None => self.slots.iter().flatten().map(|(_, value)| value).collect(),
            Some(sets) => match sets.as_slice() {
                [one] => one.iter().filter_map(value).collect(),
                several => {
                    let once: Slots = several.iter().flat_map(|slots| slots.iter().copied()).collect();
                    once.iter().filter_map(value).collect()
                }
            },
        }
    }

    /// The sets for some entities. A value that gives ids is found by id, whatever types it gives with it.
    fn of_entities(&self, parts: &[Part]) -> Vec<&Slots> {
        let mut sets = Vec::new();
        for part in parts {
            let types = part.types.as_deref();
            match &part.ids {
                Some(ids) => {
                    sets.extend(ids.iter().filter_map(|id| self.named.get(id)));
                    under(&self.unnamed, types, &mut sets);
                }
                None => under(&self.by_type, types, &mut sets),
            }
        }
        sets
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
