//! Names by term, under each vocabulary that a city may use.

use std::collections::HashSet;
use std::sync::Arc;

use ngsi_ld::name::{DEFAULT_CONTEXT, NGSI_LD};
use ngsi_ld::{Attribute, Entity, Name, Uri, Value};
use query::{Selection, View};
use twin::Reader;

/// Where the terms of Smart Data Models live.
const SMART_DATA_MODELS: [&str; 3] = [
    "https://smartdatamodels.org/",
    "https://uri.fiware.org/ns/data-models#",
    "http://purl.org/dc/terms/",
];

/// Whether a name is this term, under any vocabulary that is understood.
pub fn is(name: &Name, term: &str) -> bool {
    let Some(start) = name.as_str().strip_suffix(term) else {
        return false;
    };
    start == DEFAULT_CONTEXT
        || start == NGSI_LD
        || SMART_DATA_MODELS
            .iter()
            .any(|prefix| start.starts_with(prefix) && start.ends_with(['/', '#']))
}

/// The default instance of an attribute, by term.
pub fn attribute<'a>(entity: &'a Entity, term: &str) -> Option<&'a Attribute> {
    pick(&entity.attributes, term)
}

/// The default instance of a sub-attribute, by term.
pub fn sub_attribute<'a>(attribute: &'a Attribute, term: &str) -> Option<&'a Attribute> {
    pick(&attribute.sub_attributes, term)
}

fn pick<'a>(attributes: &'a [Attribute], term: &str) -> Option<&'a Attribute> {
    let mut named = attributes.iter().filter(|a| is(&a.name, term));
    let first = named.next()?;
    if first.dataset_id.is_none() {
        Some(first)
    } else {
        named.find(|a| a.dataset_id.is_none()).or(Some(first))
    }
}

/// The text of an attribute: of a Property, or the first one of a LanguageProperty; numbers as they are written;
/// `{"@type": "Date", "@value": …}` as its value.
pub fn text(attribute: &Attribute) -> Option<String> {
    let text = match &attribute.value {
        Value::Property(value) => match value.to_json() {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Object(object) => object.get("@value")?.as_str()?.to_owned(),
            _ => return None,
        },
        Value::Language(texts) => texts.values().find_map(|text| text.as_str())?.to_owned(),
        Value::Vocab(terms) => terms.as_slice().first()?.short().to_owned(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text of an entity's attribute, by term.
pub fn text_of(entity: &Entity, term: &str) -> Option<String> {
    attribute(entity, term).and_then(text)
}

/// The year that a text or number begins with: `2019`, `2019-01-01`, `20190101`.
pub fn year_of(attribute: &Attribute) -> Option<i16> {
    let text = text(attribute)?;
    let year: String = text.chars().take(4).collect();
    (year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))
        .then(|| year.parse().ok())
        .flatten()
}

/// The target of a relationship, by term; a text that holds an id will do.
pub fn target(entity: &Entity, term: &str) -> Option<Uri> {
    let attribute = attribute(entity, term)?;
    attribute
        .targets()
        .first()
        .cloned()
        .or_else(|| Uri::parse(attribute.as_str()?).ok())
}

/// Whether an attribute says yes: `true`, `1` or their texts.
pub fn yes(attribute: &Attribute) -> bool {
    attribute.as_bool() == Some(true)
        || attribute.as_f64() == Some(1.0)
        || attribute
            .as_str()
            .is_some_and(|text| matches!(text, "1" | "true"))
}

/// Visits every entity of a type, by term, once.
pub fn scan(
    reader: &dyn Reader,
    view: &View,
    term: &str,
    visit: &mut dyn FnMut(&Arc<Entity>),
) -> Result<usize, twin::Error> {
    scan_any(reader, view, &[term], visit)
}

/// Visits every entity that has at least one of the types, by term, once.
pub fn scan_any(
    reader: &dyn Reader,
    view: &View,
    terms: &[&str],
    visit: &mut dyn FnMut(&Arc<Entity>),
) -> Result<usize, twin::Error> {
    let of_terms = |name: &Name| terms.iter().any(|term| is(name, term));
    let names: Vec<Name> = reader
        .types(view)
        .into_iter()
        .map(|(name, _)| name)
        .filter(of_terms)
        .collect();
    let mut seen: HashSet<Uri> = HashSet::new();
    let mut visited = 0;
    for name in &names {
        reader.scan(view, &Selection::of_type(name.clone()), &mut |entity| {
            // An entity may have several of the types, or one of them under two vocabularies.
            if names.len() == 1 || seen.insert(entity.id.clone()) {
                visited += 1;
                visit(entity);
            }
            true
        })?;
    }
    Ok(visited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_known_under_each_vocabulary() {
        for iri in [
            "https://uri.etsi.org/ngsi-ld/default-context/GtfsStop",
            "https://smartdatamodels.org/dataModel.UrbanMobility/GtfsStop",
            "https://smartdatamodels.org/GtfsStop",
            "https://uri.etsi.org/ngsi-ld/GtfsStop",
            "https://uri.fiware.org/ns/data-models#GtfsStop",
        ] {
            assert!(is(&Name::from_iri(iri), "GtfsStop"), "{iri}");
        }
        for iri in [
            "https://a.example/GtfsStop",
            "https://uri.etsi.org/ngsi-ld/default-context/NoGtfsStop",
            "GtfsStop",
        ] {
            assert!(!is(&Name::from_iri(iri), "GtfsStop"), "{iri}");
        }
    }
}
