//! Scenario files as entities of type `Scenario`: `title`, `description`, and the file's text in `file`.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Selection, View};
use scenarios::file::ScenarioFile;
use sha2::{Digest as _, Sha256};
use twin::Reader;

/// The type of the entities.
pub(crate) const TYPE: &str = "Scenario";
/// The attribute that holds the text.
const FILE: &str = "file";
/// The `Idempotency-Key` with which it was made, and the digest of what was sent then.
const KEY: &str = "requestKey";
const DIGEST: &str = "requestDigest";
/// More are not listed.
const MOST: usize = 10_000;

/// A scenario file that the twin keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) id: Uri,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    /// TOML or JSON.
    pub(crate) file: String,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    pub(crate) key: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Stored {
    /// What an entity says; one without a title is known by the end of its id.
    pub(crate) fn of(entity: &Entity) -> Self {
        let text = |short: &str| {
            let named = entity
                .attributes
                .iter()
                .find(|attribute| attribute.name.short() == short);
            named.and_then(Attribute::as_str).map(str::to_owned)
        };
        Self {
            id: entity.id.clone(),
            title: text("title")
                .filter(|title| !title.trim().is_empty())
                .unwrap_or_else(|| entity.id.local().to_owned()),
            description: text("description").filter(|description| !description.trim().is_empty()),
            file: text(FILE).unwrap_or_default(),
            created_at: entity.created_at,
            modified_at: entity.modified_at,
            key: text(KEY),
            digest: text(DIGEST),
        }
    }

    /// The entity tag of its present state.
    pub(crate) fn etag(&self) -> String {
        format!("\"{:x}\"", self.modified_at.as_micros())
    }
}

/// The entity of a file. `request`: the key and the digest of the request that made it.
pub(crate) fn entity(id: Uri, file: &ScenarioFile, text: &str, request: Option<(&str, &str)>) -> Entity {
    let core = |term: &str| Context::core().expand(term);
    let mut entity = Entity::new(id, Name::default_term(TYPE))
        .with(Attribute::property(core("title"), file.title.as_str()))
        .with(Attribute::property(Name::default_term(FILE), text));
    if let Some(description) = file.description.as_deref().filter(|text| !text.trim().is_empty()) {
        entity = entity.with(Attribute::property(core("description"), description));
    }
    if let Some((key, digest)) = request {
        entity = entity
            .with(Attribute::property(Name::default_term(KEY), key))
            .with(Attribute::property(Name::default_term(DIGEST), digest));
    }
    entity
}

/// One scenario file.
pub(crate) fn read(reader: &dyn Reader, view: &View, id: &Uri) -> Option<Stored> {
    let entity = reader.get(view, id)?;
    is_scenario(&entity).then(|| Stored::of(&entity))
}

/// Every scenario file, in order of creation.
pub(crate) fn list(reader: &dyn Reader, view: &View) -> Result<Vec<Stored>, twin::Error> {
    let selection = Selection {
        types: Some(TypeSelection::Type(Name::default_term(TYPE))),
        ..Selection::default()
    };
    let mut found = Vec::new();
    reader.scan(view, &selection, &mut |entity: &Arc<Entity>| {
        found.push(Stored::of(entity));
        found.len() < MOST
    })?;
    Ok(found)
}

fn is_scenario(entity: &Entity) -> bool {
    entity.has_type(Name::default_term(TYPE).as_str())
}

/// An id that is free: the title in small letters, with a number where that is taken.
pub(crate) fn free_id(reader: &dyn Reader, view: &View, title: &str) -> Uri {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase).take(60) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "scenario" } else { slug };
    let mut number = 1_u64;
    loop {
        let local = if number == 1 {
            slug.to_owned()
        } else {
            format!("{slug}-{number}")
        };
        let id = Uri::ngsi_ld(TYPE, &local);
        if reader.get(view, &id).is_none() {
            return id;
        }
        number += 1;
    }
}

/// SHA-256 of a text in hex.
pub(crate) fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
