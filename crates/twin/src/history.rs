//! The temporal evolution of an entity: what the store remembers and what is current, as one sequence.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Kind, Name, Timestamp, Uri, Value};
use query::view::Rights;
use sha2::{Digest as _, Sha256};
use storage::{EntityKey, Past, StorageReader, Take};

use crate::error::Error;
use crate::reader::{HistoryQuery, Piece};
use crate::window::Window;

/// Where the instances of one entity come from.
pub(crate) struct Evolution<'a> {
    /// The store.
    pub(crate) storage: &'a dyn StorageReader,
    /// The entity's number in it.
    pub(crate) key: EntityKey,
    /// Its current instances, taken before the store is asked: an instance that becomes past meanwhile is then
    /// found twice, which can be seen, and never missed, which could not.
    pub(crate) current: &'a [Attribute],
    /// Nothing that the twin wrote later is there, for a picture of that instant.
    pub(crate) until: Option<Timestamp>,
    /// What who asks may see of its past: the rest is not looked at.
    pub(crate) rights: &'a Rights,
    /// The whole entity as it is, or was last, which decides that.
    pub(crate) whole: &'a Entity,
}

impl Evolution<'_> {
    /// The instances that match, those of one attribute together and oldest first, the attributes in the order
    /// of the current ones and then by name. Without `instance_id`.
    pub(crate) fn instances(&self, query: &HistoryQuery) -> Result<Vec<Attribute>, Error> {
        let all = self.collect(query, usize::MAX, false)?;
        Ok(all.map(|found| found.instances).unwrap_or_default())
    }

    /// The same, with deletions, as far as they fit; and the last instant that is in it, or the first, where not all
    /// do.
    pub(crate) fn part(&self, id: &Uri, query: &HistoryQuery, most: usize) -> Result<Found, Error> {
        let deletions = matches!(
            (query.temporal.property, query.temporal.relation),
            (TimeProperty::DeletedAt, _) | (_, TimeRelation::Always)
        );
        self.collect(query, most, deletions)?
            .map_err(|at| Error::TooManyOfOneInstant {
                id: id.clone(),
                at,
                most,
            })
    }

    fn collect(
        &self,
        query: &HistoryQuery,
        most: usize,
        deletions: bool,
    ) -> Result<Result<Found, Timestamp>, Error> {
        let mut window = Window::new(most, query.last_n.is_some());
        let series = self.series(query)?;
        let mut names: Vec<&Name> = Vec::new();
        for series in series.chunk_by(|a, b| a.0 == b.0) {
            let before = window.pushed;
            self.collect_attribute(query, series, deletions, most, &mut window)?;
            if let Some((name, _)) = series.first()
                && (window.pushed > before || window.is_full() && self.has_any(query, series, deletions)?)
            {
                names.push(name);
            }
        }
        let (mut instances, reached) = match window.finish() {
            Ok(found) => found,
            Err(at) => return Ok(Err(at)),
        };
        let ranks: HashMap<&Name, usize> = self
            .current
            .iter()
            .enumerate()
            .rev()
            .map(|(rank, a)| (&a.name, rank))
            .collect();
        instances.sort_by(|(at, a), (bt, b)| {
            let rank = |a: &Attribute| ranks.get(&a.name).copied().unwrap_or(usize::MAX);
            (rank(a), &a.name, at, a.modified_at, &a.dataset_id).cmp(&(
                rank(b),
                &b.name,
                bt,
                b.modified_at,
                &b.dataset_id,
            ))
        });
        let instances: Vec<Attribute> = instances.into_iter().map(|(_, instance)| instance).collect();
        if reached.is_none() {
            names.clear();
        }
        names.retain(|name| !instances.iter().any(|instance| instance.name == **name));
        Ok(Ok(Found {
            reached,
            left_out: names.into_iter().cloned().collect(),
            instances,
        }))
    }

    /// Whether an attribute, none of which was taken in, has instances in the time that is asked for all the same: in the
    /// part of it that there is no room for.
    fn has_any(&self, query: &HistoryQuery, series: &[Series], deletions: bool) -> Result<bool, Error> {
        // By other instants everything was looked at.
        if query.temporal.property != TimeProperty::ObservedAt {
            return Ok(false);
        }
        let mut now = self.current.iter().filter(|now| self.wants(query, now));
        if now.any(|now| {
            series
                .iter()
                .any(|(name, dataset)| now.name == *name && now.dataset_id == *dataset)
        }) {
            return Ok(true);
        }
        let wanted = |past: &Past| match past {
            Past::Instance(instance) => self.wants(query, instance),
            Past::Removed { .. } => deletions,
        };
        let range = query.temporal.relation.range();
        if let ([(name, _), ..], true) = (series, query.datasets.is_empty()) {
            let names = std::slice::from_ref(name);
            let first = self.storage.history(self.key, names, range, Take::First(1))?;
            if first.is_empty() || first.iter().any(wanted) {
                return Ok(!first.is_empty());
            }
        }
        let mut found = false;
        for (name, dataset) in series {
            let mut each = |past: Vec<Past>| found |= past.iter().any(wanted);
            (self.storage).visit(self.key, name, dataset.as_ref(), range, &mut each)?;
        }
        Ok(found)
    }

    /// The attributes and data sets that have instances, those of one name together.
    fn series(&self, query: &HistoryQuery) -> Result<Vec<Series>, Error> {
        let attributes = &query.attributes[..];
        let mut series: BTreeSet<Series> = self.storage.list(self.key, attributes)?.into_iter().collect();
        let wanted = |a: &&Attribute| attributes.is_empty() || attributes.contains(&a.name);
        let current = self.current.iter().filter(wanted);
        series.extend(current.map(|a| (a.name.clone(), a.dataset_id.clone())));
        let mut rights = self.rights.of(self.whole);
        // The Scope is the entity's own, as its types are.
        let scope = ngsi_ld::representation::scope_name();
        series.retain(|(name, dataset)| {
            *name == scope || query.asks(dataset.as_ref()) && rights.to_attribute(name)
        });
        Ok(series.into_iter().collect())
    }

    /// The instances of one attribute.
    fn collect_attribute(
        &self,
        query: &HistoryQuery,
        series: &[Series],
        deletions: bool,
        most: usize,
        window: &mut Window,
    ) -> Result<(), Error> {
        let TemporalQuery { relation, property } = query.temporal;
        let Some((name, _)) = series.first() else {
            return Ok(());
        };
        let order = |a: &Attribute| instant(a, property).unwrap_or_else(|| a.instant());
        // The store orders by `observedAt`, else `modifiedAt`; for other instants all must be looked at. It gives all data
        // sets of an attribute together.
        let by_store = property == TimeProperty::ObservedAt && query.datasets.is_empty();
        let take = match (query.last_n, most.saturating_add(1)) {
            (Some(last_n), most) => Take::Last(last_n.min(most)),
            (None, usize::MAX) => Take::All,
            (None, most) => Take::First(most),
        };
        if by_store {
            let range = window.narrow(relation.range());
            let past = self
                .storage
                .history(self.key, std::slice::from_ref(name), range, take)?;
            let found = past.len();
            let past: Vec<Attribute> = past
                .into_iter()
                .filter_map(|past| match past {
                    Past::Instance(attribute) if self.wants(query, &attribute) => Some(attribute),
                    Past::Instance(_) | Past::Removed { .. } => None,
                })
                .collect();
            if past.len() == found {
                let now: Vec<Attribute> = self.unless_past(query, name, &past).cloned().collect();
                let mut ours = past;
                ours.extend(now);
                if let Some(last_n) = query.last_n {
                    ours.sort_by_key(|a| (order(a), a.modified_at));
                    keep_last(&mut ours, last_n);
                }
                for instance in ours {
                    window.push(order(&instance), instance);
                }
                return Ok(());
            }
        }
        // Some that the store gave are not wanted, or it cannot know: the past is looked at, some at a time.
        for (name, dataset) in series {
            self.collect_series(query, name, dataset.as_ref(), deletions, most, window)?;
        }
        Ok(())
    }

    fn collect_series(
        &self,
        query: &HistoryQuery,
        name: &Name,
        dataset: Option<&Uri>,
        deletions: bool,
        most: usize,
        window: &mut Window,
    ) -> Result<(), Error> {
        let TemporalQuery { relation, property } = query.temporal;
        let order = |a: &Attribute| instant(a, property).unwrap_or_else(|| a.instant());
        let range = if property == TimeProperty::ObservedAt {
            window.narrow(relation.range())
        } else {
            ALWAYS
        };
        let mut now = self
            .current
            .iter()
            .find(|a| a.name == *name && a.dataset_id.as_ref() == dataset);
        let mut kind = now.map(|now| now.value.kind());
        let mut removed = Vec::new();
        // With `lastN`, those of this series that may be among the last; one more than has room, which tells that not
        // all do.
        let last_n = query.last_n.map(|last_n| last_n.min(most.saturating_add(1)));
        let mut last: Vec<Attribute> = Vec::new();
        let mut keep = |instance: Attribute| {
            let Some(last_n) = last_n else {
                window.push(order(&instance), instance);
                return;
            };
            last.push(instance);
            if last.len() >= last_n.saturating_mul(2).saturating_add(64) {
                last.sort_by_key(|a| (order(a), a.modified_at));
                last.drain(..last.len() - last_n);
            }
        };
        let mut each = |past: Vec<Past>| {
            for past in past {
                match past {
                    Past::Instance(instance) => {
                        kind = Some(instance.value.kind());
                        if now.is_some_and(|now| is_same(now, &instance)) {
                            now = None;
                        }
                        if self.wants(query, &instance) {
                            keep(instance);
                        }
                    }
                    Past::Removed { at, .. } => removed.push(at),
                }
            }
        };
        self.storage.visit(self.key, name, dataset, range, &mut each)?;
        if let Some(now) = now.filter(|now| self.wants(query, now)) {
            keep(now.clone());
        }
        if deletions && !removed.is_empty() {
            if kind.is_none() {
                let names = std::slice::from_ref(name);
                let any = self.storage.history(self.key, names, ALWAYS, Take::Last(2))?;
                kind = any.iter().find_map(|past| match past {
                    Past::Instance(instance) => Some(instance.value.kind()),
                    Past::Removed { .. } => None,
                });
            }
            for at in removed {
                let kind = kind.unwrap_or(Kind::Property);
                let deletion = Attribute::deletion_of(name.clone(), dataset.cloned(), kind, at);
                if self.wants(query, &deletion) {
                    keep(deletion);
                }
            }
        }
        if let Some(last_n) = last_n {
            last.sort_by_key(|a| (order(a), a.modified_at));
            for instance in last.split_off(last.len().saturating_sub(last_n)) {
                window.push(order(&instance), instance);
            }
        }
        Ok(())
    }

    /// Visits the instances that match, except deletions.
    pub(crate) fn pieces(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(&Name, Option<&Uri>, Piece<'_>),
    ) -> Result<(), Error> {
        let TemporalQuery { relation, property } = query.temporal;
        for (name, dataset) in self.series(query)? {
            let dataset = dataset.as_ref();
            let mut now = self
                .current
                .iter()
                .find(|a| a.name == name && a.dataset_id.as_ref() == dataset);
            let mut one = |instance: &Attribute| {
                if let Some(at) = instant(instance, property)
                    && self.wants(query, instance)
                    && instance.deletion().is_none()
                {
                    each(&name, dataset, Piece::One(at, instance));
                }
            };
            if property == TimeProperty::ObservedAt {
                let range = relation.range();
                let mut numbers = |piece: storage::Piece<'_>| match piece {
                    storage::Piece::Any(past) => {
                        for past in past {
                            if let Past::Instance(instance) = past {
                                if now.is_some_and(|now| is_same(now, instance)) {
                                    now = None;
                                }
                                if let Some(at) = instance.observed_at
                                    && self.wants(query, instance)
                                    && instance.deletion().is_none()
                                {
                                    each(&name, dataset, Piece::One(at, instance));
                                }
                            }
                        }
                    }
                    storage::Piece::Numbers {
                        instants,
                        modified,
                        values,
                        observed: true,
                    } => {
                        if now.is_some_and(|now| holds(instants, modified, now)) {
                            now = None;
                        }
                        let until = self.until.map_or(i64::MAX, Timestamp::as_micros);
                        if modified.iter().all(|modified| *modified <= until) {
                            let piece = match values {
                                storage::Numbers::Integers(values) => Piece::Integers(instants, values),
                                storage::Numbers::Floats(values) => Piece::Floats(instants, values),
                            };
                            each(&name, dataset, piece);
                            return;
                        }
                        for (index, (at, modified)) in instants.iter().zip(modified).enumerate() {
                            if *modified > until {
                                continue;
                            }
                            let at = std::slice::from_ref(at);
                            match values {
                                storage::Numbers::Integers(values) => {
                                    let value = values.get(index..=index).unwrap_or_default();
                                    each(&name, dataset, Piece::Integers(at, value));
                                }
                                storage::Numbers::Floats(values) => {
                                    let value = values.get(index..=index).unwrap_or_default();
                                    each(&name, dataset, Piece::Floats(at, value));
                                }
                            }
                        }
                    }
                    storage::Piece::Numbers { .. } => {} // never observed
                };
                self.storage
                    .pieces(self.key, &name, dataset, range, &mut numbers)?;
            } else {
                let mut some = |past: Vec<Past>| {
                    for past in past {
                        if let Past::Instance(instance) = past {
                            if now.is_some_and(|now| is_same(now, &instance)) {
                                now = None;
                            }
                            one(&instance);
                        }
                    }
                };
                self.storage.visit(self.key, &name, dataset, ALWAYS, &mut some)?;
            }
            if let Some(now) = now
                && let Some(at) = instant(now, property)
                && self.wants(query, now)
            {
                each(&name, dataset, Piece::One(at, now));
            }
        }
        Ok(())
    }

    /// Whether a query lets an instance through.
    fn wants(&self, query: &HistoryQuery, instance: &Attribute) -> bool {
        in_range(instance, query.temporal.relation, query.temporal.property)
            && self.until.is_none_or(|until| instance.modified_at <= until)
    }

    /// The current instances of an attribute that a query lets through, unless they are among the past by now:
    /// written, replaced and folded while we looked.
    fn unless_past<'a>(
        &'a self,
        query: &'a HistoryQuery,
        name: &'a Name,
        past: &'a [Attribute],
    ) -> impl Iterator<Item = &'a Attribute> {
        self.current
            .iter()
            .filter(move |now| now.name == *name && self.wants(query, now))
            .filter(move |now| !past.iter().any(|past| is_same(now, past)))
    }
}

