//! Registrations on disk, with their times. A row that cannot be read is kept, and keeps no twin from opening.

use ngsi_ld::context::Context;
use ngsi_ld::registration::{Draft, Registration, read_stored, write_stored};
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Value as Json, json};
use storage::{FoundRow, StorageReader};

use super::StoredRegistration;
use crate::error::Error;
use crate::rows::{self, Row};

/// Registrations, by id.
const TABLE: &str = "csource-registration";
/// The version of a row.
const VERSION: u8 = 2;
/// The version before: as a request under the core @context, which does not hold every IRI.
const AS_REQUESTED: u8 = 1;

/// The row of a registration.
pub(super) fn encode(stored: &StoredRegistration) -> Row {
    let text = json!({
        "registration": write_stored(stored.registration()),
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

/// Every registration that is stored, also those whose time is over; and the ids of those whose rows cannot be read.
///
/// # Errors
/// Where the store itself cannot be read.
pub(super) fn read(reader: &dyn StorageReader) -> Result<(Vec<StoredRegistration>, Vec<Uri>), Error> {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for FoundRow { key, value } in rows::read_as_found(reader, TABLE)? {
        match value.and_then(|row| decode(&row)) {
            Ok(stored) => found.push(stored),
            Err(reason) => {
                let id = String::from_utf8_lossy(&key);
                tracing::error!(registration = %id, reason, "the row of a registration cannot be read; it is kept, and not used");
                unread.extend(Uri::parse(&id).ok());
            }
        }
    }
    Ok((found, unread))
}

/// A registration, or why it cannot be read.
fn decode(row: &[u8]) -> Result<StoredRegistration, String> {
    let (version, text) = row.split_first().ok_or("it is empty")?;
    let json: Json = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let member = |name: &str| json.get(name).ok_or_else(|| format!("`{name}` is missing"));
    let instant = |name: &str| {
        let micros = member(name)?.as_i64();
        micros
            .map(Timestamp::from_micros)
            .ok_or_else(|| format!("`{name}` is no instant"))
    };
    let document = member("registration")?;
    let registration = match *version {
        VERSION => read_stored(document).map_err(|error| error.detail)?,
        AS_REQUESTED => as_requested(document).map_err(|error| error.detail)?,
        newer => {
            return Err(format!(
                "it is of version {newer}, and this program reads up to {VERSION}: run a newer one"
            ));
        }
    };
    StoredRegistration::new(registration, instant("createdAt")?, instant("modifiedAt")?)
        .map_err(|error| error.to_string())
}

/// Reads the version before.
fn as_requested(document: &Json) -> Result<Registration, ngsi_ld::Error> {
    let id = document.get("id").and_then(Json::as_str).unwrap_or_default();
    let id = Uri::parse(id).map_err(|error| ngsi_ld::Error::bad_data(error.to_string()))?;
    // What was in the future when it was stored may be past now.
    Draft::read(document, Context::core())?.create(|| id, Timestamp::MIN)
}
