//! One of the parts that the entities are spread over, with its share of the indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use geo::BoundingRect as _;
use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri, Value};
use query::Bbox;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use storage::{EntityKey, Stored};

use crate::attribute_index::{AttributeIndex, Collated};
use crate::expiry::first_end;
use crate::order_index::Orders;

/// The envelope of one geometry, and whose it is.
pub(crate) type Envelope = GeomWithData<Rectangle<[f64; 2]>, EntityKey>;

/// The attribute whose text names a blob of the entity, by the last segment of its name.
pub(crate) const BLOB: &str = "blob";

/// An entity as the twin holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// Its number in the store: the order of creation.
    pub(crate) key: EntityKey,
    /// Its current state; where it has none any more, the last one: what was current when it was deleted, or the latest
    /// that was told of its past. Such a state is shown to nobody, but decides who may see the past.
    pub(crate) entity: Arc<Entity>,
    /// Whether there is a current state.
    pub(crate) status: Status,
    /// Whether the last state is known, where there is no current one: older programs kept none. What is not known
    /// decides for nobody.
    pub(crate) last_known: bool,
}

/// Whether an entity has a current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has.
    Live,
    /// Only a history was ever given.
    TemporalOnly,
    /// It was deleted then; its history is kept.
    Deleted(Timestamp),
}

impl Record {
    /// The current state, if there is one.
    pub(crate) fn live(&self) -> Option<&Arc<Entity>> {
        (self.status == Status::Live).then_some(&self.entity)
    }
}

impl From<Stored> for Record {
    fn from(stored: Stored) -> Self {
        let status = match (stored.deleted_at, stored.temporal_only) {
            (Some(at), _) => Status::Deleted(at),
            (None, true) => Status::TemporalOnly,
            (None, false) => Status::Live,
        };
        Self {
            key: stored.key,
            entity: Arc::new(stored.entity),
            status,
            last_known: stored.last_known,
        }
    }
}

/// Entities and indexes. A clone is a picture of it; it shares the entities.
#[derive(Clone, Default)]
pub(crate) struct Shard {
    keys: HashMap<Uri, EntityKey>,
    records: BTreeMap<EntityKey, Record>,
    /// Live entities only, as in the other indexes.
    by_type: HashMap<Name, BTreeSet<EntityKey>>,
    /// Those that have a history and no current state.
    past_by_type: HashMap<Name, BTreeSet<EntityKey>>,
    by_place: HashMap<Name, RTree<Envelope>>,
    by_blob: HashMap<Box<str>, BTreeSet<EntityKey>>,
    attributes: AttributeIndex,
    orders: Orders,
    /// When something of them ends next (4.22).
    by_end: BTreeSet<(Timestamp, EntityKey)>,
}

/// Which entities of a shard a walk goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// All that have a current state.
    Live,
    /// Those of one type that do.
    OfType(Name),
    /// Those of one type that have a history and no current state.
    PastOfType(Name),
    /// Those that have an attribute now.
    WithAttribute(Name),
    /// Those that have a text of it that is indexed.
    WithText(Name, Collated),
    /// Those that have one that is not.
    WithOtherTexts(Name),
    /// Those that have several numbers of it.
    WithSeveralNumbers(Name),
    /// All that have a current state or a history.
    Everything,
}

impl Shard {
    /// What is known of this id.
    pub(crate) fn get(&self, id: &Uri) -> Option<&Record> {
        self.records.get(self.keys.get(id)?)
    }

    /// The record with this key.
    pub(crate) fn by_key(&self, key: EntityKey) -> Option<&Record> {
        self.records.get(&key)
    }

    /// The greatest number of an entity.
    pub(crate) fn last_key(&self) -> Option<EntityKey> {
        self.records.keys().next_back().copied()
    }

