//! Registrations on disk: the document under the core @context, with its times.

use ngsi_ld::context::Context;
use ngsi_ld::registration::{Draft, write_registration};
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Value as Json, json};
use storage::StorageReader;

use super::StoredRegistration;
use crate::error::Error;
use crate::rows::{self, Row};

/// Registrations, by id.
const TABLE: &str = "csource-registration";
/// The version of a row.
const VERSION: u8 = 1;

/// The row of a registration.
pub(super) fn encode(stored: &StoredRegistration) -> Row {
    let document = write_registration(stored.registration(), Context::core(), None, None);
    let text = json!({
        "registration": document,
        "createdAt": stored.created_at.as_micros(),
        "modifiedAt": stored.modified_at.as_micros(),
    });
    let mut bytes = vec![VERSION];
    bytes.extend(text.to_string().into_bytes());
    Row::put(TABLE, stored.id().as_str(), bytes)
}

/// The row that takes one away.
pub(super) fn erase(id: &Uri) -> Row {
    Row::delete(TABLE, id.as_str())
}

/// Every registration that is stored, also those whose time is over.
pub(super) fn read(reader: &dyn StorageReader) -> Result<Vec<StoredRegistration>, Error> {
    let rows = rows::read(reader, TABLE)?;
    rows.into_iter()
        .map(|(key, row)| {
            decode(&row).unwrap_or_else(|| {
                let key = String::from_utf8_lossy(&key);
                Err(Error::Storage(format!(
                    "the row `{key}` of the system table `{TABLE}` is damaged, or of a newer program"
                )))
            })
        })
        .collect()
}

fn decode(row: &[u8]) -> Option<Result<StoredRegistration, Error>> {
    let json: Json = serde_json::from_slice(row.strip_prefix(&[VERSION])?).ok()?;
    let instant = |member: &str| Some(Timestamp::from_micros(json.get(member)?.as_i64()?));
    let document = json.get("registration")?;
    let id = Uri::parse(document.get("id")?.as_str()?).ok()?;
    let (created_at, modified_at) = (instant("createdAt")?, instant("modifiedAt")?);
    // What was in the future when it was stored may be past now.
    let registration =
        Draft::read(document, Context::core()).and_then(|draft| draft.create(|| id, Timestamp::MIN));
    Some(
        registration
            .map_err(Error::from)
            .and_then(|one| StoredRegistration::new(one, created_at, modified_at)),
    )
}
