//! Attributes on their way into the twin: what is new of them, and the times that it gets.

use ngsi_ld::{Attribute, Timestamp, Value};

/// Each once, in the order of the first.
pub(crate) fn unique<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// Gives attributes their times: what is as it was keeps its own, what changed keeps when it was created, what
/// is new gets `now`. What was there keeps its place, because that is the order in which a store gives it back.
pub(crate) fn settle(before: &[Attribute], after: Vec<Attribute>, now: Timestamp) -> Vec<Attribute> {
    let same_instance = |a: &Attribute, b: &Attribute| a.name == b.name && a.dataset_id == b.dataset_id;
    let mut ordered: Vec<Attribute> = Vec::with_capacity(after.len());
    let mut new: Vec<Attribute> = Vec::new();
    for mut attribute in after {
        attribute.instance_id = None;
        match before.iter().find(|was| same_instance(was, &attribute)) {
            Some(was) if same_but_for_times(was, &attribute) => attribute = was.clone(),
            Some(was) => {
                attribute.sub_attributes = settle(&was.sub_attributes, attribute.sub_attributes, now);
                (attribute.created_at, attribute.modified_at) = (was.created_at, now);
            }
            None => {
                attribute.sub_attributes = settle(&[], attribute.sub_attributes, now);
                (attribute.created_at, attribute.modified_at) = (now, now);
                new.push(attribute);
                continue;
            }
        }
        match ordered.iter_mut().find(|there| same_instance(there, &attribute)) {
            Some(there) => *there = attribute,
            None => ordered.push(attribute),
        }
    }
    let place = |a: &Attribute| before.iter().position(|was| same_instance(was, a));
    ordered.sort_by_key(place);
    for attribute in new {
        if let Some(there) = ordered.iter_mut().find(|there| same_instance(there, &attribute)) {
            *there = attribute;
        } else {
            let after = ordered.iter().rposition(|there| there.name == attribute.name);
            ordered.insert(after.map_or(ordered.len(), |index| index + 1), attribute);
        }
    }
    ordered
}

/// Sets the times of an attribute and of all below it.
pub(crate) fn stamp(attribute: &mut Attribute, created_at: Timestamp, modified_at: Timestamp) {
    (attribute.created_at, attribute.modified_at) = (created_at, modified_at);
    for sub_attribute in &mut attribute.sub_attributes {
        stamp(sub_attribute, created_at, modified_at);
    }
}

/// Whether two instances differ in nothing but the times that the twin sets.
fn same_but_for_times(a: &Attribute, b: &Attribute) -> bool {
    let Attribute {
        name,
        value,
        dataset_id,
        observed_at,
        unit_code,
        created_at: _,
        modified_at: _,
        expires_at,
        instance_id: _,
        sub_attributes,
    } = a;
    *name == b.name
        && *value == b.value
        && *dataset_id == b.dataset_id
        && *observed_at == b.observed_at
        && *unit_code == b.unit_code
        && *expires_at == b.expires_at
        && sub_attributes.len() == b.sub_attributes.len()
        && sub_attributes.iter().all(|sub| {
            b.sub_attributes
                .iter()
                .any(|other| other.dataset_id == sub.dataset_id && same_but_for_times(sub, other))
        })
}

/// Whether two values say the same; `20` and `20.0` do.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Property(a), Value::Property(b)) if a != b => a
            .as_f64()
            .zip(b.as_f64())
            .is_some_and(|(a, b)| a.to_bits() == b.to_bits()),
        _ => a == b,
    }
}
