//! NGSI-LD, the language of the twin (ETSI GS CIM 009 V1.9.1).
//!
//! Whatever the city knows is an [`Entity`] with [`Attribute`]s, held in expanded form: every name is a full
//! IRI. This crate knows how entities are written (normalized, concise, simplified), how names are expanded and
//! compacted by an @context, and how queries are written. It holds no data, does no I/O and knows no clock.

pub mod conformance;
pub mod context;
pub mod entity;
pub mod error;
pub mod fragment;
pub mod geojson;
pub mod name;
pub mod query;
pub mod registration;
pub mod representation;
pub mod subscription;
#[cfg(test)]
mod testing;
pub mod time;
pub mod value;

pub use entity::{Attribute, Entity};
pub use error::{Error, ErrorKind};
pub use name::{Name, Uri};
pub use time::Timestamp;
pub use value::{GeoValue, Kind, OneOrMany, PropertyValue, Relationship, Value};
