//! Entities of some types as records, by id: so that nothing depends on the order in which the twin shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indicators::binding::terms;
use ngsi_ld::{Attribute, Entity, Uri};
use query::View;
use twin::Reader;

/// Records by the ids of their entities. Cheap to clone; the first change to a clone copies the tree, never the
/// records.
#[derive(Debug)]
pub(crate) struct Table<T> {
    types: &'static [&'static str],
    parse: fn(&Entity) -> Option<T>,
    records: Arc<BTreeMap<Uri, Arc<T>>>,
    /// Entities of these types that are no record: nothing can be made of them.
    unfit: Arc<BTreeSet<Uri>>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            types: self.types,
            parse: self.parse,
            records: Arc::clone(&self.records),
            unfit: Arc::clone(&self.unfit),
        }
    }
}

impl<T: PartialEq> Table<T> {
    pub(crate) fn read(
        reader: &dyn Reader,
        view: &View,
        types: &'static [&'static str],
        parse: fn(&Entity) -> Option<T>,
    ) -> Result<Self, twin::Error> {
        let (mut records, mut unfit) = (BTreeMap::new(), BTreeSet::new());
        terms::scan_any(reader, view, types, &mut |entity| {
            if let Some(record) = parse(entity) {
                records.insert(entity.id.clone(), Arc::new(record));
            } else {
                unfit.insert(entity.id.clone());
            }
        })?;
        Ok(Self {
            types,
            parse,
            records: Arc::new(records),
            unfit: Arc::new(unfit),
        })
    }

    /// Takes over an entity as it is now (`None`: it is gone). Gives the record it was, where it is not the same now.
    pub(crate) fn update(&mut self, id: &Uri, entity: Option<&Entity>) -> Option<Change<T>> {
        let ours = entity.filter(|entity| is_any(entity, self.types));
        let record = ours.and_then(self.parse);
        let unfit = ours.is_some() && record.is_none();
        if unfit != self.unfit.contains(id) {
            let set = Arc::make_mut(&mut self.unfit);
            if unfit {
                set.insert(id.clone());
            } else {
                set.remove(id);
            }
        }
        let before = self.records.get(id).cloned();
        if before.as_deref() == record.as_ref() {
            return None;
        }
        let records = Arc::make_mut(&mut self.records);
        let after = record.map(Arc::new);
        match &after {
            Some(record) => records.insert(id.clone(), Arc::clone(record)),
            None => records.remove(id),
        };
        Some(Change { before, after })
    }

    pub(crate) fn get(&self, id: &Uri) -> Option<&Arc<T>> {
        self.records.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Uri, &Arc<T>)> {
        self.records.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many entities of these types are no record.
    pub(crate) fn unfit(&self) -> usize {
        self.unfit.len()
    }

    /// The first of them.
    pub(crate) fn first_unfit(&self) -> Option<&Uri> {
        self.unfit.first()
    }
}

/// What became of a record.
pub(crate) struct Change<T> {
    pub(crate) before: Option<Arc<T>>,
    pub(crate) after: Option<Arc<T>>,
}

/// Whether an entity has one of these types.
pub(crate) fn is_any(entity: &Entity, types: &[&str]) -> bool {
    entity
        .types
        .iter()
        .any(|name| types.iter().any(|term| terms::is(name, term)))
}

/// The text of an attribute as OpenStreetMap would write it: yes and no, numbers with the unit that the attribute
/// carries, of a list the first.
pub(crate) fn word(attribute: &Attribute) -> Option<String> {
    if let Some(value) = attribute.as_bool() {
        return Some(if value { "yes" } else { "no" }.to_owned());
    }
    if let Some(number) = attribute.as_f64() {
        // UN/CEFACT recommendation 20; without a unit, the one that the key implies.
        let unit = match attribute.unit_code.as_deref() {
            Some("CMT") => " cm",
            Some("MMT") => " mm",
            Some("FOT") => " ft",
            Some("INH") => "\"",
            Some("DD") => "°",
            _ => "",
        };
        return Some(format!("{number}{unit}"));
    }
    terms::text(attribute).or_else(|| words(attribute).into_iter().next())
}

/// The texts of an attribute that holds one or a list.
pub(crate) fn words(attribute: &Attribute) -> Vec<String> {
    if let Some(text) = terms::text(attribute) {
        return vec![text];
    }
    let json = match &attribute.value {
        ngsi_ld::Value::Property(value) => value.to_json(),
        ngsi_ld::Value::Json(json) => (**json).clone(),
        ngsi_ld::Value::List(list) => serde_json::Value::Array(list.to_vec()),
        ngsi_ld::Value::Vocab(names) => {
            return names
                .as_slice()
                .iter()
                .map(|name| name.short().to_owned())
                .collect();
        }
        _ => return Vec::new(),
    };
    let texts = json.as_array().into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// JSON that an attribute holds as a Property or a JsonProperty.
pub(crate) fn json(attribute: &Attribute) -> Option<serde_json::Value> {
    match &attribute.value {
        ngsi_ld::Value::Property(value) => Some(value.to_json()),
        ngsi_ld::Value::Json(json) => Some((**json).clone()),
        ngsi_ld::Value::List(list) => Some(serde_json::Value::Array(list.to_vec())),
        _ => None,
    }
}
