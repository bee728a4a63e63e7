//! The meaning of temporal queries (4.11) over an attribute's instances; of aggregation see [`crate::aggregate`].

use std::collections::HashMap;

use ngsi_ld::entity::UNSET;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty};
use ngsi_ld::{Attribute, Name, Timestamp};

pub use crate::aggregate::{Aggregator, Bucket, aggregate};

/// The instant of an instance that a `timeproperty` means.
pub fn instant_of(instance: &Attribute, property: TimeProperty) -> Option<Timestamp> {
    match property {
        TimeProperty::ObservedAt => instance.observed_at,
        TimeProperty::CreatedAt => Some(instance.created_at).filter(|&at| at != UNSET),
        TimeProperty::ModifiedAt => Some(instance.modified_at).filter(|&at| at != UNSET),
        TimeProperty::DeletedAt => instance.deletion(),
    }
}

/// Whether a temporal query lets an instance through. One without the instant that is meant never passes, except
/// where no time is asked for at all.
pub fn matches(instance: &Attribute, query: &TemporalQuery) -> bool {
    use ngsi_ld::query::temporal::TimeRelation;
    match instant_of(instance, query.property) {
        Some(instant) => query.relation.contains(instant),
        None => query.relation == TimeRelation::Always,
    }
}

/// Keeps the instances that a temporal query lets through and of those the latest `last_n` of each attribute and data
/// set (5.7.3); puts those of one attribute in order, oldest first. Attributes keep the order in which they came.
pub fn select(instances: &mut Vec<Attribute>, query: &TemporalQuery, last_n: Option<usize>) {
    let mut rank: HashMap<Name, usize> = HashMap::new();
    for instance in instances.iter() {
        let next = rank.len();
        rank.entry(instance.name.clone()).or_insert(next);
    }
    instances.retain(|instance| matches(instance, query));
    let order = |instance: &Attribute| instant_of(instance, query.property).unwrap_or(instance.modified_at);
    instances.sort_by_key(|instance| (rank.get(&instance.name).copied(), order(instance)));
    if let Some(last_n) = last_n {
        let series = |instance: &Attribute| (instance.name.clone(), instance.dataset_id.clone());
        let mut left: HashMap<_, usize> = HashMap::new();
        for instance in instances.iter() {
            *left.entry(series(instance)).or_default() += 1;
        }
        instances.retain(|instance| match left.get_mut(&series(instance)) {
            Some(left) => {
                *left -= 1;
                *left < last_n
            }
            None => false,
        });
    }
}
