//! JSON to entities and fragments.

use serde_json::Value as Json;

use crate::context::Context;
use crate::entity::{Attribute, Entity};
use crate::error::Error;
use crate::fragment::{AttributeFragment, Fragment};
use crate::time::Timestamp;

/// Reads an entity in normalized or concise representation (4.5.1 to 4.5.3). An `@context` member is ignored: the
/// caller has compiled it into `context`.
pub fn read_entity(_json: &Json, _context: &Context) -> Result<Entity, Error> {
    todo!()
}

/// Reads an entity in simplified representation (4.5.4).
pub fn read_entity_simplified(_json: &Json, _context: &Context) -> Result<Entity, Error> {
    todo!()
}

/// Reads the temporal evolution of an entity (4.5.6): each attribute is one instance or an array of instances.
pub fn read_temporal(_json: &Json, _context: &Context) -> Result<Entity, Error> {
    todo!()
}

/// Reads one whole attribute instance, or an array of instances, as `POST` and `PUT …/attrs/{name}` carry it.
/// `name` is as in the URL; it is expanded.
pub fn read_attribute(_name: &str, _json: &Json, _context: &Context) -> Result<Vec<Attribute>, Error> {
    todo!()
}

/// How a fragment is written, and what its operation says once for all attributes (5.6.17).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentOptions {
    /// Simplified representation: the kinds of present attributes are kept.
    pub simplified: bool,
    /// The common language of texts for LanguageProperties.
    pub lang: Option<String>,
    /// The common `observedAt`.
    pub observed_at: Option<Timestamp>,
}

/// Reads an entity fragment, normalized or concise, with `urn:ngsi-ld:null` for what goes (4.5.0).
pub fn read_fragment(json: &Json, context: &Context) -> Result<Fragment, Error> {
    read_fragment_with(json, context, &FragmentOptions::default())
}

/// The same, with options.
pub fn read_fragment_with(_json: &Json, _context: &Context, _options: &FragmentOptions) -> Result<Fragment, Error> {
    todo!()
}

/// Reads the fragment of one attribute, as `PATCH …/attrs/{name}` carries it (5.6.4). `name` is as in the URL.
pub fn read_attribute_fragment(_name: &str, _json: &Json, _context: &Context) -> Result<AttributeFragment, Error> {
    todo!()
}