    /// The types of live entities.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Name> {
        self.by_type.keys()
    }

    /// How many live entities there are of one type.
    pub(crate) fn count_of(&self, name: &Name) -> usize {
        self.by_type.get(name).map_or(0, BTreeSet::len)
    }

    /// The same without those that have ended by an instant and are not deleted yet (4.22).
    pub(crate) fn count_left(&self, name: &Name, now: Option<Timestamp>) -> usize {
        let is_over = |record: &&Record, now| {
            let entity = &record.entity;
            entity.expires_at.is_some_and(|end| end <= now) && entity.types.contains(name)
        };
        let over = now.map_or(0, |now| {
            self.ended(now).filter(|record| is_over(record, now)).count()
        });
        self.count_of(name) - over
    }

    /// Which of them have which attributes.
    pub(crate) fn attributes(&self) -> &AttributeIndex {
        &self.attributes
    }

    /// Which of them stand where in which orders.
    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }

    /// How many entities there are, with those of the past.
    pub(crate) fn count(&self) -> usize {
        self.records.len()
    }

    /// How many records a lane has, at most.
    pub(crate) fn length(&self, lane: &Lane) -> usize {
        let of = |keys: Option<&BTreeSet<EntityKey>>| keys.map_or(0, BTreeSet::len);
        match lane {
            Lane::Live | Lane::Everything => self.count(),
            Lane::OfType(name) => self.count_of(name),
            Lane::PastOfType(name) => of(self.past_by_type.get(name)),
            Lane::WithAttribute(name) => self.attributes.count_with(name),
            Lane::WithText(name, text) => self.attributes.count_with_text(name, text),
            Lane::WithOtherTexts(name) => of(self.attributes.with_other_texts(name)),
            Lane::WithSeveralNumbers(name) => of(self.attributes.with_several_numbers(name)),
        }
    }

    /// The next records of a lane, at most `count`, after the key `after`, in order.
    pub(crate) fn page(&self, lane: &Lane, after: Option<EntityKey>, count: usize, into: &mut Vec<Record>) {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let of = |keys: Option<&BTreeSet<EntityKey>>, into: &mut Vec<Record>| {
            let keys = keys.into_iter().flat_map(|keys| keys.range(range));
            into.extend(keys.filter_map(|key| self.records.get(key)).take(count).cloned());
        };
        match lane {
            Lane::OfType(name) => of(self.by_type.get(name), into),
            Lane::PastOfType(name) => of(self.past_by_type.get(name), into),
            Lane::WithAttribute(name) => of(self.attributes.with(name), into),
            Lane::WithOtherTexts(name) => of(self.attributes.with_other_texts(name), into),
            Lane::WithSeveralNumbers(name) => of(self.attributes.with_several_numbers(name), into),
            Lane::WithText(name, text) => {
                let keys = self.attributes.with_text(name, text, after);
                into.extend(keys.filter_map(|key| self.records.get(&key)).take(count).cloned());
            }
            Lane::Live => {
                let live = self
                    .records
                    .range(range)
                    .map(|(_, record)| record)
                    .filter(|r| r.live().is_some());
                into.extend(live.take(count).cloned());
            }
            Lane::Everything => into.extend(self.records.range(range).map(|(_, r)| r).take(count).cloned()),
        }
    }

    /// The keys of the entities for which the envelope of a geometry in `property` meets the box.
    pub(crate) fn near(&self, property: &Name, bbox: &Bbox, into: &mut Vec<EntityKey>) {
        if let Some(tree) = self.by_place.get(property) {
            let area = AABB::from_corners([bbox.west, bbox.south], [bbox.east, bbox.north]);
            into.extend(
                tree.locate_in_envelope_intersecting(&area)
                    .map(|found| found.data),
            );
        }
    }

    /// The places of this property.
    pub(crate) fn places(&self, property: &Name) -> Option<&RTree<Envelope>> {
        self.by_place.get(property)
    }

    /// Those that are live and of which something has ended by now.
    pub(crate) fn ended(&self, now: Timestamp) -> impl Iterator<Item = &Record> {
        let ended = self.by_end.range(..=(now, EntityKey(u64::MAX)));
        ended.filter_map(|(_, key)| self.records.get(key))
    }

    /// The live entities that name this blob.
    pub(crate) fn naming_blob(&self, blob: &str) -> impl Iterator<Item = &Arc<Entity>> {
        self.by_blob
            .get(blob)
            .into_iter()
            .flatten()
            .filter_map(|key| self.records.get(key)?.live())
    }

    /// Puts a record in the place of the one with its id, if any.
    pub(crate) fn put(&mut self, record: Record) {
        let record = record.kept();
        let before = self
            .keys
            .get(&record.entity.id)
            .and_then(|key| self.records.remove(key));
        self.reindex(before.as_ref(), Some(&record));
        self.keys.insert(record.entity.id.clone(), record.key);
        self.records.insert(record.key, record);
    }

    /// Forgets an id.
    pub(crate) fn remove(&mut self, id: &Uri) {
        if let Some(before) = self.keys.remove(id).and_then(|key| self.records.remove(&key)) {
            self.reindex(Some(&before), None);
        }
    }

    /// Brings the indexes from what an entity was to what it is, touching only what differs.
    fn reindex(&mut self, before: Option<&Record>, after: Option<&Record>) {
        let past = |record: Option<&Record>| record.filter(|r| r.live().is_none()).cloned();
        let (old, new) = (past(before), past(after));
        if old != new {
            for (record, name) in old
                .iter()
                .flat_map(|r| r.entity.types.iter().map(move |t| (r, t)))
            {
                forget(&mut self.past_by_type, name.as_str(), record.key);
            }
            for (record, name) in new
                .iter()
                .flat_map(|r| r.entity.types.iter().map(move |t| (r, t)))
            {
                self.past_by_type
                    .entry(name.clone())
                    .or_default()
                    .insert(record.key);
            }
        }
        let same_key = before.map(|r| r.key) == after.map(|r| r.key);
        let old = before.and_then(|r| Some((r.key, r.live()?)));
        let new = after.and_then(|r| Some((r.key, r.live()?)));
        let unchanged = |same: fn(&Entity, &Entity) -> bool| {
            same_key && matches!((old, new), (Some((_, a)), Some((_, b))) if same(a, b))
        };
        if !unchanged(|a, b| a.types == b.types) {
            for (key, name) in old
                .iter()
                .flat_map(|(key, entity)| entity.types.iter().map(move |t| (key, t)))
            {
                forget(&mut self.by_type, name.as_str(), *key);
            }
            for (key, name) in new
                .iter()
                .flat_map(|(key, entity)| entity.types.iter().map(move |t| (key, t)))
            {
                self.by_type.entry(name.clone()).or_default().insert(*key);
            }
        }
        self.attributes.update(
            old.map(|(key, entity)| (key, &**entity)),
            new.map(|(key, entity)| (key, &**entity)),
        );
        self.orders.update(
            old.map(|(key, entity)| (key, &**entity)),
            new.map(|(key, entity)| (key, &**entity)),
        );
        if !unchanged(|a, b| places(a).eq(places(b))) {
            for (name, envelope) in old.iter().flat_map(|(key, entity)| envelopes(*key, entity)) {
                if let Some(tree) = self.by_place.get_mut(name) {
                    tree.remove(&envelope);
                }
            }
            for (name, envelope) in new.iter().flat_map(|(key, entity)| envelopes(*key, entity)) {
                self.by_place.entry(name.clone()).or_default().insert(envelope);
            }
        }
        let ends = |(key, entity): (EntityKey, &Arc<Entity>)| Some((first_end(entity)?, key));
        let (ended, ends) = (old.and_then(ends), new.and_then(ends));
        if ended != ends {
            if let Some(before) = ended {
                self.by_end.remove(&before);
            }
            self.by_end.extend(ends);
        }
        if !unchanged(|a, b| blobs(a).eq(blobs(b))) {
            for (key, blob) in old
                .iter()
                .flat_map(|(key, entity)| blobs(entity).map(move |b| (key, b)))
            {
                forget(&mut self.by_blob, blob, *key);
            }
            for (key, blob) in new
                .iter()
                .flat_map(|(key, entity)| blobs(entity).map(move |b| (key, b)))
            {
                self.by_blob.entry(blob.into()).or_default().insert(*key);
            }
        }
    }
}