/// What was found of an evolution.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) instances: Vec<Attribute>,
    /// See [`crate::Part::reached`].
    pub(crate) reached: Option<Timestamp>,
    /// See [`crate::Part::left_out`].
    pub(crate) left_out: Vec<Name>,
}

/// An attribute and a data set.
type Series = (Name, Option<Uri>);

/// Every instant that an instance can have.
const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

fn is_same(now: &Attribute, past: &Attribute) -> bool {
    now.modified_at == past.modified_at && now == past
}

/// Whether an instance is among numbers that became past.
fn holds(instants: &[i64], modified: &[i64], now: &Attribute) -> bool {
    let at = now.instant().as_micros();
    let first = instants.partition_point(|instant| *instant < at);
    let same = instants
        .iter()
        .zip(modified)
        .skip(first)
        .take_while(|(instant, _)| **instant == at);
    same.into_iter()
        .any(|(_, modified)| *modified == now.modified_at.as_micros())
}

/// The instant of an instance that a query means.
fn instant(attribute: &Attribute, property: TimeProperty) -> Option<Timestamp> {
    match property {
        TimeProperty::ObservedAt => attribute.observed_at,
        TimeProperty::CreatedAt => Some(attribute.created_at),
        TimeProperty::ModifiedAt => Some(attribute.modified_at),
        TimeProperty::DeletedAt => attribute.deletion(),
    }
}

