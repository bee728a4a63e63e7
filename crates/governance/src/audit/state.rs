//! Hashes of what was written of an entity, and of what stood there before.
//!
//! SHA-256 over one line for each part, in the order in which they were written; in a line, each field is its length in
//! bytes, a colon and its text (a number of things is that number and a colon, an instant its microseconds and a
//! semicolon, a value its JSON and a semicolon), so that no two states have the same lines. A *head* is id, types, scope,
//! times; an *attribute instance* is name, data set, kind, value, unit, times, then its sub-attributes.
//! Of what was there before count the parts that were written over: an update of one attribute notes that attribute.

use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri, Value};
use serde::Serialize;
use twin::{Change, Datasets};

use super::Hash;
use super::text::digits;

/// The hashes of what was there, and of what was written; `None` for nothing.
pub(crate) fn hashes(
    before: Option<&Entity>,
    written: &[Change],
    lines: &mut Lines,
) -> (Option<Hash>, Option<Hash>) {
    for change in written {
        lines.change(change);
    }
    let after = lines.take();
    if let Some(before) = before {
        for change in written {
            lines.replaced(before, change);
        }
    }
    (lines.take(), after)
}

/// Lines to be hashed. Kept for the next time, so that it allocates once.
#[derive(Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// The hash of the lines, which begin anew.
    fn take(&mut self) -> Option<Hash> {
        let hash = (!self.0.is_empty()).then(|| Hash::of(&self.0));
        self.0.clear();
        hash
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Head(_, head) => self.head(
                &head.id,
                &head.types,
                &head.scope,
                [Some(head.created_at), Some(head.modified_at), head.expires_at],
            ),
            Change::Attribute(_, attribute) => self.attribute("attribute", attribute),
            Change::RemoveAttribute(_, name, dataset, at) => {
                self.begin("remove");
                self.field(name.as_str());
                self.field(dataset.as_ref().map_or("", Uri::as_str));
                self.time(Some(*at));
                self.end();
            }
            Change::Delete(_, at) | Change::Erase(_, at) => {
                self.begin("delete");
                self.time(Some(*at));
                self.end();
            }
            Change::Last(_, attributes) => {
                for attribute in attributes {
                    self.attribute("last", attribute);
                }
            }
            Change::History(_, attribute) => self.attribute("history", attribute),
            Change::Forget(_, attribute) => self.attribute("forget", attribute),
            Change::ForgetSeries(_, name, datasets) => {
                self.begin("forget-all");
                self.field(name.as_str());
                match datasets {
                    Datasets::All => self.field("all"),
                    Datasets::Only(dataset) => {
                        self.field("one");
                        self.field(dataset.as_ref().map_or("", Uri::as_str));
                    }
                }
                self.end();
            }
            Change::System(..) => {}
        }
    }

    /// What a change takes the place of.
    fn replaced(&mut self, before: &Entity, change: &Change) {
        let mut instance = |name: &Name, dataset: Option<&Uri>| {
            if let Some(was) = before.instance(name.as_str(), dataset) {
                self.attribute("attribute", was);
            }
        };
        match change {
            Change::Attribute(_, is) => instance(&is.name, is.dataset_id.as_ref()),
            Change::RemoveAttribute(_, name, dataset, _) => instance(name, dataset.as_ref()),
            Change::Head(..) => self.head_of(before),
            Change::Delete(..) | Change::Erase(..) => {
                self.head_of(before);
                for attribute in &before.attributes {
                    self.attribute("attribute", attribute);
                }
            }
            Change::Last(..)
            | Change::History(..)
            | Change::Forget(..)
            | Change::ForgetSeries(..)
            | Change::System(..) => {}
        }
    }

    fn head_of(&mut self, entity: &Entity) {
        let times = [
            Some(entity.created_at),
            Some(entity.modified_at),
            entity.expires_at,
        ];
        self.head(&entity.id, &entity.types, &entity.scope, times);
    }

    fn head(&mut self, id: &Uri, types: &[Name], scope: &[Box<str>], times: [Option<Timestamp>; 3]) {
        self.begin("head");
        self.field(id.as_str());
        self.number(types.len());
        for name in types {
            self.field(name.as_str());
        }
        self.number(scope.len());
        for one in scope {
            self.field(one);
        }
        for time in times {
            self.time(time);
        }
        self.end();
    }

    fn attribute(&mut self, sort: &str, attribute: &Attribute) {
        self.begin(sort);
        self.instance(attribute);
        self.end();
    }

    fn instance(&mut self, attribute: &Attribute) {
        self.field(attribute.name.as_str());
        self.field(attribute.dataset_id.as_ref().map_or("", Uri::as_str));
        self.field(attribute.value.kind().as_str());
        self.value(&attribute.value);
        self.field(attribute.unit_code.as_deref().unwrap_or_default());
        self.field(attribute.instance_id.as_ref().map_or("", Uri::as_str));
        for time in [
            attribute.observed_at,
            Some(attribute.created_at),
            Some(attribute.modified_at),
            attribute.expires_at,
        ] {
            self.time(time);
        }
        self.number(attribute.sub_attributes.len());
        for sub in &attribute.sub_attributes {
            self.instance(sub);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Property(PropertyValue::Text(text)) => self.json(&**text),
            Value::Property(PropertyValue::Integer(number)) => self.json(number),
            Value::Property(PropertyValue::Number(number)) => self.json(number),
            Value::Property(PropertyValue::Boolean(truth)) => self.json(truth),
            Value::Property(PropertyValue::Structured(json)) | Value::Json(json) => self.json(json),
            Value::Relationship(relationship) => {
                self.uris(relationship.targets());
                let types = relationship
                    .object_type
                    .as_ref()
                    .map_or(&[][..], |types| types.as_slice());
                self.number(types.len());
                for name in types {
                    self.field(name.as_str());
                }
            }
            Value::Geo(geo) => self.json(&ngsi_ld::geojson::to_json(geo)),
            Value::Language(texts) => self.json(texts),
            Value::Vocab(terms) => {
                self.number(terms.as_slice().len());
                for name in terms.as_slice() {
                    self.field(name.as_str());
                }
            }
            Value::List(items) => self.json(items),
            Value::ListRelationship(targets) => self.uris(targets),
        }
    }

    fn uris(&mut self, uris: &[Uri]) {
        self.number(uris.len());
        for uri in uris {
            self.field(uri.as_str());
        }
    }

    fn begin(&mut self, sort: &str) {
        self.field(sort);
    }

    fn end(&mut self) {
        self.0.push(b'\n');
    }

    fn field(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        digits(number as u64, &mut self.0);
        self.0.push(b':');
    }

    fn time(&mut self, time: Option<Timestamp>) {
        if let Some(micros) = time.map(Timestamp::as_micros) {
            if micros < 0 {
                self.0.push(b'-');
            }
            digits(micros.unsigned_abs(), &mut self.0);
            self.0.push(b';');
        } else {
            self.0.extend_from_slice(b"-;");
        }
    }

    fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        // Numbers, texts and JSON values are always written.
        let _ = serde_json::to_writer(&mut self.0, value);
        self.0.push(b';');
    }
}
