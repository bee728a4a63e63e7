//! Corrections that a data subject asked for: one attribute at a time, written as any write is.

use ngsi_ld::context::Context;
use ngsi_ld::representation::{WriteOptions, read_attribute_fragment, write_entity};
use ngsi_ld::{Name, Uri};
use serde_json::{Value as Json, json};
use twin::{Operation, Reader as _, Twin};

use super::doing::{By, Desk};
use super::error::{Error, Result};
use super::request::{Kind, RequestStep};
use super::words;

/// Members of which one at least says what an attribute is to be.
const MEMBERS: [&str; 8] = [
    "value",
    "object",
    "languageMap",
    "vocab",
    "json",
    "valueList",
    "objectList",
    "type",
];

impl Desk {
    /// Puts an attribute right, by what the caller sees and may write; answers with what is to be said of it, which holds
    /// no value.
    pub(super) fn correct(&self, by: &By, id: &str, twin: &Twin, step: &RequestStep) -> Result<String> {
        let RequestStep::Correct {
            entity,
            attribute,
            value,
            was,
            note,
        } = step
        else {
            return Err(Error::Conflict("this step puts nothing right".to_owned()));
        };
        let request = self.request(id)?;
        if request.kind != Kind::Correction {
            return Err(Error::Conflict(format!(
                "`{id}` is no request for correction; enter one"
            )));
        }
        request.must_be_identified()?;
        words::some("note", note, words::TEXT, "say how it is known what is right")?;
        let of = Uri::parse(entity).map_err(|error| Error::wrong("entity", error.to_string()))?;
        if !request.entities.contains(entity) {
            return Err(Error::wrong(
                "entity",
                format!(
                    "`{}` is none of the entities of `{id}`: take the step `entities` first",
                    words::short(entity)
                ),
            ));
        }
        let core = Context::core();
        let name: Name = core.expand(attribute.trim());
        if attribute.trim().is_empty() || ["id", "type", "scope"].contains(&attribute.trim()) {
            return Err(Error::wrong(
                "attribute",
                "name an attribute: ids, types and Scopes are not put right here",
            ));
        }
        let view = by.view();
        let before = twin
            .get(view, &of)
            .ok_or_else(|| Error::Conflict(format!("`{of}` is not there, or you may not see it")))?;
        let now = before.instance(name.as_str(), None).ok_or_else(|| {
            Error::Conflict(format!(
                "`{of}` has no attribute `{}` that you may see",
                words::short(attribute)
            ))
        })?;
        if let Some(was) = was {
            let written = write_entity(
                &before,
                core,
                &WriteOptions {
                    sys_attrs: false,
                    ..WriteOptions::default()
                },
            );
            let found = written.get(&core.compact_name(&now.name)).unwrap_or(&Json::Null);
            let one = found
                .as_array()
                .and_then(|all| all.iter().find(|one| one.get("datasetId").is_none()));
            let found = one.unwrap_or(found);
            let is_it = MEMBERS.iter().any(|member| found.get(*member) == Some(was)) || found == was;
            if !is_it {
                return Err(Error::Conflict(format!(
                    "`{}` of `{of}` is not what `was` says: look again at what it is now",
                    words::short(attribute)
                )));
            }
        }
        let given = match value {
            Json::Object(members) if MEMBERS.iter().any(|member| members.contains_key(*member)) => {
                value.clone()
            }
            bare => json!({ "value": bare }),
        };
        let fragment = read_attribute_fragment(attribute.trim(), &given, core)
            .map_err(|error| Error::wrong("value", error.to_string()))?;
        let types = before.types.clone();
        let operation = Operation::UpdateAttribute(of.clone(), fragment);
        match twin.execute_blocking(view, vec![operation]).pop() {
            Some(Ok(_)) => {}
            Some(Err(twin::Error::Invalid(error))) => return Err(Error::wrong("value", error.to_string())),
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Error::Store("the twin gave no answer".to_owned())),
        }
        let mut recipients: Vec<String> = (self.activities().iter())
            .filter(|activity| types.iter().any(|of| activity.description.names_type(of)))
            .flat_map(|activity| activity.description.recipients.clone())
            .collect();
        recipients.sort();
        recipients.dedup();
        let to_tell = if recipients.is_empty() {
            "the register names no recipients to tell".to_owned()
        } else {
            format!("to be told by you: {}", recipients.join(", "))
        };
        let told = format!(
            "`{}` of `{of}` was put right; {to_tell}. {note}",
            words::short(attribute)
        );
        Ok(told.chars().take(words::TEXT).collect())
    }
}
