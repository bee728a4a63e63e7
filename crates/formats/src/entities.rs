//! NGSI-LD entities: one object, an array, or one entity a line; normalized, concise or simplified.
//!
//! An entity's own @context is used where it has one (inline, or the address of a core @context); otherwise the
//! core @context alone. Nothing is downloaded.

use ngsi_ld::Entity;
use ngsi_ld::context::{BuiltIn, Context};
use ngsi_ld::representation::{read_entity, read_entity_simplified};
use serde_json::Value as Json;

use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::json_stream::Document;

const REMEDY: &str = "give NGSI-LD entities as JSON: one object, an array, or one entity a line";

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    session.tell(&file.name);
    let document = Document::open(file, session, REMEDY)?;
    let mut contexts = Contexts::default();
    let mut elements = document.elements().map_err(ImportError::read(&file.name))?;
    while let Some(element) = elements.next().map_err(ImportError::read(&file.name))? {
        session.count(&file.name, "entities", 1);
        let place = Place {
            file: file.name.as_str().into(),
            line: Some(element.line),
        };
        let length = element.text.as_ref().map_or(0, Vec::len);
        match element
            .text
            .map_err(|why| ("entity".to_owned(), why, REMEDY))
            .and_then(|text| entity(&text, &mut contexts))
        {
            // A coordinate takes about 20 bytes of text.
            Ok(entity) => session.put(entity, place, length / 20)?,
            Err((what, why, remedy)) => session.refuse(place.refusal(None, what, why, remedy))?,
        }
    }
    Ok(())
}

type Refused = (String, String, &'static str);

fn entity(text: &[u8], contexts: &mut Contexts) -> Result<Entity, Refused> {
    let remedy = "mend the entity and import the file again; those that are good are known already";
    let json: Json = serde_json::from_slice(text)
        .map_err(|error| ("entity".to_owned(), format!("it is not JSON: {error}"), remedy))?;
    let what = json
        .get("id")
        .or_else(|| json.get("@id"))
        .and_then(Json::as_str)
        .unwrap_or("entity without id")
        .to_owned();
    let context = contexts.of(json.get("@context")).map_err(|why| {
        let remedy = "put the terms of the @context inline (`\"@context\": {\"term\": \"IRI\"}`), or leave it out: \
                      then the core @context applies";
        (what.clone(), why, remedy)
    })?;
    // Simplified attributes are bare values; concise ones are bare values or objects with a `value`.
    let read = match read_entity(&json, &context) {
        Ok(entity) => Ok(entity),
        Err(error) => match read_entity_simplified(&json, &context) {
            Ok(entity) if is_simplified(&json) => Ok(entity),
            _ => Err(error),
        },
    };
    read.map_err(|error| (what, error.detail, remedy))
}

/// Whether no attribute says a type or a value: the simplified representation (4.5.4).
fn is_simplified(json: &Json) -> bool {
    const MEMBERS: [&str; 11] = [
        "type",
        "value",
        "object",
        "languageMap",
        "json",
        "vocab",
        "valueList",
        "objectList",
        "observedAt",
        "datasetId",
        "unitCode",
    ];
    json.as_object().is_some_and(|entity| {
        entity
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "id" | "type" | "@context" | "scope"))
            .all(|(_, attribute)| {
                attribute.as_object().is_none_or(|members| {
                    MEMBERS.iter().all(|m| !members.contains_key(*m))
                        || ngsi_ld::geojson::is_geometry(attribute)
                })
            })
    })
}

/// Compiled contexts: entities of one file mostly share one.
#[derive(Default)]
struct Contexts {
    last: Option<(Json, Context)>,
}

impl Contexts {
    fn of(&mut self, json: Option<&Json>) -> Result<Context, String> {
        let Some(json) = json else {
            return Ok(Context::core().clone());
        };
        if let Some((known, context)) = &self.last
            && known == json
        {
            return Ok(context.clone());
        }
        let context = Context::compile(json, &BuiltIn).map_err(|error| error.detail)?;
        self.last = Some((json.clone(), context.clone()));
        Ok(context)
    }
}
