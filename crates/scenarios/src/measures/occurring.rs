//! What there is where a selection's `q` finds nothing: the values that its attributes have.

use std::collections::{BTreeMap, BTreeSet};

use ngsi_ld::query::q::Q;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Name, PropertyValue, Value};
use query::{Selection, View};
use twin::{Reader as _, Snapshot};

use crate::file::nearest::nearest;

/// So many values of an attribute are named, those that occur most.
const NAMED: usize = 5;
/// More different values than these are not told apart.
const DIFFERENT: usize = 1000;
/// The longest value that is shown, in characters.
const LONGEST: usize = 40;

/// The values of one attribute.
#[derive(Default)]
struct Counts {
    by_value: BTreeMap<String, usize>,
    /// The least and the greatest, as long as all are numbers.
    range: Option<(f64, f64)>,
    words: bool,
    more: bool,
    with: usize,
}

impl Counts {
    fn take(&mut self, entity: &Entity, name: &Name) {
        let mut of_entity = BTreeSet::new();
        for attribute in entity.attributes.iter().filter(|it| it.name == *name) {
            of(&attribute.value, &mut |value, number| {
                match number {
                    Some(number) => {
                        let (low, high) = self.range.unwrap_or((number, number));
                        self.range = Some((low.min(number), high.max(number)));
                    }
                    None => self.words = true,
                }
                of_entity.insert(value);
            });
        }
        self.with += usize::from(!of_entity.is_empty());
        for value in of_entity {
            if self.by_value.len() < DIFFERENT || self.by_value.contains_key(&value) {
                *self.by_value.entry(value).or_default() += 1;
            } else {
                self.more = true;
            }
        }
    }

    /// `` `kerb` is `raised` (2), `lowered` (1), not given (1) ``.
    fn told(&self, name: &Name, all: usize) -> String {
        let name = name.short();
        let many = self.by_value.len() > NAMED;
        let mut parts: Vec<String> = Vec::new();
        match self.range {
            Some((low, high)) if many && !self.words => {
                parts.push(format!("from {low} to {high} ({})", self.with));
            }
            _ => {
                let mut most: Vec<(&String, &usize)> = self.by_value.iter().collect();
                most.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
                let shown = most.iter().take(NAMED);
                parts.extend(shown.map(|(value, count)| format!("`{value}` ({count})")));
                if self.more {
                    parts.push("and many more".to_owned());
                } else if many {
                    parts.push(format!("and {} more", self.by_value.len() - NAMED));
                }
            }
        }
        if self.with < all {
            parts.push(format!("not given ({})", all - self.with));
        }
        format!("`{name}` is {}", parts.join(", "))
    }
}

/// The words and numbers that a value is for somebody who compares it.
fn of(value: &Value, visit: &mut dyn FnMut(String, Option<f64>)) {
    let clip = |text: &str| -> String { text.chars().take(LONGEST).collect() };
    match value {
        Value::Property(PropertyValue::Text(text)) => visit(clip(text), None),
        Value::Property(PropertyValue::Structured(json)) => {
            for item in json.as_array().into_iter().flatten() {
                let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                visit(clip(&text), item.as_f64());
            }
        }
        Value::Property(other) => {
            let json = other.to_json();
            visit(json.to_string(), json.as_f64());
        }
        Value::Relationship(relationship) => {
            for target in relationship.targets() {
                visit(target.as_str().to_owned(), None);
            }
        }
        Value::Language(texts) => {
            if let Some(text) = serde_json::to_value(texts)
                .ok()
                .as_ref()
                .and_then(serde_json::Value::as_object)
                .and_then(|texts| texts.values().find_map(|text| text.as_str().map(clip)))
            {
                visit(text, None);
            }
        }
        _ => {}
    }
}

/// What the entities of some types have for the attributes of a `q`; `None`: there are no such entities, or the twin
/// cannot be read.
pub(super) fn told(baseline: &Snapshot, view: &View, types: Option<TypeSelection>, q: &Q) -> Option<String> {
    let mut names: Vec<&Name> = Vec::new();
    for path in q.paths() {
        let name = path.attributes.first()?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut counts: Vec<Counts> = names.iter().map(|_| Counts::default()).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut all = 0;
    let selection = Selection {
        types: Some(types?),
        ..Selection::default()
    };
    baseline
        .scan(view, &selection, &mut |entity| {
            all += 1;
            for (count, name) in counts.iter_mut().zip(&names) {
                count.take(entity, name);
            }
            if known.len() < DIFFERENT {
                known.extend(entity.attributes.iter().map(|it| it.name.short().to_owned()));
            }
            true
        })
        .ok()?;
    if all == 0 {
        return None;
    }
    let parts = counts.iter().zip(&names).map(|(count, name)| {
        if count.with > 0 {
            return count.told(name, all);
        }
        let short = name.short();
        let others = known.iter().map(String::as_str).filter(|other| *other != short);
        let meant =
            nearest(short, others).map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
        format!("none of {all} has `{short}`{meant}")
    });
    Some(parts.collect::<Vec<_>>().join("; "))
}
