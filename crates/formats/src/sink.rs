//! Where imported entities go.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use ngsi_ld::{Attribute, Entity, Uri};
use sha2::{Digest, Sha256};

/// Where imported entities go. Each call is all or nothing, and durable when it returns.
pub trait Sink {
    /// Creates or replaces entities; one that is the same already is left alone. One fate each, in order.
    fn put(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError>;
    /// Creates entities, or gives those that exist these attributes and leaves their others alone.
    fn amend(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError>;
    /// Adds attribute instances to the history of entities; one that is known already is left alone, the newest
    /// becomes the current one.
    fn append(&mut self, entities: Vec<Entity>) -> Result<Vec<HistoryFate>, SinkError>;
    /// Stores bytes and answers with their name: the SHA-256 in hex.
    fn blob(&mut self, content: &mut dyn Read) -> Result<String, SinkError>;
}

/// What became of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Created,
    /// It was there and changed.
    Updated,
    /// It was there and is as it was.
    Known,
    /// The twin would not have it, and why.
    Refused(String),
}

/// What became of instances of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryFate {
    /// So many were new, so many known.
    Appended {
        /// New instances.
        added: usize,
        /// Instances left alone because they were known.
        known: usize,
        /// Whether the entity itself is new.
        created: bool,
    },
    /// The twin would not have them, and why.
    Refused(String),
}

/// The sink cannot take more: the disk is full, the store failed. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// A sink in memory: for tests, and to look at what a file would give.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct MemorySink {
    /// Entities by id.
    pub entities: BTreeMap<Uri, Entity>,
    /// Instances of history by entity id.
    pub history: BTreeMap<Uri, Vec<Attribute>>,
    /// Blobs by name.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// The largest batch it was ever given: entities, or instances of history.
    pub largest_batch: usize,
    seen: HashSet<String>,
}

impl Sink for MemorySink {
    fn put(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        self.largest_batch = self.largest_batch.max(entities.len());
        Ok(entities
            .into_iter()
            .map(|entity| match self.entities.get(&entity.id) {
                Some(known) if *known == entity => Fate::Known,
                known => {
                    let fate = if known.is_some() {
                        Fate::Updated
                    } else {
                        Fate::Created
                    };
                    self.entities.insert(entity.id.clone(), entity);
                    fate
                }
            })
            .collect())
    }

    fn amend(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        self.largest_batch = self.largest_batch.max(entities.len());
        Ok(entities
            .into_iter()
            .map(|entity| {
                let Some(known) = self.entities.get_mut(&entity.id) else {
                    self.entities.insert(entity.id.clone(), entity);
                    return Fate::Created;
                };
                let before = known.clone();
                for attribute in entity.attributes {
                    known.put(attribute);
                }
                if *known == before {
                    Fate::Known
                } else {
                    Fate::Updated
                }
            })
            .collect())
    }

    fn append(&mut self, entities: Vec<Entity>) -> Result<Vec<HistoryFate>, SinkError> {
        Ok(entities
            .into_iter()
            .map(|entity| {
                self.largest_batch = self.largest_batch.max(entity.attributes.len());
                let created = !self.entities.contains_key(&entity.id);
                let head = Entity {
                    attributes: Vec::new(),
                    ..entity.clone()
                };
                let current = self.entities.entry(entity.id.clone()).or_insert(head);
                let past = self.history.entry(entity.id).or_default();
                let (mut added, mut known) = (0, 0);
                for instance in entity.attributes {
                    let key = format!(
                        "{:?} {:?} {:?} {:?} {:?}",
                        current.id, instance.name, instance.dataset_id, instance.observed_at, instance.value
                    );
                    if !self.seen.insert(key) {
                        known += 1;
                        continue;
                    }
                    added += 1;
                    let newest = current.instance(instance.name.as_str(), instance.dataset_id.as_ref());
                    if newest.is_none_or(|present| present.observed_at <= instance.observed_at) {
                        current.put(instance.clone());
                    }
                    past.push(instance);
                }
                HistoryFate::Appended {
                    added,
                    known,
                    created,
                }
            })
            .collect())
    }

    fn blob(&mut self, content: &mut dyn Read) -> Result<String, SinkError> {
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(|error| SinkError(error.to_string()))?;
        let name = crate::digest::hex(&Sha256::digest(&bytes));
        self.blobs.insert(name.clone(), bytes);
        Ok(name)
    }
}
