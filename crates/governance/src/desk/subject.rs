//! What is known of somebody: everything that stands under their entities, now and in the past, and what points to them.

use ngsi_ld::context::Context;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::{TemporalFormat, WriteOptions, write_entity, write_temporal};
use ngsi_ld::{Attribute, Uri};
use query::{Selection, View};
use serde_json::{Value as Json, json};
use twin::{HistoryQuery, Reader as _, Twin};

use super::error::Result;

/// The most pointers that are listed.
const POINTERS: usize = 10_000;

/// What is known under some ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// For each id what is there now (`entity`, null where nothing is) and everything that was (`history`).
    pub entities: Vec<Json>,
    /// Attributes of other entities that point to one of them: `entity`, `attribute`, `to`.
    pub pointers: Vec<Json>,
}

/// Everything under these ids. Looks at every entity of the twin for what points to them.
pub fn found(twin: &Twin, view: &View, ids: &[Uri]) -> Result<Found> {
    let context = Context::core();
    let options = WriteOptions {
        sys_attrs: true,
        ..WriteOptions::default()
    };
    let all = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Always,
            property: TimeProperty::ModifiedAt,
        },
        attributes: Vec::new(),
        datasets: Vec::new(),
        last_n: None,
    };
    let mut entities = Vec::with_capacity(ids.len());
    for id in ids {
        let now = twin.get(view, id);
        let history = twin.history(view, id, &all)?;
        entities.push(json!({
            "id": id.as_str(),
            "entity": now.map(|entity| write_entity(&entity, context, &options)),
            "history": history.map(|past| write_temporal(&past, context, TemporalFormat::Normalized, &options)),
        }));
    }
    Ok(Found {
        entities,
        pointers: pointers(twin, view, ids)?,
    })
}

/// What points to one of these ids, from entities that are none of them.
pub(super) fn pointers(twin: &Twin, view: &View, ids: &[Uri]) -> Result<Vec<Json>> {
    let context = Context::core();
    let mut pointers = Vec::new();
    twin.scan(view, &Selection::default(), &mut |entity| {
        if !ids.contains(&entity.id) {
            for attribute in &entity.attributes {
                let mut targets = Vec::new();
                targets_of(attribute, &mut targets);
                for target in targets.into_iter().filter(|target| ids.contains(target)) {
                    pointers.push(json!({
                        "entity": entity.id.as_str(),
                        "attribute": context.compact_name(&attribute.name),
                        "to": target.as_str(),
                    }));
                }
            }
        }
        pointers.len() < POINTERS
    })?;
    Ok(pointers)
}

/// What an attribute and those below it point to.
fn targets_of<'a>(attribute: &'a Attribute, found: &mut Vec<&'a Uri>) {
    found.extend(attribute.targets());
    for below in &attribute.sub_attributes {
        targets_of(below, found);
    }
}
