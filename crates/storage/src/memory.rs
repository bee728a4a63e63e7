//! The simplest engine that keeps the contract: everything in maps, nothing on disk.
//!
//! It is the reference that the embedded engine is tested against, and so shares no code with it; and it serves
//! tests of what stands above. Nothing it holds outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};

use crate::change::{Change, EntityKey, Head, Lsn, Stored};
use crate::{Number, Past, Piece, Storage, StorageError, StorageReader, Take};

/// An engine in memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<RwLock<Tables>>);

#[derive(Default)]
struct Tables {
    lsn: u64,
    entities: BTreeMap<EntityKey, Kept>,
    blobs: BTreeMap<String, Vec<u8>>,
    system: BTreeMap<(&'static str, Vec<u8>), Vec<u8>>,
}

#[derive(Default)]
struct Kept {
    head: Option<Head>,
    /// Of one that has no current state, those of its last one.
    current: Vec<Attribute>,
    deleted_at: Option<Timestamp>,
    /// In the order in which they became past.
    past: Vec<Past>,
    /// Blobs that were ever named by a text of this entity.
    blobs: Vec<String>,
}

impl Kept {
    /// Whether the attributes are current.
    fn is_live(&self) -> bool {
        self.deleted_at.is_none() && self.head.as_ref().is_none_or(|head| !head.temporal_only)
    }
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Storage for Memory {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        for (key, kept) in &self.0.read().entities {
            let Some(head) = kept.head.clone() else { continue };
            let entity = Entity {
                id: head.id,
                types: head.types,
                scope: head.scope,
                created_at: head.created_at,
                modified_at: head.modified_at,
                expires_at: head.expires_at,
                deleted_at: None,
                attributes: kept.current.clone(),
            };
            sink(Stored {
                key: *key,
                entity,
                last_known: true,
                temporal_only: head.temporal_only,
                deleted_at: kept.deleted_at,
            });
        }
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        let mut tables = self.0.write();
        for change in changes {
            tables.apply(change.clone());
        }
        if !changes.is_empty() {
            tables.lsn += 1;
        }
        Ok(Lsn(tables.lsn))
    }

    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.commit(changes)
    }

    fn maintain(&mut self) -> Result<bool, StorageError> {
        Ok(false)
    }

    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError> {
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(|error| failed("reading what is to be a blob", &error))?;
        let id = crate::blob::hex(&Sha256::digest(&bytes));
        self.0.write().blobs.insert(id.clone(), bytes);
        Ok(id)
    }

    fn reader(&self) -> Arc<dyn StorageReader> {
        Arc::new(self.clone())
    }
}

impl Tables {
    fn apply(&mut self, change: Change) {
        match change {
            Change::System(table, key, Some(value)) => {
                self.system.insert((table, key.into_vec()), value.to_vec());
            }
            Change::System(table, key, None) => {
                self.system.remove(&(table, key.into_vec()));
            }
            Change::Head(key, head) => {
                let kept = self.entities.entry(key).or_default();
                if !kept.is_live() && !head.temporal_only {
                    kept.current.clear();
                }
                kept.head = Some(head);
                kept.deleted_at = None;
            }
            Change::Attribute(key, attribute) => {
                let kept = self.entities.entry(key).or_default();
                kept.blobs.extend(
                    attribute
                        .as_str()
                        .filter(|text| text.len() == 64)
                        .map(str::to_owned),
                );
                let same = |a: &Attribute| a.name == attribute.name && a.dataset_id == attribute.dataset_id;
                if let Some(index) = kept.current.iter().position(same) {
                    kept.past.push(Past::Instance(std::mem::replace(
                        &mut kept.current[index],
                        attribute,
                    )));
                } else {
                    let last = kept.current.iter().rposition(|a| a.name == attribute.name);
                    kept.current
                        .insert(last.map_or(kept.current.len(), |index| index + 1), attribute);
                }
            }
            Change::RemoveAttribute(key, name, dataset_id, at) => {
                let kept = self.entities.entry(key).or_default();
                let same = |a: &Attribute| a.name == name && a.dataset_id == dataset_id;
                if let Some(index) = kept.current.iter().position(same) {
                    kept.past.push(Past::Instance(kept.current.remove(index)));
                    kept.past.push(Past::Removed { name, dataset_id, at });
                }
            }
            Change::Delete(key, at) => {
                let kept = self.entities.entry(key).or_default();
                if kept.is_live() {
                    for gone in &kept.current {
                        let (name, dataset_id) = (gone.name.clone(), gone.dataset_id.clone());
                        kept.past.push(Past::Instance(gone.clone()));
                        kept.past.push(Past::Removed { name, dataset_id, at });
                    }
                }
                kept.deleted_at = Some(at);
            }
            Change::Last(key, attributes) => {
                let kept = self.entities.entry(key).or_default();
                if !kept.is_live() {
                    kept.current = attributes;
                }
            }
            Change::History(key, attribute) => {
                let kept = self.entities.entry(key).or_default();
                kept.blobs.extend(
                    attribute
                        .as_str()
                        .filter(|text| text.len() == 64)
                        .map(str::to_owned),
                );
                let only_past = kept.head.as_ref().is_some_and(|head| head.temporal_only);
                if only_past && kept.deleted_at.is_none() && !attribute.is_scope() {
                    let series = |a: &Attribute| (a.name.clone(), a.dataset_id.clone());
                    let last = kept.current.iter().position(|a| series(a) == series(&attribute));
                    match last {
                        Some(at) if kept.current[at].instant() > attribute.instant() => {}
                        Some(at) => kept.current[at] = attribute.clone(),
                        None => {
                            let named = kept.current.iter().rposition(|a| a.name == attribute.name);
                            let at = named.map_or(kept.current.len(), |at| at + 1);
                            kept.current.insert(at, attribute.clone());
                        }
                    }
                }
                kept.past.push(Past::Instance(attribute));
            }
            Change::Forget(key, attribute) => {
                let kept = self.entities.entry(key).or_default();
                kept.past
                    .retain(|past| !matches!(past, Past::Instance(instance) if *instance == attribute));
            }
            Change::ForgetSeries(key, name, datasets) => {
                let kept = self.entities.entry(key).or_default();
                kept.past
                    .retain(|past| *past.name() != name || !datasets.contains(past.dataset_id()));
            }
            Change::Erase(key, _at) => {
                let erased = self.entities.remove(&key).unwrap_or_default();
                for blob in erased.blobs {
                    if !self.entities.values().any(|other| other.blobs.contains(&blob)) {
                        self.blobs.remove(&blob);
                    }
                }
            }
        }
    }
}

