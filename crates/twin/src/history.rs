//! The temporal evolution of an entity: what the store remembers and what is current, as one sequence.

use hashbrown::{HashMap, HashSet};
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Name, Timestamp, Uri, Value};
use sha2::{Digest as _, Sha256};
use storage::{EntityKey, Past, StorageReader};

use crate::error::Error;
use crate::reader::HistoryQuery;

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
}

impl Evolution<'_> {
    /// The instances that match, those of one attribute together and oldest first, the attributes in the order
    /// of the current ones and then by name. Without `instance_id`.
    pub(crate) fn instances(&self, query: &HistoryQuery) -> Result<Vec<Attribute>, Error> {
        let TemporalQuery { relation, property } = query.temporal;
        let wanted = |a: &Attribute| {
            (query.attributes.is_empty() || query.attributes.contains(&a.name))
                && in_range(a, relation, property)
                && self.until.is_none_or(|until| a.modified_at <= until)
        };
        let past = self.past(query, &wanted)?;
        let current = self.current.iter().filter(|a| wanted(a)).cloned();

        let mut instances: Vec<Attribute> = Vec::with_capacity(past.len());
        let mut currents: HashMap<(Name, Option<Uri>), Attribute> = HashMap::new();
        for attribute in current {
            currents.insert((attribute.name.clone(), attribute.dataset_id.clone()), attribute);
        }
        for attribute in past {
            // Written, replaced and folded while we looked: it is in the past now.
            let is_past = |now: &Attribute| now.modified_at == attribute.modified_at && *now == attribute;
            let series = (attribute.name.clone(), attribute.dataset_id.clone());
            if currents.get(&series).is_some_and(is_past) {
                currents.remove(&series);
            }
            instances.push(attribute);
        }
        instances.extend(currents.into_values());

        let ranks: HashMap<&Name, usize> = self
            .current
            .iter()
            .enumerate()
            .rev()
            .map(|(rank, a)| (&a.name, rank))
            .collect();
        let order = |a: &Attribute| (instant(a, property).unwrap_or_else(|| a.instant()), a.modified_at);
        instances.sort_by(|a, b| {
            let rank = |a: &Attribute| ranks.get(&a.name).copied().unwrap_or(usize::MAX);
            (rank(a), &a.name, order(a), &a.dataset_id).cmp(&(rank(b), &b.name, order(b), &b.dataset_id))
        });
        if let Some(last_n) = query.last_n {
            keep_last(&mut instances, last_n);
        }
        Ok(instances)
    }

    /// What the store has of it. `lastN` is left to the store where that gives the same.
    fn past(
        &self,
        query: &HistoryQuery,
        wanted: &dyn Fn(&Attribute) -> bool,
    ) -> Result<Vec<Attribute>, Error> {
        let TemporalQuery { relation, property } = query.temporal;
        // The store orders by `observedAt`, else `modifiedAt`; for other instants all must be looked at.
        let by_store = property == TimeProperty::ObservedAt;
        let range = if by_store {
            relation.range()
        } else {
            TimeRelation::Always.range()
        };
        let ask = |last_n| self.storage.history(self.key, &query.attributes, range, last_n);
        let take = |past: Vec<Past>| -> Vec<Attribute> {
            past.into_iter()
                .filter_map(|past| match past {
                    Past::Instance(attribute) if wanted(&attribute) => Some(attribute),
                    Past::Instance(_) | Past::Removed { .. } => None,
                })
                .collect()
        };
        if let (Some(last_n), true) = (query.last_n, by_store) {
            let past = ask(Some(last_n))?;
            let found = past.len();
            let taken = take(past);
            if taken.len() == found {
                return Ok(taken);
            }
        }
        Ok(take(ask(None)?))
    }
}

/// The instant of an instance that a query means.
fn instant(attribute: &Attribute, property: TimeProperty) -> Option<Timestamp> {
    match property {
        TimeProperty::ObservedAt => attribute.observed_at,
        TimeProperty::CreatedAt => Some(attribute.created_at),
        TimeProperty::ModifiedAt => Some(attribute.modified_at),
        TimeProperty::DeletedAt => None, // an instance that is kept was not deleted
    }
}

/// Whether a query lets an instance through. Where no instants are asked for, every instance is meant, also one
/// that was never observed.
fn in_range(attribute: &Attribute, relation: TimeRelation, property: TimeProperty) -> bool {
    if relation == TimeRelation::Always {
        return property != TimeProperty::DeletedAt;
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
        let hash = digest(entity_id, attribute);
        let (half, _) = hash.split_at(16);
        let number = half
            .iter()
            .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        attribute.instance_id = Some(Uri::ngsi_ld("Instance", &format!("{number:032x}")));
        seen.insert(hash)
    });
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