fn forget<K>(index: &mut HashMap<K, BTreeSet<EntityKey>>, name: &str, key: EntityKey)
where
    K: std::borrow::Borrow<str> + std::hash::Hash + Eq,
{
    if let Some(keys) = index.get_mut(name) {
        keys.remove(&key);
        if keys.is_empty() {
            index.remove(name);
        }
    }
}

fn places(entity: &Entity) -> impl Iterator<Item = (&Name, &geo_types::Geometry<f64>)> {
    entity
        .attributes
        .iter()
        .filter_map(|attribute| match &attribute.value {
            Value::Geo(value) => Some((&attribute.name, &value.geometry)),
            _ => None,
        })
}

fn envelopes(key: EntityKey, entity: &Entity) -> impl Iterator<Item = (&Name, Envelope)> {
    places(entity).filter_map(move |(name, geometry)| {
        let area = geometry.bounding_rect()?;
        let corners = (area.min(), area.max());
        // A coordinate that is not a number has no place in a tree that sorts by it.
        let finite = [corners.0.x, corners.0.y, corners.1.x, corners.1.y]
            .iter()
            .all(|c| c.is_finite());
        let envelope = Rectangle::from_corners([corners.0.x, corners.0.y], [corners.1.x, corners.1.y]);
        finite.then(|| (name, Envelope::new(envelope, key)))
    })
}

/// The blobs that an entity names.
pub(crate) fn blobs(entity: &Entity) -> impl Iterator<Item = &str> {
    entity.attributes.iter().filter_map(blob)
}

fn blob(attribute: &Attribute) -> Option<&str> {
    match &attribute.value {
        Value::Property(PropertyValue::Text(text)) if attribute.name.short() == BLOB => Some(text),
        _ => None,
    }
}
