//! Registrations for the disk: as in a request, under an @context of their own that has a plain term for every name. So
//! what was accepted once is read again, whatever IRIs its terms became.

use serde_json::{Value as Json, json};

use super::Registration;
use super::read::read_members;
use super::write::write_registration;
use crate::context::Context;
use crate::entity::Attribute;
use crate::error::Error;
use crate::name::{NGSI_LD, Name, Uri};
use crate::query::exact;
use crate::subscription::reader::Object;
use crate::value::{PropertyValue, Value};

/// Writes a registration for the disk; [`read_stored`] makes the same of it again.
pub fn write_stored(registration: &Registration) -> Json {
    let mut names: Vec<Name> = Vec::new();
    for info in &registration.information {
        for entity in info.entities.iter().flatten() {
            names.extend_from_slice(entity.types.as_slice());
        }
        names.extend(info.attributes().cloned());
    }
    for one in registration.own.iter().flat_map(|one| &one.instances) {
        names_of(one, &mut names);
    }
    names.sort_unstable();
    names.dedup();
    let document = write_registration(registration, &Context::numbered(&names), None, None);
    json!({"document": document, "names": exact::names_to_json(&names)})
}

/// What [`write_stored`] gave.
///
/// # Errors
/// `BadRequestData` for anything else.
pub fn read_stored(stored: &Json) -> Result<Registration, Error> {
    let part = |name: &str| stored.get(name).unwrap_or(&Json::Null);
    let names = exact::names_from_json(part("names"))?;
    let document = Object::of(part("document"), "", "it is stored so")?;
    let id = Uri::parse(document.required_text("id")?).map_err(|error| document.error("id", error))?;
    // What 5.2.9 and 4.3.6 ask of the members together was asked when it was accepted.
    read_members(&document, &Context::numbered(&names))?.into_registration(id)
}

/// Every name in an attribute.
fn names_of(attribute: &Attribute, names: &mut Vec<Name>) {
    names.push(attribute.name.clone());
    match &attribute.value {
        Value::Vocab(terms) => names.extend_from_slice(terms.as_slice()),
        Value::Relationship(relationship) => {
            let types = relationship.object_type.as_deref();
            names.extend_from_slice(types.map_or(&[], |types| types.as_slice()));
        }
        // The IRI of a datatype, which is written as a term too.
        Value::Property(PropertyValue::Text(iri))
            if attribute.name.as_str().strip_prefix(NGSI_LD) == Some("hasValueType") =>
        {
            names.push(Name::from_iri(&**iri));
        }
        _ => {}
    }
    attribute
        .sub_attributes
        .iter()
        .for_each(|one| names_of(one, names));
}