/// Whether a query lets an instance through. Where no instants are asked for, every instance is meant, also one
/// that was never observed.
fn in_range(attribute: &Attribute, relation: TimeRelation, property: TimeProperty) -> bool {
    if relation == TimeRelation::Always && property != TimeProperty::DeletedAt {
        return true;
    }
    let (start, end) = relation.range();
    instant(attribute, property).is_some_and(|at| start <= at && at < end)
}

/// Keeps the last instances of each attribute and data set, of instances in order.
fn keep_last(instances: &mut Vec<Attribute>, last_n: usize) {
    let mut kept: HashMap<(Name, Option<Uri>), usize> = HashMap::new();
    let mut reversed: Vec<Attribute> = std::mem::take(instances).into_iter().rev().collect();
    reversed.retain(|attribute| {
        let count = kept
            .entry((attribute.name.clone(), attribute.dataset_id.clone()))
            .or_insert(0);
        *count += 1;
        *count <= last_n
    });
    *instances = reversed.into_iter().rev().collect();
}

/// Gives every instance its `instanceId`, which says the same for the same instance for ever, and leaves out
/// what would have the same one.
pub(crate) fn identify(entity_id: &Uri, instances: &mut Vec<Attribute>) {
    let mut seen = HashSet::with_capacity(instances.len());
    instances.retain_mut(|attribute| {
        let id = instance_id(entity_id, attribute);
        attribute.instance_id = Some(id.clone());
        seen.insert(id)
    });
}

