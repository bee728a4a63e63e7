//! The names of types and attributes, each made once.

use std::collections::HashMap;

use ngsi_ld::context::Context;
use ngsi_ld::entity::Attribute;
use ngsi_ld::{Name, PropertyValue, Uri, Value};

/// Names by term, as a request without @context expands them.
#[derive(Default)]
pub(crate) struct Terms {
    names: HashMap<String, Name>,
}

impl Terms {
    /// The name of a term.
    pub(crate) fn name(&mut self, term: &str) -> Name {
        if let Some(name) = self.names.get(term) {
            return name.clone();
        }
        let name = Context::core().expand(term);
        self.names.insert(term.to_owned(), name.clone());
        name
    }

    /// A Property.
    pub(crate) fn property(&mut self, term: &str, value: impl Into<PropertyValue>) -> Attribute {
        Attribute::property(self.name(term), value)
    }

    /// A Relationship.
    pub(crate) fn relationship(&mut self, term: &str, target: Uri) -> Attribute {
        Attribute::relationship(self.name(term), target)
    }

    /// A JsonProperty: kept as it is.
    pub(crate) fn json(&mut self, term: &str, json: serde_json::Value) -> Attribute {
        Attribute::new(self.name(term), Value::Json(Box::new(json)))
    }
}