impl StorageReader for Memory {
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        take: Take,
    ) -> Result<Vec<Past>, StorageError> {
        let tables = self.0.read();
        let mut by_series: BTreeMap<(&Name, Option<&Uri>), Vec<&Past>> = BTreeMap::new();
        for past in tables.entities.get(&key).into_iter().flat_map(|kept| &kept.past) {
            let at = past.instant();
            let wanted = attributes.is_empty() || attributes.contains(past.name());
            if wanted && range.0 <= at && at < range.1 {
                by_series
                    .entry((past.name(), past.dataset_id()))
                    .or_default()
                    .push(past);
            }
        }
        let mut found = Vec::new();
        for mut series in by_series.into_values() {
            series.sort_by_key(|past| past.instant()); // stable: equal instants stay in order of arrival
            let (skip, most) = match take {
                Take::All => (0, usize::MAX),
                Take::First(n) => (0, n),
                Take::Last(n) => (series.len().saturating_sub(n), n),
            };
            found.extend(series.into_iter().skip(skip).take(most).cloned());
        }
        Ok(found)
    }

    fn pieces(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), StorageError> {
        let mut past = self.history(key, std::slice::from_ref(attribute), range, Take::All)?;
        past.retain(|past| past.dataset_id() == dataset_id);
        each(Piece::Any(&past));
        Ok(())
    }

    fn visit(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Vec<Past>),
    ) -> Result<(), StorageError> {
        let mut past = self.history(key, std::slice::from_ref(attribute), range, Take::All)?;
        past.retain(|past| past.dataset_id() == dataset_id);
        each(past);
        Ok(())
    }

    fn list(&self, key: EntityKey, attributes: &[Name]) -> Result<Vec<(Name, Option<Uri>)>, StorageError> {
        let tables = self.0.read();
        let past = tables.entities.get(&key).into_iter().flat_map(|kept| &kept.past);
        let named = past.filter(|past| attributes.is_empty() || attributes.contains(past.name()));
        let found: BTreeSet<_> = named
            .map(|past| (past.name().clone(), past.dataset_id().cloned()))
            .collect();
        Ok(found.into_iter().collect())
    }

    fn series(
        &self,
        key: EntityKey,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Number>, StorageError> {
        let mut numbers = Vec::new();
        for past in self.history(key, std::slice::from_ref(attribute), range, Take::All)? {
            let Past::Instance(instance) = past else { continue };
            if let (None, Some(value)) = (&instance.dataset_id, instance.as_f64()) {
                let unit_code = instance.unit_code.as_deref().map(Arc::from);
                numbers.push(Number {
                    at: instance.instant(),
                    value,
                    unit_code,
                });
            }
        }
        Ok(numbers)
    }

    fn read_blob(&self, blob: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        let tables = self.0.read();
        let content = tables
            .blobs
            .get(blob)
            .ok_or_else(|| failed("reading a blob", &format!("no blob `{blob}`")))?;
        let window = usize::try_from(offset)
            .ok()
            .and_then(|start| content.get(start..)?.get(..buffer.len()))
            .ok_or_else(|| {
                failed(
                    "reading a blob",
                    &format!("`{blob}` has only {} bytes", content.len()),
                )
            })?;
        buffer.copy_from_slice(window);
        Ok(())
    }

    fn blob_length(&self, blob: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.0.read().blobs.get(blob).map(|content| content.len() as u64))
    }

    fn system(
        &self,
        table: &str,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError> {
        let tables = self.0.read();
        let rows = tables
            .system
            .iter()
            .filter(|((name, key), _)| *name == table && key.as_slice() >= from);
        Ok(rows
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }
}

fn failed(context: &str, detail: &dyn std::fmt::Display) -> StorageError {
    StorageError::Io {
        context: context.to_owned(),
        detail: detail.to_string(),
    }
}

#[cfg(test)]
mod tests {
    crate::storage_contract_suite!(|| ((), crate::Memory::new()));
}