/// The `instanceId` of an instance: the one that it has since it was modified, else one that says what it holds.
pub(crate) fn instance_id(entity_id: &Uri, attribute: &Attribute) -> Uri {
    if let Some(id) = &attribute.instance_id {
        return id.clone();
    }
    let hash = digest(entity_id, attribute);
    let (half, _) = hash.split_at(16);
    let number = half
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    Uri::ngsi_ld("Instance", &format!("{number:032x}"))
}

/// SHA-256 over entity, attribute, data set, instants and value, each with its length before it.
fn digest(entity_id: &Uri, attribute: &Attribute) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(entity_id.as_str().as_bytes());
    part(attribute.name.as_str().as_bytes());
    part(attribute.dataset_id.as_ref().map_or("", Uri::as_str).as_bytes());
    let observed_at = attribute.observed_at.unwrap_or(ngsi_ld::entity::UNSET);
    for instant in [observed_at, attribute.created_at, attribute.modified_at] {
        part(&instant.as_micros().to_le_bytes());
    }
    part(attribute.value.kind().as_str().as_bytes());
    let text = |json: &serde_json::Value| json.to_string();
    match &attribute.value {
        Value::Property(value) => part(text(&value.to_json()).as_bytes()),
        Value::Relationship(relationship) => {
            relationship
                .targets()
                .iter()
                .for_each(|target| part(target.as_str().as_bytes()));
        }
        Value::ListRelationship(targets) => {
            targets.iter().for_each(|target| part(target.as_str().as_bytes()));
        }
        Value::Geo(value) => part(text(&ngsi_ld::geojson::to_json(value)).as_bytes()),
        Value::Language(map) => map.iter().for_each(|(language, value)| {
            part(language.as_bytes());
            part(text(value).as_bytes());
        }),
        Value::Json(json) => part(text(json).as_bytes()),
        Value::Vocab(terms) => terms
            .as_slice()
            .iter()
            .for_each(|term| part(term.as_str().as_bytes())),
        Value::List(items) => items.iter().for_each(|item| part(text(item).as_bytes())),
    }
    hasher.finalize().into()
}
